"""The body of an answer: taken up to a limit of bytes and time, and read as JSON where JSON is expected."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import httpx

from ordersync.errors import BadInput, OrderSyncError, UnexpectedReply
from ordersync.web.read import read
from ordersync.web.reply import lost

__all__ = ["parsed", "taken"]


def taken(response: httpx.Response, *, largest: int, until: float) -> tuple[bytes, bool]:
    """The decompressed body, at most `largest` bytes of it, and whether that is all; then the response is closed.

    `until` is a moment of `time.monotonic`: a body that trickles beyond it raises httpx.ReadTimeout.
    """
    parts: list[bytes] = []
    size = 0
    try:
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > largest:
                break
            if time.monotonic() > until:
                raise httpx.ReadTimeout("the body takes too long", request=response.request)
    finally:
        response.close()
    body = b"".join(parts)
    return (body, True) if size <= largest else (body[:largest], False)


def parsed(
    host: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    whole: bool,
    repeatable: bool,
    expect_json: bool,
    request_id: str,
) -> Any:
    """The JSON in the body, or None.

    A success that should have brought JSON and did not: TryLater for a read, or UnexpectedReply if another try would
    bring the same; InDoubt for a write. The body of an error may be anything.
    """
    success = 200 <= status < 300
    problem: OrderSyncError | None = None
    if not whole and success:
        said = f"The answer of {host} is larger than {len(body)} bytes, which is the limit."
        problem = lost(said, False, request_id)
        if repeatable:
            problem = UnexpectedReply(
                said, remedy="Ask for smaller pages, or raise the limit.", request_id=request_id
            )
    elif whole and body and (expect_json or body[:64].lstrip()[:1] in (b"{", b"[")):
        try:
            return read(body)
        except BadInput:
            if not (expect_json and success):
                return None
        problem = lost(f"The answer of {host} is cut off or not JSON.", repeatable, request_id)
        if repeatable and "html" in headers.get("content-type", ""):
            problem = UnexpectedReply(
                f"{host} answered with a web page instead of JSON.",
                remedy="Check the address in the connection's settings.",
                request_id=request_id,
            )
    if problem:
        raise problem
    return None
