"""A trial: the real transfer between the reference platform and a sandbox with quirks, and whether its promises held.

    trial = Trial("shopify", {"lost_response": ""}, side="target")
    trial.run()
    assert trial.wrong() == []

Time is virtual and nothing needs a socket.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import cache
from types import TracebackType
from typing import Any, Literal

from ordersync.connection import Connection
from ordersync.discovery import connector_class, sandbox_class
from ordersync.errors import OrderSyncError
from ordersync.extensions import Extensions
from ordersync.ledger import Ledger, State, Store
from ordersync.model import (
    Address,
    Amounts,
    Charge,
    ChargeKind,
    Customer,
    Draft,
    Line,
    Order,
    Policies,
    Route,
    RunReport,
    Tax,
    rounded,
)
from ordersync.testing.reference import ReferenceConnector, ReferenceSettings, ReferenceStore
from ordersync.testing.sandbox import Sandbox, StandingOrder
from ordersync.testing.seeds import catalogue, customers
from ordersync.transfer import Transfer
from ordersync.transfer.house import Rules
from ordersync.web import Access, VirtualClock

__all__ = ["Trial", "reference_orders"]

ROUTE = "orders"
BETWEEN_RUNS = 600.0
"""Seconds of the clock from one run to the next."""
_RATE = Decimal("0.08875")


def reference_orders(count: int) -> Iterator[Order]:
    """Orders as the reference platform tells them: one to three lines, shipping, tax on top; every second buyer is one
    that no sandbox is born with."""
    goods, people = catalogue(), [one for one in customers() if one.address.country == "US"]
    at = VirtualClock().now() - timedelta(days=2)
    for index in range(count):
        person = people[index % len(people)]
        email = f"new.buyer.{index}@example.com" if index % 2 else person.email
        lines = tuple(
            Line(
                id=f"{index}-{place}",
                sku=goods[(3 * index + place) % len(goods)].sku,
                title=goods[(3 * index + place) % len(goods)].title,
                quantity=Decimal(1 + place),
                amounts=_amounts(goods[(3 * index + place) % len(goods)].price, 1 + place),
            )
            for place in range(1 + index % 3)
        )
        shipping = Charge(kind=ChargeKind.SHIPPING, title="Standard", amounts=_amounts(Decimal("5.90"), 1))
        given = person.address
        address = Address(
            first_name=given.first_name,
            last_name=given.last_name,
            line1=given.line1,
            city=given.city,
            postcode=given.postcode,
            country=given.country,
            subdivision=given.subdivision,
        )
        yield Order(
            id=f"O{index + 1}",
            number=f"R-{1001 + index}",
            currency="USD",
            taxes_included=False,
            total=sum((line.amounts.gross for line in lines), shipping.amounts.gross),
            lines=lines,
            charges=(shipping,),
            customer=Customer(
                id=str(index), email=email, first_name=person.first_name, last_name=person.last_name
            ),
            email=email,
            billing=address,
            shipping=address,
            placed_at=at + timedelta(minutes=index),
            updated_at=at + timedelta(minutes=index),
        )


def _amounts(price: Decimal, quantity: int) -> Amounts:
    net = price * quantity
    tax = Tax(title="Sales tax", rate=_RATE, amount=rounded(net * _RATE, "USD"))
    return Amounts.of(net, taxes=(tax,), taxes_included=False, unit_price=price)


class Trial:
    """One life of a route with the reference platform at one end and a sandbox with quirks at the other."""

    def __init__(
        self,
        platform: str,
        quirks: Mapping[str, str] | None = None,
        *,
        side: Literal["source", "target"],
        orders: int = 4,
        options: Mapping[str, str] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """`side` is the sandbox's; `orders` are born at the source; `settings` go into the sandbox's connection.

        Raises NotOffered if the connector brings no sandbox, ValueError for an unknown quirk.
        """
        self.platform, self.side, self.orders, self.options = platform, side, orders, options
        self.clock = VirtualClock()
        born = orders if side == "source" else 0
        self._connector, kind = _classes(platform)
        self.sandbox: Sandbox = kind(clock=self.clock, orders=born, options=options, quirks=quirks)
        self.store = ReferenceStore(account="reference")
        if side == "target":
            self.store.orders = {order.id: order for order in reference_orders(orders)}
        self.ledger = _ledger(self.clock)
        self.errors: list[OrderSyncError] = []
        """What ended runs."""
        self._settings = dict(settings or {})
        self._any_sku = True
        self._before = {one.id for one in self.sandbox.standing()}
        self.route = Route(
            name=ROUTE,
            source="from",
            target="to",
            policies=Policies.model_validate({"money": "presentment", "unknown_sku": "custom_line"}),
        )

    def __enter__(self) -> Trial:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def park_unknown_skus(self) -> None:
        """From now on the reference platform knows the catalogue's SKUs only, and others park."""
        self._any_sku = False
        for product in catalogue():
            self.store.add_item(product.sku)
        self.route = self.route.model_copy(update={"policies": Policies(money=self.route.policies.money)})

    def close(self) -> None:
        """Let go of the ledger."""
        self.ledger.close()

    def connection(self) -> Connection:
        """A new connection to the sandbox, with the credentials that are good now; whoever asks closes it."""
        section = {**self.sandbox.settings(f"http://{self.platform}.sandbox"), **self._settings}
        section.pop("connector", None)
        access = Access(connection="sandbox", clock=self.clock, transport=self.sandbox.transport())
        return Connection(
            "sandbox",
            self.platform,
            self._connector(self._connector.settings_model.model_validate(section), access),
        )

    def sync(self, **how: Any) -> RunReport:
        """One run, of `Transfer.sync`; raises what it raises."""
        return self._with("sync", **how)

    def retry(self, *orders: str) -> RunReport:
        """One run of `Transfer.retry`."""
        return self._with("retry", orders=orders)

    def _with(self, what: str, **how: Any) -> RunReport:
        reference = ReferenceConnector(ReferenceSettings(any_sku=self._any_sku), Access(clock=self.clock))
        reference._store = self.store
        ends = [Connection("reference", "reference", reference), self.connection()]
        source, target = ends if self.side == "target" else ends[::-1]
        transfer = Transfer(
            self.route,
            source,
            target,
            self.ledger,
            Extensions([("policies", Rules(self.route))]),
            clock=self.clock,
            workers=1,
        )
        try:
            report: RunReport = getattr(transfer, what)(**how)
            return report
        finally:
            for end in ends:
                end.close()

    def run(self, most: int = 8, **how: Any) -> int:
        """Sync until a run ends well and leaves nothing undone, at most so often; how many runs it took.

        What ends a run is kept in `errors`. Answers `most + 1` if it never came to rest.
        """
        for number in range(1, most + 1):
            try:
                failed = self.sync(**how).failed
            except OrderSyncError as error:
                self.errors.append(error)
                failed = 1
            if not failed:
                return number
            self.clock.sleep(BETWEEN_RUNS)
        return most + 1

    def states(self) -> dict[str, State]:
        """Source id → state in the ledger."""
        return {row.source_id: row.state for row in self.ledger.rows(ROUTE)}

    def made(self) -> list[StandingOrder]:
        """What stands in the sandbox and did not when it was born."""
        self.sandbox.catch_up()
        return [one for one in self.sandbox.standing() if one.id not in self._before]

    def figures(self) -> dict[str, tuple[Any, ...]]:
        """What must be the same whatever went wrong on the way: by key, or by the source's number."""
        if self.side == "target":
            return {str(one.key): _standing_figures(one) for one in self.made()}
        return {draft.number: _draft_figures(draft) for draft, _, _ in self.store.placed.values()}

    def wrong(self, *, edited: Collection[str] = ()) -> list[str]:
        """Every broken promise: an order that stands twice, is lost, or stands otherwise than without quirks.

        `edited` are numbers of orders that were changed meanwhile. Empty if all is well.
        """
        wrong = self._wrong_in_sandbox() if self.side == "target" else self._wrong_in_reference()
        found = self.figures()
        expected = _without_quirks(self.platform, self.side, self.orders, tuple((self.options or {}).items()))
        return wrong + [
            f"{name} stands otherwise than without quirks: {found.get(name)}"
            for name, figures in expected.items()
            if found.get(name) != figures and name not in edited
        ]

    def _wrong_in_sandbox(self) -> list[str]:
        keys = {row.source_id: row.key for row in self.ledger.rows(ROUTE)}
        made = self.made()
        counts = Counter(one.key for one in made)
        wrong = [f"{key} stands {count} times" for key, count in counts.items() if key and count > 1]
        wrong += ["an order without a key stands there"] * counts[None]
        wrong += [f"{one} is unknown to the ledger" for one in self.store.orders if one not in keys]
        wrong += [self._stuck(one) for one, state in self.states().items() if state is not State.DONE]
        by_key = {one.key: one for one in made}
        for source_id, order in self.store.orders.items():
            found = by_key.get(keys.get(source_id))
            if found is None:
                wrong.append(f"{source_id} is missing")
            elif (found.total, found.tax, found.currency) != (order.total, order.tax, order.currency):
                wrong.append(f"{source_id} comes to {found.total}, not to {order.total}")
        people = len({one.customer for one in made})
        wanted = len({one.email for one in self.store.orders.values()})
        if people > wanted:
            wrong.append(f"{people} customers for {wanted}")
        return wrong

    def _wrong_in_reference(self) -> list[str]:
        drafts = [draft for draft, _, _ in self.store.placed.values()]
        counts = Counter(draft.source_id for draft in drafts)
        wrong = [f"{one} stands {count} times" for one, count in counts.items() if count > 1]
        states = self.states()
        by_source = {draft.source_id: draft for draft in drafts}
        for one in self.sandbox.standing():
            draft, state = by_source.get(one.id), states.get(one.id)
            if state is State.SKIPPED and one.cancelled:
                continue
            if draft is None:
                wrong.append(f"{one.id} is missing (the ledger says: {self._stuck(one.id)})")
            elif (draft.expected.total, draft.currency) != (one.total, one.currency):
                wrong.append(f"{one.id} comes to {draft.expected.total}, not to {one.total}")
            elif state is not State.DONE:
                wrong.append(self._stuck(one.id))
        for draft, _, positions in self.store.placed.values():
            if positions != {line.position for line in draft.lines}:
                wrong.append(f"{draft.source_id} is short of lines")
        return wrong

    def _stuck(self, source_id: str) -> str:
        """What the ledger says of an order, and why, if it says so. The orders of a trial are invented."""
        for row in self.ledger.rows(ROUTE, source_ids=[source_id]):
            problem = row.problem
            return f"{source_id} is {row.state}" + (f": {problem.code}, {problem.message}" if problem else "")
        return f"{source_id} is not in the ledger"


@cache
def _tables() -> sqlite3.Connection:
    """An empty ledger, to copy: migrations take longer than a trial."""
    empty = Store("sqlite://", VirtualClock())
    tables = sqlite3.connect(":memory:", check_same_thread=False)
    empty.copy_to(tables)
    empty.close()
    return tables


def _ledger(clock: VirtualClock) -> Ledger:
    def database() -> sqlite3.Connection:
        made = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        _tables().backup(made)
        return made

    return Ledger(clock=clock, store=Store.over(database, clock))


@cache
def _classes(platform: str) -> tuple[Any, type[Sandbox]]:
    return connector_class(platform), sandbox_class(platform)


@cache
def _without_quirks(
    platform: str, side: Literal["source", "target"], orders: int, options: tuple[tuple[str, str], ...]
) -> Mapping[str, tuple[Any, ...]]:
    with Trial(platform, side=side, orders=orders, options=dict(options)) as plain:
        plain.run()
        return plain.figures()


def _standing_figures(one: StandingOrder) -> tuple[Any, ...]:
    return (one.lines, one.net, one.tax, one.total, one.currency, one.confirmed, one.cancelled, one.placed_at)


def _draft_figures(draft: Draft) -> tuple[Any, ...]:
    lines = tuple((line.sku, line.quantity, line.amounts.net, line.amounts.tax) for line in draft.lines)
    return lines, draft.expected, draft.email, draft.placed_at
