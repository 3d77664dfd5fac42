"""BigCommerce's JSON, field for field; what is not used is passed over.

V2 writes amounts as strings with four decimals (`"109.0000"`), times in RFC 2822 (`"Thu, 18 Jun 2026 12:05:04 +0000"`)
and nothing as `""`; V3 writes numbers, ISO 8601 and `null`. Both readings are taken everywhere.
Sources: the vendor's OpenAPI files `orders.v2`, `orders.v3`, `customers.v3`, `product-variants_catalog.v3`,
`products_catalog.v3`, `inventory.v3`, `webhooks.v3`, `marketing.v2`; recorded answers of a live store.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = [
    "Address",
    "AppliedDiscount",
    "Consignments",
    "Coupon",
    "Customer",
    "Fee",
    "Hook",
    "HookMade",
    "InventoryItem",
    "Order",
    "OrderCoupon",
    "OrderProduct",
    "OrderTax",
    "Product",
    "Refund",
    "Shipment",
    "ShippingAddress",
    "Store",
    "StoreCurrency",
    "Variant",
]


def _amount(value: Any) -> Any:
    if isinstance(value, float | bool):
        raise ValueError("an amount is a decimal or a string, not a float")
    if value is None or value == "":
        return Decimal(0)
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise ValueError("an amount that is no number") from None


def _maybe_amount(value: Any) -> Any:
    return None if value is None or value == "" else _amount(value)


def _time(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        try:
            time = parsedate_to_datetime(value)
        except (ValueError, TypeError, IndexError):
            raise ValueError("a time that is neither RFC 2822 nor ISO 8601") from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _text(value: Any) -> Any:
    return "" if value is None else str(value) if isinstance(value, int | Decimal) else value


def _number(value: Any) -> Any:
    return 0 if value is None or value == "" else value


def _list(value: Any) -> Any:
    return value if isinstance(value, list) else []


def _told(value: Any) -> Any:
    """The lines among these rows; links to lines are none."""
    return [one for one in _list(value) if isinstance(one, dict) and "id" in one]


def _object(value: Any) -> Any:
    return value if isinstance(value, dict) else {}


def _consignments(value: Any) -> Any:
    """What was included; a link to it, or an array as it was before `consignment_structure`, says nothing."""
    return value if isinstance(value, dict) and "shipping" in value else None


Amount = Annotated[Decimal, BeforeValidator(_amount)]
MaybeAmount = Annotated[Decimal | None, BeforeValidator(_maybe_amount)]
Time = Annotated[datetime | None, BeforeValidator(_time)]
Text = Annotated[str, BeforeValidator(_text)]
Number = Annotated[int, BeforeValidator(_number)]


class Wire(BaseModel):
    """Frozen, tolerant of new fields, silent about values."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Store(Wire):
    """`GET /v2/store`."""

    id: str
    name: Text = ""
    currency: Text = ""
    status: Text = ""
    plan_is_trial: bool | None = None


class StoreCurrency(Wire):
    """`GET /v2/currencies`. Shoppers can pay in those that are transactional; others are for display."""

    currency_code: Text = ""
    is_default: bool = False
    enabled: bool = False
    is_transactional: bool | None = None


class Address(Wire):
    """A billing address, and what a shipping address has of it."""

    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    street_1: Text = ""
    street_2: Text = ""
    city: Text = ""
    state: Text = ""
    zip: Text = ""
    country: Text = ""
    country_iso2: Text = ""
    phone: Text = ""
    email: Text = ""


class ShippingAddress(Address):
    """`GET /v2/orders/{id}/shipping_addresses`."""

    id: int
    shipping_method: Text = ""
    cost_ex_tax: Amount = Decimal(0)
    cost_inc_tax: Amount = Decimal(0)


class AppliedDiscount(Wire):
    """A part of a discount that lies on one line; in the basis in which the store's prices are entered."""

    id: Text = ""
    name: Text = ""
    code: Text = ""
    amount: Amount = Decimal(0)


class ProductOption(Wire):
    display_name: Text = ""
    display_value: Text = ""
    type: Text = ""


class OrderProduct(Wire):
    """A line: `GET /v2/orders/{id}/products`. `total_*` are before discounts, `total_tax` is after them."""

    id: int
    product_id: Number = 0
    variant_id: Number = 0
    order_address_id: Number = 0
    name: Text = ""
    sku: Text = ""
    upc: Text = ""
    type: Text = ""
    quantity: Number = 0
    quantity_shipped: Number = 0
    quantity_refunded: Number = 0
    is_refunded: bool = False
    price_ex_tax: Amount = Decimal(0)
    price_inc_tax: Amount = Decimal(0)
    total_ex_tax: Amount = Decimal(0)
    total_inc_tax: Amount = Decimal(0)
    total_tax: Amount = Decimal(0)
    discounted_total_inc_tax: MaybeAmount = None
    parent_order_product_id: int | None = None
    applied_discounts: Annotated[tuple[AppliedDiscount, ...], BeforeValidator(_list)] = ()
    product_options: Annotated[tuple[ProductOption, ...], BeforeValidator(_list)] = ()


class Consignment(Wire):
    """A part of the order and its lines, fifty at most."""

    line_items: Annotated[tuple[OrderProduct, ...], BeforeValidator(_told)] = ()
    warning: Any = Field(default=None, alias="__warning__")
    """There if lines were left out; undocumented."""


class ShippingConsignment(Consignment, ShippingAddress):
    """What goes to one address."""


class Mailed(Wire):
    gift_certificates: Annotated[tuple[Consignment, ...], BeforeValidator(_list)] = ()


class Consignments(Wire):
    """An order's lines by the way they take: `include=consignments.line_items&consignment_structure=object`."""

    shipping: Annotated[tuple[ShippingConsignment, ...], BeforeValidator(_list)] = ()
    pickups: Annotated[tuple[Consignment, ...], BeforeValidator(_list)] = ()
    downloads: Annotated[tuple[Consignment, ...], BeforeValidator(_list)] = ()
    email: Annotated[Mailed, BeforeValidator(_object)] = Mailed()

    @property
    def all(self) -> tuple[Consignment, ...]:
        """Every part."""
        return (*self.shipping, *self.pickups, *self.downloads, *self.email.gift_certificates)


class OrderTax(Wire):
    """A tax on one thing: `GET /v2/orders/{id}/taxes?details=true`. `rate` is in percent."""

    name: Text = ""
    class_: Text = Field(default="", alias="class")
    rate: Amount = Decimal(0)
    line_amount: Amount = Decimal(0)
    order_product_id: Text = ""
    line_item_type: Text = ""


class OrderCoupon(Wire):
    """`GET /v2/orders/{id}/coupons`."""

    code: Text = ""
    discount: Amount = Decimal(0)


class Fee(Wire):
    """A fee on the order. One of the vendor's samples calls `cost_ex_tax` `cost_exc_tax`."""

    id: Number = 0
    display_name_customer: Text = ""
    display_name_merchant: Text = ""
    source: Text = ""
    cost_ex_tax: MaybeAmount = None
    cost_exc_tax: MaybeAmount = None
    cost_inc_tax: MaybeAmount = None
    cost_tax: MaybeAmount = None


class ShipmentItem(Wire):
    order_product_id: Number = 0
    quantity: Number = 0


class Shipment(Wire):
    """`GET /v2/orders/{id}/shipments`."""

    id: int
    date_created: Time = None
    tracking_number: Text = ""
    tracking_carrier: Text = ""
    tracking_link: Text = ""
    generated_tracking_link: Text = ""
    shipping_provider: Text = ""
    shipping_method: Text = ""
    comments: Text = ""
    items: Annotated[tuple[ShipmentItem, ...], BeforeValidator(_list)] = ()


class Refund(Wire):
    """`GET /v3/orders/payment_actions/refunds`."""

    id: int
    order_id: Number = 0
    created: Time = None
    reason: Text = ""
    total_amount: Amount = Decimal(0)


class Order(Wire):
    """`GET /v2/orders/{id}`. Amounts are in `default_currency_code`, the currency that was paid in."""

    id: int
    customer_id: Number = 0
    status_id: Number = 0
    status: Text = ""
    custom_status: Text = ""
    payment_status: Text = ""
    payment_method: Text = ""
    payment_provider_id: Text = ""
    date_created: Time = None
    date_modified: Time = None
    date_shipped: Time = None
    is_deleted: bool = False
    is_tax_inclusive_pricing: bool = False
    subtotal_ex_tax: Amount = Decimal(0)
    subtotal_inc_tax: Amount = Decimal(0)
    shipping_cost_ex_tax: Amount = Decimal(0)
    shipping_cost_inc_tax: Amount = Decimal(0)
    shipping_cost_tax: Amount = Decimal(0)
    handling_cost_ex_tax: Amount = Decimal(0)
    handling_cost_inc_tax: Amount = Decimal(0)
    wrapping_cost_ex_tax: Amount = Decimal(0)
    wrapping_cost_inc_tax: Amount = Decimal(0)
    total_ex_tax: Amount = Decimal(0)
    total_inc_tax: Amount = Decimal(0)
    total_tax: Amount = Decimal(0)
    discount_amount: Amount = Decimal(0)
    coupon_discount: Amount = Decimal(0)
    gift_certificate_amount: Amount = Decimal(0)
    store_credit_amount: Amount = Decimal(0)
    shipping_address_count: Number = 0
    items_total: Number = 0
    items_shipped: Number = 0
    default_currency_code: Text = ""
    currency_code: Text = ""
    store_default_currency_code: Text = ""
    store_default_to_transactional_exchange_rate: Text = ""
    order_source: Text = ""
    channel_id: Number = 0
    external_source: Text = ""
    external_order_id: Text = ""
    external_merchant_id: Text = ""
    ebay_order_id: Text = ""
    cart_id: Text = ""
    customer_message: Text = ""
    staff_notes: Text = ""
    billing_address: Address = Address()
    fees: Any = None
    """A list with `include=fees`, else a link to it."""
    consignments: Annotated[Consignments | None, BeforeValidator(_consignments)] = None
    """Lines and addresses, if they were asked for with the order."""


class Customer(Wire):
    """`GET /v3/customers`."""

    id: int
    email: Text = ""
    phone: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    notes: Text = ""


class Variant(Wire):
    """`GET /v3/catalog/variants`. Every product has one at least, its base variant."""

    id: int
    product_id: int
    sku: Text = ""
    calculated_price: MaybeAmount = None
    purchasing_disabled: bool = False
    inventory_level: Number = 0


class Product(Wire):
    """`GET /v3/catalog/products`."""

    id: int
    name: Text = ""
    type: Text = ""
    is_visible: bool = True
    availability: Text = ""
    inventory_tracking: Text = ""


class InventoryIdentity(Wire):
    variant_id: Number = 0
    sku: Text = ""


class InventoryLocation(Wire):
    location_id: int
    location_enabled: bool = True
    available_to_sell: Amount = Decimal(0)


class InventoryItem(Wire):
    """`GET /v3/inventory/items`."""

    identity: InventoryIdentity
    locations: Annotated[tuple[InventoryLocation, ...], BeforeValidator(_list)] = ()


class Hook(Wire):
    """`GET /v3/hooks`."""

    id: int
    scope: Text = ""
    destination: Text = ""
    is_active: bool = True


class HookMade(Wire):
    """What `POST` and `PUT /v3/hooks` answer."""

    data: Hook


class Coupon(Wire):
    """`GET /v2/coupons`."""

    id: int
    code: Text = ""
    enabled: bool = False
    expires: Time = None
    num_uses: Number = 0
    max_uses: Number = 0
