"""Values on their way in and out: what is accepted, refused, rounded, and how it is shown (measured)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from .faults import DateFault, ValueFault
from .metadata import Field
from .taxes import round_to

__all__ = ["condition_time", "decimal_of", "shown", "shown_time", "stored"]

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d)?")
_FORMAT = "%Y-%m-%d %H:%M:%S"


def decimal_of(raw: Any) -> Decimal:
    """A number as it was sent; text is tried as one (measured)."""
    if isinstance(raw, Decimal):
        return raw
    if raw is None or raw is False:
        return Decimal(0)
    if isinstance(raw, (bool, int)):
        return Decimal(int(raw))
    try:
        return Decimal(str(raw).strip())
    except InvalidOperation:
        raise ValueFault(f"could not convert string to float: {str(raw)!r}") from None


def stored(field: Field, raw: Any, model: str) -> Any:
    """A value as it is kept, from what a write brought; relations to many are not for here."""
    kind = field.type
    if kind in ("float", "monetary"):
        number = decimal_of(raw)
        return number if field.digits is None else round_to(number, Decimal(1).scaleb(-field.digits))
    if kind == "boolean":
        return bool(raw)
    if kind == "integer":
        if raw is None or raw is False:
            return 0
        return int(decimal_of(raw))
    if kind == "many2one":
        return raw if isinstance(raw, int) and not isinstance(raw, bool) and raw else None
    if raw is None or raw is False:
        return None
    if kind == "datetime":
        return _moment(str(raw))
    text = str(raw)
    if "\x00" in text:
        raise ValueFault("A string literal cannot contain NUL (0x00) characters.")
    told = {value for value, _ in field.selection} if field.name != "lang" else set()
    if kind == "selection" and told and text not in told:
        raise ValueFault(f"Wrong value for {model}.{field.name}: {text!r}")
    if kind == "html" and text and not text.lstrip().startswith("<"):
        return f"<p>{text}</p>"
    if kind == "date":
        return text[:10]
    return text


def _moment(text: str) -> datetime:
    if _DAY.fullmatch(text):
        text += " 00:00:00"
    try:
        return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise ValueFault(f"time data {text!r} does not match format {_FORMAT!r}") from None


def shown_time(moment: datetime) -> str:
    """Whole seconds, UTC, without a zone (measured)."""
    return moment.strftime(_FORMAT)


def shown(field: Field, value: Any) -> Any:
    """A kept value as JSON carries it; false for what is empty, a number with a point for every float."""
    kind = field.type
    if kind in ("float", "monetary"):
        return _pointed(value or Decimal(0))
    if kind == "integer":
        return value or 0
    if kind == "boolean":
        return bool(value)
    if value is None:
        return False
    if kind == "datetime" and isinstance(value, datetime):
        return shown_time(value)
    return value


def _pointed(value: Decimal) -> Decimal:
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0")
        if text.endswith("."):
            text += "0"
    else:
        text += ".0"
    return Decimal("0.0") if text in ("-0.0", "0.0") else Decimal(text)


def condition_time(raw: Any, operator: str, version: str) -> datetime | None:
    """The moment that a condition compares with (measured): a day alone is its end for `>` and `<=`."""
    if raw is None or raw is False:
        return None
    if isinstance(raw, datetime):
        return raw
    text = str(raw)
    if _DAY.fullmatch(text):
        day = _read(f"{text} 00:00:00", version, text)
        return day + timedelta(days=1, microseconds=-1) if operator in (">", "<=") else day
    found = _MOMENT.fullmatch(text)
    if not found or (version == "19" and found[4]):
        raise _unreadable(text, version)
    moment = _read(f"{found[1]} {found[2]}", version, text)
    if found[3] and version == "17":
        moment += timedelta(microseconds=int(Decimal(found[3]) * 1_000_000))
    return moment


def _read(text: str, version: str, given: str) -> datetime:
    try:
        return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise _unreadable(given, version) from None


def _unreadable(text: str, version: str) -> DateFault | ValueFault:
    if version == "17":
        return DateFault(f'invalid input syntax for type timestamp: "{text}"\n')
    return ValueFault(f"time data {text!r} does not match format {_FORMAT!r}")
