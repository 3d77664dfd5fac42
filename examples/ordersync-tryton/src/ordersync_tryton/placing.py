"""Writing sales: a draft in Tryton's terms, refused before it is sent if it would not come out to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ordersync import (
    ZERO,
    Done,
    Draft,
    DraftLine,
    Failed,
    InDoubt,
    LineKind,
    OrderSyncError,
    Outcome,
    Placed,
    Refused,
    UnexpectedReply,
    minor_unit,
)

from ordersync_tryton.arithmetic import Endless, Priced, price_for, tax_total
from ordersync_tryton.mapping import CORRECTION, AskedLine, key_in, placed_of, sale_values
from ordersync_tryton.people import People
from ordersync_tryton.records import Records, TaxBook
from ordersync_tryton.rpc import Tryton
from ordersync_tryton.wire import PLACED_FIELDS, PlacedRow

__all__ = ["SALE", "Desk", "asked_lines"]

SALE = "sale.sale"
SMALLEST_BOUND = 5
"""A correction may always be this many minor units, and one for each line."""
_TAX_ALONE = (LineKind.TAX, LineKind.ADJUST_TAX)


@dataclass(frozen=True)
class AskedSale:
    """A draft in Tryton's terms; `places` are the values of its billing and its shipping address."""

    draft: Draft
    lines: list[AskedLine]
    currency: int
    places: tuple[dict[str, Any], dict[str, Any]]


class Desk:
    """Creates sales, and finds them again."""

    def __init__(self, tryton: Tryton, records: Records, people: People) -> None:
        self._tryton = tryton
        self._records = records
        self._people = people

    def create(self, drafts: Sequence[Draft]) -> list[Outcome[Placed]]:
        """Create the sales in one transaction, as drafts, and read their totals back; answers are positional.

        What could not be held to the cent fails by itself, unsent. Raises Refused if Tryton refuses one: then none is made.
        """
        taxes = self._records.tax_book()
        units = self._sale_units(drafts)
        asked = [self._asked(draft, taxes, units) for draft in drafts]
        ready = [each for each in asked if isinstance(each, AskedSale)]
        made = iter(self._send(ready) if ready else ())
        return [next(made) if isinstance(each, AskedSale) else each for each in asked]

    def find(self, keys: Sequence[str]) -> dict[str, list[Placed]]:
        """Key → the sales that are stamped with exactly it; cancelled ones too."""
        found: dict[str, list[Placed]] = {key: [] for key in keys}
        for one in self._look([["description", "in", list(keys)]]):
            if one.key in found:
                found[one.key].append(one)
        return found

    def _sale_units(self, drafts: Sequence[Draft]) -> dict[int, int | None]:
        items = [line.item for draft in drafts for line in draft.lines if line.item]
        products = {int(item.variant_id or item.product_id) for item in items}
        return self._records.sale_units(products) if products else {}

    def _asked(self, draft: Draft, taxes: TaxBook, units: dict[int, int | None]) -> AskedSale | Failed:
        """A draft in Tryton's terms, or why it cannot be."""
        try:
            return AskedSale(
                draft=draft,
                lines=asked_lines(draft, taxes, units),
                currency=self._records.currency(draft.currency).id,
                places=self._people.places(draft),
            )
        except Refused as error:
            return Failed(error)

    def _send(self, sales: Sequence[AskedSale]) -> list[Outcome[Placed]]:
        """Create them. Raises Refused or UnexpectedReply, and nothing was made; any other trouble is that of each."""
        zone = self._records.company().timezone
        try:
            addresses = iter(self._people.addresses([place for sale in sales for place in sale.places]))
            values = [
                sale_values(
                    sale.draft,
                    sale.lines,
                    currency=sale.currency,
                    billing=next(addresses),
                    shipping=next(addresses),
                    zone=zone,
                )
                for sale in sales
            ]
            return [Done(placed) for placed in self._read_back(self._tryton.create(SALE, values))]
        except (Refused, UnexpectedReply):
            raise
        except OrderSyncError as error:
            return [Failed(error)] * len(sales)

    def _read_back(self, made: Sequence[int]) -> list[Placed]:
        """The sales as they stand. They are made: whatever goes wrong now leaves them in doubt, never undone."""
        try:
            placed = {one.ref.id: one for one in self._look([["id", "in", made]])}
            return [placed[str(each)] for each in made]
        except (OrderSyncError, KeyError):
            raise InDoubt("Tryton made the sales, but does not show them.") from None

    def _look(self, domain: list[Any]) -> list[Placed]:
        ours = [*domain, ["company", "=", self._tryton.company]]
        rows = self._tryton.records(SALE, PlacedRow, ours, PLACED_FIELDS)
        return [placed_of(row) for row in rows if key_in(row.description)]


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
