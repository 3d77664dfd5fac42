"""Adopting what an earlier integration made: only what is certain is bound, and it is never repeated."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from ends import SETTLE, Ends, PlainErp, order

from ordersync.errors import BadInput, NotOffered
from ordersync.ledger import ADOPTED, Outcome, State
from ordersync.model import OrderRef, OrderStatus, Problem
from ordersync.transfer.adopt import Adopter, Adoption


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Ends()
    yield made
    made.close()


def legacy(ends: Ends, of: int, target_id: str, **more: Any) -> None:
    """The order as an earlier integration made it."""
    values = {"id": target_id, "number": f"S{target_id}", "customer": None, "email": None, **more}
    ends.erp_store.orders[target_id] = order(of).model_copy(update=values)


def pairs(matches: Any) -> dict[str, str]:
    return {match.source_id: match.target.id for match in matches}


@pytest.mark.parametrize(
    "where",
    [
        {"number": "#1"},
        {"number": "1"},
        {"po_number": "#1"},
        {"po_number": "PO-77 (shopify #1)"},
        {"metadata": {"shop_order": "#1"}},
        {"extra": {"origin": "shop: #1"}},
    ],
)
def test_a_certain_match_is_bound_and_not_sent_again(ends: Ends, where: dict[str, Any]) -> None:
    ends.add(order(1))
    ends.add(order(2))
    legacy(ends, 1, "900", **where)
    adoption = ends.adopt()
    assert pairs(adoption.certain) == {"O1": "900"}
    assert (adoption.uncertain, adoption.unmatched, adoption.written) == ((), 1, 1)
    row = ends.row("O1")
    assert (row.state, row.target and row.target.id) == (State.DONE, "900")
    assert row.problem is not None
    assert row.problem.code == ADOPTED
    assert ends.ledger.payload("orders", "O1") is None
    report = ends.sync()
    assert (report.created, report.unchanged) == (1, 1)
    assert ends.standing() == ["O2"]


def test_without_a_yes_nothing_is_written(ends: Ends) -> None:
    ends.add(order(1))
    legacy(ends, 1, "900", number="#1")
    asked: list[Adoption] = []
    adoption = ends.adopt(yes=False)
    assert (len(adoption.certain), adoption.written) == (1, 0)
    assert (ends.states(), ends.ledger.account_of("shop")) == ({}, None)

    def no(shown: Adoption) -> bool:
        asked.append(shown)
        assert ends.states() == {}, "the matches are shown before anything is written"
        return False

    assert Adopter(ends.survey()).run(no).written == 0
    assert pairs(asked[0].certain) == {"O1": "900"}
    assert ends.states() == {}


def test_adopting_twice_writes_nothing_the_second_time(ends: Ends) -> None:
    ends.add(order(1))
    legacy(ends, 1, "900", number="#1")
    ends.adopt()
    before = ends.row("O1")
    again = ends.adopt()
    assert (again.certain, again.written, again.known, again.unmatched) == ((), 0, 1, 0)
    assert ends.row("O1") == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"total": Decimal("11.01")}, "total 11.01 instead of 11.00"),
        ({"currency": "EUR"}, "currency EUR instead of USD"),
        ({"placed_at": order(1).placed_at + timedelta(days=1, seconds=1)}, "placed 1 days apart"),
        ({"status": OrderStatus.CANCELLED}, "cancelled there"),
    ],
)
def test_what_differs_is_uncertain_and_not_written(ends: Ends, change: dict[str, Any], said: str) -> None:
    ends.add(order(1))
    legacy(ends, 1, "900", number="#1", **change)
    adoption = ends.adopt()
    assert (adoption.certain, pairs(adoption.uncertain), adoption.written) == ((), {"O1": "900"}, 0)
    assert adoption.uncertain[0].differs == (said,)
    assert adoption.unmatched == 0
    assert ends.states() == {}


def test_the_tolerance_of_the_date_is_a_setting(ends: Ends) -> None:
    ends.add(order(1))
    legacy(ends, 1, "900", number="#1", placed_at=order(1).placed_at - timedelta(days=3))
    assert ends.adopt(days=2).certain == ()
    assert ends.adopt(days=3).written == 1


def test_a_number_is_compared_whole(ends: Ends) -> None:
    ends.add(order(1))
    legacy(ends, 1, "900", po_number="shop #11", placed_at=order(1).placed_at - timedelta(days=9))
    adoption = ends.adopt()
    assert (adoption.certain, adoption.uncertain, adoption.unmatched) == ((), (), 1)


def test_total_and_date_alone_are_uncertain(ends: Ends) -> None:
    ends.add(order(1))
    legacy(ends, 1, "900")
    adoption = ends.adopt()
    assert (adoption.certain, pairs(adoption.uncertain)) == ((), {"O1": "900"})
    assert adoption.uncertain[0].differs == ("number S900 does not say #1",)


def test_two_that_agree_are_uncertain(ends: Ends) -> None:
    ends.add(order(1))
    legacy(ends, 1, "900", number="#1")
    legacy(ends, 1, "901", po_number="#1")
    adoption = ends.adopt()
    assert (adoption.certain, adoption.written) == ((), 0)
    assert {match.differs for match in adoption.uncertain} == {("so could #1",), ("so could S901",)}


def test_one_for_two_of_the_source_is_uncertain(ends: Ends) -> None:
    ends.add(order(1))
    ends.add(order(1).model_copy(update={"id": "O1b"}))
    legacy(ends, 1, "900", number="#1")
    adoption = ends.adopt()
    assert adoption.certain == ()
    assert {match.differs for match in adoption.uncertain} == {
        ("another order of the source agrees as well",)
    }


def test_a_mention_that_differs_does_not_stand_in_the_way(ends: Ends) -> None:
    ends.add(order(1))
    legacy(ends, 1, "900", number="#1")
    legacy(ends, 2, "901", po_number="belongs to #1", total=Decimal("5.00"))
    adoption = ends.adopt()
    assert (pairs(adoption.certain), adoption.uncertain) == ({"O1": "900"}, ())


def test_what_is_in_flight_or_parked_is_left_alone_and_named(ends: Ends) -> None:
    ends.add(order(1, sku="NOPE"))
    ends.add(order(2))
    ends.sync()
    for number in (1, 2, 3):
        legacy(ends, number, f"90{number}", number=f"#{number}")
    ends.add(order(3))
    survey = ends.survey()
    ends.ledger.see("orders", [survey.preparer.seen(order(3), survey.preparer.key_of("O3"))])
    (claim,) = ends.ledger.claim("orders", ["O3"], owner="w", run="r", lease=SETTLE)
    ends.ledger.record("orders", [Outcome(claim, State.SENDING, sent=True, keep=SETTLE)])
    adoption = ends.adopt()
    assert {(held.number, held.state) for held in adoption.held} == {("#1", "parked"), ("#3", "sending")}
    assert (adoption.certain, adoption.known, adoption.written) == ((), 3, 0)
    assert ends.states() == {"O1": State.PARKED, "O2": State.DONE, "O3": State.SENDING}


def test_what_was_only_seen_is_adopted(ends: Ends) -> None:
    ends.add(order(1))
    survey = ends.survey()
    ends.ledger.see("orders", [survey.preparer.seen(order(1), survey.preparer.key_of("O1"))])
    legacy(ends, 1, "900", number="#1")
    assert ends.adopt().written == 1
    assert ends.sync().created == 0


@pytest.mark.parametrize("late", [False, True])
def test_what_was_sent_once_is_not_adopted(ends: Ends, late: bool) -> None:
    ends.add(order(1))
    legacy(ends, 1, "900", number="#1")

    def send() -> None:
        survey = ends.survey()
        ends.ledger.see("orders", [survey.preparer.seen(order(1), survey.preparer.key_of("O1"))])
        (claim,) = ends.ledger.claim("orders", ["O1"], owner="w", run="r", lease=SETTLE)
        ends.ledger.record("orders", [Outcome(claim, State.SENDING, sent=True, keep=SETTLE)])
        problem = Problem(code="gave_up", message="nobody knows what came of it")
        ends.ledger.record("orders", [Outcome(claim, State.PARKED, problem=problem)])
        ends.ledger.wake("orders")

    def sends(_: Adoption) -> bool:
        send()
        return True

    if not late:
        send()
    adoption = Adopter(ends.survey()).run(sends)
    assert adoption.written == 0
    assert [(held.number, held.state) for held in adoption.held] == ([] if late else [("#1", "seen")])
    assert ends.states()["O1"] is State.SEEN


def test_what_stands_for_one_order_is_not_shown_for_another(ends: Ends) -> None:
    ends.add(order(1))
    ends.add(order(2, lines=2))
    legacy(ends, 1, "900", po_number="#1 #2")
    adoption = ends.adopt()
    assert (pairs(adoption.certain), adoption.uncertain, adoption.unmatched) == ({"O1": "900"}, (), 1)


def test_what_a_worker_holds_is_named(ends: Ends) -> None:
    ends.add(order(1))
    survey = ends.survey()
    ends.ledger.see("orders", [survey.preparer.seen(order(1), survey.preparer.key_of("O1"))])
    ends.ledger.claim("orders", ["O1"], owner="w", run="r", lease=SETTLE)
    legacy(ends, 1, "900", number="#1")
    adoption = ends.adopt()
    assert (adoption.certain, [held.number for held in adoption.held]) == ((), ["#1"])


def test_what_a_worker_takes_meanwhile_is_not_adopted(ends: Ends) -> None:
    ends.add(order(1))
    survey = ends.survey()
    ends.ledger.see("orders", [survey.preparer.seen(order(1), survey.preparer.key_of("O1"))])
    legacy(ends, 1, "900", number="#1")

    def takes(_: Adoption) -> bool:
        ends.ledger.claim("orders", ["O1"], owner="w", run="r", lease=SETTLE)
        return True

    adoption = Adopter(ends.survey()).run(takes)
    assert (len(adoption.certain), adoption.written) == (1, 0)
    assert ends.states()["O1"] is State.SEEN


def test_orders_of_ours_are_not_adopted(ends: Ends) -> None:
    ends.add(order(1))
    ends.sync()
    ends.lose_ledger()
    legacy(ends, 1, "900", number="#1")
    adoption = ends.adopt()
    assert (adoption.certain, adoption.known, adoption.unmatched) == ((), 1, 0)
    assert ends.sync().created == 0


def test_a_bound_order_of_the_target_is_not_bound_again(ends: Ends) -> None:
    ends.add(order(1))
    legacy(ends, 1, "900", number="#1")
    ends.adopt()
    ends.add(order(1).model_copy(update={"id": "O1b"}))
    adoption = ends.adopt()
    assert (adoption.certain, adoption.unmatched) == ((), 1)


def test_what_the_filters_leave_out_is_no_matter(ends: Ends) -> None:
    ends.add(order(1, status=OrderStatus.CANCELLED))
    legacy(ends, 1, "900", number="#1")
    adoption = ends.adopt()
    assert (adoption.certain, adoption.uncertain, adoption.unmatched) == ((), (), 0)


def test_the_window_is_of_placing(ends: Ends) -> None:
    for number in (1, 2, 3):
        ends.add(order(number))
        legacy(ends, number, f"90{number}", number=f"#{number}")
    first = order(2).placed_at
    adoption = ends.adopt(since=first, until=first)
    assert pairs(adoption.certain) == {"O2": "902"}
    with pytest.raises(BadInput, match="before the beginning"):
        ends.adopt(since=first, until=first - timedelta(seconds=1))
    with pytest.raises(BadInput):
        ends.adopt(days=-1)


def test_a_target_without_a_list_is_refused() -> None:
    ends = Ends(1, erp=PlainErp)
    with pytest.raises(NotOffered, match="does not offer list_orders"):
        ends.adopt()
    ends.close()


def test_many_are_written_in_parts(ends: Ends) -> None:
    for number in range(1, 602):
        ends.add(order(number))
        legacy(ends, number, str(9000 + number), number=f"#{number}")
    assert ends.adopt().written == 601
    assert ends.ledger.counts("orders") == {State.DONE: 601}
    assert ends.row("O601").target == OrderRef(id="9601", number="#601")
