"""One account on one platform: its connector, a plugin manager of its own, and a typed method per hook."""

from __future__ import annotations

import sys
import threading
import typing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Literal

import pluggy

from ordersync.deprecation import Use, fields_used, tell
from ordersync.errors import NotOffered, OrderSyncError, PluginBroken
from ordersync.hookspecs import PROJECT, ConnectorSpecs
from ordersync.model import (
    Account,
    Change,
    Customer,
    CustomerAsk,
    CustomerRef,
    Delivery,
    DiscountCheck,
    Draft,
    DraftLine,
    Facts,
    Item,
    Order,
    OrderQuery,
    OrderRef,
    Outcome,
    Page,
    Placed,
    PlacedLine,
    Receipt,
    Stock,
    Subscription,
    UpdateAsk,
)
from ordersync.signatures import deprecated_uses, signature_problems

__all__ = ["Connection", "WriteSafety", "signature_problems"]

WriteSafety = Literal["unique key", "searched stamp", "none"]
"""`unique key`: the platform itself keeps one order per key. `searched stamp`: the key is looked for before anything is
sent again. `none`: a lost answer parks the order for a person."""


class _Manager(pluggy.PluginManager):
    """Looks for the hooks of a class once, however many connections are made of it."""

    _found: ClassVar[dict[tuple[type, str], pluggy.HookimplOpts | None]] = {}

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        known = (type(plugin), name)
        if known not in self._found:
            self._found[known] = super().parse_hookimpl_opts(plugin, name)
        found = self._found[known]
        return found.copy() if found else None


class Connection:
    """Asks one connector. Every method raises NotOffered if the connector lacks the hook: check `offers` first."""

    specs: ClassVar[type] = ConnectorSpecs
    """What is asked."""

    def __init__(self, name: str, platform: str, connector: object) -> None:
        """`platform` is the connector's entry name. Raises PluginBroken if the connector breaks the contract."""
        self.name = name
        self.platform = platform
        self.connector = connector
        self._manager = _Manager(PROJECT)
        self._manager.add_hookspecs(self.specs)
        problems = signature_problems(connector, self.specs)
        if problems:
            raise PluginBroken(f"The connector {platform!r} breaks the contract: {'; '.join(problems)}.")
        try:
            self._manager.register(connector, name)
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginBroken(f"The connector {platform!r} breaks the contract: {error}.") from None
        self.offers = frozenset(
            caller.name for caller in self._manager.get_hookcallers(connector) or () if caller.get_hookimpls()
        )
        self._facts: Facts = getattr(connector, "facts", None) or Facts()
        self._account: Account | None = None
        self._slots = threading.BoundedSemaphore(self._facts.concurrency)
        """One per call that the platform likes at once, whoever makes it: windows, look-ups, the reader."""
        for use in (*deprecated_uses(type(connector), self.specs), *fields_used(self._facts)):
            self._tell(use)

    @property
    def facts(self) -> Facts:
        """The connector's facts, as `check_access` sharpened them."""
        return self._facts

    @property
    def account(self) -> Account:
        """Who we are there; asks once."""
        return self._account or self.check_access(thorough=False)

    @property
    def write_safety(self) -> WriteSafety:
        """What keeps a write that is asked twice from happening twice; from what the connector implements and says."""
        if self.facts.unique_key:
            return "unique key"
        return "searched stamp" if {"find_order", "find_orders"} & self.offers else "none"

    def close(self) -> None:
        """Let the connector close its clients."""
        close = getattr(self.connector, "close", None)
        if close:
            close()

    def _tell(self, use: Use) -> None:
        tell(
            self.platform, use, file=getattr(sys.modules.get(type(self.connector).__module__), "__file__", "")
        )

    def _ask(self, hook: str, **arguments: Any) -> Any:
        if hook not in self.offers:
            raise NotOffered(
                f"The connector {self.platform!r} does not offer {hook}.",
                remedy=f"`ordersync connectors {self.platform}` lists what it does.",
            )
        with self._guarded(hook):
            answer = getattr(self._manager.hook, hook)(**arguments)
        for use in fields_used(answer):
            self._tell(use)
        return answer

    @contextmanager
    def _guarded(self, hook: str) -> Iterator[None]:
        """One of the calls at once. What a connector lets out besides our errors is a defect of the connector, and named
        so."""
        try:
            with self._slots:
                yield
        except OrderSyncError:
            raise
        except Exception as error:
            raise PluginBroken(
                f"The connector {self.platform!r} failed in {hook} ({type(error).__name__}).",
                remedy="Tell its author; nothing else is harmed.",
            ) from error

    def check_access(self, thorough: bool = True) -> Account:
        account: Account = self._ask("check_access", thorough=thorough)
        self._account = account
        concurrency = self._facts.concurrency
        self._facts = account.facts or self._facts
        for use in fields_used(self._facts):
            self._tell(use)
        if self._facts.concurrency != concurrency:
            self._slots = threading.BoundedSemaphore(self._facts.concurrency)
        return account

    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        pages = typing.cast("Iterator[Page]", self._ask("list_orders", query=query))
        while True:
            with self._guarded("list_orders"):
                page = next(pages, None)
            if page is None:
                return
            yield page

    def get_order(self, order_id: str) -> Order | None:
        return typing.cast("Order | None", self._ask("get_order", order_id=order_id))

    def find_order(self, key: str) -> Placed | None:
        return typing.cast("Placed | None", self._ask("find_order", key=key))

    def find_customer(self, customer: Customer, key: str) -> CustomerRef | None:
        return typing.cast("CustomerRef | None", self._ask("find_customer", customer=customer, key=key))

    def create_customer(self, customer: Customer, key: str) -> CustomerRef:
        return typing.cast(CustomerRef, self._ask("create_customer", customer=customer, key=key))

    def resolve_sku(self, sku: str) -> Item | None:
        return typing.cast("Item | None", self._ask("resolve_sku", sku=sku))

    def check_stock(self, item: Item) -> Stock | None:
        return typing.cast("Stock | None", self._ask("check_stock", item=item))

    def create_order(self, draft: Draft) -> Placed:
        return typing.cast(Placed, self._ask("create_order", draft=draft))

    def add_line_item(self, ref: OrderRef, line: DraftLine, key: str) -> PlacedLine:
        return typing.cast(PlacedLine, self._ask("add_line_item", ref=ref, line=line, key=key))

    def update_order(self, ref: OrderRef, change: Change, key: str) -> Placed:
        return typing.cast(Placed, self._ask("update_order", ref=ref, change=change, key=key))

    def receive(self, delivery: Delivery) -> Receipt:
        return typing.cast(Receipt, self._ask("receive", delivery=delivery))

    def subscribe(self, address: str, topics: Sequence[str]) -> Sequence[Subscription]:
        return typing.cast("Sequence[Subscription]", self._ask("subscribe", address=address, topics=topics))

    def unsubscribe(self, subscription: Subscription) -> None:
        self._ask("unsubscribe", subscription=subscription)

    def check_discount(self, code: str) -> DiscountCheck | None:
        return typing.cast("DiscountCheck | None", self._ask("check_discount", code=code))

    def find_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef | None]]:
        return typing.cast(
            "Sequence[Outcome[CustomerRef | None]]", self._batch("find_customers", "asks", asks)
        )

    def create_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef]]:
        return typing.cast("Sequence[Outcome[CustomerRef]]", self._batch("create_customers", "asks", asks))

    def resolve_skus(self, skus: Sequence[str]) -> Sequence[Outcome[Item | None]]:
        return typing.cast("Sequence[Outcome[Item | None]]", self._batch("resolve_skus", "skus", skus))

    def check_stocks(self, items: Sequence[Item]) -> Sequence[Outcome[Stock | None]]:
        return typing.cast("Sequence[Outcome[Stock | None]]", self._batch("check_stocks", "items", items))

    def create_orders(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        return typing.cast("Sequence[Outcome[Placed]]", self._batch("create_orders", "drafts", drafts))

    def find_orders(self, keys: Sequence[str]) -> Sequence[Outcome[Placed | None]]:
        return typing.cast("Sequence[Outcome[Placed | None]]", self._batch("find_orders", "keys", keys))

    def get_orders(self, order_ids: Sequence[str]) -> Sequence[Outcome[Order | None]]:
        return typing.cast(
            "Sequence[Outcome[Order | None]]", self._batch("get_orders", "order_ids", order_ids)
        )

    def update_orders(self, asks: Sequence[UpdateAsk]) -> Sequence[Outcome[Placed]]:
        return typing.cast("Sequence[Outcome[Placed]]", self._batch("update_orders", "asks", asks))

    def batch_size(self, hook: str) -> int:
        """How many elements one call of a batch hook may carry."""
        return self.facts.batch_sizes.get(hook, self.facts.page_size)

    def _batch(self, hook: str, parameter: str, elements: Sequence[Any]) -> Sequence[Any]:
        if not elements and hook in self.offers:
            return []
        answers = self._ask(hook, **{parameter: elements})
        if answers is None or len(answers) != len(elements):
            raise PluginBroken(
                f"{self.platform}.{hook} answered {0 if answers is None else len(answers)} "
                f"outcomes for {len(elements)} elements."
            )
        return typing.cast("Sequence[Any]", answers)

    def __repr__(self) -> str:
        return f"Connection({self.name}, {self.platform})"
