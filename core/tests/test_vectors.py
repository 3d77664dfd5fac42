"""Golden money vectors: the model, the shares, drafting and fit give the amounts that were worked out by hand, and so does
the transfer, on platforms that compute for themselves."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from ordersync.connection import Connection
from ordersync.extensions import Extensions
from ordersync.ledger import Ledger, Row, State
from ordersync.model import Draft, Facts, LineKind, MoneySet, Policies, Route, RunReport, minor_unit, shares
from ordersync.testing.far_side import FarSide, computed
from ordersync.testing.reference import ReferenceConnector, ReferenceSettings, ReferenceStore
from ordersync.testing.vectors import VARIANTS, VECTORS, Vector, draft_of, vector
from ordersync.transfer import Transfer, Unfit, fit, predict
from ordersync.transfer.house import Rules
from ordersync.web import Access, VirtualClock

every_vector = pytest.mark.parametrize("one", VECTORS, ids=str)
every_variant = pytest.mark.parametrize("variant", VARIANTS)


def figures(*amounts: str) -> list[Decimal]:
    return [Decimal(amount) for amount in amounts]


def test_the_vectors_are_told_apart_and_cover_the_ground() -> None:
    names = [one.name for one in VECTORS]
    assert len(names) == len(set(names)) >= 25
    assert {one.order.currency for one in VECTORS} >= {"USD", "EUR", "GBP", "CHF", "JPY", "KWD"}
    assert {one.order.taxes_included for one in VECTORS} == {True, False}
    assert {name for one in VECTORS for name in (*one.adjusted, *one.unfit, *one.asked)} <= set(VARIANTS)
    assert any(one.order.rounding < 0 for one in VECTORS)
    assert any(one.order.refunds for one in VECTORS)


@every_vector
def test_the_model_has_the_amounts(one: Vector) -> None:
    sold, (net, tax, total) = one.order, one.totals
    assert (sold.net + sold.rounding, sold.tax, sold.total) == (net, tax, total)
    assert net + tax == total
    assert [charge.amounts.gross for _, charge in sold.priced()] == figures(*one.gross)
    assert sold.findings == ()


@every_vector
def test_the_other_money_set_has_its_own(one: Vector) -> None:
    if one.other is None:
        assert one.order.other is None
        return
    there = one.order.in_set(MoneySet.PRESENTMENT)
    assert [there.net, there.tax, there.total] == figures(*one.other)
    assert there.findings == ()
    assert there.in_set(MoneySet.SHOP) == one.order


@pytest.mark.parametrize("one", [one for one in VECTORS if one.allotments], ids=str)
def test_the_shares_are_those_of_the_largest_remainder(one: Vector) -> None:
    for allotment in one.allotments:
        parts = shares(Decimal(allotment.whole), figures(*allotment.weights), one.order.currency)
        assert parts == figures(*allotment.parts)
        kinds = (
            [discount.amount for _, charge in one.order.priced() for discount in charge.amounts.discounts],
            [tax.amount for _, charge in one.order.priced() for tax in charge.amounts.taxes],
        )
        assert parts in kinds, "the order's charges carry the parts"


@every_vector
def test_the_draft_carries_them(one: Vector) -> None:
    draft = draft_of(one.order)
    assert (draft.expected.net, draft.expected.tax, draft.expected.total) == one.totals
    gross = [line.amounts.gross for line in draft.lines]
    assert gross == figures(*one.gross) + ([one.order.rounding] if one.order.rounding else [])


@every_vector
@every_variant
def test_fit_makes_it_come_out(one: Vector, variant: str) -> None:
    facts = Facts(arithmetic=VARIANTS[variant])
    if variant in one.unfit:
        with pytest.raises(Unfit) as unfit:
            fit(draft_of(one.order), facts)
        assert unfit.value.problem.code == one.unfit[variant]
        return
    draft = fit(draft_of(one.order), facts)
    totals = predict(draft, facts.arithmetic)
    assert (totals.net, totals.tax, totals.total) == one.totals
    assert computed(draft, facts.arithmetic) == one.totals[:2]
    assert adjustments(draft) == tuple(figures(*one.adjusted.get(variant, ("0", "0"))))
    if variant in one.asked:
        asked = [
            (line.quantity, line.asked_price, line.asked_percent)
            for line in draft.lines
            if line.kind not in (LineKind.ADJUST_NET, LineKind.ADJUST_TAX, LineKind.TAX)
        ]
        assert asked == [tuple(figures(*line)) for line in one.asked[variant]]


def adjustments(draft: Draft) -> tuple[Decimal, Decimal]:
    by_kind = {
        kind: [line.amounts for line in draft.lines if line.kind is kind]
        for kind in (LineKind.ADJUST_NET, LineKind.ADJUST_TAX)
    }
    net, tax = by_kind.values()
    return sum((one.net for one in net), Decimal(0)), sum((one.tax for one in tax), Decimal(0))


class Ground:
    """One vector on its way over a platform that computes for itself."""

    def __init__(self, one: Vector, variant: str, **policies: Any) -> None:
        self.clock = VirtualClock()
        self.ledger = Ledger("sqlite://", clock=self.clock)
        self.source = self._connector(ReferenceConnector)
        self.target = self._connector(FarSide)
        self.target.facts = FarSide.facts.model_copy(update={"arithmetic": VARIANTS[variant]})
        self.source._store.orders = {one.order.id: one.order}
        self.target._store.add_item("A")
        self.route = Route(
            name="orders", source="shop", target="erp", policies=Policies.model_validate(policies)
        )

    def _connector(self, kind: type[ReferenceConnector]) -> Any:
        connector = kind(ReferenceSettings(), Access(clock=self.clock))
        connector._store = ReferenceStore(account=kind.__name__)
        return connector

    def run(self) -> RunReport:
        transfer = Transfer(
            self.route,
            Connection("shop", "reference", self.source),
            Connection("erp", "reference", self.target),
            self.ledger,
            Extensions([("policies", Rules(self.route))]),
            clock=self.clock,
            workers=1,
        )
        return transfer.sync()

    @property
    def row(self) -> Row:
        (row,) = self.ledger.rows("orders")
        return row

    @property
    def found(self) -> tuple[Decimal, Decimal, Decimal]:
        totals = self.target.find_order(self.row.key).totals
        return totals.net, totals.tax, totals.total


@pytest.fixture
def grounds() -> Iterator[list[Ground]]:
    made: list[Ground] = []
    yield made
    for ground in made:
        ground.ledger.close()


@pytest.fixture
def sync(grounds: list[Ground]) -> Any:
    def run(one: Vector, variant: str, *, off: Decimal = Decimal(0), **policies: Any) -> Ground:
        ground = Ground(one, variant, **policies)
        grounds.append(ground)
        ground.target.off = off
        ground.run()
        return ground

    return run


@every_vector
@every_variant
def test_the_far_side_has_the_same_cents(sync: Any, one: Vector, variant: str) -> None:
    ground = sync(one, variant, money="shop")
    if variant in one.unfit:
        assert (ground.row.state, ground.row.problem.code) == (State.PARKED, one.unfit[variant])
        assert ground.row.target is None, "it parks before anything is sent"
        assert ground.target._store.placed == {}
        return
    assert (ground.row.state, ground.row.problem) == (State.DONE, None)
    assert ground.found == one.totals


@pytest.mark.parametrize("variant", ["given", "per line", "one discount"])
def test_the_buyers_currency_when_the_route_says_so(sync: Any, variant: str) -> None:
    one = vector("presentment in another currency")
    ground = sync(one, variant, money="presentment")
    assert one.other is not None
    assert list(ground.found) == figures(*one.other)
    (draft, _, _) = ground.target._store.placed["R1"]
    assert (draft.currency, draft.payments[0].amount) == ("EUR", Decimal("20.00"))


@pytest.mark.parametrize("name", ["exclusive, rounded per line", "yen", "dinar"])
@pytest.mark.parametrize("tolerance", [0, 1, 3])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("beyond", [False, True], ids=["at", "one unit above"])
def test_beyond_the_tolerance_it_parks_after_creation(
    sync: Any, name: str, tolerance: int, sign: int, beyond: bool
) -> None:
    one = vector(name)
    unit = minor_unit(one.order.currency)
    off = sign * unit * (tolerance + beyond)
    ground = sync(one, "given", off=off, tolerance=unit * tolerance)
    assert len(ground.target._store.placed) == 1, "it was created all the same"
    assert ground.row.target is not None
    if not beyond:
        assert (ground.row.state, ground.row.problem) == (State.DONE, None)
        return
    problem = ground.row.problem
    assert (ground.row.state, problem.code) == (State.PARKED, "totals_differ")
    total = Decimal(one.total)
    assert f"total {total + off} instead of {total}" in problem.message
