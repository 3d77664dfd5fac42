"""OAuth 2 tokens that expire: held in the token store, renewed by one thread of one process at a time."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from ordersync.errors import (
    AccessDenied,
    BadInput,
    InDoubt,
    OrderSyncError,
    Refused,
    TryLater,
    UnexpectedReply,
)
from ordersync.web.access import Access
from ordersync.web.read import dump, read
from ordersync.web.reply import Reply, default_error

__all__ = ["Grant", "Refreshing", "token_endpoint"]

_LEASE = timedelta(minutes=3)
_MARGIN = 60.0
_POLL = 0.5
_CODE = re.compile(r"[A-Za-z_]{1,60}")


@dataclass(frozen=True, repr=False)
class Grant:
    """What a token endpoint gave."""

    access: str
    """The access token."""
    refresh: str = ""
    """The next refresh token; `""` if the one that was used stays good."""
    seconds: float | None = None
    """How long the access token lives; None if it was not said."""


def token_endpoint(
    access: Access,
    url: str,
    *,
    client_id: str,
    client_secret: str,
    scope: str = "",
    basic: bool = False,
) -> Callable[[str], Grant]:
    """Asks the token endpoint at `url` (RFC 6749, sections 4.4 and 6): with a refresh token, or with `""` by the client's own credentials.

    `basic` sends id and secret as HTTP Basic instead of in the form. A lost answer is repeated: the endpoint is the
    only one who could tell what became of it.

    The answer raises AccessDenied if the endpoint refuses, TryLater if it cannot be reached or does not answer, and
    UnexpectedReply if it gives no token.
    """
    parts = urlsplit(url)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    known = {"scope": scope} if scope else {}
    if basic:
        pair = urlencode({client_id: client_secret}).replace("=", ":", 1)
        headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    else:
        known |= {"client_id": client_id, "client_secret": client_secret}

    def fetch(refresh: str) -> Grant:
        grant = {"grant_type": "client_credentials"}
        if refresh:
            grant = {"grant_type": "refresh_token", "refresh_token": refresh}
        with access.client(
            f"{parts.scheme}://{parts.netloc}", timeout=20.0, verdicts=_said, attempts=3
        ) as client:
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            reply = client.post(path, content=urlencode(grant | known), headers=headers, repeatable=True)
        return _grant(reply)

    return fetch


class Refreshing:
    """An `Auth`: a bearer token from `access.tokens`, renewed before it expires and when the platform refuses it.

    `name` is the token's name in the store (begin it with the connection's); what is stored is JSON of our own.
    `fetch` takes a refresh token (`first` to begin with, the newest one later) and gives a Grant. When a person puts
    another `first` into the settings, what was stored under the old one is forgotten.

    While one thread renews, all others wait, those of other processes too, for at most three minutes.
    `headers` and `renew` raise what `fetch` raises: AccessDenied if the grant was refused, TryLater if no answer came
    (never InDoubt or Refused: no order has been sent yet); `headers` raises BadInput if the store cannot be used.
    """

    def __init__(
        self,
        access: Access,
        name: str,
        fetch: Callable[[str], Grant],
        *,
        first: str = "",
        header: str = "authorization",
        scheme: str = "Bearer",
    ) -> None:
        self._store, self._clock = access.tokens, access.clock
        self._name, self._fetch, self._first = name, fetch, first
        self._origin = hashlib.sha256(first.encode()).hexdigest()[:16]
        self._header = header.lower()
        self._prefix = f"{scheme} " if scheme else ""
        self._lock = threading.Lock()

    def headers(self, method: str, url: str, body: bytes) -> Mapping[str, str]:  # noqa: ARG002 - Auth's signature
        """The bearer token's header."""
        problem: OrderSyncError
        try:
            return {self._header: self._prefix + self._token(refused="")}
        except OrderSyncError as error:
            problem = error.with_traceback(None)
        del body
        raise problem

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Renew the token, unless somebody has done so since; True."""
        problem: OrderSyncError
        try:
            self._token(refused=refused.get(self._header, "").removeprefix(self._prefix))
            return True
        except OrderSyncError as error:
            problem = error.with_traceback(None)
        del refused
        raise problem

    def __repr__(self) -> str:
        return f"Refreshing({self._name!r})"

    def _token(self, refused: str) -> str:
        with self._lock:
            while True:
                now = self._clock.now()
                stored = self._store.get(self._name)
                held = self._held(stored)
                if held.access not in ("", refused) and not _passed(held.until, now):
                    return held.access
                if held.claim and not _passed(held.claim, now):
                    self._clock.sleep(_POLL)
                    continue
                claimed = replace(held, claim=(now + _LEASE).isoformat())
                if self._store.swap(self._name, stored, claimed.text()):
                    renewed = self._renewed(held, claimed)
                    if renewed:
                        return renewed

    def _renewed(self, held: _Held, claimed: _Held) -> str:
        """The new access token; `""` if the claim ran out meanwhile and somebody else renewed."""
        left = replace(held, claim="")
        try:
            grant = _fetched(self._fetch, held.refresh)
            until = ""
            if grant.seconds is not None:
                margin = min(_MARGIN, grant.seconds / 2)
                until = (self._clock.now() + timedelta(seconds=grant.seconds - margin)).isoformat()
            left = _Held(grant.access, grant.refresh or held.refresh, until, "", self._origin)
        finally:
            kept = self._store.swap(self._name, claimed.text(), left.text())
        return left.access if kept else ""

    def _held(self, stored: str | None) -> _Held:
        new = _Held("", self._first, "", "", self._origin)
        if stored is None:
            return new
        data: Any = None
        try:
            data = read(stored)
        except BadInput:
            pass
        if not isinstance(data, dict) or data.get("origin") != self._origin:
            return new
        return _Held(*(str(data.get(word, "")) for word in ("access", "refresh", "until", "claim", "origin")))


@dataclass(frozen=True, repr=False)
class _Held:
    access: str
    refresh: str
    until: str
    claim: str
    origin: str

    def text(self) -> str:
        return dump(asdict(self)).decode()


def _passed(moment: str, now: datetime) -> bool:
    return bool(moment) and datetime.fromisoformat(moment) <= now


def _fetched(fetch: Callable[[str], Grant], refresh: str) -> Grant:
    problem: OrderSyncError
    try:
        return fetch(refresh)
    except Refused as error:
        problem = AccessDenied(
            error.message, remedy="Authorise the connection again.", request_id=error.request_id
        )
    except InDoubt as error:
        problem = TryLater("No answer from the token endpoint.", request_id=error.request_id)
    raise problem


def _said(reply: Reply, repeatable: bool) -> OrderSyncError | None:
    if reply.status in (400, 401) and isinstance(reply.data, dict):
        code = str(reply.data.get("error", ""))
        return AccessDenied(
            f"The platform grants no token ({code if _CODE.fullmatch(code) else 'no reason given'}).",
            remedy="Authorise the connection again.",
            request_id=reply.request_id,
        )
    return default_error(reply, repeatable)


def _grant(reply: Reply) -> Grant:
    data = reply.data if isinstance(reply.data, dict) else {}
    token, refresh = data.get("access_token"), data.get("refresh_token")
    if not isinstance(token, str) or not token:
        raise UnexpectedReply("The token endpoint gave no token.", request_id=reply.request_id)
    try:
        seconds = float(str(data["expires_in"])) if data.get("expires_in") is not None else None
    except ValueError:
        seconds = None
    return Grant(token, refresh if isinstance(refresh, str) else "", seconds)
