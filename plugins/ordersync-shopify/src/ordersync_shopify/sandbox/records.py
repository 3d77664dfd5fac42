"""The sandbox's records: plain dictionaries, ids, money in two currencies, and the reading of a vendor's id.

A record is a dictionary of plain data, so that a restarted sandbox can continue from it. A `Bag` is a list of two
`Decimal`s in major units: the amount in the shop's currency, the amount in the buyer's (presentment) currency.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from ordersync import ZERO, rounded

__all__ = [
    "RATES",
    "SHOP_CURRENCY",
    "SHOP_DOMAIN",
    "Bag",
    "Record",
    "View",
    "bag",
    "bags_added",
    "both",
    "converted",
    "copied",
    "gid",
    "legacy",
    "negative",
    "number_of",
    "same",
    "seconds",
    "stamp",
]

Record: TypeAlias = dict[str, Any]
Bag: TypeAlias = list[Decimal]

SHOP_CURRENCY = "USD"
SHOP_DOMAIN = "sandbox-shop.myshopify.com"
RATES = {
    "USD": Decimal(1),
    "EUR": Decimal("0.9"),
    "GBP": Decimal("0.8"),
    "JPY": Decimal(150),
    "KWD": Decimal("0.31"),
    "CAD": Decimal("1.4"),
}
"""Units of a currency for one unit of the shop's; any other currency counts as one to one."""


@dataclass(frozen=True, slots=True)
class View:
    """What a resolver answers with: a record, its GraphQL type, and the order that it belongs to."""

    kind: str
    it: Record
    order: Record

    def __getitem__(self, name: str) -> Any:
        return self.it[name]


def copied(value: Any) -> Any:
    """Plain data, copied deep: several times faster than `copy.deepcopy`."""
    if type(value) is dict:
        return {name: copied(one) for name, one in value.items()}
    if type(value) is list:
        return [copied(one) for one in value]
    return value


def gid(kind: str, number: int | str) -> str:
    """The global id of a record: `gid://shopify/Order/1`."""
    return f"gid://shopify/{kind}/{number}"


def number_of(text: Any, kind: str) -> int | None:
    """The number in a global id of this kind, or None if it is another kind's or no id at all; a bare number counts."""
    tail = str(text).removeprefix(f"gid://shopify/{kind}/").split("?")[0]
    return int(tail) if tail.isascii() and tail.isdigit() else None


def legacy(record: Record) -> str:
    """The id of the REST days: the number, as text (SDL UnsignedInt64)."""
    return str(record["id"])


def bag() -> Bag:
    """Nothing, in both currencies."""
    return [ZERO, ZERO]


def same(amount: Decimal) -> Bag:
    """One amount for both sides: shop and buyer use one currency."""
    return [amount, amount]


def bags_added(bags: Iterable[Bag]) -> Bag:
    """The sum, side by side."""
    shop = shown = ZERO
    for one in bags:
        shop += one[0]
        shown += one[1]
    return [shop, shown]


def negative(amount: Bag) -> Bag:
    """The same with the other sign."""
    return [-amount[0], -amount[1]]


def both(amount: Bag, shop: str, shown: str) -> Record:
    """A money bag as the vendor shows it (SDL MoneyBag)."""
    return {
        "shopMoney": {"amount": amount[0], "currencyCode": shop},
        "presentmentMoney": {"amount": amount[1], "currencyCode": shown},
    }


def converted(amount: Decimal, source: str, target: str) -> Decimal:
    """`amount` of one currency in another at the sandbox's fixed rates, in minor units, half up."""
    if source == target:
        return rounded(amount, target)
    rate = RATES.get(target, Decimal(1)) / RATES.get(source, Decimal(1))
    return rounded(amount * rate, target)


def seconds(moment: datetime) -> datetime:
    """`moment` in whole seconds of UTC: the precision of every time the vendor shows."""
    return moment.astimezone(UTC).replace(microsecond=0)


def stamp(moment: datetime) -> str:
    """A time as the vendor writes it: `2026-06-04T08:49:53Z` (recorded: get-product)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
