"""What a sandbox holds: its parts, the seeds that it is born with, and what stands; however it is asked.

A REST platform's sandbox is a `RestSandbox`, which adds endpoints. One with a single door (JSON-RPC, GraphQL, SOAP) is an
`AssembledSandbox` with an `answer` of its own.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

from ordersync.model import Delivery, rounded
from ordersync.testing import seeds
from ordersync.testing.kit.faults import Fault
from ordersync.testing.kit.parts import Part
from ordersync.testing.kit.pricing import Bill, bill
from ordersync.testing.kit.tables import Record, Table
from ordersync.testing.kit.throttles import Throttle
from ordersync.testing.kit.webhooks import Webhooks
from ordersync.testing.sandbox import Sandbox, StandingOrder

__all__ = ["AssembledSandbox"]

AnyPart = TypeVar("AnyPart", bound=Part)


class AssembledSandbox(Sandbox):
    """Remembers by its parts. A subclass writes `settings`, `answer`, `stands`, and what of the seeds it is born with."""

    currency: ClassVar[str] = "USD"
    """The platform's own."""

    items: Table = Table(by=("sku",))
    people: Table = Table(by=("email",))
    orders: Table = Table()
    webhooks: Webhooks = Webhooks()

    def __init_subclass__(cls, **given: Any) -> None:
        """Raises TypeError for a part under the name of one of the sandbox's own methods."""
        super().__init_subclass__(**given)
        for name, part in vars(cls).items():
            if isinstance(part, Part) and callable(getattr(Sandbox, name, None)):
                raise TypeError(
                    f"{cls.__name__}.{name} is a question to the sandbox: name the part otherwise"
                )

    def __init__(self, **given: Any) -> None:
        """The same arguments as `Sandbox`."""
        self.parts: dict[str, Part] = copy.deepcopy(self.declared())
        vars(self).update(self.parts)
        for name, part in self.parts.items():
            part.begin(name, self)
        super().__init__(**given)
        for table in self.all(Table):
            table.settle()

    @classmethod
    def declared(cls) -> dict[str, Part]:
        """The parts as the class has them, by name."""
        found: dict[str, Part] = {}
        for owner in reversed(cls.__mro__):
            for name, value in vars(owner).items():
                if isinstance(value, Part):
                    found[name] = value
                else:
                    found.pop(name, None)
        return found

    def all(self, kind: type[AnyPart]) -> list[AnyPart]:
        """The parts of a kind, in the order of declaration."""
        return [one for one in self.parts.values() if isinstance(one, kind)]

    # -- what an author writes -----------------------------------------------------------------------------------

    def stands(self, order: Record) -> StandingOrder | None:
        """A record of `orders` in nobody's words; None if it does not count as an order."""
        raise NotImplementedError

    def born_item(self, product: seeds.SeedProduct) -> Record | None:  # noqa: ARG002 - for who has items
        """A product of the common catalogue as a record of `items`; None: it is not there."""
        return None

    def born_customer(self, person: seeds.SeedCustomer) -> Record | None:  # noqa: ARG002 - for who has customers
        """A customer of the seeds as a record of `people`; None: they are not there."""
        return None

    def born_order(self, seed: seeds.SeedOrder, bill: Bill) -> Record | None:  # noqa: ARG002 - for sources
        """An order of the seeds, and how it adds up, as a record of `orders`; None: it is not there."""
        return None

    def webhook_body(self, topic: str, order: Record) -> Any:  # noqa: ARG002 - for who has webhooks
        """What a delivery about an order holds."""
        return {"id": order[self.orders.id_field]}

    # -- the sandbox's questions ---------------------------------------------------------------------------------

    def populate(self, orders: int) -> None:
        """The common catalogue, customers and orders, as the `born_…` methods make them."""
        for product in seeds.catalogue():
            _kept(self.items, self.born_item(product))
        for person in seeds.customers():
            _kept(self.people, self.born_customer(person))
        for one in seeds.sample_orders(self.seed, orders):
            _kept(self.orders, self.born_order(one, bill(one)))

    def standing(self) -> list[StandingOrder]:
        """Every record of `orders` that counts."""
        with self.lock:
            return [one for one in map(self.stands, self.orders) if one is not None]

    def customers(self) -> set[str]:
        """The ids of all records of `people`."""
        return {str(row[self.people.id_field]) for row in self.people}

    @property
    def refused(self) -> int:
        """Requests that were too many."""
        return sum(one.refused for one in self.all(Throttle))

    def state(self) -> Any:
        """What all parts keep."""
        with self.lock:
            version, internal, gauss = self.random.getstate()
            kept = {name: part.state() for name, part in self.parts.items()}
            return {
                "parts": {name: state for name, state in kept.items() if state is not None},
                "requests": self.requests,
                "random": [version, list(internal), gauss],
            }

    def restore(self, state: Any) -> None:
        """Become what `state()` described."""
        with self.lock:
            for name, part in self.parts.items():
                if name in state["parts"]:
                    part.restore(state["parts"][name])
            self.requests = state["requests"]
            version, internal, gauss = state["random"]
            self.random.setstate((version, tuple(internal), gauss))

    # -- the contract suite's levers -----------------------------------------------------------------------------

    def long_order(self, lines: int) -> str:
        """An order of so many lines, of the seeds' kind, without shipping: some platforms keep that as a line."""
        goods, plain = seeds.catalogue(), seeds.sample_orders(self.seed, 1)[0]
        sold = tuple(
            replace(plain.lines[0], sku=one.sku, title=one.title, variant=one.variant, unit_price=one.price)
            for one in (goods[turn % len(goods)] for turn in range(lines))
        )
        return self._sold(replace(plain, kind="long", lines=sold, shipping=None))

    def order_worth(self, total: Decimal) -> str:
        """An order of one line, without taxes and shipping, that comes to `total` in the sandbox's own currency, or in
        another one of the seeds' if that has too few digits."""
        plain = seeds.sample_orders(self.seed, 1)[0]
        line = replace(plain.lines[0], quantity=1, unit_price=total, discount=Decimal(0), taxes=())
        held = [one for one in (self.currency, *seeds.CURRENCIES) if rounded(total, one) == total]
        if not held:
            raise NotImplementedError
        return self._sold(replace(plain, kind="worth", currency=held[0], lines=(line,), shipping=None))

    def ambiguous_sku(self) -> str:
        """Two items of one SKU."""
        product = seeds.catalogue()[0]
        twin = self.born_item(replace(product, title=f"{product.title} again"))
        if twin is None:
            raise NotImplementedError
        with self.lock:
            try:
                self.items.add(twin)
            except Fault:
                raise NotImplementedError("a SKU stands once here") from None
            self.items.settle()
        return product.sku

    def delivery(self, order_id: str) -> Delivery:
        """A genuine delivery about an order, of the last one of the webhooks' topics."""
        if self.webhooks.signed is None:
            raise NotImplementedError
        with self.lock:
            topic = self.webhooks.topics[-1]
            body = self.webhook_body(topic, self.orders.need(order_id))
            return self.webhooks.sent(topic, body).delivery(self.clock.now())

    def signed(self, body: bytes) -> Delivery:
        """A delivery of any body, signed as `delivery` signs."""
        if self.webhooks.signed is None:
            raise NotImplementedError
        return self.webhooks.signed_raw(body).delivery(self.clock.now())

    def _sold(self, seed: seeds.SeedOrder) -> str:
        with self.lock:
            now = self.clock.now().replace(microsecond=0) - timedelta(minutes=1)
            seed = replace(seed, index=len(self.orders), placed_at=now, updated_at=now)
            made = self.born_order(seed, bill(seed))
            if made is None:
                raise NotImplementedError
            self.orders.add(made)
            self.orders.settle()
            return str(made[self.orders.id_field])


def _kept(table: Table, record: Record | None) -> None:
    if record is not None:
        table.add(record)
