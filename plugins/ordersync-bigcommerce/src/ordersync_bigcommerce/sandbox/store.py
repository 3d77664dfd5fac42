"""What the store holds, as plain rows; and the sums of an order, as the vendor's documents have them."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

__all__ = ["FOUR", "STORE_HASH", "TABLES", "Row", "Store", "four", "sums", "units"]

Row = dict[str, Any]
STORE_HASH = "sandbox1"
FOUR = Decimal("0.0001")
ZERO = Decimal(0)
TABLES = ("products", "variants", "customers", "orders", "hooks", "coupons", "refunds")
FIRST = {"products": 77, "variants": 300, "customers": 1, "orders": 100, "hooks": 20_000_000}
DIGITS = {"JPY": 0, "KWD": 3}


def four(amount: Decimal) -> Decimal:
    """With four decimals, as amounts are kept."""
    return amount.quantize(FOUR, rounding=ROUND_HALF_UP)


def units(amount: Decimal, currency: str) -> Decimal:
    """Rounded to what can be paid in the currency."""
    return amount.quantize(Decimal(1).scaleb(-DIGITS.get(currency, 2)), rounding=ROUND_HALF_UP)


@dataclass
class Store:
    """Rows by table and id, and the next free numbers."""

    products: dict[int, Row] = field(default_factory=dict)
    variants: dict[int, Row] = field(default_factory=dict)
    customers: dict[int, Row] = field(default_factory=dict)
    orders: dict[int, Row] = field(default_factory=dict)
    hooks: dict[int, Row] = field(default_factory=dict)
    coupons: dict[int, Row] = field(default_factory=dict)
    refunds: dict[int, Row] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)

    def number(self, what: str) -> int:
        """The next free number of a kind of thing."""
        self.taken[what] = self.taken.get(what, FIRST.get(what, 1) - 1) + 1
        return self.taken[what]

    def add(self, table: str, row: Row) -> Row:
        """Keep a row under a new id."""
        row["id"] = self.number(table)
        getattr(self, table)[row["id"]] = row
        return row

    def touch(self, order: Row, now: datetime) -> None:
        """An order was changed: times have no fractions of seconds there."""
        order["modified"] = now.replace(microsecond=0)

    def state(self) -> Row:
        """Everything, as plain data."""
        rows = {table: deepcopy(list(getattr(self, table).values())) for table in TABLES}
        return {**rows, "taken": dict(self.taken)}

    @classmethod
    def of(cls, state: Row) -> Store:
        """What `state` described."""
        store = cls(taken=dict(state["taken"]))
        for table in TABLES:
            setattr(store, table, {row["id"]: row for row in deepcopy(state[table])})
        return store


def sums(order: Row) -> dict[str, Decimal]:
    """The order's totals.

    Lines are price × quantity, with and without tax; taxes are what was given (the difference of a pair, or the tax
    after discounts that the shop computed); the discount comes off the amount in whose basis the prices are. Then
    `total_ex_tax + total_tax = total_inc_tax`.
    """
    lines = order["lines"]
    subtotal_ex = _sum(line_ex(line) for line in lines)
    subtotal_inc = _sum(line_inc(line) for line in lines)
    pairs = [order[name] for name in ("shipping", "handling", "wrapping")]
    pairs += [[fee["ex"], fee["inc"]] for fee in order["fees"]]
    extra_ex, extra_inc = _sum(pair[0] for pair in pairs), _sum(pair[1] for pair in pairs)
    off = order["discount"] + order["coupon_discount"]
    tax = _sum(line_tax(line) for line in lines) + extra_inc - extra_ex
    if order["included"]:
        total_inc = subtotal_inc + extra_inc - off
        total_ex = total_inc - tax
    else:
        total_ex = subtotal_ex + extra_ex - off
        total_inc = total_ex + tax
    return {
        "subtotal_ex_tax": subtotal_ex,
        "subtotal_inc_tax": subtotal_inc,
        "subtotal_tax": _sum(line_tax(line) for line in lines),
        "total_ex_tax": total_ex,
        "total_inc_tax": total_inc,
        "total_tax": tax,
    }


def line_ex(line: Row) -> Decimal:
    """A line without tax, before discounts."""
    return four(line["ex"] * line["quantity"])


def line_inc(line: Row) -> Decimal:
    """A line with tax, before discounts."""
    return four(line["inc"] * line["quantity"])


def line_tax(line: Row) -> Decimal:
    """A line's tax, after discounts where the shop itself computed it."""
    given: Decimal | None = line["tax"]
    return line_inc(line) - line_ex(line) if given is None else given


def line_paid(line: Row, included: bool) -> Decimal:
    """What the shopper pays for a line: after discounts, with tax."""
    off = _sum(one["amount"] for one in line["discounts"])
    if included:
        return line_inc(line) - off
    return line_ex(line) - off + line_tax(line)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
