"""Every order, product, customer, coupon, webhook and error body at hand is read; what cannot be is named with its reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from ordersync import AccessDenied, InDoubt, NotFound, Refused, UnexpectedReply
from ordersync.testing.specs import vendor_specs
from ordersync.web import Reply, read
from ordersync_woocommerce import wire
from ordersync_woocommerce.errors import judged
from ordersync_woocommerce.mapping import item_of, order_of, placed_of, stock_of

PARTS_DIFFER = {
    "app/order": "made up by the vendor: its shipping and fee are not in the total",
    "app/order-alternative-types": "the same order, in other types",
    "app/order-auto-draft-status": "the same order, as a draft",
    "app/order-with-deleted-refunds": "made up by the vendor: 32.44 of its total stand nowhere",
    "app/order-with-faulty-attributes": "made up by the vendor: 7.62 of its total stand nowhere",
    "app/order-with-line-item-attributes": "made up by the vendor: 32.44 of its total stand nowhere",
}
"""Samples whose parts do not give their total: the order says so, and no part is invented."""
UNREAD: dict[str, str] = {}
"""Bodies that cannot be mapped, and why."""


def bodies() -> Iterator[tuple[str, Any]]:
    """(file, a JSON body in it): whatever stands in requests' answers, in samples, inside `{"data": …}`."""
    root = vendor_specs("woocommerce")
    for file in sorted([*root.glob("samples/*/*.json"), *root.glob("recorded-live/*.json")]):
        name = f"{file.parent.name}/{file.stem}"
        if file.stem == "01-index":
            continue
        yield from ((name, body) for body in answers(read(file.read_bytes()), file))


def answers(data: Any, file: Path) -> Iterator[Any]:
    if file.parent.name == "recorded":
        yield from (exchange["response"].get("body") for exchange in data["exchanges"])
    elif file.parent.name == "vendor-docs":
        yield from (entry.get("response") for entry in data)
    elif file.stem.startswith("webhook-delivery"):
        yield read(data["request"]["body_text"])
    elif file.parent.name == "recorded-live":
        yield data["body"]
    else:
        yield data["data"] if isinstance(data, dict) and set(data) == {"data"} else data


def objects(data: Any) -> Iterator[dict[str, Any]]:
    """Every object of an answer that could be a resource: rows of lists, entries of batches."""
    if isinstance(data, list):
        for row in data:
            yield from objects(row)
    elif isinstance(data, dict):
        yield data
        for verb in ("create", "update", "delete"):
            yield from objects(data.get(verb))


def found(is_one: Callable[[dict[str, Any]], bool]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, row) for name, body in bodies() for row in objects(body) if is_one(row)]


def is_order(row: dict[str, Any]) -> bool:
    return "line_items" in row and "billing" in row and "total" in row


def is_product(row: dict[str, Any]) -> bool:
    return "stock_status" in row and "sku" in row and "id" in row


def test_every_order_is_mapped() -> None:
    orders = found(is_order)
    assert len(orders) >= 38
    unread, differ = {}, set()
    for name, row in orders:
        try:
            wired = wire.Order.model_validate(row)
            order = order_of(wired, {})
            placed_of(wired, "os-x")
        except ValueError as error:
            unread[name] = str(error)
            continue
        assert order.id == str(row["id"])
        assert order.total == wire.Order.model_validate(row).total + sum(c.amount for c in wired.gift_cards)
        assert len(order.lines) == len(row["line_items"])
        if any(finding.code == "source_totals_differ" for finding in order.findings):
            differ.add(name)
    assert unread == UNREAD
    assert differ == set(PARTS_DIFFER)
    assert all(not name.startswith(("recorded", "recorded-live")) for name in differ)


def test_every_product_and_variation_is_mapped() -> None:
    products = found(is_product)
    assert len(products) > 40
    for name, row in products:
        product = wire.Product.model_validate(row)
        item = item_of(product, "USD")
        assert item.sku == str(row["sku"] or ""), name
        stock = stock_of(product)
        assert stock.available is None or stock.available >= 0
        if product.type == "variation":
            assert (item.product_id, item.variant_id) == (str(row["parent_id"]), str(row["id"]))


@pytest.mark.parametrize(
    ("model", "fields", "least"),
    [
        (wire.Customer, {"username", "role"}, 8),
        (wire.Coupon, {"discount_type", "usage_count"}, 8),
        (wire.Webhook, {"delivery_url", "topic"}, 8),
        (wire.TaxRate, {"rate", "compound", "priority"}, 5),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_other_resource_is_read(model: type[BaseModel], fields: set[str], least: int) -> None:
    rows = found(lambda row: fields <= set(row))
    assert len(rows) >= least
    for _, row in rows:
        assert model.model_validate(row).id == row["id"]  # type: ignore[attr-defined]


def test_every_system_status_is_read() -> None:
    rows = found(lambda row: "environment" in row and "settings" in row)
    versions = [wire.SystemStatus.model_validate(row) for _, row in rows]
    assert {status.environment.version for status in versions} == {"3.0.0", "11.0.1"}
    assert [status.settings.hpos for status in versions if status.environment.version == "11.0.1"] == [True]


def test_every_recorded_error_is_the_right_error_of_ours() -> None:
    root = vendor_specs("woocommerce") / "recorded-live"
    told = {}
    for file in sorted(root.glob("*.json")):
        data = read(file.read_bytes())
        if data.get("status", 200) < 400:
            continue
        body = json.dumps(data["body"], default=str).encode()
        error = judged(Reply(data["status"], {}, body, read(body), ""), data["request"]["method"] == "GET")
        told[data["name"]] = type(error)
        assert data["body"]["code"] in str(error) or isinstance(error, UnexpectedReply)
    assert told == {
        "auth-bad-key": AccessDenied,
        "auth-basic-over-plain-http": AccessDenied,
        "auth-oauth1-bad-signature": AccessDenied,
        "auth-read-only-key-post": AccessDenied,
        "customer-create-missing-email": Refused,
        "webhook-create-bad-topic": Refused,
        "order-create-line-no-product": Refused,
        "order-create-bad-customer": Refused,
        "order-create-bad-type": Refused,
        "order-refund-too-large": Refused,
        "unknown-route": UnexpectedReply,
        "malformed-json": Refused,
    }


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"code": "woocommerce_rest_shop_order_invalid_id", "message": "ID is invalid.", "data": {"status": 400}}, NotFound),
        (404, {"code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID.", "data": {"status": 404}}, NotFound),
        (500, {"code": "internal_server_error", "message": "<p>Critical.</p>", "data": {"status": 500}}, InDoubt),
        (500, None, InDoubt),
        (403, {"code": "rest_forbidden", "message": "No.", "data": {"status": 403}}, AccessDenied),
        (413, {"code": "woocommerce_rest_request_entity_too_large", "message": "…", "data": {"status": 413}}, Refused),
        (400, {"error": "not theirs"}, Refused),
        (400, {"code": {"odd": 1}}, Refused),
    ],
)  # fmt: skip
def test_other_errors_of_a_write(status: int, body: Any, expected: type[Exception]) -> None:
    error = judged(Reply(status, {}, b"", body, ""), False)
    assert type(error) is expected
