"""Sandboxes and the demo: states are kept, a second run creates nothing, ports change."""

from __future__ import annotations

import json
import signal
import socket
import threading
import tomllib
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, SecretStr
from werkzeug.wrappers import Request, Response

import ordersync.host
from ordersync import BadInput, Problem, RunReport
from ordersync.cli import main
from ordersync.cli.sandboxes import kept_sandbox
from ordersync.cli.states import decoded, encoded, load_state, save_state
from ordersync.host import OrderRow, Planned
from ordersync.settings import Settings
from ordersync.testing import Sandbox, StandingOrder
from ordersync.web import Clock

CANARY = "shpat-canary-0123456789"
NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
GONE = Problem(code="unknown_sku", message="No item GONE-404.", remedy="Add an alias.", subject="GONE-404")


class Toy(Sandbox):
    """Holds numbers of orders."""

    platform = "toy"
    option_names: ClassVar[Mapping[str, str]] = {"version": "Which version it plays."}
    made: ClassVar[list[Toy]] = []

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        seed: int = 0,
        orders: int = 0,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.held: dict[int, Decimal] = {}
        super().__init__(clock=clock, seed=seed, orders=orders, options=options)
        self.made.append(self)

    def populate(self, orders: int) -> None:
        self.held = {number: Decimal("1.50") for number in range(orders)}

    def answer(self, request: Request) -> Response:
        return Response(json.dumps(len(self.held)), content_type="application/json")

    def settings(self, base_url: str) -> dict[str, Any]:
        return {"url": base_url, "token": "throw-away"}

    def standing(self) -> list[StandingOrder]:
        return [
            StandingOrder(str(n), f"os-{n}", f"#{n}", "EUR", total, Decimal(0), total, 1)
            for n, total in self.held.items()
        ]

    def state(self) -> Any:
        return {"held": self.held}

    def restore(self, state: Any) -> None:
        self.held = state["held"]


class ToySettings(BaseModel):
    url: str
    token: SecretStr


class ToyConnector:
    settings_model = ToySettings


class ToyHost:
    """Copies all orders but the last from the first toy to the second."""

    during: ClassVar[tuple[Callable[[], None], ...]] = ()

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.source, self.target = Toy.made[-2:]

    @classmethod
    def open(cls, settings: Settings) -> ToyHost:
        return cls(settings)

    def __enter__(self) -> ToyHost:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def _new(self) -> list[int]:
        return [n for n in list(self.source.held)[:-1] if n not in self.target.held]

    def plan(self, route: str, since: datetime) -> Iterator[Planned]:
        for n in self._new():
            yield Planned(str(n), f"#{n}", "create", None, Decimal("1.50"), "EUR", 1, NOON)
        if self._new():
            yield Planned("x", "#x", "park", GONE, Decimal("1.50"), "EUR", 1, NOON)

    def sync(
        self, route: str, *, everything: bool, progress: object = None, stop: threading.Event
    ) -> RunReport:
        assert everything, "a new route must be told how far back to go"
        for url in (self.settings.connections[name].options["url"] for name in ("shop", "erp")):
            with urllib.request.urlopen(f"{url}/", timeout=5) as reply:
                assert reply.status == 200
        for act in self.during:
            act()
        new = self._new()
        self.target.held.update({n: self.source.held[n] for n in new})
        parked = int(bool(new))
        return RunReport(
            run="r", route=route, seen=len(self.source.held), created=len(new), parked=parked,
            reasons={"unknown_sku": 1} if parked else {}, interrupted=stop.is_set(),
        )  # fmt: skip

    def orders(self, route: str, *, state: str | None = None) -> Iterator[OrderRow]:
        yield OrderRow("x", "#x", "os-x", "parked", None, None, GONE, 1, NOON)


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORDERSYNC_LEDGER", f"postgresql://me:{CANARY}@db/orders")
    monkeypatch.setattr(Toy, "made", [])
    monkeypatch.setattr(ordersync.host, "Host", ToyHost)
    monkeypatch.setattr("ordersync.discovery.sandbox_class", lambda name: Toy)
    monkeypatch.setattr("ordersync.discovery.connector_class", lambda name: ToyConnector)


def demo(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, Any]]:
    code = main(["demo", "--orders", "5", "--json", *more])
    out, err = capsys.readouterr()
    assert CANARY not in out + err
    return code, json.loads(out)


def test_the_demo_twice(toys: None, capsys: pytest.CaptureFixture[str]) -> None:
    code, first = demo(capsys)
    assert code == 0
    assert (first["created"], first["parked"], first["as_planned"], first["again"]) == (4, 1, True, False)
    assert first["target"] == {"orders": 4, "with_key": 4, "twice": 0, "totals": {"EUR": "6.00"}}
    assert {"route", "seen", "created", "unchanged", "parked", "skipped", "failed", "seconds"} <= set(first)
    code, second = demo(capsys)
    assert code == 0
    assert (second["created"], second["target"]["orders"], second["again"]) == (0, 4, True)
    code, third = demo(capsys, "--fresh")
    assert (third["created"], third["again"]) == (4, False)


def test_the_demo_is_on_a_generous_plan(
    toys: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a sandbox that is served is not."""
    monkeypatch.setattr(Toy, "demo_options", {"version": "large"})
    demo(capsys)
    assert [toy.options for toy in Toy.made] == [{"version": "large"}] * 2
    assert kept_sandbox("shopify", seed=0, orders=0).sandbox.options == {}


def test_the_demo_for_people(toys: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--orders", "5"]) == 0
    out = capsys.readouterr().out
    for said in (
        "Planned: create 4, park 1",
        "No item GONE-404.",
        '"GONE-404" = "MUG-01"',
        "4 orders, 0 of them twice",
    ):
        assert said in out
    assert main(["demo"]) == 0
    assert "everything was there already" in capsys.readouterr().out


def test_the_demo_keeps_what_was_changed_in_its_settings(
    toys: None, capsys: pytest.CaptureFixture[str]
) -> None:
    demo(capsys)
    path = Path("ordersync-demo/ordersync.toml")
    text = path.read_text()
    path.write_text(text.replace('# "OLD-SKU" = "NEW-SKU"', '"GONE-404" = "MUG-01"'))
    demo(capsys)
    data = tomllib.loads(path.read_text())
    assert data["routes"]["orders"]["aliases"] == {"GONE-404": "MUG-01"}
    assert data["routes"]["orders"]["policies"] == {"money": "presentment"}
    assert data["connections"]["shop"]["url"] != tomllib.loads(text)["connections"]["shop"]["url"]
    assert path.read_text().count("[connections.shop]") == 1


def test_a_foreign_settings_file_is_not_overwritten(toys: None, capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine").mkdir()
    Path("mine/ordersync.toml").write_text("# mine\n")
    assert main(["demo", "--folder", "mine"]) == 2
    assert Path("mine/ordersync.toml").read_text() == "# mine\n"


def test_the_demo_keeps_its_state_when_interrupted(
    toys: None, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ToyHost, "during", (lambda: signal.raise_signal(signal.SIGINT),))
    assert main(["demo", "--orders", "5"]) == 130
    out, err = capfd.readouterr()
    assert "Finishing the order in hand" in err
    assert "goes on from here" in out
    assert load_state(Path("ordersync-demo/target-erp-odoo.state.json"), "erp-odoo")[1]["held"]


def test_the_demo_keeps_its_state_when_aborted(
    toys: None, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def abort() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ToyHost, "during", (abort,))
    assert main(["demo", "--orders", "5"]) == 130
    assert "Aborted" in capfd.readouterr().err
    assert Path("ordersync-demo/source-shopify.state.json").exists()


def test_the_demo_says_if_it_went_otherwise(toys: None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ToyHost, "plan", lambda self, route, since: iter(()))
        code, told = demo(capsys)
    assert (code, told["as_planned"]) == (1, False)


def test_a_sandbox_serves_until_it_is_stopped(
    toys: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(stop: threading.Event) -> None:
        told = json.loads(capsys.readouterr().out)
        assert told["settings"] == {"connector": "toy", "url": told["url"], "token": "throw-away"}
        with urllib.request.urlopen(f"{told['url']}/", timeout=5) as reply:
            assert json.loads(reply.read()) == 3
        Toy.made[-1].held[99] = Decimal(7)

    monkeypatch.setattr("ordersync.cli.sandboxes.wait_for", stopped)
    command = ["sandbox", "toy", "--orders", "3", "--state", "toy.json", "--option", "version=2", "--json"]
    assert main(command) == 0
    assert Toy.made[-1].options == {"version": "2"}
    assert load_state(Path("toy.json"), "toy")[1]["held"][99] == Decimal(7)


def test_a_sandbox_prints_its_section(
    toys: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordersync.cli.sandboxes.wait_for", lambda stop: None)
    assert main(["sandbox", "toy"]) == 0
    out = capsys.readouterr().out
    section = out[out.index("[connections") : out.index("The credentials")]
    assert tomllib.loads(section)["connections"]["toy"]["connector"] == "toy"


def test_ctrl_c_stops_a_sandbox(toys: None, capfd: pytest.CaptureFixture[str]) -> None:
    timer = threading.Timer(0.5, lambda: signal.raise_signal(signal.SIGINT))
    timer.start()
    assert main(["sandbox", "toy", "--state", "toy.json"]) == 0
    timer.join()
    assert Path("toy.json").exists()


def test_bad_use_of_sandboxes(toys: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "toy", "--option", "speed=1"]) == 2
    assert "known: version" in capsys.readouterr().err
    assert main(["sandbox", "toy", "--option", "speed"]) == 2
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["sandbox", "toy", "--port", str(taken.getsockname()[1])]) == 2
    assert "--port" in capsys.readouterr().err


def test_states_keep_every_kind_of_value(tmp_path: Path) -> None:
    state = {
        "d": Decimal("1.10"),
        "t": NOON,
        "day": date(2026, 1, 2),
        "ago": timedelta(days=-1, microseconds=5),
        "b": b"\x00\xff",
        "tuple": (1, (2, "x")),
        "set": {1, 2},
        "frozen": frozenset({("a", Decimal(1))}),
        "keys": {1: "one", (2, 3): None, "$decimal": "no tag"},
        "list": [True, 1.5, "ü", []],
    }
    path = tmp_path / "deep" / "state.json"
    save_state(path, "toy", 4, state)
    assert load_state(path, "toy") == (4, state)
    again = load_state(path, "toy")[1]
    assert [type(value) for value in again.values()] == [type(value) for value in state.values()]
    assert decoded(json.loads(json.dumps(encoded({"$decimal": "1"})))) == {"$decimal": "1"}
    with pytest.raises(TypeError):
        encoded(object())


def test_a_file_that_is_no_state(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text("{}")
    with pytest.raises(BadInput, match="start anew"):
        load_state(path, "toy")
    save_state(path, "toy", 0, {})
    with pytest.raises(BadInput, match="'toy'"):
        load_state(path, "shopify")
