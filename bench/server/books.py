"""The target: finds customers, items and stock, creates orders, adds them up, and can be audited."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

import msgspec

from bench.orders import ITEMS, expected, known_email, price_of, sku_of

__all__ = ["Books"]

_NOT_FOUND = (404, b'{"error":"not_found"}')
_MOST = 100
"""Elements of one batch."""


class _Order(NamedTuple):
    """An order that stands. Money in cents."""

    id: str
    key: str | None
    number: str
    customer: str
    goods: tuple[tuple[str, int], ...]
    """(item id, quantity)."""
    lines: int
    net: int
    tax: int


class Books:
    """Knows half of all buyers and every SKU from the beginning."""

    def __init__(self) -> None:
        self._items = [
            {"id": f"I{item}", "sku": sku_of(item), "price": _text(price_of(item)), "sellable": True}
            for item in range(ITEMS)
        ]
        self._by_sku = {one["sku"]: one for one in self._items}
        self._item_ids = {one["id"] for one in self._items}
        self.reset()

    def reset(self) -> None:
        """Forget what was created, and the counts of requests."""
        self.requests: dict[str, int] = {}
        self._people: dict[str, str] = {}
        self._made_people = 0
        self._orders: list[_Order] = []
        self._by_key: dict[str, _Order] = {}

    def answer(self, method: str, path: str, query: str, body: bytes) -> tuple[int, bytes]:
        """Status and body."""
        match method, path.split("/")[1:]:
            case "GET", ["account"]:
                self._count("account")
                return 200, b'{"id":"bench-target"}'
            case "GET", ["customers"]:
                return self._customers(query)
            case "POST", ["customers"]:
                self._count("create customer")
                return 201, msgspec.json.encode(self._customer(msgspec.json.decode(body)))
            case "POST", ["customers", "batch"]:
                return self._batch("create customers", msgspec.json.decode(body)["customers"], self._customer)
            case "GET", ["skus", sku]:
                self._count("sku")
                item = self._by_sku.get(unquote(sku))
                return (200, msgspec.json.encode(item)) if item else _NOT_FOUND
            case "GET", ["skus"]:
                self._count("skus")
                items = [self._by_sku[sku] for sku in _list(query, "skus") if sku in self._by_sku]
                return 200, msgspec.json.encode({"items": items})
            case "GET", ["stock", item_id]:
                self._count("stock of one")
                return 200, msgspec.json.encode({"item": item_id, "available": 1_000_000})
            case "GET", ["stock"]:
                self._count("stock of many")
                stock = [{"item": one, "available": 1_000_000} for one in _list(query, "items")]
                return 200, msgspec.json.encode({"stock": stock})
            case "POST", ["orders"]:
                self._count("create order")
                made = self._order(msgspec.json.decode(body))
                return (201, msgspec.json.encode(_shown(made))) if made else _bad("order")
            case "POST", ["orders", "batch"]:
                return self._batch("create orders", msgspec.json.decode(body)["orders"], self._bare)
            case "GET", ["orders"]:
                return self._found(query)
            case _:
                return self._asked_by_bench(path, query)

    def _asked_by_bench(self, path: str, query: str) -> tuple[int, bytes]:
        if path == "/_reset":
            self.reset()
            return 200, b"{}"
        if path == "/_audit":
            wrong = self.wrong(int(_list(query, "orders")[0]))
            return 200, msgspec.json.encode({"requests": self.requests, "wrong": wrong})
        return _NOT_FOUND

    def _count(self, kind: str) -> None:
        self.requests[kind] = self.requests.get(kind, 0) + 1

    def _batch(self, kind: str, given: list[Any], make: Any) -> tuple[int, bytes]:
        self._count(kind)
        if len(given) > _MOST:
            return _bad(f"more than {_MOST} elements")
        results = [make(one) for one in given]
        return _bad("element") if None in results else (200, msgspec.json.encode({"results": results}))

    def _customers(self, query: str) -> tuple[int, bytes]:
        asked = parse_qs(query)
        self._count("customers" if "emails" in asked else "customer")
        emails = asked["emails"][0].split(",") if "emails" in asked else asked["email"]
        found = []
        for email in emails[:_MOST]:
            person = self._people.get(email) or known_email(email)
            if person:
                found.append({"id": person, "email": email})
        return 200, msgspec.json.encode({"customers": found})

    def _customer(self, given: dict[str, Any]) -> dict[str, str]:
        email = given["email"]
        self._made_people += 1
        self._people[email] = person = f"N{self._made_people}"
        return {"id": person, "email": email}

    def _bare(self, given: dict[str, Any]) -> dict[str, str] | None:
        made = self._order(given)
        return {"id": made.id, "number": made.number} if made else None

    def _order(self, given: dict[str, Any]) -> _Order | None:
        key = given.get("key")
        standing = self._by_key.get(key) if key else None
        if standing:
            return standing
        lines = given["lines"]
        goods = tuple((line["item"], line["quantity"]) for line in lines if line["item"])
        if not all(item in self._item_ids for item, _ in goods):
            return None
        made = _Order(
            id=f"T{len(self._orders)}",
            key=key,
            number=given["number"],
            customer=given["customer"],
            goods=goods,
            lines=len(lines),
            net=sum(_cents(line["net"]) for line in lines),
            tax=sum(_cents(line["tax"]) for line in lines),
        )
        self._orders.append(made)
        if key:
            self._by_key[key] = made
        return made

    def _found(self, query: str) -> tuple[int, bytes]:
        asked = parse_qs(query)
        self._count("orders by key" if "keys" in asked else "orders by id")
        if "keys" in asked:
            found = [self._by_key[key] for key in asked["keys"][0].split(",") if key in self._by_key]
        else:
            found = [self._orders[int(one[1:])] for one in asked["ids"][0].split(",")]
        return 200, msgspec.json.encode({"orders": [_shown(one) for one in found]})

    def wrong(self, orders: int) -> list[str]:
        """What is not as it must be after the first `orders` were carried over once; at most ten sentences."""
        wrong = []
        counts = Counter(one.number for one in self._orders)
        wrong += [f"order {number} stands {count} times" for number, count in counts.items() if count > 1]
        by_number = {one.number: one for one in self._orders}
        wrong += [f"order {index} is missing" for index in range(orders) if str(index) not in by_number]
        if len(by_number) > orders:
            wrong.append(f"{len(by_number) - orders} orders stand that nobody placed")
        if self._made_people != len(self._people):
            wrong.append(f"{self._made_people - len(self._people)} customers were made twice")
        for index in range(orders):
            found = by_number.get(str(index))
            if found is None:
                continue
            told = expected(index)
            goods = tuple((self._by_sku[sku]["id"], quantity) for sku, quantity in told.lines)
            person = self._people.get(told.email) or known_email(told.email)
            if (found.net, found.tax) != (told.net, told.tax):
                wrong.append(f"order {index} comes to {found.net} + {found.tax} cents")
            if found.goods != goods or found.lines != len(goods) + 1:
                wrong.append(f"order {index} has other lines")
            if found.customer != person:
                wrong.append(f"order {index} belongs to {found.customer}, not to {person}")
            if len(wrong) >= 10:
                break
        return wrong[:10]


def _shown(one: _Order) -> dict[str, Any]:
    return {
        "id": one.id,
        "key": one.key,
        "number": one.number,
        "net": _text(one.net),
        "tax": _text(one.tax),
        "total": _text(one.net + one.tax),
        "lines": [{"id": f"{one.id}-{position}", "position": position} for position in range(one.lines)],
    }


def _list(query: str, name: str) -> list[str]:
    return parse_qs(query)[name][0].split(",")[:_MOST]


def _bad(what: str) -> tuple[int, bytes]:
    return 422, msgspec.json.encode({"error": f"cannot take this: {what}"})


def _cents(text: str) -> int:
    """Raises ValueError for an amount that is not whole cents."""
    whole, _, cents = text.partition(".")
    if len(cents.rstrip("0")) > 2:
        raise ValueError("an amount is finer than a cent")
    sign = -1 if whole.startswith("-") else 1
    return sign * (abs(int(whole)) * 100 + int(cents.ljust(2, "0")[:2] or 0))


def _text(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
