"""Changes of orders that stand: confirmed together, cancelled and shipped one by one, read back together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from ordersync import (
    Cancel,
    Change,
    Confirm,
    Done,
    Failed,
    Fulfill,
    InDoubt,
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
from ordersync_erp_odoo.loading import Loader
from ordersync_erp_odoo.mapping import key_of
from ordersync_erp_odoo.naming import Names
from ordersync_erp_odoo.placing import Desk
from ordersync_erp_odoo.rpc import Odoo
from ordersync_erp_odoo.settings import OdooSettings
from ordersync_erp_odoo.shipping import Dock
from ordersync_erp_odoo.wire import HeadRow, datetime_text

__all__ = ["Changes"]

OPEN = ("draft", "sent")


class Changes:
    """Makes changes; what is so already is left alone."""

    def __init__(
        self,
        odoo: Odoo,
        desk: Desk,
        loader: Loader,
        names: Names,
        settings: OdooSettings,
        access: Access,
    ) -> None:
        self._odoo = odoo
        self._desk = desk
        self._loader = loader
        self._names = names
        self._dock = Dock(odoo)
        self._settings = settings
        self._access = access

    def make(self, asks: Sequence[UpdateAsk]) -> list[Outcome[Placed]]:
        """Each change's order as it stands afterwards. Confirmations share their calls.

        Where all are confirmations their states are not read first: Odoo refuses the whole list if one of the orders is
        no quotation. Raises InDoubt if the answer to a confirmation of several orders was lost.
        """
        ids = [int(ask.ref.id) for ask in asks]
        dates = {
            each: ask.change.placed_at
            for each, ask in zip(ids, asks, strict=True)
            if isinstance(ask.change, Confirm)
        }
        at_once = self._settings.confirm and all(isinstance(ask.change, Confirm) for ask in asks)
        if at_once and self._confirm_all(dates):
            troubles = self._put_dates_back(dates)
            failed = {i: troubles[each] for i, each in enumerate(ids) if each in troubles}
        else:
            failed = self._make(asks, refused=dates.keys() if at_once else ())
        return self._read_back(asks, failed)

    def _make(self, asks: Sequence[UpdateAsk], *, refused: Collection[int]) -> dict[int, OrderSyncError]:
        """Make the changes of orders in whatever state; what failed, by its place.

        `refused` are those that Odoo has just refused to confirm together.
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
        troubles = self._confirm(confirmations, heads, refused=refused)
        for i, ask in enumerate(asks):
            if int(ask.ref.id) in troubles:
                failed.setdefault(i, troubles[int(ask.ref.id)])
        return failed

    def _read_back(
        self, asks: Sequence[UpdateAsk], failed: Mapping[int, OrderSyncError]
    ) -> list[Outcome[Placed]]:
        heads = self._odoo.read(HeadRow, {int(ask.ref.id) for i, ask in enumerate(asks) if i not in failed})
        xids = self._names.orders(head.id for head in heads)
        keys = [key_of(xids.get(head.id)) or "" for head in heads]
        placed = {head.id: each for head, each in zip(heads, self._desk.placed(heads, keys), strict=True)}
        outcomes: list[Outcome[Placed]] = []
        for i, ask in enumerate(asks):
            if i in failed:
                outcomes.append(Failed(failed[i]))
            elif int(ask.ref.id) in placed:
                outcomes.append(Done(placed[int(ask.ref.id)]))
            else:
                outcomes.append(Failed(InDoubt("Odoo does not show an order that it has just changed.")))
        return outcomes

    # -- confirming -------------------------------------------------------------------------------------------

    def _confirm_all(self, orders: Collection[int]) -> bool:
        """Confirm quotations together. False if Odoo refuses them as a whole, as it does if one of them is none."""
        try:
            self._odoo.call("sale.order", "action_confirm", orders, write=True)
        except Refused:
            return False
        return True

    def _confirm(
        self, wanted: Mapping[int, datetime | None], heads: Mapping[int, HeadRow], *, refused: Collection[int]
    ) -> dict[int, OrderSyncError]:
        """Confirm what is a quotation, and put back the dates. Answers what went wrong, by order.

        A list of which one is confirmed already is refused as a whole (17 and 19).
        """
        troubles: dict[int, OrderSyncError] = {}
        quotations = [each for each in wanted if heads[each].state in OPEN]
        alone = len(quotations) == 1 or set(quotations) == set(refused)
        if quotations and (alone or not self._confirm_all(quotations)):
            for each in quotations:
                troubles |= self._confirm_one(each)
        dates = {
            each: when
            for each, when in wanted.items()
            if each not in troubles and not (when and _stands(heads[each], when))
        }
        return troubles | self._put_dates_back(dates)

    def _put_dates_back(self, wanted: Mapping[int, datetime | None]) -> dict[int, OrderSyncError]:
        """Give orders their dates again: confirming sets them to now (17 and 19). What went wrong, by order.

        Different dates go in one load. Equal ones go in one write; so do those of orders that were not made under a key,
        and of all if the load is refused.
        """
        dates = {each: when for each, when in wanted.items() if when is not None}
        troubles: dict[int, OrderSyncError] = {}
        if len(set(dates.values())) > 1:
            xids = {each: xid for each, xid in self._names.orders(dates).items() if key_of(xid)}
            together = {each: when for each, when in dates.items() if each in xids}
            try:
                self._load_dates(together, xids)
            except Refused as refused:
                self._access.log.warning("dates could not be put back together: %s", refused)
                together = {}
            except OrderSyncError as error:
                troubles |= dict.fromkeys(together, error)
            dates = {each: when for each, when in dates.items() if each not in together}
        alike: dict[datetime, list[int]] = defaultdict(list)
        for each, when in dates.items():
            alike[when].append(each)
        for when, ids in alike.items():
            vals = {"date_order": datetime_text(when)}
            try:
                self._odoo.call("sale.order", "write", ids, write=True, vals=vals)
            except OrderSyncError as error:
                troubles |= dict.fromkeys(ids, error)
        return troubles

    def _load_dates(self, dates: Mapping[int, datetime], xids: Mapping[int, str]) -> None:
        """Write them under the orders' external ids; a pricelist column would keep them from confirmed orders."""
        if dates:
            rows = [[[xids[each], datetime_text(when)]] for each, when in dates.items()]
            self._loader.load("sale.order", ["id", "date_order"], rows)

    def _confirm_one(self, order: int) -> dict[int, OrderSyncError]:
        try:
            self._odoo.call("sale.order", "action_confirm", [order], write=True)
        except Refused as error:
            return self._still_open(order, error)
        except OrderSyncError as error:
            return {order: error}
        return {}

    def _still_open(self, order: int, error: Refused) -> dict[int, OrderSyncError]:
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
