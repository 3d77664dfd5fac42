"""What seldom changes on a platform, remembered with its age: field lists, companies, countries, tax records."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

__all__ = ["Memory"]


class Memory:
    """Answers of one account by name. Thread-safe. Holds what JSON can hold, never people's data, never a secret.

    A host that opens the same connection again hands the same memory over, so that the next run need not ask again.
    Whoever remembers must be able to be wrong: what a platform refuses because of a remembered answer is forgotten.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[datetime, Any]] = {}
        self._lock = threading.RLock()

    def once(self, name: str, look: Callable[[], Any], *, now: datetime, keep: timedelta) -> Any:
        """What is remembered under `name` and is younger than `keep`; else what `look` answers, remembered from now.

        What `look` raises is not remembered. Two threads that ask at once look once.
        """
        with self._lock:
            known = self._known.get(name)
            if known is not None and now - known[0] < keep:
                return known[1]
            found = look()
            self._known[name] = (now, found)
            return found

    def forget(self, prefix: str = "") -> None:
        """Forget what is remembered under names that begin so; everything if no prefix is given."""
        with self._lock:
            for name in [name for name in self._known if name.startswith(prefix)]:
                del self._known[name]

    def copy(self) -> Memory:
        """The same memories, apart from now on."""
        twin = Memory()
        with self._lock:
            twin._known = dict(self._known)
        return twin

    def __repr__(self) -> str:
        return f"Memory({len(self._known)})"
