"""The changelog, the version and the hook API agree; what authors build on changes only where the changelog says so."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import ordersync
from ordersync.hookspecs import HOOK_API
from ordersync.testing.api import public_api

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHANGELOG = ROOT / "changelog"
FILES = sorted(CHANGELOG.glob("[0-9]*.md"))
SNAPSHOT = HERE / "api.json"
COMMAND = "python -m ordersync.testing.api core/tests/api.json"


def sections(text: str) -> dict[str, str]:
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_hook_api_is_as_it_was_noted() -> None:
    noted, now = json.loads(SNAPSHOT.read_text("utf-8")), public_api()
    for kind in ("hook_api", "connector_hooks", "extension_hooks"):
        assert noted[kind] == now[kind], (
            f"you changed the hook API: raise HOOK_API, note it in changelog/{ordersync.__version__}.md "
            f"(Hook API, For authors) and regenerate with: {COMMAND}"
        )


def test_the_public_names_are_as_they_were_noted() -> None:
    noted, now = json.loads(SNAPSHOT.read_text("utf-8"))["names"], public_api()["names"]
    for room in now:
        gone, new = sorted(set(noted[room]) - set(now[room])), sorted(set(now[room]) - set(noted[room]))
        assert (gone, new) == ([], []), (
            f"you changed what {room} offers: note it in changelog/{ordersync.__version__}.md (For authors) "
            f"and regenerate with: {COMMAND}"
        )


def test_there_is_one_version() -> None:
    project = tomllib.loads((ROOT / "core" / "pyproject.toml").read_text("utf-8"))["project"]
    assert ordersync.__version__ == project["version"] == metadata.version("ordersync")


def test_this_version_has_its_page_and_says_which_hook_api() -> None:
    text = (CHANGELOG / f"{ordersync.__version__}.md").read_text("utf-8")
    assert text.startswith(f"# {ordersync.__version__}")
    assert f"Hook API {HOOK_API}" in sections(text)["Hook API"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_page_has_its_sections(file: Path) -> None:
    found = sections(file.read_text("utf-8"))
    assert list(found) == ["For users", "For authors", "Hook API"]
    assert all(text.strip() for text in found.values())


def test_every_hook_is_named_by_the_changelog() -> None:
    told = "".join(sections(file.read_text("utf-8"))["Hook API"] for file in FILES)
    hooks = public_api()["connector_hooks"] | public_api()["extension_hooks"]
    assert [hook for hook in hooks if f"`{hook}`" not in told] == []
