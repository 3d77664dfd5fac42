"""What may be written into a record, and of what kind it is. What is not listed is not known to the stand-in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from .faults import Fault, bad_content

__all__ = [
    "ADDRESS",
    "CUSTOMER",
    "FULFILLMENT",
    "FULFILLMENT_LINE",
    "ORDER",
    "ORDER_LINE",
    "PACKAGE",
    "TAX_DETAIL",
    "taken",
]

Kinds = Mapping[str, str]

ADDRESS: Kinds = dict.fromkeys(
    "addr1 addr2 addr3 addrPhone addressee attention city state zip".split(), "text"
) | {"country": "ref", "override": "flag"}
ORDER: Kinds = {
    **dict.fromkeys("otherRefNum memo email tranId externalId".split(), "text"),
    **dict.fromkeys(
        "entity currency subsidiary location department class customForm shipMethod discountItem orderStatus".split(),
        "ref",
    ),
    "tranDate": "date",
    "shippingCost": "number",
    "discountRate": "number",
    "taxDetailsOverride": "flag",
    "billingAddress": "address",
    "shippingAddress": "address",
    "item": "sublist",
    "taxDetails": "sublist",
}
ORDER_LINE: Kinds = {
    **dict.fromkeys("item price location taxCode".split(), "ref"),
    **dict.fromkeys("quantity rate amount line".split(), "number"),
    **dict.fromkeys("description taxDetailsReference".split(), "text"),
    "isClosed": "flag",
}
TAX_DETAIL: Kinds = {
    "taxDetailsReference": "text",
    **dict.fromkeys("taxCode taxType".split(), "ref"),
    **dict.fromkeys("taxBasis taxRate taxAmount".split(), "number"),
}
CUSTOMER: Kinds = {
    **dict.fromkeys(
        "companyName firstName lastName email phone comments entityId externalId".split(), "text"
    ),
    "isPerson": "flag",
    "isInactive": "flag",
    **dict.fromkeys("subsidiary currency".split(), "ref"),
    "addressBook": "sublist",
    "currencyList": "sublist",
}
FULFILLMENT: Kinds = {
    **dict.fromkeys("externalId memo".split(), "text"),
    "shipStatus": "ref",
    "tranDate": "date",
    "item": "sublist",
    "package": "sublist",
}
FULFILLMENT_LINE: Kinds = {
    "orderLine": "number",
    "quantity": "number",
    "itemReceive": "flag",
    "location": "ref",
}
PACKAGE: Kinds = {
    **dict.fromkeys("packageTrackingNumber packageDescr".split(), "text"),
    "packageWeight": "number",
}
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_LONGEST = {"otherRefNum": 45, "memo": 999, "externalId": 255}


def taken(body: Any, kinds: Kinds, *, strict: bool, path: str = "") -> dict[str, Any]:
    """The values of a body that are known. `strict`: an unknown name is refused, else it is lost without a word.

    References become their ids, addresses dictionaries, sublists lists of what stood in `items`.
    """
    if not isinstance(body, dict):
        raise bad_content("Invalid content in the request body.", path)
    values: dict[str, Any] = {}
    for name, value in body.items():
        place = f"{path}.{name}" if path else name
        if name not in kinds:
            if strict:
                raise bad_content(f"Unknown reference or field name '{name}' in the request body.", place)
            continue
        values[name] = None if value is None else _value(name, value, kinds[name], place, strict)
    return values


def _value(name: str, value: Any, kind: str, place: str, strict: bool) -> Any:
    wrong = bad_content(f"Invalid value for the field '{name}'.", place)
    if kind == "ref":
        found = value.get("id") if isinstance(value, dict) else value
        if not isinstance(found, str | int) or isinstance(found, bool):
            raise wrong
        return str(found)
    if kind == "number":
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise wrong
        return Decimal(value)
    if kind == "flag":
        if not isinstance(value, bool):
            raise wrong
        return value
    if kind == "address":
        return taken(value, ADDRESS, strict=strict, path=place)
    if kind == "sublist":
        if not isinstance(value, dict) or not isinstance(value.get("items"), list):
            raise wrong
        return value["items"]
    if not isinstance(value, str):
        raise wrong
    if kind == "date":
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            raise wrong from None
    if name == "email" and not _MAIL.fullmatch(value):
        raise Fault(400, "INVALID_CONTENT", "Invalid email address.", Path=place)
    if len(value) > _LONGEST.get(name, 4000):
        raise bad_content(f"The field {name} contained more than the maximum number of characters.", place)
    return value
