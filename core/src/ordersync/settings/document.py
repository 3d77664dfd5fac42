"""A TOML file as plain data, with the line of each key, and TOML written back."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from ordersync.errors import BadSettings, FieldProblem

__all__ = ["Document", "place_of", "plain", "read_document", "toml_key", "toml_value"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ONE_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEYS = rf"{_ONE_KEY}(?:\s*\.\s*{_ONE_KEY})*"
_HEADER = re.compile(rf"\s*\[\s*({_KEYS})\s*\]")
_ASSIGNMENT = re.compile(rf"\s*({_KEYS})\s*=")
_WHERE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)")


@dataclass(frozen=True)
class Document:
    """What a settings file says: `data` is JSON-like (times are ISO strings, numbers with a point are `Decimal`)."""

    path: Path
    data: dict[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)
    """TOML path → line."""


def place_of(keys: Sequence[str | int]) -> str:
    """A TOML path for people: `routes.orders.aliases."OLD SKU"`, `routes.orders.extensions[0]`."""
    place = ""
    for key in keys:
        if isinstance(key, int):
            place += f"[{key}]"
        else:
            place += f".{toml_key(key)}" if place else toml_key(key)
    return place


def toml_key(key: str) -> str:
    """A key as it is written in TOML: bare if it can be, else quoted."""
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def toml_value(value: Any) -> str:
    """A value as it is written in TOML, on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case Mapping():
            inner = ", ".join(f"{toml_key(str(k))} = {toml_value(v)}" for k, v in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case list() | tuple() | set() | frozenset():
            elements = sorted(value) if isinstance(value, (set, frozenset)) else value
            return f"[{', '.join(toml_value(element) for element in elements)}]"
        case _:
            return json.dumps(str(value), ensure_ascii=False)


def plain(value: Any) -> Any:
    """`value` in JSON's types, so that a JSON Schema can be held against it."""
    match value:
        case dict():
            return {key: plain(element) for key, element in value.items()}
        case list():
            return [plain(element) for element in value]
        case datetime() | date() | time():
            return value.isoformat()
        case Decimal() if not value.is_finite():
            return str(value)
        case _:
            return value


def read_document(path: Path) -> Document:
    """Read a TOML file. Raises BadSettings with line and column if it is not TOML, or if there is no file."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise BadSettings(
            f"There is no settings file {path}.",
            remedy="Write one with `ordersync init`, or name another with --settings.",
        ) from None
    except UnicodeDecodeError as error:
        raise BadSettings(
            f"{path} is not UTF-8 (byte {error.start}).", remedy="Save the file as UTF-8."
        ) from None
    except OSError as error:
        raise BadSettings(f"{path} cannot be read: {error.strerror or type(error).__name__}.") from None
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        where = _WHERE.search(said)
        place = f"line {where[1]}, column {where[2]}" if where and where[1] else "end of the file"
        problem = _WHERE.sub("", said)
        raise BadSettings(
            f"{path} is not valid TOML.",
            problems=(FieldProblem(place, problem, "toml_syntax"),),
            remedy="Text stands in double quotes, one key = value per line.",
        ) from None
    return Document(path, plain(data), _lines(text))


def _split(keys: str) -> tuple[str, ...]:
    found = []
    for key in re.findall(_ONE_KEY, keys):
        if key.startswith('"'):
            try:
                found.append(str(json.loads(key)))
            except ValueError:
                found.append(key[1:-1])
        else:
            found.append(key.strip("'"))
    return tuple(found)


def _lines(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    table: tuple[str, ...] = ()
    inside = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if inside:
            if inside in line:
                inside = ""
            continue
        if header := _HEADER.match(line):
            table = _split(header[1])
            for end in range(1, len(table) + 1):
                found.setdefault(place_of(table[:end]), number)
        elif assignment := _ASSIGNMENT.match(line):
            found.setdefault(place_of((*table, *_split(assignment[1]))), number)
        for quotes in ('"""', "'''"):
            if line.count(quotes) % 2:
                inside = quotes
    return found
