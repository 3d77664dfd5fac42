"""What a person puts into the settings file for one company database of SAP Business One."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from ordersync import Currency, Frozen

__all__ = ["SapB1Settings", "TaxChoice"]


def _as_written(value: Any) -> Any:
    """A number of a TOML or JSON file as it was written there; 8.875 stays 8.875."""
    return str(value) if isinstance(value, float) else value


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("is the name of a time zone, such as Europe/Berlin") from None
    return name


Percent = Annotated[Decimal, BeforeValidator(_as_written), Field(ge=0, le=100)]


class TaxChoice(Frozen):
    """Which tax code stands for a rate, where the rate alone does not decide."""

    rate: Percent = Field(
        description="The rate in percent: 19 or 8.875; several taxes of one line are added up."
    )
    country: str | None = Field(
        default=None,
        pattern=r"^[A-Z]{2}$",
        description="Only for deliveries to this country (ISO 3166-1 alpha-2).",
    )
    code: str = Field(min_length=1, max_length=8, description="The VAT group's or sales tax code's code.")


class SapB1Settings(Frozen):
    """One company database behind one Service Layer, and how orders are written into it."""

    url: str = Field(
        description="Where the Service Layer answers, without /b1s: https://erp.company.com:50000",
        pattern=r"^https?://\S+$",
    )
    version: Literal["v1", "v2"] = Field(
        default="v2", description="v2 (OData 4) or v1 (OData 3), for Service Layers that have no v2."
    )
    company: str = Field(min_length=1, description="The company database (CompanyDB).")
    user: str = Field(min_length=1, description="The interface's user; it needs a licence of its own.")
    password: SecretStr = Field(description="The user's password.")
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
    timezone: Annotated[str, AfterValidator(_known_zone)] = Field(
        default="UTC",
        description="The time zone of the server, which keeps dates and times without one: Europe/Berlin.",
    )

    key_field: str = Field(
        default="NumAtCard",
        pattern=r"^(NumAtCard|U_\w{1,20})$",
        description="Which field of the order holds our key: NumAtCard (behind the buyer's PO number and the source's "
        "number), or a user-defined field of at least 29 characters on the table ORDR.",
    )
    series: int | None = Field(
        default=None, description="The numbering series of new orders; left out: the default."
    )
    branch: int | None = Field(
        default=None, description="The branch (BPL id) of new orders, in companies with several."
    )
    posting_date: Literal["placed", "today"] = Field(
        default="placed",
        description="The posting date: when the order was placed, or today, for companies that lock past periods. "
        "The document date is always when it was placed.",
    )
    due_days: int = Field(
        default=0, ge=0, le=365, description="The delivery date is so many days after the posting date."
    )
    preview: bool = Field(
        default=True,
        description="Whether the totals are asked for before an order is created; without it a wrong total is noticed "
        "once the order stands.",
    )
    warehouse: str | None = Field(
        default=None,
        description="The warehouse that delivers and whose stock counts; left out: the item's own, all.",
    )
    shipping_expense: str = Field(
        default="OS-SHIPPING", description="Name of the freight (additional expense) that holds shipping."
    )
    rounding_expense: str = Field(
        default="OS-ROUNDING",
        description="Name of the freight that holds rounding; it bears the tax code for 0 %.",
    )
    tax_expense: str = Field(
        default="OS-TAX",
        description="Name of the freight that holds the small amounts by which taxes are corrected.",
    )
    corrections: bool = Field(
        default=True,
        description="Whether what SAP Business One rounds otherwise is made up for by these two freights; else such an "
        "order is not sent.",
    )
    custom_item: str = Field(
        default="OS-CUSTOM",
        description="ItemCode of the item (not kept in stock) for fees, tips, duties and lines without a product.",
    )
    sku_field: Literal["ItemCode", "BarCode"] = Field(
        default="ItemCode", description="The item's field that holds the SKU."
    )
    barcode_fallback: bool = Field(
        default=False, description="Whether an SKU that is no ItemCode is looked for among bar codes."
    )
    tax_codes: Literal["auto", "vat_groups", "sales_tax_codes"] = Field(
        default="auto",
        description="Whether documents bear VAT groups (most countries) or sales tax codes (United States, Canada …); "
        "auto takes VAT groups if there are any for sales.",
    )
    taxes: tuple[TaxChoice, ...] = Field(
        default=(), description="Tax codes for rates that several codes have; the first that fits wins."
    )
    currencies: dict[str, Currency] = Field(
        default_factory=dict,
        description='The company\'s currency codes → ISO 4217, where its own list does not say: {"$" = "USD"}.',
    )

    customer_series: int | None = Field(
        default=None, description="The series that numbers new customers; left out: a code made of our key."
    )
    customer_prefix: str = Field(
        default="OS",
        pattern=r"^[A-Z0-9]{1,3}$",
        description="How the codes of new customers begin, if no series numbers them.",
    )
    customer_group: int | None = Field(default=None, description="The group code of new customers.")
