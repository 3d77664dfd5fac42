"""What a transfer tells while it works, and what a plan shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from ordersync.model import Problem, RunReport

__all__ = ["OrderRow", "Planned", "Progress", "RouteStatus"]


@dataclass(frozen=True)
class Progress:
    """The counts of a run so far. `total` is known only where the source says how many there are."""

    seen: int
    created: int
    unchanged: int
    parked: int
    skipped: int
    failed: int
    last: str
    """The number of the order that was worked on last."""
    total: int | None = None


@dataclass(frozen=True)
class Planned:
    """What a sync would do with one order."""

    source_id: str
    number: str
    action: Literal["create", "unchanged", "park", "skip"]
    problem: Problem | None
    total: Decimal
    currency: str
    lines: int
    updated: datetime


@dataclass(frozen=True)
class OrderRow:
    """One order of a route, as the ledger knows it."""

    source_id: str
    number: str
    key: str
    state: str
    target_id: str | None
    target_number: str | None
    problem: Problem | None
    attempts: int
    updated: datetime


@dataclass(frozen=True)
class RouteStatus:
    """How a route stands."""

    route: str
    source: str
    target: str
    watermark: datetime | None
    counts: dict[str, int]
    """State → how many."""
    last_run: RunReport | None
    last_run_at: datetime | None
    halted: str = ""
    """Why it stands still; empty if it does not."""
