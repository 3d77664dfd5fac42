"""A way in and a way back: rows written from what stands, rows whose order is gone, what is held of one customer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ordersync.ledger import tables as t
from ordersync.ledger.ready import Ready, given
from ordersync.ledger.rows import LISTED, Row, Seen, among, row_of
from ordersync.ledger.states import State
from ordersync.ledger.store import Store
from ordersync.model import OrderRef, Problem

__all__ = ["ADOPTED", "Kept", "RestoreBook", "Restored"]

ADOPTED = "adopted"
"""The code by which a `done` row says that an earlier integration made its order: it carries no key of ours there."""

_KEYS = given(key=sa.String)
_BY_KEY = Ready(sa.select(*LISTED).where(among(t.orders.c.key, _KEYS)), _KEYS)


@dataclass(frozen=True)
class Restored:
    """A row to be written from what stands, not from what was done."""

    seen: Seen
    state: State
    target: OrderRef | None = None
    problem: Problem | None = None


@dataclass(frozen=True, repr=False)
class Kept:
    """A draft that the ledger keeps because its order is not done. It holds personal data."""

    source_id: str
    number: str
    state: State
    held: bool
    """A write of it may be under way: the draft is needed to find out what came of it."""
    customer: str | None
    """The customer's key."""
    draft: bytes


class RestoreBook:
    """The part of the ledger that is written from what stands, and that forgets."""

    _store: Store
    _insert: Any

    def account_of(self, connection: str) -> tuple[str, str] | None:
        """(platform, account id) that a connection's name is tied to; None if it never worked on this ledger."""
        with self._store.read() as db:
            row = db.execute(
                sa.select(t.bindings.c.platform, t.bindings.c.account).where(
                    t.bindings.c.connection == connection
                )
            ).first()
        return (row[0], row[1]) if row else None

    def rows_by_key(self, keys: Sequence[str]) -> list[Row]:
        """What is known of these keys, on whichever routes."""
        if not keys:
            return []
        with self._store.read() as db:
            return [row_of(row) for row in _BY_KEY.ask(db, [(key,) for key in dict.fromkeys(keys)])]

    def bound_targets(self, routes: Sequence[str]) -> set[str]:
        """The target's ids of all orders that stand for one of the source's on these routes."""
        o = t.orders.c
        with self._store.read() as db:
            return set(
                db.execute(
                    sa.select(o.target_id).where(o.route.in_(routes), o.target_id.is_not(None))
                ).scalars()
            )

    def restore(self, route: str, restored: Sequence[Restored]) -> set[str]:
        """Write the rows that the ledger does not have, all in one commit; those that it has stay as they are.

        Answers the source ids that were written. Raises ValueError for a state other than seen, done and skipped.
        """
        if not restored:
            return set()
        wrong = {one.state for one in restored} - {State.SEEN, State.DONE, State.SKIPPED}
        if wrong:
            raise ValueError(f"an order cannot be restored as {', '.join(sorted(wrong))}")
        with self._store.write() as db:
            now = self._store.now(db)
            insert = self._insert(t.orders).on_conflict_do_nothing().returning(t.orders.c.source_id)
            return set(db.execute(insert, [_new_row(route, one, now) for one in restored]).scalars())

    def adopt(self, route: str, restored: Sequence[Restored]) -> set[str]:
        """As `restore`; besides, a row that was only seen, of which nothing was sent and on which nobody works, becomes
        what is given. Answers the source ids that were written."""
        written = self.restore(route, restored)
        o = t.orders.c
        with self._store.write() as db:
            now = self._store.now(db)
            for one in restored:
                if one.seen.source_id in written:
                    continue
                done = db.execute(
                    t.orders.update()
                    .where(
                        o.route == route,
                        o.source_id == one.seen.source_id,
                        o.state == State.SEEN,
                        o.sent_at.is_(None),
                        sa.or_(o.owner.is_(None), o.lease_until < now),
                    )
                    .values(**_outcome(one), owner=None, lease_until=None, fence=o.fence + 1, updated_at=now)
                )
                if done.rowcount:
                    written.add(one.seen.source_id)
        return written

    def forget_gone(self, route: str, gone: Iterable[Row]) -> set[str]:
        """Make `seen` again what is done and surely stands there no longer; the row forgets its target and what was
        sent, so that its key is looked for once more before it is created anew.

        Answers the source ids of which this is true by now; a row that changed since it was read is left alone.
        """
        o = t.orders.c
        forgotten = set()
        with self._store.write() as db:
            now = self._store.now(db)
            for row in gone:
                done = db.execute(
                    t.orders.update()
                    .where(
                        o.route == route,
                        o.source_id == row.source_id,
                        o.state == State.DONE,
                        o.target_id == row.target.id if row.target else o.target_id.is_(None),
                        o.fence == row.fence,
                    )
                    .values(
                        state=State.SEEN,
                        target_id=None,
                        target_number=None,
                        draft_print=None,
                        problem=None,
                        attempts=0,
                        failures=0,
                        retry_at=None,
                        sent_at=None,
                        looks=0,
                        looked_at=None,
                        updated_at=now,
                    )
                )
                if done.rowcount:
                    forgotten.add(row.source_id)
        return forgotten

    # -- what is held of one customer ---------------------------------------------------------------------------

    def kept(self, route: str) -> Iterator[Kept]:
        """The drafts that are kept on a route, two hundred at a time."""
        o, p = t.orders.c, t.payloads.c
        last = ""
        while True:
            with self._store.read() as db:
                now = self._store.now(db)
                found = (
                    db.execute(
                        sa.select(
                            o.source_id, o.number, o.state, _in_hand(now).label("held"), p.customer, p.draft
                        )
                        .join_from(
                            t.payloads,
                            t.orders,
                            sa.and_(o.route == p.route, o.source_id == p.source_id),
                        )
                        .where(p.route == route, p.source_id > last)
                        .order_by(p.source_id)
                        .limit(200)
                    )
                    .mappings()
                    .all()
                )
            for row in found:
                yield Kept(
                    row["source_id"],
                    row["number"],
                    State(row["state"]),
                    bool(row["held"]),
                    row["customer"],
                    row["draft"],
                )
            if len(found) < 200:
                return
            last = found[-1]["source_id"]

    def erase_payloads(self, route: str, source_ids: Sequence[str]) -> tuple[set[str], set[str]]:
        """Remove the kept drafts of these orders, but of none whose write may be under way. Answers whose were
        removed, and whose had to stay.

        A parked order without its draft cannot be compared with what stands: it counts as never sent from now on, so
        that a retry looks for its key before anything else.
        """
        if not source_ids:
            return set(), set()
        o, p = t.orders.c, t.payloads.c
        theirs = p.route == route, p.source_id.in_(source_ids)
        with self._store.write() as db:
            busy = sa.select(o.source_id).where(
                o.route == route, o.source_id.in_(source_ids), _in_hand(self._store.now(db))
            )
            removed = set(
                db.execute(
                    t.payloads.delete().where(*theirs, p.source_id.not_in(busy)).returning(p.source_id)
                ).scalars()
            )
            db.execute(
                t.orders.update()
                .where(o.route == route, o.source_id.in_(removed), o.state == State.PARKED)
                .values(sent_at=None)
            )
            left = set(db.execute(sa.select(p.source_id).where(*theirs)).scalars())
        return removed, left

    def erase_customers(self, connection: str, keys: Iterable[str]) -> tuple[int, int]:
        """Forget who these customers are on a target, but none whose creation is under way or in doubt. Answers how
        many were forgotten and how many had to be kept."""
        wanted = sorted(set(keys))
        c = t.customers.c
        theirs = c.connection == connection, c.key.in_(wanted)
        with self._store.write() as db:
            now = self._store.now(db)
            erased = db.execute(
                t.customers.delete().where(
                    *theirs, c.sent_at.is_(None), sa.or_(c.owner.is_(None), c.lease_until < now)
                )
            ).rowcount
            left = db.execute(sa.select(sa.func.count()).select_from(t.customers).where(*theirs)).scalar_one()
        return erased, left


def _in_hand(now: datetime) -> sa.ColumnElement[bool]:
    """A write of the order may be under way, or a worker holds it."""
    o = t.orders.c
    return sa.or_(
        o.state.in_([State.SENDING, State.IN_DOUBT]),
        sa.and_(o.owner.is_not(None), o.lease_until >= now),
    )


def _outcome(one: Restored) -> dict[str, Any]:
    return {
        "state": one.state,
        "target_id": one.target.id if one.target else None,
        "target_number": one.target.number if one.target else None,
        "problem": one.problem.model_dump() if one.problem else None,
        "failures": 0,
        "retry_at": None,
    }


def _new_row(route: str, one: Restored, now: datetime) -> dict[str, Any]:
    return {
        "route": route,
        "source_id": one.seen.source_id,
        "key": one.seen.key,
        "number": one.seen.number,
        **_outcome(one),
        "source_updated_at": one.seen.updated_at,
        "source_print": one.seen.print,
        "settings_hash": one.seen.settings_hash,
        "attempts": 0,
        "looks": 0,
        "fence": 0,
        "first_seen": now,
        "updated_at": now,
    }
