"""Texts that tell by their shape what they are: ids, numbers, times and words of machines; or languages with values inside."""

from __future__ import annotations

import re

__all__ = [
    "EMAIL",
    "FIELD_BEFORE",
    "HOST",
    "MARKUP",
    "QUOTED",
    "QUOTED_OR_SEARCHED",
    "SEARCHED",
    "WEB_ADDRESS",
    "is_base64",
    "is_language",
    "is_structural",
]

EMAIL = re.compile(r"[\w.+-][\w.+'-]*(?:@|%40|&#64;|&#x40;)[\w-]+(?:\.[\w-]+)+")
HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
MARKUP = re.compile(r"<[A-Za-z!?/][^<>]*>")
WEB_ADDRESS = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
_IN_QUOTES = r"([\"'])((?:(?!\1)[^\\]|\\.)*)\1"
_BEHIND = r"(?P<field>\w+)(?P<sign>:[<>=]*)(?P<value>[^\s'\"():]+)"
QUOTED = re.compile(rf"{_IN_QUOTES}(?P<field>(?!))?(?P<sign>(?!))?(?P<value>(?!))?")
SEARCHED = re.compile(_BEHIND)
QUOTED_OR_SEARCHED = re.compile(f"{_IN_QUOTES}|{_BEHIND}")
FIELD_BEFORE = re.compile(r"([A-Za-z_][\w.]*)\s*(?:[:=<>!]+|\b(?:eq|ne|like|in|LIKE|IN)\b)?[\s(]*$")
_LANGUAGE = re.compile(
    r"\s*(?:(?:query|mutation|subscription|fragment)\b[^{]*\{|\{\s*\w+\s*[({\n ]|select\s.+\sfrom\s)",
    re.IGNORECASE | re.DOTALL,
)
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{16,}|[A-Za-z0-9_-]{16,})={0,2}")
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?"
    r"|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|[+-]\d{4})"
)
_WORD_OF_MACHINES = re.compile(r"[^A-Z]+|[^a-z]+|.*(?:[a-z][A-Z]|[_/#=]).*", re.DOTALL)
_LONGEST = 300


def is_structural(text: str) -> bool:
    """Whether a text is a number, a time, an id, or a word of machines (`partially_paid`, `PAID`, `tYES`, `SKU-1`).

    A word with a capital only at its beginning may be a name; so may everything with blanks or other alphabets.
    """
    if _MOMENT.fullmatch(text):
        return True
    tokens = text.split()
    if len(text) > _LONGEST or not text.isascii() or "@" in text:
        return False
    if len(tokens) == 1:
        return any(sign.isdigit() for sign in text) or bool(_WORD_OF_MACHINES.fullmatch(text))
    return all(
        any(sign.isdigit() or sign in "/=_" for sign in token)
        or not any(sign.isalpha() for sign in token)
        or (token.isupper() and len(token) <= 3)
        for token in tokens
    )


def is_language(text: str) -> bool:
    """Whether a text is a GraphQL document or SQL."""
    return bool(_LANGUAGE.match(text))


def is_base64(text: str) -> bool:
    """Whether a text may be base64 of something."""
    return bool(_BASE64.fullmatch(text))
