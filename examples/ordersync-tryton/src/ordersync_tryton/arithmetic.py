"""What Tryton makes of prices, quantities and taxes: its own rounding, predicted to the cent. Pure.

A line comes to price × quantity, rounded half to even. Taxes are computed from the *unrounded* price × quantity; lines
that bear the same taxes are added up first (`document`) or each is rounded (`line`), as the company is set up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from ordersync import ZERO

from ordersync_tryton.wire import TaxRow

__all__ = ["PRICE_STEP", "Endless", "Priced", "Rounding", "exact_tax", "half_even", "price_for", "tax_total"]

PRICE_STEP = Decimal("0.0001")
"""Unit prices have four digits, unless the server's configuration says otherwise."""

Rounding = Literal["document", "line"]


class Endless(Exception):
    """Tryton would never finish to compute these taxes."""


@dataclass(frozen=True)
class Priced:
    """A line as far as money goes."""

    price: Decimal
    quantity: Decimal
    taxes: tuple[TaxRow, ...] = ()


def half_even(amount: Decimal, unit: Decimal) -> Decimal:
    """`amount` in whole units (0.01), a half to the even one: how Tryton rounds everything."""
    return (amount / unit).quantize(Decimal(1), rounding=ROUND_HALF_EVEN) * unit


def price_for(net: Decimal, quantity: Decimal, unit: Decimal) -> Decimal | None:
    """The unit price with which `quantity` comes to `net`; None if four digits cannot say it."""
    price = (net / quantity).quantize(PRICE_STEP)
    return price if half_even(price * quantity, unit) == net else None


def exact_tax(line: Priced, tax: TaxRow) -> Decimal:
    """One tax of a line, not yet rounded."""
    if tax.type == "fixed":
        return (tax.amount or ZERO) * line.quantity
    return (tax.rate or ZERO) * line.price * line.quantity


def tax_total(lines: Iterable[Priced], rounding: Rounding, unit: Decimal) -> Decimal:
    """The tax that Tryton computes for a sale with these lines. Raises Endless if it would not come to an end."""
    alike: dict[tuple[object, ...], list[Priced]] = defaultdict(list)
    for line in lines:
        ids = tuple(tax.id for tax in line.taxes)
        alike[(*ids, line.price * line.quantity >= 0)].append(line)
    return sum((_taxes_of(group, rounding, unit) for group in alike.values()), ZERO)


def _taxes_of(group: Sequence[Priced], rounding: Rounding, unit: Decimal) -> Decimal:
    taxes = group[0].taxes
    if rounding == "line":
        return sum((_together([exact_tax(line, tax) for tax in taxes], unit) for line in group), ZERO)
    return _together([sum((exact_tax(line, tax) for line in group), ZERO) for tax in taxes], unit)


def _together(amounts: Sequence[Decimal], unit: Decimal) -> Decimal:
    """Several taxes of the same lines: each is rounded, and what that added is taken off again, coin by coin.

    It is taken from taxes that are not zero. Where all have become zero Tryton 8.2 goes round for ever. Raises Endless.
    """
    parts = [half_even(amount, unit) for amount in amounts]
    added = half_even(sum(parts, ZERO) - sum(amounts, ZERO), unit)
    coin = unit.copy_sign(added)
    while added:
        if not any(parts):
            raise Endless
        for place, part in enumerate(parts):
            if part and added:
                parts[place] -= coin
                added -= coin
    return sum(parts, ZERO)
