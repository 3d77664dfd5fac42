"""What the contract suite asks of the shop's insides: orders, twins, coupons and webhook calls that nobody asked the API for."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from ordersync.model import Delivery
from ordersync.testing import Sandbox as _Sandbox
from ordersync_woocommerce.sandbox.hooks import Delivery as Call
from ordersync_woocommerce.sandbox.hooks import Hooks
from ordersync_woocommerce.sandbox.ordering import Orders
from ordersync_woocommerce.sandbox.populate import add_coupon, add_product
from ordersync_woocommerce.sandbox.records import Record, Store

__all__ = ["SECRET", "Levers"]

SECRET = "sandbox-webhook-secret"  # noqa: S105 - the sandbox's own, not a secret
TOPIC = "order.updated"
ADDRESS = "https://receiver.example/woocommerce"


class Levers(_Sandbox):
    """The levers."""

    store: Store
    orders: Orders
    hooks: Hooks

    @property
    def now(self) -> datetime:
        """The shop's time, in whole seconds."""
        return self.clock.now().replace(microsecond=0)

    def long_order(self, lines: int) -> str:
        """An order of so many lines, from the checkout."""
        with self.lock:
            goods = [
                row
                for row in self.store.products.values()
                if row["type"] == "simple" and row["status"] == "publish"
            ]
            rows = [{"product_id": goods[i % len(goods)]["id"], "quantity": 1} for i in range(lines)]
            return self._checkout(rows)

    def order_worth(self, total: Decimal) -> str:
        """One untaxed line. Raises ValueError for an amount that is finer than what the shop keeps."""
        if self.orders.rules.cut(total) != total:
            raise ValueError(f"the shop keeps {self.orders.rules.decimals} decimals; {total} has more")
        with self.lock:
            row = add_product(self.store, "", "Made to measure", str(total), self.now)
            return self._checkout([{"product_id": row["id"], "quantity": 1, "tax_class": "zero-rate"}])

    def _checkout(self, rows: list[Record]) -> str:
        body: dict[str, Any] = {
            "created_via": "checkout",
            "billing": {"first_name": "Buyer", "last_name": "Basalt", "country": "US", "state": "NY"},
            "payment_method": "card",
            "line_items": rows,
        }
        order = self.orders.create(body, self.now)
        self.orders.update(order, {"status": "processing"}, self.now)
        return str(order["id"])

    def delivery(self, order_id: str) -> Delivery:
        """The call of a webhook that hears of every change."""
        with self.lock:
            return self._out(self.hooks.call(self._hook(), int(order_id), self.now))

    def signed(self, body: bytes) -> Delivery:
        """The same call with another body."""
        with self.lock:
            return self._out(self.hooks.signed(self._hook(), body, self.now))

    def _hook(self) -> Record:
        """The suite's own webhook, made at the first call."""
        for row in self.store.webhooks.values():
            if row["delivery_url"] == ADDRESS:
                return row
        return self.hooks.add(TOPIC, ADDRESS, SECRET, self.now)

    def _out(self, call: Call) -> Delivery:
        return Delivery(headers=call.headers, body=call.body, received_at=self.now)

    def ambiguous_sku(self) -> str:
        """Twins, as imports leave them: the shop itself refuses a SKU that is there."""
        with self.lock:
            for _ in range(2):
                add_product(self.store, "TWIN-01", "Twin", "12.00", self.now)
        return "TWIN-01"

    def discount_code(self) -> str:
        """A coupon of five off the cart."""
        with self.lock:
            code: str = add_coupon(self.store, "FIVE-OFF", self.now, amount=Decimal(5))["code"]
        return code
