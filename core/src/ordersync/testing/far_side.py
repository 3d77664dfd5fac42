"""A reference platform that computes an order's totals itself, from what it was asked.

A second reading of every arithmetic, in whole minor units and fractions: it shares nothing with what `fit` predicts.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from math import floor

from ordersync.model import Arithmetic, Draft, Facts, LineKind, Placed, Totals, minor_units
from ordersync.testing.reference import ReferenceConnector

__all__ = ["FarSide", "computed"]

_AS_GIVEN = {LineKind.TAX, LineKind.ADJUST_NET, LineKind.ADJUST_TAX}


def _half_up(amount: Fraction) -> int:
    """Whole units, ties away from zero."""
    return floor(amount + Fraction(1, 2)) if amount >= 0 else -floor(-amount + Fraction(1, 2))


def computed(draft: Draft, rules: Arithmetic) -> tuple[Decimal, Decimal]:
    """(net, tax) as a platform with these rules books what the draft asks for."""
    digits = minor_units(draft.currency)
    unit = Fraction(1, 10**digits)
    net = tax = 0
    once: dict[object, Fraction] = defaultdict(Fraction)
    for line in draft.lines:
        if rules.line_total == "priced" and line.kind not in _AS_GIVEN:
            asked = Fraction(line.asked_price) * Fraction(line.quantity)
            paid = _half_up(asked * (1 - Fraction(line.asked_percent) / 100) / unit)
        else:
            paid = _half_up(Fraction(line.amounts.list_amount - line.amounts.discount) / unit)
        rates = [Fraction(each.rate) for each in line.amounts.taxes if each.rate]
        given = sum(_half_up(Fraction(each.amount) / unit) for each in line.amounts.taxes)
        if line.kind in _AS_GIVEN or rules.tax == "given":
            net += paid - given if draft.taxes_included else paid
            tax += given
        elif not rates:
            net += paid
        elif draft.taxes_included:
            net += paid
            parts = [Fraction(paid) * rate / (1 + sum(rates)) for rate in rates]
            if rules.tax_rounding == "order" and rules.included_order_rounding:
                for rate, part in zip(rates, parts, strict=True):
                    once[tuple(rates), rate] += part
                continue
            inside = (
                paid - _half_up(Fraction(paid) / (1 + sum(rates))) if rules.included_tax == "net_first" else 0
            )
            inside = inside or sum(map(_half_up, parts))
            net, tax = net - inside, tax + inside
        else:
            net += paid
            for rate in rates:
                if rules.tax_rounding == "order":
                    once[rate] += paid * rate
                else:
                    tax += _half_up(paid * rate)
    summed = sum(map(_half_up, once.values()))
    net -= summed if draft.taxes_included else 0
    tax += summed
    net -= _half_up(Fraction(draft.asked_discount) / unit)
    return Decimal(net).scaleb(-digits), Decimal(tax).scaleb(-digits)


class FarSide(ReferenceConnector):
    """Computes by `facts.arithmetic`."""

    facts: Facts = Facts(platform="Reference", unique_key=True)
    off: Decimal = Decimal(0)
    """By how much its net and total miss, in major units: a defect to plant."""

    def _answer(self, order_id: str) -> Placed:
        placed = super()._answer(order_id)
        draft, _, _ = self._store.placed[order_id]
        net, tax = computed(draft, self.facts.arithmetic)
        net += self.off
        totals = Totals(currency=draft.currency, net=net, tax=tax, total=net + tax)
        return placed.model_copy(update={"totals": totals})
