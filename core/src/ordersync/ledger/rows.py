"""One order in the ledger: what is shown, held, and turned into what comes next. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from ordersync.ledger import tables as t
from ordersync.ledger.bulk import Bulk
from ordersync.ledger.states import STEPS, State
from ordersync.model import OrderRef, Problem

__all__ = [
    "NEW",
    "UPDATE",
    "Claim",
    "Outcome",
    "Row",
    "Seen",
    "fingerprint",
    "first_row",
    "new_row",
    "news",
    "next_row",
    "row_of",
    "states_before",
    "subject_of",
    "twins",
]


def fingerprint(content: bytes) -> str:
    """A short, stable name of some content."""
    return hashlib.sha256(content).hexdigest()[:40]


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
UPDATE = Bulk(
    t.orders.update()
    .where(t.orders.c.route == sa.bindparam("in_route"), t.orders.c.source_id == sa.bindparam("of_order"))
    .values({name: sa.bindparam(f"new_{name}") for name in WRITTEN}),
    ("in_route", "of_order", *(f"new_{name}" for name in WRITTEN)),
)


def next_row(row: RowMapping, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """The parameters that turn `row` into what `outcome` says."""
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
    return {
        "in_route": row["route"],
        "of_order": row["source_id"],
        **{f"new_{name}": value for name, value in values.items()},
    }


@cache
def states_before(state: State) -> tuple[State, ...]:
    """What a claimed order may be when `state` is recorded. That it is gone is no outcome of a claim: the row must
    forget its target then (`Ledger.forget_gone`)."""
    steps = (step for step in STEPS if step != (State.DONE, State.SEEN))
    return (state, *(before for before, after in steps if after is state))


def subject_of(problem: Problem) -> str:
    return f"{problem.code.rpartition('_')[2]}:{problem.subject}" if problem.subject else problem.code


NEW = (
    "route",
    "source_id",
    "key",
    "number",
    "state",
    "source_updated_at",
    "source_print",
    "settings_hash",
    "attempts",
    "failures",
    "looks",
    "fence",
    "first_seen",
    "updated_at",
)


def first_row(route: str, one: Seen, now: datetime) -> dict[str, Any]:
    """The row of an order that was never seen before."""
    return {
        "route": route,
        "source_id": one.source_id,
        "key": one.key,
        "number": one.number,
        "state": State.SEEN,
        "source_updated_at": one.updated_at,
        "source_print": one.print,
        "settings_hash": one.settings_hash,
        "attempts": 0,
        "failures": 0,
        "looks": 0,
        "fence": 0,
        "first_seen": now,
        "updated_at": now,
    }


def new_row(values: Mapping[str, Any]) -> Row:
    """The row that was just made of `first_row`'s values."""
    empty: dict[str, Any] = dict.fromkeys(column.name for column in t.orders.columns)
    return replace(row_of({**empty, **values}), first_time=True)


def row_of(row: Mapping[str, Any] | RowMapping) -> Row:
    target = OrderRef(id=row["target_id"], number=row["target_number"]) if row["target_id"] else None
    return Row(
        route=row["route"],
        source_id=row["source_id"],
        key=row["key"],
        number=row["number"],
        state=State(row["state"]),
        source_updated_at=row["source_updated_at"],
        source_print=row["source_print"],
        settings_hash=row["settings_hash"],
        draft_print=row["draft_print"],
        target=target,
        problem=Problem.model_validate(row["problem"]) if row["problem"] else None,
        attempts=row["attempts"],
        failures=row["failures"],
        retry_at=row["retry_at"],
        sent_at=row["sent_at"],
        looks=row["looks"],
        looked_at=row["looked_at"],
        owner=row["owner"],
        lease_until=row["lease_until"],
        fence=row["fence"],
        updated_at=row["updated_at"],
    )
