"""Customers: found by e-mail, which WordPress keeps unique."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ordersync import (
    AccessDenied,
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
    is_email,
)
from ordersync_woocommerce import marks, wire
from ordersync_woocommerce.batches import entries, refusal
from ordersync_woocommerce.places import asked_address
from ordersync_woocommerce.shop import LARGEST_PAGE, Shop, listed, read_as

__all__ = ["FEWEST", "People"]

CUSTOMER_KEY = "_ordersync_customer_key"
LONGEST_NAME = 50
"""WordPress makes the user name from what stands before the @; at 60 characters that fails (seen)."""
FEWEST = 4
"""Customers for which reading the list of all accounts is worth a try; fewer are asked for one by one."""


class People:
    """The accounts of one shop. Thread-safe."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._pages = 0
        """How many pages all accounts fill, as was last told."""

    # -- finding ----------------------------------------------------------------------------------------------

    def find(self, customer: Customer) -> CustomerRef | None:
        """By e-mail, whatever the account's role. Neither a stamp nor a phone number can be searched for.

        Raises Ambiguous if several accounts have the address, which WordPress itself does not allow.
        """
        email = _email(customer)
        if email is None:
            return None
        rows = self._shop.rows(wire.Customer, "customers", email=email, role="all")
        return _only({row.id for row in rows if row.email.lower() == email.lower()})

    def find_many(self, asks: Sequence[CustomerAsk]) -> list[Outcome[CustomerRef | None]]:
        """The shop filters by one address at a time; where all accounts fill fewer pages than half of these have
        addresses, they are read instead. Raises AccessDenied."""
        wanted = {email.lower() for ask in asks if (email := _email(ask.customer))}
        there = self._all(wanted) if len(wanted) >= FEWEST else None
        answers: list[Outcome[CustomerRef | None]] = []
        for ask in asks:
            email = _email(ask.customer)
            try:
                if there is None or email is None:
                    answers.append(Done(self.find(ask.customer)))
                else:
                    answers.append(Done(_only(there.get(email.lower(), set()))))
            except AccessDenied:
                raise
            except OrderSyncError as error:
                answers.append(Failed(error))
        return answers

    def _all(self, wanted: set[str]) -> dict[str, set[int]] | None:
        """The accounts that have these addresses, in lower case; None if the list is too long, or is not what it says:
        an account that is deleted meanwhile moves another one to a page that was read already."""
        most = len(wanted) // 2
        if self._pages > most:
            return None
        seen: dict[int, str] = {}
        totals = set()
        page = 1
        while True:
            reply = self._shop.get(
                "customers",
                role="all",
                orderby="id",
                order="asc",
                per_page=str(LARGEST_PAGE),
                page=str(page),
                _fields="id,email",
            )
            rows = [read_as(wire.Customer, row) for row in listed(reply)]
            seen |= {row.id: row.email.lower() for row in rows}
            totals.add(_count(reply.headers.get("x-wp-total")))
            self._pages = -(-max(totals) // LARGEST_PAGE)
            if self._pages > most:
                return None
            if page >= self._pages:
                break
            page += 1
        if totals != {len(seen)}:
            return None
        found: dict[str, set[int]] = {}
        for number, email in seen.items():
            if email in wanted:
                found.setdefault(email, set()).add(number)
        return found

    # -- creating ---------------------------------------------------------------------------------------------

    def create(self, customer: Customer, key: str) -> CustomerRef:
        """Make the account; an address that was taken meanwhile is looked up.

        Raises Refused without an e-mail address: WooCommerce has no accounts without one.
        """
        body = _asked(customer, key)
        try:
            made = read_as(wire.Customer, self._shop.post("customers", body).data, wrote=True)
        except Refused:
            taken = self.find(customer)
            if taken is None:
                raise
            return taken
        return CustomerRef(id=str(made.id))

    def create_many(self, asks: Sequence[CustomerAsk]) -> list[Outcome[CustomerRef]]:
        """One `POST /customers/batch`. Each entry succeeds or fails by itself; one that is fatal leaves all in doubt."""
        outcomes: dict[int, Outcome[CustomerRef]] = {}
        bodies: list[tuple[int, dict[str, Any]]] = []
        for i, ask in enumerate(asks):
            try:
                bodies.append((i, _asked(ask.customer, ask.key)))
            except Refused as error:
                outcomes[i] = Failed(error)
        if bodies:
            answers = entries(self._shop, "customers", "create", [body for _, body in bodies])
            for (i, body), answer in zip(bodies, answers, strict=True):
                outcomes[i] = self._entry(answer, body["email"], asks[i].customer)
        return [outcomes[i] for i in range(len(asks))]

    def _entry(self, answer: Any, email: str, customer: Customer) -> Outcome[CustomerRef]:
        try:
            refused = refusal(answer)
            if refused is None:
                return Done(_made(answer, email))
            taken = self.find(customer) if isinstance(refused, Refused) else None
            return Done(taken) if taken else Failed(refused)
        except OrderSyncError as error:
            return Failed(error)


def _email(customer: Customer) -> str | None:
    email = (customer.email or "").strip()
    return email if is_email(email) else None


def _only(hits: set[int]) -> CustomerRef | None:
    if len(hits) > 1:
        raise Ambiguous(
            "Several customers have this e-mail address.",
            candidates=tuple(str(number) for number in sorted(hits)),
        )
    return CustomerRef(id=str(next(iter(hits)))) if hits else None


def _made(answer: Any, email: str) -> CustomerRef:
    """The account that an entry of a batch names, if it is the one that was asked for."""
    made = read_as(wire.Customer, answer, wrote=True)
    if not made.id or made.email.lower() != email.lower():
        raise InDoubt(
            "The shop answers an entry of a batch with another customer. What was made is not known."
        )
    return CustomerRef(id=str(made.id))


def _asked(customer: Customer, key: str) -> dict[str, Any]:
    email = _email(customer)
    if email is None:
        raise Refused(
            "WooCommerce has no customer without an e-mail address",
            fields=(FieldProblem("/email", "is missing or not an e-mail address", "email"),),
            remedy='Set the route\'s policies.guests to "without": the order then names its buyer itself.',
        )
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


def _count(told: str | None) -> int:
    """A header's number; 0 if there is none."""
    return int(told) if told and told.isascii() and told.isdigit() and len(told) < 10 else 0
