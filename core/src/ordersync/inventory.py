"""A list of the installed plugins that does not import them all each time: what was found out is kept while it holds.

What only a plugin's class knows (its hooks, whether it keeps to the contract) is kept in a file of the user's cache,
one per environment and group, with everything that it rests on:

- the interpreter, its options and `sys.path`;
- each entry point, and the metadata of its distribution;
- every file that was imported when the plugins were (theirs, ours, their dependencies'): time, size and inode;
- the names in every folder of `sys.path` and of those packages, without `__pycache__`, which the first import makes.
  A package that is installed, removed or edited changes one of the two.

If one of them differs, all plugins are imported again. Only what is well is kept: a plugin with a problem is asked each
time, so that it is reported for as long as it is broken and no longer. What no file tells (an environment variable that
a plugin reads as it is imported) is not seen; whoever uses the plugin imports it and is told.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import msgspec

from ordersync.discovery import CONNECTORS, Plugin, described, entries, installed

__all__ = ["listed"]

GRAIN = 2.0
"""Seconds; what changed so shortly before we began may change again without its times telling."""
_BEGUN = time.time()


@dataclass(frozen=True)
class _Kept:
    """The file."""

    environment: list[str]
    points: list[str]
    """The identity of each plugin, in the order of the list."""
    plugins: list[Plugin | None]
    """None: it had a problem."""
    places: list[str]
    """Files and folders that all this rests on."""
    stamp: str


def listed(group: str = CONNECTORS, *, fresh: bool = False) -> list[Plugin]:
    """As `installed` answers, but without importing anything if nothing has changed since.

    `fresh` imports every plugin, whatever is kept. A cache that cannot be read or written is done without.
    """
    points = {_identity(point): point for point in entries(group)}
    environment = _environment()
    path = _file(group)
    kept = None if fresh else _read(path)
    if (
        kept is not None
        and kept.environment == environment
        and sorted(kept.points) == sorted(points)
        and kept.stamp == _stamp(kept.places)
    ):
        beside = tuple(points.values())
        return [
            plugin or described(points[identity], beside)
            for identity, plugin in zip(kept.points, kept.plugins, strict=True)
        ]
    before = set(sys.modules)
    folders = [os.path.abspath(folder) for folder in sys.path]  # noqa: PTH100 - as in `_places`
    names = _stamp(folders)
    found = installed(group)
    if not any(point.module in before for point in points.values()) and _stamp(folders) == names:
        _keep(path, environment, points, found)
    return found


def _keep(
    path: Path, environment: list[str], points: dict[str, metadata.EntryPoint], found: Sequence[Plugin]
) -> None:
    """Write the file, unless something was changed while, or so shortly before, it was imported."""
    by_plugin = {(point.name, point.dist.name if point.dist else ""): key for key, point in points.items()}
    places = sorted(_places())
    stamp = _stamp(
        places
    )  # before it is asked how old they are: what changes now is seen either now or next time
    try:
        if len(by_plugin) != len(found) or _youngest(places) > _BEGUN - GRAIN:
            return
        kept = _Kept(
            environment,
            [by_plugin[plugin.name, plugin.distribution] for plugin in found],
            [None if plugin.problem else plugin for plugin in found],
            places,
            stamp,
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(kept))
            Path(draft).replace(path)
        except OSError:
            Path(draft).unlink(missing_ok=True)
            raise
    except (OSError, UnicodeError):
        return


def _read(path: Path) -> _Kept | None:
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
    except (OSError, msgspec.DecodeError):
        return None
    return kept if len(kept.points) == len(kept.plugins) else None


def _identity(point: metadata.EntryPoint) -> str:
    dist = point.dist
    text = (dist.read_text("METADATA") or dist.read_text("PKG-INFO") or "") if dist else ""
    return f"{point.name} = {point.value} {hashlib.sha256(text.encode()).hexdigest()}"


def _environment() -> list[str]:
    return [sys.version, sys.prefix, repr(sys.flags), *sys.warnoptions, "", *sys.path]


def _file(group: str) -> Path:
    from platformdirs import user_cache_path

    environment = hashlib.sha256(f"{sys.prefix}\n{sys.version}".encode()).hexdigest()[:16]
    return user_cache_path("ordersync", appauthor=False) / "plugins" / f"{group}-{environment}.json"


def _places() -> set[str]:
    """Every file that a module of this process came from, and every folder in which another could have been found."""
    places = {os.path.abspath(folder) for folder in sys.path}  # noqa: PTH100 - strings: there are a thousand
    for module in list(sys.modules.values()):
        held = getattr(module, "__dict__", {})  # an attribute might be loaded late
        if isinstance(file := held.get("__file__"), str):
            places.add(file)
        if isinstance(folders := held.get("__path__"), Iterable):
            places.update(folder for folder in folders if isinstance(folder, str) and folder)
    return places


def _youngest(places: Iterable[str]) -> float:
    """When the last of the files changed; seconds. A module's file that is no file (a zip archive's) raises OSError."""
    youngest = 0.0
    for place in places:
        try:
            found = os.stat(place)  # noqa: PTH116
        except FileNotFoundError:
            if place not in sys.path:
                raise
            continue
        if not stat.S_ISDIR(found.st_mode):  # its names say all
            youngest = max(youngest, found.st_mtime, _marked(found) / 1e9)
    return youngest


def _stamp(places: Iterable[str]) -> str:
    """What stands at these places, as one word; it differs if any of them was changed, replaced or removed."""
    said = hashlib.sha256()
    for place in places:
        try:
            found = os.stat(place)  # noqa: PTH116
            if stat.S_ISDIR(found.st_mode):
                names = sorted(name for name in os.listdir(place) if name != "__pycache__")  # noqa: PTH208
                said.update("/".join([*names, "\n"]).encode(errors="surrogateescape"))
                continue
            said.update(b"%d %d %d %d\n" % (found.st_mtime_ns, _marked(found), found.st_size, found.st_ino))
        except OSError:
            said.update(b"nothing\n")
    return said.hexdigest()


def _marked(found: os.stat_result) -> int:
    """When something about a file changed last, its time put back or not; nanoseconds. 0 for a file of several names, as
    installers share between environments: there each new environment would be a change."""
    return found.st_ctime_ns if found.st_nlink == 1 else 0
