"""Batches: answers by position, one bad element spoils no other, a lost answer puts every element in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from ordersync.errors import BatchRefused, InDoubt, OrderSyncError, Refused
from ordersync.model import CustomerAsk, Done, Draft, Failed, UpdateAsk, operation_key
from ordersync.testing.contract import blows
from ordersync.testing.contract.asking import ASKINGS, UNKNOWN, change_name, changes
from ordersync.testing.contract.placing import missing_item
from ordersync.testing.contract.saying import hold, none_of, rule
from ordersync.testing.contract.shape import BATCHES
from ordersync.testing.contract.stand import Stand
from ordersync.testing.contract.striking import outcome_of
from ordersync.testing.contract.subject import OpenStand, Subject
from ordersync.testing.contract.wire import Strike

__all__ = ["Batches"]

RULE = "batches"
_SINGLE = {
    "find_customers": "find_customer",
    "create_customers": "create_customer",
    "resolve_skus": "resolve_sku",
    "check_stocks": "check_stock",
    "create_orders": "create_order",
    "find_orders": "find_order",
    "get_orders": "get_order",
    "update_orders": "update_order",
}
"""Batch hook → the hook that is asked for one."""


class Batches(Subject):
    """The hooks that take many."""

    @rule(RULE)
    @pytest.mark.parametrize("hook", sorted(BATCHES))
    def test_an_empty_batch_asks_nobody(self, stand: Stand, hook: str, offers: frozenset[str]) -> None:
        _needs(offers, hook)
        with stand.wire.watching() as seen:
            found = outcome_of(stand, lambda: getattr(stand.connection, hook)([]))
        hold(
            found.well and found.value == [] and not any(one.write for one in seen),
            RULE,
            expected="no outcomes for no elements, and nothing written",
            seen=f"{found}, {len(seen)} requests",
            do="answer [] before anything is asked",
        )

    @rule(RULE)
    def test_reads_answer_by_position_as_the_single_hook_does(
        self, open_stand: OpenStand, offers: frozenset[str]
    ) -> None:
        stand = open_stand(orders=5)
        wrong, tried = [], 0
        for hook, asked in self._mixed(stand):
            single = _SINGLE[hook]
            tried += 1
            for elements in (asked, asked[::-1], [asked[0], asked[0]]):
                found = outcome_of(stand, partial(getattr(stand.connection, hook), elements))
                if not found.well or len(found.value) != len(elements):
                    wrong.append(f"{hook}: {found}")
                    continue
                if single not in offers:
                    continue
                wanted = [outcome_of(stand, partial(_ask, stand, single, one)) for one in elements]
                for index, (one, other) in enumerate(zip(found.value, wanted, strict=True)):
                    same = isinstance(one, Failed) if not other.well else one == other.value
                    if not same:
                        wrong.append(
                            f"{hook}, element {index + 1} of {len(elements)}: not what {single} answers"
                        )
        if not tried:
            pytest.skip("no batch hook that reads is offered")
        none_of(
            wrong,
            RULE,
            expected="the answers of the single hook, in the order in which they were asked",
            do="put what came back by id or key, never by the order in which it came; answer Done(None) for what is not"
            " there",
        )

    def _mixed(self, stand: Stand) -> list[tuple[str, Sequence[Any]]]:
        """For each batch hook that reads and is offered: something that is there, and something that is not."""
        offers = stand.connection.offers
        found: list[tuple[str, Sequence[Any]]] = []
        if {"resolve_skus", "check_stocks"} & offers:
            item = stand.item()
            if "resolve_skus" in offers:
                found.append(("resolve_skus", [UNKNOWN, item.sku, f"{item.sku}-x"]))
            if "check_stocks" in offers:
                found.append(("check_stocks", [item, item]))
        if "get_orders" in offers and "list_orders" in offers:
            ids = [order.id for order in stand.some_orders()]
            found.append(("get_orders", [ids[0], "999999999", ids[-1]]))
        if "find_customers" in offers:
            there, key = stand.customer()
            stand.customer_ref(there, key)
            stand.let_it_settle()
            asks = [CustomerAsk(*stand.customer()), CustomerAsk(there, key), CustomerAsk(*stand.customer())]
            found.append(("find_customers", asks))
        if "find_orders" in offers and {"create_order", "create_orders"} & offers:
            keys = [stand.place()[0].key for _ in range(2)]
            stand.let_it_settle()
            found.append(("find_orders", [keys[1], stand.key("nobody"), keys[0]]))
        return found

    @rule(RULE)
    def test_orders_are_made_by_position(self, stand: Stand, offers: frozenset[str]) -> None:
        _needs(offers, "create_orders")
        drafts = [stand.draft(lines=lines) for lines in (1, 3, 2)]
        found = outcome_of(stand, lambda: stand.create_many(drafts))
        hold(found.well, RULE, expected="three orders", seen=str(found), do="make the batch work")
        wrong = [
            f"element {index + 1}: {_told(placed)}"
            for index, (draft, placed) in enumerate(zip(drafts, found.value, strict=True))
            if isinstance(placed, Failed) or placed.key != draft.key
        ]
        if stand.sandbox is not None:
            by_id = {one.id: one.key for one in stand.standing()}
            wrong += [
                f"element {index + 1} stands with another key"
                for index, (draft, placed) in enumerate(zip(drafts, found.value, strict=True))
                if not isinstance(placed, Failed) and by_id.get(placed.ref.id) != draft.key
            ]
        none_of(
            wrong,
            RULE,
            expected="each draft's own order at its place",
            do="match what came back by the key that was stamped",
        )

    @rule(RULE)
    def test_one_bad_draft_spoils_no_other(self, stand: Stand, offers: frozenset[str]) -> None:
        _needs(offers, "create_orders")
        stand.inside()
        drafts = [stand.draft(), self._bad(stand.draft()), stand.draft()]
        found = outcome_of(stand, lambda: stand.create_many(drafts))
        standing = [len(stand.standing_with(draft.key)) for draft in drafts]
        if standing[1]:
            pytest.skip("the platform takes an order for an item that it does not have")
        atomic = "create_orders" in stand.connection.facts.atomic_batches
        refused = found.error if isinstance(found.error, BatchRefused) else None
        whole = refused is not None and refused.index in (None, 1) and standing == [0, 0, 0]
        apart = found.well and [isinstance(one, Failed) for one in found.value] == [False, True, False]
        kept = (apart and standing == [1, 0, 1]) or (atomic and whole)
        hold(
            kept,
            RULE,
            expected="BatchRefused(index=1 or None) and nothing stands, or Done, Failed(Refused), Done and the good two stand"
            if atomic
            else "Done, Failed(Refused), Done; and the good two stand",
            seen=f"{found}; {standing} stand",
            do="say in facts.atomic_batches whether all elements happen or none;\n"
            "an atomic refusal is BatchRefused, another one is Failed at its place",
        )

    @staticmethod
    def _bad(draft: Draft) -> Draft:
        line = draft.lines[0]
        if line.item is None:
            pytest.skip("the suite's order has no item")
        return draft.model_copy(
            update={"lines": (line.model_copy(update={"item": missing_item(line.item)}), *draft.lines[1:])}
        )

    @rule(RULE)
    @rule("never_twice")
    @pytest.mark.parametrize("hook", ["create_customers", "create_orders", "update_orders"])
    def test_a_lost_answer_puts_every_element_in_doubt(
        self, stand: Stand, hook: str, offers: frozenset[str]
    ) -> None:
        _needs(offers, hook)
        ASKINGS[hook].prepare(stand)()
        call = ASKINGS[hook].prepare(stand)
        with stand.wire.striking(Strike(blows.lost(stand.clock), "writes", times=None)) as strike:
            try:
                answer = call()
                errors = [one.error if isinstance(one, Failed) else None for one in answer]
            except OrderSyncError as error:
                errors = [error]
        if not strike.struck:
            pytest.skip("the batch makes no request that writes")
        hold(
            all(isinstance(one, InDoubt) for one in errors),
            RULE,
            expected="InDoubt, raised or for every element",
            seen=", ".join(type(one).__name__ if one else "an answer" for one in errors),
            do="let the client's InDoubt pass",
        )

    @rule(RULE)
    def test_customers_are_made_by_position(self, stand: Stand, offers: frozenset[str]) -> None:
        _needs(offers, "create_customers")
        asks = [CustomerAsk(*stand.customer()) for _ in range(3)]
        found = outcome_of(stand, lambda: stand.connection.create_customers(asks))
        hold(found.well, RULE, expected="three customers", seen=str(found), do="make the batch work")
        stand.let_it_settle()
        wrong = []
        for index, (ask, made) in enumerate(zip(asks, found.value, strict=True)):
            if isinstance(made, Failed):
                wrong.append(f"element {index + 1}: {_told(made)}")
            elif "find_customer" in offers:
                again = stand.connection.find_customer(ask.customer, ask.key)
                if again is None or again.id != made.id:
                    wrong.append(f"element {index + 1}: find_customer finds another one")
        none_of(
            wrong,
            RULE,
            expected="each ask's own customer at its place",
            do="match what came back by the key or the e-mail address that was sent",
        )

    @rule(RULE)
    def test_changes_are_made_by_position(self, stand: Stand, offers: frozenset[str]) -> None:
        _needs(offers, "update_orders")
        asks, orders = [], []
        for _ in range(2):
            draft, placed = stand.place()
            change = changes(stand, draft)[-1]
            asks.append(UpdateAsk(placed.ref, change, operation_key(draft.key, change_name(change))))
            orders.append(placed)
        found = outcome_of(stand, lambda: stand.connection.update_orders(asks))
        hold(
            found.well or isinstance(found.error, Refused),
            RULE,
            expected="two answers",
            seen=str(found),
            do="make the batch work",
        )
        if not found.well:
            return
        none_of(
            [
                f"element {index + 1}: {_told(one)}"
                for index, (one, placed) in enumerate(zip(found.value, orders, strict=True))
                if not isinstance(one, Failed) and one.ref.id != placed.ref.id
            ],
            RULE,
            expected="each ask's own order at its place",
            do="match what came back by id",
        )

    @rule(RULE)
    def test_a_full_batch_is_taken(self, open_stand: OpenStand, offers: frozenset[str]) -> None:
        _needs(offers, "resolve_skus")
        stand = open_stand()
        size = stand.connection.facts.batch_sizes.get("resolve_skus", stand.connection.facts.page_size)
        asked = [f"{UNKNOWN}-{index}" for index in range(size - 1)]
        asked.append(stand.item().sku)
        found = outcome_of(stand, lambda: stand.connection.resolve_skus(asked))
        hold(
            found.well and len(found.value) == size and getattr(found.value[-1], "sku", None) == asked[-1],
            RULE,
            expected=f"{size} answers, as facts.batch_sizes allows, the last one the item that is there",
            seen=str(found),
            do="lower facts.batch_sizes, or send the batch in parts",
        )


def _needs(offers: frozenset[str], hook: str) -> None:
    if hook not in offers:
        pytest.skip(f"{hook} is not offered")


def _ask(stand: Stand, hook: str, element: Any) -> Any:
    """The single hook, asked for one element of a batch."""
    ask = getattr(stand.connection, hook)
    return ask(element.customer, element.key) if isinstance(element, CustomerAsk) else ask(element)


def _told(one: Any) -> str:
    if isinstance(one, Failed):
        return f"{type(one.error).__name__}: {one.error}"
    return f"order {one.value.ref.id}" if isinstance(one, Done) else f"order {getattr(one, 'ref', one)}"
