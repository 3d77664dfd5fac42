"""Requests that prove who they are by themselves."""

from __future__ import annotations

import base64
import builtins
import hashlib
import hmac
from typing import Any
from urllib.parse import quote, unquote

import pytest

from ordersync.errors import BadSettings
from ordersync.web import Basic, SignedRequests, VirtualClock


def test_basic_is_name_and_secret() -> None:
    auth = Basic("ck", "c:ß")
    header = auth.headers("GET", "https://x/", b"")["authorization"]
    assert base64.b64decode(header.removeprefix("Basic ")).decode() == "ck:c:ß"
    assert auth.renew({}) is False
    assert "ß" not in repr(auth)


@pytest.mark.parametrize("token", ["", "t/1"])
def test_a_signature_by_hand(token: str) -> None:
    """RFC 5849, 3.4: method, address without query, and everything in the query, sorted and escaped twice."""
    pytest.importorskip("authlib")
    auth = SignedRequests("k", "s&s", VirtualClock(), token=token, token_secret="t t" if token else "")
    url = "http://shop.example/wp-json/wc/v3/orders?b=2%203&a=%C3%9F"
    header = auth.headers("GET", url, b"")["authorization"]
    assert header.startswith("OAuth ")
    words = dict(part.split("=", 1) for part in header.removeprefix("OAuth ").split(", "))
    given = {name: unquote(value.strip('"')) for name, value in words.items()}
    signature = given.pop("oauth_signature")
    assert ("oauth_token" in given) == bool(token)
    pairs = sorted(
        (quote(name, safe="~"), quote(value, safe="~"))
        for name, value in {**given, "b": "2 3", "a": "ß"}.items()
    )
    base = "&".join(
        quote(part, safe="~")
        for part in ("GET", url.partition("?")[0], "&".join(f"{n}={v}" for n, v in pairs))
    )
    key = b"s%26s&" + (b"t%20t" if token else b"")
    assert signature == base64.b64encode(hmac.new(key, base.encode(), hashlib.sha256).digest()).decode()
    assert auth.headers("GET", url, b"")["authorization"] != header, "a nonce is used once"
    assert repr(auth) == "SignedRequests()"


def test_without_the_package_it_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name.startswith("authlib"):
            raise ModuleNotFoundError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(BadSettings, match="authlib"):
        SignedRequests("k", "s", VirtualClock())
