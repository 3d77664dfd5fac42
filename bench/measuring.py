"""What a case is, and what it answers: figures for people, ratios for comparing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

__all__ = ["Case", "How", "Outcome", "Table", "middle"]


@dataclass(frozen=True)
class How:
    """How much is done."""

    quick: bool = False
    """A look, no measurement: few orders, one repeat."""
    orders: int | None = None
    repeats: int | None = None
    peers: Path | None = None
    """The interpreter that has dlt and singer-sdk; None: without them."""
    tell: Callable[[str], None] = print

    def orders_of(self, usual: int, quick: int) -> int:
        """How many orders: as asked, else as usual."""
        return self.orders or (quick if self.quick else usual)

    def repeats_of(self, usual: int) -> int:
        """How many repeats: as asked, else as usual."""
        return self.repeats or (1 if self.quick else usual)


@dataclass(frozen=True)
class Table:
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


@dataclass
class Outcome:
    """What a case found out."""

    tables: list[Table] = field(default_factory=list)
    ratios: dict[str, float] = field(default_factory=dict)
    """What may be compared between machines and versions. Names say which way is good: see the README."""
    figures: dict[str, Any] = field(default_factory=dict)
    """Everything that was measured, run by run."""


@dataclass(frozen=True)
class Case:
    name: str
    about: str
    run: Callable[[How], Outcome]


def middle(values: Sequence[float]) -> float:
    """The median."""
    return float(median(values))
