"""Faults, and the ports at which they strike: every request to the target, every commit of the ledger.

A schedule says at which sites of a world's life which faults strike. Sites are counted from 0 in the order in which workers
pass them; the same schedule over the same sandboxes strikes the same way.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import httpx

from ordersync.ledger import Store
from ordersync.web import VirtualClock

__all__ = [
    "AT_COMMIT",
    "AT_REQUEST",
    "Course",
    "Died",
    "Fault",
    "FaultyStore",
    "FaultyTransport",
    "LateClock",
    "Strike",
    "Worker",
    "store_of",
]


class Died(BaseException):
    """The worker's process is gone; none of its ports answers any more."""


class Fault(StrEnum):
    REFUSED = "refused"
    """No connection: the request never leaves."""
    LOST_BEFORE = "lost_before"
    """The request is lost on the way; the client waits in vain."""
    LOST_AFTER = "lost_after"
    """The platform did it; the answer is lost."""
    LATE = "late"
    """The client gives up; the platform does it a minute later."""
    BAD_GATEWAY = "bad_gateway"
    """The platform did it; a proxy answers 502."""
    TRUNCATED = "truncated"
    """The platform did it; half of the answer arrives."""
    LIMITED = "limited"
    """429 with Retry-After; nothing was done."""
    PAUSE = "pause"
    """The worker stands still; a second one runs to quiet meanwhile."""
    DIES_BEFORE = "dies_before"
    """The process dies; nothing was done."""
    DIES_AFTER = "dies_after"
    """It was done; the process dies before it knows."""


AT_REQUEST = tuple(Fault)
AT_COMMIT = (Fault.DIES_BEFORE, Fault.DIES_AFTER)
LATENESS = timedelta(seconds=60)


@dataclass(frozen=True)
class Strike:
    """One fault at one site of a world's life (0 is the first)."""

    site: int
    fault: Fault

    def __str__(self) -> str:
        return f"{self.site}:{self.fault}"

    @classmethod
    def read(cls, text: str) -> Strike:
        """From `12:lost_after`. Raises ValueError."""
        site, _, fault = text.partition(":")
        return cls(int(site), Fault(fault))


class LateClock(VirtualClock):
    """A virtual clock that does, on its way, what was put off to a certain time."""

    def __init__(self, start: datetime | None = None) -> None:
        super().__init__(start)
        self._start = self.now()
        self._late: list[tuple[datetime, Callable[[], object]]] = []

    def restart(self) -> None:
        """Back to the beginning; what was put off is forgotten."""
        with self._lock:
            self._now = self._start
        self._late.clear()

    def put_off(self, by: timedelta, what: Callable[[], object]) -> None:
        """Do it once this much time has gone by."""
        self._late.append((self.now() + by, what))

    def sleep(self, seconds: float) -> None:
        until = self.now() + timedelta(seconds=max(seconds, 0.0))
        while due := [one for one in self._late if one[0] <= until]:
            first = min(due, key=lambda one: one[0])
            self._late.remove(first)
            super().sleep((first[0] - self.now()).total_seconds())
            first[1]()
        super().sleep((until - self.now()).total_seconds())


@dataclass
class Course:
    """The sites that the workers of one world have passed, and where faults wait."""

    strikes: dict[int, Fault] = field(default_factory=dict)
    sites: list[str] = field(default_factory=list)
    """What each site was, for people: `POST /jsonrpc`, `commit`."""


@dataclass
class Worker:
    """One process, as its ports see it."""

    course: Course = field(default_factory=Course)
    pause: Callable[[], None] | None = None
    """Runs a second worker to quiet."""
    dead: bool = False

    def site(self, what: str, possible: tuple[Fault, ...]) -> Fault | None:
        """Pass a site; the fault that strikes there."""
        self.alive()
        fault = self.course.strikes.get(len(self.course.sites))
        self.course.sites.append(what)
        return fault if fault in possible else None

    def die(self) -> Died:
        """From now on nothing of this worker answers."""
        self.dead = True
        return Died()

    def alive(self) -> None:
        """Raises Died if it is not."""
        if self.dead:
            raise Died


class FaultyTransport(httpx.BaseTransport):
    """A way into a sandbox that faults strike."""

    def __init__(self, inner: httpx.BaseTransport, worker: Worker, clock: LateClock) -> None:
        self._inner = inner
        self._worker = worker
        self._clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        fault = self._worker.site(f"{request.method} {request.url.path}", AT_REQUEST)
        if fault is None:
            return self._inner.handle_request(request)
        body = request.read()

        def deliver() -> httpx.Response:
            again = httpx.Request(request.method, request.url, headers=request.headers, content=body)
            response = self._inner.handle_request(again)
            response.read()
            return response

        match fault:
            case Fault.REFUSED:
                raise httpx.ConnectError("refused", request=request)
            case Fault.LOST_BEFORE:
                self._clock.sleep(30)
                raise httpx.ReadTimeout("no answer", request=request)
            case Fault.LOST_AFTER:
                deliver()
                self._clock.sleep(30)
                raise httpx.ReadTimeout("no answer", request=request)
            case Fault.LATE:
                self._clock.put_off(LATENESS, deliver)
                self._clock.sleep(30)
                raise httpx.ReadTimeout("no answer", request=request)
            case Fault.BAD_GATEWAY:
                deliver()
                return httpx.Response(502, headers={"content-type": "text/html"}, content=b"<h1>502</h1>")
            case Fault.TRUNCATED:
                whole = deliver()
                headers = {"content-type": whole.headers.get("content-type", "")}
                return httpx.Response(
                    whole.status_code,
                    headers=headers,
                    content=whole.content[: len(whole.content) // 2] or b"{",
                )
            case Fault.LIMITED:
                return httpx.Response(429, headers={"retry-after": "2"}, content=b"")
            case Fault.PAUSE:
                if self._worker.pause:
                    self._worker.pause()
                return deliver()
            case Fault.DIES_BEFORE:
                raise self._worker.die()
            case Fault.DIES_AFTER:
                deliver()
                raise self._worker.die()

    def close(self) -> None:
        """The sandbox stays."""


class FaultyStore(Store):
    """A worker's own view of a ledger in memory."""

    worker: Worker

    @contextmanager
    def read(self) -> Iterator[Any]:
        self.worker.alive()
        with super().read() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Any]:
        fault = self.worker.site("commit", AT_COMMIT)
        with super().write() as connection:
            yield connection
            if fault is Fault.DIES_BEFORE:
                raise self.worker.die()
        if fault is Fault.DIES_AFTER:
            raise self.worker.die()

    def close(self) -> None:
        """The database outlives the worker."""


def store_of(shared: FaultyStore, worker: Worker, clock: LateClock) -> FaultyStore:
    """The ledger behind `shared` as `worker` sees it."""
    store = copy.copy(shared)
    store.worker = worker
    store.clock = clock
    return store
