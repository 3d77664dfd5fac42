"""Every amount of an order is explained: told, allocated, drafted, fitted, predicted, found, and why they differ."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from ordersync.connection import Connection
from ordersync.errors import BadInput, TryLater
from ordersync.extensions import Extensions
from ordersync.hookspecs import hookimpl
from ordersync.ledger import Ledger, State
from ordersync.model import (
    Amounts,
    Arithmetic,
    Draft,
    Order,
    Placed,
    Policies,
    Route,
    Tax,
)
from ordersync.testing.far_side import FarSide
from ordersync.testing.reference import ReferenceConnector, ReferenceSettings, ReferenceStore
from ordersync.testing.vectors import VARIANTS, VECTORS, Vector, vector
from ordersync.transfer import Transfer
from ordersync.transfer.figures import Explained, Step
from ordersync.transfer.house import Aliases, Rules
from ordersync.transfer.inquiry import Inquiry
from ordersync.transfer.survey import Survey
from ordersync.web import Access, VirtualClock

HUSHED: dict[str, Any] = {"name": "orders", "source": "shop", "target": "erp"}


class Far(FarSide):
    """Computes by `books`, whatever its facts say, and may lose lines. Counts what is written."""

    books: Arithmetic | None = None
    loses: ClassVar[set[int]] = set()
    writes = 0
    troubled: Exception | None = None

    def _answer(self, order_id: str) -> Placed:
        draft, state, positions = self._store.placed[order_id]
        standing = tuple(line for line in draft.lines if line.position not in self.loses)
        facts = self.facts
        self._store.placed[order_id] = (draft.model_copy(update={"lines": standing}), state, positions)
        self.facts = facts.model_copy(update={"arithmetic": self.books or facts.arithmetic})
        placed = super()._answer(order_id)
        self.facts = facts
        self._store.placed[order_id] = (draft, state, positions)
        return placed

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        self.writes += 1
        return super().create_order(draft)

    create_orders: ClassVar[Any] = None
    find_orders: ClassVar[Any] = None

    @hookimpl
    def find_order(self, key: str) -> Placed | None:
        if self.troubled:
            raise self.troubled
        return super().find_order(key)


class BlindFar(Far):
    find_order: ClassVar[Any] = None


class Desk:
    """An order on its way, and what is asked about it."""

    def __init__(
        self, sold: Order | None, variant: str = "given", far: type[Far] = Far, **policies: Any
    ) -> None:
        self.clock = VirtualClock()
        self.ledger = Ledger("sqlite://", clock=self.clock)
        self.source: Any = self._connector(ReferenceConnector)
        self.target: Any = self._connector(far)
        self.target.facts = FarSide.facts.model_copy(update={"arithmetic": VARIANTS[variant]})
        self.target._store.add_item("A")
        self.more: list[tuple[str, object]] = []
        self.aliases: dict[str, str] = {}
        self.policies = {"money": "shop", **policies}
        if sold is not None:
            self.source._store.orders = {sold.id: sold}

    def _connector(self, kind: Any) -> Any:
        connector = kind(ReferenceSettings(), Access(clock=self.clock))
        connector._store = ReferenceStore(account=kind.__name__)
        return connector

    @property
    def _parts(self) -> tuple[Route, Connection, Connection, Ledger, Extensions]:
        policies = Policies.model_validate({k: v for k, v in self.policies.items() if v is not None})
        route = Route(**HUSHED, policies=policies, aliases=self.aliases)
        return (
            route,
            Connection("shop", "reference", self.source),
            Connection("erp", "reference", self.target),
            self.ledger,
            Extensions([("aliases", Aliases(route)), *self.more, ("policies", Rules(route))]),
        )

    def sync(self) -> None:
        Transfer(*self._parts, clock=self.clock, workers=1).sync()

    def explain(self, order: str = "O1") -> Explained:
        """Looks, and sees to it that nothing was written anywhere."""
        before = list(self.ledger.rows("orders")), self.target.writes, dict(self.target._store.customers)
        parts = self._parts
        found = Inquiry(Survey(*parts, clock=self.clock, workers=1), parts[-1]).explain(order)
        after = list(self.ledger.rows("orders")), self.target.writes, dict(self.target._store.customers)
        assert after == before, "explaining wrote something"
        for step in found.steps:
            assert sum(cause.net for cause in step.causes) == step.net, step
            assert sum(cause.tax for cause in step.causes) == step.tax, step
        return found

    @property
    def state(self) -> State:
        (row,) = self.ledger.rows("orders")
        return row.state


@pytest.fixture
def desk() -> Iterator[Any]:
    made: list[Desk] = []

    def make(*of: Any, **how: Any) -> Desk:
        made.append(Desk(*of, **how))
        return made[-1]

    yield make
    for one in made:
        one.ledger.close()


def step(found: Explained, between: str) -> Step:
    (one,) = [each for each in found.steps if each.between == between]
    return one


def said(one: Step) -> str:
    return " | ".join(f"{cause.place} {cause.what}" for cause in one.causes)


@pytest.mark.parametrize("one", VECTORS, ids=str)
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_vector_is_explained(desk: Any, one: Vector, variant: str) -> None:
    world = desk(one.order, variant)
    world.sync()
    found = world.explain()
    assert found.source is not None
    assert (found.source.net, found.source.tax, found.source.total) == one.totals
    assert [f"{charge.gross}" for charge in found.charges] == [
        str(Decimal(gross)) for gross in one.gross
    ] or ([charge.gross for charge in found.charges] == [Decimal(gross) for gross in one.gross])
    assert found.rounding == one.order.rounding
    if variant in one.unfit:
        assert (found.state, found.lines, found.found) == ("parked", (), None)
        assert [problem.code for problem in found.problems] == [one.unfit[variant]]
        assert found.problems_at[0].amount is not None, "it says at which amount"
        return
    assert (found.state, found.problems) == ("done", ())
    assert found.predicted == found.found
    assert found.found is not None
    assert (found.found.net, found.found.tax, found.found.total) == one.totals
    assert "has its fingerprint" in found.notes[-1]
    added = [line for line in found.lines if line.kind.startswith("adjust")]
    assert bool(added) == (variant in one.adjusted)
    assert all(line.change.startswith("added: makes up") for line in added)
    wanted = {"the draft and the target's arithmetic"} if variant in one.adjusted else set()
    steps = {each.between for each in found.steps}
    assert wanted <= steps <= {"the draft and the target's arithmetic"}
    for name in steps:
        assert "no line or tax explains" not in said(step(found, name))


def test_an_order_discount_shows_base_share_floor_and_remainder(desk: Any) -> None:
    found = desk(vector("order discount with remainders").order).explain()
    (off, tax) = found.allocations
    assert (off.kind, off.title, off.whole) == ("discount", "TEN", Decimal("10.00"))
    assert off.how == "allocated by largest remainder, ties by line order"
    assert off.base == "list amount"
    last = off.shares[2]
    assert (last.place, last.base, last.exact) == ("/lines/2", Decimal("33.34"), Decimal("3.334"))
    assert (last.floor, last.remainder) == (Decimal("3.33"), Decimal("0.004"))
    assert (last.largest_remainder, last.given) == (Decimal("3.34"), Decimal("3.34"))
    assert (tax.kind, tax.how) == ("tax", "each charge's part is rounded on its own")
    assert any("already allocated" in note for note in found.notes)


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("exclusive, rounded per line", "each charge's part is rounded on its own"),
        ("exclusive, rounded per order", "rounded once over the order, then allocated by largest remainder"),
        ("inclusive, rounded per order", "rounded once over the order, then allocated by largest remainder"),
    ],
)
def test_how_a_tax_was_rounded_is_found_out(desk: Any, name: str, how: str) -> None:
    (tax,) = desk(vector(name).order).explain().allocations
    assert tax.how.startswith(how)


def two_lines(first: str, second: str, *, quantity: str = "1") -> Order:
    """Two lines of 1.05, 10 % tax as given."""
    sold = vector("tax rounded per unit").order
    (line,) = sold.lines
    lines = []
    for i, tax in enumerate((first, second), 1):
        each = Amounts(
            list_amount=Decimal("1.05") * Decimal(quantity),
            net=Decimal("1.05") * Decimal(quantity),
            taxes=(Tax(title="Tax", rate=Decimal("0.1"), amount=Decimal(tax)),),
        )
        lines.append(line.model_copy(update={"id": str(i), "quantity": Decimal(quantity), "amounts": each}))
    total = sum(line.amounts.gross for line in lines)
    return sold.model_copy(update={"lines": tuple(lines), "total": total})


def test_a_rule_that_is_not_kept_is_said_to_be_unknown(desk: Any) -> None:
    (tax,) = desk(two_lines("0.10", "0.13")).explain().allocations
    assert "by a rule of its own, which is not kept" in tax.how
    assert [share.given for share in tax.shares] == [Decimal("0.10"), Decimal("0.13")]
    (unit,) = desk(two_lines("0.33", "0.33", quantity="3")).explain().allocations
    assert unit.how == "rounded per unit, times the quantity"


def test_an_adjustment_names_its_line_and_rounding(desk: Any) -> None:
    found = desk(vector("tax rounded per unit").order, "per line").explain()
    one = step(found, "the draft and the target's arithmetic")
    (cause,) = one.causes
    assert (cause.place, cause.net, cause.tax) == ("/lines/0", Decimal(0), Decimal("-0.01"))
    assert "Tax 10 %: exactly 0.315, the source has 0.33" in cause.what
    found = desk(vector("order discount with ties").order, "per order").explain()
    one = step(found, "the draft and the target's arithmetic")
    assert (
        "rounded once over 3 lines: exactly 5.8, the target makes 5.80, the source's parts are 5.79"
        in said(one)
    )


def test_a_tax_that_is_included_moves_from_net_to_tax(desk: Any) -> None:
    sold = vector("inclusive, rounded per order").order
    first, _, last = sold.lines
    lines = (first, first, last.model_copy(update={"amounts": first.amounts}))
    found = desk(sold.model_copy(update={"lines": lines}), "per order").explain()
    (cause,) = step(found, "the draft and the target's arithmetic").causes
    assert (cause.place, cause.net, cause.tax) == ("", Decimal("0.01"), Decimal("-0.01"))
    assert "the target makes 0.47, the source's parts are 0.48" in cause.what


def test_split_lines_prices_and_percents_are_shown(desk: Any) -> None:
    found = desk(vector("a price with more digits than money").order, "one discount").explain()
    assert [(line.origin, line.quantity, line.price) for line in found.lines] == [
        ("/lines/0", 2, Decimal("0.33")),
        ("/lines/0", 1, Decimal("0.34")),
    ]
    assert found.lines[0].change == "split: 2 of 3; price 0.33 instead of 0.333"
    (line,) = desk(vector("dinar").order, "per line").explain().lines[:1]
    assert (line.price, line.percent, line.change) == (
        Decimal("1.24"),
        Decimal("0.48"),
        "price 1.24 instead of 1.234; 0.48 % off",
    )
    found = desk(vector("rounded down to five cents").order, "one discount").explain()
    assert (len(found.lines), found.order_discount) == (1, Decimal("0.02"))


def test_the_money_set_and_the_other(desk: Any) -> None:
    sold = vector("presentment in another currency").order
    found = desk(sold, money="presentment").explain()
    assert (found.money_set, found.currency, found.other_currency) == ("presentment", "EUR", "USD")
    assert found.chosen_by == "the route's policies.money = 'presentment'"
    other = found.charges[0].other
    assert other is not None
    assert (found.other_total, other.gross, other.net) == (
        Decimal("21.74"),
        Decimal("21.74"),
        Decimal("18.27"),
    )
    world = desk(sold, money=None)
    world.sync()
    found = world.explain()
    assert (found.state, found.chosen_by) == ("parked", "nobody: set the route's policies.money")
    assert [at.code for at in found.problems_at] == ["money_set"]


def test_parts_that_miss_the_total_are_pointed_at(desk: Any) -> None:
    sold = vector("exclusive, rounded per line").order
    stated = sold.stated.model_copy(update={"tax": Decimal("5.98")})
    world = desk(sold.model_copy(update={"total": Decimal("72.26"), "stated": stated}))
    world.sync()
    found = world.explain()
    assert (found.state, found.problems[0].code) == ("parked", "source_totals_differ")
    one = step(found, "the source's parts and the source's total")
    assert one.total == Decimal("0.10")
    assert "it states tax 5.98, its parts have 5.88" in said(one)
    assert (found.problems_at[0].place, found.problems_at[0].amount) == ("/total", Decimal("72.26"))


def test_a_parked_sku_is_shown_with_its_amount(desk: Any) -> None:
    world = desk(vector("exclusive, rounded per line").order)
    world.target._store.items.clear()
    world.sync()
    found = world.explain()
    assert (found.state, found.problems_at[0].code) == ("parked", "unknown_sku")
    assert (found.problems_at[0].place, found.problems_at[0].amount) == ("/lines/0", Decimal("65.29"))
    assert found.predicted == found.source


def totals_differ(world: Desk) -> Step:
    world.sync()
    assert world.state is State.PARKED
    found = world.explain()
    assert found.problems[0].code == "totals_differ"
    assert found.problems_at[0].amount == (found.found.total if found.found else None)
    assert "those that were sent; today's would be the same" in found.notes[-1]
    return step(found, "predicted and found on the target")


def test_a_target_that_rounds_otherwise_than_its_facts_say(desk: Any) -> None:
    world = desk(vector("order discount with ties").order, "per line")
    world.target.books = VARIANTS["per order"]
    one = totals_differ(world)
    assert (one.net, one.tax, one.total) == (Decimal(0), Decimal("0.01"), Decimal("0.01"))
    assert "tax_rounding 'order' instead of 'line'" in said(one)


def test_a_line_that_does_not_stand_is_named(desk: Any) -> None:
    world = desk(vector("tip, fee and duty").order)
    world.sync()
    world.target.loses = {1}
    found = world.explain()
    assert found.state == "done", "somebody took it out there afterwards"
    one = step(found, "predicted and found on the target")
    assert (one.total, said(one)) == (
        Decimal("-4.50"),
        "/lines/1 the line 'Tip' does not stand on the target",
    )


def test_a_tax_that_the_target_lacks_is_named(desk: Any) -> None:
    sold = vector("three rates on one line").order
    world = desk(sold)
    real = world.target._answer

    def without_city(order_id: str) -> Placed:
        placed: Placed = real(order_id)
        totals = placed.totals
        assert totals is not None
        city = Decimal("2.34")
        less = totals.model_copy(update={"tax": totals.tax - city, "total": totals.total - city})
        return placed.model_copy(update={"totals": less})

    world.target._answer = without_city
    assert "as much as the whole of City 4.5 %" in said(totals_differ(world))


def test_what_cannot_be_known_is_said(desk: Any) -> None:
    world = desk(vector("tip, fee and duty").order)
    world.target.off = Decimal("0.07")
    one = totals_differ(world)
    assert (
        said(one).strip() == "the target states totals only: which of its lines differs cannot be known here"
    )
    assert one.total == Decimal("0.07")


def test_what_extensions_changed_is_named(desk: Any) -> None:
    class Dearer:
        @hookimpl
        def shape_order(self, order: Order) -> Order | None:
            line = order.lines[0]
            amounts = line.amounts.model_copy(
                update={"list_amount": line.amounts.list_amount + 1, "net": line.amounts.net + 1}
            )
            lines = (line.model_copy(update={"amounts": amounts}), *order.lines[1:])
            return order.model_copy(update={"lines": lines, "total": order.total + 1})

        @hookimpl
        def shape_draft(self, draft: Draft) -> Draft | None:
            return draft.model_copy(update={"lines": draft.lines[:-1]})

    world = desk(vector("tip, fee and duty").order)
    world.more = [("dearer", Dearer())]
    found = world.explain()
    one = step(found, "the source's order and the shaped one")
    assert (one.total, said(one)) == (Decimal(1), "/lines/0 changed by an extension's shape_order")
    one = step(found, "the source's order and the draft")
    assert (one.total, said(one)) == (Decimal(-5), "/charges/2 taken out by an extension's shape_draft")


def test_an_order_that_was_never_sent(desk: Any) -> None:
    found = desk(vector("yen").order).explain()
    assert (found.state, found.found, found.target) == (None, None, None)
    assert "Nothing was sent: the lines are those that would be sent today." in found.notes
    assert "No order on the target carries the key." in found.notes


def test_a_changed_order_has_another_fingerprint(desk: Any) -> None:
    world = desk(vector("yen").order)
    world.sync()
    world.source._store.orders["O1"] = vector("dinar").order
    assert "another fingerprint" in world.explain().notes[-1]


def test_the_ledgers_number_is_enough_and_unknown_is_bad_input(desk: Any) -> None:
    world = desk(vector("yen").order)
    world.sync()
    assert world.explain("#1") == world.explain("O1")
    with pytest.raises(BadInput, match=r"knows an order 'O9'.*Give the source's id"):
        world.explain("O9")
    world.source._store.orders["O2"] = vector("yen").order.model_copy(update={"id": "O2"})
    world.sync()
    with pytest.raises(BadInput, match=r"2 orders with the number '#1'.*O1, O2"):
        world.explain("#1")


def test_sides_that_cannot_be_asked(desk: Any) -> None:
    world = desk(vector("yen").order, far=BlindFar)
    world.sync()
    found = world.explain()
    assert found.found is None
    assert any("cannot look for an order by its key" in note for note in found.notes)
    world = desk(vector("yen").order)
    world.target.off = Decimal(1)
    world.sync()
    world.source._store.orders.clear()
    found = world.explain()
    assert (found.charges, found.source, found.currency) == ((), None, "JPY")
    assert step(found, "predicted and found on the target").total == 1
    assert any("has this order no longer" in note for note in found.notes)
    world.target.troubled = TryLater("Too many requests.")
    with pytest.raises(TryLater):
        world.explain()
