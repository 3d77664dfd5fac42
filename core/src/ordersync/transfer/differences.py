"""Why two sets of totals of one order differ: which line, which tax, which rounding. Pure.

The causes of a step always add up to its difference; what no line explains is said to be so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import product

from ordersync.model import (
    ZERO,
    Arithmetic,
    Draft,
    DraftLine,
    LineKind,
    Order,
    Totals,
    rounded,
)
from ordersync.transfer.figures import Cause, Step
from ordersync.transfer.fit import predict

__all__ = [
    "between_draft_and_target",
    "between_orders",
    "between_source_and_draft",
    "between_source_and_its_parts",
    "between_totals",
    "whole",
]

_AS_GIVEN = (LineKind.ADJUST_NET, LineKind.ADJUST_TAX, LineKind.TAX)


def whole(draft: Draft) -> Totals:
    """Σ of what the draft's lines must come to."""
    net = sum((line.amounts.net for line in draft.lines), ZERO)
    tax = sum((line.amounts.tax for line in draft.lines), ZERO)
    return Totals(currency=draft.currency, net=net, tax=tax, total=net + tax)


def between_source_and_its_parts(order: Order) -> Step | None:
    """The source's own total may not be what its parts add up to; that difference has no net and no tax."""
    parts = order.net + order.tax + order.rounding
    if parts == order.total:
        return None
    sums = {
        "tax": (order.stated.tax, order.tax),
        "discount": (
            order.stated.discount,
            sum((charge.amounts.discount for _, charge in order.priced()), ZERO),
        ),
    }
    hints = [
        f"it states {name} {stated:f}, its parts have {found:f}"
        for name, (stated, found) in sums.items()
        if stated is not None and stated != found
    ]
    said = f"the parts add up to {parts:f}, the order says {order.total:f}"
    what = (
        "; ".join([said, *hints])
        if hints
        else f"{said}; which part is missing or wrong the source does not say"
    )
    difference = order.total - parts
    causes = (Cause("/total", what, ZERO, ZERO),)
    return Step("the source's parts and the source's total", ZERO, ZERO, difference, causes)


def between_orders(told: Order, shaped: Order) -> Step | None:
    """What the extensions' `shape_order` did to the amounts."""
    before, after = dict(told.priced()), dict(shaped.priced())
    causes = []
    for place in [*before, *(place for place in after if place not in before)]:
        old, new = before.get(place), after.get(place)
        net = (new.amounts.net if new else ZERO) - (old.amounts.net if old else ZERO)
        tax = (new.amounts.tax if new else ZERO) - (old.amounts.tax if old else ZERO)
        if net or tax:
            done = "added" if old is None else "taken out" if new is None else "changed"
            causes.append(Cause(place, f"{done} by an extension's shape_order", net, tax))
    if told.rounding != shaped.rounding:
        rounding = shaped.rounding - told.rounding
        causes.append(Cause("/rounding", "changed by an extension's shape_order", rounding, ZERO))
    return _step("the source's order and the shaped one", _parts(told), _parts(shaped), causes)


def between_source_and_draft(order: Order, draft: Draft, places: Mapping[str, str]) -> Step | None:
    """What became otherwise between the order and its draft. `places`: key of a draft's line → its charge."""
    lines = {places.get(line.key, ""): line for line in draft.lines}
    causes = []
    for place, charge in order.priced():
        line = lines.pop(place, None)
        net = (line.amounts.net if line else ZERO) - charge.amounts.net
        tax = (line.amounts.tax if line else ZERO) - charge.amounts.tax
        if net or tax:
            done = "changed" if line else "taken out"
            causes.append(Cause(place, f"{done} by an extension's shape_draft", net, tax))
    rounding = lines.pop("/rounding", None)
    if (rounding.amounts.net if rounding else ZERO) != order.rounding:
        net = (rounding.amounts.net if rounding else ZERO) - order.rounding
        causes.append(Cause("/rounding", "changed by an extension's shape_draft", net, ZERO))
    known = set(places)
    causes += [
        Cause(
            "", f"{line.title!r} was added by an extension's shape_draft", line.amounts.net, line.amounts.tax
        )
        for line in draft.lines
        if line.key not in known and (line.amounts.net or line.amounts.tax)
    ]
    return _step("the source's order and the draft", _parts(order), whole(draft), causes)


def between_draft_and_target(draft: Draft, rules: Arithmetic, places: Mapping[str, str]) -> Step | None:
    """What the target's arithmetic would make otherwise, were the draft sent as it is."""
    causes = [] if rules.tax == "given" else list(_roundings(draft, rules, places))
    return _step("the draft and the target's arithmetic", whole(draft), predict(draft, rules), causes)


def between_totals(
    between: str,
    asked: Draft,
    before: Totals,
    after: Totals,
    rules: Arithmetic,
    standing: set[int | None] | None = None,
) -> Step | None:
    """Two sets of totals of a draft as it is asked. `standing` are the positions that stand, if that is known."""
    if before == after:
        return None
    net, tax = after.net - before.net, after.tax - before.tax
    if before.currency != after.currency:
        what = f"the currencies differ: {after.currency} instead of {before.currency}"
        return Step(between, net, tax, after.total - before.total, (Cause("", what, net, tax),))
    causes = _missing(asked, rules, standing, net, tax) or _suspects(asked, rules, after, net, tax)
    return _step(between, before, after, causes)


def _step(between: str, before: Totals, after: Totals, causes: Sequence[Cause]) -> Step | None:
    """With what the causes leave over as a cause of its own; None if nothing differs."""
    net, tax = after.net - before.net, after.tax - before.tax
    left_net = net - sum((cause.net for cause in causes), ZERO)
    left_tax = tax - sum((cause.tax for cause in causes), ZERO)
    found = list(causes)
    if left_net or left_tax:
        found.append(Cause("", "no line or tax explains this part", left_net, left_tax))
    total = after.total - before.total
    if not found and not total:
        return None
    if total != net + tax:
        odd = f"the total itself differs by {total:f}, net and tax by {net + tax:f}"
        found.append(Cause("/total", odd, ZERO, ZERO))
    return Step(between, net, tax, total, tuple(found))


def _parts(order: Order) -> Totals:
    net, tax = order.net + order.rounding, order.tax
    return Totals(currency=order.currency, net=net, tax=tax, total=net + tax)


def _roundings(draft: Draft, rules: Arithmetic, places: Mapping[str, str]) -> Iterator[Cause]:
    """Where a target that computes taxes from rates rounds otherwise than the source did."""
    grouped: dict[tuple[tuple[Decimal, ...], Decimal], list[DraftLine]] = defaultdict(list)
    once = rules.tax_rounding == "order" and (not draft.taxes_included or rules.included_order_rounding)
    for line in draft.lines:
        if line.kind in _AS_GIVEN:
            continue
        place = places.get(line.key, f"/lines/{line.position}")
        unrated = sum((tax.amount for tax in line.amounts.taxes if not tax.rate), ZERO)
        kept = unrated if draft.taxes_included else ZERO
        if unrated:
            what = "the source states a tax without its rate; a target that computes from rates leaves it out"
            yield Cause(place, what, kept, -unrated)
        rates = tuple(tax.rate for tax in line.amounts.taxes if tax.rate)
        if rates and once:
            for rate in sorted(set(rates)):
                grouped[rates if draft.taxes_included else (), rate].append(line)
        elif rates:
            alone = predict(draft.model_copy(update={"lines": (line,), "asked_discount": ZERO}), rules)
            net = alone.net - line.amounts.net - kept
            tax = alone.tax - line.amounts.tax + unrated
            if net or tax:
                yield Cause(place, _per_line(line, draft, rules), net, tax)
    for (_, rate), lines in grouped.items():
        exact = sum((_exact(line, rate, draft.taxes_included) for line in lines), ZERO)
        given = sum((tax.amount for line in lines for tax in line.amounts.taxes if tax.rate == rate), ZERO)
        off = rounded(exact, draft.currency) - given
        if off:
            what = (
                f"tax at {_percent(rate)} is rounded once over {len(lines)} lines: exactly {_short(exact)}, "
                f"the target makes {rounded(exact, draft.currency):f}, the source's parts are {given:f}"
            )
            yield Cause("", what, -off if draft.taxes_included else ZERO, off)


def _exact(line: DraftLine, rate: Decimal, included: bool) -> Decimal:
    """The tax of one rate on a line, as often as the line has the rate, unrounded."""
    rates = [tax.rate for tax in line.amounts.taxes if tax.rate]
    paid = line.amounts.list_amount - line.amounts.discount
    exact = paid * rate / (1 + sum(rates, ZERO)) if included else paid * rate
    return exact * rates.count(rate)


def _per_line(line: DraftLine, draft: Draft, rules: Arithmetic) -> str:
    said = []
    for tax in line.amounts.taxes:
        if tax.rate:
            exact = _exact(line, tax.rate, draft.taxes_included)
            said.append(
                f"{tax.title or 'tax'} {_percent(tax.rate)}: exactly {_short(exact)}, the source has {tax.amount:f}"
            )
    if not draft.taxes_included:
        return "; ".join(said) + "; the target rounds each to the minor unit on its line"
    how = "rounds the net" if rules.included_tax == "net_first" else "rounds each tax"
    return "; ".join(said) + f"; the target {how} on the line and takes the rest as the other"


def _missing(
    asked: Draft, rules: Arithmetic, standing: set[int | None] | None, net: Decimal, tax: Decimal
) -> list[Cause]:
    """Lines that do not stand there, if they are exactly the difference."""
    if standing is None:
        return []
    found = []
    for line in asked.lines:
        if line.position not in standing:
            alone = predict(asked.model_copy(update={"lines": (line,), "asked_discount": ZERO}), rules)
            what = f"the line {line.title!r} does not stand on the target"
            found.append(Cause(f"/lines/{line.position}", what, -alone.net, -alone.tax))
    same = (sum((one.net for one in found), ZERO), sum((one.tax for one in found), ZERO)) == (net, tax)
    return found if same else []


def _suspects(asked: Draft, rules: Arithmetic, after: Totals, net: Decimal, tax: Decimal) -> list[Cause]:
    """The target states totals only. What fits them exactly is named: another rounding, a tax, a line."""
    for rounding, first, follows in product(("line", "order"), ("net_first", "tax_first"), (True, False)):
        other = rules.model_copy(
            update={
                "tax": "rates",
                "tax_rounding": rounding,
                "included_tax": first,
                "included_order_rounding": follows,
            }
        )
        if other != rules and predict(asked, other) == after:
            changed = [
                f"{name} {getattr(other, name)!r} instead of {getattr(rules, name)!r}"
                for name in ("tax", "tax_rounding", "included_tax", "included_order_rounding")
                if getattr(other, name) != getattr(rules, name)
            ]
            what = f"the target computes otherwise than its facts say: its totals are those of {', '.join(changed)}"
            return [Cause("", what, net, tax)]
    taxes: dict[tuple[str, Decimal | None], Decimal] = defaultdict(Decimal)
    for line in asked.lines:
        for one in line.amounts.taxes:
            taxes[one.title, one.rate] += one.amount
    for (title, rate), amount in taxes.items():
        if amount and tax == -amount and net in (ZERO, amount if asked.taxes_included else ZERO):
            name = f"{title or 'tax'} {_percent(rate)}" if rate is not None else title or "tax"
            return [Cause("", f"as much as the whole of {name}: the target has no such tax", net, tax)]
    wanted = (net, tax)
    fitting = [
        line
        for line in asked.lines
        if wanted in ((-line.amounts.net, -line.amounts.tax), (line.amounts.net, line.amounts.tax))
    ]
    if len(fitting) == 1:
        (line,) = fitting
        done = "is missing" if wanted[0] == -line.amounts.net else "stands twice"
        what = f"as much as the line {line.title!r}, which looks as if it {done}"
        return [Cause(f"/lines/{line.position}", what, net, tax)]
    return [
        Cause("", "the target states totals only: which of its lines differs cannot be known here", net, tax)
    ]


def _percent(rate: Decimal | None) -> str:
    return f"{(rate * 100).normalize():f} %" if rate is not None else ""


def _short(amount: Decimal) -> str:
    return f"{amount.normalize():f}" if len(amount.as_tuple().digits) <= 10 else f"{amount:.6f}…"
