"""Whether a request belongs to a bulk run, which leaves the reserve of a budget to people."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from typing import TypeVar

__all__ = ["bulk", "each_in_bulk", "in_bulk"]

T = TypeVar("T")

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


def each_in_bulk(elements: Generator[T, None, None]) -> Iterator[T]:
    """The same elements, each of them made by a bulk run; what is asked between them is not."""
    with closing(elements):
        while True:
            with bulk():
                try:
                    element = next(elements)
                except StopIteration:
                    return
            yield element
