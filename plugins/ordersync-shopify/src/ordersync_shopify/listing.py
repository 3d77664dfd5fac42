"""Listing orders: cursors, pages that fit the cost limit, and walks longer than Shopify lets one go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ordersync import BadInput, Order, OrderQuery, Page, UnexpectedReply
from ordersync_shopify import queries, reading
from ordersync_shopify.graphql import GraphQL, TooCostly
from ordersync_shopify.search import orders_query

__all__ = ["LONGEST_WALK", "pages"]

LONGEST_WALK = 25_000
"""How many objects one connection can be walked (pagination page)."""


@dataclass(frozen=True)
class _Place:
    """Where a listing is: since when it asks, how far it has walked from there, and Shopify's own cursor."""

    since: datetime | None
    walked: int = 0
    after: str | None = None

    def __str__(self) -> str:
        since = self.since.isoformat() if self.since else ""
        return f"{since}|{self.walked}|{self.after or ''}"

    @classmethod
    def read(cls, cursor: str) -> _Place:
        try:
            since, walked, after = cursor.split("|", 2)
            return cls(datetime.fromisoformat(since) if since else None, int(walked), after or None)
        except ValueError:
            raise BadInput("This is not a cursor of a Shopify listing.") from None


def pages(graphql: GraphQL, query: OrderQuery, wanted: int) -> Iterator[Page]:
    """The matching orders by time of change, `wanted` per page at most.

    Before a walk becomes too long it starts again from the last change that was seen; what both walks have is given
    out once.
    """
    place = _Place.read(query.cursor) if query.cursor else _Place(query.updated_from)
    size = wanted
    seen: dict[str, datetime] = {}
    while True:
        try:
            data = graphql.ask(
                queries.ORDERS, first=size, after=place.after, query=orders_query(query, place.since)
            )
        except TooCostly:
            if size == 1:
                raise
            size //= 2
            continue
        connection = data["orders"]
        nodes = [
            node
            for node in connection["nodes"]
            if node["id"] not in seen or seen[node["id"]] != _changed(node)
        ]
        orders, unreadable = _read(graphql, nodes)
        changes = [change for node in connection["nodes"] if (change := _changed(node))]
        last = max(changes, default=None)
        more = connection["pageInfo"]["hasNextPage"]
        seen = {node["id"]: last for node in connection["nodes"] if last and _changed(node) == last}
        place = _next(place, len(connection["nodes"]), connection["pageInfo"]["endCursor"], last, size)
        yield Page(
            orders=tuple(orders),
            safe_through=last,
            cursor=str(place) if more else None,
            unreadable=tuple(unreadable),
        )
        if not more:
            return
        size = graphql.affordable(queries.ORDERS, size, wanted)


def _next(place: _Place, count: int, after: str | None, last: datetime | None, size: int) -> _Place:
    walked = place.walked + count
    if walked + size <= LONGEST_WALK:
        return _Place(place.since, walked, after)
    if last is None or last == place.since:
        raise UnexpectedReply(
            f"More than {LONGEST_WALK} orders changed at one moment; they cannot all be listed."
        )
    return _Place(last)


def _changed(node: dict[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(node["updatedAt"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError):
        return None


def _read(graphql: GraphQL, nodes: list[dict[str, Any]]) -> tuple[list[Order], list[tuple[str, str]]]:
    orders, unreadable = [], []
    for node in nodes:
        try:
            orders.append(reading.read_order(graphql, node))
        except ValueError as error:
            unreadable.append((str(node.get("id")), reading.reason(error)))
    return orders, unreadable
