"""Forgetting: by age and policy, on SQLite and PostgreSQL, and without a promise broken by it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from ends import TWO_FILES, order

from ordersync.cli import main
from ordersync.errors import BadInput, LedgerTrouble
from ordersync.host import Host
from ordersync.ledger import Ledger, Outcome, Seen, State, Telling
from ordersync.model import Facts, OrderRef, Problem
from ordersync.testing.postgresql import postgresql
from ordersync.testing.reference import ReferenceConnector
from ordersync.web import VirtualClock, dump

ROUTE = "orders"
LEASE = timedelta(minutes=2)


@pytest.fixture(params=["file", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    if request.param == "postgresql":
        for url in postgresql():
            opened = Ledger(url)
            yield opened
            opened.close()
        return
    opened = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield opened
    opened.close()


def settle(ledger: Ledger, source_id: str, state: State, changed: datetime, payload: bool = False) -> None:
    """An order that came to `state`."""
    ledger.see(ROUTE, [Seen(source_id, source_id, f"os-{source_id}", changed, "p", "s")])
    (claim,) = ledger.claim(ROUTE, [source_id], owner="w", run="r", lease=LEASE)
    ledger.record(
        ROUTE, [Outcome(claim, State.SENDING, sent=True, payload=b"{}" if payload else None, keep=LEASE)]
    )
    problem = Problem(code="refused", message="no") if state is State.PARKED else None
    ledger.record(ROUTE, [Outcome(claim, state, target=OrderRef(id=f"R{source_id}"), problem=problem)])


def test_what_is_old_is_forgotten_and_nothing_else(ledger: Ledger) -> None:
    now = ledger.clock.now()
    old, soon = now - timedelta(days=400), now + timedelta(hours=1)
    settle(ledger, "done-old", State.DONE, old)
    settle(ledger, "done-new", State.DONE, now)
    settle(ledger, "parked-old", State.PARKED, old, payload=True)
    ledger.begin_run("a", ROUTE, "sync", [])
    ledger.end_run("a", {"created": 1})
    ledger.begin_run("b", ROUTE, "sync", [])
    ledger.end_run("b", {"created": 2})
    ledger.told(ROUTE, "b", [Telling("mail", "on_order_created", "", "done-old")])
    ledger.told("another", "b", [Telling("mail", "on_order_created", "", "x")])

    nothing = ledger.prune(ROUTE, old, orders_before=old)
    assert (nothing.tellings, nothing.runs, nothing.drafts, nothing.orders) == (0, 0, 0, 0)
    found = ledger.prune(ROUTE, soon, orders_before=now - timedelta(days=1))
    assert (found.tellings, found.runs, found.drafts, found.orders) == (1, 1, 1, 1)
    assert {row.source_id for row in ledger.rows(ROUTE)} == {"done-new", "parked-old"}
    assert ledger.last_run(ROUTE) is not None
    assert len(ledger.tellings("another")) == 1
    (parked,) = ledger.rows(ROUTE, states=[State.PARKED])
    assert parked.sent_at is None, "without its draft it counts as never sent"
    assert ledger.payload(ROUTE, "parked-old") is None
    ledger.vacuum()
    assert len(list(ledger.rows(ROUTE))) == 2


def test_what_is_in_flight_stays(ledger: Ledger) -> None:
    now = ledger.clock.now()
    ledger.see(ROUTE, [Seen("1", "1", "os-1", now - timedelta(days=400), "p", "s")])
    (claim,) = ledger.claim(ROUTE, ["1"], owner="w", run="r", lease=LEASE)
    ledger.record(ROUTE, [Outcome(claim, State.SENDING, sent=True, payload=b"{}", keep=LEASE)])
    found = ledger.prune(ROUTE, now + timedelta(hours=1), orders_before=now)
    assert (found.drafts, found.orders) == (0, 0)
    assert ledger.payload(ROUTE, "1") == b"{}"


def test_room_is_given_back(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    ledger = Ledger(f"sqlite:///{file}", clock=VirtualClock())
    old = ledger.clock.now() - timedelta(days=400)
    rows = [Seen(str(i), str(i), f"os-{i}", old, "p" * 40, "s") for i in range(4000)]
    ledger.see(ROUTE, rows)
    for claim in ledger.claim(ROUTE, [one.source_id for one in rows], owner="w", run="r", lease=LEASE):
        ledger.record(ROUTE, [Outcome(claim, State.SKIPPED)])
    ledger.vacuum()
    full = file.stat().st_size
    later = ledger.clock.now() + timedelta(days=1)
    assert ledger.prune(ROUTE, later, orders_before=later).orders == 4000
    ledger.vacuum()
    assert file.stat().st_size < full / 4
    ledger.close()


# -- the command -------------------------------------------------------------------------------------------------------

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ORDERSYNC_SETTINGS", raising=False)
    Path("ordersync.toml").write_text(TWO_FILES)
    orders = [order(number) for number in (1, 2, 3)]
    last = max(one.updated_at for one in orders) + timedelta(days=2)
    orders.append(order(4).model_copy(update={"updated_at": last}))
    Path("shop.json").write_bytes(dump({"orders": [one.model_dump(mode="json") for one in orders]}))

    def call(*words: str) -> tuple[int, str, str]:
        code = main(words)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_orders_that_were_forgotten_are_not_made_again(run: Run) -> None:
    assert run("sync", "orders", "--all")[0] == 0
    before = Path("erp.json").read_bytes()
    code, out, _ = run("ledger", "prune", "--older-than", "0m", "--orders", "--json")
    assert code == 0
    assert json.loads(out)["routes"]["orders"]["orders"] == 3, "the last one may be listed again"
    assert len(json.loads(run("orders", "orders", "--json")[1])) == 1
    code, out, _ = run("sync", "orders", "--json")
    assert code == 0
    code, out, _ = run("sync", "orders", "--all", "--json")
    report: Any = json.loads(out)
    assert (code, report["created"], report["unchanged"]) == (0, 0, 4)
    assert Path("erp.json").read_bytes() == before


def test_it_says_what_it_forgot(run: Run) -> None:
    run("sync", "orders", "--all")
    code, out, err = run("ledger", "prune", "--older-than", "1y", "--route", "orders")
    assert (code, err) == (0, "")
    assert "orders" in out
    assert "drafts" in out
    code, _, err = run("ledger", "prune", "--older-than", "soon")
    assert code == 2
    assert "--older-than 'soon' is not a time" in err
    assert run("ledger", "prune", "--older-than", "1d", "--route", "nowhere")[0] == 2


def test_orders_stay_where_the_ledger_alone_knows_them(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("sync", "orders", "--all")
    monkeypatch.setattr(ReferenceConnector, "facts", Facts(platform="Reference"))
    for name in ("find_order", "find_orders"):
        monkeypatch.delattr(ReferenceConnector, name)
    with Host.open("ordersync.toml") as host, pytest.raises(BadInput, match="finds no order by its key"):
        host.prune("orders", host.ledger.clock.now(), orders=True)
    code, _, err = run("ledger", "prune", "--older-than", "0m", "--orders")
    assert code == 2
    assert "Leave --orders out." in err
    assert run("ledger", "prune", "--older-than", "0m")[0] == 0


def test_a_ledger_without_room_for_a_copy_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordersync.ledger.store.BUSY", 50)
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    with ledger._store.write(), pytest.raises(LedgerTrouble, match="cannot be made smaller"):
        ledger.vacuum()
    ledger.close()
