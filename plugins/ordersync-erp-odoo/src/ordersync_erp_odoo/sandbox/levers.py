"""What the contract suite asks of the server's insides: sales that a person entered, twins, and what an automation rule sends."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from ordersync.model import Delivery
from ordersync.testing import Sandbox as SandboxKit
from ordersync.testing import seeds
from ordersync.web import dump

from .env import Env
from .lines import tax_field
from .store import Store

__all__ = ["WEBHOOK_SECRET", "Levers"]

WEBHOOK_SECRET = "sandbox-webhook-secret"  # noqa: S105 - the sandbox's own, not a secret


class Levers(SandboxKit):
    """The levers. A discount code is none of them: what Odoo has is an optional module that nothing here asks."""

    signs_bodies: ClassVar[bool] = False
    store: Store

    def admin(self) -> Env:
        """The administrator's surroundings, now."""
        raise NotImplementedError

    def long_order(self, lines: int) -> str:
        """A sale of so many lines, confirmed."""
        goods = [self._product(product.sku) for product in seeds.catalogue()]
        return self._sold([{"product_id": goods[turn % len(goods)]} for turn in range(lines)])

    def order_worth(self, total: Decimal) -> str:
        """A sale of one piece at this price, in dollars."""
        return self._sold([{"product_id": self._product(seeds.catalogue()[0].sku), "price_unit": total}])

    def _product(self, sku: str) -> int:
        return self.store.find("product.product", "default_code", sku)[0]

    def _sold(self, lines: list[Mapping[str, Any]]) -> str:
        with self.lock:
            env = self.admin()
            untaxed = {tax_field(env.version): [[5]], "product_uom_qty": 1}
            buyer = env.table("res.partner").make([{"name": "Buyer Basalt", "customer_rank": 1}])[0]
            orders = env.table("sale.order")
            made = orders.make([{"partner_id": buyer}])
            orders.write(made, {"order_line": [[0, 0, {**untaxed, **line}] for line in lines]})
            orders.action_confirm(made)  # type: ignore[attr-defined]
            return str(made[0])

    def delivery(self, order_id: str) -> Delivery:
        """What the action "Send Webhook Notification" posts, with the fields that a person chose.

        Odoo sets no headers: whoever received the call took the secret from the address and handed it on.
        """
        row = self.store.rows["sale.order"][int(order_id)]
        chosen = {
            "id": row["id"],
            "name": row["name"],
            "amount_total": row["amount_total"],
            "write_date": row["write_date"].strftime("%Y-%m-%d %H:%M:%S"),
        }
        sent = {"_action": "Tell ordersync(#512)", "_id": row["id"], "_model": "sale.order", **chosen}
        return self.signed(dump(sent))

    def signed(self, body: bytes) -> Delivery:
        """A call with any body: the secret is all that it proves itself with."""
        headers = {"content-type": "application/json", "x-ordersync-secret": WEBHOOK_SECRET}
        return Delivery(headers=headers, body=body, received_at=self.clock.now())

    def ambiguous_sku(self) -> str:
        """Two active products of one reference stand here from the start."""
        return "TWIN-01"

    def grown(self, answer: Any) -> Any:
        """What `get_external_id` answers is a map by record id: nothing is added to it."""
        if isinstance(answer, dict) and answer and all(key.isdecimal() for key in answer):
            return answer
        return super().grown(answer)
