"""Rate budgets in the ledger: one step at a time, on the database's clock, and what a host makes of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ordersync.errors import LedgerTrouble
from ordersync.host import Host
from ordersync.ledger import Ledger, Store
from ordersync.ledger import tables as t
from ordersync.settings import settings_of
from ordersync.testing.postgresql import postgresql
from ordersync.testing.reference import store
from ordersync.testing.trial import reference_orders
from ordersync.web import Access, Budgets, InFlight, LeakyBucket, QuotaWindow, VirtualClock, bulk
from ordersync.web.runs import in_bulk


@pytest.fixture
def shared() -> Iterator[str]:
    yield from postgresql()


@pytest.fixture(params=["file", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "postgresql":
        yield from postgresql()
    else:
        yield f"sqlite:///{tmp_path / 'ledger.db'}"


def _counted(kept: dict[str, Any] | None, _: float) -> tuple[dict[str, Any], int]:
    count = (kept or {"count": 0})["count"] + 1
    return {"count": count}, count


def test_an_exchange_is_one_step_whoever_else_makes_one(url: str) -> None:
    ledgers = [Ledger(url) for _ in range(2)]
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda n: ledgers[n % 2].exchange("key", _counted), range(60)))
    assert sorted(seen) == list(range(1, 61))
    assert ledgers[0].exchange("other", _counted) == 1
    for ledger in ledgers:
        ledger.close()


def test_what_a_change_raises_changes_nothing(url: str) -> None:
    ledger = Ledger(url)

    def broken(kept: dict[str, Any] | None, now: float) -> tuple[dict[str, Any], int]:
        raise ValueError("no")

    assert ledger.exchange("key", _counted) == 1
    with pytest.raises(ValueError, match="no"):
        ledger.exchange("key", broken)
    assert ledger.exchange("key", _counted) == 2
    ledger.close()


def test_time_is_the_database_s_own_where_machines_share_it(shared: str) -> None:
    ledger = Ledger(shared, clock=VirtualClock(datetime(2001, 1, 1, tzinfo=UTC)))
    now = ledger.exchange("key", lambda kept, now: ({"a": 1}, now))
    assert abs(datetime.fromtimestamp(now, UTC) - datetime.now(UTC)) < timedelta(minutes=1)
    assert ledger.shares_budgets
    ledger.close()


def test_two_ledgers_with_threads_hand_out_exactly_what_is_permitted(
    shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database's clock stands still, so that a bucket's size is all there is, and a hundred takes wait for it."""
    clock = VirtualClock()
    monkeypatch.setattr(Store, "now", lambda self, connection: clock.now())
    ledgers = [Ledger(shared) for _ in range(2)]
    began = clock.now()
    budgets = [
        Access(clock=clock, budgets=Budgets(ledger)).budget(LeakyBucket(20, 10), account="shop")
        for ledger in ledgers
    ]

    def work(number: int) -> None:
        with bulk(number % 2 > 0):
            budgets[number % 2].take().settle()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(100)))
    assert (clock.now() - began).total_seconds() >= (100 - 20) / 10 - 0.01
    with ledgers[0]._store.read() as db:
        kept = db.execute(sa.select(t.budgets)).all()
    assert len(kept) == 1
    assert "shop" not in json.dumps([list(map(str, row)) for row in kept])
    for ledger in ledgers:
        ledger.close()


def _settings(url: str, name: str) -> Any:
    return settings_of(
        {
            "ledger": {"url": url},
            "connections": {
                "shop": {"connector": "reference", "store": f"{name}-shop"},
                "erp": {"connector": "reference", "store": f"{name}-erp", "any_sku": True},
            },
            "routes": {"orders": {"source": "shop", "target": "erp"}},
        }
    )


def test_hosts_share_budgets_in_postgresql_and_nowhere_else(shared: str, tmp_path: Path) -> None:
    for url, together in ((shared, True), (f"sqlite:///{tmp_path / 'ledger.db'}", False)):
        hosts = [Host.open(_settings(url, "budgets")) for _ in range(2)]
        accesses = [host.connection("shop").connector._access for host in hosts]  # type: ignore[attr-defined]  # the reference's
        one, two = (access.budget(QuotaWindow(2, 200), account="shop") for access in accesses)
        one.take().settle()
        one.take().settle()
        if together:
            slot: Any = two._pots[0][2]
            with slot._lock:
                assert slot._try(1.0, False) > 100
        else:
            two.take().settle()
        assert accesses[0].platform == "reference"
        for host in hosts:
            host.close()


def test_a_host_whose_database_is_away_goes_by_itself_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away = "postgresql+psycopg://postgres@127.0.0.1:1/none?connect_timeout=1"
    with Host.open(_settings(away, "away")) as host, caplog.at_level(logging.WARNING):
        access = host.connection("shop").connector._access  # type: ignore[attr-defined]  # the reference's
        budget = access.budget(LeakyBucket(10, 1), InFlight(2), account="shop")
        for _ in range(3):
            budget.take().settle()
        with pytest.raises(LedgerTrouble):
            _ = host.ledger
    assert [record.name for record in caplog.records] == ["ordersync.connector.reference"]


@pytest.mark.parametrize("workers", [1, 4])
def test_all_that_a_sync_asks_is_bulk_and_a_single_order_is_not(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ordersync.connection import Connection

    asked: set[bool] = set()
    ask = Connection._ask

    def watched(self: Connection, hook: str, **arguments: Any) -> Any:
        if hook != "check_access":
            asked.add(in_bulk.get())
        return ask(self, hook, **arguments)

    monkeypatch.setattr(Connection, "_ask", watched)
    name = f"bulk-{workers}"
    store(f"{name}-shop").orders = {order.id: order for order in reference_orders(120)}
    with Host.open(_settings("sqlite://", name), workers=workers) as host:
        one = next(iter(store(f"{name}-shop").orders))
        list(host.plan("orders", order=one))
        host.sync("orders", order=one)
        assert asked == {False}
        asked.clear()
        for _ in host.plan("orders"):
            assert not in_bulk.get()
        host.sync("orders", everything=True)
        host.retry("orders")
        host.reconcile("orders")
        assert asked == {True}
        asked.clear()
        host.explain("orders", one)
        assert asked <= {False}
