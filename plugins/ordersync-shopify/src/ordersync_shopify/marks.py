"""What is ours on a shop's records: keys, positions, global ids."""

from __future__ import annotations

__all__ = [
    "KEY_PREFIX",
    "POSITION",
    "SHIPPING_CODE",
    "gid",
]

KEY_PREFIX = "os-"
POSITION = "_ordersync_position"
"""The line property that names a line's position; buyers do not see properties that begin with an underscore."""
SHIPPING_CODE = "ordersync-"
"""Shipping lines have no properties: their code carries the position."""


def gid(kind: str, id: str) -> str:
    """The global id of something of this kind; one that is global already stays."""
    return id if id.startswith("gid://") else f"gid://shopify/{kind}/{id}"
