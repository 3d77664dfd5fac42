"""BigCommerce's quota: so many requests per window, shared by everybody who uses the store; its headers say what is left.

`X-Rate-Limit-Requests-Quota: 150`, `-Requests-Left: 144`, `-Time-Window-Ms: 30000`, `-Time-Reset-Ms: 5844` (recorded).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from ordersync.web import QuotaWindow, Reply, Report

__all__ = ["SMALLEST", "reset_of"]

LONGEST = timedelta(minutes=5)


def reset_of(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When the window ends, as the headers say (milliseconds from now); None if they do not say it readably."""
    wait = _number(headers, "time-reset-ms")
    return None if wait is None else now + min(timedelta(milliseconds=wait), LONGEST)


def _reported(reply: Reply) -> Report | None:
    """What the headers say of the window. A refusal says that nothing is left, whatever its headers count; one that
    says nothing of a window comes from an overloaded platform."""
    reset = _number(reply.headers, "time-reset-ms")
    if reset is None:
        return None
    window = _number(reply.headers, "time-window-ms")
    return Report(
        left=0.0 if reply.status == 429 else _number(reply.headers, "requests-left"),
        size=_number(reply.headers, "requests-quota"),
        resets_in=min(reset / 1000, LONGEST.total_seconds()),
        seconds=window / 1000 if window else None,
    )


def _number(headers: Mapping[str, str], name: str) -> float | None:
    """A header's number, not below zero; None if there is none."""
    text = headers.get(f"x-rate-limit-{name}", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


SMALLEST = QuotaWindow(150, 30.0, report=_reported)
"""Of the smallest plans, Standard and Plus; the headers name the store's own."""
