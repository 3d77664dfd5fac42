"""What is asked behind the `?` of an address: written once per request, and not looked at again sign by sign."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

__all__ = ["Params", "with_params"]

Params = Mapping[str, str] | Sequence[tuple[str, str]]

_SAFE = re.compile(r"[A-Za-z0-9_.~-]*")
_UNSAFE = re.compile(rb"[^A-Za-z0-9_.~-]")
_SIGNS = {bytes([sign]): b"%%%02X" % sign for sign in range(256)} | {b" ": b"+"}
_LONGEST = 60_000
"""Characters; what is longer is left to httpx, which refuses it near 65 536."""


def with_params(url: httpx.URL, params: Params | None) -> httpx.URL:
    """`url` with these parameters in place of its query; nothing changes if there are none.

    Raises UnicodeError if a text holds half of a surrogate pair, httpx.InvalidURL if it grows too long.
    """
    if not params:
        return url
    given: Any = dict(params) if isinstance(params, Mapping) else list(params)
    pairs = given.items() if isinstance(given, dict) else given
    if not all(isinstance(name, str) and isinstance(value, str) for name, value in pairs):
        return httpx.URL(url, params=given)
    return _with_query(url, "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs))


def _quoted(text: str) -> str:
    """As `urllib.parse.quote_plus` does it, in a fifth of the time where commas stand between a hundred keys."""
    if _SAFE.fullmatch(text):
        return text
    return _UNSAFE.sub(lambda sign: _SIGNS[sign[0]], text.encode()).decode("ascii")


def _with_query(url: httpx.URL, query: str) -> httpx.URL:
    """httpx would check each character and quote it again: for a hundred keys, as much as all else of a request. What is
    put into its parsed address here has nothing left to quote; should that be kept elsewhere one day, it is asked to."""
    if len(query) <= _LONGEST:
        found = httpx.URL(url)
        parsed = getattr(found, "_uri_reference", None)
        if parsed is not None:
            found._uri_reference = parsed._replace(query=query)
            if found.query == query.encode("ascii"):
                return found
    return url.copy_with(query=query.encode("ascii"))
