"""What a target cannot hold is counted once where an order has it and not where none has; nothing is written."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parent))
from ends import Ends, order

from ordersync.errors import TryLater
from ordersync.hookspecs import hookimpl
from ordersync.model import (
    Amounts,
    Arithmetic,
    Customer,
    Decision,
    Discount,
    Facts,
    Fulfillment,
    Order,
    OrderStatus,
    OtherSet,
    Problem,
    Tax,
    Tracking,
)
from ordersync.transfer.newest import newest
from ordersync.transfer.pair import LimitMet, PairCheck, PairReport

PRICED = {"line_total": "priced"}
RATES = {"tax": "rates", "net_adjustment": True, "tax_adjustment": True}


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Ends()
    yield made
    made.close()


def checked(ends: Ends, orders: int = 50) -> PairReport:
    """The report; that nothing was written is checked each time."""
    before = written(ends)
    report = PairCheck(*ends._parts(), clock=ends.clock, workers=1).run(orders)
    assert written(ends) == before
    return report


def written(ends: Ends) -> tuple[object, ...]:
    store = ends.ledger._store
    with store.engine.connect() as db:
        names = sorted(sa.inspect(db).get_table_names())
        assert names
        rows = {
            name: [tuple(row) for row in db.execute(sa.text(f'SELECT * FROM "{name}"'))] for name in names
        }
    platforms = [
        (dict(one.orders), dict(one.customers), dict(one.placed)) for one in (ends.shop_store, ends.erp_store)
    ]
    return rows, platforms, list(ends.erp.writes)


def facts(ends: Ends, arithmetic: dict[str, Any] | None = None, **changed: Any) -> None:
    """Let the target be so."""
    rules = Arithmetic.model_validate(arithmetic or {})
    ends.erp.facts = ends.erp.facts.model_copy(update={**changed, "arithmetic": rules})


def limit(report: PairReport, code: str) -> LimitMet:
    (found,) = (each for each in report.limits if each.code == code)
    return found


def line(number: int, amounts: Amounts, *, quantity: str = "1", **more: Any) -> Order:
    """An order of one line with these amounts."""
    plain = order(number)
    changed = plain.lines[0].model_copy(update={"amounts": amounts, "quantity": Decimal(quantity), **more})
    return Order.model_validate(
        {**plain.model_dump(), "lines": [changed.model_dump()], "total": amounts.gross}
    )


def amounts(
    listed: str, *taxes: tuple[str | None, str], off: str = "0", percent: str | None = None
) -> Amounts:
    discounts = (
        (Discount(amount=Decimal(off), percent=Decimal(percent) if percent else None),)
        if Decimal(off)
        else ()
    )
    return Amounts.of(
        Decimal(listed),
        discounts=discounts,
        taxes=tuple(Tax(rate=Decimal(rate) if rate else None, amount=Decimal(tax)) for rate, tax in taxes),
        taxes_included=False,
    )


def guest(number: int) -> Order:
    return order(number, customer=Customer(email="guest@example.com"))


def nobody(number: int) -> Order:
    return order(number, email=None, customer=Customer(id="C1", first_name="Amber"))


def sent(number: int) -> Order:
    return order(number, fulfillments=(Fulfillment(tracking=(Tracking(number="T1"),)),))


def custom(number: int) -> Order:
    return line(number, amounts("10.00"), sku=None, custom=True)


def two_currencies(number: int) -> Order:
    plain = order(number)
    changed = plain.lines[0].model_copy(update={"other_amounts": amounts("9.00", ("0.1", "0.90"))})
    other = OtherSet(currency="EUR", total=Decimal("9.90"))
    return plain.model_copy(update={"lines": (changed,), "other": other})


CASES: list[Any] = [
    pytest.param("guest", {"guests": False}, {}, guest(1), ("changed", 0), id="guest-created"),
    pytest.param(
        "guest", {"guests": False}, {"guests": "without"}, guest(1), ("parks", 1), id="guest-without"
    ),
    pytest.param("guest", {"guests": False}, {"guests": "park"}, guest(1), ("parks", 1), id="guest-park"),
    pytest.param(
        "customer_email", {"customer_email": True}, {}, nobody(1), ("parks", 1), id="customer-email"
    ),
    pytest.param("custom_line", {"custom_lines": False}, {}, custom(1), ("parks", 1), id="custom-line"),
    pytest.param(
        "quantity",
        {"quantity_digits": 0},
        {},
        line(1, amounts("15.00"), quantity="1.5"),
        ("parks", 1),
        id="quantity",
    ),
    pytest.param("money_set", {}, {}, two_currencies(1), ("parks", 1), id="money-open"),
    pytest.param("money_set", {}, {"money": "shop"}, two_currencies(1), ("changed", 0), id="money-chosen"),
    pytest.param(
        "currency",
        {"currencies": frozenset({"USD"})},
        {},
        order(1, currency="EUR"),
        ("parks", 1),
        id="currency",
    ),
    pytest.param(
        "amount_digits",
        {"amount_digits": 1},
        {},
        line(1, amounts("10.05")),
        ("parks", 1),
        id="amount-digits",
    ),
    pytest.param(
        "price_digits",
        {"arithmetic": {**PRICED, "currency_digits_cap": True}},
        {},
        line(1, amounts("10.00"), quantity="3"),
        ("changed", 0),
        id="price-split",
    ),
    pytest.param(
        "price_digits",
        {"arithmetic": {**PRICED, "price_digits": 2}},
        {},
        line(1, amounts("10.00"), quantity="1.5"),
        ("changed", 1),
        id="price-impossible",
    ),
    pytest.param(
        "price_digits",
        {"arithmetic": {**PRICED, "price_digits": 2, "line_discount": "percent"}},
        {},
        line(1, amounts("10.00"), quantity="3"),
        ("changed", 0),
        id="price-percent",
    ),
    pytest.param(
        "negative_line",
        {"arithmetic": {**PRICED, "order_discount": True, "negative_lines": False}},
        {},
        line(1, amounts("-10.00")),
        ("changed", 0),
        id="negative-merged",
    ),
    pytest.param(
        "negative_line",
        {"arithmetic": {**PRICED, "order_discount": True, "negative_lines": False}},
        {},
        line(1, amounts("-10.00", ("0.1", "-1.00"))),
        ("changed", 1),
        id="negative-taxed",
    ),
    pytest.param(
        "negative_line",
        {"arithmetic": {**PRICED, "negative_lines": False}},
        {},
        line(1, amounts("-10.00")),
        ("parks", 1),
        id="negative-priced",
    ),
    pytest.param(
        "negative_line",
        {"arithmetic": {"negative_lines": False}},
        {},
        line(1, amounts("-10.00")),
        ("parks", 1),
        id="negative-given",
    ),
    pytest.param(
        "discount_codes",
        {"discount_codes": 1},
        {},
        order(1, discount_codes=("SUMMER", "FIRST")),
        ("changed", 0),
        id="codes-one",
    ),
    pytest.param(
        "discount_codes",
        {"discount_codes": 0},
        {},
        order(1, discount_codes=("SUMMER",)),
        ("dropped", 0),
        id="codes-none",
    ),
    pytest.param(
        "line_discount",
        {"arithmetic": {**PRICED, "order_discount": True}},
        {},
        line(1, amounts("10.00", off="1.00")),
        ("changed", 0),
        id="discount-of-order",
    ),
    pytest.param(
        "line_discount",
        {"arithmetic": {**PRICED, "line_discount": "percent"}},
        {},
        line(1, amounts("10.00", off="1.00")),
        ("changed", 0),
        id="discount-percent",
    ),
    pytest.param(
        "stacked_taxes",
        {"stacked_taxes": False},
        {},
        line(1, amounts("10.00", ("0.05", "0.50"), ("0.08", "0.80"))),
        ("changed", 0),
        id="stacked-taxes",
    ),
    pytest.param(
        "tax_rate_missing",
        {"arithmetic": RATES},
        {},
        line(1, amounts("10.00", (None, "1.00"))),
        ("changed", 0),
        id="rate-missing-carried",
    ),
    pytest.param(
        "tax_rate_missing",
        {"arithmetic": RATES, "tax_lines": False},
        {},
        line(1, amounts("10.00", (None, "1.00"))),
        ("parks", 1),
        id="rate-missing-refused",
    ),
    pytest.param(
        "tax_rate_missing",
        {"arithmetic": {"tax": "rates"}},
        {},
        line(1, amounts("10.00", (None, "1.00"))),
        ("parks", 1),
        id="rate-missing-parks",
    ),
    pytest.param(
        "target_arithmetic",
        {"arithmetic": RATES},
        {},
        line(1, amounts("10.00", ("0.1", "1.01"))),
        ("changed", 0),
        id="rounding-adjusted",
    ),
    pytest.param(
        "target_arithmetic",
        {"arithmetic": RATES},
        {"adjustment": 0},
        line(1, amounts("10.00", ("0.1", "1.01"))),
        ("parks", 1),
        id="rounding-never",
    ),
    pytest.param("tracking", {"tracking": False}, {}, sent(1), ("dropped", 0), id="tracking"),
]


@pytest.mark.parametrize(("code", "changed", "policies", "touched", "found"), CASES)
def test_each_limit_counts_the_orders_that_it_touches(
    ends: Ends,
    code: str,
    changed: dict[str, Any],
    policies: dict[str, Any],
    touched: Order,
    found: tuple[str, int],
) -> None:
    outcome, parked = found
    ends.rules = {"policies": policies}
    facts(ends, **changed)
    ends.add(order(7))
    before = checked(ends)
    assert (limit(before, code).orders, limit(before, code).example) == (0, "")
    assert (before.parked, before.reasons) == (0, ())
    ends.add(touched)
    report = checked(ends)
    met = limit(report, code)
    assert (met.orders, met.parked, met.outcome, met.example) == (1, parked, outcome, "#1")
    assert (report.orders, report.parked, sum(why.orders for why in report.reasons)) == (2, parked, parked)


@pytest.mark.parametrize(("code", "changed", "policies", "touched", "found"), CASES)
def test_a_target_without_the_limit_has_no_such_row(
    ends: Ends, code: str, changed: dict[str, Any], policies: dict[str, Any], touched: Order, found: object
) -> None:
    ends.rules = {"policies": {**policies, "money": "shop"}}
    ends.add(touched)
    report = checked(ends)
    assert [each.code for each in report.limits] == ["money_set"], "every target holds one currency per order"
    assert limit(report, "money_set").parked == 0


def test_the_date_of_every_order_is_counted_where_it_is_not_kept(ends: Ends) -> None:
    facts(ends, keeps_placed_at=False)
    assert limit(checked(ends), "placed_at").orders == 0
    for number in (1, 2):
        ends.add(order(number))
    met = limit(checked(ends), "placed_at")
    assert (met.orders, met.outcome, met.parked) == (2, "dropped", 0)


def test_a_discount_that_is_told_as_it_is_touches_no_limit(ends: Ends) -> None:
    facts(ends, {**PRICED, "line_discount": "percent"})
    ends.add(line(1, amounts("10.00", off="1.00", percent="10")))
    assert limit(checked(ends), "line_discount").orders == 0
    off = Discount(amount=Decimal("1.00"), percent=Decimal(10))
    paid = amounts("10.00", off="1.00", percent="10")
    twice = paid.model_copy(update={"discounts": (off, off), "net": Decimal("8.00")})
    ends.add(line(2, twice))
    assert limit(checked(ends), "line_discount").orders == 1, "two percentages are not one"
    facts(ends, {**PRICED, "line_discount": "amount"})
    assert "line_discount" not in [each.code for each in checked(ends).limits]


@pytest.mark.parametrize(
    ("code", "same", "touched"),
    [
        ("guest", {"guests": False}, guest(1)),
        ("custom_line", {"custom_lines": False}, custom(1)),
        ("tracking", {"tracking": False}, sent(1)),
        ("discount_codes", {"discount_codes": 0}, order(1, discount_codes=("SUMMER",))),
        ("amount_digits", {"amount_digits": 1}, line(1, amounts("10.05"))),
        ("quantity", {"quantity_digits": 0}, line(1, amounts("15.00"), quantity="1.5")),
        ("currency", {"currencies": frozenset({"USD"})}, order(1, currency="EUR")),
    ],
)
def test_what_the_source_cannot_say_is_shown_only_if_it_does(
    ends: Ends, code: str, same: dict[str, Any], touched: Order
) -> None:
    facts(ends, **same)
    assert code in [each.code for each in checked(ends).limits]
    ends.shop.facts = ends.shop.facts.model_copy(update=same)
    assert code not in [each.code for each in checked(ends).limits]
    ends.add(touched)
    assert limit(checked(ends), code).orders == 1


def test_a_tax_of_nothing_needs_no_rate(ends: Ends) -> None:
    facts(ends, RATES)
    ends.add(line(1, amounts("10.00", (None, "0"))))
    assert limit(checked(ends), "tax_rate_missing").orders == 0


def test_a_total_rounded_down_is_a_negative_amount(ends: Ends) -> None:
    facts(ends, {"negative_lines": False})
    plain = order(1)
    ends.add(plain.model_copy(update={"rounding": Decimal("-0.03"), "total": plain.total - Decimal("0.03")}))
    assert (limit(checked(ends), "negative_line").orders, checked(ends).parked) == (1, 1)


def test_a_customer_that_is_there_needs_no_address(ends: Ends) -> None:
    facts(ends, customer_email=True)
    ends.add(nobody(1))
    assert checked(ends).parked == 1
    ends.sync()
    assert limit(checked(ends), "customer_email").orders == 0, "it is found now"


def test_a_default_address_settles_it(ends: Ends) -> None:
    facts(ends, customer_email=True)
    ends.add(nobody(1))
    ends.rules = {"defaults": {"email": "orders@example.com"}}
    report = checked(ends)
    assert (limit(report, "customer_email").orders, report.parked) == (0, 0)
    assert limit(report, "customer_email").setting == "defaults.email or policies.guests"


def test_what_would_park_has_its_reasons(ends: Ends) -> None:
    ends.add(order(1, sku="GONE"))
    ends.add(order(2, sku="LOST"))
    ends.add(order(3))
    ends.add(two_currencies(4))
    report = checked(ends)
    assert [(why.code, why.orders, why.setting, why.example) for why in report.reasons] == [
        ("unknown_sku", 2, "aliases or policies.unknown_sku", "#2"),
        ("money_set", 1, "policies.money", "#4"),
    ]
    assert report.parked == 3
    ends.rules = {"aliases": {"GONE": "A", "LOST": "B"}, "policies": {"money": "shop"}}
    assert checked(ends).parked == 0


def test_an_order_with_several_reasons_parks_once(ends: Ends) -> None:
    facts(ends, quantity_digits=0)
    ends.add(line(1, amounts("15.00"), quantity="1.5", sku="GONE"))
    report = checked(ends)
    assert report.parked == 1
    assert sorted(why.code for why in report.reasons) == ["refused", "unknown_sku"]
    assert "parts of a unit" in next(why.message for why in report.reasons if why.code == "refused")


def test_an_extension_settles_as_in_a_sync(ends: Ends) -> None:
    class Settles:
        @hookimpl
        def settle_problem(self, problem: Problem) -> Decision | None:
            return Decision(action="skip") if problem.code == "custom_line" else None

    facts(ends, custom_lines=False)
    ends.add(custom(1))
    assert checked(ends).parked == 1
    ends.extensions = [("settles", Settles())]
    report = checked(ends)
    assert (report.orders, report.skipped, report.parked) == (1, 1, 0)


def test_what_the_filters_leave_out_is_not_counted(ends: Ends) -> None:
    facts(ends, guests=False)
    ends.rules = {"policies": {"guests": "park"}}
    ends.add(guest(1))
    ends.add(guest(2).model_copy(update={"status": OrderStatus.CANCELLED}))
    report = checked(ends)
    assert (report.orders, report.skipped, report.parked) == (2, 1, 1)
    assert limit(report, "guest").orders == 1


def test_an_order_that_cannot_be_read_would_park(ends: Ends) -> None:
    ends.add(order(1))
    ends.shop.unreadable = (("O9", "no lines"),)
    report = checked(ends)
    assert (report.orders, report.parked) == (2, 1)
    assert [(why.code, why.example) for why in report.reasons] == [("unreadable", "O9")]


def test_what_the_target_cannot_tell_now_would_wait(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    @hookimpl
    def later(self: object, sku: str) -> None:
        raise TryLater("Busy.")

    monkeypatch.setattr(type(ends.erp), "resolve_sku", later)
    ends.add(order(1))
    report = checked(ends)
    assert [(why.code, why.message) for why in report.reasons] == [("try_later", "Busy.")]
    assert report.parked == 1


def test_only_the_newest_are_counted(ends: Ends) -> None:
    facts(ends, keeps_placed_at=False)
    for number in range(1, 9):
        ends.add(order(number))
    report = checked(ends, orders=3)
    assert (report.orders, limit(report, "placed_at").orders) == (3, 3)
    assert limit(report, "placed_at").example == "#8"


@pytest.mark.parametrize("ages", [[0, 1, 2, 3], [0, 9, 30, 90], [500, 9000, 100_000], [10, 10, 10, 10]])
@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_the_newest_are_read_whatever_their_age(ends: Ends, ages: list[int], count: int) -> None:
    """Ages are in hours."""
    now = ends.clock.now()
    for number, age in enumerate(ages):
        ends.add(order(number, updated_at=now - timedelta(hours=age)))
    source = ends._parts()[1]
    found, unreadable = newest(source, count, now)
    known = sorted(ends.shop_store.orders.values(), key=lambda one: (one.updated_at, one.id), reverse=True)
    assert [one.id for one in found] == [one.id for one in known[:count]]
    assert unreadable == []


def test_a_long_history_is_not_read_for_the_newest(ends: Ends) -> None:
    now = ends.clock.now()
    for number in range(60):
        ends.add(order(number, updated_at=now - timedelta(days=number)))
    newest(ends._parts()[1], 3, now)
    assert len(ends.shop.calls) < 5, "twenty pages are there"


def test_the_facts_of_new_fields_harm_nobody() -> None:
    plain = Facts()
    assert (plain.customer_email, plain.discount_codes) == (False, None)
    assert (plain.amount_digits, plain.quantity_digits) == (None, None)
    assert plain.stacked_taxes
    assert plain.tax_lines
