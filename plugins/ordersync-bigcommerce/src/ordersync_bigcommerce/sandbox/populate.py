"""What the store is born with: the catalogue, customers, coupons, and orders as its own checkout would have made them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from ordersync.testing.seeds import (
    UNKNOWN_SKU,
    SeedAddress,
    SeedLine,
    SeedOrder,
    catalogue,
    customers,
    sample_orders,
)

from .intake import new_line, new_order
from .store import Row, Store, four, units

__all__ = ["TWIN_SKU", "new_coupon", "populate", "sell"]

BORN = datetime(2026, 8, 1, 9, 0, tzinfo=UTC)
TWIN_SKU = "TWIN-01"
"""A SKU that two variants share."""
ZERO = Decimal(0)
STATES = {"NY": "New York", "CA": "California", "BE": "Berlin", "13": "Tokyo"}
COUNTRIES = {"US": "United States", "DE": "Germany", "GB": "United Kingdom", "JP": "Japan", "KW": "Kuwait"}


def populate(store: Store, seed: int, count: int) -> None:
    """Fill a new store."""
    _goods(store)
    for code, amount in (("WELCOME", "10"), ("FREE", "100"), ("OLD", "5")):
        new_coupon(store, code, Decimal(amount), expires=BORN if code == "OLD" else None)
    for person in customers():
        store.add(
            "customers",
            {
                "email": person.email, "first_name": person.first_name, "last_name": person.last_name,
                "company": person.company or "", "phone": person.phone or "", "notes": "", "created": BORN,
            },
        )  # fmt: skip
    for order in sample_orders(seed, count):
        sell(store, order)


def new_coupon(store: Store, code: str, amount: Decimal, *, expires: datetime | None = None) -> None:
    """A coupon that is switched on and may be used without end."""
    store.add(
        "coupons",
        {
            "name": code, "code": code, "amount": amount, "enabled": True, "expires": expires, "uses": 0,
            "most": 0, "created": BORN,
        },
    )  # fmt: skip


def _goods(store: Store) -> None:
    """One product per family; a product without options has its base variant. Two products share a SKU."""
    families: dict[str, Row] = {}
    for good in catalogue():
        product = families.get(good.family)
        if product is None:
            product = _product(store, good.family, good.sku if not good.variant else "", good.price)
            families[good.family] = product
        _variant(store, product, good.sku, good.price, good.stock, good.variant or "", good.barcode)
    for name in ("Twin one", "Twin two"):
        _variant(store, _product(store, name, TWIN_SKU, Decimal(5)), TWIN_SKU, Decimal(5), 9, "", "")


def _product(store: Store, name: str, sku: str, price: Decimal) -> Row:
    return store.add(
        "products",
        {
            "name": name, "sku": sku, "price": price, "type": "physical", "availability": "available",
            "tracking": "variant",
        },
    )  # fmt: skip


def _variant(
    store: Store, product: Row, sku: str, price: Decimal, stock: int, option: str, barcode: str
) -> None:
    store.add(
        "variants",
        {
            "product_id": product["id"], "sku": sku, "price": price, "stock": stock, "option": option, "upc": barcode,
            "disabled": False,
        },
    )  # fmt: skip


def sell(store: Store, seed: SeedOrder) -> Row:
    """An order of the storefront: taxes by rates, after discounts, rounded per line; totals pre-discount per line."""
    order = new_order(seed.currency, seed.placed_at)
    order["included"] = seed.taxes_included
    order["modified"] = seed.updated_at.replace(microsecond=0)
    mail = seed.customer.email if seed.customer else None
    order["customer_id"] = next((one["id"] for one in store.customers.values() if one["email"] == mail), 0)
    shares = _shares(seed)
    order["lines"] = [_line(store, seed, one, off) for one, off in zip(seed.lines, shares, strict=True)]
    order["taxes"] = [tax for line in order["lines"] for tax in line.pop("taxed")]
    if seed.discount_code:
        order["coupon_discount"] = sum(shares, ZERO)
        order["coupons"] = [
            {"id": store.number("uses"), "code": seed.discount_code, "amount": seed.order_discount}
        ]
    else:
        order["discount"] += sum(shares, ZERO)
    order["discount"] += sum((line.discount for line in seed.lines), ZERO)
    if seed.shipping:
        ex, inc, taxes = _taxed(seed, seed.shipping.price, seed.shipping.taxes)
        order["shipping"] = [ex, inc]
        order["taxes"] += [{**one, "type": "shipping", "line": None} for one in taxes]
    place = seed.address or (seed.customer.address if seed.customer else None)
    if place:
        order["billing"] = _address(place, seed.email)
        method = seed.shipping.title if seed.shipping else "None"
        order["addresses"] = [
            {"id": store.number("addresses"), **_address(place, seed.email), "shipping_method": method}
        ]
    paid = seed.payment == "paid"
    order["status_id"] = 5 if seed.cancelled else 11 if paid else 7
    order["payment_status"] = {"paid": "captured", "authorized": "authorized"}.get(seed.payment, "")
    order["payment_method"] = "Credit Card" if seed.payment != "pending" else "Bank Deposit"
    order["payment_provider_id"] = f"ch_{seed.index:06d}" if paid else ""
    order["customer_message"] = seed.note or ""
    if seed.presentment:
        order["display"] = seed.presentment[0]
    return store.add("orders", order)


def _shares(seed: SeedOrder) -> list[Decimal]:
    """The order's discount among its lines, in proportion to their prices; the last takes what is left."""
    left = seed.order_discount
    whole = sum((line.unit_price * line.quantity for line in seed.lines), ZERO)
    shares = []
    for number, line in enumerate(seed.lines, start=1):
        share = left
        if number < len(seed.lines):
            share = min(
                units(seed.order_discount * line.unit_price * line.quantity / (whole or 1), seed.currency),
                left,
            )
        shares.append(share)
        left -= share
    return shares


def _line(store: Store, seed: SeedOrder, line: SeedLine, share: Decimal) -> Row:
    variants = [one for one in store.variants.values() if line.sku and one["sku"] == line.sku]
    variant = variants[0] if variants else None
    rate = 1 + sum((rate for _, rate in line.taxes), ZERO)
    price = four(line.unit_price)
    made = new_line(
        store,
        product_id=variant["product_id"] if variant else 9_999 if line.sku == UNKNOWN_SKU else 0,
        variant_id=variant["id"] if variant else 0,
        name=line.title,
        sku=line.sku or "",
        upc=variant["upc"] if variant else "",
        option=line.variant or "",
        quantity=line.quantity,
        ex=four(line.unit_price / rate) if seed.taxes_included else price,
        inc=price if seed.taxes_included else four(line.unit_price * rate),
    )
    off: list[tuple[Decimal, str, str, str | None, str]] = [
        (line.discount, "manual-discount", "Sale", None, "product")
    ]
    off.append((share, "total-coupon", seed.discount_code or "Manual Discount", seed.discount_code, "order"))
    made["discounts"] = [
        {"id": kind, "amount": amount, "name": name, "code": code, "target": target}
        for amount, kind, name, code, target in off
        if amount
    ]
    paid = line.unit_price * line.quantity - line.discount - share
    ex, inc, taxes = _taxed(seed, paid, line.taxes)
    made["tax"] = inc - ex
    made["taxed"] = [{**one, "type": "item", "line": made["id"]} for one in taxes]
    return made


def _taxed(
    seed: SeedOrder, paid: Decimal, rates: tuple[tuple[str, Decimal], ...]
) -> tuple[Decimal, Decimal, list[Row]]:
    """An amount without and with its taxes, each rounded, and the taxes."""
    whole = 1 + sum((rate for _, rate in rates), ZERO)
    taxes: list[Row] = []
    for name, rate in rates:
        exact = paid * rate / whole if seed.taxes_included else paid * rate
        amount = units(exact, seed.currency)
        if amount:
            taxes.append({"name": name, "class": "Default Tax Class", "rate": rate * 100, "amount": amount})
    tax = sum((one["amount"] for one in taxes), ZERO)
    return (paid - tax, paid, taxes) if seed.taxes_included else (paid, paid + tax, taxes)


def _address(place: SeedAddress, email: str | None) -> Row:
    return {
        "first_name": place.first_name,
        "last_name": place.last_name,
        "company": place.company or "",
        "street_1": place.line1,
        "street_2": place.line2 or "",
        "city": place.city,
        "state": STATES.get(place.subdivision or "", place.subdivision or ""),
        "zip": place.postcode,
        "country": COUNTRIES.get(place.country, place.country),
        "country_iso2": place.country,
        "phone": place.phone or "",
        "email": email or "",
    }
