"""SuiteQL, really executed: parsed, held against what is known, translated to SQLite, run over tables in memory.

What the stand-in does not know it refuses, as NetSuite refuses it: a table or column that is not there, a function, a
construct. Dates are the account's local time; without TO_CHAR they come out in its display format. Values are text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlglot
from sqlglot import exp

from .faults import Fault, bad_query

__all__ = ["DATES", "Tables", "executed", "page"]

Tables = Mapping[str, tuple[Sequence[str], Callable[[], Sequence[Sequence[Any]]]]]
"""Table in lower case → its columns, and its rows when they are wanted."""

DATES = frozenset({"lastmodifieddate", "trandate", "createddate", "datecreated"})
_KNOWN = (
    exp.Select, exp.From, exp.Table, exp.Identifier, exp.Column, exp.Alias, exp.TableAlias, exp.Where, exp.And,
    exp.Or, exp.Not, exp.Paren, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Like, exp.Is,
    exp.Null, exp.Literal, exp.Lower, exp.Upper, exp.ToChar, exp.Anonymous, exp.Order, exp.Ordered, exp.Count,
    exp.Star, exp.Neg,
)  # fmt: skip
_FUNCTIONS = {"TO_TIMESTAMP": "ns_moment", "TO_DATE": "ns_moment"}
_MASKS = {"YYYY-MM-DD HH24:MI:SS": "%Y-%m-%d %H:%M:%S", "YYYY-MM-DD": "%Y-%m-%d",
          'YYYY-MM-DD"T"HH24:MI:SS': "%Y-%m-%dT%H:%M:%S"}  # fmt: skip
_STORED = "%Y-%m-%d %H:%M:%S"
_IN_LIST = 1000


def executed(sql: str, tables: Tables) -> list[dict[str, str | None]]:
    """All rows of a query, keys in lower case. Raises Fault for what NetSuite would refuse."""
    parsed, table = _parsed(sql)
    if table not in tables:
        raise bad_query(f"Search error occurred: Record '{table}' was not found.")
    columns, rows = tables[table]
    for column in parsed.find_all(exp.Column):
        name = column.name.lower()
        if name not in columns:
            raise bad_query(
                f"Search error occurred: Unknown identifier '{name}'. "
                f"Available identifiers are: {{{table}={table}}}."
            )
    statement = _translated(sql)
    base = sqlite3.connect(":memory:")
    try:
        base.create_function("ns_moment", 2, _moment, deterministic=True)
        base.create_function("ns_text", 2, _text, deterministic=True)
        numbers = {"id", "item", "location", "entity", "transaction", "subsidiary", "currency"}
        described = ", ".join(f'"{each}" {"INTEGER" if each in numbers else "TEXT"}' for each in columns)
        base.execute(f'CREATE TABLE "{table}" ({described})')
        marks = ", ".join("?" for _ in columns)
        base.executemany(f'INSERT INTO "{table}" VALUES ({marks})', rows())  # noqa: S608 - our own names
        cursor = base.execute(statement)
        names = [str(each[0]).lower() for each in cursor.description]
        return [dict(zip(names, map(_value, row), strict=True)) for row in cursor]
    except sqlite3.Error as error:
        raise bad_query(f"Search error occurred: Invalid or unsupported search. {error}") from None
    finally:
        base.close()


@lru_cache(maxsize=256)
def _parsed(sql: str) -> tuple[exp.Select, str]:
    try:
        parsed = sqlglot.parse_one(sql)
    except sqlglot.ParseError:
        raise bad_query("Search error occurred: Invalid or unsupported search.") from None
    if not isinstance(parsed, exp.Select):
        raise bad_query("Search error occurred: Invalid or unsupported search.")
    for node in parsed.walk():
        if not isinstance(node, _KNOWN):
            raise bad_query(f"Search error occurred: {type(node).__name__} is not known to this stand-in.")
        if isinstance(node, exp.Anonymous) and node.name.upper() not in _FUNCTIONS:
            raise bad_query(f"Search error occurred: {node.name} is not known to this stand-in.")
        if isinstance(node, exp.In) and len(node.expressions) > _IN_LIST:
            raise bad_query("Search error occurred: the maximum number of values in a list is 1000.")
    found = list(parsed.find_all(exp.Table))
    if len(found) != 1:
        raise bad_query("Search error occurred: joins are not known to this stand-in.")
    return parsed, found[0].name.lower()


@lru_cache(maxsize=256)
def _translated(sql: str) -> str:
    """The statement for SQLite; Oracle sorts nothing last when ascending, and an empty text is no value."""

    def changed(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.ToChar):
            return exp.Anonymous(this="ns_text", expressions=[node.this, node.args["format"]])
        if isinstance(node, exp.Anonymous) and node.name.upper() in _FUNCTIONS:
            return exp.Anonymous(this=_FUNCTIONS[node.name.upper()], expressions=node.expressions)
        if isinstance(node, exp.Ordered):
            node.set("nulls_first", bool(node.args.get("desc")))
        return node

    whole = _parsed(sql)[0].copy()
    for place, column in enumerate(whole.expressions):
        if isinstance(column, exp.Column) and column.name.lower() in DATES:
            shown = exp.Anonymous(this="ns_text", expressions=[column.copy(), exp.Literal.string("")])
            whole.expressions[place].replace(exp.alias_(shown, column.name))
    return str(whole.transform(changed).sql(dialect="sqlite", identify=True))


def _moment(text: str, mask: str) -> str:
    return datetime.strptime(text, _MASKS[mask]).strftime(_STORED)  # noqa: DTZ007 - local to the account


def _text(stored: str | None, mask: str) -> str | None:
    """A date by its mask; without one in the account's display format, `11/1/2026`."""
    if stored is None:
        return None
    moment = datetime.strptime(stored, _STORED)  # noqa: DTZ007 - local to the account
    return moment.strftime(_MASKS[mask]) if mask else f"{moment.month}/{moment.day}/{moment.year}"


def _value(value: Any) -> str | None:
    return None if value is None else str(value)


def page(rows: Sequence[Mapping[str, Any]], limit: str, offset: str) -> tuple[Sequence[Any], int, bool]:
    """The rows from `offset` on, where it was counted from, and whether there are more; offsets go by whole pages."""
    try:
        size, start = int(limit), int(offset)
    except ValueError:
        raise Fault(400, "INVALID_PARAMETER", "Invalid value.", QueryParam="limit") from None
    if not 1 <= size <= 1000:
        raise Fault(400, "INVALID_PARAMETER", "The limit must be from 1 to 1000.", QueryParam="limit")
    if start < 0 or start % size:
        raise Fault(
            400, "INVALID_PARAMETER", "The offset must be divisible by the limit.", QueryParam="offset"
        )
    return rows[start : start + size], start, start + size < len(rows)
