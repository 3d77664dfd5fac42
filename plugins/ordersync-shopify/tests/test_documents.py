"""Every document and every input that is sent is valid in the vendor's own schema."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from graphql import GraphQLSchema, NoDeprecatedCustomRule, graphql_sync, parse, validate
from pydantic import SecretStr

from ordersync import (
    Address,
    Amounts,
    Customer,
    CustomerRef,
    Draft,
    DraftLine,
    Fulfill,
    Fulfillment,
    Item,
    LineKind,
    OrderSyncError,
    Payment,
    PaymentKind,
    Tax,
    Totals,
    Tracking,
)
from ordersync.testing.specs import vendor_specs
from ordersync.web import Access, VirtualClock
from ordersync_shopify import ShopifyConnector, inputs, mapping, queries, shipping, webhooks, wire

AT = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)


def draft() -> Draft:
    """A draft that uses whatever an order can be told."""

    def part(position: int, kind: LineKind, amount: str, **more: Any) -> DraftLine:
        taxes = (Tax(title="VAT", rate=Decimal("0.2"), amount=Decimal("1.00")), Tax(amount=Decimal("0.10")))
        return DraftLine(
            position=position,
            key=f"os-line-{position}",
            kind=kind,
            title=f"Part {position}",
            amounts=Amounts(list_amount=Decimal(amount), net=Decimal(amount), taxes=taxes),
            asked_price=Decimal(amount),
            **more,
        )

    address = Address(
        first_name="Buyer",
        last_name="Amber",
        line1="1 Water Street",
        city="New York",
        country="US",
        subdivision="NY",
    )
    item = Item(sku="A", product_id="gid://shopify/Product/1", variant_id="gid://shopify/ProductVariant/1")
    return Draft(
        key="os-abcdefghijklmnopqrstuvwxyz",
        source_platform="erp",
        source_id="77",
        number="SO-77",
        currency="USD",
        taxes_included=False,
        customer_ref=CustomerRef(id="7"),
        email="buyer.amber@example.com",
        phone="+12125550100",
        billing=address,
        shipping=address,
        lines=(
            part(0, LineKind.ITEM, "10.00", item=item, properties={"Engraving": "A"}),
            part(1, LineKind.CUSTOM, "5.00", sku="B"),
            part(2, LineKind.SHIPPING, "4.00"),
            part(3, LineKind.TIP, "1.00"),
        ),
        asked_discount=Decimal("2.50"),
        discount_codes=("AUTUMN",),
        payments=(
            Payment(amount=Decimal("10.00"), gateway="card", transaction_id="t-1", processed_at=AT),
            Payment(amount=Decimal("7.50"), kind=PaymentKind.GIFT_CARD),
        ),
        expected=Totals(currency="USD", net=Decimal("17.50"), tax=Decimal("4.40"), total=Decimal("21.90")),
        note="Leave at the door",
        tags=("b2b",),
        metadata={"Gift": "yes"},
        placed_at=AT,
        test=True,
    )


def variables() -> dict[str, list[dict[str, Any]]]:
    """Operation → variables as the connector builds them."""
    page = {"id": "gid://shopify/Order/1", "first": 250, "after": None}
    search = {"first": 25, "after": None, "query": 'sku:"A"'}
    shipped = wire.Shipments.model_validate(
        {
            "id": "gid://shopify/Order/1",
            "totalOutstandingSet": {
                "shopMoney": {"amount": "0", "currencyCode": "USD"},
                "presentmentMoney": {"amount": "0", "currencyCode": "USD"},
            },
            "fulfillmentOrders": {
                "nodes": [
                    {
                        "id": "gid://shopify/FulfillmentOrder/1",
                        "status": "OPEN",
                        "lineItems": {
                            "nodes": [
                                {
                                    "id": "gid://shopify/FulfillmentOrderLineItem/1",
                                    "remainingQuantity": 2,
                                    "lineItem": {"id": "gid://shopify/LineItem/1"},
                                }
                            ]
                        },
                    }
                ]
            },
        }
    )
    tracked = Fulfill(
        fulfillment=Fulfillment(tracking=(Tracking(number="1Z", carrier="UPS", url="https://x.example/1Z"),))
    )
    return {
        "Shop": [{}],
        "Orders": [{"first": 50, "after": None, "query": None}, search],
        "OrdersById": [{"ids": ["gid://shopify/Order/1"]}],
        "FindOrders": [search],
        "Customers": [search],
        "Variants": [search],
        "Stocks": [{"ids": ["gid://shopify/ProductVariant/1"]}],
        "Subscriptions": [{"first": 250, "after": None}],
        "CustomerByIdentifier": [
            {"identifier": {"emailAddress": "buyer.amber@example.com"}},
            {"identifier": {"phoneNumber": "+12125550100"}},
        ],
        "Discount": [{"code": "AUTUMN"}],
        "CreateOrder": [
            {
                "order": inputs.order_input(draft(), source_name="erp"),
                "options": {"inventoryBehaviour": "DECREMENT_OBEYING_POLICY"},
            }
        ],
        "CreateCustomer": [
            {
                "input": inputs.customer_input(
                    Customer(email="buyer.amber@example.com", phone="+12125550100", last_name="Amber"), "oc-1"
                )
            }
        ],
        "CancelOrder": [
            {"id": "gid://shopify/Order/1", "reason": reason, "restock": True, "note": None}
            for reason in ("OTHER", "CUSTOMER", "DECLINED", "FRAUD", "INVENTORY", "STAFF")
        ],
        "CreateFulfillment": [
            {"fulfillment": each} for each in shipping.fulfillment_inputs(shipped, tracked, None)
        ],
        "AddTags": [{"id": "gid://shopify/Order/1", "tags": ["os-1"]}],
        "CreateSubscription": [
            {"topic": topic, "uri": "https://hooks.example/in"} for topic in webhooks.TOPICS.values()
        ],
        **{
            document.name: [page]
            for document in queries.DOCUMENTS
            if "$id: ID!, $first: Int!" in document.text
        },
        **{
            document.name: [{"id": "gid://shopify/Order/1"}]
            for document in queries.DOCUMENTS
            if "($id: ID!)" in document.text
        },
    }


@pytest.mark.parametrize("version", ["2026-07", "2026-10"])
@pytest.mark.parametrize("document", queries.DOCUMENTS, ids=lambda document: document.name)
def test_documents_are_valid(
    schemas: dict[str, GraphQLSchema], version: str, document: queries.Document
) -> None:
    assert validate(schemas[version], parse(document.text)) == []


@pytest.mark.parametrize("version", ["2026-07", "2026-10"])
@pytest.mark.parametrize("document", queries.DOCUMENTS, ids=lambda document: document.name)
def test_variables_are_valid(
    schemas: dict[str, GraphQLSchema], version: str, document: queries.Document
) -> None:
    for given in variables()[document.name]:
        plain = json.loads(json.dumps(given))
        result = graphql_sync(schemas[version], document.text, root_value={}, variable_values=plain)
        assert [error.message for error in result.errors or () if error.message.startswith("Variable")] == []


def test_bad_variables_would_be_noticed(schemas: dict[str, GraphQLSchema]) -> None:
    result = graphql_sync(
        schemas["2026-10"],
        queries.CREATE_ORDER.text,
        root_value={},
        variable_values={"order": {"lineItems": [{"title": "no quantity"}]}},
    )
    assert result.errors
    assert result.errors[0].message.startswith("Variable")


def test_nothing_deprecated_is_asked_for(schemas: dict[str, GraphQLSchema]) -> None:
    allowed = ("The input field MailingAddressInput.province",)
    for document in queries.DOCUMENTS:
        found = validate(schemas["2026-10"], parse(document.text), [NoDeprecatedCustomRule])
        assert [error.message for error in found if not error.message.startswith(allowed)] == []


def test_the_order_of_these_tests_is_one_that_the_schema_allows(schemas: Any, vendor: Any) -> None:
    """The vendor's schema answers our query from it, so every field and every enum value exists."""
    node = vendor.order(
        "13.20",
        lineItems=vendor.connection(
            vendor.line(
                price="12.00",
                taxLines=[vendor.tax("1.20")],
                discountAllocations=[vendor.allocation("1.00", code="AUTUMN", percent=-10.0)],
                customAttributes=[{"key": "Engraving", "value": "A"}],
            )
        ),
        shippingLines=vendor.connection(vendor.shipping_line("1.00")),
        transactions=[
            {
                "id": "gid://shopify/OrderTransaction/1",
                "kind": "SALE",
                "status": "SUCCESS",
                "gateway": "gift_card",
                "formattedGateway": "Gift Card",
                "paymentId": None,
                "processedAt": "2026-10-01T09:30:00Z",
                "amountSet": vendor.bag("13.20"),
                "parentTransaction": None,
            }
        ],
        fulfillments=[
            {
                "id": "gid://shopify/Fulfillment/1",
                "status": "SUCCESS",
                "createdAt": "2026-10-02T09:30:00Z",
                "trackingInfo": [{"company": "UPS", "number": "1Z", "url": None}],
                "fulfillmentLineItems": vendor.connection(
                    {"quantity": 1, "lineItem": {"id": "gid://shopify/LineItem/1"}}
                ),
            }
        ],
    )
    result = graphql_sync(
        schemas["2026-10"],
        queries.ORDER.text,
        root_value={"order": node},
        variable_values={"id": "gid://shopify/Order/1"},
    )
    assert result.errors is None
    assert result.data is not None
    order = mapping.order(
        wire.Order.model_validate(json.loads(json.dumps(result.data["order"]), parse_float=Decimal))
    )
    assert order.findings == ()
    assert order.lines[0].amounts.discounts[0].percent == 10


def recordings() -> list[tuple[str, dict[str, Any]]]:
    folder = vendor_specs("shopify") / "samples" / "recorded"
    return [
        (file.stem, exchange["response"])
        for file in sorted(folder.glob("*.json"))
        for exchange in json.loads(file.read_text("utf-8"))["exchanges"]
        if isinstance(exchange["response"].get("body"), dict)
    ]


def replay(response: dict[str, Any], *, change: bool) -> tuple[ShopifyConnector, Any]:
    """What the connector makes of a recorded reply to a query, or to a mutation."""
    headers = {name: value for name, value in response["headers"].items() if name.startswith("x-")}
    transport = httpx.MockTransport(
        lambda request: httpx.Response(response["status"], json=response["body"], headers=headers)
    )
    connector = ShopifyConnector(
        ShopifyConnector.settings_model(shop="amber-shop.myshopify.com", access_token=SecretStr("t")),
        Access(transport=transport, clock=VirtualClock()),
    )
    document = queries.CLOSE_ORDER if change else queries.ORDER
    try:
        return connector, connector._graphql.ask(document, id="gid://shopify/Order/1")
    except OrderSyncError as error:
        return connector, error


def test_recorded_replies_are_understood() -> None:
    """Replies of real shops: data is given out, refused access is named, and nothing else is raised."""
    denied, told = [], 0
    for name, response in recordings():
        connector, answer = replay(response, change=False)
        if isinstance(answer, OrderSyncError):
            denied.append((name, type(answer).__name__))
        else:
            assert answer == json.loads(json.dumps(response["body"]["data"]), parse_float=Decimal)
            told += 1
        assert connector._graphql.restore_rate == 200
        assert connector._graphql.served == response["headers"]["x-shopify-api-version"]
        connector.close()
    assert told > 60
    assert denied == [
        ("get-return", "AccessDenied"),
        ("returns", "AccessDenied"),
        ("set-customer-email-marketing-consent", "AccessDenied"),
    ]


def test_a_recorded_mutation_that_was_denied_its_own_answer_is_in_doubt() -> None:
    """The consent was changed; only the customer in the answer was withheld. "Nothing was done" would be wrong."""
    response = next(r for name, r in recordings() if name == "set-customer-email-marketing-consent")
    connector, answer = replay(response, change=True)
    assert type(answer).__name__ == "InDoubt"
    connector.close()
