"""The transfer: read, prepare, record the intent, create, complete, compare, confirm, record, announce.

What may not be forgotten is committed before it is done: an order is `sending` in the ledger before its create leaves.
An answer that is lost makes it `in_doubt`; it is then looked for by its key, and sent again only when it surely is not
there. Nothing here assumes that it is the only process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ordersync.connection import Connection
from ordersync.errors import Halted
from ordersync.extensions import Extensions
from ordersync.ledger import Ledger, Row, State
from ordersync.model import (
    CustomerRef,
    Order,
    OrderQuery,
    Problem,
    Route,
    RunReport,
)
from ordersync.transfer.desk import Desk
from ordersync.transfer.plans import Entry, Header, Plan, PlanWriter, facts_of
from ordersync.transfer.prepare import Prepared, Preparer
from ordersync.transfer.report import Planned, Progress
from ordersync.transfer.resolve import LEASE, Resolver
from ordersync.transfer.run import Run
from ordersync.web import Clock, SystemClock, bulk
from ordersync.web.runs import each_in_bulk

__all__ = ["Transfer"]


class Transfer:
    """One route at work. Built for one run after another; `sync`, `retry` and `plan` may be called again."""

    def __init__(
        self,
        route: Route,
        source: Connection,
        target: Connection,
        ledger: Ledger,
        extensions: Extensions,
        *,
        clock: Clock | None = None,
        workers: int = 8,
        patience: timedelta = timedelta(minutes=10),
        lease: timedelta = LEASE,
    ) -> None:
        """`workers` bounds the threads (1: none); `patience` is how long a run waits for orders in doubt;
        `lease` is how long a claim holds without news of its worker."""
        self.route = route
        self._source = source
        self._target = target
        self._ledger = ledger
        self._extensions = extensions
        self._clock: Clock = clock or SystemClock()
        self._workers = workers
        self._patience = patience
        self._lease = lease

    # -- the three things it is asked ---------------------------------------------------------------------------

    def sync(
        self,
        *,
        order: str | None = None,
        since: datetime | None = None,
        limit: int | None = None,
        plan: Plan | None = None,
        progress: Callable[[Progress], None] | None = None,
        stop: threading.Event | None = None,
    ) -> RunReport:
        """Carry over what the source has: one `order`, what a `plan` creates, or all changed since `since` or the
        watermark.

        `limit` bounds how many orders are sent. `stop`, once set, lets the orders in hand be finished and no other be
        begun. Raises AccessDenied, Unreachable, LedgerTrouble; then nothing is parked for it. Raises Halted if the route
        stands still; other settings let it go on. Raises BadInput for a plan that was made for something else.
        """
        self._may_run()
        if plan is not None:
            plan.refuse_unless(self.header())
        with bulk(order is None), self._run("sync", progress, stop) as run:
            if order is not None:
                run.one(order)
            elif plan is not None:
                run.recover(only=[each for each in plan.to_create() if self._in_flight(each)])
                run.apply(plan)
            else:
                run.recover()
                run.wake()
                run.read(since, limit)
            run.settle()
        return run.report()

    def retry(
        self,
        orders: Sequence[str] = (),
        *,
        progress: Callable[[Progress], None] | None = None,
        stop: threading.Event | None = None,
    ) -> RunReport:
        """Try parked orders again: those named by source id or number, or all."""
        ids: list[str] | None = None
        if orders:
            wanted = set(orders)
            ids = [
                row.source_id
                for row in self._ledger.rows(self.route.name, states=[State.PARKED])
                if {row.source_id, row.number} & wanted
            ]
        with bulk(not orders), self._run("retry", progress, stop) as run:
            run.finish_parked(ids)
            self._ledger.wake(self.route.name, source_ids=ids)
            run.recover(only=ids)
            run.settle()
        return run.report()

    def plan(
        self, *, order: str | None = None, since: datetime | None = None, limit: int | None = None
    ) -> Iterator[Planned]:
        """What `sync` would do, order by order. Reads both platforms and the ledger, writes nothing."""
        for planned, _ in self._plan(order, since, limit):
            yield planned

    def write_plan(
        self,
        path: Path,
        *,
        order: str | None = None,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[Planned]:
        """As `plan`; besides, what would be sent and what that rests on is written to a private file, which is there
        once the last order was taken. Raises BadInput if it cannot be written."""
        writer = PlanWriter(path, self.header())
        try:
            for planned, entry in self._plan(order, since, limit):
                writer.add(entry)
                yield planned
            writer.finish()
        finally:
            writer.discard()

    def header(self) -> Header:
        """What a plan of this route is for, as things stand."""
        source, target = (f"{end.platform} {end.account.id}" for end in (self._source, self._target))
        return Header(
            route=self.route.name,
            settings_hash=self.route.settings_hash,
            source=source,
            target=target,
            made_at=self._clock.now(),
        )

    def _plan(
        self, order: str | None, since: datetime | None, limit: int | None
    ) -> Iterator[tuple[Planned, Entry]]:
        planned = self._entries(order, since, limit)
        return planned if order is not None else each_in_bulk(planned)

    def _entries(
        self, order: str | None, since: datetime | None, limit: int | None
    ) -> Generator[tuple[Planned, Entry], None, None]:
        self._source.check_access(thorough=False)
        self._target.check_access(thorough=False)
        resolver = Resolver(
            self._target, self._ledger, self._clock, owner="plan", workers=self._workers, read_only=True
        )
        preparer = Preparer(self.route, self._source, self._target, self._extensions, resolver)
        sent = 0
        pages: Iterable[Sequence[Order]]
        if order is not None:
            found = self._source.get_order(order)
            pages = [[found] if found else []]
        else:
            pages = (page.orders for page in self._source.list_orders(self._query(since)))
        for orders in pages:
            known = {
                row.source_id: row
                for row in self._ledger.rows(self.route.name, source_ids=[one.id for one in orders])
            }
            prepared = [preparer.shape(one) for one in orders]
            fresh = [one for one in prepared if _open(known.get(one.order.id), self.route)]
            preparer.look_up(fresh)
            for one in fresh:
                if one.verdict == "go":
                    preparer.draft(one)
            for one in prepared:
                planned = _planned(one, known.get(one.order.id), self.route)
                if planned.action == "create":
                    if limit is not None and sent >= limit:
                        return
                    sent += 1
                yield planned, self._entry(one, planned, resolver)

    def _entry(self, one: Prepared, planned: Planned, resolver: Resolver) -> Entry:
        facts: dict[str, Any] = {}
        if planned.action == "create":
            customer = resolver.customer(one.customer.key) if one.customer else None
            ref = customer if isinstance(customer, CustomerRef) else None
            facts = facts_of(one, resolver.stocks(one.items.values()), ref)
        return Entry(
            source_id=planned.source_id,
            number=planned.number,
            action=planned.action,
            print=one.print,
            problem=planned.problem,
            **facts,
        )

    def _in_flight(self, source_id: str) -> bool:
        rows = self._ledger.rows(self.route.name, source_ids=[source_id])
        return any(row.state in (State.SENDING, State.IN_DOUBT) for row in rows)

    def _may_run(self) -> None:
        halt = self._ledger.halted(self.route.name)
        if halt is None:
            return
        if halt.settings_hash != self.route.settings_hash:
            self._ledger.resume(self.route.name)
            return
        raise Halted(
            f"The route {self.route.name!r} stands still: {halt.message}",
            remedy="Mend the cause, then let it go on with `ordersync resume` (or retry one of its orders first).",
        )

    # -- parts --------------------------------------------------------------------------------------------------

    def _query(self, since: datetime | None) -> OrderQuery:
        """Everything that changed since then, or since the watermark; never before where the route begins.

        The route's filters are not pushed down: what they leave out is recorded as skipped, so that other filters offer
        it again.
        """
        start = since
        if start is None:
            mark, begins = self._ledger.watermark(self.route.name), self._ledger.begins(self.route.name)
            start = mark - self._source.facts.overlap if mark else begins
            if start is not None and begins is not None:
                start = max(start, begins)
        return OrderQuery(updated_from=start)

    def _run(
        self, kind: str, progress: Callable[[Progress], None] | None, stop: threading.Event | None
    ) -> Run:
        desk = Desk(
            self.route,
            self._source,
            self._target,
            self._ledger,
            self._extensions,
            kind=kind,
            clock=self._clock,
            workers=self._workers,
            patience=self._patience,
            lease=self._lease,
            progress=progress,
            stop=stop or threading.Event(),
        )
        return Run(desk, self._query)


def _open(row: Row | None, route: Route) -> bool:
    """Whether a sync would work on this order."""
    if row is None or row.state in (State.SEEN, State.SENDING, State.IN_DOUBT):
        return True
    if row.state is State.PARKED and row.problem and row.problem.subject in route.aliases:
        return True
    return row.state in (State.PARKED, State.SKIPPED) and row.settings_hash != route.settings_hash


def _planned(one: Prepared, row: Row | None, route: Route) -> Planned:
    problem = one.problem
    if one.wait is not None:
        problem = Problem(code="try_later", message=one.wait.why.message)
    action = "create" if one.verdict == "go" else "skip" if one.verdict == "skip" else "park"
    if not _open(row, route):
        assert row is not None
        action = {State.DONE: "unchanged", State.SKIPPED: "skip"}.get(row.state, "park")
        problem = row.problem
    return Planned(
        source_id=one.order.id,
        number=one.order.number,
        action=action,  # type: ignore[arg-type]
        problem=problem,
        total=one.order.total,
        currency=one.order.currency,
        lines=len(one.order.lines),
        updated=one.order.updated_at,
    )
