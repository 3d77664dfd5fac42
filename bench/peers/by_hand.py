"""The script that integrators write by hand: one order at a time, every question a request of its own, no promises.

It keeps no record: run twice, it makes every order twice.
"""

from __future__ import annotations

from typing import Any

import httpx

from bench.peers.arguments import task
from bench.stopwatch import measured


def main() -> None:
    given = task(__doc__)
    with measured(), httpx.Client() as client:
        cursor = "0"
        while cursor is not None:
            page = answer(client.get(f"{given.source}/orders", params={"limit": 100, "cursor": cursor}))
            for order in page["orders"]:
                carry(client, given.target, order)
            cursor = page["next"]


def carry(client: httpx.Client, target: str, order: dict[str, Any]) -> None:
    """One order."""
    customer = order["customer"]
    found = answer(client.get(f"{target}/customers", params={"email": customer["email"]}))["customers"]
    if found:
        person = found[0]["id"]
    else:
        made = client.post(f"{target}/customers", json={**customer, "address": order["billing"]})
        person = answer(made)["id"]
    lines = []
    for line in order["lines"]:
        item = answer(client.get(f"{target}/skus/{line['sku']}"))["id"]
        stock = answer(client.get(f"{target}/stock/{item}"))["available"]
        if stock < line["quantity"]:
            raise ValueError(f"{line['sku']} is out of stock")
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
    draft = {
        "number": order["number"],
        "customer": person,
        "currency": order["currency"],
        "placed_at": order["placed_at"],
        "billing": order["billing"],
        "shipping": order["shipping"],
        "note": order["note"],
        "tags": order["tags"],
        "lines": lines,
    }
    answer(client.post(f"{target}/orders", json=draft))


def answer(reply: httpx.Response) -> Any:
    """The JSON of a reply that is no error."""
    reply.raise_for_status()
    return reply.json()


if __name__ == "__main__":
    main()
