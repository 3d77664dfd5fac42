"""Looking things up on the target: items, stock, customers; each distinct thing once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from ordersync.connection import Connection
from ordersync.errors import (
    Ambiguous,
    InDoubt,
    NotOffered,
    OrderSyncError,
    PluginBroken,
    Refused,
    TryLater,
)
from ordersync.ledger import CustomerClaim, Ledger
from ordersync.model import (
    CustomerAsk,
    CustomerRef,
    Done,
    Failed,
    Item,
    Problem,
    Stock,
)
from ordersync.transfer.ask import Stopping, ask_each, chunks
from ordersync.transfer.hands import Hands
from ordersync.web import Clock

log = logging.getLogger("ordersync.transfer")

__all__ = ["LEASE", "LOOK_AGAIN", "Found", "Resolver", "Wait"]

LEASE = timedelta(minutes=2)
"""How long a claim holds; every write to the ledger about the order renews it."""

REMEMBERED = 5_000
"""How many customers a run remembers; the ledger knows the others."""

LOOK_AGAIN = timedelta(seconds=5)
"""The least time between two looks for a lost write."""


class Wait(Exception):
    """This cannot be decided now; try the order again later in this run or in the next."""

    def __init__(self, why: OrderSyncError) -> None:
        super().__init__(why.message)
        self.why = why


class _ClaimLost(TryLater):
    """Another worker took a customer over; this one must not create it any more."""


A = TypeVar("A")
B = TypeVar("B")
Found = Item | Problem | Wait
"""What is known about a SKU."""
_OPEN = (Wait, type(None))
"""What may be known of a customer that is to be settled."""


class Resolver:
    """Remembers what it found for the length of one run."""

    def __init__(
        self,
        target: Connection,
        ledger: Ledger,
        clock: Clock,
        *,
        owner: str,
        workers: int,
        read_only: bool,
        lease: timedelta = LEASE,
        memory: timedelta = timedelta(0),
        hands: Hands | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        """`memory` is how old an item of the ledger may be that counts without asking again. Questions are asked by
        `hands`, else by threads made for each time, up to `workers`; once `stop` is set, nothing is asked or created any
        more, and what was not waits."""
        self._target = target
        self._ledger = ledger
        self._clock = clock
        self._owner = owner
        self._workers = workers
        self._hands = hands
        self._stop = stop
        self._read_only = read_only
        self._lease = lease
        self._memory = memory
        self._items: dict[str, Found] = {}
        self._fresh: dict[str, Item] = {}
        """Looked up in this run; the ledger is told at its end."""
        self._remembered: set[str] = set()
        """Not looked up in this run: the ledger knew them."""
        self._stock: dict[str, Stock | None] = {}
        self._stale = False
        self._customers: dict[str, CustomerRef | Problem | Wait | None] = {}
        self._held_until = clock.now()
        """How long this worker surely holds the customers that it claimed last."""

    # -- items --------------------------------------------------------------------------------------------------

    def look_up_skus(self, skus: Iterable[str]) -> None:
        """Find out about those that are not known yet."""
        if self._stale:
            self._stale = False
            self._items.clear()
            self._stock.clear()
        new = sorted(set(skus) - set(self._items))
        if new and self._memory:
            since = self._clock.now() - self._memory
            known = self._ledger.known_items(self._target.name, new, since)
            self._items.update(known)
            self._remembered |= set(known)
            new = [sku for sku in new if sku not in known]
        if not new:
            return
        self._remembered -= set(new)
        outcomes = ask_each(
            self._target,
            new,
            batch="resolve_skus",
            many=self._target.resolve_skus,
            one=self._target.resolve_sku,
            workers=self._workers,
            hands=self._hands,
            stop=self._stop,
        )
        for sku, outcome in zip(new, outcomes, strict=True):
            found = self._items[sku] = self._found(sku, outcome)
            if isinstance(found, Item):
                self._fresh[sku] = found
        if len(self._fresh) > REMEMBERED:
            self.remember()

    def remember(self) -> None:
        """Tell the ledger what was looked up, for the runs to come."""
        fresh, self._fresh = self._fresh, {}
        if self._memory and not self._read_only:
            self._ledger.remember_items(self._target.name, fresh, self._clock.now())

    def ask_anew(self) -> None:
        """From now on nothing counts that this run has not looked up itself."""
        self._memory = timedelta(0)

    def item(self, sku: str) -> Found:
        """What is known about `sku`, which was looked up; it is again if it was forgotten meanwhile."""
        if sku not in self._items:
            self.look_up_skus([sku])
        return self._items[sku]

    def remembers(self, sku: str) -> bool:
        """Whether what is known about `sku` was not looked up in this run."""
        return sku in self._remembered

    def forget(self, skus: Iterable[str]) -> None:
        """Forget all items before the next look-up: the target refused an order of these SKUs, perhaps because of what
        was remembered. May be called by another thread than the one that looks up."""
        self._stale = True
        mine = sorted(set(skus))
        if self._memory:
            self._ledger.forget_items(self._target.name, mine)
        for sku in mine:
            self._fresh.pop(sku, None)

    @staticmethod
    def _found(sku: str, outcome: Done[Item | None] | Failed) -> Found:
        if isinstance(outcome, Done):
            item = outcome.value
            if item is None:
                return Problem(
                    code="unknown_sku",
                    message=f"the target has no item with the SKU {sku!r}",
                    remedy="Create the item there, or add an alias to the route.",
                    subject=sku,
                )
            if not item.sellable:
                return Problem(
                    code="unsellable_sku",
                    message=f"the target's item {sku!r} cannot be sold",
                    remedy="Make it sellable there, or add an alias to the route.",
                    subject=sku,
                )
            return item
        error = outcome.error
        if isinstance(error, Ambiguous):
            return Problem(
                code="ambiguous_sku",
                message=f"the target has several items with the SKU {sku!r}: {', '.join(error.candidates)}",
                remedy="Make the SKU unique there, or add an alias to the route.",
                subject=sku,
            )
        if isinstance(error, Refused):
            return Problem(
                code="refused_sku", message=str(error), remedy="Change the SKU, or add an alias.", subject=sku
            )
        return Wait(error)

    # -- stock --------------------------------------------------------------------------------------------------

    def look_up_stock(self, items: Sequence[Item]) -> None:
        """Ask for the stock of tracked items that is not known yet."""
        if not {"check_stock", "check_stocks"} & self._target.offers:
            return
        new = {item.sku: item for item in items if item.tracks_stock and item.sku not in self._stock}
        outcomes = ask_each(
            self._target,
            list(new.values()),
            batch="check_stocks",
            many=self._target.check_stocks,
            one=self._target.check_stock,
            workers=self._workers,
            hands=self._hands,
            stop=self._stop,
        )
        for sku, outcome in zip(new, outcomes, strict=True):
            if isinstance(outcome, Done):
                self._stock[sku] = outcome.value

    def stock(self, item: Item) -> Stock | None:
        """The stock as it was asked for; None if it is not tracked or not known."""
        return self._stock.get(item.sku)

    def stocks(self, items: Iterable[Item]) -> dict[str, Decimal | None]:
        """SKU → how many can be sold, of those that were asked for."""
        known = {item.sku: self._stock.get(item.sku) for item in items}
        return {sku: stock.available for sku, stock in known.items() if stock is not None}

    # -- customers ----------------------------------------------------------------------------------------------

    def customer(self, key: str) -> CustomerRef | Problem | Wait | None:
        """What came of `settle_customers` for this key; None only in a plan: it would be created."""
        return self._customers.get(key)

    def peek(self, asks: Sequence[CustomerAsk]) -> dict[str, CustomerRef | None]:
        """Who these customers are, by key, without creating any; those that this run settled or cannot tell now are
        missing."""
        new = [ask for ask in asks if ask.key not in self._customers]
        known: dict[str, CustomerRef | None] = dict(
            self._ledger.known_customers(self._target.name, [ask.key for ask in new])
        )
        asking = [ask for ask in new if ask.key not in known]
        for ask, outcome in zip(asking, self._find(asking), strict=True):
            if isinstance(outcome, Done):
                known[ask.key] = outcome.value
        return known

    def settle_customers(self, asks: Iterable[CustomerAsk]) -> None:
        """Find each customer, and create it if it is nowhere; one worker at a time per customer."""
        if len(self._customers) > REMEMBERED:
            self._customers.clear()
        new = {ask.key: ask for ask in asks if isinstance(self._customers.get(ask.key), _OPEN)}
        if not new:
            return
        for key, ref in self._ledger.known_customers(self._target.name, list(new)).items():
            self._customers[key] = ref
            del new[key]
        claims: dict[str, CustomerClaim] = {}
        if not self._read_only:
            self._held_until = self._clock.now() + self._lease
            claims = self._ledger.claim_customers(
                self._target.name, list(new), owner=self._owner, lease=self._lease
            )
            for key, claim in claims.items():
                if claim.ref is not None:
                    self._customers[key] = claim.ref
                    del new[key]
                elif not claim.mine:
                    self._customers[key] = Wait(TryLater("Another worker is creating this customer."))
                    del new[key]
        asking = list(new.values())
        found: dict[str, CustomerRef] = {}
        looked: list[str] = []
        free: list[str] = []
        missing: list[CustomerAsk] = []
        for ask, outcome in zip(asking, self._find(asking), strict=True):
            if isinstance(outcome, Failed):
                self._customers[ask.key] = self._judged(ask.key, outcome.error)
                free.append(ask.key)
            elif outcome.value is not None:
                found[ask.key] = outcome.value
            elif self._read_only:
                self._customers[ask.key] = None
            elif (when := self._look_again_at(claims[ask.key], looked, ask.key)) is not None:
                self._customers[ask.key] = Wait(
                    TryLater("Whether this customer was created is not known yet.", when=when)
                )
                free.append(ask.key)
            else:
                missing.append(ask)
        self._customers.update(found)
        distinct, twins = self._by_mail(missing)
        creates = bool({"create_customer", "create_customers"} & self._target.offers)
        sent = [ask.key for ask in distinct] if creates else []
        lost = self._record(refs=found, looked=looked, free=free, sent=sent)
        if creates:
            self._create(distinct, lost)
        else:
            self._cannot_create(distinct)
        self._as_their_twins(twins)

    def _record(self, **what: Any) -> set[str]:
        if self._read_only or not any(what.values()):
            return set()
        return self._ledger.record_customers(self._target.name, owner=self._owner, **what)

    def _find(self, asks: list[CustomerAsk]) -> Sequence[Done[CustomerRef | None] | Failed]:
        if not {"find_customer", "find_customers"} & self._target.offers:
            return [Done(None)] * len(asks)
        return ask_each(
            self._target,
            asks,
            batch="find_customers",
            many=self._target.find_customers,
            one=lambda ask: self._target.find_customer(ask.customer, ask.key),
            workers=self._workers,
            hands=self._hands,
            stop=self._stop,
        )

    def _look_again_at(self, claim: CustomerClaim, looked: list[str], key: str) -> datetime | None:
        """When to look for a customer again whose create was lost; None once its absence is sure: looked for twice in
        vain, both times when it would have been visible. Notes in `looked` a look that counts."""
        if claim.sent_at is None:
            return None
        facts = self._target.facts
        now = self._clock.now()
        due = claim.sent_at + facts.settle_time + facts.index_lag
        if now < due:
            return due
        if claim.looks >= 1:
            return None
        looked.append(key)
        return now + max(LOOK_AGAIN, facts.index_lag)

    @staticmethod
    def _by_mail(
        asks: list[CustomerAsk],
    ) -> tuple[list[CustomerAsk], list[tuple[CustomerAsk, CustomerAsk]]]:
        """Those to create, one for each e-mail address, and the others, each with its twin: the same person may be a guest
        here and known there."""
        first: dict[str, CustomerAsk] = {}
        twins: list[tuple[CustomerAsk, CustomerAsk]] = []
        for ask in asks:
            one = first.setdefault((ask.customer.email or ask.key).strip().lower(), ask)
            if one is not ask:
                twins.append((ask, one))
        return list(first.values()), twins

    def _as_their_twins(self, twins: list[tuple[CustomerAsk, CustomerAsk]]) -> None:
        refs, free = {}, []
        for ask, twin in twins:
            answer = self._customers[ask.key] = self._customers.get(twin.key)
            if isinstance(answer, CustomerRef):
                refs[ask.key] = answer
            else:
                free.append(ask.key)
        self._record(refs=refs, free=free)

    def _cannot_create(self, asks: list[CustomerAsk]) -> None:
        for ask in asks:
            self._customers[ask.key] = Problem(
                code="unknown_customer",
                message="the target has no such customer, and its connector cannot create one",
                remedy="Create the customer there.",
            )
        self._record(free=[ask.key for ask in asks])

    def _create(self, asks: list[CustomerAsk], lost: set[str]) -> None:
        """Create each; that it is sent is recorded. Those that were `lost` meanwhile are another worker's."""
        for key in lost & {ask.key for ask in asks}:
            self._customers[key] = Wait(TryLater("Another worker is creating this customer."))
        ready = [ask for ask in asks if ask.key not in lost]
        if "create_customers" in self._target.offers:
            for part in chunks(ready, self._target.batch_size("create_customers")):
                try:
                    self._check_stop()
                    self._check_hold(part)
                    (outcomes,) = self._each(self._target.create_customers, [part])
                except OrderSyncError as error:
                    if isinstance(error, Refused | _ClaimLost) and len(part) > 1:
                        outcomes = [self._create_one(ask) for ask in part]
                    else:
                        outcomes = [Failed(error)] * len(part)
                self._created(part, outcomes)
            return
        self._created(ready, self._each(self._create_one, ready))

    def _each(self, work: Callable[[A], B], elements: Sequence[A]) -> list[B]:
        return self._hands.each(work, elements) if self._hands else [work(element) for element in elements]

    def _create_one(self, ask: CustomerAsk) -> Done[CustomerRef] | Failed:
        try:
            self._check_stop()
            self._check_hold([ask])
            if "create_customer" in self._target.offers:
                return Done(self._target.create_customer(ask.customer, ask.key))
            outcome: Done[CustomerRef] | Failed = self._target.create_customers([ask])[0]
            return outcome
        except OrderSyncError as error:
            return Failed(error)

    def _check_stop(self) -> None:
        """Before every create: raises Stopping once the run is to stop."""
        if self._stop is not None and self._stop.is_set():
            raise Stopping("The run stops.")

    def _check_hold(self, asks: Sequence[CustomerAsk]) -> None:
        """Before every create: raises _ClaimLost if another worker has taken one of these customers over."""
        now = self._clock.now()
        if now + self._lease / 2 < self._held_until:
            return
        keys = [ask.key for ask in asks]
        if self._ledger.renew_customers(self._target.name, keys, owner=self._owner, lease=self._lease):
            raise _ClaimLost("Another worker is creating this customer.")

    def _created(self, asks: Sequence[CustomerAsk], outcomes: Sequence[Done[CustomerRef] | Failed]) -> None:
        refs: dict[str, CustomerRef] = {}
        unsent, free = [], []
        for ask, outcome in zip(asks, outcomes, strict=True):
            if isinstance(outcome, Done):
                refs[ask.key] = outcome.value
                continue
            if isinstance(outcome.error, InDoubt | PluginBroken):
                facts = self._target.facts
                when = self._clock.now() + facts.settle_time + facts.index_lag
                self._customers[ask.key] = Wait(TryLater(outcome.error.message, when=when))
                free.append(ask.key)
            else:
                self._customers[ask.key] = self._judged(ask.key, outcome.error)
                unsent.append(ask.key)
        self._customers.update(refs)
        for key in self._record(refs=refs, unsent=unsent, free=free) & set(refs):
            who = self._ledger.report_twin_customer(self._target.name, key, refs[key])
            if who is not None:
                log.error("the customer %s was made twice: %s and %s", key, who.id, refs[key].id)
                self._customers[key] = who

    @staticmethod
    def _judged(key: str, error: OrderSyncError) -> Problem | Wait:
        if isinstance(error, Ambiguous):
            return Problem(
                code="ambiguous_customer",
                message=f"several customers of the target match: {', '.join(error.candidates)}",
                remedy=error.remedy or "Merge them there.",
                subject=key,
            )
        if isinstance(error, Refused | NotOffered):
            return Problem(
                code="customer_refused",
                message=str(error),
                remedy=error.remedy or "Mend what the target objects to, in the source or by a default.",
                subject=key,
            )
        return Wait(error)
