"""How many requests a platform takes. Every part of this kind is asked, in the order of declaration.

    throttle = LeakyBucket(40, per_second=2, header="X-Api-Call-Limit")
    throttle = FixedWindow(150, seconds=30, left="X-RateLimit-Remaining", reset="X-RateLimit-Reset")
    throttle = Concurrency(5)

`refused` counts what was turned away, so that a test can say that nothing was: `assert sandbox.refused == 0`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from werkzeug.http import http_date
from werkzeug.wrappers import Request

from ordersync.testing.kit.faults import Fault
from ordersync.testing.kit.parts import Part

__all__ = ["IN_FLIGHT", "Concurrency", "FixedWindow", "LeakyBucket", "RetryAfter", "Throttle"]

IN_FLIGHT = "ordersync.in_flight"
"""In a request's environment: how many requests were on their way when it came, itself included."""
RetryAfter = Literal["seconds", "date", "none"]


class Throttle(Part):
    """Turns requests away when there are too many. A Fault 429 `too_many_requests`, with Retry-After if it says one."""

    def __init__(self, retry_after: RetryAfter = "seconds", status: int = 429) -> None:
        self.retry_after: RetryAfter = retry_after
        self.status = status
        self.refused = 0

    def wait(self, request: Request, cost: int, now: datetime) -> float | None:
        """None: it may pass, and is counted. Else the seconds until it might."""
        raise NotImplementedError

    def headers(self, now: datetime) -> Mapping[str, str]:  # noqa: ARG002 - for those that say how much is left
        """What every answer carries."""
        return {}

    def admit(self, request: Request, cost: int) -> None:
        """Count a request. Raises Fault 429."""
        now = self.sandbox.clock.now()
        wait = self.wait(request, cost, now)
        if wait is None:
            return
        self.refused += 1
        headers = {}
        if self.retry_after == "seconds":
            headers["Retry-After"] = str(max(1, math.ceil(wait)))
        elif self.retry_after == "date":
            headers["Retry-After"] = http_date(now + timedelta(seconds=max(1, math.ceil(wait))))
        raise Fault(self.status, "too_many_requests", "Too many requests.", headers=headers)


class LeakyBucket(Throttle):
    """`size` requests at once, `per_second` of them come back each second; `header` says `3/40`."""

    def __init__(
        self, size: int, *, per_second: float, header: str = "", retry_after: RetryAfter = "seconds"
    ) -> None:
        super().__init__(retry_after)
        self.size, self.per_second, self.header = size, per_second, header
        self._level = 0.0
        self._at: datetime | None = None

    def wait(self, request: Request, cost: int, now: datetime) -> float | None:  # noqa: ARG002 - Throttle's signature
        self._leak(now)
        over = self._level + cost - self.size
        if over > 1e-9:
            return over / self.per_second
        self._level += cost
        return None

    def headers(self, now: datetime) -> Mapping[str, str]:
        self._leak(now)
        return {self.header: f"{math.ceil(self._level)}/{self.size}"} if self.header else {}

    def _leak(self, now: datetime) -> None:
        passed = (now - self._at).total_seconds() if self._at else 0.0
        self._level = max(0.0, self._level - max(passed, 0.0) * self.per_second)
        self._at = now

    def state(self) -> Any:
        return {"level": str(self._level), "at": self._at}

    def restore(self, state: Any) -> None:
        self._level, self._at = float(state["level"]), state["at"]


class FixedWindow(Throttle):
    """`quota` requests in each window of so many seconds, the first request opens it.

    The headers that are named tell the quota (`limit`), what is `left` of it, when it begins anew (`reset`: in `seconds` or
    `milliseconds` from now, or as an `epoch` second), and how long a window is (`length`).
    """

    def __init__(
        self,
        quota: int,
        *,
        seconds: float,
        limit: str = "",
        left: str = "",
        reset: str = "",
        reset_as: Literal["seconds", "milliseconds", "epoch"] = "seconds",
        length: str = "",
        retry_after: RetryAfter = "seconds",
    ) -> None:
        super().__init__(retry_after)
        self.quota, self.seconds = quota, seconds
        self.names, self.reset_as = (limit, left, reset, length), reset_as
        self._opened: datetime | None = None
        self._spent = 0

    def wait(self, request: Request, cost: int, now: datetime) -> float | None:  # noqa: ARG002 - Throttle's signature
        if self._opened is None or now >= self._ends():
            self._opened, self._spent = now, 0
        if self._spent + cost > self.quota:
            return (self._ends() - now).total_seconds()
        self._spent += cost
        return None

    def headers(self, now: datetime) -> Mapping[str, str]:
        ends = max(self._ends(), now) if self._opened else now + timedelta(seconds=self.seconds)
        unit = 1000 if self.reset_as == "milliseconds" else 1
        reset = ends.timestamp() if self.reset_as == "epoch" else (ends - now).total_seconds() * unit
        values = (
            self.quota, max(self.quota - self._spent, 0), math.ceil(reset), math.ceil(self.seconds * unit),
        )  # fmt: skip
        return {name: str(value) for name, value in zip(self.names, values, strict=True) if name}

    def _ends(self) -> datetime:
        assert self._opened is not None
        return self._opened + timedelta(seconds=self.seconds)

    def state(self) -> Any:
        return {"opened": self._opened, "spent": self._spent}

    def restore(self, state: Any) -> None:
        self._opened, self._spent = state["opened"], state["spent"]


class Concurrency(Throttle):
    """At most `limit` requests at a time, from whatever threads."""

    def __init__(self, limit: int, *, retry_after: RetryAfter = "none") -> None:
        super().__init__(retry_after)
        self.limit = limit

    def wait(self, request: Request, cost: int, now: datetime) -> float | None:  # noqa: ARG002 - Throttle's signature
        return 1.0 if request.environ.get(IN_FLIGHT, 1) > self.limit else None
