"""The documents that the connector writes and reads beside orders: what was created, customers, the catalogue."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ordersync import Amount, Currency, Customer, Draft, Fulfillment, PlacedState, Totals

__all__ = ["Catalogue", "CatalogueItem", "CustomerDocument", "Done", "OrderDocument"]


class _Document(BaseModel):
    """Unknown names are left alone: other programs may add theirs."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Done(_Document):
    """A change that was made: asked again by the same key it is not made again."""

    key: str
    kind: str
    """`confirm`, `cancel`, `set_status`, `mark_paid` or `fulfill`."""
    at: datetime
    change: dict[str, Any] = Field(default_factory=dict)
    """What was asked."""


class OrderDocument(_Document):
    """An order as it stands: one JSON document. Amounts are decimal texts in major units of `totals.currency`."""

    format: Literal["ordersync-order-1"] = "ordersync-order-1"
    id: str
    """The key: the same order asked for twice is one document."""
    number: str
    """What people call it."""
    state: PlacedState = PlacedState.CONFIRMED
    revision: int = 1
    """Rises with every change; in a JSON Lines file the last line of an id is the order as it stands."""
    totals: Totals
    """The sums of the lines below."""
    order: Draft
    """The order as it was asked for, with lines by position; its statuses and payments follow later changes."""
    fulfillments: tuple[Fulfillment, ...] = ()
    changes: tuple[Done, ...] = ()
    created_at: datetime


class CustomerDocument(_Document):
    """A customer that was created."""

    format: Literal["ordersync-customer-1"] = "ordersync-customer-1"
    id: str
    """The customer's key."""
    customer: Customer
    created_at: datetime


class CatalogueItem(_Document):
    """One product that the target knows."""

    sku: str
    product_id: str | None = None
    """Without one: the SKU."""
    variant_id: str | None = None
    title: str | None = None
    unit_price: Amount | None = None
    currency: Currency | None = None
    sellable: bool = True
    requires_shipping: bool = True
    stock: Amount | dict[str, Amount] | None = None
    """How many there are, in all or per location; without it the product is always available."""

    @property
    def by_location(self) -> dict[str, Decimal]:
        return self.stock if isinstance(self.stock, dict) else {}


class Catalogue(_Document):
    """The SKUs that the target knows: `{"items": [{"sku": …}]}`."""

    items: tuple[CatalogueItem, ...]
