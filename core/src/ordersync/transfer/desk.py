"""What one run shares: its connections, ledger and claims, what it counts, whom it tells."""

from __future__ import annotations

import logging
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ordersync.connection import Connection
from ordersync.errors import (
    OrderSyncError,
    Refused,
    TryLater,
    Unreachable,
)
from ordersync.extensions import Extensions
from ordersync.ledger import Claim, Ledger, Outcome, State, Telling
from ordersync.model import (
    Draft,
    Order,
    Placed,
    Problem,
    Route,
)
from ordersync.transfer.prepare import Prepared, Preparer
from ordersync.transfer.report import Progress
from ordersync.transfer.resolve import Resolver
from ordersync.web import Clock

__all__ = ["Counts", "Desk", "Work", "name_of", "refusal"]

log = logging.getLogger("ordersync.transfer")
MOST_ATTEMPTS = 4
"""How often an order is sent in all before a person must look."""


@dataclass
class Work:
    """One claimed order in the hands of this worker."""

    claim: Claim
    prepared: Prepared | None
    draft: Draft
    placed: Placed | None = None
    resumed: bool = False
    """An earlier attempt left it; what stands may be half done."""

    @property
    def source_id(self) -> str:
        return self.claim.source_id


@dataclass
class Counts:
    """Each order of a run counts once, by what came of it last."""

    by_order: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    seen: int = 0
    tallies: Counter[str] = field(default_factory=Counter)

    def set(self, source_id: str, what: str, reason: str = "") -> None:
        before = self.by_order.get(source_id)
        if before:
            self.tallies[before] -= 1
        self.by_order[source_id] = what
        self.tallies[what] += 1
        self.reasons.pop(source_id, None)
        if reason:
            self.reasons[source_id] = reason


class Desk:
    """The state of one run of a route."""

    def __init__(
        self,
        route: Route,
        source: Connection,
        target: Connection,
        ledger: Ledger,
        extensions: Extensions,
        *,
        kind: str,
        clock: Clock,
        workers: int,
        patience: timedelta,
        lease: timedelta,
        progress: Callable[[Progress], None] | None,
        stop: threading.Event,
    ) -> None:
        self.id = uuid.uuid4().hex[:12]
        self.kind = kind
        self.route = route
        self.source = source
        self.target = target
        self.ledger = ledger
        self.extensions = extensions
        self.clock = clock
        self.workers = workers
        self.patience = patience
        self.lease = lease
        self.progress = progress
        self.stop = stop
        self.counts = Counts()
        self.checked: set[str] = set()
        """Keys of the orders whose totals were compared."""
        self.started = clock.now()
        self.resolver = Resolver(
            target, ledger, clock, owner=self.id, workers=workers, read_only=False, lease=lease
        )
        self.preparer = Preparer(route, source, target, extensions, self.resolver)
        self.again: dict[str, tuple[datetime, int]] = {}
        """Orders to try once more in this run: when, and how often they were tried."""

    def claim(self, source_ids: Sequence[str], *states: State) -> list[Claim]:
        """Claims on those of these orders that are free and in one of `states` (by default: seen)."""
        return self.ledger.claim(
            self.route.name,
            source_ids,
            owner=self.id,
            run=self.id,
            lease=self.lease,
            settle=self.target.facts.settle_time,
            states=states or (State.SEEN,),
        )

    def record(self, outcomes: Sequence[Outcome]) -> list[str]:
        lost = self.ledger.record(self.route.name, outcomes)
        for source_id in lost:
            log.error("the claim on order %s was lost: another worker took it over", source_id)
        return lost

    def park(self, work: Work, problem: Problem) -> None:
        self.record(
            [
                Outcome(
                    work.claim,
                    State.PARKED,
                    problem=problem,
                    target=work.placed.ref if work.placed else None,
                )
            ]
        )
        self.count_parked(work.source_id, work.prepared.order if work.prepared else None, problem)

    def count_parked(
        self, source_id: str, order: Order | None, problem: Problem | None, *, known: bool = False
    ) -> None:
        problem = problem or Problem(code="unknown", message="no reason is recorded")
        self.counts.set(source_id, "parked", problem.code)
        self.report_progress(order.number if order else source_id)
        if not known:
            log.warning("order %s is parked: %s", order.number if order else source_id, problem.message)
            self.tell("on_order_parked", source_id, order=order, source_id=source_id, problem=problem)

    def later(self, source_id: str, error: OrderSyncError, tried: int = 0) -> None:
        """Nothing was done; try again in this run if that makes sense."""
        self.counts.set(source_id, "failed", "try_later")
        log.warning("order %s has to wait: %s", source_id, error)
        if isinstance(error, Unreachable):
            raise error
        if tried >= MOST_ATTEMPTS:
            return
        when = error.when if isinstance(error, TryLater) else None
        pause = timedelta(seconds=2 * 2**tried)
        self.again[source_id] = (when or self.clock.now() + pause, tried + 1)

    def tell(self, hook: str, about: str | None, **arguments: object) -> None:
        told = self.extensions.tell(hook, **arguments)
        self.ledger.told(
            self.route.name, self.id, [Telling(one.extension, one.hook, one.error, about) for one in told]
        )

    def report_progress(self, last: str) -> None:
        if self.progress:
            tally = self.counts.tallies
            self.progress(
                Progress(
                    seen=self.counts.seen,
                    created=tally["created"],
                    unchanged=tally["unchanged"],
                    parked=tally["parked"],
                    skipped=tally["skipped"],
                    failed=tally["failed"],
                    last=last,
                )
            )


def refusal(error: OrderSyncError) -> Problem:
    fields = error.fields if isinstance(error, Refused) else ()
    detail = "; ".join(str(one) for one in fields)
    message = f"{error.message} {detail}".strip()
    if error.request_id:
        message += f" (request {error.request_id})"
    return Problem(
        code="refused",
        message=message,
        remedy=error.remedy or "Mend what the target objects to, then retry.",
        place=fields[0].place if fields else "",
    )


def name_of(placed: Placed) -> str:
    return placed.ref.number or placed.ref.id
