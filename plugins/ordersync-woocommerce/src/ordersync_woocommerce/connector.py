"""WooCommerce through its REST API v3: what each question means there."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TypeVar

from ordersync import (
    Account,
    Change,
    Customer,
    CustomerAsk,
    CustomerRef,
    Delivery,
    DiscountCheck,
    Done,
    Draft,
    Facts,
    Failed,
    Item,
    NotFound,
    Order,
    OrderQuery,
    OrderRef,
    OrderSyncError,
    Outcome,
    Page,
    Placed,
    Receipt,
    Stock,
    Subscription,
    UpdateAsk,
    hookimpl,
)
from ordersync.web import Access
from ordersync_woocommerce import goods, listing, webhooks, wire
from ordersync_woocommerce.account import Knowledge, account, knowledge
from ordersync_woocommerce.mapping import order_of
from ordersync_woocommerce.people import People
from ordersync_woocommerce.placing import Desk
from ordersync_woocommerce.settings import WooCommerceSettings
from ordersync_woocommerce.shop import Shop

__all__ = ["FACTS", "WooCommerceConnector"]

V = TypeVar("V")

FACTS = Facts(
    platform="WooCommerce",
    api_version="wc/v3",
    page_size=50,
    batch_sizes={
        "create_orders": 25,
        "update_orders": 25,
        "find_orders": 100,
        "get_orders": 100,
        "find_customers": 50,
        "create_customers": 20,
        "resolve_skus": 200,
        "check_stocks": 200,
    },
    concurrency=2,
    rate="none documented, hosts have their own; each order takes the shop 50 to 130 ms",
    unique_key=False,
    settle_time=timedelta(seconds=120),
    overlap=timedelta(minutes=5),
    longest_key=100,
    custom_lines=True,
    guests=True,
    draft_first=False,
    keeps_placed_at=False,
    tracking=False,
    customer_email=True,
    quantity_digits=0,
)
"""Line, shipping and fee amounts that are sent stand; how taxes are sent so that they do is the connector's business."""


class WooCommerceConnector:
    """One shop."""

    settings_model = WooCommerceSettings
    facts = FACTS

    def __init__(self, settings: WooCommerceSettings, access: Access) -> None:
        self.facts = FACTS.model_copy(update={"concurrency": settings.concurrency})
        self._settings = settings
        self._now = access.clock.now
        self._shop = Shop(settings, access)
        self._desk = Desk(self._shop, settings)
        self._people = People(self._shop)
        self._known: Knowledge | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close all connections."""
        self._shop.close()

    def __repr__(self) -> str:
        return f"WooCommerceConnector({self._shop.host})"

    def _knowledge(self, *, anew: bool = False) -> Knowledge:
        with self._lock:
            if self._known is None or anew:
                self._known = knowledge(self._shop, self._settings)
            return self._known

    # --- the account -------------------------------------------------------------------------------------------------

    @hookimpl
    def check_access(self, thorough: bool) -> Account:
        known = self._knowledge(anew=True)
        facts = self.facts.model_copy(update={"amount_digits": known.rules.decimals})
        found = account(self._shop, self._settings, known, thorough=thorough)
        return found.model_copy(update={"facts": facts})

    # --- reading orders ----------------------------------------------------------------------------------------------

    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        return listing.pages(self._shop, query, self._settings.page_size, self._settings.statuses)

    @hookimpl
    def get_order(self, order_id: str) -> Order | None:
        if not order_id.isdecimal():
            return None
        try:
            found = self._shop.one(wire.Order, f"orders/{order_id}")
        except NotFound:
            return None
        try:
            return order_of(found, self._settings.statuses)
        except ValueError as error:
            raise listing.unreadable(order_id, error) from None

    @hookimpl
    def get_orders(self, order_ids: Sequence[str]) -> Sequence[Outcome[Order | None]]:
        """One list, and one by one what it does not show (the trash) or cannot be read from it."""
        ids = [order_id for order_id in dict.fromkeys(order_ids) if order_id.isdecimal()]
        rows = self._shop.rows(wire.Order, "orders", include=",".join(ids)) if ids else iter(())
        found = {str(row.id): row for row in rows}
        return [self._told(order_id, found.get(order_id)) for order_id in order_ids]

    def _told(self, order_id: str, found: wire.Order | None) -> Outcome[Order | None]:
        try:
            return Done(order_of(found, self._settings.statuses) if found else self.get_order(order_id))
        except ValueError as error:
            return Failed(listing.unreadable(order_id, error))
        except OrderSyncError as error:
            return Failed(error)

    # --- finding, creating and changing orders -----------------------------------------------------------------------

    @hookimpl
    def find_order(self, key: str) -> Placed | None:
        return _single(self._desk.find([key]))

    @hookimpl
    def find_orders(self, keys: Sequence[str]) -> Sequence[Outcome[Placed | None]]:
        return self._desk.find(keys)

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        return self._desk.create(draft, self._knowledge())

    @hookimpl
    def create_orders(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        return self._desk.create_many(drafts, self._knowledge())

    @hookimpl
    def update_order(self, ref: OrderRef, change: Change, key: str) -> Placed:
        return self._desk.change(ref, change, key)

    @hookimpl
    def update_orders(self, asks: Sequence[UpdateAsk]) -> Sequence[Outcome[Placed]]:
        return self._desk.change_many(asks)

    # --- customers, items and stock ----------------------------------------------------------------------------------

    @hookimpl
    def find_customer(self, customer: Customer) -> CustomerRef | None:
        return self._people.find(customer)

    @hookimpl
    def find_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef | None]]:
        return self._people.find_many(asks)

    @hookimpl
    def create_customer(self, customer: Customer, key: str) -> CustomerRef:
        return self._people.create(customer, key)

    @hookimpl
    def create_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef]]:
        return self._people.create_many(asks)

    @hookimpl
    def resolve_sku(self, sku: str) -> Item | None:
        return _single(self.resolve_skus([sku]))

    @hookimpl
    def resolve_skus(self, skus: Sequence[str]) -> Sequence[Outcome[Item | None]]:
        return goods.resolve(self._shop, skus, self._knowledge().currency)

    @hookimpl
    def check_stock(self, item: Item) -> Stock | None:
        return _single(self.check_stocks([item]))

    @hookimpl
    def check_stocks(self, items: Sequence[Item]) -> Sequence[Outcome[Stock | None]]:
        return goods.stocks(self._shop, items)

    # --- webhooks and discounts --------------------------------------------------------------------------------------

    @hookimpl
    def receive(self, delivery: Delivery) -> Receipt:
        if webhooks.is_ping(delivery):
            return Receipt()
        webhooks.verify(delivery, self._settings.webhook_secrets)
        event = webhooks.event_of(delivery)
        return Receipt(events=(event,) if event else ())

    @hookimpl
    def subscribe(self, address: str, topics: Sequence[str]) -> Sequence[Subscription]:
        return webhooks.subscribe(self._shop, address, topics, self._settings.webhook_secrets)

    @hookimpl
    def unsubscribe(self, subscription: Subscription) -> None:
        webhooks.unsubscribe(self._shop, subscription)

    @hookimpl
    def check_discount(self, code: str) -> DiscountCheck | None:
        """The shop stores codes in lower case; what it finds is compared."""
        wanted = code.strip().lower()
        rows = self._shop.rows(wire.Coupon, "coupons", code=wanted) if wanted else iter(())
        found = next((row for row in rows if row.code.lower() == wanted), None)
        if found is None:
            return None
        why = ""
        if found.status != "publish":
            why = f"it is {found.status}"
        elif found.date_expires_gmt is not None and found.date_expires_gmt <= self._now():
            why = "it has expired"
        elif found.usage_limit and found.usage_count >= found.usage_limit:
            why = "it was used as often as it may be"
        return DiscountCheck(code=found.code, valid=not why, reason=why)


def _single(answers: Sequence[Outcome[V]]) -> V:
    answer = answers[0]
    if isinstance(answer, Failed):
        raise answer.error
    return answer.value
