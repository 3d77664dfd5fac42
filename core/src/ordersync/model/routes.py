"""A route: how orders pass from one connection to another. Read from the settings, used by the transfer."""

from __future__ import annotations

import hashlib
import json
from typing import Literal

from pydantic import Field

from ordersync.model.frozen import Extra, Frozen
from ordersync.model.money import ZERO, Amount
from ordersync.model.orders import MoneySet, UtcTime
from ordersync.model.statuses import FulfillmentStatus, OrderStatus, PaymentStatus

__all__ = ["Defaults", "Filters", "Policies", "Route"]


class Filters(Frozen):
    """Which of the source's orders the route takes; others are recorded as skipped."""

    statuses: frozenset[OrderStatus] = frozenset({OrderStatus.OPEN, OrderStatus.COMPLETED})
    payment_statuses: frozenset[PaymentStatus] | None = None
    fulfillment_statuses: frozenset[FulfillmentStatus] | None = None
    currencies: frozenset[str] | None = None
    tags: frozenset[str] | None = None
    """At least one of them."""
    placed_from: UtcTime | None = None
    test_orders: bool = False


class Policies(Frozen):
    """What the route does where orders or platforms differ."""

    money: MoneySet | None = None
    """Which of two currencies to carry, for orders that have two; without it such an order parks."""
    guests: Literal["create", "without", "park"] = "create"
    """A buyer without an account: find or create a customer by e-mail, send without one, or park."""
    unknown_sku: Literal["park", "custom_line"] = "park"
    stock: Literal["ignore", "park"] = "ignore"
    """Whether an order beyond the target's stock parks."""
    confirm: bool = True
    """Whether orders that are created as drafts are confirmed once their totals agree."""
    adjustment: int = Field(default=1, ge=0)
    """How many minor units per line the target's arithmetic may be made up for by an adjustment line; more parks
    the order unsent. 0: never adjust."""
    tolerance: Amount = Field(default=ZERO, ge=0)
    """By how much the created order's totals may differ from the source's before it parks."""
    halt_after: int | None = Field(default=20, ge=1)
    """After how many orders in a row that the target refuses for the same cause the route stands still until a person
    lets it go on; None: never."""


class Defaults(Frozen):
    """What an order gets that does not say."""

    email: str | None = None
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    shipping_title: str = "Shipping"


class Route(Frozen):
    """Source and target by the names of their connections, and the rules between them."""

    name: str
    source: str
    target: str
    filters: Filters = Filters()
    policies: Policies = Policies()
    defaults: Defaults = Defaults()
    aliases: dict[str, str] = Field(default_factory=dict)
    """The source's SKU → the target's."""
    extensions: tuple[str, ...] = ()
    """Entry names of `ordersync.extensions`, in the order in which they shape."""
    extension_settings: dict[str, Extra] = Field(default_factory=dict)

    @property
    def settings_hash(self) -> str:
        """Changes when a rule changes; skipped and parked orders are offered again then.

        An alias is no rule: a new one frees the orders that waited for it, and no other.
        """
        rules = self.model_dump(mode="json", exclude={"name", "aliases"})
        for name in ("statuses", "payment_statuses", "fulfillment_statuses", "currencies", "tags"):
            if rules["filters"].get(name) is not None:
                rules["filters"][name] = sorted(rules["filters"][name])
        text = json.dumps(rules, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]
