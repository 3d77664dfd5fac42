"""What the contract suite asks of a shop's insides: orders as buyers place them, deliveries, a code, twins."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import cycle, islice
from typing import Any

from ordersync import Delivery, rounded
from ordersync.testing.seeds import SeedLine, SeedOrder, catalogue, customers

from .admin import Admin
from .records import SHOP_CURRENCY, Record, gid
from .rest_out import order_body
from .seeding import TWIN_SKU, new_discount, sell
from .webhooks import delivery_to, new_id

__all__ = ["Levers"]

_RECEIVER = "https://receiver.example/hooks"
_CODE = "AUTUMN10"


class Levers(Admin):
    """What the suite pulls."""

    def long_order(self, lines: int) -> str:
        """A buyer orders one of each product, over and over; the global id."""
        return self._sold(
            SeedLine(one.title, 1, one.price, one.sku, one.variant)
            for one in islice(cycle(catalogue()), lines)
        )

    def order_worth(self, total: Decimal) -> str:
        """A custom line of this price, in the shop's currency: `totalPriceSet` holds each order's total in that one."""
        if rounded(total, SHOP_CURRENCY) != total:
            raise NotImplementedError(f"the shop's currency, {SHOP_CURRENCY}, cannot hold {total}")
        return self._sold([SeedLine("Made to measure", 1, total)])

    def delivery(self, order_id: str) -> Delivery:
        """`orders/updated`, the whole order as a body."""
        with self.lock:
            return self._sent(order_body(self.store, self._held(order_id)))

    def signed(self, body: bytes) -> Delivery:
        """`orders/updated` with this body."""
        with self.lock:
            return self._sent(body)

    def ambiguous_sku(self) -> str:
        """The shop is born with two variants of one SKU, both active."""
        return TWIN_SKU

    def discount_code(self) -> str:
        """A code of a tenth, active, without an end."""
        with self.lock:
            if not any(one["title"] == _CODE for one in self.store.discounts.values()):
                new_discount(self.store, _CODE, Decimal("0.1"))
        return _CODE

    def grown(self, answer: Any) -> Any:
        """As it is: a GraphQL answer holds the fields that were asked for, and nothing beside `data`, `errors` and
        `extensions`, so no object in it grows while the documents stay the same."""
        return answer

    def _sold(self, lines: Iterable[SeedLine]) -> str:
        with self.lock:
            now = self.clock.now().replace(microsecond=0)
            person = customers()[0]
            seed = SeedOrder(
                index=len(self.store.orders),
                kind="lever",
                currency=SHOP_CURRENCY,
                taxes_included=False,
                lines=tuple(lines),
                placed_at=now,
                updated_at=now,
                customer=person,
                email=person.email,
                address=person.address,
            )
            order = sell(self.store, seed)
            self._tell(order, ["ORDERS_CREATE"])
            return gid("Order", order["id"])

    def _sent(self, body: Record | bytes) -> Delivery:
        subscription: Record = {
            "topic": "ORDERS_UPDATED", "uri": _RECEIVER, "version": "2026-10", "name": None, "includeFields": [],
        }  # fmt: skip
        made = delivery_to(
            subscription,
            body,
            event=new_id(self.random),
            secret=self.webhook_secret,
            dice=self.random,
            now=self.clock.now(),
        )
        headers = {name.lower(): value for name, value in made.headers.items()}
        return Delivery(headers, made.body, self.clock.now())
