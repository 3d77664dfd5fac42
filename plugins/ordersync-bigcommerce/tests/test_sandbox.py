"""The sandbox by itself: its arithmetic, its refusals, its memory. No connector here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from ordersync.testing import serve
from ordersync.testing.seeds import UNKNOWN_SKU
from ordersync.web import VirtualClock, read
from ordersync_bigcommerce.sandbox import STORE_HASH, Sandbox, signature

Store = Callable[..., httpx.Response]
ADDRESS = {"first_name": "Buyer", "last_name": "Amber", "zip": "10001", "country_iso2": "US"}
MUG = {"name": "Mug", "quantity": 3, "price_ex_tax": 3.3333, "price_inc_tax": "3.6300"}


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(clock=VirtualClock(), orders=20)


@pytest.fixture
def ask(sandbox: Sandbox) -> Iterator[Store]:
    with httpx.Client(
        transport=sandbox.transport(), base_url=f"http://x.sandbox/stores/{STORE_HASH}"
    ) as client:
        headers = {"X-Auth-Token": sandbox.access_token, "Accept": "application/json"}

        def send(method: str, path: str, **options: Any) -> httpx.Response:
            return client.request(method, path, headers={**headers, **options.pop("headers", {})}, **options)

        yield send


def body(**changes: Any) -> dict[str, Any]:
    return {"billing_address": ADDRESS, "products": [MUG], **changes}


def test_totals_follow_from_pairs_with_four_decimals(ask: Store) -> None:
    made = ask(
        "POST",
        "/v2/orders",
        json=body(
            shipping_cost_ex_tax="5.0000",
            shipping_cost_inc_tax=5.45,
            fees=[
                {"type": "custom_fee", "display_name_customer": "Fee", "cost_ex_tax": 2, "cost_tax": "0.5"}
            ],
            discount_amount=1,
        ),
    ).json()
    assert (made["subtotal_ex_tax"], made["subtotal_inc_tax"]) == ("9.9999", "10.8900")
    assert made["total_ex_tax"] == "15.9999"
    assert made["total_tax"] == "1.8401"
    assert made["total_inc_tax"] == "17.8400"
    line = ask("GET", f"/v2/orders/{made['id']}/products").json()[0]
    assert (line["price_tax"], line["total_ex_tax"], line["discounted_total_inc_tax"]) == (
        "0.2967",
        "9.9999",
        "10.8900",
    )
    tax, freight = ask("GET", f"/v2/orders/{made['id']}/taxes?details=true").json()
    assert (freight["line_item_type"], freight["line_amount"]) == ("shipping", "0.4500")
    assert (tax["class"], tax["rate"], tax["order_product_id"]) == (
        "API Tax Override",
        "0.0000",
        str(line["id"]),
    )


def test_the_shops_own_orders_add_up(ask: Store, sandbox: Sandbox) -> None:
    orders = ask("GET", "/v2/orders?limit=250").json()
    assert len(orders) == 20
    for order in orders:
        amounts = {name: Decimal(value) for name, value in order.items() if name.startswith("total_")}
        assert amounts["total_ex_tax"] + amounts["total_tax"] == amounts["total_inc_tax"]
        lines = ask("GET", f"/v2/orders/{order['id']}/products").json()
        paid = sum(Decimal(line["discounted_total_inc_tax"]) for line in lines)
        assert paid + Decimal(order["shipping_cost_inc_tax"]) == amounts["total_inc_tax"]
        off = sum(Decimal(one["amount"]) for line in lines for one in line["applied_discounts"])
        assert off == Decimal(order["discount_amount"]) + Decimal(order["coupon_discount"])
    currencies = {order["default_currency_code"] for order in orders}
    assert currencies == {"USD", "EUR", "GBP", "JPY", "KWD"}
    lines = [line for order in sandbox.store.orders.values() for line in order["lines"]]
    assert any(line["sku"] == UNKNOWN_SKU for line in lines)
    assert any(not line["product_id"] for line in lines)
    assert any(order["status_id"] == 5 for order in orders)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"billing_address": None}, "billing_address"),
        ({"billing_address": {**ADDRESS, "zip": "1"}}, "billing_address"),
        ({"billing_address": {**ADDRESS, "zipcode": "10001"}}, "zipcode"),
        ({"billing_address": {**ADDRESS, "country_iso2": "usa"}}, "billing_address"),
        ({"products": []}, "products"),
        ({"products": [{**MUG, "quantity": 0}]}, "quantity"),
        ({"products": [{**MUG, "quantity": 1.5}]}, "quantity"),
        ({"products": [{**MUG, "qty": 1}]}, "qty"),
        ({"products": [{"name": "Mug", "quantity": 1, "price_ex_tax": 1}]}, "together"),
        ({"products": [{"name": "Mug", "quantity": 1}]}, "products"),
        ({"products": [{**MUG, "price_ex_tax": -1}]}, "price_ex_tax"),
        ({"products": [{"product_id": 5, "quantity": 1}]}, "product_id"),
        ({"products": [{"product_id": 79, "quantity": 1}]}, "variant_id"),
        ({"products": [{"product_id": 79, "variant_id": 300, "quantity": 1}]}, "variant_id"),
        ({"shipping_cost_ex_tax": 1}, "shipping_cost_inc_tax"),
        ({"status_id": 15}, "status_id"),
        ({"customer_id": 999}, "customer_id"),
        ({"channel_id": 2}, "channel_id"),
        ({"date_created": "2026-13-45"}, "date_created"),
        ({"default_currency_code": "XXX"}, "default_currency_code"),
        ({"total_inc_tax": "5"}, "total_inc_tax"),
        ({"external_id": "5"}, "external_id"),
        ({"fees": [{"type": "custom_fee", "display_name_customer": "F", "cost_tax": 1}]}, "fees"),
        ({"staff_notes": "x" * 65_536}, "staff_notes"),
    ],
)
def test_what_an_order_must_not_be(ask: Store, sandbox: Sandbox, changes: dict[str, Any], said: str) -> None:
    before = len(sandbox.standing())
    answer = ask("POST", "/v2/orders", json=body(**changes))
    assert answer.status_code == 400
    (problem,) = answer.json()
    assert said in problem["message"]
    assert len(sandbox.standing()) == before


def test_a_line_without_prices_costs_what_the_catalogue_says(ask: Store) -> None:
    (mug,) = ask("GET", "/v3/catalog/variants?sku=MUG-01").json()["data"]
    line = {"product_id": mug["product_id"], "quantity": 2}
    made = ask("POST", "/v2/orders", json=body(products=[line])).json()
    assert made["total_inc_tax"] == "25.0000"
    (after,) = ask("GET", "/v3/catalog/variants?sku=MUG-01").json()["data"]
    assert mug["inventory_level"] - after["inventory_level"] == 2


def test_the_same_order_twice_is_two_orders(ask: Store) -> None:
    made = [ask("POST", "/v2/orders", json=body(external_order_id="x")).json()["id"] for _ in range(2)]
    assert made == [120, 121]


def test_lists_page_filter_and_sort(ask: Store, sandbox: Sandbox) -> None:
    assert ask("GET", "/v2/orders?page=3&limit=10").status_code == 204
    assert len(ask("GET", "/v2/orders?page=2&limit=15").json()) == 5
    assert ask("GET", "/v2/orders?limit=251").status_code == 413
    newest = ask("GET", "/v2/orders?sort=id:desc&limit=1").json()[0]["id"]
    assert newest == 119
    moment = sandbox.store.orders[110]["modified"]
    late = ask("GET", f"/v2/orders?min_date_modified={moment.strftime('%a, %d %b %Y %H:%M:%S')}%20%2B0000")
    assert min(one["id"] for one in late.json()) <= 110
    assert len(late.json()) < 20
    assert len(ask("GET", "/v2/orders?min_date_modified=nonsense&colour=red").json()) == 20
    assert [one["id"] for one in ask("GET", "/v2/orders?min_id=105&max_id=106").json()] == [105, 106]
    assert {one["status_id"] for one in ask("GET", "/v2/orders?status_id=5").json()} == {5}
    assert ask("DELETE", "/v2/orders/105").status_code == 204
    assert len(ask("GET", "/v2/orders?limit=250").json()) == 19
    assert ask("GET", "/v2/orders/105").json()["is_deleted"]


def test_shipments_change_the_status(ask: Store) -> None:
    made = ask("POST", "/v2/orders", json=body(shipping_addresses=[ADDRESS])).json()["id"]
    line = ask("GET", f"/v2/orders/{made}/products").json()[0]
    address = line["order_address_id"]

    def ship(count: int, **more: Any) -> httpx.Response:
        items = [{"order_product_id": line["id"], "quantity": count}]
        return ask(
            "POST", f"/v2/orders/{made}/shipments", json={"order_address_id": address, "items": items, **more}
        )

    assert ship(2).status_code == 201
    assert ask("GET", f"/v2/orders/{made}").json()["status_id"] == 3
    assert ship(2).status_code == 400
    assert ship(1, shipping_provider="pigeon").status_code == 400
    assert ship(1, order_address_id=1).status_code == 400
    assert ship(1, shipping_provider="ups", tracking_number="1Z").status_code == 201
    order = ask("GET", f"/v2/orders/{made}").json()
    assert (order["status_id"], order["items_shipped"], bool(order["date_shipped"])) == (2, 3, True)
    assert len(ask("GET", f"/v2/orders/{made}/shipments").json()) == 2


def test_a_change_takes_only_what_can_be_changed(ask: Store) -> None:
    changed = ask("PUT", "/v2/orders/100", json={"status_id": 10, "staff_notes": "Done"}).json()
    assert (changed["status"], changed["staff_notes"]) == ("Completed", "Done")
    assert ask("PUT", "/v2/orders/100", json={"status": "x"}).status_code == 400
    assert ask("PUT", "/v2/orders/5", json={}).status_code == 404


def test_customers_are_refused_together(ask: Store, sandbox: Sandbox) -> None:
    before = len(sandbox.store.customers)
    new = {"email": "new@example.com", "first_name": "N", "last_name": "N"}
    taken = {**new, "email": "buyer.amber@example.com"}
    answer = ask("POST", "/v3/customers", json=[new, taken])
    assert (answer.status_code, answer.json()["errors"]) == (422, {"1.email": "Email already in use"})
    assert len(sandbox.store.customers) == before
    assert ask("POST", "/v3/customers", json=[new] * 11).status_code == 413
    assert ask("POST", "/v3/customers", json=new).status_code == 422
    assert ask("POST", "/v3/customers", json=[{"email": "a@example.com"}]).status_code == 422
    found = ask("GET", "/v3/customers?email:in=BUYER.AMBER@example.com").json()
    assert (found["meta"]["pagination"]["total"], found["data"][0]["last_name"]) == (1, "Amber")


def test_v3_says_how_many_pages_there_are(ask: Store) -> None:
    first = ask("GET", "/v3/catalog/variants?limit=10").json()
    pagination = first["meta"]["pagination"]
    assert (pagination["total_pages"], len(first["data"])) == (2, 10)
    last = ask("GET", "/v3/catalog/variants?limit=10&page=2").json()["data"]
    assert len(last) == pagination["total"] - 10
    assert ask("GET", "/v3/catalog/variants?limit=10&page=3").json()["data"] == []


def test_credentials_are_really_checked(ask: Store, sandbox: Sandbox) -> None:
    assert ask("GET", "/v2/orders", headers={"X-Auth-Token": "wrong"}).status_code == 401
    answer = ask("GET", "/v3/customers", headers={"X-Auth-Token": ""})
    assert (answer.status_code, answer.json()["status"]) == (401, 401)
    sandbox.scopes = frozenset({"store_v2_orders_read_only"})
    assert ask("GET", "/v2/orders").status_code == 200
    assert ask("POST", "/v2/orders", json=body()).status_code == 403
    assert ask("GET", "/v3/customers").status_code == 403


def test_the_window_counts_down_and_refuses(ask: Store, sandbox: Sandbox) -> None:
    sandbox.window.quota = 2
    left = [ask("GET", "/v2/store").headers["x-rate-limit-requests-left"] for _ in range(2)]
    assert left == ["1", "0"]
    refused = ask("GET", "/v2/store")
    assert refused.status_code == 429
    assert int(refused.headers["x-rate-limit-time-reset-ms"]) == 30_000
    sandbox.clock.sleep(30)
    assert ask("GET", "/v2/store").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/nowhere", 404),
        ("GET", "/v2/orders/100/nothing", 404),
        ("PATCH", "/v2/orders/100", 404),
        ("GET", "/v3/nowhere", 404),
        ("DELETE", "/v3/hooks/5", 404),
        ("POST", "/v3/hooks", 422),
    ],
)
def test_what_is_not_there(ask: Store, method: str, path: str, status: int) -> None:
    assert ask(method, path).status_code == status


def test_a_body_that_is_no_json_is_refused(ask: Store) -> None:
    assert ask("POST", "/v2/orders", content=b"{").status_code == 400
    assert ask("POST", "/v2/orders", json=[]).status_code == 400
    assert ask("PUT", "/v2/orders/100", json=[]).status_code == 400


def test_without_json_in_accept_v2_is_xml(ask: Store) -> None:
    answer = ask("GET", "/v2/orders", headers={"Accept": "*/*"})
    assert answer.headers["content-type"].startswith("application/xml")


def test_webhooks_are_thin_and_signed(ask: Store, sandbox: Sandbox) -> None:
    hook = {
        "scope": "store/order/created",
        "destination": "https://hooks.example.com/o",
        "headers": {"A": "b"},
    }
    made = ask("POST", "/v3/hooks", json=hook).json()["data"]
    assert (
        ask("POST", "/v3/hooks", json={**hook, "destination": "https://x.example.com:8443/o"}).status_code
        == 422
    )
    ask("POST", "/v2/orders", json=body())
    (one,) = sandbox.hand_out()
    told = json.loads(one.body)
    assert told["data"] == {"type": "order", "id": 120}
    assert set(told) == {"scope", "store_id", "data", "hash", "created_at", "producer"}
    assert one.headers["a"] == "b"
    again = signature(
        sandbox.client_secret, one.headers["webhook-id"], one.headers["webhook-timestamp"], one.body
    )
    assert one.headers["webhook-signature"] == again
    ask("PUT", f"/v3/hooks/{made['id']}", json={"is_active": False})
    ask("POST", "/v2/orders", json=body())
    assert sandbox.hand_out() == []


def test_a_restart_keeps_everything(ask: Store, sandbox: Sandbox) -> None:
    hook = {"scope": "store/order/created", "destination": "https://hooks.example.com/o"}
    ask("POST", "/v3/hooks", json=hook)
    ask("POST", "/v2/orders", json=body())
    state = sandbox.state()
    twin = Sandbox(clock=sandbox.clock)
    twin.restore(state)
    assert twin.standing() == sandbox.standing()
    assert twin.state() == state
    assert [one.body for one in twin.hand_out()] == [one.body for one in sandbox.hand_out()]
    ask("DELETE", "/v2/orders/100")
    assert len(twin.standing()) == 21, "what happens to one does not happen to the other"


def test_the_same_seed_makes_the_same_store() -> None:
    one, other = (Sandbox(clock=VirtualClock(), seed=3, orders=8) for _ in range(2))
    assert one.state() == other.state()
    assert one.state() != Sandbox(clock=VirtualClock(), seed=4, orders=8).state()


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ValueError, match="no option 'colour'"):
        Sandbox(options={"colour": "red"})


def test_it_can_be_served_on_a_socket(sandbox: Sandbox) -> None:
    with serve(sandbox) as served:
        section = sandbox.settings(served.url)
        answer = httpx.get(
            f"{section['base_url']}/stores/{section['store_hash']}/v2/store",
            headers={"X-Auth-Token": section["access_token"], "Accept": "application/json"},
        )
    assert read(answer.content)["id"] == STORE_HASH
