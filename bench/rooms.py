"""Where the microseconds go: CPU time of each room of the house, counted while a real run passes through.

A room's time is what its functions take themselves, without the rooms that they call. Each function is wrapped, which
adds about a microsecond per call: rooms are entered a dozen times per order, not a thousand.
"""

from __future__ import annotations

import functools
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["Rooms"]

_LEDGER = "ledger"
_FUNCTIONS: tuple[tuple[str, str, str], ...] = (
    ("HTTP and JSON", "ordersync.web.client", "Client._send"),
    ("source: their JSON to our order", "bench.connectors.connector", "order_of"),
    ("target: our draft to their JSON", "bench.connectors.connector", "body_of"),
    ("target: their answer to ours", "bench.connectors.connector", "placed_of"),
    ("both: their JSON, checked", "bench.connectors.wire", "told"),
    ("fingerprint of the order", "ordersync.transfer.prepare", "print_of"),
    ("filters, sums, keys", "ordersync.transfer.prepare", "Preparer.shape"),
    ("look-ups: items, stock, customers", "ordersync.transfer.prepare", "Preparer.look_up"),
    ("draft and fit", "ordersync.transfer.prepare", "Preparer.draft"),
    ("intent: the draft as JSON", "ordersync.transfer.sending", "Sender._intent"),
    ("compare, announce", "ordersync.transfer.finishing", "Finisher.finish"),
    ("extensions", "ordersync.extensions", "Extensions.shape_order"),
    ("extensions", "ordersync.extensions", "Extensions.shape_draft"),
    ("extensions", "ordersync.extensions", "Extensions.tell"),
)
"""Room, module, function."""


class Rooms:
    """Counts CPU seconds by room, on whatever thread."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._lock = threading.Lock()
        self._of_thread = threading.local()

    def install(self) -> None:
        """Wrap the functions of every room, for the rest of this process."""
        for room, module, path in _FUNCTIONS:
            self._wrap(_owner(module, path), path.rpartition(".")[2], room)
        for owner, name in _ledger_methods():
            self._wrap(owner, name, _LEDGER)

    def _wrap(self, owner: Any, name: str, room: str) -> None:
        setattr(owner, name, self._counted(getattr(owner, name), room))

    def _counted(self, function: Callable[..., Any], room: str) -> Callable[..., Any]:
        clock = time.thread_time

        @functools.wraps(function)
        def within(*given: Any, **named: Any) -> Any:
            stack = self._stack()
            stack.append(0.0)
            began = clock()
            try:
                return function(*given, **named)
            finally:
                took = clock() - began
                inner = stack.pop()
                if stack:
                    stack[-1] += took
                with self._lock:
                    self.seconds[room] += took - inner

        return within

    def _stack(self) -> list[float]:
        """Of each room that this thread is in: what the rooms that it called took."""
        try:
            stack: list[float] = self._of_thread.stack
        except AttributeError:
            stack = self._of_thread.stack = []
        return stack


def _owner(module: str, path: str) -> Any:
    found = __import__(module, fromlist=["_"])
    for part in path.split(".")[:-1]:
        found = getattr(found, part)
    return found


def _ledger_methods() -> Iterator[tuple[type, str]]:
    """What the ledger is asked, whichever of its books answers."""
    from ordersync.ledger import Ledger

    for owner in Ledger.__mro__:
        if not owner.__module__.startswith("ordersync.ledger"):
            continue
        for name, value in vars(owner).items():
            if not name.startswith("_") and callable(value) and not isinstance(value, type | staticmethod):
                yield owner, name
