"""How an order's amounts come about: line subtotals, taxes, and the two rounding methods of the two versions (measured).

A value that a double would hold just below a half is taken as the half, as the platform does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

__all__ = ["LineAmounts", "Priced", "Tax", "line_amounts", "order_amounts", "round_to"]

ZERO = Decimal(0)
_HUNDRED = Decimal(100)
_EPSILON = Decimal(2) ** -50


def round_to(value: Decimal, unit: Decimal) -> Decimal:
    """`value` in whole `unit`s, half away from zero, with a double's epsilon of allowance."""
    scaled = value / unit
    scaled += scaled * _EPSILON
    return scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP) * unit


@dataclass(frozen=True)
class Tax:
    """A tax as it applies to a line."""

    id: int
    amount: Decimal
    fixed: bool
    included: bool


@dataclass(frozen=True)
class Priced:
    """What a line is computed from; its taxes in the order of their sequence."""

    price: Decimal
    quantity: Decimal
    discount: Decimal
    taxes: tuple[Tax, ...] = ()

    @property
    def gross(self) -> Decimal:
        """Unrounded, before anything is taken out or put on top."""
        return self.price * (1 - self.discount / _HUNDRED) * self.quantity


@dataclass
class LineAmounts:
    """A line's base and taxes, in what precision the rounding method keeps."""

    base: Decimal
    taxes: list[tuple[Tax, Decimal]] = field(default_factory=list)

    @property
    def included(self) -> Decimal:
        return self.base + sum((amount for _, amount in self.taxes), ZERO)


def line_amounts(line: Priced, unit: Decimal, *, version: str, globally: bool) -> LineAmounts:
    """One line's base and taxes (measured)."""
    if version == "17":
        return _net_first(line, unit, globally)
    return _tax_first(line, unit, globally)


def _fixed(line: Priced, tax: Tax) -> Decimal:
    return tax.amount * line.quantity


def _net_first(line: Priced, unit: Decimal, globally: bool) -> LineAmounts:
    """17: the base is rounded first, the last included tax is what remains; a global method leaves only the taxes
    that come on top unrounded."""
    total = round_to(line.gross, unit)
    percent = sum((tax.amount for tax in line.taxes if tax.included and not tax.fixed), ZERO)
    fixed = sum((_fixed(line, tax) for tax in line.taxes if tax.included and tax.fixed), ZERO)
    base = round_to((total - fixed) / (1 + percent / _HUNDRED), unit)
    last = max((i for i, tax in enumerate(line.taxes) if tax.included), default=-1)
    amounts = LineAmounts(base)
    taken = ZERO
    for i, tax in enumerate(line.taxes):
        if tax.included and i == last:
            amount = total - base - taken
        else:
            amount = _fixed(line, tax) if tax.fixed else base * tax.amount / _HUNDRED
            if tax.included or not globally:
                amount = round_to(amount, unit)
        if tax.included:
            taken += amount
        amounts.taxes.append((tax, amount))
    return amounts


def _tax_first(line: Priced, unit: Decimal, globally: bool) -> LineAmounts:
    """19: taxes are computed on the total, the base is what remains."""
    total = line.gross if globally else round_to(line.gross, unit)
    percent = sum((tax.amount for tax in line.taxes if tax.included and not tax.fixed), ZERO)
    fixed = sum((_fixed(line, tax) for tax in line.taxes if tax.included and tax.fixed), ZERO)
    factor = 1 + percent / _HUNDRED
    amounts = {}
    for tax in line.taxes:
        if tax.fixed:
            amount = _fixed(line, tax)
        elif tax.included:
            amount = (total - fixed) * tax.amount / _HUNDRED / factor
        else:
            continue
        amounts[tax.id] = amount if globally else round_to(amount, unit)
    base = total - sum((amounts[tax.id] for tax in line.taxes if tax.included), ZERO)
    for tax in line.taxes:
        if tax.id not in amounts:
            amount = base * tax.amount / _HUNDRED
            amounts[tax.id] = amount if globally else round_to(amount, unit)
    return LineAmounts(base, [(tax, amounts[tax.id]) for tax in line.taxes])


def order_amounts(
    lines: Sequence[LineAmounts], unit: Decimal, *, version: str, globally: bool
) -> tuple[Decimal, Decimal]:
    """An order's untaxed amount and tax (measured)."""
    per_tax: dict[int, Decimal] = {}
    for line in lines:
        for tax, amount in line.taxes:
            per_tax[tax.id] = per_tax.get(tax.id, ZERO) + amount
    tax_total = sum((round_to(amount, unit) for amount in per_tax.values()), ZERO)
    if version == "17" or not globally:
        return sum((round_to(line.base, unit) for line in lines), ZERO), tax_total
    on_top = any(not tax.included and round_to(amount, unit) for line in lines for tax, amount in line.taxes)
    if on_top:
        return round_to(sum((line.base for line in lines), ZERO), unit), tax_total
    return round_to(sum((line.included for line in lines), ZERO), unit) - tax_total, tax_total
