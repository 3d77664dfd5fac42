"""Customers and items: who is there is found, compared exactly, and made once; a SKU finds its own item or none."""

from __future__ import annotations

from functools import partial

import pytest

from ordersync.errors import Ambiguous
from ordersync.testing.contract.asking import lever
from ordersync.testing.contract.saying import hold, none_of, rule
from ordersync.testing.contract.stand import Stand
from ordersync.testing.contract.striking import outcome_of
from ordersync.testing.contract.subject import Subject

__all__ = ["People"]

RULE = "customers_matched"


class People(Subject):
    """`find_customer`, `create_customer`, `resolve_sku`, `check_stock`."""

    @rule(RULE)
    def test_a_customer_is_made_once_and_found(self, stand: Stand, offers: frozenset[str]) -> None:
        if not {"find_customer", "create_customer"} <= offers:
            pytest.skip("needs find_customer and create_customer")
        before = stand.sandbox.customers() if stand.sandbox else set()
        customer, key = stand.customer()
        made = stand.customer_ref(customer, key)
        assert made is not None
        stand.let_it_settle()
        wrong = []
        if stand.sandbox and len(stand.sandbox.customers() - before) > 1:
            wrong.append(f"{len(stand.sandbox.customers() - before)} customers were made of one")
        for how, asked, asked_key in (
            ("its key and e-mail address", customer, key),
            ("its e-mail address alone", customer, stand.key("somebody else")),
        ):
            found = outcome_of(stand, partial(stand.connection.find_customer, asked, asked_key))
            if not found.well or found.value is None or found.value.id != made.id:
                wrong.append(f"by {how}: {found}")
        none_of(
            wrong,
            RULE,
            expected=f"find_customer answers the customer that was made ({made.id})",
            do="search by the stamped key, then by the e-mail address; answer the id that create_customer answered",
        )

    @rule(RULE)
    @rule("absent_is_none")
    def test_a_customer_who_is_alike_is_another(self, stand: Stand, offers: frozenset[str]) -> None:
        if not {"find_customer", "create_customer"} <= offers:
            pytest.skip("needs find_customer and create_customer")
        customer, key = stand.customer()
        made = stand.customer_ref(customer, key)
        assert made is not None
        stand.let_it_settle()
        assert customer.email
        wrong = []
        for turn, email in enumerate(
            (
                f"x{customer.email}",
                f"{customer.email}.uk",
                customer.email[1:],
                customer.email.replace(".", "_", 1),
            )
        ):
            other = customer.model_copy(update={"email": email, "phone": None, "id": None})
            found = outcome_of(
                stand,
                partial(stand.connection.find_customer, other, stand.key(f"like {turn}")),
            )
            if not found.well or found.value is not None:
                wrong.append(f"an address that differs in form {turn + 1} of 4: {found}")
        none_of(
            wrong,
            RULE,
            expected="None for an e-mail address that is only like the customer's",
            do="compare the address that the search found with the one that was asked for",
        )

    @rule(RULE)
    def test_a_phone_number_alone_is_enough_for_nobody_else(
        self, stand: Stand, offers: frozenset[str]
    ) -> None:
        if "find_customer" not in offers:
            pytest.skip("find_customer is not offered")
        customer, _ = stand.customer()
        bare = customer.model_copy(update={"email": None, "phone": None})
        found = outcome_of(stand, lambda: stand.connection.find_customer(bare, stand.key("bare")))
        hold(
            found.well and found.value is None,
            RULE,
            expected="None for a buyer without e-mail address and phone number",
            seen=str(found),
            do="leave out a rung of the ladder that has nothing to look for; never search for an empty text",
        )

    @rule("skus_exact")
    def test_a_sku_finds_its_item(self, stand: Stand, offers: frozenset[str]) -> None:
        if not {"resolve_sku", "resolve_skus"} & offers:
            pytest.skip("no hook resolves SKUs")
        sku = self.known_sku(stand)
        item = stand.item(sku)
        hold(
            item.sku == sku and item.product_id and item.sellable,
            "skus_exact",
            expected=f"an item that can be sold, with the SKU {sku}",
            seen=f"{item.sku}, product {item.product_id}, {'sellable' if item.sellable else 'not sellable'}",
            do="answer the platform's spelling, its product and variant ids, and whether it can be sold",
        )

    @rule("skus_exact")
    def test_several_items_of_one_sku_are_an_error(self, stand: Stand, offers: frozenset[str]) -> None:
        if "resolve_sku" not in offers:
            pytest.skip("resolve_sku is not offered")
        sku = lever(stand, "ambiguous_sku")
        stand.let_it_settle()
        found = outcome_of(stand, lambda: stand.connection.resolve_sku(sku))
        hold(
            isinstance(found.error, Ambiguous) and len(found.error.candidates) >= 2,
            "skus_exact",
            expected="Ambiguous with the candidates' ids",
            seen=str(found),
            do="ask for more than one hit, and raise Ambiguous(…, candidates=ids) if several can be sold",
        )

    @rule("skus_exact")
    def test_stock_is_a_number_or_untracked(self, stand: Stand, offers: frozenset[str]) -> None:
        if "check_stock" not in offers:
            pytest.skip("check_stock is not offered")
        found = outcome_of(stand, lambda: stand.connection.check_stock(stand.item()))
        hold(
            found.well and found.value is not None,
            "skus_exact",
            expected="Stock for an item that is there",
            seen=str(found),
            do="answer Stock(available=…), with available None where stock is not tracked",
        )
        if found.value.by_location and found.value.available is not None:
            total = sum(found.value.by_location.values())
            hold(
                total == found.value.available,
                "skus_exact",
                expected=f"locations that add up to {found.value.available}",
                seen=str(total),
                do="count the same locations in both figures",
            )
