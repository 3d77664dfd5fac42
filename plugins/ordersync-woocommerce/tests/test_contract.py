"""The contract: what the connector offers, how its hooks can be called, and that no secret shows."""

from __future__ import annotations

import inspect
import logging
import tomllib
import typing
from pathlib import Path
from typing import Any

import httpx
import pytest

from ordersync import OrderSyncError
from ordersync.connection import signature_problems
from ordersync.hookspecs import ConnectorSpecs
from ordersync.testing.floats import float_fields
from ordersync_woocommerce import WooCommerceConnector, wire

SPECS = {name: hook for name, hook in vars(ConnectorSpecs).items() if not name.startswith("_")}
OFFERED = [name for name, member in vars(WooCommerceConnector).items() if hasattr(member, "ordersync_impl")]
LEFT_OUT = {"add_line_item", "find_customers", "create_customers"}
RULES = (
    "reads_orders writes_orders finds_by_key never_twice nested_pages rate_budget webhooks_verified money_exact "
    "secrets_hidden sandbox contract_tested live_tested"
).split()


def test_it_offers_both_sides() -> None:
    assert set(OFFERED) == set(SPECS) - LEFT_OUT


@pytest.mark.parametrize("name", OFFERED)
def test_signatures_are_those_of_the_specifications(name: str) -> None:
    given = typing.get_type_hints(getattr(WooCommerceConnector, name))
    assert given["return"] == typing.get_type_hints(SPECS[name])["return"]


def test_the_core_has_nothing_against_it(open_stall: Any) -> None:
    assert signature_problems(open_stall().connector) == []


def test_settings_are_described_and_closed() -> None:
    model = WooCommerceConnector.settings_model
    assert all(field.description for field in model.model_fields.values())
    with pytest.raises(ValueError, match="Extra inputs"):
        model.model_validate({"url": "https://x", "consumer_key": "k", "consumer_secret": "s", "key": "x"})


def test_local_pickup_is_refused_as_a_shipping_method(open_stall: Any) -> None:
    with pytest.raises(ValueError, match="local pickup"):
        open_stall(shipping_method="local_pickup")


def test_no_float_touches_an_amount() -> None:
    assert float_fields(*wire.Wire.__subclasses__()) == []


def test_every_rule_is_done_or_excused() -> None:
    card = tomllib.loads((Path(__file__).parents[1] / "quality.toml").read_text("utf-8"))["rules"]
    assert set(RULES) <= set(card)
    for rule, entry in card.items():
        status = entry if isinstance(entry, str) else entry["status"]
        assert status in ("done", "exempt"), rule
        assert isinstance(entry, str) or entry["reason"], rule


def test_every_setting_stands_in_the_readme() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    missing = [
        name for name in WooCommerceConnector.settings_model.model_fields if f"| `{name}` |" not in readme
    ]
    assert missing == []


def test_no_file_grows_beyond_reading() -> None:
    source = Path(inspect.getfile(WooCommerceConnector)).parent
    long = {file.name: len(file.read_text("utf-8").splitlines()) for file in source.rglob("*.py")}
    assert {name: lines for name, lines in long.items() if lines > 420} == {}


def test_the_sandbox_reads_the_documents_on_its_own() -> None:
    folder = Path(inspect.getfile(WooCommerceConnector)).parent / "sandbox"
    for file in folder.glob("*.py"):
        for line in file.read_text("utf-8").splitlines():
            if line.startswith(("from ordersync_woocommerce", "import ordersync_woocommerce")):
                assert "ordersync_woocommerce.sandbox" in line, (file.name, line)


@pytest.mark.parametrize(
    ("url", "key_in"),
    [
        ("http://shop.sandbox", "header"),
        ("https://shop.sandbox", "header"),
        ("https://shop.sandbox", "query"),
    ],
)
def test_no_secret_shows(open_stall: Any, url: str, key_in: str, caplog: Any) -> None:
    """Neither in `repr` nor in errors nor in logs, whatever the shop answers."""
    caplog.set_level(logging.DEBUG)
    stall = open_stall(url=url, key_in=key_in)
    connector = stall.connector
    shown = [repr(connector), repr(connector._settings), repr(connector._shop), str(connector._settings)]
    personal = {
        "code": "registration-error-email-exists",
        "message": "An account is already registered with buyer.canary@example.com. Please log in.",
        "data": {"status": 400},
    }
    answers = [
        httpx.Response(
            401, json={"code": "woocommerce_rest_cannot_view", "message": "Sorry.", "data": {"status": 401}}
        ),
        httpx.Response(400, json=personal),
        httpx.Response(404, text="<html>"),
        httpx.Response(405, text="no"),
    ]
    for answer in answers:
        stall.wire.before = lambda request, answer=answer: answer
        with pytest.raises(OrderSyncError) as caught:
            connector.check_access(thorough=True)
        shown += [str(caught.value), repr(caught.value)]
    first = stall.wire.seen[0][0]
    assert ("authorization" in first.headers) is (key_in == "header")
    assert ("consumer_secret" in first.url.params) is (key_in == "query")
    for text in (*shown, caplog.text):
        for secret in ("cs_sandbox", "ck_sandbox", "sandbox-webhook-secret", "canary"):
            assert secret not in text
