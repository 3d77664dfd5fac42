"""From a draft to the order that WooCommerce is asked for. Pure.

WooCommerce takes net amounts of lines, shipping and fees, and computes every tax and total itself. By default the order is
exempt from tax and its taxes are one fee, so that the total is exact whatever the shop's rates are.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ordersync import Draft, DraftLine, FieldProblem, LineKind, Refused, is_email
from ordersync_woocommerce import marks
from ordersync_woocommerce.places import LONGEST_PHONE, asked_address
from ordersync_woocommerce.settings import WooCommerceSettings
from ordersync_woocommerce.statuses import asked_status, is_paid
from ordersync_woocommerce.taxing import Rules, Taxed, taxed

__all__ = ["asked_order"]

ZERO = Decimal(0)
LONGEST_TRANSACTION = 100
"""HPOS cuts a longer one without an error (seen)."""


def asked_order(draft: Draft, settings: WooCommerceSettings, rules: Rules) -> dict[str, Any]:
    """The body of `POST /orders`. Raises Refused, field by field, if the shop could not hold the order as it is."""
    _refuse_what_cannot_stand(draft, rules)
    plan = taxed(draft, rules) if settings.taxes == "real" else None
    fees = [_fee(line, plan) for line in draft.lines if _is_fee(line, plan)]
    shipping = [line for line in draft.lines if line.kind is LineKind.SHIPPING]
    if plan is None:
        sent = sum((_without_tax(line) for line in draft.lines), ZERO)
        tax = draft.expected.total - sent
        if tax:
            fees.append(_row(settings.tax_title, tax, {marks.KIND: marks.TAX_FEE}) | {"tax_status": "none"})
    _refuse_a_discount_beyond(draft, fees, shipping)
    body: dict[str, Any] = {
        "created_via": draft.key,
        "status": asked_status(draft, settings.unpaid_status),
        "currency": draft.currency,
        "customer_id": int(draft.customer_ref.id) if draft.customer_ref else 0,
        "billing": asked_address(draft.billing, email=_email(draft), phone=_phone(draft)),
        "shipping": asked_address(draft.shipping),
        "line_items": [_item(line, plan) for line in draft.lines if line.kind is LineKind.ITEM],
        "shipping_lines": [_shipping(line, plan, settings) for line in shipping],
        "fee_lines": sorted(fees, key=lambda fee: Decimal(fee["total"]) < 0),
        "meta_data": _metas(draft, settings, exempt=plan is None),
    }
    if draft.note:
        body["customer_note"] = draft.note
    payment = next(iter(draft.payments), None)
    if payment is not None:
        named = {"payment_method": payment.gateway, "payment_method_title": payment.method or payment.gateway}
        body |= {name: text[:100] for name, text in named.items() if text}
    transactions = [paid.transaction_id for paid in draft.payments if paid.transaction_id]
    if transactions and len(transactions[0]) <= LONGEST_TRANSACTION:
        body["transaction_id"] = transactions[0]
    if is_paid(draft) and body["status"] in ("processing", "completed"):
        body["set_paid"] = True
    return body


def _text(amount: Decimal) -> str:
    """With a point, never through a locale: `8,40` would be taken as 840 (seen)."""
    return format(amount, "f")


def _is_fee(line: DraftLine, plan: Taxed | None) -> bool:
    if line.kind is LineKind.SHIPPING:
        return plan is not None and line.position in plan.shipping_as_fee
    return line.kind is not LineKind.ITEM


def _without_tax(line: DraftLine) -> Decimal:
    """What is sent for a line before the fee for all taxes; a line that is tax alone is such a fee itself."""
    return line.amounts.gross if line.kind is LineKind.TAX else line.amounts.net


def _row(name: str, total: Decimal, noted: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "total": _text(total), "meta_data": marks.metas(noted)}


def _fee(line: DraftLine, plan: Taxed | None) -> dict[str, Any]:
    """Lines without a product: WooCommerce has fees for them, which have no quantity."""
    name = f"{line.title} × {_text(line.quantity)}" if line.quantity != 1 else line.title
    kind = marks.TAX_FEE if line.kind is LineKind.TAX else line.kind.value
    fee = _row(name, _without_tax(line), _line_marks(line) | {marks.KIND: kind})
    slug = plan.classes[line.position] if plan else None
    if slug is None:
        return fee | {"tax_status": "none"}
    return fee | {"tax_status": "taxable", "tax_class": slug}


def _line_marks(line: DraftLine) -> dict[str, str]:
    return {marks.POSITION: str(line.position)}


def _item(line: DraftLine, plan: Taxed | None) -> dict[str, Any]:
    assert line.item is not None
    net = line.amounts.net
    total = plan.totals[line.position] if plan else net
    row: dict[str, Any] = {
        "product_id": int(line.item.product_id),
        "quantity": int(line.quantity),
        "name": line.title,
        "subtotal": _text(total + _net_discount(line)),
        "total": _text(total),
        "meta_data": marks.metas(line.properties | _line_marks(line)),
    }
    if line.item.variant_id:
        row["variation_id"] = int(line.item.variant_id)
    if plan:
        row["tax_class"] = plan.classes[line.position]
    return row


def _net_discount(line: DraftLine) -> Decimal:
    """The discount without tax: in the proportion of the line's own net and gross, or of its rates if it is free."""
    off, net, gross = line.amounts.discount, line.amounts.net, line.amounts.gross
    if not off or line.amounts.list_amount - off == net:
        return off
    share = net / gross if gross else 1 / (1 + sum((tax.rate or ZERO for tax in line.amounts.taxes), ZERO))
    digits = Decimal(1).scaleb(int(off.as_tuple().exponent))
    return (off * share).quantize(digits, rounding=ROUND_HALF_UP)


def _shipping(line: DraftLine, plan: Taxed | None, settings: WooCommerceSettings) -> dict[str, Any]:
    total = line.amounts.net
    if plan:
        total = ZERO if line.position in plan.shipping_as_fee else plan.totals[line.position]
    return {
        "method_id": settings.shipping_method,
        "method_title": line.title,
        "total": _text(total),
        "meta_data": marks.metas(_line_marks(line)),
    }


def _email(draft: Draft) -> str | None:
    email = (draft.billing.email if draft.billing else None) or draft.email
    return email if email and is_email(email) else None


def _phone(draft: Draft) -> str | None:
    return (draft.billing.phone if draft.billing else None) or draft.phone


def _metas(draft: Draft, settings: WooCommerceSettings, *, exempt: bool) -> list[dict[str, Any]]:
    phone = _phone(draft)
    transactions = [paid.transaction_id for paid in draft.payments if paid.transaction_id]
    noted = {
        **{f"source_{key}": value for key, value in draft.metadata.items()},
        marks.NUMBER: draft.number,
        "ordersync_source": f"{draft.source_platform} {draft.source_id}",
        "ordersync_placed_at": draft.placed_at.isoformat(),
        "ordersync_discount_codes": ", ".join(draft.discount_codes),
        "ordersync_tags": ", ".join(draft.tags),
        "_purchase_order_number": draft.po_number,
        "ordersync_phone": phone if phone and len(phone) > LONGEST_PHONE else None,
        "ordersync_transactions": ", ".join(transactions)
        if len(", ".join(transactions)) > LONGEST_TRANSACTION or len(transactions) > 1
        else None,
        "ordersync_vat": draft.company.vat if draft.company else None,
        marks.EXEMPT: "yes" if exempt else None,
        marks.STOCK_DONE: "yes" if settings.stock == "elsewhere" else None,
    }
    return marks.metas(noted)


def _refuse_what_cannot_stand(draft: Draft, rules: Rules) -> None:
    """Batches skip the shop's own checks, and some values are changed or fatal there: all are checked here."""
    problems = []
    for line in draft.lines:
        place = f"/lines/{line.position}"
        if line.kind is LineKind.ITEM:
            if line.quantity != line.quantity.to_integral_value() or line.quantity < 1:
                problems.append(
                    FieldProblem(place, f"WooCommerce sells whole units, not {line.quantity}", "quantity")
                )
            if line.item is None or not line.item.product_id.isdecimal():
                problems.append(FieldProblem(place, "the line names no product of the shop", "product"))
        if line.kind is LineKind.SHIPPING and line.amounts.net < 0:
            problems.append(FieldProblem(place, "shipping cannot be negative", "negative"))
        if _too_fine(line.amounts.net, rules):
            problems.append(FieldProblem(place, _digits(rules), "decimals"))
    if _too_fine(draft.expected.total, rules) or _too_fine(draft.expected.tax, rules):
        problems.append(FieldProblem("/expected", _digits(rules), "decimals"))
    if draft.customer_ref and not draft.customer_ref.id.isdecimal():
        problems.append(FieldProblem("/customer_ref", "is no customer of the shop", "customer"))
    if problems:
        raise Refused("WooCommerce could not hold this order as it is", fields=tuple(problems))


def _too_fine(amount: Decimal, rules: Rules) -> bool:
    return bool(amount % rules.unit)


def _digits(rules: Rules) -> str:
    return f"the shop keeps {rules.decimals} decimals (WooCommerce > Settings > General)"


def _refuse_a_discount_beyond(
    draft: Draft, fees: Sequence[dict[str, Any]], shipping: Sequence[DraftLine]
) -> None:
    """Negative fees are cut down to what they are taken from, without an error (seen)."""
    totals = [Decimal(fee["total"]) for fee in fees]
    goods = [line.amounts.net for line in draft.lines if line.kind is LineKind.ITEM]
    there = sum(goods, ZERO) + sum((line.amounts.net for line in shipping), ZERO) + sum(totals, ZERO)
    if there < 0 and any(total < 0 for total in totals):
        raise Refused(
            "WooCommerce could not hold this order as it is",
            fields=(FieldProblem("/lines", "discounts as lines exceed the rest of the order", "negative"),),
            remedy="Enter the order by hand.",
        )
