"""Who buys, and where it goes: customer, company, address."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, StringConstraints

from ordersync.model.frozen import Extra, Frozen

__all__ = ["Address", "Company", "Customer", "e164", "is_email"]

_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")


def is_email(text: str) -> bool:
    """Whether `text` has the form of an address that mail could be sent to."""
    return bool(_EMAIL.match(text))


def e164(number: str, country: str | None = None) -> str | None:
    """`number` as E.164 (`+4930123456`), or None if it cannot be one. `country` is ISO 3166-1 alpha-2."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


class Company(Frozen):
    """The business behind a customer (B2B)."""

    name: str
    id: str | None = None
    vat: str | None = None


class Address(Frozen):
    """A postal address. `name` is the recipient; it may differ from the customer."""

    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    postcode: str | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    """ISO 3166-1 alpha-2."""
    subdivision: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,3}$")] | None = None
    """ISO 3166-2 without the country: `NY`, `BY`, `13`."""
    region: str | None = None
    """The subdivision's name as the source wrote it, where there is no code."""
    phone: str | None = None
    """E.164 where it could be parsed, else as the source wrote it."""
    email: str | None = None
    extra: Extra = Field(default_factory=dict)

    @property
    def name(self) -> str:
        """First and last name, else the company, else empty."""
        person = " ".join(part for part in (self.first_name, self.last_name) if part)
        return person or self.company or ""

    def __repr__(self) -> str:
        return f"Address({self.country or '??'})"

    __str__ = __repr__


class Customer(Frozen):
    """Who placed the order. A guest has no `id`."""

    id: str | None = None
    """The source's id, stable for one account."""
    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: Company | None = None
    address: Address | None = None
    """The default address, used when the target's customer is created."""
    note: str | None = None
    extra: Extra = Field(default_factory=dict)

    @property
    def name(self) -> str:
        """First and last name, else the company's name, else empty."""
        person = " ".join(part for part in (self.first_name, self.last_name) if part)
        return person or (self.company.name if self.company else "")

    @property
    def guest(self) -> bool:
        """Whether the source knows no account of this person."""
        return self.id is None

    def __repr__(self) -> str:
        return f"Customer({'guest' if self.guest else self.id})"

    __str__ = __repr__
