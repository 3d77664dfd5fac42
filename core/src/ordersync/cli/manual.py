"""What every command says of itself, as data: for the pages of the documentation."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import typer.main

from ordersync.cli import app
from ordersync.cli.session import COMMON

__all__ = ["CommandPage", "Parameter", "common_options", "every_command", "exit_codes", "misspelt"]


@dataclass(frozen=True)
class Parameter:
    """An argument or an option, as `--help` lists it."""

    spelling: str
    """As it is typed: `ROUTE`, `--since TIME`."""
    text: str
    """What it means, with its default."""


@dataclass(frozen=True)
class CommandPage:
    """One command, its group's name before its own."""

    name: str
    usage: str
    text: str
    arguments: tuple[Parameter, ...]
    options: tuple[Parameter, ...]
    """Its own; the common ones are not repeated."""
    examples: tuple[str, ...]


def every_command() -> Iterator[CommandPage]:
    """All commands, in the order in which `--help` lists them; those of a group one by one."""
    root: Any = typer.main.get_command(app)
    yield from _within(root, "ordersync", root.make_context("ordersync", ["x"], resilient_parsing=True))


def common_options() -> list[Parameter]:
    """The options that every command takes."""
    root: Any = typer.main.get_command(app)
    context = root.make_context("ordersync", ["x"], resilient_parsing=True)
    return [_parameter(one, context) for one in root.params if one.name in COMMON]


def exit_codes() -> str:
    """The paragraph of exit codes."""
    root: Any = typer.main.get_command(app)
    return inspect.cleandoc(root.epilog.replace("\b", "").partition("Exit codes:")[2].partition("Example")[0])


def _within(group: Any, path: str, context: Any) -> Iterator[CommandPage]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = command.make_context(name, [], parent=context, resilient_parsing=True)
        if hasattr(command, "list_commands"):
            yield from _within(command, f"{path} {name}", inner)
        elif not command.hidden:
            yield _page(command, f"{path} {name}", inner)


def _page(command: Any, path: str, context: Any) -> CommandPage:
    own = [one for one in command.params if one.name not in COMMON]
    epilog = (command.epilog or "").replace("\b", "").partition(":")[2]
    return CommandPage(
        name=path,
        usage=" ".join([path, *(_typed(one, context) for one in own if _is_argument(one))]),
        text=inspect.cleandoc(command.help or ""),
        arguments=tuple(_parameter(one, context) for one in own if _is_argument(one)),
        options=tuple(_parameter(one, context) for one in own if not _is_argument(one)),
        examples=tuple(line.strip() for line in epilog.splitlines() if line.strip()),
    )


def _is_argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _typed(argument: Any, context: Any) -> str:
    return " ".join(argument.get_usage_pieces(context)).strip("{}")


def _parameter(parameter: Any, context: Any) -> Parameter:
    spelling, text = parameter.get_help_record(context)
    return Parameter(spelling.partition(" <")[0].strip(), " ".join(text.split()))


def misspelt(words: list[str]) -> str:
    """What is wrong with these words behind `ordersync`; empty if nothing is. Runs nothing."""
    root: Any = typer.main.get_command(app)
    usage_error = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[2])
    try:
        context = root.make_context("ordersync", list(words) or ["--help"])
        command, rest = root, [*context._protected_args, *context.args]
        while hasattr(command, "list_commands"):
            name, command, rest = command.resolve_command(context, rest)
            context = command.make_context(name, rest, parent=context)
            rest = [*context._protected_args, *context.args] if hasattr(command, "list_commands") else []
    except usage_error as error:
        return error.format_message()
    return ""
