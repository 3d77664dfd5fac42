"""What the sandbox keeps and hands out: REST bodies, webhooks, its state, its settings."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import pickle
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from ordersync.testing.specs import vendor_specs
from ordersync.web import VirtualClock
from ordersync_shopify.sandbox import Sandbox, signature

BAG = "{ shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"


def asked(sandbox: Sandbox, query: str, **variables: Any) -> Any:
    http = httpx.Client(transport=sandbox.transport(), base_url="http://shopify.sandbox")
    answer = http.post(
        "/admin/api/2026-10/graphql.json",
        headers={"X-Shopify-Access-Token": sandbox.access_token},
        json={"query": query, "variables": variables},
    )
    found = answer.json()
    assert "errors" not in found, found
    return found["data"]


# ---- REST bodies


LOADED = f"""query($id: ID!) {{ order(id: $id) {{ name email createdAt updatedAt displayFinancialStatus discountCodes
    totalPriceSet {BAG} totalTaxSet {BAG} totalDiscountsSet {BAG} subtotalPriceSet {BAG}
    taxLines {{ title rate priceSet {BAG} }} customAttributes {{ key value }} customer {{ id email }}
    shippingAddress {{ city provinceCode countryCodeV2 }} fulfillments(first: 5) {{ status trackingInfo {{ number }} }}
    lineItems(first: 5) {{ nodes {{ sku quantity customAttributes {{ key value }} originalUnitPriceSet {BAG}
        variant {{ id sku product {{ title }} }} }} }} }} }}"""


def test_a_vendors_rest_body_becomes_an_order_with_its_own_amounts() -> None:
    sandbox = Sandbox(clock=VirtualClock())
    body = json.loads((vendor_specs("shopify") / "samples/vendor-rest/order.json").read_text())
    made = sandbox.load_rest_order(body)
    assert made == "gid://shopify/Order/450789469"
    found = asked(sandbox, LOADED, id=made)["order"]
    assert (found["name"], found["displayFinancialStatus"]) == ("#1001", "AUTHORIZED")
    assert (found["createdAt"], found["updatedAt"]) == ("2008-01-10T16:00:00Z", "2008-01-10T16:00:00Z")
    shop = {name: found[name]["shopMoney"]["amount"] for name in found if name.endswith("Set")}
    assert shop == {
        "totalPriceSet": "409.94", "totalTaxSet": "11.94", "totalDiscountsSet": "0.0", "subtotalPriceSet": "398.0",
    }  # fmt: skip
    assert [
        (one["title"], one["rate"], one["priceSet"]["shopMoney"]["amount"]) for one in found["taxLines"]
    ] == [("State Tax", 0.06, "11.94")]
    assert [node["sku"] for node in found["lineItems"]["nodes"]] == [
        "IPOD2008GREEN", "IPOD2008RED", "IPOD2008BLACK",
    ]  # fmt: skip
    assert found["lineItems"]["nodes"][0]["variant"] == {
        "id": "gid://shopify/ProductVariant/39072856",
        "sku": "IPOD2008GREEN",
        "product": {"title": "IPod Nano - 8gb"},
    }
    assert found["customer"]["id"] == "gid://shopify/Customer/207119551"
    assert found["shippingAddress"] == {"city": "Louisville", "provinceCode": "KY", "countryCodeV2": "US"}
    assert found["fulfillments"] == [{"status": "FAILURE", "trackingInfo": [{"number": "1Z2345"}]}]
    search = '{ productVariants(first: 5, query: "sku:ipod2008red") { nodes { id } } }'
    assert asked(sandbox, search)["productVariants"]["nodes"] == [
        {"id": "gid://shopify/ProductVariant/49148385"}
    ]


def test_a_vendors_list_of_rest_bodies_loads_too() -> None:
    sandbox = Sandbox(clock=VirtualClock())
    body = json.loads((vendor_specs("shopify") / "samples/vendor-rest/orders.json").read_text())
    for one in body["orders"]:
        made = sandbox.load_rest_order(one)
        found = asked(sandbox, LOADED, id=made)["order"]
        assert found["totalPriceSet"]["shopMoney"]["amount"] == "598.94"
        assert found["displayFinancialStatus"] == "PARTIALLY_REFUNDED"


def test_an_order_survives_the_way_through_its_rest_shape() -> None:
    first = Sandbox(clock=VirtualClock(), orders=40)
    second = Sandbox(clock=VirtualClock())
    for standing in first.standing():
        body = json.loads(json.dumps(first.rest_order(standing.id)))
        again = second.load_rest_order(body)
        assert again == standing.id
        back = second.rest_order(again)
        for name in (
            "line_items",
            "shipping_lines",
            "tax_lines",
            "total_price_set",
            "total_tax_set",
            "discount_codes",
        ):
            assert back[name] == body[name], name
        assert back["current_total_price_set"] == body["current_total_price_set"]
    ours = {one.id: (one.total, one.tax, one.lines, one.currency, one.cancelled) for one in first.standing()}
    theirs = {
        one.id: (one.total, one.tax, one.lines, one.currency, one.cancelled) for one in second.standing()
    }
    assert ours == theirs


# ---- webhooks


def subscribe(sandbox: Sandbox, topic: str, **more: Any) -> str:
    text = """mutation($t: WebhookSubscriptionTopic!, $w: WebhookSubscriptionInput!) {
        webhookSubscriptionCreate(topic: $t, webhookSubscription: $w) { webhookSubscription { id topic uri
            apiVersion { handle } } userErrors { field message } } }"""
    given = {"uri": "https://hooks.example.com/shopify", **more}
    answer = asked(sandbox, text, t=topic, w=given)["webhookSubscriptionCreate"]
    assert answer["userErrors"] == []
    assert answer["webhookSubscription"]["apiVersion"] == {"handle": "2026-10"}
    return str(answer["webhookSubscription"]["id"])


CREATE = """mutation { orderCreate(order: {sourceIdentifier: "os-hook", lineItems: [{title: "Mug", quantity: 1,
    priceSet: {shopMoney: {amount: "9.90", currencyCode: USD}}}]}) { order { id } userErrors { message } } }"""


def test_changes_are_delivered_signed_to_who_subscribed() -> None:
    sandbox = Sandbox(clock=VirtualClock())
    subscribe(sandbox, "ORDERS_CREATE")
    subscribe(sandbox, "ORDERS_UPDATED", includeFields=["id", "name"])
    made = asked(sandbox, CREATE)["orderCreate"]["order"]["id"]

    first, second = sandbox.hand_out()
    assert sandbox.hand_out() == []
    assert first.uri == "https://hooks.example.com/shopify"
    assert first.headers["X-Shopify-Topic"] == "orders/create"
    assert first.headers["X-Shopify-Shop-Domain"] == "sandbox-shop.myshopify.com"
    assert first.headers["X-Shopify-API-Version"] == "2026-10"
    assert first.headers["X-Shopify-Triggered-At"] == "2026-11-01T12:00:00Z"
    secret = sandbox.settings("http://shopify.sandbox")["webhook_secret"]
    expected = base64.b64encode(hmac.new(secret.encode(), first.body, hashlib.sha256).digest()).decode()
    assert first.headers["X-Shopify-Hmac-Sha256"] == expected == signature(secret, first.body)
    assert signature(secret, first.body + b" ") != expected
    body = json.loads(first.body)
    assert (body["admin_graphql_api_id"], body["total_price"], body["source_identifier"]) == (
        made,
        "9.90",
        "os-hook",
    )
    assert second.headers["X-Shopify-Topic"] == "orders/updated"
    assert json.loads(second.body).keys() == {"id", "name"}
    assert first.headers["X-Shopify-Event-Id"] == second.headers["X-Shopify-Event-Id"]
    assert first.headers["X-Shopify-Webhook-Id"] != second.headers["X-Shopify-Webhook-Id"]


def test_a_subscription_is_listed_and_deleted() -> None:
    sandbox = Sandbox(clock=VirtualClock())
    one = subscribe(sandbox, "ORDERS_CREATE")
    listing = "{ webhookSubscriptions(first: 5) { nodes { id topic uri } } }"
    assert [node["id"] for node in asked(sandbox, listing)["webhookSubscriptions"]["nodes"]] == [one]
    delete = """mutation($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId
        userErrors { field message } } }"""
    assert asked(sandbox, delete, id=one)["webhookSubscriptionDelete"]["deletedWebhookSubscriptionId"] == one
    again = asked(sandbox, delete, id=one)["webhookSubscriptionDelete"]
    assert again["userErrors"] == [{"field": ["id"], "message": "Webhook subscription does not exist"}]
    asked(sandbox, CREATE)
    assert sandbox.hand_out() == []


# ---- state


def _plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(type(key) is str and _plain(one) for key, one in value.items())
    if isinstance(value, list):
        return all(_plain(one) for one in value)
    return value is None or type(value) in (str, int, bool, Decimal, datetime)


def test_a_restarted_sandbox_continues() -> None:
    clock = VirtualClock()
    first = Sandbox(clock=clock, orders=25)
    subscribe(first, "ORDERS_CREATE")
    late = asked(first, CREATE)["orderCreate"]["order"]["id"]
    kept = first.state()
    assert _plain(kept)
    kept = pickle.loads(pickle.dumps(kept))

    second = Sandbox(clock=clock, seed=99)
    second.restore(kept)
    assert second.state() == kept
    assert second.standing() == first.standing()
    assert [one.body for one in second.deliveries] == [one.body for one in first.deliveries]
    query = '{ orders(first: 50, query: "source_identifier:os-hook") { nodes { id } } }'
    assert asked(second, query)["orders"]["nodes"] == []
    clock.sleep(3)
    assert asked(second, query)["orders"]["nodes"] == [{"id": late}]
    assert (
        asked(second, CREATE)["orderCreate"]["order"]["id"]
        == asked(first, CREATE)["orderCreate"]["order"]["id"]
    )
    lookup = 'query { customerByIdentifier(identifier: {emailAddress: "buyer.amber@example.com"}) { email } }'
    assert asked(second, lookup)["customerByIdentifier"] == {"email": "buyer.amber@example.com"}


def test_a_kept_state_does_not_change_with_the_sandbox() -> None:
    sandbox = Sandbox(clock=VirtualClock(), orders=2)
    kept = sandbox.state()
    before = pickle.dumps(kept)
    asked(sandbox, CREATE)
    sandbox.touch(sandbox.standing()[0].id)
    assert pickle.dumps(kept) == before
    sandbox.restore(kept)
    asked(sandbox, CREATE)
    assert pickle.dumps(kept) == before


# ---- the kit


def test_settings_are_the_connectors() -> None:
    settings = Sandbox(clock=VirtualClock()).settings("http://shopify.sandbox")
    assert settings.keys() == {"connector", "shop", "access_token", "webhook_secret", "base_url"}
    assert (settings["connector"], settings["shop"]) == ("shopify", "sandbox-shop.myshopify.com")


def test_standing_orders_are_counted_in_the_buyers_currency() -> None:
    sandbox = Sandbox(clock=VirtualClock(), orders=40)
    standing = sandbox.standing()
    assert len({one.id for one in standing}) == 40
    assert {one.currency for one in standing} == {"USD", "EUR", "GBP", "JPY", "KWD"}
    assert all(one.net + one.tax == one.total and one.key is None for one in standing)
    assert sum(one.cancelled for one in standing) == 2
    assert any(one.customer is None for one in standing)


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ValueError, match="no option 'speed'; known: bucket, index_lag, latency, page_cap"):
        Sandbox(options={"speed": "1"})


def test_the_demo_is_on_the_largest_plan() -> None:
    sandbox = Sandbox(clock=VirtualClock(), options=Sandbox.demo_options)
    assert sandbox.bucket.status() == {
        "maximumAvailable": 40_000,
        "currentlyAvailable": 40_000,
        "restoreRate": 2_000,
    }
