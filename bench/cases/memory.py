"""How much memory a run takes, and whether more orders take more of it."""

from __future__ import annotations

from dataclasses import asdict

from bench.cases.carrying import OURS
from bench.measuring import Case, How, Outcome, Table
from bench.running import run
from bench.service import served

__all__ = ["MEMORY"]

SIZES, QUICK_SIZES = (10_000, 100_000, 1_000_000), (200, 2_000)


def peaks(how: How) -> Outcome:
    """The same sync with ten times, and a hundred times the orders. The source makes them as they are asked for."""
    sizes = (how.orders,) if how.orders else QUICK_SIZES if how.quick else SIZES
    outcome, rows, peak = Outcome(), [], {}
    for size in sizes:
        with served(size) as service:
            done = run(OURS, service)
        how.tell(f"memory: {size} orders: {done.seconds:.1f} s, {done.peak_kib / 1024:.0f} MiB")
        peak[size] = done.peak_kib
        outcome.figures[str(size)] = asdict(done)
        rows.append(
            [
                str(size),
                f"{done.peak_kib / 1024:.1f}",
                f"{done.peak_kib / peak[sizes[0]]:.2f}",
                f"{size / done.seconds:.0f}",
                f"{done.files / size:.0f}",
            ]
        )
    outcome.ratios = {f"memory.{size}.against.{sizes[0]}": peak[size] / peak[sizes[0]] for size in sizes[1:]}
    outcome.tables.append(
        Table(
            "memory: one sync, batch pair, no latency",
            ["orders", "peak MiB", "÷ the first", "orders/s", "ledger bytes/order"],
            rows,
        )
    )
    return outcome


MEMORY = Case("memory", "peak memory of a sync of 10 000, 100 000 and 1 000 000 orders", peaks)
