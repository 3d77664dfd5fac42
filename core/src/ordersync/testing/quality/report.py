"""What `ordersync quality` found, as JSON that is tied to the versions it speaks for."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from importlib import metadata, resources
from typing import Any

from ordersync.hookspecs import HOOK_API
from ordersync.testing.quality.grading import Grade
from ordersync.testing.quality.installed import CORE

__all__ = ["report", "report_schema"]


@cache
def report_schema() -> dict[str, Any]:
    """The JSON Schema of a report."""
    file = resources.files(__package__).joinpath("report.schema.json")
    schema: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return schema


def report(grades: Iterable[Grade], problems: Iterable[tuple[str, str]], now: datetime) -> dict[str, Any]:
    """The report. `problems` are connectors that could not be looked at, each with the reason."""
    return {
        "ordersync": metadata.version(CORE),
        "hook_api": HOOK_API,
        "python": platform.python_version(),
        "date": now.isoformat(),
        "connectors": [_connector(grade) for grade in grades],
        "problems": [{"name": name, "problem": problem} for name, problem in problems],
    }


def _connector(grade: Grade) -> dict[str, Any]:
    one = grade.connector
    retires = one.facts.api_retires
    return {
        "name": one.name,
        "distribution": one.distribution,
        "version": one.version,
        "api_version": one.facts.api_version,
        "api_retires": retires.isoformat() if retires else None,
        "card_sha256": grade.card.sha256 if grade.card else None,
        "thorough": grade.thorough,
        "level": grade.level.value if grade.level else None,
        "every_rule": grade.complete,
        "card_is_true": grade.is_true,
        "unanswered": grade.unanswered,
        "rules": {
            verdict.rule.name: {
                "level": verdict.rule.level.value,
                "proof": verdict.rule.proof.value,
                "card": verdict.card or None,
                "found": verdict.found.value,
                "refused": verdict.refused,
                "says": list(verdict.says),
                "untried": list(verdict.untried),
                "todo": verdict.todo,
            }
            for verdict in grade.verdicts
        },
    }
