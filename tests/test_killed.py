"""A real process, a real SIGKILL: what `prove` says of death in a virtual world holds in this one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Response

from ordersync.discovery import sandbox_class
from ordersync.testing.sandbox import serve

WORKER = Path(__file__).parent / "killed_worker.py"
ORDERS = 6


class Deadly:
    """A platform in front of which a process dies: at the n-th write, before the platform did it or after."""

    def __init__(self, sandbox: Any, strike: int, *, after: bool) -> None:
        self.sandbox = sandbox
        self.victim: subprocess.Popen[str] | None = None
        self._strike = strike
        self._after = after
        self._writes = 0
        self.struck = threading.Event()
        self._real = sandbox.answer
        sandbox.answer = self.answer

    def answer(self, request: Any) -> Any:
        request.get_data()
        if not self.sandbox.is_write(request):
            return self._real(request)
        self._writes += 1
        if self._writes != self._strike:
            return self._real(request)
        answer = self._real(request) if self._after else None
        assert self.victim is not None
        os.kill(self.victim.pid, signal.SIGKILL)
        self.struck.set()
        return answer or Response("", status=503)


def run(settings: Path, watch: Callable[[subprocess.Popen[str]], None]) -> int:
    process = subprocess.Popen(
        [sys.executable, WORKER, settings], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    watch(process)
    out, _ = process.communicate(timeout=120)
    if process.returncode not in (0, 1, -signal.SIGKILL):
        raise AssertionError(out)
    return process.returncode


def figures(standing: Iterable[Any]) -> Counter[Any]:
    return Counter(
        (one.key, one.lines, one.total, one.confirmed, one.cancelled) for one in standing if one.key
    )


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
@pytest.mark.parametrize(
    ("source", "target", "strike", "after"),
    [
        ("shopify", "erp-odoo", 1, True),
        ("shopify", "erp-odoo", 2, False),
        ("erp-odoo", "shopify", 2, True),
    ],
)
def test_a_worker_that_is_killed_at_a_write(
    tmp_path: Path, source: str, target: str, strike: int, after: bool
) -> None:
    shop, erp = sandbox_class(source)(orders=ORDERS), sandbox_class(target)()
    undisturbed = sandbox_class(target)()
    deadly = Deadly(erp, strike, after=after)
    with serve(shop) as from_here, serve(erp) as to_there, serve(undisturbed) as calm:
        settings, other = tmp_path / "ordersync.toml", tmp_path / "calm.toml"
        settings.write_text(written(shop, from_here.url, erp, to_there.url, tmp_path / "a.db"), "utf-8")
        other.write_text(written(shop, from_here.url, undisturbed, calm.url, tmp_path / "b.db"), "utf-8")

        def watch(process: subprocess.Popen[str]) -> None:
            deadly.victim = process

        assert run(settings, watch) == -signal.SIGKILL
        assert deadly.struck.wait(10)
        for _ in range(5):
            if run(settings, watch) == 0:
                break
        assert run(settings, watch) == 0, "it comes to rest"
        assert run(other, lambda process: None) == 0
    assert figures(erp.standing()) == figures(undisturbed.standing())
    assert max(Counter(one.key for one in erp.standing() if one.key).values()) == 1
    assert len(erp.customers()) == len(undisturbed.customers())


def written(source: Any, source_url: str, target: Any, target_url: str, ledger: Path) -> str:
    """A settings file between two served sandboxes."""
    lines = [f'[ledger]\nurl = "sqlite:///{ledger}"']
    for name, sandbox, url in (("shop", source, source_url), ("erp", target, target_url)):
        lines.append(f"[connections.{name}]")
        lines += [f"{key} = {_toml(value)}" for key, value in sandbox.settings(url).items()]
    lines.append(
        '[routes.orders]\nsource = "shop"\ntarget = "erp"\n[routes.orders.policies]\nmoney = "presentment"'
    )
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()
