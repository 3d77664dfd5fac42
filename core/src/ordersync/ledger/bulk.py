"""One statement for many rows, compiled once: what a window of orders writes is most of the ledger's work.

SQLAlchemy prepares parameters anew for every row of an `executemany`, which costs more than the database does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

__all__ = ["Bulk"]

Processor = Callable[[Any], Any] | None


class Bulk:
    """An insert, update or delete with bound parameters, to be executed for many rows at once."""

    def __init__(self, statement: sa.Insert | sa.Update | sa.Delete, names: Sequence[str]) -> None:
        """`names` are the parameters that every row gives: columns of an insert, `bindparam`s of an update."""
        self._statement = statement
        self._names = tuple(names)
        self._compiled: dict[str, tuple[str, bool, Sequence[tuple[str, Processor]]]] = {}

    def execute(self, db: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Execute for each row; every row gives all the parameters. Answers how many rows of the table were met in all."""
        if not rows:
            return 0
        text, positional, binds = self._for(db)
        if positional:
            given: Any = [
                tuple([row[name] if of is None else of(row[name]) for name, of in binds]) for row in rows
            ]
        else:
            given = [{name: row[name] if of is None else of(row[name]) for name, of in binds} for row in rows]
        return db.exec_driver_sql(text, given).rowcount

    def _for(self, db: Connection) -> tuple[str, bool, Sequence[tuple[str, Processor]]]:
        dialect = db.dialect
        if dialect.name not in self._compiled:
            compiled = self._statement.compile(dialect=dialect, column_keys=list(self._names))
            order = compiled.positiontup if compiled.positional else list(compiled.binds)
            assert order is not None
            assert set(order) == set(self._names), "a bulk statement has no values of its own"
            binds = [
                (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
                for name in order
            ]
            self._compiled[dialect.name] = (str(compiled), bool(compiled.positional), binds)
        return self._compiled[dialect.name]
