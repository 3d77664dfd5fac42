"""How the stand-in computes an order: taxes per line and rate, shipping that inherits a class, fees, totals.

Measured on WooCommerce 11.0.1: taxes and totals that are sent are ignored; net amounts of lines, shipping and fees stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from ordersync_woocommerce.sandbox.records import Record, Store

__all__ = ["Arithmetic", "compute"]

ZERO = Decimal(0)


class Arithmetic:
    """The shop's settings that decide how it computes."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self.decimals = int(options.get("decimals", "2"))
        self.at_subtotal = options.get("round_at_subtotal", "no") == "yes"
        self.included = options.get("prices_include_tax", "no") == "yes"
        self.shipping_class = "inherit"
        self.base = {"country": "US", "state": "CA"}

    def cut(self, amount: Decimal) -> Decimal:
        """In the shop's digits, half up."""
        return amount.quantize(Decimal(1).scaleb(-self.decimals), rounding=ROUND_HALF_UP)

    def tax(self, net: Decimal, rate: Decimal) -> Decimal:
        """One rate on one line; rounded here, unless the shop rounds at subtotal; half down where prices include tax."""
        exact = net * rate / 100
        if self.at_subtotal:
            return exact
        rounding = ROUND_HALF_DOWN if self.included else ROUND_HALF_UP
        return exact.quantize(Decimal(1).scaleb(-self.decimals), rounding=rounding)


def compute(store: Store, rules: Arithmetic, order: Record) -> None:
    """Compute every tax and total of the order, as it is now, with the rates as they are now."""
    exempt = any(row["key"] == "is_vat_exempt" and row["value"] == "yes" for row in order["meta"])
    place = _place(rules, order)
    for line in order["lines"]:
        rates = [] if exempt else _rates(store, place, line["tax_class"])
        line["taxes"] = {
            rate["id"]: [rules.tax(line["total"], rate["rate"]), rules.tax(line["subtotal"], rate["rate"])]
            for rate in rates
        }
    classes = sorted({line["tax_class"] for line in order["lines"]})
    _charge_fees(store, rules, order, place, exempt=exempt, classes=classes)
    shipping_class = rules.shipping_class
    if shipping_class == "inherit":
        shipping_class = classes[0] if classes else ""
    for row in order["shipping_lines"]:
        rates = [] if exempt else _rates(store, place, shipping_class)
        row["taxes"] = {
            rate["id"]: [rules.tax(row["total"], rate["rate"]), ZERO] for rate in rates if rate["shipping"]
        }
    _add_up(store, rules, order)


def _place(rules: Arithmetic, order: Record) -> Mapping[str, str]:
    """Shipping, else billing, else the shop's own address; local pickup is taxed at the shop's own too."""
    if any(row["method_id"] == "local_pickup" for row in order["shipping_lines"]):
        return rules.base
    for address in (order["shipping"], order["billing"]):
        if address.get("country"):
            found: Mapping[str, str] = address
            return found
    return rules.base


def _rates(store: Store, place: Mapping[str, str], slug: str) -> list[Record]:
    """Of each priority the most specific rate that matches; of equal ones the first."""
    best: dict[int, Record] = {}
    found = [
        rate
        for rate in store.rates.values()
        if rate["class"] == (slug or "standard")
        and rate["country"] in ("", place.get("country", ""))
        and rate["state"] in ("", place.get("state", ""))
    ]
    for rate in sorted(
        found, key=lambda rate: (rate["country"] == "", rate["state"] == "", rate["order"], rate["id"])
    ):
        best.setdefault(rate["priority"], rate)
    return [best[priority] for priority in sorted(best)]


def _charge_fees(
    store: Store,
    rules: Arithmetic,
    order: Record,
    place: Mapping[str, str],
    *,
    exempt: bool,
    classes: list[str],
) -> None:
    """A negative fee takes no more than there is before it, and is taxed like the items, whatever its own status."""
    there = sum((line["total"] for line in order["lines"]), ZERO)
    there += sum((row["total"] for row in order["shipping_lines"]), ZERO)
    for fee in order["fees"]:
        if fee["total"] < 0:
            fee["total"] = max(fee["total"], -max(there, ZERO))
        there += fee["total"]
        fee["taxes"] = {}
        if exempt:
            continue
        if fee["total"] >= 0:
            if fee["tax_status"] == "taxable":
                for rate in _rates(store, place, fee["tax_class"]):
                    fee["taxes"][rate["id"]] = [rules.tax(fee["total"], rate["rate"]), ZERO]
            continue
        whole = sum((line["total"] for line in order["lines"]), ZERO)
        for slug in classes:
            part = sum((line["total"] for line in order["lines"] if line["tax_class"] == slug), ZERO)
            for rate in _rates(store, place, slug):
                share = fee["total"] * part / whole if whole else ZERO
                fee["taxes"][rate["id"]] = [rules.tax(share, rate["rate"]), ZERO]


def _add_up(store: Store, rules: Arithmetic, order: Record) -> None:
    cut = rules.cut
    cart: dict[int, Decimal] = {}
    shipped: dict[int, Decimal] = {}
    for row in (*order["lines"], *order["fees"], *order["shipping_lines"]):
        row["total_tax"] = sum((tax for tax, _ in row["taxes"].values()), ZERO)
        row["subtotal_tax"] = sum((tax for _, tax in row["taxes"].values()), ZERO)
    for row in (*order["lines"], *order["fees"]):
        for rate, (tax, _) in row["taxes"].items():
            cart[rate] = cart.get(rate, ZERO) + tax
    for row in order["shipping_lines"]:
        for rate, (tax, _) in row["taxes"].items():
            shipped[rate] = shipped.get(rate, ZERO) + tax
    kept = {row["rate_id"]: row["id"] for row in order["tax_lines"]}
    order["tax_lines"] = [
        _tax_line(store, kept, rate, cart.get(rate, ZERO), shipped.get(rate, ZERO))
        for rate in dict.fromkeys((*cart, *shipped))
    ]
    cart_tax = sum((cut(tax) for tax in cart.values()), ZERO)
    shipping_tax = sum((cut(tax) for tax in shipped.values()), ZERO)
    lines = sum((cut(line["total"]) for line in order["lines"]), ZERO)
    before = sum((cut(line["subtotal"]) for line in order["lines"]), ZERO)
    shipping = sum((cut(row["total"]) for row in order["shipping_lines"]), ZERO)
    fees = sum((fee["total"] for fee in order["fees"]), ZERO)
    goods_tax = sum((line["total_tax"] for line in order["lines"]), ZERO)
    full_tax = sum((line["subtotal_tax"] for line in order["lines"]), ZERO)
    order["totals"] = {
        "discount_total": before - lines,
        "discount_tax": full_tax - goods_tax,
        "shipping_total": shipping,
        "shipping_tax": shipping_tax,
        "cart_tax": cart_tax,
        "total_tax": cart_tax + shipping_tax,
        "total": cut(lines + fees + shipping + cart_tax + shipping_tax),
    }


def _tax_line(
    store: Store, kept: Mapping[int, int], rate: int, cart: Decimal, shipped: Decimal
) -> dict[str, Any]:
    row = store.rates[rate]
    code = "-".join(
        part for part in (row["country"], row["state"], row["name"].upper(), str(row["priority"])) if part
    )
    return {
        "id": kept.get(rate) or store.next("item"),
        "rate_id": rate,
        "rate_code": code,
        "label": row["name"],
        "rate_percent": row["rate"],
        "tax_total": cart,
        "shipping_tax_total": shipped,
    }
