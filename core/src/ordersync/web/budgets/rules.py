"""What a limit is: a rule, how much of it is left, and what a reply says of that. Times are seconds on one clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from ordersync.web.reply import Reply

__all__ = ["RESERVE", "Level", "PerOperation", "Reading", "Report", "Rule", "Units", "grain", "kept_back"]

RESERVE = 0.1
"""The share of a budget that bulk runs leave to interactive calls; at least one unit."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a reply says of a budget. None: it does not say."""

    left: float | None = None
    """Units that were left when it was answered."""
    size: float | None = None
    """A bucket's size, or a window's quota; in units."""
    rate: float | None = None
    """What a bucket gets back; units per second."""
    resets_in: float | None = None
    """Seconds until the window ends."""
    seconds: float | None = None
    """How long a window is."""
    cost: float | None = None
    """Units that the request took in the end, at most what was held for it."""


Reading = Callable[["Reply"], Report | None]
"""Reads a reply's headers and body. Must not raise."""


class Rule(Protocol):
    """A limit as the platform's documents state it. Its `repr` names all figures: processes that share go by it."""

    def parted(self, count: int) -> Rule:
        """What each of `count` may use if they cannot agree."""


class Level(Protocol):
    """How much of a rule is left. Not thread-safe.

    `now` never goes back. `leased` are units that processes hold and have not spent, `flying` those of requests whose
    replies are not there: they may reach the platform later than they were counted.
    """

    @property
    def epoch(self) -> int:
        """Units that were taken in one epoch are void in the next."""

    @property
    def ends(self) -> float:
        """When this epoch ends."""

    def turn(self, now: float, leased: float, flying: float) -> None:
        """Let time pass."""

    def take(self, units: float, share: float, wanted: float, leased: float) -> float:
        """Take the units and answer 0, or take nothing and answer the seconds until it may be tried again.

        A bulk run leaves `share` of the whole, and what interactive calls wait for (`wanted` units), untouched.
        """

    def more(self, most: float, share: float, wanted: float, parts: int) -> float:
        """Take up to `most` units more, one of `parts` equal parts of what may be taken at most; how many."""

    def in_hand(self, seconds: float) -> float:
        """How many units may be waited for together, to spare round trips: what comes in so many seconds."""

    def give_back(self, units: float, leased: float) -> None:
        """Return units that were not used."""

    def cancel(self, units: float, took: float, leased: float) -> None:
        """Requests for so many units together, taken at most `took` seconds ago, reached nobody. Those of a window count
        all the same."""

    def most(self, units: float) -> float:
        """What a request for so many units took."""

    def charge(self, units: float) -> None:
        """Units that were used without being taken here; as far as there are some left."""

    def used(self) -> float:
        """Units that are not there now."""

    def observe(self, report: Report, held: float, took: float, age: float) -> None:
        """What the platform said `age` seconds ago, and at most `took` seconds after it was asked; its figure stands
        where it is lower.

        `held` are the units that are leased or flying besides: where others use the account too, they are not in it.
        """

    def alone(self, count: int, shift: float) -> Level:
        """One of `count` parts of what is left, on a clock that shows `shift` seconds more."""

    def dump(self) -> list[Any]:
        """All figures, for JSON."""


class Units(Rule, Protocol):
    """A rule that counts units."""

    by_cost: ClassVar[bool]
    """Whether a request takes its cost; else each takes one unit."""

    @property
    def report(self) -> Reading | None:
        """Reads replies."""

    def level(self, now: float) -> Level:
        """Nothing used yet."""

    def level_of(self, dumped: Sequence[Any]) -> Level:
        """As it was dumped."""

    def parted(self, count: int) -> Units: ...


@dataclass(frozen=True)
class PerOperation:
    """A rule for one kind of request only: `PerOperation("orderCreate", SlidingWindow(5, 60))`.

    The connector names the kind as the platform does, `client.send(…, operation="orderCreate")`.
    """

    operation: str
    rule: Rule

    def parted(self, count: int) -> PerOperation:
        return PerOperation(self.operation, self.rule.parted(count))


def grain(seconds: float) -> float:
    """Rounded up to what a clock can tell apart; never nothing."""
    return max(math.ceil(seconds * 1e6), 1) / 1e6


def kept_back(share: float, whole: float) -> float:
    """Units of the reserve; a budget of one has none."""
    return min(max(whole * share, 1.0), max(whole - 1.0, 0.0)) if share > 0 else 0.0
