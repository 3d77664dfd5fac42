"""The steps that nearly every order takes, as one conditional statement each: nothing is read before it is written.

A row that is not as its claim says (the claim is lost, another order stands for it, it was parked) is left as it is, and
the caller goes the long way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ordersync.ledger import tables as t
from ordersync.ledger.bulk import Bulk
from ordersync.ledger.rows import Outcome, states_before
from ordersync.ledger.states import State

__all__ = ["stride"]

_TAKEN = frozenset({State.SENDING, State.DONE})
_NAMES = (
    "of_route",
    "of_order",
    "of_fence",
    "new_target",
    "new_number",
    "new_print",
    "sent",
    "until",
    "now",
)


def _statement(state: State) -> sa.Update:
    o = t.orders.c
    target, now = (
        sa.bindparam("new_target", type_=o.target_id.type),
        sa.bindparam("now", type_=o.sent_at.type),
    )
    sent = sa.bindparam("sent", type_=sa.Integer) == sa.literal_column("1")
    until = sa.bindparam("until", type_=o.lease_until.type)
    before = [
        o.state == sa.literal_column(f"'{one}'") for one in states_before(state) if one is not State.PARKED
    ]
    values: dict[str, Any] = {
        "state": sa.literal_column(f"'{state}'"),
        "target_id": sa.func.coalesce(target, o.target_id),
        "target_number": sa.case(
            (target.is_(None), o.target_number),
            else_=sa.bindparam("new_number", type_=o.target_number.type),
        ),
        "draft_print": sa.func.coalesce(sa.bindparam("new_print", type_=o.draft_print.type), o.draft_print),
        "problem": sa.null(),
        "attempts": o.attempts + sa.bindparam("sent", type_=sa.Integer),
        "sent_at": sa.case((sent, now), else_=o.sent_at),
        "looks": sa.case((sent, sa.literal_column("0")), else_=o.looks),
        "looked_at": sa.case((sent, sa.null()), else_=o.looked_at),
        "owner": sa.case((until.is_(None), sa.null()), else_=o.owner),
        "lease_until": until,
        "updated_at": now,
    }
    if state is State.DONE:
        values |= {"failures": sa.literal_column("0"), "retry_at": sa.null()}
    return (
        t.orders.update()
        .where(
            o.route == sa.bindparam("of_route"),
            o.source_id == sa.bindparam("of_order"),
            o.fence == sa.bindparam("of_fence"),
            o.owner.is_not(None),
            sa.or_(*before),
            sa.or_(o.target_id.is_(None), target.is_(None), o.target_id == target),
        )
        .values(values)
    )


_STATEMENTS = {state: Bulk(_statement(state), _NAMES) for state in _TAKEN}


def stride(db: Connection, route: str, outcomes: Sequence[Outcome], now: datetime) -> bool:
    """Record these outcomes; false if that cannot be done this way. Then some of them may have been written: the
    transaction must be rolled back."""
    (state, *others) = {outcome.state for outcome in outcomes}
    if others or state not in _TAKEN or not all(map(_is_plain, outcomes)):
        return False
    return _STATEMENTS[state].execute(db, list(_rows(route, outcomes, now))) == len(outcomes)


def _is_plain(outcome: Outcome) -> bool:
    return not (outcome.problem or outcome.others or outcome.wrote or outcome.unsent or outcome.looked)


def _rows(route: str, outcomes: Iterable[Outcome], now: datetime) -> Iterable[dict[str, Any]]:
    """In the order in which everybody locks rows: two workers that meet on the same ones wait, and never for each other."""
    for outcome in sorted(outcomes, key=lambda one: one.claim.source_id):
        target = outcome.target
        yield {
            "of_route": route,
            "of_order": outcome.claim.source_id,
            "of_fence": outcome.claim.fence,
            "new_target": target.id if target else None,
            "new_number": target.number if target else None,
            "new_print": outcome.draft_print or None,
            "sent": int(outcome.sent),
            "until": now + outcome.keep if outcome.keep else None,
            "now": now,
        }
