"""Reading sales: a page at a time, by their last change, and none lost on the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ordersync import Order, OrderQuery, RateLimited, TryLater, Unreachable
from pydantic import ValidationError

from ordersync_tryton.mapping import STATES, order_of
from ordersync_tryton.records import Records
from ordersync_tryton.rpc import Tryton
from ordersync_tryton.wire import SALE_FIELDS, SaleRow

__all__ = ["PAGE", "Place", "Shelf", "split"]

SALE = "sale.sale"
PAGE = 100

Place = tuple[datetime, int]
"""Where a page ended: the last sale's last change, and its id."""


class Shelf:
    """The sales of one company."""

    def __init__(self, tryton: Tryton, records: Records) -> None:
        self.page = PAGE
        self._tryton = tryton
        self._records = records

    def rows(self, query: OrderQuery, behind: Place | None) -> list[dict[str, Any]]:
        """A page of sales, oldest change first, beginning behind a place.

        If Tryton cannot make it, each sale is read by itself: one that it never finishes must not hide the others.
        """
        domain = [*self._filter(query), *_behind(behind)]
        order = [("last_modified_at", "ASC"), ("id", "ASC")]
        try:
            return self._tryton.raw_records(SALE, domain, SALE_FIELDS, order=order, limit=self.page)
        except (RateLimited, Unreachable):
            raise
        except TryLater:
            heads = self._tryton.raw_records(SALE, domain, ["last_modified_at"], order=order, limit=self.page)
        return [self._alone(head) for head in heads]

    def some(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """The sales with these ids; those that are gone are missing."""
        return self._tryton.raw_records(SALE, [["id", "in", list(ids)], self._ours()], SALE_FIELDS)

    def read(self, rows: Sequence[dict[str, Any]]) -> tuple[tuple[Order, ...], tuple[tuple[str, str], ...]]:
        """The orders, and those that cannot be read: (id, the fields that are not what they should be)."""
        zone = self._records.company().timezone
        orders, unreadable = [], []
        for row in rows:
            try:
                orders.append(order_of(SaleRow.model_validate(row), zone))
            except ValidationError as error:
                places = {".".join(map(str, each["loc"])) for each in error.errors()}
                unreadable.append((str(row["id"]), f"not as expected: {', '.join(sorted(places))}"))
        return tuple(orders), tuple(unreadable)

    def _alone(self, head: dict[str, Any]) -> dict[str, Any]:
        """One sale; if Tryton cannot read it, its head, which lacks so much that it is named as unreadable."""
        try:
            (row,) = self.some([head["id"]])
        except (TryLater, ValueError):
            return head
        return row

    def _filter(self, query: OrderQuery) -> list[Any]:
        """What of a query Tryton can answer; the transfer filters the rest."""
        domain = [self._ours()]
        if query.updated_from:
            domain.append(["last_modified_at", ">=", query.updated_from])
        if query.updated_to:
            domain.append(["last_modified_at", "<=", query.updated_to])
        if query.statuses:
            states = [state for state, status in STATES.items() if status in query.statuses]
            domain.append(["state", "in", states])
        if query.currencies:
            domain.append(["currency.code", "in", sorted(query.currencies)])
        return domain

    def _ours(self) -> list[Any]:
        return ["company", "=", self._tryton.company]


def _behind(place: Place | None) -> list[Any]:
    if place is None:
        return []
    at, last = place
    return [["OR", ["last_modified_at", ">", at], [["last_modified_at", "=", at], ["id", ">", last]]]]


def split(cursor: str) -> Place:
    """The place that a cursor names."""
    at, _, last = cursor.partition(" ")
    return datetime.fromisoformat(at), int(last)
