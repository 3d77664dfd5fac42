"""The properties that each entity set has here, for filters and selections; names as in the $metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["PROPERTIES"]

_DOCUMENT = (
    "DocEntry DocNum DocType DocDate DocDueDate TaxDate CreationDate UpdateDate UpdateTime DocTime CardCode CardName "
    "NumAtCard DocObjectCode DocCurrency DocTotal DocTotalFc VatSum VatSumFc DiscountPercent TotalDiscount "
    "TotalDiscountFC RoundingDiffAmount RoundingDiffAmountFC PriceMode Comments TrackingNumber DocumentStatus Cancelled "
    "CancelStatus AuthorizationStatus Series BPL_IDAssignedToInvoice SalesPersonCode Reference1 Reference2 "
    "DocumentLines DocumentAdditionalExpenses AddressExtension"
).split()

PROPERTIES: Mapping[str, Sequence[str]] = {
    "Orders": _DOCUMENT,
    "Drafts": _DOCUMENT,
    "DeliveryNotes": _DOCUMENT,
    "BusinessPartners": (
        "CardCode CardName CardType CompanyPrivate EmailAddress Phone1 Phone2 Cellular AdditionalID FederalTaxID "
        "Currency Frozen Valid GroupCode Series FreeText ContactEmployees BPAddresses"
    ).split(),
    "Items": (
        "ItemCode ItemName ItemType BarCode Frozen Valid SalesItem InventoryItem DefaultWarehouse SalesVATGroup "
        "QuantityOnStock ItemWarehouseInfoCollection"
    ).split(),
    "VatGroups": "Code Name Category EU Inactive VatGroups_Lines".split(),
    "SalesTaxCodes": "Code Name Rate ValidForAR ValidForAP Inactive SalesTaxCodes_Lines".split(),
    "AdditionalExpenses": "ExpensCode Name TaxLiable".split(),
    "Currencies": "Code Name DocumentsCode Decimals".split(),
    "Countries": "Code Name ISOAlpha2Code".split(),
    "States": "Code Country Name".split(),
    "Warehouses": "WarehouseCode WarehouseName Inactive".split(),
}
