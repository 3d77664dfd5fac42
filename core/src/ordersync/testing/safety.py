"""Whether a platform is as safe to be asked twice as its connector says; tried, not believed."""

from __future__ import annotations

from ordersync.connection import Connection, WriteSafety
from ordersync.errors import Ambiguous, OrderSyncError
from ordersync.model import Draft
from ordersync.testing.sandbox import Sandbox
from ordersync.web import Clock

__all__ = ["observed_write_safety"]


def observed_write_safety(
    connection: Connection, sandbox: Sandbox, draft: Draft, clock: Clock
) -> WriteSafety:
    """Create `draft` twice on a sandbox, look for its key once the index shows it, and say what came of it.

    `draft` must be new there, its customer known. Raises what the first create raises. Compare the answer with
    `connection.write_safety`: a connector that says more than is so makes orders twice; one that says less parks
    orders that it could have looked for.
    """
    connection.create_order(draft)
    try:
        connection.create_order(draft)
    except OrderSyncError:
        pass
    facts = connection.facts
    clock.sleep((facts.settle_time + facts.index_lag).total_seconds())
    if sum(1 for order in sandbox.standing() if order.key == draft.key) == 1:
        return "unique key"
    if not {"find_order", "find_orders"} & connection.offers:
        return "none"
    try:
        found = connection.find_order(draft.key)
    except Ambiguous:
        return "searched stamp"
    return "searched stamp" if found else "none"
