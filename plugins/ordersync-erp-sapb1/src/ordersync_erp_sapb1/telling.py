"""Orders of SAP Business One in our words. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from ordersync import (
    ZERO,
    Address,
    Amounts,
    Charge,
    ChargeKind,
    Company,
    Customer,
    Discount,
    Fulfillment,
    FulfillmentStatus,
    Line,
    Order,
    OrderStatus,
    PaymentStatus,
    Tax,
    Tracking,
    minor_unit,
    rounded,
    shares,
)
from ordersync_erp_sapb1.mapping import key_of, positions_of, reference_parts
from ordersync_erp_sapb1.wire import Addresses, BusinessPartner, DeliveryNote, Document, DocumentLine, Expense

__all__ = ["Told", "changed_at", "customer_of", "order_of"]

ORDER_OBJECT = 17
"""`BaseType` of a line drawn from a sales order."""


@dataclass(frozen=True)
class Told:
    """An order and what it points to."""

    document: Document
    currency: str
    """ISO 4217."""
    local: str
    """The company's own currency, by its code."""
    zone: ZoneInfo
    country: Callable[[str], str | None]
    """The company's country code → ISO 3166-1."""
    partner: BusinessPartner | None = None
    shipping_expenses: frozenset[int] = frozenset()
    rounding_expenses: frozenset[int] = frozenset()
    custom_items: frozenset[str] = frozenset()
    key_field: str = "NumAtCard"
    barcodes: bool = False
    """The SKU is the bar code."""
    deliveries: tuple[DeliveryNote, ...] = ()


def changed_at(document: Document, zone: ZoneInfo) -> datetime:
    """When it was changed last: the day, and the time of day if there is one (to the minute), in the server's zone."""
    day = document.UpdateDate or document.CreationDate or document.DocDate
    if day is None:
        raise ValueError("it has no date")
    return datetime.combine(day, document.UpdateTime or time(), zone).astimezone(UTC)


def order_of(told: Told) -> Order:
    """The order. Raises ValueError if its figures cannot be told."""
    document, iso = told.document, told.currency
    foreign = bool(document.DocCurrency) and document.DocCurrency != told.local

    def money(local: Decimal, other: Decimal) -> Decimal:
        return rounded(other if foreign else local, iso)

    total = money(document.DocTotal, document.DocTotalFc)
    tax = money(document.VatSum, document.VatSumFc)
    discount = money(document.TotalDiscount, document.TotalDiscountFC)
    rounding = money(document.RoundingDiffAmount, document.RoundingDiffAmountFC)
    nets = [money(row.LineTotal, row.RowTotalFC) for row in document.DocumentLines]
    taxes = [money(row.NetTaxAmount, row.NetTaxAmountFC) for row in document.DocumentLines]
    freights = [row for row in document.DocumentAdditionalExpenses if money(row.LineTotal, row.LineTotalFC)]
    roundings = [row for row in freights if row.ExpenseCode in told.rounding_expenses and not row.TaxSum]
    charged = [row for row in freights if row not in roundings]
    rounding += sum((money(row.LineTotal, row.LineTotalFC) for row in roundings), ZERO)
    freight_taxes = [money(row.TaxSum, row.TaxSumFC) for row in charged]
    taxes, freight_taxes = _settled(tax, taxes, freight_taxes, iso)
    off = shares(discount, nets, iso) if discount else [ZERO] * len(nets)
    gross = document.PriceMode == "pmdGross"
    lines: list[Line] = []
    charges: list[Charge] = []
    for row, net, taxed, less in zip(document.DocumentLines, nets, taxes, off, strict=True):
        if not row.Quantity:
            continue
        amounts = _line_amounts(row, net, taxed, less, iso, gross)
        lines.append(_line(row, amounts, told))
    for expense, taxed in zip(charged, freight_taxes, strict=True):
        net = money(expense.LineTotal, expense.LineTotalFC)
        charges.append(_charge(expense, net, taxed, gross, told))
    po, key = reference_parts(document.NumAtCard)
    own = document.own.get(told.key_field)
    key = key_of(document.NumAtCard, str(own) if own else None)
    placed = document.TaxDate or document.DocDate
    if placed is None:
        raise ValueError("it has no date")
    ship, bill = document.AddressExtension, document.AddressExtension
    customer = customer_of(told.partner) if told.partner else None
    open_, done = _quantities(document)
    return Order(
        id=str(document.DocEntry),
        number=str(document.DocNum or document.DocEntry),
        key=key,
        status=_status(document),
        payment_status=PaymentStatus.UNKNOWN,
        fulfillment_status=_fulfilled(open_, done),
        platform_statuses={"order": "cancelled" if document.Cancelled == "tYES" else document.DocumentStatus},
        currency=iso,
        taxes_included=gross,
        total=total,
        rounding=rounding,
        customer=customer,
        email=customer.email if customer else None,
        phone=customer.phone if customer else None,
        company=customer.company if customer else None,
        billing=_address("BillTo", bill, told) if bill else None,
        shipping=_address("ShipTo", ship, told) if ship else None,
        lines=tuple(lines),
        charges=tuple(charges),
        fulfillments=tuple(_delivery(note, document.DocEntry, told) for note in told.deliveries),
        note=document.Comments or None,
        po_number=po,
        placed_at=datetime.combine(placed, time(), told.zone),
        created_at=datetime.combine(document.CreationDate, document.DocTime or time(), told.zone)
        if document.CreationDate
        else None,
        updated_at=changed_at(document, told.zone),
    )


def _settled(
    tax: Decimal, lines: list[Decimal], freights: list[Decimal], iso: str
) -> tuple[list[Decimal], list[Decimal]]:
    """Line taxes that give the document's tax: it is rounded per code, and what the rows miss of it by rounding is
    shared out over those that bear tax. A larger difference stays, and shows as a finding."""
    given = [*lines, *freights]
    missing = tax - sum(given, ZERO)
    bearing = [abs(each) for each in given]
    if missing and any(bearing) and abs(missing) <= minor_unit(iso) * len(given):
        given = [each + part for each, part in zip(given, shares(missing, bearing, iso), strict=True)]
    return given[: len(lines)], given[len(lines) :]


def _rate(percent: Decimal) -> Decimal:
    return (percent / 100).normalize() + ZERO


def _line_amounts(
    row: DocumentLine, net: Decimal, taxed: Decimal, less: Decimal, iso: str, gross: bool
) -> Amounts:
    """`LineTotal` is after the line's discount and before the document's."""
    taxes = (Tax(title=row.VatGroup or row.TaxCode, rate=_rate(row.TaxPercentagePerRow), amount=taxed),)
    kept = taxes if taxed or row.TaxPercentagePerRow else ()
    paid_net = net - less
    paid = paid_net + taxed if gross else paid_net
    listed = net + taxed if gross else net
    if not gross and row.DiscountPercent > 0 and row.UnitPrice:
        listed = max(rounded(row.UnitPrice * row.Quantity, iso), net)
    off = listed - paid
    discounts = (Discount(amount=off),) if off > 0 else ()
    if off < 0:
        listed = paid
    unit = row.PriceAfterVAT if gross else row.UnitPrice
    return Amounts(list_amount=listed, discounts=discounts, net=paid_net, taxes=kept, unit_price=unit or None)


def _line(row: DocumentLine, amounts: Amounts, told: Told) -> Line:
    custom = not row.ItemCode or row.ItemCode in told.custom_items
    sku = row.BarCode if told.barcodes else row.ItemCode
    free = row.FreeText if row.FreeText and not positions_of(row.FreeText) else ""
    return Line(
        id=str(row.LineNum),
        title=row.ItemDescription or row.ItemCode or "Item",
        quantity=row.Quantity,
        sku=None if custom else sku or row.ItemCode,
        product_id=row.ItemCode or None,
        barcode=row.BarCode or None,
        custom=custom,
        requires_shipping=not custom,
        amounts=amounts,
        properties={"text": free} if free else {},
    )


def _charge(row: Expense, net: Decimal, taxed: Decimal, gross: bool, told: Told) -> Charge:
    taxes = (Tax(title=row.VatGroup or row.TaxCode, rate=_rate(row.TaxPercent), amount=taxed),)
    shipping = row.ExpenseCode in told.shipping_expenses
    ours = positions_of(row.Remarks)
    title = row.Remarks.split(" ", len(ours))[-1] if ours else row.Remarks
    return Charge(
        kind=ChargeKind.SHIPPING if shipping else ChargeKind.FEE,
        title=title or ("Shipping" if shipping else "Freight"),
        code=str(row.ExpenseCode),
        id=f"expense:{row.LineNum}",
        amounts=Amounts(
            list_amount=net + taxed if gross else net,
            net=net,
            taxes=taxes if taxed or row.TaxPercent else (),
        ),
    )


def _status(document: Document) -> OrderStatus:
    if document.Cancelled == "tYES":
        return OrderStatus.CANCELLED
    return {"bost_Open": OrderStatus.OPEN, "bost_Close": OrderStatus.COMPLETED}.get(
        document.DocumentStatus, OrderStatus.UNKNOWN
    )


def _quantities(document: Document) -> tuple[Decimal, Decimal]:
    """What is still to be delivered, and what has been."""
    still = sum((min(row.RemainingOpenQuantity, row.Quantity) for row in document.DocumentLines), ZERO)
    return still, sum((row.Quantity for row in document.DocumentLines), ZERO) - still


def _fulfilled(still: Decimal, done: Decimal) -> FulfillmentStatus:
    if done <= 0:
        return FulfillmentStatus.UNFULFILLED
    return FulfillmentStatus.PARTIAL if still > 0 else FulfillmentStatus.FULFILLED


def _delivery(note: DeliveryNote, order: int, told: Told) -> Fulfillment:
    drawn = [row for row in note.DocumentLines if row.BaseType == ORDER_OBJECT and row.BaseEntry == order]
    quantities: dict[str, Decimal] = {}
    for row in drawn:
        quantities[str(row.BaseLine)] = quantities.get(str(row.BaseLine), ZERO) + row.Quantity
    return Fulfillment(
        id=str(note.DocEntry),
        tracking=(Tracking(number=note.TrackingNumber),) if note.TrackingNumber else (),
        lines=quantities,
        created_at=datetime.combine(note.DocDate, time(), told.zone) if note.DocDate else None,
    )


def _address(prefix: str, given: Addresses, told: Told) -> Address | None:
    def text(name: str) -> str | None:
        return str(getattr(given, f"{prefix}{name}")) or None

    street, city, country, name = text("Street"), text("City"), text("Country"), text("Address2")
    if not (street or city or country):
        return None
    first, _, last = (name or "").rpartition(" ")
    state = text("State")
    return Address(
        first_name=first or None,
        last_name=last or None,
        company=text("Address3"),
        line1=street,
        line2=text("Building"),
        city=city,
        postcode=text("ZipCode"),
        country=told.country(country) if country else None,
        subdivision=state if state and len(state) <= 3 and state.isalnum() and state.isupper() else None,
        region=text("County") or (None if state is None or len(state) <= 3 else state),
    )


def customer_of(partner: BusinessPartner) -> Customer:
    """A business partner as a customer; a company's people are its contacts."""
    person = partner.CompanyPrivate == "cPrivate"
    first, _, last = partner.CardName.rpartition(" ")
    contact = partner.ContactEmployees[0] if partner.ContactEmployees else None
    return Customer(
        id=partner.CardCode,
        email=partner.EmailAddress or (contact.E_Mail if contact else "") or None,
        phone=partner.Phone1 or partner.Cellular or None,
        first_name=(first if person else contact.FirstName if contact else "") or None,
        last_name=(last if person else contact.LastName if contact else "") or None,
        company=None if person else Company(name=partner.CardName, vat=partner.FederalTaxID or None),
    )
