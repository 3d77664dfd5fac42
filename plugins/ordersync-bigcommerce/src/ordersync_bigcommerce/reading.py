"""From an order's row to the whole order: its lines, addresses, taxes, coupons, shipments, refunds and customer are
resources of their own, asked for where the order's own figures say that there is something."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from ordersync import ZERO, AccessDenied, Order, UnexpectedReply
from ordersync_bigcommerce import wire
from ordersync_bigcommerce.api import Api, read_as, reason
from ordersync_bigcommerce.mapping import Whole, order_of
from ordersync_bigcommerce.statuses import COMPLETED, PARTIALLY_REFUNDED, PARTIALLY_SHIPPED, REFUNDED, SHIPPED

__all__ = ["customers_of", "fees_of", "lines_of", "read_order", "whole_order"]

W = TypeVar("W", bound=wire.Wire)

INCLUDED = {"include": "fees"}
"""What is asked for with an order, besides its own fields."""


def read_order(api: Api, row: Any, customers: Mapping[int, wire.Customer] | None = None) -> Order:
    """The row with everything that belongs to it, in our words. `customers`: those that are known already, by id.

    Raises ValueError if it cannot be read, saying why without values; what a request raises.
    """
    whole = whole_order(api, row, customers)
    return order_of(whole)


def whole_order(api: Api, row: Any, customers: Mapping[int, wire.Customer] | None = None) -> Whole:
    """The row with everything that belongs to it."""
    order = wire.Order.model_validate(row)
    path = f"v2/orders/{order.id}"
    lines = lines_of(api, order)
    shipped = order.items_shipped or order.status_id in (SHIPPED, PARTIALLY_SHIPPED, COMPLETED)
    refunded = order.status_id in (REFUNDED, PARTIALLY_REFUNDED) or any(
        line.is_refunded or line.quantity_refunded for line in lines
    )
    codes = order.coupon_discount or any(off.code for line in lines for off in line.applied_discounts)
    known = customers if customers is not None else customers_of(api, [row])
    return Whole(
        order=order,
        lines=lines,
        addresses=_several(
            api,
            wire.ShippingAddress,
            f"{path}/shipping_addresses",
            whole=lambda rows: len(rows) >= order.shipping_address_count,
        ),
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
        refunds=_refunds(api, order) if refunded else (),
        customer=known.get(order.customer_id),
    )


def lines_of(api: Api, order: wire.Order) -> tuple[wire.OrderProduct, ...]:
    """Every line, sorted by its id. A page may hold fifty; where the units seen are fewer than the order's, another
    page is asked for even behind a short one."""
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


def fees_of(api: Api, order: wire.Order) -> tuple[wire.Fee, ...]:
    """The order's fees: inside it if it was asked for with them, else behind the link that stands there."""
    fees = order.fees
    if isinstance(fees, Mapping) and "fees" not in fees:
        fees = api.find(f"v2/orders/{order.id}/fees")
    if isinstance(fees, Mapping):
        fees = fees.get("fees")
    return tuple(wire.Fee.model_validate(one) for one in _list(fees))


def customers_of(api: Api, rows: Iterable[Any]) -> dict[int, wire.Customer]:
    """The accounts behind these orders, by id: one request for all. Without the right to read customers, none."""
    numbers = (row.get("customer_id") for row in rows if isinstance(row, dict))
    ids = sorted({number for number in numbers if isinstance(number, int) and number > 0})
    if not ids:
        return {}
    try:
        found = api.data("v3/customers", {"id:in": ",".join(map(str, ids))})
    except AccessDenied:
        return {}
    read = (read_as(wire.Customer, one) for one in found)
    return {one.id: one for one in read if one.id in set(ids)}


def _refunds(api: Api, order: wire.Order) -> tuple[wire.Refund, ...]:
    """All at once: the list has no pages."""
    answer = api.ask(f"v3/orders/{order.id}/payment_actions/refunds")
    refunds = answer.get("data") if isinstance(answer, Mapping) else answer
    return tuple(wire.Refund.model_validate(one) for one in _list(refunds))


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
