"""A real Tryton server on loopback: installed once into a cache folder, set up once, copied for each test."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

VERSION = "8.2"
PACKAGES = [
    f"trytond~={VERSION}.0",
    f"trytond_sale~={VERSION}.0",
    f"trytond_stock~={VERSION}.0",
    f"proteus~={VERSION}.0",
]
DATABASE = "shop"
ADMIN_PASSWORD = "admin-pass-1"
USER, PASSWORD = "ordersync", "ordersync-pass-1"
SIDE = Path(__file__).with_name("tryton_side.py")
CACHE = (
    Path(tempfile.gettempdir())
    / f"ordersync-tryton-{VERSION}-python-{sys.version_info[0]}.{sys.version_info[1]}"
)


@dataclass(frozen=True)
class Sale:
    """A sale as it lies in the database, read without the connector."""

    id: int
    key: str | None
    reference: str | None
    state: str
    net: Decimal
    tax: Decimal
    total: Decimal
    lines: int
    """Without the line that corrects cents."""


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    port: int
    folder: Path
    python: Path

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def settings(self) -> dict[str, str]:
        """A connection's section that reaches it, with the rights of the user for ordersync only."""
        return {
            "connector": "tryton",
            "url": self.url,
            "database": DATABASE,
            "user": USER,
            "password": PASSWORD,
            "correction_tax": "Correction",
        }

    def sales(self) -> list[Sale]:
        """What stands, by SQL. Amounts are kept as texts; a sale that was never confirmed has none yet."""
        query = (
            "SELECT id, description, reference, state, untaxed_amount_cache, tax_amount_cache, total_amount_cache,"
            " (SELECT count(*) FROM sale_line WHERE sale = sale_sale.id AND coalesce(sequence, 0) != 9999)"
            " FROM sale_sale ORDER BY id"
        )
        with closing(
            sqlite3.connect(f"file:{self.folder / DATABASE}.sqlite?mode=ro", uri=True, timeout=30)
        ) as books:
            rows = books.execute(query).fetchall()
        return [
            Sale(number, key or None, ours or None, state, _exact(net), _exact(tax), _exact(total), lines)
            for number, key, ours, state, net, tax, total, lines in rows
        ]

    def sell(self, sales: list[dict[str, Any]]) -> None:
        """Enter sales as a person does, with Tryton's own client."""
        self._as_a_person("sell", sales)

    def add_unbookable(self, sku: str) -> None:
        """A product of which no invoice can be made: sales of it are confirmed, and not processed."""
        self._as_a_person("unbookable", sku)

    def round_taxes(self, method: str) -> None:
        """Let the company round taxes over the `document`, or by `line`."""
        self._as_a_person("rounding", method)

    def _as_a_person(self, what: str, given: Any) -> None:
        address = f"http://admin:{ADMIN_PASSWORD}@127.0.0.1:{self.port}/{DATABASE}/rpc/"
        _run([self.python, SIDE, address, what], given=given)


def _exact(kept: bytes | int | str | None) -> Decimal:
    return Decimal(kept.decode() if isinstance(kept, bytes) else kept or 0)


def installed() -> Path:
    """The Python of a virtual environment with Tryton. Skips where none can be made."""
    if os.environ.get("CI"):
        pytest.skip("the real Tryton server is for one's own machine, not for CI")
    if os.environ.get("PYTEST_XDIST_WORKER"):
        pytest.skip("the real Tryton server serves one process: run these tests without -n")
    home, ready = CACHE / "venv", CACHE / "installed"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not ready.exists():
        shutil.rmtree(CACHE, ignore_errors=True)
        CACHE.mkdir(parents=True)
        try:
            _run([sys.executable, "-m", "venv", home])
            _run([python, "-m", "pip", "install", "--quiet", *PACKAGES])
        except (subprocess.SubprocessError, OSError):
            pytest.skip("a real Tryton server needs PyPI, and its packages cannot be installed here")
        ready.touch()
    return python


def prepared(python: Path, wanted: dict[str, Any]) -> Path:
    """A database that is set up as `wanted`; made once (about a minute), then kept."""
    told = SIDE.read_bytes() + json.dumps(wanted, sort_keys=True).encode()
    kept = CACHE / f"{hashlib.sha256(told).hexdigest()[:16]}.sqlite"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            config = _configured(folder, 0)
            (folder / f"{DATABASE}.sqlite").touch()
            (folder / "password").write_text(ADMIN_PASSWORD, "utf-8")
            environ = {"TRYTOND_CONFIG": str(config), "TRYTONPASSFILE": str(folder / "password")}
            modules = ["-u", "sale", "stock", "--activate-dependencies", "-l", "en"]
            admin = [
                python.with_name("trytond-admin"),
                "-c",
                config,
                "-d",
                DATABASE,
                "--email",
                "admin@example.com",
            ]
            _run([*admin, *modules], environ=environ)
            _run([python, SIDE, f"sqlite:///{DATABASE}", "set-up"], given=wanted, environ=environ)
            shutil.copy(folder / f"{DATABASE}.sqlite", kept.with_suffix(".partial"))
            kept.with_suffix(".partial").rename(kept)
    return kept


@contextmanager
def running(python: Path, database: Path, folder: Path) -> Iterator[Server]:
    """Serve a copy of the database from `folder` on a free port of 127.0.0.1 until the block ends."""
    shutil.copy(database, folder / f"{DATABASE}.sqlite")
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [python.with_name("trytond"), "-c", _configured(folder, port), "-d", DATABASE]
    with (folder / "trytond.log").open("wb") as log:
        process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, cwd=folder)
        try:
            _wait_for(port, process)
            yield Server(port, folder, python)
        finally:
            process.terminate()
            process.wait(30)


def _configured(folder: Path, port: int) -> Path:
    config = folder / "trytond.conf"
    config.write_text(
        f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n", "utf-8"
    )
    return config


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with closing(socket.socket()) as door:
            if door.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError("trytond does not answer; see trytond.log")


def _run(command: list[Any], *, given: Any = None, environ: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        list(map(str, command)),
        input=json.dumps(given).encode(),
        env={**os.environ, **(environ or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=600,
    )
    if done.returncode:
        raise subprocess.SubprocessError(done.stdout.decode("utf-8", "replace")[-2000:])
