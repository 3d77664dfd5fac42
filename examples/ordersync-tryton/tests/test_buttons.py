"""Many sales by one press of a button. What is said of Tryton was seen on a real server, version 8.2."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from conftest import KEY, line
from ordersync import (
    BatchRefused,
    Cancel,
    Confirm,
    Failed,
    Fulfill,
    Fulfillment,
    InDoubt,
    NotFound,
    NotOffered,
    OrderRef,
    OrderSyncError,
    Placed,
    PlacedState,
    Refused,
    Tax,
    UnexpectedReply,
    UpdateAsk,
)
from ordersync.testing.kit import Fault


def sales(office: Any, many: int) -> list[Placed]:
    """So many sales of one mug each, as drafts."""
    item = office.connector.resolve_sku("MUG-01")
    mug = line(0, "25.00").model_copy(update={"item": item})
    drafts = [office.draft(mug, tax="0", key=KEY[:-1] + letter) for letter in "abcdefghij"[:many]]
    return [made.value for made in office.connector.create_orders(drafts)]


def confirmations(placed: list[Placed]) -> list[UpdateAsk]:
    return [UpdateAsk(one.ref, Confirm(), f"{one.key} confirm") for one in placed]


def said(outcomes: list[Any]) -> list[type[OrderSyncError] | str]:
    """Each outcome: the sale's id, or the kind of error."""
    return [type(one.error) if isinstance(one, Failed) else one.value.ref.id for one in outcomes]


def states(office: Any) -> list[str]:
    return [row["state"] for row in office.sandbox.orders]


def listening(office: Any, monkeypatch: Any, answer: Any = None) -> list[tuple[str, Any]]:
    """The calls from now on, (method, first parameter); `answer(method, ids, do)` may answer in the server's place."""
    serve, calls = office.sandbox.rpc, []

    def heard(call: Any) -> Any:
        method, first = call.fields["method"].rpartition(".")[2], call.fields["params"][0]
        calls.append((method, first))
        return answer(method, first, lambda: serve(call)) if answer else serve(call)

    monkeypatch.setattr(office.sandbox, "rpc", heard)
    return calls


def test_many_sales_are_confirmed_by_five_calls(open_office: Any, monkeypatch: Any) -> None:
    office = open_office()
    placed = sales(office, 10)
    calls = listening(office, monkeypatch)
    outcomes = office.connector.update_orders(confirmations(placed))
    assert [one.value.state for one in outcomes] == [PlacedState.CONFIRMED] * 10
    assert said(outcomes) == [one.ref.id for one in placed]
    assert [method for method, _ in calls] == ["search_read", "quote", "confirm", "confirm", "search_read"]


def test_a_change_that_is_made_already_presses_nothing(open_office: Any, monkeypatch: Any) -> None:
    office = open_office()
    asks = confirmations(sales(office, 3))
    office.connector.update_orders(asks)
    calls = listening(office, monkeypatch)
    assert said(office.connector.update_orders(asks)) == [ask.ref.id for ask in asks]
    assert [method for method, _ in calls] == ["search_read"]


def test_one_sale_that_tryton_refuses_spoils_no_other(open_office: Any) -> None:
    office = open_office()
    placed = sales(office, 5)
    office.sandbox.orders.need(placed[3].ref.id)["invoice_address"] = None
    outcomes = office.connector.update_orders(confirmations(placed))
    wanted: list[Any] = [one.ref.id for one in placed]
    wanted[3] = Refused
    assert said(outcomes) == wanted
    assert states(office) == ["processing"] * 3 + ["draft", "processing"]


def test_each_change_of_a_batch_has_its_own_answer(open_office: Any) -> None:
    office = open_office()
    first, second, third = sales(office, 3)
    office.connector.update_order(second.ref, Confirm(), "x")
    asks = [
        UpdateAsk(OrderRef(id="999"), Confirm(), "a"),
        UpdateAsk(third.ref, Cancel(), "b"),
        UpdateAsk(second.ref, Cancel(), "c"),
        UpdateAsk(first.ref, Confirm(), "d"),
        UpdateAsk(first.ref, Confirm(), "e"),
        UpdateAsk(first.ref, Fulfill(fulfillment=Fulfillment()), "f"),
    ]
    outcomes = office.connector.update_orders(asks)
    assert said(outcomes) == [NotFound, third.ref.id, Refused, first.ref.id, first.ref.id, NotOffered]
    assert states(office) == ["processing", "processing", "cancelled"]


def test_a_sale_on_which_the_server_breaks_spoils_no_other(open_office: Any, monkeypatch: Any) -> None:
    """What breaks in Tryton comes as two texts, and all that the call did is rolled back."""
    office = open_office()
    placed = sales(office, 4)
    broken = int(placed[2].ref.id)

    def breaks(method: str, ids: Any, do: Any) -> Any:
        bad = method == "confirm" and broken in ids
        return {"id": 1, "error": ["'account'", ""]} if bad else do()

    listening(office, monkeypatch, breaks)
    outcomes = office.connector.update_orders(confirmations(placed))
    assert said(outcomes) == [placed[0].ref.id, placed[1].ref.id, UnexpectedReply, placed[3].ref.id]
    assert states(office) == ["processing", "processing", "quotation", "processing"]


@pytest.mark.parametrize("lost", ["quote", "confirm"])
def test_a_lost_answer_to_a_press_puts_in_doubt_what_was_pressed(
    open_office: Any, monkeypatch: Any, lost: str
) -> None:
    office = open_office()
    placed = sales(office, 4)
    office.connector.update_order(placed[1].ref, Confirm(), "x")

    def loses(method: str, ids: Any, do: Any) -> Any:
        answer = do()
        if method == lost and len(ids) > 1:
            raise Fault(504, "timeout", "The answer is lost.")
        return answer

    listening(office, monkeypatch, loses)
    outcomes = office.connector.update_orders(confirmations(placed))
    alone = placed[0].ref.id if lost == "confirm" else InDoubt
    assert said(outcomes) == [alone, placed[1].ref.id, InDoubt, InDoubt]


def test_changes_that_are_made_and_cannot_be_read_back_are_in_doubt(
    open_office: Any, monkeypatch: Any
) -> None:
    office = open_office()
    placed = sales(office, 3)
    office.connector.update_order(placed[2].ref, Confirm(), "x")
    pressed: list[str] = []

    def blind(method: str, ids: Any, do: Any) -> Any:
        if method == "search_read" and pressed:
            raise Fault(503, "unwell", "Try later")
        pressed.extend([method] if method == "confirm" else [])
        return do()

    listening(office, monkeypatch, blind)
    outcomes = office.connector.update_orders(confirmations(placed))
    assert said(outcomes) == [InDoubt, InDoubt, placed[2].ref.id]


def test_sales_that_are_confirmed_together_are_processed_together_or_not_at_all(open_office: Any) -> None:
    """A product without its accounts: its sale stays confirmed, without an error, and so does what was confirmed with it."""
    office = open_office()
    placed = sales(office, 2)
    strange = line(0, "25.00").model_copy(update={"item": office.connector.resolve_sku("LAMP-01")})
    placed.insert(1, office.connector.create_order(office.draft(strange, tax="0", key=KEY)))
    office.sandbox.items.first(code="LAMP-01")["lacks_account"] = True
    outcomes = office.connector.update_orders(confirmations(placed))
    assert said(outcomes) == [one.ref.id for one in placed]
    assert states(office) == ["processing", "processing", "confirmed"]


def test_a_worker_is_left_to_do_its_work_sale_by_sale(open_office: Any, monkeypatch: Any) -> None:
    office = open_office(worker="yes")
    placed = sales(office, 4)
    office.sandbox.orders.need(placed[2].ref.id)["comment"] = "slow"
    calls = listening(office, monkeypatch)
    outcomes = office.connector.update_orders(confirmations(placed))
    assert [one.value.state for one in outcomes] == [PlacedState.CONFIRMED] * 4
    assert "draft" not in {method for method, _ in calls}
    assert [len(task["sales"]) for task in office.sandbox.tasks] == [1] * 4
    office.sandbox.work()
    assert states(office) == ["processing"] * 4


def test_a_worker_that_is_quick_leaves_nothing_to_take_back(open_office: Any, monkeypatch: Any) -> None:
    """It has processed the first sale when the others are looked at, and all when they would be confirmed again."""
    office = open_office(worker="yes")
    placed = sales(office, 3)

    def works(method: str, ids: Any, do: Any) -> Any:
        first = next(iter(office.sandbox.tasks), None)
        if method == "search_read" and first:
            office.sandbox._process(first["sales"])
        if method == "draft":
            office.sandbox.work()
        return do()

    listening(office, monkeypatch, works)
    outcomes = office.connector.update_orders(confirmations(placed))
    assert said(outcomes) == [one.ref.id for one in placed]
    assert states(office) == ["processing"] * 3


def test_long_sales_are_confirmed_in_parts(open_office: Any, monkeypatch: Any) -> None:
    office = open_office()
    placed = sales(office, 5)
    monkeypatch.setattr("ordersync_tryton.changes.LINES", 2)
    calls = listening(office, monkeypatch)
    office.connector.update_orders(confirmations(placed))
    assert [len(ids) for method, ids in calls if method == "confirm"] == [1, 2, 2]
    assert states(office) == ["processing"] * 5


def test_a_draft_that_tryton_cannot_hold_is_left_out_of_the_batch(open_office: Any, monkeypatch: Any) -> None:
    office = open_office()
    good, odd = line(0, "10.00"), line(0, "10.00")
    wrong = odd.amounts.model_copy(update={"taxes": (Tax(rate=Decimal("0.77"), amount=Decimal("7.70")),)})
    drafts = [
        office.draft(good, tax="0", key=KEY[:-1] + "a"),
        office.draft(odd.model_copy(update={"amounts": wrong}), tax="7.70", key=KEY[:-1] + "b"),
        office.draft(good, tax="0", key=KEY[:-1] + "c"),
    ]
    calls = listening(office, monkeypatch)
    outcomes = office.connector.create_orders(drafts)
    assert [type(one.error) if isinstance(one, Failed) else one.value.key for one in outcomes] == [
        drafts[0].key,
        NotFound,
        drafts[2].key,
    ]
    assert [len(first) for method, first in calls if method == "create" and "lines" in first[0]] == [2]


def test_a_batch_on_which_the_server_breaks_is_sent_again_in_parts(
    open_office: Any, monkeypatch: Any
) -> None:
    """Else each of its orders would wait for the one that breaks it."""
    office = open_office()
    drafts = [office.draft(line(0, "10.00"), tax="0", key=KEY[:-1] + letter) for letter in "ab"]

    def breaks(method: str, first: Any, do: Any) -> Any:
        bad = method == "create" and any(one.get("description") == drafts[1].key for one in first)
        return {"id": 1, "error": ["'account'", ""]} if bad else do()

    listening(office, monkeypatch, breaks)
    with pytest.raises(BatchRefused, match="Tryton failed"):
        office.connector.create_orders(drafts)
    assert office.sandbox.standing() == []
    assert office.connector.create_order(drafts[0]).key == drafts[0].key
    with pytest.raises(UnexpectedReply):
        office.connector.create_order(drafts[1])


def test_a_lost_answer_to_a_batch_puts_in_doubt_only_what_was_sent(
    open_office: Any, monkeypatch: Any
) -> None:
    office = open_office()
    unsent = line(0, "100.00", "0.19")
    drafts = [
        office.draft(unsent, tax="7.00", key=KEY[:-1] + "a"),
        office.draft(line(0, "10.00"), tax="0", key=KEY[:-1] + "b"),
    ]

    def loses(method: str, first: Any, do: Any) -> Any:
        answer = do()
        if method == "create" and "lines" in first[0]:
            raise Fault(504, "timeout", "The answer is lost.")
        return answer

    listening(office, monkeypatch, loses)
    refused, doubted = office.connector.create_orders(drafts)
    assert isinstance(refused, Failed)
    assert type(refused.error) is Refused
    assert isinstance(doubted, Failed)
    assert isinstance(doubted.error, InDoubt)
