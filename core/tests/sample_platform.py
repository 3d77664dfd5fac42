"""A small REST platform that can be asked everything: the far side of the contract suite's own tests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from werkzeug.wrappers import Request, Response

from ordersync.model import Delivery, rounded
from ordersync.testing.sandbox import Sandbox, StandingOrder
from ordersync.testing.seeds import SeedOrder, catalogue, customers, sample_orders
from ordersync.web import read

CLIENT, SECRET, HOOK_SECRET = "sample-client-7", "sample-secret-c4n4ry", "hook-secret-c4n4ry"
INNER = 50
"""Lines that an order shows; the rest are pages of their own."""
LAG = 5.0
QUOTA, WINDOW = 30, 10.0


class SampleSandbox(Sandbox):
    """Keeps what it is given; searches are vague and late; thirty requests in ten seconds."""

    platform: ClassVar[str] = "sample"

    def populate(self, orders: int) -> None:
        self.last = 1000
        self.orders: dict[str, dict[str, Any]] = {}
        self.people: dict[str, dict[str, Any]] = {}
        self.items: dict[str, dict[str, Any]] = {}
        self.hooks: dict[str, dict[str, str]] = {}
        self.coupons = {"WELCOME"}
        self.tokens: dict[str, datetime] = {}
        self.recent: list[datetime] = []
        self.quota = QUOTA
        for product in catalogue():
            self.item(product.sku, product.title, product.stock)
        for one in customers()[:8]:
            self.person({"email": one.email, "name": f"{one.first_name} {one.last_name}", "key": ""})
        for seed in sample_orders(self.seed, orders):
            self.seeded(seed)

    # -- what it holds ------------------------------------------------------------------------------------------

    def new(self) -> str:
        self.last += 1
        return str(self.last)

    def item(self, sku: str, title: str, stock: int = 5) -> dict[str, Any]:
        made: dict[str, Any] = {
            "id": f"I{self.new()}",
            "sku": sku,
            "title": title,
            "stock": stock,
            "price": "9.00",
        }
        self.items[made["id"]] = made
        return made

    def person(self, given: dict[str, Any]) -> dict[str, Any]:
        made = {"id": f"C{self.new()}", **given}
        self.people[made["id"]] = made
        return made

    def seeded(self, seed: SeedOrder) -> None:
        lines = []
        for line in seed.lines:
            paid = line.unit_price * line.quantity
            rate = sum((rate for _, rate in line.taxes), Decimal(0))
            tax = rounded(paid - paid / (1 + rate) if seed.taxes_included else paid * rate, seed.currency)
            net = paid - tax if seed.taxes_included else paid
            lines.append(self.line(line.title, line.sku, line.quantity, paid, net, tax))
        self.place(
            lines,
            currency=seed.currency,
            included=seed.taxes_included,
            placed=seed.placed_at,
            updated=seed.updated_at,
            state="cancelled" if seed.cancelled else "open",
            email=seed.email or "",
        )

    def line(
        self,
        title: str,
        sku: str | None,
        quantity: object,
        paid: object,
        net: object,
        tax: object,
        **more: Any,
    ) -> dict[str, Any]:
        amounts = {"quantity": str(quantity), "list": str(paid), "net": str(net), "tax": str(tax)}
        return {"id": f"L{self.new()}", "title": title, "sku": sku, **amounts, **more}

    def place(self, lines: list[dict[str, Any]], **head: Any) -> dict[str, Any]:
        now = self.clock.now()
        made = {
            "id": self.new(),
            "key": "",
            "number": "",
            "currency": "USD",
            "included": False,
            "placed": now,
            "updated": now,
            "state": "open",
            "email": "",
            "customer": "",
            "payments": {},
            "shipments": {},
            "lines": lines,
            **head,
            "made": now,
        }
        made["number"] = made["number"] or f"S{made['id']}"
        self.orders[made["id"]] = made
        return made

    def totals(self, order: dict[str, Any]) -> tuple[Decimal, Decimal]:
        return (
            sum((Decimal(line["net"]) for line in order["lines"]), Decimal(0)),
            sum((Decimal(line["tax"]) for line in order["lines"]), Decimal(0)),
        )

    def shown(self, order: dict[str, Any]) -> dict[str, Any]:
        net, tax = self.totals(order)
        told = {
            **order,
            "lines": order["lines"][:INNER],
            "more_lines": len(order["lines"]) > INNER,
            "net": str(net),
            "tax": str(tax),
            "total": str(net + tax),
        }
        return {name: _iso(value) if isinstance(value, datetime) else value for name, value in told.items()}

    # -- the contract of sandboxes ------------------------------------------------------------------------------

    def settings(self, base_url: str) -> dict[str, Any]:
        return {"url": base_url, "client": CLIENT, "secret": SECRET, "hook_secret": HOOK_SECRET}

    def standing(self) -> list[StandingOrder]:
        return [
            StandingOrder(
                id=order["id"],
                key=order["key"] or None,
                number=order["number"],
                currency=order["currency"],
                net=self.totals(order)[0],
                tax=self.totals(order)[1],
                total=sum(self.totals(order), Decimal(0)),
                lines=len(order["lines"]),
                cancelled=order["state"] == "cancelled",
                customer=order["customer"] or None,
                confirmed=order["state"] != "draft",
            )
            for order in self.orders.values()
        ]

    def customers(self) -> set[str]:
        return set(self.people)

    def grown(self, answer: Any) -> Any:
        """Payments and shipments are kept by key, so their keys are data."""
        found = super().grown(answer)
        if isinstance(answer, dict):
            found |= {name: answer[name] for name in ("payments", "shipments") if name in answer}
        return found

    def long_order(self, lines: int) -> str:
        made = [self.line(f"Line {n}", "LAMP-01", 1, "2.00", "2.00", "0.00") for n in range(lines)]
        return str(self.place(made)["id"])

    def order_worth(self, total: Decimal) -> str:
        return str(self.place([self.line("Worth", "LAMP-01", 1, total, total, "0")])["id"])

    def delivery(self, order_id: str) -> Delivery:
        return self.signed(
            json.dumps({"topic": "order.updated", "order": {"id": order_id}}, indent=1).encode()
        )

    def signed(self, body: bytes) -> Delivery:
        made = base64.b64encode(hmac.new(HOOK_SECRET.encode(), body, hashlib.sha256).digest()).decode()
        headers = {"x-sample-signature": made, "content-type": "application/json", "x-sample-id": "d-1"}
        return Delivery(headers=headers, body=body, received_at=self.clock.now())

    def ambiguous_sku(self) -> str:
        self.item("TWIN-1", "Twin")
        self.item("TWIN-1", "Twin")
        return "TWIN-1"

    def discount_code(self) -> str:
        return "WELCOME"

    # -- requests -----------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Response:
        now = self.clock.now()
        place, _, rest = request.path.strip("/").partition("/")
        if place == "token":
            if request.form.get("client_secret") != SECRET:
                return _json({"error": "invalid_client"}, 401)
            token = hashlib.sha256(f"{now} {len(self.tokens)}".encode()).hexdigest()
            self.tokens[token] = now + timedelta(hours=1)
            return _json({"access_token": token, "expires_in": 3600})
        if self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "), now) <= now:
            return _json({"message": "no token"}, 401)
        self.recent = [one for one in self.recent if one > now - timedelta(seconds=WINDOW)]
        if len(self.recent) >= self.quota:
            return _json({"message": "too fast"}, 429, {"retry-after": "10"})
        self.recent.append(now)
        body = read(request.get_data()) if request.get_data() else None
        handler: Callable[[Request, str, Any], Response] = getattr(self, f"_{place}", _nowhere)
        return handler(request, rest, body)

    def _me(self, request: Request, rest: str, body: Any) -> Response:
        return _json({"id": "sample-1", "name": "Sample"})

    def _orders(self, request: Request, rest: str, body: Any) -> Response:
        order_id, _, part = rest.partition("/")
        if order_id and order_id not in self.orders:
            return _json({"message": "no such order"}, 404)
        order = self.orders.get(order_id)
        if order is None:
            return _json(self._create(body), 201) if request.method == "POST" else self._listed(request)
        if part == "lines":
            if request.method == "POST":
                order["lines"].append(self._taken(body))
                return _json({"id": order["lines"][-1]["id"]}, 201)
            first = int(request.args["first"])
            return _json({"lines": order["lines"][first : first + INNER]})
        if request.method == "PATCH":
            self._change(order, body)
        return _json(self.shown(order))

    def _listed(self, request: Request) -> Response:
        asked = request.args
        lag = self.clock.now() - timedelta(seconds=LAG)
        found = sorted(self.orders.values(), key=lambda one: (one["updated"], int(one["id"])))
        if "keys" in asked:
            keys = [key.lower() for key in asked["keys"].split(",")]
            found = [one for one in found if one["key"].lower() in keys and one["key"] and one["made"] <= lag]
        if "ids" in asked:
            found = [one for one in found if one["id"] in asked["ids"].split(",")]
        if "from" in asked:
            found = [one for one in found if one["updated"] >= datetime.fromisoformat(asked["from"])]
        if "to" in asked:
            found = [one for one in found if one["updated"] <= datetime.fromisoformat(asked["to"])]
        if "after" in asked:
            at, order_id = asked["after"].split("|")
            found = [
                one
                for one in found
                if (one["updated"], int(one["id"])) > (datetime.fromisoformat(at), int(order_id))
            ]
        size = int(asked.get("limit", "10"))
        page = found[:size]
        after = f"{page[-1]['updated'].isoformat()}|{page[-1]['id']}" if len(found) > size else None
        return _json({"orders": [self.shown(one) for one in page], "next": after})

    def _taken(self, asked: dict[str, Any]) -> dict[str, Any]:
        return self.line(
            asked["title"],
            asked.get("sku"),
            asked["quantity"],
            asked["list"],
            asked["net"],
            asked["tax"],
            position=asked["position"],
        )

    def _create(self, asked: dict[str, Any]) -> dict[str, Any]:
        unknown = [line for line in asked["lines"] if line.get("item") and line["item"] not in self.items]
        if unknown:
            return {"error": {"field": "lines", "message": "no such item"}}
        made = self.place(
            [self._taken(line) for line in asked["lines"]],
            **{name: asked[name] for name in ("key", "number", "currency", "included", "email", "customer")},
        )
        return self.shown(made)

    def _change(self, order: dict[str, Any], asked: dict[str, Any]) -> None:
        if "state" in asked:
            order["state"] = asked["state"]
        if "paid" in asked:
            order["payments"][asked["key"]] = asked["paid"]
        if "sent" in asked:
            order["shipments"][asked["key"]] = asked["sent"]

    def _customers(self, request: Request, rest: str, body: Any) -> Response:
        if request.method == "POST":
            return _json(self.person(body), 201)
        wanted = [one.lower() for one in request.args.get("emails", "").split(",") if one]
        keys = request.args.get("keys", "").split(",")
        found = [
            one
            for one in self.people.values()
            if (one["key"] and one["key"] in keys) or any(word in one["email"].lower() for word in wanted)
        ]
        return _json({"customers": found})

    def _items(self, request: Request, rest: str, body: Any) -> Response:
        if rest:
            return _json(self.items[rest]) if rest in self.items else _json({"message": "no such item"}, 404)
        wanted = [sku.strip().lower() for sku in request.args.get("skus", "").split(",")]
        return _json({"items": [one for one in self.items.values() if one["sku"].lower() in wanted]})

    def _coupons(self, request: Request, rest: str, body: Any) -> Response:
        return _json({"code": rest}) if rest in self.coupons else _json({"message": "no such code"}, 404)

    def _hooks(self, request: Request, rest: str, body: Any) -> Response:
        if request.method == "POST":
            made = {"id": f"H{self.new()}", **body}
            self.hooks[made["id"]] = made
            return _json(made, 201)
        if request.method == "DELETE":
            gone = self.hooks.pop(rest, None)
            return _json({}, 200 if gone else 404)
        return _json({"hooks": list(self.hooks.values())})

    def _batch(self, request: Request, rest: str, body: Any) -> Response:
        if rest == "orders" and request.method == "POST":
            return _json({"results": [self._create(one) for one in body["items"]]})
        if rest == "customers":
            return _json({"results": [self.person(one) for one in body["items"]]})
        for one in body["items"]:
            self._change(self.orders[one["id"]], one)
        return _json({"results": [self.shown(self.orders[one["id"]]) for one in body["items"]]})


def _nowhere(request: Request, rest: str, body: Any) -> Response:
    return _json({"message": "nothing is here"}, 404)


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _json(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(data, default=str)
    return Response(text, status, headers=headers, content_type="application/json")
