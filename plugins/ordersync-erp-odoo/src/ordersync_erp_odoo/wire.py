"""Odoo's records as it tells them, field for field. Empty is `false` there and None here; numbers are exact.

A row's names are also the list of fields that are asked for. Where versions differ (`tax_id` in 17, `tax_ids` in 19) both
names are given, and `fields_get` decides which is asked for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

__all__ = [
    "CompanyRow",
    "CountryRow",
    "CurrencyRow",
    "HeadRow",
    "LineRow",
    "LoadMessage",
    "LoadReply",
    "MoveRow",
    "Named",
    "OrderRow",
    "PartnerRow",
    "PickingRow",
    "PricelistRow",
    "ProductRow",
    "Row",
    "StateRow",
    "StockRow",
    "TagRow",
    "TaxRow",
    "TeamRow",
    "Version",
    "WarehouseRow",
    "WebhookCall",
    "datetime_text",
]


class Named(NamedTuple):
    """A link to one record: its id and the name that Odoo shows."""

    id: int
    name: str


def _empty(value: Any) -> Any:
    return None if value is False else value


def _zero(value: Any) -> Any:
    return 0 if value is False or value is None else value


def _link(value: Any) -> Any:
    if value is False or value is None:
        return None
    return Named(value[0], str(value[1])) if isinstance(value, list) and len(value) == 2 else value


def _time(value: Any) -> Any:
    """`2026-11-01 10:30:00` is UTC."""
    if value is False:
        return None
    if isinstance(value, str):
        return datetime.strptime(value[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return value


def datetime_text(moment: datetime) -> str:
    """A time as Odoo reads it: UTC, whole seconds; `T`, `Z` and fractions are refused in writes (17 and 19)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


Text = Annotated[str | None, BeforeValidator(_empty)]
Number = Annotated[Decimal, BeforeValidator(_zero)]
Link = Annotated[Named | None, BeforeValidator(_link)]
Time = Annotated[datetime | None, BeforeValidator(_time)]
Flag = Annotated[bool, BeforeValidator(lambda value: bool(value))]


class Row(BaseModel):
    """A record of `MODEL`."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
    MODEL: ClassVar[str] = ""
    EVERYWHERE: ClassVar[bool] = False
    """Whether 17 to 19 have all of its fields, whatever is installed: then `fields_get` is not asked for them."""

    id: int

    @classmethod
    def names(cls) -> list[str]:
        """The fields that this row may ask for, in every spelling of the versions."""
        names: list[str] = []
        for name, field in cls.model_fields.items():
            alias = field.validation_alias
            names += [str(each) for each in alias.choices] if isinstance(alias, AliasChoices) else [name]
        return names

    @classmethod
    def wanted(cls, model: str) -> list[str]:
        """Every field of `model` that any row asks for, and those that are only written or looked for."""
        names = {name for row in _all_rows() if model == row.MODEL for name in row.names()}
        return sorted(names | set(TOUCHED.get(model, ())))


def _all_rows(of: type[Row] | None = None) -> list[type[Row]]:
    rows: list[type[Row]] = []
    for each in (of or Row).__subclasses__():
        rows += [each, *_all_rows(each)]
    return rows


TOUCHED: dict[str, tuple[str, ...]] = {
    "sale.order": (
        "pricelist_id",
        "warehouse_id",
        "order_line",
        "origin",
        "client_order_ref",
        "note",
        "team_id",
    ),
    "sale.order.line": (
        "tax_id",
        "tax_ids",
        "price_unit",
        "discount",
        "product_uom_qty",
        "name",
        "product_id",
    ),
    "res.partner": ("customer_rank", "email_normalized", "phone_sanitized", "comment"),
    "account.tax": ("type_tax_use", "price_include_override"),
    "product.product": ("barcode", "default_code"),
    "product.pricelist": (),
    "stock.move": ("picked", "quantity"),
    "stock.picking": ("carrier_tracking_ref", "note"),
}
"""Fields that are written or searched for, besides those that rows read."""


class HeadRow(Row):
    """What is read of an order after a write."""

    MODEL = "sale.order"

    name: str
    state: str
    client_order_ref: Text = None
    origin: Text = None
    date_order: Time = None
    currency_id: Link = None
    amount_untaxed: Number
    amount_tax: Number
    amount_total: Number
    order_line: tuple[int, ...] = ()
    partner_shipping_id: Link = None


class OrderRow(HeadRow):
    """What is read of an order as a source."""

    MODEL = "sale.order"

    company_id: Link = None
    partner_id: Link = None
    partner_invoice_id: Link = None
    team_id: Link = None
    tag_ids: tuple[int, ...] = ()
    note: Text = None
    delivery_status: Text = None
    invoice_status: Text = None
    locked: Flag = False
    create_date: Time = None
    write_date: Time = None


class LineRow(Row):
    MODEL = "sale.order.line"

    order_id: Link = None
    sequence: int = 0
    product_id: Link = None
    name: Text = None
    display_type: Text = None
    product_uom_qty: Number
    price_unit: Number
    discount: Number = Decimal(0)
    taxes: Annotated[tuple[int, ...], Field(validation_alias=AliasChoices("tax_ids", "tax_id"))] = ()
    price_subtotal: Number
    price_tax: Number
    price_total: Number
    is_delivery: Flag = False
    is_downpayment: Flag = False


class PartnerRow(Row):
    MODEL = "res.partner"

    name: Text = None
    parent_id: Link = None
    type: Text = None
    is_company: Flag = False
    vat: Text = None
    email: Text = None
    email_normalized: Text = None
    phone: Text = None
    phone_sanitized: Text = None
    street: Text = None
    street2: Text = None
    city: Text = None
    zip: Text = None
    country_id: Link = None
    state_id: Link = None


class TaxRow(Row):
    MODEL = "account.tax"

    name: Text = None
    amount: Number
    amount_type: str
    price_include: Flag = False
    country_id: Link = None
    company_id: Link = None
    active: Flag = True


class ProductRow(Row):
    MODEL = "product.product"

    default_code: Text = None
    barcode: Text = None
    name: Text = None
    lst_price: Number = Decimal(0)
    currency_id: Link = None
    sale_ok: Flag = True
    active: Flag = True
    product_tmpl_id: Link = None
    type: Text = None
    detailed_type: Text = None
    is_storable: Flag = False


class StockRow(Row):
    MODEL = "product.product"

    free_qty: Number | None = None


class PricelistRow(Row):
    MODEL = "product.pricelist"
    EVERYWHERE = True

    name: Text = None
    currency_id: Link = None
    company_id: Link = None


class CurrencyRow(Row):
    MODEL = "res.currency"

    name: str
    active: Flag = True
    rate_ids: tuple[int, ...] | None = None


class CompanyRow(Row):
    MODEL = "res.company"
    EVERYWHERE = True

    name: str
    currency_id: Link = None
    country_id: Link = None
    tax_calculation_rounding_method: Text = None


class CountryRow(Row):
    MODEL = "res.country"
    EVERYWHERE = True

    code: Text = None


class StateRow(Row):
    MODEL = "res.country.state"
    EVERYWHERE = True

    code: str
    name: str
    country_id: Link = None


class WarehouseRow(Row):
    MODEL = "stock.warehouse"
    EVERYWHERE = True

    name: str
    code: Text = None
    company_id: Link = None


class TeamRow(Row):
    MODEL = "crm.team"
    EVERYWHERE = True

    name: str


class TagRow(Row):
    MODEL = "crm.tag"
    EVERYWHERE = True

    name: str


class PickingRow(Row):
    MODEL = "stock.picking"

    sale_id: Link = None
    state: str
    date_done: Time = None
    carrier_tracking_ref: Text = None
    note: Text = None


class MoveRow(Row):
    MODEL = "stock.move"

    picking_id: Link = None
    sale_line_id: Link = None
    product_uom_qty: Number
    quantity: Number = Decimal(0)
    state: str


class LoadMessage(BaseModel):
    """One complaint of `load`. `rows` are places in the rows that were sent, `record` counts records."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    message: str = ""
    type: Text = None
    field: Any = None
    record: Any = None
    rows: Any = None

    @property
    def row(self) -> int | None:
        """The first of the rows that were sent which it is about."""
        first = self.rows.get("from") if isinstance(self.rows, dict) else None
        return first if isinstance(first, int) and not isinstance(first, bool) else None

    @property
    def place(self) -> str:
        """The field it is about, as far as Odoo says."""
        if isinstance(self.field, list):
            return "/".join(map(str, self.field))
        return self.field if isinstance(self.field, str) else ""


class LoadReply(BaseModel):
    """The answer of `load`: `ids` is `false` if anything was wrong, and then nothing was stored (17 and 19)."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    ids: Annotated[tuple[int, ...] | None, BeforeValidator(_empty)] = None
    messages: tuple[LoadMessage, ...] = ()


class Version(BaseModel):
    """The answer of `common.version`."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    server_version: str
    server_version_info: tuple[Any, ...] = ()

    @property
    def major(self) -> int:
        """17; of `saas~18.2` 18."""
        digits = "".join(c if c.isdigit() else " " for c in self.server_version).split()
        return int(digits[0]) if digits else 0


class WebhookCall(BaseModel):
    """What the server action "Send Webhook Notification" posts, besides the fields that a person chose."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    record: Annotated[int, Field(validation_alias=AliasChoices("_id", "id"))]
    model: Annotated[str, Field(validation_alias=AliasChoices("_model", "model"))] = "sale.order"
    action: Annotated[str, Field(validation_alias="_action")] = ""
    write_date: Time = None
