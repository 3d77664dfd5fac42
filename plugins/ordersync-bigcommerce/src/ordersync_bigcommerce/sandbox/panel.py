"""What people do in the store's control panel, and the webhooks that tell of it. Nothing here goes over the network."""

from __future__ import annotations

from decimal import Decimal

from ordersync.testing import Sandbox

from .hooks import Delivery, deliveries
from .quirks import DuplicateWebhooks
from .store import STORE_HASH, Row, Store, sums

__all__ = ["Panel"]


class Panel(Sandbox):
    """The back of the store."""

    store: Store
    client_secret: str
    deliveries: list[Delivery]

    def _tell(self, scope: str, order: Row, more: Row) -> None:
        """Queue the deliveries of what happened to an order."""
        self.deliveries.extend(
            deliveries(
                self.store.hooks.values(),
                scope,
                order,
                more,
                store_hash=STORE_HASH,
                secret=self.client_secret,
                now=self.clock.now(),
                dice=self.random,
            )
        )

    def hand_out(self) -> list[Delivery]:
        """The queued webhook deliveries, oldest first; they are not queued any longer."""
        with self.lock:
            taken, self.deliveries = self.deliveries, []
            twice = self.quirk(DuplicateWebhooks)
            return taken * twice.whole("times") if twice else taken

    def set_status(self, id: str, status: int) -> None:
        """Change an order's status."""
        with self.lock:
            order = self.store.orders[int(id)]
            before, order["status_id"] = order["status_id"], status
            self.store.touch(order, self.clock.now())
            more = {"status": {"previous_status_id": before, "new_status_id": status}}
            self._tell("store/order/statusUpdated", order, more)

    def edit_notes(self, id: str, text: str) -> None:
        """Write the staff notes anew."""
        with self.lock:
            order = self.store.orders[int(id)]
            order["staff_notes"] = text
            self.store.touch(order, self.clock.now())

    def refund(self, id: str, amount: Decimal, *, units: int = 0) -> None:
        """Give money back for an order; `units` of its first line are marked as refunded."""
        with self.lock:
            order = self.store.orders[int(id)]
            self.store.add(
                "refunds",
                {
                    "order_id": order["id"], "amount": amount, "tax": Decimal(0), "reason": "Returned",
                    "created": self.clock.now().replace(microsecond=0),
                },
            )  # fmt: skip
            order["lines"][0]["refunded"] += units
            order["status_id"] = 4 if amount >= sums(order)["total_inc_tax"] else 14
            self.store.touch(order, self.clock.now())
            self._tell("store/order/refund/created", order, {"refund": {"refund_id": 1}})
