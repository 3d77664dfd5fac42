"""WooCommerce's JSON (REST v3) as far as it is used. Amounts are strings, sometimes numbers, sometimes empty.

Sources: the vendor's tables of properties, and answers of real shops. What is not listed here is passed over.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = [
    "Address",
    "BatchEntry",
    "Coupon",
    "Customer",
    "Environment",
    "ErrorBody",
    "GiftCard",
    "Meta",
    "Moment",
    "Option",
    "Order",
    "OrderCoupon",
    "OrderFee",
    "OrderLine",
    "OrderRefund",
    "OrderShipping",
    "OrderTax",
    "Product",
    "ShopSettings",
    "SystemStatus",
    "TaxClass",
    "TaxRate",
    "TaxShare",
    "Webhook",
]


def _text(value: Any) -> Any:
    """Null and false stand for no text; numbers are written out."""
    if value is None or value is False:
        return ""
    return str(value) if isinstance(value, int | Decimal) else value


def _amount(value: Any) -> Any:
    if value is None or value == "":
        return Decimal(0)
    if isinstance(value, bool | float):
        raise ValueError("not an amount")
    if isinstance(value, str):
        try:
            return Decimal(value)
        except InvalidOperation:
            raise ValueError("not an amount") from None
    return value


def _number(value: Any) -> Any:
    return 0 if value is None or value == "" else value


def _flag(value: Any) -> Any:
    return value if isinstance(value, bool) else str(value).lower() in ("1", "true", "yes", "parent")


def _listed(value: Any) -> Any:
    """PHP writes an empty map as an empty list, and a list with gaps as a map."""
    if value is None or value == "":
        return []
    return list(value.values()) if isinstance(value, dict) else value


def _held(value: Any) -> Any:
    return {} if value is None or value == "" or value == [] else value


def _utc(value: Any) -> Any:
    """`_gmt` times have no zone; they are UTC. An empty one is none."""
    if not isinstance(value, str):
        return value
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("not a time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Text = Annotated[str, BeforeValidator(_text)]
Figure = Annotated[Decimal, BeforeValidator(_amount), Field(allow_inf_nan=False)]
Id = Annotated[int, BeforeValidator(_number)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Moment = Annotated[datetime | None, BeforeValidator(_utc)]


class Wire(BaseModel):
    """What the platform says and is not named here is passed over; errors never show values."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class Meta(Wire):
    """One entry of `meta_data`; `value` may be anything."""

    id: Id = 0
    key: Text = ""
    value: Any = None


Metas = Annotated[list[Meta], BeforeValidator(_listed)]


class Address(Wire):
    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    address_1: Text = ""
    address_2: Text = ""
    city: Text = ""
    state: Text = ""
    postcode: Text = ""
    country: Text = ""
    email: Text = ""
    phone: Text = ""


Addressed = Annotated[Address, BeforeValidator(_held)]


class TaxShare(Wire):
    """What one rate takes of one line; more digits than the shop shows."""

    id: Id = 0
    total: Figure = Decimal(0)
    subtotal: Figure = Decimal(0)


TaxShares = Annotated[list[TaxShare], BeforeValidator(_listed)]


class OrderLine(Wire):
    """Amounts are net, of the whole line; `subtotal` before discounts, `total` after."""

    id: Id
    name: Text = ""
    parent_name: Text = ""
    product_id: Id = 0
    variation_id: Id = 0
    quantity: Figure = Decimal(1)
    tax_class: Text = ""
    subtotal: Figure = Decimal(0)
    subtotal_tax: Figure = Decimal(0)
    total: Figure = Decimal(0)
    total_tax: Figure = Decimal(0)
    taxes: TaxShares = Field(default_factory=list)
    meta_data: Metas = Field(default_factory=list)
    sku: Text = ""
    global_unique_id: Text = ""
    bundled_by: Id = 0


class OrderShipping(Wire):
    id: Id
    method_title: Text = ""
    method_id: Text = ""
    total: Figure = Decimal(0)
    total_tax: Figure = Decimal(0)
    taxes: TaxShares = Field(default_factory=list)
    meta_data: Metas = Field(default_factory=list)


class OrderFee(Wire):
    id: Id
    name: Text = ""
    total: Figure = Decimal(0)
    total_tax: Figure = Decimal(0)
    taxes: TaxShares = Field(default_factory=list)
    meta_data: Metas = Field(default_factory=list)


class OrderCoupon(Wire):
    code: Text = ""
    discount: Figure = Decimal(0)


class OrderTax(Wire):
    rate_id: Id = 0
    label: Text = ""
    compound: Flag = False
    rate_percent: Figure | None = None


class OrderRefund(Wire):
    """`total` is negative."""

    id: Id
    reason: Text = ""
    total: Figure = Decimal(0)


class GiftCard(Wire):
    """Of the vendor's gift card extension: what a card paid; the order's total is what was left to pay."""

    code: Text = ""
    amount: Figure = Decimal(0)


class Order(Wire):
    id: Id
    number: Text = ""
    status: Text = ""
    currency: Text = ""
    prices_include_tax: Flag = False
    date_created_gmt: Moment = None
    date_modified_gmt: Moment = None
    date_paid_gmt: Moment = None
    discount_total: Figure = Decimal(0)
    shipping_total: Figure = Decimal(0)
    total: Figure = Decimal(0)
    total_tax: Figure = Decimal(0)
    customer_id: Id = 0
    customer_note: Text = ""
    billing: Addressed = Field(default_factory=Address)
    shipping: Addressed = Field(default_factory=Address)
    payment_method: Text = ""
    payment_method_title: Text = ""
    transaction_id: Text = ""
    created_via: Text = ""
    meta_data: Metas = Field(default_factory=list)
    line_items: Annotated[list[OrderLine], BeforeValidator(_listed)] = Field(default_factory=list)
    tax_lines: Annotated[list[OrderTax], BeforeValidator(_listed)] = Field(default_factory=list)
    shipping_lines: Annotated[list[OrderShipping], BeforeValidator(_listed)] = Field(default_factory=list)
    fee_lines: Annotated[list[OrderFee], BeforeValidator(_listed)] = Field(default_factory=list)
    coupon_lines: Annotated[list[OrderCoupon], BeforeValidator(_listed)] = Field(default_factory=list)
    refunds: Annotated[list[OrderRefund], BeforeValidator(_listed)] = Field(default_factory=list)
    gift_cards: Annotated[list[GiftCard], BeforeValidator(_listed)] = Field(default_factory=list)


class Product(Wire):
    """A product or a variation, which names its parent."""

    id: Id
    name: Text = ""
    type: Text = ""
    status: Text = ""
    sku: Text = ""
    price: Figure = Decimal(0)
    parent_id: Id = 0
    virtual: Flag = False
    manage_stock: Flag = False
    """Also where the parent manages it (`"parent"`)."""
    stock_quantity: Figure | None = None
    stock_status: Text = ""
    backorders_allowed: Flag = False


class Customer(Wire):
    id: Id
    email: Text = ""
    username: Text = ""
    role: Text = ""


class Coupon(Wire):
    id: Id
    code: Text = ""
    status: Text = "publish"
    date_expires_gmt: Moment = None
    usage_count: Id = 0
    usage_limit: int | None = None


class Webhook(Wire):
    id: Id
    status: Text = ""
    topic: Text = ""
    delivery_url: Text = ""


class TaxRate(Wire):
    """A rate of the shop; empty places mean all."""

    id: Id
    country: Text = ""
    state: Text = ""
    postcode: Text = ""
    city: Text = ""
    postcodes: Annotated[list[str], BeforeValidator(_listed)] = Field(default_factory=list)
    cities: Annotated[list[str], BeforeValidator(_listed)] = Field(default_factory=list)
    rate: Figure = Decimal(0)
    """Percent."""
    priority: Id = 1
    compound: Flag = False
    shipping: Flag = False
    order: Id = 0
    tax_class: Text = Field(default="standard", alias="class")


class TaxClass(Wire):
    slug: Text = ""


class Option(Wire):
    """One setting of a group (`GET /settings/tax`)."""

    id: Text
    value: Any = None


class Environment(Wire):
    home_url: Text = ""
    version: Text


class ShopSettings(Wire):
    """What amounts are read and written by: nothing of it is guessed."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    number_of_decimals: int
    hpos: bool | None = Field(default=None, alias="HPOS_enabled")


class SystemStatus(Wire):
    environment: Environment
    settings: ShopSettings


class ErrorData(Wire):
    status: Any = None
    params: Any = None
    new_draft_order_id: Id = 0
    resource_id: Id = 0


class ErrorBody(Wire):
    """`{"code": …, "message": …, "data": {"status": 400, …}}`; `data` is sometimes only the status."""

    code: Text = ""
    message: Text = ""
    data: Annotated[ErrorData, BeforeValidator(lambda value: value if isinstance(value, dict) else {})] = (
        Field(default_factory=ErrorData)
    )


class BatchEntry(Wire):
    """One entry of a batch's answer that failed."""

    id: Id = 0
    error: ErrorBody | None = None
