"""Webhooks as the store sends them: thin, and signed as Standard Webhooks has it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from .store import Row

__all__ = ["Delivery", "deliveries", "delivery_to", "signature"]


@dataclass(frozen=True)
class Delivery:
    """One call: where to, and with what."""

    destination: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def signature(secret: str, number: str, stamp: str, body: bytes) -> str:
    """`v1,` and base64 of the HMAC-SHA256 of `id.timestamp.body`; the key is the client secret's own bytes."""
    content = b".".join((number.encode(), stamp.encode(), body))
    return "v1," + base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha256).digest()).decode()


def deliveries(
    hooks: Iterable[Row],
    scope: str,
    order: Row,
    more: Row,
    *,
    store_hash: str,
    secret: str,
    now: datetime,
    dice: Random,
) -> list[Delivery]:
    """What is sent to each hook of this scope."""
    data: dict[str, Any] = {"type": "order", "id": order["id"], **more}
    if "shipment" in more:
        data = {"type": "shipment", "id": more["shipment"], "orderId": order["id"]}
    made = []
    for hook in hooks:
        if hook["scope"] != scope or not hook["is_active"]:
            continue
        body = {
            "scope": scope,
            "store_id": "1025646",
            "data": data,
            "hash": f"{dice.getrandbits(160):040x}",
            "created_at": int(now.timestamp()),
            "producer": f"stores/{store_hash}",
        }
        raw = json.dumps(body, separators=(",", ":")).encode()
        made.append(delivery_to(hook, raw, secret=secret, now=now, dice=dice))
    return made


def delivery_to(hook: Row, body: bytes, *, secret: str, now: datetime, dice: Random) -> Delivery:
    """One call of one hook."""
    number, stamp = f"msg_{dice.getrandbits(64):016x}", str(int(now.timestamp()))
    headers = {
        "content-type": "application/json",
        "webhook-id": number,
        "webhook-timestamp": stamp,
        "webhook-signature": signature(secret, number, stamp, body),
        **{name.lower(): value for name, value in (hook["headers"] or {}).items()},
    }
    return Delivery(hook["destination"], body, headers)
