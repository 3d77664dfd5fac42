"""Orders written down in few words, amount by amount: for vectors and tests. Nothing is computed here.

A tax is `TITLE RATE AMOUNT` (`-`: the source states no rate), a discount `AMOUNT`, `AMOUNT percent P` or `AMOUNT code C`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from ordersync.model import (
    Address,
    Amounts,
    Charge,
    ChargeKind,
    Customer,
    Discount,
    Line,
    Order,
    OtherSet,
    Payment,
    PaymentKind,
    PaymentStatus,
    Refund,
    Tax,
)

__all__ = ["charge", "line", "order", "other", "payment"]

AT = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)
_Beside = tuple[str, ...]
"""(unit price, list amount, net, taxes …) in the other money set."""


def _tax(text: str) -> Tax:
    title, rate, amount = text.rsplit(" ", 2)
    return Tax(title=title, rate=None if rate == "-" else Decimal(rate), amount=Decimal(amount))


def _discount(text: str) -> Discount:
    amount, _, rest = text.partition(" ")
    kind, _, value = rest.partition(" ")
    return Discount(
        amount=Decimal(amount),
        percent=Decimal(value) if kind == "percent" else None,
        code=value if kind == "code" else None,
    )


def _amounts(unit_price: str, list_amount: str, net: str, taxes: tuple[str, ...], off: str = "") -> Amounts:
    return Amounts(
        list_amount=Decimal(list_amount),
        discounts=(_discount(off),) if off else (),
        net=Decimal(net),
        taxes=tuple(map(_tax, taxes)),
        unit_price=Decimal(unit_price),
    )


def line(
    quantity: str,
    unit_price: str,
    list_amount: str,
    net: str,
    *taxes: str,
    off: str = "",
    beside: _Beside = (),
    sku: str = "A",
) -> Line:
    """A line of an item `sku`."""
    return Line(
        id="1",
        sku=sku,
        title=f"Thing {sku}",
        quantity=Decimal(quantity),
        amounts=_amounts(unit_price, list_amount, net, taxes, off),
        other_amounts=_amounts(beside[0], beside[1], beside[2], beside[3:]) if beside else None,
    )


def charge(kind: str, list_amount: str, net: str, *taxes: str, off: str = "") -> Charge:
    """Shipping, a fee, a tip or a duty."""
    return Charge(
        kind=ChargeKind(kind),
        title=kind.capitalize(),
        amounts=_amounts(list_amount, list_amount, net, taxes, off),
    )


def payment(amount: str, kind: PaymentKind = PaymentKind.SALE, beside: str = "") -> Payment:
    """Money received."""
    return Payment(amount=Decimal(amount), kind=kind, other_amount=Decimal(beside) if beside else None)


def other(text: str) -> OtherSet:
    """`CURRENCY TOTAL` of the other money set."""
    currency, total = text.split()
    return OtherSet(currency=currency, total=Decimal(total))


def order(
    text: str,
    *sold: Line | Charge,
    rounding: str = "0",
    beside: OtherSet | None = None,
    payments: tuple[Payment, ...] = (),
    refunds: tuple[Refund, ...] = (),
    payment_status: PaymentStatus = PaymentStatus.PAID,
) -> Order:
    """`CURRENCY TOTAL`, and `included` if prices include tax; what was sold, lines first."""
    currency, total, *included = text.split()
    address = Address(first_name="Buyer", last_name="Amber", line1="1 Water Street", country="US")
    lines = [one for one in sold if isinstance(one, Line)]
    return Order(
        id="O1",
        number="#1",
        currency=currency,
        taxes_included=bool(included),
        total=Decimal(total),
        rounding=Decimal(rounding),
        other=beside,
        lines=tuple(one.model_copy(update={"id": str(i)}) for i, one in enumerate(lines, 1)),
        charges=tuple(one for one in sold if isinstance(one, Charge)),
        payments=payments,
        refunds=refunds,
        payment_status=payment_status,
        customer=Customer(id="7", email="buyer.amber@example.com", first_name="Buyer", last_name="Amber"),
        email="buyer.amber@example.com",
        billing=address,
        shipping=address,
        placed_at=AT,
        updated_at=AT,
    )
