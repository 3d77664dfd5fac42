"""SuiteQL's tables over the records: lower-case columns, T and F, times local to the account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from .sales import Sales
from .store import Record, Store
from .suiteql import Tables

__all__ = ["tables"]

_STORED = "%Y-%m-%d %H:%M:%S"


def _flag(value: Any) -> str:
    return "T" if value else "F"


def _day(value: str | None) -> str | None:
    return f"{value} 00:00:00" if value else None


def tables(store: Store, sales: Sales, zone: str, *, oneworld: bool, hidden: frozenset[str]) -> Tables:
    """Table → columns and rows. `hidden` are those that the role may not see; OneWorld alone has subsidiaries."""
    local = ZoneInfo(zone)

    def moment(value: datetime) -> str:
        return value.astimezone(local).strftime(_STORED)

    def rows(kind: str, columns: Sequence[tuple[str, Callable[[Record], Any]]]) -> Any:
        names = tuple(name for name, _ in columns)

        def made() -> list[tuple[Any, ...]]:
            return [tuple(read(record) for _, read in columns) for record in store.all(kind)]

        return names, made

    def field(name: str) -> Callable[[Record], Any]:
        return lambda record: record.get(name) or None

    own = [("subsidiary", field("subsidiary"))] if oneworld else []

    def transactions() -> list[tuple[Any, ...]]:
        orders = [
            (
                each["id"], each["tranId"], "SalesOrd", sales.status(each), each["externalId"], each["entity"],
                each.get("otherRefNum"), each.get("memo"), each["currency"], each.get("location"), None,
                moment(each["lastModifiedDate"]), moment(each["createdDate"]), _day(each["tranDate"]),
                str(sales.totals(each)[2]), each.get("subsidiary"),
            )
            for each in store.all("salesOrder")
        ]  # fmt: skip
        shipped = [
            (
                each["id"], each["tranId"], "ItemShip", each["shipStatus"], each["externalId"], each["entity"],
                None, each["memo"], None, None, each["order"], moment(each["lastModifiedDate"]),
                moment(each["lastModifiedDate"]), _day(each["tranDate"]), None, None,
            )
            for each in store.all("itemFulfillment")
        ]  # fmt: skip
        found = [*orders, *shipped]
        return found if oneworld else [row[:-1] for row in found]

    columns = (
        "id tranid type status externalid entity otherrefnum memo currency location createdfrom "
        "lastmodifieddate createddate trandate foreigntotal"
    ).split()

    def stock() -> list[tuple[Any, ...]]:
        return [
            (item["id"], place, str(amount), str(amount))
            for item in store.all("item")
            for place, amount in item["stock"].items()
        ]

    def lines() -> list[tuple[Any, ...]]:
        return [row for order in store.all("salesOrder") for row in _rows_of(order, store, sales)]

    everything: dict[str, Any] = {
        "transaction": ((*columns, "subsidiary") if oneworld else tuple(columns), transactions),
        "transactionline": (
            "transaction id item itemtype quantity foreignamount mainline taxline".split(),
            lines,
        ),
        "customer": rows(
            "customer",
            [
                ("id", field("id")),
                ("externalid", field("externalId")),
                ("entityid", field("entityId")),
                ("companyname", field("companyName")),
                ("firstname", field("firstName")),
                ("lastname", field("lastName")),
                ("email", field("email")),
                ("phone", field("phone")),
                ("isperson", lambda each: _flag(each.get("isPerson"))),
                ("isinactive", lambda each: _flag(each["isInactive"])),
                ("lastmodifieddate", lambda each: moment(each["lastModifiedDate"])),
                *own,
            ],
        ),
        "item": rows(
            "item",
            [
                ("id", field("id")),
                ("itemid", field("itemId")),
                ("displayname", field("displayName")),
                ("externalid", field("externalId")),
                ("upccode", field("upcCode")),
                ("itemtype", field("type")),
                ("isinactive", lambda each: _flag(each["isInactive"])),
            ],
        ),
        "currency": rows(
            "currency",
            [
                ("id", field("id")),
                ("name", field("name")),
                ("symbol", field("symbol")),
                ("isinactive", lambda each: _flag(each["isInactive"])),
            ],
        ),
        "location": rows("location", [("id", field("id")), ("name", field("name"))]),
        "aggregateitemlocation": (("item", "location", "quantityavailable", "quantityonhand"), stock),
    }
    if oneworld:
        everything["subsidiary"] = rows("subsidiary", [("id", field("id")), ("name", field("name"))])
    return {name: table for name, table in everything.items() if name not in hidden}


def _rows_of(order: Record, store: Store, sales: Sales) -> list[tuple[Any, ...]]:
    """An order's lines: the main line with its total, then what is sold, its head's shipping and discount, and taxes.

    What is earned is negative, as in the ledger; so are quantities.
    """
    _, tax, total = sales.totals(order)
    rows: list[tuple[Any, ...]] = [(order["id"], 0, None, None, None, str(total), "T", "F")]
    for line in order["lines"]:
        kind = store.kinds["item"][line["item"]]["type"]
        rows.append(
            (
                order["id"], line["line"], line["item"], kind, str(-line["quantity"]), str(-line["amount"]), "F", "F",
            )
        )  # fmt: skip
    last = max(line["line"] for line in order["lines"])
    shipping, discount = order.get("shippingCost"), sales.discount(order)
    if order.get("shipMethod") or shipping:
        last += 1
        rows.append((order["id"], last, None, "ShipItem", None, str(-(shipping or 0)), "F", "F"))
    if discount:
        last += 1
        rows.append((order["id"], last, order["discountItem"], "Discount", None, str(-discount), "F", "F"))
    if tax:
        rows.append((order["id"], last + 1, None, "TaxItem", None, str(-tax), "F", "T"))
    return rows
