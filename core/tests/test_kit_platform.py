"""A whole platform made of the kit's parts: served, driven in process, kept over a restart, with quirks and throttles on."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

import httpx
import pytest

from ordersync.testing import StandingOrder, seeds, serve
from ordersync.testing.kit import (
    Bill,
    Call,
    ClientCredentials,
    Fault,
    FixedWindow,
    HmacSigned,
    IdempotencyKeys,
    LateIndex,
    NumberedPages,
    OverlappingPages,
    Record,
    RepeatedWebhooks,
    RestSandbox,
    Table,
    UnsortedPages,
    Webhooks,
    pattern,
    priced,
    route,
)
from ordersync.testing.quirks import Quirk
from ordersync.web import (
    Access,
    Client,
    MemoryTokens,
    Refreshing,
    Reply,
    VirtualClock,
    numbered_pages,
    token_endpoint,
)

RATES = {title: rate for title, rate, _, _ in seeds.TAX_RATES}


class Acme(RestSandbox):
    """A shop that is also written to: orders, customers, items, webhooks."""

    platform: ClassVar[str] = "acme"
    option_names: ClassVar = {"quota": "requests in a minute (default 100)"}
    own_quirks: ClassVar[tuple[type[Quirk], ...]] = (
        LateIndex, UnsortedPages, OverlappingPages, RepeatedWebhooks,
    )  # fmt: skip
    prefix = "/api/v1"

    gate = ClientCredentials({"sandbox-id": "sandbox-secret"}, seconds=600)
    throttle = FixedWindow(100, seconds=60, limit="X-Quota", left="X-Quota-Left", reset="X-Quota-Reset")
    once = IdempotencyKeys()
    pages = NumberedPages(items="data", most=20, default=10, total="meta.total")
    orders = Table(ids=pattern("ord_{:05d}"), unique=("reference",), lag=2)
    webhooks = Webhooks(
        HmacSigned("X-Acme-Signature", "sandbox-hook-secret", prefix="sha256="), topic_header="X-Acme-Topic"
    )

    def settings(self, base_url: str) -> dict[str, Any]:
        return {"url": base_url, "client_id": "sandbox-id", "client_secret": "sandbox-secret"}

    def error_body(self, fault: Fault) -> Any:
        return {"errors": [{"code": fault.code, "detail": fault.message, **fault.more}]}

    def populate(self, orders: int) -> None:
        self.throttle.quota = int(self.options.get("quota", "100"))
        super().populate(orders)

    def born_item(self, product: seeds.SeedProduct) -> Record:
        return {
            "sku": product.sku,
            "title": product.title,
            "price": str(product.price),
            "stock": product.stock,
        }

    def born_customer(self, person: seeds.SeedCustomer) -> Record:
        return {"email": person.email, "name": f"{person.first_name} {person.last_name}"}

    def born_order(self, seed: seeds.SeedOrder, bill: Bill) -> Record:
        owner = self.people.first(email=seed.email)
        return {
            "reference": None,
            "status": "cancelled" if seed.cancelled else "open",
            "currency": seed.currency,
            "customer_id": owner["id"] if owner else None,
            "lines": [
                {"sku": line.sku, "quantity": line.quantity, "net": str(one.net), "tax": str(one.tax)}
                for line, one in bill.lines
            ],
            "net": str(bill.net),
            "tax": str(bill.tax),
            "created_at": seed.placed_at,
            "updated_at": seed.updated_at,
        }

    def stands(self, order: Record) -> StandingOrder:
        net, tax = Decimal(order["net"]), Decimal(order["tax"])
        return StandingOrder(
            order["id"], order["reference"], order["id"], order["currency"], net, tax, net + tax,
            len(order["lines"]), order["status"] == "cancelled", str(order["customer_id"]),
        )  # fmt: skip

    @route("GET", "/orders")
    def list_orders(self, call: Call) -> Any:
        since = call.moment("updated_from")
        rows = self.orders.listed(lambda row: since is None or row["updated_at"] >= since)
        return self.pages.page(call, sorted(rows, key=lambda row: (row["updated_at"], row["id"])))

    @route("GET", "/orders/<id>")
    def one_order(self, call: Call, id: str) -> Any:
        return self.orders.need(id)

    @route("POST", "/orders", status=201)
    def create_order(self, call: Call) -> Any:
        lines, currency = [], call.fields.get("currency", self.currency)
        for line in call.need("lines"):
            taxes = [(title, RATES[title]) for title in line.get("taxes", ())]
            one = priced(line["quantity"], Decimal(line["price"]), currency=currency, taxes=taxes)
            lines.append(
                {"sku": line["sku"], "quantity": line["quantity"], "net": str(one.net), "tax": str(one.tax)}
            )
        made: Record = {
            "reference": call.need("reference"), "status": "open", "currency": currency, "lines": lines,
            "customer_id": call.fields.get("customer_id"),
        }  # fmt: skip
        for name in ("net", "tax"):
            made[name] = str(sum((Decimal(line[name]) for line in lines), Decimal(0)))
        self.webhooks.tell("order.created", {"order": self.orders.add(made)["id"]})
        return made

    @route("POST", "/orders/<id>/cancel")
    def cancel(self, call: Call, id: str) -> Any:
        return self.orders.change(self.orders.need(id), status="cancelled")

    @route("POST", "/webhooks", status=201)
    def subscribe(self, call: Call) -> Any:
        return self.webhooks.subscribe(call.need("topic"), call.need("address"))


ORDER = {
    "reference": "os-1", "currency": "USD",
    "lines": [{"sku": "MUG-01", "quantity": 3, "price": "12.50", "taxes": ["Sales tax"]}],
}  # fmt: skip


@contextmanager
def client(sandbox: Acme, url: str = "http://acme.example", **more: Any) -> Iterator[Client]:
    """As a connector would reach it; over a socket if a served address is given."""
    transport = sandbox.transport() if url.endswith("example") else None
    access = Access(clock=sandbox.clock, transport=transport, tokens=MemoryTokens())
    fetch = token_endpoint(
        access, f"{url}/api/v1/oauth/token", client_id="sandbox-id", client_secret="sandbox-secret"
    )
    with access.client(f"{url}/api/v1", auth=Refreshing(access, "acme", fetch), **more) as made:
        yield made


def ids(pages: Iterator[Reply]) -> list[str]:
    return [row["id"] for page in pages for row in page.data["data"]]


def all_ids(of: Client) -> list[str]:
    return ids(numbered_pages(of, "orders", items="data", length=10))


def test_it_is_born_with_the_seeds() -> None:
    acme = Acme(clock=VirtualClock(), orders=25)
    assert len(acme.standing()) == 25
    assert len(acme.items) == len(seeds.catalogue())
    assert len(acme.customers()) == len(seeds.customers())
    assert [one.cancelled for one in acme.standing()].count(True) == 1


def test_in_process_every_order_is_read_once() -> None:
    acme = Acme(clock=VirtualClock(), orders=25)
    with client(acme) as shop:
        assert sorted(all_ids(shop)) == sorted(one.id for one in acme.standing())
        assert shop.get("orders", params={"per_page": "100"}).data["meta"] == {"total": 25}
        assert len(shop.get("orders", params={"per_page": "100"}).data["data"]) == 20
    assert acme.refused == 0


def test_served_on_loopback_it_answers_the_same() -> None:
    acme, twin = Acme(clock=VirtualClock(), orders=25), Acme(clock=VirtualClock(), orders=25)
    with serve(acme) as served, client(acme, served.url) as there, client(twin) as here:
        assert all_ids(there) == all_ids(here)
        assert there.post("orders", json=ORDER).data == here.post("orders", json=ORDER).data
    assert list(acme.journal) == list(twin.journal)


def test_an_order_adds_up_is_found_by_id_at_once_and_in_lists_two_seconds_later() -> None:
    acme = Acme(clock=VirtualClock())
    with client(acme) as shop:
        made = shop.post("orders", json=ORDER).data
        assert (made["net"], made["tax"], made["id"]) == ("37.50", "3.33", "ord_00001")
        assert shop.get(f"orders/{made['id']}").data == made
        assert all_ids(shop) == []
        acme.clock.sleep(2)
        assert all_ids(shop) == ["ord_00001"]
        shop.post("orders/ord_00001/cancel")
        assert shop.get("orders").data["data"][0]["status"] == "open"
        acme.clock.sleep(2)
        assert shop.get("orders").data["data"][0]["status"] == "cancelled"
    assert acme.standing()[0].total == Decimal("40.83")


def test_a_restart_keeps_everything() -> None:
    acme = Acme(clock=VirtualClock(), orders=5)
    with client(acme) as shop:
        shop.post("webhooks", json={"topic": "order.*", "address": "https://receiver.example/"})
        shop.post("orders", json=ORDER, headers={"Idempotency-Key": "k"})
    again = Acme(clock=acme.clock)
    again.restore(acme.state())
    assert again.state() == acme.state()
    assert again.standing() == acme.standing()
    assert [one.body for one in again.webhooks.take()] == [one.body for one in acme.webhooks.take()]
    with client(again) as shop:
        assert shop.post("orders", json=ORDER, headers={"Idempotency-Key": "k"}).data["id"] == "ord_00006"
        assert shop.post("orders", json={**ORDER, "reference": "os-2"}).data["id"] == "ord_00007"
    assert again.once.repeated == 1


def test_a_token_expires_and_is_renewed() -> None:
    acme = Acme(clock=VirtualClock())
    with client(acme) as shop:
        shop.get("orders")
        shop.get("orders")
        assert acme.gate.issued == 1
        acme.clock.sleep(601)
        shop.get("orders")
        assert acme.gate.issued == 2
        acme.gate.expire()
        shop.get("orders")
        assert acme.gate.issued == 3


def test_a_quota_refuses_until_its_window_is_over() -> None:
    acme = Acme(clock=VirtualClock(), options={"quota": "3"})
    with client(acme, attempts=1) as shop:
        left = [shop.get("orders").headers["x-quota-left"] for _ in range(2)]
        assert left == ["1", "0"]
    with httpx.Client(transport=acme.transport(), base_url="http://acme.example/api/v1") as bare:
        answer = bare.post("orders", json=ORDER)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        assert answer.json()["errors"][0]["code"] == "too_many_requests"
    assert acme.refused == 1
    assert acme.standing() == []
    with client(acme) as patient:
        began = acme.clock.now()
        patient.get("orders")
        assert acme.clock.now() - began >= timedelta(seconds=60)


def test_quirks_are_obeyed_by_the_parts() -> None:
    plain = Acme(clock=VirtualClock(), orders=25)
    odd = Acme(clock=VirtualClock(), orders=25, quirks={"unsorted_pages": "", "late_index": "60"})
    twice = Acme(clock=VirtualClock(), orders=25, quirks={"overlapping_pages": ""})
    with client(plain) as one, client(odd) as other, client(twice) as third:
        assert all_ids(one) != all_ids(other)
        assert sorted(all_ids(one)) == sorted(all_ids(other))
        assert len(all_ids(third)) == 27
        other.post("orders", json=ORDER)
        odd.clock.sleep(59)
        assert len(all_ids(other)) == 25
        odd.clock.sleep(1)
        assert len(all_ids(other)) == 26


def test_carriers_strike_by_the_endpoints_name() -> None:
    acme = Acme(clock=VirtualClock(), quirks={"lost_response": "on:create_order,first:1,wait:1"})
    with client(acme) as shop:
        shop.post("webhooks", json={"topic": "order.created", "address": "https://receiver.example/"})
        made = shop.post("orders", json=ORDER, headers={"Idempotency-Key": "k"}, repeatable=True)
    assert made.data["id"] == "ord_00001"
    assert (len(acme.orders), acme.once.repeated) == (1, 1)
    assert [one.topic for one in acme.webhooks.take()] == ["order.created"]


def test_refusals_have_the_vendors_shape() -> None:
    acme = Acme(clock=VirtualClock())
    with httpx.Client(transport=acme.transport(), base_url="http://acme.example/api/v1") as bare:
        unknown = bare.get("nothing")
        nobody = bare.get("orders")
        wrong = bare.delete("orders")
    assert [one.status_code for one in (unknown, nobody, wrong)] == [404, 401, 405]
    assert [one.json()["errors"][0]["code"] for one in (unknown, nobody, wrong)] == [
        "not_found", "unauthorized", "method_not_allowed",
    ]  # fmt: skip
    assert wrong.headers["allow"] == "GET, HEAD, POST"
    assert nobody.headers["www-authenticate"].startswith("Bearer")


def test_the_contract_suites_levers_come_for_free() -> None:
    acme = Acme(clock=VirtualClock())
    assert len(acme.orders.need(acme.long_order(300))["lines"]) == 300
    worth = acme.orders.need(acme.order_worth(Decimal("1234567.89")))
    assert (worth["net"], worth["tax"], worth["currency"]) == ("1234567.89", "0", "USD")
    fils = acme.orders.need(acme.order_worth(Decimal("0.125")))
    assert (fils["net"], fils["currency"]) == ("0.125", "KWD")
    assert len(acme.items.find(sku=acme.ambiguous_sku())) == 2
    delivery = acme.delivery(worth["id"])
    assert delivery.headers["x-acme-signature"].startswith("sha256=")
    with pytest.raises(Fault):
        acme.delivery("none")
    odd = acme.signed(b"\xff no json")
    wanted = hmac.new(b"sandbox-hook-secret", odd.body, hashlib.sha256).hexdigest()
    assert (odd.body, odd.headers["x-acme-signature"]) == (b"\xff no json", f"sha256={wanted}")
