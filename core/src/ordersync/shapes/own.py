"""The model's own JSON: an `Order` as its published schema says, amounts as decimal texts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from ordersync.errors import FieldProblem
from ordersync.model import Order
from ordersync.shapes.schemas import pointer

__all__ = ["own_problems", "read_own", "to_own"]


def read_own(payload: Mapping[str, Any]) -> Order:
    """The model's JSON as an order. Raises pydantic's ValidationError."""
    return Order.model_validate(payload)


def own_problems(error: ValidationError) -> list[FieldProblem]:
    """What the model has against a payload, without its values."""
    return [
        FieldProblem(pointer(found["loc"]), found["msg"].removeprefix("Value error, "), found["type"])
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def to_own(order: Order) -> dict[str, Any]:
    """The order as JSON values: amounts are texts; numbers that a source said in `extra` stay numbers (`Decimal`)."""
    plain: dict[str, Any] = _plain(order.model_dump())
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: item if key == "extra" and isinstance(item, dict) else _plain(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, str) else value
