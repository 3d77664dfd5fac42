"""What a live store answered: every recorded order, product, customer and error body is read; nothing is left out."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from ordersync import OrderStatus, PaymentStatus
from ordersync.testing.openapi import Exchange, Known, OpenApi
from ordersync.testing.specs import vendor_specs
from ordersync.web import Reply, VirtualClock, dump, read
from ordersync_bigcommerce import mapping, wire
from ordersync_bigcommerce.api import read_as
from ordersync_bigcommerce.pace import SMALLEST, reset_of
from ordersync_bigcommerce.sandbox.order_rows import STATUSES
from ordersync_bigcommerce.statuses import order_status

KINDS = (
    ("/v2/orders/100/shipping_addresses", wire.ShippingAddress),
    ("/v2/orders", wire.Order),
    ("/v2/coupons", wire.Coupon),
    ("/v3/customers/addresses", None),
    ("/v3/customers", wire.Customer),
    ("/v2/order_statuses", None),
)


def exchanges() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted((vendor_specs("bigcommerce") / "samples" / "recorded").glob("*.json")):
        for one in read(file.read_bytes())["exchanges"]:
            yield file.stem, one


def rows_of(body: Any) -> list[Any]:
    inner = body["data"] if isinstance(body, dict) and "data" in body else body
    return inner if isinstance(inner, list) else [inner]


def kind_of(path: str) -> type[wire.Wire] | None:
    if "/variants" in path:
        return wire.Variant
    if path.startswith("/v3/catalog/products"):
        return wire.Product
    return next(kind for start, kind in KINDS if path.startswith(start))


def test_every_recorded_body_is_read() -> None:
    counted: dict[str, int] = {}
    for stem, one in exchanges():
        if one["response"]["status"] == 204:
            assert one["response"].get("body") in (None, ""), stem
            continue
        kind = kind_of(one["request"]["path"])
        for row in rows_of(one["response"]["body"]):
            name = kind.__name__ if kind else "unmapped"
            counted[name] = counted.get(name, 0) + 1
            if kind:
                read_as(kind, row)
    unmapped = counted.pop("unmapped")
    assert unmapped == 16, (
        "fifteen order statuses, which are known by their ids, and one address of an account"
    )
    assert counted.keys() == {"Order", "ShippingAddress", "Coupon", "Customer", "Variant", "Product"}
    assert counted["Order"] >= 10
    assert counted["Variant"] > 50


def test_every_recorded_order_becomes_one_of_ours() -> None:
    """With the one line that each must have had: the recordings hold no lines."""
    rows = [
        row
        for _, one in exchanges()
        if one["request"]["path"].rstrip("0123456789/") == "/v2/orders"
        for row in rows_of(one["response"]["body"])
    ]
    assert len(rows) >= 10
    for row in rows:
        line = wire.OrderProduct(
            id=1,
            product_id=7,
            quantity=row["items_total"],
            name="Thing",
            sku="THING",
            type="physical",
            price_ex_tax=row["subtotal_ex_tax"],
            price_inc_tax=row["subtotal_inc_tax"],
            total_ex_tax=row["subtotal_ex_tax"],
            total_inc_tax=row["subtotal_inc_tax"],
        )
        order = mapping.order_of(mapping.Whole(wire.Order.model_validate(row), (line,)))
        assert order.findings == ()
        assert order.total == Decimal(row["total_inc_tax"])
        assert (order.currency, order.status) == ("KES", OrderStatus.OPEN)
        assert order.payment_status in (PaymentStatus.PAID, PaymentStatus.PENDING)
        assert order.billing is not None
        assert (order.billing.country, order.billing.subdivision) == ("US", "TX")


def test_every_recorded_status_is_known() -> None:
    (statuses,) = [one["response"]["body"] for stem, one in exchanges() if stem == "list-order-statuses"]
    known = {row["id"]: row["name"] for row in statuses}
    assert known == STATUSES
    unknown = {known[number] for number in known if order_status(number) is OrderStatus.UNKNOWN}
    assert unknown == {"Incomplete"}
    assert order_status(15) is OrderStatus.UNKNOWN


def test_every_recorded_answer_feeds_the_window() -> None:
    clock = VirtualClock()
    for stem, one in exchanges():
        headers = {name.lower(): value for name, value in one["response"]["headers"].items()}
        until = reset_of(headers, clock.now())
        if until is None:
            assert one["response"]["status"] == 204, stem
            continue
        assert 0 <= (until - clock.now()).total_seconds() <= 30
        assert SMALLEST.report is not None
        report = SMALLEST.report(Reply(one["response"]["status"], headers, b"", None, ""))
        assert report is not None
        assert report.left == int(headers["x-rate-limit-requests-left"])
        assert report.resets_in == (until - clock.now()).total_seconds()
        assert (report.size, report.seconds) == (SMALLEST.quota, SMALLEST.seconds)


RECORDED = [
    Known("GET */v2/coupons/1*", "reading one coupon is not in the file"),
    *(
        Known(f"* {path}", "a live store answers null here, or a name that the file lacks")
        for path in (
            "/*restricted_to", "/*shipping_methods", "/data/*map_price", "/data/*date_last_imported",
            "/data/*base_variant_id", "/data/*option_set_id", "/data/primary_image", "/data/channels",
            "/data/variants", "/data/reviews", "/*channel_ids", "/meta/pagination/too_many", "/*cart_id",
            "/*consignments", "/*customer_message", "/*payment_provider_id", "/*staff_notes", "/*credit_card_type",
            "/*custom_status", "/*/order",
        )
    ),
    Known("PUT */v2/coupons/{id} body", "the live store took a change of two fields"),
]  # fmt: skip


def test_recorded_exchanges_differ_from_the_vendors_files_only_where_it_is_known(files: OpenApi) -> None:
    """So that the exceptions which the sandbox needs are those of a live store."""
    recorded = files.excusing(*RECORDED)
    made = []
    for _, one in exchanges():
        asked, answered = one["request"], one["response"]
        url = httpx.URL(
            f"https://api.bigcommerce.com/stores/abc123{asked['path']}", params=asked.get("query") or {}
        )
        sent, got = asked.get("body"), answered.get("body")
        made.append(
            Exchange(
                asked["method"],
                str(url),
                answered["status"],
                {"x-auth-token": "t", "accept": "application/json", "content-type": "application/json"},
                b"" if sent is None else dump(sent),
                answered["headers"],
                b"" if got is None else dump(got),
            )
        )
    recorded.hold(made)
    assert recorded.stale == ()


@pytest.mark.parametrize("kind", ["orders.v2.oas2.yml", "customers.v3.yml"])
def test_the_vendors_files_are_there(kind: str) -> None:
    assert isinstance(vendor_specs("bigcommerce") / kind, Path)
    assert (vendor_specs("bigcommerce") / kind).is_file()
