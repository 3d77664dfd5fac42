"""Lines, shipping, fees and tips with their amounts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ordersync import (
    Amounts,
    Charge,
    ChargeKind,
    Line,
    rounded,
    shares,
)
from ordersync_shopify import wire
from ordersync_shopify.amounts import Kept, Side, discounts_of, taxes_of, tidy, without_removed

__all__ = [
    "fee_of",
    "line_of",
    "shipping_of",
    "tips_of",
]


def line_of(line: wire.LineItem, kept: Kept, taxes_included: bool, sides: Sequence[Side]) -> Line:
    """A line, its amounts in each money set."""
    amounts = [_line_amounts(line, kept, taxes_included, side) for side in sides]
    group = line.line_item_group
    extra: dict[str, Any] = {"lineItemGroup": {"id": group.id, "title": group.title}} if group else {}
    if line.is_gift_card:
        extra["isGiftCard"] = True
    if line.vendor:
        extra["vendor"] = line.vendor
    return Line(
        id=line.id,
        title=line.title,
        quantity=Decimal(kept.quantity),
        sku=line.sku or None,
        variant_title=line.variant_title or None,
        product_id=line.product.id if line.product else None,
        variant_id=line.variant.id if line.variant else None,
        requires_shipping=line.requires_shipping,
        custom=not (line.sku or line.variant or line.product),
        amounts=amounts[0],
        other_amounts=amounts[1] if len(amounts) == 2 else None,
        properties={pair.key: pair.value or "" for pair in line.custom_attributes},
        extra=extra,
    )


def _line_amounts(line: wire.LineItem, kept: Kept, taxes_included: bool, side: Side) -> Amounts:
    unit = side.exact(line.original_unit_price_set)
    listed = rounded(unit * kept.quantity, side.currency)
    discounts = discounts_of(line.discount_allocations, side)
    taxes = taxes_of(line.tax_lines, side)
    if kept.removed:
        whole = rounded(unit * line.quantity, side.currency)
        off, tax = without_removed(kept, whole - listed, discounts, taxes, side)
        discounts = tuple(
            discount.model_copy(update={"amount": amount})
            for discount, amount in zip(
                discounts, shares(off, [each.amount for each in discounts], side.currency), strict=True
            )
        )
        taxes = tuple(
            each.model_copy(update={"amount": amount})
            for each, amount in zip(
                taxes, shares(tax, [each.amount for each in taxes], side.currency), strict=True
            )
        )
    return Amounts.of(
        listed,
        discounts=discounts,
        taxes=taxes,
        taxes_included=taxes_included,
        unit_price=tidy(unit, side.currency),
    )


def shipping_of(line: wire.ShippingLine, index: int, taxes_included: bool, sides: Sequence[Side]) -> Charge:
    """A shipping line."""
    amounts = [
        Amounts.of(
            side.amount(line.original_price_set),
            discounts=discounts_of(line.discount_allocations, side),
            taxes=taxes_of(line.tax_lines, side),
            taxes_included=taxes_included,
        )
        for side in sides
    ]
    return Charge(
        kind=ChargeKind.SHIPPING,
        title=line.title,
        code=line.code,
        id=line.id or f"shipping:{index}",
        carrier=line.carrier_identifier or line.source,
        amounts=amounts[0],
        other_amounts=amounts[1] if len(amounts) == 2 else None,
    )


def fee_of(
    fee: wire.Fee | wire.Duty, kind: ChargeKind, title: str, taxes_included: bool, sides: Sequence[Side]
) -> Charge:
    """A fee or a duty."""
    amounts = [
        Amounts.of(side.amount(fee.price), taxes=taxes_of(fee.tax_lines, side), taxes_included=taxes_included)
        for side in sides
    ]
    return Charge(
        kind=kind,
        title=title,
        id=fee.id,
        amounts=amounts[0],
        other_amounts=amounts[1] if len(amounts) == 2 else None,
    )


def tips_of(found: wire.Order, sides: Sequence[Side]) -> list[Charge]:
    """The tip as a charge without tax; none if nothing was tipped."""
    given = [side.amount(found.total_tip_received_set) for side in sides]
    if not given[0]:
        return []
    amounts = [Amounts(list_amount=amount, net=amount) for amount in given]
    return [
        Charge(
            kind=ChargeKind.TIP,
            title="Tip",
            amounts=amounts[0],
            other_amounts=amounts[1] if len(amounts) == 2 else None,
        )
    ]
