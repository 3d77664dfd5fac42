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
    """States of the order that are taken."""
    payment_statuses: frozenset[PaymentStatus] | None = None
    """States of payment that are taken; none given: all."""
    fulfillment_statuses: frozenset[FulfillmentStatus] | None = None
    """States of shipment that are taken; none given: all."""
    currencies: frozenset[str] | None = None
    """ISO 4217 codes that are taken; none given: all."""
    tags: frozenset[str] | None = None
    """At least one of them."""
    placed_from: UtcTime | None = None
    """Orders placed before this are skipped."""
    test_orders: bool = False
    """Whether orders that the source calls a test are taken."""


class Policies(Frozen):
    """What the route does where orders or platforms differ."""

    money: MoneySet | None = None
    """Which of two currencies to carry, for orders that have two; without it such an order parks."""
    guests: Literal["create", "without", "park"] = "create"
    """A buyer without an account: find or create a customer by e-mail, send without one, or park."""
    unknown_sku: Literal["park", "custom_line"] = "park"
    """A SKU that the target does not have: park the order, or send the line without a product."""
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
    remember_items: int = Field(default=15, ge=0)
    """For how many minutes what the target said of a SKU counts without asking again; 0: every run asks anew. If an order
    is refused that rests on it, it is forgotten, and the order tried once more."""
    window: int = Field(default=100, ge=1, le=1000)
    """How many orders are worked on together, looked up in the same questions and recorded in the same commits; a page of the
    source is never split. More need more memory, and a worker that dies leaves more of them to look for."""


class Defaults(Frozen):
    """What an order gets that does not say."""

    email: str | None = None
    """E-mail address of an order that has none."""
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    """ISO 3166-1 country of an address that has none."""
    shipping_title: str = "Shipping"
    """Name of a shipping line that has none."""


class Route(Frozen):
    """Source and target by the names of their connections, and the rules between them."""

    name: str
    source: str
    """The connection that orders come from."""
    target: str
    """The connection that they go to."""
    filters: Filters = Filters()
    """Which orders are taken."""
    policies: Policies = Policies()
    """What is done where orders or platforms differ."""
    defaults: Defaults = Defaults()
    """What an order gets that does not say."""
    aliases: dict[str, str] = Field(default_factory=dict)
    """The source's SKU → the target's."""
    extensions: tuple[str, ...] = ()
    """Entry names of `ordersync.extensions`, in the order in which they shape."""
    extension_settings: dict[str, Extra] = Field(default_factory=dict)
    """Entry name of an extension → its own keys."""

    @property
    def settings_hash(self) -> str:
        """Changes when a rule changes; skipped and parked orders are offered again then.

        An alias is no rule: a new one frees the orders that waited for it, and no other. How long something is
        remembered, and how many orders are worked on together, judges nothing.
        """
        rules = self.model_dump(mode="json", exclude={"name", "aliases"})
        for name in ("remember_items", "window"):
            del rules["policies"][name]
        for name in ("statuses", "payment_statuses", "fulfillment_statuses", "currencies", "tags"):
            if rules["filters"].get(name) is not None:
                rules["filters"][name] = sorted(rules["filters"][name])
        text = json.dumps(rules, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]
