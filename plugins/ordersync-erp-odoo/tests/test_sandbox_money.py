"""Amounts: the numbers that real servers gave, and orders whose totals are known to the last digit (measured)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Any

import pytest

from ordersync.testing.money import money_cases
from ordersync.web import VirtualClock
from ordersync_erp_odoo.sandbox import Sandbox
from ordersync_erp_odoo.sandbox.calls import call
from ordersync_erp_odoo.sandbox.taxes import Priced, Tax, line_amounts, order_amounts, round_to

SETTINGS = [(v, r) for v in ("17", "19") for r in ("round_per_line", "round_globally")]
ZERO = Decimal(0)


class Shop:
    """A sandbox, spoken to inside."""

    def __init__(self, version: str = "19", rounding: str = "") -> None:
        options = {"version": version, **({"rounding": rounding} if rounding else {})}
        self.sandbox = Sandbox(clock=VirtualClock(), options=options)
        self.tax = "tax_id" if version == "17" else "tax_ids"
        self.version = version

    def __call__(self, model: str, method: str, *args: Any, **named: Any) -> Any:
        env = self.sandbox._env(2, "admin", named.pop("context", None))
        return call(env, model, method, args, named)

    def tax_id(self, percent: str | int | Decimal, included: bool) -> int:
        found = self(
            "account.tax",
            "search_read",
            [
                ["type_tax_use", "=", "sale"],
                ["amount_type", "=", "percent"],
                ["amount", "=", Decimal(percent)],
            ],
            ["price_include"],
        )
        return int(next(one["id"] for one in found if one["price_include"] is included))

    def product(self, code: str) -> int:
        return int(self("product.product", "search", [["default_code", "=", code]])[0])

    def order(self, *lines: dict[str, Any], currency: str = "USD", **more: Any) -> int:
        partner = self("res.partner", "search", [["email_normalized", "=", "buyer.amber@example.com"]])[0]
        pricelist = self("product.pricelist", "search", [["currency_id.name", "=", currency]])[0]
        values = {
            "partner_id": partner,
            "pricelist_id": pricelist,
            "order_line": [[0, 0, line] for line in lines],
        }
        return int(self("sale.order", "create", {**values, **more}))

    def line(
        self, price: Any, quantity: Any = 1, discount: Any = 0, taxes: list[int] | None = None
    ) -> dict[str, Any]:
        return {
            "product_id": self.product("SKU-001"),
            "product_uom_qty": Decimal(str(quantity)),
            "price_unit": Decimal(str(price)),
            "discount": Decimal(str(discount)),
            self.tax: [[6, 0, taxes or []]],
        }

    def amounts(self, order: int) -> tuple[Decimal, Decimal, Decimal]:
        row = self("sale.order", "read", [order], ["amount_untaxed", "amount_tax", "amount_total"])[0]
        return row["amount_untaxed"], row["amount_tax"], row["amount_total"]


@pytest.mark.parametrize("rounding", ["round_per_line", "round_globally"])
@pytest.mark.parametrize(("version", "tax"), [("17", "7.15"), ("19", "7.16")])
def test_an_exact_half_cent_goes_to_the_base_in_17_and_to_the_tax_in_19(
    version: str, tax: str, rounding: str
) -> None:
    shop = Shop(version, rounding)
    order = shop.order(shop.line("42.93", taxes=[shop.tax_id(20, True)]))
    assert shop.amounts(order) == (Decimal("42.93") - Decimal(tax), Decimal(tax), Decimal("42.93"))


@pytest.mark.parametrize(("version", "total"), [("17", "33.0"), ("19", "33.3")])
def test_17_rounds_the_unit_price_first(version: str, total: str) -> None:
    shop = Shop(version)
    order = shop.order(shop.line("0.333", 100))
    assert shop.amounts(order) == (Decimal(total), ZERO, Decimal(total))
    told = shop("sale.order.line", "fields_get", ["price_unit"], ["digits"])
    assert told == {"price_unit": {"digits": [16, 2] if version == "17" else False}}


@pytest.mark.parametrize("version", ["17", "19"])
def test_discount_and_quantity_keep_two_digits(version: str) -> None:
    shop = Shop(version)
    order = shop.order(shop.line("100", "0.125", "33.333333"))
    line = shop(
        "sale.order.line", "search_read", [["order_id", "=", order]], ["discount", "product_uom_qty"]
    )[0]
    assert (line["discount"], line["product_uom_qty"]) == (Decimal("33.33"), Decimal("0.13"))
    assert shop.amounts(order)[2] == Decimal("8.67")


@pytest.mark.parametrize(("version", "rounding"), SETTINGS)
def test_global_rounding_sums_taxes_on_top_before_it_rounds(version: str, rounding: str) -> None:
    shop = Shop(version, rounding)
    tax = shop.tax_id("8.875", False)
    order = shop.order(*[shop.line("1.00", taxes=[tax]) for _ in range(5)])
    expected = "0.45" if rounding == "round_per_line" else "0.44"
    assert shop.amounts(order) == (Decimal(5), Decimal(expected), Decimal(5) + Decimal(expected))


def test_global_rounding_of_included_taxes_differs_between_the_versions() -> None:
    totals = {}
    for version in ("17", "19"):
        shop = Shop(version, "round_globally")
        tax = shop.tax_id(19, True)
        totals[version] = shop.amounts(shop.order(*[shop.line("9.99", taxes=[tax]) for _ in range(4)]))
    assert totals["17"] == (Decimal("33.56"), Decimal("6.40"), Decimal("39.96"))
    assert totals["19"] == (Decimal("33.58"), Decimal("6.38"), Decimal("39.96"))


@pytest.mark.parametrize("version", ["17", "19"])
def test_several_taxes_share_one_base(version: str) -> None:
    shop = Shop(version, "round_per_line")
    order = shop.order(shop.line("10.10", taxes=[shop.tax_id("5", False), shop.tax_id("9.975", False)]))
    assert shop.amounts(order) == (Decimal("10.10"), Decimal("1.52"), Decimal("11.62"))


@pytest.mark.parametrize(("version", "rounding"), SETTINGS)
def test_a_fixed_tax_on_nothing_gives_n_times_itself(version: str, rounding: str) -> None:
    shop = Shop(version, rounding)
    fixed = shop("account.tax", "search", [["amount_type", "=", "fixed"], ["amount", "=", Decimal("-0.01")]])
    order = shop.order(shop.line("0", 3, taxes=fixed), currency="EUR")
    assert shop.amounts(order) == (ZERO, Decimal("-0.03"), Decimal("-0.03"))


@pytest.mark.parametrize(
    ("currency", "price", "base", "tax"), [("JPY", "1234", "1234", "123"), ("KWD", "1.11", "1.11", "0.056")]
)
def test_amounts_have_the_digits_of_their_currency(currency: str, price: str, base: str, tax: str) -> None:
    shop = Shop("19", "round_per_line")
    taxes = [shop.tax_id(10 if currency == "JPY" else 5, False)]
    order = shop.order(shop.line(price, taxes=taxes), currency=currency)
    assert shop.amounts(order) == (Decimal(base), Decimal(tax), Decimal(base) + Decimal(tax))


@pytest.mark.parametrize("version", ["17", "19"])
def test_written_totals_hold_until_a_line_changes(version: str) -> None:
    shop = Shop(version)
    order = shop.order(shop.line("10", taxes=[shop.tax_id("7.25", False)]))
    shop("sale.order", "write", [order], {"amount_tax": Decimal("9.99")})
    assert shop.amounts(order)[1] == Decimal("9.99")
    line = shop("sale.order.line", "search", [["order_id", "=", order]])
    shop("sale.order.line", "write", line, {"price_unit": 11})
    assert shop.amounts(order)[1] == Decimal("0.80")


@pytest.mark.parametrize(("version", "follows"), [("17", True), ("19", False)])
def test_an_order_follows_a_written_line_tax_in_17_only(version: str, follows: bool) -> None:
    shop = Shop(version, "round_per_line")
    order = shop.order(shop.line("10", taxes=[shop.tax_id("7.25", False)]))
    line = shop("sale.order.line", "search", [["order_id", "=", order]])
    shop("sale.order.line", "write", line, {"price_tax": Decimal("0.75")})
    assert (shop.amounts(order)[1] == Decimal("0.75")) is follows


@pytest.mark.parametrize("included", [True, False])
@pytest.mark.parametrize("version", ["17", "19"])
def test_an_order_without_amount_is_zero(version: str, included: bool) -> None:
    shop = Shop(version)
    order = shop.order(shop.line("64.90", 2, 100, taxes=[shop.tax_id(19, included)]))
    assert shop.amounts(order) == (ZERO, ZERO, ZERO)


@pytest.mark.parametrize("version", ["17", "19"])
def test_a_negative_line_mirrors_a_positive_one(version: str) -> None:
    taxes = (Tax(1, Decimal(20), fixed=False, included=True),)
    cent = Decimal("0.01")
    for price in (Decimal("42.93"), Decimal("0.03"), Decimal("19.99")):
        up = line_amounts(Priced(price, Decimal(1), ZERO, taxes), cent, version=version, globally=False)
        down = line_amounts(Priced(-price, Decimal(1), ZERO, taxes), cent, version=version, globally=False)
        assert (up.base, up.taxes[0][1]) == (-down.base, -down.taxes[0][1])
        assert order_amounts([up, down], cent, version=version, globally=False) == (ZERO, ZERO)


def test_a_double_below_a_half_counts_as_the_half() -> None:
    assert round_to(Decimal("1.0049999999999999"), Decimal("0.01")) == Decimal("1.01")
    assert round_to(Decimal("-0.5"), Decimal(1)) == Decimal(-1)
    assert round_to(Decimal("1.0049999"), Decimal("0.01")) == Decimal("1.00")


# -- orders with known totals, sent as measured says and corrected as 1.4 says -----------------------------------------


def _fits(value: Decimal, digits: int | None) -> bool:
    return digits is None or value == value.quantize(Decimal(1).scaleb(-digits))


def _rounded(value: Decimal, unit: Decimal) -> Decimal:
    return value.quantize(unit, rounding=ROUND_HALF_UP)


def _fit(line: dict[str, Any], unit: Decimal, digits: int | None) -> tuple[Decimal, Decimal]:
    """The unit price and discount of one line (measured, steps 1 to 6)."""
    price, quantity = Decimal(line["unit_price"]), Decimal(line["quantity"])
    total = Decimal(line["total_after_discounts"])
    if _fits(price, digits):
        if _rounded(price * quantity, unit) == total:
            return price, ZERO
        percents = []
        if line["line_discount_percent"] and not Decimal(line["order_discount_share"]):
            percents.append(Decimal(line["line_discount_percent"]))
        if price:
            percents.append(_rounded(100 * (price * quantity - total) / (price * quantity), Decimal("0.01")))
        for percent in percents:
            if _fits(percent, 2) and _rounded(price * quantity * (1 - percent / 100), unit) == total:
                return price, percent
    each = total / quantity
    if digits is None or _fits(each, digits):
        return each, ZERO
    size = abs(total)
    candidate = (size / quantity).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_UP)
    while True:
        percent = _rounded(100 * (candidate * quantity - size) / (candidate * quantity), Decimal("0.01"))
        exact = candidate * quantity * (1 - percent / 100)
        if _rounded(exact, unit) == size and abs(abs(exact - size) / unit - Decimal("0.5")) > Decimal("0.05"):
            return candidate.copy_sign(total), percent
        candidate += Decimal("0.01")


def _correction(shop: Shop, base: Decimal, tax: Decimal, unit: Decimal) -> list[dict[str, Any]]:
    """Adjustment lines (measured)."""
    lines = []
    product = shop.product("OS-ROUNDING")
    if base:
        small = shop.version == "17" and not _fits(base, 2)
        lines.append(
            {
                "product_id": product,
                "price_unit": base * 10 if small else base,
                "discount": Decimal(90) if small else ZERO,
                shop.tax: [[6, 0, []]],
            }
        )
    if tax:
        step = unit if tax > 0 else -unit
        fixed = shop("account.tax", "search", [["amount_type", "=", "fixed"], ["amount", "=", step]])
        lines.append(
            {
                "product_id": product,
                "price_unit": ZERO,
                "product_uom_qty": tax / step,
                shop.tax: [[6, 0, fixed]],
            }
        )
    return lines


@pytest.mark.parametrize(("version", "rounding"), SETTINGS)
def test_known_orders_come_out_to_the_last_digit(version: str, rounding: str) -> None:
    shop = Shop(version, rounding)
    at_once = 0
    cases = money_cases()
    for case in cases:
        unit = Decimal(1).scaleb(-case["decimals"])
        included = case["prices_include_tax"]
        lines = []
        for line in case["lines"]:
            price, discount = _fit(line, unit, 2 if version == "17" else None)
            taxes = [shop.tax_id(Decimal(tax["rate"]) * 100, included) for tax in line["taxes"]]
            lines.append(
                {
                    **shop.line(price, line["quantity"], discount, taxes),
                    "product_id": shop.product(line["sku"]),
                }
            )
        if case["shipping"]:
            taxes = [shop.tax_id(Decimal(tax["rate"]) * 100, included) for tax in case["shipping"]["taxes"]]
            shipping = shop.line(case["shipping"]["price"], 1, 0, taxes)
            lines.append({**shipping, "product_id": shop.product("OS-SHIPPING")})
        order = shop.order(*lines, currency=case["currency"])
        expected = case["expected"]
        wanted = Decimal(expected["untaxed"]), Decimal(expected["tax"])
        given = shop.amounts(order)[:2]
        at_once += given == wanted
        for _ in range(3):
            if given == wanted:
                break
            fixes = _correction(shop, wanted[0] - given[0], wanted[1] - given[1], unit)
            shop("sale.order", "write", [order], {"order_line": [[0, 0, fix] for fix in fixes]})
            given = shop.amounts(order)[:2]
        assert given == wanted, case["id"]
        assert shop.amounts(order)[2] == Decimal(expected["total"]), case["id"]
    assert at_once >= 0.6 * len(cases)
