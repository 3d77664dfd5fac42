"""What an explanation of one order's amounts consists of. All amounts are in major units of the order's currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from ordersync.model import Arithmetic, Discount, OrderRef, Problem, Stated, Totals

__all__ = [
    "Allocation",
    "At",
    "Cause",
    "ChargeShown",
    "Explained",
    "LineShown",
    "Part",
    "Share",
    "Step",
    "TaxShown",
]


@dataclass(frozen=True)
class TaxShown:
    """One tax on one charge, and what its rate would give."""

    title: str
    rate: Decimal | None
    amount: Decimal
    exact: Decimal | None
    """Base × rate, unrounded; None where the source states no rate."""


@dataclass(frozen=True)
class Part:
    """One charge in one money set."""

    list_amount: Decimal
    discount: Decimal
    net: Decimal
    tax: Decimal
    gross: Decimal


@dataclass(frozen=True)
class ChargeShown:
    """One thing that is paid for, as the source sold it. `place` is its JSON Pointer in the order."""

    place: str
    kind: str
    """`line`, `shipping`, `fee`, `tip` or `duty`."""
    title: str
    sku: str | None
    quantity: Decimal
    unit_price: Decimal | None
    list_amount: Decimal
    discounts: tuple[Discount, ...]
    net: Decimal
    taxes: tuple[TaxShown, ...]
    gross: Decimal
    other: Part | None
    """The same charge in the money set that was not chosen."""


@dataclass(frozen=True)
class Share:
    """One charge's part of a whole: base, exact share, floor, remainder, what largest remainder gives, what it got."""

    place: str
    title: str
    base: Decimal
    exact: Decimal
    floor: Decimal
    remainder: Decimal
    largest_remainder: Decimal
    given: Decimal


@dataclass(frozen=True)
class Allocation:
    """A discount or a tax that stands on several charges."""

    kind: Literal["discount", "tax"]
    title: str
    rate: Decimal | None
    """The tax's rate as a fraction, the discount's percent / 100; None where the source states none."""
    whole: Decimal
    """Σ of what the charges got: the source tells allocated amounts only."""
    base: str
    """What the shares are measured by."""
    how: str
    """Which rule gives exactly what the charges got, or that none does."""
    shares: tuple[Share, ...]


@dataclass(frozen=True)
class LineShown:
    """One line as the target is asked for it."""

    position: int
    origin: str
    """The JSON Pointer of the charge it stands for; empty for one that was added."""
    kind: str
    title: str
    sku: str | None
    quantity: Decimal
    price: Decimal
    percent: Decimal
    net: Decimal
    """What it must come to."""
    tax: Decimal
    predicted_net: Decimal
    """What the target makes of it, were it alone."""
    predicted_tax: Decimal
    change: str
    """What fitting it to the target changed; empty if nothing."""


@dataclass(frozen=True)
class Cause:
    """One reason for a difference, and how much of it. `place` is empty where it is about the whole order."""

    place: str
    what: str
    net: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Step:
    """From one set of totals to the next: by how much they differ, and why. The causes add up to the difference."""

    between: str
    net: Decimal
    tax: Decimal
    total: Decimal
    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class At:
    """The amount that a problem is about."""

    code: str
    place: str
    title: str
    amount: Decimal | None
    """None where the problem is about no single amount."""


@dataclass(frozen=True)
class Explained:
    """Every amount of one order, from the source to the target. What could not be known is None, and `notes` say why."""

    route: str
    source_id: str
    number: str
    key: str
    state: str | None
    """As the ledger has it; None if it never saw the order."""
    target: OrderRef | None
    problems: tuple[Problem, ...]
    problems_at: tuple[At, ...]
    currency: str
    money_set: str
    chosen_by: str
    other_currency: str | None
    other_total: Decimal | None
    taxes_included: bool
    charges: tuple[ChargeShown, ...]
    rounding: Decimal
    stated: Stated | None
    allocations: tuple[Allocation, ...]
    source: Totals | None
    draft: Totals | None
    """Σ of the draft's lines before it is fitted."""
    unfitted: Totals | None
    """What the target would make of them."""
    arithmetic: Arithmetic
    lines: tuple[LineShown, ...]
    order_discount: Decimal
    """One discount on the whole order that is sent beside the lines, in the tax basis."""
    predicted: Totals | None
    found: Totals | None
    """The target's own totals, read back by key."""
    tolerance: Decimal
    adjustment: int
    steps: tuple[Step, ...]
    notes: tuple[str, ...]
