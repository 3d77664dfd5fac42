"""Sale orders: what is filled in, computed, confirmed, cancelled and refused (measured)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from .faults import UserFault
from .lines import amounts_of
from .records import Table
from .stock import delivery_status, launch
from .store import Row
from .taxes import order_amounts

__all__ = ["SaleOrder", "SaleOrderCancel"]

ZERO = Decimal(0)


class SaleOrder(Table):
    """`sale.order`."""

    exposed: ClassVar[frozenset[str]] = frozenset(
        "action_confirm action_cancel action_draft action_lock action_unlock action_quotation_sent".split()
    )

    def visible(self, row: Row, /) -> bool:
        return not self.env.rights.own_documents or row.get("user_id") in (None, self.env.uid)

    def compute(self, row: Row, name: str, /) -> Any:
        if name == "delivery_count":
            return len(self.value(row, "picking_ids"))
        if name == "amount_to_invoice":
            return self.number(row, "amount_total") if row["state"] == "sale" else ZERO
        if name in ("amount_paid", "amount_invoiced"):
            return ZERO
        return [] if name == "invoice_ids" else 0

    def defaults(self, values: Row, given: Mapping[str, Any], /) -> None:
        values.pop("currency_id", None)
        company = values.setdefault("company_id", 1)
        partner = self.store.get("res.partner", values.get("partner_id"))
        if partner:
            for name, kind in (("partner_invoice_id", "invoice"), ("partner_shipping_id", "delivery")):
                values[name] = values.get(name) or self._address(partner, kind)
            if "pricelist_id" not in given:
                values["pricelist_id"] = self.env.table("res.partner").compute(
                    partner, "property_product_pricelist"
                )
        values["currency_id"] = self._currency(values)
        values["currency_rate"] = self._rate(values["currency_id"])
        if self.env.version == "19" and "fiscal_position_id" not in given:
            values["fiscal_position_id"] = next(iter(self.store.rows["account.fiscal.position"]), None)
        values.setdefault("user_id", self.env.uid)
        values.setdefault("team_id", 1)
        if not values.get("name"):
            values["name"] = f"S{self.store.draw('sale.order/name'):05d}"
        if not values.get("warehouse_id"):
            first = self.env.table("stock.warehouse").find([["company_id", "=", company]])
            values["warehouse_id"] = first[0]["id"] if first else None
        for name, value in (
            ("state", "draft"),
            ("date_order", self.env.now.replace(microsecond=0)),
            ("picking_policy", "direct"),
            ("invoice_status", "no"),
        ):
            values[name] = values.get(name) or value
        for name in ("amount_untaxed", "amount_tax", "amount_total"):
            values[name] = ZERO

    def _address(self, partner: Row, kind: str) -> int:
        children = self.store.find("res.partner", "parent_id", partner["id"])
        for child in self.env.table("res.partner").rows_of(children):
            if child["type"] == kind and child["active"]:
                return int(child["id"])
        return int(partner["id"])

    def _currency(self, row: Row) -> int:
        pricelist = self.store.get("product.pricelist", row.get("pricelist_id"))
        company = self.store.rows["res.company"][row["company_id"]]
        return int((pricelist or company)["currency_id"])

    def _rate(self, currency: int) -> Decimal:
        rate: Decimal = self.store.rows["res.currency"][currency]["rate"]
        return rate

    def created(self, ids: list[int], /) -> None:
        for row in self.rows_of(ids):
            self.recompute(row["id"])
            if row["state"] == "sale":
                launch(self.env, row["id"])
                self.follow(row["id"])

    def before_write(self, rows: list[Row], values: Mapping[str, Any], /) -> None:
        if "pricelist_id" in values and any(row["state"] == "sale" for row in rows):
            raise UserFault("You cannot change the pricelist of a confirmed order !")

    def written(self, ids: list[int], values: Mapping[str, Any], before: list[Row], /) -> None:
        for record, old in zip(ids, before, strict=True):
            row = self.rows[record]
            if "pricelist_id" in values and row["pricelist_id"] != old["pricelist_id"]:
                currency = self._currency(row)
                self.store.update(
                    self.name, record, {"currency_id": currency, "currency_rate": self._rate(currency)}
                )
                self.recompute(record)
            elif row["currency_id"] != old["currency_id"]:
                self.recompute(record)
            self.follow(record)

    def recompute(self, record: int) -> None:
        """The amounts from the lines; what was written into them is lost (measured)."""
        row = self.rows[record]
        lines = [line for line in self._lines(row) if not line["display_type"]]
        globally = self.value(row, "tax_calculation_rounding_method") == "round_globally"
        if self.env.version == "17" and not globally:
            untaxed = sum((line["price_subtotal"] for line in lines), ZERO)
            tax = sum((line["price_tax"] for line in lines), ZERO)
        else:
            unit = self.store.rows["res.currency"][row["currency_id"]]["rounding"]
            amounts = [amounts_of(self.env, line, globally) for line in lines]
            untaxed, tax = order_amounts(amounts, unit, version=self.env.version, globally=globally)
        self.store.update(
            self.name, record, {"amount_untaxed": untaxed, "amount_tax": tax, "amount_total": untaxed + tax}
        )

    def follow(self, record: int) -> None:
        """Invoice and delivery status, from lines and deliveries."""
        row = self.rows[record]
        lines = self._lines(row)
        due = row["state"] == "sale" and any(
            self.env.table("sale.order.line").compute(line, "invoice_status") == "to invoice"
            for line in lines
        )
        self.store.update(
            self.name,
            record,
            {
                "invoice_status": "to invoice" if due else "no",
                "delivery_status": delivery_status(self.env, record),
            },
        )

    def _lines(self, row: Row) -> list[Row]:
        return self.env.table("sale.order.line").rows_of(
            self.store.find("sale.order.line", "order_id", row["id"])
        )

    def before_unlink(self, rows: list[Row], /) -> None:
        if any(row["state"] not in ("draft", "cancel") for row in rows):
            raise UserFault(
                "You can not delete a sent quotation or a confirmed sales order. You must first cancel it."
            )

    def action_confirm(self, ids: Any) -> bool:
        """Confirm, with the order date set to now and deliveries made (measured)."""
        rows = self.needed(_ids(ids))
        wrong = [row for row in rows if row["state"] not in ("draft", "sent")]
        if wrong and self.env.version == "17":
            names = ", ".join(row["name"] for row in wrong)
            raise UserFault(f"The following orders are not in a state requiring confirmation: {names}")
        if wrong:
            raise UserFault("Some orders are not in a state requiring confirmation.")
        for row in rows:
            if any(not line["display_type"] and not line["product_id"] for line in self._lines(row)):
                raise UserFault("A line on these orders missing a product, you cannot confirm it.")
        for row in rows:
            self.touch(row["id"], {"state": "sale", "date_order": self.env.now.replace(microsecond=0)})
            launch(self.env, row["id"])
            self.follow(row["id"])
        return True

    def action_quotation_sent(self, ids: Any) -> None:
        """Mark drafts as sent."""
        for row in self.needed(_ids(ids)):
            if row["state"] != "draft":
                raise UserFault("Only draft orders can be marked as sent directly.")
            self.touch(row["id"], {"state": "sent"})

    def action_cancel(self, ids: Any) -> Any:
        """Cancel; 17 asks first unless told not to (measured)."""
        rows = self.needed(_ids(ids))
        if any(row["locked"] for row in rows):
            raise UserFault("You cannot cancel a locked order. Please unlock it first.")
        asks = self.env.version == "17" and not self.env.context.get("disable_cancel_warning")
        if asks and any(row["state"] != "draft" for row in rows):
            return {
                "type": "ir.actions.act_window",
                "name": "Cancel Sales Order",
                "view_mode": "form",
                "res_model": "sale.order.cancel",
                "view_id": 1,
                "target": "new",
                "context": {"default_order_id": rows[0]["id"], "mark_so_as_canceled": True},
            }
        self.cancel(rows)
        return True

    def cancel(self, rows: Iterable[Row]) -> None:
        """Cancel at once, with what was not delivered; what was, stays."""
        for row in rows:
            pickings = self.env.table("stock.picking")
            for picking in pickings.rows_of(self.store.find("stock.picking", "sale_id", row["id"])):
                if picking["state"] != "done":
                    pickings.action_cancel([picking["id"]])  # type: ignore[attr-defined]
            self.touch(row["id"], {"state": "cancel"})
            self.follow(row["id"])

    def action_draft(self, ids: Any) -> bool:
        """Reopen cancelled and sent orders (measured)."""
        for row in self.needed(_ids(ids)):
            if row["state"] in ("cancel", "sent"):
                self.touch(row["id"], {"state": "draft"})
                self.follow(row["id"])
        return True

    def action_lock(self, ids: Any) -> None:
        for row in self.needed(_ids(ids)):
            self.touch(row["id"], {"locked": True})

    def action_unlock(self, ids: Any) -> None:
        for row in self.needed(_ids(ids)):
            self.touch(row["id"], {"locked": False})


class SaleOrderCancel(Table):
    """The wizard that 17 opens before it cancels (measured)."""

    exposed: ClassVar[frozenset[str]] = frozenset({"action_cancel"})

    def defaults(self, values: Row, _given: Mapping[str, Any], /) -> None:
        if not values.get("order_id"):
            values["order_id"] = self.env.context.get("default_order_id")

    def action_cancel(self, ids: Any) -> bool:
        for row in self.needed(_ids(ids)):
            orders = self.env.table("sale.order")
            assert isinstance(orders, SaleOrder)
            orders.cancel(orders.needed([row["order_id"]]))
        return True


def _ids(ids: Any) -> list[int]:
    return [ids] if isinstance(ids, int) else list(ids or ())
