"""What each question means on the bench's platform."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from pydantic import BaseModel

from bench.connectors import wire
from bench.connectors.mapping import body_of, customer_body, order_of, placed_of
from ordersync import (
    Account,
    CustomerAsk,
    CustomerRef,
    Done,
    Draft,
    Facts,
    InDoubt,
    Item,
    NotFound,
    Order,
    OrderQuery,
    OrderSyncError,
    Outcome,
    Page,
    Placed,
    Stock,
    hookimpl,
)
from ordersync.web import Access

__all__ = ["BatchTarget", "BenchSettings", "SingleTarget", "Source"]

_FACTS = Facts(platform="Bench", page_size=100, unique_key=True, concurrency=4, overlap=timedelta(0))


class BenchSettings(BaseModel):
    """Where the server is."""

    url: str


class _End:
    """One end: a client and an account."""

    settings_model = BenchSettings
    facts = _FACTS

    def __init__(self, settings: BenchSettings, access: Access) -> None:
        self._client = access.client(settings.url)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    @hookimpl
    def check_access(self) -> Account:
        return Account(id=wire.told(self._client.get("account"), str, "id"))


class Source(_End):
    """Orders in pages by cursor."""

    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        params = {"limit": str(self.facts.page_size)}
        if query.updated_from:
            params["updated_from"] = query.updated_from.isoformat()
        cursor = query.cursor or "0"
        while cursor:
            reply = self._client.get("orders", params=params | {"cursor": cursor})
            orders = tuple(order_of(one) for one in wire.told(reply, list[wire.Order], "orders"))
            cursor = wire.told(reply, str | None, "next") or ""  # type: ignore[arg-type]
            yield Page(orders, orders[-1].updated_at if orders else None, cursor or None)

    @hookimpl
    def get_order(self, order_id: str) -> Order | None:
        try:
            return order_of(wire.told(self._client.get(f"orders/{order_id}"), wire.Order))
        except NotFound:
            return None

    @hookimpl
    def get_orders(self, order_ids: Sequence[str]) -> Sequence[Outcome[Order | None]]:
        reply = self._client.get("orders", params={"ids": ",".join(order_ids)})
        found = {one.id: order_of(one) for one in wire.told(reply, list[wire.Order], "orders")}
        return [Done(found.get(order_id)) for order_id in order_ids]


class _Target(_End):
    """Look-ups in batches, and orders found by their keys."""

    @hookimpl
    def find_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef | None]]:
        emails = ",".join(ask.customer.email or "" for ask in asks)
        reply = self._client.get("customers", params={"emails": emails})
        found = {
            one.email: CustomerRef(id=one.id) for one in wire.told(reply, list[wire.Person], "customers")
        }
        return [Done(found.get(ask.customer.email or "")) for ask in asks]

    @hookimpl
    def create_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef]]:
        body = {"customers": [customer_body(ask.customer, ask.key) for ask in asks]}
        made = wire.told(self._client.post("customers/batch", json=body), list[wire.Person], "results")
        return [Done(CustomerRef(id=one.id)) for one in made]

    @hookimpl
    def resolve_skus(self, skus: Sequence[str]) -> Sequence[Outcome[Item | None]]:
        reply = self._client.get("skus", params={"skus": ",".join(skus)})
        found = {
            one.sku: Item(sku=one.sku, product_id=one.id, unit_price=one.price, sellable=one.sellable)
            for one in wire.told(reply, list[wire.Item], "items")
        }
        return [Done(found.get(sku)) for sku in skus]

    @hookimpl
    def check_stocks(self, items: Sequence[Item]) -> Sequence[Outcome[Stock | None]]:
        reply = self._client.get("stock", params={"items": ",".join(item.product_id for item in items)})
        found = {
            one.item: Stock(available=Decimal(one.available))
            for one in wire.told(reply, list[wire.Stock], "stock")
        }
        return [Done(found.get(item.product_id)) for item in items]

    @hookimpl
    def find_orders(self, keys: Sequence[str]) -> Sequence[Outcome[Placed | None]]:
        reply = self._client.get("orders", params={"keys": ",".join(keys)})
        found = {one.key: placed_of(one) for one in wire.told(reply, list[wire.Standing], "orders")}
        return [Done(found.get(key)) for key in keys]


class BatchTarget(_Target):
    """Takes orders in batches, which answer ids alone: a second request reads the totals back."""

    @hookimpl
    def create_orders(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        reply = self._client.post("orders/batch", json={"orders": [body_of(draft) for draft in drafts]})
        made = wire.told(reply, list[wire.Made], "results")
        try:
            reply = self._client.get("orders", params={"ids": ",".join(one.id for one in made)})
            return [Done(placed_of(one)) for one in wire.told(reply, list[wire.Standing], "orders")]
        except OrderSyncError as error:
            raise InDoubt(f"The orders were made, and cannot be read back: {error.message}") from error


class SingleTarget(_Target):
    """Takes one order per request, and answers it with its totals."""

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        return placed_of(wire.told(self._client.post("orders", json=body_of(draft)), wire.Standing))
