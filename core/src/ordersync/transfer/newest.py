"""The newest orders of a source, by their last change, without reading all that came before them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from heapq import nlargest

from ordersync.connection import Connection
from ordersync.model import Order, OrderQuery

__all__ = ["newest"]

_FIRST = timedelta(hours=1)
_WIDER = 8
_FARTHEST = timedelta(days=3650)

_Seen = tuple[datetime, str, Order | str]
"""(its last change, its id, the order or why it cannot be read)."""


def newest(source: Connection, count: int, now: datetime) -> tuple[list[Order], list[tuple[str, str]]]:
    """The `count` orders that changed last, newest first: those that can be read, and (id, why) of the others.

    Sources list the oldest change first, so windows are read backwards from `now`, each wider than the one before, until
    one holds enough. Raises AccessDenied, TryLater, UnexpectedReply.
    """
    seen: dict[str, _Seen] = {}
    for query in _windows(now):
        for page in source.list_orders(query):
            at = page.orders[-1].updated_at if page.orders else page.safe_through or query.updated_from or now
            for order in page.orders:
                seen[order.id] = (order.updated_at, order.id, order)
            for order_id, why in page.unreadable:
                seen.setdefault(order_id, (at, order_id, why))
            seen = {each[1]: each for each in nlargest(count, seen.values(), key=lambda each: each[:2])}
        start = query.updated_from
        if start is not None and sum(at >= start for at, _, _ in seen.values()) >= count:
            break
    found = sorted(seen.values(), key=lambda each: each[:2], reverse=True)
    return (
        [order for _, _, order in found if isinstance(order, Order)],
        [(order_id, why) for _, order_id, why in found if isinstance(why, str)],
    )


def _windows(now: datetime) -> Iterator[OrderQuery]:
    """From an hour ago on, then what lies before; the last one is everything before."""
    end: datetime | None = None
    back = _FIRST
    while back < _FARTHEST:
        yield OrderQuery(updated_from=now - back, updated_to=end)
        end, back = now - back, back * _WIDER
    yield OrderQuery(updated_to=end)
