"""A source and a target held against each other: what the target cannot hold, counted on the newest orders.

Reads both platforms, writes neither, nor the ledger. Each order is prepared as a plan prepares it; what a plan cannot see,
because only the create is refused, is judged from the facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ordersync.connection import Connection
from ordersync.extensions import Extensions
from ordersync.ledger import Ledger
from ordersync.model import Problem, Route, is_email
from ordersync.transfer.ask import chunks
from ordersync.transfer.limits import Case, Limit, Outcome, limits, problems_of
from ordersync.transfer.newest import newest
from ordersync.transfer.prepare import Prepared, Preparer
from ordersync.transfer.resolve import Resolver
from ordersync.web import Clock

__all__ = ["LimitMet", "PairCheck", "PairReport", "Reason", "counted"]

_SETTINGS = {
    "money_set": "policies.money",
    "guest": "policies.guests",
    "unknown_sku": "aliases or policies.unknown_sku",
    "missing_sku": "policies.unknown_sku",
    "ambiguous_sku": "aliases",
    "unsellable_sku": "aliases",
    "out_of_stock": "policies.stock",
    "target_arithmetic": "policies.adjustment",
    "currency": "filters.currencies",
}
"""Problem code → the route's setting that decides it."""


@dataclass(frozen=True)
class LimitMet:
    """A limit, and how many of the orders it touches."""

    code: str
    what: str
    orders: int
    parked: int
    """How many of them would park for it."""
    outcome: Outcome
    then: str
    setting: str
    example: str
    """The number of the newest order that it touches; empty if none."""


@dataclass(frozen=True)
class Reason:
    """Why orders would park. One order may have several reasons."""

    code: str
    orders: int
    message: str
    """Of the newest order."""
    remedy: str
    setting: str
    example: str


@dataclass(frozen=True)
class PairReport:
    """What came of a check of a pair."""

    route: str
    source: str
    target: str
    """The platforms' names."""
    orders: int
    """How many were looked at, those that cannot be read among them."""
    skipped: int
    """How many of them the route's filters leave out; they are not counted below."""
    parked: int
    """How many would park."""
    limits: tuple[LimitMet, ...]
    reasons: tuple[Reason, ...]
    """Most orders first."""


def counted(
    judged: Iterable[Limit], cases: Sequence[Case]
) -> tuple[list[LimitMet], dict[str, list[Problem]]]:
    """How many orders each limit touches, and why orders would park, by the order's id. Pure.

    `cases` are newest first. A limit that the source cannot meet, and no order does, is left out.
    """
    met: list[LimitMet] = []
    parked = {case.order.id: problems_of(case.one) for case in cases if case.one.verdict in ("park", "wait")}
    for limit in judged:
        touched = [case for case in cases if limit.touches(case)]
        if limit.silent and not touched:
            continue
        parks = [case for case in touched if limit.refused or case.parks_by(limit.problems)]
        if limit.refused:
            problem = Problem(
                code=limit.refused,
                message=f"the target refuses {limit.what}",
                remedy=limit.then,
                subject=limit.code,
            )
            for case in parks:
                parked.setdefault(case.order.id, []).append(problem)
        met.append(
            LimitMet(
                limit.code,
                limit.what,
                len(touched),
                len(parks),
                limit.outcome,
                limit.then,
                limit.setting,
                touched[0].order.number if touched else "",
            )
        )
    return met, parked


class PairCheck:
    """One route's two platforms, held against each other."""

    def __init__(
        self,
        route: Route,
        source: Connection,
        target: Connection,
        ledger: Ledger,
        extensions: Extensions,
        *,
        clock: Clock,
        workers: int = 8,
    ) -> None:
        self._route = route
        self._source = source
        self._target = target
        self._clock = clock
        self._extensions = extensions
        self._resolver = Resolver(target, ledger, clock, owner="check", workers=workers, read_only=True)

    def run(self, orders: int = 50) -> PairReport:
        """Judge the pair on the source's newest `orders`. Writes nothing.

        Raises AccessDenied, TryLater, UnexpectedReply, LedgerTrouble.
        """
        self._source.check_access(thorough=False)
        self._target.check_access(thorough=False)
        preparer = Preparer(self._route, self._source, self._target, self._extensions, self._resolver)
        found, unreadable = newest(self._source, orders, self._clock.now())
        prepared: list[Prepared] = []
        for part in chunks(found, self._source.facts.page_size):
            shaped = [preparer.shape(order) for order in part]
            preparer.look_up(shaped)
            for one in shaped:
                if one.verdict == "go":
                    preparer.draft(one)
            prepared += shaped
        cases = [Case(one, self._nameless(one)) for one in prepared if one.verdict != "skip"]
        facts = self._source.facts, self._target.facts
        met, parked = counted(limits(*facts, self._route), cases)
        numbers = {one.order.id: one.order.number for one in prepared}
        for source_id, why in unreadable:
            message = f"the source's order cannot be read: {why}"
            parked[source_id] = [
                Problem(code="unreadable", message=message, remedy="Mend the order in the source.")
            ]
        return PairReport(
            self._route.name,
            facts[0].platform or self._source.platform,
            facts[1].platform or self._target.platform,
            len(found) + len(unreadable),
            len(found) - len(cases),
            len(parked),
            tuple(met),
            _reasons(parked, numbers),
        )

    def _nameless(self, one: Prepared) -> bool:
        """Whether its customer is nowhere on the target, and has no address that mail could be sent to."""
        ask = one.customer
        if ask is None or self._resolver.customer(ask.key) is not None:
            return False
        return not is_email(ask.customer.email or "")


def _reasons(parked: dict[str, list[Problem]], numbers: dict[str, str]) -> tuple[Reason, ...]:
    found: dict[tuple[str, str], Reason] = {}
    for source_id, problems in parked.items():
        one_each = {
            (p.code, p.subject if p.code in ("refused", "customer_refused") else ""): p
            for p in reversed(problems)
        }
        for key, problem in one_each.items():
            before = found.get(key)
            if before:
                found[key] = replace(before, orders=before.orders + 1)
                continue
            found[key] = Reason(
                problem.code,
                1,
                problem.message,
                problem.remedy,
                _SETTINGS.get(problem.code, ""),
                numbers.get(source_id, source_id),
            )
    return tuple(sorted(found.values(), key=lambda reason: (-reason.orders, reason.code)))
