"""The settings of a connection to one company in one Tryton database."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

__all__ = ["TrytonSettings"]


class TrytonSettings(BaseModel):
    """One company of one Tryton database, and the user that ordersync works as."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(description="The server's address: `https://erp.example`.")
    database: str = Field(min_length=1, description="The name of the database.")
    user: str = Field(min_length=1, description="The user's login; give ordersync a user of its own.")
    password: SecretStr = Field(description="The user's password.")
    company: int | None = Field(
        default=None, description="The id of the company; left out, the one in the user's preferences."
    )
    taxes: dict[Decimal, str] = Field(
        default_factory=dict,
        description="Which tax stands for a rate where several have it: rate as a fraction → the tax's name. "
        'For instance {"0.19" = "19% sales, domestic"}.',
    )
    correction_tax: str | None = Field(
        default=None,
        description="The name of a tax of type `fixed` whose amount is one minor unit (0.01). With it, a cent that "
        "Tryton's rounding would miss, or a tax without a rate, becomes a line; without it, such an order is refused.",
    )
