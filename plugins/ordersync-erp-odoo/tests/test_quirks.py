"""One test per oddity of Odoo, named after it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from ordersync import (
    AccessDenied,
    Address,
    Ambiguous,
    BadSettings,
    BatchRefused,
    Cancel,
    Company,
    Confirm,
    Customer,
    Done,
    Draft,
    Failed,
    Fulfill,
    Fulfillment,
    InDoubt,
    LineKind,
    MarkPaid,
    NotOffered,
    OrderQuery,
    OrderStatus,
    PlacedState,
    Refused,
    SetStatus,
    Totals,
    Tracking,
    TryLater,
    UnexpectedReply,
    Unreachable,
    operation_key,
    order_key,
)
from ordersync.web import Access, Reply, VirtualClock
from ordersync_erp_odoo import OdooConnector
from ordersync_erp_odoo.rpc import verdicts

KEY = "never-show-this-key-4711"


def reply(status: int = 200, data: Any = None, body: bytes = b"") -> Reply:
    return Reply(status, {}, body, data, "")


def fault(name: str, message: str = "said") -> dict[str, Any]:
    inner = {"name": name, "message": message, "debug": "trace"}
    return {"jsonrpc": "2.0", "id": 1, "error": {"code": 0, "message": "Odoo Server Error", "data": inner}}


# -- errors ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "read", "write"),
    [
        ("odoo.exceptions.AccessDenied", AccessDenied, AccessDenied),
        ("odoo.exceptions.AccessError", AccessDenied, AccessDenied),
        ("odoo.exceptions.MissingError", Refused, Refused),
        ("odoo.exceptions.UserError", Refused, Refused),
        ("odoo.exceptions.ValidationError", Refused, Refused),
        ("builtins.ValueError", UnexpectedReply, Refused),
        ("builtins.AttributeError", UnexpectedReply, Refused),
        ("psycopg2.errors.SerializationFailure", TryLater, TryLater),
        ("psycopg2.OperationalError", TryLater, InDoubt),
    ],
)
def test_an_error_inside_a_200_is_known_by_its_class(name: str, read: type, write: type) -> None:
    for repeatable, wanted in ((True, read), (False, write)):
        assert isinstance(verdicts(reply(data=fault(name)), repeatable), wanted)
        assert isinstance(verdicts(reply(500, {"name": name, "message": "x"}), repeatable), wanted)


def test_a_404_without_json_is_a_wrong_database_or_address() -> None:
    assert isinstance(verdicts(reply(404, body=b"<html>"), True), AccessDenied)
    assert isinstance(
        verdicts(reply(404, {"name": "werkzeug.exceptions.NotFound", "message": "x"}), True), Refused
    )


def test_the_traceback_is_never_told() -> None:
    error = verdicts(reply(data=fault("odoo.exceptions.UserError", "wrong state")), True)
    assert "wrong state" in str(error)
    assert "trace" not in str(error)


def answering(answers: Callable[[dict[str, Any]], Any], **more: Any) -> OdooConnector:
    """A connector on a scripted server; `answers` gets `model`, `method` and the arguments of each call."""

    def answer(request: httpx.Request) -> httpx.Response:
        params = json.loads(request.content)["params"]
        if params["service"] == "common":
            result: Any = {"server_version": "17.0"} if params["method"] == "version" else 2
        else:
            model, method, args, kwargs = params["args"][3:]
            result = answers({"model": model, "method": method, "args": args, "kwargs": kwargs})
        if isinstance(result, httpx.Response):
            return result
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, "result": result})

    given = {
        "url": "http://odoo.test",
        "database": "shop",
        "login": "api",
        "api_key": KEY,
        "protocol": "jsonrpc",
    }
    settings = OdooConnector.settings_model.model_validate({**given, **more})
    return OdooConnector(settings, Access(transport=httpx.MockTransport(answer), clock=VirtualClock()))


def test_a_wrong_password_is_answered_false() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        method = json.loads(request.content)["params"]["method"]
        return httpx.Response(
            200,
            json={
                "jsonrpc": "2.0",
                "id": 1,
                "result": {"server_version": "17.0"} if method == "version" else False,
            },
        )

    settings = OdooConnector.settings_model.model_validate(
        {"url": "http://odoo.test", "database": "shop", "login": "api", "api_key": KEY}
    )
    connector = OdooConnector(settings, Access(transport=httpx.MockTransport(answer), clock=VirtualClock()))
    with pytest.raises(AccessDenied, match="refuses the login"):
        connector.check_access(thorough=True)


def test_json_rpc_without_a_login_is_a_bad_setting() -> None:
    with pytest.raises(BadSettings, match="login"):
        answering(lambda call: [], login=None).check_access(thorough=True)


def test_several_companies_need_a_choice() -> None:
    def answers(call: dict[str, Any]) -> Any:
        if call["method"] == "fields_get":
            return {"id": {}, "name": {}}
        return [{"id": 1, "name": "North"}, {"id": 2, "name": "South"}]

    with pytest.raises(BadSettings, match=r"1 \(North\), 2 \(South\)"):
        answering(answers).find_order("os-x")
    assert answering(answers, company="South")._catalog.company.id == 2


@pytest.mark.parametrize("way", ["17 jsonrpc", "19 jsonrpc", "19 json2"])
def test_a_bad_key_is_denied(open_desk: Any, way: str) -> None:
    with pytest.raises(AccessDenied) as caught:
        open_desk(way, api_key=KEY).connector.check_access(thorough=True)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("way", ["17 jsonrpc", "19 jsonrpc", "19 json2"])
def test_an_unknown_database_is_denied(open_desk: Any, way: str) -> None:
    with pytest.raises(AccessDenied, match="database"):
        open_desk(way, database="nosuchdb").connector.check_access(thorough=True)


def test_closed_before_the_first_call_it_opens_nothing(open_desk: Any) -> None:
    desk = open_desk()
    desk.connector.close()
    with pytest.raises(Unreachable):
        desk.connector.find_order("os-x")
    assert desk.sandbox.requests == 0


# -- the account -----------------------------------------------------------------------------------------------


def test_facts_are_sharpened_by_what_the_server_says(open_desk: Any) -> None:
    old = open_desk("17 jsonrpc", options={"rounding": "round_globally"}).connector.check_access(
        thorough=True
    )
    new = open_desk("19 json2").connector.check_access(thorough=True)
    assert old.problems == new.problems == ()
    rules = old.facts.arithmetic
    assert (rules.price_digits, rules.tax_rounding, rules.included_tax, rules.included_order_rounding) == (
        2,
        "order",
        "net_first",
        False,
    )
    rules = new.facts.arithmetic
    assert (rules.price_digits, rules.tax_rounding, rules.included_tax, rules.included_order_rounding) == (
        None,
        "line",
        "tax_first",
        True,
    )
    assert "EUR" in new.facts.currencies
    assert old.id == new.id == "odoo.sandbox/odoo/1"


def test_auto_takes_json_2_from_19_on(open_desk: Any) -> None:
    def taken(way: str, **options: str) -> str:
        account = open_desk(way, options=options).connector.check_access(thorough=True)
        return str(account.api_version)

    assert taken("17 auto") == "17.0, JSON-RPC"
    assert taken("19 auto") == "19.0, JSON-2"
    assert taken("19 auto", protocols="json-rpc") == "19.0, JSON-RPC"
    assert taken("19 auto", protocols="json-2") == "JSON-2"


def test_what_a_person_must_set_up_is_named(open_desk: Any) -> None:
    account = open_desk(options={"setup": "none"}).connector.check_access(thorough=True)
    for word in ("OS-SHIPPING", "OS-FEE", "OS-ROUNDING", "amount 0.01", "amount -0.01"):
        assert any(word in problem for problem in account.problems), word


@pytest.mark.parametrize("way", ["17 jsonrpc", "19 json2"])
def test_missing_rights_are_named(open_desk: Any, way: str) -> None:
    account = open_desk(way, options={"rights": "no-contacts"}).connector.check_access(thorough=True)
    assert "res.partner: create" in account.missing_scopes
    assert any("Contact Creation" in problem for problem in account.problems)
    account = open_desk(way, options={"rights": "none"}).connector.check_access(thorough=True)
    assert "sale.order: read" in account.missing_scopes


def test_a_warehouse_that_is_not_there_is_named(open_desk: Any) -> None:
    account = open_desk(warehouse="MOON").connector.check_access(thorough=True)
    assert any("MOON" in problem for problem in account.problems)


# -- orders written --------------------------------------------------------------------------------------------


def test_asked_twice_there_is_one_order(desk: Any) -> None:
    draft = desk.draft()
    placed = desk.connector.create_order(draft)
    assert placed.state is PlacedState.DRAFT
    assert placed.totals == draft.expected
    assert [line.position for line in placed.lines] == [0, 1]
    assert desk.connector.create_order(draft) == placed
    assert desk.connector.find_order(draft.key) == placed
    (standing,) = desk.sandbox.standing()
    assert (standing.key, standing.lines, standing.total) == (draft.key, 2, draft.expected.total)


def test_the_load_itself_makes_no_second_order(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = desk.draft()
    placed = desk.connector.create_order(draft)
    monkeypatch.setattr(desk.connector._desk, "find", lambda keys: [Done(None) for _ in keys])
    again = desk.connector.create_order(draft)
    assert again == placed
    assert len(desk.sandbox.standing()) == 1


def test_the_pricelist_guards_a_confirmed_order(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = desk.draft()
    placed = desk.connector.create_order(draft)
    confirmed = desk.connector.update_order(placed.ref, Confirm(placed_at=draft.placed_at), "k")
    looks = iter([[Done(None)]])
    find = desk.connector._desk.find
    monkeypatch.setattr(desk.connector._desk, "find", lambda keys: next(looks, None) or find(keys))
    dearer = draft.lines[0].model_copy(update={"asked_price": Decimal(999)})
    changed = draft.model_copy(update={"lines": (dearer, *draft.lines[1:])})
    assert desk.connector.create_order(changed) == confirmed


def test_confirming_twice_is_no_error_and_keeps_the_date(desk: Any) -> None:
    draft = desk.draft()
    placed = desk.connector.create_order(draft)
    desk.clock.sleep(3600)
    for _ in range(2):
        after = desk.connector.update_order(placed.ref, Confirm(placed_at=draft.placed_at), "k")
        assert after.state is PlacedState.CONFIRMED
        assert after.totals == draft.expected
    order = desk.connector.get_order(placed.ref.id)
    assert order.placed_at == draft.placed_at
    assert order.key == draft.key


def test_confirm_off_leaves_a_quotation(open_desk: Any) -> None:
    desk = open_desk(confirm=False)
    placed = desk.connector.create_order(desk.draft())
    assert desk.connector.update_order(placed.ref, Confirm(), "k").state is PlacedState.DRAFT


def test_a_confirmed_order_is_really_cancelled(desk: Any) -> None:
    draft = desk.draft()
    placed = desk.connector.create_order(draft)
    desk.connector.update_order(placed.ref, Confirm(), "k")
    for _ in range(2):
        assert desk.connector.update_order(placed.ref, Cancel(), "k").state is PlacedState.CANCELLED
    assert desk.connector.find_order(draft.key).state is PlacedState.CANCELLED
    with pytest.raises(Refused, match="cancelled"):
        desk.connector.update_order(placed.ref, Confirm(), "k")


def test_payments_are_not_offered(desk: Any) -> None:
    placed = desk.connector.create_order(desk.draft())
    with pytest.raises(NotOffered):
        desk.connector.update_order(placed.ref, MarkPaid(), "k")
    with pytest.raises(NotOffered):
        desk.connector.update_order(placed.ref, SetStatus(status=OrderStatus.COMPLETED), "k")


def test_the_number_stands_where_people_look_and_the_po_number_is_kept(open_desk: Any) -> None:
    for field, other in (("origin", "client_order_ref"), ("client_order_ref", "origin")):
        desk = open_desk(key_field=field)
        plain = desk.connector.create_order(desk.draft("1"))
        bought = desk.connector.create_order(desk.draft("2", po_number="PO-77"))
        rows = desk.call("sale.order", "read", [int(plain.ref.id), int(bought.ref.id)], fields=[field, other])
        assert [row[field] for row in rows] == [plain.key, bought.key]
        assert [row[other] for row in rows] == ["Shopify #1", "PO-77 (Shopify #2)"]
        assert desk.connector.find_order(plain.key) == plain


def test_a_copy_of_an_order_is_not_the_order(desk: Any) -> None:
    draft = desk.draft()
    placed = desk.connector.create_order(draft)
    copied = {"partner_id": int(draft.customer_ref.id), "origin": draft.key}
    desk.call("sale.order", "create", write=True, vals_list=[copied])
    assert desk.connector.find_order(draft.key) == placed


def test_a_key_without_its_external_id_is_ambiguous(desk: Any) -> None:
    key = order_key("test", "account", "x")
    partner = int(desk.customer().id)
    desk.call("sale.order", "create", write=True, vals_list=[{"partner_id": partner, "origin": key}])
    with pytest.raises(Ambiguous):
        desk.connector.find_order(key)


def test_external_ids_are_a_map_by_record(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.connector._odoo, "call", lambda *_, **__: {"error": "ordersync.os-1"})
    with pytest.raises(UnexpectedReply):
        desk.connector._odoo.external_ids("sale.order", [1])


def test_a_note_does_not_empty_the_terms_of_other_orders(desk: Any) -> None:
    drafts = [desk.draft("1"), desk.draft("2", note="ring <twice>"), desk.draft("3")]
    outcomes = desk.connector.create_orders(drafts)
    assert [outcome.value.key for outcome in outcomes] == [draft.key for draft in drafts]
    assert desk.connector.get_order(outcomes[1].value.ref.id).note == "ring <twice>"


def test_a_batch_is_made_whole_or_not_at_all(desk: Any) -> None:
    drafts = [desk.draft(str(number)) for number in range(3)]
    gone = drafts[1].lines[0].item.model_copy(update={"variant_id": "999999"})
    bad = drafts[1].lines[0].model_copy(update={"item": gone})
    drafts[1] = drafts[1].model_copy(update={"lines": (bad, drafts[1].lines[1])})
    with pytest.raises(BatchRefused) as caught:
        desk.connector.create_orders(drafts)
    assert caught.value.index == 1
    assert caught.value.fields
    assert desk.sandbox.standing() == []
    with pytest.raises(Refused):
        desk.connector.create_order(drafts[1])


def test_a_rate_that_odoo_does_not_have_fails_its_order_only(desk: Any) -> None:
    drafts = [desk.draft("1"), desk.draft("2")]
    tax = drafts[1].lines[0].amounts.taxes[0].model_copy(update={"rate": Decimal("0.23")})
    amounts = drafts[1].lines[0].amounts.model_copy(update={"taxes": (tax,)})
    odd = drafts[1].lines[0].model_copy(update={"amounts": amounts})
    drafts[1] = drafts[1].model_copy(update={"lines": (odd, drafts[1].lines[1])})
    good, bad = desk.connector.create_orders(drafts)
    assert isinstance(good, Done)
    assert isinstance(bad, Failed)
    assert "23 %" in str(bad.error)
    assert "Create a sale tax" in bad.error.remedy


def test_the_order_takes_its_currency_from_a_pricelist(open_desk: Any) -> None:
    desk = open_desk()
    expected = Totals(currency="EUR", net=Decimal(85), tax=Decimal("7.54"), total=Decimal("92.54"))
    placed = desk.connector.create_order(desk.draft("1", currency="EUR", expected=expected))
    assert placed.totals == expected
    with pytest.raises(Refused, match="no pricelist in CHF"):
        desk.connector.create_order(desk.draft("2", currency="CHF"))


def test_totals_that_come_out_otherwise_are_corrected(desk: Any) -> None:
    plain = desk.draft()
    off = Totals(currency="USD", net=Decimal("84.98"), tax=Decimal("7.57"), total=Decimal("92.55"))
    draft = plain.model_copy(update={"expected": off})
    placed = desk.connector.create_order(draft)
    assert placed.totals == off
    assert [line.position for line in placed.lines] == [0, 1, None, None]
    confirmed = desk.connector.update_order(placed.ref, Confirm(), "k")
    assert confirmed.totals == off


def test_a_difference_that_is_no_rounding_is_left_to_a_person(desk: Any) -> None:
    plain = desk.draft()
    wrong = Totals(currency="USD", net=Decimal(80), tax=Decimal("7.54"), total=Decimal("87.54"))
    placed = desk.connector.create_order(plain.model_copy(update={"expected": wrong}))
    assert placed.totals == plain.expected
    assert len(placed.lines) == 2


def test_one_more_line_is_added_once(desk: Any) -> None:
    draft = desk.draft()
    placed = desk.connector.create_order(draft)
    key = operation_key(draft.key, "line:2")
    more = draft.lines[0].model_copy(update={"position": 2, "key": key})
    first = desk.connector.add_line_item(placed.ref, more)
    assert desk.connector.add_line_item(placed.ref, more) == first
    found = desk.connector.find_order(draft.key)
    assert [line.position for line in found.lines] == [0, 1, 2]
    assert found.totals.net == Decimal("165.00")


def test_a_conflict_of_two_writers_is_looked_at_and_tried_again() -> None:
    loads = []

    def answers(call: dict[str, Any]) -> Any:
        if call["method"] == "fields_get":
            return {"id": {}, "name": {}, "email": {}}
        if call["method"] == "load":
            loads.append(call["args"])
            if len(loads) == 1:
                said = "could not serialize access due to concurrent update\n"
                return {"ids": False, "messages": [{"type": "error", "message": said}], "nextrow": 0}
            return {"ids": [41], "messages": [], "nextrow": 0}
        return [{"id": 1, "name": "North"}]

    ref = answering(answers).create_customer(Customer(email="a@example.com"), "oc-a")
    assert ref.id == "41"
    assert loads[0] == loads[1]


# -- customers -------------------------------------------------------------------------------------------------


def test_a_customer_is_not_doubled(desk: Any) -> None:
    customer = Customer(id="8", email="New.Fern@Example.com", first_name="Buyer", last_name="Fern")
    assert desk.connector.find_customer(customer, "oc-fern") is None
    ref = desk.connector.create_customer(customer, "oc-fern")
    assert desk.connector.create_customer(customer, "oc-fern") == ref
    shouted = customer.model_copy(update={"email": " new.fern@example.COM"})
    assert desk.connector.find_customer(shouted, "oc-other") == ref


def test_of_several_with_one_address_the_stamped_one_is_taken(desk: Any) -> None:
    customer = Customer(id="8", email="twin.fern@example.com", first_name="Buyer", last_name="Fern")
    first = desk.connector.create_customer(customer, "oc-one")
    second = desk.connector.create_customer(customer, "oc-two")
    assert first != second
    assert desk.connector.find_customer(customer, "oc-two") == second
    assert desk.connector.find_customer(customer, "oc-three") == first


def test_a_phone_number_finds_who_has_no_other_address(desk: Any) -> None:
    customer = Customer(id="8", phone="+12125550188", first_name="Buyer", last_name="Fern")
    ref = desk.connector.create_customer(customer, "oc-fern")
    assert desk.connector.find_customer(customer, "oc-fern") == ref
    other = customer.model_copy(update={"email": "somebody.else@example.com"})
    assert desk.connector.find_customer(other, "oc-x") == ref


def test_a_company_is_a_company(desk: Any) -> None:
    customer = Customer(
        id="8",
        email="buying@example.com",
        first_name="Buyer",
        last_name="Gale",
        company=Company(name="Gale Trading", vat="DE123456788"),
        address=Address(line1="Hafen 1", city="Hamburg", country="DE"),
    )
    ref = desk.connector.create_customer(customer, "oc-gale")
    fields = ["name", "is_company", "vat"]
    (row,) = desk.call("res.partner", "read", [int(ref.id)], fields=fields)
    assert [row[field] for field in fields] == ["Gale Trading", True, "DE123456788"]


def test_addresses_are_used_again_and_made_once(desk: Any) -> None:
    elsewhere = Address(first_name="Buyer", last_name="Birch", line1="2 Elm Way", city="Albany", country="US")

    def children() -> int:
        domain = [["parent_id", "=", int(desk.customer().id)]]
        return len(desk.call("res.partner", "search_read", domain=domain, fields=["id"]))

    desk.connector.create_orders([desk.draft("1")])
    assert children() == 0
    drafts = [desk.draft(number, shipping=elsewhere) for number in ("2", "3")]
    desk.connector.create_orders(drafts)
    desk.connector.create_order(desk.draft("4", billing=elsewhere, shipping=elsewhere))
    assert children() == 1
    order = desk.connector.get_order(desk.connector.find_order(drafts[0].key).ref.id)
    assert order.shipping.line1 == "2 Elm Way"
    assert order.billing.line1 == "9 Pine Road"


def test_an_order_without_a_customer_is_refused(desk: Any) -> None:
    draft = desk.draft().model_copy(update={"customer_ref": None})
    with pytest.raises(Refused, match="without a customer"):
        desk.connector.create_order(draft)


# -- items -----------------------------------------------------------------------------------------------------


def test_stock_is_told_per_warehouse(desk: Any) -> None:
    lamp, gone = desk.item(), desk.item().model_copy(update={"variant_id": "999999"})
    there, missing = desk.connector.check_stocks([lamp, gone])
    assert there.value.available == sum(there.value.by_location.values())
    assert missing.value is None


# -- shipping --------------------------------------------------------------------------------------------------


def shipped(desk: Any, draft: Draft, lines: dict[str, Decimal], key: str, number: str = "T-1") -> Any:
    placed = desk.connector.find_order(draft.key)
    parcel = Fulfillment(lines=lines, tracking=(Tracking(number=number),))
    desk.connector.update_order(placed.ref, Fulfill(fulfillment=parcel), key)
    return desk.connector.get_order(placed.ref.id)


@pytest.mark.parametrize("way", ["17 jsonrpc", "19 json2"])
def test_a_part_is_shipped_once_and_the_rest_later(open_desk: Any, way: str) -> None:
    desk = open_desk(way, options={"stock_delivery": "yes"})
    draft = desk.draft()
    placed = desk.connector.create_order(draft)
    desk.connector.update_order(placed.ref, Confirm(), "k")
    part = {placed.lines[0].id: Decimal(1)}
    for _ in range(2):
        order = shipped(desk, draft, part, "ship-1")
        assert order.fulfillment_status == "partial"
    assert order.fulfillments[0].lines == part
    assert order.fulfillments[0].tracking[0].number == "T-1"
    assert shipped(desk, draft, {}, "ship-2", "T-2").fulfillment_status == "fulfilled"
    assert len(shipped(desk, draft, {}, "ship-2", "T-2").fulfillments) == 2
    with pytest.raises(Refused, match="nothing to deliver"):
        shipped(desk, draft, {}, "ship-3")


def test_more_than_was_ordered_is_not_shipped(desk: Any) -> None:
    draft = desk.draft()
    placed = desk.connector.create_order(draft)
    desk.connector.update_order(placed.ref, Confirm(), "k")
    with pytest.raises(Refused, match="More than is open"):
        shipped(desk, draft, {placed.lines[0].id: Decimal(3)}, "ship-1")


def test_without_a_field_for_it_the_tracking_number_is_reported(
    desk: Any, caplog: pytest.LogCaptureFixture
) -> None:
    draft = desk.draft()
    placed = desk.connector.create_order(draft)
    desk.connector.update_order(placed.ref, Confirm(), "k")
    assert shipped(desk, draft, {}, "ship-1").fulfillment_status == "fulfilled"
    assert "no field for tracking" in caplog.text
    assert not desk.connector.check_access(thorough=True).facts.tracking


# -- orders read -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["17 jsonrpc", "19 json2"])
def test_orders_that_share_a_second_are_all_listed(
    open_desk: Any, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordersync_erp_odoo.listing.PAGE", 4)
    desk = open_desk(way)
    for start in range(0, 30, 10):
        outcomes = desk.connector.create_orders([desk.draft(str(n)) for n in range(start, start + 10)])
        for outcome in outcomes:
            desk.connector.update_order(outcome.value.ref, Confirm(), "k")
        desk.clock.sleep(0.4)
    pages = list(desk.connector.list_orders(OrderQuery()))
    ids = [order.id for page in pages for order in page.orders]
    assert len(ids) == len(set(ids)) == 30
    assert pages[-1].cursor is None
    seen: list[str] = []
    cursor = None
    while True:
        page = next(desk.connector.list_orders(OrderQuery(cursor=cursor)))
        seen += [order.id for order in page.orders]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == ids
    last = pages[-1].safe_through
    again = list(desk.connector.list_orders(OrderQuery(updated_from=last, updated_to=last)))
    assert any(page.orders for page in again)
    later = OrderQuery(updated_from=last + timedelta(seconds=2))
    assert not any(page.orders for page in desk.connector.list_orders(later))


def test_an_order_that_changes_meanwhile_comes_again(open_desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordersync_erp_odoo.listing.PAGE", 2)
    desk = open_desk()
    placed = [
        outcome.value for outcome in desk.connector.create_orders([desk.draft(str(n)) for n in range(5)])
    ]
    for each in placed:
        desk.connector.update_order(each.ref, Confirm(), "k")
    pages = desk.connector.list_orders(OrderQuery())
    first = next(pages)
    desk.clock.sleep(10)
    desk.connector.update_order(placed[0].ref, Cancel(), "k")
    rest = [order.id for page in pages for order in page.orders]
    assert {order.id for order in first.orders} | set(rest) == {each.ref.id for each in placed}
    assert placed[0].ref.id in rest


def test_quotations_are_listed_only_if_wanted(open_desk: Any) -> None:
    for wanted, count in ((False, 0), (True, 1)):
        desk = open_desk(quotations=wanted)
        desk.connector.create_order(desk.draft())
        orders = [order for page in desk.connector.list_orders(OrderQuery()) for order in page.orders]
        assert len(orders) == count
        assert all(order.status is OrderStatus.HELD for order in orders)


def test_a_page_costs_a_fixed_number_of_calls(open_desk: Any) -> None:
    def calls(orders: int) -> int:
        desk = open_desk(orders=orders)
        list(desk.connector.list_orders(OrderQuery()))
        before = desk.sandbox.requests
        list(desk.connector.list_orders(OrderQuery()))
        return int(desk.sandbox.requests - before)

    assert calls(60) <= calls(10) + 3


@pytest.mark.parametrize("rounding", ["round_per_line", "round_globally"])
@pytest.mark.parametrize("way", ["17 jsonrpc", "19 json2"])
def test_every_order_of_the_sandbox_adds_up(open_desk: Any, way: str, rounding: str) -> None:
    desk = open_desk(way, orders=60, options={"rounding": rounding}, quotations=True)
    pages = list(desk.connector.list_orders(OrderQuery()))
    orders = [order for page in pages for order in page.orders]
    assert not [each for page in pages for each in page.unreadable]
    standing = {each.id: each for each in desk.sandbox.standing()}
    assert set(standing) == {order.id for order in orders}
    for order in orders:
        there = standing[order.id]
        assert (order.tax, order.total) == (there.tax, there.total)
        assert order.findings == ()


def test_an_unknown_order_is_none(desk: Any) -> None:
    assert desk.connector.get_order("999999") is None
    assert desk.connector.get_order("S00001") is None


# -- webhooks --------------------------------------------------------------------------------------------------


def test_a_webhook_counts_only_where_a_secret_is_set(open_desk: Any) -> None:
    desk = open_desk(webhook_secret=None)
    sent = desk.sandbox.delivery(str(desk.sandbox.long_order(1)))
    for headers in (sent.headers, {"x-ordersync-secret": ""}):
        with pytest.raises(AccessDenied):
            desk.connector.receive(dataclasses.replace(sent, headers=headers))


def test_a_webhook_about_another_model_says_nothing(desk: Any) -> None:
    sent = desk.sandbox.signed(b'{"_model": "res.partner", "_id": 7, "_action": "x"}')
    assert desk.connector.receive(sent).events == ()


# -- taxes -----------------------------------------------------------------------------------------------------


def test_the_settings_choose_among_taxes(open_desk: Any) -> None:
    desk = open_desk()
    taxes = desk.connector._catalog
    tax = desk.draft().lines[0].amounts.taxes[0].model_copy(update={"rate": Decimal("0.19")})
    desk.connector.find_order("x")
    ids = [row.id for row in taxes.taxes() if row.amount == 19]
    plain = taxes.tax_ids([tax], included=True, country="DE")
    other = next(each for each in ids if each not in plain)
    chosen = open_desk(taxes=[{"rate": 19.0, "included": True, "country": "DE", "tax": other}])
    chosen.connector.find_order("x")
    assert chosen.connector._catalog.tax_ids([tax], included=True, country="DE") == (other,)
    assert chosen.connector._catalog.tax_ids([tax], included=True, country="FR") == plain


def test_two_taxes_of_one_rate_need_two_records(open_desk: Any) -> None:
    desk = open_desk()
    desk.connector.find_order("x")
    tax = desk.draft().lines[0].amounts.taxes[0]
    with pytest.raises(Refused, match=r"8\.875 %") as caught:
        desk.connector._catalog.tax_ids([tax, tax], included=False, country="US")
    assert "a further" in caught.value.remedy


def test_kinds_of_lines_have_their_products(open_desk: Any) -> None:
    desk = open_desk()
    draft = desk.draft()
    fee = draft.lines[1].model_copy(update={"kind": LineKind.TIP, "title": "Tip"})
    placed = desk.connector.create_order(draft.model_copy(update={"lines": (draft.lines[0], fee)}))
    order = desk.connector.get_order(placed.ref.id)
    assert [charge.kind for charge in order.charges] == ["fee"]
