"""Money under every order of events: shares, orders built step by step, drafts fitted to every arithmetic."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ordersync.model import (
    Amounts,
    Arithmetic,
    Charge,
    ChargeKind,
    Discount,
    Draft,
    Facts,
    Line,
    LineKind,
    Order,
    Tax,
    minor_unit,
    rounded,
    shares,
)
from ordersync.testing.far_side import computed
from ordersync.testing.vectors import VECTORS, draft_of
from ordersync.transfer import Unfit, fit, predict

CURRENCIES = ("USD", "JPY", "KWD")
currencies = st.sampled_from(CURRENCIES)
rates = st.sampled_from([Decimal(rate) for rate in ("0.19", "0.07", "0.08875", "0.2", "0.005")])
brief = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
RULES = [
    Arithmetic.model_validate(
        {
            "line_total": total,
            "line_discount": discount,
            "price_digits": digits,
            "currency_digits_cap": digits is None,
            "order_discount": discount == "none" and tax == "given",
            "tax": tax,
            "tax_rounding": once,
            "included_tax": first,
            "included_order_rounding": follows,
            "net_adjustment": True,
            "tax_adjustment": True,
        }
    )
    for total, discount, digits, tax, once, first, follows in product(
        ("given", "priced"),
        ("none", "percent", "amount"),
        (2, None),
        ("given", "rates"),
        ("line", "order"),
        ("net_first", "tax_first"),
        (True, False),
    )
]
"""Every way to compute that a connector can declare."""


def amounts_of(digits: int, low: int = 0, high: int = 200_000) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda units: Decimal(units).scaleb(-digits))


# -- shares -----------------------------------------------------------------------------------------------------------

weights = st.lists(st.integers(0, 9_999).map(lambda cents: Decimal(cents).scaleb(-2)), min_size=1, max_size=9)


def exact_shares(amount: Decimal, over: list[Decimal]) -> list[Fraction]:
    positive = [Fraction(weight) for weight in over] if any(over) else [Fraction(1)] * len(over)
    return [Fraction(amount) * weight / sum(positive) for weight in positive]


@settings(brief, max_examples=300)
@given(units=st.integers(-100_000, 100_000), over=weights, currency=currencies)
def test_shares_are_whole_and_near_the_exact_ones(units: int, over: list[Decimal], currency: str) -> None:
    unit = minor_unit(currency)
    amount = units * unit
    parts = shares(amount, over, currency)
    assert sum(parts) == amount
    for part, exact in zip(parts, exact_shares(amount, over), strict=True):
        assert part == rounded(part, currency)
        assert abs(Fraction(part) - exact) < Fraction(unit)
        assert part == 0 or (part > 0) == (amount > 0), "a share has the sign of the whole"


@settings(brief, max_examples=300)
@given(units=st.integers(-100_000, 100_000), over=weights, currency=currencies)
def test_whoever_got_more_had_the_larger_remainder(units: int, over: list[Decimal], currency: str) -> None:
    unit = minor_unit(currency)
    exact = [abs(each) / Fraction(unit) for each in exact_shares(units * unit, over)]
    more = [
        abs(part) / unit - int(each)
        for part, each in zip(shares(units * unit, over, currency), exact, strict=True)
    ]
    assert set(more) <= {0, 1}
    least = min((each % 1 for each, up in zip(exact, more, strict=True) if up), default=Fraction(1))
    most = max((each % 1 for each, up in zip(exact, more, strict=True) if not up), default=Fraction(0))
    assert most <= least


@settings(brief, max_examples=200)
@given(
    units=st.integers(-5_000, 5_000),
    count=st.integers(1, 12),
    weight=st.integers(1, 500),
    currency=currencies,
)
def test_equal_charges_differ_by_one_unit_and_the_first_get_it(
    units: int, count: int, weight: int, currency: str
) -> None:
    parts = [abs(part) for part in shares(units * minor_unit(currency), [Decimal(weight)] * count, currency)]
    assert parts == sorted(parts, reverse=True)
    assert max(parts) - min(parts) <= minor_unit(currency)


# -- orders, step by step ---------------------------------------------------------------------------------------------


class Register(RuleBasedStateMachine):
    """A till that builds an order; beside it, sums are kept in whole minor units."""

    @initialize(currency=currencies, included=st.booleans())
    def open(self, currency: str, included: bool) -> None:
        self.currency, self.included = currency, included
        self.priced: list[dict[str, Any]] = []
        self.rounding = 0

    def money(self, units: int) -> Decimal:
        return units * minor_unit(self.currency)

    @rule(quantity=st.integers(1, 7), price=st.integers(0, 30_000), returned=st.booleans())
    def add_line(self, quantity: int, price: int, returned: bool) -> None:
        sign = -1 if returned else 1
        self.priced.append({"quantity": quantity, "list": sign * price * quantity, "off": [], "taxes": []})

    @rule(kind=st.sampled_from(ChargeKind), price=st.integers(0, 5_000))
    def add_charge(self, kind: ChargeKind, price: int) -> None:
        self.priced.append({"kind": kind, "list": price, "off": [], "taxes": []})

    @precondition(lambda self: any(one["list"] > 0 for one in getattr(self, "priced", [])))
    @rule(number=st.integers(0, 99), percent=st.integers(0, 100))
    def discount_one(self, number: int, percent: int) -> None:
        able = [one for one in self.priced if one["list"] > 0]
        one = able[number % len(able)]
        one["off"].append((one["list"] - sum(one["off"])) * percent // 100)

    @precondition(lambda self: any(one["list"] > 0 for one in getattr(self, "priced", [])))
    @rule(percent=st.integers(0, 100))
    def discount_all(self, percent: int) -> None:
        """One discount over all charges, allocated by largest remainder."""
        able = [one for one in self.priced if one["list"] - sum(one["off"]) > 0]
        assume(able)
        left = [one["list"] - sum(one["off"]) for one in able]
        whole = sum(left) * percent // 100
        parts = shares(self.money(whole), [Decimal(each) for each in left], self.currency)
        assert sum(parts) == self.money(whole)
        for one, most, part in zip(able, left, parts, strict=True):
            units = int(part / minor_unit(self.currency))
            assert 0 <= units <= most, "more is taken off than there is"
            one["off"].append(units)

    @precondition(lambda self: bool(getattr(self, "priced", [])))
    @rule(number=st.integers(0, 99), rate=rates)
    def tax_one(self, number: int, rate: Decimal) -> None:
        self.tax(self.priced[number % len(self.priced)], rate)

    @precondition(lambda self: bool(getattr(self, "priced", [])))
    @rule(rate=rates)
    def tax_all(self, rate: Decimal) -> None:
        for one in self.priced:
            self.tax(one, rate)

    def tax(self, one: dict[str, Any], rate: Decimal) -> None:
        paid = one["list"] - sum(one["off"])
        exact = paid * rate / (1 + rate) if self.included else paid * rate
        one["taxes"].append((rate, int(rounded(Decimal(exact), "JPY"))))

    @rule(units=st.integers(-4, 4))
    def round_total(self, units: int) -> None:
        self.rounding = units

    @precondition(lambda self: hasattr(self, "currency"))
    @rule(currency=currencies)
    def change_currency(self, currency: str) -> None:
        """The same whole units, with other digits after the point."""
        self.currency = currency

    def total(self) -> int:
        found = self.rounding
        for one in self.priced:
            found += one["list"] - sum(one["off"])
            found += 0 if self.included else sum(tax for _, tax in one["taxes"])
        return found

    def order(self) -> Order:
        def amounts(one: dict[str, Any]) -> Amounts:
            return Amounts.of(
                self.money(one["list"]),
                discounts=tuple(Discount(amount=self.money(off)) for off in one["off"]),
                taxes=tuple(
                    Tax(title=f"{rate}", rate=rate, amount=self.money(tax)) for rate, tax in one["taxes"]
                ),
                taxes_included=self.included,
            )

        pattern = VECTORS[0].order
        return Order.model_validate(
            {
                **{name: getattr(pattern, name) for name in ("id", "number", "placed_at", "updated_at")},
                "currency": self.currency,
                "taxes_included": self.included,
                "total": self.money(self.total()),
                "rounding": self.money(self.rounding),
                "lines": [
                    Line(
                        id=str(i),
                        title="x",
                        quantity=Decimal(one["quantity"]),
                        amounts=amounts(one),
                        custom=True,
                    )
                    for i, one in enumerate(self.priced)
                    if "kind" not in one
                ],
                "charges": [
                    Charge(kind=one["kind"], title="y", amounts=amounts(one))
                    for one in self.priced
                    if "kind" in one
                ],
            }
        )

    @invariant()
    def everything_adds_up(self) -> None:
        if not hasattr(self, "currency"):
            return
        order = self.order()
        for _, charge in order.priced():
            amounts = charge.amounts
            assert amounts.gross == amounts.net + sum(tax.amount for tax in amounts.taxes)
            paid = amounts.list_amount - amounts.discount
            assert paid == (amounts.gross if self.included else amounts.net)
            for amount in (amounts.net, amounts.gross, amounts.list_amount):
                assert amount == rounded(amount, self.currency), "not in minor units"
        gross = sum((charge.amounts.gross for _, charge in order.priced()), Decimal(0))
        assert order.total == gross + order.rounding == order.net + order.tax + order.rounding
        assert order.findings == ()
        assert Order.model_validate_json(order.model_dump_json()) == order

    @invariant()
    def its_draft_has_the_same_amounts(self) -> None:
        if not hasattr(self, "currency"):
            return
        order = self.order()
        draft = draft_of(order)
        assert sum((line.amounts.gross for line in draft.lines), Decimal(0)) == order.total
        assert draft.expected.net + draft.expected.tax == draft.expected.total == order.total


Register.TestCase.settings = settings(brief, max_examples=40, stateful_step_count=15)
test_register = Register.TestCase


# -- fit --------------------------------------------------------------------------------------------------------------


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Orders as sources have them: discounts, several taxes, rounded per line, per unit or over the order."""
    till = Register()
    till.open(draw(currencies), draw(st.booleans()))
    rate = draw(st.lists(rates, max_size=2, unique=True))
    for _ in range(draw(st.integers(1, 4))):
        till.add_line(draw(st.integers(1, 7)), draw(st.integers(0, 30_000)), draw(st.integers(0, 9)) == 0)
    if draw(st.booleans()):
        till.add_charge(draw(st.sampled_from(ChargeKind)), draw(st.integers(0, 5_000)))
    able = any(one["list"] > 0 for one in till.priced)
    if able and draw(st.booleans()):
        till.discount_one(draw(st.integers(0, 99)), draw(st.integers(0, 100)))
    if able and draw(st.booleans()) and any(one["list"] > sum(one["off"]) for one in till.priced):
        till.discount_all(draw(st.integers(0, 100)))
    for one in till.priced:
        paid = one["list"] - sum(one["off"])
        whole = 1 + sum(rate) if till.included else 1
        one["taxes"] = [(each, int(rounded(paid * each / whole, "JPY"))) for each in rate]
    till.rounding = draw(st.sampled_from([0, 0, -2, 3]))
    return till.order()


@settings(brief, max_examples=250)
@given(order=orders(), rules=st.sampled_from(RULES), bound=st.integers(0, 2))
def test_what_fits_is_what_the_target_will_compute(order: Order, rules: Arithmetic, bound: int) -> None:
    draft = draft_of(order)
    try:
        fitted = fit(draft, Facts(arithmetic=rules), adjustment=bound)
    except Unfit as unfit:
        problem = unfit.problem
    else:
        check_fitted(draft, fitted, rules, bound)
        return
    assert problem.remedy
    assert problem.code in {"unit_price", "target_arithmetic", "negative_line", "tax_rate_missing"}


def check_fitted(draft: Draft, fitted: Draft, rules: Arithmetic, bound: int) -> None:
    unit = minor_unit(draft.currency)
    totals = predict(fitted, rules)
    assert (totals.net, totals.tax) == (draft.expected.net, draft.expected.tax)
    assert computed(fitted, rules) == (totals.net, totals.tax), "the target computes otherwise than predicted"
    assert [line.position for line in fitted.lines] == list(range(len(fitted.lines)))
    assert len({line.key for line in fitted.lines}) == len(fitted.lines), "two lines have one key"
    extra = [line for line in fitted.lines if line.kind in (LineKind.ADJUST_NET, LineKind.ADJUST_TAX)]
    most = unit * bound * max(5, len(fitted.lines))
    assert all(abs(line.amounts.gross) <= most for line in extra)
    assert fit(draft, Facts(arithmetic=rules), adjustment=bound) == fitted, "the same in, the same out"
    if rules.line_total == "priced":
        check_prices(fitted, rules)


def check_prices(fitted: Draft, rules: Arithmetic) -> None:
    """Prices and percents have the digits that the target holds."""
    for line in fitted.lines:
        if line.kind in (LineKind.ADJUST_NET, LineKind.ADJUST_TAX, LineKind.TAX):
            continue
        digits = rules.price_digits
        if rules.currency_digits_cap:
            digits = -int(minor_unit(fitted.currency).as_tuple().exponent)
        if digits is not None:
            step = Decimal(1).scaleb(-digits)
            assert line.asked_price == line.asked_price.quantize(step, rounding=ROUND_DOWN)
        assert 0 <= line.asked_percent <= 100
        assert line.asked_percent == round(line.asked_percent, rules.percent_digits)


@settings(brief, max_examples=150)
@given(order=orders(), rules=st.sampled_from([rules for rules in RULES if rules.line_total == "given"]))
def test_the_prediction_is_an_independent_readings_too(order: Order, rules: Arithmetic) -> None:
    draft = draft_of(order)
    totals = predict(draft, rules)
    assert computed(draft, rules) == (totals.net, totals.tax)
    assert totals.total == totals.net + totals.tax


def test_every_arithmetic_is_tried() -> None:
    assert len(RULES) == len({rules.model_dump_json() for rules in RULES}) == 192
    fields = set(Arithmetic.model_fields) - {
        "percent_digits",
        "negative_lines",
        "net_adjustment",
        "tax_adjustment",
    }
    for name in fields:
        assert len({getattr(rules, name) for rules in RULES}) > 1, name


@pytest.mark.parametrize("currency", CURRENCIES)
def test_ties_of_equal_weights_go_by_line_order(currency: str) -> None:
    unit = minor_unit(currency)
    assert shares(2 * unit, [Decimal(3)] * 3, currency) == [unit, unit, 0 * unit]


def test_ties_of_unequal_shares_go_by_line_order() -> None:
    """83.33…, 8.33… and 8.33… cents leave one cent and three equal remainders: it is the first line's."""
    parts = shares(Decimal("1.00"), [Decimal(10), Decimal(1), Decimal(1)], "USD")
    assert parts == [Decimal("0.84"), Decimal("0.08"), Decimal("0.08")]
