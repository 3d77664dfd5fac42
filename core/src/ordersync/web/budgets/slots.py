"""Requests at once: slots that are held while a request is under way."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from ordersync.errors import OrderSyncError
from ordersync.web.budgets.rules import Report
from ordersync.web.budgets.shared import AGAIN, Away, Cell, Shared
from ordersync.web.budgets.ticks import Ticks

__all__ = ["InFlight", "SharedSlots", "Slots"]

ANEW = 1.0
"""Seconds after which a process that uses its slots asks whether they are still its own."""
POLL = 0.05
"""Seconds after which a process that lacks a slot asks again."""
TURNS = 10.0
"""Seconds after which slots that cannot be shared evenly pass on."""


@dataclass(frozen=True)
class InFlight:
    """At most `limit` requests at once. An interactive call gets the next slot that is free, before all bulk runs.

    Among processes a slot whose holder died is free again after `longest` seconds, in which the platform may still be
    working for it; be it longer than the client waits for an answer. Raises ValueError if a figure is not above zero.
    """

    limit: int
    longest: float = 180.0

    def __post_init__(self) -> None:
        if not (self.limit > 0 and self.longest > 0):
            raise ValueError("a number of requests at once must be above zero")

    def parted(self, count: int) -> InFlight:
        return InFlight(max(self.limit // count, 1), self.longest)


class Slots:
    """The slots of one process. Thread-safe."""

    by_cost = False
    reading = None

    def __init__(self, rule: InFlight, ticks: Ticks) -> None:
        self._rule, self._ticks = rule, ticks
        self._changed = threading.Condition()
        self._used = 0
        self._ours = rule.limit
        self._waiting = 0
        self._urgent = 0

    def take(self, units: float, in_bulk: bool) -> int:  # noqa: ARG002 - a request is one, whatever it costs
        """Wait for a slot, and take it."""
        with self._changed:
            if self._free(in_bulk):
                self._used += 1
                return 0
            self._waiting += 1
            self._urgent += not in_bulk
            try:
                while not self._free(in_bulk):
                    self._pause()
                self._used += 1
            finally:
                self._waiting -= 1
                self._urgent -= not in_bulk
                if self._waiting:
                    self._changed.notify_all()
        return 0

    def settle(self, units: float, epoch: int, report: Report | None, took: float) -> None:  # noqa: ARG002 - as a pot is settled
        """The request is over."""
        with self._changed:
            self._used -= 1
            self._let_go()
            if self._waiting:
                self._changed.notify_all()

    def cancel(self, units: float, epoch: int, took: float) -> None:
        """The request never left."""
        self.settle(units, epoch, None, took)

    def close(self) -> None:
        """Nothing more is taken."""

    def _free(self, in_bulk: bool) -> bool:
        return self._used < self._ours and not (in_bulk and self._urgent)

    def _pause(self) -> None:
        self._changed.wait()

    def _let_go(self) -> None:
        """One slot less is used."""


class SharedSlots(Slots):
    """The slots of one process among several. A process that does nothing holds none."""

    def __init__(self, rule: InFlight, ticks: Ticks, shared: Shared, key: str, away: Away) -> None:
        super().__init__(rule, ticks)
        self._shared, self._key, self._away = shared, key, away
        self._holder = uuid.uuid4().hex[:12]
        self._ours = 0
        self._due = 0
        """Slots that are fairly ours; what is above is given back as it gets free."""
        self._ask_at = -1.0
        self._others = 1
        self._wants = 0
        self._alone = False

    def close(self) -> None:
        """Give back what is held."""
        with self._changed:
            if self._ours and not self._alone:
                self._ask()

    def _free(self, in_bulk: bool) -> bool:
        lacks = self._used >= self._ours and self._used + max(self._waiting, 1) > self._wants
        if self._ticks.now() >= self._ask_at or (lacks and not self._alone):
            self._ask(wanted=1)
        return super()._free(in_bulk)

    def _pause(self) -> None:
        if not self._alone and self._ours < self._rule.limit:
            self._ask_at = min(self._ask_at, self._ticks.now() + POLL)
        self._ticks.wait(self._changed, POLL)

    def _let_go(self) -> None:
        idle = self._used == 0 and self._waiting == 0
        if not self._alone and (idle or self._ours > max(self._due, self._used)):
            self._ask()

    def _ask(self, wanted: int = 0) -> None:
        now = self._ticks.now()
        wants = self._used + max(self._waiting, wanted)
        used, holder, rule = self._used, self._holder, self._rule
        self._wants = wants
        try:
            ours, due, others = self._shared.exchange(
                self._key, lambda cell, at: _change(rule, cell, at, holder, used, wants)
            )
        except OrderSyncError as error:
            self._away(error)
            self._alone = True
            self._ours = self._due = rule.parted(max(self._others + 1, 2)).limit
            self._ask_at = now + AGAIN
            return
        self._alone = False
        self._ours, self._due, self._others = ours, due, others
        self._ask_at = now + ANEW if ours else -1.0


def _change(
    rule: InFlight, cell: Cell | None, now: float, holder: str, used: int, wants: int
) -> tuple[Cell, tuple[int, int, int]]:
    """A process says what it uses and wants: the slots that are its own now, its fair share, how many others there are.

    A holder's entry: its slots, what it wants, until when it counts.
    """
    held: dict[str, list[float]] = {
        name: entry for name, entry in (cell or {}).get("held", {}).items() if entry[2] > now
    }
    held.pop(holder, None)
    others = sum(int(entry[0]) for entry in held.values())
    due = _fair(rule.limit, {**{name: int(entry[1]) for name, entry in held.items()}, holder: wants}, now)[
        holder
    ]
    ours = max(min(due, rule.limit - others), used)
    if wants:
        held[holder] = [ours, wants, now + (rule.longest if ours else ANEW)]
    return {"held": held}, (ours, due, len(held) - bool(wants))


def _fair(limit: int, wants: Mapping[str, int], now: float) -> dict[str, int]:
    """Who wants less than an equal share gets it; the rest is shared equally, and what is left over goes round."""
    shares: dict[str, int] = {}
    left, asking = limit, dict(wants)
    while asking:
        equal = left // len(asking)
        modest = {name: want for name, want in asking.items() if want <= equal}
        if not modest:
            break
        shares |= modest
        left -= sum(modest.values())
        asking = {name: want for name, want in asking.items() if name not in modest}
    for place, name in enumerate(sorted(asking)):
        turn = (place + int(now // TURNS)) % len(asking)
        shares[name] = left // len(asking) + (turn < left % len(asking))
    return shares
