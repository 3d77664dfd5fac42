"""HTTP done well once: what may be repeated is repeated, what may not is reported as in doubt, nothing is leaked."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from ordersync.errors import (
    AccessDenied,
    BadInput,
    OrderSyncError,
    TryLater,
    UnexpectedReply,
    Unreachable,
)
from ordersync.web import quiet
from ordersync.web.addresses import PublicOnly, base_address, origin_of, refuse_private
from ordersync.web.body import parsed, taken
from ordersync.web.headers import Silent, lowered, sendable
from ordersync.web.patience import patiently, retry_after, waited_for
from ordersync.web.query import Params, with_params
from ordersync.web.read import dump
from ordersync.web.reply import Reply, Verdicts, default_error, lost

if TYPE_CHECKING:
    from ordersync.web.access import Access
    from ordersync.web.budgets import Budget

__all__ = ["LARGEST_BODY", "Auth", "Client", "Reply", "Verdicts", "default_error"]

LARGEST_BODY = 64 * 1024 * 1024
"""Bytes, decompressed; what a client takes from a platform unless told otherwise."""

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_REQUEST_IDS = ("x-request-id", "x-correlation-id", "request-id", "x-amzn-requestid")
_LONGEST_CONNECT = 10.0
_BODY_TIMEOUTS = 10
_URLS_KEPT = 64
_LONGEST_KEPT = 64
_FULL_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class Auth(Protocol):
    """How requests of one connection prove who they are. Used by several threads."""

    def headers(self, method: str, url: str, body: bytes) -> Mapping[str, str]:
        """The headers to add to this request. May raise TryLater or AccessDenied: nothing has been sent yet."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """The platform refused these headers (AccessDenied): get new ones. False if there is nothing to renew.

        True lets the request be sent once more. Another thread may have renewed them already: compare first.
        """


class Client:
    """Requests to one origin. Thread-safe, a context manager. `repr` shows the host only."""

    def __init__(
        self,
        base_url: str,
        *,
        access: Access,
        auth: Auth | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        verdicts: Verdicts | None = None,
        attempts: int = 5,
        request_ids: Sequence[str] = _REQUEST_IDS,
        largest_body: int = LARGEST_BODY,
        before: Callable[[], None] | None = None,
        budget: Budget | None = None,
    ) -> None:
        """Opens no connection yet.

        `timeout` is in seconds, for each step (10 at most for connecting, ten times as much for a whole body);
        `attempts` is how often a request is sent at most; `request_ids` are the headers that may carry the platform's
        id of a request, the likeliest first; `largest_body` is in bytes, decompressed; `before` is called before each
        attempt of every request; `budget` gives each attempt its permit, and hears what was answered.

        Raises BadSettings if the address is not `https://host[:port][/path]`, is private though the host forbids it,
        or if a header cannot be sent.
        """
        base = base_address(base_url)
        if not access.allow_private_addresses:
            refuse_private(base.host)
        self.base_url = str(base)
        self.origin = origin_of(base)
        self._path = base.raw_path.decode("ascii")
        self._access = access
        self._auth = auth
        self._verdicts = verdicts or default_error
        self._attempts = attempts
        self._request_ids = tuple(name.lower() for name in request_ids)
        self._timeout = timeout
        self._largest = largest_body
        self._urls: dict[str, httpx.URL] = {}
        self._before = before
        self._budget = budget
        transport = access.transport
        if transport is None and not access.allow_private_addresses:
            transport = PublicOnly(httpx.HTTPTransport())
        quiet.install()
        self._http = httpx.Client(
            transport=transport,
            timeout=httpx.Timeout(timeout, connect=min(timeout, _LONGEST_CONNECT)),
            follow_redirects=False,
            trust_env=access.transport is None,
            headers={
                "user-agent": access.user_agent,
                "accept": "application/json",
                **sendable(headers or {}),
            },
        )

    def get(self, path: str = "", **options: Any) -> Reply:
        """`send("GET", …)`."""
        try:
            return self.send("GET", path, **options)
        finally:
            options.clear()

    def post(self, path: str = "", **options: Any) -> Reply:
        """`send("POST", …)`."""
        try:
            return self.send("POST", path, **options)
        finally:
            options.clear()

    def send(
        self,
        method: str,
        path: str = "",
        *,
        params: Params | None = None,
        json: Any = None,
        content: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
        expect_json: bool = True,
        before: Callable[[], None] | None = None,
        cost: float = 1.0,
        operation: str = "",
    ) -> Reply:
        """One request, patiently; the reply has been judged already.

        `path` is relative to the base URL, or a full URL of the same origin (a next link). `repeatable` says that the
        request changes nothing (default: GET and HEAD); such a request is repeated after a lost answer, another one
        raises InDoubt. `before` is called before each attempt. `cost` is what the request takes at
        most of the client's budget, `operation` its kind, where the budget has rules for one.

        Raises what the verdict table says; UnexpectedReply if a read's answer is not JSON though it should be, or
        larger than the limit; BadInput or BadSettings if the request cannot be written down, and Unreachable if the
        client is closed: nothing was sent then. The error's traceback ends here, and this frame keeps nothing: whoever
        prints a traceback with its local variables prints no token, and no buyer.
        """
        problem: OrderSyncError
        try:
            return self._send(
                method, path, params, json, content, headers, repeatable, expect_json, before, cost, operation
            )
        except OrderSyncError as error:
            problem = error.with_traceback(None)
        del params, json, content, headers
        raise problem

    def _send(
        self,
        method: str,
        path: str,
        params: Params | None,
        json: Any,
        content: bytes | str | None,
        headers: Mapping[str, str] | None,
        repeatable: bool | None,
        expect_json: bool,
        before: Callable[[], None] | None,
        cost: float,
        operation: str,
    ) -> Reply:
        method = method.upper()
        url = self._asked(path, params)
        if repeatable is None:
            repeatable = method in ("GET", "HEAD")
        extra = sendable(headers or {})
        if json is not None:
            body = dump(json)
            extra.setdefault("content-type", "application/json")
        else:
            body = content.encode() if isinstance(content, str) else content or b""
        self._refuse_closed()
        renewed = False
        dated: TryLater | None = None

        def exchange() -> tuple[Reply, Mapping[str, str], OrderSyncError | None]:
            for wait in filter(None, (self._before, before)):
                wait()
            permit = self._budget.take(cost, operation) if self._budget else None
            reply: Reply | None = None
            try:
                reply, used = self._exchange(method, url, body, extra, repeatable, expect_json)
            except Unreachable:
                if permit:
                    permit.cancel()
                raise
            finally:
                if permit:
                    permit.settle(reply)
            return reply, used, self._verdicts(reply, repeatable)

        def once() -> Reply:
            nonlocal renewed, dated
            reply, used, error = exchange()
            if isinstance(error, AccessDenied) and self._auth and not renewed:
                with waited_for():
                    again = self._auth.renew(used)
                renewed = True
                if again:
                    reply, used, error = exchange()
            if error is None:
                return reply
            if isinstance(error, TryLater) and (error.when is None or error is dated):
                error.when = retry_after(reply.headers, self._access.clock.now())
                dated = error
            raise error

        failed: TryLater | None = None
        try:
            return once()
        except TryLater as error:
            failed = error

        def from_there() -> Reply:
            nonlocal failed
            if failed is None:
                return once()
            error, failed = failed, None
            try:
                raise error
            finally:
                del error

        return patiently(from_there, clock=self._access.clock, attempts=self._attempts, log=self._access.log)

    def url(self, path: str = "") -> str:
        """The full address of `path`. Raises UnexpectedReply if it is a link to another origin."""
        return str(self._url(path))

    def _url(self, path: str) -> httpx.URL:
        known = self._urls.get(path)
        if known is not None:
            return known
        full = _FULL_ADDRESS.match(path)
        url = None
        try:
            url = httpx.URL(path if full else self.base_url + path.lstrip("/"))
        except (httpx.InvalidURL, UnicodeError):
            pass
        if url is None:
            raise UnexpectedReply(f"A link of {self.origin[1]} is not a web address.")
        if origin_of(url) != self.origin or url.userinfo:
            raise UnexpectedReply(
                f"A link leads from {self.origin[1]} to {url.host}; credentials are never sent there."
            )
        if len(self._urls) >= _URLS_KEPT:
            self._urls.clear()
        if len(path) <= _LONGEST_KEPT and "?" not in path:
            self._urls[path] = url
        return url

    def _asked(self, path: str, params: Params | None) -> httpx.URL:
        url = self._url(path)
        try:
            return with_params(url, params)
        except (httpx.InvalidURL, UnicodeError):
            pass
        raise BadInput(f"The address of a request to {self.origin[1]} cannot be written down.")

    def close(self) -> None:
        """Close all connections; what is under way loses its answer."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.origin[1]})"

    def _exchange(
        self,
        method: str,
        url: httpx.URL,
        body: bytes,
        headers: Silent,
        repeatable: bool,
        expect_json: bool,
    ) -> tuple[Reply, Mapping[str, str]]:
        proof = Silent()
        if self._auth:
            with waited_for():
                proof = Silent(self._auth.headers(method, str(url), body))
            headers = Silent(headers | sendable(proof))
        request = self._request(method, url, body, headers)
        self._refuse_closed()
        started = time.monotonic()
        problem: OrderSyncError | None = None
        try:
            with quiet.hushed():
                raw = self._http.send(request, stream=True)
                content, whole = taken(
                    raw, largest=self._largest, until=started + self._timeout * _BODY_TIMEOUTS
                )
        except _NEVER_SENT as error:
            problem = Unreachable(
                f"{self.origin[1]} cannot be reached ({type(error).__name__}).",
                remedy="Check the address, the network and whether the platform is up.",
            )
        except httpx.HTTPError as error:
            problem = lost(f"No complete answer from {self.origin[1]} ({type(error).__name__}).", repeatable)
        except RuntimeError:
            if not self._http.is_closed:
                raise
            problem = lost(f"The client of {self.origin[1]} was closed meanwhile.", repeatable)
        if problem:
            self._tell(request, started, type(problem).__name__)
            raise problem
        answered = lowered(raw.headers)
        rid = next((answered[name] for name in self._request_ids if name in answered), "")[:200]
        self._tell(request, started, str(raw.status_code), rid)
        data = parsed(
            self.origin[1],
            raw.status_code,
            answered,
            content,
            whole=whole,
            repeatable=repeatable,
            expect_json=expect_json,
            request_id=rid,
        )
        return Reply(raw.status_code, answered, content, data, rid), proof

    def _request(self, method: str, url: httpx.URL, body: bytes, headers: Silent) -> httpx.Request:
        try:
            return self._http.build_request(method, url, content=body or None, headers=headers or None)
        except (httpx.InvalidURL, UnicodeError):
            pass
        raise BadInput(f"The address of a request to {self.origin[1]} cannot be written down.")

    def _tell(self, request: httpx.Request, started: float, outcome: str, rid: str = "") -> None:
        """One line per request; of the address only what comes after the base: before and behind it secrets occur."""
        path = request.url.raw_path.partition(b"?")[0].decode("ascii", "replace").removeprefix(self._path)
        self._access.log.debug(
            "%s %s -> %s",
            request.method,
            path or "/",
            outcome,
            extra={"request_id": rid, "milliseconds": round((time.monotonic() - started) * 1000)},
        )

    def _refuse_closed(self) -> None:
        if self._http.is_closed:
            raise Unreachable(f"The client of {self.origin[1]} is closed.")
