"""The settings of a connection to one store."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr

__all__ = ["BigCommerceSettings"]


class BigCommerceSettings(BaseModel):
    """One store, and the API account that reads and writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    store_hash: str = Field(
        pattern=r"^[a-z0-9]+$",
        description="The store's permanent id: what stands behind `/stores/` in its API path.",
    )
    access_token: SecretStr = Field(
        description="The access token of a store-level or app API account; it does not expire."
    )
    client_secret: SecretStr | tuple[SecretStr, ...] | None = Field(
        default=None,
        description="The API account's client secret, which signs webhooks; during a rotation a list of old and new.",
    )
    webhook_token: SecretStr | None = Field(
        default=None,
        description="A secret of your own that `subscribe` has BigCommerce send with each webhook, and `receive` checks.",
    )
    base_url: str = Field(
        default="https://api.bigcommerce.com",
        description="Where the API is; a sandbox or a proxy has another address.",
    )
    channel_id: int | None = Field(
        default=None, ge=1, description="The sales channel of created orders; without it the store's first."
    )
    external_source: str | None = Field(
        default="ordersync",
        description="What created orders name as their source. `M-MIG` keeps migrated orders out of the store's quota;"
        " an app of the App Marketplace gives its app id.",
    )
    created_status: int | None = Field(
        default=None,
        ge=1,
        le=14,
        description="The status id of every created order; without it the status follows the order's own.",
    )
    unconfirmed_first: bool = Field(
        default=False,
        description="Create orders as Incomplete (0) and set `confirmed_status` only when the totals agree.",
    )
    confirmed_status: int = Field(
        default=11, ge=1, le=14, description="The status id that confirming an Incomplete order gives it."
    )
    price_digits: int = Field(
        default=4,
        ge=0,
        le=4,
        description="Digits that a unit price may have; lower it to the currency's if your store rounds prices.",
    )
    missing_zip: str = Field(
        default="0000",
        min_length=2,
        description="The postcode of a billing address that has none: BigCommerce requires one of two characters.",
    )
    location: int | None = Field(default=None, description="Count the stock of this location only (its id).")
    page_size: int = Field(
        default=50, ge=1, le=250, description="Orders per page (250 is BigCommerce's limit)."
    )

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """Every client secret that may sign, as bytes."""
        given = self.client_secret
        secrets = () if given is None else (given,) if isinstance(given, SecretStr) else given
        return tuple(secret.get_secret_value().encode() for secret in secrets)
