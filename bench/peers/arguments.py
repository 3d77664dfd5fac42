"""What every peer is told on its command line."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Task", "task"]


@dataclass(frozen=True)
class Task:
    """Carry the orders of `source` over to `target` (base addresses)."""

    source: str
    target: str
    batches: bool
    """Whether the target takes orders in batches."""
    folder: Path
    """An empty folder for whatever is kept."""


def task(about: str | None) -> Task:
    """The task on the command line."""
    asked = argparse.ArgumentParser(description=about)
    asked.add_argument("source")
    asked.add_argument("target")
    asked.add_argument("--one-by-one", action="store_true", help="the target takes one order per request")
    asked.add_argument("--folder", type=Path, default=Path(), help="for whatever is kept")
    given = asked.parse_args()
    return Task(given.source, given.target, not given.one_by_one, given.folder)
