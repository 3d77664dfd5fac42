"""How SAP Business One computes a document.

A row is quantity × price less its discount, rounded. Taxes are rounded once for all rows of a code, and what the rows'
own taxes miss of that is given to one of them (SAP note 3379849); or row by row, if the company does not group rows.
Prices with tax stay as they are, and the tax within them is rounded per code
(answers.sap.com/questions/12636616). The tax of a freight is rounded apart from that of the rows
(community.sap.com/…/qaq-p/5742610, release 2007), unless the option `freight_tax` says otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

__all__ = ["Amount", "Rules", "computed"]

ZERO = Decimal(0)


@dataclass
class Amount:
    """One row or freight: what it comes to."""

    code: str
    rates: tuple[Decimal, ...]
    """In percent; several where a sales tax code has several jurisdictions."""
    paid: Decimal
    """In the basis in which it was given, after its own discount."""
    gross: bool
    freight: bool = False
    net: Decimal = ZERO
    tax: Decimal = ZERO


@dataclass(frozen=True)
class Rules:
    """The company's."""

    grouped: bool
    freight_apart: bool
    unit: Decimal
    """The smallest amount of the currency."""


def rounded(amount: Decimal, unit: Decimal) -> Decimal:
    """Half up, away from zero, in whole `unit`."""
    return (amount / unit).quantize(Decimal(1), rounding=ROUND_HALF_UP) * unit


def computed(rows: list[Amount], rules: Rules, discount: Decimal = ZERO) -> Decimal:
    """Fill net and tax of every row; answers the document's discount, which is `discount` percent of the rows' nets."""
    groups: dict[tuple[object, ...], list[Amount]] = defaultdict(list)
    for number, row in enumerate(rows):
        together = rules.grouped and not (row.freight and rules.freight_apart)
        groups[(row.code, row.gross, together or number)].append(row)
    off = ZERO
    for group in groups.values():
        off += _group(group, rules, discount)
    return rounded(off, rules.unit)


def _group(group: list[Amount], rules: Rules, discount: Decimal) -> Decimal:
    first = group[0]
    kept = 1 - (ZERO if first.freight else discount) / 100
    for row, tax in zip(group, _taxes(group, rules.unit, kept), strict=True):
        row.tax = tax
    within = _taxes(group, rules.unit, Decimal(1)) if first.gross else [ZERO] * len(group)
    for row, tax in zip(group, within, strict=True):
        row.net = row.paid - tax
    return ZERO if first.freight else sum((row.net for row in group), ZERO) * discount / 100


def _taxes(group: list[Amount], unit: Decimal, kept: Decimal) -> list[Decimal]:
    """Each row's tax if `kept` of its amount is left: together they are the tax of the group's sum."""
    first = group[0]
    divisor = 1 + sum(first.rates, ZERO) / 100 if first.gross else Decimal(1)

    def tax(paid: Decimal) -> Decimal:
        return sum((rounded(paid * kept * rate / 100 / divisor, unit) for rate in first.rates), ZERO)

    taxes = [tax(row.paid) for row in group]
    missing = tax(sum((row.paid for row in group), ZERO)) - sum(taxes, ZERO)
    return _spread(missing, group, taxes, unit)


def _spread(missing: Decimal, group: list[Amount], taxes: list[Decimal], unit: Decimal) -> list[Decimal]:
    """Row by row its weight of what is missing, by what is left of the rows; what rounds to nothing waits for the next."""
    left = sum((abs(row.paid) for row in group), ZERO)
    spread = list(taxes)
    for i, row in enumerate(group):
        if not missing or not left:
            break
        part = rounded(missing * abs(row.paid) / left, unit)
        spread[i] += part
        missing -= part
        left -= abs(row.paid)
    spread[-1] += missing
    return spread
