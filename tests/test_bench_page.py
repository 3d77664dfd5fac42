"""Every figure that is published stands in a kept run of the bench, and says of what it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench.page import PAGE, README, page, readme_part, results, with_part

AGAIN = "make it again: python -m bench.page"


def test_the_page_is_what_the_kept_runs_say() -> None:
    assert PAGE.read_text("utf-8") == page(results()), AGAIN


def test_the_readme_is_what_the_kept_runs_say() -> None:
    text = README.read_text("utf-8")
    part = readme_part(results())
    assert part in text, AGAIN
    assert with_part(text, part) == text
    assert "nothing else" in with_part(text, "nothing else\n")


@pytest.mark.parametrize("run", results(), ids=lambda run: str(run["date"]))
def test_a_kept_run_says_what_it_is_to_be_read_with(run: dict[str, object]) -> None:
    assert not run["quick"]
    assert {"date", "commit", "machine", "python", "versions", "ratios", "cases"} <= run.keys()
    assert isinstance(run["ratios"], dict)
