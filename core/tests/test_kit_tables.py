"""The kit's tables and what they hold: ids, times, look-ups, lag, money."""

from __future__ import annotations

import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ordersync.testing import seeds
from ordersync.testing.kit import (
    Fault,
    Table,
    bill,
    counting,
    pattern,
    priced,
    uuids,
)
from ordersync.web import (
    VirtualClock,
)

sys.path.insert(0, str(Path(__file__).parent))
from kit_sample import START, Plain, made


@pytest.mark.parametrize(
    ("ids", "wanted"),
    [
        (counting(1001), [1001, 1002]),
        (pattern("gid://acme/Order/{}", 7), ["gid://acme/Order/7", "gid://acme/Order/8"]),
        (pattern("ord_{:04d}"), ["ord_0001", "ord_0002"]),
    ],
)
def test_ids_count(ids: Any, wanted: list[Any]) -> None:
    table = made(Table(ids=ids), "orders").orders
    assert [table.add({})["id"], table.add({})["id"]] == wanted


def test_uuids_repeat_from_run_to_run_and_differ_between_tables() -> None:
    class Two(Plain):
        orders = Table(ids=uuids())
        others = Table(ids=uuids())

    one, other = Two(clock=VirtualClock()), Two(clock=VirtualClock())
    assert one.orders.add({})["id"] == other.orders.add({})["id"]
    assert one.orders.add({})["id"] != other.others.add({})["id"]


def test_ids_are_not_given_out_again() -> None:
    table = made().orders
    table.remove(table.add({})["id"])
    assert table.add({})["id"] == 2


def test_an_id_that_is_brought_does_not_collide_with_one_that_is_counted() -> None:
    table = made().orders
    table.add({"id": 2})
    assert [table.add({})["id"] for _ in range(3)] == [1, 3, 4]


def test_times_are_the_clocks_and_changes_move_one_of_them() -> None:
    clock = VirtualClock()
    table = made(clock=clock).orders
    row = table.add({"deep": {"n": 1}})
    clock.sleep(5.7)
    table.change(row, note="x")
    assert (row["created_at"], row["updated_at"]) == (START, START + timedelta(seconds=5))
    born = table.add({"created_at": START - timedelta(days=9)})
    assert born["created_at"] == START - timedelta(days=9)


def test_look_ups_follow_changes() -> None:
    table = made(Table(by=("sku",)), "orders").orders
    one, two = table.add({"sku": "A"}), table.add({"sku": "A", "kind": "x"})
    assert table.find(sku="A") == [one, two]
    assert table.find(sku="A", kind="x") == [two]
    table.change(one, sku="B")
    assert (table.first(sku="B"), table.find(sku="A")) == (one, [two])
    table.remove(two["id"])
    assert table.first(sku="A") is None
    assert table.find(kind="x") == []


def test_what_stands_once_stands_once() -> None:
    table = made(Table(unique=("key",)), "orders").orders
    one, other = table.add({"key": "k"}), table.add({"key": ""})
    table.add({"key": ""})
    with pytest.raises(Fault, match="key is taken"):
        table.add({"key": "k"})
    with pytest.raises(Fault, match="key is taken"):
        table.change(other, key="k")
    table.change(one, key="k")
    assert (len(table), other["key"]) == (3, "")


def test_the_index_lags_behind_additions_changes_and_removals() -> None:
    clock = VirtualClock()
    table = made(Table(lag=10), "orders", clock=clock).orders
    row = table.add({"n": 1})
    assert (table.listed(), table.get(1)) == ([], row)
    clock.sleep(10)
    table.change(row, n=2)
    assert ([one["n"] for one in table.listed()], row["n"]) == ([1], 2)
    clock.sleep(9)
    table.remove(1)
    clock.sleep(1)
    assert ([one["n"] for one in table.listed()], 1 in table) == ([2], False)
    clock.sleep(9)
    assert table.listed() == []


def test_a_lag_that_comes_later_hides_nothing_that_was_there() -> None:
    clock = VirtualClock()
    first = made(clock=clock)
    first.orders.add({})
    later = made(clock=clock, quirks={"late_index": "60"})
    later.restore(first.state())
    first.orders.lag = 60
    for sandbox in (first, later):
        sandbox.orders.add({})
        assert [row["id"] for row in sandbox.orders.listed()] == [1]
    clock.sleep(60)
    assert [row["id"] for row in later.orders.listed()] == [1, 2]


def test_lines_add_up_with_taxes_on_top_and_inside() -> None:
    stacked = [("State tax", Decimal("0.0725")), ("District tax", Decimal("0.0125"))]
    top = priced(3, Decimal("3.33"), currency="USD", discount=Decimal("1.00"), taxes=stacked)
    assert (top.list_amount, top.net, top.taxes[0][2], top.taxes[1][2]) == (
        Decimal("9.99"), Decimal("8.99"), Decimal("0.65"), Decimal("0.11"),
    )  # fmt: skip
    inside = priced(2, Decimal("10.00"), currency="EUR", taxes=[("MwSt", Decimal("0.19"))], included=True)
    assert (inside.net, inside.tax, inside.gross) == (Decimal("16.81"), Decimal("3.19"), Decimal("20.00"))
    assert priced(1, Decimal("99.5"), currency="JPY").gross == Decimal(100)


def test_every_seeded_order_adds_up_to_its_parts() -> None:
    for order in seeds.sample_orders(3, 60):
        made = bill(order)
        unit = {"JPY": Decimal(1), "KWD": Decimal("0.001")}.get(order.currency, Decimal("0.01"))
        assert made.total == made.net + made.tax == made.total.quantize(unit)
        listed = sum((one.list_amount for _, one in made.lines), Decimal(0))
        paid = listed + (order.shipping.price if order.shipping else 0) - made.discount
        assert paid == (made.total if order.taxes_included else made.net)
        assert all(one.discount <= one.list_amount for _, one in made.lines)
        off = sum((line.discount for line in order.lines), order.order_discount)
        assert (made.discount, made.total == 0) == (off, order.kind == "us_free")
