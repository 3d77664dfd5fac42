"""To the cent: orders with exact totals, through the real drafting and fitting, into the sandbox and back."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ordersync import Policies, Refused, Route, minor_unit, order_key
from ordersync.connection import Connection
from ordersync.extensions import Extensions
from ordersync.ledger import Ledger
from ordersync.testing.money import money_cases, order_of_case
from ordersync.testing.reference import ReferenceConnector, ReferenceSettings, ReferenceStore
from ordersync.transfer import Transfer
from ordersync.transfer.drafting import make_draft
from ordersync.transfer.fit import fit
from ordersync.transfer.house import Rules
from ordersync.web import Access
from ordersync_bigcommerce.pricing import priced

NEGATIVE = {"MC-18", "MC-19"}


def test_every_case_comes_out_or_parks_unsent(open_desk: Any) -> None:
    """Through the real transfer, from the reference platform."""
    desk = open_desk()
    store = ReferenceStore(account="reference")
    store.orders = {order.id: order for order in map(order_of_case, money_cases())}
    reference = ReferenceConnector(ReferenceSettings(), Access(clock=desk.clock))
    reference._store = store
    route = Route(name="orders", source="from", target="to", policies=Policies(unknown_sku="custom_line"))
    with closing(Ledger("sqlite://", clock=desk.clock)) as ledger:
        transfer = Transfer(
            route,
            Connection("reference", "reference", reference),
            Connection("bigcommerce", "bigcommerce", desk.connector),
            ledger,
            Extensions([("rules", Rules(route))]),
            clock=desk.clock,
            workers=1,
        )
        report = transfer.sync()
        rows = list(ledger.rows("orders"))
    parked = {row.source_id: row.problem.message for row in rows if row.problem}
    assert set(parked) == NEGATIVE
    assert all("no negative amount" in message for message in parked.values())
    assert (report.created, report.parked, report.totals_checked) == (38, 2, 38)
    standing = {one.number: one for one in desk.sandbox.standing()}
    assert set(standing) == set(store.orders) - NEGATIVE
    for number, one in standing.items():
        order = store.orders[number]
        assert (one.net, one.tax, one.total, one.currency) == (
            order.net,
            order.tax,
            order.total,
            order.currency,
        ), number
        read = desk.connector.get_order(one.id)
        assert (read.net, read.tax, read.total, read.findings) == (order.net, order.tax, order.total, ()), (
            number
        )
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    assert f"{len(standing)} of {len(store.orders)}" in readme


def test_a_store_of_two_digits_gets_every_case_that_has_no_more(open_desk: Any) -> None:
    desk = open_desk(price_digits=2)
    facts = desk.connector.check_access(False).facts
    parked = {}
    for case in money_cases():
        order = order_of_case(case)
        key = order_key("test", "a", order.id)
        draft = fit(make_draft(order, key=key, platform="test", items={}, customer=None), facts)
        before = len(desk.sandbox.standing())
        try:
            placed = desk.connector.create_order(draft)
        except Refused as refused:
            assert len(desk.sandbox.standing()) == before
            parked[order.id] = refused.message
            continue
        assert placed.totals == draft.expected, order.id
        assert {line.position for line in placed.lines} == {line.position for line in draft.lines}
    assert set(parked) - NEGATIVE == {"MC-38", "MC-39", "MC-40"}
    assert parked["MC-38"] == "No prices of 2 digits give the line's total."


CURRENCIES = st.sampled_from(["USD", "JPY", "KWD"])


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 500), st.integers(0, 10**7), st.integers(0, 10**6), CURRENCIES, st.integers(0, 4))
def test_prices_always_give_the_totals(quantity: int, net: int, tax: int, currency: str, digits: int) -> None:
    unit = minor_unit(currency)
    if Decimal(1).scaleb(-digits) > unit:
        digits = -int(unit.as_tuple().exponent)
    wanted = net * unit, (net + tax) * unit
    made = priced(quantity, *wanted, currency, digits)
    assert len(made) <= 3
    assert sum(one.quantity for one in made) == quantity
    assert sum(one.quantity * one.ex_tax for one in made) == wanted[0]
    assert sum(one.quantity * one.inc_tax for one in made) == wanted[1]
    assert all(0 <= one.ex_tax <= one.inc_tax for one in made)
    for one in made:
        for price in (one.ex_tax, one.inc_tax):
            assert price == price.quantize(Decimal(1).scaleb(-digits))
