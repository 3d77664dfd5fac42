"""Seeded data that every sandbox can be born with: one catalogue, some customers, and orders of many kinds.

Neutral on purpose: prices, rates and quantities, no totals. Each sandbox computes its totals as its platform does.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

__all__ = [
    "CURRENCIES",
    "TAX_RATES",
    "UNKNOWN_SKU",
    "SeedAddress",
    "SeedCustomer",
    "SeedLine",
    "SeedOrder",
    "SeedProduct",
    "SeedShipping",
    "catalogue",
    "customers",
    "sample_orders",
]

START = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
UNKNOWN_SKU = "GONE-404"
"""A SKU that orders mention and that no catalogue has."""
CURRENCIES = ("USD", "EUR", "GBP", "JPY", "KWD")
TAX_RATES: tuple[tuple[str, Decimal, bool, str], ...] = (
    ("Sales tax", Decimal("0.08875"), False, "US"),
    ("State tax", Decimal("0.0725"), False, "US"),
    ("District tax", Decimal("0.0125"), False, "US"),
    ("MwSt", Decimal("0.19"), True, "DE"),
    ("MwSt reduced", Decimal("0.07"), True, "DE"),
    ("VAT", Decimal("0.2"), True, "GB"),
    ("Consumption tax", Decimal("0.1"), True, "JP"),
)
"""(title, rate as a fraction, prices include it, country): what the sample orders use, so what a target needs."""


@dataclass(frozen=True)
class SeedProduct:
    sku: str
    title: str
    price: Decimal
    """In USD, for whoever needs a list price."""
    barcode: str
    stock: int
    variant: str | None = None
    """Set if this is one of several variants of `family`."""
    family: str = ""


@dataclass(frozen=True)
class SeedAddress:
    first_name: str
    last_name: str
    line1: str
    city: str
    postcode: str
    country: str
    subdivision: str | None = None
    company: str | None = None
    line2: str | None = None
    phone: str | None = None


@dataclass(frozen=True)
class SeedCustomer:
    id: int
    first_name: str
    last_name: str
    email: str
    phone: str | None
    address: SeedAddress
    company: str | None = None


@dataclass(frozen=True)
class SeedLine:
    title: str
    quantity: int
    unit_price: Decimal
    """In the order's tax basis and currency."""
    sku: str | None = None
    """None: a custom line."""
    variant: str | None = None
    discount: Decimal = Decimal(0)
    """Off the whole line, in the order's tax basis."""
    taxes: tuple[tuple[str, Decimal], ...] = ()
    """(title, rate)."""


@dataclass(frozen=True)
class SeedShipping:
    title: str
    price: Decimal
    taxes: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True)
class SeedOrder:
    index: int
    kind: str
    currency: str
    taxes_included: bool
    lines: tuple[SeedLine, ...]
    placed_at: datetime
    updated_at: datetime
    shipping: SeedShipping | None = None
    order_discount: Decimal = Decimal(0)
    """Off the order's lines together, in the tax basis; the platform allocates it."""
    discount_code: str | None = None
    customer: SeedCustomer | None = None
    """None: a guest, with `email` and `address`."""
    email: str | None = None
    address: SeedAddress | None = None
    payment: str = "paid"
    """`paid`, `pending` or `authorized`."""
    cancelled: bool = False
    presentment: tuple[str, Decimal] | None = None
    """(currency, units of it per unit of `currency`) if the buyer saw another one."""
    note: str | None = None
    tags: tuple[str, ...] = ()


_WORDS = "Amber Birch Cedar Dune Ember Fjord Grove Heath Iris Juniper Kelp Linden Maple Nettle Olive".split()
_THINGS = (
    ("Mug", "12.50", ()),
    ("Lamp", "49.99", ()),
    ("Notebook", "7.95", ("A5", "A4")),
    ("T-Shirt", "29.99", ("S", "M", "L", "XL")),
    ("Cap", "24.99", ("Red", "Blue")),
    ("Poster", "19.00", ()),
    ("Backpack", "89.00", ("Black", "Sand")),
    ("Pen", "3.33", ()),
    ("Tea 100 g", "6.49", ("Green", "Black", "Mint")),
    ("Blanket", "64.90", ()),
)


def catalogue() -> tuple[SeedProduct, ...]:
    """The catalogue: the same in every sandbox, whatever the seed."""
    products = []
    for number, (thing, price, variants) in enumerate(_THINGS, start=1):
        stem = "".join(c for c in thing.upper() if c.isalpha())[:6]
        for v, variant in enumerate(variants or (None,)):
            serial = number * 10 + v
            products.append(
                SeedProduct(
                    sku=f"{stem}-{variant.upper()}" if variant else f"{stem}-01",
                    title=thing,
                    price=Decimal(price),
                    barcode=f"20{serial:010d}{_check_digit(f'20{serial:010d}')}",
                    stock=500 + 7 * serial,
                    variant=variant,
                    family=thing,
                )
            )
    return tuple(products)


def _check_digit(digits: str) -> int:
    total = sum(int(digit) * (3 if i % 2 else 1) for i, digit in enumerate(digits))
    return -total % 10


def customers() -> tuple[SeedCustomer, ...]:
    """Customers that shops know; the first half of them stand in ERPs as well."""
    places = (
        ("US", "NY", "New York", "10001", "+1212555{:04d}", "{} Water Street"),
        ("US", "CA", "Oakland", "94607", "+1510555{:04d}", "{} Harbor Road"),
        ("DE", "BE", "Berlin", "10115", "+4930555{:05d}", "Lindenweg {}"),
        ("GB", None, "Leeds", "LS1 4AP", "+44113496{:04d}", "{} Mill Lane"),
        ("JP", "13", "Tokyo", "100-0001", "+8135550{:04d}", "Chiyoda {}"),
        ("KW", None, "Kuwait City", "13001", "+9652222{:04d}", "Block {}"),
    )
    people = []
    for i, word in enumerate(_WORDS):
        country, subdivision, city, postcode, phone, street = places[i % len(places)]
        company = f"{word} Trading" if i % 5 == 4 else None
        number = phone.format(100 + i)
        address = SeedAddress(
            first_name="Buyer",
            last_name=word,
            line1=street.format(i + 1),
            line2=f"Unit {i}" if i % 3 == 0 else None,
            city=city,
            postcode=postcode,
            country=country,
            subdivision=subdivision,
            company=company,
            phone=number,
        )
        people.append(
            SeedCustomer(i + 1, "Buyer", word, f"buyer.{word.lower()}@example.com", number, address, company)
        )
    return tuple(people)


_US = (("Sales tax", Decimal("0.08875")),)
_STACKED = (("State tax", Decimal("0.0725")), ("District tax", Decimal("0.0125")))
_DE = (("MwSt", Decimal("0.19")),)
_DE_REDUCED = (("MwSt reduced", Decimal("0.07")),)
_GB = (("VAT", Decimal("0.2")),)
_JP = (("Consumption tax", Decimal("0.1")),)
_KINDS = (
    # name, currency, taxes included, taxes by turn, country
    ("us_plain", "USD", False, (_US,), "US"),
    ("us_stacked", "USD", False, (_STACKED,), "US"),
    ("us_line_discount", "USD", False, (_US,), "US"),
    ("us_order_discount", "USD", False, (_US,), "US"),
    ("de_plain", "EUR", True, (_DE,), "DE"),
    ("de_mixed", "EUR", True, (_DE, _DE_REDUCED), "DE"),
    ("de_line_discount", "EUR", True, (_DE,), "DE"),
    ("unknown_sku", "USD", False, (_US,), "US"),
    ("custom_line", "USD", False, (_US,), "US"),
    ("jp_plain", "JPY", True, (_JP,), "JP"),
    ("us_guest", "USD", False, (_US,), "US"),
    ("gb_plain", "GBP", True, (_GB,), "GB"),
    ("de_guest_discount", "EUR", True, (_DE,), "DE"),
    ("us_untaxed", "USD", False, ((),), "US"),
    ("us_presentment_eur", "USD", False, (_US,), "DE"),
    ("kw_plain", "KWD", False, ((),), "KW"),
    ("us_long", "USD", False, (_US,), "US"),
    ("us_free", "USD", False, (_US,), "US"),
    ("cancelled", "USD", False, (_US,), "US"),
    ("us_unpaid", "USD", False, (_US,), "US"),
)
_FACTOR = {"USD": "1", "EUR": "0.9", "GBP": "0.8", "JPY": "150", "KWD": "0.31"}
_DIGITS = {"JPY": Decimal(1), "KWD": Decimal("0.001")}


def sample_orders(seed: int, count: int) -> tuple[SeedOrder, ...]:
    """`count` orders, twenty kinds in turn; one of them, the eighth, mentions `UNKNOWN_SKU`.

    Several share an `updated_at`; one of every twenty has 30 lines; one was cancelled.
    """
    dice = random.Random(f"orders {seed}")
    people = customers()
    goods = catalogue()
    made = []
    at = START
    for index in range(count):
        kind, currency, included, taxes, country = _KINDS[index % len(_KINDS)]
        if kind == "unknown_sku" and index > len(_KINDS):
            kind = "us_plain"
        digit = _DIGITS.get(currency, Decimal("0.01"))
        factor = Decimal(_FACTOR[currency])
        at += timedelta(seconds=dice.choice((0, 0, 41, 333, 901)))
        size = 30 if kind == "us_long" else dice.choice((1, 1, 2, 2, 3, 4))
        lines = []
        for turn in range(size):
            product = goods[(index + turn) % len(goods)] if kind == "us_long" else dice.choice(goods)
            price = (product.price * factor).quantize(digit)
            quantity = dice.choice((1, 1, 1, 2, 3, 5))
            lines.append(
                SeedLine(
                    product.title,
                    quantity,
                    price,
                    sku=product.sku,
                    variant=product.variant,
                    taxes=taxes[turn % len(taxes)],
                )
            )
        if kind.endswith("line_discount"):
            first = lines[0]
            off = (
                first.unit_price * first.quantity * Decimal(dice.choice(("0.1", "0.15", "0.333")))
            ).quantize(digit)
            lines[0] = replace(first, discount=off)
        if kind == "unknown_sku":
            lines.append(SeedLine("Discontinued clock", 1, Decimal("15.00"), sku=UNKNOWN_SKU, taxes=_US))
        if kind == "custom_line":
            lines.append(SeedLine("Engraving", 1, Decimal("9.00"), taxes=_US))
        order_discount = Decimal(0)
        code = None
        if kind == "us_free":
            order_discount = sum((line.unit_price * line.quantity for line in lines), Decimal(0))
            code = "FREE"
        elif "discount" in kind and not kind.endswith("line_discount"):
            order_discount = (lines[0].unit_price * Decimal("0.4")).quantize(digit)
            code = "WELCOME"
        shipping = None
        if kind != "us_free" and dice.random() < 0.75:
            shipping = SeedShipping("Standard", (Decimal("5.90") * factor).quantize(digit), taxes[0])
        local = [person for person in people if person.address.country == country] or list(people)
        person = dice.choice(local)
        guest = "guest" in kind or dice.random() < 0.15
        made.append(
            SeedOrder(
                index=index,
                kind=kind,
                currency=currency,
                taxes_included=included,
                lines=tuple(lines),
                placed_at=at,
                updated_at=at + timedelta(minutes=2),
                shipping=shipping,
                order_discount=order_discount,
                discount_code=code,
                customer=None if guest else person,
                email=f"guest.{index}@example.com" if guest else person.email,
                address=replace(person.address, last_name=f"{person.last_name}") if guest else person.address,
                payment="pending" if kind == "us_unpaid" else "paid",
                cancelled=kind == "cancelled",
                presentment=("EUR", Decimal("0.9")) if kind == "us_presentment_eur" else None,
                note="Please leave at the side door." if index % 9 == 0 else None,
                tags=("first",) if index % 6 == 0 else (),
            )
        )
    return tuple(made)
