"""The ledger alone, in a file on disk, as a sync uses it: does it stay small and fast with a million orders?"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.measuring import Case, How, Outcome, Table
from ordersync.ledger import Ledger, Mark, Seen, State
from ordersync.ledger import Outcome as Step
from ordersync.model import OrderRef, order_key

__all__ = ["LEDGER"]

ROWS, QUICK_ROWS, WINDOW = 1_000_000, 3_000, 100
ROUTE = "orders"
_PAYLOAD = b"x" * 3_000
"""About as long as a draft."""
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_LEASE = timedelta(minutes=2)


def grow(how: How) -> Outcome:
    """Write orders window by window, each seen, claimed, intended and done; then ask what commands ask."""
    rows = how.orders_of(ROWS, QUICK_ROWS)
    tenth = max(rows // 10 // WINDOW, 1)
    with tempfile.TemporaryDirectory(prefix="ordersync-bench-") as folder:
        path = Path(folder, "ledger.db")
        url = f"sqlite:///{path.as_posix()}"
        ledger = Ledger(url)
        took = []
        for first in range(0, rows, WINDOW):
            begun = time.perf_counter()
            _window(ledger, range(first, min(first + WINDOW, rows)))
            took.append(time.perf_counter() - begun)
            if first // WINDOW % (tenth * 2) == 0:
                how.tell(f"ledger: {first} orders")
        early, late = (sum(part) / len(part) / WINDOW for part in (took[:tenth], took[-tenth:]))
        last = [_seen(index) for index in range(rows - WINDOW, rows)]
        asked: dict[str, Callable[[], object]] = {
            "see a page that is known": lambda: ledger.see(ROUTE, last),
            "counts (status)": lambda: ledger.counts(ROUTE),
            "causes (end of a run)": lambda: ledger.causes(ROUTE),
            "one row by its id": lambda: list(ledger.rows(ROUTE, source_ids=["S17"])),
            "rows in flight (begin of a run)": lambda: list(
                ledger.rows(ROUTE, states=[State.SEEN, State.SENDING, State.IN_DOUBT])
            ),
        }
        answers = {name: _fastest(question) for name, question in asked.items()}
        ledger.close()
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
        answers["open"] = _fastest(lambda: Ledger(url).close())
    figures = {
        "rows": rows,
        "bytes": size,
        "us_early": early * 1e6,
        "us_late": late * 1e6,
        "seconds": answers,
    }
    lines = [
        ["bytes per order", f"{size / rows:.0f}"],
        ["an order, first tenth", f"{early * 1e6:.0f} µs"],
        ["an order, last tenth", f"{late * 1e6:.0f} µs"],
        *([name, f"{seconds * 1000:.2f} ms"] for name, seconds in answers.items()),
    ]
    return Outcome(
        [Table(f"ledger: {rows} orders on disk, windows of {WINDOW}", ["what", "figure"], lines)],
        {"ledger.late.against.early": late / early, "ledger.bytes_per_order": size / rows},
        figures,
    )


def _seen(index: int) -> Seen:
    when = _BEGAN + timedelta(seconds=index)
    return Seen(
        f"S{index}", str(index), order_key("bench", "account", f"S{index}"), when, f"{index:040x}", "rules"
    )


def _window(ledger: Ledger, indexes: range) -> None:
    seen = [_seen(index) for index in indexes]
    mark = Mark(seen[0].updated_at, "rules")
    claims = ledger.meet(ROUTE, seen, owner="bench", run="run", lease=_LEASE, mark=mark).claims
    intents = [
        Step(claim, State.SENDING, draft_print="0" * 40, payload=_PAYLOAD, sent=True, keep=_LEASE)
        for claim in claims
    ]
    ledger.record(ROUTE, intents)
    done = [Step(claim, State.DONE, target=OrderRef(id=f"T{claim.source_id}")) for claim in claims]
    if ledger.record(ROUTE, done):
        raise RuntimeError("the ledger lost claims that nobody else wanted")


def _fastest(question: Callable[[], object]) -> float:
    """Seconds of the fastest of five."""
    took = []
    for _ in range(5):
        begun = time.perf_counter()
        question()
        took.append(time.perf_counter() - begun)
    return min(took)


LEDGER = Case("ledger", "the ledger's size and speed at 1 000 000 orders", grow)
