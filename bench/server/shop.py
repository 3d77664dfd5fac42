"""The source: orders in pages by cursor, oldest change first. Pages are made ahead."""

from __future__ import annotations

from bisect import bisect_left
from urllib.parse import parse_qs

import msgspec

from bench.orders import order, time_of

__all__ = ["Shop"]

_NOT_FOUND = (404, b'{"error":"not_found"}')


class Shop:
    """The first `orders` of `bench.orders`; more than `ahead` of them are made when they are asked for."""

    def __init__(self, orders: int, ahead: int = 20_000) -> None:
        self._count = orders
        self._made = [msgspec.json.encode(order(index)) for index in range(min(orders, ahead))]
        self.requests: dict[str, int] = {}

    def answer(self, method: str, path: str, query: str, body: bytes) -> tuple[int, bytes]:  # noqa: ARG002 - both platforms are asked so
        """Status and body."""
        if path == "/account":
            self._count_one("account")
            return 200, b'{"id":"bench-source"}'
        if path.startswith("/orders/"):
            self._count_one("order")
            one = self._by_id(path[8:])
            return (200, one) if one else _NOT_FOUND
        if path == "/orders":
            asked = parse_qs(query)
            if "ids" in asked:
                self._count_one("orders by id")
                found = [one for each in asked["ids"][0].split(",") if (one := self._by_id(each))]
                return 200, b'{"orders":[%s],"next":null}' % b",".join(found)
            self._count_one("page of orders")
            return 200, self._page(asked)
        if path == "/_orders":
            self._count = msgspec.json.decode(body)["orders"]
            self.requests = {}
            return 200, b"{}"
        if path == "/_audit":
            return 200, msgspec.json.encode({"requests": self.requests})
        return _NOT_FOUND

    def _count_one(self, kind: str) -> None:
        self.requests[kind] = self.requests.get(kind, 0) + 1

    def _one(self, index: int) -> bytes:
        return self._made[index] if index < len(self._made) else msgspec.json.encode(order(index))

    def _by_id(self, order_id: str) -> bytes | None:
        number = order_id.removeprefix("S")
        return self._one(int(number)) if number.isdecimal() and int(number) < self._count else None

    def _page(self, asked: dict[str, list[str]]) -> bytes:
        since = asked.get("updated_from", [""])[0]
        first = max(int(asked.get("cursor", ["0"])[0]), bisect_left(range(self._count), since, key=time_of))
        last = min(first + int(asked.get("limit", ["100"])[0]), self._count)
        orders = [self._one(index) for index in range(first, last)]
        following = b'"%d"' % last if last < self._count else b"null"
        return b'{"orders":[%s],"next":%s}' % (b",".join(orders), following)
