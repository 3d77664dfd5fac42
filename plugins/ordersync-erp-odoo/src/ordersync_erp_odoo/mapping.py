"""Between Odoo's words and ours. Pure: no request is made here, ids come in from outside."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from ordersync import (
    ZERO,
    Address,
    Company,
    Draft,
    DraftLine,
    Item,
    LineKind,
    OrderRef,
    Placed,
    PlacedLine,
    PlacedState,
    Totals,
    minor_unit,
    rounded,
)
from ordersync_erp_odoo.wire import (
    HeadRow,
    PartnerRow,
    ProductRow,
    datetime_text,
)

__all__ = [
    "AskedLine",
    "AskedOrder",
    "Postal",
    "adjusting_line",
    "asked_line",
    "item_of",
    "key_of",
    "line_columns",
    "load_rows",
    "order_columns",
    "order_xid",
    "people_text",
    "placed_of",
    "totals_of",
]

MODULE = "ordersync"
"""The part before the dot of every external id of ours; no module of that name need exist in Odoo."""
_LINE_XID = re.compile(rf"^{MODULE}\.(?P<key>.+)_p(?P<position>\d+)$")
_ORDER_XID = re.compile(rf"^{MODULE}\.(?P<key>os-[a-z2-7]{{26}})$")

# -- identity --------------------------------------------------------------------------------------------------


def order_xid(key: str) -> str:
    """The external id of an order: what makes a second one with this key impossible."""
    return f"{MODULE}.{key}"


def line_xid(key: str, position: int) -> str:
    """The external id of one line of an order."""
    return f"{MODULE}.{key}_p{position}"


def key_of(xid: str | None) -> str | None:
    """The order's key in its external id; None if that is not ours."""
    found = _ORDER_XID.match(xid or "")
    return found["key"] if found else None


def people_text(draft: Draft) -> str:
    """What stands where people look: the buyer's PO number, and the source's own order number."""
    number = f"{draft.source_platform} {draft.number}".strip()
    return f"{draft.po_number} ({number})" if draft.po_number else number


# -- from a draft to rows for `load` -----------------------------------------------------------------------------


@dataclass(frozen=True)
class AskedLine:
    """One line in Odoo's terms."""

    xid: str
    product: int
    name: str
    quantity: Decimal
    price: Decimal
    percent: Decimal
    taxes: tuple[int, ...]


@dataclass(frozen=True)
class AskedOrder:
    """One order in Odoo's terms; ids are database ids."""

    draft: Draft
    partner: int
    invoice_to: int
    deliver_to: int
    pricelist: int | None
    lines: tuple[AskedLine, ...] = field(repr=False)


def asked_line(
    line: DraftLine,
    *,
    key: str,
    product: int,
    taxes: tuple[int, ...],
    currency: str,
    price_digits: int | None,
) -> AskedLine:
    """A draft's line in Odoo's terms. For tax alone, `taxes` is the fixed tax of one minor unit."""
    xid = line_xid(key, line.position)
    if line.kind in (LineKind.TAX, LineKind.ADJUST_TAX):
        return tax_line(xid, line.title, line.amounts.tax, product, taxes, currency)
    if line.kind is LineKind.ADJUST_NET:
        return net_line(xid, line.title, line.amounts.net, product, price_digits)
    name = line.title or line.sku or "-"
    return AskedLine(xid, product, name, line.quantity, line.asked_price, line.asked_percent, taxes)


def tax_line(
    xid: str, name: str, amount: Decimal, product: int, taxes: tuple[int, ...], currency: str
) -> AskedLine:
    """Tax without a base: price 0, and as many as the amount has minor units (measured on 17 and 19)."""
    quantity = abs(amount) / minor_unit(currency)
    return AskedLine(xid, product, name, quantity, ZERO, ZERO, taxes)


def net_line(xid: str, name: str, amount: Decimal, product: int, price_digits: int | None) -> AskedLine:
    """A net amount without tax. One finer than 17's price digits goes as ten times of it, less 90 %."""
    if price_digits is None or amount == amount.quantize(Decimal(1).scaleb(-price_digits)):
        return AskedLine(xid, product, name, Decimal(1), amount, ZERO, ())
    return AskedLine(xid, product, name, Decimal(1), 10 * amount, Decimal(90), ())


@dataclass(frozen=True)
class Adjusting:
    """A correction of what Odoo made of an order: where it is written, and what it has to be in all."""

    kind: LineKind
    xid: str
    amount: Decimal


def adjusting_line(draft: Draft, kind: LineKind, difference: Decimal) -> Adjusting:
    """The adjustment line of `kind` that makes up for `difference` more than the draft foresaw.

    It is the draft's own one where it has one, else one that the draft does not know.
    """
    own = next((line for line in draft.lines if line.kind is kind), None)
    if own is None:
        name = "net" if kind is LineKind.ADJUST_NET else "tax"
        return Adjusting(kind, f"{MODULE}.{draft.key}_adjust_{name}", difference)
    foreseen = own.amounts.net if kind is LineKind.ADJUST_NET else own.amounts.tax
    return Adjusting(kind, line_xid(draft.key, own.position), foreseen + difference)


def order_columns(*, note: bool, warehouse: bool, team: bool) -> list[str]:
    """The columns of an order for `load`. The pricelist is the guard: with it a confirmed order is not overwritten.

    An empty cell means "none", so a column that not all orders fill would empty the company's own terms (`note`).
    """
    return [
        "id",
        "company_id/.id",
        "partner_id/.id",
        "partner_invoice_id/.id",
        "partner_shipping_id/.id",
        "client_order_ref",
        "origin",
        "pricelist_id/.id",
        "date_order",
        *(["note"] if note else []),
        *(["warehouse_id/.id"] if warehouse else []),
        *(["team_id/.id"] if team else []),
    ]


def line_columns(tax_field: str) -> list[str]:
    """The columns of a line; `tax_field` is `tax_id` in 17 and `tax_ids` in 19."""
    return [
        "order_line/id",
        "order_line/product_id/.id",
        "order_line/name",
        "order_line/product_uom_qty",
        "order_line/price_unit",
        "order_line/discount",
        f"order_line/{tax_field}/.id",
    ]


def line_cells(line: AskedLine) -> list[str]:
    """A line's cells. Price, quantity and discount always go together: a quantity alone resets the price."""
    return [
        line.xid,
        str(line.product),
        line.name,
        _digits(line.quantity),
        _digits(line.price),
        _digits(line.percent),
        ",".join(map(str, line.taxes)),
    ]


def load_rows(
    order: AskedOrder, *, company: int, key_field: str, warehouse: int | None, team: int | None
) -> list[list[str]]:
    """The rows of one order: its own cells stand in the first, each further line is a row with those empty."""
    draft = order.draft
    people = people_text(draft)
    head = [
        order_xid(draft.key),
        str(company),
        str(order.partner),
        str(order.invoice_to),
        str(order.deliver_to),
        draft.key if key_field == "client_order_ref" else people,
        draft.key if key_field == "origin" else people,
        str(order.pricelist or ""),
        datetime_text(draft.placed_at),
        *([as_html(draft.note)] if draft.note else []),
        *([str(warehouse)] if warehouse else []),
        *([str(team)] if team else []),
    ]
    rows = [[*("" for _ in head), *line_cells(line)] for line in order.lines]
    rows[0][: len(head)] = head
    return rows


def _digits(number: Decimal) -> str:
    return format(number.normalize(), "f") if number else "0"


def as_html(text: str | None) -> str:
    """Plain text as Odoo's rich text."""
    return html.escape(text, quote=False).replace("\n", "<br>") if text else ""


def as_text(rich: str | None) -> str | None:
    """Odoo's rich text as plain text; None if nothing is left."""
    broken = re.sub(r"(?i)<br\s*/?>|</p>|</div>|</li>", "\n", rich or "")
    return html.unescape(re.sub(r"<[^>]*>", "", broken)).strip() or None


# -- what stands -------------------------------------------------------------------------------------------------


def totals_of(head: HeadRow) -> Totals:
    """An order's totals as Odoo computed them."""
    currency = head.currency_id.name if head.currency_id else ""
    return Totals(
        currency=currency,
        net=rounded(head.amount_untaxed, currency),
        tax=rounded(head.amount_tax, currency),
        total=rounded(head.amount_total, currency),
    )


_STATES = {"draft": PlacedState.DRAFT, "sent": PlacedState.DRAFT, "cancel": PlacedState.CANCELLED}


def placed_of(head: HeadRow, key: str, line_xids: Mapping[int, str]) -> Placed:
    """An order that stands; its lines are named by the positions in their external ids."""
    lines = []
    for line in head.order_line:
        found = _LINE_XID.match(line_xids.get(line, ""))
        ours = found is not None and found["key"] == key
        lines.append(PlacedLine(id=str(line), position=int(found["position"]) if found and ours else None))
    return Placed(
        ref=OrderRef(id=str(head.id), number=head.name),
        key=key,
        state=_STATES.get(head.state, PlacedState.CONFIRMED),
        totals=totals_of(head),
        lines=tuple(lines),
    )


def item_of(row: ProductRow, sku: str) -> Item:
    """A product as an order line needs it. Stock is kept for `product` (17) or storable goods (19)."""
    return Item(
        sku=sku,
        product_id=str(row.product_tmpl_id.id if row.product_tmpl_id else row.id),
        variant_id=str(row.id),
        title=row.name,
        unit_price=row.lst_price,
        currency=row.currency_id.name if row.currency_id else None,
        sellable=row.sale_ok and row.active,
        tracks_stock=row.is_storable or "product" in (row.type, row.detailed_type),
        requires_shipping=row.type != "service",
    )


# -- addresses ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Postal:
    """An address in Odoo's terms: its texts, and the ids of country and state."""

    name: str
    street: str
    street2: str
    city: str
    zip: str
    country: int | None
    state: int | None
    phone: str = field(default="", compare=False)

    @property
    def print(self) -> tuple[object, ...]:
        """What two equal addresses have in common, however they are written; without the name."""
        texts = (_plain(text) for text in (self.street, self.street2, self.city, self.zip))
        return (*texts, self.country, self.state)

    def digest(self, *more: str) -> str:
        """A short name for this address, for an external id."""
        text = repr((_plain(self.name), *self.print, *more))
        return hashlib.sha256(text.encode()).hexdigest()[:20]


def postal_of(address: Address, *, name: str, country: int | None, state: int | None) -> Postal:
    """An address of ours in Odoo's terms; a region that Odoo has no state for is kept behind the city."""
    person = " ".join(part for part in (address.first_name, address.last_name) if part)
    company = address.company if address.company and address.company != person else None
    region = None if state else address.region or address.subdivision
    city = address.city or ""
    return Postal(
        name=", ".join(part for part in (company, person) if part) or name,
        street=address.line1 or "",
        street2=address.line2 or "",
        city=f"{city} ({region})".strip() if region else city,
        zip=address.postcode or "",
        country=country,
        state=state,
        phone=address.phone or "",
    )


def postal_of_row(row: PartnerRow) -> Postal:
    """The address of a partner."""
    return Postal(
        name=row.name or "",
        street=row.street or "",
        street2=row.street2 or "",
        city=row.city or "",
        zip=row.zip or "",
        country=row.country_id.id if row.country_id else None,
        state=row.state_id.id if row.state_id else None,
        phone=row.phone or "",
    )


def same_address(wanted: Postal, row: PartnerRow, *, own: bool) -> bool:
    """Whether a partner's address is the wanted one; `own` is the customer's, which may lack the recipient's name."""
    there = postal_of_row(row)
    names = {_plain(there.name), "" if own else _plain(there.name)}
    named = _plain(wanted.name) in names
    return named and wanted.print == there.print


def _plain(text: str | None) -> str:
    return " ".join((text or "").split()).casefold()


PARTNER_COLUMNS = [
    "id",
    "parent_id/.id",
    "type",
    "name",
    "is_company",
    "vat",
    "email",
    "phone",
    "street",
    "street2",
    "city",
    "zip",
    "country_id/.id",
    "state_id/.id",
]


def partner_cells(
    xid: str,
    postal: Postal,
    *,
    parent: int | None = None,
    use: str = "contact",
    company: Company | None = None,
    email: str | None = None,
    phone: str | None = None,
) -> list[str]:
    """A customer or one of its addresses, for `load`. `use` is contact, invoice or delivery."""
    return [
        xid,
        str(parent or ""),
        use,
        company.name if company else postal.name,
        "1" if company else "0",
        (company.vat or "") if company else "",
        email or "",
        phone or postal.phone,
        postal.street,
        postal.street2,
        postal.city,
        postal.zip,
        str(postal.country or ""),
        str(postal.state or ""),
    ]
