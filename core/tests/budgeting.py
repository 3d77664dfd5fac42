"""A budget on a clock of its own, and a platform that tells its figures in headers: what the tests of budgets look with."""

from __future__ import annotations

from datetime import UTC, datetime

from ordersync.web import Access, Budget, Reply, Report, VirtualClock
from ordersync.web.budgets import Rule

__all__ = ["A_BIT", "NOON", "answer", "at", "budget_of", "told"]

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
A_BIT = 1e-3


def at(clock: VirtualClock) -> float:
    return (clock.now() - NOON).total_seconds()


def budget_of(*rules: Rule, clock: VirtualClock | None = None) -> tuple[Budget, VirtualClock]:
    clock = clock or VirtualClock(NOON)
    return Access(clock=clock).budget(*rules), clock


def told(reply: Reply) -> Report:
    """What a platform of these tests says in its headers."""
    figures = {name: float(text) for name, text in reply.headers.items() if text.replace(".", "").isdigit()}
    figures.pop("content-length", None)
    figures.pop("retry-after", None)
    return Report(**figures)


def answer(status: int = 200, *, retry_after: str = "", **figures: float) -> Reply:
    headers = {name: str(value) for name, value in figures.items()}
    return Reply(status, headers | ({"retry-after": retry_after} if retry_after else {}), b"", None, "")
