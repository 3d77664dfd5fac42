"""The Service Layer's JSON, field for field, as far as the connector reads it. Names are those of the $metadata."""

from __future__ import annotations

import re
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ordersync import ZERO, Amount

__all__ = [
    "Addresses",
    "AdminInfo",
    "BusinessPartner",
    "Code",
    "CompanyInfo",
    "Country",
    "Currency",
    "DeliveryNote",
    "Document",
    "DocumentLine",
    "Expense",
    "ExpenseKind",
    "Fault",
    "Head",
    "Item",
    "SalesTaxCode",
    "Session",
    "State",
    "VatGroup",
]

_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:T.*)?")
_TIME = re.compile(r"(?:.*T)?(\d{1,2}):(\d{2})(?::(\d{2}))?.*")


def _date(value: Any) -> Any:
    """`2026-04-23`, `20260423`, or either with a time of day, which the Service Layer always writes as midnight."""
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    return date(*map(int, found.groups())) if found else value


def _time(value: Any) -> Any:
    """`14:05:00` or `14:05`; one that cannot be read counts as none."""
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    try:
        hour, minute, second = (int(part or 0) for part in found.groups()) if found else (24, 0, 0)
        return time(hour, minute, second)
    except ValueError:
        return None


def _text(value: Any) -> Any:
    return "" if value is None else value


Day = Annotated[date, BeforeValidator(_date)]
Clock = Annotated[time | None, BeforeValidator(_time)]
Text = Annotated[str, BeforeValidator(_text)]
"""Empty where the Service Layer says null."""
Number = Annotated[Amount, BeforeValidator(lambda value: ZERO if value is None else value)]
Code = Annotated[str, BeforeValidator(lambda value: "" if value is None else str(value))]
"""A number in v1, text in v2."""


class Body(BaseModel):
    """Frozen; what the connector does not know is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
    SET: ClassVar[str] = ""
    """The entity set in which these are found."""

    @classmethod
    def names(cls) -> list[str]:
        """The properties to `$select`."""
        return [field.alias or name for name, field in cls.model_fields.items()]


class Fault(Body):
    """`{"error": {"code": -10, "message": {"lang": "en-us", "value": "…"}}}` (v1), or code and message as text (v2)."""

    code: Code = ""
    message: Any = ""

    @property
    def text(self) -> str:
        """The message, on one line, shortened."""
        said = self.message.get("value") if isinstance(self.message, dict) else self.message
        return " ".join(str(said or "").split())[:300]


class Session(Body):
    SessionId: Text = ""
    Version: Code = ""
    SessionTimeout: int = 30
    """Minutes."""


class DocumentLine(Body):
    LineNum: int
    ItemCode: Text = ""
    ItemDescription: Text = ""
    Quantity: Number = ZERO
    UnitPrice: Number = ZERO
    Price: Number = ZERO
    PriceAfterVAT: Number = ZERO
    GrossPrice: Number = ZERO
    DiscountPercent: Number = ZERO
    Currency: Text = ""
    LineTotal: Number = ZERO
    RowTotalFC: Number = ZERO
    GrossTotal: Number = ZERO
    GrossTotalFC: Number = ZERO
    NetTaxAmount: Number = ZERO
    NetTaxAmountFC: Number = ZERO
    TaxPercentagePerRow: Number = ZERO
    VatGroup: Text = ""
    TaxCode: Text = ""
    WarehouseCode: Text = ""
    BarCode: Text = ""
    FreeText: Text = ""
    LineStatus: Text = ""
    RemainingOpenQuantity: Number = ZERO
    BaseType: int | None = None
    BaseEntry: int | None = None
    BaseLine: int | None = None


class Expense(Body):
    """Freight of a document."""

    LineNum: int
    ExpenseCode: int
    LineTotal: Number = ZERO
    LineTotalFC: Number = ZERO
    LineGross: Number = ZERO
    LineGrossFC: Number = ZERO
    TaxSum: Number = ZERO
    TaxSumFC: Number = ZERO
    TaxPercent: Number = ZERO
    VatGroup: Text = ""
    TaxCode: Text = ""
    Remarks: Text = ""


class Addresses(Body):
    ShipToStreet: Text = ""
    ShipToBuilding: Text = ""
    ShipToCity: Text = ""
    ShipToZipCode: Text = ""
    ShipToCounty: Text = ""
    ShipToState: Text = ""
    ShipToCountry: Text = ""
    ShipToAddress2: Text = ""
    ShipToAddress3: Text = ""
    BillToStreet: Text = ""
    BillToBuilding: Text = ""
    BillToCity: Text = ""
    BillToZipCode: Text = ""
    BillToCounty: Text = ""
    BillToState: Text = ""
    BillToCountry: Text = ""
    BillToAddress2: Text = ""
    BillToAddress3: Text = ""


class Head(Body):
    """A document without its lines: enough to find it and to know its state."""

    SET: ClassVar[str] = "Orders"
    DocEntry: int
    DocNum: int | None = None
    NumAtCard: Text = ""
    DocObjectCode: Code = ""
    DocumentStatus: Text = ""
    Cancelled: Text = ""
    AuthorizationStatus: Text = ""


class Document(Head):
    """A sales order, or a draft of one."""

    DocType: Text = ""
    DocDate: Day | None = None
    TaxDate: Day | None = None
    CreationDate: Day | None = None
    UpdateDate: Day | None = None
    UpdateTime: Clock = None
    DocTime: Clock = None
    CardCode: Text = ""
    CardName: Text = ""
    DocCurrency: Text = ""
    DocTotal: Number = ZERO
    DocTotalFc: Number = ZERO
    VatSum: Number = ZERO
    VatSumFc: Number = ZERO
    DiscountPercent: Number = ZERO
    TotalDiscount: Number = ZERO
    TotalDiscountFC: Number = ZERO
    RoundingDiffAmount: Number = ZERO
    RoundingDiffAmountFC: Number = ZERO
    PriceMode: Text = ""
    Comments: Text = ""
    TrackingNumber: Text = ""
    DocumentLines: tuple[DocumentLine, ...] = ()
    DocumentAdditionalExpenses: tuple[Expense, ...] = ()
    AddressExtension: Addresses | None = None
    own: dict[str, Any] = Field(default_factory=dict)
    """User-defined fields (`U_…`), by name."""

    @model_validator(mode="before")
    @classmethod
    def _own(cls, given: Any) -> Any:
        if isinstance(given, dict) and "own" not in given:
            own = {name: value for name, value in given.items() if name.startswith("U_")}
            return {**given, "own": own}
        return given

    @classmethod
    def names(cls) -> list[str]:
        return [name for name in super().names() if name != "own"]


class DeliveryNote(Body):
    SET: ClassVar[str] = "DeliveryNotes"
    DocEntry: int
    DocNum: int | None = None
    NumAtCard: Text = ""
    DocDate: Day | None = None
    Cancelled: Text = ""
    TrackingNumber: Text = ""
    DocumentLines: tuple[DocumentLine, ...] = ()


class Contact(Body):
    Name: Text = ""
    FirstName: Text = ""
    LastName: Text = ""
    E_Mail: Text = ""


class BusinessPartner(Body):
    SET: ClassVar[str] = "BusinessPartners"
    CardCode: str
    CardName: Text = ""
    CardType: Text = ""
    CompanyPrivate: Text = ""
    EmailAddress: Text = ""
    Phone1: Text = ""
    Cellular: Text = ""
    AdditionalID: Text = ""
    FederalTaxID: Text = ""
    Frozen: Text = ""
    ContactEmployees: tuple[Contact, ...] = ()


class WarehouseInfo(Body):
    WarehouseCode: Text = ""
    InStock: Number = ZERO
    Committed: Number = ZERO


class Item(Body):
    SET: ClassVar[str] = "Items"
    ItemCode: str
    ItemName: Text = ""
    BarCode: Text = ""
    Frozen: Text = ""
    SalesItem: Text = ""
    InventoryItem: Text = ""
    ItemWarehouseInfoCollection: tuple[WarehouseInfo, ...] = ()


class VatRate(Body):
    Effectivefrom: Day | None = None
    Rate: Number = ZERO


class VatGroup(Body):
    SET: ClassVar[str] = "VatGroups"
    Code: str
    Name: Text = ""
    Category: Text = ""
    Inactive: Text = ""
    VatGroups_Lines: tuple[VatRate, ...] = ()

    def rate(self, day: date) -> Decimal:
        """The percentage that is good on `day`."""
        begun = [line for line in self.VatGroups_Lines if (line.Effectivefrom or date.min) <= day]
        return max(begun, key=lambda line: line.Effectivefrom or date.min).Rate if begun else ZERO


class SalesTaxCode(Body):
    SET: ClassVar[str] = "SalesTaxCodes"
    Code: str
    Name: Text = ""
    Rate: Number = ZERO
    ValidForAR: Text = ""
    Inactive: Text = ""


class ExpenseKind(Body):
    """A kind of freight, as the company has set it up."""

    SET: ClassVar[str] = "AdditionalExpenses"
    ExpensCode: int
    Name: Text = ""


class Currency(Body):
    SET: ClassVar[str] = "Currencies"
    Code: str
    DocumentsCode: Text = ""


class Country(Body):
    SET: ClassVar[str] = "Countries"
    Code: str
    ISOAlpha2Code: Text = ""


class State(Body):
    SET: ClassVar[str] = "States"
    Code: str
    Country: Text = ""


class AdminInfo(Body):
    CompanyName: Text = ""
    Country: Text = ""
    LocalCurrency: Text = ""
    PriceAccuracy: int | None = None
    PercentageAccuracy: int | None = None
    TotalsAccuracy: int | None = None
    EnableBranches: Text = ""
    RoundTaxAmounts: Text = ""


class CompanyInfo(Body):
    GroupLinesInVATCalculation: Text = ""
