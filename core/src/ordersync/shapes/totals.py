"""Order-level discount, tax and shipping of a payload, brought down to charges; and up again. Pure.

A payload says what its lines cost before discounts, and discount, tax, shipping and total of the whole order. The
discount is allocated to lines by what they cost, the tax to lines by what is paid for them, both by largest remainder,
ties by line order; shipping carries tax only if nothing is paid for the lines. No tax has a rate: none is stated.

Taxes are beside the prices if the parts then give the total, inside them if they give it that way, and beside them if
neither does: the order's findings say so (`source_totals_differ`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ordersync.model import ZERO, Amounts, Charge, ChargeKind, Discount, Line, Order, Tax, shares

__all__ = ["Allocated", "Sums", "allocated", "extra_lines", "sums"]


@dataclass(frozen=True)
class Allocated:
    """The amounts of each line and of shipping, in one tax basis."""

    taxes_included: bool
    lines: tuple[Amounts, ...]
    shipping: Amounts | None


@dataclass(frozen=True)
class Sums:
    """An order's parts, summed as the two shapes name them."""

    subtotal: Decimal
    """Lines before discounts, in the order's tax basis, fees and rounding among them."""
    discount: Decimal
    shipping: Decimal
    tax: Decimal


def allocated(
    listed: Sequence[Decimal],
    unit_prices: Sequence[Decimal | None],
    *,
    currency: str,
    total: Decimal,
    subtotal: Decimal | None,
    discount: Decimal,
    shipping: Decimal | None,
    tax: Decimal,
) -> Allocated:
    """Bring order-level amounts down to charges; all are in minor units of `currency` already.

    `shipping` is None where nothing was shipped. What there is nothing to allocate to is left out, never invented.
    """
    goods = sum(listed, ZERO)
    included = _included((goods, subtotal), total, discount, shipping or ZERO, tax)
    off = shares(discount, listed, currency) if listed else []
    paid = [whole - less for whole, less in zip(listed, off, strict=True)]
    on_shipping = bool(shipping) and not any(part > 0 for part in paid)
    taxes = shares(ZERO if on_shipping else tax, paid, currency) if listed else []

    def amounts(whole: Decimal, less: Decimal, taxed: Decimal, unit_price: Decimal | None) -> Amounts:
        return Amounts.of(
            whole,
            discounts=(Discount(amount=less),) if less else (),
            taxes=(Tax(title="Tax", amount=taxed),) if taxed else (),
            taxes_included=included,
            unit_price=unit_price,
        )

    return Allocated(
        taxes_included=included,
        lines=tuple(map(amounts, listed, off, taxes, unit_prices)),
        shipping=None
        if shipping is None
        else amounts(shipping, ZERO, tax if on_shipping else ZERO, shipping),
    )


def _included(
    bases: Sequence[Decimal | None], total: Decimal, discount: Decimal, shipping: Decimal, tax: Decimal
) -> bool:
    for base in bases:
        if base is not None:
            paid = base - discount + shipping
            if paid + tax == total:
                return False
            if paid == total:
                return True
    return False


def sums(order: Order) -> Sums:
    """What the two shapes state of an order: `subtotal − discount + shipping (+ tax beside the prices)` is the total."""
    shipping = sum((charge.amounts.list_amount for charge in _shipping(order)), ZERO)
    whole = sum((charge.amounts.list_amount for _, charge in order.priced()), order.rounding)
    return Sums(
        subtotal=whole - shipping,
        discount=sum((charge.amounts.discount for _, charge in order.priced()), ZERO),
        shipping=shipping,
        tax=order.tax,
    )


def _shipping(order: Order) -> list[Charge]:
    return [charge for charge in order.charges if charge.kind is ChargeKind.SHIPPING]


def extra_lines(order: Order) -> list[Line]:
    """Charges for which the shapes have no word (fees, tips, duties) and the rounding, as lines without a product."""
    found = [
        Line(
            id=charge.id or f"{charge.kind}-{position}",
            title=charge.title,
            quantity=Decimal(1),
            custom=True,
            requires_shipping=False,
            amounts=charge.amounts,
        )
        for position, charge in enumerate(order.charges, 1)
        if charge.kind is not ChargeKind.SHIPPING
    ]
    if order.rounding:
        found.append(
            Line(
                id="rounding",
                title="Rounding",
                quantity=Decimal(1),
                custom=True,
                requires_shipping=False,
                amounts=Amounts(list_amount=order.rounding, net=order.rounding),
            )
        )
    return found
