"""Money: exact decimals, minor units per currency, rounding and fair shares.

No float enters: `Amount` refuses one. Amounts are in major units of a currency named beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, StringConstraints

__all__ = ["ZERO", "Amount", "Currency", "Rate", "minor_unit", "minor_units", "rounded", "shares"]

ZERO = Decimal(0)

_MINOR_UNITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
"""ISO 4217's exponents other than 2."""


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError("an amount must be a decimal or a string, not a float: parse it exactly")
    return value


def _plain(value: Decimal) -> str:
    text = str(value)
    return format(value, "f") if "E" in text else text


Amount = Annotated[
    Decimal,
    Field(allow_inf_nan=False),
    BeforeValidator(_exact),
    PlainSerializer(_plain, return_type=str, when_used="json"),
]
"""A decimal in major units; a float is refused, JSON carries it as a string."""

Rate = Amount
"""A tax rate as a fraction: 0.19 is 19 %."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code."""


def minor_units(currency: str) -> int:
    """How many digits follow the point in `currency` (ISO 4217): JPY 0, USD 2, KWD 3."""
    return _MINOR_UNITS.get(currency, 2)


def minor_unit(currency: str) -> Decimal:
    """The smallest amount of `currency`: 1, 0.01 or 0.001."""
    return Decimal(1).scaleb(-minor_units(currency))


def rounded(amount: Decimal, currency: str) -> Decimal:
    """`amount` in whole minor units of `currency`, half up (away from zero)."""
    return amount.quantize(minor_unit(currency), rounding=ROUND_HALF_UP)


def shares(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Split `amount` over `weights` by largest remainder; ties go to the earlier one.

    The shares are in minor units of `currency` and add up to `amount` exactly. Equal shares if all weights are zero;
    negative weights count as zero.
    """
    if not weights:
        if amount:
            raise ValueError("there is nothing to allocate the amount to")
        return []
    positive = [max(weight, ZERO) for weight in weights]
    if not any(positive):
        positive = [Decimal(1)] * len(weights)
    whole = sum(positive, ZERO)
    unit = minor_unit(currency)
    exact = [Fraction(amount) * Fraction(weight) / Fraction(whole) / Fraction(unit) for weight in positive]
    parts = [int(share) * unit for share in exact]
    left = amount - sum(parts, ZERO)
    step = unit if left >= 0 else -unit
    order = sorted(range(len(parts)), key=lambda i: (-abs(exact[i] - int(exact[i])), i))
    for i in order[: int(abs(left) / unit)]:
        parts[i] += step
    parts[order[0]] += amount - sum(parts, ZERO)
    return parts
