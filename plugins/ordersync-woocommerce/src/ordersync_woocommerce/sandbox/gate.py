"""Who may come in: HTTP Basic where WordPress sees TLS, OAuth 1.0a everywhere. It really checks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, unquote_plus

from werkzeug.wrappers import Request

from ordersync_woocommerce.sandbox.records import Store
from ordersync_woocommerce.sandbox.refusing import Problem

__all__ = ["KEYS", "SECRETS", "enter"]

KEYS = {"ck_sandbox_read_write": "read_write", "ck_sandbox_read": "read"}
"""Consumer key → permissions."""
SECRETS = {"ck_sandbox_read_write": "cs_sandbox_read_write", "ck_sandbox_read": "cs_sandbox_read"}
_WINDOW = 15 * 60
_PARAMETER = re.compile(r'(oauth_[a-z_-]*)=(?:"([^"]*)"|([^,]*))')
_NEEDED = (
    "oauth_consumer_key",
    "oauth_timestamp",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
)


def enter(request: Request, header: str, store: Store, now: datetime) -> None:
    """`header` is the `Authorization` that PHP sees. Raises Problem with the shop's own answer if the request may not come in, or may not write."""
    key = _basic(request, header) if request.scheme == "https" else None
    key = key or _signed(request, header, store, now)
    if key is None:
        raise Problem(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
    if request.method not in ("GET", "HEAD") and KEYS[key] != "read_write":
        raise _denied("The API key provided does not have write permissions.")


def _denied(message: str) -> Problem:
    return Problem(401, "woocommerce_rest_authentication_error", message)


def _basic(request: Request, header: str) -> str | None:
    """From the query, else from the header. An unknown key is nobody; a wrong secret of a known key is told."""
    key, secret = request.args.get("consumer_key", ""), request.args.get("consumer_secret", "")
    if not (key and secret):
        if not header.startswith("Basic "):
            return None
        key, _, secret = base64.b64decode(header[6:]).decode("utf-8", "replace").partition(":")
    if key not in KEYS:
        return None
    if not hmac.compare_digest(secret.encode(), SECRETS[key].encode()):
        raise _denied("Consumer secret is invalid.")
    return key


def _signed(request: Request, header: str, store: Store, now: datetime) -> str | None:
    params = dict(request.args.items(multi=True))
    if header.startswith("OAuth "):
        for name, quoted, bare in _PARAMETER.findall(header):
            params[name] = unquote_plus(quoted or bare)
    missing = [name for name in _NEEDED if not params.get(name)]
    if len(missing) == len(_NEEDED):
        return None
    if missing:
        some = "s" if len(missing) > 1 else ""
        message = f"Missing OAuth parameter{some} {', '.join(missing)}"
        raise Problem(401, "woocommerce_rest_authentication_missing_parameter", message)
    key = params["oauth_consumer_key"]
    if key not in KEYS:
        raise _denied("Consumer key is invalid.")
    given = params.pop("oauth_signature").replace(" ", "+")
    if params["oauth_signature_method"] not in ("HMAC-SHA1", "HMAC-SHA256"):
        raise _denied("Invalid signature - signature method is invalid.")
    if not hmac.compare_digest(given.encode(), _signature(request, params, SECRETS[key]).encode()):
        raise _denied("Invalid signature - provided signature does not match.")
    _use_once(store, key, params["oauth_timestamp"], params["oauth_nonce"], now)
    return key


def _signature(request: Request, params: Mapping[str, str], secret: str) -> str:
    address = request.base_url
    pairs = [quote(f"{_encoded(name)}={_encoded(params[name])}", safe="-._~") for name in sorted(params)]
    text = f"{request.method}&{quote(address, safe='-._~')}&{'%26'.join(pairs)}"
    method = hashlib.sha1 if params["oauth_signature_method"] == "HMAC-SHA1" else hashlib.sha256
    return base64.b64encode(hmac.new(f"{secret}&".encode(), text.encode(), method).digest()).decode()


def _encoded(text: str) -> str:
    return quote(text, safe="-._~")


def _use_once(store: Store, key: str, timestamp: str, nonce: str, now: datetime) -> None:
    if abs(int(timestamp) - now.timestamp()) > _WINDOW:
        raise _denied("Invalid timestamp.")
    used = store.nonces.setdefault(key, [])
    if nonce in used:
        raise _denied("Invalid nonce - nonce has already been used.")
    used.append(nonce)
    del used[:-1000]
