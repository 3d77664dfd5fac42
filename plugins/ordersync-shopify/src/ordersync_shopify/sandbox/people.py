"""Customers: found by id, e-mail or phone; made, changed, refused (each e-mail and each phone only once)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ordersync import e164

from .records import Record, copied, number_of
from .shapes import new_address, new_customer, new_metafield, tags_of
from .store import Store

__all__ = ["changed_customer", "customer_by", "customer_for", "customer_problems", "phone_problem"]

Problem = tuple[list[str], str]
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def phone_problem(phone: str) -> bool:
    """Is this no phone number that could be written as E.164?"""
    return not re.fullmatch(r"\+?[\d\s().-]{7,}", phone) or len(re.sub(r"\D", "", phone)) > 15


def _normal(name: str, value: str | None) -> str:
    if not value:
        return ""
    return value.strip().lower() if name == "email" else (e164(value) or value.strip())


def customer_by(store: Store, name: str, value: Any) -> Record | None:
    """The customer with this `id` (a global id), `email` or `phone`; exact, and without the index's lag."""
    if name == "id":
        return store.customers.get(number_of(value, "Customer") or 0)
    wanted = _normal(name, value)
    if not wanted:
        return None
    return store.customers.get(store.owners[name].get(wanted.lower(), 0))


def customer_problems(store: Store, customer: Record) -> list[Problem]:
    """What the vendor would not have (recorded: customerCreate): taken or malformed e-mail and phone, no identity."""
    found: list[Problem] = []
    if not any(customer[name] for name in ("firstName", "lastName", "email", "phone")):
        found.append(([], "Customer must have a name, phone number or email address"))
    if customer["email"] and not _EMAIL.fullmatch(customer["email"]):
        found.append((["email"], "Email is invalid"))
    if customer["phone"] and phone_problem(customer["phone"]):
        found.append((["phone"], "Phone is invalid"))
    for name in ("email", "phone"):
        other = customer_by(store, name, customer[name])
        if other is not None and other["id"] != customer["id"]:
            found.append(([name], f"{name.capitalize()} has already been taken"))
    for name, words, most in (
        ("firstName", "First name", 255),
        ("lastName", "Last name", 255),
        ("note", "Note", 5000),
    ):
        if len(customer[name] or "") > most:
            found.append(([name], f"{words} is too long (maximum is {most} characters)"))
    return found


def changed_customer(store: Store, customer: Record, given: Mapping[str, Any], now: datetime) -> Record:
    """A copy of the customer with what was given; lists replace."""
    made: Record = copied(customer)
    for name in ("firstName", "lastName", "email", "note", "locale"):
        if name in given:
            made[name] = (given[name] or "").strip() or None
    if "phone" in given:
        made["phone"] = _normal("phone", given["phone"]) or None
    made["locale"] = made["locale"] or "en"
    if given.get("tags") is not None:
        made["tags"] = tags_of(given["tags"])
    if given.get("taxExempt") is not None:
        made["taxExempt"] = given["taxExempt"]
    if given.get("addresses") is not None:
        made["addresses"] = [new_address(store, address) for address in given["addresses"]]
    for field in given.get("metafields") or ():
        fresh = new_metafield(store, field, now)
        made["metafields"] = [
            held
            for held in made["metafields"]
            if (held["namespace"], held["key"]) != (fresh["namespace"], fresh["key"])
        ]
        made["metafields"].append(fresh)
    return made


def customer_for(
    store: Store, asked: Mapping[str, Any], now: datetime
) -> tuple[Record | None, Problem | None]:
    """The customer that an order names: associated, or updated or made (not kept yet)."""
    if asked.get("toAssociate") is not None:
        wanted = asked["toAssociate"]
        found = None
        for name in ("id", "email"):
            if wanted.get(name):
                found = customer_by(store, name, wanted[name])
                break
        if found is None:
            return None, (["customer", "toAssociate"], "Customer does not exist")
        return found, None
    given = asked.get("toUpsert") or {}
    found = None
    for name in ("id", "email", "phone"):
        if given.get(name) and found is None:
            found = customer_by(store, name, given[name])
            if found is None and name == "id":
                return None, (["customer", "toUpsert", "id"], "Customer does not exist")
    made = changed_customer(store, found or new_customer(store, now), given, now)
    problems = customer_problems(store, made)
    if problems:
        field, message = problems[0]
        return None, (["customer", "toUpsert", *field], message)
    return made, None
