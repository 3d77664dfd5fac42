"""How discounts and taxes that stand on several charges were allocated: derived from what each charge got. Pure.

A source's connector hands over allocated amounts. The whole is their sum; the rule is the first one that gives exactly
these parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_DOWN, Decimal

from ordersync.model import ZERO, Amounts, Charge, Discount, Line, Order, Tax, minor_unit, rounded, shares
from ordersync.transfer.figures import Allocation, Share, TaxShown

__all__ = ["allocations", "charge_tax"]

_ON_ITS_OWN = "each charge's part is rounded on its own"
_REMAINDER = "allocated by largest remainder, ties by line order"
_ONCE = "rounded once over the order, then " + _REMAINDER
_PER_UNIT = "rounded per unit, times the quantity"
_UNKNOWN = (
    "allocated in the source by a rule of its own, which is not kept: neither rounding each part nor largest remainder "
    "gives these parts"
)

_On = tuple[str, "Line | Charge"]


def charge_tax(amounts: Amounts, tax: Tax, included: bool) -> TaxShown:
    """One tax of a charge with what its rate gives, unrounded."""
    return TaxShown(tax.title, tax.rate, tax.amount, _exact(amounts, tax, included))


def allocations(order: Order) -> Iterator[Allocation]:
    """Every discount and tax of the order that stands on more than one charge."""
    discounts: dict[tuple[str | None, str | None], list[tuple[_On, int]]] = {}
    taxes: dict[tuple[str, Decimal | None], list[tuple[_On, Tax]]] = {}
    for place, charge in order.priced():
        for i, off in enumerate(charge.amounts.discounts):
            discounts.setdefault((off.title, off.code), []).append(((place, charge), i))
        for tax in charge.amounts.taxes:
            taxes.setdefault((tax.title, tax.rate), []).append(((place, charge), tax))
    for (title, code), parts in discounts.items():
        if len(parts) > 1:
            yield _discount(" ".join(filter(None, (title, code))) or "discount", parts, order)
    for (title, rate), found in taxes.items():
        if len(found) > 1:
            yield _tax(title, rate, found, order)


def _discount(title: str, parts: Sequence[tuple[_On, int]], order: Order) -> Allocation:
    on = [each for each, _ in parts]
    offs: list[Discount] = [charge.amounts.discounts[i] for (_, charge), i in parts]
    given = [off.amount for off in offs]
    listed = [charge.amounts.list_amount for _, charge in on]
    before = [
        charge.amounts.list_amount - sum((off.amount for off in charge.amounts.discounts[:i]), ZERO)
        for (_, charge), i in parts
    ]
    bases = {"list amount": listed, "list amount less the discounts before it": before}
    percents = {off.percent for off in offs}
    percent = percents.pop() if len(percents) == 1 else None
    rate = percent / 100 if percent is not None else None
    currency = order.currency
    for name, base in bases.items():
        if rate is not None and [rounded(each * rate, currency) for each in base] == given:
            return _allocation("discount", title, rate, on, given, name, base, _ON_ITS_OWN, currency)
    for name, base in bases.items():
        if shares(sum(given, ZERO), base, currency) == given:
            return _allocation("discount", title, rate, on, given, name, base, _REMAINDER, currency)
    return _allocation("discount", title, rate, on, given, "list amount", listed, _UNKNOWN, currency)


def _tax(title: str, rate: Decimal | None, found: Sequence[tuple[_On, Tax]], order: Order) -> Allocation:
    on = [each for each, _ in found]
    given = [tax.amount for _, tax in found]
    currency = order.currency
    name = title or "tax"
    paid = [charge.amounts.list_amount - charge.amounts.discount for _, charge in on]
    if rate is None:
        how = _REMAINDER if shares(sum(given, ZERO), paid, currency) == given else _UNKNOWN
        return _allocation("tax", name, rate, on, given, "amount after discounts", paid, how, currency)
    exact = [_exact(charge.amounts, tax, order.taxes_included) or ZERO for (_, charge), tax in found]
    total = sum(given, ZERO)
    if [rounded(each, currency) for each in exact] == given:
        how = _ON_ITS_OWN
    elif total == rounded(sum(exact, ZERO), currency) and shares(total, exact, currency) == given:
        how = _ONCE
    elif [_per_unit(charge, each, currency) for (_, charge), each in zip(on, exact, strict=True)] == given:
        how = _PER_UNIT
    else:
        how = _UNKNOWN
    return _allocation("tax", name, rate, on, given, "tax by its rate, unrounded", exact, how, currency)


def _per_unit(charge: Line | Charge, exact: Decimal, currency: str) -> Decimal:
    quantity = charge.quantity if isinstance(charge, Line) else Decimal(1)
    return rounded(exact / quantity, currency) * quantity


def _exact(amounts: Amounts, tax: Tax, included: bool) -> Decimal | None:
    if tax.rate is None:
        return None
    paid = amounts.list_amount - amounts.discount
    if not included:
        return paid * tax.rate
    return paid * tax.rate / (1 + sum((each.rate for each in amounts.taxes if each.rate), ZERO))


def _allocation(
    kind: str,
    title: str,
    rate: Decimal | None,
    on: Sequence[_On],
    given: Sequence[Decimal],
    base_name: str,
    base: Sequence[Decimal],
    how: str,
    currency: str,
) -> Allocation:
    whole = sum(given, ZERO)
    weights = [max(each, ZERO) for each in base]
    if not any(weights):
        weights = [Decimal(1)] * len(base)
    exact = [whole * weight / sum(weights, ZERO) for weight in weights]
    floors = [each.quantize(minor_unit(currency), rounding=ROUND_DOWN) for each in exact]
    fair = shares(whole, base, currency)
    return Allocation(
        kind="discount" if kind == "discount" else "tax",
        title=title,
        rate=rate,
        whole=whole,
        base=base_name,
        how=how,
        shares=tuple(
            Share(place, charge.title, base[i], exact[i], floors[i], exact[i] - floors[i], fair[i], given[i])
            for i, (place, charge) in enumerate(on)
        ),
    )
