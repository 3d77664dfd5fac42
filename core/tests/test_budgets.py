"""Rate budgets within one process: each kind of rule, the reserve, what replies say, threads, clocks that step."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordersync.errors import InDoubt, RateLimited, TryLater
from ordersync.web import (
    Access,
    Budget,
    CostPoints,
    InFlight,
    LeakyBucket,
    PerOperation,
    QuotaWindow,
    Reply,
    Report,
    SlidingWindow,
    SystemClock,
    VirtualClock,
    bulk,
)
from ordersync.web.budgets import Rule

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
A_BIT = 1e-3


def at(clock: VirtualClock) -> float:
    return (clock.now() - NOON).total_seconds()


def budget_of(*rules: Rule, clock: VirtualClock | None = None) -> tuple[Budget, VirtualClock]:
    clock = clock or VirtualClock(NOON)
    return Access(clock=clock).budget(*rules), clock


def told(reply: Reply) -> Report:
    """What a platform of these tests says in its headers."""
    figures = {name: float(text) for name, text in reply.headers.items() if text.replace(".", "").isdigit()}
    figures.pop("content-length", None)
    figures.pop("retry-after", None)
    return Report(**figures)


def answer(status: int = 200, *, retry_after: str = "", **figures: float) -> Reply:
    headers = {name: str(value) for name, value in figures.items()}
    return Reply(status, headers | ({"retry-after": retry_after} if retry_after else {}), b"", None, "")


# --- never more than is permitted --------------------------------------------------------------------------------------

calls = st.lists(st.tuples(st.floats(0.001, 120), st.floats(0, 3), st.booleans()), min_size=1, max_size=30)


@settings(deadline=None)
@given(st.floats(0.5, 100), st.floats(0.1, 200), calls)
def test_a_bucket_lets_out_its_size_and_its_rate(
    size: float, rate: float, asked: list[tuple[float, float, bool]]
) -> None:
    budget, clock = budget_of(CostPoints(size, rate))
    taken: list[tuple[float, float]] = []
    for cost, pause, run in asked:
        with bulk(run):
            try:
                budget.take(cost).settle()
            except RateLimited:
                clock.sleep(1000)
                continue
        taken.append((at(clock), min(cost, size)))
        clock.sleep(pause)
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


@pytest.mark.parametrize("rule", [QuotaWindow(2, 60), SlidingWindow(2, 60)])
def test_a_window_counts_it_all_the_same(rule: Rule) -> None:
    answers = [httpx.Response(200, json={}) for _ in range(2)]
    shop, clock = client(httpx.ConnectError("no"), *answers, rules=(rule,))
    shop.get("a")
    assert at(clock) == 0.5
    shop.get("a")
    assert at(clock) == pytest.approx(60, abs=A_BIT)


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
