"""Quirks of the shop that no transfer may notice: nothing twice, nothing lost, every total equal."""

from __future__ import annotations

import pytest

from ordersync.testing.trial import Trial


@pytest.mark.parametrize("quirk", ["legacy_storage", "subtotal_rounding", "time_zone", "stripped_header"])
def test_orders_arrive_once_and_to_the_cent(quirk: str) -> None:
    settings = {"key_in": "query"} if quirk == "stripped_header" else {}
    url = {"url": "https://woocommerce.sandbox"} if quirk == "stripped_header" else {}
    with Trial("woocommerce", {quirk: ""}, side="target", settings={**settings, **url}) as trial:
        trial.run()
        assert trial.wrong() == []


@pytest.mark.parametrize("quirk", ["legacy_storage", "time_zone"])
def test_orders_are_read_once_and_to_the_cent(quirk: str) -> None:
    with Trial("woocommerce", {quirk: ""}, side="source", orders=12) as trial:
        trial.run()
        assert trial.wrong() == []
