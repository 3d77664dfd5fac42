"""Rate budgets around requests: so many at once, single operations, clocks that step, the client that takes permits."""

from __future__ import annotations

import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from budgeting import A_BIT, NOON, at, budget_of, told

from ordersync.errors import InDoubt, RateLimited, TryLater
from ordersync.web import (
    Access,
    CostPoints,
    InFlight,
    LeakyBucket,
    PerOperation,
    QuotaWindow,
    SlidingWindow,
    SystemClock,
    VirtualClock,
    bulk,
)
from ordersync.web.budgets import Rule

# --- requests at once, and single operations ---------------------------------------------------------------------------


def test_never_more_are_under_way_than_permitted() -> None:
    budget = Access(clock=SystemClock()).budget(InFlight(3))
    lock, under_way, most = threading.Lock(), 0, 0

    def work(number: int) -> None:
        nonlocal under_way, most
        with bulk(number % 3 > 0), budget.take():
            with lock:
                under_way += 1
                most = max(most, under_way)
            threading.Event().wait(0.001)
            with lock:
                under_way -= 1

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(work, range(200)))
    assert most == 3


def test_a_rule_for_one_operation_binds_no_other() -> None:
    budget, clock = budget_of(LeakyBucket(100, 1), PerOperation("orderCreate", SlidingWindow(2, 60)))
    for _ in range(50):
        budget.take().settle()
    for _ in range(2):
        budget.take(operation="orderCreate").settle()
    assert at(clock) == 0
    budget.take(operation="orderCreate").settle()
    assert at(clock) == pytest.approx(60, abs=A_BIT)


def test_all_rules_of_an_account_hold_together() -> None:
    budget, clock = budget_of(LeakyBucket(10, 1), QuotaWindow(12, 100), InFlight(1))
    for _ in range(13):
        with budget.take():
            pass
    assert at(clock) == pytest.approx(100, abs=A_BIT)


# --- clocks ------------------------------------------------------------------------------------------------------------


class Stepping(VirtualClock):
    """A clock that somebody sets."""

    def step(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@pytest.mark.parametrize("rule", [LeakyBucket(2, 1), QuotaWindow(2, 60), SlidingWindow(2, 60)], ids=repr)
def test_a_clock_that_is_set_back_gives_nothing_and_takes_no_more_than_a_window(rule: Rule) -> None:
    clock = Stepping(NOON)
    budget, _ = budget_of(rule, clock=clock)
    budget.take().settle()
    budget.take().settle()
    clock.step(-3600)
    began = clock.now()
    budget.take().settle()
    waited = (clock.now() - began).total_seconds()
    assert 0 < waited <= 60 + A_BIT


def test_on_the_machine_s_clock_time_is_monotonic() -> None:
    """Whoever sets the machine's clock an hour ahead refills no bucket."""
    budget = Access(clock=SystemClock()).budget(LeakyBucket(1, 1))
    assert budget._ticks.real
    before = budget._ticks.now()
    assert 0 <= budget._ticks.now() - before < 1


# --- in a client -------------------------------------------------------------------------------------------------------


def client(*replies: httpx.Response | Exception, rules: tuple[Rule, ...], attempts: int = 5):  # type: ignore[no-untyped-def]  # a client and its clock
    clock = VirtualClock(NOON)
    waiting = list(replies)

    def reply(_: httpx.Request) -> httpx.Response:
        found = waiting.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    access = Access(clock=clock, transport=httpx.MockTransport(reply))
    budget = access.budget(*rules)
    return access.client("https://shop.example", budget=budget, attempts=attempts), clock


def test_each_attempt_of_a_client_takes_a_permit_and_settles_it() -> None:
    rules = (LeakyBucket(2, 0.1), InFlight(1))
    shop, clock = client(
        httpx.Response(503), httpx.Response(200, json={}), httpx.Response(200, json={}), rules=rules
    )
    shop.get("a")
    shop.get("b")
    assert at(clock) == pytest.approx(10, abs=A_BIT)


@pytest.mark.parametrize("error", [httpx.ConnectError("no"), httpx.ReadTimeout("late")])
def test_a_lost_answer_frees_its_slot(error: Exception) -> None:
    shop, _ = client(error, httpx.Response(200, json={}), rules=(InFlight(1),), attempts=1)
    with pytest.raises((TryLater, InDoubt)):
        shop.post("a")
    assert shop._budget._pots[0][2]._used == 0
    shop.get("b")


@pytest.mark.parametrize("rule", [CostPoints(100, 0.001), LeakyBucket(1, 0.001)])
def test_an_attempt_that_reached_nobody_uses_nothing(rule: Rule) -> None:
    away = [httpx.ConnectError("no")] * 4
    shop, clock = client(*away, httpx.Response(200, json={}), rules=(rule, InFlight(1)))
    shop.send("GET", "a", cost=100)
    assert at(clock) == 0.5 + 1 + 2 + 4
    with pytest.raises(RateLimited):
        shop.send("GET", "a", cost=100)


@pytest.mark.parametrize(("rule", "again"), [(QuotaWindow(2, 60), 60.5), (SlidingWindow(2, 60), 60.0)])
def test_a_window_counts_it_all_the_same(rule: Rule, again: float) -> None:
    """And one that the platform keeps begins, perhaps, with the next request."""
    answers = [httpx.Response(200, json={}) for _ in range(3)]
    shop, clock = client(httpx.ConnectError("no"), *answers, rules=(rule,))
    shop.get("a")
    assert at(clock) == 0.5
    shop.get("a")
    assert at(clock) == pytest.approx(again, abs=A_BIT)


def test_a_client_tells_its_budget_the_cost_and_the_operation() -> None:
    rules = (CostPoints(100, 1, report=told), PerOperation("create", SlidingWindow(1, 500)))
    shop, clock = client(*[httpx.Response(200, json={}, headers={"cost": "90"})] * 3, rules=rules)
    shop.send("GET", "a", cost=100, operation="create")
    shop.send("GET", "a", cost=90)
    assert at(clock) == pytest.approx(80, abs=A_BIT)
    with pytest.raises(RateLimited):
        shop.send("GET", "a", cost=1, operation="create")


def test_nothing_is_logged_of_an_account(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        budget = Access().budget(LeakyBucket(1, 1), account="secret-shop.example")
        budget.take().settle()
    assert "secret-shop" not in caplog.text + repr(budget)
