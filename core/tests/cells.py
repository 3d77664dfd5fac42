"""Cells of shared rate budgets in memory, on a clock that tests turn; they can be away."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from ordersync.errors import LedgerTrouble
from ordersync.web import Clock

A = TypeVar("A")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Cells:
    """What a ledger in PostgreSQL does for budgets."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.kept: dict[str, str] = {}
        self.exchanges = 0
        self.away = False
        self._lock = threading.Lock()

    def exchange(
        self, key: str, change: Callable[[dict[str, Any] | None, float], tuple[dict[str, Any], A]]
    ) -> A:
        with self._lock:
            self.exchanges += 1
            if self.away:
                raise LedgerTrouble("The ledger cannot be used (connection refused).")
            kept = json.loads(self.kept[key]) if key in self.kept else None
            state, answer = change(kept, (self.clock.now() - EPOCH).total_seconds())
            self.kept[key] = json.dumps(state)
            return answer
