"""What the ledger is asked: what was seen, who works on it, what was sent, what came of it.

Every method is one transaction, or none if it only computes. No transaction spans a request to a platform.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, RowMapping

from ordersync.ledger import tables as t
from ordersync.ledger.bulk import Bulk
from ordersync.ledger.customers import CustomerBook
from ordersync.ledger.items import ItemBook
from ordersync.ledger.parking import ParkBook
from ordersync.ledger.pruning import PruneBook
from ordersync.ledger.restoring import RestoreBook
from ordersync.ledger.rows import (
    NEW,
    UPDATE,
    Claim,
    Outcome,
    Row,
    Seen,
    first_row,
    new_row,
    news,
    next_row,
    row_of,
    states_before,
    twins,
)
from ordersync.ledger.runs import RunBook
from ordersync.ledger.states import State
from ordersync.ledger.store import Store
from ordersync.ledger.strides import stride
from ordersync.model import OrderRef, Problem
from ordersync.web import Clock, SystemClock

__all__ = ["Ledger"]

KEPT = ("route", "source_id", "draft", "customer", "kept_since")


class _LongWay(Exception):
    """What is to be recorded is not the usual: the transaction is rolled back."""


def _kept(route: str, outcome: Outcome, now: datetime) -> dict[str, Any]:
    return {
        "route": route,
        "source_id": outcome.claim.source_id,
        "draft": outcome.payload,
        "customer": outcome.customer,
        "kept_since": now,
    }


def _by_change(row: Row) -> tuple[datetime, str]:
    return row.source_updated_at, row.source_id


def _bound(names: Sequence[str]) -> dict[str, Any]:
    return {name: sa.bindparam(name) for name in names}


class Ledger(CustomerBook, ParkBook, RunBook, RestoreBook, PruneBook, ItemBook):
    """The memory of all routes."""

    def __init__(
        self, url: str = "sqlite://", *, clock: Clock | None = None, store: Store | None = None
    ) -> None:
        """Open or create. `sqlite://` is in memory; a `store` that is open already is used as it is.

        Raises LedgerTrouble.
        """
        self.clock: Clock = clock or SystemClock()
        self._store = store or Store(url, self.clock)
        self._insert = sqlite.insert if self._store.sqlite else postgresql.insert
        self._see = Bulk(self._insert(t.orders).values(_bound(NEW)).on_conflict_do_nothing(), NEW)
        keep = self._insert(t.payloads).values(_bound(KEPT))
        self._keep = Bulk(
            keep.on_conflict_do_update(
                index_elements=["route", "source_id"],
                set_={name: keep.excluded[name] for name in ("draft", "customer", "kept_since")},
            ),
            KEPT,
        )

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

    def move_watermark(self, route: str, to: datetime, settings_hash: str) -> None:
        """Forward only."""
        with self._store.write() as db:
            now = self._store.now(db)
            insert = self._insert(t.routes).values(
                route=route, watermark=to, settings_hash=settings_hash, updated_at=now
            )
            db.execute(
                insert.on_conflict_do_update(
                    index_elements=["route"],
                    set_={
                        "watermark": sa.case(
                            (t.routes.c.watermark.is_(None), insert.excluded.watermark),
                            (t.routes.c.watermark < insert.excluded.watermark, insert.excluded.watermark),
                            else_=t.routes.c.watermark,
                        ),
                        "settings_hash": insert.excluded.settings_hash,
                        "updated_at": now,
                    },
                )
            )

    # -- orders -------------------------------------------------------------------------------------------------

    def see(self, route: str, seen: Sequence[Seen]) -> dict[str, Row]:
        """Record what the source showed; answers each order's row as it stands now.

        An order that was skipped, or parked without having been created, is `seen` again if it or the settings
        changed. One that stands on the target keeps its state, and the row says that it `changed`.
        """
        if not seen:
            return {}
        ids = [one.source_id for one in seen]
        with self._store.read() as db:
            before = {row.source_id: row for row in self._rows(db, route, ids)}
        if all(one.source_id in before and not news(before[one.source_id], one) for one in seen):
            return before
        with self._store.write() as db:
            now = self._store.now(db)
            before = {row.source_id: row for row in self._rows(db, route, ids)}
            new = [one for one in seen if one.source_id not in before]
            if new:
                self._see.execute(db, [first_row(route, one, now) for one in new])
            altered, woken = set(), False
            for one in seen:
                row = before.get(one.source_id)
                if row is None:
                    continue
                if row.source_print != one.print:
                    altered.add(one.source_id)
                values = news(row, one)
                if values:
                    db.execute(
                        t.orders.update()
                        .where(
                            t.orders.c.route == route,
                            t.orders.c.source_id == one.source_id,
                            t.orders.c.state == row.state,
                            t.orders.c.owner.is_(None),
                        )
                        .values(**values, updated_at=now)
                    )
                    woken = woken or (row.state is State.PARKED and values.get("state") is State.SEEN)
            if woken:
                self._forget_causes(db, route)
            if not before and self._store.sqlite:
                rows = (new_row(first_row(route, one, now)) for one in seen)
                return {row.source_id: row for row in sorted(rows, key=_by_change)}
            fresh = {one.source_id for one in new}
            return {
                row.source_id: replace(
                    row, first_time=row.source_id in fresh, changed=row.source_id in altered
                )
                for row in self._rows(db, route, ids)
            }

    def claim(
        self,
        route: str,
        source_ids: Sequence[str],
        *,
        owner: str,
        run: str,
        lease: timedelta,
        settle: timedelta = timedelta(0),
        states: Sequence[State] = (State.SEEN,),
    ) -> list[Claim]:
        """Take what is free among these and still in one of `states`. A row that another worker was sending is taken
        over only when its lease and `settle` are past. Answers the claims that were won, with the rows as they are."""
        if not source_ids:
            return []
        o = t.orders.c
        with self._store.write() as db:
            now = self._store.now(db)
            free = sa.or_(
                o.owner.is_(None),
                sa.and_(o.state == State.SEEN, o.lease_until < now),
                o.lease_until < now - settle,
            )
            won = db.execute(
                t.orders.update()
                .where(
                    o.route == route,
                    o.source_id.in_(source_ids),
                    free,
                    o.state.in_(states),
                )
                .values(owner=owner, run=run, lease_until=now + lease, fence=o.fence + 1)
                .returning(t.orders)
            )
            mine = sorted((row_of(row) for row in won.mappings()), key=_by_change)
            return [Claim(row.source_id, row.fence, row) for row in mine]

    def record(self, route: str, outcomes: Sequence[Outcome]) -> list[str]:
        """Record the next state of claimed orders, all in one commit.

        Answers the ids of those whose claim was lost meanwhile (nothing is recorded for them): for an intent this
        means that it must not be sent.
        """
        if not outcomes:
            return []
        try:
            with self._store.write() as db:
                now = self._store.now(db)
                if not stride(db, route, outcomes, now):
                    raise _LongWay
                self._keep.execute(
                    db, [_kept(route, one, now) for one in outcomes if one.payload is not None]
                )
                done = [one.claim.source_id for one in outcomes if one.state is State.DONE]
                self._drop_payloads(db, route, done)
        except _LongWay:
            return self._record(route, outcomes)
        return []

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
                rows.append(next_row(row, outcome, now))
                problem = rows[-1]["new_problem"]
                if rows[-1]["new_state"] == State.PARKED and problem:
                    parked[row["source_id"]] = [Problem.model_validate(problem), *outcome.others]
                woken = woken or row["state"] == State.PARKED
                if outcome.payload is not None:
                    kept.append(_kept(route, outcome, now))
                elif outcome.state in (State.DONE, State.SKIPPED):
                    done.append(row["source_id"])
            if rows:
                UPDATE.execute(db, rows)
                self._park(db, route, parked)
                if woken:
                    self._forget_causes(db, route)
            self._keep.execute(db, kept)
            self._drop_payloads(db, route, done)
        return lost

    @staticmethod
    def _drop_payloads(db: Connection, route: str, source_ids: Sequence[str]) -> None:
        if source_ids:
            db.execute(
                t.payloads.delete().where(t.payloads.c.route == route, t.payloads.c.source_id.in_(source_ids))
            )

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
        o = t.orders.c
        lost = []
        with self._store.write() as db:
            now = self._store.now(db)
            for claim in claims:
                mine = (o.route == route, o.source_id == claim.source_id, o.fence == claim.fence)
                held = db.execute(
                    t.orders.update().where(*mine, o.owner.is_not(None)).values(lease_until=now + lease)
                )
                if not held.rowcount:
                    lost.append(claim.source_id)
        return lost

    def release(self, route: str, claims: Sequence[Claim]) -> None:
        """Give up claims on which nothing was sent."""
        if not claims:
            return
        with self._store.write() as db:
            for claim in claims:
                db.execute(
                    t.orders.update()
                    .where(
                        t.orders.c.route == route,
                        t.orders.c.source_id == claim.source_id,
                        t.orders.c.fence == claim.fence,
                    )
                    .values(owner=None, lease_until=None)
                )

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
        """The orders of a route, oldest change first, a thousand at a time."""
        last: tuple[datetime, str] | None = None
        o = t.orders.c
        while True:
            query = sa.select(t.orders).where(o.route == route)
            if states is not None:
                query = query.where(o.state.in_(list(states)))
            if source_ids is not None:
                query = query.where(o.source_id.in_(source_ids))
            if last:
                query = query.where(
                    sa.or_(
                        o.source_updated_at > last[0],
                        sa.and_(o.source_updated_at == last[0], o.source_id > last[1]),
                    )
                )
            with self._store.read() as db:
                found = (
                    db.execute(query.order_by(o.source_updated_at, o.source_id).limit(1000)).mappings().all()
                )
            yield from map(row_of, found)
            if len(found) < 1000:
                return
            last = (found[-1]["source_updated_at"], found[-1]["source_id"])

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

    @staticmethod
    def _rows(db: Connection, route: str, ids: Sequence[str], *where: sa.ColumnElement[bool]) -> list[Row]:
        found = db.execute(
            sa.select(t.orders)
            .where(t.orders.c.route == route, t.orders.c.source_id.in_(ids), *where)
            .order_by(t.orders.c.source_updated_at, t.orders.c.source_id)
        )
        return [row_of(row) for row in found.mappings()]
