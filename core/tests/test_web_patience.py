"""Waiting: Retry-After, retries, buckets that never exceed their rate, clocks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordersync.errors import InDoubt, RateLimited, TryLater, Unreachable
from ordersync.web import Bucket, SystemClock, VirtualClock, patiently, retry_after
from ordersync.web.patience import LONGEST_WAIT

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": " 7 "}, 7),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "Sun, 01 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Sun, 01 Nov 2026 13:00:30 +0100"}, 30),
        ({"retry-after": "Sun, 01 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "Sun, 01 Nov 2026 15:00:09 GMT", "date": "Sun, 01 Nov 2026 15:00:00 GMT"}, 9),
        ({"retry-after": "inf"}, 365 * 86400),
        ({"retry-after": "1e300"}, 365 * 86400),
        ({}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Sun, 99 Nov 2026 12:00:30 GMT"}, None),
    ],
)
def test_retry_after_in_both_forms(headers: dict[str, str], seconds: float | None) -> None:
    wanted = None if seconds is None else NOON + timedelta(seconds=seconds)
    assert retry_after(headers, NOON) == wanted


def failing(*errors: Exception) -> Callable[[], str]:
    left = list(errors)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return call


def test_pauses_grow() -> None:
    clock = VirtualClock(NOON)
    assert patiently(failing(*(TryLater("x") for _ in range(4))), clock=clock) == "done"
    assert clock.now() - NOON == timedelta(seconds=0.5 + 1 + 2 + 4)


def test_waits_for_what_was_asked() -> None:
    clock = VirtualClock(NOON)
    call = failing(
        RateLimited("x", when=NOON + timedelta(seconds=40)), TryLater("y", when=NOON + timedelta(seconds=70))
    )
    assert patiently(call, clock=clock) == "done"
    assert clock.now() - NOON == timedelta(seconds=70)


def test_a_moment_that_has_passed_does_not_make_it_hurry() -> None:
    clock = VirtualClock(NOON)
    assert patiently(failing(*(TryLater("x", when=NOON) for _ in range(4))), clock=clock) == "done"
    assert clock.now() - NOON == timedelta(seconds=7.5)


def test_too_long_a_wait_is_told_at_once() -> None:
    clock = VirtualClock(NOON)
    late = NOON + timedelta(seconds=LONGEST_WAIT + 1)
    with pytest.raises(RateLimited) as told:
        patiently(failing(RateLimited("x", when=late)), clock=clock)
    assert told.value.when == late
    assert clock.now() == NOON


def test_the_last_error_is_raised() -> None:
    clock = VirtualClock(NOON)
    with pytest.raises(Unreachable, match="third"):
        patiently(
            failing(TryLater("first"), TryLater("second"), Unreachable("third")), clock=clock, attempts=3
        )
    assert clock.now() - NOON == timedelta(seconds=1.5)


def test_a_platform_that_names_short_waits_is_waited_for() -> None:
    """Eight refusals in a row, each of which says when: a busy hour, not a failure."""
    clock = VirtualClock(NOON)
    waits = [RateLimited("x", when=NOON + timedelta(seconds=20 * i)) for i in range(1, 9)]
    assert patiently(failing(*waits), clock=clock) == "done"
    assert clock.now() - NOON == timedelta(seconds=160)


def test_but_not_for_ever() -> None:
    clock = VirtualClock(NOON)

    def call() -> str:
        raise RateLimited("again", when=clock.now() + timedelta(seconds=80))

    with pytest.raises(RateLimited):
        patiently(call, clock=clock)
    assert clock.now() - NOON == timedelta(seconds=240)


def test_named_waits_use_up_no_attempts() -> None:
    clock = VirtualClock(NOON)
    errors: list[Exception] = [
        TryLater("x"),
        RateLimited("y", when=NOON + timedelta(seconds=9)),
        TryLater("x"),
    ]
    assert patiently(failing(*errors), clock=clock, attempts=3) == "done"
    with pytest.raises(TryLater, match="third"):
        patiently(failing(*errors, TryLater("third")), clock=VirtualClock(NOON), attempts=3)


@pytest.mark.parametrize("error", [InDoubt("x"), ValueError("x")])
def test_nothing_else_is_repeated(error: Exception) -> None:
    clock = VirtualClock(NOON)
    with pytest.raises(type(error)):
        patiently(failing(error), clock=clock)
    assert clock.now() == NOON


@settings(deadline=None)
@given(
    st.floats(0.5, 100),
    st.floats(0.1, 200),
    st.lists(st.tuples(st.floats(0.001, 120), st.floats(0, 3)), min_size=1, max_size=30),
)
def test_a_bucket_never_exceeds_its_rate(size: float, rate: float, calls: list[tuple[float, float]]) -> None:
    clock = VirtualClock(NOON)
    bucket = Bucket(size, rate, clock)
    taken: list[tuple[float, float]] = []
    for cost, pause in calls:
        bucket.take(cost)
        taken.append(((clock.now() - NOON).total_seconds(), min(cost, size)))
        clock.sleep(pause)
    for i, (start, _) in enumerate(taken):
        out = 0.0
        for end, cost in taken[i:]:
            out += cost
            assert out <= size + rate * (end - start) + 1e-3 * rate + 1e-6


def test_a_bucket_does_not_wait_longer_than_it_must() -> None:
    clock = VirtualClock(NOON)
    bucket = Bucket(10, 2, clock)
    for _ in range(30):
        bucket.take(1)
    assert (clock.now() - NOON).total_seconds() == pytest.approx(10, abs=1e-3)


def test_a_wait_below_the_clock_s_grain_ends() -> None:
    clock = VirtualClock(NOON)
    bucket = Bucket(1, 50, clock)
    bucket.observe(1 - 1e-12)
    bucket.take(1)
    assert clock.now() - NOON == timedelta(microseconds=1)


def test_observe_lowers_and_never_raises() -> None:
    clock = VirtualClock(NOON)
    bucket = Bucket(100, 10, clock)
    bucket.observe(20)
    bucket.observe(90)
    bucket.take(40)
    assert (clock.now() - NOON).total_seconds() == pytest.approx(2)


def test_observe_takes_over_size_and_rate() -> None:
    clock = VirtualClock(NOON)
    bucket = Bucket(100, 10, clock)
    bucket.observe(1000, size=40, rate=1)
    bucket.observe(1000, size=0, rate=-1)
    bucket.take(40)
    assert clock.now() == NOON
    bucket.take(5)
    assert (clock.now() - NOON).total_seconds() == pytest.approx(5)


def test_what_was_taken_too_much_can_be_given_back() -> None:
    clock = VirtualClock(NOON)
    bucket = Bucket(10, 1, clock)
    bucket.take(10)
    bucket.give_back(100)
    bucket.take(10)
    assert clock.now() == NOON


@pytest.mark.parametrize(("size", "rate"), [(0, 1), (1, 0), (-1, 1), (float("nan"), 1)])
def test_an_impossible_bucket_is_refused(size: float, rate: float) -> None:
    with pytest.raises(ValueError, match="above zero"):
        Bucket(size, rate, VirtualClock())


def test_a_bucket_of_several_threads() -> None:
    clock = VirtualClock(NOON)
    bucket = Bucket(5, 10, clock)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(bucket.take, [1.0] * 105))
    assert (clock.now() - NOON).total_seconds() >= 10 - 1e-3


def test_the_virtual_clock_of_several_threads() -> None:
    clock = VirtualClock(NOON)
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        for _ in range(500):
            before = clock.now()
            clock.sleep(0.001)
            assert clock.now() > before

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work) for _ in range(8)]:
            done.result()
    assert clock.now() - NOON == timedelta(seconds=4)


def test_the_virtual_clock_never_goes_back_and_speaks_utc() -> None:
    clock = VirtualClock(datetime(2026, 11, 1, 14, tzinfo=timezone(timedelta(hours=2))))
    clock.sleep(-5)
    assert clock.now() == NOON
    assert clock.now().tzinfo is UTC
    with pytest.raises(ValueError, match="aware"):
        VirtualClock(datetime(2026, 11, 1))  # noqa: DTZ001 - that it is refused is the point


def test_the_machine_s_clock() -> None:
    clock = SystemClock()
    before = clock.now()
    clock.sleep(-1)
    clock.sleep(0.002)
    assert clock.now() - before >= timedelta(milliseconds=1)
    assert before.tzinfo is UTC
