"""What the ledger is asked: what was seen, who works on it, what was sent, what came of it.

Every method is one transaction, or none if it only computes. No transaction spans a request to a platform.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from ordersync.ledger import tables as t
from ordersync.ledger.budgets import BudgetBook
from ordersync.ledger.customers import CustomerBook
from ordersync.ledger.items import ItemBook
from ordersync.ledger.meeting import MeetBook
from ordersync.ledger.parking import ParkBook
from ordersync.ledger.pruning import PruneBook
from ordersync.ledger.ready import Ready, given, insert_of
from ordersync.ledger.restoring import RestoreBook
from ordersync.ledger.rows import (
    IDS,
    LISTED,
    UPDATE,
    WRITTEN,
    Claim,
    Outcome,
    Row,
    among,
    by_change,
    next_row,
    one_of,
    row_of,
    states_before,
    twins,
)
from ordersync.ledger.runs import RunBook
from ordersync.ledger.states import State
from ordersync.ledger.store import Store
from ordersync.ledger.strides import alike, stride
from ordersync.model import OrderRef, Problem
from ordersync.web import Clock, SystemClock

__all__ = ["Ledger"]

o, p = t.orders.c, t.payloads.c
_ROUTE: sa.BindParameter[str] = sa.bindparam("route")
_KEPT = given(id=sa.String, draft=p.draft.type, customer=sa.String)
_KEEP = Ready(
    lambda insert: _replacing(
        insert(t.payloads).from_select(
            ["route", "source_id", "draft", "customer", "kept_since"],
            sa.select(
                sa.bindparam("route", type_=p.route.type),
                *_KEPT.columns,
                sa.bindparam("now", type_=p.kept_since.type),
            ).where(_KEPT.c.id.is_not(None)),
        )
    ),
    _KEPT,
)
_DROP = Ready(t.payloads.delete().where(p.route == _ROUTE, among(p.source_id, IDS)), IDS)

_HELD = given(id=sa.String, fence=sa.Integer)
_THEIRS = o.route == _ROUTE, o.source_id == _HELD.c.id, o.fence == _HELD.c.fence
_RELEASE = Ready(t.orders.update().where(*_THEIRS).values(owner=sa.null(), lease_until=sa.null()), _HELD)
_RENEW = Ready(
    t.orders.update()
    .where(*_THEIRS, o.owner.is_not(None))
    .values(lease_until=sa.bindparam("until", type_=o.lease_until.type))
    .returning(o.source_id),
    _HELD,
)
AT_ONCE = 1000
"""Rows that are read in one transaction."""


@cache
def _listing(states: tuple[State, ...] | None, which: Literal["named", "first", "next"]) -> Ready:
    """Orders of a route, a page of them in order if they are not named."""
    query = sa.select(*LISTED).where(o.route == _ROUTE)
    if states is not None:
        query = query.where(one_of(states, named=which == "named"))
    if which == "named":
        return Ready(query.where(among(o.source_id, IDS)), IDS)
    if which == "next":
        changed = sa.bindparam("changed", type_=o.source_updated_at.type)
        later = sa.and_(o.source_updated_at == changed, o.source_id > sa.bindparam("name"))
        query = query.where(sa.or_(o.source_updated_at > changed, later))
    return Ready(query.order_by(o.source_updated_at, o.source_id).limit(AT_ONCE))


def _replacing(insert: Any) -> Any:
    return insert.on_conflict_do_update(
        index_elements=["route", "source_id"],
        set_={name: insert.excluded[name] for name in ("draft", "customer", "kept_since")},
    )


class _LongWay(Exception):
    """What is to be recorded is not the usual: the transaction is rolled back."""


class Ledger(MeetBook, CustomerBook, ParkBook, RunBook, RestoreBook, PruneBook, ItemBook, BudgetBook):
    """The memory of all routes."""

    def __init__(
        self, url: str = "sqlite://", *, clock: Clock | None = None, store: Store | None = None
    ) -> None:
        """Open or create. `sqlite://` is in memory; a `store` that is open already is used as it is.

        Raises LedgerTrouble.
        """
        self.clock: Clock = clock or SystemClock()
        self._store = store or Store(url, self.clock)
        self._insert = insert_of(self._store.engine.dialect)

    def close(self) -> None:
        self._store.close()

    # -- connections and routes ---------------------------------------------------------------------------------

    def watermark(self, route: str) -> datetime | None:
        """Every order changed up to here has its outcome recorded; None before the first run."""
        with self._store.read() as db:
            return db.execute(
                sa.select(t.routes.c.watermark).where(t.routes.c.route == route)
            ).scalar_one_or_none()

    def begins(self, route: str) -> datetime | None:
        """How far back the first sync of a route was told to go; None if none was told."""
        with self._store.read() as db:
            return db.execute(
                sa.select(t.routes.c.begins).where(t.routes.c.route == route)
            ).scalar_one_or_none()

    def begin_route(self, route: str, begins: datetime) -> None:
        """The first sync of a route goes back to here; once it has a watermark this is history."""
        with self._store.write() as db:
            insert = self._insert(t.routes).values(route=route, begins=begins, updated_at=self._store.now(db))
            db.execute(
                insert.on_conflict_do_update(
                    index_elements=["route"], set_={"begins": insert.excluded.begins}
                )
            )

    # -- orders -------------------------------------------------------------------------------------------------

    def record(self, route: str, outcomes: Sequence[Outcome]) -> list[str]:
        """Record the next state of claimed orders, all in one commit.

        Answers the ids of those whose claim was lost meanwhile (nothing is recorded for them): for an intent this
        means that it must not be sent.
        """
        if not outcomes:
            return []
        if alike(outcomes):
            try:
                with self._store.write() as db:
                    self._lock(db, route, [one.claim.source_id for one in outcomes])
                    now = self._store.now(db)
                    if not stride(db, route, outcomes, now):
                        raise _LongWay
                    self._keep(db, route, [one for one in outcomes if one.payload is not None], now)
                    self._drop(
                        db, route, [one.claim.source_id for one in outcomes if one.state is State.DONE]
                    )
                return []
            except _LongWay:
                pass
        return self._record(route, outcomes)

    def _record(self, route: str, outcomes: Sequence[Outcome]) -> list[str]:
        """The same, row by row, whatever the rows are by now."""
        ids = [outcome.claim.source_id for outcome in outcomes]
        lost, rows, kept, done = [], [], [], []
        parked: dict[str, Sequence[Problem]] = {}
        woken = False
        with self._store.write() as db:
            now = self._store.now(db)
            standing = {row["source_id"]: row for row in self._locked(db, route, ids)}
            for outcome in outcomes:
                row = standing[outcome.claim.source_id]
                given_up = row["fence"] != outcome.claim.fence or row["owner"] is None
                if given_up or row["state"] not in states_before(outcome.state):
                    lost.append(row["source_id"])
                    continue
                values = next_row(row, outcome, now)
                rows.append((row["source_id"], *(values[name] for name in WRITTEN)))
                problem = values["problem"]
                if values["state"] == State.PARKED and problem:
                    parked[row["source_id"]] = [Problem.model_validate(problem), *outcome.others]
                woken = woken or row["state"] == State.PARKED
                if outcome.payload is not None:
                    kept.append(outcome)
                elif outcome.state in (State.DONE, State.SKIPPED):
                    done.append(row["source_id"])
            if rows:
                UPDATE.run(db, rows, route=route)
                self._park(db, route, parked)
                if woken:
                    self._forget_causes(db, route)
            self._keep(db, route, kept, now)
            self._drop(db, route, done)
        return lost

    @staticmethod
    def _keep(db: Connection, route: str, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Keep the drafts as sent."""
        rows = [(one.claim.source_id, one.payload, one.customer) for one in outcomes]
        _KEEP.run(db, rows, route=route, now=now)

    @staticmethod
    def _drop(db: Connection, route: str, source_ids: Sequence[str]) -> None:
        """Keep no draft of these any longer."""
        _DROP.run(db, [(source_id,) for source_id in source_ids], route=route)

    def report_twin(
        self, route: str, source_id: str, target: OrderRef, trouble: Problem | None = None
    ) -> Problem | None:
        """A worker that had lost its claim made `target` all the same, or wrote to it.

        Parks the order if another one stands for it already, whoever works on it, or if there is `trouble` with one that
        nobody works on any more; remembers `target` if none was known. Answers the problem that it is parked with.
        """
        with self._store.write() as db:
            (row,) = self._locked(db, route, [source_id])
            values: dict[str, Any] = {"updated_at": self._store.now(db)}
            settled = row["state"] in (State.DONE, State.PARKED)
            problem = trouble if settled else None
            if row["target_id"] is None:
                values |= {"target_id": target.id, "target_number": target.number}
            elif row["target_id"] != target.id:
                problem = twins(row["target_id"], target.id)
            if problem and row["state"] in states_before(State.PARKED):
                values |= {
                    "problem": problem.model_dump(),
                    "state": State.PARKED,
                    "owner": None,
                    "lease_until": None,
                }
                self._park(db, route, {source_id: [problem]})
            db.execute(
                t.orders.update()
                .where(t.orders.c.route == route, t.orders.c.source_id == source_id)
                .values(**values)
            )
        return problem

    def renew(self, route: str, claims: Sequence[Claim], lease: timedelta) -> list[str]:
        """Hold these claims for `lease` from now. Answers the ids of those that another worker has taken over."""
        with self._store.write() as db:
            self._lock(db, route, [claim.source_id for claim in claims])
            until = self._store.now(db) + lease
            rows = [(claim.source_id, claim.fence) for claim in claims]
            held = {source_id for (source_id,) in _RENEW.ask(db, rows, route=route, until=until)}
        return [claim.source_id for claim in claims if claim.source_id not in held]

    def release(self, route: str, claims: Sequence[Claim]) -> None:
        """Give up claims on which nothing was sent."""
        if not claims:
            return
        with self._store.write() as db:
            self._lock(db, route, [claim.source_id for claim in claims])
            _RELEASE.run(db, [(claim.source_id, claim.fence) for claim in claims], route=route)

    def release_all(self, owner: str) -> None:
        """Give up every claim of a worker on which nothing was sent: what a run that ends early leaves behind."""
        o, c = t.orders.c, t.customers.c
        mine = o.owner == owner, o.state != State.SENDING
        held = sa.union_all(sa.select(o.key).where(*mine), sa.select(c.key).where(c.owner == owner)).limit(1)
        with self._store.read() as db:
            if db.execute(held).first() is None:
                return
        with self._store.write() as db:
            db.execute(t.orders.update().where(*mine).values(owner=None, lease_until=None))
            db.execute(t.customers.update().where(c.owner == owner).values(owner=None, lease_until=None))

    def payload(self, route: str, source_id: str) -> bytes | None:
        """The draft as sent, while it is kept."""
        with self._store.read() as db:
            return db.execute(
                sa.select(t.payloads.c.draft).where(
                    t.payloads.c.route == route, t.payloads.c.source_id == source_id
                )
            ).scalar_one_or_none()

    def rows(
        self, route: str, *, states: Iterable[State] | None = None, source_ids: Sequence[str] | None = None
    ) -> Iterator[Row]:
        """The orders of a route, oldest change first, a thousand at a time; those that are named, all at once."""
        wanted = None if states is None else tuple(states)
        if wanted == ():
            return
        if source_ids is not None:
            names = [(source_id,) for source_id in dict.fromkeys(source_ids)]
            with self._store.read() as db:
                found = [row_of(row) for row in _listing(wanted, "named").ask(db, names, route=route)]
            yield from sorted(found, key=by_change)
            return
        page: Literal["first", "next"] = "first"
        after: dict[str, Any] = {}
        while True:
            with self._store.read() as db:
                found = [row_of(row) for row in _listing(wanted, page).ask(db, route=route, **after)]
            yield from found
            if len(found) < AT_ONCE:
                return
            page, after = "next", dict(zip(("changed", "name"), by_change(found[-1]), strict=True))

    def counts(self, route: str) -> dict[State, int]:
        """How many orders are in each state."""
        with self._store.read() as db:
            found = db.execute(
                sa.select(t.orders.c.state, sa.func.count())
                .where(t.orders.c.route == route)
                .group_by(t.orders.c.state)
            )
            return {State(state): count for state, count in found}

    @staticmethod
    def _locked(db: Connection, route: str, ids: Sequence[str]) -> list[RowMapping]:
        """These rows, held against other writers until the transaction ends (in SQLite the whole ledger is)."""
        found = db.execute(
            sa.select(t.orders)
            .where(t.orders.c.route == route, t.orders.c.source_id.in_(ids))
            .order_by(t.orders.c.source_id)
            .with_for_update()
        )
        return list(found.mappings())
