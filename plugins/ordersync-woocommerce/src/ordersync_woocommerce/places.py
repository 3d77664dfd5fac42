"""Addresses: between WooCommerce's and ours.

WooCommerce's `state` is ISO 3166-2 without the country for most countries, with it for some (`DE-BE`, `JP13`), and free
text where it keeps no list. Which countries have it how was not measured: reading takes all three, writing uses the table.
"""

from __future__ import annotations

import re

from ordersync import Address, e164
from ordersync_woocommerce import wire

__all__ = ["LONGEST_PHONE", "address_of", "asked_address"]

LONGEST_PHONE = 100
"""A longer one makes WooCommerce lose the whole billing *and* shipping address without an error (seen)."""
_PREFIXED = {"DE": "DE-", "JP": "JP", "TR": "TR", "TH": "TH-"}
_CODE = re.compile(r"[A-Z0-9]{1,3}")
_COUNTRY = re.compile(r"[A-Z]{2}")


def address_of(found: wire.Address) -> Address | None:
    """The address; None if nothing stands in it."""
    told = any(value for name, value in found if name not in ("country", "email", "phone"))
    if not told and not (found.country and (found.email or found.phone)):
        return None
    country = found.country.strip().upper()
    known = country if _COUNTRY.fullmatch(country) else None
    subdivision = _subdivision(found.state, country)
    return Address(
        first_name=found.first_name or None,
        last_name=found.last_name or None,
        company=found.company or None,
        line1=found.address_1 or None,
        line2=found.address_2 or None,
        city=found.city or None,
        postcode=found.postcode or None,
        country=known,
        subdivision=subdivision,
        region=None if subdivision else found.state or None,
        phone=phone_of(found.phone, known),
        email=found.email or None,
    )


def phone_of(number: str, country: str | None) -> str | None:
    """E.164 where it can be, else as it was written; None if there is none."""
    return (e164(number, country) or number) if number.strip() else None


def _subdivision(state: str, country: str) -> str | None:
    code = state.strip().upper()
    if country and code.startswith(country) and len(code) > len(country):
        rest = code[len(country) :].lstrip("-")
        if _CODE.fullmatch(rest):
            return rest
    return code if _CODE.fullmatch(code) else None


def asked_address(
    address: Address | None, *, email: str | None = None, phone: str | None = None
) -> dict[str, str]:
    """The address as it is sent; unknown parts are left out, because an empty e-mail is an error."""
    asked: dict[str, str | None] = {"email": email, "phone": phone}
    if address is not None:
        state = address.region
        if address.subdivision:
            state = _PREFIXED.get(address.country or "", "") + address.subdivision
        asked |= {
            "first_name": address.first_name,
            "last_name": address.last_name,
            "company": address.company,
            "address_1": address.line1,
            "address_2": address.line2,
            "city": address.city,
            "state": state,
            "postcode": address.postcode,
            "country": address.country,
        }
    if asked["phone"] and len(asked["phone"]) > LONGEST_PHONE:
        asked["phone"] = None
    return {name: value for name, value in asked.items() if value}
