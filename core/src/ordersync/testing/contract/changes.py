"""Changes of an order: asked twice they happen once."""

from __future__ import annotations

from typing import Any

import pytest

from ordersync.errors import NotOffered, Refused
from ordersync.model import (
    Cancel,
    Change,
    Confirm,
    Draft,
    Fulfill,
    MarkPaid,
    OrderRef,
    Placed,
    PlacedState,
    SetStatus,
    operation_key,
)
from ordersync.testing.contract.asking import change_name, changes
from ordersync.testing.contract.saying import hold, rule
from ordersync.testing.contract.stand import Stand
from ordersync.testing.contract.striking import Outcome, outcome_of
from ordersync.testing.contract.subject import Subject

__all__ = ["Changes"]

RULE = "changes_once"
KINDS = (Confirm, MarkPaid, Fulfill, SetStatus, Cancel)


class Changes(Subject):
    """`update_order`, one kind of change at a time."""

    @rule(RULE)
    @pytest.mark.parametrize("kind_of_change", KINDS, ids=lambda one: one.__name__)
    def test_a_change_that_is_asked_twice_happens_once(
        self, stand: Stand, offers: frozenset[str], kind_of_change: type[Change]
    ) -> None:
        if "update_order" not in offers:
            pytest.skip("update_order is not offered")
        draft, placed = stand.place()
        change = next((one for one in changes(stand, draft) if isinstance(one, kind_of_change)), None)
        if change is None:
            pytest.skip("orders are confirmed when they are created")
        if stand.connection.facts.draft_first and not isinstance(change, Confirm | Cancel):
            _update(stand, placed.ref, Confirm(placed_at=draft.placed_at), draft)
        first = _update(stand, placed.ref, change, draft)
        if isinstance(first.error, NotOffered | Refused):
            pytest.skip(f"{change_name(change)}: {type(first.error).__name__}")
        hold(first.well, RULE, expected="the change", seen=str(first), do="make the change work")
        before = self._seen(stand, placed)
        second = _update(stand, placed.ref, change, draft)
        after = self._seen(stand, placed)
        hold(
            second.well and second.value.state == first.value.state,
            RULE,
            expected="the second call answers as the first did",
            seen=f"{first}, then {second}",
            do="look whether the change stands already (by its key, or by the state that it leads to), and answer the order",
        )
        hold(
            before == after,
            RULE,
            expected="nothing is done a second time",
            seen=f"{before}, then {after}",
            do="stamp the operation key with the change, and look for it before the change is made",
        )
        state = second.value.state
        wanted = {Confirm: PlacedState.CONFIRMED, Cancel: PlacedState.CANCELLED}.get(kind_of_change)
        hold(
            wanted is None or state is wanted,
            RULE,
            expected=f"Placed.state is {wanted}",
            seen=str(state),
            do="answer the state that was read back after the change",
        )

    def _seen(self, stand: Stand, placed: Placed) -> dict[str, Any]:
        """What would tell that something happened twice."""
        seen: dict[str, Any] = {}
        if stand.sandbox is not None:
            there = [one for one in stand.standing() if one.id == placed.ref.id]
            seen = {"orders": len(stand.standing()), "standing": there}
        if "get_order" in stand.connection.offers:
            order = stand.connection.get_order(placed.ref.id)
            if order is not None:
                seen |= {
                    "payments": len(order.payments),
                    "shipments": len(order.fulfillments),
                    "tracking": sum(len(one.tracking) for one in order.fulfillments),
                    "refunds": len(order.refunds),
                    "status": (order.status, order.payment_status, order.fulfillment_status),
                }
        return seen


def _update(stand: Stand, ref: OrderRef, change: Change, draft: Draft) -> Outcome:
    key = operation_key(draft.key, change_name(change))
    return outcome_of(stand, lambda: stand.connection.update_order(ref, change, key))
