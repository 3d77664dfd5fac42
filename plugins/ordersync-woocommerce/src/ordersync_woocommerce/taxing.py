"""Whether the shop's own taxes would come out to the cent, and what to ask so that they do. Pure.

WooCommerce computes every tax itself: per line and rate, rounded to the shop's digits (half down where its prices include
tax). A line's `total` may have more digits than are shown, so it is nudged within half a unit until its taxes round to what
the source says. Where no such figure exists, or a rate is not predictable, the order's taxes go into a fee.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal

from ordersync import Address, Draft, DraftLine, LineKind
from ordersync_woocommerce import wire
from ordersync_woocommerce.places import asked_address

__all__ = ["Rules", "Taxed", "taxed"]

ZERO = Decimal(0)
STANDARD = ""
"""The slug of the standard class on an order line."""
_EDGE = Decimal("0.0002")
"""Distance kept from a rounding's edge, in units of 1/100."""


@dataclass(frozen=True)
class Rules:
    """How the shop taxes: its settings and its rates."""

    decimals: int = 2
    calculates: bool = False
    per_line: bool = True
    """Taxes are rounded per line, not per order (`woocommerce_tax_round_at_subtotal` = no)."""
    included: bool = False
    based_on: str = "shipping"
    shipping_class: str = "inherit"
    rates: tuple[wire.TaxRate, ...] = ()
    classes: frozenset[str] = frozenset({STANDARD})
    """Slugs; the standard class is `""`."""

    @property
    def unit(self) -> Decimal:
        """The smallest amount of the shop."""
        return Decimal(1).scaleb(-self.decimals)


@dataclass
class Taxed:
    """What to ask so that the shop's taxes are the source's."""

    classes: dict[int, str | None] = field(default_factory=dict)
    """Position → class slug; None: a fee that is not taxed."""
    totals: dict[int, Decimal] = field(default_factory=dict)
    """Position → net to send."""
    shipping_as_fee: set[int] = field(default_factory=set)
    """Positions of shipping whose rate is not what the shop would inherit."""


class _Unpredictable(Exception):
    pass


def taxed(draft: Draft, rules: Rules) -> Taxed | None:
    """How to send the draft with real taxes; None if they would not come out exactly."""
    where = draft.shipping or draft.billing
    if rules.based_on == "billing":
        where = draft.billing or draft.shipping
    known = rules.calculates and rules.per_line and rules.based_on in ("shipping", "billing")
    if not known or where is None or not where.country:
        return None
    try:
        return _plan(draft, rules, where)
    except _Unpredictable:
        return None


def _plan(draft: Draft, rules: Rules, where: Address) -> Taxed:
    by_class = {slug: _matched(rules, slug, where) for slug in sorted(rules.classes)}
    plan = Taxed()
    goods = [line for line in draft.lines if line.kind is LineKind.ITEM]
    for line in goods:
        plan.classes[line.position] = _class_for(line, by_class)
        plan.totals[line.position] = _nudged(line, rules)
    inherited = _inherited(plan, rules)
    for line in draft.lines:
        if line.kind is LineKind.ITEM:
            continue
        if line.amounts.net < 0 or line.kind is LineKind.TAX:
            raise _Unpredictable
        if line.kind is LineKind.SHIPPING:
            rates = by_class.get(inherited, ())
            if _wanted(line) == tuple(sorted(rate.rate for rate in rates if rate.shipping)):
                plan.totals[line.position] = _nudged(line, rules)
                continue
            plan.shipping_as_fee.add(line.position)
        plan.totals[line.position] = _whole(line, rules)
        plan.classes[line.position] = _class_for(line, by_class) if _wanted(line) else None
    net = sum((line.amounts.net for line in draft.lines), ZERO)
    tax = sum((line.amounts.tax for line in draft.lines), ZERO)
    if (net, tax, net + tax) != (draft.expected.net, draft.expected.tax, draft.expected.total):
        raise _Unpredictable
    return plan


def _wanted(line: DraftLine) -> tuple[Decimal, ...]:
    """The rates of the line in percent, ascending. A tax without a rate cannot be asked for."""
    rates = []
    for tax in line.amounts.taxes:
        if tax.rate is None and tax.amount:
            raise _Unpredictable
        if tax.rate:
            rates.append(tax.rate * 100)
    return tuple(sorted(rates))


def _class_for(line: DraftLine, by_class: Mapping[str, Sequence[wire.TaxRate]]) -> str:
    wanted = _wanted(line)
    for slug, rates in by_class.items():
        if tuple(sorted(rate.rate for rate in rates)) == wanted:
            return slug
    raise _Unpredictable


def _inherited(plan: Taxed, rules: Rules) -> str:
    """The class of the shipping: the first one among the items, the standard class before the others."""
    if rules.shipping_class != "inherit":
        return rules.shipping_class
    present = sorted(slug for slug in plan.classes.values() if slug is not None)
    return present[0] if present else STANDARD


def _matched(rules: Rules, slug: str, where: Address) -> tuple[wire.TaxRate, ...]:
    """The rates of a class at a place: of each priority the most specific one, the first of equals.

    A rate for certain postcodes or cities, or on top of another, makes the class unpredictable.
    """
    state = asked_address(where).get("state", "").upper()
    best: dict[int, wire.TaxRate] = {}
    for rate in sorted(
        rules.rates, key=lambda rate: (rate.priority, not rate.country, not rate.state, rate.order, rate.id)
    ):
        here = (
            rate.tax_class == (slug or "standard")
            and rate.country.upper() in ("", where.country)
            and rate.state.upper() in ("", state)
        )
        if here and (rate.compound or rate.postcode or rate.city or rate.postcodes or rate.cities):
            raise _Unpredictable
        if here:
            best.setdefault(rate.priority, rate)
    return tuple(best.values())


def _half(rules: Rules) -> str:
    return ROUND_HALF_DOWN if rules.included else ROUND_HALF_UP


def _comes_out(line: DraftLine, net: Decimal, rules: Rules) -> bool:
    unit = rules.unit
    return net.quantize(unit, rounding=ROUND_HALF_UP) == line.amounts.net and all(
        (net * tax.rate).quantize(unit, rounding=_half(rules)) == tax.amount
        for tax in line.amounts.taxes
        if tax.rate
    )


def _whole(line: DraftLine, rules: Rules) -> Decimal:
    """A fee's net: fees are not rounded one by one, so it must be in whole units."""
    if not _comes_out(line, line.amounts.net, rules):
        raise _Unpredictable
    return line.amounts.net


def _nudged(line: DraftLine, rules: Rules) -> Decimal:
    """A net near the line's own whose taxes round to the line's: itself, or the middle of the interval."""
    net = line.amounts.net
    if _comes_out(line, net, rules):
        return net
    half, edge = rules.unit / 2, _EDGE * rules.unit * 100
    low, high = net - half + edge, net + half - edge
    for tax in line.amounts.taxes:
        if tax.rate:
            ends = sorted(((tax.amount - half) / tax.rate, (tax.amount + half) / tax.rate))
            low, high = max(low, ends[0] + edge), min(high, ends[1] - edge)
    for digits in range(rules.decimals + 1, rules.decimals + 5):
        x = ((low + high) / 2).quantize(Decimal(1).scaleb(-digits))
        if low < x < high and _comes_out(line, x, rules):
            return x
    raise _Unpredictable
