"""What the sandbox is born with: two locations, the catalogue, a pair of variants with one SKU, customers, orders."""

from __future__ import annotations

from decimal import Decimal

from ordersync import ZERO, rounded
from ordersync.testing.seeds import SeedAddress, SeedOrder, SeedProduct, catalogue, customers, sample_orders

from .pricing import allocated, net_of, tax_of
from .records import RATES, SHOP_CURRENCY, Bag, Record, bags_added, converted
from .shapes import (
    BORN,
    new_address,
    new_customer,
    new_fulfillment_order,
    new_line,
    new_metafield,
    new_order,
    new_shipping,
    new_tax,
    new_transaction,
)
from .store import Store
from .undoing import cancel

__all__ = ["BIG_ID", "TWIN_SKU", "new_discount", "new_product", "new_variant", "populate", "sell"]

TWIN_SKU = "TWIN-01"
"""A SKU that two variants share."""
BIG_ID = 9_107_199_254_740_993
"""Beyond 2^53, where a float loses count."""
_CITIES = (("Main Street Warehouse", "Portland", "OR"), ("North Annex", "Seattle", "WA"))


def new_product(store: Store, title: str, *, number: int | None = None, vendor: str | None = None) -> Record:
    """A product without variants."""
    return {
        "id": number or store.new_id("Product"),
        "title": title,
        "handle": title.lower().replace(" ", "-"),
        "status": "ACTIVE",
        "vendor": vendor or "Sandbox Goods",
        "productType": "",
        "tags": [],
        "tracksInventory": True,
        "hasOnlyDefaultVariant": True,
        "isGiftCard": False,
        "publishedAt": BORN,
        "createdAt": BORN,
        "updatedAt": BORN,
        "metafields": [],
    }


def new_variant(
    store: Store, product: int, title: str | None, sku: str | None, price: Decimal, stock: int,
    *, barcode: str | None = None, number: int | None = None,
) -> Record:  # fmt: skip
    """A variant with stock: two thirds at the first location, the rest at the second. `levels` are by location id."""
    siblings = sum(one["product"] == product for one in store.variants.values())
    places = sorted(store.locations)
    first = stock - stock // 3
    held = dict(zip(places, (first, stock - first), strict=True))
    return {
        "id": number or store.new_id("ProductVariant"),
        "product": product,
        "title": title or "Default Title",
        "selectedOptions": [{"name": "Option" if title else "Title", "value": title or "Default Title"}],
        "sku": sku,
        "barcode": barcode,
        "price": price,
        "compareAtPrice": None,
        "position": siblings + 1,
        "taxable": True,
        "tracked": True,
        "inventoryPolicy": "DENY",
        "createdAt": BORN,
        "updatedAt": BORN,
        "metafields": [],
        "levels": {
            str(place): {"available": count, "on_hand": count, "committed": 0}
            for place, count in held.items()
        },
    }


def populate(store: Store, seed: int, count: int) -> None:
    """Fill a new store."""
    for name, city, state in _CITIES:
        number = store.new_id("Location")
        address = {
            "address1": "1 Depot Way", "address2": None, "city": city, "province": state, "provinceCode": state,
            "country": "United States", "countryCode": "US", "zip": "97201", "phone": None, "latitude": None,
            "longitude": None, "formatted": ["1 Depot Way", f"{city} {state} 97201", "United States"],
        }  # fmt: skip
        store.locations[number] = {
            "id": number, "name": name, "isActive": True, "address": address, "deactivatedAt": None,
            "createdAt": BORN, "updatedAt": BORN,
        }  # fmt: skip
    _goods(store)
    for code, percentage in (("WELCOME", "0.1"), ("FREE", "1")):
        new_discount(store, code, Decimal(percentage))
    for person in customers():
        made = new_customer(
            store, BORN, firstName=person.first_name, lastName=person.last_name, email=person.email, phone=person.phone,
        )  # fmt: skip
        made["addresses"] = [_address(store, person.address)]
        store.put_customer(made, at=BORN, seen=True)
    for order in sample_orders(seed, count):
        sell(store, order, seen=True)


def new_discount(store: Store, code: str, percentage: Decimal) -> None:
    """A discount code that is valid from the beginning, without an end; `percentage` is a fraction."""
    number = store.new_id("DiscountCodeNode")
    store.discounts[number] = {
        "id": number, "title": code, "status": "ACTIVE", "startsAt": BORN, "endsAt": None, "usageLimit": None,
        "summary": f"{code} off", "appliesOncePerCustomer": False, "asyncUsageCount": 0, "createdAt": BORN,
        "updatedAt": BORN, "percentage": percentage,
    }  # fmt: skip


def _goods(store: Store) -> None:
    families: dict[str, list[SeedProduct]] = {}
    for one in catalogue():
        families.setdefault(one.family, []).append(one)
    for family, members in families.items():
        product = new_product(store, family)
        product["hasOnlyDefaultVariant"] = members[0].variant is None
        store.products[product["id"]] = product
        for one in members:
            made = new_variant(
                store, product["id"], one.variant, one.sku, one.price, one.stock, barcode=one.barcode
            )
            store.put_variant(made)
    twin = new_product(store, "Twin Candle")
    twin["hasOnlyDefaultVariant"] = False
    store.products[twin["id"]] = twin
    for colour in ("White", "Ivory"):
        store.put_variant(new_variant(store, twin["id"], colour, TWIN_SKU, Decimal("14.00"), 30))


def _address(store: Store, given: SeedAddress) -> Record:
    made = new_address(
        store,
        {
            "firstName": given.first_name,
            "lastName": given.last_name,
            "company": given.company,
            "address1": given.line1,
            "address2": given.line2,
            "city": given.city,
            "zip": given.postcode,
            "countryCode": given.country,
            "provinceCode": given.subdivision,
            "phone": given.phone,
        },
    )
    assert made is not None
    return made


class _Till:
    """Amounts of one currency as bags: the side that was sold in is exact, the other one is converted part by part."""

    def __init__(self, order: SeedOrder) -> None:
        self.sold = order.currency
        if order.presentment:
            self.shown, self.rate = order.presentment
            self.main = 0
        else:
            self.shown, self.rate = order.currency, RATES.get(order.currency, Decimal(1))
            self.main = 1

    def bag(self, amount: Decimal) -> Bag:
        if self.main == 0:
            return [amount, rounded(amount * self.rate, self.shown)]
        return [converted(amount, self.sold, SHOP_CURRENCY), amount]


def sell(store: Store, seed: SeedOrder, *, seen: bool = False) -> Record:
    """An order of a buyer's; `seen`: searches find it at once."""
    by_sku = {one["sku"]: one for one in store.variants.values() if one["sku"] != TWIN_SKU}
    number = BIG_ID + seed.index if seed.index % 5 == 3 else store.new_id("Order")
    till = _Till(seed)
    order = new_order(number, seed.placed_at, presentment=till.shown, taxesIncluded=seed.taxes_included)
    store.name_order(order)
    person = seed.customer
    order.update(
        email=seed.email,
        note=seed.note,
        tags=sorted(seed.tags),
        customer=store.owners["email"][person.email.lower()] if person else None,
        customAttributes=[{"key": "gift", "value": "yes"}] if seed.index % 7 == 2 else [],
        metafields=[
            new_metafield(store, {"namespace": "custom", "key": "kind", "value": seed.kind}, seed.placed_at)
        ],
    )
    if seed.address:
        order["billingAddress"] = _address(store, seed.address)
        order["shippingAddress"] = _address(store, seed.address)
    for position, one in enumerate(seed.lines):
        variant = by_sku.get(one.sku or "")
        line = new_line(
            store,
            **({"id": BIG_ID + 1000 * seed.index + position} if number >= BIG_ID else {}),
            title=one.title,
            variantTitle=one.variant,
            sku=one.sku,
            vendor="Sandbox Goods" if variant else None,
            quantity=one.quantity,
            unit=till.bag(one.unit_price),
            variant=variant["id"] if variant else None,
            product=variant["product"] if variant else None,
            requiresShipping=one.sku is not None,
        )
        if one.discount:
            order["applications"].append(_manual("Line discount", till.bag(one.discount)[1]))
            line["discounts"].append(
                {"application": len(order["applications"]) - 1, "amount": till.bag(one.discount)}
            )
        order["lines"].append(line)
    if seed.shipping:
        order["shipping"].append(new_shipping(store, seed.shipping.title, till.bag(seed.shipping.price)))
    _order_discount(order, seed, till)
    parts: list[tuple[Record, tuple[tuple[str, Decimal], ...]]] = [
        (line, one.taxes) for line, one in zip(order["lines"], seed.lines, strict=True)
    ]
    if seed.shipping:
        parts.append((order["shipping"][0], seed.shipping.taxes))
    for part, taxes in parts:
        net = net_of(part)[till.main]
        for title, rate in taxes:
            amount = tax_of(net, rate, seed.taxes_included, seed.currency)
            part["taxes"].append(new_tax(title, rate, till.bag(amount)))
    _settle(store, order, seed)
    store.put_order(order, at=seed.updated_at, seen=seen)
    return order


def _manual(title: str, amount: Decimal) -> Record:
    return {
        "code": None, "title": title, "target": "LINE_ITEM", "selection": "EXPLICIT", "method": "ONE", "amount": amount,
    }  # fmt: skip


def _order_discount(order: Record, seed: SeedOrder, till: _Till) -> None:
    """The discount off all lines, shared out on both sides; a line that costs nothing on the one costs nothing on the
    other."""
    if not seed.order_discount:
        return
    code = seed.discount_code
    whole = bags_added(net_of(line) for line in order["lines"])
    amount = till.bag(seed.order_discount)
    if seed.order_discount == whole[till.main]:
        amount = whole
    order["applications"].append(
        {
            "code": code, "title": code or "Discount", "target": "LINE_ITEM", "selection": "ALL", "method": "ACROSS",
            "amount": amount[1],
        }
    )  # fmt: skip
    allocated(order["lines"], amount, len(order["applications"]) - 1, order)


def _settle(store: Store, order: Record, seed: SeedOrder) -> None:
    """Payment, parcels asked for, and the cancellation."""
    store.orders[order["id"]] = order
    total = store.totals(order, "edited")["total"]
    kind = {"paid": "SALE", "authorized": "AUTHORIZATION"}.get(seed.payment)
    if kind and total[1] > ZERO:
        made = new_transaction(store, kind, list(total), seed.placed_at, gateway="bogus")
        made.update(authorizationCode=f"A{seed.index:05d}", paymentId=f"sandbox-{seed.index}.1")
        order["transactions"].append(made)
    order["fulfillmentOrders"].append(
        new_fulfillment_order(store, order, min(store.locations), seed.placed_at)
    )
    if seed.cancelled:
        cancel(store, order, "CUSTOMER", restock=True, refund=True, note=None)
        order.update(cancelledAt=seed.updated_at, closedAt=seed.updated_at)
        for one in [*order["refunds"], *(step for step in order["transactions"] if step["kind"] == "REFUND")]:
            one["createdAt"] = seed.updated_at
