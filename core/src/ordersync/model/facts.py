"""What is true of a platform whatever it is asked: how far its connector goes, and how the platform computes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from pydantic import Field

from ordersync.model.frozen import Frozen

__all__ = ["Arithmetic", "Facts"]


class Arithmetic(Frozen):
    """How a target recomputes an order from what it is sent; `fit` predicts with this."""

    line_total: Literal["given", "priced"] = "given"
    """`given`: a line's total can be sent and stands. `priced`: it is asked price × quantity less discount, rounded."""
    price_digits: int | None = None
    """Digits after the point of a unit price, whatever the currency; None: as many as a double holds."""
    currency_digits_cap: bool = False
    """A unit price never has more digits than its currency."""
    line_discount: Literal["none", "percent", "amount"] = "none"
    percent_digits: int = 2
    order_discount: bool = False
    """One discount amount for the whole order can be sent."""
    negative_lines: bool = True
    tax: Literal["given", "rates"] = "given"
    """`given`: tax amounts that are sent stand. `rates`: the platform computes tax from its own rate records."""
    tax_rounding: Literal["line", "order"] = "line"
    """With `rates`: each tax of each line is rounded, or the sum per rate of the order."""
    included_tax: Literal["net_first", "tax_first"] = "tax_first"
    """With `rates` and prices that include tax: which of the two is rounded; the other is the remainder."""
    included_order_rounding: bool = True
    """With `order` rounding: whether prices that include tax follow it too (else they round per line)."""
    net_adjustment: bool = False
    """A line that adds an amount without tax, of either sign."""
    tax_adjustment: bool = False
    """A line that adds tax without net, of either sign, in whole minor units."""


class Facts(Frozen):
    """What a connector says about its platform. Every field has a default, so that new ones harm nobody."""

    platform: str = ""
    """The platform's name for people: `Shopify`."""
    api_version: str | None = None
    api_retires: date | None = None

    page_size: int = Field(default=100, gt=0)
    batch_sizes: dict[str, int] = Field(default_factory=dict)
    """Largest batch per batch hook: `{"create_orders": 50}`; a hook not named takes `page_size`."""
    atomic_batches: frozenset[str] = frozenset()
    """Batch hooks of which all elements happen or none."""
    concurrency: int = Field(default=4, gt=0)
    """How many calls at once the platform likes from one connection."""
    rate: str | None = None
    """The rate rule in the platform's own terms, for people."""

    unique_key: bool = False
    """The platform itself refuses a second order with one key (a native unique key)."""
    index_lag: timedelta = timedelta(0)
    """How long after a create a search may still miss it."""
    settle_time: timedelta = timedelta(seconds=120)
    """How long the platform may still be working on a request whose answer was lost."""
    overlap: timedelta = timedelta(minutes=2)
    """How far back a listing must start again, so that late rows and coarse clocks lose nothing."""
    longest_key: int = 255

    custom_lines: bool = True
    """A line without a product can be created."""
    guests: bool = True
    """An order can be created without a customer record. False: each draft has a `customer_ref`, a guest's too, which
    takes `find_customer` and `create_customer`, or the order parks; and as a source, no order is without a customer."""
    draft_first: bool = False
    """Orders are created unconfirmed and confirmed by `update_order`."""
    keeps_placed_at: bool = True
    currencies: frozenset[str] | None = None
    """Currencies that can be written; None: any."""
    tracking: bool = True
    customer_email: bool = False
    """A customer cannot be created without an e-mail address."""
    discount_codes: int | None = None
    """How many discount codes of an order are kept, each for itself; None: any number."""
    amount_digits: int | None = None
    """Digits after the point of what a line comes to, whatever the currency; a finer one is refused. None: as many as
    the currency has."""
    quantity_digits: int | None = None
    """Digits after the point of a quantity; a finer one is refused. None: any number."""
    stacked_taxes: bool = True
    """A line bears several taxes; else one that is their sum."""
    tax_lines: bool = True
    """A line of tax alone can be created: what a tax becomes whose rate the source does not state."""
    arithmetic: Arithmetic = Arithmetic()
