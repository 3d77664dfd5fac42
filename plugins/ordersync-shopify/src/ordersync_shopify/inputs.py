"""From our words to Shopify's inputs. Pure. Amounts are strings, so that none passes through a float.

`orderCreate` takes unit prices, one fixed discount for the whole order, and each line's taxes; it computes the totals
from these, and never computes a tax.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from ordersync import (
    ZERO,
    Address,
    Customer,
    Draft,
    DraftLine,
    FieldProblem,
    LineKind,
    Payment,
    PaymentKind,
    PaymentStatus,
    Refused,
    Tax,
)
from ordersync_shopify.events import PAYMENT_GATEWAYS
from ordersync_shopify.mapping import PAYMENT_WORDS
from ordersync_shopify.marks import POSITION, SHIPPING_CODE, gid

__all__ = ["NUMBER_LABEL", "customer_input", "order_input"]

NUMBER_LABEL = "Order number"
"""The additional detail that shows the source's number."""
LONGEST_CODE = 254


_FINANCIAL_STATUSES = {status: word for word, status in PAYMENT_WORDS.items()}
_GATEWAYS = {kind: gateway for gateway, kind in PAYMENT_GATEWAYS.items()}


def order_input(
    draft: Draft, *, source_name: str | None = None, discount_title: str = "Discount"
) -> dict[str, Any]:
    """`OrderCreateOrderInput` for a fitted draft.

    The key becomes `sourceIdentifier`; the source's number becomes an additional detail, and the PO number if the
    draft has none. The order's phone number goes into an address only: at the order it must belong to no other
    customer. Without payments the payment status is sent as it is. Raises Refused for what an order line cannot hold.
    """
    _check(draft)
    bag = _bagger(draft.currency)
    goods = [line for line in draft.lines if line.kind is not LineKind.SHIPPING]
    transactions = [_transaction_input(each, bag, draft.test) for each in _payable(draft.payments)]
    asked: dict[str, Any] = {
        "sourceIdentifier": draft.key,
        "sourceName": source_name,
        "poNumber": draft.po_number or draft.number,
        "currency": draft.currency,
        "taxesIncluded": draft.taxes_included,
        "email": draft.email,
        "customer": {"toAssociate": {"id": gid("Customer", draft.customer_ref.id)}}
        if draft.customer_ref
        else None,
        "lineItems": [_line_input(line, bag) for line in goods],
        "shippingLines": [
            _shipping_input(line, bag) for line in draft.lines if line.kind is LineKind.SHIPPING
        ]
        or None,
        "discountCode": _discount_input(draft, bag, discount_title),
        "transactions": transactions or None,
        "financialStatus": None if transactions else _FINANCIAL_STATUSES.get(draft.payment_status),
        "billingAddress": _address_input(draft.billing),
        "shippingAddress": _address_input(draft.shipping, draft.phone),
        "processedAt": draft.placed_at.isoformat(),
        "note": draft.note,
        "tags": list(draft.tags) or None,
        "customAttributes": [
            {"key": key, "value": value}
            for key, value in {**draft.metadata, NUMBER_LABEL: draft.number}.items()
        ],
        "test": draft.test or None,
    }
    return {name: value for name, value in asked.items() if value is not None}


def _check(draft: Draft) -> None:
    problems = []
    for line in draft.lines:
        place = f"/lines/{line.position}"
        if line.kind in (LineKind.TAX, LineKind.ADJUST_TAX):
            problems.append(FieldProblem(place, "a line cannot be tax alone", "tax_line"))
        if line.quantity != line.quantity.to_integral_value():
            problems.append(FieldProblem(f"{place}/quantity", "quantities are whole numbers", "quantity"))
        if line.asked_price < 0:
            problems.append(FieldProblem(f"{place}/asked_price", "prices are not negative", "price"))
    if not any(line.kind is not LineKind.SHIPPING for line in draft.lines):
        problems.append(FieldProblem("/lines", "an order needs a line that is not shipping", "lines"))
    if problems:
        raise Refused(
            "Shopify cannot hold this order", fields=tuple(problems), remedy="Enter the order by hand."
        )


def _bagger(currency: str) -> Callable[[Decimal], dict[str, Any]]:
    def bag(amount: Decimal) -> dict[str, Any]:
        return {"shopMoney": {"amount": format(amount, "f"), "currencyCode": currency}}

    return bag


def _line_input(line: DraftLine, bag: Callable[[Decimal], dict[str, Any]]) -> dict[str, Any]:
    """One line. A catalogue line takes title and SKU from its variant; nothing else does (`requiresShipping` neither)."""
    variant = line.item.variant_id if line.item else None
    asked: dict[str, Any] = (
        {"variantId": gid("ProductVariant", variant)} if variant else {"title": line.title}
    )
    if not variant and line.sku:
        asked["sku"] = line.sku
    properties = [
        {"name": name, "value": value} for name, value in line.properties.items() if name != POSITION
    ]
    return {
        **asked,
        "quantity": int(line.quantity),
        "priceSet": bag(line.asked_price),
        "requiresShipping": line.requires_shipping,
        "taxable": bool(line.amounts.taxes),
        "taxLines": _tax_inputs(line, bag),
        "properties": [*properties, {"name": POSITION, "value": str(line.position)}],
    }


def _shipping_input(line: DraftLine, bag: Callable[[Decimal], dict[str, Any]]) -> dict[str, Any]:
    return {
        "title": line.title,
        "code": f"{SHIPPING_CODE}{line.position}",
        "priceSet": bag(line.asked_price * line.quantity),
        "taxLines": _tax_inputs(line, bag),
    }


def _tax_inputs(line: DraftLine, bag: Callable[[Decimal], dict[str, Any]]) -> list[dict[str, Any]]:
    """The taxes with their whole amounts. A rate is mandatory: one that the source does not state is what the amounts
    come to, in six digits; Shopify shows it and computes nothing from it."""
    return [
        {
            "title": tax.title or "Tax",
            "rate": format(tax.rate if tax.rate is not None else _effective_rate(tax, line), "f"),
            "priceSet": bag(tax.amount),
        }
        for tax in line.amounts.taxes
    ]


def _effective_rate(tax: Tax, line: DraftLine) -> Decimal:
    return (tax.amount / line.amounts.net).quantize(Decimal("0.000001")) if line.amounts.net else ZERO


def _discount_input(
    draft: Draft, bag: Callable[[Decimal], dict[str, Any]], title: str
) -> dict[str, Any] | None:
    if not draft.asked_discount:
        return None
    code = " + ".join(draft.discount_codes) or title
    return {"itemFixedDiscountCode": {"code": code[:LONGEST_CODE], "amountSet": bag(draft.asked_discount)}}


def _payable(payments: Iterable[Payment]) -> list[Payment]:
    """A sale of nothing is refused (recorded), and what is only promised is no transaction."""
    return [each for each in payments if each.amount > 0 and each.status is not PaymentStatus.PENDING]


def _transaction_input(
    payment: Payment, bag: Callable[[Decimal], dict[str, Any]], test: bool
) -> dict[str, Any]:
    asked = {
        "kind": "AUTHORIZATION" if payment.kind is PaymentKind.AUTHORIZATION else "SALE",
        "status": "SUCCESS",
        "amountSet": bag(payment.amount),
        "gateway": payment.gateway or payment.method or _GATEWAYS.get(payment.kind, "manual"),
        "authorizationCode": payment.transaction_id,
        "processedAt": payment.processed_at.isoformat() if payment.processed_at else None,
        "test": test or None,
    }
    return {name: value for name, value in asked.items() if value is not None}


def _address_input(address: Address | None, phone: str | None = None) -> dict[str, Any] | None:
    """`MailingAddressInput`. A last name must be there (reported): the company's or the first name stands in."""
    if address is None:
        return None
    last = address.last_name or address.company or address.first_name
    asked = {
        "firstName": address.first_name if address.last_name or last != address.first_name else None,
        "lastName": last,
        "company": address.company,
        "address1": address.line1,
        "address2": address.line2,
        "city": address.city,
        "zip": address.postcode,
        "countryCode": address.country,
        "provinceCode": address.subdivision,
        "province": address.region if not address.subdivision else None,
        "phone": address.phone or phone,
    }
    return {name: value for name, value in asked.items() if value}


def customer_input(customer: Customer, key: str) -> dict[str, Any]:
    """`CustomerInput`, with the key as a tag: tags can be searched and replace nothing.

    Without e-mail, phone and name a customer is refused; the company then stands in as last name.
    """
    phone = customer.phone if customer.phone and customer.phone.startswith("+") else None
    named = bool(customer.first_name or customer.last_name)
    asked = {
        "email": customer.email,
        "phone": phone,
        "firstName": customer.first_name,
        "lastName": customer.last_name if named else (customer.company.name if customer.company else None),
        "note": customer.note,
        "tags": [key],
    }
    return {name: value for name, value in asked.items() if value}
