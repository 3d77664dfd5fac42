"""BigCommerce through its REST APIs, orders in V2 and the rest in V3: what each question means there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
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
    Draft,
    Facts,
    Failed,
    FieldProblem,
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
from ordersync_bigcommerce import account, changing, goods, listing, people, placing, reading, webhooks, wire
from ordersync_bigcommerce.api import Api, listed_of, read_as, reason
from ordersync_bigcommerce.finding import Finder
from ordersync_bigcommerce.settings import BigCommerceSettings

__all__ = ["BigCommerceConnector"]

V = TypeVar("V")

MOST_WALKED = 20
"""Pages of all orders that are walked where the filter by key is passed over."""


class BigCommerceConnector:
    """One store."""

    settings_model = BigCommerceSettings
    facts = Facts(
        platform="BigCommerce",
        api_version="V2 and V3",
        page_size=50,
        batch_sizes={
            "find_customers": 25,
            "create_customers": people.MOST_CREATED,
            "resolve_skus": 50,
            "check_stocks": 50,
            "find_orders": 50,
        },
        concurrency=3,
        rate="150 requests in 30 seconds on the smallest plans, shared by all apps of the store",
        unique_key=False,
        index_lag=timedelta(seconds=10),
        overlap=timedelta(minutes=5),
        longest_key=255,
        custom_lines=True,
        guests=True,
        draft_first=False,
        keeps_placed_at=True,
        tracking=True,
        customer_email=True,
        quantity_digits=0,
        arithmetic=Arithmetic(line_total="given", tax="given", negative_lines=False),
    )

    def __init__(self, settings: BigCommerceSettings, access: Access) -> None:
        self._settings = settings
        self._access = access
        self._api = Api(settings, access)
        self._finder = Finder(
            self._api,
            access.clock,
            shows_after=self.facts.settle_time + self.facts.index_lag,
            one=self.find_order,
        )
        if settings.unconfirmed_first:
            self.facts = self.facts.model_copy(update={"draft_first": True})

    def close(self) -> None:
        """Close all connections."""
        self._api.close()

    def __repr__(self) -> str:
        return f"BigCommerceConnector({self._settings.store_hash})"

    # --- the account -------------------------------------------------------------------------------------------------

    @hookimpl
    def check_access(self, thorough: bool) -> Account:
        return account.check(self._api, self._settings, self._access, self.facts, thorough)

    # --- reading orders ----------------------------------------------------------------------------------------------

    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        return listing.pages(self._api, query, self._settings.page_size)

    @hookimpl
    def get_order(self, order_id: str) -> Order | None:
        row = self._row(order_id)
        if row is None:
            return None
        try:
            return reading.read_order(self._api, row)
        except ValueError as error:
            raise UnexpectedReply(f"Order {order_id} cannot be read: {reason(error)}.") from None

    # --- finding and creating orders ---------------------------------------------------------------------------------

    @hookimpl
    def find_order(self, key: str) -> Placed | None:
        hits = [row for row in self._carrying(key) if row.get("external_order_id") == key]
        if len(hits) > 1:
            raise Ambiguous(
                f"Several orders carry the key {key}.", candidates=tuple(str(row.get("id")) for row in hits)
            )
        return self._placed(read_as(wire.Order, hits[0]), key) if hits else None

    @hookimpl
    def find_orders(self, keys: Sequence[str]) -> Sequence[Outcome[Placed | None]]:
        return self._finder.find(keys)

    def _carrying(self, key: str) -> list[dict[str, Any]]:
        """The orders that the filter by key gives. Where it was passed over, all orders, newest first: what is not
        among them is not there; where they are too many to say so, UnexpectedReply."""
        asked = {"external_order_id": key, "limit": "50", **reading.INCLUDED}
        rows = listed_of(self._api.ask("v2/orders", asked))
        if all(row.get("external_order_id") == key for row in rows):
            return rows
        rows = []
        for number, page in enumerate(
            self._api.rows("v2/orders", {"sort": "id:desc", "include": "fees"}, enough=1), start=1
        ):
            rows += page
            if number == MOST_WALKED:
                raise UnexpectedReply(
                    "BigCommerce lists orders without regard to the key that was asked for."
                )
        return rows

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        own = account.currencies_of(self._api, self._access).own
        body = placing.order_body(draft, self._settings, own)
        try:
            row = self._api.change("POST", "v2/orders", body, reading.INCLUDED)
        except Refused:
            self._access.memory.forget(account.MEMORY)
            raise
        order = read_as(wire.Order, row, written=True)
        try:
            if order.external_order_id != draft.key:
                changing.stamp(self._api, order, draft.key)
            return self._placed(order, draft.key)
        except OrderSyncError as error:
            raise InDoubt(f"The order was created, but reading it back failed: {error}") from error

    def _placed(self, order: wire.Order, key: str) -> Placed:
        try:
            lines, fees = reading.lines_of(self._api, order), reading.fees_of(self._api, order)
        except ValueError as error:
            raise UnexpectedReply(f"Order {order.id} cannot be read: {reason(error)}.") from None
        return placing.placed(order, lines, fees, key)

    # --- customers ---------------------------------------------------------------------------------------------------

    @hookimpl
    def find_customer(self, customer: Customer, key: str) -> CustomerRef | None:
        return _single(self.find_customers([CustomerAsk(customer, key)]))

    @hookimpl
    def find_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef | None]]:
        return people.find_many(self._api, asks)

    @hookimpl
    def create_customer(self, customer: Customer) -> CustomerRef:
        return people.create(self._api, customer)

    @hookimpl
    def create_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef]]:
        return people.create_many(self._api, asks)

    # --- items and stock ---------------------------------------------------------------------------------------------

    @hookimpl
    def resolve_sku(self, sku: str) -> Item | None:
        return _single(self.resolve_skus([sku]))

    @hookimpl
    def resolve_skus(self, skus: Sequence[str]) -> Sequence[Outcome[Item | None]]:
        return goods.resolve_many(self._api, skus, account.currencies_of(self._api, self._access).own)

    @hookimpl
    def check_stock(self, item: Item) -> Stock | None:
        return _single(self.check_stocks([item]))

    @hookimpl
    def check_stocks(self, items: Sequence[Item]) -> Sequence[Outcome[Stock | None]]:
        return goods.check_many(self._api, items, self._settings.location)

    # --- changing orders ---------------------------------------------------------------------------------------------

    @hookimpl
    def update_order(self, ref: OrderRef, change: Change, key: str) -> Placed:
        order = changing.make(self._api, self._settings, self._standing(ref), change, key)
        order = order or self._standing(ref)
        return self._placed(order, order.external_order_id or key)

    def _standing(self, ref: OrderRef) -> wire.Order:
        row = self._row(ref.id)
        if row is None:
            raise NotFound("BigCommerce has no such order (any more).")
        return read_as(wire.Order, row)

    def _row(self, order_id: str) -> object:
        """An order's row by its id, which is a number; nothing else can be one."""
        if not (order_id.isascii() and order_id.isdigit()):
            return None
        return self._api.find(f"v2/orders/{order_id}", reading.INCLUDED)

    # --- webhooks and discounts --------------------------------------------------------------------------------------

    @hookimpl
    def receive(self, delivery: Delivery) -> Receipt:
        settings = self._settings
        webhooks.verify(delivery, settings.secrets, settings.webhook_token, settings.store_hash)
        return Receipt(events=webhooks.events(delivery))

    @hookimpl
    def subscribe(self, address: str, topics: Sequence[str]) -> Sequence[Subscription]:
        """Hooks that slept for ninety days were switched off by BigCommerce; asked for again, they are switched on."""
        unknown = [topic for topic in topics if topic not in webhooks.TOPICS]
        if unknown:
            raise NotOffered(
                f"BigCommerce has no webhook for {', '.join(unknown)}.",
                remedy=f"It has {', '.join(webhooks.TOPICS)}.",
            )
        if not address.startswith("https://"):
            raise Refused(
                "BigCommerce calls addresses with https on port 443 only.",
                fields=(FieldProblem("destination", "is not https"),),
            )
        rows = self._api.data("v3/hooks", {"destination": address})
        standing = {
            hook.scope: hook
            for hook in (read_as(wire.Hook, row) for row in rows)
            if hook.destination == address
        }
        token = self._settings.webhook_token
        answers = []
        for topic in topics:
            scope = webhooks.TOPICS[topic]
            body = {"scope": scope, "destination": address, "is_active": True}
            if token is not None:
                body["headers"] = {webhooks.TOKEN_HEADER: token.get_secret_value()}
            hook = standing.get(scope)
            if hook is None or not hook.is_active:
                made = (
                    self._api.change("POST", "v3/hooks", body)
                    if hook is None
                    else self._api.change("PUT", f"v3/hooks/{hook.id}", body)
                )
                hook = read_as(wire.HookMade, made, written=True).data
                standing[scope] = hook
            answers.append(Subscription(id=str(hook.id), topic=topic, address=address))
        return answers

    @hookimpl
    def unsubscribe(self, subscription: Subscription) -> None:
        try:
            self._api.change("DELETE", f"v3/hooks/{subscription.id}")
        except NotFound:
            return

    @hookimpl
    def check_discount(self, code: str) -> DiscountCheck | None:
        rows = listed_of(self._api.ask("v2/coupons", {"code": code}))
        coupons = [one for one in (read_as(wire.Coupon, row) for row in rows) if one.code == code]
        if not coupons:
            return None
        why = _unusable(coupons[0], self._access.clock.now())
        return DiscountCheck(code=code, valid=not why, reason=why)


def _unusable(coupon: wire.Coupon, now: datetime) -> str:
    if not coupon.enabled:
        return "it is switched off"
    if coupon.expires is not None and coupon.expires.astimezone(UTC) < now:
        return "it has expired"
    if coupon.max_uses and coupon.num_uses >= coupon.max_uses:
        return "it was used as often as it may be"
    return ""


def _single(answers: Sequence[Outcome[V]]) -> V:
    answer = answers[0]
    if isinstance(answer, Failed):
        raise answer.error
    return answer.value
