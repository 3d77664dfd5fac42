"""One rule at work within a process: whoever wants units waits here."""

from __future__ import annotations

import math
import threading
from datetime import timedelta

from ordersync.errors import RateLimited
from ordersync.web.budgets.rules import RESERVE, Level, Report, Units
from ordersync.web.budgets.ticks import Ticks

__all__ = ["LONGEST_WAIT", "Pot"]

LONGEST_WAIT = 300.0
"""Seconds; who would have to wait longer is told."""


class Pot:
    """What all threads of a process may use of a rule. Thread-safe.

    Bulk runs queue; an interactive call passes them, and may use the reserve.
    """

    _longest_nap = math.inf
    """Seconds after which who waits looks again, whatever was computed."""

    def __init__(self, rule: Units, ticks: Ticks) -> None:
        self._rule, self._ticks = rule, ticks
        self.by_cost, self.reading = rule.by_cost, rule.report
        self._level: Level = rule.level(ticks.now())
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._turn = threading.Lock()
        self._waiting = 0
        self._wanted = 0.0
        self._flying = 0.0
        self._epoch = self._level.epoch

    def take(self, units: float, in_bulk: bool) -> int:
        """Wait until the units are there, and take them; of which epoch. Raises RateLimited if that would take too long."""
        if in_bulk and self._turn.locked():
            wait = 1.0
        else:
            with self._lock:
                wait = self._try(units, in_bulk)
        if wait > 0:
            if in_bulk:
                with self._turn:
                    self._wait(units, in_bulk)
            else:
                self._wait(units, in_bulk)
        return self._epoch

    def settle(self, units: float, epoch: int, report: Report | None, took: float) -> None:
        """The request is over; what it says counts for everybody."""
        with self._lock:
            if epoch == self._epoch:
                self._flying = max(self._flying - units, 0.0)
            if self._settle(units, report, took) and self._waiting:
                self._changed.notify_all()

    def cancel(self, units: float, epoch: int, took: float) -> None:
        """The request never left."""
        with self._lock:
            if epoch == self._epoch:
                self._flying = max(self._flying - units, 0.0)
            self._cancel(units, took)
            if self._waiting:
                self._changed.notify_all()

    def close(self) -> None:
        """Nothing more is taken."""

    def _wait(self, units: float, in_bulk: bool) -> None:
        with self._lock:
            self._waiting += 1
            self._wanted += 0.0 if in_bulk else units
            try:
                while (wait := self._try(units, in_bulk)) > 0:
                    if wait > LONGEST_WAIT:
                        raise RateLimited(
                            "The platform's limit is used up.",
                            when=self._ticks.clock.now() + timedelta(seconds=wait),
                        )
                    self._ticks.wait(self._changed, min(wait, self._longest_nap))
            finally:
                self._waiting -= 1
                self._wanted -= 0.0 if in_bulk else units
                if self._waiting and not in_bulk:
                    self._changed.notify_all()

    def _try(self, units: float, in_bulk: bool) -> float:
        self._pass_time()
        share, wanted = (RESERVE, self._wanted) if in_bulk else (0.0, 0.0)
        wait = self._level.take(units, share, wanted, 0.0)
        if wait <= 0:
            self._flying += units
        return wait

    def _settle(self, units: float, report: Report | None, took: float) -> bool:
        """Whether there may be more to take than before."""
        if report is None:
            return False
        self._pass_time()
        if report.cost is not None:
            self._level.give_back(max(self._level.most(units) - report.cost, 0.0), 0.0)
        self._level.observe(report, self._flying, took, 0.0)
        return True

    def _cancel(self, units: float, took: float) -> None:
        self._pass_time()
        self._level.cancel(self._level.most(units), took, 0.0)

    def _pass_time(self) -> None:
        self._level.turn(self._ticks.now(), 0.0, self._flying)
        self._enter(self._level.epoch)

    def _enter(self, epoch: int) -> None:
        """What flies from one epoch into the next is counted there once."""
        if epoch != self._epoch:
            self._epoch, self._flying = epoch, 0.0
