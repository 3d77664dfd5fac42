"""From NetSuite's order to ours. Pure: customer and items come in from outside."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
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
    Payment,
    PaymentKind,
    PaymentStatus,
    Stated,
    Tax,
    Tracking,
    rounded,
    shares,
)
from ordersync_erp_netsuite.mapping import UNSHIPPED, in_order, key_of, sku_of
from ordersync_erp_netsuite.settings import NetSuiteSettings
from ordersync_erp_netsuite.wire import CustomerRow, ItemRow, OrderLine, OrderRecord, Postal, TaxDetail

__all__ = ["OrderParts", "order_of"]

_STATUSES = {
    "A": (OrderStatus.HELD, FulfillmentStatus.UNFULFILLED),
    "B": (OrderStatus.OPEN, FulfillmentStatus.UNFULFILLED),
    "C": (OrderStatus.CANCELLED, FulfillmentStatus.UNFULFILLED),
    "D": (OrderStatus.OPEN, FulfillmentStatus.PARTIAL),
    "E": (OrderStatus.OPEN, FulfillmentStatus.PARTIAL),
    "F": (OrderStatus.OPEN, FulfillmentStatus.FULFILLED),
    "G": (OrderStatus.COMPLETED, FulfillmentStatus.FULFILLED),
}
_SILENT = {"Subtotal", "Description", "Group", "EndGroup"}
"""Lines that structure an order and cost nothing of their own."""
_SUBDIVISION = re.compile(r"[A-Z0-9]{1,3}")
_PARCELS = re.compile(r"(?:<br\s*/?>|[\s,;])+", re.IGNORECASE)
SHIPPING, HANDLING = "SHIPPING", "HANDLING"


@dataclass(frozen=True)
class OrderParts:
    """An order with what it points to, looked up for a whole page at once."""

    order: OrderRecord
    currency: str
    placed_at: datetime
    customer: CustomerRow | None = None
    items: Mapping[str, ItemRow] = field(default_factory=dict)


@dataclass
class _Part:
    """One thing that is paid for: a line, or shipping or handling of the order's head."""

    line: OrderLine | None
    title: str
    listed: Decimal
    discounts: list[Discount] = field(default_factory=list)
    taxes: list[Tax] = field(default_factory=list)
    sku: str | None = None
    taxable: bool = True
    kind: ChargeKind | None = None

    @property
    def net(self) -> Decimal:
        return self.listed - sum((off.amount for off in self.discounts), ZERO)

    def amounts(self) -> Amounts:
        rate = self.line.rate if self.line else None
        unit = rate if self.line and rate is not None and not self.discounts else None
        if self.line and self.line.quantity and unit is None:
            unit = rate
        return Amounts(
            list_amount=self.listed,
            discounts=tuple(self.discounts),
            net=self.net,
            taxes=tuple(self.taxes),
            unit_price=unit,
        )


def order_of(parts: OrderParts, settings: NetSuiteSettings) -> Order:
    """NetSuite's order in our words. Its amounts are always net.

    A discount line takes off the line above it; the order's own discount is shared out over the lines. Taxes are the
    lines' own where they are told (SuiteTax's details, or a line's tax amount); what the order's tax is more than
    that, or a line of the tax item, is shared out over what is taxable. Raises ValueError if it cannot be told.
    """
    order, currency = parts.order, parts.currency
    collected, rounding, carried = _collected(parts, settings)
    _take_off(collected, order, currency)
    _tax(collected, order, carried, currency)
    lines = tuple(_line(part, parts) for part in collected if part.kind is None)
    charges = tuple(
        Charge(
            kind=part.kind,
            title=part.title,
            id=part.line.line if part.line else None,
            amounts=part.amounts(),
        )
        for part in collected
        if part.kind is not None
    )
    status, fulfilment = _status(order)
    customer = _customer(parts.customer, order) if parts.customer else None
    gift = abs(rounded(order.gift_applied, currency))
    return Order(
        id=order.id,
        number=order.number or order.id,
        key=key_of(order.external_id),
        status=status,
        payment_status=PaymentStatus.UNKNOWN,
        fulfillment_status=fulfilment,
        platform_statuses={"order": order.status.ref_name or order.status.id},
        currency=currency,
        taxes_included=False,
        total=rounded(order.total, currency),
        rounding=rounding,
        stated=Stated(
            tax=rounded(order.tax_total + order.tax2_total, currency) + carried,
            shipping=rounded(order.shipping_cost, currency) if order.shipping_cost else None,
        ),
        customer=customer,
        company=customer.company if customer else None,
        email=order.email or (customer.email if customer else None),
        phone=customer.phone if customer else None,
        billing=_address(order.billing) if order.billing else None,
        shipping=_address(order.shipping) if order.shipping else None,
        lines=lines,
        charges=charges,
        payments=(Payment(kind=PaymentKind.GIFT_CARD, amount=gift),) if gift else (),
        fulfillments=_fulfillments(order),
        discount_codes=(order.coupon.ref_name,) if order.coupon and order.coupon.ref_name else (),
        note=order.memo,
        po_number=order.other_ref,
        sales_channel=order.channel.ref_name if order.channel else None,
        location=order.location.ref_name if order.location else None,
        placed_at=parts.placed_at,
        created_at=order.created,
        updated_at=order.changed,
        extra={"externalId": order.external_id} if order.external_id else {},
    )


def _collected(parts: OrderParts, settings: NetSuiteSettings) -> tuple[list[_Part], Decimal, Decimal]:
    """What is paid for, the rounding, and the tax that lines of the tax item carry."""
    order, currency = parts.order, parts.currency
    collected: list[_Part] = []
    rounding = carried = ZERO
    for line in in_order(order.item.items):
        item = parts.items.get(line.item.id) if line.item else None
        kind = (line.item_type.id if line.item_type else None) or (item.itemtype if item else None) or ""
        sku = sku_of(item, settings.sku_field) if item else (line.item.ref_name if line.item else None)
        amount = rounded(line.amount, currency)
        title = (line.description or (item.displayname if item else None) or sku or "-").splitlines()[0]
        if kind in _SILENT:
            continue
        if kind == "Discount":
            if not collected:
                raise ValueError("the order begins with a discount")
            if amount > 0:
                raise ValueError("a discount adds to the order")
            collected[-1].discounts.append(Discount(amount=-amount, title=title))
        elif sku == settings.rounding_item:
            rounding += amount
        elif sku == settings.tax_item:
            carried += amount
        else:
            charge = {settings.shipping_item: ChargeKind.SHIPPING, settings.fee_item: ChargeKind.FEE}.get(
                sku or ""
            )
            taxable = line.taxable is not False
            part = _Part(line, title, amount, sku=sku, taxable=taxable, kind=charge)
            if charge or line.quantity or amount:
                collected.append(part)
    method = order.ship_method.ref_name if order.ship_method else None
    for cost, title, each in (
        (order.shipping_cost, method or "Shipping", ChargeKind.SHIPPING),
        (order.handling_cost, "Handling", ChargeKind.FEE),
    ):
        if cost:
            collected.append(_Part(None, title, rounded(cost, currency), kind=each))
    return collected, rounding, carried


def _take_off(collected: Sequence[_Part], order: OrderRecord, currency: str) -> None:
    """Share out the order's own discount over its lines."""
    off = abs(rounded(order.discount_total, currency))
    goods = [part for part in collected if part.line is not None]
    if not off:
        return
    if not goods:
        raise ValueError("the order has a discount and no lines")
    title = order.discount_item.ref_name if order.discount_item else None
    for part, share in zip(goods, shares(off, [part.net for part in goods], currency), strict=True):
        if share:
            part.discounts.append(Discount(amount=share, title=title))


def _tax(collected: Sequence[_Part], order: OrderRecord, carried: Decimal, currency: str) -> None:
    details: dict[str, list[TaxDetail]] = {}
    for detail in order.tax_details.items:
        details.setdefault(detail.reference or "", []).append(detail)
    for part in collected:
        part.taxes.extend(_own_taxes(part, order, details, currency))
    told = sum((tax.amount for part in collected for tax in part.taxes), ZERO)
    left = rounded(order.tax_total + order.tax2_total, currency) + carried - told
    if not left:
        return
    taxable = [part for part in collected if part.taxable and part.net and not part.taxes]
    rate = order.tax_rate / 100 if order.tax_rate and not carried and taxable else None
    bearers = taxable or [part for part in collected if part.net] or list(collected)
    if not bearers:
        raise ValueError("the order has a tax and no lines")
    for part, share in zip(bearers, shares(left, [part.net for part in bearers], currency), strict=True):
        if share:
            part.taxes.append(Tax(title="Tax", rate=rate, amount=share))


def _own_taxes(
    part: _Part, order: OrderRecord, details: Mapping[str, Sequence[TaxDetail]], currency: str
) -> list[Tax]:
    line = part.line
    if line is None:
        reference = SHIPPING if part.kind is ChargeKind.SHIPPING else HANDLING
        amount, rate = (
            (order.shipping_tax, order.shipping_rate)
            if part.kind is ChargeKind.SHIPPING
            else (order.handling_tax, order.handling_rate)
        )
    else:
        reference = line.reference or ""
        amount, rate = line.tax1 if line.tax1 is not None else line.tax_amount or ZERO, line.rate1
    found = details.get(reference, ()) if reference else ()
    if found:
        return [
            Tax(
                title=(each.code.ref_name if each.code else None) or "Tax",
                rate=each.rate / 100 if each.rate is not None else None,
                amount=rounded(each.amount, currency),
            )
            for each in found
        ]
    if not amount:
        return []
    return [Tax(title="Tax", rate=rate / 100 if rate else None, amount=rounded(amount, currency))]


def _line(part: _Part, parts: OrderParts) -> Line:
    line = part.line
    assert line is not None
    item = parts.items.get(line.item.id) if line.item else None
    return Line(
        id=line.line,
        title=part.title,
        quantity=abs(line.quantity) or Decimal(1),
        sku=part.sku,
        product_id=line.item.id if line.item else None,
        barcode=item.upccode if item else None,
        requires_shipping=item is None or item.itemtype not in UNSHIPPED,
        custom=line.item is None,
        amounts=part.amounts(),
    )


def _status(order: OrderRecord) -> tuple[OrderStatus, FulfillmentStatus]:
    code = order.status.id or order.order_status.id
    if code in _STATUSES:
        return _STATUSES[code]
    if code != "H":
        return OrderStatus.UNKNOWN, FulfillmentStatus.UNKNOWN
    left = [line for line in order.item.items if line.fulfilled]
    if not left:
        return OrderStatus.CANCELLED, FulfillmentStatus.UNFULFILLED
    whole = all(line.fulfilled >= line.quantity for line in left)
    return OrderStatus.COMPLETED, FulfillmentStatus.FULFILLED if whole else FulfillmentStatus.PARTIAL


def _fulfillments(order: OrderRecord) -> tuple[Fulfillment, ...]:
    """What left, all together: the order tells quantities per line and tracking numbers, not which parcel holds what."""
    shipped = {line.line: line.fulfilled for line in order.item.items if line.fulfilled}
    numbers = [each for each in _PARCELS.split(order.tracking or "") if each]
    if not shipped:
        return ()
    return (Fulfillment(lines=shipped, tracking=tuple(Tracking(number=each) for each in numbers)),)


def _names(full: str | None) -> tuple[str | None, str | None]:
    """A single name as first and last: the last word is the last name."""
    first, _, last = (full or "").strip().rpartition(" ")
    return first or None, last or None


def _customer(row: CustomerRow, order: OrderRecord) -> Customer:
    company = Company(name=row.company, id=row.id) if row.company and not row.is_person else None
    return Customer(
        id=row.id,
        email=row.email or order.email,
        phone=row.phone,
        first_name=row.first_name if row.first_name != "-" else None,
        last_name=row.last_name,
        company=company,
        address=_address(order.billing) if order.billing else None,
    )


def _address(postal: Postal) -> Address:
    """The addressee is a person, unless there is somebody for attention: then it is a company."""
    business = postal.addressee if postal.attention else None
    first, last = _names(postal.attention or postal.addressee)
    state = (postal.state or "").strip()
    code = state.upper() if _SUBDIVISION.fullmatch(state.upper()) else None
    country = postal.country.id.upper() if postal.country else ""
    return Address(
        first_name=first,
        last_name=last,
        company=business,
        line1=postal.addr1,
        line2=", ".join(filter(None, (postal.addr2, postal.addr3))) or None,
        city=postal.city,
        postcode=postal.zip,
        country=country if re.fullmatch(r"[A-Z]{2}", country) else None,
        subdivision=code,
        region=state if state and code is None else None,
        phone=postal.phone,
    )
