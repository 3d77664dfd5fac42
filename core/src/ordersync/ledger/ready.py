"""Statements that are compiled once, and handed many rows at once: what a window of orders asks and writes.

SQLAlchemy prepares every execution anew, which costs more than the database does; and a driver that is handed row by row lets
other threads in after each. So the driver is given the text, and the rows of a window as parameters of one statement:
in SQLite as a list of `VALUES`, in PostgreSQL as one array per column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.types import TypeEngine

__all__ = ["Insert", "Ready", "given", "insert_of"]

SIZES = (1, 4, 16, 50, 100)
"""How many rows a list of `VALUES` has: few texts are few plans. What is missing is filled up with nulls, which meet
nothing."""
MOST = SIZES[-1]

AMONG = " IN (SELECT given.column1 \nFROM given)"
"""Which PostgreSQL is given as `= ANY`, a condition that an index answers."""

Insert = Any
"""`insert` as the database's dialect has it, with `on_conflict_do_…`: the two dialects share no type."""
Statement = sa.Select[Any] | sa.Insert | sa.Update | sa.Delete
Processor = Callable[[Any], Any] | None


def given(**columns: TypeEngine[Any] | type[TypeEngine[Any]]) -> sa.Table:
    """The rows that a statement is handed, to be selected from like a table. The first column is never null in them."""
    return sa.Table(
        "given",
        sa.MetaData(),
        *(
            sa.Column(f"column{place}", _unbounded(kind), key=name)
            for place, (name, kind) in enumerate(columns.items(), 1)
        ),
    )


def _unbounded(kind: TypeEngine[Any] | type[TypeEngine[Any]]) -> TypeEngine[Any] | type[TypeEngine[Any]]:
    """PostgreSQL cuts a text silently that is cast to a length; a column refuses it."""
    return sa.String() if isinstance(kind, sa.String) else kind


def insert_of(dialect: Dialect) -> Insert:
    """Its own `insert`. Only the database that is used is imported."""
    if dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        return sqlite_insert
    from sqlalchemy.dialects.postgresql import insert as postgresql_insert

    return postgresql_insert


class _Text(NamedTuple):
    """A statement as one kind of database reads it."""

    texts: dict[int, str]
    """By the number of given rows; 0 if there are none, or arrays of them."""
    before: tuple[tuple[str, Processor], ...]
    """Named parameters that stand before the given rows; all, if there are none."""
    after: tuple[tuple[str, Processor], ...]
    cells: tuple[Processor, ...]
    """Of a given row's columns."""
    own: dict[str, Any]
    """Values that the statement has itself, by the name that it gave them."""


class Ready:
    """A statement with named parameters and, perhaps, given rows.

    It answers what the driver does: times are whole microseconds, and JSON is text in SQLite.
    """

    def __init__(
        self,
        statement: Statement | Callable[[Insert], Statement],
        rows: sa.Table | None = None,
    ) -> None:
        """`statement` selects from `rows`, which `given` has made, if it is handed any. One that is a function is given
        the dialect's own `insert`."""
        self._statement = statement
        self._rows = rows
        self._compiled: dict[str, _Text] = {}

    def run(self, db: Connection, rows: Sequence[Sequence[Any]] | None = None, /, **parameters: Any) -> int:
        """Execute. Answers how many rows of the table were met."""
        return sum(
            db.exec_driver_sql(text, values).rowcount for text, values in self._calls(db, rows, parameters)
        )

    def ask(
        self, db: Connection, rows: Sequence[Sequence[Any]] | None = None, /, **parameters: Any
    ) -> list[Sequence[Any]]:
        """Execute, and answer the rows that are selected or returned."""
        found: list[Sequence[Any]] = []
        for text, values in self._calls(db, rows, parameters):
            found += db.exec_driver_sql(text, values).all()
        return found

    def _calls(
        self, db: Connection, rows: Sequence[Sequence[Any]] | None, parameters: dict[str, Any]
    ) -> Iterator[tuple[str, tuple[Any, ...]]]:
        ready = self._compiled.get(db.dialect.name) or self._compile(db.dialect)
        parameters |= ready.own
        before = _processed(ready.before, parameters)
        if self._rows is None:
            yield ready.texts[0], before
            return
        after = _processed(ready.after, parameters)
        columns = [
            list(column if process is None else map(process, column))
            for process, column in zip(ready.cells, zip(*rows or (), strict=True), strict=False)
        ]
        if 0 in ready.texts:
            if rows:
                yield ready.texts[0], (*before, *columns, *after)
            return
        for start in range(0, len(rows or ()), MOST):
            parts = [column[start : start + MOST] for column in columns]
            size = next(size for size in SIZES if size >= len(parts[0]))
            values: list[Any] = [None] * (size * len(parts))
            for place, part in enumerate(parts):
                values[place : len(part) * len(parts) : len(parts)] = part
            yield ready.texts[size], (*before, *values, *after)

    def _compile(self, dialect: Dialect) -> _Text:
        statement = self._statement
        if not isinstance(statement, sa.ClauseElement):
            statement = statement(insert_of(dialect))
        marker, style = ("?", "qmark") if dialect.name == "sqlite" else ("%s", "format")
        compiled = statement.compile(dialect=type(dialect)(paramstyle=style))  # type: ignore[call-arg] # any of them takes it
        binds = tuple(
            (name, _processor(compiled.binds[name].type, dialect)) for name in compiled.positiontup or ()
        )
        own = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        if self._rows is None:
            ready = _Text({0: str(compiled)}, binds, (), (), own)
        else:
            columns = list(self._rows.columns)
            text, lists = str(compiled), _values(columns)
            if dialect.name != "sqlite":
                text, lists = text.replace(AMONG, " = FROM given"), _arrays(columns, dialect, AMONG in text)
            head, tail = text.split("FROM given", 1)
            place = head.count(marker)
            ready = _Text(
                {size: f"{head}{rows}{tail}" for size, rows in lists.items()},
                binds[:place],
                binds[place:],
                tuple(_processor(column.type, dialect) for column in columns),
                own,
            )
        self._compiled[dialect.name] = ready
        return ready


def _values(columns: Sequence[sa.Column[Any]]) -> dict[int, str]:
    row = f"({', '.join('?' * len(columns))})"
    return {size: f"FROM (VALUES {', '.join([row] * size)}) AS given" for size in SIZES}


def _arrays(columns: Sequence[sa.Column[Any]], dialect: Dialect, among: bool) -> dict[int, str]:
    """Bytes go as they are (`%b`): as text each of them takes four letters."""
    markers = ["%b" if isinstance(column.type, sa.LargeBinary) else "%s" for column in columns]
    arrays = [
        f"CAST({marker} AS {column.type.compile(dialect)}[])"
        for marker, column in zip(markers, columns, strict=True)
    ]
    if among:
        return {0: f"ANY({arrays[0]})"}
    names = ", ".join(column.name for column in columns)
    return {0: f"FROM unnest({', '.join(arrays)}) AS given({names})"}


def _processor(kind: TypeEngine[Any], dialect: Dialect) -> Processor:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _processed(binds: Sequence[tuple[str, Processor]], parameters: dict[str, Any]) -> tuple[Any, ...]:
    return tuple([parameters[name] if of is None else of(parameters[name]) for name, of in binds])
