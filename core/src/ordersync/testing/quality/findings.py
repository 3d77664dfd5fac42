"""What a look at a connector found out about one rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "Found", "of_problems"]


class Found(StrEnum):
    """What the evidence says."""

    KEPT = "kept"
    BROKEN = "broken"
    UNPROVED = "unproved"
    """There is no evidence either way."""
    NOTHING = "nothing"
    """There is nothing to look at: it concerns hooks that are not offered."""


@dataclass(frozen=True)
class Finding:
    """The evidence about one rule."""

    found: Found
    says: tuple[str, ...] = ()
    """For people: what is wrong, what is missing for a proof, or what was tried."""
    untried: tuple[str, ...] = ()
    """What of it could not be tried, and why."""


def of_problems(problems: Iterable[str], tried: str = "") -> Finding:
    """Broken if there is a problem; else kept, with what was tried."""
    listed = tuple(problems)
    if listed:
        return Finding(Found.BROKEN, listed)
    return Finding(Found.KEPT, (tried,) if tried else ())
