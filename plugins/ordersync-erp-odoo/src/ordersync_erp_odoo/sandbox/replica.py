"""A read replica of the database: what was committed arrives there some time later."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from .store import Row, Store

__all__ = ["READ_ONLY", "Replica"]

READ_ONLY = frozenset({"search", "search_read", "search_count", "name_search", "read", "fields_get"})
"""Methods that Odoo sends to a replica (marked as reading only in its source)."""

Written = tuple[str, int, Row | None]
"""Model, id, and the row as it was committed; None if it was deleted."""


class Replica:
    """Follows a store."""

    def __init__(self, primary: Store, now: Callable[[], datetime], lag: timedelta) -> None:
        self._primary = primary
        self._now = now
        self._lag = lag
        self._waiting: deque[tuple[datetime, list[Written]]] = deque()
        self._store = Store(primary.version)
        self._store.models = primary.models
        self.begin_again()
        primary.on_commit = self._committed

    def begin_again(self) -> None:
        """Hold what the primary holds now."""
        self._waiting.clear()
        self._store.become(self._primary.plain())

    def store(self) -> Store:
        """The replica as it stands now."""
        now = self._now()
        while self._waiting and self._waiting[0][0] <= now:
            for model, record, row in self._waiting.popleft()[1]:
                self._store.put(model, record, row)
        return self._store

    def _committed(self, changed: Iterable[tuple[str, int]]) -> None:
        rows = [(model, record, _copy(self._primary.rows[model].get(record))) for model, record in changed]
        self._waiting.append((self._now() + self._lag, rows))


def _copy(row: Row | None) -> Row | None:
    if row is None:
        return None
    return {name: list(value) if isinstance(value, list) else value for name, value in row.items()}
