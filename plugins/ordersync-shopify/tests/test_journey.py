"""Whole journeys against the sandbox, which reads the vendor's documents on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from ordersync import (
    Amounts,
    Cancel,
    Customer,
    Draft,
    DraftLine,
    Fulfill,
    Fulfillment,
    LineKind,
    MarkPaid,
    OrderQuery,
    OrderStatus,
    PaymentStatus,
    Tax,
    Totals,
    Tracking,
)
from ordersync.web import Access, VirtualClock
from ordersync_shopify import ShopifyConnector

sandbox_module = pytest.importorskip("ordersync_shopify.sandbox")


@pytest.fixture
def world() -> Iterator[Callable[..., SimpleNamespace]]:
    built = []

    def build(orders: int = 0, **options: str) -> SimpleNamespace:
        sandbox = sandbox_module.Sandbox(clock=VirtualClock(), seed=1, orders=orders, options=options)
        given = sandbox.settings("http://shopify.sandbox")
        given.pop("connector", None)
        connector = ShopifyConnector(
            ShopifyConnector.settings_model(**given),
            Access(transport=sandbox.transport(), clock=sandbox.clock),
        )
        built.append(connector)
        return SimpleNamespace(sandbox=sandbox, connector=connector, clock=sandbox.clock)

    yield build
    for connector in built:
        connector.close()


def made(key: str = "os-journey", *, included: bool = False, lines: int = 2, **more: Any) -> Draft:
    """Lines of 3 × 11.90 with 19 % tax, shipping of 4.90, and 5.00 off the whole."""
    parts = []
    for position in range(lines + 1):
        shipping = position == lines
        listed = Decimal("4.90") if shipping else Decimal("35.70")
        tax = Decimal("0.78") if shipping else Decimal("5.70")
        parts.append(
            DraftLine(
                position=position,
                key=f"{key}-{position}",
                kind=LineKind.SHIPPING if shipping else LineKind.CUSTOM,
                title="Standard" if shipping else f"Thing {position}",
                quantity=Decimal(1 if shipping else 3),
                amounts=Amounts.of(
                    listed,
                    taxes=(Tax(title="VAT", rate=Decimal("0.19"), amount=tax),),
                    taxes_included=included,
                ),
                asked_price=Decimal("4.90") if shipping else Decimal("11.90"),
            )
        )
    net = sum((part.amounts.net for part in parts), Decimal(0)) - 5
    tax = sum((part.amounts.tax for part in parts), Decimal(0))
    return Draft(
        **{
            "key": key,
            "source_platform": "erp",
            "source_id": "77",
            "number": "SO-77",
            "currency": "USD",
            "taxes_included": included,
            "lines": tuple(parts),
            "asked_discount": Decimal("5.00"),
            "expected": Totals(currency="USD", net=net, tax=tax, total=net + tax),
            "placed_at": VirtualClock().now() - timedelta(days=3),
            **more,
        }
    )


@pytest.mark.parametrize("included", [False, True])
def test_an_order_arrives_to_the_cent_and_reads_the_same(world: Any, included: bool) -> None:
    here = world()
    draft = made(included=included)
    placed = here.connector.create_order(draft)
    assert placed.totals == draft.expected
    assert sorted(line.position for line in placed.lines) == [0, 1, 2]
    order = here.connector.get_order(placed.ref.id)
    assert (order.key, order.total, order.tax, order.findings) == (
        draft.key,
        draft.expected.total,
        draft.expected.tax,
        (),
    )
    assert order.placed_at == draft.placed_at
    assert sum(line.amounts.discount for line in order.lines) == 5


def test_many_lines_survive_small_pages(world: Any) -> None:
    here = world(page_cap="7")
    placed = here.connector.create_order(made(lines=60))
    assert sorted(line.position for line in placed.lines) == list(range(61))
    order = here.connector.get_order(placed.ref.id)
    assert len(order.lines) == 60
    assert order.findings == ()


def test_everything_is_listed_once_whatever_the_page_and_the_bucket(world: Any) -> None:
    wide, narrow = world(orders=40), world(orders=40, page_cap="3", bucket="1000", restore="50")
    listings = []
    for here in (wide, narrow):
        pages = list(here.connector.list_orders(OrderQuery()))
        orders = [order for page in pages for order in page.orders]
        assert len({order.id for order in orders}) == len(orders) == 40
        assert [order.updated_at for order in orders] == sorted(order.updated_at for order in orders)
        assert all(not page.unreadable for page in pages)
        assert all(not order.findings for order in orders)
        listings.append(orders)
    assert listings[0] == listings[1]
    middle = listings[0][20].updated_at
    tail = [o for page in wide.connector.list_orders(OrderQuery(updated_from=middle)) for o in page.orders]
    assert tail == [order for order in listings[0] if order.updated_at >= middle]


def test_a_customer_is_made_once(world: Any) -> None:
    here = world()
    buyer = Customer(
        email="buyer.topaz@example.com", phone="+12125550177", first_name="Buyer", last_name="Topaz"
    )
    assert here.connector.find_customer(buyer, "oc-topaz") is None
    created = here.connector.create_customer(buyer, "oc-topaz")
    assert here.connector.create_customer(buyer, "oc-topaz") == created
    here.clock.sleep(30)
    assert here.connector.find_customer(Customer(last_name="Topaz"), "oc-topaz") == created
    assert here.connector.find_customer(buyer, "oc-else") == created


def test_an_order_is_paid_shipped_and_closed_once_each(world: Any) -> None:
    here = world()
    connector = here.connector
    placed = connector.create_order(made())
    assert connector.get_order(placed.ref.id).payment_status is PaymentStatus.PENDING
    first = next(line.id for line in placed.lines if line.position == 0)
    part = Fulfill(
        fulfillment=Fulfillment(tracking=(Tracking(number="1Z", carrier="UPS"),), lines={first: Decimal(2)})
    )
    for change, key in ((MarkPaid(), "os-1"), (part, "os-2"), (part, "os-2")):
        connector.update_order(placed.ref, change, key)
    order = connector.get_order(placed.ref.id)
    assert order.payment_status is PaymentStatus.PAID
    assert [dict(each.lines) for each in order.fulfillments] == [{first: 2}]
    assert order.fulfillments[0].tracking[0].number == "1Z"


def test_a_cancelled_order_says_so_and_keeps_its_lines(world: Any) -> None:
    here = world()
    placed = here.connector.create_order(made())
    here.connector.update_order(placed.ref, Cancel(reason="customer"), "os-1")
    order = here.connector.get_order(placed.ref.id)
    assert order.status is OrderStatus.CANCELLED
    assert (len(order.lines), order.total, order.findings) == (2, made().expected.total, ())


def test_a_trial_shop_is_paced(world: Any) -> None:
    here = world(trial="true")
    here.connector.check_access()
    for number in range(7):
        here.connector.create_order(made(f"os-{number}"))
    assert len(here.sandbox.standing()) == 7
