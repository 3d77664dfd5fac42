"""An installed connector as its quality is judged: its package, its README, its requirements, its card."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ordersync.discovery import CONNECTORS, connector_class, offered
from ordersync.errors import BadInput
from ordersync.model import Facts
from ordersync.testing.quality.card import CARD

__all__ = ["Installed", "connectors", "look_up", "source_tree"]

CORE = "ordersync"


@dataclass(frozen=True)
class Installed:
    """One connector, as it is installed here."""

    name: str
    """The entry name."""
    kind: Any
    """The connector's class."""
    package: str
    """Of the connector: `ordersync_acme`."""
    folder: Path
    """Where the package lies."""
    distribution: str
    version: str
    requires: tuple[str, ...]
    """The requirements of its metadata."""
    readme: str
    """As the metadata carries it, or the source tree of an editable installation."""
    hooks: frozenset[str]
    tree: Path | None
    """The source tree, of an editable installation."""

    @property
    def facts(self) -> Facts:
        """What it declares."""
        found: Facts = getattr(self.kind, "facts", None) or Facts()
        return found

    @property
    def card(self) -> Path | None:
        """Where its card lies: in the package, or at the root of the source tree; None if it has none."""
        places = [self.folder, *([self.tree] if self.tree else [])]
        return next((place / CARD for place in places if (place / CARD).is_file()), None)


def connectors() -> list[str]:
    """The entry names of all installed connectors but the core's own."""
    points = metadata.entry_points(group=CONNECTORS)
    return sorted({point.name for point in points if point.dist is None or point.dist.name != CORE})


def look_up(name: str) -> Installed:
    """The connector of this entry name.

    Raises BadSettings if none is installed, PluginBroken if it cannot be imported, BadInput if its package cannot be
    judged: it belongs to no distribution, or to the core.
    """
    kind: Any = connector_class(name)
    point = next(iter(metadata.entry_points(group=CONNECTORS, name=name)))
    if point.dist is None or point.dist.name == CORE:
        raise BadInput(
            f"The connector {name!r} is the core's own: it has no card.",
            remedy=f"Connectors that have one: {', '.join(connectors()) or 'none are installed'}.",
        )
    package = kind.__module__.partition(".")[0]
    file = getattr(importlib.import_module(package), "__file__", None)
    if file is None or Path(file).name != "__init__.py":
        raise BadInput(
            f"The connector {name!r} lies in {package!r}, which is no package.",
            remedy="Make it a package of its own: ordersync_<platform>/ with an __init__.py.",
        )
    tree = source_tree(point.dist)
    readme = tree / "README.md" if tree else None
    return Installed(
        name=name,
        kind=kind,
        package=package,
        folder=Path(file).parent,
        distribution=point.dist.name,
        version=point.dist.version,
        requires=tuple(point.dist.requires or ()),
        readme=readme.read_text("utf-8") if readme and readme.is_file() else _description(point.dist),
        hooks=frozenset(offered(kind)),
        tree=tree,
    )


def source_tree(dist: metadata.Distribution) -> Path | None:
    """The folder that an editable installation points to; None if it was installed as a copy."""
    said = dist.read_text("direct_url.json")
    if not said:
        return None
    direct = json.loads(said)
    address = urlsplit(direct.get("url", ""))
    if address.scheme != "file" or not direct.get("dir_info", {}).get("editable"):
        return None
    return Path(url2pathname(address.path))


def _description(dist: metadata.Distribution) -> str:
    body = dist.metadata.get_payload()  # type: ignore[attr-defined]
    if isinstance(body, str) and body.strip():
        return body
    return str(dist.metadata["Description"]) if "Description" in dist.metadata else ""
