"""The command line. Nothing heavy is imported before a command runs: `ordersync --help` answers at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, cast

import typer

from ordersync.cli import authors, begin, demo, look, mend, move, proof, sandboxes, waiting, why
from ordersync.cli.failures import show_usage
from ordersync.cli.output import Output, utf8_safe
from ordersync.cli.session import (
    JsonOption,
    LogFormatOption,
    SettingsOption,
    TracebackOption,
    VerboseOption,
)
from ordersync.logs import Blots

__all__ = ["app", "main"]

app = typer.Typer(
    name="ordersync",
    help="Moves orders between commerce platforms and ERPs: exactly once, to the cent.",
    epilog=(
        "\b\nExit codes:\n"
        "  0    all done\n"
        "  1    finished, but orders are parked (they need a person) or failed (the next run tries again)\n"
        "  2    the command or the settings are wrong, or a plugin or the ledger cannot be used\n"
        "  3    access denied, or a platform cannot be reached\n"
        "  130  stopped by Ctrl-C after the order in hand; a second Ctrl-C aborts\n"
        "  70   a defect in ordersync\n\n"
        "\b\nExample:\n"
        "  ordersync demo"
    ),
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        typer.echo(f"ordersync {metadata.version('ordersync')}")
        raise typer.Exit


@app.callback()
def _common(
    ctx: typer.Context,
    settings: SettingsOption = None,
    json: JsonOption = False,
    verbose: VerboseOption = 0,
    log_format: LogFormatOption = "",
    traceback: TracebackOption = False,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    ctx.obj = {
        "settings": settings,
        "json": json,
        "verbose": verbose,
        "log_format": log_format,
        "traceback": traceback,
    }


for room in (demo, begin, move, waiting, mend, look, why, sandboxes, proof, authors):
    room.register(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. `arguments` are those of the process if None."""
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    utf8_safe()
    usage_error = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[2])
    try:
        code = app(given, prog_name="ordersync", standalone_mode=False)
    except usage_error as error:
        output = Output(json="--json" in given, blots=Blots())
        context = getattr(error, "ctx", None)
        path = context.command_path if context is not None else "ordersync"
        return show_usage(error.format_message(), f"`{path} --help` shows how to use it.", output)
    except typer.Abort:
        return 130
    return code if isinstance(code, int) else 0
