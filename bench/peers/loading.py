"""The best loader that a script can have without promises: look-ups in batches and remembered, creates in batches.

Shared by the batch scripts, dlt's destination and Singer's sink, so that these differ by their frameworks alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx
import msgspec

__all__ = ["Loader", "TotalsDiffer", "pages"]

MOST = 100
"""Elements of one batch, orders of one page."""
AT_ONCE = 4
"""Requests at once where the target takes one order per request."""


class TotalsDiffer(Exception):
    """An order on the target does not come to what the source says."""


def pages(client: httpx.Client, source: str) -> Any:
    """The source's orders, a page at a time."""
    cursor: str | None = "0"
    while cursor is not None:
        reply = client.get(f"{source}/orders", params={"limit": MOST, "cursor": cursor})
        reply.raise_for_status()
        page = msgspec.json.decode(reply.content)
        yield page["orders"]
        cursor = page["next"]


class Loader:
    """Loads orders into one target, and remembers what it looked up."""

    def __init__(self, client: httpx.Client, target: str, *, batches: bool, read_back: bool) -> None:
        self._client = client
        self._target = target
        self._batches = batches
        self._read_back = read_back
        self._people: dict[str, str] = {}
        self._items: dict[str, str] = {}
        self._stock: dict[str, int] = {}

    def load(self, orders: Sequence[dict[str, Any]]) -> None:
        """At most MOST of them."""
        self._find_customers(orders)
        self._find_items(orders)
        drafts = [self._draft(order) for order in orders]
        if self._batches:
            made = self._post("orders/batch", {"orders": drafts})["results"]
            if self._read_back:
                made = self._get("orders", ids=",".join(one["id"] for one in made))["orders"]
        else:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                made = list(pool.map(lambda draft: self._post("orders", draft), drafts))
        if self._read_back:
            totals = {one["number"]: Decimal(one["total"]) for one in made}
            if any(totals.get(one["number"]) != Decimal(one["total"]) for one in orders):
                raise TotalsDiffer

    def _find_customers(self, orders: Sequence[dict[str, Any]]) -> None:
        new = {
            one["customer"]["email"]: one for one in orders if one["customer"]["email"] not in self._people
        }
        if not new:
            return
        for found in self._get("customers", emails=",".join(new))["customers"]:
            self._people[found["email"]] = found["id"]
            del new[found["email"]]
        if not new:
            return
        asked = [{**one["customer"], "address": one["billing"]} for one in new.values()]
        for made in self._post("customers/batch", {"customers": asked})["results"]:
            self._people[made["email"]] = made["id"]

    def _find_items(self, orders: Sequence[dict[str, Any]]) -> None:
        new = list({line["sku"] for one in orders for line in one["lines"]} - self._items.keys())
        for start in range(0, len(new), MOST):
            found = self._get("skus", skus=",".join(new[start : start + MOST]))["items"]
            self._items |= {one["sku"]: one["id"] for one in found}
            rows = self._get("stock", items=",".join(one["id"] for one in found))["stock"]
            self._stock |= {one["item"]: one["available"] for one in rows}

    def _draft(self, order: dict[str, Any]) -> dict[str, Any]:
        lines = []
        for line in order["lines"]:
            item = self._items[line["sku"]]
            if self._stock[item] < line["quantity"]:
                raise ValueError("out of stock")
            lines.append(
                {
                    "item": item,
                    "title": line["title"],
                    "quantity": line["quantity"],
                    "price": line["unit_price"],
                    "net": line["net"],
                    "tax": line["tax"],
                }
            )
        freight = order["freight"]
        lines.append({"item": None, "quantity": 1, "price": freight["net"], **freight})
        return {
            "number": order["number"],
            "customer": self._people[order["customer"]["email"]],
            "currency": order["currency"],
            "placed_at": order["placed_at"],
            "billing": order["billing"],
            "shipping": order["shipping"],
            "note": order.get("note"),
            "tags": order["tags"],
            "lines": lines,
        }

    def _get(self, path: str, **params: str) -> Any:
        reply = self._client.get(f"{self._target}/{path}", params=params)
        reply.raise_for_status()
        return msgspec.json.decode(reply.content)

    def _post(self, path: str, body: Any) -> Any:
        reply = self._client.post(
            f"{self._target}/{path}",
            content=msgspec.json.encode(body),
            headers={"content-type": "application/json"},
        )
        reply.raise_for_status()
        return msgspec.json.decode(reply.content)
