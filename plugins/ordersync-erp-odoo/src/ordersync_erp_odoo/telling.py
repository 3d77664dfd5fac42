"""From Odoo's order to ours. Pure: everything that the order points to comes in from outside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ordersync import (
    ZERO,
    Address,
    Amounts,
    Charge,
    ChargeKind,
    Company,
    Customer,
    Discount,
    Fulfillment,
    FulfillmentStatus,
    Line,
    Order,
    OrderStatus,
    PaymentStatus,
    Stated,
    Tax,
    Tracking,
    minor_unit,
    rounded,
    shares,
)
from ordersync_erp_odoo.mapping import as_text, key_of
from ordersync_erp_odoo.wire import LineRow, MoveRow, OrderRow, PartnerRow, PickingRow, ProductRow, TaxRow

__all__ = ["OrderParts", "Services", "order_of"]


@dataclass(frozen=True)
class OrderParts:
    """An order with everything that it points to, looked up for a whole page at once."""

    order: OrderRow
    lines: Sequence[LineRow]
    products: Mapping[int, ProductRow] = field(default_factory=dict)
    taxes: Mapping[int, TaxRow] = field(default_factory=dict)
    partners: Mapping[int, PartnerRow] = field(default_factory=dict)
    countries: Mapping[int, str] = field(default_factory=dict)
    states: Mapping[int, str] = field(default_factory=dict)
    pickings: Sequence[PickingRow] = ()
    moves: Sequence[MoveRow] = ()
    tags: Mapping[int, str] = field(default_factory=dict)
    xid: str | None = None


@dataclass(frozen=True)
class Services:
    """The SKUs by which lines are told from charges."""

    shipping: str
    fee: str
    rounding: str


_FULFILLED = {
    "pending": FulfillmentStatus.UNFULFILLED,
    "started": FulfillmentStatus.UNFULFILLED,
    "partial": FulfillmentStatus.PARTIAL,
    "full": FulfillmentStatus.FULFILLED,
}


def order_of(parts: OrderParts, services: Services) -> Order:
    """Odoo's order in our words.

    Amounts are Odoo's own: a line's net is its subtotal, its tax what Odoo computed, told apart by rate. With taxes
    rounded per order Odoo's lines do not add up to its tax: the difference is shared out over the taxed lines by
    largest remainder, so that the order's tax is the one that Odoo states; what Odoo's rounded lines then still lack of
    its total, at most half a minor unit each, is the order's rounding. An order that mixes taxes inside and on top of
    the price is told without them. Raises ValueError if it cannot be told in our words.
    """
    row = parts.order
    if row.currency_id is None or row.date_order is None or row.write_date is None:
        raise ValueError("the order has no currency or no date")
    currency = row.currency_id.name
    lines = [line for line in parts.lines if not line.display_type]
    taxed = [parts.taxes[tax] for line in lines for tax in line.taxes if tax in parts.taxes]
    percents = [tax for tax in taxed if tax.amount_type != "fixed"]
    included = bool(percents) and all(tax.price_include for tax in percents)

    tax_totals = _tax_totals(row, lines, currency)
    sold: list[Line] = []
    charges: list[Charge] = []
    rounding = ZERO
    for line, tax_total in zip(lines, tax_totals, strict=True):
        amounts = _amounts(line, tax_total, parts.taxes, currency, included)
        if not line.product_uom_qty and not amounts.gross:
            continue
        product = parts.products.get(line.product_id.id) if line.product_id else None
        sku = product.default_code if product else None
        title = (line.name or (product.name if product else None) or "-").splitlines()[0]
        if line.is_delivery or sku == services.shipping:
            charges.append(Charge(kind=ChargeKind.SHIPPING, title=title, id=str(line.id), amounts=amounts))
        elif sku == services.rounding and not amounts.taxes:
            rounding += amounts.net
        elif sku in (services.fee, services.rounding):
            charges.append(Charge(kind=ChargeKind.FEE, title=title, id=str(line.id), amounts=amounts))
        else:
            sold.append(_line(line, product, title, amounts))

    total = rounded(row.amount_total, currency)
    grosses = [*(each.amounts.gross for each in sold), *(each.amounts.gross for each in charges)]
    left = total - rounding - sum(grosses, ZERO)
    if abs(left) <= minor_unit(currency) * (len(lines) + 1) / 2:
        rounding += left

    buyer = parts.partners.get(row.partner_id.id) if row.partner_id else None
    customer = _customer(buyer, parts) if buyer else None
    invoice_to = parts.partners.get(row.partner_invoice_id.id) if row.partner_invoice_id else buyer
    deliver_to = parts.partners.get(row.partner_shipping_id.id) if row.partner_shipping_id else buyer
    return Order(
        id=str(row.id),
        number=row.name,
        key=key_of(parts.xid),
        status=_status(row),
        payment_status=PaymentStatus.UNKNOWN,
        fulfillment_status=_FULFILLED.get(row.delivery_status or "", FulfillmentStatus.UNKNOWN),
        platform_statuses={
            "order": row.state,
            **({"payment": row.invoice_status} if row.invoice_status else {}),
            **({"fulfillment": row.delivery_status} if row.delivery_status else {}),
        },
        currency=currency,
        taxes_included=included,
        total=total,
        rounding=rounding,
        stated=Stated(tax=rounded(row.amount_tax, currency)),
        customer=customer,
        company=customer.company if customer else None,
        email=customer.email if customer else None,
        phone=customer.phone if customer else None,
        billing=_address(invoice_to, parts) if invoice_to else None,
        shipping=_address(deliver_to, parts) if deliver_to else None,
        lines=tuple(sold),
        charges=tuple(charges),
        fulfillments=tuple(_fulfillments(parts)),
        note=as_text(row.note),
        tags=tuple(parts.tags[tag] for tag in row.tag_ids if tag in parts.tags),
        po_number=row.client_order_ref if row.client_order_ref != key_of(parts.xid) else None,
        sales_channel=row.team_id.name if row.team_id else None,
        placed_at=row.date_order,
        created_at=row.create_date,
        updated_at=row.write_date,
        extra={"origin": row.origin} if row.origin else {},
    )


def _status(row: OrderRow) -> OrderStatus:
    if row.state in ("draft", "sent"):
        return OrderStatus.HELD
    if row.state == "cancel":
        return OrderStatus.CANCELLED
    if row.state not in ("sale", "done"):
        return OrderStatus.UNKNOWN
    delivered = row.delivery_status in (None, "full")
    return OrderStatus.COMPLETED if delivered and row.invoice_status == "invoiced" else OrderStatus.OPEN


def _tax_totals(row: OrderRow, lines: Sequence[LineRow], currency: str) -> list[Decimal]:
    """Each line's tax, so that they add up to the order's."""
    exact = [rounded(line.price_tax, currency) for line in lines]
    left = rounded(row.amount_tax, currency) - sum(exact, ZERO)
    if not left or not any(exact):
        return exact
    more = shares(left, [abs(tax) for tax in exact], currency)
    return [tax + share for tax, share in zip(exact, more, strict=True)]


def _amounts(
    line: LineRow, tax_total: Decimal, taxes: Mapping[int, TaxRow], currency: str, included: bool
) -> Amounts:
    gross_there = rounded(line.price_total, currency)
    net = gross_there - tax_total if included else rounded(line.price_subtotal, currency)
    paid = net + tax_total if included else net
    own = [taxes[tax] for tax in line.taxes if tax in taxes]
    in_basis = all(tax.price_include == included for tax in own if tax.amount_type != "fixed")
    listed = rounded(line.price_unit * line.product_uom_qty, currency)
    if not in_basis:
        remaining = 1 - line.discount / 100
        listed = rounded(paid / remaining, currency) if remaining > 0 else paid
    off = listed - paid
    if off < 0 or not line.discount:
        listed, off = paid, ZERO
    return Amounts(
        list_amount=listed,
        discounts=(Discount(amount=off, percent=line.discount),) if off else (),
        net=net,
        taxes=_taxes(line, tax_total, own, currency),
        unit_price=line.price_unit if in_basis else None,
    )


def _taxes(line: LineRow, tax_total: Decimal, own: Sequence[TaxRow], currency: str) -> tuple[Tax, ...]:
    """A line's tax told apart by rate: fixed ones are what they are, the rest by largest remainder."""
    if not own:
        return (Tax(title="Tax", amount=tax_total),) if tax_total else ()
    fixed = {
        tax.id: rounded(tax.amount * line.product_uom_qty, currency)
        for tax in own
        if tax.amount_type == "fixed"
    }
    rest = [tax for tax in own if tax.id not in fixed]
    left = tax_total - sum(fixed.values(), ZERO)
    if not rest:
        fixed[own[0].id] += left
    parts = shares(left, [abs(tax.amount) for tax in rest], currency) if rest else []
    amounts = {**fixed, **{tax.id: part for tax, part in zip(rest, parts, strict=True)}}
    return tuple(
        Tax(
            title=tax.name or "",
            rate=tax.amount / 100 if tax.amount_type == "percent" else None,
            amount=amounts[tax.id],
        )
        for tax in own
    )


def _line(line: LineRow, product: ProductRow | None, title: str, amounts: Amounts) -> Line:
    return Line(
        id=str(line.id),
        title=title,
        quantity=abs(line.product_uom_qty) or Decimal(1),
        sku=product.default_code if product else None,
        product_id=str(product.product_tmpl_id.id) if product and product.product_tmpl_id else None,
        variant_id=str(product.id) if product else None,
        barcode=product.barcode if product else None,
        requires_shipping=product is not None and product.type != "service",
        custom=product is None,
        amounts=amounts,
    )


def _names(full: str | None) -> tuple[str | None, str | None]:
    """A single name as first and last: the last word is the last name."""
    first, _, last = (full or "").strip().rpartition(" ")
    return first or None, last or None


def _customer(row: PartnerRow, parts: OrderParts) -> Customer:
    parent = parts.partners.get(row.parent_id.id) if row.parent_id else None
    business = row if row.is_company else parent if parent and parent.is_company else None
    first, last = (None, None) if row.is_company else _names(row.name)
    return Customer(
        id=str(row.id),
        email=row.email_normalized or row.email,
        phone=row.phone,
        first_name=first,
        last_name=last,
        company=Company(name=business.name or "-", id=str(business.id), vat=business.vat)
        if business
        else None,
        address=_address(row, parts),
    )


def _address(row: PartnerRow, parts: OrderParts) -> Address:
    parent = parts.partners.get(row.parent_id.id) if row.parent_id else None
    business = row if row.is_company else parent if parent and parent.is_company else None
    first, last = (None, None) if row.is_company else _names(row.name)
    code = parts.states.get(row.state_id.id, "") if row.state_id else ""
    plain = code.rpartition("-")[2].upper()
    fits = re.fullmatch(r"[A-Z0-9]{1,3}", plain) is not None
    return Address(
        first_name=first,
        last_name=last,
        company=business.name if business else None,
        line1=row.street,
        line2=row.street2,
        city=row.city,
        postcode=row.zip,
        country=parts.countries.get(row.country_id.id) if row.country_id else None,
        subdivision=plain if fits else None,
        region=row.state_id.name if row.state_id and not fits else None,
        phone=row.phone,
        email=row.email,
    )


def _fulfillments(parts: OrderParts) -> Iterable[Fulfillment]:
    for picking in parts.pickings:
        if picking.state != "done":
            continue
        shipped: dict[str, Decimal] = {}
        for move in parts.moves:
            ours = move.picking_id is not None and move.picking_id.id == picking.id
            if ours and move.sale_line_id and move.state == "done" and move.quantity:
                line = str(move.sale_line_id.id)
                shipped[line] = shipped.get(line, ZERO) + move.quantity
        number = picking.carrier_tracking_ref
        yield Fulfillment(
            id=str(picking.id),
            tracking=(Tracking(number=number),) if number else (),
            lines=shipped,
            created_at=picking.date_done,
        )
