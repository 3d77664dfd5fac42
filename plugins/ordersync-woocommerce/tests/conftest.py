"""A way into the sandbox, and drafts for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from ordersync import (
    Address,
    Amounts,
    Draft,
    DraftLine,
    Item,
    LineKind,
    PaymentStatus,
    Tax,
    Totals,
    operation_key,
    order_key,
)
from ordersync.testing.contract.wire import Wire, change_by
from ordersync.web import Access, VirtualClock, read
from ordersync_woocommerce import WooCommerceConnector
from ordersync_woocommerce.sandbox import Sandbox

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


@dataclass
class Stall:
    """A sandbox and a connector on it."""

    sandbox: Sandbox
    connector: WooCommerceConnector
    clock: VirtualClock
    wire: Wire

    @property
    def requests(self) -> list[httpx.Request]:
        """What was sent so far."""
        return [one.request for one in self.wire.exchanges]

    def bodies(self, method: str, path: str) -> list[Any]:
        """The JSON bodies of the requests that were sent to a path."""
        return [
            read(request.content)
            for request in self.requests
            if request.method == method and request.url.path.endswith(path)
        ]

    def item(self, sku: str = "LAMP-01") -> Item:
        item = self.connector.resolve_sku(sku)
        assert item is not None
        return item

    def order(self, order_id: str) -> dict[str, Any]:
        """The sandbox's own record."""
        return self.sandbox.store.orders[int(order_id)]

    def draft(self, number: str = "1001", **changes: Any) -> Draft:
        """Two lamps at 40.00 and shipping of 5.00, each with 8.875 % on top; paid."""
        key = order_key("test", "account", number)

        def line(position: int, kind: LineKind, net: str, quantity: int, taxed: str) -> DraftLine:
            tax = Tax(title="Sales tax", rate=Decimal("0.08875"), amount=Decimal(taxed))
            return DraftLine(
                position=position,
                key=operation_key(key, f"line:{position}"),
                kind=kind,
                title="Lamp" if kind is LineKind.ITEM else "Standard shipping",
                item=self.item() if kind is LineKind.ITEM else None,
                quantity=Decimal(quantity),
                amounts=Amounts(list_amount=Decimal(net), net=Decimal(net), taxes=(tax,)),
                asked_price=Decimal(net) / quantity,
            )

        known: dict[str, Any] = {
            "key": key,
            "source_platform": "Test",
            "source_id": number,
            "number": f"#{number}",
            "currency": "USD",
            "taxes_included": False,
            "payment_status": PaymentStatus.PAID,
            "billing": AMBER,
            "shipping": AMBER,
            "lines": (
                line(0, LineKind.ITEM, "80.00", 2, "7.10"),
                line(1, LineKind.SHIPPING, "5.00", 1, "0.44"),
            ),
            "expected": Totals(
                currency="USD", net=Decimal("85.00"), tax=Decimal("7.54"), total=Decimal("92.54")
            ),
            "placed_at": PLACED_AT,
        }
        return Draft(**{**known, **changes})


Opened = Callable[..., Stall]


@pytest.fixture
def open_stall() -> Iterator[Opened]:
    """Opens a shop: `open_stall(orders=3, options={…}, taxes="real", url="https://shop.example" …)`."""
    connectors = []

    def opened(
        *,
        options: dict[str, str] | None = None,
        orders: int = 0,
        url: str = "http://shop.sandbox",
        **more: Any,
    ) -> Stall:
        clock = VirtualClock()
        sandbox = Sandbox(clock=clock, orders=orders, options=options or {})
        section = {**sandbox.settings(url), **more}
        del section["connector"]
        settings = WooCommerceConnector.settings_model.model_validate(section)
        wire = Wire(sandbox.transport(), clock, change_by(sandbox))
        connector = WooCommerceConnector(settings, Access(transport=wire, clock=clock))
        connectors.append(connector)
        return Stall(sandbox, connector, clock, wire)

    yield opened
    for connector in connectors:
        connector.close()


@pytest.fixture
def stall(open_stall: Opened) -> Stall:
    """The usual shop, over plain HTTP."""
    return open_stall()
