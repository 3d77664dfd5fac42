"""A route looked at from both ends: what the source has, what the ledger says, what stands on the target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from ordersync.connection import Connection
from ordersync.errors import NotOffered
from ordersync.extensions import Extensions
from ordersync.ledger import Ledger, Row
from ordersync.model import (
    Arithmetic,
    Done,
    Failed,
    Order,
    OrderQuery,
    OrderRef,
    OrderStatus,
    Page,
    Placed,
    PlacedState,
    Route,
    Totals,
)
from ordersync.transfer.ask import ask_each, chunks
from ordersync.transfer.prepare import Preparer
from ordersync.transfer.resolve import Resolver
from ordersync.web import Clock, SystemClock

__all__ = ["Standing", "Survey", "differences", "expected_lines", "expected_totals"]


@dataclass(frozen=True)
class Standing:
    """An order as it stands on the target, found by its key or by its id."""

    ref: OrderRef
    totals: Totals | None
    state: PlacedState
    lines: int | None
    """How many of our lines stand; None if it was found by its id: it may be built otherwise."""

    @classmethod
    def by_key(cls, placed: Placed) -> Standing:
        """From the answer of `find_order`."""
        positions = {line.position for line in placed.lines} - {None}
        return cls(placed.ref, placed.totals, placed.state, len(positions))

    @classmethod
    def by_id(cls, order: Order) -> Standing:
        """From the answer of `get_order`."""
        cancelled = order.status is OrderStatus.CANCELLED
        state = PlacedState.CANCELLED if cancelled else PlacedState.CONFIRMED
        return cls(OrderRef(id=order.id, number=order.number), expected_totals(order), state, None)


def expected_totals(order: Order) -> Totals:
    """What the target's totals of this order must be."""
    return Totals(currency=order.currency, net=order.net + order.rounding, tax=order.tax, total=order.total)


def expected_lines(order: Order, rules: Arithmetic) -> int:
    """The least number of lines of ours that a target with these rules must have. What is negative may be sent as a
    discount where no line can be negative."""
    paid = [charge.amounts.list_amount - charge.amounts.discount for _, charge in order.priced()]
    if order.rounding:
        paid.append(order.rounding)
    return sum(1 for amount in paid if amount >= 0 or rules.negative_lines)


def differences(found: Totals, expected: Totals, tolerance: Decimal) -> list[str]:
    """What differs beyond the tolerance, for people."""
    if found.currency != expected.currency:
        return [f"currency {found.currency} instead of {expected.currency}"]
    return [
        f"{name} {getattr(found, name)} instead of {getattr(expected, name)}"
        for name in ("net", "tax", "total")
        if abs(getattr(found, name) - getattr(expected, name)) > tolerance
    ]


class Survey:
    """Looks at both ends of a route. Sends no write to a platform."""

    def __init__(
        self,
        route: Route,
        source: Connection,
        target: Connection,
        ledger: Ledger,
        extensions: Extensions,
        *,
        clock: Clock | None = None,
        workers: int = 8,
        sharing: Sequence[str] = (),
    ) -> None:
        """`sharing` names the routes that lead to the same target, this one or not."""
        self.route = route
        self.source = source
        self.target = target
        self.ledger = ledger
        self.clock: Clock = clock or SystemClock()
        self.sharing = tuple({route.name, *sharing})
        self._workers = workers
        resolver = Resolver(target, ledger, self.clock, owner="survey", workers=workers, read_only=True)
        self.preparer = Preparer(route, source, target, extensions, resolver)

    @property
    def visible_after(self) -> timedelta:
        """How long after a write a search shows surely what came of it: settle time and index lag."""
        return self.target.facts.settle_time + self.target.facts.index_lag

    def begin(self, *, writing: bool) -> None:
        """Check both accounts. Raises LedgerTrouble if the ledger knows a connection by another account."""
        for connection in (self.source, self.target):
            account = connection.check_access(thorough=False)
            if writing or self.ledger.account_of(connection.name) is not None:
                self.ledger.bind(connection.name, connection.platform, account.id)

    def need(self, end: Connection, *hooks: str, remedy: str) -> None:
        """Raises NotOffered if a connection offers none of these hooks."""
        if not end.offers & set(hooks):
            raise NotOffered(f"The connector {end.platform!r} does not offer {hooks[0]}.", remedy=remedy)

    def pages(self, query: OrderQuery) -> Iterator[Page]:
        """The source's orders."""
        yield from self.source.list_orders(query)

    def rows(self, source_ids: Sequence[str]) -> dict[str, Row]:
        """What the ledger says of these orders, by source id."""
        return {
            row.source_id: row
            for part in chunks(source_ids, 500)
            for row in self.ledger.rows(self.route.name, source_ids=part)
        }

    def find(self, keys: Sequence[str]) -> list[Done[Placed | None] | Failed]:
        """Look for orders on the target by their keys."""
        return ask_each(
            self.target,
            keys,
            batch="find_orders",
            many=self.target.find_orders,
            one=self.target.find_order,
            workers=self._workers,
        )

    @property
    def can_get(self) -> bool:
        """Whether the target shows an order by its id."""
        return bool({"get_order", "get_orders"} & self.target.offers)

    def get(self, target_ids: Sequence[str]) -> list[Done[Order | None] | Failed]:
        """Look for orders on the target by its own ids."""
        return ask_each(
            self.target,
            target_ids,
            batch="get_orders",
            many=self.target.get_orders,
            one=self.target.get_order,
            workers=self._workers,
        )

    def held(self, row: Row) -> bool:
        """Whether a worker holds the order."""
        return row.owner is not None and row.lease_until is not None and row.lease_until >= self.clock.now()

    def young(self, row: Row) -> bool:
        """Whether the order's last write is too recent to be surely visible."""
        return (row.sent_at or row.updated_at) + self.visible_after > self.clock.now()

    def start_of(self, since: datetime | None) -> datetime | None:
        """From when on the source shows everything: `since`, or where its visible history begins."""
        limits = [limit for limit in (since, self.source.account.history_from) if limit is not None]
        return max(limits, default=None)
