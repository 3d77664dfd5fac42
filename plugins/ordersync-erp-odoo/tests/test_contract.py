"""The contract: what the connector offers, and that its hooks can be called as the specifications say."""

from __future__ import annotations

import inspect
import typing

import pytest

from ordersync.hookspecs import ConnectorSpecs
from ordersync.testing.floats import float_fields
from ordersync_erp_odoo import OdooConnector
from ordersync_erp_odoo.wire import Row

SPECS = {name: hook for name, hook in vars(ConnectorSpecs).items() if not name.startswith("_")}
OFFERED = [name for name, member in vars(OdooConnector).items() if hasattr(member, "ordersync_impl")]


def test_it_offers_both_sides() -> None:
    left_out = {"subscribe", "unsubscribe", "check_discount"}
    assert set(OFFERED) == set(SPECS) - left_out


@pytest.mark.parametrize("name", OFFERED)
def test_signatures_are_those_of_the_specifications(name: str) -> None:
    hook, spec = getattr(OdooConnector, name), SPECS[name]
    given, wanted = typing.get_type_hints(hook), typing.get_type_hints(spec)
    allowed = inspect.signature(spec).parameters
    for parameter in inspect.signature(hook).parameters.values():
        assert parameter.name in allowed
        assert parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        assert parameter.default is parameter.empty
        assert given.get(parameter.name) == wanted.get(parameter.name)
    assert given["return"] == wanted["return"]


def test_settings_are_described_and_closed() -> None:
    model = OdooConnector.settings_model
    assert all(field.description for field in model.model_fields.values())
    with pytest.raises(ValueError, match="Extra inputs"):
        model.model_validate({"url": "https://x", "database": "d", "api_key": "k", "databse": "x"})


def test_no_float_touches_an_amount() -> None:
    assert float_fields(*Row.__subclasses__(), OdooConnector.settings_model) == []
