"""Webhooks: bodies, headers and algorithm as the vendor documents and the real shop sends them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ordersync import AccessDenied, BadInput, BadSettings, Delivery, NotOffered, Subscription
from ordersync.testing.specs import vendor_specs
from ordersync.web import read

AT = datetime(2026, 11, 20, 14, tzinfo=UTC)
ADDRESS = "https://hooks.example/woo"
SECRET = "sandbox-webhook-secret"


def signed(body: bytes, *, secret: str = SECRET, topic: str = "order.updated", **headers: str) -> Delivery:
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    given = {
        "content-type": "application/json",
        "x-wc-webhook-topic": topic,
        "x-wc-webhook-signature": signature,
        "x-wc-webhook-delivery-id": "6468ab0c84ea4cc41e5967076a512f89",
    }
    return Delivery(headers={**given, **headers}, body=body, received_at=AT)


def test_the_measured_vector_verifies(open_stall: Any) -> None:
    stall = open_stall(webhook_secret="test-secret-1")
    delivery = Delivery(
        headers={
            "x-wc-webhook-signature": "/1E6eNsbBGrptFbXk2xOX7kEWlMSZndlQkZR6zIgP0E=",
            "x-wc-webhook-topic": "order.deleted",
        },
        body=b'{"id":4560}',
        received_at=AT,
    )
    (event,) = stall.connector.receive(delivery).events
    assert (event.topic, event.order_id) == ("order.deleted", "4560")


@pytest.mark.parametrize("file", ["webhook-delivery-05-order-created", "webhook-delivery-15-product-updated"])
def test_recorded_deliveries_are_read(open_stall: Any, file: str) -> None:
    """Their signatures were replaced, so they are signed again; a product says nothing about orders."""
    path: Path = vendor_specs("woocommerce") / "recorded-live" / f"{file}.json"
    recorded = read(path.read_bytes())
    headers = {name.lower(): value for name, value in recorded["request"]["headers"]}
    body = recorded["request"]["body_text"].encode()
    again = signed(body, secret=recorded["secret"], topic=headers["x-wc-webhook-topic"])
    stall = open_stall(webhook_secret=recorded["secret"])
    events = stall.connector.receive(Delivery({**headers, **again.headers}, body, AT)).events
    assert [event.order_id for event in events] == (["14"] if "order" in file else [])


def test_a_call_under_another_secret_or_none_is_denied(open_stall: Any) -> None:
    body = b'{"id":15,"date_modified_gmt":"2026-11-20T13:29:51","total":"1.0"}'
    with pytest.raises(AccessDenied, match="does not verify"):
        open_stall().connector.receive(signed(body, secret="other"))
    with pytest.raises(AccessDenied, match="secret"):
        open_stall(webhook_secret=None).connector.receive(signed(body))


def test_signatures_are_compared_in_constant_time(open_stall: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    real = hmac.compare_digest

    def counted(left: bytes, right: bytes) -> bool:
        compared.append((left, right))
        return real(left, right)

    monkeypatch.setattr(hmac, "compare_digest", counted)
    stall = open_stall(webhook_secret=["new", "old"])
    stall.connector.receive(signed(b'{"id":1}', secret="new"))
    assert len(compared) == 2


def test_secrets_may_rotate_and_need_not_be_ascii(open_stall: Any) -> None:
    stall = open_stall(webhook_secret=["neu-ß", "old"])
    for secret in ("neu-ß", "old"):
        assert stall.connector.receive(signed(b'{"id":1}', secret=secret)).events


def test_the_first_call_is_an_unsigned_ping(stall: Any) -> None:
    ping = Delivery({"content-type": "application/x-www-form-urlencoded"}, b"webhook_id=7", AT)
    receipt = stall.connector.receive(ping)
    assert (receipt.events, receipt.reply_status) == ((), 200)
    for body in (b"webhook_id=7&id=8", b"webhook_id=x", b""):
        with pytest.raises(AccessDenied):
            stall.connector.receive(Delivery(ping.headers, body, AT))


def test_delivery_ids_repeat_and_ours_do_not(stall: Any) -> None:
    """Two orders within one second come under one delivery id; the same call again is the same event."""
    first, second = signed(b'{"id":1}'), signed(b'{"id":2}')
    ids = [stall.connector.receive(each).events[0].id for each in (first, second, first)]
    assert ids[0] == ids[2] != ids[1]


@pytest.mark.parametrize("body", [b"{}", b'{"id":0}', b'{"id":"x"}'])
def test_a_body_that_names_no_order_is_bad_input(stall: Any, body: bytes) -> None:
    with pytest.raises(BadInput):
        stall.connector.receive(signed(body))


def test_the_sandbox_calls_as_the_shop_does(open_stall: Any) -> None:
    stall = open_stall()
    topics = ("order.created", "order.updated")
    made = stall.connector.subscribe(ADDRESS, topics)
    assert stall.connector.subscribe(ADDRESS, topics) == made
    placed = stall.connector.create_order(stall.draft())
    stall.connector._shop.put(f"orders/{placed.ref.id}", {"status": "completed"})
    events = []
    for call in stall.sandbox.deliveries():
        events += stall.connector.receive(Delivery(dict(call.headers), call.body, AT)).events
    assert [(event.topic, event.order_id) for event in events] == [
        ("order.created", placed.ref.id),
        ("order.updated", placed.ref.id),
    ]
    assert len({event.id for event in events}) == 2


def test_a_webhook_that_was_switched_off_is_noticed_and_switched_on(open_stall: Any) -> None:
    stall = open_stall()
    (made,) = stall.connector.subscribe(ADDRESS, ["order.updated"])
    (ping,) = stall.sandbox.deliveries()
    for _ in range(7):
        stall.sandbox.told(ping, 500)
    (warning,) = stall.connector.check_access(thorough=True).warnings
    assert "disabled" in warning
    assert stall.connector.subscribe(ADDRESS, ["order.updated"]) == [made]
    assert stall.connector.check_access(thorough=True).warnings == ()
    stall.connector.unsubscribe(made)
    stall.connector.unsubscribe(made)
    assert stall.sandbox.store.webhooks == {}


def test_what_cannot_be_subscribed_to_is_told(open_stall: Any) -> None:
    stall = open_stall()
    with pytest.raises(NotOffered, match=r"order\.paid"):
        stall.connector.subscribe(ADDRESS, ["order.paid"])
    with pytest.raises(BadSettings, match="secret"):
        open_stall(webhook_secret=None).connector.subscribe(ADDRESS, ["order.created"])
    stall.connector.unsubscribe(Subscription(id="99", topic="order.created", address=ADDRESS))
