"""The contract: what the connector offers, and that its hooks can be called as the specifications say."""

from __future__ import annotations

import inspect
import typing

import pytest

from ordersync.hookspecs import ConnectorSpecs
from ordersync.testing.floats import float_fields
from ordersync_erp_netsuite import NetSuiteConnector
from ordersync_erp_netsuite.wire import Wire

SPECS = {name: hook for name, hook in vars(ConnectorSpecs).items() if not name.startswith("_")}
OFFERED = [name for name, member in vars(NetSuiteConnector).items() if hasattr(member, "ordersync_impl")]


def test_it_offers_what_the_platform_can() -> None:
    no_webhooks = {"receive", "subscribe", "unsubscribe"}
    no_bulk = {"create_orders", "create_customers", "update_orders"}
    assert set(OFFERED) == set(SPECS) - no_webhooks - no_bulk - {"add_line_item", "check_discount"}


@pytest.mark.parametrize("name", OFFERED)
def test_signatures_are_those_of_the_specifications(name: str) -> None:
    hook, spec = getattr(NetSuiteConnector, name), SPECS[name]
    given, wanted = typing.get_type_hints(hook), typing.get_type_hints(spec)
    allowed = inspect.signature(spec).parameters
    for parameter in inspect.signature(hook).parameters.values():
        assert parameter.name in allowed
        assert parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        assert parameter.default is parameter.empty
        assert given.get(parameter.name) == wanted.get(parameter.name)
    assert given["return"] == wanted["return"]


TBA = {"consumer_key": "a", "consumer_secret": "b", "token_id": "c", "token_secret": "d"}


def test_settings_are_described_and_closed() -> None:
    model = NetSuiteConnector.settings_model
    assert all(field.description for field in model.model_fields.values())
    with pytest.raises(ValueError, match="Extra inputs"):
        model.model_validate({"account": "1", **TBA, "subsidary": 1})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"client_id": "a"},
        {**TBA, "token_secret": None},
        {**TBA, "client_id": "a", "certificate_id": "b", "private_key": "c"},
    ],
)
def test_settings_want_one_way_in(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="give either"):
        NetSuiteConnector.settings_model.model_validate({"account": "1", **given})


def test_the_account_is_spelt_in_two_ways() -> None:
    settings = NetSuiteConnector.settings_model.model_validate({"account": "1234567-sb1", **TBA})
    assert settings.realm == "1234567_SB1"
    assert settings.host == "https://1234567-sb1.suitetalk.api.netsuite.com"


def test_numbers_of_a_settings_file_stay_as_written() -> None:
    settings = NetSuiteConnector.settings_model.model_validate(
        {"account": "1", **TBA, "subsidiary": 3, "tax_codes": [{"rate": 8.875, "code": 7}]}
    )
    assert (settings.subsidiary, str(settings.tax_codes[0].rate), settings.tax_codes[0].code) == (
        "3",
        "8.875",
        "7",
    )
    with pytest.raises(ValueError, match="time zone"):
        NetSuiteConnector.settings_model.model_validate({"account": "1", **TBA, "timezone": "Mars/Base"})


def test_no_float_touches_an_amount() -> None:
    assert float_fields(*Wire.__subclasses__(), NetSuiteConnector.settings_model) == []
