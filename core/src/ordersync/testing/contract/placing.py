"""Creating orders: the key is stamped and found, asked twice is as safe as it says, every line stands."""

from __future__ import annotations

from collections import Counter

import pytest

from ordersync.errors import Ambiguous, OrderSyncError
from ordersync.model import Item, LineKind, PlacedState
from ordersync.testing.contract.asking import one_more_line
from ordersync.testing.contract.saying import broken, hold, none_of, rule
from ordersync.testing.contract.stand import Stand
from ordersync.testing.contract.striking import outcome_of
from ordersync.testing.contract.subject import OpenStand, Subject
from ordersync.testing.safety import observed_write_safety

__all__ = ["Placing", "missing_item"]

YEAR = 365 * 86_400.0
"""Seconds."""
SAFER = ("none", "searched stamp", "unique key")
"""What keeps an order from being made twice, the weakest first. A platform may do more than its connector relies on: an
idempotency key that is forgotten after a day is no unique key."""


class Placing(Subject):
    """`create_order`, `find_order`, `add_line_item`."""

    @pytest.fixture(autouse=True)
    def _creates(self, request: pytest.FixtureRequest) -> None:
        hooks = request.getfixturevalue("offers")
        if request.node.originalname in vars(Placing) and not {"create_order", "create_orders"} & hooks:
            pytest.skip("no hook creates orders")

    @rule("key_found_again")
    def test_an_order_is_found_by_its_key(self, stand: Stand, offers: frozenset[str]) -> None:
        if not {"find_order", "find_orders"} & offers:
            pytest.skip("no hook finds orders")
        draft, placed = stand.place()
        hold(
            placed.key == draft.key,
            "key_found_again",
            expected=f"Placed.key is the draft's, {draft.key}",
            seen=placed.key,
            do="answer draft.key",
        )
        stand.let_it_settle()
        found = outcome_of(stand, lambda: stand.find(draft.key))
        hold(
            found.well and found.value is not None and found.value.ref.id == placed.ref.id,
            "key_found_again",
            expected=f"find_order answers order {placed.ref.id} after facts.index_lag",
            seen=str(found),
            do="stamp draft.key in the create request, in a field that can be searched, and search that field;\n"
            "if the platform's index is slow, say how slow in facts.index_lag",
        )
        again = found.value
        wrong = [
            f"{name}: {one} instead of {other}"
            for name, one, other in (
                ("key", again.key, placed.key),
                ("state", again.state, placed.state),
                ("totals", again.totals, placed.totals),
                ("positions", _positions(again), _positions(placed)),
            )
            if one != other
        ]
        none_of(
            wrong,
            "key_found_again",
            expected="find_order answers as create_order did",
            do="use one function for both answers; stamp each line, or tell its position by its order",
        )

    @rule("key_found_again")
    def test_the_sources_number_stands_where_people_look(self, stand: Stand) -> None:
        draft, placed = stand.place()
        there = next((one for one in stand.standing() if one.id == placed.ref.id), None)
        if there is None:
            broken(
                "key_found_again",
                expected="the order stands",
                seen=f"no order {placed.ref.id}",
                do="answer the platform's id in Placed.ref",
            )
        none_of(
            [
                f"{name}: {one!r} instead of {other!r}"
                for name, one, other in (
                    ("key", there.key, draft.key),
                    ("number", there.number, draft.number),
                )
                if other not in (one or "")
            ],
            "key_found_again",
            expected="the draft's key and number on the platform's order",
            do="send draft.key where find_order looks, and draft.number where people look",
        )

    @rule("never_twice")
    def test_asked_twice_it_is_as_safe_as_it_says(self, stand: Stand) -> None:
        sandbox = stand.inside()
        stand.place()
        seen = observed_write_safety(stand.connection, sandbox, stand.draft(), stand.clock)
        hold(
            SAFER.index(seen) >= SAFER.index(stand.connection.write_safety),
            "never_twice",
            expected=f"{stand.connection.write_safety} (from facts.unique_key and the hooks), or safer",
            seen=seen,
            do="set facts.unique_key only if the platform itself refuses a second order with one key;\n"
            "offer find_order only if it finds what was stamped",
        )

    @rule("never_twice")
    def test_a_unique_key_lasts(self, stand: Stand) -> None:
        """What merges equal requests for a day or two is an idempotency key."""
        stand.inside()
        if not stand.connection.facts.unique_key:
            pytest.skip("facts.unique_key is not said")
        draft, _ = stand.place()
        stand.clock.sleep(YEAR)
        try:
            stand.create(draft)
        except OrderSyncError:
            pass
        hold(
            len(stand.standing_with(draft.key)) == 1,
            "never_twice",
            expected="one order of one key, also a year later",
            seen=f"{len(stand.standing_with(draft.key))} orders",
            do="set facts.unique_key only for a key that the platform keeps unique for good; requests that it merges for a\n"
            "while are safer to repeat, and still found by their stamp",
        )

    @rule("never_twice")
    def test_two_of_one_key_are_an_error(self, stand: Stand) -> None:
        stand.inside()
        if stand.connection.write_safety != "searched stamp":
            pytest.skip("two orders of one key cannot stand here")
        draft, _ = stand.place()
        try:
            stand.create(draft)
        except OrderSyncError:
            pytest.skip("the second one was refused")
        if len(stand.standing_with(draft.key)) < 2:
            pytest.skip("the second one was recognised")
        stand.let_it_settle()
        found = outcome_of(stand, lambda: stand.find(draft.key))
        hold(
            isinstance(found.error, Ambiguous) and len(found.error.candidates) == 2,
            "never_twice",
            expected="Ambiguous with both ids as candidates",
            seen=str(found),
            do="count the hits before one is taken; raise Ambiguous(…, candidates=ids)",
        )

    @rule("lines_complete")
    @pytest.mark.parametrize("lines", [1, 4, 30])
    def test_every_line_stands(self, open_stand: OpenStand, lines: int, offers: frozenset[str]) -> None:
        stand = open_stand()
        draft, placed = stand.place(lines=lines)
        wanted = {line.position for line in draft.lines}
        positions = _positions(placed)
        if "add_line_item" in offers:
            for line in draft.lines:
                if line.position not in positions:
                    positions.append(stand.connection.add_line_item(placed.ref, line, line.key).position)
        counted = Counter(positions)
        wrong = [f"position {one} is missing" for one in sorted(wanted - set(counted))]
        wrong += [f"position {one} comes {count} times" for one, count in counted.items() if count > 1]
        wrong += [f"position {one} is not in the draft" for one in set(counted) - wanted]
        ids = [line.id for line in placed.lines]
        wrong += [f"{len(ids) - len(set(ids))} lines share an id"] * (len(set(ids)) != len(ids))
        if stand.sandbox is not None:
            there = next((one for one in stand.standing() if one.id == placed.ref.id), None)
            items = sum(line.kind is LineKind.ITEM for line in draft.lines)
            if there is not None and there.lines < items:
                wrong.append(f"{there.lines} lines stand, {items} items were asked")
        none_of(
            wrong[:6],
            "lines_complete",
            expected=f"each of {len(wanted)} positions once, two equal lines too",
            do="answer a PlacedLine with its position for each line that stands; tell equal lines apart by the order in which"
            " they\nwere sent, or by a stamped line key",
        )

    @rule("lines_complete")
    def test_a_line_can_be_added(self, stand: Stand, offers: frozenset[str]) -> None:
        if "add_line_item" not in offers:
            pytest.skip("add_line_item is not offered")
        ref, line = one_more_line(stand)
        before = next(one for one in stand.standing() if one.id == ref.id)
        added = outcome_of(stand, lambda: stand.connection.add_line_item(ref, line, line.key))
        after = next(one for one in stand.standing() if one.id == ref.id)
        hold(
            added.well and added.value.position == line.position and after.lines == before.lines + 1,
            "lines_complete",
            expected=f"one line more, answered with position {line.position}",
            seen=f"{added}; {before.lines} lines before, {after.lines} after",
            do="add exactly the line that was handed in, and answer PlacedLine(id, position)",
        )
        hold(
            after.net > before.net,
            "lines_complete",
            expected="the order's total grows by the line",
            seen=f"{before.net} before, {after.net} after",
            do="send the line's asked price and quantity",
        )

    @rule("totals_read_back")
    def test_the_state_is_told(self, stand: Stand) -> None:
        _, placed = stand.place()
        first = stand.connection.facts.draft_first
        there = next(one for one in stand.standing() if one.id == placed.ref.id)
        hold(
            (placed.state is PlacedState.DRAFT) == first == (not there.confirmed),
            "totals_read_back",
            expected="a draft, which the core confirms when its totals agree"
            if first
            else "a confirmed order",
            seen=f"{placed.state} was answered; it is {'confirmed' if there.confirmed else 'a draft'} there",
            do="set facts.draft_first if orders are created unconfirmed, and answer the state that was read back",
        )

    @rule("errors_by_remedy")
    def test_an_item_that_is_gone_is_refused(self, stand: Stand) -> None:
        stand.inside()
        draft = stand.draft()
        line = draft.lines[0]
        if line.item is None:
            pytest.skip("the suite's order has no item")
        draft = draft.model_copy(
            update={"lines": (line.model_copy(update={"item": missing_item(line.item)}), *draft.lines[1:])}
        )
        found = outcome_of(stand, lambda: stand.create(draft))
        there = len(stand.standing_with(draft.key))
        hold(
            not found.crash and (found.error is not None or there == 1),
            "errors_by_remedy",
            expected="Refused, naming the line; or an order that stands, if the platform takes any item",
            seen=f"{found}; {there} stand",
            do="read the vendor's error body into Refused(…, fields=(FieldProblem(…),))",
        )


def missing_item(item: Item) -> Item:
    """An item with ids of the same form that the platform does not have."""
    return item.model_copy(
        update={
            "product_id": _changed(item.product_id),
            "variant_id": _changed(item.variant_id) if item.variant_id else None,
        }
    )


def _positions(placed: object) -> list[int | None]:
    lines = getattr(placed, "lines", ())
    return sorted(line.position for line in lines if line.position is not None)


def _changed(name: str) -> str:
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}987654321" if last.isdecimal() else f"{head}{slash}{last}-gone"
