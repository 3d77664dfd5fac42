"""Search conditions and sort orders (measured): prefix logic, dotted paths, patterns, times."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .faults import ValueFault
from .metadata import RELATIONAL, Field
from .store import Row
from .values import condition_time, decimal_of

if TYPE_CHECKING:
    from .records import Table

__all__ = ["candidates", "condition", "in_order"]

Test = Callable[[Row], bool]
_PATTERNS = {"like", "ilike", "=like", "=ilike", "not like", "not ilike"}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}
_EQUAL = {"=", "!=", "<>", "==", "in", "not in"}
_SETS = {"any", "not any", "child_of", "parent_of"}


def condition(table: Table, domain: Sequence[Any] | None) -> Test:
    """A domain in prefix notation as one test of a row."""
    stack: list[Test] = []
    for term in reversed(list(domain or ())):
        if isinstance(term, str) and term in "&|!":
            if len(stack) < (1 if term == "!" else 2):
                raise ValueFault(f"Domain() invalid item in domain: {term!r}")
            first = stack.pop()
            stack.append(_negated(first) if term == "!" else _joined(term, first, stack.pop()))
        elif isinstance(term, (list, tuple)) and len(term) == 3:
            stack.append(_leaf(table, str(term[0]), str(term[1]), term[2]))
        else:
            raise ValueFault(f"Domain() invalid item in domain: {term!r}")
    tests = stack[::-1]
    return lambda row: all(test(row) for test in tests)


def _negated(test: Test) -> Test:
    return lambda row: not test(row)


def _joined(term: str, first: Test, second: Test) -> Test:
    if term == "&":
        return lambda row: first(row) and second(row)
    return lambda row: first(row) or second(row)


def _leaf(table: Table, path: str, operator: str, value: Any) -> Test:
    if path == "id" or "." not in path:
        name, rest = path, ""
    else:
        name, rest = path.split(".", 1)
    if path.isdigit() and operator == "=":
        truth = path == str(value)
        return lambda _row: truth
    field = table.model.fields.get(name)
    if field is None:
        where = "leaf" if table.env.version == "17" else "condition"
        raise ValueFault(f"Invalid field {table.name}.{name} in {where} ({path!r}, {operator!r}, {value!r})")
    if operator not in _PATTERNS | _EQUAL | _SETS and operator not in _COMPARE and operator != "=?":
        raise ValueFault(f"Invalid operator {operator!r} in domain term ({path!r}, {operator!r}, {value!r})")
    if operator == "=?":
        if value in (None, False):
            return lambda _row: True
        operator = "="
    if rest:
        if not field.relation:
            raise ValueFault(f"Invalid field {table.name}.{path} in condition")
        other = table.env.table(field.relation)
        inner = _leaf(other, rest, operator, value)
        return lambda row: any(inner(found) for found in other.rows_of(_ids(table, row, field)))
    if field.type in RELATIONAL:
        return _relation(table, field, operator, value)
    if field.type == "datetime":
        return _time(table, field, operator, value)
    return _plain(table, field, operator, value)


def _ids(table: Table, row: Row, field: Field) -> list[int]:
    value = table.value(row, field.name)
    return value if isinstance(value, list) else [value] if value else []


def _relation(table: Table, field: Field, operator: str, value: Any) -> Test:
    assert field.relation
    other = table.env.table(field.relation)
    if operator in ("any", "not any"):
        inner = condition(other, value)
        wanted = operator == "any"
        return lambda row: any(inner(found) for found in other.rows_of(_ids(table, row, field))) is wanted
    if operator == "child_of":
        family = other.descendants([value] if isinstance(value, int) else list(value))
        return lambda row: any(found in family for found in _ids(table, row, field))
    negative = operator in ("!=", "<>", "not in", "not like", "not ilike")
    if operator in _PATTERNS or isinstance(value, str):
        test = _pattern(operator, value) if operator in _PATTERNS else (lambda text: text == value)
        return lambda row: (
            any(test(other.display(found)) for found in other.rows_of(_ids(table, row, field)))
            is not negative
        )
    wanted_ids = set(value) if isinstance(value, (list, tuple)) else {value}
    empty = bool(wanted_ids & {False, None})
    wanted_ids -= {False, None}
    if operator in _COMPARE:
        compare = _COMPARE[operator]
        return lambda row: any(compare(found, value) for found in _ids(table, row, field))

    def test_ids(row: Row) -> bool:
        ids = _ids(table, row, field)
        hit = any(found in wanted_ids for found in ids) or (empty and not ids)
        return hit is not negative

    return test_ids


def _time(table: Table, field: Field, operator: str, value: Any) -> Test:
    version = table.env.version

    def kept(row: Row) -> datetime | None:
        moment = table.value(row, field.name)
        if isinstance(moment, datetime) and version == "19":
            return moment.replace(microsecond=0)
        return moment if isinstance(moment, datetime) else None

    if operator in _COMPARE:
        edge = condition_time(value, operator, version)
        compare = _COMPARE[operator]

        def test(row: Row) -> bool:
            moment = kept(row)
            return moment is not None and edge is not None and compare(moment, edge)

        return test
    values = value if isinstance(value, (list, tuple)) else [value]
    wanted = {condition_time(one, "=", version) for one in values}
    negative = operator in ("!=", "<>", "not in")
    return lambda row: (kept(row) in wanted) is not negative


def _plain(table: Table, field: Field, operator: str, value: Any) -> Test:
    name = field.name
    numeric = field.type in ("float", "monetary", "integer")
    if operator in _PATTERNS:
        test = _pattern(operator, value)
        negative = operator.startswith("not")
        return lambda row: test(table.value(row, name)) is not negative
    if operator == "child_of":
        family = table.descendants([value] if isinstance(value, int) else list(value))
        return lambda row: row["id"] in family

    def normal(raw: Any) -> Any:
        if numeric:
            return decimal_of(raw)
        if field.type == "boolean":
            return bool(raw)
        return None if raw is False else raw

    if operator in _COMPARE:
        compare = _COMPARE[operator]
        edge = normal(value)

        def ordered(row: Row) -> bool:
            found = table.value(row, name)
            if numeric:
                found = found or Decimal(0)
            return found is not None and edge is not None and compare(found, edge)

        return ordered
    values = value if isinstance(value, (list, tuple)) else [value]
    wanted = {normal(one) for one in values}
    negative = operator in ("!=", "<>", "not in")

    def same(row: Row) -> bool:
        found = table.value(row, name)
        if numeric:
            found = decimal_of(found)
        elif field.type == "boolean":
            found = bool(found)
        return (found in wanted) is not negative

    return same


def _pattern(operator: str, value: Any) -> Callable[[Any], bool]:
    text = "" if value in (None, False) else str(value)
    anchored = operator.startswith("=")
    pieces = []
    i = 0
    while i < len(text):
        mark = text[i]
        if mark == "\\" and i + 1 < len(text):
            i += 1
            pieces.append(re.escape(text[i]))
        else:
            pieces.append({"%": ".*", "_": "."}.get(mark) or re.escape(mark))
        i += 1
    body = "".join(pieces)
    flags = re.DOTALL | (re.IGNORECASE if "ilike" in operator else 0)
    regex = re.compile(body if anchored else f".*{body}.*", flags)
    return lambda found: isinstance(found, str) and regex.fullmatch(found) is not None


def candidates(table: Table, domain: Sequence[Any] | None) -> set[int] | None:
    """The only rows that a conjunction can match, where an index tells; None if none does."""
    terms = list(domain or ())
    if any(isinstance(term, str) and term in "|!" for term in terms):
        return None
    indexed = table.store.indexed.get(table.name, set())
    best: set[int] | None = None
    for term in terms:
        if not isinstance(term, (list, tuple)) or len(term) != 3 or term[1] not in ("=", "in"):
            continue
        values = term[2] if term[1] == "in" and isinstance(term[2], (list, tuple)) else [term[2]]
        if term[0] == "id":
            found = {value for value in values if isinstance(value, int) and value in table.rows}
        elif term[0] in indexed and not (isinstance(values[0] if values else "", bool)):
            relational = table.model.fields[term[0]].type in RELATIONAL
            if relational and any(isinstance(value, str) for value in values):
                continue
            found = table.store.among(table.name, term[0], [None if v is False else v for v in values])
        else:
            continue
        best = found if best is None else best & found
    return best


def in_order(table: Table, rows: list[Row], order: str | None) -> list[Row]:
    """Sorted as the order says, else as the model does; nothing sorts last, going down first."""
    keys: list[tuple[str, bool]] = []
    for part in (order or table.model.order).split(","):
        words = part.split()
        if not words:
            continue
        if words[0].split(".")[0] not in table.model.fields:
            raise ValueFault(f"Invalid field {words[0]!r} on model {table.name!r}")
        keys.append((words[0], len(words) > 1 and words[1].lower() == "desc"))
    for name, down in reversed(keys):
        rows = sorted(rows, key=_key(table, name), reverse=down)
    return rows


def _key(table: Table, name: str) -> Callable[[Row], tuple[bool, Any]]:
    def key(row: Row) -> tuple[bool, Any]:
        found = table.value(row, name)
        return (True, 0) if found is None else (False, found)

    return key
