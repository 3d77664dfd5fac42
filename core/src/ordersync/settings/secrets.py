"""`${ENV}`, `${ENV:-default}` and `${file:/path}` in strings; `$$` is one dollar sign. Values are never shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ordersync.errors import FieldProblem
from ordersync.settings.document import place_of
from ordersync.settings.schema import connector_schema, secret_fields

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ordersync.settings.load import Settings

__all__ = ["Expansion", "plain_secrets", "references", "secret_values"]

_REFERENCE = re.compile(r"\$\$|\$\{(?P<body>[^{}]*)\}?")
_BODY = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)
_SOUNDS_SECRET = re.compile(r"token|secret|passw|api_?key|credential|private", re.IGNORECASE)
SHORTEST = 6
"""Shorter values are not blotted out: they would blot out half of every message."""


class Expansion:
    """Puts environment variables and secret files into strings, and collects what is missing."""

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        self._env, self._folder = env, folder
        self.problems: list[FieldProblem] = []
        self.places: set[tuple[str | int, ...]] = set()
        """Where something was put in."""

    def of(self, value: Any, keys: tuple[str | int, ...]) -> Any:
        """`value` with every reference in it replaced."""
        if isinstance(value, dict):
            return {key: self.of(element, (*keys, key)) for key, element in value.items()}
        if isinstance(value, list):
            return [self.of(element, (*keys, i)) for i, element in enumerate(value)]
        if isinstance(value, str) and "$" in value:
            return _REFERENCE.sub(lambda found: self._one(found, keys), value)
        return value

    def _one(self, found: re.Match[str], keys: tuple[str | int, ...]) -> str:
        if found[0] == "$$":
            return "$"
        self.places.add(keys)
        body = found["body"]
        if body.startswith("file:") and found[0].endswith("}"):
            return self._file(body.removeprefix("file:"), keys)
        parts = _BODY.fullmatch(body)
        if parts is None or not found[0].endswith("}"):
            self._miss(
                keys,
                "`${` begins a reference: write ${NAME}, ${NAME:-default} or ${file:/path}, or $${ for itself",
            )
            return ""
        value = self._env.get(parts["name"], "")
        if value:
            return value
        if parts["default"] is not None:
            return str(parts["default"])
        self._miss(keys, f"the environment variable {parts['name']} is not set (or empty)")
        return ""

    def _file(self, name: str, keys: tuple[str | int, ...]) -> str:
        try:
            return (self._folder / Path(name).expanduser()).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError, RuntimeError) as error:
            self._miss(keys, f"the secret file {name} cannot be read ({type(error).__name__})")
            return ""

    def _miss(self, keys: tuple[str | int, ...], problem: str) -> None:
        self.problems.append(FieldProblem(place_of(keys), problem, "missing_secret"))


def references(value: str) -> tuple[str, ...]:
    """The names of the environment variables that a string refers to."""
    bodies = (found["body"] for found in _REFERENCE.finditer(value) if found["body"])
    parts = (_BODY.fullmatch(body) for body in bodies if not body.startswith("file:"))
    return tuple(part["name"] for part in parts if part)


def _strings(value: Any, keys: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, dict):
        for key, element in value.items():
            yield from _strings(element, (*keys, key))
    elif isinstance(value, (list, tuple)):
        for i, element in enumerate(value):
            yield from _strings(element, (*keys, i))
    elif isinstance(value, str):
        yield keys, value


def _sections(settings: Settings) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for name, connection in settings.connections.items():
        yield from _strings(connection.options, ("connections", name))
    for name, route in settings.routes.items():
        yield from _strings(route.extension_settings, ("routes", name, "extension_settings"))


def secret_values(settings: Settings, env: Mapping[str, str]) -> frozenset[str]:
    """Every value that must not appear in any output, as far as names tell: a second net below the first one."""
    found = {settings.ledger.password}
    for keys, text in _sections(settings):
        value = Expansion(env, settings.path.parent).of(text, keys)
        from_file = "${file:" in text
        named = (str(keys[-1]) if isinstance(keys[-1], str) else str(keys[-2]), *references(text))
        if from_file or any(_SOUNDS_SECRET.search(name) for name in named):
            found.add(value)
            found.update(env.get(name, "") for name in references(text))
    return frozenset(value for value in found if len(value) >= SHORTEST)


def plain_secrets(settings: Settings, name: str, settings_model: type[BaseModel]) -> tuple[str, ...]:
    """The TOML paths of a connection's secrets that stand in the file as plain text."""
    options = settings.connections[name].options
    return tuple(
        place_of(("connections", name, field))
        for field in sorted(secret_fields(connector_schema(settings_model)))
        if isinstance(options.get(field), str) and options[field] and "${" not in options[field]
    )
