"""What the account has: items, stock, currencies, locations. Read in batches, remembered where it does not change."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ordersync import (
    ZERO,
    AccessDenied,
    Ambiguous,
    Done,
    Failed,
    Item,
    Outcome,
    Refused,
    Stock,
    minor_units,
)
from ordersync_erp_netsuite.mapping import item_of, sku_of
from ordersync_erp_netsuite.settings import NetSuiteSettings
from ordersync_erp_netsuite.suite import Suite, listed, quoted, select
from ordersync_erp_netsuite.wire import CurrencyRecord, CurrencyRow, ItemRow, NamedRow, StockRow

__all__ = ["ITEM_COLUMNS", "STOCK_COLUMNS", "STOCK_TABLE", "Catalog"]

ITEM_COLUMNS = "id, itemid, displayname, externalid, upccode, itemtype, isinactive"
STOCK_TABLE, STOCK_COLUMNS = "aggregateItemLocation", "item, location, quantityavailable"
MATRIX_PART = 50
"""Patterns per query, when SKUs are looked for below a parent item."""


class Catalog:
    """Items and what belongs to them, of one account."""

    def __init__(self, suite: Suite, settings: NetSuiteSettings) -> None:
        self._suite = suite
        self._settings = settings
        self._named: dict[str, str | None] = {}
        self._currencies: dict[str, str] | None = None
        self._digits: dict[str, int] = {}
        self._locations: dict[str, str] | None = None

    def forget(self) -> None:
        """Look everything up again."""
        self._named.clear()
        self._currencies = None
        self._digits.clear()
        self._locations = None

    # -- items --------------------------------------------------------------------------------------------------

    def resolve(self, skus: Sequence[str]) -> list[Outcome[Item | None]]:
        """The item of each SKU, compared exactly; one of a matrix by what follows its parent's name."""
        field = self._settings.sku_field
        wanted = sorted(set(skus))
        found: dict[str, list[ItemRow]] = {}
        for row in self._items(f"{field} IN ({listed(wanted)})") if wanted else []:
            found.setdefault(sku_of(row, field) or "", []).append(row)
        if field == "itemid":
            missing = [sku for sku in wanted if sku not in found]
            for start in range(0, len(missing), MATRIX_PART):
                part = missing[start : start + MATRIX_PART]
                likes = " OR ".join(f"itemid LIKE {quoted(f'% : {sku}')}" for sku in part)
                for row in self._items(likes):
                    sku = sku_of(row, field) or ""
                    if sku in part:
                        found.setdefault(sku, []).append(row)
        return [self._chosen(sku, found.get(sku, [])) for sku in skus]

    @staticmethod
    def _chosen(sku: str, rows: Sequence[ItemRow]) -> Outcome[Item | None]:
        active = [row for row in rows if not row.inactive] or list(rows)
        if len(active) > 1:
            return Failed(
                Ambiguous(
                    f"NetSuite has several items {sku!r}.",
                    candidates=tuple(row.id for row in active),
                    remedy="Make all but one inactive, or rename them.",
                )
            )
        return Done(item_of(active[0], sku) if active else None)

    def _items(self, where: str) -> list[ItemRow]:
        return self._suite.query(ItemRow, select(ITEM_COLUMNS, "item", where=where))

    def items(self, ids: Sequence[str]) -> dict[str, ItemRow]:
        """Items by id, inactive ones too."""
        wanted = sorted(set(ids))
        return {row.id: row for row in self._items(f"id IN ({listed(wanted, ids=True)})")} if wanted else {}

    def named(self, name: str) -> str:
        """The id of an item that the settings name. Raises Refused unless exactly one is active."""
        found = self.perhaps(name)
        if found is None:
            raise Refused(
                f"NetSuite has no single active item {name!r}.",
                remedy="Create one item for sale with this name, or name another one in the settings.",
            )
        return found

    def perhaps(self, name: str) -> str | None:
        """The same, or None."""
        if name not in self._named:
            rows = [row for row in self._items(f"itemid = {quoted(name)}") if not row.inactive]
            self._named[name] = rows[0].id if len(rows) == 1 else None
        return self._named[name]

    # -- stock --------------------------------------------------------------------------------------------------

    def stocks(self, items: Sequence[Item]) -> list[Outcome[Stock | None]]:
        """What is available of each, at the settings' location or in all."""
        here = self.items([item.product_id for item in items])
        tracked = [row.id for row in here.values() if not row.inactive]
        rows: list[StockRow] = []
        if tracked:
            rows = self._suite.query(
                StockRow,
                select(
                    STOCK_COLUMNS,
                    STOCK_TABLE,
                    where=f"item IN ({listed(tracked, ids=True)})",
                    order="item, location",
                ),
            )
        outcomes: list[Outcome[Stock | None]] = []
        for item in items:
            if item.product_id not in tracked:
                outcomes.append(Done(None))
            elif not item.tracks_stock:
                outcomes.append(Done(Stock(available=None)))
            else:
                outcomes.append(Done(self._stock([row for row in rows if row.item == item.product_id])))
        return outcomes

    def _stock(self, rows: Sequence[StockRow]) -> Stock:
        chosen = self._settings.location
        counted = [row for row in rows if chosen in (None, row.location)]
        names = self._location_names() if len(rows) > 1 else {}
        places: dict[str, Decimal] = {
            names.get(row.location, row.location): row.available for row in rows if len(rows) > 1
        }
        return Stock(available=sum((row.available for row in counted), ZERO), by_location=places)

    def _location_names(self) -> dict[str, str]:
        if self._locations is None:
            rows = self._suite.query(NamedRow, select("id, name", "location"))
            self._locations = {row.id: row.name or row.id for row in rows}
        return self._locations

    # -- currencies ---------------------------------------------------------------------------------------------

    def currencies(self) -> dict[str, str]:
        """ISO code → id; without ids where the account has only one."""
        if self._settings.currency:
            return {self._settings.currency: ""}
        if self._currencies is None:
            rows = self._suite.query(CurrencyRow, select("id, symbol, isinactive", "currency"))
            self._currencies = {row.symbol: row.id for row in rows if row.symbol and not row.inactive}
        return self._currencies

    def currency(self, code: str) -> str:
        """The id of a currency, `""` where the account has only one. Raises Refused if it has not this one."""
        found = self.currencies().get(code)
        if found is None:
            raise Refused(
                f"NetSuite has no active currency {code}.", remedy="Create the currency, with its rate."
            )
        return found

    def digits(self, code: str) -> int:
        """How many digits NetSuite keeps in a currency: never more than two are documented, so three are asked for."""
        known = minor_units(code)
        if known <= 2:
            return known
        if code not in self._digits:
            stated = self._stated_digits(self.currency(code))
            self._digits[code] = min(known, 2 if stated is None else stated)
        return self._digits[code]

    def _stated_digits(self, currency: str) -> int | None:
        """What the currency's record says; None if it says nothing, or may not be read."""
        try:
            record = self._suite.record("currency", currency) if currency else None
        except AccessDenied:
            record = None
        precision = CurrencyRecord.model_validate(record or {}).precision
        return precision if isinstance(precision, int) else None
