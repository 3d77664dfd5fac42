"""Rows in memory, with indexes, a journal that undoes a failed call, and a plain form to keep and restore."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from .metadata import models

__all__ = ["Row", "Store"]

Row = dict[str, Any]

_KEYS = {
    ("sale.order", "client_order_ref"),
    ("res.partner", "email_normalized"),
    ("res.partner", "email"),
    ("res.partner", "ref"),
    ("res.partner", "parent_id"),
    ("product.product", "default_code"),
    ("product.product", "barcode"),
    ("res.country", "code"),
    ("stock.quant", "product_id"),
    ("stock.move", "product_id"),
    ("ir.model.data", "_key"),
    ("ir.model.data", "_target"),
}


class Store:
    """The tables of one database."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.models = models(version)
        self.rows: dict[str, dict[int, Row]] = {name: {} for name in self.models}
        self.counters: dict[str, int] = {}
        inverses = {
            (told.relation, told.inverse)
            for model in self.models.values()
            for told in model.fields.values()
            if told.relation and told.inverse
        }
        self.indexed: dict[str, set[str]] = {}
        for model, name in _KEYS | inverses:
            self.indexed.setdefault(model, set()).add(name)
        self._index: dict[tuple[str, str, Any], set[int]] = {}
        self._journal: dict[tuple[str, int], Row | None] | None = None
        self.on_commit: Callable[[Collection[tuple[str, int]]], None] | None = None
        """Told (model, id) of every row that a transaction changed."""

    def begin(self) -> None:
        """From here on, remember what is overwritten."""
        self._journal = {}

    def commit(self) -> None:
        """Forget what was overwritten."""
        journal, self._journal = self._journal or {}, None
        if self.on_commit and journal:
            self.on_commit(journal.keys())

    def rollback(self) -> None:
        """Put back what was overwritten since `begin`; numbers that were drawn stay drawn."""
        journal, self._journal = self._journal or {}, None
        for (model, record), old in journal.items():
            current = self.rows[model].pop(record, None)
            if current is not None:
                self._unindex(model, record, current)
            if old is not None:
                self.rows[model][record] = old
                self._reindex(model, record, old)

    def draw(self, counter: str) -> int:
        """The next number of a sequence."""
        self.counters[counter] = self.counters.get(counter, 0) + 1
        return self.counters[counter]

    def insert(self, model: str, row: Row) -> int:
        """Keep a new row under the model's next id."""
        record = row["id"] = self.draw(model)
        self._remember(model, record, None)
        self.rows[model][record] = row
        self._reindex(model, record, row)
        return record

    def update(self, model: str, record: int, values: Row) -> None:
        """Change columns of one row."""
        row = self.rows[model][record]
        self._remember(model, record, row)
        for name in self.indexed.get(model, set()) & values.keys():
            self._index.get((model, name, row.get(name)), set()).discard(record)
            self._index.setdefault((model, name, values[name]), set()).add(record)
        row.update(values)

    def delete(self, model: str, record: int) -> None:
        """Drop one row."""
        row = self.rows[model].pop(record)
        self._remember(model, record, row)
        self._unindex(model, record, row)

    def put(self, model: str, record: int, row: Row | None) -> None:
        """Keep a row as it is, or none, under this id."""
        before = self.rows[model].pop(record, None)
        if before is not None:
            self._unindex(model, record, before)
        if row is not None:
            self.rows[model][record] = row
            self._reindex(model, record, row)

    def get(self, model: str, record: int | None) -> Row | None:
        """One row, or None."""
        return self.rows[model].get(record) if record else None

    def find(self, model: str, name: str, value: Any) -> list[int]:
        """The ids of the rows whose indexed column has this value, in ascending order."""
        return sorted(self._index.get((model, name, value), ()))

    def among(self, model: str, name: str, values: Iterable[Any]) -> set[int]:
        """The ids of the rows whose indexed column has one of these values."""
        found: set[int] = set()
        for value in values:
            found |= self._index.get((model, name, value), set())
        return found

    def plain(self) -> dict[str, Any]:
        """All rows and counters as plain data."""
        return {
            "counters": dict(self.counters),
            "rows": {
                model: [
                    {**row, **{k: list(v) for k, v in row.items() if isinstance(v, list)}}
                    for row in rows.values()
                ]
                for model, rows in self.rows.items()
                if rows
            },
        }

    def become(self, plain: dict[str, Any]) -> None:
        """Take over what `plain` gave."""
        self.counters = dict(plain["counters"])
        self._index = {}
        self.rows = {name: {} for name in self.models}
        for model, rows in plain["rows"].items():
            for row in rows:
                kept: Row = {k: list(v) if isinstance(v, list) else v for k, v in row.items()}
                self.rows[model][kept["id"]] = kept
                self._reindex(model, kept["id"], kept)

    def _remember(self, model: str, record: int, row: Row | None) -> None:
        if self._journal is not None and (model, record) not in self._journal:
            self._journal[model, record] = None if row is None else dict(row)

    def _reindex(self, model: str, record: int, row: Row) -> None:
        for name in self.indexed.get(model, ()):
            self._index.setdefault((model, name, row.get(name)), set()).add(record)

    def _unindex(self, model: str, record: int, row: Row) -> None:
        for name in self.indexed.get(model, ()):
            self._index.get((model, name, row.get(name)), set()).discard(record)
