"""To the cent: orders with exact totals through the real transfer into the sandbox, and read back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ordersync import Done, FulfillmentStatus
from ordersync.ledger import State
from ordersync.testing.money import money_cases, order_of_case
from ordersync.testing.trial import ROUTE, Trial

FINE = {"MC-38", "MC-39", "MC-40"}
"""Orders in Kuwaiti dinar with amounts in fils: NetSuite keeps two digits."""
README = Path(__file__).parents[1] / "README.md"


def carried(tax: str) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
    """(problem per parked case, order found per case that was written, order asked)."""
    orders = {order.id: order for order in map(order_of_case, money_cases())}
    with Trial("erp-netsuite", side="target", orders=0, options={"tax": tax}) as trial:
        trial.store.orders = dict(orders)
        trial.run(most=2)
        rows = {row.source_id: row for row in trial.ledger.rows(ROUTE)}
        parked = {
            one: row.problem.message for one, row in rows.items() if row.state is State.PARKED and row.problem
        }
        standing = {one.key: one for one in trial.made()}
        found = {one: standing[row.key] for one, row in rows.items() if row.key in standing}
        assert {one for one, row in rows.items() if row.state is State.DONE} == set(orders) - set(parked)
        connection = trial.connection()
        ids = {one: found[one].id for one in found if one not in parked}
        read = connection.get_orders(list(ids.values()))
        back = dict(zip(ids, (outcome.value for outcome in read if isinstance(outcome, Done)), strict=True))
        connection.close()
        for one, order in back.items():
            asked = orders[one]
            assert order is not None
            assert (order.net + order.rounding, order.tax, order.total) == (asked.net, asked.tax, asked.total)
            assert order.findings == ()
            assert order.fulfillment_status is FulfillmentStatus.UNFULFILLED
    return parked, found, orders


@pytest.mark.parametrize("tax", ["suitetax", "none"])
def test_given_taxes_come_out_for_every_case_that_netsuite_can_hold(tax: str) -> None:
    parked, found, orders = carried(tax)
    assert set(parked) == FINE
    assert all("digits" in message for message in parked.values())
    assert not FINE & set(found)
    for one, standing in found.items():
        asked = orders[one]
        assert (standing.net, standing.tax, standing.total) == (asked.net, asked.tax, asked.total), one


def test_computed_taxes_are_made_up_for_by_adjustment_lines() -> None:
    parked, found, orders = carried("codes")
    assert set(parked) == FINE
    for one, standing in found.items():
        assert (standing.tax, standing.total) == (orders[one].tax, orders[one].total), one


def test_the_readme_tells_the_share() -> None:
    text = README.read_text("utf-8")
    told = re.search(
        r"Of (\d+) orders with exact totals, (\d+) come out .*?and (\d+) are parked", text, re.DOTALL
    )
    assert told
    count = len(money_cases())
    assert [int(each) for each in told.groups()] == [count, count - len(FINE), len(FINE)]
