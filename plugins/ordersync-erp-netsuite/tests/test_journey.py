"""Whole ways: reference → NetSuite → reference through the real transfer, undisturbed and disturbed."""

from __future__ import annotations

import logging
import random

import pytest

from ordersync import FulfillmentStatus, OrderQuery, OrderStatus
from ordersync.ledger import State
from ordersync.testing.prove import Pair, Prover, schedules_after
from ordersync.testing.quirks import CARRIERS
from ordersync.testing.trial import ROUTE, Trial
from ordersync_erp_netsuite.settings import NetSuiteSettings

SCHEDULES = 8


@pytest.mark.parametrize(
    "options",
    [{"tax": "suitetax"}, {"tax": "none", "auth": "tba"}, {"oneworld": "no", "tax": "codes"}],
    ids=str,
)
def test_orders_get_there_once_and_to_the_cent(options: dict[str, str]) -> None:
    with Trial("erp-netsuite", side="target", options=options) as trial:
        assert trial.run() == 1
        assert trial.wrong() == []
        before = len(trial.made())
        assert trial.sync().created == 0
        assert len(trial.made()) == before
        assert all(one.confirmed for one in trial.made())


@pytest.mark.parametrize("quirk", ["slow_jobs", "no_batches", "busy_account", "null_columns"])
def test_orders_get_there_whatever_the_account_does_with_batches(quirk: str) -> None:
    with Trial("erp-netsuite", {quirk: ""}, side="target", orders=12) as trial:
        assert trial.run() <= 2
        assert trial.wrong() == []
        assert all(one.confirmed for one in trial.made())


def test_orders_get_there_one_by_one_unless_the_settings_say_otherwise() -> None:
    with Trial("erp-netsuite", side="target", orders=12, settings={"batches": False}) as trial:
        assert trial.run() == 1
        assert trial.wrong() == []
        assert all(one.confirmed for one in trial.made())
    assert NetSuiteSettings.model_fields["batches"].default is False


def test_orders_come_from_there_once_and_to_the_cent() -> None:
    with Trial("erp-netsuite", side="source", orders=20) as trial:
        assert trial.run() == 1
        assert trial.wrong() == []
        drafts = {draft.source_id: draft for draft, _, _ in trial.store.placed.values()}
        assert len(drafts) == 19
        assert {row.state for row in trial.ledger.rows(ROUTE)} == {State.DONE, State.SKIPPED}
        assert trial.sync().created == 0


def test_what_is_read_is_the_whole_story() -> None:
    with Trial("erp-netsuite", side="source", orders=20) as trial:
        connection = trial.connection()
        orders = [order for page in connection.list_orders(OrderQuery()) for order in page.orders]
        connection.close()
    assert len(orders) == 20
    assert all(order.findings == () for order in orders)
    assert {order.currency for order in orders} == {"USD", "EUR", "GBP", "JPY", "KWD"}
    cancelled = [order for order in orders if order.status is OrderStatus.CANCELLED]
    assert len(cancelled) == 1
    shipped = [order for order in orders if order.fulfillment_status is FulfillmentStatus.FULFILLED]
    assert shipped
    assert all(order.fulfillments[0].tracking[0].number for order in shipped)
    assert any(line.amounts.discounts for order in orders for line in order.lines)
    assert any(len(order.lines) == 30 for order in orders)
    assert all(order.customer and order.email and order.billing for order in orders)
    assert all(tax.rate for order in orders for line in order.lines for tax in line.amounts.taxes)


@pytest.mark.parametrize("quirk", [kind.name for kind in CARRIERS])
def test_a_bad_way_there_costs_nothing_but_time(quirk: str) -> None:
    with Trial("erp-netsuite", {quirk: ""}, side="target", orders=2) as trial:
        assert trial.run() <= 8
        assert trial.wrong() == []


@pytest.mark.parametrize("orders", [1, 4])
def test_faults_at_any_site_break_nothing(orders: int) -> None:
    """A seeded part of all schedules of one fault, of one order and of a job; `ordersync prove` tries every one."""
    logger = logging.getLogger("ordersync")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    prover = Prover(Pair("erp-netsuite", "erp-netsuite", orders=orders))
    try:
        assert prover.expected.quiet
        schedules = list(schedules_after((), prover.sites))
        assert len(schedules) > 150
        random.Random(7).shuffle(schedules)
        wrong = {str(schedule): prover.attempt(schedule)[0] for schedule in schedules[:SCHEDULES]}
        assert {schedule: found for schedule, found in wrong.items() if found} == {}
    finally:
        prover.pair.close()
        logger.setLevel(before)
