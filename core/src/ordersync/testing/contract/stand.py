"""A connector opened on an account: the way in, the wire between, and what stands on the far side."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from ordersync.connection import Connection
from ordersync.errors import OrderSyncError
from ordersync.model import (
    Change,
    Customer,
    CustomerRef,
    Done,
    Draft,
    Failed,
    Item,
    Order,
    OrderQuery,
    Outcome,
    Placed,
    Subscription,
    customer_key,
    only,
    order_key,
)
from ordersync.testing.contract.buyers import buyer
from ordersync.testing.contract.wire import Wire
from ordersync.testing.sandbox import Sandbox, StandingOrder
from ordersync.transfer.drafting import make_draft
from ordersync.transfer.fit import Unfit, fit
from ordersync.web import Access, Client, Clock

if TYPE_CHECKING:
    from ordersync.testing.contract.live import Live
    from ordersync.testing.contract.subject import Subject

__all__ = ["Stand", "WatchedAccess"]

SOURCE = "ordersync-contract"
_turns = itertools.count(1)


@dataclass(repr=False)
class WatchedAccess(Access):
    """An access that remembers the clients it made."""

    clients: list[Client] = field(default_factory=list)

    def client(self, base_url: str, **options: Any) -> Client:
        """As `Access.client`."""
        made = super().client(base_url, **options)
        self.clients.append(made)
        return made


@dataclass
class Stand:
    """What a test has in hand."""

    subject: Subject
    connection: Connection
    access: WatchedAccess
    settings: Any
    wire: Wire
    clock: Clock
    sandbox: Sandbox | None
    live: Live | None = None
    placed: list[tuple[Draft, Placed]] = field(default_factory=list)
    """Orders that this stand made."""
    rehearsals: dict[str, tuple[Any, int, int]] = field(default_factory=dict)
    """Hook → what an undisturbed call came to, how many requests it made, and how many writes there were until then."""
    known_change: type[Change] | None = None
    """A kind of change that the platform was seen to make."""
    _ids: list[str] = field(default_factory=list)
    _buyer: tuple[Customer, str] | None = None
    """On a real account: one buyer for all orders of a connection."""
    _items: dict[str, Item] = field(default_factory=dict)

    @property
    def connector(self) -> Any:
        """The connector itself."""
        return self.connection.connector

    @property
    def platform(self) -> str:
        """Its name, for messages."""
        return self.connection.platform

    def close(self) -> None:
        """Clean up on a real account, and close the connection."""
        if self.live:
            self.live.clean(self)
        self.connection.close()
        self.wire.shut()

    # -- what is there ------------------------------------------------------------------------------------------

    def inside(self) -> Sandbox:
        """The sandbox; skips the test where there is none to look into."""
        if self.sandbox is None:
            pytest.skip("needs a sandbox to look into: there is none here")
        return self.sandbox

    def standing(self) -> list[StandingOrder]:
        """Everything that stands in the sandbox."""
        return self.inside().standing()

    def standing_with(self, key: str) -> list[StandingOrder]:
        """What stands in the sandbox and carries a key."""
        return [one for one in self.standing() if one.key == key]

    def some_orders(self, at_least: int = 1) -> list[Order]:
        """Orders of the account, as `list_orders` tells them: its first page with any; skips if they are too few."""
        found: list[Order] = []
        for page in self.connection.list_orders(OrderQuery()):
            found += page.orders
            if len(found) >= at_least:
                break
        if len(found) < at_least:
            pytest.skip(f"the account holds fewer than {at_least} orders")
        return found

    def order_ids(self, count: int) -> list[str]:
        """Ids for `get_order`, of orders that were there at the first call; made, where nothing lists orders."""
        if len(self._ids) < count:
            if "list_orders" in self.connection.offers:
                self._ids = [order.id for order in self.some_orders()]
            else:
                self._ids = [self.place()[1].ref.id for _ in range(count)]
        return self._ids[:count]

    def item(self, sku: str | None = None) -> Item:
        """The item of the suite's SKU; skips where there is none."""
        sku = sku or self.subject.known_sku(self)
        if sku not in self._items:
            found = self.resolve(sku)
            if found is None:
                pytest.skip(f"the account has no item {sku!r}: name one by the class attribute `sku`")
            self._items[sku] = found
        return self._items[sku]

    def resolve(self, sku: str) -> Item | None:
        """`resolve_sku`, or a batch of one."""
        if "resolve_sku" in self.connection.offers:
            return self.connection.resolve_sku(sku)
        return only(self.connection.resolve_skus([sku]))

    # -- what is made -------------------------------------------------------------------------------------------

    def number(self) -> str:
        """A new order number, recognisable as this suite's."""
        return f"{self.live.mark if self.live else 'OSC'}-{next(_turns)}"

    def key(self, number: str) -> str:
        """The key of the suite's order with this number."""
        return order_key(SOURCE, self.live.mark if self.live else "suite", number)

    def customer(self, number: str | None = None) -> tuple[Customer, str]:
        """A new buyer whom nobody knows, and its key."""
        number = number or self.number()
        one = buyer(number, self.subject.buyer_country)
        return one, customer_key(SOURCE, "suite", customer_id=None, email=one.email)

    def customer_ref(self, customer: Customer, key: str) -> CustomerRef | None:
        """The platform's customer of this one, made if need be; None if the connector keeps none."""
        offers = self.connection.offers
        found = self.connection.find_customer(customer, key) if "find_customer" in offers else None
        if found is None and "create_customer" in offers:
            found = self.connection.create_customer(customer, key)
            if self.live:
                self.live.told(f"customer {found.id}")
        return found

    def draft(self, number: str | None = None, **how: Any) -> Draft:
        """A new draft, its customer known there, fitted to the target. `how` goes to the subject's `order`."""
        number = number or self.number()
        order = self.subject.order(self, number, **how)
        customer, key = self.customer(number)
        if self.live and self._buyer is None:
            self._buyer = customer, key
        if self._buyer is not None:
            customer, key = self._buyer
        order = order.model_copy(update={"customer": customer, "email": customer.email})
        items = {line.sku: self.item(line.sku) for line in order.lines if line.sku}
        draft = make_draft(
            order,
            key=self.key(number),
            platform=SOURCE,
            items=items,
            customer=self.customer_ref(customer, key),
        )
        try:
            return fit(draft, self.connection.facts, adjustment=99)
        except Unfit as unfit:
            pytest.fail(
                f"the suite's own order cannot be made to come out on {self.platform}: {unfit.problem.message}\n"
                "  to do: check facts.arithmetic, or override `order` with one that the platform can hold",
                pytrace=False,
            )

    def create(self, draft: Draft) -> Placed:
        """`create_order`, or a batch of one."""
        if "create_order" in self.connection.offers:
            made = self.connection.create_order(draft)
        else:
            made = only(self.connection.create_orders([draft]))
        self.placed.append((draft, made))
        if self.live:
            self.live.placed(draft, made)
        return made

    def create_many(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        """`create_orders`."""
        outcomes = self.connection.create_orders(drafts)
        for draft, outcome in zip(drafts, outcomes, strict=True):
            if isinstance(outcome, Done):
                self.placed.append((draft, outcome.value))
                if self.live:
                    self.live.placed(draft, outcome.value)
        return outcomes

    def find(self, key: str) -> Placed | None:
        """`find_order`, or a batch of one."""
        if "find_order" in self.connection.offers:
            return self.connection.find_order(key)
        return only(self.connection.find_orders([key]))

    def place(self, **how: Any) -> tuple[Draft, Placed]:
        """An order of the suite's, made just now."""
        draft = self.draft(**how)
        return draft, self.create(draft)

    def subscribe(self, address: str, topics: Sequence[str]) -> Sequence[Subscription]:
        """`subscribe`; skips on a real account that could not be cleaned up again."""
        if self.live and "unsubscribe" not in self.connection.offers:
            pytest.skip("live: a subscription could not be removed again")
        made = self.connection.subscribe(address, topics)
        if self.live:
            self.live.subscriptions += made
        return made

    def let_it_settle(self, *, doubt: bool = False) -> None:
        """Wait for the index, and after a lost answer (`doubt`) for the platform to be through with it."""
        facts = self.connection.facts
        wait: timedelta = facts.index_lag + (facts.settle_time if doubt else timedelta(0))
        self.clock.sleep(wait.total_seconds() + 1)
        if self.sandbox is not None:
            self.sandbox.catch_up()


def error_of(answer: Any) -> OrderSyncError | None:
    """The first error within a batch's answer, if all its elements failed."""
    if isinstance(answer, Sequence) and answer and all(isinstance(one, Failed) for one in answer):
        first: Outcome[Any] = answer[0]
        assert isinstance(first, Failed)
        return first.error
    return None


def value_of(answer: Any) -> Any:
    """An answer with the outcomes of batches unwrapped."""
    if isinstance(answer, list | tuple):
        return [value_of(one) for one in answer]
    return value_of(answer.value) if isinstance(answer, Done) else answer


CENT = Decimal("0.01")
