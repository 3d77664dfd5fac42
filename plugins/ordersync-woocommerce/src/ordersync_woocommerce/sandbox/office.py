"""The routes of customers, coupons, taxes, settings and the system's status."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ordersync_woocommerce.sandbox import populate
from ordersync_woocommerce.sandbox.order_desk import LARGEST_BATCH, TOO_LARGE
from ordersync_woocommerce.sandbox.ordering import Fatal, Orders
from ordersync_woocommerce.sandbox.records import Record, Store
from ordersync_woocommerce.sandbox.refusing import Problem, check
from ordersync_woocommerce.sandbox.totals import Arithmetic
from ordersync_woocommerce.sandbox.visits import Answer, Visit, Work, known

__all__ = ["Office"]


class Office:
    """Answers for what the shop knows of people and of itself."""

    def __init__(self, store: Store, rules: Arithmetic, orders: Orders) -> None:
        self.store, self.rules, self.orders = store, rules, orders

    def routes(self) -> Mapping[str, Mapping[str, Work]]:
        """Path → verb → what answers it."""
        return {
            r"customers": {"GET": self._customers, "POST": self._create_customer},
            r"customers/batch": {"POST": self._batch, "PUT": self._batch},
            r"customers/(\d+)": {"GET": self._customer},
            r"coupons": {"GET": self._coupons},
            r"taxes": {"GET": self._rates, "POST": self._create_rate},
            r"taxes/classes": {"GET": self._classes},
            r"payment_gateways": {"GET": self._gateways},
            r"settings/tax": {"GET": self._tax_settings},
            r"settings/general": {"GET": self._general_settings},
            r"system_status": {"GET": self._system_status},
        }

    def _customers(self, visit: Visit) -> Answer:
        """Unless all roles are asked for, only customers are found."""
        email, role = visit.args.get("email"), visit.args.get("role", "customer")
        if email is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
            check({"email": email}, {"email": {"type": "string", "format": "email"}})
        rows = [row for row in self.store.customers.values() if role in ("all", row["role"])]
        if email:
            rows = [row for row in rows if row["email"].lower() == email.lower()]
        ordered = visit.args.get("orderby", "name")
        keys: Mapping[str, Callable[[Record], Any]] = {
            "id": lambda row: row["id"],
            "name": lambda row: (row["username"].lower(), row["id"]),
            "registered_date": lambda row: (row["created"], row["id"]),
        }
        rows.sort(key=keys.get(ordered, keys["name"]), reverse=visit.args.get("order") == "desc")
        return visit.page(rows, visit.views.customer)

    def _create_customer(self, visit: Visit) -> Answer:
        body = visit.body
        if not body.get("email"):
            raise Problem(400, "rest_missing_callback_param", "Missing parameter(s): email", params=["email"])
        if any(row["email"].lower() == body["email"].lower() for row in self.store.customers.values()):
            raise Problem(
                400,
                "registration-error-email-exists",
                f"An account is already registered with {body['email']}. Please log in or use a different email address.",
            )
        name = str(body.get("username") or body["email"].partition("@")[0])
        if len(name) > 59:
            raise Problem(
                400, "woocommerce_rest_cannot_create", "Username may not be longer than 60 characters."
            )
        row = populate.add_customer(
            self.store,
            str(body["email"]),
            visit.now,
            username=name,
            first_name=str(body.get("first_name", "")),
            last_name=str(body.get("last_name", "")),
            billing=dict(body.get("billing", {})),
            shipping=dict(body.get("shipping", {})),
            meta=self.store.metas(
                [*(body.get("meta_data") or []), {"key": "default_password_nag", "value": "1"}]
            ),
        )
        return 201, visit.views.customer(row), {}

    def _batch(self, visit: Visit) -> Answer:
        """Entry by entry: what fails says so in its place. Only creates were built here."""
        rows = visit.body.get("create", [])
        if sum(len(each) for each in visit.body.values() if isinstance(each, list)) > LARGEST_BATCH:
            raise Problem(413, "woocommerce_rest_request_entity_too_large", TOO_LARGE)
        return 200, {"create": [self._entry(visit, row) for row in rows]}, {}

    def _entry(self, visit: Visit, row: Any) -> Any:
        if not isinstance(row, Mapping):
            raise Fatal
        try:
            return self._create_customer(replace(visit, body=row))[1]
        except Problem as problem:
            return {"id": 0, "error": problem.body}

    def _customer(self, visit: Visit, customer_id: int) -> Answer:
        return 200, visit.views.customer(known(self.store.customers, customer_id, "customer")), {}

    def _coupons(self, visit: Visit) -> Answer:
        code = visit.args.get("code", "").lower()
        rows = [row for row in self.store.coupons.values() if not code or row["code"] == code]
        return visit.page(rows, visit.views.coupon)

    def _rates(self, visit: Visit) -> Answer:
        return visit.page(list(self.store.rates.values()), visit.views.rate)

    def _create_rate(self, visit: Visit) -> Answer:
        body = visit.body
        more = {
            name: body[name] for name in ("country", "state", "priority", "shipping", "class") if name in body
        }
        row = populate.add_rate(self.store, str(body.get("name", "Tax")), str(body["rate"]), **more)
        return 201, visit.views.rate(row), {}

    def _classes(self, _: Visit) -> Answer:
        classes = {"standard": "Standard rate", **self.store.classes}
        return 200, [{"slug": slug, "name": name, "_links": {}} for slug, name in classes.items()], {}

    def _gateways(self, _: Visit) -> Answer:
        names = {"bacs": "Direct bank transfer", "cheque": "Check payments", "cod": "Cash on delivery"}
        rows = [{"id": gateway, "title": name, "enabled": False} for gateway, name in names.items()]
        return 200, rows, {"X-WP-Total": "3", "X-WP-TotalPages": "1"}

    def _tax_settings(self, _: Visit) -> Answer:
        rules = self.rules
        values = {
            "woocommerce_prices_include_tax": "yes" if rules.included else "no",
            "woocommerce_tax_based_on": "shipping",
            "woocommerce_shipping_tax_class": rules.shipping_class,
            "woocommerce_tax_round_at_subtotal": "yes" if rules.at_subtotal else "no",
        }
        return 200, [{"id": name, "value": value} for name, value in values.items()], {}

    def _general_settings(self, _: Visit) -> Answer:
        values = {
            "woocommerce_default_country": "US:CA",
            "woocommerce_calc_taxes": "yes",
            "woocommerce_currency": "USD",
            "woocommerce_price_num_decimals": str(self.rules.decimals),
        }
        return 200, [{"id": name, "value": value} for name, value in values.items()], {}

    def _system_status(self, _: Visit) -> Answer:
        hpos = not self.orders.legacy
        settings = {
            "api_enabled": False,
            "force_ssl": False,
            "currency": "USD",
            "currency_symbol": "&#36;",
            "currency_position": "left",
            "thousand_separator": ",",
            "decimal_separator": ".",
            "number_of_decimals": self.rules.decimals,
            "geolocation_enabled": False,
            "taxonomies": {name: name for name in ("external", "grouped", "simple", "variable")},
            "product_visibility_terms": {
                name: name
                for name in (
                    "exclude-from-catalog", "exclude-from-search", "featured", "outofstock",
                    "rated-1", "rated-2", "rated-3", "rated-4", "rated-5",
                )
            },
            "woocommerce_com_connected": "no",
            "enforce_approved_download_dirs": True,
            "order_datastore": "OrdersTableDataStore" if hpos else "WC_Order_Data_Store_CPT",
            "HPOS_enabled": hpos,
            "HPOS_sync_enabled": False,
            "enabled_features": ["analytics", "custom_order_tables"] if hpos else ["analytics"],
        }  # fmt: skip
        environment = {
            "home_url": "http://woocommerce.example",
            "site_url": "http://woocommerce.example",
            "version": self.orders.version,
            "wp_version": "7.1",
        }
        return 200, {"environment": environment, "settings": settings}, {}
