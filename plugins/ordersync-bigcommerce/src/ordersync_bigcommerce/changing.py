"""Changing an order that stands. Each change looks first, so that asking twice does it once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ordersync import (
    ZERO,
    Cancel,
    Change,
    Confirm,
    FieldProblem,
    Fulfill,
    Fulfillment,
    MarkPaid,
    NotOffered,
    Refused,
    SetStatus,
)
from ordersync_bigcommerce import wire
from ordersync_bigcommerce.api import Api, read_as
from ordersync_bigcommerce.reading import lines_of
from ordersync_bigcommerce.settings import BigCommerceSettings
from ordersync_bigcommerce.statuses import AWAITING_FULFILLMENT, CANCELLED, INCOMPLETE, UNPAID, for_status

__all__ = ["make", "stamp"]

PROVIDERS = {"auspost", "canadapost", "endicia", "usps", "fedex", "ups", "upsready", "royalmail"}
"""Carriers that BigCommerce itself makes tracking links for."""
LONGEST_TRACKING = 50
LONGEST_LINK = 500


def make(
    api: Api, settings: BigCommerceSettings, order: wire.Order, change: Change, key: str
) -> wire.Order | None:
    """Make the change, unless the order shows that it was made. Answers the order as it stands then; None if that was
    not told. Raises NotOffered, Refused, InDoubt."""
    match change:
        case Confirm():
            if order.status_id == INCOMPLETE:
                return _put(api, order, {"status_id": settings.confirmed_status})
        case Cancel(reason=reason):
            if order.status_id != CANCELLED:
                note = {"staff_notes": f"Cancelled: {reason}\n{order.staff_notes}"} if reason else {}
                return _put(api, order, {"status_id": CANCELLED, **note})
        case SetStatus(status=status):
            wanted = for_status(status)
            if wanted is None:
                raise NotOffered(f"BigCommerce has no status for {status}.")
            if order.status_id != wanted:
                return _put(api, order, {"status_id": wanted})
        case MarkPaid():
            return _mark_paid(api, order, change)
        case Fulfill(fulfillment=fulfillment):
            _ship(api, order, fulfillment, key)
            return None
    return order


def stamp(api: Api, order: wire.Order, key: str) -> None:
    """Put the key where it is searched, for an order that was created and shows none."""
    _put(api, order, {"external_order_id": key})


def _put(api: Api, order: wire.Order, body: dict[str, Any]) -> wire.Order | None:
    """The order as the answer tells it; None if that does not show the new status. Lines and fees are links there, and
    none of them was changed."""
    row = api.change("PUT", f"v2/orders/{order.id}", body)
    made = read_as(wire.Order, row, written=True)
    if made.status_id != body.get("status_id", made.status_id):
        return None
    return made.model_copy(update={"fees": order.fees, "consignments": order.consignments})


def _mark_paid(api: Api, order: wire.Order, paid: MarkPaid) -> wire.Order | None:
    """BigCommerce knows a payment by the status that follows it. What stands in its fields is never replaced."""
    if paid.amount is not None and paid.amount < order.total_inc_tax:
        raise NotOffered("BigCommerce cannot be told of a part payment.")
    body: dict[str, Any] = {}
    if order.status_id in UNPAID:
        body["status_id"] = AWAITING_FULFILLMENT
    if paid.gateway and not order.payment_method:
        body["payment_method"] = paid.gateway
    if paid.transaction_id and not order.payment_provider_id:
        body["payment_provider_id"] = paid.transaction_id
    return _put(api, order, body) if body else order


def _ship(api: Api, order: wire.Order, fulfillment: Fulfillment, key: str) -> None:
    """One shipment per address. A shipment is known again by the key in its comments."""
    shipments = [read_as(wire.Shipment, row) for row in api.all_rows(f"v2/orders/{order.id}/shipments")]
    made = [one for one in shipments if key in one.comments.split()]
    shipped = {item.order_product_id for one in made for item in one.items}
    addresses = [row["id"] for row in api.all_rows(f"v2/orders/{order.id}/shipping_addresses")]
    by_address: dict[int, list[dict[str, int]]] = {}
    for line in lines_of(api, order):
        count = _units(line, fulfillment)
        if count <= 0 or line.id in shipped:
            continue
        address = line.order_address_id or next(iter(addresses), 0)
        by_address.setdefault(address, []).append({"order_product_id": line.id, "quantity": count})
    if not by_address and not made:
        raise Refused("There is nothing left to ship.", fields=(FieldProblem("lines", "are all shipped"),))
    for address, items in by_address.items():
        if not address:
            raise Refused(
                "The order has no shipping address, and BigCommerce ships to none.",
                fields=(FieldProblem("order_address_id", "is missing"),),
            )
        body = {"order_address_id": address, "items": items, **_tracking(fulfillment, key)}
        api.change("POST", f"v2/orders/{order.id}/shipments", body)


def _units(line: wire.OrderProduct, fulfillment: Fulfillment) -> int:
    """How many of a line to ship: what is asked for, or all that is open."""
    if not fulfillment.lines:
        return line.quantity - line.quantity_shipped
    asked = fulfillment.lines.get(str(line.id), ZERO)
    if asked != asked.to_integral_value():
        raise Refused(
            "BigCommerce ships whole units only.", fields=(FieldProblem(f"lines/{line.id}", "is a fraction"),)
        )
    return int(Decimal(asked))


def _tracking(fulfillment: Fulfillment, key: str) -> dict[str, str]:
    first = next(iter(fulfillment.tracking), None)
    more = [one.number for one in fulfillment.tracking[1:] if one.number]
    body = {"comments": " ".join([*(["Further parcels:", *more] if more else []), key])}
    if first is None:
        return body
    if first.number:
        body["tracking_number"] = first.number[:LONGEST_TRACKING]
    if first.url and len(first.url) <= LONGEST_LINK:
        body["tracking_link"] = first.url
    if first.carrier:
        provider = first.carrier.lower().replace(" ", "")
        if provider in PROVIDERS:
            body["shipping_provider"] = provider
        body["shipping_method"] = first.carrier
    return body
