"""Values and words that are known to be somebody's, to be replaced wherever they recur, however they are written there."""

from __future__ import annotations

import base64
import html
import ipaddress
import re
import threading
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

from ordersync.testing.recording.kinds import KEPT_WORDS, PLAIN_WORDS, Kind
from ordersync.testing.recording.shapes import EMAIL
from ordersync.testing.recording.standins import StandIns
from ordersync.web import dump

__all__ = ["Known", "spellings"]

SHORTEST_SECRET = 6
"""Shorter ones are replaced where they stand, and not looked for elsewhere: they would be found in everything."""
_SHORTEST_WORD = {Kind.NAME: 3, Kind.ADDRESS: 5}
_START = 6
"""By so many signs values are looked up; shorter ones are replaced where they stand only."""
_RUN = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_IP = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w.:])"
)
_PHONE = re.compile(r"(?<![\w+])\+\d[\d ()/.-]{5,}\d(?!\w)")


def spellings(value: str) -> dict[str, Callable[[str], str]]:
    """The ways in which a value may be written inside another text: spelling → how to spell the stand-in so."""
    ways: tuple[Callable[[str], str], ...] = (
        str,
        lambda text: quote(text, safe=""),
        quote,
        quote_plus,
        lambda text: quote(text, safe="").replace("%", "%25"),
        html.escape,
        lambda text: dump(text).decode()[1:-1],
        lambda text: text.encode("unicode_escape").decode(),
        lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
        lambda text: text.encode().hex(),
    )
    found: dict[str, Callable[[str], str]] = {}
    for way in ways:
        found.setdefault(way(value), way)
    return found


class Known:
    """What one recording has learnt by now. Thread-safe; grows only."""

    def __init__(self, stand_ins: StandIns) -> None:
        self._stand_ins = stand_ins
        self._values: dict[str, str] = {}
        self._stands_in: set[str] = set()
        self._by_start: dict[str, tuple[str, ...]] = {}
        self._lock = threading.RLock()
        self.learnt: set[str] = set()
        """Words of names and addresses, case folded."""
        self.sensitive: dict[str, Kind] = {}
        """Whole values that must not be in the file in any spelling."""

    def secret(self, value: str) -> str:
        """Learn a secret; its stand-in."""
        stand_in = self._stand_ins.secret(value)
        if len(value) >= SHORTEST_SECRET:
            self._learn(value, stand_in, Kind.SECRET)
        return stand_in

    def email(self, address: str) -> str:
        """Learn an address; its stand-in, spelt as it was."""
        sign = next(sign for sign in ("@", "%40", "&#64;", "&#x40;") if sign in address)
        mailbox, _, host = address.partition(sign)
        bare = f"{mailbox}@{host}"
        if self._is_stand_in(bare):
            return address
        made = self._stand_ins.email(bare)
        if bare not in self.sensitive:
            self._learn(bare, made, Kind.EMAIL)
            if len(mailbox) >= SHORTEST_SECRET and mailbox.casefold() not in PLAIN_WORDS:
                self._learn(mailbox, self._stand_ins.mailbox(bare), None)
        return made.replace("@", sign)

    def phone(self, number: str) -> str:
        """Learn a number; its stand-in, which is always E.164."""
        if self._is_stand_in(number.strip()):
            return number
        made = self._stand_ins.phone(number)
        if sum(sign.isdigit() for sign in number) >= 8:
            self._learn(number.strip(), made, Kind.PHONE)
        return made

    def shaped(self, value: str, kind: Kind) -> str:
        """Learn a value that keeps its shape; its stand-in."""
        made = self._stand_ins.shaped(value)
        if len(value) >= SHORTEST_SECRET and _RUN.search(value):
            self._learn(value, made, None if kind is Kind.POSTCODE else kind)
        return made

    def host(self, host: str) -> str:
        """Learn a host; its stand-in."""
        made = self._stand_ins.host(host)
        if made != host and "." in host:
            self._learn(host, made, Kind.HOST)
        return made

    def words(self, text: str, kind: Kind) -> None:
        """Learn the words of a name or an address."""
        found = {word.casefold() for word in _RUN.findall(text) if len(word) >= _SHORTEST_WORD[kind]}
        with self._lock:
            self.learnt |= found - PLAIN_WORDS if kind is Kind.ADDRESS else found - _SMALL
            if kind is Kind.NAME and len(found) > 1 and len(text) >= 8:
                self.sensitive.setdefault(text.strip(), Kind.NAME)

    def remember(self, value: str, kind: Kind) -> None:
        """Learn what an author's pattern found."""
        match kind:
            case Kind.KEEP | Kind.CODE | Kind.PLACE:
                return
            case Kind.EMAIL:
                made = self._stand_ins.email(value)
            case Kind.PHONE:
                made = self._stand_ins.phone(value)
            case Kind.SECRET:
                made = self._stand_ins.secret(value)
            case _:
                made = self._stand_ins.shaped(value)
        self._learn(value, made, kind)

    def pieces(self, text: str) -> Iterator[tuple[str, bool]]:
        """The text in pieces: what was replaced (True), and what is left between."""
        for part, done in self._values_in(text):
            if done:
                yield part, True
                continue
            for piece, kept in _cut(part, KEPT_WORDS, lambda m: m[0]):
                if kept:
                    yield piece, True
                else:
                    yield from self._patterns(piece)

    def out(self, text: str, *, words: bool = True) -> str:
        """The text without anything known; with `words` also without learnt words."""
        return "".join(
            part if done or not words else self._unlearnt(part) for part, done in self.pieces(text)
        )

    def _patterns(self, text: str) -> Iterator[tuple[str, bool]]:
        for part, done in _cut(text, EMAIL, lambda m: self.email(m[0])):
            if done:
                yield part, True
                continue
            for piece, found in _cut(part, _PHONE, lambda m: self.phone(m[0])):
                if found:
                    yield piece, True
                else:
                    yield from _cut(piece, _IP, lambda m: self._ip(m[0]))

    def _ip(self, text: str) -> str:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return text
        if address.is_loopback or address.is_unspecified or len(text) < SHORTEST_SECRET:
            return text
        made = self._stand_ins.ip(text)
        self._learn(text, made, Kind.IP)
        return made

    def _unlearnt(self, text: str) -> str:
        def run(found: re.Match[str]) -> str:
            if found[0].casefold() in self.learnt:
                beside = text[max(found.start() - 1, 0) : found.start()] + text[found.end() : found.end() + 1]
                if len(found[0]) >= 5 or not any(sign.isalnum() for sign in beside):
                    return self._stand_ins.word(found[0])
            return _CAMEL.sub(part, found[0])

        def part(found: re.Match[str]) -> str:
            known = len(found[0]) >= 4 and found[0].casefold() in self.learnt
            return self._stand_ins.word(found[0]) if known else found[0]

        return _RUN.sub(run, text)

    def _is_stand_in(self, value: str) -> bool:
        return value in self._stands_in

    def _learn(self, value: str, stand_in: str, kind: Kind | None) -> None:
        with self._lock:
            self._stands_in.add(stand_in)
            if kind is not None:
                self.sensitive.setdefault(value, kind)
            for text, way in spellings(value).items():
                if text not in self._values and len(text) >= _START:
                    self._values[text] = way(stand_in)
                    beside = (*self._by_start.get(text[:_START], ()), text)
                    self._by_start[text[:_START]] = tuple(sorted(beside, key=lambda one: (-len(one), one)))

    def _values_in(self, text: str) -> Iterator[tuple[str, bool]]:
        """The text cut at known values, the longest first; looked up by their first signs, as there may be thousands."""
        done = at = 0
        while at <= len(text) - _START:
            found = next(
                (one for one in self._by_start.get(text[at : at + _START], ()) if text.startswith(one, at)),
                "",
            )
            if found:
                yield text[done:at], False
                yield self._values[found], True
                done = at = at + len(found)
            else:
                at += 1
        yield text[done:], False


_SMALL = frozenset("a an and as at by for from in of on or the to with".split())


def _cut(
    text: str, pattern: re.Pattern[str], made: Callable[[re.Match[str]], str]
) -> Iterator[tuple[str, bool]]:
    at = 0
    for found in pattern.finditer(text):
        replaced = made(found)
        yield text[at : found.start()], False
        yield replaced, True
        at = found.end()
    yield text[at:], False
