"""Many orders in few calls: what is left out, and that each order's outcome stays its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from ordersync import (
    Cancel,
    Confirm,
    Customer,
    CustomerAsk,
    Done,
    Draft,
    Failed,
    InDoubt,
    NotFound,
    OrderRef,
    Placed,
    PlacedState,
    Refused,
    TryLater,
    UpdateAsk,
)
from ordersync_erp_odoo.mapping import order_xid
from ordersync_erp_odoo.placing import JUST_LOOKED

PLACED_AT = datetime.fromisoformat("2026-10-01T09:30:00+00:00")


def several(desk: Any, count: int = 3) -> tuple[list[Draft], list[Placed]]:
    """Orders that stand unconfirmed, each placed on a day of its own."""
    drafts = [
        desk.draft(str(1000 + i), placed_at=PLACED_AT + timedelta(days=i), customer_ref=desk.customer())
        for i in range(count)
    ]
    return drafts, [outcome.value for outcome in desk.connector.create_orders(drafts)]


def confirmations(drafts: list[Draft], placed: list[Placed]) -> list[UpdateAsk]:
    return [
        UpdateAsk(each.ref, Confirm(placed_at=draft.placed_at), f"k{i}")
        for i, (draft, each) in enumerate(zip(drafts, placed, strict=True))
    ]


def dates(desk: Any, placed: list[Placed]) -> list[datetime | None]:
    return [desk.connector.get_order(each.ref.id).placed_at for each in placed]


@contextmanager
def watched(desk: Any, **struck: Exception) -> Iterator[list[str]]:
    """The calls that are made, as `model.method`; what a method in `struck` does is done, and its answer is the error."""
    door = desk.connector._odoo._opened()
    real, calls = door.call, []

    def call(model: str, method: str, *more: Any) -> Any:
        calls.append(f"{model}.{method}")
        answer = real(model, method, *more)
        if method in struck:
            raise struck[method]
        return answer

    door.call = call
    try:
        yield calls
    finally:
        del door.call


# -- confirming --------------------------------------------------------------------------------------------------


def test_orders_are_confirmed_each_with_its_own_date_in_three_calls(desk: Any) -> None:
    drafts, placed = several(desk)
    desk.clock.sleep(600)
    with watched(desk) as calls:
        outcomes = desk.connector.update_orders(confirmations(drafts, placed))
    assert calls == ["sale.order.action_confirm", "sale.order.load", "sale.order.read"]
    assert [outcome.value.state for outcome in outcomes] == [PlacedState.CONFIRMED] * 3
    assert [outcome.value.key for outcome in outcomes] == [draft.key for draft in drafts]
    assert [outcome.value.totals for outcome in outcomes] == [draft.expected for draft in drafts]
    assert [outcome.value.lines for outcome in outcomes] == [each.lines for each in placed]
    assert dates(desk, placed) == [draft.placed_at for draft in drafts]


def test_another_process_asks_for_the_external_ids_once(open_desk: Any) -> None:
    desk = open_desk()
    drafts, placed = several(desk)
    desk.connector._desk._names._seen.clear()
    with watched(desk) as calls:
        outcomes = desk.connector.update_orders(confirmations(drafts, placed))
    assert sorted(calls) == [
        "sale.order.action_confirm",
        "sale.order.get_external_id",
        "sale.order.line.get_external_id",
        "sale.order.load",
        "sale.order.read",
    ]
    assert [outcome.value.key for outcome in outcomes] == [draft.key for draft in drafts]
    assert dates(desk, placed) == [draft.placed_at for draft in drafts]


def test_equal_dates_go_in_one_write(open_desk: Any) -> None:
    desk = open_desk()
    _, placed = several(desk)
    asks = [UpdateAsk(each.ref, Confirm(placed_at=PLACED_AT), "k") for each in placed]
    with watched(desk) as calls:
        desk.connector.update_orders(asks)
    assert calls == ["sale.order.action_confirm", "sale.order.write", "sale.order.read"]
    assert dates(desk, placed) == [PLACED_AT] * 3


def test_what_cannot_be_confirmed_says_so_at_its_place(desk: Any) -> None:
    drafts, placed = several(desk, 5)
    asks = confirmations(drafts, placed)
    desk.connector.update_order(placed[0].ref, asks[0].change, "k")
    desk.connector.update_order(placed[1].ref, Cancel(), "k")
    gone = OrderRef(id="999999")
    asks[3] = UpdateAsk(gone, asks[3].change, "k")
    desk.clock.sleep(600)
    first, cancelled, third, missing, last = desk.connector.update_orders(asks)
    assert isinstance(cancelled, Failed)
    assert isinstance(cancelled.error, Refused)
    assert isinstance(missing, Failed)
    assert isinstance(missing.error, NotFound)
    for outcome, place in ((first, 0), (third, 2), (last, 4)):
        assert isinstance(outcome, Done)
        assert (outcome.value.ref, outcome.value.state) == (placed[place].ref, PlacedState.CONFIRMED)
        assert dates(desk, [placed[place]]) == [drafts[place].placed_at]
    assert desk.connector.find_order(drafts[3].key).state is PlacedState.DRAFT


def test_a_confirmation_that_odoo_refuses_leaves_the_others_alone(open_desk: Any) -> None:
    desk = open_desk("19 jsonrpc")
    drafts, placed = several(desk)
    line = int(placed[1].lines[0].id)
    desk.sandbox.store.update("sale.order.line", line, {"product_id": None})
    first, refused, last = desk.connector.update_orders(confirmations(drafts, placed))
    assert isinstance(refused, Failed)
    assert "missing a product" in str(refused.error)
    assert (first.value.state, last.value.state) == (PlacedState.CONFIRMED, PlacedState.CONFIRMED)
    assert desk.connector.find_order(drafts[1].key).state is PlacedState.DRAFT
    assert dates(desk, [placed[0], placed[2]]) == [drafts[0].placed_at, drafts[2].placed_at]


def test_a_lost_answer_to_one_of_them_leaves_only_that_one_in_doubt(
    open_desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk("19 jsonrpc")
    drafts, placed = several(desk)
    desk.sandbox.store.update("sale.order.line", int(placed[1].lines[0].id), {"product_id": None})
    door = desk.connector._odoo._opened()
    real, lost = door.call, [int(placed[2].ref.id)]

    def call(model: str, method: str, ids: list[int] | None, *more: Any) -> Any:
        answer = real(model, method, ids, *more)
        if method == "action_confirm" and ids == lost:
            raise InDoubt("lost")
        return answer

    monkeypatch.setattr(door, "call", call)
    first, refused, doubtful = desk.connector.update_orders(confirmations(drafts, placed))
    assert first.value.state is PlacedState.CONFIRMED
    assert isinstance(refused.error, Refused)
    assert isinstance(doubtful.error, InDoubt)
    assert dates(desk, placed[:1]) == [drafts[0].placed_at]


def test_other_changes_in_the_batch_are_made_too(desk: Any) -> None:
    drafts, placed = several(desk)
    asks = confirmations(drafts, placed)
    asks[1] = UpdateAsk(placed[1].ref, Cancel(), "k")
    states = [outcome.value.state for outcome in desk.connector.update_orders(asks)]
    assert states == [PlacedState.CONFIRMED, PlacedState.CANCELLED, PlacedState.CONFIRMED]
    assert dates(desk, [placed[0], placed[2]]) == [drafts[0].placed_at, drafts[2].placed_at]


def test_a_lost_answer_to_the_dates_leaves_doubt_and_asking_again_ends_it(desk: Any) -> None:
    drafts, placed = several(desk)
    asks = confirmations(drafts, placed)
    desk.clock.sleep(600)
    with watched(desk, load=InDoubt("lost")):
        outcomes = desk.connector.update_orders(asks)
    assert [type(outcome.error) for outcome in outcomes] == [InDoubt] * 3
    assert all(isinstance(outcome, Done) for outcome in desk.connector.update_orders(asks))
    assert dates(desk, placed) == [draft.placed_at for draft in drafts]


def test_dates_that_meet_another_writer_for_long_are_for_later(open_desk: Any) -> None:
    desk = open_desk()
    drafts, placed = several(desk)
    asks = confirmations(drafts, placed)
    with watched(desk, load=TryLater("busy")):
        outcomes = desk.connector.update_orders(asks)
    assert [type(outcome.error) for outcome in outcomes] == [TryLater] * 3
    assert all(isinstance(outcome, Done) for outcome in desk.connector.update_orders(asks))
    assert dates(desk, placed) == [draft.placed_at for draft in drafts]


def test_a_lost_answer_to_a_confirmation_is_doubt(desk: Any) -> None:
    drafts, placed = several(desk)
    asks = confirmations(drafts, placed)
    with watched(desk, action_confirm=InDoubt("lost")), pytest.raises(InDoubt):
        desk.connector.update_orders(asks)
    assert all(isinstance(outcome, Done) for outcome in desk.connector.update_orders(asks))
    assert dates(desk, placed) == [draft.placed_at for draft in drafts]


def test_an_external_id_that_a_person_removed_costs_no_order_its_date(desk: Any) -> None:
    drafts, placed = several(desk)
    store = desk.sandbox.store
    (binding,) = store.find("ir.model.data", "_key", order_xid(drafts[1].key))
    store.delete("ir.model.data", binding)
    outcomes = desk.connector.update_orders(confirmations(drafts, placed))
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert dates(desk, placed) == [draft.placed_at for draft in drafts]
    assert len(desk.sandbox.standing()) == 3


def test_orders_of_people_keep_their_dates_too(open_desk: Any) -> None:
    desk = open_desk()
    drafts, placed = several(desk, 2)
    buyer = drafts[0].customer_ref
    assert buyer is not None
    partner = int(buyer.id)
    vals = {"partner_id": partner, "order_line": [[0, 0, {"product_id": int(desk.item().variant_id)}]]}
    made = desk.call("sale.order", "create", vals_list=[vals, vals])
    drafts += [draft.model_copy(update={"placed_at": PLACED_AT - timedelta(days=9)}) for draft in drafts]
    refs = [*(each.ref for each in placed), *(OrderRef(id=str(each)) for each in made)]
    asks = [
        UpdateAsk(ref, Confirm(placed_at=draft.placed_at), "k")
        for ref, draft in zip(refs, drafts, strict=True)
    ]
    outcomes = desk.connector.update_orders(asks)
    assert [outcome.value.ref.id for outcome in outcomes] == [ref.id for ref in refs]
    assert dates(desk, [outcome.value for outcome in outcomes]) == [draft.placed_at for draft in drafts]


@pytest.mark.parametrize("confirm", [False, True])
def test_times_are_loaded_in_utc_wherever_the_user_lives(desk: Any, confirm: bool) -> None:
    for user in desk.sandbox.store.rows["res.users"]:
        desk.sandbox.store.update("res.users", user, {"tz": "America/New_York"})
    drafts, placed = several(desk, 2)
    if confirm:
        desk.connector.update_orders(confirmations(drafts, placed))
    kept = [desk.sandbox.store.rows["sale.order"][int(each.ref.id)]["date_order"] for each in placed]
    assert [f"{when:%Y-%m-%d %H:%M}" for when in kept] == ["2026-10-01 09:30", "2026-10-02 09:30"]


# -- creating ----------------------------------------------------------------------------------------------------


def test_a_key_that_was_looked_for_just_now_is_not_looked_for_again(desk: Any) -> None:
    drafts = [desk.draft(str(n)) for n in range(2)]
    desk.connector.create_order(desk.draft("0000"))
    assert [found.value for found in desk.connector.find_orders([draft.key for draft in drafts])] == [
        None
    ] * 2
    with watched(desk) as calls:
        made = desk.connector.create_orders(drafts)
    assert calls == [
        "res.partner.search_read",
        "sale.order.load",
        "sale.order.read",
        "sale.order.line.get_external_id",
    ]
    with watched(desk) as calls:
        assert desk.connector.create_orders(drafts) == made
    assert "sale.order.search_read" in calls
    assert "sale.order.load" not in calls


def test_a_look_counts_once_and_not_for_long(open_desk: Any) -> None:
    desk = open_desk()
    draft = desk.draft()
    assert desk.connector.find_order(draft.key) is None
    desk.clock.sleep(JUST_LOOKED.total_seconds())
    with watched(desk) as calls:
        desk.connector.create_order(draft)
    assert "sale.order.search_read" in calls
    desk.call("sale.order", "unlink", [int(desk.connector.find_order(draft.key).ref.id)], write=True)
    with watched(desk) as calls:
        desk.connector.create_order(draft)
    assert "sale.order.search_read" in calls


def test_a_twin_that_came_between_look_and_load_is_no_second_order(desk: Any) -> None:
    drafts = [desk.draft(str(n)) for n in range(2)]
    keys = [draft.key for draft in drafts]
    other = desk.connector.__class__(desk.connector._settings, desk.connector._access)
    assert [found.value for found in desk.connector.find_orders(keys)] == [None] * 2
    theirs = other.create_orders(drafts)
    other.update_order(theirs[1].value.ref, Confirm(placed_at=PLACED_AT), "k")
    other.close()
    ours = desk.connector.create_orders(drafts)
    assert [each.value.ref for each in ours] == [each.value.ref for each in theirs]
    assert [len(each.value.lines) for each in ours] == [2, 2]
    assert ours[1].value.state is PlacedState.CONFIRMED
    assert len(desk.sandbox.standing()) == 2


# -- what else is not asked ----------------------------------------------------------------------------------------


def test_stamps_are_read_only_where_several_customers_match(open_desk: Any) -> None:
    desk = open_desk()
    one = Customer(email="one.fern@example.com", first_name="One", last_name="Fern")
    two = Customer(email="two.fern@example.com", first_name="Two", last_name="Fern")
    refs = desk.connector.create_customers(
        [CustomerAsk(one, "oc-one"), CustomerAsk(two, "oc-two"), CustomerAsk(two, "oc-twin")]
    )
    with watched(desk) as calls:
        assert desk.connector.find_customers([CustomerAsk(one, "oc-x")]) == [refs[0]]
    assert calls == ["res.partner.search_read"]
    with watched(desk) as calls:
        found = desk.connector.find_customers([CustomerAsk(one, "oc-x"), CustomerAsk(two, "oc-twin")])
    assert found == [refs[0], refs[2]]
    assert calls == ["res.partner.search_read", "res.partner.get_external_id"]


def test_the_start_of_a_run_asks_nothing_twice(open_desk: Any) -> None:
    for way, count in (("19 json2", 6), ("19 jsonrpc", 7), ("17 jsonrpc", 7)):
        desk = open_desk(way)
        desk.connector.check_access(thorough=False)
        assert desk.sandbox.requests == count
        desk.connector.check_access(thorough=False)
        assert desk.sandbox.requests == count + 1, "the key is proved again"
