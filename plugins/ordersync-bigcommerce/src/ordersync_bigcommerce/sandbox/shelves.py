"""The V3 half: customers, catalogue, stock and webhooks; and V2's coupons and currencies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import shelf_rows
from .faults import Fault, v3
from .store import Row, Store

__all__ = ["Shelves"]

CURRENCIES = ("USD", "EUR", "GBP", "JPY", "KWD", "CAD")
DIGITS = {"JPY": 0, "KWD": 3}


@dataclass
class Shelves:
    """What stands on the shelves of a store. `now` is the moment of the request."""

    store: Store
    store_hash: str
    now: datetime
    cap: int
    no_sku_list: bool

    def customers(self, query: Mapping[str, str]) -> Row:
        """`GET /v3/customers`: newest first, as recorded."""
        found = list(self.store.customers.values())
        for name, field in (("id:in", "id"), ("email:in", "email"), ("phone:in", "phone")):
            if name in query:
                wanted = {one.strip().lower() for one in query[name].split(",")}
                found = [row for row in found if str(row[field]).lower() in wanted]
        rows = [shelf_rows.customer_row(row) for row in sorted(found, key=lambda row: -row["id"])]
        return self._page(rows, query)

    def new_customers(self, body: Any) -> Row:
        """`POST /v3/customers`: ten at most, each address once; one that is refused refuses all."""
        if not isinstance(body, list) or not body:
            raise v3(422, "Create customers failed.", **{".data": "must be an array"})
        if len(body) > 10:
            raise v3(413, "Too many customers in one request.")
        errors, taken = {}, {row["email"].lower() for row in self.store.customers.values()}
        for i, one in enumerate(body):
            for name in ("email", "first_name", "last_name"):
                if not isinstance(one, Mapping) or not one.get(name):
                    errors[f"{i}.{name}"] = f"{name} is a required field"
            mail = str(one.get("email", "")).lower() if isinstance(one, Mapping) else ""
            if mail and (mail in taken or "@" not in mail):
                errors[f"{i}.email"] = f"Email {'already in use' if mail in taken else 'is not valid'}"
            taken.add(mail)
            for address in one.get("addresses", ()) if isinstance(one, Mapping) else ():
                for name in ("first_name", "last_name", "address1", "city", "country_code"):
                    if not address.get(name) and name != "city":
                        errors[f"{i}.addresses.{name}"] = f"{name} is a required field"
        if errors:
            raise Fault(422, {**v3(422, "Create customers failed.").body, "errors": errors})
        made = [
            self.store.add(
                "customers",
                {
                    **{name: str(one.get(name) or "") for name in (
                        "email", "first_name", "last_name", "company", "phone", "notes",
                    )},
                    "created": self.now.replace(microsecond=0),
                },
            )
            for one in body
        ]  # fmt: skip
        return {"data": [shelf_rows.customer_row(row) for row in made], "meta": {}}

    def variants(self, query: Mapping[str, str]) -> Row:
        """`GET /v3/catalog/variants`."""
        found = list(self.store.variants.values())
        if "sku" in query:
            found = [row for row in found if row["sku"] == query["sku"]]
        if "sku:in" in query and not self.no_sku_list:
            found = [row for row in found if row["sku"] in query["sku:in"].split(",")]
        if "product_id:in" in query:
            found = [row for row in found if str(row["product_id"]) in query["product_id:in"].split(",")]
        return self._page([shelf_rows.variant_row(row) for row in found], query)

    def products(self, query: Mapping[str, str]) -> Row:
        """`GET /v3/catalog/products`."""
        fields = set(filter(None, query.get("include_fields", "").split(",")))
        found = list(self.store.products.values())
        if "id:in" in query:
            found = [row for row in found if str(row["id"]) in query["id:in"].split(",")]
        if "sku:in" in query:
            found = [row for row in found if row["sku"] and row["sku"] in query["sku:in"].split(",")]
        return self._page([shelf_rows.product_row(row, fields) for row in found], query)

    def items(self, query: Mapping[str, str]) -> Row:
        """`GET /v3/inventory/items`: of products whose stock is tracked."""
        found = [
            row
            for row in self.store.variants.values()
            if self.store.products[row["product_id"]]["tracking"] != "none"
        ]
        for name, field in (("variant_id:in", "id"), ("sku:in", "sku"), ("product_id:in", "product_id")):
            if name in query:
                found = [row for row in found if str(row[field]) in query[name].split(",")]
        return self._page([shelf_rows.item_row(row) for row in found], query)

    def hooks(self, query: Mapping[str, str]) -> Row:
        """`GET /v3/hooks`."""
        found = [
            row
            for row in self.store.hooks.values()
            if query.get("destination", row["destination"]) == row["destination"]
            and query.get("scope", row["scope"]) == row["scope"]
        ]
        return self._page([shelf_rows.hook_row(row) for row in found], query)

    def new_hook(self, body: Any) -> Row:
        """`POST /v3/hooks`: on port 443 only, ten per scope at most."""
        if not isinstance(body, Mapping) or not body.get("scope") or not body.get("destination"):
            raise v3(422, "JSON data is missing or invalid", scope="error.path.missing")
        address = str(body["destination"])
        if not address.startswith("https://") or ":" in address.removeprefix("https://").partition("/")[0]:
            raise v3(422, "JSON data is missing or invalid", destination="must be https on port 443")
        if sum(row["scope"] == body["scope"] for row in self.store.hooks.values()) >= 10:
            raise v3(422, "Too many webhooks of this scope.")
        at = int(self.now.timestamp())
        row = self.store.add(
            "hooks",
            {
                "client_id": "sandboxclient", "store_hash": self.store_hash, "scope": body["scope"],
                "destination": address, "headers": dict(body.get("headers") or {}) or None,
                "is_active": bool(body.get("is_active", True)), "created_at": at, "updated_at": at,
            },
        )  # fmt: skip
        return {"data": shelf_rows.hook_row(row), "meta": {}}

    def changed_hook(self, number: int, body: Any) -> Row:
        """`PUT /v3/hooks/{id}`."""
        row = self._hook(number)
        row.update(
            {name: body[name] for name in ("scope", "destination", "is_active", "headers") if name in body}
        )
        row["updated_at"] = int(self.now.timestamp())
        return {"data": shelf_rows.hook_row(row), "meta": {}}

    def removed_hook(self, number: int) -> Row:
        """`DELETE /v3/hooks/{id}`."""
        row = self._hook(number)
        del self.store.hooks[number]
        return {"data": shelf_rows.hook_row(row), "meta": {}}

    def coupons(self, query: Mapping[str, str]) -> list[Row] | None:
        """`GET /v2/coupons`."""
        code = query.get("code")
        found = [row for row in self.store.coupons.values() if code is None or row["code"] == code]
        return [shelf_rows.coupon_row(row) for row in found] or None

    def currencies(self, query: Mapping[str, str], multi: bool) -> list[Row] | None:
        """`GET /v2/currencies`."""
        if query.get("page", "1") != "1":
            return None
        return [
            {
                "id": number,
                "is_default": code == CURRENCIES[0],
                "last_updated": "Tue, 12 Jun 2018 14:41:56 +0000",
                "country_iso2": code[:2],
                "currency_code": code,
                "currency_exchange_rate": "1.0000000000",
                "auto_update": False,
                "token_location": "left",
                "token": code,
                "decimal_token": ".",
                "thousands_token": ",",
                "decimal_places": DIGITS.get(code, 2),
                "name": code,
                "enabled": True,
                "is_transactional": multi or code == CURRENCIES[0],
            }
            for number, code in enumerate(CURRENCIES, start=1)
        ]

    def _hook(self, number: int) -> Row:
        row = self.store.hooks.get(number)
        if row is None:
            raise v3(404, "Webhook not found.")
        return row

    def _page(self, rows: list[Row], query: Mapping[str, str]) -> Row:
        asked = query.get("limit", "50")
        size = min(int(asked) if asked.isdigit() else 50, 250, self.cap)
        page = int(query.get("page", "1")) if query.get("page", "1").isdigit() else 1
        shown = rows[(page - 1) * size : page * size]
        pages = max((len(rows) + size - 1) // size, 1)
        links = {"current": f"?page={page}&limit={size}"}
        if page < pages:
            links["next"] = f"?page={page + 1}&limit={size}"
        pagination = {
            "total": len(rows),
            "count": len(shown),
            "per_page": size,
            "current_page": page,
            "total_pages": pages,
            "links": links,
        }
        return {"data": shown, "meta": {"pagination": pagination}}
