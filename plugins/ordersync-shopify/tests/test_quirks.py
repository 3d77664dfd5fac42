"""One test per oddity of the platform, named after it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from ordersync import (
    AccessDenied,
    Ambiguous,
    BadInput,
    Cancel,
    Confirm,
    Customer,
    CustomerAsk,
    Delivery,
    Done,
    Failed,
    Fulfill,
    Fulfillment,
    InDoubt,
    Item,
    MarkPaid,
    NotFound,
    NotOffered,
    OrderQuery,
    OrderRef,
    OrderStatus,
    PaymentStatus,
    RateLimited,
    Refused,
    SetStatus,
    Tracking,
    TryLater,
    UnexpectedReply,
)
from ordersync.discovery import offered
from ordersync.hookspecs import ConnectorSpecs
from ordersync.web import VirtualClock
from ordersync_shopify import ShopifyConnector, listing
from ordersync_shopify.search import orders_query, term

Connect = Callable[..., ShopifyConnector]
REF = OrderRef(id="gid://shopify/Order/1", number="#1001")


def listed(connector: ShopifyConnector, **query: Any) -> list[Any]:
    return list(connector.list_orders(OrderQuery(**query)))


# --- costs and limits --------------------------------------------------------------------------------------------------


def test_throttled_is_a_200_and_names_when_to_come_back(
    shop: Any, connector: Any, clock: Any, errors: Any, vendor: Any
) -> None:
    """Nothing was done, so it is repeated: after (requested − available) / rate, even a mutation."""
    throttled = httpx.Response(
        200,
        json={
            "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
            "extensions": {
                "cost": {
                    "requestedQueryCost": 702,
                    "actualQueryCost": None,
                    "throttleStatus": {
                        "maximumAvailable": 1000,
                        "currentlyAvailable": 202,
                        "restoreRate": 50,
                    },
                }
            },
        },
    )
    closed = {"orderClose": {"order": {"id": "x"}, "userErrors": []}}
    shop.tell("CloseOrder", throttled, closed)
    shop.tell("Shipments", {"order": shipments(vendor)})
    shop.tell("PlacedById", {"order": vendor.placed()})
    before = clock.now()
    connector.update_order(REF, SetStatus(status=OrderStatus.COMPLETED), "os-1")
    assert (clock.now() - before).total_seconds() >= 10
    assert shop.names().count("CloseOrder") == 2


def test_throttled_for_ever_is_rate_limited(shop: Any, connector: Any, errors: Any) -> None:
    shop.tell("Order", errors("THROTTLED"))
    with pytest.raises(RateLimited) as caught:
        connector.get_order("1")
    assert caught.value.when is not None


def test_the_cost_is_taken_ahead_from_the_bucket(shop: Any, connector: Any, clock: Any, vendor: Any) -> None:
    """The bucket is nearly empty and one query asks for 500: the second waits until they are there."""
    reply = httpx.Response(
        200,
        json={
            "data": {"order": None},
            "extensions": {
                "cost": {
                    "requestedQueryCost": 500,
                    "actualQueryCost": 500,
                    "throttleStatus": {
                        "maximumAvailable": 2000,
                        "currentlyAvailable": 100,
                        "restoreRate": 100,
                    },
                }
            },
        },
    )
    shop.tell("Order", reply)
    connector.get_order("1")
    before = clock.now()
    connector.get_order("1")
    assert (clock.now() - before).total_seconds() == pytest.approx(4, abs=0.2)


def test_a_page_that_costs_too_much_is_halved(shop: Any, connector: Any, errors: Any, vendor: Any) -> Any:
    def answer(variables: dict[str, Any]) -> Any:
        if variables["first"] > 12:
            return errors("MAX_COST_EXCEEDED", cost=1400, maxCost=1000)
        return {"orders": vendor.connection(vendor.order())}

    shop.tell("Orders", answer)
    assert len(listed(connector)[0].orders) == 1
    assert [variables["first"] for _, variables in shop.asked] == [50, 25, 12]


def test_the_page_grows_again_as_far_as_its_cost_allows(shop: Any, connect: Any, vendor: Any) -> Any:
    def answer(variables: dict[str, Any]) -> Any:
        cost = variables["first"] * 30
        return httpx.Response(
            200,
            json={
                "data": {
                    "orders": vendor.connection(vendor.order(), more="next" if len(shop.asked) < 4 else None)
                },
                "extensions": {"cost": {"requestedQueryCost": cost, "actualQueryCost": 10}},
            },
        )

    shop.tell("Orders", answer)
    listed(connect(page_size=60))
    assert [variables["first"] for _, variables in shop.asked] == [60, 30, 30, 30]


def test_a_single_order_that_costs_too_much_is_said(shop: Any, connector: Any, errors: Any) -> None:
    shop.tell("Orders", errors("MAX_COST_EXCEEDED"))
    with pytest.raises(Refused, match="error"):
        listed(connector)


def test_a_development_shop_takes_five_orders_a_minute(
    shop: Any, connector: Any, clock: Any, vendor: Any, draft: Any
) -> None:
    shop.tell("Shop", account(plan={"publicDisplayName": "Development", "partnerDevelopment": True}))
    shop.tell("CreateOrder", {"orderCreate": {"order": vendor.placed(), "userErrors": []}})
    assert any("five" in warning or "5" in warning for warning in connector.check_access().warnings)
    before = clock.now()
    for _ in range(11):
        connector.create_order(draft)
    assert timedelta(seconds=120) <= clock.now() - before <= timedelta(seconds=125)


def test_too_many_attempts_is_a_limit_and_no_refusal(shop: Any, connector: Any, draft: Any) -> None:
    shop.tell(
        "CreateOrder",
        {
            "orderCreate": {
                "order": None,
                "userErrors": [{"field": None, "message": "Too many attempts.", "code": None}],
            }
        },
    )
    with pytest.raises(RateLimited):
        connector.create_order(draft)


# --- errors inside a 200 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [None, {"order": None}])
def test_access_denied_names_the_scope(shop: Any, connector: Any, errors: Any, data: Any) -> None:
    shop.tell(
        "Order",
        errors(
            "ACCESS_DENIED",
            message="Access denied for order field.",
            data=data,
            requiredAccess="`read_orders` access scope.",
        ),
    )
    with pytest.raises(AccessDenied) as caught:
        connector.get_order("1")
    assert caught.value.scopes == ("read_orders",)
    assert "read_orders" in caught.value.remedy


def test_an_internal_error_of_a_write_is_in_doubt_and_of_a_read_is_repeated(
    shop: Any, connector: Any, errors: Any, draft: Any, vendor: Any
) -> None:
    shop.tell("CreateOrder", errors("INTERNAL_SERVER_ERROR"))
    with pytest.raises(InDoubt):
        connector.create_order(draft)
    assert shop.names() == ["CreateOrder"]
    shop.tell("Order", errors("INTERNAL_SERVER_ERROR"), {"order": vendor.order()})
    assert connector.get_order("1") is not None


@pytest.mark.parametrize("order", [None, {"lineItems": None}])
def test_an_answer_without_the_order_is_in_doubt(
    shop: Any, connector: Any, draft: Any, order: Any, vendor: Any
) -> None:
    """It was created: whatever goes wrong afterwards is never "nothing was done"."""
    node = order if order is None else {**vendor.placed(), "currencyCode": None}
    shop.tell("CreateOrder", {"orderCreate": {"order": node, "userErrors": []}})
    with pytest.raises(InDoubt):
        connector.create_order(draft)


def test_a_mistake_in_the_query_is_not_a_refusal_of_the_order(
    shop: Any, connector: Any, errors: Any, draft: Any
) -> None:
    shop.tell("CreateOrder", errors("undefinedField", message="Field 'x' doesn't exist on type 'Order'"))
    with pytest.raises(UnexpectedReply):
        connector.create_order(draft)


def test_a_bad_variable_is_refused_by_its_path(shop: Any, connector: Any, draft: Any) -> None:
    answer = {
        "errors": [
            {
                "message": "Variable $order was provided invalid value",
                "extensions": {
                    "code": "INVALID_VARIABLE",
                    "value": {"email": "secret@example.com"},
                    "problems": [
                        {"path": ["shippingAddress", "countryCode"], "explanation": "Expected a country"}
                    ],
                },
            }
        ]
    }
    shop.tell("CreateOrder", httpx.Response(200, json=answer))
    with pytest.raises(Refused) as caught:
        connector.create_order(draft)
    assert caught.value.fields[0].place == "shippingAddress.countryCode"
    assert "secret@" not in str(caught.value)


@pytest.mark.parametrize(
    "message",
    [
        'Variable "$order" got invalid value {"address1": "1 Secret Street"}; Field "x" is not defined.',
        'Expected type "CountryCode". Found: "Secret Street".',
        "Value ['Secret Street'] cannot be used",
    ],
)
def test_a_refusal_quotes_nothing_that_was_sent(shop: Any, connector: Any, draft: Any, message: str) -> None:
    answer = {"errors": [{"message": message, "extensions": {"code": "INVALID_VARIABLE"}}]}
    shop.tell("CreateOrder", httpx.Response(200, json=answer))
    with pytest.raises(Refused) as caught:
        connector.create_order(draft)
    assert "Secret" not in str(caught.value)


def test_user_errors_are_named_field_by_field(shop: Any, connector: Any, draft: Any) -> None:
    problem = {
        "field": ["order", "lineItems", "0", "taxLines", "0", "rate"],
        "message": "Rate is missing",
        "code": "TAX_LINE_RATE_MISSING",
    }
    shop.tell("CreateOrder", {"orderCreate": {"order": None, "userErrors": [problem]}})
    with pytest.raises(
        Refused, match=r"order\.lineItems\.0\.taxLines\.0\.rate: Rate is missing \[TAX_LINE_RATE_MISSING\]"
    ):
        connector.create_order(draft)


def test_errors_may_be_a_string(shop: Any, connector: Any) -> None:
    shop.tell("Order", httpx.Response(401, json={"errors": "[API] Invalid API key or access token"}))
    with pytest.raises(AccessDenied, match="Invalid API key"):
        connector.get_order("1")


def test_a_wrong_shop_is_a_404_and_no_missing_order(shop: Any, connector: Any) -> None:
    shop.tell("Order", httpx.Response(404, json={"errors": "Not Found"}))
    with pytest.raises(AccessDenied, match="api_version"):
        connector.get_order("1")


# --- versions and scopes -----------------------------------------------------------------------------------------------


def account(*scopes: str, **changes: Any) -> dict[str, Any]:
    return {
        "shop": {
            "id": "gid://shopify/Shop/68100000001",
            "name": "Amber Shop",
            "myshopifyDomain": "amber-shop.myshopify.com",
            "currencyCode": "USD",
            "plan": {"publicDisplayName": "Grow", "partnerDevelopment": False, "shopifyPlus": False},
            **changes,
        },
        "currentAppInstallation": {
            "accessScopes": [
                {"handle": scope} for scope in scopes or ("write_orders", "write_customers", "read_products")
            ]
        },
    }


def test_a_retired_version_is_answered_by_another_without_a_word(shop: Any, connect: Any) -> None:
    shop.version = "2027-01"
    shop.tell("Shop", account())
    found = connect(api_version="2026-01").check_access()
    assert found.api_version == "2027-01"
    assert found.api_retires == date(2028, 1, 16)
    assert any("2027-01" in warning and "2026-01" in warning for warning in found.warnings)
    assert shop.requests[0].url.path == "/admin/api/2026-01/graphql.json"


@pytest.mark.parametrize(
    ("version", "day"),
    [("2026-04", date(2027, 4, 16)), ("2026-07", date(2027, 7, 16)), ("2026-10", date(2027, 10, 16))],
)
def test_the_vendors_retirement_days(shop: Any, connect: Any, version: str, day: date) -> None:
    shop.version = version
    shop.tell("Shop", account())
    assert connect(api_version=version).check_access().api_retires == day


def test_a_retirement_that_is_near_is_warned_of(shop: Any, connector: Any, clock: Any) -> None:
    clock.sleep(timedelta(days=300).total_seconds())
    shop.tell("Shop", account())
    assert any("2027-10-16" in warning for warning in connector.check_access().warnings)


def test_a_write_scope_contains_the_read_scope_and_sixty_days_are_visible(
    shop: Any, connector: Any, clock: Any
) -> None:
    shop.tell("Shop", account())
    found = connector.check_access()
    assert (found.id, found.missing_scopes) == ("68100000001", ())
    assert found.history_from == clock.now() - timedelta(days=60)
    assert "read_inventory" in found.problems[0]
    assert "write_orders" not in found.problems[0]
    assert found.warnings == ()


def test_all_orders_are_visible_with_a_scope_of_its_own(shop: Any, connector: Any) -> None:
    shop.tell("Shop", account("read_all_orders", "read_orders"))
    found = connector.check_access()
    assert found.history_from is None
    assert found.missing_scopes == ("read_customers", "read_products")


def test_a_token_of_another_shop_is_noticed(shop: Any, connector: Any) -> None:
    shop.tell("Shop", account(myshopifyDomain="birch-shop.myshopify.com"))
    assert any("birch-shop" in warning for warning in connector.check_access().warnings)


# --- reading orders ----------------------------------------------------------------------------------------------------


def test_every_connection_of_an_order_has_pages_of_its_own(shop: Any, connector: Any, vendor: Any) -> None:
    """Lines, shipping lines, units of a fulfilment: an order is given out whole or not at all."""
    shipped = {
        "id": "gid://shopify/Fulfillment/1",
        "status": "SUCCESS",
        "createdAt": "2026-10-02T09:30:00Z",
        "trackingInfo": [],
        "fulfillmentLineItems": vendor.connection({"quantity": 1, "lineItem": {"id": "a"}}, more="f1"),
    }
    node = vendor.order(
        "45.00",
        lineItems=vendor.connection(vendor.line(1), vendor.line(2), more="l1"),
        shippingLines=vendor.connection(vendor.shipping_line("2.00"), more="s1"),
        fulfillments=[shipped],
    )
    shop.tell("Orders", {"orders": vendor.connection(node)})
    shop.tell(
        "OrderLines",
        {"order": {"lineItems": vendor.connection(vendor.line(3), more="l2")}},
        {"order": {"lineItems": vendor.connection(vendor.line(4))}},
    )
    shop.tell("OrderShipping", {"order": {"shippingLines": vendor.connection(vendor.shipping_line("3.00"))}})
    shop.tell(
        "FulfillmentLines",
        {"node": {"fulfillmentLineItems": vendor.connection({"quantity": 2, "lineItem": {"id": "b"}})}},
    )
    order = listed(connector)[0].orders[0]
    assert [line.title for line in order.lines] == ["Thing 1", "Thing 2", "Thing 3", "Thing 4"]
    assert order.findings == ()
    assert order.fulfillments[0].lines == {"a": 1, "b": 2}
    assert [variables["after"] for name, variables in shop.asked if name == "OrderLines"] == ["l1", "l2"]


def test_units_that_are_missing_are_looked_up_in_the_refunds(shop: Any, connector: Any, vendor: Any) -> None:
    node = vendor.order(
        "20.00",
        edited=True,
        currentTotalPriceSet=vendor.bag("10.00"),
        lineItems=vendor.connection(vendor.line(quantity=2, currentQuantity=1)),
        refunds=[{"id": "gid://shopify/Refund/1", "totalRefundedSet": vendor.bag("0.0")}],
    )
    refund = vendor.refund(1, "0.0")
    refund["refundLineItems"] = vendor.connection(more="r1")
    rest = vendor.refund(1, "0.0", (1, 1, "10.0", "0.0"))["refundLineItems"]
    shop.tell("Order", {"order": node})
    shop.tell("OrderRefunds", {"order": {"refunds": [refund]}})
    shop.tell("RefundLines", {"node": {"refundLineItems": rest}})
    order = connector.get_order("gid://shopify/Order/1")
    assert (order.lines[0].quantity, order.total, order.findings) == (1, Decimal("10.00"), ())


def test_an_order_that_cannot_be_read_is_named_and_hides_none(shop: Any, connector: Any, vendor: Any) -> None:
    bad = vendor.order("10.00", number=2, currencyCode="dollars", email="secret@example.com")
    worse = {"id": "gid://shopify/Order/3", "updatedAt": None}
    shop.tell("Orders", {"orders": vendor.connection(vendor.order(), bad, worse)})
    page = listed(connector)[0]
    assert [order.id[-1] for order in page.orders] == ["1"]
    assert [order_id[-1] for order_id, _ in page.unreadable] == ["2", "3"]
    assert all("secret" not in why and "dollars" not in why for _, why in page.unreadable)


def test_a_walk_ends_at_25000_and_starts_again_from_the_last_change(
    shop: Any, connect: Any, vendor: Any, monkeypatch: Any
) -> Any:
    """Here at 6: two pages, then anew; the order that both walks have is given out once."""
    monkeypatch.setattr(listing, "LONGEST_WALK", 6)
    stock = [vendor.order(number=i, updatedAt=f"2026-10-02T08:00:0{i // 2}Z") for i in range(10)]

    def answer(variables: dict[str, Any]) -> Any:
        since = (variables["query"] or "updated_at:>='2000'").split("'")[1]
        found = [node for node in stock if node["updatedAt"] >= since]
        start = int(variables["after"] or 0)
        rows = found[start : start + variables["first"]]
        end = start + len(rows)
        return {"orders": vendor.connection(*rows, more=str(end) if end < len(found) else None)}

    shop.tell("Orders", answer)
    pages = listed(connect(page_size=3))
    ids = [order.id for page in pages for order in page.orders]
    assert ids == [node["id"] for node in stock]
    assert len({variables["query"] for _, variables in shop.asked}) > 1
    assert [page.safe_through for page in pages] == sorted(page.safe_through for page in pages)
    for number, page in enumerate(pages[:-1]):
        rest = listed(connect(page_size=3), cursor=page.cursor)
        again = {order.id for late in rest for order in late.orders}
        assert again >= {order.id for later in pages[number + 1 :] for order in later.orders}


def test_a_walk_that_cannot_go_on_says_so(shop: Any, connect: Any, vendor: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(listing, "LONGEST_WALK", 2)
    shop.tell("Orders", {"orders": vendor.connection(vendor.order(), vendor.order(number=2), more="x")})
    with pytest.raises(UnexpectedReply, match="one moment"):
        listed(connect(page_size=2))


def test_a_cursor_of_something_else_is_refused(connector: Any) -> None:
    with pytest.raises(BadInput, match="cursor"):
        listed(connector, cursor="eyJsYXN0")


def test_the_window_is_in_whole_seconds_of_utc() -> None:
    at = datetime(2026, 10, 1, 11, 0, 0, 500_000, tzinfo=UTC)
    query = OrderQuery(updated_from=at, updated_to=at)
    assert (
        orders_query(query, at) == "updated_at:>='2026-10-01T11:00:00Z' updated_at:<='2026-10-01T11:00:01Z'"
    )


def test_filters_are_pushed_down_only_where_they_lose_nothing() -> Any:
    def asked(**query: Any) -> str | None:
        return orders_query(OrderQuery(**query), None)

    assert asked(statuses={OrderStatus.OPEN, OrderStatus.COMPLETED}) == "(status:closed OR status:open)"
    assert asked(statuses={OrderStatus.HELD, OrderStatus.OPEN}) is None
    assert asked(payment_statuses={PaymentStatus.PAID}) == "financial_status:paid"
    assert asked(payment_statuses={PaymentStatus.PAID, PaymentStatus.PENDING}) is None
    assert asked(tags={'say "hi"', "b2b"}) == '(tag:"b2b" OR tag:"say \\"hi\\"")'
    assert term("sku", "A\\B:C (x)") == 'sku:"A\\\\B:C (x)"'


def test_both_forms_of_an_id_are_taken(shop: Any, connector: Any) -> None:
    shop.tell("Order", {"order": None})
    assert connector.get_order("9107199254741021") is None
    assert connector.get_order("gid://shopify/Order/9107199254741021") is None
    assert {variables["id"] for _, variables in shop.asked} == {"gid://shopify/Order/9107199254741021"}


def test_get_orders_answers_by_position(shop: Any, connector: Any, vendor: Any) -> None:
    bad = vendor.order(number=3, currencyCode="dollars")
    shop.tell("OrdersById", {"nodes": [vendor.order(number=1), None, bad, vendor.order(number=1)]})
    found = connector.get_orders(["1", "2", "3", "1"])
    assert isinstance(found[0], Done)
    assert found[1] == Done(None)
    assert isinstance(found[2], Failed)
    assert found[3] == found[0]


# --- searching ---------------------------------------------------------------------------------------------------------


def test_a_search_that_answers_too_much_is_compared_exactly(shop: Any, connector: Any, vendor: Any) -> None:
    """Whether the search for a key is exact is not documented."""
    hits = [
        vendor.placed(number=1, key="os-abcd"),
        vendor.placed(number=2, key="os-abc"),
        vendor.placed(number=3),
    ]
    shop.tell("FindOrders", {"orders": vendor.connection(*hits)})
    found = connector.find_order("os-abc")
    assert found.ref.id == "gid://shopify/Order/2"
    assert connector.find_order("os-other") is None
    assert shop.asked[0][1]["query"] == 'source_identifier:"os-abc"'


def test_a_search_that_ignores_its_filter_proves_nothing(shop: Any, connector: Any, vendor: Any) -> None:
    shop.tell("FindOrders", {"orders": vendor.connection(vendor.placed(key="os-x"), more="again")})
    with pytest.raises(UnexpectedReply, match="more than was asked"):
        connector.find_order("os-abc")


def variant(number: int, sku: str, status: str = "ACTIVE") -> dict[str, Any]:
    return {
        "id": f"gid://shopify/ProductVariant/{number}",
        "sku": sku,
        "price": "19.00",
        "displayName": f"Thing {number}",
        "inventoryPolicy": "DENY",
        "product": {"id": f"gid://shopify/Product/{number}", "status": status},
        "inventoryItem": {"tracked": True, "requiresShipping": True},
    }


def test_skus_are_not_unique_and_case_matters(shop: Any, connector: Any, vendor: Any) -> None:
    nodes = [
        variant(1, "A"),
        variant(2, "a"),
        variant(3, "TWICE"),
        variant(4, "TWICE"),
        variant(5, "OLD", "ARCHIVED"),
        variant(6, "NEW", "ARCHIVED"),
        variant(7, "NEW"),
        variant(8, "DRAFTS", "DRAFT"),
        variant(9, "DRAFTS", "DRAFT"),
    ]
    shop.tell("Variants", {"productVariants": vendor.connection(*nodes)})
    found = connector.resolve_skus(["A", "TWICE", "OLD", "NEW", "DRAFTS", "NONE", "A"])
    assert found[0].value.variant_id[-1] == "1"
    assert found[1].error.candidates == ("gid://shopify/ProductVariant/3", "gid://shopify/ProductVariant/4")
    assert (found[2].value.variant_id[-1], found[2].value.sellable) == ("5", False)
    assert (found[3].value.variant_id[-1], found[3].value.sellable) == ("7", True)
    assert found[4].value.sellable is False
    assert found[5] == Done(None)
    assert found[6] == found[0]
    assert len(shop.asked) == 1


def test_stock_levels_have_pages_too(shop: Any, connector: Any, vendor: Any) -> Any:
    def level(number: int) -> dict[str, Any]:
        return {
            "location": {"id": f"gid://shopify/Location/{number}"},
            "quantities": [{"name": "available", "quantity": 5}],
        }

    node = {
        "id": "gid://shopify/ProductVariant/1",
        "inventoryPolicy": "DENY",
        "inventoryItem": {
            "id": "gid://shopify/InventoryItem/1",
            "tracked": True,
            "inventoryLevels": vendor.connection(level(1), more="x"),
        },
    }
    shop.tell("Stocks", {"nodes": [node]})
    shop.tell("StockLevels", {"inventoryItem": {"inventoryLevels": vendor.connection(level(2))}})
    stock = connector.check_stock(Item(sku="A", product_id="p", variant_id="gid://shopify/ProductVariant/1"))
    assert stock.available == 10
    shop.answers["Stocks"] = [{"nodes": [None]}]
    assert connector.check_stock(Item(sku="A", product_id="p", variant_id="2")) is None


# --- customers ---------------------------------------------------------------------------------------------------------

AMBER = Customer(email="Buyer.Amber@example.com", phone="+12125550100", last_name="Amber")


def customer(
    number: int, *, email: str | None = None, phone: str | None = None, tags: Any = ()
) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Customer/{number}",
        "tags": list(tags),
        "defaultEmailAddress": {"emailAddress": email} if email else None,
        "defaultPhoneNumber": {"phoneNumber": phone} if phone else None,
    }


def test_the_ladder_goes_from_the_tag_to_the_mail_to_the_phone(
    shop: Any, connector: Any, vendor: Any
) -> None:
    nodes = [
        customer(1, phone="+12125550100"),
        customer(2, email="buyer.amber@example.com"),
        customer(3, tags=["vip", "oc-1"]),
    ]
    for left, winner in ((3, "3"), (2, "2"), (1, "1")):
        shop.answers["Customers"] = [{"customers": vendor.connection(*nodes[:left])}]
        assert connector.find_customer(AMBER, "oc-1").id[-1] == winner


def test_a_tokenised_search_hits_strangers(shop: Any, connector: Any, vendor: Any) -> None:
    """A search for an address finds others at its domain; only the whole address counts."""
    shop.tell("Customers", {"customers": vendor.connection(customer(1, email="else@example.com"))})
    shop.tell("CustomerByIdentifier", {"customerByIdentifier": None})
    assert connector.find_customer(AMBER, "oc-1") is None
    assert connector.find_customers([CustomerAsk(AMBER, "oc-1")]) == [Done(None)]


def test_two_customers_with_one_tag_are_ambiguous(shop: Any, connector: Any, vendor: Any) -> None:
    nodes = [customer(1, tags=["oc-1"]), customer(2, tags=["oc-1"])]
    shop.tell("Customers", {"customers": vendor.connection(*nodes)})
    with pytest.raises(Ambiguous):
        connector.find_customer(AMBER, "oc-1")


def test_the_index_may_lag_but_an_identifier_does_not(shop: Any, connector: Any, vendor: Any) -> None:
    shop.tell("Customers", {"customers": vendor.connection()})
    shop.tell(
        "CustomerByIdentifier",
        {"customerByIdentifier": None},
        {"customerByIdentifier": {"id": "gid://shopify/Customer/9"}},
    )
    assert connector.find_customer(AMBER, "oc-1").id == "gid://shopify/Customer/9"
    assert [variables["identifier"] for name, variables in shop.asked if name == "CustomerByIdentifier"] == [
        {"emailAddress": AMBER.email},
        {"phoneNumber": AMBER.phone},
    ]


def test_taken_means_that_somebody_was_faster(shop: Any, connector: Any) -> None:
    taken = {"field": ["email"], "message": "Email has already been taken"}
    shop.tell("CreateCustomer", {"customerCreate": {"customer": None, "userErrors": [taken]}})
    shop.tell("CustomerByIdentifier", {"customerByIdentifier": {"id": "gid://shopify/Customer/9"}})
    assert connector.create_customer(AMBER, "oc-1").id == "gid://shopify/Customer/9"
    shop.answers["CustomerByIdentifier"] = [{"customerByIdentifier": None}]
    with pytest.raises(Refused, match="taken"):
        connector.create_customer(AMBER, "oc-1")


def test_a_customer_that_is_not_shown_may_have_been_created(shop: Any, connector: Any) -> None:
    shop.tell("CreateCustomer", {"customerCreate": {"customer": None, "userErrors": []}})
    with pytest.raises(InDoubt):
        connector.create_customer(AMBER, "oc-1")


# --- changing orders ---------------------------------------------------------------------------------------------------


def shipments(vendor: SimpleNamespace, *orders: Any, **changes: Any) -> dict[str, Any]:
    return {
        "id": "gid://shopify/Order/1",
        "tags": [],
        "cancelledAt": None,
        "closedAt": None,
        "fullyPaid": False,
        "totalOutstandingSet": vendor.bag("10.00"),
        "fulfillmentOrders": {"nodes": list(orders)},
        "fulfillments": [],
        **changes,
    }


def fulfillment_order(
    vendor: SimpleNamespace, number: int, location: int, *lines: tuple[int, int], status: str = "OPEN"
) -> Any:
    return {
        "id": f"gid://shopify/FulfillmentOrder/{number}",
        "status": status,
        "assignedLocation": {"location": {"id": f"gid://shopify/Location/{location}"}},
        "lineItems": vendor.connection(
            *(
                {
                    "id": f"gid://shopify/FulfillmentOrderLineItem/{number}{line}",
                    "remainingQuantity": units,
                    "lineItem": {"id": f"gid://shopify/LineItem/{line}"},
                }
                for line, units in lines
            )
        ),
    }


def shipped(
    vendor: SimpleNamespace, number: str | None, *lines: tuple[int, int], status: str = "SUCCESS"
) -> Any:
    return {
        "id": "gid://shopify/Fulfillment/1",
        "status": status,
        "createdAt": "2026-10-02T09:30:00Z",
        "trackingInfo": [{"company": None, "number": number, "url": None}],
        "fulfillmentLineItems": vendor.connection(
            *(
                {"quantity": units, "lineItem": {"id": f"gid://shopify/LineItem/{line}"}}
                for line, units in lines
            )
        ),
    }


@pytest.fixture
def changed(shop: Any, connector: Any, vendor: Any) -> Callable[..., list[tuple[str, dict[str, Any]]]]:
    """Makes a change of an order that looks like this; answers which mutations were sent."""
    payload: dict[str, Any] = {"userErrors": []}
    shop.tell("PlacedById", {"order": vendor.placed(key="os-abc")})
    shop.tell("CloseOrder", {"orderClose": {**payload, "order": {"id": "x"}}})
    shop.tell("OpenOrder", {"orderOpen": {**payload, "order": {"id": "x"}}})
    shop.tell("MarkPaid", {"orderMarkAsPaid": {**payload, "order": {"id": "x"}}})
    shop.tell(
        "CreateFulfillment",
        {"fulfillmentCreate": {**payload, "fulfillment": {"id": "x", "status": "SUCCESS"}}},
    )
    shop.tell("AddTags", {"tagsAdd": {**payload, "node": {"id": "x"}}})

    def make(change: Any, found: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        shop.answers["Shipments"] = [{"order": found}]
        shop.asked.clear()
        placed = connector.update_order(REF, change, "os-op")
        assert placed.key == "os-abc"
        return [ask for ask in shop.asked if ask[0] not in ("Shipments", "PlacedById")]

    return make


def test_a_shopify_order_is_confirmed_from_the_start(changed: Any, vendor: Any) -> None:
    assert changed(Confirm(), shipments(vendor)) == []


def test_a_status_that_is_there_already_is_not_set_again(changed: Any, vendor: Any) -> None:
    closed = shipments(vendor, closedAt="2026-10-02T09:30:00Z")
    assert [name for name, _ in changed(SetStatus(status=OrderStatus.COMPLETED), shipments(vendor))] == [
        "CloseOrder"
    ]
    assert changed(SetStatus(status=OrderStatus.COMPLETED), closed) == []
    assert [name for name, _ in changed(SetStatus(status=OrderStatus.OPEN), closed)] == ["OpenOrder"]
    with pytest.raises(NotOffered):
        changed(SetStatus(status=OrderStatus.HELD), shipments(vendor))


def test_an_order_is_marked_as_paid_in_full_only(changed: Any, vendor: Any) -> None:
    assert [name for name, _ in changed(MarkPaid(amount=Decimal("10.00")), shipments(vendor))] == ["MarkPaid"]
    assert changed(MarkPaid(), shipments(vendor, fullyPaid=True)) == []
    assert changed(MarkPaid(), shipments(vendor, totalOutstandingSet=vendor.bag("0.0"))) == []
    with pytest.raises(Refused, match="in full only"):
        changed(MarkPaid(amount=Decimal("4.00")), shipments(vendor))


def test_a_cancellation_is_a_job(shop: Any, changed: Any, vendor: Any, clock: Any) -> None:
    job = {"id": "gid://shopify/Job/1", "done": False}
    shop.tell("CancelOrder", {"orderCancel": {"job": job, "orderCancelUserErrors": []}})
    shop.tell("Job", {"job": job}, {"job": {**job, "done": True}})
    asked = changed(Cancel(reason="Customer"), shipments(vendor))
    assert [name for name, _ in asked] == ["CancelOrder", "Job", "Job"]
    assert asked[0][1]["reason"] == "CUSTOMER"
    assert changed(Cancel(), shipments(vendor, cancelledAt="2026-10-02T09:30:00Z")) == []
    shop.answers["Job"] = [{"job": job}]
    with pytest.raises(InDoubt):
        changed(Cancel(), shipments(vendor))


def test_a_refused_cancellation_has_errors_of_another_name(shop: Any, changed: Any, vendor: Any) -> None:
    problem = {"field": ["orderId"], "message": "Cannot cancel", "code": "INVALID"}
    shop.tell("CancelOrder", {"orderCancel": {"job": None, "orderCancelUserErrors": [problem]}})
    with pytest.raises(Refused, match="Cannot cancel"):
        changed(Cancel(), shipments(vendor))


def test_one_fulfilment_takes_one_location(changed: Any, vendor: Any) -> None:
    found = shipments(
        vendor,
        fulfillment_order(vendor, 1, 1, (1, 2)),
        fulfillment_order(vendor, 2, 2, (2, 1)),
        fulfillment_order(vendor, 3, 1, (3, 1)),
        fulfillment_order(vendor, 4, 1, (4, 1), status="CLOSED"),
    )
    tracking = Tracking(number="1Z", carrier="UPS")
    asked = changed(Fulfill(fulfillment=Fulfillment(tracking=(tracking,)), notify=True), found)
    sent = [variables["fulfillment"] for _, variables in asked]
    assert [len(each["lineItemsByFulfillmentOrder"]) for each in sent] == [2, 1]
    assert all(each["trackingInfo"] == {"company": "UPS", "numbers": ["1Z"]} for each in sent)
    assert all(each["notifyCustomer"] for each in sent)


def test_a_shipment_is_known_again_by_its_tracking_number(changed: Any, vendor: Any) -> None:
    whole = Fulfill(fulfillment=Fulfillment(tracking=(Tracking(number="1Z"),)))
    part = Fulfill(
        fulfillment=Fulfillment(
            tracking=(Tracking(number="1Z"),), lines={"gid://shopify/LineItem/1": Decimal(3)}
        )
    )
    open_order = fulfillment_order(vendor, 1, 1, (1, 5))
    assert changed(whole, shipments(vendor, open_order, fulfillments=[shipped(vendor, "1Z", (1, 1))])) == []
    assert changed(part, shipments(vendor, open_order, fulfillments=[shipped(vendor, "1Z", (1, 3))])) == []
    rest = changed(part, shipments(vendor, open_order, fulfillments=[shipped(vendor, "1Z", (1, 1))]))
    assert units(rest) == [2]
    for other in (shipped(vendor, "2Z", (1, 3)), shipped(vendor, "1Z", (1, 3), status="CANCELLED")):
        assert units(changed(part, shipments(vendor, open_order, fulfillments=[other]))) == [3]


def units(asked: list[tuple[str, dict[str, Any]]]) -> list[int]:
    return [
        line["quantity"]
        for name, variables in asked
        if name == "CreateFulfillment"
        for group in variables["fulfillment"]["lineItemsByFulfillmentOrder"]
        for line in group["fulfillmentOrderLineItems"]
    ]


def test_a_part_shipment_without_a_number_is_known_again_by_a_tag(changed: Any, vendor: Any) -> None:
    part = Fulfill(fulfillment=Fulfillment(lines={"1": Decimal(1)}))
    asked = changed(part, shipments(vendor, fulfillment_order(vendor, 1, 1, (1, 5))))
    assert [name for name, _ in asked] == ["CreateFulfillment", "AddTags"]
    assert asked[1][1]["tags"] == ["os-op"]
    assert changed(part, shipments(vendor, fulfillment_order(vendor, 1, 1, (1, 4)), tags=["os-op"])) == []


def test_more_than_is_open_is_not_shipped(changed: Any, vendor: Any) -> None:
    found = shipments(vendor, fulfillment_order(vendor, 1, 1, (1, 1)))
    with pytest.raises(Refused, match="not open"):
        changed(Fulfill(fulfillment=Fulfillment(lines={"1": Decimal(2)})), found)
    with pytest.raises(Refused, match="whole"):
        changed(Fulfill(fulfillment=Fulfillment(lines={"1": Decimal("0.5")})), found)


def test_an_order_that_is_gone_is_not_found(shop: Any, connector: Any) -> None:
    shop.tell("Shipments", {"order": None})
    shop.tell("PlacedById", {"order": None})
    for change in (MarkPaid(), Confirm()):
        with pytest.raises(NotFound):
            connector.update_order(REF, change, "os-op")


# --- webhooks and discounts --------------------------------------------------------------------------------------------


def delivery(body: bytes, secret: str = "old", topic: str = "orders/create", **headers: str) -> Delivery:
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    return Delivery(
        headers={
            "x-shopify-topic": topic,
            "x-shopify-hmac-sha256": signature,
            "x-shopify-shop-domain": "amber-shop.myshopify.com",
            "x-shopify-webhook-id": "w-1",
            "x-shopify-event-id": "e-1",
            "x-shopify-triggered-at": "2026-10-01T09:30:00.123456789Z",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
        body=body,
        received_at=datetime(2026, 10, 1, 9, 30, tzinfo=UTC),
    )


def test_any_of_the_secrets_may_sign_after_a_rotation(connect: Any) -> None:
    connector = connect(webhook_secret=["new", "old"])
    receipt = connector.receive(delivery(b'{"id": 9107199254741021}'))
    (event,) = receipt.events
    assert (event.id, event.topic, event.order_id) == (
        "w-1",
        "order.created",
        "gid://shopify/Order/9107199254741021",
    )
    assert event.happened_at == datetime(2026, 10, 1, 9, 30, 0, 123456, tzinfo=UTC)
    assert receipt.reply_status == 200


@pytest.mark.parametrize(
    ("settings", "call"),
    [
        ({"webhook_secret": "new"}, delivery(b'{"id": 1}')),
        ({"webhook_secret": "old"}, delivery(b'{"id": 1}', x_shopify_shop_domain="birch-shop.myshopify.com")),
        ({}, delivery(b'{"id": 1}')),
    ],
)
def test_another_secret_another_shop_and_no_secret_at_all_are_denied(
    connect: Any, settings: Any, call: Any
) -> None:
    with pytest.raises(AccessDenied):
        connect(**settings).receive(call)


@pytest.mark.parametrize(
    ("topic", "body", "events"),
    [
        (
            "orders/edited",
            {"order_edit": {"id": 5, "order_id": 7}},
            [("order.edited", "gid://shopify/Order/7")],
        ),
        ("refunds/create", {"id": 5, "order_id": 7}, [("order.refunded", "gid://shopify/Order/7")]),
        ("orders/partially_fulfilled", {"id": 7}, [("order.partially_fulfilled", "gid://shopify/Order/7")]),
        ("customers/redact", {"shop_id": 1}, []),
    ],
)
def test_each_topic_names_its_order_in_its_own_way(connect: Any, topic: Any, body: Any, events: Any) -> None:
    receipt = connect(webhook_secret="old").receive(delivery(json.dumps(body).encode(), topic=topic))
    assert [(event.topic, event.order_id) for event in receipt.events] == events


def test_a_signed_body_that_names_no_order_is_bad_input(connect: Any) -> None:
    with pytest.raises(BadInput):
        connect(webhook_secret="old").receive(delivery(b"{}"))


def test_a_subscription_to_another_address_is_not_ours(shop: Any, connector: Any, vendor: Any) -> None:
    address = "https://hooks.example/in"
    ours, theirs = "gid://shopify/WebhookSubscription/1", "gid://shopify/WebhookSubscription/2"
    other = {"id": theirs, "topic": "ORDERS_UPDATED", "uri": "https://else.example"}
    shop.tell("Subscriptions", {"webhookSubscriptions": vendor.connection(other)})
    new = {"id": ours, "topic": "ORDERS_UPDATED", "uri": address}
    shop.tell(
        "CreateSubscription", {"webhookSubscriptionCreate": {"webhookSubscription": new, "userErrors": []}}
    )
    assert [each.id for each in connector.subscribe(address, ["order.updated"])] == [ours]
    with pytest.raises(NotOffered, match=r"cart\.created"):
        connector.subscribe(address, ["cart.created"])


def test_a_discount_code_that_is_over_is_known_and_not_valid(shop: Any, connector: Any) -> None:
    node = {"id": "x", "codeDiscount": {"status": "EXPIRED"}}
    shop.tell("Discount", {"codeDiscountNodeByCode": node})
    found = connector.check_discount("AUTUMN")
    assert (found.valid, found.reason) == (False, "EXPIRED")


def test_a_shop_that_is_locked_is_tried_later(shop: Any, connector: Any, clock: VirtualClock) -> None:
    shop.tell("Order", httpx.Response(423, json={"errors": "Locked"}))
    with pytest.raises(TryLater):
        connector.get_order("1")


# --- the connector -----------------------------------------------------------------------------------------------------


def test_what_shopify_cannot_do_to_the_cent_or_in_batches_is_left_out() -> None:
    left_out = {"add_line_item", "create_customers", "create_orders", "update_orders"}
    hooks = {name for name in vars(ConnectorSpecs) if not name.startswith("_")}
    assert hooks.difference(offered(ShopifyConnector)) == left_out


def test_facts_say_how_far_the_platform_goes() -> None:
    facts = ShopifyConnector.facts
    assert (facts.api_version, facts.api_retires) == ("2026-10", date(2027, 10, 16))
    assert facts.arithmetic.order_discount
    assert facts.index_lag > timedelta(0)


@pytest.mark.parametrize(
    "given", ["amber-shop.myshopify.com", "https://Amber-Shop.myshopify.com/", " amber-shop.myshopify.com "]
)
def test_the_shop_is_its_own_domain(connect: Connect, given: str) -> None:
    assert repr(connect(shop=given)) == "ShopifyConnector(amber-shop.myshopify.com)"


@pytest.mark.parametrize("given", ["amber-shop.com", "amber-shop", "https://amber.myshopify.com/admin"])
def test_a_custom_domain_is_refused(connect: Connect, given: str) -> None:
    with pytest.raises(ValidationError, match=r"name\.myshopify\.com"):
        connect(shop=given)


def test_nothing_but_the_extensions_can_grow(shop: Any, connector: Any, vendor: Any) -> None:
    """GraphQL: `data` holds what was asked for."""
    cost = {
        "requestedQueryCost": 1,
        "actualQueryCost": 1,
        "new": [1],
        "throttleStatus": {
            "maximumAvailable": 2000,
            "currentlyAvailable": 1999,
            "restoreRate": 100,
            "new": None,
        },
    }
    grown = {"data": {"order": vendor.order()}, "extensions": {"cost": cost, "new": {"is": 1}}}
    shop.tell("Order", httpx.Response(200, json=grown))
    assert connector.get_order("1").id == "gid://shopify/Order/1"
