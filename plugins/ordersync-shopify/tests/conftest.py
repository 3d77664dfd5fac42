"""A shop that answers what a test tells it to, orders in the vendor's shape, and the vendor's own schema."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from graphql import GraphQLSchema, build_schema

from ordersync import Amounts, Draft, DraftLine, LineKind, Totals
from ordersync.testing.specs import vendor_specs
from ordersync.web import Access, VirtualClock
from ordersync_shopify import ShopifyConnector

TOKEN = "shpat_canary_0123456789"
COST = {
    "cost": {
        "requestedQueryCost": 12,
        "actualQueryCost": 4,
        "throttleStatus": {"maximumAvailable": 2000, "currentlyAvailable": 1996, "restoreRate": 100},
    }
}


@pytest.fixture(scope="session")
def schemas() -> dict[str, GraphQLSchema]:
    folder = vendor_specs("shopify")
    return {
        version: build_schema(
            gzip.decompress((folder / f"admin_{version}.graphql.gz").read_bytes()).decode(), assume_valid=True
        )
        for version in ("2026-07", "2026-10")
    }


class Shop(httpx.BaseTransport):
    """Answers each operation with what it was told, in order; the last answer stays. Remembers what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Any]] = defaultdict(list)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.requests: list[httpx.Request] = []
        self.version = "2026-10"

    def tell(self, operation: str, *answers: Any) -> None:
        """An answer is `data` (a dict), a whole httpx.Response, an exception to raise, or a function of the variables."""
        self.answers[operation] += answers

    def names(self) -> list[str]:
        return [name for name, _ in self.asked]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.read())
        name, variables = body["operationName"], body["variables"]
        self.requests.append(request)
        self.asked.append((name, variables))
        told = self.answers[name]
        assert told, f"nobody told the shop what to answer to {name}"
        answer = told.pop(0) if len(told) > 1 else told[0]
        if callable(answer):
            answer = answer(variables)
        if isinstance(answer, Exception):
            raise answer
        if not isinstance(answer, httpx.Response):
            answer = httpx.Response(200, json={"data": answer, "extensions": COST})
        answer.headers.setdefault("x-shopify-api-version", self.version)
        answer.headers.setdefault("x-request-id", f"request-{len(self.asked)}")
        return answer


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def connect(shop: Shop, clock: VirtualClock) -> Iterator[Callable[..., ShopifyConnector]]:
    built = []

    def build(**settings: Any) -> ShopifyConnector:
        connector = ShopifyConnector(
            ShopifyConnector.settings_model(
                **{"shop": "amber-shop.myshopify.com", "access_token": TOKEN, **settings}
            ),
            Access(transport=shop, clock=clock),
        )
        built.append(connector)
        return connector

    yield build
    for connector in built:
        connector.close()


@pytest.fixture
def connector(connect: Callable[..., ShopifyConnector]) -> ShopifyConnector:
    return connect()


def bag(amount: str, presentment: str | None = None, *, currency: str = "USD", other: str = "EUR") -> Any:
    shown = {"amount": presentment, "currencyCode": other} if presentment is not None else None
    money = {"amount": amount, "currencyCode": currency}
    return {"shopMoney": money, "presentmentMoney": shown or money}


def connection(*nodes: Any, more: str | None = None) -> Any:
    return {"nodes": list(nodes), "pageInfo": {"hasNextPage": more is not None, "endCursor": more}}


def tax(amount: Any, rate: float | None = 0.1, title: str = "Sales tax") -> Any:
    return {"title": title, "rate": rate, "priceSet": amount if isinstance(amount, dict) else bag(amount)}


def allocation(
    amount: Any, code: str | None = None, title: str | None = None, percent: float | None = None
) -> Any:
    value: dict[str, Any] = {"__typename": "MoneyV2"}
    if percent is not None:
        value = {"__typename": "PricingPercentageValue", "percentage": percent}
    application: dict[str, Any] = {
        "__typename": "AutomaticDiscountApplication",
        "title": title,
        "value": value,
    }
    if code:
        application = {"__typename": "DiscountCodeApplication", "code": code, "value": value}
    return {
        "allocatedAmountSet": amount if isinstance(amount, dict) else bag(amount),
        "discountApplication": application,
    }


def line(number: int = 1, price: Any = "10.00", quantity: int = 1, **changes: Any) -> Any:
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "title": f"Thing {number}",
        "variantTitle": None,
        "sku": f"SKU-{number}",
        "quantity": quantity,
        "currentQuantity": quantity,
        "requiresShipping": True,
        "isGiftCard": False,
        "vendor": "Amber Goods",
        "variant": {"id": f"gid://shopify/ProductVariant/{number}"},
        "product": {"id": f"gid://shopify/Product/{number}"},
        "lineItemGroup": None,
        "originalUnitPriceSet": price if isinstance(price, dict) else bag(price),
        "discountAllocations": [],
        "taxLines": [],
        "duties": [],
        "customAttributes": [],
        **changes,
    }


def shipping_line(price: Any = "5.00", **changes: Any) -> Any:
    return {
        "id": "gid://shopify/ShippingLine/1",
        "title": "Standard",
        "code": "STD",
        "source": "shopify",
        "carrierIdentifier": None,
        "originalPriceSet": price if isinstance(price, dict) else bag(price),
        "discountAllocations": [],
        "taxLines": [],
        **changes,
    }


def refund(number: int, money: Any, *parts: tuple[int, int, str, str], **changes: Any) -> Any:
    """`parts` are (line, units, subtotal, tax)."""
    return {
        "id": f"gid://shopify/Refund/{number}",
        "createdAt": "2026-10-03T10:00:00Z",
        "note": None,
        "totalRefundedSet": money if isinstance(money, dict) else bag(money),
        "duties": [],
        "refundLineItems": connection(
            *(
                {
                    "quantity": units,
                    "lineItem": {"id": f"gid://shopify/LineItem/{at}"},
                    "subtotalSet": bag(subtotal),
                    "totalTaxSet": bag(taxed),
                }
                for at, units, subtotal, taxed in parts
            )
        ),
        "refundShippingLines": {"nodes": []},
        **changes,
    }


ADDRESS = {
    "firstName": "Buyer",
    "lastName": "Amber",
    "company": None,
    "address1": "1 Water Street",
    "address2": None,
    "city": "New York",
    "zip": "10001",
    "countryCodeV2": "US",
    "province": "New York",
    "provinceCode": "NY",
    "phone": "(212) 555-0100",
}


def order(total: Any = "10.00", number: int = 1, **changes: Any) -> Any:
    """An order in the vendor's shape: one line of 10.00 unless told otherwise."""
    total = total if isinstance(total, dict) else bag(total)
    zero = bag("0.0", "0.0" if "EUR" in json.dumps(total) else None)
    return {
        "__typename": "Order",
        "id": f"gid://shopify/Order/{number}",
        "name": f"#{1000 + number}",
        "sourceIdentifier": None,
        "sourceName": "web",
        "poNumber": None,
        "note": None,
        "tags": [],
        "test": False,
        "email": "buyer.amber@example.com",
        "phone": None,
        "createdAt": "2026-10-01T09:30:05Z",
        "processedAt": "2026-10-01T09:30:00Z",
        "updatedAt": "2026-10-02T08:00:00Z",
        "cancelledAt": None,
        "cancelReason": None,
        "closedAt": None,
        "edited": False,
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "UNFULFILLED",
        "fullyPaid": True,
        "unpaid": False,
        "currencyCode": total["shopMoney"]["currencyCode"],
        "presentmentCurrencyCode": total["presentmentMoney"]["currencyCode"],
        "taxesIncluded": False,
        "dutiesIncluded": False,
        "estimatedTaxes": False,
        "confirmationNumber": "ABC123",
        "discountCodes": [],
        "customAttributes": [],
        "totalPriceSet": total,
        "totalTaxSet": zero,
        "totalDiscountsSet": zero,
        "currentTotalPriceSet": total,
        "currentTotalTaxSet": zero,
        "currentSubtotalPriceSet": total,
        "currentTotalDiscountsSet": zero,
        "totalTipReceivedSet": zero,
        "totalCashRoundingAdjustment": {"paymentSet": zero},
        "additionalFees": [],
        "customer": {
            "id": "gid://shopify/Customer/7",
            "firstName": "Buyer",
            "lastName": "Amber",
            "note": None,
            "defaultEmailAddress": {"emailAddress": "buyer.amber@example.com"},
            "defaultPhoneNumber": None,
        },
        "purchasingEntity": {"__typename": "Customer"},
        "billingAddress": ADDRESS,
        "shippingAddress": ADDRESS,
        "lineItems": connection(line()),
        "shippingLines": connection(),
        "transactions": [],
        "refunds": [],
        "fulfillments": [],
        **changes,
    }


def placed(
    total: str = "10.00", taxed: str = "0.0", number: int = 1, key: str | None = None, **changes: Any
) -> Any:
    """An order as a target answers it, with one marked line."""
    return {
        "__typename": "Order",
        "id": f"gid://shopify/Order/{number}",
        "name": f"#{1000 + number}",
        "sourceIdentifier": key,
        "cancelledAt": None,
        "currencyCode": "USD",
        "totalPriceSet": bag(total),
        "totalTaxSet": bag(taxed),
        "shippingLines": {"nodes": []},
        "lineItems": connection(
            {
                "id": "gid://shopify/LineItem/1",
                "customAttributes": [{"key": "_ordersync_position", "value": "0"}],
            }
        ),
        **changes,
    }


@pytest.fixture
def vendor() -> SimpleNamespace:
    """Builders of the vendor's shapes."""
    return SimpleNamespace(
        address=ADDRESS,
        allocation=allocation,
        bag=bag,
        connection=connection,
        line=line,
        order=order,
        placed=placed,
        refund=refund,
        shipping_line=shipping_line,
        tax=tax,
        token=TOKEN,
    )


def errors(*codes: str, message: str = "no", data: Any = None, **extensions: Any) -> httpx.Response:
    """A 200 with errors of these codes."""
    return httpx.Response(
        200,
        json={
            "errors": [{"message": message, "extensions": {"code": code, **extensions}} for code in codes],
            "data": data,
            "extensions": COST,
        },
    )


@pytest.fixture(name="errors")
def _errors() -> Callable[..., httpx.Response]:
    return errors


@pytest.fixture
def draft() -> Draft:
    """The smallest draft."""
    ten = Decimal("10.00")
    line = DraftLine(
        position=0,
        key="os-0",
        kind=LineKind.CUSTOM,
        title="Thing",
        amounts=Amounts(list_amount=ten, net=ten),
        asked_price=ten,
    )
    return Draft(
        key="os-abc",
        source_platform="erp",
        source_id="77",
        number="SO-77",
        currency="USD",
        taxes_included=False,
        lines=(line,),
        expected=Totals(currency="USD", net=ten, tax=Decimal(0), total=ten),
        placed_at=datetime(2026, 10, 1, 9, 30, tzinfo=UTC),
    )
