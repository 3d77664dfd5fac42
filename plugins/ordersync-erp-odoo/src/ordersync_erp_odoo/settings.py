"""What a person puts into the settings file for one Odoo."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr

from ordersync import Frozen

__all__ = ["OdooSettings", "TaxChoice"]


def _as_written(value: Any) -> Any:
    """A number of a TOML or JSON file as it was written there; 8.875 stays 8.875."""
    return str(value) if isinstance(value, float) else value


Percent = Annotated[Decimal, BeforeValidator(_as_written), Field(ge=0, le=100)]


class TaxChoice(Frozen):
    """Which of Odoo's taxes stands for a rate, where the rate alone does not decide."""

    rate: Percent = Field(description="The rate in percent, as Odoo shows it: 19 or 8.875.")
    included: bool | None = Field(
        default=None, description="Only for prices with (true) or without (false) tax; left out: both."
    )
    country: str | None = Field(
        default=None,
        pattern=r"^[A-Z]{2}$",
        description="Only for deliveries to this country (ISO 3166-1 alpha-2).",
    )
    tax: int = Field(gt=0, description="The database id of the tax in Odoo.")


class OdooSettings(Frozen):
    """One company of one Odoo database, and how orders are written into it."""

    url: str = Field(description="Where Odoo answers: https://company.odoo.com", pattern=r"^https?://\S+$")
    database: str = Field(description="The name of the database.", min_length=1)
    login: str | None = Field(
        default=None, description="The API user's login; needed for JSON-RPC, not for JSON-2."
    )
    api_key: SecretStr = Field(
        description="The API user's key (Preferences, Account Security); over JSON-RPC a password works too."
    )
    protocol: Literal["auto", "jsonrpc", "json2"] = Field(
        default="auto",
        description="auto takes JSON-2 from Odoo 19 on where the key is good for it, else JSON-RPC.",
    )
    company: int | str | None = Field(
        default=None, description="Id or name of the company; needed where the user sees several."
    )
    account_id: str | None = Field(
        default=None,
        description="Keeps the account's identity after the server moved: the id that `ordersync check` showed before.",
    )
    concurrency: int = Field(
        default=2,
        ge=1,
        le=50,
        description="Requests at once, of all processes that share a ledger.",
    )
    requests_per_minute: int | None = Field(
        default=None,
        ge=1,
        description="Requests in any minute, where the host (Odoo Online, a proxy) limits them.",
    )

    confirm: bool = Field(
        default=True,
        description="Whether orders are confirmed once their totals agree; else they stay quotations.",
    )
    key_field: Literal["origin", "client_order_ref"] = Field(
        default="origin",
        description="Which field of the order holds our key; the other one holds the buyer's PO number and the "
        "source's order number.",
    )
    warehouse: int | str | None = Field(
        default=None, description="Id, code or name of the warehouse that delivers and whose stock counts."
    )
    sales_team: int | str | None = Field(
        default=None, description="Id or name of the sales team of new orders."
    )
    shipping_product: str = Field(
        default="OS-SHIPPING", description="SKU of the service product for shipping."
    )
    fee_product: str = Field(
        default="OS-FEE",
        description="SKU of the service product for fees, tips, duties and lines without a product.",
    )
    rounding_product: str = Field(
        default="OS-ROUNDING", description="SKU of the service product for rounding and tax adjustments."
    )
    taxes: tuple[TaxChoice, ...] = Field(
        default=(), description="Taxes for rates that several of Odoo's taxes have; the first that fits wins."
    )
    sku_field: Literal["default_code", "barcode"] = Field(
        default="default_code", description="The product's field that holds the SKU."
    )
    barcode_fallback: bool = Field(
        default=False,
        description="Whether an SKU that no product has as reference is looked for among barcodes.",
    )

    quotations: bool = Field(
        default=False, description="As a source: whether quotations are listed, as held orders."
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        description="A long secret that webhook calls must carry, since Odoo does not sign them.",
    )
