"""The list of plugins that is kept: it says what a fresh one would say, and imports nothing as long as nothing changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ASK = """
import json, sys
import ordersync.inventory as inventory
{grain}
found = inventory.listed("ordersync.{group}", fresh={fresh})
told = dict((one.name, [one.problem, *one.hooks]) for one in found)
print(json.dumps([told, len(found), sorted(m for m in sys.modules if m.startswith("guest_"))]))
"""
GOOD = """
import guest_dependency
from ordersync import Order, hookimpl

class Guest:
    @hookimpl
    def shape_order(self, order: Order) -> Order | None:
        return None
"""
TELLS = """
    @hookimpl
    def on_sync_finished(self, report: RunReport) -> None:
        pass
"""
ALL = ["guest_dependency", "guest_one"]


@dataclass
class Guests:
    """A folder on the path of processes that list the extensions in it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, module: str, code: str) -> None:
        (self.folder / f"{module}.py").write_text(code, "utf-8")

    def install(self, name: str, code: str = GOOD, requires: str = "ordersync>=0.1,<1") -> None:
        self.write(f"guest_{name}", code)
        info = self.folder / f"guest_{name}-1.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: guest-{name}\nVersion: 1\nRequires-Dist: {requires}\n", "utf-8"
        )
        (info / "entry_points.txt").write_text(
            f"[ordersync.extensions]\n{name} = guest_{name}:Guest\n", "utf-8"
        )

    def listed(
        self, *, fresh: bool = False, grain: float | None = 0.0, group: str = "extensions"
    ) -> tuple[dict[str, list[str]], list[str]]:
        """Name → problem and hooks; the modules of guests that were imported for it."""
        code = ASK.format(
            grain=f"inventory.GRAIN = {grain}" if grain is not None else "", fresh=fresh, group=group
        )
        found, count, modules = json.loads(self.run("-c", code))
        assert count == len(found)
        return found, modules

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-P", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={
                **os.environ,
                "PYTHONPATH": str(self.folder),
                "PYTHONDONTWRITEBYTECODE": "1",
                "XDG_CACHE_HOME": str(self.cache.parent.parent),
                **self.environment,
            },
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def cache(self) -> Path:
        return self.folder.parent / "cache" / "ordersync" / "plugins"


@pytest.fixture
def guests(tmp_path: Path) -> Guests:
    """One guest, `one`, with a module that it imports, listed once."""
    made = Guests(tmp_path / "site")
    made.folder.mkdir()
    made.write("guest_dependency", "")
    made.install("one")
    assert made.listed() == ({"one": ["", "shape_order"]}, ALL)
    return made


def test_what_did_not_change_is_not_imported_again(guests: Guests) -> None:
    assert guests.listed() == ({"one": ["", "shape_order"]}, [])
    assert guests.listed(fresh=True) == ({"one": ["", "shape_order"]}, ALL)


def edited(guests: Guests) -> None:
    guests.write("guest_one", GOOD.replace("Order, hookimpl", "Order, RunReport, hookimpl") + TELLS)


def edited_without_a_trace(guests: Guests) -> None:
    path = guests.folder / "guest_one.py"
    before = path.stat()
    path.write_text(GOOD.replace("def shape_order(self, order", "def shape_0rder(self, order"), "utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def dependency_broken(guests: Guests) -> None:
    guests.write("guest_dependency", "import not_installed_here")


def dependency_removed(guests: Guests) -> None:
    (guests.folder / "guest_dependency.py").unlink()


def shadowed(guests: Guests) -> None:
    (guests.folder / "guest_dependency").mkdir()
    (guests.folder / "guest_dependency" / "__init__.py").write_text("raise OSError('shadow')", "utf-8")


def for_another_core(guests: Guests) -> None:
    path = guests.folder / "guest_one-1.dist-info" / "METADATA"
    path.write_text(path.read_text("utf-8").replace(">=0.1,<1", ">=99"), "utf-8")


def named_twice(guests: Guests) -> None:
    path = guests.folder / "guest_one-1.dist-info" / "entry_points.txt"
    path.write_text(path.read_text("utf-8") + "other = guest_one:Guest\n", "utf-8")


def removed(guests: Guests) -> None:
    (guests.folder / "guest_one-1.dist-info" / "entry_points.txt").unlink()


def another(guests: Guests) -> None:
    guests.install("two")


CHANGES: dict[Callable[[Guests], None], Any] = {
    edited: {"one": ["", "shape_order", "on_sync_finished"]},
    edited_without_a_trace: {"one": "shape_0rder: there is no such hook"},
    dependency_broken: {"one": "No module named 'not_installed_here'"},
    dependency_removed: {"one": "No module named 'guest_dependency'"},
    shadowed: {"one": "(OSError: shadow)"},
    for_another_core: {"one": "it was made for ordersync >=99"},
    named_twice: {"one": ["", "shape_order"], "other": ["", "shape_order"]},
    removed: {},
    another: {"one": ["", "shape_order"], "two": ["", "shape_order"]},
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_is_seen_at_once(change: Callable[[Guests], None], guests: Guests) -> None:
    change(guests)
    expected = CHANGES[change]
    for _ in range(2):
        found, _imported = guests.listed()
        assert set(found) == set(expected)
        for name, told in expected.items():
            assert found[name] == told if isinstance(told, list) else told in found[name][0]


def test_one_with_a_problem_is_asked_each_time_and_the_others_are_not(guests: Guests) -> None:
    guests.install("moody", "import os\nif 'WELL' not in os.environ: raise OSError('not today')\n" + GOOD)
    assert "not today" in guests.listed()[0]["moody"][0]
    found, imported = guests.listed()
    assert "not today" in found["moody"][0]
    assert found["one"] == ["", "shape_order"]
    assert imported == []
    guests.environment["WELL"] = "yes"
    found, imported = guests.listed()
    assert found == {"moody": ["", "shape_order"], "one": ["", "shape_order"]}
    assert imported == ["guest_dependency", "guest_moody"]


def test_what_changed_a_moment_ago_is_not_kept(guests: Guests) -> None:
    edited(guests)
    for _ in range(2):
        assert guests.listed(grain=3600.0)[1] == ALL


def test_what_changes_while_it_is_imported_is_not_kept(guests: Guests) -> None:
    changing = "import pathlib; p = pathlib.Path(__file__); p.write_text(p.read_text() + '\\n')\n"
    guests.write("guest_dependency", changing)
    for _ in range(2):
        assert guests.listed()[1] == ALL


def test_what_appears_while_it_is_imported_is_not_kept(guests: Guests) -> None:
    appearing = "import pathlib; p = pathlib.Path(__file__); p.with_name(f'later{len([*p.parent.iterdir()])}').mkdir()"
    guests.write("guest_dependency", appearing)
    for _ in range(2):
        assert guests.listed()[1] == ALL


def test_compiled_files_are_no_change(guests: Guests) -> None:
    """The first import by anyone makes them, beside every module."""
    (guests.folder / "__pycache__").mkdir()
    assert guests.listed()[1] == []


def test_another_environment_that_shares_the_files_is_no_change(guests: Guests, tmp_path: Path) -> None:
    """Installers link the files of one package into many environments."""
    file = guests.folder / "guest_one.py"
    os.link(file, tmp_path / "in the installer's cache")
    guests.listed()
    os.link(file, tmp_path / "in another environment")
    assert guests.listed()[1] == []
    edited(guests)
    assert guests.listed()[1] == ALL


def test_another_environment_is_another_list(guests: Guests, tmp_path: Path) -> None:
    guests.environment["PYTHONPATH"] = os.pathsep.join((str(tmp_path), str(guests.folder)))
    assert guests.listed()[1] == ALL
    guests.environment["PYTHONWARNINGS"] = "error"
    assert guests.listed()[1] == ALL


@pytest.mark.parametrize("damage", ["", "{}", "null", "[1]", '{"points": 1'])
def test_a_damaged_cache_is_made_anew(damage: str, guests: Guests) -> None:
    (kept,) = guests.cache.iterdir()
    kept.write_text(damage, "utf-8")
    assert guests.listed() == ({"one": ["", "shape_order"]}, ALL)
    assert guests.listed()[1] == []
    assert [path.name for path in guests.cache.iterdir()] == [kept.name]


def test_a_cache_that_cannot_be_written_is_done_without(guests: Guests) -> None:
    (kept,) = guests.cache.iterdir()
    kept.unlink()
    guests.cache.rmdir()
    guests.cache.write_text("a file where the folder should be", "utf-8")
    for _ in range(2):
        assert guests.listed() == ({"one": ["", "shape_order"]}, ALL)


@pytest.mark.skipif(sys.platform != "linux", reason="paths are bytes on Linux only")
def test_a_path_that_json_cannot_hold_is_done_without(guests: Guests, tmp_path: Path) -> None:
    odd = tmp_path / "caf\udce9"
    odd.mkdir()
    guests.environment["PYTHONPATH"] = os.pathsep.join((str(odd), str(guests.folder)))
    for _ in range(2):
        assert guests.listed() == ({"one": ["", "shape_order"]}, ALL)


def test_the_cache_is_its_owners_alone(guests: Guests) -> None:
    (kept,) = guests.cache.iterdir()
    if os.name == "posix":
        assert kept.stat().st_mode & 0o077 == 0


def test_what_was_imported_before_is_not_kept(guests: Guests) -> None:
    """A process that runs for long may hold what a file said once."""
    edited(guests)
    code = "import guest_one\n" + ASK.format(grain="inventory.GRAIN = 0.0", group="extensions", fresh=False)
    guests.run("-c", code)
    assert guests.listed()[1] == ALL


def test_the_command_lists_connectors_without_importing_one(guests: Guests) -> None:
    """The first time imports them all, the second none, nor what only they need; both say the same. In a fresh tree somebody
    else may write bytecode beside the sources between the two, which is a change: then the third does."""
    ask = (
        "import sys, ordersync.inventory as i; i.GRAIN = 0.0; from ordersync.cli import main\n"
        "assert main(['connectors']) == 0\n"
        "heavy = ('ordersync_', 'ordersync.testing', 'ordersync.model', 'httpx', 'sqlalchemy', 'stevedore', 'packaging')\n"
        "print('heavy' if [m for m in sys.modules if m.startswith(heavy)] else 'light')"
    )
    first = guests.run("-c", ask)
    assert "reference" in first
    assert first.endswith("heavy\n")
    asked = (guests.run("-c", ask) for _ in range(5))
    light = next((one for one in asked if one.endswith("light\n")), "it never was")
    assert light == first.replace("heavy\n", "light\n")
