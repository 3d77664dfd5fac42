"""What becomes of an order, as it was measured: confirming, delivering, cancelling, and the stock."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
from odoo_caller import Caller, refused

# -- confirming, delivering, cancelling ----------------------------------------------------------------------------------


def test_confirming_sets_the_date_to_now(odoo: Caller) -> None:
    order = odoo.order(date_order="2026-10-01 10:30:00")
    assert odoo("sale.order", "action_confirm", [order]) is True
    state, date, delivery, invoice, pickings = odoo.told(
        order, "state", "date_order", "delivery_status", "invoice_status", "picking_ids"
    )
    assert (state, date, delivery, invoice, len(pickings)) == (
        "sale",
        "2026-11-01 12:00:00",
        "pending",
        "to invoice",
        1,
    )
    assert odoo("sale.order", "write", [order], {"date_order": "2026-10-01 10:30:00"}) is True
    assert odoo.told(order, "date_order") == "2026-10-01 10:30:00"
    other = odoo.order()
    with refused("UserError"):
        odoo("sale.order", "action_confirm", [other, order])
    assert odoo.told(other, "state") == "draft"


def test_cancelling_a_confirmed_order_asks_in_17(odoo: Caller) -> None:
    draft, order, third = odoo.order(), odoo.order(), odoo.order()
    odoo("sale.order", "action_confirm", [order, third])
    assert odoo("sale.order", "action_cancel", [draft]) is True
    answer = odoo("sale.order", "action_cancel", [order])
    if odoo.version == "17":
        assert answer["res_model"] == "sale.order.cancel"
        assert odoo.told(order, "state") == "sale"
        assert odoo("sale.order", "action_cancel", [order], context={"disable_cancel_warning": True}) is True
        wizard = odoo("sale.order.cancel", "create", {"order_id": third})
        odoo("sale.order.cancel", "action_cancel", [wizard])
        assert odoo.told(third, "state") == "cancel"
    else:
        assert answer is True
    assert odoo.told(order, "state", "delivery_status") == ("cancel", False)
    picking = odoo.told(order, "picking_ids")
    assert odoo("stock.picking", "read", picking, ["state"])[0]["state"] == "cancel"
    assert odoo("sale.order", "action_draft", [order]) is True
    assert odoo.told(order, "state") == "draft"


def test_confirmed_orders_and_their_lines_stay(odoo: Caller) -> None:
    order = odoo.order()
    odoo("sale.order", "action_confirm", [order])
    with refused("UserError"):
        odoo("sale.order", "unlink", [order])
    with refused("UserError"):
        odoo("sale.order.line", "unlink", odoo.told(order, "order_line"))


def test_a_lock_refuses_prices_and_cancelling_only(odoo: Caller) -> None:
    order = odoo.order()
    odoo("sale.order", "action_confirm", [order])
    assert odoo("sale.order", "action_lock", [order]) is None
    assert odoo.told(order, "locked", "state") == (True, "sale")
    with refused("UserError"):
        odoo("sale.order.line", "write", odoo.told(order, "order_line"), {"price_unit": 1})
    with refused("UserError"):
        odoo("sale.order", "action_cancel", [order])
    odoo("sale.order", "write", [order], {"note": "later", "order_line": [[0, 0, odoo.line()]]})
    assert odoo.told(order, "note") == "<p>later</p>"
    odoo("sale.order", "action_unlock", [order])
    odoo("sale.order", "action_cancel", [order], context={"disable_cancel_warning": True})


def test_a_delivery_moves_stock_and_tells_the_order(odoo: Caller) -> None:
    product = odoo.product("MUG-01")
    before = odoo("product.product", "read", [product], ["qty_available", "virtual_available", "free_qty"])[0]
    order = odoo.order(odoo.line(quantity=3, code="MUG-01"))
    odoo("sale.order", "action_confirm", [order])
    held = odoo("product.product", "read", [product], ["qty_available", "virtual_available", "free_qty"])[0]
    assert held["qty_available"] == before["qty_available"]
    assert held["free_qty"] == held["virtual_available"] == before["free_qty"] - 3
    changed = odoo.told(order, "write_date")
    odoo.clock.sleep(60)
    picking = odoo.told(order, "picking_ids")
    assert odoo("stock.picking", "button_validate", picking) is True
    assert odoo.told(order, "delivery_status") == "full"
    assert odoo.told(order, "write_date") > changed
    lines = odoo("sale.order.line", "read", odoo.told(order, "order_line"), ["qty_delivered"])
    assert lines[0]["qty_delivered"] == 3
    after = odoo("product.product", "read", [product], ["qty_available", "free_qty"])[0]
    assert after["qty_available"] == before["qty_available"] - 3
    with refused("UserError"):
        odoo(
            "sale.order.line",
            "write",
            odoo.told(order, "order_line"),
            {"product_uom_qty": 2, "price_unit": 7},
        )


@pytest.mark.parametrize("how", ["ask", "skip", "drop"])
def test_a_partial_delivery_leaves_a_backorder(odoo: Caller, how: str) -> None:
    order = odoo.order(odoo.line(quantity=5))
    odoo("sale.order", "action_confirm", [order])
    picking = odoo.told(order, "picking_ids")
    move = odoo("stock.move", "search", [["picking_id", "in", picking]])
    odoo("stock.move", "write", move, {"quantity": 2, "picked": True})
    context = {"skip_backorder": True} if how == "skip" else {}
    answer = odoo("stock.picking", "button_validate", picking, context=context)
    if how != "skip":
        assert answer["res_model"] == "stock.backorder.confirmation"
        assert odoo.told(order, "delivery_status") == "pending"
        wizard = odoo("stock.backorder.confirmation", "create", {}, context=answer["context"])
        process = "process" if how == "ask" else "process_cancel_backorder"
        odoo("stock.backorder.confirmation", process, [wizard], context=answer["context"])
    pickings = odoo(
        "stock.picking", "search_read", [["sale_id", "=", order]], ["state", "backorder_id"], order="id"
    )
    if how == "drop":
        assert [one["state"] for one in pickings] == ["done"]
    else:
        assert [one["state"] for one in pickings] == ["done", "assigned"]
        assert pickings[1]["backorder_id"][0] == pickings[0]["id"]
        assert odoo.told(order, "delivery_status") == "partial"


def test_stock_is_asked_per_warehouse(odoo: Caller) -> None:
    key = "warehouse" if odoo.version == "17" else "warehouse_id"
    figures = []
    for context in ({}, {key: 1}, {key: 2}, {"warehouse_id" if key == "warehouse" else "warehouse": 1}):
        told = odoo("product.product", "read", [odoo.product("MUG-01")], ["qty_available"], context=context)
        figures.append(told[0]["qty_available"])
    assert figures[0] == figures[1] + figures[2] == figures[3]
    assert figures[1] != figures[2]


def test_more_than_the_stock_is_confirmed_and_waits(odoo: Caller) -> None:
    order = odoo.order(odoo.line(quantity=10_000, code="MUG-01"))
    odoo("sale.order", "action_confirm", [order])
    picking = odoo("stock.picking", "read", odoo.told(order, "picking_ids"), ["state", "move_ids"])[0]
    assert picking["state"] == "assigned"
    move = odoo("stock.move", "read", picking["move_ids"], ["state", "quantity", "product_uom_qty"])[0]
    assert (move["state"], move["product_uom_qty"]) == ("partially_available", 10_000)


def test_services_are_not_delivered(odoo: Caller) -> None:
    order = odoo.order(odoo.line(code="OS-SHIPPING"))
    odoo("sale.order", "action_confirm", [order])
    assert odoo.told(order, "delivery_status", "picking_ids") == (False, [])


def test_tracking_needs_its_module_and_leaves_the_order_alone() -> None:
    assert "carrier_tracking_ref" not in Caller()("stock.picking", "fields_get", [], ["type"])
    odoo = Caller(stock_delivery="yes")
    order = odoo.order()
    odoo("sale.order", "action_confirm", [order])
    picking = odoo.told(order, "picking_ids")
    odoo("stock.picking", "button_validate", picking)
    changed = odoo.told(order, "write_date")
    odoo.clock.sleep(60)
    odoo("stock.picking", "write", picking, {"carrier_tracking_ref": "TRK1"})
    assert odoo.told(order, "write_date") == changed
    assert odoo("stock.picking", "search", [["write_date", ">", changed]]) == picking
