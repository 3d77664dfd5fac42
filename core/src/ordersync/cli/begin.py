"""Beginning: init."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ordersync.cli.failures import ALL_DONE
from ordersync.cli.look import settings_model_of
from ordersync.cli.session import Session, command
from ordersync.errors import BadInput, BadSettings, OrderSyncError

if TYPE_CHECKING:
    from ordersync.settings.template import End

__all__ = ["register"]

DEFAULT_SOURCE, DEFAULT_TARGET = "shopify", "erp-odoo"


def _end(name: str, asked: str | None, default: str) -> tuple[End, str]:
    """One end of the route, and what is wrong with its connector if it was not asked for by name."""
    from ordersync.settings.template import End

    model: Any = None
    problem = ""
    try:
        model = settings_model_of(asked or default)
    except OrderSyncError as error:
        if asked:
            raise
        problem = str(error)
    return End(name, asked or default, model), problem


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise BadSettings(
            f"{path} exists already; it is not overwritten.",
            remedy="Name another file with --settings, or remove this one.",
        ) from None
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror or type(error).__name__}.") from None


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""

    @command(app, "init", "ordersync init", "ordersync init --source shopify --target erp-odoo")
    def init(
        session: Session,
        source: Annotated[
            str | None,
            typer.Option(
                "--source",
                metavar="CONNECTOR",
                help=f"Where orders come from.  [default: {DEFAULT_SOURCE}]",
                show_default=False,
            ),
        ] = None,
        target: Annotated[
            str | None,
            typer.Option(
                "--target",
                metavar="CONNECTOR",
                help=f"Where they go.  [default: {DEFAULT_TARGET}]",
                show_default=False,
            ),
        ] = None,
    ) -> int:
        """Write a commented settings file. It has the keys that the two connectors need; none is overwritten."""
        from ordersync.settings import references, template
        from ordersync.settings.document import read_document

        (from_end, no_source), (to_end, no_target) = (
            _end("shop", source, DEFAULT_SOURCE),
            _end("erp", target, DEFAULT_TARGET),
        )
        path = session.settings_path
        _write_new(path, template(from_end, to_end))
        connections = read_document(path).data.get("connections", {})
        variables = sorted(
            {
                name
                for section in connections.values()
                for value in section.values()
                if isinstance(value, str)
                for name in references(value)
            }
        )
        problems = [problem for problem in (no_source, no_target) if problem]
        if session.json:
            session.output.document({"settings": path, "variables": variables, "problems": problems})
            return ALL_DONE
        session.output.say(f"Wrote {path}.", "bold")
        for problem in problems:
            session.output.say(f"  {problem}")
        session.output.say("What next:")
        session.output.say(f"  1. Fill in the connections in {path}.")
        if variables:
            session.output.say(f"  2. Put the secrets into the environment: {', '.join(variables)}.")
        session.output.say(f"  {3 if variables else 2}. {session.typed('check')}")
        return ALL_DONE
