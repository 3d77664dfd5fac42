"""Every command: exit codes, JSON, words for people, and no secret anywhere."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
import typer.main
from pydantic import BaseModel, Field, SecretStr

import ordersync.host
from ordersync import (
    AccessDenied,
    Facts,
    InDoubt,
    LedgerTrouble,
    NotFound,
    NotOffered,
    OrderSyncError,
    PluginBroken,
    Problem,
    RunReport,
    TryLater,
    UnexpectedReply,
    Unreachable,
)
from ordersync.cli import app, main
from ordersync.cli.move import moment
from ordersync.host import Finding, OrderRow, Planned, Progress, RouteStatus
from ordersync.settings import Settings, check_connection
from ordersync.transfer.pair import LimitMet, PairReport, Reason

CANARY = "shpat-canary-0123456789"
NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
GONE = Problem(
    code="unknown_sku", message="No item GONE.", remedy="Create it, or add an alias.", subject="GONE"
)
REPORT = RunReport(
    run="r1",
    route="orders",
    seen=3,
    created=2,
    parked=1,
    seconds=1.25,
    totals_checked=2,
    reasons={"unknown_sku": 1},
)
PAIR = PairReport(
    "orders",
    "North",
    "South",
    orders=50,
    skipped=3,
    parked=1,
    limits=(
        LimitMet("tracking", "tracking numbers", 0, 0, "dropped", "left out", "", ""),
        LimitMet("guest", "a guest", 2, 1, "parks", "it parks", "policies.guests", "#9"),
    ),
    reasons=(Reason("guest", 1, "no account\x1b[2J", "Set it.", "policies.guests", "#9"),),
)
SETTINGS = """
[connections.shop]
connector = "north"
access_token = "${NORTH_TOKEN}"
[connections.erp]
connector = "north"
access_token = "${NORTH_TOKEN}"
[routes.orders]
source = "shop"
target = "erp"
"""
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


class NorthSettings(BaseModel):
    access_token: SecretStr = Field(description="The token.")


class North:
    settings_model = NorthSettings
    facts = Facts()


class FakeHost:
    """Answers as a host does; a test says what comes."""

    report: ClassVar[RunReport] = REPORT
    error: ClassVar[BaseException | None] = None
    asked: ClassVar[dict[str, Any]] = {}
    during: ClassVar[tuple[Callable[[], None], ...]] = ()
    findings: ClassVar[list[Finding]] = []
    pair: ClassVar[PairReport] = PAIR

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @classmethod
    def open(cls, settings: Settings) -> FakeHost:
        return cls(settings)

    def __enter__(self) -> FakeHost:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def _begin(self, **asked: Any) -> None:
        token = check_connection(self.settings, "shop", NorthSettings).access_token.get_secret_value()
        logging.getLogger("ordersync.connector.north").debug("GET /?t=%s", token, extra={"request_id": "q1"})
        type(self).asked = asked
        if self.error:
            raise self.error

    def check(self) -> list[Finding]:
        self._begin()
        return self.findings

    def check_pair(self, route: str, *, orders: int = 50) -> PairReport:
        self._begin(route=route, orders=orders)
        return self.pair

    def is_new(self, route: str) -> bool:
        return False

    def plan(self, route: str, **asked: Any) -> Iterator[Planned]:
        self._begin(route=route, **asked)
        yield Planned("1", "#1", "create", None, Decimal("10.50"), "EUR", 2, NOON)
        yield Planned("2", "#2", "park", GONE, Decimal("3.00"), "EUR", 1, NOON)

    def sync(
        self,
        route: str,
        *,
        progress: Callable[[Progress], None] | None = None,
        stop: threading.Event | None = None,
        **asked: Any,
    ) -> RunReport:
        self._begin(route=route, **asked)
        assert stop is not None
        if progress:
            progress(Progress(1, 1, 0, 0, 0, 0, "#1"))
        for act in self.during:
            act()
        return replace(self.report, interrupted=stop.is_set())

    def retry(self, route: str, orders: Sequence[str] = (), **given: Any) -> RunReport:
        return self.sync(route, orders=orders, **given)

    def status(self) -> list[RouteStatus]:
        return [RouteStatus("orders", "shop", "erp", NOON, {"done": 2, "parked": 1}, REPORT, NOON)]

    def orders(self, route: str, *, state: str | None = None) -> Iterator[OrderRow]:
        if state != "parked":
            yield OrderRow("1", "#1", "os-a", "done", "11", "S11", None, 1, NOON)
        yield OrderRow("2", "#2\x1b[2J", "os-b", "parked", None, None, GONE, 1, NOON)


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with settings, and a fake host."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NORTH_TOKEN", CANARY)
    monkeypatch.delenv("ORDERSYNC_SETTINGS", raising=False)
    monkeypatch.setattr(ordersync.host, "Host", FakeHost)
    monkeypatch.setattr("ordersync.discovery.connector_class", lambda name: North)
    monkeypatch.setattr(FakeHost, "asked", {})
    (tmp_path / "ordersync.toml").write_text(SETTINGS)


@pytest.fixture
def run(place: None, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command; no output may ever hold the token."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        out, err = capsys.readouterr()
        assert CANARY not in out + err
        return code, out, err

    return call


def error_of(out: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(out)["error"]
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(run: Run, name: str) -> None:
    code, out, _ = run(name, "--help")
    assert code == 0
    assert f"    ordersync {name}" in out.partition("Example")[2]
    assert "--json" in out
    assert "…" not in out


def test_the_plan_of_commands() -> None:
    assert (
        sorted(
            "demo init check plan sync retry parked resume reconcile adopt ledger explain status orders connectors schema "
            "sandbox prove new quality".split()
        )
        == COMMANDS
    )


def test_help_without_arguments(run: Run) -> None:
    code, out, _ = run()
    assert code == 0
    assert "Exit codes:" in out


def test_help_starts_light() -> None:
    code = (
        "import sys; from ordersync.cli import main; assert main(['--help']) == 0;"
        "heavy = ('sqlalchemy', 'httpx', 'stevedore', 'werkzeug', 'jsonschema', 'alembic', 'rich', 'ordersync_');"
        "print([m for m in sys.modules if m.startswith(heavy)], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_version(run: Run) -> None:
    assert run("--version")[1].startswith("ordersync ")


def test_sync_in_json(run: Run) -> None:
    code, out, err = run("sync", "orders", "--json", "--limit", "5", "--since", "2026-09-01")
    report = json.loads(out)
    assert code == 1
    assert report["route"] == "orders"
    assert {report[k] for k in ("seen", "created", "unchanged", "parked", "skipped", "failed")} == {
        3,
        2,
        0,
        1,
    }
    assert report["seconds"] == 1.25
    assert report["reasons"] == {"unknown_sku": 1}
    assert err == ""
    asked = {
        "route": "orders",
        "order": None,
        "since": datetime(2026, 9, 1, tzinfo=UTC),
        "everything": False,
        "limit": 5,
        "plan": None,
    }
    assert FakeHost.asked == asked


def test_sync_for_people(run: Run) -> None:
    code, out, _ = run("sync", "orders")
    assert code == 1
    for said in ("shop -> erp", "No item GONE.", "add an alias", "retry orders", "1.2 s"):
        assert said in out
    assert "\x1b" not in out


def test_sync_all_done(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeHost, "report", RunReport(run="r", route="orders", seen=2, unchanged=2))
    code, out, _ = run("sync", "orders", "--all")
    assert code == 0
    assert "Nothing new" in out
    assert FakeHost.asked["everything"] is True


def test_sync_failed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeHost, "report", RunReport(run="r", route="orders", seen=2, failed=2))
    code, out, _ = run("sync", "orders")
    assert code == 1
    assert "the next run tries again" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("--all", "--since", "7d"),
        ("--order", "1", "--limit", "2"),
        ("--since", "yesterday"),
        ("--log-format", "xml"),
    ],
)
def test_bad_use_of_sync(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("sync", "orders", *arguments)[0] == 2


@pytest.mark.parametrize(
    "arguments", [("snc",), ("sync",), ("sync", "orders", "--bogus"), ("sync", "orders", "--limit", "0")]
)
def test_bad_usage(run: Run, arguments: tuple[str, ...]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    code, out, err = run(*arguments, "--json")
    assert (code, err) == (2, "")
    assert error_of(out)["exit_code"] == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AccessDenied("The token is refused.", remedy="Make a new one.", request_id="q7"), 3),
        (Unreachable("shop.example cannot be reached."), 3),
        (TryLater("Later."), 3),
        (UnexpectedReply("A web page."), 3),
        (LedgerTrouble("The ledger is locked."), 2),
        (NotOffered("No."), 2),
        (PluginBroken("Broken."), 2),
        (NotFound("No such order."), 2),
        (InDoubt("Unknown."), 1),
    ],
)
def test_errors_have_exit_codes(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: OrderSyncError, code: int
) -> None:
    monkeypatch.setattr(FakeHost, "error", error)
    for command in (("sync", "orders"), ("plan", "orders"), ("retry", "orders")):
        found, out, err = run(*command)
        assert (found, out) == (code, "")
        assert err.splitlines() == [line for line in err.splitlines() if line.startswith("error: ")]
        assert len(err.splitlines()) == 1
        assert error.message in err
        assert error.request_id in err
        found, out, err = run(*command, "--json")
        assert (found, err) == (code, "")
        assert error_of(out)["kind"] == type(error).__name__
        assert error_of(out)["request_id"] == error.request_id


def test_a_defect_is_shown_without_values(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeHost, "error", ZeroDivisionError(f"by {CANARY}"))
    code, _, err = run("sync", "orders")
    assert code == 70
    assert "--traceback" in err
    assert "by " not in err
    code, _, err = run("sync", "orders", "--traceback", "-vv")
    assert code == 70
    assert "by ***" in err
    code, out, _ = run("sync", "orders", "--json")
    assert error_of(out)["kind"] == "ZeroDivisionError"


def test_an_error_shows_its_frames_on_request(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeHost, "error", AccessDenied(f"Refused {CANARY}."))
    code, _, err = run("--traceback", "sync", "orders")
    assert code == 3
    assert "Traceback" in err


def test_logs_on_request(run: Run) -> None:
    assert run("sync", "orders")[2] == ""
    assert "GET /?t=*** [request_id=q1]" in run("sync", "orders", "-vv")[2]
    line = json.loads(run("-vv", "sync", "orders", "--log-format", "json")[2])
    assert (line["message"], line["request_id"]) == ("GET /?t=***", "q1")


def test_the_first_interrupt_finishes_the_order_in_hand(
    place: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(FakeHost, "during", (lambda: signal.raise_signal(signal.SIGINT),))
    code = main(["sync", "orders"])
    out, err = capfd.readouterr()
    assert code == 130
    assert "Finishing the order in hand" in err
    assert "nothing is half done" in out
    assert signal.getsignal(signal.SIGINT) is before


def test_the_second_interrupt_aborts(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def twice() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(FakeHost, "during", (twice,))
    code, _, err = run("sync", "orders")
    assert code == 130
    assert "Aborted" in err


def test_retry(run: Run) -> None:
    assert run("retry", "orders", "2")[0] == 1
    assert FakeHost.asked["orders"] == ("2",)
    code, _, err = run("retry", "orders", "2", "5")
    assert code == 2
    assert "'5' is not parked" in err


def test_plan(run: Run) -> None:
    code, out, _ = run("plan", "orders", "--order", "2")
    assert code == 1
    for said in (
        "2 orders: create 1, unchanged 0, park 1, skip 0. Nothing was written.",
        "10.50 EUR",
        "No item GONE.",
    ):
        assert said in out
    assert FakeHost.asked["order"] == "2"


def test_plan_in_json_lines(run: Run) -> None:
    first, second, last = map(json.loads, run("plan", "orders", "--json")[1].splitlines())
    assert first["total"] == "10.50"
    assert first["updated"] == "2026-09-01T12:00:00Z"
    assert second["problem"]["code"] == "unknown_sku"
    assert last == {
        "summary": {
            "route": "orders", "orders": 2, "create": 1, "unchanged": 0, "park": 1, "skip": 0, "totals": {"EUR": "10.50"},
            "plan": None,
        }
    }  # fmt: skip


def test_status(run: Run) -> None:
    code, out, _ = run("status")
    assert code == 0
    assert "done 2, parked 1" in out
    (route,) = json.loads(run("status", "--json")[1])
    assert route["counts"] == {"done": 2, "parked": 1}
    assert route["last_run"]["created"] == 2


def test_orders(run: Run) -> None:
    code, out, _ = run("orders", "orders")
    assert code == 0
    assert "S11" in out
    assert "#2?[2J" in out
    rows = json.loads(run("orders", "orders", "--parked", "--json")[1])
    assert [(row["source_id"], row["problem"]["subject"]) for row in rows] == [("2", "GONE")]
    assert run("orders", "orders", "--parked", "--state", "done")[0] == 2


@pytest.mark.parametrize("command", ["sync", "plan", "retry", "orders"])
def test_an_unknown_route_has_a_close_match(run: Run, command: str) -> None:
    code, _, err = run(command, "order")
    assert code == 2
    assert "Did you mean 'orders'" in err


@pytest.mark.parametrize(
    "command", [("sync", "orders"), ("check",), ("status",), ("plan", "orders"), ("retry", "orders")]
)
def test_a_wrong_key(run: Run, command: tuple[str, ...]) -> None:
    path = Path("ordersync.toml")
    path.write_text(SETTINGS.replace("target =", "targt ="))
    code, _, err = run(*command)
    assert code == 2
    assert "ordersync.toml: 2 problems." in err
    assert "routes.orders.targt: line 10: unknown key. Did you mean 'target'?" in err
    found = error_of(run(*command, "--json")[1])
    assert found["kind"] == "BadSettings"
    assert "routes.orders.targt" in [problem["place"] for problem in found["problems"]]


def test_bad_toml_and_no_file(run: Run) -> None:
    Path("ordersync.toml").write_text("[a\n")
    assert "line 1" in run("status")[2]
    Path("ordersync.toml").unlink()
    code, _, err = run("status")
    assert code == 2
    assert "ordersync init" in err


def test_a_missing_variable(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NORTH_TOKEN")
    code, _, err = run("sync", "orders")
    assert code == 2
    assert "connections.shop.access_token: line 4: the environment variable NORTH_TOKEN is not set" in err


def test_settings_from_elsewhere(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("ordersync.toml").rename("other.toml")
    assert run("status", "--settings", "other.toml")[0] == 0
    assert run("--settings", "other.toml", "status")[0] == 0
    assert "--settings other.toml" in run("sync", "orders", "-s", "other.toml")[1]
    monkeypatch.setenv("ORDERSYNC_SETTINGS", "other.toml")
    assert run("status")[0] == 0


@pytest.mark.parametrize(("level", "code"), [("ok", 0), ("warning", 0), ("problem", 2), ("denied", 3)])
def test_check(run: Run, monkeypatch: pytest.MonkeyPatch, level: Any, code: int) -> None:
    monkeypatch.setattr(FakeHost, "findings", [Finding("connections.shop", level, "said")])
    found, out, _ = run("check")
    assert found == code
    assert "said" in out
    found, out, _ = run("check", "--json")
    answer = json.loads(out)
    assert (answer["exit_code"], answer["ok"]) == (code, code == 0)
    assert {"place": "connections.shop", "level": level, "message": "said"} in answer["findings"]


def test_check_of_a_pair(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = run("check", "orders")
    assert code == 1
    assert FakeHost.asked == {"route": "orders", "orders": 50}
    for said in ("North → South", "3 left out", "policies.guests", "#9", "no account", "1 of 47 would park"):
        assert said in out
    assert "\x1b" not in out
    assert out.index("a guest") < out.index("tracking numbers"), "what is met comes first"
    code, out, _ = run("check", "orders", "--orders", "7", "--json")
    assert FakeHost.asked == {"route": "orders", "orders": 7}
    found = json.loads(out)
    assert (code, found["exit_code"], found["ok"], found["parked"]) == (1, 1, False, 1)
    assert [one["setting"] for one in found["limits"]] == [[], ["routes.orders.policies.guests"]]
    assert found["reasons"][0]["setting"] == ["routes.orders.policies.guests"]
    monkeypatch.setattr(FakeHost, "pair", replace(PAIR, parked=0, reasons=()))
    code, out, _ = run("check", "orders")
    assert code == 0
    assert "None of them would park" in out
    assert "plan orders" in out
    assert json.loads(run("check", "orders", "--json")[1])["ok"] is True


@pytest.mark.parametrize("arguments", [("--orders", "5"), ("orders", "--orders", "0"), ("orderz",)])
def test_bad_use_of_a_pairs_check(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("check", *arguments)[0] == 2


def test_check_names_each_place(run: Run) -> None:
    Path("ordersync.toml").write_text(SETTINGS.replace('"north"\naccess_token', '"north"\naccess_tken', 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeHost, "check", lambda self: [Finding("connections.shop", "problem", "again")])
        code, out, _ = run("check")
    assert code == 2
    assert "Did you mean 'access_token'" in out
    assert "again" not in out


def test_init(run: Run) -> None:
    code, _, err = run("init", "--source", "north")
    assert code == 2
    assert "is not overwritten" in err
    code, out, _ = run("init", "--settings", "new.toml")
    assert code == 0
    assert "SHOPIFY_ACCESS_TOKEN" in out
    assert "check --settings new.toml" in out
    assert 'access_token = "${ERP_ODOO_ACCESS_TOKEN}"' in Path("new.toml").read_text()
    assert json.loads(run("init", "--settings", "j.toml", "--json")[1])["settings"] == "j.toml"


def test_schema_of_a_connector(run: Run) -> None:
    schema = json.loads(run("schema", "north")[1])
    assert schema["required"] == ["access_token"]
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-09-01", datetime(2026, 9, 1, tzinfo=UTC)),
        ("2026-09-01T08:00Z", datetime(2026, 9, 1, 8, tzinfo=UTC)),
        ("2026-09-01T08:00+02:00", datetime(2026, 9, 1, 6, tzinfo=UTC)),
    ],
)
def test_moments(text: str, expected: datetime) -> None:
    assert moment(text) == expected


def test_a_moment_ago() -> None:
    found = moment("12h")
    assert found is not None
    assert 11.9 < (datetime.now(UTC) - found).total_seconds() / 3600 < 12.1
