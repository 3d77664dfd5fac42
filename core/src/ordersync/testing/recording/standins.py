"""What stands in for a value: valid in its kind, the same for the same value, and telling nothing without the key."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
import threading
from collections.abc import Callable

from ordersync.testing.recording.kinds import PLAIN_WORDS

__all__ = ["StandIns"]

_CONSONANTS = "bdfgklmnprstvz"
_VOWELS = "aeiou"
_AREAS = (201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224, 225, 228)
_LOCAL_HOSTS = re.compile(r"localhost|127\.0\.0\.1|\[::1\]|.*\.sandbox")
_VENDOR_HOSTS = (
    "api.bigcommerce.com",
    "login.bigcommerce.com",
    "myshopify.com",
    "mybigcommerce.com",
    "suitetalk.api.netsuite.com",
    "odoo.com",
    "shopify.com",
    "schema.org",
    "w3.org",
    "json-schema.org",
    "api.w.org",
)
"""The vendor's own hosts say nothing about the account; of what stands before them the stand-in keeps nothing."""


class StandIns:
    """Stand-ins of one recording. Its key is random, and forgotten with it. Thread-safe."""

    def __init__(self, key: bytes | None = None) -> None:
        """`key` is for tests; whoever knows it can try values."""
        self._key = key or secrets.token_bytes(32)
        self._given: dict[tuple[str, str], str] = {}
        self._taken: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def word(self, word: str) -> str:
        """A word like a name, in the case of `word`."""
        made = self._once("word", word.casefold(), self._made_word)
        if len(word) > 1 and word.isupper():
            return made.upper()
        return made.capitalize() if word[:1].isupper() else made

    def digits(self, digits: str) -> str:
        """As many digits; the first is 0 only if it was."""

        def made(number: int) -> str:
            text = str(number).zfill(len(digits))[-len(digits) :]
            return text if digits[0] == "0" or text[0] != "0" else f"{number % 9 + 1}{text[1:]}"

        return self._once("digits", digits, made, distinct=len(digits) > 3)

    def shaped(self, value: str) -> str:
        """The same shape: runs of digits and words are replaced, everything else stays."""

        def one(found: re.Match[str]) -> str:
            run = found[0]
            if run.isdigit():
                return self.digits(run)
            letters = self._once(f"letters{len(run)}", run.casefold(), lambda n: _letters(n, len(run)))
            return letters.upper() if run.isupper() else letters

        return re.sub(r"\d+|[^\W\d_]+", one, value)

    def email(self, address: str) -> str:
        """An address at example.com."""
        return f"{self.mailbox(address)}@example.com"

    def mailbox(self, address: str) -> str:
        """What stands before the @ of this address's stand-in."""

        def made(number: int) -> str:
            return f"{self._made_word(number)}.{self._made_word(number >> 64)}"

        return self._once("mailbox", address.casefold(), made)

    def phone(self, number: str) -> str:
        """A number of those that are reserved for fiction (+1 … 555 01xx), E.164. However it is spelt, the last seven
        digits decide: a platform's national number and our international one get the same."""
        last = "".join(sign for sign in number if sign.isdigit())[-7:]
        return self._once("phone", last, lambda n: f"+1{_AREAS[n % len(_AREAS)]}55501{(n >> 32) % 100:02}")

    def secret(self, value: str) -> str:
        """A word that says what it is."""
        return self._once("secret", value, lambda n: f"scrubbed-{n % 16**12:012x}")

    def ip(self, address: str) -> str:
        """An address of those that are reserved for documents."""
        if ipaddress.ip_address(address).version == 4:
            return self._once("ip", address, lambda n: f"192.0.2.{n % 254 + 1}", distinct=False)
        return self._once("ip", address, lambda n: f"2001:db8::{n % 65535 + 1:x}")

    def host(self, host: str) -> str:
        """A host below `.example`; the vendors' own and local ones stay."""
        bare = host.lower()
        if _LOCAL_HOSTS.fullmatch(bare) or bare.endswith((".example", "example.com")):
            return host
        for vendor in _VENDOR_HOSTS:
            if bare == vendor or bare == f"www.{vendor}":
                return host
            if bare.endswith(f".{vendor}"):
                return f"{self._once('host', bare, self._made_word)}.{vendor}"
        try:
            return self.ip(bare.strip("[]"))
        except ValueError:
            return f"{self._once('host', bare, self._made_word)}.example"

    def _made_word(self, number: int) -> str:
        syllables = 3 + number % 2
        signs = []
        for _ in range(syllables):
            number //= 7
            signs.append(_CONSONANTS[number % 14] + _VOWELS[(number >> 5) % 5])
            number >>= 9
        return "".join(signs)

    def _once(self, kind: str, value: str, made: Callable[[int], str], *, distinct: bool = True) -> str:
        """The stand-in of `value`; two values never share one, as long as there are others."""
        with self._lock:
            if (kind, value) in self._given:
                return self._given[kind, value]
        for attempt in range(200):
            seed = hmac.digest(self._key, f"{kind}\0{attempt}\0{value}".encode(), hashlib.sha256)
            found = made(int.from_bytes(seed))
            if found == value or found in PLAIN_WORDS:
                continue
            if not distinct or (kind, found) not in self._taken:
                break
        with self._lock:
            self._taken.add((kind, found))
            return self._given.setdefault((kind, value), found)


def _letters(number: int, count: int) -> str:
    signs = []
    for _ in range(count):
        number, sign = divmod(number, 26)
        signs.append(chr(ord("a") + sign))
    return "".join(signs)
