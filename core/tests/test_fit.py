"""Fit before sending: every money case comes out to the cent under each target's arithmetic."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ordersync.model import Amounts, Arithmetic, Facts, Item, LineKind, Order, minor_unit, rounded
from ordersync.testing.money import money_cases, order_of_case
from ordersync.testing.sold import line as sold
from ordersync.testing.sold import order as order_of
from ordersync.transfer.drafting import make_draft
from ordersync.transfer.fit import Unfit, fit, predict

ODOO = {
    "line_total": "priced",
    "line_discount": "percent",
    "tax": "rates",
    "net_adjustment": True,
    "tax_adjustment": True,
}
TARGETS = {
    "two digits, per line": {**ODOO, "price_digits": 2, "included_tax": "net_first"},
    "two digits, per order": {
        **ODOO,
        "price_digits": 2,
        "included_tax": "net_first",
        "tax_rounding": "order",
        "included_order_rounding": False,
    },
    "any digits, per line": dict(ODOO),
    "any digits, per order": {**ODOO, "tax_rounding": "order"},
    "one discount": {
        "line_total": "priced",
        "currency_digits_cap": True,
        "order_discount": True,
        "negative_lines": False,
    },
}


def drafted(order: Order) -> Any:
    items = {line.sku: Item(sku=line.sku, product_id=line.sku) for line in order.lines if line.sku}
    return make_draft(order, key="os-" + "a" * 26, platform="test", items=items, customer=None)


def line_total(line: Any, currency: str) -> Decimal:
    return rounded(line.asked_price * line.quantity * (1 - line.asked_percent / 100), currency)


@pytest.mark.parametrize("target", TARGETS)
def test_every_money_case_fits(target: str) -> None:
    rules = Arithmetic.model_validate(TARGETS[target])
    adjusted = 0
    for case in money_cases():
        order = order_of_case(case)
        assert order.findings == (), case["id"]
        if target == "one discount" and "negative" in case["case"]:
            with pytest.raises(Unfit, match="no negative lines"):
                fit(drafted(order), Facts(arithmetic=rules))
            continue
        draft = fit(drafted(order), Facts(arithmetic=rules))
        if rules.line_discount == "percent":
            for line in draft.lines:
                if line.kind in (LineKind.ITEM, LineKind.SHIPPING):
                    wanted = line.amounts.list_amount - line.amounts.discount
                    assert line_total(line, order.currency) == wanted, (case["id"], line)
                    assert line.asked_percent == round(line.asked_percent, 2)
        else:
            sent = sum((line_total(line, order.currency) for line in draft.lines), Decimal(0))
            assert sent - draft.asked_discount == (order.total if order.taxes_included else order.net), case[
                "id"
            ]
        predicted = predict(draft, rules)
        adjusted += any(line.kind in (LineKind.ADJUST_NET, LineKind.ADJUST_TAX) for line in draft.lines)
        if target != "any digits, per order":
            assert predicted == draft.expected, case["id"]
        else:
            assert abs(predicted.total - draft.expected.total) <= Decimal("0.01"), case["id"]
    if rules.tax == "rates":
        assert adjusted, "the cases include orders whose tax rounding differs from the target's"


def test_too_much_to_adjust_is_unfit() -> None:
    case = next(case for case in money_cases() if case["case"] == "us_excl_plain")
    order = order_of_case(case)
    line = order.lines[0]
    wrong = line.amounts.taxes[0].model_copy(update={"amount": line.amounts.taxes[0].amount + 1})
    amounts = line.amounts.model_copy(update={"taxes": (wrong,)})
    order = order.model_copy(
        update={
            "lines": (line.model_copy(update={"amounts": amounts}), *order.lines[1:]),
            "total": order.total + 1,
        }
    )
    with pytest.raises(Unfit) as unfit:
        fit(drafted(order), Facts(arithmetic=Arithmetic.model_validate(TARGETS["any digits, per line"])))
    assert unfit.value.problem.code == "target_arithmetic"


def test_no_adjustment_when_the_route_forbids_it() -> None:
    case = next(case for case in money_cases() if case["case"] == "us_unit_rounded_tax")
    rules = Arithmetic.model_validate(TARGETS["any digits, per line"])
    draft = drafted(order_of_case(case))
    assert len(fit(draft, Facts(arithmetic=rules)).lines) > len(draft.lines)
    with pytest.raises(Unfit):
        fit(draft, Facts(arithmetic=rules), adjustment=0)


def test_a_three_digit_price_is_split_over_two_lines() -> None:
    order = order_of_case(next(case for case in money_cases() if case["case"] == "us_unit_price_3dec"))
    draft = fit(drafted(order), Facts(arithmetic=Arithmetic.model_validate(TARGETS["one discount"])))
    first = [line for line in draft.lines if line.source_id == "1"]
    assert [line.position for line in draft.lines] == list(range(len(draft.lines)))
    assert sum(line.quantity for line in first) == order.lines[0].quantity
    assert sum(line.quantity * line.asked_price for line in first) == order.lines[0].amounts.list_amount
    assert sum(line.amounts.tax for line in first) == order.lines[0].amounts.tax


@pytest.mark.parametrize(
    ("currency", "digits", "quantity", "asked", "lines"),
    [
        ("USD", 4, 3, "10.00", 1),
        ("USD", 4, 3, "-10.00", 1),
        ("USD", 4, 777, "10.00", 2),
        ("USD", 4, 777, "-10.00", 2),
        ("JPY", 2, 3, "1000", 1),
        ("JPY", 2, 30007, "40000", 2),
        ("KWD", 4, 9999, "11.000", 2),
        ("USD", 3, 37, "49.90", 2),
    ],
)
def test_a_finer_price_than_the_currency_leaves_no_part_of_a_minor_unit(
    currency: str, digits: int, quantity: int, asked: str, lines: int
) -> None:
    """Each line is whole minor units, and what the target rounds it to is what it must come to."""
    rules = Arithmetic(line_total="priced", price_digits=digits)
    taxed = f"Tax 0.1 {minor_unit(currency)}"
    order = order_of(
        f"{currency} {Decimal(asked) + minor_unit(currency)}", sold(str(quantity), "1", asked, asked, taxed)
    )
    draft = fit(drafted(order), Facts(arithmetic=rules))
    assert len(draft.lines) == lines
    for line in draft.lines:
        amounts = line.amounts
        for amount in (amounts.list_amount, amounts.net, amounts.tax):
            assert amount == rounded(amount, currency)
        assert line.asked_price == round(line.asked_price, digits)
        assert line_total(line, currency) == amounts.list_amount
    assert sum(line.quantity for line in draft.lines) == quantity
    assert predict(draft, rules) == draft.expected


def test_a_price_whose_total_lies_near_a_half_is_not_relied_on() -> None:
    """15 × 0.043 = 0.645: targets differ about which way it goes."""
    rules = Arithmetic(line_total="priced", price_digits=3)
    order = order_of("USD 0.65", sold("15", "0.043", "0.65", "0.65"))
    parts = fit(drafted(order), Facts(arithmetic=rules)).lines
    assert sum(line.quantity * line.asked_price for line in parts) == Decimal("0.65")


def test_a_tax_without_rate_becomes_a_line() -> None:
    order = order_of_case(next(case for case in money_cases() if case["case"] == "us_excl_plain"))
    lines = tuple(
        line.model_copy(
            update={
                "amounts": line.amounts.model_copy(
                    update={
                        "taxes": tuple(tax.model_copy(update={"rate": None}) for tax in line.amounts.taxes)
                    }
                )
            }
        )
        for line in order.lines
    )
    rules = Arithmetic.model_validate(TARGETS["any digits, per line"])
    draft = fit(drafted(order.model_copy(update={"lines": lines})), Facts(arithmetic=rules))
    (tax,) = [line for line in draft.lines if line.kind is LineKind.TAX]
    assert tax.amounts == Amounts(list_amount=Decimal(0), net=Decimal(0), taxes=tax.amounts.taxes)
    assert tax.amounts.tax == order.tax
    assert predict(draft, rules) == draft.expected
