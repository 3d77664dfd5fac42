"""Fit before sending: predict the target's arithmetic and make the draft come out to the cent under it.

Pure. Where a target computes a line from unit price, quantity and a percent, a price and a percent are chosen that give
the line's total exactly; where it computes taxes from rates, what its rounding will miss is made up for by an
adjustment line, within a bound. What cannot be made to fit is not sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_DOWN, Context, Decimal

from ordersync.model import (
    ZERO,
    Amounts,
    Arithmetic,
    Discount,
    Draft,
    DraftLine,
    Facts,
    LineKind,
    Problem,
    Tax,
    Totals,
    minor_unit,
    minor_units,
    operation_key,
    rounded,
    shares,
)

__all__ = ["SMALLEST_BOUND", "Unfit", "fit", "holds_price", "predict"]

SMALLEST_BOUND = 5
"""An adjustment may always be this many minor units: taxes rounded per unit or per order miss by more than one a line."""
_DOUBLE = Context(prec=16)
_HUNDRED = Decimal(100)


class Unfit(Exception):
    """The draft cannot be made to come out on this target; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def fit(draft: Draft, facts: Facts, *, adjustment: int = 1) -> Draft:
    """The draft as the target must be asked, so that its totals become `draft.expected`.

    `adjustment` is how many minor units per line an adjustment line may make up for (0: none). Raises Unfit.
    """
    rules = facts.arithmetic
    if rules.tax == "rates":
        draft = _carry_unrated_taxes(draft, rules)
    if rules.line_total == "priced":
        draft = _price_lines(draft, rules)
    if rules.tax == "rates":
        draft = _adjust(draft, rules, adjustment)
    if draft.lines and [line.position for line in draft.lines] != list(range(len(draft.lines))):
        draft = draft.model_copy(
            update={
                "lines": tuple(
                    line.model_copy(update={"position": i, "key": operation_key(draft.key, f"line:{i}")})
                    for i, line in enumerate(draft.lines)
                )
            }
        )
    return draft


def predict(draft: Draft, rules: Arithmetic) -> Totals:
    """What a target with these rules will compute from a draft, before or after it was fitted."""
    net, tax = -_besides(draft, rules), ZERO
    by_rate: dict[Decimal, Decimal] = defaultdict(Decimal)
    by_rate_included: dict[tuple[Decimal, ...], dict[Decimal, Decimal]] = {}
    currency = draft.currency
    for line in draft.lines:
        paid = line.amounts.list_amount - line.amounts.discount
        rates = tuple(tax.rate for tax in line.amounts.taxes if tax.rate)
        if rules.tax == "given" or line.kind in (LineKind.ADJUST_NET, LineKind.ADJUST_TAX, LineKind.TAX):
            net += line.amounts.net
            tax += line.amounts.tax
        elif not rates:
            net += paid
        elif draft.taxes_included:
            whole = 1 + sum(rates, ZERO)
            if rules.tax_rounding == "order" and rules.included_order_rounding:
                sums = by_rate_included.setdefault(rates, defaultdict(Decimal))
                for rate in rates:
                    sums[rate] += paid * rate / whole
                net += paid
            elif rules.included_tax == "net_first":
                base = rounded(paid / whole, currency)
                net += base
                tax += paid - base
            else:
                parts = sum((rounded(paid * rate / whole, currency) for rate in rates), ZERO)
                net += paid - parts
                tax += parts
        else:
            net += paid
            if rules.tax_rounding == "order":
                for rate in rates:
                    by_rate[rate] += paid * rate
            else:
                tax += sum((rounded(paid * rate, currency) for rate in rates), ZERO)
    tax += sum((rounded(amount, currency) for amount in by_rate.values()), ZERO)
    for sums in by_rate_included.values():
        included = sum((rounded(amount, currency) for amount in sums.values()), ZERO)
        net -= included
        tax += included
    return Totals(currency=currency, net=net, tax=tax, total=net + tax)


def holds_price(price: Decimal, currency: str, rules: Arithmetic) -> bool:
    """Whether a unit price stands on a target with these rules, digit for digit."""
    return _fits(price, _digits(rules, currency))


def _besides(draft: Draft, rules: Arithmetic) -> Decimal:
    """What the one order discount takes off besides the lines' own discounts: negative lines that became part of it."""
    if rules.line_total != "priced" or rules.line_discount == "percent" or not rules.order_discount:
        return ZERO
    if not draft.asked_discount:
        return ZERO
    of_lines = sum(
        (
            line.amounts.discount
            for line in draft.lines
            if line.kind in (LineKind.ITEM, LineKind.CUSTOM) and line.amounts.list_amount >= 0
        ),
        ZERO,
    )
    return draft.asked_discount - of_lines


def _carry_unrated_taxes(draft: Draft, rules: Arithmetic) -> Draft:
    """Taxes whose rate the source does not state become a line of their own; their charges lose them."""
    amount = ZERO
    lines = []
    for line in draft.lines:
        unrated = tuple(tax for tax in line.amounts.taxes if tax.rate is None and tax.amount)
        if not unrated or line.kind is LineKind.TAX:
            lines.append(line)
            continue
        if draft.taxes_included:
            raise Unfit(
                Problem(
                    code="tax_rate_missing",
                    message="prices include a tax whose rate the source does not state",
                    remedy="Have the source state its tax rates, or send prices without tax.",
                    place=f"/lines/{line.position}",
                )
            )
        amount += sum((tax.amount for tax in unrated), ZERO)
        kept = tuple(tax for tax in line.amounts.taxes if tax not in unrated)
        lines.append(line.model_copy(update={"amounts": line.amounts.model_copy(update={"taxes": kept})}))
    if not amount:
        return draft.model_copy(update={"lines": tuple(lines)})
    if not rules.tax_adjustment:
        raise Unfit(
            Problem(
                code="tax_rate_missing",
                message="the source states a tax without its rate, and the target computes taxes from rates",
                remedy="Have the source state its tax rates.",
            )
        )
    lines.append(_extra(draft, len(lines), LineKind.TAX, "Tax", tax=amount))
    return draft.model_copy(update={"lines": tuple(lines)})


def _price_lines(draft: Draft, rules: Arithmetic) -> Draft:
    lines: list[DraftLine] = []
    order_discount = draft.asked_discount
    for line in draft.lines:
        if line.kind in (LineKind.TAX, LineKind.ADJUST_NET, LineKind.ADJUST_TAX):
            lines.append(line)
        elif rules.line_discount == "percent":
            price, percent = _price_and_percent(line, draft.currency, rules)
            lines.append(line.model_copy(update={"asked_price": price, "asked_percent": percent}))
        else:
            paid = line.amounts.list_amount - line.amounts.discount
            goods = line.kind in (LineKind.ITEM, LineKind.CUSTOM)
            asked = paid
            if rules.order_discount and goods and line.amounts.list_amount >= 0:
                asked = line.amounts.list_amount
                order_discount += line.amounts.discount
            if asked < 0 and not rules.negative_lines:
                if not rules.order_discount or line.amounts.tax:
                    raise Unfit(
                        Problem(
                            code="negative_line",
                            message="the target takes no negative lines",
                            remedy="Enter the order by hand.",
                            place=f"/lines/{line.position}",
                        )
                    )
                order_discount -= asked
                continue
            lines.extend(_split(line, asked, draft, rules))
    return draft.model_copy(update={"lines": tuple(lines), "asked_discount": order_discount})


def _digits(rules: Arithmetic, currency: str) -> int | None:
    if rules.currency_digits_cap:
        known = minor_units(currency)
        return known if rules.price_digits is None else min(known, rules.price_digits)
    return rules.price_digits


def _fits(price: Decimal, digits: int | None) -> bool:
    return digits is None or price == price.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_DOWN)


def _surely_gives(exact: Decimal, total: Decimal, currency: str) -> bool:
    """Whether `exact` is rounded to `total`, and lies so far from a half that every target's rounding agrees."""
    part = (abs(exact) / minor_unit(currency)) % 1
    return abs(part - Decimal("0.5")) >= Decimal("0.05") and rounded(exact, currency) == total


def _split(line: DraftLine, asked: Decimal, draft: Draft, rules: Arithmetic) -> Iterator[DraftLine]:
    """The line as one, or as two whose unit prices differ by the smallest step, so that they give `asked`.

    Two lines each come to whole minor units, however fine a price the target holds.
    """
    digits = _digits(rules, draft.currency)
    quantity = line.quantity
    price = asked / quantity
    if _fits(price, digits) and price * quantity == asked:
        yield line.model_copy(update={"asked_price": price})
        return
    finest = Decimal(1).scaleb(-(digits or 0))
    near = price.quantize(finest)
    if digits is not None and _surely_gives(near * quantity, asked, draft.currency):
        yield line.model_copy(update={"asked_price": near})
        return
    step = max(finest, minor_unit(draft.currency))
    if digits is None or quantity != quantity.to_integral_value() or asked % step:
        raise Unfit(
            Problem(
                code="unit_price",
                message=f"no unit price of the target gives {asked} for {quantity}",
                remedy="Enter the order by hand.",
                place=f"/lines/{line.position}",
            )
        )
    low = price.quantize(step, rounding=ROUND_DOWN if asked >= 0 else ROUND_CEILING)
    dearer = int(abs(asked - low * quantity) / step)
    high = low + (step if asked >= 0 else -step)
    counts = [(quantity - dearer, low), (Decimal(dearer), high)]
    weights = [count * each for count, each in counts]
    taxes = [shares(tax.amount, weights, draft.currency) for tax in line.amounts.taxes]
    discounts = [shares(off.amount, weights, draft.currency) for off in line.amounts.discounts]
    for part, (count, each) in enumerate(counts):
        list_amount = count * each + (
            sum((off[part] for off in discounts), ZERO) if asked != line.amounts.list_amount else ZERO
        )
        amounts = Amounts.of(
            list_amount,
            discounts=tuple(
                Discount(amount=off[part], title=old.title, code=old.code)
                for off, old in zip(discounts, line.amounts.discounts, strict=True)
            ),
            taxes=tuple(
                Tax(title=old.title, rate=old.rate, amount=tax[part])
                for tax, old in zip(taxes, line.amounts.taxes, strict=True)
            ),
            taxes_included=draft.taxes_included,
            unit_price=each,
        )
        yield line.model_copy(update={"quantity": count, "asked_price": each, "amounts": amounts})


def _price_and_percent(line: DraftLine, currency: str, rules: Arithmetic) -> tuple[Decimal, Decimal]:
    """A unit price and a discount percent, in the target's digits, that give the line's total exactly."""
    paid = line.amounts.list_amount - line.amounts.discount
    total, quantity = abs(paid), line.quantity
    sign = -1 if paid < 0 else 1
    digits = _digits(rules, currency)
    percent_step = Decimal(1).scaleb(-rules.percent_digits)

    def gives(price: Decimal, percent: Decimal) -> bool:
        if not ZERO <= percent <= _HUNDRED:
            return False
        return _surely_gives(price * quantity * (1 - percent / _HUNDRED), total, currency)

    def percent_for(price: Decimal) -> Decimal:
        whole = price * quantity
        return (_HUNDRED * (whole - total) / whole).quantize(percent_step)

    listed = line.amounts.unit_price
    if listed is None:
        listed = line.amounts.list_amount / quantity
    listed = abs(listed)
    if _fits(listed, digits):
        if gives(listed, ZERO):
            return sign * listed, ZERO
        stated = [off.percent for off in line.amounts.discounts if off.percent is not None]
        if len(stated) == len(line.amounts.discounts) == 1 and gives(
            listed, stated[0].quantize(percent_step)
        ):
            return sign * listed, stated[0].quantize(percent_step)
        if listed and gives(listed, percent_for(listed)):
            return sign * listed, percent_for(listed)
    each = _DOUBLE.divide(total, quantity)
    if _fits(each, digits) and gives(each, ZERO):
        return sign * each, ZERO
    if digits is not None:
        step = Decimal(1).scaleb(-digits)
        price = each.quantize(step, rounding=ROUND_CEILING)
        for _ in range(2000):
            if price and gives(price, percent_for(price)):
                return sign * price, percent_for(price)
            price += step
    raise Unfit(
        Problem(
            code="unit_price",
            message=f"no unit price and discount of the target give {paid} for {quantity}",
            remedy="Enter the order by hand, or raise the target's price digits.",
            place=f"/lines/{line.position}",
        )
    )


def _adjust(draft: Draft, rules: Arithmetic, adjustment: int) -> Draft:
    """Append what the target's rounding will miss, as lines of their own."""
    predicted = predict(draft, rules)
    net = draft.expected.net - predicted.net
    tax = draft.expected.tax - predicted.tax
    if not net and not tax:
        return draft
    bound = minor_unit(draft.currency) * adjustment * max(SMALLEST_BOUND, len(draft.lines))
    if max(abs(net), abs(tax)) > bound:
        raise Unfit(
            Problem(
                code="target_arithmetic",
                message=(
                    f"the target would compute net {predicted.net} and tax {predicted.tax} {draft.currency}, "
                    f"the order has {draft.expected.net} and {draft.expected.tax}"
                ),
                remedy="A tax rate, the price basis or a line differs; rounding alone cannot. Compare the taxes.",
            )
        )
    if (net and not rules.net_adjustment) or (tax and not rules.tax_adjustment):
        raise Unfit(
            Problem(
                code="target_arithmetic",
                message=f"the target's rounding misses the order by net {net}, tax {tax} {draft.currency}",
                remedy="The target takes no adjustment lines; raise the route's tolerance or enter it by hand.",
            )
        )
    lines = list(draft.lines)
    if net:
        lines.append(_extra(draft, len(lines), LineKind.ADJUST_NET, "Rounding adjustment", net=net))
    if tax:
        lines.append(_extra(draft, len(lines), LineKind.ADJUST_TAX, "Tax rounding adjustment", tax=tax))
    return draft.model_copy(update={"lines": tuple(lines)})


def _extra(
    draft: Draft, position: int, kind: LineKind, title: str, *, net: Decimal = ZERO, tax: Decimal = ZERO
) -> DraftLine:
    return DraftLine(
        position=position,
        key=operation_key(draft.key, f"line:{kind}"),
        kind=kind,
        title=title,
        amounts=Amounts(
            list_amount=net + tax if draft.taxes_included else net,
            net=net,
            taxes=(Tax(title=title, amount=tax),) if tax else (),
        ),
        asked_price=net,
        requires_shipping=False,
    )
