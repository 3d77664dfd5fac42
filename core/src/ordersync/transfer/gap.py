"""What a reconciliation comes to: both sides, the gap as a number, and every order that is not as it should be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from ordersync.model import ZERO, OrderRef, Problem, Totals

__all__ = ["GAP", "KINDS", "Discrepancy", "Kind", "Reconciliation", "Side"]

Kind = Literal[
    "missing",
    "gone",
    "doubled",
    "differs",
    "short",
    "unknown",
    "in_flight",
    "cancelled",
    "unstamped",
    "stray",
]
KINDS: dict[Kind, str] = {
    "missing": "should stand and do not",
    "gone": "were done, and stand there no longer",
    "doubled": "the target has several with their key",
    "differs": "stand with other totals",
    "short": "stand without all their lines",
    "unknown": "could not be looked at",
    "in_flight": "too young to be missed, or in a worker's hands",
    "cancelled": "stand there, cancelled",
    "unstamped": "stand there by their id, without our key",
    "stray": "stand with a key of ours, and the source shows nothing for them",
}
"""What can be found out about an order, and what it means."""
GAP: tuple[Kind, ...] = ("missing", "gone")
_WRONG: tuple[Kind, ...] = (*GAP, "doubled", "differs", "short", "unknown")


@dataclass(frozen=True)
class Discrepancy:
    """One order that is not as it should be, or that a person may want to know of."""

    kind: Kind
    source_id: str | None
    """None for a stray that the ledger does not know."""
    number: str
    key: str
    ledger: str
    """What the ledger says: `never seen`, `waiting`, `parked`, `in doubt`, `sending`, `done` or `skipped`."""
    why: str
    total: Decimal | None = None
    currency: str | None = None
    target: OrderRef | None = None
    problem: Problem | None = None
    """Why it is parked."""
    enqueued: bool = False
    """The next sync takes it."""


@dataclass
class Side:
    """One side of the comparison."""

    orders: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)
    """Currency → Σ totals, in major units."""

    def add(self, totals: Totals | None) -> None:
        self.orders += 1
        if totals is not None:
            self.sums[totals.currency] = self.sums.get(totals.currency, ZERO) + totals.total


@dataclass
class Reconciliation:
    """What a comparison came to. Every order of `source` stands (`target`) or is one of missing, gone, doubled,
    unknown and in flight."""

    route: str
    since: datetime | None
    """From when on orders were looked at, by their last change; None: all."""
    source: Side = field(default_factory=Side)
    """Orders that should stand: read from the source and taken by the route."""
    target: Side = field(default_factory=Side)
    """Those of them that were found, with their totals as they were read back."""
    missing: Side = field(default_factory=Side)
    """The gap."""
    skipped: int = 0
    """Orders that the route does not take."""
    counts: Counter[Kind] = field(default_factory=Counter)
    enqueued: int = 0
    strays_looked_for: bool = False

    @property
    def gap(self) -> int:
        """How many orders should stand and do not."""
        return sum(self.counts[kind] for kind in GAP)

    @property
    def agrees(self) -> bool:
        """No gap, nothing twice, all totals and lines as they should be, and everything could be looked at."""
        return not any(self.counts[kind] for kind in _WRONG)
