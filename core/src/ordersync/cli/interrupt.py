"""Ctrl-C: the first one asks to stop after the order in hand, the second one aborts."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["stopping", "wait_for"]

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name))


@contextmanager
def stopping(said: str) -> Iterator[threading.Event]:
    """An event that Ctrl-C (or a polite request to end) sets, saying `said`; asked again, KeyboardInterrupt.

    Outside the main thread, where signals cannot be caught, it is never set.
    """
    stop = threading.Event()

    def asked(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        # A buffered stream may be in the middle of a write when a signal comes: only the bare one is safe.
        os.write(2, f"\n{said}\n".encode("ascii", "replace"))

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, asked) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait_for(stop: threading.Event) -> None:
    """Until `stop` is set, in steps: a wait without end cannot be interrupted on every system."""
    while not stop.wait(0.2):
        pass
