"""For which versions of ordersync a plugin was made: what its metadata declares, read before its code is imported.

A plugin that declares nothing is used, with a warning: it may well work, and to refuse it would stop routes that ran
yesterday over a line of metadata. One that declares another version is not imported: its author said so.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from ordersync.hookspecs import HOOK_API, PROJECT

__all__ = ["Declared", "declared"]


@dataclass(frozen=True)
class Declared:
    """What a distribution says about the core. `problem` is empty if it fits, or if nothing is said."""

    range: str
    """`<1,>=0.1`; the core's own plugins: the version of the hooks; empty if nothing is declared."""
    problem: str = ""
    warnings: tuple[str, ...] = ()


def declared(dist: metadata.Distribution | None, core: str = "") -> Declared:
    """What this distribution declares. `core` is the core's version (default: the one that runs).

    Requirements with extras (`ordersync[oauth1]>=0.1,<1`) count as others do; those whose marker does not hold here, or
    that stand under an extra of the plugin, do not. Several that hold must all fit. Pre-releases count as pip counts
    them: `<1` leaves 1.0rc1 out.
    """
    if dist is None:
        return Declared("", warnings=("it belongs to no installed package",))
    if canonicalize_name(dist.name) == PROJECT:
        return Declared(HOOK_API)
    core = core or metadata.version(PROJECT)
    found, warnings = [], []
    for text in dist.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            if text.lower().replace("_", "-").startswith(PROJECT):
                warnings.append("its requirement of ordersync cannot be read")
            continue
        if canonicalize_name(requirement.name) != PROJECT:
            continue
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            where = (
                "an extra" if "extra" in str(requirement.marker) else "a condition that does not hold here"
            )
            warnings.append(f"it names ordersync under {where} only")
            continue
        found.append(requirement)
    if found:
        warnings = []
    both = SpecifierSet(",".join(str(one.specifier) for one in found if str(one.specifier)))
    if not str(both) and not warnings:
        warnings.append("it does not say for which versions of ordersync it was made")
    elif str(both) and not _is_bounded(both):
        warnings.append(f"it was made for ordersync {both}, without an upper end")
    fits = both.contains(core, prereleases=True)
    problem = "" if fits else f"it was made for ordersync {both}, and this is {core}"
    return Declared(str(both), problem, tuple(warnings))


def _is_bounded(specifiers: SpecifierSet) -> bool:
    """Whether a version far ahead is left out, however that is written (`<1`, `~=0.3`, `==0.*`)."""
    return not specifiers.contains(Version("9999"), prereleases=True)
