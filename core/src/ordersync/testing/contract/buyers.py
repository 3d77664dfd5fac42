"""Who buys in the suite: new customers with an address in one country, and the order that they place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from ordersync.model import (
    Address,
    Amounts,
    Charge,
    ChargeKind,
    Customer,
    Line,
    Order,
    OrderStatus,
    PaymentStatus,
    Tax,
    rounded,
)

__all__ = ["FAMILY_NAME", "buyer", "sold"]

FAMILY_NAME = "Kanarienfeder"
"""Every buyer's last name: a word that occurs nowhere else, so that it is seen where it should not be."""
RATE = Decimal("0.08875")
"""A rate that `seeds.TAX_RATES` names, so one that sandboxes of targets know."""
_PLACES = {
    "US": ("New York", "10001", "NY"),
    "DE": ("Berlin", "10115", "BE"),
    "GB": ("Leeds", "LS1 4AP", None),
}


def buyer(number: str, country: str = "US") -> Customer:
    """A customer whom the platform does not know, told from others by `number`."""
    city, postcode, subdivision = _PLACES.get(country, ("Town", "10000", None))
    mark = number.lower()
    return Customer(
        email=f"contract.{mark}@example.com",
        first_name=f"Buyer {number}",
        last_name=FAMILY_NAME,
        address=Address(
            first_name=f"Buyer {number}",
            last_name=FAMILY_NAME,
            line1=f"{FAMILY_NAME} Road 7",
            city=city,
            postcode=postcode,
            country=country,
            subdivision=subdivision,
        ),
    )


def sold(
    number: str,
    skus: Sequence[str | None],
    *,
    placed_at: datetime,
    currency: str,
    country: str,
    taxed: bool,
    shipping: bool,
    price: Decimal = Decimal("19.99"),
) -> Order:
    """An order for one, two, … of each SKU (None: a custom line) at one price, tax on top. Two lines of one SKU are
    equal in every figure."""
    lines = []
    for index, sku in enumerate(skus):
        first = skus.index(sku)
        quantity = 1 + first % 2
        lines.append(
            Line(
                id=f"{number}-{index}",
                sku=sku,
                custom=sku is None,
                title=f"Item {sku}" if sku else "Engraving",
                quantity=Decimal(quantity),
                amounts=_amounts(price * quantity, price, currency, taxed),
            )
        )
    charges = (
        (
            Charge(
                kind=ChargeKind.SHIPPING,
                title="Standard",
                amounts=_amounts(Decimal("5.90"), Decimal("5.90"), currency, taxed),
            ),
        )
        if shipping
        else ()
    )
    address = buyer(number, country).address
    total = sum((one.amounts.gross for one in (*lines, *charges)), Decimal(0))
    return Order(
        id=number,
        number=number,
        status=OrderStatus.OPEN,
        payment_status=PaymentStatus.PENDING,
        currency=currency,
        taxes_included=False,
        total=total,
        lines=tuple(lines),
        charges=charges,
        billing=address,
        shipping=address,
        placed_at=placed_at,
        updated_at=placed_at,
    )


def _amounts(net: Decimal, price: Decimal, currency: str, taxed: bool) -> Amounts:
    net = rounded(net, currency)
    taxes = (Tax(title="Sales tax", rate=RATE, amount=rounded(net * RATE, currency)),) if taxed else ()
    return Amounts.of(net, taxes=taxes, taxes_included=False, unit_price=price)
