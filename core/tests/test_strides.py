"""The usual steps go in strides; whatever is recorded that way is what the long way would have recorded."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ordersync.ledger import Claim, Ledger, Outcome, Row, Seen, State, book
from ordersync.ledger.strides import stride
from ordersync.model import OrderRef, Problem
from ordersync.testing.postgresql import postgresql
from ordersync.web import VirtualClock

ROUTE = "orders"
LEASE = timedelta(minutes=2)
IDS = [f"O{i}" for i in range(6)]


@pytest.fixture(params=["memory", "postgresql"])
def urls(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    if request.param == "memory":
        yield "sqlite://", "sqlite://"
        return
    for one in postgresql():
        for other in postgresql():
            yield one, other


def begun(url: str, clock: VirtualClock) -> Ledger:
    ledger = Ledger(url, clock=clock)
    at = VirtualClock().now()
    ledger.see(ROUTE, [Seen(one, f"#{one}", f"os-{one}", at, "p", "s") for one in IDS])
    return ledger


def shown(row: Row, sqlite: bool) -> Any:
    """A row, without the times of a database that has a clock of its own."""
    if sqlite:
        return row
    given = {name: getattr(row, name) is not None for name in ("sent_at", "looked_at", "lease_until")}
    bare = replace(row, sent_at=None, looked_at=None, lease_until=None, updated_at=row.source_updated_at)
    return bare, given


def outcome(dice: random.Random, claim: Claim) -> Outcome:
    state = dice.choice([State.SENDING, State.SENDING, State.DONE, State.DONE, State.IN_DOUBT, State.PARKED])
    target = dice.choice([None, OrderRef(id=f"R-{claim.source_id}", number="7"), OrderRef(id="R-other")])
    return Outcome(
        claim if dice.random() < 0.9 else replace(claim, fence=claim.fence - 1),
        state,
        target=target,
        problem=Problem(code="refused", message="no") if state is State.PARKED else None,
        draft_print=dice.choice([None, "d1", "d2"]),
        payload=b"draft" if state is State.SENDING and dice.random() < 0.7 else None,
        customer=dice.choice([None, "oc-1"]),
        sent=state is State.SENDING and dice.random() < 0.7,
        keep=LEASE if state is State.SENDING else None,
    )


def live(ledger: Ledger, dice: random.Random, clock: VirtualClock) -> list[Any]:
    """Thirty windows of whatever may happen; what was seen of each."""
    told: list[Any] = []
    sqlite = ledger._store.sqlite
    for turn in range(30):
        ids = dice.sample(IDS, dice.randint(1, 4))
        claims = ledger.claim(ROUTE, ids, owner=f"w{turn % 2}", run="r", lease=LEASE, states=tuple(State))
        alike = dice.random() < 0.6
        outcomes = [outcome(dice, claim) for claim in claims]
        if alike and outcomes:
            first = outcomes[0]
            outcomes = [
                replace(
                    one,
                    state=first.state,
                    problem=first.problem,
                    keep=first.keep,
                    sent=first.sent,
                    payload=one.payload if first.state is State.SENDING else None,
                )
                for one in outcomes
            ]
        told.append(sorted(ledger.record(ROUTE, outcomes)))
        if sqlite:
            clock.sleep(dice.choice([1, 50, 130]))
        else:
            ledger.release(ROUTE, claims)
        told.append([shown(row, sqlite) for row in sorted(ledger.rows(ROUTE), key=lambda row: row.source_id)])
        told.append([ledger.payload(ROUTE, one) for one in IDS])
    return told


@pytest.mark.parametrize("seed", range(12))
def test_both_ways_lead_to_the_same(
    urls: tuple[str, str], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[bool] = []
    real = stride

    def watched(*given: Any) -> bool:
        taken.append(real(*given))
        return taken[-1]

    told = []
    for url, way in zip(urls, (watched, lambda *given: False), strict=True):
        monkeypatch.setattr(book, "stride", way)
        clock = VirtualClock()
        ledger = begun(url, clock)
        told.append(live(ledger, random.Random(seed), clock))
        ledger.close()
    assert told[0] == told[1]
    assert any(taken), "no stride was taken"
    assert not all(taken), "the long way was never needed"


def test_the_usual_order_needs_two_strides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ledger, "_record", None)
    ledger = begun("sqlite://", VirtualClock())
    claims = ledger.claim(ROUTE, IDS, owner="w", run="r", lease=LEASE)
    sending = [
        Outcome(one, State.SENDING, payload=b"d", draft_print="d", sent=True, keep=LEASE) for one in claims
    ]
    assert ledger.record(ROUTE, sending) == []
    assert ledger.payload(ROUTE, "O1") == b"d"
    done = [Outcome(one, State.DONE, target=OrderRef(id=f"R{one.source_id}", number="1")) for one in claims]
    assert ledger.record(ROUTE, done) == []
    rows = {row.source_id: row for row in ledger.rows(ROUTE)}
    assert {row.state for row in rows.values()} == {State.DONE}
    assert rows["O1"].target == OrderRef(id="RO1", number="1")
    assert (rows["O1"].attempts, rows["O1"].owner, ledger.payload(ROUTE, "O1")) == (1, None, None)
    ledger.close()
