"""The routes of orders: one by one, in batches, with notes and refunds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ordersync_woocommerce.sandbox.ordering import Fatal, Orders
from ordersync_woocommerce.sandbox.records import Record
from ordersync_woocommerce.sandbox.refusing import ORDER_BODY, ORDER_LIST, Problem, check
from ordersync_woocommerce.sandbox.visits import Answer, Visit, Work

LARGEST_BATCH = 100
TOO_LARGE = "Unable to accept more than 100 items for this request."

__all__ = ["LARGEST_BATCH", "TOO_LARGE", "OrderDesk"]


class OrderDesk:
    """Answers for `/orders`."""

    def __init__(self, orders: Orders) -> None:
        self.orders, self.store = orders, orders.store

    def routes(self) -> Mapping[str, Mapping[str, Work]]:
        """Path → verb → what answers it."""
        return {
            r"orders": {"GET": self._orders, "POST": self._create_order},
            r"orders/batch": {"POST": self._batch, "PUT": self._batch},
            r"orders/(\d+)": {
                "GET": self._order,
                "POST": self._put_order,
                "PUT": self._put_order,
                "DELETE": self._delete_order,
            },
            r"orders/(\d+)/notes": {"GET": self._notes, "POST": self._add_note},
            r"orders/(\d+)/refunds": {"GET": self._refunds, "POST": self._refund},
        }

    def _orders(self, visit: Visit) -> Answer:
        check(visit.args, ORDER_LIST)
        dp = int(visit.args["dp"]) if "dp" in visit.args else None
        return visit.page(self.orders.found(visit.args), lambda row: visit.views.order(row, dp))

    def _create_order(self, visit: Visit) -> Answer:
        check(visit.body, ORDER_BODY)
        order = self.orders.create(visit.body, visit.now)
        return 201, visit.views.order(order), {}

    def _order(self, visit: Visit, order_id: int) -> Answer:
        return 200, visit.views.order(self.orders.get(order_id)), {}

    def _put_order(self, visit: Visit, order_id: int) -> Answer:
        check(visit.body, ORDER_BODY)
        order = self.orders.update(self.orders.get(order_id, 400), visit.body, visit.now)
        return 200, visit.views.order(order), {}

    def _delete_order(self, visit: Visit, order_id: int) -> Answer:
        """For good, nothing is said to webhooks."""
        order = self.orders.get(order_id)
        shown = visit.views.order(order)
        if visit.args.get("force") == "true":
            del self.store.orders[order_id]
        else:
            self.orders.trash(order, visit.now)
        return 200, shown, {}

    def _batch(self, visit: Visit) -> Answer:
        """Entry by entry: what fails says so in its place; what is fatal leaves the earlier ones standing."""
        verbs = {verb: visit.body.get(verb) for verb in ("create", "update", "delete") if verb in visit.body}
        lists = {verb: rows for verb, rows in verbs.items() if isinstance(rows, list)}
        if sum(len(rows) for rows in lists.values()) > LARGEST_BATCH:
            raise Problem(413, "woocommerce_rest_request_entity_too_large", TOO_LARGE)
        answer: Record = {}
        for verb, rows in lists.items():
            answer[verb] = [self._entry(visit, verb, row) for row in rows]
        return 200, answer or [], {}

    def _entry(self, visit: Visit, verb: str, row: Any) -> Any:
        known = row.get("id", 0) if isinstance(row, Mapping) else row
        try:
            if verb == "create":
                if not isinstance(row, Mapping):
                    raise Fatal
                return visit.views.order(self.orders.create(row, visit.now, batch=True))
            order = self.orders.get(int(known), 400)
            if verb == "update":
                return visit.views.order(self.orders.update(order, row, visit.now, batch=True))
            shown = visit.views.order(order)
            del self.store.orders[order["id"]]
            return shown
        except Problem as problem:
            return {"id": 0 if verb == "create" else known, "error": problem.body}

    def _notes(self, visit: Visit, order_id: int) -> Answer:
        rows = list(reversed(self.orders.get(order_id)["notes"]))
        return 200, [visit.views.note(order_id, row) for row in rows], {}

    def _add_note(self, visit: Visit, order_id: int) -> Answer:
        note = {
            "id": self.store.next("note"),
            "created": visit.now,
            "note": str(visit.body.get("note", "")),
            "customer_note": bool(visit.body.get("customer_note")),
        }
        self.orders.get(order_id)["notes"].append(note)
        return 201, visit.views.note(order_id, note), {}

    def _refunds(self, visit: Visit, order_id: int) -> Answer:
        order = self.orders.get(order_id)
        rows = list(reversed(order["refunds"]))
        return visit.page(rows, lambda row: visit.views.refund(order_id, row))

    def _refund(self, visit: Visit, order_id: int) -> Answer:
        row = self.orders.refund(self.orders.get(order_id), visit.body, visit.now)
        return 201, visit.views.refund(order_id, row), {}
