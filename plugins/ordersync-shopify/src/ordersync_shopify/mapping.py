"""From Shopify's words to ours. Pure: no network, no clock. The way back is `inputs`.

An order's amounts are the SHOP set, the presentment set stands beside it where the currencies differ. What an
order edit removed is out, what was refunded is in (and stands in `refunds`). Shopify keeps one figure per line for all
units that ever were on it, so the removed units' share is taken off by what their refund of 0 states.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ordersync import (
    ZERO,
    ChargeKind,
    FulfillmentStatus,
    Item,
    MoneySet,
    Order,
    OrderRef,
    OrderStatus,
    OtherSet,
    PaymentStatus,
    Placed,
    PlacedLine,
    PlacedState,
    Stock,
    Totals,
    rounded,
)
from ordersync_shopify import wire
from ordersync_shopify.amounts import Side, kept_units, settled, stated_of, total_of
from ordersync_shopify.charges import fee_of, line_of, shipping_of, tips_of
from ordersync_shopify.events import fulfillments_of, payments_of, refunds_of
from ordersync_shopify.marks import KEY_PREFIX, POSITION, SHIPPING_CODE
from ordersync_shopify.parties import address_of, company_of, customer_of, phone_of

__all__ = [
    "PAYMENT_WORDS",
    "item",
    "order",
    "placed",
    "stock",
]

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


def order(found: wire.Order) -> Order:
    """An order as a source tells it. All nested pages must be there, and the refunds' lines if units are missing.

    Raises ValueError (pydantic's among them) if the order makes no sense; the message holds no value of it.
    """
    shop = Side(MoneySet.SHOP, found.currency_code)
    sides = [shop]
    if found.presentment_currency_code != found.currency_code:
        sides.append(Side(MoneySet.PRESENTMENT, found.presentment_currency_code))
    kept = kept_units(found)
    lines = tuple(
        line_of(line, kept[line.id], found.taxes_included, sides)
        for line in found.line_items.nodes
        if kept[line.id].quantity
    )
    totals = [total_of(found, kept, side) for side in sides]
    charges, roundings = settled(
        lines,
        sure=[
            *(
                shipping_of(line, i, found.taxes_included, sides)
                for i, line in enumerate(found.shipping_lines.nodes)
            ),
            *(
                fee_of(fee, ChargeKind.FEE, fee.name, found.taxes_included, sides)
                for fee in found.additional_fees
            ),
        ],
        duties=[
            fee_of(duty, ChargeKind.DUTY, "Duty", found.taxes_included, sides)
            for line in found.line_items.nodes
            if kept[line.id].quantity and not found.duties_included
            for duty in line.duties
        ],
        tips=tips_of(found, sides),
        cash=[side.amount(found.total_cash_rounding_adjustment.payment_set) for side in sides],
        total=totals[0],
    )
    stated = [stated_of(found, side) for side in sides]
    billing, shipping = address_of(found.billing_address), address_of(found.shipping_address)
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
        customer=customer_of(found, billing or shipping),
        company=company_of(found.purchasing_entity),
        email=found.email,
        phone=phone_of(found.phone, found.shipping_address or found.billing_address),
        billing=billing,
        shipping=shipping,
        lines=lines,
        charges=charges,
        payments=tuple(payments_of(found, sides)),
        refunds=tuple(refunds_of(found, sides)),
        fulfillments=tuple(fulfillments_of(found)),
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
