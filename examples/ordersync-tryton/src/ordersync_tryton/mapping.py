"""Between Tryton's words and ours. Pure: no request is made here, records come in from outside."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ordersync import (
    ZERO,
    Address,
    Amounts,
    Customer,
    Draft,
    FulfillmentStatus,
    Item,
    Line,
    Order,
    OrderRef,
    OrderStatus,
    PaymentStatus,
    Placed,
    PlacedLine,
    PlacedState,
    Stock,
    Tax,
    Totals,
    rounded,
    shares,
)

from ordersync_tryton.arithmetic import Priced, exact_tax
from ordersync_tryton.wire import (
    AddressRow,
    LineRow,
    PartyRow,
    PlacedRow,
    ProductRow,
    SaleRow,
    StockRow,
)

__all__ = [
    "CORRECTION",
    "STATES",
    "AskedLine",
    "item_of",
    "key_in",
    "order_of",
    "people_text",
    "placed_of",
    "sale_values",
    "stock_of",
]

CORRECTION = 9999
"""The sequence of the line that corrects taxes: behind every line of a draft, and none of them."""

_KEY = re.compile(r"os-[a-z2-7]{26}")

STATES = {
    "draft": OrderStatus.HELD,
    "quotation": OrderStatus.HELD,
    "confirmed": OrderStatus.OPEN,
    "processing": OrderStatus.OPEN,
    "done": OrderStatus.COMPLETED,
    "cancelled": OrderStatus.CANCELLED,
}
_PAID = {
    "none": PaymentStatus.PENDING,
    "pending": PaymentStatus.PENDING,
    "awaiting payment": PaymentStatus.PENDING,
    "partially paid": PaymentStatus.PARTLY_PAID,
    "paid": PaymentStatus.PAID,
}
_SENT = {
    "none": FulfillmentStatus.UNFULFILLED,
    "waiting": FulfillmentStatus.UNFULFILLED,
    "partially shipped": FulfillmentStatus.PARTIAL,
    "sent": FulfillmentStatus.FULFILLED,
}
_PLACED = {
    "draft": PlacedState.DRAFT,
    "quotation": PlacedState.DRAFT,
    "cancelled": PlacedState.CANCELLED,
}


def key_in(description: str | None) -> str | None:
    """The key that a sale is stamped with; None if ordersync did not make it."""
    return description if description and _KEY.fullmatch(description) else None


# -- from Tryton -----------------------------------------------------------------------------------------------


def order_of(sale: SaleRow, zone: str | None) -> Order:
    """A sale as an order. `zone` is the company's time zone, in which sales are dated."""
    buyer = customer_of(sale.party)
    return Order(
        id=str(sale.id),
        number=sale.number or f"draft {sale.id}",
        key=key_in(sale.description),
        status=STATES.get(sale.state, OrderStatus.UNKNOWN),
        payment_status=_PAID.get(sale.invoice_state, PaymentStatus.UNKNOWN),
        fulfillment_status=_SENT.get(sale.shipment_state, FulfillmentStatus.UNKNOWN),
        platform_statuses={
            "order": sale.state,
            "payment": sale.invoice_state,
            "fulfillment": sale.shipment_state,
        },
        currency=sale.currency.code,
        taxes_included=False,
        total=sale.total_amount,
        customer=buyer,
        email=buyer.email,
        phone=buyer.phone,
        billing=address_of(sale.billing, sale.party),
        shipping=address_of(sale.shipping, sale.party),
        lines=lines_of(sale),
        note=sale.comment or None,
        po_number=sale.reference or None,
        placed_at=placed_at(sale, zone),
        created_at=sale.create_date,
        updated_at=sale.last_modified_at,
    )


def placed_at(sale: SaleRow, zone: str | None) -> datetime:
    """When the sale was made. Tryton keeps a day only; on the day of its entry, the entry's time is more exact."""
    here = ZoneInfo(zone) if zone else UTC
    if sale.sale_date is None or sale.sale_date == sale.create_date.astimezone(here).date():
        return sale.create_date
    return datetime.combine(sale.sale_date, time(), here)


def lines_of(sale: SaleRow) -> tuple[Line, ...]:
    """The lines that cost something, each with its share of the sale's tax.

    Tryton keeps one tax amount for a sale. It is shared out by what each tax of each line would be, unrounded.
    """
    rows = sorted((row for row in sale.lines if row.type == "line"), key=_in_order)
    taxed = [(row, tax, exact_tax(_priced(row), tax)) for row in rows for tax in row.taxes]
    parts = iter(shares_of(sale.tax_amount, [exact for _, _, exact in taxed], sale.currency.code))
    taxes: dict[int, tuple[Tax, ...]] = {row.id: () for row in rows}
    for row, tax, _ in taxed:
        taxes[row.id] += (Tax(title=tax.name, rate=tax.rate, amount=next(parts)),)
    return tuple(line_of(row, taxes[row.id]) for row in rows if row.quantity)


def shares_of(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """`shares`, for weights of either sign: what belongs to goods taken back is rounded first, the others share the rest."""
    back = [rounded(min(weight, ZERO), currency) for weight in weights]
    if all(weight <= 0 for weight in weights):
        return shares(amount, [-weight for weight in weights], currency)
    kept = shares(amount - sum(back, ZERO), weights, currency)
    return [part + less for part, less in zip(kept, back, strict=True)]


def line_of(row: LineRow, taxes: tuple[Tax, ...]) -> Line:
    """One line. What was taken back has a positive quantity and negative amounts."""
    amount = (row.amount or ZERO) + ZERO
    return Line(
        id=str(row.id),
        title=row.description or (row.product.code if row.product else None) or "-",
        quantity=abs(row.quantity or ZERO),
        sku=row.product.code if row.product else None,
        product_id=str(row.product.id) if row.product else None,
        custom=row.product is None,
        requires_shipping=row.product is not None,
        amounts=Amounts.of(amount, taxes=taxes, taxes_included=False, unit_price=row.unit_price),
    )


def customer_of(party: PartyRow) -> Customer:
    """The buyer. Tryton has one name for people and companies; its last word is taken for the family's."""
    first, _, last = (party.name or "").rpartition(" ")
    kinds = {contact.type: contact.value for contact in reversed(party.contacts)}
    return Customer(
        id=str(party.id),
        email=kinds.get("email"),
        phone=kinds.get("phone") or kinds.get("mobile"),
        first_name=first or None,
        last_name=last or None,
    )


def address_of(row: AddressRow | None, party: PartyRow) -> Address | None:
    """A postal address; the recipient is the party unless the address names another."""
    if row is None:
        return None
    first, _, last = (row.party_name or party.name or "").rpartition(" ")
    line1, _, line2 = (row.street or "").partition("\n")
    country = row.country.code if row.country else None
    subdivision = row.subdivision.code if row.subdivision else None
    return Address(
        first_name=first or None,
        last_name=last or None,
        line1=line1 or None,
        line2=line2 or None,
        city=row.city or None,
        postcode=row.postal_code or None,
        country=country,
        subdivision=(subdivision or "").rpartition("-")[2] or None,
    )


def item_of(row: ProductRow, sku: str) -> Item:
    """A product as an order line needs it. `list_price` is in the company's currency."""
    return Item(
        sku=sku,
        product_id=str(row.template),
        variant_id=str(row.id),
        title=row.name,
        unit_price=row.list_price,
        sellable=row.salable,
        tracks_stock=row.type == "goods",
        requires_shipping=row.type != "service",
    )


def stock_of(counts: Mapping[str, StockRow]) -> Stock:
    """What can be sold: what is there, less what is promised already; planned arrivals do not count."""
    free = {place: min(row.quantity, row.forecast_quantity) for place, row in counts.items()}
    return Stock(available=sum(free.values(), ZERO), by_location=free)


def placed_of(row: PlacedRow) -> Placed:
    """A sale that stands, with Tryton's own totals. A line's sequence is its position in the draft."""
    lines = sorted(row.lines, key=lambda line: line.id)
    return Placed(
        ref=OrderRef(id=str(row.id), number=row.number),
        key=key_in(row.description) or "",
        state=_PLACED.get(row.state, PlacedState.CONFIRMED),
        totals=Totals(
            currency=row.currency.code, net=row.untaxed_amount, tax=row.tax_amount, total=row.total_amount
        ),
        lines=tuple(
            PlacedLine(id=str(line.id), position=line.sequence if line.sequence != CORRECTION else None)
            for line in lines
        ),
    )


# -- to Tryton -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AskedLine:
    """One line in Tryton's terms; ids are record ids."""

    sequence: int
    description: str
    priced: Priced
    product: int | None = None
    unit: int | None = None

    def values(self) -> dict[str, Any]:
        """What `create` is given."""
        return {
            "type": "line",
            "sequence": self.sequence,
            "description": self.description,
            "product": self.product,
            "unit": self.unit,
            "quantity": self.priced.quantity,
            "unit_price": self.priced.price,
            "taxes": [["add", [tax.id for tax in self.priced.taxes]]],
        }


def sale_values(
    draft: Draft, lines: Sequence[AskedLine], *, currency: int, billing: int, shipping: int, zone: str | None
) -> dict[str, Any]:
    """A draft in Tryton's terms. The key stands in the description, which nobody may change once it is quoted."""
    here = ZoneInfo(zone) if zone else UTC
    return {
        "party": int(draft.customer_ref.id) if draft.customer_ref else None,
        "invoice_address": billing,
        "shipment_address": shipping,
        "currency": currency,
        "description": draft.key,
        "reference": people_text(draft),
        "comment": draft.note,
        "sale_date": draft.placed_at.astimezone(here).date(),
        "lines": [["create", [line.values() for line in lines]]],
    }


def people_text(draft: Draft) -> str:
    """What stands where people look: the buyer's PO number, and the source's own order number."""
    number = f"{draft.source_platform} {draft.number}".strip()
    return f"{draft.po_number} ({number})" if draft.po_number else number


def _priced(row: LineRow) -> Priced:
    return Priced(row.unit_price or ZERO, row.quantity or ZERO, row.taxes)


def _in_order(row: LineRow) -> tuple[bool, int, int]:
    return row.sequence is not None, row.sequence or 0, row.id
