"""Every hook, and how the suite asks it: what must stand beforehand, then the call alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pytest

from ordersync.errors import NotOffered
from ordersync.model import (
    Cancel,
    Change,
    Confirm,
    CustomerAsk,
    Draft,
    DraftLine,
    Fulfill,
    Fulfillment,
    MarkPaid,
    OrderQuery,
    OrderRef,
    OrderStatus,
    PlacedState,
    SetStatus,
    Tracking,
    UpdateAsk,
    operation_key,
)
from ordersync.testing.contract.stand import Stand

__all__ = ["ASKINGS", "READS", "WRITES", "Asking", "change_name", "changes", "lever", "one_more_line"]

Call = Callable[[], Any]
ADDRESS = "https://orders.example/hooks"
TOPIC = "order.created"
UNKNOWN = "ordersync-unknown-0"


@dataclass(frozen=True)
class Asking:
    """One hook."""

    hook: str
    writes: bool
    prepare: Callable[[Stand], Call]
    """Makes what the hook needs, with another number at each call, and answers the call itself."""


def lever(stand: Stand, name: str, *arguments: Any) -> Any:
    """Pull a lever of the sandbox; skips the test, naming the lever, where the sandbox has none, and its reason if it gives
    one."""
    try:
        return getattr(stand.inside(), name)(*arguments)
    except NotImplementedError as error:
        why = str(error) or f"implement Sandbox.{name} to have this tested"
        pytest.skip(f"the sandbox has no lever `{name}`: {why}")


def _list(stand: Stand) -> Call:
    most = 2 if stand.live else None
    return lambda: list(islice(stand.connection.list_orders(OrderQuery()), most))


def _get(stand: Stand) -> Call:
    (order_id,) = stand.order_ids(1)
    return lambda: stand.connection.get_order(order_id)


def _gets(stand: Stand) -> Call:
    ids = stand.order_ids(2)
    return lambda: stand.connection.get_orders(ids)


def _standing_key(stand: Stand) -> str:
    """The key of an order that the index shows already."""
    if not stand.placed:
        if not {"create_order", "create_orders"} & stand.connection.offers:
            return stand.key(stand.number())
        stand.place()
        stand.let_it_settle()
    return stand.placed[0][0].key


def _find(stand: Stand) -> Call:
    key = _standing_key(stand)
    return lambda: stand.connection.find_order(key)


def _finds(stand: Stand) -> Call:
    keys = [_standing_key(stand), stand.key(stand.number())]
    return lambda: stand.connection.find_orders(keys)


def _find_customer(stand: Stand) -> Call:
    customer, key = stand.customer()
    return lambda: stand.connection.find_customer(customer, key)


def _find_customers(stand: Stand) -> Call:
    asks = [CustomerAsk(*stand.customer()) for _ in range(2)]
    return lambda: stand.connection.find_customers(asks)


def _resolve(stand: Stand) -> Call:
    sku = stand.subject.known_sku(stand)
    return lambda: stand.connection.resolve_sku(sku)


def _resolves(stand: Stand) -> Call:
    skus = [stand.subject.known_sku(stand), UNKNOWN]
    return lambda: stand.connection.resolve_skus(skus)


def _stock(stand: Stand) -> Call:
    item = stand.item()
    return lambda: stand.connection.check_stock(item)


def _stocks(stand: Stand) -> Call:
    items = [stand.item()]
    return lambda: stand.connection.check_stocks(items)


def _discount(stand: Stand) -> Call:
    return lambda: stand.connection.check_discount(UNKNOWN)


def _access(stand: Stand) -> Call:
    return lambda: stand.connection.check_access(thorough=True)


def _receive(stand: Stand) -> Call:
    delivery = lever(stand, "delivery", stand.order_ids(1)[0])
    return lambda: stand.connection.receive(delivery)


def _create_customer(stand: Stand) -> Call:
    customer, key = stand.customer()
    return lambda: stand.connection.create_customer(customer, key)


def _create_customers(stand: Stand) -> Call:
    asks = [CustomerAsk(*stand.customer()) for _ in range(2)]
    return lambda: stand.connection.create_customers(asks)


def _create_order(stand: Stand) -> Call:
    draft = stand.draft()
    return lambda: stand.create(draft)


def _create_orders(stand: Stand) -> Call:
    drafts = [stand.draft(), stand.draft()]
    return lambda: stand.create_many(drafts)


def one_more_line(stand: Stand) -> tuple[OrderRef, DraftLine]:
    """An order of the suite's, and a line to add to it: like its first one, behind the last."""
    draft, placed = stand.place()
    position = len(draft.lines)
    key = operation_key(draft.key, f"line:{position}")
    return placed.ref, draft.lines[0].model_copy(update={"position": position, "key": key})


def _add_line(stand: Stand) -> Call:
    ref, line = one_more_line(stand)
    return lambda: stand.connection.add_line_item(ref, line, line.key)


def changes(stand: Stand, draft: Draft) -> list[Change]:
    """One change of each kind that an order of the suite's can go through, the mildest first."""
    paid = MarkPaid(amount=draft.expected.total, gateway="manual", transaction_id=f"paid-{draft.number}")
    sent = Fulfill(fulfillment=Fulfillment(tracking=(Tracking(number="1Z0001", carrier="UPS"),)))
    first: list[Change] = [Confirm()] if stand.connection.facts.draft_first else []
    return [*first, paid, sent, SetStatus(status=OrderStatus.COMPLETED), Cancel(reason="contract suite")]


def change_name(change: Change) -> str:
    """What a change is called in messages and keys: `markpaid`."""
    return type(change).__name__.lower()


def _changeable(stand: Stand) -> tuple[OrderRef, Change, str]:
    """A new order and a change that its platform knows."""
    if stand.known_change is None:
        draft, placed = stand.place()
        for change in changes(stand, draft):
            try:
                stand.connection.update_order(
                    placed.ref, change, operation_key(draft.key, change_name(change))
                )
            except NotOffered:
                continue
            stand.known_change = type(change)
            break
        else:
            pytest.skip(f"{stand.platform} offers update_order, and no kind of change that the suite knows")
    draft, placed = stand.place()
    change = next(one for one in changes(stand, draft) if isinstance(one, stand.known_change))
    return placed.ref, change, operation_key(draft.key, change_name(change))


def _update(stand: Stand) -> Call:
    ref, change, key = _changeable(stand)
    return lambda: stand.connection.update_order(ref, change, key)


def _updates(stand: Stand) -> Call:
    asks = []
    for _ in range(2):
        if "update_order" in stand.connection.offers:
            asks.append(UpdateAsk(*_changeable(stand)))
        else:
            draft, placed = stand.place()
            change = Cancel() if placed.state is not PlacedState.DRAFT else Confirm()
            asks.append(UpdateAsk(placed.ref, change, operation_key(draft.key, "change")))
    return lambda: stand.connection.update_orders(asks)


def _subscribe(stand: Stand) -> Call:
    return lambda: stand.subscribe(ADDRESS, [TOPIC])


def _unsubscribe(stand: Stand) -> Call:
    (made, *_) = stand.subscribe(ADDRESS, [TOPIC])
    return lambda: stand.connection.unsubscribe(made)


_READ: Mapping[str, Callable[[Stand], Call]] = {
    "check_access": _access,
    "list_orders": _list,
    "get_order": _get,
    "find_order": _find,
    "find_customer": _find_customer,
    "resolve_sku": _resolve,
    "check_stock": _stock,
    "receive": _receive,
    "check_discount": _discount,
    "find_customers": _find_customers,
    "resolve_skus": _resolves,
    "check_stocks": _stocks,
    "find_orders": _finds,
    "get_orders": _gets,
}
_WRITE: Mapping[str, Callable[[Stand], Call]] = {
    "create_customer": _create_customer,
    "create_order": _create_order,
    "add_line_item": _add_line,
    "update_order": _update,
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "create_customers": _create_customers,
    "create_orders": _create_orders,
    "update_orders": _updates,
}
READS = tuple(_READ)
WRITES = tuple(_WRITE)
ASKINGS: Mapping[str, Asking] = {
    **{hook: Asking(hook, False, prepare) for hook, prepare in _READ.items()},
    **{hook: Asking(hook, True, prepare) for hook, prepare in _WRITE.items()},
}
"""By hook, all of them."""
