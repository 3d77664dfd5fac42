"""What waits for a person: parked orders by cause, routes that stand still."""

from __future__ import annotations

import typer

from ordersync.cli.failures import ALL_DONE, PARKED
from ordersync.cli.move import RouteArgument
from ordersync.cli.output import plain_json
from ordersync.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""

    @command(app, "parked", "ordersync parked orders", "ordersync parked orders --json")
    def parked(session: Session, route: RouteArgument) -> int:
        """Show why orders are parked, by cause: what to mend, and how many orders that alone sets free.

        Exit code 1 if any are.
        """
        settings = session.load()
        settings.route(route)
        with session.host(settings) as host:
            causes = host.parked(route)
            orders = sum(1 for _ in host.orders(route, state="parked"))
        if session.json:
            found = [
                {
                    "cause": cause.subject,
                    "code": cause.problem.code,
                    "message": cause.problem.message,
                    "remedy": cause.problem.remedy,
                    "orders": cause.orders,
                    "frees": cause.frees,
                    "numbers": list(cause.numbers),
                }
                for cause in causes
            ]
            session.output.document({"route": route, "parked": orders, "causes": plain_json(found)})
            return PARKED if orders else ALL_DONE
        if not orders:
            session.output.say("Nothing is parked.", "bold")
            return ALL_DONE
        session.output.table(
            (">orders", ">frees", "cause", "what to do", "such as"),
            [
                (
                    cause.orders,
                    cause.frees,
                    f"{cause.problem.message} ({cause.problem.code})",
                    cause.problem.remedy,
                    ", ".join(cause.numbers),
                )
                for cause in causes
            ],
        )
        session.output.say()
        session.output.say(f"{orders} orders are parked, for {len(causes)} causes.", "bold")
        best = causes[0] if causes else None
        if best and best.frees:
            session.output.say(f"Mending the first cause alone frees {best.frees}.")
        again = session.typed(f"retry {route}")
        session.output.say(
            f"Items that exist by then and new aliases free their orders by themselves; {again} tries the others."
        )
        return PARKED

    @command(app, "resume", "ordersync resume orders")
    def resume(session: Session, route: RouteArgument) -> int:
        """Let a route go on that stands still after many failures of one cause."""
        settings = session.load()
        settings.route(route)
        with session.host(settings) as host:
            stood_still = host.resume(route)
        if session.json:
            session.output.document({"route": route, "resumed": stood_still})
        elif stood_still:
            again = session.typed(f"sync {route}")
            session.output.say(f"The route {route} may go on. What next: {again}.", "bold")
        else:
            session.output.say(f"The route {route} does not stand still.")
        return ALL_DONE
