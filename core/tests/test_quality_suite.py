"""What came of the tests of each rule: written down by the pytest plugin, read rule by rule."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ordersync.errors import BadInput
from ordersync.ledger import State
from ordersync.model import Facts
from ordersync.testing.quality import runs
from ordersync.testing.quality.findings import Found
from ordersync.testing.quality.installed import Installed
from ordersync.testing.quality.live import judged_live, live_report
from ordersync.testing.quality.rules import RULES, Proof
from ordersync.testing.quality.suite import Outcome, findings_of, run_suite

TESTS = """\
import pytest

rule = pytest.mark.ordersync_rule

@rule("money_exact")
def test_cents():
    assert 1 == 1

@rule("money_exact")
@rule("totals_read_back")
def test_dinars():
    pytest.fail("rule money_exact: amounts\\n  expected: 1.000\\n  seen:     1.00\\n  page: docs", pytrace=False)

@rule("closes")
def test_once():
    pass

@rule("closes")
def test_twice():
    pytest.skip("give the sandbox `doors`")

@rule("webhooks_verified")
def test_delivery():
    pytest.skip("give the sandbox `delivery`")

@rule("webhooks_verified")
def test_subscribe():
    pass

@pytest.fixture
def broken():
    yield
    raise RuntimeError("the thread is still there")

@rule("thread_safe")
def test_threads(broken):
    pass

@rule("skus_exact")
@rule("closes")
def test_sku():
    pytest.skip("resolve_sku is not offered")

def test_of_no_rule():
    assert False
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    file = tmp_path_factory.mktemp("planted") / "test_planted.py"
    file.write_text(TESTS, "utf-8")
    return run_suite("acme", tests=file)


def test_outcomes_are_collected_by_rule(outcomes: list[Outcome]) -> None:
    found = findings_of(outcomes)
    assert set(found) == {name for name, rule in RULES.items() if rule.proof is Proof.SUITE}
    assert found["money_exact"].found is Found.BROKEN
    assert found["money_exact"].says == ("test_dinars: expected: 1.000; seen: 1.00",)
    assert found["totals_read_back"].found is Found.BROKEN
    assert (found["closes"].found, found["closes"].says) == (Found.KEPT, ("1 test passed",))
    assert found["closes"].untried == ("give the sandbox `doors`",)
    assert found["webhooks_verified"].found is Found.UNPROVED
    assert found["webhooks_verified"].says == ("give the sandbox `delivery`",)
    assert found["thread_safe"].found is Found.BROKEN
    assert "the thread is still there" in found["thread_safe"].says[0]
    assert found["pages_complete"].found is Found.UNPROVED
    assert found["skus_exact"].found is Found.NOTHING


def test_a_suite_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    file = tmp_path / "test_nothing.py"
    file.write_text("import nothing_of_the_kind\n", "utf-8")
    with pytest.raises(BadInput, match="nothing_of_the_kind") as error:
        run_suite("acme", tests=file)
    assert "Run it by hand" in error.value.remedy


def test_tests_without_a_rule_are_no_suite(tmp_path: Path) -> None:
    file = tmp_path / "test_other.py"
    file.write_text("def test_x():\n    pass\n", "utf-8")
    with pytest.raises(BadInput, match="could not be run"):
        run_suite("acme", tests=file)


@pytest.mark.parametrize(
    ("made", "states", "errors", "told"),
    [
        (["k1"], {"O1": State.PARKED}, [], ""),
        ([], {"O1": State.PARKED, "O2": State.SKIPPED}, [], ""),
        ([], {}, ["nobody comes in"], ""),
        (["k1", "k1"], {"O1": State.PARKED}, [], "k1 stands 2 times"),
        ([], {"O1": State.DONE}, [], "O1 is recorded as done, and does not stand"),
        ([], {"O1": State.SEEN}, [], "nobody is told of O1"),
        ([], {}, [], "nobody is told of anything"),
    ],
)
def test_where_a_quirk_stops_orders_nothing_is_doubled_or_silent(
    made: list[str], states: dict[str, State], errors: list[str], told: str
) -> None:
    rows = [SimpleNamespace(source_id=name, key=f"k{name[1:]}") for name in states]
    trial: Any = SimpleNamespace(
        side="target",
        made=lambda: [SimpleNamespace(key=key) for key in made],
        states=lambda: states,
        errors=errors,
        ledger=SimpleNamespace(rows=lambda _route: rows),
    )
    assert runs._kept_back(trial) == ([told] if told else [])


class _Kind:
    facts = Facts(api_version="7")


ACME = Installed(
    "acme", _Kind, "ordersync_acme", Path(), "ordersync-acme", "1.2.3", (), "", frozenset(), None
)
RUN = [Outcome("t::a", ("money_exact",), "passed"), Outcome("t::b", ("closes",), "skipped", "no account")]
NOW = datetime(2026, 9, 1, tzinfo=UTC)


def judged(tmp_path: Path, **changes: Any) -> tuple[Found, str]:
    file = tmp_path / "live.json"
    report = {**live_report(ACME, RUN, NOW), **changes}
    file.write_text(json.dumps({key: value for key, value in report.items() if value != "gone"}), "utf-8")
    finding = judged_live(ACME, file)
    return finding.found, "; ".join(finding.says)


@pytest.mark.parametrize("version", ["1.2.3", "1.2.0", "1.2"])
def test_a_live_report_speaks_for_its_minor_version(tmp_path: Path, version: str) -> None:
    found, says = judged(tmp_path, version=version)
    assert found is Found.KEPT
    assert says == f"1 tests on 2026-09-01, version {version}"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"version": "1.1.9"}, "it is about version 1.1.9, and this is 1.2.3; run it again"),
        ({"version": "2.2.3"}, "it is about version 2.2.3"),
        ({"api_version": "6"}, "it ran on API 6, and this speaks 7"),
        ({"api_version": None}, "it ran on API None"),
        ({"platform": "other"}, "it is about other"),
        ({"distribution": "ordersync-other"}, "it is about acme of ordersync-other"),
        ({"rules": {"closes": {"passed": 3, "failed": 1, "skipped": 0}}}, "failures of closes"),
        ({"rules": {"closes": {"passed": 0, "failed": 0, "skipped": 2}}}, "nothing passed"),
        ({"rules": {}}, "is no report"),
        ({"live": False}, "is no report"),
        ({"date": "yesterday"}, "is no report"),
        ({"version": "gone"}, "is no report"),
    ],
)
def test_a_live_report_that_does_not_speak_for_it_counts_for_nothing(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    found, says = judged(tmp_path, **changes)
    assert found is Found.BROKEN
    assert told in says


def test_a_live_report_that_is_not_there(tmp_path: Path) -> None:
    assert judged_live(ACME, tmp_path / "live.json").found is Found.BROKEN
