"""Shopify's objects, field for field as `queries` asks for them. Names are the vendor's, in snake case; extras are ignored.

Money arrives as decimal strings, often trimmed ("20.0"); a float is refused. Fields that protected customer data may
blank are optional: null there means "not shown to us", never "has none".
"""

from __future__ import annotations

from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ordersync import Amount

__all__ = [
    "Allocation",
    "Application",
    "Attribute",
    "Connection",
    "Customer",
    "Discounted",
    "Duty",
    "Fee",
    "Fulfillment",
    "FulfillmentLine",
    "FulfillmentOrder",
    "InventoryLevel",
    "LineItem",
    "MailingAddress",
    "Money",
    "MoneyBag",
    "Order",
    "PageInfo",
    "PlacedLineItem",
    "PlacedOrder",
    "Refund",
    "RefundLine",
    "Shipments",
    "ShippingLine",
    "Shop",
    "StockedVariant",
    "Subscription",
    "TaxLine",
    "Transaction",
    "Variant",
]

T = TypeVar("T")


class Wire(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        coerce_numbers_to_str=False,
    )


class PageInfo(Wire):
    has_next_page: bool = False
    end_cursor: str | None = None


class Connection(Wire, Generic[T]):
    nodes: tuple[T, ...] = ()
    page_info: PageInfo = PageInfo()


class Node(Wire):
    id: str


class Money(Wire):
    amount: Amount
    currency_code: str


class MoneyBag(Wire):
    shop_money: Money
    presentment_money: Money


class Attribute(Wire):
    key: str
    value: str | None = None


class TaxLine(Wire):
    title: str = ""
    rate: Amount | None = None
    price_set: MoneyBag


class Percentage(Wire):
    """`PricingPercentageValue`; empty where the value is an amount."""

    percentage: Amount | None = None


class Application(Wire):
    """`DiscountApplication`: a code has `code`, the other kinds have `title`."""

    code: str | None = None
    title: str | None = None
    value: Percentage = Percentage()


class Allocation(Wire):
    allocated_amount_set: MoneyBag
    discount_application: Application = Application()


class Duty(Wire):
    id: str
    price: MoneyBag
    tax_lines: tuple[TaxLine, ...] = ()


class Fee(Wire):
    """`AdditionalFee`."""

    id: str
    name: str
    price: MoneyBag
    tax_lines: tuple[TaxLine, ...] = ()


class LineGroup(Wire):
    id: str
    title: str = ""


class LineItem(Wire):
    id: str
    title: str
    variant_title: str | None = None
    sku: str | None = None
    quantity: int
    current_quantity: int
    requires_shipping: bool = True
    is_gift_card: bool = False
    vendor: str | None = None
    variant: Node | None = None
    product: Node | None = None
    line_item_group: LineGroup | None = None
    original_unit_price_set: MoneyBag
    discount_allocations: tuple[Allocation, ...] = ()
    tax_lines: tuple[TaxLine, ...] = ()
    duties: tuple[Duty, ...] = ()
    custom_attributes: tuple[Attribute, ...] = ()


class ShippingLine(Wire):
    id: str | None = None
    title: str
    code: str | None = None
    source: str | None = None
    carrier_identifier: str | None = None
    original_price_set: MoneyBag
    discount_allocations: tuple[Allocation, ...] = ()
    tax_lines: tuple[TaxLine, ...] = ()


class MailingAddress(Wire):
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    zip: str | None = None
    country_code: str | None = Field(default=None, alias="countryCodeV2")
    province: str | None = None
    province_code: str | None = None
    phone: str | None = None


class EmailAddress(Wire):
    email_address: str


class PhoneNumber(Wire):
    phone_number: str


class Customer(Wire):
    id: str
    first_name: str | None = None
    last_name: str | None = None
    note: str | None = None
    tags: tuple[str, ...] = ()
    default_email_address: EmailAddress | None = None
    default_phone_number: PhoneNumber | None = None


class Named(Wire):
    id: str
    name: str = ""


class Purchaser(Wire):
    """`PurchasingEntity`: has a company only for B2B orders."""

    company: Named | None = None
    location: Named | None = None


class Transaction(Wire):
    id: str
    kind: str
    status: str
    gateway: str | None = None
    formatted_gateway: str | None = None
    payment_id: str | None = None
    processed_at: datetime | None = None
    amount_set: MoneyBag
    parent_transaction: Node | None = None


class RefundLine(Wire):
    """`RefundLineItem`."""

    quantity: int
    line_item: Node
    subtotal_set: MoneyBag
    total_tax_set: MoneyBag


class RefundedShipping(Wire):
    subtotal_amount_set: MoneyBag
    tax_amount_set: MoneyBag


class RefundedDuty(Wire):
    amount_set: MoneyBag


class Refund(Wire):
    """Money given back, goods taken back, or both. Units removed by an order edit are a refund of 0."""

    id: str
    created_at: datetime | None = None
    note: str | None = None
    total_refunded_set: MoneyBag
    refund_line_items: Connection[RefundLine] = Connection[RefundLine]()
    refund_shipping_lines: Connection[RefundedShipping] = Connection[RefundedShipping]()
    duties: tuple[RefundedDuty, ...] | None = None


class TrackingInfo(Wire):
    company: str | None = None
    number: str | None = None
    url: str | None = None


class FulfillmentLine(Wire):
    quantity: int | None = None
    line_item: Node


class Fulfillment(Wire):
    id: str
    status: str
    created_at: datetime | None = None
    tracking_info: tuple[TrackingInfo, ...] = ()
    fulfillment_line_items: Connection[FulfillmentLine] = Connection[FulfillmentLine]()


class CashRounding(Wire):
    payment_set: MoneyBag


class Order(Wire):
    id: str
    name: str
    source_identifier: str | None = None
    source_name: str | None = None
    po_number: str | None = None
    note: str | None = None
    tags: tuple[str, ...] = ()
    test: bool = False
    email: str | None = None
    phone: str | None = None
    created_at: datetime
    processed_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    closed_at: datetime | None = None
    edited: bool = False
    display_financial_status: str | None = None
    display_fulfillment_status: str | None = None
    fully_paid: bool = False
    unpaid: bool = False
    currency_code: str
    presentment_currency_code: str
    taxes_included: bool
    duties_included: bool = False
    estimated_taxes: bool = False
    confirmation_number: str | None = None
    discount_codes: tuple[str, ...] = ()
    custom_attributes: tuple[Attribute, ...] = ()
    total_price_set: MoneyBag
    total_tax_set: MoneyBag | None = None
    total_discounts_set: MoneyBag | None = None
    current_total_price_set: MoneyBag
    current_total_tax_set: MoneyBag
    current_subtotal_price_set: MoneyBag
    current_total_discounts_set: MoneyBag
    total_tip_received_set: MoneyBag
    total_cash_rounding_adjustment: CashRounding
    additional_fees: tuple[Fee, ...] = ()
    customer: Customer | None = None
    purchasing_entity: Purchaser | None = None
    billing_address: MailingAddress | None = None
    shipping_address: MailingAddress | None = None
    line_items: Connection[LineItem]
    shipping_lines: Connection[ShippingLine]
    transactions: tuple[Transaction, ...] = ()
    refunds: tuple[Refund, ...] = ()
    fulfillments: tuple[Fulfillment, ...] = ()


class PlacedLineItem(Wire):
    id: str
    custom_attributes: tuple[Attribute, ...] = ()


class PlacedShipping(Wire):
    id: str | None = None
    code: str | None = None


class PlacedOrder(Wire):
    """An order as `create_order` and `find_order` need it."""

    id: str
    name: str
    source_identifier: str | None = None
    cancelled_at: datetime | None = None
    currency_code: str
    total_price_set: MoneyBag
    total_tax_set: MoneyBag | None = None
    shipping_lines: Connection[PlacedShipping]
    line_items: Connection[PlacedLineItem]


class Plan(Wire):
    public_display_name: str = ""
    partner_development: bool = False
    shopify_plus: bool = False


class Shop(Wire):
    id: str
    name: str
    myshopify_domain: str
    currency_code: str
    plan: Plan = Plan()


class ProductState(Wire):
    id: str
    status: str


class InventoryFlags(Wire):
    tracked: bool = True
    requires_shipping: bool = True


class Variant(Wire):
    id: str
    sku: str | None = None
    price: Amount
    display_name: str = ""
    inventory_policy: str = ""
    product: ProductState
    inventory_item: InventoryFlags = InventoryFlags()


class Quantity(Wire):
    name: str
    quantity: int


class InventoryLevel(Wire):
    location: Node
    quantities: tuple[Quantity, ...] = ()


class StockedItem(Wire):
    id: str
    tracked: bool
    inventory_levels: Connection[InventoryLevel]


class StockedVariant(Wire):
    id: str
    inventory_policy: str
    inventory_item: StockedItem


class OpenLine(Wire):
    """`FulfillmentOrderLineItem`."""

    id: str
    remaining_quantity: int
    line_item: Node


class AssignedLocation(Wire):
    location: Node | None = None


class FulfillmentOrder(Wire):
    id: str
    status: str
    assigned_location: AssignedLocation = AssignedLocation()
    line_items: Connection[OpenLine]


class Shipments(Wire):
    """An order as `update_order` looks at it before it changes anything."""

    id: str
    tags: tuple[str, ...] = ()
    cancelled_at: datetime | None = None
    closed_at: datetime | None = None
    fully_paid: bool = False
    total_outstanding_set: MoneyBag
    fulfillment_orders: Connection[FulfillmentOrder]
    fulfillments: tuple[Fulfillment, ...] = ()


class Discounted(Wire):
    """`DiscountCode`, whichever kind."""

    status: str | None = None


class Subscription(Wire):
    """`WebhookSubscription`."""

    id: str
    topic: str
    uri: str
