"""Shopify through the Admin GraphQL API: what each question means there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, TypeVar

from ordersync import (
    Account,
    Ambiguous,
    Arithmetic,
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
    InDoubt,
    Item,
    NotFound,
    NotOffered,
    Order,
    OrderQuery,
    OrderRef,
    OrderSyncError,
    Outcome,
    Page,
    Placed,
    Receipt,
    Refused,
    Stock,
    Subscription,
    UnexpectedReply,
    hookimpl,
)
from ordersync.web import Access
from ordersync_shopify import changing, inputs, listing, mapping, queries, reading, webhooks, wire
from ordersync_shopify.account import CREATES_PER_MINUTE, check
from ordersync_shopify.graphql import GraphQL
from ordersync_shopify.marks import gid
from ordersync_shopify.reading import read_as
from ordersync_shopify.search import any_of, term
from ordersync_shopify.settings import ShopifySettings

__all__ = ["ShopifyConnector"]

V = TypeVar("V")

MOST_FOUND = 20
"""Pages of search results for one batch; a search that gives more ignores what it was asked for."""


class ShopifyConnector:
    """One shop."""

    settings_model = ShopifySettings
    facts = Facts(
        platform="Shopify",
        api_version="2026-10",
        api_retires=date(2027, 10, 16),
        page_size=50,
        batch_sizes={
            "find_orders": 20,
            "get_orders": 10,
            "find_customers": 50,
            "resolve_skus": 50,
            "check_stocks": 20,
        },
        concurrency=4,
        rate="cost points from a bucket: 2000, refilled by 100 per second on the smallest plan; 1000 per query",
        unique_key=False,
        index_lag=timedelta(seconds=30),
        overlap=timedelta(minutes=5),
        longest_key=255,
        custom_lines=True,
        guests=True,
        draft_first=False,
        keeps_placed_at=True,
        tracking=True,
        discount_codes=1,
        quantity_digits=0,
        tax_lines=False,
        arithmetic=Arithmetic(
            line_total="priced",
            currency_digits_cap=True,
            line_discount="none",
            order_discount=True,
            negative_lines=False,
            tax="given",
        ),
    )

    def __init__(self, settings: ShopifySettings, access: Access) -> None:
        self._settings = settings
        self._access = access
        self._graphql = GraphQL(
            settings.base_url or f"https://{settings.shop}",
            settings.api_version,
            settings.access_token.get_secret_value(),
            access,
        )
        self._location = gid("Location", settings.location) if settings.location else None
        self._currency: str | None = None

    def close(self) -> None:
        """Close all connections."""
        self._graphql.close()

    def __repr__(self) -> str:
        return f"ShopifyConnector({self._settings.shop})"

    # --- the account -------------------------------------------------------------------------------------------------

    @hookimpl
    def check_access(self) -> Account:
        account, shop = check(self._graphql, self._settings, self.facts, self._access.clock.now())
        self._currency = shop.currency_code
        if shop.plan.partner_development:
            self._graphql.limit(queries.CREATE_ORDER, CREATES_PER_MINUTE, seconds=60.1)
        return account

    # --- reading orders ----------------------------------------------------------------------------------------------

    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        return listing.pages(self._graphql, query, self._settings.page_size)

    @hookimpl
    def get_order(self, order_id: str) -> Order | None:
        node = self._graphql.ask(queries.ORDER, id=gid("Order", order_id))["order"]
        return None if node is None else self._order(node)

    @hookimpl
    def get_orders(self, order_ids: Sequence[str]) -> Sequence[Outcome[Order | None]]:
        answers: dict[str, Outcome[Order | None]] = {}

        def ask(ids: Sequence[str]) -> None:
            nodes = self._graphql.ask(queries.ORDERS_BY_ID, ids=list(ids))["nodes"]
            for order_id, node in zip(ids, nodes, strict=True):
                try:
                    answers[order_id] = Done(self._order(node) if node else None)
                except UnexpectedReply as error:
                    answers[order_id] = Failed(error)

        ids = [gid("Order", order_id) for order_id in order_ids]
        self._graphql.batched(ids, self.facts.batch_sizes["get_orders"], ask)
        return [answers[order_id] for order_id in ids]

    def _order(self, node: dict[str, Any]) -> Order:
        try:
            return reading.read_order(self._graphql, node)
        except ValueError as error:
            raise UnexpectedReply(
                f"Order {node.get('id')} cannot be read: {reading.reason(error)}."
            ) from None

    # --- finding and creating orders ---------------------------------------------------------------------------------

    @hookimpl
    def find_order(self, key: str) -> Placed | None:
        return _single(self.find_orders([key]))

    @hookimpl
    def find_orders(self, keys: Sequence[str]) -> Sequence[Outcome[Placed | None]]:
        hits: dict[str, dict[str, Placed]] = {key: {} for key in keys}

        def ask(batch: Sequence[str]) -> None:
            for node in self._search(queries.FIND_ORDERS, "orders", any_of("source_identifier", batch), 25):
                key = node["sourceIdentifier"]
                if key in hits:
                    hits[key][node["id"]] = mapping.placed(reading.read_placed(self._graphql, node), key)

        self._graphql.batched(list(hits), self.facts.batch_sizes["find_orders"], ask)
        return [_one(hits[key], f"orders carry the key {key}") for key in keys]

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        asked = inputs.order_input(
            draft, source_name=self._settings.source_name, discount_title=self._settings.discount_title
        )
        payload = self._graphql.change(
            queries.CREATE_ORDER,
            order=asked,
            options={"inventoryBehaviour": self._settings.inventory_behaviour.upper()},
        )
        node = payload["order"]
        if node is None:
            raise InDoubt("Shopify's answer names no order. Whether it was created is not known.")
        try:
            return mapping.placed(reading.read_placed(self._graphql, node), draft.key)
        except OrderSyncError as error:
            raise InDoubt(f"The order was created, but reading it back failed: {error}") from error

    # --- customers ---------------------------------------------------------------------------------------------------

    @hookimpl
    def find_customer(self, customer: Customer, key: str) -> CustomerRef | None:
        found = _single(self.find_customers([CustomerAsk(customer, key)]))
        return found or self._customer_by_identifier(customer)

    @hookimpl
    def find_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef | None]]:
        by_key, by_mail, by_phone = _Index(), _Index(), _Index()

        def ask(batch: Sequence[CustomerAsk]) -> None:
            terms = [any_of("tag", {each.key for each in batch})]
            terms += [term("email", each.customer.email) for each in batch if each.customer.email]
            terms += [term("phone", each.customer.phone) for each in batch if each.customer.phone]
            for node in self._search(queries.CUSTOMERS, "customers", " OR ".join(terms), 100):
                found = read_as(wire.Customer, node)
                for tag in found.tags:
                    by_key.add(tag, found.id)
                if found.default_email_address:
                    by_mail.add(found.default_email_address.email_address, found.id)
                if found.default_phone_number:
                    by_phone.add(found.default_phone_number.phone_number, found.id)

        self._graphql.batched(asks, self.facts.batch_sizes["find_customers"], ask)
        return [
            _one(
                {
                    found: CustomerRef(id=found)
                    for found in by_key[each.key]
                    or by_mail[each.customer.email]
                    or by_phone[each.customer.phone]
                },
                f"customers match {each.key}",
            )
            for each in asks
        ]

    @hookimpl
    def create_customer(self, customer: Customer, key: str) -> CustomerRef:
        try:
            payload = self._graphql.change(
                queries.CREATE_CUSTOMER, input=inputs.customer_input(customer, key)
            )
        except Refused as error:
            if any("already been taken" in problem.problem for problem in error.fields):
                found = self._customer_by_identifier(customer)
                if found:
                    return found
            raise
        if payload["customer"] is None:
            raise InDoubt("Shopify's answer names no customer. Whether it was created is not known.")
        return CustomerRef(id=payload["customer"]["id"])

    def _customer_by_identifier(self, customer: Customer) -> CustomerRef | None:
        """By e-mail, then by phone; both are unique, and this look-up is not behind the search's index."""
        identifiers = {"emailAddress": customer.email, "phoneNumber": customer.phone}
        for name, value in identifiers.items():
            if not value or (name == "phoneNumber" and not value.startswith("+")):
                continue
            data = self._graphql.ask(queries.CUSTOMER_BY_IDENTIFIER, identifier={name: value})
            if data["customerByIdentifier"]:
                return CustomerRef(id=data["customerByIdentifier"]["id"])
        return None

    # --- items and stock ---------------------------------------------------------------------------------------------

    @hookimpl
    def resolve_sku(self, sku: str) -> Item | None:
        return _single(self.resolve_skus([sku]))

    @hookimpl
    def resolve_skus(self, skus: Sequence[str]) -> Sequence[Outcome[Item | None]]:
        """Several variants may have one SKU: the one that is sold counts, two of them are ambiguous."""
        hits: dict[str, dict[str, Item]] = {sku: {} for sku in skus}

        def ask(batch: Sequence[str]) -> None:
            for node in self._search(queries.VARIANTS, "productVariants", any_of("sku", batch), 100):
                if node["sku"] in hits:
                    hits[node["sku"]][node["id"]] = mapping.item(read_as(wire.Variant, node), self._currency)

        self._graphql.batched(list(hits), self.facts.batch_sizes["resolve_skus"], ask)
        return [_the_sold(sku, hits[sku]) for sku in skus]

    @hookimpl
    def check_stock(self, item: Item) -> Stock | None:
        return _single(self.check_stocks([item]))

    @hookimpl
    def check_stocks(self, items: Sequence[Item]) -> Sequence[Outcome[Stock | None]]:
        answers: dict[str, Outcome[Stock | None]] = {}

        def ask(ids: Sequence[str]) -> None:
            nodes = self._graphql.ask(queries.STOCKS, ids=list(ids))["nodes"]
            for variant_id, node in zip(ids, nodes, strict=True):
                answers[variant_id] = Done(self._stock(node) if node else None)

        ids = [gid("ProductVariant", item.variant_id or item.product_id) for item in items]
        self._graphql.batched(ids, self.facts.batch_sizes["check_stocks"], ask)
        return [answers[variant_id] for variant_id in ids]

    def _stock(self, node: dict[str, Any]) -> Stock:
        held = node["inventoryItem"]
        reading.whole(self._graphql, held, "inventoryLevels", queries.STOCK_LEVELS, "inventoryItem")
        return mapping.stock(read_as(wire.StockedVariant, node), self._location)

    # --- changing orders ---------------------------------------------------------------------------------------------

    @hookimpl
    def update_order(self, ref: OrderRef, change: Change, key: str) -> Placed:
        order_id = gid("Order", ref.id)
        changing.make(self._graphql, self._access.clock, order_id, change, key)
        node = self._graphql.ask(queries.PLACED, id=order_id)["order"]
        if node is None:
            raise NotFound("Shopify has no such order (any more).")
        order = reading.read_placed(self._graphql, node)
        return mapping.placed(order, order.source_identifier or key)

    # --- webhooks and discounts --------------------------------------------------------------------------------------

    @hookimpl
    def receive(self, delivery: Delivery) -> Receipt:
        webhooks.verify(delivery, self._settings.webhook_secrets, self._settings.shop)
        return Receipt(events=webhooks.events(delivery))

    @hookimpl
    def subscribe(self, address: str, topics: Sequence[str]) -> Sequence[Subscription]:
        unknown = [topic for topic in topics if topic not in webhooks.TOPICS]
        if unknown:
            raise NotOffered(
                f"Shopify has no webhook for {', '.join(unknown)}.",
                remedy=f"It has {', '.join(webhooks.TOPICS)}.",
            )
        standing = {
            found.topic: found
            for page in self._graphql.pages(queries.SUBSCRIPTIONS, ("webhookSubscriptions",))
            for found in (read_as(wire.Subscription, node) for node in page)
            if found.uri == address
        }
        answers = []
        for topic in topics:
            theirs = webhooks.TOPICS[topic]
            if theirs not in standing:
                payload = self._graphql.change(queries.CREATE_SUBSCRIPTION, topic=theirs, uri=address)
                standing[theirs] = read_as(wire.Subscription, payload["webhookSubscription"])
            answers.append(Subscription(id=standing[theirs].id, topic=topic, address=address))
        return answers

    @hookimpl
    def unsubscribe(self, subscription: Subscription) -> None:
        try:
            self._graphql.change(queries.DELETE_SUBSCRIPTION, id=subscription.id)
        except Refused as error:
            if not any("not exist" in problem.problem.lower() for problem in error.fields):
                raise

    @hookimpl
    def check_discount(self, code: str) -> DiscountCheck | None:
        node = self._graphql.ask(queries.DISCOUNT, code=code)["codeDiscountNodeByCode"]
        if node is None:
            return None
        status = read_as(wire.Discounted, node["codeDiscount"]).status or ""
        return DiscountCheck(code=code, valid=status == "ACTIVE", reason="" if status == "ACTIVE" else status)

    # --- searching ---------------------------------------------------------------------------------------------------

    def _search(
        self, document: queries.Document, field: str, query: str, first: int
    ) -> Iterator[dict[str, Any]]:
        """Every hit. A search that never ends does not filter: then "not among the hits" would mean nothing."""
        for number, nodes in enumerate(self._graphql.pages(document, (field,), first=first, query=query)):
            if number == MOST_FOUND:
                raise UnexpectedReply(f"Shopify's search of {field} gives far more than was asked for.")
            yield from nodes


class _Index:
    """Ids by an exact value, whatever the case of its letters."""

    def __init__(self) -> None:
        self._ids: dict[str, list[str]] = {}

    def add(self, value: str, found: str) -> None:
        ids = self._ids.setdefault(value.lower(), [])
        if found not in ids:
            ids.append(found)

    def __getitem__(self, value: str | None) -> list[str]:
        return self._ids.get(value.lower(), []) if value else []


def _one(hits: Mapping[str, V], several: str) -> Outcome[V | None]:
    """The only hit, by its id; none is None, several are ambiguous."""
    if len(hits) > 1:
        return Failed(Ambiguous(f"Several {several}.", candidates=tuple(hits)))
    return Done(next(iter(hits.values()), None))


def _the_sold(sku: str, items: Mapping[str, Item]) -> Outcome[Item | None]:
    """The variant that is sold; one that is not only if there is no other."""
    sold = {name: item for name, item in items.items() if item.sellable}
    if sold:
        return _one(sold, f"variants have the SKU {sku}")
    return Done(next(iter(items.values()), None))


def _single(answers: Sequence[Outcome[V]]) -> V:
    answer = answers[0]
    if isinstance(answer, Failed):
        raise answer.error
    return answer.value
