"""Items and their stock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ordersync import ZERO, Ambiguous, Done, Failed, Item, Outcome, Stock
from ordersync_erp_sapb1 import wire
from ordersync_erp_sapb1.service import Service, any_of, quoted
from ordersync_erp_sapb1.settings import SapB1Settings

__all__ = ["Goods"]

CHUNK = 15


class Goods:
    """Finds items."""

    def __init__(self, service: Service, settings: SapB1Settings) -> None:
        self._service = service
        self._settings = settings

    def resolve(self, skus: Sequence[str]) -> list[Outcome[Item | None]]:
        """Compared exactly: databases differ in whether their filters mind the case."""
        wanted = sorted(set(skus))
        found = self._by(self._settings.sku_field, wanted)
        if self._settings.barcode_fallback and self._settings.sku_field != "BarCode":
            found |= self._by("BarCode", [sku for sku in wanted if sku not in found])
        return [_item(sku, found.get(sku, [])) for sku in skus]

    def _by(self, field: str, skus: Sequence[str]) -> dict[str, list[wire.Item]]:
        """Items by what the field says exactly, which may be more than was asked for."""
        found: dict[str, list[wire.Item]] = {}
        wheres = [any_of([f"{field} eq {quoted(sku)}" for sku in part]) for part in _parts(skus)]
        for row in self._service.found(wire.Item, wheres)[wire.Item.SET]:
            sku = row.BarCode if field == "BarCode" else row.ItemCode
            found.setdefault(sku, []).append(row)
        return found

    def stocks(self, items: Sequence[Item]) -> list[Outcome[Stock | None]]:
        """In stock less committed, in all or in the settings' warehouse; None for items that are gone."""
        codes = sorted({item.product_id for item in items})
        rows = {code: rows[0] for code, rows in self._by("ItemCode", codes).items()}
        return [Done(self._stock(rows.get(item.product_id))) for item in items]

    def _stock(self, row: wire.Item | None) -> Stock | None:
        if row is None:
            return None
        if row.InventoryItem == "tNO":
            return Stock(available=None)
        free = {each.WarehouseCode: each.InStock - each.Committed for each in row.ItemWarehouseInfoCollection}
        if self._settings.warehouse:
            return Stock(available=free.get(self._settings.warehouse, ZERO))
        return Stock(available=sum(free.values(), ZERO), by_location=free if len(free) > 1 else {})


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(values), CHUNK):
        yield values[first : first + CHUNK]


def _item(sku: str, rows: Sequence[wire.Item]) -> Outcome[Item | None]:
    usable = [row for row in rows if row.Frozen != "tYES" and row.SalesItem != "tNO"]
    if len(usable) > 1:
        return Failed(
            Ambiguous(
                f"Several items of SAP Business One have the bar code {sku!r}.",
                candidates=tuple(row.ItemCode for row in usable),
                remedy="Give the bar code to one of them only.",
            )
        )
    if not rows:
        return Done(None)
    row = (usable or list(rows))[0]
    return Done(
        Item(
            sku=sku,
            product_id=row.ItemCode,
            title=row.ItemName or None,
            sellable=bool(usable),
            tracks_stock=row.InventoryItem != "tNO",
            requires_shipping=row.InventoryItem != "tNO",
        )
    )
