"""Between their words and ours: references, stamps, dates, addresses, multipart bodies."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from ordersync import Amounts, DraftLine, LineKind, Refused
from ordersync_erp_sapb1.mapping import key_of, positions_of, reference, reference_parts, stamp
from ordersync_erp_sapb1.multipart import Operation, answered, change_set
from ordersync_erp_sapb1.people import card_code
from ordersync_erp_sapb1.service import quoted
from ordersync_erp_sapb1.wire import Document, VatGroup

KEY = "os-abcdefghijklmnopqrstuvwxyz"


def test_a_reference_holds_at_most_a_hundred_characters(open_desk: Any) -> None:
    draft = open_desk().draft()
    long = draft.model_copy(update={"number": "#" + "9" * 200})
    assert len(reference(long, with_key=True)) == 100
    assert reference(long, with_key=True).endswith(f") {draft.key}")
    assert reference_parts(reference(long, with_key=True)) == (None, draft.key)
    wide = draft.model_copy(update={"po_number": "P" * 67})
    assert reference_parts(reference(wide, with_key=True)) == ("P" * 67, draft.key)
    with pytest.raises(Refused, match="does not fit"):
        reference(draft.model_copy(update={"po_number": "P" * 68}), with_key=True)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", (None, None)),
        ("PO-77", ("PO-77", None)),
        (f"PO-77 (Shopify #1) {KEY}", ("PO-77", KEY)),
        (f"(Shopify #1) {KEY}", (None, KEY)),
        (f"PO (blue) 7 (Shopify #1) {KEY}", ("PO (blue) 7", KEY)),
        ("PO-77 (Shopify #1)", ("PO-77", None)),
        (KEY, (None, KEY)),
        (f"x{KEY}", (f"x{KEY}", None)),
    ],
)
def test_a_reference_is_taken_apart(text: str, parts: tuple[str | None, str | None]) -> None:
    assert reference_parts(text) == parts


def test_the_key_may_stand_in_a_field_of_its_own() -> None:
    assert key_of("PO-7", KEY) == KEY
    assert key_of(f"PO-7 {KEY}", "nonsense") == KEY
    assert key_of("PO-7", None) is None


def test_positions_stand_before_a_text() -> None:
    assert positions_of(f"{stamp(3, 12)} Engraving: A") == (3, 12)
    assert positions_of("Call #3 first") == ()


def test_a_customers_code_fits_and_differs() -> None:
    assert len(card_code("OSX", "oc-" + "a" * 26)) == 15
    assert card_code("OS", "oc-abcdefghijklm") != card_code("OS", "oc-abcdefghijkln")


def test_quotes_are_doubled() -> None:
    assert quoted("O'Brien") == "'O''Brien'"


@pytest.mark.parametrize("day", ["2026-04-23", "20260423", "2026-04-23T00:00:00Z", "2026-04-23T00:00:00"])
@pytest.mark.parametrize(
    ("clock", "is_"), [("14:05:00", time(14, 5)), ("14:05", time(14, 5)), (None, None), ("25:99", None)]
)
def test_dates_and_times_are_read_in_every_form(day: str, clock: str | None, is_: time | None) -> None:
    document = Document.model_validate({"DocEntry": 1, "UpdateDate": day, "UpdateTime": clock})
    assert (document.UpdateDate, document.UpdateTime) == (date(2026, 4, 23), is_)


def test_a_rate_is_the_one_of_the_day() -> None:
    group = VatGroup.model_validate(
        {
            "Code": "A1",
            "VatGroups_Lines": [
                {"Effectivefrom": "2020-07-01", "Rate": 16},
                {"Effectivefrom": "2007-01-01", "Rate": 19},
                {"Effectivefrom": "2021-01-01", "Rate": 19},
            ],
        }
    )
    days = (date(2019, 1, 1), date(2020, 8, 1), date(2026, 1, 1), date(2000, 1, 1))
    assert [group.rate(day) for day in days] == [19, 16, 19, 0]


def test_a_change_set_is_written_as_the_manual_has_it() -> None:
    body, kind = change_set("/b1s/v2/", [Operation("POST", "Orders", {"Quantity": Decimal("1.50")})])
    assert kind == "multipart/mixed; boundary=batch_os"
    lines = body.decode().split("\r\n")
    assert lines[:3] == ["--batch_os", "Content-Type: multipart/mixed; boundary=set_os", ""]
    at = lines.index("POST /b1s/v2/Orders")
    assert lines[at - 1] == ""
    assert lines[at + 1 : at + 4] == ["Content-Type: application/json", "", '{"Quantity":1.50}']
    assert lines[-3:] == ["--set_os--", "--batch_os--", ""]


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_answers_of_a_batch_are_read_whatever_their_line_ends(end: str) -> None:
    text = end.join(
        [
            "--outer",
            "Content-Type: multipart/mixed; boundary=inner",
            "",
            "--inner",
            "Content-Type: application/http",
            "Content-Transfer-Encoding: binary",
            "Content-ID: 2",
            "",
            "HTTP/1.1 201 Created",
            "Content-Type: application/json",
            "",
            '{"DocEntry": 7}',
            "--inner",
            "Content-Type: application/http",
            "",
            "HTTP/1.1 204 No Content",
            "Content-ID: 1",
            "",
            "",
            "--inner--",
            "--outer--",
            "",
        ]
    )
    first, second = answered(text.encode(), "multipart/mixed; boundary=outer")
    assert (first.status, first.data, first.content_id) == (201, {"DocEntry": 7}, 2)
    assert (second.status, second.data, second.content_id) == (204, None, 1)
    assert answered(b"nothing", "text/plain") == []


def test_a_tax_without_a_rate_is_not_sent(open_desk: Any) -> None:
    desk = open_desk()
    draft = desk.draft()
    lone = DraftLine(
        position=2,
        key="k",
        kind=LineKind.TAX,
        title="Tax",
        amounts=Amounts(list_amount=Decimal(0), net=Decimal(0)),
        asked_price=Decimal(0),
    )
    with pytest.raises(Refused, match="without a rate"):
        desk.connector.create_order(draft.model_copy(update={"lines": (*draft.lines, lone)}))
    with pytest.raises(Refused, match="needs a customer"):
        desk.connector.create_order(draft.model_copy(update={"customer_ref": None}))
    with pytest.raises(Refused, match="without a line"):
        desk.connector.create_order(draft.model_copy(update={"lines": draft.lines[1:]}))
    assert desk.orders() == []
