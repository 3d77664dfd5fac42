"""The sample's connector with one defect each: what a tired author writes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from sample_connector import (
    SampleConnector,
    SampleSettings,
    Wire,
    WireHook,
    WireId,
    WireOrder,
    WireOrders,
    asked_change,
    asked_order,
)

from ordersync import (
    Account,
    Change,
    Customer,
    CustomerAsk,
    CustomerRef,
    Delivery,
    Done,
    Draft,
    DraftLine,
    Event,
    Failed,
    InDoubt,
    Item,
    NotFound,
    Order,
    OrderQuery,
    OrderRef,
    OrderStatus,
    OrderSyncError,
    Outcome,
    Page,
    Placed,
    PlacedLine,
    Receipt,
    Refused,
    Stock,
    Subscription,
    Totals,
    TryLater,
    hookimpl,
)
from ordersync.web import Access, Client, read

__all__ = ["FAULTS", "Fault"]


class Swallowing(SampleConnector):
    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        try:
            yield from super().list_orders(query)
        except TryLater:
            return


class Hasty(SampleConnector):
    """No budget."""

    def __init__(self, settings: SampleSettings, access: Access) -> None:
        super().__init__(settings, access)
        self._bucket.take = lambda cost: None  # type: ignore[method-assign]


class FloatingOrder(Wire):
    total: float


class Rounding(SampleConnector):
    def _order(self, one: WireOrder) -> Order:
        return super()._order(one).model_copy(update={"total": Decimal(str(round(float(one.total), 1)))})


class Nameless(SampleConnector):
    def _order(self, one: WireOrder) -> Order:
        order = super()._order(one)
        return order.model_copy(
            update={"lines": tuple(line.model_copy(update={"sku": None}) for line in order.lines)}
        )


class ByOne(SampleConnector):
    def _order(self, one: WireOrder) -> Order:
        order = super()._order(one)
        lines = tuple(line.model_copy(update={"quantity": Decimal(1)}) for line in order.lines)
        return order.model_copy(update={"lines": lines})


class AlwaysOpen(SampleConnector):
    def _order(self, one: WireOrder) -> Order:
        return super()._order(one).model_copy(update={"status": OrderStatus.OPEN})


class ShortPaged(SampleConnector):
    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        yield next(super().list_orders(query))


class ShortOrders(SampleConnector):
    def _lines(self, order: WireOrder) -> Any:
        return order.lines


class Restarting(SampleConnector):
    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        yield from super().list_orders(query.model_copy(update={"cursor": None}))


class Naive(SampleConnector):
    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        for page in super().list_orders(query):
            through = page.safe_through.replace(tzinfo=None) if page.safe_through else None
            yield Page(page.orders, through, page.cursor)


class Ahead(SampleConnector):
    """The watermark moves to now."""

    def __init__(self, settings: SampleSettings, access: Access) -> None:
        super().__init__(settings, access)
        self._clock = access.clock

    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        for page in super().list_orders(query):
            yield Page(page.orders, self._clock.now(), page.cursor)


class LocalTime(SampleConnector):
    @hookimpl
    def list_orders(self, query: OrderQuery) -> Iterator[Page]:
        later = query.updated_from + timedelta(hours=2) if query.updated_from else None
        yield from super().list_orders(query.model_copy(update={"updated_from": later}))


class Unstamped(SampleConnector):
    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        placed = self._placed(self._ask(WireOrder, "POST", "orders", {**asked_order(draft), "key": ""}))
        return placed.model_copy(update={"key": draft.key})


class Boasting(SampleConnector):
    facts = SampleConnector.facts.model_copy(update={"unique_key": True})


class Repeating(SampleConnector):
    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        reply = self._client.post("orders", json=asked_order(draft), repeatable=True)
        return self._placed(WireOrder.model_validate(reply.data))


class Guessing(SampleConnector):
    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        try:
            return super().create_order(draft)
        except InDoubt:
            raise Refused("The order was not created.") from None


class Doubting(SampleConnector):
    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        try:
            return super().create_order(draft)
        except TryLater as error:
            raise InDoubt(str(error)) from None


class Trusting(SampleConnector):
    @hookimpl
    def create_customer(self, customer: Customer, key: str) -> CustomerRef:
        made = self._client.post(
            "customers", json={"email": customer.email, "name": customer.name, "key": key}
        )
        return CustomerRef(id=made.data["id"])


class Echoing(SampleConnector):
    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        more = draft.expected.total + 1
        totals = Totals(currency=draft.currency, net=draft.expected.net, tax=draft.expected.tax, total=more)
        return super().create_order(draft).model_copy(update={"totals": totals})


class Positionless(SampleConnector):
    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        placed = super().create_order(draft)
        return placed.model_copy(update={"lines": placed.lines[:1] * len(placed.lines)})


class Adding(SampleConnector):
    @hookimpl
    def add_line_item(self, ref: OrderRef, line: DraftLine) -> PlacedLine:
        return PlacedLine(id="L0", position=line.position)


class KeywordOnly(SampleConnector):
    @hookimpl
    def get_order(self, *, order_id: str) -> Order | None:  # type: ignore[override]  # the fault
        return None


class Misspelt(SampleConnector):
    @hookimpl
    def get_order(self, order: str = "") -> Order | None:
        return None


class Unmarked(SampleConnector):
    def get_order(self, order_id: str) -> Order | None:
        return None


class OpenSettings(SampleSettings):
    model_config = ConfigDict(extra="allow")
    shade: str = ""
    api_token: str = "none"


class Careless(SampleConnector):
    settings_model = OpenSettings


@dataclass
class Alike:
    facts: Any = None


class Equal(SampleConnector):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Nearest(SampleConnector):
    @hookimpl
    def resolve_sku(self, sku: str) -> Item | None:
        found = read(self._client.get("items", params={"skus": sku}).body)["items"]
        return Item(sku=found[0]["sku"], product_id=found[0]["id"]) if found else None


class Loud(SampleConnector):
    @hookimpl
    def check_stock(self, item: Item) -> Stock | None:
        found = super().check_stock(item)
        if found is None:
            raise NotFound("There is no such item.")
        return found


class Vague(SampleConnector):
    @hookimpl
    def find_customer(self, customer: Customer, key: str) -> CustomerRef | None:
        found = self._client.get("customers", params={"emails": customer.email or "", "keys": key}).data[
            "customers"
        ]
        return CustomerRef(id=found[0]["id"]) if found else None


class StrictOrder(WireOrder):
    model_config = ConfigDict(extra="forbid")
    made: str
    customer: str


class Strict(SampleConnector):
    @hookimpl
    def get_order(self, order_id: str) -> Order | None:
        if not order_id.isdecimal():
            return None
        try:
            return self._order(StrictOrder.model_validate(self._client.get(f"orders/{order_id}").data))
        except NotFound:
            return None


class Talkative(SampleConnector):
    def __repr__(self) -> str:
        return f"Talkative({self._settings.secret.get_secret_value()})"


class Logging(SampleConnector):
    def __init__(self, settings: SampleSettings, access: Access) -> None:
        super().__init__(settings, access)
        logging.getLogger("planted").debug("connecting with %s", settings.secret.get_secret_value())


class Quoting(SampleConnector):
    @hookimpl
    def create_customer(self, customer: Customer, key: str) -> CustomerRef:
        try:
            return super().create_customer(customer, key)
        except OrderSyncError:
            raise Refused(f"{customer.email} was refused") from None


class Holding(SampleConnector):
    @hookimpl
    def find_customer(self, customer: Customer, key: str) -> CustomerRef | None:
        secret = self._settings.secret.get_secret_value()
        assert secret
        return super().find_customer(customer, key)


class Recording(SampleConnector):
    @hookimpl
    def create_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef]]:
        return [Failed(Refused(f"{ask.customer.email} was refused")) for ask in asks]


class LeftOpen(SampleConnector):
    def close(self) -> None:
        return


class Reopening(SampleConnector):
    def __init__(self, settings: SampleSettings, access: Access) -> None:
        super().__init__(settings, access)
        self._again: Callable[[], Client] = lambda: access.client(settings.url, auth=self._client._auth)

    @hookimpl
    def check_access(self) -> Account:
        return Account(id=WireId.model_validate(self._again().get("me").data).id)


class Sharing(SampleConnector):
    @hookimpl
    def get_order(self, order_id: str) -> Order | None:
        self._wanted = order_id
        try:
            self._ask(WireId, "GET", "me")
            return super().get_order(self._wanted)
        except NotFound:
            return None


class Credulous(SampleConnector):
    @hookimpl
    def receive(self, delivery: Delivery) -> Receipt:
        body = read(delivery.body)
        return Receipt(events=(Event(id="1", topic="order.updated", order_id=str(body["order"]["id"])),))


class Trimming(SampleConnector):
    @hookimpl
    def receive(self, delivery: Delivery) -> Receipt:
        return super().receive(replace(delivery, body=delivery.body.strip()))


class Doubling(SampleConnector):
    @hookimpl
    def subscribe(self, address: str, topics: Sequence[str]) -> Sequence[Subscription]:
        made = [self._ask(WireHook, "POST", "hooks", {"topic": one, "address": address}) for one in topics]
        return [Subscription(id=one.id, topic=one.topic, address=address) for one in made]


class Shuffling(SampleConnector):
    @hookimpl
    def get_orders(self, order_ids: Sequence[str]) -> Sequence[Outcome[Order | None]]:
        found = self._ask(WireOrders, "GET", "orders", ids=",".join(order_ids), limit="100").orders
        rows: list[Outcome[Order | None]] = [Done(self._order(one)) for one in found]
        missing: list[Outcome[Order | None]] = [Done(None)] * (len(order_ids) - len(rows))
        return [*rows, *missing]


class Spoilt(SampleConnector):
    @hookimpl
    def create_orders(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        return [Done(self.create_order(one)) for one in drafts]


class Recurring(SampleConnector):
    turn = 0

    @hookimpl
    def update_order(self, ref: OrderRef, change: Change, key: str) -> Placed:
        self.turn += 1
        asked = asked_change(change, f"{key}{self.turn}")
        return self._placed(self._ask(WireOrder, "PATCH", f"orders/{ref.id}", asked))


@dataclass(frozen=True)
class Fault:
    """A defect, the test that sees it, and what the author is told."""

    connector: type[SampleConnector]
    test: str
    told: str


FAULTS: Mapping[str, Fault] = {
    fault.connector.__name__ + (f" {number}" if number else ""): fault
    for number, fault in (
        (0, Fault(Swallowing, "test_a_read_that_never_succeeds_is_for_later", "let the client's error pass")),
        (0, Fault(Hasty, "test_many_reads_are_never_refused_for_haste", "give the client a budget")),
        (0, Fault(Rounding, "test_totals_are_the_platforms_own", "carry the platform's amounts")),
        (2, Fault(Rounding, "test_an_amount_survives", "keep amounts as Decimal")),
        (3, Fault(Rounding, "test_no_wire_model_holds_a_float", "annotate amounts Decimal")),
        (0, Fault(ShortPaged, "test_every_order_once", "follow the platform's next link")),
        (0, Fault(ShortOrders, "test_a_long_order_comes_whole", "page within the order")),
        (0, Fault(Restarting, "test_a_cursor_gives_the_rest", "let the cursor hold all")),
        (0, Fault(Naive, "test_answers_hold_no_float_and_no_naive_time", "attach the zone")),
        (
            0,
            Fault(
                Ahead, "test_oldest_change_first_and_only_what_was_seen", "newest updated_at that was seen"
            ),
        ),
        (
            0,
            Fault(
                LocalTime,
                "test_a_time_is_inclusive_and_in_the_right_zone",
                "in the zone that the platform expects",
            ),
        ),
        (0, Fault(Unstamped, "test_an_order_is_found_by_its_key", "stamp draft.key in the create request")),
        (
            2,
            Fault(
                Unstamped,
                "test_the_sources_number_stands_where_people_look",
                "send draft.key where find_order looks",
            ),
        ),
        (0, Fault(Boasting, "test_asked_twice_it_is_as_safe_as_it_says", "set facts.unique_key only if")),
        (
            3,
            Fault(
                Boasting, "test_a_unique_key_lasts", "only for a key that the platform keeps unique for good"
            ),
        ),
        (0, Fault(Nameless, "test_orders_say_what_was_sold", "map them from the platform's own fields")),
        (
            0,
            Fault(
                ByOne, "test_orders_say_what_was_sold", "orders have the SKUs and quantities that were sold"
            ),
        ),
        (0, Fault(AlwaysOpen, "test_orders_say_what_was_sold", "cancelled there: True")),
        (
            0,
            Fault(
                Repeating,
                "test_a_write_whose_answer_is_lost_is_in_doubt",
                "send writes without `repeatable=True`",
            ),
        ),
        (0, Fault(Guessing, "test_a_write_whose_answer_is_lost_is_in_doubt", "read nothing into an answer")),
        (
            0,
            Fault(
                Doubting,
                "test_a_write_that_never_went_out_is_for_later",
                "do not turn every failure of a write",
            ),
        ),
        (
            0,
            Fault(
                Trusting,
                "test_an_answer_of_another_form_to_a_write_is_no_crash",
                "validate the body with a wire model",
            ),
        ),
        (0, Fault(Echoing, "test_what_is_written_comes_to_what_was_asked", "read the order back")),
        (0, Fault(Positionless, "test_every_line_stands", "answer a PlacedLine with its position")),
        (0, Fault(Adding, "test_a_line_can_be_added", "add exactly the line")),
        (0, Fault(KeywordOnly, "test_signatures_are_those_of_the_specifications", "copy the signature")),
        (
            0,
            Fault(
                Misspelt, "test_signatures_are_those_of_the_specifications", "there is no parameter 'order'"
            ),
        ),
        (0, Fault(Unmarked, "test_every_marked_method_is_a_hook", "mark it with @hookimpl")),
        (0, Fault(Careless, "test_every_setting_is_described", "write `Field(…, description=")),
        (2, Fault(Careless, "test_unknown_settings_are_refused", "inherit from ordersync.Frozen")),
        (3, Fault(Careless, "test_secrets_are_secret_strings", "annotate it SecretStr")),
        (0, Fault(Equal, "test_connectors_compare_by_identity", "make the connector a plain class")),
        (0, Fault(Nearest, "test_resolve_sku", "compare what the platform found")),
        (2, Fault(Nearest, "test_several_items_of_one_sku_are_an_error", "ask for more than one hit")),
        (0, Fault(Loud, "test_check_stock", "answer None for an id")),
        (
            0,
            Fault(
                Vague, "test_a_customer_who_is_alike_is_another", "compare the address that the search found"
            ),
        ),
        (0, Fault(Strict, "test_a_new_field_is_ignored", "let wire models ignore what they do not know")),
        (
            2,
            Fault(
                Strict,
                "test_an_answer_of_another_form_is_no_crash",
                "turn its ValidationError into UnexpectedReply",
            ),
        ),
        (0, Fault(Talkative, "test_repr_is_silent", "give whatever holds a token a __repr__")),
        (0, Fault(Logging, "test_logs_are_silent", "log no bodies")),
        (0, Fault(Quoting, "test_errors_are_silent", "never the value")),
        (0, Fault(Holding, "test_errors_are_silent", "reporters print local variables")),
        (0, Fault(Recording, "test_the_ledger_holds_neither", "put no value of the buyer's")),
        (0, Fault(LeftOpen, "test_close_lets_go_of_every_client", "call close() of every client")),
        (0, Fault(Reopening, "test_a_call_after_close_says_so", "open no new client behind close()")),
        (
            0,
            Fault(
                Sharing,
                "test_answers_are_right_when_several_ask_at_once",
                "keep nothing of a call on the connector",
            ),
        ),
        (0, Fault(Credulous, "test_whatever_was_changed_is_denied", "refuse a delivery without a signature")),
        (0, Fault(Trimming, "test_a_changed_body_is_denied", "over `delivery.body` as it arrived")),
        (0, Fault(Doubling, "test_subscribed_twice_it_stands_once", "look for a subscription of this topic")),
        (
            0,
            Fault(
                Shuffling,
                "test_reads_answer_by_position_as_the_single_hook_does",
                "never by the order in which it came",
            ),
        ),
        (0, Fault(Spoilt, "test_one_bad_draft_spoils_no_other", "another one is Failed at its place")),
        (
            0,
            Fault(
                Recurring,
                "test_a_change_that_is_asked_twice_happens_once",
                "stamp the operation key with the change",
            ),
        ),
    )
}
"""Name → defect; a number where one class is seen by several tests."""

_MODELS: tuple[type[BaseModel], type[ValidationError]] = (FloatingOrder, ValidationError)
