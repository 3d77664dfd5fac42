"""The contract suite on one installed connector, in a process of its own, and what it says about each rule."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ordersync.errors import BadInput
from ordersync.testing.quality.findings import Finding, Found
from ordersync.testing.quality.rules import RULES, Proof

__all__ = ["Outcome", "findings_of", "run_suite"]

SUITE = "ordersync.testing.contract.suite"
LONGEST = 900
"""Seconds that the suite may take."""
_NOT_OFFERED = re.compile(
    r"\bnot offered\b|^no hook\b|^(no|neither)\b.*\boffered$|^needs \w+ and \w+$|^needs a connector that"
    r"|^facts\.concurrency is 1$|answers hold what was asked"
)
"""The suite's words where it skips a test that does not concern the connector; all others leave something unproved."""
_DECIDING = {"webhooks_verified": "`delivery`", "nested_pages": "`long_order`"}
"""Rule → the lever without which its other tests prove nothing."""
_NO_SANDBOX = "has no sandbox, and needs settings"
"""So says the suite of a test that could not be run at all."""
_MOST = 4
"""How many messages are told per rule."""


@dataclass(frozen=True)
class Outcome:
    """What came of one test."""

    test: str
    rules: tuple[str, ...]
    outcome: str
    """passed, failed or skipped."""
    message: str = ""


def run_suite(platform: str, *, live: Path | None = None, tests: Path | None = None) -> list[Outcome]:
    """Run the contract suite for an installed connector.

    `live` is a settings file: the suite asks the platform of its connection. `tests` is a test file that runs instead of
    the suite: of a connector whose tests say what the suite cannot find out. Raises BadInput if nothing could be run.
    """
    with tempfile.TemporaryDirectory(prefix="ordersync-quality-") as folder:
        place = Path(folder)
        (place / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n", "utf-8")
        file = place / "outcomes.json"
        what = [str(tests.resolve())] if tests else ["--pyargs", SUITE]
        command = [sys.executable, "-m", "pytest", *what, "--ordersync-platform", platform]
        command += ["-c", str(place / "pytest.ini"), "--rootdir", str(place), "-p", "no:cacheprovider"]
        command += ["-p", "ordersync.testing.pytest_plugin"]
        command += ["-p", "ordersync.testing.quality.outcomes", "--ordersync-outcomes", str(file)]
        command += ["-q", "--no-header", "--tb=short"]
        command += ["--ordersync-live", str(live.resolve())] if live else []
        try:
            ended = subprocess.run(  # noqa: S603 - this interpreter, and arguments of our own
                command,
                cwd=Path.cwd() if live else place,
                env=_environment(),
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=LONGEST,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise BadInput(
                f"The contract suite of {platform!r} did not end within {LONGEST // 60} minutes.",
                remedy=f"Run it by hand and see where it stands: pytest --pyargs {SUITE} --ordersync-platform {platform} -x -v",
            ) from None
        found = _read(file)
        if ended.returncode not in (0, 1) or not found:
            said = (ended.stdout + ended.stderr).strip().splitlines()
            raise BadInput(
                f"The contract suite of {platform!r} could not be run (pytest ended with {ended.returncode}):\n"
                + "\n".join(f"  {line}" for line in said[-12:]),
                remedy=f"Run it by hand: pytest --pyargs {SUITE} --ordersync-platform {platform}",
            )
        return found


def findings_of(outcomes: Iterable[Outcome]) -> dict[str, Finding]:
    """Rule → what the suite says. One failed test breaks a rule; skipped ones prove nothing."""
    by_rule: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        for rule in outcome.rules:
            by_rule.setdefault(rule, []).append(outcome)
    wanted = [name for name, rule in RULES.items() if rule.proof is Proof.SUITE]
    return {rule: _finding(by_rule.get(rule, []), _DECIDING.get(rule, "")) for rule in wanted}


def _finding(tests: list[Outcome], deciding: str) -> Finding:
    failed = [
        f"{one.test.rpartition('::')[2]}: {_short(one.message)}" for one in tests if one.outcome == "failed"
    ]
    if failed:
        return Finding(Found.BROKEN, tuple(failed[:_MOST]))
    passed = sum(1 for one in tests if one.outcome == "passed")
    skipped = list(dict.fromkeys(one.message for one in tests if one.outcome == "skipped"))
    concerned = [message for message in skipped if not _NOT_OFFERED.search(message)]
    if skipped and not passed and not concerned:
        return Finding(Found.NOTHING, tuple(skipped[:_MOST]))
    skipped = concerned
    decided = [text for text in (deciding, _NO_SANDBOX) if text]
    if not passed or any(text in message for text in decided for message in skipped):
        return Finding(Found.UNPROVED, tuple(skipped[:_MOST]) or ("the suite has no test of it here",))
    return Finding(Found.KEPT, (f"{passed} test{'s' if passed > 1 else ''} passed",), tuple(skipped[:_MOST]))


def _short(message: str) -> str:
    """A failure without what every failure of its rule says: the rule's sentence and its page."""
    lines = [" ".join(line.split()) for line in message.splitlines()]
    told = [line for line in lines if line and not line.startswith(("rule ", "page:"))]
    return "; ".join(told)


def _environment() -> Mapping[str, str]:
    """Without the options and pytest plugins of whoever runs it: the same suite everywhere."""
    dropped = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER")
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    return {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONIOENCODING": "utf-8"}


def _read(file: Path) -> list[Outcome]:
    if not file.is_file():
        return []
    return [
        Outcome(one["test"], tuple(one["rules"]), one["outcome"], one["message"])
        for one in json.loads(file.read_text("utf-8"))
    ]
