"""Which plugins are installed, and loading one by name. The only place that knows stevedore."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, Protocol, cast

from ordersync.errors import BadSettings, NotOffered, PluginBroken

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
    "described",
    "entries",
    "extension_class",
    "installed",
    "sandbox_class",
]

CONNECTORS = "ordersync.connectors"
EXTENSIONS = "ordersync.extensions"
_MADE_FOR_ANOTHER = "Install a version of the plugin, or of ordersync, that fits the other."


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
    remedy: str = ""
    """What to do about the problem, or about the first of the warnings."""
    warnings: tuple[str, ...] = ()
    """What hurts nobody today."""
    deprecated: tuple[str, ...] = ()
    """Hooks and parameters that it uses though they will go."""

    fits: bool = True
    """Whether it was made for this version of ordersync, as far as it says so."""


def installed(group: str = CONNECTORS, load: bool = True, name: str = "") -> list[Plugin]:
    """All plugins of a group by name, or those of one `name`. A broken one carries its problem and hurts no other.

    With `load` false nothing is imported, and `hooks` stays empty.
    """
    found = sorted(entries(group), key=lambda point: (point.name, point.dist.name if point.dist else ""))
    return [described(point, found, load=load) for point in found if name in ("", point.name)]


def entries(group: str = CONNECTORS) -> Sequence[metadata.EntryPoint]:
    """Where the plugins of a group are, as their metadata says. Imports nothing."""
    return tuple(metadata.entry_points(group=group))


def described(
    point: metadata.EntryPoint, beside: Sequence[metadata.EntryPoint], *, load: bool = True
) -> Plugin:
    """One plugin among those `beside` it (itself too); see `installed`."""
    from ordersync.compatibility import declared

    namesakes = sum(other.name == point.name for other in beside)
    dist = point.dist
    says = declared(dist)
    problem, remedy = says.problem, _MADE_FOR_ANOTHER if says.problem else ""
    if namesakes > 1:
        problem = f"{namesakes} installed packages call themselves {point.name!r}; remove one"
        remedy = "Uninstall all but one of them."
    hooks: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    if load and not problem:
        from ordersync.signatures import deprecated_uses

        try:
            kind = _usable(_imported(point), point)
            hooks = offered(kind, point.group)
            uses = tuple(map(str, deprecated_uses(kind, _specs(point.group))))
        except PluginBroken as error:
            problem, remedy = error.message, error.remedy
    if says.warnings and not problem:
        remedy = f"Its author should require `ordersync>={_core_series()}`."
    return Plugin(
        name=point.name,
        group=point.group,
        distribution=dist.name if dist else "",
        version=dist.version if dist else "",
        hook_api=says.range,
        hooks=hooks,
        problem=problem,
        summary=str(dist.metadata["Summary"]) if dist and "Summary" in dist.metadata else "",
        remedy=remedy,
        warnings=says.warnings,
        deprecated=uses,
        fits=not says.problem,
    )


def _imported(point: metadata.EntryPoint) -> Any:
    """What the entry point names, for a list: whether the name is taken twice has been seen there already."""
    try:
        return point.load()
    except (Exception, SystemExit) as error:
        raise _unimportable(point, error) from error


def _core_series() -> str:
    from ordersync.hookspecs import PROJECT

    major, minor, *_ = metadata.version(PROJECT).split(".")
    return f"{major}.{minor},<{int(major) + 1}"


def _usable(found: Any, point: metadata.EntryPoint) -> type:
    """The plugin's class. Raises PluginBroken if it is none, or if it breaks the contract."""
    from ordersync.signatures import class_problems

    kind = "connector" if point.group == CONNECTORS else "extension"
    tell = "Tell its author: it breaks the contract."
    if not isinstance(found, type):
        raise PluginBroken(f"The {kind} {point.name!r} is not a class.", remedy=tell)
    if point.group == CONNECTORS and getattr(found, "settings_model", None) is None:
        raise PluginBroken(f"The connector {point.name!r} has no settings_model.", remedy=tell)
    problems = class_problems(found, _specs(point.group))
    if problems:
        raise PluginBroken(
            f"The {kind} {point.name!r} breaks the contract: {'; '.join(problems)}.", remedy=tell
        )
    return found


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
    from ordersync.hookspecs import PROJECT

    specs = _specs(group)
    return tuple(
        name
        for name in vars(specs)
        if not name.startswith("_")
        and getattr(getattr(plugin, name, None), f"{PROJECT}_impl", None) is not None
    )


def _specs(group: str) -> type:
    from ordersync.hookspecs import ConnectorSpecs, ExtensionSpecs

    return {CONNECTORS: ConnectorSpecs, EXTENSIONS: ExtensionSpecs}[group]


def _load(group: str, name: str) -> Any:
    from ordersync.compatibility import declared

    points = [point for point in entries(group) if point.name == name]
    for point in points:
        says = declared(point.dist)
        if says.problem and len(points) == 1:
            raise PluginBroken(
                f"The plugin {name!r} cannot be used: {says.problem}.", remedy=_MADE_FOR_ANOTHER
            )

    def failed(_manager: Any, _point: Any, error: BaseException) -> None:
        raise _unimportable(points[0], error) from error

    from stevedore import driver
    from stevedore.exception import MultipleMatches, NoMatches

    try:
        return driver.DriverManager(
            group,
            name,
            invoke_on_load=False,
            on_load_failure_callback=failed,
            on_missing_entrypoints_callback=lambda _missing: None,
        ).driver
    except (SystemExit, AssertionError) as error:
        raise _unimportable(points[0], error) from error
    except MultipleMatches:
        raise PluginBroken(
            f"Several installed packages call themselves {name!r}.", remedy="Remove all but one."
        ) from None
    except NoMatches:
        if points:
            # installed while this process ran: stevedore remembers what was there at first
            return _imported(points[0])
        import difflib

        known = sorted({point.name for point in entries(group)})
        close = difflib.get_close_matches(name, known, n=3)
        kind = "connector" if group == CONNECTORS else "extension"
        hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
        raise BadSettings(
            f"There is no {kind} {name!r} here.{hint}",
            remedy=f"Installed: {', '.join(known) or 'none'}. To add it: pip install ordersync-{name}",
        ) from None


def _unimportable(point: metadata.EntryPoint, error: BaseException) -> PluginBroken:
    package = point.dist.name if point.dist else point.name
    remedy = f"Reinstall it (`pip install --force-reinstall {package}`), or tell its author."
    if isinstance(error, ModuleNotFoundError) and error.name:
        remedy = f"Install what it needs: `pip install --upgrade {package}` (missing: {error.name})."
    return PluginBroken(
        f"The plugin {point.name!r} cannot be imported ({type(error).__name__}: {error}).", remedy=remedy
    )
