"""The platform's limit is kept ahead of time: a good many calls on a virtual clock, and none is refused for haste."""

from __future__ import annotations

import pytest

from ordersync.model import OrderQuery
from ordersync.testing.contract.saying import hold, rule
from ordersync.testing.contract.stand import Stand
from ordersync.testing.contract.subject import OpenStand, Subject

__all__ = ["Patience"]

RULE = "rate_budget"
HASTY = frozenset({429, 430, 509})


class Patience(Subject):
    """Many reads, many writes. (That a wait which is asked for is waited is tried by the verdicts.)"""

    def _unhurried(self, stand: Stand, what: str) -> None:
        if not stand.wire.exchanges:
            pytest.skip("the connector makes no request")
        refused = [one for one in stand.wire.exchanges if one.response and one.response.status_code in HASTY]
        hold(
            not refused,
            RULE,
            expected=f"{what} without a single 429",
            seen=f"{len(refused)} of {len(stand.wire.exchanges)} requests were refused for haste",
            do="give the client a budget (`access.budget`) with the platform's rule, and let it read the platform's own figures",
        )

    @rule(RULE)
    def test_many_reads_are_never_refused_for_haste(
        self, open_stand: OpenStand, offers: frozenset[str]
    ) -> None:
        stand = open_stand(orders=40)
        stand.inside()
        if "list_orders" in offers:
            orders = stand.some_orders()
            for turn in range(80):
                if "get_order" in offers:
                    stand.connection.get_order(orders[turn % len(orders)].id)
                elif turn < 20:
                    list(stand.connection.list_orders(OrderQuery()))
        elif "resolve_sku" in offers:
            for _ in range(80):
                stand.connection.resolve_sku(self.known_sku(stand))
        else:
            pytest.skip("no hook that reads is offered")
        self._unhurried(stand, "80 reads in a row")

    @rule(RULE)
    def test_many_writes_are_never_refused_for_haste(
        self, open_stand: OpenStand, offers: frozenset[str]
    ) -> None:
        if not {"create_order", "create_orders"} & offers:
            pytest.skip("no hook creates orders")
        stand = open_stand()
        stand.inside()
        for _ in range(15):
            stand.place()
        self._unhurried(stand, "15 orders in a row")
