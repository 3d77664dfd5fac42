"""What one process of a run took: time, CPU and memory, of its work without its start. Needs the standard library alone."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["measured", "peak_kib"]

REPORTS = "BENCH_REPORTS"
"""The environment variable that names the folder for reports, one file per process."""


@contextmanager
def measured() -> Iterator[dict[str, object]]:
    """The block is the work; what it puts into the dictionary is reported too.

    Moments are of the machine's monotonic clock, so that those of several processes compare.
    """
    notes: dict[str, object] = {}
    began, before = time.monotonic(), time.process_time()
    yield notes
    report = {
        "began": began,
        "ended": time.monotonic(),
        "cpu": time.process_time() - before,
        "peak_kib": peak_kib(),
        "notes": notes,
    }
    text = json.dumps(report)
    folder = os.environ.get(REPORTS)
    if folder:
        Path(folder, f"{os.getpid()}.json").write_text(text, encoding="utf-8")
    else:
        print(text)


def peak_kib() -> int:
    """The most memory that this process ever held, in KiB. What a parent held before it does not count."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak
