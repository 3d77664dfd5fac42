"""The connector keeps the contract: signatures, facts, settings, and no secret in sight."""

from __future__ import annotations

import inspect
import logging
import typing
from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from ordersync import Facts, OrderSyncError
from ordersync.hookspecs import ConnectorSpecs
from ordersync_shopify import ShopifyConnector

HOOKS = [
    name
    for name, method in inspect.getmembers(ShopifyConnector, inspect.isfunction)
    if hasattr(method, "ordersync_impl")
]
ABSENT = {"add_line_item", "create_customers", "create_orders", "update_orders"}
"""What Shopify cannot do to the cent, or not in batches."""


def test_every_hook_is_offered_but_those_that_the_platform_cannot_do() -> None:
    offered = {name for name, method in inspect.getmembers(ConnectorSpecs, inspect.isfunction)}
    assert set(HOOKS) == offered - ABSENT


@pytest.mark.parametrize("name", HOOKS)
def test_signatures_equal_the_hookspecs(name: str) -> None:
    spec, hook = getattr(ConnectorSpecs, name), getattr(ShopifyConnector, name)
    wanted = dict(inspect.signature(spec).parameters)
    for parameter in inspect.signature(hook).parameters.values():
        assert parameter.name in wanted
        assert parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        assert parameter.default is parameter.empty
    hints = typing.get_type_hints(hook)
    assert hints == {key: kind for key, kind in typing.get_type_hints(spec).items() if key in hints}
    assert "return" in hints


def test_facts_say_how_far_the_platform_goes() -> None:
    facts = ShopifyConnector.facts
    assert isinstance(facts, Facts)
    assert (facts.api_version, facts.api_retires) == ("2026-10", date(2027, 10, 16))
    assert facts.arithmetic.order_discount
    assert not facts.unique_key
    assert facts.index_lag.total_seconds() > 0


def test_every_setting_is_described() -> None:
    schema = ShopifyConnector.settings_model.model_json_schema()
    assert all("description" in field for field in schema["properties"].values())
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    "given", ["amber-shop.myshopify.com", "https://Amber-Shop.myshopify.com/", " amber-shop.myshopify.com "]
)
def test_the_shop_is_its_own_domain(connect: Callable[..., ShopifyConnector], given: str) -> None:
    assert repr(connect(shop=given)) == "ShopifyConnector(amber-shop.myshopify.com)"


@pytest.mark.parametrize("given", ["amber-shop.com", "amber-shop", "https://amber.myshopify.com/admin"])
def test_a_custom_domain_is_refused(connect: Callable[..., ShopifyConnector], given: str) -> None:
    with pytest.raises(ValidationError, match=r"name\.myshopify\.com"):
        connect(shop=given)


def test_no_secret_shows(shop: Any, connect: Any, vendor: Any, errors: Any, caplog: Any) -> None:
    """Neither in `repr` nor in errors nor in logs, whatever the shop answers."""
    caplog.set_level(logging.DEBUG)
    connector = connect(webhook_secret="hush-canary")
    shown = [repr(connector), repr(connector._settings), str(connector._settings), repr(connector._graphql)]
    for answer in (
        errors("ACCESS_DENIED"),
        errors("INTERNAL_SERVER_ERROR"),
        httpx.Response(401, json={"errors": "[API] Invalid API key or access token"}),
        httpx.ConnectError("no"),
        httpx.ReadTimeout("no"),
    ):
        shop.answers["Order"] = [answer]
        with pytest.raises(OrderSyncError) as caught:
            connector.get_order("1")
        shown += [str(caught.value), repr(caught.value)]
    assert shop.requests[0].headers["x-shopify-access-token"] == vendor.token
    for text in (*shown, caplog.text):
        assert vendor.token not in text
        assert "hush-canary" not in text
