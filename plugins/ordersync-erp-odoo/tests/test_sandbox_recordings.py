"""The stand-in against what real servers answered: every recorded JSON-RPC and JSON-2 exchange, replayed in one story.

The recordings of 17 hold the odd numbers of one session, those of 19 the even ones. The whole session is played on
each version, in the other one's words where they differ, and what a version was recorded to answer is compared.
"""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from ordersync.testing.specs import vendor_specs
from ordersync.web import VirtualClock, dump, read
from ordersync_erp_odoo.sandbox import Sandbox

LEFT_OUT = {
    "web-session-authenticate": "a browser's session, not an interface",
    "xmlrpc-authenticate": "XML-RPC is not offered",
    "xmlrpc-search-read": "XML-RPC is not offered",
    "xmlrpc-fault-bad-password": "XML-RPC is not offered",
    "xmlrpc-fault-wrong-field": "XML-RPC is not offered",
    "xmlrpc-fault-user-error": "XML-RPC is not offered",
}
ROLES: dict[str, dict[str, dict[int, str]]] = {
    "17": {
        "res.partner": {7: "ada", 8: "work"},
        "sale.order": {1: "first", 6: "second"},
        "stock.location": {8: "stock"},
    },
    "19": {
        "res.partner": {6: "ada", 7: "work"},
        "sale.order": {1: "first", 5: "second"},
        "stock.location": {5: "stock"},
    },
}
SHARED = {
    "product.product": {1: "mug", 2: "lamp", 3: "ship"},
    "res.country": {233: "us"},
    "res.country.state": {13: "california"},
    "stock.picking": {1: "picking"},
    "stock.quant": {1: "quant"},
}
POINTS_AT = {
    "partner_id": "res.partner",
    "partner_shipping_id": "res.partner",
    "partner_invoice_id": "res.partner",
    "parent_id": "res.partner",
    "product_id": "product.product",
    "country_id": "res.country",
    "state_id": "res.country.state",
    "location_id": "stock.location",
    "picking_id": "stock.picking",
    "sale_id": "sale.order",
    "order_id": "sale.order",
}
BORN = {
    "partner-create": "ada",
    "partner-create-delivery-address": "work",
    "product-create-mug-blue": "mug",
    "product-create-lamp-01": "lamp",
    "product-create-ship-std": "ship",
    "quant-create-inventory": "quant",
    "order-create": "first",
    "order-create-draft-currency": "second",
}
RENAMED = {"17": {"tax_ids": "tax_id"}, "19": {}}
FREE = {"write_date", "date_order", "scheduled_date", "date_done", "debug"}


class Story:
    """One version's sandbox, and who is who in it."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.sandbox = Sandbox(
            clock=VirtualClock(), options={"version": version, "setup": "none", "rounding": "round_per_line"}
        )
        self.client = httpx.Client(transport=self.sandbox.transport(), base_url="http://odoo.sandbox")
        self.admin = self.sandbox.users["admin"]
        self.cast: dict[str, int] = {}
        self.cast["us"] = self.call("res.country", "search", [["code", "=", "US"]])[0]
        self.cast["california"] = self.call(
            "res.country.state", "search", [["code", "=", "CA"], ["country_id", "=", self.cast["us"]]]
        )[0]
        self.cast["stock"] = self.call("stock.warehouse", "read", [1], ["lot_stock_id"])[0]["lot_stock_id"][0]
        self.cast["picking"] = 1

    def call(self, model: str, method: str, *args: Any, **named: Any) -> Any:
        answer = self.rpc(
            "object", "execute_kw", ["odoo", self.admin["uid"], "admin", model, method, list(args), named]
        )
        return answer.get("result")

    def rpc(self, service: str, method: str, args: list[Any]) -> Any:
        body = {
            "jsonrpc": "2.0",
            "method": "call",
            "params": {"service": service, "method": method, "args": args},
            "id": 1,
        }
        return read(
            self.client.post(
                "/jsonrpc", content=dump(body), headers={"Content-Type": "application/json"}
            ).content
        )

    def person(self, model: str, number: Any, spoken: str) -> Any:
        role = {**ROLES[spoken], **SHARED}.get(model, {}).get(number) if isinstance(number, int) else None
        return self.cast.get(role, number) if role else number

    def adapt(self, value: Any, spoken: str) -> Any:
        """Another server's ids and field names in ours."""
        if isinstance(value, dict):
            told = {}
            for key, inner in value.items():
                name = RENAMED[self.version].get(key, key)
                told[name] = (
                    self.person(POINTS_AT[key], inner, spoken)
                    if key in POINTS_AT
                    else self.adapt(inner, spoken)
                )
            return told
        if isinstance(value, list):
            if len(value) == 3 and isinstance(value[0], str) and value[0] in POINTS_AT:
                return [value[0], value[1], self.person(POINTS_AT[value[0]], value[2], spoken)]
            return [self.adapt(inner, spoken) for inner in value]
        return RENAMED[self.version].get(value, value) if isinstance(value, str) else value

    def play(self, recording: dict[str, Any], spoken: str) -> httpx.Response:
        request = recording["request"]
        path = re.sub(r"^https?://[^/]+", "", request["url"])
        headers = dict(request["headers"])
        if "X-Odoo-Database" in headers:
            headers["X-Odoo-Database"] = "odoo"
        if "REDACTED" in headers.get("Authorization", ""):
            headers["Authorization"] = f"bearer {self.admin['key']}"
        body = copy.deepcopy(request["body"])
        if body is None:
            return self.client.request(request["method"], path, content=request["body_text"], headers=headers)
        if path.startswith("/json/2"):
            body = self.adapt(body, spoken)
        elif "params" in body:
            args = body["params"]["args"]
            if args and str(args[0]).startswith("odoo1"):
                args[0] = "odoo"
            if body["params"]["method"] == "execute_kw" and args:
                args[1] = self.admin["uid"]
                if args[2] not in ("wrong", "admin"):
                    args[2] = self.admin["key"]
                model, call = args[3], args[5]
                if call and isinstance(call[0], list) and all(isinstance(one, int) for one in call[0]):
                    call[0] = [self.person(model, one, spoken) for one in call[0]]
                args[5] = self.adapt(call, spoken)
                if recording["name"] == "currency-search":
                    args[5] = [[["name", "in", ["USD", "CHF"]]]]
                vals = args[5][0] if args[4] == "create" else None
                if isinstance(vals, dict) and model == "product.product":
                    vals.pop("is_storable", None)
                    vals.pop("detailed_type", None)
                    if vals.get("type") in ("product", "consu"):
                        vals.update(
                            {"detailed_type": "product"} if self.version == "17" else {"is_storable": True}
                        )
                        vals["type"] = "product" if self.version == "17" else "consu"
        return self.client.request(request["method"], path, content=dump(body), headers=headers)

    def between(self, name: str) -> None:
        """What the session did without recording it."""
        if name == "quant-apply-inventory":
            quant = self.call(
                "stock.quant",
                "create",
                {"product_id": self.cast["lamp"], "location_id": self.cast["stock"], "inventory_quantity": 7},
            )
            self.call("stock.quant", "action_apply_inventory", [quant])
        if name == "order-confirm-cancelled":
            for number in range(6000, 6005):
                self.call(
                    "sale.order",
                    "create",
                    {"partner_id": self.cast["ada"], "client_order_ref": f"WEB-{number}"},
                )


def _recordings() -> list[tuple[int, str, dict[str, Any]]]:
    found = []
    for version in ("17", "19"):
        folder: Path = vendor_specs("odoo") / f"recorded-live-{version}"
        for file in folder.iterdir():
            found.append((int(file.name[:2]), version, json.loads(file.read_text("utf-8"))))
    return sorted(found, key=lambda one: one[:2])


def _alike(expected: Any, given: Any, key: str, where: str) -> None:
    """The same keys and types; the same words and amounts where no id, time or serial number is in them."""
    if isinstance(expected, dict):
        assert isinstance(given, dict), where
        assert set(expected) == set(given), where
        for name, inner in expected.items():
            _alike(inner, given[name], name, f"{where}/{name}")
    elif isinstance(expected, list):
        assert isinstance(given, list), where
        assert bool(expected) == bool(given), where
        for one, other in zip(expected, given, strict=False):
            if len(expected) == len(given):
                _alike(one, other, key, f"{where}[]")
            else:
                assert type(one) is type(other), where
    elif isinstance(expected, bool) or expected is None:
        assert given is expected, where
    elif isinstance(expected, int) and key not in ("code", "protocol_version"):
        assert isinstance(given, int), where
        assert not isinstance(given, bool), where
    elif isinstance(expected, str):
        assert isinstance(given, str), where
        if key not in FREE:
            assert _worded(given) == _worded(expected), where
    else:
        assert type(given) is type(expected), where
        assert given == expected, where


def _worded(text: str) -> str:
    return re.sub(r"User: \d+|port \d+|S\d{5}", "#", text)


@pytest.mark.parametrize("version", ["17", "19"])
def test_real_servers_answered_the_same(version: str) -> None:
    story = Story(version)
    compared, left = 0, set()
    for _, spoken, recording in _recordings():
        name = recording["name"]
        if name in LEFT_OUT:
            left.add(name)
            continue
        if version == "17" and "/json/2/" in recording["request"]["url"]:
            assert story.play(recording, spoken).status_code == 404, "17 has no JSON-2"
            continue
        response = story.play(recording, spoken)
        if name in BORN:
            story.cast[BORN[name]] = read(response.content)["result"]
        if spoken == version:
            compared += 1
            assert response.status_code == recording["status"], name
            types = {key.lower(): value for key, value in recording["headers"]}
            assert response.headers["content-type"] == types["content-type"], name
            if recording["body"] is None:
                assert response.text == recording["body_text"], name
            else:
                _alike(read(dump(recording["body"])), read(response.content), "", name)
        story.between(name)
    assert left == LEFT_OUT.keys()
    assert compared == {"17": 40, "19": 45}[version]


def test_documented_json_2_failures() -> None:
    story = Story("19")
    cases = json.loads((vendor_specs("odoo") / "json2" / "documented-errors.json").read_text("utf-8"))[
        "cases"
    ]
    key = {"Authorization": f"bearer {story.admin['key']}"}
    asked: dict[str, tuple[dict[str, str], bytes]] = {
        "invalid key": ({"Authorization": "bearer nonsense"}, b"{}"),
        "no key": ({}, b"{}"),
        "body not json": (key, b""),
        "missing argument": (key, b"{}"),
        "unknown field in domain": (key, dump({"domain": [["bad field", "=", "foo"]]})),
    }
    assert asked.keys() == cases.keys()
    for name, (headers, body) in asked.items():
        response = story.client.post("/json/2/res.users/search", content=body, headers=headers)
        assert response.status_code == cases[name]["status"], name
        told, expected = read(response.content), cases[name]["body"]
        assert {**told, "debug": ""} == {**expected, "debug": ""}, name
