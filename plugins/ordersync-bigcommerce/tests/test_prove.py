"""Faults at requests and commits break nothing, whichever end the store is.

Every fourth schedule of one fault, in a seeded order; `ordersync prove bigcommerce bigcommerce` tries them all.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator

import pytest

from ordersync.testing.prove import Pair, Prover, schedules_after


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logger = logging.getLogger("ordersync")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    yield
    logger.setLevel(before)


@pytest.mark.parametrize("share", range(2))
def test_no_fault_makes_an_order_twice_or_loses_one(share: int) -> None:
    prover = Prover(Pair("bigcommerce", "bigcommerce", orders=1))
    schedules = list(schedules_after((), prover.sites))
    assert len(schedules) > 150
    random.Random(7).shuffle(schedules)
    try:
        assert prover.expected.quiet
        for schedule in schedules[share::8]:
            wrong, _ = prover.attempt(schedule)
            assert wrong == [], schedule
    finally:
        prover.pair.close()
