"""The bench platform's JSON, field for field. Unknown fields are ignored."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from ordersync.errors import UnexpectedReply
from ordersync.web import Reply

__all__ = ["Address", "Customer", "Item", "Line", "Made", "Order", "Person", "Standing", "Stock", "told"]

T = TypeVar("T")


class Customer(msgspec.Struct):
    id: str
    email: str
    first_name: str
    last_name: str
    phone: str


class Address(msgspec.Struct):
    first_name: str
    last_name: str
    line1: str
    city: str
    postcode: str
    country: str
    subdivision: str
    phone: str


class Line(msgspec.Struct):
    id: str
    sku: str
    title: str
    quantity: int
    unit_price: Decimal
    net: Decimal
    tax: Decimal


class Freight(msgspec.Struct):
    title: str
    net: Decimal
    tax: Decimal


class Order(msgspec.Struct):
    """As the source tells it."""

    id: str
    number: str
    currency: str
    placed_at: datetime
    updated_at: datetime
    customer: Customer
    billing: Address
    shipping: Address
    lines: list[Line]
    freight: Freight
    tax_percent: Decimal
    net: Decimal
    tax: Decimal
    total: Decimal
    note: str | None
    tags: list[str]


class Person(msgspec.Struct):
    """A customer as the target names it."""

    id: str
    email: str


class Item(msgspec.Struct):
    id: str
    sku: str
    price: Decimal
    sellable: bool


class Stock(msgspec.Struct):
    item: str
    available: int


class Made(msgspec.Struct):
    """What a batch answers of an order."""

    id: str
    number: str


class StandingLine(msgspec.Struct):
    id: str
    position: int


class Standing(msgspec.Struct):
    """An order as it stands on the target."""

    id: str
    key: str
    number: str
    net: Decimal
    tax: Decimal
    total: Decimal
    lines: list[StandingLine]


def told(reply: Reply, kind: type[T], field: str = "") -> T:
    """What a reply holds, all of it or one `field`. Raises UnexpectedReply."""
    data: Any = reply.data
    try:
        return msgspec.convert(data[field] if field else data, kind)
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        raise UnexpectedReply(f"The reply is not as documented ({type(error).__name__}).") from None
