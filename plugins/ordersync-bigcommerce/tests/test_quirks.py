"""One test per oddity of the platform, named after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from ordersync import (
    AccessDenied,
    Ambiguous,
    BadInput,
    Confirm,
    CustomerAsk,
    CustomerRef,
    Delivery,
    Done,
    Failed,
    InDoubt,
    Item,
    NotOffered,
    Order,
    OrderQuery,
    OrderRef,
    OrderStatus,
    PlacedState,
    RateLimited,
    Refused,
    SetStatus,
    UnexpectedReply,
)
from ordersync.discovery import offered
from ordersync.hookspecs import ConnectorSpecs
from ordersync.testing.trial import Trial
from ordersync_bigcommerce import BigCommerceConnector
from ordersync_bigcommerce.sandbox import Sandbox

KEY = "os-" + "a" * 26
Connect = Callable[..., BigCommerceConnector]


def listed(connector: BigCommerceConnector, **query: Any) -> list[Order]:
    pages = list(connector.list_orders(OrderQuery(**query)))
    assert pages[-1].cursor is None
    return [order for page in pages for order in page.orders]


def row(number: int, modified: str = "Thu, 18 Jun 2026 12:05:04 +0000", **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "customer_id": 0,
        "date_created": modified,
        "date_modified": modified,
        "status_id": 11,
        "default_currency_code": "USD",
        "total_ex_tax": "0.0000",
        "total_inc_tax": "0.0000",
        "total_tax": "0.0000",
        "items_total": 0,
        "fees": [],
        **changes,
    }


# --- reading -----------------------------------------------------------------------------------------------------------


def test_an_empty_list_is_an_empty_204(open_desk: Any) -> None:
    desk = open_desk()
    assert listed(desk.connector) == []
    assert [one.status for one in desk.recorder.exchanges] == [204]


def test_v2_writes_xml_unless_json_is_accepted(open_desk: Any) -> None:
    desk = open_desk(orders=1)
    listed(desk.connector)
    assert all(one.request_headers["accept"] == "application/json" for one in desk.recorder.exchanges)


@pytest.mark.parametrize(
    "quirks",
    [
        {},
        {"small_pages": ""},
        {"equal_modified": ""},
        {"exclusive_dates": ""},
        {"equal_modified": "", "small_pages": "", "exclusive_dates": ""},
        {"small_pages": "1"},
    ],
    ids=lambda quirks: "+".join(quirks) or "none",
)
def test_every_order_is_listed_once_whatever_the_pages(open_desk: Any, quirks: dict[str, str]) -> None:
    desk = open_desk(orders=9, quirks=quirks, page_size=4)
    orders = listed(desk.connector)
    assert sorted(order.id for order in orders) == [str(number) for number in range(100, 109)]
    assert [order.updated_at for order in orders] == sorted(order.updated_at for order in orders)
    assert all(order.findings == () for order in orders)


def test_an_order_that_changes_while_the_list_is_read_hides_no_other(open_desk: Any) -> None:
    """Numbered pages shift when an order moves to the end; the list is walked by time instead."""
    desk = open_desk(orders=9, page_size=3)
    pages = desk.connector.list_orders(OrderQuery())
    found = [order.id for order in next(pages).orders]
    desk.sandbox.edit_notes(found[0], "touched")
    found += [order.id for page in pages for order in page.orders]
    assert set(found) == {str(number) for number in range(100, 109)}
    assert found.count(found[0]) == 2


def test_a_cursor_remembers_what_it_gave_out_in_its_last_second(open_desk: Any) -> None:
    """The next request begins a second earlier; another process that goes on must not give it out again."""
    desk = open_desk(orders=9, page_size=4, quirks={"equal_modified": ""})
    pages = list(desk.connector.list_orders(OrderQuery()))
    assert len(pages) > 2
    for number, page in enumerate(pages[:-1]):
        rest = desk.connector.list_orders(OrderQuery(cursor=page.cursor))
        later = [order.id for one in pages[number + 1 :] for order in one.orders]
        assert [order.id for one in rest for order in one.orders] == later


@pytest.mark.parametrize("cursor", ["7", "x|1|", "|x|", "||", "|1|7", "|1|7@x", "|1|7@99999999999999999999"])
def test_a_cursor_of_something_else_is_refused(open_desk: Any, cursor: str) -> None:
    with pytest.raises(BadInput):
        list(open_desk().connector.list_orders(OrderQuery(cursor=cursor)))


def test_the_window_of_a_query_is_kept(open_desk: Any) -> None:
    desk = open_desk(orders=12)
    orders = listed(desk.connector)
    low, high = orders[4].updated_at, orders[8].updated_at
    part = listed(desk.connector, updated_from=low, updated_to=high)
    assert [o.id for o in part] == [o.id for o in orders if low <= o.updated_at <= high]
    asked = desk.recorder.exchanges[-1].url
    assert "min_date_modified" in asked
    assert "max_date_modified" in asked


def test_a_filter_that_is_passed_over_is_noticed(open_desk: Any) -> None:
    desk = open_desk(orders=9, quirks={"ignored_filters": "min_date_modified"})
    with pytest.raises(UnexpectedReply, match="before the time"):
        listed(desk.connector, updated_from=desk.clock.now())


def test_a_page_that_comes_again_is_noticed(connect: Connect, store: Any) -> None:
    store.tell("GET v2/orders", [row(100)])
    store.tell("GET v2/orders/100/products", None)
    store.tell("GET v2/orders/100/shipping_addresses", None)
    with pytest.raises(UnexpectedReply, match="same page"):
        listed(connect())


def test_lines_come_in_pages_of_fifty(open_desk: Any, draft: Any, line: Any) -> None:
    desk = open_desk()
    placed = desk.connector.create_order(draft(*(line(number) for number in range(120))))
    assert [one.position for one in placed.lines] == list(range(120))
    assert len(desk.connector.get_order(placed.ref.id).lines) == 120


def paths(desk: Any) -> list[str]:
    """What was asked for, in order."""
    return [one.url.partition("?")[0].partition("/v")[2] for one in desk.recorder.exchanges]


def test_lines_and_addresses_come_with_the_order(open_desk: Any, draft: Any, line: Any) -> None:
    desk = open_desk()
    placed = desk.connector.create_order(draft(*(line(number) for number in range(50)), key=KEY))
    assert [one.position for one in placed.lines] == list(range(50))
    desk.clock.sleep(5)
    assert desk.connector.find_order(KEY) == placed
    (order,) = listed(desk.connector)
    assert len(order.lines) == 50
    assert order.shipping is not None
    assert order == desk.connector.get_order(placed.ref.id)
    assert not any("products" in path or "addresses" in path for path in paths(desk))


def test_a_consignment_holds_fifty_lines_and_warns_of_more(open_desk: Any, draft: Any, line: Any) -> None:
    desk = open_desk()
    placed = desk.connector.create_order(draft(*(line(number) for number in range(51))))
    assert [one.position for one in placed.lines] == list(range(51))
    assert b"__warning__" in desk.recorder.exchanges[1].answer_body
    assert paths(desk)[-2:] == [f"2/orders/{placed.ref.id}/products"] * 2


def test_a_warning_alone_says_that_lines_are_missing(connect: Connect, store: Any) -> None:
    one = {"id": 1, "quantity": 2, "total_ex_tax": "2.0000", "total_inc_tax": "2.0000"}
    parts = {"shipping": [{"id": 5, "line_items": [one], "__warning__": {"message": "not all"}}]}
    order = row(7, items_total=2, consignments=parts, shipping_address_count=1)
    store.tell("GET v2/orders/7", order)
    store.tell("GET v2/orders/7/products", [one, {**one, "id": 2}])
    found = connect().get_order("7")
    assert found is not None
    assert [line.id for line in found.lines] == ["1", "2"]


def test_consignments_without_lines_are_not_believed(open_desk: Any, draft: Any, line: Any) -> None:
    plain, bare = (open_desk(orders=9, quirks=quirks) for quirks in ({}, {"empty_consignments": ""}))
    assert listed(plain.connector) == listed(bare.connector)
    made = draft(line(0), line(1))
    assert [one.position for one in bare.connector.create_order(made).lines] == [0, 1]


@pytest.mark.parametrize("total", [1, 3])
def test_lines_that_are_not_what_the_order_counts_are_asked_for(
    connect: Connect, store: Any, total: int
) -> None:
    lines = [{"id": number, "quantity": 1} for number in (1, 2, 3)]
    parts = {"shipping": [{"id": 5, "line_items": lines[:2]}]}
    order = row(7, items_total=total, shipping_address_count=1, consignments=parts)
    store.tell("GET v2/orders/7", order)
    store.tell("GET v2/orders/7/products", lines)
    found = connect().get_order("7")
    assert found is not None
    assert [line.id for line in found.lines] == ["1", "2", "3"]


def test_lines_of_every_kind_of_consignment_are_lines(connect: Connect, store: Any) -> None:
    def held(number: int) -> dict[str, Any]:
        line = {"id": number, "quantity": 1, "total_ex_tax": "1.0000", "total_inc_tax": "1.0000"}
        return {"id": number, "line_items": [line]}

    parts = {
        "shipping": [{**held(4), "city": "New York"}],
        "pickups": [held(3)],
        "downloads": [held(2)],
        "email": {"gift_certificates": [held(1)]},
    }
    totals = {"total_ex_tax": "4.0000", "total_inc_tax": "4.0000"}
    store.tell(
        "GET v2/orders/7", row(7, items_total=4, shipping_address_count=1, consignments=parts, **totals)
    )
    found = connect().get_order("7")
    assert found is not None
    assert [line.id for line in found.lines] == ["1", "2", "3", "4"]
    assert found.shipping is not None
    assert found.shipping.city == "New York"
    assert found.findings == ()


def test_the_addresses_of_a_consignment_are_not_taken_for_several(connect: Connect, store: Any) -> None:
    """That a consignment has its address's id is not documented, so several are asked for by their own."""
    one = {"id": 1, "quantity": 1, "order_address_id": 5}
    parts = {"shipping": [{"id": 71, "line_items": [one]}, {"id": 72, "line_items": []}]}
    store.tell("GET v2/orders/7", row(7, items_total=1, shipping_address_count=2, consignments=parts))
    store.tell("GET v2/orders/7/shipping_addresses", [{"id": 5}, {"id": 6}])
    found = connect().get_order("7")
    assert found is not None
    assert found.extra["shipping_addresses"] == [5, 6]


def test_refunds_of_many_orders_are_one_list_that_says_no_end(open_desk: Any) -> None:
    desk = open_desk(orders=3, quirks={"small_pages": ""})
    for number in ("100", "101", "102"):
        for amount in ("1.00", "2.00"):
            desk.sandbox.refund(number, Decimal(amount), units=1)
    orders = listed(desk.connector)
    assert {order.id: [one.amount for one in order.refunds] for order in orders} == {
        number: [Decimal(1), Decimal(2)] for number in ("100", "101", "102")
    }
    assert sum("refunds" in path for path in paths(desk)) == 3


def test_an_order_that_is_deleted_before_its_refunds_are_read_stops_no_other(
    connect: Connect, store: Any
) -> None:
    store.tell("GET v2/orders", [row(number, status_id=4) for number in (7, 8)], None)
    for number in (7, 8):
        store.tell(f"GET v2/orders/{number}/products", None)
        store.tell(f"GET v2/orders/{number}/shipping_addresses", None)
    store.tell("GET v3/orders/8/payment_actions/refunds", {"data": []})
    page = next(connect().list_orders(OrderQuery()))
    assert [order.id for order in page.orders] == ["8"]
    assert page.unreadable == (("7", "it was deleted while it was read"),)


def test_a_refund_without_its_order_is_an_unexpected_reply(connect: Connect, store: Any) -> None:
    store.tell("GET v2/orders", [row(number, status_id=4) for number in (7, 8, 9)], None)
    for number in (7, 8, 9):
        store.tell(f"GET v2/orders/{number}/products", None)
    store.tell("GET v3/orders/payment_actions/refunds", {"data": [{"id": 1}], "meta": {}}, {"data": []})
    with pytest.raises(UnexpectedReply, match="without its order"):
        listed(connect())


def test_a_short_page_of_lines_is_not_taken_for_the_last(open_desk: Any, draft: Any, line: Any) -> None:
    desk = open_desk(quirks={"small_pages": "", "empty_consignments": ""})
    placed = desk.connector.create_order(draft(*(line(number) for number in range(8))))
    assert [one.position for one in placed.lines] == list(range(8))


def test_a_short_page_of_taxes_is_not_taken_for_the_last(open_desk: Any) -> None:
    plain, small = (open_desk(orders=17, quirks=quirks) for quirks in ({}, {"small_pages": ""}))
    read = [desk.connector.get_order("116") for desk in (plain, small)]
    assert len(read[0].lines) == 30
    assert read[0] == read[1]


def test_fees_are_a_link_unless_they_are_asked_for(connect: Connect, store: Any) -> None:
    link = {"url": "https://api.bigcommerce.com/x", "resource": "/orders/100/fees"}
    order = row(100, fees=link, items_total=1, total_ex_tax="12.0000", total_inc_tax="12.0000")
    store.tell("GET v2/orders/100", order)
    line = {"id": 1, "product_id": 7, "quantity": 1, "total_ex_tax": "10.0000", "total_inc_tax": "10.0000"}
    store.tell("GET v2/orders/100/products", [line])
    store.tell("GET v2/orders/100/shipping_addresses", None)
    fee = {"id": 1, "display_name_customer": "A Fee", "cost_ex_tax": "2.0000", "cost_inc_tax": "2.0000"}
    store.tell("GET v2/orders/100/fees", {"fees": [fee]})
    found = connect().get_order("100")
    assert found is not None
    assert [charge.title for charge in found.charges] == ["A Fee"]
    assert found.findings == ()


def test_a_missing_order_is_none_and_a_strange_id_is_never_asked_for(open_desk: Any) -> None:
    desk = open_desk()
    assert desk.connector.get_order("5") is None
    asked = desk.sandbox.requests
    assert desk.connector.get_order("../customers") is None
    assert desk.connector.get_order("") is None
    assert desk.sandbox.requests == asked


def test_an_order_that_cannot_be_read_is_named(connect: Connect, store: Any) -> None:
    bad = row(101, "Thu, 18 Jun 2026 12:06:04 +0000", default_currency_code="DOLLAR")
    store.tell("GET v2/orders", [row(100), bad], None)
    for number in (100, 101):
        store.tell(f"GET v2/orders/{number}/products", None)
        store.tell(f"GET v2/orders/{number}/shipping_addresses", None)
    pages = list(connect().list_orders(OrderQuery()))
    assert [order.id for order in pages[0].orders] == ["100"]
    ((named, why),) = pages[0].unreadable
    assert named == "101"
    assert "currency" in why
    assert "DOLLAR" not in why


def test_an_order_that_is_deleted_while_it_is_read_is_named(connect: Connect, store: Any) -> None:
    store.tell("GET v2/orders", [row(100)], None)
    (page, *_) = connect().list_orders(OrderQuery())
    assert page.unreadable == (("100", "it was deleted while it was read"),)


def test_abandoned_checkouts_are_no_orders_yet(open_desk: Any) -> None:
    desk = open_desk(orders=1)
    desk.sandbox.set_status("100", 0)
    order = desk.connector.get_order("100")
    assert order.status is OrderStatus.UNKNOWN
    assert order.platform_statuses["order"] == "Incomplete"


def test_refunded_amount_is_always_zero_so_refunds_are_asked_for(open_desk: Any) -> None:
    desk = open_desk(orders=1)
    desk.sandbox.refund("100", Decimal("2.50"), units=1)
    order = desk.connector.get_order("100")
    assert [(one.amount, one.note) for one in order.refunds] == [(Decimal("2.50"), "Returned")]
    assert order.findings == ()


def test_without_the_right_to_read_customers_the_billing_address_speaks(open_desk: Any) -> None:
    scopes = "store_v2_orders,store_v2_information_read_only"
    desk = open_desk(orders=9, options={"scopes": scopes})
    known = next(one["id"] for one in desk.sandbox.store.orders.values() if one["customer_id"])
    order = desk.connector.get_order(str(known))
    assert order.customer.last_name == order.billing.last_name
    assert order.customer.id


# --- limits and errors -------------------------------------------------------------------------------------------------


def test_the_window_is_kept_ahead_of_time(open_desk: Any) -> None:
    desk = open_desk(orders=20, options={"quota": "5", "window": "10000"})
    before = desk.clock.now()
    assert len(listed(desk.connector)) == 20
    assert all(one.status != 429 for one in desk.recorder.exchanges)
    assert desk.clock.now() - before >= timedelta(seconds=40)


def test_429_names_the_wait_in_milliseconds(connect: Connect, store: Any, clock: Any) -> None:
    limited = httpx.Response(429, json={"title": "slow down"}, headers={"x-rate-limit-time-reset-ms": "4250"})
    store.tell("GET v2/orders/7", limited, row(7))
    store.tell("GET v2/orders/7/products", None)
    store.tell("GET v2/orders/7/shipping_addresses", None)
    before = clock.now()
    assert connect().get_order("7")
    assert (clock.now() - before).total_seconds() == pytest.approx(4.25, abs=0.01)


def test_429_without_headers_backs_off(open_desk: Any) -> None:
    desk = open_desk(orders=1, quirks={"overload": "3"})
    before = desk.clock.now()
    assert desk.connector.get_order("100")
    assert (desk.clock.now() - before).total_seconds() >= 0.5 + 1 + 2


def test_a_limit_that_does_not_end_is_told_with_its_moment(connect: Connect, store: Any, clock: Any) -> None:
    store.tell("GET v2/orders/7", httpx.Response(429, headers={"x-rate-limit-time-reset-ms": "29000"}))
    connector = connect()
    with pytest.raises(RateLimited) as caught:
        connector.get_order("7")
    assert caught.value.when
    assert caught.value.when - clock.now() <= timedelta(seconds=29)
    store.answers["GET v2/orders/7"] = [None]
    before = clock.now()
    assert connector.get_order("7") is None
    assert (clock.now() - before).total_seconds() == pytest.approx(29, abs=0.1), (
        "whoever asks next waits as well"
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([{"status": 400, "message": "The field 'zip' is invalid."}], "The field 'zip' is invalid."),
        ({"status": 400, "message": "Bad"}, "Bad"),
        ([{"message": "No", "details": {"invalid_reason": "too short"}}], "invalid_reason: too short"),
        ([{"message": "No", "details": [{"field": "zip"}]}], "field: zip"),
        ({"title": "Invalid", "errors": {"0.email": "already in use"}}, "0.email: already in use"),
        ({"title": "Invalid", "errors": []}, "Invalid"),
        ({"title": "In use: buyer.amber@example.com"}, "In use: (an e-mail address)"),
        ("plain words", "HTTP 400"),
        ([], "HTTP 400"),
    ],
)
def test_errors_of_both_versions_are_read(
    connect: Connect, store: Any, draft: Any, body: Any, said: str
) -> None:
    store.tell("GET v2/currencies", None)
    store.tell("POST v2/orders", httpx.Response(400, json=body))
    with pytest.raises(Refused) as caught:
        connect().create_order(draft())
    assert said in str(caught.value)


def test_a_scope_that_is_missing_is_named(open_desk: Any) -> None:
    desk = open_desk(options={"scopes": "store_v2_orders_read_only"})
    account = desk.connector.check_access(True)
    assert account.missing_scopes == (
        "store_v2_information_read_only",
        "store_v2_customers",
        "store_v2_products_read_only",
        "store_inventory_read_only",
    )
    assert all("scope" in problem for problem in account.problems)
    assert account.id == "sandbox1"


def test_a_wrong_token_stops_everything(open_desk: Any) -> None:
    with pytest.raises(AccessDenied, match="access token"):
        open_desk(access_token="wrong").connector.check_access(False)


def test_another_store_is_not_found(open_desk: Any) -> None:
    with pytest.raises(Refused, match="store was not found"):
        open_desk(store_hash="other").connector.check_access(False)


# --- writing -----------------------------------------------------------------------------------------------------------


def test_reading_back_may_fail_after_the_order_was_made(connect: Connect, store: Any, draft: Any) -> None:
    store.tell("GET v2/currencies", None)
    store.tell("POST v2/orders", row(7))
    store.tell("GET v2/orders/7/products", httpx.Response(403, json=[{"message": "no"}]))
    with pytest.raises(InDoubt, match="was created"):
        connect().create_order(draft())


def test_an_order_that_comes_back_without_its_key_is_stamped(
    connect: Connect, store: Any, draft: Any
) -> None:
    store.tell("GET v2/currencies", None)
    store.tell("POST v2/orders", row(7, external_order_id=""))
    store.tell("PUT v2/orders/7", row(7, external_order_id=KEY))
    store.tell("GET v2/orders/7/products", None)
    assert connect().create_order(draft(key=KEY)).key == KEY
    assert store.bodies()[-1] == {"external_order_id": KEY}
    store.answers["PUT v2/orders/7"] = [httpx.ReadTimeout("late")]
    with pytest.raises(InDoubt):
        connect().create_order(draft(key=KEY))


@pytest.mark.parametrize(("told", "asked"), [(11, 2), (0, 3)])
def test_an_answer_that_does_not_show_the_change_is_not_believed(
    connect: Connect, store: Any, told: int, asked: int
) -> None:
    before, after = row(7, status_id=0, items_total=1), row(7, status_id=11, items_total=1)
    lines = {"shipping": [{"id": 5, "line_items": [{"id": 1, "quantity": 1}]}]}
    store.tell("GET v2/orders/7", {**before, "consignments": lines}, {**after, "consignments": lines})
    store.tell("PUT v2/orders/7", row(7, status_id=told, items_total=1))
    placed = connect().update_order(OrderRef(id="7"), Confirm(), "os-confirm")
    assert (placed.state, [one.id for one in placed.lines]) == (PlacedState.CONFIRMED, ["1"])
    assert len(store.asked) == asked


def test_what_is_remembered_of_the_store_is_forgotten_when_it_refuses(open_desk: Any, draft: Any) -> None:
    desk = open_desk()
    desk.connector.create_order(draft())
    with pytest.raises(Refused):
        desk.connector.create_order(draft(customer_ref=CustomerRef(id="999999")))
    desk.connector.create_order(draft())
    asked = [one for one in desk.recorder.exchanges if one.url.partition("?")[0].endswith("v2/currencies")]
    assert len(asked) == 2


@pytest.mark.parametrize("quirks", [{}, {"ignored_filters": ""}, {"ignored_filters": "", "small_pages": ""}])
def test_a_key_is_compared_exactly_even_if_the_filter_is_passed_over(
    open_desk: Any, draft: Any, quirks: dict[str, str]
) -> None:
    desk = open_desk(orders=9, quirks=quirks)
    placed = desk.connector.create_order(draft(key=KEY))
    desk.clock.sleep(5)
    assert desk.connector.find_order(KEY) == placed
    assert desk.connector.find_order(KEY.upper()) is None


def test_too_many_orders_without_a_filter_prove_nothing(connect: Connect, store: Any) -> None:
    class Endless(list[Any]):
        pass

    store.answers["GET v2/orders"] = [[row(number)] for number in range(1, 40)]
    with pytest.raises(UnexpectedReply, match="without regard to the key"):
        connect().find_order(KEY)


def test_a_new_order_shows_in_lists_later(open_desk: Any, draft: Any) -> None:
    desk = open_desk(quirks={"slow_index": ""})
    placed = desk.connector.create_order(draft(key=KEY))
    assert desk.connector.find_order(KEY) is None
    desk.clock.sleep(desk.connector.facts.index_lag.total_seconds())
    assert desk.connector.find_order(KEY) == placed


def test_prices_that_the_store_rounds_are_noticed(open_desk: Any, draft: Any, line: Any) -> None:
    made = draft(line(0, "0.10", quantity=Decimal(8)))
    rounding = {"rounded_prices": ""}
    assert open_desk(quirks=rounding).connector.create_order(made).totals != made.expected
    told = open_desk(quirks=rounding, price_digits=2).connector.create_order(made)
    assert told.totals == made.expected
    assert [one.position for one in told.lines] == [0, 0]


def test_a_line_that_no_price_gives_is_split(open_desk: Any, draft: Any, line: Any) -> None:
    desk = open_desk()
    made = draft(line(0, "10.00", "0.91", quantity=Decimal(3)), line(1, "5.90", kind="shipping"))
    placed = desk.connector.create_order(made)
    assert placed.totals == made.expected
    assert [one.position for one in placed.lines] == [0, 0, 0, 1]
    assert sum(one.quantity for one in desk.connector.get_order(placed.ref.id).lines) == 3


def test_notes_that_somebody_rewrote_claim_no_lines(open_desk: Any, draft: Any) -> None:
    desk = open_desk()
    placed = desk.connector.create_order(draft(key=KEY))
    desk.sandbox.edit_notes(placed.ref.id, "Called the buyer.")
    desk.clock.sleep(5)
    found = desk.connector.find_order(KEY)
    assert [one.position for one in found.lines] == [None]
    assert found.totals == placed.totals


def test_a_currency_of_the_store_is_named_only_if_it_is_not_its_own(open_desk: Any, draft: Any) -> None:
    desk = open_desk()
    expected = draft().expected
    euro = draft(currency="EUR", expected=expected.model_copy(update={"currency": "EUR"}))
    assert desk.connector.create_order(draft()).totals.currency == "USD"
    assert desk.connector.create_order(euro).totals.currency == "EUR"
    bodies = [one.request_body for one in desk.recorder.exchanges if one.method == "POST"]
    assert [b"default_currency_code" in body for body in bodies] == [False, True]
    asked = [one for one in desk.recorder.exchanges if one.url.partition("?")[0].endswith("v2/currencies")]
    assert len(asked) == 1, "they are remembered"


def test_a_store_of_one_currency_says_so(open_desk: Any) -> None:
    account = open_desk(options={"multi_currency": "false"}).connector.check_access(False)
    assert account.facts.currencies == {"USD"}


def test_an_order_can_wait_unconfirmed_for_its_totals(open_desk: Any, draft: Any) -> None:
    from ordersync import Confirm

    desk = open_desk(unconfirmed_first=True)
    made = draft()
    placed = desk.connector.create_order(made)
    assert placed.state is PlacedState.DRAFT
    for _ in range(2):
        confirmed = desk.connector.update_order(placed.ref, Confirm(placed_at=made.placed_at), "os-c")
    assert confirmed.state is PlacedState.CONFIRMED
    assert desk.connector.get_order(placed.ref.id).placed_at == made.placed_at
    puts = [one for one in desk.recorder.exchanges if one.method == "PUT"]
    assert len(puts) == 1


def test_a_status_that_there_is_none_for(open_desk: Any, draft: Any) -> None:
    connector = open_desk().connector
    placed = connector.create_order(draft())
    with pytest.raises(NotOffered):
        connector.update_order(placed.ref, SetStatus(status=OrderStatus.UNKNOWN), "os-s")


# --- people and goods --------------------------------------------------------------------------------------------------


def test_an_address_is_taken_once_so_the_account_that_has_it_is_answered(
    open_desk: Any, customer: Any
) -> None:
    desk = open_desk()
    first = desk.connector.create_customer(customer)
    again = desk.connector.create_customer(customer.model_copy(update={"email": "Buyer.TOPAZ@example.com"}))
    assert again == first


def test_a_batch_that_is_refused_together_is_made_one_by_one(open_desk: Any, customer: Any) -> None:
    desk = open_desk()
    taken = customer.model_copy(update={"email": "buyer.amber@example.com"})
    nobody = customer.model_copy(update={"email": None})
    answers = desk.connector.create_customers(
        [CustomerAsk(one, f"oc-{i}") for i, one in enumerate((customer, taken, nobody))]
    )
    assert [type(one) for one in answers] == [Done, Done, Failed]
    assert answers[1].value == desk.connector.find_customer(taken, "oc-1")
    assert "e-mail" in str(answers[2].error)


def test_several_accounts_with_one_phone_are_ambiguous(open_desk: Any, customer: Any) -> None:
    desk = open_desk()
    for mail in ("one@example.com", "two@example.com"):
        desk.connector.create_customer(customer.model_copy(update={"email": mail}))
    with pytest.raises(Ambiguous):
        desk.connector.find_customer(customer.model_copy(update={"email": None}), "oc-1")
    assert desk.connector.find_customer(customer, "oc-1") is None, (
        "an e-mail address that nobody has is nobody's"
    )


def test_a_name_is_required_so_the_company_stands_in(open_desk: Any) -> None:
    from ordersync import Company, Customer

    desk = open_desk()
    buyer = Customer(email="sales@example.com", company=Company(name="Amber Trading"))
    ref = desk.connector.create_customer(buyer)
    made = desk.sandbox.store.customers[int(ref.id)]
    assert (made["first_name"], made["last_name"]) == ("Amber Trading", "Amber Trading")


@pytest.mark.parametrize("quirks", [{}, {"no_sku_list": ""}, {"no_sku_list": "", "small_pages": ""}])
def test_skus_are_found_though_the_list_of_skus_is_undocumented(
    open_desk: Any, quirks: dict[str, str]
) -> None:
    connector = open_desk(quirks=quirks).connector
    found = connector.resolve_skus(["TSHIRT-XL", "MUG-01", "NOT-THERE", "A,B", "MUG-01"])
    assert [one.value.sku if one.value else None for one in found] == [
        "TSHIRT-XL",
        "MUG-01",
        None,
        None,
        "MUG-01",
    ]
    assert connector.resolve_sku("mug-01") is None


def test_two_variants_with_one_sku_are_ambiguous(open_desk: Any) -> None:
    desk = open_desk()
    with pytest.raises(Ambiguous) as caught:
        desk.connector.resolve_sku("TWIN-01")
    assert len(caught.value.candidates) == 2
    first = int(caught.value.candidates[0])
    desk.sandbox.store.variants[first]["disabled"] = True
    assert desk.connector.resolve_sku("TWIN-01").variant_id == caught.value.candidates[1]


def test_stock_is_counted_per_location(open_desk: Any, mug: Item) -> None:
    whole, one = (open_desk(**more).connector.check_stock(mug) for more in ({}, {"location": 1}))
    assert whole is not None
    assert one is not None
    assert whole.available == sum(whole.by_location.values())
    assert set(whole.by_location) == {"1", "2"}
    assert one.by_location == {"1": whole.by_location["1"]}


def test_stock_that_is_not_tracked_is_always_there(open_desk: Any, mug: Item) -> None:
    desk = open_desk()
    for product in desk.sandbox.store.products.values():
        product["tracking"] = "none"
    item = desk.connector.resolve_sku("MUG-01")
    assert not item.tracks_stock
    assert desk.connector.check_stock(item).available is None
    assert desk.connector.check_stock(mug) is None, "it is gone from the list of stock"


def test_a_coupon_can_be_used_or_not(open_desk: Any) -> None:
    desk = open_desk()
    assert desk.connector.check_discount("WELCOME").valid
    assert desk.connector.check_discount("welcome") is None
    old = desk.connector.check_discount("OLD")
    assert (old.valid, old.reason) == (False, "it has expired")
    first = next(iter(desk.sandbox.store.coupons.values()))
    first.update(most=3, uses=3)
    assert desk.connector.check_discount("WELCOME").reason == "it was used as often as it may be"
    first["enabled"] = False
    assert desk.connector.check_discount("WELCOME").reason == "it is switched off"


# --- the real transfer, under every quirk ------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize(
    "quirk", [kind.name for kind in Sandbox.quirk_kinds() if kind.name != "rounded_prices"]
)
def test_the_transfer_keeps_its_promises_under_every_quirk(side: Any, quirk: str) -> None:
    with Trial("bigcommerce", {quirk: ""}, side=side, orders=4) as trial:
        assert trial.run() <= 3
        assert trial.wrong() == []


def test_every_quirk_tells_its_symptom_and_where_it_was_told() -> None:
    for kind in Sandbox.own_quirks:
        assert kind.symptom().endswith(".")
        assert kind.story()
        assert all(address.startswith("https://") for address in kind.told)
        assert kind.told


def test_a_webhook_that_comes_twice_is_one_event(open_desk: Any, draft: Any) -> None:
    desk = open_desk(quirks={"duplicate_webhooks": ""})
    desk.connector.subscribe("https://hooks.example.com/o", ["order.created"])
    desk.connector.create_order(draft())
    ids = [
        event.id
        for one in desk.sandbox.hand_out()
        for event in desk.connector.receive(
            Delivery(headers=one.headers, body=one.body, received_at=desk.clock.now())
        ).events
    ]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_what_a_window_says_unreadably_is_passed_over(connect: Connect, store: Any, clock: Any) -> None:
    strange = {"x-rate-limit-requests-left": "few", "x-rate-limit-time-reset-ms": "soon"}
    store.tell("GET v2/orders", httpx.Response(204, headers=strange))
    assert listed(connect()) == []
    assert clock.now() == datetime(2026, 11, 1, 12, tzinfo=UTC)


# --- the connector -----------------------------------------------------------------------------------------------------


def test_what_bigcommerce_cannot_do_to_the_cent_or_in_batches_is_left_out() -> None:
    left_out = {"add_line_item", "create_orders", "get_orders", "update_orders"}
    hooks = {name for name in vars(ConnectorSpecs) if not name.startswith("_")}
    assert hooks.difference(offered(BigCommerceConnector)) == left_out


def test_facts_say_how_far_the_platform_goes(connect: Connect) -> None:
    facts = BigCommerceConnector.facts
    assert facts.index_lag.total_seconds() > 0
    assert (facts.arithmetic.line_total, facts.arithmetic.tax) == ("given", "given")
    assert not facts.draft_first
    assert connect(unconfirmed_first=True).facts.draft_first
    assert facts.batch_sizes["create_customers"] == 10


@pytest.mark.parametrize("given", ["", "ABC", "stores/abc", "https://api.bigcommerce.com/stores/abc"])
def test_the_store_hash_is_the_bare_id(connect: Connect, given: str) -> None:
    with pytest.raises(ValidationError, match="store_hash"):
        connect(store_hash=given)


@pytest.mark.parametrize("odd", [7, "no", {"data": 7}, {"data": "no"}])
def test_refunds_of_another_form_are_an_unexpected_reply(connect: Connect, store: Any, odd: Any) -> None:
    store.tell("GET v2/orders/7", row(7, status_id=4))
    store.tell("GET v2/orders/7/products", None)
    store.tell("GET v2/orders/7/shipping_addresses", None)
    store.tell("GET v3/orders/7/payment_actions/refunds", odd)
    with pytest.raises(UnexpectedReply):
        connect().get_order("7")
