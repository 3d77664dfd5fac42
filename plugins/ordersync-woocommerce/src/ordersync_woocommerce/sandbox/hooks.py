"""Webhooks: their routes, and their calls as they go out."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ordersync.web import dump
from ordersync_woocommerce.sandbox.records import Record, Store
from ordersync_woocommerce.sandbox.refusing import Problem
from ordersync_woocommerce.sandbox.totals import Arithmetic
from ordersync_woocommerce.sandbox.views import Views
from ordersync_woocommerce.sandbox.visits import Answer, Visit, Work, known

MOST_FAILURES = 7
"""Failed deliveries in a row after which a webhook is switched off (seen)."""


@dataclass(frozen=True)
class Delivery:
    """A webhook call as it goes out."""

    webhook: int
    address: str
    headers: Mapping[str, str]
    body: bytes


__all__ = ["Delivery", "Hooks"]


class Hooks:
    """Answers for `/webhooks`, and calls."""

    def __init__(self, store: Store, rules: Arithmetic, version: str) -> None:
        self.store, self.rules, self.version = store, rules, version

    def routes(self) -> Mapping[str, Mapping[str, Work]]:
        """Path → verb → what answers it."""
        return {
            r"webhooks": {"GET": self._webhooks, "POST": self._create_webhook},
            r"webhooks/(\d+)": {
                "GET": self._webhook,
                "PUT": self._put_webhook,
                "DELETE": self._delete_webhook,
            },
        }

    def _webhooks(self, visit: Visit) -> Answer:
        status = visit.args.get("status", "all")
        rows = [row for row in self.store.webhooks.values() if status in ("all", row["status"])]
        return visit.page(rows, visit.views.webhook)

    def _create_webhook(self, visit: Visit) -> Answer:
        topic = str(visit.body.get("topic", ""))
        resource, _, event = topic.partition(".")
        if resource not in ("order", "product", "customer", "coupon") or event not in (
            "created",
            "updated",
            "deleted",
            "restored",
        ):
            raise Problem(
                400,
                "woocommerce_rest_shop_webhook_invalid_topic",
                "Webhook topic is required and must be valid.",
            )
        row = self.add(
            topic,
            str(visit.body.get("delivery_url", "")),
            str(visit.body.get("secret", "")),
            visit.now,
            name=str(visit.body.get("name") or topic),
        )
        return 201, visit.views.webhook(row), {}

    def add(self, topic: str, address: str, secret: str, now: datetime, *, name: str = "") -> Record:
        """A new webhook, whose ping waits to go out."""
        row: Record = {
            "id": self.store.next("webhook"),
            "name": name or topic,
            "status": "active",
            "topic": topic,
            "delivery_url": address,
            "secret": secret,
            "failures": 0,
            "created": now,
            "modified": None,
        }
        self.store.webhooks[row["id"]] = row
        self.store.queue.append({"webhook": row["id"], "order": 0, "topic": "ping", "at": now})
        return row

    def _webhook(self, visit: Visit, hook_id: int) -> Answer:
        return 200, visit.views.webhook(known(self.store.webhooks, hook_id, "shop_webhook")), {}

    def _put_webhook(self, visit: Visit, hook_id: int) -> Answer:
        row = known(self.store.webhooks, hook_id, "shop_webhook")
        row["status"], row["modified"] = str(visit.body.get("status", row["status"])), visit.now
        if row["status"] == "active":
            row["failures"] = 0
        return 200, visit.views.webhook(row), {}

    def _delete_webhook(self, visit: Visit, hook_id: int) -> Answer:
        row = known(self.store.webhooks, hook_id, "shop_webhook")
        del self.store.webhooks[hook_id]
        return 200, visit.views.webhook(row), {}

    def deliveries(self) -> list[Delivery]:
        """The webhook calls that wait, as they go out now: their bodies are the orders as they are now."""
        calls, self.store.queue = self.store.queue, []
        made = [self._delivery(call) for call in calls if call["webhook"] in self.store.webhooks]
        return [delivery for delivery in made if delivery is not None]

    def _delivery(self, call: Record) -> Delivery | None:
        hook = self.store.webhooks[call["webhook"]]
        if call["topic"] == "ping":
            form = {"content-type": "application/x-www-form-urlencoded"}
            return Delivery(hook["id"], hook["delivery_url"], form, f"webhook_id={hook['id']}".encode())
        if call["order"] not in self.store.orders:
            return None
        return self.call(hook, call["order"], call["at"])

    def call(self, hook: Record, order_id: int, at: datetime) -> Delivery:
        """What a webhook says of an order, as the order is now; `at` is when it happened."""
        order = self.store.orders[order_id]
        views = Views(self.store, self.rules, self.version, "http://woocommerce.example/wp-json/wc/v3")
        shown = {"id": order_id} if hook["topic"] == "order.deleted" else views.order(order)
        return self.signed(hook, dump(shown).replace(b"/", b"\\/"), at)

    def signed(self, hook: Record, body: bytes, at: datetime) -> Delivery:
        """A call of a webhook with this body."""
        digest = hmac.new(hook["secret"].encode(), body, hashlib.sha256).digest()
        second = int(at.timestamp())
        headers = {
            "user-agent": f"WooCommerce/{self.version} Hookshot (WordPress/7.1)",
            "content-type": "application/json",
            "x-wc-webhook-source": "http://woocommerce.example/",
            "x-wc-webhook-topic": hook["topic"],
            "x-wc-webhook-resource": "order",
            "x-wc-webhook-event": hook["topic"].partition(".")[2],
            "x-wc-webhook-signature": base64.b64encode(digest).decode(),
            "x-wc-webhook-id": str(hook["id"]),
            "x-wc-webhook-delivery-id": hashlib.sha256(f"{hook['id']} {second}".encode()).hexdigest()[:32],
        }
        return Delivery(hook["id"], hook["delivery_url"], headers, body)

    def told(self, delivery: Delivery, status: int) -> None:
        """What the receiver answered: after seven failures in a row the webhook is switched off, without a word."""
        hook = self.store.webhooks[delivery.webhook]
        hook["failures"] = 0 if 200 <= status <= 302 else hook["failures"] + 1
        if hook["failures"] >= MOST_FAILURES:
            hook["status"] = "disabled"
