"""Answers are lost, workers die, platforms are away: nothing is made twice, nothing is lost or left short."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from mishaps import SETTLE, Died, World, dies_after, dies_before, lost_after, lost_before, memory
from mishaps import closing as closing

from ordersync.errors import AccessDenied, RateLimited, TryLater, Unreachable
from ordersync.ledger import Ledger, State


def test_the_intent_is_committed_before_the_create_leaves() -> None:
    world = World(1)
    found: list[State] = []

    def look(real: Callable[[], Any]) -> Any:
        found.extend(row.state for row in world.ledger.rows("orders"))
        return real()

    world.target.faults[("create_order", 1)] = look
    world.sync()
    assert found == [State.SENDING]


@pytest.mark.parametrize("fault", [lost_before, lost_after])
@pytest.mark.parametrize("hook", ["create_order", "create_customer", "update_order", "add_line_item"])
@pytest.mark.parametrize("lag", [0, 30])
def test_a_lost_answer_never_makes_two(hook: str, fault: Any, lag: int) -> None:
    world = World(drafts=hook == "update_order")
    world.target.short = 1 if hook == "add_line_item" else 0
    world.target.lag = timedelta(seconds=lag)
    world.target.facts = world.target.facts.model_copy(update={"index_lag": timedelta(seconds=lag)})
    world.target.faults[(hook, 2)] = fault()
    report = world.sync()
    assert report.created == 3
    assert report.failed == 0
    world.check()


@pytest.mark.parametrize("fault", [dies_before, dies_after])
@pytest.mark.parametrize(
    "hook", ["create_order", "create_customer", "update_order", "add_line_item", "find_order"]
)
def test_a_dead_worker_loses_nothing(hook: str, fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(drafts=hook == "update_order")
    world.target.short = 1 if hook == "add_line_item" else 0
    world.target.faults[(hook, 2)] = fault
    with monkeypatch.context() as dead:
        dead.setattr(Ledger, "release_all", lambda self, owner: None)
        with pytest.raises(Died):
            world.sync()
    world.sync()
    world.check()


def test_absence_is_concluded_from_two_late_looks() -> None:
    world = World(1)
    looks: list[float] = []
    started = world.clock.now()
    world.target.faults[("create_order", 1)] = lost_before()

    def timed(real: Callable[[], Any]) -> Any:
        looks.append((world.clock.now() - started).total_seconds())
        return real()

    for number in range(1, 6):
        world.target.faults[("find_order", number)] = timed
    world.sync()
    before_first_send, *after = looks
    assert before_first_send == 0
    assert len(after) == 2
    assert after[0] >= SETTLE.total_seconds()
    assert after[1] > after[0]
    world.check()


def test_on_a_new_ledger_the_key_is_looked_for_first() -> None:
    world = World()
    world.sync()
    world.ledger = memory(world.clock)
    report = world.sync()
    assert (report.created, report.unchanged) == (0, 3)
    world.check()


def test_an_order_found_in_part_is_completed() -> None:
    world = World(1)
    world.target.short = 1
    world.target.faults[("add_line_item", 1)] = dies_before
    with pytest.raises(Died):
        world.sync()
    world.ledger = memory(world.clock)
    world.sync()
    world.check()


def test_access_denied_stops_the_run_and_parks_nothing() -> None:
    world = World()
    world.target.faults[("create_order", 2)] = lost_before(AccessDenied("The token is wrong."))
    with pytest.raises(AccessDenied):
        world.sync()
    assert State.PARKED not in world.states().values()
    world.sync()
    world.check()


@pytest.mark.parametrize(
    "error", [Unreachable("No connection."), TryLater("Busy."), RateLimited("Slow down.")]
)
def test_what_was_not_done_is_done_later(error: TryLater) -> None:
    world = World()
    world.target.faults[("create_order", 2)] = lost_before(error)
    if isinstance(error, Unreachable):
        with pytest.raises(Unreachable):
            world.sync()
        world.sync()
    else:
        assert world.sync().failed == 0
    world.check()


def test_a_connectors_defect_is_in_doubt_and_bounded() -> None:
    world = World(2)

    def broken(real: Callable[[], Any]) -> Any:
        raise KeyError("a defect")

    for number in range(1, 12):
        world.target.faults[("create_order", number)] = broken
    report = world.transfer().sync()
    assert report.created == 0
    assert report.reasons.get("gave_up", 0) == 2
    assert world.target_store.placed == {}


def test_lines_that_an_earlier_write_may_still_bring_are_not_added_too_soon() -> None:
    world = World(1)
    world.target.short = 1
    world.target.faults[("add_line_item", 1)] = lost_before()
    begun = world.clock.now()

    assert world.sync().created == 1
    assert world.clock.now() - begun >= SETTLE
    assert world.target.calls.count("add_line_item") == 2
    world.check()
