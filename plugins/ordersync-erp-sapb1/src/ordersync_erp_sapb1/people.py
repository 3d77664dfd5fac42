"""Customers: business partners, their contacts and addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ordersync import (
    Address,
    Ambiguous,
    BatchRefused,
    Customer,
    CustomerAsk,
    CustomerRef,
    Done,
    Failed,
    InDoubt,
    NotFound,
    Outcome,
    Refused,
    only,
)
from ordersync.web import Reply
from ordersync_erp_sapb1.catalog import Catalog
from ordersync_erp_sapb1.faults import verdicts
from ordersync_erp_sapb1.mapping import address_fields
from ordersync_erp_sapb1.multipart import Operation
from ordersync_erp_sapb1.service import Service, any_of, quoted
from ordersync_erp_sapb1.settings import SapB1Settings
from ordersync_erp_sapb1.wire import BusinessPartner

__all__ = ["Buyers", "card_code"]

CHUNK = 15
"""Conditions per filter, so that addresses stay short."""
ALL_CURRENCIES = "##"
"""A business partner's currency that lets documents be in any."""


def card_code(prefix: str, key: str) -> str:
    """A code of ours for the customer with this key: at most 15 characters, which is what OCRD.CardCode holds. 60 bits
    and more of the key: the database refuses a second customer with it."""
    return (prefix + key.removeprefix("oc-").upper())[:15]


class Buyers:
    """Finds and makes customers."""

    def __init__(self, service: Service, catalog: Catalog, settings: SapB1Settings) -> None:
        self._service = service
        self._catalog = catalog
        self._settings = settings

    def find(self, asks: Sequence[CustomerAsk]) -> list[Outcome[CustomerRef | None]]:
        """By the stamped key, then by e-mail address, then by phone number; one search per rung for all."""
        found: dict[int, Outcome[CustomerRef | None]] = {}
        rungs: list[tuple[tuple[str, ...], Callable[[CustomerAsk], str | None]]] = [
            (("AdditionalID",), lambda ask: ask.key),
            (("EmailAddress",), lambda ask: ask.customer.email),
            (("Phone1", "Cellular"), lambda ask: ask.customer.phone),
        ]
        for fields, value_of in rungs:
            open_ = {i: value for i, ask in enumerate(asks) if i not in found and (value := value_of(ask))}
            rows = self._by(fields, sorted({value.strip() for value in open_.values()}))
            for i, value in open_.items():
                hits = _matching(rows, fields, value.strip())
                if hits:
                    found[i] = _single(hits)
        return [found.get(i, Done(None)) for i in range(len(asks))]

    def _by(self, fields: Sequence[str], values: Sequence[str]) -> list[BusinessPartner]:
        rows: dict[str, BusinessPartner] = {}
        wheres = []
        for part in _parts(values):
            conditions = [f"{field} eq {quoted(value)}" for value in part for field in fields]
            wheres.append(f"CardType eq 'cCustomer' and ({any_of(conditions)})")
        if fields != ("EmailAddress",):
            found = self._service.found(BusinessPartner, wheres)[BusinessPartner.SET]
            return list({row.CardCode: row for row in found}.values())
        for where in wheres:
            rows.update({row.CardCode: row for row in self._service.rows(BusinessPartner, where=where)})
        return list(rows.values())

    def partners(self, codes: Sequence[str]) -> dict[str, BusinessPartner]:
        """Business partners by code."""
        wheres = [
            any_of([f"CardCode eq {quoted(code)}" for code in part]) for part in _parts(sorted(set(codes)))
        ]
        found = self._service.found(BusinessPartner, wheres)
        return {row.CardCode: row for row in found[BusinessPartner.SET]}

    def create(self, customer: Customer, key: str) -> CustomerRef:
        """One business partner under a code of ours, or numbered by a series. Under a code of ours twice makes one.

        Raises Refused, InDoubt.
        """
        body = self._body(customer, key)
        try:
            answer = self._service.send("POST", BusinessPartner.SET, body)
        except Refused as refused:
            standing = self._standing(key) if not isinstance(refused, NotFound) else None
            if standing is None:
                raise
            return standing
        return only([_made(answer, key)])

    def create_together(self, asks: Sequence[CustomerAsk]) -> list[Outcome[CustomerRef]]:
        """Several business partners in one change set: all of them or none.

        Raises BatchRefused if they were refused (nothing was made), InDoubt if what became of them is not known.
        """
        bodies = [self._body(ask.customer, ask.key) for ask in asks]
        parts = self._service.together([Operation("POST", BusinessPartner.SET, body) for body in bodies])
        failed = next((part for part in parts if part.status >= 400), None)
        if failed is not None:
            error = verdicts(Reply(failed.status, {}, b"", failed.data, ""), False)
            if error is not None and not isinstance(error, Refused):
                raise error
            fields = error.fields if error else ()
            raise BatchRefused(error.message if error else "A part of a batch failed.", fields=fields)
        if len(parts) != len(asks):
            raise InDoubt(
                "The answer to a batch is incomplete. Whether its customers were made is not known."
            )
        numbered = {part.content_id: part for part in parts}
        ordered = [numbered.get(number, parts[number - 1]) for number in range(1, len(asks) + 1)]
        return [_made(part.data, ask.key) for part, ask in zip(ordered, asks, strict=True)]

    def _standing(self, key: str) -> CustomerRef | None:
        """The customer of this key, if the refusal was because it is there already."""
        if self._settings.customer_series is not None:
            return None
        partner = self._service.one(BusinessPartner, card_code(self._settings.customer_prefix, key))
        return CustomerRef(id=partner.CardCode) if partner and partner.AdditionalID == key else None

    def _body(self, customer: Customer, key: str) -> dict[str, Any]:
        settings = self._settings
        company = customer.company
        name = company.name if company else customer.name or customer.email or "Customer"
        body: dict[str, Any] = {
            "CardName": name[:100],
            "CardType": "cCustomer",
            "CompanyPrivate": "cCompany" if company else "cPrivate",
            "AdditionalID": key,
            "Currency": ALL_CURRENCIES,
        }
        if settings.customer_series is None:
            body["CardCode"] = card_code(settings.customer_prefix, key)
        else:
            body["Series"] = settings.customer_series
        more = {
            "EmailAddress": customer.email,
            "Phone1": customer.phone,
            "FederalTaxID": company.vat if company else None,
            "FreeText": customer.note,
            "GroupCode": settings.customer_group,
        }
        body |= {field: value for field, value in more.items() if value}
        if customer.name and company:
            contact = {
                "Name": customer.name[:50],
                "FirstName": customer.first_name,
                "LastName": customer.last_name,
                "E_Mail": customer.email,
                "Phone1": customer.phone,
            }
            body["ContactEmployees"] = [{field: value for field, value in contact.items() if value}]
        if customer.address:
            body["BPAddresses"] = [
                {"AddressName": title, "AddressType": kind, **self._address(customer.address)}
                for title, kind in (("Bill to", "bo_BillTo"), ("Ship to", "bo_ShipTo"))
            ]
        return body

    def _address(self, address: Address) -> dict[str, str]:
        fields = self.inline("", address)
        renamed = {"Building": "BuildingFloorRoom", "Address2": "AddressName2", "Address3": "AddressName3"}
        return {renamed.get(name, name): value for name, value in fields.items()}

    def inline(self, prefix: str, address: Address | None) -> dict[str, str]:
        """The address as properties, with the company's own codes of country and state."""
        if address is None:
            return {}
        country = self._catalog.country(address.country) if address.country else ""
        state = address.subdivision or ""
        known = bool(country and state) and self._catalog.has_state(country, state)
        return address_fields(prefix, address, country, state if known else "")


def _made(answer: Any, key: str) -> Outcome[CustomerRef]:
    """The customer that an answer names; in doubt if it names none, or says another one's key."""
    row = answer if isinstance(answer, dict) else {}
    if not row.get("CardCode") or row.get("AdditionalID") not in (None, "", key):
        return Failed(InDoubt("The Service Layer does not say which customer it has made."))
    return Done(CustomerRef(id=str(row["CardCode"])))


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(values), CHUNK):
        yield values[first : first + CHUNK]


def _matching(rows: Sequence[BusinessPartner], fields: Sequence[str], value: str) -> list[BusinessPartner]:
    """Those that have the value exactly; e-mail addresses whatever their case. Keys count also where frozen."""
    same = value.lower() if fields == ("EmailAddress",) else value

    def has(row: BusinessPartner, field: str) -> bool:
        there = str(getattr(row, field)).strip()
        return (there.lower() if fields == ("EmailAddress",) else there) == same

    hits = [row for row in rows if any(has(row, field) for field in fields)]
    return hits if fields == ("AdditionalID",) else [row for row in hits if row.Frozen != "tYES"]


def _single(hits: Sequence[BusinessPartner]) -> Outcome[CustomerRef | None]:
    if len(hits) > 1:
        return Failed(
            Ambiguous(
                "Several customers of SAP Business One match.",
                candidates=tuple(row.CardCode for row in hits),
                remedy="Freeze all but one, or correct their addresses.",
            )
        )
    return Done(CustomerRef(id=hits[0].CardCode))
