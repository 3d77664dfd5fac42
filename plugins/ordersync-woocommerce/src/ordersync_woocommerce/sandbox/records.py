"""What the stand-in keeps, as plain data: products, customers, orders, rates, webhooks; ids come from counters."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

__all__ = ["Record", "Store", "money"]

Record = dict[str, Any]


def money(amount: Decimal, decimals: int) -> str:
    """As WooCommerce writes an amount: rounded half up, with the shop's digits."""
    return format(amount.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP), "f")


class Store:
    """Tables by id. Products, orders and refunds share one sequence, as WordPress' posts do."""

    def __init__(self, *, offset: timedelta) -> None:
        self.offset = offset
        """The shop's time zone."""
        self.products: dict[int, Record] = {}
        self.customers: dict[int, Record] = {}
        self.orders: dict[int, Record] = {}
        self.coupons: dict[int, Record] = {}
        self.rates: dict[int, Record] = {}
        self.webhooks: dict[int, Record] = {}
        self.classes: dict[str, str] = {
            "reduced-rate": "Reduced rate",
            "zero-rate": "Zero rate",
        }
        """Slug → name, besides the standard class."""
        self.queue: list[Record] = []
        """Webhook calls that wait to go out."""
        self.counters: dict[str, int] = {"post": 9, "customer": 1}
        self.nonces: dict[str, list[str]] = {}

    def next(self, kind: str) -> int:
        """The next id of a kind."""
        self.counters[kind] = self.counters.get(kind, 0) + 1
        return self.counters[kind]

    def state(self) -> Record:
        """A copy of everything."""
        kept = {name: value for name, value in vars(self).items() if name != "offset"}
        return copy.deepcopy(kept)

    def restore(self, state: Record) -> None:
        """Become what `state` described."""
        vars(self).update(copy.deepcopy(state))

    def local(self, moment: datetime | None) -> str | None:
        """A time as the shop's clock shows it."""
        return None if moment is None else (moment + self.offset).strftime("%Y-%m-%dT%H:%M:%S")

    @staticmethod
    def gmt(moment: datetime | None) -> str | None:
        """A time in UTC, without a zone, as `_gmt` fields have it."""
        return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S")

    def product_by_sku(self, sku: str) -> Record | None:
        """The product of exactly this SKU that is not in the trash."""
        return next(
            (row for row in self.products.values() if row["sku"] == sku and row["status"] != "trash"), None
        )

    def metas(self, given: Any) -> list[Record]:
        """New `meta_data` rows."""
        return [
            {"id": self.next("meta"), "key": str(row.get("key", "")), "value": row.get("value")}
            for row in given or []
            if isinstance(row, dict)
        ]
