"""The routes of products and their variations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ordersync_woocommerce.sandbox import populate
from ordersync_woocommerce.sandbox.finding import folded
from ordersync_woocommerce.sandbox.records import Record, Store
from ordersync_woocommerce.sandbox.refusing import Problem
from ordersync_woocommerce.sandbox.visits import Answer, Visit, Work, known

__all__ = ["GoodsDesk"]


class GoodsDesk:
    """Answers for `/products`."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def routes(self) -> Mapping[str, Mapping[str, Work]]:
        """Path → verb → what answers it."""
        return {
            r"products": {"GET": self._products, "POST": self._create_product},
            r"products/(\d+)": {
                "GET": self._product,
                "POST": self._put_product,
                "PUT": self._put_product,
                "DELETE": self._trash_product,
            },
            r"products/(\d+)/variations": {"POST": self._create_variation},
        }

    def _products(self, visit: Visit) -> Answer:
        """By SKU, variations come along. A list is split at commas; a blank beside one spoils its entry; nothing finds all."""
        status = visit.args.get("status", "any")
        rows = [
            row for row in self.store.products.values() if (row["status"] == "trash") == (status == "trash")
        ]
        wanted = re.sub(r"<[^>]*>", "", visit.args.get("sku", ""))
        if wanted:
            whole = [row for row in rows if folded(row["sku"]) == folded(wanted)]
            parts = {folded(part) for part in wanted.split(",") if part == part.strip()}
            rows = whole or [row for row in rows if row["sku"] and folded(row["sku"]) in parts]
        else:
            rows = [row for row in rows if row["type"] != "variation"]
        if visit.args.get("include"):
            ids = {int(each) for each in visit.args["include"].split(",")}
            rows = [row for row in rows if row["id"] in ids]
        rows.sort(key=lambda row: (row["created"], row["id"]), reverse=True)
        return visit.page(rows, visit.views.product)

    def _given_product(self, body: Mapping[str, Any]) -> Record:
        given: Record = {}
        if "regular_price" in body:
            given["price"] = Decimal(str(body["regular_price"]))
        for name in ("name", "type", "status", "manage_stock", "stock_quantity", "backorders", "weight"):
            if name in body:
                given[name] = body[name]
        if "sku" in body:
            given["sku"] = re.sub(r"<[^>]*>", "", str(body["sku"])).strip()
            holder = next(
                (
                    row
                    for row in self.store.products.values()
                    if given["sku"] and folded(row["sku"]) == folded(given["sku"])
                ),
                None,
            )
            if holder:
                raise Problem(
                    400,
                    "product_invalid_sku",
                    "Invalid or duplicated SKU.",
                    resource_id=holder["id"],
                    unique_sku=f"{given['sku']}-1",
                )
        if isinstance(body.get("attributes"), list):
            given["attributes"] = [
                {
                    "id": 0,
                    "name": row.get("name", ""),
                    "slug": row.get("name", ""),
                    "position": 0,
                    "visible": bool(row.get("visible")),
                    "variation": bool(row.get("variation")),
                    "options": row.get("options", row.get("option", [])),
                }
                for row in body["attributes"]
            ]
        return given

    def _create_product(self, visit: Visit) -> Answer:
        given = {"sku": "", "name": "", "price": None, **self._given_product(visit.body)}
        sku, name = given.pop("sku"), given.pop("name")
        price = given.pop("price")
        row = populate.add_product(self.store, sku, name, None, visit.now, **given)
        row["price"] = price
        return 201, visit.views.product(row, edited=True), {}

    def _create_variation(self, visit: Visit, parent_id: int) -> Answer:
        parent = known(self.store.products, parent_id, "product")
        given = self._given_product(visit.body)
        options = [(row["name"].lower(), row["option"]) for row in visit.body.get("attributes", [])]
        given["attributes"] = [
            {"id": 0, "name": row["name"], "slug": row["name"], "option": row["option"]}
            for row in visit.body.get("attributes", [])
        ]
        name = " - ".join([parent["name"], *(str(value) for _, value in options)])
        sku, price = given.pop("sku", ""), given.pop("price", None)
        more = {**given, "type": "variation", "parent_id": parent_id, "options": options}
        row = populate.add_product(self.store, sku, name, None, visit.now, **more)
        row["price"] = price
        return 201, visit.views.product(row, edited=True), {}

    def _product(self, visit: Visit, product_id: int) -> Answer:
        return 200, visit.views.product(known(self.store.products, product_id, "product")), {}

    def _put_product(self, visit: Visit, product_id: int) -> Answer:
        row = known(self.store.products, product_id, "product")
        row |= {**self._given_product(visit.body), "modified": visit.now}
        return 200, visit.views.product(row, edited=True), {}

    def _trash_product(self, visit: Visit, product_id: int) -> Answer:
        row = known(self.store.products, product_id, "product")
        shown = visit.views.product(row)
        row["status"] = "trash"
        if visit.args.get("force") == "true":
            del self.store.products[product_id]
        return 200, shown, {}
