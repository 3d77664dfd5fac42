"""From their words to ours, and back: what tables and samples do not cover."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ordersync import (
    Address,
    Amounts,
    ChargeKind,
    DraftLine,
    FulfillmentStatus,
    Item,
    LineKind,
    OrderStatus,
    PaymentKind,
    PaymentStatus,
    Tax,
)
from ordersync_woocommerce import wire
from ordersync_woocommerce.mapping import order_of
from ordersync_woocommerce.places import address_of, asked_address
from ordersync_woocommerce.statuses import of_query
from ordersync_woocommerce.taxing import Rules, _nudged, _Unpredictable, taxed

D = Decimal


def told(**changes: Any) -> Any:
    row = {
        "id": 7,
        "number": "7",
        "status": "processing",
        "currency": "EUR",
        "prices_include_tax": True,
        "date_created_gmt": "2026-10-01T09:30:00",
        "date_modified_gmt": "2026-10-02T09:30:00",
        "date_paid_gmt": "2026-10-01T09:31:00",
        "total": "16.90",
        "total_tax": "2.70",
        "line_items": [
            {
                "id": 1, "name": "Tee - M", "parent_name": "Tee", "product_id": 12, "variation_id": 13, "sku": "TEE-M",
                "quantity": 2, "subtotal": "10.084034", "subtotal_tax": "1.92", "total": "9.243697", "total_tax": "1.76",
                "taxes": [{"id": 1, "total": "1.756303", "subtotal": "1.915966"}],
                "meta_data": [{"key": "size", "value": "M"}, {"key": "_reduced_stock", "value": "2"}],
            }
        ],
        "shipping_lines": [
            {"id": 2, "method_title": "Post", "method_id": "flat_rate", "total": "4.957983", "total_tax": "0.94",
             "taxes": [{"id": 1, "total": "0.942017"}]}
        ],
        "tax_lines": [{"rate_id": 1, "label": "MwSt", "rate_percent": 19}],
        "coupon_lines": [{"code": "take1"}, {"code": "take1"}],
        **changes,
    }  # fmt: skip
    return order_of(wire.Order.model_validate(row), {})


def test_prices_that_include_tax_show_what_the_buyer_saw() -> None:
    order = told()
    (line,) = order.lines
    assert order.taxes_included
    assert (line.title, line.variant_title, line.properties) == ("Tee", "M", {"size": "M"})
    assert (line.amounts.list_amount, line.amounts.discount, line.amounts.gross) == (
        D("12.00"),
        D("1.00"),
        D("11.00"),
    )
    assert (line.amounts.net, line.amounts.tax, line.amounts.taxes[0].rate) == (
        D("9.24"),
        D("1.76"),
        D("0.19"),
    )
    assert (order.charges[0].kind, order.charges[0].amounts.gross) == (ChargeKind.SHIPPING, D("5.90"))
    assert (order.net + order.tax, order.total, order.findings) == (D("16.90"), D("16.90"), ())
    assert order.discount_codes == ("take1",)


def test_net_prices_stay_net() -> None:
    order = told(prices_include_tax=False)
    (line,) = order.lines
    assert (line.amounts.list_amount, line.amounts.discount, line.amounts.net) == (
        D("10.08"),
        D("0.84"),
        D("9.24"),
    )


def test_taxes_that_were_rounded_per_order_are_shared_out_and_the_rest_is_rounding() -> None:
    order = told(total_tax="2.69", total="16.89")
    assert (order.tax, order.rounding, order.findings) == (D("2.69"), D(0), ())
    order = told(total="16.91")
    assert (order.tax, order.rounding, order.findings) == (D("2.70"), D("0.01"), ())
    order = told(total="17.90")
    assert [finding.code for finding in order.findings] == ["source_totals_differ"]


def test_a_compound_rate_is_no_fraction_of_the_net() -> None:
    order = told(tax_lines=[{"rate_id": 1, "label": "PST", "rate_percent": 19, "compound": True}])
    assert order.lines[0].amounts.taxes[0].rate is None


def test_a_gift_card_is_a_payment() -> None:
    order = told(total="6.90", gift_cards=[{"code": "X", "amount": 10}])
    assert order.total == D("16.90")
    assert [(paid.kind, paid.amount) for paid in order.payments] == [
        (PaymentKind.GIFT_CARD, D(10)),
        (PaymentKind.SALE, D("6.90")),
    ]


@pytest.mark.parametrize(
    ("status", "paid", "expected"),
    [
        ("pending", False, (OrderStatus.OPEN, PaymentStatus.PENDING, FulfillmentStatus.UNFULFILLED)),
        ("processing", True, (OrderStatus.OPEN, PaymentStatus.PAID, FulfillmentStatus.UNFULFILLED)),
        ("processing", False, (OrderStatus.OPEN, PaymentStatus.PENDING, FulfillmentStatus.UNFULFILLED)),
        ("on-hold", False, (OrderStatus.HELD, PaymentStatus.PENDING, FulfillmentStatus.UNFULFILLED)),
        ("failed", False, (OrderStatus.HELD, PaymentStatus.PENDING, FulfillmentStatus.UNFULFILLED)),
        ("completed", True, (OrderStatus.COMPLETED, PaymentStatus.PAID, FulfillmentStatus.FULFILLED)),
        ("refunded", True, (OrderStatus.COMPLETED, PaymentStatus.REFUNDED, FulfillmentStatus.UNKNOWN)),
        ("cancelled", False, (OrderStatus.CANCELLED, PaymentStatus.VOIDED, FulfillmentStatus.UNFULFILLED)),
        ("trash", True, (OrderStatus.CANCELLED, PaymentStatus.PAID, FulfillmentStatus.UNFULFILLED)),
        ("wc-pending", False, (OrderStatus.OPEN, PaymentStatus.PENDING, FulfillmentStatus.UNFULFILLED)),
        ("pre-ordered", True, (OrderStatus.UNKNOWN, PaymentStatus.PAID, FulfillmentStatus.UNKNOWN)),
    ],
)
def test_statuses(status: str, paid: bool, expected: tuple[Any, ...]) -> None:
    order = told(status=status, date_paid_gmt="2026-10-01T09:31:00" if paid else None)
    assert (order.status, order.payment_status, order.fulfillment_status) == expected


def test_refunds_stand_beside_and_say_how_much_came_back() -> None:
    order = told(refunds=[{"id": 9, "reason": "", "total": "-6.90"}])
    assert (order.payment_status, order.refunds[0].amount) == (PaymentStatus.PARTLY_REFUNDED, D("6.90"))
    order = told(refunds=[{"id": 9, "total": "-16.90"}])
    assert order.payment_status is PaymentStatus.REFUNDED


def test_a_status_filter_names_only_statuses_that_mean_it() -> None:
    assert (
        of_query(frozenset({OrderStatus.HELD}), {"pre-ordered": OrderStatus.HELD})
        == "on-hold,failed,pre-ordered"
    )
    assert of_query(frozenset({OrderStatus.UNKNOWN, OrderStatus.OPEN}), {}) == ""
    assert of_query(None, {}) == ""


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ({"quantity": 0}, "no quantity"),
        ({"quantity": -1}, "no quantity"),
        ({"total": "abc"}, "not an amount"),
    ],
)
def test_what_cannot_be_told_says_why_without_values(line: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        told(line_items=[{"id": 1, "product_id": 1, "total": "1", **line}])
    assert "abc" not in str(caught.value)


def test_loose_types_are_taken() -> None:
    order = told(
        number=7, meta_data={"a": {"key": "note", "value": 5}}, billing=[], shipping=None, coupon_lines="",
        refunds={"1": {"id": "8", "total": -1}}, customer_note=None, transaction_id=False,
    )  # fmt: skip
    assert (order.number, order.metadata, order.customer) == ("7", {"note": "5"}, None)
    assert order.refunds[0].id == "8"


def test_negative_fees_and_odd_discounts_are_kept_as_they_are() -> None:
    fee = {
        "id": 5,
        "name": "Voucher",
        "total": "-5.00",
        "total_tax": "-0.95",
        "taxes": [{"id": 1, "total": "-0.95"}],
    }
    order = told(fee_lines=[fee], total="10.95", total_tax="1.75")
    assert order.charges[-1].amounts.gross == D("-5.95")
    assert order.findings == ()
    raised = told(line_items=[{"id": 1, "product_id": 1, "subtotal": "9.00", "total": "11.00"}], total_tax="0",
                  shipping_lines=[], total="11.00")  # fmt: skip
    assert (raised.lines[0].amounts.discount, raised.lines[0].amounts.list_amount) == (0, D("11.00"))


@pytest.mark.parametrize(
    ("country", "state", "subdivision", "region"),
    [
        ("DE", "DE-BE", "BE", None), ("JP", "JP13", "13", None), ("US", "NY", "NY", None), ("GB", "Kent County", None, "Kent County"),
        ("MX", "MX", "MX", None), ("us", "ca", "CA", None), ("", "", None, None),
    ],
)  # fmt: skip
def test_states_in_all_their_spellings(country: str, state: str, subdivision: str, region: str) -> None:
    address = address_of(wire.Address(city="X", country=country, state=state))
    assert address is not None
    assert (address.subdivision, address.region) == (subdivision, region)


def test_an_address_without_anything_is_none_and_unknown_parts_are_not_sent() -> None:
    assert address_of(wire.Address(country="US")) is None
    assert address_of(wire.Address(email="a@example.com")) is None
    assert asked_address(None) == {}
    assert asked_address(Address(city="Leeds", country="GB", region="West Yorks"), email="") == {
        "city": "Leeds",
        "country": "GB",
        "state": "West Yorks",
    }


def taxed_line(net: str, *taxes: tuple[str, str], kind: LineKind = LineKind.ITEM) -> DraftLine:
    amounts = Amounts(
        list_amount=D(net),
        net=D(net),
        taxes=tuple(Tax(rate=D(rate), amount=D(amount)) for rate, amount in taxes),
    )
    item = Item(sku="A", product_id="1") if kind is LineKind.ITEM else None
    return DraftLine(
        position=0, key="k", kind=kind, title="T", item=item, amounts=amounts, asked_price=D(net)
    )


@pytest.mark.parametrize(
    ("net", "taxes", "decimals"),
    [
        ("80.00", (("0.08875", "7.10"),), 2),
        ("0.50", (("0.19", "0.09"),), 2),
        ("10.50", (("0.07", "0.73"), ("0.05", "0.52")), 2),
        ("99.99", (("0.09975", "9.97"),), 2),
    ],
)
def test_a_net_is_nudged_within_half_a_unit(net: str, taxes: Any, decimals: int) -> None:
    line = taxed_line(net, *taxes)
    x = _nudged(line, Rules(decimals=decimals))
    assert abs(x - D(net)) < D("0.005")
    for rate, amount in taxes:
        assert abs(x * D(rate) - D(amount)) < D("0.005")


def test_a_tax_that_no_net_gives_is_not_asked_for() -> None:
    with pytest.raises(_Unpredictable):
        _nudged(taxed_line("80.00", ("0.08875", "7.11")), Rules())


def test_rates_for_single_places_or_on_top_of_others_are_not_predictable(stall: Any) -> None:
    draft = stall.draft()
    plain = wire.TaxRate.model_validate(
        {
            "id": 1,
            "country": "US",
            "state": "",
            "rate": "8.8750",
            "priority": 1,
            "shipping": True,
            "class": "standard",
        }
    )
    rules = Rules(calculates=True, rates=(plain,))
    assert taxed(draft, rules) is not None
    for odd in ({"postcodes": ["10001"]}, {"compound": True}, {"city": "NEW YORK"}):
        assert taxed(draft, Rules(calculates=True, rates=(plain.model_copy(update=odd),))) is None
    others: list[dict[str, Any]] = [{"calculates": False}, {"per_line": False}, {"based_on": "base"}]
    for other in others:
        told: dict[str, Any] = {"calculates": True, "rates": (plain,), **other}
        assert taxed(draft, Rules(**told)) is None
    more = plain.model_copy(update={"id": 2, "state": "NY", "rate": D("4.0")})
    assert taxed(draft, Rules(calculates=True, rates=(plain, more))) is None


def test_shipping_that_would_inherit_another_rate_goes_as_a_fee(stall: Any) -> None:
    rate = {"id": 1, "country": "US", "state": "", "rate": "8.8750", "priority": 1, "class": "standard"}
    plan = taxed(stall.draft(), Rules(calculates=True, rates=(wire.TaxRate.model_validate(rate),)))
    assert plan is not None
    assert (plan.shipping_as_fee, plan.classes) == ({1}, {0: "", 1: ""})
