"""Prices that give a line's totals exactly: BigCommerce multiplies a pair of unit prices, with and without tax, by a
whole quantity.

Where no such pair exists, the line is sent as two or three whose prices are one step of the currency apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from itertools import pairwise

from ordersync import minor_units

__all__ = ["Priced", "priced"]


@dataclass(frozen=True)
class Priced:
    """So many units at this pair of prices."""

    quantity: int
    ex_tax: Decimal
    inc_tax: Decimal


def priced(quantity: int, net: Decimal, gross: Decimal, currency: str, digits: int) -> list[Priced]:
    """One line if prices of `digits` digits give both totals, else up to three with the currency's digits.

    3 units for 10.00 net and 11.90 gross become 1 × (3.34, 3.97) and 2 × (3.33, 3.97 or 3.96): the sums are exact.
    Raises ValueError if prices of so few digits cannot give them.
    """
    whole = _exact(quantity, net, digits), _exact(quantity, gross, digits)
    if whole[0] is not None and whole[1] is not None:
        return [Priced(quantity, whole[0], whole[1])]
    step = Decimal(1).scaleb(-min(minor_units(currency), digits))
    if net % step or gross % step:
        raise ValueError(f"no prices of {digits} digits give the line's total")
    low_ex, more_ex = _shared(quantity, net, step)
    low_inc, more_inc = _shared(quantity, gross, step)
    made = []
    borders = sorted({0, more_ex, more_inc, quantity})
    for start, end in pairwise(borders):
        made.append(
            Priced(
                end - start,
                low_ex + (step if start < more_ex else 0),
                low_inc + (step if start < more_inc else 0),
            )
        )
    return made


def _exact(quantity: int, amount: Decimal, digits: int) -> Decimal | None:
    price = (amount / quantity).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_DOWN)
    return price if price * quantity == amount else None


def _shared(quantity: int, amount: Decimal, step: Decimal) -> tuple[Decimal, int]:
    """A unit price, and how many units cost one step more."""
    low = (amount / quantity).quantize(step, rounding=ROUND_DOWN)
    return low, int((amount - low * quantity) / step)
