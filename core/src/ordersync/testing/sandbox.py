"""The sandbox kit: a platform's stand-in as a WSGI application over its own state and an injected clock.

A sandbox subclasses `Sandbox` and answers requests in its vendor's shapes. It lives in the plugin's module
`sandbox`, under the name `Sandbox`; `ordersync sandbox PLATFORM` finds it there. It imports neither the plugin's `wire`
nor its `mapping`.
"""

from __future__ import annotations

import os
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import httpx
from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from ordersync.testing.quirks import (
    CARRIERS,
    SERVED,
    Broken,
    Carrier,
    ClockAhead,
    Quirk,
    QuirkClock,
    Seen,
    Way,
    made,
)
from ordersync.web import Clock, SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

    from ordersync.model import Delivery

__all__ = ["Sandbox", "Served", "StandingOrder", "serve"]

NEW_FIELD = "ordersync_new_field"
"""What `Sandbox.grown` adds; no platform has it."""
AnyQuirk = TypeVar("AnyQuirk", bound=Quirk)


@dataclass(frozen=True)
class StandingOrder:
    """An order as it stands in a sandbox, in nobody's words: for counting and comparing from outside."""

    id: str
    key: str | None
    number: str | None
    """The number under which people look for it: on an order that a connector made `draft.number`, alone or within more
    words; on any other the platform's own."""
    currency: str
    net: Decimal
    tax: Decimal
    total: Decimal
    lines: int
    """By the platform's own count: shipping is one where it is kept as one. Compared between runs of the same orders and
    around `add_line_item`, which makes it one more; never with the source's."""
    cancelled: bool = False
    customer: str | None = None
    """The id of the customer record."""
    confirmed: bool = True
    """Not a draft."""
    placed_at: datetime | None = None
    """The order's own date, where the platform can hold it."""


class Sandbox:
    """A stand-in for one platform. Deterministic for a `seed`; `orders` is how many it is born with.

    `options` are the platform's own switches (a version, a rounding method, an index lag), given by name; a subclass
    documents them in `option_names` and refuses others.
    """

    platform: ClassVar[str] = ""
    """The connector's name."""
    option_names: ClassVar[Mapping[str, str]] = {}
    """Option → what it does, for `ordersync sandbox --help`."""
    demo_options: ClassVar[Mapping[str, str]] = {}
    """Options for `ordersync demo`: e.g. the platform's largest plan, so that nobody waits for its rate limit."""
    own_quirks: ClassVar[tuple[type[Quirk], ...]] = ()
    """Quirks of this platform, besides those of the way to it (`quirks.CARRIERS`), which every sandbox has."""
    signs_bodies: ClassVar[bool] = True
    """False where webhooks carry a secret at most, and no signature over their body."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        seed: int = 0,
        orders: int = 0,
        options: Mapping[str, str] | None = None,
        quirks: Mapping[str, str] | None = None,
    ) -> None:
        """`quirks` are switched on: name → settings (`""`: as they are by default).

        Raises ValueError for an unknown option or quirk, or settings that do not fit.
        """
        unknown = sorted(set(options or {}) - set(self.option_names))
        if unknown:
            known = ", ".join(sorted(self.option_names)) or "none"
            raise ValueError(f"{self.platform} has no option {unknown[0]!r}; known: {known}")
        self.clock: Clock = clock or SystemClock()
        self.quirks = made(self.platform, self.quirk_kinds(), quirks or {}, seed=seed)
        if self.quirks:
            ahead = self.quirk(ClockAhead)
            self.clock = QuirkClock(self.clock, timedelta(minutes=ahead.seconds("minutes") if ahead else 0))
        self._late: list[tuple[datetime, Request]] = []
        self.seed = seed
        self.random = random.Random(seed)
        self.options = dict(options or {})
        self.lock = threading.RLock()
        self.requests = 0
        self.populate(orders)

    def populate(self, orders: int) -> None:
        """Fill the new sandbox: catalogue, customers, records that a person would set up, and `orders` orders."""

    def answer(self, request: Request) -> Response:
        """Answer one request; called under the sandbox's lock."""
        raise NotImplementedError

    def settings(self, base_url: str) -> dict[str, Any]:
        """A connection's section of the settings file that reaches this sandbox when it is served at `base_url`."""
        raise NotImplementedError

    def standing(self) -> list[StandingOrder]:
        """All orders that stand here, however they came."""
        raise NotImplementedError

    def customers(self) -> set[str]:
        """The ids of all customer records; by default of those that orders belong to."""
        return {one.customer for one in self.standing() if one.customer}

    # -- levers: what the contract suite asks of a platform's insides; a test whose lever is not there is skipped. Where
    # -- the platform cannot have it, raise NotImplementedError with the reason: the skipped test then tells it ----------

    def long_order(self, lines: int) -> str:
        """Lever: make an order of so many lines, as a buyer would have placed it just now; its id for `get_order`."""
        raise NotImplementedError

    def order_worth(self, total: Decimal) -> str:
        """Lever: make an order of one untaxed line that comes to `total` in the currency that holds it; its id."""
        raise NotImplementedError

    def delivery(self, order_id: str) -> Delivery:
        """Lever: a genuine webhook delivery about this order, signed with the secret that `settings` names."""
        raise NotImplementedError

    def signed(self, body: bytes) -> Delivery:
        """Lever: a delivery of this body, whatever it is, signed as `delivery` signs."""
        raise NotImplementedError

    def ambiguous_sku(self) -> str:
        """Lever: make two items of one SKU that can both be sold; the SKU."""
        raise NotImplementedError

    def discount_code(self) -> str:
        """Lever: make a discount code that could be used now; the code."""
        raise NotImplementedError

    def grown(self, answer: Any) -> Any:
        """A JSON answer as it may look tomorrow: every object has a field more.

        Override it where the keys of an object are data, or return the answer as it is where nothing can be added
        (GraphQL answers what was asked for).
        """
        if isinstance(answer, dict):
            return {
                **{name: self.grown(value) for name, value in answer.items()},
                NEW_FIELD: {"is": ["new", 1]},
            }
        return [self.grown(value) for value in answer] if isinstance(answer, list) else answer

    # -- keeping ------------------------------------------------------------------------------------------------

    def state(self) -> Any:
        """Everything that a restart must keep, as plain data (dict, list, str, int, bool, None, Decimal, datetime)."""
        raise NotImplementedError

    def restore(self, state: Any) -> None:
        """Become what `state()` described."""
        raise NotImplementedError

    @classmethod
    def quirk_kinds(cls) -> tuple[type[Quirk], ...]:
        """Everything that can be switched on here."""
        return (*CARRIERS, *cls.own_quirks)

    def quirk(self, kind: type[AnyQuirk]) -> AnyQuirk | None:
        """The quirk of this kind, if it is switched on."""
        found = self.quirks.get(kind.name)
        return found if isinstance(found, kind) else None

    def operations_of(self, request: Request) -> tuple[str, ...]:  # noqa: ARG002 - for platforms that have names
        """The platform's own names of what a request asks, for `on:` of a quirk: `sale.order.load`, `orderCreate`."""
        return ()

    def is_write(self, request: Request) -> bool:
        """Whether a request asks for a change, or for something that belongs to whoever asked: a login counts too."""
        return request.method not in ("GET", "HEAD", "OPTIONS")

    def catch_up(self) -> None:
        """Do what was put off and is due by now. Every request begins with it."""
        with self.lock:
            now = self.clock.now()
            due = sorted((one for one in self._late if one[0] <= now), key=lambda one: one[0])
            self._late = [one for one in self._late if one[0] > now]
            for moment, request in due:
                assert isinstance(self.clock, QuirkClock)
                with self.clock.standing_at(moment):
                    self._answered(request)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        if not self.quirks:
            return self._answered(request)(environ, start_response)
        try:
            response = self._carried(request)
        except Broken as broken:
            if SERVED in environ:
                return broken.on_socket(environ, start_response)
            raise broken.as_client_sees() from None
        if SERVED not in environ:
            response.headers.setdefault("Date", http_date(self.clock.now()))
        return response(environ, start_response)

    def _answered(self, request: Request) -> Response:
        with self.lock:
            self.requests += 1
            try:
                return self.answer(request)
            except HTTPException as error:
                return Response.force_type(error.get_response(request.environ))

    def _carried(self, request: Request) -> Response:
        """The platform's answer through every carrier that strikes, the first one named outermost."""
        request.get_data()
        with self.lock:
            self.catch_up()
            names = (f"{request.method} {request.path}", request.path, *self.operations_of(request))
            seen, now = Seen(names, self.is_write(request)), self.clock.now()
            carriers = [one for one in self.quirks.values() if isinstance(one, Carrier)]
            struck = [one for one in carriers if one.strikes(seen, now)]

        def put_off(seconds: float) -> None:
            with self.lock:
                self._late.append((self.clock.now() + timedelta(seconds=seconds), _copied(request)))

        def through(rest: list[Carrier]) -> Response:
            if not rest:
                return self._answered(request)
            return rest[0].carry(Way(self.clock, lambda: through(rest[1:]), put_off))

        return through(struck)

    def transport(self) -> httpx.BaseTransport:
        """A way into this sandbox without a socket: give it to `Access(transport=…)`."""
        return httpx.WSGITransport(app=self, raise_app_exceptions=True)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(seed={self.seed})"


def _copied(request: Request) -> Request:
    """The same request, answerable when its connection is long gone."""
    body = request.get_data()
    environ = {key: value for key, value in request.environ.items() if not key.startswith("werkzeug.")}
    return Request({**environ, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))})


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def make_environ(self) -> WSGIEnvironment:
        """The request's environment, marked as one with a real connection."""
        return {**super().make_environ(), SERVED: True}

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002 - as it is declared there
        """The `Date` of an answer: the sandbox's time, not the machine's."""
        sandbox: Any = self.server.app
        return http_date(sandbox.clock.now())

    def connection_dropped(self, error: BaseException, environ: WSGIEnvironment | None = None) -> None:  # noqa: ARG002
        """End the connection as the quirk says: a reset is a close that lingers not at all."""
        self.close_connection = True
        if isinstance(error, Broken) and error.how == "reset":
            at_once = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            self.connection.close()

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: the sandbox's caller reports."""


@dataclass(frozen=True)
class Served:
    """A sandbox on a loopback socket."""

    url: str
    port: int
    stop: Callable[[], None]


@contextmanager
def serve(sandbox: Sandbox, port: int = 0) -> Iterator[Served]:
    """Serve on 127.0.0.1 from a thread of its own until the block ends; port 0 takes a free one."""
    server = make_server("127.0.0.1", port, sandbox, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(
        target=server.serve_forever, args=(0.05,), name=f"sandbox-{sandbox.platform}", daemon=True
    )
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{server.port}", server.port, server.shutdown)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
