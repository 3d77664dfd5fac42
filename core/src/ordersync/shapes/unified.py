"""The unified list: `{"orders": [{"remoteId", "orderStatus", "fulfillmentStatus", "totalPrice" …}]}`, amounts as texts.

| entry | model |
| --- | --- |
| `remoteId`, `orderNumber` | `id`, `number` (else the id); the list's own `id` stays in `extra` |
| `remoteCreatedAt`, `remoteUpdatedAt` | `placed_at`, `updated_at`; `createdAt` is `created_at`, `updatedAt` stays in `extra` |
| `orderStatus`, `paymentStatus`, `fulfillmentStatus` | the three statuses; the list's words in `platform_statuses` |
| `remoteDeleted` | true: the order counts as cancelled |
| `lineItems[].price` | `unit_price`; a line's `list_amount` is price × quantity, half up: the list states no line totals |
| `totalDiscount`, `totalTax`, `totalShipping`, `totalPrice` | `stated`, `total`, and shares of the charges: see `ordersync.shapes.totals` |
| `billingAddress`, `shippingAddress`, `customer` | the same; `region` is a subdivision if it is a code |

An entry whose parts do not give its `totalPrice` keeps both and carries the finding `source_totals_differ`.
What stands beside `orders` in the list is kept with each order and written once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ordersync.model import (
    ZERO,
    Address,
    Amounts,
    Charge,
    ChargeKind,
    Customer,
    FulfillmentStatus,
    Line,
    Order,
    OrderStatus,
    PaymentStatus,
    Stated,
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
    text_amount,
    time_text,
)
from ordersync.shapes.words import fulfillment_status, order_status, payment_status, word_for

__all__ = ["LIST", "read_unified", "to_unified"]

SHAPE = "unified"
LIST = "unified_list"
"""Where an order's `extra` keeps what the list says beside its orders."""
_ADDRESS = {"state": "region", "postcode": "postalCode", "country": "countryCode"}
_ORDER_WORDS = {
    OrderStatus.OPEN: "Pending",
    OrderStatus.HELD: "OnHold",
    OrderStatus.COMPLETED: "Completed",
    OrderStatus.CANCELLED: "Cancelled",
}
_PAYMENT_WORDS = {
    PaymentStatus.PENDING: "Pending",
    PaymentStatus.AUTHORIZED: "Authorized",
    PaymentStatus.PARTLY_PAID: "PartiallyPaid",
    PaymentStatus.PAID: "Paid",
    PaymentStatus.PARTLY_REFUNDED: "PartiallyRefunded",
    PaymentStatus.REFUNDED: "Refunded",
    PaymentStatus.VOIDED: "Voided",
}
_FULFILLMENT_WORDS = {
    FulfillmentStatus.UNFULFILLED: "unfulfilled",
    FulfillmentStatus.PARTIAL: "partial",
    FulfillmentStatus.FULFILLED: "fulfilled",
    FulfillmentStatus.RETURNED: "returned",
}


def read_unified(entry: Mapping[str, Any], beside: Mapping[str, Any] | None = None) -> Order:
    """An entry that its schema accepts, as an order. `beside` is what the list says besides its orders."""
    currency = entry["currency"].upper()
    items = entry["lineItems"]
    sent = amount(entry.get("totalShipping"), currency)
    stated = Stated(
        discount=amount(entry.get("totalDiscount"), currency),
        shipping=sent,
        tax=amount(entry.get("totalTax"), currency),
    )
    total = rounded(decimal(entry["totalPrice"]) or ZERO, currency)
    prices = [decimal(item["price"]) or ZERO for item in items]
    counts = [decimal(item["quantity"]) or ZERO for item in items]
    split = allocated(
        [rounded(price * count, currency) for price, count in zip(prices, counts, strict=True)],
        prices,
        currency=currency,
        total=total,
        subtotal=None,
        discount=stated.discount or ZERO,
        shipping=sent or None,
        tax=stated.tax or ZERO,
    )
    billing = _address(entry.get("billingAddress"))
    shipping = _address(entry.get("shippingAddress"))
    customer = _customer(entry.get("customer"), billing or shipping)
    country = next((place.country for place in (billing, shipping) if place and place.country), None)
    names = ("remoteCreatedAt", "remoteUpdatedAt", "createdAt", "updatedAt")
    created, updated, listed, relisted = (moment(entry.get(name)) for name in names)
    placed = created or listed or updated or relisted
    words = {
        "order": text(entry.get("orderStatus")),
        "payment": text(entry.get("paymentStatus")),
        "fulfillment": text(entry.get("fulfillmentStatus")),
    }
    order = Order.model_validate(
        {
            "id": str(entry["remoteId"]),
            "number": text(entry.get("orderNumber")) or str(entry["remoteId"]),
            "status": OrderStatus.CANCELLED
            if entry.get("remoteDeleted") is True
            else order_status(words["order"]),
            "payment_status": payment_status(words["payment"]),
            "fulfillment_status": fulfillment_status(words["fulfillment"]),
            "platform_statuses": present(words),
            "currency": currency,
            "taxes_included": split.taxes_included,
            "total": total,
            "stated": stated,
            "customer": customer,
            "email": text(entry.get("email")) or (customer.email if customer else None),
            "phone": phone(entry.get("phone"), country) or (customer.phone if customer else None),
            "billing": billing,
            "shipping": shipping,
            "lines": tuple(
                _line(item, position, amounts, currency)
                for position, (item, amounts) in enumerate(zip(items, split.lines, strict=True), 1)
            ),
            "charges": ()
            if split.shipping is None
            else (Charge(kind=ChargeKind.SHIPPING, title="Shipping", amounts=split.shipping),),
            "note": text(entry.get("note")),
            "tags": tuple(entry.get("tags") or ()),
            "placed_at": placed,
            "created_at": listed,
            "updated_at": updated or relisted or placed,
            "extra": {SHAPE: {}, **({LIST: dict(beside)} if beside else {})},
        }
    )
    homes = {
        "lineItems": True,
        "customer": order.customer is not None,
        "billingAddress": order.billing is not None,
        "shippingAddress": order.shipping is not None,
    }
    return remembered(order, SHAPE, entry, _written(order), frozenset(key for key in homes if homes[key]))


def to_unified(orders: Sequence[Order]) -> dict[str, Any]:
    """The orders as a unified list: amounts are decimal texts, counts numbers, times ISO 8601 in UTC.

    Orders that were read from such a list give the same JSON again, except where they were changed since.
    """
    document: dict[str, Any] = {"orders": [spelled(SHAPE, _written(order), order.extra) for order in orders]}
    for order in orders:
        document.update(
            {key: value for key, value in order.extra.get(LIST, {}).items() if key not in document}
        )
    return document


def _line(item: Mapping[str, Any], position: int, amounts: Amounts, currency: str) -> Line:
    sku, product = text(item.get("sku")), text(item.get("productId"))
    line = Line(
        id=text(item.get("lineItemId")) or str(position),
        title=text(item.get("title")) or sku or product or f"Line {position}",
        quantity=decimal(item["quantity"]) or ZERO,
        sku=sku,
        variant_title=text(item.get("variantTitle")),
        product_id=product,
        variant_id=text(item.get("variantId")),
        custom=sku is None and product is None,
        amounts=amounts,
    )
    return remembered(line, SHAPE, item, _line_json(line, currency), frozenset())


def _line_json(line: Line, currency: str) -> dict[str, Any]:
    return present(
        {
            "quantity": number(line.quantity),
            "productId": line.product_id,
            "lineItemId": line.id,
            "price": text_amount(_price(line, currency), currency),
            "currency": currency,
            "variantId": line.variant_id,
            "variantTitle": line.variant_title,
            "title": line.title,
            "sku": line.sku,
        }
    )


def _price(line: Line, currency: str) -> Decimal:
    """The unit price, if it gives the line's amount; else the amount per unit: the list has no line totals."""
    price, whole = line.amounts.unit_price, line.amounts.list_amount
    if price is not None and rounded(price * line.quantity, currency) == whole:
        return price
    return each(whole, line.quantity, currency)


def _address(payload: Mapping[str, Any] | None) -> Address | None:
    address = address_of(payload, **_ADDRESS)
    if address is None or payload is None:
        return None
    return remembered(address, SHAPE, payload, address_json(address, **_ADDRESS), frozenset())


def _address_json(address: Address | None) -> dict[str, Any] | None:
    return spelled(SHAPE, address_json(address, **_ADDRESS), address.extra) if address else None


def _customer(payload: Mapping[str, Any] | None, address: Address | None) -> Customer | None:
    if payload is None:
        return None
    customer = Customer(
        id=text(payload.get("customerId")),
        email=text(payload.get("email")),
        phone=phone(payload.get("phone"), address.country if address else None),
        first_name=text(payload.get("firstName")),
        last_name=text(payload.get("lastName")),
    )
    if customer == Customer():
        return None
    customer = customer.model_copy(update={"address": address})
    return remembered(customer, SHAPE, payload, _customer_json(customer), frozenset())


def _customer_json(customer: Customer) -> dict[str, Any]:
    return present(
        {
            "customerId": customer.id,
            "firstName": customer.first_name,
            "lastName": customer.last_name,
            "phone": customer.phone,
            "email": customer.email,
        }
    )


def _written(order: Order) -> dict[str, Any]:
    parts = sums(order)
    customer = order.customer
    currency = order.currency
    came = came_as(order, SHAPE)
    own = order.platform_statuses if came else {}
    word, paid, gone = own.get("order"), own.get("payment"), own.get("fulfillment")
    return present(
        {
            "remoteId": order.id,
            "remoteCreatedAt": time_text(order.placed_at, milliseconds=True),
            "remoteUpdatedAt": time_text(order.updated_at, milliseconds=True),
            "remoteDeleted": False,
            "createdAt": time_text(order.created_at, milliseconds=True) if order.created_at else None,
            "updatedAt": None if came else time_text(order.updated_at, milliseconds=True),
            "orderNumber": order.number,
            "orderStatus": word_for(order.status, word, order_status(word), _ORDER_WORDS),
            "fulfillmentStatus": word_for(
                order.fulfillment_status, gone, fulfillment_status(gone), _FULFILLMENT_WORDS
            ),
            "totalShipping": text_amount(parts.shipping, currency),
            "totalDiscount": text_amount(parts.discount, currency),
            "totalTax": text_amount(parts.tax, currency),
            "totalPrice": text_amount(order.total, currency),
            "currency": currency,
            "lineItems": [
                *(spelled(SHAPE, _line_json(line, currency), line.extra) for line in order.lines),
                *(_line_json(line, currency) for line in extra_lines(order)),
            ],
            "paymentStatus": word_for(order.payment_status, paid, payment_status(paid), _PAYMENT_WORDS),
            "billingAddress": _address_json(order.billing),
            "shippingAddress": _address_json(order.shipping),
            "customer": spelled(SHAPE, _customer_json(customer), customer.extra) if customer else None,
            "email": order.email if not customer or customer.email != order.email else None,
            "phone": order.phone if not customer or customer.phone != order.phone else None,
            "note": order.note,
            "tags": list(order.tags) or None,
        }
    )
