"""Listing orders by time of change, on a platform that numbers its pages.

A numbered page of a list that is sorted by change shifts while it is read: an order that changes moves to the end, and
the one behind it is never seen. So each request begins at the last change that was seen, a second earlier (whether
`min_date_modified` includes its own moment is not documented), and what comes twice is given out once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec, TypeVar

from pydantic import ValidationError

from ordersync import BadInput, NotFound, Order, OrderQuery, Page, UnexpectedReply
from ordersync_bigcommerce import wire
from ordersync_bigcommerce.api import Api, listed_of, reason
from ordersync_bigcommerce.mapping import order_of
from ordersync_bigcommerce.reading import INCLUDED, Begun, Beside, begin, beside, finish

__all__ = ["pages"]

P = ParamSpec("P")
V = TypeVar("V")

SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class _Place:
    """Where a listing is: since when it asks, at which page from there, and which orders of these it gave out."""

    since: datetime | None
    page: int = 1
    given: Mapping[int, datetime] = field(default_factory=dict)
    """Id → the change that was seen."""

    def __str__(self) -> str:
        given = ",".join(f"{number}@{int(change.timestamp())}" for number, change in self.given.items())
        return f"{self.since.isoformat() if self.since else ''}|{self.page}|{given}"

    @classmethod
    def read(cls, cursor: str) -> _Place:
        try:
            since, page, given = cursor.split("|")
            pairs = (one.split("@") for one in given.split(",") if one)
            return cls(
                datetime.fromisoformat(since).astimezone(UTC) if since else None,
                max(int(page), 1),
                {int(number): datetime.fromtimestamp(int(change), UTC) for number, change in pairs},
            )
        except (ValueError, OverflowError, OSError):
            raise BadInput("This is not a cursor of a BigCommerce listing.") from None


def pages(api: Api, query: OrderQuery, size: int) -> Iterator[Page]:
    """The matching orders, oldest change first, `size` per page at most.

    The end is an empty page: a page that is not full may be all that BigCommerce cares to give.
    """
    place = _Place.read(query.cursor) if query.cursor else _Place(query.updated_from)
    seen = dict(place.given)
    before: list[int] = []
    last: datetime | None = None
    while True:
        rows = _rows(api, query, place, size)
        changes = {_id(row): _changed(row) for row in rows}
        _refuse_unfiltered(changes.values(), place)
        if rows and place.page > 1 and list(changes) == before:
            raise UnexpectedReply("BigCommerce gives the same page of orders again.")
        before = list(changes)
        fresh = [row for row in rows if _is_fresh(changes[_id(row)], seen.get(_id(row)), query)]
        orders, unreadable = _read(api, fresh)
        dated = {number: change for number, change in changes.items() if change is not None}
        newest = max(dated.values(), default=None)
        last = max(last, newest) if last and newest else newest or last
        seen |= dated
        place = _next(place, newest, seen)
        if fresh or not rows:
            yield Page(
                orders=tuple(orders),
                safe_through=last,
                cursor=str(place) if rows else None,
                unreadable=tuple(unreadable),
            )
        if not rows:
            return
        seen = dict(place.given)


def _rows(api: Api, query: OrderQuery, place: _Place, size: int) -> list[dict[str, Any]]:
    params = {"sort": "date_modified:asc", "page": str(place.page), "limit": str(size), **INCLUDED}
    if place.since:
        params["min_date_modified"] = _iso(place.since - SECOND)
    if query.updated_to:
        params["max_date_modified"] = _iso(query.updated_to + SECOND)
    if query.placed_from:
        params["min_date_created"] = _iso(query.placed_from - SECOND)
    return listed_of(api.ask("v2/orders", params))


def _next(place: _Place, last: datetime | None, seen: Mapping[int, datetime]) -> _Place:
    """From the last change that was seen; where a whole page brought no later one, the next page from there. Of what
    was seen, that counts which comes again."""
    later = last is not None and (place.since is None or last > place.since)
    since, page = (last, 1) if later else (place.since, place.page + 1)
    again = {number: change for number, change in seen.items() if not since or change >= since - 2 * SECOND}
    return _Place(since, page, again)


def _is_fresh(change: datetime | None, seen: datetime | None, query: OrderQuery) -> bool:
    """Whether a row was not given out yet, and lies in the window; a row without a readable time always counts."""
    if change is None:
        return True
    if change == seen or (query.updated_to and change > query.updated_to):
        return False
    return query.updated_from is None or change >= query.updated_from.replace(microsecond=0)


def _refuse_unfiltered(changes: Iterable[datetime | None], place: _Place) -> None:
    """A filter that BigCommerce does not understand it passes over in silence."""
    if place.since and any(change and change < place.since - 2 * SECOND for change in changes):
        raise UnexpectedReply("BigCommerce lists orders from before the time that was asked for.")


def _read(api: Api, rows: list[dict[str, Any]]) -> tuple[list[Order], list[tuple[str, str]]]:
    begun = [_unless_unreadable(begin, api, row) for row in rows]
    known = beside(api, [one for one in begun if isinstance(one, Begun)])
    orders, unreadable = [], []
    for row, one in zip(rows, begun, strict=True):
        read = one if isinstance(one, str) else _unless_unreadable(_whole, api, one, known)
        if isinstance(read, str):
            unreadable.append((str(row.get("id")), read))
        else:
            orders.append(read)
    return orders, unreadable


def _whole(api: Api, one: Begun, known: Beside) -> Order:
    return order_of(finish(api, one, known))


def _unless_unreadable(read: Callable[P, V], *given: P.args, **named: P.kwargs) -> V | str:
    """What was read, or why it cannot be."""
    try:
        return read(*given, **named)
    except ValueError as error:
        return reason(error)
    except NotFound:
        return "it was deleted while it was read"


def _changed(row: dict[str, Any]) -> datetime | None:
    try:
        return wire.Order.model_validate({"id": 0, "date_modified": row.get("date_modified")}).date_modified
    except ValidationError:
        return None


def _id(row: dict[str, Any]) -> int:
    number = row.get("id")
    if not isinstance(number, int):
        raise UnexpectedReply("BigCommerce lists an order without an id.")
    return number


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).replace(microsecond=0).isoformat()
