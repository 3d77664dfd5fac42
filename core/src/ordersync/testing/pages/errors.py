"""The tree of errors: how each is made, when a connector raises it, and what a transfer does with it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from ordersync import errors
from ordersync.cli.failures import exit_code
from ordersync.errors import (
    AccessDenied,
    Ambiguous,
    BadInput,
    BadSettings,
    BatchRefused,
    FieldProblem,
    Halted,
    InDoubt,
    LedgerTrouble,
    NotFound,
    NotOffered,
    OrderSyncError,
    PluginBroken,
    RateLimited,
    Refused,
    TryLater,
    UnexpectedReply,
    Unreachable,
)
from ordersync.testing.markdown import table
from ordersync.testing.pages.model import class_entry
from ordersync.testing.pages.words import item, linked, signature
from ordersync.web.verdict import STATUS, Verdict

__all__ = ["AFTER_CREATE", "part", "statuses_part"]

_AGAIN = "tries it again in this run, up to four times, at `when` or after a pause that doubles; then in later runs"
_PARKS = "parks the order as `refused`; it waits for a person, an alias or a mended order"
_ENDS = "ends the run; the order was not sent, the next run takes it up"

AFTER_CREATE: Mapping[type[OrderSyncError], tuple[str, str, str]] = {
    OrderSyncError: ("", "", "never raised itself: a branch is."),
    TryLater: (
        "failed",
        "the platform is busy, locked or in maintenance, and surely did nothing",
        f"{_AGAIN}.",
    ),
    RateLimited: ("failed", "its limit was met (HTTP 429)", f"{_AGAIN}."),
    Unreachable: ("ends", "no connection came about (DNS, refused, TLS): raised by `Client`", f"{_ENDS}."),
    InDoubt: (
        "in_doubt",
        "a write was sent and its answer is lost, cut off or unreadable",
        (
            "keeps the order in doubt and looks for its key after settle time and index lag. Found: it goes on with "
            "it. Twice not found: it is sent again. Cannot be looked for: it is parked."
        ),
    ),
    Refused: ("parked", "the platform understood and said no", f"{_PARKS}."),
    NotFound: ("parked", "what a write names is not there; a read answers None instead", f"{_PARKS}."),
    Ambiguous: (
        "parked",
        "several hits where one was expected",
        "parks the order; `candidates` are shown. From `find_order`: as `twins`.",
    ),
    BatchRefused: (
        "halved",
        "an atomic batch was refused and nothing of it was made",
        "asks again for the culprit (`index`) alone and for the others together; without `index` for each half.",
    ),
    AccessDenied: ("ends", "credentials or a scope: HTTP 401 and 403", f"{_ENDS}."),
    NotOffered: ("parked", "this platform, version or account does not do that", f"{_PARKS}."),
    BadInput: ("failed", "a webhook's body cannot be read; a payload is wrong", f"{_AGAIN}."),
    BadSettings: ("failed", "an option cannot be used together with another", f"{_AGAIN}."),
    Halted: ("", "", "raised by `sync`, not by connectors: nothing is done until `ordersync resume`."),
    PluginBroken: (
        "in_doubt",
        "a connector lets out anything that is not in this tree: the connection turns it into this",
        "keeps the order in doubt, as with `InDoubt`: it may have been sent.",
    ),
    LedgerTrouble: ("", "", "raised by the ledger: ends the run, nothing is sent without it."),
    UnexpectedReply: ("failed", "a read's answer is not what the vendor documents", f"{_AGAIN}."),
}
"""Error → (what becomes of an order whose `create_order` raises it, when a connector raises it, what the transfer does).

`ends`: the run ends with the error. `halved`: only a batch can raise it."""


def part() -> str:
    """The tree, then each class."""
    drawn = inspect.cleandoc(errors.__doc__ or "").partition("\n\n")[2]
    kinds = [kind for kind in AFTER_CREATE if kind is not OrderSyncError]
    return "\n".join(
        [
            f"```text\n{drawn.strip()}\n```\n",
            _entry(OrderSyncError),
            *map(_entry, kinds),
            f"### FieldProblem\n\n{class_entry(FieldProblem)}",
        ]
    )


def _entry(kind: type[OrderSyncError]) -> str:
    _, raised, then = AFTER_CREATE[kind]
    base = kind.__mro__[1].__name__
    lines = [inspect.cleandoc(kind.__doc__ or "")]
    if base in errors.__all__ and base != "OrderSyncError":
        lines.append(f"A kind of `{base}`.")
    if raised:
        lines.append(f"*Raised when* {raised}.")
        lines.append(f"*From a create*, the transfer {then}")
    else:
        lines.append(then[0].upper() + then[1:])
    if kind is not OrderSyncError:
        lines.append(f"*Exit code* of a command that ends with it: {exit_code(kind('x'))}.")
    head = f"{kind.__name__}{signature(kind.__init__, without_self=True).removesuffix(' -> None')}"
    return f"### {kind.__name__}\n\n" + item("exception", head, "\n\n".join(lines))


def statuses_part() -> str:
    """What each HTTP status means: the table of `web.verdict`."""
    meanings = {
        Verdict.OK: "done",
        Verdict.RETRY: "TryLater",
        Verdict.LIMITED: "RateLimited",
        Verdict.DOUBT: "a read: TryLater; a write: InDoubt",
        Verdict.DENIED: "AccessDenied",
        Verdict.MISSING: "NotFound",
        Verdict.REFUSED: "Refused",
        Verdict.BROKEN: "UnexpectedReply",
    }
    rows = []
    for verdict, meaning in meanings.items():
        statuses = ", ".join(str(status) for status, found in STATUS.items() if found is verdict)
        rows.append((f"`{verdict}`", statuses, linked(meaning)))
    return table(("verdict", "statuses", "what the caller gets"), rows)
