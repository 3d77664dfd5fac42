"""What policies and extensions make of an order: skipped, parked or sent, how and for whom; and listeners are told."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from mishaps import World, order
from mishaps import closing as closing

from ordersync.hookspecs import hookimpl
from ordersync.model import (
    Customer,
    Decision,
    Item,
    Order,
    OrderStatus,
    OtherSet,
    Placed,
    Problem,
    RunReport,
    Stock,
)


class Listener:
    """Hears everything; raises if told to."""

    def __init__(self, broken: bool = False) -> None:
        self.heard: list[str] = []
        self._broken = broken

    @hookimpl
    def on_order_created(self, order: Order, placed: Placed) -> None:
        self.heard.append(f"created {order.number} as {placed.ref.number}")
        if self._broken:
            raise RuntimeError("the listener's own trouble")

    @hookimpl
    def on_order_parked(self, source_id: str, problem: Problem) -> None:
        self.heard.append(f"parked {source_id}: {problem.code}")

    @hookimpl
    def on_sync_finished(self, report: RunReport) -> None:
        self.heard.append(f"finished {report.created}")


def test_cancelled_and_own_orders_are_skipped() -> None:
    world = World(0)
    world.add(order(1, status=OrderStatus.CANCELLED))
    world.add(order(2, key="os-abc"))
    world.add(order(3, test=True))
    report = world.sync()
    assert (report.skipped, report.created) == (3, 0)


def test_two_currencies_need_a_choice() -> None:
    one = order(1)
    lines = tuple(line.model_copy(update={"other_amounts": line.amounts}) for line in one.lines)
    two = one.model_copy(update={"lines": lines, "other": OtherSet(currency="EUR", total=one.total)})
    world = World(0)
    world.add(two)
    assert world.sync().reasons == {"money_set": 1}
    world.policies = {"money": "presentment"}
    assert world.sync().created == 1
    ((draft, _, _),) = world.target_store.placed.values()
    assert draft.currency == "EUR"


def test_two_orders_of_one_new_customer_make_one() -> None:
    world = World(0)
    buyer = Customer(id="C9", email="buyer@example.com")
    world.add(order(1, customer=buyer, email=buyer.email))
    world.add(order(2, customer=buyer, email=buyer.email))
    world.add(order(3, customer=None, email="Buyer@example.com "))
    world.transfer(workers=4).sync()
    assert len(world.target_store.customers) == 1
    assert len(world.target_store.placed) == 3


def test_guests_by_policy() -> None:
    guest = order(1, customer=None)
    for policy, created, customers in (("create", 1, 1), ("without", 1, 0), ("park", 0, 0)):
        world = World(0, guests=policy)
        world.add(guest)
        assert world.sync().created == created
        assert len(world.target_store.customers) == customers


def test_stock_by_policy() -> None:
    for policy, created in (("ignore", 1), ("park", 0)):
        world = World(1, stock=policy)
        world.target_store.stock["A"] = Stock(available=Decimal(1))
        assert world.sync().created == created


def test_an_unknown_sku_can_become_a_custom_line() -> None:
    world = World(0, unknown_sku="custom_line")
    world.add(order(1, skus=("NOPE", None)))
    assert world.sync().created == 1
    ((draft, _, _),) = world.target_store.placed.values()
    assert [line.kind for line in draft.lines] == ["custom", "custom"]


def test_an_extension_settles_a_problem() -> None:
    class Swap:
        @hookimpl
        def settle_problem(self, problem: Problem) -> Decision | None:
            return Decision(action="use_item", sku="A") if problem.code == "unknown_sku" else None

    world = World(0)
    world.extensions = [("swap", Swap())]
    world.add(order(1, skus=("NOPE",)))
    assert world.sync().created == 1
    ((draft, _, _),) = world.target_store.placed.values()
    item = draft.lines[0].item
    assert item == Item(sku="A", product_id="P-A")


def test_listeners_are_told_and_hurt_nobody() -> None:
    world = World(1)
    world.add(order(2, skus=("NOPE",)))
    broken, fine = Listener(broken=True), Listener()
    world.extensions = [("broken", broken), ("fine", fine)]
    report = world.sync()
    assert report.created == 1
    assert fine.heard == ["parked O2: unknown_sku", "created #1 as R1", "finished 1"]
    told = world.ledger.tellings("orders")
    assert [(one.extension, one.hook, one.error) for one in told if one.hook == "on_order_created"] == [
        ("broken", "on_order_created", "RuntimeError"),
        ("fine", "on_order_created", ""),
    ]
