"""Between the bench platform's words and ours. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bench.connectors import wire
from ordersync import (
    Address,
    Amounts,
    Charge,
    ChargeKind,
    Customer,
    Draft,
    Line,
    LineKind,
    Order,
    OrderRef,
    PaymentStatus,
    Placed,
    PlacedLine,
    Stated,
    Tax,
    Totals,
)

__all__ = ["address_of", "body_of", "customer_body", "order_of", "placed_of"]


def order_of(found: wire.Order) -> Order:
    """The order in our words."""
    rate = found.tax_percent / 100
    customer = found.customer
    billing = address_of(found.billing)
    return Order(
        id=found.id,
        number=found.number,
        payment_status=PaymentStatus.PAID,
        platform_statuses={"order": "open", "payment": "paid"},
        currency=found.currency,
        taxes_included=False,
        total=found.total,
        stated=Stated(tax=found.tax),
        customer=Customer(
            id=customer.id,
            email=customer.email,
            phone=customer.phone,
            first_name=customer.first_name,
            last_name=customer.last_name,
            address=billing,
        ),
        email=customer.email,
        phone=customer.phone,
        billing=billing,
        shipping=address_of(found.shipping),
        lines=tuple(
            Line(
                id=line.id,
                title=line.title,
                quantity=Decimal(line.quantity),
                sku=line.sku,
                amounts=_amounts(line.net, line.tax, rate, line.unit_price),
            )
            for line in found.lines
        ),
        charges=(
            Charge(
                kind=ChargeKind.SHIPPING,
                title=found.freight.title,
                amounts=_amounts(found.freight.net, found.freight.tax, rate, found.freight.net),
            ),
        ),
        note=found.note,
        tags=tuple(found.tags),
        placed_at=found.placed_at,
        created_at=found.placed_at,
        updated_at=found.updated_at,
    )


def _amounts(net: Decimal, tax: Decimal, rate: Decimal, price: Decimal) -> Amounts:
    return Amounts.of(
        net, taxes=(Tax(title="Tax", rate=rate, amount=tax),), taxes_included=False, unit_price=price
    )


def address_of(found: wire.Address) -> Address:
    """A postal address in our words."""
    return Address(
        first_name=found.first_name,
        last_name=found.last_name,
        line1=found.line1,
        city=found.city,
        postcode=found.postcode,
        country=found.country,
        subdivision=found.subdivision,
        phone=found.phone,
    )


def customer_body(customer: Customer, key: str) -> dict[str, Any]:
    """What creates this customer."""
    return {
        "key": key,
        "email": customer.email,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "phone": customer.phone,
        "address": _address_body(customer.address),
    }


def body_of(draft: Draft) -> dict[str, Any]:
    """What creates this order."""
    return {
        "key": draft.key,
        "number": draft.number,
        "customer": draft.customer_ref.id if draft.customer_ref else None,
        "currency": draft.currency,
        "placed_at": draft.placed_at,
        "billing": _address_body(draft.billing),
        "shipping": _address_body(draft.shipping),
        "note": draft.note,
        "tags": draft.tags,
        "lines": [
            {
                "item": line.item.product_id if line.item and line.kind is LineKind.ITEM else None,
                "title": line.title,
                "quantity": int(line.quantity),
                "price": str(line.asked_price),
                "net": str(line.amounts.net),
                "tax": str(line.amounts.tax),
            }
            for line in draft.lines
        ],
    }


def _address_body(address: Address | None) -> dict[str, Any] | None:
    if address is None:
        return None
    return {
        "first_name": address.first_name,
        "last_name": address.last_name,
        "line1": address.line1,
        "city": address.city,
        "postcode": address.postcode,
        "country": address.country,
        "subdivision": address.subdivision,
        "phone": address.phone,
    }


def placed_of(found: wire.Standing, currency: str = "USD") -> Placed:
    """The order as it stands."""
    return Placed(
        ref=OrderRef(id=found.id, number=found.number),
        key=found.key,
        totals=Totals(currency=currency, net=found.net, tax=found.tax, total=found.total),
        lines=tuple(PlacedLine(id=line.id, position=line.position) for line in found.lines),
    )
