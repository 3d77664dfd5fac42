"""How the suite speaks: a test names the rule that it proves, and a failure says what to change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

import pytest

from ordersync.testing.quality.rules import RULES

__all__ = ["broken", "hold", "none_of", "rule"]

PAGE = "docs/quality/{}.md"


def rule(name: str) -> pytest.MarkDecorator:
    """Marks a test as proof of a rule of the quality scale. Raises KeyError for a rule that is not there."""
    return pytest.mark.ordersync_rule(RULES[name].name)


def broken(name: str, *, expected: str, seen: str, do: str) -> NoReturn:
    """Fail: what the rule wants, what was seen, what to change, and where the rule is explained."""
    __tracebackhide__ = True
    page = PAGE.format(RULES[name].name)
    pytest.fail(
        f"rule {name}: {RULES[name].says}\n"
        f"  expected: {expected}\n"
        f"  seen:     {_indented(seen)}\n"
        f"  to do:    {_indented(do)}\n"
        f"  page:     {page}",
        pytrace=False,
    )


def hold(kept: object, name: str, *, expected: str, seen: str, do: str) -> None:
    """`broken`, unless what should hold does."""
    __tracebackhide__ = True
    if not kept:
        broken(name, expected=expected, seen=seen, do=do)


def none_of(wrong: Iterable[str], name: str, *, expected: str, do: str) -> None:
    """`broken` with all that is wrong, if anything is."""
    __tracebackhide__ = True
    found = list(wrong)
    if found:
        broken(name, expected=expected, seen="\n".join(found), do=do)


def _indented(text: str) -> str:
    return text.replace("\n", "\n            ")
