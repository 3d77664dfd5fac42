"""Webhooks: is a delivery genuine, what does it say, and which ones there are.

Signed as Standard Webhooks has it: `webhook-signature` holds `v1,` and base64 of the HMAC-SHA256 of
`webhook-id.webhook-timestamp.body` under the API account's client secret, several separated by spaces.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr

from ordersync import AccessDenied, BadInput, Delivery, Event
from ordersync.web import read

__all__ = ["TOKEN_HEADER", "TOPICS", "events", "verify"]

TOPICS = {
    "order.created": "store/order/created",
    "order.updated": "store/order/updated",
    "order.status": "store/order/statusUpdated",
    "order.archived": "store/order/archived",
    "order.refunded": "store/order/refund/created",
    "order.paid": "store/order/transaction/created",
    "order.fulfilled": "store/shipment/created",
}
"""Our topics → scopes of BigCommerce's webhooks."""
OUR_TOPICS = {theirs: ours for ours, theirs in TOPICS.items()} | {
    "store/order/transaction/updated": "order.paid",
    "store/order/message/created": "order.updated",
    "store/shipment/updated": "order.updated",
    "store/shipment/deleted": "order.updated",
}
TOKEN_HEADER = "x-ordersync-token"  # noqa: S105 - a header's name
OLDEST = timedelta(minutes=5)
"""By how much a delivery's own time may differ from ours: an older one may be a replay."""


def verify(delivery: Delivery, secrets: tuple[bytes, ...], token: SecretStr | None, store_hash: str) -> None:
    """Raises AccessDenied if the delivery is not signed by the client secret, is too old, lacks the agreed token, or
    is another store's. Where both are set, both must be right."""
    if not secrets and token is None:
        raise AccessDenied(
            "Webhooks cannot be verified without a secret.", remedy="Set `client_secret` or `webhook_token`."
        )
    if token is not None:
        given = delivery.headers.get(TOKEN_HEADER, "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, token.get_secret_value().encode()):
            raise AccessDenied(
                "The webhook lacks the agreed token.", remedy="Subscribe again, so that BigCommerce sends it."
            )
    if secrets:
        _verify_signature(delivery, secrets)
    body = read(delivery.body)
    producer = body.get("producer") if isinstance(body, Mapping) else None
    if isinstance(producer, str) and producer and producer != f"stores/{store_hash}":
        raise AccessDenied(
            "The webhook is another store's.", remedy="Each store's webhooks need their own address."
        )


def _verify_signature(delivery: Delivery, secrets: tuple[bytes, ...]) -> None:
    number, stamp = delivery.headers.get("webhook-id", ""), delivery.headers.get("webhook-timestamp", "")
    given = [
        part[3:].encode("utf-8", "replace")
        for part in delivery.headers.get("webhook-signature", "").split()
        if part.startswith("v1,")
    ]
    content = f"{number}.{stamp}.".encode("utf-8", "replace") + delivery.body
    wanted = [base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()) for secret in secrets]
    right = [hmac.compare_digest(one, other) for one in given for other in wanted]
    if not number or not any(right):
        raise AccessDenied(
            "The webhook's signature does not verify.",
            remedy="Check that `client_secret` is that of the API account that made the subscription.",
        )
    moment = _epoch(stamp)
    if moment is None or abs(delivery.received_at - moment) > OLDEST:
        raise AccessDenied("The webhook is too old, or its time is not ours.", remedy="Check the clock.")


def events(delivery: Delivery) -> tuple[Event, ...]:
    """What a verified delivery says. Scopes that are not about an order say nothing.

    The body is thin: `{"scope", "store_id", "producer", "hash", "created_at", "data": {"type", "id", …}}`. Raises
    BadInput if it is not JSON, or names no order though its scope is about one.
    """
    body = read(delivery.body)
    if not isinstance(body, Mapping):
        raise BadInput("The webhook's body is no object.")
    topic = OUR_TOPICS.get(str(body.get("scope") or ""))
    if topic is None:
        return ()
    data = body.get("data")
    order_id = _order_id(data) if isinstance(data, Mapping) else None
    if order_id is None:
        raise BadInput("The webhook names no order.")
    return (
        Event(
            id=_event_id(delivery, body),
            topic=topic,
            order_id=order_id,
            happened_at=_epoch(body.get("created_at")),
        ),
    )


def _order_id(data: Mapping[str, Any]) -> str | None:
    """A shipment names its order by `orderId`, a transaction by `order_id`, an order by its own `id`."""
    for name in ("orderId", "order_id", "id"):
        found = data.get(name)
        if isinstance(found, int | str) and not isinstance(found, bool) and found:
            return str(found)
    return None


def _event_id(delivery: Delivery, body: Mapping[str, Any]) -> str:
    """The hash, which duplicates share; the vendor's samples repeat one hash for different scopes of one order."""
    told = body.get("hash")
    if isinstance(told, str) and told:
        return f"{told}:{body.get('scope')}:{body.get('created_at', '')}"
    return delivery.headers.get("webhook-id") or hashlib.sha256(delivery.body).hexdigest()


def _epoch(value: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
