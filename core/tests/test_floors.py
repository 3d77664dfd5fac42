"""Floors are law: imports go down only, plugins see the front door, each foreign tool has one room."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import ordersync

SRC = Path(ordersync.__file__).parent
FLOORS = {
    room: floor
    for floor, rooms in enumerate(
        (
            ("errors", "deprecation"),
            ("model",),
            ("hookspecs", "web", "logs"),
            ("shapes", "signatures", "compatibility"),
            ("discovery", "connection", "ledger"),
            ("extensions", "inventory"),
            ("transfer", "settings"),
            ("host",),
            ("cli",),
        )
    )
    for room in rooms
}
"""GROUND is errors, deprecation and model, FIRST hookspecs, web, logs, shapes, signatures and compatibility, SECOND discovery
to extensions, THIRD transfer and settings; then the host, and the command line is the ROOF."""
ALONE = {
    "stevedore": {"discovery"},
    "pluggy": {"hookspecs", "connection", "extensions"},
    "sqlalchemy": {"ledger", "testing"},
    "alembic": {"ledger"},
    "httpx": {"web", "host", "testing"},
    "typer": {"cli"},
    "rich": {"cli"},
    "jsonschema": {"settings", "shapes", "testing"},
}


def room(path: Path) -> str:
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def sources() -> list[Path]:
    return [path for path in SRC.rglob("*.py") if path.name != "__init__.py" or path.parent != SRC]


def test_every_room_has_a_floor() -> None:
    assert {room(path) for path in sources()} - {"testing"} <= set(FLOORS)


def test_imports_go_down_only() -> None:
    wrong = []
    for path in sources():
        here = room(path)
        if here == "testing":
            continue
        for module in imported(path):
            parts = module.split(".")
            if parts[0] != "ordersync" or len(parts) == 1:
                continue
            there = parts[1]
            if there == here:
                continue
            if there == "testing":
                if here not in ("cli", "discovery"):
                    wrong.append(f"{here} imports {module}")
            elif FLOORS[there] >= FLOORS[here]:
                wrong.append(f"{here} (floor {FLOORS[here]}) imports {module} (floor {FLOORS[there]})")
    assert wrong == []


def test_foreign_tools_stay_in_their_rooms() -> None:
    wrong = []
    for path in sources():
        for module in imported(path):
            rooms = ALONE.get(module.split(".")[0])
            if rooms is not None and room(path) not in rooms:
                wrong.append(f"{path.relative_to(SRC)} imports {module}")
    assert wrong == []
