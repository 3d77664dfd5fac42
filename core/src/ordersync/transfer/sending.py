"""From drafts to orders that stand: looked for, intent committed, created."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from ordersync.errors import (
    AccessDenied,
    Ambiguous,
    BatchRefused,
    InDoubt,
    NotOffered,
    OrderSyncError,
    PluginBroken,
    Refused,
    TryLater,
    Unreachable,
)
from ordersync.ledger import Outcome, State, fingerprint
from ordersync.logs import bound
from ordersync.model import (
    Done,
    Failed,
    Placed,
)
from ordersync.transfer.ask import ask_each, chunks, in_parallel
from ordersync.transfer.desk import ClaimLost, Desk, Work, refusal, twins_there
from ordersync.transfer.finishing import Finisher

__all__ = ["Sender"]

log = logging.getLogger("ordersync.transfer")


class Sender:
    """Writes to the target, each write after its intent is committed."""

    def __init__(self, desk: Desk, finisher: Finisher) -> None:
        self._desk = desk
        self._finisher = finisher

    def not_there(self, works: list[Work]) -> list[Work]:
        """Those that the target does not have yet. A ledger may be new, restored or not the only one: the key is
        looked for before anything is sent for the first time."""
        if not {"find_order", "find_orders"} & self._desk.target.offers:
            return works
        left = {work.source_id: work for work in works}
        found = []
        for work, outcome in zip(works, self.find(works), strict=True):
            if isinstance(outcome, Failed):
                del left[work.source_id]
                self.could_not_look(work, outcome.error)
            elif outcome.value is None and (visible := self._shows_from(work)) is not None:
                del left[work.source_id]
                self.could_not_look(
                    work, TryLater("What was sent may not show on the target yet.", when=visible)
                )
            elif outcome.value is not None:
                del left[work.source_id]
                work.placed = outcome.value
                found.append(work)
        for work in self.intend(found, sent=False):
            self._finisher.finish([work], found=True)
        return list(left.values())

    def _shows_from(self, work: Work) -> datetime | None:
        """When an order that was sent before, and parked, must show at the latest; None if it would show by now."""
        if work.claim.row.sent_at is None:
            return None
        facts = self._desk.target.facts
        due = work.claim.row.sent_at + facts.settle_time + facts.index_lag
        return due if self._desk.clock.now() < due else None

    def find(self, works: Sequence[Work]) -> list[Done[Placed | None] | Failed]:
        return ask_each(
            self._desk.target,
            [work.draft.key for work in works],
            batch="find_orders",
            many=self._desk.target.find_orders,
            one=self._desk.target.find_order,
            workers=self._desk.workers,
        )

    def could_not_look(self, work: Work, error: OrderSyncError) -> None:
        if isinstance(error, Ambiguous):
            self._desk.park(work, twins_there(error))
            return
        self._desk.ledger.release(self._desk.route.name, [work.claim])
        self._desk.later(work.source_id, error)

    def intend(self, works: Sequence[Work], *, sent: bool = True) -> list[Work]:
        """Commit the intent of each; those whose claim is gone are left alone."""
        until = self._desk.clock.now() + self._desk.lease
        for work in works:
            work.until = until
        lost = self._desk.record([self._intent(work, sent) for work in works])
        return [work for work in works if work.source_id not in lost]

    def _intent(self, work: Work, sent: bool) -> Outcome:
        payload = work.draft.model_dump_json().encode()
        return Outcome(
            work.claim,
            State.SENDING,
            target=work.placed.ref if work.placed else None,
            draft_print=fingerprint(payload),
            payload=payload,
            customer=work.prepared.customer.key if work.prepared and work.prepared.customer else None,
            sent=sent,
            keep=self._desk.lease,
        )

    def send(self, works: list[Work]) -> None:
        """Create each order, in batches where the target takes them, else one by one on a few threads."""
        if not works:
            return
        if not {"create_order", "create_orders"} & self._desk.target.offers:
            self._desk.ledger.release(self._desk.route.name, [work.claim for work in works])
            raise NotOffered(f"The connector {self._desk.target.platform!r} cannot create orders.")
        batch = "create_orders" in self._desk.target.offers
        workers = max(1, min(self._desk.workers, self._desk.target.facts.concurrency))
        size = self._desk.target.batch_size("create_orders") if batch else workers * 4
        parts = list(chunks(works, size))
        for i, part in enumerate(parts):
            if self._desk.stop.is_set():
                self._desk.ledger.release(
                    self._desk.route.name, [work.claim for rest in parts[i:] for work in rest]
                )
                return
            ready = self.intend(part)
            try:
                if batch:
                    self._create_batch(ready)
                else:
                    outcomes = in_parallel(self._create_one, ready, workers)
                    self._created(ready, outcomes)
            except (AccessDenied, Unreachable):
                self._desk.ledger.release(
                    self._desk.route.name, [work.claim for rest in parts[i + 1 :] for work in rest]
                )
                raise

    def _create_one(self, work: Work) -> Done[Placed] | Failed:
        with bound(order=work.draft.key):
            try:
                self._desk.check_hold(work)
                if "create_order" in self._desk.target.offers:
                    return Done(self._desk.target.create_order(work.draft))
                outcome: Done[Placed] | Failed = self._desk.target.create_orders([work.draft])[0]
                return outcome
            except OrderSyncError as error:
                return Failed(error)

    def _create_batch(self, works: Sequence[Work]) -> None:
        if not works:
            return
        if len(works) == 1:
            self._created(works, [self._create_one(works[0])])
            return
        try:
            for work in works:
                self._desk.check_hold(work)
            outcomes = self._desk.target.create_orders([work.draft for work in works])
        except ClaimLost:
            self._created(works, [self._create_one(work) for work in works])
        except BatchRefused as refused:
            culprit = refused.index
            if culprit is not None and 0 <= culprit < len(works):
                self._create_batch([works[culprit]])
                self._create_batch([work for i, work in enumerate(works) if i != culprit])
            else:
                middle = len(works) // 2
                self._create_batch(works[:middle])
                self._create_batch(works[middle:])
        except Refused:
            middle = len(works) // 2
            self._create_batch(works[:middle])
            self._create_batch(works[middle:])
        except OrderSyncError as error:
            self._created(works, [Failed(error)] * len(works))
        else:
            self._created(works, outcomes)

    def _created(self, works: Sequence[Work], outcomes: Sequence[Done[Placed] | Failed]) -> None:
        """Go on with what stands, and record what came of the others."""
        stand = []
        fatal: OrderSyncError | None = None
        for work, outcome in zip(works, outcomes, strict=True):
            if isinstance(outcome, Done):
                work.placed = outcome.value
                stand.append(work)
                continue
            error = outcome.error
            with bound(order=work.draft.key, request_id=error.request_id):
                if isinstance(error, ClaimLost):
                    self._desk.took_over(work)
                elif isinstance(error, InDoubt | PluginBroken):
                    self._finisher.doubt(work, error)
                elif isinstance(error, Refused | NotOffered):
                    self._desk.resolver.forget(line.sku for line in work.draft.lines if line.sku)
                    if work.prepared is not None and work.prepared.remembered:
                        self._desk.record([Outcome(work.claim, State.SEEN)])
                        self._desk.later(work.source_id, error)
                    else:
                        self._desk.park(work, refusal(error), unsent=True)
                else:
                    self._desk.record([Outcome(work.claim, State.SEEN)])
                    if isinstance(error, AccessDenied | Unreachable):
                        fatal = error
                        self._desk.counts.set(work.source_id, "failed")
                    else:
                        self._desk.later(work.source_id, error, work.claim.row.attempts)
        self._finisher.finish(stand)
        if fatal:
            raise fatal
