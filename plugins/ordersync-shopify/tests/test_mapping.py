"""From Shopify's words to ours: money to the cent, both currencies, edits in, refunds beside."""

from __future__ import annotations

import json
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from ordersync import (
    ChargeKind,
    FulfillmentStatus,
    MoneySet,
    Order,
    OrderStatus,
    PaymentKind,
    PaymentStatus,
)
from ordersync_shopify import mapping, wire


def mapped(node: dict[str, Any]) -> Order:
    return mapping.order(wire.Order.model_validate(json.loads(json.dumps(node), parse_float=Decimal)))


def test_prices_without_tax(vendor: SimpleNamespace) -> None:
    order = mapped(
        vendor.order(
            "40.15",
            lineItems=vendor.connection(
                vendor.line(price="11.50", quantity=3, taxLines=[vendor.tax("3.05", 0.08875)])
            ),
            shippingLines=vendor.connection(
                vendor.shipping_line("2.40", taxLines=[vendor.tax("0.20", 0.08875)])
            ),
        )
    )
    line = order.lines[0].amounts
    assert (line.list_amount, line.net, line.tax, line.gross) == tuple(
        map(Decimal, ("34.50", "34.50", "3.05", "37.55"))
    )
    assert order.charges[0].kind is ChargeKind.SHIPPING
    assert (order.net, order.tax, order.total) == tuple(map(Decimal, ("36.90", "3.25", "40.15")))
    assert line.taxes[0].rate == Decimal("0.08875")
    assert order.findings == ()


def test_prices_with_tax(vendor: SimpleNamespace) -> None:
    order = mapped(
        vendor.order(
            "23.80",
            taxesIncluded=True,
            lineItems=vendor.connection(
                vendor.line(price="11.90", quantity=2, taxLines=[vendor.tax("3.80", 0.19)])
            ),
        )
    )
    assert order.lines[0].amounts.net == Decimal("20.00")
    assert (order.net, order.tax) == (Decimal("20.00"), Decimal("3.80"))
    assert order.findings == ()


def test_discounts_are_what_was_allocated_to_the_line(vendor: SimpleNamespace) -> None:
    """An order discount comes as an allocation of each line, beside the line's own."""
    order = mapped(
        vendor.order(
            "16.67",
            discountCodes=["AUTUMN"],
            lineItems=vendor.connection(
                vendor.line(
                    price="10.00",
                    quantity=2,
                    discountAllocations=[
                        vendor.allocation("2.0", title="Two for less", percent=-10.0),
                        vendor.allocation("1.33", code="AUTUMN"),
                        vendor.allocation("0.0", code="NOTHING"),
                    ],
                )
            ),
        )
    )
    amounts = order.lines[0].amounts
    assert [(off.amount, off.title, off.code, off.percent) for off in amounts.discounts] == [
        (Decimal("2.00"), "Two for less", None, Decimal("10.0")),
        (Decimal("1.33"), None, "AUTUMN", None),
    ]
    assert amounts.net == Decimal("16.67")
    assert order.discount_codes == ("AUTUMN",)
    assert order.findings == ()


def test_free_shipping_is_a_discount_of_the_shipping(vendor: SimpleNamespace) -> None:
    order = mapped(
        vendor.order(
            "10.00",
            shippingLines=vendor.connection(
                vendor.shipping_line("4.90", discountAllocations=[vendor.allocation("4.90", code="FREESHIP")])
            ),
        )
    )
    assert order.charges[0].amounts.list_amount == Decimal("4.90")
    assert order.charges[0].amounts.net == 0
    assert order.findings == ()


def test_two_currencies_stand_side_by_side(vendor: SimpleNamespace) -> None:
    order = mapped(
        vendor.order(
            vendor.bag("13.31", "12.10"),
            lineItems=vendor.connection(
                vendor.line(
                    price=vendor.bag("12.10", "11.00"), taxLines=[vendor.tax(vendor.bag("1.21", "1.10"), 0.1)]
                )
            ),
        )
    )
    assert (order.currency, order.money_set, order.total) == ("USD", MoneySet.SHOP, Decimal("13.31"))
    assert order.other
    assert (order.other.currency, order.other.total) == ("EUR", Decimal("12.10"))
    shown = order.in_set(MoneySet.PRESENTMENT)
    assert (shown.currency, shown.total, shown.net, shown.tax) == (
        "EUR",
        Decimal("12.10"),
        Decimal("11.00"),
        Decimal("1.10"),
    )
    assert order.findings == shown.findings == ()


def test_yen_have_no_cents(vendor: SimpleNamespace) -> None:
    order = mapped(
        vendor.order(
            vendor.bag("1100.0", currency="JPY"),
            totalTaxSet=vendor.bag("100.0", currency="JPY"),
            lineItems=vendor.connection(
                vendor.line(
                    price=vendor.bag("333.0", currency="JPY"),
                    quantity=3,
                    taxLines=[vendor.tax(vendor.bag("99.6", currency="JPY"), 0.1)],
                )
            ),
        )
    )
    assert order.lines[0].amounts.tax == Decimal(100)
    assert order.lines[0].amounts.list_amount == Decimal(999)
    assert [finding.code for finding in order.findings] == ["source_totals_differ"]


def test_a_line_that_an_edit_removed_is_out(vendor: SimpleNamespace) -> None:
    order = mapped(
        vendor.order(
            "39.00",
            edited=True,
            currentTotalPriceSet=vendor.bag("10.00"),
            lineItems=vendor.connection(vendor.line(1), vendor.line(2, "29.00", currentQuantity=0)),
            refunds=[vendor.refund(1, "0.0", (2, 1, "29.0", "0.0"))],
        )
    )
    assert [line.id for line in order.lines] == ["gid://shopify/LineItem/1"]
    assert order.total == Decimal("10.00")
    assert order.refunds == ()
    assert order.findings == ()


def test_an_edit_takes_its_share_of_the_tax_with_it(vendor: SimpleNamespace) -> None:
    """Recorded: of two at 100.00 with 26.00 tax one is removed; the line still says 26.00, the order 113.00."""
    order = mapped(
        vendor.order(
            "226.00",
            edited=True,
            currentTotalPriceSet=vendor.bag("113.00"),
            lineItems=vendor.connection(
                vendor.line(
                    price="100.00", quantity=2, currentQuantity=1, taxLines=[vendor.tax("26.0", 0.13)]
                )
            ),
            refunds=[vendor.refund(1, "0.0", (1, 1, "100.0", "13.0"))],
        )
    )
    assert order.lines[0].quantity == 1
    assert order.lines[0].amounts.tax == Decimal("13.00")
    assert order.total == Decimal("113.00")
    assert order.findings == ()


def test_what_a_removal_states_counts_and_not_its_proportion(vendor: SimpleNamespace) -> None:
    """Three at 3.33 less 1.00: the unit that goes takes 0.34 of the discount and 0.30 of the tax with it."""
    order = mapped(
        vendor.order(
            "9.89",
            edited=True,
            currentTotalPriceSet=vendor.bag("6.60"),
            lineItems=vendor.connection(
                vendor.line(
                    price="3.33",
                    quantity=3,
                    currentQuantity=2,
                    discountAllocations=[vendor.allocation("1.00")],
                    taxLines=[vendor.tax("0.50", 0.05), vendor.tax("0.40", 0.04)],
                )
            ),
            refunds=[vendor.refund(1, "0.0", (1, 1, "2.99", "0.30"))],
        )
    )
    amounts = order.lines[0].amounts
    assert (amounts.list_amount, amounts.discount, amounts.net) == tuple(
        map(Decimal, ("6.66", "0.66", "6.00"))
    )
    assert amounts.tax == Decimal("0.60")
    assert order.findings == ()


def test_a_removal_without_its_refund_goes_by_the_units(vendor: SimpleNamespace) -> None:
    order = mapped(
        vendor.order(
            "22.00",
            edited=True,
            currentTotalPriceSet=vendor.bag("11.00"),
            lineItems=vendor.connection(
                vendor.line(quantity=2, currentQuantity=1, taxLines=[vendor.tax("2.00")])
            ),
        )
    )
    assert (order.lines[0].amounts.net, order.lines[0].amounts.tax) == (Decimal("10.00"), Decimal("1.00"))
    assert order.findings == ()


def test_refunded_units_stay_and_the_refund_stands_beside(vendor: SimpleNamespace) -> None:
    order = mapped(
        vendor.order(
            "22.00",
            displayFinancialStatus="PARTIALLY_REFUNDED",
            currentTotalPriceSet=vendor.bag("11.00"),
            lineItems=vendor.connection(
                vendor.line(quantity=2, currentQuantity=1, taxLines=[vendor.tax("2.00")])
            ),
            refunds=[vendor.refund(1, "11.0", (1, 1, "10.0", "1.0"))],
        )
    )
    assert order.lines[0].quantity == 2
    assert order.total == Decimal("22.00")
    assert [refund.amount for refund in order.refunds] == [Decimal("11.00")]
    assert order.payment_status is PaymentStatus.PARTLY_REFUNDED
    assert order.findings == ()


def test_an_edit_and_a_refund_of_one_order_are_told_apart(vendor: SimpleNamespace) -> None:
    """Three sold, one removed by edit, one given back for money: two were sold in the end."""
    order = mapped(
        vendor.order(
            "33.00",
            edited=True,
            currentTotalPriceSet=vendor.bag("11.00"),
            lineItems=vendor.connection(
                vendor.line(quantity=3, currentQuantity=1, taxLines=[vendor.tax("3.00")])
            ),
            refunds=[
                vendor.refund(1, "0.0", (1, 1, "10.0", "1.0")),
                vendor.refund(2, "11.0"),
                vendor.refund(3, "11.0", (1, 1, "10.0", "1.0")),
            ],
        )
    )
    assert order.lines[0].quantity == 2
    assert (order.total, order.net, order.tax) == (Decimal("22.00"), Decimal("20.00"), Decimal("2.00"))
    assert [refund.id[-1] for refund in order.refunds if refund.id] == ["2", "3"]
    assert order.findings == ()


def test_a_refund_of_money_alone_changes_nothing(vendor: SimpleNamespace) -> None:
    order = mapped(
        vendor.order("10.00", currentTotalPriceSet=vendor.bag("7.00"), refunds=[vendor.refund(1, "3.0")])
    )
    assert order.total == Decimal("10.00")
    assert order.findings == ()


def test_a_cancelled_order_keeps_what_was_ordered(vendor: SimpleNamespace) -> None:
    order = mapped(
        vendor.order(
            "10.00",
            cancelledAt="2026-10-03T10:00:00Z",
            closedAt="2026-10-03T10:00:00Z",
            currentTotalPriceSet=vendor.bag("0.0"),
            lineItems=vendor.connection(vendor.line(currentQuantity=0)),
            refunds=[vendor.refund(1, "0.0", (1, 1, "10.0", "0.0"))],
        )
    )
    assert order.status is OrderStatus.CANCELLED
    assert order.total == Decimal("10.00")
    assert len(order.lines) == 1
    assert order.findings == ()


def test_fees_and_duties_are_charges(vendor: SimpleNamespace) -> None:
    duty = {"id": "gid://shopify/Duty/1", "price": vendor.bag("3.00"), "taxLines": [vendor.tax("0.30")]}
    fee = {
        "id": "gid://shopify/AdditionalFee/1",
        "name": "Import",
        "price": vendor.bag("2.00"),
        "taxLines": [],
    }
    order = mapped(
        vendor.order("15.30", lineItems=vendor.connection(vendor.line(duties=[duty])), additionalFees=[fee])
    )
    assert [(charge.kind, charge.amounts.gross) for charge in order.charges] == [
        (ChargeKind.FEE, Decimal("2.00")),
        (ChargeKind.DUTY, Decimal("3.30")),
    ]
    assert order.findings == ()


@pytest.mark.parametrize(
    ("total", "charges", "rounding"),
    [
        ("12.00", [ChargeKind.TIP], "0"),
        ("10.00", [], "0"),
        ("12.03", [ChargeKind.TIP], "0.03"),
        ("11.11", [ChargeKind.TIP], "0"),
    ],
)
def test_a_tip_and_a_cash_rounding_count_if_they_are_in_the_total(
    vendor: SimpleNamespace, total: str, charges: list[ChargeKind], rounding: str
) -> None:
    order = mapped(
        vendor.order(
            total,
            totalTipReceivedSet=vendor.bag("2.00"),
            totalCashRoundingAdjustment={"paymentSet": vendor.bag("0.03")},
        )
    )
    assert [charge.kind for charge in order.charges] == charges
    assert order.rounding == Decimal(rounding)
    assert bool(order.findings) == (total == "11.11")


def test_gift_cards_are_payments(vendor: SimpleNamespace) -> Any:
    def transaction(number: int, kind: str, amount: str, **more: Any) -> dict[str, Any]:
        return {
            "id": f"gid://shopify/OrderTransaction/{number}",
            "kind": kind,
            "status": "SUCCESS",
            "gateway": "shopify_payments",
            "formattedGateway": "Shopify Payments",
            "paymentId": f"pay-{number}",
            "processedAt": "2026-10-01T09:30:00Z",
            "amountSet": vendor.bag(amount),
            "parentTransaction": None,
            **more,
        }

    parent = {"id": "gid://shopify/OrderTransaction/2"}
    order = mapped(
        vendor.order(
            transactions=[
                transaction(1, "SALE", "4.0", gateway="gift_card"),
                transaction(2, "AUTHORIZATION", "6.0"),
                transaction(3, "CAPTURE", "6.0", parentTransaction=parent),
                transaction(4, "SALE", "6.0", status="FAILURE"),
                transaction(5, "AUTHORIZATION", "1.0"),
                transaction(6, "REFUND", "1.0"),
                transaction(7, "VOID", "1.0"),
                transaction(8, "CHANGE", "0.5"),
                transaction(9, "SALE", "2.0", status="PENDING"),
            ]
        )
    )
    assert [(pay.kind, pay.amount, pay.status) for pay in order.payments] == [
        (PaymentKind.GIFT_CARD, Decimal("4.00"), PaymentStatus.PAID),
        (PaymentKind.SALE, Decimal("6.00"), PaymentStatus.PAID),
        (PaymentKind.AUTHORIZATION, Decimal("1.00"), PaymentStatus.AUTHORIZED),
        (PaymentKind.SALE, Decimal("-0.50"), PaymentStatus.PAID),
        (PaymentKind.SALE, Decimal("2.00"), PaymentStatus.PENDING),
    ]
    assert order.payments[1].transaction_id == "pay-3"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"displayFinancialStatus": "PARTIALLY_PAID"}, PaymentStatus.PARTLY_PAID),
        ({"displayFinancialStatus": "EXPIRED"}, PaymentStatus.UNKNOWN),
        ({"displayFinancialStatus": None, "fullyPaid": False, "unpaid": True}, PaymentStatus.PENDING),
        ({"displayFinancialStatus": None}, PaymentStatus.PAID),
    ],
)
def test_payment_statuses(vendor: SimpleNamespace, changes: dict[str, Any], status: PaymentStatus) -> None:
    assert mapped(vendor.order(**changes)).payment_status is status


def test_statuses_keep_the_platforms_own_words(vendor: SimpleNamespace) -> None:
    order = mapped(
        vendor.order(closedAt="2026-10-03T10:00:00Z", displayFulfillmentStatus="ON_HOLD", test=True)
    )
    assert order.status is OrderStatus.COMPLETED
    assert order.fulfillment_status is FulfillmentStatus.UNFULFILLED
    assert order.platform_statuses == {"order": "CLOSED", "payment": "PAID", "fulfillment": "ON_HOLD"}
    assert order.test


def test_protected_customer_data_is_not_shown_and_nothing_is_made_up(vendor: SimpleNamespace) -> None:
    customer = {
        "id": "gid://shopify/Customer/7",
        "firstName": None,
        "lastName": None,
        "note": None,
        "defaultEmailAddress": None,
        "defaultPhoneNumber": None,
    }
    order = mapped(vendor.order(email=None, customer=customer, billingAddress=None, shippingAddress=None))
    assert order.customer
    assert order.customer.id == "gid://shopify/Customer/7"
    assert (order.customer.email, order.customer.name, order.email) == (None, "", None)
    assert order.findings == ()


def test_a_guest_has_no_id(vendor: SimpleNamespace) -> None:
    order = mapped(vendor.order(customer=None))
    assert order.customer
    assert order.customer.guest
    assert order.customer.email == "buyer.amber@example.com"
    assert mapped(vendor.order(customer=None, email=None)).customer is None


def test_addresses_and_phones_are_normalised(vendor: SimpleNamespace) -> None:
    tokyo = {**vendor.address, "countryCodeV2": "JP", "provinceCode": "JP-13", "phone": "call me"}
    order = mapped(vendor.order(shippingAddress=tokyo))
    assert order.billing
    assert order.shipping
    assert (order.billing.subdivision, order.billing.phone) == ("NY", "+12125550100")
    assert (order.shipping.country, order.shipping.subdivision, order.shipping.phone) == (
        "JP",
        "13",
        "call me",
    )


def test_business_buyers_have_a_company(vendor: SimpleNamespace) -> None:
    buyer = {
        "__typename": "PurchasingCompany",
        "company": {"id": "gid://shopify/Company/1", "name": "Amber Trading"},
        "location": {"id": "gid://shopify/CompanyLocation/1", "name": "Main"},
    }
    order = mapped(vendor.order(purchasingEntity=buyer, poNumber="PO-1"))
    assert order.company
    assert (order.company.name, order.po_number) == ("Amber Trading", "PO-1")


def test_our_own_orders_are_known_by_their_key(vendor: SimpleNamespace) -> None:
    assert mapped(vendor.order(sourceIdentifier="os-abc")).key == "os-abc"
    foreign = mapped(vendor.order(sourceIdentifier="1234-12"))
    assert foreign.key is None
    assert foreign.extra["sourceIdentifier"] == "1234-12"


def test_a_custom_line_has_no_product(vendor: SimpleNamespace) -> None:
    order = mapped(
        vendor.order(
            "20.00",
            lineItems=vendor.connection(
                vendor.line(1, sku=None, variant=None, product=None),
                vendor.line(2, variant=None, product=None),
            ),
        )
    )
    assert [line.custom for line in order.lines] == [True, False]


def test_a_float_for_money_is_refused(vendor: SimpleNamespace) -> None:
    with pytest.raises(ValidationError, match="not a float"):
        wire.Money.model_validate({"amount": 1.5, "currencyCode": "USD"})


def test_stock_of_a_location_and_stock_without_end(vendor: SimpleNamespace) -> Any:
    def variant(tracked: bool, policy: str) -> wire.StockedVariant:
        levels = [
            {
                "location": {"id": f"gid://shopify/Location/{i}"},
                "quantities": [{"name": "available", "quantity": n}],
            }
            for i, n in ((1, 5), (2, -2))
        ]
        item = {"id": "i", "tracked": tracked, "inventoryLevels": vendor.connection(*levels)}
        return wire.StockedVariant.model_validate(
            {"id": "v", "inventoryPolicy": policy, "inventoryItem": item}
        )

    assert mapping.stock(variant(True, "DENY"), None).available == 3
    assert mapping.stock(variant(True, "DENY"), "gid://shopify/Location/1").available == 5
    assert mapping.stock(variant(True, "CONTINUE"), None).available is None
    assert mapping.stock(variant(False, "DENY"), None).by_location == {}
