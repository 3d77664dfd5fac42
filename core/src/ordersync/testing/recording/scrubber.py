"""Replaces what is secret or personal: by the names of fields, by patterns, and wherever a value known by now recurs.

Free text is replaced word by word unless something says that it is harmless, because a list of what is dangerous in it
is never complete. Words, not texts: a name that stands in an order, in a note and in two halves of an address gets the
same stand-ins everywhere, and what a connector joins or splits still fits when it is replayed.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Protocol

from ordersync.errors import BadInput
from ordersync.testing.recording.addresses import scrubbed_address, scrubbed_pairs
from ordersync.testing.recording.kinds import PERSON_WORDS, PLAIN_WORDS, Kind, name_words
from ordersync.testing.recording.known import Known
from ordersync.testing.recording.rules import Rules
from ordersync.testing.recording.shapes import (
    FIELD_BEFORE,
    HOST,
    MARKUP,
    QUOTED,
    QUOTED_OR_SEARCHED,
    SEARCHED,
    WEB_ADDRESS,
    is_base64,
    is_language,
    is_structural,
)
from ordersync.testing.recording.standins import StandIns
from ordersync.testing.recording.words import replaced_words
from ordersync.web import dump, read

__all__ = ["Notes", "Scrubber"]

_OPERATORS = frozenset("= != <> < > <= >= in like ilike =like =ilike eq ne contains startswith".split())


class Notes(Protocol):
    """Is told what was replaced."""

    def replaced(self, kind: Kind, path: Sequence[str]) -> None:
        """A value of this kind stood at this path of names and positions."""


class Scrubber:
    """Knows what was seen by now; several recordings of one transfer share one. Thread-safe."""

    def __init__(
        self, rules: Rules | None = None, *, secrets: Iterable[str] = (), key: bytes | None = None
    ) -> None:
        """`secrets` are values that must not be seen anywhere. `key` is for tests; by default it is random."""
        self.rules = rules or Rules()
        self.stand_ins = StandIns(key)
        self.known = Known(self.stand_ins)
        for value in (*secrets, *self.rules.secrets):
            self.known.secret(value)

    def value(self, value: Any, path: Sequence[str] = (), notes: Notes | None = None) -> Any:
        """The value with everything in it replaced. Dicts, lists, texts, numbers; others come back as they are."""
        match value:
            case dict():
                return self._object(value, path, notes)
            case list() | tuple():
                return [self._element(value, place, path, notes) for place in range(len(value))]
            case str():
                return self.text(value, path, notes)
            case bool() | None:
                return value
            case int() | Decimal():
                return self._number(value, path, notes)
            case _:
                return value

    def text(self, text: str, path: Sequence[str] = (), notes: Notes | None = None) -> str:
        """One text at a path of names, outermost first."""
        kind = self._kind(path)
        made, found = self._text(text, kind, path, notes)
        if made != text and notes:
            notes.replaced(found, path)
        return made

    def address(self, url: str, notes: Notes | None = None, path: Sequence[str] = ()) -> str:
        """A web address or a path with a query."""
        return scrubbed_address(url, self, path, notes)

    # -- the whole -----------------------------------------------------------------------------------------------

    def _object(self, value: dict[str, Any], path: Sequence[str], notes: Notes | None) -> dict[str, Any]:
        """Also `{"key": "gift_note", "value": …}`: there the first names the second."""
        label = next((value[name] for name in ("key", "name", "Name", "Key") if name in value), None)
        labelled = isinstance(label, str) and any(name in value for name in ("value", "Value"))
        made: dict[str, Any] = {}
        for name, part in value.items():
            shown = self.known.out(name, words=False)
            where = (*path, shown)
            if labelled and name in ("value", "Value"):
                made[shown] = self.value(part, (*path, str(label)), notes)
            elif labelled and part == label and is_structural(str(label)):
                made[shown] = self.known.out(part)
            else:
                made[shown] = self.value(part, where, notes)
        return made

    def _element(self, many: Sequence[Any], place: int, path: Sequence[str], notes: Notes | None) -> Any:
        """Also `["email", "=", "…"]`, where the first names the third, and `[7, "…"]`, an id and its name."""
        part = many[place]
        if place == 1 and len(many) == 2 and isinstance(many[0], int) and isinstance(part, str):
            return self.value(part, (*path, "name"), notes)
        named = (
            place == 2
            and len(many) == 3
            and isinstance(many[0], str)
            and isinstance(many[1], str)
            and many[1].lower() in _OPERATORS
        )
        if named:
            return self.value(part, (*path, many[0].rpartition(".")[2]), notes)
        return self.value(part, (*path, f"#{place}"), notes)

    def _number(self, value: int | Decimal, path: Sequence[str], notes: Notes | None) -> int | Decimal:
        kind = self._kind(path)
        personal = kind in (Kind.PHONE, Kind.POSTCODE, Kind.NUMBER)
        if kind is Kind.SECRET:
            personal = name_words(path[-1])[-1:] in (("token",), ("secret",), ("password",), ("pin",))
        text = str(value)
        if not personal or len(text) < 3 or "E" in text:
            return value
        if notes and kind:
            notes.replaced(kind, path)
        sign, digits = text[:1].strip("0123456789"), text.lstrip("-")
        made = sign + ".".join(self.stand_ins.digits(part) for part in digits.split("."))
        return int(made) if isinstance(value, int) else Decimal(made)

    def _kind(self, path: Sequence[str]) -> Kind | None:
        named = [part for part in path if not part.startswith("#")]
        kind = self.rules.kind_of(named)
        if kind is None and len(named) > 1 and named[-1].lower() in ("name", "displayname", "display_name"):
            return Kind.NAME if set(name_words(named[-2])) & PERSON_WORDS else None
        return kind

    # -- one text ------------------------------------------------------------------------------------------------

    def _text(
        self, text: str, kind: Kind | None, path: Sequence[str], notes: Notes | None
    ) -> tuple[str, Kind]:
        if not text.strip():
            return text, Kind.KEEP
        for value, found in self.rules.found_in(text):
            self.known.remember(value, found)
        match kind:
            case Kind.SECRET:
                return self._secret(text), Kind.SECRET
            case Kind.EMAIL if "@" in text:
                return self._free(text), Kind.EMAIL
            case Kind.PHONE if any(sign.isdigit() for sign in text):
                return self.known.phone(text), Kind.PHONE
            case Kind.POSTCODE | Kind.NUMBER:
                return self.known.shaped(text, kind), kind
            case Kind.HOST if HOST.fullmatch(text.strip()):
                return self.known.host(text.strip()), Kind.HOST
            case Kind.IP:
                return self.known.out(text), Kind.IP
        inside = self._inside(text, path, notes)
        if inside is not None:
            return inside, Kind.HOST if WEB_ADDRESS.fullmatch(text.strip()) else Kind.TEXT
        match kind:
            case Kind.NAME | Kind.ADDRESS:
                self.known.words(text, kind)
                return self._words(text, plain=frozenset(), every_digit=kind is Kind.ADDRESS), kind
            case Kind.PLACE | Kind.CODE if kind is Kind.PLACE or re.fullmatch(r"\S+", text):
                return self.known.out(text, words=False), kind
            case Kind.SEARCH:
                return self._search(text, path, notes), Kind.SEARCH
            case Kind.ID if is_structural(text):
                return self.known.out(text, words=False), Kind.ID
            case Kind.TEXT:
                return self._free(text), Kind.TEXT
        if is_structural(text) or kind is Kind.KEEP:
            return self.known.out(text), Kind.NAME
        return self._free(text), Kind.TEXT

    def _secret(self, text: str) -> str:
        scheme, gap, proof = text.partition(" ")
        if gap and scheme.isalpha() and len(scheme) <= 12:
            self.known.secret(proof)
            return f"{scheme} {self.stand_ins.secret(proof)}"
        return self.known.secret(text)

    def _inside(self, text: str, path: Sequence[str], notes: Notes | None) -> str | None:
        """What is written inside a text in a language of its own: JSON, markup, an address, base64; None if nothing."""
        bare = text.strip()
        if bare[0] in "{[" and bare[-1] in "}]":
            try:
                return dump(self.value(read(bare), path, notes)).decode()
            except BadInput:
                pass
        if is_language(bare):
            return self._quoted(text, path, notes)
        if MARKUP.search(bare):
            return self._markup(text, path, notes)
        if WEB_ADDRESS.fullmatch(bare):
            return scrubbed_address(text, self, path, notes)
        if is_base64(bare):
            return self._base64(bare, path)
        return None

    def _base64(self, text: str, path: Sequence[str]) -> str | None:
        urlsafe = bool(set("-_") & set(text))
        try:
            raw = base64.b64decode(
                text + "=" * (-len(text) % 4), altchars=b"-_" if urlsafe else b"+/", validate=True
            )
            inner = raw.decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        if not inner.isprintable():
            return None
        made = self.text(inner, path, None)
        if made == inner:
            return text
        again = base64.b64encode(made.encode(), altchars=b"-_" if urlsafe else b"+/").decode()
        return again if text.endswith("=") or len(text) % 4 == 0 else again.rstrip("=")

    def _markup(self, text: str, path: Sequence[str], notes: Notes | None) -> str:
        tag = ""
        made = []
        for part in re.split(r"(<[^<>]*>)", text):
            if part.startswith("<") and part.endswith(">"):
                tag = re.sub(r"^</?|[\s/>].*$", "", part, flags=re.DOTALL).rpartition(":")[2]
                made.append(self._attributes(part, path, notes))
            else:
                where = (*path, tag) if tag else path
                made.append(html.escape(self.text(html.unescape(part), where, notes), quote=False))
        return "".join(made)

    def _attributes(self, tag: str, path: Sequence[str], notes: Notes | None) -> str:
        def one(found: re.Match[str]) -> str:
            name, quote, value = found[1], found[2], html.unescape(found[3])
            if name.startswith("xmlns") or "schemaLocation" in name:
                return found[0]
            return f"{name}={quote}{html.escape(self.text(value, (*path, name), notes))}{quote}"

        return re.sub(r"([\w:.-]+)\s*=\s*([\"'])(.*?)\2", one, tag, flags=re.DOTALL)

    def _search(self, text: str, path: Sequence[str], notes: Notes | None) -> str:
        """Quoted values, and what stands behind `field:` or an operator; a bare search is all value."""
        if QUOTED.search(text) or SEARCHED.search(text):
            return self._quoted(text, path, notes, searched=True)
        return self._free(text) if not is_structural(text) else self.known.out(text)

    def _quoted(self, text: str, path: Sequence[str], notes: Notes | None, *, searched: bool = False) -> str:
        """Of a text in a language of machines only what stands in quotes; if `searched`, also behind `field:`."""
        made = []
        at = 0
        for found in (QUOTED_OR_SEARCHED if searched else QUOTED).finditer(text):
            before = text[at : found.start()]
            made.append(self.known.out(before, words=False))
            quote, field, sign, value = found[1], found["field"], found["sign"], found["value"]
            if quote is None:
                made.append(f"{field}{sign}{self.text(value, (*path, field), notes)}")
            else:
                named = FIELD_BEFORE.search(text[: found.start()])
                where = (*path, named[1].rpartition(".")[2]) if named else path
                made.append(f"{quote}{self.text(found[2], where, notes)}{quote}")
            at = found.end()
        return "".join([*made, self.known.out(text[at:], words=False)])

    def _free(self, text: str) -> str:
        return self._words(
            text, plain=(PLAIN_WORDS | self.rules.words) - self.known.learnt, every_digit=False
        )

    def _words(self, text: str, *, plain: frozenset[str] | set[str], every_digit: bool) -> str:
        def address(url: str) -> str:
            return scrubbed_address(url, self, (), None)

        return replaced_words(text, self.stand_ins, self.known, address, plain, every_digit=every_digit)

    def step(self, text: str) -> str:
        """One step of an address's path, decoded."""
        if WEB_ADDRESS.fullmatch(text) or (not is_structural(text) and " " in text):
            return self._free(text)
        return self._quoted(text, (), None) if QUOTED.search(text) else self.known.out(text)

    def pairs(
        self, pairs: Sequence[tuple[str, str]], path: Sequence[str], notes: Notes | None
    ) -> list[tuple[str, str]]:
        """The pairs of a form or a query."""
        return scrubbed_pairs(pairs, self, path, notes)
