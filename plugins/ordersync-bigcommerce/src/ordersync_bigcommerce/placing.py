"""From a draft to BigCommerce's order, and from its answer to what stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

from ordersync import (
    ZERO,
    Address,
    Draft,
    DraftLine,
    FieldProblem,
    LineKind,
    OrderRef,
    Placed,
    PlacedLine,
    PlacedState,
    Refused,
    Totals,
)
from ordersync_bigcommerce import wire
from ordersync_bigcommerce.pricing import priced
from ordersync_bigcommerce.regions import name_of
from ordersync_bigcommerce.settings import BigCommerceSettings
from ordersync_bigcommerce.statuses import CANCELLED, DECLINED, INCOMPLETE, for_draft

__all__ = ["Marks", "address_fields", "order_body", "placed"]

LONGEST_NAME = 250
LONGEST_NOTES = 65_535
_MARKS = re.compile(r"\[ordersync lines=([\d,]*) shipping=([\d,]*) fees=([\d,]*) free=([\d,]*)\]")
_GOODS = (LineKind.ITEM, LineKind.CUSTOM)


@dataclass(frozen=True)
class Marks:
    """Which line of the draft each part of the order stands for; kept in the last line of the staff notes, because
    BigCommerce's lines have no field of their own for it."""

    lines: tuple[int, ...] = ()
    """Of each product of the order, in the order of their ids."""
    shipping: tuple[int, ...] = ()
    fees: tuple[int, ...] = ()
    free: tuple[int, ...] = ()
    """Charges of nothing, which are not sent."""

    def __str__(self) -> str:
        parts = (",".join(map(str, part)) for part in (self.lines, self.shipping, self.fees, self.free))
        return "[ordersync lines={} shipping={} fees={} free={}]".format(*parts)

    @classmethod
    def read(cls, notes: str) -> Marks | None:
        """The marks in these notes; None if somebody removed them."""
        found = _MARKS.search(notes)
        if not found:
            return None
        parts = [tuple(int(one) for one in text.split(",") if one) for text in found.groups()]
        return cls(*parts)


@dataclass
class _Plan:
    """What the draft's lines become."""

    products: list[dict[str, Any]] = field(default_factory=list)
    fees: list[dict[str, Any]] = field(default_factory=list)
    shipping_net: Decimal = ZERO
    shipping_gross: Decimal = ZERO
    method: str = ""
    lines: list[int] = field(default_factory=list)
    shipping: list[int] = field(default_factory=list)
    fee_lines: list[int] = field(default_factory=list)
    free: list[int] = field(default_factory=list)

    @property
    def marks(self) -> Marks:
        return Marks(tuple(self.lines), tuple(self.shipping), tuple(self.fee_lines), tuple(self.free))


def order_body(draft: Draft, settings: BigCommerceSettings, store_currency: str | None) -> dict[str, Any]:
    """The body of `POST /v2/orders`. Both members of every pair of prices are given; totals are never overridden.

    Raises Refused, with nothing sent, if a line cannot be said there.
    """
    plan = _plan(draft, settings)
    body: dict[str, Any] = {
        "customer_id": int(draft.customer_ref.id) if draft.customer_ref else 0,
        "status_id": _status(draft, settings),
        "date_created": format_datetime(draft.placed_at),
        "external_order_id": draft.key,
        "billing_address": _billing(draft, settings),
        "products": plan.products,
        "staff_notes": _notes(draft, plan.marks),
    }
    if draft.shipping:
        method = {"shipping_method": plan.method} if plan.method else {}
        body["shipping_addresses"] = [{**address_fields(draft.shipping, draft.email), **method}]
    if plan.shipping:
        body["shipping_cost_ex_tax"] = _decimals(plan.shipping_net)
        body["shipping_cost_inc_tax"] = _decimals(plan.shipping_gross)
    if plan.fees:
        body["fees"] = plan.fees
    if draft.note:
        body["customer_message"] = draft.note
    payment = next(iter(draft.payments), None)
    if payment and (payment.method or payment.gateway):
        body["payment_method"] = payment.method or payment.gateway
    if payment and payment.transaction_id:
        body["payment_provider_id"] = payment.transaction_id
    if draft.currency != store_currency:
        body["default_currency_code"] = draft.currency
    if settings.external_source:
        body["external_source"] = settings.external_source
    if settings.channel_id:
        body["channel_id"] = settings.channel_id
    return body


def placed(
    order: wire.Order, lines: Sequence[wire.OrderProduct], fees: Sequence[wire.Fee], key: str
) -> Placed:
    """The order as it stands. Totals are the order's own; its tax is what lies between the two.

    Where the marks are gone, or do not fit what stands, no line claims a place in the draft.
    """
    marks = Marks.read(order.staff_notes)
    known = marks is not None and len(marks.lines) == len(lines) and len(marks.fees) == len(fees)
    told = marks if marks is not None and known else None
    made = [
        PlacedLine(id=str(line.id), position=told.lines[i] if told else None) for i, line in enumerate(lines)
    ]
    if told:
        made += [PlacedLine(id="shipping", position=position) for position in told.shipping]
        made += [
            PlacedLine(id=f"fee-{fee.id}", position=position)
            for fee, position in zip(fees, told.fees, strict=True)
        ]
        made += [PlacedLine(id="order", position=position) for position in told.free]
    return Placed(
        ref=OrderRef(id=str(order.id), number=str(order.id)),
        key=key,
        state=_state(order),
        totals=Totals(
            currency=order.default_currency_code,
            net=order.total_ex_tax,
            tax=order.total_inc_tax - order.total_ex_tax,
            total=order.total_inc_tax,
        ),
        lines=tuple(made),
    )


def address_fields(address: Address, email: str | None = None) -> dict[str, str]:
    """An address in their fields; what is not known is left out."""
    state = name_of(address.country, address.subdivision) if address.subdivision else address.region
    fields = {
        "first_name": address.first_name,
        "last_name": address.last_name,
        "company": address.company,
        "street_1": address.line1,
        "street_2": address.line2,
        "city": address.city,
        "state": state,
        "zip": address.postcode,
        "country_iso2": address.country,
        "phone": address.phone,
        "email": address.email or email,
    }
    return {name: value for name, value in fields.items() if value}


def _status(draft: Draft, settings: BigCommerceSettings) -> int:
    if settings.unconfirmed_first:
        return INCOMPLETE
    return for_draft(draft) if settings.created_status is None else settings.created_status


def _state(order: wire.Order) -> PlacedState:
    if order.is_deleted or order.status_id in (CANCELLED, DECLINED):
        return PlacedState.CANCELLED
    return PlacedState.DRAFT if order.status_id == INCOMPLETE else PlacedState.CONFIRMED


def _plan(draft: Draft, settings: BigCommerceSettings) -> _Plan:
    plan = _Plan()
    for line in draft.lines:
        net, gross = line.amounts.net, line.amounts.gross
        if net < 0 or gross < 0 or gross < net:
            raise _refused(line, "BigCommerce takes no negative amount")
        if line.kind in _GOODS:
            products = _products(line, draft.currency, settings.price_digits)
            plan.products += products
            plan.lines += [line.position] * len(products)
        elif line.kind is LineKind.SHIPPING:
            plan.shipping_net += net
            plan.shipping_gross += gross
            plan.shipping.append(line.position)
            plan.method = plan.method or line.title
        elif gross:
            plan.fees.append(_fee(line))
            plan.fee_lines.append(line.position)
        else:
            plan.free.append(line.position)
    if not plan.products:
        raise Refused(
            "BigCommerce takes no order without a product.",
            fields=(FieldProblem("/lines", "holds no product"),),
        )
    return plan


def _products(line: DraftLine, currency: str, digits: int) -> list[dict[str, Any]]:
    if line.quantity != line.quantity.to_integral_value():
        raise _refused(line, "BigCommerce counts whole units only")
    what: dict[str, Any]
    if line.item:
        what = {"product_id": int(line.item.product_id)}
        if line.item.variant_id:
            what["variant_id"] = int(line.item.variant_id)
    else:
        what = {"name": line.title[:LONGEST_NAME] or "Item"}
        if line.sku:
            what["sku"] = line.sku
    try:
        pairs = priced(int(line.quantity), line.amounts.net, line.amounts.gross, currency, digits)
    except ValueError as error:
        raise _refused(line, str(error).capitalize()) from None
    return [
        {**what, "quantity": one.quantity, "price_ex_tax": one.ex_tax, "price_inc_tax": one.inc_tax}
        for one in pairs
    ]


def _fee(line: DraftLine) -> dict[str, Any]:
    return {
        "type": "custom_fee",
        "display_name_customer": line.title[:LONGEST_NAME] or "Fee",
        "display_name_merchant": line.title[:LONGEST_NAME] or "Fee",
        "source": "ordersync",
        "cost_ex_tax": _decimals(line.amounts.net),
        "cost_inc_tax": _decimals(line.amounts.gross),
    }


def _billing(draft: Draft, settings: BigCommerceSettings) -> dict[str, str]:
    fields = address_fields(draft.billing or draft.shipping or Address(), draft.email)
    if draft.phone:
        fields.setdefault("phone", draft.phone)
    if draft.company:
        fields.setdefault("company", draft.company.name)
    if len(fields.get("zip", "")) < 2:
        fields["zip"] = settings.missing_zip
    return fields


def _notes(draft: Draft, marks: Marks) -> str:
    """For people, what BigCommerce has no field for; and in the last line for us."""
    off = sum((line.amounts.discount for line in draft.lines), ZERO) + draft.asked_discount
    paid = [f"{one.amount} by {one.method or one.gateway or one.kind}" for one in draft.payments]
    parts = [
        f"Order number: {draft.number}",
        f"PO number: {draft.po_number}" if draft.po_number else "",
        f"Discount codes: {', '.join(draft.discount_codes)}" if draft.discount_codes else "",
        f"Discounts in the prices: {off} {draft.currency}" if off else "",
        f"Payments: {', '.join(paid)}" if len(paid) > 1 else "",
        f"Tags: {', '.join(draft.tags)}" if draft.tags else "",
        *(
            f"{line.title}: {', '.join(f'{name} = {value}' for name, value in line.properties.items())}"
            for line in draft.lines
            if line.properties
        ),
    ]
    text = "\n".join(part for part in parts if part)
    return f"{text[: LONGEST_NOTES - len(str(marks)) - 1]}\n{marks}"


def _decimals(amount: Decimal) -> str:
    """As BigCommerce itself writes amounts."""
    return f"{amount:.4f}"


def _refused(line: DraftLine, why: str) -> Refused:
    return Refused(f"{why}.", fields=(FieldProblem(f"/lines/{line.position}", why),))
