"""Paginators: every page once, and no page of anybody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from ordersync.errors import UnexpectedReply
from ordersync.web import (
    Access,
    Client,
    Reply,
    VirtualClock,
    cursor_pages,
    dump,
    link_header_pages,
    next_field_pages,
    next_link,
    numbered_pages,
    offset_pages,
    read,
)

Ask = Callable[[httpx.Request], httpx.Response]


class Shop:
    """Asks `answer` and remembers the queries."""

    def __init__(self, answer: Ask) -> None:
        self.queries: list[str] = []

        def remembering(request: httpx.Request) -> httpx.Response:
            self.queries.append(request.url.query.decode())
            return answer(request)

        access = Access(clock=VirtualClock(), transport=httpx.MockTransport(remembering))
        self.client: Client = access.client("https://shop.example/api")


def ids(pages: Iterator[Reply], items: str = "orders") -> list[int]:
    return [one for page in pages for one in (page.data[items] if items else page.data)]


def numbered(total: int, cap: int = 3, *, bare: bool = False) -> Ask:
    def answer(request: httpx.Request) -> httpx.Response:
        page, size = int(request.url.params["page"]), min(int(request.url.params["per_page"]), cap)
        found = list(range(total))[(page - 1) * size : page * size]
        return httpx.Response(200, json=found if bare else {"orders": found})

    return answer


@pytest.mark.parametrize(("total", "requests"), [(0, 1), (2, 1), (3, 2), (7, 3), (9, 4)])
def test_numbered_pages(total: int, requests: int) -> None:
    shop = Shop(numbered(total))
    pages = numbered_pages(shop.client, "orders", {"status": "any"}, items="orders", length=3)
    assert ids(pages) == list(range(total))
    assert len(shop.queries) == requests
    assert shop.queries[0] == "status=any&per_page=3&page=1"


def test_numbered_pages_of_bare_lists_from_zero() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=[[1, 2], [3]][int(request.url.params["p"])])

    shop = Shop(answer)
    pages = numbered_pages(shop.client, "orders", number="p", size="n", length=2, first=0)
    assert ids(pages, "") == [1, 2, 3]


def test_a_platform_that_gives_less_than_was_asked_for() -> None:
    shop = Shop(numbered(7, cap=2))
    pages = numbered_pages(shop.client, "orders", items="orders", length=100, until="empty")
    assert ids(pages) == list(range(7))


def test_a_platform_that_ignores_the_page_number() -> None:
    shop = Shop(lambda request: httpx.Response(200, json={"orders": [1, 2, 3]}))
    with pytest.raises(UnexpectedReply, match="same page"):
        ids(numbered_pages(shop.client, "orders", items="orders", length=3))


def test_an_empty_204_is_an_empty_page() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=[1, 2]) if request.url.params["page"] == "1" else httpx.Response(204)

    assert ids(numbered_pages(Shop(answer).client, "orders", length=2), "") == [1, 2]


@pytest.mark.parametrize("data", [{}, {"orders": None}, {"orders": {"1": 1}}, [1], "x"])
def test_no_list_is_not_the_end(data: Any) -> None:
    shop = Shop(lambda request: httpx.Response(200, json=data))
    with pytest.raises(UnexpectedReply, match="no list"):
        ids(numbered_pages(shop.client, "orders", items="orders"))


def test_offset_pages() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        at, size = int(request.url.params["offset"]), int(request.url.params["limit"])
        return httpx.Response(200, json={"data": {"orders": list(range(8))[at : at + size]}})

    shop = Shop(answer)
    pages = offset_pages(shop.client, "orders", items="data.orders", length=3)
    assert [one for page in pages for one in page.data["data"]["orders"]] == list(range(8))
    assert shop.queries == ["limit=3&offset=0", "limit=3&offset=3", "limit=3&offset=6"]


@pytest.mark.parametrize(
    "to",
    ["https://shop.example/api/orders?after={}", "https://shop.example:443/api/orders?after={}",
     "/api/orders?after={}", "?after={}", "orders?after={}"],
)  # fmt: skip
def test_link_header_pages(to: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        at = int(request.url.params.get("after", "0"))
        link = (
            f'<https://shop.example/api/orders?before=0>; rel="previous", <{to.format(at + 1)}>; rel="next"'
        )
        return httpx.Response(200, json={"orders": [at]}, headers={"link": link} if at < 3 else {})

    shop = Shop(answer)
    assert ids(link_header_pages(shop.client, "orders", {"limit": "1"})) == [0, 1, 2, 3]
    assert shop.queries == ["limit=1", "after=1", "after=2", "after=3"]


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ('<https://a/?x=1,2;3>; title="a, <b>; rel=next"; rel="next"', "https://a/?x=1,2;3"),
        ('<https://a/1>; rel="last", <https://a/2>; rel=next', "https://a/2"),
        ('<https://a/1>;REL="Foo NEXT"', "https://a/1"),
        ('<https://a/1>; rel="nextpage"', ""),
        ('<https://a/1>; rel="prev"', ""),
        ("<https://a/1>", ""),
        ("nonsense; rel=next", ""),
        ("", ""),
    ],
)
def test_link_headers(link: str, address: str) -> None:
    assert next_link(Reply(200, {"link": link}, b"", None, "")) == address


@pytest.mark.parametrize(
    "link", ["https://evil.example/?page=2", "//evil.example/", "http://shop.example/api"]
)
def test_a_next_link_to_another_origin_is_refused(link: str) -> None:
    header = Shop(lambda request: httpx.Response(200, json=[], headers={"link": f"<{link}>; rel=next"}))
    with pytest.raises(UnexpectedReply, match="credentials"):
        list(link_header_pages(header.client, "orders"))
    field = Shop(lambda request: httpx.Response(200, json={"next": link}))
    with pytest.raises(UnexpectedReply, match="credentials"):
        list(next_field_pages(field.client, "orders"))
    assert len(header.queries) == len(field.queries) == 1


def test_links_that_go_round_in_a_circle() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        at = int(request.url.params.get("after", "0"))
        return httpx.Response(200, json={"next": f"?after={(at + 1) % 3}", "orders": [at]})

    shop = Shop(answer)
    with pytest.raises(UnexpectedReply, match="same page"):
        ids(next_field_pages(shop.client, "orders"))
    assert len(shop.queries) <= 4


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("next", lambda link: {"next": link}),
        ("links.next", lambda link: {"links": {"next": link}}),
        ("@odata.nextLink", lambda link: {"@odata.nextLink": link} if link else {}),
    ],
)
def test_next_field_pages(field: str, body: Callable[[str | None], dict[str, Any]]) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        at = int(request.url.params.get("skip", "0"))
        link = f"https://shop.example/api/orders?skip={at + 1}" if at < 2 else None
        return httpx.Response(200, json=body(link) | {"orders": [at]})

    assert ids(next_field_pages(Shop(answer).client, "orders", field=field)) == [0, 1, 2]


def graph(request: httpx.Request) -> httpx.Response:
    at = int(read(request.content)["after"] or 0)
    info = {"hasNextPage": at < 2, "endCursor": str(at + 1)}
    return httpx.Response(200, content=dump({"data": {"orders": {"nodes": [at], "pageInfo": info}}}))


def test_cursor_pages_of_a_graph() -> None:
    shop = Shop(graph)
    pages = cursor_pages(
        lambda cursor: shop.client.post("graphql", json={"after": cursor}, repeatable=True),
        cursor="data.orders.pageInfo.endCursor",
        more="data.orders.pageInfo.hasNextPage",
    )
    assert [node for page in pages for node in page.data["data"]["orders"]["nodes"]] == [0, 1, 2]


@pytest.mark.parametrize("end", [{"cursor": None}, {"cursor": ""}, {}])
def test_cursor_pages_until_there_is_none(end: dict[str, Any]) -> None:
    bodies = {"": {"cursor": 17}, "17": {"cursor": "b"}, "b": end}

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=bodies[request.url.params.get("cursor", "")])

    shop = Shop(answer)
    pages = cursor_pages(
        lambda cursor: shop.client.get("orders", params={"cursor": cursor} if cursor else None),
        cursor="cursor",
    )
    assert [page.data for page in pages] == list(bodies.values())


@pytest.mark.parametrize(
    ("body", "problem"),
    [({"cursor": "a", "more": True}, "same page"), ({"cursor": None, "more": True}, "no cursor")],
)
def test_cursors_that_lead_nowhere(body: dict[str, Any], problem: str) -> None:
    shop = Shop(lambda request: httpx.Response(200, json=body))
    with pytest.raises(UnexpectedReply, match=problem):
        list(cursor_pages(lambda cursor: shop.client.get("orders"), cursor="cursor", more="more"))
    assert len(shop.queries) <= 2


def test_pages_are_asked_for_when_they_are_wanted() -> None:
    shop = Shop(numbered(100))
    pages = numbered_pages(shop.client, "orders", items="orders", length=3)
    assert shop.queries == []
    next(pages)
    next(pages)
    assert len(shop.queries) == 2
