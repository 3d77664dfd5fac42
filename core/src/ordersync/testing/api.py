"""What authors build on, as a file: the hooks with their signatures, and the public names.

python -m ordersync.testing.api core/tests/api.json
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any

from ordersync.hookspecs import HOOK_API, ConnectorSpecs, ExtensionSpecs

__all__ = ["public_api"]

_ROOMS = ("ordersync", "ordersync.web", "ordersync.testing")


def public_api() -> dict[str, Any]:
    """Hook API version, hook → signature, room → names."""
    return {
        "hook_api": HOOK_API,
        "connector_hooks": _hooks(ConnectorSpecs),
        "extension_hooks": _hooks(ExtensionSpecs),
        "names": {room: _names(room) for room in _ROOMS},
    }


def _hooks(specs: type) -> dict[str, str]:
    return {
        name: str(inspect.signature(hook)).replace("'", "")
        for name, hook in vars(specs).items()
        if not name.startswith("_")
    }


def _names(room: str) -> list[str]:
    module = importlib.import_module(room)
    return sorted(module.__all__)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(public_api(), indent=1) + "\n", "utf-8")
