"""What the contract suite asks of the company's insides: orders that a clerk entered just now, and items with one bar code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import cycle, islice

from ordersync.testing import Sandbox as Kit

from .arithmetic import rounded
from .documents import Documents
from .populate import CUSTOM
from .store import Company

__all__ = ["Levers"]

_PRICE = Decimal(10)
_UNTAXED = "S0"


class Levers(Kit):
    """The levers. The Service Layer documents no webhooks and no codes, so those of both are left out."""

    company: Company
    documents: Documents
    _now: Callable[[], datetime]

    def long_order(self, lines: int) -> str:
        """One of each item that is kept in stock, over and over."""
        with self.lock:
            goods = [
                code
                for code, item in self.company.table("Items").items()
                if item["InventoryItem"] == "tYES" and item["Frozen"] == "tNO"
            ]
            return self._entered(
                {"ItemCode": code, "Quantity": 1, "UnitPrice": _PRICE} for code in islice(cycle(goods), lines)
            )

    def order_worth(self, total: Decimal) -> str:
        """One line without a product, in the company's currency."""
        unit = self.company.unit(self.company.local)
        if rounded(total, unit) != total:
            raise NotImplementedError(f"the company's currency is kept to {unit}; {total} is finer")
        line = {"ItemCode": CUSTOM, "Quantity": 1, "UnitPrice": total, self.company.tax_field: _UNTAXED}
        with self.lock:
            return self._entered([line])

    def ambiguous_sku(self) -> str:
        """Two items get one bar code, if the settings have SKUs there."""
        if self.options.get("sku") != "BarCode":
            raise NotImplementedError(
                "an item code is unique; bar codes are not, where the settings take those"
            )
        with self.lock:
            first, second, *_ = (item for item in self.company.table("Items").values() if item["BarCode"])
            second["BarCode"] = first["BarCode"]
            return str(first["BarCode"])

    def _entered(self, lines: Iterable[Mapping[str, object]]) -> str:
        now = self._now()
        body = {
            "CardCode": next(iter(self.company.table("BusinessPartners"))),
            "DocDueDate": now.date().isoformat(),
            "DocumentLines": list(lines),
        }
        return str(self.documents.add("Orders", self.documents.draw_up(body, now), now)["DocEntry"])
