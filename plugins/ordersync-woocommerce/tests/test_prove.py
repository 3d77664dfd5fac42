"""A small proof: single faults at every kind of site, with the shop as source and as target, break no promise.

Every third schedule, in a seeded order; `ordersync prove woocommerce woocommerce` tries them all.
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


def test_no_single_fault_breaks_a_promise() -> None:
    prover = Prover(Pair("woocommerce", "woocommerce", orders=1))
    try:
        schedules = list(schedules_after((), prover.sites))
        random.Random(8).shuffle(schedules)
        assert prover.expected.quiet
        assert len(schedules) > 80
        creating = [one for one in schedules if prover.sites[one[0].site].startswith("POST")]
        assert len(creating) > 8
        for schedule in {*schedules[::3], *creating}:
            wrong, _ = prover.attempt(schedule)
            assert wrong == [], schedule
    finally:
        prover.pair.close()
