"""Drafts in the Service Layer's terms, and the stamps by which they are found again. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ordersync import (
    ZERO,
    Address,
    Draft,
    DraftLine,
    LineKind,
    OrderRef,
    Placed,
    PlacedLine,
    PlacedState,
    Refused,
    Tax,
    Totals,
    rounded,
)
from ordersync_erp_sapb1.wire import Document

__all__ = [
    "Asked",
    "Correction",
    "address_fields",
    "document_of",
    "key_of",
    "placed_of",
    "positions_of",
    "reference",
    "reference_parts",
    "totals_of",
]

LONGEST_REFERENCE = 100
"""Characters of `NumAtCard` (ORDR.NumAtCard)."""
LONGEST_FREE_TEXT = 100
LONGEST_COMMENTS = 254
DRAFT = "draft:"
"""Before the DocEntry of a document that waits for approval: drafts are counted apart from orders."""
_KEY = re.compile(r"(?:^|\s)(os-[a-z2-7]{26})$")
_LABELLED = re.compile(r"(?:(?P<po>.*?) )?\((?P<label>[^()]*)\)")
_STAMP = re.compile(r"(?:#\d+ ?)+")


@dataclass(frozen=True)
class Asked:
    """What a draft needs to know of the company."""

    currency: str
    """The company's code."""
    foreign: bool
    """Whether that is not the company's own currency: freights then go by `…FC`."""
    tax_field: str
    tax_code: Callable[[tuple[Tax, ...]], str]
    addresses: Mapping[str, str]
    """`AddressExtension`, from `address_fields`."""
    shipping_expense: int | None
    """None: shipping goes as a line."""
    rounding_expense: Callable[[], int]
    """Bears the tax code for 0 %."""
    tax_expense: Callable[[], int]
    custom_item: str
    price_digits: int
    posting_date: date
    placed_on: date
    due_days: int = 0
    key_field: str = "NumAtCard"
    warehouse: str | None = None
    series: int | None = None
    branch: int | None = None


# -- stamps -----------------------------------------------------------------------------------------------------


def reference(draft: Draft, *, with_key: bool) -> str:
    """What `NumAtCard` shows people: `PO-77 (Shopify #1001)`, and the key behind it if that has no field of its own.

    The label gives way if it does not fit. Raises Refused if the buyer's PO number does not fit.
    """
    label = re.sub(r"[()\s]+", " ", f"{draft.source_platform} {draft.number}").strip()
    key = f" {draft.key}" if with_key else ""
    po = f"{draft.po_number.strip()} " if draft.po_number else ""
    room = LONGEST_REFERENCE - len(key) - len(po) - 2
    if room < 0:
        raise Refused(
            "The buyer's PO number does not fit beside our key.",
            remedy="Create a user-defined field for the key and name it in `key_field`.",
        )
    return f"{po}({label[:room].strip()}){key}"


def reference_parts(text: str) -> tuple[str | None, str | None]:
    """(PO number, key) of a `NumAtCard`; what a person wrote there is a PO number as a whole."""
    found = _KEY.search(text)
    rest = text[: found.start()].rstrip() if found else text
    labelled = _LABELLED.fullmatch(rest)
    if labelled:
        return labelled["po"] or None, found[1] if found else None
    return rest or None, found[1] if found else None


def key_of(text: str, own: str | None = None) -> str | None:
    """The key in `NumAtCard`, or in the user-defined field."""
    if own and _KEY.fullmatch(own.strip()):
        return own.strip()
    found = _KEY.search(text)
    return found[1] if found else None


def stamp(*positions: int) -> str:
    """How a line's free text begins: its position in the draft, `#3`; several where one row stands for several."""
    return " ".join(f"#{position}" for position in positions)


def positions_of(text: str) -> tuple[int, ...]:
    """The positions in a free text; none if it is not ours."""
    found = _STAMP.match(text)
    return tuple(int(each[1:]) for each in found[0].split()) if found else ()


# -- drafts -----------------------------------------------------------------------------------------------------

_ADJUSTING = (LineKind.ROUNDING, LineKind.ADJUST_NET, LineKind.ADJUST_TAX)


@dataclass(frozen=True)
class Correction:
    """What a preview showed to be missing."""

    net: Decimal = ZERO
    tax: Decimal = ZERO


def document_of(draft: Draft, asked: Asked, correction: Correction | None = None) -> dict[str, Any]:
    """The body of `POST Orders`, which is also the `Document` of the preview.

    Raises Refused for what a document cannot hold.
    """
    if draft.customer_ref is None:
        raise Refused("SAP Business One needs a customer.", remedy="Let guests be created as customers.")
    lines: list[dict[str, Any]] = []
    expenses: list[dict[str, Any]] = []
    for line in draft.lines:
        if line.kind is LineKind.TAX:
            raise Refused(
                "SAP Business One takes no tax without a rate.", remedy="Have the source state its tax rates."
            )
        if line.kind is LineKind.SHIPPING and asked.shipping_expense is not None and not expenses:
            expenses.append(_expense(line, draft, asked, asked.shipping_expense))
        elif line.kind not in _ADJUSTING:
            lines.append(line_of(line, draft.currency, draft.taxes_included, asked))
    if not lines:
        raise Refused(
            "SAP Business One takes no order without a line.", remedy="Enter the order's charges by hand."
        )
    adjusting = [line for line in draft.lines if line.kind in _ADJUSTING]
    rows = _adjustments(draft, adjusting, correction or Correction(), asked)
    if adjusting and not rows:
        positions = [*positions_of(lines[0]["FreeText"]), *(line.position for line in adjusting)]
        text = _STAMP.sub("", lines[0]["FreeText"], count=1)
        lines[0]["FreeText"] = f"{stamp(*positions)} {text}".strip()[:LONGEST_FREE_TEXT]
    expenses += rows
    body: dict[str, Any] = {
        "CardCode": draft.customer_ref.id,
        "NumAtCard": reference(draft, with_key=asked.key_field == "NumAtCard"),
        "DocDate": asked.posting_date.isoformat(),
        "TaxDate": asked.placed_on.isoformat(),
        "DocDueDate": (asked.posting_date + timedelta(days=asked.due_days)).isoformat(),
        "DocCurrency": asked.currency,
        "DocumentLines": lines,
    }
    if asked.key_field != "NumAtCard":
        body[asked.key_field] = draft.key
    more = {
        "Comments": draft.note[:LONGEST_COMMENTS] if draft.note else None,
        "Series": asked.series,
        "BPL_IDAssignedToInvoice": asked.branch,
        "DocumentAdditionalExpenses": expenses or None,
        "AddressExtension": dict(asked.addresses) or None,
    }
    return {**body, **{name: value for name, value in more.items() if value is not None}}


def _adjustments(
    draft: Draft, lines: list[DraftLine], correction: Correction, asked: Asked
) -> list[dict[str, Any]]:
    """At most two freights: rounding, without tax; and tax by itself, which is a small amount whose tax is what is
    missing, and is taken off the other freight, so that net stays what it is."""
    net = sum((line.amounts.net for line in lines), ZERO) + correction.net
    tax = sum((line.amounts.tax for line in lines), ZERO) + correction.tax
    base, taxed = _base(tax, draft, asked) if tax else (ZERO, "")
    name = "LineTotalFC" if asked.foreign else "LineTotal"
    rows: list[dict[str, Any]] = []
    if net - base:
        code = asked.tax_code(())
        rows.append({"ExpenseCode": asked.rounding_expense(), name: net - base, asked.tax_field: code})
    if base:
        rows.append({"ExpenseCode": asked.tax_expense(), name: base, asked.tax_field: taxed})
    stamps = stamp(*(line.position for line in lines))
    return [
        {**row, "Remarks": f"{stamps} Rounding".strip() if not number else "Tax rounding"}
        for number, row in enumerate(rows)
    ]


def _base(tax: Decimal, draft: Draft, asked: Asked) -> tuple[Decimal, str]:
    """The smallest amount whose tax is `tax`, and the code of the highest rate in the draft that bears it."""
    rated = [
        (sum((each.rate for each in line.amounts.taxes if each.rate), ZERO), line.amounts.taxes)
        for line in draft.lines
    ]
    rate, taxes = max(rated, key=lambda each: each[0])
    if not rate:
        raise Refused(
            "SAP Business One cannot correct a tax where nothing is taxed.",
            remedy="Compare the order's taxes.",
        )
    return rounded(tax / rate, draft.currency), asked.tax_code(taxes)


def line_of(line: DraftLine, currency: str, included: bool, asked: Asked) -> dict[str, Any]:
    """One `DocumentLines` row. Net prices go with their discount, gross ones as what is paid for one: both at once
    are not allowed (SDK help, Document_Lines)."""
    text = "; ".join([stamp(line.position), *(f"{name}: {value}" for name, value in line.properties.items())])
    row: dict[str, Any] = {
        "ItemCode": line.item.product_id if line.item else asked.custom_item,
        "Quantity": line.quantity,
        "Currency": asked.currency,
        asked.tax_field: asked.tax_code(line.amounts.taxes),
        "FreeText": text.replace("; ", " ", 1)[:LONGEST_FREE_TEXT],
    }
    if not line.item:
        row["ItemDescription"] = line.title[:100]
    if asked.warehouse:
        row["WarehouseCode"] = asked.warehouse
    if included and line.amounts.taxes:
        row["PriceAfterVAT"] = _gross_price(line, currency, asked.price_digits)
    else:
        row["UnitPrice"] = line.asked_price
        row["DiscountPercent"] = line.asked_percent
    return row


def _gross_price(line: DraftLine, currency: str, digits: int) -> Decimal:
    paid = line.amounts.list_amount - line.amounts.discount
    step = Decimal(1).scaleb(-digits)
    each = (paid / line.quantity).quantize(step, rounding=ROUND_HALF_UP)
    if rounded(each * line.quantity, currency) != paid:
        raise Refused(
            f"No price with {digits} digits gives {paid} for {line.quantity}.",
            remedy="Raise the company's decimal places of prices, or enter the order by hand.",
        )
    return each.normalize() if each else ZERO


def _expense(line: DraftLine, draft: Draft, asked: Asked, code: int) -> dict[str, Any]:
    paid = line.amounts.list_amount - line.amounts.discount
    gross = draft.taxes_included and bool(line.amounts.taxes)
    name = {
        (False, False): "LineTotal",
        (False, True): "LineTotalFC",
        (True, False): "LineGross",
        (True, True): "LineGrossFC",
    }
    return {
        "ExpenseCode": code,
        name[gross, asked.foreign]: paid,
        asked.tax_field: asked.tax_code(line.amounts.taxes),
        "Remarks": f"{stamp(line.position)} {line.title}"[:LONGEST_FREE_TEXT],
    }


def address_fields(prefix: str, address: Address, country: str, state: str) -> dict[str, str]:
    """`ShipTo…` or `BillTo…` of `AddressExtension`: recipient and company in the address names 2 and 3.

    `country` and `state` are the company's codes, empty where it knows none; then the state stands as the county.
    """
    region = "" if state else address.subdivision or address.region or ""
    given = {
        "Street": address.line1,
        "Building": address.line2,
        "City": address.city,
        "ZipCode": address.postcode,
        "County": region,
        "State": state,
        "Country": country,
        "Address2": address.name,
        "Address3": address.company if address.company != address.name else None,
    }
    return {f"{prefix}{name}": value[:100] for name, value in given.items() if value}


# -- what stands ------------------------------------------------------------------------------------------------


def totals_of(document: Document, iso: str, local: str) -> Totals:
    """The totals in the document's currency; `local` is the company's code of its own."""
    foreign = bool(document.DocCurrency) and document.DocCurrency != local
    total = rounded(document.DocTotalFc if foreign else document.DocTotal, iso)
    tax = rounded(document.VatSumFc if foreign else document.VatSum, iso)
    return Totals(currency=iso, net=total - tax, tax=tax, total=total)


def placed_of(document: Document, key: str, iso: str, local: str, *, draft: bool = False) -> Placed:
    """The document as it stands; `draft`: it lies among the drafts, for approval."""
    lines = [
        PlacedLine(id=str(row.LineNum), position=position)
        for row in document.DocumentLines
        for position in positions_of(row.FreeText) or (None,)
    ]
    lines += [
        PlacedLine(id=f"expense:{row.LineNum}", position=position)
        for row in document.DocumentAdditionalExpenses
        for position in positions_of(row.Remarks) or (None,)
    ]
    state = PlacedState.DRAFT if draft else PlacedState.CONFIRMED
    if document.Cancelled == "tYES":
        state = PlacedState.CANCELLED
    number = str(document.DocNum) if document.DocNum is not None else None
    return Placed(
        ref=OrderRef(id=f"{DRAFT if draft else ''}{document.DocEntry}", number=number),
        key=key,
        state=state,
        totals=totals_of(document, iso, local),
        lines=tuple(lines),
    )
