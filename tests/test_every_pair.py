"""Every pair runs: each platform as source and as target, with the reference platform and with every other one.

Adding a platform adds its row and its column by itself.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from matrix import carried, sources, targets

from ordersync.testing.trial import Trial

ORDERS = 14
EXPECTED = {"unknown_sku", "missing_sku", "refused", "unit_price", "currency", "arithmetic", "price_digits"}
"""Why orders of the seeds may be parked before they are sent: one names a SKU that nobody has, one is in a currency or
a price that the target cannot hold."""


@pytest.mark.parametrize("source", sources())
@pytest.mark.parametrize("target", targets())
def test_every_pair_runs(source: str, target: str) -> None:
    cell = carried(source, target, ORDERS)
    assert cell.wrong == []
    assert cell.seen == ORDERS
    assert set(cell.parked) <= EXPECTED, cell.parked
    assert cell.created + cell.skipped + sum(cell.parked.values()) == ORDERS
    assert cell.created >= ORDERS - 4


@pytest.mark.parametrize("source", sources())
def test_each_source_fills_the_reference_platform(source: str) -> None:
    with Trial(source, side="source", orders=ORDERS) as trial:
        trial.run()
        assert trial.wrong() == []
        currencies = {draft.currency for draft, _, _ in trial.store.placed.values()}
        bases = {draft.taxes_included for draft, _, _ in trial.store.placed.values()}
        assert len(currencies) > 1
        assert len(bases) >= 1


@pytest.mark.parametrize("source", sources())
def test_an_unknown_sku_parks_alone(source: str) -> None:
    with Trial(source, side="source", orders=ORDERS) as trial:
        trial.park_unknown_skus()
        report = trial.sync()
        assert report.parked >= 1
        assert set(report.reasons) <= {"unknown_sku", "missing_sku"}
        assert report.created + report.parked + report.skipped == report.seen == ORDERS


@pytest.mark.parametrize("target", targets())
def test_the_reference_platform_fills_each_target(target: str) -> None:
    with Trial(target, side="target", orders=8) as trial:
        trial.run()
        assert trial.wrong() == []


def test_all_platforms_are_here() -> None:
    here = {"shopify", "woocommerce", "bigcommerce", "erp-odoo", "erp-netsuite", "erp-sapb1"}
    assert here <= set(sources()) & set(targets())
