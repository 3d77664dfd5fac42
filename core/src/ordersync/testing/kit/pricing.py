"""How the usual platform adds an order up: per line, half up, in the currency's minor units. For seeds and for orders
that are sent to a sandbox; a platform that rounds otherwise adds up by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ordersync.model import ZERO, rounded, shares
from ordersync.testing.seeds import SeedLine, SeedOrder

__all__ = ["Bill", "Priced", "Taxes", "bill", "priced"]

Taxes = Sequence[tuple[str, Decimal]]
"""(title, rate as a fraction)."""


@dataclass(frozen=True)
class Priced:
    """A line or a charge, added up; all amounts for the whole quantity, in the order's currency."""

    list_amount: Decimal
    """Quantity times unit price, in the order's tax basis."""
    discount: Decimal
    """Off it, in the same basis."""
    net: Decimal
    taxes: tuple[tuple[str, Decimal, Decimal], ...]
    """(title, rate, amount)."""

    @property
    def tax(self) -> Decimal:
        return sum((amount for _, _, amount in self.taxes), ZERO)

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax


@dataclass(frozen=True)
class Bill:
    """An order, added up."""

    lines: tuple[tuple[SeedLine, Priced], ...]
    """The order's own discount is in their discounts."""
    shipping: Priced | None

    @property
    def _all(self) -> tuple[Priced, ...]:
        return tuple(one for _, one in self.lines) + ((self.shipping,) if self.shipping else ())

    @property
    def net(self) -> Decimal:
        return sum((one.net for one in self._all), ZERO)

    @property
    def tax(self) -> Decimal:
        return sum((one.tax for one in self._all), ZERO)

    @property
    def discount(self) -> Decimal:
        """All discounts together, in the order's tax basis."""
        return sum((one.discount for one in self._all), ZERO)

    @property
    def total(self) -> Decimal:
        return self.net + self.tax


def priced(
    quantity: Decimal | int,
    unit_price: Decimal,
    *,
    currency: str,
    discount: Decimal = ZERO,
    taxes: Taxes = (),
    included: bool = False,
) -> Priced:
    """Add up one line; `included` says that prices and discount contain the taxes."""
    listed = rounded(Decimal(quantity) * unit_price, currency)
    off = rounded(discount, currency)
    paid = listed - off
    if not included:
        each = tuple((title, rate, rounded(paid * rate, currency)) for title, rate in taxes)
        return Priced(listed, off, paid, each)
    rates = [rate for _, rate in taxes]
    whole = sum(rates, ZERO)
    parts = shares(rounded(paid * whole / (1 + whole), currency), rates, currency) if rates else []
    each = tuple((title, rate, part) for (title, rate), part in zip(taxes, parts, strict=True))
    return Priced(listed, off, paid - sum(parts, ZERO), each)


def bill(order: SeedOrder) -> Bill:
    """Add up an order of the seeds; its own discount is shared out by what each line comes to."""
    worth = [line.quantity * line.unit_price - line.discount for line in order.lines]
    extra = shares(order.order_discount, worth, order.currency)
    lines = tuple(
        (
            line,
            priced(
                line.quantity,
                line.unit_price,
                currency=order.currency,
                discount=line.discount + more,
                taxes=line.taxes,
                included=order.taxes_included,
            ),
        )
        for line, more in zip(order.lines, extra, strict=True)
    )
    if order.shipping is None:
        return Bill(lines, None)
    shipping = priced(
        1,
        order.shipping.price,
        currency=order.currency,
        taxes=order.shipping.taxes,
        included=order.taxes_included,
    )
    return Bill(lines, shipping)
