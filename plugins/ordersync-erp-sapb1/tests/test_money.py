"""To the cent: orders with exact totals, fitted, previewed, written into the sandbox, and read back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ordersync import Done, Failed, customer_key, order_key
from ordersync.testing.money import money_cases, order_of_case
from ordersync.transfer.drafting import make_draft
from ordersync.transfer.fit import Unfit, fit

SHARES: dict[tuple[str, str, bool], tuple[int, dict[str, int]]] = {
    ("vat", "order", True): (40, {}),
    ("vat", "line", True): (40, {}),
    ("us", "order", True): (38, {"preview": 2}),
    ("vat", "order", False): (26, {"target_arithmetic": 12, "preview": 2}),
    ("vat", "line", False): (31, {"target_arithmetic": 3, "preview": 6}),
}
"""(localization, tax_rounding, corrections) → orders that come out exactly, and reasons of those that are not sent."""


def outcome_of(desk: Any) -> tuple[int, dict[str, int]]:
    """How many cases come out exactly, and why the others are not sent; nothing stands with a wrong total."""
    connector = desk.connector
    orders = [order_of_case(case) for case in money_cases()]
    facts = connector.check_access(thorough=False).facts
    skus = sorted({line.sku for order in orders for line in order.lines if line.sku})
    items = {sku: found.value for sku, found in zip(skus, connector.resolve_skus(skus), strict=True)}
    buyer = orders[0].customer
    assert buyer is not None
    ref = connector.create_customer(buyer, customer_key("test", "a", customer_id=buyer.id, email=None))
    drafts = []
    parked: dict[str, int] = {}
    for order in orders:
        key = order_key("test", "a", order.id)
        try:
            drafts.append(fit(make_draft(order, key=key, platform="test", items=items, customer=ref), facts))
        except Unfit as unfit:
            parked[unfit.problem.code] = parked.get(unfit.problem.code, 0) + 1
    equal = 0
    for first in range(0, len(drafts), 20):
        part = drafts[first : first + 20]
        for draft, outcome in zip(part, connector.create_orders(part), strict=True):
            if isinstance(outcome, Failed):
                assert "nothing was sent" in outcome.error.message, str(outcome.error)
                parked["preview"] = parked.get("preview", 0) + 1
                continue
            assert outcome.value.totals == draft.expected, draft.source_id
            assert sorted(line.position for line in outcome.value.lines if line.position is not None) == [
                line.position for line in draft.lines
            ]
            (read,) = connector.get_orders([outcome.value.ref.id])
            assert isinstance(read, Done)
            told = read.value
            assert told is not None
            assert (told.net + told.rounding, told.tax, told.total) == (
                draft.expected.net,
                draft.expected.tax,
                draft.expected.total,
            ), draft.source_id
            assert (told.findings, told.key) == ((), draft.key)
            equal += 1
    assert len(desk.sandbox.standing()) == equal
    return equal, parked


@pytest.mark.parametrize(("localization", "rounding", "corrections"), list(SHARES))
def test_every_case_comes_out_or_is_not_sent(
    open_desk: Any, localization: str, rounding: str, corrections: bool
) -> None:
    options = {"localization": localization, "tax_rounding": rounding}
    desk = open_desk(options=options, corrections=corrections)
    assert outcome_of(desk) == SHARES[localization, rounding, corrections]


def test_the_readme_tells_the_share() -> None:
    text = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    for (localization, rounding, corrections), (equal, parked) in SHARES.items():
        row = rf"\| {localization} \| {rounding} \| {'on' if corrections else 'off'} \| {equal} \| {sum(parked.values())} \|"
        assert re.search(row, text), row
