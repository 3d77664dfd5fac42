"""BigCommerce's one status and what it says of the order, its payment and its fulfilment; and the way back.

Ids and texts: `GET /v2/order_statuses`, recorded, and the vendor's descriptions of them.
"""

from __future__ import annotations

from ordersync import Draft, FulfillmentStatus, OrderStatus, PaymentStatus

__all__ = [
    "AWAITING_FULFILLMENT",
    "CANCELLED",
    "INCOMPLETE",
    "UNPAID",
    "for_draft",
    "for_status",
    "fulfillment_status",
    "order_status",
    "payment_status",
]

INCOMPLETE, PENDING, SHIPPED, PARTIALLY_SHIPPED, REFUNDED, CANCELLED, DECLINED, AWAITING_PAYMENT = range(8)
AWAITING_PICKUP, AWAITING_SHIPMENT, COMPLETED, AWAITING_FULFILLMENT, VERIFICATION, DISPUTED = range(8, 14)
PARTIALLY_REFUNDED = 14
UNPAID = frozenset({INCOMPLETE, PENDING, AWAITING_PAYMENT})

_ORDER = {
    INCOMPLETE: OrderStatus.UNKNOWN,
    REFUNDED: OrderStatus.COMPLETED,
    CANCELLED: OrderStatus.CANCELLED,
    DECLINED: OrderStatus.CANCELLED,
    COMPLETED: OrderStatus.COMPLETED,
    VERIFICATION: OrderStatus.HELD,
    DISPUTED: OrderStatus.HELD,
}
"""Incomplete is a checkout that was left at the payment page: no order yet. What is not named here is open."""

_PAYMENT_WORD = {
    "authorized": PaymentStatus.AUTHORIZED,
    "captured": PaymentStatus.PAID,
    "capture pending": PaymentStatus.AUTHORIZED,
    "declined": PaymentStatus.VOIDED,
    "held for review": PaymentStatus.PENDING,
    "paid": PaymentStatus.PAID,
    "partially refunded": PaymentStatus.PARTLY_REFUNDED,
    "pending": PaymentStatus.PENDING,
    "refunded": PaymentStatus.REFUNDED,
    "void": PaymentStatus.VOIDED,
    "void pending": PaymentStatus.AUTHORIZED,
}
_PAYMENT = {
    INCOMPLETE: PaymentStatus.PENDING,
    PENDING: PaymentStatus.PENDING,
    REFUNDED: PaymentStatus.REFUNDED,
    DECLINED: PaymentStatus.VOIDED,
    AWAITING_PAYMENT: PaymentStatus.PENDING,
    COMPLETED: PaymentStatus.PAID,
    AWAITING_FULFILLMENT: PaymentStatus.PAID,
    PARTIALLY_REFUNDED: PaymentStatus.PARTLY_REFUNDED,
}
"""What the status itself says of the payment, where `payment_status` is empty (orders made through the API)."""


def order_status(status_id: int) -> OrderStatus:
    """What the order is in our words; an id beyond the known ones is unknown."""
    if not 0 <= status_id <= PARTIALLY_REFUNDED:
        return OrderStatus.UNKNOWN
    return _ORDER.get(status_id, OrderStatus.OPEN)


def payment_status(word: str, status_id: int) -> PaymentStatus:
    """By the payment's own word; without one, by what the order's status says of it."""
    if word:
        return _PAYMENT_WORD.get(word.lower(), PaymentStatus.UNKNOWN)
    return _PAYMENT.get(status_id, PaymentStatus.UNKNOWN)


def fulfillment_status(status_id: int, shipped: int, items: int) -> FulfillmentStatus:
    """By the status where it says so, else by how many items were shipped."""
    if status_id in (SHIPPED, COMPLETED):
        return FulfillmentStatus.FULFILLED
    if status_id == PARTIALLY_SHIPPED:
        return FulfillmentStatus.PARTIAL
    if not shipped:
        return FulfillmentStatus.UNFULFILLED
    return FulfillmentStatus.FULFILLED if shipped >= items else FulfillmentStatus.PARTIAL


def for_draft(draft: Draft) -> int:
    """The status id that an order is created with."""
    match draft.status:
        case OrderStatus.CANCELLED:
            return CANCELLED
        case OrderStatus.HELD:
            return VERIFICATION
        case OrderStatus.COMPLETED:
            return COMPLETED
    if draft.fulfillment_status is FulfillmentStatus.FULFILLED:
        return SHIPPED
    if draft.fulfillment_status is FulfillmentStatus.PARTIAL:
        return PARTIALLY_SHIPPED
    match draft.payment_status:
        case PaymentStatus.PAID | PaymentStatus.PARTLY_REFUNDED:
            return AWAITING_FULFILLMENT
        case PaymentStatus.REFUNDED:
            return REFUNDED
        case PaymentStatus.VOIDED:
            return DECLINED
        case PaymentStatus.UNKNOWN:
            return PENDING
    return AWAITING_PAYMENT


def for_status(status: OrderStatus) -> int | None:
    """The status id of a status that is set; None if there is none for it."""
    return {
        OrderStatus.OPEN: AWAITING_FULFILLMENT,
        OrderStatus.HELD: VERIFICATION,
        OrderStatus.COMPLETED: COMPLETED,
        OrderStatus.CANCELLED: CANCELLED,
    }.get(status)
