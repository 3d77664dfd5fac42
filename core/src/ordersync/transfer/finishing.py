"""What stands becomes whole: lines completed, totals compared, confirmed, recorded, announced. Or it is in doubt."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ordersync.errors import (
    AccessDenied,
    Ambiguous,
    InDoubt,
    NotOffered,
    OrderSyncError,
    PluginBroken,
    Refused,
    TryLater,
)
from ordersync.ledger import Outcome, State
from ordersync.logs import bound
from ordersync.model import (
    Confirm,
    Done,
    Draft,
    Failed,
    Placed,
    PlacedState,
    Problem,
    UpdateAsk,
    operation_key,
)
from ordersync.transfer.ask import chunks
from ordersync.transfer.desk import ClaimLost, Desk, Work, name_of, refusal, twins_there
from ordersync.transfer.resolve import LOOK_AGAIN
from ordersync.transfer.survey import differences

__all__ = ["Finisher"]

log = logging.getLogger("ordersync.transfer")


class Finisher:
    """Takes over once an order stands on the target, or may stand."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def finish(self, works: Sequence[Work], *, found: bool = False) -> None:
        """What stands becomes whole, compared, confirmed, recorded, announced."""
        self._read_back_together(works)
        asking = [work for work in works if self._asks(work)]
        answered = dict(
            zip(
                (work.source_id for work in asking),
                self._desk.hands.each(self._complete, asking),
                strict=True,
            )
        )
        outcomes = [
            answered[work.source_id] if work.source_id in answered else self._complete(work) for work in works
        ]
        whole = [
            work
            for work, problem in zip(works, outcomes, strict=True)
            if problem is None and self._wants_confirming(work)
        ]
        confirmed = dict(zip((work.source_id for work in whole), self._confirm(whole), strict=True))
        done: list[Outcome] = []
        finished: list[Work] = []
        denied: AccessDenied | None = None
        for work, trouble in zip(works, outcomes, strict=True):
            problem = trouble or confirmed.get(work.source_id)
            if isinstance(problem, ClaimLost):
                self._desk.took_over(work, self._left_behind(work))
            elif problem is None:
                assert work.placed is not None
                done.append(Outcome(work.claim, State.DONE, target=work.placed.ref))
                finished.append(work)
            elif isinstance(problem, Problem):
                self._desk.park(work, problem)
            else:
                self.doubt(work, problem)
                denied = problem if isinstance(problem, AccessDenied) else denied
        lost = self._desk.record(done)
        with self._desk.telling_together():
            for work in finished:
                if work.source_id in lost:
                    self._desk.took_over(work)
                else:
                    self._announce(work, found)
        if denied:
            raise denied

    def _announce(self, work: Work, found: bool) -> None:
        self._desk.counts.set(
            work.source_id, "unchanged" if found and not work.claim.row.sent_at else "created"
        )
        self._desk.went_well()
        self._desk.report_progress(work.draft.number)
        with bound(order=work.draft.key):
            log.info("order %s stands on %s", work.draft.number, self._desk.target.name)
            if work.prepared is not None:
                self._desk.tell(
                    "on_order_created", work.source_id, order=work.prepared.order, placed=work.placed
                )

    def _left_behind(self, work: Work) -> Problem | None:
        """What is wrong by now with an order that another worker took over: a write of ours may have come on top."""
        try:
            found = self._read_back(work.draft.key)
        except Ambiguous as error:
            return twins_there(error)
        except OrderSyncError as error:
            log.warning("order %s cannot be read back: %s", work.draft.number, error)
            return None
        return self._compare(found, work.draft) if found else None

    def _confirm(self, works: Sequence[Work]) -> list[Problem | OrderSyncError | None]:
        """Confirm each, in batches where the target takes them, and compare again: confirming may change totals."""
        target = self._desk.target
        if "update_orders" in target.offers and len(works) > 1:
            outcomes: list[Done[Placed] | Failed] = []
            for part in chunks(works, target.batch_size("update_orders")):
                outcomes += self._confirm_batch(part)
        else:
            outcomes = self._desk.hands.each(self._confirm_one, works)
        return [self._confirmed(work, outcome) for work, outcome in zip(works, outcomes, strict=True)]

    def _confirm_batch(self, works: Sequence[Work]) -> Sequence[Done[Placed] | Failed]:
        try:
            for work in works:
                self._desk.check_hold(work)
            asks = [_confirmation(work) for work in works]
            (outcomes,) = self._desk.hands.each(self._desk.target.update_orders, [asks])
            return outcomes
        except ClaimLost:
            return [self._confirm_one(work) for work in works]
        except Refused:
            return [self._confirm_one(work) for work in works]
        except OrderSyncError as error:
            return [Failed(error)] * len(works)

    def _confirm_one(self, work: Work) -> Done[Placed] | Failed:
        ask = _confirmation(work)
        with bound(order=work.draft.key):
            try:
                self._desk.check_hold(work)
                return Done(self._desk.target.update_order(ask.ref, ask.change, ask.key))
            except OrderSyncError as error:
                return Failed(error)

    def _confirmed(self, work: Work, outcome: Done[Placed] | Failed) -> Problem | OrderSyncError | None:
        if isinstance(outcome, Failed):
            return _unfinished(work, outcome.error)
        work.placed = outcome.value
        return self._compare(work.placed, work.draft)

    def _complete(self, work: Work) -> Problem | OrderSyncError | None:
        """Make whole what stands: add missing lines, compare totals. None if all is well."""
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
                    self._desk.check_hold(work)
                    work.placed = self._desk.target.create_order(work.draft)
                    problem = self._compare(work.placed, work.draft)
                return problem
            except OrderSyncError as error:
                return _unfinished(work, error)

    def _read_back_together(self, works: Sequence[Work]) -> None:
        """Orders whose create told no totals, in one question where the target takes it; what it does not answer is asked
        for one by one."""
        bare = [work for work in works if work.placed is not None and work.placed.totals is None]
        target = self._desk.target
        if len(bare) < 2 or "find_orders" not in target.offers:
            return
        for part in chunks(bare, target.batch_size("find_orders")):
            try:
                keys = [work.draft.key for work in part]
                (outcomes,) = self._desk.hands.each(target.find_orders, [keys])
            except OrderSyncError as error:
                log.info("orders cannot be read back together: %s", error)
                return
            for work, outcome in zip(part, outcomes, strict=True):
                if isinstance(outcome, Done) and outcome.value is not None:
                    work.placed = outcome.value

    @staticmethod
    def _asks(work: Work) -> bool:
        """Whether completing it may take a request: lines are missing, totals are not known, or it may be loaded
        again."""
        assert work.placed is not None
        here = {line.position for line in work.placed.lines}
        return (
            work.resumed
            or work.placed.totals is None
            or any(line.position not in here for line in work.draft.lines)
        )

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
            self._desk.check_hold(work)
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
        self._desk.counts.checked(draft.key)
        differ = differences(totals, expected, self._desk.route.policies.tolerance)
        if not differ:
            return None
        return Problem(
            code="totals_differ",
            message=f"the order stands as {name_of(placed)}, with {', '.join(differ)} {expected.currency}",
            remedy="Correct it there or cancel it there; then retry it.",
        )

    def doubt(self, work: Work, error: OrderSyncError) -> None:
        log.warning("order %s is in doubt: %s", work.draft.number, error)
        unknown = isinstance(error, InDoubt | PluginBroken)
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
            [
                Outcome(
                    work.claim,
                    State.IN_DOUBT,
                    target=work.placed.ref if work.placed else None,
                    wrote=unknown,
                )
            ]
        )
        self._desk.counts.set(work.source_id, "failed", "in_doubt")
        facts = self._desk.target.facts
        wait = LOOK_AGAIN if not unknown else facts.settle_time + facts.index_lag
        tried = self._desk.again.get(work.source_id, (None, 0))[1]
        self._desk.again[work.source_id] = (self._desk.clock.now() + wait, tried)


def _confirmation(work: Work) -> UpdateAsk:
    assert work.placed is not None
    change = Confirm(placed_at=work.draft.placed_at)
    return UpdateAsk(work.placed.ref, change, operation_key(work.draft.key, "confirm"))


def _unfinished(work: Work, error: OrderSyncError) -> Problem | OrderSyncError:
    """What a refusal means for an order that stands already; any other error is answered as it is."""
    if isinstance(error, Ambiguous):
        return twins_there(error)
    if not isinstance(error, Refused | NotOffered):
        return error
    assert work.placed is not None
    said = refusal(error)
    message = f"the order stands as {name_of(work.placed)}, and could not be finished: {said.message}"
    return said.model_copy(update={"code": "unfinished", "message": message})
