"""A run that is told to stop: what left is recorded, what did not is as it was, and the next run does the rest."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from windows import AT_ONCE, Batches, OneByOne, World

from ordersync.ledger import State

MOMENTS = 9


def _counted(kind: type[OneByOne], drafts: bool, workers: int) -> int:
    """How many requests a run takes that nobody stops."""
    world = World(kind, drafts=drafts)
    assert world.transfer(workers).sync().created == 24
    world.check_all_done()
    world.check_nothing_held()
    world.ledger.close()
    return len(world.target.asked)


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("drafts", [False, True], ids=["confirmed", "drafts"])
@pytest.mark.parametrize("kind", [OneByOne, Batches])
def test_a_stop_at_any_request_leaves_nothing_in_doubt_and_nothing_held(
    kind: type[OneByOne], drafts: bool, workers: int
) -> None:
    requests = _counted(kind, drafts, workers)
    for moment in sorted({1 + requests * i // MOMENTS for i in range(MOMENTS)}):
        world = World(kind, drafts=drafts)
        stop, at = threading.Event(), moment

        def meet(_hook: str, _about: object, world: World = world, stop: threading.Event = stop) -> None:
            if len(world.target.asked) >= at:  # noqa: B023 - it is called within the same turn
                stop.set()

        world.target.meet = meet
        report = world.transfer(workers).sync(stop=stop)
        asked = len(world.target.asked)

        assert report.interrupted
        standing = world.standing()
        rows = {row.source_id: row for row in world.ledger.rows("orders")}
        assert {row.state for row in rows.values()} <= {State.DONE, State.SEEN}
        assert {each for each, row in rows.items() if row.state is State.DONE} == set(standing)
        for row in rows.values():
            if row.state is State.SEEN:
                assert (row.attempts, row.sent_at) == (0, None), row
        world.check_nothing_held()

        begun = world.target.asked[moment:asked]
        for kind_of_request in ("create", "find"):
            late = [hook for hook in begun if hook.startswith(kind_of_request)]
            assert len(late) <= (AT_ONCE - 1 if workers > 1 else 0), begun

        world.target.meet = lambda _hook, _about: None
        after = world.transfer(workers).sync()
        assert (after.failed, after.parked) == (0, 0)
        world.check_all_done()
        world.check_nothing_held()
        world.ledger.close()


@pytest.mark.parametrize("workers", [1, 8])
def test_orders_that_a_stop_keeps_back_again_and_again_are_not_given_up(workers: int) -> None:
    """Each run gets as far as the intents of a window and one create; a lost answer then is the first attempt, not the
    fifth."""
    world = World(OneByOne)
    for _ in range(6):
        stop = threading.Event()

        def meet(hook: str, _about: object, stop: threading.Event = stop) -> None:
            if hook == "create_order":
                stop.set()

        world.target.meet = meet
        world.transfer(workers).sync(stop=stop)
    left = [row for row in world.ledger.rows("orders") if row.state is State.SEEN]
    assert left
    assert {row.attempts for row in left} == {0}
    world.ledger.close()


def test_a_stop_while_customers_are_created_creates_no_further_one() -> None:
    world = World(OneByOne)
    stop = threading.Event()
    made = 0

    def meet(hook: str, _about: object) -> None:
        nonlocal made
        made += hook == "create_customer"
        if made == 2:
            stop.set()

    world.target.meet = meet
    world.transfer(1).sync(stop=stop)
    assert world.target.asked.count("create_customer") == 2
    assert not world.store.placed
    world.check_nothing_held()
    world.transfer(1).sync()
    world.check_all_done()
    world.ledger.close()
