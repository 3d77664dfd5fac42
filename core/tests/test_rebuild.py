"""A lost ledger is restored from the stamps; the next sync sends what is missing, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parent))
from ends import LAG, SETTLE, Ends, PlainErp, order

from ordersync.errors import NotOffered, TryLater, Unreachable
from ordersync.ledger import Ledger, Restored, Seen, State
from ordersync.model import Done, OrderRef, OrderStatus, PlacedState, Problem, Totals
from ordersync.testing.postgresql import postgresql
from ordersync.web import VirtualClock


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Ends(7)
    made.sync()
    made.lose_ledger()
    yield made
    made.close()


def key_of(ends: Ends, source_id: str) -> str:
    return ends.survey().preparer.key_of(source_id)


def test_what_stands_is_done(ends: Ends) -> None:
    before = dict(ends.erp_store.placed)
    rebuilt = ends.rebuild()
    assert (rebuilt.done, rebuilt.absent, rebuilt.unfinished, rebuilt.seen) == (7, 0, 0, 7)
    assert set(ends.states().values()) == {State.DONE}
    targets = {draft.source_id: order_id for order_id, (draft, _, _) in before.items()}
    assert {row.source_id: row.target and row.target.id for row in ends.ledger.rows("orders")} == targets
    assert rebuilt.watermark == ends.ledger.watermark("orders") == order(7).updated_at
    report = ends.sync()
    assert (report.created, len(ends.erp_store.placed)) == (0, 7)


def test_what_does_not_stand_is_sent_by_the_next_sync(ends: Ends) -> None:
    ends.remove("O2")
    ends.remove("O5")
    rebuilt = ends.rebuild()
    assert (rebuilt.done, rebuilt.absent) == (5, 2)
    assert ends.sync().created == 2
    assert ends.standing() == sorted(ends.shop_store.orders)


def test_what_was_sent_last_is_given_time_to_show(ends: Ends) -> None:
    lost_at, real = ends.clock.now(), ends.erp._look

    def lags(key: str, outcome: Any) -> Any:
        return real(key, outcome) if ends.clock.now() >= lost_at + SETTLE + LAG else Done(None)

    ends.erp._look = lags  # type: ignore[method-assign]
    assert ends.rebuild().done == 7
    assert ends.clock.now() == lost_at + SETTLE + LAG


def test_a_unique_key_needs_no_wait(ends: Ends) -> None:
    ends.erp.facts = ends.erp.facts.model_copy(update={"unique_key": True})
    before = ends.clock.now()
    assert ends.rebuild().done == 7
    assert ends.clock.now() == before


def lines_gone(ends: Ends, order_id: str) -> None:
    draft, state, _ = ends.erp_store.placed[order_id]
    total = Totals(currency="USD", net=Decimal("10.00"), tax=Decimal("1.00"), total=Decimal("11.00"))
    ends.erp.other_totals[draft.key] = total
    ends.erp_store.placed[order_id] = (draft, state, set())


def unconfirmed(ends: Ends, order_id: str) -> None:
    draft, _, lines = ends.erp_store.placed[order_id]
    ends.erp_store.placed[order_id] = (draft, PlacedState.DRAFT, lines)


def cancelled(ends: Ends, order_id: str) -> None:
    draft, _, lines = ends.erp_store.placed[order_id]
    ends.erp_store.placed[order_id] = (draft, PlacedState.CANCELLED, lines)


def a_cent_off(ends: Ends, order_id: str) -> None:
    total = Totals(currency="USD", net=Decimal("10.00"), tax=Decimal("1.01"), total=Decimal("11.01"))
    ends.erp.other_totals[ends.erp_store.placed[order_id][0].key] = total


def doubled(ends: Ends, order_id: str) -> None:
    ends.erp_store.placed["R99"] = ends.erp_store.placed[order_id]


@pytest.mark.parametrize(
    ("harm", "then"),
    [
        (lines_gone, State.DONE),
        (unconfirmed, State.DONE),
        (cancelled, State.PARKED),
        (a_cent_off, State.PARKED),
        (doubled, State.PARKED),
    ],
)
def test_what_stands_otherwise_is_left_to_the_next_sync(ends: Ends, harm: Any, then: State) -> None:
    ((order_id, source_id),) = [
        (order_id, draft.source_id)
        for order_id, (draft, _, _) in ends.erp_store.placed.items()
        if draft.source_id == "O3"
    ]
    harm(ends, order_id)
    before = len(ends.erp_store.placed)
    rebuilt = ends.rebuild()
    assert (rebuilt.done, rebuilt.unfinished, rebuilt.absent) == (6, 1, 0)
    assert ends.states()[source_id] is State.SEEN
    ends.sync()
    assert len(ends.erp_store.placed) == before, "it is found by its key, and not created again"
    assert ends.states()[source_id] is then


def test_a_route_that_leaves_drafts_takes_them_as_done(ends: Ends) -> None:
    unconfirmed(ends, "R1")
    ends.rules = {"policies": {"confirm": False}}
    assert ends.rebuild().done == 7


def test_the_tolerance_counts(ends: Ends) -> None:
    a_cent_off(ends, "R1")
    ends.rules = {"policies": {"tolerance": "0.01"}}
    assert ends.rebuild().done == 7


def test_filtered_orders_are_skipped(ends: Ends) -> None:
    ends.add(order(8, status=OrderStatus.CANCELLED))
    rebuilt = ends.rebuild()
    assert (rebuilt.done, rebuilt.skipped) == (7, 1)
    row = ends.row("O8")
    assert (row.state, row.problem and row.problem.code) == (State.SKIPPED, "filtered")
    ends.add(order(8))
    assert ends.sync().created == 1, "it changed, and is offered again"


def test_rows_that_stand_are_left_as_they_are(ends: Ends) -> None:
    ends.sync(order="O1")
    ends.sync(order="O2")
    before = {row.source_id: row for row in ends.ledger.rows("orders")}
    rebuilt = ends.rebuild()
    assert (rebuilt.known, rebuilt.done) == (2, 5)
    assert {source_id: ends.row(source_id) for source_id in before} == before
    again = ends.rebuild()
    assert (again.known, again.done) == (7, 0)


def test_what_cannot_be_looked_at_is_left_to_the_next_sync(ends: Ends) -> None:
    ends.erp.fails[key_of(ends, "O1")] = TryLater("Busy.")
    assert ends.rebuild().unfinished == 1
    ends.erp.fails.clear()
    assert ends.sync().created == 0
    assert ends.states()["O1"] is State.DONE


def test_an_unreachable_target_records_nothing_more(ends: Ends) -> None:
    ends.erp.fails[key_of(ends, "O5")] = Unreachable("No connection.")
    with pytest.raises(Unreachable):
        ends.rebuild()
    assert set(ends.states()) == {"O1", "O2", "O3"}
    assert ends.ledger.watermark("orders") == order(3).updated_at, "it follows each page that is recorded"
    ends.erp.fails.clear()
    assert ends.rebuild().done == 4
    assert ends.sync().created == 0


def test_orders_that_cannot_be_read_are_parked(ends: Ends) -> None:
    ends.shop.unreadable = (("O50", "a line without a price"),)
    rebuilt = ends.rebuild()
    assert (rebuilt.done, rebuilt.unreadable, rebuilt.absent) == (7, 1, 0)
    row = ends.row("O50")
    assert (row.state, row.problem and row.problem.code) == (State.PARKED, "unreadable")
    assert ends.rebuild().known == 8


def test_since_leaves_what_is_older(ends: Ends) -> None:
    rebuilt = ends.rebuild(since=order(5).updated_at)
    assert (rebuilt.done, sorted(ends.states())) == (3, ["O5", "O6", "O7"])
    assert ends.ledger.watermark("orders") == order(7).updated_at
    assert ends.sync(since=order(1).updated_at).created == 0


def test_a_route_begins_where_the_rebuild_did(ends: Ends) -> None:
    ends.remove("O2")
    ends.rebuild(since=order(5).updated_at)
    assert ends.ledger.begins("orders") == order(5).updated_at
    assert ends.sync().created == 0, "what is older than the route is not sent"


def test_since_behind_a_watermark_does_not_move_it(ends: Ends) -> None:
    mark = order(1).updated_at - timedelta(days=1)
    ends.ledger.move_watermark("orders", mark, "s")
    ends.rebuild(since=order(5).updated_at)
    assert ends.ledger.watermark("orders") == mark, "what lies between was not read"


def test_without_a_search_everything_would_be_sent_again(ends: Ends) -> None:
    class Blind(PlainErp):
        find_order: ClassVar[Any] = None
        find_orders: ClassVar[Any] = None

    ends.erp.__class__ = Blind
    with pytest.raises(NotOffered, match="every order would be sent again"):
        ends.rebuild()
    assert ends.states() == {}


# -- the ledger's part, on every database ------------------------------------------------------------------------


@pytest.fixture(params=["memory", "postgresql"])
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    if request.param == "memory":
        opened = Ledger("sqlite://", clock=VirtualClock())
        yield opened
        opened.close()
        return
    for url in postgresql():
        opened = Ledger(url)
        yield opened
        opened.close()


def restored(number: int, state: State = State.DONE, target: str | None = None) -> Restored:
    seen = Seen(str(number), f"#{number}", f"os-{number}", VirtualClock().now(), "p", "s")
    return Restored(seen, state, OrderRef(id=target or f"T{number}") if state is State.DONE else None)


def test_restoring_answers_what_was_written(ledger: Ledger) -> None:
    assert ledger.restore("orders", []) == set()
    assert ledger.restore("orders", [restored(1), restored(1), restored(2, State.SEEN)]) == {"1", "2"}
    assert ledger.restore("orders", [restored(1, target="X"), restored(3)]) == {"3"}
    rows = {row.source_id: row for row in ledger.rows("orders")}
    assert rows["1"].target == OrderRef(id="T1")
    assert rows["2"].state is State.SEEN
    assert ledger.bound_targets(["orders", "nowhere"]) == {"T1", "T3"}
    assert ledger.bound_targets(["nowhere"]) == set()
    assert [row.source_id for row in ledger.rows_by_key(["os-3", "os-9"])] == ["3"]


@pytest.mark.parametrize("state", [State.SENDING, State.IN_DOUBT, State.PARKED])
def test_nothing_is_restored_into_the_middle(ledger: Ledger, state: State) -> None:
    with pytest.raises(ValueError, match="cannot be restored as"):
        ledger.restore("orders", [restored(1, state)])


def test_gone_rows_forget_everything_that_was_sent(ledger: Ledger) -> None:
    ledger.restore("orders", [restored(1), restored(2), restored(3, State.SEEN)])
    first, second, third = (next(ledger.rows("orders", source_ids=[name])) for name in ("1", "2", "3"))
    claims = ledger.claim("orders", ["2"], owner="w", run="r", lease=SETTLE + LAG, states=[State.DONE])
    ledger.release("orders", claims)
    assert ledger.forget_gone("orders", [first, second, third]) == {"1"}
    assert ledger.forget_gone("orders", [first]) == set(), "it is so already"
    states = {row.source_id: (row.state, row.target) for row in ledger.rows("orders")}
    assert states["1"] == (State.SEEN, None)
    assert states["2"] == (State.DONE, OrderRef(id="T2")), "somebody worked on it meanwhile"


def test_an_old_claim_cannot_make_a_done_order_seen(ledger: Ledger) -> None:
    from ordersync.ledger import Outcome

    ledger.restore("orders", [restored(1)])
    (claim,) = ledger.claim("orders", ["1"], owner="w", run="r", lease=SETTLE, states=[State.DONE])
    assert ledger.record("orders", [Outcome(claim, State.SEEN)]) == ["1"]
    assert next(ledger.rows("orders")).state is State.DONE


def test_adopting_changes_only_what_was_never_worked_on(ledger: Ledger) -> None:
    ledger.restore("orders", [restored(1, State.SEEN), restored(2, State.SEEN), restored(3)])
    ledger.claim("orders", ["2"], owner="w", run="r", lease=SETTLE)
    problem = Problem(code="adopted", message="m")
    wanted = [
        Restored(restored(number).seen, State.DONE, OrderRef(id=f"L{number}"), problem)
        for number in (1, 2, 3, 4)
    ]
    assert ledger.adopt("orders", wanted) == {"1", "4"}
    targets = {row.source_id: row.target.id if row.target else None for row in ledger.rows("orders")}
    assert targets == {"1": "L1", "2": None, "3": "T3", "4": "L4"}


def test_the_column_of_the_problem_is_empty_without_one(ledger: Ledger) -> None:
    from ordersync.ledger import tables

    ledger.restore("orders", [restored(1)])
    with ledger._store.read() as db:
        found = db.execute(sa.select(sa.func.count()).where(tables.orders.c.problem.is_(None))).scalar_one()
    assert found == 1
