"""Erasing a customer: everything that the ledger holds of them, and not what is needed to find out about a write."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from ends import LAG, SETTLE, Ends, Erp, order

from ordersync.errors import BadInput
from ordersync.hookspecs import hookimpl
from ordersync.ledger import Ledger, Outcome, Seen, State
from ordersync.model import (
    Address,
    Customer,
    CustomerRef,
    Draft,
    Placed,
    Problem,
    Totals,
    customer_key,
)
from ordersync.testing.postgresql import postgresql

BUYER = "buyer.1@example.com"
LEASE = timedelta(minutes=2)
OFF = Totals(currency="USD", net=Decimal("10.00"), tax=Decimal("1.01"), total=Decimal("11.01"))


class Differs(Erp):
    """Every order comes out a cent dearer, so that it parks and its draft is kept."""

    create_orders: ClassVar[Any] = None

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        self.other_totals.setdefault(draft.key, OFF)
        return super().create_order(draft).model_copy(update={"totals": OFF})


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Ends(3, erp=Differs)
    made.sync()
    assert set(made.states().values()) == {State.PARKED}
    assert kept(made) == ["O1", "O2", "O3"]
    yield made
    made.close()


def kept(ends: Ends) -> list[str]:
    return sorted(one.source_id for one in ends.ledger.kept("orders"))


def bindings(ends: Ends, *ids: str) -> set[str]:
    keys = {customer_key("reference", "shop", customer_id=one, email=None): one for one in ids}
    return {keys[key] for key in ends.ledger.known_customers("erp", list(keys))}


@pytest.mark.parametrize("named", ["C1", BUYER, " Buyer.1@Example.COM "])
def test_drafts_and_bindings_go_and_rows_stay(ends: Ends, named: str) -> None:
    assert bindings(ends, "C1", "C2", "C3") == {"C1", "C2", "C3"}
    erased = ends.erase(named)
    assert (erased.payloads, erased.bindings, erased.complete) == (1, 1, True)
    assert kept(ends) == ["O2", "O3"]
    assert bindings(ends, "C1", "C2", "C3") == {"C2", "C3"}
    assert set(ends.states()) == {"O1", "O2", "O3"}
    assert ends.row("O1").target is not None
    again = ends.erase(named)
    assert (again.payloads, again.bindings, again.complete) == (0, 0, True)


def test_nothing_of_the_customer_is_left_in_the_file(tmp_path: Path) -> None:
    ends = Ends(erp=Differs)
    ends.ledger.close()
    file = tmp_path / "ledger.db"
    ends.ledger = Ledger(f"sqlite:///{file}", clock=ends.clock)
    ends.add(order(1))
    ends.sync()
    held = b"".join(one.draft for one in ends.ledger.kept("orders"))
    assert BUYER.encode() in held
    ends.erase(BUYER)
    dump = "\n".join(map(repr, ends.ledger.rows("orders"))) + repr(ends.ledger.problems("orders", "O1"))
    assert BUYER not in dump
    assert list(ends.ledger.kept("orders")) == []
    ends.close()


def test_a_guest_is_known_by_the_address() -> None:
    ends = Ends(erp=Differs)
    guest = order(1, customer=None, email="guest@example.com")
    ends.add(guest)
    ends.add(order(2))
    ends.sync()
    erased = ends.erase("Guest@example.com")
    assert (erased.payloads, erased.bindings) == (1, 1)
    assert kept(ends) == ["O2"]
    ends.close()


def test_a_recipient_counts_too() -> None:
    ends = Ends(erp=Differs)
    ends.add(order(1, shipping=Address(first_name="Friend", email="friend@example.com")))
    ends.sync()
    erased = ends.erase("friend@example.com")
    assert (erased.payloads, erased.bindings) == (1, 0)
    assert bindings(ends, "C1") == {"C1"}, "who buys is somebody else"
    ends.close()


def test_by_the_id_the_address_is_found_and_by_the_address_the_id() -> None:
    ends = Ends(erp=Differs)
    ends.add(order(1))
    ends.add(order(2, customer=None, email=BUYER))
    ends.sync()
    assert kept(ends) == ["O1", "O2"]
    erased = ends.erase("C1")
    assert (erased.payloads, erased.bindings) == (2, 2)
    ends.close()


def test_a_draft_without_a_customers_key_tells_whose_it_is(ends: Ends) -> None:
    (claim,) = ends.ledger.claim("orders", ["O1"], owner="w", run="r", lease=LEASE, states=[State.PARKED])
    draft = ends.ledger.payload("orders", "O1")
    ends.ledger.record("orders", [Outcome(claim, State.SENDING, payload=draft, keep=LEASE)])
    ends.ledger.record(
        "orders", [Outcome(claim, State.PARKED, problem=Problem(code="refused", message="no"))]
    )
    assert [one.customer for one in ends.ledger.kept("orders") if one.source_id == "O1"] == [None]
    erased = ends.erase(BUYER)
    assert (erased.payloads, erased.bindings) == (1, 1)


def test_another_route_is_left_alone(ends: Ends) -> None:
    ends.ledger.see("other", [Seen("O1", "#1", "os-1", ends.clock.now(), "p", "s")])
    (claim,) = ends.ledger.claim("other", ["O1"], owner="w", run="r", lease=LEASE)
    draft = next(one.draft for one in ends.ledger.kept("orders"))
    ends.ledger.record("other", [Outcome(claim, State.SENDING, sent=True, payload=draft, keep=LEASE)])
    ends.erase("C1")
    assert ends.ledger.payload("other", "O1") == draft


@pytest.mark.parametrize("state", [State.SENDING, State.IN_DOUBT])
def test_what_is_in_flight_stays_until_it_is_settled(ends: Ends, state: State) -> None:
    (claim,) = ends.ledger.claim("orders", ["O1"], owner="w", run="r", lease=LEASE, states=[State.PARKED])
    draft = ends.ledger.payload("orders", "O1")
    ends.ledger.record("orders", [Outcome(claim, State.SENDING, sent=True, payload=draft, keep=LEASE)])
    if state is State.IN_DOUBT:
        ends.ledger.record("orders", [Outcome(claim, State.IN_DOUBT)])
    erased = ends.erase("C1")
    assert (erased.payloads, erased.complete) == (0, False)
    assert [(order.number, order.state) for order in erased.kept] == [("#1", state.value)]
    assert ends.ledger.payload("orders", "O1") == draft
    ends.pass_time(LEASE + SETTLE + LAG)
    ends.sync()
    assert ends.states()["O1"] is State.PARKED
    erased = ends.erase("C1")
    assert (erased.payloads, erased.complete) == (1, True)


def test_a_draft_in_a_workers_hands_stays(ends: Ends) -> None:
    ends.ledger.claim("orders", ["O1"], owner="w", run="r", lease=LEASE, states=[State.PARKED])
    assert [order.number for order in ends.erase("C1").kept] == ["#1"]
    ends.pass_time(LEASE)
    assert ends.erase("C1").complete


def test_a_binding_whose_creation_is_in_doubt_stays(ends: Ends) -> None:
    key = customer_key("reference", "shop", customer_id="C9", email=None)
    ends.ledger.claim_customers("erp", [key], owner="w", lease=LEASE)
    assert ends.erase("C9").bindings_kept == 1
    ends.ledger.record_customers("erp", owner="w", sent=[key])
    ends.pass_time(LEASE)
    erased = ends.erase("C9")
    assert (erased.bindings_kept, erased.complete) == (1, False)
    ends.ledger.record_customers("erp", owner="w", refs={key: CustomerRef(id="X")})
    erased = ends.erase("C9")
    assert (erased.bindings, erased.complete) == (1, True)


def test_a_retry_after_erasing_makes_no_second_order(ends: Ends) -> None:
    before = sorted(ends.erp_store.placed)
    ends.erase("C1")
    ends.erp.other_totals.clear()
    ends.retry()
    assert sorted(ends.erp_store.placed) == before
    assert ends.states()["O1"] is State.DONE


def test_an_order_after_erasing_finds_the_customer_again(ends: Ends) -> None:
    before = dict(ends.erp_store.customers)
    ends.erase("C1")
    ends.add(order(9, customer=Customer(id="C1", email=BUYER), email=BUYER))
    ends.sync()
    assert ends.erp_store.customers == before


def test_a_draft_that_cannot_be_read_is_said(ends: Ends) -> None:
    (claim,) = ends.ledger.claim("orders", ["O3"], owner="w", run="r", lease=LEASE, states=[State.PARKED])
    ends.ledger.record("orders", [Outcome(claim, State.SENDING, sent=True, payload=b"\xff", keep=LEASE)])
    problem = Problem(code="refused", message="no")
    ends.ledger.record("orders", [Outcome(claim, State.PARKED, problem=problem)])
    erased = ends.erase("C1")
    assert (erased.payloads, erased.unreadable, erased.complete) == (1, 1, False)


def test_nobody_is_named_in_what_is_said(ends: Ends, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        erased = ends.erase(BUYER)
    assert BUYER not in caplog.text + repr(erased) + "".join(map(repr, ends.ledger.kept("orders")))
    assert "buyer" not in caplog.text


@pytest.mark.parametrize("named", ["", "  "])
def test_nobody_is_no_customer(ends: Ends, named: str) -> None:
    with pytest.raises(BadInput, match="No customer is named"):
        ends.erase(named)
    assert len(kept(ends)) == 3


def test_a_ledger_that_never_worked_holds_nothing() -> None:
    ends = Ends()
    assert ends.erase(BUYER).complete
    ends.close()


def test_the_ledgers_part_on_postgresql() -> None:
    for url in postgresql():
        ledger = Ledger(url)
        for number in range(201):
            name = f"{number:03}"
            ledger.see("orders", [Seen(name, f"#{name}", f"os-{name}", order(1).updated_at, "p", "s")])
        ids = [f"{number:03}" for number in range(201)]
        claims = ledger.claim("orders", ids, owner="w", run="r", lease=LEASE)
        ledger.record(
            "orders", [Outcome(one, State.SENDING, sent=True, payload=b"{}", keep=LEASE) for one in claims]
        )
        problem = Problem(code="refused", message="no")
        ledger.record("orders", [Outcome(one, State.PARKED, problem=problem) for one in claims[:200]])
        assert [one.held for one in ledger.kept("orders")].count(True) == 1
        busy = claims[200].source_id
        assert ledger.erase_payloads("orders", [busy, claims[0].source_id]) == ({claims[0].source_id}, {busy})
        assert len(list(ledger.kept("orders"))) == 200
        ledger.record_customers("erp", owner="w", refs={})
        ledger.claim_customers("erp", ["oc-1", "oc-2"], owner="w", lease=LEASE)
        ledger.record_customers("erp", owner="w", refs={"oc-1": CustomerRef(id="1")})
        assert ledger.erase_customers("erp", ["oc-1", "oc-2", "oc-3"]) == (1, 1)
        ledger.close()
