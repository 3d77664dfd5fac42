"""What the sandbox does with writes: the vendor's arithmetic, its refusals, and that nothing is idempotent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from ordersync.web import VirtualClock
from ordersync_shopify.sandbox import Sandbox

Ask = Callable[..., dict[str, Any]]
START = datetime(2026, 11, 1, 12, tzinfo=UTC)
BAG = "{ shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"
CREATE = f"""mutation($order: OrderCreateOrderInput!, $options: OrderCreateOptionsInput) {{
  orderCreate(order: $order, options: $options) {{
    userErrors {{ field message code }}
    order {{
      id name sourceIdentifier poNumber note tags test email phone processedAt createdAt taxesIncluded discountCodes
      displayFinancialStatus displayFulfillmentStatus presentmentCurrencyCode customer {{ id email }}
      customAttributes {{ key value }} metafield(namespace: "sync", key: "key") {{ value type }}
      subtotalPriceSet {BAG} totalTaxSet {BAG} totalDiscountsSet {BAG} totalShippingPriceSet {BAG} totalPriceSet {BAG}
      totalOutstandingSet {BAG} totalReceivedSet {BAG} taxLines {{ title rate priceSet {BAG} }}
      shippingAddress {{ name countryCodeV2 provinceCode }}
      lineItems(first: 10) {{ nodes {{ id title sku quantity requiresShipping variant {{ id }} taxable
        originalUnitPriceSet {BAG} discountAllocations {{ allocatedAmountSet {BAG} }}
        taxLines {{ title priceSet {BAG} }} customAttributes {{ key value }} }} }}
      shippingLines(first: 5) {{ nodes {{ title code originalPriceSet {BAG} discountedPriceSet {BAG} }} }}
      fulfillments(first: 5) {{ trackingInfo {{ company number url }} }}
    }}
  }}
}}"""


def client(sandbox: Sandbox, version: str = "2026-10") -> Ask:
    http = httpx.Client(transport=sandbox.transport(), base_url="http://shopify.sandbox")

    def ask(query: str, **variables: Any) -> dict[str, Any]:
        answer = http.post(
            f"/admin/api/{version}/graphql.json",
            headers={"X-Shopify-Access-Token": sandbox.access_token},
            json={"query": query, "variables": variables},
        )
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found

    return ask


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(clock=VirtualClock(START))


def money(amount: str, currency: str = "USD") -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": currency}}


def line(price: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"title": "Mug", "quantity": quantity, "priceSet": money(price), **more}


def tax(amount: str, rate: str = "0.1", title: str = "Tax") -> dict[str, Any]:
    return {"title": title, "rate": rate, "priceSet": money(amount)}


def create(ask: Ask, options: dict[str, Any] | None = None, **order: Any) -> dict[str, Any]:
    """A made order."""
    answer = ask(CREATE, order=order, options=options)
    assert "errors" not in answer, answer
    assert answer["data"]["orderCreate"]["userErrors"] == []
    made: dict[str, Any] = answer["data"]["orderCreate"]["order"]
    return made


def refused(ask: Ask, options: dict[str, Any] | None = None, **order: Any) -> dict[str, Any]:
    """The user error that refused it."""
    answer = ask(CREATE, order=order, options=options)["data"]["orderCreate"]
    assert answer["order"] is None
    assert len(answer["userErrors"]) == 1
    error: dict[str, Any] = answer["userErrors"][0]
    return error


def shop_side(bag: dict[str, Any]) -> str:
    return str(bag["shopMoney"]["amount"])


def totals(order: dict[str, Any]) -> tuple[str, ...]:
    """Subtotal, discounts, shipping, tax, total."""
    names = ("subtotal", "totalDiscounts", "totalShipping", "totalTax", "total")
    suffix = {"totalDiscounts": "Set", "totalTax": "Set"}
    return tuple(shop_side(order[f"{name}{suffix.get(name, 'PriceSet')}"]) for name in names)


# ---- the vendor's arithmetic


def test_totals_are_lines_and_shipping_and_the_taxes_given(sandbox: Sandbox) -> None:
    made = create(
        client(sandbox),
        lineItems=[line("12.00", 2, taxLines=[tax("2.40")])],
        shippingLines=[{"title": "Standard", "priceSet": money("5.00"), "taxLines": [tax("0.50")]}],
    )
    assert totals(made) == ("24.0", "0.0", "5.0", "2.9", "31.9")
    assert [(one["title"], one["rate"], shop_side(one["priceSet"])) for one in made["taxLines"]] == [
        ("Tax", 0.1, "2.9")
    ]
    assert (made["displayFinancialStatus"], shop_side(made["totalOutstandingSet"])) == ("PENDING", "31.9")


def test_a_fixed_discount_comes_off_the_lines(sandbox: Sandbox) -> None:
    made = create(
        client(sandbox),
        lineItems=[line("10.00"), line("20.00")],
        shippingLines=[{"title": "Standard", "priceSet": money("4.00")}],
        discountCode={"itemFixedDiscountCode": {"code": "FIVE", "amountSet": money("5.00")}},
    )
    assert totals(made) == ("25.0", "5.0", "4.0", "0.0", "29.0")
    parts = [
        shop_side(one["allocatedAmountSet"])
        for node in made["lineItems"]["nodes"]
        for one in node["discountAllocations"]
    ]
    assert parts == ["1.67", "3.33"]
    assert made["discountCodes"] == ["FIVE"]


def test_a_tax_line_is_the_tax_of_the_whole_line(sandbox: Sandbox) -> None:
    made = create(client(sandbox), lineItems=[line("74.99", 3, taxLines=[tax("13.50", "0.06", "State tax")])])
    assert totals(made) == ("224.97", "0.0", "0.0", "13.5", "238.47")


def test_no_tax_is_worked_out_that_was_not_given(sandbox: Sandbox) -> None:
    assert totals(create(client(sandbox), lineItems=[line("100.00")])) == (
        "100.0",
        "0.0",
        "0.0",
        "0.0",
        "100.0",
    )


def test_included_taxes_are_not_added_again(sandbox: Sandbox) -> None:
    made = create(
        client(sandbox), taxesIncluded=True, lineItems=[line("119.00", taxLines=[tax("19.00", "0.19")])]
    )
    assert totals(made) == ("119.0", "0.0", "0.0", "19.0", "119.0")


def test_a_tax_line_without_an_amount_is_worked_out_of_its_rate_after_discounts(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    bare = {"title": "MwSt", "rate": "0.19"}
    discount = {"itemFixedDiscountCode": {"code": "OFF", "amountSet": money("19.00")}}
    added = create(ask, lineItems=[line("119.00", taxLines=[bare])], discountCode=discount)
    assert totals(added) == ("100.0", "19.0", "0.0", "19.0", "119.0")
    inside = create(ask, lineItems=[line("119.00", taxLines=[bare])], taxesIncluded=True)
    assert totals(inside) == ("119.0", "0.0", "0.0", "19.0", "119.0")


def test_taxes_of_the_order_are_shared_over_its_taxable_lines(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    made = create(
        ask, lineItems=[line("10.00"), line("20.00"), line("50.00", taxable=False)], taxLines=[tax("1.00")]
    )
    shared = [[shop_side(one["priceSet"]) for one in node["taxLines"]] for node in made["lineItems"]["nodes"]]
    assert shared == [["0.33"], ["0.67"], []]
    assert totals(made)[3:] == ("1.0", "81.0")
    both = refused(ask, lineItems=[line("10.00", taxLines=[tax("1.00")])], taxLines=[tax("1.00")])
    assert both["field"] == ["order", "taxLines"]


def test_a_percentage_and_free_shipping_are_the_other_two_discounts(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    shipping = [{"title": "Standard", "priceSet": money("4.00")}]
    percent = create(
        ask,
        lineItems=[line("3.33"), line("3.33"), line("3.34")],
        shippingLines=shipping,
        discountCode={"itemPercentageDiscountCode": {"code": "TEN", "percentage": 12.5}},
    )
    assert totals(percent) == ("8.75", "1.25", "4.0", "0.0", "12.75")
    free = create(
        ask,
        lineItems=[line("10.00")],
        shippingLines=shipping,
        discountCode={"freeShippingDiscountCode": {"code": "SHIP"}},
    )
    assert totals(free) == ("10.0", "4.0", "0.0", "0.0", "10.0")
    assert shop_side(free["shippingLines"]["nodes"][0]["originalPriceSet"]) == "4.0"
    two = {
        "freeShippingDiscountCode": {"code": "A"},
        "itemPercentageDiscountCode": {"code": "B", "percentage": 1},
    }
    assert refused(ask, lineItems=[line("10.00")], discountCode=two)["field"] == ["order", "discountCode"]


def test_both_sides_of_a_money_bag_are_kept_as_sent(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    price = {
        "shopMoney": {"amount": "7.00", "currencyCode": "USD"},
        "presentmentMoney": {"amount": "10.00", "currencyCode": "CAD"},
    }
    made = create(
        ask, presentmentCurrency="CAD", lineItems=[{"title": "Mug", "quantity": 3, "priceSet": price}]
    )
    assert made["totalPriceSet"] == {
        "shopMoney": {"amount": "21.0", "currencyCode": "USD"},
        "presentmentMoney": {"amount": "30.0", "currencyCode": "CAD"},
    }
    unsaid = refused(ask, lineItems=[{"title": "Mug", "quantity": 3, "priceSet": price}])
    assert unsaid["field"][-2:] == ["presentmentMoney", "currencyCode"]


@pytest.mark.parametrize(
    ("transactions", "status", "outstanding"),
    [
        ([], "PENDING", "10.0"),
        ([{"kind": "SALE", "status": "SUCCESS", "amountSet": money("10.00")}], "PAID", "0.0"),
        ([{"amountSet": money("4.00")}], "PARTIALLY_PAID", "6.0"),
        ([{"kind": "AUTHORIZATION", "amountSet": money("10.00")}], "AUTHORIZED", "10.0"),
        ([{"kind": "SALE", "status": "FAILURE", "amountSet": money("10.00")}], "PENDING", "10.0"),
    ],
)
def test_transactions_make_the_payment_status(
    sandbox: Sandbox, transactions: list[dict[str, Any]], status: str, outstanding: str
) -> None:
    made = create(client(sandbox), lineItems=[line("10.00")], transactions=transactions)
    assert (made["displayFinancialStatus"], shop_side(made["totalOutstandingSet"])) == (status, outstanding)


def test_a_sale_of_nothing_is_refused_and_a_free_order_is_paid(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    error = refused(
        ask, lineItems=[line("0.00")], transactions=[{"kind": "SALE", "amountSet": money("0.00")}]
    )
    assert error["message"] == "Amount must be greater than zero for sale transactions"
    assert create(ask, lineItems=[line("0.00")])["displayFinancialStatus"] == "PAID"


def test_a_variant_brings_title_price_and_sku_but_not_its_shipping(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    found = ask('{ productVariants(first: 1, query: "sku:TSHIRT-XL") { nodes { id } } }')["data"]
    variant = found["productVariants"]["nodes"][0]["id"]
    made = create(ask, lineItems=[{"variantId": variant, "quantity": 2}])["lineItems"]["nodes"][0]
    assert (made["title"], made["sku"], made["variant"]) == ("T-Shirt", "TSHIRT-XL", {"id": variant})
    assert shop_side(made["originalUnitPriceSet"]) == "29.99"
    assert made["requiresShipping"] is False


def test_everything_that_was_said_is_kept(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    made = create(
        ask,
        lineItems=[
            line("5.00", sku="X-1", properties=[{"name": "engraving", "value": "A"}], requiresShipping=True)
        ],
        sourceIdentifier="os-abcdefghijklmnopqrstuvwxyz",
        sourceName="web-shop",
        poNumber="PO 7",
        name="WEB-1",
        note="Side door",
        tags=["b", "A", "b"],
        test=True,
        email="guest@example.com",
        processedAt="2026-10-01T10:00:00+02:00",
        customAttributes=[{"key": "gift", "value": "yes"}],
        metafields=[{"namespace": "sync", "key": "key", "value": "os-1", "type": "id"}],
        shippingAddress={
            "firstName": "Buyer",
            "lastName": "Amber",
            "countryCode": "US",
            "provinceCode": "NY",
        },
    )
    assert (made["name"], made["poNumber"], made["note"], made["test"]) == (
        "WEB-1",
        "PO 7",
        "Side door",
        True,
    )
    assert made["sourceIdentifier"] == "os-abcdefghijklmnopqrstuvwxyz"
    assert made["tags"] == ["A", "b"]
    assert (made["processedAt"], made["createdAt"]) == ("2026-10-01T08:00:00Z", "2026-11-01T12:00:00Z")
    assert made["customAttributes"] == [{"key": "gift", "value": "yes"}]
    assert made["metafield"] == {"value": "os-1", "type": "id"}
    assert made["shippingAddress"] == {"name": "Buyer Amber", "countryCodeV2": "US", "provinceCode": "NY"}
    assert made["customer"] is None
    node = made["lineItems"]["nodes"][0]
    assert (node["sku"], node["requiresShipping"], node["customAttributes"]) == (
        "X-1", True, [{"key": "engraving", "value": "A"}],
    )  # fmt: skip
    standing = sandbox.standing()[0]
    assert (standing.key, standing.number, standing.lines, standing.total) == (
        "os-abcdefghijklmnopqrstuvwxyz", "WEB-1", 1, Decimal(5),
    )  # fmt: skip
    by_id = "query($i: OrderIdentifierInput!) { orderByIdentifier(identifier: $i) { name } }"
    custom = {"customId": {"namespace": "sync", "key": "key", "value": "os-1"}}
    assert ask(by_id, i=custom)["data"]["orderByIdentifier"] == {"name": "WEB-1"}
    assert (
        ask(by_id, i={"customId": {**custom["customId"], "value": "os-2"}})["data"]["orderByIdentifier"]
        is None
    )


def test_the_same_order_twice_is_two_orders(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    one, two = (create(ask, lineItems=[line("1.00")], sourceIdentifier="os-same") for _ in range(2))
    assert one["id"] != two["id"]
    assert [order.key for order in sandbox.standing()] == ["os-same", "os-same"]


def test_a_search_sees_a_write_only_after_the_lag_and_a_look_up_at_once(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    made = create(ask, lineItems=[line("1.00")], sourceIdentifier="os-late")
    query = "{ orders(first: 5, query: \"source_identifier:'os-late'\") { nodes { id } } }"
    assert ask(query)["data"]["orders"]["nodes"] == []
    assert ask("{ orders(first: 5, sortKey: UPDATED_AT) { nodes { id } } }")["data"]["orders"]["nodes"] == []
    assert ask("query($id: ID!) { order(id: $id) { id } }", id=made["id"])["data"]["order"] == {
        "id": made["id"]
    }
    sandbox.clock.sleep(2.9)
    assert ask(query)["data"]["orders"]["nodes"] == []
    sandbox.clock.sleep(0.1)
    assert ask(query)["data"]["orders"]["nodes"] == [{"id": made["id"]}]


# ---- refusals


def test_what_an_order_must_have(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    assert refused(ask) == {
        "field": ["order", "lineItems"],
        "message": "Line items must have at least one line item",
        "code": "INVALID",
    }
    unknown = refused(
        ask, lineItems=[line("1.00"), {"variantId": "gid://shopify/ProductVariant/1", "quantity": 1}]
    )
    assert unknown["field"] == ["order", "lineItems", "1", "variantId"]
    assert refused(ask, lineItems=[line("1.00", 0)])["field"][-1] == "quantity"
    assert refused(ask, lineItems=[{"title": "Mug", "quantity": 1}])["field"][-1] == "priceSet"
    assert refused(ask, lineItems=[{"quantity": 1, "priceSet": money("1.00")}])["field"][-1] == "title"
    nameless = refused(ask, lineItems=[line("1.00")], shippingAddress={"firstName": "Buyer", "lastName": " "})
    assert nameless["field"] == ["order", "shippingAddress", "lastName"]
    assert sandbox.standing() == []


def test_what_the_schema_demands_is_a_top_level_error(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    rateless = ask(
        CREATE, order={"lineItems": [line("1.00", taxLines=[{"title": "Tax", "priceSet": money("0.10")}])]}
    )
    assert "data" not in rateless
    assert rateless["errors"][0]["extensions"] == {"code": "INVALID_VARIABLE"}
    assert "rate" in rateless["errors"][0]["message"]
    many = ask(CREATE, order={"lineItems": [line("1.00")] * 251})
    assert many["errors"][0]["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"


def test_a_time_in_the_future_is_clamped_since_2026_07(sandbox: Sandbox) -> None:
    later = "2026-12-24T00:00:00Z"
    assert (
        create(client(sandbox), lineItems=[line("1.00")], processedAt=later)["processedAt"]
        == "2026-11-01T12:00:00Z"
    )
    error = refused(client(sandbox, "2026-04"), lineItems=[line("1.00")], processedAt=later)
    assert (error["field"], error["code"]) == (["order", "processedAt"], "PROCESSED_AT_INVALID")


def test_a_trial_shop_takes_five_orders_a_minute() -> None:
    ask = client(Sandbox(clock=(clock := VirtualClock(START)), options={"trial": "true"}))
    for _ in range(5):
        create(ask, lineItems=[line("1.00")])
    assert refused(ask, lineItems=[line("1.00")])["message"] == "Too many attempts. Please try again later."
    clock.sleep(60)
    create(ask, lineItems=[line("1.00")])


# ---- customers


NEW_CUSTOMER = "mutation($i: CustomerInput!) { customerCreate(input: $i) { customer { id } userErrors { field message } } }"


def test_an_email_and_a_phone_belong_to_one_customer(sandbox: Sandbox) -> None:
    ask = client(sandbox)

    def made(**given: Any) -> dict[str, Any]:
        found: dict[str, Any] = ask(NEW_CUSTOMER, i=given)["data"]["customerCreate"]
        return found

    first = made(email="New@Example.com", phone="+1 212 555 0199", firstName="Buyer", lastName="New")
    assert first["userErrors"] == []
    assert made(email="new@example.com")["userErrors"] == [
        {"field": ["email"], "message": "Email has already been taken"}
    ]
    assert made(phone="+12125550199", lastName="Other")["userErrors"] == [
        {"field": ["phone"], "message": "Phone has already been taken"}
    ]
    assert made(note="nobody")["userErrors"] == [
        {"field": None, "message": "Customer must have a name, phone number or email address"}
    ]
    assert made(email="not an address")["userErrors"][0]["message"] == "Email is invalid"
    lookup = 'query { customerByIdentifier(identifier: {emailAddress: "new@example.com"}) { id } }'
    assert ask(lookup)["data"]["customerByIdentifier"] == first["customer"]
    search = '{ customers(first: 5, query: "email:new@example.com") { nodes { id } } }'
    assert ask(search)["data"]["customers"]["nodes"] == []
    sandbox.clock.sleep(3)
    assert ask(search)["data"]["customers"]["nodes"] == [first["customer"]]


def test_an_order_names_its_customer_in_one_way(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    found = ask(
        'query { customerByIdentifier(identifier: {emailAddress: "buyer.birch@example.com"}) { id } }'
    )
    birch = found["data"]["customerByIdentifier"]["id"]
    by_id = create(ask, lineItems=[line("1.00")], customer={"toAssociate": {"id": birch}})
    assert by_id["customer"] == {"id": birch, "email": "buyer.birch@example.com"}
    assert by_id["email"] == "buyer.birch@example.com"
    assert create(ask, lineItems=[line("1.00")], customerId=birch)["customer"]["id"] == birch
    again = create(ask, lineItems=[line("1.00")], customer={"toUpsert": {"email": "buyer.birch@example.com"}})
    assert again["customer"]["id"] == birch
    fresh = create(
        ask, lineItems=[line("1.00")], customer={"toUpsert": {"email": "x@example.com", "lastName": "X"}}
    )
    assert fresh["customer"]["id"] not in (birch, None)
    both = refused(ask, lineItems=[line("1.00")], customerId=birch, customer={"toAssociate": {"id": birch}})
    assert both["code"] == "REDUNDANT_CUSTOMER_FIELDS"
    unknown = refused(ask, lineItems=[line("1.00")], customer={"toAssociate": {"email": "no@example.com"}})
    assert unknown["field"] == ["order", "customer", "toAssociate"]
    others = refused(
        ask,
        lineItems=[line("1.00")],
        customer={"toAssociate": {"id": birch}},
        email="buyer.amber@example.com",
    )
    assert others["message"] == "Email has already been taken"


# ---- stock


def test_stock_falls_only_if_asked_and_is_obeyed_only_if_asked(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    query = """{ productVariants(first: 1, query: "sku:PEN-01") { nodes { id inventoryItem {
        inventoryLevels(first: 5) { nodes { quantities(names: ["available", "on_hand"]) { quantity } } } } } } }"""

    def stock() -> tuple[str, list[list[int]]]:
        node = ask(query)["data"]["productVariants"]["nodes"][0]
        levels = node["inventoryItem"]["inventoryLevels"]["nodes"]
        return node["id"], [[one["quantity"] for one in level["quantities"]] for level in levels]

    variant, ((first, _), (second, _)) = stock()
    create(ask, lineItems=[{"variantId": variant, "quantity": 5}])
    assert stock()[1] == [[first, first], [second, second]]
    obey = {"inventoryBehaviour": "DECREMENT_OBEYING_POLICY"}
    create(ask, obey, lineItems=[{"variantId": variant, "quantity": 5}])
    assert stock()[1] == [[first - 5, first], [second, second]]
    error = refused(ask, obey, lineItems=[{"variantId": variant, "quantity": 10_000}])
    assert error["code"] == "INVENTORY_CLAIM_FAILED"
    ignore = {"inventoryBehaviour": "DECREMENT_IGNORING_POLICY"}
    create(ask, ignore, lineItems=[{"variantId": variant, "quantity": 10_000}])
    assert stock()[1][0][0] == first - 10_005


def test_setting_stock_must_carry_an_idempotency_key(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    ids = ask(
        "{ productVariants(first: 1) { nodes { inventoryItem { id } } } locations(first: 1) { nodes { id } } }"
    )
    item = ids["data"]["productVariants"]["nodes"][0]["inventoryItem"]["id"]
    place = ids["data"]["locations"]["nodes"][0]["id"]
    text = """mutation($i: InventorySetQuantitiesInput!) { inventorySetQuantities(input: $i) KEY {
        userErrors { code } } }"""

    def given(quantity: int, known: int | None) -> dict[str, Any]:
        one = {
            "inventoryItemId": item,
            "locationId": place,
            "quantity": quantity,
            "changeFromQuantity": known,
        }
        return {"name": "available", "reason": "correction", "quantities": [one]}

    bare = ask(text.replace("KEY", ""), i=given(5, None))
    message = "The @idempotent directive is required for this mutation but was not provided."
    assert [error["message"] for error in bare["errors"]] == [message]
    keyed = text.replace("KEY", '@idempotent(key: "a")')
    assert ask(keyed, i=given(5, None))["data"]["inventorySetQuantities"] == {"userErrors": []}
    stale = ask(keyed, i=given(6, 4))["data"]["inventorySetQuantities"]["userErrors"]
    assert stale == [{"code": "CHANGE_FROM_QUANTITY_STALE"}]


# ---- later changes


def test_tags_are_added_and_an_update_replaces_them(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    made = create(ask, lineItems=[line("1.00")], tags=["a"])
    sandbox.clock.sleep(10)
    add = """mutation($id: ID!) { tagsAdd(id: $id, tags: ["b", "A", "c, d"]) { node { id ... on Order { tags updatedAt } }
        userErrors { message } } }"""
    assert ask(add, id=made["id"])["data"]["tagsAdd"]["node"] == {
        "id": made["id"],
        "tags": ["a", "b", "c", "d"],
        "updatedAt": "2026-11-01T12:00:10Z",
    }
    update = """mutation($i: OrderInput!) { orderUpdate(input: $i) { order { tags note poNumber }
        userErrors { field message } } }"""
    found = ask(update, i={"id": made["id"], "tags": ["z"], "note": "N", "poNumber": "P"})["data"][
        "orderUpdate"
    ]
    assert found == {"order": {"tags": ["z"], "note": "N", "poNumber": "P"}, "userErrors": []}
    missing = ask(update, i={"id": "gid://shopify/Order/1", "note": "N"})["data"]["orderUpdate"]
    assert missing == {"order": None, "userErrors": [{"field": ["id"], "message": "Order does not exist"}]}


def test_an_order_is_marked_as_paid_once(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    made = create(ask, lineItems=[line("7.50", 2)], transactions=[{"amountSet": money("5.00")}])
    pay = f"""mutation($i: OrderMarkAsPaidInput!) {{ orderMarkAsPaid(input: $i) {{ userErrors {{ field message }}
        order {{ displayFinancialStatus totalReceivedSet {BAG} transactions(first: 5) {{ kind amountSet {BAG} }} }} }} }}"""
    found = ask(pay, i={"id": made["id"]})["data"]["orderMarkAsPaid"]["order"]
    assert found["displayFinancialStatus"] == "PAID"
    assert [shop_side(one["amountSet"]) for one in found["transactions"]] == ["5.0", "10.0"]
    again = ask(pay, i={"id": made["id"]})["data"]["orderMarkAsPaid"]
    assert again["userErrors"] == [{"field": ["id"], "message": "Order cannot be marked as paid."}]


def test_a_cancellation_is_a_job(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    made = create(ask, lineItems=[line("10.00", 2)], transactions=[{"amountSet": money("20.00")}])
    cancel = """mutation($id: ID!) { orderCancel(orderId: $id, reason: CUSTOMER, restock: true,
        refundMethod: {originalPaymentMethodsRefund: true}) { job { id done } orderCancelUserErrors { field message code } } }"""
    look = f"""query($id: ID!) {{ order(id: $id) {{ cancelledAt cancelReason displayFinancialStatus
        currentTotalPriceSet {BAG} totalPriceSet {BAG} lineItems(first: 5) {{ nodes {{ quantity currentQuantity }} }} }} }}"""
    job = ask(cancel, id=made["id"])["data"]["orderCancel"]["job"]
    assert job["done"] is False
    assert ask(look, id=made["id"])["data"]["order"]["cancelledAt"] is None
    sandbox.clock.sleep(1)
    assert ask("query($id: ID!) { job(id: $id) { done } }", id=job["id"])["data"]["job"] == {"done": True}
    after = ask(look, id=made["id"])["data"]["order"]
    assert (after["cancelledAt"], after["cancelReason"]) == ("2026-11-01T12:00:01Z", "CUSTOMER")
    assert after["displayFinancialStatus"] == "REFUNDED"
    assert (shop_side(after["totalPriceSet"]), shop_side(after["currentTotalPriceSet"])) == ("20.0", "0.0")
    assert after["lineItems"]["nodes"] == [{"quantity": 2, "currentQuantity": 0}]
    again = ask(cancel, id=made["id"])["data"]["orderCancel"]
    assert again["job"] is None
    assert again["orderCancelUserErrors"][0]["code"] == "INVALID"
    assert sandbox.standing()[0].cancelled is True


FULFIL = """mutation($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) { userErrors { field message }
    fulfillment { id status totalQuantity trackingInfo(first: 5) { company number url }
        order { displayFulfillmentStatus } } } }"""


def test_parcels_are_sent_from_fulfilment_orders(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    made = create(ask, lineItems=[line("1.00", 3), line("2.00")])
    query = """query($id: ID!) { order(id: $id) { fulfillmentOrders(first: 5) { nodes { id status
        supportedActions { action } assignedLocation { name location { id } }
        lineItems(first: 5) { nodes { id remainingQuantity lineItem { id } } } } } } }"""
    asked = ask(query, id=made["id"])["data"]["order"]["fulfillmentOrders"]["nodes"][0]
    assert asked["status"] == "OPEN"
    assert [one["remainingQuantity"] for one in asked["lineItems"]["nodes"]] == [3, 1]
    first = asked["lineItems"]["nodes"][0]["id"]

    def send(lines: list[dict[str, Any]] | None, **more: Any) -> dict[str, Any]:
        group = {"fulfillmentOrderId": asked["id"], **({"fulfillmentOrderLineItems": lines} if lines else {})}
        found: dict[str, Any] = ask(FULFIL, f={"lineItemsByFulfillmentOrder": [group], **more})["data"][
            "fulfillmentCreate"
        ]
        return found

    too_many = send([{"id": first, "quantity": 4}])
    assert too_many["userErrors"][0]["message"] == "Invalid fulfillment order line item quantity requested."
    part = send([{"id": first, "quantity": 2}], trackingInfo={"company": "UPS", "numbers": ["1Z1", "1Z2"]})
    assert part["fulfillment"]["order"] == {"displayFulfillmentStatus": "PARTIALLY_FULFILLED"}
    assert part["fulfillment"]["trackingInfo"] == [
        {"company": "UPS", "number": "1Z1", "url": None},
        {"company": "UPS", "number": "1Z2", "url": None},
    ]
    rest = send(None)
    assert (rest["fulfillment"]["totalQuantity"], rest["fulfillment"]["order"]) == (
        2, {"displayFulfillmentStatus": "FULFILLED"},
    )  # fmt: skip
    closed = send(None)["userErrors"][0]["message"]
    assert closed == f"Fulfillment order {asked['id'].rsplit('/', 1)[1]} has an unfulfillable status= closed."
    asked["id"] = "gid://shopify/FulfillmentOrder/1"
    assert send(None)["userErrors"][0]["message"] == "Fulfillment order does not exist."
    track = """mutation($id: ID!) { fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: {number: "N",
        url: "https://carrier.example.com/N"}) { fulfillment { trackingInfo(first: 5) { number url } }
        userErrors { message } } }"""
    tracked = ask(track, id=part["fulfillment"]["id"])["data"]["fulfillmentTrackingInfoUpdate"]["fulfillment"]
    assert tracked == {"trackingInfo": [{"number": "N", "url": "https://carrier.example.com/N"}]}


def test_an_order_can_come_with_its_parcel(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    place = ask("{ locations(first: 1) { nodes { id } } }")["data"]["locations"]["nodes"][0]["id"]
    parcel = {"locationId": place, "trackingCompany": "UPS", "trackingNumber": "1Z"}
    made = create(ask, lineItems=[line("1.00")], fulfillment=parcel)
    assert made["displayFulfillmentStatus"] == "FULFILLED"
    assert made["fulfillments"] == [{"trackingInfo": [{"company": "UPS", "number": "1Z", "url": None}]}]


def test_an_order_is_closed_and_opened(sandbox: Sandbox) -> None:
    ask = client(sandbox)
    made = create(ask, lineItems=[line("1.00")])
    shut = "mutation($i: OrderCloseInput!) { orderClose(input: $i) { order { closed closedAt } userErrors { message } } }"
    found = ask(shut, i={"id": made["id"]})["data"]["orderClose"]["order"]
    assert found == {"closed": True, "closedAt": "2026-11-01T12:00:00Z"}
    reopen = "mutation($i: OrderOpenInput!) { orderOpen(input: $i) { order { closed } userErrors { field message } } }"
    assert ask(reopen, i={"id": made["id"]})["data"]["orderOpen"]["order"] == {"closed": False}
    missing = ask(reopen, i={"id": "gid://shopify/Order/123456789"})
    assert missing["data"]["orderOpen"] == {
        "order": None,
        "userErrors": [{"field": ["id"], "message": "Order does not exist"}],
    }
    assert missing["extensions"]["cost"]["actualQueryCost"] == 10


def test_a_discount_code_is_looked_up_whatever_its_case(sandbox: Sandbox) -> None:
    query = """query($c: String!) { codeDiscountNodeByCode(code: $c) { id codeDiscount { ... on DiscountCodeBasic {
        title status customerGets { value { ... on DiscountPercentage { percentage } } } } } } }"""
    found = client(sandbox)(query, c="welcome")["data"]["codeDiscountNodeByCode"]["codeDiscount"]
    assert found == {"title": "WELCOME", "status": "ACTIVE", "customerGets": {"value": {"percentage": 0.1}}}
    assert client(sandbox)(query, c="NOPE")["data"]["codeDiscountNodeByCode"] is None


def test_the_first_quirk_of_time_is_that_it_is_the_clocks(sandbox: Sandbox) -> None:
    sandbox.clock.sleep(timedelta(days=1).total_seconds())
    assert create(client(sandbox), lineItems=[line("1.00")])["createdAt"] == "2026-11-02T12:00:00Z"
