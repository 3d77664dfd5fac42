"""Documents: sales orders, drafts of them, and deliveries; created, changed, ended."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from .arithmetic import Amount, Rules, computed, rounded
from .faults import Fault, NoRecord

if TYPE_CHECKING:
    from .store import Company

__all__ = ["Documents", "etag"]

ZERO = Decimal(0)
_DATES = ("DocDate", "DocDueDate", "TaxDate")
_HEADER = "NumAtCard Comments Series BPL_IDAssignedToInvoice TrackingNumber SalesPersonCode Reference1 Reference2".split()
_LINE = "LineNum ItemDescription FreeText WarehouseCode ShipDate ProjectCode CostingCode".split()


def etag(row: Mapping[str, Any]) -> str:
    """A weak tag over the row's content (manual, 5.2)."""
    return f'W/"{hashlib.sha1(repr(sorted(row.items())).encode()).hexdigest().upper()}"'  # noqa: S324 - as the vendor


class Documents:
    """What can be done to documents of one company."""

    def __init__(self, company: Company, rules: Mapping[str, bool]) -> None:
        self._company = company
        self._rules = rules

    # -- orders -----------------------------------------------------------------------------------------------

    def draw_up(self, body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """The document that a body asks for, computed, without a number. Raises Fault."""
        partner = self._company.table("BusinessPartners").get(body.get("CardCode"))
        if partner is None:
            raise NoRecord
        if partner.get("Frozen") == "tYES":
            raise Fault(-5002, "Business partner is inactive  [ORDR.CardCode]")
        if not body.get("DocumentLines"):
            raise Fault(-5002, "Cannot add document without rows  [RDR1.ItemCode]")
        if not body.get("DocDueDate"):
            raise Fault(-5002, "Enter due date  [ORDR.DocDueDate]")
        currency = body.get("DocCurrency") or self._company.local
        self._company.unit(currency)
        today = now.date().isoformat()
        document: dict[str, Any] = {
            "DocType": "dDocument_Items",
            "DocObjectCode": "oOrders",
            "CardCode": partner["CardCode"],
            "CardName": partner["CardName"],
            "DocCurrency": currency,
            "DocumentStatus": "bost_Open",
            "Cancelled": "tNO",
            "CancelStatus": "csNo",
            "AuthorizationStatus": "dasWithout",
            "DiscountPercent": _number(body, "DiscountPercent"),
            **{name: _day(body.get(name) or today) for name in _DATES},
            **{name: body[name] for name in _HEADER if body.get(name) is not None},
            **{name: value for name, value in body.items() if name.startswith("U_")},
            "AddressExtension": self._addresses(body.get("AddressExtension") or {}),
            "DocumentLines": [dict(line) for line in body["DocumentLines"]],
            "DocumentAdditionalExpenses": [dict(row) for row in body.get("DocumentAdditionalExpenses") or []],
        }
        if len(str(document.get("NumAtCard", ""))) > 100:
            raise Fault(-5002, "Value too long in property 'NumAtCard' of 'Document'")
        self._company.own_fields(document)
        self.compute(document)
        return document

    def _addresses(self, given: Mapping[str, Any]) -> dict[str, Any]:
        for use in ("ShipTo", "BillTo"):
            country, state = given.get(f"{use}Country"), given.get(f"{use}State")
            if country and country not in self._company.table("Countries"):
                raise Fault(-5002, f"Enter valid country code  [RDR12.{use[:4]}Country]")
            if state and f"{country}/{state}" not in self._company.table("States"):
                raise Fault(-5002, f"Enter valid state code  [RDR12.{use[:4]}State]")
        return dict(given)

    def compute(self, document: dict[str, Any]) -> None:
        """Fill every figure of the document from what was asked for."""
        currency = document["DocCurrency"]
        unit = self._company.unit(currency)
        rules = Rules(self._rules["grouped"], self._rules["freight_apart"], unit)
        if {line.get("Currency", currency) for line in document["DocumentLines"]} - {currency}:
            raise Fault(-5002, "Enter valid currency  [RDR1.Currency]")
        lines = [self._line(line, number, currency) for number, line in enumerate(document["DocumentLines"])]
        expenses = [
            self._expense(row, number) for number, row in enumerate(document["DocumentAdditionalExpenses"])
        ]
        amounts = [self._of_line(line, unit) for line in lines]
        freights = [self._of_expense(row, unit, currency) for row in expenses]
        off = computed([*amounts, *freights], rules, document["DiscountPercent"])
        for line, amount in zip(lines, amounts, strict=True):
            line["PriceAfterVAT"] = line["PriceAfterVAT"] or rounded(
                (amount.net + amount.tax) / (line["Quantity"] or 1), Decimal("0.000001")
            )
            self._money(line, "LineTotal", "RowTotalFC", amount.net, currency)
            self._money(line, "NetTaxAmount", "NetTaxAmountFC", amount.tax, currency)
            self._money(line, "GrossTotal", "GrossTotalFC", amount.net + amount.tax, currency)
        for row, amount in zip(expenses, freights, strict=True):
            self._money(row, "LineTotal", "LineTotalFC", amount.net, currency)
            self._money(row, "LineGross", "LineGrossFC", amount.net + amount.tax, currency)
            self._money(row, "TaxSum", "TaxSumFC", amount.tax, currency)
        every = [*amounts, *freights]
        tax = sum((amount.tax for amount in every), ZERO)
        total = sum((amount.net for amount in every), ZERO) + tax - off
        document["DocumentLines"], document["DocumentAdditionalExpenses"] = lines, expenses
        document["PriceMode"] = "pmdGross" if any(amount.gross for amount in every) else "pmdNet"
        self._money(document, "VatSum", "VatSumFc", tax, currency)
        self._money(document, "DocTotal", "DocTotalFc", total, currency)
        self._money(document, "TotalDiscount", "TotalDiscountFC", off, currency)
        self._money(document, "RoundingDiffAmount", "RoundingDiffAmountFC", ZERO, currency)

    def _money(self, row: dict[str, Any], local: str, foreign: str, amount: Decimal, currency: str) -> None:
        row[local] = self._company.in_local(amount, currency)
        row[foreign] = ZERO if currency == self._company.local else amount

    def _line(self, given: Mapping[str, Any], number: int, currency: str) -> dict[str, Any]:
        item = self._company.table("Items").get(given.get("ItemCode"))
        if item is None:
            raise NoRecord
        if item["Frozen"] == "tYES":
            raise Fault(-10, f"10000100 - Item '{item['ItemCode']}' is inactive  [RDR1.ItemCode]")
        line = {name: given[name] for name in _LINE if given.get(name) is not None}
        discount = _number(given, "DiscountPercent")
        if discount > 100:
            raise Fault(-5002, "10001058 Enter a discount percentage of less than 100")
        quantity = _number(given, "Quantity", "1")
        price = _number(given, "UnitPrice")
        code, rates = self._company.tax_code(given, item)
        warehouse = given.get("WarehouseCode") or item["DefaultWarehouse"]
        if warehouse not in self._company.table("Warehouses"):
            raise Fault(-5002, "Enter valid warehouse code  [RDR1.WhsCode]")
        return {
            "LineNum": number,
            "ItemDescription": item["ItemName"],
            **line,
            "ItemCode": item["ItemCode"],
            "Currency": currency,
            "BarCode": item["BarCode"],
            "Quantity": quantity,
            "UnitPrice": rounded(price, self._company.price_unit),
            "Price": rounded(price * (1 - discount / 100), self._company.price_unit),
            "DiscountPercent": rounded(discount, self._company.percent_unit),
            "PriceAfterVAT": rounded(_number(given, "PriceAfterVAT"), self._company.price_unit),
            "TaxPercentagePerRow": sum(rates, ZERO),
            self._company.tax_field: code,
            "WarehouseCode": warehouse,
            "LineStatus": given.get("LineStatus", "bost_Open"),
            "RemainingOpenQuantity": _number(given, "RemainingOpenQuantity", str(quantity)),
        }

    def _of_line(self, line: Mapping[str, Any], unit: Decimal) -> Amount:
        gross = bool(line["PriceAfterVAT"]) and not line["UnitPrice"]
        each = line["PriceAfterVAT"] if gross else line["UnitPrice"] * (1 - line["DiscountPercent"] / 100)
        code, rates = self._company.tax_code(line, {})
        return Amount(code, rates, rounded(each * line["Quantity"], unit), gross)

    def _expense(self, given: Mapping[str, Any], number: int) -> dict[str, Any]:
        kind = self._company.table("AdditionalExpenses").get(given.get("ExpenseCode"))
        if kind is None:
            raise NoRecord
        code, rates = self._company.tax_code(given, {})
        return {
            **given,
            "LineNum": number,
            "TaxPercent": sum(rates, ZERO),
            self._company.tax_field: code,
            "DistributionMethod": "aedm_None",
            "Status": "bost_Open",
        }

    def _of_expense(self, row: Mapping[str, Any], unit: Decimal, currency: str) -> Amount:
        suffix = "" if currency == self._company.local else "FC"
        code, rates = self._company.tax_code(row, {})
        gross = row.get(f"LineGross{suffix}") is not None and row.get(f"LineTotal{suffix}") is None
        paid = _number(row, f"LineGross{suffix}" if gross else f"LineTotal{suffix}")
        return Amount(code, rates, rounded(paid, unit), gross, freight=True)

    def add(self, entity_set: str, document: dict[str, Any], now: datetime) -> dict[str, Any]:
        """Give the document its numbers and keep it."""
        entry = self._company.next_number(entity_set)
        clock = now.strftime("%H:%M:00")
        document |= {
            "DocEntry": entry,
            "DocNum": 1000 + entry,
            "CreationDate": now.date().isoformat(),
            "DocTime": clock,
        }
        self._company.table(entity_set)[entry] = document
        self.touch(document, now)
        return document

    @staticmethod
    def touch(document: dict[str, Any], now: datetime) -> None:
        """It was changed: the day, and the minute (manual, 3.7)."""
        document["UpdateDate"] = now.date().isoformat()
        document["UpdateTime"] = now.strftime("%H:%M:00")

    def patch(self, document: dict[str, Any], body: Mapping[str, Any], now: datetime) -> None:
        """Merge a body: rows with a LineNum are changed, others are appended (manual, 3.5.3)."""
        if document["DocumentStatus"] != "bost_Open" or document["Cancelled"] == "tYES":
            raise Fault(-5002, "Document is closed or cancelled  [ORDR.DocStatus]")
        changed = copy.deepcopy(document)
        lines = {line["LineNum"]: line for line in changed["DocumentLines"]}
        for line in body.get("DocumentLines") or []:
            number = line.get("LineNum")
            if number is None:
                changed["DocumentLines"].append(dict(line))
            elif number in lines:
                lines[number] |= line
            else:
                raise NoRecord
        changed |= {name: body[name] for name in (*_HEADER, "Comments") if name in body}
        for line in changed["DocumentLines"]:
            if line.get("UnitPrice") and line.get("LineTotal") is not None:
                line["PriceAfterVAT"] = ZERO
        self.compute(changed)
        document.clear()
        document |= changed
        self.touch(document, now)

    def end(self, document: dict[str, Any], action: str, now: datetime) -> None:
        """Cancel, close or reopen an order. What a delivery draws on cannot be cancelled."""
        closed = document["DocumentStatus"] == "bost_Close"
        drawn = any(line["RemainingOpenQuantity"] < line["Quantity"] for line in document["DocumentLines"])
        if action == "Reopen":
            raise Fault(-5006, "The requested action is not supported for this object.")
        if closed or (action == "Cancel" and drawn):
            raise Fault(-5002, f"Action '{action}' is not allowed for this document  [ORDR.DocStatus]")
        document["DocumentStatus"] = "bost_Close"
        if action == "Cancel":
            document |= {"Cancelled": "tYES", "CancelStatus": "csYes"}
        for line in document["DocumentLines"]:
            line["LineStatus"] = "bost_Close"
        self.touch(document, now)

    # -- deliveries -------------------------------------------------------------------------------------------

    def deliver(self, body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """A delivery note whose rows draw on rows of orders; an order of which nothing is left is closed."""
        orders = self._company.table("Orders")
        rows, touched = [], {}
        for number, given in enumerate(body.get("DocumentLines") or []):
            order = orders.get(given.get("BaseEntry")) if given.get("BaseType") == 17 else None
            base = next(
                (
                    line
                    for line in (order or {}).get("DocumentLines", [])
                    if line["LineNum"] == given["BaseLine"]
                ),
                None,
            )
            if order is None or base is None:
                raise NoRecord
            quantity = _number(given, "Quantity", str(base["RemainingOpenQuantity"]))
            if order["DocumentStatus"] != "bost_Open" or quantity > base["RemainingOpenQuantity"]:
                raise Fault(-10, "Quantity exceeds the open quantity of the base document  [DLN1.Quantity]")
            rows.append((number, given, base, quantity))
            touched[order["DocEntry"]] = order
        if not rows:
            raise Fault(-5002, "Cannot add document without rows  [DLN1.ItemCode]")
        for _, _, base, quantity in rows:
            base["RemainingOpenQuantity"] -= quantity
            base["LineStatus"] = "bost_Open" if base["RemainingOpenQuantity"] else "bost_Close"
        for order in touched.values():
            if not any(line["RemainingOpenQuantity"] for line in order["DocumentLines"]):
                order["DocumentStatus"] = "bost_Close"
            self.touch(order, now)
        note: dict[str, Any] = {
            "DocObjectCode": "oDeliveryNotes",
            "CardCode": body.get("CardCode"),
            "NumAtCard": body.get("NumAtCard"),
            "TrackingNumber": body.get("TrackingNumber"),
            "DocDate": now.date().isoformat(),
            "Cancelled": "tNO",
            "DocumentStatus": "bost_Open",
            "DocumentLines": [
                {
                    "LineNum": number,
                    "ItemCode": base["ItemCode"],
                    "ItemDescription": base["ItemDescription"],
                    "Quantity": quantity,
                    **{name: given[name] for name in ("BaseType", "BaseEntry", "BaseLine")},
                }
                for number, given, base, quantity in rows
            ],
        }
        return self.add("DeliveryNotes", note, now)


def _number(row: Mapping[str, Any], name: str, default: str = "0") -> Decimal:
    """A number, which may come as text (the service reference's samples do)."""
    value = row.get(name)
    try:
        return Decimal(default) if value is None else Decimal(str(value))
    except InvalidOperation:
        raise Fault(-1000, f"Property '{name}' of 'Document' is invalid.") from None


def _day(text: str) -> str:
    digits = str(text)[:10].replace("-", "")[:8]
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"
