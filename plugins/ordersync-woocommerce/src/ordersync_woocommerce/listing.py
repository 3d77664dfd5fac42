"""Listing orders by their last change, right in any time zone and while orders change.

Times are asked for without a zone and with `dates_are_gmt`: with both a zone and the flag the shop is wrong by its offset.
Pages move: each asks anew from a second before the last change seen, without what was seen, because an order that changes
between two numbered pages pushes another one out of sight.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ordersync import BadInput, Order, OrderQuery, OrderStatus, Page, UnexpectedReply
from ordersync_woocommerce import wire
from ordersync_woocommerce.mapping import order_of
from ordersync_woocommerce.shop import Shop, listed, reason
from ordersync_woocommerce.statuses import of_query

__all__ = ["pages", "unreadable"]

SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class _Place:
    """Since when the next page asks (inclusive), and what of that second has been seen."""

    since: datetime | None
    seen: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{_time(self.since) if self.since else ''}|{','.join(map(str, self.seen))}"

    @classmethod
    def read(cls, cursor: str) -> _Place:
        since, _, seen = cursor.partition("|")
        try:
            when = datetime.fromisoformat(since).replace(tzinfo=UTC) if since else None
            return cls(when, tuple(int(each) for each in seen.split(",") if each))
        except ValueError:
            raise BadInput("This is not a cursor of a WooCommerce listing.") from None


def pages(shop: Shop, query: OrderQuery, size: int, known: Mapping[str, OrderStatus]) -> Iterator[Page]:
    """The matching orders, oldest change first. Each page is safe up to its last order's change."""
    since = query.updated_from.replace(microsecond=0) if query.updated_from else None
    place = _Place.read(query.cursor) if query.cursor else _Place(since)
    while True:
        asked = _asked(query, place, size, known)
        if asked is None:
            return
        reply = shop.get("orders", **asked)
        rows = listed(reply)
        changes = [_changed(row) for row in rows]
        _require_order(changes, place.since)
        last = changes[-1] if changes else place.since
        orders, unread = _told(rows, known)
        more = _more(reply.headers.get("x-wp-total", ""), len(rows), size)
        place = _next(place, rows, changes)
        yield Page(
            orders=tuple(orders),
            safe_through=last,
            cursor=str(place) if more else None,
            unreadable=tuple(unread),
        )
        if not more:
            return


def _told(rows: list[Any], known: Mapping[str, OrderStatus]) -> tuple[list[Order], list[tuple[str, str]]]:
    """The orders in our words, and (id, why) of those that cannot be told."""
    orders, unread = [], []
    for row in rows:
        try:
            orders.append(order_of(wire.Order.model_validate(row), known))
        except ValueError as error:
            unread.append((str(row.get("id", "")) if isinstance(row, dict) else "", reason(error)))
    return orders, unread


def unreadable(order_id: str, error: ValueError) -> UnexpectedReply:
    """The error for an order that cannot be told."""
    return UnexpectedReply(f"Order {order_id} cannot be read: {reason(error)}.")


def _asked(
    query: OrderQuery, place: _Place, size: int, known: Mapping[str, OrderStatus]
) -> dict[str, str] | None:
    """The parameters; None if no status that is wanted exists. Bounds are exclusive and in whole seconds there."""
    asked = {
        "orderby": "modified",
        "order": "asc",
        "per_page": str(size),
        "dates_are_gmt": "true",
    }
    statuses = of_query(query.statuses, known)
    if statuses:
        asked["status"] = statuses
    elif query.statuses is not None and OrderStatus.UNKNOWN not in query.statuses:
        return None
    if place.since is not None:
        asked["modified_after"] = _time(place.since - SECOND)
    if place.seen:
        asked["exclude"] = ",".join(map(str, place.seen))
    if query.updated_to is not None:
        asked["modified_before"] = _time(query.updated_to + SECOND)
    if query.placed_from is not None:
        asked["after"] = _time(query.placed_from - SECOND)
    return asked


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _changed(row: Any) -> datetime:
    try:
        found = wire.Order.model_validate({"id": 0, "date_modified_gmt": row["date_modified_gmt"]})
    except (KeyError, TypeError, ValueError):
        found = None
    if found is None or found.date_modified_gmt is None:
        raise UnexpectedReply("The shop does not tell when an order was changed.")
    return found.date_modified_gmt


def _require_order(changes: list[datetime], since: datetime | None) -> None:
    """Old versions and some plugins pass over what they do not know; then the listing would lose orders."""
    if changes != sorted(changes) or (since is not None and changes and changes[0] < since):
        raise UnexpectedReply(
            "The shop does not list its orders by their last change.",
            remedy="Update WooCommerce (5.8 or later), and look for a plugin that changes its REST API.",
        )


def _more(total: str, here: int, size: int) -> bool:
    """Whether the shop has more than it gave: what was seen is left out of its count."""
    return here > 0 and (int(total) > here if total.isdecimal() else here >= size)


def _next(place: _Place, rows: list[Any], changes: list[datetime]) -> _Place:
    if not changes:
        return place
    last = changes[-1]
    here = [int(row["id"]) for row, change in zip(rows, changes, strict=True) if change == last]
    kept = place.seen if place.since == last else ()
    return _Place(last, tuple(dict.fromkeys((*kept, *here))))
