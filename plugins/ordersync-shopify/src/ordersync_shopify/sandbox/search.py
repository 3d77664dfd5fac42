"""The vendor's search syntax: parse it, match documents with it, say what was not understood.

    updated_at:>='2026-10-21T23:39:20Z' AND (tag:first OR -financial_status:paid)

Terms side by side are ANDed. A field that the resource does not know is ignored and reported: rows are not left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

__all__ = ["And", "Expr", "Not", "Or", "Term", "candidates", "matches", "parse", "terms", "when"]

Document: TypeAlias = Mapping[str, Any]
"""Field → str, list of str, int, Decimal, bool, datetime or None."""


@dataclass(frozen=True)
class Term:
    field: str
    """Empty: any of the text fields."""
    op: str
    """`:`, `:>`, `:>=`, `:<` or `:<=`."""
    value: str
    quoted: bool = False


@dataclass(frozen=True)
class Not:
    one: Expr


@dataclass(frozen=True)
class And:
    all: tuple[Expr, ...]


@dataclass(frozen=True)
class Or:
    any: tuple[Expr, ...]


Expr: TypeAlias = Term | Not | And | Or

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<open>\()|(?P<close>\))
      |(?P<word>AND|OR|NOT)(?=[\s(])
      |(?P<minus>-)?(?P<field>[A-Za-z_][\w.$-]*)(?P<op>:(?:>=|<=|>|<)?)\s*
        (?:"(?P<dq>(?:\\.|[^"\\])*)"|'(?P<sq>(?:\\.|[^'\\])*)'|(?P<bare>[^\s()"']+))
      |(?P<not>-)?(?:"(?P<tdq>(?:\\.|[^"\\])*)"|'(?P<tsq>(?:\\.|[^'\\])*)'|(?P<text>[^\s()]+))
    )""",
    re.VERBOSE,
)


def parse(query: str | None) -> Expr:
    """The query as a tree; an empty one matches everything (`And(())`)."""
    text = query or ""
    tokens: list[re.Match[str]] = []
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if not found:
            break
        tokens.append(found)
        at = found.end()
    return _Reader(tokens).either()


class _Reader:
    def __init__(self, tokens: list[re.Match[str]]) -> None:
        self.tokens = tokens
        self.at = 0

    def word(self) -> str | None:
        return self.tokens[self.at]["word"] if self.at < len(self.tokens) else None

    def either(self) -> Expr:
        sides = [self.every()]
        while self.word() == "OR":
            self.at += 1
            sides.append(self.every())
        return sides[0] if len(sides) == 1 else Or(tuple(sides))

    def every(self) -> Expr:
        parts: list[Expr] = []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token["close"] or token["word"] == "OR":
                break
            self.at += 1
            if token["word"] == "AND":
                continue
            if token["word"] == "NOT":
                if self.at < len(self.tokens):
                    token = self.tokens[self.at]
                    self.at += 1
                    parts.append(Not(self.one(token)))
                continue
            parts.append(self.one(token))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def one(self, token: re.Match[str]) -> Expr:
        if token["open"]:
            inner = self.either()
            if self.at < len(self.tokens) and self.tokens[self.at]["close"]:
                self.at += 1
            return inner
        quoted = next((token[name] for name in ("dq", "sq", "tdq", "tsq") if token[name] is not None), None)
        if token["field"]:
            value = token["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            term: Expr = Term(token["field"].lower(), token["op"], value, quoted is not None)
            return Not(term) if token["minus"] else term
        value = token["text"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        term = Term("", ":", value or "", quoted is not None)
        return Not(term) if token["not"] else term


def terms(expr: Expr) -> Iterator[Term]:
    """Every term of the tree."""
    if isinstance(expr, Term):
        yield expr
    elif isinstance(expr, Not):
        yield from terms(expr.one)
    else:
        for part in expr.all if isinstance(expr, And) else expr.any:
            yield from terms(part)


def when(value: str, now: datetime) -> tuple[datetime, datetime] | None:
    """A time as a half-open span: a second for a full time, a day, month or year for a shorter one; in the zone of
    `now` if it says none."""
    if value == "now":
        return now, now + timedelta(seconds=1)
    for pattern, months in (("%Y", 12), ("%Y-%m", 1)):
        try:
            first = datetime.strptime(value, pattern).replace(tzinfo=now.tzinfo)
        except ValueError:
            continue
        ends = first.year * 12 + first.month - 1 + months
        return first, first.replace(year=ends // 12, month=ends % 12 + 1)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    moment = moment.replace(tzinfo=moment.tzinfo or now.tzinfo).astimezone(UTC)
    return moment, moment + (timedelta(days=1) if len(value) == 10 else timedelta(seconds=1))


def _compared(op: str, have: Any, first: Any, end: Any) -> bool:
    """`end` is where equality stops (exclusive); None: `first` alone is equal."""
    if op == ":>=":
        return bool(have >= first)
    if op == ":>":
        return bool(have >= end if end is not None else have > first)
    if op == ":<":
        return bool(have < first)
    if op == ":<=":
        return bool(have < end if end is not None else have <= first)
    return bool(first <= have < end if end is not None else have == first)


def _text_matches(term: Term, have: str) -> bool:
    wanted, have = term.value.lower(), have.lower()
    if wanted.endswith("*") and not term.quoted:
        return have.startswith(wanted[:-1])
    return have == wanted


def _value_matches(term: Term, have: Any, now: datetime) -> bool:
    if have is None:
        return False
    if isinstance(have, list):
        return any(_value_matches(term, one, now) for one in have)
    if isinstance(have, bool):
        return have is (term.value.lower() == "true")
    if isinstance(have, datetime):
        span = when(term.value, now)
        return span is not None and _compared(term.op, have, *span)
    if isinstance(have, int | Decimal):
        try:
            return _compared(term.op, have, Decimal(term.value.rsplit("/", 1)[-1]), None)
        except InvalidOperation:
            return False
    if not term.quoted and "," in term.value:
        return any(_text_matches(Term(term.field, ":", part), str(have)) for part in term.value.split(","))
    return _text_matches(term, str(have))


def matches(expr: Expr, document: Document, now: datetime) -> bool:
    """Does a document answer the query?"""
    if isinstance(expr, Term):
        if expr.field == "":
            words = expr.value.lower().split()
            text = str(document.get("", "")).lower()
            return all(word.rstrip("*") in text for word in words)
        if expr.field == "tag_not":
            return not _value_matches(expr, document.get("tag"), now)
        if expr.field not in document:
            return not expr.field.startswith("metafields.")
        if expr.value == "*":
            return document[expr.field] not in (None, [], "")
        return _value_matches(expr, document[expr.field], now)
    if isinstance(expr, Not):
        return not matches(expr.one, document, now)
    if isinstance(expr, And):
        return all(matches(part, document, now) for part in expr.all)
    return any(matches(part, document, now) for part in expr.any)


def candidates(expr: Expr, exact: Mapping[str, Mapping[str, set[int]]]) -> set[int] | None:
    """Ids that can match at all, by the exact indexes (field → lower-case value → ids); None: any."""
    if isinstance(expr, Term):
        if expr.op == ":" and expr.field in exact and not set("*,/") & set(expr.value):
            return exact[expr.field].get(expr.value.lower(), set())
        return None
    if isinstance(expr, And):
        known = [found for part in expr.all if (found := candidates(part, exact)) is not None]
        return min(known, key=len) if known else None
    if isinstance(expr, Or):
        sides = [candidates(part, exact) for part in expr.any]
        if any(side is None for side in sides):
            return None
        return set().union(*(side for side in sides if side is not None))
    return None
