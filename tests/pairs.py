"""Two sandboxes in process, a virtual clock, and a host between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ordersync.discovery import sandbox_class
from ordersync.host import Host
from ordersync.settings import settings_of
from ordersync.testing import Sandbox, StandingOrder
from ordersync.web import VirtualClock


@dataclass
class Pair:
    """A source and a target. `route` is the route's section of the settings, besides source and target."""

    source: str = "shopify"
    target: str = "erp-odoo"
    orders: int = 0
    source_options: Mapping[str, str] = field(default_factory=dict)
    target_options: Mapping[str, str] = field(default_factory=dict)
    route: dict[str, Any] = field(default_factory=lambda: {"policies": {"money": "presentment"}})
    ledger: str = "sqlite://"

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        self.shop: Sandbox = sandbox_class(self.source)(
            clock=self.clock, orders=self.orders, options=self.source_options
        )
        self.erp: Sandbox = sandbox_class(self.target)(clock=self.clock, options=self.target_options)
        self._before = {one.id for one in self.erp.standing()}

    def host(self, **changed: Any) -> Host:
        """A host; `changed` are settings of the target's connection."""
        settings = settings_of(
            {
                "ledger": {"url": self.ledger},
                "connections": {
                    "shop": {"connector": self.source, **self.shop.settings("http://source.sandbox")},
                    "erp": {
                        "connector": self.target,
                        **self.erp.settings("http://target.sandbox"),
                        **changed,
                    },
                },
                "routes": {"orders": {"source": "shop", "target": "erp", **self.route}},
            }
        )
        return Host.open(
            settings,
            clock=self.clock,
            transports={"shop": self.shop.transport(), "erp": self.erp.transport()},
            workers=1,
        )

    def made(self) -> list[StandingOrder]:
        """What stands on the target and did not before."""
        return [one for one in self.erp.standing() if one.id not in self._before]
