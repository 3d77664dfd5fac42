"""The parameter `_fields` of WordPress: only some names of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ordersync_woocommerce.sandbox.records import Record

__all__ = ["only"]


def only(data: Any, fields: str) -> Any:
    """What `_fields` leaves of an answer; names with a dot go into objects and lists."""
    if isinstance(data, list):
        return [only(row, fields) for row in data]
    names = [name.strip() for name in fields.split(",") if name.strip()]
    kept: Record = {}
    for name in names:
        head, _, rest = name.partition(".")
        if head not in data:
            continue
        kept[head] = _merged(kept.get(head), only(data[head], rest)) if rest else data[head]
    return {name: kept[name] for name in data if name in kept}


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {**old, **new}
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [_merged(left, right) for left, right in zip(old, new, strict=True)]
    return new
