"""ordersync as its users run it: a settings file, connectors found by name, a ledger in a file on disk, `Host.sync`.

The ledger is there before, with its tables and empty, as on every day but the first.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import bench.connectors  # noqa: F401 - importing them is start, not work
from bench.connectors.installed import install
from bench.peers.arguments import Task, task
from bench.stopwatch import measured
from ordersync.host import Host

__all__ = ["prepared", "settings_file"]

_CREATE = """
import sys
from ordersync.ledger import Ledger
from ordersync.settings import load_settings
Ledger(load_settings(sys.argv[1]).ledger.url).close()
"""


def settings_file(given: Task) -> Path:
    """A settings file for this task, with its ledger beside it."""
    target = "bench-batch" if given.batches else "bench-single"
    path = given.folder / "ordersync.toml"
    path.write_text(
        f"""
[ledger]
url = "sqlite:///{(given.folder / "ledger.db").resolve().as_posix()}"

[connections.shop]
connector = "bench-source"
url = "{given.source}"

[connections.erp]
connector = "{target}"
url = "{given.target}"

[routes.orders]
source = "shop"
target = "erp"
policies.stock = "park"
""",
        encoding="utf-8",
    )
    return path


def prepared(given: Task) -> Path:
    """The settings file of this task, once connectors and ledger are there."""
    install(given.folder / "site")
    settings = settings_file(given)
    subprocess.run([sys.executable, "-c", _CREATE, str(settings)], check=True)
    return settings


def main() -> None:
    settings = prepared(task(__doc__))
    with measured() as notes, Host.open(str(settings)) as host:
        report = host.sync("orders", everything=True)
        notes |= {
            "created": report.created,
            "parked": report.parked,
            "failed": report.failed,
            "totals_checked": report.totals_checked,
        }


if __name__ == "__main__":
    main()
