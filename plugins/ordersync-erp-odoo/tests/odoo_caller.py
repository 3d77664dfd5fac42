"""One user of the stand-in, who asks over JSON-RPC: what the tests of its rules look at it with."""

# Its folder comes last in sys.path: tests of another folder import their own conftest by that name.

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest

from ordersync.web import VirtualClock, dump, read
from ordersync_erp_odoo.sandbox import Sandbox

VERSIONS = ["17", "19"]
COLUMNS = [
    "id",
    "partner_id/.id",
    "partner_invoice_id/.id",
    "partner_shipping_id/.id",
    "client_order_ref",
    "pricelist_id/.id",
    "date_order",
    "order_line/id",
    "order_line/product_id/.id",
    "order_line/name",
    "order_line/product_uom_qty",
    "order_line/price_unit",
    "order_line/discount",
]


class Refused(Exception):
    """An error in an answer: its class and message."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["data"]["name"], error["data"]["message"])
        self.kind: str = error["data"]["name"]
        self.message: str = error["data"]["message"]


class Caller:
    """One user of one sandbox, over JSON-RPC."""

    def __init__(self, version: str = "19", *, login: str = "admin", orders: int = 0, **options: str) -> None:
        self.clock = VirtualClock()
        self.sandbox = Sandbox(clock=self.clock, orders=orders, options={"version": version, **options})
        self.version = version
        self.tax = "tax_id" if version == "17" else "tax_ids"
        self.columns = [*COLUMNS, f"order_line/{self.tax}/.id"]
        self.client = httpx.Client(transport=self.sandbox.transport(), base_url="http://odoo.sandbox")
        self.become(login)

    def become(self, login: str) -> None:
        self.user = self.sandbox.users[login]

    def rpc(self, service: str, method: str, args: list[Any]) -> Any:
        params = {"service": service, "method": method, "args": args}
        body = dump({"jsonrpc": "2.0", "method": "call", "params": params, "id": 7})
        response = self.client.post("/jsonrpc", content=body, headers={"Content-Type": "application/json"})
        assert response.status_code == 200
        told = read(response.content)
        assert told["id"] == 7
        return told

    def __call__(self, model: str, method: str, *args: Any, **named: Any) -> Any:
        told = self.rpc(
            "object",
            "execute_kw",
            ["odoo", self.user["uid"], self.user["key"], model, method, list(args), named],
        )
        if "error" in told:
            raise Refused(told["error"])
        return told.get("result")

    def one(self, model: str, *domain: Any) -> int:
        return int(self(model, "search", list(domain), limit=1)[0])

    @property
    def partner(self) -> int:
        return self.one(
            "res.partner", ["email_normalized", "=", "buyer.amber@example.com"], ["parent_id", "=", False]
        )

    def product(self, code: str = "SKU-001") -> int:
        return self.one("product.product", ["default_code", "=", code])

    def line(self, price: Any = "7.00", quantity: int = 1, code: str = "SKU-001") -> dict[str, Any]:
        return {
            "product_id": self.product(code),
            "product_uom_qty": quantity,
            "price_unit": Decimal(price),
            self.tax: [[6, 0, []]],
        }

    def order(self, *lines: dict[str, Any], **values: Any) -> int:
        commands = [[0, 0, line] for line in lines or (self.line(),)]
        return int(
            self("sale.order", "create", {"partner_id": self.partner, "order_line": commands, **values})
        )

    def told(self, order: int, *fields: str) -> Any:
        row = self("sale.order", "read", [order], list(fields))[0]
        return row[fields[0]] if len(fields) == 1 else tuple(row[name] for name in fields)

    def rows(self, key: str, *lines: tuple[str, str], **cells: str) -> list[list[str]]:
        partner, product = str(self.partner), str(self.product())
        pricelist = str(self.one("product.pricelist", ["currency_id.name", "=", "USD"]))
        head = [f"ordersync.{key}", partner, partner, partner, key, pricelist, "2026-10-01 10:30:00"]
        rows = []
        for turn, (line, price) in enumerate(lines or (("l1", "5.5"),)):
            start = head if not turn else [""] * 7
            xid = f"ordersync.{key}_{line}" if line else ""
            rows.append([*start, xid, product, "Thing", "1", price, "0", ""])
        for name, value in cells.items():
            rows[0][COLUMNS.index(name)] = value
        return rows

    def load(self, rows: list[list[str]], **named: Any) -> Any:
        return self("sale.order", "load", self.columns, rows, **named)


def refused(kind: str) -> Any:
    return pytest.raises(Refused, match=kind)
