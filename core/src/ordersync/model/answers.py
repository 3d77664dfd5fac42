"""What hooks are asked with and what they answer, besides orders and drafts themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from pydantic import Field

from ordersync.errors import OrderSyncError
from ordersync.model.drafts import Totals
from ordersync.model.facts import Facts
from ordersync.model.frozen import Frozen
from ordersync.model.money import Amount
from ordersync.model.orders import Fulfillment, Order, UtcTime
from ordersync.model.parties import Customer
from ordersync.model.refs import OrderRef
from ordersync.model.statuses import FulfillmentStatus, OrderStatus, PaymentStatus

__all__ = [
    "Account",
    "Cancel",
    "Change",
    "Confirm",
    "CustomerAsk",
    "Decision",
    "Delivery",
    "DiscountCheck",
    "Done",
    "Event",
    "Failed",
    "Fulfill",
    "MarkPaid",
    "OrderQuery",
    "Outcome",
    "Page",
    "Placed",
    "PlacedLine",
    "PlacedState",
    "Problem",
    "Receipt",
    "RunReport",
    "SetStatus",
    "Stock",
    "Subscription",
    "UpdateAsk",
    "only",
]

T = TypeVar("T")


class Account(Frozen):
    """What `check_access` found out about the account behind a connection."""

    id: str
    """Stable for the life of the account; the ledger binds the connection to it and refuses another."""
    name: str = ""
    scopes: tuple[str, ...] = ()
    missing_scopes: tuple[str, ...] = ()
    history_from: UtcTime | None = None
    """Orders before this are not visible; None: all are."""
    api_version: str | None = None
    api_retires: date | None = None
    problems: tuple[str, ...] = ()
    """What a person must set up or mend before orders can be written; each line says what to do."""
    warnings: tuple[str, ...] = ()
    facts: Facts | None = None
    """The connector's facts, sharpened by what this account answered (versions, digits, rounding)."""


class OrderQuery(Frozen):
    """Which orders are wanted. A connector pushes down what the platform can; the transfer filters again."""

    updated_from: UtcTime | None = None
    """Inclusive."""
    updated_to: UtcTime | None = None
    """Inclusive."""
    placed_from: UtcTime | None = None
    statuses: frozenset[OrderStatus] | None = None
    payment_statuses: frozenset[PaymentStatus] | None = None
    fulfillment_statuses: frozenset[FulfillmentStatus] | None = None
    currencies: frozenset[str] | None = None
    tags: frozenset[str] | None = None
    """Any of them."""
    cursor: str | None = None
    """A `Page.cursor` of an earlier listing with the same query, to go on behind that page."""


@dataclass(frozen=True)
class Page:
    """Some orders of a listing, oldest change first."""

    orders: tuple[Order, ...]
    safe_through: datetime | None = None
    """Every order changed up to here has been seen when this page has been: the watermark may move to it.
    None where the platform cannot sort (then only the last page has it)."""
    cursor: str | None = None
    """Where the next page begins; None on the last."""
    unreadable: tuple[tuple[str, str], ...] = ()
    """(order id, why): orders that the connector could not read; the transfer parks them, none is dropped."""


class PlacedState(StrEnum):
    DRAFT = "draft"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class PlacedLine(Frozen):
    """A line as it stands on the target. `position` is its place in the draft, None if it is not ours."""

    id: str
    position: int | None = None


class Placed(Frozen):
    """An order as it stands on the target after a write, or found again."""

    ref: OrderRef
    key: str
    state: PlacedState = PlacedState.CONFIRMED
    totals: Totals | None = None
    lines: tuple[PlacedLine, ...] = ()


class Stock(Frozen):
    """How many of an item can be sold; None: not tracked, always available."""

    available: Amount | None
    by_location: dict[str, Amount] = Field(default_factory=dict)


class Confirm(Frozen):
    """Make a draft order a real one. The platform's order date must stay `placed_at`, if it is given."""

    placed_at: UtcTime | None = None


class Cancel(Frozen):
    reason: str = ""
    restock: bool = True


class SetStatus(Frozen):
    status: OrderStatus


class MarkPaid(Frozen):
    """The order was paid: by what, and the gateway's transaction."""

    amount: Amount | None = None
    gateway: str | None = None
    transaction_id: str | None = None


class Fulfill(Frozen):
    """Goods left. Lines by the target's line ids; empty: everything open."""

    fulfillment: Fulfillment
    notify: bool = False


Change = Confirm | Cancel | SetStatus | MarkPaid | Fulfill
"""One change of an order per call."""


@dataclass(frozen=True)
class CustomerAsk:
    customer: Customer
    key: str


@dataclass(frozen=True)
class UpdateAsk:
    ref: OrderRef
    change: Change
    key: str


@dataclass(frozen=True)
class Done(Generic[T]):
    """One element of a batch went well; `value` is what the single hook would have answered."""

    value: T


@dataclass(frozen=True)
class Failed:
    """One element of a batch failed; `error` is what the single hook would have raised."""

    error: OrderSyncError


Outcome = Done[T] | Failed


@dataclass(frozen=True, repr=False)
class Delivery:
    """A webhook call exactly as it arrived. Header names are lower case; `body` is the raw bytes."""

    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


class Event(Frozen):
    """Something happened to an order; thin: the order is then read by `get_order`."""

    id: str
    """The platform's id of the delivery or event; the same one twice is one event."""
    topic: str
    order_id: str
    happened_at: UtcTime | None = None


@dataclass(frozen=True)
class Receipt:
    """What a verified delivery meant, and what to answer."""

    events: tuple[Event, ...] = ()
    reply_status: int = 200
    reply_body: bytes = b""


class Subscription(Frozen):
    """A webhook subscription on the platform."""

    id: str
    topic: str
    address: str


class DiscountCheck(Frozen):
    code: str
    valid: bool
    reason: str = ""


class Problem(Frozen):
    """Why an order cannot go on by itself."""

    code: str
    """Stable: `unknown_sku`, `ambiguous_sku`, `totals_differ` …"""
    message: str
    remedy: str = ""
    place: str = ""
    """JSON Pointer into the order, where it is about a part."""
    subject: str = ""
    """What it is about, e.g. the SKU: orders that wait for the same are freed together."""


class Decision(Frozen):
    """How an extension settles a problem; the first answer in declared order wins."""

    action: str
    """`park`, `skip`, `use_item` (with `sku`), `as_custom_line`, `as_guest` or `go_on`."""
    sku: str | None = None
    reason: str = ""


def only(outcomes: Sequence[Done[T] | Failed]) -> T:
    """The value of a batch of one; raises the error that it failed with. For connectors whose single hooks ask the
    batch hooks."""
    (outcome,) = outcomes
    if isinstance(outcome, Failed):
        raise outcome.error
    return outcome.value


@dataclass(frozen=True)
class RunReport:
    """What a run of a route came to."""

    run: str
    route: str
    seen: int = 0
    created: int = 0
    unchanged: int = 0
    parked: int = 0
    skipped: int = 0
    failed: int = 0
    seconds: float = 0.0
    totals_checked: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Parked orders of this run by problem code."""
    interrupted: bool = False
    halted: str = ""
    """Why the route stands still from now on; empty if it does not."""
    moved: Mapping[str, str] = field(default_factory=dict)
    """Orders of a plan that were left out, by number, and what has changed since it was made."""
    elapsed: timedelta = timedelta(0)
