"""A limit of so many per minute, whatever minute one looks at."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta

from ordersync.web import Clock

__all__ = ["PerMinute"]

MINUTE = timedelta(seconds=60)


class PerMinute:
    """`take` waits until fewer than `most` were taken in the last minute. Thread-safe."""

    def __init__(self, most: int, clock: Clock) -> None:
        self._taken: deque[datetime] = deque(maxlen=most)
        self._clock = clock
        self._lock = threading.Lock()

    def take(self) -> None:
        """Wait for room, and take it."""
        while True:
            with self._lock:
                now = self._clock.now()
                full = len(self._taken) == self._taken.maxlen
                if not full or now - self._taken[0] > MINUTE:
                    self._taken.append(now)
                    return
                wait = self._taken[0] + MINUTE - now
            self._clock.sleep(wait.total_seconds() + 0.1)
