"""How requests prove who they are: HTTP Basic over TLS, OAuth 1.0a without a token over plain HTTP.

WooCommerce reads its keys from HTTP Basic only where WordPress sees TLS (`WC_REST_Authentication`); without TLS it wants
each request signed by HMAC-SHA256 with the consumer secret, with a nonce of its own, within 15 minutes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from authlib.oauth1.rfc5849.parameters import prepare_headers  # type: ignore[import-untyped]  # it has no types
from authlib.oauth1.rfc5849.signature import construct_base_string  # type: ignore[import-untyped]  # the same

from ordersync.web import Clock

__all__ = ["Basic", "OneLegged"]


class Basic:
    """An `Auth`: key and secret as HTTP Basic."""

    def __init__(self, key: str, secret: str) -> None:
        pair = base64.b64encode(f"{key}:{secret}".encode()).decode()
        self._headers = {"authorization": f"Basic {pair}"}

    def headers(self, method: str, url: str, body: bytes) -> Mapping[str, str]:  # noqa: ARG002 - Auth's signature
        """The same header for each request."""
        return self._headers

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002 - Auth's signature
        """Keys do not expire: there is nothing to renew."""
        return False

    def __repr__(self) -> str:
        return "Basic()"


class OneLegged:
    """An `Auth`: each attempt is signed anew, with its own nonce and time, in the `Authorization` header."""

    def __init__(self, key: str, secret: str, clock: Clock) -> None:
        self._key, self._secret, self._clock = key, secret, clock

    def headers(self, method: str, url: str, body: bytes) -> Mapping[str, str]:  # noqa: ARG002 - Auth's signature
        """The signature over method, address and query (RFC 5849, 3.4.1); a JSON body is not part of it."""
        proof = [
            ("oauth_consumer_key", self._key),
            ("oauth_nonce", secrets.token_hex(16)),
            ("oauth_signature_method", "HMAC-SHA256"),
            ("oauth_timestamp", str(int(self._clock.now().timestamp()))),
        ]
        asked = parse_qsl(urlsplit(url).query, keep_blank_values=True)
        base: str = construct_base_string(method, url.partition("?")[0], [*asked, *proof])
        digest = hmac.new(f"{self._secret}&".encode(), base.encode(), hashlib.sha256).digest()
        signed = prepare_headers([*proof, ("oauth_signature", base64.b64encode(digest).decode())], {})
        return {"authorization": signed["Authorization"]}

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002 - Auth's signature
        """Keys do not expire: there is nothing to renew."""
        return False

    def __repr__(self) -> str:
        return "OneLegged()"
