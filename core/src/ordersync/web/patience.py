"""Waiting well: retries with growing pauses, `Retry-After`, and buckets that keep within a rate ahead of time."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

from ordersync.errors import TryLater
from ordersync.web.clock import Clock

__all__ = ["Bucket", "patiently", "retry_after", "waited_for"]

T = TypeVar("T")
LONGEST_WAIT = 90.0
"""Seconds; a platform that asks for more gets its way, but the caller is told instead of being held."""
LONGEST_PATIENCE = 300.0
"""Seconds that one call waits in all for a platform that names its waits."""
_A_YEAR = 365 * 86400.0
_waited_for: ContextVar[bool] = ContextVar("waited_for", default=False)


def retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When `Retry-After` allows another try: seconds or an HTTP date; None if it says nothing readable.

    `headers` have names in lower case. A date is counted from the platform's own `Date`, so that clocks which disagree
    do no harm. A past moment means `now`; one beyond a year, a year. The answer is aware, UTC.
    """
    value = headers.get("retry-after", "").strip()
    seconds = _number(value)
    if seconds is None:
        when = _http_date(value)
        if when is None:
            return None
        seconds = (when - (_http_date(headers.get("date", "")) or now)).total_seconds()
    return now + timedelta(seconds=min(max(seconds, 0.0), _A_YEAR))


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _http_date(value: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(value)
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def patiently(
    call: Callable[[], T], *, clock: Clock, attempts: int = 5, log: logging.Logger | None = None
) -> T:
    """Call until it does not raise TryLater, pausing in between.

    The pause is what the platform asked for (`TryLater.when`), else 0.5, 1, 2, 4 … seconds, at most 30; a `when` that
    has passed already counts as none. A platform that names each wait is given `LONGEST_PATIENCE` seconds of waiting in
    all; failures that name none are met at most `attempts` times. Raises the last TryLater, or at once if the platform
    asks for more than `LONGEST_WAIT` seconds; any other error at once. Within `waited_for` it is one call.
    """
    if _waited_for.get():
        return call()
    import tenacity

    unnamed = 0

    def asked(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        when = error.when if isinstance(error, TryLater) else None
        return (when - clock.now()).total_seconds() if when else 0.0

    def pause(state: tenacity.RetryCallState) -> float:
        seconds = asked(state)
        return seconds if seconds > 0 else float(min(0.5 * 2 ** min(state.attempt_number - 1, 9), 30.0))

    def worthwhile(state: tenacity.RetryCallState) -> bool:
        nonlocal unnamed
        error = state.outcome.exception() if state.outcome else None
        if not isinstance(error, TryLater):
            return False
        seconds = asked(state)
        unnamed += seconds <= 0
        return seconds <= LONGEST_WAIT

    def enough(state: tenacity.RetryCallState) -> bool:
        return unnamed >= attempts or state.idle_for + asked(state) > LONGEST_PATIENCE

    def told(state: tenacity.RetryCallState) -> None:
        if log and state.next_action:
            error = state.outcome.exception() if state.outcome else None
            log.info("waiting %.1f s: %s", state.next_action.sleep, error)

    return tenacity.Retrying(
        sleep=clock.sleep,
        stop=enough,
        wait=pause,
        retry=worthwhile,
        before_sleep=told,
        reraise=True,
    )(call)


@contextmanager
def waited_for() -> Iterator[None]:
    """What is asked in the block, a token say, is asked for a request that waits and asks again by itself: patience within
    patience would multiply."""
    token = _waited_for.set(True)
    try:
        yield
    finally:
        _waited_for.reset(token)


class Bucket:
    """A leaky bucket: `size` units that refill at `rate` per second. `take` waits until there is enough.

    Feed it what the platform reports (`observe`); between reports it computes. Thread-safe. Within any span of `t`
    seconds it lets at most `size + rate * t` units out. Raises ValueError if `size` or `rate` is not above zero.
    """

    def __init__(self, size: float, rate: float, clock: Clock) -> None:
        if not (size > 0 and rate > 0):
            raise ValueError("a bucket's size and rate must be above zero")
        self._size, self._rate, self._clock = float(size), float(rate), clock
        self._available = self._size
        self._since = clock.now()
        self._lock = threading.Lock()

    def take(self, cost: float) -> None:
        """Wait until `cost` units are there, and take them; a cost above the bucket's size takes a full bucket."""
        while True:
            with self._lock:
                self._refill()
                needed = min(max(cost, 0.0), self._size)
                if self._available >= needed:
                    self._available -= needed
                    return
                wait = (needed - self._available) / self._rate
            self._clock.sleep(math.ceil(wait * 1e6) / 1e6)

    def observe(self, available: float, size: float | None = None, rate: float | None = None) -> None:
        """What the platform says is left now; the lower of its figure and ours stands.

        A `size` or `rate` (per second) that is not above zero is passed over.
        """
        with self._lock:
            self._refill()
            self._size = float(size) if size and size > 0 else self._size
            self._rate = float(rate) if rate and rate > 0 else self._rate
            self._available = min(self._available, float(available), self._size)

    def give_back(self, cost: float) -> None:
        """Return what was taken too much (an actual cost below the requested one)."""
        with self._lock:
            self._refill()
            self._available = min(self._size, self._available + max(cost, 0.0))

    def _refill(self) -> None:
        now = self._clock.now()
        gone = max((now - self._since).total_seconds(), 0.0)
        self._since = now
        self._available = min(self._size, self._available + gone * self._rate)

    def __repr__(self) -> str:
        return f"Bucket({self._size:g}, {self._rate:g} per second)"
