"""Comparing what should stand on the target with what does: by id, count, sums and lines; the gap is a number."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ordersync.errors import Ambiguous, OrderSyncError
from ordersync.ledger import ADOPTED, Row, Seen, State
from ordersync.model import (
    Done,
    Failed,
    Order,
    OrderQuery,
    OrderRef,
    Page,
    Placed,
    PlacedState,
    Totals,
)
from ordersync.transfer.gap import GAP, Discrepancy, Kind, Reconciliation
from ordersync.transfer.survey import Standing, Survey, differences, expected_lines, expected_totals
from ordersync.web import bulk

__all__ = ["Reconciler"]

log = logging.getLogger("ordersync.transfer")

_AT_ONCE = 5000
"""How many orders that are gone wait together for their second look."""


@dataclass(frozen=True)
class _Wanted:
    """An order that should stand; as little of it as the comparison needs."""

    source_id: str
    number: str
    key: str
    totals: Totals | None
    lines: int
    seen: Seen | None
    """What to record to have it sent; None if it could not be read."""
    why: str = ""


_Look = Done[Standing | None] | Failed


class Reconciler:
    """Goes through the source once, page by page; keeps of each order eight bytes."""

    def __init__(
        self,
        survey: Survey,
        *,
        since: datetime | None = None,
        enqueue: bool = False,
        enqueue_gone: bool = False,
        tell: Callable[[Discrepancy], None] | None = None,
    ) -> None:
        """`since`: only orders changed since then; without it, from where the route begins. `enqueue` records what was
        never seen, so that the next sync takes it; `enqueue_gone` does so with what is gone. `tell` hears of each
        discrepancy as it is found."""
        self._survey = survey
        self._since = since
        self._enqueue = enqueue
        self._enqueue_gone = enqueue_gone
        self._tell = tell
        self._met: set[int] = set()
        self._gone: list[tuple[_Wanted, Row]] = []
        self._result = Reconciliation(survey.route.name, since)

    @bulk()
    def run(self) -> Reconciliation:
        """Compare. Raises NotOffered, AccessDenied, Unreachable, LedgerTrouble."""
        survey = self._survey
        survey.need(
            survey.target,
            "find_order",
            "find_orders",
            remedy="Without a search by key nothing can be compared; look at `ordersync orders` instead.",
        )
        survey.begin(writing=self._enqueue or self._enqueue_gone)
        if self._since is None:
            self._since = self._result.since = survey.ledger.begins(survey.route.name)
        begun = survey.clock.now()
        for page in survey.pages(OrderQuery(updated_from=self._since)):
            self._page(page)
        self._second_look()
        self._look_for_strays(begun)
        log.info("route %s: the gap is %s", survey.route.name, self._result.gap)
        return self._result

    # -- the source's orders ------------------------------------------------------------------------------------

    def _page(self, page: Page) -> None:
        wanted: list[_Wanted] = []
        for order in page.orders:
            key = self._survey.preparer.key_of(order.id)
            if not self._first_time(key):
                continue
            shaped = self._survey.preparer.shape(order)
            if shaped.verdict == "skip":
                self._result.skipped += 1
                continue
            wanted.append(
                _Wanted(
                    order.id,
                    order.number,
                    key,
                    expected_totals(shaped.order),
                    expected_lines(shaped.order, self._survey.target.facts.arithmetic),
                    self._survey.preparer.seen(order, key),
                    shaped.problem.message if shaped.problem else "",
                )
            )
        for source_id, why in page.unreadable:
            key = self._survey.preparer.key_of(source_id)
            if self._first_time(key):
                why = f"the source's order cannot be read: {why}"
                wanted.append(_Wanted(source_id, source_id, key, None, 0, None, why))
        never_seen = self._compare(wanted)
        seen = [one.seen for one in never_seen if one.seen is not None] if self._enqueue else []
        self._survey.ledger.see(self._survey.route.name, seen)
        self._result.enqueued += len(seen)
        for one in never_seen:
            self._note("missing", one, None, one.why, enqueued=self._enqueue and one.seen is not None)

    def _first_time(self, key: str) -> bool:
        """Whether a key was not met before: a listing shows an order again that changes meanwhile."""
        before = len(self._met)
        self._met.add(_mark(key))
        return len(self._met) > before

    def _compare(self, wanted: Sequence[_Wanted]) -> list[_Wanted]:
        """Compare some orders with the target; answers those that the ledger never saw and that do not stand."""
        found = self._survey.find([one.key for one in wanted])
        rows = self._survey.rows([one.source_id for one in wanted])
        looks = self._by_id([rows.get(one.source_id) for one in wanted], found)
        never_seen = []
        for one, look in zip(wanted, looks, strict=True):
            row = rows.get(one.source_id)
            if (
                isinstance(look, Done)
                and look.value is None
                and _not_for_us(row, self._survey.route.settings_hash)
            ):
                self._result.skipped += 1
                continue
            self._result.source.add(one.totals)
            if isinstance(look, Failed):
                self._not_known(one, row, look.error)
            elif look.value is not None:
                self._stands(one, row, look.value)
            elif row is None:
                never_seen.append(one)
            else:
                self._absent(one, row)
        return never_seen

    def _by_id(
        self, rows: Sequence[Row | None], found: Sequence[Done[Placed | None] | Failed]
    ) -> list[_Look]:
        """What was found by key; and by its id, what is done and was not: adopted orders carry no key of ours."""
        looks: list[_Look] = [
            look
            if isinstance(look, Failed)
            else Done(Standing.by_key(look.value) if look.value is not None else None)
            for look in found
        ]
        if not self._survey.can_get:
            return looks
        asked = [
            (i, row.target.id)
            for i, (look, row) in enumerate(zip(looks, rows, strict=True))
            if isinstance(look, Done) and look.value is None
            if row is not None and row.state is State.DONE and row.target is not None
        ]
        answers = self._survey.get([target_id for _, target_id in asked])
        for (i, _), answer in zip(asked, answers, strict=True):
            if isinstance(answer, Failed):
                looks[i] = answer
            elif answer.value is not None:
                looks[i] = Done(Standing.by_id(answer.value))
        return looks

    # -- one order ----------------------------------------------------------------------------------------------

    def _stands(self, one: _Wanted, row: Row | None, there: Standing) -> None:
        self._result.target.add(there.totals)
        if there.state is PlacedState.CANCELLED:
            self._note("cancelled", one, row, "", there.ref)
            return
        adopted = _adopted(row)
        if there.lines is None and not adopted and row is not None and not self._survey.young(row):
            self._note("unstamped", one, row, "it carries no key of ours any more", there.ref)
        differ = (
            differences(there.totals, one.totals, self._survey.route.policies.tolerance)
            if there.totals is not None and one.totals is not None
            else []
        )
        if adopted:
            differ = [words for words in differ if words.startswith(("total", "currency"))]
        if differ:
            self._note("differs", one, row, ", ".join(differ), there.ref)
        if there.lines is not None and there.lines < one.lines:
            self._note("short", one, row, f"{there.lines} of {one.lines} lines stand", there.ref)

    def _absent(self, one: _Wanted, row: Row) -> None:
        """What it means that an order was not found which the ledger knows."""
        written = row.state in (State.DONE, State.SENDING, State.IN_DOUBT)
        if row.state is State.DONE and _adopted(row) and not self._survey.can_get:
            why = "it was adopted, and the target shows no order by its id"
            self._note("unknown", one, row, why, row.target)
        elif self._survey.held(row) or (written and self._survey.young(row)):
            self._note("in_flight", one, row, "", row.target)
        elif row.state is not State.DONE:
            self._note("missing", one, row, one.why)
        elif self._enqueue_gone:
            self._gone.append((one, row))
            if len(self._gone) >= _AT_ONCE:
                self._second_look()
        else:
            self._note("gone", one, row, "", row.target)

    def _second_look(self) -> None:
        """Look once more at what seems to be gone; forget what still is, so that the next sync makes it anew. What is
        searched for is given the time in which an index catches up."""
        gone, self._gone = self._gone, []
        if not gone:
            return
        if not self._survey.target.facts.unique_key:
            self._survey.clock.sleep(self._survey.visible_after.total_seconds())
        looks = self._by_id([row for _, row in gone], self._survey.find([one.key for one, _ in gone]))
        absent = []
        for (one, row), look in zip(gone, looks, strict=True):
            if isinstance(look, Failed):
                self._not_known(one, row, look.error)
            elif look.value is not None:
                self._stands(one, row, look.value)
            else:
                absent.append((one, row))
        forgotten = self._survey.ledger.forget_gone(self._survey.route.name, [row for _, row in absent])
        self._result.enqueued += len(forgotten)
        for one, row in absent:
            self._note("gone", one, row, "", row.target, enqueued=one.source_id in forgotten)

    def _not_known(self, one: _Wanted, row: Row | None, error: OrderSyncError) -> None:
        if isinstance(error, Ambiguous):
            named = f"{error.message} {', '.join(error.candidates)}".strip()
            self._note("doubled", one, row, named)
        else:
            self._note("unknown", one, row, str(error))

    def _note(
        self,
        kind: Kind,
        one: _Wanted,
        row: Row | None,
        why: str,
        target: OrderRef | None = None,
        *,
        enqueued: bool = False,
    ) -> None:
        if kind in GAP:
            self._result.missing.add(one.totals)
        self._told(
            Discrepancy(
                kind,
                one.source_id,
                one.number,
                one.key,
                _says(row),
                why,
                one.totals.total if one.totals else None,
                one.totals.currency if one.totals else None,
                target,
                row.problem if row is not None and row.state is State.PARKED else None,
                enqueued,
            )
        )

    def _told(self, discrepancy: Discrepancy) -> None:
        self._result.counts[discrepancy.kind] += 1
        if self._tell:
            self._tell(discrepancy)

    # -- the target's orders ------------------------------------------------------------------------------------

    def _look_for_strays(self, begun: datetime) -> None:
        """Go through what the target lists, if it does and tells our keys."""
        if "list_orders" not in self._survey.target.offers:
            return
        self._result.strays_looked_for = True
        start = self._survey.start_of(self._since)
        told: set[int] = set()
        for page in self._survey.target.list_orders(OrderQuery(updated_from=self._since)):
            keyed: dict[str, Order] = {}
            for order in page.orders:
                mark = _mark(order.key or "")
                if order.key and mark not in self._met and mark not in told:
                    told.add(mark)
                    keyed[order.key] = order
            rows = self._survey.ledger.rows_by_key(list(keyed))
            known = {
                row.key: row for row in sorted(rows, key=lambda row: row.route == self._survey.route.name)
            }
            for key, order in keyed.items():
                row = known.get(key)
                if row is not None and (row.route != self._survey.route.name or row.updated_at >= begun):
                    continue
                shown_since = row.source_updated_at if row else order.placed_at
                if start is not None and shown_since < start:
                    continue
                self._told(
                    Discrepancy(
                        "stray",
                        row.source_id if row else None,
                        row.number if row else order.number,
                        key,
                        _says(row),
                        "",
                        order.total,
                        order.currency,
                        OrderRef(id=order.id, number=order.number),
                    )
                )


def _mark(key: str) -> int:
    """Eight bytes for a key."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])


def _adopted(row: Row | None) -> bool:
    return row is not None and row.problem is not None and row.problem.code == ADOPTED


def _not_for_us(row: Row | None, settings_hash: str) -> bool:
    """Whether an extension had the order left out, under the settings as they are."""
    return row is not None and row.state is State.SKIPPED and row.settings_hash == settings_hash


def _says(row: Row | None) -> str:
    if row is None:
        return "never seen"
    return {State.SEEN: "waiting", State.IN_DOUBT: "in doubt"}.get(row.state, row.state.value)
