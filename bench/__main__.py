"""Measure ordersync beside what people would use instead. From the project's root: `python -m bench --quick`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as Shown

from bench.cases import CASES
from bench.environment import interpreter
from bench.machine import described
from bench.measuring import How, Outcome
from bench.running import RunFailed


def main() -> int:
    """0: all cases were measured and right; 1: a run was wrong or failed."""
    given = _asked().parse_args()
    out = Console(width=140, highlight=False)
    if given.list:
        for case in CASES.values():
            out.print(f"{case.name:12} {case.about}")
        return 0
    wanted = [CASES[name] for name in given.case or CASES]
    carrying = any(case.name.startswith(("batch", "single")) for case in wanted)
    how = How(
        quick=given.quick,
        orders=given.orders,
        repeats=given.repeats,
        peers=interpreter() if carrying and not given.without_frameworks else None,
        tell=lambda line: print(line, file=sys.stderr, flush=True),
    )
    document: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": how.quick,
        **described(how.peers),
        "ratios": {},
        "cases": {},
    }
    failed = False
    for case in wanted:
        begun = time.monotonic()
        try:
            outcome = case.run(how)
        except RunFailed as error:
            out.print(f"{case.name}: {error}", markup=False)
            failed = True
            continue
        _show(out, outcome)
        document["ratios"] |= {name: round(value, 4) for name, value in outcome.ratios.items()}
        document["cases"][case.name] = {
            "figures": outcome.figures,
            "tables": [asdict(table) for table in outcome.tables],
            "took": round(time.monotonic() - begun, 1),
        }
    machine = document["machine"]
    out.print(
        f"{machine['processor']}, {machine['cores']} cores, load {machine['load']}, "
        f"Python {document['python']}, {document['commit']}"
    )
    if how.quick:
        out.print("Quick: a look, no measurement.")
    if given.json:
        given.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return int(failed)


def _asked() -> argparse.ArgumentParser:
    asked = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    asked.add_argument("--case", action="append", choices=list(CASES), help="only this one; may be repeated")
    asked.add_argument("--list", action="store_true", help="what there is to measure")
    asked.add_argument("--quick", action="store_true", help="few orders, one repeat: a look, no measurement")
    asked.add_argument("--orders", type=int, help="so many orders instead of the case's own number")
    asked.add_argument("--repeats", type=int, help="so many repeats instead of the case's own number")
    asked.add_argument("--without-frameworks", action="store_true", help="leave dlt and singer-sdk out")
    asked.add_argument("--json", type=Path, metavar="FILE", help="write everything there, `ratios` among it")
    return asked


def _show(out: Console, outcome: Outcome) -> None:
    for table in outcome.tables:
        shown = Shown(title=table.title, title_justify="left", title_style="bold")
        for i, column in enumerate(table.columns):
            shown.add_column(column, justify="left" if i == 0 else "right")
        for row in table.rows:
            shown.add_row(*row)
        out.print(shown)
        for note in table.notes:
            out.print(f"  {note}", markup=False)
    for name, value in outcome.ratios.items():
        out.print(f"  {name} = {value:.3f}", markup=False)
    out.print()


if __name__ == "__main__":
    sys.exit(main())
