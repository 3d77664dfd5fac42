"""Webhook deliveries: made when an order changes, signed, and kept until somebody takes them. Nothing is sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from .records import SHOP_DOMAIN, Record, stamp

__all__ = ["Delivery", "deliveries_for", "signature", "topic_path"]


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
    now: Any,
) -> list[Delivery]:
    """The deliveries of one action: one per subscription and topic, all with the same event id."""
    event = str(uuid.UUID(int=dice.getrandbits(128), version=4))
    made = []
    for one in subscriptions:
        if one["topic"] not in topics:
            continue
        chosen = (
            {name: body[name] for name in one["includeFields"] if name in body}
            if one["includeFields"]
            else body
        )
        raw = json.dumps(chosen, separators=(",", ":"), ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic_path(one["topic"]),
            "X-Shopify-Shop-Domain": SHOP_DOMAIN,
            "X-Shopify-API-Version": one["version"],
            "X-Shopify-Webhook-Id": str(uuid.UUID(int=dice.getrandbits(128), version=4)),
            "X-Shopify-Event-Id": event,
            "X-Shopify-Triggered-At": stamp(now),
            "X-Shopify-Order-Id": str(body["id"]),
            "X-Shopify-Test": "false",
            "X-Shopify-Hmac-Sha256": signature(secret, raw),
        }
        if one["name"]:
            headers["X-Shopify-Name"] = one["name"]
        made.append(Delivery(one["topic"], one["uri"], headers, raw))
    return made
