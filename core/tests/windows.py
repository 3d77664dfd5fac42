"""A route whose every request is counted and may be disturbed: what windows in flight are looked at with."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, ClassVar

import sqlalchemy as sa

from ordersync.connection import Connection
from ordersync.extensions import Extensions
from ordersync.hookspecs import hookimpl
from ordersync.ledger import Ledger, State, tables
from ordersync.model import (
    Change,
    Customer,
    CustomerRef,
    Draft,
    Facts,
    OrderRef,
    Outcome,
    Placed,
    Policies,
    Route,
)
from ordersync.testing.reference import ReferenceConnector, ReferenceSettings, ReferenceStore
from ordersync.testing.trial import reference_orders
from ordersync.transfer import Transfer
from ordersync.transfer.house import Rules
from ordersync.web import Access, VirtualClock

__all__ = ["AT_ONCE", "Batches", "OneByOne", "World"]

AT_ONCE = 3
"""How many calls at once the target likes."""


class Source(ReferenceConnector):
    facts: Facts = Facts(platform="Reference", page_size=5)


class OneByOne(ReferenceConnector):
    """A target that is asked about one thing per request."""

    facts: Facts = Facts(
        platform="Reference", unique_key=False, concurrency=AT_ONCE, settle_time=timedelta(seconds=60)
    )
    find_orders: ClassVar[Any] = None
    create_orders: ClassVar[Any] = None

    def __init__(self, settings: ReferenceSettings, access: Access) -> None:
        super().__init__(settings, access)
        self.asked: list[str] = []
        """Every request, by its hook, as it begins."""
        self.now = self.most = 0
        """How many requests are under way, and were at most."""
        self.meet: Callable[[str, object], None] = lambda hook, about: None
        """Runs within every request, before the platform does anything."""
        self._lock = threading.Lock()

    def _request(self, hook: str, about: object, work: Callable[[], Any]) -> Any:
        with self._lock:
            self.asked.append(hook)
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            self.meet(hook, about)
            with self._store.lock:
                return work()
        finally:
            with self._lock:
                self.now -= 1

    @hookimpl
    def find_order(self, key: str) -> Placed | None:
        found: Placed | None = self._request(
            "find_order", key, lambda: ReferenceConnector.find_order(self, key)
        )
        return found

    @hookimpl
    def find_customer(self, customer: Customer, key: str) -> CustomerRef | None:
        found: CustomerRef | None = self._request(
            "find_customer", key, lambda: ReferenceConnector.find_customer(self, customer, key)
        )
        return found

    @hookimpl
    def create_customer(self, customer: Customer, key: str) -> CustomerRef:
        made: CustomerRef = self._request(
            "create_customer", key, lambda: ReferenceConnector.create_customer(self, customer, key)
        )
        return made

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        made: Placed = self._request("create_order", draft, lambda: self._made(draft))
        return made

    def _made(self, draft: Draft) -> Placed:
        order_id = self._store.new_id("R", self._store.placed)
        positions = {line.position for line in draft.lines}
        self._store.placed[order_id] = (draft, self._first_state, positions)
        return self._answer(order_id)

    @hookimpl
    def update_order(self, ref: OrderRef, change: Change, key: str) -> Placed:
        placed: Placed = self._request(
            "update_order", ref, lambda: ReferenceConnector.update_order(self, ref, change, key)
        )
        return placed


class Batches(OneByOne):
    """The same, with orders found and created in batches of four."""

    facts: Facts = OneByOne.facts.model_copy(update={"batch_sizes": {"create_orders": 4, "find_orders": 4}})

    @hookimpl
    def find_orders(self, keys: Sequence[str]) -> Sequence[Outcome[Placed | None]]:
        found: Sequence[Outcome[Placed | None]] = self._request(
            "find_orders",
            keys,
            lambda: ReferenceConnector.find_orders(_Silent(self), keys),  # type: ignore[arg-type]
        )
        return found

    @hookimpl
    def create_orders(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        made: Sequence[Outcome[Placed]] = self._request(
            "create_orders",
            drafts,
            lambda: ReferenceConnector.create_orders(_Silent(self), drafts),  # type: ignore[arg-type]
        )
        return made


class _Silent:
    """A target within one of its own requests."""

    def __init__(self, target: OneByOne) -> None:
        self._target = target

    def find_order(self, key: str) -> Placed | None:
        return ReferenceConnector.find_order(self._target, key)

    def create_order(self, draft: Draft) -> Placed:
        return self._target._made(draft)


class World:
    """Orders of a shop, a target of the given kind, and a ledger between them."""

    def __init__(
        self,
        kind: type[OneByOne],
        orders: int = 24,
        *,
        drafts: bool = False,
        window: int = 10,
        ledger: str = "sqlite://",
    ) -> None:
        self.clock = VirtualClock()
        self.ledger = Ledger(ledger, clock=self.clock)
        self.shop, self.store = ReferenceStore(account="shop"), ReferenceStore(account="erp")
        self.shop.orders = {one.id: one for one in reference_orders(orders)}
        self.source = Source(ReferenceSettings(), Access(clock=self.clock))
        self.source._store = self.shop
        settings = ReferenceSettings(any_sku=True, drafts=drafts)
        self.target = kind(settings, Access(clock=self.clock))
        self.target._store = self.store
        self.policies = Policies.model_validate({"money": "presentment", "window": window})

    def transfer(self, workers: int = 8, **more: Any) -> Transfer:
        route = Route(name="orders", source="shop", target="erp", policies=self.policies)
        return Transfer(
            route,
            Connection("shop", "reference", self.source),
            Connection("erp", "reference", self.target),
            self.ledger,
            Extensions([("policies", Rules(route))]),
            clock=self.clock,
            workers=workers,
            **more,
        )

    def states(self) -> Counter[State]:
        return Counter(row.state for row in self.ledger.rows("orders"))

    def standing(self) -> Counter[str]:
        """Source id → how often it stands on the target."""
        return Counter(draft.source_id for draft, _, _ in self.store.placed.values())

    def check_all_done(self) -> None:
        """Every order stands once, and the ledger knows."""
        assert self.standing() == dict.fromkeys(self.shop.orders, 1)
        assert self.states() == {State.DONE: len(self.shop.orders)}
        mails = Counter((known.email or "").lower() for _, known in self.store.customers.values())
        assert max(mails.values()) == 1

    def check_nothing_held(self) -> None:
        """No claim on an order or a customer is left, and no thread."""
        with self.ledger._store.read() as db:
            for table in (tables.orders, tables.customers):
                held = db.execute(sa.select(table.c.key).where(table.c.owner.is_not(None))).all()
                assert not held, (table.name, held)
        assert not [one for one in threading.enumerate() if one.name.startswith("ordersync")]
