"""The parts of the documentation that are made from the code say everything that the code has; built or not."""

from __future__ import annotations

import atexit
import dataclasses
import html
import inspect
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from ordersync import errors, model
from ordersync.cli import main
from ordersync.discovery import connector_class, installed
from ordersync.errors import OrderSyncError
from ordersync.hookspecs import ConnectorSpecs, ExtensionSpecs
from ordersync.model import Arithmetic, Defaults, Facts, Filters, Policies, Route
from ordersync.testing.pages import PARTS, part
from ordersync.testing.pages.errors import AFTER_CREATE

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
HOOKS = [
    (specs, name) for specs in (ConnectorSpecs, ExtensionSpecs) for name in vars(specs) if name[0] != "_"
]


@cache
def made(name: str) -> str:
    return part(name)


@cache
def built(page: str) -> str:
    """The text of a built page, without its tags; skipped where Sphinx is not installed."""
    pytest.importorskip("sphinx")
    return _plain((folder() / f"{page}.html").read_text("utf-8"))


@cache
def folder() -> Path:
    """The pages, built as `dev.py docs` does: every warning is an error. `$ORDERSYNC_DOCS` are built already."""
    if "ORDERSYNC_DOCS" in os.environ:
        return Path(os.environ["ORDERSYNC_DOCS"])
    out = Path(tempfile.mkdtemp(prefix="ordersync-docs-"))
    atexit.register(shutil.rmtree, out, ignore_errors=True)
    command = ["-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-E", "-b", "html", str(DOCS), str(out)]
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return out


def _plain(page: str) -> str:
    text = html.unescape(re.sub(r"<[^>]+>", "", page)).replace("→", "->").replace("¶", "")
    return re.sub(r"\s+", " ", text)


def _bare(text: str) -> str:
    """Without blanks, quotes and last commas: what differs between a signature as printed and as laid out."""
    return re.sub(r",\)", ")", re.sub(r"[\s'\"]", "", text))


@pytest.mark.parametrize(
    ("specs", "name"), HOOKS, ids=lambda one: one if isinstance(one, str) else one.__name__
)
def test_every_hook_stands_there_with_its_signature(specs: type, name: str) -> None:
    wanted = f"{name}{inspect.signature(getattr(specs, name))}"
    text = made("hooks" if specs is ConnectorSpecs else "extension hooks")
    assert f"{{py:method}} {wanted}".replace("'", "") in text
    first = inspect.cleandoc(getattr(specs, name).__doc__).splitlines()[0]
    assert re.sub(r"`|\W", "", first)[:30] in re.sub(r"\{py:\w+\}|~ordersync\.|`|\W", "", text)


@pytest.mark.parametrize(
    ("specs", "name"), HOOKS, ids=lambda one: one if isinstance(one, str) else one.__name__
)
def test_every_hook_says_when_it_is_called(specs: type, name: str) -> None:
    text = made("hooks" if specs is ConnectorSpecs else "extension hooks")
    assert "Called" in text.partition(f"### {name}\n")[2].partition("\n### ")[0]


@pytest.mark.parametrize(
    ("specs", "name"), HOOKS, ids=lambda one: one if isinstance(one, str) else one.__name__
)
def test_every_hook_is_on_the_built_page(specs: type, name: str) -> None:
    page = _bare(built("hooks"))
    assert _bare(f"{name}{inspect.signature(getattr(specs, name))}") in page


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_stands_there_with_what_follows(name: str) -> None:
    kind: Any = getattr(errors, name)
    text = made("errors")
    signature = str(inspect.signature(kind.__init__)).replace("(self, ", "(")
    if issubclass(kind, OrderSyncError):
        assert f"{{py:exception}} {name}{_unquoted(signature)}".removesuffix(" -> None") in text
        assert kind in AFTER_CREATE, "say in ordersync.testing.pages.errors what the transfer does with it"
    assert f"{{py:exception}} {name}" in text or f"{{py:class}} {name}" in text


def _unquoted(signature: str) -> str:
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", signature)


@pytest.mark.parametrize("kind", [Facts, Arithmetic])
def test_every_fact_stands_there(kind: type[Facts] | type[Arithmetic]) -> None:
    for name in kind.model_fields:
        assert f"{{py:attribute}} {name}\n" in made("facts"), name


@pytest.mark.parametrize("name", [name for name in model.__all__ if name not in ("Facts", "Arithmetic")])
def test_every_word_of_the_model_stands_there_with_its_fields(name: str) -> None:
    text = made("model")
    thing = getattr(model, name)
    assert re.search(rf"\{{py:(class|function|type|data)\}} {name}\b", text), name
    if not inspect.isclass(thing):
        return
    entry = re.search(rf":+\{{py:class\}} {name}\n(.*?)(?=\n\n:+\{{py:class\}}|\Z)", text, re.DOTALL)
    assert entry
    fields = getattr(thing, "model_fields", None) or (
        [field.name for field in dataclasses.fields(thing)] if dataclasses.is_dataclass(thing) else []
    )
    for field in fields:
        assert f"{{py:attribute}} {field}\n" in entry[1], field


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ("routes.NAME", Route),
        ("routes.NAME.filters", Filters),
        ("routes.NAME.policies", Policies),
        ("routes.NAME.defaults", Defaults),
    ],
)
def test_every_setting_of_the_core_stands_there(table: str, kind: type[BaseModel]) -> None:
    section = made("settings").partition(f"## `[{table}]`")[2].partition("\n## ")[0]
    for name in kind.model_fields:
        assert name == "name" or f"| `{name}` |" in section, name


@pytest.mark.parametrize("connector", [plugin.name for plugin in installed(load=False)])
def test_every_setting_of_a_connector_stands_there(connector: str) -> None:
    section = made("connector settings").partition(f"### {connector}\n")[2].partition("\n### ")[0]
    for name, field in connector_class(connector).settings_model.model_fields.items():
        assert f"| `{field.alias or name}` |" in section, name


def test_every_command_stands_there_with_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    text = made("commands")
    main(["--help"])
    listed = re.findall(r"^  ([a-z]+)  ", capsys.readouterr().out.partition("Commands:")[2], re.MULTILINE)
    assert len(listed) > 12
    for name in listed:
        assert f"## ordersync {name}" in text, name
    main(["sync", "--help"])
    section = text.partition("## ordersync sync\n")[2].partition("\n## ")[0]
    common = text.partition("## Options of every command")[2].partition("\n## ")[0]
    for option in re.findall(r"^  (?:-\w, )?(--[a-z-]+)", capsys.readouterr().out, re.MULTILINE):
        assert option in section or option in common or option == "--help", option


@pytest.mark.parametrize("name", PARTS)
def test_every_part_stands_on_a_page(name: str) -> None:
    pages = [page for page in DOCS.glob("*.md") if f"<!-- from code: {name} -->" in page.read_text("utf-8")]
    assert len(pages) == 1


def test_a_part_is_printed_by_the_command_that_is_documented() -> None:
    command = [sys.executable, "-W", "error", "-m", "ordersync.testing.pages", "extension hooks"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == made("extension hooks")
    wrong = subprocess.run(
        [*command[:-1], "nothing"], capture_output=True, text=True, timeout=60, check=False
    )
    assert wrong.returncode == 1
    assert "hooks, extension hooks" in wrong.stderr


def test_links_to_files_lead_somewhere() -> None:
    wrong = []
    for page in (*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("plugins/*/README.md")):
        if "build" in page.relative_to(ROOT).parts:
            continue
        text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
        for address in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", text)):
            path = address.partition("#")[0]
            if path and "://" not in path and not (page.parent / path).exists():
                wrong.append(f"{page.relative_to(ROOT)}: {address}")
    assert wrong == []


def test_the_built_pages_fetch_nothing() -> None:
    pytest.importorskip("sphinx")
    wrong = []
    for page in folder().rglob("*.html"):
        text = page.read_text("utf-8")
        for tag in re.findall(r"<(?:script|link|img|iframe)\b[^>]*>", text):
            if re.search(r"(?:src|href)=[\"'](?:https?:)?//", tag):
                wrong.append(f"{page.name}: {tag}")
    assert wrong == []
    assert not [
        style
        for style in folder().rglob("*.css")
        if re.search(r"url\([\"']?https?:", style.read_text("utf-8"))
    ]
