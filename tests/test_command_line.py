"""The command line against sandboxes on real sockets: wrong token, wrong key, Ctrl-C in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ordersync.discovery import sandbox_class
from ordersync.testing import serve

ORDERSYNC = [sys.executable, "-c", "import sys; from ordersync.cli import main; sys.exit(main())"]
ENV = {**os.environ, "NO_COLOR": "1"}


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*ORDERSYNC, *words], cwd=folder, env=ENV, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    shop, erp = sandbox_class("shopify")(orders=12), sandbox_class("erp-odoo")()
    with serve(shop) as source, serve(erp) as target:
        lines = []
        for name, section in (("shop", shop.settings(source.url)), ("erp", erp.settings(target.url))):
            lines.append(f"[connections.{name}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in section.items()]
        lines += [
            "[routes.orders]",
            'source = "shop"',
            'target = "erp"',
            'policies.money = "presentment"',
            "",
        ]
        (tmp_path / "ordersync.toml").write_text("\n".join(lines), "utf-8")
        yield tmp_path


def change(folder: Path, old: str, new: str) -> None:
    file = folder / "ordersync.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def test_a_run_and_its_summary(folder: Path) -> None:
    done = run(folder, "sync", "orders", "--all", "--json")
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    wanted = {"route", "seen", "created", "unchanged", "parked", "skipped", "failed", "seconds"}
    assert wanted <= set(report)
    assert (report["seen"], report["created"], report["parked"]) == (12, 11, 1)
    parked = json.loads(run(folder, "orders", "orders", "--parked", "--json").stdout)
    assert [row["problem"]["code"] for row in parked] == ["unknown_sku"]


def test_a_wrong_token_is_one_clear_line(folder: Path) -> None:
    change(folder, "sandbox-access-token", "a-token-that-is-wrong")
    done = run(folder, "sync", "orders", "--all")
    assert done.returncode == 3
    assert len(done.stderr.strip().splitlines()) == 1
    assert "a-token-that-is-wrong" not in done.stdout + done.stderr
    status = json.loads(run(folder, "status", "--json").stdout)
    assert status[0]["counts"] == {}, "nothing is parked"


def test_a_wrong_key_names_file_place_and_closest(folder: Path) -> None:
    change(folder, "access_token", "acces_token")
    done = run(folder, "check")
    assert done.returncode == 2
    said = done.stdout + done.stderr
    for part in ("connections.shop", "acces_token", "access_token"):
        assert part in said
    change(folder, "[routes.orders]", "[route.orders]")
    done = run(folder, "sync", "orders", "--all")
    assert done.returncode == 2
    assert "ordersync.toml" in done.stderr
    assert "routes" in done.stderr


def test_an_unreachable_platform(folder: Path) -> None:
    text = (folder / "ordersync.toml").read_text("utf-8")
    url = next(line for line in text.splitlines() if line.startswith("base_url"))
    change(folder, url, 'base_url = "http://127.0.0.1:9"')
    done = run(folder, "sync", "orders", "--all")
    assert done.returncode == 3
    assert "cannot be reached" in done.stderr


def test_log_lines_carry_run_order_and_request(folder: Path) -> None:
    done = run(folder, "sync", "orders", "--all", "-vv", "--log-format", "json")
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    runs = {line.get("run") for line in lines if line["logger"] == "ordersync.transfer"}
    assert len(runs) == 1
    assert None not in runs
    requests = [line for line in lines if "->" in line["message"]]
    assert len(requests) > 10
    assert any(line.get("request_id") for line in requests)
    assert any(str(line.get("order", "")).startswith("os-") for line in lines)


def demo(folder: Path, *more: str, orders: int = 120) -> list[str]:
    return [*ORDERSYNC, "demo", "--orders", str(orders), "--json", "--folder", str(folder / "demo"), *more]


@pytest.mark.skipif(os.name == "nt", reason="SIGINT cannot be sent to one process there")
def test_ctrl_c_in_the_middle_and_again(tmp_path: Path) -> None:
    process = subprocess.Popen(
        demo(tmp_path, "-v", orders=300),
        cwd=tmp_path,
        env=ENV,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    ledger = tmp_path / "demo" / "ordersync.db"
    until = time.monotonic() + 60
    assert process.stderr is not None
    for line in process.stderr:
        assert time.monotonic() < until
        if "stands on" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    first: dict[str, Any] = json.loads(out)
    assert first["interrupted"]
    assert ledger.exists()
    assert 0 < first["created"] < 284
    again = subprocess.run(
        demo(tmp_path, orders=300),
        cwd=tmp_path,
        env=ENV,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert again.returncode == 0, again.stderr
    second = json.loads(again.stdout)
    assert first["created"] + second["created"] == 284
    assert (second["target"]["orders"], second["target"]["twice"]) == (284, 0)
    whole = subprocess.run(
        demo(tmp_path / "whole", orders=300),
        cwd=tmp_path,
        env=ENV,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert json.loads(whole.stdout)["target"] == second["target"]
