"""Ways into the sandbox, and drafts whose figures SAP Business One holds as they are."""

from __future__ import annotations

import json
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
from ordersync.testing.csdl import Csdl
from ordersync.testing.openapi import Known, Recorder
from ordersync.testing.specs import vendor_specs
from ordersync.web import Access, VirtualClock
from ordersync_erp_sapb1 import SapB1Connector
from ordersync_erp_sapb1.sandbox import Sandbox

PLACED_AT = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)
AMBER = Address(
    first_name="Buyer",
    last_name="Amber",
    line1="9 Pine Road",
    line2="Unit 3",
    city="New York",
    postcode="10001",
    country="US",
    subdivision="NY",
)
CUSTOMER = Customer(
    id="77",
    email="pine.amber@example.com",
    phone="+12125550199",
    first_name="Buyer",
    last_name="Amber",
    address=AMBER,
)
CUSTOMER_KEY = "oc-abcdefghijklmnopqrstuvwxyz"
KNOWN = [
    Known(
        "* body */DocDate",
        "days are sent without a time, as the reference's own samples do (Orders, DocDueDate 2014-04-04)",
    ),
    Known("* body */DocDueDate", "the same"),
    Known("* body */TaxDate", "the same"),
    Known(
        "POST QueryService_PostQuery answer 200 /value",
        "the metadata says text; the manual's and the reference's answers are rows",
    ),
]


class Wire(httpx.BaseTransport):
    """Passes requests on, and does to the next of them what a test says: `tamper(request, response) -> response`."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner
        self.requests: list[httpx.Request] = []
        self.tamper: Callable[[httpx.Request, httpx.Response], httpx.Response] | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        response = self.inner.handle_request(request)
        response.read()
        return self.tamper(request, response) if self.tamper else response

    @staticmethod
    def body(request: httpx.Request) -> dict[str, Any]:
        """The JSON that was sent."""
        body = json.loads(request.content)
        assert isinstance(body, dict)
        return body

    def named(self, method: str, name: str) -> list[httpx.Request]:
        return [
            one
            for one in self.requests
            if one.method == method and one.url.path.rpartition("/")[2].startswith(name)
        ]


@dataclass
class Desk:
    """A sandbox, a connector on it, and what goes between them."""

    sandbox: Sandbox
    connector: SapB1Connector
    clock: VirtualClock
    wire: Wire
    recorder: Recorder
    buyer: Customer = CUSTOMER
    buyer_key: str = CUSTOMER_KEY

    def orders(self) -> list[dict[str, Any]]:
        return list(self.sandbox.company.table("Orders").values())

    def item(self, sku: str = "LAMP-01") -> Item:
        item = self.connector.resolve_sku(sku)
        assert item is not None
        return item

    def customer(self) -> CustomerRef:
        return self.connector.create_customer(CUSTOMER, CUSTOMER_KEY)

    def draft(self, number: str = "1001", *, included: bool = False, **changes: Any) -> Draft:
        """Two lamps at 40.00 and shipping of 5.00, each with 8.875 % on top, or with 19 % within."""
        key = order_key("test", "account", number)
        rate = Decimal("0.19") if included else Decimal("0.08875")

        def line(position: int, kind: LineKind, listed: str, quantity: int, taxed: str) -> DraftLine:
            taxes = (Tax(title="Tax", rate=rate, amount=Decimal(taxed)),)
            return DraftLine(
                position=position,
                key=operation_key(key, f"line:{position}"),
                kind=kind,
                title="Lamp" if kind is LineKind.ITEM else "Standard",
                item=self.item() if kind is LineKind.ITEM else None,
                quantity=Decimal(quantity),
                amounts=Amounts.of(Decimal(listed), taxes=taxes, taxes_included=included),
                asked_price=Decimal(listed) / quantity,
            )

        lines = (
            line(0, LineKind.ITEM, "80.00", 2, "12.77" if included else "7.10"),
            line(1, LineKind.SHIPPING, "5.00", 1, "0.80" if included else "0.44"),
        )
        net = sum((each.amounts.net for each in lines), Decimal(0))
        taxed = sum((each.amounts.tax for each in lines), Decimal(0))
        known: dict[str, Any] = {
            "key": key,
            "source_platform": "Shopify",
            "source_id": number,
            "number": f"#{number}",
            "currency": "EUR" if included else "USD",
            "taxes_included": included,
            "customer_ref": changes.pop("customer_ref", None) or self.customer(),
            "billing": AMBER,
            "shipping": AMBER,
            "lines": lines,
            "expected": Totals(currency="EUR" if included else "USD", net=net, tax=taxed, total=net + taxed),
            "placed_at": PLACED_AT,
        }
        return Draft(**{**known, **changes})


Opened = Callable[..., Desk]


@pytest.fixture
def open_desk() -> Iterator[Opened]:
    """Opens a sandbox: `open_desk(options={…}, quirks={…}, orders=3, preview=False …)`."""
    connectors = []

    def opened(
        *,
        options: dict[str, str] | None = None,
        quirks: dict[str, str] | None = None,
        orders: int = 0,
        **more: Any,
    ) -> Desk:
        clock = VirtualClock()
        sandbox = Sandbox(clock=clock, orders=orders, options=options, quirks=quirks)
        given = {**sandbox.settings("http://sapb1.sandbox"), **more}
        given.pop("connector")
        recorder = Recorder(sandbox.transport())
        wire = Wire(recorder)
        access = Access(transport=wire, clock=clock)
        connector = SapB1Connector(SapB1Connector.settings_model.model_validate(given), access)
        connectors.append(connector)
        return Desk(sandbox, connector, clock, wire, recorder)

    yield opened
    for connector in connectors:
        connector.close()


@pytest.fixture(params=["v2", "v1"])
def desk(request: pytest.FixtureRequest, open_desk: Opened) -> Desk:
    """Each version of the Service Layer."""
    return open_desk(options={"version": request.param})


@pytest.fixture(scope="session")
def metadata() -> Csdl:
    """The vendor's $metadata of v2."""
    return Csdl(
        vendor_specs("sap-business-one") / "csdl" / "metadata.v2.xml.gz", root="/b1s/v2/", known=KNOWN
    )
