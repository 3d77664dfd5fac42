"""What an order costs: discounts shared out, taxes worked out, totals added up.

The vendor takes no totals: it adds up what the parts say (recorded: order-create math). Every amount is a `Bag`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ordersync import ZERO, rounded, shares

from .records import Bag, Record, bag, bags_added

__all__ = [
    "allocated",
    "financial_status",
    "fulfillment_status",
    "gathered",
    "line_parts",
    "money_in",
    "net_of",
    "paid_up",
    "tax_of",
    "totals",
]


def tax_of(net: Decimal, rate: Decimal, included: bool, currency: str) -> Decimal:
    """One tax of one line, half up to minor units. `net` contains the tax if `included`."""
    return rounded(net * rate / (1 + rate) if included else net * rate, currency)


def net_of(part: Record) -> Bag:
    """A line's or shipping line's amount after its discounts, before taxes that are added on top."""
    off = bags_added(discount["amount"] for discount in part["discounts"])
    return [part["total"][0] - off[0], part["total"][1] - off[1]]


def allocated(parts: Sequence[Record], amount: Bag, application: int, order: Record) -> None:
    """Share one discount of the order over `parts` by what they cost after earlier discounts: largest remainder."""
    nets = [net_of(part) for part in parts]
    sides = [
        shares(amount[side], [net[side] for net in nets], currency)
        for side, currency in enumerate((order["currency"], order["presentment"]))
    ]
    for part, shop, shown in zip(parts, sides[0], sides[1], strict=True):
        if shop or shown:
            part["discounts"].append({"application": application, "amount": [shop, shown]})


def _kept(amount: Bag, kept: int, whole: int, order: Record) -> Bag:
    """What `kept` of `whole` units keep of an amount: the part of the others is rounded and taken away."""
    if kept == whole or whole == 0:
        return list(amount)
    if kept == 0:
        return bag()
    gone = Decimal(whole - kept) / Decimal(whole)
    return [
        amount[side] - rounded(amount[side] * gone, currency)
        for side, currency in enumerate((order["currency"], order["presentment"]))
    ]


def line_parts(line: Record, units: int, order: Record) -> tuple[Bag, Bag, list[Bag]]:
    """What `units` of a line stand for: the list amount, its discounts, and each of its taxes."""
    whole = line["quantity"]
    kept = [line["unit"][0] * units, line["unit"][1] * units] if units != whole else line["total"]
    off = bags_added(_kept(discount["amount"], units, whole, order) for discount in line["discounts"])
    return list(kept), off, [_kept(tax["amount"], units, whole, order) for tax in line["taxes"]]


def gathered(taxes: Sequence[tuple[Record, Bag]]) -> list[Record]:
    """Tax lines of one title and rate put together, in order of first appearance (SDL Order.taxLines)."""
    found: dict[tuple[Any, Any], Record] = {}
    for tax, amount in taxes:
        known = found.setdefault(
            (tax["title"], tax["rate"]),
            {
                "title": tax["title"],
                "rate": tax["rate"],
                "amount": bag(),
                "channelLiable": tax["channelLiable"],
            },
        )
        known["amount"] = bags_added((known["amount"], amount))
    return list(found.values())


def totals(order: Record, stage: str) -> Record:
    """The sums of an order: `stage` is `first` (as created), `edited` (before returns) or `current` (after them).

    `subtotal` is of lines after discounts, `shipping` after its discounts; both contain tax if the order's prices do.
    """
    subtotal: list[Bag] = []
    discounts: list[Bag] = []
    lines_off: list[Bag] = []
    taxes: list[tuple[Record, Bag]] = []
    units = 0
    for line in order["lines"]:
        count = line["quantity"]
        if stage != "first":
            count -= line["removed"]
        if stage == "current":
            count -= line["refunded"]
        amount, off, tax = line_parts(line, count, order)
        units += count
        subtotal.append([amount[0] - off[0], amount[1] - off[1]])
        lines_off.append(off)
        taxes.extend(zip(line["taxes"], tax, strict=True))
        for duty in line["duties"]:
            taxes.extend((one, one["amount"]) for one in duty["taxes"])
    shipping = []
    for charge in order["shipping"]:
        if charge["removed"] and stage == "current":
            continue
        net = net_of(charge)
        if stage == "current":
            net = [net[0] - charge["refunded"][0], net[1] - charge["refunded"][1]]
        shipping.append(net)
        discounts.extend(discount["amount"] for discount in charge["discounts"])
        taxes.extend((tax, tax["amount"]) for tax in charge["taxes"])
        if stage == "current" and charge["refundedTax"] != bag():
            taxes.append((charge["taxes"][0], [-charge["refundedTax"][0], -charge["refundedTax"][1]]))
    for fee in order["fees"]:
        taxes.extend((tax, tax["amount"]) for tax in fee["taxes"])
    fees = bags_added(fee["price"] for fee in order["fees"])
    duties = bags_added(duty["price"] for line in order["lines"] for duty in line["duties"])
    found: Record = {
        "subtotal": bags_added(subtotal),
        "discounts": bags_added([*lines_off, *discounts]),
        "shipping": bags_added(shipping),
        "tax": bags_added(amount for _, amount in taxes),
        "tip": order["tip"],
        "fees": fees,
        "duties": duties,
        "taxLines": gathered(taxes),
        "units": units,
    }
    added = [found["subtotal"], found["shipping"], order["tip"], fees, duties]
    found["total"] = bags_added(added if order["taxesIncluded"] else [*added, found["tax"]])
    found.update({name: value for name, value in order["stated"].get(stage, {}).items() if value is not None})
    return found


def money_in(order: Record) -> Record:
    """What was received, authorised (and not captured), and refunded, from successful transactions."""
    done = [one for one in order["transactions"] if one["status"] == "SUCCESS"]
    received = bags_added(one["amount"] for one in done if one["kind"] in ("SALE", "CAPTURE"))
    refunded = bags_added(one["amount"] for one in done if one["kind"] == "REFUND")
    captured = bags_added(one["amount"] for one in done if one["kind"] == "CAPTURE")
    held = bags_added(one["amount"] for one in done if one["kind"] == "AUTHORIZATION")
    voided = any(one["kind"] == "VOID" for one in done)
    left = bag() if voided else [max(held[0] - captured[0], ZERO), max(held[1] - captured[1], ZERO)]
    return {"received": received, "refunded": refunded, "held": left, "voided": voided}


def paid_up(order: Record, total: Bag) -> Bag:
    """What is still to be paid: positive if the buyer owes it."""
    money = money_in(order)
    return [total[side] - money["received"][side] + money["refunded"][side] for side in (0, 1)]


def financial_status(order: Record, total: Bag) -> str:
    """The payment status that the transactions make (SDL OrderDisplayFinancialStatus), or the one forced at creation."""
    if order["forcedFinancial"]:
        return str(order["forcedFinancial"])
    money = money_in(order)
    received, refunded = money["received"][1], money["refunded"][1]
    if refunded > 0:
        return "REFUNDED" if refunded >= received else "PARTIALLY_REFUNDED"
    if received > 0:
        return "PAID" if received >= total[1] else "PARTIALLY_PAID"
    if money["held"][1] > 0:
        return "AUTHORIZED"
    if money["voided"]:
        return "VOIDED"
    return "PENDING" if total[1] > 0 else "PAID"


def fulfillment_status(order: Record) -> str:
    """How far the order has left the house (SDL OrderDisplayFulfillmentStatus)."""
    if order["forcedFulfillment"]:
        return str(order["forcedFulfillment"])
    wanted = sum(line["quantity"] - line["removed"] - line["refunded"] for line in order["lines"])
    sent = sum(line["fulfilled"] for line in order["lines"])
    if sent and sent >= wanted:
        return "FULFILLED"
    return "PARTIALLY_FULFILLED" if sent else "UNFULFILLED"
