"""Binding orders that an earlier integration made, so that the first sync does not repeat them."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from ordersync.errors import BadInput
from ordersync.ledger import ADOPTED, Restored, Row, Seen, State
from ordersync.model import Order, OrderQuery, OrderRef, OrderStatus, Problem
from ordersync.transfer.ask import chunks
from ordersync.transfer.survey import Survey
from ordersync.web import bulk

__all__ = ["Adopter", "Adoption", "Held", "Match"]

log = logging.getLogger("ordersync.transfer")

_BETWEEN = re.compile(r"[\s,;:()\[\]{}<>\"'|=]+")
_SHOWN_BY_MONEY = 3
"""How many orders without the number, but with total and date, are shown for one of the source's."""


@dataclass(frozen=True)
class Match:
    """An order of the source, and the target's order that it may be."""

    source_id: str
    number: str
    placed_at: datetime
    total: Decimal
    currency: str
    target: OrderRef
    differs: tuple[str, ...] = ()
    """What speaks against it; empty if it is certain."""


@dataclass(frozen=True)
class Held:
    """An order that the ledger has in flight or parked: it is left alone."""

    source_id: str
    number: str
    state: str


@dataclass(frozen=True)
class Adoption:
    """What was matched, and how much of it was written."""

    route: str
    certain: tuple[Match, ...] = ()
    uncertain: tuple[Match, ...] = ()
    """Not written: a person must look."""
    unmatched: int = 0
    """Orders of the source with nothing like them on the target; the next sync creates them."""
    known: int = 0
    """Orders that the ledger had already, or that stand on the target under their key."""
    held: tuple[Held, ...] = ()
    written: int = 0


@dataclass(repr=False)
class _Sold:
    """An order of the source that may have been carried over before; as little of it as matching needs."""

    seen: Seen
    placed_at: datetime
    total: Decimal
    currency: str
    by_number: list[Match] = field(default_factory=list)
    by_money: list[Match] = field(default_factory=list)

    @property
    def whole(self) -> list[Match]:
        """Candidates of which everything agrees."""
        return [match for match in self.by_number if not match.differs]


class Adopter:
    """Matches by number, date and total. Sends no write to a platform, and writes to the ledger only if it is told to
    after the matches were shown."""

    def __init__(
        self, survey: Survey, *, since: datetime | None = None, until: datetime | None = None, days: int = 1
    ) -> None:
        """Only orders placed from `since` to `until`; `days` is how far apart the dates of a pair may be.

        Raises BadInput if `until` is before `since`, or `days` is negative.
        """
        if since is not None and until is not None and until < since:
            raise BadInput("The end lies before the beginning.", remedy="Exchange since and until.")
        if days < 0:
            raise BadInput("The dates cannot be less than 0 days apart.")
        self._survey = survey
        self._since = since
        self._until = until
        self._apart = timedelta(days=days)
        self._sold: dict[str, _Sold] = {}
        self._held: list[Held] = []
        self._known = 0

    @bulk()
    def run(self, confirm: Callable[[Adoption], bool] | None = None) -> Adoption:
        """Match, show the matches to `confirm`, and write those that are certain if it says so; without it nothing is
        written.

        Raises NotOffered, AccessDenied, Unreachable, LedgerTrouble.
        """
        survey = self._survey
        survey.need(
            survey.target,
            "list_orders",
            remedy="Without a list of the target's orders nothing can be matched.",
        )
        survey.begin(writing=False)
        self._read_source()
        self._read_target()
        found = self._judged()
        if not found.certain or confirm is None or not confirm(found):
            return found
        survey.begin(writing=True)
        written = self._write(found.certain)
        log.info("route %s: %s orders adopted", survey.route.name, written)
        return Adoption(
            found.route, found.certain, found.uncertain, found.unmatched, found.known, found.held, written
        )

    # -- reading ------------------------------------------------------------------------------------------------

    def _read_source(self) -> None:
        preparer = self._survey.preparer
        for page in self._survey.pages(OrderQuery(placed_from=self._since)):
            orders = [order for order in page.orders if self._in_window(order)]
            rows = self._survey.rows([order.id for order in orders])
            for order in orders:
                shaped = preparer.shape(order)
                if shaped.verdict == "skip" or order.id in self._sold or not self._free(rows.get(order.id)):
                    continue
                self._sold[order.id] = _Sold(
                    preparer.seen(order, shaped.key),
                    order.placed_at,
                    shaped.order.total,
                    shaped.order.currency,
                )

    def _in_window(self, order: Order) -> bool:
        return (self._since is None or order.placed_at >= self._since) and (
            self._until is None or order.placed_at <= self._until
        )

    def _free(self, row: Row | None) -> bool:
        """Whether an order may be bound: unknown, or seen and never worked on."""
        if row is None:
            return True
        if row.state is State.SEEN and row.sent_at is None and not self._survey.held(row):
            return True
        self._known += 1
        if row.state not in (State.DONE, State.SKIPPED):
            self._held.append(Held(row.source_id, row.number, row.state.value))
        return False

    def _read_target(self) -> None:
        by_number: dict[str, list[_Sold]] = defaultdict(list)
        by_money: dict[tuple[Decimal, str], list[_Sold]] = defaultdict(list)
        by_key = {one.seen.key: one for one in self._sold.values()}
        for one in self._sold.values():
            by_number[_plain(one.seen.number)].append(one)
            by_money[one.total, one.currency].append(one)
        bound = self._survey.ledger.bound_targets(self._survey.sharing)
        start = self._since - self._apart if self._since is not None else None
        for page in self._survey.target.list_orders(OrderQuery(placed_from=start)):
            for order in page.orders:
                if order.key is not None:
                    ours = by_key.get(order.key)
                    if ours is not None and self._sold.pop(ours.seen.source_id, None) is not None:
                        self._known += 1
                    continue
                if order.id in bound:
                    continue
                bound.add(order.id)
                named = {
                    one.seen.source_id: one
                    for number in _numbers_in(order)
                    for one in by_number.get(number, ())
                }
                for one in named.values():
                    one.by_number.append(self._match(one, order))
                if not named:
                    for one in by_money.get((order.total, order.currency), ()):
                        self._note_by_money(one, order)

    def _match(self, one: _Sold, order: Order) -> Match:
        differs = []
        if order.currency != one.currency:
            differs.append(f"currency {order.currency} instead of {one.currency}")
        if order.total != one.total:
            differs.append(f"total {order.total} instead of {one.total}")
        apart = abs(order.placed_at - one.placed_at)
        if apart > self._apart:
            differs.append(f"placed {apart.days} days apart")
        if order.status is OrderStatus.CANCELLED:
            differs.append("cancelled there")
        return _pair(one, order, *differs)

    def _note_by_money(self, one: _Sold, order: Order) -> None:
        if len(one.by_money) < _SHOWN_BY_MONEY and abs(order.placed_at - one.placed_at) <= self._apart:
            one.by_money.append(_pair(one, order, f"number {order.number} does not say {one.seen.number}"))

    # -- judging and writing ------------------------------------------------------------------------------------

    def _judged(self) -> Adoption:
        wanted_by: dict[str, int] = defaultdict(int)
        for one in self._sold.values():
            for match in one.whole:
                wanted_by[match.target.id] += 1
        certain, taken = [], set()
        for one in self._sold.values():
            if len(one.whole) == 1 and wanted_by[one.whole[0].target.id] == 1:
                certain.append(one.whole[0])
                taken.add(one.seen.source_id)
        bound = {match.target.id for match in certain}
        uncertain: list[Match] = []
        unmatched = 0
        for source_id, one in self._sold.items():
            if source_id in taken:
                continue
            found = [match for match in one.by_number or one.by_money if match.target.id not in bound]
            uncertain += (self._explained(one, match) for match in found)
            unmatched += not found
        return Adoption(
            self._survey.route.name,
            tuple(certain),
            tuple(uncertain),
            unmatched,
            self._known,
            tuple(self._held),
        )

    @staticmethod
    def _explained(one: _Sold, match: Match) -> Match:
        """A match of which everything agrees is uncertain only if it is not the only one."""
        if match.differs:
            return match
        also = [other.target.number or other.target.id for other in one.whole if other is not match]
        why = f"so could {', '.join(also)}" if also else "another order of the source agrees as well"
        return Match(
            match.source_id,
            match.number,
            match.placed_at,
            match.total,
            match.currency,
            match.target,
            (why,),
        )

    def _write(self, certain: Sequence[Match]) -> int:
        written = 0
        for part in chunks(certain, 500):
            restored = [
                Restored(
                    self._sold[match.source_id].seen,
                    State.DONE,
                    match.target,
                    Problem(
                        code=ADOPTED,
                        message=f"an earlier integration made it as {match.target.number or match.target.id}",
                    ),
                )
                for match in part
            ]
            written += len(self._survey.ledger.adopt(self._survey.route.name, restored))
        return written


def _pair(one: _Sold, order: Order, *differs: str) -> Match:
    return Match(
        one.seen.source_id,
        one.seen.number,
        one.placed_at,
        one.total,
        one.currency,
        OrderRef(id=order.id, number=order.number),
        differs,
    )


def _plain(number: str) -> str:
    """A number as it is compared: whole, whatever its case, without the leading sign that shops print."""
    return number.strip().casefold().removeprefix("#")


def _numbers_in(order: Order) -> Iterator[str]:
    """Every number that an order of the target carries: its own, and each word of its references."""
    references = [order.po_number, *order.metadata.values(), *order.extra.values()]
    for text in (order.number, *references):
        if not isinstance(text, str):
            continue
        yield _plain(text)
        yield from (_plain(word) for word in _BETWEEN.split(text) if word)
