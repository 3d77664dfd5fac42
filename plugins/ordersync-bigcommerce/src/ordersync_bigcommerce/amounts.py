"""The money of an order as it was sold: from BigCommerce's four decimals to minor units that add up as the order says.

What is known (sources in the README): a line's `total_ex_tax` and `total_inc_tax` are before discounts, its `total_tax`
and `discounted_total_inc_tax` are after them; `total_ex_tax + total_tax = total_inc_tax` of the order. What is not
known is read in the way that gives the stated total; if none does, the order says `source_totals_differ`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from ordersync import ZERO, Amounts, Discount, Tax, minor_unit, rounded, shares
from ordersync_bigcommerce import wire

__all__ = ["Money", "Part", "money_of", "parts_of"]


@dataclass(frozen=True)
class Part:
    """One thing that is paid for, exactly as stated."""

    gross: Decimal
    tax: Decimal
    discounts: tuple[Discount, ...] = ()
    """In the basis of the store's prices; not yet rounded."""
    rates: tuple[wire.OrderTax, ...] = ()
    unit_price: Decimal | None = None


@dataclass(frozen=True)
class Money:
    """Each part's amounts, in the order of the parts, and the order's total."""

    amounts: tuple[Amounts, ...]
    total: Decimal


def line_part(
    line: wire.OrderProduct, *, included: bool, rates: tuple[wire.OrderTax, ...], unit: Decimal
) -> Part:
    """One line. What is stated after discounts counts; where it is missing, or is of another time than the line's
    totals, these do."""
    off = sum((one.amount for one in line.applied_discounts), ZERO)
    gross, tax = line.total_inc_tax, line.total_inc_tax - line.total_ex_tax
    if off:
        tax = line.total_tax
        gross = line.total_inc_tax - off if included else line.total_ex_tax - off + tax
    elif abs(line.total_tax - tax) < unit:
        tax = line.total_tax
    stated = line.discounted_total_inc_tax
    if stated is not None and (off or abs(stated - gross) < unit):
        gross = stated
    return Part(
        gross=gross,
        tax=tax,
        discounts=tuple(
            Discount(amount=one.amount, title=one.name or None, code=one.code or None)
            for one in line.applied_discounts
            if one.amount
        ),
        rates=rates,
        unit_price=line.price_inc_tax if included else line.price_ex_tax,
    )


def pair_part(ex: Decimal, inc: Decimal, *, rates: tuple[wire.OrderTax, ...] = ()) -> Part:
    """Shipping, handling, wrapping or a fee: a pair of amounts."""
    return Part(gross=inc, tax=inc - ex, rates=rates)


def parts_of(
    order: wire.Order,
    lines: Sequence[wire.OrderProduct],
    fees: Sequence[wire.Fee],
    taxes: Sequence[wire.OrderTax],
) -> list[Part]:
    """Every line, then shipping, handling, wrapping (each if it costs anything), then every fee."""
    included = order.is_tax_inclusive_pricing
    only = _only_rate(taxes)

    def rates(kind: str, line: int | None = None) -> tuple[wire.OrderTax, ...]:
        found = tuple(
            one
            for one in taxes
            if one.line_item_type == kind and (line is None or one.order_product_id == str(line))
        )
        return found or only

    unit = minor_unit(order.default_currency_code)
    parts = [line_part(line, included=included, rates=rates("item", line.id), unit=unit) for line in lines]
    for ex, inc, kind in (
        (order.shipping_cost_ex_tax, order.shipping_cost_inc_tax, "shipping"),
        (order.handling_cost_ex_tax, order.handling_cost_inc_tax, "handling"),
        (order.wrapping_cost_ex_tax, order.wrapping_cost_inc_tax, "gift-wrapping"),
    ):
        if ex or inc:
            parts.append(pair_part(ex, inc, rates=rates(kind)))
    for fee in fees:
        ex, inc = fee_pair(fee)
        parts.append(pair_part(ex, inc, rates=only))
    return parts


def fee_pair(fee: wire.Fee) -> tuple[Decimal, Decimal]:
    """Without and with tax; two of the three figures are always there."""
    ex = fee.cost_ex_tax if fee.cost_ex_tax is not None else fee.cost_exc_tax
    inc, tax = fee.cost_inc_tax, fee.cost_tax
    if ex is None:
        ex = (inc or ZERO) - (tax or ZERO)
    if inc is None:
        inc = ex + (tax or ZERO)
    return ex, inc


def money_of(order: wire.Order, parts: Sequence[Part]) -> Money:
    """The parts in minor units. They are rounded together, so that what was rounded once in the order's totals is
    not rounded again in each part."""
    currency = order.default_currency_code
    unit = minor_unit(currency)
    included = order.is_tax_inclusive_pricing
    total = rounded(order.total_inc_tax, currency)
    applied = sum((off.amount for part in parts for off in part.discounts), ZERO)
    beyond = order.discount_amount + order.coupon_discount - applied
    prepaid = order.gift_certificate_amount + order.store_credit_amount
    parts = list(parts)
    over = sum((part.gross for part in parts), ZERO) - order.total_inc_tax
    if beyond > 0 and over >= unit and abs(over - beyond) < unit:
        parts = _allocated(parts, beyond, currency)
    elif prepaid > 0 and over >= unit and abs(over - prepaid) < unit:
        total = rounded(order.total_inc_tax + prepaid, currency)
    whole = order.total_inc_tax if total == rounded(order.total_inc_tax, currency) else total
    grosses = spread([part.gross for part in parts], whole, currency)
    taxes = spread([part.tax for part in parts], order.total_tax, currency)
    return Money(
        amounts=tuple(
            _amounts(part, gross, tax, included, currency)
            for part, gross, tax in zip(parts, grosses, taxes, strict=True)
        ),
        total=total,
    )


def spread(exact: Sequence[Decimal], whole: Decimal, currency: str) -> list[Decimal]:
    """Each amount in minor units; together they give `whole`, rounded, where rounding alone stands between them."""
    unit = minor_unit(currency)
    wanted = rounded(whole, currency)
    if abs(sum(exact, ZERO) - whole) >= unit:
        return [rounded(one, currency) for one in exact]
    made = [(one / unit).to_integral_value(rounding=ROUND_FLOOR) * unit for one in exact]
    missing = int((wanted - sum(made, ZERO)) / unit)
    if not 0 <= missing <= len(made):
        return [rounded(one, currency) for one in exact]
    dearest = sorted(range(len(made)), key=lambda i: (made[i] - exact[i], i))
    for i in dearest[:missing]:
        made[i] += unit
    return made


def _allocated(parts: list[Part], amount: Decimal, currency: str) -> list[Part]:
    """A discount that lies on no line, shared among them by what they cost."""
    off = shares(rounded(amount, currency), [part.gross for part in parts], currency)
    return [
        Part(
            gross=part.gross - share,
            tax=part.tax,
            discounts=(*part.discounts, Discount(amount=share)) if share else part.discounts,
            rates=part.rates,
            unit_price=part.unit_price,
        )
        for part, share in zip(parts, off, strict=True)
    ]


def _amounts(part: Part, gross: Decimal, tax: Decimal, included: bool, currency: str) -> Amounts:
    net = gross - tax
    off = tuple(
        one.model_copy(update={"amount": rounded(one.amount, currency)})
        for one in part.discounts
        if rounded(one.amount, currency)
    )
    paid = gross if included else net
    return Amounts(
        list_amount=paid + sum((one.amount for one in off), ZERO),
        discounts=off,
        net=net,
        taxes=_taxes(part, tax, currency),
        unit_price=part.unit_price,
    )


def _taxes(part: Part, tax: Decimal, currency: str) -> tuple[Tax, ...]:
    """The part's tax, as the taxes that lie on it: their amounts are shares of what the part states."""
    if not tax:
        return ()
    rates = [one for one in part.rates if one.rate > 0]
    if not rates:
        names = {one.name for one in part.rates if one.name}
        return (Tax(title=names.pop() if len(names) == 1 else "Tax", amount=tax),)
    stated = sum((one.line_amount for one in rates), ZERO)
    weights = [one.line_amount if stated else one.rate for one in rates]
    return tuple(
        Tax(title=one.name or one.class_ or "Tax", rate=(one.rate / 100).normalize(), amount=amount)
        for one, amount in zip(rates, shares(tax, weights, currency), strict=True)
    )


def _only_rate(taxes: Sequence[wire.OrderTax]) -> tuple[wire.OrderTax, ...]:
    """The tax of the whole order, if there is but one: then it lies on whatever is taxed."""
    kinds = {(one.name, one.rate) for one in taxes}
    return (taxes[0],) if len(kinds) == 1 else ()
