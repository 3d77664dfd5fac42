"""`prove` holds the transfer to its promises, and finds the bugs that are planted against them."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from ordersync.connection import Connection
from ordersync.model import Done
from ordersync.testing.prove import Fault, Pair, Prover, Strike, prove, schedules_after
from ordersync.transfer.recovery import Recovery
from ordersync.transfer.sending import Sender

PAIRS = [("shopify", "erp-odoo"), ("erp-odoo", "shopify")]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logger = logging.getLogger("ordersync")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    yield
    logger.setLevel(before)


def first_violation(source: str, target: str, most: int = 400) -> list[str]:
    """What the first schedule breaks that breaks anything; schedules of one fault, in a seeded order."""
    prover = Prover(Pair(source, target, orders=1))
    schedules = list(schedules_after((), prover.sites))
    random.Random(4).shuffle(schedules)
    try:
        for schedule in schedules[:most]:
            wrong, _ = prover.attempt(schedule)
            if wrong:
                return wrong
        return []
    finally:
        prover.pair.close()


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_every_fault_at_every_site_breaks_nothing(source: str, target: str) -> None:
    proof = prove(source, target, orders=1, batches=(True,), processes=1)
    assert proof.sites > 30
    assert proof.schedules > 250
    assert [str(violation) for violation in proof.violations] == []


def test_a_schedule_can_be_replayed() -> None:
    prover = Prover(Pair("erp-odoo", "shopify", orders=1))
    strike = Strike.read("3:lost_after")
    assert strike == Strike(3, Fault.LOST_AFTER)
    assert prover.attempt((strike,)) == prover.attempt((strike,))
    prover.pair.close()


def plant_sending_again_without_looking(patch: pytest.MonkeyPatch) -> None:
    real_find, real_look = Sender.find, Recovery.look
    looking = []

    def look(self: Recovery, rows: Any, tried: Any = None) -> None:
        looking.append(True)
        try:
            real_look(self, rows, tried)
        finally:
            looking.pop()

    def find(self: Sender, works: Any) -> Any:
        return [Done(None) for _ in works] if looking else real_find(self, works)

    patch.setattr(Recovery, "look", look)
    patch.setattr(Sender, "find", find)


def plant_looking_too_early(patch: pytest.MonkeyPatch) -> None:
    hasty = {"settle_time": timedelta(0), "index_lag": timedelta(0)}
    facts: Any = Connection.facts.fget  # type: ignore[attr-defined]
    patch.setattr(Connection, "facts", property(lambda self: facts(self).model_copy(update=hasty)))


def plant_no_intent(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Sender, "intend", lambda self, works, sent=True: list(works))
    patch.setattr(Sender, "not_there", lambda self, works: works)


@pytest.mark.parametrize(
    "plant",
    [plant_sending_again_without_looking, plant_looking_too_early, plant_no_intent],
    ids=lambda plant: plant.__name__.removeprefix("plant_"),
)
def test_a_planted_bug_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    wrong = first_violation("erp-odoo", "shopify")
    assert any("stands 2 times" in one for one in wrong), wrong
