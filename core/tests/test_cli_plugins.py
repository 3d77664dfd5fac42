"""Commands about what is really installed: connectors, schemas."""

from __future__ import annotations

import json

import jsonschema
import pytest

from ordersync.cli import main
from ordersync.discovery import installed

FIELDS = set(
    """name version distribution hook_api core_hook_api fits hooks deprecated problem remedy warnings summary""".split()
)


def test_connectors(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["connectors"]) == 0
    listed = capsys.readouterr().out
    assert main(["connectors", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [plugin["name"] for plugin in found] == [plugin.name for plugin in installed()]
    for plugin in found:
        assert set(plugin) == FIELDS
        assert plugin["name"] in listed


def test_extensions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["connectors", "--extensions", "--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), list)


def test_an_unknown_connector(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["connectors", "refernce"], ["schema", "refernce"], ["sandbox", "refernce"]):
        assert main(command) == 2
        assert "Did you mean 'reference'?" in capsys.readouterr().err


def test_the_schema_of_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "settings"]) == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))


def test_each_usable_connector_tells_about_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for plugin in installed():
        if plugin.problem or not plugin.hooks:
            continue
        assert main(["connectors", plugin.name]) == 0
        assert "check_access" in capsys.readouterr().out
        assert main(["connectors", plugin.name, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["hooks"] == list(plugin.hooks)
