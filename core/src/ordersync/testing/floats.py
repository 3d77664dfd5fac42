"""Finding floats in models: for the test that no float touches money, in the core and in every connector."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

__all__ = ["float_fields"]


def float_fields(*models: type[BaseModel]) -> list[str]:
    """`Model.field` of every field that is a float, in these models and all that they contain, sorted."""
    seen: set[type[BaseModel]] = set()
    waiting = list(models)
    found = set()
    while waiting:
        model = waiting.pop()
        if model in seen:
            continue
        seen.add(model)
        for name, field in model.model_fields.items():
            for part in _parts(field.annotation):
                if part is float:
                    found.add(f"{model.__name__}.{name}")
                elif isinstance(part, type) and issubclass(part, BaseModel):
                    waiting.append(part)
    return sorted(found)


def _parts(annotation: Any) -> Iterator[Any]:
    arguments = typing.get_args(annotation)
    if not arguments:
        yield annotation
    for argument in arguments:
        yield from _parts(argument)
