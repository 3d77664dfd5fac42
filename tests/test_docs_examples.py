"""The example programs of the documentation do what their pages say, on sandboxes."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from docs_blocks import ROOT
from docs_room import PRELUDES

from ordersync import Host
from ordersync.discovery import sandbox_class

EXAMPLES = ROOT / "docs/examples"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a settings file for two sandboxes that are up."""
    monkeypatch.chdir(tmp_path)
    with PRELUDES["sandboxes"](tmp_path):
        yield tmp_path


def states(folder: Path) -> dict[str, int]:
    with Host.open(str(folder / "ordersync.toml")) as host:
        (status,) = host.status()
        return dict(status.counts)


def signed(order_id: str) -> tuple[bytes, dict[str, str]]:
    """A delivery as the shop sends it."""
    body = json.dumps({"id": int(order_id.rpartition("/")[2]), "admin_graphql_api_id": order_id}).encode()
    secret = str(sandbox_class("shopify")().settings("http://x")["webhook_secret"]).encode()
    return body, {
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "X-Shopify-Hmac-Sha256": base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode(),
    }


class Asked:
    """The FastAPI application, asked without a server; what it does after an answer is done when the call returns."""

    def __init__(self, folder: Path) -> None:
        create = runpy.run_path(str(EXAMPLES / "fastapi_app.py"))["create_app"]
        self._way = httpx.ASGITransport(create(str(folder / "ordersync.toml")))

    def __call__(self, method: str, path: str, **how: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._way, base_url="http://app") as client:
                return await client.request(method, path, **how)

        return asyncio.run(ask())


def test_fastapi(folder: Path) -> None:
    pytest.importorskip("fastapi")
    app = Asked(folder)
    assert app("GET", "/routes").json()[0]["counts"] == {}
    assert app("POST", "/routes/orders/sync?limit=25").json() == {"created": 18, "parked": 1, "failed": 0}
    assert app("POST", "/routes/orders/sync").json()["created"] == 0
    (parked,) = app("GET", "/routes/orders/parked").json()
    assert "GONE-404" in parked["problem"]
    assert app("GET", "/routes/nowhere/parked").status_code == 404
    assert app("POST", "/routes/nowhere/sync").status_code == 404


def test_fastapi_takes_webhooks(folder: Path) -> None:
    pytest.importorskip("fastapi")
    app = Asked(folder)
    with Host.open("ordersync.toml") as host:
        first = next(iter(host.plan("orders"))).source_id
    body, headers = signed(first)
    assert app("POST", "/webhooks/orders", content=body + b" ", headers=headers).status_code == 401
    assert states(folder) == {}
    assert app("POST", "/webhooks/orders", content=body, headers=headers).status_code == 200
    assert states(folder) == {"done": 1}


def django(folder: Path, *words: str, code: str = "") -> subprocess.CompletedProcess[str]:
    project = EXAMPLES / "django_shop"
    command = ["-c", code] if code else [str(project / "manage.py"), *words]
    return subprocess.run(
        [sys.executable, "-W", "error", *command],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(project),
            "DJANGO_SETTINGS_MODULE": "shop.settings",
            "DJANGO_SECRET_KEY": "for this test alone",
            "ORDERSYNC_SETTINGS": str(folder / "ordersync.toml"),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_django(folder: Path) -> None:
    pytest.importorskip("django")
    done = django(folder, "sync_orders", "orders")
    assert (done.returncode, "18 created, 1 parked, 0 failed" in done.stdout) == (1, True), done.stderr
    assert django(folder, "sync_orders", "nowhere").returncode == 3
    seen = django(
        folder,
        code="import django, json; django.setup(); from django.test import Client; c = Client(headers={'host': 'localhost'});"
        "print(json.dumps([c.get('/routes/').json(), c.get('/routes/orders/parked/').json(),"
        " c.get('/routes/nowhere/parked/').status_code]))",
    )
    assert seen.returncode == 0, seen.stderr
    routes, parked, missing = json.loads(seen.stdout)
    assert routes["routes"][0]["counts"]["done"] == 18
    assert "GONE-404" in json.dumps(parked)
    assert missing == 404


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM to send")
def test_the_worker_stops_when_it_is_told(folder: Path) -> None:
    log = folder / "worker.log"
    with log.open("w", encoding="utf-8") as file:
        worker = subprocess.Popen(
            [sys.executable, str(EXAMPLES / "worker.py")], cwd=folder, stderr=file, stdout=file, text=True
        )
        try:
            until = time.monotonic() + 60
            while "18 created" not in log.read_text("utf-8"):
                assert worker.poll() is None, log.read_text("utf-8")
                assert time.monotonic() < until, log.read_text("utf-8")
                time.sleep(0.05)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(timeout=20) == 0
        finally:
            if worker.poll() is None:
                worker.kill()
                worker.wait()
    assert log.read_text("utf-8").rstrip().endswith("stopped")
    assert states(folder)["done"] == 18


def test_the_worker_stops_in_the_middle_of_a_run(folder: Path) -> None:
    names = runpy.run_path(str(EXAMPLES / "worker.py"))
    names["stop"].set()
    with Host.open("ordersync.toml") as host:
        names["carry"](host, "orders")
    assert states(folder).get("sending", 0) == 0
    assert states(folder).get("done", 0) == 0


@pytest.mark.parametrize("problem", ["Halted", "AccessDenied", "Unreachable", "PluginBroken"])
def test_what_ends_a_run_does_not_end_the_worker(problem: str, caplog: pytest.LogCaptureFixture) -> None:
    import ordersync

    names: dict[str, Any] = runpy.run_path(str(EXAMPLES / "worker.py"))

    class Ends:
        def is_new(self, route: str) -> bool:
            return False

        def sync(self, route: str, **how: object) -> None:
            raise getattr(ordersync, problem)("it cannot go on.")

    names["carry"](Ends(), "orders")
    assert "it cannot go on." in caplog.text
