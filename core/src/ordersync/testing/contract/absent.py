"""What is not there is answered with None: never an error, never the nearest hit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest

from ordersync.errors import OrderSyncError
from ordersync.model import Item, OrderQuery
from ordersync.testing.contract.asking import UNKNOWN, lever
from ordersync.testing.contract.saying import broken, hold, none_of, rule
from ordersync.testing.contract.stand import Stand
from ordersync.testing.contract.striking import outcome_of
from ordersync.testing.contract.subject import OpenStand, Subject

__all__ = ["Absent", "near_misses"]

RULE = "absent_is_none"


def near_misses(text: str, taken: Iterable[str] = ()) -> list[str]:
    """What looks like `text` and is not: other case, a prefix, something more, blanks, wildcards, quotes."""
    found = [
        text.swapcase(),
        text[:-1],
        f"{text}0",
        f"{text} ",
        f" {text}",
        f"{text[:-1]}%",
        f"{text[:-1]}_",
        f"{text[:-1]}*",
        f"{text}'",
        f'{text}"',
        f"{text}\\",
        "x' or '1'='1",
        "",
    ]
    return [one for one in dict.fromkeys(found) if one != text and one not in set(taken)]


class Absent(Subject):
    """Every hook that looks for something, asked for what is not there."""

    def _is_none(self, stand: Stand, hook: str, asked: Iterable[Any], ask: Callable[[Any], Any]) -> None:
        wrong = []
        for one in asked:
            found = outcome_of(stand, partial(ask, one))
            if not found.well or found.value is not None:
                wrong.append(f"{hook}({one!r}): {found}")
        none_of(
            wrong,
            RULE,
            expected="None",
            do="compare what the platform found with what was asked for, character by character;\n"
            "answer None for an id that the platform could not even have, and for NotFound",
        )

    @rule(RULE)
    def test_get_order(self, stand: Stand, offers: frozenset[str]) -> None:
        _needs(offers, "get_order")
        asked = ["999999999", UNKNOWN, "", "../orders", "1 or 1=1"]
        if "list_orders" in offers and stand.sandbox is not None:
            orders = stand.some_orders()
            taken = {one.id for one in stand.standing()} | {order.number for order in orders}
            asked += near_misses(orders[0].id, taken)
        self._is_none(stand, "get_order", asked, stand.connection.get_order)

    @rule(RULE)
    def test_find_order(self, stand: Stand, offers: frozenset[str]) -> None:
        _needs(offers, "find_order")
        key = stand.key("nobody")
        asked = [key]
        if {"create_order", "create_orders"} & offers:
            draft, _ = stand.place()
            stand.let_it_settle()
            asked += [draft.key.upper(), draft.key[:-1], f"{draft.key}0", f"{draft.key[:-1]}_"]
        self._is_none(stand, "find_order", asked, stand.connection.find_order)

    @rule(RULE)
    @rule("skus_exact")
    def test_resolve_sku(self, stand: Stand, offers: frozenset[str]) -> None:
        _needs(offers, "resolve_sku")
        asked = [UNKNOWN]
        if stand.sandbox is not None:
            asked += near_misses(stand.item().sku)
        self._is_none(stand, "resolve_sku", asked, stand.connection.resolve_sku)

    @rule(RULE)
    def test_find_customer(self, stand: Stand, offers: frozenset[str]) -> None:
        _needs(offers, "find_customer")
        customer, key = stand.customer()
        found = outcome_of(stand, lambda: stand.connection.find_customer(customer, key))
        hold(
            found.well and found.value is None,
            RULE,
            expected="None for a buyer whom the platform does not know",
            seen=str(found),
            do="compare the e-mail address that a search found with the one that was asked for",
        )

    @rule(RULE)
    def test_check_stock(self, stand: Stand, offers: frozenset[str]) -> None:
        _needs(offers, "check_stock")
        if stand.sandbox is None:
            pytest.skip("needs a sandbox: whether an item is gone cannot be tried elsewhere")
        real = stand.item()
        gone = "987654321" if (real.variant_id or real.product_id).isdecimal() else UNKNOWN
        item = Item(
            sku=UNKNOWN,
            product_id=_like(real.product_id, gone),
            variant_id=_like(real.variant_id, gone) if real.variant_id else None,
        )
        self._is_none(stand, "check_stock", [item], stand.connection.check_stock)

    @rule(RULE)
    def test_check_discount(self, stand: Stand, offers: frozenset[str]) -> None:
        _needs(offers, "check_discount")
        self._is_none(
            stand, "check_discount", ["ORDERSYNC-NO-SUCH-CODE", ""], stand.connection.check_discount
        )

    @rule(RULE)
    def test_check_discount_knows_a_code_that_is_there(self, stand: Stand, offers: frozenset[str]) -> None:
        _needs(offers, "check_discount")
        code = lever(stand, "discount_code")
        found = outcome_of(stand, lambda: stand.connection.check_discount(code))
        hold(
            found.well and found.value is not None and found.value.valid,
            RULE,
            expected="DiscountCheck(valid=True) for a code that could be used now",
            seen=str(found),
            do="look the code up as the platform spells it",
        )

    @rule(RULE)
    @rule("pages_complete")
    def test_an_empty_account_has_no_orders(self, open_stand: OpenStand, offers: frozenset[str]) -> None:
        _needs(offers, "list_orders")
        stand = open_stand(orders=0)
        stand.inside()
        try:
            pages = list(stand.connection.list_orders(OrderQuery()))
        except OrderSyncError as error:
            broken(RULE, expected="no orders", seen=repr(error), do="an empty listing is no error")
        hold(
            not any(page.orders or page.cursor for page in pages),
            RULE,
            expected="no page, or one page without orders and cursor",
            seen=f"{len(pages)} pages",
            do="end the listing where the platform ends it",
        )
        hold(
            not any(page.safe_through for page in pages),
            "pages_complete",
            expected="safe_through None: nothing was seen",
            seen="a watermark",
            do="move safe_through only to a time that an order was seen with, never to now",
        )


def _needs(offers: frozenset[str], hook: str) -> None:
    if hook not in offers:
        pytest.skip(f"{hook} is not offered")


def _like(real: str, gone: str) -> str:
    """An id of the same form as a real one: a `gid://…/7` keeps all but its last part."""
    head, slash, _ = real.rpartition("/")
    return f"{head}{slash}{'987654321' if slash else gone}"
