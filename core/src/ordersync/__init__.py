"""ordersync: orders from one platform to another, exactly once and to the cent.

The front door: the names that a user or a plugin author needs. They are loaded when they are first used, so that
`ordersync --help` does not wait for the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from ordersync.errors import *  # noqa: F403 - each room's __all__ is its list of public names
    from ordersync.hookspecs import HOOK_API as HOOK_API
    from ordersync.hookspecs import hookimpl as hookimpl
    from ordersync.host import Host as Host
    from ordersync.model import *  # noqa: F403
    from ordersync.settings import load_settings as load_settings

__version__ = "0.1.0"

_ROOMS = {
    "HOOK_API": "ordersync.hookspecs",
    "hookimpl": "ordersync.hookspecs",
    "Host": "ordersync.host",
    "load_settings": "ordersync.settings",
}


if not TYPE_CHECKING:  # a type checker would believe in every name

    def __getattr__(name: str) -> Any:
        import importlib

        if name in _ROOMS:
            return getattr(importlib.import_module(_ROOMS[name]), name)
        if not name.startswith("__"):
            for room in ("ordersync.errors", "ordersync.model"):
                module = importlib.import_module(room)
                if name in module.__all__:
                    return getattr(module, name)
        if name == "__all__":
            return __dir__()
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    from ordersync import errors, model

    return sorted([*_ROOMS, *errors.__all__, *model.__all__])
