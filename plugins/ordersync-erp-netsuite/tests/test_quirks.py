"""One test per oddity of NetSuite, named after it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from ordersync import (
    AccessDenied,
    Ambiguous,
    Cancel,
    Confirm,
    Customer,
    CustomerAsk,
    Done,
    Failed,
    Fulfill,
    Fulfillment,
    InDoubt,
    MarkPaid,
    NotFound,
    NotOffered,
    OrderQuery,
    OrderRef,
    OrderStatus,
    PlacedState,
    RateLimited,
    Refused,
    SetStatus,
    Totals,
    Tracking,
    TryLater,
    UnexpectedReply,
    operation_key,
)
from ordersync.web import Access, Reply, VirtualClock
from ordersync_erp_netsuite import NetSuiteConnector
from ordersync_erp_netsuite.sandbox.quirks import OWN
from ordersync_erp_netsuite.suite import CHECKED, quoted, verdicts

KEY = "never-show-this-key-4711"
CUSTOMER_OF_THE_SAME_NAME = Customer(
    id="78", email="other@example.com", first_name="Buyer", last_name="Amber"
)
TBA = {"consumer_key": "ck", "consumer_secret": KEY, "token_id": "ti", "token_secret": KEY}


def body(code: str, detail: str = "said", path: str = "item.items[0].item", **more: Any) -> dict[str, Any]:
    return {
        "type": "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.1",
        "title": "Bad Request",
        "status": 400,
        "o:errorDetails": [{"detail": detail, "o:errorCode": code, "o:errorPath": path}],
        **more,
    }


def reply(status: int, data: Any = None, text: bytes = b"") -> Reply:
    return Reply(status, {}, text, data, "")


def answering(answers: Callable[[httpx.Request], httpx.Response], **more: Any) -> NetSuiteConnector:
    """A connector on a scripted server."""
    given = {"account": "1234567", "currency": "USD", **TBA, **more}
    settings = NetSuiteConnector.settings_model.model_validate(given)
    access = Access(transport=httpx.MockTransport(answers), clock=VirtualClock())
    return NetSuiteConnector(settings, access)


# -- errors ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "INVALID_LOGIN", AccessDenied),
        (400, "INVALID_LOGIN_ATTEMPT", AccessDenied),
        (403, "INSUFFICIENT_PERMISSION", AccessDenied),
        (400, "INVALID_CONTENT", Refused),
        (400, "USER_ERROR", Refused),
        (404, "NONEXISTENT_ID", NotFound),
        (404, "INVALID_RECORD_TYPE", UnexpectedReply),
        (429, "CONCURRENCY_LIMIT_EXCEEDED", RateLimited),
        (400, "SSS_REQUEST_LIMIT_EXCEEDED", RateLimited),
        (400, "RCRD_HAS_BEEN_CHANGED", TryLater),
        (500, "UNEXPECTED_ERROR", InDoubt),
    ],
)
def test_the_code_in_the_body_decides(status: int, code: str, kind: type) -> None:
    assert type(verdicts(reply(status, body(code)), False)) is kind


def test_an_unexpected_error_of_a_read_is_tried_again() -> None:
    assert type(verdicts(reply(500, body("UNEXPECTED_ERROR")), True)) is TryLater


def test_an_error_names_the_field_and_no_address() -> None:
    error = verdicts(reply(400, body("USER_ERROR", "Invalid e-mail buyer@example.com")), False)
    assert isinstance(error, Refused)
    assert error.fields[0].place == "item.items[0].item"
    assert error.fields[0].code == "USER_ERROR"
    assert "buyer@example.com" not in str(error)


def test_the_type_of_an_error_may_be_an_object() -> None:
    assert isinstance(verdicts(reply(400, body("USER_ERROR", type={"uri": "x"})), False), Refused)


def test_a_404_without_an_error_body_is_no_absence() -> None:
    """A wrong account or a service that is off must never look like an order that is not there."""
    assert isinstance(verdicts(reply(404, None, b"<html>"), True), UnexpectedReply)
    connector = answering(lambda request: httpx.Response(404, text="<html></html>"))
    with pytest.raises(UnexpectedReply):
        connector.find_order("os-" + "a" * 26)


def test_a_missing_permission_looks_like_an_unknown_table(open_desk: Any) -> None:
    desk = open_desk({"hidden": "item+aggregateItemLocation"})
    account = desk.connector.check_access(True)
    assert account.missing_scopes == ("item", "aggregateItemLocation")
    assert any("Items" in problem for problem in account.problems)
    with pytest.raises(AccessDenied, match="'item' was not found"):
        desk.connector.resolve_sku("LAMP-01")


def test_the_busy_account_is_waited_for(open_desk: Any) -> None:
    desk = open_desk(quirks={"busy_account": "3"})
    placed = desk.connector.create_order(desk.draft())
    assert placed.totals.total == Decimal("92.54")
    assert [each.status for each in desk.recorder.exchanges].count(429) == 3


def test_never_more_requests_at_once_than_promised(open_desk: Any) -> None:
    import threading

    counted = {"now": 0, "most": 0}
    lock = threading.Lock()
    gate = threading.Barrier(2, timeout=5)

    def answer(request: httpx.Request) -> httpx.Response:
        with lock:
            counted["now"] += 1
            counted["most"] = max(counted["most"], counted["now"])
        try:
            gate.wait()
        except threading.BrokenBarrierError:
            pass
        with lock:
            counted["now"] -= 1
        return httpx.Response(404, json=body("NONEXISTENT_ID"))

    connector = answering(answer, concurrency=2)
    assert connector.facts.concurrency == 2
    threads = [
        threading.Thread(target=connector.find_order, args=("os-" + letter * 26,)) for letter in "abcdef"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted["most"] == 2


# -- never twice -----------------------------------------------------------------------------------------------


def sent(desk: Any, kind: str) -> list[Any]:
    """The requests that asked for a new record."""
    return [
        each for each in desk.recorder.exchanges if each.method == "POST" and each.url.endswith(f"/{kind}")
    ]


def test_an_order_that_stands_is_left_as_it_is(desk: Any) -> None:
    draft = desk.draft()
    placed = desk.connector.create_order(draft)
    desk.order(placed.ref)["memo"] = "edited by a person"
    desk.connector.update_order(placed.ref, Confirm(), "k")
    again = desk.connector.create_order(draft)
    assert again.ref == placed.ref
    assert again.state is PlacedState.CONFIRMED
    assert again.totals == draft.expected
    assert [each.status for each in sent(desk, "salesOrder")] == [204, 400]
    assert desk.asked("PUT") == 0
    assert desk.order(placed.ref)["memo"] == "edited by a person"
    assert len(desk.sandbox.standing()) == 1


def test_a_create_that_is_delivered_twice_makes_one_order(desk: Any) -> None:
    draft = desk.draft()
    placed = desk.connector.create_order(draft)
    (post,) = sent(desk, "salesOrder")
    with pytest.raises(Refused, match="already exists"):
        desk.connector._suite.create("salesOrder", json.loads(post.request_body, parse_float=Decimal))
    assert len(desk.order(placed.ref)["lines"]) == 2
    found = desk.connector.find_order(draft.key)
    assert found.totals == draft.expected
    assert [line.position for line in found.lines] == [0, 1]


def test_a_put_would_change_the_order_that_stands(desk: Any) -> None:
    """Why orders are posted: repeated under the external id, the same request adds its lines again."""
    draft = desk.draft()
    placed = desk.connector.create_order(draft)
    (post,) = sent(desk, "salesOrder")
    body = json.loads(post.request_body, parse_float=Decimal)
    desk.connector._suite._send(
        "PUT", f"services/rest/record/v1/salesOrder/eid:{draft.key}", json=body, headers=CHECKED
    )
    assert len(desk.order(placed.ref)["lines"]) == 4


def test_a_refused_order_tells_why_though_it_is_looked_for(desk: Any) -> None:
    draft = desk.draft()
    bad = draft.lines[0].item.model_copy(update={"product_id": "999999"})
    line = draft.lines[0].model_copy(update={"item": bad})
    with pytest.raises(Refused, match="refused") as refused:
        desk.connector.create_order(draft.model_copy(update={"lines": (line, draft.lines[1])}))
    assert refused.value.fields[0].place == "item.items[0].item"
    assert desk.sandbox.standing() == []


def test_an_order_that_cannot_be_read_back_is_in_doubt(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was made: whatever keeps it from being read is no reason to say that it was not."""
    draft = desk.draft()

    def hidden(id: str) -> None:
        raise AccessDenied("NetSuite's role may not do this.")

    monkeypatch.setattr(desk.connector._standing, "read", hidden)
    with pytest.raises(InDoubt):
        desk.connector.create_order(draft)
    assert len(desk.sandbox.standing()) == 1


def test_a_correction_that_is_refused_leaves_the_order_to_be_compared(open_desk: Any) -> None:
    desk = open_desk({"tax": "legacy"}, tax_item="NO-SUCH-ITEM")
    cheaper = Totals(currency="USD", net=Decimal("85.00"), tax=Decimal("7.53"), total=Decimal("92.53"))
    placed = desk.connector.create_order(desk.draft(expected=cheaper))
    assert placed.totals.total == Decimal("92.54")
    assert placed.state is PlacedState.DRAFT


def test_the_order_stands_under_its_key_and_people_find_the_number(desk: Any) -> None:
    placed = desk.connector.create_order(desk.draft(note="Ring twice"))
    order = desk.order(placed.ref)
    assert order["externalId"] == placed.key
    assert order["otherRefNum"] == "#1001"
    assert order["memo"] == "Shopify #1001: Ring twice"


def test_the_buyers_po_number_is_not_replaced(desk: Any) -> None:
    order = desk.order(desk.connector.create_order(desk.draft(po_number="PO-77")).ref)
    assert order["otherRefNum"] == "PO-77"
    assert "#1001" in order["memo"]


def test_a_search_is_compared_exactly(desk: Any) -> None:
    draft = desk.draft()
    placed = desk.connector.create_order(draft)
    other = draft.key[:-1] + ("a" if draft.key[-1] != "a" else "b")
    outcomes = desk.connector.find_orders([other, draft.key])
    assert [outcome.value and outcome.value.ref for outcome in outcomes] == [None, placed.ref]
    desk.order(placed.ref)["externalId"] = None
    assert desk.connector.find_order(draft.key) is None


def test_a_hit_in_another_spelling_is_no_hit() -> None:
    """That external ids are compared exactly is not documented, so it is done here."""
    key = "os-" + "a" * 26
    told = {"id": "7", "externalId": key.upper(), "lastModifiedDate": "2026-11-01T12:00:00Z"}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=told)
        row = {"links": [], "id": "7", "externalid": key}
        return httpx.Response(200, json={"items": [row], "hasMore": False})

    connector = answering(answer, tax="details")
    assert connector.find_order(key) is None
    assert connector.find_orders([key]) == [Done(None)]


def test_several_orders_with_one_key_are_named() -> None:
    key = "os-" + "a" * 26
    rows = [{"id": each, "externalid": key} for each in ("7", "8")]
    connector = answering(lambda request: httpx.Response(200, json={"items": rows, "hasMore": False}))
    (outcome,) = connector.find_orders([key])
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, Ambiguous)
    assert outcome.error.candidates == ("7", "8")


def test_a_customer_is_made_once(desk: Any) -> None:
    first, second = desk.customer(), desk.customer()
    assert first == second
    assert [each.status for each in sent(desk, "customer")] == [204, 400]
    keys = [each.get("externalId") for each in desk.sandbox.store.all("customer")]
    assert keys.count("oc-aaaaaaaaaaaaaaaaaaaaaaaaaa") == 1


def test_a_fulfilment_is_made_once_and_read_back(desk: Any) -> None:
    connector = desk.connector
    placed = connector.create_order(desk.draft())
    connector.update_order(placed.ref, Confirm(), "k")
    key = operation_key(placed.key, "fulfil:1")
    shipment = Fulfillment(
        lines={placed.lines[0].id: Decimal(1)}, tracking=(Tracking(number="1Z77", carrier="UPS"),)
    )
    for _ in range(2):
        connector.update_order(placed.ref, Fulfill(fulfillment=shipment), key)
    assert desk.asked("POST", "!transform") == 1
    (made,) = desk.sandbox.store.all("itemFulfillment")
    assert made["externalId"] == key
    assert made["packages"][0]["packageTrackingNumber"] == "1Z77"
    order = connector.get_order(placed.ref.id)
    assert order.fulfillments[0].tracking[0].number == "1Z77"
    assert order.platform_statuses["order"] == "Partially Fulfilled"
    two = Fulfillment(lines={placed.lines[0].id: Decimal(2)})
    with pytest.raises(Refused, match="1 are left"):
        connector.update_order(placed.ref, Fulfill(fulfillment=two), operation_key(placed.key, "fulfil:2"))
    connector.update_order(placed.ref, Fulfill(fulfillment=Fulfillment()), operation_key(placed.key, "rest"))
    assert connector.get_order(placed.ref.id).platform_statuses["order"] == "Pending Billing"


def test_a_fulfilment_of_other_quantities_is_reported(desk: Any) -> None:
    placed = desk.connector.create_order(desk.draft())
    desk.connector.update_order(placed.ref, Confirm(), "k")
    real = desk.sandbox.docks.told

    def told(made: Any, base: str) -> Any:
        made["shipped"] = dict.fromkeys(made["shipped"], Decimal(1))
        return real(made, base)

    desk.sandbox.docks.told = told
    with pytest.raises(UnexpectedReply, match="other quantities"):
        desk.connector.update_order(placed.ref, Fulfill(fulfillment=Fulfillment()), "os-" + "f" * 26)


def test_a_package_that_was_not_kept_is_noticed(open_desk: Any, caplog: pytest.LogCaptureFixture) -> None:
    desk = open_desk(quirks={"no_packages": ""})
    placed = desk.connector.create_order(desk.draft())
    desk.connector.update_order(placed.ref, Confirm(), "k")
    shipment = Fulfillment(tracking=(Tracking(number="1Z77"),))
    with caplog.at_level(logging.WARNING):
        desk.connector.update_order(placed.ref, Fulfill(fulfillment=shipment), "os-" + "f" * 26)
    assert "memo only" in caplog.text
    (made,) = desk.sandbox.store.all("itemFulfillment")
    assert made["memo"] == "1Z77"


# -- approving, holding, closing -------------------------------------------------------------------------------


def test_orders_are_pending_until_they_are_approved(desk: Any) -> None:
    placed = desk.connector.create_order(desk.draft())
    assert placed.state is PlacedState.DRAFT
    for _ in range(2):
        placed = desk.connector.update_order(placed.ref, Confirm(), "k")
        assert placed.state is PlacedState.CONFIRMED
    assert desk.asked("PATCH") == 1
    held = desk.connector.update_order(placed.ref, SetStatus(status=OrderStatus.HELD), "h")
    assert held.state is PlacedState.DRAFT


def test_orders_stay_pending_if_the_settings_say_so(open_desk: Any) -> None:
    desk = open_desk(approve=False)
    placed = desk.connector.create_order(desk.draft())
    assert desk.connector.update_order(placed.ref, Confirm(), "k").state is PlacedState.DRAFT


def test_cancelling_closes_every_line(desk: Any) -> None:
    placed = desk.connector.create_order(desk.draft())
    for _ in range(2):
        assert desk.connector.update_order(placed.ref, Cancel(), "c").state is PlacedState.CANCELLED
    assert desk.asked("PATCH") == 1
    assert desk.connector.get_order(placed.ref.id).status is OrderStatus.CANCELLED
    with pytest.raises(Refused, match="closed"):
        desk.connector.update_order(placed.ref, Confirm(), "k")


def test_closing_what_is_left_cancels_nothing_that_was_shipped(desk: Any) -> None:
    placed = desk.connector.create_order(desk.draft())
    desk.connector.update_order(placed.ref, Confirm(), "k")
    one = Fulfillment(lines={placed.lines[0].id: Decimal(1)})
    desk.connector.update_order(placed.ref, Fulfill(fulfillment=one), "os-" + "f" * 26)
    assert desk.connector.update_order(placed.ref, Cancel(), "c").state is PlacedState.CONFIRMED


def test_payments_are_not_recorded_on_orders(desk: Any) -> None:
    placed = desk.connector.create_order(desk.draft())
    with pytest.raises(NotOffered):
        desk.connector.update_order(placed.ref, MarkPaid(), "p")
    with pytest.raises(NotOffered):
        desk.connector.update_order(placed.ref, SetStatus(status=OrderStatus.COMPLETED), "p")
    with pytest.raises(NotFound):
        desk.connector.update_order(OrderRef(id="999999"), Confirm(), "k")


# -- money -----------------------------------------------------------------------------------------------------


def test_a_rate_stands_because_the_price_level_is_custom(open_desk: Any) -> None:
    desk = open_desk(quirks={"price_level_wins": ""})
    assert desk.connector.create_order(desk.draft()).totals == desk.draft().expected


def test_without_the_custom_price_level_orders_come_out_at_list_prices(
    open_desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordersync_erp_netsuite.mapping.CUSTOM_PRICE", "1")
    desk = open_desk(quirks={"price_level_wins": ""})
    assert desk.connector.create_order(desk.draft()).totals != desk.draft().expected


def test_rate_and_amount_agree_so_it_does_not_matter_which_one_stands(open_desk: Any) -> None:
    desk = open_desk(quirks={"amount_recomputed": ""})
    draft = desk.draft()
    thirds = draft.lines[0].model_copy(update={"quantity": Decimal(7)})
    odd = draft.model_copy(update={"lines": (thirds, draft.lines[1])})
    assert desk.connector.create_order(odd).totals == draft.expected


def test_a_rate_that_was_cut_is_reported_by_the_totals(open_desk: Any) -> None:
    desk = open_desk({"tax": "legacy"}, quirks={"amount_recomputed": "digits:0"})
    draft = desk.draft()
    thirds = draft.lines[0].model_copy(update={"quantity": Decimal(7)})
    placed = desk.connector.create_order(draft.model_copy(update={"lines": (thirds, draft.lines[1])}))
    assert placed.totals.net == Decimal("82.00")
    assert placed.state is PlacedState.DRAFT


def test_fils_are_refused_before_anything_is_sent(desk: Any) -> None:
    draft = desk.draft()
    line = draft.lines[0].model_copy(
        update={"amounts": draft.lines[0].amounts.model_copy(update={"net": Decimal("80.001")})}
    )
    with pytest.raises(Refused, match="digits"):
        desk.connector.create_order(draft.model_copy(update={"currency": "KWD", "lines": (line,)}))
    assert sent(desk, "salesOrder") == []


def test_a_rate_without_a_tax_code_is_refused_before_anything_is_sent(open_desk: Any) -> None:
    desk = open_desk(tax_codes=[{"rate": "19", "code": 1, "type": 5}])
    with pytest.raises(Refused, match=r"8\.875 % in US"):
        desk.connector.create_order(desk.draft())
    assert sent(desk, "salesOrder") == []


def test_legacy_accounts_refuse_tax_fields(open_desk: Any) -> None:
    desk = open_desk({"tax": "legacy"}, tax="codes", tax_codes=[{"code": 1}])
    with pytest.raises(Refused, match="taxCode"):
        desk.connector.create_order(desk.draft())


def test_a_cent_of_computed_tax_is_made_up_for(open_desk: Any) -> None:
    desk = open_desk({"tax": "legacy"})
    draft = desk.draft(
        expected=Totals(currency="USD", net=Decimal("85.00"), tax=Decimal("7.53"), total=Decimal("92.53"))
    )
    placed = desk.connector.create_order(draft)
    assert placed.totals == draft.expected
    assert [line.position for line in placed.lines] == [0, 1, 2]
    assert desk.connector.create_order(draft).totals == draft.expected
    assert len(desk.order(placed.ref)["lines"]) == 3


def test_an_approved_order_is_never_corrected(open_desk: Any) -> None:
    desk = open_desk({"tax": "legacy"})
    placed = desk.connector.create_order(desk.draft())
    desk.connector.update_order(placed.ref, Confirm(), "k")
    cheaper = Totals(currency="USD", net=Decimal("85.00"), tax=Decimal("7.53"), total=Decimal("92.53"))
    assert desk.connector.create_order(desk.draft(expected=cheaper)).totals.total == Decimal("92.54")
    assert len(desk.order(placed.ref)["lines"]) == 2


def test_a_wrong_tax_is_not_made_up_for(open_desk: Any) -> None:
    desk = open_desk({"tax": "none"}, tax="netsuite")
    placed = desk.connector.create_order(desk.draft())
    assert placed.totals.tax == 0
    assert placed.state is PlacedState.DRAFT
    assert len(desk.order(placed.ref)["lines"]) == 2


def test_an_order_of_a_customer_without_the_currency_is_refused(desk: Any) -> None:
    ref = desk.customer()
    customer = desk.sandbox.store.get("customer", ref.id)
    customer["currencies"] = customer["currencies"][:1]
    draft = desk.draft(customer_ref=ref, currency="EUR")
    with pytest.raises(Refused, match="currency"):
        desk.connector.create_order(draft)


# -- items, customers ------------------------------------------------------------------------------------------


def test_a_matrix_item_is_found_below_its_parent(desk: Any) -> None:
    (matrix,) = [
        each["id"] for each in desk.sandbox.store.all("item") if each["itemId"].endswith(" : CAP-RED")
    ]
    assert desk.connector.resolve_sku("CAP-RED").product_id == matrix
    assert desk.connector.resolve_sku("RED") is None


def test_items_are_found_in_batches_exactly(desk: Any) -> None:
    skus = ["LAMP-01", "lamp-01", "O'NEIL", "TWIN-01", "OLD-01", "nowhere", "OS-FEE"]
    outcomes = desk.connector.resolve_skus(skus)
    lamp, lower, quote, twin, old, nowhere, fee = outcomes
    assert lamp.value.tracks_stock
    assert lower == quote == nowhere == Done(None)
    assert isinstance(twin, Failed)
    assert isinstance(twin.error, Ambiguous)
    assert len(twin.error.candidates) == 2
    assert old.value.sellable is False
    assert (fee.value.tracks_stock, fee.value.requires_shipping) == (False, False)
    assert desk.asked("POST", "suiteql") == 2


def test_an_inactive_twin_is_no_rival(desk: Any) -> None:
    twins = [each for each in desk.sandbox.store.all("item") if each["itemId"].endswith(" : TWIN-01")]
    twins[0]["isInactive"] = True
    item = desk.connector.resolve_sku("TWIN-01")
    assert (item.product_id, item.sellable) == (twins[1]["id"], True)


def test_apostrophes_are_doubled() -> None:
    assert quoted("O'Neil\0' OR '1'='1") == "'O''Neil'' OR ''1''=''1'"


def test_stock_is_told_per_location(open_desk: Any) -> None:
    desk = open_desk()
    lamp, fee = desk.item(), desk.item("OS-FEE")
    gone = lamp.model_copy(update={"product_id": "999999"})
    stock, service, none = (each.value for each in desk.connector.check_stocks([lamp, fee, gone]))
    assert sum(stock.by_location.values()) == stock.available
    assert set(stock.by_location) == {"Main Warehouse", "Second Warehouse"}
    assert service.available is None
    assert none is None
    place = next(each["id"] for each in desk.sandbox.store.all("location"))
    chosen = open_desk(location=place)
    assert chosen.connector.check_stock(chosen.item()).available == stock.by_location["Main Warehouse"]
    order = chosen.order(chosen.connector.create_order(chosen.draft()).ref)
    assert (order["location"], order["lines"][0]["location"]) == (place, place)


def test_customers_are_found_by_key_then_mail_then_phone(desk: Any) -> None:
    ref = desk.customer()
    known = desk.sandbox.store.get("customer", ref.id)
    known["phone"] = "+12125550199"
    find = desk.connector.find_customer
    assert find(Customer(email="else@example.com"), known["externalId"]) == ref
    assert find(Customer(email="Pine.Amber@Example.com"), "oc-x") == ref
    known["email"] = None
    assert find(Customer(email="new@example.com", phone="+1 212 555 0199"), "oc-x") == ref
    assert find(Customer(email="new@example.com"), "oc-x") is None
    known["isInactive"] = True
    assert find(Customer(phone="+12125550199"), "oc-x") is None


def test_twins_among_customers_are_told_apart_by_name_or_not_at_all(desk: Any) -> None:
    store = desk.sandbox.store
    first = store.get("customer", desk.customer().id)
    twin = store.add("customer", {**first, "externalId": None, "lastName": "Birch"})
    ask = Customer(email="pine.amber@example.com", first_name="Buyer", last_name="Birch")
    assert desk.connector.find_customer(ask, "oc-x").id == twin["id"]
    (outcome,) = desk.connector.find_customers(
        [CustomerAsk(Customer(email="pine.amber@example.com"), "oc-x")]
    )
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, Ambiguous)


def test_in_oneworld_a_customer_of_another_subsidiary_is_another(desk: Any) -> None:
    known = desk.sandbox.store.get("customer", desk.customer().id)
    known["subsidiary"] = "2"
    assert desk.connector.find_customer(Customer(email="pine.amber@example.com"), "oc-x") is None


def test_accounts_that_do_not_number_customers_get_a_name_of_their_own(open_desk: Any) -> None:
    plain = open_desk({"numbering": "names"})
    with pytest.raises(Refused, match="already exists"):
        plain.customer()
    named = open_desk({"numbering": "names"}, name_customers=True)
    twin = CUSTOMER_OF_THE_SAME_NAME
    assert named.customer() != named.connector.create_customer(twin, "oc-" + "b" * 26)


# -- reading ---------------------------------------------------------------------------------------------------


def test_a_long_order_is_read_to_its_last_line(open_desk: Any) -> None:
    desk = open_desk(orders=17, quirks={"short_sublists": "3"})
    orders = [order for page in desk.connector.list_orders(OrderQuery()) for order in page.orders]
    assert max(len(order.lines) for order in orders) == 30
    assert all(order.findings == () for order in orders)


def test_a_sublist_of_many_pages_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordersync_erp_netsuite.suite.LARGEST_PAGE", 2)
    lines = [{"line": each, "item": {"id": "5"}} for each in range(1, 6)]

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/item"):
            offset = int(request.url.params["offset"])
            rows = [{"links": [{"href": f"http://x{path}/{each['line']}"}]} for each in lines]
            return httpx.Response(200, json={"items": rows[offset : offset + 2], "hasMore": offset < 4})
        if "/item/" in path:
            return httpx.Response(200, json=lines[int(path.rpartition("/")[2]) - 1])
        return httpx.Response(200, json={"id": "7", "item": {"items": lines[:3], "hasMore": True}})

    record = answering(answer)._suite.record("salesOrder", "7")
    assert record is not None
    assert record["item"]["items"] == lines


@pytest.mark.parametrize("quirk", [{}, {"null_columns": ""}])
def test_empty_columns_may_be_null_or_missing(open_desk: Any, quirk: dict[str, str]) -> None:
    desk = open_desk(orders=5, quirks=quirk)
    (page,) = desk.connector.list_orders(OrderQuery())
    assert len(page.orders) == 5
    assert page.unreadable == ()


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo", "UTC", "Asia/Kolkata"])
@pytest.mark.parametrize("told", [True, False])
def test_suiteql_tells_local_time(open_desk: Any, zone: str, told: bool) -> None:
    desk = open_desk({"timezone": zone}, orders=20, **({"timezone": zone} if told else {}))
    everything = [order for page in desk.connector.list_orders(OrderQuery()) for order in page.orders]
    since = everything[10].updated_at
    pages = list(desk.connector.list_orders(OrderQuery(updated_from=since)))
    found = {order.id for page in pages for order in page.orders}
    assert found >= {order.id for order in everything if order.updated_at >= since}
    last = max(order.updated_at for order in everything)
    assert last - timedelta(hours=1) <= pages[-1].safe_through <= last
    if told:
        assert found == {order.id for order in everything if order.updated_at >= since}
        assert pages[-1].safe_through == last


@pytest.mark.parametrize("real", ["UTC", "America/Los_Angeles"])
def test_a_zone_that_is_not_suiteqls_loses_nothing(open_desk: Any, real: str) -> None:
    """Whether SuiteQL's dates are the account's is reported, not documented: a zone is trusted only if it agrees."""
    desk = open_desk({"timezone": real}, orders=20, timezone="Asia/Tokyo")
    assert any("not in `timezone`" in warning for warning in desk.connector.check_access(True).warnings)
    everything = [order for page in desk.connector.list_orders(OrderQuery()) for order in page.orders]
    since = everything[10].updated_at
    pages = list(desk.connector.list_orders(OrderQuery(updated_from=since)))
    found = {order.id for page in pages for order in page.orders}
    assert found >= {order.id for order in everything if order.updated_at >= since}
    assert pages[-1].safe_through <= everything[-1].updated_at


def test_a_difference_is_measured_on_an_order_that_stands_still(open_desk: Any) -> None:
    """An order that changes between the two readings would give a wrong difference, and orders would be missed."""
    desk = open_desk(orders=3)
    last = max(
        desk.sandbox.store.all("salesOrder"), key=lambda each: (each["lastModifiedDate"], int(each["id"]))
    )
    changes: list[bool] = []
    real = desk.sandbox.sales.told

    def told(order: Any, base: str) -> Any:
        if not changes:
            changes.append(True)
            last["lastModifiedDate"] += timedelta(hours=5)
        return real(order, base)

    desk.sandbox.sales.told = told
    time = desk.connector._shelf._time
    assert time._difference() in (timedelta(hours=-7), timedelta(hours=-8))


def test_the_hour_that_comes_twice_loses_nothing(open_desk: Any) -> None:
    """Los Angeles, 1 November 2026: 9:30 UTC is the second 1:30 there, 8:45 UTC the first 1:45."""
    desk = open_desk(orders=2, timezone="America/Los_Angeles")
    first, second = desk.sandbox.store.all("salesOrder")
    first["lastModifiedDate"] = datetime(2026, 11, 1, 8, 45, tzinfo=UTC)
    second["lastModifiedDate"] = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
    query = OrderQuery(updated_from=datetime(2026, 11, 1, 8, 40, tzinfo=UTC))
    (page,) = desk.connector.list_orders(query)
    assert {order.id for order in page.orders} == {first["id"], second["id"]}
    assert page.safe_through <= first["lastModifiedDate"]


def test_pages_go_by_time_and_id_and_never_by_an_offset(
    open_desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordersync_erp_netsuite.listing.PAGE", 3)
    desk = open_desk(orders=10)
    same = desk.sandbox.now().replace(microsecond=0)
    for order in list(desk.sandbox.store.all("salesOrder"))[:7]:
        order["lastModifiedDate"] = same
    seen: list[str] = []
    for number, page in enumerate(desk.connector.list_orders(OrderQuery())):
        seen += [order.id for order in page.orders]
        if number == 0:
            resumed = [
                o.id for p in desk.connector.list_orders(OrderQuery(cursor=page.cursor)) for o in p.orders
            ]
        if number == 1:
            desk.sandbox.store.get("salesOrder", seen[0])["lastModifiedDate"] = same + timedelta(hours=1)
    ids = {order["id"] for order in desk.sandbox.store.all("salesOrder")}
    assert set(seen) == ids
    assert len(seen) == len(ids) + 1
    assert set(resumed) == ids - set(seen[:3])


def test_an_order_that_cannot_be_told_is_named(open_desk: Any) -> None:
    desk = open_desk(orders=3)
    bad = next(iter(desk.sandbox.store.all("salesOrder")))
    discount = next(each["id"] for each in desk.sandbox.store.all("item") if each["type"] == "Discount")
    bad["lines"].insert(0, {**bad["lines"][0], "line": 0, "item": discount, "amount": Decimal(-1)})
    (page,) = desk.connector.list_orders(OrderQuery())
    assert [each[0] for each in page.unreadable] == [bad["id"]]
    assert "begins with a discount" in page.unreadable[0][1]
    assert len(page.orders) == 2


def test_orders_of_another_subsidiary_are_not_ours(open_desk: Any) -> None:
    desk = open_desk(orders=3)
    other = next(iter(desk.sandbox.store.all("salesOrder")))
    other["subsidiary"] = "2"
    (page,) = desk.connector.list_orders(OrderQuery())
    assert other["id"] not in {order.id for order in page.orders}
    assert desk.connector.get_order(other["id"]) is None
    assert desk.connector.get_order("no-number") is None


def test_an_order_date_is_a_day_in_the_account(open_desk: Any) -> None:
    late = datetime(2026, 10, 2, 3, 0, tzinfo=UTC)
    desk = open_desk(timezone="America/Los_Angeles")
    assert desk.order(desk.connector.create_order(desk.draft(placed_at=late)).ref)["tranDate"] == "2026-10-01"
    plain = open_desk()
    assert (
        plain.order(plain.connector.create_order(plain.draft(placed_at=late)).ref)["tranDate"] == "2026-10-02"
    )


def test_our_own_orders_are_told_with_their_key(desk: Any) -> None:
    placed = desk.connector.create_order(desk.draft())
    assert desk.connector.get_order(placed.ref.id).key == placed.key


# -- setting up ------------------------------------------------------------------------------------------------


def test_what_is_not_set_up_is_named(open_desk: Any) -> None:
    account = open_desk({"setup": "none"}).connector.check_access(True)
    named = " ".join(account.problems)
    assert all(item in named for item in ("OS-SHIPPING", "OS-FEE", "OS-ROUNDING"))
    assert any("KWD" in warning for warning in account.warnings)
    good = open_desk({"auth": "tba"}).connector.check_access(True)
    assert good.problems == ()
    assert any("2027.1" in warning for warning in good.warnings)
    assert good.facts.currencies >= {"USD", "EUR", "KWD"}
    assert good.id == "1234567_SB1"


def test_an_account_with_one_currency_is_asked_for_none(open_desk: Any) -> None:
    desk = open_desk({"hidden": "currency"}, currency="USD")
    placed = desk.connector.create_order(desk.draft())
    assert placed.totals.currency == "USD"
    assert desk.connector.check_access(True).facts.currencies == {"USD"}


@pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.name)
def test_every_quirk_tells_its_symptom_and_where_it_is_told(kind: Any) -> None:
    assert kind.symptom().endswith(".")
    assert kind.story()
    assert all(address.startswith("https://") for address in kind.told)
