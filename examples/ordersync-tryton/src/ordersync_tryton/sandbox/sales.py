"""What Tryton makes of a sale: amounts, taxes, and the states that its buttons lead to."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import cycle, groupby
from typing import Any

from ordersync.testing.kit import Fault, Record

from ordersync_tryton.sandbox.models import UserError

__all__ = ["BUTTONS", "amount_of", "checked_line", "tax_of"]

BUTTONS = {
    "quote": (("draft",), "quotation"),
    "confirm": (("quotation",), "confirmed"),
    "cancel": (("draft", "quotation"), "cancelled"),
    "draft": (("cancelled", "quotation", "confirmed"), "draft"),
}
"""Button → the states in which it can be pressed, and the state that follows."""


def amount_of(line: Record, step: Decimal) -> Decimal:
    """Quantity times unit price, in the currency's steps."""
    return _round(line["quantity"] * line["unit_price"], step)


def tax_of(lines: Sequence[Record], taxes: dict[int, Record], step: Decimal, method: str) -> Decimal:
    """The tax of a sale. Lines with the same taxes, and the same sign, are taken together."""

    def kind(line: Record) -> tuple[list[int], bool]:
        return line["taxes"], line["quantity"] * line["unit_price"] >= 0

    total = Decimal(0)
    for (borne, _), group in groupby(sorted(lines, key=kind), key=kind):
        rows = [[_unrounded(line, taxes[each]) for each in borne] for line in group]
        if method == "document":
            rows = [[sum(column, Decimal(0)) for column in zip(*rows, strict=True)]]
        total += sum((_balanced(row, step) for row in rows), Decimal(0))
    return total


def _unrounded(line: Record, tax: Record) -> Decimal:
    if tax["type"] == "fixed":
        return Decimal(tax["amount"] * line["quantity"])
    return Decimal(line["unit_price"] * tax["rate"] * line["quantity"])


def _balanced(amounts: Sequence[Decimal], step: Decimal) -> Decimal:
    """Each tax is rounded; the whole steps that rounding added are taken off in turn from every tax that is not zero.

    Where none is left, the real server goes round until it is stopped after a minute.
    """
    parts = [_round(amount, step) for amount in amounts]
    added = int(_round(sum(parts, Decimal(0)) - sum(amounts, Decimal(0)), step) / step)
    for turn in cycle(range(len(parts))):
        if not added:
            break
        if not any(parts):
            raise Fault(504, "timeout", "The server took too long.")
        if parts[turn]:
            sign = 1 if added > 0 else -1
            parts[turn] -= sign * step
            added -= sign
    return sum(parts, Decimal(0))


def _round(amount: Decimal, step: Decimal) -> Decimal:
    return (amount / step).quantize(Decimal(1), ROUND_HALF_EVEN) * step


def checked_line(line: Record, *, taxes: Any, salable: Any, whole: Any) -> None:
    """What `create` looks at. Raises UserError in Tryton's words."""
    price, quantity = line.get("unit_price"), line.get("quantity")
    if price is None or quantity is None:
        name = "Unit Price" if price is None else "Quantity"
        raise UserError(
            f'A value is required for field "{name}" in record "{line.get("description")}" of "Sale Line".'
        )
    if price != price.quantize(Decimal("0.0001")):
        raise UserError(_digits("Unit Price", price, 4))
    if line.get("unit") and whole(line["unit"]) and quantity != int(quantity):
        raise UserError(_digits("Quantity", quantity, 0))
    for each in line["taxes"]:
        if not taxes(each):
            raise UserError(_domain("Taxes", each))
    if line.get("product") and not salable(line["product"]):
        raise UserError(_domain("Product", line["product"]))


def _digits(field: str, value: Decimal, digits: int) -> str:
    return (
        f'The number of digits in the value "\'{value}\'" for field "{field}" in record "…" of "Sale Line" '
        f'exceeds the limit of "(None, {digits})".'
    )


def _domain(field: str, value: object) -> str:
    return f'The value "{value}" for field "{field}" in record "…" of "Sale Line" is not valid according to its domain.'
