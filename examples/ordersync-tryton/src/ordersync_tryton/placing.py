"""Writing sales: a draft in Tryton's terms, refused before it is sent if it would not come out to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ordersync import (
    ZERO,
    Cancel,
    Change,
    Confirm,
    Draft,
    DraftLine,
    InDoubt,
    LineKind,
    NotFound,
    NotOffered,
    OrderRef,
    OrderStatus,
    OrderSyncError,
    Placed,
    Refused,
    SetStatus,
    minor_unit,
)

from ordersync_tryton.arithmetic import Endless, Priced, price_for, tax_total
from ordersync_tryton.mapping import CORRECTION, AskedLine, key_in, placed_of, sale_values
from ordersync_tryton.people import People
from ordersync_tryton.records import Records, TaxBook
from ordersync_tryton.rpc import Tryton
from ordersync_tryton.wire import PLACED_FIELDS, PlacedRow

__all__ = ["Desk", "asked_lines"]

SALE = "sale.sale"
SMALLEST_BOUND = 5
"""A correction may always be this many minor units, and one for each line."""
_TAX_ALONE = (LineKind.TAX, LineKind.ADJUST_TAX)


class Desk:
    """Creates sales and moves them on."""

    def __init__(self, tryton: Tryton, records: Records, people: People) -> None:
        self._tryton = tryton
        self._records = records
        self._people = people

    def create(self, drafts: Sequence[Draft]) -> list[Placed]:
        """Create the sales in one transaction, as drafts, and read their totals back."""
        zone = self._records.company().timezone
        taxes = self._records.tax_book()
        products = [
            line.item.variant_id or line.item.product_id
            for each in drafts
            for line in each.lines
            if line.item
        ]
        units = self._records.sale_units(map(int, products)) if products else {}
        asked = [asked_lines(draft, taxes, units) for draft in drafts]
        currencies = [self._records.currency(draft.currency).id for draft in drafts]
        addresses = self._people.addresses(drafts)
        values = [
            sale_values(draft, lines, currency=currency, billing=billing, shipping=shipping, zone=zone)
            for draft, lines, currency, (billing, shipping) in zip(
                drafts, asked, currencies, addresses, strict=True
            )
        ]
        return self._read_back(self._tryton.create(SALE, values))

    def find(self, keys: Sequence[str]) -> dict[str, list[Placed]]:
        """Key → the sales that are stamped with exactly it; cancelled ones too."""
        found: dict[str, list[Placed]] = {key: [] for key in keys}
        for one in self._look([["description", "in", list(keys)]]):
            if one.key in found:
                found[one.key].append(one)
        return found

    def change(self, ref: OrderRef, change: Change) -> Placed:
        """Make one change; what is so already is left alone."""
        match change:
            case Confirm():
                self._move(
                    ref, {"draft": "quote", "quotation": "confirm"}, until=("confirmed", "processing", "done")
                )
            case Cancel() | SetStatus(status=OrderStatus.CANCELLED):
                self._move(
                    ref,
                    {"confirmed": "draft", "draft": "cancel", "quotation": "cancel"},
                    until=("cancelled",),
                )
            case _:
                raise NotOffered(f"Tryton's sales cannot be told about {type(change).__name__}.")
        return placed_of(self._sale(ref))

    def _move(self, ref: OrderRef, buttons: dict[str, str], *, until: Sequence[str]) -> None:
        """Press buttons until the sale is in one of the states `until`; a state without a button refuses."""
        while (state := self._sale(ref).state) not in until:
            if state not in buttons:
                raise Refused(
                    f"The sale is {state} in Tryton, and cannot become {until[0]}.",
                    remedy="Look at it in Tryton.",
                )
            self._tryton.press(SALE, buttons[state], int(ref.id))

    def _read_back(self, made: Sequence[int]) -> list[Placed]:
        """The sales as they stand. They are made: whatever goes wrong now leaves them in doubt, never undone."""
        try:
            placed = {one.ref.id: one for one in self._look([["id", "in", made]])}
            return [placed[str(each)] for each in made]
        except (OrderSyncError, KeyError):
            raise InDoubt("Tryton made the sales, but does not show them.") from None

    def _sale(self, ref: OrderRef) -> PlacedRow:
        rows = self._tryton.records(SALE, PlacedRow, self._ours([["id", "=", int(ref.id)]]), PLACED_FIELDS)
        if not rows:
            raise NotFound("The sale is not in Tryton any more.")
        return rows[0]

    def _look(self, domain: list[Any]) -> list[Placed]:
        rows = self._tryton.records(SALE, PlacedRow, self._ours(domain), PLACED_FIELDS)
        return [placed_of(row) for row in rows if key_in(row.description)]

    def _ours(self, domain: list[Any]) -> list[Any]:
        return [*domain, ["company", "=", self._tryton.company]]


def asked_lines(draft: Draft, taxes: TaxBook, units: dict[int, int | None]) -> list[AskedLine]:
    """The draft's lines in Tryton's terms, and one more if its taxes need a correction.

    Raises Refused if Tryton could not hold the order to the cent, NotFound or Ambiguous for a tax that it lacks.
    """
    unit = minor_unit(draft.currency)
    lines = [asked_line(line, unit, taxes, units) for line in draft.lines]
    missing = draft.expected.tax - _foreseen([line.priced for line in lines], taxes, unit)
    if missing:
        lines.append(_correction(draft, missing, taxes))
    return lines


def _foreseen(lines: Sequence[Priced], taxes: TaxBook, unit: Decimal) -> Decimal:
    try:
        return tax_total(lines, taxes.rounding, unit)
    except Endless:
        raise Refused(
            "Tryton would never finish to compute this order's taxes: several on one line, each less than half a coin.",
            remedy="Let one tax stand for their sum, or enter the order by hand.",
        ) from None


def asked_line(line: DraftLine, unit: Decimal, taxes: TaxBook, units: dict[int, int | None]) -> AskedLine:
    """One line: its net amount as a unit price, and the taxes whose rates are known."""
    if line.kind in _TAX_ALONE:
        return tax_line(line.position, line.title, line.amounts.tax, unit, taxes)
    price = price_for(line.amounts.net, line.quantity, unit)
    if price is None:
        raise Refused(
            f"No unit price of four digits gives {line.amounts.net} for {line.quantity}.",
            remedy="Split the line, or enter the order by hand.",
        )
    rated = tuple(taxes.of_rate(tax.rate.normalize(), tax.title) for tax in line.amounts.taxes if tax.rate)
    product = int(line.item.variant_id or line.item.product_id) if line.item else None
    return AskedLine(
        sequence=line.position,
        description=line.title or line.sku or "-",
        priced=Priced(price, line.quantity, rated),
        product=product,
        unit=units.get(product) if product else None,
    )


def tax_line(sequence: int, title: str, amount: Decimal, unit: Decimal, taxes: TaxBook) -> AskedLine:
    """Tax without a base: price 0, and as many of the correction tax as the amount has of its steps."""
    tax = taxes.correction
    if tax is None or not tax.amount or amount % tax.amount:
        raise Refused(
            f"Tryton would compute the taxes otherwise: {amount} are missing, and no correction tax can hold them.",
            remedy=f"Create a tax of type `fixed` over {unit}, and name it in the setting `correction_tax`.",
        )
    return AskedLine(sequence, title, Priced(ZERO, amount / tax.amount, (tax,)))


def _correction(draft: Draft, missing: Decimal, taxes: TaxBook) -> AskedLine:
    """What Tryton's own taxes miss, as a line. More than rounding can miss is not corrected: a rate must be wrong."""
    unit = minor_unit(draft.currency)
    unrated = sum((tax.amount for line in draft.lines for tax in line.amounts.taxes if not tax.rate), ZERO)
    if abs(missing - unrated) > unit * max(SMALLEST_BOUND, len(draft.lines)):
        raise Refused(
            f"Tryton would compute {draft.expected.tax - missing} of tax, the order has {draft.expected.tax}.",
            remedy="Rounding alone cannot: compare the order's tax rates with Tryton's.",
        )
    return tax_line(CORRECTION, "Tax correction", missing, unit, taxes)
