"""The sandbox kit: a platform's stand-in as a WSGI application over its own state and an injected clock.

A sandbox subclasses `Sandbox` and answers requests in its vendor's shapes. It lives in the plugin's module
`sandbox`, under the name `Sandbox`; `ordersync sandbox PLATFORM` finds it there. It imports neither the plugin's `wire`
nor its `mapping`.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import httpx
from werkzeug.exceptions import HTTPException
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from ordersync.web import Clock, SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["Sandbox", "Served", "StandingOrder", "serve"]


@dataclass(frozen=True)
class StandingOrder:
    """An order as it stands in a sandbox, in nobody's words: for counting and comparing from outside."""

    id: str
    key: str | None
    number: str | None
    """The source's own number, where people look for it."""
    currency: str
    net: Decimal
    tax: Decimal
    total: Decimal
    lines: int
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

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        seed: int = 0,
        orders: int = 0,
        options: Mapping[str, str] | None = None,
    ) -> None:
        unknown = sorted(set(options or {}) - set(self.option_names))
        if unknown:
            known = ", ".join(sorted(self.option_names)) or "none"
            raise ValueError(f"{self.platform} has no option {unknown[0]!r}; known: {known}")
        self.clock: Clock = clock or SystemClock()
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

    def state(self) -> Any:
        """Everything that a restart must keep, as plain data (dict, list, str, int, bool, None, Decimal, datetime)."""
        raise NotImplementedError

    def restore(self, state: Any) -> None:
        """Become what `state()` described."""
        raise NotImplementedError

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        with self.lock:
            self.requests += 1
            try:
                response = self.answer(request)
            except HTTPException as error:
                response = error.get_response(environ)
        return response(environ, start_response)

    def transport(self) -> httpx.BaseTransport:
        """A way into this sandbox without a socket: give it to `Access(transport=…)`."""
        return httpx.WSGITransport(app=self, raise_app_exceptions=True)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(seed={self.seed})"


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

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
