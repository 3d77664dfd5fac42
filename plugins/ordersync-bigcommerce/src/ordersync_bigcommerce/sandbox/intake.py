"""Taking orders, changes and shipments in: what the store checks, what it fills in, what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

from .faults import v2
from .order_rows import ADDRESS, STATUSES
from .store import FOUR, Row, Store, four, units

__all__ = ["PAID", "change_order", "new_line", "new_order", "ship", "take_order"]

ZERO = Decimal(0)
WRITABLE = {
    "base_handling_cost", "base_shipping_cost", "base_wrapping_cost", "channel_id", "customer_id", "customer_message",
    "date_created", "discount_amount", "ebay_order_id", "external_merchant_id", "external_source", "geoip_country",
    "geoip_country_iso2", "handling_cost_ex_tax", "handling_cost_inc_tax", "ip_address", "ip_address_v6",
    "items_shipped", "items_total", "order_is_digital", "payment_method", "payment_provider_id", "refunded_amount",
    "shipping_cost_ex_tax", "shipping_cost_inc_tax", "staff_notes", "status_id", "customer_locale",
    "external_order_id", "wrapping_cost_ex_tax", "wrapping_cost_inc_tax", "billing_address", "products",
    "shipping_addresses", "fees", "default_currency_code",
}  # fmt: skip
"""What `POST` takes. Subtotals and totals could be overridden as well; this store refuses that."""
CHANGEABLE = {
    "status_id", "customer_id", "customer_message", "staff_notes", "payment_method", "payment_provider_id",
    "external_order_id", "external_source", "is_deleted",
}  # fmt: skip
PAID = frozenset({2, 3, 8, 9, 10, 11})
PROVIDERS = {
    "auspost", "canadapost", "endicia", "usps", "fedex", "ups", "upsready", "upsonline", "shipperhq", "royalmail", "",
}  # fmt: skip


def new_order(currency: str, at: datetime) -> Row:
    """An order of nothing, with every field; not kept yet."""
    at = at.replace(microsecond=0)
    return {
        "customer_id": 0,
        "status_id": 1,
        "created": at,
        "modified": at,
        "shipped": None,
        "listed_from": at,
        "currency": currency,
        "display": currency,
        "included": False,
        "billing": {},
        "addresses": [],
        "lines": [],
        "shipping": [ZERO, ZERO],
        "handling": [ZERO, ZERO],
        "wrapping": [ZERO, ZERO],
        "fees": [],
        "taxes": [],
        "coupons": [],
        "shipments": [],
        "discount": ZERO,
        "coupon_discount": ZERO,
        "gift_certificate": ZERO,
        "store_credit": ZERO,
        "payment_method": "",
        "payment_provider_id": "",
        "payment_status": "",
        "staff_notes": "",
        "customer_message": "",
        "external_order_id": "",
        "external_source": "",
        "external_merchant_id": "",
        "channel_id": 1,
        "order_source": "www",
        "archived": False,
    }


def new_line(store: Store, **given: Any) -> Row:
    """A line with every field."""
    return {
        "id": store.number("lines"),
        "product_id": 0,
        "variant_id": 0,
        "name": "",
        "sku": "",
        "upc": "",
        "type": "physical",
        "quantity": 1,
        "ex": ZERO,
        "inc": ZERO,
        "tax": None,
        "option": "",
        "discounts": [],
        "sent": 0,
        "refunded": 0,
        **given,
    }


def take_order(
    store: Store, body: Any, now: datetime, *, currency: str, currencies: set[str], rounding: bool
) -> Row:
    """A new order of the body of `POST /v2/orders`. Raises Fault 400."""
    if not isinstance(body, Mapping):
        raise v2(400, "The request body is invalid.")
    for name in body:
        if name not in WRITABLE:
            raise v2(
                400,
                f"The field '{name}' cannot be written to. Please remove it from your request before trying again.",
            )
    order = new_order(currency, now)
    order["order_source"] = "external"
    billing = body.get("billing_address")
    if not isinstance(billing, Mapping):
        raise v2(400, "The required field 'billing_address' was not supplied.")
    if len(str(billing.get("zip") or "")) < 2:
        raise v2(
            400, "The field 'billing_address' is invalid.", invalid_reason="zip must be at least 2 characters"
        )
    order["billing"] = _address(billing, "billing_address")
    order["addresses"] = [
        {
            "id": store.number("addresses"),
            **_address(one, "shipping_addresses"),
            "shipping_method": str(one.get("shipping_method") or "None"),
        }
        for one in body.get("shipping_addresses") or ()
    ]
    _texts(store, order, body)
    if "default_currency_code" in body:
        code = body["default_currency_code"]
        if code not in currencies:
            raise v2(400, "The field 'default_currency_code' is invalid.")
        order["currency"] = order["display"] = code
    lines = body.get("products")
    if not isinstance(lines, list) or not lines:
        raise v2(400, "The required field 'products' was not supplied.")
    order["lines"] = [_line(store, one, order["currency"], rounding) for one in lines]
    for name in ("shipping", "handling", "wrapping"):
        order[name] = _pair(body, f"{name}_cost_ex_tax", f"{name}_cost_inc_tax")
    order["fees"] = [_fee(store, one) for one in body.get("fees") or ()]
    order["discount"] = _money(body, "discount_amount")
    order["taxes"] = _overrides(order)
    if "date_created" in body:
        order["created"] = _date(body["date_created"])
    return order


def _overrides(order: Row) -> list[Row]:
    """The taxes that were given by pairs of prices: they have no rate."""
    given = [("item", line["id"], (line["inc"] - line["ex"]) * line["quantity"]) for line in order["lines"]]
    for name, kind in (("shipping", "shipping"), ("handling", "handling"), ("wrapping", "gift-wrapping")):
        given.append((kind, None, order[name][1] - order[name][0]))
    return [
        {
            "name": "Tax",
            "class": "API Tax Override",
            "rate": ZERO,
            "amount": four(tax),
            "type": kind,
            "line": line,
        }
        for kind, line, tax in given
        if tax
    ]


def _texts(store: Store, order: Row, body: Mapping[str, Any]) -> None:
    for name in (
        "payment_method", "staff_notes", "customer_message", "external_order_id", "external_source",
        "external_merchant_id", "payment_provider_id",
    ):  # fmt: skip
        if name in body:
            order[name] = str(body[name] or "")
    if len(order["staff_notes"]) > 65_535:
        raise v2(400, "The field 'staff_notes' is invalid.")
    if "customer_id" in body:
        number = body["customer_id"]
        if not isinstance(number, int) or (number and number not in store.customers):
            raise v2(400, "The field 'customer_id' is invalid.")
        order["customer_id"] = number
    if "status_id" in body:
        if body["status_id"] not in STATUSES:
            raise v2(400, "The field 'status_id' is invalid.")
        order["status_id"] = body["status_id"]
    if body.get("channel_id", 1) != 1:
        raise v2(400, "The field 'channel_id' is invalid.", invalid_reason="channel is not connected")


def _line(store: Store, one: Any, currency: str, rounding: bool) -> Row:
    """A line of the catalogue, or one of its own. Half a pair of prices would make the totals wrong."""
    if not isinstance(one, Mapping):
        raise v2(400, "The field 'products' is invalid.")
    known = {"product_id", "variant_id", "name", "name_customer", "name_merchant", "product_options", "quantity",
             "price_inc_tax", "price_ex_tax", "upc", "sku"}  # fmt: skip
    strange = set(one) - known
    if strange:
        raise v2(400, f"The field '{min(strange)}' is not supported by this resource.")
    count = one.get("quantity")
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise v2(400, "The field 'quantity' is invalid.")
    if ("price_ex_tax" in one) != ("price_inc_tax" in one):
        raise v2(400, "The fields 'price_ex_tax' and 'price_inc_tax' must be supplied together.")
    made: Callable[[Decimal], Decimal] = (lambda price: units(price, currency)) if rounding else four
    prices = {}
    if "price_ex_tax" in one:
        prices = {"ex": made(_money(one, "price_ex_tax")), "inc": made(_money(one, "price_inc_tax"))}
    if not one.get("product_id"):
        name = one.get("name") or one.get("name_customer") or one.get("name_merchant")
        if not name or len(str(name)) > 250 or not prices:
            raise v2(
                400,
                "The field 'products' is invalid.",
                invalid_reason="a custom product needs name and prices",
            )
        return new_line(
            store, name=str(name), sku=str(one.get("sku") or ""), upc=str(one.get("upc") or ""), quantity=count,
            **prices,
        )  # fmt: skip
    product = store.products.get(one["product_id"])
    if product is None:
        raise v2(400, "The field 'product_id' is invalid.", invalid_reason="product does not exist")
    variants = [row for row in store.variants.values() if row["product_id"] == product["id"]]
    chosen = [row for row in variants if row["id"] == one.get("variant_id", row["id"])]
    if len(chosen) != 1:
        raise v2(400, "The field 'variant_id' is invalid.", invalid_reason="options are required")
    variant = chosen[0]
    if not prices:
        prices = {"ex": variant["price"], "inc": variant["price"]}
    return new_line(
        store,
        product_id=product["id"],
        variant_id=variant["id"],
        name=str(one.get("name") or product["name"]),
        sku=variant["sku"],
        upc=variant["upc"],
        type=product["type"],
        option=variant["option"],
        quantity=count,
        **prices,
    )


def _fee(store: Store, one: Any) -> Row:
    """Two of the three figures are needed, and one of the two names."""
    if not isinstance(one, Mapping) or one.get("type") != "custom_fee":
        raise v2(400, "The field 'fees' is invalid.")
    names = [str(one[name]) for name in ("display_name_customer", "display_name_merchant") if one.get(name)]
    given = [name for name in ("cost_ex_tax", "cost_inc_tax", "cost_tax") if name in one]
    if not names or len(given) < 2:
        raise v2(400, "The field 'fees' is invalid.", invalid_reason="needs a name and two of its costs")
    figures = {name: _money(one, name) for name in given}
    ex = figures.get("cost_ex_tax", figures.get("cost_inc_tax", ZERO) - figures.get("cost_tax", ZERO))
    inc = figures.get("cost_inc_tax", ex + figures.get("cost_tax", ZERO))
    return {
        "id": store.number("fees"),
        "customer": names[0],
        "merchant": names[-1],
        "source": str(one.get("source") or ""),
        "ex": ex,
        "inc": inc,
    }


def _pair(body: Mapping[str, Any], ex: str, inc: str) -> list[Decimal]:
    if (ex in body) != (inc in body):
        missing = inc if ex in body else ex
        raise v2(400, f"The required field '{missing}' was not supplied.")
    return [_money(body, ex), _money(body, inc)]


def _money(body: Mapping[str, Any], name: str) -> Decimal:
    """A float, a float as a string, or an integer; never negative, kept with four decimals."""
    value = body.get(name, 0)
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise v2(400, f"The field '{name}' is invalid.") from None
    if not amount.is_finite() or amount < 0 or isinstance(value, bool):
        raise v2(400, f"The field '{name}' is invalid.", invalid_reason="cannot be negative")
    return amount.quantize(FOUR)


def _address(given: Any, where: str) -> Row:
    if not isinstance(given, Mapping):
        raise v2(400, f"The field '{where}' is invalid.")
    strange = set(given) - {*ADDRESS, "form_fields", "shipping_method"}
    if strange:
        raise v2(400, f"The field '{min(strange)}' is not supported by this resource.")
    country = str(given.get("country_iso2") or "")
    if country and (len(country) != 2 or not country.isupper()):
        raise v2(400, f"The field '{where}' is invalid.", invalid_reason="country_iso2")
    return {name: str(given.get(name) or "") for name in ADDRESS}


def _date(value: Any) -> datetime:
    try:
        time = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        raise v2(400, "The field 'date_created' is invalid.") from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def change_order(store: Store, order: Row, body: Any) -> list[str]:
    """`PUT /v2/orders/{id}`: what was changed. Lines, costs and addresses, which the platform takes as well, are
    refused here. Raises Fault 400."""
    if not isinstance(body, Mapping):
        raise v2(400, "The request body is invalid.")
    for name in body:
        if name not in CHANGEABLE:
            raise v2(
                400,
                f"The field '{name}' cannot be written to. Please remove it from your request before trying again.",
            )
    draft = {**order}
    _texts(store, draft, body)
    changed = [name for name in draft if draft[name] != order[name]]
    order.update(draft)
    if body.get("is_deleted") is True:
        order["archived"] = True
        changed.append("archived")
    return changed


def ship(store: Store, order: Row, body: Any, now: datetime) -> Row:
    """`POST /v2/orders/{id}/shipments`. The order's status follows. Raises Fault 400."""
    if not isinstance(body, Mapping) or not body.get("items"):
        raise v2(400, "The required field 'items' was not supplied.")
    address = body.get("order_address_id")
    if address not in [place["id"] for place in order["addresses"]]:
        raise v2(400, "The field 'order_address_id' is invalid.")
    provider = str(body.get("shipping_provider") or "")
    if provider not in PROVIDERS and not provider.startswith("carrier_"):
        raise v2(400, "The field 'shipping_provider' is invalid.")
    lines = {line["id"]: line for line in order["lines"]}
    for item in body["items"]:
        line, count = lines.get(item.get("order_product_id")), item.get("quantity")
        if line is None or not isinstance(count, int) or not 0 < count <= line["quantity"] - line["sent"]:
            raise v2(
                400, "The field 'items' is invalid.", invalid_reason="quantity exceeds what is left to ship"
            )
    for item in body["items"]:
        lines[item["order_product_id"]]["sent"] += item["quantity"]
    shipment = {
        "id": store.number("shipments"),
        "created": now.replace(microsecond=0),
        "order_address_id": address,
        "shipping_provider": provider,
        **{
            name: str(body.get(name) or "")
            for name in (
                "tracking_number",
                "tracking_carrier",
                "tracking_link",
                "shipping_method",
                "comments",
            )
        },
        "items": [
            {"order_product_id": item["order_product_id"], "quantity": item["quantity"]}
            for item in body["items"]
        ],
    }
    order["shipments"].append(shipment)
    open_ = sum(line["quantity"] - line["sent"] for line in order["lines"])
    order["status_id"] = 3 if open_ else 2
    if not open_:
        order["shipped"] = now.replace(microsecond=0)
    return shipment
