"""Webhook deliveries: made when an order changes, signed, and kept until somebody takes them. Nothing is sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from .records import SHOP_DOMAIN, Record, stamp

__all__ = ["Delivery", "deliveries_for", "delivery_to", "new_id", "signature", "topic_path"]


@dataclass(frozen=True)
class Delivery:
    """One request as the platform would send it."""

    topic: str
    """`ORDERS_CREATE`."""
    uri: str
    headers: Mapping[str, str]
    body: bytes


def signature(secret: str, body: bytes) -> str:
    """What `X-Shopify-Hmac-Sha256` holds: base64 of HMAC-SHA256 over the raw body with the app's secret."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def topic_path(topic: str) -> str:
    """The topic as headers write it: `ORDERS_PARTIALLY_FULFILLED` → `orders/partially_fulfilled`."""
    noun, _, verb = topic.partition("_")
    return f"{noun}/{verb}".lower()


def deliveries_for(
    subscriptions: Sequence[Record],
    topics: Sequence[str],
    body: Mapping[str, Any],
    *,
    secret: str,
    dice: Random,
    now: datetime,
) -> list[Delivery]:
    """The deliveries of one action: one per subscription and topic, all with the same event id."""
    event = new_id(dice)
    return [
        delivery_to(one, body, event=event, secret=secret, dice=dice, now=now)
        for one in subscriptions
        if one["topic"] in topics
    ]


def delivery_to(
    subscription: Record,
    body: Mapping[str, Any] | bytes,
    *,
    event: str,
    secret: str,
    dice: Random,
    now: datetime,
) -> Delivery:
    """One delivery to one subscription: of an order, or of any bytes."""
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic_path(subscription["topic"]),
        "X-Shopify-Shop-Domain": SHOP_DOMAIN,
        "X-Shopify-API-Version": subscription["version"],
        "X-Shopify-Webhook-Id": new_id(dice),
        "X-Shopify-Event-Id": event,
        "X-Shopify-Triggered-At": stamp(now),
        "X-Shopify-Test": "false",
    }
    if isinstance(body, bytes):
        raw = body
    else:
        headers["X-Shopify-Order-Id"] = str(body["id"])
        wanted = subscription["includeFields"] or body
        chosen = {name: value for name, value in body.items() if name in wanted}
        raw = json.dumps(chosen, separators=(",", ":"), ensure_ascii=False).encode()
    headers["X-Shopify-Hmac-Sha256"] = signature(secret, raw)
    if subscription["name"]:
        headers["X-Shopify-Name"] = subscription["name"]
    return Delivery(subscription["topic"], subscription["uri"], headers, raw)


def new_id(dice: Random) -> str:
    """A delivery's or an event's id."""
    return str(uuid.UUID(int=dice.getrandbits(128), version=4))
