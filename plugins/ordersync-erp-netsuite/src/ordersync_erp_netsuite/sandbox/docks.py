"""Item fulfilments: made of sales orders by a transform, told back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from .faults import bad_content, user_error
from .fields import FULFILLMENT, FULFILLMENT_LINE, PACKAGE, taken
from .sales import Sales, sublist
from .store import UNSHIPPED, Record, Store

__all__ = ["Docks"]

ZERO = Decimal(0)
_SHIP_STATUSES = {"A": "Picked", "B": "Packed", "C": "Shipped"}


class Docks:
    """The fulfilments of a store."""

    def __init__(self, store: Store, sales: Sales, now: Callable[[], datetime], *, packages: bool) -> None:
        self._store = store
        self._sales = sales
        self._now = now
        self._packages = packages

    def transform(self, order: Record, body: Any, *, strict: bool) -> Record:
        """Ship what the body says; a line that it does not mention is shipped whole (documented)."""
        values = taken(body, FULFILLMENT, strict=strict)
        if self._sales.status(order) not in "BDE":
            raise user_error("You can not initialize itemfulfillment: invalid reference.")
        key = values.get("externalId")
        if key and self._store.find("itemFulfillment", f"eid:{key}"):
            raise user_error("This record already exists.", "externalId")
        asked = {}
        for i, item in enumerate(values.get("item") or []):
            row = taken(item, FULFILLMENT_LINE, strict=strict, path=f"item.items[{i}]")
            asked[int(row.get("orderLine") or 0)] = row
        shipped: dict[int, Decimal] = {}
        open_lines = self._open(order)
        strays = set(asked) - set(open_lines)
        if strays:
            raise bad_content(f"Invalid orderLine reference key {min(strays)}.", "item.items")
        for number, line in open_lines.items():
            row = asked.get(number, {})
            left = line["quantity"] - line["fulfilled"]
            quantity = row.get("quantity", left)
            if row.get("itemReceive", True) is False:
                continue
            if not ZERO < quantity <= left:
                raise user_error("You cannot fulfill more than the quantity remaining.", "item.items")
            shipped[number] = quantity
        if not shipped:
            raise user_error("You must have at least one valid line item for this transaction.", "item")
        packages = [
            taken(each, PACKAGE, strict=strict, path="package.items") for each in values.get("package") or []
        ]
        for number, quantity in shipped.items():
            open_lines[number]["fulfilled"] += quantity
        kept = packages if self._packages else []
        order["tracking"] += [
            each["packageTrackingNumber"] for each in kept if each.get("packageTrackingNumber")
        ]
        now = self._now().replace(microsecond=0)
        order["lastModifiedDate"] = now
        made: Record = {
            "externalId": key,
            "order": order["id"],
            "entity": order["entity"],
            "memo": values.get("memo"),
            "shipStatus": values.get("shipStatus") or "C",
            "shipped": shipped,
            "packages": kept,
            "lastModifiedDate": now,
            "tranDate": now.date().isoformat(),
        }
        self._store.add("itemFulfillment", made)
        made["tranId"] = f"IF{int(made['id']):05d}"
        return made

    def _open(self, order: Record) -> dict[int, Record]:
        return {
            line["line"]: line
            for line in order["lines"]
            if not line["isClosed"]
            and line["fulfilled"] < line["quantity"]
            and self._store.kinds["item"][line["item"]]["type"] not in UNSHIPPED
        }

    def told(self, made: Record, base: str) -> dict[str, Any]:
        """As a GET with expanded sublists answers."""
        address = f"{base}/itemFulfillment/{made['id']}"
        status = made["shipStatus"]
        lines = [
            {"orderLine": number, "quantity": quantity, "itemReceive": True}
            for number, quantity in made["shipped"].items()
        ]
        body = {
            "links": [{"rel": "self", "href": address}],
            "id": made["id"],
            "externalId": made["externalId"],
            "tranId": made["tranId"],
            "memo": made["memo"],
            "shipStatus": {"id": status, "refName": _SHIP_STATUSES.get(status, status)},
            "createdFrom": {"id": made["order"]},
            "item": sublist(lines, f"{address}/item"),
            "package": sublist([dict(each) for each in made["packages"]], f"{address}/package"),
        }
        return {name: value for name, value in body.items() if value is not None}
