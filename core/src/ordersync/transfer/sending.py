"""From drafts to orders that stand: looked for, intent committed, created."""

from __future__ import annotations

import logging
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

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
from ordersync.transfer.ask import Stopping, ask_each, chunks
from ordersync.transfer.desk import ClaimLost, Desk, Work, refusal, twins_there
from ordersync.transfer.finishing import Finisher

__all__ = ["Sender"]

log = logging.getLogger("ordersync.transfer")
TOGETHER = 50
"""At most so many answered creates wait until they are recorded, in one commit."""
SOON = timedelta(seconds=1)
"""How long a commit has to be ago, until whatever was answered is recorded: a crash leaves no more in doubt."""


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
        found, unasked = [], []
        for work, outcome in zip(works, self.find(works), strict=True):
            if isinstance(outcome, Failed):
                del left[work.source_id]
                if isinstance(outcome.error, Stopping):
                    unasked.append(work.claim)
                else:
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
        self._desk.ledger.release(self._desk.route.name, unasked)
        self._finisher.finish(self.intend(found, sent=False), found=True)
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
            hands=self._desk.hands,
            stop=self._desk.stop,
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
        """Create each order, in batches where the target takes them, else one by one, as many at once as it likes.

        Intents are committed before the first request leaves. What came of the requests is recorded as they are
        answered, some together. Once the run stops, or the target lets nobody in, no further request leaves, and what
        was only intended is as it was.
        """
        if not works:
            return
        target, route = self._desk.target, self._desk.route.name
        if not {"create_order", "create_orders"} & target.offers:
            self._desk.ledger.release(route, [work.claim for work in works])
            raise NotOffered(f"The connector {target.platform!r} cannot create orders.")
        batch = "create_orders" in target.offers
        size = target.batch_size("create_orders") if batch else 1
        together, waiting = self._together(size), list(works)
        while waiting and not self._desk.stop.is_set():
            part, waiting = waiting[:together], waiting[together:]
            try:
                ready = self.intend(part)
                _Sending(self, self._desk, ready).go(list(chunks(ready, size)))
            except OrderSyncError:
                self._desk.ledger.release(route, [work.claim for work in waiting])
                raise
        self._desk.ledger.release(route, [work.claim for work in waiting])

    def _together(self, size: int) -> int:
        """How many intents are committed before their requests leave: all of them, but where nothing is found again only
        what leaves at once, because a crash leaves each of them to a person."""
        if self._desk.target.write_safety != "none":
            return sys.maxsize
        return size * max(self._desk.hands.most, 1)

    def created(self, works: Sequence[Work], outcomes: Sequence[Done[Placed] | Failed]) -> None:
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


@dataclass(frozen=True)
class _Answer:
    """What came of one request."""

    outcomes: Sequence[Done[Placed] | Failed] = ()
    """Positional; none if nothing was made and the orders must be sent in smaller parts."""
    parts: Sequence[Sequence[Work]] = ()
    """Those smaller parts."""


class _Sending:
    """The creates of one window: what was intended, what left, what is not recorded yet."""

    def __init__(self, sender: Sender, desk: Desk, works: Sequence[Work]) -> None:
        self._sender = sender
        self._desk = desk
        self._works = works
        self._over = threading.Event()
        """Nothing may leave any more, whatever the reason."""
        self._trouble: OrderSyncError | None = None
        self._answered: list[tuple[Work, Done[Placed] | Failed]] = []
        self._recorded = desk.clock.now()

    def go(self, parts: Sequence[Sequence[Work]]) -> None:
        """Send each part; parts that are refused as a whole again, in smaller ones. Raises the first trouble that is
        none of a single order's, when all that left is recorded."""
        left = deque(parts)
        while left and not self._desk.takes.is_set():
            with self._desk.trying:
                self._go([left.popleft()])
        self._go(left)
        unsent = [work for work in self._works if not work.left]
        self._desk.record([Outcome(work.claim, State.SEEN, kept_back=True) for work in unsent])
        if self._trouble:
            raise self._trouble

    def _go(self, parts: Sequence[Sequence[Work]]) -> None:
        while parts:
            smaller: list[Sequence[Work]] = []
            with closing(self._desk.hands.as_done(self._send, parts)) as answers:
                for index, answer in answers:
                    smaller += answer.parts
                    self._answered += zip(parts[index], answer.outcomes, strict=False)
                    if self._is_time():
                        self._record()
            parts = smaller
        self._record()

    def _is_time(self) -> bool:
        """Whether what was answered is recorded now: what did not go well at once, the rest soon."""
        return (
            len(self._answered) >= TOGETHER
            or self._desk.clock.now() - self._recorded >= SOON
            or any(isinstance(outcome, Failed) for _, outcome in self._answered)
        )

    def _record(self) -> None:
        answered, self._answered = self._answered, []
        try:
            self._sender.created([work for work, _ in answered], [outcome for _, outcome in answered])
        except OrderSyncError as error:
            self._trouble = self._trouble or error
            self._over.set()
        self._recorded = self._desk.clock.now()

    def _send(self, works: Sequence[Work]) -> _Answer:
        """One request; on a thread of its own, perhaps."""
        if self._desk.stop.is_set() or self._over.is_set():
            return _Answer()
        for work in works:
            work.left = True
        answer = self._one(works[0]) if len(works) == 1 else self._several(works)
        if any(
            isinstance(one, Failed) and isinstance(one.error, AccessDenied | Unreachable)
            for one in answer.outcomes
        ):
            self._over.set()
        return answer

    def _waiting(self) -> Iterator[Work]:
        return (work for work in self._works if not work.left)

    def _one(self, work: Work) -> _Answer:
        with bound(order=work.draft.key):
            try:
                self._desk.check_hold(work, self._waiting())
                if "create_order" in self._desk.target.offers:
                    return _Answer([Done(self._desk.target.create_order(work.draft))])
                return _Answer(self._desk.target.create_orders([work.draft]))
            except OrderSyncError as error:
                return _Answer([Failed(error)])

    def _several(self, works: Sequence[Work]) -> _Answer:
        try:
            for work in works:
                self._desk.check_hold(work, (*works, *self._waiting()))
            return _Answer(self._desk.target.create_orders([work.draft for work in works]))
        except ClaimLost:
            return self._in_parts(*([work] for work in works))
        except BatchRefused as refused:
            culprit = refused.index
            if culprit is not None and 0 <= culprit < len(works):
                others = [work for i, work in enumerate(works) if i != culprit]
                return self._in_parts([works[culprit]], others)
            return self._in_halves(works)
        except Refused:
            return self._in_halves(works)
        except OrderSyncError as error:
            return _Answer([Failed(error)] * len(works))

    def _in_halves(self, works: Sequence[Work]) -> _Answer:
        middle = len(works) // 2
        return self._in_parts(works[:middle], works[middle:])

    @staticmethod
    def _in_parts(*parts: Sequence[Work]) -> _Answer:
        """None of them was made: they wait for their turn again."""
        for part in parts:
            for work in part:
                work.left = False
        return _Answer(parts=parts)
