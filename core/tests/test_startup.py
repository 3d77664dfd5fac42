"""What is imported, and by what: a command waits only for what it uses. Times are the bench's."""

from __future__ import annotations

import ast
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ordersync
from ordersync import web

PLUGINS = "ordersync_"
SETTINGS = """
[ledger]
url = "sqlite:///{ledger}"

[connections.shop]
connector = "reference"

[connections.erp]
connector = "reference"
store = "erp"

[routes.orders]
source = "shop"
target = "erp"
"""


def modules_after(code: str, folder: Path) -> set[str]:
    """The modules that a process of its own has imported when it ends; its cache is in `folder`."""
    told = folder / "modules.json"
    done = subprocess.run(
        [
            sys.executable,
            "-P",
            "-c",
            f"{code}\nimport sys, json; json.dump(sorted(sys.modules), open({str(told)!r}, 'w'))",
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache")},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(told.read_text("utf-8")))


def command(*arguments: str) -> str:
    return f"from ordersync.cli import main; assert main({list(arguments)!r}) == 0"


def heavy(modules: set[str], *names: str) -> list[str]:
    return sorted(m for m in modules if m.startswith(PLUGINS) or m.split(".")[0] in names or m in names)


def test_the_front_door_alone_is_light(tmp_path: Path) -> None:
    found = modules_after("import ordersync; ordersync.__version__", tmp_path)
    assert heavy(found, "pydantic", "httpx", "sqlalchemy", "pluggy", "msgspec", "typer", "tenacity") == []
    assert {m for m in found if m.partition(".")[0] == "ordersync"} == {"ordersync"}


def test_who_needs_a_clock_does_not_wait_for_http(tmp_path: Path) -> None:
    found = modules_after("from ordersync.web import Access, Clock, SystemClock, dump, read", tmp_path)
    assert heavy(found, "httpx", "httpcore", "tenacity", "ssl", "pydantic", "sqlalchemy") == []


def test_help_imports_what_it_prints(tmp_path: Path) -> None:
    found = modules_after(command("--help"), tmp_path)
    assert (
        heavy(
            found,
            *"sqlalchemy httpx alembic jsonschema msgspec packaging pluggy stevedore tenacity werkzeug".split(),
            *"pydantic rich ordersync.model ordersync.host ordersync.discovery importlib.metadata".split(),
        )
        == []
    )


def test_status_imports_the_ledger_and_no_plugin(tmp_path: Path) -> None:
    path = tmp_path / "ordersync.toml"
    path.write_text(SETTINGS.format(ledger=(tmp_path / "ledger.db").as_posix()), "utf-8")
    status = command("--settings", str(path), "status")
    assert "alembic" in modules_after(status, tmp_path), "the first one makes the tables"
    found = modules_after(status, tmp_path)
    assert "sqlalchemy" in found
    assert (
        heavy(
            found,
            *"httpx alembic packaging stevedore tenacity werkzeug pytest hypothesis ordersync.testing".split(),
            "sqlalchemy.dialects.postgresql",
        )
        == []
    )


@pytest.mark.parametrize("room", ["ordersync", "ordersync.web"])
def test_every_public_name_is_there_and_a_wrong_one_is_not(room: str) -> None:
    module = importlib.import_module(room)
    assert module.__all__
    for name in module.__all__:
        assert getattr(module, name) is not None, name
        assert name in dir(module)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = module.nonsense


def test_each_name_of_web_is_what_its_module_says(tmp_path: Path) -> None:
    for name, module in web._HOME.items():
        assert getattr(web, name) is getattr(importlib.import_module(f"ordersync.web.{module}"), name)
    found = modules_after(
        "import ordersync.web.read, ordersync.web.verdict, ordersync.web.client\n"
        "from ordersync.web import read, verdict, dump, Verdict\n"
        "assert read(dump([1])) == [1]; assert verdict(200) is Verdict.OK",
        tmp_path,
    )
    assert "httpx" in found


def test_a_type_checker_sees_what_is_loaded_late() -> None:
    """The imports under TYPE_CHECKING, name by name, are those that are made when a name is used."""
    tree = ast.parse(Path(web.__file__).read_text("utf-8"))
    (checked,) = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    ]
    seen = {
        alias.name: (node.module or "").removeprefix("ordersync.web.")
        for node in ast.walk(checked)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ordersync.web.")
        for alias in node.names
    }
    assert seen == web._HOME
    assert set(seen) | {"dump", "read", "Verdict", "verdict"} == set(web.__all__)


def test_a_type_checker_is_not_told_that_every_name_exists() -> None:
    for room in (ordersync, web):
        tree = ast.parse(Path(str(room.__file__)).read_text("utf-8"))
        assert "__getattr__" not in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
