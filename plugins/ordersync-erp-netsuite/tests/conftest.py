"""Ways into the sandbox, and drafts of orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ordersync import (
    Address,
    Amounts,
    Customer,
    CustomerRef,
    Draft,
    DraftLine,
    Item,
    LineKind,
    OrderRef,
    Tax,
    Totals,
    operation_key,
    order_key,
)
from ordersync.testing.openapi import Recorder
from ordersync.web import Access, VirtualClock
from ordersync_erp_netsuite import NetSuiteConnector
from ordersync_erp_netsuite.sandbox import Sandbox

PLACED_AT = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)
AMBER = Address(
    first_name="Buyer",
    last_name="Amber",
    line1="9 Pine Road",
    city="New York",
    postcode="10001",
    country="US",
    subdivision="NY",
)
CUSTOMER = Customer(
    id="77", email="pine.amber@example.com", first_name="Buyer", last_name="Amber", address=AMBER
)


@dataclass
class Desk:
    """A sandbox and a connector on it."""

    sandbox: Sandbox
    connector: NetSuiteConnector
    clock: VirtualClock
    recorder: Recorder

    def item(self, sku: str = "LAMP-01") -> Item:
        item = self.connector.resolve_sku(sku)
        assert item is not None
        return item

    def customer(self) -> CustomerRef:
        return self.connector.create_customer(CUSTOMER, "oc-aaaaaaaaaaaaaaaaaaaaaaaaaa")

    def order(self, ref: OrderRef) -> dict[str, Any]:
        """What a person sees of an order."""
        return self.sandbox.store.get("salesOrder", ref.id)

    def asked(self, method: str, word: str = "") -> int:
        """How many requests of this kind were sent so far."""
        return sum(1 for each in self.recorder.exchanges if each.method == method and word in each.url)

    def draft(self, number: str = "1001", **changes: Any) -> Draft:
        """Two lamps at 40.00 and shipping of 5.00, each with 8.875 % on top."""
        key = order_key("test", "account", number)

        def line(position: int, kind: LineKind, net: str, quantity: int, taxed: str) -> DraftLine:
            taxes = (Tax(title="Sales tax", rate=Decimal("0.08875"), amount=Decimal(taxed)),)
            return DraftLine(
                position=position,
                key=operation_key(key, f"line:{position}"),
                kind=kind,
                title="Lamp" if kind is LineKind.ITEM else "Standard shipping",
                item=self.item() if kind is LineKind.ITEM else None,
                quantity=Decimal(quantity),
                amounts=Amounts(list_amount=Decimal(net), net=Decimal(net), taxes=taxes),
                asked_price=Decimal(net) / quantity,
            )

        lines = (
            line(0, LineKind.ITEM, "80.00", 2, "7.10"),
            line(1, LineKind.SHIPPING, "5.00", 1, "0.44"),
        )
        known: dict[str, Any] = {
            "key": key,
            "source_platform": "Shopify",
            "source_id": number,
            "number": f"#{number}",
            "currency": "USD",
            "taxes_included": False,
            "customer_ref": changes.pop("customer_ref", None) or self.customer(),
            "billing": AMBER,
            "shipping": AMBER,
            "lines": lines,
            "expected": Totals(
                currency="USD", net=Decimal("85.00"), tax=Decimal("7.54"), total=Decimal("92.54")
            ),
            "placed_at": PLACED_AT,
        }
        return Draft(**{**known, **changes})


Opened = Callable[..., Desk]


@pytest.fixture
def open_desk() -> Iterator[Opened]:
    """Opens a sandbox: `open_desk({"tax": "none"}, quirks={…}, orders=20, approve=False …)`."""
    connectors = []

    def opened(
        options: Mapping[str, str] | None = None,
        *,
        quirks: Mapping[str, str] | None = None,
        orders: int = 0,
        **more: Any,
    ) -> Desk:
        clock = VirtualClock()
        sandbox = Sandbox(clock=clock, orders=orders, options=options, quirks=quirks)
        given = {**sandbox.settings("http://netsuite.sandbox"), **more}
        given.pop("connector")
        settings = NetSuiteConnector.settings_model.model_validate(given)
        recorder = Recorder(sandbox.transport())
        connector = NetSuiteConnector(settings, Access(transport=recorder, clock=clock))
        connectors.append(connector)
        return Desk(sandbox, connector, clock, recorder)

    yield opened
    for connector in connectors:
        connector.close()


@pytest.fixture
def desk(open_desk: Opened) -> Desk:
    """The account as it is by default: SuiteTax, OneWorld, OAuth 2.0."""
    return open_desk()
