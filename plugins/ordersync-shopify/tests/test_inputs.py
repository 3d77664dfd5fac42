"""From our words to Shopify's: what an order is told, and what it cannot be told."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ordersync import (
    Address,
    Amounts,
    Company,
    Customer,
    CustomerRef,
    Draft,
    DraftLine,
    Item,
    LineKind,
    Payment,
    PaymentKind,
    PaymentStatus,
    Refused,
    Tax,
    Totals,
)
from ordersync_shopify import inputs, mapping, wire

AT = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)
ITEM = Item(sku="A", product_id="gid://shopify/Product/1", variant_id="gid://shopify/ProductVariant/1")


def part(position: int, kind: LineKind = LineKind.ITEM, price: str = "10.00", **more: Any) -> DraftLine:
    amount = Decimal(price)
    return DraftLine(
        **{
            "position": position,
            "key": f"os-{position}",
            "kind": kind,
            "title": f"Part {position}",
            "item": ITEM if kind is LineKind.ITEM else None,
            "amounts": Amounts(list_amount=amount, net=amount),
            "asked_price": amount,
            **more,
        }
    )


def draft(*lines: DraftLine, **more: Any) -> Draft:
    return Draft(
        **{
            "key": "os-abc",
            "source_platform": "erp",
            "source_id": "77",
            "number": "SO-77",
            "currency": "USD",
            "taxes_included": False,
            "lines": lines or (part(0),),
            "expected": Totals(currency="USD", net=Decimal(10), tax=Decimal(0), total=Decimal(10)),
            "placed_at": AT,
            **more,
        }
    )


def test_the_key_and_the_number_replace_nothing() -> None:
    asked = inputs.order_input(draft(metadata={"Gift": "yes"}))
    assert asked["sourceIdentifier"] == "os-abc"
    assert asked["poNumber"] == "SO-77"
    assert {"key": "Order number", "value": "SO-77"} in asked["customAttributes"]
    assert {"key": "Gift", "value": "yes"} in asked["customAttributes"]
    assert "name" not in asked
    kept = inputs.order_input(draft(po_number="PO-9"))
    assert kept["poNumber"] == "PO-9"
    assert {"key": "Order number", "value": "SO-77"} in kept["customAttributes"]


def test_each_line_is_marked_with_its_position() -> None:
    asked = inputs.order_input(
        draft(
            part(0, properties={"Engraving": "A"}),
            part(1, LineKind.SHIPPING, "4.00"),
            part(2, LineKind.TIP, "1.00"),
        )
    )
    assert asked["lineItems"][0]["properties"] == [
        {"name": "Engraving", "value": "A"},
        {"name": "_ordersync_position", "value": "0"},
    ]
    assert asked["lineItems"][1]["title"] == "Part 2"
    assert asked["lineItems"][1]["properties"][0]["value"] == "2"
    assert asked["shippingLines"][0]["code"] == "ordersync-1"


def test_whether_a_line_is_shipped_is_said() -> None:
    """It defaults to false and is not taken from the variant."""
    asked = inputs.order_input(draft(part(0), part(1, LineKind.CUSTOM, requires_shipping=False)))
    assert [line["requiresShipping"] for line in asked["lineItems"]] == [True, False]


def test_taxes_are_whole_amounts_with_a_rate() -> None:
    taxes = (
        Tax(title="VAT", rate=Decimal("0.19"), amount=Decimal("5.70")),
        Tax(title="Levy", amount=Decimal("1.00")),
    )
    amounts = Amounts(list_amount=Decimal(30), net=Decimal(30), taxes=taxes)
    line = inputs.order_input(draft(part(0, quantity=Decimal(3), amounts=amounts)))["lineItems"][0]
    assert line["taxLines"] == [
        {
            "title": "VAT",
            "rate": "0.19",
            "priceSet": {"shopMoney": {"amount": "5.70", "currencyCode": "USD"}},
        },
        {
            "title": "Levy",
            "rate": "0.033333",
            "priceSet": {"shopMoney": {"amount": "1.00", "currencyCode": "USD"}},
        },
    ]
    assert line["quantity"] == 3
    assert line["priceSet"]["shopMoney"]["amount"] == "10.00"


def test_one_discount_for_the_whole_order() -> None:
    asked = inputs.order_input(draft(asked_discount=Decimal("2.50"), discount_codes=("A", "B")))
    assert asked["discountCode"] == {
        "itemFixedDiscountCode": {
            "code": "A + B",
            "amountSet": {"shopMoney": {"amount": "2.50", "currencyCode": "USD"}},
        }
    }
    assert "discountCode" not in inputs.order_input(draft())
    plain = inputs.order_input(draft(asked_discount=Decimal(1)), discount_title="Rebate")
    assert plain["discountCode"]["itemFixedDiscountCode"]["code"] == "Rebate"
    long = inputs.order_input(draft(asked_discount=Decimal(1), discount_codes=("X" * 300,)))
    assert len(long["discountCode"]["itemFixedDiscountCode"]["code"]) == 254


def test_payments_become_transactions_but_a_sale_of_nothing_does_not() -> None:
    asked = inputs.order_input(
        draft(
            payments=(
                Payment(amount=Decimal("4.00"), kind=PaymentKind.GIFT_CARD),
                Payment(amount=Decimal("6.00"), gateway="card", transaction_id="t-1", processed_at=AT),
                Payment(amount=Decimal("2.00"), kind=PaymentKind.AUTHORIZATION),
                Payment(amount=Decimal(0)),
                Payment(amount=Decimal("1.00"), status=PaymentStatus.PENDING),
            )
        )
    )
    assert [
        (pay["kind"], pay["gateway"], pay["amountSet"]["shopMoney"]["amount"])
        for pay in asked["transactions"]
    ] == [
        ("SALE", "gift_card", "4.00"),
        ("SALE", "card", "6.00"),
        ("AUTHORIZATION", "manual", "2.00"),
    ]
    assert asked["transactions"][1]["authorizationCode"] == "t-1"
    assert "financialStatus" not in asked


def test_a_payment_status_without_payments_is_said() -> None:
    assert inputs.order_input(draft(payment_status=PaymentStatus.PAID))["financialStatus"] == "PAID"
    assert "financialStatus" not in inputs.order_input(draft())


def test_a_known_customer_is_associated_and_the_phone_stays_in_the_address() -> None:
    """At the order a phone number must belong to no other customer; in an address it may stand."""
    address = Address(first_name="Buyer", company="Amber Trading", country="US", region="Anywhere")
    asked = inputs.order_input(
        draft(customer_ref=CustomerRef(id="7"), phone="+12125550100", shipping=address, email="a@example.com")
    )
    assert asked["customer"] == {"toAssociate": {"id": "gid://shopify/Customer/7"}}
    assert "phone" not in asked
    assert asked["shippingAddress"]["phone"] == "+12125550100"
    assert (asked["shippingAddress"]["firstName"], asked["shippingAddress"]["lastName"]) == (
        "Buyer",
        "Amber Trading",
    )
    assert asked["shippingAddress"]["province"] == "Anywhere"


def test_what_shopify_cannot_hold_is_refused_before_it_is_sent() -> None:
    with pytest.raises(Refused) as caught:
        inputs.order_input(
            draft(
                part(0, quantity=Decimal("1.5")),
                part(1, LineKind.CUSTOM, "-1.00"),
                part(2, LineKind.TAX),
            )
        )
    assert [(problem.place, problem.code) for problem in caught.value.fields] == [
        ("/lines/0/quantity", "quantity"),
        ("/lines/1/asked_price", "price"),
        ("/lines/2", "tax_line"),
    ]
    with pytest.raises(Refused):
        inputs.order_input(draft(part(0, LineKind.SHIPPING)))


def test_a_customer_carries_the_key_as_a_tag() -> None:
    asked = inputs.customer_input(
        Customer(email="buyer.amber@example.com", phone="555 0100", company=Company(name="Amber Trading")),
        "oc-1",
    )
    assert asked == {"email": "buyer.amber@example.com", "lastName": "Amber Trading", "tags": ["oc-1"]}


def test_lines_are_found_again_by_their_marks(vendor: Any) -> None:
    lines = [
        {
            "id": f"gid://shopify/LineItem/{i}",
            "customAttributes": [{"key": "_ordersync_position", "value": mark}],
        }
        for i, mark in ((1, "2"), (2, "0"))
    ]
    foreign = {"id": "gid://shopify/LineItem/3", "customAttributes": []}
    node = vendor.placed(
        "10.00",
        "1.00",
        lineItems=vendor.connection(*lines, foreign),
        shippingLines={"nodes": [{"id": None, "code": "ordersync-1"}, {"id": "x", "code": "OTHER"}]},
    )
    placed = mapping.placed(wire.PlacedOrder.model_validate(node), "os-1")
    assert [(line.id[-1], line.position) for line in placed.lines] == [
        ("1", 2),
        ("2", 0),
        ("3", None),
        ("0", 1),
    ]
    assert placed.totals == Totals(
        currency="USD", net=Decimal("9.00"), tax=Decimal("1.00"), total=Decimal("10.00")
    )


def test_lines_without_any_mark_go_by_their_order(vendor: Any) -> None:
    lines = [{"id": f"gid://shopify/LineItem/{i}", "customAttributes": []} for i in (1, 2)]
    placed = mapping.placed(
        wire.PlacedOrder.model_validate(vendor.placed(lineItems=vendor.connection(*lines))), "os-1"
    )
    assert [line.position for line in placed.lines] == [0, 1]
