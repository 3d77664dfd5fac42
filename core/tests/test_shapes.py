"""The public JSON shapes: read, written again the same, and written anew where the order was changed."""

from __future__ import annotations

import copy
import json
import os
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ordersync.errors import BadInput
from ordersync.model import (
    Amounts,
    Charge,
    ChargeKind,
    FulfillmentStatus,
    Line,
    Order,
    OrderStatus,
    PaymentStatus,
    Tax,
)
from ordersync.shapes import (
    order_schema,
    parse_orders,
    pushed_schema,
    shape_of,
    split_orders,
    to_own,
    to_pushed,
    to_unified,
    unified_schema,
)
from ordersync.shapes.spelling import same
from ordersync.web.read import dump, read


def pushed(**changes: Any) -> dict[str, Any]:
    """A pushed payload, parsed exactly."""
    place = {
        "firstName": "Buyer",
        "lastName": "Amber",
        "company": "Amber Works",
        "address1": "1 Water Street",
        "address2": "",
        "city": "New York",
        "state": "NY",
        "zipCode": "10001",
        "country": "US",
        "phone": "+1-212-555-0123",
    }
    payload = {
        "orderId": "A-1",
        "orderNumber": "1001",
        "orderDate": "2026-01-15T14:30:00Z",
        "status": "confirmed",
        "customer": {
            "id": "C-1",
            "email": "buyer.amber@example.com",
            "firstName": "Buyer",
            "lastName": "Amber",
            "phone": "+1-212-555-0123",
        },
        "billingAddress": place,
        "shippingAddress": dict(place),
        "lineItems": [
            {
                "id": "L-1",
                "productId": "P-1",
                "sku": "TEE-M",
                "title": "T-shirt",
                "variant": "Medium",
                "quantity": 2,
                "price": Decimal("29.99"),
                "totalPrice": Decimal("59.98"),
            },
            {
                "id": "L-2",
                "productId": "P-2",
                "sku": "CAP",
                "title": "Cap",
                "variant": "One Size",
                "quantity": 1,
                "price": Decimal("24.99"),
                "totalPrice": Decimal("24.99"),
            },
        ],
        "pricing": {
            "subtotal": Decimal("84.97"),
            "tax": Decimal("7.65"),
            "shipping": Decimal("9.99"),
            "discount": Decimal("5.00"),
            "total": Decimal("97.61"),
            "currency": "USD",
        },
        "shipping": {
            "method": "Standard Ground",
            "carrier": "UPS",
            "trackingNumber": "1Z999",
            "estimatedDelivery": "2026-01-20",
        },
        "payment": {
            "method": "credit_card",
            "status": "paid",
            "transactionId": "T-1",
            "gateway": "stripe",
        },
        "notes": "Leave at the door",
        "tags": ["online"],
        "createdAt": "2026-01-15T14:30:00Z",
        "updatedAt": "2026-01-15T14:45:00Z",
    }
    return {**copy.deepcopy(payload), **changes}


def priced(**changes: Any) -> dict[str, Any]:
    """The pushed payload with other pricing."""
    payload = pushed()
    payload["pricing"] |= changes
    return payload


def entry(**changes: Any) -> dict[str, Any]:
    """An entry of the unified list."""
    place = {
        "firstName": "Buyer",
        "lastName": "Amber",
        "address2": "",
        "city": "New York",
        "phone": "2125550123",
        "address1": "1 Water Street",
        "countryCode": "US",
        "postalCode": "10001",
        "region": "NY",
    }
    payload = {
        "remoteId": "1234567890123",
        "remoteCreatedAt": "2026-01-19T17:00:17.000Z",
        "remoteUpdatedAt": "2026-01-19T17:00:18.000Z",
        "remoteDeleted": False,
        "createdAt": "2026-02-22T11:17:53.264Z",
        "updatedAt": "2026-02-22T13:54:03.445Z",
        "orderNumber": "2001",
        "orderStatus": "Pending",
        "fulfillmentStatus": "unfulfilled",
        "totalShipping": "5.00",
        "totalDiscount": "1.00",
        "totalTax": "0.50",
        "totalPrice": "19.50",
        "currency": "USD",
        "lineItems": [
            {
                "quantity": 2,
                "productId": "98765",
                "lineItemId": "12345",
                "price": "7.50",
                "unitCost": "5.00",
                "currency": "USD",
                "variantId": "12312",
                "title": "T-shirt",
                "sku": "TEE-M",
            }
        ],
        "paymentStatus": "Pending",
        "billingAddress": place,
        "shippingAddress": dict(place),
        "customer": {
            "customerId": "C-1",
            "firstName": "Buyer",
            "lastName": "Amber",
            "phone": "2125550123",
            "email": "buyer.amber@example.com",
        },
        "id": "a1b2",
    }
    return {**copy.deepcopy(payload), **changes}


def one(data: Any) -> Order:
    (order,) = parse_orders(data)
    return order


def problems(data: Any, **more: Any) -> dict[str, str]:
    with pytest.raises(BadInput) as caught:
        parse_orders(data, **more)
    assert caught.value.remedy
    return {problem.place: problem.problem for problem in caught.value.problems}


def seed(name: str) -> Any:
    named = os.environ.get("ORDERSYNC_SPECS")
    here = Path.cwd().resolve()
    roots = [Path(named).parent] if named else [folder / "shared" for folder in (here, *here.parents)]
    for root in roots:
        file = root / "seed-payloads" / name
        if file.is_file():
            return read(file.read_bytes())
    message = f"no {name} here; set ORDERSYNC_SPECS to the folder beside seed-payloads"
    if os.environ.get("CI") or named:
        pytest.fail(message)
    pytest.skip(message)


def test_the_seed_payloads_come_back_equal() -> None:
    payload = seed("pushed-order.json")
    order = one(payload)
    assert order.findings == ()
    assert same(to_pushed(order), payload)
    listed = seed("unified-orders-list.json")
    orders = parse_orders(listed)
    assert same(to_unified(orders), listed)
    for found in orders:
        assert {finding.code for finding in found.findings} == {"source_totals_differ", "invalid_email"}
    assert [found.status for found in orders] == [
        OrderStatus.OPEN,
        OrderStatus.COMPLETED,
        OrderStatus.CANCELLED,
    ]


def test_a_pushed_order_in_the_model() -> None:
    order = one(pushed())
    assert (order.id, order.number, order.currency) == ("A-1", "1001", "USD")
    assert order.status is OrderStatus.OPEN
    assert order.payment_status is PaymentStatus.PAID
    assert order.platform_statuses == {"order": "confirmed", "payment": "paid"}
    assert not order.taxes_included
    assert order.findings == ()
    assert [line.amounts.list_amount for line in order.lines] == [Decimal("59.98"), Decimal("24.99")]
    assert [line.amounts.discount for line in order.lines] == [Decimal("3.53"), Decimal("1.47")]
    assert [line.amounts.tax for line in order.lines] == [Decimal("5.40"), Decimal("2.25")]
    assert all(tax.rate is None for line in order.lines for tax in line.amounts.taxes)
    (charge,) = order.charges
    assert (charge.kind, charge.title, charge.carrier) == (ChargeKind.SHIPPING, "Standard Ground", "UPS")
    assert (charge.amounts.gross, charge.amounts.tax) == (Decimal("9.99"), Decimal(0))
    assert order.fulfillments[0].tracking[0].number == "1Z999"
    (payment,) = order.payments
    assert (payment.amount, payment.gateway, payment.transaction_id) == (Decimal("97.61"), "stripe", "T-1")
    assert order.phone == "+12125550123"
    assert order.shipping is not None
    assert order.shipping.subdivision == "NY"
    assert order.shipping.line2 is None


def test_tax_inside_the_prices_is_recognised() -> None:
    order = one(priced(total=Decimal("89.96")))
    assert order.taxes_included
    assert order.findings == ()
    assert sum(line.amounts.net for line in order.lines) == Decimal("72.32")


def test_totals_that_no_basis_explains_are_a_finding() -> None:
    order = one(priced(total=Decimal("90.00")))
    assert not order.taxes_included
    assert [finding.code for finding in order.findings] == ["source_totals_differ"]
    assert same(to_pushed(order), priced(total=Decimal("90.00")))


def test_tax_of_free_goods_is_on_shipping() -> None:
    payload = priced(
        subtotal=0, discount=0, shipping=Decimal("10.00"), tax=Decimal("0.90"), total=Decimal("10.90")
    )
    for item in payload["lineItems"]:
        item |= {"price": 0, "totalPrice": 0}
    order = one(payload)
    assert order.findings == ()
    assert order.charges[0].amounts.tax == Decimal("0.90")
    assert same(to_pushed(order), payload)


def test_amounts_are_quantised_half_up_and_come_back_as_written() -> None:
    payload = priced(
        currency="JPY", subtotal=Decimal("84.97"), tax=0, shipping=0, discount=0, total=Decimal("84.5")
    )
    order = one(payload)
    assert order.total == Decimal(85)
    assert [line.amounts.list_amount for line in order.lines] == [Decimal(60), Decimal(25)]
    assert same(to_pushed(order), payload)
    changed = order.model_copy(update={"total": Decimal(86)})
    assert to_pushed(changed)["pricing"]["total"] == 86


@pytest.mark.parametrize(
    ("word", "status", "fulfilment"),
    [
        ("Shipped", OrderStatus.COMPLETED, FulfillmentStatus.FULFILLED),
        ("On Hold", OrderStatus.HELD, FulfillmentStatus.UNKNOWN),
        ("canceled", OrderStatus.CANCELLED, FulfillmentStatus.UNKNOWN),
        ("gone fishing", OrderStatus.UNKNOWN, FulfillmentStatus.UNKNOWN),
        (None, OrderStatus.OPEN, FulfillmentStatus.UNKNOWN),
    ],
)
def test_status_words(word: str | None, status: OrderStatus, fulfilment: FulfillmentStatus) -> None:
    payload = pushed(status=word)
    order = one(payload)
    assert (order.status, order.fulfillment_status) == (status, fulfilment)
    assert same(to_pushed(order), payload)
    closed = order.model_copy(update={"status": OrderStatus.HELD})
    assert to_pushed(closed)["status"] == ("On Hold" if word == "On Hold" else "on_hold")


def test_a_changed_order_is_written_anew() -> None:
    order = one(pushed())
    assert order.customer is not None
    assert order.shipping is not None
    changed = order.model_copy(
        update={
            "lines": (order.lines[0].model_copy(update={"quantity": Decimal(7)}), order.lines[1]),
            "customer": order.customer.model_copy(
                update={"email": "other@example.com", "phone": "+493012345678"}
            ),
            "shipping": order.shipping.model_copy(update={"line2": "Suite 2", "phone": "+493012345678"}),
            "payment_status": PaymentStatus.REFUNDED,
            "note": None,
            "tags": ("vip",),
            "number": "1002",
            "updated_at": order.updated_at.replace(year=2027),
        }
    )
    was, now = to_pushed(order), to_pushed(changed)
    assert now["lineItems"][0]["quantity"] == 7
    assert now["lineItems"][1] == was["lineItems"][1]
    assert now["customer"] == was["customer"] | {"email": "other@example.com", "phone": "+493012345678"}
    assert now["shippingAddress"]["address2"] == "Suite 2"
    assert now["shippingAddress"]["phone"] == "+493012345678"
    assert now["billingAddress"] == was["billingAddress"]
    assert now["payment"]["status"] == "refunded"
    assert "notes" not in now
    assert now["tags"] == ["vip"]
    assert now["orderNumber"] == "1002"
    assert now["updatedAt"] == "2027-01-15T14:45:00Z"
    assert now["shipping"]["estimatedDelivery"] == "2026-01-20"


def test_another_contact_of_the_order_stands_beside_the_customer() -> None:
    order = one(pushed()).model_copy(update={"email": "desk@example.com"})
    written = to_pushed(order)
    assert written["email"] == "desk@example.com"
    assert one(written).email == "desk@example.com"
    assert one(written).customer == one(pushed()).customer


def test_amounts_follow_the_lines() -> None:
    order = one(pushed())
    (first, second) = order.lines
    dearer = second.model_copy(
        update={
            "amounts": Amounts.of(
                Decimal("30.00"), taxes=(Tax(amount=Decimal("2.00")),), taxes_included=False
            )
        }
    )
    pricing = to_pushed(order.model_copy(update={"lines": (first, dearer)}))["pricing"]
    assert pricing["subtotal"] == Decimal("89.98")
    assert pricing["discount"] == Decimal("3.53")
    assert pricing["tax"] == Decimal("7.40")
    listed = to_unified([order.model_copy(update={"lines": (first, dearer)})])["orders"][0]
    assert (listed["totalDiscount"], listed["totalTax"]) == ("3.53", "7.40")


def test_unified_entries_are_written_anew_too() -> None:
    order = one(entry())
    assert order.findings == ()
    assert order.updated_at.isoformat() == "2026-01-19T17:00:18+00:00"
    assert order.customer is not None
    changed = order.model_copy(
        update={
            "status": OrderStatus.COMPLETED,
            "fulfillment_status": FulfillmentStatus.FULFILLED,
            "total": Decimal(20),
            "customer": order.customer.model_copy(update={"phone": None}),
        }
    )
    now = to_unified([changed])["orders"][0]
    assert (now["orderStatus"], now["fulfillmentStatus"], now["totalPrice"]) == (
        "Completed",
        "fulfilled",
        "20.00",
    )
    assert "phone" not in now["customer"]
    assert now["id"] == "a1b2"


def test_an_order_that_was_deleted_counts_as_cancelled() -> None:
    order = one(entry(remoteDeleted=True))
    assert order.status is OrderStatus.CANCELLED
    assert order.platform_statuses["order"] == "Pending"
    assert same(to_unified([order]), {"orders": [entry(remoteDeleted=True)]})


def test_one_shape_becomes_another() -> None:
    order = one(pushed())
    listed = to_unified([order])
    Draft202012Validator(unified_schema()).validate(json.loads(dump(listed)))
    again = one(listed)
    assert again.findings == ()
    assert (again.total, again.tax, again.net) == (order.total, order.tax, order.net)
    assert listed["orders"][0]["lineItems"][0]["price"] == "29.99"
    assert "estimatedDelivery" not in json.dumps(listed["orders"][0])
    back = to_pushed(one(entry()))
    Draft202012Validator(pushed_schema()).validate(json.loads(dump(back)))
    assert one(back).findings == ()
    assert "unitCost" not in str(back)


def test_fees_and_rounding_of_an_order_from_elsewhere_keep_the_total() -> None:
    order = one(pushed())
    fee = Charge(
        kind=ChargeKind.FEE,
        title="Gift wrap",
        amounts=Amounts.of(Decimal("3.00"), taxes=(Tax(amount=Decimal("0.27")),), taxes_included=False),
    )
    bare = order.model_copy(
        update={
            "extra": {},
            "charges": (*order.charges, fee),
            "rounding": Decimal("0.02"),
            "total": order.total + Decimal("3.29"),
            "lines": (
                order.lines[0].model_copy(
                    update={"amounts": order.lines[0].amounts.model_copy(update={"unit_price": None})}
                ),
                order.lines[1],
            ),
        }
    )
    assert bare.findings == ()
    for written in (to_pushed(bare), to_unified([bare])):
        again = one(written)
        assert again.findings == ()
        assert again.total == bare.total
        assert [line.title for line in again.lines] == ["T-shirt", "Cap", "Gift wrap", "Rounding"]
        assert again.lines[0].amounts.unit_price == Decimal("29.99")


def test_our_own_shape_keeps_everything() -> None:
    payload = pushed(rating=Decimal("4.5"), extra={"amount": Decimal("1.10")})
    order = one(payload)
    own = read(dump(to_own(order)))
    assert shape_of(own) == "own"
    assert one(own) == order
    assert same(to_pushed(one(own)), payload)
    assert parse_orders({"orders": [own, own]}) == [order, order]
    assert parse_orders([own, payload]) == [order, order]


def test_what_stands_beside_a_list_is_kept() -> None:
    listed = {"orders": [entry(), entry(remoteId="2")], "next": None, "count": 2}
    assert same(to_unified(parse_orders(listed)), listed)


def test_split_orders_names_each_place() -> None:
    assert [place for place, _ in split_orders({"orders": [1, 2]})] == ["/orders/0", "/orders/1"]
    assert [place for place, _ in split_orders([1])] == ["/0"]
    assert split_orders(pushed(orders=[]))[0][0] == ""


def test_every_problem_is_named_with_its_place_and_no_value() -> None:
    payload = pushed(orderId="", orderDate="2026-01-15T14:30:00")
    payload["customer"]["email"] = 17
    payload["lineItems"][1] |= {"quantity": "0.0", "price": None, "totalPrice": None}
    payload["billingAddress"]["country"] = "United States"
    payload["pricing"] |= {"discount": Decimal(-1), "tax": "Buyer Amber"}
    del payload["pricing"]["total"]
    found = problems([pushed(), payload], place="in.json")
    assert list(found) == [
        f"in.json#/1{place}"
        for place in (
            "/billingAddress/country",
            "/customer/email",
            "/lineItems/1",
            "/lineItems/1/quantity",
            "/orderDate",
            "/orderId",
            "/pricing/discount",
            "/pricing/tax",
            "/pricing/total",
        )
    ]
    assert found["in.json#/1/pricing/total"].startswith("is missing; expected an amount")
    assert not any(value in str(found) for value in ("17", "United", "Amber"))


def test_a_float_is_no_number() -> None:
    found = problems(priced(total=97.61))
    assert list(found) == ["/pricing/total"]


@pytest.mark.parametrize("amount", [Decimal("1E+999999"), Decimal("1E-999999"), 10**16, "1e5", "1,00", "NaN"])
def test_what_is_no_amount_is_refused_at_once(amount: Any) -> None:
    assert list(problems(priced(total=amount))) == ["/pricing/total"]


@pytest.mark.parametrize("data", [None, 3, "x", [], {}, {"hello": 1}, [[]], {"orders": [3]}])
def test_what_is_no_order(data: Any) -> None:
    if data == []:
        assert parse_orders(data) == []
    else:
        assert "expected an order" in str(problems(data))


def test_a_shape_can_be_insisted_on() -> None:
    assert "/remoteId" in problems(pushed(), shape="unified")
    assert "/lines" in problems({"placed_at": 3}) or "/id" in problems({"placed_at": 3})


def test_our_own_shape_says_what_is_wrong() -> None:
    own = to_own(one(pushed()))
    own["lines"][0]["amounts"]["list_amount"] = "1.00"
    own["shipping"]["country"] = "Atlantis"
    found = problems(own)
    assert found["/shipping/country"]
    assert "Atlantis" not in str(found)
    own["shipping"]["country"] = "US"
    assert "/lines/0: list_amount" in str(problems(own))


def test_a_line_in_another_currency_is_refused() -> None:
    payload = entry()
    payload["lineItems"][0]["currency"] = "EUR"
    assert problems({"orders": [payload]}) == {
        "/orders/0/lineItems/0/currency": "expected the currency of the order"
    }


def test_lines_without_a_product_are_custom() -> None:
    payload = pushed()
    payload["lineItems"][0] = {"title": "Engraving", "quantity": 1, "totalPrice": Decimal("59.98")}
    line: Line = one(payload).lines[0]
    assert line.custom
    assert (line.id, line.sku, line.amounts.unit_price) == ("1", None, None)
    assert same(to_pushed(one(payload)), payload)


def test_the_published_schemas_hold() -> None:
    folder = resources.files("ordersync.shapes") / "schemas"
    published = json.loads((folder / "order.schema.json").read_text("utf-8"))
    assert published == order_schema(), "write order_schema() to schemas/order.schema.json again"
    for schema in (published, pushed_schema(), unified_schema()):
        Draft202012Validator.check_schema(schema)
    Draft202012Validator(published).validate(json.loads(dump(to_own(one(pushed())))))
    Draft202012Validator(pushed_schema()).validate(json.loads(dump(pushed())))
    Draft202012Validator(unified_schema()).validate(json.loads(dump({"orders": [entry()]})))
