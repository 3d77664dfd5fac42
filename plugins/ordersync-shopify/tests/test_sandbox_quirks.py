"""Each quirk shows its symptom on the raw API, and costs the transfer nothing: none twice, none lost, to the cent."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from ordersync import AccessDenied, Delivery, Done, Event
from ordersync.ledger import State
from ordersync.testing.quirks import Carrier, TooManyRequests
from ordersync.testing.trial import Trial
from ordersync.transfer.recovery import Recovery
from ordersync.transfer.sending import Sender
from ordersync.web import VirtualClock
from ordersync_shopify.sandbox import Sandbox
from ordersync_shopify.sandbox.quirks import ExpiringToken

CREATE = """mutation Create($order: OrderCreateOrderInput!) {
  orderCreate(order: $order) { order { id updatedAt } userErrors { message } } }"""
LIST = """query List($first: Int!, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { id updatedAt lineItems(first: 50) { nodes { id } pageInfo { hasNextPage } } }
    pageInfo { hasNextPage } } }"""
FIND = "query Find($q: String!) { orders(first: 5, query: $q) { nodes { id } } }"
MUG = {"title": "Mug", "quantity": 1, "priceSet": {"shopMoney": {"amount": "9.00", "currencyCode": "USD"}}}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logger = logging.getLogger("ordersync")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    yield
    logger.setLevel(before)


class Shop:
    """A sandbox with one quirk, asked without the connector."""

    def __init__(self, *, orders: int = 0, **quirks: str) -> None:
        self.clock = VirtualClock()
        self.sandbox = Sandbox(clock=self.clock, orders=orders, quirks=quirks)
        self.http = httpx.Client(transport=self.sandbox.transport(), base_url="http://shopify.sandbox")

    def post(self, document: str, /, **variables: Any) -> httpx.Response:
        return self.http.post(
            "/admin/api/2026-10/graphql.json",
            headers={"X-Shopify-Access-Token": "sandbox-access-token"},
            json={"query": document, "variables": variables},
        )

    def ask(self, document: str, /, **variables: Any) -> Any:
        answer = self.post(document, **variables).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def create(self, key: str = "os-raw") -> httpx.Response:
        return self.post(CREATE, order={"lineItems": [MUG], "sourceIdentifier": key})

    def listed(self, query: str | None = None) -> Any:
        return self.ask(LIST, first=50, query=query)["orders"]

    @property
    def count(self) -> int:
        self.sandbox.catch_up()
        return len(self.sandbox.standing())


# ---- the symptoms, on the raw API


def test_a_lost_response_is_a_time_out_of_what_was_done() -> None:
    shop = Shop(lost_response="")
    before = shop.clock.now()
    with pytest.raises(httpx.ReadTimeout):
        shop.create()
    assert shop.clock.now() - before == timedelta(seconds=30)
    assert shop.count == 1
    assert shop.create().status_code == 200, "only the first"


def test_a_late_commit_appears_a_minute_later() -> None:
    shop = Shop(late_commit="after:60,wait:20")
    with pytest.raises(httpx.ReadTimeout):
        shop.create()
    assert shop.count == 0
    began = shop.clock.now() - timedelta(seconds=20)
    shop.clock.sleep(100)
    assert shop.count == 1
    (node,) = shop.listed()["nodes"]
    assert node["updatedAt"] == f"{began + timedelta(seconds=60):%Y-%m-%dT%H:%M:%SZ}", (
        "dated when it happened"
    )


@pytest.mark.parametrize("status", [500, 502])
def test_an_error_after_the_commit(status: int) -> None:
    shop = Shop(error_after_commit=f"status:{status}")
    answer = shop.create()
    assert (answer.status_code, shop.count) == (status, 1)
    assert answer.headers["content-type"].startswith("text/html")


def test_a_truncated_body() -> None:
    shop = Shop(truncated_body="")
    answer = shop.create()
    assert (answer.status_code, shop.count) == (200, 1)
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    short = Shop(truncated_body="end:short")
    with pytest.raises(httpx.RemoteProtocolError):
        short.create()
    assert short.count == 1


@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
def test_a_reset_looks_the_same_before_and_after(when: str, made: int) -> None:
    shop = Shop(connection_reset=f"when:{when}")
    with pytest.raises(httpx.ReadError, match="reset"):
        shop.create()
    assert shop.count == made


def test_too_many_requests_until_the_moment_that_was_named() -> None:
    shop = Shop(too_many_requests="on:orderCreate,wait:20,form:date")
    refused = shop.create()
    assert (refused.status_code, shop.count) == (429, 0)
    until = parsedate_to_datetime(refused.headers["retry-after"])
    assert until - parsedate_to_datetime(refused.headers["date"]) == timedelta(seconds=20)
    assert shop.post(LIST, first=1).status_code == 200, "only what matches"
    assert shop.create().status_code == 429
    shop.clock.sleep((until - shop.clock.now()).total_seconds())
    assert shop.create().status_code == 200
    quirk = shop.sandbox.quirk(TooManyRequests)
    assert quirk
    assert (quirk.struck, quirk.early) == (1, 1)


def test_the_clock_is_ahead() -> None:
    shop = Shop(clock_ahead="7")
    shop.create()
    shop.clock.sleep(3)
    (node,) = shop.listed()["nodes"]
    assert node["updatedAt"] > f"{shop.clock.now() + timedelta(minutes=6):%Y-%m-%dT%H:%M:%SZ}"


def test_latency_takes_the_clocks_time() -> None:
    shop = Shop(latency="2.5")
    before = shop.clock.now()
    shop.listed()
    assert shop.clock.now() - before == timedelta(seconds=2.5)


def test_a_slow_index_finds_nothing_yet() -> None:
    shop = Shop(slow_index="25")
    made = shop.create().json()["data"]["orderCreate"]["order"]["id"]
    assert shop.ask("query($id: ID!) { order(id: $id) { id } }", id=made)["order"]
    assert shop.ask(FIND, q="source_identifier:os-raw")["orders"]["nodes"] == []
    shop.clock.sleep(24)
    assert shop.ask(FIND, q="source_identifier:os-raw")["orders"]["nodes"] == []
    shop.clock.sleep(1)
    assert len(shop.ask(FIND, q="source_identifier:os-raw")["orders"]["nodes"]) == 1


def test_pages_are_small_and_say_that_there_is_more() -> None:
    page = Shop(orders=5, small_pages="").listed()
    assert (len(page["nodes"]), page["pageInfo"]["hasNextPage"]) == (3, True)


def test_lines_come_in_pages_of_their_own() -> None:
    page = Shop(orders=17, nested_pages="").listed()
    assert len(page["nodes"]) == 17, "the listing itself is whole"
    assert {len(node["lineItems"]["nodes"]) for node in page["nodes"]} == {1, 2}
    assert any(node["lineItems"]["pageInfo"]["hasNextPage"] for node in page["nodes"])


def test_all_changed_in_one_second() -> None:
    plain, equal = (
        {node["updatedAt"] for node in shop.listed()["nodes"]}
        for shop in (Shop(orders=12), Shop(orders=12, equal_updated_at=""))
    )
    assert len(plain) > 3
    assert len(equal) == 1


def test_an_edit_leaves_no_trace() -> None:
    for shop, moved in ((Shop(orders=1), True), (Shop(orders=1, silent_edit=""), False)):
        (before,) = shop.listed()["nodes"]
        shop.sandbox.touch(before["id"])
        shop.clock.sleep(5)
        (after,) = shop.listed()["nodes"]
        assert (after["updatedAt"] != before["updatedAt"]) is moved


def test_a_time_without_a_zone_is_the_shops() -> None:
    shop = Shop(local_time="-5")
    shop.create()
    shop.clock.sleep(5)
    an_hour_ago = shop.clock.now() - timedelta(hours=1)
    assert shop.ask("{ shop { timezoneOffset } }")["shop"]["timezoneOffset"] == "-0500"
    assert shop.listed(f"updated_at:>='{an_hour_ago:%Y-%m-%dT%H:%M:%S}'")["nodes"] == []
    assert len(shop.listed(f"updated_at:>='{an_hour_ago:%Y-%m-%dT%H:%M:%SZ}'")["nodes"]) == 1


def test_ids_beyond_floats_collapse() -> None:
    ids = [int(node["id"].rpartition("/")[2]) for node in Shop(orders=12, big_ids="").listed()["nodes"]]
    assert min(ids) > 2**53
    assert len(set(ids)) == 12 > len({float(one) for one in ids})


def test_the_token_expires() -> None:
    shop = Shop(expiring_token="2")
    codes = [shop.post(LIST, first=1).status_code for _ in range(4)]
    assert codes == [200, 200, 401, 401]
    assert shop.sandbox.settings("http://x")["access_token"] != "sandbox-access-token"


def deliveries(**quirks: str) -> list[Any]:
    shop = Shop(orders=4, **quirks)
    subscribe = """mutation($topic: WebhookSubscriptionTopic!) { webhookSubscriptionCreate(topic: $topic,
        webhookSubscription: {uri: "https://example.com/hooks"}) { userErrors { message } } }"""
    shop.ask(subscribe, topic="ORDERS_UPDATED")
    for node in shop.listed()["nodes"]:
        shop.sandbox.touch(node["id"])
    return shop.sandbox.hand_out()


def test_webhooks_come_twice_and_in_any_order() -> None:
    plain, twice, shuffled = deliveries(), deliveries(duplicate_webhooks=""), deliveries(shuffled_webhooks="")
    assert twice == plain * 2
    assert shuffled != plain
    assert sorted(one.body for one in shuffled) == sorted(one.body for one in plain)


# ---- the transfer under each of them

WRITING: list[dict[str, str]] = [
    {"lost_response": "on:orderCreate,at:3"},
    {"late_commit": "on:orderCreate"},
    {"late_commit": "on:CreateCustomer"},
    {"error_after_commit": "status:500,first:2"},
    {"error_after_commit": "on:orderCreate,status:502"},
    {"truncated_body": "on:orderCreate"},
    {"truncated_body": "end:short,every:2"},
    {"connection_reset": "when:before,first:2"},
    {"connection_reset": "on:orderCreate"},
    {"too_many_requests": "every:4,form:date"},
    {"latency": "20"},
    {"slow_index": "25"},
    {"slow_index": "25", "lost_response": "on:orderCreate,first:2"},
    {"slow_index": "25", "late_commit": "on:orderCreate"},
    {"clock_ahead": "7"},
    {"clock_ahead": "7", "too_many_requests": "every:3,form:date"},
    {"big_ids": ""},
    {"expiring_token": "6"},
]
READING: list[dict[str, str]] = [
    {"small_pages": "3"},
    {"nested_pages": "3"},
    {"equal_updated_at": "", "small_pages": "3"},
    {"silent_edit": ""},
    {"local_time": "-5"},
    {"big_ids": ""},
    {"clock_ahead": "7"},
    {"slow_index": "25"},
    {"expiring_token": "5", "small_pages": "3"},
    {"lost_response": "on:reads,every:2"},
    {"error_after_commit": "on:reads,every:2"},
    {"truncated_body": "on:reads,every:2", "connection_reset": "on:reads,every:3"},
    {"too_many_requests": "first:2,form:date"},
    {"latency": "20"},
]


def name(quirks: dict[str, str]) -> str:
    return "+".join(f"{key}={value}" if value else key for key, value in quirks.items())


def assert_struck(trial: Trial) -> None:
    for quirk in trial.sandbox.quirks.values():
        if isinstance(quirk, Carrier):
            assert quirk.struck, f"{quirk.name} never struck"
        if isinstance(quirk, TooManyRequests):
            assert quirk.early == 0, "it came back before it was allowed to"


@pytest.mark.parametrize("quirks", WRITING, ids=name)
def test_orders_are_written_once_and_to_the_cent(quirks: dict[str, str]) -> None:
    with Trial("shopify", quirks, side="target", orders=3) as trial:
        trial.run()
        assert trial.wrong() == []
        assert_struck(trial)
        if "expiring_token" in quirks:
            assert trial.errors
            assert all(isinstance(error, AccessDenied) for error in trial.errors)


@pytest.mark.parametrize("quirks", READING, ids=name)
def test_orders_are_read_once_and_whole(quirks: dict[str, str]) -> None:
    with Trial("shopify", quirks, side="source", orders=17 if "nested_pages" in quirks else 9) as trial:
        trial.run(20)
        assert trial.wrong() == []
        assert_struck(trial)
        placed = list(trial.store.placed)
        trial.clock.sleep(3600)
        trial.run()
        assert list(trial.store.placed) == placed


def test_a_reading_that_stops_halfway_goes_on() -> None:
    quirks = {"equal_updated_at": "", "small_pages": "3"}
    with Trial("shopify", quirks, side="source", orders=9) as trial:
        for _ in range(5):
            trial.sync(limit=2)
        assert trial.wrong() == []


@pytest.mark.parametrize(
    "quirks",
    [
        {"clock_ahead": "9", "slow_index": "25"},
        {"local_time": "-5"},
        {"local_time": "9"},
        {"silent_edit": ""},
    ],
    ids=name,
)
def test_what_is_new_is_seen(quirks: dict[str, str]) -> None:
    with Trial("shopify", quirks, side="source", orders=3) as trial:
        trial.sync()
        shop = trial.sandbox
        assert isinstance(shop, Sandbox)
        like = shop.rest_order(shop.standing()[0].id)
        for number in range(4):
            now = shop.clock.now().isoformat()
            shop.load_rest_order({**like, "id": 990 + number, "created_at": now, "updated_at": now})
            trial.clock.sleep(50)
            trial.sync()
        assert len(trial.store.placed) == 7
        assert trial.wrong() == []


def test_a_silent_edit_is_seen_when_the_order_is_looked_at() -> None:
    """A parked order was mended without a new `updatedAt`: no listing shows it, a retry does."""
    with Trial("shopify", {"silent_edit": ""}, side="source", orders=14) as trial:
        trial.park_unknown_skus()
        shop = trial.sandbox
        assert isinstance(shop, Sandbox)
        assert trial.sync().reasons == {"unknown_sku": 1}
        (parked,) = (one for one, state in trial.states().items() if state is State.PARKED)
        position = len(shop.rest_order(parked)["line_items"]) - 1
        shop.remove_units(parked, position, 1)
        trial.clock.sleep(3600)
        assert trial.sync().created == 0, "no listing shows it"
        assert trial.retry(parked).created == 1
        assert trial.wrong(edited=[shop.rest_order(parked)["name"]]) == []


@pytest.mark.parametrize("quirks", [{"duplicate_webhooks": ""}, {"shuffled_webhooks": ""}], ids=name)
def test_webhooks_bring_each_order_once(quirks: dict[str, str]) -> None:
    with Trial("shopify", {**quirks, "slow_index": "25"}, side="source", orders=5) as trial:
        connection, shop = trial.connection(), trial.sandbox
        assert isinstance(shop, Sandbox)
        connection.subscribe("https://example.com/hooks", ["order.updated", "order.cancelled"])
        for one in trial.sandbox.standing():
            for _ in range(2):
                shop.touch(one.id)
                trial.clock.sleep(1)
        seen: list[Event] = []
        for call in shop.hand_out():
            headers = {key.lower(): value for key, value in call.headers.items()}
            receipt = connection.receive(Delivery(headers, call.body, trial.clock.now()))
            seen += receipt.events
            for event in receipt.events:
                trial.sync(order=event.order_id)
        assert len(seen) == (20 if "duplicate_webhooks" in quirks else 10)
        assert len({event.id for event in seen}) == 10, "copies are one event"
        assert trial.wrong() == []
        connection.close()


def test_tokens_were_renewed_on_the_way() -> None:
    with Trial("shopify", {"expiring_token": "5"}, side="target", orders=3) as trial:
        trial.run()
        quirk = trial.sandbox.quirk(ExpiringToken)
        assert quirk
        assert quirk.issued > 1
        assert set(trial.states().values()) == {State.DONE}, "nothing is parked for it"


def test_a_trial_finds_a_transfer_that_does_not_look(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Sender.find
    looking: list[bool] = []

    def look(self: Recovery, rows: Any, tried: Any = None) -> None:
        looking.append(True)
        try:
            real_look(self, rows, tried)
        finally:
            looking.pop()

    def find(self: Sender, works: Any) -> Any:
        return [Done(None) for _ in works] if looking else real(self, works)

    real_look = Recovery.look
    monkeypatch.setattr(Recovery, "look", look)
    monkeypatch.setattr(Sender, "find", find)
    with Trial("shopify", {"lost_response": "on:orderCreate"}, side="target", orders=2) as trial:
        trial.run()
        assert any("stands 2 times" in one for one in trial.wrong())
