"""The company: its tables, its currencies, its tax codes."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from .arithmetic import rounded
from .faults import Fault

__all__ = ["KEYS", "Company"]

KEYS = {
    "Orders": "DocEntry",
    "Drafts": "DocEntry",
    "DeliveryNotes": "DocEntry",
    "BusinessPartners": "CardCode",
    "Items": "ItemCode",
    "VatGroups": "Code",
    "SalesTaxCodes": "Code",
    "AdditionalExpenses": "ExpensCode",
    "Currencies": "Code",
    "Countries": "Code",
    "Warehouses": "WarehouseCode",
    "States": "",
}
"""Entity set → its key; states are kept under country and code."""


class Company:
    """The records of one company database, as plain rows."""

    def __init__(self, local: str, *, us: bool, price_digits: int) -> None:
        self.local = local
        self.tax_field = "TaxCode" if us else "VatGroup"
        self.price_digits = price_digits
        self.price_unit = Decimal(1).scaleb(-price_digits)
        self.percent_unit = Decimal("0.0001")
        self.tables: dict[str, dict[Any, dict[str, Any]]] = {name: {} for name in KEYS}
        self.numbers: dict[str, int] = {}
        self.user_fields: list[str] = []

    def table(self, entity_set: str) -> dict[Any, dict[str, Any]]:
        """Key → row."""
        return self.tables[entity_set]

    def next_number(self, name: str) -> int:
        """Counts up from 1."""
        self.numbers[name] = self.numbers.get(name, 0) + 1
        return self.numbers[name]

    def unit(self, currency: str) -> Decimal:
        """The smallest amount of a currency. Raises Fault if the company does not have it, or no rate for it."""
        row = self.table("Currencies").get(currency)
        if row is None:
            raise Fault(-5002, "Enter valid currency  [ORDR.DocCur]")
        if currency != self.local and not row["rate"]:
            raise Fault(-4006, f"Update the exchange rate , '{currency}'")
        digits = {"cdWithoutDecimals": 0, "cd3Digits": 3}.get(row["Decimals"], 2)
        return Decimal(1).scaleb(-digits)

    def in_local(self, amount: Decimal, currency: str) -> Decimal:
        """The amount in the company's own currency."""
        if currency == self.local:
            return amount
        return rounded(amount * self.table("Currencies")[currency]["rate"], self.unit(self.local))

    def tax_code(self, row: Mapping[str, Any], item: Mapping[str, Any]) -> tuple[str, tuple[Decimal, ...]]:
        """The code that a row bears (else the item's), and its rates in percent. Raises Fault for an unknown one."""
        code = row.get(self.tax_field) or item.get("SalesVATGroup") or ""
        entity_set = "SalesTaxCodes" if self.tax_field == "TaxCode" else "VatGroups"
        found = self.table(entity_set).get(code)
        if found is None:
            raise Fault(-5002, f"Enter valid tax code  [RDR1.{self.tax_field}], '{code}'")
        if entity_set == "VatGroups":
            return code, (max(found["VatGroups_Lines"], key=lambda line: line["Effectivefrom"])["Rate"],)
        return code, tuple(line["EffectiveRate"] for line in found["SalesTaxCodes_Lines"])

    def own_fields(self, row: Mapping[str, Any]) -> None:
        """Raises Fault for a user-defined field that nobody has made."""
        for name in row:
            if name.startswith("U_") and name not in self.user_fields:
                raise Fault(-1000, f"Property '{name}' of 'Document' is invalid")

    def state(self) -> dict[str, Any]:
        """Everything, as plain data; keys that are numbers stay numbers."""
        return copy.deepcopy(
            {
                "tables": {name: list(map(list, table.items())) for name, table in self.tables.items()},
                "numbers": self.numbers,
            }
        )

    def become(self, state: Mapping[str, Any]) -> None:
        """What `state()` described."""
        self.tables = {name: dict(rows) for name, rows in state["tables"].items()}
        self.numbers = dict(state["numbers"])
