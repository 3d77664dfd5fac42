"""Why an order's amounts are what they are: explain."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from ordersync.cli.failures import ALL_DONE
from ordersync.cli.move import RouteArgument
from ordersync.cli.output import Output, money
from ordersync.cli.session import Session, command

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ordersync.host import Explained
    from ordersync.model import Totals

__all__ = ["register"]


def _percent(rate: Decimal | None) -> str:
    return f"{(rate * 100).normalize():f} %" if rate is not None else ""


def _exact(amount: Decimal | None) -> str:
    """An unrounded amount: in full if it is short, else to eight digits."""
    if amount is None:
        return "not known"
    short = amount.normalize()
    return f"{short:f}" if len(short.as_tuple().digits) <= 10 else f"{amount:.8f}…"


def _signed(amount: Decimal) -> str:
    return f"{amount:+f}" if amount else "0"


def _head(output: Output, found: Explained) -> None:
    state = f"; {found.state}" if found.state else "; not in the ledger"
    there = f"; there: {found.target.number or found.target.id}" if found.target else ""
    output.say(f"Order {found.number} (id {found.source_id}), key {found.key}{state}{there}", "bold")
    if found.money_set:
        other = f"; beside it: {found.other_total} {found.other_currency}" if found.other_currency else ""
        output.say(f"Money set: {found.money_set}, {found.currency}, chosen by {found.chosen_by}{other}")
    if found.charges:
        output.say(f"Prices {'include' if found.taxes_included else 'do not include'} tax.")
    for problem, at in zip(found.problems, found.problems_at, strict=True):
        place = f" at {at.place}" if at.place else ""
        about = f" ({at.title}: {money(at.amount, found.currency)})" if at.amount is not None else ""
        output.say(
            f"Problem{place}{about}: {problem.message} ({problem.code}) {problem.remedy}".rstrip(), "red"
        )


def _charges(output: Output, found: Explained) -> None:
    if not found.charges:
        return
    output.say()
    output.say("What the source sold", "bold")
    columns = [
        "place",
        "what",
        "title",
        ">quantity",
        ">list amount",
        ">discounts",
        ">net",
        ">taxes",
        ">gross",
    ]
    if found.other_currency:
        columns.append(f">gross {found.other_currency}")
    rows = []
    for one in found.charges:
        off, taxes = sum(each.amount for each in one.discounts), sum(each.amount for each in one.taxes)
        cells: list[object] = [
            one.place,
            one.kind,
            one.title,
            f"{one.quantity.normalize():f}",
            one.list_amount,
        ]
        cells += [off, one.net, taxes, one.gross]
        if found.other_currency:
            cells.append(one.other.gross if one.other else "not told")
        rows.append(cells)
    output.table(columns, rows)
    parts: list[tuple[object, ...]] = []
    for one in found.charges:
        parts += [
            (
                one.place,
                "discount",
                " ".join(filter(None, (off.title, off.code))),
                _share(off.percent),
                "",
                off.amount,
            )
            for off in one.discounts
        ]
        parts += [
            (one.place, "tax", tax.title, _percent(tax.rate) or "not told", _exact(tax.exact), tax.amount)
            for tax in one.taxes
        ]
    if parts:
        output.say()
        output.table(("place", "", "title", ">rate", ">exactly", ">amount"), parts)
    output.say(f"Rounding of the total: {_signed(found.rounding)}")


def _share(percent: Decimal | None) -> str:
    return f"{percent.normalize():f} %" if percent is not None else ""


def _allocations(output: Output, found: Explained) -> None:
    for one in found.allocations:
        output.say()
        rate = f" {_percent(one.rate)}" if one.rate is not None else ""
        output.say(
            f"{one.kind.capitalize()} {one.title}{rate}: {one.whole} over {len(one.shares)} charges", "bold"
        )
        output.say(f"{one.how}; by {one.base}")
        output.table(
            (
                "place",
                "title",
                ">base",
                ">exact share",
                ">floor",
                ">remainder",
                ">largest remainder",
                ">given",
            ),
            [
                (
                    each.place,
                    each.title,
                    _exact(each.base),
                    _exact(each.exact),
                    each.floor,
                    _exact(each.remainder),
                    each.largest_remainder,
                    each.given,
                )
                for each in one.shares
            ],
        )


def _lines(output: Output, found: Explained) -> None:
    if not found.lines:
        return
    output.say()
    output.say("How the target is asked", "bold")
    output.table(
        (
            ">line",
            "from",
            "kind",
            "title",
            ">quantity",
            ">price",
            ">% off",
            ">net",
            ">tax",
            ">alone: net",
            ">tax",
            "change",
        ),
        [
            (
                one.position,
                one.origin,
                one.kind,
                one.title,
                f"{one.quantity.normalize():f}",
                _exact(one.price),
                f"{one.percent.normalize():f}" if one.percent else "",
                one.net,
                one.tax,
                one.predicted_net,
                one.predicted_tax,
                one.change,
            )
            for one in found.lines
        ],
    )
    if found.order_discount:
        output.say(f"Sent beside the lines: one discount of {money(found.order_discount, found.currency)}")


def _totals(output: Output, found: Explained) -> None:
    stages: Iterable[tuple[str, Totals | None]] = (
        ("source", found.source),
        ("draft, before it is fitted", found.draft),
        ("the target would make of it", found.unfitted),
        ("predicted, as it is asked", found.predicted),
        ("found on the target", found.found),
    )
    rows = [
        (name, totals.net, totals.tax, totals.total, totals.currency)
        if totals
        else (name, "not known", "not known", "not known", "")
        for name, totals in stages
    ]
    output.say()
    output.say("Totals", "bold")
    output.table(("", ">net", ">tax", ">total", ""), rows)
    output.say(
        f"The route's tolerance is {found.tolerance}, its adjustment {found.adjustment} minor units per line."
    )
    if found.steps:
        output.say()
        output.say("Differences", "bold")
        causes: list[tuple[object, ...]] = []
        for step in found.steps:
            causes.append((step.between, "", _signed(step.net), _signed(step.tax), _signed(step.total), ""))
            causes += [
                ("", one.place, _signed(one.net), _signed(one.tax), _signed(one.net + one.tax), one.what)
                for one in step.causes
            ]
        output.table(("between", "where", ">net", ">tax", ">total", "because"), causes)
    elif found.predicted and found.found:
        output.say("Nothing differs, from the source to the target.", "bold")


def register(app: typer.Typer) -> None:
    """Add the command of this room."""

    @command(app, "explain", "ordersync explain orders 5512", "ordersync explain orders 5512 --json")
    def explain(
        session: Session,
        route: RouteArgument,
        order: Annotated[
            str,
            typer.Argument(
                metavar="ORDER", help="The source's id of the order, or its number in the ledger."
            ),
        ],
    ) -> int:
        """Show where every amount of one order comes from. From the source to the target; writes nothing.

        List amounts, discounts and taxes of each charge, how they were allocated, how the order is fitted to the
        target, what the target should compute and what it did, and the cause of every difference.
        """
        settings = session.load()
        settings.route(route)
        with session.host(settings) as host:
            found = host.explain(route, order)
        if session.json:
            session.output.document(found)
            return ALL_DONE
        for show in (_head, _charges, _allocations, _lines, _totals):
            show(session.output, found)
        if found.notes:
            session.output.say()
        for note in found.notes:
            session.output.say(note)
        return ALL_DONE
