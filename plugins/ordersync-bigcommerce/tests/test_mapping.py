"""Between BigCommerce's words and ours: money, times, statuses, places; no network."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from ordersync import (
    Address,
    ChargeKind,
    Company,
    FulfillmentStatus,
    MoneySet,
    OrderStatus,
    Payment,
    PaymentKind,
    PaymentStatus,
    PlacedState,
    Refused,
)
from ordersync_bigcommerce import mapping, placing, wire
from ordersync_bigcommerce.amounts import spread
from ordersync_bigcommerce.regions import code_of, name_of
from ordersync_bigcommerce.settings import BigCommerceSettings
from ordersync_bigcommerce.statuses import for_draft, fulfillment_status, order_status, payment_status

SETTINGS = BigCommerceSettings.model_validate({"store_hash": "abc123", "access_token": "t"})


def row(**changes: Any) -> dict[str, Any]:
    """An order of 10.00 in the vendor's shape."""
    return {
        "id": 100,
        "customer_id": 0,
        "date_created": "Thu, 18 Jun 2026 12:05:04 +0000",
        "date_modified": "Thu, 18 Jun 2026 14:34:50 +0200",
        "date_shipped": "",
        "status_id": 11,
        "status": "Awaiting Fulfillment",
        "default_currency_code": "USD",
        "store_default_currency_code": "USD",
        "total_ex_tax": "10.0000",
        "total_inc_tax": "10.0000",
        "total_tax": "0.0000",
        "items_total": 1,
        "billing_address": {
            "first_name": "Buyer",
            "last_name": "Amber",
            "country_iso2": "US",
            "state": "Texas",
        },
        **changes,
    }


def product(number: int = 1, ex: str = "10.0000", inc: str | None = None, **changes: Any) -> dict[str, Any]:
    quantity = changes.get("quantity", 1)
    inc = inc or ex
    total_ex, total_inc = Decimal(ex) * quantity, Decimal(inc) * quantity
    return {
        "id": number,
        "product_id": 7,
        "variant_id": 8,
        "name": f"Thing {number}",
        "sku": f"SKU-{number}",
        "type": "physical",
        "quantity": quantity,
        "price_ex_tax": ex,
        "price_inc_tax": inc,
        "total_ex_tax": str(total_ex),
        "total_inc_tax": str(total_inc),
        "total_tax": str(total_inc - total_ex),
        "applied_discounts": [],
        "product_options": [],
        **changes,
    }


KINDS: dict[str, type[wire.Wire]] = {
    "addresses": wire.ShippingAddress,
    "fees": wire.Fee,
    "taxes": wire.OrderTax,
    "coupons": wire.OrderCoupon,
    "shipments": wire.Shipment,
    "refunds": wire.Refund,
}


def read(order: dict[str, Any], *lines: dict[str, Any], **more: Any) -> Any:
    parts: dict[str, Any] = {
        name: tuple(kind.model_validate(one) for one in more.get(name, ())) for name, kind in KINDS.items()
    }
    products = tuple(wire.OrderProduct.model_validate(one) for one in lines or (product(),))
    return mapping.order_of(mapping.Whole(wire.Order.model_validate(order), products, **parts))


def off(amount: str, code: str | None = None) -> dict[str, Any]:
    return {
        "id": "manual-discount",
        "amount": amount,
        "name": "Manual Discount",
        "code": code,
        "target": "order",
    }


def test_times_of_both_kinds_are_utc() -> None:
    order = read(row())
    assert order.placed_at == datetime(2026, 6, 18, 12, 5, 4, tzinfo=UTC)
    assert order.updated_at == datetime(2026, 6, 18, 12, 34, 50, tzinfo=UTC)
    assert wire.Refund.model_validate({"id": 1, "created": "2026-06-18T14:37:37Z"}).created == datetime(
        2026, 6, 18, 14, 37, 37, tzinfo=UTC
    )
    with pytest.raises(ValidationError, match="RFC 2822"):
        wire.Order.model_validate(row(date_created="yesterday"))


def test_an_amount_is_never_a_float() -> None:
    with pytest.raises(ValidationError, match="not a float"):
        wire.Order.model_validate(row(total_inc_tax=10.0))
    assert wire.Order.model_validate(row(total_inc_tax=10)).total_inc_tax == 10
    assert wire.Order.model_validate(row(total_inc_tax=None)).total_inc_tax == 0


def test_a_discounted_line_with_tax_on_top_is_read_as_documented() -> None:
    """The figures of a published example with a manual discount: the tax is after it, the totals are before."""
    line = product(
        ex="89.0000",
        inc="95.2350",
        total_tax="3.7200",
        discounted_total_inc_tax="56.8200",
        applied_discounts=[off("35.9000")],
    )
    order = read(
        row(total_ex_tax="53.1000", total_tax="3.7200", total_inc_tax="56.8200", discount_amount="35.9000"),
        line,
    )
    (amounts,) = [one.amounts for one in order.lines]
    assert (amounts.list_amount, amounts.discount, amounts.net, amounts.tax) == (
        Decimal("89.00"),
        Decimal("35.90"),
        Decimal("53.10"),
        Decimal("3.72"),
    )
    assert order.findings == ()


def test_a_discounted_line_with_included_tax_keeps_its_basis() -> None:
    line = product(
        ex="8.4034",
        inc="10.0000",
        total_tax="1.2800",
        discounted_total_inc_tax="8.0000",
        applied_discounts=[off("2")],
    )
    order = read(
        row(
            is_tax_inclusive_pricing=True,
            total_ex_tax="6.7200",
            total_tax="1.2800",
            total_inc_tax="8.0000",
            discount_amount="2.0000",
        ),
        line,
    )
    (amounts,) = [one.amounts for one in order.lines]
    assert (amounts.list_amount, amounts.discount, amounts.net, amounts.gross) == (10, 2, Decimal("6.72"), 8)
    assert order.taxes_included
    assert order.findings == ()


def test_what_is_stated_after_discounts_counts() -> None:
    """Not what can be computed from the other figures: a store that rounds otherwise is right about itself."""
    line = product(
        ex="10.0000", total_tax="0.0000", discounted_total_inc_tax="6.6800", applied_discounts=[off("3.3333")]
    )
    order = read(row(total_ex_tax="6.6800", total_inc_tax="6.6800", discount_amount="3.3333"), line)
    assert order.lines[0].amounts.net == Decimal("6.68")
    assert order.findings == ()
    stale = product(ex="10.0000", discounted_total_inc_tax="0.0000")
    assert read(row(), stale).lines[0].amounts.net == 10


def test_sub_cent_totals_are_rounded_together() -> None:
    """Three at 3.3333 and one at 0.0001 make ten, though each rounds by itself to less."""
    lines = [product(1, "3.3333", quantity=3, discounted_total_inc_tax=None), product(2, "0.0001")]
    order = read(row(items_total=4), *lines)
    assert [one.amounts.net for one in order.lines] == [Decimal("10.00"), 0]
    assert order.findings == ()
    assert spread([Decimal("0.005")] * 3, Decimal("0.015"), "USD") == [Decimal("0.01"), Decimal("0.01"), 0]
    assert spread([Decimal("1.004")] * 2, Decimal(5), "USD") == [1, 1]


def test_a_discount_that_lies_on_no_line_is_allocated_if_the_total_says_so() -> None:
    lines = [product(1, "6.0000"), product(2, "6.0000")]
    order = read(row(items_total=2, discount_amount="2.0000"), *lines)
    assert [one.amounts.discount for one in order.lines] == [1, 1]
    assert order.findings == ()


def test_gift_certificates_and_credit_are_payments_even_if_the_total_is_after_them() -> None:
    plain = read(row(gift_certificate_amount="4.0000", payment_method="Stripe", payment_provider_id="ch_1"))
    assert [(one.kind, one.amount) for one in plain.payments] == [
        (PaymentKind.GIFT_CARD, 4),
        (PaymentKind.SALE, 6),
    ]
    assert plain.payments[1].transaction_id == "ch_1"
    after = read(row(store_credit_amount="3.0000", total_inc_tax="7.0000", total_ex_tax="7.0000"))
    assert (after.total, after.findings) == (10, ())
    assert after.payments[0].kind is PaymentKind.STORE_CREDIT


def test_parts_that_do_not_give_the_total_are_told() -> None:
    order = read(row(total_inc_tax="11.0000", total_ex_tax="11.0000"))
    assert [one.code for one in order.findings] == ["source_totals_differ"]


def test_taxes_are_named_and_rated_by_their_lines() -> None:
    taxes = [
        {"name": "State", "class": "Default", "rate": "7.2500", "line_amount": "0.7300",
         "line_item_type": "item", "order_product_id": "1"},
        {"name": "District", "class": "Default", "rate": "1.2500", "line_amount": "0.1300",
         "line_item_type": "item", "order_product_id": "1"},
        {"name": "Freight tax", "class": "Default", "rate": "5.0000", "line_amount": "0.2500",
         "line_item_type": "shipping"},
    ]  # fmt: skip
    order = read(
        row(
            shipping_cost_ex_tax="5.0000",
            shipping_cost_inc_tax="5.2500",
            total_ex_tax="15.0000",
            total_inc_tax="16.1100",
            total_tax="1.1100",
        ),
        product(ex="10.0000", inc="10.8600"),
        taxes=taxes,
    )
    assert [(one.title, one.rate, one.amount) for one in order.lines[0].amounts.taxes] == [
        ("State", Decimal("0.0725"), Decimal("0.73")),
        ("District", Decimal("0.0125"), Decimal("0.13")),
    ]
    (charge,) = order.charges
    assert (charge.kind, [one.title for one in charge.amounts.taxes]) == (
        ChargeKind.SHIPPING,
        ["Freight tax"],
    )
    assert order.findings == ()


def test_an_overridden_tax_has_no_rate() -> None:
    taxes = [{"name": "Tax", "class": "API Tax Override", "rate": "0.0000", "line_amount": "1.0000"}]
    order = read(
        row(total_inc_tax="11.0000", total_tax="1.0000"), product(ex="10.0000", inc="11.0000"), taxes=taxes
    )
    (tax,) = order.lines[0].amounts.taxes
    assert (tax.title, tax.rate, tax.amount) == ("Tax", None, 1)


def test_every_other_charge_is_kept() -> None:
    order = read(
        row(
            handling_cost_ex_tax="1.0000",
            handling_cost_inc_tax="1.0000",
            wrapping_cost_ex_tax="2.0000",
            wrapping_cost_inc_tax="2.0000",
            total_ex_tax="28.0000",
            total_inc_tax="36.0000",
            total_tax="8.0000",
        ),
        fees=[
            {"id": 1, "display_name_customer": "A Fee", "cost_exc_tax": "11.0000", "cost_inc_tax": "11.0000"},
            {"id": 2, "display_name_merchant": "B Fee", "cost_ex_tax": 4, "cost_tax": "8.0000"},
        ],
    )
    assert [(one.title, one.amounts.net, one.amounts.tax) for one in order.charges] == [
        ("Handling", 1, 0),
        ("Gift wrapping", 2, 0),
        ("A Fee", 11, 0),
        ("B Fee", 4, 8),
    ]
    assert order.findings == ()


def test_lines_say_what_they_are() -> None:
    option = {"display_name": "Size", "display_value": "S", "type": "Multiple choice"}
    lines = [
        product(1, "5.0000", product_options=[option]),
        product(2, "5.0000", product_id=0, variant_id=0, sku="", parent_order_product_id=1),
        product(3, "0.0000", type="digital", quantity=0),
    ]
    first, second = read(row(items_total=2), *lines).lines
    assert (first.variant_title, first.properties, first.custom) == ("S", {"Size": "S"}, False)
    assert (second.sku, second.custom, second.bundle_of) == (None, True, "1")


def test_what_else_an_order_has() -> None:
    order = read(
        row(
            customer_message="Ring twice.",
            staff_notes="Fragile",
            external_order_id="AMZ-1",
            status_id=14,
            items_shipped=1,
            default_currency_code="EUR",
            store_default_currency_code="USD",
            store_default_to_transactional_exchange_rate="0.9",
            order_source="www",
        ),
        addresses=[
            {"id": 5, "country_iso2": "DE", "state": "Bayern", "shipping_method": "Express"},
            {"id": 6, "country_iso2": "DE"},
        ],
        coupons=[{"code": "WELCOME"}],
        shipments=[
            {
                "id": 9,
                "date_created": "Thu, 18 Jun 2026 12:05:04 +0000",
                "tracking_number": "1Z",
                "shipping_provider": "ups",
                "generated_tracking_link": "https://track.example.com/1Z",
                "items": [{"order_product_id": 1, "quantity": 1}],
            }
        ],
        refunds=[
            {"id": 3, "total_amount": "2.50", "created": "2026-06-19T10:00:00+00:00", "reason": "Damaged"}
        ],
    )
    assert order.note == "Ring twice."
    assert order.metadata == {"external_order_id": "AMZ-1", "staff_notes": "Fragile"}
    assert (order.key, order.money_set, order.sales_channel) == (None, MoneySet.PRESENTMENT, "www")
    assert (order.shipping.subdivision, order.shipping.region) == (None, "Bayern")
    assert order.extra["shipping_addresses"] == [5, 6]
    assert order.discount_codes == ("WELCOME",)
    assert order.refunds[0].amount == Decimal("2.50")
    (parcel,) = order.fulfillments
    assert (parcel.tracking[0].number, parcel.tracking[0].carrier, parcel.lines) == ("1Z", "ups", {"1": 1})
    assert order.payment_status is PaymentStatus.PARTLY_REFUNDED


def test_our_own_orders_carry_their_key() -> None:
    key = "os-" + "a2" * 13
    assert read(row(external_order_id=key)).key == key
    assert mapping.our_key("os-short") is None
    assert mapping.our_key(f"{key}x") is None


@pytest.mark.parametrize(
    ("number", "word", "order", "payment", "fulfillment"),
    [
        (0, "", OrderStatus.UNKNOWN, PaymentStatus.PENDING, FulfillmentStatus.UNFULFILLED),
        (2, "captured", OrderStatus.OPEN, PaymentStatus.PAID, FulfillmentStatus.FULFILLED),
        (3, "", OrderStatus.OPEN, PaymentStatus.UNKNOWN, FulfillmentStatus.PARTIAL),
        (4, "refunded", OrderStatus.COMPLETED, PaymentStatus.REFUNDED, FulfillmentStatus.UNFULFILLED),
        (5, "", OrderStatus.CANCELLED, PaymentStatus.UNKNOWN, FulfillmentStatus.UNFULFILLED),
        (7, "authorized", OrderStatus.OPEN, PaymentStatus.AUTHORIZED, FulfillmentStatus.UNFULFILLED),
        (10, "", OrderStatus.COMPLETED, PaymentStatus.PAID, FulfillmentStatus.FULFILLED),
        (12, "held for review", OrderStatus.HELD, PaymentStatus.PENDING, FulfillmentStatus.UNFULFILLED),
        (11, "something new", OrderStatus.OPEN, PaymentStatus.UNKNOWN, FulfillmentStatus.UNFULFILLED),
    ],
)
def test_one_status_says_three_things(
    number: int, word: str, order: OrderStatus, payment: PaymentStatus, fulfillment: FulfillmentStatus
) -> None:
    assert order_status(number) is order
    assert payment_status(word, number) is payment
    assert fulfillment_status(number, 0, 3) is fulfillment


def test_a_status_is_found_for_every_draft(draft: Any) -> None:
    for order in OrderStatus:
        for payment in PaymentStatus:
            for fulfillment in FulfillmentStatus:
                made = draft(status=order, payment_status=payment, fulfillment_status=fulfillment)
                assert 1 <= for_draft(made) <= 14
    assert for_draft(draft(payment_status=PaymentStatus.PAID)) == 11
    assert for_draft(draft(payment_status=PaymentStatus.AUTHORIZED)) == 7
    assert for_draft(draft(fulfillment_status=FulfillmentStatus.FULFILLED)) == 2


def test_states_are_written_in_full_and_read_either_way() -> None:
    assert (name_of("US", "NY"), name_of("DE", "BY"), name_of(None, "X")) == ("New York", "BY", "X")
    assert [code_of("US", text) for text in ("new york", "NY", "ny", "Nowhere")] == ["NY", "NY", "NY", None]
    assert [code_of("DE", text) for text in ("BY", "Bayern", "by")] == ["BY", None, None]
    fields = placing.address_fields(Address(country="US", subdivision="TX", line1="1 Water Street"))
    assert fields == {"street_1": "1 Water Street", "state": "Texas", "country_iso2": "US"}


def test_the_body_of_an_order(draft: Any, line: Any) -> None:
    body = placing.order_body(
        draft(line(0, "10.00", "1.00"), po_number="PO-9", discount_codes=("WELCOME",), tags=("vip",)),
        SETTINGS,
        "USD",
    )
    assert body["external_order_id"].startswith("os-")
    assert body["date_created"].endswith("+0000")
    assert body["products"] == [
        {
            "name": "Thing 0",
            "quantity": 1,
            "price_ex_tax": Decimal("10.0000"),
            "price_inc_tax": Decimal("11.0000"),
        }
    ]
    assert body["staff_notes"].splitlines() == [
        "Order number: SO-77",
        "PO number: PO-9",
        "Discount codes: WELCOME",
        "Tags: vip",
        "[ordersync lines=0 shipping= fees= free=]",
    ]
    assert (body["customer_id"], body["billing_address"]["state"]) == (0, "New York")
    assert "default_currency_code" not in body
    assert placing.order_body(draft(), SETTINGS, "EUR")["default_currency_code"] == "USD"


def test_the_staff_notes_hold_what_has_no_field_of_its_own(draft: Any, line: Any) -> None:
    made = draft(
        line(0, properties={"Engraving": "Amber", "Font": "Serif"}),
        line(1),
        payments=(
            Payment(kind=PaymentKind.GIFT_CARD, amount=Decimal("5.00")),
            Payment(amount=Decimal("15.00"), gateway="Stripe"),
        ),
    )
    notes = placing.order_body(made, SETTINGS, "USD")["staff_notes"].splitlines()
    assert "Payments: 5.00 by gift_card, 15.00 by Stripe" in notes
    assert "Thing 0: Engraving = Amber, Font = Serif" in notes
    long = placing.order_body(draft(tags=("x" * 70_000,)), SETTINGS, "USD")["staff_notes"]
    assert len(long) == placing.LONGEST_NOTES
    assert placing.Marks.read(long) == placing.Marks((0,))


def test_an_address_without_a_postcode_gets_the_one_of_the_settings(draft: Any) -> None:
    body = placing.order_body(draft(billing=Address(country="KW"), shipping=None), SETTINGS, "USD")
    assert body["billing_address"]["zip"] == "0000"
    made = draft(company=Company(name="Amber Trading"))
    assert placing.order_body(made, SETTINGS, "USD")["billing_address"]["company"] == "Amber Trading"
    assert "shipping_addresses" not in body


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"quantity": Decimal("2.5")}, "whole units"),
        ({"net": "-5.00"}, "negative"),
        ({"net": "5.00", "tax": "-1.00"}, "negative"),
    ],
)
def test_what_cannot_be_said_is_refused_before_it_is_sent(draft: Any, line: Any, more: Any, why: str) -> None:
    with pytest.raises(Refused, match=why):
        placing.order_body(draft(line(0), line(1, **more)), SETTINGS, "USD")


def test_an_order_of_nothing_but_shipping_is_refused(draft: Any, line: Any) -> None:
    with pytest.raises(Refused, match="without a product"):
        placing.order_body(draft(line(0, kind="shipping")), SETTINGS, "USD")


def test_marks_are_read_back_or_not_at_all() -> None:
    marks = placing.Marks((0, 0, 1), (2,), (3, 4), ())
    assert placing.Marks.read(f"Order number: 1\n{marks}\nadded later") == marks
    assert placing.Marks.read("Order number: 1") is None
    more = placing.Marks((0, 0, 1), (2,))
    order = wire.Order.model_validate(row(staff_notes=str(more), status_id=0))
    lines = [wire.OrderProduct.model_validate(product(number)) for number in (1, 2)]
    found = placing.placed(order, lines, [], "os-k")
    assert [one.position for one in found.lines] == [None, None], "three were marked, two stand"
    assert found.state is PlacedState.DRAFT
    assert found.totals is not None
    assert found.totals.net == found.totals.total == Decimal(10)
