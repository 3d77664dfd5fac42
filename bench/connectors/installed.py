"""Distributions that exist as metadata alone, so that connectors are found as installed ones are."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["install", "write_distribution"]

_OURS = {
    "bench-source": "bench.connectors:Source",
    "bench-batch": "bench.connectors:BatchTarget",
    "bench-single": "bench.connectors:SingleTarget",
}


def write_distribution(folder: Path, name: str, entries: dict[str, str]) -> None:
    """A distribution in `folder` (a folder of `sys.path`) with these connectors: entry name → `module:class`."""
    info = folder / f"{name.replace('-', '_')}-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\nSummary: Made by the bench.\n"
        "Requires-Dist: ordersync<1,>=0.1\n",
        encoding="utf-8",
    )
    lines = [f"{entry} = {place}" for entry, place in entries.items()]
    (info / "entry_points.txt").write_text(
        "[ordersync.connectors]\n" + "\n".join(lines) + "\n", encoding="utf-8"
    )


def install(folder: Path) -> None:
    """Make the bench's connectors known to this process."""
    write_distribution(folder, "ordersync-bench", _OURS)
    sys.path.append(str(folder))
