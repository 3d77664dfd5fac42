"""Customers: what a write makes of one, and how it is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from .faults import bad_content, user_error
from .fields import ADDRESS, CUSTOMER, taken
from .sales import sublist
from .store import Record, Store

__all__ = ["Customers"]

_TEXTS = "companyName firstName lastName email phone comments entityId".split()
_ENTRY = {
    "defaultBilling": "flag",
    "defaultShipping": "flag",
    "label": "text",
    "addressBookAddress": "address",
}


class Customers:
    """The customers of a store. `oneworld`: each belongs to a subsidiary; `numbered`: ids are given by NetSuite."""

    def __init__(self, store: Store, now: Callable[[], datetime], *, oneworld: bool, numbered: bool) -> None:
        self._store = store
        self._now = now
        self._oneworld = oneworld
        self._numbered = numbered

    def write(
        self, body: Any, customer: Record | None, *, key: str | None, replaced: frozenset[str], strict: bool
    ) -> Record:
        """Make a new customer, or change one; nothing is kept if any of it is refused."""
        values = taken(body, CUSTOMER, strict=strict)
        base = next(each["id"] for each in self._store.all("currency") if each["isBase"])
        made: Record = dict(customer) if customer else {
            "externalId": key, "isInactive": False, "addresses": [], "currencies": [base], "currency": base,
        }  # fmt: skip
        for name in (*_TEXTS, "isPerson", "isInactive", "externalId", "subsidiary", "currency"):
            if name in values:
                made[name] = values[name]
        if made.get("isPerson"):
            if not made.get("lastName") or not made.get("firstName"):
                raise user_error("Please enter value(s) for: First Name, Last Name")
        elif not made.get("companyName"):
            raise user_error("Please enter value(s) for: Company Name")
        self._subsidiary(made)
        for i, entry in enumerate(values.get("currencyList") or []):
            row = taken(entry, {"currency": "ref"}, strict=strict, path=f"currencyList.items[{i}]")
            self._store.refer("currency", row["currency"], "currency", f"currencyList.items[{i}].currency")
            if row["currency"] not in made["currencies"]:
                made["currencies"] = [*made["currencies"], row["currency"]]
        entries = [
            taken(entry, _ENTRY, strict=strict, path=f"addressBook.items[{i}]")
            for i, entry in enumerate(values.get("addressBook") or [])
        ]
        kept = [] if "addressBook" in replaced and "addressBook" in values else made["addresses"]
        made["addresses"] = [*kept, *entries]
        self._name(made, new=customer is None)
        made["lastModifiedDate"] = self._now().replace(microsecond=0)
        if customer is None:
            made["dateCreated"] = made["lastModifiedDate"]
            return self._store.add("customer", made)
        customer.update(made)
        return customer

    def _subsidiary(self, made: Record) -> None:
        if not self._oneworld:
            return
        if not made.get("subsidiary"):
            raise user_error("Please enter value(s) for: Primary Subsidiary", "subsidiary")
        self._store.refer("subsidiary", made["subsidiary"], "subsidiary", "subsidiary")

    def _name(self, made: Record, *, new: bool) -> None:
        """Without auto-numbering the id is the name, and must be free."""
        if not new:
            return
        person = " ".join(filter(None, (made.get("firstName"), made.get("lastName"))))
        name = made.get("entityId") or (person if made.get("isPerson") else made["companyName"])
        if self._numbered:
            name = f"CUST{self._store.last + 1}"
        elif any(each["entityId"] == name for each in self._store.all("customer")):
            raise bad_content("A customer record with this ID already exists.", "entityId")
        made["entityId"] = name

    def told(self, customer: Record, base: str) -> dict[str, Any]:
        """As a GET with expanded sublists answers."""
        address = f"{base}/customer/{customer['id']}"
        entries = []
        for entry in customer["addresses"]:
            inner = {name: value for name, value in entry["addressBookAddress"].items() if name in ADDRESS}
            if "country" in inner:
                inner["country"] = {"id": inner["country"], "refName": inner["country"]}
            entries.append({**entry, "addressBookAddress": inner})
        currencies = [{"currency": {"id": each}} for each in customer["currencies"]]
        body: dict[str, Any] = {
            "links": [{"rel": "self", "href": address}],
            "id": customer["id"],
            "externalId": customer.get("externalId"),
            **{name: customer.get(name) for name in _TEXTS},
            "isPerson": bool(customer.get("isPerson")),
            "isInactive": bool(customer["isInactive"]),
            "currency": {"id": customer["currency"]},
            "subsidiary": {"id": customer["subsidiary"]} if customer.get("subsidiary") else None,
            "addressBook": sublist(entries, f"{address}/addressBook"),
            "currencyList": sublist(currencies, f"{address}/currencyList"),
            "lastModifiedDate": customer["lastModifiedDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return {name: value for name, value in body.items() if value is not None}
