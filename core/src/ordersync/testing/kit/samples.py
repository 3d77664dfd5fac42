"""Values that fit an OpenAPI schema: the vendor's own examples where there are some, the simplest value otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

__all__ = ["referred", "sample"]

Resolve = Callable[[Any], Any]
Within = tuple[int, ...]
"""The schemas that are being sampled, from the outermost on."""
_TEXTS = {
    "date-time": "2026-09-01T08:00:00Z",
    "date": "2026-09-01",
    "time": "08:00:00Z",
    "email": "buyer.amber@example.com",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uuid": "6f1ed002-ab5e-4a11-8d4e-2f0f0a1c0001",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "hostname": "example.com",
    "byte": "",
    "binary": "",
}


def sample(schema: Any, resolved: Resolve, *, asked: bool = False, within: Within = ()) -> Any:
    """A value for a schema; `resolved` follows a `$ref`. `asked`: for a request (without what is read only), else for
    an answer (without what is written only). A schema that contains itself does so once."""
    whole = resolved(schema)
    if not isinstance(whole, Mapping):
        return {}
    for word in ("example", "const", "default"):
        if whole.get(word) is not None:
            return referred(whole[word], resolved)
    for word in ("examples", "enum"):
        if isinstance(whole.get(word), list) and whole[word]:
            return whole[word][0]
    if id(whole) in within:
        return {"array": [], "object": {}}.get(_kind(whole))
    inner = (*within, id(whole))
    if whole.get("allOf"):
        return _joined(whole, resolved, asked=asked, within=inner)
    for word in ("oneOf", "anyOf"):
        if whole.get(word):
            return sample(whole[word][0], resolved, asked=asked, within=inner)
    match _kind(whole):
        case "object":
            return _object(whole, resolved, asked=asked, within=inner)
        case "array":
            count = min(max(1, int(whole.get("minItems", 1))), int(whole.get("maxItems", 100)))
            return [sample(whole.get("items", {}), resolved, asked=asked, within=inner) for _ in range(count)]
        case "integer" | "number" as kind:
            return _number(whole, kind)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return _text(whole)


def referred(example: Any, resolved: Resolve) -> Any:
    """An example, or what the Example Object holds that stands in its place by a `$ref`."""
    if isinstance(example, Mapping) and "$ref" in example:
        held = resolved(example)
        return held.get("value", held) if isinstance(held, Mapping) else held
    return example


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind is None:
        kind = "array" if "items" in schema else "object" if "properties" in schema else "string"
    return str(kind)


def _joined(schema: Mapping[str, Any], resolved: Resolve, *, asked: bool, within: Within) -> Any:
    parts = [sample(one, resolved, asked=asked, within=within) for one in schema["allOf"]]
    parts += [_object(schema, resolved, asked=asked, within=within)] if "properties" in schema else []
    joined: dict[str, Any] = {}
    for part in parts:
        if not isinstance(part, dict):
            return part
        joined |= part
    return joined


def _object(schema: Mapping[str, Any], resolved: Resolve, *, asked: bool, within: Within) -> dict[str, Any]:
    left_out = "readOnly" if asked else "writeOnly"
    needed = schema["required"] if isinstance(schema.get("required"), list) else []
    made = {}
    for name, one in schema.get("properties", {}).items():
        held = resolved(one)
        if isinstance(held, Mapping) and (held.get(left_out) or (id(held) in within and name not in needed)):
            continue
        value = sample(held, resolved, asked=asked, within=within)
        if value is not None or name in needed:
            made[name] = value
    return made


def _number(schema: Mapping[str, Any], kind: str) -> int | Decimal:
    least, most, step = (schema.get(word) for word in ("minimum", "maximum", "multipleOf"))
    value = (
        Decimal(str(least))
        if least is not None
        else min(Decimal(1), Decimal(str(most if most is not None else 1)))
    )
    above = schema.get("exclusiveMinimum")
    if above is True:
        value += 1
    elif above is not None and above is not False:
        value = Decimal(str(above)) + 1
    if step:
        unit = Decimal(str(step))
        value = -(-value // unit) * unit
    return int(value) if kind == "integer" or value == value.to_integral_value() else value


def _text(schema: Mapping[str, Any]) -> str:
    text = _TEXTS.get(schema.get("format", ""), "text")
    least, most = schema.get("minLength"), schema.get("maxLength")
    if least is not None and len(text) < int(least):
        text = (text or "x") * int(least)
        text = text[: int(least)]
    return text if most is None else text[: int(most)]
