"""The index of the rules' pages: `python -m ordersync.testing.quality.page > docs/quality/index.md`."""

from __future__ import annotations

import sys

from ordersync.testing.markdown import table
from ordersync.testing.quality.rules import RULES, Level, Proof, Rule

__all__ = ["header", "page"]

_PROOFS = {
    Proof.SUITE: "the contract suite",
    Proof.PACKAGE: "a look at the package",
    Proof.RUN: "runs with faults",
    Proof.WORD: "the card's word",
}
_HEAD = """\
# The quality scale

What a connector promises, rule by rule, and who checks it. Each plugin has a card, `quality.toml`, beside its README and in
its wheel; it says of a rule that it is `done`, or `exempt` with the reason, or says nothing. The level is computed.

```toml
[rules]
money_exact = "done"
never_twice = {status = "done", how = "The reference is unique on the platform."}
documents_valid = {status = "done", where = "tests/test_vendor_schema.py"}
token_renewal = {status = "exempt", reason = "Keys do not expire."}
```

`ordersync quality NAME` runs the contract suite on the connector's sandbox, looks at the installed package, runs the real
transfer with faults, and holds the card against all that. A `done` that is not so, or that nothing shows to be so, is
refused; an exemption that is needless is pointed out. Exit code 0 if the card is true, 1 if not.

A level holds if each of its rules, and of the levels below, is kept, said with evidence, exempt with a reason, or does not
apply because no hook that it concerns is offered. A rule that the card does not name holds up its level.
"""
_LEVELS = {
    Level.BRONZE: "Orders arrive once, whole, to the cent, and what goes wrong is told.",
    Level.SILVER: "It holds for large orders, many threads, long days, and for what the vendor changes.",
    Level.GOLD: "It is fast, survives every fault that was planted, and was tried on the real platform.",
}


def header(rule: Rule) -> str:
    """How the page of a rule begins."""
    hooks = ", ".join(f"`{hook}`" for hook in sorted(rule.hooks))
    return "\n".join(
        [
            f"# {rule.name}",
            "",
            rule.says,
            "",
            f"- Level: {rule.level.value}",
            f"- Checked by: {_PROOFS[rule.proof]}",
            f"- Concerns: {f'connectors that offer {hooks}' if hooks else 'every connector'}",
            f"- May be exempted: {'yes, with the reason' if rule.excusable else 'no'}",
            "",
        ]
    )


def page() -> str:
    """The index."""
    parts = [_HEAD]
    for level in Level:
        rows = [
            [
                f"[{rule.name}]({rule.name}.md)",
                rule.says,
                _PROOFS[rule.proof],
                "yes" if rule.excusable else "no",
            ]
            for rule in RULES.values()
            if rule.level is level
        ]
        parts += [f"## {level.value.capitalize()}\n", f"{_LEVELS[level]}\n"]
        parts.append(table(["rule", "what holds", "checked by", "may be exempted"], rows))
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
