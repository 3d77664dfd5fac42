"""JSON, read and written exactly, in one place: a number never passes through a float."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from decimal import (
    Clamped,
    Context,
    Decimal,
    DecimalException,
    Inexact,
    InvalidOperation,
    Overflow,
    Rounded,
    Subnormal,
)
from typing import Any

import msgspec

from ordersync.errors import BadInput, FieldProblem

__all__ = ["dump", "read"]

_FARTHEST_EXPONENT = 1000
_MOST_DIGITS = 4300
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)")
_LONE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}\Z")


_EXACT = Context(
    prec=_MOST_DIGITS,
    Emin=-_FARTHEST_EXPONENT,
    Emax=_FARTHEST_EXPONENT,
    traps=[Clamped, Inexact, InvalidOperation, Overflow, Rounded, Subnormal],
)
"""Rounds nothing: what it cannot hold as it stands, it refuses. Makes a number without a call of Python's."""

_decoder = msgspec.json.Decoder(float_hook=_EXACT.create_decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")
_packer = msgspec.msgpack.Encoder()
_NOT_FINITE = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]")
"""How MessagePack begins a float that is not finite; no UTF-8 text holds these bytes."""


def read(body: bytes | str) -> Any:
    """Parse JSON; numbers with a point or exponent become `Decimal`, whole ones `int` of any size.

    A byte order mark is passed over; half of a surrogate pair (a text that somebody cut inside an emoji) becomes
    U+FFFD. Of a name that stands twice in one object, the last wins.

    Raises BadInput if it is not JSON, not UTF-8, nested too deeply to be read, or if a number is beyond 10^±1000 or
    has more than 4300 digits. The error quotes nothing of the text.
    """
    value, problem = _parsed(body)
    if problem and (mended := _mended(body)) is not None:
        value, problem = _parsed(mended)
    if problem:
        raise BadInput(
            "This is not JSON.",
            problems=(FieldProblem("", problem),),
            remedy="Check the text with a JSON validator; it must be UTF-8.",
        )
    return value


def dump(value: Any) -> bytes:
    """Write JSON; a `Decimal` becomes a number with all its digits, times become ISO 8601.

    Raises BadInput if a number in it is not finite, or if a text holds half of a surrogate pair: JSON knows neither.
    """
    problem = ""
    text = b""
    try:
        text = _encoder.encode(value)
    except UnicodeEncodeError:
        problem = "a text holds half of a surrogate pair"
    if _suspicious(text, value) and not _finite(value):
        problem = "a number in it is not finite (NaN or Infinity)"
    if problem:
        raise BadInput("This cannot be written as JSON.", problems=(FieldProblem("", problem),))
    return text


def _suspicious(text: bytes, value: object) -> bool:
    """Whether a number in it may not be finite: a Decimal is written as what it is, a float as `null`, as None is."""
    if b"NaN" in text or b"Infinity" in text:
        return True
    if b"null" not in text:
        return False
    try:
        return _NOT_FINITE.search(_packer.encode(value)) is not None
    except (OverflowError, TypeError, ValueError):
        return True


def _parsed(body: bytes | str) -> tuple[Any, str]:
    try:
        return _decoder.decode(body), ""
    except UnicodeError:
        return None, "the text is not UTF-8"
    except RecursionError:
        return None, "the text is nested too deeply"
    except DecimalException:
        return None, "a number is too large or too small"
    except msgspec.DecodeError as error:
        return None, str(error)


def _mended(body: bytes | str) -> bytes | None:
    """The text without the faults that are common and harmless; None if it has none of them."""
    raw = body.encode("utf-8", "replace") if isinstance(body, str) else body
    mended = _ESCAPE.sub(
        lambda found: b"\\ufffd" if _LONE.match(found[0]) else found[0], raw.removeprefix(b"\xef\xbb\xbf")
    )
    return mended if isinstance(body, str) or mended != body else None


_HARMLESS = frozenset({str, int, bool, type(None)})


def _finite(value: object) -> bool:
    """Whether every number in it is. Plain data first: most bodies are nothing else, and have a null somewhere."""
    left = [value]
    while left:
        one = left.pop()
        kind = type(one)
        if kind in _HARMLESS:
            continue
        if kind is dict:
            left += one  # type: ignore[arg-type]
            left += one.values()  # type: ignore[attr-defined]
        elif kind is list or kind is tuple:
            left += one  # type: ignore[arg-type]
        elif not _finite_of_any_kind(one):
            return False
    return True


def _finite_of_any_kind(value: object) -> bool:
    match value:
        case Decimal():
            return value.is_finite()
        case float():
            return math.isfinite(value)
        case Mapping():
            return all(_finite(key) and _finite(part) for key, part in value.items())
        case list() | tuple() | set() | frozenset():
            return all(map(_finite, value))
        case _ if dataclasses.is_dataclass(value):
            return all(_finite(getattr(value, one.name, None)) for one in dataclasses.fields(value))
        case _:
            return True
