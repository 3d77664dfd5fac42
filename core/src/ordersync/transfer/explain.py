"""Where every amount of one order comes from: told, allocated, drafted, fitted, predicted, found. Pure.

What the model does not keep is derived where it can be, and said where it cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ordersync.ledger import Row, fingerprint
from ordersync.model import (
    ZERO,
    Amounts,
    Draft,
    DraftLine,
    Facts,
    Line,
    LineKind,
    Order,
    Placed,
    Problem,
    Route,
    Totals,
    rounded,
)
from ordersync.transfer.allocations import allocations, charge_tax
from ordersync.transfer.differences import (
    between_draft_and_target,
    between_orders,
    between_source_and_draft,
    between_source_and_its_parts,
    between_totals,
    whole,
)
from ordersync.transfer.figures import At, ChargeShown, Explained, LineShown, Part, Step
from ordersync.transfer.fit import Unfit, fit, predict

__all__ = ["Evidence", "explain"]

_ADDED = {
    LineKind.TAX: "added: taxes whose rate the source does not state, their amount alone",
    LineKind.ADJUST_NET: "added: makes up for the net that the target's rounding misses",
    LineKind.ADJUST_TAX: "added: makes up for the tax that the target's rounding misses",
}


@dataclass(frozen=True)
class Evidence:
    """All that is known of one order. `told` is the source's order as it came, in the chosen money set; `order` as the
    extensions shaped it; `draft` before it was fitted; `sent` as it left, if it is kept."""

    route: Route
    source_id: str
    key: str
    row: Row | None
    facts: Facts
    told: Order | None = None
    order: Order | None = None
    draft: Draft | None = None
    places: tuple[tuple[str, str], ...] = ()
    """(key of a draft's line, JSON Pointer of the charge that it stands for)."""
    sent: Draft | None = None
    placed: Placed | None = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def explain(evidence: Evidence) -> Explained:
    """Derive every amount. Asks nobody and raises nothing of its own."""
    order, rules, policies = evidence.order, evidence.facts.arithmetic, evidence.route.policies
    notes, problems = list(evidence.notes), list(evidence.problems)
    fitted, origins = None, list[str]()
    if evidence.draft is not None:
        try:
            fitted, origins = _fitted(evidence, evidence.draft)
        except Unfit as unfit:
            if unfit.problem.code not in {problem.code for problem in problems}:
                problems.append(unfit.problem)
            notes.append("The draft cannot be made to fit the target, so no line would be sent.")
    asked = evidence.sent or fitted
    if evidence.sent is not None and (fitted is None or evidence.sent.lines != fitted.lines):
        origins = _origins_of_sent(evidence.sent, evidence)
    notes += _of_sending(evidence, fitted)
    steps: list[Step | None] = []
    if order is not None:
        steps.append(between_source_and_its_parts(order))
        if evidence.told is not None:
            steps.append(between_orders(evidence.told, order))
        if evidence.draft is not None:
            places = dict(evidence.places)
            steps.append(between_source_and_draft(order, evidence.draft, places))
            steps.append(between_draft_and_target(evidence.draft, rules, places))
    predicted = predict(asked, rules) if asked else None
    if asked is not None and predicted is not None:
        steps.append(between_totals("expected and predicted", asked, asked.expected, predicted, rules))
        found = evidence.placed.totals if evidence.placed else None
        if found is not None:
            standing = {line.position for line in evidence.placed.lines} if evidence.placed else None
            between = "predicted and found on the target"
            steps.append(between_totals(between, asked, predicted, found, rules, standing))
    known = [step for step in steps if step is not None]
    row = evidence.row
    shown = order or asked
    return Explained(
        route=evidence.route.name,
        source_id=evidence.source_id,
        number=row.number if row else order.number if order else evidence.source_id,
        key=evidence.key,
        state=row.state.value if row else None,
        target=evidence.placed.ref if evidence.placed else row.target if row else None,
        problems=tuple(problems),
        problems_at=tuple(_at(problem, order, asked, evidence) for problem in problems),
        currency=shown.currency if shown else "",
        money_set=order.money_set.value if order else "",
        chosen_by=_chosen_by(order, evidence.route),
        other_currency=order.other.currency if order and order.other else None,
        other_total=order.other.total if order and order.other else None,
        taxes_included=shown.taxes_included if shown else False,
        charges=tuple(_charges(order)) if order else (),
        rounding=order.rounding if order else ZERO,
        stated=order.stated if order else None,
        allocations=tuple(allocations(order)) if order else (),
        source=_totals_of(order) if order else None,
        draft=whole(evidence.draft) if evidence.draft else None,
        unfitted=predict(evidence.draft, rules) if evidence.draft else None,
        arithmetic=rules,
        lines=tuple(_lines(asked, origins, evidence)) if asked else (),
        order_discount=asked.asked_discount if asked else ZERO,
        predicted=predicted,
        found=evidence.placed.totals if evidence.placed else None,
        tolerance=policies.tolerance,
        adjustment=policies.adjustment,
        steps=tuple(known),
        notes=tuple(notes),
    )


def _fitted(evidence: Evidence, draft: Draft) -> tuple[Draft, list[str]]:
    """The fitted draft, and for each of its lines the charge that it comes from. Raises Unfit.

    `fit` carries a line's source id along and never reads it: that tells where each line of its answer comes from.
    """
    adjustment = evidence.route.policies.adjustment
    tagged = tuple(line.model_copy(update={"source_id": str(i)}) for i, line in enumerate(draft.lines))
    traced = fit(draft.model_copy(update={"lines": tagged}), evidence.facts, adjustment=adjustment)
    places = dict(evidence.places)
    origins = [
        places.get(draft.lines[int(line.source_id)].key, "") if line.source_id is not None else ""
        for line in traced.lines
    ]
    return fit(draft, evidence.facts, adjustment=adjustment), origins


def _origins_of_sent(sent: Draft, evidence: Evidence) -> list[str]:
    """For a draft that is not today's: by the source's ids, as far as they go."""
    places = {}
    if evidence.order is not None:
        places = {charge.id: place for place, charge in evidence.order.priced() if charge.id is not None}
    return [places.get(line.source_id, "") if line.source_id else "" for line in sent.lines]


def _of_sending(evidence: Evidence, fitted: Draft | None) -> list[str]:
    row = evidence.row
    if evidence.sent is not None:
        same = fitted is not None and fitted.lines == evidence.sent.lines
        return [
            "The lines are those that were sent"
            + ("; today's would be the same." if same else "; today's would be others.")
        ]
    if fitted is None:
        return []
    if row is None or row.draft_print is None:
        return ["Nothing was sent: the lines are those that would be sent today."]
    if fingerprint(fitted.model_dump_json().encode()) == row.draft_print:
        return [
            "What was sent is no longer kept; the draft made today has its fingerprint: the lines are those."
        ]
    changed = (
        "What was sent is no longer kept, and the draft made today has another fingerprint: the source's order, the "
        "target's records or the settings changed since. The lines are those that would be sent today."
    )
    return [changed]


def _chosen_by(order: Order | None, route: Route) -> str:
    if order is None:
        return ""
    if order.other is None:
        return "the order has one money set"
    if order.other.currency == order.currency:
        return "both money sets are in one currency"
    if route.policies.money is None:
        return "nobody: set the route's policies.money"
    return f"the route's policies.money = {route.policies.money.value!r}"


def _totals_of(order: Order) -> Totals:
    return Totals(currency=order.currency, net=order.net + order.rounding, tax=order.tax, total=order.total)


def _part(amounts: Amounts) -> Part:
    return Part(amounts.list_amount, amounts.discount, amounts.net, amounts.tax, amounts.gross)


def _charges(order: Order) -> list[ChargeShown]:
    found = []
    for place, charge in order.priced():
        amounts = charge.amounts
        line = charge if isinstance(charge, Line) else None
        found.append(
            ChargeShown(
                place=place,
                kind="line" if isinstance(charge, Line) else charge.kind.value,
                title=charge.title,
                sku=line.sku if line else None,
                quantity=line.quantity if line else Decimal(1),
                unit_price=amounts.unit_price,
                list_amount=amounts.list_amount,
                discounts=amounts.discounts,
                net=amounts.net,
                taxes=tuple(charge_tax(amounts, tax, order.taxes_included) for tax in amounts.taxes),
                gross=amounts.gross,
                other=_part(charge.other_amounts) if charge.other_amounts else None,
            )
        )
    return found


def _lines(asked: Draft, origins: Sequence[str], evidence: Evidence) -> list[LineShown]:
    rules = evidence.facts.arithmetic
    places = dict(evidence.places)
    before = {places.get(line.key): line for line in evidence.draft.lines} if evidence.draft else {}
    found = []
    for line, origin in zip(asked.lines, origins, strict=True):
        alone = predict(asked.model_copy(update={"lines": (line,), "asked_discount": ZERO}), rules)
        found.append(
            LineShown(
                position=line.position,
                origin=origin,
                kind=line.kind.value,
                title=line.title,
                sku=line.sku,
                quantity=line.quantity,
                price=line.asked_price,
                percent=line.asked_percent,
                net=line.amounts.net,
                tax=line.amounts.tax,
                predicted_net=alone.net,
                predicted_tax=alone.tax,
                change=_change(line, before.get(origin) if origin else None, asked.currency),
            )
        )
    return found


def _change(line: DraftLine, before: DraftLine | None, currency: str) -> str:
    if before is None:
        return _ADDED.get(line.kind, "")
    said = []
    if line.quantity != before.quantity:
        said.append(f"split: {line.quantity:f} of {before.quantity:f}")
    price, listed = line.asked_price, before.asked_price
    if price != listed:
        said.append(f"price {_shown(price)} instead of {_shown(listed)}")
    if line.asked_percent != before.asked_percent:
        said.append(f"{line.asked_percent.normalize():f} % off")
    if line.amounts.tax != before.amounts.tax and line.quantity == before.quantity:
        moved = rounded(before.amounts.tax - line.amounts.tax, currency)
        said.append(f"tax of {moved:f} moved to a line of its own")
    return "; ".join(said)


def _shown(price: Decimal) -> str:
    return f"{price:f}" if len(price.as_tuple().digits) <= 12 else f"{price:.8f}…"


def _at(problem: Problem, order: Order | None, asked: Draft | None, evidence: Evidence) -> At:
    """Which amount a problem is about. Lines are counted over lines and charges: an order's and its draft's agree."""
    if order is not None and problem.place.startswith(("/lines/", "/charges/")):
        kind, number = problem.place.split("/")[1:3]
        place = int(number) + (len(order.lines) if kind == "charges" else 0)
        priced = order.priced()
        if place < len(priced):
            pointer, charge = priced[place]
            return At(problem.code, pointer, charge.title, charge.amounts.gross)
        if order.rounding and place == len(priced):
            return At(problem.code, "/rounding", "Rounding", order.rounding)
    if order is not None and problem.code == "tax_rate_missing":
        for pointer, charge in order.priced():
            for tax in charge.amounts.taxes:
                if tax.rate is None and tax.amount:
                    return At(problem.code, pointer, f"{charge.title}, {tax.title or 'tax'}", tax.amount)
    if order is not None and problem.code in ("source_totals_differ", "target_arithmetic", "money_set"):
        return At(problem.code, "/total", "the order's total", order.total)
    found = evidence.placed.totals if evidence.placed else None
    if problem.code == "totals_differ" and found is not None and asked is not None:
        return At(problem.code, "/total", "the target's total", found.total)
    return At(problem.code, problem.place, "", None)
