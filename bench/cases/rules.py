"""Transports that keep a platform's rule, and what is counted at them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from ordersync.web import Clock, read

__all__ = ["AtOnce", "Counting", "LeakyBucket", "Meter", "PerMinute", "points"]


@dataclass
class Meter:
    """What passed a transport."""

    requests: int = 0
    refused: int = 0
    """Answers that say: too many."""
    spent: float = 0.0
    """Units of the platform's rule."""
    busy: float = 0.0
    """Seconds of requests under way, added up over all of them."""
    began: datetime | None = None
    ended: datetime | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def seconds(self) -> float:
        """From the first request to the last answer."""
        return (self.ended - self.began).total_seconds() if self.began and self.ended else 0.0


class Counting(httpx.BaseTransport):
    """Lets everything through, each request `takes` seconds of the clock, and counts it."""

    def __init__(
        self,
        inner: httpx.BaseTransport,
        clock: Clock,
        *,
        takes: float,
        cost: Callable[[httpx.Response], float] = lambda _: 1.0,
        only: bytes = b"",
    ) -> None:
        """`only`: what is not in a request's body, it is not counted."""
        self.meter = Meter()
        self._inner = inner
        self._clock = clock
        self._takes = takes
        self._cost = cost
        self._only = only

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._only and self._only not in request.read():
            self._clock.sleep(self._takes)
            return self._inner.handle_request(request)
        with self.meter.lock:
            self.meter.began = self.meter.began or self._clock.now()
            self.meter.requests += 1
        begun = time.perf_counter()
        self._clock.sleep(self._takes)
        response = self._inner.handle_request(request)
        response.read()
        throttled = b'"THROTTLED"' in response.content or b"Too many attempts" in response.content
        with self.meter.lock:
            self.meter.ended = self._clock.now()
            self.meter.busy += time.perf_counter() - begun
            if response.status_code == 429 or throttled:
                self.meter.refused += 1
            else:
                self.meter.spent += self._cost(response)
        return response


class AtOnce(httpx.BaseTransport):
    """Refuses with 429 whoever comes while `most` requests are under way. Each takes `takes` real seconds."""

    inner: httpx.BaseTransport

    def __init__(self, most: int, takes: float) -> None:
        self._slots = threading.BoundedSemaphore(most)
        self._takes = takes

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not self._slots.acquire(blocking=False):
            return httpx.Response(429, json={"title": "Too Many Requests"}, request=request)
        try:
            time.sleep(self._takes)
            return self.inner.handle_request(request)
        finally:
            self._slots.release()


class PerMinute(httpx.BaseTransport):
    """Refuses with 429 what is more than `most` requests in a minute of the clock's own."""

    inner: httpx.BaseTransport

    def __init__(self, most: int, clock: Clock) -> None:
        self._most, self._clock = most, clock
        self._minute, self._count = -1, 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        minute = int(self._clock.now().timestamp() // 60)
        if minute != self._minute:
            self._minute, self._count = minute, 0
        if self._count >= self._most:
            return httpx.Response(429, json={"title": "Too Many Requests"}, request=request)
        self._count += 1
        return self.inner.handle_request(request)


class LeakyBucket(httpx.BaseTransport):
    """Answers `{}`; each request is a drop in a bucket of `size` that leaks `rate` per second, else 429."""

    def __init__(self, size: int, rate: float, clock: Clock) -> None:
        self._size, self._rate, self._clock = size, rate, clock
        self._level, self._at = 0.0, clock.now()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        now = self._clock.now()
        self._level = max(self._level - (now - self._at).total_seconds() * self._rate, 0.0)
        self._at = now
        if self._level + 1 > self._size + 1e-9:
            return httpx.Response(429, headers={"retry-after": "1"}, json={}, request=request)
        self._level += 1
        return httpx.Response(200, json={}, request=request)


def points(response: httpx.Response) -> float:
    """What a GraphQL answer says that it did cost."""
    told = read(response.content)
    cost = told.get("extensions", {}).get("cost", {}) if isinstance(told, dict) else {}
    return float(cost.get("actualQueryCost") or 0)
