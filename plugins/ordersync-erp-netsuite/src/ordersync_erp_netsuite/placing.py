"""Orders written one by one: created under their key pending approval, read back, corrected, approved."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ordersync import (
    Draft,
    OrderRef,
    OrderSyncError,
    Placed,
    PlacedState,
    Refused,
    UnexpectedReply,
    minor_unit,
)
from ordersync_erp_netsuite.account_time import AccountTime
from ordersync_erp_netsuite.catalog import Catalog
from ordersync_erp_netsuite.jobs import unknown
from ordersync_erp_netsuite.mapping import Terms, order_body, plain_line
from ordersync_erp_netsuite.settings import NetSuiteSettings
from ordersync_erp_netsuite.standing import Standing
from ordersync_erp_netsuite.suite import Suite
from ordersync_erp_netsuite.wire import OrderRecord

__all__ = ["APPROVAL", "Desk"]

LARGEST_CORRECTION = 5
"""In minor units, or one per line if that is more. A larger difference is a wrong tax or price, not rounding."""
PENDING = "A"
APPROVAL = {"orderStatus": {"id": "B"}}


class Desk:
    """Writes the sales orders of one account."""

    def __init__(
        self,
        suite: Suite,
        catalog: Catalog,
        standing: Standing,
        time: AccountTime,
        settings: NetSuiteSettings,
    ) -> None:
        self._suite = suite
        self._catalog = catalog
        self._standing = standing
        self._time = time
        self._settings = settings

    # -- creating -----------------------------------------------------------------------------------------------

    def create(self, draft: Draft) -> Placed:
        """The draft's order, pending approval, its totals corrected where NetSuite rounds otherwise.

        NetSuite takes an external id once: if it refuses, the order may stand already. It is left as it is then, but
        for the correction of an order that is still pending.
        """
        return self.finish(draft, self.send(draft, self.body(draft)))

    def send(self, draft: Draft, body: dict[str, Any]) -> OrderRecord | str:
        """Create it alone: its id, or `eid:` and key where the answer names none. What stood there already is read."""
        try:
            made = self._suite.create("salesOrder", body)
        except Refused as refused:
            order = self._standing.under(draft.key)
            if order is None:
                raise refused from None
            return order
        return made or f"eid:{draft.key}"

    def finish(self, draft: Draft, made: OrderRecord | str) -> Placed:
        """Read back what was made, and correct it. Raises InDoubt, whatever the failure: the order stands."""
        try:
            order = self._shown(draft, made) if isinstance(made, str) else made
            return self._standing.placed(self._corrected(order, draft))
        except OrderSyncError as error:
            raise unknown(error) from None

    def _shown(self, draft: Draft, id: str) -> OrderRecord:
        order = self._standing.read(id)
        if order is None or order.external_id != draft.key:
            raise UnexpectedReply(
                "NetSuite does not show an order that it has just written.",
                remedy="Check the role's right to view sales orders, and its subsidiaries.",
            )
        return order

    def body(self, draft: Draft) -> dict[str, Any]:
        """What is sent for a draft. Raises Refused for what NetSuite could not hold."""
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
        """Make up for a few minor units by lines of the rounding and the tax item; if they are refused, the order
        stays as it is, for the comparison to find."""
        placed = self._standing.placed(order)
        totals, expected = placed.totals, draft.expected
        if placed.state is not PlacedState.DRAFT or totals is None or totals.currency != expected.currency:
            return order
        net, tax = expected.net - totals.net, expected.tax - totals.tax
        bound = minor_unit(draft.currency) * max(LARGEST_CORRECTION, len(draft.lines))
        if not (net or tax) or max(abs(net), abs(tax)) > bound or self._settings.tax == "details":
            return order
        try:
            self._add(order, net, tax)
        except Refused:
            return order
        return self._standing.order(OrderRef(id=order.id, number=order.number))

    def _add(self, order: OrderRecord, net: Decimal, tax: Decimal) -> None:
        lines = []
        for amount, name, text in (
            (net, self._settings.rounding_item, "Rounding adjustment"),
            (tax, self._settings.tax_item, "Tax rounding adjustment"),
        ):
            if amount:
                lines.append(plain_line(self._catalog.named(name), amount, text))
        self._suite.patch("salesOrder", order.id, {"item": {"items": lines}})

    # -- later --------------------------------------------------------------------------------------------------

    def approve(self, order: OrderRecord) -> None:
        """Pending approval becomes pending fulfilment; what is further is left alone."""
        if self.is_to_approve(self._standing.placed(order)):
            self._suite.patch("salesOrder", order.id, APPROVAL)

    def is_to_approve(self, placed: Placed) -> bool:
        """Whether an order has to be approved. Raises Refused if it is closed."""
        if placed.state is PlacedState.CANCELLED:
            name = placed.ref.number or placed.ref.id
            raise Refused(f"The order {name} is closed.", remedy="Reopen it in NetSuite.")
        return self._settings.approve and placed.state is PlacedState.DRAFT

    def hold(self, order: OrderRecord) -> None:
        """Back to pending approval, while nothing has left."""
        if (order.status.id or order.order_status.id) != PENDING:
            self._suite.patch("salesOrder", order.id, {"orderStatus": {"id": PENDING}})

    def close(self, order: OrderRecord) -> None:
        """Close every line that is open: NetSuite has no other way to cancel an order over REST."""
        open_lines = [line for line in order.item.items if not line.closed and line.fulfilled < line.quantity]
        if self._standing.placed(order).state is PlacedState.CANCELLED:
            return
        if not open_lines:
            raise Refused(f"Everything of the order {order.number or order.id} has left.")
        lines = [{"line": int(line.line), "isClosed": True} for line in open_lines]
        self._suite.patch("salesOrder", order.id, {"item": {"items": lines}})
