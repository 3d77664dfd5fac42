"""One test per oddity of WooCommerce, named after it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ordersync import (
    AccessDenied,
    Address,
    Ambiguous,
    Amounts,
    Cancel,
    Customer,
    CustomerRef,
    Done,
    DraftLine,
    Failed,
    Fulfill,
    Fulfillment,
    InDoubt,
    LineKind,
    MarkPaid,
    NotFound,
    NotOffered,
    OrderQuery,
    OrderRef,
    OrderStatus,
    Payment,
    PaymentStatus,
    PlacedState,
    Refused,
    SetStatus,
    Tax,
    Totals,
    Tracking,
    UnexpectedReply,
    UpdateAsk,
)
from ordersync.testing.contract.blows import said
from ordersync.testing.contract.canaries import texts_of
from ordersync.testing.contract.wire import Strike
from ordersync.web import dump
from ordersync_woocommerce.sandbox.populate import add_coupon, add_customer, add_product

D = Decimal


def read_all(stall: Any, **query: Any) -> list[Any]:
    return [order for page in stall.connector.list_orders(OrderQuery(**query)) for order in page.orders]


# -- coming in -----------------------------------------------------------------------------------------------------


def test_basic_counts_over_tls_only_and_oauth_is_signed_anew_each_time(open_stall: Any) -> None:
    secure, plain = open_stall(url="https://shop.sandbox"), open_stall(url="http://shop.sandbox")
    for stall, scheme in ((secure, "Basic"), (plain, "OAuth")):
        stall.connector.check_access(thorough=True)
        proofs = [request.headers["authorization"] for request in stall.requests]
        assert all(proof.startswith(scheme) for proof in proofs)
        assert len(set(proofs)) == (1 if scheme == "Basic" else len(proofs))


@pytest.mark.parametrize("url", ["http://shop.sandbox", "https://shop.sandbox"])
def test_a_wrong_secret_is_access_denied(open_stall: Any, url: str) -> None:
    stall = open_stall(url=url, consumer_secret="cs_other")
    with pytest.raises(AccessDenied, match="woocommerce_rest_authentication_error"):
        stall.connector.check_access(thorough=False)


def test_an_oauth_request_cannot_be_played_again(stall: Any) -> None:
    stall.connector.check_access(thorough=False)
    sent = stall.wire.exchanges[0]
    assert sent.response.status_code == 200
    again = stall.sandbox.transport().handle_request(sent.request)
    assert again.status_code == 401
    assert b"nonce" in again.read()


def test_an_old_oauth_request_is_refused(stall: Any) -> None:
    stall.connector.check_access(thorough=False)
    stall.clock.sleep(16 * 60)
    assert b"timestamp" in stall.sandbox.transport().handle_request(stall.requests[0]).read()


def test_plain_permalinks_are_reached_by_rest_route(open_stall: Any) -> None:
    stall = open_stall(options={"permalinks": "plain"}, orders=4)
    assert stall.connector.check_access(thorough=True).problems == ()
    assert len(read_all(stall)) == 4
    assert {request.url.path for request in stall.requests} == {"/"}
    lost = open_stall(options={"permalinks": "plain"}, permalinks="pretty")
    with pytest.raises(UnexpectedReply, match='permalinks = "plain"'):
        lost.connector.check_access(thorough=False)


def test_where_the_key_travels(open_stall: Any) -> None:
    for key_in, in_header in (("header", True), ("query", False)):
        stall = open_stall(url="https://shop.sandbox", key_in=key_in)
        stall.connector.check_access(thorough=True)
        assert stall.requests
        for request in stall.requests:
            assert ("authorization" in request.headers) is in_header
            assert ("consumer_secret" in request.url.params) is not in_header


def test_what_the_shop_says_of_a_buyer_is_not_told_on(stall: Any) -> None:
    """Its own words name the address of an account that is there already."""
    email = "buyer.canary@example.com"
    body = {
        "code": "registration-error-email-exists",
        "message": f"An account is already registered with {email}. Please log in.",
        "data": {"status": 400},
    }
    with stall.wire.striking(Strike(said(400, dump(body)))), pytest.raises(Refused) as caught:
        stall.connector.create_customer(Customer(email=email), "os-1")
    assert not any(email in text for text in texts_of(caught.value))


@pytest.mark.parametrize("status", [{}, {"environment": {"version": "11.0.1"}, "settings": {"currency": ""}}])
def test_nothing_is_guessed_of_a_shop_that_does_not_say_how_it_counts(stall: Any, status: Any) -> None:
    with stall.wire.striking(Strike(said(200, dump(status)))), pytest.raises(UnexpectedReply):
        stall.connector.resolve_sku("LAMP-01")
    assert stall.item().currency == "USD"


def test_local_pickup_is_refused_as_a_shipping_method(open_stall: Any) -> None:
    """It would tax at the shop's own address."""
    with pytest.raises(ValueError, match="local pickup"):
        open_stall(shipping_method="local_pickup")


def test_a_read_only_key_is_found_without_writing(open_stall: Any) -> None:
    stall = open_stall(consumer_key="ck_sandbox_read", consumer_secret="cs_sandbox_read")
    account = stall.connector.check_access(thorough=True)
    assert account.missing_scopes == ("write",)
    assert "Read/Write" in account.problems[0]
    with pytest.raises(AccessDenied) as caught:
        stall.connector.create_order(stall.draft())
    assert caught.value.scopes == ("write",)


# -- listing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", ["0", "9", "-5", "5.5"])
def test_times_are_right_in_a_shop_of_any_time_zone(open_stall: Any, hours: str) -> None:
    stall = open_stall(options={"timezone": hours}, orders=30)
    everything = read_all(stall)
    middle = everything[15].updated_at
    expected = [order.id for order in everything if order.updated_at >= middle]
    assert [order.id for order in read_all(stall, updated_from=middle)] == expected
    until = [order.id for order in everything if order.updated_at <= middle]
    assert [order.id for order in read_all(stall, updated_to=middle)] == until
    for request in stall.requests:
        assert request.url.params.get("dates_are_gmt", "true") == "true"
        assert not request.url.params.get("modified_after", "").endswith("Z")


def test_a_zone_together_with_the_flag_is_wrong_by_the_offset(open_stall: Any) -> None:
    """Why times are sent without a zone: the stand-in is as wrong as the real shop is."""
    stall = open_stall(options={"timezone": "9"}, orders=10)
    at = read_all(stall)[5].updated_at.strftime("%Y-%m-%dT%H:%M:%S")
    shop = stall.connector._shop
    right = len(shop.get("orders", modified_after=at, dates_are_gmt="true").data)
    wrong = len(shop.get("orders", modified_after=f"{at}Z", dates_are_gmt="true").data)
    local = len(shop.get("orders", modified_after=at).data)
    assert right == len(shop.get("orders", modified_after=f"{at}Z").data) > 0
    assert wrong == 0
    assert local == 10


def test_an_order_that_changes_between_two_pages_hides_no_other(open_stall: Any) -> None:
    stall = open_stall(orders=12, page_size=4)
    ids = {str(order_id) for order_id in stall.sandbox.store.orders}
    seen = []
    for number, page in enumerate(stall.connector.list_orders(OrderQuery())):
        seen += [order.id for order in page.orders]
        if number == 0:
            first = stall.order(page.orders[0].id)
            stall.sandbox.orders.update(first, {}, stall.sandbox.now)
    assert set(seen) == ids
    assert len(seen) == len(ids) + 1


def test_many_orders_of_one_second_are_listed_once_each(open_stall: Any) -> None:
    stall = open_stall(orders=17, page_size=3)
    for order in stall.sandbox.store.orders.values():
        order["modified"] = stall.sandbox.now
    pages = list(stall.connector.list_orders(OrderQuery()))
    ids = [order.id for page in pages for order in page.orders]
    assert len(ids) == len(set(ids)) == 17
    rest = stall.connector.list_orders(OrderQuery(cursor=pages[1].cursor))
    assert [order.id for page in rest for order in page.orders] == ids[6:]


def test_a_shop_that_passes_over_modified_after_is_found_out(stall: Any, open_stall: Any) -> None:
    stall = open_stall(orders=5)
    last = read_all(stall)[-1].updated_at + timedelta(hours=1)
    plain = stall.sandbox.orders.found
    stall.sandbox.orders.found = lambda asked: plain({"orderby": "modified", "order": "asc"})
    with pytest.raises(UnexpectedReply, match="last change"):
        read_all(stall, updated_from=last)


def test_custom_statuses_are_unknown_until_the_settings_say_what_they_mean(open_stall: Any) -> None:
    for settings, expected in (
        ({}, OrderStatus.UNKNOWN),
        ({"statuses": {"pre-ordered": "held"}}, OrderStatus.HELD),
    ):
        stall = open_stall(orders=2, **settings)
        next(iter(stall.sandbox.store.orders.values()))["status"] = "pre-ordered"
        assert read_all(stall)[0].status is expected
        assert read_all(stall)[0].platform_statuses == {"order": "pre-ordered"}


def test_statuses_are_pushed_down_unless_custom_ones_could_be_meant(open_stall: Any) -> None:
    stall = open_stall(orders=20)
    wanted = frozenset({OrderStatus.CANCELLED})
    assert {order.status for order in read_all(stall, statuses=wanted)} == {OrderStatus.CANCELLED}
    assert stall.requests[-1].url.params["status"] == "cancelled"
    read_all(stall, statuses=wanted | {OrderStatus.UNKNOWN})
    assert "status" not in stall.requests[-1].url.params


# -- found again ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("storage", ["hpos", "legacy"])
def test_the_key_is_found_on_both_storages_in_one_request_for_many(open_stall: Any, storage: str) -> None:
    stall = open_stall(options={"storage": storage}, orders=5)
    drafts = [stall.draft(number) for number in ("1", "2", "3")]
    stall.connector.create_orders(drafts)
    stall.wire.exchanges.clear()
    found = stall.connector.find_orders([draft.key for draft in drafts])
    assert [outcome.value.key for outcome in found] == [draft.key for draft in drafts]
    assert [outcome.value.totals for outcome in found] == [draft.expected for draft in drafts]
    assert len(stall.wire.exchanges) == 1


def test_a_payments_transaction_id_keeps_its_field(stall: Any) -> None:
    paid = Payment(amount=D("92.54"), gateway="cards", method="Card", transaction_id="ch_1")
    placed = stall.connector.create_order(stall.draft(payments=(paid,)))
    assert stall.order(placed.ref.id)["transaction_id"] == "ch_1"
    order = stall.connector.get_order(placed.ref.id)
    assert order.payments[0].transaction_id == "ch_1"
    assert order.key == stall.draft().key


def test_an_overlong_transaction_id_would_be_cut_and_stands_in_a_field_instead(stall: Any) -> None:
    long = "t" * 101
    paid = Payment(amount=D("92.54"), transaction_id=long)
    placed = stall.connector.create_order(stall.draft(payments=(paid,)))
    assert stall.order(placed.ref.id)["transaction_id"] == ""
    assert stall.connector.get_order(placed.ref.id).metadata["ordersync_transactions"] == long


def test_a_trashed_order_is_not_made_again(stall: Any) -> None:
    draft = stall.draft()
    placed = stall.connector.create_order(draft)
    stall.connector._shop.delete(f"orders/{placed.ref.id}")
    assert read_all(stall) == []
    found = stall.connector.find_order(draft.key)
    assert (found.ref, found.state) == (placed.ref, PlacedState.CANCELLED)


def test_the_filter_is_regardless_of_case_and_hits_are_compared(stall: Any) -> None:
    draft = stall.draft()
    placed = stall.connector.create_order(draft)
    stall.order(placed.ref.id)["created_via"] = draft.key.upper()
    assert stall.connector.find_order(draft.key) is None


def test_a_filter_that_is_passed_over_is_never_trusted(open_stall: Any) -> None:
    stall = open_stall(options={"version": "9.8.5"}, orders=3)
    with pytest.raises(UnexpectedReply, match="created_via"):
        stall.connector.find_order("os-abc")


def test_a_version_that_cannot_keep_the_key_is_only_read(open_stall: Any) -> None:
    stall = open_stall(options={"version": "9.8.5"}, orders=3)
    assert "9.9" in stall.connector.check_access(thorough=False).problems[0]
    assert len(read_all(stall)) == 3
    with pytest.raises(NotOffered, match="9\\.9"):
        stall.connector.create_order(stall.draft())
    assert len(stall.sandbox.standing()) == 3


def test_an_order_that_lost_the_key_on_its_way_is_in_doubt(stall: Any) -> None:
    plain = stall.sandbox.orders.create

    def without(body: Any, now: datetime, **more: Any) -> Any:
        return plain({**body, "created_via": None}, now, **more)

    stall.sandbox.orders.create = without
    with pytest.raises(InDoubt, match="without our key"):
        stall.connector.create_order(stall.draft())


# -- totals --------------------------------------------------------------------------------------------------------


def test_the_shops_own_taxes_are_switched_off_and_the_sources_are_a_fee(stall: Any) -> None:
    placed = stall.connector.create_order(stall.draft())
    order = stall.order(placed.ref.id)
    assert order["totals"]["total_tax"] == 0
    assert [(fee["name"], fee["total"]) for fee in order["fees"]] == [("Tax", D("7.54"))]
    assert placed.totals == stall.draft().expected
    read = stall.connector.get_order(placed.ref.id)
    assert (read.net, read.tax, read.total, read.findings) == (D("85.00"), D("7.54"), D("92.54"), ())


def test_real_taxes_are_asked_for_where_they_come_out(open_stall: Any) -> None:
    stall = open_stall(taxes="real")
    placed = stall.connector.create_order(stall.draft())
    order = stall.order(placed.ref.id)
    assert order["totals"]["total_tax"] == D("7.54")
    assert (order["fees"], placed.totals) == ([], stall.draft().expected)


def test_a_line_is_nudged_until_its_tax_rounds_to_the_sources(open_stall: Any) -> None:
    """80.00 at 8.875 % is 7.10; the source rounded per unit and says 7.11, for which no total exists within half a cent."""
    stall = open_stall(taxes="real")
    first, second = stall.draft().lines
    for taxed, real in (("7.11", False), ("7.10", True)):
        amounts = first.amounts.model_copy(
            update={"taxes": (first.amounts.taxes[0].model_copy(update={"amount": D(taxed)}),)}
        )
        tax = D(taxed) + D("0.44")
        expected = Totals(currency="USD", net=D("85.00"), tax=tax, total=D("85.00") + tax)
        draft = stall.draft(
            taxed, lines=(first.model_copy(update={"amounts": amounts}), second), expected=expected
        )
        placed = stall.connector.create_order(draft)
        assert placed.totals == expected
        assert bool(stall.order(placed.ref.id)["totals"]["total_tax"]) is real


def test_amounts_are_texts_with_a_point_and_both_of_them(stall: Any) -> None:
    stall.connector.create_order(stall.draft())
    (body,) = stall.bodies("POST", "/orders")
    (line,) = body["line_items"]
    assert (line["subtotal"], line["total"], line["quantity"]) == ("80.00", "80.00", 2)
    assert body["shipping_lines"][0]["total"] == "5.00"
    assert (body["status"], body["set_paid"]) == ("processing", True)
    assert "number" not in body
    shop = stall.sandbox.orders
    comma = shop.create(
        {"line_items": [{"product_id": 10, "subtotal": "8,40", "total": "8,40"}]}, stall.sandbox.now
    )
    assert comma["lines"][0]["total"] == 840


def test_amounts_finer_than_the_shop_keeps_are_refused_unsent(open_stall: Any) -> None:
    stall = open_stall()
    draft = stall.draft(
        expected=Totals(currency="KWD", net=D("85.000"), tax=D("7.545"), total=D("92.545")), currency="KWD"
    )
    with pytest.raises(Refused, match="2 decimals"):
        stall.connector.create_order(draft)
    assert stall.sandbox.standing() == []


def test_a_discount_line_may_not_exceed_what_it_is_taken_from(stall: Any) -> None:
    """The shop would cut the fee down without an error; ours is refused before."""
    first, second = stall.draft().lines

    def with_discount(amount: str) -> Any:
        off = DraftLine(
            position=2,
            key="os-off",
            kind=LineKind.CUSTOM,
            title="Voucher",
            amounts=Amounts(list_amount=D(amount), net=D(amount)),
            asked_price=D(amount),
        )
        net = D("85.00") + D(amount)
        total = Totals(currency="USD", net=net, tax=D("7.54"), total=net + D("7.54"))
        return stall.draft(amount, lines=(first, second, off), expected=total)

    placed = stall.connector.create_order(with_discount("-90.00"))
    assert placed.totals.total == D("2.54")
    assert [fee["name"] for fee in stall.order(placed.ref.id)["fees"]] == ["Tax", "Voucher"]
    with pytest.raises(Refused, match="exceed"):
        stall.connector.create_order(with_discount("-93.00"))


def test_lines_of_nothing_and_lines_that_are_tax_alone_stand_too(stall: Any) -> None:
    first, second = stall.draft().lines
    free = DraftLine(
        position=2,
        key="os-free",
        kind=LineKind.FEE,
        title="Wrapping",
        amounts=Amounts(list_amount=D(0), net=D(0)),
        asked_price=D(0),
    )
    tax = DraftLine(
        position=3,
        key="os-tax",
        kind=LineKind.TAX,
        title="Levy",
        amounts=Amounts(list_amount=D(0), net=D(0), taxes=(Tax(amount=D("1.00")),)),
        asked_price=D(0),
    )
    total = Totals(currency="USD", net=D("85.00"), tax=D("8.54"), total=D("93.54"))
    placed = stall.connector.create_order(stall.draft(lines=(first, second, free, tax), expected=total))
    assert placed.totals == total
    assert sorted(line.position for line in placed.lines) == [0, 1, 2, 3]
    fees = {fee["name"]: fee["total"] for fee in stall.order(placed.ref.id)["fees"]}
    assert fees == {"Wrapping": 0, "Levy": 1, "Tax": D("7.54")}


def test_parts_of_a_unit_are_refused_and_not_rounded(stall: Any) -> None:
    first, second = stall.draft().lines
    draft = stall.draft(lines=(first.model_copy(update={"quantity": D("1.5")}), second))
    refused, done = stall.connector.create_orders([draft, stall.draft("2")])
    assert isinstance(refused, Failed)
    assert isinstance(done, Done)
    assert [one.number for one in stall.sandbox.standing()] == ["#2"]
    with pytest.raises(Refused, match="whole units"):
        stall.connector.create_order(draft)


def test_foreign_coupons_are_told_and_never_applied(stall: Any) -> None:
    add_coupon(stall.sandbox.store, "WELCOME", stall.sandbox.now, amount=D(10), discount_type="percent")
    placed = stall.connector.create_order(stall.draft(discount_codes=("WELCOME",)))
    order = stall.order(placed.ref.id)
    assert order["coupons"] == []
    assert stall.connector.get_order(placed.ref.id).metadata["ordersync_discount_codes"] == "WELCOME"


# -- silent damage -------------------------------------------------------------------------------------------------


def test_an_overlong_phone_number_would_empty_both_addresses(stall: Any) -> None:
    address = stall.draft().billing.model_copy(update={"phone": "1" * 101})
    placed = stall.connector.create_order(stall.draft(billing=address))
    order = stall.order(placed.ref.id)
    assert order["billing"]["country"] == order["shipping"]["country"] == "US"
    assert stall.connector.get_order(placed.ref.id).metadata["ordersync_phone"] == "1" * 101


def test_an_empty_email_is_left_out(stall: Any) -> None:
    stall.connector.create_order(stall.draft(email=None))
    (body,) = stall.bodies("POST", "/orders")
    assert "email" not in body["billing"]


def test_a_line_whose_product_is_gone_is_taken_silently_and_not_reported(stall: Any) -> None:
    draft = stall.draft()
    del stall.sandbox.store.products[int(draft.lines[0].item.product_id)]
    placed = stall.connector.create_order(draft)
    assert stall.order(placed.ref.id)["lines"][0]["product_id"] == 0
    assert [line.position for line in placed.lines] == [1]
    assert [line.position for line in stall.connector.find_order(draft.key).lines] == [1]


def test_a_late_error_leaves_a_draft_which_is_removed(stall: Any) -> None:
    plain = stall.sandbox.orders.create

    def with_coupon(body: Any, now: datetime, **more: Any) -> Any:
        return plain({**body, "coupon_lines": [{"code": "nope"}]}, now, **more)

    stall.sandbox.orders.create = with_coupon
    with pytest.raises(Refused, match="invalid_coupon"):
        stall.connector.create_order(stall.draft())
    assert stall.sandbox.store.orders == {}


def test_stock_stays_where_another_system_keeps_it(open_stall: Any) -> None:
    for settings, sold in (({}, 2), ({"stock": "elsewhere"}, 0)):
        stall = open_stall(**settings)
        product = next(row for row in stall.sandbox.store.products.values() if row["sku"] == "LAMP-01")
        before = product["stock_quantity"]
        stall.connector.create_order(stall.draft())
        assert before - product["stock_quantity"] == sold


def test_unpaid_orders_wait_in_the_status_of_the_settings(open_stall: Any) -> None:
    for settings, status in (({}, "pending"), ({"unpaid_status": "on-hold"}, "on-hold")):
        stall = open_stall(**settings)
        placed = stall.connector.create_order(stall.draft(payment_status=PaymentStatus.PENDING))
        order = stall.order(placed.ref.id)
        assert (order["status"], order["paid"]) == (status, None)


# -- batches -------------------------------------------------------------------------------------------------------


def test_a_batch_succeeds_and_fails_entry_by_entry(stall: Any) -> None:
    good, bad = stall.draft("1"), stall.draft("2", customer_ref=CustomerRef(id="999"))
    done, failed, last = stall.connector.create_orders([good, bad, stall.draft("3")])
    assert isinstance(done, Done)
    assert isinstance(last, Done)
    assert isinstance(failed.error, Refused)
    assert "invalid_customer_id" in failed.error.message
    assert sorted(one.number for one in stall.sandbox.standing()) == ["#1", "#3"]


def test_a_fatal_entry_leaves_the_whole_batch_in_doubt(stall: Any) -> None:
    drafts = [stall.draft(str(number)) for number in range(3)]
    plain = stall.sandbox.orders.create

    def dies(body: Any, now: datetime, **more: Any) -> Any:
        if body["meta_data"][0]["value"] == "#1":
            body = {**body, "line_items": [{"product_id": 10, "quantity": 0}]}
        return plain(body, now, **more)

    stall.sandbox.orders.create = dies
    with pytest.raises(InDoubt):
        stall.connector.create_orders(drafts)
    found = stall.connector.find_orders([draft.key for draft in drafts])
    assert [outcome.value is not None for outcome in found] == [True, False, False]


def test_more_than_a_hundred_entries_are_refused_by_the_shop(stall: Any) -> None:
    with pytest.raises(Refused, match="too_large"):
        stall.connector._shop.post("orders/batch", {"create": [{}] * 101})


# -- SKUs and customers --------------------------------------------------------------------------------------------


def test_skus_of_products_and_variations_come_in_one_request(stall: Any) -> None:
    simple, variation, unknown = stall.connector.resolve_skus(["LAMP-01", "TSHIRT-M", "GONE-404"])
    assert simple.value.variant_id is None
    parent = stall.sandbox.store.products[int(variation.value.product_id)]
    assert (parent["type"], parent["name"]) == ("variable", "T-Shirt")
    assert stall.sandbox.store.products[int(variation.value.variant_id)]["sku"] == "TSHIRT-M"
    assert unknown.value is None
    assert sum(request.url.path.endswith("/products") for request in stall.requests) == 1


def test_a_sku_with_a_comma_is_asked_for_alone_and_odd_ones_never(stall: Any) -> None:
    add_product(stall.sandbox.store, "A,B", "Comma", "1.00", stall.sandbox.now)
    skus = ["A,B", "LAMP-01", " LAMP-01", "", "<x>", "lamp-01", "LÄMP-01"]
    found = [outcome.value for outcome in stall.connector.resolve_skus(skus)]
    assert [item.sku if item else None for item in found] == ["A,B", "LAMP-01", *[None] * 5]
    asked = [request.url.params["sku"] for request in stall.requests if "sku" in request.url.params]
    assert asked == ["LAMP-01,lamp-01,LÄMP-01", "A,B"]


def test_a_draft_a_parent_and_twins_are_not_sold(stall: Any) -> None:
    store, now = stall.sandbox.store, stall.sandbox.now
    add_product(store, "DRAFT", "Draft", "1.00", now, status="draft")
    add_product(store, "PARENT", "Parent", "1.00", now, type="variable")
    for _ in range(2):
        add_product(store, "TWIN", "Twin", "1.00", now)
    draft, parent, twin = stall.connector.resolve_skus(["DRAFT", "PARENT", "TWIN"])
    assert (draft.value.sellable, parent.value.sellable) == (False, False)
    assert isinstance(twin.error, Ambiguous)


def test_stock_is_known_where_it_is_managed(stall: Any) -> None:
    store, now = stall.sandbox.store, stall.sandbox.now
    add_product(store, "FREE", "Free", "1.00", now)
    add_product(store, "OUT", "Out", "1.00", now, stock_status="outofstock")
    add_product(store, "OVER", "Over", "1.00", now, manage_stock=True, stock_quantity=-4)
    add_product(store, "BACK", "Back", "1.00", now, manage_stock=True, stock_quantity=0, backorders="notify")
    items = [stall.item(sku) for sku in ("LAMP-01", "TSHIRT-M", "FREE", "OUT", "OVER", "BACK")]
    gone = items[0].model_copy(update={"product_id": "999"})
    stocks = [outcome.value for outcome in stall.connector.check_stocks([*items, gone])]
    assert [stock.available if stock else "gone" for stock in stocks] == [640, 787, None, 0, 0, None, "gone"]


def test_an_administrators_address_is_found_among_all_roles(stall: Any) -> None:
    add_customer(stall.sandbox.store, "Boss@example.com", stall.sandbox.now, role="administrator")
    boss = Customer(email="boss@example.com")
    found = stall.connector.find_customer(boss)
    assert found is not None
    assert stall.connector.create_customer(boss, "oc-boss") == found


def test_a_plus_in_an_address_is_escaped(stall: Any) -> None:
    buyer = Customer(email="buyer+shop@example.com")
    made = stall.connector.create_customer(buyer, "oc-plus")
    assert stall.connector.find_customer(buyer) == made
    assert b"buyer%2Bshop" in stall.requests[-1].url.raw_path


def test_a_long_address_gets_a_user_name_of_its_own(stall: Any) -> None:
    buyer = Customer(email=f"{'b' * 60}@example.com")
    made = stall.connector.create_customer(buyer, "oc-long")
    assert stall.sandbox.store.customers[int(made.id)]["username"] == "oc-long"


def test_a_customer_without_an_address_is_refused(stall: Any) -> None:
    assert stall.connector.find_customer(Customer(phone="+12125550100")) is None
    with pytest.raises(Refused, match="e-mail"):
        stall.connector.create_customer(Customer(phone="+12125550100"), "oc-none")


# -- changes -------------------------------------------------------------------------------------------------------


def test_changes_are_made_once_and_compute_nothing_anew(open_stall: Any) -> None:
    stall = open_stall(taxes="real")
    draft = stall.draft(payment_status=PaymentStatus.PENDING)
    placed = stall.connector.create_order(draft)
    stall.sandbox.store.rates.clear()
    shipped = Fulfill(fulfillment=Fulfillment(tracking=(Tracking(number="1Z9", carrier="UPS"),)))
    for change, key in (
        (MarkPaid(transaction_id="ch_9"), "os-p"),
        (shipped, "os-f"),
        (SetStatus(status=OrderStatus.COMPLETED), "os-s"),
    ):
        for _ in range(2):
            assert stall.connector.update_order(placed.ref, change, key).totals == draft.expected
    assert sum(request.method == "PUT" for request in stall.requests) == 2
    order = stall.connector.get_order(placed.ref.id)
    assert (order.status, order.payment_status) == (OrderStatus.COMPLETED, PaymentStatus.PAID)
    assert order.metadata["ordersync_tracking"] == "UPS 1Z9"
    assert order.payments[0].transaction_id == "ch_9"


def test_an_unknown_order_is_not_found_although_the_shop_says_400(stall: Any) -> None:
    with pytest.raises(NotFound):
        stall.connector.update_order(OrderRef(id="4711"), Cancel(), "os-1")
    with pytest.raises(NotFound):
        stall.connector._shop.put("orders/4711", {"status": "completed"})
    assert stall.connector.get_order("4711") is None
    assert stall.connector.get_order("abc") is None


def test_changes_go_in_batches_with_their_own_outcomes(stall: Any) -> None:
    refs = [stall.connector.create_order(stall.draft(str(n))).ref for n in range(3)]
    asks = [
        UpdateAsk(refs[0], Cancel(), "os-a"),
        UpdateAsk(refs[1], Cancel(restock=False), "os-b"),
        UpdateAsk(refs[2], MarkPaid(), "os-c"),
        UpdateAsk(OrderRef(id="999"), Cancel(), "os-d"),
    ]
    stall.wire.exchanges.clear()
    cancelled, refused, paid, gone = stall.connector.update_orders(asks)
    assert cancelled.value.state is PlacedState.CANCELLED
    assert isinstance(refused.error, NotOffered)
    assert paid.value.ref == refs[2]
    assert isinstance(gone.error, NotFound)
    assert len(stall.bodies("POST", "/orders/batch")) == 1


def test_part_payments_and_drafts_of_the_platform_are_refused(stall: Any) -> None:
    ref = stall.connector.create_order(stall.draft(payment_status=PaymentStatus.PENDING)).ref
    with pytest.raises(Refused, match="in full"):
        stall.connector.update_order(ref, MarkPaid(amount=D(1)), "os-1")
    with pytest.raises(NotOffered):
        stall.connector.update_order(ref, SetStatus(status=OrderStatus.UNKNOWN), "os-2")


def test_a_refund_that_is_too_large_is_a_refusal_though_it_is_a_500(stall: Any) -> None:
    ref = stall.connector.create_order(stall.draft()).ref
    with pytest.raises(Refused, match="Invalid refund amount"):
        stall.connector._shop.post(f"orders/{ref.id}/refunds", {"amount": "5000.00"})
    stall.connector._shop.post(f"orders/{ref.id}/refunds", {"amount": "12.54", "reason": "Broken"})
    order = stall.connector.get_order(ref.id)
    assert order.payment_status is PaymentStatus.PARTLY_REFUNDED
    assert [(refund.amount, refund.note) for refund in order.refunds] == [(D("12.54"), "Broken")]
    assert order.total == D("92.54")


# -- discounts -----------------------------------------------------------------------------------------------------


def test_a_discount_code_is_known_regardless_of_case(stall: Any) -> None:
    store, now = stall.sandbox.store, stall.sandbox.now
    add_coupon(store, "Old", now, expires=now - timedelta(days=1))
    add_coupon(store, "Used", now, usage_limit=1, usage_count=1)
    assert stall.connector.check_discount("welcome").valid
    assert stall.connector.check_discount("OLD").reason == "it has expired"
    assert not stall.connector.check_discount("used").valid
    assert stall.connector.check_discount("nope") is None
    assert stall.connector.check_discount(" ") is None


def test_a_state_is_written_as_woocommerce_spells_it(stall: Any) -> None:
    berlin = Address(line1="Lindenweg 1", city="Berlin", postcode="10115", country="DE", subdivision="BE")
    placed = stall.connector.create_order(stall.draft(billing=berlin, shipping=berlin))
    assert stall.order(placed.ref.id)["shipping"]["state"] == "DE-BE"
    assert stall.connector.get_order(placed.ref.id).shipping.subdivision == "BE"
