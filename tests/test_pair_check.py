"""A pair is checked between real sandboxes: what is said beforehand is what a sync then does, and nothing is written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from pairs import Pair

from ordersync.transfer.pair import PairReport

PAIRS = [("shopify", "erp-odoo"), ("shopify", "woocommerce"), ("erp-odoo", "shopify")]


def met(report: PairReport) -> dict[str, tuple[int, int]]:
    """Limit → (orders that it touches, orders that park for it)."""
    return {limit.code: (limit.orders, limit.parked) for limit in report.limits}


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_what_a_check_says_is_what_a_sync_does(source: str, target: str) -> None:
    pair = Pair(source=source, target=target, orders=60)
    customers = pair.erp.customers()
    with pair.host() as host:
        report = host.check_pair("orders", orders=200)
        assert pair.made() == []
        assert pair.erp.customers() == customers
        assert list(host.orders("orders")) == []
        assert host.is_new("orders")
        assert host.check_pair("orders", orders=200) == report, "asked again, it says the same"
        done = host.sync("orders", everything=True)
    assert (report.orders, report.skipped, report.parked) == (done.seen, done.skipped, done.parked)
    assert {why.code: why.orders for why in report.reasons} == done.reasons
    assert done.created == report.orders - report.skipped - report.parked


def test_what_odoo_cannot_hold_of_shopify() -> None:
    with Pair(orders=60).host() as host:
        report = host.check_pair("orders", orders=200)
    assert (report.source, report.target) == ("Shopify", "Odoo")
    found = met(report)
    for touched in ("guest", "money_set", "discount_codes", "line_discount", "target_arithmetic"):
        assert found[touched][0] > 0, touched
    assert found["currency"] == found["tax_rate_missing"] == (0, 0)
    assert {"negative_line", "placed_at", "customer_email", "custom_line"} & set(found) == set()
    assert [(why.code, why.orders) for why in report.reasons] == [("unknown_sku", 1)]


def test_what_woocommerce_cannot_hold_of_shopify() -> None:
    with Pair(target="woocommerce", orders=60).host() as host:
        report = host.check_pair("orders", orders=200)
    found = met(report)
    assert found["placed_at"] == (report.orders - report.skipped, 0), "no order keeps its date"
    assert found["customer_email"] == (0, 0)
    assert "tracking" in found
    assert {"guest", "currency", "discount_codes", "quantity"} & set(found) == set(), (
        "Shopify counts whole units"
    )


def test_what_shopify_cannot_hold_of_odoo() -> None:
    with Pair(source="erp-odoo", target="shopify", orders=60).host() as host:
        report = host.check_pair("orders", orders=200)
    found = met(report)
    assert found["line_discount"][0] > 0
    assert found["quantity"] == (0, 0)
    assert {"guest", "discount_codes", "placed_at"} & set(found) == set()


def test_the_routes_policy_decides() -> None:
    pair = Pair(orders=60, route={})
    with pair.host() as host:
        report = host.check_pair("orders", orders=200)
    touched, parked = met(report)["money_set"]
    assert touched == parked > 0
    assert {why.code: why.setting for why in report.reasons}["money_set"] == "policies.money"


def test_only_as_many_as_were_asked_for() -> None:
    with Pair(orders=60).host() as host:
        assert host.check_pair("orders").orders == 50
        assert host.check_pair("orders", orders=5).orders == 5
