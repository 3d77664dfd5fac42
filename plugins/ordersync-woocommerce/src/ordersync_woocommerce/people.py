"""Customers: found by e-mail, which WordPress keeps unique."""

from __future__ import annotations

from typing import Any

from ordersync import (
    Ambiguous,
    Customer,
    CustomerRef,
    FieldProblem,
    Refused,
    is_email,
)
from ordersync_woocommerce import marks, wire
from ordersync_woocommerce.places import asked_address
from ordersync_woocommerce.shop import Shop, read_as

__all__ = ["create_customer", "find_customer"]

CUSTOMER_KEY = "_ordersync_customer_key"
LONGEST_NAME = 50
"""WordPress makes the user name from what stands before the @; at 60 characters that fails (seen)."""


def find_customer(shop: Shop, customer: Customer) -> CustomerRef | None:
    """By e-mail, whatever the account's role. Neither a stamp nor a phone number can be searched for.

    Raises Ambiguous if several accounts have the address, which WordPress itself does not allow.
    """
    email = (customer.email or "").strip()
    if not is_email(email):
        return None
    found = [
        row
        for row in shop.rows(wire.Customer, "customers", email=email, role="all")
        if row.email.lower() == email.lower()
    ]
    if len(found) > 1:
        raise Ambiguous(
            "Several customers have this e-mail address.", candidates=tuple(str(row.id) for row in found)
        )
    return CustomerRef(id=str(found[0].id)) if found else None


def create_customer(shop: Shop, customer: Customer, key: str) -> CustomerRef:
    """Make the account; an address that was taken meanwhile is looked up.

    Raises Refused without an e-mail address: WooCommerce has no accounts without one.
    """
    email = (customer.email or "").strip()
    if not is_email(email):
        raise Refused(
            "WooCommerce has no customer without an e-mail address",
            fields=(FieldProblem("/email", "is missing or not an e-mail address", "email"),),
            remedy='Set the route\'s policies.guests to "without": the order then names its buyer itself.',
        )
    try:
        made = read_as(wire.Customer, shop.post("customers", _asked(customer, email, key)).data, wrote=True)
    except Refused:
        taken = find_customer(shop, customer)
        if taken is None:
            raise
        return taken
    return CustomerRef(id=str(made.id))


def _asked(customer: Customer, email: str, key: str) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "email": email,
        "first_name": customer.first_name or "",
        "last_name": customer.last_name or "",
        "billing": asked_address(customer.address, email=email, phone=customer.phone),
        "shipping": asked_address(customer.address),
        "meta_data": marks.metas({CUSTOMER_KEY: key}),
    }
    if len(email.partition("@")[0]) > LONGEST_NAME:
        asked["username"] = key
    return asked
