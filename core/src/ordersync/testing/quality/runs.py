"""The real transfer against a connector's sandbox: under every quirk, and with a fault at every request and commit."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from ordersync.discovery import sandbox_class
from ordersync.errors import NotOffered, OrderSyncError
from ordersync.ledger import State
from ordersync.testing.prove import Pair, Prover, prove, schedules_after
from ordersync.testing.quality.findings import Finding, Found, of_problems
from ordersync.testing.quality.installed import Installed, connectors, look_up
from ordersync.testing.switches import Carrier, Quirk
from ordersync.testing.trial import ROUTE, Trial

__all__ = ["RUNS", "SAMPLE", "proved", "trials_passed"]

Side = Literal["source", "target"]
SAMPLE = 200
"""Schedules of faults that are tried where not all are: about 15 seconds."""
SEVERAL = "first:4"
"""Of a quirk that strikes requests: so many in a row."""
_MOST_RUNS = 8
_TOLD = 5
_WRITES = frozenset({"create_order", "create_orders"})


def trials_passed(one: Installed, thorough: bool = False) -> Finding:
    """A route with the reference platform at its other end, once per quirk and side; `thorough` with more orders."""
    sides: list[Side] = ["source"] if "list_orders" in one.hooks else []
    sides += ["target"] if one.hooks & _WRITES else []
    problems, tried = [], 0
    try:
        kinds = sandbox_class(one.name).quirk_kinds()
        with _silence():
            for side in sides:
                plain = _trial(one.name, None, side, thorough)
                problems += [f"as {side}, without a quirk: {wrong}" for wrong in plain[:1]]
                for kind, value in _switched(kinds) if not plain else ():
                    tried += 1
                    wrong = _trial(one.name, kind, side, thorough, value)
                    name = f"{kind.name}={value}" if value else kind.name
                    problems += [f"as {side}, {name}: {'; '.join(wrong[:2])}"] if wrong else []
    except NotOffered as error:
        return Finding(Found.UNPROVED, (str(error),))
    stopped = [f"{kind.name}: {kind.stops}" for kind in kinds if kind.stops]
    said = f"{tried} trials: {len(kinds)} quirks as {' and as '.join(sides)}"
    return of_problems(
        problems[:_TOLD], f"{said} (where orders may wait: {'; '.join(stopped)})" if stopped else said
    )


def _switched(kinds: Iterable[type[Quirk]]) -> Iterator[tuple[type[Quirk], str]]:
    """Each quirk as it is by default; one that strikes the first request, several in a row besides: the first write may
    be a customer's."""
    for kind in kinds:
        yield kind, ""
        if issubclass(kind, Carrier) and kind.usually == "first":
            yield kind, SEVERAL


def _trial(name: str, kind: type[Quirk] | None, side: Side, thorough: bool, value: str = "") -> list[str]:
    with Trial(name, {kind.name: value} if kind else {}, side=side, orders=12 if thorough else 4) as trial:
        try:
            runs = trial.run(_MOST_RUNS)
            wrong = trial.wrong()
        except Exception as error:  # noqa: BLE001 - whatever a connector lets out is what the trial found
            return [f"it ended with {type(error).__name__}: {error}"]
        if kind and kind.stops and wrong:
            return _kept_back(trial)
        return wrong + ([f"it never came to rest in {_MOST_RUNS} runs"] if runs > _MOST_RUNS else [])


def _kept_back(trial: Trial) -> list[str]:
    """What is wrong where a quirk stops orders by design: one stands twice, or is passed over without a word."""
    counts = Counter(one.key for one in trial.made()) if trial.side == "target" else Counter()
    wrong = [f"{key} stands {count} times" for key, count in counts.items() if count > 1]
    states = trial.states()
    if trial.side == "target":
        keys = {row.source_id: row.key for row in trial.ledger.rows(ROUTE)}
        done = [name for name, state in states.items() if state is State.DONE]
        wrong += [
            f"{name} is recorded as done, and does not stand" for name in done if keys[name] not in counts
        ]
    silent = [
        name for name, state in states.items() if state not in (State.DONE, State.PARKED, State.SKIPPED)
    ]
    if not trial.errors and (silent or not states):
        wrong.append(f"nobody is told of {', '.join(silent) or 'anything'}")
    return wrong


def proved(one: Installed, thorough: bool = False) -> Finding:
    """Orders are sent to it with one fault per life; a seeded sample of the lives, or all if `thorough`."""
    try:
        source = _source_for(one)
        with _silence():
            return _all(source, one.name) if thorough else _sample(source, one.name)
    except OrderSyncError as error:
        return Finding(Found.UNPROVED, (str(error),))


def _source_for(one: Installed) -> str:
    """A connector with a sandbox that orders can come from: itself, or another one that is installed."""
    for name in [one.name, *connectors()]:
        try:
            if "list_orders" in look_up(name).hooks and sandbox_class(name):
                return name
        except OrderSyncError:
            if name == one.name:
                raise
    raise NotOffered(
        f"{one.name!r} gives no orders, and no other connector with a sandbox is installed.",
        remedy="Install one: pip install 'ordersync-woocommerce[sandbox]'",
    )


def _sample(source: str, target: str) -> Finding:
    prover = Prover(Pair(source, target, orders=1))
    try:
        if not prover.expected.quiet or not prover.expected.orders:
            return Finding(Found.BROKEN, ("without any fault, no order arrives",))
        schedules = list(schedules_after((), prover.sites))
        random.Random(0).shuffle(schedules)
        tried = schedules[:SAMPLE]
        problems = []
        for schedule in tried:
            wrong, sites = prover.attempt(schedule)
            site = schedule[0].site
            where = sites[site] if site < len(sites) else "?"
            problems += [f"{schedule[0]} ({where}): {'; '.join(wrong[:2])}"] if wrong else []
            if len(problems) == _TOLD:
                break
    finally:
        prover.pair.close()
    return of_problems(problems, f"{len(tried)} of {len(schedules)} single faults, orders from {source}")


def _all(source: str, target: str) -> Finding:
    proof = prove(source, target)
    problems = [str(violation) for violation in proof.violations[:_TOLD]]
    return of_problems(problems, f"all {proof.schedules} single faults, orders from {source}")


@contextmanager
def _silence() -> Iterator[None]:
    """What is planted would fill the log."""
    logger = logging.getLogger("ordersync")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


RUNS: Mapping[str, Callable[[Installed, bool], Finding]] = {"trials_passed": trials_passed, "proved": proved}
"""Rule → the run that proves it."""
