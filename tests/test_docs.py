"""The README and the tutorial are run: commands, the Python example, included files."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from ordersync.discovery import connector_class, sandbox_class
from ordersync.testing import serve

ROOT = Path(__file__).resolve().parent.parent
ORDERSYNC = [sys.executable, "-c", "import sys; from ordersync.cli import main; sys.exit(main())"]


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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def in_background(command: str, folder: Path) -> Iterator[str]:
    """A command that serves; its first lines of output, once it is up."""
    process = subprocess.Popen(
        [*ORDERSYNC, *shlex.split(command)[1:]],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    port = int(command.split("--port ")[1].split()[0])
    try:
        until = time.monotonic() + 60
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, process.stdout.read() if process.stdout else ""
            assert time.monotonic() < until
            time.sleep(0.05)
        yield command
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_the_readme_includes_the_example_as_it_stands() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    shown = re.search(r"<!-- include (\S+) -->\n```python\n(.*?)```", text, re.DOTALL)
    assert shown
    code = (ROOT / shown[1]).read_text("utf-8")
    assert code.partition('"""\n\n')[2] == shown[2]


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


def test_every_readme_command_exists() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    commands = re.findall(r"^\$ (ordersync (\S+).*)$", text, re.MULTILINE)
    assert len(commands) >= 7
    for _, name in commands:
        assert run(f"ordersync {name} --help", ROOT).returncode == 0
    assert connector_class("shopify").settings_model


def test_the_readme_init_writes_settings_that_check_reads(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    (init,) = re.findall(r"^\$ (ordersync init .*)$", text, re.MULTILINE)
    assert run(init, tmp_path).returncode == 0
    checked = run("ordersync check", tmp_path)
    assert checked.returncode == 2
    assert "is not set" in checked.stdout + checked.stderr


def test_the_tutorial_runs(tmp_path: Path) -> None:
    text = (ROOT / "docs/tutorial.md").read_text("utf-8")
    for port in ("8801", "8802"):
        text = text.replace(port, str(free_port()))
    secrets = {
        "SHOP_TOKEN": sandbox_class("shopify")().settings("http://x")["access_token"],
        "ODOO_KEY": sandbox_class("erp-odoo")().settings("http://x")["api_key"],
    }
    results: list[tuple[str, int, str]] = []
    blocks = re.findall(r"(?:<!-- (file|append) (\S+) -->\n)?```(console|toml)\n(.*?)```", text, re.DOTALL)
    with ExitStack() as stack:
        for how, name, kind, body in blocks:
            if kind == "toml":
                with (tmp_path / name).open("a" if how == "append" else "w", encoding="utf-8") as file:
                    file.write(body)
                continue
            for command in re.findall(r"^\$ (.+)$", body, re.MULTILINE):
                if command.endswith("&"):
                    stack.enter_context(in_background(command.removesuffix("&").strip(), tmp_path))
                    continue
                done = run(command, tmp_path, **secrets)
                results.append((command, done.returncode, done.stdout + done.stderr))
    codes = [(command, code) for command, code, _ in results]
    assert codes == [
        ("ordersync check", 0),
        ("ordersync check orders", 1),
        ("ordersync plan orders", 1),
        ("ordersync sync orders --all --limit 1", 0),
        ("ordersync sync orders", 1),
        ("ordersync parked orders", 1),
        ("ordersync orders orders --parked", 0),
        ("ordersync sync orders", 0),
        ("ordersync status", 0),
        ("ordersync sync orders --json", 0),
        ("ordersync reconcile orders", 0),
        ('ordersync explain orders "#1001"', 0),
        ("ordersync plan orders --since 30d --out orders.plan", 0),
        ("ordersync sync orders --plan orders.plan", 0),
        ("ordersync ledger rebuild orders", 0),
    ], results
    said = {command: out for command, _, out in results}
    assert "GONE-404" in results[4][2]
    assert "Mending the first cause alone frees" in said["ordersync parked orders"]
    last = json.loads(said["ordersync sync orders --json"])
    assert (last["created"], last["parked"], last["failed"]) == (0, 0, 0)
