"""The files that orders are read from: JSON documents and JSON Lines, with the place of each order in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from ordersync import BadInput, Order
from ordersync.shapes import Shape, parse_order, split_orders
from ordersync.web import read

__all__ = ["Found", "Inbox", "Unreadable"]

_BOM = b"\xef\xbb\xbf"
_SUFFIXES = (".json", ".jsonl", ".ndjson")
_WILD = frozenset("*?[")


@dataclass(frozen=True)
class Found:
    """An order that can be read, and where: `line` is None in a JSON document; `offset` is in bytes."""

    updated_at: datetime
    id: str
    file: Path
    line: int | None
    offset: int
    part: int
    """Which of the orders in the document or line."""

    @property
    def rank(self) -> tuple[datetime, str]:
        return self.updated_at, self.id


@dataclass(frozen=True)
class Unreadable:
    """An order, a line or a file that cannot be read: its id if it says one, else its place, and why."""

    id: str
    why: str


@dataclass(frozen=True)
class _Text:
    """One JSON text: a document or a line."""

    file: Path
    line: int | None
    offset: int
    body: bytes

    @property
    def place(self) -> str:
        return self.file.name if self.line is None else f"{self.file.name}:{self.line}"


class Inbox:
    """A file, a folder, or a folder with a pattern (`inbox/web-*.json`). Nothing in it is ever changed."""

    def __init__(self, path: Path, shape: Literal["auto"] | Shape) -> None:
        self._path = path
        self._shape: Shape | None = None if shape == "auto" else shape

    @property
    def folder(self) -> Path:
        """What must be there: the file, or the folder."""
        return self._path.parent if _WILD & set(self._path.name) else self._path

    def files(self) -> list[Path]:
        """The files, by name; hidden ones and other endings are passed over."""
        if _WILD & set(self._path.name):
            candidates: Iterable[Path] = self._path.parent.glob(self._path.name)
        elif self._path.is_dir():
            candidates = self._path.iterdir()
        else:
            return [self._path]
        return sorted(
            file
            for file in candidates
            if file.suffix.lower() in _SUFFIXES and not file.name.startswith(".") and file.is_file()
        )

    def scan(self) -> tuple[list[Found], list[Unreadable]]:
        """Every order, oldest change first; of several with one id only the one changed last."""
        newest: dict[str, Found] = {}
        unreadable: dict[str, Unreadable] = {}
        for found in self._walk(self.files()):
            if isinstance(found, Unreadable):
                unreadable[found.id] = found
            elif found.id not in newest or newest[found.id].updated_at <= found.updated_at:
                newest[found.id] = found
        return sorted(newest.values(), key=lambda found: found.rank), list(unreadable.values())

    def load(self, found: Iterable[Found]) -> list[Order | Unreadable]:
        """The orders, read again from where they were found."""
        answers: list[Order | Unreadable] = []
        text: _Text | None = None
        entries: list[tuple[str, Any]] = []
        for one in found:
            try:
                if text is None or (text.file, text.offset) != (one.file, one.offset):
                    text = _at(one)
                    entries = split_orders(read(text.body))
                start, entry = entries[one.part]
                answers.append(self._parse(text, start, entry))
            except (OSError, BadInput, IndexError):
                answers.append(Unreadable(one.id, f"{one.file.name} was changed while it was read"))
        return answers

    def _walk(self, files: Iterable[Path]) -> Iterator[Found | Unreadable]:
        for file in files:
            try:
                for text in _texts(file):
                    yield from self._orders_in(text)
            except OSError as error:
                yield Unreadable(file.name, f"{file.name}: cannot be read ({error.strerror})")

    def _orders_in(self, text: _Text) -> Iterator[Found | Unreadable]:
        try:
            entries = split_orders(read(text.body))
        except BadInput as error:
            yield Unreadable(text.place, _why(error, text.place))
            return
        for part, (start, entry) in enumerate(entries):
            try:
                order = self._parse(text, start, entry)
            except BadInput as error:
                place = f"{text.place}#{start}" if start else text.place
                yield Unreadable(_identity(entry) or place, _why(error, text.place))
            else:
                yield Found(order.updated_at, order.id, text.file, text.line, text.offset, part)

    def _parse(self, text: _Text, start: str, entry: Any) -> Order:
        return parse_order(entry, shape=self._shape, place=f"{text.place}#{start}")


def _texts(file: Path) -> Iterator[_Text]:
    if file.suffix.lower() == ".json":
        yield _Text(file, None, 0, file.read_bytes().removeprefix(_BOM))
        return
    offset = 0
    with file.open("rb") as stream:
        for line, body in enumerate(stream, 1):
            content = body.removeprefix(_BOM).strip()
            if content:
                yield _Text(file, line, offset, content)
            offset += len(body)


def _at(found: Found) -> _Text:
    if found.line is None:
        return next(_texts(found.file))
    with found.file.open("rb") as stream:
        stream.seek(found.offset)
        body = stream.readline().removeprefix(_BOM).strip()
    return _Text(found.file, found.line, found.offset, body)


def _identity(entry: Any) -> str | None:
    """The id that an order says although it cannot be read."""
    if not isinstance(entry, dict):
        return None
    given = next((entry[name] for name in ("orderId", "remoteId", "id") if entry.get(name)), None)
    return str(given) if isinstance(given, str | int) and not isinstance(given, bool) else None


def _why(error: BadInput, place: str) -> str:
    said = "; ".join(str(problem) for problem in error.problems)
    return said if place in said else f"{place}: {said or error.message}"
