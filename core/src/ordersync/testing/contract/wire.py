"""Between the connector and its platform: every request is seen, and the chosen ones are struck."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import httpx
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from ordersync.testing.contract.blows import Blow
from ordersync.testing.sandbox import Sandbox
from ordersync.web import Clock, dump, read

__all__ = ["Exchange", "Strike", "Wire"]

Which = Literal["all", "reads", "writes"]


@dataclass
class Exchange:
    """A request and what came of it."""

    request: httpx.Request
    write: bool
    """It asks for a change, and is no login."""
    sent_at: datetime
    response: httpx.Response | None = None
    struck: bool = False

    @property
    def place(self) -> str:
        """Method and path, for messages."""
        return f"{self.request.method} {self.request.url.path}"


@dataclass
class Strike:
    """Which requests a blow falls upon: from the `first` matching one (0 is the next), `times` of them."""

    blow: Blow
    of: Which = "all"
    first: int = 0
    times: int | None = 1
    """None: all that follow."""
    met: int = 0
    """Requests that matched."""
    struck: int = 0

    def falls(self, write: bool) -> bool:
        """Count a request; whether this one is struck."""
        if self.of != "all" and write != (self.of == "writes"):
            return False
        turn = self.met
        self.met += 1
        hit = turn >= self.first and (self.times is None or turn < self.first + self.times)
        self.struck += hit
        return hit


@dataclass
class Wire(httpx.BaseTransport):
    """Delivers requests to `inner` (None: nothing is there), keeps them, and strikes those it was told to."""

    inner: httpx.BaseTransport | None
    clock: Clock
    asks_for_change: Callable[[httpx.Request], bool]
    operations: Callable[[httpx.Request], tuple[str, ...]] = lambda _: ()
    """The platform's own names of what a request asks, for those that have one path for everything."""
    exchanges: list[Exchange] = field(default_factory=list)
    logins: set[tuple[str, ...]] = field(default_factory=set)
    """Method, path and operations of requests that ask for a change and are none: seen when the account was only looked
    at."""
    grown: Callable[[Any], Any] | None = None
    """What becomes of each JSON answer on its way."""
    withheld: bool = False
    """Struck writes never reach the platform: it is a real one."""
    before: Callable[[], None] | None = None
    """Called with each request, in its thread."""
    _strike: Strike | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def striking(self, strike: Strike) -> Iterator[Strike]:
        """Let the strike fall until the block ends."""
        hurrying = getattr(self.clock, "hurrying", nullcontext)
        self._strike = strike
        try:
            with hurrying():
                yield strike
        finally:
            self._strike = None

    @contextmanager
    def watching(self) -> Iterator[list[Exchange]]:
        """The exchanges of the block."""
        seen: list[Exchange] = []
        start = len(self.exchanges)
        try:
            yield seen
        finally:
            seen += self.exchanges[start:]

    def learn_logins(self, exchanges: list[Exchange]) -> None:
        """These only looked: whatever asked for a change among them is a login."""
        self.logins |= {self._what(one.request) for one in exchanges if one.write}

    def shut(self) -> None:
        """Close the way to the platform; clients that close leave it open for others."""
        if self.inner is not None:
            self.inner.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        write = self.asks_for_change(request) and self._what(request) not in self.logins
        one = Exchange(request, write, self.clock.now())
        with self._lock:
            self.exchanges.append(one)
            strike = self._strike
            one.struck = strike is not None and strike.falls(write)
        if self.before:
            self.before()

        def deliver() -> httpx.Response:
            if self.withheld and one.struck and write:
                return httpx.Response(200, json={"ordersync": "withheld"})
            if self.inner is None:
                raise httpx.ConnectError("there is nothing to connect to", request=request)
            response = self.inner.handle_request(request)
            response.read()
            return response

        if strike is not None and one.struck:
            one.response = strike.blow(request, deliver)
        else:
            one.response = deliver()
        if self.grown:
            one.response = self._grown(one.response, self.grown)
        return one.response

    def _what(self, request: httpx.Request) -> tuple[str, ...]:
        return (request.method, request.url.path, *self.operations(request))

    def _grown(self, response: httpx.Response, grow: Callable[[Any], Any]) -> httpx.Response:
        if "json" not in response.headers.get("content-type", "") or not response.content:
            return response
        headers = [
            (name, value)
            for name, value in response.headers.multi_items()
            if name.lower() not in ("content-length", "content-encoding", "transfer-encoding")
        ]
        return httpx.Response(
            response.status_code, headers=headers, content=dump(grow(read(response.content)))
        )


def change_by(sandbox: Sandbox | None) -> Callable[[httpx.Request], bool]:
    """Whether a request asks for a change: the sandbox knows; without one the method tells."""
    if sandbox is None:
        return lambda request: request.method not in ("GET", "HEAD", "OPTIONS")
    return lambda request: sandbox.is_write(_as_served(request))


def operations_by(sandbox: Sandbox | None) -> Callable[[httpx.Request], tuple[str, ...]]:
    """The names that the sandbox has for what a request asks; none without one."""
    if sandbox is None:
        return lambda _: ()
    return lambda request: sandbox.operations_of(_as_served(request))


def _as_served(request: httpx.Request) -> Request:
    url = request.url
    return EnvironBuilder(
        method=request.method,
        base_url=f"{url.scheme}://{url.netloc.decode('ascii')}/",
        path=url.path,
        query_string=url.query.decode("ascii"),
        headers=request.headers.multi_items(),
        data=request.content,
    ).get_request(Request)
