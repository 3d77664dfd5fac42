"""Customers, companies, addresses, phone numbers."""

from __future__ import annotations

import re

from ordersync import (
    Address,
    Company,
    Customer,
    e164,
)
from ordersync_shopify import wire

__all__ = [
    "address_of",
    "company_of",
    "customer_of",
    "phone_of",
]

_SUBDIVISION = re.compile(r"^[A-Z0-9]{1,3}$")


def customer_of(found: wire.Order, address: Address | None) -> Customer | None:
    """Who bought; a guest is who the e-mail address and the address say. None without any of these."""
    known = found.customer
    if known is None:
        if not found.email:
            return None
        return Customer(
            email=found.email,
            first_name=address.first_name if address else None,
            last_name=address.last_name if address else None,
            address=address,
        )
    mail, phone = known.default_email_address, known.default_phone_number
    return Customer(
        id=known.id,
        email=mail.email_address if mail else found.email,
        phone=phone.phone_number if phone else None,
        first_name=known.first_name,
        last_name=known.last_name,
        company=company_of(found.purchasing_entity),
        address=address,
        note=known.note,
    )


def company_of(purchaser: wire.Purchaser | None) -> Company | None:
    """The company that bought, if one did."""
    if purchaser is None or purchaser.company is None:
        return None
    return Company(name=purchaser.company.name, id=purchaser.company.id)


def address_of(found: wire.MailingAddress | None) -> Address | None:
    """An address; a country or subdivision that is no ISO 3166 code is left out, the region keeps its name."""
    if found is None:
        return None
    country = found.country_code if found.country_code != "ZZ" else None
    code = (found.province_code or "").removeprefix(f"{country}-").upper()
    return Address(
        first_name=found.first_name,
        last_name=found.last_name,
        company=found.company,
        line1=found.address1,
        line2=found.address2,
        city=found.city,
        postcode=found.zip,
        country=country,
        subdivision=code if _SUBDIVISION.match(code) else None,
        region=found.province,
        phone=phone_of(found.phone, found),
    )


def phone_of(number: str | None, address: wire.MailingAddress | None) -> str | None:
    """In E.164 where it can be parsed in the country of the address, else as it is given."""
    if not number:
        return None
    return e164(number, address.country_code if address else None) or number
