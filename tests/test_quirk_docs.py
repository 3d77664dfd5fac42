"""The page of quirks is what the sandboxes say; the plugins' READMEs name theirs; each is named by a test."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from ordersync.discovery import CONNECTORS, sandbox_class
from ordersync.errors import OrderSyncError
from ordersync.testing.quirk_page import page, table
from ordersync.testing.quirks import CARRIERS, Quirk

ROOT = Path(__file__).resolve().parent.parent
AGAIN = "make it again: python -m ordersync.testing.quirk_page > docs/quirks.md"


def own() -> list[tuple[str, type[Quirk]]]:
    found = []
    for name in sorted({point.name for point in metadata.entry_points(group=CONNECTORS)}):
        try:
            found += [(name, kind) for kind in sandbox_class(name).own_quirks]
        except OrderSyncError:
            continue
    return found


def test_the_page_is_what_the_sandboxes_say() -> None:
    assert (ROOT / "docs/quirks.md").read_text("utf-8") == page(), AGAIN


def test_the_page_is_made_by_the_command_that_it_names() -> None:
    command = [sys.executable, "-W", "error", "-m", "ordersync.testing.quirk_page"]
    assert " ".join(command[3:]) in page()
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == page()


def test_a_changed_docstring_changes_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    before = page()
    monkeypatch.setattr(CARRIERS[0], "__doc__", "Something | else.\n\n    And what it leads to.\n    ")
    assert page() != before
    assert "| **Something \\| else.** And what it leads to. |" in table(CARRIERS[:1])


@pytest.mark.parametrize(("platform", "kind"), own(), ids=lambda one: getattr(one, "name", one))
def test_every_quirk_of_a_platform_is_told_and_tried(platform: str, kind: type[Quirk]) -> None:
    assert kind.symptom().endswith(".")
    assert all(address.startswith("https://") for address in kind.told)
    assert all(setting.means for setting in kind.settings.values())
    tests = (ROOT / f"plugins/ordersync-{platform}/tests").glob("test_*.py")
    assert any(kind.name in file.read_text("utf-8") for file in tests), "no test switches it on"


@pytest.mark.parametrize("platform", ["shopify", "erp-odoo"])
def test_the_readme_names_the_platforms_quirks(platform: str) -> None:
    text = (ROOT / f"plugins/ordersync-{platform}/README.md").read_text("utf-8")
    for kind in sandbox_class(platform).own_quirks:
        assert f"| `{kind.name}` | {kind.symptom()} |\n" in text


@pytest.mark.parametrize("platform", ["shopify", "erp-odoo"])
def test_the_way_to_a_platform_breaks_in_its_tests_too(platform: str) -> None:
    text = (ROOT / f"plugins/ordersync-{platform}/tests/test_sandbox_quirks.py").read_text("utf-8")
    assert [kind.name for kind in CARRIERS if f'"{kind.name}"' not in text] == []
