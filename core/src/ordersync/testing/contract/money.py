"""Money and times: Decimal from the wire to the model, equal to what the platform says; every time knows its zone."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from ordersync.model import OrderQuery, OrderStatus, Totals
from ordersync.testing.contract.asking import ASKINGS, READS, lever
from ordersync.testing.contract.saying import hold, none_of, rule
from ordersync.testing.contract.stand import Stand
from ordersync.testing.contract.striking import outcome_of
from ordersync.testing.contract.subject import OpenStand, Subject
from ordersync.testing.contract.walking import floats_in, naive_times_in
from ordersync.testing.floats import float_fields
from ordersync.testing.seeds import sample_orders

__all__ = ["Money"]

RULE = "money_exact"
DURATIONS = ("timeout", "seconds", "minutes", "interval", "pause")
"""Endings of names of settings that are no money."""
WORTH = (Decimal("0.01"), Decimal("0.07"), Decimal("1234567.89"), Decimal("99999999999.99"))
"""The last one is above what a 32-bit number of cents holds, and its cents are lost by single precision."""


class Money(Subject):
    """What orders come to, and when."""

    @rule(RULE)
    def test_no_wire_model_holds_a_float(self, kind: Any) -> None:
        wrong = [
            one
            for one in float_fields(*_models_of(kind))
            if one not in self.not_money and not one.endswith(DURATIONS)
        ]
        none_of(
            wrong,
            RULE,
            expected="no float in wire models and settings",
            do="annotate amounts Decimal; name floats that are no money in the class attribute `not_money`",
        )

    @rule(RULE)
    def test_totals_are_the_platforms_own(self, open_stand: OpenStand, offers: frozenset[str]) -> None:
        if "list_orders" not in offers:
            pytest.skip("list_orders is not offered")
        stand = open_stand(orders=40)
        standing = {one.id: one for one in stand.standing()}
        wrong = []
        for page in stand.connection.list_orders(OrderQuery()):
            for order in page.orders:
                there = standing.get(order.id)
                if there is None:
                    continue
                sets = [(order.currency, order.total)]
                if order.other is not None:
                    sets.append((order.other.currency, order.other.total))
                if (there.currency, there.total) not in sets:
                    told = " or ".join(f"{total} {currency}" for currency, total in sets)
                    wrong.append(f"{order.id}: {told} instead of {there.total} {there.currency}")
                wrong += [
                    f"{order.id}: {found.message}" for found in order.findings if "totals" in found.code
                ]
        none_of(
            wrong[:6],
            RULE,
            expected="each order's total as the platform states it, and parts that add up to it",
            do="carry the platform's amounts, compute none; allocate order-level ones by largest remainder",
        )

    @rule(RULE)
    def test_orders_say_what_was_sold(self, open_stand: OpenStand, offers: frozenset[str]) -> None:
        """Goods and quantities, state and date: of orders that the sandbox was born with, from `seeds`."""
        if "list_orders" not in offers:
            pytest.skip("list_orders is not offered")
        if not self.seeded:
            pytest.skip("the sandbox's orders are not those of `seeds`")
        stand = open_stand(orders=40)
        standing = {one.id: one for one in stand.standing()}
        seeded = sample_orders(stand.inside().seed, 40)
        sold = Counter(_goods((line.sku, line.quantity) for line in order.lines) for order in seeded)
        told: Counter[tuple[tuple[str, Decimal], ...]] = Counter()
        wrong = []
        for page in stand.connection.list_orders(OrderQuery()):
            for order in page.orders:
                told[_goods((line.sku, line.quantity) for line in order.lines)] += 1
                there = standing.get(order.id)
                if there is None:
                    continue
                if there.cancelled != (order.status is OrderStatus.CANCELLED):
                    wrong.append(f"{order.id}: {order.status}, cancelled there: {there.cancelled}")
                if there.placed_at and abs(there.placed_at - order.placed_at) > timedelta(days=1):
                    wrong.append(f"{order.id}: placed {order.placed_at}, there {there.placed_at}")
        same = (told & sold).total()
        if same < 0.9 * sold.total():
            lost = ", ".join(f"{number} × {sku}" for goods in list(sold - told)[:2] for sku, number in goods)
            wrong.append(
                f"{same} of {sold.total()} orders have the SKUs and quantities that were sold; not found: {lost}"
            )
        none_of(
            wrong[:6],
            RULE,
            expected="each line's SKU and quantity, the order's state and the day it was placed, as the platform has them",
            do="map them from the platform's own fields; where the sandbox's orders are not those of `seeds`, say `seeded = False`",
        )

    @rule(RULE)
    @rule("times_aware")
    def test_answers_hold_no_float_and_no_naive_time(self, open_stand: OpenStand) -> None:
        stand = open_stand(orders=20)
        floats, naive, asked = [], [], 0
        for hook in READS:
            if hook not in stand.connection.offers:
                continue
            try:
                call = ASKINGS[hook].prepare(stand)
            except pytest.skip.Exception:
                continue
            found = outcome_of(stand, call)
            asked += 1
            floats += [f"{hook}{place}" for place in floats_in(found.value)]
            naive += [f"{hook}{place}" for place in naive_times_in(found.value)]
        hold(asked, RULE, expected="a hook to ask", seen="none", do="offer one")
        none_of(
            floats[:6],
            RULE,
            expected="Decimal, or text, everywhere in answers; `extra` too",
            do="parse with ordersync.web.read, which makes Decimal of every number with a point",
        )
        none_of(
            naive[:6],
            "times_aware",
            expected="aware times",
            do="attach the zone that the platform documents (often UTC) before the value leaves wire.py",
        )

    @rule(RULE)
    @pytest.mark.parametrize("worth", WORTH, ids=str)
    def test_an_amount_survives(self, open_stand: OpenStand, worth: Decimal, offers: frozenset[str]) -> None:
        if not {"get_order", "list_orders"} & offers:
            pytest.skip("no hook reads orders")
        stand = open_stand()
        order_id = lever(stand, "order_worth", worth)
        stand.let_it_settle()
        if "get_order" in offers:
            order = stand.connection.get_order(order_id)
        else:
            orders = (one for page in stand.connection.list_orders(OrderQuery()) for one in page.orders)
            order = next((one for one in orders if one.id == order_id), None)
        hold(
            order is not None and order.total == worth,
            RULE,
            expected=f"an order of {worth}",
            seen=str(order.total) if order else "no order",
            do="keep amounts as Decimal from the first byte on: `web.read`, never json.loads or float()",
        )

    @rule("totals_read_back")
    @rule(RULE)
    def test_what_is_written_comes_to_what_was_asked(self, stand: Stand, offers: frozenset[str]) -> None:
        if not {"create_order", "create_orders"} & offers:
            pytest.skip("no hook creates orders")
        wrong = []
        for price in (Decimal("19.99"), Decimal("0.01"), Decimal("98765.43")):
            draft, placed = stand.place(price=price)
            wrong += [f"a price of {price}: {text}" for text in _differences(stand, draft.expected, placed)]
        none_of(
            wrong,
            "totals_read_back",
            expected="Placed.totals is what the platform says, and that is what was asked",
            do="read the order back after it was made; answer the platform's figures, not the draft's",
        )


def _differences(stand: Stand, expected: Totals, placed: Any) -> list[str]:
    told = placed.totals
    if told is None:
        return ["no totals were answered"]
    wrong = []
    if (told.net, told.tax, told.total) != (expected.net, expected.tax, expected.total):
        wrong.append(f"{told.net} + {told.tax} = {told.total}, asked were {expected.net} + {expected.tax}")
    if told.currency != expected.currency:
        wrong.append(f"in {told.currency}, asked was {expected.currency}")
    if stand.sandbox is not None:
        there = next((one for one in stand.standing() if one.id == placed.ref.id), None)
        if there is None:
            wrong.append(f"no order {placed.ref.id} stands there")
        elif (there.total, there.tax, there.currency) != (told.total, told.tax, told.currency):
            wrong.append(f"{told.total} {told.currency} were answered, {there.total} {there.currency} stand")
    return wrong


def _models_of(kind: Any) -> list[type[BaseModel]]:
    """Every pydantic model of the connector's package, its sandbox left out, and its settings."""
    package = kind.__module__.rpartition(".")[0]
    modules = [kind.__module__]
    if package and package != "ordersync.testing":
        where = importlib.import_module(package)
        modules += [
            one.name
            for one in pkgutil.walk_packages(getattr(where, "__path__", ()), f"{package}.")
            if ".sandbox" not in one.name
        ]
    found = {kind.settings_model}
    for name in dict.fromkeys(modules):
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == name:
                found.add(value)
    return sorted(found, key=lambda one: one.__qualname__)


def _goods(lines: Iterable[tuple[str | None, Decimal | int]]) -> tuple[tuple[str, Decimal], ...]:
    """What was sold, in any order of the lines; lines without a SKU have no name to go by."""
    return tuple(sorted((sku, Decimal(quantity)) for sku, quantity in lines if sku))
