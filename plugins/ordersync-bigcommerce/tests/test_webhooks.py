"""Webhooks: the vendor's bodies, its headers, its signature; and everything that must not pass."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ordersync import AccessDenied, BadInput, Delivery, NotOffered, Refused
from ordersync.testing.specs import vendor_specs
from ordersync_bigcommerce import BigCommerceConnector
from ordersync_bigcommerce.webhooks import TOPICS

SECRET = "client-secret-canary"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
CREATED = {
    "scope": "store/order/created",
    "store_id": "1025646",
    "data": {"type": "order", "id": 250},
    "hash": "dd70c0976e06b67aaf671e73f49dcb79230ebf9d",
    "created_at": 1561479335,
    "producer": "stores/abc123",
}


def sign(body: bytes, secret: str = SECRET, number: str = "msg_1", stamp: str = STAMP) -> dict[str, str]:
    """As the specification of Standard Webhooks has it, spelled out once more."""
    content = number.encode() + b"." + stamp.encode() + b"." + body
    mac = base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha256).digest()).decode()
    return {"webhook-id": number, "webhook-timestamp": stamp, "webhook-signature": f"v1,{mac}"}


def delivery(body: Any = CREATED, headers: dict[str, str] | None = None, *, at: datetime = NOW) -> Delivery:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Delivery(headers=sign(raw) if headers is None else headers, body=raw, received_at=at)


def test_a_genuine_delivery_is_one_thin_event(
    connect: Callable[..., BigCommerceConnector], store: Any
) -> None:
    receipt = connect().receive(delivery())
    (event,) = receipt.events
    assert (event.topic, event.order_id) == ("order.created", "250")
    assert event.happened_at == datetime(2019, 6, 25, 16, 15, 35, tzinfo=UTC)
    assert receipt.reply_status == 200
    assert store.asked == []


def test_a_repeated_delivery_is_the_same_event(connect: Callable[..., BigCommerceConnector]) -> None:
    raw = json.dumps(CREATED).encode()
    connector = connect()
    first, again = (connector.receive(delivery(raw, sign(raw, number=one))) for one in ("msg_1", "msg_2"))
    assert first.events == again.events


def test_scopes_of_one_order_that_share_a_hash_are_different_events(
    connect: Callable[..., BigCommerceConnector],
) -> None:
    connector = connect()
    archived = {**CREATED, "scope": "store/order/archived"}
    ids = {connector.receive(delivery(body)).events[0].id for body in (CREATED, archived)}
    assert len(ids) == 2


@pytest.mark.parametrize("stem", ["created", "updated", "statusUpdated", "archived", "refund_created"])
def test_the_vendors_bodies_are_read(connect: Callable[..., BigCommerceConnector], stem: str) -> None:
    file = vendor_specs("bigcommerce") / "samples" / "vendor-webhooks" / f"store_order_{stem}.json"
    body = json.loads(file.read_text("utf-8").replace("{store_hash}", "abc123"))
    (event,) = connect().receive(delivery(body)).events
    assert event.order_id == str(body["data"]["id"])


def test_every_body_of_the_vendor_names_its_order_or_says_nothing(
    connect: Callable[..., BigCommerceConnector],
) -> None:
    connector = connect()
    told = {}
    for file in sorted((vendor_specs("bigcommerce") / "samples" / "vendor-webhooks").glob("*.json")):
        body = json.loads(file.read_text("utf-8").replace("{store_hash}", "abc123"))
        events = connector.receive(delivery(body)).events
        told[file.stem] = [event.order_id for event in events]
    silent = {stem for stem, orders in told.items() if not orders}
    assert {stem for stem in told if "_order_" in stem or "_shipment_" in stem} - silent == set(told) - silent
    assert told["store_shipment_created"] == ["251"]
    assert all(
        stem.startswith(("store_product", "store_sku", "store_customer", "store_cart")) for stem in silent
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda signed: signed.replace("v1,", "v2,"),
        lambda signed: signed.removeprefix("v1,"),
        lambda signed: "v1,",
    ],
    ids=["another scheme", "no scheme", "a scheme alone"],
)
def test_a_signature_of_another_form_is_denied(
    connect: Callable[..., BigCommerceConnector], change: Any
) -> None:
    raw = json.dumps(CREATED).encode()
    headers = sign(raw)
    headers["webhook-signature"] = change(headers["webhook-signature"])
    with pytest.raises(AccessDenied, match="does not verify"):
        connect().receive(delivery(raw, headers))


def test_another_secret_is_denied(connect: Callable[..., BigCommerceConnector]) -> None:
    raw = json.dumps(CREATED).encode()
    with pytest.raises(AccessDenied, match="does not verify"):
        connect().receive(delivery(raw, sign(raw, "another")))


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_replay_is_denied(connect: Callable[..., BigCommerceConnector], minutes: int) -> None:
    at = NOW + timedelta(minutes=minutes)
    with pytest.raises(AccessDenied, match="too old"):
        connect().receive(delivery(at=at))
    connect().receive(delivery(at=NOW + timedelta(minutes=4)))


def test_one_of_several_signatures_and_secrets_is_enough(
    connect: Callable[..., BigCommerceConnector],
) -> None:
    raw = json.dumps(CREATED).encode()
    old, new = sign(raw, "old"), sign(raw, "new")
    both = {**new, "webhook-signature": f"{old['webhook-signature']} {new['webhook-signature']}"}
    connect(client_secret="new").receive(delivery(raw, both))
    connect(client_secret=("newest", "old")).receive(delivery(raw, old))


def test_another_stores_delivery_is_denied(connect: Callable[..., BigCommerceConnector]) -> None:
    with pytest.raises(AccessDenied, match="another store"):
        connect().receive(delivery({**CREATED, "producer": "stores/other"}))


def test_the_agreed_token_is_compared(connect: Callable[..., BigCommerceConnector]) -> None:
    connector = connect(client_secret=None, webhook_token="agreed")
    raw = json.dumps(CREATED).encode()
    connector.receive(delivery(raw, {"x-ordersync-token": "agreed"}))
    for headers in ({"x-ordersync-token": "other"}, {}):
        with pytest.raises(AccessDenied, match="agreed token"):
            connector.receive(delivery(raw, headers))
    both = connect(webhook_token="agreed")
    with pytest.raises(AccessDenied, match="does not verify"):
        both.receive(delivery(raw, {"x-ordersync-token": "agreed"}))


def test_without_a_secret_nothing_is_believed(connect: Callable[..., BigCommerceConnector]) -> None:
    with pytest.raises(AccessDenied, match="client_secret"):
        connect(client_secret=None).receive(delivery())


def test_a_body_that_names_no_order_is_bad_input(connect: Callable[..., BigCommerceConnector]) -> None:
    with pytest.raises(BadInput):
        connect().receive(delivery({**CREATED, "data": {}}))


def test_the_sandboxs_deliveries_verify(open_desk: Any, draft: Any) -> None:
    desk = open_desk()
    connector = desk.connector
    connector.subscribe("https://hooks.example.com/o", list(TOPICS))
    placed = connector.create_order(draft())
    desk.sandbox.set_status(placed.ref.id, 2)
    told = []
    for one in desk.sandbox.hand_out():
        receipt = connector.receive(
            Delivery(headers=one.headers, body=one.body, received_at=desk.clock.now())
        )
        told += [(event.topic, event.order_id) for event in receipt.events]
    assert told == [("order.created", placed.ref.id), ("order.status", placed.ref.id)]
    assert connector.get_order(told[0][1]).number == placed.ref.number


def test_subscribing_switches_on_what_slept(open_desk: Any) -> None:
    desk = open_desk()
    address = "https://hooks.example.com/o"
    (first,) = desk.connector.subscribe(address, ["order.created"])
    desk.sandbox.store.hooks[int(first.id)]["is_active"] = False
    assert desk.connector.subscribe(address, ["order.created"]) == [first]
    assert desk.sandbox.store.hooks[int(first.id)]["is_active"]


def test_the_agreed_token_is_asked_for(open_desk: Any, draft: Any) -> None:
    desk = open_desk(webhook_token="agreed", client_secret=None)
    desk.connector.subscribe("https://hooks.example.com/o", ["order.created"])
    desk.connector.create_order(draft())
    (one,) = desk.sandbox.hand_out()
    headers = {name: value for name, value in one.headers.items() if not name.startswith("webhook-")}
    assert desk.connector.receive(
        Delivery(headers=headers, body=one.body, received_at=desk.clock.now())
    ).events


def test_what_cannot_be_subscribed_to(open_desk: Any) -> None:
    connector = open_desk().connector
    with pytest.raises(NotOffered, match=r"order\.edited"):
        connector.subscribe("https://hooks.example.com/o", ["order.edited"])
    with pytest.raises(Refused, match="443"):
        connector.subscribe("http://hooks.example.com/o", ["order.created"])
