"""Orders that wait for a person or for a fact to change: why, for how long, and what sets them free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ordersync.ledger import tables as t
from ordersync.ledger.rows import subject_of
from ordersync.ledger.states import State
from ordersync.ledger.store import Store
from ordersync.model import Problem

__all__ = ["Cause", "Halt", "ParkBook"]

SAMPLE = 5
"""How many numbers of orders a cause names."""


@dataclass(frozen=True)
class Cause:
    """One thing that parked orders wait for."""

    subject: str
    """`sku:ABC`, or the problem's code where it is about nothing in particular."""
    problem: Problem
    """As the first of the orders says it."""
    orders: int
    frees: int
    """Orders that wait for nothing else: mending this alone frees them."""
    numbers: tuple[str, ...]
    """Some of the orders, oldest change first."""


@dataclass(frozen=True)
class Halt:
    """Why a route stands still until a person lets it go on."""

    code: str
    message: str
    count: int
    """How many orders in a row failed so."""
    settings_hash: str


class ParkBook:
    """The part of the ledger that knows what is parked."""

    _store: Store
    _insert: Any

    def _park(self, db: Connection, route: str, problems: Mapping[str, Sequence[Problem]]) -> None:
        """Note why these orders are parked, instead of what was noted before."""
        if not problems:
            return
        p = t.problems.c
        db.execute(t.problems.delete().where(p.route == route, p.source_id.in_(list(problems))))
        db.execute(
            t.problems.insert(),
            [
                {
                    "route": route,
                    "source_id": source_id,
                    "place": place,
                    "subject": subject_of(problem)[:255],
                    "problem": problem.model_dump(),
                }
                for source_id, found in problems.items()
                for place, problem in enumerate(found)
            ],
        )

    def _forget_causes(self, db: Connection, route: str) -> None:
        """Forget why orders were parked that are parked no longer."""
        o, p = t.orders.c, t.problems.c
        parked = sa.select(o.source_id).where(
            o.route == p.route, o.source_id == p.source_id, o.state == State.PARKED
        )
        db.execute(t.problems.delete().where(p.route == route, ~parked.exists()))

    # -- why ----------------------------------------------------------------------------------------------------

    def causes(self, route: str) -> dict[str, int]:
        """How many orders are parked, by the code of their first problem."""
        with self._store.read() as db:
            found = db.execute(
                sa.select(t.orders.c.problem).where(
                    t.orders.c.route == route, t.orders.c.state == State.PARKED
                )
            )
            return dict(Counter((problem or {}).get("code", "unknown") for (problem,) in found))

    def waiting(self, route: str) -> list[Cause]:
        """What parked orders wait for, grouped by cause; what frees most orders first."""
        o, p = t.orders.c, t.problems.c
        query = (
            sa.select(p.source_id, p.subject, p.problem, o.number)
            .join_from(t.problems, t.orders, sa.and_(o.route == p.route, o.source_id == p.source_id))
            .where(p.route == route, o.state == State.PARKED)
            .order_by(o.source_updated_at, p.source_id, p.place)
        )
        orders: dict[str, dict[str, str]] = {}
        first: dict[str, Any] = {}
        subjects: dict[str, set[str]] = {}
        with self._store.read() as db:
            for source_id, subject, problem, number in db.execute(query):
                orders.setdefault(subject, {})[source_id] = number
                first.setdefault(subject, problem)
                subjects.setdefault(source_id, set()).add(subject)
        causes = [
            Cause(
                subject,
                Problem.model_validate(first[subject]),
                len(waiting),
                sum(1 for source_id in waiting if len(subjects[source_id]) == 1),
                tuple(list(waiting.values())[:SAMPLE]),
            )
            for subject, waiting in orders.items()
        ]
        return sorted(causes, key=lambda cause: (-cause.frees, -cause.orders, cause.subject))

    def problems(self, route: str, source_id: str) -> list[Problem]:
        """Everything that is in the way of one parked order."""
        p = t.problems.c
        with self._store.read() as db:
            found = db.execute(
                sa.select(p.problem).where(p.route == route, p.source_id == source_id).order_by(p.place)
            )
            return [Problem.model_validate(problem) for (problem,) in found]

    def subjects(self, route: str, prefix: str) -> list[str]:
        """What parked orders wait for, among the subjects that begin with `prefix` (`sku:`)."""
        p = t.problems.c
        with self._store.read() as db:
            found = db.execute(
                sa.select(p.subject)
                .where(p.route == route, p.subject.startswith(prefix, autoescape=True))
                .distinct()
            )
            return sorted(subject for (subject,) in found)

    # -- free again ---------------------------------------------------------------------------------------------

    def wake(self, route: str, *, source_ids: Sequence[str] | None = None) -> int:
        """Make parked orders `seen` again: those named, or all. Answers how many."""
        o = t.orders.c
        where = [o.route == route, o.state == State.PARKED, o.owner.is_(None)]
        if source_ids is not None:
            where.append(o.source_id.in_(source_ids))
        with self._store.write() as db:
            woken = db.execute(t.orders.update().where(*where).values(self._awake(db))).rowcount
            self._forget_causes(db, route)
        return woken

    def mended(self, route: str, subjects: Sequence[str]) -> int:
        """These causes are gone: make `seen` again what waited for nothing else. Answers how many orders that were."""
        o, p = t.orders.c, t.problems.c
        of_these = sa.select(p.source_id).where(p.route == route, p.subject.in_(subjects))
        with self._store.write() as db:
            ids = list(
                db.execute(
                    sa.select(o.source_id).where(
                        o.route == route,
                        o.state == State.PARKED,
                        o.owner.is_(None),
                        o.source_id.in_(of_these),
                    )
                ).scalars()
            )
            db.execute(
                t.problems.delete().where(p.route == route, p.source_id.in_(ids), p.subject.in_(subjects))
            )
            query = sa.select(p.source_id, p.problem).where(p.route == route, p.source_id.in_(ids))
            left = {row[0]: row[1] for row in db.execute(query.order_by(p.place.desc()))}
            for source_id, problem in left.items():
                db.execute(
                    t.orders.update()
                    .where(o.route == route, o.source_id == source_id, o.state == State.PARKED)
                    .values(problem=problem)
                )
            return db.execute(
                t.orders.update()
                .where(
                    o.route == route,
                    o.source_id.in_([each for each in ids if each not in left]),
                    o.state == State.PARKED,
                    o.owner.is_(None),
                )
                .values(self._awake(db))
            ).rowcount

    def wake_changed(self, route: str, settings_hash: str) -> int:
        """Make `seen` again what other settings skipped, or parked before it was created."""
        o = t.orders.c
        old = (
            o.route == route,
            o.owner.is_(None),
            o.settings_hash != settings_hash,
            sa.or_(o.state == State.SKIPPED, sa.and_(o.state == State.PARKED, o.target_id.is_(None))),
        )
        with self._store.read() as db:
            if db.execute(sa.select(o.source_id).where(*old).limit(1)).first() is None:
                return 0
        with self._store.write() as db:
            values = {**self._awake(db), "settings_hash": settings_hash}
            woken = db.execute(t.orders.update().where(*old).values(values)).rowcount
            self._forget_causes(db, route)
        return woken

    def _awake(self, db: Connection) -> dict[str, Any]:
        return {
            "state": State.SEEN,
            "problem": None,
            "failures": 0,
            "retry_at": None,
            "updated_at": self._store.now(db),
        }

    # -- later --------------------------------------------------------------------------------------------------

    def postpone(
        self, route: str, source_id: str, pause: timedelta, longest: timedelta, most: int, why: str
    ) -> Problem | None:
        """An order that was only seen could not be worked on: try it again after `pause`, twice as long each time, at
        most `longest`. After `most` such failures it is parked; answers the problem then."""
        o = t.orders.c
        with self._store.write() as db:
            now = self._store.now(db)
            free = (
                o.route == route,
                o.source_id == source_id,
                o.state == State.SEEN,
                sa.or_(o.owner.is_(None), o.lease_until < now),
            )
            row = db.execute(sa.select(o.failures).where(*free).with_for_update()).first()
            if row is None:
                return None
            failures = row[0] + 1
            values: dict[str, Any] = {
                "failures": failures,
                "retry_at": now + min(pause * 2 ** (failures - 1), longest),
                "updated_at": now,
            }
            problem = None
            if failures >= most:
                problem = Problem(
                    code="gave_up",
                    message=f"it failed {failures} times, the last time because: {why}",
                    remedy="It is not tried again by itself. Mend the cause, then retry it.",
                )
                values |= {"state": State.PARKED, "problem": problem.model_dump(), "retry_at": None}
            db.execute(t.orders.update().where(*free).values(values))
            if problem:
                self._park(db, route, {source_id: [problem]})
        return problem

    # -- halted routes ------------------------------------------------------------------------------------------

    def halt(self, route: str, halt: Halt) -> None:
        """The route stands still from now on."""
        self._set_halted(route, asdict(halt))

    def resume(self, route: str) -> None:
        """The route may go on."""
        self._set_halted(route, None)

    def halted(self, route: str) -> Halt | None:
        """Why the route stands still; None if it does not."""
        with self._store.read() as db:
            found = db.execute(
                sa.select(t.routes.c.halted).where(t.routes.c.route == route)
            ).scalar_one_or_none()
        return Halt(**found) if found else None

    def _set_halted(self, route: str, halted: dict[str, Any] | None) -> None:
        with self._store.write() as db:
            now: datetime = self._store.now(db)
            insert = self._insert(t.routes).values(route=route, halted=halted, updated_at=now)
            db.execute(
                insert.on_conflict_do_update(
                    index_elements=["route"], set_={"halted": insert.excluded.halted, "updated_at": now}
                )
            )
