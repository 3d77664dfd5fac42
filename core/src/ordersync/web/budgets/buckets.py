"""Leaky buckets: by request, and by cost points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ordersync.web.budgets.rules import Reading, Report, grain, kept_back

__all__ = ["BucketLevel", "CostPoints", "LeakyBucket"]

A_LEASE_ENDS = 0.25
"""Seconds until units that others hold may be back."""


@dataclass(slots=True)
class BucketLevel:
    """What is in a bucket. With what processes hold it is never more than `size`."""

    size: float
    rate: float
    available: float
    at: float

    @property
    def epoch(self) -> int:
        return 0

    @property
    def ends(self) -> float:
        return math.inf

    def turn(self, now: float, leased: float, flying: float) -> None:  # noqa: ARG002 - Level's signature
        gone = now - self.at
        if gone <= 0:
            return
        self.at = now
        ceiling = self.size - leased
        if self.available < ceiling:
            self.available = min(self.available + gone * self.rate, ceiling)

    def take(self, units: float, share: float, wanted: float, leased: float) -> float:
        needed = min(units, self.size)
        ceiling = self.size - leased
        if needed > ceiling:
            return A_LEASE_ENDS
        enough = needed
        if share > 0 or wanted > 0:
            enough = min(needed + max(kept_back(share, self.size), wanted), ceiling)
        if self.available >= enough:
            self.available -= needed
            return 0.0
        return grain((enough - self.available) / self.rate)

    def more(self, most: float, share: float, wanted: float, parts: int) -> float:
        free = (self.available - max(kept_back(share, self.size), wanted)) / parts
        taken = max(min(most, free), 0.0)
        self.available -= taken
        return taken

    def in_hand(self, seconds: float) -> float:
        return min(self.rate * seconds, self.size / 4)

    def give_back(self, units: float, leased: float) -> None:
        self.available = max(min(self.available + units, self.size - leased), self.available)

    def cancel(self, units: float, took: float, leased: float) -> None:
        come_back_already = took * self.rate
        self.give_back(max(units - come_back_already, 0.0), leased)

    def most(self, units: float) -> float:
        return min(units, self.size)

    def charge(self, units: float) -> None:
        self.available -= max(min(units, self.available), 0.0)

    def used(self) -> float:
        return self.size - self.available

    def observe(self, report: Report, held: float, took: float, age: float) -> None:
        if report.size is not None and report.size > 0:
            self.available = min(self.available + max(report.size - self.size, 0.0), report.size)
            self.size = float(report.size)
        if report.rate is not None and report.rate > 0:
            self.rate = float(report.rate)
        if report.left is None:
            return
        left = min(report.left + age * self.rate, self.size)
        if self.available > left:
            others_use_it = self.available - left > self.rate * took + 1
            self.available = left - (held if others_use_it else 0.0)

    def alone(self, count: int, shift: float) -> BucketLevel:
        return BucketLevel(
            max(self.size / count, min(self.size, 1.0)),
            self.rate / count,
            max(self.available, 0.0) / count,
            self.at + shift,
        )

    def dump(self) -> list[Any]:
        return [self.size, self.rate, self.available, self.at]


@dataclass(frozen=True)
class LeakyBucket:
    """`size` requests at once, `rate` of them come back each second. Raises ValueError if one is not above zero."""

    size: float
    rate: float
    report: Reading | None = field(default=None, compare=False, repr=False)
    by_cost: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not (self.size > 0 and self.rate > 0):
            raise ValueError("a bucket's size and rate must be above zero")

    def level(self, now: float) -> BucketLevel:
        return BucketLevel(float(self.size), float(self.rate), float(self.size), now)

    def level_of(self, dumped: Sequence[Any]) -> BucketLevel:
        return BucketLevel(*map(float, dumped))

    def parted(self, count: int) -> LeakyBucket:
        return type(self)(max(self.size / count, min(self.size, 1.0)), self.rate / count, self.report)


@dataclass(frozen=True)
class CostPoints(LeakyBucket):
    """A bucket of points. What a request may cost is held until its reply says what it did cost (`Report.cost`); the rest
    goes back. A cost above the bucket's size takes a full bucket."""

    by_cost: ClassVar[bool] = True
