"""Where the microseconds of one order go, room by room."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

from bench.cases.carrying import OURS
from bench.measuring import Case, How, Outcome, Table, middle
from bench.running import Peer, Run, run
from bench.service import served

__all__ = ["ROOMS"]

ORDERS, QUICK_ORDERS, REPEATS = 10_000, 200, 3
_COUNTED = Peer("rooms", "with_rooms", "the same run, with every room's functions wrapped")
_REST = "windows, threads, the collector, everything else"


def shares(pair: str, how: How) -> Outcome:
    """CPU per order of each room, most first; beside it what a run takes of which nothing is wrapped."""
    count, repeats = how.orders_of(ORDERS, QUICK_ORDERS), how.repeats_of(REPEATS)
    plain: list[Run] = []
    counted: list[Run] = []
    with served(count) as service:
        for repeat in range(repeats):
            plain.append(run(OURS, service, one_by_one=pair == "single"))
            counted.append(run(_COUNTED, service, one_by_one=pair == "single"))
            how.tell(f"rooms-{pair}: {repeat + 1}/{repeats}: {counted[-1].cpu:.2f} s")
    names = {name for one in counted for name in one.notes["rooms"]}
    took = {name: middle([one.notes["rooms"].get(name, 0.0) for one in counted]) for name in names}
    whole = middle([one.cpu for one in counted])
    took[_REST] = whole - sum(took.values())
    most_first = sorted(took.items(), key=lambda item: -item[1])
    rows = [[name, f"{seconds / count * 1e6:.0f}", f"{seconds / whole:.0%}"] for name, seconds in most_first]
    bare = middle([one.cpu for one in plain])
    table = Table(
        f"rooms-{pair}: {count} orders, no latency",
        ["room", "CPU µs/order", "share"],
        rows,
        [
            f"all: {whole / count * 1e6:.0f} µs per order with the rooms wrapped, {bare / count * 1e6:.0f} without",
        ],
    )
    return Outcome(
        [table],
        {},
        {
            "us_per_order": {name: round(seconds / count * 1e6, 1) for name, seconds in most_first},
            "us_per_order_unwrapped": round(bare / count * 1e6, 1),
            "runs": [asdict(one) for one in (*plain, *counted)],
        },
    )


ROOMS = tuple(
    Case(f"rooms-{pair}", f"where the microseconds of one order go, {about}", partial(shares, pair))
    for pair, about in (("batch", "batch pair"), ("single", "one by one"))
)
