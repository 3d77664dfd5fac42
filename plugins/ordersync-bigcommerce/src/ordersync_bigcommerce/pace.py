"""BigCommerce's quota: so many requests per window, shared by everybody who uses the store; its headers say what is left.

`X-Rate-Limit-Requests-Quota: 150`, `-Requests-Left: 144`, `-Time-Window-Ms: 30000`, `-Time-Reset-Ms: 5844` (recorded).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta

from ordersync.web import Clock

__all__ = ["Window", "reset_of"]

LONGEST = timedelta(minutes=5)


def reset_of(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When the window ends, as the headers say (milliseconds from now); None if they do not say it readably."""
    try:
        wait = timedelta(milliseconds=int(headers["x-rate-limit-time-reset-ms"]))
    except (KeyError, ValueError, OverflowError):
        return None
    return now + min(max(wait, timedelta(0)), LONGEST)


class Window:
    """`take` waits for the next window once the last answer said that this one is used up. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left: int | None = None
        self._until: datetime | None = None
        self._lock = threading.Lock()

    def take(self) -> None:
        """Wait for room, and take it."""
        while True:
            with self._lock:
                now = self._clock.now()
                if self._until is None or now >= self._until:
                    self._left = self._until = None
                if self._left is None:
                    return
                if self._left > 0:
                    self._left -= 1
                    return
                wait = (self._until - now).total_seconds() if self._until else 0.0
            self._clock.sleep(wait)

    def observe(self, headers: Mapping[str, str]) -> None:
        """What an answer says of the window; of two answers the lower count stands."""
        until = reset_of(headers, self._clock.now())
        try:
            left = int(headers["x-rate-limit-requests-left"])
        except (KeyError, ValueError):
            return
        if until is None:
            return
        with self._lock:
            self._left = left if self._left is None else min(self._left, left)
            self._until = until
