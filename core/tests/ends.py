"""A shop and an ERP over the reference platform, with a ledger between them: what the way in and the way back look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from ordersync.connection import Connection
from ordersync.errors import OrderSyncError
from ordersync.extensions import Extensions
from ordersync.hookspecs import hookimpl
from ordersync.ledger import Ledger, Row, State
from ordersync.model import (
    Amounts,
    Change,
    Customer,
    CustomerRef,
    Done,
    Draft,
    Facts,
    Failed,
    Line,
    Order,
    OrderQuery,
    OrderRef,
    OrderStatus,
    Outcome,
    Page,
    Placed,
    PlacedState,
    Route,
    RunReport,
    Tax,
    Totals,
)
from ordersync.testing.reference import ReferenceConnector, ReferenceSettings, ReferenceStore
from ordersync.transfer import Planned, Transfer
from ordersync.transfer.adopt import Adopter, Adoption
from ordersync.transfer.erase import Erased, Eraser
from ordersync.transfer.gap import Discrepancy, Reconciliation
from ordersync.transfer.house import Rules, shapers
from ordersync.transfer.rebuild import Rebuilder, Rebuilt
from ordersync.transfer.reconcile import Reconciler
from ordersync.transfer.survey import Survey
from ordersync.web import Access, VirtualClock

__all__ = ["LAG", "SETTLE", "Ends", "Erp", "PlainErp", "Shop", "order"]

SETTLE = timedelta(seconds=120)
LAG = timedelta(seconds=30)

TWO_FILES = """
[ledger]
url = "sqlite:///ledger.db"
[connections.shop]
connector = "reference"
file = "shop.json"
[connections.erp]
connector = "reference"
file = "erp.json"
any_sku = true
[routes.orders]
source = "shop"
target = "erp"
"""
"""A settings file between two reference platforms, each in a file of its own."""


class Shop(ReferenceConnector):
    """A source with pages of three, that says when it gives one out."""

    facts: Facts = Facts(platform="Reference", page_size=3)

    def __init__(self, settings: ReferenceSettings, access: Access) -> None:
        super().__init__(settings, access)
        self.calls: list[str] = []
        self.unreadable: tuple[tuple[str, str], ...] = ()

    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        for page in super().list_orders(query):
            self.calls.append("page")
            yield page
        if self.unreadable:
            yield Page((), unreadable=self.unreadable)


class Erp(ReferenceConnector):
    """A target with a searched stamp: batches of three, an index that can miss, everything that stands listed."""

    facts: Facts = Facts(
        platform="Reference",
        page_size=3,
        batch_sizes={"find_orders": 3},
        settle_time=SETTLE,
        index_lag=LAG,
    )

    def __init__(self, settings: ReferenceSettings, access: Access) -> None:
        super().__init__(settings, access)
        self.calls: list[str] = []
        self.writes: list[str] = []
        self.made = 0
        self.misses: dict[str, int] = {}
        """Key → how many looks do not find it."""
        self.fails: dict[str, OrderSyncError] = {}
        """Key → what a look for it comes to."""
        self.other_totals: dict[str, Totals] = {}
        """Key → what is read back."""

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        self.writes.append(draft.key)
        self.made += 1
        order_id = f"R{self.made}"
        self._store.placed[order_id] = (draft, PlacedState.CONFIRMED, {line.position for line in draft.lines})
        return self._answer(order_id)

    @hookimpl
    def create_customer(self, customer: Customer, key: str) -> CustomerRef:
        self.writes.append(key)
        return super().create_customer(customer, key)

    @hookimpl
    def update_order(self, ref: OrderRef, change: Change, key: str) -> Placed:
        self.writes.append(key)
        return super().update_order(ref, change, key)

    @hookimpl
    def find_orders(self, keys: Sequence[str]) -> Sequence[Outcome[Placed | None]]:
        self.calls.append("find")
        return [
            self._look(key, outcome) for key, outcome in zip(keys, super().find_orders(keys), strict=True)
        ]

    def _look(self, key: str, outcome: Outcome[Placed | None]) -> Outcome[Placed | None]:
        if key in self.fails:
            return Failed(self.fails[key])
        if self.misses.get(key, 0) > 0:
            self.misses[key] -= 1
            return Done(None)
        if isinstance(outcome, Done) and outcome.value is not None and key in self.other_totals:
            return Done(outcome.value.model_copy(update={"totals": self.other_totals[key]}))
        return outcome

    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        made = [self._told(order_id) for order_id in self._store.placed]
        for one in (*self._store.orders.values(), *made):
            if query.placed_from is None or one.placed_at >= query.placed_from:
                yield Page((one,))

    @hookimpl
    def get_order(self, order_id: str) -> Order | None:
        return self._told(order_id) if order_id in self._store.placed else self._store.orders.get(order_id)

    def _told(self, order_id: str) -> Order:
        draft, state, _ = self._store.placed[order_id]
        return Order(
            id=order_id,
            number=order_id,
            key=draft.key,
            status=OrderStatus.CANCELLED if state is PlacedState.CANCELLED else OrderStatus.OPEN,
            currency=draft.currency,
            taxes_included=draft.taxes_included,
            total=draft.expected.total,
            lines=tuple(
                Line(id=str(line.position), title=line.title, quantity=line.quantity, amounts=line.amounts)
                for line in draft.lines
            ),
            placed_at=draft.placed_at,
            updated_at=draft.placed_at,
        )


class PlainErp(Erp):
    """One that lists nothing and shows no order by its id."""

    list_orders: ClassVar[Any] = None
    get_order: ClassVar[Any] = None


class Ends:
    """Both ends of a route, and what is asked of them."""

    def __init__(self, orders: int = 0, *, erp: type[Erp] = Erp, **route: Any) -> None:
        self.clock = VirtualClock()
        self.ledger = Ledger("sqlite://", clock=self.clock)
        self.shop_store = ReferenceStore(account="shop")
        self.erp_store = ReferenceStore(account="erp")
        for sku in ("A", "B"):
            self.erp_store.add_item(sku)
        self.shop: Shop = self._connector(Shop, self.shop_store)
        self.erp: Erp = self._connector(erp, self.erp_store)
        self.rules = route
        self.extensions: list[tuple[str, object]] = []
        self.told: list[Discrepancy] = []
        for number in range(1, orders + 1):
            self.add(order(number))

    def close(self) -> None:
        self.ledger.close()

    def _connector(self, cls: Any, store: ReferenceStore) -> Any:
        connector = cls(ReferenceSettings(), Access(clock=self.clock))
        connector._store = store
        return connector

    def add(self, one: Order) -> Order:
        self.shop_store.orders[one.id] = one
        return one

    def lose_ledger(self) -> None:
        self.ledger.close()
        self.ledger = Ledger("sqlite://", clock=self.clock)

    def pass_time(self, by: timedelta = SETTLE + LAG) -> None:
        self.clock.sleep(by.total_seconds() + 1)

    def remove(self, source_id: str) -> None:
        """Somebody deletes the order on the target."""
        self.erp_store.placed = {
            order_id: one for order_id, one in self.erp_store.placed.items() if one[0].source_id != source_id
        }

    @property
    def route(self) -> Route:
        return Route.model_validate({"name": "orders", "source": "shop", "target": "erp", **self.rules})

    def _parts(self) -> tuple[Route, Connection, Connection, Ledger, Extensions]:
        route = self.route
        return (
            route,
            Connection("shop", "reference", self.shop),
            Connection("erp", "reference", self.erp),
            self.ledger,
            Extensions([*shapers(route), *self.extensions, ("policies", Rules(route))]),
        )

    def sync(self, **how: Any) -> RunReport:
        return Transfer(*self._parts(), clock=self.clock, workers=1).sync(**how)

    def plan_to(self, file: Path) -> Iterator[Planned]:
        return Transfer(*self._parts(), clock=self.clock, workers=1).write_plan(file)

    def retry(self) -> RunReport:
        return Transfer(*self._parts(), clock=self.clock, workers=1).retry()

    def survey(self) -> Survey:
        return Survey(*self._parts(), clock=self.clock, workers=1)

    def reconcile(self, **how: Any) -> Reconciliation:
        self.told = []
        result = Reconciler(self.survey(), tell=self.told.append, **how).run()
        counts = result.counts
        apart = sum(counts[kind] for kind in ("missing", "gone", "doubled", "unknown", "in_flight"))
        assert result.source.orders == result.target.orders + apart, "every order is in one place"
        assert sum(counts.values()) == len(self.told)
        return result

    def adopt(self, *, yes: bool = True, **how: Any) -> Adoption:
        before = list(self.erp.writes)
        result = Adopter(self.survey(), **how).run((lambda _: True) if yes else None)
        assert self.erp.writes == before, "nothing is written to a platform"
        return result

    def rebuild(self, **how: Any) -> Rebuilt:
        before = list(self.erp.writes)
        result = Rebuilder(self.survey(), **how).run()
        assert self.erp.writes == before, "nothing is written to a platform"
        return result

    def erase(self, customer: str) -> Erased:
        return Eraser(self.ledger, [self.route]).run(customer)

    def row(self, source_id: str) -> Row:
        (row,) = self.ledger.rows("orders", source_ids=[source_id])
        return row

    def states(self) -> dict[str, State]:
        return {row.source_id: row.state for row in self.ledger.rows("orders")}

    def kinds(self) -> dict[str | None, str]:
        return {found.source_id: found.kind for found in self.told}

    def standing(self) -> list[str]:
        """The source ids of what stands on the target."""
        return sorted(draft.source_id for draft, _, _ in self.erp_store.placed.values())


def order(number: int, *, lines: int = 1, sku: str = "A", **more: Any) -> Order:
    """An order of 11.00 USD per line, placed and changed `number` minutes after the clock's beginning."""
    at = VirtualClock().now() + timedelta(minutes=number)
    values: dict[str, Any] = {
        "id": f"O{number}",
        "number": f"#{number}",
        "currency": "USD",
        "taxes_included": False,
        "total": Decimal("11.00") * lines,
        "lines": tuple(
            Line(
                id=f"{number}-{i}",
                sku=sku,
                title="Thing",
                quantity=Decimal(1),
                amounts=Amounts.of(
                    Decimal("10.00"),
                    taxes=(Tax(rate=Decimal("0.1"), amount=Decimal("1.00")),),
                    taxes_included=False,
                    unit_price=Decimal("10.00"),
                ),
            )
            for i in range(lines)
        ),
        "customer": Customer(id=f"C{number}", email=f"buyer.{number}@example.com"),
        "email": f"buyer.{number}@example.com",
        "placed_at": at,
        "updated_at": at,
    }
    return Order(**{**values, **more})
