"""What an author adds: names of fields, patterns, words that may stay."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ordersync.testing.recording.kinds import Kind, kind_of_name, name_words

__all__ = ["Rules"]


def _bare(name: str) -> str:
    return "".join(name_words(name))


@dataclass(frozen=True)
class Rules:
    """How a recording is scrubbed, beyond what the tables of `kinds` know.

    Names of fields are compared without case, `_` and `-`; `a.b` means `b` directly inside `a`.

        Rules(fields={"shop.motto": Kind.TEXT, "title": Kind.KEEP}, patterns=[(r"\\bDOOR-\\d+", Kind.SECRET)])
    """

    fields: Mapping[str, Kind] = field(default_factory=dict)
    """Field → what it holds. `Kind.KEEP` lets it stay, but for secrets, e-mail addresses and people's names."""
    patterns: Sequence[tuple[str, Kind]] = ()
    """Regular expressions: what they find in any text is replaced as of this kind."""
    words: frozenset[str] = frozenset()
    """Words of free text that may stay besides the plain ones, in lower case."""
    secrets: frozenset[str] = frozenset()
    """Values that must not be seen, besides the settings' secrets."""

    def __post_init__(self) -> None:
        named = {tuple(map(_bare, name.split("."))): kind for name, kind in self.fields.items()}
        object.__setattr__(self, "_named", named)
        object.__setattr__(self, "_patterns", [(re.compile(text), kind) for text, kind in self.patterns])

    def kind_of(self, path: Sequence[str]) -> Kind | None:
        """What the field at this path (names, outermost first) holds, by its name; None if that does not tell."""
        if not path:
            return None
        named: Mapping[tuple[str, ...], Kind] = self.__dict__["_named"]
        own = _bare(path[-1])
        for key in ((_bare(path[-2]), own) if len(path) > 1 else (), (own,)):
            if key in named:
                return named[key]
        return kind_of_name(path[-1])

    def found_in(self, text: str) -> list[tuple[str, Kind]]:
        """What the author's patterns find in a text."""
        patterns: Sequence[tuple[re.Pattern[str], Kind]] = self.__dict__["_patterns"]
        return [
            (found[0], kind) for pattern, kind in patterns for found in pattern.finditer(text) if found[0]
        ]
