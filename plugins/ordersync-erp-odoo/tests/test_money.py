"""To the cent: orders with exact totals, fitted, written into the sandbox, and read back."""

from __future__ import annotations

from typing import Any

import pytest

from ordersync import Confirm, Done, customer_key, order_key
from ordersync.testing.money import money_cases, order_of_case
from ordersync.transfer.drafting import make_draft
from ordersync.transfer.fit import fit


@pytest.mark.parametrize("rounding", ["round_per_line", "round_globally"])
@pytest.mark.parametrize("way", ["17 jsonrpc", "19 json2"])
def test_every_case_comes_out_and_back(open_desk: Any, way: str, rounding: str) -> None:
    orders = [order_of_case(case) for case in money_cases()]
    desk = open_desk(way, options={"rounding": rounding})
    connector = desk.connector
    facts = connector.check_access(thorough=False).facts
    skus = sorted({line.sku for order in orders for line in order.lines if line.sku})
    items = {sku: found.value for sku, found in zip(skus, connector.resolve_skus(skus), strict=True)}
    buyer = orders[0].customer
    assert buyer is not None
    ref = connector.create_customer(buyer, customer_key("test", "a", customer_id=buyer.id, email=None))
    drafts = []
    for order in orders:
        key = order_key("test", "a", order.id)
        drafts.append(fit(make_draft(order, key=key, platform="test", items=items, customer=ref), facts))
    outcomes = connector.create_orders(drafts)
    assert {type(outcome) for outcome in outcomes} == {Done}
    for draft, outcome in zip(drafts, outcomes, strict=True):
        assert outcome.value.totals == draft.expected, draft.source_id
        confirmed = connector.update_order(outcome.value.ref, Confirm(placed_at=draft.placed_at), "k")
        assert confirmed.totals == draft.expected
    read = connector.get_orders([outcome.value.ref.id for outcome in outcomes])
    for draft, found in zip(drafts, read, strict=True):
        order = found.value
        assert (order.net + order.rounding, order.tax, order.total) == (
            draft.expected.net,
            draft.expected.tax,
            draft.expected.total,
        ), draft.source_id
        assert order.findings == ()
        assert order.key == draft.key
