"""A Tryton stand-in with its connector, on a clock that a test moves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ordersync import (
    Address,
    Amounts,
    Customer,
    CustomerRef,
    Draft,
    DraftLine,
    Order,
    OrderQuery,
    Tax,
    Totals,
)
from ordersync.web import Access, VirtualClock

from ordersync_tryton import TrytonConnector
from ordersync_tryton.sandbox import Sandbox

sys.path.insert(0, str(Path(__file__).parent))

KEY = "os-" + "k" * 26


@dataclass
class Office:
    """One server, and a connector to it."""

    sandbox: Sandbox
    connector: TrytonConnector
    clock: VirtualClock

    def orders(self, **asked: Any) -> list[Order]:
        """Everything that a listing gives."""
        return [order for page in self.connector.list_orders(OrderQuery(**asked)) for order in page.orders]

    def buyer(self) -> CustomerRef:
        """A customer who is there."""
        customer = Customer(email="buyer@example.com", first_name="Buyer", last_name="One")
        return self.connector.create_customer(customer, "oc-" + "b" * 26)

    def draft(self, *lines: DraftLine, tax: str, key: str = KEY, **more: Any) -> Draft:
        """A draft in USD whose tax is said, whatever the lines' is."""
        return draft_of(*lines, tax=tax, key=key, **{"customer_ref": self.buyer(), **more})


def draft_of(*lines: DraftLine, tax: str, key: str = KEY, **more: Any) -> Draft:
    """A draft in USD whose tax is said, whatever the lines' is."""
    net = sum((line.amounts.net for line in lines), Decimal(0))
    given = {
        "key": key,
        "source_platform": "shop",
        "source_id": "1",
        "number": "#1001",
        "currency": "USD",
        "taxes_included": False,
        "lines": lines,
        "expected": Totals(currency="USD", net=net, tax=Decimal(tax), total=net + Decimal(tax)),
        "billing": Address(first_name="Buyer", last_name="One", line1="1 Mill Lane", country="GB"),
        "placed_at": datetime(2026, 11, 1, 12, tzinfo=UTC),
    }
    return Draft.model_validate({**given, **more})


def line(position: int, net: str, *rates: str, quantity: str = "1") -> DraftLine:
    """A line that comes to `net`, with taxes of these rates."""
    taxes = tuple(Tax(rate=Decimal(rate), amount=Decimal(0)) for rate in rates)
    amounts = Amounts(list_amount=Decimal(net), net=Decimal(net), taxes=taxes)
    price = Decimal(net) / Decimal(quantity)
    return DraftLine(
        position=position,
        key=KEY,
        title="Thing",
        quantity=Decimal(quantity),
        amounts=amounts,
        asked_price=price,
    )


@pytest.fixture
def open_office() -> Iterator[Callable[..., Office]]:
    opened: list[TrytonConnector] = []

    def build(*, orders: int = 0, settings: dict[str, Any] | None = None, **options: str) -> Office:
        clock = VirtualClock()
        sandbox = Sandbox(clock=clock, orders=orders, options=options)
        section = {**sandbox.settings("http://tryton.sandbox"), **(settings or {})}
        section.pop("connector")
        access = Access(transport=sandbox.transport(), clock=clock)
        opened.append(TrytonConnector(TrytonConnector.settings_model.model_validate(section), access))
        return Office(sandbox, opened[-1], clock)

    yield build
    for connector in opened:
        connector.close()
