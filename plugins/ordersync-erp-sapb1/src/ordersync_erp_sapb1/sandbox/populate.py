"""What a new stand-in is born with: the company's lists, a catalogue, customers, and orders of its own."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ordersync.testing import seeds

from .documents import Documents
from .store import Company

__all__ = ["CUSTOM", "fill"]

CUSTOM = "OS-CUSTOM"
_RATES = "0 0.375 1 1.25 2.25 4 4.5 5 6.25 7 7.25 8 8.5 8.875 9.5 9.975 10 14.975 19 20".split()
"""Percentages of the sample orders, and of orders with exact totals."""
_STACKED = {
    "8.5": ("7.25", "1.25"),
    "8.875": ("4", "4.5", "0.375"),
    "9.5": ("6.25", "2.25", "1"),
    "14.975": ("5", "9.975"),
}
"""Of sales tax codes: their jurisdictions."""
_CURRENCIES = (
    ("$", "USD", "1", "cd2Digits"),
    ("EUR", "EUR", "1.1", "cd2Digits"),
    ("GBP", "GBP", "1.3", "cd2Digits"),
    ("JPY", "JPY", "0.0067", "cdWithoutDecimals"),
    ("KWD", "KWD", "3.25", "cd3Digits"),
    ("CAD", "CAD", "0.73", "cd2Digits"),
)
_COUNTRIES = {
    "US": "USA",
    "DE": "Germany",
    "GB": "United Kingdom",
    "JP": "Japan",
    "KW": "Kuwait",
    "CA": "Canada",
    "FR": "France",
}
_STATES = (("US", "NY"), ("US", "CA"), ("DE", "BE"), ("JP", "13"), ("CA", "ON"), ("CA", "QC"))
_CASE_SKUS = 60


def fill(company: Company, documents: Documents, *, seed: int, orders: int) -> None:
    """Fill the company."""
    _lists(company)
    _goods(company)
    people = seeds.customers()
    for person in people[: (len(people) + 1) // 2]:
        _partner(company, f"C{person.id:04d}", person.email, person.address, person.phone, person.company)
    for order in seeds.sample_orders(seed, orders):
        _order(company, documents, order)


def _code(percent: Decimal) -> str:
    return f"S{format(percent.normalize(), 'f').replace('.', '')}"


def _lists(company: Company) -> None:
    for code, iso, rate, decimals in _CURRENCIES:
        company.table("Currencies")[code] = {
            "Code": code,
            "Name": iso,
            "DocumentsCode": iso,
            "Decimals": decimals,
            "rate": Decimal(rate),
        }
    for percent in map(Decimal, _RATES):
        code = _code(percent)
        parts = _STACKED.get(str(percent), (str(percent),))
        company.table("VatGroups")[code] = _vat_group(code, percent, "bovcOutputTax")
        company.table("SalesTaxCodes")[code] = {
            "Code": code,
            "Name": f"{percent} %",
            "Rate": percent,
            "ValidForAR": "tYES",
            "ValidForAP": "tYES",
            "Inactive": "tNO",
            "SalesTaxCodes_Lines": [
                {
                    "RowNumber": number,
                    "STACode": f"J{number}",
                    "STAType": number,
                    "EffectiveRate": Decimal(part),
                }
                for number, part in enumerate(parts)
            ],
        }
    company.table("VatGroups")["V19"] = _vat_group("V19", Decimal(19), "bovcInputTax")
    company.table("VatGroups")["S19OLD"] = _vat_group("S19OLD", Decimal(19), "bovcOutputTax") | {
        "Inactive": "tYES"
    }
    if company.tax_field == "TaxCode":
        company.table("VatGroups").clear()
    for number, name in enumerate(("Freight", "OS-SHIPPING", "OS-ROUNDING", "OS-TAX"), start=1):
        company.table("AdditionalExpenses")[number] = {
            "ExpensCode": number,
            "Name": name,
            "TaxLiable": "tYES",
        }
    for code, name in _COUNTRIES.items():
        company.table("Countries")[code] = {"Code": code, "Name": name, "ISOAlpha2Code": code}
    for country, state in _STATES:
        company.table("States")[f"{country}/{state}"] = {"Code": state, "Country": country, "Name": state}
    for code, name in (("01", "Main"), ("02", "Outlet")):
        company.table("Warehouses")[code] = {"WarehouseCode": code, "WarehouseName": name, "Inactive": "tNO"}


def _vat_group(code: str, percent: Decimal, category: str) -> dict[str, Any]:
    return {
        "Code": code,
        "Name": f"{percent} %",
        "Category": category,
        "EU": "tNO",
        "Inactive": "tNO",
        "VatGroups_Lines": [
            {"Effectivefrom": "2000-01-01", "Rate": max(percent - 1, Decimal(0))},
            {"Effectivefrom": "2007-01-01", "Rate": percent},
        ],
    }


def _goods(company: Company) -> None:
    for product in seeds.catalogue():
        title = f"{product.title} {product.variant}" if product.variant else product.title
        _item(company, product.sku, title, product.barcode, product.stock)
    for number in range(1, _CASE_SKUS + 1):
        _item(company, f"SKU-{number:03d}", f"Item {number}", f"29{number:011d}", 1000)
    _item(company, CUSTOM, "Without a product", "", None)


def _item(company: Company, code: str, name: str, barcode: str, stock: int | None) -> None:
    warehouses = []
    if stock is not None:
        warehouses = [
            {
                "WarehouseCode": "01",
                "InStock": Decimal(stock),
                "Committed": Decimal(20),
                "Ordered": Decimal(0),
            },
            {"WarehouseCode": "02", "InStock": Decimal(20), "Committed": Decimal(0), "Ordered": Decimal(0)},
        ]
    company.table("Items")[code] = {
        "ItemCode": code,
        "ItemName": name,
        "ItemType": "itItems",
        "BarCode": barcode or None,
        "Frozen": "tNO",
        "Valid": "tYES",
        "SalesItem": "tYES",
        "InventoryItem": "tNO" if stock is None else "tYES",
        "DefaultWarehouse": "01",
        "SalesVATGroup": "S0",
        "QuantityOnStock": Decimal(0) if stock is None else Decimal(stock + 20),
        "ItemWarehouseInfoCollection": warehouses,
    }


def _partner(
    company: Company,
    code: str,
    email: str | None,
    address: seeds.SeedAddress | None,
    phone: str | None = None,
    firm: str | None = None,
) -> str:
    person = f"{address.first_name} {address.last_name}" if address else email or code
    company.table("BusinessPartners").setdefault(
        code,
        {
            "CardCode": code,
            "CardName": firm or person,
            "CardType": "cCustomer",
            "CompanyPrivate": "cCompany" if firm else "cPrivate",
            "EmailAddress": email,
            "Phone1": phone,
            "Cellular": None,
            "AdditionalID": None,
            "FederalTaxID": None,
            "Currency": "##",
            "Frozen": "tNO",
            "GroupCode": 100,
            "ContactEmployees": [
                {"Name": person, "FirstName": "Buyer", "LastName": person.split()[-1], "E_Mail": email}
            ]
            if firm
            else [],
            "BPAddresses": [],
        },
    )
    return code


def _order(company: Company, documents: Documents, order: seeds.SeedOrder) -> None:
    buyer = order.customer
    if buyer:
        code = _partner(company, f"C{buyer.id:04d}", buyer.email, buyer.address, buyer.phone, buyer.company)
    else:
        code = _partner(company, f"G{order.index:04d}", order.email, order.address)
    lines = [_line(company, line, order.taxes_included) for line in order.lines]
    body: dict[str, Any] = {
        "CardCode": code,
        "DocDate": order.placed_at.date().isoformat(),
        "TaxDate": order.placed_at.date().isoformat(),
        "DocDueDate": order.placed_at.date().isoformat(),
        "DocCurrency": "$" if order.currency == "USD" else order.currency,
        "Comments": order.note,
        "DocumentLines": lines,
        "AddressExtension": _addresses(order.address),
    }
    goods = sum((line.unit_price * line.quantity - line.discount for line in order.lines), Decimal(0))
    if order.order_discount and goods:
        body["DiscountPercent"] = (order.order_discount * 100 / goods).quantize(Decimal("0.0001"))
    if order.shipping:
        suffix = "" if order.currency == "USD" else "FC"
        amount = f"{'LineGross' if order.taxes_included and order.shipping.taxes else 'LineTotal'}{suffix}"
        body["DocumentAdditionalExpenses"] = [
            {
                "ExpenseCode": 2,
                amount: order.shipping.price,
                "Remarks": order.shipping.title,
                company.tax_field: _code(_percent(order.shipping.taxes)),
            }
        ]
    document = documents.add("Orders", documents.draw_up(body, order.placed_at), order.placed_at)
    if order.cancelled:
        documents.end(document, "Cancel", order.updated_at)
    documents.touch(document, order.updated_at)


def _line(company: Company, line: seeds.SeedLine, gross: bool) -> dict[str, Any]:
    if line.sku and line.sku not in company.table("Items"):
        _item(company, line.sku, line.title, "", 0)
    price = line.unit_price
    row: dict[str, Any] = {
        "ItemCode": line.sku or CUSTOM,
        "Quantity": Decimal(line.quantity),
        company.tax_field: _code(_percent(line.taxes)),
    }
    if not line.sku:
        row["ItemDescription"] = line.title
    if gross and line.taxes:
        each = (price * line.quantity - line.discount) / line.quantity
        row["PriceAfterVAT"] = each.quantize(company.price_unit, rounding=ROUND_HALF_UP)
        return row
    row["UnitPrice"] = price
    if line.discount:
        percent = line.discount * 100 / (price * line.quantity)
        row["DiscountPercent"] = percent.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
    return row


def _percent(taxes: tuple[tuple[str, Decimal], ...]) -> Decimal:
    return sum((rate for _, rate in taxes), Decimal(0)) * 100


def _addresses(address: seeds.SeedAddress | None) -> Mapping[str, Any]:
    if address is None:
        return {}
    fields = {
        "Street": address.line1,
        "Building": address.line2,
        "City": address.city,
        "ZipCode": address.postcode,
        "State": address.subdivision,
        "Country": address.country,
        "Address2": f"{address.first_name} {address.last_name}",
        "Address3": address.company,
    }
    return {f"{use}{name}": value for use in ("ShipTo", "BillTo") for name, value in fields.items() if value}
