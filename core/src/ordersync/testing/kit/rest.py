"""A sandbox of a platform with a REST API, as a list of its parts and of its endpoints.

    class Sandbox(RestSandbox):
        platform = "acme"
        prefix = "/api/v1"
        gate = HeaderToken("X-Api-Key", "sandbox-key")
        orders = Table(by=("reference",))
        pages = NumberedPages(items="orders")

        def settings(self, base_url): return {"url": base_url, "api_key": "sandbox-key"}
        def error_body(self, fault): return {"error": {"code": fault.code, "message": fault.message}}
        def born_order(self, seed, bill): return {"total": str(bill.total), "created_at": seed.placed_at, …}
        def stands(self, order): return StandingOrder(id=str(order["id"]), …)

        @route("GET", "/orders")
        def list_orders(self, call): return self.pages.page(call, self.orders.listed())

Endpoints are described in `kit.routes`, parts in the rooms beside it.
"""

from __future__ import annotations

import inspect
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map
from werkzeug.wrappers import Request, Response

from ordersync.testing.kit.assembled import AssembledSandbox
from ordersync.testing.kit.faults import Fault
from ordersync.testing.kit.gates import Gate, Open
from ordersync.testing.kit.keys import IdempotencyKeys
from ordersync.testing.kit.routes import Answer, Call, Route, Who, routes_of, url_map
from ordersync.testing.kit.throttles import IN_FLIGHT, Throttle
from ordersync.web import dump

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["RestSandbox"]


class RestSandbox(AssembledSandbox):
    """Answers by its endpoints, and lets in by its `gate`.

    A subclass writes `settings`, `stands`, the endpoints, and what of the seeds it is born with.
    """

    prefix: ClassVar[str] = ""
    """Before every path."""
    content_type: ClassVar[str] = "application/json"
    request_id: ClassVar[str] = "X-Request-Id"
    """The header with the platform's id of a request; `""`: none."""

    gate: Gate = Open()
    ways: ClassVar[Map]
    """The paths of all endpoints; their endpoints are `Route`s."""

    def __init_subclass__(cls, **given: Any) -> None:
        """Raises TypeError like `AssembledSandbox`, and for a method that hides one of the kit's own and is another."""
        super().__init_subclass__(**given)
        _refuse_hiding(cls, {one.target for one in routes_of(cls)})
        own = [
            replace(one, target=f"{name}.{one.target}")
            for name, part in cls.declared().items()
            for one in part.routes()
        ]
        cls.ways = url_map((*routes_of(cls), *own), cls.prefix)

    def __init__(self, **given: Any) -> None:
        """The same arguments as `Sandbox`."""
        self.journal: deque[str] = deque(maxlen=1000)
        """The last requests: `GET /orders 200`."""
        self.in_flight = 0
        """Requests on their way at this moment."""
        self._counting = threading.Lock()
        super().__init__(**given)

    # -- what an author writes, besides endpoints and `settings` -------------------------------------------------

    def error_body(self, fault: Fault) -> Any:
        """A refusal as the vendor writes it."""
        return {"error": {"code": fault.code, "message": fault.message, **fault.more}}

    def check_request(self, request: Request, way: Route) -> None:
        """Refuse a request before its endpoint sees it. Raises Fault."""

    # -- requests ------------------------------------------------------------------------------------------------

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with self._counting:
            self.in_flight += 1
            environ[IN_FLIGHT] = self.in_flight
        try:
            return super().__call__(environ, start_response)
        finally:
            with self._counting:
                self.in_flight -= 1

    def operations_of(self, request: Request) -> tuple[str, ...]:
        """The endpoint's name: quirks can be told to strike `on:create_order`."""
        try:
            return (self.matched(request)[0].target,)
        except Fault:
            return ()

    def answer(self, request: Request) -> Response:
        """Throttles, the gate, the endpoint; what any of them refuses, in the vendor's shape."""
        try:
            response = self._worked(request)
        except Fault as fault:
            response = self.made(self.error_body(fault), fault.status, fault.headers.items())
        for one in self.all(Throttle):
            response.headers.extend(one.headers(self.clock.now()))
        if self.request_id:
            response.headers[self.request_id] = f"{self.platform}-{self.seed}-{self.requests}"
        self.journal.append(f"{request.method} {request.path} {response.status_code}")
        return response

    def made(self, body: Any, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> Response:
        """A response with this body as JSON; None: 204, or no body."""
        if body is None:
            return Response(status=204 if status == 200 else status, headers=list(headers))
        response = Response(dump(body), status, content_type=self.content_type)
        for name, value in headers:
            response.headers[name] = value
        return response

    def _worked(self, request: Request) -> Response:
        way, values = self.matched(request)
        for throttle in self.all(Throttle):
            throttle.admit(request, way.cost)
        who = Who() if way.open else self.gate.admit(request)
        if way.scope and who.scopes is not None and way.scope not in who.scopes:
            raise Fault(403, "forbidden", f"The scope {way.scope} is missing.", scope=way.scope)
        self.check_request(request, way)
        memory = self.all(IdempotencyKeys)
        for one in memory:
            before = one.before(request)
            if before:
                return before
        endpoint: Any = self
        for name in way.target.split("."):
            endpoint = getattr(endpoint, name)
        given = endpoint(Call(request, self, way, who), **values)
        response = self.response(given, way.status)
        for one in memory:
            one.after(request, response)
        return response

    def response(self, given: Any, status: int = 200) -> Response:
        """What an endpoint gave, as a response."""
        if isinstance(given, Response):
            return given
        if isinstance(given, Answer):
            return self.made(given.body, given.status or status, given.headers.items())
        return self.made(given, status)

    def matched(self, request: Request) -> tuple[Route, dict[str, Any]]:
        """The endpoint that a request is for, and the values in its path. Raises Fault 404 or 405."""
        try:
            found: tuple[Any, Any] = self.ways.bind_to_environ(request.environ).match()
        except MethodNotAllowed as error:
            allow = {"Allow": ", ".join(sorted(error.valid_methods or ()))}
            raise Fault(405, "method_not_allowed", "The method is not allowed.", headers=allow) from None
        except (NotFound, HTTPException):
            raise Fault(404, "not_found", "There is no such resource.") from None
        return found[0], dict(found[1])


def _refuse_hiding(kind: type[RestSandbox], endpoints: set[str]) -> None:
    """Raises TypeError for an endpoint, or a method with other parameters, under the name of one that the kit calls."""
    for name, theirs in inspect.getmembers(RestSandbox, inspect.isfunction):
        own = getattr(kind, name)
        if name.startswith("_") or own is theirs:
            continue
        if name in endpoints or not (callable(own) and _takes_the_same(own, theirs)):
            raise TypeError(
                f"{kind.__name__}.{name} hides the kit's {name}{inspect.signature(theirs)}: name it otherwise"
            )


def _takes_the_same(own: Callable[..., Any], theirs: Callable[..., Any]) -> bool:
    given = inspect.signature(theirs).parameters.values()
    named = {one.name: None for one in given if one.kind is one.KEYWORD_ONLY}
    try:
        inspect.signature(own).bind(
            *(None for one in given if one.kind is one.POSITIONAL_OR_KEYWORD), **named
        )
    except TypeError:
        return False
    return True
