"""The way in and the way back between two sandboxes: what a sync made is found whole, with and without the ledger."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from pairs import Pair

from ordersync.host import Discrepancy, Host
from ordersync.ledger import ADOPTED, Ledger, Restored, Seen, State
from ordersync.model import OrderRef, Problem

WAYS = [("shopify", "erp-odoo"), ("erp-odoo", "shopify")]


def reconciled(host: Host) -> tuple[int, dict[str, int], list[Discrepancy]]:
    told: list[Discrepancy] = []
    result = host.reconcile("orders", tell=told.append)
    assert len(told) == sum(result.counts.values())
    return result.gap, {str(kind): count for kind, count in result.counts.items()}, told


@pytest.mark.parametrize(("source", "target"), WAYS)
def test_a_reconciliation_finds_what_a_sync_made(source: str, target: str) -> None:
    pair = Pair(source=source, target=target, orders=60)
    with pair.host() as host:
        report = host.sync("orders", everything=True)
        assert report.created > 0
        pair.clock.sleep(600)
        gap, counts, told = reconciled(host)
        assert counts == ({"missing": report.parked} if report.parked else {})
        assert gap == report.parked
        assert {found.ledger for found in told} <= {"parked"}


@pytest.mark.parametrize(("source", "target"), WAYS)
def test_a_lost_ledger_is_restored(source: str, target: str) -> None:
    pair = Pair(source=source, target=target, orders=60)
    with pair.host() as host:
        report = host.sync("orders", everything=True)
    standing = len(pair.made())
    with pair.host() as host:
        rebuilt = host.rebuild("orders")
        assert (rebuilt.done, rebuilt.unfinished) == (report.created, 0)
        assert rebuilt.absent + rebuilt.unreadable == report.parked
        assert rebuilt.skipped == report.skipped
        again = host.sync("orders")
        assert (again.created, again.parked) == (0, report.parked)
    assert len(pair.made()) == standing


def test_adopted_orders_stand_without_our_key() -> None:
    """Orders that stand in the ERP under keys of another source are an earlier integration's as far as this one goes."""
    pair = Pair(orders=12)
    with pair.host() as host:
        report = host.sync("orders", everything=True)
        rows = list(host.ledger.rows("orders", states=[State.DONE]))
        assert len(rows) == report.created
        host.ledger.close()
        host._ledger = Ledger("sqlite://", clock=pair.clock)
        source = host.connection("shop")
        bound = []
        for row in rows:
            assert row.target is not None
            order = source.get_order(row.source_id)
            assert order is not None
            seen = Seen(
                row.source_id,
                row.number,
                f"os-none-{row.source_id}",
                row.source_updated_at,
                "p",
                row.settings_hash,
            )
            bound.append(
                Restored(
                    seen, State.DONE, OrderRef(id=row.target.id), Problem(code=ADOPTED, message="earlier")
                )
            )
        assert len(host.ledger.adopt("orders", bound)) == report.created
        assert host.sync("orders", everything=True).created == 0
        gap, counts, _ = reconciled(host)
        assert (gap, counts.get("gone", 0), counts.get("differs", 0)) == (report.parked, 0, 0)
