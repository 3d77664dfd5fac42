"""What one run shares: its connections, ledger and claims, what it counts, whom it tells."""

from __future__ import annotations

import logging
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ordersync.connection import Connection
from ordersync.errors import (
    Ambiguous,
    OrderSyncError,
    Refused,
    TryLater,
    Unreachable,
)
from ordersync.extensions import Extensions
from ordersync.ledger import Claim, Halt, Ledger, Outcome, State, Telling
from ordersync.model import (
    Draft,
    Order,
    Placed,
    Problem,
    Route,
)
from ordersync.transfer.hands import Hands
from ordersync.transfer.prepare import Prepared, Preparer
from ordersync.transfer.report import Progress
from ordersync.transfer.resolve import LOOK_AGAIN, Resolver
from ordersync.web import Clock

__all__ = ["ClaimLost", "Counts", "Desk", "Work", "name_of", "refusal", "twins_there"]

log = logging.getLogger("ordersync.transfer")
MOST_ATTEMPTS = 4
"""How often an order is sent in all before a person must look; and how often one is tried within a run."""
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)
MOST_FAILURES = 10
"""Failures in a row, each at the end of a run's own attempts, before an order has failed for good: about 17 hours."""
REMEMBERED = 5_000
"""How many orders a run remembers at least, to count each once."""
SYSTEMIC = frozenset({"refused", "unfinished", "totals_differ", "customer_refused", "short", "gave_up"})
"""What the target has against orders: the same in a row means that something is wrong with more than the orders."""


@dataclass
class Work:
    """One claimed order in the hands of this worker."""

    claim: Claim
    prepared: Prepared | None
    draft: Draft
    placed: Placed | None = None
    resumed: bool = False
    """An earlier attempt left it; what stands may be half done."""
    until: datetime | None = None
    """How long this worker surely holds the claim."""
    left: bool = False
    """Its create left, or is about to; before that an intent is but an intent."""

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
    totals_checked: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)
    _checked: dict[str, None] = field(default_factory=dict)
    """Keys of the orders whose totals were compared lately."""
    _most: int = 2 * REMEMBERED

    def checked(self, key: str) -> None:
        """The totals of this order were compared."""
        with self.lock:
            self.totals_checked += key not in self._checked
            self._checked[key] = None
            if len(self._checked) > 2 * REMEMBERED:
                self._checked = dict.fromkeys(list(self._checked)[REMEMBERED:])

    def set(self, source_id: str, what: str, reason: str = "") -> None:
        with self.lock:
            before = self.by_order.pop(source_id, None)
            if before:
                self.tallies[before] -= 1
            self.by_order[source_id] = what
            self.tallies[what] += 1
            self.reasons.pop(source_id, None)
            if reason:
                self.reasons[source_id] = reason
            self._forget_old()

    def _forget_old(self) -> None:
        """A run of a million orders does not remember each: what came well to its end long ago counts for good."""
        if len(self.by_order) < self._most:
            return
        for source_id in list(self.by_order)[:-REMEMBERED]:
            if self.by_order[source_id] in ("created", "unchanged", "skipped"):
                del self.by_order[source_id]
        self._most = len(self.by_order) + REMEMBERED


class ClaimLost(TryLater):
    """Another worker took the order over; this one must not write any more."""


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
        self.hands = Hands(0)
        """They ask and write for all windows of the run."""
        self.takes = threading.Event()
        """An order of this run stands. Until then one create is asked for at a time, of whichever window (`trying`): a target
        that refuses everything is not asked many times over before it shows."""
        self.trying = threading.Lock()
        self.counts = Counts()
        self.lock = threading.RLock()
        """Held while listeners are told and while failures are counted: windows are sent by several threads."""
        self.started = clock.now()
        self.resolver = Resolver(
            target,
            ledger,
            clock,
            owner=self.id,
            workers=workers,
            read_only=False,
            lease=lease,
            memory=timedelta(minutes=route.policies.remember_items),
            hands=self.hands,
            stop=stop,
        )
        self.preparer = Preparer(route, source, target, extensions, self.resolver)
        self.moved: dict[str, str] = {}
        """Orders of a plan that are left out, by number: what moved since."""
        self.halted: Halt | None = None
        self._in_a_row: tuple[str, int] = ("", 0)
        self._tellings = threading.local()
        self.again: dict[str, tuple[datetime, int]] = {}
        """Orders to try once more in this run: when, and how often they were tried."""

    def take_on_hands(self) -> None:
        """As many as an account likes calls at once, by what it said of itself; none for a single worker."""
        if self.workers > 1:
            most = max(self.source.facts.concurrency, self.target.facts.concurrency)
            self.hands.most = min(self.workers, most)

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

    def check_hold(self, work: Work, waiting: Iterable[Work] = ()) -> None:
        """Before every write: raises ClaimLost if another worker has taken the order over. Renews a claim that runs
        out, and with it those of the orders that are `waiting` for their turn."""
        now = self.clock.now()
        if work.until is not None and now + self.lease / 2 < work.until:
            return
        held = list({one.source_id: one for one in (work, *waiting)}.values())
        lost = set(self.ledger.renew(self.route.name, [one.claim for one in held], self.lease))
        for one in held:
            if one.source_id not in lost:
                one.until = now + self.lease
        if work.source_id in lost:
            raise ClaimLost("Another worker took the order over.")

    def took_over(self, work: Work, trouble: Problem | None = None) -> None:
        """Another worker took the order over while this one stood still within a write, or before the next."""
        self.counts.set(work.source_id, "failed", "another_worker")
        self.again[work.source_id] = (self.clock.now() + LOOK_AGAIN, 0)
        if work.placed is None:
            return
        problem = self.ledger.report_twin(self.route.name, work.source_id, work.placed.ref, trouble)
        if problem:
            self.count_parked(work.source_id, work.prepared.order if work.prepared else None, problem)

    def park(self, work: Work, problem: Problem, *, unsent: bool = False) -> None:
        """A person must look. `unsent`: the platform refused it, so that surely nothing was made."""
        lost = self.record(
            [
                Outcome(
                    work.claim,
                    State.PARKED,
                    problem=problem,
                    target=work.placed.ref if work.placed else None,
                    unsent=unsent,
                )
            ]
        )
        if lost:
            self.took_over(work, problem)
            return
        self.count_parked(work.source_id, work.prepared.order if work.prepared else None, problem)

    def count_parked(
        self, source_id: str, order: Order | None, problem: Problem | None, *, known: bool = False
    ) -> None:
        problem = problem or Problem(code="unknown", message="no reason is recorded")
        self.counts.set(source_id, "parked", problem.code)
        self.report_progress(order.number if order else source_id)
        if not known:
            self._failed_so(problem)
            log.warning("order %s is parked: %s", order.number if order else source_id, problem.message)
            self.tell("on_order_parked", source_id, order=order, source_id=source_id, problem=problem)

    def later(self, source_id: str, error: OrderSyncError, tried: int = 0) -> None:
        """Nothing was done; try again in this run if that makes sense."""
        self.counts.set(source_id, "failed", "try_later")
        log.warning("order %s has to wait: %s", source_id, error)
        if isinstance(error, Unreachable):
            raise error
        if tried >= MOST_ATTEMPTS:
            gave_up = self.ledger.postpone(
                self.route.name,
                source_id,
                pause=FIRST_PAUSE,
                longest=LONGEST_PAUSE,
                most=MOST_FAILURES,
                why=error.message,
            )
            if gave_up:
                self.count_parked(source_id, None, gave_up)
            return
        when = error.when if isinstance(error, TryLater) else None
        pause = timedelta(seconds=2 * 2**tried)
        self.again[source_id] = (when or self.clock.now() + pause, tried + 1)

    def went_well(self) -> None:
        """An order was created: whatever failed before, the target takes orders."""
        with self.lock:
            self._in_a_row = ("", 0)
        self.takes.set()

    def _failed_so(self, problem: Problem) -> None:
        """Count failures of one cause in a row; too many halt the route."""
        most = self.route.policies.halt_after
        if problem.code not in SYSTEMIC or most is None:
            return
        with self.lock:
            code, count = self._in_a_row
            self._in_a_row = (problem.code, count + 1 if code == problem.code else 1)
            if self._in_a_row[1] < most or self.halted:
                return
            self.halted = Halt(
                code=problem.code,
                message=f"{most} orders in a row failed with {problem.code}, the last one because: {problem.message}",
                count=most,
                settings_hash=self.route.settings_hash,
            )
        self.ledger.halt(self.route.name, self.halted)
        self.stop.set()
        log.error("the route %s stands still: %s", self.route.name, self.halted.message)

    def tell(self, hook: str, about: str | None, **arguments: object) -> None:
        with self.lock:
            told = self.extensions.tell(hook, **arguments)
        tellings = [Telling(one.extension, one.hook, one.error, about) for one in told]
        together = getattr(self._tellings, "of_thread", None)
        if together is None:
            self.ledger.told(self.route.name, self.id, tellings)
        else:
            together += tellings

    @contextmanager
    def telling_together(self) -> Iterator[None]:
        """What listeners do within the block, on this thread, is recorded at its end, in one commit."""
        tellings: list[Telling] = []
        self._tellings.of_thread = tellings
        try:
            yield
        finally:
            self._tellings.of_thread = None
            self.ledger.told(self.route.name, self.id, tellings)

    def report_progress(self, last: str) -> None:
        if self.progress is None:
            return
        with self.lock:
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


def twins_there(error: Ambiguous) -> Problem:
    """Several orders carry the key of one."""
    return Problem(
        code="twins",
        message=f"the target has several orders with this key: {', '.join(error.candidates)}",
        remedy="Cancel all but one there, then retry.",
    )


def name_of(placed: Placed) -> str:
    return placed.ref.number or placed.ref.id
