"""From a source's order and the target's ids to a draft. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from ordersync.model import (
    Amounts,
    ChargeKind,
    CustomerRef,
    Draft,
    DraftLine,
    Item,
    LineKind,
    Order,
    Totals,
    operation_key,
)

__all__ = ["make_draft"]

_KINDS = {
    ChargeKind.SHIPPING: LineKind.SHIPPING,
    ChargeKind.FEE: LineKind.FEE,
    ChargeKind.TIP: LineKind.TIP,
    ChargeKind.DUTY: LineKind.DUTY,
}

_ONE = Decimal(1)


def _price(amounts: Amounts, quantity: Decimal) -> Decimal:
    """The unit price to ask for, as the source says it or as its list amount says."""
    return amounts.list_amount / quantity if amounts.unit_price is None else amounts.unit_price


def make_draft(
    order: Order,
    *,
    key: str,
    platform: str,
    items: Mapping[str, Item],
    customer: CustomerRef | None,
) -> Draft:
    """The draft of `order`. `items` are by SKU; a line whose SKU is not among them becomes a custom line."""
    lines: list[DraftLine] = []
    for line in order.lines:
        item = items.get(line.sku) if line.sku else None
        lines.append(
            DraftLine(
                position=len(lines),
                key=operation_key(key, f"line:{len(lines)}"),
                kind=LineKind.ITEM if item else LineKind.CUSTOM,
                source_id=line.id,
                title=f"{line.title} - {line.variant_title}" if line.variant_title else line.title,
                sku=line.sku,
                item=item,
                quantity=line.quantity,
                amounts=line.amounts,
                asked_price=_price(line.amounts, line.quantity),
                requires_shipping=line.requires_shipping,
                properties=line.properties,
            )
        )
    more = [(_KINDS[charge.kind], charge.title, charge.amounts, charge.id) for charge in order.charges]
    if order.rounding:
        rounding = Amounts(list_amount=order.rounding, net=order.rounding)
        more.append((LineKind.ROUNDING, "Rounding", rounding, None))
    for kind, title, amounts, source_id in more:
        lines.append(
            DraftLine(
                position=len(lines),
                key=operation_key(key, f"line:{len(lines)}"),
                kind=kind,
                source_id=source_id,
                title=title,
                amounts=amounts,
                asked_price=_price(amounts, _ONE),
                requires_shipping=False,
            )
        )
    return Draft(
        key=key,
        source_platform=platform,
        source_id=order.id,
        number=order.number,
        currency=order.currency,
        taxes_included=order.taxes_included,
        status=order.status,
        payment_status=order.payment_status,
        fulfillment_status=order.fulfillment_status,
        customer_ref=customer,
        customer=order.customer,
        company=order.company,
        email=order.email or (order.customer.email if order.customer else None),
        phone=order.phone,
        billing=order.billing or order.shipping,
        shipping=order.shipping or order.billing,
        lines=tuple(lines),
        payments=order.payments,
        discount_codes=order.discount_codes,
        expected=Totals(
            currency=order.currency, net=order.net + order.rounding, tax=order.tax, total=order.total
        ),
        note=order.note,
        tags=order.tags,
        metadata=order.metadata,
        po_number=order.po_number,
        placed_at=order.placed_at,
        test=order.test,
    )
