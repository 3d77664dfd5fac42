"""Which plugins are installed, and loading one by name. The only place that knows stevedore."""

from __future__ import annotations

import difflib
import importlib
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, Protocol, cast

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from stevedore import driver
from stevedore.exception import MultipleMatches, NoMatches

from ordersync.errors import BadSettings, NotOffered, PluginBroken
from ordersync.hookspecs import HOOK_API, PROJECT, ConnectorSpecs, ExtensionSpecs

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ordersync.model import Facts
    from ordersync.testing.sandbox import Sandbox
    from ordersync.web import Access

__all__ = [
    "CONNECTORS",
    "EXTENSIONS",
    "ConnectorClass",
    "Plugin",
    "connector_class",
    "extension_class",
    "installed",
    "sandbox_class",
]

CONNECTORS = "ordersync.connectors"
EXTENSIONS = "ordersync.extensions"
_SPECS: dict[str, type] = {CONNECTORS: ConnectorSpecs, EXTENSIONS: ExtensionSpecs}


class ConnectorClass(Protocol):
    """What a connector's entry point gives: a class."""

    settings_model: type[BaseModel]
    facts: Facts

    def __call__(self, settings: Any, access: Access) -> Any:
        """Build the connector for one account."""


@dataclass(frozen=True)
class Plugin:
    """An installed plugin, as its metadata tells; `problem` says why it cannot be used."""

    name: str
    group: str
    distribution: str
    version: str
    hook_api: str
    """The range of ordersync it was made for, from its requirements."""
    hooks: tuple[str, ...]
    """What it implements; empty if it was not loaded."""
    problem: str
    summary: str


def installed(group: str = CONNECTORS, load: bool = True) -> list[Plugin]:
    """All plugins of a group by name. A broken one carries its problem and hurts no other.

    With `load` false nothing is imported, and `hooks` stays empty.
    """
    found = sorted(metadata.entry_points(group=group), key=lambda point: point.name)
    names = [point.name for point in found]
    plugins = []
    for point in found:
        problem = _unfit(point)
        if names.count(point.name) > 1:
            problem = (
                f"{names.count(point.name)} installed packages call themselves {point.name!r}; remove one"
            )
        hooks: tuple[str, ...] = ()
        if load and not problem:
            try:
                hooks = offered(_load(group, point.name), group)
            except PluginBroken as error:
                problem = error.message
        dist = point.dist
        plugins.append(
            Plugin(
                name=point.name,
                group=group,
                distribution=dist.name if dist else "",
                version=dist.version if dist else "",
                hook_api=_declared(point),
                hooks=hooks,
                problem=problem,
                summary=str(dist.metadata["Summary"] or "") if dist else "",
            )
        )
    return plugins


def connector_class(name: str) -> ConnectorClass:
    """The connector of this entry name.

    Raises BadSettings if none is installed (with close matches and the package to install), PluginBroken if it cannot
    be imported or was made for another version of the hooks.
    """
    found = _load(CONNECTORS, name)
    if getattr(found, "settings_model", None) is None:
        raise PluginBroken(
            f"The connector {name!r} has no settings_model.",
            remedy="Tell its author: it breaks the contract.",
        )
    return cast(ConnectorClass, found)


def extension_class(name: str) -> Any:
    """The extension of this entry name; raises as `connector_class` does."""
    return _load(EXTENSIONS, name)


def sandbox_class(name: str) -> type[Sandbox]:
    """The sandbox of a connector: `Sandbox` in the module `sandbox` beside it.

    Raises NotOffered if it has none, or if what it needs is not installed.
    """
    package = connector_class(name).__module__.rpartition(".")[0]
    module = f"{package}.sandbox"
    if not package:
        raise NotOffered(f"The connector {name!r} brings no sandbox.")
    try:
        found = cast("type[Sandbox]", importlib.import_module(module).Sandbox)
        if not found.platform:
            raise NotOffered(f"The connector {name!r} brings no sandbox.")
        return found
    except ModuleNotFoundError as error:
        if error.name == module:
            raise NotOffered(f"The connector {name!r} brings no sandbox.") from None
        raise NotOffered(
            f"The sandbox of {name!r} needs the package {error.name!r}.",
            remedy=f"Install it with: pip install 'ordersync-{name}[sandbox]'",
        ) from None
    except AttributeError:
        raise NotOffered(f"The connector {name!r} brings no sandbox.") from None


def offered(plugin: Any, group: str = CONNECTORS) -> tuple[str, ...]:
    """The names of the hooks that a plugin (class or object) implements."""
    specs = _SPECS[group]
    return tuple(
        name
        for name in vars(specs)
        if not name.startswith("_")
        and getattr(getattr(plugin, name, None), f"{PROJECT}_impl", None) is not None
    )


def _load(group: str, name: str) -> Any:
    points = [point for point in metadata.entry_points(group=group) if point.name == name]
    for point in points:
        problem = _unfit(point)
        if problem:
            raise PluginBroken(f"The plugin {name!r} cannot be used: {problem}.")

    def failed(_manager: Any, point: Any, error: BaseException) -> None:
        raise PluginBroken(
            f"The plugin {point.name!r} cannot be imported ({type(error).__name__}: {error}).",
            remedy="Reinstall its package, or tell its author.",
        ) from error

    try:
        return driver.DriverManager(
            group,
            name,
            invoke_on_load=False,
            on_load_failure_callback=failed,
            on_missing_entrypoints_callback=lambda _missing: None,
        ).driver
    except MultipleMatches:
        raise PluginBroken(
            f"Several installed packages call themselves {name!r}.", remedy="Remove all but one."
        ) from None
    except NoMatches:
        known = sorted({point.name for point in metadata.entry_points(group=group)})
        close = difflib.get_close_matches(name, known, n=3)
        kind = "connector" if group == CONNECTORS else "extension"
        hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
        raise BadSettings(
            f"There is no {kind} {name!r} here.{hint}",
            remedy=f"Installed: {', '.join(known) or 'none'}. To add it: pip install ordersync-{name}",
        ) from None


def _requirement(point: metadata.EntryPoint) -> Requirement | None:
    for text in (point.dist.requires or ()) if point.dist else ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if canonicalize_name(requirement.name) == PROJECT and requirement.marker is None:
            return requirement
    return None


def _declared(point: metadata.EntryPoint) -> str:
    requirement = _requirement(point)
    if point.dist and canonicalize_name(point.dist.name) == PROJECT:
        return HOOK_API
    return str(requirement.specifier) if requirement else ""


def _unfit(point: metadata.EntryPoint) -> str:
    requirement = _requirement(point)
    if requirement is None:
        return ""
    version = metadata.version(PROJECT)
    if requirement.specifier.contains(version, prereleases=True):
        return ""
    return f"it was made for ordersync {requirement.specifier}, and this is {version}"
