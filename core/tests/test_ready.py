"""Ready statements: any number of rows, any cell, the same in every database; and none goes through a whole table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from ordersync.errors import LedgerTrouble
from ordersync.ledger import (
    Ledger,
    Seen,
    State,
    Store,
    Telling,
    book,
    customers,
    items,
    meeting,
    restoring,
    rows,
    strides,
)
from ordersync.ledger import tables as t
from ordersync.ledger.ready import MOST, SIZES, Ready, given
from ordersync.ledger.rows import among
from ordersync.testing.postgresql import postgresql
from ordersync.web import VirtualClock

AT = datetime(2026, 3, 29, 1, 59, 59, 999_999, tzinfo=UTC)
ROWS = given(key=t.customers.c.key.type, ref=t.customers.c.ref.type, looks=sa.Integer, at=t.Moment)
c = t.customers.c
MAKE = Ready(
    lambda insert: (
        insert(t.customers)
        .from_select(
            ["connection", "key", "ref", "looks", "sent_at", "updated_at"],
            sa.select(
                sa.bindparam("of", type_=c.connection.type),
                *ROWS.columns,
                sa.bindparam("now", type_=c.updated_at.type),
            ).where(ROWS.c.key.is_not(None)),
        )
        .on_conflict_do_nothing()
    ),
    ROWS,
)
KEYS = given(key=sa.String)
FIND = Ready(
    sa.select(c.key, c.ref, c.looks, c.sent_at)
    .where(c.connection == sa.bindparam("of"), among(c.key, KEYS), c.looks >= 0)
    .order_by(c.key),
    KEYS,
)
PAIRS = given(key=sa.String, looks=sa.Integer)
CHANGE = Ready(
    t.customers.update()
    .where(c.connection == sa.bindparam("of"), c.key == PAIRS.c.key)
    .values(looks=PAIRS.c.looks + sa.bindparam("more", type_=sa.Integer)),
    PAIRS,
)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    for url in postgresql() if request.param == "postgresql" else ["sqlite://"]:
        opened = Store(url, VirtualClock())
        yield opened
        opened.close()


@pytest.mark.parametrize("count", sorted({0, *SIZES, *(size + 1 for size in SIZES), 2 * MOST + 17}))
def test_any_number_of_rows(store: Store, count: int) -> None:
    made = [(f"k{i:03}", {"id": f"'{i}%s?"}, i, AT if i % 2 else None) for i in range(count)]
    with store.write() as db:
        assert MAKE.run(db, made, of="erp", now=AT) == count
        assert MAKE.run(db, made[:1], of="erp", now=AT) == 0, "it is there"
        assert MAKE.run(db, made[:1], of="other", now=AT) == min(count, 1)
        met = CHANGE.run(db, [*((key, i) for key, _, i, _ in made), ("nobody", 1)], of="erp", more=1)
        assert met == count
        found = FIND.ask(db, [(key,) for key, *_ in reversed(made)], of="erp")
        values = sorted((key, rows.parsed(ref), looks - 1, t.moment_of(at)) for key, ref, looks, at in found)
    assert values == made
    assert all(at is None or at.tzinfo is UTC for *_, at in values)


def test_what_is_too_long_for_its_column_is_refused_and_never_cut(store: Store) -> None:
    if store.sqlite:
        pytest.skip("SQLite has no lengths")
    with pytest.raises(LedgerTrouble, match="too long"), store.write() as db:
        MAKE.run(db, [("k" * 65, {}, 0, None)], of="erp", now=AT)


def test_bytes_are_kept_as_they_are(store: Store) -> None:
    ledger = Ledger(store=store)
    every = bytes(range(256)) * 20
    ledger.see("orders", [Seen(one, one, one, AT, "p", "s") for one in "ab"])
    with store.write() as db:
        book._KEEP.run(db, [("a", every, None), ("b", b"", "c")], route="orders", now=AT)
        book._KEEP.run(db, [("b", b"{}", "d")], route="orders", now=AT)
    assert (ledger.payload("orders", "a"), ledger.payload("orders", "b")) == (every, b"{}")


def test_the_rows_of_a_window_are_one_statement(store: Store) -> None:
    """A driver that steps from row to row lets other threads in at each step."""
    said: list[str] = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    with store.write() as db:
        said.clear()
        MAKE.run(db, [(f"k{i}", {}, i, None) for i in range(100)], of="erp", now=AT)
    assert len(said) == 1


@pytest.mark.parametrize("count", [0, 1, 3, 101])
def test_what_listeners_did_is_recorded_once(store: Store, count: int) -> None:
    """Nothing but the number of rows says so: the same may be told twice."""
    ledger = Ledger(store=store)
    tellings = [Telling("mail", "on_order_created", "", None)] * count
    ledger.told("orders", "run", tellings)
    assert ledger.tellings("orders") == tellings


# -- plans --------------------------------------------------------------------------------------------------------------


def every_statement() -> Iterator[tuple[str, Ready]]:
    for module in (rows, meeting, customers, items, restoring, book):
        for name, value in vars(module).items():
            if isinstance(value, Ready):
                yield f"{module.__name__}.{name}", value
    for state, value in strides._STATEMENTS.items():
        yield f"strides.{state}", value
    yield "claim", meeting._claiming((State.SEEN,))
    yield "claim any", meeting._claiming(tuple(State))
    yield "named", book._listing((State.DONE,), "named")


@pytest.fixture(scope="module", params=["empty", "full", "analyzed"])
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[sqlite3.Connection]:
    file = Path(tmp_path_factory.mktemp("plans"), "ledger.db")
    Ledger(f"sqlite:///{file}").close()
    with sqlite3.connect(file) as db:
        if request.param != "empty":
            db.executemany(
                "INSERT INTO orders (route, source_id, key, number, state, source_updated_at, source_print, settings_hash,"
                " attempts, failures, looks, fence, first_seen, updated_at)"
                " VALUES ('orders', ?, ?, '1', 'done', 1, 'p', 's', 0, 0, 0, 1, 1, 1)",
                [(f"S{i}", f"k{i}") for i in range(5000)],
            )
            db.executemany(
                "INSERT INTO customers (connection, key, looks, updated_at) VALUES ('erp', ?, 0, 1)",
                [(f"k{i}",) for i in range(5000)],
            )
        if request.param == "analyzed":
            db.execute("ANALYZE")
    yield db
    db.close()


@pytest.mark.parametrize(("name", "ready"), list(every_statement()))
def test_no_statement_goes_through_a_table(database: sqlite3.Connection, name: str, ready: Ready) -> None:
    """Rows are found by their primary key (keys of orders by theirs), however many there are."""
    engine = sa.create_engine("sqlite://")
    for text in ready._compile(engine.dialect).texts.values():
        plan = database.execute(f"EXPLAIN QUERY PLAN {text}", [None] * text.count("?"))
        for *_, step in plan:
            free = "given" in step or "CONSTANT ROW" in step or "SUBQUERY" in step or "TEMP B-TREE" in step
            by_key = "SEARCH" in step and ("autoindex" in step or "orders_by_key" in step)
            assert free or by_key, f"{name}: {step}"
    engine.dispose()
