"""The stand-in against what a real WooCommerce 11.0.1 answered: every recorded exchange, replayed in one story.

Only every second step of the recorded session is at hand; the steps between are filled in here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from ordersync.testing.specs import vendor_specs
from ordersync.web import VirtualClock, read
from ordersync_woocommerce.sandbox import Sandbox

READ_WRITE = ("ck_sandbox_read_write", "cs_sandbox_read_write")
READ = ("ck_sandbox_read", "cs_sandbox_read")
BILLED, SHIPPED = "the recorded buyer", "the recorded buyer, without an e-mail address"
BETWEEN: dict[str, list[tuple[str, str, Any]]] = {
    "11-product-create-2": [
        (
            "POST",
            "products",
            {"name": "Blue Mug", "regular_price": "12.50", "sku": "MUG-BLUE", "manage_stock": True,
             "stock_quantity": 40, "weight": "0.35"},
        )
    ],
    "15-product-by-sku": [
        (
            "POST",
            "products/12/variations",
            {"regular_price": "20.00", "sku": "TEE-M", "manage_stock": True, "stock_quantity": 3,
             "attributes": [{"name": "Size", "option": "M"}]},
        )
    ],
    "31-webhook-list": [
        ("POST", "webhooks", {"topic": "order.created", "delivery_url": "http://127.0.0.1:8080/hook"})
    ],
    "33-order-create-by-sku": [
        (
            "POST",
            "orders",
            {
                "customer_id": 2, "set_paid": True, "billing": BILLED, "shipping": SHIPPED, "customer_note": "Leave at door",
                "payment_method": "bacs", "payment_method_title": "Direct Bank Transfer",
                "meta_data": [{"key": "_ext_ref", "value": "5001"}],
                "line_items": [{"product_id": 10, "quantity": 2},
                               {"product_id": 12, "variation_id": 13, "quantity": 1}],
                "shipping_lines": [{"method_id": "flat_rate", "method_title": "Flat Rate", "total": "5.00"}],
                "fee_lines": [{"name": "Gift wrap", "total": "2.00"}],
            },
        )
    ],
    "35-order-create-unknown-sku": [("POST", "orders", {"customer_id": 2})],
    "43-order-create-empty": [("POST", "orders", {"line_items": [{"product_id": 10, "quantity": 1}]})],
    "45-order-get": [
        (
            "POST",
            "orders",
            {"currency": "EUR",
             "line_items": [{"product_id": 10, "name": "Free text line", "quantity": 3, "total": "1.005",
                             "subtotal": "1.005"}]},
        )
    ],
    "65-order-get-trashed": [("DELETE", "orders/15", None)],
}  # fmt: skip
FREE = re.compile(
    r"(^|_)(date|key|href|permalink|slug|price_html|related_ids|avatar_url|payment_url|average_rating|src|url)($|_)"
    r"|^(id|number|hooks|customer_ip_address|value|display_value|default_password_nag|enabled_features"
    r"|order_datastore|total_sales|price)$"
)
"""What differs between two shops that do the same."""
LEFT_OUT = {
    "01-index": "the index names every route of the shop and its plugins; only its head is answered",
    "webhook-delivery-05-order-created": "a call of the shop, not an answer: test_webhooks reads it",
    "webhook-delivery-15-product-updated": "a call of the shop, not an answer: test_webhooks reads it",
}


def recordings() -> list[Path]:
    """The recorded exchanges, in the order in which they were made."""
    return sorted(vendor_specs("woocommerce").joinpath("recorded-live").glob("*.json"))


def filled_in(body: Any) -> Any:
    """A step between, with the address that the recorded session has for its buyer."""
    if not isinstance(body, dict) or BILLED not in body.values():
        return body
    file = vendor_specs("woocommerce") / "recorded-live" / "33-order-create-by-sku.json"
    buyer = read(file.read_bytes())["request"]["body"]["billing"]
    shipped = {name: text for name, text in buyer.items() if name != "email"}
    return {**body, "billing": buyer, "shipping": shipped}


class Story:
    """The recorded session, on the stand-in."""

    def __init__(self) -> None:
        self.sandbox = Sandbox(clock=VirtualClock(), options={"setup": "none"})
        self.client = httpx.Client(transport=self.sandbox.transport())

    def send(
        self, method: str, path: str, body: Any = None, text: str | None = None, **how: Any
    ) -> httpx.Response:
        scheme, auth = how.get("scheme", "https"), how.get("auth", READ_WRITE)
        content = text if text is not None else None if body is None else json.dumps(body)
        return self.client.request(
            method,
            f"{scheme}://shop.sandbox/wp-json/wc/v3{path}",
            content=content,
            headers={"content-type": "application/json"} if content else {},
            auth=auth,
        )

    def play(self, recording: dict[str, Any]) -> httpx.Response:
        request = recording["request"]
        path = re.sub(r"^https?://[^/]+/wp-json/wc/v3", "", request["url"])
        how: dict[str, Any] = {}
        name = recording["name"]
        if name == "auth-bad-key":
            how["auth"] = ("ck_unknown", "cs_unknown")
        if name in ("auth-basic-over-plain-http", "auth-oauth1-bad-signature"):
            how["scheme"] = "http"
        if name == "auth-oauth1-bad-signature":
            how["auth"] = None
            path = path.replace("consumer_key=REDACTED", f"consumer_key={READ_WRITE[0]}")
        if name == "auth-read-only-key-post":
            how["auth"] = READ
        return self.send(request["method"], path, request["body"], request["body_text"], **how)


def differences(theirs: Any, ours: Any, place: str = "") -> list[str]:
    """Where two answers differ in shape, or in a value that must be the same."""
    name = place.rpartition(".")[2].partition("[")[0]
    if isinstance(theirs, dict) and isinstance(ours, dict):
        found = [f"{place}.{key} is missing" for key in theirs if key not in ours]
        found += [f"{place}.{key} is ours alone" for key in ours if key not in theirs]
        return found + [
            each
            for key in theirs
            if key in ours
            for each in differences(theirs[key], ours[key], f"{place}.{key}")
        ]
    if isinstance(theirs, list) and isinstance(ours, list):
        if FREE.search(name):
            return []
        if len(theirs) != len(ours):
            return [f"{place} has {len(ours)} rows, not {len(theirs)}"]
        pairs = zip(theirs, ours, strict=True)
        return [each for i, (a, b) in enumerate(pairs) for each in differences(a, b, f"{place}[{i}]")]
    if FREE.search(name):
        kinds = {type(theirs), type(ours)}
        return [] if type(None) in kinds or len(kinds) == 1 else [f"{place} is of another kind"]
    return [] if theirs == ours else [f"{place} is {ours!r}, not {theirs!r}"]


def told(recording: dict[str, Any], answer: httpx.Response) -> list[str]:
    found = [] if answer.status_code == recording["status"] else [f"status {answer.status_code}"]
    theirs = {name.lower(): value for name, value in recording["headers"]}
    for header in ("x-wp-total", "x-wp-totalpages", "allow"):
        if theirs.get(header) != answer.headers.get(header):
            found.append(f"{header} is {answer.headers.get(header)!r}, not {theirs.get(header)!r}")
    return found + differences(recording["body"], read(answer.content))


def test_every_recorded_answer_is_given_again() -> None:
    story, wrong, played = Story(), {}, 0
    for file in recordings():
        for method, path, body in BETWEEN.get(file.stem, []):
            assert story.send(method, f"/{path}", filled_in(body)).status_code < 300, (file.stem, path)
        if file.stem in LEFT_OUT:
            continue
        recording = read(file.read_bytes())
        found = told(recording, story.play(recording))
        if found:
            wrong[file.stem] = found
        played += 1
    assert wrong == {}
    assert played >= 35


def test_a_difference_is_found() -> None:
    ours = {"id": 1, "total": "1.00", "rows": [{"a": None}], "date_paid": 7, "new": 1}
    theirs = {"id": 9, "total": "1.01", "rows": [{"a": "x"}, {}], "date_paid": "x", "old": 1}
    assert differences(theirs, ours) == [
        ".old is missing",
        ".new is ours alone",
        ".total is '1.00', not '1.01'",
        ".rows has 1 rows, not 2",
        ".date_paid is of another kind",
    ]


def test_the_measured_signature_is_the_one_that_is_made() -> None:
    digest = hmac.new(b"test-secret-1", b'{"id":4560}', hashlib.sha256).digest()
    assert base64.b64encode(digest) == b"/1E6eNsbBGrptFbXk2xOX7kEWlMSZndlQkZR6zIgP0E="


@pytest.mark.parametrize("name", sorted(LEFT_OUT))
def test_what_is_left_out_exists(name: str) -> None:
    assert any(file.stem == name for file in recordings())
