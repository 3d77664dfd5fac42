"""The quality card, `quality.toml`: what a connector says about itself, read and checked.

    [rules]
    money_exact = "done"
    never_twice = {status = "done", how = "The key is a unique field of the platform."}
    token_renewal = {status = "exempt", reason = "Keys do not expire."}
    live_tested = {status = "done", report = "live.json"}

    [facts]
    webhook_signature = "…"

A rule that the card does not name is open: nothing is claimed. The level follows from the rules; a card does not state it.
"""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ordersync.errors import BadInput, FieldProblem
from ordersync.testing.quality.rules import RULES, Proof

__all__ = ["CARD", "Card", "Entry", "read_card"]

CARD = "quality.toml"
_EVIDENCE = ("how", "where", "report")
_REMEDY = f"The rules, each with a page in docs/quality/: {', '.join(RULES)}."


@dataclass(frozen=True)
class Entry:
    """What a card says about one rule."""

    status: Literal["done", "exempt"]
    reason: str = ""
    """Why it is exempt."""
    how: str = ""
    """How the rule is kept, for people."""
    where: str = ""
    """Where the evidence is: a file of the source tree, or an address."""
    report: str = ""
    """A report of a live run, beside the card."""


@dataclass(frozen=True)
class Card:
    """A checked card."""

    path: Path
    rules: Mapping[str, Entry]
    facts: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""
    """Of the file's bytes, in hexadecimal."""


def read_card(path: Path) -> Card:
    """Read and check a card.

    Raises BadInput that names each place, what was expected there and what to do.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"The quality card {path} cannot be read: {error.strerror}.",
            remedy=f"It is called {CARD} and lies beside README.md.",
        ) from None
    try:
        document = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"The quality card {path} is not TOML: {error}.", remedy=_REMEDY) from None
    problems = [
        FieldProblem(key, "is not known; a card has the tables [rules] and [facts]")
        for key in document
        if key not in ("rules", "facts")
    ]
    facts, rules = document.get("facts", {}), document.get("rules")
    if not isinstance(facts, Mapping):
        problems.append(FieldProblem("facts", "must be a table"))
    if not isinstance(rules, Mapping):
        problems.append(FieldProblem("rules", 'must be a table of rules, each `name = "done"` or a table'))
        rules = {}
    entries = {}
    for name, given in rules.items():
        entry, wrong = _entry(name, given)
        problems += wrong
        entries[name] = entry
    if problems:
        raise BadInput(f"The quality card {path} is wrong.", problems=tuple(problems), remedy=_REMEDY)
    return Card(path, entries, facts, hashlib.sha256(content).hexdigest())


def _entry(name: str, given: Any) -> tuple[Entry, list[FieldProblem]]:
    place = f"rules.{name}"
    if name not in RULES:
        close = difflib.get_close_matches(name, RULES, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return Entry("done"), [FieldProblem(place, f"is no rule{hint}")]
    table = {"status": given} if isinstance(given, str) else given
    if not isinstance(table, Mapping):
        return Entry("done"), [FieldProblem(place, 'must be "done" or a table {status = …}')]
    known = ("status", "reason", *_EVIDENCE)
    problems = [
        FieldProblem(f"{place}.{key}", f"is not known; expected {', '.join(known)}")
        for key in table
        if key not in known
    ]
    texts = {key: table.get(key, "") for key in ("reason", *_EVIDENCE)}
    problems += [
        FieldProblem(f"{place}.{key}", "must be a text that says something")
        for key, text in texts.items()
        if key in table and (not isinstance(text, str) or not text.strip())
    ]
    status = table.get("status")
    if status == "exempt":
        problems += _exemption(name, table)
    elif status == "done":
        problems += _promise(name, table)
    else:
        problems.append(FieldProblem(f"{place}.status", 'must be "done" or "exempt"'))
    clean = {key: text.strip() for key, text in texts.items() if isinstance(text, str)}
    return Entry("exempt" if status == "exempt" else "done", **clean), problems


def _exemption(name: str, table: Mapping[str, Any]) -> list[FieldProblem]:
    place = f"rules.{name}"
    if not RULES[name].excusable:
        why = "cannot be exempted; keep it, or leave it out and do without its level"
        return [FieldProblem(place, why)]
    if "reason" not in table:
        return [FieldProblem(f"{place}.reason", "is missing; an exemption says why, in a sentence")]
    return [
        FieldProblem(f"{place}.{key}", "belongs to a rule that is done") for key in _EVIDENCE if key in table
    ]


def _promise(name: str, table: Mapping[str, Any]) -> list[FieldProblem]:
    place = f"rules.{name}"
    problems = []
    if "reason" in table:
        problems.append(FieldProblem(f"{place}.reason", "belongs to an exemption; say `how` it is done"))
    if name == "live_tested":
        if "report" not in table:
            problems.append(FieldProblem(f"{place}.report", "is missing: the file that a live run wrote"))
        return problems
    if "report" in table:
        problems.append(FieldProblem(f"{place}.report", "belongs to live_tested"))
    if RULES[name].proof is Proof.WORD and not {"how", "where"} & table.keys():
        problems.append(
            FieldProblem(
                f"{place}.where", "is missing: no machine checks this rule, so say where the evidence is"
            )
        )
    return problems
