"""The report of a live run: the contract suite on a real account, and whether it still speaks for the connector."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import jsonschema

from ordersync.hookspecs import HOOK_API
from ordersync.testing.quality.findings import Finding, Found
from ordersync.testing.quality.installed import CORE, Installed
from ordersync.testing.quality.suite import Outcome

__all__ = ["LIVE_SCHEMA", "judged_live", "live_report"]

_COUNT = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string", "minLength": 1}
LIVE_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A live run of the contract suite",
    "type": "object",
    "required": [
        "live",
        "platform",
        "distribution",
        "version",
        "api_version",
        "hook_api",
        "ordersync",
        "date",
        "rules",
    ],
    "additionalProperties": False,
    "properties": {
        "live": {"const": True},
        "platform": _TEXT,
        "distribution": _TEXT,
        "version": _TEXT,
        "api_version": {"type": ["string", "null"]},
        "hook_api": _TEXT,
        "ordersync": _TEXT,
        "date": {"type": "string", "format": "date-time"},
        "rules": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "required": ["passed", "failed", "skipped"],
                "additionalProperties": False,
                "properties": {"passed": _COUNT, "failed": _COUNT, "skipped": _COUNT},
            },
        },
    },
}


def live_report(one: Installed, outcomes: Iterable[Outcome], now: datetime) -> dict[str, Any]:
    """What a live run came to, tied to the versions that it speaks for. It names no account and no address."""
    rules: dict[str, dict[str, int]] = {}
    for outcome in outcomes:
        for rule in outcome.rules:
            counts = rules.setdefault(rule, {"passed": 0, "failed": 0, "skipped": 0})
            counts[outcome.outcome] += 1
    return {
        "live": True,
        "platform": one.name,
        "distribution": one.distribution,
        "version": one.version,
        "api_version": one.facts.api_version,
        "hook_api": HOOK_API,
        "ordersync": metadata.version(CORE),
        "date": now.isoformat(),
        "rules": dict(sorted(rules.items())),
    }


def judged_live(one: Installed, file: Path) -> Finding:
    """Whether a report of a live run speaks for the connector as it is installed.

    It counts if it is of this platform, of the same minor version of the connector and the same API version, and if
    nothing failed and something passed.
    """
    again = f"run it again: ordersync quality {one.name} --live SETTINGS --out {file.name}"
    if not file.is_file():
        return Finding(Found.BROKEN, (f"{file.name} is not beside the card; {again}",))
    try:
        report = json.loads(file.read_text("utf-8"))
        jsonschema.validate(report, LIVE_SCHEMA, format_checker=jsonschema.FormatChecker())
        ran = datetime.fromisoformat(report["date"])
    except (ValueError, jsonschema.ValidationError) as error:
        why = error.message if isinstance(error, jsonschema.ValidationError) else str(error)
        return Finding(Found.BROKEN, (f"{file.name} is no report of a live run ({why}); {again}",))
    wrong = []
    if (report["platform"], report["distribution"]) != (one.name, one.distribution):
        wrong.append(f"it is about {report['platform']} of {report['distribution']}")
    if _minor(report["version"]) != _minor(one.version):
        wrong.append(f"it is about version {report['version']}, and this is {one.version}; {again}")
    if report["api_version"] != one.facts.api_version:
        wrong.append(
            f"it ran on API {report['api_version']}, and this speaks {one.facts.api_version}; {again}"
        )
    failed = [rule for rule, counts in report["rules"].items() if counts["failed"]]
    if failed:
        wrong.append(f"it shows failures of {', '.join(failed)}")
    passed = sum(counts["passed"] for counts in report["rules"].values())
    if not passed:
        wrong.append("nothing passed in it")
    if wrong:
        return Finding(Found.BROKEN, tuple(wrong))
    return Finding(Found.KEPT, (f"{passed} tests on {ran.date()}, version {report['version']}",))


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]
