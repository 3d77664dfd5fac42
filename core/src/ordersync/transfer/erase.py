"""Forgetting one customer: the drafts that are kept, and who they are on the target."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ordersync.errors import BadInput
from ordersync.ledger import Kept, Ledger
from ordersync.model import Route, customer_key
from ordersync.transfer.ask import chunks

__all__ = ["Erased", "Eraser", "KeptOrder"]

log = logging.getLogger("ordersync.transfer")


@dataclass(frozen=True)
class KeptOrder:
    """An order whose draft must stay: a write of it may be under way."""

    route: str
    source_id: str
    number: str
    state: str


@dataclass
class Erased:
    """What was removed of a customer, and what had to stay. Names nobody."""

    payloads: int = 0
    bindings: int = 0
    """Notes of who the customer is on a target."""
    kept: list[KeptOrder] = field(default_factory=list)
    bindings_kept: int = 0
    """The same, while the customer's creation there is under way or in doubt."""
    unreadable: int = 0
    """Kept drafts that cannot be read, so that nobody knows whose they are."""

    @property
    def complete(self) -> bool:
        """Whether nothing of the customer is left."""
        return not (self.kept or self.bindings_kept or self.unreadable)


class Eraser:
    """Asks no platform: the ledger knows which accounts its routes read from."""

    def __init__(self, ledger: Ledger, routes: Sequence[Route]) -> None:
        self._ledger = ledger
        self._routes = routes
        self._result = Erased()

    def run(self, customer: str) -> Erased:
        """Erase the customer with this id of the source, or this e-mail address. Raises BadInput, LedgerTrouble.

        A customer with an account at the source is known by the id there, a guest by the address: what a kept draft
        tells of the one is used to find the other.
        """
        wanted = customer.strip()
        if not wanted:
            raise BadInput(
                "No customer is named.", remedy="Give an e-mail address or the source's customer id."
            )
        keys: dict[str, set[str]] = defaultdict(set)
        for route in self._routes:
            account = self._ledger.account_of(route.source)
            if account is not None:
                keys[route.target] |= self._erase_drafts(route, account, wanted)
        for target, known in keys.items():
            erased, left = self._ledger.erase_customers(target, known)
            self._result.bindings += erased
            self._result.bindings_kept += left
        log.info(
            "a customer was erased: %s drafts, %s bindings", self._result.payloads, self._result.bindings
        )
        return self._result

    def _erase_drafts(self, route: Route, account: tuple[str, str], wanted: str) -> set[str]:
        """Erase the customer's drafts on a route; answers every key of theirs that came to light."""
        keys = {
            customer_key(*account, customer_id=wanted, email=None),
            customer_key(*account, customer_id=None, email=wanted),
        }
        theirs: list[KeptOrder] = []
        others: dict[str, list[KeptOrder]] = defaultdict(list)
        for kept in self._ledger.kept(route.name):
            order = KeptOrder(route.name, kept.source_id, kept.number, kept.state.value)
            buyer, mentioned = self._reads(kept, wanted)
            if buyer is not None:
                keys |= {customer_key(*account, customer_id=known, email=mail) for known, mail in buyer}
                keys |= {kept.customer} if kept.customer else set()
            if buyer is not None or mentioned:
                theirs.append(order)
            elif kept.customer:
                others[kept.customer].append(order)
        theirs += (order for key in keys for order in others.get(key, ()))
        for part in chunks(theirs, 200):
            removed, left = self._ledger.erase_payloads(route.name, [order.source_id for order in part])
            self._result.payloads += len(removed)
            self._result.kept += (order for order in part if order.source_id in left)
        return keys

    def _reads(self, kept: Kept, wanted: str) -> tuple[list[tuple[str | None, str | None]] | None, bool]:
        """(the buyer's ids and addresses, if it is this customer; whether the address stands anywhere in the draft)."""
        try:
            draft = json.loads(kept.draft)
            customer = draft.get("customer") or {}
            known_id, mail, order_mail = customer.get("id"), customer.get("email"), draft.get("email")
        except (ValueError, AttributeError):
            self._result.unreadable += 1
            return None, False
        mentioned = any(_same(wanted, found) for found in _mails(draft))
        if known_id != wanted and not _same(wanted, mail) and not _same(wanted, order_mail):
            return None, mentioned
        buyer: list[tuple[str | None, str | None]] = []
        if known_id:
            buyer.append((known_id, None))
        if mail:
            buyer.append((None, mail))
        return buyer, mentioned


def _same(wanted: str, mail: object) -> bool:
    return isinstance(mail, str) and mail.strip().lower() == wanted.lower()


def _mails(value: Any) -> Iterator[object]:
    """Everything called `email`, however deep."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "email":
                yield inner
            else:
                yield from _mails(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _mails(inner)
