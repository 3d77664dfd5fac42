"""JSON Schemas of the settings, and what a schema has against them in words that name place, expectation, remedy."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ordersync.errors import FieldProblem
from ordersync.settings.document import place_of

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from pydantic import BaseModel

__all__ = ["closest", "connector_schema", "problems_of", "secret_fields", "settings_schema"]

Keys = tuple[str | int, ...]
NAME = r"^[A-Za-z0-9_-]+$"
_WORDS = {
    "string": "text in quotes",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list: [ … ]",
    "object": "a table",
}
REFERENCE = {"type": "string", "pattern": r"^\$\{[^{}]+\}$", "description": "Put in from the environment."}


def closest(name: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?`, or nothing if nothing is close."""
    names = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return f" Did you mean {names[found[0]]!r}?" if found else ""


def settings_schema(connectors: Mapping[str, type[BaseModel]] | None = None) -> dict[str, Any]:
    """The JSON Schema of the settings file: the core's keys, and those of the given connectors' connections.

    Without connectors a connection's own keys are left open.
    """
    from ordersync.model import Route
    from ordersync.settings.load import LedgerSettings

    route = Route.model_json_schema()
    definitions: dict[str, Any] = route.pop("$defs", {})
    del route["properties"]["name"]
    route["required"] = [key for key in route["required"] if key != "name"]
    connection: dict[str, Any] = {
        "type": "object",
        "properties": {
            "connector": {"type": "string", "minLength": 1, "description": "The connector's name."}
        },
        "required": ["connector"],
    }
    if connectors is not None:
        connection["properties"]["connector"]["examples"] = sorted(connectors)
        connection["allOf"] = []
        for name, model in sorted(connectors.items()):
            schema = connector_schema(model)
            definitions.update(
                {f"{name}.{key}": _moved(value, name) for key, value in schema.pop("$defs", {}).items()}
            )
            schema = _moved(schema, name)
            schema["properties"] = {
                "connector": True,
                **{key: _or_reference(field) for key, field in schema.get("properties", {}).items()},
            }
            definitions[f"connection.{name}"] = schema
            connection["allOf"].append(
                {
                    "if": {"properties": {"connector": {"const": name}}},
                    "then": {"$ref": f"#/$defs/connection.{name}"},
                }
            )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ordersync.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "ledger": LedgerSettings.model_json_schema(),
            "connections": {
                "type": "object",
                "description": "Accounts on platforms, by a name of your choice.",
                "propertyNames": {"pattern": NAME},
                "additionalProperties": connection,
            },
            "routes": {
                "type": "object",
                "description": "How orders pass from one connection to another, by a name of your choice.",
                "propertyNames": {"pattern": NAME},
                "additionalProperties": route,
            },
        },
        "$defs": definitions,
    }


def connector_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a connector's settings; unknown keys are refused unless the model takes any."""
    schema = copy.deepcopy(model.model_json_schema(by_alias=True))
    schema.setdefault("additionalProperties", False)
    return schema


def secret_fields(schema: Mapping[str, Any]) -> frozenset[str]:
    """The keys whose values are secrets (pydantic's `SecretStr`)."""
    return frozenset(
        key
        for key, field in schema.get("properties", {}).items()
        if any(branch.get("writeOnly") or branch.get("format") == "password" for branch in _branches(field))
    )


def _branches(field: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [field, *field.get("anyOf", ()), *field.get("oneOf", ())]


def _or_reference(field: Any) -> Any:
    if not isinstance(field, dict) or any(branch.get("type") == "string" for branch in _branches(field)):
        return field
    told = {key: field[key] for key in ("title", "description", "default") if key in field}
    return {**told, "anyOf": [field, REFERENCE]}


def _moved(schema: Any, name: str) -> Any:
    if isinstance(schema, dict):
        return {
            key: value.replace("#/$defs/", f"#/$defs/{name}.")
            if key == "$ref" and isinstance(value, str)
            else _moved(value, name)
            for key, value in schema.items()
        }
    return [_moved(element, name) for element in schema] if isinstance(schema, list) else schema


def problems_of(
    schema: Mapping[str, Any], data: Any, *, at: Keys = (), lines: Mapping[str, int] | None = None
) -> list[FieldProblem]:
    """What the schema has against `data`, in the file's order; values are never shown."""
    from jsonschema import Draft202012Validator

    found: dict[tuple[str, str], FieldProblem] = {}
    for error in Draft202012Validator(schema).iter_errors(data):
        for keys, problem, code in _told(error, schema):
            place = place_of((*at, *keys))
            line = line_of((*at, *keys), lines or {})
            found.setdefault((place, code), FieldProblem(place, f"{line}{problem}", code))
    return sorted(found.values(), key=lambda problem: (lines or {}).get(problem.place, 0))


def line_of(keys: Keys, lines: Mapping[str, int]) -> str:
    """`line 7: `, by the nearest place whose line is known; nothing if there is none."""
    for end in range(len(keys), 0, -1):
        line = lines.get(place_of(keys[:end]))
        if line:
            return f"line {line}: "
    return ""


def _told(error: ValidationError, root: Mapping[str, Any]) -> Iterator[tuple[Keys, str, str]]:
    keys: Keys = tuple(error.absolute_path)
    schema: Mapping[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    rule: Any = error.validator_value
    instance: Any = error.instance
    match error.validator:
        case "additionalProperties":
            known = list(schema.get("properties", {}))
            for key in instance:
                if key not in known:
                    yield (*keys, key), f"unknown key.{_better(key, known, schema, root)}", "unknown_key"
        case "required":
            for key in rule:
                if key not in instance:
                    field = schema.get("properties", {}).get(key, {})
                    what = f": expected {_expected(field, root)}" if _expected(field, root) else ""
                    yield (*keys, key), f"is missing{what}", "missing_key"
        case "anyOf" | "oneOf" if error.context:
            branches: dict[Any, list[ValidationError]] = {}
            for inner in error.context:
                branches.setdefault(inner.schema_path[0], []).append(inner)
            fitting = [
                inner
                for inner in branches.values()
                if not any(e.validator == "type" and not e.relative_path for e in inner)
            ]
            if len(fitting) == 1:
                for inner_error in fitting[0]:
                    yield from _told(inner_error, root)
            else:
                yield keys, f"expected {_expected(schema, root)}", "wrong_type"
        case "enum":
            text = instance if isinstance(instance, str) else ""
            hint = closest(text, [choice for choice in rule if isinstance(choice, str)])
            yield keys, f"expected {_expected(schema, root)}.{hint}", "wrong_value"
        case "type":
            reference = isinstance(instance, str) and "${" in instance
            hint = " (a reference must be the whole text)" if reference else ""
            yield keys, f"expected {_expected(schema, root)}{hint}", "wrong_type"
        case "pattern" if schema.get("pattern") == NAME and error.parent is None:
            yield (*keys, str(instance)), "a name has letters, digits, - and _ only", "wrong_name"
        case "pattern":
            yield keys, f"expected text of the form {rule}", "wrong_value"
        case "minLength":
            yield (
                keys,
                "must not be empty" if rule == 1 else f"must have {rule} characters or more",
                "wrong_value",
            )
        case "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum":
            word = {
                "minimum": "at least",
                "exclusiveMinimum": "more than",
                "maximum": "at most",
                "exclusiveMaximum": "less than",
            }[str(error.validator)]
            yield keys, f"must be {word} {rule:g}", "wrong_value"
        case "uniqueItems":
            yield keys, "names something twice", "wrong_value"
        case _:
            yield keys, f"breaks the rule {error.validator} of its schema", "wrong_value"


def _better(key: str, known: list[str], schema: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    hint = closest(key, known)
    if hint:
        return hint
    for name, field in schema.get("properties", {}).items():
        if key in _resolved(field, root).get("properties", {}):
            return f" It belongs into the table {name!r}."
    return f" Known: {', '.join(known)}." if known else ""


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref", "")
    if not reference.startswith("#/$defs/"):
        return schema
    found: Mapping[str, Any] = root.get("$defs", {}).get(reference.removeprefix("#/$defs/"), {})
    return found


def _expected(schema: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    schema = _resolved(schema, root)
    if "enum" in schema:
        return " or ".join(repr(choice) for choice in schema["enum"])
    if "const" in schema:
        return repr(schema["const"])
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        said = (_expected(branch, root) for branch in branches if branch.get("type") != "null")
        return " or ".join(dict.fromkeys(word for word in said if word))
    if schema.get("format") == "date-time":
        return "a time with its offset, like 2026-09-01T00:00:00Z"
    kind = schema.get("type")
    if kind == "array":
        inner = _expected(schema.get("items", {}), root)
        return f"a list of {inner}" if inner else _WORDS["array"]
    kinds = kind if isinstance(kind, list) else [kind]
    return " or ".join(_WORDS[k] for k in kinds if k in _WORDS)
