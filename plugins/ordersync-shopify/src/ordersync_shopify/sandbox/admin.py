"""What people do in the shop's admin, and the webhooks that tell of it. Nothing here goes over the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ordersync.testing import Sandbox

from .quirks import DuplicateWebhooks, ShuffledWebhooks
from .records import Record, gid, number_of
from .rest_in import load_order
from .rest_out import order_body
from .store import Store
from .undoing import refund_order, run_due
from .webhooks import Delivery, deliveries_for

__all__ = ["Admin"]


class Admin(Sandbox):
    """The back of the shop."""

    store: Store
    webhook_secret: str
    deliveries: list[Delivery]

    def _tell(self, order: Record, topics: Sequence[str]) -> None:
        """Queue the deliveries of what happened to an order."""
        wanted = [one for one in self.store.subscriptions.values() if one["topic"] in topics]
        if wanted:
            self.deliveries.extend(
                deliveries_for(
                    wanted,
                    topics,
                    order_body(self.store, order),
                    secret=self.webhook_secret,
                    dice=self.random,
                    now=self.clock.now(),
                )
            )

    def hand_out(self) -> list[Delivery]:
        """The queued webhook deliveries, oldest first; they are not queued any longer."""
        with self.lock:
            run_due(self.store, self._tell)
            taken, self.deliveries = self.deliveries, []
            if twice := self.quirk(DuplicateWebhooks):
                taken *= twice.whole("times")
            if shuffled := self.quirk(ShuffledWebhooks):
                shuffled.dice.shuffle(taken)
            return taken

    def load_rest_order(self, body: Mapping[str, Any]) -> str:
        """Make an order of a REST body (as webhooks carry it; also wrapped in `order`), with its own amounts; answers
        the order's global id. Variants, products and the customer are made if they are missing."""
        with self.lock:
            inner = body.get("order", body)
            order = load_order(self.store, inner)
            return gid("Order", order["id"])

    def rest_order(self, id: str) -> dict[str, Any]:
        """A standing order in the REST shape; `id` is global or the number."""
        with self.lock:
            return order_body(self.store, self._held(id))

    def remove_units(self, id: str, position: int, units: int) -> None:
        """Edit an order: take units of a line out (before they are sent). Totals fall, `quantity` stays."""
        with self.lock:
            order = self._held(id)
            order["lines"][position]["removed"] += units
            order.update(edited=True, stated={})
            self.store.put_order(order)
            self._tell(order, ["ORDERS_EDITED", "ORDERS_UPDATED"])

    def refund(self, id: str, units: Mapping[int, int], *, shipping: bool = False) -> str:
        """Refund units of lines (position → units), and the shipping if asked; answers the refund's global id."""
        with self.lock:
            order = self._held(id)
            chosen = {order["lines"][place]["id"]: count for place, count in units.items()}
            made = refund_order(self.store, order, chosen, restock="RETURN", shipping=shipping, note=None)
            self.store.put_order(order)
            self._tell(order, ["REFUNDS_CREATE", "ORDERS_UPDATED"])
            return gid("Refund", made["id"])

    def touch(self, id: str) -> None:
        """Change an order's `updatedAt` to now, as a comment or a tag in the admin does."""
        with self.lock:
            order = self._held(id)
            self.store.put_order(order)
            self._tell(order, ["ORDERS_UPDATED"])

    def _held(self, id: str) -> Record:
        return self.store.orders[number_of(id, "Order") or 0]
