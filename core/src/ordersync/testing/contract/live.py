"""The suite against a real account: what it will write is said beforehand, marked, and cleaned up where that can be.

Struck writes never reach the account: the wire answers in its place. Nothing is asked many times.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ordersync.errors import OrderSyncError, Unreachable
from ordersync.model import Cancel, Draft, OrderQuery, Placed, PlacedState, Subscription, operation_key
from ordersync.settings.load import check_connection, load_settings
from ordersync.testing.contract.stand import Stand, WatchedAccess
from ordersync.testing.contract.wire import Wire, change_by, operations_by
from ordersync.testing.sandbox import Sandbox
from ordersync.testing.seeds import catalogue

if TYPE_CHECKING:
    from ordersync.testing.contract.subject import Subject

__all__ = ["HurriedClock", "Live", "announcement", "left_behind", "open_live"]


class HurriedClock:
    """The machine's clock, which does not wait while blows fall: nothing is sent then that a wait would spare."""

    def __init__(self) -> None:
        self._ahead: float | None = None

    def now(self) -> datetime:
        """The time of day, aware, UTC."""
        return datetime.now(UTC) + timedelta(seconds=self._ahead or 0.0)

    def sleep(self, seconds: float) -> None:
        """Wait so many seconds; while hurrying, only say so."""
        if self._ahead is not None:
            self._ahead += max(seconds, 0.0)
        elif seconds > 0:
            time.sleep(seconds)

    @contextmanager
    def hurrying(self) -> Iterator[None]:
        """Until the block ends, waits take no time."""
        self._ahead = 0.0
        try:
            yield
        finally:
            self._ahead = None


@dataclass
class Live:
    """One run against real accounts."""

    mark: str = field(default_factory=lambda: f"OSC-{secrets.token_hex(3)}")
    """What this run's order numbers and e-mail addresses begin with."""
    clock: HurriedClock = field(default_factory=HurriedClock)
    orders: list[tuple[str, Placed]] = field(default_factory=list)
    """(key, order) of those that stand."""
    subscriptions: list[Subscription] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    """What could not be cleaned up."""
    skus: dict[str, str] = field(default_factory=dict)
    """Platform → an SKU that can be sold there."""

    def told(self, what: str) -> None:
        """Remember something that no hook takes back."""
        self.left.append(what)

    def placed(self, draft: Draft, placed: Placed) -> None:
        """An order stands."""
        self.orders.append((draft.key, placed))

    def clean(self, stand: Stand) -> None:
        """Cancel this run's orders, and remove its subscriptions, as far as the connector can."""
        offers = stand.connection.offers
        waiting, self.orders = self.orders, []
        for key, placed in waiting:
            what = f"order {placed.ref.number or placed.ref.id}"
            if "update_order" not in offers:
                self.left.append(what)
                continue
            try:
                after = stand.connection.update_order(
                    placed.ref, Cancel(reason="contract suite"), operation_key(key, "cancel")
                )
            except Unreachable:
                self.orders.append((key, placed))  # a test closed its connection; the next one cleans up
                continue
            except OrderSyncError as error:
                self.left.append(f"{what} ({type(error).__name__} when it was to be cancelled)")
                continue
            if after.state is not PlacedState.CANCELLED:
                self.left.append(f"{what} ({after.state})")
        for one in self.subscriptions:
            try:
                stand.connection.unsubscribe(one)
            except OrderSyncError as error:
                self.left.append(f"subscription {one.id} ({type(error).__name__})")
        self.subscriptions.clear()

    def known_sku(self, stand: Stand) -> str:
        """An SKU that can be sold there: the seeded catalogue's, or one of an order that is there."""
        name = stand.platform
        if name not in self.skus:
            asked = [catalogue()[0].sku]
            for page in stand.connection.list_orders(OrderQuery()):
                asked += [line.sku for order in page.orders for line in order.lines if line.sku]
                break
            for sku in dict.fromkeys(asked):
                try:
                    found = stand.resolve(sku)
                except OrderSyncError:
                    continue
                if found is not None and found.sellable:
                    self.skus[name] = sku
                    break
            else:
                pytest.skip("live: no SKU of the account is known; name one by the class attribute `sku`")
        return self.skus[name]


_LIVE = pytest.StashKey[Live]()


def of(config: pytest.Config) -> Live:
    """The run's."""
    if _LIVE not in config.stash:
        config.stash[_LIVE] = Live()
    return config.stash[_LIVE]


def open_live(
    subject: Subject, config: pytest.Config, file: Path, name: str, kind: Any, stand_in: type[Sandbox] | None
) -> Stand:
    """A connection to the account that the settings file names for this connector."""
    from ordersync.testing.contract.subject import stand_on

    settings = load_settings(file)
    found = [one for one in settings.connections.values() if one.connector == name]
    if not found:
        known = ", ".join(sorted({one.connector for one in settings.connections.values()})) or "none"
        pytest.skip(f"live: {file.name} has no connection with connector = {name!r}; it has {known}")
    checked = check_connection(settings, found[0].name, kind.settings_model)
    live = of(config)
    model = stand_in() if stand_in else None
    wire = Wire(httpx.HTTPTransport(), live.clock, change_by(model), operations_by(model), withheld=True)
    access = WatchedAccess(connection=found[0].name, clock=live.clock, transport=wire)
    stand = stand_on(subject, name, kind, checked, access, wire, None)
    stand.live = live
    return stand


def announcement(config: pytest.Config, names: Sequence[str]) -> list[str]:
    """What will be written, line by line."""
    live = of(config)
    file = config.getoption("--ordersync-live")
    return [
        f"ordersync: LIVE, the accounts in {file} ({', '.join(names) or 'no connector'})",
        f"  made there: orders numbered {live.mark}-1, -2 … and customers contract.{live.mark.lower()}-…@example.com,",
        "  some dozens of each, and a webhook subscription, where the connector offers such hooks",
        "  afterwards:  the orders are cancelled and the subscription removed where the connector can; what is left is listed",
        "  never:      many requests at once, requests beyond the connector's own budget, changes to what was there before",
    ]


def left_behind(config: pytest.Config) -> list[str]:
    """What was made and still stands, line by line."""
    live = of(config)
    return [*live.left, *(f"order {placed.ref.number or placed.ref.id}" for _, placed in live.orders)]
