"""The contract suite on a connector that does everything right, and what the suite says of itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
from werkzeug.wrappers import Request, Response

sys.path.insert(0, str(Path(__file__).parent))
import sample_platform
from sample_connector import SampleConnector
from sample_platform import CLIENT, HOOK_SECRET, SECRET, SampleSandbox

from ordersync.hookspecs import ConnectorSpecs
from ordersync.testing import contract
from ordersync.testing.contract import ConnectorContract, ReadVerdicts
from ordersync.testing.contract.asking import ASKINGS, lever
from ordersync.testing.contract.stand import Stand
from ordersync.testing.contract.wire import Wire, change_by, operations_by
from ordersync.testing.quality.rules import RULES, Proof
from ordersync.testing.sandbox import Sandbox, serve
from ordersync.testing.trial import reference_orders
from ordersync.web import VirtualClock, dump

HERE = Path(__file__).parent
HOOKS = [name for name in vars(ConnectorSpecs) if not name.startswith("_")]


class TestSample(ConnectorContract):
    """All of it."""

    connector = SampleConnector
    sandbox = SampleSandbox


class TestReadsAlone(ReadVerdicts):
    """One theme: no order was placed before its first test, and one is between its first and its second."""

    connector = SampleConnector
    sandbox = SampleSandbox


class TestReference(ConnectorContract):
    """In memory: no sandbox, no requests."""

    platform = "reference"

    def section(self, folder: Path) -> Mapping[str, object]:
        file = folder / "store.json"
        if not file.exists():
            orders = [order.model_dump(mode="json") for order in reference_orders(3)]
            file.write_bytes(dump({"items": [{"sku": "MUG-01", "product_id": "P-1"}], "orders": orders}))
        return {"file": str(file)}


FILE = """
from sample_connector import SampleConnector
from sample_platform import SampleSandbox
from ordersync.testing.contract import ConnectorContract

class TestSample(ConnectorContract):
    connector = SampleConnector
    sandbox = SampleSandbox
    platform = "sample"
"""

GENEROUS = """
from datetime import timedelta

from sample_connector import SampleConnector
from sample_platform import SampleSandbox
from ordersync.testing.contract import ConnectorContract
from ordersync.web import Bucket

class Generous(SampleConnector):
    facts = SampleConnector.facts.model_copy(update={"index_lag": timedelta(seconds=0.5)})

    def __init__(self, settings, access):
        super().__init__(settings, access)
        self._bucket = Bucket(1000, 1000, access.clock)

class TestSample(ConnectorContract):
    connector = Generous
    sandbox = SampleSandbox
    platform = "sample"
"""
"""The same on an account that is quick and lets everything through: nobody waits for it."""


def run(folder: Path, *options: str, file: str = FILE) -> tuple[int, str]:
    """pytest on a file with the sample's contract, in a process of its own."""
    (folder / "test_sample.py").write_text(file, "utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-rs",
            "-p",
            "no:cacheprovider",
            f"--rootdir={folder}",
            *options,
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(HERE), "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_every_hook_has_a_way_to_be_asked() -> None:
    assert set(ASKINGS) == set(HOOKS)


def test_every_rule_that_the_suite_proves_is_carried_by_a_test() -> None:
    proven = {
        mark.args[0]
        for name in dir(ConnectorContract)
        if name.startswith("test_")
        for mark in getattr(getattr(ConnectorContract, name), "pytestmark", ())
        if mark.name == "ordersync_rule"
    }
    assert proven == {rule.name for rule in RULES.values() if rule.proof is Proof.SUITE}


def test_every_test_carries_a_rule_and_belongs_to_one_theme() -> None:
    themes = [base for base in ConnectorContract.__mro__ if base.__module__.startswith(contract.__name__)]
    seen: set[str] = set()
    for theme in themes:
        for name, function in vars(theme).items():
            if name.startswith("test_"):
                marks = {mark.name for mark in getattr(function, "pytestmark", ())}
                assert "ordersync_rule" in marks, name
                assert name not in seen, f"{name} is hidden by another theme's"
                seen.add(name)


def test_every_hook_of_the_registry_is_called_by_the_suite(tmp_path: Path) -> None:
    """A hook that is added to the specifications fails here until the suite asks it."""
    called = tmp_path / "called.txt"
    plugin = tmp_path / "noting.py"
    plugin.write_text(
        "from pathlib import Path\n"
        "from ordersync.connection import Connection\n"
        "called = set()\n"
        "ask = Connection._ask\n"
        "def noted(self, hook, **arguments):\n"
        "    called.add(hook)\n"
        "    return ask(self, hook, **arguments)\n"
        "Connection._ask = noted\n"
        "def pytest_sessionfinish(session):\n"
        f"    Path({str(called)!r}).write_text(' '.join(sorted(called)), 'utf-8')\n",
        "utf-8",
    )
    code, said = run(
        tmp_path, "-p", "noting", "-k", "read_is_repeated_after_no_connection or 403 or genuine or 422"
    )
    assert code == 0, said
    assert set(called.read_text("utf-8").split()) == set(HOOKS), said


def test_a_lever_that_cannot_be_tells_its_reason() -> None:
    class Unique(Sandbox):
        def ambiguous_sku(self) -> str:
            raise NotImplementedError("a SKU stands once here")

    stand = SimpleNamespace(inside=Unique)
    with pytest.raises(pytest.skip.Exception, match="`ambiguous_sku`: a SKU stands once here"):
        lever(cast("Stand", stand), "ambiguous_sku")
    with pytest.raises(pytest.skip.Exception, match=r"`discount_code`: implement Sandbox\.discount_code"):
        lever(cast("Stand", stand), "discount_code")


class OneDoor(Sandbox):
    """Everything is a POST to one path; a login counts as a write, as it does for `prove`."""

    platform = "onedoor"

    def answer(self, request: Request) -> Response:
        return Response("{}", content_type="application/json")

    def operations_of(self, request: Request) -> tuple[str, ...]:
        return (request.get_data(as_text=True),)

    def is_write(self, request: Request) -> bool:
        return self.operations_of(request) != ("look",)


def test_where_all_is_one_path_a_login_is_told_from_a_write_by_its_name() -> None:
    sandbox = OneDoor()
    wire = Wire(sandbox.transport(), VirtualClock(), change_by(sandbox), operations_by(sandbox))
    with httpx.Client(transport=wire, base_url="http://one.door") as client:
        with wire.watching() as seen:
            client.post("/rpc", content="login")
            client.post("/rpc", content="look")
        wire.learn_logins(seen)
        with wire.watching() as seen:
            for call in ("login", "look", "create"):
                client.post("/rpc", content=call)
    assert [one.write for one in seen] == [False, False, True]


def test_a_real_account_is_told_written_marked_and_cleaned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against the sample served on loopback, as if it were somebody's shop."""
    monkeypatch.setattr(sample_platform, "LAG", 0.4)
    sandbox = SampleSandbox(orders=4)
    sandbox.quota = 10**6
    before = {one.id for one in sandbox.standing()}
    with serve(sandbox) as served:
        settings = tmp_path / "live.toml"
        settings.write_text(
            f'[connections.shop]\nconnector = "sample"\nurl = "{served.url}"\nclient = "{CLIENT}"\n'
            f'secret = "{SECRET}"\nhook_secret = "{HOOK_SECRET}"\n',
            "utf-8",
        )
        names = "refused_write or found_by_its_key or asked_twice or haste or twice_it_stands or settings"
        code, said = run(tmp_path, "--ordersync-live", str(settings), "-k", names, file=GENEROUS)
    assert code == 0, said
    mark = re.search(r"orders numbered (OSC-\w+)-1", said)
    assert mark is not None, said
    assert said.index("LIVE") < said.index("[100%]")
    made = [one for one in sandbox.standing() if one.id not in before]
    assert made
    assert all(one.cancelled and (one.number or "").startswith(mark[1]) for one in made), said
    assert sandbox.hooks == {}
    assert "needs a sandbox to look into" in said
    assert SECRET not in said


def test_a_settings_file_without_the_platform_skips(tmp_path: Path) -> None:
    settings = tmp_path / "live.toml"
    settings.write_text('[connections.other]\nconnector = "reference"\n', "utf-8")
    code, said = run(tmp_path, "--ordersync-live", str(settings), "-k", "found_by_its_key")
    assert code == 0, said
    assert "has no connection with connector = 'sample'" in said


def test_what_every_run_of_pytest_loads_is_light() -> None:
    check = "import sys, ordersync.testing.pytest_plugin; print(sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, encoding="utf-8", check=True
    )
    loaded: Sequence[str] = done.stdout
    assert not [
        name for name in ("httpx", "pydantic", "werkzeug", "pluggy", "sqlalchemy") if f"'{name}'" in loaded
    ]


def test_an_installed_connector_is_tested_by_name(tmp_path: Path) -> None:
    code, said = run(
        tmp_path,
        "--pyargs",
        "ordersync.testing.contract.suite",
        "--ordersync-platform",
        "reference",
        "-k",
        "signatures or described",
    )
    assert code == 0, said
    assert "2 passed" in said
