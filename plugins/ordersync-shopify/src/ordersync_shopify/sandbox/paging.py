"""Connections: pages with cursors that remember where they stood, not how many rows came before.

A cursor is base64 of `{"last_id": …, "last_value": "…"}` (recorded: inventory-levels), so a row that moves behind it
is met again and a row that moves in front of it is missed, as on the real thing.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from graphql import GraphQLError

__all__ = ["MAX_PAGE", "Slice", "cursor", "place", "sliced"]

MAX_PAGE = 250
"""The largest `first` or `last` on any connection (vendor's pagination page)."""

Row = TypeVar("Row")


class Slice(Generic[Row]):
    """One page. Edges are made only if they are asked for."""

    __slots__ = ("has_next", "has_previous", "key", "rows", "show")

    def __init__(
        self,
        rows: Sequence[Row],
        has_previous: bool,
        has_next: bool,
        key: Callable[[Row], tuple[Any, int]],
        show: Callable[[Row], Any],
    ) -> None:
        self.rows = rows
        self.has_previous = has_previous
        self.has_next = has_next
        self.key = key
        self.show = show

    def cursor_of(self, row: Row) -> str:
        return cursor(*self.key(row))


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def cursor(value: Any, number: int) -> str:
    """The cursor of a row: its sort value and its id."""
    text = json.dumps({"last_id": number, "last_value": _written(value)}, separators=(",", ":"))
    return base64.b64encode(text.encode()).decode()


def place(text: str, like: Any) -> tuple[Any, int]:
    """Where a cursor stands: a sort value of `like`'s type, and an id."""
    try:
        read = json.loads(base64.b64decode(text, validate=True))
        value: Any = read["last_value"]
        if isinstance(like, datetime):
            value = datetime.fromisoformat(value)
        elif isinstance(like, int):
            value = int(value)
        elif isinstance(like, Decimal):
            value = Decimal(value)
        return value, int(read["last_id"])
    except (ValueError, ArithmeticError, KeyError, TypeError, binascii.Error) as error:
        raise GraphQLError("Invalid cursor for current pagination sort.") from error


def sliced(
    rows: Sequence[Row],
    key: Callable[[Row], tuple[Any, int]],
    show: Callable[[Row], Any],
    cap: int = MAX_PAGE,
    *,
    first: int | None = None,
    last: int | None = None,
    after: str | None = None,
    before: str | None = None,
    reverse: bool = False,
) -> Slice[Row]:
    """A page of `rows`, which are sorted by `key` (sort value, id), backwards if `reverse`."""
    if first is None and last is None:
        raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
    for count in (first, last):
        if count is not None and count < 0:
            raise GraphQLError("first and last must not be negative", extensions={"code": "BAD_REQUEST"})
        if count is not None and count > MAX_PAGE:
            raise GraphQLError(
                f"The page size of {count} is greater than the maximum allowed of {MAX_PAGE}.",
                extensions={"code": "BAD_REQUEST"},
            )
    start, end = 0, len(rows)
    if rows:
        like = key(rows[0])[0]
        if after is not None:
            start = _beyond(rows, key, place(after, like), reverse)
        if before is not None:
            end = _upto(rows, key, place(before, like), reverse)
    low, high = start, max(start, end)
    if first is not None:
        high = min(high, low + min(first, cap))
    if last is not None:
        low = max(low, high - min(last, cap))
    return Slice(rows[low:high], low > 0, high < len(rows), key, show)


def _beyond(
    rows: Sequence[Row], key: Callable[[Row], tuple[Any, int]], at: tuple[Any, int], back: bool
) -> int:
    """The first position behind `at`."""
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        here = key(rows[middle])
        if here < at if back else here > at:
            high = middle
        else:
            low = middle + 1
    return low


def _upto(rows: Sequence[Row], key: Callable[[Row], tuple[Any, int]], at: tuple[Any, int], back: bool) -> int:
    """The first position at or behind `at`."""
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        here = key(rows[middle])
        if here <= at if back else here >= at:
            high = middle
        else:
            low = middle + 1
    return low
