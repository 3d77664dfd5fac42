"""Free text, word by word."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from ordersync.testing.recording.known import Known
from ordersync.testing.recording.shapes import WEB_ADDRESS
from ordersync.testing.recording.standins import StandIns

__all__ = ["replaced_words"]

_TOKEN = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)*")
_AMOUNT = re.compile(r"\d{1,2}|\d+[.,]\d{1,2}")


def replaced_words(
    text: str,
    stand_ins: StandIns,
    known: Known,
    address: Callable[[str], str],
    plain: Collection[str],
    *,
    every_digit: bool,
) -> str:
    """The text with every word replaced that is not `plain`, and numbers of three digits and more; small numbers and
    amounts stay, unless `every_digit`. Single letters stay."""

    def token(found: re.Match[str]) -> str:
        run = found[0]
        if run[0].isdigit():
            if _AMOUNT.fullmatch(run) and not every_digit:
                return run
            return re.sub(r"\d+", lambda m: stand_ins.digits(m[0]), run)
        return run if len(run) == 1 or run.casefold() in plain else stand_ins.word(run)

    made = []
    at = 0
    for found in WEB_ADDRESS.finditer(text):
        made += [*_parts(text[at : found.start()], known, token), address(found[0])]
        at = found.end()
    return "".join([*made, *_parts(text[at:], known, token)])


def _parts(text: str, known: Known, token: Callable[[re.Match[str]], str]) -> list[str]:
    return [part if done else _TOKEN.sub(token, part) for part, done in known.pieces(text)]
