"""Orders as the source shows them meet their rows: new ones are made, known ones brought up to date, free ones claimed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ordersync.ledger import tables as t
from ordersync.ledger.ready import Ready, given
from ordersync.ledger.rows import (
    IDS,
    LISTED,
    LOCK,
    MAKE,
    Claim,
    Row,
    Seen,
    among,
    by_change,
    news,
    one_of,
    row_of,
)
from ordersync.ledger.states import State
from ordersync.ledger.store import Store

__all__ = ["Hold", "Mark", "MeetBook", "Met"]

o = t.orders.c
_MINE = o.route == sa.bindparam("route"), among(o.source_id, IDS)
_KNOWN = Ready(sa.select(*LISTED).where(*_MINE), IDS)

_NEWS = given(
    id=sa.String,
    was=sa.String,
    state=sa.String,
    print=sa.String,
    updated_at=t.Moment,
    settings_hash=sa.String,
)
_AWAKE = _NEWS.c.was != _NEWS.c.state
_TAKE_OVER = Ready(
    t.orders.update()
    .where(
        o.route == sa.bindparam("route"),
        o.source_id == _NEWS.c.id,
        o.state == _NEWS.c.was,
        o.owner.is_(None),
    )
    .values(
        state=_NEWS.c.state,
        source_print=_NEWS.c.print,
        source_updated_at=_NEWS.c.updated_at,
        settings_hash=_NEWS.c.settings_hash,
        problem=sa.case((_AWAKE, sa.null()), else_=o.problem),
        failures=sa.case((_AWAKE, sa.literal_column("0")), else_=o.failures),
        retry_at=sa.case((_AWAKE, sa.null()), else_=o.retry_at),
        updated_at=sa.bindparam("now", type_=o.updated_at.type),
    ),
    _NEWS,
)

_MOVE = Ready(
    lambda insert: _forward(
        insert(t.routes).values(
            route=sa.bindparam("of_route"),
            watermark=sa.bindparam("to", type_=t.routes.c.watermark.type),
            settings_hash=sa.bindparam("rules"),
            updated_at=sa.bindparam("now", type_=t.routes.c.updated_at.type),
        )
    )
)


def _forward(insert: Any) -> Any:
    mark, new = t.routes.c.watermark, insert.excluded.watermark
    return insert.on_conflict_do_update(
        index_elements=["route"],
        set_={
            "watermark": sa.case((sa.or_(mark.is_(None), mark < new), new), else_=mark),
            "settings_hash": insert.excluded.settings_hash,
            "updated_at": insert.excluded.updated_at,
        },
    )


@cache
def _claiming(states: tuple[State, ...]) -> Ready:
    now = sa.bindparam("now", type_=o.lease_until.type)
    settled = sa.bindparam("settled", type_=o.lease_until.type)
    return Ready(
        t.orders.update()
        .where(
            *_MINE,
            one_of(states),
            sa.or_(
                o.owner.is_(None),
                sa.and_(o.state == sa.literal_column(f"'{State.SEEN}'"), o.lease_until < now),
                o.lease_until < settled,
            ),
        )
        .values(
            owner=sa.bindparam("owner", type_=o.owner.type),
            run=sa.bindparam("run", type_=o.run.type),
            lease_until=sa.bindparam("until", type_=o.lease_until.type),
            fence=o.fence + sa.literal_column("1"),
        )
        .returning(*LISTED),
        IDS,
    )


@dataclass(frozen=True)
class Hold:
    """Who takes orders, and for how long from now."""

    owner: str
    run: str
    lease: timedelta


@dataclass(frozen=True)
class Mark:
    """Where a route's watermark moves to, and by which settings."""

    to: datetime
    settings_hash: str


@dataclass(frozen=True)
class Met:
    """What stands about orders that the source showed."""

    rows: dict[str, Row]
    """By source id, oldest change first; a claimed one as its worker has it."""
    claims: list[Claim]
    """Those that are this worker's to work on, in the same order."""


class _Raced(Exception):
    """Another worker made one of the rows meanwhile: the transaction is rolled back."""


class MeetBook:
    """The part of the ledger that knows what was seen and who works on it."""

    _store: Store
    _forget_causes: Callable[[Connection, str], None]

    def see(self, route: str, seen: Sequence[Seen]) -> dict[str, Row]:
        """Record what the source showed; answers each order's row as it stands now, oldest change first.

        An order that was skipped, or parked without having been created, is `seen` again if it or the settings
        changed. One that stands on the target keeps its state, and the row says that it `changed`.
        """
        return self._meet(route, seen).rows

    def meet(
        self,
        route: str,
        seen: Sequence[Seen],
        *,
        owner: str,
        run: str,
        lease: timedelta,
        due: datetime | None = None,
        mark: Mark | None = None,
    ) -> Met:
        """As `see`, and take in the same commit what is only `seen`, free, and not to be left alone until after `due`
        (None: nothing is left alone). The watermark moves there too, if it is to: what these orders come to is not yet
        behind it. Nothing is written if there is nothing new, nothing to take and no mark."""
        return self._meet(route, seen, Hold(owner, run, lease), due, mark)

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
        if not source_ids or not states:
            return []
        with self._store.write() as db:
            self._lock(db, route, source_ids)
            now = self._store.now(db)
            won = self._claim(db, route, source_ids, Hold(owner, run, lease), now, settle, states)
        return [Claim(row.source_id, row.fence, row) for row in won]

    def _meet(
        self,
        route: str,
        seen: Sequence[Seen],
        hold: Hold | None = None,
        due: datetime | None = None,
        mark: Mark | None = None,
    ) -> Met:
        shown = {one.source_id: one for one in seen}
        if not shown and mark is None:
            return Met({}, [])
        self._store.met(len(shown))
        while True:
            with self._store.read() as db:
                known = self._known(db, route, list(shown))
            stirs = (news(row, shown[row.source_id]) or (hold and _waits(row, due)) for row in known)
            if mark is None and len(known) == len(shown) and not any(stirs):
                return Met({row.source_id: row for row in known}, [])
            try:
                with self._store.write() as db:
                    met = self._met(db, route, shown, [row.source_id for row in known], hold, due)
                    if mark:
                        self._move(db, route, mark)
                    return met
            except _Raced:
                continue

    def _met(
        self,
        db: Connection,
        route: str,
        shown: dict[str, Seen],
        old: Sequence[str],
        hold: Hold | None,
        due: datetime | None,
    ) -> Met:
        self._lock(db, route, old)
        now = self._store.now(db)
        standing = self._known(db, route, old)
        rows, altered = {row.source_id: row for row in standing}, set()
        fresh = [shown[source_id] for source_id in sorted(shown.keys() - rows.keys())]
        self._make(db, route, fresh, hold, now)
        told = [(row, shown[row.source_id]) for row in standing if news(row, shown[row.source_id])]
        if told:
            altered = {row.source_id for row, one in told if row.source_print != one.print}
            self._take_over(db, route, told, now)
            rows = {row.source_id: row for row in self._known(db, route, old)}
        won = []
        if hold and (free := [row.source_id for row in rows.values() if _waits(row, due)]):
            won = self._claim(db, route, free, hold, now)
            rows |= {row.source_id: row for row in won}
        if altered:
            rows |= {each: replace(rows[each], changed=True) for each in altered}
        rows |= {one.source_id: _first_row(route, one, hold, now) for one in fresh}
        mine = {row.source_id for row in won} | ({one.source_id for one in fresh} if hold else set())
        there = sorted(rows.values(), key=by_change)
        return Met(
            {row.source_id: row for row in there},
            [Claim(row.source_id, row.fence, row) for row in there if row.source_id in mine],
        )

    def _make(
        self, db: Connection, route: str, fresh: Sequence[Seen], hold: Hold | None, now: datetime
    ) -> None:
        """Make the rows, in the order in which everybody makes them. Raises _Raced if one was there already."""
        made = MAKE.run(
            db,
            [
                (one.source_id, one.key, one.number, one.updated_at, one.print, one.settings_hash)
                for one in fresh
            ],
            route=route,
            owner=hold.owner if hold else None,
            run=hold.run if hold else None,
            until=now + hold.lease if hold else None,
            fence=1 if hold else 0,
            now=now,
        )
        if made != len(fresh):
            raise _Raced

    def _take_over(self, db: Connection, route: str, told: Sequence[tuple[Row, Seen]], now: datetime) -> None:
        """Let the rows that nobody works on take over what is new."""
        values = []
        woken = False
        for row, one in told:
            new = news(row, one)
            state = new.get("state", row.state)
            woken = woken or (row.state is State.PARKED and state is State.SEEN)
            values.append(
                (
                    row.source_id,
                    row.state,
                    state,
                    one.print,
                    one.updated_at,
                    new.get("settings_hash", row.settings_hash),
                )
            )
        _TAKE_OVER.run(db, values, route=route, now=now)
        if woken:
            self._forget_causes(db, route)

    def _claim(
        self,
        db: Connection,
        route: str,
        source_ids: Sequence[str],
        hold: Hold,
        now: datetime,
        settle: timedelta = timedelta(0),
        states: Sequence[State] = (State.SEEN,),
    ) -> list[Row]:
        """The rows that were won, oldest change first."""
        won = _claiming(tuple(states)).ask(
            db,
            [(source_id,) for source_id in source_ids],
            route=route,
            owner=hold.owner,
            run=hold.run,
            until=now + hold.lease,
            now=now,
            settled=now - settle,
        )
        return sorted(map(row_of, won), key=by_change)

    def move_watermark(self, route: str, to: datetime, settings_hash: str) -> None:
        """Forward only."""
        with self._store.write() as db:
            self._move(db, route, Mark(to, settings_hash))

    def _move(self, db: Connection, route: str, mark: Mark) -> None:
        now = self._store.now(db)
        _MOVE.run(db, of_route=route, to=mark.to, rules=mark.settings_hash, now=now)

    def _lock(self, db: Connection, route: str, source_ids: Sequence[str]) -> None:
        if source_ids and not self._store.sqlite:
            LOCK.ask(db, [(source_id,) for source_id in source_ids], route=route)

    @staticmethod
    def _known(db: Connection, route: str, source_ids: Sequence[str]) -> list[Row]:
        found = _KNOWN.ask(db, [(source_id,) for source_id in source_ids], route=route)
        return sorted(map(row_of, found), key=by_change)


def _waits(row: Row, due: datetime | None) -> bool:
    """It may be worked on; whether it is free, the claim asks."""
    return row.state is State.SEEN and (row.retry_at is None or due is None or row.retry_at <= due)


def _first_row(route: str, one: Seen, hold: Hold | None, now: datetime) -> Row:
    """The row that was just made."""
    return Row(
        route=route,
        source_id=one.source_id,
        key=one.key,
        number=one.number,
        state=State.SEEN,
        source_updated_at=one.updated_at,
        source_print=one.print,
        settings_hash=one.settings_hash,
        draft_print=None,
        target=None,
        problem=None,
        attempts=0,
        failures=0,
        retry_at=None,
        sent_at=None,
        looks=0,
        looked_at=None,
        owner=hold.owner if hold else None,
        lease_until=now + hold.lease if hold else None,
        fence=1 if hold else 0,
        updated_at=now,
        first_time=True,
    )
