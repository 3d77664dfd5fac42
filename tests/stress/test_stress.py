"""Twenty thousand orders, competing processes, one of them killed again and again: nothing missing, nothing double."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ordersync.ledger import Ledger, State
from ordersync.testing.postgresql import postgresql

sys.path.insert(0, str(Path(__file__).parent))
from stress_worker import Platform

COUNT = int(os.environ.get("ORDERSYNC_STRESS_ORDERS", "20000"))
KILLS = 3


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "postgresql":
        yield from postgresql()
    else:
        yield f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a signal of POSIX systems")
def test_killed_workers_lose_and_double_nothing(ledger_url: str, tmp_path: Path) -> None:
    platform = tmp_path / "platform.db"
    Platform.make(platform)
    Ledger(ledger_url).close()
    workers = 2 if ledger_url.startswith("sqlite") else 4
    script = str(Path(__file__).parent / "stress_worker.py")
    command = [sys.executable, script, ledger_url, str(platform), str(COUNT)]

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    dice = random.Random(7)
    running = [start() for _ in range(workers)]
    killed = 0
    try:
        while killed < KILLS:
            time.sleep(dice.uniform(2.0, 4.0))
            if running[0].poll() is not None:
                break
            running[0].send_signal(signal.SIGKILL)
            running[0].communicate()
            killed += 1
            running[0] = start()
        for process in running:
            out, err = process.communicate(timeout=300)
            assert process.returncode in (0, 1), err
            assert out
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
                process.communicate()
    assert killed == KILLS, (
        "the work was done before the last worker was killed: raise ORDERSYNC_STRESS_ORDERS"
    )
    last = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert last.returncode == 0, last.stderr
    with sqlite3.connect(platform) as db:
        orders, distinct = db.execute("SELECT count(*), count(DISTINCT key) FROM orders").fetchone()
        people, persons = db.execute("SELECT count(*), count(DISTINCT key) FROM customers").fetchone()
    db.close()
    assert (orders, distinct) == (COUNT, COUNT)
    assert people == persons
    ledger = Ledger(ledger_url)
    assert ledger.counts("orders") == {State.DONE: COUNT}
    ledger.close()
