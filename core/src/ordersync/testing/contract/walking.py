"""Walking through answers: every value that a hook gave out, with the place where it stands."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import datetime, time
from typing import Any

from pydantic import BaseModel

__all__ = ["floats_in", "naive_times_in", "walked"]


def walked(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """`(place, value)` of everything within models, dataclasses, mappings and sequences."""
    yield place, value
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from walked(getattr(value, name), f"{place}/{name}")
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from walked(getattr(value, field.name), f"{place}/{field.name}")
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield from walked(one, f"{place}/{name}")
    elif isinstance(value, list | tuple | set | frozenset):
        for index, one in enumerate(value):
            yield from walked(one, f"{place}/{index}")


def floats_in(value: Any) -> list[str]:
    """The places of floats."""
    return [place for place, one in walked(value) if isinstance(one, float)]


def naive_times_in(value: Any) -> list[str]:
    """The places of times that do not know their zone."""
    return [
        place for place, one in walked(value) if isinstance(one, datetime | time) and one.utcoffset() is None
    ]
