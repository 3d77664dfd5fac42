"""The scaffold: a new connector's whole package, which works, and passes its tests, the moment it is written.

What is written is the template beside this file, rendered by copier: a connector for a small invented REST platform, and
the sandbox that speaks it. The author then replaces that platform's shapes by the vendor's, place by place (`yours:`).
"""

from __future__ import annotations

import importlib.util
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from packaging.version import Version

from ordersync.discovery import CONNECTORS
from ordersync.errors import BadInput, FieldProblem, NotOffered

__all__ = ["CHOICES", "QUESTIONS", "Made", "check", "core_range", "create"]

CHOICES: Mapping[str, tuple[str, ...]] = {
    "role": ("both", "source", "target"),
    "auth": ("token", "basic", "oauth2", "none"),
    "paging": ("cursor", "link", "next", "numbered", "offset"),
    "money": ("text", "number", "minor"),
}
"""Question → what can be answered, the default first; the template asks the same."""
QUESTIONS = ("title", *CHOICES)
"""Everything that is asked for, in this order."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 40


@dataclass(frozen=True)
class Made:
    """A package that was written."""

    platform: str
    distribution: str
    folder: Path
    files: tuple[Path, ...]
    """Relative to the folder, in order."""
    places: int
    """How many places are marked `yours:`."""


def create(platform: str, into: Path, answers: Mapping[str, str], *, ask: bool) -> Made:
    """Write the package `ordersync-PLATFORM` as a new folder in `into`.

    `answers` are to some of `QUESTIONS`; the others are asked for on the terminal if `ask`, else they are the defaults.
    Either the whole folder is there in the end, or nothing.

    Raises BadInput for a name or an answer that cannot be, or a folder that exists; NotOffered if copier is not installed;
    KeyboardInterrupt if the questions are broken off.
    """
    check(platform, into, answers)
    folder = _folder(platform, into)
    try:
        _write(folder, {**_names(platform), **answers}, ask=ask)
    except OSError as error:
        raise BadInput(f"{folder} cannot be written: {error.strerror or type(error).__name__}.") from None
    files = tuple(sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file()))
    places = sum((folder / file).read_text("utf-8").count("yours:") for file in files)
    return Made(platform, folder.name, folder, files, places)


def check(platform: str, into: Path, answers: Mapping[str, str]) -> None:
    """Raises BadInput for a name or an answer that cannot be, or a folder that exists, before anybody is asked."""
    _check_name(platform)
    _check_answers(answers)
    _check_folder(into, _folder(platform, into))


def _write(folder: Path, data: Mapping[str, str], *, ask: bool) -> None:
    """Render beside the folder's place, and move it there when it is whole."""
    run_copy = _copier()
    template = resources.files(__name__) / "template"
    with (
        resources.as_file(template) as source,
        tempfile.TemporaryDirectory(prefix=".ordersync-new-", dir=folder.parent) as half,
    ):
        written = Path(half) / folder.name
        run_copy(str(source), written, data=dict(data), defaults=not ask, quiet=True, overwrite=True)
        written.rename(folder)


def core_range(version: str) -> str:
    """The range of the core that a package made with this version of it requires: `>=0.1,<1`."""
    found = Version(version)
    return f">={found.major}.{found.minor},<{found.major + 1}"


def _folder(platform: str, into: Path) -> Path:
    return into / f"ordersync-{platform}"


def _names(platform: str) -> dict[str, str]:
    """What follows from the platform's name and from the core that runs."""
    words = platform.split("-")
    return {
        "platform": platform,
        "distribution": f"ordersync-{platform}",
        "package": f"ordersync_{platform.replace('-', '_')}",
        "name": "".join(word.capitalize() for word in words),
        "usual_title": " ".join(word.capitalize() for word in words if word != "erp")
        or platform.capitalize(),
        "core_range": core_range(metadata.version("ordersync")),
    }


def _check_name(platform: str) -> None:
    if not _NAME.fullmatch(platform) or len(platform) > _LONGEST:
        raise BadInput(
            f"{platform!r} cannot be the name of a connector.",
            remedy="Use up to 40 lower-case letters and digits, words joined by a dash: acme, erp-acme.",
        )
    if platform == "erp":
        raise BadInput("'erp' says what kind of platform it is, not which.", remedy="Name it erp-acme.")
    if platform in {point.name for point in metadata.entry_points(group=CONNECTORS)}:
        raise BadInput(
            f"A connector {platform!r} is installed already.",
            remedy="Choose another name, or remove its package first; `ordersync connectors` lists them.",
        )
    package = _names(platform)["package"]
    if importlib.util.find_spec(package):
        raise BadInput(
            f"A package {package!r} can be imported already, and would be hidden by the new one.",
            remedy="Choose another name.",
        )


def _check_answers(answers: Mapping[str, str]) -> None:
    problems = [
        FieldProblem(f"--{question}", f"is one of {', '.join(CHOICES[question])}, not {answer!r}")
        for question, answer in answers.items()
        if question in CHOICES and answer not in CHOICES[question]
    ]
    title = answers.get("title")
    if title is not None and (
        not title.strip() or len(title) > 60 or not title.isprintable() or set(title) & set('"\\')
    ):
        problems.append(FieldProblem("--title", "is one to sixty characters, without quotes and backslashes"))
    if problems:
        raise BadInput("Not everything can be written as it was asked for.", problems=tuple(problems))


def _check_folder(into: Path, folder: Path) -> None:
    if not into.is_dir():
        raise BadInput(
            f"There is no folder {into}.", remedy="Make it first, or choose another one with --into."
        )
    if folder.exists() or folder.is_symlink():
        raise BadInput(
            f"{folder} exists already; nothing is overwritten.",
            remedy="Choose another folder with --into, or move it away.",
        )


def _copier() -> Any:
    try:
        from copier import run_copy
    except ModuleNotFoundError as error:
        raise NotOffered(
            f"A package cannot be written without {error.name!r}.",
            remedy="Install the authors' tools with: pip install 'ordersync[authors]'",
        ) from None
    return run_copy
