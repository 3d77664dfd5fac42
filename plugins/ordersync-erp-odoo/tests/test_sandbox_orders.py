"""What an order and its customer come to, as it was measured: prices, currency, taxes, addresses."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent))
from odoo_caller import Caller, refused

# -- prices, currency, taxes ---------------------------------------------------------------------------------------------


def test_price_include_is_ignored_at_create_in_19(odoo: Caller) -> None:
    made = odoo(
        "account.tax", "create", {"name": "X", "amount": 19, "type_tax_use": "sale", "price_include": True}
    )
    assert odoo("account.tax", "read", [made], ["price_include"])[0]["price_include"] is (
        odoo.version == "17"
    )
    with refused("ValidationError"):
        odoo("account.tax", "create", {"name": "X", "amount": 19})
    values = {"name": "Y", "amount": Decimal("9.97512345"), "price_include_override": "tax_included"}
    if odoo.version == "17":
        with refused("ValueError"):
            odoo("account.tax", "create", values)
    else:
        told = odoo(
            "account.tax", "read", [odoo("account.tax", "create", values)], ["price_include", "amount"]
        )[0]
        assert (told["price_include"], told["amount"]) == (True, Decimal("9.9751"))


def test_a_new_quantity_alone_resets_the_price(odoo: Caller) -> None:
    listed = odoo("product.product", "read", [odoo.product()], ["lst_price"])[0]["lst_price"]
    order = odoo.order({**odoo.line("7.00"), "discount": 10})
    line = odoo.told(order, "order_line")
    odoo("sale.order.line", "write", line, {"product_uom_qty": 2})
    told = odoo("sale.order.line", "read", line, ["price_unit", "discount"])[0]
    assert (told["price_unit"], told["discount"]) == (listed, 10)
    odoo("sale.order.line", "write", line, {"product_uom_qty": 3, "price_unit": 7})
    assert odoo("sale.order.line", "read", line, ["price_unit"])[0]["price_unit"] == 7


def test_no_tax_field_means_the_products_taxes(odoo: Caller) -> None:
    bare = {k: v for k, v in odoo.line().items() if k != odoo.tax}
    empties: list[Any] = [[], [[6, 0, []]], [[5]], False]
    lines = [bare, *({**bare, odoo.tax: empty} for empty in empties)]
    order = odoo.order(*lines)
    told = odoo("sale.order.line", "search_read", [["order_id", "=", order]], [odoo.tax])
    assert [len(one[odoo.tax]) for one in told] == [1, 0, 0, 0, 0]
    assert odoo("account.tax", "read", told[0][odoo.tax], ["amount"])[0]["amount"] == 15


def test_currency_comes_from_the_pricelist(odoo: Caller) -> None:
    euro = odoo.one("res.currency", ["name", "=", "EUR"])
    assert odoo.told(odoo.order(currency_id=euro), "currency_id")[1] == "USD"
    pricelist = odoo.one("product.pricelist", ["currency_id.name", "=", "EUR"])
    bare = {k: v for k, v in odoo.line().items() if k != "price_unit"}
    order = odoo.order(bare, pricelist_id=pricelist)
    assert odoo.told(order, "currency_id")[1] == "EUR"
    listed = odoo("product.product", "read", [odoo.product()], ["lst_price"])[0]["lst_price"]
    assert odoo("sale.order.line", "read", odoo.told(order, "order_line"), ["price_unit"])[0][
        "price_unit"
    ] == (listed * Decimal("0.9")).quantize(Decimal("0.01"))


def test_a_line_without_product(odoo: Caller) -> None:
    line = {"name": "Engraving", "product_uom_qty": 1, "price_unit": 9}
    if odoo.version == "17":
        with refused("ValidationError"):
            odoo.order(line)
    else:
        assert odoo.told(odoo.order(line), "amount_untaxed") == 9


# -- customers -----------------------------------------------------------------------------------------------------------


def test_email_is_found_normalised(odoo: Caller) -> None:
    made = odoo("res.partner", "create", {"name": "N", "email": "Nora X <A_B@Example.com>"})
    twin = odoo("res.partner", "create", {"name": "M", "email": "aXb@example.com"})
    assert odoo("res.partner", "search", [["email_normalized", "=", "a_b@example.com"]]) == [made]
    assert odoo("res.partner", "search", [["email", "=", "a_b@example.com"]]) == []
    assert twin in odoo("res.partner", "search", [["email_normalized", "=ilike", "a_b@example.com"]])
    assert odoo("res.partner", "search", [["email_normalized", "=ilike", r"a\_b@example.com"]]) == [made]


def test_one_create_makes_all_addresses(odoo: Caller) -> None:
    us = odoo.one("res.country", ["code", "=", "US"])
    company = odoo(
        "res.partner",
        "create",
        {
            "name": "Acme",
            "is_company": True,
            "vat": "DE123",
            "country_id": us,
            "child_ids": [
                [0, 0, {"type": "invoice", "name": "Books"}],
                [0, 0, {"type": "delivery", "name": False}],
            ],
        },
    )
    children = odoo(
        "res.partner", "search_read", [["parent_id", "=", company]], ["type", "vat", "commercial_partner_id"]
    )
    assert {one["type"]: one["vat"] for one in children} == {"invoice": "DE123", "delivery": "DE123"}
    assert {one["commercial_partner_id"][0] for one in children} == {company}
    order = odoo("sale.order", "create", {"partner_id": company})
    by_type = {one["type"]: one["id"] for one in children}
    invoice, delivery = odoo.told(order, "partner_invoice_id", "partner_shipping_id")
    assert (invoice[0], delivery[0]) == (by_type["invoice"], by_type["delivery"])
    assert delivery[1].startswith("Acme, Delivery")


def test_a_contacts_street_changes_its_parent_in_19(odoo: Caller) -> None:
    parent = odoo("res.partner", "create", {"name": "P", "street": "Old", "city": "Leeds"})
    child = odoo("res.partner", "create", {"name": "C", "parent_id": parent, "street": "Mine"})
    assert odoo("res.partner", "read", [child], ["street"])[0]["street"] == "Old"
    odoo("res.partner", "write", [child], {"street": "New"})
    expected = "Old" if odoo.version == "17" else "New"
    assert odoo("res.partner", "read", [parent], ["street"])[0]["street"] == expected


def test_contacts_need_a_name_and_a_language_that_is_there(odoo: Caller) -> None:
    with refused("ValidationError"):
        odoo("res.partner", "create", {"name": False})
    assert odoo("res.partner", "create", {"name": ""})
    if odoo.version == "17":
        with refused("ValueError"):
            odoo("res.partner", "create", {"name": "L", "lang": "de_DE"})
        assert odoo("res.partner", "create", {"name": "M", "mobile": "1"})
    else:
        made = odoo("res.partner", "create", {"name": "L", "lang": "de_DE"})
        assert odoo("res.partner", "read", [made], ["lang"])[0]["lang"] == "de_DE"
        with refused("ValueError"):
            odoo("res.partner", "create", {"name": "M", "mobile": "1"})


def test_archived_partners_are_hidden_and_still_usable(odoo: Caller) -> None:
    partner = odoo("res.partner", "create", {"name": "Gone", "email": "gone@example.com"})
    odoo("res.partner", "write", [partner], {"active": False})
    assert odoo("res.partner", "search", [["email_normalized", "=", "gone@example.com"]]) == []
    found = odoo(
        "res.partner", "search", [["email", "=", "gone@example.com"]], context={"active_test": False}
    )
    assert found == [partner]
    assert odoo("sale.order", "create", {"partner_id": partner})


def test_states_of_japan_changed_their_codes(odoo: Caller) -> None:
    code = "13" if odoo.version == "17" else "JP-13"
    found = odoo(
        "res.country.state", "search_read", [["code", "=", code], ["country_id.code", "=", "JP"]], ["name"]
    )
    assert len(found) == 1
    assert odoo("res.country", "search", [["code", "in", ["UK", "us"]]]) == []
    assert odoo("res.country.state", "search_count", [["country_id.code", "=", "US"]]) >= 51
