"""Listings: nothing missing, nothing twice, at every edge of a page; the watermark says only what was seen."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from ordersync.model import Facts, OrderQuery, Page
from ordersync.testing.contract.asking import lever
from ordersync.testing.contract.saying import hold, none_of, rule
from ordersync.testing.contract.stand import Stand
from ordersync.testing.contract.subject import OpenStand, Subject

__all__ = ["Paging"]

RULE = "pages_complete"
MOST = 3
"""Pages that are asked of a real account."""


class Paging(Subject):
    """`list_orders`, and what `get_order` says of the same orders."""

    @pytest.fixture(autouse=True)
    def _lists(self, request: pytest.FixtureRequest) -> None:
        name = request.node.originalname
        if name in vars(Paging) and "list_orders" not in request.getfixturevalue("offers"):
            pytest.skip("list_orders is not offered")

    @rule(RULE)
    @pytest.mark.parametrize(
        "edge", ["one", "one page less one", "one page", "one page and one", "two pages and one"]
    )
    def test_every_order_once(self, open_stand: OpenStand, facts: Facts, edge: str) -> None:
        size = facts.page_size
        count = {
            "one": 1,
            "one page less one": max(1, size - 1),
            "one page": size,
            "one page and one": size + 1,
            "two pages and one": 2 * size + 1,
        }[edge]
        stand = open_stand(orders=count)
        there = Counter(one.id for one in stand.standing())
        pages = _pages(stand)
        listed = Counter(order.id for page in pages for order in page.orders)
        wrong = [f"{name} is missing" for name in sorted(there - listed)]
        wrong += [f"{name} comes {count} times" for name, count in sorted(listed.items()) if count > 1]
        wrong += [f"{name} is not there" for name in sorted(set(listed) - set(there))]
        wrong += [f"{name} could not be read: {why}" for page in pages for name, why in page.unreadable]
        none_of(
            wrong[:8],
            RULE,
            expected=f"each of {sum(there.values())} orders once (page size {size})",
            do="follow the platform's next link or cursor to its end; page by a stable order, with the id as its second"
            " rank",
        )
        largest = max((len(page.orders) for page in pages), default=0)
        hold(
            largest <= size,
            RULE,
            expected=f"pages of at most facts.page_size, {size}",
            seen=f"a page of {largest}",
            do="set facts.page_size to what the connector asks for",
        )

    @rule(RULE)
    def test_oldest_change_first_and_only_what_was_seen(self, open_stand: OpenStand, facts: Facts) -> None:
        pages = _pages(open_stand(orders=facts.page_size + 3))
        wrong = []
        sorts = any(page.safe_through for page in pages[:-1])
        newest = max((order.updated_at for page in pages for order in page.orders), default=None)
        for number, page in enumerate(pages):
            if page.safe_through is None:
                continue
            later = [order for behind in pages[number + 1 :] for order in behind.orders]
            if any(order.updated_at < page.safe_through for order in later):
                wrong.append(
                    f"page {number + 1} is safe through a time that an order of a later page lies before"
                )
            if newest is not None and page.safe_through > newest:
                wrong.append(f"page {number + 1} is safe through a time at which nothing was seen")
        times = [order.updated_at for page in pages for order in page.orders]
        if sorts and times != sorted(times):
            wrong.append("orders do not come oldest change first")
        if pages and pages[-1].safe_through is None and times:
            wrong.append("the last page has no safe_through: the watermark would never move")
        none_of(
            wrong,
            RULE,
            expected="oldest change first; safe_through is the time of the last order up to which all were seen",
            do="sort by the time of change; a platform that cannot sort gives safe_through on its last page only,\n"
            "the newest updated_at that was seen",
        )

    @rule(RULE)
    def test_a_cursor_gives_the_rest(self, open_stand: OpenStand, facts: Facts) -> None:
        stand = open_stand(orders=2 * facts.page_size + 1)
        pages = _pages(stand)
        if not any(page.cursor for page in pages):
            pytest.skip("the listing has no cursors")
        hold(
            pages[-1].cursor is None,
            RULE,
            expected="no cursor on the last page",
            seen="a cursor",
            do="set Page.cursor to None where nothing follows",
        )
        stands = (stand, open_stand(sandbox=stand.sandbox) if stand.sandbox else stand)
        for number, page in enumerate(pages[:-1]):
            for one in stands:
                rest = [order.id for p in _pages(one, OrderQuery(cursor=page.cursor)) for order in p.orders]
                wanted = [order.id for p in pages[number + 1 :] for order in p.orders]
                hold(
                    rest == wanted,
                    RULE,
                    expected=f"behind page {number + 1} the {len(wanted)} orders that follow",
                    seen=f"{len(rest)} orders, {len(set(wanted) - set(rest))} missing, {len(set(rest) - set(wanted))} more",
                    do="let the cursor hold all that is needed to go on: another process uses it",
                )

    @rule(RULE)
    @rule("times_aware")
    def test_a_time_is_inclusive_and_in_the_right_zone(self, open_stand: OpenStand) -> None:
        stand = open_stand(orders=12)
        orders = stand.some_orders(3)
        wrong = []
        for order in sorted(orders, key=lambda one: one.updated_at)[1:]:
            query = OrderQuery(updated_from=order.updated_at)
            found = {one.id for page in _pages(stand, query) for one in page.orders}
            missing = [one.id for one in orders if one.updated_at >= order.updated_at and one.id not in found]
            wrong += [f"{name} is missing from its own time on" for name in missing]
        none_of(
            wrong[:4],
            RULE,
            expected="everything changed at or after updated_from",
            do="send the time in the zone that the platform expects, rounded down to what it holds; inclusive",
        )

    @rule(RULE)
    def test_a_narrow_query_loses_nothing(self, open_stand: OpenStand) -> None:
        stand = open_stand(orders=12)
        orders = stand.some_orders(3)
        times = sorted(order.updated_at for order in orders)
        query = OrderQuery(updated_from=times[1], updated_to=times[-1])
        found = {one.id for page in _pages(stand, query) for one in page.orders}
        missing = [
            one.id for one in orders if times[1] <= one.updated_at <= times[-1] and one.id not in found
        ]
        none_of(
            [f"{name} is missing" for name in missing],
            RULE,
            expected="everything between updated_from and updated_to, both inclusive",
            do="push a filter down only if it means the same there; leaving one out is slow, never wrong",
        )

    @rule(RULE)
    def test_later_orders_are_seen_from_the_watermark_on(self, open_stand: OpenStand) -> None:
        stand = open_stand(orders=5)
        pages = _pages(stand)
        mark = next((page.safe_through for page in reversed(pages) if page.safe_through), None)
        if mark is None:
            pytest.skip("the account holds no orders")
        stand.clock.sleep(60)
        new = lever(stand, "long_order", 1)
        stand.let_it_settle()
        query = OrderQuery(updated_from=mark - stand.connection.facts.overlap)
        found = {one.id for page in _pages(stand, query) for one in page.orders}
        hold(
            new in found,
            RULE,
            expected="an order that was placed after the watermark is listed from it on",
            seen="it is missing",
            do="ask for the time of change, not for the time of the order",
        )

    @rule("nested_pages")
    @pytest.mark.parametrize("lines", [60, 260])
    def test_a_long_order_comes_whole(
        self, open_stand: OpenStand, lines: int, offers: frozenset[str]
    ) -> None:
        stand = open_stand()
        order_id = lever(stand, "long_order", lines)
        stand.let_it_settle()
        told = {order.id: order for page in _pages(stand) for order in page.orders}
        seen = {"list_orders": told.get(order_id)}
        if "get_order" in offers:
            seen["get_order"] = stand.connection.get_order(order_id)
        if "get_orders" in offers:
            (one,) = stand.connection.get_orders([order_id])
            seen["get_orders"] = getattr(one, "value", None)
        wrong = [
            f"{hook}: {len(order.lines) if order else 'no order, so no'} lines"
            for hook, order in seen.items()
            if order is None or len(order.lines) != lines or len({line.id for line in order.lines}) != lines
        ]
        none_of(
            wrong,
            "nested_pages",
            expected=f"an order of {lines} lines with {lines} lines, each once",
            do="page within the order: ask for the lines behind the first page before the order is given out",
        )

    @rule(RULE)
    def test_listed_and_got_are_the_same(self, open_stand: OpenStand, offers: frozenset[str]) -> None:
        if "get_order" not in offers:
            pytest.skip("get_order is not offered")
        stand = open_stand(orders=20)
        wrong = []
        for order in stand.some_orders()[: 5 if stand.live else None]:
            got = stand.connection.get_order(order.id)
            if got != order:
                names = [
                    name
                    for name in type(order).model_fields
                    if got is None or getattr(got, name) != getattr(order, name)
                ]
                wrong.append(f"{order.id}: get_order differs in {', '.join(names)}")
        none_of(
            wrong[:4],
            RULE,
            expected="get_order answers what list_orders answered",
            do="use one mapping, and ask both for the same fields",
        )


def _pages(stand: Stand, query: OrderQuery | None = None) -> list[Page]:
    pages = list(islice(stand.connection.list_orders(query or OrderQuery()), MOST if stand.live else None))
    if stand.live and pages and pages[-1].cursor:
        pytest.skip(f"live: the account holds more than {MOST} pages of orders")
    return pages
