"""Everything the connector sends, and everything the sandbox answers, is what the vendor's OpenAPI files describe."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ordersync import (
    Cancel,
    CustomerAsk,
    Fulfill,
    Fulfillment,
    LineKind,
    MarkPaid,
    OrderQuery,
    OrderStatus,
    Payment,
    Refused,
    SetStatus,
    Tracking,
)
from ordersync.testing.openapi import Known, OpenApi
from ordersync.testing.specs import vendor_specs


def work(desk: Any, draft: Any, line: Any, customer: Any) -> None:
    """Every request that the connector knows, at least once, and refusals."""
    connector = desk.connector
    connector.check_access(True)
    list(connector.list_orders(OrderQuery(updated_from=desk.clock.now() - timedelta(days=90))))
    desk.sandbox.refund("101", Decimal("1.00"), units=1)
    for number in ("102", "103", "104"):
        desk.sandbox.refund(number, Decimal("1.00"), units=1)
    list(connector.list_orders(OrderQuery(updated_from=desk.clock.now() - timedelta(minutes=1))))
    for number in ("101", "103", "112", "100000"):
        connector.get_order(number)
    connector.find_customers([CustomerAsk(customer, "oc-1")])
    ref = connector.create_customer(customer)
    assert connector.create_customer(customer) == ref
    connector.find_customer(customer.model_copy(update={"email": None}), "oc-1")
    items = {item.value.sku: item.value for item in connector.resolve_skus(["MUG-01", "CAP-RED"])}
    connector.resolve_sku("NOT-THERE")
    connector.check_stocks(list(items.values()))
    made = draft(
        line(0, "25.00", "2.22", kind=LineKind.ITEM, item=items["MUG-01"], quantity=Decimal(3), sku="MUG-01"),
        line(1, "9.00"),
        line(2, "5.90", "0.52", kind=LineKind.SHIPPING, title="Standard"),
        line(3, "2.00", kind=LineKind.FEE, title="Packing"),
        customer_ref=ref,
        note="Please ring twice.",
        currency="EUR",
        payments=(Payment(amount=Decimal("44.64"), gateway="stripe", transaction_id="ch_1"),),
    )
    placed = connector.create_order(made)
    connector.create_order(draft(*(line(number) for number in range(51)), key="os-" + "c" * 26))
    with pytest.raises(Refused):
        connector.create_order(draft(customer_ref=ref.model_copy(update={"id": "999999"})))
    assert connector.find_order("os-" + "b" * 26) is None
    connector.find_orders(["os-" + letter * 26 for letter in "defghijk"])
    desk.clock.sleep(5)
    assert connector.find_order(made.key) == placed
    first = placed.lines[0].id
    parcel = Fulfillment(
        tracking=(Tracking(number="1Z", carrier="UPS", url="https://track.example.com/1Z"),),
        lines={first: Decimal(1)},
    )
    for change in (
        SetStatus(status=OrderStatus.HELD),
        MarkPaid(gateway="stripe"),
        Fulfill(fulfillment=parcel),
        Fulfill(fulfillment=Fulfillment()),
        Cancel(reason="test"),
    ):
        connector.update_order(placed.ref, change, f"os-{type(change).__name__.lower()}")
    connector.get_order(placed.ref.id)
    address = "https://hooks.example.com/orders"
    subscribed = connector.subscribe(address, ["order.created", "order.fulfilled"])
    assert connector.subscribe(address, ["order.created"]) == subscribed[:1]
    for one in subscribed:
        connector.unsubscribe(one)
    assert [bool(connector.check_discount(code)) for code in ("WELCOME", "NONE")] == [True, False]


def test_every_exchange_is_as_documented(
    open_desk: Any, vendor: OpenApi, draft: Any, line: Any, customer: Any
) -> None:
    desk = open_desk(orders=24)
    work(desk, draft, line, customer)
    vendor.hold(desk.recorder.exchanges)
    stores = "/stores/{store_hash}"
    assert vendor.seen >= {
        f"GET {stores}/v2/orders",
        f"POST {stores}/v2/orders",
        f"GET {stores}/v2/orders/{{order_id}}",
        f"PUT {stores}/v2/orders/{{order_id}}",
        f"GET {stores}/v2/orders/{{order_id}}/products",
        f"GET {stores}/v2/orders/{{order_id}}/taxes",
        f"GET {stores}/v2/orders/{{order_id}}/coupons",
        f"GET {stores}/v2/orders/{{order_id}}/shipments",
        f"POST {stores}/v2/orders/{{order_id}}/shipments",
        f"GET {stores}/v3/orders/{{order_id}}/payment_actions/refunds",
        f"GET {stores}/v3/orders/payment_actions/refunds",
        f"GET {stores}/v3/customers",
        f"POST {stores}/v3/customers",
        f"GET {stores}/v3/catalog/variants",
        f"GET {stores}/v3/catalog/products",
        f"GET {stores}/v3/inventory/items",
        f"GET {stores}/v3/hooks",
        f"POST {stores}/v3/hooks",
        f"DELETE {stores}/v3/hooks/{{webhook_id}}",
        f"GET {stores}/v2/coupons",
    }


def test_no_exception_is_stale(open_desk: Any, vendor: OpenApi, draft: Any, line: Any, customer: Any) -> None:
    """What is excused is needed: by this work, or by what a live store answered."""
    desk = open_desk(orders=24)
    work(desk, draft, line, customer)
    vendor.hold(desk.recorder.exchanges)
    assert vendor.stale == ()


def test_a_misspelt_field_would_be_found(open_desk: Any, draft: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from ordersync_bigcommerce import placing

    real = placing.order_body
    monkeypatch.setattr(placing, "order_body", lambda *given: {**real(*given), "external_order_nr": "x"})
    desk = open_desk()
    with pytest.raises(Refused, match="external_order_nr"):
        desk.connector.create_order(draft())
    folder = vendor_specs("bigcommerce")
    orders = OpenApi(folder / "orders.v2.oas2.yml", known=[Known("* answer *", "not of interest")])
    posted = [one for one in desk.recorder.exchanges if one.method == "POST"]
    (deviation,) = orders.deviations(posted[0])
    assert (deviation.path, deviation.expected) == ("/external_order_nr", "a documented property")
    desk.recorder.exchanges.clear()
