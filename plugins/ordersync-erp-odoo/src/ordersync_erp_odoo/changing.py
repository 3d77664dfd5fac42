"""Changes of orders that stand: confirmed together, cancelled and shipped one by one, read back together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from ordersync import (
    Cancel,
    Change,
    Confirm,
    Done,
    Failed,
    Fulfill,
    MarkPaid,
    NotFound,
    NotOffered,
    OrderRef,
    OrderStatus,
    OrderSyncError,
    Outcome,
    Placed,
    Refused,
    SetStatus,
    UpdateAsk,
)
from ordersync.web import Access
from ordersync_erp_odoo.mapping import key_of
from ordersync_erp_odoo.placing import Desk
from ordersync_erp_odoo.rpc import Odoo
from ordersync_erp_odoo.settings import OdooSettings
from ordersync_erp_odoo.shipping import Dock
from ordersync_erp_odoo.wire import HeadRow, datetime_text

__all__ = ["Changes"]

OPEN = ("draft", "sent")


class Changes:
    """Makes changes; what is so already is left alone."""

    def __init__(self, odoo: Odoo, desk: Desk, settings: OdooSettings, access: Access) -> None:
        self._odoo = odoo
        self._desk = desk
        self._dock = Dock(odoo)
        self._settings = settings
        self._access = access

    def make(self, asks: Sequence[UpdateAsk]) -> list[Outcome[Placed]]:
        """Each change's order as it stands afterwards. Confirmations share their calls.

        Raises InDoubt if the answer to a confirmation of several orders was lost.
        """
        heads = {head.id: head for head in self._odoo.read(HeadRow, {int(ask.ref.id) for ask in asks})}
        failed: dict[int, OrderSyncError] = {}
        confirmations: dict[int, datetime | None] = {}
        for i, ask in enumerate(asks):
            head = heads.get(int(ask.ref.id))
            if head is None:
                failed[i] = NotFound(f"Odoo has no order {ask.ref.number or ask.ref.id} any more.")
                continue
            when = _confirmed_at(ask.change, head)
            if when is None:
                try:
                    self._change(head, ask.change, ask.key)
                except OrderSyncError as error:
                    failed[i] = error
            elif head.state == "cancel":
                failed[i] = Refused(
                    f"The order {head.name} is cancelled.", remedy="Reopen it in Odoo, or let it be."
                )
            elif self._settings.confirm:
                confirmations[head.id] = when[0]
        refused = self._confirm(confirmations, heads)
        for i, ask in enumerate(asks):
            if int(ask.ref.id) in refused:
                failed.setdefault(i, refused[int(ask.ref.id)])
        placed = self._read_back([int(ask.ref.id) for i, ask in enumerate(asks) if i not in failed])
        return [
            Failed(failed[i]) if i in failed else Done(placed[int(ask.ref.id)]) for i, ask in enumerate(asks)
        ]

    def _read_back(self, ids: Sequence[int]) -> Mapping[int, Placed]:
        if not ids:
            return {}
        heads = self._odoo.read(HeadRow, ids)
        xids = self._odoo.external_ids("sale.order", [head.id for head in heads])
        keys = [key_of(xids.get(head.id)) or "" for head in heads]
        return {head.id: placed for head, placed in zip(heads, self._desk.placed(heads, keys), strict=True)}

    # -- confirming -------------------------------------------------------------------------------------------

    def _confirm(
        self, wanted: Mapping[int, datetime | None], heads: Mapping[int, HeadRow]
    ) -> dict[int, Refused]:
        """Confirm quotations, and put back the orders' dates, which confirming sets to now (17 and 19).

        Answers what Odoo refuses, by order. A list of which one is confirmed already is refused as a whole (17 and 19).
        """
        refused: dict[int, Refused] = {}
        quotations = [each for each in wanted if heads[each].state in OPEN]
        if quotations:
            try:
                self._odoo.call("sale.order", "action_confirm", quotations, write=True)
            except Refused as error:
                if len(quotations) == 1:
                    refused |= self._still_open(quotations[0], error)
                else:
                    for each in quotations:
                        refused |= self._confirm_one(each)
        dates: dict[datetime, list[int]] = defaultdict(list)
        for each, when in wanted.items():
            if when is not None and each not in refused and not _stands(heads[each], when):
                dates[when].append(each)
        for when, ids in dates.items():
            vals = {"date_order": datetime_text(when)}
            self._odoo.call("sale.order", "write", ids, write=True, vals=vals)
        return refused

    def _confirm_one(self, order: int) -> dict[int, Refused]:
        try:
            self._odoo.call("sale.order", "action_confirm", [order], write=True)
        except Refused as error:
            return self._still_open(order, error)
        return {}

    def _still_open(self, order: int, error: Refused) -> dict[int, Refused]:
        """The refusal, unless somebody else was faster and it is confirmed."""
        return {order: error} if self._desk.head(OrderRef(id=str(order))).state in OPEN else {}

    # -- one by one -------------------------------------------------------------------------------------------

    def _change(self, head: HeadRow, change: Change, key: str) -> None:
        match change:
            case Cancel() | SetStatus(status=OrderStatus.CANCELLED):
                self._cancel(head)
            case Fulfill():
                self._dock.ship(head, change.fulfillment, key)
                if any(each.number for each in change.fulfillment.tracking) and not self._dock.tracks:
                    self._access.log.warning("this Odoo has no field for tracking numbers")
            case MarkPaid():
                raise NotOffered(
                    "Odoo records payments against invoices, which ordersync does not make.",
                    remedy="Invoice and register the payment in Odoo.",
                )
            case SetStatus():
                raise NotOffered(f"An Odoo order cannot be set to {change.status}.")

    def _cancel(self, head: HeadRow) -> None:
        """Cancel without the question that 17 asks about confirmed orders, and would leave at that."""
        if head.state == "cancel":
            return
        quiet = {"disable_cancel_warning": True}
        self._odoo.call("sale.order", "action_cancel", [head.id], write=True, context=quiet)
        ref = OrderRef(id=str(head.id))
        if self._odoo.until(lambda: self._desk.head(ref).state, lambda state: state == "cancel") != "cancel":
            raise Refused(f"Odoo did not cancel the order {head.name}.", remedy="Cancel it in Odoo.")


def _stands(head: HeadRow, when: datetime) -> bool:
    """Whether the order was confirmed before, and has this date."""
    if head.state in OPEN or head.date_order is None:
        return False
    return datetime_text(head.date_order) == datetime_text(when)


def _confirmed_at(change: Change, head: HeadRow) -> tuple[datetime | None] | None:
    """The date to keep when this change confirms (None: Odoo's own); None if it is another change."""
    match change:
        case Confirm():
            return (change.placed_at,)
        case SetStatus(status=OrderStatus.OPEN):
            return (head.date_order,)
    return None
