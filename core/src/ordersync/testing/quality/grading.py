"""One installed connector, looked at by every rule of the scale."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from ordersync.discovery import sandbox_class
from ordersync.errors import NotOffered
from ordersync.testing.quality.card import Card, Entry, read_card
from ordersync.testing.quality.findings import Finding, Found
from ordersync.testing.quality.installed import Installed, look_up
from ordersync.testing.quality.live import judged_live
from ordersync.testing.quality.package import CHECKS
from ordersync.testing.quality.rules import RULES, Level, Proof
from ordersync.testing.quality.runs import RUNS
from ordersync.testing.quality.suite import findings_of, run_suite
from ordersync.testing.quality.verdict import Verdict, judged, level_of, unanswered

__all__ = ["Grade", "graded"]

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Grade:
    """What a connector's card is worth."""

    connector: Installed
    card: Card | None
    verdicts: tuple[Verdict, ...]
    thorough: bool = False

    @property
    def complete(self) -> bool:
        """Whether every rule was looked at."""
        return len(self.verdicts) == len(RULES)

    @property
    def level(self) -> Level | None:
        """The level that is reached; None if none is, or if not every rule was looked at."""
        return level_of(self.verdicts) if self.complete else None

    @property
    def refused(self) -> list[Verdict]:
        """Rules that the card calls done, and that are not, or that nothing shows to be."""
        return [verdict for verdict in self.verdicts if verdict.refused]

    @property
    def unanswered(self) -> list[str]:
        """Rules of the first level that the card does not name."""
        return unanswered(self.verdicts)

    @property
    def is_true(self) -> bool:
        """Whether the card can stand: nothing in it is refused, and it answers every rule of the first level."""
        return not self.refused and not self.unanswered


def graded(
    name: str,
    *,
    card: Path | None = None,
    rules: Collection[str] = (),
    tests: Path | None = None,
    thorough: bool = False,
    tell: Tell = lambda _: None,
) -> Grade:
    """Look at the connector of this entry name.

    `card` is judged instead of its own; `rules` are all that is looked at, if given; `tests` runs instead of the
    contract suite (without a sandbox, the source tree's own contract test does if it is there); `thorough` tries every
    schedule of faults. Raises BadInput for a card that is wrong or a suite that
    cannot be run, BadSettings or PluginBroken for a connector that cannot be loaded.
    """
    one = look_up(name)
    path = card or one.card
    read = read_card(path) if path else None
    entries = read.rules if read else {}
    wanted = [rule for rule in RULES.values() if not rules or rule.name in rules]
    suite: dict[str, Finding] = {}
    if any(rule.proof is Proof.SUITE for rule in wanted):
        tell(f"{name}: the contract suite …")
        suite = findings_of(run_suite(name, tests=tests or _own_tests(one)))
    verdicts = []
    for rule in wanted:
        finding: Finding | None
        if rule.hooks and not rule.hooks & one.hooks:
            finding = None
        elif rule.proof is Proof.SUITE:
            finding = suite[rule.name]
        elif rule.proof is Proof.PACKAGE:
            finding = CHECKS[rule.name](one)
        elif rule.proof is Proof.RUN:
            tell(f"{name}: {rule.name} …")
            finding = RUNS[rule.name](one, thorough)
        else:
            finding = _by_word(one, read, entries.get(rule.name))
        verdicts.append(judged(rule, entries.get(rule.name), finding, one.hooks))
    return Grade(one, read, tuple(verdicts), thorough)


def _own_tests(one: Installed) -> Path | None:
    """The contract test of the source tree, for a connector without a sandbox: the suite alone could ask it nothing."""
    try:
        sandbox_class(one.name)
    except NotOffered:
        file = one.tree / "tests" / "test_contract.py" if one.tree else None
        return file if file and file.is_file() else None
    return None


def _by_word(one: Installed, card: Card | None, entry: Entry | None) -> Finding | None:
    """What can be seen of evidence that the card names: a report is read, a file must be there."""
    if card is None or entry is None:
        return None
    if entry.report:
        return judged_live(one, card.path.parent / entry.report)
    if one.tree is None:
        return None
    files = [text for text in entry.where.split(", ") if text and " " not in text and "://" not in text]
    gone = [text for text in files if not (one.tree / text.partition("::")[0]).exists()]
    if gone:
        return Finding(Found.BROKEN, tuple(f"{text} is not in the source tree" for text in gone))
    return None
