"""The budget of one account: all of its rules, taken from together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from ordersync.web.budgets.rules import PerOperation, Reading, Report, Rule, grain
from ordersync.web.budgets.slots import InFlight
from ordersync.web.budgets.ticks import Ticks
from ordersync.web.patience import LONGEST_WAIT, retry_after
from ordersync.web.runs import in_bulk

if TYPE_CHECKING:
    from ordersync.web.reply import Reply

__all__ = ["Budget", "Permit", "Taken"]

TOO_MANY = 429


class Taken(Protocol):
    """One rule at work. Thread-safe."""

    @property
    def by_cost(self) -> bool:
        """Whether a request takes its cost; else one unit."""

    @property
    def reading(self) -> Reading | None:
        """Reads replies."""

    def take(self, units: float, in_bulk: bool) -> int:
        """Wait for the units, and take them; the epoch that they belong to. Raises RateLimited."""

    def settle(self, units: float, epoch: int, report: Report | None, took: float) -> None:
        """The request is over."""

    def cancel(self, units: float, epoch: int, took: float) -> None:
        """The request, for which they were taken at most `took` seconds ago, never left."""

    def close(self) -> None:
        """Give back what is not used."""


class Budget:
    """What one account may be asked, whoever asks: all threads of the process, and all processes that share a ledger in
    PostgreSQL. Thread-safe. Made by `access.budget`, and given to `access.client`, which takes and settles by itself.
    """

    def __init__(self, ticks: Ticks, work: Callable[[str, Rule], Taken], rules: Sequence[Rule]) -> None:
        """`work` puts a rule to work, for one operation or (empty) for all."""
        self._ticks, self._work = ticks, work
        self._rules: list[tuple[str, Rule]] = []
        self._pots: tuple[tuple[str, bool, Taken], ...] = ()
        self._adding = threading.Lock()
        self._paused_until = float("-inf")
        for rule in rules:
            self.add(rule)

    def add(self, rule: Rule) -> None:
        """One rule more, from the next request on; nothing if it holds already."""
        operation, plain = (rule.operation, rule.rule) if isinstance(rule, PerOperation) else ("", rule)
        with self._adding:
            if (operation, plain) in self._rules:
                return
            self._rules.append((operation, plain))
            last = isinstance(plain, InFlight)
            pots = [*self._pots, (operation, last, self._work(operation, plain))]
            self._pots = tuple(sorted(pots, key=lambda pot: pot[1]))

    def take(self, cost: float = 1.0, operation: str = "") -> Permit:
        """Wait until one request may be sent. `cost` is what it takes at most of the rules that count costs.

        Settle the permit once it is answered, or lost. Raises RateLimited if it would have to wait for minutes.
        """
        bulk = in_bulk.get()
        if self._paused_until > 0.0:
            self._wait_for_pause()
        held: list[tuple[Taken, float, int]] = []
        began = self._ticks.now()
        try:
            for only, _, pot in self._pots:
                if not only or only == operation:
                    units = cost if pot.by_cost else 1.0
                    held.append((pot, units, pot.take(units, bulk)))
        except BaseException:
            self._cancel(held, began)
            raise
        return Permit(self, held, began, self._ticks.now())

    def _wait_for_pause(self) -> None:
        while (wait := self._paused_until - self._ticks.now()) > 0:
            self._ticks.clock.sleep(grain(wait))
        self._paused_until = float("-inf")

    def _settle(self, held: Sequence[tuple[Taken, float, int]], since: float, reply: Reply | None) -> None:
        now = self._ticks.now()
        for pot, units, epoch in held:
            read = pot.reading if reply is not None else None
            report = read(reply) if read is not None and reply is not None else None
            pot.settle(units, epoch, report, now - since)
        if reply is not None and reply.status == TOO_MANY:
            here = self._ticks.clock.now()
            when = retry_after(reply.headers, here)
            seconds = (when - here).total_seconds() if when else 0.0
            if 0 < seconds <= LONGEST_WAIT:
                self._paused_until = max(self._paused_until, now + seconds)

    def _cancel(self, held: Sequence[tuple[Taken, float, int]], since: float) -> None:
        took = self._ticks.now() - since
        for pot, units, epoch in held:
            pot.cancel(units, epoch, took)

    def close(self) -> None:
        """Give back what this process holds and does not use."""
        for _, _, pot in self._pots:
            pot.close()

    def __repr__(self) -> str:
        named = (f"{operation}: {rule!r}" if operation else repr(rule) for operation, rule in self._rules)
        return f"Budget({', '.join(named)})"


class Permit:
    """Lets one request leave. A context manager, for requests that no `Client` sends."""

    __slots__ = ("_began", "_budget", "_held", "_since")

    def __init__(
        self, budget: Budget, held: Sequence[tuple[Taken, float, int]], began: float, since: float
    ) -> None:
        """Asked for since `began`, held since `since`."""
        self._budget, self._held, self._began, self._since = budget, held, began, since

    def settle(self, reply: Reply | None = None) -> None:
        """The request is over; None: its answer was lost. The second time nothing happens."""
        held, self._held = self._held, ()
        if held:
            self._budget._settle(held, self._since, reply)

    def cancel(self) -> None:
        """The request never left: what was taken for it of buckets and slots is free. After `settle` nothing happens, and
        the other way round."""
        held, self._held = self._held, ()
        self._budget._cancel(held, self._began)

    def __enter__(self) -> Permit:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.settle()
