"""Requests that prove who they are by themselves: HTTP Basic, and OAuth 1.0a signatures.

The signatures need Authlib: `pip install 'ordersync[oauth1]'`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from ordersync.errors import BadSettings
from ordersync.web.clock import Clock

__all__ = ["Basic", "SignedRequests"]


class Basic:
    """An `Auth`: a name and a secret as HTTP Basic."""

    def __init__(self, name: str, secret: str) -> None:
        pair = base64.b64encode(f"{name}:{secret}".encode()).decode()
        self._headers = {"authorization": f"Basic {pair}"}

    def headers(self, method: str, url: str, body: bytes) -> Mapping[str, str]:  # noqa: ARG002 - Auth's signature
        """The same header for each request."""
        return self._headers

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002 - Auth's signature
        """There is nothing to renew."""
        return False

    def __repr__(self) -> str:
        return "Basic()"


class SignedRequests:
    """An `Auth`: every attempt is signed by HMAC-SHA256 over method, address and query (RFC 5849), with its own time
    and a word used once, in the `Authorization` header. JSON bodies are not part of what is signed, nor is the realm."""

    def __init__(
        self,
        key: str,
        secret: str,
        clock: Clock,
        *,
        token: str = "",
        token_secret: str = "",
        realm: str = "",
    ) -> None:
        """`key` and `secret` are the consumer's; a `token` with its secret is added where there is one.

        Raises BadSettings if Authlib is not installed.
        """
        try:
            from authlib.oauth1.rfc5849 import parameters, signature, util  # type: ignore[import-untyped]
        except ModuleNotFoundError:
            raise BadSettings(
                "Signed requests need the package 'authlib'.",
                remedy="Install it with: pip install 'ordersync[oauth1]'",
            ) from None
        self._base_string = signature.construct_base_string
        self._prepared = parameters.prepare_headers
        self._consumer, self._token, self._realm, self._clock = key, token, realm, clock
        self._key = f"{util.escape(secret)}&{util.escape(token_secret)}".encode()

    def headers(self, method: str, url: str, body: bytes) -> Mapping[str, str]:  # noqa: ARG002 - Auth's signature
        """The `Authorization` header of one attempt."""
        proof = [
            ("oauth_consumer_key", self._consumer),
            ("oauth_nonce", secrets.token_hex(16)),
            ("oauth_signature_method", "HMAC-SHA256"),
            ("oauth_timestamp", str(int(self._clock.now().timestamp()))),
            *([("oauth_token", self._token)] if self._token else []),
            ("oauth_version", "1.0"),
        ]
        asked = parse_qsl(urlsplit(url).query, keep_blank_values=True)
        base: str = self._base_string(method, url.partition("?")[0], [*asked, *proof])
        digest = hmac.new(self._key, base.encode(), hashlib.sha256).digest()
        proof.append(("oauth_signature", base64.b64encode(digest).decode()))
        header: str = self._prepared(proof, {}, realm=self._realm or None)["Authorization"]
        return {"authorization": header}

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002 - Auth's signature
        """Keys do not expire: there is nothing to renew."""
        return False

    def __repr__(self) -> str:
        return "SignedRequests()"
