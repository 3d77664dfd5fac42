"""What `check ROUTE` shows: what the target cannot hold, what would park, and which setting decides it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordersync.cli.failures import ALL_DONE, PARKED
from ordersync.cli.output import plain_json

if TYPE_CHECKING:
    from ordersync.cli.output import Output
    from ordersync.host import PairReport

__all__ = ["pair_code", "pair_json", "show_pair"]


def pair_code(report: PairReport) -> int:
    """The exit code: whether any order would park."""
    return PARKED if report.parked else ALL_DONE


def pair_json(report: PairReport) -> dict[str, Any]:
    """The report for programs; settings are places in the settings file."""
    code = pair_code(report)
    found: dict[str, Any] = plain_json(report)
    for row in (*found["limits"], *found["reasons"]):
        row["setting"] = _places(report.route, row["setting"])
    return {"ok": code == ALL_DONE, **found, "exit_code": code}


def _places(route: str, setting: str) -> list[str]:
    return [f"routes.{route}.{one}" for one in setting.split(" or ")] if setting else []


def show_pair(output: Output, report: PairReport, next_step: str) -> None:
    """The report for people, what is met first; `next_step` is the command to type if nothing would park."""
    left = f", {report.skipped} left out by the route's filters" if report.skipped else ""
    output.say(
        f"{report.source} → {report.target}: the newest {report.orders} order{'' if report.orders == 1 else 's'} looked "
        f"at{left}. Nothing was written."
    )
    output.say()
    rows = sorted(report.limits, key=lambda limit: not limit.orders)
    output.table(
        (f"{report.target} cannot hold", ">orders", ">park", "then", "decided by", "e.g."),
        [
            (
                limit.what,
                limit.orders,
                limit.parked,
                limit.then,
                limit.setting or ("that it parks" if limit.outcome == "parks" else "the target"),
                limit.example,
            )
            for limit in rows
        ],
    )
    output.say()
    if not report.parked:
        output.say(f"None of them would park. What next: {next_step}", "bold")
        return
    output.table(
        ("would park for", ">orders", "why, e.g.", "what to do", "decided by", "e.g."),
        [
            (why.code, why.orders, why.message, why.remedy, why.setting or "that it parks", why.example)
            for why in report.reasons
        ],
    )
    output.say()
    output.say(f"{report.parked} of {report.orders - report.skipped} would park.", "bold")
