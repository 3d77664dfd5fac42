"""Order lines: defaults from the product, prices that a new quantity resets, amounts (measured)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from .env import Env
from .faults import UserFault, ValidationFault
from .records import Table
from .stock import launch
from .store import Row
from .taxes import LineAmounts, Priced, Tax, line_amounts, order_amounts, round_to

if TYPE_CHECKING:
    from .sales import SaleOrder

__all__ = ["SaleOrderLine", "amounts_of", "tax_field"]

ZERO = Decimal(0)


def tax_field(version: str) -> str:
    """The name of a line's taxes (measured)."""
    return "tax_id" if version == "17" else "tax_ids"


def _unit(env: Env, line: Row) -> Decimal:
    order = env.store.rows["sale.order"][line["order_id"]]
    unit: Decimal = env.store.rows["res.currency"][order["currency_id"]]["rounding"]
    return unit


def amounts_of(env: Env, line: Row, globally: bool) -> LineAmounts:
    """A line's base and taxes under the company's rounding method."""
    table = env.table("account.tax")
    taxes = sorted(table.rows_of(line[tax_field(env.version)]), key=lambda tax: (tax["sequence"], tax["id"]))
    priced = Priced(
        line["price_unit"],
        line["product_uom_qty"],
        line["discount"],
        tuple(
            Tax(
                tax["id"],
                tax["amount"],
                tax["amount_type"] == "fixed",
                bool(table.value(tax, "price_include")),
            )
            for tax in taxes
        ),
    )
    return line_amounts(priced, _unit(env, line), version=env.version, globally=globally)


class SaleOrderLine(Table):
    """`sale.order.line`."""

    def visible(self, row: Row, /) -> bool:
        order = self.store.get("sale.order", row["order_id"])
        return order is None or self.env.table("sale.order").visible(order)

    def display(self, row: Row, /) -> str:
        order = self.store.rows["sale.order"][row["order_id"]]
        ref = (self.store.get("res.partner", order["partner_id"]) or {}).get("ref")
        first = str(row["name"]).splitlines()[0] if row.get("name") else ""
        return f"{order['name']} - {first}" + (f" ({ref})" if ref else "")

    def compute(self, row: Row, name: str, /) -> Any:
        quantity = row["product_uom_qty"]
        if name in ("price_reduce_taxexcl", "price_reduce_taxinc"):
            total = row["price_subtotal" if name.endswith("excl") else "price_total"]
            return round_to(total / quantity, _unit(self.env, row)) if quantity else ZERO
        product = self.store.get("product.product", row["product_id"])
        if name == "qty_delivered_method":
            return (
                "stock_move"
                if product and self.env.table("product.product").value(product, "type") != "service"
                else "manual"
            )
        policy = self.env.table("product.product").value(product, "invoice_policy") if product else None
        confirmed = self.value(row, "state") == "sale" and not row["display_type"]
        base = row["qty_delivered"] if policy == "delivery" else quantity
        due = base - row["qty_invoiced"] if confirmed else ZERO
        if name == "qty_to_invoice":
            return due
        return "to invoice" if due else "no"

    def defaults(self, values: Row, _given: Mapping[str, Any], /) -> None:
        version = self.env.version
        uom = "product_uom" if version == "17" else "product_uom_id"
        values.setdefault("display_type", None)
        values.setdefault("sequence", 10)
        values.setdefault("product_id", None)
        values.setdefault("discount", ZERO)
        values.setdefault("qty_delivered", ZERO)
        values["qty_invoiced"] = ZERO
        values.setdefault("is_downpayment", False)
        values.setdefault("customer_lead", ZERO)
        if values["display_type"]:
            values.update(product_uom_qty=ZERO, price_unit=ZERO)
        values.setdefault("product_uom_qty", Decimal(1))
        product = self.store.get("product.product", values["product_id"])
        if product:
            if not values.get("name"):
                values["name"] = self.env.table("product.product").display(product)
            if not values.get(uom):
                values[uom] = self.env.table("product.product").value(product, "uom_id")
            if tax_field(version) not in values:
                values[tax_field(version)] = self.env.table("product.product").value(product, "taxes_id")
            if "price_unit" not in values:
                values["price_unit"] = self._list_price(product, values["order_id"])
        values.setdefault(tax_field(version), [])
        values.setdefault("price_unit", ZERO)
        if version == "19":
            values.setdefault("technical_price_unit", values["price_unit"])
        if not product and version == "17" and values.get("name") and not values["display_type"]:
            raise ValidationFault(
                "The operation cannot be completed: Missing required fields on accountable sale order line."
            )
        for name in ("price_subtotal", "price_tax", "price_total"):
            values[name] = ZERO

    def _list_price(self, product: Row, order: int) -> Decimal:
        row = self.store.rows["sale.order"][order]
        price: Decimal = self.env.table("product.product").value(product, "list_price")
        price = price * row["currency_rate"]
        unit: Decimal = self.store.rows["res.currency"][row["currency_id"]]["rounding"]
        return round_to(price, unit)

    def created(self, ids: list[int], /) -> None:
        orders = set()
        for row in self.rows_of(ids):
            self.recompute(row["id"])
            orders.add(row["order_id"])
        for order in sorted(orders):
            self._changed(order)
            if self.store.rows["sale.order"][order]["state"] == "sale":
                launch(self.env, order)
                self._orders().follow(order)

    def before_write(self, rows: list[Row], values: Mapping[str, Any], /) -> None:
        for row in rows:
            order = self.store.rows["sale.order"][row["order_id"]]
            if (
                order["locked"]
                and {"price_unit", "product_uom_qty", "discount", "product_id"} & values.keys()
            ):
                raise UserFault(
                    "It is forbidden to modify the following fields in a locked order:\nUnit Price\nQuantity"
                )

    def written(self, ids: list[int], values: Mapping[str, Any], before: list[Row], /) -> None:
        version = self.env.version
        for record, old in zip(ids, before, strict=True):
            row = self.rows[record]
            changes: Row = {}
            product = self.store.get("product.product", row["product_id"])
            other = row["product_id"] != old["product_id"]
            if (
                row["product_uom_qty"] < row["qty_delivered"]
                and row["product_uom_qty"] != old["product_uom_qty"]
            ):
                raise UserFault(
                    "The ordered quantity cannot be decreased below the amount already delivered."
                )
            if (
                product
                and "price_unit" not in values
                and (other or row["product_uom_qty"] != old["product_uom_qty"])
            ):
                changes["price_unit"] = self._list_price(product, row["order_id"])
            if product and other:
                if "name" not in values:
                    changes["name"] = self.env.table("product.product").display(product)
                if tax_field(version) not in values:
                    changes[tax_field(version)] = self.env.table("product.product").value(product, "taxes_id")
            if changes:
                self.store.update(self.name, record, changes)
            watched = ("price_unit", "product_uom_qty", "discount", tax_field(version), "product_id")
            if any(row[name] != old[name] for name in watched):
                self.recompute(record)
                self._changed(row["order_id"])
                if self.store.rows["sale.order"][row["order_id"]]["state"] == "sale":
                    launch(self.env, row["order_id"])
                    self._orders().follow(row["order_id"])
            elif version == "17" and row["price_tax"] != old["price_tax"]:
                self._changed(row["order_id"])

    def before_unlink(self, rows: list[Row], /) -> None:
        if any(self.value(row, "state") == "sale" and not row["display_type"] for row in rows):
            raise UserFault(
                "Once a sales order is confirmed, you can't remove one of its lines (we need to track if something "
                "gets invoiced or delivered).\nSet the quantity to 0 instead."
            )

    def unlinked(self, rows: list[Row], /) -> None:
        for order in sorted({row["order_id"] for row in rows} & self.store.rows["sale.order"].keys()):
            self._changed(order)

    def recompute(self, record: int) -> None:
        """The line's own amounts."""
        row = self.rows[record]
        order = self.store.rows["sale.order"][row["order_id"]]
        globally = (
            self.env.table("sale.order").value(order, "tax_calculation_rounding_method") == "round_globally"
        )
        base, tax = order_amounts(
            [amounts_of(self.env, row, globally)],
            _unit(self.env, row),
            version=self.env.version,
            globally=globally,
        )
        self.store.update(
            self.name, record, {"price_subtotal": base, "price_tax": tax, "price_total": base + tax}
        )

    def _orders(self) -> SaleOrder:
        return cast("SaleOrder", self.env.table("sale.order"))

    def _changed(self, order: int) -> None:
        self._orders().recompute(order)
        if not self.env.options.get("silent"):
            self._orders().touch(order, {})
