"""The payload that applications push: one order with `orderId`, `lineItems`, `pricing` …, amounts as JSON numbers.

| payload | model |
| --- | --- |
| `orderId`, `orderNumber`, `orderDate` | `id`, `number` (else the id), `placed_at` (else `createdAt`) |
| `createdAt`, `updatedAt` | `created_at`, `updated_at` (else the latest time that is there) |
| `status`, `payment.status` | `status`, `payment_status`; the payload's words in `platform_statuses` |
| `customer`, `billingAddress`, `shippingAddress` | `customer`, `billing`, `shipping`; `state` is a subdivision if it is a code |
| `lineItems[].price`, `.totalPrice` | `unit_price`, `list_amount` (else price × quantity, half up) |
| `pricing` | `total`, `stated`, and shares of the charges: see `ordersync.shapes.totals` |
| `shipping` | a shipping charge (`method`, `carrier`) and a fulfillment with tracking (`trackingNumber`) |
| `payment` | a payment of the whole total |

The order's e-mail address and phone number are the customer's; `email` and `phone` beside the customer name others.
Fees, tips, duties and rounding of an order from elsewhere are written as lines without a product. What neither the
payload's words nor `extra` can hold (refunds, a second currency, metadata) is not written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ordersync.model import (
    ZERO,
    Address,
    Amounts,
    Charge,
    ChargeKind,
    Customer,
    Fulfillment,
    FulfillmentStatus,
    Line,
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
    Stated,
    Tracking,
    rounded,
)
from ordersync.shapes.spelling import came_as, remembered, spelled
from ordersync.shapes.totals import allocated, extra_lines, sums
from ordersync.shapes.values import (
    address_json,
    address_of,
    amount,
    decimal,
    each,
    moment,
    number,
    phone,
    present,
    text,
    time_text,
)
from ordersync.shapes.words import SENT, normal, order_status, payment_status, word_for

__all__ = ["read_pushed", "to_pushed"]

SHAPE = "pushed"
_ADDRESS = {"state": "state", "postcode": "zipCode", "country": "country"}
_ORDER_WORDS = {
    OrderStatus.OPEN: "confirmed",
    OrderStatus.HELD: "on_hold",
    OrderStatus.COMPLETED: "completed",
    OrderStatus.CANCELLED: "cancelled",
}
_PAYMENT_WORDS = {
    PaymentStatus.PENDING: "pending",
    PaymentStatus.AUTHORIZED: "authorized",
    PaymentStatus.PARTLY_PAID: "partially_paid",
    PaymentStatus.PAID: "paid",
    PaymentStatus.PARTLY_REFUNDED: "partially_refunded",
    PaymentStatus.REFUNDED: "refunded",
    PaymentStatus.VOIDED: "voided",
}
_SHIPPING_TITLE = "Shipping"


def read_pushed(payload: Mapping[str, Any]) -> Order:
    """A payload that its schema accepts, as an order."""
    pricing = payload["pricing"]
    currency = pricing["currency"].upper()
    parcel = payload.get("shipping") or {}
    items = payload["lineItems"]
    sent = amount(pricing.get("shipping"), currency)
    method = text(parcel.get("method"))
    stated = Stated(
        subtotal=amount(pricing.get("subtotal"), currency),
        discount=amount(pricing.get("discount"), currency),
        shipping=sent,
        tax=amount(pricing.get("tax"), currency),
    )
    total = rounded(decimal(pricing["total"]) or ZERO, currency)
    split = allocated(
        [_listed(item, currency) for item in items],
        [decimal(item.get("price")) for item in items],
        currency=currency,
        total=total,
        subtotal=stated.subtotal,
        discount=stated.discount or ZERO,
        shipping=sent or ZERO if sent or method else None,
        tax=stated.tax or ZERO,
    )
    billing = _address(payload.get("billingAddress"))
    shipping = _address(payload.get("shippingAddress"))
    customer = _customer(payload.get("customer"), billing or shipping)
    country = next((place.country for place in (billing, shipping) if place and place.country), None)
    times = {name: moment(payload.get(name)) for name in ("orderDate", "createdAt", "updatedAt")}
    known = [time for time in times.values() if time]
    word = text(payload.get("status"))
    tracked = text(parcel.get("trackingNumber"))
    carrier = text(parcel.get("carrier"))
    identity = str(payload["orderId"])
    order = Order(
        id=identity,
        number=text(payload.get("orderNumber")) or identity,
        status=order_status(word),
        fulfillment_status=FulfillmentStatus.FULFILLED
        if word and normal(word) in SENT
        else FulfillmentStatus.UNKNOWN,
        currency=currency,
        taxes_included=split.taxes_included,
        total=total,
        stated=stated,
        customer=customer,
        email=text(payload.get("email")) or (customer.email if customer else None),
        phone=phone(payload.get("phone"), country) or (customer.phone if customer else None),
        billing=billing,
        shipping=shipping,
        lines=tuple(
            _line(item, position, amounts)
            for position, (item, amounts) in enumerate(zip(items, split.lines, strict=True), 1)
        ),
        charges=()
        if split.shipping is None
        else (
            Charge(
                kind=ChargeKind.SHIPPING,
                title=method or _SHIPPING_TITLE,
                carrier=carrier,
                amounts=split.shipping,
            ),
        ),
        fulfillments=(Fulfillment(tracking=(Tracking(number=tracked, carrier=carrier),)),) if tracked else (),
        note=text(payload.get("notes")),
        tags=tuple(payload.get("tags") or ()),
        placed_at=times["orderDate"] or times["createdAt"] or max(known),
        created_at=times["createdAt"],
        updated_at=times["updatedAt"] or max(known),
        **_payment(payload.get("payment"), total, word),
        extra={SHAPE: {}},
    )
    homes = {
        "lineItems": True,
        "customer": order.customer is not None,
        "billingAddress": order.billing is not None,
        "shippingAddress": order.shipping is not None,
    }
    return remembered(order, SHAPE, payload, _written(order), frozenset(key for key in homes if homes[key]))


def to_pushed(order: Order) -> dict[str, Any]:
    """The order as a pushed payload: amounts and counts are numbers (`Decimal` or `int`), times ISO 8601 in UTC.

    An order that was read from such a payload gives the same JSON again, except where it was changed since.
    """
    return spelled(SHAPE, _written(order), order.extra)


def _listed(item: Mapping[str, Any], currency: str) -> Any:
    whole = decimal(item.get("totalPrice"))
    if whole is None:
        whole = (decimal(item["price"]) or ZERO) * (decimal(item["quantity"]) or ZERO)
    return rounded(whole, currency)


def _line(item: Mapping[str, Any], position: int, amounts: Amounts) -> Line:
    sku, product = text(item.get("sku")), text(item.get("productId"))
    line = Line(
        id=text(item.get("id")) or str(position),
        title=text(item.get("title")) or sku or product or f"Line {position}",
        quantity=decimal(item["quantity"]) or ZERO,
        sku=sku,
        variant_title=text(item.get("variant")),
        product_id=product,
        variant_id=text(item.get("variantId")),
        custom=sku is None and product is None,
        amounts=amounts,
    )
    return remembered(line, SHAPE, item, _line_json(line, None), frozenset())


def _line_json(line: Line, currency: str | None) -> dict[str, Any]:
    """With `currency`, a line that has no unit price gets one that is worked out."""
    price = line.amounts.unit_price
    if price is None and currency is not None:
        price = each(line.amounts.list_amount, line.quantity, currency)
    return present(
        {
            "id": line.id,
            "productId": line.product_id,
            "variantId": line.variant_id,
            "sku": line.sku,
            "title": line.title,
            "variant": line.variant_title,
            "quantity": number(line.quantity),
            "price": price,
            "totalPrice": line.amounts.list_amount,
        }
    )


def _address(payload: Mapping[str, Any] | None) -> Address | None:
    address = address_of(payload, **_ADDRESS)
    if address is None or payload is None:
        return None
    return remembered(address, SHAPE, payload, address_json(address, **_ADDRESS), frozenset())


def _customer(payload: Mapping[str, Any] | None, address: Address | None) -> Customer | None:
    if payload is None:
        return None
    customer = Customer(
        id=text(payload.get("id")),
        email=text(payload.get("email")),
        phone=phone(payload.get("phone"), address.country if address else None),
        first_name=text(payload.get("firstName")),
        last_name=text(payload.get("lastName")),
        note=text(payload.get("note")),
    )
    if customer == Customer():
        return None
    customer = customer.model_copy(update={"address": address})
    return remembered(customer, SHAPE, payload, _customer_json(customer), frozenset())


def _customer_json(customer: Customer) -> dict[str, Any]:
    return present(
        {
            "id": customer.id,
            "email": customer.email,
            "firstName": customer.first_name,
            "lastName": customer.last_name,
            "phone": customer.phone,
            "note": customer.note,
        }
    )


def _payment(payload: Mapping[str, Any] | None, total: Any, word: str | None) -> dict[str, Any]:
    """`payment_status`, `payments` and `platform_statuses` of the order."""
    own = text(payload.get("status")) if payload else None
    found: dict[str, Any] = {
        "payment_status": payment_status(own),
        "platform_statuses": present({"order": word, "payment": own}),
    }
    if payload:
        payment = Payment(
            amount=total,
            gateway=text(payload.get("gateway")),
            method=text(payload.get("method")),
            transaction_id=text(payload.get("transactionId")),
            status=payment_status(own),
        )
        if own or payment.gateway or payment.method or payment.transaction_id:
            found["payments"] = (payment,)
    return found


def _written(order: Order) -> dict[str, Any]:
    parts = sums(order)
    customer = order.customer
    came = came_as(order, SHAPE)
    own = order.platform_statuses if came else {}
    parcels = [charge for charge in order.charges if charge.kind is ChargeKind.SHIPPING]
    tracking = next((found for sent in order.fulfillments for found in sent.tracking), Tracking())
    payment = order.payments[0] if order.payments else None
    paid = own.get("payment")
    word = own.get("order")
    return present(
        {
            "orderId": order.id,
            "orderNumber": order.number,
            "orderDate": time_text(order.placed_at),
            "status": word_for(order.status, word, order_status(word), _ORDER_WORDS),
            "customer": spelled(SHAPE, _customer_json(customer), customer.extra) if customer else None,
            "email": order.email if not customer or customer.email != order.email else None,
            "phone": order.phone if not customer or customer.phone != order.phone else None,
            "billingAddress": _address_json(order.billing),
            "shippingAddress": _address_json(order.shipping),
            "lineItems": [
                *(
                    spelled(SHAPE, _line_json(line, None if came else order.currency), line.extra)
                    for line in order.lines
                ),
                *(_line_json(line, order.currency) for line in extra_lines(order)),
            ],
            "pricing": {
                "subtotal": parts.subtotal,
                "tax": parts.tax,
                "shipping": parts.shipping,
                "discount": parts.discount,
                "total": order.total,
                "currency": order.currency,
            },
            "shipping": present(
                {
                    "method": parcels[0].title if parcels else None,
                    "carrier": (parcels[0].carrier if parcels else None) or tracking.carrier,
                    "trackingNumber": tracking.number,
                }
            )
            or None,
            "payment": present(
                {
                    "method": payment.method if payment else None,
                    "status": word_for(order.payment_status, paid, payment_status(paid), _PAYMENT_WORDS),
                    "transactionId": payment.transaction_id if payment else None,
                    "gateway": payment.gateway if payment else None,
                }
            )
            or None,
            "notes": order.note,
            "tags": list(order.tags),
            "createdAt": time_text(order.created_at) if order.created_at else None,
            "updatedAt": time_text(order.updated_at),
        }
    )


def _address_json(address: Address | None) -> dict[str, Any] | None:
    return spelled(SHAPE, address_json(address, **_ADDRESS), address.extra) if address else None
