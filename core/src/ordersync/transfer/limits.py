"""What a target cannot hold of what a source may say, and what a route makes of it. Pure: judged from the facts of both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from ordersync.model import Amounts, Arithmetic, Facts, Line, LineKind, Order, Problem, Route
from ordersync.transfer.fit import holds_price
from ordersync.transfer.prepare import Prepared

__all__ = ["Case", "Limit", "Outcome", "limits", "problems_of"]

Outcome = Literal["parks", "changed", "dropped"]
"""`parks`: a person decides. `changed`: the order passes, told in another way. `dropped`: it passes without this."""

_ADJUSTED = (LineKind.ADJUST_NET, LineKind.ADJUST_TAX)


@dataclass(frozen=True)
class Case:
    """One order as far as it could be prepared; `nameless`: its customer would be created without an e-mail address."""

    one: Prepared
    nameless: bool = False

    @property
    def order(self) -> Order:
        return self.one.order

    @property
    def amounts(self) -> Iterator[Amounts]:
        """Of everything that is paid for."""
        return (charge.amounts for _, charge in self.order.priced())

    def parks_by(self, codes: Iterable[str]) -> bool:
        """Whether it parks for one of these causes."""
        return self.one.verdict == "park" and bool({p.code for p in problems_of(self.one)} & set(codes))


@dataclass(frozen=True)
class Limit:
    """One thing that the target cannot hold as the source may say it."""

    code: str
    what: str
    """What it cannot hold, for people."""
    touches: Callable[[Case], bool]
    outcome: Outcome
    then: str
    """What becomes of an order that it touches, under the route as it is."""
    setting: str = ""
    """The route's settings that decide it, from `routes.NAME.` on; empty: none does."""
    problems: frozenset[str] = frozenset()
    """The codes with which a plan parks an order for it."""
    refused: str = ""
    """The code with which an order parks for it that a plan would let pass: its create is refused."""
    silent: bool = False
    """The source's facts say that its orders have no such thing: shown only if one has it all the same."""


def limits(source: Facts, target: Facts, route: Route) -> Iterator[Limit]:
    """What `target` cannot hold of what `source` may say, and what the route makes of it. Pure."""
    yield from _people(source, target, route)
    yield from _goods(source, target)
    yield from _money(source, target, route)
    yield from _discounts(source, target)
    if target.arithmetic.tax == "rates" or not target.stacked_taxes:
        yield from _taxes(target, route)
    if not target.keeps_placed_at:
        yield Limit(
            "placed_at",
            "the date of the order",
            lambda _: True,
            "dropped",
            "the order is dated by its creation there",
        )
    if not target.tracking:
        yield Limit(
            "tracking",
            "tracking numbers",
            lambda case: any(track.number for sent in case.order.fulfillments for track in sent.tracking),
            "dropped",
            "shipments arrive without them",
            silent=not source.tracking,
        )


def _people(source: Facts, target: Facts, route: Route) -> Iterator[Limit]:
    if not target.guests:
        creates = route.policies.guests == "create"
        yield Limit(
            "guest",
            "an order without a customer",
            lambda case: case.order.customer is None or case.order.customer.guest,
            "changed" if creates else "parks",
            "the buyer becomes a customer, found or created" if creates else "it parks",
            "policies.guests",
            frozenset({"guest"}),
            silent=not source.guests,
        )
    if target.customer_email:
        yield Limit(
            "customer_email",
            "a new customer without an e-mail address",
            lambda case: case.nameless,
            "parks",
            "it parks; defaults.email gives it one, guests pass without a customer by policies.guests",
            "defaults.email or policies.guests",
            refused="customer_refused",
        )


def _goods(source: Facts, target: Facts) -> Iterator[Limit]:
    if not target.custom_lines:
        yield Limit(
            "custom_line",
            "a line without a product",
            lambda case: any(line.custom for line in case.order.lines),
            "parks",
            "it parks, unless an extension names an item to use",
            problems=frozenset({"custom_line"}),
            silent=not source.custom_lines,
        )
    digits = target.quantity_digits
    if digits is not None:
        yield Limit(
            "quantity",
            "parts of a unit" if not digits else f"quantities with more than {digits} digits",
            lambda case: any(_finer(line.quantity, digits) for line in case.order.lines),
            "parks",
            "it parks",
            refused="refused",
            silent=source.quantity_digits is not None and source.quantity_digits <= digits,
        )


def _money(source: Facts, target: Facts, route: Route) -> Iterator[Limit]:
    money = route.policies.money
    yield Limit(
        "money_set",
        "amounts in two currencies",
        lambda case: case.order.other is not None and case.order.other.currency != case.order.currency,
        "changed" if money else "parks",
        f"the {money} amounts are carried" if money else "it parks until the route chooses",
        "policies.money",
        frozenset({"money_set"}),
    )
    held = target.currencies
    if held is not None:
        yield Limit(
            "currency",
            f"currencies other than {', '.join(sorted(held)) or 'none'}",
            lambda case: case.order.currency not in held,
            "parks",
            "it parks until the currency is set up there; filters.currencies leaves such orders out",
            "filters.currencies",
            frozenset({"currency"}),
            silent=source.currencies is not None and source.currencies <= held,
        )
    digits = target.amount_digits
    if digits is not None:
        yield Limit(
            "amount_digits",
            f"amounts with more than {_plural(digits, 'digit')}",
            lambda case: any(
                _finer(amount, digits)
                for amount in (case.order.total, case.order.tax, *(each.net for each in case.amounts))
            ),
            "parks",
            "it parks until the target keeps more digits; filters.currencies leaves such orders out",
            "filters.currencies",
            refused="refused",
            silent=source.amount_digits is not None and source.amount_digits <= digits,
        )
    rules = target.arithmetic
    if rules.line_total == "priced" and (rules.price_digits is not None or rules.currency_digits_cap):
        few = "the currency's digits" if rules.currency_digits_cap else f"{rules.price_digits} digits"
        percent = rules.line_discount == "percent"
        yield Limit(
            "price_digits",
            f"unit prices with more than {few}",
            lambda case: (
                any(
                    not holds_price(price, case.order.currency, rules)
                    for price in _unit_prices(case.order, rules)
                )
                or case.parks_by({"unit_price"})
            ),
            "changed",
            "told as another price and discount with the same total"
            if percent
            else "told as two lines with the same total",
            problems=frozenset({"unit_price"}),
        )
    if not rules.negative_lines:
        merged = rules.line_total == "priced" and rules.order_discount
        yield Limit(
            "negative_line",
            "a negative amount",
            lambda case: (
                case.order.rounding < 0 or any(each.list_amount - each.discount < 0 for each in case.amounts)
            ),
            "changed" if merged else "parks",
            "it becomes part of the order's discount; with a tax of its own it parks"
            if merged
            else "it parks",
            problems=frozenset({"negative_line"}),
            refused="" if rules.line_total == "priced" else "refused",
        )


def _discounts(source: Facts, target: Facts) -> Iterator[Limit]:
    most, rules = target.discount_codes, target.arithmetic
    if most is not None:
        yield Limit(
            "discount_codes",
            "discount codes" if not most else f"more than {_plural(most, 'discount code')}",
            lambda case: len(case.order.discount_codes) > most,
            "changed" if most else "dropped",
            "the amounts stay; codes are joined or left out"
            if most
            else "the amounts stay without the codes",
            silent=source.discount_codes is not None and source.discount_codes <= most,
        )
    if rules.line_total == "given" or rules.line_discount == "amount":
        return
    if rules.line_discount == "none":
        yield Limit(
            "line_discount",
            "discounts of single lines",
            lambda case: any(each.discount for each in case.amounts),
            "changed",
            "the amounts stay; all are told as one of the order"
            if rules.order_discount
            else "the amounts stay; prices are told less the discount",
        )
        return
    yield Limit(
        "line_discount",
        f"line discounts other than one percentage with {_plural(rules.percent_digits, 'digit')}",
        lambda case: any(not _one_percentage(each, rules) for each in case.amounts),
        "changed",
        "the amounts stay; told as a percentage or within the price",
        problems=frozenset({"unit_price"}),
    )


def _taxes(target: Facts, route: Route) -> Iterator[Limit]:
    if not target.stacked_taxes:
        yield Limit(
            "stacked_taxes",
            "several tax rates on one line",
            lambda case: any(sum(bool(tax.rate) for tax in each.taxes) > 1 for each in case.amounts),
            "changed",
            "told as one tax of their sum",
        )
    rules = target.arithmetic
    if rules.tax != "rates":
        return
    carried = rules.tax_adjustment and target.tax_lines
    yield Limit(
        "tax_rate_missing",
        "a tax without its rate",
        lambda case: any(tax.rate is None and tax.amount for each in case.amounts for tax in each.taxes),
        "changed" if carried else "parks",
        "it becomes a line of its own; where prices include it, it parks" if carried else "it parks",
        problems=frozenset({"tax_rate_missing"}),
        refused="refused" if rules.tax_adjustment and not target.tax_lines else "",
    )
    most = route.policies.adjustment
    adjusts = bool(most) and (rules.net_adjustment or rules.tax_adjustment)
    yield Limit(
        "target_arithmetic",
        "taxes rounded otherwise than it does",
        lambda case: (
            case.parks_by({"target_arithmetic"})
            or (case.one.draft is not None and any(line.kind in _ADJUSTED for line in case.one.draft.lines))
        ),
        "changed" if adjusts else "parks",
        f"an adjustment line makes up for {most} minor unit{'s' * (most != 1)} a line; more parks"
        if adjusts
        else "it parks",
        "policies.adjustment",
        frozenset({"target_arithmetic"}),
    )


def _plural(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _finer(amount: Decimal, digits: int) -> bool:
    return amount % Decimal(1).scaleb(-digits) != 0


def _unit_prices(order: Order, rules: Arithmetic) -> Iterator[Decimal]:
    """What one of each would be asked at, as it stands in the source."""
    for _, charge in order.priced():
        amounts = charge.amounts
        quantity = charge.quantity if isinstance(charge, Line) else Decimal(1)
        if rules.line_discount == "percent" and amounts.unit_price is not None:
            yield amounts.unit_price
            continue
        listed = rules.line_discount == "percent" or (rules.order_discount and isinstance(charge, Line))
        yield (amounts.list_amount if listed else amounts.list_amount - amounts.discount) / quantity


def _one_percentage(amounts: Amounts, rules: Arithmetic) -> bool:
    """Whether the discount, if there is one, can be told as it is."""
    taken = [off for off in amounts.discounts if off.amount]
    if not taken:
        return True
    percent = taken[0].percent
    return len(taken) == 1 and percent is not None and not _finer(percent, rules.percent_digits)


def problems_of(one: Prepared) -> list[Problem]:
    """Why an order parks, as a plan would say it."""
    if one.wait is not None:
        return [Problem(code="try_later", message=one.wait.why.message, remedy="Ask again later.")]
    return [one.problem, *one.others] if one.problem else []
