"""From drafts to orders that stand: intent, create, complete, compare, confirm, record, announce."""

from __future__ import annotations

import logging
from collections.abc import Sequence

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
    Confirm,
    Done,
    Draft,
    Failed,
    Placed,
    PlacedState,
    Problem,
    operation_key,
)
from ordersync.transfer.ask import ask_each, chunks, in_parallel
from ordersync.transfer.desk import Desk, Work, name_of, refusal
from ordersync.transfer.resolve import LOOK_AGAIN

__all__ = ["Sender"]

log = logging.getLogger("ordersync.transfer")


class Sender:
    """Writes to the target, each write after its intent is committed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def not_there(self, works: list[Work]) -> list[Work]:
        """Those that the target does not have yet. A ledger may be new, restored or not the only one: the key is
        looked for before anything is sent for the first time."""
        if not {"find_order", "find_orders"} & self._desk.target.offers:
            return works
        unsent = [work for work in works if work.claim.row.sent_at is None]
        outcomes = self.find(unsent)
        left = {work.source_id: work for work in works}
        found = []
        for work, outcome in zip(unsent, outcomes, strict=True):
            if isinstance(outcome, Failed):
                del left[work.source_id]
                self.could_not_look(work, outcome.error)
            elif outcome.value is not None:
                del left[work.source_id]
                work.placed = outcome.value
                found.append(work)
        for work in self.intend(found, sent=False):
            self.finish([work], found=True)
        return list(left.values())

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
            self._desk.park(
                work,
                Problem(
                    code="twins",
                    message=f"the target has several orders with this key: {', '.join(error.candidates)}",
                    remedy="Cancel all but one there, then retry.",
                ),
            )
            return
        self._desk.ledger.release(self._desk.route.name, [work.claim])
        self._desk.later(work.source_id, error)

    def intend(self, works: Sequence[Work], *, sent: bool = True) -> list[Work]:
        """Commit the intent of each; those whose claim is gone are left alone."""
        lost = self._desk.record(
            [
                Outcome(
                    work.claim,
                    State.SENDING,
                    target=work.placed.ref if work.placed else None,
                    draft_print=fingerprint(work.draft.model_dump_json().encode()),
                    payload=work.draft.model_dump_json().encode(),
                    customer=work.prepared.customer.key if work.prepared and work.prepared.customer else None,
                    sent=sent,
                    keep=self._desk.lease,
                )
                for work in works
            ]
        )
        return [work for work in works if work.source_id not in lost]

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
            outcomes = self._desk.target.create_orders([work.draft for work in works])
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
                if isinstance(error, InDoubt | PluginBroken):
                    self.doubt(work, error)
                elif isinstance(error, Refused | NotOffered):
                    self._desk.resolver.forget()
                    self._desk.park(work, refusal(error))
                else:
                    self._desk.record([Outcome(work.claim, State.SEEN)])
                    if isinstance(error, AccessDenied | Unreachable):
                        fatal = error
                        self._desk.counts.set(work.source_id, "failed")
                    else:
                        self._desk.later(work.source_id, error, work.claim.row.attempts)
        self.finish(stand)
        if fatal:
            raise fatal

    def finish(self, works: Sequence[Work], *, found: bool = False) -> None:
        """What stands becomes whole, compared, confirmed, recorded, announced."""
        outcomes = in_parallel(
            self._complete, works, min(self._desk.workers, self._desk.target.facts.concurrency)
        )
        done: list[Outcome] = []
        finished: list[Work] = []
        denied: AccessDenied | None = None
        for work, problem in zip(works, outcomes, strict=True):
            if problem is None:
                assert work.placed is not None
                done.append(Outcome(work.claim, State.DONE, target=work.placed.ref))
                finished.append(work)
            elif isinstance(problem, Problem):
                self._desk.park(work, problem)
            else:
                self.doubt(work, problem)
                denied = problem if isinstance(problem, AccessDenied) else denied
        lost = self._desk.record(done)
        for work in finished:
            if work.source_id in lost:
                self._report_twin(work)
                continue
            self._desk.counts.set(
                work.source_id, "unchanged" if found and not work.claim.row.sent_at else "created"
            )
            self._desk.report_progress(work.draft.number)
            with bound(order=work.draft.key):
                log.info("order %s stands on %s", work.draft.number, self._desk.target.name)
                if work.prepared is not None:
                    self._desk.tell(
                        "on_order_created",
                        work.source_id,
                        order=work.prepared.order,
                        placed=work.placed,
                    )
        if denied:
            raise denied

    def _report_twin(self, work: Work) -> None:
        """Another worker took the order over while this one stood still, and it was made here all the same."""
        assert work.placed is not None
        problem = self._desk.ledger.report_twin(self._desk.route.name, work.source_id, work.placed.ref)
        if problem:
            order = work.prepared.order if work.prepared else None
            self._desk.count_parked(work.source_id, order, problem)

    def _complete(self, work: Work) -> Problem | OrderSyncError | None:
        """Make whole what stands: add missing lines, compare totals, confirm. None if all is well."""
        assert work.placed is not None
        with bound(order=work.draft.key):
            try:
                if work.placed.state is PlacedState.CANCELLED:
                    return Problem(
                        code="cancelled_there",
                        message=f"the order stands on the target as {name_of(work.placed)} and is cancelled",
                        remedy="Reopen it there, or let it be.",
                    )
                trouble = self._add_missing(work)
                if trouble:
                    return trouble
                problem = self._compare(work.placed, work.draft)
                if problem and self._may_load_again(work):
                    work.placed = self._desk.target.create_order(work.draft)
                    problem = self._compare(work.placed, work.draft)
                if problem is None and self._wants_confirming(work):
                    work.placed = self._desk.target.update_order(
                        work.placed.ref,
                        Confirm(placed_at=work.draft.placed_at),
                        operation_key(work.draft.key, "confirm"),
                    )
                    problem = self._compare(work.placed, work.draft)
                return problem
            except (Refused, NotOffered) as error:
                said = refusal(error)
                message = (
                    f"the order stands as {name_of(work.placed)}, and could not be finished: {said.message}"
                )
                return said.model_copy(update={"code": "unfinished", "message": message})
            except OrderSyncError as error:
                return error

    def _add_missing(self, work: Work) -> Problem | TryLater | None:
        """Add the lines that do not stand yet, and read the order back."""
        placed, draft, target = work.placed, work.draft, self._desk.target
        assert placed is not None
        here = {line.position for line in placed.lines}
        missing = [line for line in draft.lines if line.position not in here]
        if missing and "add_line_item" not in target.offers:
            return Problem(
                code="short",
                message=f"the order stands as {name_of(placed)} without {len(missing)} of its lines",
                remedy="Add the lines there by hand, or cancel it there and retry.",
            )
        for line in missing:
            target.add_line_item(placed.ref, line, line.key)
        if missing or placed.totals is None:
            again = self._read_back(draft.key)
            shown = {line.position for line in again.lines} if again else set()
            if missing and not shown >= {line.position for line in missing}:
                return TryLater("The lines that were added do not show yet.")
            work.placed = again or placed
        return None

    def _may_load_again(self, work: Work) -> bool:
        """A worker died before it had corrected the totals of a draft: with a native unique key the same create
        makes the draft what it must be, and cannot make a second one."""
        return (
            work.resumed
            and work.placed is not None
            and work.placed.state is PlacedState.DRAFT
            and self._desk.target.facts.unique_key
            and "create_order" in self._desk.target.offers
        )

    def _wants_confirming(self, work: Work) -> bool:
        """A draft does; so does an order found confirmed after a lost answer, whose date may not have been put back:
        asked twice, a confirmation happens once."""
        if work.placed is None or not self._desk.route.policies.confirm:
            return False
        if work.placed.state is PlacedState.DRAFT:
            return True
        return work.resumed and self._desk.target.facts.draft_first

    def _read_back(self, key: str) -> Placed | None:
        if "find_order" in self._desk.target.offers:
            return self._desk.target.find_order(key)
        if "find_orders" in self._desk.target.offers:
            (outcome,) = self._desk.target.find_orders([key])
            if isinstance(outcome, Failed):
                raise outcome.error
            return outcome.value
        return None

    def _compare(self, placed: Placed, draft: Draft) -> Problem | None:
        totals, expected = placed.totals, draft.expected
        if totals is None:
            return None
        self._desk.checked.add(draft.key)
        differ = [
            f"{name} {getattr(totals, name)} instead of {getattr(expected, name)}"
            for name in ("net", "tax", "total")
            if abs(getattr(totals, name) - getattr(expected, name)) > self._desk.route.policies.tolerance
        ]
        if totals.currency != expected.currency:
            differ = [f"currency {totals.currency} instead of {expected.currency}"]
        if not differ:
            return None
        return Problem(
            code="totals_differ",
            message=f"the order stands as {name_of(placed)}, with {', '.join(differ)} {expected.currency}",
            remedy="Correct it there or cancel it there; then retry it.",
        )

    def doubt(self, work: Work, error: OrderSyncError) -> None:
        log.warning("order %s is in doubt: %s", work.draft.number, error)
        searchable = {"find_order", "find_orders"} & self._desk.target.offers
        if not searchable and not self._desk.target.facts.unique_key:
            self._desk.park(
                work,
                Problem(
                    code="in_doubt",
                    message="a write was sent, its answer was lost, and the target cannot be searched",
                    remedy=f"Look on the target for the source's number {work.draft.number} or the key "
                    f"{work.draft.key}; if it is not there, retry.",
                ),
            )
            return
        self._desk.record(
            [Outcome(work.claim, State.IN_DOUBT, target=work.placed.ref if work.placed else None)]
        )
        self._desk.counts.set(work.source_id, "failed", "in_doubt")
        facts = self._desk.target.facts
        wait = LOOK_AGAIN if work.placed else facts.settle_time + facts.index_lag
        tried = self._desk.again.get(work.source_id, (None, 0))[1]
        self._desk.again[work.source_id] = (self._desk.clock.now() + wait, tried)
