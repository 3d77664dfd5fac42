"""The stranger's path: the core as a wheel, in an environment of its own, and nothing of this checkout.

`ordersync new` writes a package there, which is built, installed, and used as its author and its users would. Each
interpreter that runs this file tries it for itself. It needs uv and a package index.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
UV = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
ENV = {
    **{
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST", "PYTHON", "COV_", "VIRTUAL_"))
    },
    "NO_COLOR": "1",
    "UV_PYTHON_DOWNLOADS": "never",
    "PYTHONDONTWRITEBYTECODE": "1",
}
SYNC = """
import sys
from pathlib import Path
from ordersync.cli import main
from ordersync.cli.sandboxes import connection_toml
from ordersync.discovery import sandbox_class
from ordersync.testing import serve

shop, erp = sandbox_class("acme")(orders=12), sandbox_class("acme")(seed=1)
with serve(shop) as source, serve(erp) as target:
    file = Path("ordersync.toml")
    file.write_text(
        '[ledger]\\nurl = "sqlite:///ordersync.db"\\n\\n'
        + connection_toml("shop", "acme", shop.settings(source.url))
        + connection_toml("erp", "acme", erp.settings(target.url))
        + '[routes.orders]\\nsource = "shop"\\ntarget = "erp"\\n', "utf-8",
    )
    code = main(["sync", "orders", "--all", "--json"])
keys = [one.key for one in erp.standing()]
figures = sorted((one.total, one.currency) for one in erp.standing())
born = sorted((one.total, one.currency) for one in shop.standing() if not one.cancelled)
print(len(keys), len(set(keys)), set(figures) <= set(born), code, file=sys.stderr)
"""


@dataclass(frozen=True)
class Stranger:
    """An environment with the core's wheel, and a package that was made and installed there."""

    bin: Path
    package: Path

    def run(
        self, *words: str, folder: Path | None = None, seconds: int = 400
    ) -> subprocess.CompletedProcess[str]:
        return finished([str(self.bin / words[0]), *words[1:]], folder or self.package, seconds)


def finished(words: list[str], folder: Path, seconds: int = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=folder, env=ENV, capture_output=True, text=True, timeout=seconds, check=False
    )


def uv(folder: Path, *words: str) -> None:
    assert UV is not None
    done = finished([UV, *words], folder)
    assert done.returncode == 0, f"uv {' '.join(words)}\n{done.stderr[-3000:]}"


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    folder = tmp_path_factory.mktemp("stranger")
    if UV is None:
        pytest.skip("uv is not here: pip install uv")
    if (
        finished([UV, "venv", "-q", "-p", sys.executable, "probe"], folder).returncode
        or finished(
            [UV, "pip", "install", "-q", "-p", "probe", "--no-deps", "hatchling", "copier"], folder
        ).returncode
    ):
        pytest.skip("no package index can be reached")
    uv(folder, "build", "-q", "--wheel", "-o", "wheels", str(ROOT / "core"))
    uv(folder, "venv", "-q", "-p", sys.executable, "venv")
    (core,) = (folder / "wheels").glob("ordersync-*.whl")
    uv(folder, "pip", "install", "-q", "-p", "venv", f"ordersync[authors] @ {core.as_uri()}")
    found = Stranger(folder / "venv" / ("Scripts" if os.name == "nt" else "bin"), folder / "ordersync-acme")
    made = found.run("ordersync", "new", "acme", "--defaults", folder=folder)
    assert made.returncode == 0, made.stderr
    uv(found.package, "build", "-q", "--wheel", "-o", str(folder / "wheels"), ".")
    (wheel,) = (folder / "wheels").glob("ordersync_acme-*.whl")
    uv(folder, "pip", "install", "-q", "-p", "venv", f"ordersync-acme[test] @ {wheel.as_uri()}")
    yield found
    shutil.rmtree(folder, ignore_errors=True)


def test_its_tests_pass(stranger: Stranger) -> None:
    done = stranger.run("pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_it_is_clean_and_typed(stranger: Stranger) -> None:
    for words in (
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy", "--strict", "src", "tests"],
    ):
        done = stranger.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr


def test_its_card_is_true_and_reaches_the_first_level(stranger: Stranger, tmp_path: Path) -> None:
    done = stranger.run("ordersync", "quality", "acme", folder=tmp_path)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert re.search(r"^Level: (bronze|silver|gold)$", done.stdout, re.MULTILINE), done.stdout[-4000:]


def test_it_is_listed(stranger: Stranger, tmp_path: Path) -> None:
    done = stranger.run("ordersync", "--json", "connectors", folder=tmp_path)
    plugins: Any = json.loads(done.stdout)
    found = next(one for one in plugins if one["name"] == "acme")
    assert (found["distribution"], found["problem"]) == ("ordersync-acme", None)
    assert {"list_orders", "create_order", "receive"} <= set(found["hooks"])


def test_orders_move_between_two_of_its_sandboxes(stranger: Stranger, tmp_path: Path) -> None:
    done = stranger.run("python", "-c", SYNC, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    stood, keys, as_sold, code = done.stderr.split()[-4:]
    assert (int(stood), int(keys), as_sold) == (report["created"], report["created"], "True")
    assert report["created"] >= 10
    assert report["failed"] == 0
    assert code in "01"
