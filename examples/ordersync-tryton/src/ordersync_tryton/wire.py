"""Tryton's JSON, field for field: how values travel, and the records that are read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

from ordersync import Amount
from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "ADDRESS_FIELDS",
    "PARTY_FIELDS",
    "PLACED_FIELDS",
    "PRODUCT_FIELDS",
    "SALE_FIELDS",
    "STOCK_FIELDS",
    "TAX_FIELDS",
    "AddressRow",
    "CodedRow",
    "CompanyRow",
    "ContactRow",
    "CurrencyRow",
    "IdentifierRow",
    "LineRow",
    "PartyRow",
    "PlacedRow",
    "ProductRow",
    "RoundingRow",
    "SaleRow",
    "StockRow",
    "TaxRow",
    "decoded",
    "encoded",
]


_DATE = ("year", "month", "day")
_TIME = ("hour", "minute", "second", "microsecond")


def encoded(value: Any) -> Any:
    """A value as Tryton reads it. Times become UTC without a zone, as Tryton keeps them."""
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": format(value, "f")}
        case datetime():
            utc = value.astimezone(UTC)
            return {"__class__": "datetime", **{part: getattr(utc, part) for part in (*_DATE, *_TIME)}}
        case date():
            return {"__class__": "date", **{part: getattr(value, part) for part in _DATE}}
        case dict():
            return {name: encoded(part) for name, part in value.items()}
        case list() | tuple():
            return [encoded(part) for part in value]
        case _:
            return value


def decoded(value: Any) -> Any:
    """A value of Tryton's as Python has it. Its times carry no zone and are UTC: they are made aware here."""
    match value:
        case {"__class__": "Decimal", "decimal": text}:
            return Decimal(text)
        case {"__class__": "datetime"}:
            return datetime(**{part: value[part] for part in (*_DATE, *_TIME)}, tzinfo=UTC)
        case {"__class__": "date"}:
            return date(**{part: value[part] for part in _DATE})
        case dict():
            return {name: decoded(part) for name, part in value.items()}
        case list():
            return [decoded(part) for part in value]
        case _:
            return value


class Row(BaseModel):
    """One record. What was asked for as `currency.code` comes back inside `"currency.": {"id": 1, "code": "USD"}`."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    id: int


class CodedRow(Row):
    """Countries, subdivisions, currencies: an id and a code."""

    code: str | None = None


class CurrencyRow(CodedRow):
    code: str
    digits: int | None = None
    rounding: Amount | None = None


class CompanyRow(Row):
    rec_name: str
    timezone: str | None = None


class RoundingRow(Row):
    """How the company rounds taxes: summed up over the document, or line by line."""

    tax_rounding: Literal["document", "line"] | None = None


class TaxRow(Row):
    """A tax: `percentage` has a rate (0.19 is 19 %), `fixed` an amount per unit of the line."""

    name: str
    type: str
    rate: Amount | None = None
    amount: Amount | None = None


class ContactRow(Row):
    type: str
    value: str | None = None


class IdentifierRow(Row):
    code: str | None = None


class AddressRow(Row):
    party: int | None = None
    party_name: str | None = None
    street: str | None = None
    postal_code: str | None = None
    city: str | None = None
    country: CodedRow | None = Field(default=None, alias="country.")
    subdivision: CodedRow | None = Field(default=None, alias="subdivision.")


class PartyRow(Row):
    name: str | None = None
    identifiers: tuple[IdentifierRow, ...] = Field(default=(), alias="identifiers.")
    contacts: tuple[ContactRow, ...] = Field(default=(), alias="contact_mechanisms.")


class ProductRow(Row):
    code: str | None = None
    name: str | None = None
    type: str
    salable: bool
    sale_uom: int | None = None
    list_price: Amount | None = None
    template: int


class StockRow(Row):
    quantity: Amount
    forecast_quantity: Amount


class LineRow(Row):
    type: str
    sequence: int | None = None
    description: str | None = None
    quantity: Amount | None = None
    unit_price: Amount | None = None
    amount: Amount | None = None
    product: CodedRow | None = Field(default=None, alias="product.")
    taxes: tuple[TaxRow, ...] = Field(default=(), alias="taxes.")


class PlacedLineRow(Row):
    sequence: int | None = None


class PlacedRow(Row):
    """A sale as its writer looks at it."""

    number: str | None = None
    description: str | None = None
    state: str
    currency: CurrencyRow = Field(alias="currency.")
    untaxed_amount: Amount
    tax_amount: Amount
    total_amount: Amount
    lines: tuple[PlacedLineRow, ...] = Field(default=(), alias="lines.")


class SaleRow(Row):
    """A sale as its reader looks at it."""

    number: str | None = None
    reference: str | None = None
    description: str | None = None
    comment: str | None = None
    state: str
    invoice_state: str
    shipment_state: str
    sale_date: date | None = None
    create_date: datetime
    last_modified_at: datetime
    currency: CurrencyRow = Field(alias="currency.")
    tax_amount: Amount
    untaxed_amount: Amount
    total_amount: Amount
    party: PartyRow = Field(alias="party.")
    billing: AddressRow | None = Field(default=None, alias="invoice_address.")
    shipping: AddressRow | None = Field(default=None, alias="shipment_address.")
    lines: tuple[LineRow, ...] = Field(default=(), alias="lines.")


def _under(name: str, fields: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{name}.{field}" for field in fields)


TAX_FIELDS = ("name", "type", "rate", "amount")
ADDRESS_FIELDS = ("party", "party_name", "street", "postal_code", "city", "country.code", "subdivision.code")
PARTY_FIELDS = ("name", "identifiers.code", "contact_mechanisms.type", "contact_mechanisms.value")
PRODUCT_FIELDS = ("code", "name", "type", "salable", "sale_uom", "list_price", "template")
STOCK_FIELDS = ("quantity", "forecast_quantity")
PLACED_FIELDS = (
    *("number", "description", "state", "currency.code"),
    *("untaxed_amount", "tax_amount", "total_amount", "lines.sequence"),
)
LINE_FIELDS = (
    *("type", "sequence", "description", "quantity", "unit_price", "amount", "product.code"),
    *_under("taxes", TAX_FIELDS),
)
SALE_FIELDS = (
    *("number", "reference", "description", "comment", "state", "invoice_state", "shipment_state"),
    *("sale_date", "create_date", "last_modified_at", "currency.code", "currency.digits"),
    *("untaxed_amount", "tax_amount", "total_amount"),
    *_under("party", PARTY_FIELDS),
    *_under("invoice_address", ADDRESS_FIELDS),
    *_under("shipment_address", ADDRESS_FIELDS),
    *_under("lines", LINE_FIELDS),
)
