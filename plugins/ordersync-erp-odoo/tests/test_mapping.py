"""Between their words and ours, to the cent."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ordersync import (
    Address,
    Amounts,
    ChargeKind,
    DraftLine,
    FulfillmentStatus,
    LineKind,
    OrderStatus,
    PlacedState,
    Tax,
)
from ordersync_erp_odoo.mapping import (
    as_html,
    as_text,
    asked_line,
    key_of,
    line_cells,
    net_line,
    order_xid,
    placed_of,
    postal_of,
    same_address,
)
from ordersync_erp_odoo.telling import OrderParts, Services, order_of
from ordersync_erp_odoo.wire import HeadRow, LineRow, Named, OrderRow, PartnerRow, ProductRow, TaxRow

KEY = "os-" + "a" * 26
SERVICES = Services("OS-SHIPPING", "OS-FEE", "OS-ROUNDING")
AT = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)
ON_TOP = {
    1: TaxRow(id=1, name="State", amount=Decimal("6.25"), amount_type="percent"),
    2: TaxRow(id=2, name="County", amount=Decimal(1), amount_type="percent"),
}
INSIDE = {9: TaxRow(id=9, name="MwSt", amount=Decimal(19), amount_type="percent", price_include=True)}
FIXED = {5: TaxRow(id=5, name="Rounding -0.01", amount=Decimal("-0.01"), amount_type="fixed")}
PRODUCTS = {
    1: ProductRow(id=1, default_code="MUG-01", type="consu"),
    2: ProductRow(id=2, default_code="OS-SHIPPING", type="service"),
    3: ProductRow(id=3, default_code="OS-ROUNDING", type="service"),
    4: ProductRow(id=4, default_code="OS-FEE", type="service"),
}


def line(each: int, subtotal: str, tax: str, *, product: int = 1, **more: Any) -> LineRow:
    known = {
        "id": each,
        "product_id": [product, "x"],
        "name": f"Line {each}",
        "product_uom_qty": Decimal(1),
        "price_unit": Decimal(subtotal),
        "price_subtotal": Decimal(subtotal),
        "price_tax": Decimal(tax),
        "price_total": Decimal(subtotal) + Decimal(tax),
    }
    return LineRow.model_validate({**known, **more})


def parts(net: str, tax: str, lines: list[LineRow], **more: Any) -> OrderParts:
    order = {
        "id": 7,
        "name": "S00007",
        "state": "sale",
        "currency_id": [1, more.pop("currency", "USD")],
        "amount_untaxed": Decimal(net),
        "amount_tax": Decimal(tax),
        "amount_total": Decimal(net) + Decimal(tax),
        "date_order": "2026-10-01 09:30:00",
        "write_date": "2026-10-02 09:30:00",
        **more,
    }
    taxes = {**ON_TOP, **INSIDE, **FIXED}
    return OrderParts(OrderRow.model_validate(order), lines, products=PRODUCTS, taxes=taxes)


def test_taxes_of_a_line_are_told_apart_by_rate() -> None:
    order = order_of(parts("70.51", "5.12", [line(1, "70.51", "5.12", tax_ids=[1, 2])]), SERVICES)
    (tax, other) = order.lines[0].amounts.taxes
    assert (tax.rate, tax.amount) == (Decimal("0.0625"), Decimal("4.41"))
    assert (other.rate, other.amount) == (Decimal("0.01"), Decimal("0.71"))
    assert not order.taxes_included
    assert order.findings == ()


def test_tax_rounded_per_order_is_shared_out_over_the_taxed_lines() -> None:
    lines = [line(i, "0.10", "0.01", tax_ids=[1]) for i in (1, 2, 3)] + [line(4, "5.00", "0.00")]
    order = order_of(parts("5.30", "0.02", lines), SERVICES)
    assert order.tax == Decimal("0.02")
    assert [each.amounts.tax for each in order.lines] == [
        Decimal("0.00"),
        Decimal("0.01"),
        Decimal("0.01"),
        Decimal("0.00"),
    ]
    assert order.findings == ()


def test_prices_with_tax_keep_their_gross() -> None:
    sold = line(1, "36.08", "6.85", tax_ids=[9], price_unit=Decimal("47.70"), discount=Decimal(10))
    order = order_of(parts("36.08", "6.85", [sold], currency="EUR"), SERVICES)
    amounts = order.lines[0].amounts
    assert order.taxes_included
    assert (amounts.list_amount, amounts.discount, amounts.gross) == (
        Decimal("47.70"),
        Decimal("4.77"),
        Decimal("42.93"),
    )
    assert amounts.discounts[0].percent == Decimal(10)


def test_an_order_that_mixes_both_bases_is_told_without_tax() -> None:
    inside = line(1, "100.00", "19.00", tax_ids=[9], price_unit=Decimal(119))
    order = order_of(parts("110.00", "19.63", [inside, line(2, "10.00", "0.63", tax_ids=[1])]), SERVICES)
    assert not order.taxes_included
    assert order.lines[0].amounts.list_amount == Decimal("100.00")
    assert order.findings == ()


def test_service_products_are_charges_and_rounding() -> None:
    lines = [
        line(1, "10.00", "0.63", tax_ids=[1]),
        line(2, "5.00", "0.00", product=2),
        line(3, "0.02", "0.00", product=3),
        line(4, "0.00", "-0.02", product=3, tax_ids=[5], product_uom_qty=Decimal(2), price_unit=Decimal(0)),
        line(5, "1.00", "0.00", product=4),
    ]
    order = order_of(parts("16.02", "0.61", lines), SERVICES)
    assert [charge.kind for charge in order.charges] == [ChargeKind.SHIPPING, ChargeKind.FEE, ChargeKind.FEE]
    assert order.rounding == Decimal("0.02")
    assert order.charges[1].amounts.taxes == (Tax(title="Rounding -0.01", amount=Decimal("-0.02")),)
    assert (order.net + order.rounding, order.tax) == (Decimal("16.02"), Decimal("0.61"))
    assert order.findings == ()


def test_a_total_that_the_parts_do_not_give_is_found_not_mended() -> None:
    order = order_of(parts("11.00", "0.63", [line(1, "10.00", "0.63", tax_ids=[1])]), SERVICES)
    assert [found.code for found in order.findings] == ["source_totals_differ"]


def test_lines_that_were_rounded_apart_leave_the_order_a_rounding() -> None:
    lines = [
        line(1, "13.33", "1.18", tax_ids=[1], price_unit=Decimal("19.00"), discount=Decimal("29.82")),
        line(2, "4.55", "0.40", tax_ids=[1], price_unit=Decimal("6.49"), discount=Decimal("29.82")),
        line(3, "5.90", "0.52", tax_ids=[1]),
    ]
    order = order_of(parts("23.79", "2.11", lines), SERVICES)
    assert (order.tax, order.rounding) == (Decimal("2.11"), Decimal("0.01"))
    assert order.findings == ()


def test_sections_and_notes_are_no_lines() -> None:
    section = line(2, "0", "0", display_type="line_section", product_id=False, product_uom_qty=Decimal(0))
    assert len(order_of(parts("10.00", "0", [line(1, "10.00", "0"), section]), SERVICES).lines) == 1


@pytest.mark.parametrize(
    ("state", "delivery", "invoice", "status", "fulfilled"),
    [
        ("draft", False, "no", OrderStatus.HELD, FulfillmentStatus.UNKNOWN),
        ("sale", "started", "to invoice", OrderStatus.OPEN, FulfillmentStatus.UNFULFILLED),
        ("sale", "partial", "invoiced", OrderStatus.OPEN, FulfillmentStatus.PARTIAL),
        ("sale", "full", "invoiced", OrderStatus.COMPLETED, FulfillmentStatus.FULFILLED),
        ("cancel", "pending", "no", OrderStatus.CANCELLED, FulfillmentStatus.UNFULFILLED),
        ("odd", False, False, OrderStatus.UNKNOWN, FulfillmentStatus.UNKNOWN),
    ],
)
def test_statuses(
    state: str, delivery: object, invoice: object, status: OrderStatus, fulfilled: FulfillmentStatus
) -> None:
    told = order_of(
        parts(
            "10.00",
            "0",
            [line(1, "10.00", "0")],
            state=state,
            delivery_status=delivery,
            invoice_status=invoice,
        ),
        SERVICES,
    )
    assert (told.status, told.fulfillment_status) == (status, fulfilled)
    assert told.platform_statuses["order"] == state


def test_lines_are_known_by_their_external_ids() -> None:
    head = HeadRow.model_validate(
        {
            "id": 7,
            "name": "S7",
            "state": "sent",
            "currency_id": [1, "JPY"],
            "amount_untaxed": 10,
            "amount_tax": 1,
            "amount_total": 11,
            "order_line": [1, 2, 3],
        }
    )
    other = "os-" + "b" * 26
    xids = {1: f"ordersync.{KEY}_p4", 2: f"ordersync.{other}_p0"}
    placed = placed_of(head, KEY, xids)
    assert [each.position for each in placed.lines] == [4, None, None]
    assert placed.state is PlacedState.DRAFT
    assert key_of(order_xid(KEY)) == KEY
    assert key_of("__export__.sale_order_7") is None


def _adjustment(kind: LineKind, *, net: str = "0", tax: str = "0") -> DraftLine:
    taxes = (Tax(amount=Decimal(tax)),) if Decimal(tax) else ()
    amounts = Amounts(list_amount=Decimal(net), net=Decimal(net), taxes=taxes)
    return DraftLine(position=2, key="k", kind=kind, title="x", amounts=amounts, asked_price=Decimal(net))


@pytest.mark.parametrize(
    ("currency", "tax", "quantity"), [("USD", "-0.04", "4"), ("JPY", "2", "2"), ("KWD", "0.003", "3")]
)
def test_tax_alone_is_a_number_of_minor_units(currency: str, tax: str, quantity: str) -> None:
    asked = asked_line(
        _adjustment(LineKind.ADJUST_TAX, tax=tax),
        key=KEY,
        product=3,
        taxes=(5,),
        currency=currency,
        price_digits=2,
    )
    assert line_cells(asked)[3:] == [quantity, "0", "0", "5"]


def test_a_net_amount_finer_than_the_price_is_ten_times_less_ninety_percent() -> None:
    assert line_cells(net_line("x", "n", Decimal("-0.001"), 3, 2))[3:] == ["1", "-0.01", "90", ""]
    assert line_cells(net_line("x", "n", Decimal("-0.001"), 3, None))[3:] == ["1", "-0.001", "0", ""]


def test_prices_go_with_all_their_digits() -> None:
    priced = DraftLine(
        position=0,
        key="k",
        title="x",
        quantity=Decimal(300),
        amounts=Amounts(list_amount=Decimal(25), net=Decimal(25)),
        asked_price=Decimal("0.08333333333333333"),
    )
    asked = asked_line(priced, key=KEY, product=1, taxes=(), currency="USD", price_digits=None)
    assert line_cells(asked)[3:5] == ["300", "0.08333333333333333"]


def test_text_goes_and_comes_back() -> None:
    assert as_html("leave at\nthe <door> & go") == "leave at<br>the &lt;door&gt; &amp; go"
    assert as_text("<p>leave at<br>the &lt;door&gt; &amp; go</p>") == "leave at\nthe <door> & go"
    assert as_text("<p><br></p>") is None


def test_a_region_without_a_state_stands_behind_the_city() -> None:
    address = Address(
        first_name="Buyer", last_name="Fern", city="Paris", region="Île-de-France", country="FR"
    )
    assert postal_of(address, name="", country=75, state=None).city == "Paris (Île-de-France)"
    assert postal_of(address, name="", country=75, state=3).city == "Paris"


def test_addresses_are_the_same_however_they_are_written() -> None:
    wanted = postal_of(
        Address(first_name="Buyer", last_name="Fern", line1="1 Water  street", city="OSLO", country="NO"),
        name="",
        country=4,
        state=None,
    )
    row = PartnerRow(
        id=1, name="buyer fern", street="1 water Street ", city="Oslo", country_id=Named(4, "Norway")
    )
    assert same_address(wanted, row, own=True)
    assert same_address(wanted, row, own=False)
    elsewhere = row.model_copy(update={"zip": "0001"})
    assert not same_address(wanted, elsewhere, own=True)
