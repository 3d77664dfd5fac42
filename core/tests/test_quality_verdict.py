"""A card against the evidence: what counts, what is refused, which level it comes to."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from ordersync.testing.quality.card import Entry
from ordersync.testing.quality.findings import Finding, Found
from ordersync.testing.quality.rules import RULES, Level
from ordersync.testing.quality.verdict import Mark, Verdict, judged, level_of, unanswered

DONE, EXEMPT = Entry("done"), Entry("exempt", reason="because")
KEPT, BROKEN = Finding(Found.KEPT, ("2 tests passed",)), Finding(Found.BROKEN, ("a cent is missing",))
UNPROVED = Finding(Found.UNPROVED, ("no lever",))
NOTHING = Finding(Found.NOTHING, ("get_order is not offered",))
PARTLY = Finding(Found.KEPT, ("1 test passed",), untried=("no lever",))
HOOKS = frozenset({"list_orders", "create_order", "update_order"})


@pytest.mark.parametrize(
    ("rule", "entry", "finding", "found", "refused", "counts", "todo"),
    [
        ("money_exact", DONE, KEPT, Mark.KEPT, False, True, ""),
        ("money_exact", DONE, PARTLY, Mark.KEPT, False, True, ""),
        ("money_exact", DONE, BROKEN, Mark.BROKEN, True, False, "mend it, or take it out of the card"),
        ("money_exact", DONE, UNPROVED, Mark.UNPROVED, True, False, "give it what the proof needs"),
        ("money_exact", None, KEPT, Mark.KEPT, False, False, 'write money_exact = "done"'),
        ("money_exact", None, BROKEN, Mark.BROKEN, False, False, "mend it"),
        ("rate_budget", EXEMPT, None, Mark.EXEMPT, False, True, ""),
        ("rate_budget", EXEMPT, BROKEN, Mark.EXEMPT, False, True, "its test fails"),
        ("rate_budget", EXEMPT, UNPROVED, Mark.EXEMPT, False, True, ""),
        ("rate_budget", EXEMPT, PARTLY, Mark.EXEMPT, False, True, ""),
        ("rate_budget", EXEMPT, KEPT, Mark.EXEMPT, False, True, "the exemption is needless"),
        ("rate_budget", DONE, BROKEN, Mark.BROKEN, True, False, "or exempt the rule with the reason"),
        ("webhooks_verified", None, None, Mark.NOT_APPLICABLE, False, True, ""),
        ("webhooks_verified", EXEMPT, None, Mark.NOT_APPLICABLE, False, True, ""),
        ("webhooks_verified", DONE, None, Mark.NOT_APPLICABLE, False, True, "none of receive is offered"),
        ("absent_is_none", None, NOTHING, Mark.NOT_APPLICABLE, False, True, ""),
        ("absent_is_none", DONE, NOTHING, Mark.NOT_APPLICABLE, False, True, ""),
        ("changes_once", DONE, KEPT, Mark.KEPT, False, True, ""),
        ("documents_valid", DONE, None, Mark.SAID, False, True, ""),
        ("documents_valid", DONE, BROKEN, Mark.BROKEN, True, False, "mend it"),
        ("documents_valid", None, None, Mark.UNPROVED, False, False, "or exempt it"),
        ("live_tested", None, None, Mark.UNPROVED, False, False, "run the suite on a real account"),
        ("live_tested", DONE, KEPT, Mark.KEPT, False, True, ""),
        ("live_tested", DONE, BROKEN, Mark.BROKEN, True, False, "take it out of the card"),
    ],
)
def test_the_verdict(
    rule: str,
    entry: Entry | None,
    finding: Finding | None,
    found: Mark,
    refused: bool,
    counts: bool,
    todo: str,
) -> None:
    verdict = judged(RULES[rule], entry, finding, HOOKS)
    assert (verdict.found, verdict.refused, verdict.counts) == (found, refused, counts)
    assert todo in verdict.todo
    assert bool(todo) is bool(verdict.todo)


def all_kept(but: Iterable[str] = ()) -> list[Verdict]:
    left = set(but)
    return [judged(rule, DONE, BROKEN if name in left else KEPT, rule.hooks) for name, rule in RULES.items()]


@pytest.mark.parametrize(
    ("broken", "level"),
    [
        ([], Level.GOLD),
        (["live_tested"], Level.SILVER),
        (["batches", "proved"], Level.SILVER),
        (["token_renewal"], Level.BRONZE),
        (["token_renewal", "live_tested"], Level.BRONZE),
        (["core_declared"], None),
        (["core_declared", "closes", "proved"], None),
    ],
)
def test_a_level_takes_its_rules_and_all_below(broken: list[str], level: Level | None) -> None:
    assert level_of(all_kept(broken)) == level


def test_a_rule_that_was_not_looked_at_reaches_no_level() -> None:
    assert level_of(all_kept()[1:]) is None


def test_an_exemption_and_what_is_not_offered_hinder_no_level() -> None:
    verdicts = []
    for rule in RULES.values():
        entry = EXEMPT if rule.excusable else DONE
        verdicts.append(judged(rule, None if rule.hooks else entry, KEPT, frozenset()))
    assert level_of(verdicts) is Level.GOLD


def test_a_rule_that_the_card_does_not_name_hinders_its_level() -> None:
    verdicts = [
        judged(rule, None if name == "closes" else DONE, KEPT, rule.hooks) for name, rule in RULES.items()
    ]
    assert level_of(verdicts) is Level.BRONZE
    assert unanswered(verdicts) == []
    verdicts[0] = judged(RULES["contract_kept"], None, KEPT, frozenset())
    assert level_of(verdicts) is None
    assert unanswered(verdicts) == ["contract_kept"]
