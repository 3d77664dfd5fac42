"""NetSuite's records and rows as it tells them, field for field. Absent is None; numbers are exact; ids are text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ordersync import ZERO

__all__ = [
    "CurrencyRecord",
    "CurrencyRow",
    "CustomerRow",
    "FulfillmentRecord",
    "ItemRow",
    "JobRecord",
    "LineRow",
    "Link",
    "NamedRow",
    "NsDetail",
    "NsError",
    "OrderLine",
    "OrderRecord",
    "OrderRow",
    "Postal",
    "StockRow",
    "Sublist",
    "TaxDetail",
    "TotalRow",
    "Wire",
]

T = TypeVar("T")


def _id(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _flag(value: Any) -> Any:
    """SuiteQL says T and F, records say true and false."""
    return {"T": True, "F": False}.get(value, value) if isinstance(value, str) else value


def _text(value: Any) -> Any:
    """Empty and null are the same; a number in a text column comes as a number from some accounts."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return value or None


def _zero(value: Any) -> Any:
    return ZERO if value is None or value == "" else value


def _time(value: Any) -> Any:
    """`2026-11-01T10:30:00Z`; one without a zone is UTC, as documented."""
    if isinstance(value, str):
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return value


Id = Annotated[str, BeforeValidator(_id)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Text = Annotated[str | None, BeforeValidator(_text)]
Number = Annotated[Decimal, BeforeValidator(_zero)]
Time = Annotated[datetime, BeforeValidator(_time)]


class Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, populate_by_name=True)


class Link(Wire):
    """A reference to a record, or a value of a list: `{"id": "B", "refName": "Pending Fulfillment"}`."""

    id: Id = ""
    ref_name: Text = Field(default=None, alias="refName")


class Anchor(Wire):
    """Where a resource is."""

    rel: str = ""
    href: str = ""


class Sublist(Wire, Generic[T]):
    """A sublist of a record; expanded it has its items, else only links."""

    items: tuple[T, ...] = ()
    has_more: Flag = Field(default=False, alias="hasMore")
    total: int | None = Field(default=None, alias="totalResults")


# -- errors ------------------------------------------------------------------------------------------------------


class NsDetail(Wire):
    detail: str = ""
    code: str = Field(default="", alias="o:errorCode")
    path: str = Field(default="", alias="o:errorPath")
    query: str = Field(default="", alias="o:errorQueryParam")
    header: str = Field(default="", alias="o:errorHeader")


class NsError(Wire):
    """`{"type": …, "title": "Bad Request", "status": 400, "o:errorDetails": [{"detail": …, "o:errorCode": …}]}`."""

    title: str = ""
    details: tuple[NsDetail, ...] = Field(alias="o:errorDetails")


# -- records -----------------------------------------------------------------------------------------------------


class Postal(Wire):
    """An address subrecord."""

    addr1: Text = None
    addr2: Text = None
    addr3: Text = None
    addressee: Text = None
    attention: Text = None
    city: Text = None
    state: Text = None
    zip: Text = None
    country: Link | None = None
    phone: Text = Field(default=None, alias="addrPhone")


class OrderLine(Wire):
    """A line of a sales order; `line` is its key within the order. Also one that is only linked."""

    line: Id = ""
    links: tuple[Anchor, ...] = ()
    item: Link | None = None
    item_type: Link | None = Field(default=None, alias="itemType")
    description: Text = None
    quantity: Number = ZERO
    rate: Decimal | None = None
    amount: Number = ZERO
    tax1: Decimal | None = Field(default=None, alias="tax1Amt")
    tax_amount: Decimal | None = Field(default=None, alias="taxAmount")
    rate1: Decimal | None = Field(default=None, alias="taxRate1")
    rate2: Decimal | None = Field(default=None, alias="taxRate2")
    taxable: Annotated[bool | None, BeforeValidator(_flag)] = Field(default=None, alias="isTaxable")
    reference: Text = Field(default=None, alias="taxDetailsReference")
    closed: Flag = Field(default=False, alias="isClosed")
    fulfilled: Number = Field(default=ZERO, alias="quantityFulfilled")
    billed: Number = Field(default=ZERO, alias="quantityBilled")


class TaxDetail(Wire):
    """One tax of one line (SuiteTax). `rate` is in percent; shipping has the reference SHIPPING."""

    reference: Text = Field(default=None, alias="taxDetailsReference")
    code: Link | None = Field(default=None, alias="taxCode")
    type: Link | None = Field(default=None, alias="taxType")
    rate: Decimal | None = Field(default=None, alias="taxRate")
    amount: Number = Field(default=ZERO, alias="taxAmount")


class OrderRecord(Wire):
    """A sales order."""

    id: Id
    external_id: Text = Field(default=None, alias="externalId")
    number: Text = Field(default=None, alias="tranId")
    day: date | None = Field(default=None, alias="tranDate")
    created: Time | None = Field(default=None, alias="createdDate")
    changed: Time = Field(alias="lastModifiedDate")
    status: Link = Link()
    order_status: Link = Field(default=Link(), alias="orderStatus")
    entity: Link | None = None
    currency: Link | None = None
    subsidiary: Link | None = None
    location: Link | None = None
    channel: Link | None = Field(default=None, alias="salesChannel")
    email: Text = None
    memo: Text = None
    other_ref: Text = Field(default=None, alias="otherRefNum")
    billing: Postal | None = Field(default=None, alias="billingAddress")
    shipping: Postal | None = Field(default=None, alias="shippingAddress")
    total: Number = ZERO
    subtotal: Decimal | None = None
    tax_total: Number = Field(default=ZERO, alias="taxTotal")
    tax2_total: Number = Field(default=ZERO, alias="tax2Total")
    tax_rate: Decimal | None = Field(default=None, alias="taxRate")
    discount_total: Number = Field(default=ZERO, alias="discountTotal")
    discount_item: Link | None = Field(default=None, alias="discountItem")
    coupon: Link | None = Field(default=None, alias="couponCode")
    shipping_cost: Number = Field(default=ZERO, alias="shippingCost")
    shipping_tax: Number = Field(default=ZERO, alias="shippingTaxAmount")
    shipping_rate: Decimal | None = Field(default=None, alias="shippingTax1Rate")
    handling_cost: Number = Field(default=ZERO, alias="handlingCost")
    handling_tax: Number = Field(default=ZERO, alias="handlingTaxAmount")
    handling_rate: Decimal | None = Field(default=None, alias="handlingTax1Rate")
    gift_applied: Number = Field(default=ZERO, alias="giftCertApplied")
    ship_method: Link | None = Field(default=None, alias="shipMethod")
    tracking: Text = Field(default=None, alias="linkedTrackingNumbers")
    item: Sublist[OrderLine] = Sublist()
    tax_details: Sublist[TaxDetail] = Field(default=Sublist(), alias="taxDetails")


class FulfillmentLine(Wire):
    order_line: Id = Field(default="", alias="orderLine")
    quantity: Number = ZERO
    received: Flag = Field(default=True, alias="itemReceive")


class Package(Wire):
    number: Text = Field(default=None, alias="packageTrackingNumber")


class FulfillmentRecord(Wire):
    id: Id
    number: Text = Field(default=None, alias="tranId")
    item: Sublist[FulfillmentLine] = Sublist()
    package: Sublist[Package] = Sublist()


class CurrencyRecord(Wire):
    """A currency; how many digits it keeps is a number, or an entry of a list."""

    precision: int | Link | None = Field(default=None, alias="currencyPrecision")


class JobRecord(Wire):
    """`{"completed": false, "id": "1", "progress": "pending", "task": {"links": […]}}`; done is not: well done."""

    completed: Flag


# -- rows of SuiteQL ---------------------------------------------------------------------------------------------


class OrderRow(Wire):
    """A changed order. `changed` is local to the account: `2026-11-01 10:30:00`."""

    id: Id
    changed: str = ""
    external_id: Text = Field(default=None, alias="externalid")


class TotalRow(Wire):
    """An order with its total, in the order's currency."""

    id: Id
    number: Text = Field(default=None, alias="tranid")
    external_id: Text = Field(default=None, alias="externalid")
    status: str
    total: Decimal = Field(alias="foreigntotal")
    currency: Text = None


class LineRow(Wire):
    """A line of an order as the ledger has it: what is earned is negative; taxes are lines, shipping is one."""

    transaction: Id
    id: Id
    item: Text = None
    item_type: Text = Field(default=None, alias="itemtype")
    amount: Number = Field(default=ZERO, alias="foreignamount")
    is_tax: Annotated[bool, BeforeValidator(lambda value: _flag(value) or False)] = Field(
        default=False, alias="taxline"
    )


class CustomerRow(Wire):
    id: Id
    external_id: Text = Field(default=None, alias="externalid")
    entity_id: Text = Field(default=None, alias="entityid")
    company: Text = Field(default=None, alias="companyname")
    first_name: Text = Field(default=None, alias="firstname")
    last_name: Text = Field(default=None, alias="lastname")
    email: Text = None
    phone: Text = None
    is_person: Flag = Field(default=False, alias="isperson")
    inactive: Flag = Field(default=False, alias="isinactive")


class ItemRow(Wire):
    id: Id
    itemid: Text = None
    displayname: Text = None
    externalid: Text = None
    upccode: Text = None
    itemtype: Text = None
    inactive: Flag = Field(default=False, alias="isinactive")


class StockRow(Wire):
    item: Id
    location: Id = ""
    available: Number = Field(default=ZERO, alias="quantityavailable")


class CurrencyRow(Wire):
    id: Id
    symbol: Text = None
    inactive: Flag = Field(default=False, alias="isinactive")


class NamedRow(Wire):
    id: Id
    name: Text = None
