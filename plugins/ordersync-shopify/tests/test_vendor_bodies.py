"""Every REST body among the vendor's samples: orders go through the sandbox and the connector; what is left out is named.

The connector speaks GraphQL; the sandbox takes REST bodies, since webhooks and recordings have them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ordersync.testing.specs import vendor_specs
from ordersync.web import Access, VirtualClock
from ordersync_shopify import ShopifyConnector
from ordersync_shopify.sandbox import Sandbox

NOT_MAPPED = {
    "customer": "read by GraphQL only; the shape is held by the recorded replies",
    "customers_search": "the same",
    "product": "the same",
    "products": "the same",
    "single_product": "the same",
    "variant": "the same",
    "variants": "the same",
    "inventory": "stock is read by GraphQL only",
    "location": "the same",
    "discount": "discount codes are asked by GraphQL only",
    "price_rule": "the same",
    "fulfillment": "shipments come within their orders",
    "refund": "refunds come within their orders",
    "transaction": "payments come within their orders",
    "graphql": "an empty envelope",
    "orders": "the sample's orders have no lines",
}
DO_NOT_ADD_UP = {"draft_order", "draft_order_completed", "order"}
"""The samples' own parts do not give their totals; that is found and said."""


def bodies() -> list[Path]:
    folder = vendor_specs("shopify") / "samples"
    return sorted([*folder.glob("recorded-rest/*.json"), *folder.glob("vendor-rest/*.json")])


def orders_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "line_items" in value and "total_price" in value:
            yield value
        else:
            for inner in value.values():
                yield from orders_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from orders_in(inner)


def test_every_body_is_mapped_or_named() -> None:
    mapped = 0
    for file in bodies():
        found = list(orders_in(json.loads(file.read_text("utf-8"))))
        if not found:
            named = any(file.stem.startswith(name) for name in NOT_MAPPED)
            assert named, f"{file.name} is neither mapped nor named"
        for body in found:
            sandbox = Sandbox(clock=VirtualClock())
            made = sandbox.load_rest_order(body)
            section = sandbox.settings("http://shop.sandbox")
            section.pop("connector")
            connector = ShopifyConnector(
                ShopifyConnector.settings_model.model_validate(section),
                Access(clock=sandbox.clock, transport=sandbox.transport()),
            )
            order = connector.get_order(made)
            connector.close()
            assert order is not None
            assert [str(order.total)] == [body["total_price"]], file.name
            assert bool(order.findings) == (file.stem in DO_NOT_ADD_UP), file.name
            mapped += 1
    assert mapped >= 3


@pytest.mark.parametrize("name", sorted(NOT_MAPPED))
def test_what_is_left_out_has_a_reason(name: str) -> None:
    assert any(file.stem.startswith(name) for file in bodies()), "there is no such body any more"
    assert NOT_MAPPED[name]
