"""Orders with exact totals, for tests of connectors: from a file of cases to the model.

A case has `currency`, `prices_include_tax`, `lines` (unit price, quantity, discounts, `total_after_discounts`, taxes with
their amounts), `shipping`, `payments` and `expected` totals; all amounts are decimal strings in the order's currency.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ordersync.model import (
    ZERO,
    Address,
    Amounts,
    Charge,
    ChargeKind,
    Customer,
    Discount,
    Line,
    Order,
    Payment,
    PaymentKind,
    PaymentStatus,
    Tax,
    shares,
)

__all__ = ["money_cases", "order_of_case"]


def money_cases() -> list[dict[str, Any]]:
    """The cases of `money-cases/cases.json`, beside the vendors' specifications; skips where there are none."""
    named = os.environ.get("ORDERSYNC_SPECS")
    here = Path.cwd().resolve()
    roots = [Path(named).parent] if named else [folder / "shared" for folder in (here, *here.parents)]
    for root in roots:
        file = root / "money-cases" / "cases.json"
        if file.is_file():
            cases: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))["cases"]
            return cases
    message = "no money cases here; set ORDERSYNC_SPECS to the folder beside them"
    if os.environ.get("CI") or named:
        pytest.fail(message)
    pytest.skip(message)


def order_of_case(case: dict[str, Any]) -> Order:
    """The case as an order. Line taxes that were rounded per order are allocated back by largest remainder."""
    currency, included = case["currency"], case["prices_include_tax"]
    parts = [*case["lines"], *([case["shipping"]] if case["shipping"] else [])]
    exact = [Decimal(tax["amount"]) for part in parts for tax in part["taxes"]]
    amounts = exact
    if exact:
        amounts = shares(Decimal(case["expected"]["tax"]), [abs(amount) for amount in exact], currency)
        if case["tax_rounding"] != "order":
            amounts = exact
    given = iter(amounts)

    def taxes(part: dict[str, Any]) -> tuple[Tax, ...]:
        return tuple(
            Tax(title=tax["title"], rate=Decimal(tax["rate"]), amount=next(given)) for tax in part["taxes"]
        )

    lines = []
    for i, line in enumerate(case["lines"]):
        discounts = [
            Discount(amount=Decimal(line["line_discount"]), percent=_percent(line)),
            Discount(amount=Decimal(line["order_discount_share"])),
        ]
        kept = tuple(discount for discount in discounts if discount.amount)
        listed = Decimal(line["total_after_discounts"]) + sum((off.amount for off in kept), ZERO)
        lines.append(
            Line(
                id=str(i + 1),
                sku=line["sku"],
                title=line["title"],
                quantity=Decimal(line["quantity"]),
                amounts=Amounts.of(
                    listed,
                    discounts=kept,
                    taxes=taxes(line),
                    taxes_included=included,
                    unit_price=Decimal(line["unit_price"]),
                ),
            )
        )
    charges = []
    if case["shipping"]:
        price = Decimal(case["shipping"]["price"])
        charges.append(
            Charge(
                kind=ChargeKind.SHIPPING,
                title=case["shipping"]["title"],
                amounts=Amounts.of(
                    price, taxes=taxes(case["shipping"]), taxes_included=included, unit_price=price
                ),
            )
        )
    at = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)
    address = Address(
        first_name="Buyer",
        last_name="Amber",
        line1="1 Water Street",
        city="New York",
        postcode="10001",
        country="US",
        subdivision="NY",
    )
    return Order(
        id=case["id"],
        number=case["id"],
        currency=currency,
        taxes_included=included,
        total=Decimal(case["expected"]["total"]),
        lines=tuple(lines),
        charges=tuple(charges),
        payments=tuple(
            Payment(
                amount=Decimal(payment["amount"]),
                kind=PaymentKind.GIFT_CARD if payment["kind"] == "gift_card" else PaymentKind.SALE,
            )
            for payment in case["payments"]
        ),
        payment_status=PaymentStatus.PAID,
        customer=Customer(
            id="7", email="buyer.amber@example.com", first_name="Buyer", last_name="Amber", address=address
        ),
        email="buyer.amber@example.com",
        billing=address,
        shipping=address,
        placed_at=at,
        updated_at=at,
    )


def _percent(line: dict[str, Any]) -> Decimal | None:
    return Decimal(line["line_discount_percent"]) if line["line_discount_percent"] else None
