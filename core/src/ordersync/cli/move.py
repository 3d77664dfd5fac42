"""Moving orders: plan, sync, retry."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ordersync.cli.failures import ALL_DONE, PARKED
from ordersync.cli.interrupt import stopping
from ordersync.cli.output import money, plain_json, when
from ordersync.cli.session import Session, command
from ordersync.cli.summary import report_json, run_code, show_report, what_next
from ordersync.errors import BadInput

if TYPE_CHECKING:
    from ordersync.cli.output import Output
    from ordersync.host import Host, Planned, Progress
    from ordersync.model import RunReport

__all__ = ["STOPPING", "moment", "register", "showing_progress"]

STOPPING = "Finishing the order in hand, then stopping. Press Ctrl-C again to abort."
_AGO = re.compile(r"(\d+)\s*([mhdwy])")
_UNITS = {"m": (1, "minutes"), "h": (1, "hours"), "d": (1, "days"), "w": (1, "weeks"), "y": (365, "days")}

RouteArgument = Annotated[str, typer.Argument(metavar="ROUTE", help="The route's name in the settings file.")]
OrderOption = Annotated[
    str | None,
    typer.Option("--order", metavar="ID", help="Only this order, by the source's id.", show_default=False),
]
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Orders changed since then: 2026-09-01, 2026-09-01T08:00Z, or 7d, 12h, 30m ago. Without an offset: UTC.",
        show_default=False,
    ),
]
LimitOption = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, help="Stop after N orders.", show_default=False)
]


def moment(text: str | None, option: str = "--since") -> datetime | None:
    """A point in time as people type it after `option`. Raises BadInput."""
    if text is None:
        return None
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago:
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]][1]: _UNITS[ago[2]][0] * int(ago[1])})
        found = datetime.fromisoformat(text.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput(
            f"{option} {text!r} is not a time.", remedy="Write 2026-09-01, 2026-09-01T08:00Z, 7d, 12h or 30m."
        ) from None


@contextmanager
def showing_progress(output: Output, title: str) -> Iterator[Callable[[Progress], None] | None]:
    """A progress bar on standard error while a person looks at it."""
    if not output.lively:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[counts]}", markup=False),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=output.stderr, transient=True) as bar:
        task = bar.add_task(title, total=None, counts="")

        def tell(progress: Progress) -> None:
            counts = f"created {progress.created}"
            for name in ("parked", "failed"):
                if getattr(progress, name):
                    counts += f", {name} {getattr(progress, name)}"
            bar.update(task, completed=progress.seen, total=progress.total, counts=counts)

        yield tell


def _finished(session: Session, host: Host, report: RunReport) -> int:
    route = host.settings.route(report.route)
    if session.json:
        session.output.document(report_json(report))
    else:
        show_report(session.output, report, route.source, route.target)
        what_next(session, host, report)
    return run_code(report)


def _refuse_unparked(host: Host, route: str, orders: list[str]) -> None:
    if not orders:
        return
    parked = {name for row in host.orders(route, state="parked") for name in (row.source_id, row.number)}
    for order in orders:
        if order not in parked:
            raise BadInput(
                f"Order {order!r} is not parked on the route {route!r}.",
                remedy=f"`ordersync orders {route} --parked` lists those that are.",
            )


def _planned_json(planned: Planned) -> dict[str, Any]:
    return {
        "source_id": planned.source_id,
        "number": planned.number,
        "action": planned.action,
        "total": plain_json(planned.total),
        "currency": planned.currency,
        "lines": planned.lines,
        "updated": plain_json(planned.updated),
        "problem": plain_json(planned.problem),
    }


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""

    @command(
        app,
        "plan",
        "ordersync plan orders",
        "ordersync plan orders --since 7d --json",
        "ordersync plan orders --since 7d --out orders.plan",
    )
    def plan(
        session: Session,
        route: RouteArgument,
        order: OrderOption = None,
        since: SinceOption = None,
        limit: LimitOption = None,
        out: Annotated[
            Path | None,
            typer.Option(
                "--out",
                metavar="FILE",
                help="Write the plan to FILE, for `sync --plan FILE`. It holds personal data: private to you.",
                show_default=False,
                dir_okay=False,
            ),
        ] = None,
    ) -> int:
        """Show what a sync would do. Reads everything, writes nothing.

        With --out, what would be sent and the facts that it rests on go to a file, which `sync --plan` carries out. With
        --json: one line per order, then one line {"summary": ...}. Exit code 1 if orders would park.
        """
        from_time = moment(since)
        settings = session.load()
        settings.route(route)
        actions: Counter[str] = Counter()
        totals: dict[str, Decimal] = {}
        rows: list[tuple[object, ...]] = []
        with session.host(settings) as host:
            new = host.is_new(route)
            for planned in host.plan(route, order=order, since=from_time, limit=limit, out=out):
                actions[planned.action] += 1
                if planned.action == "create":
                    totals[planned.currency] = totals.get(planned.currency, Decimal(0)) + planned.total
                if session.json:
                    session.output.document(_planned_json(planned), indent=None)
                else:
                    why = f"{planned.problem.message} {planned.problem.remedy}" if planned.problem else ""
                    rows.append(
                        (
                            planned.action,
                            planned.number or planned.source_id,
                            money(planned.total, planned.currency),
                            planned.lines,
                            when(planned.updated),
                            why,
                        )
                    )
        counts = {action: actions[action] for action in ("create", "unchanged", "park", "skip")}
        if session.json:
            summary = {
                "route": route,
                "orders": actions.total(),
                **counts,
                "totals": totals,
                "plan": str(out) if out else None,
            }
            session.output.document({"summary": summary}, indent=None)
        else:
            session.output.table(("would", "order", ">total", ">lines", "changed", "why"), rows)
            said = ", ".join(f"{action} {count}" for action, count in counts.items())
            session.output.say()
            session.output.say(f"{actions.total()} orders: {said}. Nothing was written.", "bold")
            for currency, total in sorted(totals.items()):
                session.output.say(f"  to create: {money(total, currency)}")
            if actions["create"]:
                how = f"--plan {out}" if out else "--all" if new else ""
                session.output.say(
                    f"What next: {session.typed(f'sync {route} {how}'.rstrip())} does it"
                    f"{', order by order as planned' if out else ''}."
                )
        return PARKED if actions["park"] else ALL_DONE

    @command(
        app,
        "sync",
        "ordersync sync orders",
        "ordersync sync orders --since 2026-09-01 --limit 10",
        "ordersync sync orders --order 5512 -v",
        "ordersync sync orders --plan orders.plan",
    )
    def sync(
        session: Session,
        route: RouteArgument,
        order: OrderOption = None,
        since: SinceOption = None,
        limit: LimitOption = None,
        all: Annotated[
            bool, typer.Option("--all", help="From the beginning, not only what changed since the last run.")
        ] = False,
        plan: Annotated[
            Path | None,
            typer.Option(
                "--plan",
                metavar="FILE",
                help="Carry out a plan that `plan --out FILE` wrote, and nothing else.",
                show_default=False,
                dir_okay=False,
            ),
        ] = None,
    ) -> int:
        """Create each order of the source on the target, exactly once.

        The first sync of a route must be told how far back to go: --all, --since, --plan, or --order for a first try. Of
        a plan, an order whose facts have changed since is left out, and why is said.

        Ctrl-C stops after the order in hand (exit code 130); the next sync goes on from there. A second Ctrl-C aborts:
        what was sent is in the ledger and is looked for before anything is sent again.
        """
        if all and since:
            raise BadInput("--all and --since exclude each other.", remedy="Leave one of them out.")
        if order and (all or since or limit):
            raise BadInput("--order names one order; it cannot be combined with --all, --since or --limit.")
        if plan and (order or all or since or limit):
            raise BadInput("--plan says which orders; it cannot be combined with other choices.")
        from_time = moment(since)
        settings = session.load()
        settings.route(route)
        with session.host(settings) as host:
            with stopping(STOPPING) as stop, showing_progress(session.output, f"{route}:") as tell:
                report = host.sync(
                    route,
                    order=order,
                    since=from_time,
                    everything=all,
                    limit=limit,
                    plan=plan,
                    progress=tell,
                    stop=stop,
                )
            return _finished(session, host, report)

    @command(app, "retry", "ordersync retry orders", "ordersync retry orders 5512 5519")
    def retry(
        session: Session,
        route: RouteArgument,
        orders: Annotated[
            list[str] | None,
            typer.Argument(
                metavar="[ORDER]...", help="Parked orders, by the source's id; all if none is named."
            ),
        ] = None,
    ) -> int:
        """Try parked orders again, once their cause is mended."""
        settings = session.load()
        settings.route(route)
        with session.host(settings) as host:
            _refuse_unparked(host, route, orders or [])
            with stopping(STOPPING) as stop, showing_progress(session.output, f"{route}:") as tell:
                report = host.retry(route, tuple(orders or ()), progress=tell, stop=stop)
            return _finished(session, host, report)
