"""The ledger: states, claims with fences, watermarks, customers; on SQLite and, where there is one, PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from ordersync.errors import LedgerTrouble
from ordersync.ledger import STEPS, Claim, Halt, Ledger, Outcome, Seen, State, Telling
from ordersync.ledger.store import HEAD
from ordersync.ledger.tables import metadata
from ordersync.model import CustomerRef, OrderRef, Problem
from ordersync.testing.postgresql import postgresql
from ordersync.web import VirtualClock

ROUTE = "orders"
LEASE = timedelta(minutes=2)


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


def seen(number: int, clock: VirtualClock, print: str = "p", settings: str = "s") -> Seen:
    return Seen(str(number), f"#{number}", f"os-{number}", clock.now(), print, settings)


def claim(
    ledger: Ledger,
    *ids: str,
    owner: str = "me",
    settle: timedelta = timedelta(0),
    states: tuple[State, ...] = tuple(State),
) -> list[Claim]:
    return ledger.claim(ROUTE, ids, owner=owner, run="run", lease=LEASE, settle=settle, states=states)


def test_a_new_order_is_seen_once(ledger: Ledger, clock: VirtualClock) -> None:
    assert ledger.see(ROUTE, [seen(1, clock)])["1"].first_time
    row = ledger.see(ROUTE, [seen(1, clock)])["1"]
    assert (row.first_time, row.changed, row.state, row.number) == (False, False, State.SEEN, "#1")
    assert ledger.see(ROUTE, [seen(1, clock, print="q")])["1"].changed


def test_a_claim_is_for_one(ledger: Ledger, clock: VirtualClock) -> None:
    ledger.see(ROUTE, [seen(1, clock), seen(2, clock)])
    (mine,) = claim(ledger, "1")
    assert [one.source_id for one in claim(ledger, "1", "2", owner="you")] == ["2"]
    ledger.release(ROUTE, [mine])
    assert [one.source_id for one in claim(ledger, "1", owner="you")] == ["1"]


def test_an_old_holder_cannot_write(ledger: Ledger, clock: VirtualClock, url: str) -> None:
    if url.startswith("postgresql"):
        pytest.skip("leases go by the database's own clock there, which no test can turn")
    ledger.see(ROUTE, [seen(1, clock)])
    (mine,) = claim(ledger, "1")
    clock.sleep(LEASE.total_seconds() + 1)
    (yours,) = claim(ledger, "1", owner="you")
    assert yours.fence == mine.fence + 1
    assert ledger.record(ROUTE, [Outcome(mine, State.SENDING, sent=True)]) == ["1"]
    assert ledger.record(ROUTE, [Outcome(yours, State.SENDING, sent=True, keep=LEASE)]) == []
    assert ledger.record(ROUTE, [Outcome(mine, State.DONE)]) == ["1"]
    assert ledger.counts(ROUTE) == {State.SENDING: 1}
    ledger.release(ROUTE, [mine])
    (row,) = ledger.rows(ROUTE)
    assert row.owner == "you"


def test_takeover_of_a_sending_order_waits_lease_and_settle_time(
    ledger: Ledger, clock: VirtualClock, url: str
) -> None:
    if url.startswith("postgresql"):
        pytest.skip("leases go by the database's own clock there, which no test can turn")
    settle = timedelta(seconds=120)
    ledger.see(ROUTE, [seen(1, clock)])
    (mine,) = claim(ledger, "1")
    ledger.record(ROUTE, [Outcome(mine, State.SENDING, sent=True, keep=LEASE)])
    clock.sleep(LEASE.total_seconds() + 1)
    assert claim(ledger, "1", owner="you", settle=settle) == []
    clock.sleep(settle.total_seconds())
    assert len(claim(ledger, "1", owner="you", settle=settle)) == 1


def test_only_the_steps_of_the_state_machine(ledger: Ledger, clock: VirtualClock) -> None:
    ledger.see(ROUTE, [seen(1, clock)])
    (mine,) = claim(ledger, "1")
    assert (State.SEEN, State.IN_DOUBT) not in STEPS
    assert ledger.record(ROUTE, [Outcome(mine, State.IN_DOUBT)]) == ["1"]
    assert ledger.record(ROUTE, [Outcome(mine, State.SENDING, sent=True, keep=LEASE)]) == []
    assert ledger.record(ROUTE, [Outcome(mine, State.DONE, target=OrderRef(id="9"))]) == []
    (row,) = ledger.rows(ROUTE)
    assert (row.state, row.target, row.attempts, row.owner) == (State.DONE, OrderRef(id="9"), 1, None)


def test_the_payload_is_kept_until_done(ledger: Ledger, clock: VirtualClock) -> None:
    ledger.see(ROUTE, [seen(1, clock)])
    (mine,) = claim(ledger, "1")
    ledger.record(ROUTE, [Outcome(mine, State.SENDING, sent=True, payload=b"draft", keep=LEASE)])
    assert ledger.payload(ROUTE, "1") == b"draft"
    ledger.record(ROUTE, [Outcome(mine, State.DONE)])
    assert ledger.payload(ROUTE, "1") is None


def test_parked_orders_wake_for_their_cause_alone(ledger: Ledger, clock: VirtualClock) -> None:
    ledger.see(ROUTE, [seen(number, clock) for number in (1, 2, 3)])
    for one, sku in zip(claim(ledger, "1", "2", "3"), ("A", "B", "A"), strict=True):
        problem = Problem(code="unknown_sku", message="m", subject=sku)
        ledger.record(ROUTE, [Outcome(one, State.PARKED, problem=problem)])
    assert ledger.subjects(ROUTE, "sku:") == ["sku:A", "sku:B"]
    assert ledger.mended(ROUTE, ["sku:A"]) == 2
    assert [row.source_id for row in ledger.rows(ROUTE, states=[State.PARKED])] == ["2"]


def test_other_settings_offer_skipped_orders_again(ledger: Ledger, clock: VirtualClock) -> None:
    ledger.see(ROUTE, [seen(1, clock), seen(2, clock)])
    skip, park = claim(ledger, "1", "2")
    ledger.record(ROUTE, [Outcome(skip, State.SKIPPED)])
    problem = Problem(code="totals_differ", message="m")
    ledger.record(ROUTE, [Outcome(park, State.SENDING, sent=True, keep=LEASE)])
    ledger.record(ROUTE, [Outcome(park, State.PARKED, problem=problem, target=OrderRef(id="7"))])
    assert ledger.see(ROUTE, [seen(1, clock), seen(2, clock)])["1"].state is State.SKIPPED
    again = ledger.see(ROUTE, [seen(1, clock, settings="t"), seen(2, clock, settings="t")])
    assert again["1"].state is State.SEEN
    assert again["2"].state is State.PARKED, "it stands on the target: never create it again"


def test_wake_changed_leaves_what_stands(ledger: Ledger, clock: VirtualClock) -> None:
    ledger.see(ROUTE, [seen(1, clock), seen(2, clock)])
    first, second = claim(ledger, "1", "2")
    ledger.record(ROUTE, [Outcome(first, State.SKIPPED)])
    ledger.record(ROUTE, [Outcome(second, State.SENDING, sent=True, keep=LEASE)])
    ledger.record(ROUTE, [Outcome(second, State.PARKED, target=OrderRef(id="7"))])
    assert ledger.wake_changed(ROUTE, "s") == 0
    assert ledger.wake_changed(ROUTE, "other") == 1


def test_the_watermark_moves_forward_only(ledger: Ledger, clock: VirtualClock) -> None:
    assert ledger.watermark(ROUTE) is None
    early, late = clock.now(), clock.now() + timedelta(microseconds=1)
    for to, expected in ((early, early), (late, late), (early, late)):
        ledger.move_watermark(ROUTE, to, "s")
        assert ledger.watermark(ROUTE) == expected


def test_a_connection_is_bound_to_one_account(ledger: Ledger) -> None:
    ledger.bind("shop", "shopify", "1")
    ledger.bind("shop", "shopify", "1")
    with pytest.raises(LedgerTrouble, match="was shopify account '1' until now"):
        ledger.bind("shop", "shopify", "2")


def test_a_customer_is_created_by_one_worker(ledger: Ledger) -> None:
    assert ledger.claim_customers("erp", ["oc-1"], owner="me", lease=LEASE)["oc-1"].mine
    assert not ledger.claim_customers("erp", ["oc-1"], owner="you", lease=LEASE)["oc-1"].mine
    assert ledger.record_customers("erp", owner="you", sent=["oc-1"]) == {"oc-1"}
    assert ledger.record_customers("erp", owner="me", sent=["oc-1"]) == set()
    assert ledger.record_customers("erp", owner="me", refs={"oc-1": CustomerRef(id="5")}) == set()
    known = ledger.claim_customers("erp", ["oc-1", "oc-2"], owner="you", lease=LEASE)
    assert (known["oc-1"].ref, known["oc-2"].mine) == (CustomerRef(id="5"), True)
    assert ledger.known_customers("erp", ["oc-1", "oc-2"]) == {"oc-1": CustomerRef(id="5")}
    ledger.forget_customer("erp", "oc-1")
    assert ledger.known_customers("erp", ["oc-1"]) == {}


def test_a_lost_create_of_a_customer_is_remembered(ledger: Ledger, clock: VirtualClock) -> None:
    ledger.claim_customers("erp", ["oc-1"], owner="me", lease=LEASE)
    ledger.record_customers("erp", owner="me", sent=["oc-1"])
    ledger.record_customers("erp", owner="me", looked=["oc-1"], free=["oc-1"])
    again = ledger.claim_customers("erp", ["oc-1"], owner="you", lease=LEASE)["oc-1"]
    assert again.mine
    assert again.sent_at is not None
    assert again.looks == 1
    ledger.record_customers("erp", owner="you", unsent=["oc-1"])
    assert ledger.claim_customers("erp", ["oc-1"], owner="me", lease=LEASE)["oc-1"].sent_at is None


def test_an_early_end_leaves_no_claims(ledger: Ledger, clock: VirtualClock) -> None:
    ledger.see(ROUTE, [seen(1, clock), seen(2, clock)])
    first, _second = claim(ledger, "1", "2")
    ledger.claim_customers("erp", ["oc-1"], owner="me", lease=LEASE)
    ledger.record(ROUTE, [Outcome(first, State.SENDING, sent=True, keep=LEASE)])
    ledger.release_all("me")
    assert [one.source_id for one in claim(ledger, "1", "2", owner="you")] == ["2"]
    assert ledger.claim_customers("erp", ["oc-1"], owner="you", lease=LEASE)["oc-1"].mine


def test_runs_and_tellings_are_recorded(ledger: Ledger, clock: VirtualClock) -> None:
    assert ledger.last_run(ROUTE) is None
    ledger.begin_run("r1", ROUTE, "sync")
    ledger.end_run("r1", {"created": 3})
    last = ledger.last_run(ROUTE)
    assert last is not None
    assert last[1] == {"created": 3}
    ledger.told(ROUTE, "r1", [Telling("mail", "on_order_created", "ValueError", "1")])
    assert ledger.tellings(ROUTE) == [Telling("mail", "on_order_created", "ValueError", "1")]


def test_rows_come_in_order_and_in_pieces(ledger: Ledger, clock: VirtualClock) -> None:
    ledger.see(ROUTE, [seen(number, clock) for number in range(1500)])
    ids = [row.source_id for row in ledger.rows(ROUTE)]
    assert len(ids) == len(set(ids)) == 1500
    assert ids == sorted(ids)


def test_rows_are_found_by_name_and_state(ledger: Ledger, clock: VirtualClock) -> None:
    ledger.see(ROUTE, [seen(number, clock) for number in range(250)])
    ledger.record(ROUTE, [Outcome(one, State.SKIPPED) for one in claim(ledger, "7", "8")])
    every = [str(number) for number in range(250)]
    assert len(list(ledger.rows(ROUTE, source_ids=[*every, *every, "nobody"]))) == 250
    assert [row.source_id for row in ledger.rows(ROUTE, source_ids=["9", "8"], states=[State.SKIPPED])] == [
        "8"
    ]
    assert len(list(ledger.rows(ROUTE, states=[State.SEEN, State.DONE]))) == 248
    assert list(ledger.rows(ROUTE, states=[])) == []
    assert list(ledger.rows(ROUTE, source_ids=[])) == []


def test_the_migrations_make_the_tables(url: str, clock: VirtualClock) -> None:
    ledger = Ledger(url, clock=clock)
    inspector = sa.inspect(ledger._store.engine)
    for table in metadata.sorted_tables:
        columns = {column["name"]: column["nullable"] for column in inspector.get_columns(table.name)}
        assert columns == {column.name: column.nullable for column in table.columns}, table.name
        indexes = {index["name"] for index in inspector.get_indexes(table.name)}
        assert indexes >= {index.name for index in table.indexes}, table.name
    ledger.close()


def test_a_newer_ledger_is_refused(tmp_path: Path, clock: VirtualClock) -> None:
    file = tmp_path / "ledger.db"
    Ledger(f"sqlite:///{file}", clock=clock).close()
    with sqlite3.connect(file) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    db.close()
    with pytest.raises(LedgerTrouble, match=f"migration 9999, this knows {HEAD}"):
        Ledger(f"sqlite:///{file}", clock=clock)


def test_a_damaged_file_gives_one_clear_line(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    file.write_bytes(b"this is no database at all, whatever its name says" * 100)
    with pytest.raises(LedgerTrouble) as error:
        Ledger(f"sqlite:///{file}")
    assert "not a ledger, or it is damaged" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_folder_gives_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(LedgerTrouble, match="does not exist"):
        Ledger(f"sqlite:///{tmp_path / 'nowhere' / 'ledger.db'}")


def test_two_processes_see_one_ledger(tmp_path: Path, clock: VirtualClock) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    one, two = Ledger(url, clock=clock), Ledger(url, clock=clock)
    one.see(ROUTE, [seen(1, clock)])
    assert len(claim(one, "1")) == 1
    assert claim(two, "1", owner="you") == []
    one.close()
    two.close()


def test_times_are_exact(ledger: Ledger) -> None:
    moment = datetime.fromisoformat("2026-03-29T01:59:59.999999+00:00")
    ledger.move_watermark(ROUTE, moment, "s")
    assert ledger.watermark(ROUTE) == moment


def test_a_claim_goes_by_the_state_of_the_moment(ledger: Ledger, clock: VirtualClock) -> None:
    ledger.see(ROUTE, [seen(1, clock)])
    (yours,) = claim(ledger, "1", owner="you")
    ledger.record(ROUTE, [Outcome(yours, State.SENDING, sent=True, keep=LEASE)])
    ledger.record(ROUTE, [Outcome(yours, State.IN_DOUBT)])
    assert claim(ledger, "1", states=(State.SEEN,)) == [], "it was seen a moment ago, and is in doubt by now"
    assert len(claim(ledger, "1", states=(State.IN_DOUBT,))) == 1


def test_a_twin_of_an_order_in_other_hands_is_parked_at_once(ledger: Ledger, clock: VirtualClock) -> None:
    """The other worker has found its own and is finishing it; nobody would hear of the twin afterwards."""
    ledger.see(ROUTE, [seen(1, clock)])
    (mine,) = claim(ledger, "1")
    ledger.record(ROUTE, [Outcome(mine, State.SENDING, target=OrderRef(id="9"), keep=LEASE)])
    problem = ledger.report_twin(ROUTE, "1", OrderRef(id="8"))
    assert problem is not None
    assert problem.code == "twins"
    assert ledger.record(ROUTE, [Outcome(mine, State.DONE, target=OrderRef(id="9"))]) == ["1"]
    (row,) = ledger.rows(ROUTE)
    assert (row.state, row.problem) == (State.PARKED, problem)
    assert ledger.problems(ROUTE, "1") == [problem]


def test_trouble_with_an_order_in_other_hands_is_theirs(ledger: Ledger, clock: VirtualClock) -> None:
    ledger.see(ROUTE, [seen(1, clock)])
    (mine,) = claim(ledger, "1")
    ledger.record(ROUTE, [Outcome(mine, State.SENDING, target=OrderRef(id="9"), keep=LEASE)])
    trouble = Problem(code="totals_differ", message="m")
    assert ledger.report_twin(ROUTE, "1", OrderRef(id="9"), trouble) is None
    ledger.record(ROUTE, [Outcome(mine, State.DONE, target=OrderRef(id="9"))])
    assert ledger.report_twin(ROUTE, "1", OrderRef(id="9"), trouble) == trouble
    (row,) = ledger.rows(ROUTE, states=[State.PARKED])
    assert row.problem == trouble


def test_an_order_is_put_off_and_given_up(ledger: Ledger, clock: VirtualClock) -> None:
    ledger.see(ROUTE, [seen(1, clock)])
    minute = timedelta(minutes=1)
    answers = [
        ledger.postpone(ROUTE, "1", pause=minute, longest=2 * minute, most=3, why="too much")
        for _ in range(3)
    ]
    assert answers[:2] == [None, None]
    assert answers[2] is not None
    assert [cause.subject for cause in ledger.waiting(ROUTE)] == ["gave_up"]
    assert ledger.postpone(ROUTE, "1", pause=minute, longest=minute, most=3, why="again") is None
    assert ledger.wake(ROUTE) == 1
    (row,) = ledger.rows(ROUTE)
    assert (row.state, row.failures, row.retry_at) == (State.SEEN, 0, None)
    assert ledger.problems(ROUTE, "1") == []


def test_a_route_begins_stands_still_and_goes_on(ledger: Ledger, clock: VirtualClock) -> None:
    assert (ledger.begins(ROUTE), ledger.halted(ROUTE)) == (None, None)
    ledger.begin_route(ROUTE, clock.now())
    halt = Halt(code="refused", message="20 in a row", count=20, settings_hash="s")
    ledger.halt(ROUTE, halt)
    assert ledger.halted(ROUTE) == halt
    ledger.move_watermark(ROUTE, clock.now(), "s")
    ledger.resume(ROUTE)
    assert (ledger.begins(ROUTE), ledger.halted(ROUTE)) == (clock.now(), None)
    assert ledger.watermark(ROUTE) == clock.now()


def test_claims_are_renewed_by_their_holder_alone(ledger: Ledger, clock: VirtualClock) -> None:
    ledger.see(ROUTE, [seen(1, clock)])
    (mine,) = claim(ledger, "1")
    assert ledger.renew(ROUTE, [mine], LEASE) == []
    ledger.release(ROUTE, [mine])
    assert ledger.renew(ROUTE, [mine], LEASE) == ["1"]
    ledger.claim_customers("erp", ["c"], owner="me", lease=LEASE)
    assert ledger.renew_customers("erp", ["c"], owner="me", lease=LEASE) == set()
    assert ledger.renew_customers("erp", ["c"], owner="you", lease=LEASE) == {"c"}


def test_a_customer_that_was_made_twice_is_known(ledger: Ledger) -> None:
    ledger.claim_customers("erp", ["c"], owner="me", lease=LEASE)
    ledger.record_customers("erp", owner="me", refs={"c": CustomerRef(id="1")})
    assert ledger.report_twin_customer("erp", "c", CustomerRef(id="1")) is None
    assert ledger.report_twin_customer("erp", "c", CustomerRef(id="2")) == CustomerRef(id="1")
    assert ledger.twin_customers("erp") == {"c": ("1", "2")}
