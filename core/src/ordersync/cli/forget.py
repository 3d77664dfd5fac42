"""The command `ledger prune`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ordersync.cli.failures import ALL_DONE
from ordersync.cli.move import moment
from ordersync.cli.output import plain_json
from ordersync.cli.session import Session, command

__all__ = ["register"]

if TYPE_CHECKING:
    from ordersync.ledger import Pruned


def register(ledger: typer.Typer) -> None:
    """Add the command to those of the ledger."""

    @command(
        ledger,
        "prune",
        "ordersync ledger prune --older-than 90d",
        "ordersync ledger prune --older-than 1y --orders --route orders --json",
    )
    def prune(
        session: Session,
        older_than: Annotated[
            str,
            typer.Option(
                "--older-than",
                metavar="TIME",
                help="What was before then: 2026-01-01, or 90d, 12w, 1y ago.",
                show_default=False,
            ),
        ],
        orders: Annotated[
            bool,
            typer.Option(
                "--orders", help="Also rows of orders that are done or skipped and changed last before then."
            ),
        ] = False,
        route: Annotated[
            str | None,
            typer.Option("--route", metavar="ROUTE", help="Only this route.", show_default=False),
        ] = None,
        vacuum: Annotated[
            bool, typer.Option("--vacuum/--no-vacuum", help="Give the room back to the disk afterwards.")
        ] = True,
    ) -> int:
        """Forget what is old: what listeners were told, runs, drafts of orders that stay parked.

        Asks no platform. A parked order whose draft is forgotten is looked for by its key before it is sent again; so is
        an order whose row is forgotten, should it change in the source once more.
        """
        before = moment(older_than, "--older-than")
        assert before is not None
        settings = session.load()
        routes = [settings.route(route).name] if route is not None else list(settings.routes)
        found: dict[str, Pruned] = {}
        with session.host(settings) as host:
            for name in routes:
                found[name] = host.prune(name, before, orders=orders)
            if vacuum:
                host.ledger.vacuum()
        if session.json:
            session.output.document({"before": plain_json(before), "routes": plain_json(found)})
            return ALL_DONE
        session.output.table(
            ("route", ">told", ">runs", ">drafts", ">orders"),
            [(name, one.tellings, one.runs, one.drafts, one.orders) for name, one in found.items()],
        )
        return ALL_DONE
