"""The README and the tutorial do what they say; `test_docs_blocks.py` runs the blocks of every page."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from docs_blocks import ROOT, blocks
from docs_room import ORDERSYNC, Room

from ordersync.discovery import sandbox_class
from ordersync.testing import serve


def run(command: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command)
    assert words[0] == "ordersync"
    return subprocess.run(
        [*ORDERSYNC, *words[1:]],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_python_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = sandbox_class("shopify")(orders=20)
    erp = sandbox_class("erp-odoo")()
    with serve(shop) as source, serve(erp) as target:
        lines = []
        for name, kind, sandbox, url in (
            ("shop", "shopify", shop, source.url),
            ("erp", "erp-odoo", erp, target.url),
        ):
            lines.append(f"[connections.{name}]")
            section = {"connector": kind, **sandbox.settings(url)}
            lines += [f"{key} = {json.dumps(value)}" for key, value in section.items()]
        lines += ["[routes.orders]", 'source = "shop"', 'target = "erp"', 'policies.money = "presentment"']
        (tmp_path / "ordersync.toml").write_text("\n".join(lines), "utf-8")
        monkeypatch.chdir(tmp_path)
        exec(compile((ROOT / "docs/examples/host.py").read_text("utf-8"), "host.py", "exec"), {})
    printed = capsys.readouterr().out
    assert "18 created, 1 parked, 0 failed" in printed
    assert "GONE-404" in printed


def test_the_readme_init_writes_settings_that_check_reads(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    (init,) = re.findall(r"^\$ (ordersync init .*)$", text, re.MULTILINE)
    assert run(init, tmp_path).returncode == 0
    checked = run("ordersync check", tmp_path)
    assert checked.returncode == 2
    assert "is not set" in checked.stdout + checked.stderr


def test_the_tutorial_runs(tmp_path: Path) -> None:
    with ExitStack() as stack:
        room = Room(tmp_path, stack)
        for block in blocks(ROOT / "docs/tutorial.md"):
            room.take(block)
    assert [ran.command for ran in room.ran] == [
        "ordersync check",
        "ordersync check orders",
        "ordersync plan orders",
        "ordersync sync orders --all --limit 1",
        "ordersync sync orders",
        "ordersync parked orders",
        "ordersync orders orders --parked",
        "ordersync sync orders",
        "ordersync status",
        "ordersync sync orders --json",
        "ordersync reconcile orders",
        'ordersync explain orders "#1001"',
        "ordersync plan orders --since 30d --out orders.plan",
        "ordersync sync orders --plan orders.plan",
        "ordersync ledger rebuild orders",
    ]
    said = {ran.command: ran.said for ran in room.ran}
    assert "GONE-404" in room.ran[4].said
    assert "Mending the first cause alone frees" in said["ordersync parked orders"]
    last = json.loads(said["ordersync sync orders --json"])
    assert (last["created"], last["parked"], last["failed"]) == (0, 0, 0)
