"""Rate budgets of several processes: leases out of one cell, deaths, a database that is away."""

from __future__ import annotations

import logging
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from budgeting import NOON, at
from cells import Cells

from ordersync.web import (
    Access,
    Budget,
    Budgets,
    CostPoints,
    InFlight,
    LeakyBucket,
    QuotaWindow,
    Reply,
    Report,
    SlidingWindow,
    SystemClock,
    VirtualClock,
    bulk,
)
from ordersync.web.budgets import Rule


def process(cells: Any, *rules: Rule, clock: Any = None) -> Budget:
    """The budget of one process more."""
    access = Access(clock=clock or cells.clock, platform="acme", budgets=Budgets(cells))
    return access.budget(*rules, account="shop")


def replied(**figures: float) -> Reply:
    return Reply(200, {name: str(value) for name, value in figures.items()}, b"", None, "")


def told(reply: Reply) -> Report:
    return Report(**{name: float(text) for name, text in reply.headers.items()})


steps = st.lists(
    st.tuples(
        st.integers(0, 2), st.floats(0.01, 30), st.floats(0, 1.5), st.booleans(), st.sampled_from("sskcd")
    ),
    min_size=1,
    max_size=40,
)


@settings(deadline=None, max_examples=150)
@given(st.floats(1, 100), st.floats(0.5, 50), steps)
@example(
    3.0,
    1.0,
    [
        (0, 1.0, 0.0, False, "s"),
        (1, 1.0, 0.0, False, "c"),
        (0, 3.0, 0.0, False, "s"),
        (0, 1.0, 0.0, False, "s"),
        (1, 2.0, 0.0, False, "s"),
    ],
)
def test_processes_together_let_out_a_bucket_s_size_and_rate(
    size: float, rate: float, asked: list[tuple[int, float, float, bool, str]]
) -> None:
    """Whoever takes, gives back, is suspended with a lease, or dies: no span holds more."""
    clock = VirtualClock(NOON)
    cells = Cells(clock)
    rule = CostPoints(size, rate, report=told)
    processes = [process(cells, rule) for _ in range(3)]
    spent: list[tuple[float, float, float]] = []
    for who, cost, pause, run, how in asked:
        with bulk(run):
            permit = processes[who].take(cost)
        out = min(cost, size)
        back = out / 2 if how == "s" else 0.0
        spent.append((at(clock), out, at(clock)))
        clock.sleep(pause)
        if how == "s":
            permit.settle(replied(cost=out - back))
            spent.append((at(clock), -back, at(clock)))
        elif how == "k":
            permit.settle(None)
        elif how == "c":
            permit.cancel()
            spent.pop()
        else:
            processes[who] = process(cells, rule)
    for i, (start, *_) in enumerate(spent):
        out = 0.0
        for end, cost, _ in spent[i:]:
            out += cost
            assert out <= size + rate * (end - start) + 1e-3 * rate + 1e-6


@settings(deadline=None, max_examples=150)
@given(
    st.integers(1, 30),
    st.floats(1, 40),
    st.lists(
        st.tuples(st.integers(0, 2), st.floats(0, 1.5), st.booleans(), st.booleans()), min_size=1, max_size=80
    ),
)
@example(
    2,
    2.0,
    [
        *[(0, 0.0, False, False)] * 3,
        (0, 0.0, True, True),
        *[(0, 0.0, True, False)],
        *[(0, 0.0, False, False)] * 2,
    ],
)
def test_processes_together_keep_a_window(
    quota: int, seconds: float, asked: list[tuple[int, float, bool, bool]]
) -> None:
    clock = VirtualClock(NOON)
    cells = Cells(clock)
    rule = QuotaWindow(quota, seconds)
    processes = [process(cells, rule) for _ in range(3)]
    ends, used = 0.0, 0
    for who, pause, run, dies in asked:
        clock.sleep(pause)
        with bulk(run):
            processes[who].take().settle()
        if at(clock) >= ends - 1e-5:
            ends, used = at(clock) + seconds, 0
        used += 1
        assert used <= quota
        if dies:
            processes[who] = process(cells, rule)


@settings(deadline=None)
@given(
    st.integers(1, 8),
    st.floats(1, 60),
    st.lists(st.tuples(st.integers(0, 2), st.floats(0, 9), st.booleans()), min_size=1, max_size=40),
)
def test_no_span_of_a_sliding_window_holds_more_of_all_processes(
    quota: int, seconds: float, asked: list[tuple[int, float, bool]]
) -> None:
    clock = VirtualClock(NOON)
    cells = Cells(clock)
    processes = [process(cells, SlidingWindow(quota, seconds)) for _ in range(3)]
    recent: deque[float] = deque(maxlen=quota)
    for who, pause, run in asked:
        clock.sleep(pause)
        with bulk(run):
            processes[who].take().settle()
        if len(recent) == quota:
            assert at(clock) - recent[0] >= seconds - 1e-4
        recent.append(at(clock))


@pytest.mark.parametrize(
    ("rule", "permitted", "fewer"),
    [
        (LeakyBucket(40, 10), lambda seconds: 40 + 10 * seconds, 1.5),
        (LeakyBucket(40, 40), lambda seconds: 40 + 40 * seconds, 3),
        (QuotaWindow(150, 30), lambda seconds: 150 * (seconds // 30), 2),
        (SlidingWindow(30, 30), lambda seconds: 30 * (seconds // 30), 0),
    ],
    ids=["bucket", "fast bucket", "window", "sliding window"],
)
def test_two_bulk_runs_use_together_what_is_permitted(
    rule: Rule, permitted: Callable[[float], float], fewer: float
) -> None:
    """And ask the database far less often than the platform (but for windows of few requests)."""
    clock = VirtualClock(NOON)
    cells = Cells(clock)
    processes = [process(cells, rule) for _ in range(2)]
    used = 0
    with bulk():
        while at(clock) < 600:
            processes[used % 2].take().settle()
            clock.sleep(0.01)
            used += 1
    assert used / permitted(at(clock)) >= 0.95
    assert fewer * cells.exchanges < used


def test_a_person_in_one_process_uses_the_reserve_that_bulk_runs_in_others_leave() -> None:
    clock = VirtualClock(NOON)
    cells = Cells(clock)
    run, person = (process(cells, QuotaWindow(100, 30)) for _ in range(2))
    with bulk():
        for _ in range(90):
            run.take().settle()
    assert at(clock) == 0
    for _ in range(9):
        person.take().settle()
    assert at(clock) == 0


def test_what_one_process_is_told_another_knows() -> None:
    clock = VirtualClock(NOON)
    cells = Cells(clock)
    one, two = (process(cells, CostPoints(2000, 100, report=told)) for _ in range(2))
    one.take(10).settle(replied(left=500, size=2000, rate=100, cost=10))
    one.take(10).settle(replied(left=490, size=2000, rate=100, cost=10))
    two.take(700)
    assert at(clock) == pytest.approx(2.3, abs=0.3)


def test_points_of_a_request_that_reached_nobody_are_there_for_others() -> None:
    clock = VirtualClock(NOON)
    cells = Cells(clock)
    one, two = (process(cells, CostPoints(100, 0.01)) for _ in range(2))
    for _ in range(3):
        one.take(90).cancel()
    one.take(10).settle()
    two.take(90).settle()
    assert at(clock) == 0
    two.take(1).settle()
    assert at(clock) == pytest.approx(100, abs=0.1)


def test_a_window_begins_with_the_first_request_that_reached_anybody() -> None:
    clock = VirtualClock(NOON)
    cells = Cells(clock)
    one, two = (process(cells, QuotaWindow(3, 60)) for _ in range(2))
    one.take().cancel()
    clock.sleep(10)
    one.take().settle()
    two.take().settle()
    assert at(clock) == 10
    two.take().settle()
    assert at(clock) == pytest.approx(70, abs=0.1)


def test_units_of_a_dead_process_come_back_by_themselves() -> None:
    clock = VirtualClock(NOON)
    cells = Cells(clock)
    rule = LeakyBucket(40, 1)
    dead, other = (process(cells, rule) for _ in range(2))
    with bulk():
        for _ in range(30):
            dead.take().settle()
    clock.sleep(60)
    for _ in range(40):
        other.take().settle()
    assert at(clock) == pytest.approx(60, abs=0.01)


def test_a_process_that_was_suspended_spends_no_lease_that_ran_out() -> None:
    clock = VirtualClock(NOON)
    cells = Cells(clock)
    suspended, other = (process(cells, LeakyBucket(40, 1)) for _ in range(2))
    with bulk():
        for _ in range(8):
            suspended.take().settle()
    pot: Any = suspended._pots[0][2]
    assert pot._units >= 1
    clock.sleep(100)
    for _ in range(40):
        other.take().settle()
    assert at(clock) == 100
    suspended.take().settle()
    assert at(clock) == pytest.approx(101, abs=0.01)


def test_a_process_that_ends_gives_back_what_it_leased() -> None:
    clock = VirtualClock(NOON)
    cells = Cells(clock)
    rule = QuotaWindow(40, 30)
    ending, other = (process(cells, rule) for _ in range(2))
    with bulk():
        for _ in range(20):
            ending.take().settle()
            clock.sleep(0.05)
    ending.close()
    began = at(clock)
    for _ in range(20):
        other.take().settle()
    assert at(clock) == began


# --- the database is away ----------------------------------------------------------------------------------------------


def test_while_the_database_is_away_each_keeps_to_its_part_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = VirtualClock(NOON)
    cells = Cells(clock)
    rule = LeakyBucket(40, 10)
    processes = [process(cells, rule) for _ in range(2)]
    for one in processes:
        one.take().settle()
    clock.sleep(30)
    for one in processes:
        one.take().settle()
    cells.away = True
    clock.sleep(3)
    began, used = at(clock), 0
    with caplog.at_level(logging.WARNING):
        while at(clock) < began + 60:
            for one in processes:
                one.take().settle()
                used += 1
    assert used <= 40 + 10 * (at(clock) - began)
    assert len(caplog.records) == 2, "each process once"
    assert "LedgerTrouble" in caplog.text
    assert cells.exchanges < 40


def test_when_the_database_is_back_it_is_asked_again() -> None:
    clock = VirtualClock(NOON)
    cells = Cells(clock)
    cells.away = True
    one, two = (process(cells, QuotaWindow(10, 3)) for _ in range(2))
    for _ in range(5):
        one.take().settle()
    assert at(clock) == 0
    cells.away = False
    clock.sleep(15)
    for _ in range(5):
        one.take().settle()
        two.take().settle()
    assert at(clock) == 15
    one.take().settle()
    assert at(clock) == pytest.approx(18, abs=0.01)


def test_what_was_used_meanwhile_is_told_when_it_is_back() -> None:
    clock = VirtualClock(NOON)
    cells = Cells(clock)
    cells.away = True
    one, two = (process(cells, LeakyBucket(20, 0.01)) for _ in range(2))
    for _ in range(10):
        one.take().settle()
    cells.away = False
    clock.sleep(10.5)
    one.take().settle()
    for _ in range(9):
        two.take().settle()
    assert at(clock) == 10.5
    two.take().settle()
    assert at(clock) > 50


# --- requests at once --------------------------------------------------------------------------------------------------


def test_processes_together_have_no_more_under_way_than_permitted() -> None:
    clock = SystemClock()
    cells = Cells(clock)
    processes = [process(cells, InFlight(3)) for _ in range(3)]
    lock, under_way, most = threading.Lock(), 0, 0

    def work(number: int) -> None:
        nonlocal under_way, most
        with bulk(number % 5 > 0), processes[number % 3].take():
            with lock:
                under_way += 1
                most = max(most, under_way)
            threading.Event().wait(0.002)
            with lock:
                under_way -= 1

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(work, range(150)))
    assert 2 <= most <= 3


def test_a_process_that_does_nothing_holds_no_slot() -> None:
    clock = VirtualClock(NOON)
    cells = Cells(clock)
    one, two = (process(cells, InFlight(2)) for _ in range(2))
    one.take().settle()
    held = [two.take(), two.take()]
    assert at(clock) == 0
    for permit in held:
        permit.settle()


def test_the_slots_of_a_dead_process_are_free_again_when_its_request_must_be_over() -> None:
    clock = VirtualClock(NOON)
    cells = Cells(clock)
    dead, other = (process(cells, InFlight(1, longest=30)) for _ in range(2))
    dead.take()
    other.take()
    assert 30 <= at(clock) <= 31


def test_slots_are_shared_fairly_and_by_turns() -> None:
    """Two processes and one slot: whoever had it does not keep it for ever."""
    clock = VirtualClock(NOON)
    cells = Cells(clock)
    processes = [process(cells, InFlight(1)) for _ in range(2)]
    for turn in range(4):
        processes[turn % 2].take().settle()
    assert at(clock) == 0


def test_while_the_database_is_away_slots_are_parted() -> None:
    clock = VirtualClock(NOON)
    cells = Cells(clock)
    cells.away = True
    one = process(cells, InFlight(4))
    held = [one.take(), one.take()]
    slots: Any = one._pots[0][2]
    assert slots._ours == 2
    for permit in held:
        permit.settle()
    cells.away = False
    clock.sleep(11)
    held = [one.take() for _ in range(4)]
    assert len(held) == 4


def test_cells_hold_figures_only() -> None:
    clock = VirtualClock(NOON)
    cells = Cells(clock)
    access = Access(clock=clock, platform="acme", budgets=Budgets(cells))
    budget = access.budget(
        LeakyBucket(5, 1), QuotaWindow(9, 9), InFlight(2), account="https://shop.example/x"
    )
    with budget.take():
        assert len(cells.kept) == 3
        assert not any("shop" in text for text in [*cells.kept, *cells.kept.values()])
