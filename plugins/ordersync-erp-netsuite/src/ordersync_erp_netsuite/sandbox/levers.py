"""What the contract suite asks of the account's insides: orders that a clerk entered just now, and twins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import cycle, islice

from ordersync.testing import Sandbox as SandboxKit

from .sales import Sales
from .seeding import TWIN_SKU, item
from .store import Store, to_digits

__all__ = ["Levers"]

_BESPOKE = "BESPOKE-01"
_DIGITS = 2
"""Of the account's own currency."""


class Levers(SandboxKit):
    """The levers. NetSuite calls nobody and knows no codes to ask for, so those of webhooks and discounts are left out."""

    store: Store
    sales: Sales

    def long_order(self, lines: int) -> str:
        """One of each item that is in stock, over and over."""
        with self.lock:
            goods = [each for each in self.store.all("item") if each["stock"] and not each["isInactive"]]
            return self._entered({"item": {"id": each["id"]}} for each in islice(cycle(goods), lines))

    def order_worth(self, total: Decimal) -> str:
        """One line of an item that is never taxed. Raises NotImplementedError for an amount with more than two digits."""
        if to_digits(total, _DIGITS) != total:
            raise NotImplementedError(f"NetSuite keeps {_DIGITS} digits; {total} has more")
        with self.lock:
            made = item(self.store, _BESPOKE, "Made to measure", total, kind="NonInvtPart", taxable=False)
            return self._entered([{"item": {"id": made["id"]}, "rate": total, "price": {"id": "-1"}}])

    def ambiguous_sku(self) -> str:
        """The account is born with two matrix items of one name, below two parents."""
        return TWIN_SKU

    def _entered(self, lines: Iterable[Mapping[str, object]]) -> str:
        buyer = next(self.store.all("customer"))
        body = {"entity": {"id": buyer["id"]}, "item": {"items": list(lines)}}
        made = self.sales.write(body, None, key=None, replaced=frozenset(), strict=True)
        return str(made["id"])
