"""Rate budgets within one process: never more than is permitted, all of that, and the reserve."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from budgeting import A_BIT, NOON, answer, at, budget_of, told

from ordersync.errors import RateLimited
from ordersync.web import (
    Access,
    CostPoints,
    InFlight,
    LeakyBucket,
    QuotaWindow,
    Reply,
    SlidingWindow,
    SystemClock,
    VirtualClock,
    bulk,
)
from ordersync.web.budgets import Permit, Rule

# --- never more than is permitted --------------------------------------------------------------------------------------

calls = st.lists(
    st.tuples(st.floats(0.001, 120), st.floats(0, 3), st.booleans(), st.booleans(), st.booleans()),
    min_size=1,
    max_size=30,
)


@settings(deadline=None)
@given(st.floats(0.5, 100), st.floats(0.1, 200), calls)
def test_a_bucket_lets_out_its_size_and_its_rate(
    size: float, rate: float, asked: list[tuple[float, float, bool, bool, bool]]
) -> None:
    """Also if some reach nobody, which is told soon or late."""
    budget, clock = budget_of(CostPoints(size, rate))
    taken: list[tuple[float, float]] = []
    on_their_way: list[Permit] = []
    for cost, pause, run, away, tells in asked:
        with bulk(run):
            try:
                permit = budget.take(cost)
            except RateLimited:
                clock.sleep(1000)
                continue
        if away:
            on_their_way.append(permit)
        else:
            permit.settle()
            taken.append((at(clock), min(cost, size)))
        clock.sleep(pause)
        if tells:
            while on_their_way:
                on_their_way.pop().cancel()
    for i, (start, _) in enumerate(taken):
        out = 0.0
        for end, cost in taken[i:]:
            out += cost
            assert out <= size + rate * (end - start) + 1e-3 * rate + 1e-6


class Window:
    """A platform: `quota` requests in windows that its first request opens."""

    def __init__(self, quota: int, seconds: float, clock: VirtualClock) -> None:
        self.quota, self.seconds, self.clock = quota, seconds, clock
        self.refused = self.passed = self.spent = 0
        self.ends = 0.0

    def ask(self, foreign: bool = False) -> Reply:
        now = at(self.clock)
        if now >= self.ends:
            self.ends, self.spent = now + self.seconds, 0
        full = self.spent >= self.quota
        self.spent += not full
        self.refused += full and not foreign
        self.passed += not full
        rest = self.ends - now
        return answer(
            429 if full else 200,
            left=self.quota - self.spent,
            size=self.quota,
            resets_in=rest,
            seconds=self.seconds,
        )


@settings(deadline=None)
@given(
    st.integers(1, 20),
    st.floats(0.5, 60),
    st.lists(st.tuples(st.floats(0, 2), st.booleans(), st.booleans()), min_size=1, max_size=60),
)
def test_a_window_is_kept_whoever_else_uses_it(
    quota: int, seconds: float, asked: list[tuple[float, bool, bool]]
) -> None:
    """Another one's request before ours may use up what the last answer said was left; nothing else is refused."""
    budget, clock = budget_of(QuotaWindow(150, 30, report=told))
    platform = Window(quota, seconds, clock)
    first = budget.take()
    first.settle(platform.ask())
    for pause, run, others in asked:
        clock.sleep(pause)
        with bulk(run):
            permit = budget.take()
        refused = platform.refused
        permit.settle(platform.ask())
        assert platform.refused == refused
        if others:
            platform.ask(foreign=True)
            with budget.take() as permit:
                permit.settle(platform.ask())
            platform.refused = 0


@settings(deadline=None)
@given(
    st.integers(1, 12),
    st.floats(1, 60),
    st.lists(st.tuples(st.floats(0, 9), st.booleans()), min_size=1, max_size=50),
)
def test_no_span_of_a_sliding_window_holds_more(
    quota: int, seconds: float, asked: list[tuple[float, bool]]
) -> None:
    budget, clock = budget_of(SlidingWindow(quota, seconds))
    recent: deque[float] = deque(maxlen=quota)
    for pause, run in asked:
        clock.sleep(pause)
        with bulk(run):
            budget.take().settle()
        if len(recent) == quota:
            assert at(clock) - recent[0] >= seconds - 1e-5
        recent.append(at(clock))


def test_threads_share_one_budget() -> None:
    clock = VirtualClock(NOON)
    access = Access(clock=clock)
    budgets = [access.budget(LeakyBucket(5, 10), account="shop") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(lambda one: [one.take() for _ in range(13)], one) for one in budgets]:
            done.result()
    assert len(set(map(id, budgets))) == 1
    assert at(clock) >= (104 - 5) / 10 - A_BIT


def test_two_accounts_and_two_connections_are_apart() -> None:
    access = Access(clock=VirtualClock(NOON))
    rule = LeakyBucket(1, 1)
    assert access.budget(rule, account="a") is access.budget(rule, account="a")
    assert access.budget(rule, account="a") is not access.budget(rule, account="b")
    assert access.budget(rule) is not Access(connection="other", budgets=access.budgets).budget(rule)
    assert repr(access.budget(rule, account="a")) == "Budget(LeakyBucket(size=1, rate=1))"


def test_a_rule_that_holds_already_is_not_added_twice() -> None:
    budget, clock = budget_of(SlidingWindow(1, 10))
    budget.add(SlidingWindow(1, 10))
    budget.take().settle()
    budget.take().settle()
    assert at(clock) == pytest.approx(10, abs=A_BIT)


@pytest.mark.parametrize(
    "make",
    [
        lambda: LeakyBucket(0, 1),
        lambda: CostPoints(1, 0),
        lambda: QuotaWindow(0, 1),
        lambda: QuotaWindow(1, 0),
        lambda: SlidingWindow(0, 1),
        lambda: InFlight(0),
        lambda: LeakyBucket(float("nan"), 1),
    ],
)
def test_an_impossible_rule_is_refused(make: Callable[[], Rule]) -> None:
    with pytest.raises(ValueError, match="above zero"):
        make()


# --- what is permitted is used -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "permitted"),
    [
        (LeakyBucket(40, 2), lambda seconds: 40 + 2 * seconds),
        (LeakyBucket(1, 5), lambda seconds: 1 + 5 * seconds),
        (QuotaWindow(150, 30), lambda seconds: 150 * (seconds // 30)),
        (QuotaWindow(5, 60), lambda seconds: 5 * (seconds // 60)),
        (SlidingWindow(60, 60), lambda seconds: 60 * (seconds // 60)),
        (SlidingWindow(5, 60), lambda seconds: 5 * (seconds // 60)),
        (SlidingWindow(3, 10), lambda seconds: 3 * (seconds // 10)),
    ],
    ids=lambda one: "permitted" if callable(one) else repr(one),
)
def test_a_bulk_run_alone_uses_what_is_permitted(rule: Rule, permitted: Callable[[float], float]) -> None:
    budget, clock = budget_of(rule)
    used = 0
    with bulk():
        while at(clock) < 3600:
            budget.take().settle()
            clock.sleep(0.02)
            used += 1
    assert used / permitted(at(clock)) >= 0.95


def test_a_bulk_run_leaves_the_reserve_of_a_bucket() -> None:
    budget, clock = budget_of(LeakyBucket(40, 2))
    with bulk():
        for _ in range(36):
            budget.take().settle()
        assert at(clock) == 0
        budget.take().settle()
        assert at(clock) == pytest.approx(0.5, abs=A_BIT)
    for _ in range(4):
        budget.take().settle()
    assert at(clock) == pytest.approx(0.5, abs=A_BIT)


def test_the_reserve_of_a_window_is_released_towards_its_end() -> None:
    budget, clock = budget_of(QuotaWindow(20, 60))
    with bulk():
        for _ in range(18):
            budget.take().settle()
        assert at(clock) == 0
        budget.take().settle()
        assert 30 < at(clock) < 57
        budget.take().settle()
        assert at(clock) == pytest.approx(57, abs=0.1)
        budget.take().settle()
        assert at(clock) == pytest.approx(60, abs=A_BIT)


def test_a_person_uses_the_reserve_of_a_window_at_once() -> None:
    budget, clock = budget_of(QuotaWindow(20, 60), SlidingWindow(20, 60))
    with bulk():
        for _ in range(18):
            budget.take().settle()
    budget.take().settle()
    budget.take().settle()
    assert at(clock) == 0
    budget.take().settle()
    assert at(clock) == pytest.approx(60, abs=A_BIT)


def test_one_unit_is_kept_at_least_and_a_budget_of_one_works() -> None:
    budget, clock = budget_of(LeakyBucket(5, 1))
    with bulk():
        for _ in range(4):
            budget.take().settle()
        assert at(clock) == 0
        single, clock = budget_of(LeakyBucket(1, 1), QuotaWindow(1, 10), SlidingWindow(1, 10))
        single.take().settle()
        single.take().settle()
    assert at(clock) == pytest.approx(10, abs=A_BIT)


@contextmanager
def background(work: Callable[[], object]) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield thread
    thread.join(20)
    assert not thread.is_alive()


def waits(condition: Callable[[], bool]) -> None:
    patience = threading.Event()
    for _ in range(2000):
        if condition():
            return
        patience.wait(0.005)
    raise AssertionError("it never came to that")


def test_an_interactive_call_passes_a_queue_of_bulk_runs() -> None:
    """Requests at once on the real clock: the slot that gets free is the person's, who came last."""
    budget = Access(clock=SystemClock()).budget(InFlight(1))
    held, order = budget.take(), list[str]()
    slots = budget._pots[0][2]

    def queue() -> None:
        with bulk(), budget.take():
            order.append("bulk")

    def person() -> None:
        with budget.take():
            order.append("person")

    threads = [threading.Thread(target=queue, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    waits(lambda: slots._waiting == 4)  # type: ignore[attr-defined]  # the slots of this one rule
    threads.append(threading.Thread(target=person, daemon=True))
    threads[-1].start()
    waits(lambda: slots._waiting == 5)  # type: ignore[attr-defined]  # as above
    held.settle()
    for thread in threads:
        thread.join(20)
    assert order == ["person"] + ["bulk"] * 4


def test_bulk_runs_hold_back_while_a_person_waits_for_much() -> None:
    """A person's dear query is not starved by cheap ones that take each point as it comes."""

    class Stepped(VirtualClock):
        """Whoever sleeps lets others go first."""

        def sleep(self, seconds: float) -> None:
            super().sleep(min(seconds, 0.1))
            asleep.set()
            threading.Event().wait(0.001)

    asleep, done = threading.Event(), threading.Event()
    clock = Stepped(NOON)
    budget, _ = budget_of(CostPoints(100, 10), clock=clock)
    budget.take(100).settle()

    def person() -> None:
        budget.take(80).settle()
        done.set()

    cheap = 0
    with background(person):
        asleep.wait(10)
        with bulk():
            while not done.is_set() and cheap < 500:
                budget.take(1).settle()
                cheap += 1
    assert at(clock) < 20
    assert cheap < 60


def test_a_dear_request_of_a_bulk_run_is_not_starved_either() -> None:
    """Bulk runs queue: whoever waits first has its points first."""
    budget = Access(clock=SystemClock()).budget(CostPoints(100, 200))
    order = list[str]()
    budget.take(60).settle()
    pot = budget._pots[0][2]

    def dear() -> None:
        with bulk():
            budget.take(90).settle()
        order.append("dear")

    with background(dear):
        waits(lambda: pot._turn.locked() or bool(order))  # type: ignore[attr-defined]  # the pot of this one rule
        with bulk():
            for _ in range(20):
                budget.take(1).settle()
        order.append("cheap")
    assert order == ["dear", "cheap"]
