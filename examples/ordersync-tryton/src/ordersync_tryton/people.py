"""Customers as Tryton's parties, and the addresses that sales refer to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ordersync import (
    Address,
    Ambiguous,
    Company,
    Customer,
    CustomerAsk,
    CustomerRef,
    Done,
    Draft,
    Failed,
    Outcome,
    e164,
)

from ordersync_tryton.records import Records
from ordersync_tryton.rpc import Tryton
from ordersync_tryton.wire import ADDRESS_FIELDS, PARTY_FIELDS, AddressRow, PartyRow

__all__ = ["People"]

_PHONES = ("phone", "mobile")


class People:
    """Finds and creates parties and their addresses."""

    def __init__(self, tryton: Tryton, records: Records) -> None:
        self._tryton = tryton
        self._records = records

    def find(self, asks: Sequence[CustomerAsk]) -> list[Outcome[CustomerRef | None]]:
        """Each customer by key, then e-mail, then phone; one search for all. Hits are compared exactly."""
        rows = self._tryton.records("party.party", PartyRow, _any_of(map(_hints, asks)), PARTY_FIELDS)
        return [_choice(ask, rows) for ask in asks]

    def create(self, asks: Sequence[CustomerAsk]) -> list[Outcome[CustomerRef]]:
        """Make the parties, stamped with their keys, in one transaction."""
        made = self._tryton.create("party.party", [self._party(ask.customer, ask.key) for ask in asks])
        return [Done(CustomerRef(id=str(party))) for party in made]

    def places(self, draft: Draft) -> tuple[dict[str, Any], dict[str, Any]]:
        """The values of a draft's billing and shipping address. Raises NotFound for a country that Tryton lacks."""
        party, billing = _party_of(draft), draft.billing or Address()
        return self._address(billing, party), self._address(draft.shipping or billing, party)

    def addresses(self, places: Sequence[dict[str, Any]]) -> list[int]:
        """The ids of addresses with these values: those that their parties have already, else new ones."""
        parties = sorted({place["party"] for place in places})
        rows = self._tryton.records("party.address", AddressRow, [["party", "in", parties]], ADDRESS_FIELDS)
        known = {_print(_values_of(row)): row.id for row in rows}
        missing = {_print(values): values for values in places if _print(values) not in known}
        if missing:
            made = self._tryton.create("party.address", list(missing.values()))
            known.update(zip(missing, made, strict=True))
        return [known[_print(values)] for values in places]

    def _party(self, customer: Customer, key: str) -> dict[str, Any]:
        contacts = [
            {"type": kind, "value": value}
            for kind, value in (("email", customer.email), ("phone", customer.phone))
            if value
        ]
        address = [self._address(customer.address)] if customer.address else []
        return {
            "name": _name_of(customer, customer.company),
            "identifiers": [["create", [{"type": None, "code": key}]]],
            "contact_mechanisms": [["create", contacts]],
            "addresses": [["create", address]],
        }

    def _address(self, address: Address, party: int | None = None) -> dict[str, Any]:
        country, subdivision = self._records.place(address)
        region = None if subdivision else address.region or address.subdivision
        city = " ".join(filter(None, (address.city, f"({region})" if region else None)))
        person = " ".join(filter(None, (address.first_name, address.last_name)))
        values = {
            "party_name": ", ".join(filter(None, (address.company, person))) or None,
            "street": "\n".join(filter(None, (address.line1, address.line2))) or None,
            "postal_code": address.postcode,
            "city": city or None,
            "country": country,
            "subdivision": subdivision,
        }
        return values if party is None else {"party": party, **values}


def _hints(ask: CustomerAsk) -> list[list[str]]:
    """What a party of this customer could be found by. `ilike` finds an address in any case."""
    hints = [["identifiers.code", "=", ask.key]]
    if ask.customer.email:
        hints.append(["contact_mechanisms.value", "ilike", _literal(ask.customer.email)])
    if ask.customer.phone:
        compact = e164(ask.customer.phone) or ask.customer.phone
        hints.append(["contact_mechanisms.value_compact", "=", compact])
    return hints


def _any_of(hints: Any) -> list[Any]:
    return ["OR", *(hint for each in hints for hint in each)]


def _literal(text: str) -> str:
    """A text that a search with wildcards takes as it stands."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _choice(ask: CustomerAsk, rows: Sequence[PartyRow]) -> Outcome[CustomerRef | None]:
    email = (ask.customer.email or "").casefold()
    phone = ask.customer.phone and e164(ask.customer.phone)
    rungs: list[Callable[[PartyRow], bool]] = [
        lambda row: ask.key in {each.code for each in row.identifiers},
        lambda row: bool(email) and email in {each.casefold() for each in _values(row, "email")},
        lambda row: bool(phone) and phone in {e164(each) for each in _values(row, *_PHONES)},
    ]
    for rung in rungs:
        match [row for row in rows if rung(row)]:
            case []:
                continue
            case [row]:
                return Done(CustomerRef(id=str(row.id)))
            case several:
                ids = tuple(str(row.id) for row in several)
                return Failed(
                    Ambiguous(
                        "Several parties in Tryton could be this customer.",
                        candidates=ids,
                        remedy="Merge them, or give one of them the customer's key as an identifier.",
                    )
                )
    return Done(None)


def _values(row: PartyRow, *kinds: str) -> list[str]:
    return [contact.value for contact in row.contacts if contact.type in kinds and contact.value]


def _name_of(customer: Customer, company: Company | None) -> str:
    return (company.name if company else customer.name) or customer.email or "-"


def _party_of(draft: Draft) -> int:
    assert draft.customer_ref is not None, "guests become customers: facts.guests is False"
    return int(draft.customer_ref.id)


def _values_of(row: AddressRow) -> dict[str, Any]:
    return {
        "party": row.party,
        "party_name": row.party_name,
        "street": row.street,
        "postal_code": row.postal_code,
        "city": row.city,
        "country": row.country.id if row.country else None,
        "subdivision": row.subdivision.id if row.subdivision else None,
    }


def _print(values: dict[str, Any]) -> tuple[object, ...]:
    """What two equal addresses have in common, however they are written."""
    texts = (values[name] for name in ("party_name", "street", "postal_code", "city"))
    return (
        *(" ".join((text or "").split()).casefold() for text in texts),
        values["party"],
        values["country"],
        values["subdivision"],
    )
