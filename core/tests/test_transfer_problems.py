"""An order with a problem is parked and stops nobody; it passes once corrected, and what stands is not made again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from mishaps import World, lost_before, order
from mishaps import closing as closing

from ordersync.errors import FieldProblem, Refused
from ordersync.ledger import State
from ordersync.model import Placed


def test_one_bad_order_stops_nobody() -> None:
    world = World()
    world.add(order(4, skus=("A", "NOPE")))
    world.add(order(5))
    report = world.sync()
    assert (report.created, report.parked, report.reasons) == (4, 1, {"unknown_sku": 1})
    (row,) = world.ledger.rows("orders", states=[State.PARKED])
    assert row.problem is not None
    assert (row.problem.subject, row.problem.place) == ("NOPE", "/lines/1")
    assert row.problem.remedy
    world.target_store.add_item("NOPE")
    assert world.sync().created == 1, "a SKU that exists now wakes the order that waited for it"
    world.check()


def test_a_new_alias_wakes() -> None:
    world = World(0)
    world.add(order(1, skus=("OLD",)))
    assert world.sync().parked == 1
    world.aliases = {"OLD": "A"}
    assert world.sync().created == 1
    ((draft, _, _),) = world.target_store.placed.values()
    assert draft.lines[0].sku == "A"


def test_an_ambiguous_sku_parks() -> None:
    world = World(1)
    world.target_store.add_item("A")
    report = world.sync()
    assert report.reasons == {"ambiguous_sku": 1}


def test_a_refusal_parks_with_the_fields() -> None:
    world = World(2)
    refusal = Refused("The platform said no.", fields=(FieldProblem("billing.zip", "is too short"),))
    world.target.faults[("create_order", 1)] = lost_before(refusal)
    report = world.sync()
    assert (report.created, report.parked) == (1, 1)
    (row,) = world.ledger.rows("orders", states=[State.PARKED])
    assert row.problem is not None
    assert "billing.zip: is too short" in row.problem.message
    assert world.transfer().retry().created == 1
    world.check()


def test_totals_that_differ_park_after_creation_and_are_not_made_again() -> None:
    world = World(1)

    def wrong(real: Callable[[], Any]) -> Any:
        placed = real()
        totals = placed.totals.model_copy(update={"total": placed.totals.total + Decimal("0.01")})
        return placed.model_copy(update={"totals": totals})

    world.target.faults[("create_order", 1)] = wrong
    report = world.sync()
    assert report.reasons == {"totals_differ": 1}
    (row,) = world.ledger.rows("orders")
    assert row.target is not None
    assert "total 44.01 instead of 44.00" in (row.problem.message if row.problem else "")
    assert world.sync().parked == 1
    assert world.transfer().retry().created == 1, "corrected there: it is compared again, not created again"
    world.check()


def test_a_difference_within_the_tolerance_passes() -> None:
    world = World(1, tolerance=Decimal("0.01"))

    def wrong(real: Callable[[], Any]) -> Any:
        placed = real()
        totals = placed.totals.model_copy(update={"total": placed.totals.total + Decimal("0.01")})
        return placed.model_copy(update={"totals": totals})

    world.target.faults[("create_order", 1)] = wrong
    assert world.sync().created == 1


def test_parts_that_do_not_give_the_total_park() -> None:
    world = World(0)
    world.add(order(1, total=Decimal("50.00")))
    assert world.sync().reasons == {"source_totals_differ": 1}
    assert world.target_store.placed == {}


def test_a_retried_order_that_stands_is_never_made_again() -> None:
    """Parked with other totals, its draft gone, retried uncorrected: the key is looked for before anything is sent."""
    world = World(1)
    real = world.target._answer

    def otherwise(order_id: str) -> Placed:
        placed: Placed = real(order_id)
        assert placed.totals is not None
        return placed.model_copy(
            update={"totals": placed.totals.model_copy(update={"total": Decimal("44.01")})}
        )

    world.target._answer = otherwise
    assert world.sync().parked == 1
    for _ in range(2):
        assert world.transfer().retry().parked == 1
        assert len(world.target_store.placed) == 1
    world.clock.sleep(3600)
    with world.ledger._store.write() as db:
        db.exec_driver_sql("DELETE FROM payloads")
    assert world.transfer().retry().parked == 1
    assert len(world.target_store.placed) == 1
    world.target._answer = real
    world.transfer().retry()
    world.check()


def test_an_order_that_may_not_show_yet_is_not_made_again_by_a_retry() -> None:
    world = World(1)
    world.target.lag = timedelta(seconds=300)
    world.target.facts = world.target.facts.model_copy(update={"index_lag": timedelta(seconds=300)})
    real, wrong = world.target._answer, Decimal("44.01")

    def otherwise(order_id: str) -> Placed:
        placed: Placed = real(order_id)
        assert placed.totals is not None
        return placed.model_copy(update={"totals": placed.totals.model_copy(update={"total": wrong})})

    world.target._answer = otherwise
    assert world.sync().parked == 1
    with world.ledger._store.write() as db:
        db.exec_driver_sql("DELETE FROM payloads")
    before = world.clock.now()
    assert world.transfer().retry().parked == 1
    assert world.clock.now() - before >= timedelta(seconds=300), "it waited until the order had to show"
    assert len(world.target_store.placed) == 1


def test_a_refused_order_is_sent_at_once_when_it_is_retried() -> None:
    world = World(1)
    world.target.faults[("create_order", 1)] = lost_before(Refused("No."))
    assert world.sync().parked == 1
    before = world.clock.now()
    assert world.transfer().retry().created == 1
    assert world.clock.now() == before
