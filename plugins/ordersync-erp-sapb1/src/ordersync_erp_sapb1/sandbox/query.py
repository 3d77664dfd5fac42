"""The query options: `$filter`, `$orderby`, `$select`, `$top`, `$skip`, read as the manual describes them (3.7)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from .faults import Fault

__all__ = ["Filter", "ordered", "plain"]

Row = Mapping[str, Any]
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)(?![\w/])|(?P<sign>[(),])|(?P<word>[A-Za-z_][\w/]*))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a is not None and b is not None and a > b,
    "ge": lambda a, b: a is not None and b is not None and a >= b,
    "lt": lambda a, b: a is not None and b is not None and a < b,
    "le": lambda a, b: a is not None and b is not None and a <= b,
}
_DAY = re.compile(r"\d{4}-?\d{2}-?\d{2}(T.*)?")


def plain(value: Any) -> Any:
    """How a value is compared: dates by their digits, numbers as decimals."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        return value[:10].replace("-", "")[:8]
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return value


class Filter:
    """A condition. `fold` compares texts whatever their case, as databases do that are set up so."""

    def __init__(self, text: str, names: Sequence[str], *, fold: bool = False) -> None:
        """Raises Fault for what cannot be read, and for a property that is not there."""
        self._names = set(names)
        self._fold = fold
        self._tokens = self._read(text)
        self._at = 0
        self._test = self._any()
        if self._at != len(self._tokens):
            raise self._wrong()

    def __call__(self, row: Row) -> bool:
        return bool(self._test(row))

    def _read(self, text: str) -> list[tuple[str, str]]:
        tokens, at = [], 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if not found or found.lastgroup is None:
                raise self._wrong()
            tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        return tokens

    @staticmethod
    def _wrong() -> Fault:
        return Fault(-1000, "Query string error: the filter is not valid.")

    def _next(self, text: str = "") -> bool:
        """Whether the next token is `text`; passes it then."""
        hit = self._at < len(self._tokens) and self._tokens[self._at][1] == text
        self._at += hit
        return hit

    def _any(self) -> Callable[[Row], bool]:
        parts = [self._all()]
        while self._next("or"):
            parts.append(self._all())
        return lambda row: any(part(row) for part in parts)

    def _all(self) -> Callable[[Row], bool]:
        parts = [self._not()]
        while self._next("and"):
            parts.append(self._not())
        return lambda row: all(part(row) for part in parts)

    def _not(self) -> Callable[[Row], bool]:
        if self._next("not"):
            inner = self._not()
            return lambda row: not inner(row)
        if self._next("("):
            inside = self._any()
            if not self._next(")"):
                raise self._wrong()
            return inside
        return self._condition()

    def _condition(self) -> Callable[[Row], bool]:
        kind, word = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        if kind == "word" and word in ("startswith", "endswith", "contains", "substringof"):
            self._at += 1
            return self._function(word)
        left = self._operand()
        sign = self._tokens[self._at][1] if self._at < len(self._tokens) else ""
        if sign not in _COMPARE:
            raise self._wrong()
        self._at += 1
        right, compare = self._operand(), _COMPARE[sign]
        return lambda row: compare(self._value(left(row)), self._value(right(row)))

    def _function(self, name: str) -> Callable[[Row], bool]:
        if not self._next("("):
            raise self._wrong()
        first = self._operand()
        comma = self._next(",")
        second = self._operand()
        if not (comma and self._next(")")):
            raise self._wrong()
        whole, part = (second, first) if name == "substringof" else (first, second)

        def test(row: Row) -> bool:
            text, piece = self._value(whole(row)), self._value(part(row))
            if not isinstance(text, str) or not isinstance(piece, str):
                return False
            return {
                "startswith": text.startswith(piece),
                "endswith": text.endswith(piece),
            }.get(name, piece in text)

        return test

    def _operand(self) -> Callable[[Row], Any]:
        if self._at >= len(self._tokens):
            raise self._wrong()
        kind, word = self._tokens[self._at]
        self._at += 1
        if kind == "text":
            literal = plain(word[1:-1].replace("''", "'"))
            return lambda row: literal  # noqa: ARG005 - the same for every row
        if kind == "number":
            number = Decimal(word)
            return lambda row: number  # noqa: ARG005
        if kind != "word":
            raise self._wrong()
        if word == "null":
            return lambda row: None  # noqa: ARG005
        if word not in self._names:
            raise Fault(-1000, f"Property '{word}' is invalid.")
        return lambda row: plain(row.get(word))

    def _value(self, value: Any) -> Any:
        return value.lower() if self._fold and isinstance(value, str) else value


def ordered(rows: Sequence[Row], by: str, names: Sequence[str]) -> list[Row]:
    """The rows as `$orderby` wants them. Raises Fault for a property that is not there."""
    found = list(rows)
    for part in reversed([part.strip() for part in by.split(",") if part.strip()]):
        name, _, way = part.partition(" ")
        if name not in names or way not in ("", "asc", "desc"):
            raise Fault(-1000, f"Property '{name}' is invalid.")
        key = name
        found.sort(key=lambda row: (row.get(key) is not None, plain(row.get(key))), reverse=way == "desc")
    return found
