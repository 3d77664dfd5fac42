"""Orders whose last write has no known answer: looked for by key, then gone on with or sent again."""

from __future__ import annotations

from collections.abc import Sequence

from ordersync.errors import (
    Ambiguous,
    OrderSyncError,
)
from ordersync.ledger import Outcome, Row, State
from ordersync.model import (
    Done,
    Draft,
    Failed,
    Problem,
)
from ordersync.transfer.ask import Stopping
from ordersync.transfer.desk import MOST_ATTEMPTS, Desk, Work
from ordersync.transfer.finishing import Finisher
from ordersync.transfer.prepare import Prepared
from ordersync.transfer.resolve import LOOK_AGAIN
from ordersync.transfer.sending import Sender

__all__ = ["Recovery"]

_NO_PAYLOAD = Problem(
    code="in_doubt",
    message="a write was sent, and what was sent is no longer kept",
    remedy="Look on the target for the order's key; if it is not there, retry.",
)


class Recovery:
    """Resolves doubt, never by guessing."""

    def __init__(self, desk: Desk, sender: Sender, finisher: Finisher) -> None:
        self._desk = desk
        self._sender = sender
        self._finisher = finisher

    def look(self, rows: Sequence[Row], tried: dict[str, int] | None = None) -> None:
        """Look for orders whose last write has no known answer; go on with those that stand."""
        if not rows:
            return
        claims = {
            claim.source_id: claim
            for claim in self._desk.claim([row.source_id for row in rows], State.SENDING, State.IN_DOUBT)
        }
        works = []
        for row in rows:
            claim = claims.get(row.source_id)
            if claim is None:
                self._desk.counts.set(row.source_id, "failed", "in_doubt")
                if row.lease_until:
                    free = row.lease_until + self._desk.target.facts.settle_time + LOOK_AGAIN
                    self._desk.again[row.source_id] = (free, 0)
                continue
            payload = self._desk.ledger.payload(self._desk.route.name, row.source_id)
            if payload is None:
                self._desk.record([Outcome(claim, State.PARKED, problem=_NO_PAYLOAD)])
                self._desk.count_parked(row.source_id, None, _NO_PAYLOAD)
                continue
            works.append(Work(claim, None, Draft.model_validate_json(payload), resumed=True))
        outcomes = self._sender.find(works)
        stand, absent, unasked = [], [], []
        for work, outcome in zip(works, outcomes, strict=True):
            if isinstance(outcome, Failed):
                if isinstance(outcome.error, Stopping):
                    unasked.append(work)
                elif isinstance(outcome.error, Ambiguous):
                    self._sender.could_not_look(work, outcome.error)
                else:
                    self._still_in_doubt(work, looked=False)
                    self._desk.later(work.source_id, outcome.error, (tried or {}).get(work.source_id, 0))
            elif outcome.value is not None:
                work.placed = outcome.value
                if self._may_still_grow(work):
                    self._still_in_doubt(work, looked=False)
                else:
                    stand.append(work)
            elif self._absence_is_sure(work):
                absent.append(work)
        self._still_in_doubt(*unasked, looked=False)
        for work in stand:
            work.prepared = self._prepared_again(work)
        self._finisher.finish(self._sender.intend(stand, sent=False))
        self._send_again(absent)

    def _prepared_again(self, work: Work) -> Prepared | None:
        """The source's order of a resumed draft, for the listeners."""
        if "get_order" not in self._desk.source.offers:
            return None
        try:
            order = self._desk.source.get_order(work.source_id)
        except OrderSyncError:
            return None
        return self._desk.preparer.shape(order) if order else None

    def _may_still_grow(self, work: Work) -> bool:
        """Whether lines are missing that an earlier write may still bring: adding them now could make them twice."""
        assert work.placed is not None
        here = {line.position for line in work.placed.lines}
        if here >= {line.position for line in work.draft.lines}:
            return False
        facts, now = self._desk.target.facts, self._desk.clock.now()
        due = (work.claim.row.sent_at or now) + facts.settle_time + facts.index_lag
        if now >= due:
            return False
        self._desk.again[work.source_id] = (due, 0)
        return True

    def _absence_is_sure(self, work: Work) -> bool:
        """Two looks, both after settle time and index lag, both in vain."""
        row, facts = work.claim.row, self._desk.target.facts
        now = self._desk.clock.now()
        due = (row.sent_at or now) + facts.settle_time + facts.index_lag
        if now < due:
            self._still_in_doubt(work, looked=False)
            self._desk.again[work.source_id] = (due, self._desk.again.get(work.source_id, (now, 0))[1])
            return False
        if row.looks < 1:
            self._still_in_doubt(work, looked=True)
            self._desk.again[work.source_id] = (now + max(LOOK_AGAIN, facts.index_lag), 0)
            return False
        return True

    def _still_in_doubt(self, *works: Work, looked: bool) -> None:
        self._desk.record([Outcome(work.claim, State.IN_DOUBT, looked=looked) for work in works])
        for work in works:
            self._desk.counts.set(work.source_id, "failed", "in_doubt")

    def _send_again(self, works: list[Work]) -> None:
        again = []
        for work in works:
            if work.claim.row.attempts >= MOST_ATTEMPTS:
                self._desk.park(
                    work,
                    Problem(
                        code="gave_up",
                        message=f"it was sent {work.claim.row.attempts} times and never arrived",
                        remedy="Look at the target's logs; then retry.",
                    ),
                )
            else:
                work.prepared = self._prepared_again(work)
                again.append(work)
        self._sender.send(again)

    def finish_parked(self, ids: Sequence[str] | None) -> None:
        """Parked orders that already stand on the target are looked at again, never created again."""
        rows = [
            row
            for row in self._desk.ledger.rows(self._desk.route.name, states=[State.PARKED], source_ids=ids)
            if row.target is not None
        ]
        claims = {
            claim.source_id: claim
            for claim in self._desk.claim([row.source_id for row in rows], State.PARKED)
        }
        for row in rows:
            claim = claims.get(row.source_id)
            payload = self._desk.ledger.payload(self._desk.route.name, row.source_id)
            if claim is None:
                continue
            if payload is None:
                self._desk.ledger.release(self._desk.route.name, [claim])
                continue
            work = Work(claim, None, Draft.model_validate_json(payload))
            (outcome,) = self._sender.find([work])
            if isinstance(outcome, Done) and outcome.value is not None:
                work.placed = outcome.value
                work.prepared = self._prepared_again(work)
                self._finisher.finish(self._sender.intend([work], sent=False))
            else:
                self._desk.ledger.release(self._desk.route.name, [claim])
