"""What the settings refuse."""

from __future__ import annotations

from typing import Any

import pytest

from ordersync_erp_sapb1 import SapB1Connector


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("timezone", "Mars/Base"), ("key_field", "Comments"), ("currencies", {"$": "dollar"})],
)
def test_a_value_that_cannot_be_is_refused_by_name(name: str, wrong: Any) -> None:
    good = {"url": "https://x", "company": "c", "user": "u", "password": "p"}
    assert SapB1Connector.settings_model.model_validate(good).key_field == "NumAtCard"
    with pytest.raises(ValueError, match=name):
        SapB1Connector.settings_model.model_validate({**good, name: wrong})
