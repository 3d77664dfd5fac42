"""What the sandbox answers: pages, searches, look-ups, prices, and what it refuses."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import httpx
import pytest

from ordersync.testing.seeds import UNKNOWN_SKU, catalogue, customers, sample_orders
from ordersync.web import VirtualClock
from ordersync_shopify.sandbox import TWIN_SKU, Sandbox
from ordersync_shopify.sandbox.search import And, Not, Or, Term, matches, parse
from ordersync_shopify.sandbox.throttle import page_factor

Ask = Callable[..., dict[str, Any]]
MONEY = "{ shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"


def client(sandbox: Sandbox, version: str = "2026-10") -> Ask:
    """Ask a sandbox, over its wire: the whole JSON answer."""
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


def shop(orders: int = 0, **options: str) -> Sandbox:
    return Sandbox(clock=VirtualClock(), orders=orders, options=options)


@pytest.fixture(scope="module")
def full() -> Sandbox:
    """Read only."""
    return Sandbox(clock=VirtualClock(), orders=60, options={"bucket": "1000000"})


def amounts(bag: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    return Decimal(bag["shopMoney"]["amount"]), Decimal(bag["presentmentMoney"]["amount"])


# ---- the door


def test_a_wrong_token_is_refused_as_the_vendor_does(full: Sandbox) -> None:
    http = httpx.Client(transport=full.transport(), base_url="http://shopify.sandbox")
    for headers in ({}, {"X-Shopify-Access-Token": "wrong"}):
        answer = http.post(
            "/admin/api/2026-10/graphql.json", headers=headers, json={"query": "{ shop { id } }"}
        )
        assert answer.status_code == 401
        assert answer.json() == {
            "errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"
        }
        assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("asked", "served"),
    [("2026-10", "2026-10"), ("2026-01", "2026-01"), ("2024-01", "2026-01"), ("2031-01", "2027-01")],
)
def test_another_version_than_the_served_ones_is_not_refused(full: Sandbox, asked: str, served: str) -> None:
    http = httpx.Client(transport=full.transport(), base_url="http://shopify.sandbox")
    answer = http.post(
        f"/admin/api/{asked}/graphql.json",
        headers={"X-Shopify-Access-Token": full.access_token},
        json={"query": "{ shop { myshopifyDomain currencyCode plan { partnerDevelopment } } }"},
    )
    assert answer.headers["x-shopify-api-version"] == served
    assert ("x-shopify-api-version-warning" in answer.headers) == (asked != served)
    assert answer.json()["data"]["shop"] == {
        "myshopifyDomain": "sandbox-shop.myshopify.com",
        "currencyCode": "USD",
        "plan": {"partnerDevelopment": False},
    }


def test_what_the_schema_does_not_have_is_an_error_without_data(full: Sandbox) -> None:
    answer = client(full)("{ shop { nothing } }")
    assert answer["errors"][0]["extensions"]["code"] == "undefinedField"
    assert "data" not in answer


# ---- pages


def test_orders_come_in_pages_and_each_once(full: Sandbox) -> None:
    ask = client(full)
    query = """query($after: String) { orders(first: 7, after: $after, sortKey: UPDATED_AT) {
        pageInfo { hasNextPage endCursor } edges { cursor node { id updatedAt } } } }"""
    seen: list[tuple[str, str]] = []
    after, pages = None, 0
    while True:
        page = ask(query, after=after)["data"]["orders"]
        seen += [(edge["node"]["updatedAt"], edge["node"]["id"]) for edge in page["edges"]]
        assert page["edges"][-1]["cursor"] == page["pageInfo"]["endCursor"]
        pages += 1
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert pages == 9
    assert len(set(seen)) == len(seen) == 60
    assert [moment for moment, _ in seen] == sorted(moment for moment, _ in seen)
    assert json.loads(base64.b64decode(after)).keys() == {"last_id", "last_value"}


def test_pages_go_backwards_too(full: Sandbox) -> None:
    ask = client(full)
    forward = ask("{ orders(first: 60, sortKey: UPDATED_AT) { nodes { id } } }")["data"]["orders"]["nodes"]
    back = ask("{ orders(first: 60, sortKey: UPDATED_AT, reverse: true) { nodes { id } } }")["data"]["orders"]
    assert back["nodes"] == forward[::-1]
    tail = ask(
        "{ orders(last: 4, sortKey: UPDATED_AT) { nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor } } }"
    )["data"]["orders"]
    assert tail["nodes"] == forward[-4:]
    assert (tail["pageInfo"]["hasNextPage"], tail["pageInfo"]["hasPreviousPage"]) == (False, True)
    before = tail["pageInfo"]["startCursor"]
    query = "query($b: String) { orders(last: 3, before: $b, sortKey: UPDATED_AT) { nodes { id } } }"
    assert ask(query, b=before)["data"]["orders"]["nodes"] == forward[-7:-4]


def test_lines_inside_an_order_have_pages_of_their_own(full: Sandbox) -> None:
    ask = client(full)
    query = """query($id: ID!, $after: String) { order(id: $id) { lineItems(first: 8, after: $after) {
        pageInfo { hasNextPage endCursor } nodes { id sku } } } }"""
    long = next(one for one in full.standing() if one.lines == 30)
    seen: list[str] = []
    after = None
    while True:
        page = ask(query, id=long.id, after=after)["data"]["order"]["lineItems"]
        seen += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(seen) == len(set(seen)) == 30


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("first: 251", "The page size of 251 is greater than the maximum allowed of 250."),
        ('query: ""', "you must provide one of first or last"),
        ('first: 5, after: "nonsense"', "Invalid cursor for current pagination sort."),
    ],
)
def test_a_page_that_cannot_be_is_an_error(full: Sandbox, arguments: str, message: str) -> None:
    answer = client(full)(f"{{ orders({arguments}) {{ nodes {{ id }} }} }}")
    assert [error["message"] for error in answer["errors"]] == [message]
    assert answer["data"] is None


def test_a_capped_page_is_shorter_than_was_asked_for() -> None:
    answer = client(shop(9, page_cap="4"))("{ orders(first: 8) { nodes { id } pageInfo { hasNextPage } } }")
    assert len(answer["data"]["orders"]["nodes"]) == 4
    assert answer["data"]["orders"]["pageInfo"]["hasNextPage"] is True


# ---- searches


def names(ask: Ask, query: str) -> set[str]:
    found = ask("query($q: String) { orders(first: 250, query: $q) { nodes { name } } }", q=query)
    return {node["name"] for node in found["data"]["orders"]["nodes"]}


def test_searches_by_time_state_and_text(full: Sandbox) -> None:
    ask = client(full)
    everything = names(ask, "")
    middle = sorted(order.updated_at for order in sample_orders(0, 60))[30]
    written = middle.strftime("%Y-%m-%dT%H:%M:%SZ")
    since = names(ask, f"updated_at:>='{written}'")
    before = names(ask, f"updated_at:<'{written}'")
    assert since | before == everything
    assert not since & before
    assert len(since) == sum(order.updated_at >= middle for order in sample_orders(0, 60))
    assert names(ask, f"updated_at:>'{written}'") < since
    assert names(ask, f"updated_at:<='{written}'") > before
    assert names(ask, "status:cancelled") == {"#1019", "#1039", "#1059"}
    assert names(ask, "status:open") == everything - {"#1019", "#1039", "#1059"}
    assert names(ask, "financial_status:pending") == {"#1020", "#1040", "#1060"}
    assert names(ask, "tag:first AND -name:'#1001'") == {f"#{1001 + index}" for index in range(6, 60, 6)}
    assert names(ask, "name:#1003 OR name:1004") == {"#1003", "#1004"}
    assert names(ask, "(name:1003 OR name:1004) NOT name:1004") == {"#1003"}
    assert names(ask, f'sku:"{UNKNOWN_SKU}"') == {"#1008"}
    assert names(ask, "created_at:<2026") == set()
    assert names(ask, "created_at:<=2026") == everything


def test_an_unknown_filter_leaves_nothing_out_and_is_told(full: Sandbox) -> None:
    answer = client(full)('{ orders(first: 2, query: "colour:red") { nodes { id } } }')
    assert len(answer["data"]["orders"]["nodes"]) == 2
    assert answer["extensions"]["search"][0]["warnings"][0]["field"] == "colour"


def test_the_syntax_is_read_as_a_tree() -> None:
    assert parse('a:1 b:>="x y" OR -c:z') == Or(
        (And((Term("a", ":", "1"), Term("b", ":>=", "x y", quoted=True))), Not(Term("c", ":", "z")))
    )
    assert parse("") == And(())
    now = datetime(2026, 11, 1, tzinfo=UTC)
    assert matches(parse("tag:a,b"), {"tag": ["B"]}, now)
    assert not matches(parse("tag:'a,b'"), {"tag": ["B"]}, now)
    assert matches(parse("email:buyer*"), {"email": "Buyer@example.com"}, now)
    assert matches(parse("updated_at:<=now"), {"updated_at": now}, now)
    assert not matches(parse("metafields.custom.kind:x"), {}, now)


def test_variants_are_found_by_sku_and_one_sku_has_two(full: Sandbox) -> None:
    ask = client(full)
    query = """query($q: String) { productVariants(first: 10, query: $q) { nodes {
        id sku price barcode product { title } inventoryItem { id inventoryLevels(first: 5) { nodes {
            location { name } quantities(names: ["available", "on_hand"]) { name quantity } } } } } } }"""
    mug = next(one for one in catalogue() if one.sku == "MUG-01")
    found = ask(query, q="sku:mug-01 OR sku:twin-01")["data"]["productVariants"]["nodes"]
    assert sorted(node["sku"] for node in found) == ["MUG-01", TWIN_SKU, TWIN_SKU]
    node = next(node for node in found if node["sku"] == "MUG-01")
    assert (node["price"], node["barcode"]) == ("12.50", mug.barcode)
    levels = node["inventoryItem"]["inventoryLevels"]["nodes"]
    assert len(levels) == 2
    assert sum(level["quantities"][0]["quantity"] for level in levels) == mug.stock
    assert ask(query, q="sku:GONE-404")["data"]["productVariants"]["nodes"] == []


def test_locations_and_their_stock(full: Sandbox) -> None:
    found = client(full)("{ locations(first: 5) { nodes { id name isActive address { countryCode } } } }")
    nodes = found["data"]["locations"]["nodes"]
    assert [node["name"] for node in nodes] == ["Main Street Warehouse", "North Annex"]
    here = client(full)(
        "query($id: ID!) { location(id: $id) { inventoryLevels(first: 250) { nodes { item { sku } } } } }",
        id=nodes[0]["id"],
    )
    assert len(here["data"]["location"]["inventoryLevels"]["nodes"]) == len(catalogue()) + 2


# ---- customers


def test_customers_are_looked_up_exactly_and_searched(full: Sandbox) -> None:
    ask = client(full)
    person = customers()[0]
    query = """query($i: CustomerIdentifierInput!) { customerByIdentifier(identifier: $i) {
        id email displayName defaultAddress { name countryCodeV2 zip } } }"""
    found = ask(query, i={"emailAddress": person.email.upper()})["data"]["customerByIdentifier"]
    assert found["displayName"] == "Buyer Amber"
    assert found["defaultAddress"] == {"name": "Buyer Amber", "countryCodeV2": "US", "zip": "10001"}
    for identifier in ({"phoneNumber": person.phone}, {"id": found["id"]}):
        assert ask(query, i=identifier)["data"]["customerByIdentifier"] == found
    assert ask(query, i={"emailAddress": "nobody@example.com"})["data"]["customerByIdentifier"] is None
    both = ask(query, i={"emailAddress": person.email, "id": found["id"]})
    assert both["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"
    searched = ask('{ customers(first: 5, query: "email:\\"buyer.amber@example.com\\"") { nodes { id } } }')
    assert searched["data"]["customers"]["nodes"] == [{"id": found["id"]}]


# ---- amounts


ORDERS = """query($after: String) { orders(first: 20, after: $after) { pageInfo { hasNextPage endCursor } nodes {
    name taxesIncluded currencyCode presentmentCurrencyCode test cancelledAt
    subtotalPriceSet M totalDiscountsSet M totalShippingPriceSet M totalTaxSet M totalPriceSet M currentTotalPriceSet M
    totalOutstandingSet M taxLines { title rate priceSet M }
    shippingLines(first: 5) { nodes { originalPriceSet M discountedPriceSet M taxLines { priceSet M } } }
    lineItems(first: 30) { nodes { sku quantity currentQuantity originalUnitPriceSet M originalTotalSet M
        discountAllocations { allocatedAmountSet M } taxLines { rate priceSet M } variant { sku } } } } } }"""


def test_every_order_adds_up_in_both_currencies(full: Sandbox) -> None:
    ask = client(full)
    seen, after = [], None
    while True:
        page = ask(ORDERS.replace(" M", f" {MONEY}"), after=after)["data"]["orders"]
        seen += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(seen) == 60
    assert {node["presentmentCurrencyCode"] for node in seen} == {"USD", "EUR", "GBP", "JPY", "KWD"}
    for node in seen:
        assert node["currencyCode"] == "USD"
        for side in (0, 1):
            _adds_up(node, side)
    assert [
        line["variant"] for node in seen for line in node["lineItems"]["nodes"] if line["sku"] == UNKNOWN_SKU
    ] == [None]
    custom = [line for node in seen for line in node["lineItems"]["nodes"] if line["sku"] is None]
    assert len(custom) == 3
    assert all(line["variant"] is None for line in custom)


def _adds_up(node: dict[str, Any], side: int) -> None:
    subtotal = tax = discounts = Decimal(0)
    for line in node["lineItems"]["nodes"]:
        unit, whole = (amounts(line[name])[side] for name in ("originalUnitPriceSet", "originalTotalSet"))
        assert unit * line["quantity"] == whole
        off = sum(
            (amounts(one["allocatedAmountSet"])[side] for one in line["discountAllocations"]), Decimal(0)
        )
        assert 0 <= off <= whole
        subtotal += whole - off
        discounts += off
        tax += sum((amounts(one["priceSet"])[side] for one in line["taxLines"]), Decimal(0))
    shipping = Decimal(0)
    for charge in node["shippingLines"]["nodes"]:
        shipping += amounts(charge["discountedPriceSet"])[side]
        tax += sum((amounts(one["priceSet"])[side] for one in charge["taxLines"]), Decimal(0))
    assert amounts(node["subtotalPriceSet"])[side] == subtotal
    assert amounts(node["totalDiscountsSet"])[side] == discounts
    assert amounts(node["totalTaxSet"])[side] == tax
    assert sum((amounts(one["priceSet"])[side] for one in node["taxLines"]), Decimal(0)) == tax
    total = subtotal + shipping + (0 if node["taxesIncluded"] else tax)
    assert amounts(node["totalPriceSet"])[side] == total
    assert amounts(node["currentTotalPriceSet"])[side] == (0 if node["cancelledAt"] else total)


def test_a_sold_currency_is_exact_and_the_shops_is_converted(full: Sandbox) -> None:
    seed = next(order for order in sample_orders(0, 60) if order.kind == "de_plain")
    found = client(full)(
        f"""query($q: String) {{ orders(first: 1, query: $q) {{ nodes {{ taxesIncluded
            lineItems(first: 1) {{ nodes {{ originalUnitPriceSet {MONEY} }} }} }} }} }}""",
        q=f"name:#{1001 + seed.index}",
    )["data"]["orders"]["nodes"][0]
    assert found["taxesIncluded"] is True
    shop, shown = amounts(found["lineItems"]["nodes"][0]["originalUnitPriceSet"])
    assert shown == seed.lines[0].unit_price
    assert shop == (seed.lines[0].unit_price / Decimal("0.9")).quantize(Decimal("0.01"))


def test_taxes_are_rounded_per_line_inside_or_on_top(full: Sandbox) -> None:
    query = """query($q: String) { orders(first: 1, query: $q) { nodes { presentmentCurrencyCode
        totalTaxSet { shopMoney { amount } presentmentMoney { amount } } } } }"""
    digits = {"USD": Decimal("0.01"), "EUR": Decimal("0.01"), "GBP": Decimal("0.01"), "JPY": Decimal(1)}
    seen = 0
    for seed in sample_orders(0, 60):
        if seed.order_discount or seed.currency not in digits:
            continue
        parts = [(one.unit_price * one.quantity - one.discount, one.taxes) for one in seed.lines]
        if seed.shipping:
            parts.append((seed.shipping.price, seed.shipping.taxes))
        expected = Decimal(0)
        for net, taxes in parts:
            for _, rate in taxes:
                exact = net * rate / (1 + rate) if seed.taxes_included else net * rate
                expected += exact.quantize(digits[seed.currency], ROUND_HALF_UP)
        found = client(full)(query, q=f"name:#{1001 + seed.index}")["data"]["orders"]["nodes"][0]
        side = 0 if seed.presentment else 1
        assert amounts(found["totalTaxSet"])[side] == expected, seed.kind
        seen += 1
    assert seen == 48


def test_amounts_and_ids_are_written_as_the_vendor_writes_them(full: Sandbox) -> None:
    ask = client(full)
    found = ask(
        "{ orders(first: 60, sortKey: ID) { nodes { id legacyResourceId totalPriceSet { shopMoney { amount } } } } }"
    )
    nodes = found["data"]["orders"]["nodes"]
    assert all(node["id"] == f"gid://shopify/Order/{node['legacyResourceId']}" for node in nodes)
    assert sum(int(node["legacyResourceId"]) > 2**53 for node in nodes) == 12
    texts = [node["totalPriceSet"]["shopMoney"]["amount"] for node in nodes]
    assert all("." in text for text in texts)
    assert not any(text.endswith("0") and not text.endswith(".0") for text in texts)


def test_an_edit_lowers_the_totals_and_a_refund_only_the_current_ones() -> None:
    sandbox = shop(20)
    ask = client(sandbox)
    long = next(one for one in sandbox.standing() if one.lines == 30)
    query = f"""query($id: ID!) {{ order(id: $id) {{ edited originalTotalPriceSet {MONEY} totalPriceSet {MONEY}
        currentTotalPriceSet {MONEY} totalRefundedSet {MONEY} displayFinancialStatus updatedAt
        refunds(first: 5) {{ totalRefundedSet {MONEY} refundLineItems(first: 5) {{ nodes {{ quantity
            lineItem {{ id }} subtotalSet {MONEY} }} }} }}
        lineItems(first: 30) {{ nodes {{ id quantity currentQuantity originalUnitPriceSet {MONEY}
            taxLines {{ priceSet {MONEY} }} }} }} }} }}"""
    before = ask(query, id=long.id)["data"]["order"]
    first, second = before["lineItems"]["nodes"][:2]

    def worth(line: dict[str, Any]) -> Decimal:
        tax = sum((amounts(one["priceSet"])[1] for one in line["taxLines"]), Decimal(0))
        return amounts(line["originalUnitPriceSet"])[1] * int(line["quantity"]) + tax

    sandbox.remove_units(long.id, 0, first["quantity"])
    sandbox.refund(long.id, {1: second["quantity"]})
    after = ask(query, id=long.id)["data"]["order"]

    total = amounts(before["totalPriceSet"])[1]
    assert amounts(after["originalTotalPriceSet"])[1] == total == long.total
    assert amounts(after["totalPriceSet"])[1] == total - worth(first)
    assert amounts(after["currentTotalPriceSet"])[1] == total - worth(first) - worth(second)
    assert amounts(after["totalRefundedSet"])[1] == worth(second)
    assert amounts(after["refunds"][0]["totalRefundedSet"])[1] == worth(second)
    assert after["refunds"][0]["refundLineItems"]["nodes"][0]["lineItem"]["id"] == second["id"]
    assert [line["currentQuantity"] for line in after["lineItems"]["nodes"][:2]] == [0, 0]
    assert [line["quantity"] for line in after["lineItems"]["nodes"][:2]] == [
        first["quantity"],
        second["quantity"],
    ]
    assert (after["edited"], after["displayFinancialStatus"]) == (True, "PARTIALLY_REFUNDED")
    assert after["updatedAt"] == "2026-11-01T12:00:00Z"


# ---- costs and scopes


def test_costs_are_those_that_were_observed() -> None:
    ask = client(shop(60))
    assert [page_factor(count) for count in (1, 3, 5, 10, 20, 50, 100, 200, 250)] == [
        1,
        2,
        3,
        4,
        5,
        7,
        9,
        10,
        11,
    ]

    def cost(query: str) -> tuple[int, int]:
        found = ask(query)["extensions"]["cost"]
        return found["requestedQueryCost"], found["actualQueryCost"]

    assert cost("{ shop { name plan { displayName } } }") == (2, 2)
    assert cost("{ locations(first: 250) { nodes { id } pageInfo { hasNextPage } } }") == (13, 2)
    assert cost("{ orders(first: 50) { nodes { id name } } }")[0] == 9
    assert cost("{ orders(first: 250) { nodes { id lineItems(first: 250) { nodes { id } } } } }")[0] == 156
    assert cost('{ order(id: "gid://shopify/Order/1") { id } }') == (1, 1)


def test_the_bucket_empties_throttles_and_fills_again() -> None:
    sandbox = shop(bucket="20", restore="2")
    ask = client(sandbox)
    query = "{ locations(first: 250) { nodes { id } } }"
    first = ask(query)["extensions"]["cost"]
    assert first["throttleStatus"] == {"maximumAvailable": 20, "currentlyAvailable": 18, "restoreRate": 2}
    for _ in range(3):
        ask(query)
    throttled = ask(query)
    assert "data" not in throttled
    assert throttled["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert throttled["extensions"]["cost"]["actualQueryCost"] is None
    assert throttled["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] == 12
    sandbox.clock.sleep(0.5)
    assert ask(query)["data"]["locations"]["nodes"]


def test_a_query_that_costs_too_much_is_refused_whatever_is_in_the_bucket() -> None:
    parts = " ".join(
        f"a{i}: orders(first: 250) {{ nodes {{ lineItems(first: 250) {{ nodes {{ id }} }} }} }}"
        for i in range(7)
    )
    answer = client(shop(bucket="100000"))(f"{{ {parts} }}")
    assert answer["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert answer["errors"][0]["extensions"]["cost"] == 7 * 156
    assert answer["errors"][0]["extensions"]["maxCost"] == 1000
    assert "data" not in answer


def test_a_missing_scope_is_denied_where_it_is_missing() -> None:
    sandbox = shop(3, scopes="read_orders,write_products")
    ask = client(sandbox)
    assert ask("{ currentAppInstallation { accessScopes { handle } } }")["data"] == {
        "currentAppInstallation": {"accessScopes": [{"handle": "read_orders"}, {"handle": "write_products"}]}
    }
    assert ask("{ productVariants(first: 1) { nodes { sku } } }")["data"]["productVariants"]["nodes"]
    denied = ask("{ customers(first: 1) { nodes { id } } }")
    assert denied["data"] is None
    assert denied["errors"][0]["path"] == ["customers"]
    assert denied["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    create = "mutation { orderCreate(order: {lineItems: []}) { order { id } userErrors { message } } }"
    assert ask(create)["data"] == {"orderCreate": None}
    assert len(sandbox.standing()) == 3


def test_old_orders_need_a_scope_of_their_own() -> None:
    sandbox = Sandbox(
        clock=VirtualClock(datetime(2026, 11, 5, 12, tzinfo=UTC)), orders=6, options={"scopes": "read_orders"}
    )
    answer = client(sandbox)("{ orders(first: 5) { nodes { id } } }")
    assert answer["data"]["orders"]["nodes"] == []
    everything = client(Sandbox(clock=sandbox.clock, orders=6))("{ ordersCount { count precision } }")
    assert everything["data"]["ordersCount"] == {"count": 6, "precision": "EXACT"}


def test_two_sandboxes_of_one_seed_are_one() -> None:
    query = "{ orders(first: 40) { nodes { id name updatedAt totalPriceSet { shopMoney { amount } } } } }"
    one, other = (client(Sandbox(clock=VirtualClock(), seed=7, orders=40)) for _ in range(2))
    assert one(query) == other(query)
    assert one(query) != client(Sandbox(clock=VirtualClock(), seed=8, orders=40))(query)
