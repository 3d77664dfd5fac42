"""Orders carried from a source to a target: ordersync beside its peers, in turns, on the same orders."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial

from bench.measuring import Case, How, Outcome, Table, middle
from bench.running import Peer, Run, run
from bench.service import served

__all__ = ["CARRYING", "OURS", "PEERS"]

OURS = Peer(
    "ordersync",
    "with_ordersync",
    "durable ledger, intent before each write, looks for the key first, totals read back and compared",
)
PEERS = (
    Peer("by_hand", "by_hand", "one order at a time, each look-up a request; keeps and checks nothing"),
    Peer(
        "script", "script", "look-ups in batches and remembered, creates in batches; keeps and checks nothing"
    ),
    Peer("script_checking", "script_checking", "the same; totals read back and compared, nothing kept"),
    Peer("dlt", "with_dlt", "the script's loader behind dlt; load packages on disk, checks nothing", True),
    Peer("singer", "with_singer", "the script's loader behind a tap and a target; checks nothing", True),
)
ORDERS, QUICK_ORDERS, REPEATS = 10_000, 200, 5
LONG = 300.0
"""Seconds. What takes longer than this is not repeated: it waits for answers, and waiting does not scatter."""
TENTH = frozenset({"by_hand"})
"""Who carries a tenth of the orders where requests take time: it does the same for each order, however many there are."""


def carry(name: str, latency: float, one_by_one: bool, how: How) -> Outcome:
    """All peers in turns, as often as asked for. Raises RunFailed if anybody was wrong."""
    count, repeats = how.orders_of(ORDERS, QUICK_ORDERS), how.repeats_of(REPEATS)
    peers = [OURS, *(peer for peer in PEERS if how.peers or not peer.own_environment)]
    runs: dict[str, list[Run]] = {peer.name: [] for peer in peers}
    orders = {peer.name: max(count // 10, 1) if latency and peer.name in TENTH else count for peer in peers}
    with served(count, latency) as service:
        for repeat in range(repeats):
            turn = repeat % len(peers)
            for peer in peers[turn:] + peers[:turn]:
                before = runs[peer.name]
                if before and before[-1].seconds > LONG:
                    continue
                python = str(how.peers) if peer.own_environment else sys.executable
                done = run(peer, service, python=python, one_by_one=one_by_one, orders=orders[peer.name])
                before.append(done)
                how.tell(f"{name}: {peer.name} {repeat + 1}/{repeats}: {done.seconds:.2f} s")
    outcome = Outcome(
        figures={
            peer: [{"orders": orders[peer], **asdict(one)} for one in found] for peer, found in runs.items()
        }
    )
    outcome.ratios = ratios(name, runs, orders)
    outcome.tables.append(_table(name, peers, runs, orders, latency))
    return outcome


def ratios(name: str, runs: dict[str, list[Run]], orders: dict[str, int]) -> dict[str, float]:
    """`speed.PEER`: how many times as fast as the peer ordersync is. `cpu.PEER`: how many times its CPU it takes. By the
    order: `orders` says how many each of them carried.

    Each is the median over the repeats, a repeat compared with the same repeat.
    """
    ours = runs[OURS.name]
    found = {f"{name}.requests_per_order": middle([one.asked / orders[OURS.name] for one in ours])}
    for peer, theirs in runs.items():
        if peer == OURS.name:
            continue
        pairs = [(mine, theirs[min(i, len(theirs) - 1)]) for i, mine in enumerate(ours)]
        more = orders[OURS.name] / orders[peer]
        found[f"{name}.speed.{peer}"] = middle([more * other.seconds / mine.seconds for mine, other in pairs])
        found[f"{name}.cpu.{peer}"] = middle([mine.cpu / other.cpu / more for mine, other in pairs])
    return found


def _table(
    name: str, peers: Sequence[Peer], runs: dict[str, list[Run]], orders: dict[str, int], latency: float
) -> Table:
    ours = middle([one.seconds for one in runs[OURS.name]]) / orders[OURS.name]
    rows = []
    for peer in peers:
        found, count = runs[peer.name], orders[peer.name]
        seconds = middle([one.seconds for one in found])
        rows.append(
            [
                peer.name,
                str(count),
                f"{seconds:.2f}",
                f"{min(one.seconds for one in found):.2f}-{max(one.seconds for one in found):.2f}",
                f"{count / seconds:.0f}",
                f"{seconds / count / ours:.2f}",
                f"{middle([one.cpu for one in found]) / count * 1e6:.0f}",
                f"{middle([one.asked for one in found]) / count:.3f}",
                f"{middle([one.peak_kib for one in found]) / 1024:.0f}",
                str(len(found)),
            ]
        )
    return Table(
        f"{name}: {orders[OURS.name]} orders, {latency * 1000:.0f} ms per request",
        [
            "peer",
            "orders",
            "s",
            "from-to",
            "orders/s",
            "time/order ÷ ordersync's",
            "CPU µs/order",
            "requests/order",
            "MiB",
            "runs",
        ],
        rows,
        [f"{peer.name}: {peer.about}" for peer in peers]
        + [f"{name} carried a tenth of the orders" for name in sorted(TENTH) if latency],
    )


CARRYING = tuple(
    Case(
        f"{pair}-{milliseconds}ms",
        f"{about}, {milliseconds} ms per request",
        partial(carry, f"{pair}-{milliseconds}ms", milliseconds / 1000, pair == "single"),
    )
    for pair, about in (
        ("batch", "a target that takes orders in batches"),
        ("single", "a target that takes one order per request"),
    )
    for milliseconds in (0, 20)
)
