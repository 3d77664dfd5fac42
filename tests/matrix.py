"""Every pair of platforms that bring a sandbox, with real orders between them: `python tests/matrix.py [--json FILE]`.

Adding a platform adds its row and its column by itself.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from pairs import Pair

from ordersync.testing.platforms import with_sandbox


@dataclass
class Cell:
    """What came of one pair."""

    source: str
    target: str
    seen: int = 0
    created: int = 0
    skipped: int = 0
    parked: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


def sources() -> list[str]:
    return with_sandbox("list_orders")


def targets() -> list[str]:
    return with_sandbox("create_order", "create_orders")


def carried(source: str, target: str, orders: int) -> Cell:
    """Sync one pair to rest, twice, and compare every order on the far side with the source's."""
    begun = time.perf_counter()
    pair = Pair(source=source, target=target, orders=orders)
    cell = Cell(source, target)
    with pair.host() as host:
        wanted = {one.source_id: one for one in host.plan("orders")}
        report = host.sync("orders", everything=True)
        again = host.sync("orders")
        rows = list(host.orders("orders"))
    cell.seen, cell.created, cell.skipped = report.seen, report.created, report.skipped
    cell.parked = dict(Counter(row.problem.code for row in rows if row.state == "parked" and row.problem))
    if again.created or report.failed:
        cell.wrong.append(f"{report.failed} failed, {again.created} were created by a second run")
    standing = Counter(one.key for one in pair.made())
    by_key = {one.key: one for one in pair.made()}
    if standing[None]:
        cell.wrong.append(f"{standing[None]} orders without a key")
    for row in rows:
        one, there = wanted[row.source_id], by_key.get(row.key)
        if row.state != "done":
            if there is not None:
                cell.wrong.append(f"{row.number} is {row.state} and stands there")
        elif there is None or standing[row.key] != 1:
            cell.wrong.append(f"{row.number} stands {standing[row.key]} times")
        elif (there.total, there.currency) != (one.total, one.currency):
            cell.wrong.append(f"{row.number}: {there.total} {there.currency}, not {one.total} {one.currency}")
    if len(by_key) - (None in by_key) != cell.created:
        cell.wrong.append(f"{len(by_key)} stand, {cell.created} were created")
    cell.seconds = round(time.perf_counter() - begun, 2)
    return cell


def main() -> int:
    """Run all pairs; exit code 1 if something is wrong on a far side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=24)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    logging.getLogger("ordersync").setLevel(logging.CRITICAL)
    cells = []
    for source in sources():
        for target in targets():
            cell = carried(source, target, given.orders)
            cells.append(cell)
            parked = ", ".join(f"{code} {count}" for code, count in sorted(cell.parked.items()))
            print(
                f"{source:>14} -> {target:<14} seen {cell.seen:3} created {cell.created:3} skipped {cell.skipped:3}"
                f"  {f'parked: {parked}' if parked else ''}{'  WRONG: ' + '; '.join(cell.wrong) if cell.wrong else ''}",
                flush=True,
            )
    if given.json:
        document = {
            "command": f"python tests/matrix.py --orders {given.orders}",
            "date": datetime.now(UTC).date().isoformat(),
            "version": metadata.version("ordersync"),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "orders": given.orders,
            "pairs": [asdict(cell) for cell in cells],
        }
        given.json.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return 1 if any(cell.wrong for cell in cells) else 0


if __name__ == "__main__":
    sys.exit(main())
