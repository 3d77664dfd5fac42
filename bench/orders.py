"""The orders of every run: the same for everybody, made from their index alone, so that a million need no file.

Amounts are computed in cents and written as text, as most platforms do.
"""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = [
    "ITEMS",
    "Expected",
    "email_of",
    "expected",
    "known_email",
    "order",
    "price_of",
    "sku_of",
    "time_of",
]

ITEMS = 500
"""How many SKUs the target knows."""
TAX_PERCENT = 20
SHIPPING_CENTS = 590
_BLOCK = 1000
_PEOPLE = 500
"""Buyers per thousand orders: each of them buys twice."""
_CITIES = ("Springfield", "Riverton", "Lakeside", "Hillview", "Oakdale")


class Expected(NamedTuple):
    """What must stand on the target for one order. Money in cents."""

    email: str
    lines: tuple[tuple[str, int], ...]
    """(SKU, quantity) of the goods."""
    net: int
    tax: int


def sku_of(item: int) -> str:
    """The SKU of an item, 0 to ITEMS − 1."""
    return f"SKU-{item:04d}"


def price_of(item: int) -> int:
    """Its price in cents, without tax."""
    return 499 + item * 137 % 9_500


def email_of(person: int) -> str:
    """The e-mail address of a buyer."""
    return f"buyer.{person}@example.com"


def known_email(email: str) -> str | None:
    """The id of a buyer whom the target has known from the beginning: every second one."""
    number = email[6 : email.find("@")]
    return f"K{number}" if number.isdecimal() and int(number) % 2 == 0 else None


def _person(index: int) -> int:
    return index // _BLOCK * _PEOPLE + index * 7 % _PEOPLE


def _lines(index: int) -> list[tuple[int, int]]:
    """(item, quantity): one to four of them, two and a half on average."""
    return [((index * 31 + place * 97) % ITEMS, 1 + (index + place) % 3) for place in range(1 + index % 4)]


def _tax(net: int) -> int:
    return (net * TAX_PERCENT + 50) // 100


def expected(index: int) -> Expected:
    """What must stand on the target for the order of this index."""
    lines = _lines(index)
    nets = [price_of(item) * quantity for item, quantity in lines] + [SHIPPING_CENTS]
    return Expected(
        email=email_of(_person(index)),
        lines=tuple((sku_of(item), quantity) for item, quantity in lines),
        net=sum(nets),
        tax=sum(map(_tax, nets)),
    )


def order(index: int) -> dict[str, Any]:
    """The order as the source tells it."""
    person = _person(index)
    lines = []
    for place, (item, quantity) in enumerate(_lines(index)):
        net = price_of(item) * quantity
        lines.append(
            {
                "id": f"{index}-{place}",
                "sku": sku_of(item),
                "title": f"Item {item}",
                "quantity": quantity,
                "unit_price": _text(price_of(item)),
                "net": _text(net),
                "tax": _text(_tax(net)),
            }
        )
    told = expected(index)
    when = time_of(index)
    address = {
        "first_name": "Robin",
        "last_name": f"Buyer {person}",
        "line1": f"{1 + person % 200} Main Street",
        "city": _CITIES[person % len(_CITIES)],
        "postcode": f"{10_000 + person % 80_000}",
        "country": "US",
        "subdivision": "NY",
        "phone": f"+1212555{person % 10_000:04d}",
    }
    return {
        "id": f"S{index}",
        "number": str(index),
        "status": "open",
        "payment_status": "paid",
        "currency": "USD",
        "placed_at": when,
        "updated_at": when,
        "customer": {
            "id": f"P{person}",
            "email": email_of(person),
            "first_name": "Robin",
            "last_name": f"Buyer {person}",
            "phone": address["phone"],
        },
        "billing": address,
        "shipping": address,
        "lines": lines,
        "freight": {
            "title": "Standard",
            "net": _text(SHIPPING_CENTS),
            "tax": _text(_tax(SHIPPING_CENTS)),
        },
        "tax_percent": str(TAX_PERCENT),
        "net": _text(told.net),
        "tax": _text(told.tax),
        "total": _text(told.net + told.tax),
        "note": "Leave it at the door" if index % 10 == 0 else None,
        "tags": ["web"],
    }


def _text(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def time_of(index: int) -> str:
    """When the order was placed: three a minute, in a calendar of months with 28 days."""
    days, rest = divmod(index * 20, 86_400)
    hours, rest = divmod(rest, 3_600)
    years, day = divmod(days, 336)
    return (
        f"{2025 + years}-{1 + day // 28:02d}-{1 + day % 28:02d}"
        f"T{hours:02d}:{rest // 60:02d}:{rest % 60:02d}+00:00"
    )
