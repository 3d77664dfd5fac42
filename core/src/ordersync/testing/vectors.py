"""Golden money vectors: orders whose every amount was worked out by hand, for tests of targets and of the core.

The figures stand beside each vector; none was computed by ordersync. Hold a connector against them:

    @pytest.mark.parametrize("vector", VECTORS, ids=str)
    def test_to_the_cent(vector: Vector) -> None:
        placed = connector.create_order(fit(draft_of(vector.order), connector.facts))
        assert (placed.totals.net, placed.totals.tax, placed.totals.total) == vector.totals

`VARIANTS` are targets that compute in different ways; a vector says for each what must be adjusted, and how lines are
asked where that was worked out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from ordersync.model import (
    Arithmetic,
    Draft,
    Item,
    Order,
    PaymentKind,
    PaymentStatus,
    Refund,
    order_key,
)
from ordersync.testing.sold import charge, line, order, other, payment
from ordersync.transfer.drafting import make_draft

__all__ = ["VARIANTS", "VECTORS", "Allotment", "Asked", "Vector", "draft_of", "vector"]

_PERCENT = Arithmetic(
    line_total="priced",
    price_digits=2,
    line_discount="percent",
    tax="rates",
    included_tax="net_first",
    net_adjustment=True,
    tax_adjustment=True,
)
VARIANTS: Mapping[str, Arithmetic] = {
    "given": Arithmetic(),
    "per line": _PERCENT,
    "per line, tax first": _PERCENT.model_copy(update={"included_tax": "tax_first"}),
    "per order": _PERCENT.model_copy(update={"tax_rounding": "order"}),
    "never adjusted": _PERCENT.model_copy(update={"net_adjustment": False, "tax_adjustment": False}),
    "one discount": Arithmetic(
        line_total="priced", currency_digits_cap=True, order_discount=True, negative_lines=False
    ),
    "plain prices": Arithmetic(line_total="priced", currency_digits_cap=True, negative_lines=False),
}
"""Targets by name: what stands as it is given; unit price and percent with taxes by rate, rounded per line (net or tax
first) or per order, with and without adjustment lines; one discount for the order; prices after discount."""

Asked = tuple[str, str, str]
"""(quantity, unit price, discount percent) of one line as it must be sent."""


@dataclass(frozen=True)
class Allotment:
    """A whole, what it is shared by, and the parts by largest remainder."""

    whole: str
    weights: tuple[str, ...]
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Vector:
    """An order and what its amounts must come to, in major units of its currency."""

    name: str
    order: Order
    net: str
    """With the order's own rounding."""
    tax: str
    total: str
    gross: tuple[str, ...]
    """Of each charge: lines first, then shipping and the like."""
    other: tuple[str, str, str] | None = None
    """(net, tax, total) in the other money set."""
    allotments: tuple[Allotment, ...] = ()
    adjusted: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Variant → (net, tax) that adjustment lines must make up for; a variant not named needs none."""
    unfit: Mapping[str, str] = field(default_factory=dict)
    """Variant → the problem's code, where the order cannot be made to come out."""
    asked: Mapping[str, tuple[Asked, ...]] = field(default_factory=dict)
    """Variant → every line as it must be sent, where that was worked out."""

    @property
    def totals(self) -> tuple[Decimal, Decimal, Decimal]:
        """(net, tax, total)."""
        return Decimal(self.net), Decimal(self.tax), Decimal(self.total)

    def __str__(self) -> str:
        return self.name


_MISS = {"never adjusted": "target_arithmetic"}

VECTORS: tuple[Vector, ...] = (
    # 8.875 % of 59.97 = 5.3223375, of 5.05 = 0.4481875, of 1.26 = 0.111825; of their sum 66.28 = 5.88235
    Vector(
        "exclusive, rounded per line",
        order(
            "USD 72.16",
            line("3", "19.99", "59.97", "59.97", "Sales tax 0.08875 5.32"),
            line("1", "5.05", "5.05", "5.05", "Sales tax 0.08875 0.45"),
            line("2", "0.63", "1.26", "1.26", "Sales tax 0.08875 0.11"),
        ),
        "66.28", "5.88", "72.16", ("65.29", "5.50", "1.37"),
        asked={"per line": (("3", "19.99", "0"), ("1", "5.05", "0"), ("2", "0.63", "0"))},
    ),
    # 8.5 % of 1.00 = 0.085; 3 x 0.085 = 0.255 -> 0.26 over the order; each share 0.0866..., floors 0.08, two cents left;
    # rounded on each line it would be 3 x 0.09 = 0.27
    Vector(
        "exclusive, rounded per order",
        order(
            "USD 3.26",
            line("1", "1.00", "1.00", "1.00", "Tax 0.085 0.09"),
            line("1", "1.00", "1.00", "1.00", "Tax 0.085 0.09"),
            line("1", "1.00", "1.00", "1.00", "Tax 0.085 0.08"),
        ),
        "3.00", "0.26", "3.26", ("1.09", "1.09", "1.08"),
        allotments=(Allotment("0.26", ("0.085", "0.085", "0.085"), ("0.09", "0.09", "0.08")),),
        adjusted={"per line": ("0", "-0.01"), "per line, tax first": ("0", "-0.01")},
        unfit=_MISS,
    ),
    # 29.98 x 19/119 = 4.7867..., 9.95 x 7/107 = 0.6509...
    Vector(
        "inclusive, rounded per line",
        order(
            "EUR 39.93 included",
            line("2", "14.99", "29.98", "25.19", "MwSt 0.19 4.79"),
            line("1", "9.95", "9.95", "9.30", "MwSt 0.07 0.65"),
        ),
        "34.49", "5.44", "39.93", ("29.98", "9.95"),
    ),
    # 0.99 x 19/119 = 0.158067...; three times 0.4742 -> 0.47: 0.16 0.16 0.15. On each line 0.16, in all 0.48
    Vector(
        "inclusive, rounded per order",
        order(
            "EUR 2.97 included",
            line("1", "0.99", "0.99", "0.83", "MwSt 0.19 0.16"),
            line("1", "0.99", "0.99", "0.83", "MwSt 0.19 0.16"),
            line("1", "0.99", "0.99", "0.84", "MwSt 0.19 0.15"),
        ),
        "2.50", "0.47", "2.97", ("0.99", "0.99", "0.99"),
        allotments=(Allotment("0.47", ("0.99", "0.99", "0.99"), ("0.16", "0.16", "0.15")),),
        adjusted={"per line": ("0.01", "-0.01"), "per line, tax first": ("0.01", "-0.01")},
        unfit=_MISS,
    ),
    # 2.00 / 1.12: 10 % is 0.1785... -> 0.18, 2 % is 0.0357... -> 0.04, net 1.78; net first it is 1.7857... -> 1.79
    Vector(
        "two taxes included in one price",
        order("EUR 2.00 included", line("1", "2.00", "2.00", "1.78", "State 0.1 0.18", "Town 0.02 0.04")),
        "1.78", "0.22", "2.00", ("2.00",),
        adjusted={"per line": ("-0.01", "0.01")},
        unfit=_MISS,
    ),
    # 15 % of 29.97 = 4.4955 -> 4.50; 20 % of 25.47 = 5.094
    Vector(
        "percent discount",
        order("GBP 30.56", line("3", "9.99", "29.97", "25.47", "VAT 0.2 5.09", off="4.50 percent 15")),
        "25.47", "5.09", "30.56", ("30.56",),
        asked={"per line": (("3", "9.99", "15"),), "plain prices": (("3", "8.49", "0"),),
               "one discount": (("3", "9.99", "0"),)},
    ),
    # 25.00 - 3.33 = 21.67; 3.33 / 25.00 = 13.32 %; 10 % of 21.67 = 2.167; 21.67 / 2 = 10.835: one of each
    Vector(
        "fixed discount",
        order("USD 23.84", line("2", "12.50", "25.00", "21.67", "Tax 0.1 2.17", off="3.33")),
        "21.67", "2.17", "23.84", ("23.84",),
        asked={"per line": (("2", "12.50", "13.32"),), "one discount": (("2", "12.50", "0"),),
               "plain prices": (("1", "10.83", "0"), ("1", "10.84", "0"))},
    ),
    # 10.00 by 33.33 : 33.33 : 33.34 is exactly 3.333, 3.333, 3.334: floors 3.33, the last cent to the largest remainder
    Vector(
        "order discount with remainders",
        order(
            "USD 97.20",
            line("1", "33.33", "33.33", "30.00", "Tax 0.08 2.40", off="3.33 code TEN"),
            line("1", "33.33", "33.33", "30.00", "Tax 0.08 2.40", off="3.33 code TEN"),
            line("1", "33.34", "33.34", "30.00", "Tax 0.08 2.40", off="3.34 code TEN"),
        ),
        "90.00", "7.20", "97.20", ("32.40", "32.40", "32.40"),
        allotments=(Allotment("10.00", ("33.33", "33.33", "33.34"), ("3.33", "3.33", "3.34")),),
        asked={"per line": (("1", "33.33", "9.99"), ("1", "33.33", "9.99"), ("1", "33.34", "10.02"))},
    ),
    # 1.00 over three times 10.00: the cent that is left goes to the first. 20 % of 9.66 = 1.932, of 9.67 = 1.934, in all
    # 5.79; over the order 20 % of 29.00 = 5.80
    Vector(
        "order discount with ties",
        order(
            "GBP 34.79",
            line("1", "10.00", "10.00", "9.66", "VAT 0.2 1.93", off="0.34 code ONE"),
            line("1", "10.00", "10.00", "9.67", "VAT 0.2 1.93", off="0.33 code ONE"),
            line("1", "10.00", "10.00", "9.67", "VAT 0.2 1.93", off="0.33 code ONE"),
        ),
        "29.00", "5.79", "34.79", ("11.59", "11.60", "11.60"),
        allotments=(Allotment("1.00", ("10.00", "10.00", "10.00"), ("0.34", "0.33", "0.33")),),
        adjusted={"per order": ("0", "-0.01")},
        asked={"per line": (("1", "10.00", "3.40"), ("1", "10.00", "3.30"), ("1", "10.00", "3.30"))},
    ),
    Vector(
        "nothing to pay",
        order(
            "EUR 0.00 included",
            line("1", "15.00", "15.00", "0.00", "MwSt 0.19 0.00", off="15.00 percent 100"),
            charge("shipping", "0.00", "0.00"),
        ),
        "0", "0", "0", ("0", "0"),
        asked={"per line": (("1", "15.00", "100"), ("1", "0", "0"))},
    ),
    # no digits: 999 x 10/110 = 90.8 -> 91, 108 x 8/108 = 8, 550 x 10/110 = 50
    Vector(
        "yen",
        order(
            "JPY 1657 included",
            line("3", "333", "999", "908", "Tax 0.1 91"),
            line("1", "108", "108", "100", "Reduced 0.08 8"),
            charge("shipping", "550", "500", "Tax 0.1 50"),
        ),
        "1508", "149", "1657", ("999", "108", "550"),
    ),
    # 100 over three times 500: 33.3 each, the yen that is left to the first; 10 % of 466 = 46.6, of 467 = 46.7, of all 140
    Vector(
        "yen, order discount",
        order(
            "JPY 1541",
            line("1", "500", "500", "466", "Tax 0.1 47", off="34 code HYAKU"),
            line("1", "500", "500", "467", "Tax 0.1 47", off="33 code HYAKU"),
            line("1", "500", "500", "467", "Tax 0.1 47", off="33 code HYAKU"),
        ),
        "1400", "141", "1541", ("513", "514", "514"),
        allotments=(Allotment("100", ("500", "500", "500"), ("34", "33", "33")),),
        adjusted={"per order": ("0", "1")},
    ),
    # three digits: 5 % of 3.702 = 0.1851, of 0.999 = 0.04995, of 4.701 = 0.23505. In two-digit prices: 3 x 1.24 = 3.72,
    # less 0.48 % is 3.702144; 1.00 less 0.1 % is 0.999
    Vector(
        "dinar",
        order(
            "KWD 4.936",
            line("3", "1.234", "3.702", "3.702", "Tax 0.05 0.185"),
            line("1", "0.999", "0.999", "0.999", "Tax 0.05 0.050"),
        ),
        "4.701", "0.235", "4.936", ("3.887", "1.049"),
        asked={"per line": (("3", "1.24", "0.48"), ("1", "1.00", "0.10")),
               "one discount": (("3", "1.234", "0"), ("1", "0.999", "0"))},
    ),
    Vector(
        "gift card as payment",
        order(
            "USD 50.00", line("1", "50.00", "50.00", "50.00"),
            payments=(payment("20.00", PaymentKind.GIFT_CARD), payment("30.00")),
        ),
        "50.00", "0", "50.00", ("50.00",),
    ),
    # 8 % of 40.00 = 3.20, of 7.95 = 0.636
    Vector(
        "shipping with tax",
        order(
            "USD 51.79", line("1", "40.00", "40.00", "40.00", "Tax 0.08 3.20"),
            charge("shipping", "7.95", "7.95", "Tax 0.08 0.64"),
        ),
        "47.95", "3.84", "51.79", ("43.20", "8.59"),
    ),
    Vector(
        "free shipping",
        order(
            "USD 12.60", line("1", "12.00", "12.00", "12.00", "Tax 0.05 0.60"),
            charge("shipping", "7.95", "0.00", "Tax 0.05 0.00", off="7.95 code FREE"),
        ),
        "12.00", "0.60", "12.60", ("12.60", "0.00"),
        asked={"per line": (("1", "12.00", "0"), ("1", "7.95", "100"))},
    ),
    # the shop's dollars: 21.74 x 19/119 = 3.4710...; the buyer's euros: 20.00 x 19/119 = 3.1932...
    Vector(
        "presentment in another currency",
        order(
            "USD 21.74 included",
            line("2", "10.87", "21.74", "18.27", "MwSt 0.19 3.47", beside=("10.00", "20.00", "16.81", "MwSt 0.19 3.19")),
            beside=other("EUR 20.00"),
            payments=(payment("21.74", beside="20.00"),),
        ),
        "18.27", "3.47", "21.74", ("21.74",), other=("16.81", "3.19", "20.00"),
    ),
    Vector(
        "refund beside, unsubtracted",
        order(
            "USD 22.00", line("2", "10.00", "20.00", "20.00", "Tax 0.1 2.00"),
            refunds=(Refund(id="1", amount=Decimal("11.00")),),
            payments=(payment("22.00"),), payment_status=PaymentStatus.PARTLY_REFUNDED,
        ),
        "20.00", "2.00", "22.00", ("22.00",),
    ),
    # 8 % of 30.00 = 2.40, of 1.25 = 0.10; tip and duty bear none
    Vector(
        "tip, fee and duty",
        order(
            "USD 43.25", line("1", "30.00", "30.00", "30.00", "Tax 0.08 2.40"),
            charge("tip", "4.50", "4.50"), charge("fee", "1.25", "1.25", "Tax 0.08 0.10"), charge("duty", "5.00", "5.00"),
        ),
        "40.75", "2.50", "43.25", ("32.40", "4.50", "1.35", "5.00"),
    ),
    # sold: 3 x 8.00. Two were taken out and 2 x 4.50 put in: what is left is the order
    Vector(
        "edited",
        order(
            "USD 18.70",
            line("1", "8.00", "8.00", "8.00", "Tax 0.1 0.80"),
            line("2", "4.50", "9.00", "9.00", "Tax 0.1 0.90"),
        ),
        "17.00", "1.70", "18.70", ("8.80", "9.90"),
    ),
    # 22.82 x 8.1/108.1 = 1.7099...; paid in cash it is 22.80
    Vector(
        "rounded down to five cents",
        order("CHF 22.80 included", line("1", "22.82", "22.82", "21.11", "MwSt 0.081 1.71"), rounding="-0.02"),
        "21.09", "1.71", "22.80", ("22.82",),
        asked={"per line": (("1", "22.82", "0"), ("1", "-0.02", "0")), "one discount": (("1", "22.82", "0"),)},
        unfit={"plain prices": "negative_line"},
    ),
    Vector(
        "negative line with tax",
        order(
            "USD 71.50", line("1", "80.00", "80.00", "80.00", "Tax 0.1 8.00"),
            line("1", "-15.00", "-15.00", "-15.00", "Tax 0.1 -1.50"),
        ),
        "65.00", "6.50", "71.50", ("88.00", "-16.50"),
        unfit={"one discount": "negative_line", "plain prices": "negative_line"},
    ),
    # 4 % of 52.05 = 2.082, 4.5 % = 2.34225, 0.375 % = 0.1951875
    Vector(
        "three rates on one line",
        order("USD 56.67", line("3", "17.35", "52.05", "52.05", "State 0.04 2.08", "City 0.045 2.34", "Metro 0.00375 0.20")),
        "52.05", "4.62", "56.67", ("56.67",),
    ),
    # 10 % of 1.05 = 0.105 -> 0.11 on each unit, 0.33 in all; on the line 0.315 -> 0.32
    Vector(
        "tax rounded per unit",
        order("USD 3.48", line("3", "1.05", "3.15", "3.15", "Tax 0.1 0.33")),
        "3.15", "0.33", "3.48", ("3.48",),
        adjusted=dict.fromkeys(("per line", "per line, tax first", "per order"), ("0", "0.01")),
        unfit=_MISS,
    ),
    # 3 x 0.333 was rounded to 1.00: no two-digit price gives it; 0.33 + 0.33 + 0.34 does, and so does 1.02 less 1.96 %
    Vector(
        "a price with more digits than money",
        order("USD 1.00", line("3", "0.333", "1.00", "1.00")),
        "1.00", "0", "1.00", ("1.00",),
        asked={"one discount": (("2", "0.33", "0"), ("1", "0.34", "0")), "per line": (("3", "0.34", "1.96"),)},
    ),
    Vector(
        "a tax without its rate",
        order("USD 21.37", line("1", "20.00", "20.00", "20.00", "Tax - 1.37")),
        "20.00", "1.37", "21.37", ("21.37",),
        unfit={"never adjusted": "tax_rate_missing"},
    ),
)  # fmt: skip


def vector(name: str) -> Vector:
    """The vector of this name. Raises KeyError."""
    return {one.name: one for one in VECTORS}[name]


def draft_of(sold: Order) -> Draft:
    """The draft of an order, not fitted yet; every SKU has an item with the product id `P-SKU`."""
    skus = {one.sku for one in sold.lines if one.sku}
    items = {sku: Item(sku=sku, product_id=f"P-{sku}") for sku in skus}
    key = order_key("vectors", "golden", sold.id)
    return make_draft(sold, key=key, platform="vectors", items=items, customer=None)
