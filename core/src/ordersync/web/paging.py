"""The ways in which platforms hand out long lists, a page at a time.

Each of these yields replies, asked for when they are wanted. A page that has been seen before raises UnexpectedReply:
a platform that ignores what it is asked would otherwise be read for ever, or half.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal
from urllib.parse import urljoin

from ordersync.errors import UnexpectedReply
from ordersync.web.client import Client
from ordersync.web.reply import Reply

__all__ = [
    "cursor_pages",
    "link_header_pages",
    "next_field_pages",
    "next_link",
    "numbered_pages",
    "offset_pages",
]

_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[^\s=;,"]+(?:\s*=\s*(?:"[^"]*"|[^\s;,"]*))?)*)')
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]*))', re.IGNORECASE)


def numbered_pages(
    client: Client,
    path: str,
    params: Mapping[str, str] | None = None,
    *,
    items: str = "",
    number: str = "page",
    size: str = "per_page",
    length: int = 100,
    first: int = 1,
    until: Literal["short", "empty"] = "short",
) -> Iterator[Reply]:
    """Page 1, 2, 3 … until a page is short.

    `GET /orders?page=2&per_page=3` answers `{"orders": [{"id": 4}, {"id": 5}]}`: two of three, so it is the last.

    `number` and `size` are the platform's parameters, `length` is how many items it gives at most, `items` where they
    are (`"data.orders"`; `""`: the reply is the list). If the platform may give less than was asked for, say
    `until="empty"`, or what comes after the first page is never seen. A list that changes while it is read shifts its
    pages: ask for the oldest change first, and overlap.

    An empty 204 is an empty page. Raises UnexpectedReply if there is no list, and what `Client.send` raises.
    """
    asked = dict(params or {}) | {size: str(length)}
    yield from _counted(
        lambda n: client.get(path, params=asked | {number: str(first + n)}), items, length, until
    )


def offset_pages(
    client: Client,
    path: str,
    params: Mapping[str, str] | None = None,
    *,
    items: str = "",
    offset: str = "offset",
    size: str = "limit",
    length: int = 100,
) -> Iterator[Reply]:
    """From the first item, from the hundredth … until a page is short.

    `GET /orders?offset=3&limit=3` answers `{"orders": [{"id": 4}, {"id": 5}]}`: two of three, so it is the last.

    The same as `numbered_pages`, counted in items.
    """
    asked = dict(params or {}) | {size: str(length)}
    yield from _counted(
        lambda n: client.get(path, params=asked | {offset: str(n * length)}), items, length, "short"
    )


def link_header_pages(
    client: Client, path: str, params: Mapping[str, str] | None = None, *, relation: str = "next"
) -> Iterator[Reply]:
    """The `Link` header names the next page (RFC 8288), until it does not.

    `Link: <https://shop.example/orders?page_info=abc>; rel="next", <https://…>; rel="previous"`

    Raises UnexpectedReply if a link leads to another origin, and what `Client.send` raises.
    """
    yield from _followed(client, path, params, lambda reply: next_link(reply, relation))


def next_field_pages(
    client: Client, path: str, params: Mapping[str, str] | None = None, *, field: str = "next"
) -> Iterator[Reply]:
    """A field of the body holds the next page's address, until it is empty or absent.

    `{"@odata.nextLink": "https://erp.example/orders?$skiptoken=17", "value": [{"id": 1}]}`

    `field` is its name, or a path such as `"links.next"`; a name with a dot in it is found as it stands.
    Raises UnexpectedReply if a link leads to another origin, and what `Client.send` raises.
    """
    yield from _followed(client, path, params, lambda reply: _text(_at(reply.data, field)))


def cursor_pages(ask: Callable[[str | None], Reply], *, cursor: str, more: str = "") -> Iterator[Reply]:
    """The body holds a cursor that is sent back for the next page, until there is none.

    `{"data": {"orders": {"nodes": […], "pageInfo": {"hasNextPage": true, "endCursor": "abc"}}}}`

    `ask` sends the request for a cursor (None: the first page), be it a parameter or part of a query; `cursor` is where
    the next one is (`"data.orders.pageInfo.endCursor"`), and `more`, if the platform has it, where it says whether
    there is another page: without a true there, the page is the last.

    Raises UnexpectedReply if another page is said to exist without a cursor, and what `ask` raises.
    """
    seen: set[str] = set()
    at: str | None = None
    while True:
        reply = ask(at)
        yield reply
        at = _text(_at(reply.data, cursor))
        if more and _at(reply.data, more) is not True:
            return
        if not at:
            if more:
                raise UnexpectedReply(
                    "The platform has another page but gives no cursor.", request_id=reply.request_id
                )
            return
        _once(at, seen, reply)


def next_link(reply: Reply, relation: str = "next") -> str:
    """The address that the `Link` header gives for a relation; `""` if there is none."""
    for link in _LINK.finditer(reply.headers.get("link", "")):
        rel = _REL.search(link[2])
        if rel and relation.lower() in (rel[1] or rel[2] or "").lower().split():
            return link[1].strip()
    return ""


def _counted(
    ask: Callable[[int], Reply], items: str, length: int, until: Literal["short", "empty"]
) -> Iterator[Reply]:
    before: list[Any] = []
    n = 0
    while True:
        reply = ask(n)
        found = _at(reply.data, items) if items else reply.data
        if reply.status == 204:
            found = []
        if not isinstance(found, list):
            raise UnexpectedReply("The reply holds no list of items.", request_id=reply.request_id)
        if found and found == before:
            raise UnexpectedReply("The platform gives the same page again.", request_id=reply.request_id)
        if found or not n:
            yield reply
        if not found or (until == "short" and len(found) < length):
            return
        before = found
        n += 1


def _followed(
    client: Client, path: str, params: Mapping[str, str] | None, find: Callable[[Reply], str]
) -> Iterator[Reply]:
    url = client.url(path)
    seen = {url}
    reply = client.get(url, params=params)
    while True:
        yield reply
        link = find(reply)
        if not link:
            return
        url = client.url(urljoin(url, link))
        _once(url, seen, reply)
        reply = client.get(url)


def _once(place: str, seen: set[str], reply: Reply) -> None:
    if place in seen:
        raise UnexpectedReply("The platform gives the same page again.", request_id=reply.request_id)
    seen.add(place)


def _at(data: Any, path: str) -> Any:
    if isinstance(data, dict) and path in data:
        return data[path]
    for word in path.split("."):
        data = data.get(word) if isinstance(data, dict) else None
    return data


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
