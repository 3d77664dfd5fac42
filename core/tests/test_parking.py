"""Parked orders by cause, what one fix frees, halted routes, retries that are bounded and spaced."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import alembic.command
import pytest
from alembic.config import Config

import ordersync.ledger
from ordersync.errors import FieldProblem, Halted, OrderSyncError, RateLimited, Refused
from ordersync.hookspecs import hookimpl
from ordersync.host import Host
from ordersync.ledger import Ledger, State, Store
from ordersync.ledger.store import HEAD
from ordersync.model import Amounts, Done, Draft, Failed, Line, Order, Outcome, Placed
from ordersync.settings import Settings, settings_of
from ordersync.testing.reference import ReferenceConnector, store
from ordersync.transfer.desk import FIRST_PAUSE, LONGEST_PAUSE, MOST_FAILURES
from ordersync.web import VirtualClock

NOON = VirtualClock().now()


def an_order(number: int, *skus: str) -> Order:
    at = NOON + timedelta(minutes=number)
    lines = tuple(
        Line(
            id=f"{number}-{sku}",
            sku=sku,
            title=sku,
            quantity=Decimal(1),
            amounts=Amounts.of(Decimal("5.00"), taxes_included=False, unit_price=Decimal("5.00")),
        )
        for sku in skus
    )
    return Order(
        id=str(number), number=f"#{number}", currency="EUR", taxes_included=False, total=Decimal(5) * len(lines),
        email=f"buyer{number}@example.com", lines=lines, placed_at=at, updated_at=at,
    )  # fmt: skip


class Ends:
    """A shop, an ERP, a clock, and a host that can be opened with other settings."""

    def __init__(self) -> None:
        self.names = [f"{end}-{uuid4()}" for end in ("shop", "erp")]
        self.shop, self.erp = store(self.names[0]), store(self.names[1])
        self.clock = VirtualClock()
        self.ledger = Ledger("sqlite://", clock=self.clock)
        self.aliases: dict[str, str] = {}
        self.policies: dict[str, Any] = {}

    def orders(self, *wanted: tuple[str, ...]) -> None:
        for skus in wanted:
            number = len(self.shop.orders) + 1
            self.shop.orders[str(number)] = an_order(number, *skus)

    @property
    def settings(self) -> Settings:
        route = {"source": "shop", "target": "erp", "aliases": self.aliases, "policies": self.policies}
        return settings_of(
            {
                "connections": {
                    "shop": {"connector": "reference", "store": self.names[0]},
                    "erp": {"connector": "reference", "store": self.names[1]},
                },
                "routes": {"orders": route},
            }
        )

    def host(self) -> Host:
        return Host(self.settings, clock=self.clock, ledger=self.ledger)

    def sync(self, **how: Any) -> Any:
        return self.host().sync("orders", everything=True, **how)

    def states(self) -> dict[str, State]:
        return {row.source_id: row.state for row in self.ledger.rows("orders")}


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Ends()
    yield made
    made.ledger.close()


# -- causes -----------------------------------------------------------------------------------------------------


def test_every_problem_of_an_order_is_kept(ends: Ends) -> None:
    ends.orders(("A", "B", "A"), ("A",), ("B", "C"), ("C",))
    ends.erp.add_item("C")
    report = ends.sync()
    assert (report.created, report.parked) == (1, 3)
    assert [problem.subject for problem in ends.ledger.problems("orders", "1")] == ["A", "B"]
    told = [(one.subject, one.orders, one.frees, one.numbers) for one in ends.host().parked("orders")]
    assert told == [("sku:A", 2, 1, ("#1", "#2")), ("sku:B", 2, 1, ("#1", "#3"))]


def test_a_fix_frees_exactly_what_waited_for_nothing_else(ends: Ends) -> None:
    ends.orders(("A", "B"), ("A",), ("B",))
    ends.sync()
    ends.erp.add_item("A")
    assert ends.sync().created == 1
    assert ends.states() == {"1": State.PARKED, "2": State.DONE, "3": State.PARKED}
    (row,) = (row for row in ends.ledger.rows("orders") if row.source_id == "1")
    assert row.problem is not None
    assert row.problem.subject == "B", "what is left is what is shown"
    assert ends.ledger.problems("orders", "1") == [row.problem]
    ends.erp.add_item("B")
    assert ends.sync().created == 2
    assert ends.host().parked("orders") == []


def test_a_new_alias_wakes_the_orders_that_waited_for_it_and_no_others(ends: Ends) -> None:
    ends.orders(("A",), ("B",), ("OK",))
    ends.erp.add_item("OK")
    ends.sync()
    attempts = {row.source_id: row.updated_at for row in ends.ledger.rows("orders")}
    ends.clock.sleep(60)
    ends.aliases["A"] = "OK"
    assert ends.sync().created == 1
    after = {row.source_id: row.updated_at for row in ends.ledger.rows("orders")}
    assert [one for one in after if after[one] != attempts[one]] == ["1"]


def test_an_alias_that_leads_nowhere_wakes_nothing(ends: Ends) -> None:
    ends.orders(("A",))
    ends.sync()
    ends.aliases["A"] = "NOWHERE"
    assert ends.sync().created == 0
    assert [one.subject for one in ends.host().parked("orders")] == ["sku:A"]


def test_retried_orders_forget_their_causes(ends: Ends) -> None:
    ends.orders(("A", "B"))
    ends.sync()
    ends.erp.add_item("A")
    ends.host().retry("orders", ["1"])
    assert [one.subject for one in ends.host().parked("orders")] == ["sku:B"]


# -- routes that stand still ------------------------------------------------------------------------------------


REAL = ReferenceConnector.create_order


def refusing(monkeypatch: pytest.MonkeyPatch, what: dict[str, OrderSyncError], calls: list[str]) -> None:
    """From now on the target answers some orders with an error."""

    def create(self: ReferenceConnector, draft: Draft) -> Any:
        calls.append(draft.source_id)
        if draft.source_id in what:
            raise what[draft.source_id]
        return REAL(self, draft)

    def create_all(self: ReferenceConnector, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        outcomes: list[Outcome[Placed]] = []
        for draft in drafts:
            try:
                outcomes.append(Done(create(self, draft)))
            except OrderSyncError as error:
                outcomes.append(Failed(error))
        return outcomes

    monkeypatch.setattr(ReferenceConnector, "create_order", hookimpl(create))
    monkeypatch.setattr(ReferenceConnector, "create_orders", hookimpl(create_all))


def test_a_route_stands_still_after_many_failures_of_one_cause(
    ends: Ends, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ends.policies["halt_after"] = 5
    ends.orders(*[("OK",)] * 120)
    ends.erp.add_item("OK")
    no_term = Refused("No.", fields=(FieldProblem("payment_term", "is required"),))
    calls: list[str] = []
    refusing(monkeypatch, {str(number): no_term for number in range(1, 121)}, calls)
    report = ends.sync()
    assert report.halted.startswith("5 orders in a row failed with refused")
    assert not report.interrupted
    assert "payment_term" in report.halted
    assert len(calls) <= 50, "it stopped after the batch in hand"
    assert "stands still" in caplog.text
    assert ends.host().status()[0].halted == report.halted

    before = len(calls)
    with pytest.raises(Halted, match="stands still: 5 orders in a row"):
        ends.sync()
    assert len(calls) == before

    refusing(monkeypatch, {}, calls)
    assert ends.host().resume("orders")
    assert ends.sync().created == 120 - report.parked
    ends.host().retry("orders")
    assert set(ends.states().values()) == {State.DONE}


def test_other_settings_let_a_route_go_on(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    ends.policies["halt_after"] = 2
    ends.orders(*[("OK",)] * 3)
    ends.erp.add_item("OK")
    with monkeypatch.context() as patch:
        refusing(patch, {str(number): Refused("No.") for number in (1, 2, 3)}, [])
        assert ends.sync().halted
    ends.policies["guests"] = "without"
    assert ends.sync().created == 3


def test_failures_that_are_not_in_a_row_halt_nothing(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    ends.policies["halt_after"] = 2
    ends.orders(*[("OK",)] * 9)
    ends.erp.add_item("OK")
    refusing(monkeypatch, {str(number): Refused("No.") for number in (1, 3, 5, 7)}, [])
    host = ends.host()
    for number in range(1, 10):
        assert host.sync("orders", order=str(number)).halted == ""


def test_unknown_skus_never_halt_a_route(ends: Ends) -> None:
    ends.policies["halt_after"] = 3
    ends.orders(*[("GONE",)] * 30)
    report = ends.sync()
    assert (report.halted, report.parked) == ("", 30)


# -- bounded and spaced -----------------------------------------------------------------------------------------


def test_an_order_that_always_fails_is_tried_ever_more_seldom_and_then_given_up(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends.orders(("OK",), ("OK",))
    ends.erp.add_item("OK")
    calls: list[str] = []
    refusing(monkeypatch, {"1": RateLimited("Too much.")}, calls)
    ends.sync()
    assert ends.states() == {"1": State.SEEN, "2": State.DONE}
    pause = FIRST_PAUSE
    for _ in range(MOST_FAILURES - 1):
        before = len(calls)
        ends.sync()
        assert len(calls) == before, "not before its time"
        ends.clock.sleep(pause.total_seconds() + 1)
        ends.sync()
        assert len(calls) > before
        pause = min(pause * 2, LONGEST_PAUSE)
    (row,) = ends.ledger.rows("orders", states=[State.PARKED])
    assert row.problem is not None
    assert row.problem.code == "gave_up"
    assert f"failed {MOST_FAILURES} times" in row.problem.message
    assert "Too much." in row.problem.message
    before = len(calls)
    ends.clock.sleep(10**6)
    ends.sync()
    assert len(calls) == before
    refusing(monkeypatch, {}, calls)
    ends.host().retry("orders", ["1"])
    assert set(ends.states().values()) == {State.DONE}


# -- an older ledger --------------------------------------------------------------------------------------------


def test_a_ledger_of_the_first_migration_opens_and_keeps_what_waits(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    config = Config()
    config.set_main_option("script_location", str(Path(ordersync.ledger.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    import sqlalchemy as sa

    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "0001")
        for number, state, subject in (("1", "parked", "sku:A"), ("2", "done", None), ("3", "parked", None)):
            connection.execute(
                sa.text(
                    "INSERT INTO orders (route, source_id, key, number, state, source_updated_at, source_print, "
                    "settings_hash, problem, subject, attempts, looks, fence, first_seen, updated_at) VALUES "
                    "('orders', :id, :id, :id, :state, 1, 'p', 's', :problem, :subject, 0, 0, 0, 1, 1)"
                ),
                {
                    "id": number,
                    "state": state,
                    "subject": subject,
                    "problem": '{"code": "unknown_sku", "message": "m", "subject": "A"}'
                    if state == "parked"
                    else None,
                },
            )
            connection.execute(
                sa.text("INSERT INTO payloads VALUES ('orders', :id, :draft, NULL, 1)"),
                {"id": number, "draft": b"draft"},
            )
    engine.dispose()

    ledger = Ledger(f"sqlite:///{file}", clock=VirtualClock())
    assert [(one.subject, one.orders) for one in ledger.waiting("orders")] == [("sku:A", 1), ("unknown", 1)]
    assert ledger.payload("orders", "2") == b"draft", "the upgrade deletes nothing"
    assert ledger.mended("orders", ["sku:A"]) == 1
    assert {row.source_id: row.state for row in ledger.rows("orders")} == {
        "1": State.SEEN,
        "2": State.DONE,
        "3": State.PARKED,
    }
    ledger.close()
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)


def test_a_read_only_ledger_gives_one_clear_line_and_nothing_is_sent(
    ends: Ends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends.orders(("OK",))
    ends.erp.add_item("OK")
    file = tmp_path / "ledger.db"
    Ledger(f"sqlite:///{file}", clock=ends.clock).close()
    raw = sqlite3.connect(f"file:{file}?mode=ro", uri=True, check_same_thread=False, isolation_level=None)
    readonly = Ledger(clock=ends.clock, store=Store.over(lambda: raw, ends.clock))
    calls: list[str] = []
    refusing(monkeypatch, {}, calls)
    with pytest.raises(OrderSyncError) as error:
        Host(ends.settings, clock=ends.clock, ledger=readonly).sync("orders", everything=True)
    assert "read-only" in str(error.value)
    assert "\n" not in str(error.value)
    assert calls == []
    readonly.close()
    raw.close()
