"""Amounts in one of the two money sets: what was sold, what an edit removed, what the parts come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ordersync import (
    ZERO,
    Charge,
    Discount,
    Line,
    MoneySet,
    Stated,
    Tax,
    rounded,
    shares,
)
from ordersync_shopify import wire

__all__ = [
    "Kept",
    "Side",
    "discounts_of",
    "kept_units",
    "settled",
    "stated_of",
    "taxes_of",
    "tidy",
    "total_of",
    "without_removed",
]


@dataclass(frozen=True)
class Side:
    """One of the two money sets."""

    set: MoneySet
    currency: str

    def exact(self, bag: wire.MoneyBag) -> Decimal:
        return (bag.shop_money if self.set is MoneySet.SHOP else bag.presentment_money).amount

    def amount(self, bag: wire.MoneyBag) -> Decimal:
        return rounded(self.exact(bag), self.currency)

    def optional(self, bag: wire.MoneyBag | None) -> Decimal | None:
        return None if bag is None else self.amount(bag)


@dataclass(frozen=True)
class Kept:
    """How many units of a line were sold, and what the units that an edit removed took with them."""

    quantity: int
    removed: int = 0
    parts: tuple[wire.RefundLine, ...] = ()


def kept_units(found: wire.Order) -> dict[str, Kept]:
    """Per line: sold is what is there now and what was taken back for money; the rest an edit removed.

    A removal by edit is a refund of 0 that lists the units; money given back for it later is a refund without units
    (seen in replies of real shops). A cancelled order keeps its lines: they were sold, its status says the rest.
    """
    returned: dict[str, int] = {}
    removed: dict[str, list[wire.RefundLine]] = {}
    for refund in found.refunds:
        for part in refund.refund_line_items.nodes:
            if refund.total_refunded_set.shop_money.amount:
                returned[part.line_item.id] = returned.get(part.line_item.id, 0) + part.quantity
            else:
                removed.setdefault(part.line_item.id, []).append(part)
    kept = {}
    for line in found.line_items.nodes:
        quantity = line.quantity
        if not (found.cancelled_at and not found.edited):
            quantity = min(line.quantity, line.current_quantity + returned.get(line.id, 0))
        kept[line.id] = Kept(quantity, line.quantity - quantity, tuple(removed.get(line.id, ())))
    return kept


def total_of(found: wire.Order, kept: Mapping[str, Kept], side: Side) -> Decimal:
    """The total with edits in and refunds unsubtracted.

    `totalPriceSet` stands while nothing was removed: it keeps removed units (recorded). Else `currentTotalPriceSet`,
    with what was taken back for money added again.
    """
    if not found.refunds and not found.cancelled_at:
        return side.amount(found.current_total_price_set)
    if not any(units.removed for units in kept.values()):
        return side.amount(found.total_price_set)
    total = side.exact(found.current_total_price_set)
    for refund in found.refunds:
        if not refund.total_refunded_set.shop_money.amount:
            continue
        for part in refund.refund_line_items.nodes:
            total += side.exact(part.subtotal_set)
            total += ZERO if found.taxes_included else side.exact(part.total_tax_set)
        for shipping in refund.refund_shipping_lines.nodes:
            total += side.exact(shipping.subtotal_amount_set)
            total += ZERO if found.taxes_included else side.exact(shipping.tax_amount_set)
        total += sum((side.exact(duty.amount_set) for duty in refund.duties or ()), ZERO)
    return rounded(total, side.currency)


def settled(
    lines: Sequence[Line],
    *,
    sure: list[Charge],
    duties: list[Charge],
    tips: list[Charge],
    cash: list[Decimal],
    total: Decimal,
) -> tuple[tuple[Charge, ...], list[Decimal]]:
    """The charges and, per money set, the rounding.

    Whether duties and tips are lines or fees already, and whether the cash rounding is in the total, is not documented:
    the reading that gives the stated total counts. If none does, everything stated stands and the order says so itself.
    """
    base = sum((line.amounts.gross for line in lines), ZERO)
    base += sum((charge.amounts.gross for charge in sure), ZERO)
    for with_duties, with_tips, with_cash in _READINGS:
        more = [*(duties if with_duties else ()), *(tips if with_tips else ())]
        parts = base + sum((charge.amounts.gross for charge in more), ZERO) + (cash[0] if with_cash else ZERO)
        if parts == total:
            return (*sure, *more), cash if with_cash else [ZERO] * len(cash)
    return (*sure, *duties, *tips), [ZERO] * len(cash)


_READINGS = (
    (True, True, False),
    (True, True, True),
    (True, False, False),
    (True, False, True),
    (False, True, False),
    (False, True, True),
    (False, False, False),
    (False, False, True),
)
"""Duties apart from the fees, tips apart from the lines, cash rounding in the total."""


def tidy(price: Decimal, currency: str) -> Decimal:
    """In the currency's digits, unless it has more of them."""
    whole = rounded(price, currency)
    return whole if whole == price else price


def without_removed(
    kept: Kept,
    listed_removed: Decimal,
    discounts: Sequence[Discount],
    taxes: Sequence[Tax],
    side: Side,
) -> tuple[Decimal, Decimal]:
    """Discount and tax of the units that are left.

    By what the removal states; where it does not account for every removed unit, by the number of units.
    """
    off = sum((each.amount for each in discounts), ZERO)
    tax = sum((each.amount for each in taxes), ZERO)
    if sum(part.quantity for part in kept.parts) == kept.removed:
        paid_removed = sum((side.amount(part.subtotal_set) for part in kept.parts), ZERO)
        tax_removed = sum((side.amount(part.total_tax_set) for part in kept.parts), ZERO)
        off_left = off - (listed_removed - paid_removed)
        tax_left = tax - tax_removed
        if ZERO <= off_left <= off and ZERO <= tax_left <= tax:
            return off_left, tax_left
    units = [Decimal(kept.quantity), Decimal(kept.removed)]
    return shares(off, units, side.currency)[0], shares(tax, units, side.currency)[0]


def discounts_of(allocations: Iterable[wire.Allocation], side: Side) -> tuple[Discount, ...]:
    """What was taken off a line; allocations that round to nothing are left out."""
    return tuple(
        Discount(
            amount=side.amount(each.allocated_amount_set),
            title=each.discount_application.title,
            code=each.discount_application.code,
            percent=None
            if each.discount_application.value.percentage is None
            else abs(each.discount_application.value.percentage),
        )
        for each in allocations
        if side.amount(each.allocated_amount_set)
    )


def taxes_of(lines: Iterable[wire.TaxLine], side: Side) -> tuple[Tax, ...]:
    """The taxes of a line."""
    return tuple(Tax(title=each.title, rate=each.rate, amount=side.amount(each.price_set)) for each in lines)


def stated_of(found: wire.Order, side: Side) -> Stated:
    """The current figures while nothing was given back; else what does not shrink with refunds."""
    if not found.refunds and not found.cancelled_at:
        return Stated(
            subtotal=side.amount(found.current_subtotal_price_set),
            discount=side.amount(found.current_total_discounts_set),
            tax=side.amount(found.current_total_tax_set),
        )
    if found.edited:
        return Stated()
    return Stated(discount=side.optional(found.total_discounts_set), tax=side.optional(found.total_tax_set))
