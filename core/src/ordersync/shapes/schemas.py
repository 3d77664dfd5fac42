"""The published JSON Schemas (draft 2020-12), and what they have against a payload: place and expectation, no values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from ordersync.errors import FieldProblem
from ordersync.model import Order
from ordersync.shapes.values import moment

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

__all__ = ["order_schema", "pointer", "problems_of", "pushed_schema", "unified_schema"]

_DIGITS = 20
"""Of an amount, before and behind the point: more is no amount, and would cost time."""


def order_schema() -> dict[str, Any]:
    """The JSON Schema of the model, generated; `schemas/order.schema.json` is the same as a file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:ordersync:schema:order",
        **Order.model_json_schema(),
    }


def pushed_schema() -> dict[str, Any]:
    """The JSON Schema of the payload that applications push."""
    return _published("pushed-order")


def unified_schema() -> dict[str, Any]:
    """The JSON Schema of the unified list; `#/$defs/order` is one entry."""
    return _published("unified-orders")


def pointer(path: Sequence[str | int]) -> str:
    """A JSON Pointer (RFC 6901)."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def problems_of(payload: Any, shape: str) -> list[FieldProblem]:
    """Everything that the schema of `pushed` or `unified` (one entry) has against `payload`, in reading order."""
    validator = _validator(shape)
    found = {(place, problem) for error in validator.iter_errors(payload) for place, problem in _told(error)}
    return [FieldProblem(place, problem) for place, problem in sorted(found)]


def _published(name: str) -> dict[str, Any]:
    file = resources.files("ordersync.shapes") / "schemas" / f"{name}.schema.json"
    schema: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return schema


@cache
def _validator(shape: str) -> Validator:
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.validators import extend

    formats = FormatChecker(formats=())
    formats.checks("date-time", raises=ValueError)(_is_time)
    formats.checks("decimal", raises=ValueError)(_is_amount)
    formats.checks("decimal-above-zero", raises=ValueError)(_is_above_zero)
    types = Draft202012Validator.TYPE_CHECKER.redefine("number", _is_number)
    if shape == "pushed":
        schema = pushed_schema()
        schema = _inlined(schema, schema.pop("$defs"))
    else:
        definitions = unified_schema()["$defs"]
        schema = _inlined(definitions["order"], definitions)
    exact = extend(Draft202012Validator, type_checker=types)  # type: ignore[no-untyped-call]
    validator: Validator = exact(schema, format_checker=formats)
    return validator


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """With the definitions in place of the references to them: following those takes most of a check's time."""
    if isinstance(schema, list):
        return [_inlined(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    return {key: _inlined(part, definitions) for key, part in schema.items()}


def _is_number(_checker: object, value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _is_time(value: object) -> bool:
    return not isinstance(value, str) or isinstance(moment(value), datetime)


def _is_amount(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= 2 * _DIGITS + 2
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        exact = Decimal(value)
        exponent = exact.as_tuple().exponent
        return isinstance(exponent, int) and exponent >= -_DIGITS and exact.adjusted() < _DIGITS
    return True


def _is_above_zero(value: object) -> bool:
    if not _is_amount(value):
        return False
    return not isinstance(value, str) or value.strip("0.") != ""


def _told(error: ValidationError) -> Iterator[tuple[str, str]]:
    path = list(error.absolute_path)
    asked = error.schema if isinstance(error.schema, Mapping) else {}
    if error.validator == "required" and isinstance(error.instance, Mapping):
        for name in asked["required"]:
            if name not in error.instance:
                wanted = asked.get("properties", {}).get(name, {})
                yield pointer([*path, name]), f"is missing; expected {_meaning(wanted)}"
    else:
        yield pointer(path), f"expected {_meaning(asked)}"


def _meaning(asked: Mapping[str, Any]) -> str:
    """What is expected there, in the schema's own words."""
    return str(asked.get("description", "another value"))
