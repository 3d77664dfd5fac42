"""What must not be seen, and everywhere that it might be."""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import Iterable, Iterator
from types import TracebackType

from pydantic import SecretStr

from ordersync.testing.contract.buyers import FAMILY_NAME
from ordersync.testing.contract.stand import Stand
from ordersync.testing.contract.walking import walked
from ordersync.testing.seeds import customers
from ordersync.web.tokens import MemoryTokens

__all__ = ["found_in", "people_of", "places_of", "secrets_of", "shown_by", "texts_of"]

SHORTEST = 6
"""Characters; what is shorter is found everywhere."""
_CREDENTIALS = ("authorization", "cookie", "token", "secret", "key", "session", "signature", "auth")
_NO_CREDENTIALS = ("idempotency-key", "x-idempotency-key", "x-request-id", "prefer")
"""They name a write, as the order's own key does."""
_OTHERS = (
    "ordersync.transfer",
    "ordersync.connection",
    "ordersync.testing",
    "pluggy",
    "_pytest",
    "httpx",
    "httpcore",
    "tenacity",
    "contextlib",
    "pydantic",
)
"""Whose frames a connector's author cannot change."""
_SCHEMES = ("Bearer ", "Basic ", "Token ")


def secrets_of(stand: Stand) -> dict[str, str]:
    """What it is → value: secret settings, stored tokens, and the credentials of the requests so far."""
    found: dict[str, str] = {}
    for place, value in walked(stand.settings):
        if isinstance(value, SecretStr):
            found[f"setting {place}"] = value.get_secret_value()
    tokens = stand.access.tokens
    if isinstance(tokens, MemoryTokens):
        for name, token in vars(tokens).get("_tokens", {}).items():
            found[f"token {name}"] = token
    for one in stand.wire.exchanges:
        for name, value in one.request.headers.items():
            if name.lower() not in _NO_CREDENTIALS and any(word in name.lower() for word in _CREDENTIALS):
                for scheme in _SCHEMES:
                    value = value.removeprefix(scheme)
                found[f"header {name}"] = value
                if name.lower() == "cookie":
                    for cookie, _, held in (part.strip().partition("=") for part in value.split(";")):
                        found[f"cookie {cookie}"] = held
    found |= {f"{name}, decoded": plain for name, value in found.items() if (plain := _decoded(value))}
    return {name: value for name, value in found.items() if len(value) >= SHORTEST}


def _decoded(value: str) -> str:
    """The password of HTTP Basic."""
    try:
        user, colon, password = base64.b64decode(value, validate=True).decode("ascii").partition(":")
    except ValueError:
        return ""
    return password if colon and user else ""


def people_of(stand: Stand) -> dict[str, str]:
    """What it is → value: what a sandbox's seeded customers and the suite's own buyers are known by."""
    found = {
        "the suite's buyer": FAMILY_NAME,
        "the e-mail of the suite's buyer": "contract.osc",
        "an e-mail of the transfer": "new.buyer.",
    }
    if stand.sandbox is not None:
        for one in customers():
            found[f"e-mail of customer {one.id}"] = one.email
            found[f"street of customer {one.id}"] = one.address.line1
    return found


def texts_of(error: BaseException) -> Iterator[str]:
    """What a log, a report or a person's first look shows of an error, its causes and contexts."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield from (str(one), repr(one), repr(one.args), repr(vars(one)))
        yield "".join(traceback.format_exception(one))
        waiting += [one.__cause__, one.__context__]


def places_of(error: BaseException) -> Iterator[tuple[str, str]]:
    """`(where, text)` of the local variables of every frame in a traceback, but for the core's and its tools'."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield from _locals(one.__traceback__)
        waiting += [one.__cause__, one.__context__]


def _locals(trace: TracebackType | None) -> Iterator[tuple[str, str]]:
    while trace is not None:
        frame = trace.tb_frame
        module = str(frame.f_globals.get("__name__", ""))
        if not module.startswith(_OTHERS):
            for name, value in frame.f_locals.items():
                try:
                    text = repr(value)
                except Exception:  # noqa: BLE001, S112 - a half-made object has no repr
                    continue
                yield f"{module}.{frame.f_code.co_name}: {name}", text
        trace = trace.tb_next


def shown_by(records: Iterable[logging.LogRecord]) -> Iterator[str]:
    """All that log records hold."""
    for record in records:
        yield f"{record.getMessage()} {vars(record)}"


def found_in(text: str, canaries: dict[str, str]) -> list[str]:
    """The names of the canaries that occur in a text."""
    return [name for name, value in canaries.items() if value in text]
