"""What the core gives a connector: a way out to the web, a clock, a token store, rate budgets, a logger. It grows here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ordersync.web.budgets import Budgets
from ordersync.web.clock import Clock, SystemClock
from ordersync.web.memory import Memory
from ordersync.web.tokens import MemoryTokens, TokenStore

if TYPE_CHECKING:
    import httpx

    from ordersync.web.budgets import Budget, Rule
    from ordersync.web.client import Auth, Client, Verdicts

__all__ = ["Access"]


@dataclass(repr=False)
class Access:
    """Handed to `Connector(settings, access)`. One per connection."""

    connection: str = "connection"
    """The connection's name in the settings."""
    clock: Clock = field(default_factory=SystemClock)
    """Asked for every wait and every time."""
    tokens: TokenStore = field(default_factory=MemoryTokens)
    """Where tokens that rotate live. Begin their names with the connection's."""
    memory: Memory = field(default_factory=Memory)
    """What seldom changes on the platform; outlives the connector if the host keeps it."""
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("ordersync.connector"))
    """For what a person may want to follow; never for bodies, tokens, or people's data."""
    transport: httpx.BaseTransport | None = None
    """Exchanged by tests and proofs (a sandbox in process); None: the real network."""
    allow_private_addresses: bool = True
    """Hosts that let strangers write settings forbid them."""
    user_agent: str = "ordersync/0.1"
    """What every request says of its sender."""
    platform: str = ""
    """The connector's entry name."""
    budgets: Budgets = field(default_factory=Budgets)
    """The rate budgets of the process; a host shares them among its connections, and with other processes."""

    def budget(self, *rules: Rule, account: str = "") -> Budget:
        """What the platform permits: one budget per `account`, whatever the number of connections to it. Give it to
        `client`.

        `account` tells the platform's accounts apart before anything was asked (a shop's domain, a host and database); it
        is hashed. Left out: this connection has a budget of its own.
        """
        scope = account or f"connection {self.connection}"
        return self.budgets.of(self.platform, scope, rules, self.clock, self.log)

    def client(
        self,
        base_url: str,
        *,
        auth: Auth | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        verdicts: Verdicts | None = None,
        attempts: int = 5,
        request_ids: Sequence[str] = (),
        largest_body: int | None = None,
        before: Callable[[], None] | None = None,
        budget: Budget | None = None,
    ) -> Client:
        """A client for one origin; close it in the connector's `close()`. Options and errors: see `Client`."""
        from ordersync.web.client import Client

        options: dict[str, Any] = {}
        if request_ids:
            options["request_ids"] = request_ids
        if largest_body is not None:
            options["largest_body"] = largest_body
        return Client(
            base_url,
            access=self,
            auth=auth,
            headers=headers,
            timeout=timeout,
            verdicts=verdicts,
            attempts=attempts,
            before=before,
            budget=budget,
            **options,
        )
