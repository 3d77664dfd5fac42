"""Money is exact: no float in any model, shares that add up, minor units per currency."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

import ordersync.model as words
from ordersync.model import Amounts, Discount, Order, Tax, minor_unit, minor_units, rounded, shares
from ordersync.testing.floats import float_fields

CURRENCIES = st.sampled_from(["USD", "JPY", "KWD"])


def test_no_float_in_the_model() -> None:
    models = [
        value for value in vars(words).values() if isinstance(value, type) and issubclass(value, BaseModel)
    ]
    assert len(models) > 30
    assert float_fields(*models) == []


def test_the_float_finder_finds() -> None:
    class Inner(BaseModel):
        price: float

    class Outer(BaseModel):
        many: dict[str, tuple[Inner | None, ...]]

    assert float_fields(Outer) == ["Inner.price"]


def test_a_float_is_refused_and_not_shown() -> None:
    with pytest.raises(ValidationError) as error:
        Tax.model_validate({"amount": 19.99})
    assert "float" in str(error.value)
    assert "19.99" not in str(error.value)


@given(
    amount=st.decimals(-10_000, 10_000, places=3),
    weights=st.lists(st.decimals(0, 1000, places=2), min_size=1, max_size=12),
    currency=CURRENCIES,
)
def test_shares_add_up_in_minor_units(amount: Decimal, weights: list[Decimal], currency: str) -> None:
    amount = rounded(amount, currency)
    parts = shares(amount, weights, currency)
    assert sum(parts) == amount
    assert all(part == rounded(part, currency) for part in parts)
    whole = sum(weights)
    if whole:
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part - amount * weight / whole) < minor_unit(currency)


def test_ties_go_to_the_earlier_one() -> None:
    assert shares(Decimal("0.05"), [Decimal(1)] * 3, "USD") == [
        Decimal("0.02"),
        Decimal("0.02"),
        Decimal("0.01"),
    ]
    assert shares(Decimal("-0.01"), [Decimal(1)] * 3, "USD") == [Decimal("-0.01"), Decimal(0), Decimal(0)]


def test_minor_units() -> None:
    assert [minor_units(currency) for currency in ("JPY", "USD", "KWD", "CLF")] == [0, 2, 3, 4]
    assert rounded(Decimal("2.005"), "USD") == Decimal("2.01")
    assert rounded(Decimal("-2.005"), "USD") == Decimal("-2.01")
    assert rounded(Decimal("0.5"), "JPY") == 1


@pytest.mark.parametrize("included", [True, False])
def test_one_arithmetic(included: bool) -> None:
    amounts = Amounts.of(
        Decimal("119.00"),
        discounts=(Discount(amount=Decimal("11.90")),),
        taxes=(Tax(rate=Decimal("0.19"), amount=Decimal("17.10")),),
        taxes_included=included,
    )
    assert amounts.gross == amounts.net + amounts.tax
    assert (amounts.gross if included else amounts.net) == Decimal("107.10")


def test_a_charge_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(ValidationError, match="/lines/0: list_amount"):
        Order.model_validate(
            {
                "id": "1",
                "number": "1",
                "currency": "USD",
                "taxes_included": False,
                "total": "10",
                "placed_at": "2026-01-01T00:00:00Z",
                "updated_at": "2026-01-01T00:00:00Z",
                "lines": [
                    {"id": "1", "title": "x", "quantity": "1", "amounts": {"list_amount": "10", "net": "9"}}
                ],
            }
        )
