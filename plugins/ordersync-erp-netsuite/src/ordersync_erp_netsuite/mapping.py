"""From our words to NetSuite's: what is sent, and what stands. Pure: no request is made here, ids come from outside."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ordersync import (
    ZERO,
    Address,
    Customer,
    Draft,
    DraftLine,
    Item,
    LineKind,
    OrderRef,
    Placed,
    PlacedLine,
    PlacedState,
    Refused,
    Totals,
    rounded,
)
from ordersync_erp_netsuite.settings import NetSuiteSettings, TaxCode
from ordersync_erp_netsuite.wire import ItemRow, LineRow, OrderLine, OrderRecord, TotalRow

__all__ = [
    "CUSTOM_PRICE",
    "Terms",
    "address_body",
    "customer_body",
    "in_order",
    "item_of",
    "key_of",
    "line_body",
    "order_body",
    "placed_of",
    "placed_of_rows",
    "plain_line",
    "rate_for",
    "sku_of",
    "tax_code_for",
    "totals_of",
]

CUSTOM_PRICE = "-1"
"""The price level that keeps a rate as it is sent; the help says to set it, and lines are read back in any case."""
SHIPPING_TYPE = "ShipItem"
"""The item type of the row that stands for an order's shipping cost; the record has it in its head."""
RATE_DIGITS = 8
LONGEST_MEMO = 999
_KEY = re.compile(r"os-[a-z2-7]{26}")
_STOCKED = {"InvtPart", "Assembly"}
UNSHIPPED = {"Service", "OthCharge", "Discount", "DwnLdItem", "Markup", "Payment", "Subtotal", "Description"}
"""Item types of which nothing is packed."""


def key_of(external_id: str | None) -> str | None:
    """The order's key, if its external id is one of ours."""
    return external_id if external_id and _KEY.fullmatch(external_id) else None


# -- from a draft ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Terms:
    """What an order refers to, looked up before."""

    day: date
    currency: str
    """Id; `""`: the account has only one."""
    digits: int
    item: Callable[[str], str]
    """The id of an item that the settings name."""


def order_body(draft: Draft, settings: NetSuiteSettings, terms: Terms) -> dict[str, Any]:
    """A sales order pending approval. Amounts are net, as NetSuite's always are.

    Raises Refused for what NetSuite could not hold: amounts finer than its currency, a rate without a tax code.
    """
    if draft.customer_ref is None:
        raise Refused("NetSuite takes no order without a customer.", remedy="Let the route create guests.")
    _refuse_too_fine(draft, terms.digits)
    number = f"{draft.source_platform} {draft.number}".strip()
    body: dict[str, Any] = {
        "externalId": draft.key,
        "entity": {"id": draft.customer_ref.id},
        "tranDate": terms.day.isoformat(),
        "orderStatus": {"id": "A"},
        "otherRefNum": draft.po_number or draft.number,
        "memo": (f"{number}: {draft.note}" if draft.note else number)[:LONGEST_MEMO],
    }
    ids = {
        "currency": terms.currency,
        "subsidiary": settings.subsidiary,
        "location": settings.location,
        "department": settings.department,
        "class": settings.classification,
        "customForm": settings.custom_form,
        "shipMethod": settings.ship_method,
    }
    body.update({name: {"id": each} for name, each in ids.items() if each})
    if settings.ship_method:
        body["shippingCost"] = ZERO
    if draft.email:
        body["email"] = draft.email
    for name, address in (("billingAddress", draft.billing), ("shippingAddress", draft.shipping)):
        if address:
            body[name] = address_body(address)
    country = draft.shipping.country if draft.shipping else None
    lines = [line_body(line, draft.currency, settings, terms, country) for line in draft.lines]
    tax = sum((line.amounts.tax for line in draft.lines if not _is_tax(line)), ZERO)
    if settings.tax == "item" and tax:
        lines.append(plain_line(terms.item(settings.tax_item), tax, "Tax"))
    if settings.tax == "details":
        body["taxDetailsOverride"] = True
        details = []
        for line, sent in zip(draft.lines, lines, strict=True):
            sent["taxDetailsReference"] = f"p{line.position}"
            details += _details(line, settings, country)
        body["taxDetails"] = {"items": details}
    body["item"] = {"items": lines}
    return body


def _is_tax(line: DraftLine) -> bool:
    return line.kind in (LineKind.TAX, LineKind.ADJUST_TAX)


def _refuse_too_fine(draft: Draft, digits: int) -> None:
    unit = Decimal(1).scaleb(-digits)
    for line in draft.lines:
        for amount in (line.amounts.net, *(tax.amount for tax in line.amounts.taxes)):
            if amount % unit:
                raise Refused(
                    f"NetSuite keeps {draft.currency} with {digits} digits, and {amount} has more.",
                    remedy="Enter the order by hand, in whole units of what NetSuite keeps.",
                )


def line_body(
    line: DraftLine, currency: str, settings: NetSuiteSettings, terms: Terms, country: str | None
) -> dict[str, Any]:
    """One line. Rate and amount agree, so that it comes out whichever of the two NetSuite goes by."""
    if _is_tax(line):
        return plain_line(terms.item(settings.tax_item), line.amounts.tax, line.title)
    net = line.amounts.net
    text = line.title
    if line.amounts.discount:
        text = f"{text} ({line.amounts.list_amount} less {line.amounts.discount})"
    body: dict[str, Any] = {
        "item": {"id": _item(line, settings, terms)},
        "quantity": line.quantity,
        "price": {"id": CUSTOM_PRICE},
        "rate": rate_for(net, line.quantity, currency),
        "amount": net,
        "description": text,
    }
    if settings.location:
        body["location"] = {"id": settings.location}
    if settings.tax == "codes":
        code = _one_code(line, settings, country)
        if code:
            body["taxCode"] = {"id": code.code}
    return body


def plain_line(item: str, amount: Decimal, text: str) -> dict[str, Any]:
    """One of something, for this amount."""
    return {
        "item": {"id": item},
        "quantity": Decimal(1),
        "price": {"id": CUSTOM_PRICE},
        "rate": amount,
        "amount": amount,
        "description": text,
    }


def _item(line: DraftLine, settings: NetSuiteSettings, terms: Terms) -> str:
    if line.item is not None:
        return line.item.product_id
    if line.kind is LineKind.SHIPPING:
        return terms.item(settings.shipping_item)
    if line.kind in (LineKind.ROUNDING, LineKind.ADJUST_NET):
        return terms.item(settings.rounding_item)
    return terms.item(settings.fee_item)


def rate_for(net: Decimal, quantity: Decimal, currency: str) -> Decimal:
    """The shortest unit price that gives `net` when multiplied and rounded; at most eight digits."""
    exact = net / quantity
    for digits in range(RATE_DIGITS + 1):
        rate = exact.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
        if rounded(rate * quantity, currency) == net:
            return rate
    raise Refused(f"No unit price gives {net} for {quantity}.", remedy="Enter the order by hand.")


def tax_code_for(rate: Decimal | None, country: str | None, codes: Sequence[TaxCode]) -> TaxCode | None:
    """The settings' first code for a rate (a fraction) that fits the country; None if there is none."""
    percent = None if rate is None else rate * 100
    for code in codes:
        if code.country in (None, country) and (code.rate is None or code.rate == percent):
            return code
    return None


def _code(rate: Decimal | None, country: str | None, settings: NetSuiteSettings) -> TaxCode:
    code = tax_code_for(rate, country, settings.tax_codes)
    if code is None or (settings.tax == "details" and code.type is None):
        percent = "a tax without a rate" if rate is None else f"{(rate * 100).normalize():f} %"
        where = f" in {country}" if country else ""
        raise Refused(
            f"The settings name no tax code{' with its type' if code else ''} for {percent}{where}.",
            remedy="Add an entry to `tax_codes`.",
        )
    return code


def _one_code(line: DraftLine, settings: NetSuiteSettings, country: str | None) -> TaxCode | None:
    """The one code of a legacy line: stacked taxes are one code (a tax group) there, of their sum."""
    if line.kind in (LineKind.ROUNDING, LineKind.ADJUST_NET):
        return None
    rates = [tax.rate for tax in line.amounts.taxes]
    if not rates:
        return tax_code_for(ZERO, country, settings.tax_codes)
    return _code(None if None in rates else sum((rate for rate in rates if rate), ZERO), country, settings)


def _details(line: DraftLine, settings: NetSuiteSettings, country: str | None) -> list[dict[str, Any]]:
    rows = []
    for tax in line.amounts.taxes:
        code = _code(tax.rate, country, settings)
        row: dict[str, Any] = {
            "taxDetailsReference": f"p{line.position}",
            "taxCode": {"id": code.code},
            "taxType": {"id": code.type},
            "taxBasis": line.amounts.net,
            "taxAmount": tax.amount,
        }
        if tax.rate is not None:
            row["taxRate"] = tax.rate * 100
        rows.append(row)
    return rows


def address_body(address: Address) -> dict[str, Any]:
    """An address subrecord. A company is the addressee, the person then stands as attention."""
    person = " ".join(part for part in (address.first_name, address.last_name) if part)
    texts = {
        "addressee": address.company or person,
        "attention": person if address.company else None,
        "addr1": address.line1,
        "addr2": address.line2,
        "city": address.city,
        "state": address.subdivision or address.region,
        "zip": address.postcode,
        "addrPhone": address.phone,
    }
    body: dict[str, Any] = {name: text for name, text in texts.items() if text}
    if address.country:
        body["country"] = {"id": address.country}
    return body


def customer_body(
    customer: Customer, key: str, settings: NetSuiteSettings, currencies: Sequence[str]
) -> dict[str, Any]:
    """A customer, with the currencies in which it may buy. NetSuite asks a person for both names."""
    body: dict[str, Any] = {"externalId": key}
    if customer.company:
        body.update(isPerson=False, companyName=customer.company.name)
        if customer.company.vat:
            body["comments"] = f"VAT number: {customer.company.vat}"
    else:
        last = customer.last_name or customer.first_name or customer.email or customer.phone or "Customer"
        body.update(isPerson=True, firstName=customer.first_name or "-", lastName=last)
    if settings.name_customers:
        body["entityId"] = f"{customer.name or 'Customer'} {key[-6:]}"
    if customer.email:
        body["email"] = customer.email
    if customer.phone:
        body["phone"] = customer.phone
    if settings.subsidiary:
        body["subsidiary"] = {"id": settings.subsidiary}
    if len(currencies) > 1:
        body["currencyList"] = {"items": [{"currency": {"id": each}} for each in currencies]}
    if customer.address:
        entry = {
            "defaultBilling": True,
            "defaultShipping": True,
            "addressBookAddress": address_body(customer.address),
        }
        body["addressBook"] = {"items": [entry]}
    return body


# -- what stands -------------------------------------------------------------------------------------------------


def totals_of(order: OrderRecord, currency: str, tax_item: str | None) -> Totals:
    """An order's totals; lines of the tax item are tax."""
    carried = sum(
        (line.amount for line in order.item.items if tax_item and line.item and line.item.id == tax_item),
        ZERO,
    )
    tax = rounded(order.tax_total + order.tax2_total + carried, currency)
    total = rounded(order.total, currency)
    return Totals(currency=currency, net=total - tax, tax=tax, total=total)


def state_of(order: OrderRecord) -> PlacedState:
    """A closed order of which nothing left is a cancelled one: that is how NetSuite cancels over REST."""
    status = order.status.id or order.order_status.id
    if status == "A":
        return PlacedState.DRAFT
    if status == "C" or (status == "H" and not any(line.fulfilled for line in order.item.items)):
        return PlacedState.CANCELLED
    return PlacedState.CONFIRMED


def placed_of(order: OrderRecord, currency: str, tax_item: str | None) -> Placed:
    """An order that stands. NetSuite keeps lines in the order in which they were sent, and none without the others,
    so a line's place is its position; what the connector adds itself (tax, a correction) comes behind the draft's."""
    return Placed(
        ref=OrderRef(id=order.id, number=order.number),
        key=key_of(order.external_id) or "",
        state=state_of(order),
        totals=totals_of(order, currency, tax_item),
        lines=tuple(
            PlacedLine(id=line.line, position=place) for place, line in enumerate(in_order(order.item.items))
        ),
    )


def placed_of_rows(order: TotalRow, lines: Sequence[LineRow], currency: str, tax_item: str | None) -> Placed:
    """The same of rows. Tax is what the total is more than the lines that are no tax. Any closed order counts as
    cancelled: rows do not tell what of it left."""
    sold = sorted((line for line in lines if not line.is_tax), key=lambda line: int(line.id))
    carried = -sum((line.amount for line in sold if tax_item and line.item == tax_item), ZERO)
    total = rounded(order.total, currency)
    tax = rounded(total + sum((line.amount for line in sold), ZERO) + carried, currency)
    status = order.status.rpartition(":")[2]
    state = {"A": PlacedState.DRAFT, "C": PlacedState.CANCELLED, "H": PlacedState.CANCELLED}
    return Placed(
        ref=OrderRef(id=order.id, number=order.number),
        key=key_of(order.external_id) or "",
        state=state.get(status, PlacedState.CONFIRMED),
        totals=Totals(currency=currency, net=total - tax, tax=tax, total=total),
        lines=tuple(
            PlacedLine(id=line.id, position=place)
            for place, line in enumerate(line for line in sold if line.item_type != SHIPPING_TYPE)
        ),
    )


def in_order(lines: Sequence[OrderLine]) -> list[OrderLine]:
    """Lines by their keys, which grow."""
    return sorted(lines, key=lambda line: int(line.line) if line.line.isdecimal() else 0)


# -- items -------------------------------------------------------------------------------------------------------


def sku_of(row: ItemRow, field: str) -> str | None:
    """An item's SKU; of `PARENT : CHILD` the child."""
    value: str | None = getattr(row, field)
    return value.rpartition(" : ")[2] if value and field == "itemid" else value


def item_of(row: ItemRow, sku: str) -> Item:
    """An item as an order line needs it."""
    return Item(
        sku=sku,
        product_id=row.id,
        title=row.displayname or row.itemid,
        sellable=not row.inactive,
        tracks_stock=row.itemtype in _STOCKED,
        requires_shipping=row.itemtype not in UNSHIPPED,
    )
