"""Forgetting by policy: what a ledger need not keep for the promises to hold."""

from __future__ import annotations

from datetime import datetime

from ordersync.connection import Connection
from ordersync.errors import BadInput
from ordersync.ledger import Ledger, Pruned
from ordersync.model import Route

__all__ = ["prune"]


def prune(
    route: Route, source: Connection, target: Connection, ledger: Ledger, before: datetime, *, orders: bool
) -> Pruned:
    """Forget what is older than `before`; with `orders` also settled orders that no listing will show again unless they
    change. One that does is looked for by its key on the target, as on a new ledger, and found there.

    Asks no platform. Raises BadInput if `orders` cannot be forgotten safely: on a target that finds nothing by its key
    the ledger alone keeps an order from being made twice.
    """
    if not orders:
        return ledger.prune(route.name, before)
    if target.write_safety == "none":
        raise BadInput(
            f"The orders of route {route.name!r} cannot be forgotten: {target.name!r} finds no order by its key.",
            remedy="Leave --orders out.",
        )
    mark = ledger.watermark(route.name)
    if mark is None:
        return ledger.prune(route.name, before)
    return ledger.prune(route.name, before, orders_before=min(before, mark - source.facts.overlap))
