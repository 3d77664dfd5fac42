"""The two servers of a run, each a process of its own, and what they say afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "Audit", "Service", "served"]

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Audit:
    """What the servers saw of one run."""

    requests: dict[str, int]
    """By kind, of both servers."""
    wrong: list[str]
    """Why the run does not count; empty if every order stands exactly once, with the right totals."""


@dataclass(frozen=True)
class Service:
    """A source and a target that are served."""

    source: str
    target: str
    orders: int

    def fresh(self, orders: int | None = None) -> None:
        """Begin anew: nothing stands on the target, nothing was asked. `orders`: how many the source has."""
        _ask(f"{self.source}/_orders", {"orders": self.orders if orders is None else orders})
        _ask(f"{self.target}/_reset")

    def audit(self, orders: int | None = None) -> Audit:
        """Whether everything stands as it must."""
        count = self.orders if orders is None else orders
        source, target = _ask(f"{self.source}/_audit"), _ask(f"{self.target}/_audit?orders={count}")
        return Audit({**source["requests"], **target["requests"]}, target["wrong"])


@contextmanager
def served(orders: int, latency: float = 0.0) -> Iterator[Service]:
    """Serve `orders` orders and an empty target; every request takes `latency` seconds."""
    running = []
    try:
        for platform in ("source", "target"):
            command = ["-m", "bench.server", platform, "--orders", str(orders), "--latency", str(latency)]
            running.append(
                subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True)
            )
        ports = []
        for server in running:
            assert server.stdout is not None
            ports.append(int(server.stdout.readline()))
        source, target = (f"http://127.0.0.1:{port}" for port in ports)
        yield Service(source, target, orders)
    finally:
        for server in running:
            server.terminate()
        for server in running:
            server.communicate()


def _ask(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=600) as reply:
        return json.load(reply)
