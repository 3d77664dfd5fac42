"""The page of platforms is what the installed connectors declare."""

from __future__ import annotations

import socket
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ordersync import hookimpl
from ordersync.discovery import connector_class, installed
from ordersync.hookspecs import ConnectorSpecs
from ordersync.model import Facts
from ordersync.testing import platforms as made
from ordersync.testing.markdown import table
from ordersync.testing.platforms import BATCHES, OF_A_SOURCE, OF_A_TARGET, Platform, page, platforms

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/platforms.md"
AGAIN = "make it again: python -m ordersync.testing.platforms > docs/platforms.md"
HERE = [plugin.name for plugin in installed() if not plugin.problem]


def section(text: str, title: str) -> str:
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def cells(text: str, title: str, first: str) -> list[str]:
    """The row of a section's table that begins with `first`."""
    (row,) = [line for line in section(text, title).splitlines() if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in row.strip("|").split(" | ")]


def platform(name: str) -> Platform:
    (one,) = [one for one in platforms() if one.name == name]
    return one


def test_every_installed_connector_can_be_used() -> None:
    assert [(plugin.name, plugin.problem) for plugin in installed() if plugin.problem] == []


def test_the_page_is_what_the_connectors_declare() -> None:
    assert PAGE.read_text("utf-8") == page(), AGAIN


def test_the_page_is_made_by_the_command_that_it_names() -> None:
    command = [sys.executable, "-W", "error", "-m", "ordersync.testing.platforms"]
    assert " ".join(command[3:]) in page()
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=ROOT)
    assert done.stdout == page()


def test_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was opened, or a connector built")

    monkeypatch.setattr(socket.socket, "connect", refused)
    for name in HERE:
        monkeypatch.setattr(connector_class(name), "__init__", refused)
    assert page()


def test_every_hook_stands_once() -> None:
    hooks = [name for name in vars(ConnectorSpecs) if not name.startswith("_")]
    assert sorted({*OF_A_SOURCE, *OF_A_TARGET, *BATCHES}) == sorted(hooks)
    assert set(OF_A_SOURCE) & set(OF_A_TARGET) == {"check_access"}
    assert len(BATCHES) == 8


@pytest.mark.parametrize("name", HERE)
def test_a_connector_has_a_mark_for_each_hook_it_offers(name: str) -> None:
    (plugin,) = [plugin for plugin in installed() if plugin.name == name]
    text = PAGE.read_text("utf-8")
    marked = set()
    for title in ("Hooks of a source", "Hooks of a target", "Batches"):
        column = cells(text, title, "hook").index(platform(name).title)
        for line in section(text, title).splitlines():
            if line.startswith("| `") and line.strip("|").split(" | ")[column].strip() != "-":
                marked.add(line.split("`")[1])
    assert marked == set(plugin.hooks), AGAIN


@pytest.mark.parametrize("name", HERE)
def test_a_connector_declares_what_the_page_shows(name: str) -> None:
    one = platform(name)
    batches = {*one.facts.batch_sizes, *one.facts.atomic_batches}
    assert batches <= one.hooks, "facts name batches that are not offered"
    assert batches <= set(BATCHES), "facts name batches that no hook asks for"
    assert one.is_source or one.is_target
    assert (one.write_safety is None) == (not one.is_target)
    assert set(one.required) <= set(connector_class(name).settings_model.model_fields)
    assert one.webhook_signature, 'say it in quality.toml: [facts] webhook_signature = "…"'
    fields = connector_class(name).settings_model.model_fields
    if "api_version" in fields and one.facts.api_version:
        assert fields["api_version"].default == one.facts.api_version


class Sketch:
    """A connector that only declares."""

    settings_model: Any = connector_class("reference").settings_model
    facts = Facts(
        platform="A | B",
        page_size=7,
        batch_sizes={"create_orders": 3},
        atomic_batches=frozenset({"create_orders"}),
        api_version="v9",
        api_retires=date(2027, 1, 2),
    )

    @hookimpl
    def create_orders(self, drafts: Any) -> Any: ...

    @hookimpl
    def get_orders(self, order_ids: Any) -> Any: ...


def sketched(monkeypatch: pytest.MonkeyPatch, kind: type) -> str:
    (reference,) = [plugin for plugin in installed() if plugin.name == "reference"]
    monkeypatch.setattr(made, "installed", lambda: [reference])
    monkeypatch.setattr(made, "connector_class", lambda _name: kind)
    monkeypatch.setattr("ordersync.connection.signature_problems", lambda *_: [])
    return page()


def test_what_is_declared_otherwise_stands_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    text = sketched(monkeypatch, Sketch)
    row = cells(text.replace("\\|", "/"), "How far", "A / B")
    assert row == ["A / B", "`reference`", "-", "yes", "none", "4", "-", "v9", "2027-01-02"]
    assert cells(text, "Batches", "`create_orders`")[1] == "3, all or none"
    assert cells(text, "Batches", "`get_orders`")[1] == "7"
    assert cells(text, "Hooks of a target", "`create_order`")[1] == "-"


def test_write_safety_follows_facts_and_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    class Searched(Sketch):
        @hookimpl
        def find_orders(self, keys: Any) -> Any: ...

    class Unique(Sketch):
        facts = Sketch.facts.model_copy(update={"unique_key": True})

    class Reader:
        settings_model = Sketch.settings_model

        @hookimpl
        def list_orders(self, query: Any) -> Any: ...

    for kind, told in ((Sketch, "none"), (Searched, "searched stamp"), (Unique, "unique key")):
        text = sketched(monkeypatch, kind).replace("\\|", "/")
        assert cells(text, "How far", "A / B")[4] == told
    assert cells(sketched(monkeypatch, Reader), "How far", "reference")[2:5] == ["yes", "-", "-"]


def test_a_connector_that_receives_says_how_in_its_quality_card(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {one.name: one.webhook_signature for one in platforms()}
    assert "X-Shopify-Hmac-Sha256" in told["shopify"]
    assert told["erp-netsuite"].startswith("Receives none. NetSuite calls nobody")
    assert told["reference"] == "Receives none."
    monkeypatch.setattr(made, "_quality_card", lambda _kind: {})
    assert platform("shopify").webhook_signature == ""


def test_cells_of_a_table() -> None:
    assert table(["a", "b"], [["x|y", ""]]) == "| a | b |\n| --- | --- |\n| x\\|y | - |\n"
