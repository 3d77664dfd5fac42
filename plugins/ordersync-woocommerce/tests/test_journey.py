"""Whole journeys through the transfer: from the reference platform into the shop, and from the shop to there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ordersync.connection import Connection
from ordersync.extensions import Extensions
from ordersync.ledger import Ledger
from ordersync.model import Order, OrderQuery, Policies, Route
from ordersync.testing.money import money_cases, order_of_case
from ordersync.testing.reference import ReferenceConnector, ReferenceSettings, ReferenceStore, store
from ordersync.transfer import Transfer
from ordersync.transfer.house import Rules
from ordersync.web import Access, VirtualClock
from ordersync_woocommerce import WooCommerceConnector
from ordersync_woocommerce.sandbox import Sandbox
from ordersync_woocommerce.sandbox.populate import add_product


@dataclass
class Road:
    """A shop, a reference store, and the ledger between them."""

    sandbox: Sandbox
    reference: ReferenceStore
    shop: Connection
    platform: Connection
    ledger: Ledger
    clock: VirtualClock

    def sync(self, source: Connection, target: Connection, **policies: Any) -> Any:
        route = Route(name="road", source=source.name, target=target.name, policies=Policies(**policies))
        transfer = Transfer(
            route,
            source,
            target,
            self.ledger,
            Extensions([("policies", Rules(route))]),
            clock=self.clock,
            workers=1,
        )
        return transfer.sync()


@pytest.fixture
def road(request: pytest.FixtureRequest) -> Iterator[Callable[..., Road]]:
    opened: list[Road] = []

    def build(*, orders: int = 0, any_sku: bool = False, **options: str) -> Road:
        clock = VirtualClock()
        name = f"{request.node.name} {len(opened)}"
        sandbox = Sandbox(clock=clock, orders=orders, options=options)
        section = sandbox.settings("http://shop.sandbox")
        del section["connector"]
        settings = WooCommerceConnector.settings_model.model_validate(section)
        connector = WooCommerceConnector(settings, Access(transport=sandbox.transport(), clock=clock))
        reference = ReferenceConnector(ReferenceSettings(store=name, any_sku=any_sku), Access(clock=clock))
        made = Road(
            sandbox,
            store(name),
            Connection("shop", "woocommerce", connector),
            Connection("platform", "reference", reference),
            Ledger("sqlite://", clock=clock),
            clock,
        )
        opened.append(made)
        return made

    yield build
    for each in opened:
        each.shop.close()
        each.ledger.close()


def case(number: int) -> Order:
    return order_of_case(money_cases()[number])


@pytest.mark.parametrize("storage", ["hpos", "legacy"])
def test_orders_go_into_the_shop_once_and_whole(road: Any, storage: str) -> None:
    here = road(storage=storage)
    orders = [case(number) for number in range(6)]
    here.reference.orders.update({order.id: order for order in orders})
    skus = {line.sku for order in orders[1:] for line in order.lines if line.sku}
    missing = {line.sku for line in orders[0].lines} - skus
    for sku in sorted(skus):
        add_product(here.sandbox.store, sku, "Item", "1.00", here.sandbox.now)
    report = here.sync(here.platform, here.shop)
    assert (report.created, report.reasons) == ((5, {"unknown_sku": 1}) if missing else (6, {}))
    made = {one.number: one for one in here.sandbox.standing()}
    for order in orders[1:]:
        one = made[order.number]
        assert (one.total, one.tax, one.customer is not None) == (order.total, order.tax, True)
        assert one.lines == len(order.lines) + len(order.charges)
    assert len(here.sandbox.store.customers) == 1 + len(here.sandbox.customers()) - 1
    assert here.sync(here.platform, here.shop).created == 0
    assert here.sync(here.shop, here.platform).created == 0


@pytest.mark.parametrize(
    "options", [{}, {"timezone": "9", "prices_include_tax": "yes"}], ids=["utc", "tokyo"]
)
def test_orders_of_the_shop_go_elsewhere_to_the_cent(road: Any, options: dict[str, str]) -> None:
    here = road(orders=40, any_sku=True, **options)
    read = [o for page in here.shop.list_orders(OrderQuery()) for o in page.orders]
    assert len(read) == 40
    assert [order.findings for order in read if order.findings] == []
    report = here.sync(here.shop, here.platform)
    assert (report.seen, report.failed, report.parked) == (40, 0, 0)
    assert report.created == 40 - report.skipped
    there = {one.number: one for one in here.sandbox.standing()}
    for draft, _, _ in here.reference.placed.values():
        one = there[draft.number]
        assert (draft.expected.total, draft.expected.tax, draft.currency) == (
            one.total,
            one.tax,
            one.currency,
        )
    assert here.sync(here.shop, here.platform).created == 0


def test_an_order_that_changes_is_listed_again(road: Any) -> None:
    here = road(orders=6, any_sku=True)
    here.sync(here.shop, here.platform)
    here.clock.sleep(3600)
    order = next(iter(here.sandbox.store.orders.values()))
    here.sandbox.orders.update(order, {"status": "completed"}, here.sandbox.now)
    assert here.sync(here.shop, here.platform).seen >= 1


def test_a_restarted_sandbox_is_the_same(road: Any) -> None:
    from ordersync.cli.states import decoded, encoded

    here, other = road(orders=8), road()
    other.sandbox.restore(decoded(encoded(here.sandbox.state())))
    assert other.sandbox.standing() == here.sandbox.standing()
    assert [o.id for page in other.shop.list_orders(OrderQuery()) for o in page.orders] == [
        o.id for page in here.shop.list_orders(OrderQuery()) for o in page.orders
    ]
