"""Whether a request belongs to a bulk run, which leaves the reserve of a budget to people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["bulk", "in_bulk"]

in_bulk: ContextVar[bool] = ContextVar("ordersync_bulk", default=False)
"""True in threads (and tasks) that work for a bulk run."""


@contextmanager
def bulk(run: bool = True) -> Iterator[None]:
    """What is asked in the block, or in the decorated function, is asked by a run over many orders.

    Everything else is interactive: a person, or a program, waits for this one answer. `run=False` makes it so again.
    """
    token = in_bulk.set(run)
    try:
        yield
    finally:
        in_bulk.reset(token)
