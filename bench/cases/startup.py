"""How long a command takes before it does anything, alone and with many plugins installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.connectors.installed import write_distribution
from bench.measuring import Case, How, Outcome, Table, middle
from ordersync.inventory import GRAIN

__all__ = ["STARTUP"]

REPEATS, QUICK_REPEATS = 15, 3
PLUGINS = 25

_ORDERSYNC = ("-P", "-c", "import sys; from ordersync.cli import main; sys.exit(main())")
"""As the installed command does: the working folder is not on the path."""
_LOAD = (
    "import time, ordersync.discovery as d; t = time.perf_counter(); {what}; print(time.perf_counter() - t)"
)
_SETTINGS = """
[ledger]
url = "sqlite:///{folder}/ledger.db"

[connections.shop]
connector = "reference"

[connections.erp]
connector = "reference"
store = "erp"

[routes.orders]
source = "shop"
target = "erp"
"""
_PLUGIN = '''
"""A plugin as small as one can be."""

from collections.abc import Iterator

from pydantic import BaseModel

from ordersync import Account, Facts, Order, OrderQuery, Page, hookimpl
from ordersync.web import Access


class Settings(BaseModel):
    url: str


class Connector:
    settings_model = Settings
    facts = Facts(platform="Made {number}")

    def __init__(self, settings: Settings, access: Access) -> None:
        self._client = access.client(settings.url)

    def close(self) -> None:
        self._client.close()

    @hookimpl
    def check_access(self) -> Account:
        return Account(id="{number}")

    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        return iter(())

    @hookimpl
    def get_order(self, order_id: str) -> Order | None:
        return None
'''


def begin(how: How) -> Outcome:
    """Commands in turns, each a process of its own; the median of each."""
    repeats = how.repeats or (QUICK_REPEATS if how.quick else REPEATS)
    with tempfile.TemporaryDirectory(prefix="ordersync-bench-") as place:
        many = _plugins(Path(place, "site"))
        here = Path(place, "here")
        here.mkdir()
        settings = Path(place, "ordersync.toml")
        settings.write_text(_SETTINGS.format(folder=Path(place).as_posix()), encoding="utf-8")
        asked: dict[str, tuple[Sequence[str], Mapping[str, str]]] = {
            "bare interpreter": (("-c", "pass"), {}),
            "interpreter that imports Typer": (("-c", "import typer"), {}),
            "ordersync --help": ((*_ORDERSYNC, "--help"), {}),
            "ordersync connectors": ((*_ORDERSYNC, "connectors"), {}),
            "ordersync connectors --fresh": ((*_ORDERSYNC, "connectors", "--fresh"), {}),
            "ordersync status": ((*_ORDERSYNC, "--settings", str(settings), "status"), {}),
            f"--help, {PLUGINS} plugins more": ((*_ORDERSYNC, "--help"), many),
            f"connectors, {PLUGINS} plugins more": ((*_ORDERSYNC, "connectors"), many),
            f"connectors --fresh, {PLUGINS} plugins more": ((*_ORDERSYNC, "connectors", "--fresh"), many),
            f"status, {PLUGINS} plugins more": ((*_ORDERSYNC, "--settings", str(settings), "status"), many),
        }
        loads: dict[str, tuple[str, Mapping[str, str]]] = {
            "import ordersync.discovery, then: one plugin": ("d.connector_class('reference')", {}),
            "all plugins": ("d.installed()", {}),
            "names of all plugins, none loaded": ("d.installed(load=False)", {}),
            f"one plugin of {PLUGINS} more": ("d.connector_class('made-07')", many),
            f"all plugins, {PLUGINS} more": ("d.installed()", many),
        }
        took: dict[str, list[float]] = {name: [] for name in (*asked, *loads)}
        time.sleep(GRAIN)
        for repeat in range(repeats + 1):
            for name, (arguments, environment) in asked.items():
                took[name].append(_process(arguments, environment, here)[0])
            for name, (what, environment) in loads.items():
                took[name].append(
                    float(_process(("-P", "-c", _LOAD.format(what=what)), environment, here)[1])
                )
            if not repeat:
                took = {name: [] for name in took}
    medians = {name: middle(found) for name, found in took.items()}
    floor = medians["interpreter that imports Typer"]
    ratios = {
        "startup.help.against.typer": medians["ordersync --help"] / floor,
        "startup.connectors.against.typer": medians["ordersync connectors"] / floor,
        "startup.connectors.fresh.against.typer": medians["ordersync connectors --fresh"] / floor,
        "startup.status.against.typer": medians["ordersync status"] / floor,
        f"startup.help.with_{PLUGINS}_plugins.against.without": medians[f"--help, {PLUGINS} plugins more"]
        / medians["ordersync --help"],
        f"startup.connectors.with_{PLUGINS}_plugins.against.without": medians[
            f"connectors, {PLUGINS} plugins more"
        ]
        / medians["ordersync connectors"],
        f"startup.status.with_{PLUGINS}_plugins.against.without": medians[f"status, {PLUGINS} plugins more"]
        / medians["ordersync status"],
    }
    rows = [
        [name, f"{seconds * 1000:.1f}", f"{seconds / floor:.2f}" if name in asked else ""]
        for name, seconds in medians.items()
    ]
    notes = [
        "caches (bytecode, the list of plugins) are warm: the first round does not count",
        "what is loaded is timed within a process",
    ]
    table = Table("start-up", ["what", "ms", "÷ importing Typer"], rows, notes)
    return Outcome([table], ratios, {"seconds": took})


def _plugins(folder: Path) -> dict[str, str]:
    """So many plugins in a folder; the environment in which they are installed."""
    folder.mkdir()
    for number in range(PLUGINS):
        module = f"ordersync_made_{number:02d}"
        (folder / f"{module}.py").write_text(_PLUGIN.replace("{number}", str(number)), encoding="utf-8")
        write_distribution(
            folder, f"ordersync-made-{number:02d}", {f"made-{number:02d}": f"{module}:Connector"}
        )
    return {"PYTHONPATH": str(folder), "XDG_CACHE_HOME": str(folder.with_name("cache-many"))}


def _process(arguments: Sequence[str], environment: Mapping[str, str], here: Path) -> tuple[float, str]:
    """Seconds that an interpreter took, and what it said. Raises CalledProcessError.

    It has its bytecode, as an installed package does, whatever this process was told about writing some.
    """
    others = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    inherited = {name: value for name, value in os.environ.items() if name not in others}
    ours = {
        "PYTHONPYCACHEPREFIX": str(here.with_name("bytecode")),
        "XDG_CACHE_HOME": str(here.with_name("cache")),
    }
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**inherited, **ours, **environment},
        cwd=here,
        capture_output=True,
        text=True,
        check=True,
    )
    return time.perf_counter() - begun, done.stdout


STARTUP = Case("startup", "what a command takes before it does anything, and with many plugins", begin)
