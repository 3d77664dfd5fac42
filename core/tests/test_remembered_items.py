"""What the target said of a SKU is remembered between runs, as long as it is young and nothing speaks against it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from ends import Ends, Erp, order

from ordersync.errors import FieldProblem, Refused
from ordersync.hookspecs import hookimpl
from ordersync.ledger import Ledger, State
from ordersync.model import Draft, Item, Placed
from ordersync.testing.postgresql import postgresql
from ordersync.testing.reference import ReferenceConnector
from ordersync.transfer.plans import read_plan
from ordersync.transfer.resolve import Resolver


class Asked(Erp):
    """Counts what it is asked, and refuses products that are gone."""

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self.asked: list[str] = []

    @hookimpl
    def resolve_sku(self, sku: str) -> Item | None:
        self.asked.append(sku)
        return ReferenceConnector.resolve_sku(self, sku)

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        standing = {item.product_id for items in self._store.items.values() for item in items}
        for line in draft.lines:
            if line.item and line.item.product_id not in standing:
                raise Refused("The product is gone.", fields=(FieldProblem("product", "does not exist"),))
        return Erp.create_order(self, draft)


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Ends(2, erp=Asked)
    yield made
    made.close()


def asked(ends: Ends) -> list[str]:
    assert isinstance(ends.erp, Asked)
    found, ends.erp.asked = sorted(ends.erp.asked), []
    return found


def exchange(ends: Ends, sku: str) -> None:
    """Another product has the SKU from now on."""
    ends.erp_store.items[sku] = [Item(sku=sku, product_id=f"new-{sku}")]


def test_a_second_run_asks_nothing_that_it_knows(ends: Ends) -> None:
    ends.sync()
    first = asked(ends)
    assert first == sorted(set(first)) != []
    ends.add(order(3))
    assert ends.sync().created == 1
    assert asked(ends) == []


def test_what_is_too_old_is_asked_again(ends: Ends) -> None:
    ends.sync()
    asked(ends)
    ends.pass_time(timedelta(minutes=16))
    ends.add(order(3))
    assert ends.sync().created == 1
    assert asked(ends) != []


def test_nothing_is_remembered_if_the_route_says_so() -> None:
    ends = Ends(1, erp=Asked, policies={"remember_items": 0})
    ends.sync()
    first = asked(ends)
    ends.add(order(2))
    ends.sync()
    assert asked(ends) == first != []
    ends.close()


def test_absence_is_not_remembered(ends: Ends) -> None:
    missing = ends.erp_store.items.pop("A")
    assert ends.sync().parked == 2
    asked(ends)
    ends.erp_store.items["A"] = missing
    assert ends.sync().created == 2
    assert "A" in asked(ends)


def test_a_refusal_that_may_rest_on_memory_is_no_refusal(ends: Ends) -> None:
    """The product was exchanged between the runs: the order goes to the new one, and nobody has to look."""
    ends.sync()
    asked(ends)
    exchange(ends, "A")
    ends.add(order(3))
    report = ends.sync()
    assert (report.created, report.parked) == (1, 0)
    assert "A" in asked(ends)
    last = next(draft for draft, _, _ in ends.erp_store.placed.values() if draft.source_id == "O3")
    assert "new-A" in {line.item.product_id for line in last.lines if line.item}


def test_what_an_order_rests_on_is_judged_when_it_is_drafted(ends: Ends) -> None:
    """Two orders were drafted with a remembered item; while the first refusal is told, the item is looked up anew for
    another one. The second refusal rests on memory all the same."""
    ends.sync()
    exchange(ends, "A")
    ends.add(order(3))
    ends.add(order(4))
    real = Resolver.forget

    def forget(self: Resolver, skus: Iterable[str]) -> None:
        wanted = list(skus)
        real(self, wanted)
        self.look_up_skus(wanted)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Resolver, "forget", forget)
        report = ends.sync()
    assert (report.created, report.parked) == (2, 0)


def test_a_refusal_of_what_was_just_asked_parks(ends: Ends) -> None:
    ends.sync()
    assert isinstance(ends.erp, Asked)
    for sku in ("A", "B"):
        ends.erp_store.items[sku] = []
    ends.add(order(3))
    report = ends.sync()
    assert (report.created, report.parked) == (0, 1)
    (row,) = ends.ledger.rows("orders", states=[State.PARKED])
    assert row.problem is not None
    assert row.problem.code == "unknown_sku", "what the target says now counts, not what was remembered"


def test_a_plan_rests_on_what_the_target_says_now(ends: Ends, tmp_path: Path) -> None:
    ends.sync()
    ends.add(order(3))
    exchange(ends, "A")
    asked(ends)
    file = tmp_path / "orders.plan"
    list(ends.plan_to(file))
    assert "A" in asked(ends)
    report = ends.sync(plan=read_plan(file))
    assert "A" in asked(ends)
    assert report.created == 1


def test_a_changed_memory_offers_no_order_again(ends: Ends) -> None:
    before = ends.route.settings_hash
    ends.rules = {"policies": {"remember_items": 3}}
    assert ends.route.settings_hash == before


@pytest.fixture(params=["memory", "postgresql"])
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    urls = postgresql() if request.param == "postgresql" else iter(["sqlite://"])
    for url in urls:
        opened = Ledger(url)
        yield opened
        opened.close()


def test_the_ledger_keeps_items_by_connection_and_age(ledger: Ledger) -> None:
    now = ledger.clock.now()
    items = {f"S{i}": Item(sku=f"S{i}", product_id=str(i)) for i in range(1200)}
    ledger.remember_items("erp", items, now)
    assert ledger.known_items("erp", list(items), now) == items
    assert ledger.known_items("erp", ["S1"], now + timedelta(seconds=1)) == {}
    assert ledger.known_items("shop", ["S1"], now) == {}
    ledger.remember_items("erp", {"S1": Item(sku="S1", product_id="x")}, now + timedelta(minutes=1))
    assert ledger.known_items("erp", ["S1", "none"], now)["S1"].product_id == "x"
    ledger.forget_items("erp", ["S1", "none"])
    assert ledger.known_items("erp", ["S1"], now) == {}
