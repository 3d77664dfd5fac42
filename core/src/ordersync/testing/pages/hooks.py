"""Every hook: its signature, what it says of itself, and which of the installed connectors offer it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from ordersync.discovery import installed
from ordersync.hookspecs import ConnectorSpecs, ExtensionSpecs
from ordersync.testing.pages.words import hook_names, item, signature

__all__ = ["CALLED", "connector_part", "extension_part"]

_BY_HOSTS = "by host applications; the transfer does not ask"
_INSTEAD = "instead of `{}` wherever it is offered, and several are wanted"

CALLED: Mapping[str, str] = {
    "find_customer": "for each buyer of a run whom the ledger does not know yet on this target, before anything is created",
    "resolve_sku": "once per SKU and run, before an order is drafted, also by `plan`",
    "check_stock": 'for the items of an order before it is drafted, if the route says `stock = "park"`, or a plan is carried out',
    "update_order": "with `Confirm` after a draft order's totals agree; with other changes by host applications",
    "receive": _BY_HOSTS,
    "subscribe": _BY_HOSTS,
    "unsubscribe": _BY_HOSTS,
    "check_discount": _BY_HOSTS,
    "find_customers": _INSTEAD.format("find_customer"),
    "create_customers": _INSTEAD.format("create_customer"),
    "resolve_skus": _INSTEAD.format("resolve_sku"),
    "check_stocks": _INSTEAD.format("check_stock"),
    "create_orders": _INSTEAD.format("create_order"),
    "find_orders": _INSTEAD.format("find_order"),
    "get_orders": _INSTEAD.format("get_order"),
    "update_orders": _INSTEAD.format("update_order"),
    "shape_draft": "for every order that goes on, once its customer and items are known; also by `plan`",
    "settle_problem": "for each problem of an order, before it would park",
    "on_order_created": "once for each order that comes to stand on the target, also one that was found there",
    "on_order_updated": "by nothing yet: the transfer carries no changes after a creation",
    "on_order_parked": "each time an order is parked by a run",
    "on_sync_finished": "at the end of each run, also of one that an error ended",
}
"""Who calls a hook whose own text does not say."""


def connector_part() -> str:
    """The hooks of connectors."""
    offers = {plugin.name: plugin.hooks for plugin in installed()}
    parts = []
    for name in hook_names(ConnectorSpecs):
        who = ", ".join(f"`{connector}`" for connector, hooks in offers.items() if name in hooks)
        parts.append(_hook(ConnectorSpecs, name, f"Offered by: {who or 'no installed connector'}."))
    return "\n".join(parts)


def extension_part() -> str:
    """The hooks of extensions."""
    return "\n".join(_hook(ExtensionSpecs, name, "") for name in hook_names(ExtensionSpecs))


def _hook(specs: type, name: str, more: str) -> str:
    spec = getattr(specs, name)
    text = inspect.cleandoc(spec.__doc__)
    if "Called" not in text:
        text += f"\n\nCalled {CALLED[name]}."
    return f"### {name}\n\n" + item("method", f"{name}{signature(spec)}", f"{text}\n\n{more}")
