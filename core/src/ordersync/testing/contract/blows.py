"""What can befall a request on its way: the answers and the silences that every client meets one day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from email.utils import format_datetime

import httpx

from ordersync.web import Clock

__all__ = [
    "Blow",
    "cut_off",
    "lost",
    "lost_before",
    "page_instead",
    "reset",
    "said",
    "said_after",
    "slowed_down",
    "unreachable",
]

Blow = Callable[[httpx.Request, Callable[[], httpx.Response]], httpx.Response]
"""`(request, deliver) -> response`; it decides whether the platform sees the request."""

HTML = {"content-type": "text/html; charset=utf-8"}
GIVE_UP = 30.0
"""Seconds until a client gives up."""


def said(status: int, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Blow:
    """This status, and the platform never saw the request; by default with a proxy's page as the body."""

    def blow(request: httpx.Request, deliver: Callable[[], httpx.Response]) -> httpx.Response:  # noqa: ARG001
        return _answer(status, body, headers)

    return blow


def said_after(status: int, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Blow:
    """The platform does what it was asked, and the answer is this status."""

    def blow(request: httpx.Request, deliver: Callable[[], httpx.Response]) -> httpx.Response:  # noqa: ARG001
        deliver()
        return _answer(status, body, headers)

    return blow


def slowed_down(clock: Clock, seconds: int, *, date: bool = False) -> Blow:
    """429 with Retry-After, as seconds or as a date; nothing is done."""

    def blow(request: httpx.Request, deliver: Callable[[], httpx.Response]) -> httpx.Response:  # noqa: ARG001
        now = clock.now()
        when = format_datetime(now + timedelta(seconds=seconds), usegmt=True)
        headers = {
            "retry-after": when if date else str(seconds),
            "date": format_datetime(now, usegmt=True),
            "content-type": "text/plain",
        }
        return _answer(429, b"Too Many Requests", headers)

    return blow


def unreachable(kind: type[httpx.TransportError] = httpx.ConnectError) -> Blow:
    """No connection comes about: nothing is sent."""

    def blow(request: httpx.Request, deliver: Callable[[], httpx.Response]) -> httpx.Response:  # noqa: ARG001
        raise kind("no connection", request=request)

    return blow


def lost(clock: Clock) -> Blow:
    """The platform does what it was asked; the answer never arrives."""

    def blow(request: httpx.Request, deliver: Callable[[], httpx.Response]) -> httpx.Response:
        deliver()
        clock.sleep(GIVE_UP)
        raise httpx.ReadTimeout("the answer did not arrive", request=request)

    return blow


def lost_before(clock: Clock) -> Blow:
    """The request went out, and the platform never saw it; the client cannot tell this from `lost`."""

    def blow(request: httpx.Request, deliver: Callable[[], httpx.Response]) -> httpx.Response:  # noqa: ARG001
        clock.sleep(GIVE_UP)
        raise httpx.ReadTimeout("the answer did not arrive", request=request)

    return blow


def cut_off(request: httpx.Request, deliver: Callable[[], httpx.Response]) -> httpx.Response:
    """The platform does what it was asked; half of its answer arrives. Of one without a body nothing does."""
    whole = deliver()
    if not whole.content:
        raise httpx.RemoteProtocolError("peer closed connection", request=request)
    headers = [
        (name, value)
        for name, value in whole.headers.multi_items()
        if name.lower() not in ("content-length", "content-encoding", "transfer-encoding")
    ]
    half = whole.content[: len(whole.content) // 2]
    return httpx.Response(whole.status_code, headers=headers, content=half, request=request)


def page_instead(request: httpx.Request, deliver: Callable[[], httpx.Response]) -> httpx.Response:  # noqa: ARG001
    """The platform does what it was asked; a web page arrives with status 200."""
    deliver()
    return httpx.Response(200, headers=HTML, content=b"<html><body>Welcome</body></html>")


def _answer(status: int, body: bytes | None, headers: Mapping[str, str] | None) -> httpx.Response:
    if body is None:
        page = f"<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>"
        return httpx.Response(status, headers={**HTML, **(headers or {})}, content=page.encode())
    return httpx.Response(status, headers=dict(headers or {"content-type": "application/json"}), content=body)


def reset(request: httpx.Request, deliver: Callable[[], httpx.Response]) -> httpx.Response:
    """The platform does what it was asked; the connection is reset before the answer."""
    deliver()
    raise httpx.ReadError("connection reset by peer", request=request)
