"""What a person puts into the settings file for one NetSuite account."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from ordersync import Frozen

__all__ = ["NetSuiteSettings", "TaxCode"]

_M2M = ("client_id", "certificate_id", "private_key")
_TBA = ("consumer_key", "consumer_secret", "token_id", "token_secret")


def _as_written(value: Any) -> Any:
    """A number of a TOML or JSON file as it was written there; 8.875 stays 8.875."""
    return str(value) if isinstance(value, float) else value


Percent = Annotated[Decimal, BeforeValidator(_as_written), Field(ge=0, le=100)]
_Digits = Annotated[str, Field(pattern=r"^-?\d+$")]
Id = Annotated[
    _Digits,
    BeforeValidator(
        lambda value: str(value) if type(value) is int else value, json_schema_input_type=_Digits | int
    ),
]


class TaxCode(Frozen):
    """Which of NetSuite's tax codes stands for a rate; the first entry that fits wins."""

    rate: Percent | None = Field(default=None, description="The rate in percent: 19 or 8.875; left out: any.")
    country: str | None = Field(
        default=None,
        pattern=r"^[A-Z]{2}$",
        description="Only for deliveries to this country (ISO 3166-1 alpha-2).",
    )
    code: Id = Field(description="The internal id of the tax code.")
    type: Id | None = Field(
        default=None, description="The internal id of the tax type; needed with tax = details (SuiteTax)."
    )


class NetSuiteSettings(Frozen):
    """One NetSuite account, and how orders are written into it."""

    account: str = Field(
        pattern=r"^[A-Za-z0-9]+([_-][A-Za-z0-9]+)?$",
        description="The account id: 1234567, or 1234567_SB1 for a sandbox.",
    )
    url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="Where SuiteTalk answers, if not at the account's own address.",
    )
    client_id: str | None = Field(
        default=None, description="OAuth 2.0 (client credentials): the integration record's client id."
    )
    certificate_id: str | None = Field(
        default=None, description="OAuth 2.0: the certificate id of the mapping page."
    )
    private_key: SecretStr | None = Field(
        default=None, description="OAuth 2.0: the private key as PEM text, RSA or EC."
    )
    consumer_key: str | None = Field(
        default=None, description="Token-based authentication, for integrations that have it: consumer key."
    )
    consumer_secret: SecretStr | None = Field(
        default=None, description="Token-based authentication: consumer secret."
    )
    token_id: str | None = Field(default=None, description="Token-based authentication: token id.")
    token_secret: SecretStr | None = Field(
        default=None, description="Token-based authentication: token secret."
    )
    concurrency: int = Field(
        default=3,
        ge=1,
        le=100,
        description="Requests at once, of all processes that share a ledger. The limit is the account's, shared by all its "
        "integrations.",
    )
    timezone: str | None = Field(
        default=None,
        description="The account's time zone (America/Los_Angeles): order dates are days there. "
        "Left out: UTC days, and changes are listed by a measured offset.",
    )

    subsidiary: Id | None = Field(
        default=None,
        description="Internal id of the subsidiary of new orders and customers (OneWorld); only its orders are read.",
    )
    location: Id | None = Field(
        default=None, description="Internal id of the location of new orders, whose stock counts."
    )
    department: Id | None = Field(default=None, description="Internal id of the department of new orders.")
    classification: Id | None = Field(default=None, description="Internal id of the class of new orders.")
    custom_form: Id | None = Field(
        default=None, description="Internal id of the transaction form of new orders."
    )
    ship_method: Id | None = Field(
        default=None, description="Internal id of the shipping item that new orders name as their method."
    )
    currency: str | None = Field(
        default=None,
        pattern=r"^[A-Z]{3}$",
        description="The account's only currency, where the feature Multiple Currencies is off.",
    )

    tax: Literal["details", "item", "codes", "netsuite"] = Field(
        default="netsuite",
        description="How tax gets into an order: details (SuiteTax, amounts given), item (a line of tax_item), "
        "codes (a tax code per line, NetSuite computes), netsuite (it computes by itself).",
    )
    tax_codes: tuple[TaxCode, ...] = Field(
        default=(), description="The tax code for each rate, for tax = details or codes."
    )
    shipping_item: str = Field(default="OS-SHIPPING", description="Name of the item for shipping.")
    fee_item: str = Field(
        default="OS-FEE", description="Name of the item for fees, tips, duties and lines without a product."
    )
    rounding_item: str = Field(default="OS-ROUNDING", description="Name of the item for rounding.")
    tax_item: str = Field(default="OS-TAX", description="Name of the untaxed item whose lines count as tax.")
    sku_field: Literal["itemid", "upccode", "externalid"] = Field(
        default="itemid", description="The item's column that holds the SKU."
    )

    batches: bool = Field(
        default=False,
        description="Whether orders and customers are written up to 100 at once, as jobs that NetSuite works off by itself, "
        "in its own time; else one by one.",
    )
    approve: bool = Field(
        default=True,
        description="Whether orders are approved once their totals agree; else they stay pending approval.",
    )
    packages: bool = Field(
        default=True, description="Whether tracking numbers are written into the fulfilment's packages."
    )
    name_customers: bool = Field(
        default=False,
        description="Whether new customers are given an id made of name and key, for accounts without auto-numbering.",
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (KeyError, ValueError, OSError):
                raise ValueError("is no time zone of the IANA database") from None
        return value

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        m2m = [name for name in _M2M if getattr(self, name) is None]
        tba = [name for name in _TBA if getattr(self, name) is None]
        if len(m2m) == len(_M2M) and not tba:
            return self
        if m2m or len(tba) < len(_TBA):
            raise ValueError(f"give either {', '.join(_M2M)}, or {', '.join(_TBA)}")
        return self

    @property
    def host(self) -> str:
        """Where SuiteTalk answers; in host names the account id is lower case with a hyphen."""
        name = self.account.lower().replace("_", "-")
        return self.url or f"https://{name}.suitetalk.api.netsuite.com"

    @property
    def realm(self) -> str:
        """The account id as NetSuite writes it: upper case with an underscore."""
        return self.account.upper().replace("-", "_")
