"""What the stand-in is born with: tax rates, the common catalogue with variations, customers, and orders of many kinds."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from ordersync.testing import seeds
from ordersync_woocommerce.sandbox.ordering import Orders
from ordersync_woocommerce.sandbox.records import Record, Store
from ordersync_woocommerce.sandbox.totals import compute

__all__ = ["add_coupon", "add_customer", "add_product", "add_rate", "fill"]

ZERO = Decimal(0)
STACKED = "stacked"
_STATES = {"DE": "DE-{}", "JP": "JP{}"}


def fill(store: Store, orders: Orders, seed: int, count: int, now: datetime) -> None:
    """Everything that the common seeds hold; orders keep the dates at which they were placed."""
    _rates(store)
    _catalogue(store, now)
    known = {person.id: _customer(store, person, now) for person in seeds.customers()}
    for code in ("WELCOME", "FREE"):
        add_coupon(store, code, now)
    for order in seeds.sample_orders(seed, count):
        _order(store, orders, order, known)


def add_rate(store: Store, name: str, rate: str, **more: Any) -> Record:
    """A tax rate in percent."""
    row = {
        "id": store.next("rate"),
        "country": "",
        "state": "",
        "name": name,
        "rate": Decimal(rate),
        "priority": 1,
        "shipping": True,
        "order": 0,
        "class": "standard",
        **more,
    }
    store.rates[row["id"]] = row
    return row


def _rates(store: Store) -> None:
    store.classes[STACKED] = "Stacked"
    titles = {}
    for title, rate, _, country in seeds.TAX_RATES:
        slug = {"State tax": STACKED, "District tax": STACKED, "MwSt reduced": "reduced-rate"}.get(
            title, "standard"
        )
        priority = 2 if title == "District tax" else 1
        percent = format((rate * 100).normalize(), "f")
        titles[title] = add_rate(store, title, percent, country=country, priority=priority, **{"class": slug})


def add_product(store: Store, sku: str, name: str, price: str | None, now: datetime, **more: Any) -> Record:
    """A product; `type`, `parent_id` and `options` make it a variation."""
    row = {
        "id": store.next("post"),
        "sku": sku,
        "name": name,
        "price": None if price is None else Decimal(price),
        "type": "simple",
        "status": "publish",
        "parent_id": 0,
        "options": [],
        "tax_class": "",
        "manage_stock": False,
        "stock_quantity": None,
        "stock_status": "instock",
        "backorders": "no",
        "barcode": "",
        "weight": "",
        "attributes": [],
        "created": now,
        "modified": now,
        **more,
    }
    store.products[row["id"]] = row
    return row


def _catalogue(store: Store, now: datetime) -> None:
    """Families with several variants become variable products; what nobody sells any more lies in the trash."""
    parents: dict[str, Record] = {}
    for product in seeds.catalogue():
        stock = {"manage_stock": True, "stock_quantity": product.stock, "barcode": product.barcode}
        price = str(product.price)
        if product.variant is None:
            add_product(store, product.sku, product.title, price, now, **stock)
            continue
        if product.family not in parents:
            parents[product.family] = add_product(store, "", product.family, price, now, type="variable")
        add_product(
            store,
            product.sku,
            f"{product.title} - {product.variant}",
            price,
            now,
            type="variation",
            parent_id=parents[product.family]["id"],
            options=[("option", product.variant)],
            **stock,
        )
    add_product(store, seeds.UNKNOWN_SKU, "Discontinued clock", "15.00", now, status="trash")


def add_customer(store: Store, email: str, now: datetime, **more: Any) -> Record:
    """An account; its user name is made from the e-mail address."""
    row = {
        "id": store.next("customer"),
        "email": email,
        "first_name": "",
        "last_name": "",
        "username": email.partition("@")[0],
        "role": "customer",
        "billing": {},
        "shipping": {},
        "meta": [],
        "created": now,
        "modified": now,
        **more,
    }
    store.customers[row["id"]] = row
    return row


def _customer(store: Store, person: seeds.SeedCustomer, now: datetime) -> Record:
    address = _address(person.address)
    return add_customer(
        store,
        person.email,
        now,
        first_name=person.first_name,
        last_name=person.last_name,
        billing={**address, "email": person.email, "phone": person.phone or ""},
        shipping=address,
    )


def _address(address: seeds.SeedAddress) -> dict[str, str]:
    state = address.subdivision or ""
    return {
        "first_name": address.first_name,
        "last_name": address.last_name,
        "company": address.company or "",
        "address_1": address.line1,
        "address_2": address.line2 or "",
        "city": address.city,
        "state": _STATES.get(address.country, "{}").format(state) if state else "",
        "postcode": address.postcode,
        "country": address.country,
    }


def add_coupon(store: Store, code: str, now: datetime, **more: Any) -> Record:
    """A coupon; codes are kept in lower case."""
    row = {
        "id": store.next("post"),
        "code": code.lower(),
        "amount": ZERO,
        "discount_type": "fixed_cart",
        "status": "publish",
        "usage_count": 0,
        "usage_limit": None,
        "expires": None,
        "created": now,
        "modified": now,
        **more,
    }
    store.coupons[row["id"]] = row
    return row


def _order(store: Store, orders: Orders, seed: seeds.SeedOrder, known: dict[int, Record]) -> None:
    """As a checkout would have made it: taxes by the shop's own rates, prices with tax only by the shop's setting."""
    address = _address(seed.address) if seed.address else {}
    customer = known[seed.customer.id] if seed.customer else None
    body: dict[str, Any] = {
        "currency": seed.currency,
        "customer_id": customer["id"] if customer else 0,
        "billing": {
            **address,
            "email": seed.email or "",
            "phone": seed.address.phone or "" if seed.address else "",
        },
        "shipping": address,
        "created_via": "checkout",
        "customer_note": seed.note or "",
        "payment_method": "card",
        "payment_method_title": "Card",
        "transaction_id": f"tx-{seed.index}",
        "line_items": [_line(store, orders, seed, line) for line in seed.lines if line.sku],
        "fee_lines": [
            {"name": line.title, "total": str(line.unit_price * line.quantity), "tax_status": "taxable"}
            for line in seed.lines
            if not line.sku
        ],
        "shipping_lines": [],
    }
    if seed.shipping:
        price = _net(orders, seed, seed.shipping.price, seed.shipping.taxes)
        body["shipping_lines"] = [
            {"method_id": "flat_rate", "method_title": seed.shipping.title, "total": str(price)}
        ]
    order = orders.create(body, seed.placed_at)
    if seed.order_discount:
        share = _net(orders, seed, seed.order_discount, seed.lines[0].taxes)
        coupon = next(
            row for row in store.coupons.values() if row["code"] == (seed.discount_code or "").lower()
        )
        orders.take_off(order, {**coupon, "amount": share})
        compute(store, orders.rules, order)
    status = "cancelled" if seed.cancelled else "processing" if seed.payment == "paid" else "pending"
    asked: dict[str, Any] = {"status": status}
    orders.update(order, asked, seed.updated_at)
    if seed.payment == "paid":
        order["paid"] = seed.placed_at


def _line(store: Store, orders: Orders, seed: seeds.SeedOrder, line: seeds.SeedLine) -> dict[str, Any]:
    product = next(row for row in store.products.values() if row["sku"] == line.sku)
    listed = _net(orders, seed, line.unit_price * line.quantity, line.taxes)
    off = _net(orders, seed, line.discount, line.taxes)
    titles = {title for title, _ in line.taxes}
    slug = "standard"
    if not line.taxes:
        slug = "zero-rate"
    elif "State tax" in titles:
        slug = STACKED
    elif "MwSt reduced" in titles:
        slug = "reduced-rate"
    return {
        "product_id": product["parent_id"] or product["id"],
        "variation_id": product["id"] if product["parent_id"] else 0,
        "quantity": line.quantity,
        "subtotal": str(listed),
        "total": str(listed - off),
        "tax_class": slug,
    }


def _net(
    orders: Orders, seed: seeds.SeedOrder, amount: Decimal, taxes: tuple[tuple[str, Decimal], ...]
) -> Decimal:
    if not seed.taxes_included:
        return amount
    net = amount / (1 + sum((rate for _, rate in taxes), ZERO))
    digits = 6 if orders.rules.included else orders.rules.decimals
    return net.quantize(Decimal(1).scaleb(-digits))
