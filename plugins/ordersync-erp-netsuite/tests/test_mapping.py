"""Between NetSuite's words and ours, without a network."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ordersync import (
    Address,
    Company,
    Customer,
    FulfillmentStatus,
    OrderStatus,
    PaymentKind,
    Refused,
)
from ordersync_erp_netsuite import NetSuiteConnector
from ordersync_erp_netsuite.mapping import address_body, customer_body, key_of, rate_for, tax_code_for
from ordersync_erp_netsuite.settings import TaxCode
from ordersync_erp_netsuite.telling import OrderParts, order_of
from ordersync_erp_netsuite.wire import CustomerRow, ItemRow, OrderRecord

TBA = {"consumer_key": "a", "consumer_secret": "b", "token_id": "c", "token_secret": "d"}
SETTINGS = NetSuiteConnector.settings_model.model_validate({"account": "1", **TBA})
AT = datetime(2026, 10, 1, 12, tzinfo=UTC)


def record(*lines: dict[str, Any], **head: Any) -> dict[str, Any]:
    return {
        "id": "17",
        "tranId": "SO17",
        "lastModifiedDate": "2026-10-01T12:00:00Z",
        "status": {"id": "B", "refName": "Pending Fulfillment"},
        "item": {"items": [{"line": i, **line} for i, line in enumerate(lines, start=1)]},
        **head,
    }


def line(amount: str, *, item: str = "5", **more: Any) -> dict[str, Any]:
    return {
        "item": {"id": item, "refName": "LAMP-01"},
        "quantity": Decimal(1),
        "amount": Decimal(amount),
        **more,
    }


def told(data: dict[str, Any], currency: str = "USD", **more: Any) -> Any:
    parts = OrderParts(OrderRecord.model_validate(data), currency, AT, **more)
    return order_of(parts, SETTINGS)


@pytest.mark.parametrize(
    ("code", "status", "fulfilment"),
    [
        ("A", OrderStatus.HELD, FulfillmentStatus.UNFULFILLED),
        ("B", OrderStatus.OPEN, FulfillmentStatus.UNFULFILLED),
        ("C", OrderStatus.CANCELLED, FulfillmentStatus.UNFULFILLED),
        ("D", OrderStatus.OPEN, FulfillmentStatus.PARTIAL),
        ("E", OrderStatus.OPEN, FulfillmentStatus.PARTIAL),
        ("F", OrderStatus.OPEN, FulfillmentStatus.FULFILLED),
        ("G", OrderStatus.COMPLETED, FulfillmentStatus.FULFILLED),
        ("H", OrderStatus.CANCELLED, FulfillmentStatus.UNFULFILLED),
        ("X", OrderStatus.UNKNOWN, FulfillmentStatus.UNKNOWN),
    ],
)
def test_every_status(code: str, status: OrderStatus, fulfilment: FulfillmentStatus) -> None:
    order = told(record(line("10.00"), total=10, status={"id": code, "refName": "word"}))
    assert (order.status, order.fulfillment_status) == (status, fulfilment)
    assert order.platform_statuses == {"order": "word"}


def test_a_closed_order_of_which_something_left_is_completed() -> None:
    gone = line("10.00", quantityFulfilled=1, isClosed=True)
    order = told(record(gone, total=10, status={"id": "H"}))
    assert (order.status, order.fulfillment_status) == (OrderStatus.COMPLETED, FulfillmentStatus.FULFILLED)


def test_an_orders_one_tax_is_shared_out_over_taxable_lines() -> None:
    data = record(
        line("10.00", isTaxable=True),
        line("20.00", isTaxable=True),
        line("5.00", isTaxable=False),
        taxTotal=Decimal("2.66"),
        taxRate=Decimal("8.875"),
        total=Decimal("37.66"),
    )
    order = told(data)
    assert [each.amounts.tax for each in order.lines] == [Decimal("0.89"), Decimal("1.77"), 0]
    assert order.lines[0].amounts.taxes[0].rate == Decimal("0.08875")
    assert order.findings == ()


def test_legacy_codes_of_lines_and_of_shipping() -> None:
    data = record(
        line("10.00", taxRate1=Decimal(19), tax1Amt=Decimal("1.90")),
        shippingCost=Decimal("5.00"),
        shippingTax1Rate=Decimal(19),
        shippingTaxAmount=Decimal("0.95"),
        handlingCost=Decimal("2.00"),
        taxTotal=Decimal("2.85"),
        total=Decimal("19.85"),
    )
    order = told(data)
    assert [(each.kind.value, each.amounts.net, each.amounts.tax) for each in order.charges] == [
        ("shipping", Decimal("5.00"), Decimal("0.95")),
        ("fee", Decimal("2.00"), 0),
    ]
    assert order.lines[0].amounts.taxes[0].rate == Decimal("0.19")
    assert order.findings == ()


def test_suitetax_details_name_lines_and_shipping() -> None:
    data = record(
        line("10.00", taxDetailsReference="r1"),
        shippingCost=Decimal("5.00"),
        taxDetails={
            "items": [
                {
                    "taxDetailsReference": "r1",
                    "taxCode": {"id": "1", "refName": "State"},
                    "taxRate": Decimal("6.25"),
                    "taxAmount": Decimal("0.63"),
                },
                {
                    "taxDetailsReference": "r1",
                    "taxCode": {"id": "2", "refName": "City"},
                    "taxRate": Decimal(1),
                    "taxAmount": Decimal("0.10"),
                },
                {"taxDetailsReference": "SHIPPING", "taxRate": Decimal("6.25"), "taxAmount": Decimal("0.31")},
            ]
        },
        taxTotal=Decimal("1.04"),
        total=Decimal("16.04"),
    )
    order = told(data)
    assert [(tax.title, tax.rate, tax.amount) for tax in order.lines[0].amounts.taxes] == [
        ("State", Decimal("0.0625"), Decimal("0.63")),
        ("City", Decimal("0.01"), Decimal("0.10")),
    ]
    assert order.charges[0].amounts.tax == Decimal("0.31")
    assert order.findings == ()


def test_discounts_of_lines_and_of_the_order() -> None:
    off = {
        "item": {"id": "9"},
        "itemType": {"id": "Discount"},
        "amount": Decimal("-1.00"),
        "description": "Loyal",
    }
    data = record(line("10.00"), off, line("20.00"), discountTotal=Decimal("-2.90"), total=Decimal("26.10"))
    order = told(data)
    assert [each.amounts.net for each in order.lines] == [Decimal("8.10"), Decimal("18.00")]
    assert [each.title for each in order.lines[0].amounts.discounts] == ["Loyal", None]
    assert order.findings == ()


def test_lines_that_cost_nothing_are_passed_over() -> None:
    silent = [
        {"itemType": {"id": kind}, "amount": Decimal("10.00")}
        for kind in ("Subtotal", "Description", "Group")
    ]
    order = told(record(line("10.00"), *silent, total=10))
    assert len(order.lines) == 1
    assert order.findings == ()


def test_items_of_the_settings_are_charges() -> None:
    items = {
        name: ItemRow.model_validate({"id": name, "itemid": sku, "itemtype": "Service"})
        for name, sku in (
            ("1", "OS-SHIPPING"),
            ("2", "OS-FEE"),
            ("3", "OS-ROUNDING"),
            ("4", "OS-TAX"),
            ("5", "P : L"),
        )
    }
    data = record(
        line("10.00"),
        line("5.00", item="1", description="Express"),
        line("2.00", item="2"),
        line("-0.01", item="3"),
        line("0.85", item="4"),
        total=Decimal("17.84"),
    )
    order = told(data, items=items)
    assert [each.sku for each in order.lines] == ["L"]
    assert [each.title for each in order.charges] == ["Express", "OS-FEE"]
    assert (order.rounding, order.tax) == (Decimal("-0.01"), Decimal("0.85"))
    assert order.findings == ()


def test_parts_that_do_not_give_the_total_are_reported() -> None:
    (finding,) = told(record(line("10.00"), total=11)).findings
    assert finding.code == "source_totals_differ"


def test_gift_certificates_are_payments() -> None:
    order = told(record(line("10.00"), total=10, giftCertApplied=Decimal("-4.00")))
    assert (order.payments[0].kind, order.payments[0].amount) == (PaymentKind.GIFT_CARD, Decimal("4.00"))


@pytest.mark.parametrize("text", ["A1 B2", "A1<BR>B2", "A1, B2", "A1\nB2"])
def test_tracking_numbers_however_they_are_joined(text: str) -> None:
    order = told(record(line("10.00", quantityFulfilled=1), total=10, linkedTrackingNumbers=text))
    assert [each.number for each in order.fulfillments[0].tracking] == ["A1", "B2"]


def test_people_and_companies() -> None:
    address = {
        "addressee": "Olive Trading",
        "attention": "Buyer Olive",
        "addr1": "1 Way",
        "state": "California",
        "country": {"id": "US"},
    }
    row = {"id": "3", "companyname": "Olive Trading", "isperson": "F", "email": "buyer.olive@example.com"}
    order = told(
        record(line("10.00"), total=10, billingAddress=address), customer=CustomerRow.model_validate(row)
    )
    assert (order.billing.company, order.billing.last_name) == ("Olive Trading", "Olive")
    assert (order.billing.subdivision, order.billing.region) == (None, "California")
    assert order.company.name == "Olive Trading"
    assert order.email == "buyer.olive@example.com"


def test_amounts_without_digits() -> None:
    order = told(record(line("1000"), taxTotal=100, total=1100), currency="JPY")
    assert order.total == 1100
    assert order.tax == 100


@pytest.mark.parametrize(
    ("net", "quantity", "rate"),
    [
        ("80.00", "2", "40"),
        ("10.00", "3", "3.333"),
        ("569.09", "144", "3.952"),
        ("-19.40", "1", "-19.4"),
        ("0", "5", "0"),
    ],
)
def test_the_shortest_rate_that_gives_the_amount(net: str, quantity: str, rate: str) -> None:
    found = rate_for(Decimal(net), Decimal(quantity), "USD")
    assert found == Decimal(rate)


def test_a_rate_that_nothing_gives_is_refused() -> None:
    with pytest.raises(Refused):
        rate_for(Decimal("0.01"), Decimal(30000000000), "USD")


def test_tax_codes_by_rate_and_country() -> None:
    codes = [
        TaxCode(rate=Decimal(19), country="DE", code="1"),
        TaxCode(rate=Decimal(19), code="2"),
        TaxCode(country="FR", code="3"),
    ]
    assert tax_code_for(Decimal("0.190"), "DE", codes) == codes[0]
    assert tax_code_for(Decimal("0.19"), "AT", codes) == codes[1]
    assert tax_code_for(None, "FR", codes) == codes[2]
    assert tax_code_for(Decimal("0.2"), "DE", codes) is None


def test_only_our_keys_are_keys() -> None:
    assert key_of("os-" + "a" * 26)
    assert key_of("os-" + "A" * 26) is None
    assert key_of("shopify-1001") is None
    assert key_of(None) is None


def test_a_company_is_the_addressee() -> None:
    address = Address(first_name="B", last_name="C", company="D", line1="1", country="US", region="Somewhere")
    assert address_body(address) == {
        "addressee": "D",
        "attention": "B C",
        "addr1": "1",
        "state": "Somewhere",
        "country": {"id": "US"},
    }


def test_customers_are_people_or_companies() -> None:
    key = "oc-" + "a" * 26
    guest = customer_body(Customer(email="a@example.com"), key, SETTINGS, ["1"])
    assert (guest["isPerson"], guest["firstName"], guest["lastName"]) == (True, "-", "a@example.com")
    assert "currencyList" not in guest
    business = customer_body(
        Customer(company=Company(name="Olive Trading", vat="DE1")), key, SETTINGS, ["1", "2"]
    )
    assert (business["isPerson"], business["companyName"]) == (False, "Olive Trading")
    assert business["comments"] == "VAT number: DE1"
    assert len(business["currencyList"]["items"]) == 2
