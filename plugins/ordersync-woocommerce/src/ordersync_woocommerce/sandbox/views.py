"""The stand-in's records as WooCommerce 11 shows them, name for name."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ordersync_woocommerce.sandbox.records import Record, Store, money
from ordersync_woocommerce.sandbox.totals import Arithmetic

__all__ = ["BILLING", "SHIPPING", "Views"]

BILLING = "first_name last_name company address_1 address_2 city state postcode country email phone".split()
SHIPPING = "first_name last_name company address_1 address_2 city state postcode country phone".split()
_ALL = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Views:
    """Shows records of one shop; `base` is the address of its API."""

    def __init__(self, store: Store, rules: Arithmetic, version: str, base: str) -> None:
        self._store, self._rules, self._version, self._base = store, rules, version, base

    def _links(self, path: str, collection: str, allow: Sequence[str] = _ALL, **more: Any) -> Record:
        own = {"href": f"{self._base}/{path}", "targetHints": {"allow": list(allow)}}
        return {"self": [own], "collection": [{"href": f"{self._base}/{collection}"}], **more}

    def _times(self, record: Record, *names: str) -> Record:
        store = self._store
        found: Record = {}
        for name in names:
            found[f"date_{name}"] = store.local(record[name])
            found[f"date_{name}_gmt"] = store.gmt(record[name])
        return found

    def _taxes(self, row: Record, *, subtotal: bool) -> list[Record]:
        return [
            {"id": rate, "total": _plain(tax), "subtotal": _plain(before) if subtotal else ""}
            for rate, (tax, before) in row["taxes"].items()
        ]

    def order(self, order: Record, dp: int | None = None) -> Record:
        """An order; `dp` digits instead of the shop's."""
        digits = self._rules.decimals if dp is None else dp
        order_id = order["id"]
        links: Record = {
            "email_templates": [
                {"embeddable": True, "href": f"{self._base}/orders/{order_id}/actions/email_templates"}
            ]
        }
        if order["customer_id"]:
            links["customer"] = [{"href": f"{self._base}/customers/{order['customer_id']}"}]
        totals = {name: money(amount, digits) for name, amount in order["totals"].items()}
        paid = order["totals"]["total"] > 0 and order["status"] in ("pending", "failed")
        return {
            "id": order_id,
            "parent_id": 0,
            "status": order["status"],
            "currency": order["currency"],
            "version": self._version,
            "prices_include_tax": order["included"],
            **totals,
            "customer_id": order["customer_id"],
            "order_key": order["order_key"],
            "billing": {name: order["billing"].get(name, "") for name in BILLING},
            "shipping": {name: order["shipping"].get(name, "") for name in SHIPPING},
            "payment_method": order["payment_method"],
            "payment_method_title": order["payment_method_title"],
            "transaction_id": order["transaction_id"],
            "customer_ip_address": "",
            "customer_user_agent": "",
            "created_via": order["created_via"],
            "customer_note": order["customer_note"],
            "cart_hash": "",
            "number": str(order_id),
            "meta_data": [dict(row) for row in order["meta"]],
            "line_items": [self._line(line, digits) for line in order["lines"]],
            "tax_lines": [self._tax_line(row, digits) for row in order["tax_lines"]],
            "shipping_lines": [self._shipping(row, digits) for row in order["shipping_lines"]],
            "fee_lines": [self._fee(row, digits) for row in order["fees"]],
            "coupon_lines": [self._coupon_line(row, digits) for row in order["coupons"]],
            "refunds": [
                {"id": row["id"], "reason": row["reason"], "total": f"-{money(row['amount'], digits)}"}
                for row in reversed(order["refunds"])
            ],
            "payment_url": f"{self._base.partition('/wp-json')[0]}/checkout/order-pay/{order_id}/"
            f"?pay_for_order=true&key={order['order_key']}",
            "is_editable": order["status"] in ("pending", "on-hold", "auto-draft", "failed"),
            "needs_payment": paid,
            "needs_processing": bool(order["lines"]) and any(line["product_id"] for line in order["lines"]),
            **self._times(order, "created", "modified", "completed", "paid"),
            "currency_symbol": {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}.get(order["currency"], ""),
            "_links": self._links(f"orders/{order_id}", "orders", **links),
        }

    def _line(self, line: Record, digits: int) -> Record:
        product = self._store.products.get(line["variation_id"] or line["product_id"])
        parent = self._store.products.get(line["product_id"]) if line["variation_id"] else None
        price = line["total"] / line["quantity"] if line["quantity"] else Decimal(0)
        return {
            "id": line["id"],
            "name": line["name"],
            "product_id": line["product_id"],
            "variation_id": line["variation_id"],
            "quantity": line["quantity"],
            "tax_class": line["tax_class"],
            "subtotal": money(line["subtotal"], digits),
            "subtotal_tax": money(line["subtotal_tax"], digits),
            "total": money(line["total"], digits),
            "total_tax": money(line["total_tax"], digits),
            "taxes": self._taxes(line, subtotal=True),
            "meta_data": [
                {**row, "display_key": row["key"], "display_value": row["value"]} for row in line["meta"]
            ],
            "sku": product["sku"] if product else None,
            "global_unique_id": "" if product else None,
            "price": _figure(price),
            "image": {"id": 0 if line["variation_id"] or not product else "", "src": ""},
            "parent_name": parent["name"] if parent else None,
        }

    def _tax_line(self, row: Record, digits: int) -> Record:
        return {
            "id": row["id"],
            "rate_code": row["rate_code"],
            "rate_id": row["rate_id"],
            "label": row["label"],
            "compound": False,
            "tax_total": money(row["tax_total"], digits),
            "shipping_tax_total": money(row["shipping_tax_total"], digits),
            "rate_percent": _figure(row["rate_percent"]),
            "meta_data": [],
        }

    def _shipping(self, row: Record, digits: int) -> Record:
        return {
            "id": row["id"],
            "method_title": row["method_title"],
            "method_id": row["method_id"],
            "instance_id": row["instance_id"],
            "total": money(row["total"], digits),
            "total_tax": money(row["total_tax"], digits),
            "taxes": self._taxes(row, subtotal=False),
            "tax_status": "taxable",
            "meta_data": [dict(meta) for meta in row["meta"]],
        }

    def _fee(self, row: Record, digits: int) -> Record:
        return {
            "id": row["id"],
            "name": row["name"],
            "tax_class": row["tax_class"],
            "tax_status": row["tax_status"],
            "amount": "",
            "total": money(row["total"], digits),
            "total_tax": money(row["total_tax"], digits),
            "taxes": self._taxes(row, subtotal=False),
            "meta_data": [dict(meta) for meta in row["meta"]],
        }

    def _coupon_line(self, row: Record, digits: int) -> Record:
        return {
            "id": row["id"],
            "code": row["code"],
            "discount": money(row["discount"], digits),
            "discount_tax": money(Decimal(0), digits),
            "discount_type": row["discount_type"],
            "nominal_amount": _figure(row["amount"]),
            "free_shipping": False,
            "meta_data": [],
        }

    def product(self, product: Record, *, edited: bool = False) -> Record:
        """A product or a variation, as `/products` shows either; the answer to a write (`edited`) says more."""
        root = self._base.partition("/wp-json")[0]
        more = {"permalink_template": f"{root}/product/%pagename%/", "generated_slug": "product"}
        price = product["price"]
        variation = product["type"] == "variation"
        parent_path = f"products/{product['parent_id']}/variations" if variation else "products"
        up: Record = {"up": [{"href": f"{self._base}/products/{product['parent_id']}"}]} if variation else {}
        digits = self._rules.decimals
        return {
            "id": product["id"],
            "name": product["name"],
            "slug": product["name"].lower().replace(" ", "-"),
            "permalink": f"{root}/product/{product['id']}/",
            **self._times(product, "created", "modified"),
            "type": product["type"],
            "status": product["status"],
            "featured": False,
            "catalog_visibility": "visible",
            "description": "",
            "short_description": "",
            "sku": product["sku"],
            "price": "" if price is None else money(price, digits),
            "regular_price": "" if price is None else money(price, digits),
            "sale_price": "",
            "date_on_sale_from": None,
            "date_on_sale_from_gmt": None,
            "date_on_sale_to": None,
            "date_on_sale_to_gmt": None,
            "on_sale": False,
            "purchasable": price is not None and product["status"] == "publish",
            "total_sales": "0" if variation else 0,
            "virtual": False,
            "downloadable": False,
            "downloads": [],
            "download_limit": -1,
            "download_expiry": -1,
            "external_url": "",
            "button_text": "",
            "tax_status": "taxable",
            "tax_class": product["tax_class"],
            "manage_stock": product["manage_stock"],
            "stock_quantity": product["stock_quantity"],
            "backorders": product["backorders"],
            "backorders_allowed": product["backorders"] != "no",
            "backordered": False,
            "low_stock_amount": None,
            "sold_individually": False,
            "weight": product["weight"],
            "dimensions": {"length": "", "width": "", "height": ""},
            "shipping_required": True,
            "shipping_taxable": True,
            "shipping_class": "",
            "shipping_class_id": 0,
            "reviews_allowed": not variation,
            "average_rating": "0.00",
            "rating_count": 0,
            "upsell_ids": [],
            "cross_sell_ids": [],
            "parent_id": product["parent_id"],
            "purchase_note": "",
            "categories": [] if variation else [{"id": 15, "name": "Uncategorized", "slug": "uncategorized"}],
            "brands": [],
            "tags": [],
            "images": [],
            "attributes": product["attributes"],
            "default_attributes": [],
            "variations": [
                row["id"] for row in self._store.products.values() if row["parent_id"] == product["id"]
            ],
            "grouped_products": [],
            "menu_order": 0,
            "price_html": "",
            "related_ids": [],
            "meta_data": [],
            "stock_status": self._stock_status(product),
            "has_options": product["type"] == "variable",
            "post_password": "",
            "global_unique_id": product["barcode"],
            **(more if edited else {}),
            "_links": self._links(f"{parent_path}/{product['id']}", parent_path, **up),
        }

    def _stock_status(self, product: Record) -> str:
        if product["type"] == "variable":
            parts = [row for row in self._store.products.values() if row["parent_id"] == product["id"]]
            return "instock" if any(self._stock_status(row) == "instock" for row in parts) else "outofstock"
        if not product["manage_stock"]:
            return str(product["stock_status"])
        if product["stock_quantity"] > 0:
            return "instock"
        return "outofstock" if product["backorders"] == "no" else "onbackorder"

    def customer(self, row: Record) -> Record:
        """A customer."""
        return {
            "id": row["id"],
            **self._times(row, "created", "modified"),
            "email": row["email"],
            "first_name": row["first_name"],
            "last_name": row["last_name"],
            "role": row["role"],
            "username": row["username"],
            "billing": {name: row["billing"].get(name, "") for name in BILLING},
            "shipping": {name: row["shipping"].get(name, "") for name in SHIPPING},
            "is_paying_customer": any(
                order["customer_id"] == row["id"] and order["paid"] for order in self._store.orders.values()
            ),
            "avatar_url": "https://secure.gravatar.com/avatar/0?s=96&d=mm&r=g",
            "meta_data": [dict(meta) for meta in row["meta"]],
            "_links": self._links(f"customers/{row['id']}", "customers"),
        }

    def rate(self, row: Record) -> Record:
        """A tax rate: four digits."""
        return {
            "id": row["id"],
            "country": row["country"],
            "state": row["state"],
            "postcode": "",
            "city": "",
            "rate": f"{row['rate']:.4f}",
            "name": row["name"],
            "priority": row["priority"],
            "compound": False,
            "shipping": row["shipping"],
            "order": row["order"],
            "class": row["class"],
            "postcodes": [],
            "cities": [],
            "_links": self._links(f"taxes/{row['id']}", "taxes"),
        }

    def webhook(self, row: Record) -> Record:
        """A webhook; neither its secret nor its failures show."""
        resource, _, event = row["topic"].partition(".")
        return {
            "id": row["id"],
            "name": row["name"],
            "status": row["status"],
            "topic": row["topic"],
            "resource": resource,
            "event": event,
            "hooks": ["woocommerce_new_order" if event == "created" else f"woocommerce_{event}_order"],
            "delivery_url": row["delivery_url"],
            **self._times(row, "created", "modified"),
            "_links": self._links(f"webhooks/{row['id']}", "webhooks"),
        }

    def coupon(self, row: Record) -> Record:
        """A coupon."""
        return {
            "id": row["id"],
            "code": row["code"],
            "amount": money(row["amount"], 2),
            "status": row["status"],
            **self._times(row, "created", "modified", "expires"),
            "discount_type": row["discount_type"],
            "description": "",
            "usage_count": row["usage_count"],
            "individual_use": False,
            "product_ids": [],
            "usage_limit": row["usage_limit"],
            "free_shipping": False,
            "meta_data": [],
            "_links": self._links(f"coupons/{row['id']}", "coupons"),
        }

    def note(self, order_id: int, row: Record) -> Record:
        """An order note."""
        links = self._links(
            f"orders/{order_id}/notes/{row['id']}", f"orders/{order_id}/notes", ["GET", "DELETE"]
        )
        return {
            "id": row["id"],
            "author": "WooCommerce",
            **self._times(row, "created"),
            "note": row["note"],
            "customer_note": row["customer_note"],
            "_links": links | {"up": [{"href": f"{self._base}/orders/{order_id}"}]},
        }

    def refund(self, order_id: int, row: Record) -> Record:
        """A refund."""
        path = f"orders/{order_id}/refunds"
        links = self._links(f"{path}/{row['id']}", path, ["GET", "DELETE"])
        return {
            "id": row["id"],
            **self._times(row, "created"),
            "amount": money(row["amount"], self._rules.decimals),
            "reason": row["reason"],
            "refunded_by": 1,
            "refunded_payment": False,
            "meta_data": [],
            "line_items": [],
            "shipping_lines": [],
            "tax_lines": [],
            "fee_lines": [],
            "_links": links | {"up": [{"href": f"{self._base}/orders/{order_id}"}]},
        }


def _plain(amount: Decimal) -> str:
    return format(amount, "f")


def _figure(amount: Decimal) -> int | Decimal:
    """A number as PHP writes it: whole ones without a point."""
    whole = amount.to_integral_value()
    return int(whole) if whole == amount else amount.quantize(Decimal("0.00000001")).normalize()
