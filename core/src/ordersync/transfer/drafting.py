"""From a source's order and the target's ids to a draft. Pure."""

from __future__ import annotations

from collections.abc import Mapping

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

    def add(kind: LineKind, title: str, amounts: Amounts, **more: object) -> None:
        position = len(lines)
        quantity = more.get("quantity", 1)
        price = amounts.unit_price
        if price is None:
            price = amounts.list_amount / quantity  # type: ignore[operator]
        lines.append(
            DraftLine.model_validate(
                {
                    "position": position,
                    "key": operation_key(key, f"line:{position}"),
                    "kind": kind,
                    "title": title,
                    "amounts": amounts,
                    "asked_price": price,
                    **more,
                }
            )
        )

    for line in order.lines:
        item = items.get(line.sku) if line.sku else None
        title = f"{line.title} - {line.variant_title}" if line.variant_title else line.title
        add(
            LineKind.ITEM if item else LineKind.CUSTOM,
            title,
            line.amounts,
            quantity=line.quantity,
            sku=line.sku,
            item=item,
            source_id=line.id,
            requires_shipping=line.requires_shipping,
            properties=line.properties,
        )
    for charge in order.charges:
        add(_KINDS[charge.kind], charge.title, charge.amounts, source_id=charge.id, requires_shipping=False)
    if order.rounding:
        add(
            LineKind.ROUNDING,
            "Rounding",
            Amounts(list_amount=order.rounding, net=order.rounding),
            requires_shipping=False,
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
