"""Single values of the two shapes: texts, amounts, times, places; read and written. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ordersync.model import Address, e164, minor_units, rounded

__all__ = [
    "amount",
    "decimal",
    "each",
    "moment",
    "number",
    "phone",
    "plain",
    "present",
    "state_of",
    "text",
    "text_amount",
    "time_text",
]

_SUBDIVISION = re.compile(r"[A-Z0-9]{1,3}")
_PRICE_DIGITS = 6


def text(value: Any) -> str | None:
    """A text; a whole number as its digits; nothing for null and the empty text."""
    return None if value is None or value == "" else str(value)


def decimal(value: Any) -> Decimal | None:
    """A JSON number or a decimal text, exactly; nothing for null."""
    return None if value is None else Decimal(value)


def amount(value: Any, currency: str) -> Decimal | None:
    """An amount in whole minor units of `currency`, half up; nothing for null."""
    exact = decimal(value)
    return None if exact is None else rounded(exact, currency)


def moment(value: Any) -> datetime | None:
    """An ISO 8601 time with its offset, in UTC; nothing for null. Raises ValueError for any other text."""
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value)
        if time.tzinfo is None:
            raise ValueError("a time needs its offset")
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time out of range") from None


def time_text(time: datetime, *, milliseconds: bool = False) -> str:
    """ISO 8601 in UTC with `Z`; with a fraction if there is one, or always with `milliseconds`."""
    if time.microsecond % 1000:
        precision = "microseconds"
    else:
        precision = "milliseconds" if milliseconds or time.microsecond else "seconds"
    return time.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def number(value: Decimal) -> int | Decimal:
    """A count: whole where it is whole."""
    return int(value) if value == value.to_integral_value() else value


def text_amount(value: Decimal, currency: str) -> str:
    """A decimal text with at least the digits of `currency`."""
    digits = minor_units(currency)
    exponent = value.as_tuple().exponent
    return format(value, "f" if isinstance(exponent, int) and -exponent > digits else f".{digits}f")


def each(list_amount: Decimal, quantity: Decimal, currency: str) -> Decimal:
    """What one costs where only the whole is known, in at most six digits."""
    if not list_amount:
        return list_amount
    price = (list_amount / quantity).quantize(Decimal(1).scaleb(-_PRICE_DIGITS), rounding=ROUND_HALF_UP)
    return rounded(price, currency) if price == rounded(price, currency) else price.normalize()


def phone(value: Any, country: str | None) -> str | None:
    """E.164 where it can be parsed, else as it was written."""
    written = text(value)
    return written if written is None else e164(written, country) or written


def plain(country: Any) -> str | None:
    """An ISO 3166-1 code in capitals."""
    written = text(country)
    return written.upper() if written else None


def state_of(value: Any, country: str | None) -> dict[str, Any]:
    """The address's `subdivision` if it is a code (`NY`, `US-NY`), else its `region`."""
    written = text(value)
    if written is None:
        return {}
    code = written.removeprefix(f"{country}-") if country else written
    return {"subdivision": code} if _SUBDIVISION.fullmatch(code) else {"region": written}


def present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not there."""
    return {name: value for name, value in fields.items() if value is not None}


def address_of(
    payload: Mapping[str, Any] | None, *, state: str, postcode: str, country: str
) -> Address | None:
    """An address; the three names differ between the shapes. None if it says nothing that the model has a word for."""
    if payload is None:
        return None
    land = plain(payload.get(country))
    found = Address(
        first_name=text(payload.get("firstName")),
        last_name=text(payload.get("lastName")),
        company=text(payload.get("company")),
        line1=text(payload.get("address1")),
        line2=text(payload.get("address2")),
        city=text(payload.get("city")),
        postcode=text(payload.get(postcode)),
        country=land,
        phone=phone(payload.get("phone"), land),
        email=text(payload.get("email")),
        **state_of(payload.get(state), land),
    )
    return None if found == Address() else found


def address_json(address: Address, *, state: str, postcode: str, country: str) -> dict[str, Any]:
    """The address by the shape's names."""
    return present(
        {
            "firstName": address.first_name,
            "lastName": address.last_name,
            "company": address.company,
            "address1": address.line1,
            "address2": address.line2,
            "city": address.city,
            state: address.subdivision or address.region,
            postcode: address.postcode,
            country: address.country,
            "phone": address.phone,
            "email": address.email,
        }
    )
