"""A source, a target, a ledger between them, and what goes wrong on the way: planted by hook and number of the call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from ordersync.connection import Connection
from ordersync.errors import InDoubt, OrderSyncError
from ordersync.extensions import Extensions
from ordersync.hookspecs import hookimpl
from ordersync.ledger import Ledger, State
from ordersync.model import (
    Address,
    Amounts,
    Change,
    Customer,
    CustomerRef,
    Draft,
    DraftLine,
    Facts,
    Line,
    Order,
    OrderRef,
    Placed,
    PlacedLine,
    Policies,
    Route,
    RunReport,
    Tax,
)
from ordersync.testing.reference import ReferenceConnector, ReferenceSettings, ReferenceStore
from ordersync.transfer import Transfer
from ordersync.transfer.house import Rules, shapers
from ordersync.web import Access, VirtualClock

__all__ = [
    "SETTLE",
    "Died",
    "Target",
    "World",
    "closing",
    "dies_after",
    "dies_before",
    "lost_after",
    "lost_before",
    "memory",
    "order",
]

SETTLE = timedelta(seconds=120)

_open: list[Ledger] = []


def memory(clock: VirtualClock) -> Ledger:
    """A ledger in memory, closed after the test."""
    _open.append(Ledger("sqlite://", clock=clock))
    return _open[-1]


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    """Modules of tests import it under its own name: there pytest finds it, and uses it for each test."""
    yield
    while _open:
        _open.pop().close()


class Died(BaseException):
    """The worker's process is gone."""


class Target(ReferenceConnector):
    """The reference platform, one order per call, with faults planted by hook and number of the call."""

    facts: Facts = Facts(platform="Reference", page_size=50, settle_time=SETTLE)
    create_orders: ClassVar[Any] = None
    find_orders: ClassVar[Any] = None

    def __init__(self, settings: ReferenceSettings, access: Access) -> None:
        super().__init__(settings, access)
        self.faults: dict[tuple[str, int], Callable[[Callable[[], Any]], Any]] = {}
        self.calls: list[str] = []
        self.short = 0
        """How many lines a create leaves out."""
        self.lag = timedelta(0)
        self.born: dict[str, Any] = {}

    def _do(self, hook: str, real: Callable[[], Any]) -> Any:
        self.calls.append(hook)
        fault = self.faults.pop((hook, self.calls.count(hook)), None)
        return fault(real) if fault else real()

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        def real() -> Placed:
            order_id = f"R{len(self._store.placed) + 1}"
            positions = {line.position for line in draft.lines[: len(draft.lines) - self.short]}
            self._store.placed[order_id] = (draft, self._first_state, positions)
            self.born[order_id] = self._access.clock.now()
            return self._answer(order_id)

        placed: Placed = self._do("create_order", real)
        return placed

    @hookimpl
    def find_order(self, key: str) -> Placed | None:
        def real() -> Placed | None:
            found = ReferenceConnector.find_order(self, key)
            if found and self._access.clock.now() < self.born[found.ref.id] + self.lag:
                return None
            return found

        placed: Placed | None = self._do("find_order", real)
        return placed

    @hookimpl
    def create_customer(self, customer: Customer, key: str) -> CustomerRef:
        made: CustomerRef = self._do(
            "create_customer", lambda: ReferenceConnector.create_customer(self, customer, key)
        )
        return made

    @hookimpl
    def add_line_item(self, ref: OrderRef, line: DraftLine) -> PlacedLine:
        added: PlacedLine = self._do(
            "add_line_item", lambda: ReferenceConnector.add_line_item(self, ref, line)
        )
        return added

    @hookimpl
    def update_order(self, ref: OrderRef, change: Change, key: str) -> Placed:
        updated: Placed = self._do(
            "update_order", lambda: ReferenceConnector.update_order(self, ref, change, key)
        )
        return updated


def lost_before(error: OrderSyncError | None = None) -> Callable[[Callable[[], Any]], Any]:
    def fault(real: Callable[[], Any]) -> Any:
        raise error or InDoubt("The answer was lost.")

    return fault


def lost_after(error: OrderSyncError | None = None) -> Callable[[Callable[[], Any]], Any]:
    def fault(real: Callable[[], Any]) -> Any:
        real()
        raise error or InDoubt("The answer was lost.")

    return fault


def dies_before(real: Callable[[], Any]) -> Any:
    raise Died


def dies_after(real: Callable[[], Any]) -> Any:
    real()
    raise Died


class World:
    """A source and a target store, a ledger, and a transfer between them that can be built anew."""

    def __init__(self, orders: int = 3, *, drafts: bool = False, **policies: Any) -> None:
        self.clock = VirtualClock()
        self.ledger = memory(self.clock)
        self.source_store = ReferenceStore(account="shop")
        self.target_store = ReferenceStore(account="erp")
        self.policies = policies
        self.extensions: list[tuple[str, object]] = []
        self.aliases: dict[str, str] = {}
        self.target = self._connector(Target, self.target_store, drafts=drafts)
        for sku in ("A", "B"):
            self.target_store.add_item(sku)
        for number in range(1, orders + 1):
            self.add(order(number))

    def _connector(self, cls: Any, store: ReferenceStore, **settings: Any) -> Any:
        connector = cls(ReferenceSettings(**settings), Access(clock=self.clock))
        connector._store = store
        return connector

    def add(self, one: Order) -> None:
        self.source_store.orders[one.id] = one

    def transfer(self, *, workers: int = 1) -> Transfer:
        route = Route(
            name="orders",
            source="shop",
            target="erp",
            policies=Policies.model_validate(self.policies),
            aliases=self.aliases,
        )
        return Transfer(
            route,
            Connection("shop", "reference", self._connector(ReferenceConnector, self.source_store)),
            Connection("erp", "reference", self.target),
            self.ledger,
            Extensions([*shapers(route), *self.extensions, ("policies", Rules(route))]),
            clock=self.clock,
            workers=workers,
        )

    def sync(self, **how: Any) -> RunReport:
        return self.transfer().sync(**how)

    def states(self) -> dict[str, State]:
        return {row.source_id: row.state for row in self.ledger.rows("orders")}

    def check(self) -> None:
        """Every order of the source stands once, whole, with its totals; nothing else stands."""
        keys = [draft.key for draft, _, _ in self.target_store.placed.values()]
        assert sorted(keys) == sorted(set(keys)), "an order stands twice"
        assert len(keys) == len(self.source_store.orders)
        by_source = {
            draft.source_id: (draft, positions) for draft, _, positions in self.target_store.placed.values()
        }
        for one in self.source_store.orders.values():
            draft, positions = by_source[one.id]
            assert positions == {line.position for line in draft.lines}
            assert draft.expected.total == one.total
        mails = [known.email or "" for _, known in self.target_store.customers.values()]
        assert sorted(mails) == sorted(set(mails)), "a customer stands twice"
        assert set(self.states().values()) == {State.DONE}


def order(number: int, *, skus: Sequence[str | None] = ("A", "B"), **more: Any) -> Order:
    address = Address(first_name="Buyer", last_name="Amber", line1="1 Water Street", country="US")
    lines = tuple(
        Line(
            id=f"{number}-{i}",
            sku=sku,
            title=f"Thing {sku}",
            quantity=Decimal(2),
            custom=sku is None,
            amounts=Amounts.of(
                Decimal("20.00"),
                taxes=(Tax(rate=Decimal("0.1"), amount=Decimal("2.00")),),
                taxes_included=False,
                unit_price=Decimal("10.00"),
            ),
        )
        for i, sku in enumerate(skus)
    )
    at = VirtualClock().now() + timedelta(minutes=number)
    values: dict[str, Any] = {
        "id": f"O{number}",
        "number": f"#{number}",
        "currency": "USD",
        "taxes_included": False,
        "total": Decimal("22.00") * len(skus),
        "lines": lines,
        "customer": Customer(id=f"C{number}", email=f"buyer.{number}@example.com", first_name="Buyer"),
        "email": f"buyer.{number}@example.com",
        "billing": address,
        "shipping": address,
        "placed_at": at,
        "updated_at": at,
    }
    return Order(**{**values, **more})
