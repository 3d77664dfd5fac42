"""Who may come in: access tokens for signed assertions, and OAuth 1.0 signatures. Both are really checked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from werkzeug.wrappers import Request, Response

from ordersync.web import dump

from .faults import Fault

__all__ = ["TOKEN_PATH", "Doors"]

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - a path
_ALGORITHMS = ("PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFE = 3600
_SKEW = 300
"""Seconds by which a request's time may differ (a stand-in's choice)."""


class Doors:
    """The account's integration record: one certificate, one token pair, and the access tokens that are good."""

    def __init__(self, realm: str) -> None:
        self.realm = realm
        self.client_id = secrets.token_hex(32)
        self.certificate_id = secrets.token_urlsafe(24)
        key = ec.generate_private_key(ec.SECP256R1())
        self.private_key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        self.tba = {
            name: secrets.token_hex(32)
            for name in ("consumer_key", "consumer_secret", "token_id", "token_secret")
        }
        self.tokens: dict[str, float] = {}
        self.nonces: set[str] = set()

    def state(self) -> dict[str, Any]:
        """What a restart must keep."""
        return {**vars(self), "nonces": sorted(self.nonces), "tokens": dict(self.tokens)}

    def restore(self, state: dict[str, Any]) -> None:
        """Become what `state` described."""
        vars(self).update({**state, "nonces": set(state["nonces"]), "tokens": dict(state["tokens"])})

    # -- tokens -------------------------------------------------------------------------------------------------

    def grant(self, request: Request, now: datetime) -> Response:
        """An access token for a good assertion; there is no refresh token in this flow."""
        form = request.form
        problem = ""
        if form.get("grant_type") != "client_credentials":
            problem = "unsupported_grant_type"
        elif form.get("client_assertion_type") != _TYPE or not self._vouched(
            form.get("client_assertion", ""), request.base_url, now
        ):
            problem = "invalid_client"
        if problem:
            return Response(dump({"error": problem}), 400, content_type="application/json")
        token = secrets.token_urlsafe(48)
        self.tokens[token] = now.timestamp() + _LIFE
        body = {"access_token": token, "expires_in": str(_LIFE), "token_type": "bearer"}
        return Response(dump(body), content_type="application/json")

    def _vouched(self, assertion: str, audience: str, now: datetime) -> bool:
        private = load_pem_private_key(self.private_key.encode(), password=None)
        kind = RSAKey if isinstance(private, RSAPrivateKey) else ECKey
        key = kind.import_key(self.private_key)
        try:
            token = jwt.decode(assertion, key, algorithms=list(_ALGORITHMS))
        except (JoseError, ValueError):
            return False
        header, claims, at = token.header, token.claims, now.timestamp()
        begins, ends = claims.get("iat"), claims.get("exp")
        return (
            header.get("typ") == "JWT"
            and header.get("kid") == self.certificate_id
            and claims.get("iss") == self.client_id
            and claims.get("aud") == audience
            and "rest_webservices" in str(claims.get("scope", "")).split(",")
            and isinstance(begins, int)
            and isinstance(ends, int)
            and begins <= at + _SKEW
            and at < ends <= begins + _LIFE
        )

    # -- requests -----------------------------------------------------------------------------------------------

    def check(self, request: Request, now: datetime) -> None:
        """Raises Fault 401 unless the request proves who it is."""
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.tokens.get(rest.strip(), 0) > now.timestamp():
            return
        if scheme.lower() == "oauth" and self._signed(rest, request, now):
            return
        raise Fault(
            401,
            "INVALID_LOGIN",
            "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI.",
        )

    def _signed(self, header: str, request: Request, now: datetime) -> bool:
        given = {}
        for part in header.split(","):
            name, _, value = part.strip().partition("=")
            given[name] = unquote(value.strip('"'))
        signature, realm = given.pop("oauth_signature", ""), given.pop("realm", "")
        stamp, nonce = given.get("oauth_timestamp", ""), given.get("oauth_nonce", "")
        if (
            realm != self.realm
            or given.get("oauth_signature_method") != "HMAC-SHA256"
            or given.get("oauth_consumer_key") != self.tba["consumer_key"]
            or given.get("oauth_token") != self.tba["token_id"]
            or given.get("oauth_version", "1.0") != "1.0"
            or not stamp.isdecimal()
            or abs(int(stamp) - now.timestamp()) > _SKEW
            or not 6 <= len(nonce) <= 64
            or f"{stamp} {nonce}" in self.nonces
        ):
            return False
        asked = parse_qsl(request.query_string.decode(), keep_blank_values=True)
        pairs = sorted((_encoded(name), _encoded(value)) for name, value in [*asked, *given.items()])
        words = "&".join(f"{name}={value}" for name, value in pairs)
        address = f"{request.scheme}://{request.host}{quote(request.path, safe='/:!~')}"
        base = "&".join(_encoded(part) for part in (request.method, address, words))
        key = f"{self.tba['consumer_secret']}&{self.tba['token_secret']}"
        digest = hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(base64.b64encode(digest).decode(), signature):
            return False
        self.nonces.add(f"{stamp} {nonce}")
        return True


def _encoded(text: str) -> str:
    return quote(text, safe="~")
