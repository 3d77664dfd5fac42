"""What a run came to, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordersync.cli.failures import ALL_DONE, INTERRUPTED, PARKED
from ordersync.cli.output import Output, plain_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ordersync.cli.session import Session
    from ordersync.host import Host, OrderRow
    from ordersync.model import RunReport

__all__ = ["report_json", "run_code", "show_parked", "show_report", "what_next"]

SHOWN = 10
"""Parked orders in a summary; the rest is for `ordersync orders`."""
_FIELDS = ("run", "route", "seen", "created", "unchanged", "parked", "skipped", "failed", "seconds")


def report_json(report: RunReport) -> dict[str, Any]:
    """A run's report for programs."""
    return {
        **{name: getattr(report, name) for name in _FIELDS},
        "seconds": round(report.seconds, 3),
        "totals_checked": report.totals_checked,
        "reasons": plain_json(dict(report.reasons)),
        "interrupted": report.interrupted,
        "halted": report.halted,
        "moved": plain_json(dict(report.moved)),
    }


def run_code(report: RunReport) -> int:
    """The exit code that a run deserves."""
    if report.interrupted:
        return INTERRUPTED
    return PARKED if report.parked or report.failed or report.halted else ALL_DONE


def show_report(output: Output, report: RunReport, source: str, target: str) -> None:
    """The table of a run: one row per outcome, each with what it means."""
    output.say(f"Route {report.route}: {source} -> {target}", "bold")
    rows: list[tuple[object, ...]] = [
        ("seen", report.seen, f"orders read from {source}"),
        ("created", report.created, f"new on {target}"),
        ("unchanged", report.unchanged, "there already, nothing to do"),
        ("skipped", report.skipped, "not for this route (its filters)"),
        ("parked", report.parked, "need a person" if report.parked else ""),
        ("failed", report.failed, "not done this time; the next run tries again" if report.failed else ""),
    ]
    output.table(("", ">orders", ""), rows)
    checked = (
        f"{report.totals_checked} totals read back and compared to the cent; "
        if report.totals_checked
        else ""
    )
    output.say(f"{checked}{report.seconds:.1f} s, run {report.run}")


def show_parked(output: Output, rows: Sequence[OrderRow]) -> None:
    """Why orders are parked, and what to do."""
    output.table(
        ("order", "parked because", "what to do"),
        [
            (
                row.number or row.source_id,
                f"{row.problem.message} ({row.problem.code})" if row.problem else "",
                row.problem.remedy if row.problem else "",
            )
            for row in rows
        ],
    )


def what_next(session: Session, host: Host, report: RunReport, settings: Path | None = None) -> None:
    """The parked orders of the route with their remedies, and the commands that a person may want now."""
    output = session.output
    if output.json:
        return
    parked = list(host.orders(report.route, state="parked")) if report.parked else []
    if parked:
        output.say()
        show_parked(output, parked[:SHOWN])
        if len(parked) > SHOWN:
            output.say(f"... and {len(parked) - SHOWN} more.")
    output.say()
    if report.interrupted:
        again = session.typed(f"sync {report.route}", settings)
        output.say(
            f"Stopped after the order in hand; nothing is half done. {again} goes on from here.", "bold"
        )
    if report.moved:
        output.say()
        output.table(("left out", "because since the plan was made"), list(report.moved.items()))
    if report.halted:
        output.say(f"The route stands still: {report.halted}", "bold red")
        resume = session.typed(f"resume {report.route}", settings)
        output.say(f"Mend the cause; {resume} lets the route go on.")
    if report.parked:
        output.say("What next:", "bold")
        output.say(f"  {session.typed(f'parked {report.route}', settings)} groups them by cause.")
        output.say(f"  {session.typed(f'orders {report.route} --parked', settings)} lists what is parked.")
        output.say(
            f"  {session.typed(f'retry {report.route}', settings)} tries them again once the cause is mended."
        )
    elif report.failed:
        again = session.typed(f"sync {report.route} -v", settings)
        output.say(f"What next: {again} tries what failed again, and says what happens.", "bold")
    elif not report.created and not report.interrupted:
        output.say("Nothing new: every order is where it belongs.", "bold")
