"""Ways into the sandbox, and drafts whose prices Odoo holds as they are."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))
from odoo_caller import VERSIONS, Caller

from ordersync import (
    Address,
    Amounts,
    Customer,
    CustomerRef,
    Draft,
    DraftLine,
    Item,
    LineKind,
    Tax,
    Totals,
    operation_key,
    order_key,
)
from ordersync.web import Access, VirtualClock
from ordersync_erp_odoo import OdooConnector
from ordersync_erp_odoo.sandbox import Sandbox

WAYS = ["17 jsonrpc", "19 jsonrpc", "19 json2"]
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
    connector: OdooConnector
    clock: VirtualClock
    drafted: int = 0

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """What a person does in Odoo, through the connector's own connection."""
        return self.connector._odoo.call(model, method, *args, **kwargs)

    def item(self, sku: str = "LAMP-01") -> Item:
        item = self.connector.resolve_sku(sku)
        assert item is not None
        return item

    def customer(self) -> CustomerRef:
        return self.connector.create_customer(CUSTOMER, "oc-amber")

    def draft(self, number: str = "1001", *, tax: bool = True, **changes: Any) -> Draft:
        """Two lamps at 40.00 and shipping of 5.00, each with 8.875 % on top."""
        key = order_key("test", "account", number)

        def line(position: int, kind: LineKind, net: str, quantity: int, taxed: str) -> DraftLine:
            taxes = (Tax(title="Sales tax", rate=Decimal("0.08875"), amount=Decimal(taxed)),) if tax else ()
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
        net = Decimal("85.00")
        taxed = sum((each.amounts.tax for each in lines), Decimal(0))
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
            "expected": Totals(currency="USD", net=net, tax=taxed, total=net + taxed),
            "placed_at": PLACED_AT,
        }
        return Draft(**{**known, **changes})


Opened = Callable[..., Desk]


@pytest.fixture
def open_desk() -> Iterator[Opened]:
    """Opens a sandbox: `open_desk("17 jsonrpc", options={…}, confirm=False …)`."""
    connectors = []

    def opened(
        way: str = "19 json2", *, options: dict[str, str] | None = None, orders: int = 0, **more: Any
    ) -> Desk:
        version, protocol = way.split()
        clock = VirtualClock()
        line = {"rounding": "round_per_line", **(options or {})}
        sandbox = Sandbox(clock=clock, orders=orders, options={"version": version, **line})
        given = sandbox.settings("http://odoo.sandbox")
        given.pop("connector")
        settings = OdooConnector.settings_model.model_validate({**given, "protocol": protocol, **more})
        access = Access(transport=sandbox.transport(), clock=clock)
        connector = OdooConnector(settings, access)
        connectors.append(connector)
        return Desk(sandbox, connector, clock)

    yield opened
    for connector in connectors:
        connector.close()


@pytest.fixture(params=WAYS)
def desk(request: pytest.FixtureRequest, open_desk: Opened) -> Desk:
    """Each version over each of its protocols."""
    return open_desk(request.param)


@pytest.fixture(params=VERSIONS)
def odoo(request: pytest.FixtureRequest) -> Iterator[Caller]:
    """A user of the stand-in, over JSON-RPC."""
    caller = Caller(request.param)
    yield caller
    caller.client.close()
