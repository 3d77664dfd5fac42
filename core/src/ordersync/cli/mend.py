"""A way in and a way back: reconcile, adopt, and the ledger's own commands: rebuild, erase."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ordersync.cli import forget
from ordersync.cli.failures import ALL_DONE, PARKED
from ordersync.cli.move import RouteArgument, SinceOption, moment
from ordersync.cli.output import money, plain_json, when
from ordersync.cli.session import Session, command
from ordersync.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ordersync.cli.output import Output
    from ordersync.host import Adoption, Discrepancy, Erased, Rebuilt, Reconciliation

__all__ = ["register"]

SHOWN = 20
"""Orders of one kind that people are shown; --json lists all."""
_LEDGER_EXAMPLES = (
    "ordersync ledger rebuild orders",
    "ordersync ledger erase --customer buyer@example.com --json",
    "ordersync ledger prune --older-than 90d",
)

PlacedSince = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Orders placed since then: 2026-09-01, 2026-09-01T08:00Z, or 7d, 12h, 30m ago. Without an offset: UTC.",
        show_default=False,
    ),
]
RebuildSince = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Orders changed since then, as for sync: where the route began. What is older is never sent.",
        show_default=False,
    ),
]
PlacedUntil = Annotated[
    str | None,
    typer.Option(
        "--until", metavar="TIME", help="Orders placed up to then, written as --since is.", show_default=False
    ),
]


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


class _Listing:
    """What a reconciliation finds, as it is found: lines of JSON for programs, the first of each kind for people."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._rows: list[tuple[object, ...]] = []
        self._shown: Counter[str] = Counter()

    def tell(self, found: Discrepancy) -> None:
        if self._output.json:
            self._output.document(plain_json(found), indent=None)
            return
        self._shown[found.kind] += 1
        if self._shown[found.kind] > SHOWN:
            return
        problem = f"{found.problem.message} ({found.problem.code})" if found.problem else ""
        self._rows.append(
            (
                found.kind.replace("_", " "),
                found.number,
                money(found.total, found.currency) if found.total is not None and found.currency else "",
                (found.target.number or found.target.id) if found.target else "",
                found.ledger,
                "; ".join(
                    filter(None, (found.why, problem, "enqueued: the next sync takes it" * found.enqueued))
                ),
            )
        )

    def show(self) -> None:
        """The table, for people."""
        if self._rows:
            self._output.table(
                ("what", "order", ">total", "there", "the ledger says", "why"), sorted(self._rows, key=_kind)
            )
            self._output.say()
        for kind, count in self._shown.items():
            if count > SHOWN:
                self._output.say(f"... and {count - SHOWN} more {kind.replace('_', ' ')}; --json lists them.")


def _kind(row: Sequence[object]) -> str:
    return str(row[0])


def _reconciliation_json(result: Reconciliation) -> dict[str, Any]:
    return {
        "route": result.route,
        "since": plain_json(result.since),
        "source": plain_json(result.source),
        "target": plain_json(result.target),
        "gap": {"orders": result.gap, "sums": plain_json(result.missing.sums)},
        "skipped": result.skipped,
        "counts": dict(result.counts),
        "enqueued": result.enqueued,
        "strays_looked_for": result.strays_looked_for,
        "agrees": result.agrees,
    }


def _show_reconciliation(session: Session, result: Reconciliation, source: str, target: str) -> None:
    from ordersync.transfer.gap import KINDS

    output = session.output
    sides = ((f"should stand ({source})", result.source), (f"found ({target})", result.target))
    gap = ("THE GAP", result.missing)
    rows: list[tuple[object, ...]] = []
    for name, side in (*sides, gap):
        sums = [money(total, currency) for currency, total in sorted(side.sums.items())] or [""]
        rows.append((name, side.orders, sums[0]))
        rows += (("", "", more) for more in sums[1:])
    output.table(("", ">orders", ">sum of totals"), rows)
    output.say()
    for kind, meaning in KINDS.items():
        if result.counts[kind]:
            output.say(f"  {kind.replace('_', ' ')}: {result.counts[kind]} ({meaning})")
    if not result.strays_looked_for:
        output.say(f"  {target} lists no orders: whether some stand there for nothing was not looked at.")
    said = f"The gap is {_count(result.gap, 'order')}."
    if not result.gap and not result.agrees:
        said += " What stands is not as it should be."
    output.say(said, "bold")
    if result.enqueued:
        again = session.typed(f"sync {result.route}")
        output.say(f"{_count(result.enqueued, 'order')} enqueued. What next: {again} takes them.")


def _adoption_json(adoption: Adoption) -> dict[str, Any]:
    return {
        **plain_json(adoption),
        "certain_count": len(adoption.certain),
        "uncertain_count": len(adoption.uncertain),
    }


def _show_matches(output: Output, adoption: Adoption) -> None:
    for title, matches in (("certain", adoption.certain), ("uncertain", adoption.uncertain)):
        if not matches:
            continue
        output.say(f"{title.capitalize()}: {len(matches)}", "bold")
        output.table(
            ("order", ">total", "placed", "there", "differs"),
            [
                (
                    match.number,
                    money(match.total, match.currency),
                    when(match.placed_at),
                    match.target.number or match.target.id,
                    "; ".join(match.differs),
                )
                for match in matches
            ],
        )
        output.say()
    for held in adoption.held:
        output.say(f"Left alone: order {held.number} is {held.state.replace('_', ' ')} in the ledger.")


def _says_yes(session: Session) -> bool:
    """Whether a person at a terminal types yes."""
    if session.json or not sys.stdin.isatty():
        return False
    typed: str = typer.prompt("Bind the certain ones? Type yes", default="no", show_default=False, err=True)
    return typed.strip().lower() == "yes"


def _show_adoption(session: Session, adoption: Adoption) -> None:
    output = session.output
    known = f"{_count(adoption.known, 'order')} known already, " if adoption.known else ""
    output.say(
        f"{known}{_count(adoption.unmatched, 'order')} with nothing like them on the target: "
        "the next sync creates those that it takes."
    )
    if adoption.written:
        output.say(f"{_count(adoption.written, 'order')} adopted.", "bold")
    else:
        output.say("Nothing was written.", "bold")
        if adoption.certain:
            output.say(f"What next: {session.typed(f'adopt {adoption.route} --yes')} binds the certain ones.")


def _show_rebuilt(session: Session, rebuilt: Rebuilt) -> None:
    output = session.output
    rows: list[tuple[object, ...]] = [
        ("done", rebuilt.done, "stand on the target, whole, with their totals"),
        ("unfinished", rebuilt.unfinished, "the next sync finds them there, and finishes or parks them"),
        ("to send", rebuilt.absent, "do not stand there: the next sync sends them"),
        ("skipped", rebuilt.skipped, "not for this route (its filters)"),
        ("parked", rebuilt.unreadable, "cannot be read"),
        ("left alone", rebuilt.known, "the ledger had them"),
    ]
    output.table(("", ">orders", ""), rows)
    output.say(f"{_count(rebuilt.seen, 'order')} read; seen up to {when(rebuilt.watermark)}.")
    output.say(f"The next sync will send {_count(rebuilt.absent, 'order')}.", "bold")
    if rebuilt.absent:
        again = session.typed(f"adopt {rebuilt.route}")
        output.say(
            f"If an earlier integration made some of them, they carry no key: run {again} before the sync."
        )
        output.say("If the route began later than these, do not sync: rebuild an empty ledger with --since.")


def _show_erased(output: Output, erased: Erased) -> None:
    if erased.payloads or erased.bindings:
        output.say(
            f"Removed: {_count(erased.payloads, 'kept draft')}, {_count(erased.bindings, 'customer binding')}."
        )
    elif erased.complete:
        output.say("The ledger holds nothing of this customer.")
    for order in erased.kept:
        state = order.state.replace("_", " ")
        output.say(f"Kept: the draft of order {order.number} on the route {order.route}; it is {state}.")
    if erased.bindings_kept:
        output.say(f"Kept: {_count(erased.bindings_kept, 'customer binding')} whose creation is in doubt.")
    if erased.unreadable:
        output.say(
            f"{_count(erased.unreadable, 'kept draft')} cannot be read; nobody can tell whose they are."
        )
    if erased.kept or erased.bindings_kept:
        output.say("Run it again when they are settled.", "bold")


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""

    @command(
        app,
        "reconcile",
        "ordersync reconcile orders",
        "ordersync reconcile orders --since 7d --enqueue",
        "ordersync reconcile orders --json",
    )
    def reconcile(
        session: Session,
        route: RouteArgument,
        since: SinceOption = None,
        enqueue: Annotated[
            bool, typer.Option("--enqueue", help="Give what was never seen to the next sync.")
        ] = False,
        enqueue_gone: Annotated[
            bool,
            typer.Option(
                "--enqueue-gone",
                help="Give what was done and stands there no longer to the next sync, after a second look.",
            ),
        ] = False,
    ) -> int:
        """Compare what should stand on the target with what does. By id, count, sums and lines; THE GAP is a number.

        Writes to no platform. With --json: one line per discrepancy, then one line {"summary": ...}. Exit code 0 if there
        is no gap and what stands is right; 1 if orders are missing or gone, stand twice, short or with other totals, or
        could not be looked at.
        """
        from_time = moment(since)
        settings = session.load()
        rules = settings.route(route)
        listing = _Listing(session.output)
        with session.host(settings) as host:
            result = host.reconcile(
                route, since=from_time, enqueue=enqueue, enqueue_gone=enqueue_gone, tell=listing.tell
            )
        if session.json:
            session.output.document({"summary": _reconciliation_json(result)}, indent=None)
        else:
            listing.show()
            _show_reconciliation(session, result, rules.source, rules.target)
        return ALL_DONE if result.agrees else PARKED

    @command(
        app,
        "adopt",
        "ordersync adopt orders",
        "ordersync adopt orders --since 2026-01-01 --until 2026-09-01 --yes",
    )
    def adopt(
        session: Session,
        route: RouteArgument,
        since: PlacedSince = None,
        until: PlacedUntil = None,
        days: Annotated[
            int, typer.Option("--days", metavar="N", min=0, help="How far apart the dates of a pair may be.")
        ] = 1,
        yes: Annotated[bool, typer.Option("--yes", help="Bind the certain ones without asking.")] = False,
    ) -> int:
        """Bind orders that an earlier integration made, so that the first sync does not repeat them.

        Certain is a pair, and one-to-one, whose number, total and currency agree and whose dates are near; the number
        may stand in the reference or PO fields of the target's order. Everything else is shown and not written. Shows
        the pairs first; writes only to the ledger, and only after a typed yes or with --yes. Exit code 1 if something is
        left to a person.
        """
        start, end = moment(since), moment(until, "--until")
        settings = session.load()
        settings.route(route)
        shown = False

        def confirm(adoption: Adoption) -> bool:
            nonlocal shown
            shown = True
            _show_matches(session.output, adoption)
            return yes or _says_yes(session)

        with session.host(settings) as host:
            adoption = host.adopt(route, since=start, until=end, days=days, confirm=confirm)
        if session.json:
            session.output.document(_adoption_json(adoption))
        else:
            if not shown:
                _show_matches(session.output, adoption)
            _show_adoption(session, adoption)
        left = adoption.uncertain or adoption.held or (adoption.certain and not adoption.written)
        return PARKED if left else ALL_DONE

    ledger = typer.Typer(
        help="Mend the ledger: rebuild what was lost, erase a customer, forget what is old. Every command takes --json.",
        epilog="\b\nExamples:\n" + "\n".join(f"  {example}" for example in _LEDGER_EXAMPLES),
        rich_markup_mode=None,
        no_args_is_help=True,
    )
    app.add_typer(ledger, name="ledger")
    forget.register(ledger)

    @command(
        ledger,
        "rebuild",
        "ordersync ledger rebuild orders",
        "ordersync ledger rebuild orders --since 2026-01-01 --json",
    )
    def rebuild(session: Session, route: RouteArgument, since: RebuildSince = None) -> int:
        """Restore a lost ledger from the stamps on the target. Rows that the ledger has are left as they are.

        Reads both platforms, writes to the ledger only. Broken off, it may be run again. Where orders are found by a search,
        it first waits (minutes) until the search shows what was sent last. What does not stand on the
        target is sent by the next sync: if the route did not begin with the source's first order, say --since.
        """
        from_time = moment(since)
        settings = session.load()
        settings.route(route)
        with session.host(settings) as host:
            rebuilt = host.rebuild(route, since=from_time)
        if session.json:
            session.output.document({**plain_json(rebuilt), "seen": rebuilt.seen, "to_send": rebuilt.absent})
        else:
            _show_rebuilt(session, rebuilt)
        return ALL_DONE

    @command(
        ledger,
        "erase",
        "ordersync ledger erase --customer buyer@example.com",
        "ordersync ledger erase --customer 5512 --route orders",
    )
    def erase(
        session: Session,
        customer: Annotated[
            str,
            typer.Option(
                "--customer",
                metavar="EMAIL_OR_ID",
                help="The customer's id at the source, or the e-mail address of a guest; run it with both to be sure.",
                show_default=False,
            ),
        ],
        route: Annotated[
            str | None,
            typer.Option("--route", metavar="ROUTE", help="Only on this route.", show_default=False),
        ] = None,
    ) -> int:
        """Remove what the ledger holds of one customer. Kept drafts, and who they are on the target.

        The rows of orders stay: they hold ids and keys only. Drafts of orders whose write may be under way are kept and
        named (exit code 1): run it again when they are settled. Asks no platform.
        """
        if not customer.strip():
            raise BadInput(
                "--customer names nobody.", remedy="Give an e-mail address or an id of the source."
            )
        settings = session.load()
        if route is not None:
            settings.route(route)
        with session.host(settings) as host:
            erased = host.erase(customer, route=route)
        if session.json:
            session.output.document({**plain_json(erased), "complete": erased.complete})
        else:
            _show_erased(session.output, erased)
        return ALL_DONE if erased.complete else PARKED
