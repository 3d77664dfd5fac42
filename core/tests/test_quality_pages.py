"""Every rule has a page, every page a rule, and the page says what the table says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ordersync.testing.quality.page import header, page
from ordersync.testing.quality.rules import RULES

PAGES = Path(__file__).resolve().parents[2] / "docs" / "quality"
SECTIONS = ["Why", "How", "How it is checked", "When an exemption is right"]


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    assert {file.stem for file in PAGES.glob("*.md")} == {*RULES, "index"}


@pytest.mark.parametrize("rule", RULES)
def test_the_page_begins_with_what_the_table_says(rule: str) -> None:
    text = (PAGES / f"{rule}.md").read_text("utf-8")
    assert text.startswith(header(RULES[rule]))
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"^## (.+)$", prose, re.MULTILINE) == SECTIONS
    assert "```python" in text


@pytest.mark.parametrize("rule", [name for name, rule in RULES.items() if not rule.excusable])
def test_what_cannot_be_exempted_says_never(rule: str) -> None:
    text = (PAGES / f"{rule}.md").read_text("utf-8")
    assert text.partition("## When an exemption is right")[2].strip().startswith("Never")


def test_the_index_is_the_table() -> None:
    assert (PAGES / "index.md").read_text("utf-8") == page(), (
        "python -m ordersync.testing.quality.page > docs/quality/index.md"
    )
