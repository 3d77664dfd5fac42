"""HTTP done well once, for every connector.

Names are loaded when they are first used, so that who needs a clock does not wait for httpx. `read` and `verdict` are
here from the start: their modules have the same names, and would stand in their place once somebody imports them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordersync.web.read import dump, read
from ordersync.web.verdict import Verdict, verdict

if TYPE_CHECKING:
    from typing import Any

    from ordersync.web.access import Access
    from ordersync.web.budgets import (
        Budget,
        Budgets,
        CostPoints,
        InFlight,
        LeakyBucket,
        Permit,
        PerOperation,
        QuotaWindow,
        Report,
        SlidingWindow,
    )
    from ordersync.web.client import Auth, Client
    from ordersync.web.clock import Clock, SystemClock, VirtualClock
    from ordersync.web.memory import Memory
    from ordersync.web.oauth import Grant, Refreshing, token_endpoint
    from ordersync.web.paging import (
        cursor_pages,
        link_header_pages,
        next_field_pages,
        next_link,
        numbered_pages,
        offset_pages,
    )
    from ordersync.web.patience import Bucket, patiently, retry_after
    from ordersync.web.reply import Reply, Verdicts, default_error
    from ordersync.web.runs import bulk
    from ordersync.web.signing import Basic, SignedRequests
    from ordersync.web.tokens import FileTokens, KeyringTokens, MemoryTokens, TokenStore

__all__ = [
    "Access",
    "Auth",
    "Basic",
    "Bucket",
    "Budget",
    "Budgets",
    "Client",
    "Clock",
    "CostPoints",
    "FileTokens",
    "Grant",
    "InFlight",
    "KeyringTokens",
    "LeakyBucket",
    "Memory",
    "MemoryTokens",
    "PerOperation",
    "Permit",
    "QuotaWindow",
    "Refreshing",
    "Reply",
    "Report",
    "SignedRequests",
    "SlidingWindow",
    "SystemClock",
    "TokenStore",
    "Verdict",
    "Verdicts",
    "VirtualClock",
    "bulk",
    "cursor_pages",
    "default_error",
    "dump",
    "link_header_pages",
    "next_field_pages",
    "next_link",
    "numbered_pages",
    "offset_pages",
    "patiently",
    "read",
    "retry_after",
    "token_endpoint",
    "verdict",
]

_MODULES = {
    "access": "Access",
    "budgets": "Budget Budgets CostPoints InFlight LeakyBucket PerOperation Permit QuotaWindow Report SlidingWindow",
    "client": "Auth Client",
    "clock": "Clock SystemClock VirtualClock",
    "memory": "Memory",
    "oauth": "Grant Refreshing token_endpoint",
    "paging": "cursor_pages link_header_pages next_field_pages next_link numbered_pages offset_pages",
    "patience": "Bucket patiently retry_after",
    "reply": "Reply Verdicts default_error",
    "runs": "bulk",
    "signing": "Basic SignedRequests",
    "tokens": "FileTokens KeyringTokens MemoryTokens TokenStore",
}
_HOME = {name: module for module, names in _MODULES.items() for name in names.split()}


if not TYPE_CHECKING:  # a type checker would believe in every name

    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import importlib

        found = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
