"""Webhooks: is a delivery genuine, and what does it say; making and removing subscriptions.

The body is the order as it is when the delivery goes out, not as it was. Nothing in it says when it was signed, so there is
no replay window: an event is thin, and the order is read again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError

from ordersync import (
    AccessDenied,
    BadInput,
    BadSettings,
    Delivery,
    Event,
    NotFound,
    NotOffered,
    Subscription,
)
from ordersync.web import read
from ordersync_woocommerce import wire
from ordersync_woocommerce.shop import Shop, read_as

__all__ = ["TOPICS", "event_of", "is_ping", "subscribe", "unsubscribe", "verify"]

TOPICS = ("order.created", "order.updated", "order.deleted", "order.restored")
_PING = re.compile(rb"webhook_id=\d+")


def is_ping(delivery: Delivery) -> bool:
    """The first call of a new webhook: a form with its id alone, which is never signed (seen). It says nothing."""
    return "x-wc-webhook-signature" not in delivery.headers and bool(_PING.fullmatch(delivery.body))


def verify(delivery: Delivery, secrets: Iterable[str]) -> None:
    """The header holds base64 of the HMAC-SHA256 of the raw body under the secret in UTF-8.

    Raises AccessDenied if no secret gives the signature.
    """
    keys = [secret.encode() for secret in secrets]
    if not keys:
        raise AccessDenied(
            "Webhooks cannot be verified without their secret.", remedy="Set `webhook_secret`."
        )
    given = delivery.headers.get("x-wc-webhook-signature", "").encode("utf-8", "replace")
    wanted = [base64.b64encode(hmac.new(key, delivery.body, hashlib.sha256).digest()) for key in keys]
    if not any([hmac.compare_digest(given, signature) for signature in wanted]):  # noqa: C419 - each is compared
        raise AccessDenied(
            "The webhook's signature does not verify.",
            remedy="Check that `webhook_secret` is the secret of this webhook in WooCommerce.",
        )


def event_of(delivery: Delivery) -> Event | None:
    """What a verified delivery says; None if it is not about an order.

    Its id is a digest: the shop's own delivery ids repeat for all that happens to one webhook within a second (seen).
    Raises BadInput if it is about an order and names none.
    """
    topic = delivery.headers.get("x-wc-webhook-topic", "")
    if topic not in TOPICS:
        return None
    body: Any = read(delivery.body)
    order = None
    try:
        order = wire.Order.model_validate(body)
    except ValidationError:
        pass
    if order is None or order.id < 1:
        raise BadInput("The webhook names no order.")
    digest = hashlib.sha256(topic.encode() + b"\n" + delivery.body).hexdigest()
    return Event(id=digest, topic=topic, order_id=str(order.id), happened_at=order.date_modified_gmt)


def subscribe(shop: Shop, address: str, topics: Sequence[str], secrets: Sequence[str]) -> list[Subscription]:
    """One webhook per topic: the one that stands, switched on again if the shop switched it off, or a new one."""
    unknown = [topic for topic in topics if topic not in TOPICS]
    if unknown:
        raise NotOffered(
            f"WooCommerce has no webhook for {', '.join(unknown)}.", remedy=f"It has {', '.join(TOPICS)}."
        )
    if not secrets:
        raise BadSettings("A webhook needs a secret to be verified by.", remedy="Set `webhook_secret`.")
    standing = {
        hook.topic: hook for hook in shop.rows(wire.Webhook, "webhooks") if hook.delivery_url == address
    }
    made = []
    for topic in topics:
        hook = standing.get(topic)
        if hook is None:
            asked = {
                "name": f"ordersync {topic}",
                "topic": topic,
                "delivery_url": address,
                "secret": secrets[0],
            }
            hook = read_as(wire.Webhook, shop.post("webhooks", asked).data, wrote=True)
        elif hook.status != "active":
            shop.put(f"webhooks/{hook.id}", {"status": "active"})
        made.append(Subscription(id=str(hook.id), topic=topic, address=address))
    return made


def unsubscribe(shop: Shop, subscription: Subscription) -> None:
    """Remove it; one that is gone is no error."""
    try:
        shop.delete(f"webhooks/{subscription.id}", force="true")
    except NotFound:
        return
