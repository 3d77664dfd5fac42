"""Blocks that are checked as they stand: settings, and commands that need an account."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from docs_blocks import ROOT, Block
from packaging.requirements import Requirement

from ordersync.cli import manual
from ordersync.discovery import connector_class
from ordersync.settings import check_connection, settings_of

__all__ = ["check_install", "check_settings", "check_typed", "typed"]

SETTINGS_TABLES = {"ledger", "connections", "routes"}


def typed(body: str) -> list[str]:
    """The commands of a block: what stands behind `$`, or each line where none does; `\\` goes on."""
    joined = body.replace("\\\n", " ")
    prompted = re.findall(r"^\$ (.+)$", joined, re.MULTILINE)
    plain = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [line.strip() for line in prompted or plain]


class _Anything(dict[str, str]):
    """An environment in which every variable is set."""

    def get(self, key: str, default: Any = None) -> Any:
        return "value-of-" + key.lower().replace("_", "-")


def check_settings(text: str, *, but: Collection[str] = ()) -> None:
    """TOML that parses; if it is settings, they load, and each connection is what its connector takes.

    `but` are connectors that only processes begun from now on can see."""
    data = tomllib.loads(text, parse_float=Decimal)
    if not data or not set(data) <= SETTINGS_TABLES:
        return
    for section in data.get("routes", {}).values():
        for end in ("source", "target"):
            name = section.setdefault(end, end)
            data.setdefault("connections", {}).setdefault(name, {"connector": "reference"})
    env: Mapping[str, str] = _Anything()
    settings = settings_of(_without_files(data), path=Path("ordersync.toml"), env=env)
    for name, connection in settings.connections.items():
        if connection.connector in but:
            continue
        check_connection(settings, name, connector_class(connection.connector).settings_model, env=env)


def _without_files(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_files(one) for key, one in value.items()}
    return re.sub(r"\$\{file:[^}]*\}", "from-a-file", value) if isinstance(value, str) else value


def check_install(words: list[str], place: str) -> None:
    """`pip install` of packages of this repository, with extras that they have; `.` is the page's own."""
    assert words[1] == "install", place
    for word in words[2:]:
        if word in ("-e", "--editable"):
            continue
        here = (ROOT / place).parent
        wanted = Requirement(word.replace(".", here.name, 1) if word.startswith(".") else word)
        homes = [ROOT / "core"] if wanted.name == "ordersync" else list(ROOT.glob(f"*/{wanted.name}"))
        assert homes, f"{place}: there is no package {wanted.name}"
        project = tomllib.loads((homes[0] / "pyproject.toml").read_text("utf-8"))["project"]
        unknown = wanted.extras - set(project.get("optional-dependencies", {}))
        assert not unknown, f"{place}: {wanted.name} has no extra {unknown}"


def check_typed(block: Block) -> None:
    """Commands that need accounts are not run: each exists, with these options. What pip is asked for exists too."""
    for command in typed(block.body):
        words = shlex.split(command, comments=True)
        match words:
            case ["ordersync", *rest]:
                problem = manual.misspelt(rest)
                assert not problem, f"{block.place}: $ {command}\n{problem}"
            case ["pip", *_]:
                check_install(words, block.place)
            case ["pytest", *rest]:
                files = [word for word in rest if word.endswith(".py")]
                missing = [word for word in files if not ((ROOT / block.page).parent / word).exists()]
                assert not missing, f"{block.place}: there is no {missing}"
            case ["python3", "dev.py", verb, *_]:
                assert f"dev.py {verb}" in (ROOT / "dev.py").read_text("utf-8"), f"{block.place}: {verb}"
            case _:
                raise AssertionError(f"{block.place}: {command} can neither be run nor checked")
