"""What a new stand-in is born with: items, customers, currencies, tax codes, and orders as a clerk entered them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from ordersync import minor_units
from ordersync.testing import seeds

from .sales import ZERO
from .store import Record, Store, to_digits

if TYPE_CHECKING:
    from . import Sandbox

__all__ = ["TWIN_SKU", "item", "populate"]

TWIN_SKU = "TWIN-01"
"""Two items for sale have it."""
_RATES = "0 0.375 1 1.25 2.25 4 4.5 5 6.25 7 7.25 8 8.5 8.875 9.5 9.975 10 14.975 19 20".split()
_CASE_SKUS = 60
_CURRENCIES = (*seeds.CURRENCIES, "CAD")
_SERVICES = (
    ("OS-SHIPPING", "Shipping", True),
    ("OS-FEE", "Fees and other charges", True),
    ("OS-ROUNDING", "Rounding", False),
    ("OS-TAX", "Tax of the shop", False),
)


def populate(box: Sandbox, orders: int) -> None:
    """Fill the store."""
    store = box.store
    for given, name in (("1", "Parent Company"), ("2", "Europe")) if box.oneworld else ():
        store.add("subsidiary", {"name": name, "isInactive": False}, id=given)
    for code in _CURRENCIES:
        store.add(
            "currency",
            {
                "name": code,
                "symbol": code,
                "isBase": code == "USD",
                "isInactive": False,
                "currencyPrecision": min(2, minor_units(code)),
            },
        )
    for name in ("Main Warehouse", "Second Warehouse"):
        store.add("location", {"name": name, "isInactive": False})
    for percent in _RATES:
        rate = {"name": f"Tax {percent}%", "rate": Decimal(percent), "type": "5", "isInactive": False}
        store.add("taxCode", rate)
    if box.options.get("setup") != "none":
        for name, title, taxable in _SERVICES:
            item(store, name, title, ZERO, kind="Service", taxable=taxable)
    item(store, "Discount", "Discount", ZERO, kind="Discount", taxable=True)
    places = [each["id"] for each in store.all("location")]
    for product in seeds.catalogue():
        name = f"{product.family.upper()} : {product.sku}" if product.variant else product.sku
        made = item(store, name, product.title, product.price, upc=product.barcode)
        first = product.stock * 3 // 5
        made["stock"] = dict(zip(places, (first, product.stock - first), strict=True))
    for number in range(1, _CASE_SKUS + 1):
        price = Decimal(495 + 737 * number % 9500) / 100
        item(store, f"SKU-{number:03d}", f"Item {number}", price)["stock"] = {places[0]: 100_000}
    for parent in ("LEFT", "RIGHT"):
        item(store, f"{parent} : {TWIN_SKU}", "Twin", Decimal(10))["stock"] = {places[0]: 50}
    item(store, "OLD-01", "Retired vase", Decimal(25))["isInactive"] = True
    people = seeds.customers()
    for person in people[: (len(people) + 1) // 2]:
        customer(box, person.email, person.address, person.phone, person.company)
    for order in seeds.sample_orders(box.seed, orders):
        enter(box, order)


def item(
    store: Store,
    name: str,
    title: str,
    price: Decimal,
    *,
    kind: str = "InvtPart",
    taxable: bool = True,
    upc: str | None = None,
) -> Record:
    """An item with a base price in USD, of which nothing is in stock yet."""
    return store.add(
        "item",
        {
            "itemId": name,
            "displayName": title,
            "price": price,
            "type": kind,
            "taxable": taxable,
            "upcCode": upc,
            "externalId": None,
            "isInactive": False,
            "stock": {},
        },
    )


def customer(
    box: Sandbox, email: str, address: seeds.SeedAddress, phone: str | None, company: str | None
) -> Record:
    """The customer with this e-mail address, made if there is none."""
    for each in box.store.all("customer"):
        if each.get("email") == email:
            return each
    body = {
        "isPerson": company is None,
        "email": email,
        **(
            {"companyName": company}
            if company
            else {"firstName": address.first_name, "lastName": address.last_name}
        ),
        **({"phone": phone} if phone else {}),
        **({"subsidiary": {"id": "1"}} if box.oneworld else {}),
        "currencyList": {"items": [{"currency": {"id": each["id"]}} for each in box.store.all("currency")]},
        "addressBook": {"items": [{"defaultShipping": True, "addressBookAddress": postal(address)}]},
    }
    return box.buyers.write(body, None, key=None, replaced=frozenset(), strict=True)


def postal(address: seeds.SeedAddress) -> dict[str, object]:
    """A seed's address as an address subrecord."""
    person = f"{address.first_name} {address.last_name}"
    texts = {
        "addressee": address.company or person,
        "attention": person if address.company else None,
        "addr1": address.line1,
        "addr2": address.line2,
        "city": address.city,
        "state": address.subdivision,
        "zip": address.postcode,
        "addrPhone": address.phone,
    }
    return {**{name: text for name, text in texts.items() if text}, "country": {"id": address.country}}


def enter(box: Sandbox, seed: seeds.SeedOrder) -> None:
    """One order as a clerk entered it. Prices that include tax become net ones, since NetSuite's are."""
    assert seed.address
    assert seed.email
    at = box.entered_at
    box.entered_at = seed.placed_at
    buyer = customer(
        box, seed.email, seed.address, seed.address.phone, seed.customer.company if seed.customer else None
    )
    currency = next(each for each in box.store.all("currency") if each["symbol"] == seed.currency)
    digits = int(currency["currencyPrecision"])
    lines: list[dict[str, object]] = []
    details: list[dict[str, object]] = []
    parts = [*seed.lines]
    if seed.shipping:
        shipping = seed.shipping
        parts.append(
            seeds.SeedLine(shipping.title, 1, shipping.price, sku="OS-SHIPPING", taxes=shipping.taxes)
        )
    goods = sum((part.unit_price * part.quantity for part in seed.lines), ZERO)
    off = ZERO
    for place, part in enumerate(parts):
        whole = sum((rate for _, rate in part.taxes), ZERO) if seed.taxes_included else ZERO

        def net(amount: Decimal, whole: Decimal = whole, digits: int = digits) -> Decimal:
            return to_digits(amount / (1 + whole), digits)

        reference = f"S{place}"
        amount = net(part.unit_price * part.quantity)
        lines.append(
            {
                "item": {"id": _sold(box, part)},
                "quantity": part.quantity,
                "price": {"id": "-1"},
                "rate": net(part.unit_price),
                "amount": amount,
                "description": part.title,
                "taxDetailsReference": reference,
            }
        )
        basis = amount
        if part.discount:
            less = net(part.discount)
            discount = next(each["id"] for each in box.store.all("item") if each["type"] == "Discount")
            lines.append(
                {"item": {"id": discount}, "amount": -less, "rate": -less, "description": "Discount"}
            )
            basis -= less
        if seed.order_discount and part.sku != "OS-SHIPPING":
            share = net(seed.order_discount * part.unit_price * part.quantity / goods)
            share = min(share, basis)
            off += share
            basis -= share
        for _, rate in part.taxes:
            code = next(each for each in box.store.all("taxCode") if each["rate"] == rate * 100)
            details.append(
                {
                    "taxDetailsReference": reference,
                    "taxCode": {"id": code["id"]},
                    "taxType": {"id": code["type"]},
                    "taxBasis": basis,
                    "taxRate": rate * 100,
                    "taxAmount": to_digits(basis * rate, digits),
                }
            )
    body: dict[str, object] = {
        "entity": {"id": buyer["id"]},
        "currency": {"id": currency["id"]},
        "tranDate": seed.placed_at.date().isoformat(),
        "otherRefNum": f"PO-{7000 + seed.index}",
        "email": seed.email,
        "billingAddress": postal(seed.address),
        "shippingAddress": postal(seed.address),
        "item": {"items": lines},
    }
    if seed.note:
        body["memo"] = seed.note
    if off:
        discount = next(each["id"] for each in box.store.all("item") if each["type"] == "Discount")
        body.update(discountItem={"id": discount}, discountRate=-off)
    if box.tax == "suitetax":
        body.update(taxDetailsOverride=True, taxDetails={"items": details})
    else:
        for line in lines:
            line.pop("taxDetailsReference", None)
    order = box.sales.write(body, None, key=None, replaced=frozenset(), strict=True)
    box.entered_at = seed.updated_at
    if seed.cancelled:
        for line in order["lines"]:
            line["isClosed"] = True
    elif seed.index % 4 == 2:
        box.docks.transform(order, {"shipStatus": {"id": "C"}, "package": _package(seed)}, strict=True)
    order["lastModifiedDate"] = seed.updated_at.replace(microsecond=0)
    box.entered_at = at


def _package(seed: seeds.SeedOrder) -> dict[str, object]:
    number = f"1Z999AA1{seed.index:08d}"
    return {"items": [{"packageTrackingNumber": number, "packageDescr": "UPS", "packageWeight": 1}]}


def _sold(box: Sandbox, part: seeds.SeedLine) -> str:
    """The item of a line; one that only old orders know is made, and is not active any more."""
    name = part.sku or "OS-FEE"
    for each in box.store.all("item"):
        if each["itemId"].rpartition(" : ")[2] == name:
            return str(each["id"])
    if name in ("OS-FEE", "OS-SHIPPING"):
        return str(item(box.store, f"Service {name[3:]}", part.title, ZERO, kind="Service")["id"])
    made = item(box.store, name, part.title, part.unit_price)
    return str(made["id"])
