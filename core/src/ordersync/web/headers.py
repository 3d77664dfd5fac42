"""Headers that can be sent: checked before httpx sees them, because its errors quote what it refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ordersync.errors import BadSettings

__all__ = ["Silent", "lowered", "sendable"]

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"(?:[!-~](?:[ -~\t]*[!-~])?)?")


class Silent(dict[str, str]):
    """Headers whose `repr` holds no value: what prints the local variables of a traceback prints no credential."""

    def __repr__(self) -> str:
        return f"{len(self)} headers"

    __str__ = __repr__


def lowered(headers: Mapping[str, str]) -> Silent:
    """The same with names in lower case, so that two spellings of one name are one header."""
    return Silent((name.lower(), value) for name, value in headers.items())


def sendable(headers: Mapping[str, str]) -> Silent:
    """The same, lowered. Raises BadSettings, without the value, if HTTP cannot carry one of them."""
    for name, value in headers.items():
        if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
            raise BadSettings(
                f"The header {name!r} holds characters that no header can carry.",
                remedy="Look for a line break, a space or an accented letter in the credential.",
            )
    return lowered(headers)
