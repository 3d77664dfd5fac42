"""An answer, and what its status means when the vendor says nothing better."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ordersync.errors import (
    AccessDenied,
    FieldProblem,
    InDoubt,
    NotFound,
    OrderSyncError,
    RateLimited,
    Refused,
    TryLater,
    UnexpectedReply,
)
from ordersync.web.verdict import Verdict, verdict

__all__ = ["Reply", "Verdicts", "default_error", "lost"]


@dataclass(frozen=True, repr=False)
class Reply:
    """An answer. `data` is the JSON body, exactly parsed; None if there is none or it is not JSON."""

    status: int
    """The HTTP status."""
    headers: Mapping[str, str]
    """Names in lower case; a header that came several times is joined with a comma."""
    body: bytes
    """The body, decompressed; what exceeds the client's limit of an error's body is dropped."""
    data: Any
    """As `web.read` reads it: `Decimal` and `int`, no float."""
    request_id: str
    """The platform's own id of the request; `""` if it gave none."""

    @property
    def text(self) -> str:
        """The body as text; undecodable bytes are replaced."""
        return self.body.decode("utf-8", "replace")

    def __repr__(self) -> str:
        return f"Reply({self.status}, {len(self.body)} bytes)"


Verdicts = Callable[[Reply, bool], "OrderSyncError | None"]
"""`(reply, repeatable) -> error or None`: reads a vendor's error bodies, also those inside a 200. It is asked first.

Called by several threads. A TryLater without `when` gets that of the reply's `Retry-After`.
"""


def default_error(
    reply: Reply, repeatable: bool, *, message: str = "", fields: tuple[FieldProblem, ...] = ()
) -> OrderSyncError | None:
    """The error that the table of `web.verdict` gives for this status; None if it is a success.

    `message` and `fields` are the vendor's own words, if the caller could read them.
    """
    said = message or f"The platform answered HTTP {reply.status}."
    rid = reply.request_id
    if 300 <= reply.status < 400:
        return _redirected(reply, repeatable)
    match verdict(reply.status):
        case Verdict.OK:
            return None
        case Verdict.RETRY:
            return TryLater(said, request_id=rid)
        case Verdict.LIMITED:
            return RateLimited(said, request_id=rid)
        case Verdict.DOUBT:
            return lost(said, repeatable, rid)
        case Verdict.DENIED:
            return AccessDenied(said, remedy="Check the connection's credentials and rights.", request_id=rid)
        case Verdict.MISSING:
            return NotFound(said, fields=fields, request_id=rid)
        case Verdict.REFUSED:
            return Refused(said, fields=fields, request_id=rid)
        case Verdict.BROKEN:
            return UnexpectedReply(said, request_id=rid)


def lost(message: str, repeatable: bool, request_id: str = "") -> OrderSyncError:
    """No usable answer came: TryLater if the request changes nothing (`repeatable`), else InDoubt."""
    if repeatable:
        return TryLater(message, request_id=request_id)
    return InDoubt(f"{message} Whether the write happened is not known.", request_id=request_id)


def _redirected(reply: Reply, repeatable: bool) -> OrderSyncError:
    """302 and 303 are also how a server answers a write that it has done."""
    said = f"The platform answered with a redirect (HTTP {reply.status}), which is never followed."
    if not repeatable and verdict(reply.status) is Verdict.DOUBT:
        return lost(said, repeatable, reply.request_id)
    return UnexpectedReply(
        said, remedy="Put the final address into the connection's settings.", request_id=reply.request_id
    )
