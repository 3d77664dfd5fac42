"""To the cent: orders with exact totals go through the real transfer; their totals are equal, or they park unsent."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ordersync import Order
from ordersync.connection import Connection
from ordersync.extensions import Extensions
from ordersync.ledger import Ledger
from ordersync.model import Policies, Route
from ordersync.testing.money import money_cases, order_of_case
from ordersync.testing.reference import ReferenceConnector, ReferenceSettings, store
from ordersync.transfer import Transfer
from ordersync.transfer.house import Rules
from ordersync.web import Access, VirtualClock
from ordersync_woocommerce import WooCommerceConnector
from ordersync_woocommerce.sandbox import Sandbox
from ordersync_woocommerce.sandbox.populate import add_product, add_rate


def carried(options: dict[str, str], **settings: Any) -> tuple[Sandbox, list[Order], Any]:
    """The cases, sent from the reference platform into a shop that has a tax class for each set of rates."""
    clock = VirtualClock()
    orders = [order_of_case(case) for case in money_cases()]
    name = f"money {sorted(options.items())} {sorted(settings.items())}"
    store(name).orders.update({order.id: order for order in orders})
    sandbox = Sandbox(clock=clock, options=options)
    for sku in sorted({line.sku for order in orders for line in order.lines if line.sku}):
        add_product(sandbox.store, sku, "Item", "10.00", sandbox.now)
    sandbox.store.rates.clear()
    sandbox.store.classes.clear()
    sets = {
        tuple(str((tax.rate or 0) * 100) for tax in part.amounts.taxes)
        for o in orders
        for _, part in o.priced()
    }
    for i, rates in enumerate(sorted(sets)):
        sandbox.store.classes[f"class-{i}"] = f"Class {i}"
        for j, rate in enumerate(rates):
            add_rate(sandbox.store, f"Rate {rate}", rate, priority=j + 1, **{"class": f"class-{i}"})
    section = {**sandbox.settings("http://shop.sandbox"), **settings}
    del section["connector"]
    connector = WooCommerceConnector(
        WooCommerceConnector.settings_model.model_validate(section),
        Access(transport=sandbox.transport(), clock=clock),
    )
    source = Connection(
        "shop", "reference", ReferenceConnector(ReferenceSettings(store=name), Access(clock=clock))
    )
    target = Connection("woo", "woocommerce", connector)
    route = Route(name="orders", source="shop", target="woo", policies=Policies())
    transfer = Transfer(
        route,
        source,
        target,
        Ledger("sqlite://", clock=clock),
        Extensions([("policies", Rules(route))]),
        clock=clock,
        workers=1,
    )
    report = transfer.sync()
    connector.close()
    return sandbox, orders, report


def compared(sandbox: Sandbox, orders: list[Order]) -> Counter[str]:
    there = {one.number: one for one in sandbox.standing() if one.key}
    found: Counter[str] = Counter()
    for order in orders:
        one = there.get(order.number)
        if one is None:
            found["parked"] += 1
            continue
        wanted = (order.currency, order.net + order.rounding, order.tax, order.total)
        found["equal" if (one.currency, one.net, one.tax, one.total) == wanted else "wrong"] += 1
    return found


@pytest.mark.parametrize(
    ("options", "equal", "parked"),
    [
        ({}, 37, 3),
        ({"decimals": "3"}, 40, 0),
        ({"prices_include_tax": "yes", "round_at_subtotal": "yes"}, 37, 3),
    ],
    ids=["usual", "three-decimals", "awkward"],
)
def test_taxes_as_a_fee(options: dict[str, str], equal: int, parked: int) -> None:
    sandbox, orders, report = carried(options)
    assert compared(sandbox, orders) == Counter(
        {"equal": equal, "parked": parked} if parked else {"equal": equal}
    )
    assert (report.created, report.parked, report.totals_checked) == (equal, parked, equal)
    assert all(order["totals"]["total_tax"] == 0 for order in sandbox.store.orders.values())


@pytest.mark.parametrize(
    ("options", "real"),
    [({}, 21), ({"prices_include_tax": "yes"}, 21), ({"round_at_subtotal": "yes"}, 0)],
    ids=["usual", "included", "unpredictable"],
)
def test_real_taxes_where_they_can_be_foreseen(options: dict[str, str], real: int) -> None:
    sandbox, orders, report = carried(options, taxes="real")
    assert compared(sandbox, orders) == Counter({"equal": 37, "parked": 3})
    assert report.reasons == {"refused": 3}
    made = [order for order in sandbox.store.orders.values() if order["totals"]["total_tax"]]
    assert len(made) == real


def test_the_readme_tells_the_share() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    told = re.search(r"(\d+) of 40 .*?equal.*?(\d+) are parked.*?(\d+) with real taxes", readme, re.DOTALL)
    assert told
    assert told.groups() == ("37", "3", "21")
