"""The shop's REST API v3 as a WSGI application: who comes in, where to, and in what shape it is answered."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

from werkzeug.wrappers import Request, Response

from ordersync.testing import StandingOrder
from ordersync.testing.quirks import Quirk
from ordersync.web import dump
from ordersync_woocommerce.sandbox import populate
from ordersync_woocommerce.sandbox.fields import only
from ordersync_woocommerce.sandbox.gate import SECRETS, enter
from ordersync_woocommerce.sandbox.goods_desk import GoodsDesk
from ordersync_woocommerce.sandbox.hooks import Delivery, Hooks
from ordersync_woocommerce.sandbox.levers import SECRET, Levers
from ordersync_woocommerce.sandbox.office import Office
from ordersync_woocommerce.sandbox.order_desk import OrderDesk
from ordersync_woocommerce.sandbox.ordering import Fatal, Orders
from ordersync_woocommerce.sandbox.quirks import (
    OWN,
    LegacyStorage,
    LostCalls,
    StrippedHeader,
    SubtotalRounding,
    TimeZone,
)
from ordersync_woocommerce.sandbox.records import Record, Store
from ordersync_woocommerce.sandbox.refusing import Problem
from ordersync_woocommerce.sandbox.totals import Arithmetic
from ordersync_woocommerce.sandbox.views import Views
from ordersync_woocommerce.sandbox.visits import Answer, Visit, Work

__all__ = ["Delivery", "Sandbox"]

_DEAD = "<p>There has been a critical error on this website.</p>"


class Sandbox(Levers):
    """A shop at `/wp-json/wc/v3/…` and at `/?rest_route=/wc/v3/…`."""

    platform: ClassVar[str] = "woocommerce"
    option_names: ClassVar[Mapping[str, str]] = {
        "timezone": "the shop's hours from UTC, `9` or `-5` or `5.5`: dates without a zone are its own (default 0)",
        "storage": "`hpos` or `legacy`: where orders are kept; legacy finds no transaction id (default hpos)",
        "version": "WooCommerce's version; before 9.9 `created_via` is neither written nor filtered (default 11.0.1)",
        "decimals": "digits of the shop's amounts: a KWD order loses its third one where there are two (default 2)",
        "prices_include_tax": "`yes`: taxes round half down, orders say so (default no)",
        "round_at_subtotal": "`yes`: taxes are rounded per order, which nobody can predict (default no)",
        "permalinks": "`plain`: `/wp-json/` is a web page that is not there, only `?rest_route=` answers (default pretty)",
        "setup": "`none`: born without products, customers and tax rates (default full)",
    }

    own_quirks: ClassVar[tuple[type[Quirk], ...]] = OWN

    def __init__(self, **given: Any) -> None:
        options = given.get("options") or {}
        hours = Decimal(options.get("timezone", "0"))
        self.store = Store(offset=timedelta(minutes=int(hours * 60)))
        self.rules = Arithmetic(options)
        self.version = options.get("version", "11.0.1")
        legacy = options.get("storage", "hpos") == "legacy"
        self.orders = Orders(self.store, self.rules, version=self.version, legacy=legacy)
        self.hooks = Hooks(self.store, self.rules, self.version)
        self.routes: dict[str, Mapping[str, Work]] = {
            **OrderDesk(self.orders).routes(),
            **GoodsDesk(self.store).routes(),
            **Office(self.store, self.rules, self.orders).routes(),
            **self.hooks.routes(),
        }
        super().__init__(**given)

    def populate(self, orders: int) -> None:
        """Fill the new shop."""
        zone = self.quirk(TimeZone)
        if zone:
            self.store.offset = timedelta(minutes=int(zone.seconds("hours") * 60))
        self.orders.legacy = self.orders.legacy or self.quirk(LegacyStorage) is not None
        self.rules.at_subtotal = self.rules.at_subtotal or self.quirk(SubtotalRounding) is not None
        if self.options.get("setup") != "none":
            populate.fill(self.store, self.orders, self.seed, orders, self.now)

    def settings(self, base_url: str) -> dict[str, Any]:
        """A connection's section of the settings file."""
        key = "ck_sandbox_read_write"
        section = {
            "connector": self.platform,
            "url": base_url,
            "consumer_key": key,
            "consumer_secret": SECRETS[key],
            "webhook_secret": SECRET,
        }
        return section | ({"permalinks": "plain"} if self.options.get("permalinks") == "plain" else {})

    # -- requests -----------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Response:
        """One request, as WordPress would answer it."""
        try:
            route = self._route(request)
            if route is None:
                return Response("<!DOCTYPE html><title>Page not found</title>", 404, content_type="text/html")
            status, body, headers = self._dispatch(request, route)
        except Problem as problem:
            status, body, headers = problem.status, problem.body, {}
        except Fatal:
            error = {"code": "internal_server_error", "message": _DEAD, "data": {"status": 500}}
            status, body, headers = 500, error | {"additional_errors": []}, {}
        made = Response(dump(body), status, content_type="application/json; charset=UTF-8")
        made.headers.extend(headers.items())
        return made

    def _route(self, request: Request) -> str | None:
        route = request.args.get("rest_route")
        if route is None and request.path.startswith("/wp-json/"):
            route = None if self.options.get("permalinks") == "plain" else request.path[len("/wp-json") :]
        if route is None:
            return None
        return route.strip("/")

    def _dispatch(self, request: Request, route: str) -> Answer:
        root = request.host_url.rstrip("/")
        if route == "wc/v3":
            links = {"up": [{"href": f"{root}/wp-json/"}]}
            return 200, {"namespace": "wc/v3", "routes": {}, "_links": links}, {"Allow": "GET"}
        verb, path = request.method, route.removeprefix("wc/v3/")
        work, groups, allow = self._work(verb, path)
        header = "" if self.quirk(StrippedHeader) else request.headers.get("authorization", "")
        enter(request, header, self.store, self.now)
        args = {name: value for name, value in request.args.items() if not name.startswith("oauth_")}
        views = Views(self.store, self.rules, self.version, f"{root}/wp-json/wc/v3")
        try:
            status, answer, headers = work(Visit(args, self._body(request), views, self.now), *groups)
        except Problem as problem:
            return problem.status, problem.body, {"Allow": allow}
        if "_fields" in args:
            answer = only(answer, args["_fields"])
        return status, answer, {"Allow": allow, **headers}

    def _work(self, verb: str, path: str) -> tuple[Work, tuple[int, ...], str]:
        verb = "PUT" if verb == "PATCH" else verb
        for pattern, works in self.routes.items():
            found = re.fullmatch(pattern, path)
            if found and verb in works:
                allow = ", ".join(works).replace("PUT", "PUT, PATCH")
                return works[verb], tuple(int(group) for group in found.groups()), allow
        raise Problem(404, "rest_no_route", "No route was found matching the URL and request method.")

    @staticmethod
    def _body(request: Request) -> Any:
        raw = request.get_data()
        if not raw:
            return {}
        try:
            body = json.loads(raw, parse_float=Decimal)
        except ValueError:
            raise Problem(
                400,
                "rest_invalid_json",
                "Invalid JSON body passed.",
                json_error_code=4,
                json_error_message="Syntax error",
            ) from None
        return {} if isinstance(body, list) else body

    # -- webhooks -----------------------------------------------------------------------------------------------

    def deliveries(self) -> list[Delivery]:
        """The webhook calls that wait, as they go out now: their bodies are the orders as they are now."""
        with self.lock:
            calls = self.hooks.deliveries()
        return calls[::2] if self.quirk(LostCalls) else calls

    def told(self, delivery: Delivery, status: int) -> None:
        """What the receiver answered: after seven failures in a row the webhook is switched off, without a word."""
        with self.lock:
            self.hooks.told(delivery, status)

    # -- what stands --------------------------------------------------------------------------------------------

    def standing(self) -> list[StandingOrder]:
        """All orders but drafts of the checkout."""
        with self.lock:
            return [
                self._standing(order)
                for order in self.store.orders.values()
                if order["status"] not in ("checkout-draft", "auto-draft")
            ]

    def _standing(self, order: Record) -> StandingOrder:
        """A fee that an integration marked as the order's taxes counts as tax."""
        noted = {row["key"]: row["value"] for row in order["meta"]}
        fees = [
            fee["total"]
            for fee in order["fees"]
            if any(row["key"].endswith("_kind") and row["value"] == "taxes" for row in fee["meta"])
        ]
        totals = order["totals"]
        tax = totals["total_tax"] + sum(fees, Decimal(0))
        key = order["created_via"]
        return StandingOrder(
            id=str(order["id"]),
            key=key if key.startswith("os-") else None,
            number=noted.get("ordersync_number", str(order["id"])),
            currency=order["currency"],
            net=totals["total"] - tax,
            tax=tax,
            total=totals["total"],
            lines=len(order["lines"]) + len(order["shipping_lines"]) + len(order["fees"]) - len(fees),
            cancelled=order["status"] in ("cancelled", "trash"),
            customer=str(order["customer_id"]) if order["customer_id"] else None,
        )

    def customers(self) -> set[str]:
        """The ids of all accounts."""
        with self.lock:
            return {str(customer_id) for customer_id in self.store.customers}

    def state(self) -> Any:
        """Everything that a restart must keep."""
        with self.lock:
            return {"store": self.store.state(), "requests": self.requests}

    def restore(self, state: Any) -> None:
        """Become what `state()` described."""
        with self.lock:
            self.store.restore(state["store"])
            self.requests = state["requests"]
