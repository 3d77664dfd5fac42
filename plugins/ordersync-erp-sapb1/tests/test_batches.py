"""What goes in a `$batch`: one test for each way in which it may go wrong (manual, Batch Operations)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import httpx
import pytest

from ordersync import (
    BatchRefused,
    Customer,
    CustomerAsk,
    Done,
    Failed,
    InDoubt,
    OrderSyncError,
    Refused,
    TryLater,
    operation_key,
)
from ordersync_erp_sapb1.multipart import answered_in_turn

PREVIEW = b"/OrdersService_Preview"


def drafts_of(desk: Any, many: int) -> list[Any]:
    ref = desk.customer()
    return [desk.draft(str(number), customer_ref=ref) for number in range(1, many + 1)]


def wrong(draft: Any) -> Any:
    return draft.model_copy(update={"expected": draft.expected.model_copy(update={"net": Decimal("99.00")})})


def asks_of(many: int) -> list[CustomerAsk]:
    return [
        CustomerAsk(
            Customer(email=f"buyer.{letter}@example.com", last_name=letter.upper()),
            "oc-" + letter * 26,
        )
        for letter in "abcdefgh"[:many]
    ]


def outcomes_of(outcomes: Sequence[Any]) -> list[type[OrderSyncError] | str]:
    return [type(one.error) if isinstance(one, Failed) else one.value.key for one in outcomes]


def answers(desk: Any, holds: bytes, answer: Callable[[httpx.Response], httpx.Response]) -> None:
    """Answer each `$batch` whose body holds this by what `answer` makes of the answer."""

    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        mine = request.url.path.endswith("/$batch") and holds in request.content
        return answer(response) if mine else response

    desk.wire.tamper = tamper


def rewritten(response: httpx.Response, change: Callable[[bytes], bytes]) -> httpx.Response:
    kind = {"content-type": response.headers["content-type"]}
    return httpx.Response(response.status_code, headers=kind, content=change(response.content))


def without_part(number: int) -> Callable[[bytes], bytes]:
    """The body without one of its parts, counted from 1."""

    def cut(body: bytes) -> bytes:
        parts = re.split(rb"(?=--batchresponse_1\r\n)", body)
        return b"".join(parts[:number] + parts[number + 1 :])

    return cut


def swapped(body: bytes) -> bytes:
    """The body with its first two parts changed over."""
    start, first, second, *rest = re.split(rb"(?=--batchresponse_1\r\n)", body)
    return b"".join([start, second, first, *rest])


def ended(body: bytes, status: bytes = b"500 Internal Server Error") -> bytes:
    """The body with a failure in place of all behind the first part."""
    start, first, *_ = re.split(rb"(?=--batchresponse_1\r\n)", body)
    failed = b"--batchresponse_1\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 " + status + b"\r\n\r\n"
    busy = b'{"error": {"code": 305, "message": "Switch company error: -1102"}}'
    return start + first + failed + busy + b"\r\n--batchresponse_1--\r\n"


# -- totals asked for -----------------------------------------------------------------------------------------------


def test_the_totals_of_many_orders_are_asked_for_in_one_request(desk: Any) -> None:
    drafts = drafts_of(desk, 5)
    assert outcomes_of(desk.connector.create_orders(drafts)) == [draft.key for draft in drafts]
    assert desk.wire.named("POST", "OrdersService_Preview") == []
    assert [one.content.count(PREVIEW) for one in desk.wire.named("POST", "$batch")] == [5, 0]


def test_what_is_corrected_is_asked_for_again_together(open_desk: Any) -> None:
    """The totals of two of three orders are a cent off: a second round, of those two."""
    desk = open_desk()
    drafts = drafts_of(desk, 3)
    for place in (0, 2):
        near = drafts[place].expected.model_copy(update={"tax": Decimal("7.55"), "total": Decimal("92.55")})
        drafts[place] = drafts[place].model_copy(update={"expected": near})
    outcomes = desk.connector.create_orders(drafts)
    assert [one.value.totals for one in outcomes] == [draft.expected for draft in drafts]
    counts = [one.content.count(PREVIEW) for one in desk.wire.named("POST", "$batch")]
    assert counts[:2] == [3, 2]


def test_the_first_that_fails_ends_the_batch_and_the_others_are_asked_again(desk: Any) -> None:
    drafts = drafts_of(desk, 4)
    gone = drafts[1].lines[0].item.model_copy(update={"product_id": "GONE"})
    line = drafts[1].lines[0].model_copy(update={"item": gone})
    drafts[1] = drafts[1].model_copy(update={"lines": (line,)})
    outcomes = desk.connector.create_orders(drafts)
    assert [type(one) for one in outcomes] == [Done, Failed, Done, Done]
    with pytest.raises(Refused) as alone:
        desk.connector.create_order(drafts[1])
    assert str(outcomes[1].error) == str(alone.value)
    assert [outcomes[place].value.key for place in (0, 2, 3)] == [drafts[place].key for place in (0, 2, 3)]
    assert [one.content.count(PREVIEW) for one in desk.wire.named("POST", "$batch")] == [4, 2, 0]


@pytest.mark.parametrize(
    "change",
    [swapped, without_part(1), without_part(3), lambda body: body[: len(body) // 2], lambda body: b""],
    ids=["swapped", "first missing", "last missing", "cut", "empty"],
)
def test_answers_that_may_be_anothers_are_not_believed(desk: Any, change: Any) -> None:
    """Each is then asked by itself; the second must not pass on the figures of the first."""
    drafts = drafts_of(desk, 3)
    drafts[1] = wrong(drafts[1])
    answers(desk, PREVIEW, lambda response: rewritten(response, change))
    outcomes = desk.connector.create_orders(drafts)
    assert outcomes_of(outcomes) == [drafts[0].key, Refused, drafts[2].key]
    assert len(desk.wire.named("POST", "OrdersService_Preview")) >= 3


@pytest.mark.parametrize("status", [b"500 Internal Server Error", b"401 Unauthorized"])
def test_a_preview_that_fails_in_a_batch_is_asked_again_as_if_alone(desk: Any, status: bytes) -> None:
    drafts = drafts_of(desk, 3)
    cut: list[bool] = []

    def once(body: bytes) -> bytes:
        cut.append(True)
        return body if cut[1:] else ended(body, status)

    answers(desk, PREVIEW, lambda response: rewritten(response, once))
    assert outcomes_of(desk.connector.create_orders(drafts)) == [draft.key for draft in drafts]
    assert len(desk.wire.named("POST", "OrdersService_Preview")) == (2 if len(cut) == 1 else 1)


def test_answers_in_turn_are_whole_or_none() -> None:
    kind, end = "multipart/mixed;boundary=b", "--b--\r\n"

    def part(status: str, body: str = "{}") -> str:
        return f"--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 {status}\r\n\r\n{body}\r\n"

    def read(*parts: str) -> list[int] | None:
        told = answered_in_turn(("".join(parts) + end).encode(), kind, 3)
        return None if told is None else [each.status for each in told]

    good, bad = part("200 OK"), part("400 Bad Request")
    assert read(good, good, good) == [200, 200, 200]
    assert read(good, bad) == [200, 400]
    assert read(bad) == [400]
    odd = good.replace("HTTP/1.1", "HTTQ")
    for parts in [
        (good, good),
        (good, bad, good),
        (good, good, good, good),
        (odd, good, good),
        (odd, bad),
        (),
        (good, good, part("200 OK", "{")),
    ]:
        assert read(*parts) is None, parts
    assert answered_in_turn(b"{}", "application/json", 3) is None


@pytest.mark.parametrize("status", [400, 404])
def test_a_service_layer_without_batches_of_previews_is_asked_one_by_one(desk: Any, status: int) -> None:
    drafts = drafts_of(desk, 2)
    fault = {"error": {"code": -1000, "message": "Incomplete Batch Request Body!"}}
    answers(desk, PREVIEW, lambda response: httpx.Response(status, json=fault))
    assert outcomes_of(desk.connector.create_orders(drafts)) == [draft.key for draft in drafts]


def test_totals_that_cannot_be_asked_for_now_leave_nothing_in_doubt(desk: Any) -> None:
    drafts = drafts_of(desk, 2)
    answers(desk, PREVIEW, lambda response: httpx.Response(503, text="down"))
    assert all(
        isinstance(one, Failed) and isinstance(one.error, TryLater)
        for one in desk.connector.create_orders(drafts)
    )
    assert desk.orders() == []


# -- look-ups -------------------------------------------------------------------------------------------------------


def test_keys_are_looked_for_in_one_request(desk: Any) -> None:
    drafts = drafts_of(desk, 3)
    desk.connector.create_orders(drafts)
    keys = [draft.key for draft in drafts] + [operation_key(drafts[0].key, f"{n}") for n in range(20)]
    before = len(desk.wire.requests)
    found = desk.connector.find_orders(keys)
    assert [one.value.key if one.value else None for one in found] == keys[:3] + [None] * 20
    (asked,) = desk.wire.requests[before:]
    line = re.search(rb"(?m)^GET (\S+)\r\n\r\n\r\n--", asked.content)
    assert line is not None, "two empty lines follow a GET"
    assert b"/Orders?$select=" in line[1]
    assert b"endswith(NumAtCard,'os-" in line[1]


def test_a_look_up_that_fails_half_way_says_of_no_key_that_it_is_not_there(desk: Any) -> None:
    """Twelve keys are two filters. The batch ends behind the first one of the orders."""
    drafts = drafts_of(desk, 12)
    desk.connector.create_orders(drafts)
    answers(desk, b"GET ", lambda response: rewritten(response, ended))
    found = desk.connector.find_orders([draft.key for draft in drafts])
    assert outcomes_of(found) == [draft.key for draft in drafts]
    desk.wire.tamper = lambda request, response: (
        rewritten(response, ended)
        if request.url.path.endswith("/$batch")
        else httpx.Response(503, text="down")
    )
    with pytest.raises(TryLater):
        desk.connector.find_orders([draft.key for draft in drafts])


def test_more_rows_than_a_page_are_read_by_themselves(open_desk: Any) -> None:
    """In a batch a filter has the Service Layer's own page of 20 rows."""
    desk = open_desk(orders=0)
    draft = desk.draft("1")
    desk.connector.create_order(draft)
    (row,) = desk.orders()
    company = desk.sandbox.company
    for number in range(900, 925):
        company.table("Orders")[number] = {**row, "DocEntry": number, "Cancelled": "tYES"}
    company.table("Orders")[row["DocEntry"]] = company.table("Orders").pop(row["DocEntry"])
    (found,) = desk.connector.find_orders([draft.key])
    assert found.value.ref.id == str(row["DocEntry"])
    assert len(desk.wire.named("GET", "Orders")) >= 1


# -- customers ------------------------------------------------------------------------------------------------------


def test_many_customers_are_made_by_one_request(desk: Any) -> None:
    asks = asks_of(5)
    refs = [one.value for one in desk.connector.create_customers(asks)]
    assert [one.value for one in desk.connector.find_customers(asks)] == refs
    (batch,) = [one for one in desk.wire.named("POST", "$batch") if b"/BusinessPartners" in one.content[:400]]
    assert b"Content-ID: 5" in batch.content
    assert desk.wire.named("POST", "BusinessPartners") == []


def test_customers_that_are_refused_together_are_not_made(desk: Any) -> None:
    asks = asks_of(3)
    there = desk.connector.create_customer(asks[1].customer, asks[1].key)
    partners = dict(desk.sandbox.company.table("BusinessPartners"))
    with pytest.raises(BatchRefused, match="already assigned"):
        desk.connector.create_customers(asks)
    assert desk.sandbox.company.table("BusinessPartners") == partners
    assert desk.connector.create_customers(asks[1:2]) == [Done(there)]


@pytest.mark.parametrize("holds", [b"Content-ID: 1", b"HTTP/1.1 201"])
def test_customers_whose_answers_are_lost_are_in_doubt(desk: Any, holds: bytes) -> None:
    """Whether the whole answer is lost, or a part of it."""

    def lost(response: httpx.Response) -> httpx.Response:
        if holds == b"Content-ID: 1":
            return httpx.Response(504, text="no answer")
        return rewritten(response, lambda body: body[: body.rindex(holds)])

    answers(desk, b"/BusinessPartners", lost)
    with pytest.raises(InDoubt):
        desk.connector.create_customers(asks_of(3))


def test_an_answer_that_names_another_customer_is_in_doubt(desk: Any) -> None:
    asks = asks_of(3)
    answers(
        desk,
        b"Content-ID",
        lambda response: rewritten(response, lambda body: re.sub(rb"Content-ID: \d+\r\n", b"", body)),
    )
    assert all(isinstance(one, Done) for one in desk.connector.create_customers(asks))
    more = [CustomerAsk(ask.customer, ask.key.replace("oc-", "oc-z")[:29]) for ask in asks]

    def crossed(body: bytes) -> bytes:
        return (
            body.replace(b"Content-ID: 1", b"Content-ID: x")
            .replace(b"Content-ID: 2", b"Content-ID: 1")
            .replace(b"Content-ID: x", b"Content-ID: 2")
        )

    answers(desk, b"Content-ID", lambda response: rewritten(response, crossed))
    outcomes = desk.connector.create_customers(more)
    assert [type(one.error) if isinstance(one, Failed) else Done for one in outcomes] == [
        InDoubt,
        InDoubt,
        Done,
    ]
