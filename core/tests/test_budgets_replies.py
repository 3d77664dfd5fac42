"""Rate budgets and what replies say of them: costs, figures of the platform, requests on their way, waits."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from budgeting import A_BIT, NOON, answer, at, budget_of, told

from ordersync.errors import RateLimited
from ordersync.web import (
    CostPoints,
    LeakyBucket,
    QuotaWindow,
    Report,
)

# --- what replies say --------------------------------------------------------------------------------------------------


def test_what_a_request_did_not_cost_goes_back() -> None:
    budget, clock = budget_of(CostPoints(100, 1, report=told))
    budget.take(100).settle(answer(cost=10))
    budget.take(90).settle()
    assert at(clock) == 0
    budget.take(1).settle()
    assert at(clock) == pytest.approx(1, abs=A_BIT)


def test_a_lost_answer_gives_nothing_back() -> None:
    budget, clock = budget_of(CostPoints(100, 1, report=told))
    budget.take(100).settle(None)
    budget.take(1).settle()
    assert at(clock) == pytest.approx(1, abs=A_BIT)


def test_a_permit_is_settled_once() -> None:
    budget, clock = budget_of(CostPoints(100, 1, report=told))
    budget.take(50).settle()
    with budget.take(50) as permit:
        permit.settle(answer(cost=0))
        permit.settle(answer(cost=0))
    with budget.take(50) as permit:
        permit.settle()
        permit.cancel()
    assert at(clock) == 0
    budget.take(1).settle()
    assert at(clock) == pytest.approx(1, abs=A_BIT)


def test_the_lower_figure_stands() -> None:
    budget, clock = budget_of(LeakyBucket(100, 10, report=told))
    budget.take().settle(answer(left=20))
    budget.take().settle(answer(left=90))
    for _ in range(19):
        budget.take().settle()
    assert at(clock) == 0
    budget.take().settle()
    assert at(clock) == pytest.approx(0.1, abs=A_BIT)


def test_a_larger_plan_is_used_from_the_first_reply() -> None:
    budget, clock = budget_of(CostPoints(2000, 100, report=told), QuotaWindow(150, 30, report=told))
    reply = answer(left=19990, size=20000, rate=1000, cost=10, resets_in=30, seconds=30)
    budget, clock = budget_of(CostPoints(2000, 100, report=told))
    budget.take(10).settle(reply)
    budget.take(19990).settle()
    assert at(clock) == 0
    budget.take(1000).settle()
    assert at(clock) == pytest.approx(1, abs=A_BIT)
    window, clock = budget_of(QuotaWindow(150, 30, report=told))
    window.take().settle(answer(left=449, size=450, resets_in=20, seconds=30))
    for _ in range(449):
        window.take().settle()
    assert at(clock) == 0
    window.take().settle()
    assert at(clock) == pytest.approx(20, abs=A_BIT)


def test_figures_that_cannot_be_are_passed_over() -> None:
    budget, clock = budget_of(
        LeakyBucket(2, 1, report=lambda _: Report(size=0, rate=-1)),
        QuotaWindow(2, 10, report=lambda _: Report(size=-1, seconds=0)),
    )
    for _ in range(3):
        budget.take().settle(answer())
    assert at(clock) == pytest.approx(10, abs=A_BIT)


def test_where_others_use_the_account_requests_under_way_are_counted_too() -> None:
    """Two of ours are under way when a reply says that three are left: it cannot have seen them."""
    budget, clock = budget_of(QuotaWindow(100, 30, report=told))
    first, *_ = [budget.take() for _ in range(3)]
    first.settle(answer(left=3, resets_in=30))
    budget.take().settle()
    assert at(clock) == 0
    budget.take().settle()
    assert at(clock) == pytest.approx(30, abs=A_BIT)


def test_where_nobody_else_does_nothing_is_lost() -> None:
    budget, clock = budget_of(QuotaWindow(5, 30, report=told))
    permits = [budget.take() for _ in range(3)]
    for place, permit in enumerate(permits):
        permit.settle(answer(left=4 - place, resets_in=30))
    budget.take().settle()
    budget.take().settle()
    assert at(clock) == 0


def test_requests_on_their_way_count_in_the_next_window() -> None:
    """What was sent at the very end of a window may arrive in the next one."""
    budget, clock = budget_of(QuotaWindow(3, 10))
    budget.take().settle()
    late = [budget.take(), budget.take()]
    clock.sleep(10)
    budget.take().settle()
    assert at(clock) == 10
    budget.take().settle()
    assert at(clock) == pytest.approx(20, abs=A_BIT)
    assert len(late) == 2


def test_a_reply_of_an_earlier_window_says_nothing_of_this_one() -> None:
    budget, clock = budget_of(QuotaWindow(3, 10, report=told))
    late = budget.take()
    budget.take().settle(answer(left=1, resets_in=10))
    clock.sleep(10.5)
    budget.take().settle(answer(left=2, resets_in=10))
    late.settle(answer(left=0, resets_in=0.1))
    budget.take().settle()
    assert at(clock) == 10.5


def test_a_platform_whose_window_began_anew_is_believed() -> None:
    budget, clock = budget_of(QuotaWindow(3, 60, report=told))
    for left in (2, 1, 0):
        budget.take().settle(answer(left=left, resets_in=10))
    clock.sleep(9)
    budget._pots[0][2].settle(0, 0, Report(left=2, resets_in=58), 0.0)
    budget.take().settle()
    budget.take().settle()
    assert at(clock) == 9


def test_who_is_told_to_wait_lets_all_others_wait() -> None:
    budget, clock = budget_of(LeakyBucket(100, 100))
    budget.take().settle(answer(429, retry_after="7"))
    budget.take().settle()
    assert at(clock) == pytest.approx(7, abs=A_BIT)
    budget.take().settle()
    assert at(clock) == pytest.approx(7, abs=A_BIT)


def test_an_hour_is_told_and_not_waited() -> None:
    budget, clock = budget_of(QuotaWindow(1, 3600), LeakyBucket(5, 1))
    budget.take().settle()
    with pytest.raises(RateLimited) as caught:
        budget.take().settle()
    assert caught.value.when == NOON + timedelta(hours=1)
    assert at(clock) == 0
    other, clock = budget_of(LeakyBucket(5, 1))
    other.take().settle(answer(429, retry_after="3600"))
    other.take().settle()
    assert at(clock) == 0


def test_what_was_taken_for_a_request_that_could_not_leave_goes_back() -> None:
    budget, clock = budget_of(LeakyBucket(2, 0.001), QuotaWindow(1, 3600))
    budget.take().settle()
    for _ in range(5):
        with pytest.raises(RateLimited):
            budget.take().settle()
    budget._pots[0][2].take(1.0, False)
    assert at(clock) == 0
