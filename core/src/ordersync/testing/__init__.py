"""For plugin authors: the sandbox kit, the contract suite, seeded data, and the reference platform.

Names are loaded when they are first used: the pytest plugin beside them is imported by every run of pytest where ordersync
is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ordersync.testing.sandbox import Sandbox as Sandbox
    from ordersync.testing.sandbox import Served as Served
    from ordersync.testing.sandbox import StandingOrder as StandingOrder
    from ordersync.testing.sandbox import serve as serve

__all__ = ["Sandbox", "Served", "StandingOrder", "serve"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ordersync.testing import sandbox

    return getattr(sandbox, name)
