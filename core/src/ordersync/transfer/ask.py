"""Asking a connection about many things: in batches where it offers them, else one by one on a few threads."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ordersync.connection import Connection
from ordersync.errors import AccessDenied, OrderSyncError
from ordersync.model import Done, Failed, Outcome

__all__ = ["ask_each", "chunks"]

A = TypeVar("A")
B = TypeVar("B")


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
) -> list[Outcome[B]]:
    """The outcome for each element, positionally. For questions only: writes have their own way.

    A batch that fails as a whole fails each of its elements. Raises AccessDenied at once.
    """
    outcomes: list[Outcome[B]] = []
    if batch in connection.offers:
        for part in chunks(elements, connection.batch_size(batch)):
            try:
                outcomes += many(part)
            except AccessDenied:
                raise
            except OrderSyncError as error:
                outcomes += [Failed(error)] * len(part)
        return outcomes

    def single(element: A) -> Outcome[B]:
        try:
            return Done(one(element))
        except AccessDenied:
            raise
        except OrderSyncError as error:
            return Failed(error)

    return in_parallel(single, elements, min(workers, connection.facts.concurrency))


def in_parallel(work: Callable[[A], B], elements: Sequence[A], workers: int) -> list[B]:
    """`work` on every element, on up to `workers` threads, answers in order; log context goes along."""
    if workers <= 1 or len(elements) <= 1:
        return [work(element) for element in elements]
    with ThreadPoolExecutor(min(workers, len(elements)), thread_name_prefix="ordersync") as pool:
        futures = [pool.submit(contextvars.copy_context().run, work, element) for element in elements]
        return [future.result() for future in futures]
