"""Windows of orders in flight: while one is sent, the next is looked up, one is claimed, and one more is read.

The slowest platform alone sets the pace. What is written stays in order where order matters: a window lands, and the
watermark moves, only when all windows before it have landed.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from ordersync.model import Order, Page

__all__ = ["Stretch", "ahead", "fly", "stretches"]

T = TypeVar("T")
V = TypeVar("V")
W = TypeVar("W")
AHEAD = 2
"""How many stretches are read before they are wanted."""


@dataclass(frozen=True)
class Stretch:
    """Some pages of a listing that are worked on together."""

    orders: tuple[Order, ...]
    unreadable: tuple[tuple[str, str], ...] = ()
    safe_through: datetime | None = None
    """As of its last page that says so."""


def stretches(pages: Iterable[Page], size: int) -> Iterator[Stretch]:
    """Pages joined until they hold `size` orders; 0 leaves each for itself. A page is never split."""
    orders: tuple[Order, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()
    safe_through: datetime | None = None
    pending = False
    for page in pages:
        orders += page.orders
        unreadable += page.unreadable
        safe_through = page.safe_through or safe_through
        pending = True
        if len(orders) >= size:
            yield Stretch(orders, unreadable, safe_through)
            orders, unreadable, safe_through, pending = (), (), None, False
    if pending:
        yield Stretch(orders, unreadable, safe_through)


@dataclass(frozen=True)
class _Read(Generic[T]):
    value: T | None = None
    error: BaseException | None = None


@contextmanager
def ahead(elements: Iterator[T], stop: threading.Event) -> Iterator[Iterator[T]]:
    """The same elements, read by a thread of its own before they are wanted, but never more than `AHEAD`.

    What reading raises is raised where it would have been. At the end of the block, or once `stop` is set, no further
    element is begun.
    """
    read: queue.Queue[_Read[T]] = queue.Queue(AHEAD)
    over = threading.Event()

    def put(one: _Read[T]) -> bool:
        while not over.is_set():
            try:
                read.put(one, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            while not (over.is_set() or stop.is_set()):
                value = next(elements, None)
                if value is None or not put(_Read(value)):
                    break
            put(_Read())
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that asked
            put(_Read(error=error))
        finally:
            close = getattr(elements, "close", None)
            if close:
                close()

    def elements_read() -> Iterator[T]:
        while True:
            one = read.get()
            if one.error is not None:
                raise one.error
            if one.value is None:
                return
            yield one.value

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), name="ordersync-read")
    thread.start()
    try:
        yield elements_read()
    finally:
        over.set()
        thread.join()


def fly(
    elements: Iterable[T],
    begin: Callable[[T], V | None],
    prepare: Callable[[V], W],
    carry: Callable[[W], bool],
    landed: Callable[[T, bool], None],
    *,
    together: int,
    names: Callable[[T], frozenset[str]],
) -> None:
    """`begin` a window for each element; then, on a thread of its own, `prepare` and `carry` it, up to `together` at once.
    `landed` is told of each element, in order, what `carry` answered. Windows are prepared in order, one at a time, while
    others are carried. Two that share one of their `names` never fly together.

    Ends when `begin` answers None. What any of these raises ends it too, once everything that is in the air is down; the
    first one is raised, and no window is prepared after one that could not be. The next element is asked for only when
    there is room.
    """
    flying: deque[tuple[T, frozenset[str], Future[bool]]] = deque()
    before: Future[None] = Future()
    before.set_result(None)

    def land() -> None:
        element, _, future = flying.popleft()
        landed(element, future.result())

    def go(window: V, turn: Future[None], prepared: Future[None]) -> bool:
        try:
            turn.result()
            ready = prepare(window)
        except BaseException as error:
            prepared.set_exception(error)
            raise
        prepared.set_result(None)
        return carry(ready)

    with ThreadPoolExecutor(together, thread_name_prefix="ordersync-window") as pool:
        for element in elements:
            mine = names(element)
            while flying and (flying[0][2].done() or any(mine & theirs for _, theirs, _ in flying)):
                land()
            window = begin(element)
            if window is None:
                break
            while len(flying) >= together:
                land()
            turn, before = before, Future()
            context = contextvars.copy_context()
            flying.append((element, mine, pool.submit(context.run, go, window, turn, before)))
        while flying:
            land()
