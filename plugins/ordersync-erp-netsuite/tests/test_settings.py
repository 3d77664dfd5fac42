"""What the settings take, and what they say to the rest."""

from __future__ import annotations

from typing import Any

import pytest

from ordersync_erp_netsuite import NetSuiteConnector

TBA = {"consumer_key": "a", "consumer_secret": "b", "token_id": "c", "token_secret": "d"}


def checked(**given: Any) -> Any:
    return NetSuiteConnector.settings_model.model_validate({"account": "1", **given})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"client_id": "a"},
        {**TBA, "token_secret": None},
        {**TBA, "client_id": "a", "certificate_id": "b", "private_key": "c"},
    ],
)
def test_one_way_in_is_wanted(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="give either"):
        checked(**given)


def test_the_account_is_spelt_in_two_ways() -> None:
    settings = checked(**TBA, account="1234567-sb1")
    assert settings.realm == "1234567_SB1"
    assert settings.host == "https://1234567-sb1.suitetalk.api.netsuite.com"


def test_numbers_of_a_settings_file_stay_as_written() -> None:
    settings = checked(**TBA, subsidiary=3, tax_codes=[{"rate": 8.875, "code": 7}])
    (code,) = settings.tax_codes
    assert (settings.subsidiary, str(code.rate), code.code) == ("3", "8.875", "7")


def test_a_time_zone_has_a_name_that_is_known() -> None:
    with pytest.raises(ValueError, match="time zone"):
        checked(**TBA, timezone="Mars/Base")
