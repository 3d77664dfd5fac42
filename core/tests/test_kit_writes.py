"""What a write sets off and what keeps it from happening twice: the kit's webhooks and idempotency keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ordersync.testing.kit import (
    Fault,
    HmacSigned,
    IdempotencyKeys,
    StandardSigned,
    Webhooks,
)
from ordersync.web import (
    VirtualClock,
)

sys.path.insert(0, str(Path(__file__).parent))
from kit_sample import START, Plain, http, made


def hooked(signed: Any, **more: Any) -> Plain:
    sandbox = made(Webhooks(signed, topic_header="X-Topic", id_header="X-Id"), "webhooks", **more)
    sandbox.webhooks.subscribe("order.*", "https://one.example/")
    sandbox.webhooks.subscribe("order.updated", "https://other.example/")
    return sandbox


def test_deliveries_go_to_who_wants_them_and_are_signed_over_the_raw_body() -> None:
    sandbox = hooked(HmacSigned("X-Sign", "s", encoding="base64"))
    sandbox.webhooks.tell("order.created", {"id": 1, "total": Decimal("1.50")})
    sandbox.webhooks.tell("order.updated", {"id": 1})
    sent = sandbox.webhooks.take()
    assert [(one.address, one.topic) for one in sent] == [
        ("https://one.example/", "order.created"),
        ("https://one.example/", "order.updated"),
        ("https://other.example/", "order.updated"),
    ]
    assert sent[0].body == b'{"id":1,"total":1.50}'
    wanted = base64.b64encode(hmac.new(b"s", sent[0].body, hashlib.sha256).digest()).decode()
    assert (sent[0].headers["X-Sign"], sent[0].headers["X-Topic"]) == (wanted, "order.created")
    assert len({one.headers["X-Id"] for one in sent}) == 3
    assert sandbox.webhooks.take() == []


def test_standard_webhooks_are_signed_over_id_time_and_body() -> None:
    key = b"sandbox key of 24 bytes."
    sandbox = hooked(StandardSigned(f"whsec_{base64.b64encode(key).decode()}"))
    sandbox.webhooks.tell("order.created", {"id": 1})
    delivery = sandbox.webhooks.take()[0].delivery(START)
    name, second = delivery.headers["webhook-id"], delivery.headers["webhook-timestamp"]
    assert second == str(int(START.timestamp()))
    made = hmac.new(key, f"{name}.{second}.".encode() + delivery.body, hashlib.sha256).digest()
    assert delivery.headers["webhook-signature"] == f"v1,{base64.b64encode(made).decode()}"


def test_subscriptions_end_and_unknown_topics_are_refused() -> None:
    sandbox = hooked(None)
    sandbox.webhooks.unsubscribe(1)
    with pytest.raises(Fault, match="no such subscription"):
        sandbox.webhooks.unsubscribe(1)
    with pytest.raises(Fault, match="no such topic"):
        sandbox.webhooks.subscribe("customer.created", "https://one.example/")
    sandbox.webhooks.tell("order.created", {})
    assert sandbox.webhooks.take() == []
    with pytest.raises(NotImplementedError):
        sandbox.delivery("1")


def test_deliveries_are_lost_or_repeated_by_quirks() -> None:
    lossy, noisy = hooked(None, quirks={"lost_webhooks": ""}), hooked(None, quirks={"repeated_webhooks": "3"})
    for sandbox in (lossy, noisy):
        for number in range(4):
            sandbox.webhooks.tell("order.created", {"id": number})
    assert [json.loads(one.body)["id"] for one in lossy.webhooks.take()] == [0, 2]
    repeated = noisy.webhooks.take()
    assert (len(repeated), len({one.headers["X-Id"] for one in repeated})) == (12, 4)


def test_a_write_under_its_key_is_done_once_for_a_day() -> None:
    clock = VirtualClock()
    sandbox = made(IdempotencyKeys(), "once", clock=clock)
    with http(sandbox, headers={"Idempotency-Key": "k"}) as client:
        first, again = client.post("/rows", json={"n": 1}), client.post("/rows", json={"n": 1})
        assert (first.json(), first.status_code) == (again.json(), again.status_code)
        other = client.post("/rows", json={"n": 2})
        assert (other.status_code, other.json()["error"]["code"]) == (422, "key_reused")
        assert len(sandbox.orders) == 1
        clock.sleep(24 * 3600)
        assert client.post("/rows", json={"n": 1}).json()["id"] == 2


def test_a_refused_write_may_be_tried_again_under_its_key() -> None:
    sandbox = made(IdempotencyKeys(), "once")
    with http(sandbox, headers={"Idempotency-Key": "k"}) as client:
        assert client.post("/rows", json=[1]).status_code == 400
        assert client.post("/rows", json={}).status_code == 201
    sandbox = made(IdempotencyKeys(), "once")
    with http(sandbox, headers={"Idempotency-Key": "k"}) as client:
        assert [client.post("/odd").status_code for _ in range(3)] == [409, 201, 201]
        assert len(sandbox.orders) == 2
