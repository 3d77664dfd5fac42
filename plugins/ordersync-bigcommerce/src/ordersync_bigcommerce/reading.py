"""From an order's row to the whole order. Lines, addresses and fees come with the row; taxes, coupons, shipments and
refunds are resources of their own, asked for where the order's own figures say that there is something."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from ordersync import ZERO, AccessDenied, NotFound, Order, UnexpectedReply
from ordersync_bigcommerce import wire
from ordersync_bigcommerce.api import Api, read_as, reason
from ordersync_bigcommerce.mapping import Whole, order_of
from ordersync_bigcommerce.statuses import COMPLETED, PARTIALLY_REFUNDED, PARTIALLY_SHIPPED, REFUNDED, SHIPPED

__all__ = ["Begun", "Beside", "begin", "beside", "fees_of", "finish", "lines_of", "read_order", "whole_order"]

W = TypeVar("W", bound=wire.Wire)

INCLUDED = {"include": "consignments.line_items,fees", "consignment_structure": "object"}
"""What is asked for with an order, besides its own fields."""

FEW = 2
"""Orders whose refunds take as many requests one by one as together."""


@dataclass(frozen=True)
class Begun:
    """An order as far as its row tells."""

    order: wire.Order
    lines: tuple[wire.OrderProduct, ...]

    @property
    def refunded(self) -> bool:
        """Whether there were refunds: by the status, or a line."""
        return self.order.status_id in (REFUNDED, PARTIALLY_REFUNDED) or any(
            line.is_refunded or line.quantity_refunded for line in self.lines
        )


@dataclass(frozen=True)
class Beside:
    """What stands beside several orders, asked for together."""

    customers: Mapping[int, wire.Customer]
    """By id."""
    refunds: Mapping[int, Sequence[Any]]
    """Rows by the order's id."""


def read_order(api: Api, row: Any) -> Order:
    """The row with everything that belongs to it, in our words.

    Raises ValueError if it cannot be read, saying why without values; what a request raises.
    """
    return order_of(whole_order(api, row))


def whole_order(api: Api, row: Any) -> Whole:
    """The row with everything that belongs to it."""
    begun = begin(api, row)
    return finish(api, begun, beside(api, [begun]))


def begin(api: Api, row: Any) -> Begun:
    """The row and its lines."""
    order = wire.Order.model_validate(row)
    return Begun(order, lines_of(api, order))


def beside(api: Api, orders: Sequence[Begun]) -> Beside:
    """The accounts behind these orders, and their refunds: one request for each kind."""
    wanted = sorted({one.order.id for one in orders if one.refunded})
    return Beside(_customers(api, (one.order.customer_id for one in orders)), _refunds(api, wanted))


def finish(api: Api, begun: Begun, known: Beside) -> Whole:
    """The order with what it alone has. Raises NotFound if it was deleted meanwhile."""
    order, lines = begun.order, begun.lines
    if begun.refunded and order.id not in known.refunds:
        raise NotFound("BigCommerce has no such order (any more).")
    path = f"v2/orders/{order.id}"
    shipped = order.items_shipped or order.status_id in (SHIPPED, PARTIALLY_SHIPPED, COMPLETED)
    codes = order.coupon_discount or any(off.code for line in lines for off in line.applied_discounts)
    return Whole(
        order=order,
        lines=lines,
        addresses=_addresses(api, order),
        fees=fees_of(api, order),
        taxes=_several(
            api,
            wire.OrderTax,
            f"{path}/taxes",
            {"details": "true"},
            whole=lambda rows: sum((row.line_amount for row in rows), ZERO) >= order.total_tax,
        )
        if order.total_tax
        else (),
        coupons=_several(api, wire.OrderCoupon, f"{path}/coupons") if codes else (),
        shipments=_several(
            api,
            wire.Shipment,
            f"{path}/shipments",
            whole=lambda rows: (
                sum(item.quantity for row in rows for item in row.items) >= order.items_shipped
            ),
        )
        if shipped
        else (),
        refunds=tuple(wire.Refund.model_validate(row) for row in known.refunds.get(order.id, ())),
        customer=known.customers.get(order.customer_id),
    )


def lines_of(api: Api, order: wire.Order) -> tuple[wire.OrderProduct, ...]:
    """Every line, sorted by its id: as they came with the order if those are all, else from their own list.

    A page of that may hold fifty; where the units seen are fewer than the order's, another page is asked for even
    behind a short one.
    """
    told = _included(order)
    if told:
        return told
    lines: list[wire.OrderProduct] = []
    page = 1
    while True:
        rows = api.ask(f"v2/orders/{order.id}/products", {"page": str(page), "limit": "250"})
        found = [] if rows is None else rows
        if not isinstance(found, list):
            raise UnexpectedReply("BigCommerce's answer has no list of products.")
        known = {line.id for line in lines}
        fresh = [wire.OrderProduct.model_validate(row) for row in found]
        fresh = [line for line in fresh if line.id not in known]
        lines += fresh
        if not fresh or (len(found) < 50 and sum(line.quantity for line in lines) >= order.items_total):
            return tuple(sorted(lines, key=lambda line: line.id))
        page += 1


def _included(order: wire.Order) -> tuple[wire.OrderProduct, ...]:
    """The lines that came with the order; none if some may be missing: fifty of each part are given, and lines of some
    orders are in no part."""
    parts = order.consignments.all if order.consignments else ()
    lines = {line.id: line for part in parts for line in part.line_items}
    units = sum(line.quantity for line in lines.values())
    if any(part.warning for part in parts) or units != order.items_total:
        return ()
    return tuple(lines[number] for number in sorted(lines))


def _addresses(api: Api, order: wire.Order) -> tuple[wire.ShippingAddress, ...]:
    """Where the order goes. Of several, the ids are those of their own list: that a part of an order has its address's
    id is not documented."""
    parts = order.consignments.shipping if order.consignments else None
    if parts is not None and len(parts) == order.shipping_address_count <= 1:
        return parts
    return _several(
        api,
        wire.ShippingAddress,
        f"v2/orders/{order.id}/shipping_addresses",
        whole=lambda rows: len(rows) >= order.shipping_address_count,
    )


def fees_of(api: Api, order: wire.Order) -> tuple[wire.Fee, ...]:
    """The order's fees: inside it if it was asked for with them, else behind the link that stands there."""
    fees = order.fees
    if isinstance(fees, Mapping) and "fees" not in fees:
        fees = api.find(f"v2/orders/{order.id}/fees")
    if isinstance(fees, Mapping):
        fees = fees.get("fees")
    return tuple(wire.Fee.model_validate(one) for one in _list(fees))


def _customers(api: Api, numbers: Iterable[int]) -> dict[int, wire.Customer]:
    """The accounts of these numbers: one request for all. Without the right to read customers, none."""
    ids = sorted({number for number in numbers if number > 0})
    if not ids:
        return {}
    try:
        found = api.data("v3/customers", {"id:in": ",".join(map(str, ids))})
    except AccessDenied:
        return {}
    read = (read_as(wire.Customer, one) for one in found)
    return {one.id: one for one in read if one.id in set(ids)}


def _refunds(api: Api, orders: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Of a few orders one by one: that list has no pages. Of more, in one list of which is not told where it ends. An
    order that was deleted is not among the answers."""
    if len(orders) <= FEW:
        return {number: rows for number in orders if (rows := _refunds_of(api, number)) is not None}
    refunds: dict[int, list[dict[str, Any]]] = {number: [] for number in orders}
    asked = {"order_id:in": ",".join(map(str, orders))}
    for row in api.data("v3/orders/payment_actions/refunds", asked, enough=1):
        order = row.get("order_id")
        if not isinstance(order, int):
            raise UnexpectedReply("BigCommerce lists a refund without its order.")
        if order in refunds:
            refunds[order].append(row)
    return refunds


def _refunds_of(api: Api, order: int) -> list[Any] | None:
    try:
        answer = api.ask(f"v3/orders/{order}/payment_actions/refunds")
    except NotFound:
        return None
    return _list(answer.get("data") if isinstance(answer, Mapping) else answer)


def _list(rows: Any) -> list[Any]:
    if rows is not None and not isinstance(rows, list):
        raise UnexpectedReply("BigCommerce's answer has no list.")
    return rows or []


def _several(
    api: Api,
    kind: type[W],
    path: str,
    params: Mapping[str, str] | None = None,
    *,
    whole: Callable[[Sequence[W]], bool] | None = None,
) -> tuple[W, ...]:
    """A list of the order's own. A short page is its end only if these are the `whole` that the order's figures tell
    of; else pages are asked for until one is empty."""
    try:
        rows = tuple(kind.model_validate(row) for row in api.all_rows(path, params))
        if whole is None or whole(rows):
            return rows
        return tuple(kind.model_validate(row) for row in api.all_rows(path, params, enough=1))
    except ValidationError as error:
        raise ValueError(f"{kind.__name__} {reason(error)}") from None
