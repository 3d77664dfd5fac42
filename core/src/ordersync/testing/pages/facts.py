"""What a connector can say of its platform: every field of `Facts` and `Arithmetic`."""

from __future__ import annotations

from ordersync.model import Arithmetic, Facts
from ordersync.testing.pages.model import class_entry

__all__ = ["part"]


def part() -> str:
    """Both classes."""
    return f"## Facts\n\n{class_entry(Facts)}\n\n## Arithmetic\n\n{class_entry(Arithmetic)}"
