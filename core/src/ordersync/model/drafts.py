"""A draft: an order as it will be asked of the target. Our words, the target's ids."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from ordersync.model.frozen import Frozen
from ordersync.model.money import ZERO, Amount, Currency
from ordersync.model.orders import Amounts, Payment, UtcTime
from ordersync.model.parties import Address, Company, Customer
from ordersync.model.refs import CustomerRef
from ordersync.model.statuses import FulfillmentStatus, OrderStatus, PaymentStatus

__all__ = ["Draft", "DraftLine", "Item", "LineKind", "Totals"]


class Item(Frozen):
    """A product of the target, as an order line needs it."""

    sku: str
    product_id: str
    variant_id: str | None = None
    title: str | None = None
    unit_price: Amount | None = None
    """The target's own price, for information; drafts carry the source's."""
    currency: Currency | None = None
    sellable: bool = True
    tracks_stock: bool = True
    requires_shipping: bool = True


class Totals(Frozen):
    """The three totals that are compared. `total = net + tax + rounding`."""

    currency: Currency
    net: Amount
    tax: Amount
    total: Amount


class LineKind(StrEnum):
    """What a line of a draft stands for."""

    ITEM = "item"
    CUSTOM = "custom"
    """A line without a product of the source."""
    SHIPPING = "shipping"
    FEE = "fee"
    TIP = "tip"
    DUTY = "duty"
    TAX = "tax"
    """Tax whose rate the source does not state: its amount alone, no base. Only where `arithmetic.tax` is `rates` and
    `arithmetic.tax_adjustment` is true; elsewhere such a tax stays with its line, or the order parks."""
    ROUNDING = "rounding"
    """The source's own rounding of the total."""
    ADJUST_NET = "adjust_net"
    """Makes up for the target's arithmetic: net, without tax. May be negative."""
    ADJUST_TAX = "adjust_tax"
    """Makes up for the target's arithmetic: tax, without net. May be negative."""


class DraftLine(Frozen):
    """One line to create. `amounts` is what it must come to; the asked figures are how the target is told."""

    position: int = Field(ge=0)
    """Its place in the draft, from 0; the answer names each line by it."""
    key: str
    """The operation key of this line, for targets that can stamp lines."""
    kind: LineKind = LineKind.ITEM
    source_id: str | None = None
    title: str
    sku: str | None = None
    item: Item | None = None
    """The target's product; None for kinds that need none."""
    quantity: Amount = Field(default=Decimal(1), gt=0)
    amounts: Amounts
    asked_price: Amount
    """The unit price to send, in the draft's tax basis; after `fit`, in digits that the target holds."""
    asked_percent: Amount = ZERO
    """The line discount to send in percent (10 is 10 %)."""
    asked_discount: Amount = ZERO
    """The line discount to send as an amount, for targets that take one."""
    requires_shipping: bool = True
    properties: dict[str, str] = Field(default_factory=dict)

    def __repr__(self) -> str:
        return f"DraftLine({self.position}, {self.kind}, {self.sku})"

    __str__ = __repr__


class Draft(Frozen):
    """An order to create. `key` is stamped where it can be searched, `number` where people look."""

    key: str
    source_platform: str
    source_id: str
    number: str
    currency: Currency
    taxes_included: bool
    status: OrderStatus = OrderStatus.OPEN
    payment_status: PaymentStatus = PaymentStatus.UNKNOWN
    fulfillment_status: FulfillmentStatus = FulfillmentStatus.UNKNOWN
    customer_ref: CustomerRef | None = None
    customer: Customer | None = None
    company: Company | None = None
    email: str | None = None
    phone: str | None = None
    billing: Address | None = None
    shipping: Address | None = None
    lines: tuple[DraftLine, ...]
    asked_discount: Amount = ZERO
    """A discount on the whole order to send as one amount, in the tax basis; for targets without line discounts."""
    payments: tuple[Payment, ...] = ()
    discount_codes: tuple[str, ...] = ()
    expected: Totals
    """What the target's totals must be, to the cent."""
    note: str | None = None
    tags: tuple[str, ...] = ()
    metadata: dict[str, str] = Field(default_factory=dict)
    po_number: str | None = None
    placed_at: UtcTime
    test: bool = False

    def __repr__(self) -> str:
        return f"Draft({self.key}, {len(self.lines)} lines)"

    __str__ = __repr__
