"""A store that answers what a test tells it to, a sandbox behind a recorder, and the vendor's own files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from ordersync import Address, Amounts, Customer, Draft, DraftLine, Item, LineKind, Tax, Totals
from ordersync.testing.contract.wire import Wire, change_by
from ordersync.testing.openapi import Exchange, Known, OpenApi, Recorder
from ordersync.testing.specs import vendor_specs
from ordersync.web import Access, VirtualClock
from ordersync_bigcommerce import BigCommerceConnector
from ordersync_bigcommerce.sandbox import Sandbox

TOKEN = "token-canary-0123456789"
SECRET = "client-secret-canary"
NULLS = "a live store answers null here (recorded)"
KNOWN = [
    Known("* /cart_id", NULLS),
    Known("* /*/cart_id", NULLS),
    Known("* /staff_notes", NULLS),
    Known("* /*/staff_notes", NULLS),
    Known("* /customer_message", NULLS),
    Known("* /*/customer_message", NULLS),
    Known("* /*/payment_provider_id", NULLS),
    Known("* /credit_card_type", "in every recorded order, and in the vendor's samples, but not in its schema"),
    Known("* /*/credit_card_type", "in every recorded order, and in the vendor's samples, but not in its schema"),
    Known("* /custom_status", "in every recorded order, and in the vendor's samples, but not in its schema"),
    Known("* /*/custom_status", "in every recorded order, and in the vendor's samples, but not in its schema"),
    Known("* /consignments", "a link fits both alternatives of the schema, of which one is to fit"),
    Known("* /*/consignments", "a link fits both alternatives of the schema, of which one is to fit"),
    Known("* /consignments/*/__warning__", "told of a live store (issue 960 of bigcommerce/docs)"),
    Known("GET */v2/orders query sort", "its description appends `:asc` to the values that its enum lists"),
    Known("GET */v2/orders answer 204", "an empty list is an empty 204, undocumented (seen by public clients)"),
    Known("GET */v2/coupons answer 204", "an empty list is an empty 204"),
    Known("POST */v2/orders answer 400", "refusals of V2 are not documented for orders"),
    Known("GET */v3/customers answer 200 /data/*/channel_ids", NULLS),
    Known("POST */v3/customers answer 200 /data/*/channel_ids", NULLS),
    Known("GET */v3/catalog/variants query sku:in", "used by public clients, named by no document"),
    *(
        Known(f"GET */v3/catalog/variants answer 200 /data/*/{name}", "null in every recorded variant")
        for name in (
            "price", "sale_price", "retail_price", "map_price", "fixed_cost_shipping_price", "weight", "width",
            "height", "depth", "sku_id",
        )
    ),
    *(
        Known(f"GET */v3/catalog/variants answer 200 /data/*/{name}", "in every recorded variant")
        for name in ("calculated_weight", "gtin", "mpn", "image_url")
    ),
    Known("GET */v3/hooks answer 200 /data", "a store without webhooks has none to list; one is the least there"),
    Known("GET */v3/inventory/items query variant_id:in", "described as a comma-separated list, typed as one integer"),
    Known("GET */v2/store", "documented in a file that is not among the specifications here"),
    Known("GET */v2/currencies", "documented in a file that is not among the specifications here"),
]  # fmt: skip


PROVOKED = [
    Known("* /*/consignments/*/__warning__", "told of a live store (issue 960 of bigcommerce/docs)"),
    Known("* answer 401", "not documented for every operation"),
    Known("* answer 403", "not documented for every operation"),
    Known("* answer 429", "documented in a guide, for every operation"),
    Known("* answer 400", "refusals of V2 are not documented"),
    Known("* answer 404", "refusals of V2 are not documented"),
    Known("* answer 413", "refusals of V2 are not documented"),
    Known("GET */v2/orders/{order_id} answer 404 *", "its schema is empty"),
    Known(
        "GET */v2/orders/*/* answer 204",
        "an empty list is an empty 204, undocumented (seen by public clients)",
    ),
    Known("GET */v3/catalog/variants answer 200 /data/*", "the same nulls"),
]
"""What only tests of refusals see."""


@pytest.fixture(scope="session")
def files() -> OpenApi:
    """The vendor's files, with no exception; they are read once."""
    return OpenApi(*sorted(vendor_specs("bigcommerce").glob("*.yml")))


@pytest.fixture(scope="session")
def vendor(files: OpenApi) -> OpenApi:
    """The vendor's files, with what is known to be wrong in them."""
    return files.excusing(*KNOWN)


@pytest.fixture(scope="session")
def lenient(request: pytest.FixtureRequest) -> OpenApi | None:
    """The same for tests that provoke refusals; None where the files are not."""
    try:
        files: OpenApi = request.getfixturevalue("files")
    except pytest.skip.Exception:
        return None
    return files.excusing(*KNOWN, *PROVOKED)


def one_of_a_kind(exchanges: list[Exchange]) -> list[Exchange]:
    """One for each operation, set of parameters and status: the rest is like it."""
    kinds: dict[tuple[Any, ...], Exchange] = {}
    for one in exchanges:
        url = httpx.URL(one.url)
        path = re.sub(r"\d+", "0", url.path)
        kinds[one.method, path, tuple(sorted(url.params)), one.status, bool(one.answer_body)] = one
    return list(kinds.values())


@dataclass
class Desk:
    """A sandbox, a connector to it, and what went between them."""

    sandbox: Sandbox
    connector: BigCommerceConnector
    recorder: Recorder
    clock: VirtualClock
    wire: Wire


@pytest.fixture
def open_desk(lenient: OpenApi | None) -> Iterator[Callable[..., Desk]]:
    """Desks; whatever went between connector and sandbox is held against the vendor's files at the end."""
    built = []
    recorders = []

    def build(
        orders: int = 0,
        *,
        options: dict[str, str] | None = None,
        quirks: dict[str, str] | None = None,
        **settings: Any,
    ) -> Desk:
        clock = VirtualClock()
        sandbox = Sandbox(clock=clock, seed=1, orders=orders, options=options, quirks=quirks)
        section = {**sandbox.settings("http://bigcommerce.sandbox"), **settings}
        section.pop("connector")
        wire = Wire(sandbox.transport(), clock, change_by(sandbox))
        recorder = Recorder(wire)
        connector = BigCommerceConnector(
            BigCommerceConnector.settings_model.model_validate(section),
            Access(transport=recorder, clock=clock),
        )
        built.append(connector)
        if settings.get("store_hash") is None:
            recorders.append(recorder)
        return Desk(sandbox, connector, recorder, clock, wire)

    yield build
    for connector in built:
        connector.close()
    kinds = one_of_a_kind([one for recorder in recorders for one in recorder.exchanges])
    if lenient and kinds:
        lenient.hold(kinds)


@dataclass
class Told(httpx.BaseTransport):
    """Answers by `METHOD path`, in order; the last answer stays. What nobody told is a 404 of V2's."""

    answers: dict[str, list[Any]] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    def tell(self, what: str, *answers: Any) -> None:
        """An answer is a body, a whole response, or an exception to raise."""
        self.answers.setdefault(what, []).extend(answers)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        path = request.url.path.removeprefix("/stores/abc123/")
        told = self.answers.get(f"{request.method} {path}")
        if not told:
            return httpx.Response(
                404, json=[{"status": 404, "message": "The requested resource was not found."}]
            )
        answer = told.pop(0) if len(told) > 1 else told[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return httpx.Response(204) if answer is None else httpx.Response(200, json=answer)

    def bodies(self) -> list[Any]:
        return [json.loads(one.content) for one in self.asked if one.content]


@pytest.fixture
def store() -> Told:
    return Told()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def connect(store: Told, clock: VirtualClock) -> Iterator[Callable[..., BigCommerceConnector]]:
    built = []

    def build(**settings: Any) -> BigCommerceConnector:
        connector = BigCommerceConnector(
            BigCommerceConnector.settings_model.model_validate(
                {"store_hash": "abc123", "access_token": TOKEN, "client_secret": SECRET, **settings}
            ),
            Access(transport=store, clock=clock),
        )
        built.append(connector)
        return connector

    yield build
    for connector in built:
        connector.close()


def line(position: int = 0, net: str = "10.00", tax: str = "0.00", **more: Any) -> DraftLine:
    amount = Decimal(net)
    taxes = (Tax(title="Tax", rate=Decimal("0.1"), amount=Decimal(tax)),) if Decimal(tax) else ()
    return DraftLine(
        **{
            "position": position,
            "key": f"os-line-{position}",
            "kind": LineKind.CUSTOM,
            "title": f"Thing {position}",
            "amounts": Amounts(list_amount=amount, net=amount, taxes=taxes),
            "asked_price": amount,
            **more,
        }
    )


BUYER = Address(
    first_name="Buyer",
    last_name="Amber",
    line1="1 Water Street",
    city="New York",
    postcode="10001",
    country="US",
    subdivision="NY",
    phone="+12125550100",
)


def draft(*lines: DraftLine, key: str = "os-" + "a" * 26, **more: Any) -> Draft:
    parts = lines or (line(),)
    net = sum((one.amounts.net for one in parts), Decimal(0))
    tax = sum((one.amounts.tax for one in parts), Decimal(0))
    return Draft(
        **{
            "key": key,
            "source_platform": "erp",
            "source_id": "77",
            "number": "SO-77",
            "currency": "USD",
            "taxes_included": False,
            "lines": parts,
            "email": "buyer.amber@example.com",
            "billing": BUYER,
            "shipping": BUYER,
            "expected": Totals(currency="USD", net=net, tax=tax, total=net + tax),
            "placed_at": VirtualClock().now() - timedelta(days=3),
            **more,
        }
    )


@pytest.fixture(name="draft")
def _draft() -> Callable[..., Draft]:
    return draft


@pytest.fixture(name="line")
def _line() -> Callable[..., DraftLine]:
    return line


@pytest.fixture
def customer() -> Customer:
    return Customer(
        id="7",
        email="buyer.topaz@example.com",
        phone="+12125550177",
        first_name="Buyer",
        last_name="Topaz",
        address=BUYER,
    )


@pytest.fixture
def mug(open_desk: Callable[..., Desk]) -> Item:
    item = open_desk().connector.resolve_sku("MUG-01")
    assert item is not None
    return item
