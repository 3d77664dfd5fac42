"""Webhooks: is a delivery genuine, and what does it say."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ordersync import AccessDenied, BadInput, Delivery, Event
from ordersync.web import read
from ordersync_shopify.marks import gid

__all__ = ["OUR_TOPICS", "TOPICS", "events", "verify"]

TOPICS = {
    "order.created": "ORDERS_CREATE",
    "order.updated": "ORDERS_UPDATED",
    "order.edited": "ORDERS_EDITED",
    "order.paid": "ORDERS_PAID",
    "order.fulfilled": "ORDERS_FULFILLED",
    "order.partially_fulfilled": "ORDERS_PARTIALLY_FULFILLED",
    "order.cancelled": "ORDERS_CANCELLED",
    "order.deleted": "ORDERS_DELETE",
    "order.refunded": "REFUNDS_CREATE",
}
"""Our topics → `WebhookSubscriptionTopic`."""
OUR_TOPICS = {theirs: ours for ours, theirs in TOPICS.items()}


def verify(delivery: Delivery, secrets: Iterable[bytes], shop: str) -> None:
    """The header holds base64 of the HMAC-SHA256 of the raw body; after a rotation the old secret signs for an hour.

    Raises AccessDenied if no secret gives the signature, or if another shop's delivery came here: one app signs for
    all of its shops with one secret.
    """
    secrets = tuple(secrets)
    if not secrets:
        raise AccessDenied(
            "Webhooks cannot be verified without the app's secret.", remedy="Set `webhook_secret`."
        )
    given = delivery.headers.get("x-shopify-hmac-sha256", "").encode("utf-8", "replace")
    wanted = [
        base64.b64encode(hmac.new(secret, delivery.body, hashlib.sha256).digest()) for secret in secrets
    ]
    if not any([hmac.compare_digest(given, signature) for signature in wanted]):  # noqa: C419 - each is compared
        raise AccessDenied(
            "The webhook's signature does not verify.",
            remedy="Check that `webhook_secret` is the client secret of the app that made the subscription.",
        )
    sender = delivery.headers.get("x-shopify-shop-domain", "").lower()
    if sender and sender != shop:
        raise AccessDenied(
            "The webhook is another shop's.", remedy="Each shop's webhooks need their own address."
        )


def events(delivery: Delivery) -> tuple[Event, ...]:
    """What a verified delivery says. Topics that are not about an order say nothing (privacy requests, tests).

    Raises BadInput if the body is not JSON, or names no order though its topic is about one.
    """
    topic = delivery.headers.get("x-shopify-topic", "").replace("/", "_").upper()
    ours = OUR_TOPICS.get(topic)
    if ours is None:
        return ()
    order_id = _order_id(topic, read(delivery.body))
    if order_id is None:
        raise BadInput("The webhook names no order.")
    return (
        Event(
            id=_event_id(delivery),
            topic=ours,
            order_id=gid("Order", order_id),
            happened_at=_time(delivery.headers.get("x-shopify-triggered-at")),
        ),
    )


def _order_id(topic: str, body: Any) -> str | None:
    """Bodies have the shape of the older REST API: ids are numbers, beyond 2^53, which are read exactly."""
    if not isinstance(body, Mapping):
        return None
    if topic == "ORDERS_EDITED":
        body, name = body.get("order_edit") or {}, "order_id"
    else:
        name = "order_id" if topic == "REFUNDS_CREATE" else "id"
    found = body.get(name)
    return str(found) if found else None


def _event_id(delivery: Delivery) -> str:
    """One per delivery and the same when it is repeated; without a header the body's own digest."""
    for header in ("x-shopify-webhook-id", "x-shopify-event-id"):
        if delivery.headers.get(header):
            return delivery.headers[header]
    return hashlib.sha256(delivery.body).hexdigest()


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else None
