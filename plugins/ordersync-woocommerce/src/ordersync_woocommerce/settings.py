"""The settings of a connection to one shop."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from ordersync import OrderStatus

__all__ = ["WooCommerceSettings"]


class WooCommerceSettings(BaseModel):
    """One WordPress site with WooCommerce, and a key of its REST API."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(description="The site's address, as it stands in WordPress under Settings > General.")
    consumer_key: SecretStr = Field(description="The API key's consumer key (`ck_…`).")
    consumer_secret: SecretStr = Field(description="The API key's consumer secret (`cs_…`).")
    permalinks: Literal["pretty", "plain"] = Field(
        default="pretty",
        description="`plain`: the site has plain permalinks, its API is reached by `?rest_route=`.",
    )
    key_in: Literal["header", "query"] = Field(
        default="header",
        description="`query`: for servers that take the Authorization header away; only over https, and the server's "
        "logs then hold the key.",
    )
    account_id: str | None = Field(
        default=None,
        min_length=1,
        description="Keeps the account's identity after the site moved to another address.",
    )
    taxes: Literal["fee", "real"] = Field(
        default="fee",
        description="How the taxes of created orders are written: as one fee (`fee`), or as the shop's own taxes "
        "wherever they will come out to the cent (`real`), as a fee elsewhere.",
    )
    tax_title: str = Field(
        default="Tax", min_length=1, description="The name of the fee that stands for taxes."
    )
    stock: Literal["shop", "elsewhere"] = Field(
        default="shop",
        description="Whether created orders reduce the shop's stock (`shop`), or another system is its master.",
    )
    unpaid_status: Literal["pending", "on-hold"] = Field(
        default="pending",
        description="The status of created orders that are not paid; `on-hold` reduces the stock, `pending` does not.",
    )
    shipping_method: str = Field(
        default="other",
        pattern=r"^[a-z0-9_:-]{1,100}$",
        description="The `method_id` of created shipping lines; local pickup would tax at the shop's own address.",
    )
    statuses: dict[str, OrderStatus] = Field(
        default_factory=dict,
        description="What a status of the shop means to us (`{pre-ordered = 'held'}`); custom ones are unknown else.",
    )
    webhook_secret: SecretStr | tuple[SecretStr, ...] | None = Field(
        default=None,
        description="The secret that signs webhooks; during a rotation a list, the new one first.",
    )
    page_size: int = Field(default=50, ge=1, le=100, description="Orders per page of a listing.")
    concurrency: int = Field(
        default=2,
        ge=1,
        le=50,
        description="Requests at once, of all processes that share a ledger.",
    )
    requests_per_minute: int | None = Field(
        default=None,
        ge=1,
        description="Requests in any minute, where the host limits them.",
    )
    timeout: float = Field(default=60.0, gt=0, le=300, description="Seconds to wait for an answer.")

    @field_validator("shipping_method")
    @classmethod
    def _no_pickup(cls, value: str) -> str:
        if value in ("local_pickup", "pickup_location"):
            raise ValueError("local pickup would tax the order at the shop's own address")
        return value

    @model_validator(mode="after")
    def _never_in_the_open(self) -> Self:
        if self.key_in == "query" and not self.url.lower().startswith("https://"):
            raise ValueError('key_in = "query" needs an https address')
        return self

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """Every secret that may sign; the first one is given to new webhooks."""
        given = self.webhook_secret
        secrets = () if given is None else (given,) if isinstance(given, SecretStr) else given
        return tuple(secret.get_secret_value() for secret in secrets)
