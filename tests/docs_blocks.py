"""The fenced blocks of the documentation, with the comments that stand before them.

A comment right before a block says what it is for, and is not seen by readers:

    <!-- file NAME -->        the block is the file NAME of the page's folder
    <!-- append NAME -->      it is appended to it
    <!-- include PATH -->     it is the file PATH of this repository, without its first docstring
    <!-- exits 0 1 -->        the exit codes of its commands, where they are not all 0
    <!-- not run: REASON -->  it cannot be run by a test; these are listed in `test_docs_blocks.py`

and one at the top of a page, `<!-- prelude: NAME -->`, says what is there before its first block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["ROOT", "Block", "blocks", "pages", "prelude"]

ROOT = Path(__file__).resolve().parent.parent
_FENCE = re.compile(r"^(?P<fence>`{3,}|:{3,})(?P<info>[^`]*)$")
_COMMENT = re.compile(r"^<!-- (?P<word>file|append|include|exits|not run:) ?(?P<rest>.*?) ?-->$")
_PRELUDE = re.compile(r"^<!-- prelude: (\w+) -->$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block. `line` is that of its first line of text."""

    page: str
    """Its page, relative to the repository."""
    line: int
    language: str
    body: str
    marks: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Every page whose blocks are promises."""
    found = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *ROOT.glob("plugins/*/README.md"),
        *ROOT.glob("examples/*/README.md"),
        *ROOT.glob("docs/**/*.md"),
    ]
    return sorted(page for page in found if "build" not in page.relative_to(ROOT).parts)


def prelude(page: Path) -> str:
    """What the page wants to find; empty if nothing."""
    found = _PRELUDE.search(page.read_text("utf-8"))
    return found[1] if found else ""


def blocks(page: Path) -> Iterator[Block]:
    """Its fenced blocks in order, whatever is within a list or a quotation too; directives are no blocks."""
    name = page.relative_to(ROOT).as_posix()
    lines = page.read_text("utf-8").splitlines()
    marks: dict[str, str] = {}
    number = 0
    while number < len(lines):
        line = lines[number].strip()
        number += 1
        if comment := _COMMENT.match(line):
            marks[comment["word"].rstrip(":")] = comment["rest"]
            continue
        fence = _FENCE.match(line)
        if fence is None or fence["fence"][0] == ":":
            if line:
                marks = {}
            continue
        first, indent = number, len(lines[number - 1]) - len(lines[number - 1].lstrip())
        while number < len(lines) and lines[number].strip() != fence["fence"]:
            number += 1
        assert number < len(lines), f"{name}:{first}: the block has no end"
        body = "".join(f"{text[indent:]}\n" for text in lines[first:number])
        number += 1
        language = fence["info"].strip()
        if not language.startswith("{"):
            yield Block(name, first + 1, language, body, marks)
        marks = {}
