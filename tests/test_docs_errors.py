"""What the page of errors says that a transfer does with each is what it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ordersync import BatchRefused, Draft, OrderSyncError, Outcome, Placed, Policies, Route, hookimpl
from ordersync.connection import Connection
from ordersync.extensions import Extensions
from ordersync.ledger import Ledger, State
from ordersync.testing.pages.errors import AFTER_CREATE
from ordersync.testing.reference import ReferenceConnector, ReferenceSettings, ReferenceStore
from ordersync.testing.trial import reference_orders
from ordersync.transfer import Transfer
from ordersync.transfer.house import Rules
from ordersync.web import Access, VirtualClock

ROUTE = Route(name="orders", source="from", target="to", policies=Policies(unknown_sku="custom_line"))


class Refusing(ReferenceConnector):
    """Raises from a create, `times` times, and makes nothing then."""

    create_orders = None  # type: ignore[assignment]
    kind: type[OrderSyncError]
    times = 1000
    calls = 0
    looks = 0
    looked: tuple[int, ...] = ()
    """How often it had been looked for before each create."""

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        self.calls += 1
        self.looked += (self.looks,)
        if self.calls <= self.times:
            raise self.kind("planted")
        return super().create_order(draft)

    @hookimpl
    def find_order(self, key: str) -> Placed | None:
        self.looks += 1
        return super().find_order(key)

    find_orders = None  # type: ignore[assignment]


class Batching(ReferenceConnector):
    """Refuses every batch of more than one, and says not whose fault it is."""

    sizes: list[int]

    @hookimpl
    def create_orders(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        self.sizes.append(len(drafts))
        if len(drafts) > 1:
            raise BatchRefused("planted")
        return super().create_orders(drafts)


def transfer(target: ReferenceConnector, count: int = 1) -> tuple[Transfer, Ledger]:
    clock = VirtualClock()
    access = Access(clock=clock)
    source = ReferenceConnector(ReferenceSettings(), access)
    source._store = ReferenceStore(account="from")
    source._store.orders = {order.id: order for order in reference_orders(count)}
    target._store = ReferenceStore(account="to")
    ledger = Ledger("sqlite://", clock=clock)
    ends = Connection("from", "reference", source), Connection("to", "reference", target)
    return Transfer(ROUTE, *ends, ledger, Extensions([("policies", Rules(ROUTE))]), clock=clock), ledger


def refusing(kind: type[OrderSyncError], times: int = 1000) -> Refusing:
    target = Refusing(ReferenceSettings(any_sku=True), Access(clock=VirtualClock()))
    target.kind, target.times = kind, times
    return target


def raised(what: str) -> list[Any]:
    return [
        pytest.param(kind, id=kind.__name__) for kind, (state, _, _) in AFTER_CREATE.items() if state == what
    ]


def state(ledger: Ledger) -> tuple[State, str]:
    (row,) = ledger.rows("orders")
    found = row.state, row.problem.code if row.problem else ""
    ledger.close()
    return found


def test_every_error_that_a_create_may_raise_is_tried() -> None:
    assert {what for what, _, _ in AFTER_CREATE.values()} == {
        "failed",
        "ends",
        "in_doubt",
        "parked",
        "halved",
        "",
    }
    assert [len(raised(what)) for what in ("failed", "ends", "in_doubt", "parked", "halved")] == [
        5,
        2,
        2,
        4,
        1,
    ]


@pytest.mark.parametrize("kind", raised("failed"))
def test_it_is_tried_again(kind: type[OrderSyncError]) -> None:
    target = refusing(kind)
    moved, ledger = transfer(target)
    assert moved.sync().failed == 1
    assert target.calls == 5
    assert state(ledger) == (State.SEEN, "")


@pytest.mark.parametrize("kind", raised("parked"))
def test_the_order_parks(kind: type[OrderSyncError]) -> None:
    target = refusing(kind)
    moved, ledger = transfer(target)
    assert moved.sync().parked == 1
    assert target.calls == 1
    assert state(ledger) == (State.PARKED, "refused")


@pytest.mark.parametrize("kind", raised("ends"))
def test_the_run_ends(kind: type[OrderSyncError]) -> None:
    target = refusing(kind)
    moved, ledger = transfer(target)
    with pytest.raises(kind):
        moved.sync()
    assert target.calls == 1
    assert state(ledger) == (State.SEEN, "")


@pytest.mark.parametrize("kind", raised("in_doubt"))
def test_the_order_is_looked_for_before_it_is_sent_again(kind: type[OrderSyncError]) -> None:
    target = refusing(kind, times=1)
    moved, ledger = transfer(target)
    assert moved.sync().created == 1
    assert target.looked == (1, 3)
    assert state(ledger) == (State.DONE, "")


def test_a_batch_is_halved() -> None:
    target = Batching(ReferenceSettings(any_sku=True), Access(clock=VirtualClock()))
    target.sizes = []
    moved, ledger = transfer(target, 4)
    assert moved.sync().created == 4
    assert target.sizes[:3] == [4, 2, 2]
    ledger.close()
