"""One rule at work in several processes, which take small leases out of a cell that all of them see."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from ordersync.errors import OrderSyncError
from ordersync.web.budgets.pots import Pot
from ordersync.web.budgets.rules import RESERVE, Level, Report, Units
from ordersync.web.budgets.ticks import Ticks

__all__ = ["AGAIN", "LEASE", "Away", "Cell", "Shared", "SharedPot"]

A = TypeVar("A")
Away = Callable[[OrderSyncError], None]
"""Told when the cells cannot be reached."""
Cell = dict[str, Any]
"""What all processes know of one rule: what JSON can hold, figures only."""

LEASE = 1.0
"""Seconds for which a process spends what it has leased."""
FORGOTTEN = 2 * LEASE
"""Seconds after which a lease that nobody came back from counts as spent."""
TOGETHER = 0.5
"""Seconds of a bucket's rate that are waited for together."""
AGAIN = 10.0
"""Seconds after which a database that was away is asked again."""


class Shared(Protocol):
    """Where cells are. Thread-safe."""

    def exchange(self, key: str, change: Callable[[Cell | None, float], tuple[Cell, A]]) -> A:
        """Read, change and write a cell as one step, on a clock that all processes share (seconds). None: a new one.

        Raises OrderSyncError if that cannot be done; then the cell is as it was.
        """


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a process tells and wants."""

    holder: str
    units: float
    most: float
    share: float
    wanted: float
    unspent: float
    back: float
    cancelled: float
    """Units of requests that reached nobody."""
    cancelled_took: float
    """Seconds since the first of them was taken."""
    alone: float
    """Units that were used while the cells could not be reached."""
    flying: float
    epoch: int
    report: Report | None
    took: float
    age: float


@dataclass(frozen=True, slots=True)
class _Given:
    wait: float
    units: float
    ends: float
    """Seconds until what was leased is void."""
    holders: int
    level: Level
    at: float


class SharedPot(Pot):
    """What the threads of this process may use of a rule that other processes use too.

    Units are leased for about a second, so that not every request asks. While the cells cannot be reached the process
    uses its part of the rule, as far as it knows how many share it.
    """

    def __init__(self, rule: Units, ticks: Ticks, shared: Shared, key: str, away: Away) -> None:
        super().__init__(rule, ticks)
        self._shared, self._key, self._away = shared, key, away
        self._holder = uuid.uuid4().hex[:12]
        self._units = 0.0
        self._until = -1.0
        self._back = 0.0
        self._cancelled = 0.0
        self._cancelled_since = 0.0
        self._spent = 0.0
        self._pace = 0.0
        self._asked_at = ticks.now()
        self._report: Report | None = None
        self._reported_at = 0.0
        self._took = 0.0
        self._holders = 2
        self._alone_until: float | None = None
        self._parted = False
        self._seen: Level | None = None
        self._shift = 0.0
        if rule.by_cost:
            self._longest_nap = TOGETHER / 2

    def close(self) -> None:
        """Give back what is leased."""
        with self._lock:
            if self._until >= 0 and self._alone_until is None:
                self._exchange(0.0, 0.0, 0.0, 0.0)

    def _try(self, units: float, in_bulk: bool) -> float:
        now = self._ticks.now()
        if self._alone_until is not None:
            if now < self._alone_until:
                return super()._try(units, in_bulk)
            self._alone_until = None
        if not (now < self._until and self._units >= units):
            share, wanted = (RESERVE, self._wanted) if in_bulk else (0.0, 0.0)
            most = max(self._pace_at(now), self._pace) if in_bulk else 0.0
            wait = self._exchange(units, most, share, wanted)
            if wait is None:
                return super()._try(units, in_bulk)
            if wait > 0:
                return wait
        self._units -= units
        self._spent += units
        self._flying += units
        return 0.0

    def _pace_at(self, now: float) -> float:
        """Units that were spent in the last second, about."""
        return self._spent * LEASE / max(now - self._asked_at, LEASE / 4)

    def _settle(self, units: float, report: Report | None, took: float) -> bool:
        if self._alone_until is not None:
            return super()._settle(units, report, took)
        if report is None:
            return False
        if report.left is not None or report.size is not None or report.resets_in is not None:
            self._report, self._reported_at, self._took = report, self._ticks.now(), took
        if report.left is not None and report.left < self._units:
            self._until = min(self._until, self._ticks.now())
        if report.cost is None:
            return False
        back = max((self._seen or self._level).most(units) - report.cost, 0.0)
        self._back += back
        return back > 0

    def _cancel(self, units: float, took: float) -> None:
        if self._alone_until is not None:
            super()._cancel(units, took)
            return
        since = self._ticks.now() - took
        self._cancelled_since = min(self._cancelled_since, since) if self._cancelled else since
        self._cancelled += (self._seen or self._level).most(units)
        self._until = min(self._until, self._ticks.now())

    def _exchange(self, units: float, most: float, share: float, wanted: float) -> float | None:
        """The wait, or 0 if units were leased; None if the cells cannot be reached."""
        now = self._ticks.now()
        asked = _Asked(
            holder=self._holder,
            units=units,
            most=most,
            share=share,
            wanted=wanted,
            unspent=self._units,
            back=self._back,
            cancelled=self._cancelled,
            cancelled_took=now - self._cancelled_since,
            alone=self._used_alone(),
            flying=self._flying,
            epoch=self._epoch,
            report=self._report,
            took=self._took,
            age=now - self._reported_at,
        )
        try:
            given = self._shared.exchange(self._key, lambda cell, at: _change(self._rule, cell, at, asked))
        except OrderSyncError as error:
            self._alone(error, now)
            return None
        self._pace = (self._pace + self._pace_at(now)) / 2 if given.wait <= 0 else self._pace
        if given.wait <= 0:
            self._spent, self._asked_at = 0.0, now
        self._back, self._cancelled, self._report, self._parted = 0.0, 0.0, None, False
        self._units, self._holders = given.units, given.holders
        self._until = now + given.ends
        self._seen, self._shift = given.level, now - given.at
        self._enter(given.level.epoch)
        return given.wait

    def _used_alone(self) -> float:
        if not self._parted:
            return 0.0
        self._pass_time()
        return self._level.used()

    def _alone(self, error: OrderSyncError, now: float) -> None:
        self._away(error)
        self._alone_until = now + AGAIN
        self._units, self._until, self._back, self._cancelled, self._report = 0.0, -1.0, 0.0, 0.0, None
        if self._parted:
            return
        self._parted = True
        count = max(self._holders, 2)
        self._level = (
            self._seen.alone(count, self._shift) if self._seen else self._rule.parted(count).level(now)
        )
        self._enter(self._level.epoch)


def _change(rule: Units, cell: Cell | None, now: float, asked: _Asked) -> tuple[Cell, _Given]:
    """Settle a process's last lease in a cell, and give it the next.

    A lease is what was given beyond the request at hand, until when it counts, its epoch, and the units on their way.
    """
    level = rule.level(now) if cell is None else rule.level_of(cell["level"])
    leases: dict[str, list[float]] = {
        holder: lease for holder, lease in (cell or {}).get("leases", {}).items() if lease[1] > now
    }
    level.turn(now, *_out(leases, rule))
    mine = leases.pop(asked.holder, None)
    leased, flying = _out(leases, rule)
    if mine is not None:
        held, _, epoch, flew = mine
        back = min(asked.unspent, held) if epoch == level.epoch else held + flew - asked.flying
        level.give_back(max(back, 0.0), leased)
        level.give_back(asked.back, leased + (asked.flying if rule.by_cost else 0.0))
    if asked.cancelled > 0:
        forgotten = mine is None  # what it held has come back since, if it is of a kind that does
        took = math.inf if forgotten else asked.cancelled_took
        level.cancel(asked.cancelled, took, leased + (asked.flying if rule.by_cost else 0.0))
    level.charge(asked.alone)
    if asked.report is not None:
        level.observe(asked.report, leased + flying + asked.flying, asked.took, asked.age)
    wait = units = 0.0
    if asked.units > 0:
        together = max(asked.units, min(asked.most, level.in_hand(TOGETHER)))
        leased += asked.flying if rule.by_cost else 0.0
        wait = level.take(together, asked.share, asked.wanted, leased)
        if wait <= 0:
            parts = 2 * (len(leases) + 1)
            units = together + level.more(asked.most - together, asked.share, asked.wanted, parts)
    at_hand = level.most(asked.units) if units else 0.0
    flies = at_hand + (asked.flying if asked.epoch == level.epoch else 0.0)
    leases[asked.holder] = [units - at_hand, now + FORGOTTEN, level.epoch, flies]
    ends = min(LEASE, level.ends - now)
    return {"level": level.dump(), "leases": leases}, _Given(wait, units, ends, len(leases), level, now)


def _out(leases: Mapping[str, list[float]], rule: Units) -> tuple[float, float]:
    """Units that are leased, and those that are on their way.

    What may come back counts as leased: it must find room in its bucket however late it is told.
    """
    leased, flying = sum(lease[0] for lease in leases.values()), sum(lease[3] for lease in leases.values())
    return leased + (flying if rule.by_cost else 0.0), flying
