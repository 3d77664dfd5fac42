"""The settings file: the core's tables and keys, and what each installed connector takes."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from ordersync.discovery import connector_class, installed
from ordersync.errors import OrderSyncError
from ordersync.model import Defaults, Filters, Policies, Route
from ordersync.settings import LedgerSettings, toml_value
from ordersync.settings.schema import connector_schema, secret_fields
from ordersync.testing.markdown import table
from ordersync.testing.pages.described import REQUIRED, described

__all__ = ["connectors_part", "core_part"]

_TABLES: Mapping[str, type[BaseModel]] = {
    "[routes.NAME]": Route,
    "[routes.NAME.filters]": Filters,
    "[routes.NAME.policies]": Policies,
    "[routes.NAME.defaults]": Defaults,
}
_COLUMNS = ("key", "value", "default", "meaning")
_CONNECTION = """\
One table for each account, by a name of your choice (letters, digits, `-`, `_`). `connector` is the connector's entry name
and must be there; every other key is the connector's own, see [below](#keys-of-each-connector).
"""


def core_part() -> str:
    """The core's own tables."""
    (url,) = described(LedgerSettings)
    ledger = table(_COLUMNS, [(f"`{url.name}`", "text", _default(url.default), url.text)])
    parts = [f"## `[ledger]`\n\n{ledger}", f"## `[connections.NAME]`\n\n{_CONNECTION}"]
    for title, kind in _TABLES.items():
        text = inspect.cleandoc(kind.__doc__ or "").partition("\n")[0]
        parts.append(f"## `{title}`\n\n{text}\n\n{_keys(kind, leave_out=('name',))}")
    return "\n".join(parts)


def _keys(kind: type[BaseModel], *, leave_out: tuple[str, ...] = ()) -> str:
    schema = connector_schema(kind)
    secrets = secret_fields(schema)
    return table(
        _COLUMNS,
        (
            (f"`{one.name}`", _kind(schema, one.name, secrets), _default(one.default), _told(one.text))
            for one in described(kind)
            if one.name not in leave_out
        ),
    )


def connectors_part() -> str:
    """What each connector takes in its connections' tables."""
    parts = []
    for plugin in installed(load=False):
        try:
            model = connector_class(plugin.name).settings_model
        except OrderSyncError:
            continue
        parts.append(f"### {plugin.name}\n\n{_keys(model)}")
    return "\n".join(parts)


def _told(text: str) -> str:
    return " ".join(text.split()).replace("<", "\\<")


def _default(default: Any) -> str:
    if default is REQUIRED:
        return "required"
    return "none" if default in (None, (), [], {}, "") else f"`{toml_value(default)}`"


def _kind(schema: Mapping[str, Any], key: str, secrets: frozenset[str]) -> str:
    if key in secrets:
        return "secret"
    field = schema["properties"].get(key, {})
    said = [_word(branch, schema) for branch in field.get("anyOf", [field])]
    return " or ".join(dict.fromkeys(word for word in said if word))


def _word(field: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    if "$ref" in field:
        return _word(root["$defs"][field["$ref"].removeprefix("#/$defs/")], root)
    if "enum" in field:
        return " or ".join(f"`{choice}`" for choice in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    return {**words, "array": "list", "object": "table", "null": ""}.get(str(field.get("type")), "text")
