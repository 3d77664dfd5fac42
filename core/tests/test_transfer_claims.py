"""A worker that stands still: its claim is renewed or another takes over, and whatever is made twice is reported."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from mishaps import World
from mishaps import closing as closing

from ordersync.ledger import State


def takes_over(world: World, *, minutes: int) -> Callable[[Callable[[], Any]], Any]:
    """The worker stands still within a call, and a second one works meanwhile."""

    def fault(real: Callable[[], Any]) -> Any:
        world.clock.sleep(minutes * 60)
        world.target.faults.clear()
        world.transfer().sync()
        return real()

    return fault


def test_a_worker_that_stood_still_writes_no_more() -> None:
    """The one call in which it stood still may make a twin, which is reported; nothing that would come after it does."""
    world = World(3)
    world.target.faults[("create_order", 1)] = takes_over(world, minutes=10)
    world.sync()
    made = [draft.source_id for draft, _, _ in world.target_store.placed.values()]
    assert sorted(made) == ["O1", "O1", "O2", "O3"]
    (row,) = world.ledger.rows("orders", states=[State.PARKED])
    assert (row.source_id, row.problem.code if row.problem else "") == ("O1", "twins")


def test_a_customer_made_twice_is_reported_and_the_first_one_used() -> None:
    world = World(2)
    world.target.faults[("create_customer", 1)] = takes_over(world, minutes=10)
    world.sync()
    twins = world.ledger.twin_customers("erp")
    assert len(twins) == 1, "only the one in whose create it stood still"
    ((used, other),) = twins.values()
    assert len(world.target_store.customers) == 3
    assert {
        draft.customer_ref.id for draft, _, _ in world.target_store.placed.values() if draft.customer_ref
    } == {
        used,
        *(set(world.target_store.customers) - {used, other}),
    }


def test_a_claim_that_runs_out_is_renewed_while_nobody_wants_it() -> None:
    world = World(1)

    def slowly(real: Callable[[], Any]) -> Any:
        world.clock.sleep(600)
        return real()

    world.target.short = 1
    world.target.faults[("create_order", 1)] = slowly
    world.target.faults[("add_line_item", 1)] = slowly
    assert world.sync().created == 1
    world.check()
