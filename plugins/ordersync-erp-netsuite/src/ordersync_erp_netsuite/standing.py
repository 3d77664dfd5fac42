"""Orders that stand: found by key, read one by one as records, or many at once by SuiteQL.

What SuiteQL's columns mean is known from integrations, not documented. So the first orders that are read by it are held
against one of them read as a record, and so is whatever comes out otherwise than it should. If the two ever differ, or a
column is missing, records are read for the rest of the connection's life.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from ordersync import (
    Ambiguous,
    Done,
    Failed,
    NotFound,
    OrderRef,
    Outcome,
    Placed,
    PlacedState,
    UnexpectedReply,
)
from ordersync_erp_netsuite.catalog import Catalog
from ordersync_erp_netsuite.mapping import placed_of, placed_of_rows
from ordersync_erp_netsuite.settings import NetSuiteSettings
from ordersync_erp_netsuite.suite import Suite, Unreadable, listed, select
from ordersync_erp_netsuite.wire import LineRow, OrderRecord, OrderRow, TotalRow

__all__ = ["Standing", "gone", "order_record"]


class Standing:
    """The sales orders of one account, as they stand."""

    def __init__(
        self, suite: Suite, catalog: Catalog, settings: NetSuiteSettings, log: logging.Logger
    ) -> None:
        self._suite = suite
        self._catalog = catalog
        self._settings = settings
        self._log = log
        self._trusted: bool | None = None
        """Whether rows tell the same as records; None until it was tried."""

    # -- one by one -----------------------------------------------------------------------------------------------

    def find(self, keys: Sequence[str]) -> list[Outcome[Placed | None]]:
        """What stands under each key: one query for all, then each hit by its id."""
        wanted = sorted(set(keys))
        rows = self._suite.query(OrderRow, select("id, externalid", "transaction", where=_under(wanted)))
        ids: dict[str, list[str]] = {}
        for row in rows:
            ids.setdefault(row.external_id or "", []).append(row.id)
        found = {key: self._found(key, ids.get(key, [])) for key in wanted}
        return [found[key] for key in keys]

    def _found(self, key: str, ids: Sequence[str]) -> Outcome[Placed | None]:
        if len(ids) > 1:
            return Failed(
                Ambiguous(
                    "Several orders of NetSuite carry this key.",
                    candidates=tuple(ids),
                    remedy="Take the external id from all but one.",
                )
            )
        order = self.read(ids[0]) if ids else None
        return Done(self.placed(order) if order and order.external_id == key else None)

    def find_one(self, key: str) -> Placed | None:
        """What stands under a key, by the key itself."""
        order = self.under(key)
        return self.placed(order) if order else None

    def under(self, key: str) -> OrderRecord | None:
        """The order that stands under a key."""
        order = self.read(f"eid:{key}")
        return order if order and order.external_id == key else None

    def order(self, ref: OrderRef) -> OrderRecord:
        """The order as it stands. Raises NotFound if it is gone."""
        found = self.read(ref.id)
        if found is None:
            raise gone(ref)
        return found

    def read(self, id: str) -> OrderRecord | None:
        """An order by internal id, or `eid:` and external id."""
        data = self._suite.record("salesOrder", id)
        return order_record(data) if data is not None else None

    def placed(self, order: OrderRecord) -> Placed:
        """An order in the words of the transfer."""
        currency = order.currency.id if order.currency else ""
        return placed_of(order, self._currency(currency), self._tax_item())

    def _currency(self, id: str) -> str:
        codes = {each: code for code, each in self._catalog.currencies().items()}
        code = codes.get(id) or self._settings.currency
        if code is None:
            raise UnexpectedReply("NetSuite gave an order in a currency that it does not list.")
        return code

    def _tax_item(self) -> str | None:
        """The item whose lines are tax; with SuiteTax's details there is none."""
        settings = self._settings
        return None if settings.tax == "details" else self._catalog.perhaps(settings.tax_item)

    # -- many at once ---------------------------------------------------------------------------------------------

    def all_under(self, keys: Sequence[str]) -> dict[str, Placed]:
        """What stands under these keys, by key. A key that several carry is left out: it has to be looked at alone."""
        found: dict[str, list[Placed]] = {}
        for placed in self._many(_under(sorted(set(keys)))):
            found.setdefault(placed.key, []).append(placed)
        return {key: same[0] for key, same in found.items() if len(same) == 1}

    def all_at(self, ids: Sequence[str]) -> dict[str, Placed]:
        """Orders by their internal ids; those that are gone are missing."""
        wanted = sorted(set(ids))
        if not wanted:
            return {}
        where = f"type = 'SalesOrd' AND id IN ({listed(wanted, ids=True)})"
        return {placed.ref.id: placed for placed in self._many(where)}

    def again(self, placed: Placed) -> OrderRecord:
        """The record of an order that was read as a row, and came out otherwise than it should."""
        order = self.order(placed.ref)
        if self._trusted and self.placed(order) != placed:
            self._distrust()
        return order

    def _many(self, where: str) -> list[Placed]:
        rows = self._by_rows(where) if self._trusted is not False else None
        if rows is not None:
            return rows
        ids = self._suite.query(OrderRow, select("id, externalid", "transaction", where=where))
        records = [self.read(row.id) for row in ids]
        return [self.placed(order) for order in records if order is not None]

    def _by_rows(self, where: str) -> list[Placed] | None:
        """None if rows cannot be had here, or do not tell what records tell."""
        try:
            orders = self._suite.query(TotalRow, select(self._columns(), "transaction", where=where))
            lines: dict[str, list[LineRow]] = {}
            for line in self._lines([order.id for order in orders]):
                lines.setdefault(line.transaction, []).append(line)
        except (Unreadable, UnexpectedReply):
            self._distrust()
            return None
        tax_item = self._tax_item()
        found = [
            placed_of_rows(order, lines.get(order.id, []), self._currency(order.currency or ""), tax_item)
            for order in orders
        ]
        if self._trusted is None and found:
            witness = max(found, key=lambda placed: len(placed.lines))
            if self.placed(self.order(witness.ref)) != witness:
                self._distrust()
                return None
            self._trusted = True
        return [
            placed if placed.state is not PlacedState.CANCELLED else self.placed(self.order(placed.ref))
            for placed in found
        ]

    def _columns(self) -> str:
        several = "" if self._settings.currency else ", currency"
        return f"id, tranid, externalid, status, foreigntotal{several}"

    def _lines(self, ids: Sequence[str]) -> list[LineRow]:
        if not ids:
            return []
        return self._suite.query(
            LineRow,
            select(
                "transaction, id, item, itemtype, foreignamount, taxline",
                "transactionline",
                where=f"mainline = 'F' AND transaction IN ({listed(ids, ids=True)})",
                order="transaction, id",
            ),
        )

    def _distrust(self) -> None:
        self._trusted = False
        self._log.info("orders are read back one by one: SuiteQL does not tell what their records tell")


def _under(keys: Sequence[str]) -> str:
    return f"type = 'SalesOrd' AND externalid IN ({listed(keys)})"


def gone(ref: OrderRef) -> NotFound:
    """An order that stood, and does not any more."""
    return NotFound(f"NetSuite has no order {ref.number or ref.id} any more.")


def order_record(data: dict[str, Any]) -> OrderRecord:
    """An order as NetSuite tells it. Raises UnexpectedReply, naming fields and no values."""
    try:
        return OrderRecord.model_validate(data)
    except ValidationError as error:
        names = ", ".join(".".join(map(str, each["loc"])) for each in error.errors())
    raise UnexpectedReply(f"NetSuite gave an order that cannot be read: {names}.")
