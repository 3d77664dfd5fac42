"""From the file to `Settings`, and from a connection's section to its connector's own settings."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, Field, ValidationError

from ordersync.errors import BadSettings, FieldProblem
from ordersync.model import Frozen, Route
from ordersync.settings.document import place_of, plain, read_document
from ordersync.settings.schema import closest, connector_schema, line_of, problems_of, settings_schema
from ordersync.settings.secrets import Expansion

__all__ = [
    "ConnectionSettings",
    "LedgerSettings",
    "Settings",
    "check_connection",
    "check_extension",
    "load_settings",
    "settings_of",
]

M = TypeVar("M", bound=BaseModel)
LEDGER_VARIABLE = "ORDERSYNC_LEDGER"
_SQLITE = re.compile(r"(sqlite(?:\+\w+)?):///(?P<file>[^?]*)(?P<query>\?.*)?")


class LedgerSettings(Frozen):
    """The memory that makes exactly-once possible."""

    url: str = Field(
        default="sqlite:///ordersync.db",
        min_length=1,
        description="SQLite file (relative to the settings file) or PostgreSQL: postgresql://user@host/database.",
        repr=False,
    )

    @property
    def password(self) -> str:
        """The password within the URL, empty if there is none."""
        try:
            return unquote(urlsplit(self.url).password or "")
        except ValueError:
            return ""

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return re.sub(r"(://[^/@:]*):[^@/]*@", r"\1:***@", self.url)

    def __repr__(self) -> str:
        return f"LedgerSettings({self.shown})"

    __str__ = __repr__


class ConnectionSettings(Frozen):
    """One connection's section. `options` are as they stand in the file: references are put in by
    `check_connection`, so that what is not used needs no secret."""

    name: str
    connector: str
    options: dict[str, Any] = Field(default_factory=dict, repr=False)


class Settings(Frozen):
    """A checked settings file."""

    path: Path
    ledger: LedgerSettings = LedgerSettings()
    connections: dict[str, ConnectionSettings] = Field(default_factory=dict)
    routes: dict[str, Route] = Field(default_factory=dict)
    lines: dict[str, int] = Field(default_factory=dict, repr=False, exclude=True)
    """TOML path → line."""

    def route(self, name: str) -> Route:
        """The route of this name. Raises BadSettings with the closest one."""
        if name in self.routes:
            return self.routes[name]
        known = ", ".join(self.routes) or "none"
        raise BadSettings(
            f"There is no route {name!r} in {self.path}.{closest(name, self.routes)}",
            remedy=f"Routes: {known}.",
        )

    def connection(self, name: str) -> ConnectionSettings:
        """The connection of this name. Raises BadSettings with the closest one."""
        if name in self.connections:
            return self.connections[name]
        known = ", ".join(self.connections) or "none"
        raise BadSettings(
            f"There is no connection {name!r} in {self.path}.{closest(name, self.connections)}",
            remedy=f"Connections: {known}.",
        )

    def __repr__(self) -> str:
        return f"Settings({self.path}, connections={list(self.connections)}, routes={list(self.routes)})"

    __str__ = __repr__


def load_settings(path: Path | str, *, env: Mapping[str, str] | None = None) -> Settings:
    """Read and check a settings file; no plugin is imported.

    Raises BadSettings naming file, line, TOML path, what was expected, and the closest valid name.
    """
    document = read_document(Path(path))
    return settings_of(document.data, path=document.path, lines=document.lines, env=env)


def settings_of(
    data: Mapping[str, Any],
    *,
    path: Path = Path("ordersync.toml"),
    lines: Mapping[str, int] | None = None,
    env: Mapping[str, str] | None = None,
) -> Settings:
    """Check settings that a host application holds as plain data; `path` places what is relative."""
    env = os.environ if env is None else env
    lines = dict(lines or {})
    checked = plain(dict(data))
    _raise(path, problems_of(settings_schema(), checked, lines=lines))
    connections = {}
    for name, section in checked.get("connections", {}).items():
        options = {key: value for key, value in section.items() if key != "connector"}
        connections[name] = ConnectionSettings(name=name, connector=section["connector"], options=options)
    problems: list[FieldProblem] = []
    routes = {}
    for name, section in checked.get("routes", {}).items():
        try:
            routes[name] = Route.model_validate({"name": name, **section})
        except ValidationError as error:
            problems += _from_pydantic(error, ("routes", name), lines)
            continue
        problems += _loose_ends(routes[name], connections, lines)
    ledger, missing = _ledger(checked.get("ledger", {}), path, env, lines)
    _raise(path, problems + missing)
    return Settings(path=path, ledger=ledger, connections=connections, routes=routes, lines=lines)


def check_connection(
    settings: Settings, name: str, settings_model: type[M], *, env: Mapping[str, str] | None = None
) -> M:
    """The connector's settings of a connection: references put in, held against the JSON Schema, then built.

    Raises BadSettings naming every wrong place; values are never shown.
    """
    connection = settings.connection(name)
    return _checked(settings, ("connections", name), connection.options, settings_model, env)


def check_extension(
    settings: Settings,
    route: str,
    name: str,
    settings_model: type[M],
    *,
    env: Mapping[str, str] | None = None,
) -> M:
    """The settings of one extension of a route, as `check_connection` does it for a connection."""
    options = settings.route(route).extension_settings.get(name, {})
    keys = ("routes", route, "extension_settings", name)
    return _checked(settings, keys, options, settings_model, env)


def _checked(
    settings: Settings,
    keys: tuple[str, ...],
    raw: dict[str, Any],
    model: type[M],
    env: Mapping[str, str] | None,
) -> M:
    expansion = Expansion(os.environ if env is None else env, settings.path.parent)
    options = expansion.of(raw, keys)
    _raise(settings.path, [_placed(problem, settings.lines) for problem in expansion.problems])
    schema = connector_schema(model)
    for key in options:
        if (*keys, key) in expansion.places:
            options[key] = _typed(options[key], schema.get("properties", {}).get(key, {}))
    _raise(settings.path, problems_of(schema, options, at=keys, lines=settings.lines))
    try:
        return model.model_validate(options)
    except ValidationError as error:
        hidden = tuple(value for value in options.values() if isinstance(value, str))
        problems = _from_pydantic(error, keys, settings.lines, hidden)
    _raise(settings.path, problems)
    raise AssertionError("unreachable")  # pragma: no cover


def _typed(value: Any, field: Mapping[str, Any]) -> Any:
    """A variable's text as the number or switch that the connector expects."""
    kinds = {branch.get("type") for branch in (field, *field.get("anyOf", ()))}
    if not isinstance(value, str) or "string" in kinds:
        return value
    if "integer" in kinds and re.fullmatch(r"[+-]?\d+", value):
        return int(value)
    if "number" in kinds and re.fullmatch(r"[+-]?\d+(\.\d+)?", value):
        return float(value)
    if "boolean" in kinds and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


def _ledger(
    section: dict[str, Any], path: Path, env: Mapping[str, str], lines: Mapping[str, int]
) -> tuple[LedgerSettings, list[FieldProblem]]:
    ledger = LedgerSettings.model_validate(section)
    expansion = Expansion(env, path.parent)
    url = env.get(LEDGER_VARIABLE) or expansion.of(ledger.url, ("ledger", "url"))
    problems = [_placed(problem, lines) for problem in expansion.problems]
    found = _SQLITE.fullmatch(url)
    if found and found["file"] not in ("", ":memory:") and not found["file"].startswith("file:"):
        file = (path.parent / found["file"]).absolute()
        url = f"{found[1]}:///{file.as_posix()}{found['query'] or ''}"
    return LedgerSettings(url=url), problems


def _loose_ends(
    route: Route, connections: Mapping[str, ConnectionSettings], lines: Mapping[str, int]
) -> list[FieldProblem]:
    found = []
    for end, name in (("source", route.source), ("target", route.target)):
        if name not in connections:
            keys = ("routes", route.name, end)
            hint = closest(name, connections) or f" Connections: {', '.join(connections) or 'none'}."
            found.append(
                _problem(keys, f"there is no connection {name!r}.{hint}", "unknown_connection", lines)
            )
    for name in route.extension_settings:
        if name not in route.extensions:
            hint = closest(name, route.extensions) or " Add it to the route's extensions."
            found.append(
                _problem(
                    ("routes", route.name, "extension_settings", name),
                    f"the route does not use this extension.{hint}",
                    "unknown_extension",
                    lines,
                )
            )
    return found


def _problem(keys: tuple[str | int, ...], problem: str, code: str, lines: Mapping[str, int]) -> FieldProblem:
    return FieldProblem(place_of(keys), f"{line_of(keys, lines)}{problem}", code)


def _placed(problem: FieldProblem, lines: Mapping[str, int]) -> FieldProblem:
    line = lines.get(problem.place)
    return FieldProblem(problem.place, f"line {line}: {problem.problem}", problem.code) if line else problem


def _from_pydantic(
    error: ValidationError,
    at: tuple[str, ...],
    lines: Mapping[str, int],
    hidden: tuple[str, ...] = (),
) -> list[FieldProblem]:
    found = []
    for told in error.errors(include_url=False, include_input=False, include_context=False):
        said = told["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        for value in sorted(hidden, key=len, reverse=True):
            if len(value) > 2:
                said = said.replace(value, "***")
        found.append(_problem((*at, *told["loc"]), said, "wrong_value", lines))
    return found


def _raise(path: Path, problems: list[FieldProblem]) -> None:
    if problems:
        many = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise BadSettings(f"{path}: {many}.", problems=tuple(problems))
