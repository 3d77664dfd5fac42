"""Web addresses, queries and forms: hosts, paths and parameters, each by its own name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, unquote_plus, urlsplit, urlunsplit

if TYPE_CHECKING:
    from ordersync.testing.recording.scrubber import Notes, Scrubber

__all__ = ["scrubbed_address", "scrubbed_pairs"]


def scrubbed_address(url: str, scrubber: Scrubber, path: Sequence[str], notes: Notes | None) -> str:
    """A whole address, or a path with a query. What needs no change keeps its spelling; user and password go."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return scrubber.known.out(url)
    host = parts.hostname or ""
    place = f"{scrubber.known.host(host)}{port}" if host else parts.netloc
    steps = "/".join(_step(step, scrubber) for step in parts.path.split("/"))
    query = "&".join(_parameter(pair, scrubber, path, notes) for pair in parts.query.split("&"))
    return urlunsplit((parts.scheme, place, steps, query, scrubber.known.out(parts.fragment)))


def scrubbed_pairs(
    pairs: Sequence[tuple[str, str]], scrubber: Scrubber, path: Sequence[str], notes: Notes | None
) -> list[tuple[str, str]]:
    """Names and values of a form or a query, decoded. `billing[email]` is an e-mail."""
    return [
        (scrubber.known.out(name), scrubber.text(value, (*path, *_names(name)), notes))
        for name, value in pairs
    ]


def _names(name: str) -> list[str]:
    return [step for step in name.replace("]", "").split("[") if step] or [name]


def _step(step: str, scrubber: Scrubber) -> str:
    plain = unquote(step)
    made = scrubber.step(plain)
    return step if made == plain else quote(made, safe="!$&'()*+,;=:@")


def _parameter(pair: str, scrubber: Scrubber, path: Sequence[str], notes: Notes | None) -> str:
    name, equals, value = pair.partition("=")
    if not equals:
        return scrubber.known.out(pair)
    plain = unquote_plus(value)
    made = scrubber.text(plain, (*path, *_names(unquote_plus(name))), notes)
    return pair if made == plain else f"{name}={quote(made, safe='')}"
