"""A card against the evidence: what counts, what is refused, and the level that is reached."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from enum import StrEnum

from ordersync.testing.quality.card import Entry
from ordersync.testing.quality.findings import Finding, Found
from ordersync.testing.quality.rules import RULES, Level, Rule

__all__ = ["Mark", "Verdict", "judged", "level_of", "unanswered"]


class Mark(StrEnum):
    """What holds of a rule."""

    KEPT = "kept"
    BROKEN = "broken"
    UNPROVED = "unproved"
    SAID = "said"
    """No machine can tell; the card says where the evidence is."""
    EXEMPT = "exempt"
    NOT_APPLICABLE = "not applicable"
    """It offers none of the hooks that the rule concerns."""


_GOOD = frozenset({Mark.KEPT, Mark.SAID, Mark.EXEMPT})
_REFUSED = frozenset({Mark.BROKEN, Mark.UNPROVED})


@dataclass(frozen=True)
class Verdict:
    """One rule: what the card says, what was found, what to do."""

    rule: Rule
    card: str
    """`done`, `exempt`, or empty: the card does not name it."""
    found: Mark
    says: tuple[str, ...] = ()
    """What was seen."""
    untried: tuple[str, ...] = ()
    todo: str = ""
    """What to do; empty if nothing."""

    @property
    def refused(self) -> bool:
        """Whether the card says `done` and it is not so, or nothing shows it."""
        return self.card == "done" and self.found in _REFUSED

    @property
    def counts(self) -> bool:
        """Whether a level may be built on it."""
        return self.found is Mark.NOT_APPLICABLE or (bool(self.card) and self.found in _GOOD)


def judged(rule: Rule, entry: Entry | None, finding: Finding | None, hooks: Set[str]) -> Verdict:
    """The verdict on one rule. `entry` is None if the card does not name it, `finding` if no machine looked."""
    card = entry.status if entry else ""
    page = f"docs/quality/{rule.name}.md"
    says, untried = (finding.says, finding.untried) if finding else ((), ())
    if rule.hooks and not rule.hooks & hooks:
        todo = (
            f"take it out of the card: none of {', '.join(sorted(rule.hooks))} is offered"
            if card == "done"
            else ""
        )
        return Verdict(rule, card, Mark.NOT_APPLICABLE, todo=todo)
    if finding is not None and finding.found is Found.NOTHING:
        return Verdict(rule, card, Mark.NOT_APPLICABLE, says)
    if entry and entry.status == "exempt":
        kept = finding is not None and finding.found is Found.KEPT and not finding.untried
        broken = finding is not None and finding.found is Found.BROKEN
        todo = 'the exemption is needless: the rule is kept, so write "done"' if kept else ""
        todo = todo or (
            "its test fails: the reason must be the platform's, not the connector's" if broken else ""
        )
        return Verdict(rule, card, Mark.EXEMPT, (entry.reason,), todo=todo)
    if finding is None:
        if entry:
            return Verdict(rule, card, Mark.SAID, tuple(text for text in (entry.how, entry.where) if text))
        return Verdict(rule, card, Mark.UNPROVED, todo=f"{_claim(rule)}; see {page}")
    mark = Mark(finding.found.value)
    if mark is Mark.KEPT:
        todo = "" if card else f'it is kept: write {rule.name} = "done" into the card'
        return Verdict(rule, card, mark, says, untried, todo)
    if mark is Mark.BROKEN:
        todo = f"mend it{_or_else(rule)}; see {page}"
    else:
        todo = f"give it what the proof needs{_or_else(rule)}; see {page}"
    return Verdict(rule, card, mark, says, untried, todo)


def _claim(rule: Rule) -> str:
    if rule.name == "live_tested":
        return (
            'run the suite on a real account, and write live_tested = {status = "done", report = "live.json"}'
        )
    excuse = ", or exempt it with the reason" if rule.excusable else ""
    return f"say in the card where the evidence is{excuse}"


def _or_else(rule: Rule) -> str:
    return ", or exempt the rule with the reason" if rule.excusable else ", or take it out of the card"


def level_of(verdicts: Iterable[Verdict]) -> Level | None:
    """The highest level of which every rule counts, and every rule of those below; None if not even the first."""
    counts = {verdict.rule.name for verdict in verdicts if verdict.counts}
    reached = None
    for level in Level:
        if any(rule.level is level and rule.name not in counts for rule in RULES.values()):
            break
        reached = level
    return reached


def unanswered(verdicts: Iterable[Verdict]) -> list[str]:
    """The rules of the first level that the card does not name: it is incomplete."""
    return [
        one.rule.name
        for one in verdicts
        if one.rule.level is Level.BRONZE and not one.card and one.found is not Mark.NOT_APPLICABLE
    ]
