"""Sandboxes on loopback sockets: made, restored, kept, served."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ordersync.cli.failures import ALL_DONE
from ordersync.cli.interrupt import stopping, wait_for
from ordersync.cli.session import Session, command
from ordersync.cli.states import load_state, save_state
from ordersync.errors import BadInput, NotOffered

if TYPE_CHECKING:
    from ordersync.testing import Sandbox

__all__ = ["Kept", "connection_toml", "kept_sandbox", "register", "served"]

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Kept:
    """A sandbox and where its state is kept."""

    sandbox: Sandbox
    platform: str
    file: Path | None
    restored: bool

    def save(self) -> None:
        """Write the state, if there is a file for it."""
        if self.file:
            with self.sandbox.lock:
                state = self.sandbox.state()
            save_state(self.file, self.platform, self.sandbox.seed, state)


def kept_sandbox(
    platform: str,
    *,
    seed: int,
    orders: int,
    options: Mapping[str, str] | None = None,
    quirks: Mapping[str, str] | None = None,
    file: Path | None = None,
    demo: bool = False,
) -> Kept:
    """A sandbox, as its state file describes it or newly born, with these quirks switched on; for a `demo`, with its
    options for one.

    Raises BadSettings for an unknown platform, NotOffered if it has no sandbox, BadInput for an unknown option or quirk.
    """
    kind = _kind(platform)
    switched: dict[str, Any] = {"quirks": _checked(kind, quirks)} if quirks else {}
    options = {**(kind.demo_options if demo else {}), **(options or {})}
    restored = file is not None and file.exists()
    state = None
    if file is not None and restored:
        seed, state = load_state(file, platform)
    try:
        sandbox = kind(seed=seed, orders=0 if restored else orders, options=options, **switched)
    except ValueError as error:
        raise BadInput(str(error), remedy=f"`ordersync connectors {platform}` lists the options.") from None
    if restored:
        sandbox.restore(state)
    return Kept(sandbox, platform, file, restored)


def _kind(platform: str) -> type[Sandbox]:
    from ordersync.discovery import sandbox_class

    kind = sandbox_class(platform)
    if not kind.platform:
        raise NotOffered(f"The connector {platform!r} brings no sandbox.")
    return kind


def _checked(kind: type[Sandbox], quirks: Mapping[str, str]) -> Mapping[str, str]:
    from ordersync.testing.quirks import made

    try:
        made(kind.platform, kind.quirk_kinds(), quirks, seed=0)
    except ValueError as error:
        raise BadInput(
            f"{error}.",
            remedy=f"`ordersync sandbox {kind.platform} --list-quirks` tells what each of them does.",
        ) from None
    return quirks


@contextmanager
def served(kept: Kept, port: int = 0) -> Iterator[str]:
    """The sandbox's address while it is served; its state is saved when the block ends, however it ends."""
    from ordersync.testing import serve

    if port:
        _refuse_taken(port)
    try:
        with serve(kept.sandbox, port) as server:
            yield server.url
    finally:
        kept.save()


def _refuse_taken(port: int) -> None:
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise BadInput(
                f"Port {port} cannot be used: {error.strerror}.",
                remedy="Choose another one with --port; 0 takes a free one.",
            ) from None


def connection_toml(name: str, platform: str, section: Mapping[str, Any]) -> str:
    """The section of the settings file that reaches a sandbox."""
    from ordersync.settings import toml_key, toml_value

    keys = {"connector": platform, **section}
    lines = [f"{toml_key(key)} = {toml_value(value)}" for key, value in keys.items() if value is not None]
    return "\n".join([f"[connections.{toml_key(name)}]", *lines]) + "\n"


def _options(given: list[str]) -> dict[str, str]:
    options = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise BadInput(f"--option {text!r} is not NAME=VALUE.", remedy="Example: --option version=19")
        options[key] = value
    return options


def _quirks(given: list[str]) -> dict[str, str]:
    """`NAME` or `NAME=SETTING:VALUE,…`, each name once."""
    quirks: dict[str, str] = {}
    for text in given:
        name, _, value = text.partition("=")
        if not name or name in quirks:
            raise BadInput(
                f"--quirk {text!r} {'is named twice' if name else 'names no quirk'}.",
                remedy="Example: --quirk lost_response=first:2,on:writes",
            )
        quirks[name] = value
    return quirks


def _list_quirks(session: Session, platform: str) -> int:
    from ordersync.testing.quirks import Carrier

    kinds = sorted(_kind(platform).quirk_kinds(), key=lambda kind: kind.name)
    if session.json:
        session.output.document(
            [
                {
                    "name": kind.name,
                    "symptom": kind.symptom(),
                    "leads_to": kind.story(),
                    "settings": {
                        key: {"default": setting.default, "means": setting.means}
                        for key, setting in kind.settings.items()
                    },
                    "told": kind.told,
                }
                for kind in kinds
            ]
        )
        return ALL_DONE
    counting = {}
    for kind in kinds:
        session.output.say(kind.name, "bold")
        session.output.say(f"  {kind.symptom()}")
        for key, setting in kind.settings.items():
            if issubclass(kind, Carrier) and key in Carrier.COUNTING:
                counting[key] = setting.means
                continue
            default = f" (default {setting.default})" if setting.default else ""
            session.output.say(f"    {key}: {setting.means}{default}")
        if issubclass(kind, Carrier):
            on = kind.settings["on"].default
            session.output.say(
                f"    counted (default {kind.usually}:{kind.settings[kind.usually].default},on:{on})"
            )
    session.output.say()
    session.output.say("How requests are counted:")
    for key, means in counting.items():
        session.output.say(f"    {key}: {means}")
    session.output.say()
    session.output.say(f"Switch one on: `ordersync sandbox {platform} --quirk {kinds[0].name}`")
    return ALL_DONE


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""

    @command(
        app,
        "sandbox",
        "ordersync sandbox shopify --port 8801 --orders 50",
        "ordersync sandbox erp-odoo --port 8802 --state odoo.json",
        "ordersync sandbox shopify --quirk lost_response=first:2 --quirk clock_ahead=7",
        "ordersync sandbox shopify --list-quirks",
    )
    def sandbox(
        session: Session,
        platform: Annotated[str, typer.Argument(metavar="PLATFORM", help="The connector's name.")],
        port: Annotated[
            int,
            typer.Option("--port", metavar="N", min=0, max=65535, help="On 127.0.0.1; 0 takes a free one."),
        ] = 0,
        orders: Annotated[
            int, typer.Option("--orders", metavar="N", min=0, help="How many orders it is born with.")
        ] = 20,
        seed: Annotated[
            int, typer.Option("--seed", metavar="N", help="The same seed makes the same orders.")
        ] = 0,
        option: Annotated[
            list[str] | None,
            typer.Option(
                "--option",
                metavar="NAME=VALUE",
                help="A switch of the platform (see `ordersync connectors PLATFORM`); may be repeated.",
            ),
        ] = None,
        quirk: Annotated[
            list[str] | None,
            typer.Option(
                "--quirk",
                metavar="NAME[=VALUE]",
                help="Something that goes wrong with such platforms; may be repeated.",
            ),
        ] = None,
        list_quirks: Annotated[
            bool, typer.Option("--list-quirks", help="Tell what can go wrong here, and end.")
        ] = False,
        state: Annotated[
            Path | None,
            typer.Option("--state", metavar="FILE", help="Go on from this file, and save to it at the end."),
        ] = None,
    ) -> int:
        """Serve a local stand-in for a platform until Ctrl-C. Prints the settings section that reaches it."""
        if list_quirks:
            return _list_quirks(session, platform)
        kept = kept_sandbox(
            platform,
            seed=seed,
            orders=orders,
            options=_options(option or []),
            quirks=_quirks(quirk or []),
            file=state,
        )
        with stopping("Stopping.") as stop, served(kept, port) as url:
            section = {"connector": platform, **kept.sandbox.settings(url)}
            if session.json:
                told = {"platform": platform, "url": url, "settings": section, "restored": kept.restored}
                session.output.document(told, indent=None)
            else:
                session.output.say(f"The {platform} sandbox is at {url}. Its settings section:", "bold")
                session.output.say()
                session.output.say(connection_toml(platform, platform, section))
                session.output.say("The credentials are throw-away. Ctrl-C stops it.")
            wait_for(stop)
        if state:
            session.output.say(f"Its state is in {state}.")
        return ALL_DONE
