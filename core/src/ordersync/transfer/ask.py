"""Asking a connection about many things: in batches where it offers them, else one by one on a few threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ordersync.connection import Connection
from ordersync.errors import AccessDenied, OrderSyncError, TryLater
from ordersync.model import Done, Failed, Outcome
from ordersync.transfer.hands import Hands

__all__ = ["Stopping", "ask_each", "chunks"]

A = TypeVar("A")
B = TypeVar("B")


class Stopping(TryLater):
    """The run was told to stop before this was asked."""


def chunks(elements: Sequence[A], size: int) -> Iterable[Sequence[A]]:
    """`elements` in pieces of at most `size`."""
    for start in range(0, len(elements), size):
        yield elements[start : start + size]


def ask_each(
    connection: Connection,
    elements: Sequence[A],
    *,
    batch: str,
    many: Callable[[Sequence[A]], Sequence[Outcome[B]]],
    one: Callable[[A], B],
    workers: int,
    hands: Hands | None = None,
    stop: threading.Event | None = None,
) -> list[Outcome[B]]:
    """The outcome for each element, positionally. For questions only: writes have their own way.

    A batch that fails as a whole fails each of its elements; once `stop` is set, what was not asked fails with Stopping.
    `hands` do the work; without them some are made for it, up to `workers`. Raises AccessDenied at once.
    """
    if hands is None:
        most = min(workers, connection.facts.concurrency)
        with Hands(most if most > 1 else 0) as own:
            return ask_each(
                connection, elements, batch=batch, many=many, one=one, workers=workers, hands=own, stop=stop
            )

    def together(part: Sequence[A]) -> Sequence[Outcome[B]]:
        if stop is not None and stop.is_set():
            return [Failed(Stopping("The run stops."))] * len(part)
        try:
            return many(part)
        except AccessDenied:
            raise
        except OrderSyncError as error:
            return [Failed(error)] * len(part)

    def single(element: A) -> Outcome[B]:
        if stop is not None and stop.is_set():
            return Failed(Stopping("The run stops."))
        try:
            return Done(one(element))
        except AccessDenied:
            raise
        except OrderSyncError as error:
            return Failed(error)

    if batch in connection.offers:
        parts = list(chunks(elements, connection.batch_size(batch)))
        return [outcome for outcomes in hands.each(together, parts) for outcome in outcomes]
    return hands.each(single, elements)
