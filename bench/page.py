"""The page of figures and the README's few, made from the results that are kept: `python -m bench.page`.

Nothing is measured here. A page that differs from what this makes of `bench/results/bench*.json` fails a test.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.service import ROOT
from ordersync.testing.markdown import table

__all__ = ["PAGE", "README", "Results", "page", "readme_part", "results", "with_part"]

PAGE = ROOT / "docs/performance.md"
README = ROOT / "README.md"
_FROM, _TO = "<!-- from bench/results -->\n", "<!-- to here -->\n"

Results = Sequence[Mapping[str, Any]]
"""What `python -m bench --json` wrote, the latest run first."""


def _times(value: float) -> str:
    return f"{value:.0f} ×" if value >= 10 else f"{value:.2g} ×"


def _share(value: float) -> str:
    return f"{value:.1%}"


def _number(value: float) -> str:
    return f"{value:.3g}"


_FEW: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("faster than a script that goes order by order", "batch-0ms.speed.by_hand", _times),
    ("… with 20 ms per request", "batch-20ms.speed.by_hand", _times),
    ("speed beside dlt, doing the same with a batch loader", "batch-0ms.speed.dlt", _times),
    ("… with 20 ms per request", "batch-20ms.speed.dlt", _times),
    ("speed beside a Singer tap and target", "batch-0ms.speed.singer", _times),
    ("… with 20 ms per request", "batch-20ms.speed.singer", _times),
    (
        "speed beside the best batch script that reads back, and promises nothing",
        "batch-0ms.speed.script_checking",
        _times,
    ),
    ("… with 20 ms per request", "batch-20ms.speed.script_checking", _times),
    ("requests per order, batches", "batch-0ms.requests_per_order", _number),
    ("requests per order, one by one", "single-0ms.requests_per_order", _number),
    ("peak memory at 1 000 000 orders beside 10 000", "memory.1000000.against.10000", _times),
)

_HEAD = """\
# Performance

How fast ordersync is beside what people would use instead, what of a platform's rate it uses, how much memory it takes, and where
the time goes. Every figure here is copied from runs of `bench/` that are kept under
`bench/results`: `python -m bench` measures, `python -m bench.page` makes this page. Compare ratios, not seconds.

The comparison is one of unequal promises. A script keeps nothing: after a crash it sends everything again, or nobody knows what
was sent. ordersync commits each order's intent to a ledger on disk before it is sent, looks for the order's key on the target first,
reads totals back and compares them, and records what came of it. What each side does stands in `bench/README.md`.

"""

_ABOUT = {
    "batch-0ms": "## Orders in batches",
    "single-0ms": "## One order per request",
    "requests": "## Requests on real platforms\n\nEach connector against its sandbox, which speaks the platform's wire protocol.",
    "rooms-batch": "## Where the microseconds of one order go\n\nCPU time of each room of the house while orders pass through, "
    "counted around its functions without the rooms that they call. Most of it is Python that builds and checks two models per "
    "order, the source's order and the draft, and writes each as JSON once: a fingerprint that tells whether the order changes, and "
    "the draft as sent, kept on disk until the order is done. A script without promises builds neither. With time on the wire "
    "(the cases with 20 ms) it hardly counts: reading, looking up and sending overlap.",
    "budgets": "## The permitted rate",
    "memory": "## Memory",
    "ledger": "## The ledger",
    "startup": "## Start-up",
    "hooks": "## A hook call",
}
_ORDER = (
    "batch-0ms",
    "batch-20ms",
    "single-0ms",
    "single-20ms",
    "requests",
    "budgets",
    "rooms-batch",
    "rooms-single",
    "memory",
    "ledger",
    "startup",
    "hooks",
)


def results(folder: Path = ROOT / "bench/results") -> Results:
    """The kept runs, the latest first."""
    found = [json.loads(path.read_text("utf-8")) for path in folder.glob("bench*.json")]
    return sorted(found, key=lambda one: str(one["date"]), reverse=True)


def page(kept: Results) -> str:
    """The whole page."""
    text = _HEAD
    for name in _ORDER:
        run = next((one for one in kept if name in one["cases"]), None)
        if run is None:
            continue
        if name in _ABOUT:
            text += f"{_ABOUT[name]}\n\n"
        for shown in run["cases"][name]["tables"]:
            text += f"{shown['title'].strip()} ({_when(run)})\n\n{table(shown['columns'], shown['rows'])}\n"
            text += "".join(f"- {note}\n" for note in shown["notes"]) + ("\n" if shown["notes"] else "")
    return text + _machines(kept)


def _when(run: Mapping[str, Any]) -> str:
    return f"{str(run['date'])[:10]}, commit `{run['commit']}`"


def _machines(kept: Results) -> str:
    rows = []
    for run in kept:
        machine = run["machine"]
        rows.append(
            [
                str(run["date"])[:10],
                ", ".join(run["cases"]),
                f"{machine['processor']}, {machine['cores']} cores",
                run["python"],
                ", ".join(f"{name} {version}" for name, version in run["versions"].items()),
            ]
        )
    return f"## The machines\n\n{table(['date', 'cases', 'machine', 'Python', 'versions'], rows)}"


def readme_part(kept: Results) -> str:
    """The few figures of the README: what, figure."""
    ratios: dict[str, float] = {}
    for run in reversed(kept):
        ratios |= run["ratios"]
    rows = [[about, show(ratios[name])] for about, name, show in _FEW if name in ratios]
    return table(["measured", "figure"], rows)


def with_part(text: str, part: str) -> str:
    """`text` with what stands between the marks replaced."""
    return re.sub(
        f"{re.escape(_FROM)}.*?{re.escape(_TO)}", lambda _: f"{_FROM}{part}{_TO}", text, flags=re.DOTALL
    )


def main() -> int:
    kept = results()
    PAGE.write_text(page(kept), encoding="utf-8")
    README.write_text(with_part(README.read_text("utf-8"), readme_part(kept)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
