"""The kit's pages hold each row once, of whatever kind they are."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ordersync.testing.kit import (
    CursorPages,
    LinkHeaderPages,
    NextFieldPages,
    NumberedPages,
    OffsetPages,
    Pages,
)
from ordersync.web import (
    Access,
    Client,
    Reply,
    cursor_pages,
    link_header_pages,
    next_field_pages,
    numbered_pages,
    offset_pages,
)

sys.path.insert(0, str(Path(__file__).parent))
from kit_sample import http, made

Read = Callable[[Client], Iterator[Reply]]
PAGES: list[tuple[Pages, Read]] = [
    (NumberedPages(items="rows"), lambda c: numbered_pages(c, "rows", items="rows", length=3)),
    (
        NumberedPages(number="p", first=0, size="n"),
        lambda c: numbered_pages(c, "rows", number="p", first=0, size="n", length=3),
    ),
    (OffsetPages(items="data.rows"), lambda c: offset_pages(c, "rows", items="data.rows", length=3)),
    (
        CursorPages(items="rows", following="paging.next", more="paging.more", cursor="after"),
        lambda c: cursor_pages(
            lambda at: c.get("rows", params={"limit": "3"} | ({"after": at} if at else {})),
            cursor="paging.next",
            more="paging.more",
        ),
    ),
    (LinkHeaderPages(), lambda c: link_header_pages(c, "rows", {"limit": "3"})),
    (
        NextFieldPages(items="value", field="@odata.nextLink", skip="$skip", size="$top", absent=True),
        lambda c: next_field_pages(c, "rows", {"$top": "3"}, field="@odata.nextLink"),
    ),
]


@pytest.mark.parametrize(("pages", "read"), PAGES, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("count", [0, 1, 3, 7, 9])
def test_pages_of_every_kind_hold_each_row_once(pages: Pages, read: Read, count: int) -> None:
    sandbox = made(pages, "pages")
    for _ in range(count):
        sandbox.orders.add({})
    seen: list[int] = []
    with Access(clock=sandbox.clock, transport=sandbox.transport()).client("http://plain.example") as client:
        for reply in read(client):
            found = reply.data
            for word in (pages.items or "").split("."):
                found = found[word] if word else found
            assert len(found) <= 3
            seen += [row["id"] for row in found]
    assert seen == list(range(1, count + 1))


def test_sizes_are_capped_or_refused_and_totals_told() -> None:
    capped = NumberedPages(
        items="rows", most=4, default=2, total="meta.count", total_header="X-Total", pages_header="X-Pages"
    )
    sandbox = made(capped, "pages")
    for _ in range(9):
        sandbox.orders.add({})
    with http(sandbox) as client:
        few, many = client.get("/rows"), client.get("/rows", params={"per_page": "50"})
        assert (len(few.json()["rows"]), len(many.json()["rows"])) == (2, 4)
        assert (many.json()["meta"], many.headers["x-total"], many.headers["x-pages"]) == (
            {"count": 9},
            "9",
            "3",
        )
        assert client.get("/rows", params={"page": "0"}).status_code == 400
        assert client.get("/rows", params={"page": "99"}).json()["rows"] == []
    with http(made(OffsetPages(most=4, over="refuse"), "pages")) as client:
        assert client.get("/rows", params={"limit": "4"}).json() == []
        refused = client.get("/rows", params={"limit": "5"})
        assert (refused.status_code, refused.json()["error"]["field"]) == (400, "limit")
    with http(made(CursorPages(items="rows"), "pages")) as client:
        assert client.get("/rows", params={"cursor": "nonsense"}).status_code == 400


def test_small_pages_hold_fewer_rows_than_asked_for_and_lose_none() -> None:
    sandbox = made(quirks={"small_pages": "rows:2"})
    for _ in range(5):
        sandbox.orders.add({})
    with http(sandbox) as client:
        sizes = [
            len(client.get("/rows", params={"page": str(n), "per_page": "4"}).json()["rows"])
            for n in (1, 2, 3)
        ]
    assert sizes == [2, 2, 1]
