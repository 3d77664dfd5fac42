"""A machine that has only what is published: a virtual environment with wheels, and the `ordersync` command in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[1]
SHOP_SIDE = Path(__file__).with_name("shop_side.py")


@dataclass(frozen=True)
class Stranger:
    """A virtual environment, and a folder with a settings file."""

    home: Path
    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.home / "bin" / "python"

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start `ordersync …` in the folder."""
        command = [str(self.home / "bin" / "ordersync"), *words]
        return subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def run(self, *words: str) -> Any:
        """Run `ordersync … --json` to its end; what it printed. 0 and 1 (something is parked) are good ends."""
        done = self.start(*words, "--json")
        said, _ = done.communicate(timeout=600)
        assert done.returncode in (0, 1), said
        return json.loads(said[min(said.index(sign) for sign in "[{" if sign in said) :])


class Shop:
    """A Shopify sandbox in a process of its own, asked from outside what stands in it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin, process.stdout
        self.settings: dict[str, str] = json.loads(self._out.readline())

    def standing(self) -> list[dict[str, Any]]:
        """The orders that stand there; amounts as texts."""
        self._in.write("standing\n")
        self._in.flush()
        found: list[dict[str, Any]] = json.loads(self._out.readline())
        return found


@contextmanager
def shop(stranger: Stranger, orders: int) -> Iterator[Shop]:
    """Serve a shop with so many orders until the block ends."""
    process = subprocess.Popen(
        [str(stranger.python), str(SHOP_SIDE), str(orders)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield Shop(process)
        finally:
            process.kill()


def made(folder: Path, builder: Path) -> Stranger:
    """Build wheels of what lies here, install nothing else of ours. `builder` is a Python that has pip."""
    wheels, home = folder / "wheels", folder / "venv"
    for place in _places():
        _run(builder, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", wheels, place)
    _run(sys.executable, "-m", "venv", home)
    found = [f"{wheel}[sandbox]" for wheel in sorted(wheels.glob("*.whl"))]
    published = (
        [] if (HERE.parents[1] / "core").is_dir() else ["ordersync[sandbox]", "ordersync-shopify[sandbox]"]
    )
    _run(home / "bin" / "python", "-m", "pip", "install", "--quiet", *found, *published)
    return Stranger(home, folder)


def _places() -> list[Path]:
    """This package; and where the core's own repository is around it, the core and the shop's connector from there."""
    around = HERE.parents[1]
    ours = [around / "core", around / "plugins" / "ordersync-shopify"] if (around / "core").is_dir() else []
    return [*ours, HERE]


def _run(*command: Any) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run(list(map(str, command)), check=True, capture_output=True, timeout=600, env=environ)
