"""Orders read: what changed by SuiteQL, each order as a record, customers and items in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from ordersync import BadInput, Order, OrderQuery, OrderSyncError, Page, UnexpectedReply
from ordersync_erp_netsuite.account_time import MASK, AccountTime, local_of, local_text, times_of_change
from ordersync_erp_netsuite.catalog import Catalog
from ordersync_erp_netsuite.people import Buyers
from ordersync_erp_netsuite.settings import NetSuiteSettings
from ordersync_erp_netsuite.standing import order_record
from ordersync_erp_netsuite.suite import Suite
from ordersync_erp_netsuite.telling import OrderParts, order_of
from ordersync_erp_netsuite.wire import OrderRecord, OrderRow

__all__ = ["PAGE", "Shelf"]

PAGE = 50
"""Orders per page: each is a request of its own."""
SECOND = timedelta(seconds=1)


class Shelf:
    """Reads the sales orders of one account."""

    def __init__(
        self,
        suite: Suite,
        catalog: Catalog,
        buyers: Buyers,
        time: AccountTime,
        settings: NetSuiteSettings,
    ) -> None:
        self._suite = suite
        self._catalog = catalog
        self._buyers = buyers
        self._time = time
        self._settings = settings

    def pages(self, query: OrderQuery) -> Iterator[Page]:
        """Oldest change first. Each page begins behind the last order seen, by time of change and id, never by an
        offset: what changes meanwhile moves to the end instead of shifting pages."""
        after: tuple[datetime, int] | None = _read_cursor(query.cursor) if query.cursor else None
        start = self._time.local_from(query.updated_from) if query.updated_from else None
        while True:
            rows = self._page(start, after)
            if not rows:
                yield Page((), safe_through=query.updated_from)
                return
            last = local_of(rows[-1].changed)
            after = last, int(rows[-1].id)
            more = len(rows) == PAGE
            found = self.orders([row.id for row in rows])
            yield Page(
                tuple(order for order in found.values() if isinstance(order, Order)),
                safe_through=self._time.seen_through(last - SECOND if more else last),
                cursor=f"{local_text(last)}|{after[1]}" if more else None,
                unreadable=tuple(
                    (each, str(error)) for each, error in found.items() if isinstance(error, Exception)
                ),
            )
            if not more:
                return

    def _page(self, start: datetime | None, after: tuple[datetime, int] | None) -> list[OrderRow]:
        where = ""
        if after:
            moment = _moment(after[0])
            where += (
                f" AND (lastmodifieddate > {moment} OR (lastmodifieddate = {moment} AND id > {after[1]}))"
            )
        elif start:
            where += f" AND lastmodifieddate >= {_moment(start)}"
        sql = times_of_change(where, order="lastmodifieddate, id")
        return self._suite.query(OrderRow, sql, most=PAGE)

    def orders(self, ids: Sequence[str]) -> dict[str, Order | OrderSyncError]:
        """Orders by id, or why one cannot be told; those that are gone or of another subsidiary are missing."""
        records: dict[str, OrderRecord] = {}
        found: dict[str, Order | OrderSyncError] = {}
        for each in ids:
            data = self._suite.record("salesOrder", each)
            if data is None:
                continue
            try:
                record = order_record(data)
            except UnexpectedReply as error:
                found[each] = error
                continue
            ours = self._settings.subsidiary
            if ours is None or (record.subsidiary is not None and record.subsidiary.id == ours):
                records[each] = record
        people = self._buyers.rows([record.entity.id for record in records.values() if record.entity])
        lines = [line for record in records.values() for line in record.item.items]
        items = self._catalog.items([line.item.id for line in lines if line.item])
        codes = {each: code for code, each in self._catalog.currencies().items()} if records else {}
        for each, record in records.items():
            code = codes.get(record.currency.id if record.currency else "") or self._settings.currency
            try:
                if code is None or record.day is None:
                    raise ValueError("the order has no currency that is listed, or no date")
                placed_at = self._time.noon(record.day)
                if record.created and self._time.day(record.created) == record.day:
                    placed_at = record.created
                customer = people.get(record.entity.id) if record.entity else None
                parts = OrderParts(record, code, placed_at, customer, items)
                found[each] = order_of(parts, self._settings)
            except ValueError as error:
                found[each] = UnexpectedReply(f"The order {each} cannot be read: {error}.")
        return {each: found[each] for each in ids if each in found}


def _moment(local: datetime) -> str:
    return f"TO_TIMESTAMP('{local_text(local)}', '{MASK}')"


def _read_cursor(cursor: str) -> tuple[datetime, int]:
    when, _, last = cursor.partition("|")
    try:
        return datetime.strptime(when, "%Y-%m-%d %H:%M:%S"), int(last)  # noqa: DTZ007 - local to the account
    except ValueError:
        raise BadInput("This is not a cursor of a NetSuite listing.") from None
