"""Orders read: a page of them with everything that they point to, in a fixed number of calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ordersync import BadInput, Order, OrderQuery, OrderStatus, Page, UnexpectedReply
from ordersync_erp_odoo.catalog import Catalog
from ordersync_erp_odoo.rpc import Odoo
from ordersync_erp_odoo.settings import OdooSettings
from ordersync_erp_odoo.telling import OrderParts, Services, order_of
from ordersync_erp_odoo.wire import (
    LineRow,
    MoveRow,
    OrderRow,
    PartnerRow,
    PickingRow,
    ProductRow,
    TagRow,
    datetime_text,
)

__all__ = ["PAGE", "Shelf"]

PAGE = 200
"""Orders per page: 5 258 rows took nine times as long as 100 (measured), so a page costs less the larger it is."""
_STATES = {
    OrderStatus.OPEN: {"sale"},
    OrderStatus.COMPLETED: {"sale"},
    OrderStatus.CANCELLED: {"cancel"},
    OrderStatus.HELD: {"draft", "sent"},
}


class Shelf:
    """Reads orders of one company."""

    def __init__(self, odoo: Odoo, catalog: Catalog, settings: OdooSettings) -> None:
        self._odoo = odoo
        self._catalog = catalog
        self._services = Services(settings.shipping_product, settings.fee_product, settings.rounding_product)
        self._quotations = settings.quotations

    def pages(self, query: OrderQuery) -> Iterator[Page]:
        """The orders that match, oldest change first.

        Odoo shows whole seconds, and hundreds of orders may share one; 17 compares with fractions that it does not
        show, 19 without (measured). So each page starts again at the last second seen, without the orders seen in it:
        an order that changes meanwhile comes again later, none is skipped.
        """
        since = query.updated_from.astimezone(UTC).replace(microsecond=0) if query.updated_from else None
        seen: list[int] = []
        if query.cursor:
            since, seen = _read_cursor(query.cursor)
        states = self._states(query)
        while True:
            rows = self._page(query, states, since, seen)
            more, rows = len(rows) > PAGE, rows[:PAGE]
            if not rows:
                yield Page((), safe_through=since)
                return
            last = max(row.write_date for row in rows if row.write_date)
            same = [row.id for row in rows if row.write_date == last]
            seen = [*seen, *same] if last == since else same
            since = last
            orders, unreadable = self.told(rows)
            yield Page(
                tuple(orders),
                safe_through=last - timedelta(seconds=1) if more else last,
                cursor=_write_cursor(last, seen) if more else None,
                unreadable=tuple(unreadable),
            )
            if not more:
                return

    def _states(self, query: OrderQuery) -> list[str]:
        states = {"sale", "cancel"} | ({"draft", "sent"} if self._quotations else set())
        if query.statuses is not None and OrderStatus.UNKNOWN not in query.statuses:
            states &= {state for status in query.statuses for state in _STATES.get(status, set())}
        return sorted(states)

    def _page(
        self, query: OrderQuery, states: list[str], since: datetime | None, seen: Sequence[int]
    ) -> list[OrderRow]:
        """A page's orders, and one more where there are more."""
        domain: list[Any] = [["company_id", "=", self._catalog.company.id], ["state", "in", states]]
        if since is not None:
            domain.append(["write_date", ">=", datetime_text(since)])
        if since is not None and seen:
            later = ["write_date", ">=", datetime_text(since + timedelta(seconds=1))]
            domain += ["|", later, ["id", "not in", sorted(seen)]]
        if query.updated_to is not None:
            domain.append(["write_date", "<", datetime_text(query.updated_to + timedelta(seconds=1))])
        if query.placed_from is not None:
            domain.append(["date_order", ">=", datetime_text(query.placed_from)])
        if query.currencies is not None:
            domain.append(["currency_id.name", "in", sorted(query.currencies)])
        rows = self._odoo.search(OrderRow, domain, order="write_date, id", limit=PAGE + 1)
        if any(row.write_date is None for row in rows):
            raise UnexpectedReply("Odoo does not tell when an order was changed.")
        return rows

    def orders(self, ids: Iterable[int]) -> dict[int, Order | str]:
        """Orders by id, or why one cannot be told; those that are gone are missing."""
        rows = self._odoo.read(OrderRow, ids)
        orders, unreadable = self.told(rows)
        found: dict[int, Order | str] = {int(order.id): order for order in orders}
        found.update({int(each): why for each, why in unreadable})
        return found

    def told(self, rows: Sequence[OrderRow]) -> tuple[list[Order], list[tuple[str, str]]]:
        """These orders in our words, and (id, why) of those that cannot be told."""
        orders, unreadable = [], []
        for parts in self._gathered(rows):
            try:
                orders.append(order_of(parts, self._services))
            except ValueError as error:
                unreadable.append((str(parts.order.id), str(error)))
        return orders, unreadable

    def _gathered(self, rows: Sequence[OrderRow]) -> list[OrderParts]:
        odoo = self._odoo
        ids = [row.id for row in rows]
        if not ids:
            return []
        lines = odoo.search(LineRow, [["order_id", "in", ids]], order="order_id, sequence, id")
        products = {
            row.id: row
            for row in odoo.search(
                ProductRow,
                [["id", "in", sorted({line.product_id.id for line in lines if line.product_id})]],
                archived=True,
            )
        }
        partners = self._partners(rows)
        links = partners.values()
        countries = self._catalog.country_codes({row.country_id.id for row in links if row.country_id})
        states = self._catalog.state_rows({row.state_id.id for row in links if row.state_id})
        pickings: list[PickingRow] = []
        moves: list[MoveRow] = []
        if odoo.has("sale.order", "delivery_status"):
            pickings = odoo.search(PickingRow, [["sale_id", "in", ids], ["state", "=", "done"]])
            if pickings:
                moves = odoo.search(MoveRow, [["picking_id", "in", [row.id for row in pickings]]])
        tags = {row.id: row.name for row in odoo.read(TagRow, {tag for row in rows for tag in row.tag_ids})}
        xids = odoo.external_ids("sale.order", ids)
        taxes = self._catalog.all_taxes({tax for line in lines for tax in line.taxes})
        of_order: dict[int, list[LineRow]] = {}
        for line in lines:
            if line.order_id:
                of_order.setdefault(line.order_id.id, []).append(line)
        return [
            OrderParts(
                order=row,
                lines=of_order.get(row.id, []),
                products=products,
                taxes=taxes,
                partners=partners,
                countries=countries,
                states={each: state.code for each, state in states.items()},
                pickings=[each for each in pickings if each.sale_id and each.sale_id.id == row.id],
                moves=moves,
                tags=tags,
                xid=xids.get(row.id),
            )
            for row in rows
        ]

    def _partners(self, rows: Sequence[OrderRow]) -> dict[int, PartnerRow]:
        """The partners of these orders and the companies above them."""
        links = [
            link for row in rows for link in (row.partner_id, row.partner_invoice_id, row.partner_shipping_id)
        ]
        partners = {row.id: row for row in self._odoo.read(PartnerRow, {link.id for link in links if link})}
        above = {row.parent_id.id for row in partners.values() if row.parent_id} - set(partners)
        partners.update({row.id: row for row in self._odoo.read(PartnerRow, above)})
        return partners


def _write_cursor(since: datetime, seen: Sequence[int]) -> str:
    return f"{datetime_text(since)}|{','.join(map(str, seen))}"


def _read_cursor(cursor: str) -> tuple[datetime, list[int]]:
    when, _, ids = cursor.partition("|")
    try:
        since = datetime.strptime(when, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        return since, [int(each) for each in ids.split(",") if each]
    except ValueError:
        raise BadInput("This is not a cursor of an Odoo listing.") from None
