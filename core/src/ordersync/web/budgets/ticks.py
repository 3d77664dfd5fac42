"""Time for budgets: seconds that no change of the machine's time disturbs, and waiting that can be ended early."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

from ordersync.web.clock import Clock, SystemClock

__all__ = ["Ticks"]


class Ticks:
    """Seconds since some moment, which never go back. On the machine's own clock they are monotonic; another clock is
    asked, and when somebody sets it back, they go on from there."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.real = type(clock) is SystemClock
        self._origin = clock.now()
        self._latest = 0.0

    def now(self) -> float:
        if self.real:
            return time.monotonic()
        here = self.clock.now()
        seconds = (here - self._origin) / timedelta(seconds=1)
        if seconds < self._latest:
            self._origin = here - timedelta(seconds=self._latest)
            return self._latest
        self._latest = seconds
        return seconds

    def wait(self, changed: threading.Condition, seconds: float) -> None:
        """Wait so long, or until `changed` is notified; it is held by the caller, and released meanwhile."""
        if self.real:
            changed.wait(seconds)
            return
        changed.release()
        try:
            self.clock.sleep(seconds)
        finally:
            changed.acquire()
