"""A pytest plugin that writes down what came of every test that carries the name of a rule.

    python -m pytest -p ordersync.testing.quality.outcomes --ordersync-outcomes FILE …

FILE then holds a JSON list of `{"test", "rules", "outcome", "message"}`; `outcome` is passed, failed or skipped.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from _pytest.reports import TestReport

__all__ = ["MARK", "pytest_addoption", "pytest_configure"]

MARK = "ordersync_rule"
_LONGEST = 600
"""Characters of a message that are kept."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the file."""
    parser.addoption(
        "--ordersync-outcomes", metavar="FILE", help="Write down the outcome of every rule's tests."
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to listen, if a file is named."""
    file = config.getoption("--ordersync-outcomes")
    if file:
        config.pluginmanager.register(_Listener(Path(file)), "ordersync-outcomes")


class _Listener:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._found: dict[str, dict[str, Any]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, TestReport, TestReport]:
        """The outcome of one phase of one test: what failed in any phase failed."""
        report = yield
        rules = sorted({str(mark.args[0]) for mark in item.iter_markers(MARK) if mark.args})
        before = self._found.get(item.nodeid)
        if rules and (before is None or (before["outcome"] == "passed" and report.outcome != "passed")):
            message = _message(report, call)
            self._found[item.nodeid] = {
                "test": item.nodeid,
                "rules": rules,
                "outcome": report.outcome,
                "message": message[:_LONGEST],
            }
        return report

    def pytest_sessionfinish(self) -> None:
        """Write them."""
        self._file.write_text(json.dumps(list(self._found.values())), "utf-8")


def _message(report: TestReport, call: pytest.CallInfo[None]) -> str:
    if report.outcome == "skipped":
        said = report.longrepr
        return str(said[2] if isinstance(said, tuple) else said).removeprefix("Skipped: ")
    if report.outcome == "failed" and call.excinfo is not None:
        return call.excinfo.exconly().removeprefix("Failed: ").removeprefix("AssertionError: ")
    return ""
