"""How a window is sent: intents first and at once, as many requests as the target likes, outcomes soon and together."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from windows import AT_ONCE, Batches, OneByOne, World

from ordersync.errors import (
    AccessDenied,
    BatchRefused,
    InDoubt,
    OrderSyncError,
    Refused,
    TryLater,
    Unreachable,
)
from ordersync.ledger import Outcome, State
from ordersync.model import Draft


class Died(BaseException):
    """The process is gone."""


def told(about: object) -> list[str]:
    """The source ids of the drafts of a request."""
    drafts = [about] if isinstance(about, Draft) else about
    return [draft.source_id for draft in drafts]  # type: ignore[attr-defined]


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Every commit of outcomes: the state, and how many orders."""
    from ordersync.ledger import Ledger

    commits: list[tuple[str, int]] = []
    real = Ledger.record

    def record(self: Ledger, route: str, outcomes: Sequence[Outcome]) -> list[str]:
        if outcomes:
            commits.append((outcomes[0].state.value, len(outcomes)))
        return real(self, route, outcomes)

    monkeypatch.setattr(Ledger, "record", record)
    return commits


@pytest.mark.parametrize("workers", [1, 8])
def test_a_window_takes_one_commit_before_its_requests_and_few_after(
    recorded: list[tuple[str, int]], workers: int
) -> None:
    world = World(OneByOne, 100, window=100)
    assert world.transfer(workers).sync().created == 100
    assert recorded == [("sending", 100), ("done", 1), ("done", 50), ("done", 49)], "the first goes alone"
    world.check_all_done()
    world.ledger.close()


class Blind(OneByOne):
    """A target on which nothing is found again."""

    find_order: ClassVar[Any] = None


@pytest.mark.parametrize("workers", [1, 8])
def test_where_nothing_is_found_again_only_what_leaves_is_intended(workers: int) -> None:
    """A worker that dies leaves each of its intents to a person there."""
    world = World(Blind)
    most = []

    def meet(hook: str, _about: object) -> None:
        if hook == "create_order":
            most.append(sum(1 for _ in world.ledger.rows("orders", states=[State.SENDING])))

    world.target.meet = meet
    assert world.transfer(workers).sync().created == 24
    hands = max(AT_ONCE, world.source.facts.concurrency)
    assert max(most) <= (1 if workers == 1 else 2 * hands), "of two windows, what may leave at once"
    world.check_all_done()
    world.ledger.close()


def test_a_target_that_refuses_everything_is_asked_one_request_at_a_time() -> None:
    world = World(OneByOne)

    def refuse(hook: str, _about: object) -> None:
        if hook == "create_order":
            threading.Event().wait(0.003)
            under_way.append(world.target.now)
            raise Refused("No.")

    under_way: list[int] = []
    world.target.meet = refuse
    world.policies = world.policies.model_copy(update={"halt_after": 3})
    report = world.transfer(8).sync()
    assert report.halted
    assert under_way == [1, 1, 1]
    world.ledger.close()


@pytest.mark.parametrize("kind", [OneByOne, Batches])
@pytest.mark.parametrize("workers", [1, 8])
def test_no_request_leaves_before_its_intent(kind: type[OneByOne], workers: int) -> None:
    world = World(kind)

    def meet(hook: str, about: object) -> None:
        if not hook.startswith("create_order"):
            return
        rows = world.ledger.rows("orders", source_ids=told(about))
        assert {row.state for row in rows} == {State.SENDING}

    world.target.meet = meet
    assert world.transfer(workers).sync().created == 24
    world.check_all_done()
    world.ledger.close()


@pytest.mark.parametrize("kind", [OneByOne, Batches])
def test_as_many_are_under_way_as_the_target_likes_and_no_more(kind: type[OneByOne]) -> None:
    world = World(kind)

    def meet(_hook: str, _about: object) -> None:
        threading.Event().wait(0.003)

    world.target.meet = meet
    assert world.transfer().sync().created == 24
    assert world.target.most == AT_ONCE
    world.check_nothing_held()
    world.ledger.close()


@pytest.mark.parametrize("workers", [1, 8])
def test_a_crash_leaves_little_in_doubt(workers: int) -> None:
    """Every request takes 0.4 s; the process dies at the thirtieth create. What was answered a second ago is recorded."""
    world = World(OneByOne, 40, window=40)
    creates = 0
    lock = threading.Lock()

    def meet(hook: str, _about: object) -> None:
        nonlocal creates
        if hook != "create_order":
            return
        with lock:
            creates += 1
            mine = creates
        if mine >= 30:
            raise Died
        threading.Event().wait(0.02)
        world.clock.sleep(0.4)

    world.target.meet = meet
    with pytest.raises(Died):
        world.transfer(workers).sync()
    standing = world.standing()
    assert sum(standing.values()) >= 29 - AT_ONCE
    rows = {row.source_id: row.state for row in world.ledger.rows("orders")}
    unknown = [each for each in standing if rows[each] is not State.DONE]
    assert len(unknown) <= 3 + AT_ONCE

    world.target.meet = lambda _hook, _about: None
    for _ in range(3):
        world.clock.sleep(600)
        world.transfer(workers).sync()
    world.check_all_done()
    world.ledger.close()


@pytest.mark.parametrize("error", [AccessDenied("No."), Unreachable("Nobody there.")], ids=["denied", "away"])
@pytest.mark.parametrize("kind", [OneByOne, Batches])
@pytest.mark.parametrize("workers", [1, 8])
def test_a_target_that_lets_nobody_in_half_way(
    error: OrderSyncError, kind: type[OneByOne], workers: int
) -> None:
    world = World(kind)
    creates = Counter[str]()
    denied: list[str] = []

    def meet(hook: str, about: object) -> None:
        if hook.startswith("create_order"):
            creates["all"] += 1
            if creates["all"] >= 3:
                denied.extend(told(about))
                raise error

    world.target.meet = meet
    with pytest.raises(type(error)):
        world.transfer(workers).sync()
    assert creates["all"] <= 3 + 2 * (AT_ONCE - 1)
    rows = {row.source_id: row for row in world.ledger.rows("orders")}
    assert {row.state for row in rows.values()} <= {State.DONE, State.SEEN}
    assert {each for each, row in rows.items() if row.state is State.DONE} == set(world.standing())
    tried = {each for each, row in rows.items() if row.state is State.SEEN and row.attempts}
    assert tried == set(denied), "only what left counts as tried"
    world.check_nothing_held()

    world.target.meet = lambda _hook, _about: None
    assert world.transfer(workers).sync().failed == 0
    world.check_all_done()
    world.ledger.close()


def test_what_waits_for_its_turn_is_held_all_the_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """A create takes 50 s, a claim holds for two minutes: an intent waits for many leases, and nobody takes it over."""
    from ordersync.ledger import Ledger

    world = World(OneByOne, 20, window=20)
    renewed = Counter[str]()
    real = Ledger.renew

    def renew(self: Ledger, *given: Any) -> list[str]:
        renewed["commits"] += 1
        return real(self, *given)

    monkeypatch.setattr(Ledger, "renew", renew)
    taken: list[str] = []

    def meet(hook: str, _about: object) -> None:
        if hook != "create_order":
            return
        taken.extend(
            claim.source_id
            for claim in world.ledger.claim(
                "orders",
                list(world.shop.orders),
                owner="another",
                run="another",
                lease=timedelta(minutes=2),
                states=(State.SENDING, State.SEEN),
            )
        )
        world.clock.sleep(50)

    world.target.meet = meet
    assert world.transfer(1).sync().created == 20
    assert taken == []
    assert renewed["commits"] <= 10, "all that wait are renewed together"
    world.check_all_done()
    world.ledger.close()


@pytest.mark.parametrize(("kind", "workers"), [(OneByOne, 1), (OneByOne, 8), (Batches, 1)])
def test_one_that_was_taken_over_while_it_waited_is_left_alone(kind: type[OneByOne], workers: int) -> None:
    world = World(kind, 6, window=6)
    theirs = [each.id for each in sorted(world.shop.orders.values(), key=lambda one: one.updated_at)][-1]
    begun, first = threading.Event(), threading.Lock()

    def meet(hook: str, _about: object) -> None:
        with first:
            if not hook.startswith("create_order") or begun.is_set():
                return
            begun.set()
            world.clock.sleep(3600)
            assert world.ledger.claim(
                "orders",
                [theirs],
                owner="another",
                run="another",
                lease=timedelta(hours=9),
                states=(State.SENDING,),
            )

    world.target.meet = meet
    report = world.transfer(workers, patience=timedelta(0)).sync()
    assert theirs not in world.standing()
    assert report.created == 5
    (row,) = world.ledger.rows("orders", source_ids=[theirs])
    assert (row.state, row.owner) == (State.SENDING, "another")
    world.ledger.close()


def test_a_batch_is_halved_until_the_bad_one_is_alone() -> None:
    world = World(Batches, 8, window=8)
    bad = sorted(world.shop.orders)[2]

    def meet(hook: str, about: object) -> None:
        if hook == "create_orders" and bad in told(about):
            raise BatchRefused("One of them is bad.")
        if hook == "create_order" and told(about) == [bad]:
            raise Refused("It is bad.")

    world.target.meet = meet
    report = world.transfer().sync()
    assert (report.created, report.parked) == (7, 1)
    assert set(world.standing()) == set(world.shop.orders) - {bad}
    world.ledger.close()


@pytest.mark.parametrize("workers", [1, 8])
def test_each_goes_its_own_way_within_a_window(workers: int) -> None:
    """Refused, busy, lost: the others are created, in the same window."""
    world = World(OneByOne, 12, window=12)
    ids = sorted(world.shop.orders)
    trouble: dict[str, OrderSyncError] = {
        ids[1]: Refused("No."),
        ids[4]: TryLater("Busy."),
        ids[7]: InDoubt("The answer was lost."),
    }

    def meet(hook: str, about: object) -> None:
        if hook == "create_order" and isinstance(about, Draft) and about.source_id in trouble:
            raise trouble.pop(about.source_id)

    world.target.meet = meet
    report = world.transfer(workers).sync()
    assert (report.created, report.parked, report.failed) == (11, 1, 0)
    assert set(world.standing()) == set(ids) - {ids[1]}
    world.check_nothing_held()
    world.ledger.close()
