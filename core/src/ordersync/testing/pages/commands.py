"""The command line: every command with its arguments, options and examples, as `--help` tells them."""

from __future__ import annotations

from collections.abc import Sequence

from ordersync.cli.manual import CommandPage, Parameter, common_options, every_command, exit_codes
from ordersync.testing.markdown import table

__all__ = ["part"]


def part() -> str:
    """All of it."""
    commands = list(every_command())
    index = table(
        ("command", "what it does"),
        ((f"[`{one.name}`](#{_anchor(one)})", _first(one.text)) for one in commands),
    )
    return "\n".join(
        [
            index,
            "## Options of every command\n",
            _table(common_options()),
            "## Exit codes\n",
            f"```text\n{exit_codes()}\n```\n",
            *map(_command, commands),
        ]
    )


def _anchor(command: CommandPage) -> str:
    return command.name.replace(" ", "-")


def _first(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())


def _command(command: CommandPage) -> str:
    options = " [OPTIONS]" if command.options else ""
    parts = [f"({_anchor(command)})=\n## {command.name}\n", f"```text\n{command.usage}{options}\n```\n"]
    parts.append(command.text.replace("\b", "").replace("<", "\\<") + "\n")
    if command.arguments:
        parts.append(_table(command.arguments))
    if command.options:
        parts.append(_table(command.options))
    if command.examples:
        parts.append("```text\n" + "\n".join(command.examples) + "\n```\n")
    return "\n".join(parts)


def _table(parameters: Sequence[Parameter]) -> str:
    return table(("", ""), ((f"`{one.spelling}`", one.text.replace("<", "\\<")) for one in parameters))
