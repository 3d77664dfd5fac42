"""Orders of the stand-in: created, changed, listed, searched; what is silently changed is changed here too."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ordersync_woocommerce.sandbox.finding import found
from ordersync_woocommerce.sandbox.records import Record, Store
from ordersync_woocommerce.sandbox.refusing import STATUSES, Problem
from ordersync_woocommerce.sandbox.totals import Arithmetic, compute

__all__ = ["Fatal", "Orders"]

ZERO = Decimal(0)
_RECALCULATE = ("billing", "shipping", "line_items", "shipping_lines", "fee_lines", "coupon_lines")
_REDUCES = ("processing", "completed", "on-hold")


class Fatal(Exception):
    """PHP died: HTTP 500, and what was stored before stays stored."""


def amount(value: Any) -> Decimal:
    """An amount as `wc_format_decimal` reads it: a comma separates thousands, what is not a number is nothing."""
    text = re.sub(r"[^0-9.\-]", "", str(value))
    try:
        return Decimal(text) if text else ZERO
    except InvalidOperation:
        return ZERO


class Orders:
    """Works on the store's orders. `version` below 9.9 knows no `created_via`; `legacy` storage searches otherwise."""

    def __init__(self, store: Store, rules: Arithmetic, *, version: str, legacy: bool) -> None:
        self.store, self.rules = store, rules
        self.version, self.legacy = version, legacy
        parts = [int(part) for part in version.split(".")[:2]]
        self.knows_created_via = parts >= [9, 9]

    def found(self, asked: Mapping[str, str]) -> list[Record]:
        """The orders that match, in order."""
        return found(self.store, asked, legacy=self.legacy, created_via=self.knows_created_via)

    def get(self, order_id: int, status: int = 404) -> Record:
        """An order by id. Raises Problem."""
        if order_id not in self.store.orders:
            message = "ID is invalid." if status == 400 else "Invalid ID."
            raise Problem(status, "woocommerce_rest_shop_order_invalid_id", message)
        return self.store.orders[order_id]

    def create(self, body: Mapping[str, Any], now: datetime, *, batch: bool = False) -> Record:
        """A new order. In a batch, what the schema would refuse is bent instead."""
        self._require_customer(body)
        order = self._blank(now)
        self._fill(order, body, batch=batch)
        if self.knows_created_via and body.get("created_via"):
            order["created_via"] = str(body["created_via"]).strip()[:100]
        order["id"] = self.store.next("post")
        order["order_key"] = f"wc_order_{hashlib.sha256(str(order['id']).encode()).hexdigest()[:13]}"
        self.store.orders[order["id"]] = order
        compute(self.store, self.rules, order)
        try:
            self._apply_coupons(order, body)
        except Problem as problem:
            order["status"] = "checkout-draft"
            problem.body["data"]["new_draft_order_id"] = order["id"]
            self.call_webhooks("created", order, now)
            raise
        self._set_status(order, self._status(body, "pending"), now)
        if body.get("set_paid") is True:
            self._pay(order, body, now)
        self.call_webhooks("created", order, now)
        self.call_webhooks("updated", order, now)
        return order

    def update(self, order: Record, body: Mapping[str, Any], now: datetime, *, batch: bool = False) -> Record:
        """Change an order; every write counts as a change, even an empty one."""
        self._require_customer(body)
        self._fill(order, body, batch=batch)
        if any(name in body for name in _RECALCULATE):
            compute(self.store, self.rules, order)
            self._apply_coupons(order, body)
        if body.get("status"):
            self._set_status(order, self._status(body, order["status"]), now)
        if body.get("set_paid") is True and order["status"] in ("pending", "failed", "on-hold"):
            self._pay(order, body, now)
        order["modified"] = now
        self.call_webhooks("updated", order, now)
        return order

    def trash(self, order: Record, now: datetime) -> None:
        """Put an order into the trash; its status before is kept as meta."""
        order["meta"] += self.store.metas(
            [{"key": "_wp_trash_meta_status", "value": f"wc-{order['status']}"}]
        )
        order["meta"] += self.store.metas(
            [{"key": "_wp_trash_meta_time", "value": str(int(now.timestamp()))}]
        )
        order["status"], order["modified"] = "trash", now
        self.call_webhooks("deleted", order, now)

    def refund(self, order: Record, body: Mapping[str, Any], now: datetime) -> Record:
        """Give money back. Too much is answered with 500, and its `data` is that number alone (recorded)."""
        wanted = amount(body.get("amount", "0"))
        left = order["totals"]["total"] - sum((row["amount"] for row in order["refunds"]), ZERO)
        if wanted <= 0 or wanted > left:
            raise Problem(
                500, "woocommerce_rest_cannot_create_order_refund", "Invalid refund amount.", data=500
            )
        row = {
            "id": self.store.next("post"),
            "created": now,
            "amount": wanted,
            "reason": str(body.get("reason", "")),
        }
        order["refunds"].append(row)
        order["modified"] = now
        if wanted == left:
            self._set_status(order, "refunded", now)
        self.call_webhooks("updated", order, now)
        return row

    def call_webhooks(self, event: str, order: Record, now: datetime) -> None:
        """Queue a call for each active webhook of this topic; several of one kind and order become one."""
        for hook in self.store.webhooks.values():
            if hook["status"] != "active" or hook["topic"] != f"order.{event}":
                continue
            call: Record = {"webhook": hook["id"], "order": order["id"], "topic": hook["topic"], "at": now}
            if event == "created" or all(
                (old["webhook"], old["order"]) != (call["webhook"], call["order"]) for old in self.store.queue
            ):
                self.store.queue.append(call)

    def _blank(self, now: datetime) -> Record:
        return {
            "status": "pending",
            "currency": "USD",
            "included": self.rules.included,
            "created": now,
            "modified": now,
            "completed": None,
            "paid": None,
            "customer_id": 0,
            "billing": {},
            "shipping": {},
            "payment_method": "",
            "payment_method_title": "",
            "transaction_id": "",
            "created_via": "rest-api",
            "customer_note": "",
            "meta": [],
            "lines": [],
            "shipping_lines": [],
            "fees": [],
            "coupons": [],
            "tax_lines": [],
            "refunds": [],
            "notes": [],
            "reduced": False,
        }

    def _require_customer(self, body: Mapping[str, Any]) -> None:
        customer = body.get("customer_id")
        if customer and int(customer) not in self.store.customers:
            raise Problem(400, "woocommerce_rest_invalid_customer_id", "Customer ID is invalid.")

    def _fill(self, order: Record, body: Mapping[str, Any], *, batch: bool) -> None:
        longest = {"payment_method": 100, "transaction_id": 255 if self.legacy else 100}
        for name in ("currency", "customer_note", "payment_method", "payment_method_title", "transaction_id"):
            if body.get(name) is not None:
                order[name] = str(body[name])[: longest.get(name)]
        if body.get("customer_id") is not None:
            order["customer_id"] = int(body["customer_id"])
            if order["customer_id"] and "billing" not in body and not order["billing"]:
                order["billing"] = {"email": self.store.customers[order["customer_id"]]["email"]}
        for use in ("billing", "shipping"):
            if isinstance(body.get(use), Mapping):
                order[use] = {**order[use], **{name: str(text) for name, text in body[use].items()}}
        email = order["billing"].get("email", "")
        if batch and email and "@" not in email:
            raise Problem(400, "order_invalid_billing_email", "Invalid billing email address")
        if len(order["billing"].get("phone", "")) > 100:
            order["billing"], order["shipping"] = {}, {}
        self._note(order["meta"], body.get("meta_data"))
        for row in body.get("line_items") or []:
            self._set_line(order, row)
        for row in body.get("shipping_lines") or []:
            self._set_shipping(order, row)
        for row in body.get("fee_lines") or []:
            self._set_fee(order, row)

    def _note(self, metas: list[Record], given: Any) -> None:
        for row in given or []:
            old = next((meta for meta in metas if meta["key"] == row.get("key")), None)
            if old is None:
                metas += self.store.metas([row])
            else:
                old["value"] = row.get("value")

    def _set_line(self, order: Record, row: Any) -> None:
        if not isinstance(row, Mapping):
            raise Fatal
        old = next((line for line in order["lines"] if line["id"] == row.get("id")), None)
        quantity = int(Decimal(str(row.get("quantity", old["quantity"] if old else 1))))
        if quantity == 0:
            raise Fatal
        line = old or self._new_line(order, row)
        line["quantity"] = quantity
        product = self.store.products.get(line["variation_id"] or line["product_id"])
        listed = (product["price"] if product else None) or ZERO
        if old is None:
            line["subtotal"] = line["total"] = listed * max(quantity, 0)
        if "name" in row:
            line["name"] = str(row["name"])
        if "tax_class" in row:
            self._require_class(str(row["tax_class"]))
            line["tax_class"] = "" if row["tax_class"] == "standard" else str(row["tax_class"])
        for name in ("subtotal", "total"):
            if name in row:
                line[name] = amount(row[name])
        if "total" in row and "subtotal" in row:
            line["subtotal"] = max(line["subtotal"], line["total"])
        self._note(line["meta"], row.get("meta_data"))

    def _new_line(self, order: Record, row: Mapping[str, Any]) -> Record:
        """By id or by SKU; an unknown one is taken all the same, without a product and for nothing."""
        if not row.get("product_id") and not row.get("sku") and not row.get("variation_id"):
            raise Problem(
                400, "woocommerce_rest_required_product_reference", "Product ID or SKU is required."
            )
        if row.get("sku"):
            found = self.store.product_by_sku(str(row["sku"]))
        else:
            found = self.store.products.get(int(row.get("variation_id") or row["product_id"]))
        variation = found is not None and found["type"] == "variation"
        parent = found["parent_id"] if found and variation else found["id"] if found else 0
        line: Record = {
            "id": self.store.next("item"),
            "name": found["name"] if found else "",
            "product_id": parent,
            "variation_id": found["id"] if found and variation else 0,
            "tax_class": found["tax_class"] if found else "",
            "meta": [],
            "taxes": {},
        }
        if found and variation:
            line["meta"] = self.store.metas([{"key": key, "value": value} for key, value in found["options"]])
        order["lines"].append(line)
        return line

    def _require_class(self, slug: str) -> None:
        if slug not in ("", "standard", *self.store.classes):
            raise Problem(400, "order_item_product_invalid_tax_class", "Invalid tax class")

    def _set_shipping(self, order: Record, row: Mapping[str, Any]) -> None:
        old = next((line for line in order["shipping_lines"] if line["id"] == row.get("id")), None)
        if old is None and not row.get("method_id"):
            raise Problem(400, "woocommerce_rest_invalid_shipping_item", "Shipping method ID is required.")
        line = old or {
            "id": self.store.next("item"),
            "meta": [],
            "taxes": {},
            "total": ZERO,
            "instance_id": "",
        }
        line["method_id"] = str(row.get("method_id", line.get("method_id", "")))
        line["method_title"] = str(row.get("method_title", line.get("method_title", "")))
        if "total" in row:
            line["total"] = amount(row["total"])
        self._note(line["meta"], row.get("meta_data"))
        if old is None:
            order["shipping_lines"].append(line)

    def _set_fee(self, order: Record, row: Mapping[str, Any]) -> None:
        old = next((fee for fee in order["fees"] if fee["id"] == row.get("id")), None)
        if old is None and not row.get("name"):
            raise Problem(400, "woocommerce_rest_invalid_fee_item", "Fee name is required.")
        fee = old or {"id": self.store.next("item"), "meta": [], "taxes": {}, "total": ZERO}
        fee["name"] = str(row.get("name", fee.get("name", "")))
        fee["tax_class"] = str(row.get("tax_class", fee.get("tax_class", "")))
        fee["tax_status"] = str(row.get("tax_status", fee.get("tax_status", "taxable")))
        if "total" in row:
            fee["total"] = amount(row["total"])
        self._note(fee["meta"], row.get("meta_data"))
        if old is None:
            order["fees"].append(fee)

    def _apply_coupons(self, order: Record, body: Mapping[str, Any]) -> None:
        """A coupon is taken off the subtotal; the total that was sent for a line is overwritten."""
        if "coupon_lines" not in body:
            return
        coupons = []
        for row in body["coupon_lines"] or []:
            code = str(row.get("code", "")).lower()
            found = next((each for each in self.store.coupons.values() if each["code"] == code), None)
            if found is None:
                raise Problem(400, "woocommerce_rest_invalid_coupon", f'Coupon "{code}" does not exist!')
            coupons.append(found)
        order["coupons"] = []
        for line in order["lines"]:
            if coupons:
                line["total"] = line["subtotal"]
        for coupon in coupons:
            self.take_off(order, coupon)
        compute(self.store, self.rules, order)

    def take_off(self, order: Record, coupon: Record) -> None:
        """Spread one coupon over the lines."""
        whole = sum((line["total"] for line in order["lines"]), ZERO)
        taken = ZERO
        off = min(coupon["amount"], whole)
        if coupon["discount_type"] == "percent":
            off = self.rules.cut(whole * coupon["amount"] / 100)
        for i, line in enumerate(order["lines"]):
            last = i == len(order["lines"]) - 1
            part = off - taken if last else self.rules.cut(off * line["total"] / whole if whole else ZERO)
            line["total"] -= part
            taken += part
        order["coupons"].append(
            {
                "id": self.store.next("item"),
                "code": coupon["code"],
                "discount": off,
                "discount_type": coupon["discount_type"],
                "amount": coupon["amount"],
            }
        )

    def _status(self, body: Mapping[str, Any], other: str) -> str:
        word = str(body.get("status") or other)
        return word if word in STATUSES else "pending"

    def _set_status(self, order: Record, status: str, now: datetime) -> None:
        order["status"] = status
        if status in ("processing", "completed") and order["paid"] is None:
            order["paid"] = now
        if status == "completed" and order["completed"] is None:
            order["completed"] = now
        kept = any(row["key"] == "_order_stock_reduced" and row["value"] == "yes" for row in order["meta"])
        if status in _REDUCES and not order["reduced"] and not kept:
            self._move_stock(order, -1)
            order["reduced"] = True
        elif status == "cancelled" and order["reduced"]:
            self._move_stock(order, 1)
            order["reduced"] = False

    def _move_stock(self, order: Record, sign: int) -> None:
        """It goes below nothing without an error."""
        for line in order["lines"]:
            product = self.store.products.get(line["variation_id"] or line["product_id"])
            if product and product["manage_stock"]:
                product["stock_quantity"] += sign * line["quantity"]
                if sign < 0:
                    self._note(line["meta"], [{"key": "_reduced_stock", "value": str(line["quantity"])}])

    def _pay(self, order: Record, body: Mapping[str, Any], now: datetime) -> None:
        """A paid order is being processed, unless it is completed already; one on hold is not held any more."""
        if body.get("transaction_id"):
            order["transaction_id"] = str(body["transaction_id"])[: 255 if self.legacy else 100]
        if order["status"] not in ("completed", "processing"):
            self._set_status(order, "processing", now)
        order["paid"] = order["paid"] or now
