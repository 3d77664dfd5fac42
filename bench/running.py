"""One run of one peer in a process of its own, measured and audited."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.service import ROOT, Service
from bench.stopwatch import REPORTS

__all__ = ["Peer", "Run", "RunFailed", "run"]


class RunFailed(Exception):
    """A run ended with an error, or did not carry over what it should have."""


@dataclass(frozen=True)
class Peer:
    """Somebody who carries orders over."""

    name: str
    module: str
    """Of `bench.peers`."""
    about: str
    """What it does and does not do, in a few words."""
    own_environment: bool = False


@dataclass(frozen=True)
class Run:
    """What one run took. A run that was wrong is none."""

    seconds: float
    """From the moment when all its processes were ready until the last of them was done."""
    cpu: float
    """User and system seconds of its processes, without their start."""
    peak_kib: int
    requests: dict[str, int]
    notes: dict[str, Any]
    files: int
    """Bytes that it left in its folder."""

    @property
    def asked(self) -> int:
        """All its requests."""
        return sum(self.requests.values())


def run(
    peer: Peer,
    service: Service,
    *,
    python: str = sys.executable,
    one_by_one: bool = False,
    orders: int | None = None,
) -> Run:
    """Let the peer carry everything over, and see that it did. Raises RunFailed."""
    service.fresh(orders)
    with tempfile.TemporaryDirectory(prefix="ordersync-bench-") as place:
        reports, folder = Path(place, "reports"), Path(place, "work")
        reports.mkdir()
        folder.mkdir()
        command = [python, "-m", f"bench.peers.{peer.module}", service.source, service.target]
        command += ["--folder", str(folder), *(["--one-by-one"] if one_by_one else [])]
        environment = {
            **os.environ,
            REPORTS: str(reports),
            "PYTHONPATH": str(ROOT),
            "XDG_CACHE_HOME": place,
            "PYTHONWARNINGS": "ignore" if peer.own_environment else "default",
        }
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise RunFailed(f"{peer.name} ended with {done.returncode}:\n{done.stderr[-3000:]}")
        told = [json.loads(path.read_text("utf-8")) for path in reports.iterdir()]
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    audit = service.audit(orders)
    if audit.wrong:
        raise RunFailed(f"{peer.name} was wrong: {'; '.join(audit.wrong)}\n{done.stderr[-2000:]}")
    if not told:
        raise RunFailed(f"{peer.name} reported nothing")
    return Run(
        seconds=max(one["ended"] for one in told) - max(one["began"] for one in told),
        cpu=sum(one["cpu"] for one in told),
        peak_kib=sum(one["peak_kib"] for one in told),
        requests=audit.requests,
        notes={name: value for one in told for name, value in one["notes"].items()},
        files=size,
    )
