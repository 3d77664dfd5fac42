"""Customers: found and made. The e-mail address is their identity; BigCommerce allows each but once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ordersync import (
    Ambiguous,
    Customer,
    CustomerAsk,
    CustomerRef,
    Done,
    Failed,
    FieldProblem,
    InDoubt,
    OrderSyncError,
    Outcome,
    Refused,
)
from ordersync_bigcommerce import wire
from ordersync_bigcommerce.api import Api, read_as
from ordersync_bigcommerce.regions import name_of

__all__ = ["MOST_CREATED", "create", "create_many", "find_many"]

MOST_CREATED = 10
"""Customers in one request (reference of `POST /v3/customers`)."""


def find_many(api: Api, asks: Sequence[CustomerAsk]) -> list[Outcome[CustomerRef | None]]:
    """By e-mail, and those that have none by phone; each hit is compared exactly."""
    mails = sorted({ask.customer.email.strip() for ask in asks if ask.customer.email})
    phones = sorted({_digits(ask.customer.phone) for ask in asks if _by_phone(ask.customer)})
    by_mail: dict[str, set[int]] = {}
    by_phone: dict[str, set[int]] = {}
    for found in _search(api, "email:in", [mail for mail in mails if "," not in mail]):
        by_mail.setdefault(found.email.lower(), set()).add(found.id)
    if phones:
        spelled = sorted({ask.customer.phone or "" for ask in asks if _by_phone(ask.customer)})
        for found in _search(api, "phone:in", spelled):
            by_phone.setdefault(_digits(found.phone), set()).add(found.id)
    answers: list[Outcome[CustomerRef | None]] = []
    for ask in asks:
        mail = (ask.customer.email or "").strip().lower()
        hits = by_mail.get(mail, set()) if mail else set()
        if _by_phone(ask.customer):
            hits = by_phone.get(_digits(ask.customer.phone), set())
        answers.append(_one(hits))
    return answers


def create(api: Api, customer: Customer) -> CustomerRef:
    """Make the account; one that has the address already is answered instead."""
    body = _body(customer)
    try:
        answer = api.change("POST", "v3/customers", [body])
    except Refused:
        known = find_many(api, [CustomerAsk(customer, "")])[0]
        if isinstance(known, Done) and known.value:
            return known.value
        raise
    made = _made(answer, [body])[0]
    if made is None:
        raise InDoubt("BigCommerce's answer names no customer. Whether it was created is not known.")
    return made


def create_many(api: Api, asks: Sequence[CustomerAsk]) -> list[Outcome[CustomerRef]]:
    """Make several at once; if BigCommerce refuses them together, one by one: each address is taken once at most."""
    outcomes: dict[int, Outcome[CustomerRef]] = {}
    bodies: dict[int, dict[str, Any]] = {}
    for i, ask in enumerate(asks):
        try:
            bodies[i] = _body(ask.customer)
        except Refused as error:
            outcomes[i] = Failed(error)
    if bodies:
        outcomes |= _create_bodies(api, asks, bodies)
    return [outcomes[i] for i in range(len(asks))]


def _create_bodies(
    api: Api, asks: Sequence[CustomerAsk], bodies: dict[int, dict[str, Any]]
) -> dict[int, Outcome[CustomerRef]]:
    outcomes: dict[int, Outcome[CustomerRef]] = {}
    made: list[CustomerRef | None] = [None] * len(bodies)
    try:
        made = _made(api.change("POST", "v3/customers", list(bodies.values())), list(bodies.values()))
    except Refused:
        pass
    for (i, _), ref in zip(bodies.items(), made, strict=True):
        if ref:
            outcomes[i] = Done(ref)
            continue
        try:
            outcomes[i] = Done(create(api, asks[i].customer))
        except OrderSyncError as error:
            outcomes[i] = Failed(error)
    return outcomes


def _search(api: Api, name: str, values: Sequence[str]) -> list[wire.Customer]:
    if not values:
        return []
    return [read_as(wire.Customer, row) for row in api.data("v3/customers", {name: ",".join(values)})]


def _made(answer: Any, bodies: Sequence[dict[str, Any]]) -> list[CustomerRef | None]:
    """The accounts that an answer names, by their addresses."""
    rows = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise InDoubt("BigCommerce's answer names no customers. Whether they were created is not known.")
    by_mail = {one.email.lower(): one for one in (read_as(wire.Customer, row, written=True) for row in rows)}
    return [
        CustomerRef(id=str(by_mail[body["email"].lower()].id)) if body["email"].lower() in by_mail else None
        for body in bodies
    ]


def _body(customer: Customer) -> dict[str, Any]:
    """Raises Refused, with nothing sent, if there is no e-mail address: no account can be without."""
    if not customer.email:
        raise Refused(
            "BigCommerce has no customers without an e-mail address.",
            fields=(FieldProblem("email", "is missing"),),
            remedy="Give the buyer an e-mail address, or let the route send such orders as guests.",
        )
    address = customer.address
    company = customer.company.name if customer.company else None
    first = customer.first_name or (address.first_name if address else None) or company
    last = customer.last_name or (address.last_name if address else None)
    body: dict[str, Any] = {
        "email": customer.email.strip(),
        "first_name": (first or customer.email.partition("@")[0])[:100],
        "last_name": (last or company or "-")[:100],
    }
    if company:
        body["company"] = company[:255]
    if customer.phone:
        body["phone"] = customer.phone[:50]
    if customer.note:
        body["notes"] = customer.note
    if address and address.line1 and address.city and address.country:
        state = name_of(address.country, address.subdivision) if address.subdivision else address.region
        given = {
            "company": address.company,
            "address2": address.line2,
            "state_or_province": state,
            "postal_code": address.postcode,
            "phone": address.phone,
        }
        body["addresses"] = [
            {
                "first_name": address.first_name or body["first_name"],
                "last_name": address.last_name or body["last_name"],
                "address1": address.line1,
                "city": address.city,
                "country_code": address.country,
                **{name: value for name, value in given.items() if value},
            }
        ]
    return body


def _by_phone(customer: Customer) -> bool:
    return not customer.email and bool(customer.phone) and "," not in (customer.phone or "")


def _digits(phone: str | None) -> str:
    return "".join(sign for sign in phone or "" if sign.isdigit())


def _one(hits: set[int]) -> Outcome[CustomerRef | None]:
    if len(hits) > 1:
        return Failed(
            Ambiguous("Several customers match.", candidates=tuple(str(number) for number in sorted(hits)))
        )
    return Done(CustomerRef(id=str(next(iter(hits)))) if hits else None)
