"""What makes an order the same order, as it was measured: load, external ids, transactions."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
from odoo_caller import COLUMNS, Caller, refused

# -- identity ------------------------------------------------------------------------------------------------------------


def test_load_makes_an_order_its_lines_and_their_external_ids(odoo: Caller) -> None:
    answer = odoo.load(odoo.rows("os-1", ("l1", "5.5"), ("l2", "8.25")))
    assert (answer["messages"], answer["nextrow"]) == ([], 0)
    order = answer["ids"][0]
    ref, date, total, lines = odoo.told(order, "client_order_ref", "date_order", "amount_total", "order_line")
    assert (ref, date, total) == ("os-1", "2026-10-01 10:30:00", Decimal("13.75"))
    assert odoo("sale.order", "get_external_id", [order]) == {str(order): "ordersync.os-1"}
    assert odoo("sale.order.line", "get_external_id", lines) == {
        str(lines[0]): "ordersync.os-1_l1",
        str(lines[1]): "ordersync.os-1_l2",
    }
    standing = odoo.sandbox.standing()[-1]
    assert (standing.key, standing.total, standing.lines) == ("os-1", Decimal("13.75"), 2)


def test_load_again_updates_in_place(odoo: Caller) -> None:
    rows = odoo.rows("os-1", ("l1", "5.5"), ("l2", "8.25"))
    first = odoo.load(rows)["ids"]
    for price in ("6.0", "7.0"):
        rows[0][COLUMNS.index("order_line/price_unit")] = price
        assert odoo.load(rows)["ids"] == first
    assert odoo.told(first[0], "amount_total") == Decimal("15.25")
    assert len(odoo.told(first[0], "order_line")) == 2


def test_load_again_without_line_ids_doubles_them(odoo: Caller) -> None:
    rows = odoo.rows("os-1", ("", "5.5"))
    first = odoo.load(rows)["ids"]
    assert odoo.load(rows)["ids"] == first
    assert len(odoo.told(first[0], "order_line")) == 2


def test_load_stores_all_or_nothing(odoo: Caller) -> None:
    bad = odoo.rows("os-2", ("l1", "5.5"), **{"order_line/product_id/.id": "99999999"})
    answer = odoo.load(odoo.rows("os-1") + bad)
    assert answer["ids"] is False
    assert [(one["record"], one["rows"]) for one in answer["messages"]] == [(1, {"from": 1, "to": 1})]
    assert odoo("sale.order", "search", [["client_order_ref", "in", ["os-1", "os-2"]]]) == []
    text = odoo.load(odoo.rows("os-3", ("l1", "abc")))
    assert text["ids"] is False
    assert "number" in text["messages"][0]["message"]


def test_the_pricelist_column_guards_a_confirmed_order(odoo: Caller) -> None:
    rows = odoo.rows("os-1", ("l1", "5.5"))
    order = odoo.load(rows)["ids"][0]
    odoo("sale.order", "action_confirm", [order])
    answer = odoo.load(rows)
    assert answer["ids"] is False
    assert answer["messages"][0]["message"] == "You cannot change the pricelist of a confirmed order !"
    column = COLUMNS.index("pricelist_id/.id")
    without = [row[:column] + row[column + 1 :] for row in odoo.rows("os-1", ("l1", "9.5"))]
    assert odoo("sale.order", "load", odoo.columns[:column] + odoo.columns[column + 1 :], without)["ids"] == [
        order
    ]
    assert odoo.told(order, "amount_total") == Decimal("9.5")


def test_load_in_state_sale_keeps_the_date_and_delivers(odoo: Caller) -> None:
    for key, state in (("os-1", "sale"), ("os-2", "Sales Order")):
        order = odoo("sale.order", "load", [*odoo.columns, "state"], [[*odoo.rows(key)[0], state]])["ids"][0]
        assert odoo.told(order, "state", "date_order") == ("sale", "2026-10-01 10:30:00")
        assert len(odoo.told(order, "picking_ids")) == 1


def test_load_reads_times_in_the_contexts_zone(odoo: Caller) -> None:
    order = odoo.load(odoo.rows("os-1"), context={"tz": "America/New_York"})["ids"][0]
    assert odoo.told(order, "date_order") == "2026-10-01 14:30:00"


def test_load_reads_times_in_the_users_zone_if_the_context_names_none(odoo: Caller) -> None:
    for user in odoo.sandbox.store.rows["res.users"]:
        odoo.sandbox.store.update("res.users", user, {"tz": "America/New_York"})
    for key, context, told in (("os-1", {}, "14:30:00"), ("os-2", {"tz": "UTC"}, "10:30:00")):
        order = odoo.load(odoo.rows(key), context=context)["ids"][0]
        assert odoo.told(order, "date_order") == f"2026-10-01 {told}"


def test_a_load_of_dates_alone_is_taken_by_confirmed_orders(odoo: Caller) -> None:
    orders = odoo.load([*odoo.rows("os-1"), *odoo.rows("os-2")])["ids"]
    odoo("sale.order", "action_confirm", orders)
    rows = [["ordersync.os-2", "2026-10-02 08:00:00"], ["ordersync.os-1", "2026-10-01 07:00:00"]]
    assert odoo("sale.order", "load", ["id", "date_order"], rows)["ids"] == orders[::-1]
    assert [odoo.told(order, "state", "date_order") for order in orders] == [
        ("sale", "2026-10-01 07:00:00"),
        ("sale", "2026-10-02 08:00:00"),
    ]
    unknown = odoo("sale.order", "load", ["id", "date_order"], [*rows, ["ordersync.os-9", rows[0][1]]])
    assert unknown["ids"] is False
    assert "partner_id" in unknown["messages"][0]["message"]


def test_an_external_id_goes_with_its_order(odoo: Caller) -> None:
    first = odoo.load(odoo.rows("os-1"))["ids"][0]
    odoo("sale.order", "unlink", [first])
    assert odoo.load(odoo.rows("os-1"))["ids"][0] > first


def test_external_ids_are_looked_up_by_load(odoo: Caller) -> None:
    order = odoo.load(odoo.rows("os-1"))["ids"][0]
    before = odoo.told(order, "write_date")
    odoo.clock.sleep(5)
    assert odoo("sale.order", "load", ["id"], [["ordersync.os-1"]])["ids"] == [order]
    assert odoo.told(order, "write_date") > before
    missing = odoo("sale.order", "load", ["id"], [["ordersync.os-9"]])
    assert missing["ids"] is False
    assert "partner_id" in missing["messages"][0]["message"]


def test_external_ids_have_no_spaces_and_always_a_module(odoo: Caller) -> None:
    assert odoo.load(odoo.rows("os 1"))["ids"] is False
    rows = odoo.rows("os-1")
    rows[0][0] = "bare"
    order = odoo.load(rows)["ids"][0]
    assert odoo("sale.order", "get_external_id", [order]) == {str(order): "__import__.bare"}


def test_load_knows_its_columns(odoo: Caller) -> None:
    with refused("KeyError" if odoo.version == "17" else "ValueError"):
        odoo("sale.order", "load", ["id", "nonsense"], [["ordersync.a", "1"]])


def test_a_conflict_is_a_message(odoo: Caller) -> None:
    odoo.sandbox.conflicts = 1
    rows = odoo.rows("os-1")
    answer = odoo.load(rows)
    assert answer["ids"] is False
    assert answer["messages"][0]["message"] == "could not serialize access due to concurrent update"
    assert odoo.load(rows)["ids"]


def test_many_loads_of_one_key_make_one_order(odoo: Caller) -> None:
    rows = odoo.rows("os-1", ("l1", "5.5"), ("l2", "1"))
    with ThreadPoolExecutor(8) as threads:
        made = {odoo_ids["ids"][0] for odoo_ids in threads.map(lambda _: odoo.load(rows), range(24))}
    assert len(made) == 1
    assert len(odoo.told(made.pop(), "order_line")) == 2


def test_plain_creates_know_no_key(odoo: Caller) -> None:
    odoo.order(client_order_ref="EXA_1")
    odoo.order(client_order_ref="EXA_1")
    odoo.order(client_order_ref="EXAX1")
    assert odoo("sale.order", "search_count", [["client_order_ref", "=", "EXA_1"]]) == 2
    assert odoo("sale.order", "search_count", [["client_order_ref", "=ilike", "EXA_1"]]) == 3
    assert odoo("sale.order", "search", [["client_order_ref", "=", "exa_1"]]) == []


def test_a_batch_is_one_transaction(odoo: Caller) -> None:
    count = odoo("sale.order", "search_count", [])
    with refused("MissingError"):
        odoo("sale.order", "create", [{"partner_id": odoo.partner}, {"partner_id": 99999999}])
    assert odoo("sale.order", "search_count", []) == count
    assert (
        len(odoo("sale.order", "create", [{"partner_id": odoo.partner}, {"partner_id": odoo.partner}])) == 2
    )
