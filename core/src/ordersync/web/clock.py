"""Time, injected: waits, leases and lags all ask a clock, so that tests and proofs can use a virtual one."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

__all__ = ["Clock", "SystemClock", "VirtualClock"]


class Clock(Protocol):
    """What can be asked for the time, by several threads."""

    def now(self) -> datetime:
        """The time of day, aware, UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait so many seconds; zero and less: not at all."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The time of day, aware, UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait so many seconds; zero and less: not at all."""
        if seconds > 0:
            time.sleep(seconds)


class VirtualClock:
    """Stands still until told: `sleep` moves it at once. Shared by whoever must agree on the time; thread-safe.

    Raises ValueError if `start` is not aware.
    """

    def __init__(self, start: datetime | None = None) -> None:
        if start is not None and start.tzinfo is None:
            raise ValueError("a clock starts at an aware time")
        self._now = start.astimezone(UTC) if start else datetime(2026, 11, 1, 12, tzinfo=UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The clock's time, aware, UTC."""
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Move the clock on by so many seconds; it never goes back."""
        with self._lock:
            self._now += timedelta(seconds=max(seconds, 0.0))
