"""Reconciliation: what should stand is compared with what does, and nothing that is amiss goes unsaid."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from ends import LAG, SETTLE, Ends, Erp, PlainErp, Shop, order

from ordersync.errors import Ambiguous, LedgerTrouble, NotOffered, TryLater
from ordersync.hookspecs import hookimpl
from ordersync.ledger import ADOPTED, Outcome, Restored, State
from ordersync.model import (
    Amounts,
    Decision,
    OrderQuery,
    OrderRef,
    OrderStatus,
    Page,
    PlacedState,
    Problem,
    Totals,
)


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Ends(7)
    yield made
    made.close()


def key_of(ends: Ends, source_id: str) -> str:
    return ends.survey().preparer.key_of(source_id)


def test_no_gap(ends: Ends) -> None:
    ends.sync()
    result = ends.reconcile()
    assert (result.gap, result.agrees, ends.told) == (0, True, [])
    assert (result.source.orders, result.target.orders) == (7, 7)
    assert result.source.sums == result.target.sums == {"USD": Decimal("77.00")}
    assert result.missing.orders == 0


def test_the_sums_are_told_apart_by_currency(ends: Ends) -> None:
    ends.add(order(8, currency="EUR"))
    ends.sync()
    ends.remove("O8")
    ends.pass_time()
    result = ends.reconcile()
    assert result.source.sums == {"USD": Decimal("77.00"), "EUR": Decimal("11.00")}
    assert result.target.sums == {"USD": Decimal("77.00")}
    assert result.missing.sums == {"EUR": Decimal("11.00")}


def test_it_goes_page_by_page(ends: Ends) -> None:
    ends.sync()
    calls: list[str] = []
    ends.shop.calls = ends.erp.calls = calls
    ends.reconcile()
    assert calls == ["page", "find"] * 3


def test_an_order_that_is_listed_twice_counts_once(ends: Ends) -> None:
    class Again(Shop):
        @hookimpl
        def list_orders(self, query: OrderQuery) -> Iterator[Page]:
            pages = list(super().list_orders(query))
            yield from [*pages, pages[0]]

    ends.shop.__class__ = Again
    result = ends.reconcile(enqueue=True)
    assert (result.source.orders, result.gap, result.enqueued) == (7, 7, 7)


def test_what_is_missing_says_what_the_ledger_knows(ends: Ends) -> None:
    ends.add(order(8, sku="NOPE"))
    ends.sync()
    ends.add(order(9))
    ends.add(order(10))
    survey = ends.survey()
    ends.ledger.see("orders", [survey.preparer.seen(order(10), key_of(ends, "O10"))])
    result = ends.reconcile()
    assert result.gap == 3
    assert result.missing.sums == {"USD": Decimal("33.00")}
    assert not result.agrees
    said = {found.source_id: found for found in ends.told}
    assert {found.kind for found in ends.told} == {"missing"}
    assert {source_id: found.ledger for source_id, found in said.items()} == {
        "O8": "parked",
        "O9": "never seen",
        "O10": "waiting",
    }
    assert (said["O8"].problem or Problem(code="", message="")).code == "unknown_sku"
    assert (said["O9"].number, said["O9"].total, said["O9"].currency) == ("#9", Decimal("11.00"), "USD")


def test_a_look_changes_nothing_in_the_ledger(ends: Ends) -> None:
    ends.reconcile()
    assert ends.states() == {}
    assert ends.ledger.account_of("shop") is None
    assert ends.erp.writes == []


def lose_answer(ends: Ends, source_id: str) -> None:
    """The order is in doubt: a create left, nothing arrived, and the worker is gone."""
    ends.ledger.see("orders", [ends.survey().preparer.seen(order(9), key_of(ends, source_id))])
    (claim,) = ends.ledger.claim("orders", [source_id], owner="w", run="r", lease=timedelta(seconds=5))
    ends.ledger.record("orders", [Outcome(claim, State.SENDING, sent=True, payload=b"{}", keep=SETTLE)])
    ends.ledger.record("orders", [Outcome(claim, State.IN_DOUBT)])


def test_what_is_in_flight_is_no_gap_until_it_is_old(ends: Ends) -> None:
    ends.sync()
    ends.add(order(9))
    lose_answer(ends, "O9")
    result = ends.reconcile()
    assert (result.gap, result.counts["in_flight"], result.agrees) == (0, 1, True)
    ends.clock.sleep((SETTLE + LAG).total_seconds() - 1)
    assert ends.reconcile().gap == 0
    ends.clock.sleep(2)
    result = ends.reconcile()
    assert (result.gap, result.counts["in_flight"]) == (1, 0)
    assert [found.ledger for found in ends.told] == ["in doubt"]


def test_an_order_in_a_workers_hands_is_in_flight(ends: Ends) -> None:
    ends.add(order(9))
    ends.ledger.see("orders", [ends.survey().preparer.seen(order(9), key_of(ends, "O9"))])
    ends.ledger.claim("orders", ["O9"], owner="w", run="r", lease=timedelta(minutes=60))
    ends.pass_time()
    ends.reconcile()
    assert ends.kinds()["O9"] == "in_flight"


def test_what_the_index_does_not_show_yet_is_in_flight(ends: Ends) -> None:
    ends.sync()
    ends.remove("O3")
    assert ends.reconcile().counts == {"in_flight": 1}
    ends.pass_time()
    result = ends.reconcile()
    assert (result.gap, result.counts) == (1, {"gone": 1})
    assert [(found.source_id, found.ledger) for found in ends.told] == [("O3", "done")]


def test_enqueue_gives_what_was_never_seen_to_the_next_sync(ends: Ends) -> None:
    ends.sync()
    late = ends.add(order(1).model_copy(update={"id": "LATE", "number": "#late"}))
    late_at = late.updated_at - timedelta(days=9)
    ends.add(late.model_copy(update={"updated_at": late_at, "placed_at": late_at}))
    assert ends.sync().created == 0, "it lies far behind the watermark"
    assert ends.reconcile().enqueued == 0
    assert "LATE" not in ends.states()
    result = ends.reconcile(enqueue=True)
    assert (result.gap, result.enqueued, ends.told[0].enqueued) == (1, 1, True)
    assert ends.sync().created == 1
    assert ends.reconcile().gap == 0
    assert ends.standing().count("LATE") == 1


def test_enqueue_leaves_what_the_ledger_knows(ends: Ends) -> None:
    ends.add(order(8, sku="NOPE"))
    ends.sync()
    ends.remove("O1")
    ends.pass_time()
    result = ends.reconcile(enqueue=True)
    assert (result.gap, result.enqueued) == (2, 0)
    assert (ends.states()["O8"], ends.states()["O1"]) == (State.PARKED, State.DONE)


def test_enqueue_gone_sends_once_more_what_is_surely_gone(ends: Ends) -> None:
    ends.sync()
    ends.remove("O3")
    ends.pass_time()
    before = ends.clock.now()
    result = ends.reconcile(enqueue_gone=True)
    assert ends.clock.now() - before == SETTLE + LAG, "a searched stamp is given time between two looks"
    assert (result.gap, result.enqueued) == (1, 1)
    row = ends.row("O3")
    assert (row.state, row.target, row.sent_at, row.draft_print, row.attempts) == (
        State.SEEN,
        None,
        None,
        None,
        0,
    )
    assert ends.sync().created == 1
    assert ends.standing() == sorted(ends.shop_store.orders)
    assert ends.reconcile().gap == 0


def test_one_look_in_vain_is_not_gone(ends: Ends) -> None:
    ends.erp.__class__ = NoGet
    ends.sync()
    ends.pass_time()
    ends.erp.misses[key_of(ends, "O3")] = 1
    result = ends.reconcile(enqueue_gone=True)
    assert (result.gap, result.enqueued, result.agrees) == (0, 0, True)
    assert ends.states()["O3"] is State.DONE
    ends.erp.misses[key_of(ends, "O3")] = 2
    assert ends.reconcile(enqueue_gone=True).enqueued == 1
    assert ends.sync().created == 0, "the key is looked for once more before anything is sent"
    assert ends.states()["O3"] is State.DONE


class NoGet(Erp):
    get_order: ClassVar[Any] = None


def test_a_unique_key_needs_no_wait(ends: Ends) -> None:
    ends.erp.facts = ends.erp.facts.model_copy(update={"unique_key": True})
    ends.sync()
    ends.remove("O3")
    ends.pass_time()
    before = ends.clock.now()
    assert ends.reconcile(enqueue_gone=True).enqueued == 1
    assert ends.clock.now() == before


def test_a_second_look_that_fails_enqueues_nothing(ends: Ends) -> None:
    ends.sync()
    ends.remove("O3")
    ends.pass_time()
    real, looks = ends.erp._look, []

    def second_fails(key: str, outcome: Any) -> Any:
        looks.append(key)
        if looks.count(key) == 2:
            ends.erp.fails[key] = TryLater("Busy.")
        return real(key, outcome)

    ends.erp._look = second_fails  # type: ignore[method-assign]
    result = ends.reconcile(enqueue_gone=True)
    assert (result.gap, result.counts, result.enqueued) == (0, {"unknown": 1}, 0)
    assert not result.agrees
    assert ends.states()["O3"] is State.DONE


def test_a_row_that_changed_between_the_looks_is_left_alone(ends: Ends) -> None:
    ends.sync()
    row = ends.row("O3")
    ends.ledger.report_twin("orders", "O3", OrderRef(id="other"))
    assert ends.ledger.forget_gone("orders", [row]) == set()
    assert ends.states()["O3"] is State.PARKED


def test_a_doubled_order_is_named_with_its_twins(ends: Ends) -> None:
    ends.sync()
    first = next(iter(ends.erp_store.placed.values()))
    ends.erp_store.placed["R99"] = first
    result = ends.reconcile()
    assert (result.gap, result.counts, result.agrees) == (0, {"doubled": 1}, False)
    assert "R1, R99" in ends.told[0].why


@pytest.mark.parametrize(("tolerance", "differs"), [("0", True), ("0.01", False)])
def test_totals_are_compared_within_the_tolerance(tolerance: str, differs: bool) -> None:
    ends = Ends(2, policies={"tolerance": tolerance})
    ends.sync()
    ends.erp.other_totals[key_of(ends, "O1")] = Totals(
        currency="USD", net=Decimal("10.00"), tax=Decimal("1.01"), total=Decimal("11.01")
    )
    result = ends.reconcile()
    assert (result.gap, result.agrees, "differs" in ends.kinds().values()) == (0, not differs, differs)
    assert result.target.sums == {"USD": Decimal("22.01")}, "the sums are those that were read back"
    if differs:
        assert "tax 1.01 instead of 1.00, total 11.01 instead of 11.00" in ends.told[0].why
    ends.close()


def test_another_currency_differs(ends: Ends) -> None:
    ends.sync()
    ends.erp.other_totals[key_of(ends, "O1")] = Totals(
        currency="EUR", net=Decimal("10.00"), tax=Decimal("1.00"), total=Decimal("11.00")
    )
    assert not ends.reconcile().agrees
    assert ends.told[0].why == "currency EUR instead of USD"


def test_a_short_order_is_found() -> None:
    ends = Ends()
    ends.add(order(1, lines=3))
    ends.sync()
    ((order_id, (draft, state, _)),) = ends.erp_store.placed.items()
    total = Totals(currency="USD", net=Decimal("30.00"), tax=Decimal("3.00"), total=Decimal("33.00"))
    ends.erp.other_totals[draft.key] = total
    ends.erp_store.placed[order_id] = (draft, state, {0, 2})
    result = ends.reconcile()
    assert (result.gap, result.counts, result.agrees) == (0, {"short": 1}, False)
    assert ends.told[0].why == "2 of 3 lines stand"
    ends.close()


def test_a_negative_rounding_may_be_sent_as_a_discount() -> None:
    ends = Ends()
    ends.add(order(1, rounding=Decimal("-0.01"), total=Decimal("10.99")))
    ends.sync()
    ((order_id, (draft, state, _)),) = ends.erp_store.placed.items()
    total = Totals(currency="USD", net=Decimal("9.99"), tax=Decimal("1.00"), total=Decimal("10.99"))
    ends.erp.other_totals[draft.key] = total
    assert ends.reconcile().agrees
    ends.erp_store.placed[order_id] = (draft, state, {0})
    assert ends.reconcile().counts == {"short": 1}
    arithmetic = ends.erp.facts.arithmetic.model_copy(update={"negative_lines": False})
    ends.erp.facts = ends.erp.facts.model_copy(update={"arithmetic": arithmetic})
    assert ends.reconcile().agrees
    ends.close()


def test_what_is_cancelled_there_stands(ends: Ends) -> None:
    ends.sync()
    draft, _, lines = ends.erp_store.placed["R1"]
    ends.erp_store.placed["R1"] = (draft, PlacedState.CANCELLED, lines)
    result = ends.reconcile(enqueue_gone=True)
    assert (result.gap, result.counts, result.enqueued) == (0, {"cancelled": 1}, 0)


def test_what_the_route_does_not_take_is_not_missed(ends: Ends) -> None:
    ends.add(order(8, status=OrderStatus.CANCELLED))
    ends.add(order(9, key="os-of-another-route"))
    assert (ends.reconcile().skipped, ends.reconcile(enqueue=True).enqueued) == (2, 7)
    ends.sync()
    result = ends.reconcile()
    assert (result.gap, result.skipped, result.source.orders) == (0, 2, 7)


def test_what_an_extension_leaves_out_is_not_missed_until_the_settings_change(ends: Ends) -> None:
    class Leave:
        @hookimpl
        def settle_problem(self, problem: Problem) -> Decision | None:
            return Decision(action="skip") if problem.code == "unknown_sku" else None

    ends.extensions = [("leave", Leave())]
    ends.add(order(8, sku="NOPE"))
    ends.sync()
    assert ends.states()["O8"] is State.SKIPPED
    result = ends.reconcile()
    assert (result.gap, result.skipped) == (0, 1)
    ends.rules = {"policies": {"unknown_sku": "custom_line"}}
    assert ends.reconcile().gap == 1


def test_strays_carry_our_key_and_belong_to_nothing(ends: Ends) -> None:
    ends.sync()
    ends.pass_time(timedelta(hours=1))
    ends.shop_store.orders.pop("O2")
    foreign = order(90).model_copy(update={"id": "X1", "number": "S90", "key": "os-nobody"})
    own = order(91).model_copy(update={"id": "X2", "number": "S91"})
    ends.erp_store.orders = {"X1": foreign, "X2": own}
    result = ends.reconcile()
    assert (result.gap, result.counts, result.agrees) == (0, {"stray": 2}, True)
    assert {(found.source_id, found.target.id if found.target else "") for found in ends.told} == {
        ("O2", "R2"),
        (None, "X1"),
    }


def test_orders_outside_the_window_are_no_strays(ends: Ends) -> None:
    ends.sync()
    ends.pass_time(timedelta(hours=1))
    since = order(5).updated_at
    result = ends.reconcile(since=since)
    assert (result.source.orders, result.counts) == (3, {})
    ends.shop_store.orders.pop("O6")
    assert ends.reconcile(since=since).counts == {"stray": 1}


def test_what_is_older_than_the_route_is_not_missed() -> None:
    ends = Ends(7)
    ends.sync(since=order(5).updated_at)
    assert ends.standing() == ["O5", "O6", "O7"]
    result = ends.reconcile(enqueue=True)
    assert (result.gap, result.source.orders, result.enqueued) == (0, 3, 0)
    assert result.since == order(5).updated_at
    assert ends.reconcile(since=order(4).updated_at).gap == 1, "said so, it is looked at"
    ends.close()


def test_orders_of_another_route_are_no_strays(ends: Ends) -> None:
    survey = ends.survey()
    other = order(90).model_copy(update={"id": "X1", "key": "os-other"})
    seen = survey.preparer.seen(order(90), "os-other")
    ends.ledger.restore("other", [Restored(seen, State.DONE, OrderRef(id="X1"))])
    ends.erp_store.orders = {"X1": other}
    ends.sync()
    ends.pass_time()
    assert ends.reconcile().counts == {}


def test_a_target_without_a_list_is_not_asked_for_strays() -> None:
    ends = Ends(2, erp=PlainErp)
    ends.sync()
    result = ends.reconcile()
    assert (result.agrees, result.strays_looked_for) == (True, False)
    ends.close()


def adopted(ends: Ends, source_id: str, target_id: str) -> None:
    survey = ends.survey()
    seen = survey.preparer.seen(ends.shop_store.orders[source_id], key_of(ends, source_id))
    problem = Problem(code=ADOPTED, message="an earlier integration made it")
    ends.ledger.adopt("orders", [Restored(seen, State.DONE, OrderRef(id=target_id), problem)])


def test_adopted_orders_are_looked_at_by_their_id(ends: Ends) -> None:
    adopted(ends, "O1", "LEGACY")
    ends.erp_store.orders["LEGACY"] = order(1, lines=1).model_copy(update={"id": "LEGACY"})
    ends.sync()
    ends.pass_time()
    assert ends.standing() == ["O2", "O3", "O4", "O5", "O6", "O7"]
    result = ends.reconcile(enqueue_gone=True)
    assert (result.gap, result.agrees, result.target.orders, ends.told) == (0, True, 7, [])
    (line,) = order(1).lines
    untaxed = line.model_copy(
        update={"amounts": Amounts(list_amount=line.amounts.gross, net=line.amounts.gross)}
    )
    ends.erp_store.orders["LEGACY"] = order(1, lines=0).model_copy(
        update={"id": "LEGACY", "lines": (untaxed,), "total": Decimal("11.00")}
    )
    assert ends.reconcile().agrees, "how an earlier integration told the tax is its own affair"
    ends.erp_store.orders["LEGACY"] = order(1, lines=2).model_copy(update={"id": "LEGACY"})
    assert ends.reconcile().counts == {"differs": 1}
    del ends.erp_store.orders["LEGACY"]
    result = ends.reconcile(enqueue_gone=True)
    assert (result.gap, result.enqueued, ends.kinds()) == (1, 1, {"O1": "gone"})


def test_adopted_orders_that_cannot_be_looked_at_are_never_sent_again() -> None:
    ends = Ends(2, erp=PlainErp)
    adopted(ends, "O1", "LEGACY")
    ends.sync()
    ends.pass_time()
    result = ends.reconcile(enqueue_gone=True)
    assert (result.gap, result.counts, result.enqueued) == (0, {"unknown": 1}, 0)
    assert ends.states()["O1"] is State.DONE
    ends.close()


def test_what_lost_its_stamp_stands(ends: Ends) -> None:
    ends.sync()
    ends.pass_time()
    ends.erp.misses[key_of(ends, "O1")] = 9
    result = ends.reconcile(enqueue_gone=True)
    assert (result.gap, result.counts, result.agrees, result.enqueued) == (0, {"unstamped": 1}, True, 0)


def test_a_stamp_that_the_index_does_not_show_yet_is_not_lost(ends: Ends) -> None:
    ends.sync()
    ends.erp.misses[key_of(ends, "O1")] = 9
    result = ends.reconcile()
    assert (result.target.orders, result.counts) == (7, {})


def test_what_cannot_be_looked_at_is_said(ends: Ends) -> None:
    ends.sync()
    ends.erp.fails = {
        key_of(ends, "O1"): TryLater("Busy."),
        key_of(ends, "O2"): Ambiguous("Copies.", candidates=("S1", "S2")),
    }
    result = ends.reconcile()
    assert (result.gap, result.counts, result.agrees) == (0, {"unknown": 1, "doubled": 1}, False)


def test_orders_that_cannot_be_read_are_missed(ends: Ends) -> None:
    ends.shop.unreadable = (("O50", "a line without a price"),)
    ends.sync()
    result = ends.reconcile(enqueue=True)
    assert (result.gap, result.enqueued) == (1, 0)
    assert (ends.told[0].source_id, ends.told[0].ledger) == ("O50", "parked")
    assert "a line without a price" in ends.told[0].why


def test_without_a_search_it_says_so(ends: Ends) -> None:
    class Blind(PlainErp):
        find_order: ClassVar[Any] = None
        find_orders: ClassVar[Any] = None

    ends.erp.__class__ = Blind
    with pytest.raises(NotOffered, match="does not offer find_order"):
        ends.reconcile()


def test_another_account_is_refused(ends: Ends) -> None:
    ends.sync()
    ends.erp_store.account = "another"
    with pytest.raises(LedgerTrouble, match="was reference account 'erp' until now"):
        ends.reconcile()
