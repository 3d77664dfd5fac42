"""From an error to its exit code, and to words: what is wrong, where, what to do."""

from __future__ import annotations

import traceback
from typing import Any

from ordersync.cli.output import Output
from ordersync.errors import (
    AccessDenied,
    BadInput,
    LedgerTrouble,
    NotFound,
    NotOffered,
    OrderSyncError,
    PluginBroken,
    Refused,
    TryLater,
    UnexpectedReply,
)

__all__ = [
    "ABORTED",
    "ALL_DONE",
    "BAD_USE",
    "DEFECT",
    "INTERRUPTED",
    "NO_ACCESS",
    "PARKED",
    "exit_code",
    "show_defect",
    "show_error",
    "show_trace",
    "show_usage",
]

ALL_DONE = 0
PARKED = 1
"""Finished, with orders that need a person or another run."""
BAD_USE = 2
"""The command, the settings, a plugin or the ledger: something on this side must be mended first."""
NO_ACCESS = 3
"""Access denied, or the platform cannot be reached or read."""
DEFECT = 70
"""Something that ordersync did not expect."""
INTERRUPTED = ABORTED = 130

_BAD_USE = (BadInput, NotOffered, PluginBroken, LedgerTrouble, NotFound)
_NO_ACCESS = (AccessDenied, TryLater, UnexpectedReply)


def exit_code(error: OrderSyncError) -> int:
    """The exit code of a command that ended with this error."""
    if isinstance(error, _BAD_USE):
        return BAD_USE
    return NO_ACCESS if isinstance(error, _NO_ACCESS) else PARKED


def show_error(error: OrderSyncError, output: Output) -> int:
    """Say what is wrong; the exit code."""
    code = exit_code(error)
    problems = error.problems if isinstance(error, BadInput) else ()
    problems = error.fields if isinstance(error, Refused) else problems
    if output.json:
        found = [{"place": p.place, "problem": p.problem, "code": p.code} for p in problems]
        _document(output, type(error).__name__, error.message, error.remedy, code, error.request_id, found)
        return code
    request = f" (request {error.request_id})" if error.request_id else ""
    if not problems:
        output.note(f"error: {' '.join(filter(None, (error.message, error.remedy)))}{request}", "red")
        return code
    output.note(f"error: {error.message}{request}", "red")
    for problem in problems:
        output.note(f"  {problem.place}: {problem.problem}" if problem.place else f"  {problem.problem}")
    if error.remedy:
        output.note(f"  {error.remedy}")
    return code


def show_usage(message: str, usage: str, output: Output) -> int:
    """The command line itself is wrong."""
    if output.json:
        _document(output, "BadUsage", message, usage, BAD_USE)
    else:
        output.note(f"error: {message}", "red")
        output.note(f"  {usage}")
    return BAD_USE


def show_defect(error: BaseException, output: Output, *, trace: bool) -> int:
    """Something that nobody expected: its kind and place. Its message and frames only on request, never locals."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
    message = f"ordersync ran into a defect: {type(error).__name__}{place}."
    remedy = "Nothing is lost. Run it again with --traceback for the details to report."
    if trace:
        show_trace(error, output)
        remedy = "Report it with the lines above."
    if output.json:
        _document(output, type(error).__name__, message, remedy, DEFECT)
    else:
        output.note(f"error: {message} {remedy}", "red")
    return DEFECT


def show_trace(error: BaseException, output: Output) -> None:
    """The frames that an error came through, on standard error, without the values of variables."""
    told = traceback.TracebackException.from_exception(error, capture_locals=False)
    output.note("".join(told.format()).rstrip())


def _document(
    output: Output,
    kind: str,
    message: str,
    remedy: str,
    code: int,
    request_id: str = "",
    problems: list[dict[str, Any]] | None = None,
) -> None:
    output.document(
        {
            "error": {
                "kind": kind,
                "message": message,
                "remedy": remedy,
                "request_id": request_id,
                "problems": problems or [],
                "exit_code": code,
            }
        }
    )
