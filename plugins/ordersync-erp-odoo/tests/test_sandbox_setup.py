"""What the stand-in is made of: its fields are the platform's, what it is born with, its state, its socket."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

sys.path.append(str(Path(__file__).parent))
from odoo_caller import VERSIONS, Caller

from ordersync.testing import serve
from ordersync.testing.specs import vendor_specs
from ordersync.web import VirtualClock
from ordersync_erp_odoo.sandbox import Sandbox
from ordersync_erp_odoo.sandbox.metadata import models

MAGIC = {"id", "display_name", "create_date", "create_uid", "write_date", "write_uid"}
ELSEWHERE = {
    "res.partner": {
        "email_normalized",
        "child_ids",
        "category_id",
        "state_id",
        "company_id",
        "commercial_partner_id",
    }
}
"""Fields that a mixin or a base module declares, where the static extraction of the metadata did not look."""


# -- what is offered -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_every_field_is_one_of_the_platforms(version: str) -> None:
    folder = vendor_specs("odoo") / f"models-{version}.0"
    checked = 0
    for name, model in models(version).items():
        file = folder / f"{name}.json"
        if not file.is_file():
            continue
        known = json.loads(file.read_text("utf-8"))["fields"]
        if name == "product.product":
            known = {**json.loads((folder / "product.template.json").read_text("utf-8"))["fields"], **known}
        for field in model.fields.values():
            if field.name in MAGIC or (field.name not in known and field.name in ELSEWHERE.get(name, ())):
                continue
            spec = known[field.name]
            assert field.type == spec["type"], (name, field.name)
            assert spec.get("relation") in (None, field.relation), (name, field.name)
            if isinstance(spec.get("selection"), list) and field.selection:
                offered = {value for value, _ in (*spec["selection"], *spec.get("selection_add", ()))}
                assert {value for value, _ in field.selection} <= offered, (name, field.name)
            checked += 1
    assert checked > 240


def test_versions_name_their_fields_differently() -> None:
    offered = {version: models(version) for version in VERSIONS}
    line17, line19 = offered["17"]["sale.order.line"].fields, offered["19"]["sale.order.line"].fields
    assert {"tax_id", "product_uom"} <= line17.keys() - line19.keys()
    assert {"tax_ids", "product_uom_id", "technical_price_unit"} <= line19.keys() - line17.keys()
    assert {"mobile", "title"} <= offered["17"]["res.partner"].fields.keys() - offered["19"][
        "res.partner"
    ].fields.keys()
    assert "price_include_override" not in offered["17"]["account.tax"].fields
    assert "is_storable" in offered["19"]["product.product"].fields
    assert "detailed_type" in offered["17"]["product.product"].fields


def test_unknown_options_and_values_are_refused() -> None:
    with pytest.raises(ValueError, match="no option"):
        Sandbox(options={"colour": "red"})
    with pytest.raises(ValueError, match="version is one of"):
        Sandbox(options={"version": "16"})


def test_born_with_what_a_person_sets_up(odoo: Caller) -> None:
    assert (
        len(odoo("product.product", "search", [["default_code", "=like", "OS-%"], ["type", "=", "service"]]))
        == 3
    )
    fixed = odoo("account.tax", "search_read", [["amount_type", "=", "fixed"]], ["amount"])
    assert sorted(one["amount"] for one in fixed) == [
        Decimal(x) for x in ("-1", "-0.01", "-0.001", "0.001", "0.01", "1")
    ]
    assert (
        odoo(
            "product.pricelist",
            "search_count",
            [["currency_id.name", "in", ["USD", "EUR", "GBP", "JPY", "KWD", "CAD"]]],
        )
        == 6
    )
    assert len(odoo("product.product", "search", [["default_code", "=", "TWIN-01"]])) == 2
    assert odoo("product.product", "search", [["default_code", "=", "OLD-01"]]) == []
    hidden = {"active_test": False}
    assert len(odoo("product.product", "search", [["default_code", "=", "OLD-01"]], context=hidden)) == 1
    assert odoo("res.currency", "search", [["name", "=", "CHF"]]) == []
    assert odoo("res.currency", "search_read", [["name", "in", ["JPY", "KWD"]]], ["name", "rounding"]) == [
        {"id": odoo.one("res.currency", ["name", "=", "JPY"]), "name": "JPY", "rounding": Decimal("1.0")},
        {"id": odoo.one("res.currency", ["name", "=", "KWD"]), "name": "KWD", "rounding": Decimal("0.001")},
    ]
    variants = odoo(
        "product.product",
        "search_read",
        [["default_code", "=like", "TSHIRT-%"]],
        ["product_tmpl_id", "display_name"],
    )
    assert len({one["product_tmpl_id"][0] for one in variants}) == 1
    assert "[TSHIRT-S] T-Shirt (S)" in {one["display_name"] for one in variants}


def test_setup_none_leaves_it_to_a_person() -> None:
    odoo = Caller(setup="none", orders=20)
    assert odoo("product.pricelist", "search", []) == []
    assert odoo("product.product", "search", [["default_code", "=like", "OS-%"]]) == []
    assert odoo("account.tax", "search", [["amount_type", "=", "fixed"]]) == []
    assert {order.currency for order in odoo.sandbox.standing()} == {"USD", "EUR", "GBP", "JPY", "KWD"}


def test_sample_orders_are_confirmed_sales() -> None:
    odoo = Caller(orders=40)
    orders = odoo(
        "sale.order",
        "search_read",
        [],
        ["state", "delivery_status", "order_line", "client_order_ref", "write_date"],
    )
    assert len(orders) == 40
    assert {one["state"] for one in orders} == {"sale", "cancel"}
    assert {one["delivery_status"] for one in orders} >= {False, "pending", "full"}
    assert False in {one["client_order_ref"] for one in orders}
    codeless = odoo(
        "sale.order.line", "search", [["product_id.default_code", "=", False], ["product_id", "!=", False]]
    )
    assert len(codeless) == 1
    assert max(len(one["order_line"]) for one in orders) >= 30
    assert [order.id for order in Sandbox(clock=VirtualClock(), orders=40).standing()] == [
        order.id for order in odoo.sandbox.standing()
    ]


# -- the kit -------------------------------------------------------------------------------------------------------------


def test_state_and_restore(odoo: Caller) -> None:
    order = odoo.load(odoo.rows("os-1"))["ids"][0]
    odoo("sale.order", "action_confirm", [order])
    kept = odoo.sandbox.state()
    _plain(kept)
    other = Sandbox(
        clock=VirtualClock(datetime(2027, 1, 1, tzinfo=UTC)), seed=5, options=odoo.sandbox.options
    )
    other.restore(kept)
    odoo("sale.order", "action_cancel", [order], context={"disable_cancel_warning": True})
    assert other.state() == kept
    assert other.standing()[0].key == "os-1"
    odoo.sandbox = other
    odoo.client = httpx.Client(transport=other.transport(), base_url="http://odoo.sandbox")
    assert odoo.told(order, "state") == "sale"
    assert odoo("sale.order", "search", [["client_order_ref", "=", "os-1"]]) == [order]
    assert odoo.load(odoo.rows("os-2"))["ids"] == [order + 1]
    with pytest.raises(ValueError, match="state of a"):
        Sandbox(options={"version": "17" if odoo.version == "19" else "19"}).restore(kept)


def _plain(value: Any) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            assert isinstance(key, str)
            _plain(inner)
    elif isinstance(value, list):
        for inner in value:
            _plain(inner)
    else:
        assert value is None or isinstance(value, (str, int, bool, Decimal, datetime)), value


def test_it_serves_on_a_socket() -> None:
    sandbox = Sandbox()
    with serve(sandbox) as served, httpx.Client(base_url=served.url) as client:
        body = {
            "jsonrpc": "2.0",
            "method": "call",
            "id": 1,
            "params": {"service": "common", "method": "version", "args": []},
        }
        assert client.post("/jsonrpc", json=body).json()["result"]["server_serie"] == "19.0"
