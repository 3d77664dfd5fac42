"""Endpoints: a method of a sandbox is one by its decorator, and gets a `Call`.

    @route("GET", "/orders/<int:number>")
    def one_order(self, call: Call, number: int) -> Record:
        return self.orders.need(number)

What it returns is the answer: anything JSON (200, or `status=`), None (204), an `Answer`, or a Werkzeug response.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request

from ordersync.errors import BadInput
from ordersync.testing.kit.faults import Fault
from ordersync.web import read

if TYPE_CHECKING:
    from ordersync.testing.sandbox import Sandbox

__all__ = ["Answer", "Call", "Route", "Who", "route", "routes_of", "url_map"]

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_MARK = "__ordersync_routes__"


@dataclass(frozen=True)
class Who:
    """Who came in, and what they may do."""

    name: str = ""
    scopes: frozenset[str] | None = None
    """None: everything."""


@dataclass(frozen=True)
class Answer:
    """An answer with a status and headers of its own; a body of None is empty."""

    body: Any = None
    status: int | None = None
    """None: as the route says."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """A way to an endpoint."""

    method: str
    path: str
    """As Werkzeug writes it: `/orders/<int:number>`."""
    target: str
    """A method of the sandbox, or of one of its parts: `one_order`, `gate.token`."""
    open: bool = False
    """Nobody is asked who they are."""
    scope: str = ""
    """What whoever comes in must have been granted."""
    cost: int = 1
    """What it takes out of a bucket or quota."""
    status: int = 200
    """Of an answer that does not say its own."""


def route(
    method: str, path: str, *, open: bool = False, scope: str = "", cost: int = 1, status: int = 200
) -> Callable[[Endpoint], Endpoint]:
    """Make a method of a sandbox an endpoint; it can be given several times. See `Route` for what can be said."""

    def marked(endpoint: Endpoint) -> Endpoint:
        made = Route(method.upper(), path, endpoint.__name__, open, scope, cost, status)
        setattr(endpoint, _MARK, (made, *getattr(endpoint, _MARK, ())))
        return endpoint

    return marked


def routes_of(kind: type) -> tuple[Route, ...]:
    """The endpoints of a class, its own before those that it inherits. A method that is overridden keeps its way, unless
    it is given another."""
    found: dict[tuple[str, str], Route] = {}
    known: set[str] = set()
    for owner in kind.__mro__:
        for name, value in vars(owner).items():
            ways = getattr(value, _MARK, ())
            if ways and name not in known:
                known.add(name)
                for one in ways:
                    found.setdefault((one.method, one.path), one)
    return tuple(found.values())


def url_map(routes: tuple[Route, ...], prefix: str) -> Map:
    """Werkzeug's map of them. A slash at the end makes no difference, and nothing redirects."""
    rules = [Rule(prefix + one.path, methods=[one.method], endpoint=one) for one in routes]
    return Map(rules, strict_slashes=False, merge_slashes=False, redirect_defaults=False)


class Call:
    """A request that has found its endpoint."""

    def __init__(self, request: Request, sandbox: Sandbox, way: Route, who: Who) -> None:
        self.request = request
        self.sandbox = sandbox
        self.route = way
        self.who = who

    @property
    def now(self) -> datetime:
        """The sandbox's time."""
        return self.sandbox.clock.now()

    @cached_property
    def args(self) -> dict[str, str]:
        """The query's parameters, the first of each name."""
        return self.request.args.to_dict()

    @cached_property
    def body(self) -> Any:
        """The request's JSON, numbers exact; None if it has no body. Raises Fault 400 `bad_json`."""
        raw = self.request.get_data()
        if not raw:
            return None
        try:
            return read(raw)
        except BadInput:
            raise Fault(400, "bad_json", "The body is not JSON.") from None

    @property
    def fields(self) -> dict[str, Any]:
        """The body, which must be an object. Raises Fault 400 `bad_request`."""
        if not isinstance(self.body, dict):
            raise Fault(400, "bad_request", "The body must be an object.")
        return self.body

    def need(self, name: str) -> Any:
        """A field of the body that must be there and not empty. Raises Fault 422 `invalid`."""
        value = self.fields.get(name)
        if value in (None, "", [], {}):
            raise Fault(422, "invalid", f"{name} is required.", field=name)
        return value

    def number(self, name: str, default: int) -> int:
        """A whole number of the query, zero or more. Raises Fault 400 `bad_request`."""
        text = self.args.get(name, "")
        if not text:
            return default
        if not text.isdecimal():
            raise Fault(400, "bad_request", f"{name} must be a whole number.", field=name)
        return int(text)

    def moment(self, name: str) -> datetime | None:
        """A time of the query, ISO 8601, UTC unless it has a zone. Raises Fault 400 `bad_request`."""
        text = self.args.get(name, "")
        if not text:
            return None
        try:
            given = datetime.fromisoformat(text)
        except ValueError:
            raise Fault(400, "bad_request", f"{name} must be a time.", field=name) from None
        return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)

    def address(self, **changed: str | None) -> str:
        """This request's full address with some parameters changed; None leaves one out."""
        args = {**self.args, **changed}
        query = urlencode({name: value for name, value in args.items() if value is not None})
        return f"{self.request.base_url}?{query}" if query else self.request.base_url
