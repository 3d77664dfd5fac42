"""So many requests per window: windows that the platform keeps, and any span of that length."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ordersync.web.budgets.rules import Reading, Report, grain, kept_back

__all__ = ["QuotaLevel", "QuotaWindow", "SlidingLevel", "SlidingWindow"]

EARLY, LATE = 0.5, 0.05
"""While so much of a window is left, the release of its reserve begins, and ends."""


def _held(share: float, quota: float, rest: float, early: float, late: float) -> float:
    """Units that a bulk run leaves while `rest` seconds are left."""
    return kept_back(share, quota) * min(max((rest - late) / (early - late), 0.0), 1.0)


def _released(share: float, quota: float, rest: float, early: float, late: float, over: float) -> float:
    """In how many seconds it leaves no more than `over`; at most the rest."""
    return grain(min(max(rest - late - (early - late) * over / kept_back(share, quota), 1e-6), rest))


@dataclass(slots=True)
class QuotaLevel:
    """What is left of a window. It opens with the first request after the last one's end."""

    quota: float
    seconds: float
    left: float
    until: float
    """When the window ends, as far as is known."""
    told: bool
    """Whether the platform said so."""
    at: float
    epoch: int = 0
    opened: bool = False
    """Whether a request is known to have left in it; until then its end moves on."""

    @property
    def ends(self) -> float:
        return self.until

    def turn(self, now: float, leased: float, flying: float) -> None:
        self.at = max(now, self.at)
        if self.at >= self.until:
            self.left = max(self.quota - leased - flying, 0.0)
            self.until, self.told, self.opened = self.at + self.seconds, False, False
            self.epoch += 1

    def _open(self) -> None:
        if not self.opened:
            self.opened = True
            self.until = self.until if self.told else self.at + self.seconds

    def take(self, units: float, share: float, wanted: float, leased: float) -> float:  # noqa: ARG002 - Level's signature
        needed = min(units, self.quota)
        rest = self.until - self.at
        if self.left < needed + wanted:
            return grain(rest)
        over = self.left - needed
        early, late = EARLY * self.seconds, LATE * self.seconds
        if share > 0 and over < _held(share, self.quota, rest, early, late):
            return _released(share, self.quota, rest, early, late, over)
        self.left = over
        self._open()
        return 0.0

    def more(self, most: float, share: float, wanted: float, parts: int) -> float:
        rest = self.until - self.at
        held = _held(share, self.quota, rest, EARLY * self.seconds, LATE * self.seconds)
        taken = float(max(min(most, (self.left - max(held, wanted)) / parts), 0.0) // 1)
        self.left -= taken
        return taken

    def in_hand(self, seconds: float) -> float:  # noqa: ARG002 - Level's signature
        return 0.0

    def give_back(self, units: float, leased: float) -> None:
        self.left = max(min(self.left + units, self.quota - leased), self.left)

    def cancel(self, units: float, took: float, leased: float) -> None:  # noqa: ARG002 - Level's signature
        self.opened = False  # perhaps it begins with a later one

    def most(self, units: float) -> float:
        return min(units, self.quota)

    def charge(self, units: float) -> None:
        self.left -= min(units, self.left)
        if units > 0:
            self._open()

    def used(self) -> float:
        return self.quota - self.left

    def observe(self, report: Report, held: float, took: float, age: float) -> None:  # noqa: ARG002 - Level's signature
        if report.seconds is not None and report.seconds > 0:
            self.seconds = float(report.seconds)
        if report.size is not None and report.size > 0:
            self.left = max(self.left + report.size - self.quota, 0.0)
            self.quota = float(report.size)
        until = self.until if report.resets_in is None else self.at - age + max(report.resets_in, 0.0)
        nearly = self.seconds / 4
        if until <= self.at or (self.told and until < self.until - nearly):
            return
        if report.resets_in is not None:
            if self.told and until > self.until + nearly:
                self.left = self.quota
                self.until = until
                self.epoch += 1
            else:
                self.until = min(self.until, until) if self.told else until
            self.told = self.opened = True
        if report.left is not None and report.left < self.left:
            self.left = max(report.left - held, 0.0)

    def dump(self) -> list[Any]:
        return [
            self.quota,
            self.seconds,
            self.left,
            self.until,
            self.told,
            self.at,
            self.epoch,
            self.opened,
        ]

    def alone(self, count: int, shift: float) -> QuotaLevel:
        quota = max(self.quota // count, min(self.quota, 1.0))
        left = min(self.left // count, quota)
        return QuotaLevel(
            quota,
            self.seconds,
            left,
            self.until + shift,
            self.told,
            self.at + shift,
            self.epoch,
            self.opened,
        )


@dataclass(frozen=True)
class _Window:
    quota: float
    seconds: float
    report: Reading | None = field(default=None, compare=False, repr=False)
    by_cost: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not (self.quota > 0 and self.seconds > 0):
            raise ValueError("a window's quota and length must be above zero")


class QuotaWindow(_Window):
    """`quota` requests in each window of so many `seconds`. Raises ValueError if one is not above zero.

    Bulk runs leave a reserve, which is released towards the window's end if nobody came for it.
    """

    def level(self, now: float) -> QuotaLevel:
        return QuotaLevel(float(self.quota), float(self.seconds), 0.0, now, False, now)

    def level_of(self, dumped: Sequence[Any]) -> QuotaLevel:
        *figures, told, at, epoch, opened = dumped
        quota, seconds, left, until = map(float, figures)
        return QuotaLevel(quota, seconds, left, until, bool(told), float(at), int(epoch), bool(opened))

    def parted(self, count: int) -> QuotaWindow:
        return QuotaWindow(max(self.quota // count, min(self.quota, 1.0)), self.seconds, self.report)


@dataclass(slots=True)
class SlidingLevel:
    """When each unit of the last window was taken, the oldest first."""

    quota: int
    seconds: float
    taken: deque[float]
    at: float

    @property
    def epoch(self) -> int:
        return 0

    @property
    def ends(self) -> float:
        return math.inf

    def turn(self, now: float, leased: float, flying: float) -> None:  # noqa: ARG002 - Level's signature
        self.at = max(now, self.at)
        while self.taken and self.at - self.taken[0] >= self.seconds:
            self.taken.popleft()

    def take(self, units: float, share: float, wanted: float, leased: float) -> float:  # noqa: ARG002 - Level's signature
        count = min(max(int(units), 1), self.quota)
        missing = len(self.taken) + count + min(int(wanted), self.quota - count) - self.quota
        if missing > 0:
            return grain(self.taken[missing - 1] + self.seconds - self.at)
        if share > 0 and self.taken:
            rest = self.taken[0] + self.seconds - self.at
            late = self.seconds * max(LATE, 1 / self.quota)
            early = max(EARLY * self.seconds, 2 * late)
            if -missing < _held(share, self.quota, rest, early, late):
                return _released(share, self.quota, rest, early, late, -missing)
        self.taken.extend([self.at] * count)
        return 0.0

    def more(self, most: float, share: float, wanted: float, parts: int) -> float:  # noqa: ARG002 - Level's signature
        return 0.0

    def in_hand(self, seconds: float) -> float:  # noqa: ARG002 - Level's signature
        return 0.0

    def give_back(self, units: float, leased: float) -> None:  # noqa: ARG002 - Level's signature
        for _ in range(min(int(units), len(self.taken))):
            self.taken.pop()

    def cancel(self, units: float, took: float, leased: float) -> None:
        """Nothing: they age as all others do."""

    def most(self, units: float) -> float:
        return min(units, self.quota)

    def charge(self, units: float) -> None:
        self.taken.extend([self.at] * min(int(units), self.quota - len(self.taken)))

    def used(self) -> float:
        return len(self.taken)

    def observe(self, report: Report, held: float, took: float, age: float) -> None:
        """Nothing: such rules are not reported."""

    def dump(self) -> list[Any]:
        return [self.quota, self.seconds, list(self.taken), self.at]

    def alone(self, count: int, shift: float) -> SlidingLevel:
        taken = deque(moment + shift for moment in self.taken)
        return SlidingLevel(max(self.quota // count, 1), self.seconds, taken, self.at + shift)


@dataclass(frozen=True)
class SlidingWindow(_Window):
    """At most `quota` requests in any span of so many `seconds`, for rules that do not say when a window begins.

    Raises ValueError if a figure is not above zero.
    """

    quota: int

    def level(self, now: float) -> SlidingLevel:
        return SlidingLevel(int(self.quota), float(self.seconds), deque(), now)

    def level_of(self, dumped: Sequence[Any]) -> SlidingLevel:
        quota, seconds, taken, at = dumped
        return SlidingLevel(int(quota), float(seconds), deque(map(float, taken)), float(at))

    def parted(self, count: int) -> SlidingWindow:
        return SlidingWindow(max(self.quota // count, 1), self.seconds, self.report)
