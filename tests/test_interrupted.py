"""A real process, a real Ctrl-C: it ends soon, says so, leaves nothing in doubt, and the next one does the rest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from test_killed import written

from ordersync.discovery import connector_class, sandbox_class
from ordersync.ledger import Ledger, Row, State
from ordersync.testing.sandbox import serve

ORDERS = 40
TAKES = 0.1
"""Seconds for each write, one after the other."""


class Slow:
    """A platform that takes its time for every write, and says when the third one is there."""

    def __init__(self, sandbox: Any) -> None:
        self.third = threading.Event()
        self._sandbox = sandbox
        self._real = sandbox.answer
        self._writes = 0
        sandbox.answer = self.answer

    def answer(self, request: Any) -> Any:
        request.get_data()
        if self._sandbox.is_write(request):
            self._writes += 1
            if self._writes == 3:
                self.third.set()
            time.sleep(TAKES)
        return self._real(request)

    def hurry(self) -> None:
        self._sandbox.answer = self._real


def sync(settings: Path, *options: str) -> subprocess.Popen[str]:
    program = "import sys; from ordersync.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "--settings", str(settings), "sync", "orders", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def offers(target: str) -> set[str]:
    """What the connector implements."""
    return {name for name in dir(connector_class(target)) if not name.startswith("_")}


def rows_of(file: Path) -> list[Row]:
    ledger = Ledger(f"sqlite:///{file}")
    try:
        return list(ledger.rows("orders"))
    finally:
        ledger.close()


def keys(sandbox: Any) -> Counter[str]:
    """Key → how often it stands."""
    return Counter(one.key for one in sandbox.standing() if one.key)


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be sent a Ctrl-C alone on Windows")
@pytest.mark.parametrize(("source", "target"), [("erp-odoo", "shopify"), ("shopify", "erp-odoo")])
def test_ctrl_c_ends_a_sync_within_a_request(tmp_path: Path, source: str, target: str) -> None:
    shop, erp = sandbox_class(source)(orders=ORDERS), sandbox_class(target)()
    slow = Slow(erp)
    with serve(shop) as from_here, serve(erp) as to_there:
        settings = tmp_path / "ordersync.toml"
        settings.write_text(written(shop, from_here.url, erp, to_there.url, tmp_path / "a.db"), "utf-8")

        process = sync(settings, "--all")
        while not slow.third.wait(0.5):
            assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGINT)
        asked = time.monotonic()
        out, said = process.communicate(timeout=60)
        took = time.monotonic() - asked

        assert process.returncode == 130, said
        assert "Finishing the order in hand, then stopping. Press Ctrl-C again to abort." in said
        assert "Traceback" not in said
        assert took < 10, f"{took:.1f} s for what was under way"
        rows = rows_of(tmp_path / "a.db")
        states = Counter(row.state for row in rows)
        if "create_orders" not in offers(target):
            assert states[State.SEEN] >= 10, "it stopped long before the end"
        assert not states[State.SENDING] + states[State.IN_DOUBT]
        assert keys(erp) == {row.key: 1 for row in rows if row.state is State.DONE}
        assert not [row for row in rows if row.owner]

        slow.hurry()
        out, said = sync(settings, "--all").communicate(timeout=120)
        rows = rows_of(tmp_path / "a.db")
    assert {row.state for row in rows} <= {State.DONE, State.PARKED, State.SKIPPED}, out + said
    assert keys(erp) == {row.key: 1 for row in rows if row.state is State.DONE}
    assert len(keys(erp)) >= states[State.DONE]
