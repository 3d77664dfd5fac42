"""Who may do what, and over which protocol, as it was measured: rights, logging in, JSON-2."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))
from odoo_caller import Caller, refused

from ordersync.web import dump, read

# -- rights --------------------------------------------------------------------------------------------------------------


def test_a_sales_user_with_contact_creation() -> None:
    odoo = Caller(login="ordersync")
    order = odoo.order()
    odoo("sale.order", "action_confirm", [order])
    assert odoo("res.partner", "create", {"name": "New"})
    assert odoo("res.partner", "check_access_rights", "create", False) is True
    assert odoo("account.tax", "check_access_rights", "create", False) is False
    assert odoo("sale.order", "has_access", [], "create") is True
    for model, values in (
        ("account.tax", {"name": "T"}),
        ("product.pricelist", {"name": "P"}),
        ("stock.quant", {}),
    ):
        with refused("AccessError"):
            odoo(model, "create", values)
    with refused("AccessError"):
        odoo("ir.model.data", "search", [])
    with refused("AccessError"):
        odoo("sale.order", "search", [], context={"allowed_company_ids": [9]})


def test_without_contact_creation_no_partner_is_made() -> None:
    odoo = Caller(login="ordersync", rights="no-contacts")
    with refused("AccessError"):
        odoo("res.partner", "create", {"name": "New"})
    assert odoo("res.partner", "check_access_rights", "create", False) is False
    assert odoo.load(odoo.rows("os-1"))["ids"]


def test_own_documents_hide_others_orders() -> None:
    odoo = Caller(login="ordersync", rights="own-documents")
    rows = odoo.rows("os-1")
    order = odoo.load(rows)["ids"][0]
    odoo.become("admin")
    odoo("sale.order", "write", [order], {"user_id": odoo.user["uid"]})
    odoo.become("ordersync")
    assert odoo("sale.order", "search", [["client_order_ref", "=", "os-1"]]) == []
    with refused("AccessError"):
        odoo("sale.order", "read", [order])
    answer = odoo.load(rows)
    assert answer["ids"] is False
    assert "top-secret" in answer["messages"][0]["message"]


def test_no_sales_rights() -> None:
    odoo = Caller(login="ordersync", rights="none")
    with refused("AccessError"):
        odoo("sale.order", "search", [])


def test_has_access_came_later() -> None:
    with refused("AttributeError"):
        Caller("17")("sale.order", "has_access", [], "create")


# -- protocols -----------------------------------------------------------------------------------------------------------


def test_logging_in(odoo: Caller) -> None:
    settings = odoo.sandbox.settings("http://odoo.sandbox")
    assert settings == {
        "connector": "erp-odoo",
        "url": "http://odoo.sandbox",
        "database": "odoo",
        "login": "ordersync",
        "api_key": odoo.sandbox.users["ordersync"]["key"],
        "account_id": "odoo.sandbox/odoo/1",
        "webhook_secret": "sandbox-webhook-secret",
    }
    login = ["odoo", settings["login"], settings["api_key"], {}]
    uid = odoo.rpc("common", "authenticate", login)["result"]
    assert odoo.rpc("common", "login", login[:3])["result"] == uid
    assert (
        odoo.rpc("object", "execute", ["odoo", uid, settings["api_key"], "sale.order", "search_count", []])[
            "result"
        ]
        == 0
    )
    wrong = odoo.rpc("object", "execute_kw", ["odoo", uid, "nonsense", "sale.order", "search", [[]], {}])
    assert wrong["error"]["data"]["name"] == "odoo.exceptions.AccessDenied"
    assert wrong["error"]["code"] == (200 if odoo.version == "17" else 0)
    assert odoo.client.get("/jsonrpc").status_code == 405
    assert odoo.client.get("/nonsense").status_code == 404


def test_nothing_comes_back_without_result(odoo: Caller) -> None:
    order = odoo.order()
    args = ["odoo", odoo.user["uid"], odoo.user["key"], "sale.order", "action_lock", [[order]], {}]
    assert "result" not in odoo.rpc("object", "execute_kw", args)


class Json2:
    """JSON-2 of a sandbox, with the interface user's key."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.headers = {"Authorization": f"bearer {caller.user['key']}", "X-Odoo-Database": "odoo"}

    def __call__(self, model: str, method: str, **named: Any) -> tuple[int, Any]:
        response = self.caller.client.post(
            f"/json/2/{model}/{method}", content=dump(named), headers=self.headers
        )
        return response.status_code, read(response.content)


def test_json_2_answers_bare_values() -> None:
    odoo = Caller()
    ask = Json2(odoo)
    status, made = ask("sale.order", "create", vals_list={"partner_id": odoo.partner})
    assert (status, made) == (200, [made[0]])
    assert ask("sale.order", "action_confirm", ids=made) == (200, True)
    assert ask("sale.order", "action_lock", ids=made) == (200, None)
    assert ask("sale.order", "read", ids=[999999], fields=["name"]) == (200, [])
    assert ask("sale.order", "search_count", domain=[], context={"active_test": False}) == (200, 1)
    status, loaded = ask("sale.order", "load", fields=odoo.columns, data=odoo.rows("os-1"))
    assert loaded["messages"] == []
    told = ask("sale.order", "get_external_id", ids=loaded["ids"])[1]
    assert told == {str(loaded["ids"][0]): "ordersync.os-1"}


@pytest.mark.parametrize(
    ("model", "method", "named", "status", "name"),
    [
        ("sale.order", "search", {"domain": [["nonsense", "=", 1]]}, 500, "builtins.ValueError"),
        ("sale.order", "create", {"vals_list": [{}]}, 422, "odoo.exceptions.ValidationError"),
        ("sale.order", "search", {}, 422, "werkzeug.exceptions.UnprocessableEntity"),
        ("sale.order", "search", {"domain": [], "x": 1}, 422, "werkzeug.exceptions.UnprocessableEntity"),
        ("no.model", "search", {"domain": []}, 404, "werkzeug.exceptions.NotFound"),
        ("sale.order", "nonsense", {}, 404, "werkzeug.exceptions.NotFound"),
        ("sale.order", "_action_cancel", {"ids": [1]}, 403, "odoo.exceptions.AccessError"),
        ("sale.order", "write", {"ids": [99999], "vals": {}}, 404, "odoo.exceptions.MissingError"),
    ],
)
def test_json_2_failures(model: str, method: str, named: dict[str, Any], status: int, name: str) -> None:
    answer = Json2(Caller())(model, method, **named)
    assert (answer[0], answer[1]["name"]) == (status, name)
    assert answer[1].keys() == {"name", "message", "arguments", "context", "debug"}


def test_json_2_needs_the_right_database_and_19() -> None:
    ask = Json2(Caller())
    ask.headers["X-Odoo-Database"] = "other"
    response = ask.caller.client.post("/json/2/sale.order/search", content=b"{}", headers=ask.headers)
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")
    older = Json2(Caller("17"))
    assert (
        older.caller.client.post(
            "/json/2/sale.order/search", content=b"{}", headers=older.headers
        ).status_code
        == 404
    )


@pytest.mark.parametrize(("protocols", "rpc", "json2"), [("json-2", 404, 200), ("json-rpc", 200, 404)])
def test_a_protocol_can_be_switched_off(protocols: str, rpc: int, json2: int) -> None:
    odoo = Caller(protocols=protocols)
    ask = Json2(odoo)
    body = dump({"params": {"service": "common", "method": "version", "args": []}})
    first = odoo.client.post("/jsonrpc", content=body, headers={"Content-Type": "application/json"})
    second = odoo.client.post("/json/2/sale.order/search", content=dump({"domain": []}), headers=ask.headers)
    assert (first.status_code, second.status_code) == (rpc, json2)
