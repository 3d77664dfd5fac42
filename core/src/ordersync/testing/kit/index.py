"""A search index: it learns of each change only after a while, and shows what it knows."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

__all__ = ["Index"]


class Index:
    """Copies of records by key, as they were when the index last heard of them."""

    def __init__(self) -> None:
        self._shown: dict[str, dict[str, Any]] = {}
        self._coming: list[tuple[datetime, str, dict[str, Any] | None]] = []

    def put(self, key: str, record: dict[str, Any] | None, now: datetime, lag: timedelta) -> None:
        """Show `record` under `key` once the lag is over; None: show it no longer."""
        self._coming.append((now + lag, key, record))

    def shown(self, now: datetime) -> list[dict[str, Any]]:
        """What is known by now, in the order in which it became known."""
        due = sorted((one for one in self._coming if one[0] <= now), key=lambda one: one[0])
        self._coming = [one for one in self._coming if one[0] > now]
        for _, key, record in due:
            if record is None:
                self._shown.pop(key, None)
            else:
                self._shown[key] = record
        return list(self._shown.values())

    def fill(self, records: Mapping[str, dict[str, Any]]) -> None:
        """Know exactly these, at once."""
        self._shown, self._coming = copy.deepcopy(dict(records)), []

    def state(self) -> Any:
        """As plain data."""
        return {"shown": list(self._shown.items()), "coming": [list(one) for one in self._coming]}

    def restore(self, state: Any) -> None:
        """Become what `state()` described."""
        self._shown = dict(state["shown"])
        self._coming = [(moment, key, record) for moment, key, record in state["coming"]]
