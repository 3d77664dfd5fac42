"""What the command line prints: text and tables for people, one JSON document (or lines) for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ordersync.logs import Blots

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Output", "clean", "money", "plain_json", "utf8_safe", "when"]

PIPE_WIDTH = 200


def utf8_safe() -> None:
    """Let no character that a stream cannot show stop a command: UTF-8 into pipes and files, `?` on old consoles."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None or (stream.encoding or "").lower().replace("-", "") == "utf8":
            continue
        if stream.isatty():
            reconfigure(errors="replace")
        else:
            reconfigure(encoding="utf-8", errors="replace")


def clean(text: str) -> str:
    """`text` without control characters: what a platform says must not steer a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def money(amount: Decimal, currency: str) -> str:
    """`1,234.50 EUR`."""
    return f"{amount:,f} {currency}"


def when(moment: datetime | None) -> str:
    """A time in UTC, to the second; `never` if there is none."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if moment else "never"


def plain_json(value: Any) -> Any:
    """`value` in JSON's types: amounts are strings, times ISO 8601 in UTC."""
    match value:
        case _ if hasattr(value, "model_dump"):
            return value.model_dump(mode="json")
        case _ if is_dataclass(value) and not isinstance(value, type):
            return plain_json(asdict(value))
        case dict():
            return {str(key): plain_json(element) for key, element in value.items()}
        case list() | tuple():
            return [plain_json(element) for element in value]
        case set() | frozenset():
            return sorted(plain_json(element) for element in value)
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date() | Path():
            return str(value)
        case timedelta():
            return value.total_seconds()
        case Enum():
            return value.value
        case _:
            return value


class Output:
    """Standard output for results, standard error for everything else. Secrets that it knows are blotted out."""

    def __init__(self, *, json: bool, blots: Blots) -> None:
        self.json = json
        self.blots = blots

    @cached_property
    def _stdout(self) -> Console:
        return _console(stderr=False)

    @cached_property
    def stderr(self) -> Console:
        """The console of standard error."""
        return _console(stderr=True)

    @property
    def lively(self) -> bool:
        """Whether a person looks at standard error: a progress bar is welcome."""
        return not self.json and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def say(self, text: str = "", style: str = "") -> None:
        """A line of the result for people; nothing in JSON mode."""
        if not self.json:
            self._line(self._stdout, text, style)

    def note(self, text: str, style: str = "") -> None:
        """A remark beside the result, on standard error."""
        self._line(self.stderr, text, style)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Rows for people; a column whose name begins with `>` is set flush right. Nothing in JSON mode."""
        if self.json:
            return
        from rich.box import SIMPLE_HEAD
        from rich.table import Table
        from rich.text import Text

        terminal = self._stdout.is_terminal
        table = Table(
            box=SIMPLE_HEAD if terminal else None, pad_edge=False, header_style="bold", show_edge=False
        )
        for column in columns:
            right = column.startswith(">")
            table.add_column(
                column.removeprefix(">"),
                justify="right" if right else "left",
                overflow="fold",
                no_wrap=right,
            )
        for row in rows:
            table.add_row(*(Text(self._shown("" if cell is None else str(cell))) for cell in row))
        self._stdout.print(table)

    def document(self, value: Any, *, indent: int | None = 2) -> None:
        """A JSON document on standard output, whatever the mode; `indent=None` puts it on one line."""
        text = self.blots.out(json.dumps(plain_json(value), indent=indent))
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def _shown(self, text: str) -> str:
        return clean(self.blots.out(text))

    def _line(self, console: Console, text: str, style: str) -> None:
        console.print(self._shown(text), style=style or None, soft_wrap=True)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    stream = sys.stderr if stderr else sys.stdout
    wide = None if stream.isatty() else PIPE_WIDTH
    return Plain(stderr=stderr, markup=False, highlight=False, emoji=False, width=wide)
