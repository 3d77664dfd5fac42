"""What the contract suite asks of a store's insides: orders as buyers place them, deliveries, a coupon, twins."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import cycle, islice

from ordersync import Delivery
from ordersync.testing.seeds import SeedLine, SeedOrder, catalogue, customers

from .hooks import Delivery as Sent
from .hooks import deliveries, delivery_to
from .panel import Panel
from .populate import TWIN_SKU, new_coupon, sell
from .shelves import CURRENCIES
from .store import STORE_HASH, Row, units

__all__ = ["Levers"]

_SCOPE = "store/order/updated"
_HOOK: Row = {
    "scope": _SCOPE,
    "destination": "https://receiver.example/hooks",
    "is_active": True,
    "headers": None,
}
_CODE = "AUTUMN10"
_TAXES = (("Sales tax", Decimal("0.08875")),)


class Levers(Panel):
    """What the suite pulls."""

    multi: bool

    def long_order(self, lines: int) -> str:
        """A buyer orders one of each product, over and over; every line is taxed, so the taxes have pages as well."""
        return self._sold(
            SeedLine(one.title, 1, one.price, one.sku, one.variant, taxes=_TAXES)
            for one in islice(cycle(catalogue()), lines)
        )

    def order_worth(self, total: Decimal) -> str:
        """A custom line of this price, in the first currency of the store that can hold it."""
        for currency in CURRENCIES if self.multi else CURRENCIES[:1]:
            if units(total, currency) == total:
                return self._sold([SeedLine("Made to measure", 1, total)], currency)
        raise NotImplementedError(f"no currency of the store can hold {total}")

    def delivery(self, order_id: str) -> Delivery:
        """`store/order/updated`, as it goes to whoever has a hook for it."""
        with self.lock:
            (made,) = deliveries(
                [_HOOK],
                _SCOPE,
                self.store.orders[int(order_id)],
                {},
                store_hash=STORE_HASH,
                secret=self.client_secret,
                now=self.clock.now(),
                dice=self.random,
            )
            return self._arriving(made)

    def signed(self, body: bytes) -> Delivery:
        """The same with this body."""
        with self.lock:
            made = delivery_to(_HOOK, body, secret=self.client_secret, now=self.clock.now(), dice=self.random)
            return self._arriving(made)

    def ambiguous_sku(self) -> str:
        """The store is born with two products whose variants share a SKU."""
        return TWIN_SKU

    def discount_code(self) -> str:
        """A coupon of ten per cent, switched on, without an end."""
        with self.lock:
            if not any(one["code"] == _CODE for one in self.store.coupons.values()):
                new_coupon(self.store, _CODE, Decimal(10))
        return _CODE

    def _sold(self, lines: Iterable[SeedLine], currency: str = CURRENCIES[0]) -> str:
        with self.lock:
            now = self.clock.now().replace(microsecond=0)
            person = customers()[0]
            seed = SeedOrder(
                index=len(self.store.orders),
                kind="lever",
                currency=currency,
                taxes_included=False,
                lines=tuple(lines),
                placed_at=now,
                updated_at=now,
                customer=person,
                email=person.email,
                address=person.address,
            )
            order = sell(self.store, seed)
            self._tell("store/order/created", order, {})
            return str(order["id"])

    def _arriving(self, made: Sent) -> Delivery:
        return Delivery(made.headers, made.body, self.clock.now())
