"""The cards of our own connectors: readable, in the wheel, and true of what the installed packages show."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from ordersync import Done, Outcome, Placed, hookimpl
from ordersync.testing.quality import runs
from ordersync.testing.quality.card import CARD, read_card
from ordersync.testing.quality.findings import Found
from ordersync.testing.quality.installed import Installed, connectors, look_up
from ordersync.testing.quality.package import CHECKS
from ordersync.testing.quality.rules import RULES, Proof
from ordersync.testing.quality.runs import RUNS, proved, trials_passed
from ordersync.testing.quality.verdict import Mark, judged

PLUGINS = sorted((Path(__file__).resolve().parents[1] / "plugins").glob("ordersync-*"))


def test_every_plugin_of_the_workspace_is_installed() -> None:
    assert {look_up(name).distribution for name in connectors()} >= {folder.name for folder in PLUGINS}


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_the_card_goes_into_the_wheel(folder: Path) -> None:
    """And says why wherever it exempts."""
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    package = folder.name.replace("-", "_")
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included[CARD] == f"{package}/{CARD}"
    card = read_card(folder / CARD)
    assert all(len(entry.reason) > 15 for entry in card.rules.values() if entry.status == "exempt")


@pytest.mark.parametrize("name", connectors())
@pytest.mark.parametrize("rule", CHECKS)
def test_what_the_card_says_of_the_package_is_so(name: str, rule: str) -> None:
    one = look_up(name)
    assert one.card
    verdict = judged(RULES[rule], read_card(one.card).rules.get(rule), CHECKS[rule](one), one.hooks)
    assert verdict.found in (Mark.KEPT, Mark.EXEMPT), verdict.says


@pytest.mark.parametrize("name", connectors())
def test_the_transfer_keeps_its_promises_under_every_quirk(name: str) -> None:
    one = look_up(name)
    assert one.card
    entry = read_card(one.card).rules.get("trials_passed")
    verdict = judged(RULES["trials_passed"], entry, trials_passed(one), one.hooks)
    assert verdict.found in (Mark.KEPT, Mark.EXEMPT), verdict.says


class Blind:
    """Finds no order, whatever was made."""

    @hookimpl
    def find_order(self, key: str) -> Placed | None:
        return None

    @hookimpl
    def find_orders(self, keys: Sequence[str]) -> Sequence[Outcome[Placed | None]]:
        return [Done(None) for _ in keys]


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> Installed:
    """A connector that sends again what it cannot find."""
    one = look_up("woocommerce")
    for name in ("find_order", "find_orders"):
        monkeypatch.setattr(one.kind, name, getattr(Blind, name))
    return one


def test_trials_find_a_connector_that_makes_orders_twice(blind: Installed) -> None:
    finding = trials_passed(blind)
    assert finding.found is Found.BROKEN
    assert any(
        "as target, lost_response=first:4" in text and "stands 3 times" in text for text in finding.says
    )


def test_a_proof_finds_a_connector_that_makes_orders_twice(blind: Installed) -> None:
    finding = proved(blind)
    assert finding.found is Found.BROKEN
    assert any("lost_after" in text or "dies_after" in text for text in finding.says)


def test_a_sound_connector_passes_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "SAMPLE", 25)
    finding = proved(look_up("shopify"))
    assert finding.found is Found.KEPT
    assert finding.says[0].startswith("25 of ")


def test_without_a_sandbox_nothing_is_proved() -> None:
    one = look_up("file")
    for run in RUNS.values():
        finding = run(one, False)
        assert (finding.found, "brings no sandbox" in finding.says[0]) == (Found.UNPROVED, True)


def test_every_rule_about_runs_has_one() -> None:
    assert set(RUNS) == {name for name, rule in RULES.items() if rule.proof is Proof.RUN}


@pytest.mark.parametrize("name", connectors())
def test_nobody_claims_a_live_run_that_was_not_made(name: str) -> None:
    one = look_up(name)
    assert one.card
    entry = read_card(one.card).rules.get("live_tested")
    assert entry is None or (one.card.parent / entry.report).is_file()
