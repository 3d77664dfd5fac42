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
from werkzeug.wrappers import Request

from ordersync.ledger import Store
from ordersync.testing.sandbox import Sandbox
from ordersync.web import VirtualClock

__all__ = [
    "Course",
    "Died",
    "Fault",
    "FaultyStore",
    "FaultyTransport",
    "LateClock",
    "Platform",
    "Strike",
    "Worker",
    "faults_at",
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
    MEETS = "meets"
    """A second worker runs at this very moment, and waits for nothing."""
    DIES_BEFORE = "dies_before"
    """The process dies; nothing was done."""
    DIES_AFTER = "dies_after"
    """It was done; the process dies before it knows."""


AT_WRITE = tuple(Fault)
AT_READ = tuple(fault for fault in Fault if fault not in (Fault.LOST_BEFORE, Fault.LATE, Fault.DIES_AFTER))
"""Where a request changes nothing, whether and when the platform answers it makes no difference to the platform."""
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
    """What each site was, for people: `commit`, `read: POST /jsonrpc`, `POST /jsonrpc` (a write, or never delivered)."""

    def read_only(self, site: int) -> None:
        """The request at this site asked for no change."""
        self.sites[site] = f"read: {self.sites[site]}"


def faults_at(site: str) -> tuple[Fault, ...]:
    """The faults that can strike at a site, and differ there."""
    if site == "commit":
        return AT_COMMIT
    return AT_READ if site.startswith("read: ") else AT_WRITE


@dataclass
class Worker:
    """One process, as its ports see it."""

    course: Course = field(default_factory=Course)
    pause: Callable[[], None] | None = None
    """Runs a second worker to quiet."""
    meet: Callable[[], None] | None = None
    """Runs a second worker that does not wait for what the first one holds."""
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


class Platform:
    """A sandbox, as requests reach it. Until something is written there, what was read once is answered from memory:
    the platform is as it was, in this life and in those before."""

    def __init__(self, sandbox: Sandbox, known: dict[tuple[str, str, bytes], httpx.Response]) -> None:
        self._sandbox = sandbox
        self._known = known
        self._untouched = True
        self._reading = False
        self._transport = httpx.WSGITransport(app=self._app, raise_app_exceptions=True)

    def _app(self, environ: Any, start_response: Any) -> Any:
        self._reading = not self._sandbox.is_write(Request(environ))
        environ["wsgi.input"].seek(0)
        return self._sandbox(environ, start_response)

    def deliver(self, request: httpx.Request, *, fresh: bool = False) -> tuple[httpx.Response, bool]:
        """The platform's answer, and whether the request only read. `fresh`: do not answer from memory."""
        asked = (request.method, str(request.url), request.read())
        if self._untouched and not fresh and asked in self._known:
            return _again(self._known[asked]), True
        response = self._transport.handle_request(request)
        response.read()
        if not self._reading:
            self._untouched = False
        elif self._untouched:
            self._known[asked] = response
        return response, self._reading


def _again(response: httpx.Response) -> httpx.Response:
    return httpx.Response(response.status_code, headers=response.headers, content=response.content)


class FaultyTransport(httpx.BaseTransport):
    """A way into a sandbox that faults strike."""

    def __init__(self, platform: Platform, worker: Worker, clock: LateClock) -> None:
        self._platform = platform
        self._worker = worker
        self._clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        site = len(self._worker.course.sites)
        fault = self._worker.site(f"{request.method} {request.url.path}", AT_WRITE)
        if fault is None:
            response, reading = self._platform.deliver(request)
            if reading:
                self._worker.course.read_only(site)
            return response
        body = request.read()

        def deliver() -> httpx.Response:
            again = httpx.Request(request.method, request.url, headers=request.headers, content=body)
            return self._platform.deliver(again, fresh=True)[0]

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
            case Fault.MEETS:
                if self._worker.meet:
                    self._worker.meet()
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
