"""The contract: what the connector offers, and that its hooks can be called as the specifications say."""

from __future__ import annotations

import inspect
import logging
import typing
from pathlib import Path

import httpx
import pytest

from ordersync import OrderSyncError
from ordersync.hookspecs import ConnectorSpecs
from ordersync.testing.floats import float_fields
from ordersync_erp_sapb1 import SapB1Connector, mapping, wire

SPECS = {name: hook for name, hook in vars(ConnectorSpecs).items() if not name.startswith("_")}
OFFERED = [name for name, member in vars(SapB1Connector).items() if hasattr(member, "ordersync_impl")]
ABSENT = {
    "receive",
    "subscribe",
    "unsubscribe",
    "check_discount",
    "create_customers",
    "update_orders",
}
"""What the Service Layer documents no way to do, or has no batch for that is worth one."""


def test_it_offers_both_sides() -> None:
    assert set(OFFERED) == set(SPECS) - ABSENT


@pytest.mark.parametrize("name", OFFERED)
def test_signatures_are_those_of_the_specifications(name: str) -> None:
    hook, spec = getattr(SapB1Connector, name), SPECS[name]
    given, wanted = typing.get_type_hints(hook), typing.get_type_hints(spec)
    allowed = inspect.signature(spec).parameters
    for parameter in inspect.signature(hook).parameters.values():
        assert parameter.name in allowed
        assert parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        assert parameter.default is parameter.empty
        assert given.get(parameter.name) == wanted.get(parameter.name)
    assert given["return"] == wanted["return"]


def test_settings_are_described_and_closed() -> None:
    model = SapB1Connector.settings_model
    assert all(field.description for field in model.model_fields.values())
    good = {"url": "https://x", "company": "c", "user": "u", "password": "p"}
    assert model.model_validate(good).version == "v2"
    for wrong in (
        {"pasword": "x"},
        {"timezone": "Mars/Base"},
        {"key_field": "Comments"},
        {"currencies": {"$": "dollar"}},
    ):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            model.model_validate({**good, **wrong})


def test_no_float_touches_an_amount() -> None:
    bodies = [one for one in vars(wire).values() if isinstance(one, type) and issubclass(one, wire.Body)]
    assert float_fields(*bodies, SapB1Connector.settings_model) == []


def test_the_sandbox_reads_the_vendor_on_its_own() -> None:
    folder = Path(mapping.__file__).parent / "sandbox"
    for file in folder.glob("*.py"):
        text = file.read_text("utf-8")
        assert "ordersync_erp_sapb1" not in text, file.name
        assert "from ..wire" not in text
        assert "from ..mapping" not in text


def test_no_secret_shows(open_desk: typing.Any, caplog: pytest.LogCaptureFixture) -> None:
    """Neither password nor session in `repr`, errors or logs, whatever the Service Layer answers."""
    caplog.set_level(logging.DEBUG)
    desk = open_desk()
    desk.connector.check_access(thorough=False)
    session = next(iter(desk.sandbox.sessions))
    settings = desk.connector._settings
    shown = [repr(desk.connector), repr(settings), str(settings), repr(desk.connector._service._sessions)]
    for answer in (
        httpx.Response(401, json={"error": {"code": 301, "message": "Invalid session"}}),
        httpx.Response(500, text="boom"),
        httpx.Response(400, json={"error": {"code": "-5002", "message": "no  [ORDR.CardCode]"}}),
    ):
        desk.wire.tamper = lambda request, response, answer=answer: answer
        with pytest.raises(OrderSyncError) as caught:
            desk.connector.find_order("os-x")
        shown += [str(caught.value), repr(caught.value)]
    desk.wire.tamper = None
    for text in (*shown, caplog.text):
        assert desk.sandbox.password not in text
        assert session not in text
