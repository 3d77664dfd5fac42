"""`prove`: the real transfer between two sandboxes, once per schedule of faults; what it promises is checked after each.

Time is virtual and nothing needs a socket: lags, leases and Retry-After cost no waiting.
"""

from __future__ import annotations

import logging
import multiprocessing
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ordersync.testing.prove.faults import Fault, Strike, faults_at
from ordersync.testing.prove.world import Pair, compare

__all__ = ["Fault", "Pair", "Proof", "Prover", "Strike", "Violation", "Way", "prove", "schedules_after"]

Schedule = tuple[Strike, ...]


@dataclass(frozen=True)
class Way:
    """How a pair is used."""

    batches: bool = True
    """The target's batch hooks are used."""
    warm: bool = True
    """What seldom changes on the platforms is remembered from an earlier life."""

    def __str__(self) -> str:
        return " ".join(("with" if self.batches else "without", "batches,", "warm" if self.warm else "cold"))


@dataclass(frozen=True)
class Violation:
    """A promise that was broken, and the schedule that breaks it."""

    schedule: Schedule
    wrong: tuple[str, ...]
    sites: tuple[str, ...]
    """What each site of the schedule was."""
    way: Way

    def __str__(self) -> str:
        where = ", ".join(
            f"{strike} ({what})" for strike, what in zip(self.schedule, self.sites, strict=True)
        )
        return f"[{where or 'no fault'}; {self.way}] {'; '.join(self.wrong)}"


@dataclass
class Proof:
    """What `prove` found."""

    source: str
    target: str
    orders: int
    depth: int
    seed: int
    schedules: int = 0
    sites: int = 0
    """Sites of a life without faults."""
    violations: list[Violation] = field(default_factory=list)
    seconds: float = 0.0


class Prover:
    """Tries schedules on one pair."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        world = pair.born()
        self.expected, self.sites = world.live(())
        self.keys = world.keys()

    def attempt(self, schedule: Schedule) -> tuple[list[str], list[str]]:
        """What went wrong under a schedule (nothing, it is hoped), and the sites that were passed."""
        ending, sites = self.pair.born().live(schedule)
        suspended = not self.pair.unique_key and any(strike.fault is Fault.PAUSE for strike in schedule)
        return compare(self.expected, ending, self.keys, suspended=suspended), sites


def schedules_after(schedule: Schedule, sites: Sequence[str]) -> Iterator[Schedule]:
    """Every schedule that has one strike more, at a later site than all of `schedule`."""
    first = schedule[-1].site + 1 if schedule else 0
    for site in range(first, len(sites)):
        for fault in faults_at(sites[site]):
            yield (*schedule, Strike(site, fault))


_prover: Prover | None = None


Arguments = tuple[str, str, int, int, Way]


def _prover_of(arguments: Arguments) -> Prover:
    source, target, orders, seed, way = arguments
    return Prover(Pair(source, target, orders=orders, seed=seed, batches=way.batches, warm=way.warm))


def _begin(arguments: Arguments) -> None:
    global _prover
    logging.getLogger("ordersync").setLevel(logging.CRITICAL + 1)
    _prover = _prover_of(arguments)


def _attempt(schedule: Schedule) -> tuple[Schedule, list[str], list[str]]:
    assert _prover is not None
    try:
        wrong, sites = _prover.attempt(schedule)
    except BaseException as error:  # noqa: BLE001 - a process that died silently would hang the others
        return schedule, [f"the attempt itself failed: {type(error).__name__}: {error}"], _prover.sites
    return schedule, wrong, sites


def prove(
    source: str,
    target: str,
    *,
    depth: int = 1,
    orders: int = 2,
    seed: int = 0,
    sample: int = 2000,
    ways: Sequence[Way] | None = None,
    processes: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    only: Schedule | None = None,
) -> Proof:
    """Try every schedule of up to `depth` faults (beyond 2: a seeded `sample` per depth) between two sandboxes.

    `orders` is how many the source is born with; `processes` how many run side by side (default: all cores);
    `progress(schedules, violations)` is called now and then; `only` replays one schedule. Raises NotOffered if a
    connector brings no sandbox.

    Where a request changes nothing on its platform, faults that differ only in whether the platform answered it count as
    one. `ways` is how the pair is used (default: with and without batches, and at depth 1 cold besides).
    """
    started = time.perf_counter()
    proof = Proof(source, target, orders, depth, seed)
    logging.getLogger("ordersync").setLevel(logging.CRITICAL + 1)
    if ways is None:
        ways = (Way(), Way(batches=False), *([Way(warm=False)] if depth == 1 else []))
    for way in ways:
        arguments = (source, target, orders, seed, way)
        first = _prover_of(arguments)
        proof.sites = max(proof.sites, len(first.sites))
        if not first.expected.quiet:
            proof.violations.append(Violation((), ("it never came to rest without a fault",), (), way))
            continue
        if only is not None:
            wrong, sites = first.attempt(only)
            _note(proof, only, wrong, sites, way)
            first.pair.close()
            continue
        level: list[tuple[Schedule, list[str]]] = [((), first.sites)]
        with _Pool(arguments, first, processes) as run:
            for step in range(1, depth + 1):
                todo = [one for schedule, sites in level for one in schedules_after(schedule, sites)]
                if step > 2 and len(todo) > sample:
                    todo = random.Random(f"{seed} {step}").sample(todo, sample)
                level = []
                for schedule, wrong, sites in run(todo):
                    _note(proof, schedule, wrong, sites, way)
                    if step < depth:
                        level.append((schedule, sites))
                    if progress and proof.schedules % 20 == 0:
                        progress(proof.schedules, len(proof.violations))
        first.pair.close()
    proof.seconds = time.perf_counter() - started
    return proof


def _note(proof: Proof, schedule: Schedule, wrong: list[str], sites: list[str], way: Way) -> None:
    proof.schedules += 1
    if wrong:
        where = tuple(sites[strike.site] if strike.site < len(sites) else "?" for strike in schedule)
        proof.violations.append(Violation(schedule, tuple(wrong), where, way))


class _Pool:
    """Attempts, in this process or side by side in several."""

    def __init__(self, arguments: Arguments, first: Prover, processes: int | None) -> None:
        self._first = first
        count = processes or multiprocessing.cpu_count()
        context = multiprocessing.get_context("spawn")
        self._pool = context.Pool(count, _begin, (arguments,)) if count > 1 else None

    def __enter__(self) -> Callable[[list[Schedule]], Iterator[tuple[Schedule, list[str], list[str]]]]:
        return self._run

    def _run(self, todo: list[Schedule]) -> Iterator[tuple[Schedule, list[str], list[str]]]:
        if self._pool:
            yield from self._pool.imap_unordered(_attempt, todo, chunksize=8)
            return
        for schedule in todo:
            wrong, sites = self._first.attempt(schedule)
            yield schedule, wrong, sites

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.terminate()
            self._pool.join()
