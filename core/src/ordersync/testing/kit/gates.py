"""Who may come in. A gate is a part named `gate`; what it refuses is a Fault, written in the vendor's shape.

    gate = HeaderToken("X-Api-Key", {"sandbox-key": None, "sandbox-read-key": {"orders:read"}})
    gate = BasicKeys({"sandbox-user": "sandbox-password"})
    gate = ClientCredentials({"sandbox-id": "sandbox-secret"}, path="/oauth/token", seconds=3600)
    gate = ClientCredentials(…, refresh="rotating", first_refresh="sandbox-refresh")

A gate of another kind is a subclass of `Gate` that says `who` sends a request.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from werkzeug.wrappers import Request

from ordersync.testing.kit.faults import Fault
from ordersync.testing.kit.parts import Part
from ordersync.testing.kit.routes import Answer, Call, Route, Who

__all__ = ["BasicKeys", "ClientCredentials", "Gate", "HeaderToken", "Open", "same"]

Scopes = Collection[str] | None
"""None: everything."""


def same(given: str, wanted: str) -> bool:
    """Whether two secrets are equal, in constant time."""
    return hmac.compare_digest(given.encode(), wanted.encode())


class Gate(Part):
    """Lets requests in. `refused` counts those that it did not."""

    def __init__(self) -> None:
        self.refused = 0

    def who(self, request: Request) -> Who | None:
        """Who sends this; None if it proves nothing, or the wrong thing."""
        raise NotImplementedError

    def admit(self, request: Request) -> Who:
        """Who sends this. Raises Fault 401 `unauthorized`."""
        found = self.who(request)
        if found is None:
            self.refused += 1
            raise Fault(401, "unauthorized", "Authentication failed.", headers=self.challenge())
        return found

    def challenge(self) -> Mapping[str, str]:
        """The headers of a refusal."""
        return {}


class Open(Gate):
    """Everybody may come in."""

    def who(self, request: Request) -> Who | None:  # noqa: ARG002 - Gate's signature
        return Who()


class HeaderToken(Gate):
    """A token in a header: token → scopes."""

    def __init__(self, header: str, tokens: Mapping[str, Scopes] | str, *, scheme: str = "") -> None:
        """`scheme` goes before the token: `HeaderToken("Authorization", "sandbox-token", scheme="Bearer")`."""
        super().__init__()
        self.header, self.scheme = header, scheme
        self.tokens: dict[str, Scopes] = {tokens: None} if isinstance(tokens, str) else dict(tokens)

    def who(self, request: Request) -> Who | None:
        given = _after(self.scheme, request.headers.get(self.header, ""))
        for place, (token, scopes) in enumerate(self.tokens.items()):
            if given and same(given, token):
                return Who(f"token {place + 1}", None if scopes is None else frozenset(scopes))
        return None


class BasicKeys(Gate):
    """HTTP Basic: name → secret."""

    def __init__(self, keys: Mapping[str, str], *, realm: str = "api") -> None:
        super().__init__()
        self.keys, self.realm = dict(keys), realm

    def who(self, request: Request) -> Who | None:
        pair = _basic(request)
        return (
            Who(pair[0])
            if pair and same(pair[1], self.keys.get(pair[0], "")) and pair[0] in self.keys
            else None
        )

    def challenge(self) -> Mapping[str, str]:
        return {"WWW-Authenticate": f'Basic realm="{self.realm}"'}


class ClientCredentials(Gate):
    """Bearer tokens that expire, from a token endpoint of its own (RFC 6749, sections 4.4 and 6).

    `refresh` says what becomes of refresh tokens: `none` (the client's credentials are enough), `kept` (one stays good), or
    `rotating` (each is good once; the next one comes with the answer). Id and secret come as HTTP Basic or in the form.
    """

    def __init__(
        self,
        clients: Mapping[str, str],
        *,
        path: str = "/oauth/token",
        seconds: int = 3600,
        scopes: Scopes = None,
        refresh: Literal["none", "kept", "rotating"] = "none",
        first_refresh: str = "sandbox-refresh-token",
    ) -> None:
        super().__init__()
        self.clients, self.path, self.seconds = dict(clients), path, seconds
        self.scopes, self.refresh = scopes, refresh
        self.issued = 0
        """Access tokens given so far."""
        self._until: dict[str, datetime] = {}
        self._refresh = {first_refresh} if refresh != "none" else set()

    def routes(self) -> Iterable[Route]:
        return (Route("POST", self.path, "token", open=True),)

    def who(self, request: Request) -> Who | None:
        until = self._until.get(_after("Bearer", request.headers.get("Authorization", "")))
        if until is None or until <= self.sandbox.clock.now():
            return None
        return Who("client", None if self.scopes is None else frozenset(self.scopes))

    def challenge(self) -> Mapping[str, str]:
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}

    def token(self, call: Call) -> Answer:
        """The token endpoint. Raises Fault with RFC 6749's codes: `invalid_client`, `invalid_grant` …"""
        form = call.request.form
        name, secret = _basic(call.request) or (form.get("client_id", ""), form.get("client_secret", ""))
        if name not in self.clients or not same(secret, self.clients[name]):
            raise Fault(401, "invalid_client", "The client is not known.")
        wanted = "client_credentials" if self.refresh == "none" else "refresh_token"
        if form.get("grant_type") != wanted:
            raise Fault(400, "unsupported_grant_type", f"The grant type is {wanted}.")
        body: dict[str, Any] = {}
        if self.refresh != "none":
            given = form.get("refresh_token", "")
            if given not in self._refresh:
                raise Fault(400, "invalid_grant", "The refresh token is not good.")
            if self.refresh == "rotating":
                self._refresh = {self._made("refresh")}
                body["refresh_token"] = next(iter(self._refresh))
        self.issued += 1
        token = self._made("access")
        self._until[token] = call.now + timedelta(seconds=self.seconds)
        body = {"access_token": token, "token_type": "Bearer", "expires_in": self.seconds, **body}
        return Answer(body, headers={"Cache-Control": "no-store"})

    def expire(self) -> None:
        """All access tokens end now, as when somebody revokes them."""
        with self.sandbox.lock:
            self._until.clear()

    def _made(self, kind: str) -> str:
        """The same ones in each run."""
        text = f"{self.sandbox.seed} {kind} {self.issued}"
        return f"sandbox-{kind}-{hashlib.sha256(text.encode()).hexdigest()[:24]}"

    def state(self) -> Any:
        return {
            "issued": self.issued, "until": dict(self._until), "refresh": sorted(self._refresh),
        }  # fmt: skip

    def restore(self, state: Any) -> None:
        self.issued, self._until = state["issued"], dict(state["until"])
        self._refresh = set(state["refresh"])


def _after(scheme: str, header: str) -> str:
    if not scheme:
        return header.strip()
    found, _, rest = header.partition(" ")
    return rest.strip() if found.lower() == scheme.lower() else ""


def _basic(request: Request) -> tuple[str, str] | None:
    text = _after("Basic", request.headers.get("Authorization", ""))
    if not text:
        return None
    try:
        name, colon, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (name, secret) if colon else None
