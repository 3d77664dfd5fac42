"""The connector of the sample platform: every hook, as plainly as it can be done right."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from ordersync import (
    AccessDenied,
    Account,
    Ambiguous,
    Amounts,
    BadInput,
    Cancel,
    Change,
    Confirm,
    Customer,
    CustomerAsk,
    CustomerRef,
    Delivery,
    DiscountCheck,
    Done,
    Draft,
    DraftLine,
    Event,
    Facts,
    Failed,
    FieldProblem,
    Frozen,
    Fulfill,
    Fulfillment,
    InDoubt,
    Item,
    Line,
    MarkPaid,
    NotFound,
    Order,
    OrderQuery,
    OrderRef,
    OrderStatus,
    OrderSyncError,
    Outcome,
    Page,
    Payment,
    Placed,
    PlacedLine,
    PlacedState,
    Receipt,
    Refused,
    SetStatus,
    Stock,
    Subscription,
    Tax,
    Totals,
    UnexpectedReply,
    UpdateAsk,
    hookimpl,
    only,
)
from ordersync.web import Access, Bucket, Refreshing, Reply, default_error, read, token_endpoint

SIZE = 10
M = TypeVar("M", bound=BaseModel)


class SampleSettings(Frozen):
    """One account."""

    url: str = Field(description="The platform's address.")
    client: str = Field(description="The client's id.")
    secret: SecretStr = Field(description="The client's secret.")
    hook_secret: SecretStr = Field(description="What webhooks are signed with.")


class Wire(BaseModel):
    """Their JSON."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class WireLine(Wire):
    id: str
    title: str
    sku: str | None
    quantity: Decimal
    list: Decimal
    net: Decimal
    tax: Decimal
    position: int | None = None


class WireOrder(Wire):
    id: str
    number: str
    key: str
    currency: str
    included: bool
    state: str
    email: str
    placed: AwareDatetime
    updated: AwareDatetime
    net: Decimal
    tax: Decimal
    total: Decimal
    lines: tuple[WireLine, ...]
    more_lines: bool
    payments: dict[str, str]
    shipments: dict[str, str]


class WireOrders(Wire):
    orders: tuple[WireOrder, ...]
    next: str | None


class WireLines(Wire):
    lines: tuple[WireLine, ...]


class WireItem(Wire):
    id: str
    sku: str
    title: str
    stock: Decimal


class WireItems(Wire):
    items: tuple[WireItem, ...]


class WirePerson(Wire):
    id: str
    email: str
    key: str


class WirePeople(Wire):
    customers: tuple[WirePerson, ...]


class WireHook(Wire):
    id: str
    topic: str
    address: str


class WireHooks(Wire):
    hooks: tuple[WireHook, ...]


class WireId(Wire):
    id: str


class WireCode(Wire):
    code: str


class WireResults(Wire):
    results: tuple[Any, ...]


def verdict(reply: Reply, repeatable: bool) -> OrderSyncError | None:
    """The platform refuses orders inside a 201."""
    error = reply.data.get("error") if isinstance(reply.data, dict) else None
    if isinstance(error, dict) and "field" in error:
        field = FieldProblem(str(error["field"]), str(error.get("message", "")))
        return Refused("The platform refuses it", fields=(field,))
    return default_error(reply, repeatable)


class SampleConnector:
    """One account of the sample platform."""

    settings_model: ClassVar[type[SampleSettings]] = SampleSettings
    facts: Facts = Facts(
        platform="Sample",
        page_size=SIZE,
        batch_sizes={"resolve_skus": 20},
        concurrency=3,
        index_lag=timedelta(seconds=5),
    )

    def __init__(self, settings: SampleSettings, access: Access) -> None:
        self._settings = settings
        self._bucket = Bucket(15, 1.5, access.clock)
        fetch = token_endpoint(
            access,
            f"{settings.url}/token",
            client_id=settings.client,
            client_secret=settings.secret.get_secret_value(),
        )
        auth = Refreshing(access, f"{access.connection}/token", fetch)
        self._client = access.client(settings.url, auth=auth, verdicts=verdict)

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    def _ask(self, kind: type[M], method: str, path: str, json: Any = None, **params: str) -> M:
        reply = self._client.send(method, path, json=json, params=params, before=lambda: self._bucket.take(1))
        try:
            return kind.model_validate(reply.data)
        except ValidationError:
            pass
        if method == "GET":
            raise UnexpectedReply(f"The answer to {path.partition('/')[0]} has another form than documented.")
        raise InDoubt("The answer to a write cannot be read.")

    @hookimpl
    def check_access(self) -> Account:
        return Account(id=self._ask(WireId, "GET", "me").id)

    # -- orders -------------------------------------------------------------------------------------------------

    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        params = {"limit": str(self.facts.page_size)}
        if query.updated_from:
            params["from"] = query.updated_from.isoformat()
        if query.updated_to:
            params["to"] = query.updated_to.isoformat()
        after = query.cursor
        while True:
            found = self._ask(WireOrders, "GET", "orders", **params, **({"after": after} if after else {}))
            orders = tuple(self._order(one) for one in found.orders)
            after = found.next
            yield Page(orders, orders[-1].updated_at if orders else None, after)
            if after is None:
                return

    @hookimpl
    def get_order(self, order_id: str) -> Order | None:
        found = self._get(order_id)
        return self._order(found) if found else None

    def _get(self, order_id: str) -> WireOrder | None:
        if not order_id.isdecimal():
            return None
        try:
            return self._ask(WireOrder, "GET", f"orders/{order_id}")
        except NotFound:
            return None

    @hookimpl
    def get_orders(self, order_ids: Sequence[str]) -> Sequence[Outcome[Order | None]]:
        if not order_ids:
            return []
        found = self._ask(WireOrders, "GET", "orders", ids=",".join(order_ids), limit="100").orders
        by_id = {one.id: one for one in found}
        return [Done(self._order(by_id[one]) if one in by_id else None) for one in order_ids]

    def _lines(self, order: WireOrder) -> tuple[WireLine, ...]:
        lines, more = order.lines, order.more_lines
        while more:
            page = self._ask(WireLines, "GET", f"orders/{order.id}/lines", first=str(len(lines))).lines
            lines, more = lines + page, bool(page)
        return lines

    def _order(self, one: WireOrder) -> Order:
        return Order(
            id=one.id,
            number=one.number,
            status=OrderStatus.CANCELLED if one.state == "cancelled" else OrderStatus.OPEN,
            currency=one.currency,
            taxes_included=one.included,
            total=one.total,
            email=one.email or None,
            lines=tuple(
                Line(
                    id=line.id,
                    title=line.title,
                    quantity=line.quantity,
                    sku=line.sku,
                    custom=line.sku is None,
                    amounts=Amounts(list_amount=line.list, net=line.net, taxes=(Tax(amount=line.tax),)),
                )
                for line in self._lines(one)
            ),
            payments=tuple(Payment(amount=one.total, transaction_id=text) for text in one.payments.values()),
            fulfillments=tuple(Fulfillment(id=key) for key in one.shipments),
            placed_at=one.placed,
            updated_at=one.updated,
        )

    @hookimpl
    def find_order(self, key: str) -> Placed | None:
        return only(self.find_orders([key]))

    @hookimpl
    def find_orders(self, keys: Sequence[str]) -> Sequence[Outcome[Placed | None]]:
        if not keys:
            return []
        found = self._ask(WireOrders, "GET", "orders", keys=",".join(keys), limit="100").orders
        return [self._one_of(key, [one for one in found if one.key == key]) for key in keys]

    def _one_of(self, key: str, hits: Sequence[WireOrder]) -> Outcome[Placed | None]:
        if len(hits) > 1:
            ids = tuple(one.id for one in hits)
            return Failed(Ambiguous(f"Several orders carry {key}.", candidates=ids))
        return Done(self._placed(hits[0]) if hits else None)

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        return self._placed(self._ask(WireOrder, "POST", "orders", asked_order(draft)))

    @hookimpl
    def create_orders(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        if not drafts:
            return []
        made = self._ask(WireResults, "POST", "batch/orders", {"items": [asked_order(one) for one in drafts]})
        return [self._made(one) for one in self._matched(made.results, drafts)]

    @staticmethod
    def _matched(results: Sequence[Any], asked: Sequence[Any]) -> Sequence[Any]:
        if len(results) != len(asked):
            raise InDoubt("The answer to a batch has another length.")
        return results

    def _made(self, result: Any) -> Outcome[Placed]:
        if isinstance(result, Mapping) and "error" in result:
            return Failed(Refused("The platform refuses it"))
        try:
            return Done(self._placed(WireOrder.model_validate(result)))
        except ValidationError:
            return Failed(InDoubt("The answer to a write cannot be read."))

    def _placed(self, one: WireOrder) -> Placed:
        states = {"draft": PlacedState.DRAFT, "cancelled": PlacedState.CANCELLED}
        return Placed(
            ref=OrderRef(id=one.id, number=one.number),
            key=one.key,
            state=states.get(one.state, PlacedState.CONFIRMED),
            totals=Totals(currency=one.currency, net=one.net, tax=one.tax, total=one.total),
            lines=tuple(PlacedLine(id=line.id, position=line.position) for line in self._lines(one)),
        )

    @hookimpl
    def add_line_item(self, ref: OrderRef, line: DraftLine) -> PlacedLine:
        made = self._ask(WireId, "POST", f"orders/{ref.id}/lines", asked_line(line))
        return PlacedLine(id=made.id, position=line.position)

    @hookimpl
    def update_order(self, ref: OrderRef, change: Change, key: str) -> Placed:
        asked = asked_change(change, key)
        return self._placed(self._ask(WireOrder, "PATCH", f"orders/{ref.id}", asked))

    @hookimpl
    def update_orders(self, asks: Sequence[UpdateAsk]) -> Sequence[Outcome[Placed]]:
        if not asks:
            return []
        items = [{"id": ask.ref.id, **asked_change(ask.change, ask.key)} for ask in asks]
        made = self._ask(WireResults, "PATCH", "batch/orders", {"items": items})
        return [self._made(one) for one in self._matched(made.results, asks)]

    # -- people, items, discounts -------------------------------------------------------------------------------

    @hookimpl
    def find_customer(self, customer: Customer, key: str) -> CustomerRef | None:
        return only(self.find_customers([CustomerAsk(customer, key)]))

    @hookimpl
    def find_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef | None]]:
        if not asks:
            return []
        emails = ",".join(ask.customer.email for ask in asks if ask.customer.email)
        keys = ",".join(ask.key for ask in asks)
        found = self._ask(WirePeople, "GET", "customers", emails=emails, keys=keys).customers
        answers: list[Outcome[CustomerRef | None]] = []
        for ask in asks:
            hits = [one for one in found if one.key == ask.key] or [
                one for one in found if ask.customer.email and one.email.lower() == ask.customer.email.lower()
            ]
            if len(hits) > 1:
                answers.append(
                    Failed(Ambiguous("Several customers.", candidates=tuple(one.id for one in hits)))
                )
            else:
                answers.append(Done(CustomerRef(id=hits[0].id) if hits else None))
        return answers

    @hookimpl
    def create_customer(self, customer: Customer, key: str) -> CustomerRef:
        return CustomerRef(id=self._ask(WireId, "POST", "customers", asked_person(customer, key)).id)

    @hookimpl
    def create_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef]]:
        if not asks:
            return []
        items = [asked_person(ask.customer, ask.key) for ask in asks]
        made = self._ask(WireResults, "POST", "batch/customers", {"items": items})
        try:
            ids = [WireId.model_validate(one).id for one in self._matched(made.results, asks)]
        except ValidationError:
            raise InDoubt("The answer to a write cannot be read.") from None
        return [Done(CustomerRef(id=one)) for one in ids]

    @hookimpl
    def resolve_sku(self, sku: str) -> Item | None:
        return only(self.resolve_skus([sku]))

    @hookimpl
    def resolve_skus(self, skus: Sequence[str]) -> Sequence[Outcome[Item | None]]:
        if not skus:
            return []
        found = self._ask(WireItems, "GET", "items", skus=",".join(skus)).items
        answers: list[Outcome[Item | None]] = []
        for sku in skus:
            hits = [one for one in found if one.sku == sku]
            if len(hits) > 1:
                answers.append(Failed(Ambiguous("Several items.", candidates=tuple(one.id for one in hits))))
            else:
                answers.append(Done(Item(sku=sku, product_id=hits[0].id) if hits else None))
        return answers

    @hookimpl
    def check_stock(self, item: Item) -> Stock | None:
        try:
            return Stock(available=self._ask(WireItem, "GET", f"items/{quote(item.product_id)}").stock)
        except NotFound:
            return None

    @hookimpl
    def check_stocks(self, items: Sequence[Item]) -> Sequence[Outcome[Stock | None]]:
        return [Done(self.check_stock(item)) for item in items]

    @hookimpl
    def check_discount(self, code: str) -> DiscountCheck | None:
        if not code:
            return None
        try:
            return DiscountCheck(
                code=self._ask(WireCode, "GET", f"coupons/{quote(code, safe='')}").code, valid=True
            )
        except NotFound:
            return None

    # -- webhooks -----------------------------------------------------------------------------------------------

    @hookimpl
    def receive(self, delivery: Delivery) -> Receipt:
        key = self._settings.hook_secret.get_secret_value().encode()
        wanted = b64encode(hmac.new(key, delivery.body, hashlib.sha256).digest())
        given = delivery.headers.get("x-sample-signature", "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, wanted):
            raise AccessDenied("The webhook's signature does not verify.", remedy="Check `hook_secret`.")
        body = read(delivery.body)
        if not (isinstance(body, dict) and isinstance(body.get("order"), dict)):
            raise BadInput("The webhook names no order.")
        event = Event(
            id=delivery.headers.get("x-sample-id", ""),
            topic=str(body["topic"]),
            order_id=str(body["order"]["id"]),
        )
        return Receipt(events=(event,))

    @hookimpl
    def subscribe(self, address: str, topics: Sequence[str]) -> Sequence[Subscription]:
        standing = self._ask(WireHooks, "GET", "hooks").hooks
        made = []
        for topic in topics:
            hook = next((one for one in standing if (one.topic, one.address) == (topic, address)), None)
            hook = hook or self._ask(WireHook, "POST", "hooks", {"topic": topic, "address": address})
            made.append(Subscription(id=hook.id, topic=topic, address=address))
        return made

    @hookimpl
    def unsubscribe(self, subscription: Subscription) -> None:
        try:
            self._client.send("DELETE", f"hooks/{subscription.id}", before=lambda: self._bucket.take(1))
        except NotFound:
            return


def asked_line(line: DraftLine) -> dict[str, Any]:
    """A line as the platform takes it."""
    return {
        "title": line.title,
        "sku": line.sku,
        "item": line.item.product_id if line.item else None,
        "quantity": line.quantity,
        "list": line.amounts.list_amount,
        "net": line.amounts.net,
        "tax": line.amounts.tax,
        "position": line.position,
    }


def asked_order(draft: Draft) -> dict[str, Any]:
    """An order as the platform takes it."""
    return {
        "key": draft.key,
        "number": draft.number,
        "currency": draft.currency,
        "included": draft.taxes_included,
        "email": draft.email or "",
        "customer": draft.customer_ref.id if draft.customer_ref else "",
        "lines": [asked_line(line) for line in draft.lines],
    }


def asked_person(customer: Customer, key: str) -> dict[str, Any]:
    """A customer as the platform takes it."""
    return {"email": customer.email or "", "name": customer.name, "key": key}


def asked_change(change: Change, key: str) -> dict[str, Any]:
    """A change as the platform takes it; stamped, so that it is made once."""
    match change:
        case Confirm():
            return {"state": "open"}
        case Cancel():
            return {"state": "cancelled"}
        case SetStatus(status=status):
            return {"state": status.value}
        case MarkPaid(transaction_id=transaction):
            return {"paid": transaction or "", "key": key}
        case Fulfill():
            return {"sent": "sent", "key": key}
