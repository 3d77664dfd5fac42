"""The stand-in for a BigCommerce store: its V2 and V3 REST APIs over a catalogue, customers and orders that change.

It adds orders up as the vendor's documents say, pages, filters and refuses as they do, counts requests in windows, and
signs its webhooks. What people do in the control panel is in `panel`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from werkzeug.wrappers import Request, Response

from ordersync import BadInput
from ordersync.testing import StandingOrder
from ordersync.testing.kit import FixedWindow
from ordersync.testing.quirks import Quirk
from ordersync.web import dump, read

from .faults import Fault, v2, v3
from .hooks import Delivery, signature
from .levers import Levers
from .order_rows import STATUSES
from .orders import Orders
from .populate import TWIN_SKU, populate
from .quirks import (
    OWN,
    EmptyConsignments,
    EqualModified,
    ExclusiveDates,
    IgnoredFilters,
    NoSkuList,
    Overload,
    RoundedPrices,
    SlowIndex,
    SmallPages,
)
from .shelves import CURRENCIES, Shelves
from .store import STORE_HASH, Row, Store, sums

__all__ = ["STORE_HASH", "TWIN_SKU", "Delivery", "Sandbox", "signature"]

TOKEN = "sandbox-access-token"  # noqa: S105 - the sandbox's own, not a secret
SECRET = "sandbox-client-secret"  # noqa: S105 - the sandbox's own, not a secret
SCOPES = (
    "store_v2_orders", "store_v2_customers", "store_v2_products_read_only", "store_inventory_read_only",
    "store_v2_information_read_only", "store_v2_marketing_read_only",
)  # fmt: skip
"""Reading and writing where there is no suffix. Hooks need no scope of their own here."""
_PATHS = (
    (r"v2/orders", "store_v2_orders"),
    (r"v2/order_statuses", "store_v2_orders"),
    (r"v3/orders", "store_v2_orders"),
    (r"v3/customers", "store_v2_customers"),
    (r"v3/catalog", "store_v2_products_read_only"),
    (r"v3/inventory", "store_inventory_read_only"),
    (r"v2/(store|currencies)", "store_v2_information_read_only"),
    (r"v2/coupons", "store_v2_marketing_read_only"),
)


class Sandbox(Levers):
    """A store at `/stores/sandbox1/`."""

    platform: ClassVar[str] = "bigcommerce"
    option_names: ClassVar[Mapping[str, str]] = {
        "index_lag": "seconds until lists hold a new order; looking it up by id finds it at once (default 2)",
        "quota": "requests in a window (default 150)",
        "window": "length of a window in milliseconds (default 30000)",
        "multi_currency": "false: orders are in the store's own currency, USD (default true)",
        "scopes": "OAuth scopes of the token, separated by commas (default: all that exist here)",
    }
    own_quirks: ClassVar[tuple[type[Quirk], ...]] = OWN

    def populate(self, orders: int) -> None:
        options = self.options
        self.access_token = TOKEN
        self.client_secret = SECRET
        self.scopes = frozenset(filter(None, (options.get("scopes") or ",".join(SCOPES)).split(",")))
        self.lag = timedelta(seconds=int(options.get("index_lag", "2")))
        self.window = FixedWindow(
            int(options.get("quota", "150")),
            seconds=int(options.get("window", "30000")) / 1000,
            limit="X-Rate-Limit-Requests-Quota",
            left="X-Rate-Limit-Requests-Left",
            reset="X-Rate-Limit-Time-Reset-Ms",
            length="X-Rate-Limit-Time-Window-Ms",
            reset_as="milliseconds",
        )
        self.window.begin("window", self)
        self.multi = options.get("multi_currency", "true").lower() == "true"
        small = self.quirk(SmallPages)
        self.cap = small.whole("rows") if small else 250
        if slow := self.quirk(SlowIndex):
            self.lag = timedelta(seconds=slow.whole("seconds"))
        self.deliveries: list[Delivery] = []
        self.store = Store()
        populate(self.store, self.seed, orders)
        if self.quirk(EqualModified):
            at = max((order["modified"] for order in self.store.orders.values()), default=None)
            for order in self.store.orders.values():
                order["modified"] = at

    def answer(self, request: Request) -> Response:
        found = re.fullmatch(r"/stores/(\w+)/(v[23])/(.*)", request.path)
        version = found[2] if found else "v3"
        try:
            if found is None or found[1] != STORE_HASH:
                raise v3(404, "The requested store was not found.")
            limited = self._limit(request)
            if limited:
                return limited
            path = f"{version}/{found[3].rstrip('/')}"
            self._admit(request, path, version)
            if version == "v2" and "json" not in request.headers.get("Accept", ""):
                return Response("<?xml version='1.0'?><orders/>", content_type="application/xml")
            status, body = self._route(request, path)
        except Fault as fault:
            status, body = fault.status, fault.body
        except BadInput:
            status, body = 400, (v2 if version == "v2" else v3)(400, "The request body is invalid.").body
        return self._reply(status, body)

    def _admit(self, request: Request, path: str, version: str) -> None:
        refuse = v2 if version == "v2" else v3
        if request.headers.get("X-Auth-Token") != self.access_token:
            raise refuse(401, "Unauthorized - the token in the request is not valid for this store.")
        for pattern, scope in _PATHS:
            if re.match(pattern, path) and scope not in self.scopes:
                readable = f"{scope}_read_only" in self.scopes and request.method == "GET"
                if not readable:
                    raise v3(403, "You don't have a required scope to access the endpoint")

    def _limit(self, request: Request) -> Response | None:
        """One more request of this window; or the refusal, if it was one too many."""
        overload = self.quirk(Overload)
        if overload and overload.strikes():
            return Response(dump(v3(429, "Too many requests.").body), 429, content_type="application/json")
        if self.window.wait(request, 1, self.clock.now()) is not None:
            return self._reply(429, v3(429, "You have exceeded the rate limit.").body)
        return None

    def _reply(self, status: int, body: Any) -> Response:
        headers = {
            **self.window.headers(self.clock.now()),
            "X-Request-Id": f"{self.random.getrandbits(128):032x}",
        }
        if body is None:
            return Response(status=204, headers=headers)
        return Response(dump(body), status, headers=headers, content_type="application/json")

    def _route(self, request: Request, path: str) -> tuple[int, Any]:
        """Status and body of the answer; a body of None is an empty 204."""
        query = request.args.to_dict()
        body = read(request.get_data()) if request.get_data() else None
        orders, shelves = self._orders(request), self._shelves()
        method = request.method
        order = re.fullmatch(r"v2/orders/(\d+)(?:/(\w+))?", path)
        if order:
            return self._order(orders, method, int(order[1]), order[2], body, query)
        refunds = re.fullmatch(r"v3/orders/(\d+)/payment_actions/refunds", path)
        if refunds and method == "GET":
            return 200, {"data": orders.refunds(int(refunds[1])), "meta": {}}
        hook = re.fullmatch(r"v3/hooks/(\d+)", path)
        if hook and method == "PUT":
            return 200, shelves.changed_hook(int(hook[1]), body or {})
        if hook and method == "DELETE":
            return 200, shelves.removed_hook(int(hook[1]))
        match method, path:
            case "GET", "v2/orders":
                return 200, orders.listed(query)
            case "POST", "v2/orders":
                return 200, orders.created(body, query)
            case "GET", "v3/orders/payment_actions/refunds":
                return 200, orders.all_refunds(query)
            case "GET", "v2/order_statuses":
                return 200, [_status(number) for number in STATUSES]
            case "GET", "v2/store":
                return 200, self._about()
            case "GET", "v2/currencies":
                return 200, shelves.currencies(query, self.multi)
            case "GET", "v2/coupons":
                return 200, shelves.coupons(query)
            case "GET", "v3/customers":
                return 200, shelves.customers(query)
            case "POST", "v3/customers":
                return 200, shelves.new_customers(body)
            case "GET", "v3/catalog/variants":
                return 200, shelves.variants(query)
            case "GET", "v3/catalog/products":
                return 200, shelves.products(query)
            case "GET", "v3/inventory/items":
                return 200, shelves.items(query)
            case "GET", "v3/hooks":
                return 200, shelves.hooks(query)
            case "POST", "v3/hooks":
                return 200, shelves.new_hook(body)
        raise (v2 if path.startswith("v2") else v3)(404, "The requested resource was not found.")

    def _order(
        self, orders: Orders, method: str, number: int, part: str | None, body: Any, query: Mapping[str, str]
    ) -> tuple[int, Any]:
        match method, part:
            case "GET", None:
                return 200, orders.one(number, query)
            case "PUT", None:
                return 200, orders.changed(number, body)
            case "DELETE", None:
                orders.archived(number)
                return 204, None
            case "GET", "products" | "shipping_addresses" | "coupons" | "taxes" | "fees" | "shipments":
                return 200, orders.part(number, part, query)
            case "POST", "shipments":
                return 201, orders.shipped(number, body)
        raise v2(404, "The requested resource was not found.")

    def _orders(self, request: Request) -> Orders:
        ignored = self.quirk(IgnoredFilters)
        return Orders(
            self.store,
            f"{request.host_url.rstrip('/')}/stores/{STORE_HASH}",
            self.clock.now(),
            self._tell,
            currency=CURRENCIES[0],
            currencies=set(CURRENCIES if self.multi else ()),
            rounding=self.quirk(RoundedPrices) is not None,
            lag=self.lag,
            cap=self.cap,
            ignored=frozenset(ignored.text("names").split("|") if ignored else ()),
            exclusive=self.quirk(ExclusiveDates) is not None,
            bare=self.quirk(EmptyConsignments) is not None,
        )

    def _shelves(self) -> Shelves:
        return Shelves(self.store, STORE_HASH, self.clock.now(), self.cap, self.quirk(NoSkuList) is not None)

    def _about(self) -> Row:
        return {
            "id": STORE_HASH,
            "domain": "amber-goods.example",
            "secure_url": "https://amber-goods.example",
            "status": "live",
            "name": "Amber Goods",
            "country_code": "US",
            "currency": CURRENCIES[0],
            "decimal_places": 2,
            "plan_name": "Standard",
            "plan_level": "Standard",
            "plan_is_trial": False,
        }

    # ---- the kit's questions

    def settings(self, base_url: str) -> dict[str, Any]:
        return {
            "connector": self.platform,
            "store_hash": STORE_HASH,
            "access_token": self.access_token,
            "client_secret": self.client_secret,
            "base_url": base_url,
        }

    def standing(self) -> list[StandingOrder]:
        with self.lock:
            return [_standing(order) for order in self.store.orders.values() if not order["archived"]]

    def state(self) -> Row:
        with self.lock:
            version, internal, gauss = self.random.getstate()
            return {
                "store": self.store.state(),
                "random": [version, list(internal), gauss],
                **self.window.state(),
                "deliveries": [
                    [one.destination, one.body.decode(), dict(one.headers)] for one in self.deliveries
                ],
            }

    def restore(self, state: Row) -> None:
        with self.lock:
            self.store = Store.of(state["store"])
            version, internal, gauss = state["random"]
            self.random.setstate((version, tuple(internal), gauss))
            self.window.restore(state)
            self.deliveries = [
                Delivery(address, body.encode(), dict(headers))
                for address, body, headers in state["deliveries"]
            ]


def _status(number: int) -> Row:
    name = STATUSES[number]
    return {
        "id": number,
        "name": name,
        "system_label": name,
        "custom_label": name,
        "system_description": name,
    }


def _standing(order: Row) -> StandingOrder:
    total = sums(order)
    key = order["external_order_id"]
    first = order["staff_notes"].partition("\n")[0]
    return StandingOrder(
        id=str(order["id"]),
        key=key if key.startswith("os-") else None,
        number=first.rpartition(": ")[2] or None,
        currency=order["currency"],
        net=total["total_ex_tax"],
        tax=total["total_tax"],
        total=total["total_inc_tax"],
        lines=len(order["lines"]) + len(order["fees"]) + bool(order["shipping"][1]),
        cancelled=order["status_id"] in (5, 6),
        customer=str(order["customer_id"]) if order["customer_id"] else None,
        confirmed=order["status_id"] != 0,
        placed_at=order["created"],
    )
