"""`prove` holds the transfer to its promises, and finds the bugs that are planted against them."""

from __future__ import annotations

import logging
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from plain import PlainConnector, PlainSandbox

from ordersync.connection import Connection
from ordersync.discovery import connector_class, sandbox_class
from ordersync.ledger import Ledger, tables
from ordersync.model import Done, Order
from ordersync.testing.prove import Fault, Pair, Prover, Strike, Way, prove, schedules_after
from ordersync.transfer.finishing import Finisher
from ordersync.transfer.recovery import Recovery
from ordersync.transfer.resolve import Resolver
from ordersync.transfer.run import Run
from ordersync.transfer.sending import Sender


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logger = logging.getLogger("ordersync")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    yield
    logger.setLevel(before)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> str:
    """A target that helps with nothing, by its name."""
    monkeypatch.setattr(
        "ordersync.testing.prove.world.connector_class",
        lambda name: PlainConnector if name == "plain" else connector_class(name),
    )
    monkeypatch.setattr(
        "ordersync.testing.prove.world.sandbox_class",
        lambda name: PlainSandbox if name == "plain" else sandbox_class(name),
    )
    return "plain"


@pytest.mark.parametrize(("source", "target"), [("shopify", "erp-odoo"), ("erp-odoo", "shopify")])
@pytest.mark.parametrize("way", [Way(), Way(batches=False)], ids=str)
def test_every_fault_at_every_site_breaks_nothing(source: str, target: str, way: Way) -> None:
    proof = prove(source, target, orders=2, ways=[way], processes=1)
    few = target == "erp-odoo" and way.batches
    assert proof.sites >= (30 if few else 31), "fewer requests, fewer sites"
    assert proof.schedules > (180 if few else 200)
    assert [str(violation) for violation in proof.violations] == []


@pytest.mark.parametrize("target", ["woocommerce", "bigcommerce", "erp-netsuite", "erp-sapb1"])
def test_nor_on_any_other_target(target: str) -> None:
    proof = prove("shopify", target, orders=1, ways=[Way()], processes=1)
    assert proof.schedules > 100
    assert [str(violation) for violation in proof.violations] == []


def test_nor_on_a_platform_that_helps_with_nothing(plain: str) -> None:
    proof = prove("erp-odoo", plain, orders=1, ways=[Way(batches=False)], processes=1)
    assert proof.schedules > 200
    assert [str(violation) for violation in proof.violations] == []


def test_nor_where_nothing_is_remembered_of_the_platforms() -> None:
    proof = prove("shopify", "erp-odoo", orders=1, ways=[Way(warm=False)], processes=1)
    assert proof.sites > 40
    assert [str(violation) for violation in proof.violations] == []


def test_a_schedule_can_be_replayed() -> None:
    prover = Prover(Pair("erp-odoo", "shopify", orders=1))
    strike = Strike.read("3:lost_after")
    assert strike == Strike(3, Fault.LOST_AFTER)
    assert prover.attempt((strike,)) == prover.attempt((strike,))
    prover.pair.close()


# -- planted bugs -----------------------------------------------------------------------------------------------


def first_violation(source: str, target: str, orders: int) -> list[str]:
    """What the first schedule breaks that breaks anything; schedules of one fault, in a seeded order."""
    prover = Prover(Pair(source, target, orders=orders, batches=False))
    schedules = list(schedules_after((), prover.sites))
    random.Random(4).shuffle(schedules)
    try:
        for schedule in schedules:
            wrong, _ = prover.attempt(schedule)
            if wrong:
                return wrong
        return []
    finally:
        prover.pair.close()


def believing(patch: pytest.MonkeyPatch, **otherwise: timedelta) -> None:
    """Connections have these facts otherwise than their connectors say: a second defence would hide the bug."""
    facts: Any = Connection.facts.fget  # type: ignore[attr-defined]
    patch.setattr(Connection, "facts", property(lambda self: facts(self).model_copy(update=otherwise)))


def record_after_the_create(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Sender, "intend", lambda self, works, sent=True: list(works))
    patch.setattr(Sender, "not_there", lambda self, works: works)


def send_again_without_looking(patch: pytest.MonkeyPatch) -> None:
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


def look_without_waiting_for_the_index(patch: pytest.MonkeyPatch) -> None:
    believing(patch, settle_time=timedelta(0), index_lag=timedelta(0))


def move_the_watermark_before_the_outcome(patch: pytest.MonkeyPatch) -> None:
    real = Run._window

    def window(self: Run, orders: Sequence[Order], *args: Any, **more: Any) -> bool:
        desk = self._desk
        if orders and more.get("counted", True):
            desk.ledger.move_watermark(
                desk.route.name, max(order.updated_at for order in orders), desk.route.settings_hash
            )
        return real(self, orders, *args, **more)

    patch.setattr(Run, "_window", window)
    believing(patch, overlap=timedelta(0))


def do_not_resume_lines(patch: pytest.MonkeyPatch) -> None:
    real = Finisher._add_missing
    patch.setattr(Finisher, "_add_missing", lambda self, work: None if work.resumed else real(self, work))


def claim_without_asking_for_the_lease(patch: pytest.MonkeyPatch) -> None:
    real_claim, real_meet = Ledger.claim, Ledger.meet

    @contextmanager
    def anyone(ledger: Ledger) -> Iterator[None]:
        """Everybody holds everything: no lease keeps one out, no fence tells two apart, and an intent is never lost."""
        with ledger._store.write() as db:
            db.execute(tables.orders.update().values(owner=None, lease_until=None))
        yield
        with ledger._store.write() as db:
            db.execute(tables.orders.update().values(fence=0))

    def claim(self: Ledger, route: str, source_ids: Sequence[str], **more: Any) -> Any:
        with anyone(self):
            claims = real_claim(self, route, source_ids, **more)
        return [replace(one, fence=0) for one in claims]

    def meet(self: Ledger, route: str, seen: Any, **more: Any) -> Any:
        with anyone(self):
            met = real_meet(self, route, seen, **more)
        return replace(met, claims=[replace(one, fence=0) for one in met.claims])

    def intend(self: Sender, works: Any, *, sent: bool = True) -> Any:
        real_intend(self, works, sent=sent)
        return list(works)

    real_intend = Sender.intend
    patch.setattr(Ledger, "claim", claim)
    patch.setattr(Ledger, "meet", meet)
    patch.setattr(Sender, "intend", intend)


def create_the_customer_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Resolver, "_find", lambda self, asks: [Done(None) for _ in asks])
    patch.setattr(Resolver, "_look_again_at", lambda self, claim, looked, key: None)


@pytest.mark.parametrize(
    ("plant", "source", "said"),
    [
        (record_after_the_create, "erp-odoo", "stands 2 times"),
        (send_again_without_looking, "erp-odoo", "stands 2 times"),
        (look_without_waiting_for_the_index, "erp-odoo", "stands 2 times"),
        (move_the_watermark_before_the_outcome, "shopify", "is missing"),
        (do_not_resume_lines, "erp-odoo", "needs a person"),
        (claim_without_asking_for_the_lease, "erp-odoo", "stands 2 times"),
        (create_the_customer_twice, "erp-odoo", "customers too many"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_planted_bug_is_found(
    plain: str,
    plant: Callable[[pytest.MonkeyPatch], None],
    source: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch)
    orders = 2 if plant is move_the_watermark_before_the_outcome else 1
    wrong = first_violation(source, plain, orders)
    assert any(said in one for one in wrong), wrong
