"""The steps that nearly every order takes, as one conditional statement each: nothing is read before it is written.

A row that is not as its claim says (the claim is lost, another order stands for it, it was parked) is left as it is, and
the caller goes the long way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ordersync.ledger import tables as t
from ordersync.ledger.ready import Ready, given
from ordersync.ledger.rows import Outcome, one_of, states_before
from ordersync.ledger.states import State

__all__ = ["alike", "stride"]

_STEP = given(id=sa.String, fence=sa.Integer, target=sa.String, number=sa.String, print=sa.String)


def _statement(state: State) -> sa.Update:
    o, g = t.orders.c, _STEP.c
    now = sa.bindparam("now", type_=o.sent_at.type)
    until = sa.bindparam("until", type_=o.lease_until.type)
    sent = sa.bindparam("sent", type_=sa.Integer)
    left = sent == sa.literal_column("1")
    values: dict[str, Any] = {
        "state": sa.literal_column(f"'{state}'"),
        "target_id": sa.func.coalesce(g.target, o.target_id),
        "target_number": sa.case((g.target.is_(None), o.target_number), else_=g.number),
        "draft_print": sa.func.coalesce(g.print, o.draft_print),
        "problem": sa.null(),
        "attempts": o.attempts + sent,
        "sent_at": sa.case((left, now), else_=o.sent_at),
        "looks": sa.case((left, sa.literal_column("0")), else_=o.looks),
        "looked_at": sa.case((left, sa.null()), else_=o.looked_at),
        "owner": sa.case((until.is_(None), sa.null()), else_=o.owner),
        "lease_until": until,
        "updated_at": now,
    }
    if state is State.DONE:
        values |= {"failures": sa.literal_column("0"), "retry_at": sa.null()}
    return (
        t.orders.update()
        .where(
            o.route == sa.bindparam("route"),
            o.source_id == g.id,
            o.fence == g.fence,
            o.owner.is_not(None),
            one_of([one for one in states_before(state) if one is not State.PARKED]),
            sa.or_(o.target_id.is_(None), g.target.is_(None), o.target_id == g.target),
        )
        .values(values)
    )


_STATEMENTS = {state: Ready(_statement(state), _STEP) for state in (State.SENDING, State.DONE)}


def stride(db: Connection, route: str, outcomes: Sequence[Outcome], now: datetime) -> bool:
    """Record these outcomes, which are `alike` and whose rows are locked; false if that cannot be done this way. Then
    some of them may have been written: the transaction must be rolled back."""
    first = outcomes[0]
    met = _STATEMENTS[first.state].run(
        db,
        [
            (
                one.claim.source_id,
                one.claim.fence,
                one.target.id if one.target else None,
                one.target.number if one.target else None,
                one.draft_print or None,
            )
            for one in outcomes
        ],
        route=route,
        sent=int(first.sent),
        until=now + first.keep if first.keep else None,
        now=now,
    )
    return met == len(outcomes)


def alike(outcomes: Sequence[Outcome]) -> bool:
    """They take the same step, and nothing but the step."""
    (step, *others) = {(one.state, one.sent, one.keep) for one in outcomes}
    return not others and step[0] in _STATEMENTS and all(map(_is_plain, outcomes))


def _is_plain(outcome: Outcome) -> bool:
    return not (outcome.problem or outcome.others or outcome.wrote or outcome.unsent or outcome.looked)
