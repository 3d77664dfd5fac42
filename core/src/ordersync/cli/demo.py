"""The demo: the main job between two sandboxes, with nothing to set up."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ordersync.cli.failures import ALL_DONE, PARKED
from ordersync.cli.interrupt import stopping, wait_for
from ordersync.cli.move import STOPPING, showing_progress
from ordersync.cli.output import money, plain_json
from ordersync.cli.sandboxes import Kept, connection_toml, kept_sandbox, served
from ordersync.cli.session import Session, command
from ordersync.cli.summary import report_json, run_code, show_parked, show_report
from ordersync.errors import BadInput

if TYPE_CHECKING:
    from ordersync.host import Host, OrderRow
    from ordersync.model import RunReport
    from ordersync.testing import StandingOrder

__all__ = ["register"]

ROUTE, SOURCE, TARGET = "orders", "shop", "erp"
LEDGER_VARIABLE = "ORDERSYNC_LEDGER"
BEGIN = (
    "# The connections are written anew by each `ordersync demo`; the rest of this file is yours to change."
)
END = "# End of what is written anew."
_REST = f"""\

[routes.{ROUTE}]
source = "{SOURCE}"
target = "{TARGET}"

[routes.{ROUTE}.policies]
money = "presentment"                   # orders in two currencies are carried in the one that the buyer saw

[routes.{ROUTE}.aliases]
# "OLD-SKU" = "NEW-SKU"                 # the source's SKU = the target's
"""


def _write_settings(path: Path, sections: Sequence[str]) -> None:
    block = "\n".join([BEGIN, *sections, END])
    rest = '[ledger]\nurl = "sqlite:///ordersync.db"\n\n', _REST
    if path.exists():
        text = path.read_text("utf-8")
        before, begin, behind = text.partition(BEGIN)
        _, end, after = behind.partition(END)
        if not begin or not end:
            raise BadInput(
                f"{path} is not a demo's settings file.",
                remedy="Choose another --folder, or remove the file.",
            )
        rest = before, after
    path.write_text(f"{rest[0]}{block}{rest[1]}", "utf-8")


def _holds(orders: Sequence[StandingOrder]) -> dict[str, Any]:
    standing = [order for order in orders if not order.cancelled]
    totals: dict[str, Decimal] = {}
    for order in standing:
        totals[order.currency] = totals.get(order.currency, Decimal(0)) + order.total
    keys = Counter(order.key for order in standing if order.key)
    return {
        "orders": len(standing),
        "with_key": keys.total(),
        "twice": sum(count - 1 for count in keys.values()),
        "totals": plain_json(dict(sorted(totals.items()))),
    }


def _planned(host: Host) -> dict[str, int]:
    """Of all orders, as the run that follows takes them: a parked one may be free by now."""
    beginning = datetime.fromtimestamp(0, UTC)
    actions = Counter(planned.action for planned in host.plan(ROUTE, since=beginning))
    return {action: actions[action] for action in ("create", "unchanged", "park", "skip")}


def _as_planned(report: RunReport, planned: dict[str, int], target: dict[str, Any]) -> bool:
    return (
        not report.failed
        and not report.interrupted
        and report.created == planned["create"]
        and report.parked <= planned["park"]
        and not target["twice"]
    )


def _files(folder: Path, source: str, target: str) -> tuple[Path, Path]:
    return folder / f"source-{source}.state.json", folder / f"target-{target}.state.json"


def _forget(folder: Path, states: tuple[Path, Path]) -> None:
    for path in (*states, *(folder / f"ordersync.db{tail}" for tail in ("", "-wal", "-shm", "-journal"))):
        path.unlink(missing_ok=True)


def _tell(
    session: Session,
    report: RunReport,
    parked: list[OrderRow],
    target: dict[str, Any],
    path: Path,
    again: bool,
) -> None:
    output = session.output
    show_report(output, report, SOURCE, TARGET)
    output.say()
    held = ", ".join(money(Decimal(total), currency) for currency, total in target["totals"].items())
    output.say(f"The far side holds {target['orders']} orders, {target['twice']} of them twice: {held}")
    if again and not report.created:
        output.say("Nothing was created: everything was there already.", "bold")
    if parked:
        output.say()
        show_parked(output, parked)
    if report.interrupted:
        output.say(
            "Stopped after the order in hand; nothing is half done. `ordersync demo` goes on from here."
        )
        return
    output.say()
    output.say("What next:", "bold")
    output.say("  `ordersync demo` again creates nothing: each order exists exactly once.")
    for row in parked[:1]:
        if row.problem and row.problem.code == "unknown_sku" and row.problem.subject:
            output.say(
                f'  Put "{row.problem.subject}" = "MUG-01" under [routes.{ROUTE}.aliases] in {path},'
                " and run it again: the parked order goes through."
            )
    output.say(f"  {session.typed(f'orders {ROUTE}', path)} shows what the ledger knows.")
    output.say("  `ordersync init` begins with your own accounts.")


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""

    @command(app, "demo", "ordersync demo", "ordersync demo --orders 50 --folder /tmp/demo")
    def demo(
        session: Session,
        folder: Annotated[
            Path,
            typer.Option("--folder", metavar="PATH", help="Where settings, ledger and sandboxes are kept."),
        ] = Path("ordersync-demo"),
        orders: Annotated[
            int, typer.Option("--orders", metavar="N", min=1, help="How many orders the shop is born with.")
        ] = 300,
        seed: Annotated[
            int, typer.Option("--seed", metavar="N", help="The same seed makes the same orders.")
        ] = 0,
        source: Annotated[
            str, typer.Option("--source", metavar="CONNECTOR", help="The sandbox that orders come from.")
        ] = "shopify",
        target: Annotated[
            str, typer.Option("--target", metavar="CONNECTOR", help="The sandbox that they go to.")
        ] = "erp-odoo",
        fresh: Annotated[
            bool, typer.Option("--fresh", help="Forget what earlier demos left in the folder.")
        ] = False,
        stay: Annotated[
            bool,
            typer.Option(
                "--serve", help="Keep the sandboxes up afterwards, until Ctrl-C, for other commands."
            ),
        ] = False,
    ) -> int:
        """Run the main job between two local sandboxes. No account, no set-up.

        One order names a SKU that nobody has: it parks, and nothing else waits for it. Exit code 0 if exactly what was
        planned happened, 1 if not. A second run goes on with the same sandboxes and creates nothing.
        """
        output = session.output
        files = _files(folder, source, target)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(
                f"{folder} cannot be made: {error.strerror}.", remedy="Choose another --folder."
            ) from None
        if fresh:
            _forget(folder, files)
        ends: list[Kept] = [
            kept_sandbox(source, seed=seed, orders=orders, file=files[0], demo=True),
            kept_sandbox(target, seed=seed, orders=0, file=files[1], demo=True),
        ]
        path = folder / "ordersync.toml"
        with ExitStack() as stack:
            stop = stack.enter_context(stopping(STOPPING))
            urls = [stack.enter_context(served(end)) for end in ends]
            _write_settings(
                path,
                [
                    connection_toml(name, end.platform, end.sandbox.settings(url))
                    for name, end, url in zip((SOURCE, TARGET), ends, urls, strict=True)
                ],
            )
            again = all(end.restored for end in ends)
            if again:
                output.say(f"Going on with the sandboxes in {folder} (--fresh forgets them).")
            env = {name: value for name, value in os.environ.items() if name != LEDGER_VARIABLE}
            settings = session.load(path, env)
            with session.host(settings) as host:
                planned = _planned(host)
                if not stop.is_set():
                    output.say(
                        f"Planned: create {planned['create']}, park {planned['park']}, skip {planned['skip']}."
                    )
                with showing_progress(output, "orders:") as tell:
                    report = host.sync(ROUTE, everything=True, progress=tell, stop=stop)
                parked = list(host.orders(ROUTE, state="parked"))
            standing = [_holds(end.sandbox.standing()) for end in ends]
            code = ALL_DONE if _as_planned(report, planned, standing[1]) else PARKED
            code = run_code(report) if report.interrupted else code
            if session.json:
                output.document(
                    {
                        **report_json(report),
                        "planned": planned,
                        "as_planned": code == ALL_DONE,
                        "source": standing[0],
                        "target": standing[1],
                        "settings": path,
                        "again": again,
                    }
                )
            else:
                output.say()
                _tell(session, report, parked, standing[1], path, again)
            if stay and not report.interrupted:
                output.say(f"The sandboxes are at {' and '.join(urls)} until Ctrl-C.", "bold")
                wait_for(stop)
        return code
