"""What polling and searching find, as it was measured: times, pages, domains, values that are wrong."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent))
from odoo_caller import Caller, refused

# -- polling -------------------------------------------------------------------------------------------------------------


def test_a_second_compares_differently() -> None:
    for version, expected in (("17", (0, 1, 0)), ("19", (1, 0, 1))):
        odoo = Caller(version)
        odoo.clock.sleep(32.4)
        order = odoo.order()
        shown = odoo.told(order, "write_date")
        assert shown == "2026-11-01 12:00:32"
        counts = tuple(
            odoo("sale.order", "search_count", [["write_date", sign, shown]]) for sign in ("=", ">", "<=")
        )
        assert counts == expected
        assert odoo("sale.order", "search_count", [["write_date", ">=", shown]]) == 1


def test_forms_of_a_time(odoo: Caller) -> None:
    odoo.order()
    count = {
        (sign, value): odoo("sale.order", "search_count", [["write_date", sign, value]])
        for sign in (">", ">=", "<", "<=")
        for value in ("2026-11-01", "2026-11-01T11:00:00")
    }
    assert [count[sign, "2026-11-01"] for sign in (">", ">=", "<", "<=")] == [0, 1, 0, 1]
    assert count[">", "2026-11-01T11:00:00"] == 1
    zulu = [["write_date", ">", "2026-11-01T11:00:00Z"]]
    if odoo.version == "17":
        assert odoo("sale.order", "search_count", zulu) == 1
    else:
        with refused("ValueError"):
            odoo("sale.order", "search_count", zulu)
    with refused("InvalidDatetimeFormat" if odoo.version == "17" else "ValueError"):
        odoo("sale.order", "search_count", [["write_date", ">", "soon"]])
    for bad in ("2026-11-01T10:30:00", "2026-11-01 10:30:00Z", "2026-11-01 10:30:00.5"):
        with refused("ValueError"):
            odoo.order(date_order=bad)
    assert odoo.told(odoo.order(date_order="2026-11-01"), "date_order") == "2026-11-01 00:00:00"


def test_what_changes_an_orders_write_date(odoo: Caller) -> None:
    order = odoo.order()
    line = odoo.told(order, "order_line")

    def moved(model: str, method: str, *args: Any) -> bool:
        before = odoo.told(order, "write_date")
        odoo.clock.sleep(10)
        odoo(model, method, *args)
        return bool(odoo.told(order, "write_date") != before)

    assert moved("sale.order.line", "write", line, {"price_unit": 8})
    assert moved("sale.order", "write", [order], {"client_order_ref": False})
    assert moved("sale.order", "action_confirm", [order])
    assert not moved("sale.order.line", "write", line, {"name": "Other words"})
    assert not moved("sale.order.line", "write", line, {"price_unit": 8})
    assert not moved("sale.order", "message_post", [order])
    assert not moved("res.partner", "write", [odoo.partner], {"phone": "1"})


def test_pages_come_in_order(odoo: Caller) -> None:
    made = odoo("sale.order", "create", [{"partner_id": odoo.partner} for _ in range(7)])
    assert len({row["write_date"] for row in odoo("sale.order", "read", made, ["write_date"])}) == 1
    pages = [
        odoo("sale.order", "search", [], offset=offset, limit=3, order="write_date, id")
        for offset in (0, 3, 6, 9)
    ]
    assert [one for page in pages for one in page] == made
    assert odoo("sale.order", "search", [], limit=1) == [made[-1]]


# -- searching -----------------------------------------------------------------------------------------------------------


def test_domains(odoo: Caller) -> None:
    a, b = odoo.order(client_order_ref="A-1"), odoo.order(odoo.line("50"), client_order_ref="B-2")
    cases: list[tuple[list[Any], list[int]]] = [
        ([["client_order_ref", "in", ["A-1", "B-2"]]], [a, b]),
        (["|", ["client_order_ref", "=", "A-1"], ["amount_total", ">=", 50]], [a, b]),
        (["!", ["client_order_ref", "=", "A-1"]], [b]),
        (["&", ["partner_id.email_normalized", "ilike", "AMBER"], ["amount_total", "<", 50]], [a]),
        ([["order_line.product_id.default_code", "=", "SKU-001"]], [a, b]),
        ([["client_order_ref", "not in", ["A-1"]]], [b]),
        ([["client_order_ref", "!=", False]], [a, b]),
        ([["client_order_ref", "like", "a-"]], []),
        ([["client_order_ref", "=like", "A-%"]], [a]),
        ([["id", "in", [a, 999999]]], [a]),
        ([["partner_id", "ilike", "Buyer"]], [a, b]),
        ([["state", "=", "draft"], ["date_order", ">=", "2020-01-01"]], [a, b]),
        ([["partner_id", "child_of", odoo.partner]], [a, b]),
    ]
    for domain, expected in cases:
        assert sorted(odoo("sale.order", "search", domain)) == expected, domain
    with refused("ValueError"):
        odoo("sale.order", "search", [["partner_id.nonsense", "=", 1]])


def test_values_that_are_not_what_they_should_be(odoo: Caller) -> None:
    with refused("ValueError"):
        odoo.order({**odoo.line(), "product_uom_qty": "two"})
    assert odoo.told(odoo.order({**odoo.line(), "price_unit": "5.50"}), "amount_untaxed") == Decimal("5.5")
    with refused("ValidationError"):
        odoo("sale.order", "create", {"partner_id": "7"})
    with refused("ValueError"):
        odoo.order(client_order_ref="nul\x00")
    with refused("MissingError"):
        odoo("sale.order", "write", [999999], {"note": "x"})
    with refused("MissingError"):
        odoo("sale.order", "action_confirm", [999999])
    with refused("TypeError"):
        odoo("sale.order", "search", [], nonsense=1)
    with refused("AttributeError"):
        odoo("sale.order", "confirm_order", [1])
    with refused("UserError"):
        odoo("no.model", "search", [])
    with refused("AccessError"):
        odoo("sale.order", "_action_cancel", [1])
    long = odoo.order(client_order_ref="x" * 5000 + "☃")
    assert len(odoo.told(long, "client_order_ref")) == 5001
