"""reconcile, adopt, ledger rebuild and ledger erase, typed as people type them, over two reference platforms in files."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from ends import TWO_FILES, order

from ordersync.cli import main
from ordersync.cli.move import moment
from ordersync.errors import BadInput
from ordersync.host import Host
from ordersync.ledger import Outcome, State
from ordersync.model import Order
from ordersync.web import dump, read

BUYER = "buyer.1@example.com"

Run = Callable[..., tuple[int, str, str]]


def orders_in(file: str, *orders: Order) -> None:
    """These orders are in the platform's file."""
    path = Path(file)
    data: Any = read(path.read_bytes()) if path.exists() else {}
    data["orders"] = [one.model_dump(mode="json") for one in orders]
    path.write_bytes(dump(data))


def placed() -> dict[str, Any]:
    data: Any = read(Path("erp.json").read_bytes())
    found: dict[str, Any] = data["placed"]
    return found


def remove(order_id: str) -> None:
    data: Any = read(Path("erp.json").read_bytes())
    del data["placed"][order_id]
    Path("erp.json").write_bytes(dump(data))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ORDERSYNC_SETTINGS", raising=False)
    Path("ordersync.toml").write_text(TWO_FILES)
    orders_in("shop.json", order(1), order(2), order(3))

    def call(*words: str) -> tuple[int, str, str]:
        code = main(words)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


# -- reconcile ---------------------------------------------------------------------------------------------------


def test_reconcile_without_a_gap(run: Run) -> None:
    run("sync", "orders", "--all")
    code, out, err = run("reconcile", "orders")
    assert (code, err) == (0, "")
    assert "The gap is 0 orders." in out
    assert out.count("33.00 USD") == 2
    (summary,) = lines(run("reconcile", "orders", "--json")[1])
    assert summary["summary"]["gap"] == {"orders": 0, "sums": {}}
    assert (
        summary["summary"]["source"]
        == summary["summary"]["target"]
        == {"orders": 3, "sums": {"USD": "33.00"}}
    )


def test_reconcile_with_a_gap_and_its_way_back(run: Run) -> None:
    code, out, _ = run("reconcile", "orders")
    assert code == 1
    assert "The gap is 3 orders." in out
    assert "never seen" in out
    assert not Path("erp.json").exists()
    *found, summary = lines(run("reconcile", "orders", "--enqueue", "--json")[1])
    assert [(one["kind"], one["source_id"], one["ledger"], one["enqueued"]) for one in found] == [
        ("missing", f"O{number}", "never seen", True) for number in (1, 2, 3)
    ]
    assert found[0]["total"] == "11.00"
    assert summary["summary"]["gap"] == {"orders": 3, "sums": {"USD": "33.00"}}
    assert summary["summary"]["enqueued"] == 3
    run("sync", "orders", "--all")
    assert run("reconcile", "orders")[0] == 0


def test_reconcile_lists_no_more_than_can_be_read(run: Run) -> None:
    orders_in("shop.json", *(order(number) for number in range(1, 31)))
    out = run("reconcile", "orders")[1]
    assert out.count("never seen") == 20
    assert "... and 10 more missing; --json lists them." in out
    assert len(lines(run("reconcile", "orders", "--json")[1])) == 31


def test_reconcile_over_a_window(run: Run) -> None:
    run("sync", "orders", "--all")
    since = order(2).updated_at.isoformat()
    (summary,) = lines(run("reconcile", "orders", "--since", since, "--json")[1])
    assert summary["summary"]["source"]["orders"] == 2


def test_what_is_gone_is_young_at_first(run: Run) -> None:
    run("sync", "orders", "--all")
    remove("R2")
    code, out, _ = run("reconcile", "orders", "--enqueue-gone")
    assert code == 0
    assert "in flight: 1" in out


# -- adopt -------------------------------------------------------------------------------------------------------


@pytest.fixture
def legacy(run: Run) -> None:
    """Two orders that an earlier integration made; one a cent off."""
    first = order(1).model_copy(update={"id": "900", "number": "S900", "po_number": "#1"})
    off = order(2).model_copy(
        update={"id": "901", "number": "S901", "po_number": "#2", "total": Decimal("11.01")}
    )
    orders_in("erp.json", first, off)


@pytest.mark.usefixtures("legacy")
def test_adopt_writes_nothing_without_a_yes(run: Run) -> None:
    code, out, _ = run("adopt", "orders")
    assert code == 1
    for said in (
        "Certain: 1",
        "S900",
        "total 11.01 instead of 11.00",
        "Nothing was written.",
        "adopt orders --yes",
    ):
        assert said in out
    assert "1 order with nothing like them" in out
    found = json.loads(run("adopt", "orders", "--json")[1])
    assert (found["certain_count"], found["uncertain_count"], found["written"]) == (1, 1, 0)
    assert json.loads(run("orders", "orders", "--json")[1]) == []


@pytest.mark.usefixtures("legacy")
def test_adopt_with_yes_and_again(run: Run) -> None:
    code, out, _ = run("adopt", "orders", "--yes")
    assert code == 1, "one is left to a person"
    assert out.index("S900") < out.index("1 order adopted.")
    (row,) = json.loads(run("orders", "orders", "--json")[1])
    assert (row["source_id"], row["state"], row["target_id"]) == ("O1", "done", "900")
    assert row["problem"]["code"] == "adopted"
    assert json.loads(run("adopt", "orders", "--yes", "--json")[1])["written"] == 0
    run("sync", "orders", "--all")
    assert sorted(draft["source_id"] for draft, _, _ in placed().values()) == ["O2", "O3"]


@pytest.mark.usefixtures("legacy")
@pytest.mark.parametrize(("typed", "written"), [("yes", 1), ("y", 0), ("", 0)])
def test_adopt_asks_a_person(run: Run, monkeypatch: pytest.MonkeyPatch, typed: str, written: int) -> None:
    import io

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(f"{typed}\n"))
    run("adopt", "orders")
    assert len(json.loads(run("orders", "orders", "--json")[1])) == written


@pytest.mark.usefixtures("legacy")
def test_adopt_within_a_window(run: Run) -> None:
    found = json.loads(run("adopt", "orders", "--until", order(1).placed_at.isoformat(), "--json")[1])
    assert [match["source_id"] for match in found["certain"]] == ["O1"]
    assert (found["uncertain_count"], found["unmatched"]) == (0, 0)
    code, _, err = run("adopt", "orders", "--until", "soon")
    assert code == 2
    assert "--until 'soon' is not a time" in err
    with pytest.raises(BadInput, match="--since"):
        moment("soon")


# -- ledger rebuild and erase ------------------------------------------------------------------------------------


def test_rebuild_says_what_the_next_sync_sends(run: Run) -> None:
    run("sync", "orders", "--all")
    remove("R2")
    Path("ledger.db").unlink()
    code, out, _ = run("ledger", "rebuild", "orders")
    assert code == 0
    assert "The next sync will send 1 order." in out
    assert "adopt orders" in out
    found = json.loads(run("ledger", "rebuild", "orders", "--json")[1])
    assert (found["known"], found["done"], found["seen"]) == (3, 0, 3)
    assert found["watermark"] == order(3).updated_at.isoformat().replace("+00:00", "Z")


def park(run: Run) -> None:
    """A draft is kept of the first order: it was sent, and parked."""
    with Host.open("ordersync.toml") as host:
        host.sync("orders", everything=True)
        ledger = host.ledger
        extra = order(9, customer=order(1).customer, email=BUYER)
        survey = host._survey("orders")
        ledger.see("orders", [survey.preparer.seen(extra, survey.preparer.key_of("O9"))])
        (claim,) = ledger.claim("orders", ["O9"], owner="w", run="r", lease=survey.visible_after)
        draft = json.dumps({"customer": {"id": "C1", "email": BUYER}, "email": BUYER}).encode()
        ledger.record(
            "orders", [Outcome(claim, State.SENDING, sent=True, payload=draft, keep=survey.visible_after)]
        )


def test_erase_keeps_what_is_in_flight_and_says_so(run: Run) -> None:
    park(run)
    code, out, err = run("ledger", "erase", "--customer", BUYER, "-vv")
    assert code == 1
    assert "Kept: the draft of order #9 on the route orders; it is sending." in out
    assert "Run it again when they are settled." in out
    assert BUYER not in out + err
    assert "buyer" not in out + err
    code, out, err = run("ledger", "erase", "--customer", "C1", "--json", "-vv")
    found = json.loads(out)
    assert (code, found["complete"], found["bindings"]) == (1, False, 0)
    assert BUYER not in out + err


def test_erase(run: Run) -> None:
    run("sync", "orders", "--all")
    code, out, _ = run("ledger", "erase", "--customer", "C1", "--route", "orders")
    assert code == 0
    assert "Removed: 0 kept drafts, 1 customer binding." in out
    assert "holds nothing" in run("ledger", "erase", "--customer", "C1")[1]
    assert len(json.loads(run("orders", "orders", "--json")[1])) == 3


@pytest.mark.parametrize(
    "words",
    [
        ("ledger", "erase"),
        ("ledger", "erase", "--customer", " "),
        ("ledger", "erase", "--customer", BUYER, "--route", "order"),
        ("ledger", "rebuild", "order"),
        ("ledger", "burn"),
        ("reconcile", "order"),
        ("reconcile", "orders", "--since", "soon"),
        ("adopt", "order"),
        ("adopt", "orders", "--days", "-1"),
        ("adopt", "orders", "--since", "2026-02-01", "--until", "2026-01-01"),
    ],
)
def test_bad_use(run: Run, words: tuple[str, ...]) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert BUYER not in err
    code, out, err = run(*words, "--json")
    assert (code, err) == (2, "")
    assert json.loads(out)["error"]["exit_code"] == 2


@pytest.mark.parametrize("name", ["rebuild", "erase"])
def test_the_ledgers_commands_have_help_with_an_example(run: Run, name: str) -> None:
    code, out, _ = run("ledger", name, "--help")
    assert code == 0
    assert f"    ordersync ledger {name}" in out.partition("Example")[2]
    assert "--json" in out


def test_the_ledger_alone_shows_its_commands(run: Run) -> None:
    code, out, err = run("ledger")
    assert code in (0, 2)
    assert "rebuild" in out + err
