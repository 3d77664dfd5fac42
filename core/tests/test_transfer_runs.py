"""A run and the next one: planned, bounded, stopped, in batches and on threads, and where the next one begins."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from mishaps import SETTLE, Target, World, order
from mishaps import closing as closing

from ordersync.hookspecs import hookimpl
from ordersync.ledger import State
from ordersync.model import Draft, Facts, OrderStatus, Outcome, Placed
from ordersync.transfer import Progress


def test_orders_pass_once() -> None:
    world = World()
    report = world.sync()
    assert (report.seen, report.created, report.totals_checked, report.failed) == (3, 3, 3, 0)
    world.check()
    again = world.sync()
    assert (again.created, again.unchanged) == (0, 3), "the overlap shows them again"
    world.check()


def test_stop_leaves_nothing_half_done() -> None:
    world = World(60)
    stop = threading.Event()

    def after_ten(progress: Progress) -> None:
        if progress.created >= 10:
            stop.set()

    report = world.sync(progress=after_ten, stop=stop)
    assert report.interrupted
    assert 10 <= report.created < 60
    assert set(world.states().values()) <= {State.DONE, State.SEEN}
    assert world.sync().created == 60 - report.created
    world.check()


def test_the_limit_bounds_what_is_sent_and_loses_nothing() -> None:
    world = World(120)
    assert world.sync(limit=1).created == 1
    assert world.sync(limit=50).created == 50
    world.sync()
    world.check()


def test_one_order_by_id() -> None:
    world = World()
    assert world.sync(order="O2").created == 1
    assert world.states() == {"O2": State.DONE}
    assert world.ledger.watermark("orders") is None


def test_the_watermark_follows_what_is_recorded() -> None:
    world = World()
    world.sync()
    assert world.ledger.watermark("orders") == world.source_store.orders["O3"].updated_at
    late = order(2).model_copy(update={"id": "O9", "number": "#9", "updated_at": order(2).updated_at})
    world.add(late)
    world.sync()
    assert "O9" in world.states(), "an order that appears late within the overlap is met"


def test_a_plan_writes_nothing() -> None:
    world = World()
    world.add(order(4, skus=("NOPE",)))
    world.add(order(5, status=OrderStatus.CANCELLED))
    planned = list(world.transfer().plan())
    assert [one.action for one in planned] == ["create", "create", "create", "park", "skip"]
    assert world.target.calls == []
    assert world.states() == {}
    assert world.target_store.customers == {}
    world.sync()
    assert {one.action for one in world.transfer().plan(order="O1")} == {"unchanged"}


def test_batches_are_used_where_offered() -> None:
    class Batching(Target):
        facts: Facts = Facts(batch_sizes={"create_orders": 2}, settle_time=SETTLE)

        @hookimpl
        def create_orders(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
            self.calls.append(f"batch of {len(drafts)}")
            return super(Target, self).create_orders(drafts)

    world = World(5)
    world.target = world._connector(Batching, world.target_store)
    world.sync()
    assert [call for call in world.target.calls if "batch" in call] == ["batch of 2", "batch of 2"]
    assert len(world.target_store.placed) == 5


@pytest.mark.parametrize("workers", [1, 8])
def test_threads_change_nothing(workers: int) -> None:
    world = World(40)
    world.transfer(workers=workers).sync()
    world.check()
