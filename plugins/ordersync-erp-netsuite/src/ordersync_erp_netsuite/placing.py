"""Orders written: looked for, put under their key pending approval, read back, corrected, approved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from ordersync import (
    Ambiguous,
    Done,
    Draft,
    Failed,
    NotFound,
    OrderRef,
    Outcome,
    Placed,
    PlacedState,
    Refused,
    UnexpectedReply,
    minor_unit,
)
from ordersync_erp_netsuite.account_time import AccountTime
from ordersync_erp_netsuite.catalog import Catalog
from ordersync_erp_netsuite.mapping import Terms, order_body, placed_of, plain_line
from ordersync_erp_netsuite.settings import NetSuiteSettings
from ordersync_erp_netsuite.suite import Suite, listed, select
from ordersync_erp_netsuite.wire import OrderRecord, OrderRow

__all__ = ["Desk", "order_record"]

LARGEST_CORRECTION = 5
"""In minor units, or one per line if that is more. A larger difference is a wrong tax or price, not rounding."""
APPROVED, PENDING = "B", "A"


class Desk:
    """Writes and finds the sales orders of one account."""

    def __init__(self, suite: Suite, catalog: Catalog, time: AccountTime, settings: NetSuiteSettings) -> None:
        self._suite = suite
        self._catalog = catalog
        self._time = time
        self._settings = settings

    # -- finding ------------------------------------------------------------------------------------------------

    def find(self, keys: Sequence[str]) -> list[Outcome[Placed | None]]:
        """What stands under each key: one query for all, then each hit by its id."""
        wanted = sorted(set(keys))
        rows = self._suite.query(
            OrderRow,
            select(
                "id, externalid",
                "transaction",
                where=f"type = 'SalesOrd' AND externalid IN ({listed(wanted)})",
            ),
        )
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
        order = self._read(ids[0]) if ids else None
        return Done(self.placed(order) if order and order.external_id == key else None)

    def find_one(self, key: str) -> Placed | None:
        """What stands under a key, by the key itself."""
        order = self._read(f"eid:{key}")
        return self.placed(order) if order and order.external_id == key else None

    def order(self, ref: OrderRef) -> OrderRecord:
        """The order as it stands. Raises NotFound if it is gone."""
        found = self._read(ref.id)
        if found is None:
            raise NotFound(f"NetSuite has no order {ref.number or ref.id} any more.")
        return found

    def _read(self, id: str) -> OrderRecord | None:
        data = self._suite.record("salesOrder", id)
        return order_record(data) if data is not None else None

    def placed(self, order: OrderRecord) -> Placed:
        """An order in the words of the transfer."""
        return placed_of(order, self._currency(order), self._tax_item())

    def _currency(self, order: OrderRecord) -> str:
        codes = {each: code for code, each in self._catalog.currencies().items()}
        code = codes.get(order.currency.id if order.currency else "") or self._settings.currency
        if code is None:
            raise UnexpectedReply("NetSuite gave an order in a currency that it does not list.")
        return code

    def _tax_item(self) -> str | None:
        """The item whose lines are tax; with SuiteTax's details there is none."""
        settings = self._settings
        return None if settings.tax == "details" else self._catalog.perhaps(settings.tax_item)

    # -- creating -----------------------------------------------------------------------------------------------

    def create(self, draft: Draft) -> Placed:
        """The draft's order, pending approval, its totals corrected where NetSuite rounds otherwise.

        A native upsert would overwrite what a person changed: so the key is looked for, and what stands is left as it
        is, but for the correction of an order that is still pending.
        """
        order = self._read(f"eid:{draft.key}")
        if order is None:
            body = self._body(draft)
            sublists = "item,taxDetails" if self._settings.tax == "details" else "item"
            made = self._suite.upsert("salesOrder", draft.key, body, replace=sublists)
            order = self._read(made or f"eid:{draft.key}")
            if order is None or order.external_id != draft.key:
                raise UnexpectedReply(
                    "NetSuite does not show an order that it has just written.",
                    remedy="Check the role's right to view sales orders, and its subsidiaries.",
                )
        return self.placed(self._corrected(order, draft))

    def _body(self, draft: Draft) -> dict[str, Any]:
        try:
            terms = Terms(
                day=self._time.day(draft.placed_at),
                currency=self._catalog.currency(draft.currency),
                digits=self._catalog.digits(draft.currency),
                item=self._catalog.named,
            )
            return order_body(draft, self._settings, terms)
        except Refused:
            self._catalog.forget()
            raise

    def _corrected(self, order: OrderRecord, draft: Draft) -> OrderRecord:
        """Make up for a few minor units by lines of the rounding and the tax item."""
        placed = self.placed(order)
        totals, expected = placed.totals, draft.expected
        if placed.state is not PlacedState.DRAFT or totals is None or totals.currency != expected.currency:
            return order
        net, tax = expected.net - totals.net, expected.tax - totals.tax
        bound = minor_unit(draft.currency) * max(LARGEST_CORRECTION, len(draft.lines))
        if not (net or tax) or max(abs(net), abs(tax)) > bound or self._settings.tax == "details":
            return order
        lines = []
        for amount, name, text in (
            (net, self._settings.rounding_item, "Rounding adjustment"),
            (tax, self._settings.tax_item, "Tax rounding adjustment"),
        ):
            if amount:
                lines.append(plain_line(self._catalog.named(name), amount, text))
        self._suite.patch("salesOrder", order.id, {"item": {"items": lines}})
        return self.order(OrderRef(id=order.id, number=order.number))

    # -- later --------------------------------------------------------------------------------------------------

    def approve(self, order: OrderRecord) -> None:
        """Pending approval becomes pending fulfilment; what is further is left alone."""
        placed = self.placed(order)
        if placed.state is PlacedState.CANCELLED:
            raise Refused(f"The order {order.number or order.id} is closed.", remedy="Reopen it in NetSuite.")
        if self._settings.approve and placed.state is PlacedState.DRAFT:
            self._suite.patch("salesOrder", order.id, {"orderStatus": {"id": APPROVED}})

    def hold(self, order: OrderRecord) -> None:
        """Back to pending approval, while nothing has left."""
        if (order.status.id or order.order_status.id) != PENDING:
            self._suite.patch("salesOrder", order.id, {"orderStatus": {"id": PENDING}})

    def close(self, order: OrderRecord) -> None:
        """Close every line that is open: NetSuite has no other way to cancel an order over REST."""
        open_lines = [line for line in order.item.items if not line.closed and line.fulfilled < line.quantity]
        if self.placed(order).state is PlacedState.CANCELLED:
            return
        if not open_lines:
            raise Refused(f"Everything of the order {order.number or order.id} has left.")
        lines = [{"line": int(line.line), "isClosed": True} for line in open_lines]
        self._suite.patch("salesOrder", order.id, {"item": {"items": lines}})


def order_record(data: dict[str, Any]) -> OrderRecord:
    """An order as NetSuite tells it. Raises UnexpectedReply, naming fields and no values."""
    try:
        return OrderRecord.model_validate(data)
    except ValidationError as error:
        names = ", ".join(".".join(map(str, each["loc"])) for each in error.errors())
    raise UnexpectedReply(f"NetSuite gave an order that cannot be read: {names}.")
