"""Two sandboxes, a ledger in memory, and workers that run the real transfer between them under a schedule."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ordersync.connection import Connection
from ordersync.discovery import connector_class, sandbox_class
from ordersync.errors import OrderSyncError
from ordersync.extensions import Extensions
from ordersync.ledger import Ledger, State, Store
from ordersync.model import MoneySet, Policies, Route
from ordersync.testing.prove.faults import (
    Course,
    Died,
    FaultyStore,
    FaultyTransport,
    LateClock,
    Platform,
    Strike,
    Worker,
    store_of,
)
from ordersync.testing.sandbox import Sandbox, StandingOrder
from ordersync.transfer import Transfer
from ordersync.transfer.house import Rules
from ordersync.web import Access, Memory

__all__ = ["Ending", "Pair", "World", "compare"]

ROUTE = "orders"
PATIENCE = timedelta(minutes=10)
UNDECIDABLE = frozenset({"in_doubt", "gave_up"})
"""Why an order may be parked by faults alone: nobody can tell what came of it, or it failed too often."""
MOST_RESTARTS = 12


@dataclass(frozen=True)
class Ending:
    """How a world stood when it had come to rest."""

    orders: Mapping[str, tuple[tuple[Any, ...], ...]]
    """Key → one (lines, net, tax, total, currency, confirmed, cancelled, date) per order that carries it."""
    strangers: int
    """Orders on the target that carry no key of ours."""
    customers: int
    """Customer records on the target."""
    twin_customers: int
    """Customers that the ledger reports as made twice."""
    states: Mapping[str, str]
    """Source id → state in the ledger."""
    problems: Mapping[str, str]
    """Source id → the code of the problem it is parked with."""
    quiet: bool
    """Whether it came to rest at all."""


class Pair:
    """What is the same for every schedule: sandboxes as they are born, a migrated ledger, settings."""

    def __init__(
        self,
        source: str,
        target: str,
        *,
        orders: int = 2,
        seed: int = 0,
        batches: bool = True,
        warm: bool = True,
        options: Mapping[str, str] | None = None,
    ) -> None:
        """`batches` false hides the target's batch hooks. `warm`: workers remember what seldom changes on the
        platforms, from an earlier life; else each of them asks anew. Raises NotOffered if a connector brings no sandbox.
        """
        self.source, self.target = source, target
        self.batches = batches
        self.warm = warm
        clock = LateClock()
        self.clock = clock
        self._source = sandbox_class(source)(clock=clock, seed=seed, orders=orders)
        self._target = sandbox_class(target)(clock=clock, seed=seed, orders=0, options=options)
        self._states = pickle.dumps(self._source.state()), pickle.dumps(self._target.state())
        template = Store("sqlite://", clock)
        self._template = sqlite3.connect(":memory:", check_same_thread=False)
        template.copy_to(self._template)
        self._ledger = self._template
        self.store = FaultyStore.over(lambda: self._ledger, clock)
        """One engine for all worlds: what it compiled is compiled."""
        template.close()
        self.route = Route(
            name=ROUTE, source="shop", target="erp", policies=Policies(money=MoneySet.PRESENTMENT)
        )
        self._ends = []
        for name, sandbox in ((source, self._source), (target, self._target)):
            connector = connector_class(name)
            section = dict(sandbox.settings(f"http://{name}.sandbox"))
            section.pop("connector", None)
            self._ends.append((name, connector, connector.settings_model.model_validate(section)))
        self.unique_key = self._ends[1][1].facts.unique_key
        self.memories = (Memory(), Memory())
        self.known: tuple[dict[Any, Any], dict[Any, Any]] = ({}, {})
        if warm:
            life = self.born()
            life.live(())
            self.memories = life.memories

    def connections(
        self,
        worker: Worker,
        clock: LateClock,
        memories: tuple[Memory, Memory],
        platforms: tuple[Platform, Platform],
    ) -> tuple[Connection, Connection]:
        """The two connections of a worker, through ports that faults strike."""
        made = []
        for (platform, connector, settings), there, name, memory in zip(
            self._ends, platforms, ("shop", "erp"), memories, strict=True
        ):
            transport = FaultyTransport(there, worker, clock)
            access = Access(
                connection=name,
                clock=clock,
                transport=transport,
                memory=memory if self.warm else Memory(),
            )
            made.append(Connection(name, platform, connector(settings, access)))
        if not self.batches:
            made[1].offers = frozenset(
                hook for hook in made[1].offers if hook in _ONE or not hook.endswith("s")
            )
        return made[0], made[1]

    def new_ledger(self) -> None:
        """Put an empty ledger behind the store."""
        self.store.engine.dispose()
        if self._ledger is not self._template:
            self._ledger.close()
        self._ledger = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._template.backup(self._ledger)

    def close(self) -> None:
        """Let go of the ledger."""
        self.store.engine.dispose()
        self._ledger.close()
        self._template.close()

    def born(self) -> World:
        """A new world, as on the first day."""
        return World(self)

    def reborn(self) -> tuple[Sandbox, Sandbox]:
        """The two sandboxes with their first state, at the first moment; made once, filled anew."""
        self.clock.restart()
        for sandbox, state in zip((self._source, self._target), self._states, strict=True):
            sandbox.restore(pickle.loads(state))  # noqa: S301 - made by ourselves, a moment ago
        return self._source, self._target


class World:
    """One life of a pair, from the first order to rest."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self.clock = pair.clock
        self.source, self.target = pair.reborn()
        self.platforms = (Platform(self.source, pair.known[0]), Platform(self.target, pair.known[1]))
        self.memories = (pair.memories[0].copy(), pair.memories[1].copy())
        pair.new_ledger()

    def live(self, strikes: tuple[Strike, ...]) -> tuple[Ending, list[str]]:
        """Run under the schedule, restarting dead workers, until nothing changes any more; how it ended, and the
        sites that were passed."""
        course = Course({strike.site: strike.fault for strike in strikes})
        rest = 0
        for _ in range(MOST_RESTARTS):
            rest = rest + 1 if self._run(course) else 0
            if rest == 2:
                break
            self.clock.sleep(600)
        return self.ending(rest == 2), course.sites

    def _run(self, course: Course, *, second: bool = False, patience: timedelta = PATIENCE) -> bool:
        """One worker's run; whether it left nothing to do."""
        worker = Worker(course)
        if not second:
            worker.pause = self._pause
            worker.meet = self._meet
        source, target = self._pair.connections(worker, self.clock, self.memories, self.platforms)
        route = self._pair.route
        transfer = Transfer(
            route,
            source,
            target,
            Ledger(clock=self.clock, store=store_of(self._pair.store, worker, self.clock)),
            Extensions([("policies", Rules(route))]),
            clock=self.clock,
            workers=1,
            patience=patience,
        )
        try:
            report = transfer.sync()
        except (Died, OrderSyncError):
            return False
        finally:
            for end in (source, target):
                try:
                    end.close()
                except Died:
                    worker.dead = True
        return not report.failed

    def _pause(self) -> None:
        """A second worker runs, while the first stands still within a call; it meets no faults of its own."""
        self._run(Course(), second=True)

    def _meet(self) -> None:
        """A second worker runs at the same moment, and waits for nothing."""
        self._run(Course(), second=True, patience=timedelta(0))

    def ending(self, quiet: bool) -> Ending:
        """How things stand now."""
        ledger = Ledger(clock=self.clock, store=store_of(self._pair.store, Worker(Course()), self.clock))
        rows = list(ledger.rows(ROUTE))
        standing = self.target.standing()
        orders: dict[str, list[Any]] = {}
        for one in standing:
            if one.key:
                orders.setdefault(one.key, []).append(_figures(one))
        return Ending(
            orders={key: tuple(sorted(found)) for key, found in orders.items()},
            strangers=sum(1 for one in standing if not one.key),
            customers=len(self.target.customers()),
            twin_customers=len(ledger.twin_customers("erp")),
            states={row.source_id: row.state.value for row in rows},
            problems={
                row.source_id: row.problem.code if row.problem else ""
                for row in rows
                if row.state is State.PARKED
            },
            quiet=quiet,
        )

    def keys(self) -> dict[str, str]:
        """Source id → key, of the orders that the ledger knows."""
        ledger = Ledger(clock=self.clock, store=store_of(self._pair.store, Worker(Course()), self.clock))
        return {row.source_id: row.key for row in ledger.rows(ROUTE)}


_ONE = frozenset({"check_access", "list_orders"})


def _figures(one: StandingOrder) -> tuple[Any, ...]:
    """What must be the same whatever went wrong on the way."""
    return (
        one.lines,
        one.net,
        one.tax,
        one.total,
        one.currency,
        one.confirmed,
        one.cancelled,
        str(one.placed_at),
    )


def compare(
    expected: Ending, found: Ending, keys: Mapping[str, str], *, suspended: bool = False
) -> list[str]:
    """What is wrong with an ending, against that of a life without faults; empty if nothing is.

    `keys` are source id → key. An order may instead be parked if nothing else can be done. `suspended`: a worker stood still for
    longer than its lease, on a platform without a native unique key; then a twin (of the order or its customer) is no
    violation if it is reported.
    """
    wrong = []
    if not found.quiet:
        wrong.append("it never came to rest")
    for source_id, key in keys.items():
        here = found.orders.get(key, ())
        if len(here) > 1 and found.problems.get(source_id) == "twins" and suspended:
            continue
        if len(here) > 1:
            wrong.append(f"{source_id} stands {len(here)} times")
        elif (
            (
                here == expected.orders.get(key, ())
                and found.states.get(source_id) == expected.states.get(source_id)
            )
            or found.problems.get(source_id) in UNDECIDABLE
            or (suspended and found.problems.get(source_id))
        ):
            continue
        elif found.problems.get(source_id):
            wrong.append(f"{source_id} needs a person ({found.problems[source_id]}), though it could go on")
        elif not here:
            wrong.append(f"{source_id} is missing (the ledger says {found.states.get(source_id, 'nothing')})")
        else:
            wrong.append(f"{source_id} stands otherwise: {here[0]}, ledger {found.states.get(source_id)}")
    known = set(keys.values())
    wrong += [f"an order with the key {key} belongs to nothing" for key in found.orders if key not in known]
    if found.strangers != expected.strangers:
        wrong.append(f"{found.strangers - expected.strangers} orders without a key stand there")
    extra = found.customers - expected.customers - (found.twin_customers if suspended else 0)
    if extra > 0:
        wrong.append(f"{extra} customers too many")
    return wrong
