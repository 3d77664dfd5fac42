"""An order as it was sold: a snapshot in one currency, with the other set of amounts kept beside it.

One arithmetic for all. Every charge (line, shipping, fee, tip, duty) has `list_amount` in the order's tax basis,
`discounts` already allocated to it (same basis, never negative), `net`, `taxes`, and `gross = net + Σ taxes`.
`list_amount − Σ discounts` is `gross` if the order's `taxes_included`, else `net`. `total = Σ gross + rounding`.
Edits are in; refunds stand beside, unsubtracted; gift cards are payments. Amounts are facts in minor units: nothing is
recomputed from unit prices or rates.
"""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from ordersync.model.frozen import Extra, Frozen
from ordersync.model.money import ZERO, Amount, Currency, Rate
from ordersync.model.parties import Address, Company, Customer, is_email
from ordersync.model.statuses import FulfillmentStatus, OrderStatus, PaymentStatus

__all__ = [
    "Amounts",
    "Charge",
    "ChargeKind",
    "Discount",
    "Finding",
    "Fulfillment",
    "Line",
    "MoneySet",
    "Order",
    "OtherSet",
    "Payment",
    "PaymentKind",
    "Refund",
    "Stated",
    "Tax",
    "Tracking",
    "UtcTime",
]

UtcTime = Annotated[AwareDatetime, AfterValidator(lambda value: value.astimezone(UTC))]
"""An aware time, kept in UTC; a naive one is refused."""


class MoneySet(StrEnum):
    """Which of an order's two sets of amounts: what the shop books, or what the buyer was shown."""

    SHOP = "shop"
    PRESENTMENT = "presentment"


class Tax(Frozen):
    """One tax on one charge: its whole amount, not per unit."""

    title: str = ""
    rate: Rate | None = None
    """A fraction (0.19); None if the source does not say."""
    amount: Amount


class Discount(Frozen):
    """What was taken off one charge, in the order's tax basis."""

    amount: Amount = Field(ge=0)
    title: str | None = None
    code: str | None = None
    percent: Amount | None = None
    """Only if the source says so (10 is 10 %); never used to compute."""


class Amounts(Frozen):
    """The money of one charge in one currency."""

    list_amount: Amount
    """Unit price × quantity before discounts, in the order's tax basis."""
    discounts: tuple[Discount, ...] = ()
    net: Amount
    """After discounts, without taxes."""
    taxes: tuple[Tax, ...] = ()
    unit_price: Amount | None = None
    """What one cost, before discounts, in the order's tax basis; for people, never multiplied."""

    @property
    def discount(self) -> Decimal:
        """Σ discounts."""
        return sum([discount.amount for discount in self.discounts], ZERO) if self.discounts else ZERO

    @property
    def tax(self) -> Decimal:
        """Σ taxes."""
        return sum([tax.amount for tax in self.taxes], ZERO)

    @property
    def gross(self) -> Decimal:
        """net + Σ taxes."""
        return self.net + self.tax

    @classmethod
    def of(
        cls,
        list_amount: Decimal,
        *,
        discounts: tuple[Discount, ...] = (),
        taxes: tuple[Tax, ...] = (),
        taxes_included: bool,
        unit_price: Decimal | None = None,
    ) -> Self:
        """The amounts of a charge whose net follows from the others. All in minor units already."""
        net = list_amount
        for discount in discounts:
            net -= discount.amount
        if taxes_included:
            for tax in taxes:
                net -= tax.amount
        return cls(list_amount=list_amount, discounts=discounts, net=net, taxes=taxes, unit_price=unit_price)


class ChargeKind(StrEnum):
    SHIPPING = "shipping"
    FEE = "fee"
    TIP = "tip"
    DUTY = "duty"


class Charge(Frozen):
    """Something paid for that is not a line: shipping, a fee, a tip, a duty."""

    kind: ChargeKind
    title: str
    code: str | None = None
    id: str | None = None
    carrier: str | None = None
    amounts: Amounts
    other_amounts: Amounts | None = None
    extra: Extra = Field(default_factory=dict)


class Line(Frozen):
    """One line as it was sold; not a join to a product that may have changed since."""

    id: str
    """The source's id of the line; where it has none, its position."""
    title: str
    quantity: Amount = Field(gt=0)
    """Without removed units; refunded units are still in."""
    sku: str | None = None
    """None for a custom line."""
    variant_title: str | None = None
    product_id: str | None = None
    variant_id: str | None = None
    barcode: str | None = None
    requires_shipping: bool = True
    custom: bool = False
    """Sold without a product of the source's catalogue."""
    bundle_of: str | None = None
    """The id of the line of which this is a part."""
    amounts: Amounts
    other_amounts: Amounts | None = None
    properties: dict[str, str] = Field(default_factory=dict)
    extra: Extra = Field(default_factory=dict)


_Priced = TypeVar("_Priced", Line, Charge)


class PaymentKind(StrEnum):
    SALE = "sale"
    AUTHORIZATION = "authorization"
    GIFT_CARD = "gift_card"
    STORE_CREDIT = "store_credit"


class Payment(Frozen):
    """Money received or promised for the order."""

    kind: PaymentKind = PaymentKind.SALE
    amount: Amount
    other_amount: Amount | None = None
    gateway: str | None = None
    method: str | None = None
    transaction_id: str | None = None
    processed_at: UtcTime | None = None
    status: PaymentStatus = PaymentStatus.PAID
    extra: Extra = Field(default_factory=dict)


class Refund(Frozen):
    """Money given back; it stands beside the order and is not subtracted."""

    id: str | None = None
    amount: Amount
    other_amount: Amount | None = None
    created_at: UtcTime | None = None
    note: str | None = None


class Tracking(Frozen):
    """Where a parcel is."""

    number: str | None = None
    carrier: str | None = None
    url: str | None = None


class Fulfillment(Frozen):
    """A shipment. `lines` are line id → quantity; empty means everything."""

    id: str | None = None
    tracking: tuple[Tracking, ...] = ()
    lines: dict[str, Amount] = Field(default_factory=dict)
    created_at: UtcTime | None = None
    location: str | None = None


class Stated(Frozen):
    """Totals as the source states them; None where it is silent. Compared with the parts, never used instead."""

    subtotal: Amount | None = None
    discount: Amount | None = None
    shipping: Amount | None = None
    tax: Amount | None = None


class OtherSet(Frozen):
    """The order-level amounts of the other money set; each charge carries its own part."""

    currency: Currency
    total: Amount
    rounding: Amount = ZERO
    stated: Stated = Stated()


class Finding(Frozen):
    """Something odd about an order that a person may want to know; `code` is stable, `place` is a JSON Pointer."""

    code: str
    place: str
    message: str


class Order(Frozen):
    """An order as a source tells it."""

    id: str
    """The source's id: what `get_order` takes."""
    number: str
    """What people call it."""
    key: str | None = None
    """Our key, if this order was itself created by ordersync (then it is not sent back)."""

    status: OrderStatus = OrderStatus.OPEN
    payment_status: PaymentStatus = PaymentStatus.UNKNOWN
    fulfillment_status: FulfillmentStatus = FulfillmentStatus.UNKNOWN
    platform_statuses: dict[str, str] = Field(default_factory=dict)
    """The platform's own words: `order`, `payment`, `fulfillment` → word."""
    test: bool = False

    currency: Currency
    money_set: MoneySet = MoneySet.SHOP
    taxes_included: bool
    total: Amount
    """As the source states it."""
    rounding: Amount = ZERO
    stated: Stated = Stated()
    other: OtherSet | None = None
    """The other set of amounts, if the order has two currencies."""

    customer: Customer | None = None
    company: Company | None = None
    email: str | None = None
    phone: str | None = None
    billing: Address | None = None
    shipping: Address | None = None

    lines: tuple[Line, ...] = ()
    charges: tuple[Charge, ...] = ()
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    fulfillments: tuple[Fulfillment, ...] = ()
    discount_codes: tuple[str, ...] = ()

    note: str | None = None
    tags: tuple[str, ...] = ()
    metadata: dict[str, str] = Field(default_factory=dict)
    po_number: str | None = None
    sales_channel: str | None = None
    location: str | None = None

    placed_at: UtcTime
    created_at: UtcTime | None = None
    updated_at: UtcTime
    cancelled_at: UtcTime | None = None
    extra: Extra = Field(default_factory=dict)

    @model_validator(mode="after")
    def _charges_add_up(self) -> Self:
        included = self.taxes_included
        for charges in (self.lines, self.charges):
            for charge in charges:
                for amounts in (charge.amounts, charge.other_amounts):
                    if amounts is None:
                        continue
                    paid = amounts.list_amount - amounts.discount
                    if paid != (amounts.gross if included else amounts.net):
                        place = next(place for place, one in self.priced() if one is charge)
                        basis = "gross" if included else "net"
                        raise ValueError(f"{place}: list_amount − discounts must equal {basis}")
        return self

    def priced(self) -> list[tuple[str, Line | Charge]]:
        """Everything that is paid for, with its JSON Pointer: lines first, then the other charges."""
        return [
            *((f"/lines/{i}", line) for i, line in enumerate(self.lines)),
            *((f"/charges/{i}", charge) for i, charge in enumerate(self.charges)),
        ]

    @property
    def net(self) -> Decimal:
        """Σ net of all charges."""
        return sum([each.amounts.net for each in self.lines], ZERO) + sum(
            [each.amounts.net for each in self.charges], ZERO
        )

    @property
    def tax(self) -> Decimal:
        """Σ taxes of all charges."""
        return sum([each.amounts.tax for each in self.lines], ZERO) + sum(
            [each.amounts.tax for each in self.charges], ZERO
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is odd about this order: parts that do not give the total, an e-mail address that cannot be one."""
        found = []
        parts = self.net + self.tax + self.rounding
        if parts != self.total:
            found.append(
                Finding(
                    code="source_totals_differ",
                    place="/total",
                    message=f"the parts add up to {parts} {self.currency}, the order says {self.total}",
                )
            )
        mails = {
            "/email": self.email,
            "/customer/email": self.customer.email if self.customer else None,
            "/billing/email": self.billing.email if self.billing else None,
            "/shipping/email": self.shipping.email if self.shipping else None,
        }
        found += [
            Finding(code="invalid_email", place=place, message="not an e-mail address")
            for place, mail in mails.items()
            if mail and not is_email(mail)
        ]
        return tuple(found)

    def in_set(self, money_set: MoneySet) -> Order:
        """This order with its amounts in the given set; itself if it has only one, or is in it already."""
        if self.other is None or money_set is self.money_set:
            return self

        def swapped(charge: _Priced) -> _Priced:
            other = charge.other_amounts
            if other is None:
                raise ValueError("an order with two money sets needs both on every charge")
            return charge.model_copy(update={"amounts": other, "other_amounts": charge.amounts})

        return self.model_copy(
            update={
                "money_set": money_set,
                "currency": self.other.currency,
                "total": self.other.total,
                "rounding": self.other.rounding,
                "stated": self.other.stated,
                "other": OtherSet(
                    currency=self.currency,
                    total=self.total,
                    rounding=self.rounding,
                    stated=self.stated,
                ),
                "lines": tuple(swapped(line) for line in self.lines),
                "charges": tuple(swapped(charge) for charge in self.charges),
                "payments": tuple(
                    payment.model_copy(
                        update={"amount": payment.other_amount, "other_amount": payment.amount}
                    )
                    if payment.other_amount is not None
                    else payment
                    for payment in self.payments
                ),
            }
        )

    def __repr__(self) -> str:
        return f"Order({self.id}, {len(self.lines)} lines)"

    __str__ = __repr__
