"""The quality card: what it may say, and that everything else is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordersync.errors import BadInput
from ordersync.testing.quality.card import Card, read_card
from ordersync.testing.quality.rules import RULES, Proof


def read(tmp_path: Path, text: str) -> Card:
    file = tmp_path / "quality.toml"
    file.write_text(text, "utf-8")
    return read_card(file)


def test_a_card_says_done_or_exempt(tmp_path: Path) -> None:
    card = read(
        tmp_path,
        """
        [rules]
        money_exact = "done"
        never_twice = {status = "done", how = "a unique field"}
        documents_valid = {status = "done", where = "tests/test_schema.py"}
        live_tested = {status = "done", report = "live.json"}

        [rules.token_renewal]
        status = "exempt"
        reason = " Keys do not expire. "

        [facts]
        webhook_signature = "HMAC"
        """,
    )
    assert {name: entry.status for name, entry in card.rules.items()} == {
        "money_exact": "done",
        "never_twice": "done",
        "documents_valid": "done",
        "live_tested": "done",
        "token_renewal": "exempt",
    }
    assert card.rules["token_renewal"].reason == "Keys do not expire."
    assert card.rules["live_tested"].report == "live.json"
    assert card.facts == {"webhook_signature": "HMAC"}
    assert len(card.sha256) == 64


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ('[rules]\nmoney_exakt = "done"', "rules.money_exakt", "did you mean 'money_exact'?"),
        ('[rules]\nreads = "done"', "rules.reads", "is no rule"),
        ('[rules]\nbatches = "doing"', "rules.batches.status", 'must be "done" or "exempt"'),
        ("[rules]\nbatches = 1", "rules.batches", "must be"),
        ('[rules]\nbatches = "exempt"', "rules.batches.reason", "is missing"),
        ('[rules]\nbatches = {status = "exempt", reason = " "}', "rules.batches.reason", "says something"),
        ('[rules]\nbatches = {status = "exempt", reason = 4}', "rules.batches.reason", "must be a text"),
        (
            '[rules]\nbatches = {status = "exempt", reason = "r", how = "h"}',
            "rules.batches.how",
            "belongs to a rule that is done",
        ),
        ('[rules]\nbatches = {status = "done", reason = "r"}', "rules.batches.reason", "say `how`"),
        ('[rules]\nbatches = {status = "done", why = "r"}', "rules.batches.why", "is not known"),
        ('[rules]\nbatches = {how = "r"}', "rules.batches.status", 'must be "done" or "exempt"'),
        ('[rules]\ndocuments_valid = "done"', "rules.documents_valid.where", "no machine checks"),
        ('[rules]\nlive_tested = "done"', "rules.live_tested.report", "is missing"),
        (
            '[rules]\nbatches = {status = "done", report = "live.json"}',
            "rules.batches.report",
            "belongs to live_tested",
        ),
        ('level = "gold"\n[rules]', "level", "is not known"),
        ("rules = 1", "rules", "must be a table"),
        ("facts = 1\n[rules]", "facts", "must be a table"),
        ("[facts]", "rules", "must be a table"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, place: str, problem: str) -> None:
    with pytest.raises(BadInput) as error:
        read(tmp_path, text)
    assert str(tmp_path / "quality.toml") in error.value.message
    (found,) = error.value.problems
    assert found.place == place
    assert problem in found.problem
    assert "docs/quality" in error.value.remedy


@pytest.mark.parametrize("rule", [name for name, rule in RULES.items() if not rule.excusable])
def test_some_rules_cannot_be_exempted(tmp_path: Path, rule: str) -> None:
    with pytest.raises(BadInput, match="cannot be exempted"):
        read(tmp_path, f'[rules]\n{rule} = {{status = "exempt", reason = "we are in a hurry"}}')


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as error:
        read(tmp_path, '[rules]\nx = "done"\nbatches = "exempt"\nmoney_exact = {status = "no"}')
    assert [one.place for one in error.value.problems] == [
        "rules.x",
        "rules.batches.reason",
        "rules.money_exact.status",
    ]


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not TOML"):
        read(tmp_path, "rules =")
    with pytest.raises(BadInput, match="cannot be read"):
        read_card(tmp_path / "nowhere.toml")


def test_rules_that_no_machine_checks_are_those_that_need_words() -> None:
    words = {name for name, rule in RULES.items() if rule.proof is Proof.WORD}
    assert words == {"documents_valid", "token_renewal", "live_tested"}
