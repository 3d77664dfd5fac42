"""One process at a time: the operating system's own lock on a file beside the one it guards.

A lock that the kernel holds ends with its process, however that ends. A file whose mere existence is the lock outlives
a crash, and to tell whether it is stale is a guess that two processes can make at the same time.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ordersync.errors import TryLater

__all__ = ["held"]

if sys.platform == "win32":
    import msvcrt

    def _taken(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _free(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _taken(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _free(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


@contextmanager
def held(path: Path, timeout: float = 10.0) -> Iterator[None]:
    """Hold the lock file at `path` (made if it is not there, mode 0600, never removed) within the block.

    Excludes other threads and other processes on this machine. Raises TryLater if it is still taken after `timeout`
    seconds of the real clock, OSError if it cannot be opened.
    """
    end = time.monotonic() + timeout
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _taken(handle):
            if time.monotonic() > end:
                raise TryLater(f"{path.name} is held by another process.")
            time.sleep(0.005)
        try:
            yield
        finally:
            _free(handle)
    finally:
        os.close(handle)
