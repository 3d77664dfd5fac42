"""Orders are seen and claimed in one commit: what comes of it is what seeing and then claiming comes to, for one worker each."""

from __future__ import annotations

import random
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ordersync.ledger import Claim, Ledger, Mark, Met, Outcome, Row, Seen, State, Store
from ordersync.ledger.meeting import MeetBook
from ordersync.model import OrderRef, Problem
from ordersync.testing.postgresql import postgresql
from ordersync.transfer import Transfer
from ordersync.web import VirtualClock

sys.path.insert(0, str(Path(__file__).parent))
from ends import Ends

ROUTE = "orders"
LEASE = timedelta(minutes=2)
AT = VirtualClock().now()


@pytest.fixture(params=["memory", "file", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "postgresql":
        yield from postgresql()
    else:
        yield "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def ledger(url: str, clock: VirtualClock) -> Iterator[Ledger]:
    opened = Ledger(url, clock=clock)
    yield opened
    opened.close()


def seen(number: int, print: str = "p", settings: str = "s", later: int = 0) -> Seen:
    at = AT + timedelta(seconds=number + later)
    return Seen(f"O{number}", f"#{number}", f"os-{number}", at, print, settings)


def meet(ledger: Ledger, *orders: Seen, owner: str = "me", **more: Any) -> Met:
    return ledger.meet(ROUTE, orders, owner=owner, run="run", lease=LEASE, **more)


def names(met: Met) -> list[str]:
    return [claim.source_id for claim in met.claims]


def finish(ledger: Ledger, claims: list[Claim], state: State = State.DONE) -> None:
    if state is State.DONE:
        sending = [Outcome(one, State.SENDING, sent=True, payload=b"d", keep=LEASE) for one in claims]
        assert ledger.record(ROUTE, sending) == []
    target = {one.source_id: OrderRef(id=f"R{one.source_id}") for one in claims if state is State.DONE}
    assert (
        ledger.record(ROUTE, [Outcome(one, state, target=target.get(one.source_id)) for one in claims]) == []
    )


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One for each transaction that may write."""
    real = Store.write
    counted: list[None] = []

    def write(self: Store) -> AbstractContextManager[Any]:
        counted.append(None)
        return real(self)

    monkeypatch.setattr(Store, "write", write)
    return counted


# -- one worker ---------------------------------------------------------------------------------------------------------


def test_new_orders_are_claimed_in_the_commit_that_makes_them(ledger: Ledger, writes: list[None]) -> None:
    met = meet(ledger, seen(2), seen(1))
    assert len(writes) == 1
    assert list(met.rows) == names(met) == ["O1", "O2"], "oldest change first"
    assert all(claim.row is met.rows[claim.source_id] for claim in met.claims)
    stored = {row.source_id: row for row in ledger.rows(ROUTE)}
    assert {name: replace(row, first_time=False) for name, row in met.rows.items()} == stored
    row = stored["O1"]
    assert (row.state, row.owner, row.fence) == (State.SEEN, "me", 1)
    assert row.lease_until is not None
    assert meet(ledger, seen(1), seen(2), owner="you").claims == []
    finish(ledger, met.claims)
    assert ledger.counts(ROUTE) == {State.DONE: 2}


def test_a_window_that_is_settled_writes_nothing(ledger: Ledger, writes: list[None]) -> None:
    met = meet(ledger, *map(seen, range(100)))
    finish(ledger, met.claims[:50])
    finish(ledger, met.claims[50:], State.SKIPPED)
    writes.clear()
    again = meet(ledger, *map(seen, range(100)))
    assert (len(again.rows), again.claims, writes) == (100, [], [])


def test_what_is_known_and_free_is_claimed_with_what_is_new(ledger: Ledger, writes: list[None]) -> None:
    ledger.see(ROUTE, [seen(1), seen(3)])
    held = ledger.claim(ROUTE, ["O3"], owner="you", run="r", lease=LEASE)
    writes.clear()
    met = meet(ledger, seen(1), seen(2), seen(3))
    assert (names(met), len(writes)) == (["O1", "O2"], 1)
    assert met.rows["O3"].owner == "you"
    assert met.rows["O3"].lease_until == held[0].row.lease_until
    assert [met.rows[name].first_time for name in ("O1", "O2", "O3")] == [False, True, False]


def test_what_a_change_wakes_is_claimed_at_once(ledger: Ledger) -> None:
    parked, skipped, done = meet(ledger, seen(1), seen(2), seen(3)).claims
    problem = Problem(code="unknown_sku", message="m", subject="A")
    ledger.record(ROUTE, [Outcome(parked, State.PARKED, problem=problem)])
    finish(ledger, [skipped], State.SKIPPED)
    finish(ledger, [done])
    assert names(meet(ledger, seen(1), seen(2), seen(3))) == []
    met = meet(ledger, seen(1, "q"), seen(2, settings="t"), seen(3, "q"))
    assert names(met) == ["O1", "O2"]
    assert met.rows["O1"].problem is None
    assert [met.rows[name].changed for name in ("O1", "O2", "O3")] == [True, False, True]
    assert met.rows["O2"].settings_hash == "t"
    assert met.rows["O3"].state is State.DONE
    assert ledger.problems(ROUTE, "O1") == []


def test_a_change_leaves_what_a_worker_holds(ledger: Ledger) -> None:
    (parked,) = meet(ledger, seen(1)).claims
    ledger.record(ROUTE, [Outcome(parked, State.PARKED, problem=Problem(code="refused", message="no"))])
    states = [State.PARKED]
    ledger.claim(ROUTE, ["O1"], owner="you", run="r", lease=LEASE, states=states)
    met = meet(ledger, seen(1, "q"))
    row = met.rows["O1"]
    assert (names(met), row.state, row.owner, row.changed) == ([], State.PARKED, "you", True)
    assert row.source_print == "p", "whoever sees it next shall see the change"


def test_what_is_put_off_is_left_alone_until_it_is_due(ledger: Ledger) -> None:
    ledger.see(ROUTE, [seen(1)])
    minute = timedelta(minutes=1)
    ledger.postpone(ROUTE, "O1", pause=minute, longest=minute, most=3, why="too much")
    (row,) = ledger.rows(ROUTE)
    assert row.retry_at is not None
    assert names(meet(ledger, seen(1), due=row.retry_at - timedelta(microseconds=1))) == []
    assert names(meet(ledger, seen(1), due=row.retry_at)) == ["O1"]


def test_one_without_a_due_time_waits_for_nothing(ledger: Ledger) -> None:
    ledger.see(ROUTE, [seen(1)])
    ledger.postpone(ROUTE, "O1", pause=timedelta(days=1), longest=timedelta(days=1), most=3, why="too much")
    assert names(meet(ledger, seen(1))) == ["O1"]


def test_an_order_that_is_shown_twice_counts_as_it_was_shown_last(ledger: Ledger) -> None:
    met = meet(ledger, seen(1, "old"), seen(2), seen(1, "new", later=9))
    assert names(met) == ["O2", "O1"]
    rows = {row.source_id: row for row in ledger.rows(ROUTE)}
    assert rows["O1"].source_print == met.rows["O1"].source_print == "new"
    assert rows["O1"].fence == 1


def test_nothing_was_shown(ledger: Ledger, writes: list[None]) -> None:
    assert (meet(ledger), ledger.see(ROUTE, []), writes) == (Met({}, []), {}, [])


# -- the watermark ------------------------------------------------------------------------------------------------------


def test_the_watermark_moves_in_the_commit_that_claims(ledger: Ledger, writes: list[None]) -> None:
    meet(ledger, seen(1), mark=Mark(AT, "s"))
    assert (ledger.watermark(ROUTE), len(writes)) == (AT, 1)
    meet(ledger, seen(1), mark=Mark(AT - timedelta(seconds=1), "s"))
    assert ledger.watermark(ROUTE) == AT, "forward only"
    meet(ledger, mark=Mark(AT + timedelta(seconds=1), "s"))
    assert ledger.watermark(ROUTE) == AT + timedelta(seconds=1)


def test_the_watermark_of_a_commit_that_fails_stays(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    class Died(BaseException):
        pass

    real = MeetBook._move

    def move(self: MeetBook, *given: Any) -> None:
        real(self, *given)
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(MeetBook, "_move", move)
        with pytest.raises(Died):
            meet(ledger, seen(1), mark=Mark(AT, "s"))
    assert (ledger.watermark(ROUTE), list(ledger.rows(ROUTE))) == (None, [])


@pytest.mark.parametrize("workers", [1, 4])
def test_a_run_moves_the_watermark_with_its_windows(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is behind every outcome that it stands for, at every commit."""
    ends = Ends(12)
    marks: list[tuple[Any, set[str]]] = []
    real = Store.write

    def write(self: Store) -> AbstractContextManager[Any]:
        marks.append((ends.ledger.watermark(ROUTE), {k for k, v in ends.states().items() if v is State.DONE}))
        return real(self)

    real_move, moved = Ledger.move_watermark, []

    def move(self: Ledger, *given: Any) -> None:
        moved.append(given)
        real_move(self, *given)

    monkeypatch.setattr(Store, "write", write)
    monkeypatch.setattr(Ledger, "move_watermark", move)
    ends.rules["policies"] = {"window": 3}
    Transfer(*ends._parts(), clock=ends.clock, workers=workers).sync()
    orders = ends.shop_store.orders.values()
    for mark, done in marks:
        behind = {one.id for one in orders if mark and one.updated_at <= mark}
        assert behind <= done, "the watermark passed an order whose outcome was not recorded"
    assert ends.ledger.watermark(ROUTE) == max(one.updated_at for one in orders)
    if workers == 1:
        assert len({mark for mark, _ in marks}) == 5, "it moves with each window, and begins with none"
    assert len(moved) == 1, "only the last move needs a commit of its own"
    ends.close()


# -- several workers ----------------------------------------------------------------------------------------------------


@pytest.fixture
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "postgresql":
        yield from postgresql()
    else:
        yield f"sqlite:///{tmp_path / 'ledger.db'}"


both = pytest.mark.parametrize("shared", ["file", "postgresql"], indirect=True)


@both
def test_who_comes_between_keeps_what_it_took(shared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another worker makes one of the rows after it was looked for, and before it is made."""
    one, two = Ledger(shared), Ledger(shared)
    real = MeetBook._known
    between: list[Any] = []

    def known(db: sa.Connection, route: str, source_ids: list[str]) -> list[Row]:
        found = real(db, route, source_ids)
        if not between:
            between.append(None)
            between[:] = names(meet(two, seen(2), owner="two"))
        return found

    monkeypatch.setattr(MeetBook, "_known", staticmethod(known))
    met = meet(one, seen(1), seen(2), seen(3), owner="one")
    assert between == ["O2"]
    assert names(met) == ["O1", "O3"]
    assert {name: (row.owner, row.fence) for name, row in met.rows.items()} == {
        "O1": ("one", 1),
        "O2": ("two", 1),
        "O3": ("one", 1),
    }
    one.close()
    two.close()


@both
def test_what_is_forgotten_in_between_is_new(shared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Ledger(shared)
    one.see(ROUTE, [seen(1)])
    real = MeetBook._known
    between: list[Any] = []

    def known(db: sa.Connection, route: str, source_ids: list[str]) -> list[Row]:
        found = real(db, route, source_ids)
        if not between:
            between.append(None)
            other = Ledger(shared)
            with other._store.write() as change:
                change.execute(sa.text("DELETE FROM orders"))
            other.close()
        return found

    monkeypatch.setattr(MeetBook, "_known", staticmethod(known))
    met = meet(one, seen(1), seen(2))
    assert names(met) == ["O1", "O2"]
    assert met.rows["O1"].first_time
    one.close()


@both
def test_workers_that_meet_on_the_same_orders_share_them(shared: str) -> None:
    """Windows that overlap, in other orders, partly known: nobody waits for ever, and nobody has what another has."""
    workers, rounds = 4, 6
    ledgers = [Ledger(shared) for _ in range(workers)]
    ledgers[0].see(ROUTE, [seen(number) for number in range(0, 60, 3)])
    won: list[Claim] = []
    lock, together = threading.Lock(), threading.Barrier(workers)

    def work(number: int) -> None:
        dice = random.Random(number)
        together.wait()
        for _ in range(rounds):
            window = dice.sample(range(60), 40)
            met = meet(ledgers[number], *map(seen, window), owner=f"w{number}")
            with lock:
                won.extend(met.claims)

    with ThreadPoolExecutor(workers) as pool:
        for future in [pool.submit(work, number) for number in range(workers)]:
            future.result()
    twice = {name: count for name, count in Counter(one.source_id for one in won).items() if count > 1}
    assert twice == {}
    rows = {row.source_id: row for row in ledgers[0].rows(ROUTE)}
    assert {one.source_id for one in won} == set(rows)
    assert all(rows[one.source_id].owner == one.row.owner and one.fence == 1 for one in won)
    for one in ledgers:
        one.close()


@pytest.mark.parametrize("shared", ["postgresql"], indirect=True)
def test_everybody_locks_rows_in_one_order(shared: str) -> None:
    """Two workers that meet on the same rows wait, and never for each other: whatever is written was locked before, by id;
    new rows are made by id."""
    ledger = Ledger(shared)
    ledger.see(ROUTE, [seen(3), seen(1)])
    said: list[tuple[str, Any]] = []

    def note(*given: Any) -> None:
        if "orders" in given[2]:
            said.append((given[2], given[3]))

    sa.event.listen(ledger._store.engine, "before_cursor_execute", note)

    def locks_first(work: Any) -> Any:
        said.clear()
        result = work()
        texts = [text for text, _ in said]
        writes = [text for text in texts if text.startswith(("UPDATE", "INSERT"))]
        locks = [text for text in texts if text.endswith("ORDER BY orders.source_id FOR UPDATE")]
        assert writes
        assert texts.index(locks[0]) < texts.index(writes[0])
        return result

    met = locks_first(lambda: meet(ledger, *map(seen, (3, 5, 4, 1, 2))))
    made = [values for text, values in said if text.startswith("INSERT")]
    assert next(value for value in made[0] if isinstance(value, list)) == ["O2", "O4", "O5"]
    claims = met.claims[::-1]
    locks_first(lambda: ledger.renew(ROUTE, claims, LEASE))
    locks_first(
        lambda: ledger.record(ROUTE, [Outcome(one, State.SENDING, sent=True, keep=LEASE) for one in claims])
    )
    locks_first(lambda: ledger.release(ROUTE, claims))
    names = [one.source_id for one in claims]
    locks_first(lambda: ledger.claim(ROUTE, names, owner="you", run="r", lease=LEASE, states=[State.SENDING]))
    ledger.close()


@pytest.mark.parametrize("shared", ["postgresql"], indirect=True)
def test_postgresql_knows_its_tables_before_it_has_looked_by_itself(shared: str) -> None:
    """Without statistics it goes through all orders of a route for each window of a first run."""
    ledger = Ledger(shared)

    def known() -> set[str]:
        with ledger._store.read() as db:
            found = db.exec_driver_sql(
                "SELECT DISTINCT tablename FROM pg_stats WHERE schemaname = ANY (current_schemas(false))"
            )
            return set(found.scalars())

    meet(ledger, *map(seen, range(100)))
    assert "orders" not in known()
    meet(ledger, *map(seen, range(100, 200)))
    assert "orders" in known()
    ledger.close()


# -- the same as in two steps -------------------------------------------------------------------------------------------


def in_two_steps(ledger: Ledger, orders: list[Seen], owner: str, due: Any) -> Met:
    rows = ledger.see(ROUTE, orders)
    free = [
        name
        for name, row in rows.items()
        if row.state is State.SEEN and not (row.retry_at is not None and row.retry_at > due)
    ]
    claims = ledger.claim(ROUTE, free, owner=owner, run="run", lease=LEASE)
    return Met({**rows, **{claim.source_id: claim.row for claim in claims}}, claims)


def shown(row: Row) -> Row:
    return replace(row, first_time=False, changed=False)


def live(ledger: Ledger, clock: VirtualClock, seed: int, at_once: bool) -> list[Any]:
    """Thirty windows of whatever may happen; what was seen of each."""
    dice = random.Random(seed)
    told: list[Any] = []
    held: list[Claim] = []
    for _ in range(30):
        orders = [
            seen(number, dice.choice("pq"), dice.choice("ssst"), dice.choice((0, 0, 500)))
            for number in dice.sample(range(8), dice.randint(1, 5))
        ]
        owner, due = dice.choice(("ann", "ben")), clock.now()
        met = (
            meet(ledger, *orders, owner=owner, due=due)
            if at_once
            else in_two_steps(ledger, orders, owner, due)
        )
        told.append(([(one.source_id, one.fence, shown(one.row)) for one in met.claims], met.rows.keys()))
        held += met.claims
        for one in dice.sample(held, min(len(held), 3)):
            state = dice.choice([State.SENDING, State.DONE, State.PARKED, State.SKIPPED])
            problem = Problem(code="refused", message="no") if state is State.PARKED else None
            keep = LEASE if state is State.SENDING else None
            told.append(ledger.record(ROUTE, [Outcome(one, state, problem=problem, keep=keep)]))
        if dice.random() < 0.3:
            pause = timedelta(seconds=dice.choice((1, 100)))
            ledger.postpone(ROUTE, f"O{dice.randrange(8)}", pause=pause, longest=pause, most=3, why="so")
        clock.sleep(dice.choice((1, 50, 130)))
        told.append([shown(row) for row in ledger.rows(ROUTE)])
    return told


@pytest.mark.parametrize("seed", range(12))
def test_meeting_is_seeing_and_then_claiming(seed: int) -> None:
    told = []
    for at_once in (True, False):
        clock = VirtualClock()
        ledger = Ledger("sqlite://", clock=clock)
        told.append(live(ledger, clock, seed, at_once))
        ledger.close()
    assert told[0] == told[1]
