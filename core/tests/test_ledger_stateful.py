"""Orders in the ledger under every order of events: several workers, time passing, persons waking, twins."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ordersync.ledger import STEPS, Claim, Ledger, Outcome, Seen, State, Store
from ordersync.model import OrderRef, Problem
from ordersync.web import VirtualClock

ROUTE = "orders"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
IDS = ("1", "2")
OWNERS = ("ann", "ben", "cas")
LEASE = timedelta(seconds=60)
SETTLE = timedelta(seconds=100)

PATHS = (
    (State.SENDING,),
    (State.SENDING, State.DONE),
    (State.SENDING, State.IN_DOUBT),
    (State.SENDING, State.PARKED),
    (State.PARKED,),
    (State.SKIPPED,),
)
WAITS = Problem(code="unknown_sku", message="m", subject="A")

ids = st.lists(st.sampled_from(IDS), min_size=1, max_size=2, unique=True)
one_id = st.sampled_from(IDS)
owners = st.sampled_from(OWNERS)
targets = st.sampled_from([None, OrderRef(id="R1"), OrderRef(id="R2")])
numbers = st.integers(0, 10_000)
relaxed = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


@cache
def template() -> sqlite3.Connection:
    """An empty ledger, migrated once."""
    store = Store("sqlite://", VirtualClock())
    database = sqlite3.connect(":memory:", check_same_thread=False)
    store.copy_to(database)
    store.close()
    return database


@dataclass(frozen=True)
class Standing:
    """A row as it stands: what is checked, and everything else for comparison."""

    state: State
    fence: int
    owner: str | None
    lease_until: datetime | None
    retry_at: datetime | None
    target: str | None
    sent_at: int | None
    everything: tuple[Any, ...]

    @classmethod
    def of(cls, row: dict[str, Any]) -> Standing:
        lease, retry = row["lease_until"], row["retry_at"]
        return cls(
            State(row["state"]),
            row["fence"],
            row["owner"],
            None if lease is None else EPOCH + timedelta(microseconds=lease),
            None if retry is None else EPOCH + timedelta(microseconds=retry),
            row["target_id"],
            row["sent_at"],
            tuple(row.values()),
        )


@dataclass
class Held:
    """A claim as its worker remembers it; `until` is when its lease ends, `free` once it was given up."""

    owner: str
    claim: Claim
    until: Any
    free: bool = False


class WithLedger(RuleBasedStateMachine):
    """A ledger in memory and a clock that moves when it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.database = sqlite3.connect(":memory:", check_same_thread=False)
        template().backup(self.database)
        self.database.isolation_level = None
        self.database.execute("PRAGMA foreign_keys=ON")
        self.clock = VirtualClock()
        self.ledger = Ledger(clock=self.clock, store=Store.over(lambda: self.database, self.clock))

    def teardown(self) -> None:
        self.ledger.close()
        self.database.close()

    def now(self) -> datetime:
        return self.clock.now()


class Workers(WithLedger):
    """Every rule is something that a worker, a person or time may do; what is checked must hold after each."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Held] = []
        self.fences: dict[str, int] = {}
        self.see(list(IDS), "p", "s")

    # -- what is seen from outside ------------------------------------------------------------------------------

    def ask(self, query: str, *values: str) -> list[dict[str, Any]]:
        """Straight from the database: what is checked does not rest on what is tested, and is fast."""
        cursor = self.database.cursor()
        cursor.row_factory = sqlite3.Row
        return [dict(row) for row in cursor.execute(query, values)]

    def rows(self) -> dict[str, Standing]:
        return {row["source_id"]: Standing.of(row) for row in self.ask("SELECT * FROM orders")}

    def payload(self, source_id: str) -> bytes | None:
        found = self.ask("SELECT draft FROM payloads WHERE source_id = ?", source_id)
        return found[0]["draft"] if found else None

    def causes(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for row in self.ask("SELECT source_id, subject FROM problems"):
            found.setdefault(row["source_id"], set()).add(row["subject"])
        return found

    @contextlib.contextmanager
    def watched(self, *touched: str) -> Iterator[None]:
        """Only documented steps, fences never back, nobody else's rows."""
        before = self.rows()
        yield
        after = self.rows()
        for source_id, row in after.items():
            old = before.get(source_id)
            if old is None:
                assert row.state is State.SEEN
                continue
            assert row.fence >= old.fence, "a fence went back"
            if row.state is not old.state:
                assert (old.state, row.state) in STEPS, f"{old.state} became {row.state}"
            if touched and source_id not in touched:
                assert row == old

    def current(self, held: Held) -> bool:
        """Whether the ledger still takes this claim for the last one."""
        return self.rows()[held.claim.source_id].fence == held.claim.fence

    def some(self, number: int) -> Held:
        """A claim that somebody remembers; every other time one that still holds, if there is one."""
        holding = [one for one in self.held if not one.free and self.current(one)]
        among = holding if holding and number % 2 else self.held
        return among[number // 4 % len(among)]

    def likely(self, held: Held, state: State, number: int) -> State:
        """Mostly a step that is there to be taken; what is random would seldom get far."""
        standing = self.rows()[held.claim.source_id].state
        after = sorted(to for (before, to) in STEPS if before is standing)
        return after[number // 16 % len(after)] if after and number % 4 > 1 else state

    # -- rules --------------------------------------------------------------------------------------------------

    @rule(which=ids, content=st.sampled_from("pq"), rules=st.sampled_from("st"))
    def see(self, which: list[str], content: str, rules: str) -> None:
        with self.watched(*which):
            seen = [Seen(one, f"#{one}", f"os-{one}", self.now(), content, rules) for one in which]
            answered = self.ledger.see(ROUTE, seen)
        assert set(answered) == set(which)

    @rule(
        owner=owners,
        which=ids,
        seconds=st.sampled_from([0, 0, 30, 59, 60, 61, 100, 159, 160, 161]),
        states=st.sampled_from([list(State), [State.SEEN], [State.SENDING, State.IN_DOUBT], [State.PARKED]]),
    )
    def claim(self, owner: str, which: list[str], seconds: int, states: list[State]) -> None:
        self.clock.sleep(seconds)
        before = self.rows()
        with self.watched(*which):
            claims = self.ledger.claim(
                ROUTE, which, owner=owner, run="run", lease=LEASE, settle=SETTLE, states=states
            )
        for claim in claims:
            old = before[claim.source_id]
            mine = old.owner == owner and old.lease_until is not None and old.lease_until > self.now()
            if not mine:
                assert old.state in states
                assert claim.fence == old.fence + 1
            for other in self.held:
                if other.claim.source_id != claim.source_id or other.owner == owner or other.free:
                    continue
                assert other.until < self.now(), "two hold one order"
                if old.state is not State.SEEN and self.was_last(other, old):
                    assert other.until + SETTLE < self.now(), "taken over within the settle time"
            assert claim.row.lease_until is not None
            self.held.append(Held(owner, claim, claim.row.lease_until))

    @rule(
        owner=owners,
        which=ids,
        content=st.sampled_from("pq"),
        rules=st.sampled_from("st"),
        seconds=st.sampled_from([0, 0, 59, 60, 61, 161]),
        patient=st.booleans(),
    )
    def meet(
        self, owner: str, which: list[str], content: str, rules: str, seconds: int, patient: bool
    ) -> None:
        """Seen and claimed in one commit: what is waited for is not claimed, nor what another one holds."""
        self.clock.sleep(seconds)
        before = self.rows()
        seen = [Seen(one, f"#{one}", f"os-{one}", self.now(), content, rules) for one in which]
        with self.watched(*which):
            met = self.ledger.meet(
                ROUTE, seen, owner=owner, run="run", lease=LEASE, due=self.now() if patient else None
            )
        after = self.rows()
        assert set(met.rows) == set(which)
        won = {claim.source_id: claim for claim in met.claims}
        for one in which:
            old, row = before[one], after[one]
            free = old.owner is None or (
                old.state is State.SEEN and old.lease_until is not None and old.lease_until < self.now()
            )
            early = patient and row.retry_at is not None and row.retry_at > self.now()
            assert (one in won) == (free and row.state is State.SEEN and not early)
            assert (met.rows[one].state, met.rows[one].fence) == (row.state, row.fence)
            if one in won:
                assert (row.owner, row.fence, won[one].fence) == (owner, old.fence + 1, old.fence + 1)
                assert row.lease_until == self.now() + LEASE == won[one].row.lease_until
                self.held.append(Held(owner, won[one], row.lease_until))
            else:
                assert (row.owner, row.fence, row.lease_until) == (old.owner, old.fence, old.lease_until)

    @rule(owner=owners, which=one_id, path=st.sampled_from(PATHS))
    def work(self, owner: str, which: str, path: tuple[State, ...]) -> None:
        """As a worker does with an order that it has just seen: one state after the other, while it holds it."""
        self.see([which], "p", "s")
        known = len(self.held)
        self.claim(owner, [which], 0, [State.SEEN])
        for held in self.held[known:]:
            if held.claim.row.state is State.SEEN:
                for state in path:
                    self.go_on(held, state, State.SENDING in path)

    def go_on(self, held: Held, state: State, sent: bool) -> None:
        source_id, sending = held.claim.source_id, state is State.SENDING
        outcome = Outcome(
            held.claim,
            state,
            target=OrderRef(id="R1") if state is State.DONE or (sent and state is State.PARKED) else None,
            problem=WAITS if state is State.PARKED else None,
            sent=sending,
            payload=b"draft" if sending else None,
            keep=LEASE if sending else None,
        )
        with self.watched(source_id):
            assert self.ledger.record(ROUTE, [outcome]) == []
        after = self.rows()[source_id]
        self.drop(source_id, held.claim.fence, keep=after.owner is not None, until=after.lease_until)

    @staticmethod
    def was_last(held: Held, row: Standing) -> bool:
        return row.fence == held.claim.fence

    @precondition(lambda self: bool(self.held))
    @rule(
        number=numbers,
        state=st.sampled_from(State),
        ref=targets,
        keep=st.booleans(),
        looked=st.booleans(),
        causes=st.integers(0, 2),
    )
    def record(
        self, number: int, state: State, ref: OrderRef | None, keep: bool, looked: bool, causes: int
    ) -> None:
        held = self.some(number)
        state = self.likely(held, state, number)
        source_id = held.claim.source_id
        before, kept, valid = self.rows()[source_id], self.payload(source_id), self.current(held)
        if valid and held.free:
            return
        stays = timedelta(seconds=60) if keep or state is State.SENDING else None
        problem = WAITS if causes else None
        others = (Problem(code="unknown_sku", message="m", subject="B"),) if causes > 1 else ()
        sending = state is State.SENDING
        with self.watched(source_id):
            lost = self.ledger.record(
                ROUTE,
                [
                    Outcome(
                        held.claim,
                        state,
                        target=ref if state in (State.SENDING, State.DONE, State.PARKED) else None,
                        problem=problem,
                        others=others,
                        payload=b"draft" if sending else None,
                        sent=sending,
                        looked=looked,
                        keep=stays,
                    )
                ],
            )
        after = self.rows()[source_id]
        if not valid:
            assert lost == [source_id]
        if lost:
            assert after == before, "the outcome of a lost claim changed something"
            assert self.payload(source_id) == kept
            return
        assert after.fence == before.fence
        if stays:
            assert after.lease_until == self.now() + stays
            held.until = after.lease_until
        self.drop(source_id, held.claim.fence, keep=after.owner is not None, until=after.lease_until)

    def drop(self, source_id: str, fence: int, *, keep: bool, until: Any = None) -> None:
        for one in self.held:
            if one.claim.source_id == source_id and one.claim.fence == fence:
                if keep:
                    one.until = until
                else:
                    one.free = True

    @precondition(lambda self: bool(self.held))
    @rule(number=numbers)
    def release(self, number: int) -> None:
        held = self.some(number)
        row, valid = self.rows()[held.claim.source_id], self.current(held)
        if valid and row.state is State.SENDING:
            return
        with self.watched(held.claim.source_id):
            self.ledger.release(ROUTE, [held.claim])
        if valid:
            assert self.rows()[held.claim.source_id].owner is None
            self.drop(held.claim.source_id, held.claim.fence, keep=False)
        else:
            assert self.rows()[held.claim.source_id] == row, "an old holder gave up another's claim"

    @rule(owner=owners)
    def release_all(self, owner: str) -> None:
        before = self.rows()
        with self.watched():
            self.ledger.release_all(owner)
        for source_id, row in self.rows().items():
            old = before[source_id]
            if old.owner == owner and old.state is not State.SENDING:
                assert row.owner is None
                self.drop(source_id, row.fence, keep=False)
            else:
                assert (row.owner, row.lease_until) == (old.owner, old.lease_until)

    @rule(which=st.sampled_from([None, ["1"], ["2"]]))
    def wake(self, which: list[str] | None) -> None:
        before = self.rows()
        with self.watched():
            woken = self.ledger.wake(ROUTE, source_ids=which)
        after = self.rows()
        changed = [one for one in before if before[one].state is not after[one].state]
        assert woken == len(changed)
        for one in changed:
            assert (before[one].state, after[one].state) == (State.PARKED, State.SEEN)
            assert before[one].owner is None, "woken under a worker's hands"

    @rule(rules=st.sampled_from("st"))
    def wake_changed(self, rules: str) -> None:
        before = self.rows()
        with self.watched():
            self.ledger.wake_changed(ROUTE, rules)
        for one, row in self.rows().items():
            if row.state is not before[one].state:
                assert before[one].state is State.SKIPPED or before[one].target is None, "it stands already"

    @rule(subjects=st.lists(st.sampled_from(["sku:A", "sku:B"]), min_size=1, unique=True))
    def mended(self, subjects: list[str]) -> None:
        waits, before = self.causes(), self.rows()
        with self.watched():
            self.ledger.mended(ROUTE, subjects)
        for one, row in self.rows().items():
            if row.state is not before[one].state:
                assert waits[one] <= set(subjects), "freed while another cause is left"

    @rule(which=one_id)
    def postpone(self, which: str) -> None:
        with self.watched(which):
            self.ledger.postpone(ROUTE, which, timedelta(seconds=5), timedelta(seconds=50), 3, "why")

    @rule(which=one_id, ref=st.sampled_from([OrderRef(id="R1"), OrderRef(id="R2")]))
    def report_twin(self, which: str, ref: OrderRef) -> None:
        row = self.rows().get(which)
        if row is None:
            return
        with self.watched(which):
            problem = self.ledger.report_twin(ROUTE, which, ref)
        after = self.rows()[which]
        assert after.target == (row.target or ref.id), "the first target known stays"
        assert (problem is not None) == (row.target not in (None, ref.id))
        if problem and row.state is not State.SKIPPED:
            assert (after.state, after.owner) == (State.PARKED, None)
            self.drop(which, after.fence, keep=False)
        else:
            assert (after.state, after.owner) == (row.state, row.owner)

    @precondition(lambda self: bool(self.held))
    @rule(number=numbers)
    def renew(self, number: int) -> None:
        held = self.some(number)
        row, valid = self.rows()[held.claim.source_id], self.current(held)
        with self.watched(held.claim.source_id):
            lost = self.ledger.renew(ROUTE, [held.claim], LEASE)
        after = self.rows()[held.claim.source_id]
        assert after.state is row.state
        if not valid:
            assert lost == [held.claim.source_id]
            assert after == row, "an old holder prolonged another's claim"
        elif row.owner is not None:
            assert lost == []
            assert after.lease_until == self.now() + LEASE
            self.drop(held.claim.source_id, held.claim.fence, keep=True, until=after.lease_until)

    @rule(which=one_id)
    def forget_gone(self, which: str) -> None:
        row = self.rows().get(which)
        if row is None:
            return
        (known,) = self.ledger.rows(ROUTE, source_ids=[which])
        with self.watched(which):
            forgotten = self.ledger.forget_gone(ROUTE, [known])
        after = self.rows()[which]
        assert forgotten or row.state is not State.DONE or row.owner is not None
        assert not forgotten or (after.state, after.target, after.sent_at) == (State.SEEN, None, None)

    # -- what always holds --------------------------------------------------------------------------------------

    @invariant()
    def fences_never_go_back(self) -> None:
        for source_id, row in self.rows().items():
            assert row.fence >= self.fences.get(source_id, 0)
            self.fences[source_id] = row.fence

    @invariant()
    def what_was_sent_is_kept_until_it_is_done(self) -> None:
        for source_id, row in self.rows().items():
            if row.state in (State.SENDING, State.IN_DOUBT):
                assert self.payload(source_id) == b"draft", f"{row.state} without what was sent"
            if row.state in (State.DONE, State.SKIPPED):
                assert self.payload(source_id) is None

    @invariant()
    def causes_are_those_of_parked_orders(self) -> None:
        parked = {one for one, row in self.rows().items() if row.state is State.PARKED}
        assert set(self.causes()) <= parked


Workers.TestCase.settings = relaxed
test_workers = Workers.TestCase
