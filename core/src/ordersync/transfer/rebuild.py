"""Restoring a lost ledger from the stamps: every order of the source is looked for by its key."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ordersync.errors import Ambiguous, Unreachable
from ordersync.ledger import Outcome, Restored, Seen, State, fingerprint
from ordersync.model import Done, Failed, Order, OrderQuery, Page, Placed, PlacedState, Problem
from ordersync.transfer.prepare import Prepared
from ordersync.transfer.resolve import LEASE
from ordersync.transfer.survey import Standing, Survey, differences, expected_lines, expected_totals
from ordersync.web import bulk

__all__ = ["Rebuilder", "Rebuilt"]

log = logging.getLogger("ordersync.transfer")

What = Literal["done", "unfinished", "absent", "skipped", "unreadable", "known"]


@dataclass
class Rebuilt:
    """What a rebuild wrote, in orders."""

    route: str
    done: int = 0
    """Stand on the target, whole, with their totals."""
    unfinished: int = 0
    """Stand, but not so, or could not be looked at: the next sync finds them by their key, and finishes or parks them."""
    absent: int = 0
    """Do not stand: the next sync sends them."""
    skipped: int = 0
    """The route does not take them."""
    unreadable: int = 0
    """Parked: the source's order cannot be read."""
    known: int = 0
    """The ledger had them already; they were left as they are."""
    watermark: datetime | None = None

    @property
    def seen(self) -> int:
        """How many orders were read."""
        return self.done + self.unfinished + self.absent + self.skipped + self.unreadable + self.known


class Rebuilder:
    """Goes through the source page by page; each page is one commit, and a rebuild that was broken off goes on where
    rows are missing. Sends no write to a platform."""

    def __init__(self, survey: Survey, *, since: datetime | None = None) -> None:
        """`since`: only orders changed since then; on an empty ledger the route begins there."""
        self._survey = survey
        self._since = since
        self._id = uuid.uuid4().hex[:12]

    @bulk()
    def run(self) -> Rebuilt:
        """Restore. What was sent just before the ledger was lost may not show yet: where the key is searched for, this
        waits settle time and index lag before it looks.

        Raises NotOffered where the target cannot be searched by key: everything would be sent again.
        Raises AccessDenied, Unreachable, LedgerTrouble as well."""
        survey = self._survey
        survey.need(
            survey.target,
            "find_order",
            "find_orders",
            remedy="Without a search by key every order would be sent again: restore a copy of the ledger, or adopt.",
        )
        survey.begin(writing=True)
        route, ledger = survey.route, survey.ledger
        result = Rebuilt(route.name)
        mark = ledger.watermark(route.name)
        closed = self._since is None or mark is None or self._since <= mark
        if self._since is not None and mark is None and ledger.begins(route.name) is None:
            ledger.begin_route(route.name, self._since)
        if not survey.target.facts.unique_key:
            log.info("waiting %s until everything shows that was sent before", survey.visible_after)
            survey.clock.sleep(survey.visible_after.total_seconds())
        for page in survey.pages(OrderQuery(updated_from=self._since)):
            self._page(page, result)
            if page.safe_through is not None and closed:
                ledger.move_watermark(route.name, page.safe_through, route.settings_hash)
        result.watermark = ledger.watermark(route.name)
        log.info("route %s: rebuilt, %s done and %s to send", route.name, result.done, result.absent)
        return result

    def _page(self, page: Page, result: Rebuilt) -> None:
        orders = {order.id: order for order in page.orders}
        known = set(self._survey.rows([*orders, *(source_id for source_id, _ in page.unreadable)]))
        shaped = {
            source_id: self._survey.preparer.shape(order)
            for source_id, order in orders.items()
            if source_id not in known
        }
        going = [one for one in shaped.values() if one.verdict != "skip"]
        outcomes = self._survey.find([one.key for one in going])
        found: dict[str, tuple[What, Restored]] = {
            source_id: (
                "skipped",
                Restored(self._seen(orders[source_id], one), State.SKIPPED, None, one.problem),
            )
            for source_id, one in shaped.items()
            if one.verdict == "skip"
        }
        for one, outcome in zip(going, outcomes, strict=True):
            order = orders[one.order.id]
            found[order.id] = self._judged(self._seen(order, one), one, outcome)
        unreadable = {
            source_id: why
            for source_id, why in page.unreadable
            if source_id not in known and source_id not in found
        }
        for source_id, why in unreadable.items():
            found[source_id] = ("unreadable", Restored(self._not_read(source_id, why, page), State.SEEN))
        written = self._survey.ledger.restore(
            self._survey.route.name, [restored for _, restored in found.values()]
        )
        for source_id, (what, _) in found.items():
            what = what if source_id in written else "known"
            setattr(result, what, getattr(result, what) + 1)
        result.known += len(known)
        self._park({source_id: why for source_id, why in unreadable.items() if source_id in written})

    def _seen(self, order: Order, one: Prepared) -> Seen:
        return self._survey.preparer.seen(order, one.key)

    def _judged(
        self, seen: Seen, one: Prepared, outcome: Done[Placed | None] | Failed
    ) -> tuple[What, Restored]:
        if isinstance(outcome, Failed):
            if isinstance(outcome.error, Unreachable):
                raise outcome.error
            if not isinstance(outcome.error, Ambiguous):
                log.warning("order %s could not be looked at: %s", seen.number, outcome.error)
            return "unfinished", Restored(seen, State.SEEN)
        if outcome.value is None:
            return "absent", Restored(seen, State.SEEN)
        if not self._whole(one.order, outcome.value):
            return "unfinished", Restored(seen, State.SEEN)
        return "done", Restored(seen, State.DONE, outcome.value.ref)

    def _whole(self, order: Order, placed: Placed) -> bool:
        """Whether what stands is what a sync would have called done."""
        policies = self._survey.route.policies
        there = Standing.by_key(placed)
        if placed.state is PlacedState.CANCELLED or (placed.state is PlacedState.DRAFT and policies.confirm):
            return False
        least = expected_lines(order, self._survey.target.facts.arithmetic)
        if there.totals is None or (there.lines or 0) < least:
            return False
        return not differences(there.totals, expected_totals(order), policies.tolerance)

    def _not_read(self, source_id: str, why: str, page: Page) -> Seen:
        survey = self._survey
        return Seen(
            source_id,
            source_id,
            survey.preparer.key_of(source_id),
            page.safe_through or survey.clock.now(),
            fingerprint(why.encode()),
            survey.route.settings_hash,
        )

    def _park(self, unreadable: dict[str, str]) -> None:
        """Park what the source's connector cannot read, as a sync does."""
        claims = self._survey.ledger.claim(
            self._survey.route.name, list(unreadable), owner=self._id, run=self._id, lease=LEASE
        )
        self._survey.ledger.record(
            self._survey.route.name,
            [
                Outcome(
                    claim,
                    State.PARKED,
                    problem=Problem(
                        code="unreadable",
                        message=f"the source's order cannot be read: {unreadable[claim.source_id]}",
                        remedy="Mend the order in the source, then retry it.",
                    ),
                )
                for claim in claims
            ],
        )
