"""Orders V2: lists, filters, an order's own lists, and what is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from . import order_rows
from .faults import v2
from .intake import change_order, ship, take_order
from .store import Row, Store, sums

__all__ = ["Orders"]

SORTS = {
    "id": "id", "customer_id": "customer_id", "date_created": "created", "date_modified": "modified",
    "status_id": "status_id", "channel_id": "channel_id", "external_id": "id",
}  # fmt: skip


@dataclass
class Orders:
    """The orders of a store. `now` is the moment of the request."""

    store: Store
    base: str
    now: datetime
    tell: Callable[[str, Row, Row], None]
    currency: str
    currencies: set[str]
    rounding: bool
    lag: timedelta
    cap: int
    ignored: frozenset[str] = frozenset()
    exclusive: bool = False
    bare: bool = False
    """Consignments have no lines."""

    def listed(self, query: Mapping[str, str]) -> Any:
        """`GET /v2/orders`: an array, or an empty 204."""
        asked = {name: value for name, value in query.items() if name not in self.ignored}
        found = [
            order
            for order in self.store.orders.values()
            if not order["archived"] and order["listed_from"] <= self.now and self._matches(order, asked)
        ]
        field, _, way = query.get("sort", "id:asc").partition(":")
        found.sort(key=lambda order: (order[SORTS.get(field, "id")], order["id"]), reverse=way == "desc")
        page = self._page(found, query)
        return [self._row(order, query) for order in page] or None

    def one(self, number: int, query: Mapping[str, str]) -> Row:
        """`GET /v2/orders/{id}`."""
        return self._row(self._order(number), query)

    def created(self, body: Any, query: Mapping[str, str]) -> Row:
        """`POST /v2/orders`: no key is unique, and the same body twice makes two."""
        order = take_order(
            self.store,
            body,
            self.now,
            currency=self.currency,
            currencies=self.currencies,
            rounding=self.rounding,
        )
        order["listed_from"] = self.now + self.lag
        self.store.add("orders", order)
        if order["status_id"] not in (0, 4, 5, 6):
            self._stock(order, -1)
        self.tell("store/order/created", order, {})
        return self._row(order, query)

    def changed(self, number: int, body: Any) -> Row:
        """`PUT /v2/orders/{id}`: nothing can be included in its answer."""
        order = self._order(number)
        before = order["status_id"]
        changed = change_order(self.store, order, body)
        if changed:
            self.store.touch(order, self.now)
            self.tell("store/order/updated", order, {})
        if order["status_id"] != before:
            status = {"previous_status_id": before, "new_status_id": order["status_id"]}
            self.tell("store/order/statusUpdated", order, {"status": status})
        return self._row(order, {})

    def archived(self, number: int) -> None:
        """`DELETE /v2/orders/{id}`."""
        order = self._order(number)
        order["archived"] = True
        self.store.touch(order, self.now)
        self.tell("store/order/archived", order, {})

    def part(self, number: int, what: str, query: Mapping[str, str]) -> Any:
        """`GET /v2/orders/{id}/products` and the others; fifty rows on a page at most."""
        order = self._order(number)
        if what == "fees":
            return {"fees": [order_rows.fee_row(fee) for fee in order["fees"]]}
        made: dict[str, Callable[[], list[Row]]] = {
            "products": lambda: [order_rows.line_row(order, line) for line in order["lines"]],
            "shipping_addresses": lambda: [
                order_rows.shipping_row(order, place, self.base) for place in order["addresses"]
            ],
            "taxes": lambda: order_rows.tax_rows(order, details=query.get("details") == "true"),
            "shipments": lambda: [order_rows.shipment_row(order, one) for one in order["shipments"]],
            "coupons": lambda: [self._coupon(order, one) for one in order["coupons"]],
        }
        return self._page(made[what](), query, most=50) or None

    def shipped(self, number: int, body: Any) -> Row:
        """`POST /v2/orders/{id}/shipments`."""
        order = self._order(number)
        before = order["status_id"]
        shipment = ship(self.store, order, body, self.now)
        self.store.touch(order, self.now)
        self.tell("store/shipment/created", order, {"shipment": shipment["id"]})
        if order["status_id"] != before:
            status = {"previous_status_id": before, "new_status_id": order["status_id"]}
            self.tell("store/order/statusUpdated", order, {"status": status})
        return order_rows.shipment_row(order, shipment)

    def refunds(self, number: int) -> list[Row]:
        """`GET /v3/orders/{id}/payment_actions/refunds`."""
        self._order(number)
        return [
            order_rows.refund_row(one) for one in self.store.refunds.values() if one["order_id"] == number
        ]

    def all_refunds(self, query: Mapping[str, str]) -> Row:
        """`GET /v3/orders/payment_actions/refunds`: of all orders, or of those in `order_id:in`, by id. The documented
        answer does not say how many pages there are."""
        wanted = query.get("order_id:in") if "order_id:in" not in self.ignored else None
        found = [
            order_rows.refund_row(one)
            for one in sorted(self.store.refunds.values(), key=lambda one: one["id"])
            if wanted is None or str(one["order_id"]) in wanted.split(",")
        ]
        return {"data": self._page(found, query), "meta": {}}

    def _order(self, number: int) -> Row:
        order = self.store.orders.get(number)
        if order is None:
            raise v2(404, "The requested resource was not found.")
        return order

    def _row(self, order: Row, query: Mapping[str, str]) -> Row:
        included = frozenset(filter(None, query.get("include", "").split(",")))
        if query.get("consignment_structure") != "object":
            included -= {"consignments", "consignments.line_items"}
        row = order_rows.order_row(order, self.base, included=included, currency=self.currency)
        if self.bare:
            for part in (*row["consignments"].get("shipping", ()), *row["consignments"].get("downloads", ())):
                part["line_items"] = []
        return row

    def _coupon(self, order: Row, used: Row) -> Row:
        return {
            "id": used["id"],
            "coupon_id": 1,
            "order_id": order["id"],
            "code": used["code"],
            "amount": order_rows.text(used["amount"]),
            "type": 2,
            "discount": order_rows.plain(order["coupon_discount"]),
        }

    def _stock(self, order: Row, sign: int) -> None:
        for line in order["lines"]:
            if line["variant_id"] in self.store.variants:
                self.store.variants[line["variant_id"]]["stock"] += sign * line["quantity"]

    def _page(self, rows: list[Row], query: Mapping[str, str], most: int = 250) -> list[Row]:
        size, page = _whole(query.get("limit"), 50), _whole(query.get("page"), 1)
        if size > 250:
            raise v2(413, "The limit is too large.")
        size = min(size, most, self.cap)
        return rows[(page - 1) * size : page * size]

    def _matches(self, order: Row, asked: Mapping[str, str]) -> bool:
        """By the filters that are understood; what is not, be it a name or a value, is passed over."""
        total = sums(order)["total_inc_tax"]
        for name, held in (("status_id", order["status_id"]), ("customer_id", order["customer_id"])):
            if name in asked and asked[name] != str(held):
                return False
        if "external_order_id" in asked and asked["external_order_id"] != order["external_order_id"]:
            return False
        if "email" in asked and asked["email"].lower() != order["billing"].get("email", "").lower():
            return False
        if "min_id" in asked and order["id"] < _whole(asked["min_id"], 0):
            return False
        if "max_id" in asked and order["id"] > _whole(asked["max_id"], order["id"]):
            return False
        if "min_total" in asked and total < _whole(asked["min_total"], 0):
            return False
        for name, field in (("created", "created"), ("modified", "modified")):
            low, high = _moment(asked.get(f"min_date_{name}")), _moment(asked.get(f"max_date_{name}"))
            if low and (order[field] < low or (self.exclusive and order[field] == low)):
                return False
            if high and order[field] > high:
                return False
        return True


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdigit() and int(text) > 0 else otherwise


def _moment(text: str | None) -> datetime | None:
    """RFC 2822 or ISO 8601; None, as if nothing had been asked, for anything else."""
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        try:
            time = parsedate_to_datetime(text)
        except (ValueError, TypeError):
            return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
