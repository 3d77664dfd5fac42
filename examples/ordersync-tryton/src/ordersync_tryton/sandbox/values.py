"""How Python's values travel in Tryton's JSON, and back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

__all__ = ["from_json", "to_json"]

_DAY = ("year", "month", "day")
_TIME = ("hour", "minute", "second", "microsecond")


def from_json(value: Any) -> Any:
    """What a client sent; times are UTC."""
    if isinstance(value, list):
        return [from_json(part) for part in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("__class__")
    if kind == "Decimal":
        return Decimal(value["decimal"])
    if kind == "datetime":
        return datetime(**{name: value[name] for name in _DAY + _TIME}, tzinfo=UTC)
    if kind == "date":
        return date(**{name: value[name] for name in _DAY})
    return {name: from_json(part) for name, part in value.items()}


def to_json(value: Any) -> Any:
    """What a client is sent; a time is written without its zone."""
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, datetime):
        return {"__class__": "datetime", **{name: getattr(value, name) for name in _DAY + _TIME}}
    if isinstance(value, date):
        return {"__class__": "date", **{name: getattr(value, name) for name in _DAY}}
    if isinstance(value, dict):
        return {name: to_json(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(part) for part in value]
    return value
