"""The settings of a connection to one shop."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

__all__ = ["ShopifySettings"]

_SHOP = re.compile(r"^[a-z0-9][a-z0-9-]*\.myshopify\.com$")


class ShopifySettings(BaseModel):
    """One shop, and the app that reads and writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    shop: str = Field(description="The shop's own domain: `name.myshopify.com`, never a custom domain.")
    access_token: SecretStr = Field(
        description="The Admin API access token of a custom app (offline; it does not expire)."
    )
    webhook_secret: SecretStr | tuple[SecretStr, ...] | None = Field(
        default=None,
        description="The app's client secret, which signs webhooks; during a rotation a list of the old and the new.",
    )
    base_url: str | None = Field(
        default=None,
        description="Where the API is, if not at https://SHOP: a sandbox or a proxy.",
    )
    api_version: str = Field(
        default="2026-10",
        pattern=r"^(\d{4}-(01|04|07|10)|unstable)$",
        description="The Admin API version that is asked for. Written and tested for the default.",
    )
    location: str | None = Field(
        default=None,
        description="Count the stock of this location only (its id, `123` or `gid://shopify/Location/123`).",
    )
    inventory_behaviour: Literal["bypass", "decrement_ignoring_policy", "decrement_obeying_policy"] = Field(
        default="bypass",
        description="What a created order does to the stock: nothing, claim it, or claim it and be refused if short.",
    )
    source_name: str | None = Field(
        default=None,
        description="The sales channel that created orders name, if the app has an attribution handle.",
    )
    discount_title: str = Field(
        default="Discount",
        min_length=1,
        max_length=254,
        description="The code shown for a discount that has none of its own.",
    )
    page_size: int = Field(
        default=50,
        ge=1,
        le=250,
        description="Orders per page at most; made smaller by itself where it costs too much.",
    )

    @field_validator("shop", mode="before")
    @classmethod
    def _bare_domain(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        domain = value.strip().lower().removeprefix("https://").rstrip("/")
        if not _SHOP.match(domain):
            raise ValueError("expected the shop's own domain, name.myshopify.com")
        return domain

    @property
    def webhook_secrets(self) -> tuple[bytes, ...]:
        """Every secret that may sign, as bytes."""
        given = self.webhook_secret
        secrets = () if given is None else (given,) if isinstance(given, SecretStr) else given
        return tuple(secret.get_secret_value().encode() for secret in secrets)
