"""The budgets of a process: one per account, whatever number of connections, clients and threads uses it."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Sequence

from ordersync.errors import OrderSyncError
from ordersync.web.budgets.budget import Budget, Taken
from ordersync.web.budgets.pots import Pot
from ordersync.web.budgets.rules import Rule, Units
from ordersync.web.budgets.shared import Shared, SharedPot
from ordersync.web.budgets.slots import InFlight, SharedSlots, Slots
from ordersync.web.budgets.ticks import Ticks
from ordersync.web.clock import Clock

__all__ = ["Budgets"]


class Budgets:
    """Thread-safe. `shared` is where other processes see them; None: this process goes by itself."""

    def __init__(self, shared: Shared | None = None) -> None:
        self._shared = shared
        self._known: dict[tuple[str, str], Budget] = {}
        self._lock = threading.Lock()
        self._told = False

    def of(
        self, platform: str, account: str, rules: Sequence[Rule], clock: Clock, log: logging.Logger
    ) -> Budget:
        """The account's budget, with these rules among its rules."""
        with self._lock:
            known = self._known.get((platform, account))
            if known is None:
                ticks = Ticks(clock)

                def work(operation: str, rule: Rule) -> Taken:
                    key = _key(platform, account, operation, repr(rule))
                    return self._at_work(rule, ticks, key, log)

                known = self._known[platform, account] = Budget(ticks, work, ())
        for rule in rules:
            known.add(rule)
        return known

    def close(self) -> None:
        """Give back what this process holds and does not use."""
        with self._lock:
            known = list(self._known.values())
        for budget in known:
            budget.close()

    def _at_work(self, rule: Rule, ticks: Ticks, key: str, log: logging.Logger) -> Taken:
        def away(error: OrderSyncError) -> None:
            if not self._told:
                self._told = True
                log.warning(
                    "rate budgets cannot be shared with other processes: each keeps to its part (%s)",
                    type(error).__name__,
                )

        if isinstance(rule, InFlight):
            return SharedSlots(rule, ticks, self._shared, key, away) if self._shared else Slots(rule, ticks)
        units: Units = rule  # type: ignore[assignment]  # all other rules count units
        return SharedPot(units, ticks, self._shared, key, away) if self._shared else Pot(units, ticks)

    def __repr__(self) -> str:
        return f"Budgets({len(self._known)})"


def _key(*parts: str) -> str:
    """Says nothing of what it is made of."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
