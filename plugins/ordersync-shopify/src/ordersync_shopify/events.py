"""What happened to an order: payments, refunds, fulfilments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from ordersync import (
    ZERO,
    Fulfillment,
    Payment,
    PaymentKind,
    PaymentStatus,
    Refund,
    Tracking,
)
from ordersync_shopify import wire
from ordersync_shopify.amounts import Side

__all__ = [
    "PAYMENT_GATEWAYS",
    "fulfillments_of",
    "payments_of",
    "refunds_of",
]

PAYMENT_GATEWAYS = {
    "gift_card": PaymentKind.GIFT_CARD,
    "shopify_store_credit": PaymentKind.STORE_CREDIT,
}


_TAKEN = ("SALE", "CAPTURE")


_HELD = ("AUTHORIZATION", "EMV_AUTHORIZATION")


def payments_of(found: wire.Order, sides: Sequence[Side]) -> Iterable[Payment]:
    """What was taken, and what is held and was neither taken nor released. Money going back is no payment."""
    used = {each.parent_transaction.id for each in found.transactions if each.parent_transaction}
    for each in found.transactions:
        taken, held = each.kind in _TAKEN, each.kind in _HELD and each.id not in used
        change = each.kind == "CHANGE"
        if each.status not in ("SUCCESS", "PENDING") or not (taken or held or change):
            continue
        sign = -1 if change else 1
        status = PaymentStatus.AUTHORIZED if held else PaymentStatus.PAID
        yield Payment(
            kind=PaymentKind.AUTHORIZATION
            if held
            else PAYMENT_GATEWAYS.get((each.gateway or "").lower(), PaymentKind.SALE),
            amount=sign * sides[0].amount(each.amount_set),
            other_amount=sign * sides[1].amount(each.amount_set) if len(sides) == 2 else None,
            gateway=each.gateway,
            method=each.formatted_gateway,
            transaction_id=each.payment_id or each.id,
            processed_at=each.processed_at,
            status=PaymentStatus.PENDING if each.status == "PENDING" else status,
            extra={"id": each.id, "kind": each.kind},
        )


def refunds_of(found: wire.Order, sides: Sequence[Side]) -> Iterable[Refund]:
    """Money that was given back. A removal by edit is a refund of 0 and none."""
    for each in found.refunds:
        if sides[0].amount(each.total_refunded_set):
            yield Refund(
                id=each.id,
                amount=sides[0].amount(each.total_refunded_set),
                other_amount=sides[1].amount(each.total_refunded_set) if len(sides) == 2 else None,
                created_at=each.created_at,
                note=each.note,
            )


def fulfillments_of(found: wire.Order) -> Iterable[Fulfillment]:
    """Goods that left, with what tracks them; cancelled and failed ones are left out."""
    for each in found.fulfillments:
        if each.status in ("CANCELLED", "ERROR", "FAILURE"):
            continue
        lines: dict[str, Decimal] = {}
        for part in each.fulfillment_line_items.nodes:
            lines[part.line_item.id] = lines.get(part.line_item.id, ZERO) + Decimal(part.quantity or 0)
        yield Fulfillment(
            id=each.id,
            tracking=tuple(
                Tracking(number=it.number, carrier=it.company, url=it.url) for it in each.tracking_info
            ),
            lines={line: quantity for line, quantity in lines.items() if quantity},
            created_at=each.created_at,
        )
