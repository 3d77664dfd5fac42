"""From Shopify's words to ours. Pure: no network, no clock. The way back is `inputs`.

An order's amounts are the SHOP set, the presentment set stands beside it where the currencies differ. What an
order edit removed is out, what was refunded is in (and stands in `refunds`). Shopify keeps one figure per line for all
units that ever were on it, so the removed units' share is taken off by what their refund of 0 states.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

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
    Item,
    Line,
    MoneySet,
    Order,
    OrderRef,
    OrderStatus,
    OtherSet,
    Payment,
    PaymentKind,
    PaymentStatus,
    Placed,
    PlacedLine,
    PlacedState,
    Refund,
    Stated,
    Stock,
    Tax,
    Totals,
    Tracking,
    e164,
    rounded,
    shares,
)
from ordersync_shopify import wire

__all__ = [
    "KEY_PREFIX",
    "PAYMENT_GATEWAYS",
    "PAYMENT_WORDS",
    "POSITION",
    "SHIPPING_CODE",
    "gid",
    "item",
    "order",
    "placed",
    "stock",
]

KEY_PREFIX = "os-"
POSITION = "_ordersync_position"
"""The line property that names a line's position; buyers do not see properties that begin with an underscore."""
SHIPPING_CODE = "ordersync-"
"""Shipping lines have no properties: their code carries the position."""
PAYMENT_WORDS = {
    "AUTHORIZED": PaymentStatus.AUTHORIZED,
    "PAID": PaymentStatus.PAID,
    "PARTIALLY_PAID": PaymentStatus.PARTLY_PAID,
    "PARTIALLY_REFUNDED": PaymentStatus.PARTLY_REFUNDED,
    "PENDING": PaymentStatus.PENDING,
    "REFUNDED": PaymentStatus.REFUNDED,
    "VOIDED": PaymentStatus.VOIDED,
}
_FULFILLMENT_STATUSES = {
    "FULFILLED": FulfillmentStatus.FULFILLED,
    "IN_PROGRESS": FulfillmentStatus.UNFULFILLED,
    "ON_HOLD": FulfillmentStatus.UNFULFILLED,
    "OPEN": FulfillmentStatus.UNFULFILLED,
    "PARTIALLY_FULFILLED": FulfillmentStatus.PARTIAL,
    "PENDING_FULFILLMENT": FulfillmentStatus.UNFULFILLED,
    "REQUEST_DECLINED": FulfillmentStatus.UNFULFILLED,
    "RESTOCKED": FulfillmentStatus.UNFULFILLED,
    "SCHEDULED": FulfillmentStatus.UNFULFILLED,
    "UNFULFILLED": FulfillmentStatus.UNFULFILLED,
}
PAYMENT_GATEWAYS = {
    "gift_card": PaymentKind.GIFT_CARD,
    "shopify_store_credit": PaymentKind.STORE_CREDIT,
}
_TAKEN = ("SALE", "CAPTURE")
_HELD = ("AUTHORIZATION", "EMV_AUTHORIZATION")
_SUBDIVISION = re.compile(r"^[A-Z0-9]{1,3}$")


def gid(kind: str, id: str) -> str:
    """The global id of something of this kind; one that is global already stays."""
    return id if id.startswith("gid://") else f"gid://shopify/{kind}/{id}"


@dataclass(frozen=True)
class _Side:
    """One of the two money sets."""

    set: MoneySet
    currency: str

    def exact(self, bag: wire.MoneyBag) -> Decimal:
        return (bag.shop_money if self.set is MoneySet.SHOP else bag.presentment_money).amount

    def amount(self, bag: wire.MoneyBag) -> Decimal:
        return rounded(self.exact(bag), self.currency)

    def optional(self, bag: wire.MoneyBag | None) -> Decimal | None:
        return None if bag is None else self.amount(bag)


@dataclass(frozen=True)
class _Kept:
    """How many units of a line were sold, and what the units that an edit removed took with them."""

    quantity: int
    removed: int = 0
    parts: tuple[wire.RefundLine, ...] = ()


def order(found: wire.Order) -> Order:
    """An order as a source tells it. All nested pages must be there, and the refunds' lines if units are missing.

    Raises ValueError (pydantic's among them) if the order makes no sense; the message holds no value of it.
    """
    shop = _Side(MoneySet.SHOP, found.currency_code)
    sides = [shop]
    if found.presentment_currency_code != found.currency_code:
        sides.append(_Side(MoneySet.PRESENTMENT, found.presentment_currency_code))
    kept = _kept(found)
    lines = tuple(
        _line(line, kept[line.id], found.taxes_included, sides)
        for line in found.line_items.nodes
        if kept[line.id].quantity
    )
    totals = [_total(found, kept, side) for side in sides]
    charges, roundings = _settled(
        lines,
        sure=[
            *(
                _shipping(line, i, found.taxes_included, sides)
                for i, line in enumerate(found.shipping_lines.nodes)
            ),
            *(
                _fee(fee, ChargeKind.FEE, fee.name, found.taxes_included, sides)
                for fee in found.additional_fees
            ),
        ],
        duties=[
            _fee(duty, ChargeKind.DUTY, "Duty", found.taxes_included, sides)
            for line in found.line_items.nodes
            if kept[line.id].quantity and not found.duties_included
            for duty in line.duties
        ],
        tips=_tips(found, sides),
        cash=[side.amount(found.total_cash_rounding_adjustment.payment_set) for side in sides],
        total=totals[0],
    )
    stated = [_stated(found, side) for side in sides]
    billing, shipping = _address(found.billing_address), _address(found.shipping_address)
    return Order(
        id=found.id,
        number=found.name,
        key=found.source_identifier if (found.source_identifier or "").startswith(KEY_PREFIX) else None,
        status=_status(found),
        payment_status=_payment_status(found),
        fulfillment_status=_FULFILLMENT_STATUSES.get(
            found.display_fulfillment_status or "", FulfillmentStatus.UNKNOWN
        ),
        platform_statuses=_words(found),
        test=found.test,
        currency=found.currency_code,
        money_set=MoneySet.SHOP,
        taxes_included=found.taxes_included,
        total=totals[0],
        rounding=roundings[0],
        stated=stated[0],
        other=OtherSet(currency=sides[1].currency, total=totals[1], rounding=roundings[1], stated=stated[1])
        if len(sides) == 2
        else None,
        customer=_customer(found, billing or shipping),
        company=_company(found.purchasing_entity),
        email=found.email,
        phone=_phone(found.phone, found.shipping_address or found.billing_address),
        billing=billing,
        shipping=shipping,
        lines=lines,
        charges=charges,
        payments=tuple(_payments(found, sides)),
        refunds=tuple(_refunds(found, sides)),
        fulfillments=tuple(_fulfillments(found)),
        discount_codes=found.discount_codes,
        note=found.note,
        tags=found.tags,
        metadata={pair.key: pair.value or "" for pair in found.custom_attributes},
        po_number=found.po_number,
        sales_channel=found.source_name,
        placed_at=found.processed_at,
        created_at=found.created_at,
        updated_at=found.updated_at,
        cancelled_at=found.cancelled_at,
        extra=_extra(found),
    )


def _kept(found: wire.Order) -> dict[str, _Kept]:
    """Per line: sold is what is there now and what was taken back for money; the rest an edit removed.

    A removal by edit is a refund of 0 that lists the units; money given back for it later is a refund without units
    (seen in replies of real shops). A cancelled order keeps its lines: they were sold, its status says the rest.
    """
    returned: dict[str, int] = {}
    removed: dict[str, list[wire.RefundLine]] = {}
    for refund in found.refunds:
        for part in refund.refund_line_items.nodes:
            if refund.total_refunded_set.shop_money.amount:
                returned[part.line_item.id] = returned.get(part.line_item.id, 0) + part.quantity
            else:
                removed.setdefault(part.line_item.id, []).append(part)
    kept = {}
    for line in found.line_items.nodes:
        quantity = line.quantity
        if not (found.cancelled_at and not found.edited):
            quantity = min(line.quantity, line.current_quantity + returned.get(line.id, 0))
        kept[line.id] = _Kept(quantity, line.quantity - quantity, tuple(removed.get(line.id, ())))
    return kept


def _total(found: wire.Order, kept: Mapping[str, _Kept], side: _Side) -> Decimal:
    """The total with edits in and refunds unsubtracted.

    `totalPriceSet` stands while nothing was removed: it keeps removed units (recorded). Else `currentTotalPriceSet`,
    with what was taken back for money added again.
    """
    if not found.refunds and not found.cancelled_at:
        return side.amount(found.current_total_price_set)
    if not any(units.removed for units in kept.values()):
        return side.amount(found.total_price_set)
    total = side.exact(found.current_total_price_set)
    for refund in found.refunds:
        if not refund.total_refunded_set.shop_money.amount:
            continue
        for part in refund.refund_line_items.nodes:
            total += side.exact(part.subtotal_set)
            total += ZERO if found.taxes_included else side.exact(part.total_tax_set)
        for shipping in refund.refund_shipping_lines.nodes:
            total += side.exact(shipping.subtotal_amount_set)
            total += ZERO if found.taxes_included else side.exact(shipping.tax_amount_set)
        total += sum((side.exact(duty.amount_set) for duty in refund.duties or ()), ZERO)
    return rounded(total, side.currency)


def _settled(
    lines: Sequence[Line],
    *,
    sure: list[Charge],
    duties: list[Charge],
    tips: list[Charge],
    cash: list[Decimal],
    total: Decimal,
) -> tuple[tuple[Charge, ...], list[Decimal]]:
    """The charges and, per money set, the rounding.

    Whether duties and tips are lines or fees already, and whether the cash rounding is in the total, is not documented:
    the reading that gives the stated total counts. If none does, everything stated stands and the order says so itself.
    """
    base = sum((line.amounts.gross for line in lines), ZERO)
    base += sum((charge.amounts.gross for charge in sure), ZERO)
    for with_duties, with_tips, with_cash in _READINGS:
        more = [*(duties if with_duties else ()), *(tips if with_tips else ())]
        parts = base + sum((charge.amounts.gross for charge in more), ZERO) + (cash[0] if with_cash else ZERO)
        if parts == total:
            return (*sure, *more), cash if with_cash else [ZERO] * len(cash)
    return (*sure, *duties, *tips), [ZERO] * len(cash)


_READINGS = (
    (True, True, False),
    (True, True, True),
    (True, False, False),
    (True, False, True),
    (False, True, False),
    (False, True, True),
    (False, False, False),
    (False, False, True),
)
"""Duties apart from the fees, tips apart from the lines, cash rounding in the total."""


def _line(line: wire.LineItem, kept: _Kept, taxes_included: bool, sides: Sequence[_Side]) -> Line:
    amounts = [_line_amounts(line, kept, taxes_included, side) for side in sides]
    group = line.line_item_group
    extra: dict[str, Any] = {"lineItemGroup": {"id": group.id, "title": group.title}} if group else {}
    if line.is_gift_card:
        extra["isGiftCard"] = True
    if line.vendor:
        extra["vendor"] = line.vendor
    return Line(
        id=line.id,
        title=line.title,
        quantity=Decimal(kept.quantity),
        sku=line.sku or None,
        variant_title=line.variant_title or None,
        product_id=line.product.id if line.product else None,
        variant_id=line.variant.id if line.variant else None,
        requires_shipping=line.requires_shipping,
        custom=not (line.sku or line.variant or line.product),
        amounts=amounts[0],
        other_amounts=amounts[1] if len(amounts) == 2 else None,
        properties={pair.key: pair.value or "" for pair in line.custom_attributes},
        extra=extra,
    )


def _line_amounts(line: wire.LineItem, kept: _Kept, taxes_included: bool, side: _Side) -> Amounts:
    unit = side.exact(line.original_unit_price_set)
    listed = rounded(unit * kept.quantity, side.currency)
    discounts = _discounts(line.discount_allocations, side)
    taxes = _taxes(line.tax_lines, side)
    if kept.removed:
        whole = rounded(unit * line.quantity, side.currency)
        off, tax = _without_removed(kept, whole - listed, discounts, taxes, side)
        discounts = tuple(
            discount.model_copy(update={"amount": amount})
            for discount, amount in zip(
                discounts, shares(off, [each.amount for each in discounts], side.currency), strict=True
            )
        )
        taxes = tuple(
            each.model_copy(update={"amount": amount})
            for each, amount in zip(
                taxes, shares(tax, [each.amount for each in taxes], side.currency), strict=True
            )
        )
    return Amounts.of(
        listed,
        discounts=discounts,
        taxes=taxes,
        taxes_included=taxes_included,
        unit_price=_tidy(unit, side.currency),
    )


def _tidy(price: Decimal, currency: str) -> Decimal:
    """In the currency's digits, unless it has more of them."""
    whole = rounded(price, currency)
    return whole if whole == price else price


def _without_removed(
    kept: _Kept,
    listed_removed: Decimal,
    discounts: Sequence[Discount],
    taxes: Sequence[Tax],
    side: _Side,
) -> tuple[Decimal, Decimal]:
    """Discount and tax of the units that are left.

    By what the removal states; where it does not account for every removed unit, by the number of units.
    """
    off = sum((each.amount for each in discounts), ZERO)
    tax = sum((each.amount for each in taxes), ZERO)
    if sum(part.quantity for part in kept.parts) == kept.removed:
        paid_removed = sum((side.amount(part.subtotal_set) for part in kept.parts), ZERO)
        tax_removed = sum((side.amount(part.total_tax_set) for part in kept.parts), ZERO)
        off_left = off - (listed_removed - paid_removed)
        tax_left = tax - tax_removed
        if ZERO <= off_left <= off and ZERO <= tax_left <= tax:
            return off_left, tax_left
    units = [Decimal(kept.quantity), Decimal(kept.removed)]
    return shares(off, units, side.currency)[0], shares(tax, units, side.currency)[0]


def _shipping(line: wire.ShippingLine, index: int, taxes_included: bool, sides: Sequence[_Side]) -> Charge:
    amounts = [
        Amounts.of(
            side.amount(line.original_price_set),
            discounts=_discounts(line.discount_allocations, side),
            taxes=_taxes(line.tax_lines, side),
            taxes_included=taxes_included,
        )
        for side in sides
    ]
    return Charge(
        kind=ChargeKind.SHIPPING,
        title=line.title,
        code=line.code,
        id=line.id or f"shipping:{index}",
        carrier=line.carrier_identifier or line.source,
        amounts=amounts[0],
        other_amounts=amounts[1] if len(amounts) == 2 else None,
    )


def _fee(
    fee: wire.Fee | wire.Duty, kind: ChargeKind, title: str, taxes_included: bool, sides: Sequence[_Side]
) -> Charge:
    amounts = [
        Amounts.of(side.amount(fee.price), taxes=_taxes(fee.tax_lines, side), taxes_included=taxes_included)
        for side in sides
    ]
    return Charge(
        kind=kind,
        title=title,
        id=fee.id,
        amounts=amounts[0],
        other_amounts=amounts[1] if len(amounts) == 2 else None,
    )


def _tips(found: wire.Order, sides: Sequence[_Side]) -> list[Charge]:
    given = [side.amount(found.total_tip_received_set) for side in sides]
    if not given[0]:
        return []
    amounts = [Amounts(list_amount=amount, net=amount) for amount in given]
    return [
        Charge(
            kind=ChargeKind.TIP,
            title="Tip",
            amounts=amounts[0],
            other_amounts=amounts[1] if len(amounts) == 2 else None,
        )
    ]


def _discounts(allocations: Iterable[wire.Allocation], side: _Side) -> tuple[Discount, ...]:
    return tuple(
        Discount(
            amount=side.amount(each.allocated_amount_set),
            title=each.discount_application.title,
            code=each.discount_application.code,
            percent=None
            if each.discount_application.value.percentage is None
            else abs(each.discount_application.value.percentage),
        )
        for each in allocations
        if side.amount(each.allocated_amount_set)
    )


def _taxes(lines: Iterable[wire.TaxLine], side: _Side) -> tuple[Tax, ...]:
    return tuple(Tax(title=each.title, rate=each.rate, amount=side.amount(each.price_set)) for each in lines)


def _stated(found: wire.Order, side: _Side) -> Stated:
    """The current figures while nothing was given back; else what does not shrink with refunds."""
    if not found.refunds and not found.cancelled_at:
        return Stated(
            subtotal=side.amount(found.current_subtotal_price_set),
            discount=side.amount(found.current_total_discounts_set),
            tax=side.amount(found.current_total_tax_set),
        )
    if found.edited:
        return Stated()
    return Stated(discount=side.optional(found.total_discounts_set), tax=side.optional(found.total_tax_set))


def _status(found: wire.Order) -> OrderStatus:
    if found.cancelled_at:
        return OrderStatus.CANCELLED
    return OrderStatus.COMPLETED if found.closed_at else OrderStatus.OPEN


def _payment_status(found: wire.Order) -> PaymentStatus:
    """No display status is given for some orders that were made through the API (recorded): then by the balance."""
    if found.display_financial_status:
        return PAYMENT_WORDS.get(found.display_financial_status, PaymentStatus.UNKNOWN)
    if found.fully_paid:
        return PaymentStatus.PAID
    return PaymentStatus.PENDING if found.unpaid else PaymentStatus.UNKNOWN


def _words(found: wire.Order) -> dict[str, str]:
    words = {
        "order": "CANCELLED" if found.cancelled_at else "CLOSED" if found.closed_at else "OPEN",
        "payment": found.display_financial_status,
        "fulfillment": found.display_fulfillment_status,
    }
    return {name: word for name, word in words.items() if word}


def _payments(found: wire.Order, sides: Sequence[_Side]) -> Iterable[Payment]:
    """What was taken, and what is held and was neither taken nor released. Money going back is no payment."""
    used = {each.parent_transaction.id for each in found.transactions if each.parent_transaction}
    for each in found.transactions:
        taken, held = each.kind in _TAKEN, each.kind in _HELD and each.id not in used
        change = each.kind == "CHANGE"
        if each.status not in ("SUCCESS", "PENDING") or not (taken or held or change):
            continue
        sign = -1 if change else 1
        status = PaymentStatus.AUTHORIZED if held else PaymentStatus.PAID
        yield Payment(
            kind=PaymentKind.AUTHORIZATION
            if held
            else PAYMENT_GATEWAYS.get((each.gateway or "").lower(), PaymentKind.SALE),
            amount=sign * sides[0].amount(each.amount_set),
            other_amount=sign * sides[1].amount(each.amount_set) if len(sides) == 2 else None,
            gateway=each.gateway,
            method=each.formatted_gateway,
            transaction_id=each.payment_id or each.id,
            processed_at=each.processed_at,
            status=PaymentStatus.PENDING if each.status == "PENDING" else status,
            extra={"id": each.id, "kind": each.kind},
        )


def _refunds(found: wire.Order, sides: Sequence[_Side]) -> Iterable[Refund]:
    for each in found.refunds:
        if sides[0].amount(each.total_refunded_set):
            yield Refund(
                id=each.id,
                amount=sides[0].amount(each.total_refunded_set),
                other_amount=sides[1].amount(each.total_refunded_set) if len(sides) == 2 else None,
                created_at=each.created_at,
                note=each.note,
            )


def _fulfillments(found: wire.Order) -> Iterable[Fulfillment]:
    for each in found.fulfillments:
        if each.status in ("CANCELLED", "ERROR", "FAILURE"):
            continue
        lines: dict[str, Decimal] = {}
        for part in each.fulfillment_line_items.nodes:
            lines[part.line_item.id] = lines.get(part.line_item.id, ZERO) + Decimal(part.quantity or 0)
        yield Fulfillment(
            id=each.id,
            tracking=tuple(
                Tracking(number=it.number, carrier=it.company, url=it.url) for it in each.tracking_info
            ),
            lines={line: quantity for line, quantity in lines.items() if quantity},
            created_at=each.created_at,
        )


def _customer(found: wire.Order, address: Address | None) -> Customer | None:
    known = found.customer
    if known is None:
        if not found.email:
            return None
        return Customer(
            email=found.email,
            first_name=address.first_name if address else None,
            last_name=address.last_name if address else None,
            address=address,
        )
    mail, phone = known.default_email_address, known.default_phone_number
    return Customer(
        id=known.id,
        email=mail.email_address if mail else found.email,
        phone=phone.phone_number if phone else None,
        first_name=known.first_name,
        last_name=known.last_name,
        company=_company(found.purchasing_entity),
        address=address,
        note=known.note,
    )


def _company(purchaser: wire.Purchaser | None) -> Company | None:
    if purchaser is None or purchaser.company is None:
        return None
    return Company(name=purchaser.company.name, id=purchaser.company.id)


def _address(found: wire.MailingAddress | None) -> Address | None:
    if found is None:
        return None
    country = found.country_code if found.country_code != "ZZ" else None
    code = (found.province_code or "").removeprefix(f"{country}-").upper()
    return Address(
        first_name=found.first_name,
        last_name=found.last_name,
        company=found.company,
        line1=found.address1,
        line2=found.address2,
        city=found.city,
        postcode=found.zip,
        country=country,
        subdivision=code if _SUBDIVISION.match(code) else None,
        region=found.province,
        phone=_phone(found.phone, found),
    )


def _phone(number: str | None, address: wire.MailingAddress | None) -> str | None:
    if not number:
        return None
    return e164(number, address.country_code if address else None) or number


def _extra(found: wire.Order) -> dict[str, Any]:
    cash = found.total_cash_rounding_adjustment.payment_set.shop_money.amount
    extra = {
        "sourceIdentifier": found.source_identifier,
        "confirmationNumber": found.confirmation_number,
        "cancelReason": found.cancel_reason,
        "edited": found.edited or None,
        "estimatedTaxes": found.estimated_taxes or None,
        "cashRounding": str(cash) if cash else None,
    }
    return {name: value for name, value in extra.items() if value is not None}


def item(found: wire.Variant, currency: str | None) -> Item:
    """A variant as an order line needs it. Drafts and archived products are not sold; unlisted ones are, by link."""
    return Item(
        sku=found.sku or "",
        product_id=found.product.id,
        variant_id=found.id,
        title=found.display_name or None,
        unit_price=found.price,
        currency=currency,
        sellable=found.product.status in ("ACTIVE", "UNLISTED"),
        tracks_stock=found.inventory_item.tracked,
        requires_shipping=found.inventory_item.requires_shipping,
    )


def stock(found: wire.StockedVariant, location: str | None) -> Stock:
    """What is available, in all or at one location. Unlimited if untracked, or if it may be sold beyond the stock."""
    by_location = {
        level.location.id: Decimal(
            sum(each.quantity for each in level.quantities if each.name == "available")
        )
        for level in found.inventory_item.inventory_levels.nodes
        if location is None or level.location.id == location
    }
    if not found.inventory_item.tracked or found.inventory_policy == "CONTINUE":
        return Stock(available=None, by_location=by_location if found.inventory_item.tracked else {})
    return Stock(available=sum(by_location.values(), ZERO), by_location=by_location)


def placed(found: wire.PlacedOrder, key: str) -> Placed:
    """The order as it stands. Totals are those before returns, which is what was created."""
    total = rounded(found.total_price_set.shop_money.amount, found.currency_code)
    tax = found.total_tax_set.shop_money.amount if found.total_tax_set else ZERO
    tax = rounded(tax, found.currency_code)
    return Placed(
        ref=OrderRef(id=found.id, number=found.name),
        key=key,
        state=PlacedState.CANCELLED if found.cancelled_at else PlacedState.CONFIRMED,
        totals=Totals(currency=found.currency_code, net=total - tax, tax=tax, total=total),
        lines=_placed_lines(found),
    )


def _placed_lines(found: wire.PlacedOrder) -> tuple[PlacedLine, ...]:
    """Each line with the position that it was sent with; by their order if somebody removed every mark."""
    marked = [
        (line.id, next((pair.value for pair in line.custom_attributes if pair.key == POSITION), None))
        for line in found.line_items.nodes
    ]
    marked += [
        (line.id or f"shipping:{i}", line.code.removeprefix(SHIPPING_CODE))
        for i, line in enumerate(found.shipping_lines.nodes)
        if line.code and line.code.startswith(SHIPPING_CODE)
    ]
    if not any(mark for _, mark in marked):
        marked = [(line_id, str(i)) for i, (line_id, _) in enumerate(marked)]
    return tuple(
        PlacedLine(id=line_id, position=int(mark) if mark and mark.isdecimal() else None)
        for line_id, mark in marked
    )
