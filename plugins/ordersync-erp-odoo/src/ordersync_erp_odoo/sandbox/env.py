"""Who asks a model, with which context, at which time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .faults import UserFault
from .rights import Rights
from .store import Store

if TYPE_CHECKING:
    from .records import Table

__all__ = ["Env"]


@dataclass
class Env:
    """One caller's surroundings: `now` is the transaction's start (measured); the registry's `*` serves models without
    rules of their own."""

    store: Store
    uid: int
    now: datetime
    rights: Rights
    context: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    registry: Mapping[str, type[Table]] = field(default_factory=dict)
    _tables: dict[str, Table] = field(default_factory=dict)

    @property
    def version(self) -> str:
        return self.store.version

    def table(self, name: str) -> Table:
        """The table of one model."""
        found = self._tables.get(name)
        if found is None:
            if name not in self.store.models:
                raise UserFault(f"Object {name} doesn't exist")
            found = self._tables[name] = (self.registry.get(name) or self.registry["*"])(self, name)
        return found

    def within(self, **context: Any) -> Env:
        """The same with more context."""
        return Env(
            self.store,
            self.uid,
            self.now,
            self.rights,
            {**self.context, **context},
            self.options,
            self.registry,
        )
