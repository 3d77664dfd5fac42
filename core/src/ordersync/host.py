"""A settings file at work: its connections, routes and ledger. What the command line uses, and host applications too.

with Host.open(load_settings("ordersync.toml")) as host:
    print(host.sync("orders"))
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from ordersync.connection import Connection
from ordersync.discovery import connector_class, extension_class
from ordersync.errors import (
    AccessDenied,
    BadInput,
    OrderSyncError,
    PluginBroken,
    TryLater,
)
from ordersync.extensions import Extensions
from ordersync.ledger import Cause, Ledger, Pruned, State
from ordersync.model import Route, RunReport
from ordersync.settings import Settings, check_connection, check_extension, load_settings
from ordersync.transfer import OrderRow, Planned, Progress, RouteStatus, Transfer
from ordersync.transfer.adopt import Adopter, Adoption
from ordersync.transfer.erase import Erased, Eraser
from ordersync.transfer.figures import Explained
from ordersync.transfer.gap import Discrepancy, Reconciliation
from ordersync.transfer.house import Rules, shapers
from ordersync.transfer.inquiry import Inquiry
from ordersync.transfer.pair import PairCheck, PairReport
from ordersync.transfer.plans import read_plan
from ordersync.transfer.prune import prune
from ordersync.transfer.rebuild import Rebuilder, Rebuilt
from ordersync.transfer.reconcile import Reconciler
from ordersync.transfer.survey import Survey
from ordersync.web import Access, Budgets, Clock, SystemClock

if TYPE_CHECKING:
    import httpx

    from ordersync.web.budgets import Cell

__all__ = [
    "Adoption",
    "Discrepancy",
    "Erased",
    "Explained",
    "Finding",
    "Host",
    "OrderRow",
    "PairReport",
    "Planned",
    "Progress",
    "Pruned",
    "Rebuilt",
    "Reconciliation",
    "RouteStatus",
]


A = TypeVar("A")


@dataclass(frozen=True)
class Finding:
    """One thing that `check` found out. `place` is a TOML path."""

    place: str
    level: Literal["ok", "warning", "problem", "denied"]
    message: str


class Host:
    """Opens what is asked of it, when it is asked; close it, or use it as a context manager."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        transports: Mapping[str, httpx.BaseTransport] | None = None,
        workers: int = 8,
        ledger: Ledger | None = None,
    ) -> None:
        """`transports` exchanges the network of single connections by name; `workers` bounds threads per run;
        a `ledger` that is open already is used instead of the settings' (and closed with the host)."""
        self.settings = settings
        self._clock: Clock = clock or SystemClock()
        self._transports = dict(transports or {})
        self._workers = workers
        self._connections: dict[str, Connection] = {}
        self._ledger = ledger
        shares = ledger.shares_budgets if ledger else settings.ledger.url.startswith("postgresql")
        self._budgets = Budgets(_SharedBudgets(self) if shares else None)

    @classmethod
    def open(
        cls,
        settings: Settings | str,
        *,
        clock: Clock | None = None,
        transports: Mapping[str, httpx.BaseTransport] | None = None,
        workers: int = 8,
    ) -> Host:
        """From settings, or from the path of a settings file. Raises BadSettings."""
        if not isinstance(settings, Settings):
            settings = load_settings(settings)
        return cls(settings, clock=clock, transports=transports, workers=workers)

    def __enter__(self) -> Host:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close connections and ledger."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()
        self._budgets.close()
        if self._ledger:
            self._ledger.close()
            self._ledger = None

    @property
    def ledger(self) -> Ledger:
        """The ledger, opened at the first use. Raises LedgerTrouble."""
        if self._ledger is None:
            self._ledger = Ledger(self.settings.ledger.url, clock=self._clock)
        return self._ledger

    def connection(self, name: str) -> Connection:
        """The connection of this name, built at the first use. Raises BadSettings, PluginBroken."""
        if name not in self._connections:
            section = self.settings.connection(name)
            connector = connector_class(section.connector)
            options = check_connection(self.settings, name, connector.settings_model)
            access = Access(
                connection=name,
                clock=self._clock,
                transport=self._transports.get(name),
                log=logging.getLogger(f"ordersync.connector.{section.connector}"),
                platform=section.connector,
                budgets=self._budgets,
            )
            self._connections[name] = Connection(name, section.connector, connector(options, access))
        return self._connections[name]

    def check(self) -> list[Finding]:
        """Everything that is right and wrong with the settings and the accounts behind them. Writes nothing."""
        found: list[Finding] = []
        try:
            _ = self.ledger
            found.append(Finding("ledger", "ok", self.settings.ledger.shown))
        except OrderSyncError as error:
            found.append(Finding("ledger", "problem", str(error)))
        used_as_target = {route.target for route in self.settings.routes.values()}
        for name, section in self.settings.connections.items():
            found += self._check_connection(name, section.connector, name in used_as_target)
        for name, route in self.settings.routes.items():
            found += self._check_route(name, route)
        if not self.settings.routes:
            found.append(Finding("routes", "warning", "there is no route yet"))
        return found

    def check_pair(self, route: str, *, orders: int = 50) -> PairReport:
        """What the route's target cannot hold of what its source says, counted on the source's newest `orders`.

        Writes nothing. Raises BadSettings, NotOffered, AccessDenied, TryLater, UnexpectedReply, LedgerTrouble.
        """
        found = self.settings.route(route)
        source, target = self.connection(found.source), self.connection(found.target)
        extensions = self._extensions(found)
        check = PairCheck(
            found, source, target, self.ledger, extensions, clock=self._clock, workers=self._workers
        )
        return check.run(orders)

    def _check_connection(self, name: str, connector: str, target: bool) -> Iterator[Finding]:
        place = f"connections.{name}"
        try:
            connection = self.connection(name)
        except OrderSyncError as error:
            yield Finding(place, "problem", str(error))
            return
        try:
            account = connection.check_access()
        except (AccessDenied, TryLater) as error:
            yield Finding(place, "denied", str(error))
            return
        except OrderSyncError as error:
            yield Finding(place, "problem", str(error))
            return
        version = f", API {account.api_version}" if account.api_version else ""
        yield Finding(place, "ok", f"{connector}: account {account.name or account.id}{version}")
        if account.api_retires and (account.api_retires - self._clock.now().date()).days < 90:
            yield Finding(place, "warning", f"the API version is retired on {account.api_retires}")
        for scope in account.missing_scopes:
            yield Finding(place, "problem", f"the scope {scope} is missing")
        for line in account.problems:
            yield Finding(place, "problem" if target else "warning", line)
        for line in account.warnings:
            yield Finding(place, "warning", line)

    def _check_route(self, name: str, route: Route) -> Iterator[Finding]:
        place = f"routes.{name}"
        try:
            source, target = self.connection(route.source), self.connection(route.target)
            self._extensions(route)
        except OrderSyncError as error:
            yield Finding(place, "problem", str(error))
            return
        if "list_orders" not in source.offers:
            yield Finding(f"{place}.source", "problem", f"{source.platform} cannot list orders")
        if not {"create_order", "create_orders"} & target.offers:
            yield Finding(f"{place}.target", "problem", f"{target.platform} cannot create orders")
        elif not {"find_order", "find_orders"} & target.offers and not target.facts.unique_key:
            yield Finding(
                f"{place}.target",
                "warning",
                f"{target.platform} cannot be searched for our key: a lost answer needs a person",
            )
        yield Finding(place, "ok", f"{route.source} → {route.target}")

    def plan(
        self,
        route: str,
        *,
        order: str | None = None,
        since: datetime | None = None,
        limit: int | None = None,
        out: Path | None = None,
    ) -> Iterator[Planned]:
        """What a sync would do, order by order; writes nothing, but for the plan itself into the private file `out`,
        which is there once the last order was taken. Raises BadInput if it cannot be written."""
        transfer = self._transfer(route)
        if out is not None:
            return transfer.write_plan(out, order=order, since=since, limit=limit)
        return transfer.plan(order=order, since=since, limit=limit)

    def sync(
        self,
        route: str,
        *,
        order: str | None = None,
        since: datetime | None = None,
        everything: bool = False,
        limit: int | None = None,
        plan: Path | None = None,
        progress: Callable[[Progress], None] | None = None,
        stop: threading.Event | None = None,
    ) -> RunReport:
        """Carry over what is new on a route. The ledger remembers; asked again, it creates nothing again.

        `everything` reads from the source's beginning. `plan` is a file that `plan` wrote: its orders are created and
        no others, each only if the facts that it rests on still hold. The first sync of a route must be told how far
        back it goes: by `since`, `everything`, `plan` or a single `order`.

        Raises BadSettings, BadInput, Halted, AccessDenied, Unreachable, LedgerTrouble.
        """
        if everything and since is not None:
            raise BadInput("Either `everything` or `since`, not both.")
        start = _BEGINNING if everything else since
        if start is None and order is None and plan is None and self.is_new(route):
            raise BadInput(
                f"The route {route!r} was never synced: how far back shall it go?",
                remedy="Say --all or --since TIME, carry out a plan (`plan ROUTE --out FILE`, then `sync ROUTE --plan "
                "FILE`), or begin with one order (--order ID). Nothing was sent.",
            )
        whole = read_plan(plan) if plan is not None else None
        return self._transfer(route).sync(
            order=order, since=start, limit=limit, plan=whole, progress=progress, stop=stop
        )

    def is_new(self, route: str) -> bool:
        """Whether a route was never told how far back to go: its first sync must be."""
        self.settings.route(route)
        return self.ledger.watermark(route) is None and self.ledger.begins(route) is None

    def parked(self, route: str) -> list[Cause]:
        """What the parked orders of a route wait for, what frees most of them first."""
        self.settings.route(route)
        return self.ledger.waiting(route)

    def resume(self, route: str) -> bool:
        """Let a route that stands still go on. False if it did not stand still."""
        self.settings.route(route)
        if self.ledger.halted(route) is None:
            return False
        self.ledger.resume(route)
        return True

    def retry(
        self,
        route: str,
        orders: Sequence[str] = (),
        *,
        progress: Callable[[Progress], None] | None = None,
        stop: threading.Event | None = None,
    ) -> RunReport:
        """Try parked orders again: these (source ids or numbers), or all. Raises BadInput for one that is not parked."""
        parked = list(self.orders(route, state=State.PARKED)) if orders else []
        known = {name for row in parked for name in (row.source_id, row.number)}
        for name in orders:
            if name not in known:
                raise BadInput(
                    f"The route {route!r} has no parked order {name!r}.",
                    remedy=f"`ordersync orders {route} --parked` lists them.",
                )
        return self._transfer(route).retry(orders, progress=progress, stop=stop)

    def reconcile(
        self,
        route: str,
        *,
        since: datetime | None = None,
        enqueue: bool = False,
        enqueue_gone: bool = False,
        tell: Callable[[Discrepancy], None] | None = None,
    ) -> Reconciliation:
        """Compare what should stand on the target with what does; `tell` hears of each discrepancy.

        `enqueue` gives orders that were never seen to the next sync, `enqueue_gone` those that are gone there. Raises
        NotOffered, AccessDenied, Unreachable, LedgerTrouble.
        """
        survey = self._survey(route)
        return Reconciler(survey, since=since, enqueue=enqueue, enqueue_gone=enqueue_gone, tell=tell).run()

    def adopt(
        self,
        route: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        days: int = 1,
        confirm: Callable[[Adoption], bool] | None = None,
    ) -> Adoption:
        """Match orders that an earlier integration made; those that are certain are bound if `confirm` says so.

        Raises BadInput, NotOffered, AccessDenied, Unreachable, LedgerTrouble.
        """
        return Adopter(self._survey(route), since=since, until=until, days=days).run(confirm)

    def rebuild(self, route: str, *, since: datetime | None = None) -> Rebuilt:
        """Restore the ledger of a route from the stamps on the target; rows that stand are left as they are.

        Raises NotOffered, AccessDenied, Unreachable, LedgerTrouble.
        """
        return Rebuilder(self._survey(route), since=since).run()

    def erase(self, customer: str, *, route: str | None = None) -> Erased:
        """Remove what the ledger holds of one customer (id or e-mail address at the source), on one route or on all.

        Raises BadInput, LedgerTrouble.
        """
        routes = [self.settings.route(route)] if route is not None else list(self.settings.routes.values())
        return Eraser(self.ledger, routes).run(customer)

    def prune(self, route: str, before: datetime, *, orders: bool = False) -> Pruned:
        """Forget what is older than `before`, and with `orders` also the rows of settled orders. Asks no platform.

        Raises BadInput if orders cannot be forgotten safely, LedgerTrouble.
        """
        found = self.settings.route(route)
        ends = self.connection(found.source), self.connection(found.target)
        return prune(found, *ends, self.ledger, before, orders=orders)

    def status(self) -> list[RouteStatus]:
        """How each route stands, from the ledger alone."""
        found = []
        for name, route in self.settings.routes.items():
            last = self.ledger.last_run(name)
            found.append(
                RouteStatus(
                    route=name,
                    source=route.source,
                    target=route.target,
                    watermark=self.ledger.watermark(name),
                    counts={state.value: count for state, count in self.ledger.counts(name).items()},
                    last_run=RunReport(**last[1]) if last else None,
                    last_run_at=last[0] if last else None,
                    halted=halt.message if (halt := self.ledger.halted(name)) else "",
                )
            )
        return found

    def orders(self, route: str, *, state: str | None = None) -> Iterator[OrderRow]:
        """The orders of a route, oldest change first. Raises BadInput for an unknown state."""
        self.settings.route(route)
        if state is not None and state not in list(State):
            raise BadInput(f"There is no state {state!r}; known: {', '.join(State)}.")
        for row in self.ledger.rows(route, states=[State(state)] if state else None):
            yield OrderRow(
                source_id=row.source_id,
                number=row.number,
                key=row.key,
                state=row.state.value,
                target_id=row.target.id if row.target else None,
                target_number=row.target.number if row.target else None,
                problem=row.problem,
                attempts=row.attempts,
                updated=row.updated_at,
            )

    def explain(self, route: str, order: str) -> Explained:
        """Where every amount of one order (source id, or number known to the ledger) comes from. Writes nothing.

        Raises BadInput for an unknown order, AccessDenied, TryLater, UnexpectedReply, LedgerTrouble.
        """
        extensions = self._extensions(self.settings.route(route))
        return Inquiry(self._survey(route), extensions).explain(order)

    def _transfer(self, name: str) -> Transfer:
        route = self.settings.route(name)
        return Transfer(
            route,
            self.connection(route.source),
            self.connection(route.target),
            self.ledger,
            self._extensions(route),
            clock=self._clock,
            workers=self._workers,
        )

    def _survey(self, name: str) -> Survey:
        route = self.settings.route(name)
        return Survey(
            route,
            self.connection(route.source),
            self.connection(route.target),
            self.ledger,
            self._extensions(route),
            clock=self._clock,
            workers=self._workers,
            sharing=[other.name for other in self.settings.routes.values() if other.target == route.target],
        )

    def _extensions(self, route: Route) -> Extensions:
        named = shapers(route)
        for name in route.extensions:
            found: Any = extension_class(name)
            model = getattr(found, "settings_model", None)
            try:
                plugin = found(check_extension(self.settings, route.name, name, model)) if model else found()
            except TypeError as error:
                raise PluginBroken(f"The extension {name!r} cannot be built ({error}).") from error
            named.append((name, plugin))
        return Extensions([*named, ("policies", Rules(route))])

    def __repr__(self) -> str:
        return f"Host({self.settings.path})"


class _SharedBudgets:
    """The rate budgets in the host's ledger, which is opened when the first request is made."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._opening = threading.Lock()

    def exchange(self, key: str, change: Callable[[Cell | None, float], tuple[Cell, A]]) -> A:
        """See `Ledger.exchange`."""
        with self._opening:
            ledger = self._host.ledger
        return ledger.exchange(key, change)


_BEGINNING = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
