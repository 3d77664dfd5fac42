"""Many records at once: jobs that NetSuite works off, read back together, each with its own outcome."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from ordersync import (
    AccessDenied,
    BatchRefused,
    Cancel,
    Confirm,
    Customer,
    CustomerAsk,
    Done,
    Draft,
    Failed,
    InDoubt,
    MarkPaid,
    NotFound,
    NotOffered,
    OrderRef,
    PlacedState,
    Refused,
    Totals,
    TryLater,
    UpdateAsk,
)
from ordersync_erp_netsuite import jobs

CHEAPER = Totals(currency="USD", net=Decimal("85.00"), tax=Decimal("7.53"), total=Decimal("92.53"))
"""A cent of tax less than NetSuite computes."""


def drafts(desk: Any, count: int, **changes: Any) -> list[Draft]:
    ref = desk.customer()
    return [desk.draft(str(2000 + each), customer_ref=ref, **changes) for each in range(count)]


def without_item(draft: Draft) -> Draft:
    """A draft for an item that is not there."""
    line = draft.lines[0]
    assert line.item
    bad = line.model_copy(update={"item": line.item.model_copy(update={"product_id": "999999"})})
    return draft.model_copy(update={"lines": (bad, *draft.lines[1:])})


def asked(desk: Any, method: str, ending: str) -> list[Any]:
    """Requests by method and the end of their path."""
    return [
        each
        for each in desk.recorder.exchanges
        if each.method == method and each.url.partition("?")[0].endswith(ending)
    ]


def queued(desk: Any) -> list[Any]:
    """Requests that asked for a job."""
    return [each for each in desk.recorder.exchanges if each.request_headers.get("prefer") == "respond-async"]


def read_alone(desk: Any) -> int:
    return len([each for each in asked(desk, "GET", "") if "/salesOrder/" in each.url])


def confirmations(placed: Any) -> list[UpdateAsk]:
    return [UpdateAsk(one.value.ref, Confirm(), f"k{each}") for each, one in enumerate(placed)]


def losing(desk: Any, lost: Callable[[httpx.Request], bool], times: int) -> None:
    """The answers to some requests never arrive; the requests do."""
    real, left = desk.recorder.handle_request, [times]

    def handled(request: httpx.Request) -> httpx.Response:
        answer: httpx.Response = real(request)
        if left[0] and lost(request):
            left[0] -= 1
            raise httpx.ReadTimeout("lost", request=request)
        return answer

    desk.recorder.handle_request = handled


def is_job(request: httpx.Request) -> bool:
    return bool(request.headers.get("prefer") == "respond-async")


# -- orders -----------------------------------------------------------------------------------------------------


def test_orders_are_made_by_one_job_and_read_back_together(desk: Any) -> None:
    wanted = drafts(desk, 20)
    before = len(desk.recorder.exchanges)
    outcomes = desk.connector.create_orders(wanted)
    assert [one.value.key for one in outcomes] == [draft.key for draft in wanted]
    assert all(one.value.totals == draft.expected for one, draft in zip(outcomes, wanted, strict=True))
    assert all(one.value.state is PlacedState.DRAFT for one in outcomes)
    assert all([line.position for line in one.value.lines] == [0, 1] for one in outcomes)
    assert len(asked(desk, "POST", "/salesOrder")) == len(queued(desk)) == 1
    assert read_alone(desk) == 1
    assert len(desk.recorder.exchanges) - before < 10
    again = [desk.draft(str(3000 + each)) for each in range(5)]
    reads = read_alone(desk)
    assert all(isinstance(one, Done) for one in desk.connector.create_orders(again))
    assert read_alone(desk) == reads


def test_what_is_answered_together_is_what_is_answered_alone(desk: Any) -> None:
    outcomes = desk.connector.create_orders(drafts(desk, 4))
    assert [desk.connector.find_order(one.value.key) for one in outcomes] == [one.value for one in outcomes]
    confirmed = desk.connector.update_orders(confirmations(outcomes))
    assert [desk.connector.find_order(one.value.key) for one in confirmed] == [one.value for one in confirmed]


def test_answers_are_positional_whatever_stands_in_which_order(desk: Any) -> None:
    wanted = drafts(desk, 5)
    last = desk.connector.create_order(wanted[4])
    second = desk.connector.create_order(wanted[1])
    outcomes = desk.connector.create_orders(wanted)
    assert [one.value.key for one in outcomes] == [draft.key for draft in wanted]
    assert (outcomes[4].value.ref, outcomes[1].value.ref) == (last.ref, second.ref)
    assert len(desk.sandbox.standing()) == 5
    twice = desk.connector.create_orders([wanted[0], wanted[0], wanted[2]])
    assert [one.value.ref for one in twice] == [outcomes[each].value.ref for each in (0, 0, 2)]


def test_a_record_that_a_job_could_not_make_tells_why(desk: Any) -> None:
    wanted = drafts(desk, 4)
    wanted[2] = without_item(wanted[2])
    outcomes = desk.connector.create_orders(wanted)
    assert [isinstance(one, Done) for one in outcomes] == [True, True, False, True]
    assert isinstance(outcomes[2].error, Refused)
    assert outcomes[2].error.fields[0].place == "item.items[0].item"
    assert {one.key for one in desk.sandbox.standing()} == {wanted[each].key for each in (0, 1, 3)}
    assert len(asked(desk, "POST", "/salesOrder")) == 2


def test_what_is_refused_before_it_is_sent_spoils_no_other(desk: Any) -> None:
    wanted = drafts(desk, 4)
    wanted[1] = wanted[1].model_copy(update={"currency": "XTS"})
    losing(desk, is_job, times=2)
    outcomes = desk.connector.create_orders(wanted)
    kinds = [type(one.error) for one in outcomes]
    assert kinds == [InDoubt, Refused, InDoubt, InDoubt]


def test_a_lost_answer_to_a_job_is_asked_for_with_the_same_key(desk: Any) -> None:
    wanted = drafts(desk, 5)
    losing(desk, is_job, times=1)
    outcomes = desk.connector.create_orders(wanted)
    assert [one.value.key for one in outcomes] == [draft.key for draft in wanted]
    first, second = queued(desk)
    key = first.request_headers["x-netsuite-idempotency-key"]
    assert second.request_headers["x-netsuite-idempotency-key"] == key
    assert str(uuid.UUID(key)) == key
    assert (first.status, second.status) == (202, 400)
    assert len(desk.sandbox.jobs.state()) == 1
    assert len(desk.sandbox.standing()) == 5
    desk.connector.create_orders([desk.draft(str(each)) for each in range(3)])
    assert queued(desk)[-1].request_headers["x-netsuite-idempotency-key"] != key


def test_a_job_whose_answers_are_lost_leaves_all_in_doubt_and_makes_them_once(desk: Any) -> None:
    wanted = drafts(desk, 5)
    losing(desk, is_job, times=2)
    outcomes = desk.connector.create_orders(wanted)
    assert all(isinstance(one, Failed) and isinstance(one.error, InDoubt) for one in outcomes)
    assert len(asked(desk, "POST", "/salesOrder")) == 2
    desk.clock.sleep(desk.connector.facts.settle_time.total_seconds())
    found = desk.connector.find_orders([draft.key for draft in wanted])
    assert [one.value.key for one in found] == [draft.key for draft in wanted]
    assert len(desk.sandbox.standing()) == 5


def test_a_job_is_waited_for(open_desk: Any) -> None:
    desk = open_desk(quirks={"slow_jobs": "90"})
    outcomes = desk.connector.create_orders(drafts(desk, 3))
    assert all(isinstance(one, Done) for one in outcomes)
    looks = [each for each in asked(desk, "GET", "") if "/async/v1/job/" in each.url]
    assert 5 < len(looks) < 15


def test_a_job_that_is_not_done_in_time_is_in_doubt_and_nothing_is_sent_again(open_desk: Any) -> None:
    desk = open_desk(quirks={"slow_jobs": "3600"})
    wanted = drafts(desk, 3)
    outcomes = desk.connector.create_orders(wanted)
    assert all(isinstance(one, Failed) and isinstance(one.error, InDoubt) for one in outcomes)
    assert len(asked(desk, "POST", "/salesOrder")) == 1
    assert desk.sandbox.standing() == []
    desk.clock.sleep(3600)
    assert all(one.value for one in desk.connector.find_orders([draft.key for draft in wanted]))


def test_a_job_that_comes_late_makes_no_second_order(open_desk: Any) -> None:
    """It may wait longer than any settle time: then its records find their external ids taken."""
    desk = open_desk(quirks={"slow_jobs": "3600"})
    wanted = drafts(desk, 3)
    desk.connector.create_orders(wanted)
    placed = [desk.connector.create_order(draft) for draft in wanted]
    desk.connector.update_order(placed[0].ref, Confirm(), "k")
    desk.clock.sleep(7200)
    assert len(desk.sandbox.standing()) == 3
    assert desk.connector.find_order(wanted[0].key).state is PlacedState.CONFIRMED
    assert [result["status"] for result in desk.sandbox.jobs.state()[0]["results"]] == [400, 400, 400]


def test_a_job_that_cannot_be_asked_for_is_in_doubt(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(job: str) -> bool:
        raise AccessDenied("NetSuite refuses the login.")

    monkeypatch.setattr(desk.connector._suite, "is_done", gone)
    outcomes = desk.connector.create_orders(drafts(desk, 3))
    assert all(isinstance(one, Failed) and isinstance(one.error, InDoubt) for one in outcomes)


def test_orders_that_cannot_be_read_back_are_in_doubt(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(keys: Any) -> Any:
        raise TryLater("NetSuite's limit of requests at once was met.")

    monkeypatch.setattr(desk.connector._standing, "all_under", busy)
    outcomes = desk.connector.create_orders(drafts(desk, 3))
    assert all(isinstance(one, Failed) and isinstance(one.error, InDoubt) for one in outcomes)
    assert len(desk.sandbox.standing()) == 3
    assert len(asked(desk, "POST", "/salesOrder")) == 1


def test_a_job_that_was_not_taken_made_nothing(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*args: Any) -> str:
        raise TryLater("NetSuite's limit of requests at once was met.")

    monkeypatch.setattr(desk.connector._suite, "submit", busy)
    outcomes = desk.connector.create_orders(drafts(desk, 3))
    assert all(isinstance(one, Failed) and type(one.error) is TryLater for one in outcomes)
    assert desk.sandbox.standing() == []


def test_an_account_that_takes_no_jobs_is_written_to_one_by_one(open_desk: Any) -> None:
    desk = open_desk(quirks={"no_batches": ""})
    wanted = drafts(desk, 4)
    outcomes = desk.connector.create_orders(wanted)
    assert [one.value.totals for one in outcomes] == [draft.expected for draft in wanted]
    assert len(queued(desk)) == 1
    assert len(asked(desk, "POST", "/salesOrder")) == 1 + 4
    assert read_alone(desk) == 1
    assert all(
        one.value.state is PlacedState.CONFIRMED
        for one in desk.connector.update_orders(confirmations(outcomes))
    )
    assert len(queued(desk)) == 1
    assert len(asked(desk, "PATCH", "")) == 4
    assert read_alone(desk) == 1


def test_more_than_can_be_written_one_by_one_are_given_back(open_desk: Any) -> None:
    desk = open_desk(quirks={"no_batches": ""})
    with pytest.raises(BatchRefused):
        desk.connector.create_orders(drafts(desk, jobs.MOST_ALONE + 1))
    with pytest.raises(BatchRefused):
        desk.connector.create_customers(asks(jobs.MOST_ALONE + 1))
    assert desk.sandbox.standing() == []


def test_no_job_is_asked_for_if_the_settings_say_so(open_desk: Any) -> None:
    desk = open_desk(batches=False)
    outcomes = desk.connector.create_orders(drafts(desk, 5))
    desk.connector.update_orders(confirmations(outcomes))
    desk.connector.create_customers(asks(4))
    assert queued(desk) == []
    assert desk.connector.facts.batch_sizes["create_orders"] == jobs.MOST_ALONE
    assert all(one.confirmed for one in desk.sandbox.standing())


def test_once_the_login_is_refused_nothing_more_is_sent(open_desk: Any) -> None:
    desk = open_desk(batches=False)
    wanted = drafts(desk, 5)
    real = desk.sandbox.sales.write
    made: list[bool] = []

    def write(*args: Any, **how: Any) -> Any:
        from ordersync_erp_netsuite.sandbox.faults import Fault

        made.append(True)
        if len(made) > 2:
            raise Fault(403, "INSUFFICIENT_PERMISSION", "Permission violation.")
        return real(*args, **how)

    desk.sandbox.sales.write = write
    outcomes = desk.connector.create_orders(wanted)
    assert [isinstance(one, Done) for one in outcomes] == [True, True, False, False, False]
    assert all(isinstance(one.error, AccessDenied) for one in outcomes[2:])
    statuses = [each.status for each in asked(desk, "POST", "/salesOrder")]
    assert statuses == [204, 204, 403, 403], "one is repeated, with a new token"


def test_one_answer_that_is_lost_puts_one_order_in_doubt(open_desk: Any) -> None:
    desk = open_desk(batches=False)
    wanted = drafts(desk, 4)
    seen: list[bool] = []

    def third(request: httpx.Request) -> bool:
        if request.method == "POST" and request.url.path.endswith("/salesOrder"):
            seen.append(True)
            return len(seen) == 3
        return False

    losing(desk, third, times=1)
    outcomes = desk.connector.create_orders(wanted)
    assert [isinstance(one, Done) for one in outcomes] == [True, True, False, True]
    assert isinstance(outcomes[2].error, InDoubt)
    assert len(desk.sandbox.standing()) == 4


# -- read back together ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("tax", ["suitetax", "legacy", "codes", "none"])
@pytest.mark.parametrize("ship_method", [None, 7])
def test_rows_tell_what_records_tell(open_desk: Any, tax: str, ship_method: int | None) -> None:
    desk = open_desk({"tax": tax}, **({"ship_method": ship_method} if ship_method else {}))
    outcomes = desk.connector.create_orders(drafts(desk, 3))
    assert [one.value.totals for one in outcomes] == [desk.draft().expected] * 3
    assert read_alone(desk) == 1
    assert desk.connector._standing._trusted is True


def test_where_lines_cannot_be_queried_records_are_read(open_desk: Any) -> None:
    desk = open_desk({"hidden": "transactionline"})
    wanted = drafts(desk, 3)
    outcomes = desk.connector.create_orders(wanted)
    assert [one.value.totals for one in outcomes] == [draft.expected for draft in wanted]
    assert read_alone(desk) == 3
    confirmed = desk.connector.update_orders(confirmations(outcomes))
    assert all(one.value.totals == wanted[0].expected for one in confirmed)
    assert len([each for each in desk.recorder.exchanges if each.status == 400]) == 1


@pytest.mark.parametrize("wrong", ["sign", "base", "status", "columns"])
def test_rows_that_do_not_tell_what_a_record_tells_are_not_believed(
    desk: Any, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """What the columns mean is reported, not documented: one order is read both ways before they count."""
    columns, rows = desk.sandbox.tables["transaction"]
    lines, told = desk.sandbox.tables["transactionline"]
    total, status, amount = (
        columns.index("foreigntotal"),
        columns.index("status"),
        lines.index("foreignamount"),
    )

    def changed(row: Any, place: int, value: Any) -> tuple[Any, ...]:
        return (*row[:place], value, *row[place + 1 :])

    broken = {
        "base": lambda: [changed(row, total, str(Decimal(row[total] or 0) * 2)) for row in rows()],
        "status": lambda: [changed(row, status, "Pending Approval") for row in rows()],
        "columns": lambda: [changed(row, total, None) for row in rows()],
    }.get(wrong, rows)
    turned = (
        (lambda: [changed(row, amount, str(-Decimal(row[amount]))) for row in told()])
        if wrong == "sign"
        else told
    )
    desk.sandbox.tables = {
        **desk.sandbox.tables,
        "transaction": (columns, broken),
        "transactionline": (lines, turned),
    }
    wanted = drafts(desk, 3)
    outcomes = desk.connector.create_orders(wanted)
    assert [one.value.totals for one in outcomes] == [draft.expected for draft in wanted]
    assert all(one.value.state is PlacedState.DRAFT for one in outcomes)
    assert desk.connector._standing._trusted is False
    confirmed = desk.connector.update_orders(confirmations(outcomes))
    assert all(one.value.state is PlacedState.CONFIRMED for one in confirmed)
    assert [one.value.totals for one in confirmed] == [draft.expected for draft in wanted]


def test_a_row_that_is_not_what_was_sent_is_held_against_its_record(desk: Any) -> None:
    desk.connector.create_orders(drafts(desk, 3))
    columns, rows = desk.sandbox.tables["transaction"]
    total = columns.index("foreigntotal")
    desk.sandbox.tables = {
        **desk.sandbox.tables,
        "transaction": (columns, lambda: [(*row[:total], "1.00", *row[total + 1 :]) for row in rows()]),
    }
    wanted = [desk.draft(str(each)) for each in range(3)]
    outcomes = desk.connector.create_orders(wanted)
    assert [one.value.totals for one in outcomes] == [draft.expected for draft in wanted]
    assert desk.connector._standing._trusted is False


def test_rows_that_lack_a_line_are_held_against_the_record(desk: Any) -> None:
    """However right the total is: an order is whole only if each line is told."""
    desk.connector.create_orders(drafts(desk, 3))
    columns, rows = desk.sandbox.tables["transactionline"]
    line, amount, main = (columns.index(each) for each in ("id", "foreignamount", "mainline"))

    def folded() -> list[Any]:
        """Each order's second line added to its first."""
        goods = [row for row in rows() if row[main] == "F"]
        return [
            (*row[:amount], str(Decimal(row[amount]) - 5), *row[amount + 1 :]) if row[line] == 1 else row
            for row in goods
            if row[line] != 2
        ]

    desk.sandbox.tables = {**desk.sandbox.tables, "transactionline": (columns, folded)}
    outcomes = desk.connector.create_orders([desk.draft(str(each)) for each in range(3)])
    assert [[line.position for line in one.value.lines] for one in outcomes] == [[0, 1]] * 3
    assert desk.connector._standing._trusted is False


def test_a_total_that_is_really_wrong_is_told_and_rows_are_still_believed(open_desk: Any) -> None:
    desk = open_desk({"tax": "none"}, tax="netsuite")
    outcomes = desk.connector.create_orders(drafts(desk, 3))
    assert [one.value.totals.tax for one in outcomes] == [0, 0, 0]
    assert desk.connector._standing._trusted is True


def test_computed_taxes_are_made_up_for_in_a_batch_too(open_desk: Any) -> None:
    desk = open_desk({"tax": "legacy"})
    wanted = [*drafts(desk, 3), desk.draft("1", expected=CHEAPER)]
    outcomes = desk.connector.create_orders(wanted)
    assert [one.value.totals for one in outcomes] == [draft.expected for draft in wanted]
    assert [len(one.value.lines) for one in outcomes] == [2, 2, 2, 3]
    confirmed = desk.connector.update_orders(confirmations(outcomes))
    assert [one.value.totals for one in confirmed] == [draft.expected for draft in wanted]


def test_an_order_that_lost_a_line_is_not_told_as_whole(desk: Any) -> None:
    wanted = drafts(desk, 3)
    first = desk.connector.create_order(wanted[0])
    desk.order(first.ref)["lines"].pop()
    desk.order(first.ref)["details"].pop()
    outcomes = desk.connector.create_orders(wanted)
    assert [line.position for line in outcomes[0].value.lines] == [0]
    assert outcomes[0].value.totals != wanted[0].expected
    assert [line.position for line in outcomes[1].value.lines] == [0, 1]


# -- approving --------------------------------------------------------------------------------------------------


def test_orders_are_approved_by_one_job(desk: Any) -> None:
    wanted = drafts(desk, 20)
    outcomes = desk.connector.create_orders(wanted)
    before = len(desk.recorder.exchanges)
    confirmed = desk.connector.update_orders(confirmations(outcomes))
    assert [one.value.ref for one in confirmed] == [one.value.ref for one in outcomes]
    assert all(one.value.state is PlacedState.CONFIRMED for one in confirmed)
    assert all(one.value.totals == wanted[0].expected for one in confirmed)
    assert len(asked(desk, "PATCH", "/salesOrder")) == len(asked(desk, "PATCH", "")) == 1
    assert len(desk.recorder.exchanges) - before < 10
    again = desk.connector.update_orders(confirmations(outcomes))
    assert [one.value for one in again] == [one.value for one in confirmed]
    assert len(asked(desk, "PATCH", "")) == 1


def test_each_approval_has_its_own_outcome(desk: Any) -> None:
    outcomes = desk.connector.create_orders(drafts(desk, 6))
    closed, approved, stuck = (outcomes[each].value.ref for each in (0, 2, 4))
    desk.connector.update_order(closed, Cancel(), "c")
    desk.connector.update_order(approved, Confirm(), "k")
    desk.order(stuck)["location"] = "999999"
    patches = len(asked(desk, "PATCH", ""))
    asks = [
        *confirmations(outcomes),
        UpdateAsk(OrderRef(id="999999"), Confirm(), "x"),
        UpdateAsk(OrderRef(id="no-number"), Confirm(), "y"),
        UpdateAsk(outcomes[1].value.ref, MarkPaid(), "z"),
    ]
    found = desk.connector.update_orders(asks)
    kinds = [type(one.error) if isinstance(one, Failed) else one.value.state for one in found]
    done = PlacedState.CONFIRMED
    assert kinds == [Refused, done, done, done, Refused, done, NotFound, NotFound, NotOffered]
    assert found[4].error.fields[0].place == "location"
    assert [one.value.ref for one in found if isinstance(one, Done)] == [
        outcomes[each].value.ref for each in (1, 2, 3, 5)
    ]
    assert len(asked(desk, "PATCH", "")) == patches + 2
    assert [one.cancelled for one in desk.sandbox.standing()] == [True, *[False] * 5]


def test_nothing_is_approved_if_the_settings_say_so(open_desk: Any) -> None:
    desk = open_desk(approve=False)
    outcomes = desk.connector.create_orders(drafts(desk, 3))
    found = desk.connector.update_orders(confirmations(outcomes))
    assert all(one.value.state is PlacedState.DRAFT for one in found)
    assert asked(desk, "PATCH", "") == []


def test_a_lost_approval_puts_only_what_was_sent_in_doubt(desk: Any) -> None:
    outcomes = desk.connector.create_orders(drafts(desk, 5))
    desk.connector.update_order(outcomes[1].value.ref, Confirm(), "k")
    losing(desk, is_job, times=2)
    found = desk.connector.update_orders(confirmations(outcomes))
    assert [isinstance(one, Done) for one in found] == [False, True, False, False, False]
    assert all(isinstance(one.error, InDoubt) for one in found if isinstance(one, Failed))
    assert len(asked(desk, "PATCH", "/salesOrder")) == 2


# -- customers --------------------------------------------------------------------------------------------------


def asks(count: int) -> list[CustomerAsk]:
    return [
        CustomerAsk(
            Customer(email=f"buyer{each}@example.com", first_name="Buyer", last_name=f"No {each}"),
            f"oc-{'abcdefghijklmnop'[each] * 26}",
        )
        for each in range(count)
    ]


def test_customers_are_made_by_one_job(desk: Any) -> None:
    wanted = asks(8)
    third = desk.connector.create_customer(wanted[3].customer, wanted[3].key)
    outcomes = desk.connector.create_customers([*wanted, wanted[0]])
    store = desk.sandbox.store
    assert [store.get("customer", one.value.id)["externalId"] for one in outcomes] == [
        ask.key for ask in (*wanted, wanted[0])
    ]
    assert outcomes[3].value == third
    assert len(asked(desk, "POST", "/customer")) == 2
    assert [one.value for one in desk.connector.find_customers(wanted)] == [
        one.value for one in outcomes[:-1]
    ]


def test_a_customer_that_a_job_could_not_make_tells_why(open_desk: Any) -> None:
    desk = open_desk({"numbering": "names"})
    wanted = asks(4)
    wanted[2] = CustomerAsk(wanted[1].customer.model_copy(update={"email": "x@example.com"}), wanted[2].key)
    outcomes = desk.connector.create_customers(wanted)
    assert [isinstance(one, Done) for one in outcomes] == [True, True, False, True]
    assert "already exists" in str(outcomes[2].error.fields[0])


def test_a_lost_answer_leaves_all_customers_in_doubt(desk: Any) -> None:
    losing(desk, is_job, times=2)
    outcomes = desk.connector.create_customers(asks(4))
    assert all(isinstance(one, Failed) and isinstance(one.error, InDoubt) for one in outcomes)
    assert len(asked(desk, "POST", "/customer")) == 2


def test_customers_that_cannot_be_looked_up_afterwards_are_in_doubt(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(condition: str) -> Any:
        raise TryLater("NetSuite's limit of requests at once was met.")

    monkeypatch.setattr(desk.connector._buyers, "_where", busy)
    outcomes = desk.connector.create_customers(asks(4))
    assert all(isinstance(one, Failed) and isinstance(one.error, InDoubt) for one in outcomes)
