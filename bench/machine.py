"""On what a run was made: the machine, the interpreter, the packages, the state of the code."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

from bench.environment import versions
from bench.service import ROOT

__all__ = ["described"]

_PACKAGES = ("ordersync", "pydantic", "sqlalchemy", "httpx", "msgspec", "pluggy", "stevedore")


def described(peers: Path | None) -> dict[str, Any]:
    """What figures are to be read with."""
    return {
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
            "memory_mib": _memory(),
        },
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in _PACKAGES} | (versions(peers) if peers else {}),
        "commit": _commit(),
    }


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    if told.exists():
        for line in told.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    except (AttributeError, ValueError, OSError):
        return None


def _commit() -> str:
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return told.stdout.strip()
