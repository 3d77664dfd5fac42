"""`ordersync quality`: what it prints, what it writes, how it ends."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import jsonschema
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from acme_package import CARD, README, Plant, planting

from ordersync.cli import main
from ordersync.hookspecs import HOOK_API
from ordersync.testing.quality.live import LIVE_SCHEMA
from ordersync.testing.quality.report import report_schema
from ordersync.testing.quality.rules import RULES, Level, Proof

LOOKED = ["--rule", "documented", "--rule", "typed"]


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    monkeypatch.chdir(tmp_path)
    with planting(tmp_path, monkeypatch) as plant:
        yield plant


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A contract test of which every rule's test passes."""
    file = tmp_path / "test_acme.py"
    names = [name for name, rule in RULES.items() if rule.proof is Proof.SUITE]
    tests = "".join(
        f"@pytest.mark.ordersync_rule('{name}')\ndef test_{name}():\n    pass\n\n" for name in names
    )
    file.write_text(f"import pytest\n\n{tests}", "utf-8")
    return file


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["quality", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code, out, err = run(capsys, "--json", *arguments)
    assert err == ""
    return code, json.loads(out)


def test_a_true_card(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    plant()
    code, out, err = run(capsys, "acme", *LOOKED)
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert ["acme", "ordersync-acme", "1.2.3"] in lines
    assert ["rule", "level", "card", "found", "what", "to", "do"] in lines
    assert ["documented", "bronze", "done", "kept:", "2", "settings,", "22", "hooks", "left", "out"] in lines
    assert "2 rules were looked at; a level takes all of them." in out


def test_a_false_done_is_refused(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    plant(readme=README.replace("`page_size`", "page size"))
    code, out, _ = run(capsys, "acme", *LOOKED)
    assert code == 1
    assert "The card says done, and it is not so: documented." in out
    assert "it does not name the setting `page_size`" in out
    assert "docs/quality/documented.md" in out


def test_a_card_that_leaves_out_a_rule_of_the_first_level(
    plant: Plant, capsys: pytest.CaptureFixture[str]
) -> None:
    plant({"quality.toml": CARD.replace("typed", "# typed")})
    code, out, _ = run(capsys, "acme", *LOOKED)
    assert code == 1
    assert "The card is incomplete, it leaves out typed." in out
    assert 'it is kept: write typed = "done" into the card' in out


def test_no_card_at_all_is_incomplete(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    plant({"quality.toml": None})
    code, report = told(capsys, "acme", *LOOKED)
    assert code == 1
    (acme,) = report["connectors"]
    assert (acme["card_sha256"], acme["unanswered"]) == (None, ["documented", "typed"])
    assert acme["rules"]["typed"]["found"] == "broken"


def test_another_card_is_judged_instead(
    plant: Plant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant({"quality.toml": None})
    (tmp_path / "draft.toml").write_text(CARD, "utf-8")
    code, report = told(capsys, "acme", "--rule", "documented", "--card", "draft.toml")
    assert (code, report["connectors"][0]["rules"]["documented"]["card"]) == (0, "done")


def test_the_report_is_tied_to_versions(
    plant: Plant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant()
    code, report = told(capsys, "acme", *LOOKED, "--out", "quality.json")
    assert code == 0
    jsonschema.Draft202012Validator.check_schema(report_schema())
    jsonschema.validate(report, report_schema(), format_checker=jsonschema.FormatChecker())
    assert report == json.loads((tmp_path / "quality.json").read_text("utf-8"))
    assert (report["ordersync"], report["hook_api"]) == (metadata.version("ordersync"), HOOK_API)
    (acme,) = report["connectors"]
    assert (acme["name"], acme["distribution"], acme["version"]) == ("acme", "ordersync-acme", "1.2.3")
    assert (acme["api_version"], acme["level"], acme["every_rule"]) == ("7", None, False)
    assert acme["card_sha256"] == hashlib.sha256(CARD.encode()).hexdigest()
    assert acme["card_is_true"] is True
    assert acme["rules"]["documented"] == {
        "level": "bronze",
        "proof": "package",
        "card": "done",
        "found": "kept",
        "refused": False,
        "says": ["2 settings, 22 hooks left out"],
        "untried": [],
        "todo": "",
    }


def test_the_schema_of_the_report_knows_every_level_and_mark() -> None:
    rule = report_schema()["$defs"]["rule"]["properties"]
    assert rule["level"]["enum"] == [level.value for level in Level]
    assert rule["proof"]["enum"] == [proof.value for proof in Proof]


def test_every_installed_connector_and_one_that_cannot_be_looked_at(
    plant: Plant, capsys: pytest.CaptureFixture[str]
) -> None:
    plant({"quality.toml": '[rules]\ngood = "done"\n'})
    code, out, err = run(capsys, "--rule", "core_declared", "--json")
    assert code == 2
    report = json.loads(out)
    jsonschema.validate(report, report_schema())
    assert "acme" not in [one["name"] for one in report["connectors"]]
    (problem,) = [one for one in report["problems"] if one["name"] == "acme"]
    assert "rules.good: is no rule" in problem["problem"]
    assert "rules.good" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["acme", "--rule", "money"], "There is no rule 'money'"),
        (["acne"], "Did you mean 'acme'?"),
        (["reference"], "is the core's own"),
        (["--card", "quality.toml"], "--card goes with one connector"),
        (["acme", "--card", "nowhere.toml"], "there is no file nowhere.toml"),
        (["acme", "--live", "nowhere.toml"], "there is no file nowhere.toml"),
        (["acme", *LOOKED, "--out", "nowhere/quality.json"], "cannot be written"),
    ],
)
def test_bad_use(plant: Plant, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    plant()
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert said in err


def test_a_wrong_card_is_told_with_its_places(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    plant({"quality.toml": '[rules]\nmoney_exact = {status = "exempt", reason = "no time"}\n'})
    code, out, _ = run(capsys, "acme", "--json")
    assert code == 2
    (problem,) = json.loads(out)["error"]["problems"]
    assert problem["place"] == "rules.money_exact"
    assert "cannot be exempted" in problem["problem"]


@pytest.mark.parametrize("missing", ["pytest", "werkzeug"])
def test_without_what_authors_need(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    plant()
    for name in [name for name in sys.modules if name.startswith("ordersync.testing")]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.partition(".")[0] == missing]:
        monkeypatch.setitem(sys.modules, name, None)
    code, _, err = run(capsys, "acme")
    assert code == 2
    assert "pip install 'ordersync[authors]'" in err
    assert missing in err


def test_a_live_run_makes_the_report_that_gold_takes(
    plant: Plant, tmp_path: Path, suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = 'documents_valid = {status = "done", where = "https://acme.example/schema"}\n'
    words += 'token_renewal = {status = "exempt", reason = "Keys do not expire."}\n'
    folder = plant({"quality.toml": CARD + words})
    (tmp_path / "ordersync.toml").write_text('[connections.shop]\nconnector = "reference"\n', "utf-8")
    live = folder / "live.json"
    code, report = told(capsys, "acme", "--live", "ordersync.toml", "--tests", str(suite), "--out", str(live))
    assert code == 0
    jsonschema.validate(report, LIVE_SCHEMA)
    assert (report["version"], report["api_version"]) == ("1.2.3", "7")
    assert report["rules"]["money_exact"] == {"passed": 1, "failed": 0, "skipped": 0}

    code, out, err = run(capsys, "acme", "--tests", str(suite))
    assert (code, out.splitlines()[-2]) == (0, "Level: silver")
    assert "acme: the contract suite …" in err

    claim = 'live_tested = {status = "done", report = "live.json"}\n'
    (folder / "quality.toml").write_text(CARD + words + claim, "utf-8")
    code, report = told(capsys, "acme", "--tests", str(suite))
    (acme,) = report["connectors"]
    assert (code, acme["level"], acme["every_rule"]) == (0, "gold", True)
    assert acme["rules"]["proved"]["found"] == "not applicable"
    assert acme["rules"]["documents_valid"]["found"] == "said"

    live.write_text(live.read_text("utf-8").replace('"1.2.3"', '"1.1.0"'), "utf-8")
    code, report = told(capsys, "acme", "--tests", str(suite))
    (acme,) = report["connectors"]
    assert (code, acme["level"], acme["rules"]["live_tested"]["refused"]) == (1, "silver", True)


def test_a_live_run_with_a_failure(
    plant: Plant, tmp_path: Path, suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant()
    (tmp_path / "ordersync.toml").write_text('[connections.shop]\nconnector = "reference"\n', "utf-8")
    suite.write_text(suite.read_text("utf-8").replace("pass", "assert 1 == 2", 1), "utf-8")
    code, out, _ = run(capsys, "acme", "--live", "ordersync.toml", "--tests", str(suite))
    assert code == 1
    assert "test_contract_kept: assert 1 == 2" in out
