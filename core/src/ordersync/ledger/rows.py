"""One order in the ledger: what is shown, held, and turned into what comes next; and the statements that read a row, make
it and write it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from ordersync.ledger import tables as t
from ordersync.ledger.ready import Ready, given
from ordersync.ledger.states import STEPS, State
from ordersync.model import OrderRef, Problem

__all__ = [
    "IDS",
    "LISTED",
    "LOCK",
    "MAKE",
    "UPDATE",
    "Claim",
    "Outcome",
    "Row",
    "Seen",
    "among",
    "by_change",
    "fingerprint",
    "news",
    "next_row",
    "one_of",
    "parsed",
    "row_of",
    "states_before",
    "subject_of",
    "twins",
]


_WITHIN_LOCK = 2047
"""Bytes. Of more, hashlib gives Python's lock away, and getting it back from other threads takes longer than the hashing."""


def fingerprint(content: bytes) -> str:
    """A short, stable name of some content."""
    digest = hashlib.sha256()
    for begin in range(0, len(content), _WITHIN_LOCK):
        digest.update(content[begin : begin + _WITHIN_LOCK])
    return digest.hexdigest()[:40]


@dataclass(frozen=True)
class Seen:
    """An order as the source showed it."""

    source_id: str
    number: str
    key: str
    updated_at: datetime
    print: str
    settings_hash: str


@dataclass(frozen=True)
class Row:
    """One order of a route, as the ledger knows it."""

    route: str
    source_id: str
    key: str
    number: str
    state: State
    source_updated_at: datetime
    source_print: str
    settings_hash: str
    draft_print: str | None
    target: OrderRef | None
    problem: Problem | None
    """The first of what is in its way; `Ledger.problems` knows them all."""
    attempts: int
    failures: int
    """How often it could not be worked on, since it last got further."""
    retry_at: datetime | None
    """Not to be tried again before."""
    sent_at: datetime | None
    looks: int
    looked_at: datetime | None
    owner: str | None
    lease_until: datetime | None
    fence: int
    updated_at: datetime
    first_time: bool = False
    """This very `see` made the row."""
    changed: bool = False
    """The source's order differs from what the ledger had."""


@dataclass(frozen=True)
class Claim:
    """The right to work on one order until the lease ends; `fence` proves it."""

    source_id: str
    fence: int
    row: Row


@dataclass(frozen=True)
class Outcome:
    """The next state of one claimed order. What is None stays as it is."""

    claim: Claim
    state: State
    target: OrderRef | None = None
    problem: Problem | None = None
    others: tuple[Problem, ...] = ()
    """What else is in the way of an order that is parked."""
    draft_print: str | None = None
    payload: bytes | None = None
    """The draft as sent; kept until the order is done."""
    customer: str | None = None
    sent: bool = False
    """A create is about to leave: take the time, count the attempt."""
    wrote: bool = False
    """Another write to the order left just now: take the time."""
    unsent: bool = False
    """Surely nothing was made."""
    kept_back: bool = False
    """What was intended never left: the attempt does not count."""
    looked: bool = False
    """It was looked for and not found."""
    keep: timedelta | None = None
    """Keep the claim for so long from now: work on it goes on."""


def twins(*ids: str) -> Problem:
    """Why an order that stands twice needs a person."""
    return Problem(
        code="twins",
        message=f"the order stands twice on the target: {', '.join(ids)}",
        remedy="A worker stood still for longer than its lease. Cancel one of the two there, then retry.",
    )


def news(row: Row, one: Seen) -> dict[str, Any]:
    """What the row must take over from the order as it is shown now; empty if nothing."""
    values: dict[str, Any] = {}
    differs = row.source_print != one.print
    if differs or row.source_updated_at != one.updated_at:
        values = {"source_print": one.print, "source_updated_at": one.updated_at}
    again = row.state is State.SKIPPED or (row.state is State.PARKED and row.target is None)
    if again and (differs or row.settings_hash != one.settings_hash):
        values |= {
            "state": State.SEEN,
            "settings_hash": one.settings_hash,
            "problem": None,
            "failures": 0,
            "retry_at": None,
            "source_print": one.print,
            "source_updated_at": one.updated_at,
        }
    return values


# -- statements ---------------------------------------------------------------------------------------------------------

o = t.orders.c
IDS = given(id=sa.String)
"""Source ids; a row of one column each."""
_MINE = o.route == sa.bindparam("route")


def among(column: sa.ColumnElement[Any], rows: sa.Table) -> sa.ColumnElement[bool]:
    """It is in the first column of the given rows."""
    return column.in_(sa.select(rows.columns[0]))


def one_of(states: Sequence[State], *, named: bool = True) -> sa.ColumnElement[bool]:
    """The order is in one of these states. `named`: the statement names its orders; an index of states must not tempt
    the database to go through all that are in them."""
    state = o.state.concat(sa.literal_column("''")) if named else o.state
    return state.in_([sa.literal_column(f"'{one}'") for one in states])


LISTED = (
    o.route,
    o.source_id,
    o.key,
    o.number,
    o.state,
    o.source_updated_at,
    o.source_print,
    o.settings_hash,
    o.draft_print,
    o.target_id,
    o.target_number,
    o.problem,
    o.attempts,
    o.failures,
    o.retry_at,
    o.sent_at,
    o.looks,
    o.looked_at,
    o.owner,
    o.lease_until,
    o.fence,
    o.updated_at,
)
"""What `row_of` takes, in this order."""

LOCK = Ready(
    sa.select(o.source_id).where(_MINE, among(o.source_id, IDS)).order_by(o.source_id).with_for_update(), IDS
)
"""Rows locked in the order in which everybody locks them: two workers that meet on the same ones wait, and never for each
other. SQLite locks the whole ledger and needs none of this."""

WRITTEN = (
    "state",
    "target_id",
    "target_number",
    "draft_print",
    "problem",
    "attempts",
    "failures",
    "retry_at",
    "sent_at",
    "looks",
    "looked_at",
    "owner",
    "lease_until",
    "updated_at",
)
_NEXT = given(id=sa.String, **{name: o[name].type for name in WRITTEN})
UPDATE = Ready(
    t.orders.update()
    .where(_MINE, o.source_id == _NEXT.c.id)
    .values({name: _NEXT.c[name] for name in WRITTEN}),
    _NEXT,
)

_FIRST = given(
    id=sa.String,
    key=sa.String,
    number=sa.String,
    updated_at=t.Moment,
    print=sa.String,
    settings_hash=sa.String,
)
_MADE = {
    "route": sa.bindparam("route", type_=o.route.type),
    "source_id": _FIRST.c.id,
    "key": _FIRST.c.key,
    "number": _FIRST.c.number,
    "state": sa.literal_column(f"'{State.SEEN}'"),
    "source_updated_at": _FIRST.c.updated_at,
    "source_print": _FIRST.c.print,
    "settings_hash": _FIRST.c.settings_hash,
    "owner": sa.bindparam("owner", type_=o.owner.type),
    "run": sa.bindparam("run", type_=o.run.type),
    "lease_until": sa.bindparam("until", type_=o.lease_until.type),
    "fence": sa.bindparam("fence", type_=o.fence.type),
    **dict.fromkeys(("attempts", "failures", "looks"), sa.literal_column("0")),
    **dict.fromkeys(("first_seen", "updated_at"), sa.bindparam("now", type_=o.updated_at.type)),
}
MAKE = Ready(
    lambda insert: (
        insert(t.orders)
        .from_select(list(_MADE), sa.select(*_MADE.values()).where(_FIRST.c.id.is_not(None)))
        .on_conflict_do_nothing()
    ),
    _FIRST,
)
"""Orders that were never seen before, claimed already if there is an owner."""


# -- from one state to the next -----------------------------------------------------------------------------------------


def next_row(row: RowMapping, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """The values that turn `row` into what `outcome` says."""
    values = {name: row[name] for name in WRITTEN}
    values |= {"state": outcome.state, "updated_at": now}
    if outcome.target:
        values |= {"target_id": outcome.target.id, "target_number": outcome.target.number}
    if outcome.draft_print:
        values["draft_print"] = outcome.draft_print
    if outcome.sent:
        values |= {"sent_at": now, "looks": 0, "looked_at": None, "attempts": row["attempts"] + 1}
    if outcome.state is State.SEEN or outcome.unsent:
        values["sent_at"] = None
    if outcome.kept_back:
        values["attempts"] = max(row["attempts"] - 1, 0)
    if outcome.wrote:
        values["sent_at"] = now
    if outcome.looked:
        values |= {"looks": row["looks"] + 1, "looked_at": now}
    problem = outcome.problem
    if outcome.target and row["target_id"] not in (None, outcome.target.id):
        problem = twins(row["target_id"], outcome.target.id)
        values["state"] = State.PARKED
    values |= {
        "problem": problem.model_dump() if problem else None,
        "lease_until": now + outcome.keep if outcome.keep else None,
    }
    if not outcome.keep:
        values["owner"] = None
    if outcome.state in (State.DONE, State.PARKED, State.SKIPPED):
        values |= {"failures": 0, "retry_at": None}
    return values


@cache
def states_before(state: State) -> tuple[State, ...]:
    """What a claimed order may be when `state` is recorded. That it is gone is no outcome of a claim: the row must
    forget its target then (`Ledger.forget_gone`)."""
    steps = (step for step in STEPS if step != (State.DONE, State.SEEN))
    return (state, *(before for before, after in steps if after is state))


def subject_of(problem: Problem) -> str:
    return f"{problem.code.rpartition('_')[2]}:{problem.subject}" if problem.subject else problem.code


def by_change(row: Row) -> tuple[datetime, str]:
    """Oldest change first."""
    return row.source_updated_at, row.source_id


def parsed(stored: Any) -> Any:
    """A JSON value as a driver gives it: text in SQLite."""
    return json.loads(stored) if isinstance(stored, str) else stored


def row_of(values: Sequence[Any]) -> Row:
    """A row from `LISTED`, as a ready statement answers it."""
    (
        route,
        source_id,
        key,
        number,
        state,
        source_updated_at,
        source_print,
        settings_hash,
        draft_print,
        target_id,
        target_number,
        problem,
        attempts,
        failures,
        retry_at,
        sent_at,
        looks,
        looked_at,
        owner,
        lease_until,
        fence,
        updated_at,
    ) = values
    why = parsed(problem)
    return Row(
        route,
        source_id,
        key,
        number,
        _STATES[state],
        t.moment(source_updated_at),
        source_print,
        settings_hash,
        draft_print,
        OrderRef(id=target_id, number=target_number) if target_id else None,
        Problem.model_validate(why) if why else None,
        attempts,
        failures,
        t.moment_of(retry_at),
        t.moment_of(sent_at),
        looks,
        t.moment_of(looked_at),
        owner,
        t.moment_of(lease_until),
        fence,
        t.moment(updated_at),
    )


_STATES: dict[str, State] = {str(state): state for state in State}
