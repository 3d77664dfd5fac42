"""Python's collector of reference cycles, told to come seldom while orders pass through."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["seldom_collecting"]

_SELDOM = 50_000
_lock = threading.Lock()
_inside = 0
_before = gc.get_threshold()


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Orders and drafts are trees, which go when nobody holds them: looking for cycles among thousands of them takes up
    to a third of a run's time and finds nothing. It is looked all the same, less often.

    The collector belongs to the whole process: when the last of these blocks ends, on whatever thread, it is as it was.
    A collector that comes more seldom already, or not at all, is left alone.
    """
    global _inside, _before
    with _lock:
        if _inside == 0:
            _before = gc.get_threshold()
            if 0 < _before[0] < _SELDOM:
                gc.set_threshold(_SELDOM, *_before[1:])
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                gc.set_threshold(*_before)
