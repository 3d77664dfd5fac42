"""The contract: signatures, facts, settings, the quality card, and no secret in sight."""

from __future__ import annotations

import inspect
import logging
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from ordersync import Facts, OrderQuery, OrderSyncError
from ordersync.hookspecs import ConnectorSpecs
from ordersync.testing.floats import float_fields
from ordersync_bigcommerce import BigCommerceConnector
from ordersync_bigcommerce.wire import Wire

TOKEN, SECRET = "token-canary-0123456789", "client-secret-canary"
SPECS = dict(inspect.getmembers(ConnectorSpecs, inspect.isfunction))
HOOKS = [
    name
    for name, method in inspect.getmembers(BigCommerceConnector, inspect.isfunction)
    if hasattr(method, "ordersync_impl")
]
ABSENT = {"add_line_item", "create_orders", "find_orders", "get_orders", "update_orders"}
"""What BigCommerce cannot do to the cent, or not in batches."""


def test_every_hook_is_offered_but_those_that_the_platform_cannot_do() -> None:
    assert set(HOOKS) == set(SPECS) - ABSENT


@pytest.mark.parametrize("name", HOOKS)
def test_signatures_equal_the_hookspecs(name: str) -> None:
    spec, hook = SPECS[name], getattr(BigCommerceConnector, name)
    wanted = inspect.signature(spec).parameters
    for parameter in inspect.signature(hook).parameters.values():
        assert parameter.name in wanted
        assert parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        assert parameter.default is parameter.empty
    hints = typing.get_type_hints(hook)
    assert hints == {key: kind for key, kind in typing.get_type_hints(spec).items() if key in hints}
    assert "return" in hints


def test_facts_say_how_far_the_platform_goes(connect: Callable[..., BigCommerceConnector]) -> None:
    facts = BigCommerceConnector.facts
    assert isinstance(facts, Facts)
    assert not facts.unique_key
    assert facts.index_lag.total_seconds() > 0
    assert (facts.arithmetic.line_total, facts.arithmetic.tax) == ("given", "given")
    assert not facts.draft_first
    assert connect(unconfirmed_first=True).facts.draft_first
    assert facts.batch_sizes["create_customers"] == 10


def test_every_setting_is_described_and_the_model_is_closed() -> None:
    schema = BigCommerceConnector.settings_model.model_json_schema()
    assert all("description" in field for field in schema["properties"].values())
    assert schema["additionalProperties"] is False
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    assert all(f"`{name}`" in readme for name in schema["properties"])


@pytest.mark.parametrize("given", ["", "ABC", "stores/abc", "https://api.bigcommerce.com/stores/abc"])
def test_the_store_hash_is_the_bare_id(connect: Callable[..., BigCommerceConnector], given: str) -> None:
    with pytest.raises(ValidationError, match="store_hash"):
        connect(store_hash=given)


def test_no_float_touches_an_amount() -> None:
    assert float_fields(*Wire.__subclasses__(), BigCommerceConnector.settings_model) == []


def test_no_secret_shows(store: Any, connect: Any, caplog: Any) -> None:
    """Neither in `repr` nor in errors nor in logs, whatever the store answers."""
    caplog.set_level(logging.DEBUG)
    connector = connect(webhook_token="hook-canary")
    shown = [repr(connector), repr(connector._settings), str(connector._settings)]
    answers = [
        httpx.Response(401, json=[{"status": 401, "message": "no"}]),
        httpx.Response(500, text="oops"),
        httpx.Response(429, json={"title": "slow down"}),
        httpx.Response(200, text="<html>"),
        httpx.ReadTimeout("late"),
        {"unexpected": True},
    ]
    for answer in answers:
        store.answers.clear()
        store.tell("GET v2/orders", answer)
        with pytest.raises(OrderSyncError) as caught:
            list(connector.list_orders(OrderQuery()))
        shown.append(f"{caught.value!r} {caught.value}")
    assert all(one.headers["x-auth-token"] == TOKEN for one in store.asked)
    for text in (*shown, caplog.text):
        assert not any(canary in text for canary in (TOKEN, SECRET, "hook-canary"))


def test_the_sandbox_imports_neither_wire_nor_mapping() -> None:
    folder = Path(inspect.getfile(BigCommerceConnector)).parent / "sandbox"
    for file in folder.glob("*.py"):
        assert "ordersync_bigcommerce" not in file.read_text("utf-8"), file.name
