"""WooCommerce's order statuses and ours. A shop may have statuses of its own; the settings say what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from ordersync import Draft, FulfillmentStatus, OrderStatus, PaymentStatus
from ordersync_woocommerce import wire

__all__ = ["asked_status", "is_paid", "meaning", "of_order", "of_query"]

_OURS = {
    "pending": OrderStatus.OPEN,
    "processing": OrderStatus.OPEN,
    "on-hold": OrderStatus.HELD,
    "failed": OrderStatus.HELD,
    "auto-draft": OrderStatus.HELD,
    "checkout-draft": OrderStatus.HELD,
    "completed": OrderStatus.COMPLETED,
    "refunded": OrderStatus.COMPLETED,
    "cancelled": OrderStatus.CANCELLED,
    "trash": OrderStatus.CANCELLED,
}
_LISTED = ("pending", "processing", "on-hold", "failed", "completed", "refunded", "cancelled")
"""What a listing gives without being asked: no drafts, no trash."""


def meaning(status: str, known: Mapping[str, OrderStatus]) -> OrderStatus:
    """What the shop's word means; the settings go first."""
    word = status.removeprefix("wc-")
    return known.get(word) or _OURS.get(word, OrderStatus.UNKNOWN)


def of_query(wanted: frozenset[OrderStatus] | None, known: Mapping[str, OrderStatus]) -> str:
    """The value of `status` that asks for these; `""` where a shop's own statuses could be among them."""
    if wanted is None or OrderStatus.UNKNOWN in wanted:
        return ""
    return ",".join(word for word in dict.fromkeys((*_LISTED, *known)) if meaning(word, known) in wanted)


def of_order(
    found: wire.Order, known: Mapping[str, OrderStatus]
) -> tuple[OrderStatus, PaymentStatus, FulfillmentStatus]:
    """Order, payment and fulfilment. Money has come if the order has a date of payment."""
    status = meaning(found.status, known)
    refunded = -sum((refund.total for refund in found.refunds), Decimal(0))
    if found.status == "refunded":
        payment = PaymentStatus.REFUNDED
    elif found.date_paid_gmt is not None:
        payment = PaymentStatus.PAID
        if refunded > 0:
            payment = PaymentStatus.REFUNDED if refunded >= found.total else PaymentStatus.PARTLY_REFUNDED
    elif status is OrderStatus.CANCELLED:
        payment = PaymentStatus.VOIDED
    else:
        payment = PaymentStatus.PENDING
    fulfilled = FulfillmentStatus.UNFULFILLED
    if found.status == "completed":
        fulfilled = FulfillmentStatus.FULFILLED
    elif status is OrderStatus.UNKNOWN or found.status == "refunded":
        fulfilled = FulfillmentStatus.UNKNOWN
    return status, payment, fulfilled


def is_paid(draft: Draft) -> bool:
    """Whether the whole of it was paid."""
    return draft.payment_status in (
        PaymentStatus.PAID,
        PaymentStatus.PARTLY_REFUNDED,
        PaymentStatus.REFUNDED,
    )


def asked_status(draft: Draft, unpaid: str) -> str:
    """The status to create an order with; `unpaid` is the one of orders that wait for their money."""
    if draft.status is OrderStatus.CANCELLED:
        return "cancelled"
    if draft.status is OrderStatus.HELD or draft.payment_status is PaymentStatus.AUTHORIZED:
        return "on-hold"
    if draft.status is OrderStatus.COMPLETED or draft.fulfillment_status is FulfillmentStatus.FULFILLED:
        return "completed"
    return "processing" if is_paid(draft) else unpaid
