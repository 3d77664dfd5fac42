"""What every command has: the common options, the settings, the host, and one way for errors to come out."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ordersync.cli.failures import ABORTED, show_defect, show_error, show_trace
from ordersync.cli.output import Output
from ordersync.errors import BadInput, OrderSyncError
from ordersync.logs import Blots, configured

if TYPE_CHECKING:
    from ordersync.host import Host
    from ordersync.settings import Settings

__all__ = ["COMMON", "Session", "command", "merged"]

DEFAULT_FILE = "ordersync.toml"
SettingsOption = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        "-s",
        metavar="PATH",
        help="The settings file.  [default: ./ordersync.toml, or $ORDERSYNC_SETTINGS]",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs; errors too.")]
VerboseOption = Annotated[
    int,
    typer.Option(
        "--verbose", "-v", count=True, help="Log what is done; -vv: every request.", show_default=False
    ),
]
LogFormatOption = Annotated[
    str,
    typer.Option(
        "--log-format",
        metavar="people|json",
        help="How log lines look on standard error.  [default: people]",
        show_default=False,
    ),
]
TracebackOption = Annotated[
    bool, typer.Option("--traceback", help="Show where a defect happened (no values of variables).")
]
COMMON: dict[str, tuple[Any, Any]] = {
    "settings": (SettingsOption, None),
    "json": (JsonOption, False),
    "verbose": (VerboseOption, 0),
    "log_format": (LogFormatOption, ""),
    "traceback": (TracebackOption, False),
}
"""Name → (annotation, default); they may stand before or after the command's name."""


@dataclass
class Session:
    """One call of the command line."""

    settings_path: Path
    output: Output
    blots: Blots = field(default_factory=Blots)
    trace: bool = False

    @property
    def json(self) -> bool:
        """Whether the answer is for a program."""
        return self.output.json

    def load(self, path: Path | None = None, env: Mapping[str, str] | None = None) -> Settings:
        """The checked settings file; what is secret in it is blotted out from now on."""
        from ordersync.settings import load_settings, secret_values

        env = os.environ if env is None else env
        settings = load_settings(path or self.settings_path, env=env)
        self.blots.add(secret_values(settings, env))
        return settings

    @contextmanager
    def host(self, settings: Settings | None = None) -> Iterator[Host]:
        """The host of the settings file, closed when the block ends."""
        from ordersync.host import Host
        from ordersync.transfer.cycles import seldom_collecting

        with Host.open(settings or self.load()) as host, seldom_collecting():
            yield host

    def typed(self, command: str, settings: Path | None = None) -> str:
        """A command for a person to type next: with `--settings`, if the file is not where it is looked for."""
        path = settings or self.settings_path
        option = "" if path == Path(DEFAULT_FILE) else f" --settings {path}"
        return f"`ordersync {command}{option}`"


def merged(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The common options as given before the command's name and after it; the latter win."""
    found = {name: after.get(name) or before.get(name) or default for name, (_, default) in COMMON.items()}
    found["verbose"] = (before.get("verbose") or 0) + (after.get("verbose") or 0)
    return found


def command(
    app: typer.Typer, name: str, *examples: str
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Register a command: its function takes a `Session` first and answers the exit code.

    The common options are added to its own, the examples to its help.
    """

    def register(function: Callable[..., int]) -> Callable[..., int]:
        signature = inspect.signature(function, eval_str=True)
        own = list(signature.parameters.values())[1:]
        context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
        common = [
            inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
            for key, (kind, default) in COMMON.items()
        ]
        own = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
        parameters = [context, *own, *common]

        @wraps(function)
        def run(ctx: typer.Context, **given: Any) -> int:
            options = merged(ctx.obj or {}, {key: given.pop(key, None) for key in COMMON})
            return _guarded(options, lambda session: function(session, **given))

        run.__signature__ = signature.replace(parameters=parameters, return_annotation=int)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        shown = "\n".join(f"  {example}" for example in examples)
        short = (function.__doc__ or "").strip().partition(".")[0]
        app.command(
            name, short_help=f"{short}.", epilog=f"\b\nExample{'s' if len(examples) > 1 else ''}:\n{shown}"
        )(run)
        return function

    return register


def _guarded(options: dict[str, Any], work: Callable[[Session], int]) -> int:
    blots = Blots()
    output = Output(json=options["json"], blots=blots)
    path = options["settings"] or Path(os.environ.get("ORDERSYNC_SETTINGS") or DEFAULT_FILE)
    session = Session(path, output, blots, options["traceback"])
    asked = options["log_format"] or "people"
    try:
        if asked not in ("people", "json"):
            raise BadInput(f"There is no log format {asked!r}.", remedy="Use people or json.")
        with configured(options["verbose"], "json" if asked == "json" else "people", blots=blots):
            return work(session)
    except OrderSyncError as error:
        if session.trace:
            show_trace(error, output)
        return show_error(error, output)
    except KeyboardInterrupt:
        output.note(
            "Aborted. The ledger knows what was sent; the next run looks for it before sending anything again."
        )
        return ABORTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the outermost frame: a defect is shown as one, without values
        return show_defect(error, output, trace=session.trace)
