"""The command `new`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ordersync.cli.failures import ABORTED, ALL_DONE
from ordersync.cli.session import Session, command
from ordersync.errors import BadInput

if TYPE_CHECKING:
    from ordersync.testing.scaffold import Made

__all__ = ["register"]


def _made(platform: str, into: Path, answers: dict[str, str], *, defaults: bool) -> Made:
    """Write it. Raises BadInput if something must be asked for and there is nobody to ask."""
    from ordersync.testing.scaffold import CHOICES, check, create

    open_ones = [f"--{question}" for question in CHOICES if question not in answers]
    ask = bool(open_ones) and not defaults
    check(platform, into, answers)
    if ask and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise BadInput(
            f"There is no terminal to ask on, and {', '.join(open_ones)} {'was' if len(open_ones) == 1 else 'were'} not given.",
            remedy="Give them, or add --defaults.",
        )
    return create(platform, into, answers, ask=ask)


def _steps(made: Made) -> list[tuple[str, str]]:
    return [
        (f"cd {shlex.quote(str(made.folder))}", ""),
        ("python -m pip install -e '.[test]'", "in a virtual environment of its own"),
        ("pytest", "the contract suite and its own tests, on its sandbox: all pass"),
        (
            f"ordersync quality {made.platform}",
            "which level of the scale it reaches, and what is missing for the next",
        ),
        (f"ordersync sandbox {made.platform}", "the platform's stand-in, to look at"),
        ("grep -rn 'yours:' .", f"the {made.places} places to make yours, file by file"),
    ]


def _tell(session: Session, made: Made) -> None:
    output = session.output
    if session.json:
        output.document(
            {
                "platform": made.platform,
                "distribution": made.distribution,
                "folder": made.folder,
                "files": list(made.files),
                "places": made.places,
                "next": [step for step, _ in _steps(made)],
            }
        )
        return
    output.say(f"Made the package {made.distribution} in {made.folder} ({len(made.files)} files).", "bold")
    output.say()
    output.say("It is a working connector of a small invented platform. Make it yours:")
    output.say()
    wide = max(len(step) for step, _ in _steps(made))
    for step, why in _steps(made):
        output.say(f"  {step:<{wide}}  {why}".rstrip())


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(
        app,
        "new",
        "ordersync new acme",
        "ordersync new acme --defaults",
        "ordersync new erp-acme --role target --auth oauth2 --paging next --money minor --into ~/work",
    )
    def new(
        session: Session,
        platform: Annotated[
            str,
            typer.Argument(metavar="PLATFORM", help="The connector's name: acme; erp-acme for an ERP."),
        ],
        title: Annotated[
            str | None,
            typer.Option(
                "--title", metavar="TEXT", help="What people call the platform.", show_default=False
            ),
        ] = None,
        role: Annotated[
            str | None,
            typer.Option(
                "--role",
                metavar="source|target|both",
                help="Whether orders are read from it, created on it, or both.",
                show_default=False,
            ),
        ] = None,
        auth: Annotated[
            str | None,
            typer.Option(
                "--auth",
                metavar="none|token|basic|oauth2",
                help="How requests prove who they are.",
                show_default=False,
            ),
        ] = None,
        paging: Annotated[
            str | None,
            typer.Option(
                "--paging",
                metavar="cursor|link|next|numbered|offset",
                help="How it hands out a long list.",
                show_default=False,
            ),
        ] = None,
        money: Annotated[
            str | None,
            typer.Option(
                "--money",
                metavar="text|number|minor",
                help='How it writes 12.50 EUR: "12.50", 12.5 or 1250.',
                show_default=False,
            ),
        ] = None,
        into: Annotated[
            Path, typer.Option("--into", metavar="DIR", help="Where the package's folder is made.")
        ] = Path(),
        defaults: Annotated[bool, typer.Option("--defaults", help="Ask nothing.")] = False,
    ) -> int:
        """Write the package of a new connector: it works, with its sandbox and tests, the moment it is made.

        What is not given is asked for. The package is a folder of its own, `ordersync-PLATFORM`, which needs nothing but
        the published ordersync.
        """
        given = {"title": title, "role": role, "auth": auth, "paging": paging, "money": money}
        answers = {question: answer for question, answer in given.items() if answer is not None}
        try:
            made = _made(platform, into.expanduser(), answers, defaults=defaults)
        except KeyboardInterrupt:
            session.output.note("Stopped. Nothing was written.")
            return ABORTED
        _tell(session, made)
        return ALL_DONE
