"""The transfer over the reference platform: what goes wrong is planted, and never makes two, loses one, or shorts one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from ordersync.connection import Connection
from ordersync.errors import (
    AccessDenied,
    FieldProblem,
    InDoubt,
    OrderSyncError,
    RateLimited,
    Refused,
    TryLater,
    Unreachable,
)
from ordersync.extensions import Extensions
from ordersync.hookspecs import hookimpl
from ordersync.ledger import Ledger, State
from ordersync.model import (
    Address,
    Amounts,
    Change,
    Customer,
    CustomerRef,
    Decision,
    Draft,
    DraftLine,
    Facts,
    Item,
    Line,
    Order,
    OrderRef,
    OrderStatus,
    OtherSet,
    Outcome,
    Placed,
    PlacedLine,
    Policies,
    Problem,
    Route,
    RunReport,
    Stock,
    Tax,
)
from ordersync.testing.reference import ReferenceConnector, ReferenceSettings, ReferenceStore
from ordersync.transfer import Progress, Transfer
from ordersync.transfer.house import Rules, shapers
from ordersync.web import Access, VirtualClock

SETTLE = timedelta(seconds=120)


_open: list[Ledger] = []


def memory(clock: VirtualClock) -> Ledger:
    """A ledger in memory, closed after the test."""
    _open.append(Ledger("sqlite://", clock=clock))
    return _open[-1]


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    yield
    while _open:
        _open.pop().close()


class Died(BaseException):
    """The worker's process is gone."""


class Target(ReferenceConnector):
    """The reference platform, one order per call, with faults planted by hook and number of the call."""

    facts: Facts = Facts(platform="Reference", page_size=50, settle_time=SETTLE)
    create_orders: ClassVar[Any] = None
    find_orders: ClassVar[Any] = None

    def __init__(self, settings: ReferenceSettings, access: Access) -> None:
        super().__init__(settings, access)
        self.faults: dict[tuple[str, int], Callable[[Callable[[], Any]], Any]] = {}
        self.calls: list[str] = []
        self.short = 0
        """How many lines a create leaves out."""
        self.lag = timedelta(0)
        self.born: dict[str, Any] = {}

    def _do(self, hook: str, real: Callable[[], Any]) -> Any:
        self.calls.append(hook)
        fault = self.faults.pop((hook, self.calls.count(hook)), None)
        return fault(real) if fault else real()

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        def real() -> Placed:
            order_id = f"R{len(self._store.placed) + 1}"
            positions = {line.position for line in draft.lines[: len(draft.lines) - self.short]}
            self._store.placed[order_id] = (draft, self._first_state, positions)
            self.born[order_id] = self._access.clock.now()
            return self._answer(order_id)

        placed: Placed = self._do("create_order", real)
        return placed

    @hookimpl
    def find_order(self, key: str) -> Placed | None:
        def real() -> Placed | None:
            found = ReferenceConnector.find_order(self, key)
            if found and self._access.clock.now() < self.born[found.ref.id] + self.lag:
                return None
            return found

        placed: Placed | None = self._do("find_order", real)
        return placed

    @hookimpl
    def create_customer(self, customer: Customer, key: str) -> CustomerRef:
        made: CustomerRef = self._do(
            "create_customer", lambda: ReferenceConnector.create_customer(self, customer, key)
        )
        return made

    @hookimpl
    def add_line_item(self, ref: OrderRef, line: DraftLine) -> PlacedLine:
        added: PlacedLine = self._do(
            "add_line_item", lambda: ReferenceConnector.add_line_item(self, ref, line)
        )
        return added

    @hookimpl
    def update_order(self, ref: OrderRef, change: Change, key: str) -> Placed:
        updated: Placed = self._do(
            "update_order", lambda: ReferenceConnector.update_order(self, ref, change, key)
        )
        return updated


def lost_before(error: OrderSyncError | None = None) -> Callable[[Callable[[], Any]], Any]:
    def fault(real: Callable[[], Any]) -> Any:
        raise error or InDoubt("The answer was lost.")

    return fault


def lost_after(error: OrderSyncError | None = None) -> Callable[[Callable[[], Any]], Any]:
    def fault(real: Callable[[], Any]) -> Any:
        real()
        raise error or InDoubt("The answer was lost.")

    return fault


def dies_before(real: Callable[[], Any]) -> Any:
    raise Died


def dies_after(real: Callable[[], Any]) -> Any:
    real()
    raise Died


class Listener:
    """Hears everything; raises if told to."""

    def __init__(self, broken: bool = False) -> None:
        self.heard: list[str] = []
        self._broken = broken

    @hookimpl
    def on_order_created(self, order: Order, placed: Placed) -> None:
        self.heard.append(f"created {order.number} as {placed.ref.number}")
        if self._broken:
            raise RuntimeError("the listener's own trouble")

    @hookimpl
    def on_order_parked(self, source_id: str, problem: Problem) -> None:
        self.heard.append(f"parked {source_id}: {problem.code}")

    @hookimpl
    def on_sync_finished(self, report: RunReport) -> None:
        self.heard.append(f"finished {report.created}")


class World:
    """A source and a target store, a ledger, and a transfer between them that can be built anew."""

    def __init__(self, orders: int = 3, *, drafts: bool = False, **policies: Any) -> None:
        self.clock = VirtualClock()
        self.ledger = memory(self.clock)
        self.source_store = ReferenceStore(account="shop")
        self.target_store = ReferenceStore(account="erp")
        self.policies = policies
        self.extensions: list[tuple[str, object]] = []
        self.aliases: dict[str, str] = {}
        self.target = self._connector(Target, self.target_store, drafts=drafts)
        for sku in ("A", "B"):
            self.target_store.add_item(sku)
        for number in range(1, orders + 1):
            self.add(order(number))

    def _connector(self, cls: Any, store: ReferenceStore, **settings: Any) -> Any:
        connector = cls(ReferenceSettings(**settings), Access(clock=self.clock))
        connector._store = store
        return connector

    def add(self, one: Order) -> None:
        self.source_store.orders[one.id] = one

    def transfer(self, *, workers: int = 1) -> Transfer:
        route = Route(
            name="orders",
            source="shop",
            target="erp",
            policies=Policies.model_validate(self.policies),
            aliases=self.aliases,
        )
        return Transfer(
            route,
            Connection("shop", "reference", self._connector(ReferenceConnector, self.source_store)),
            Connection("erp", "reference", self.target),
            self.ledger,
            Extensions([*shapers(route), *self.extensions, ("policies", Rules(route))]),
            clock=self.clock,
            workers=workers,
        )

    def sync(self, **how: Any) -> RunReport:
        return self.transfer().sync(**how)

    def states(self) -> dict[str, State]:
        return {row.source_id: row.state for row in self.ledger.rows("orders")}

    def check(self) -> None:
        """Every order of the source stands once, whole, with its totals; nothing else stands."""
        keys = [draft.key for draft, _, _ in self.target_store.placed.values()]
        assert sorted(keys) == sorted(set(keys)), "an order stands twice"
        assert len(keys) == len(self.source_store.orders)
        by_source = {
            draft.source_id: (draft, positions) for draft, _, positions in self.target_store.placed.values()
        }
        for one in self.source_store.orders.values():
            draft, positions = by_source[one.id]
            assert positions == {line.position for line in draft.lines}
            assert draft.expected.total == one.total
        mails = [known.email or "" for _, known in self.target_store.customers.values()]
        assert sorted(mails) == sorted(set(mails)), "a customer stands twice"
        assert set(self.states().values()) == {State.DONE}


def order(number: int, *, skus: Sequence[str | None] = ("A", "B"), **more: Any) -> Order:
    address = Address(first_name="Buyer", last_name="Amber", line1="1 Water Street", country="US")
    lines = tuple(
        Line(
            id=f"{number}-{i}",
            sku=sku,
            title=f"Thing {sku}",
            quantity=Decimal(2),
            custom=sku is None,
            amounts=Amounts.of(
                Decimal("20.00"),
                taxes=(Tax(rate=Decimal("0.1"), amount=Decimal("2.00")),),
                taxes_included=False,
                unit_price=Decimal("10.00"),
            ),
        )
        for i, sku in enumerate(skus)
    )
    at = VirtualClock().now() + timedelta(minutes=number)
    values: dict[str, Any] = {
        "id": f"O{number}",
        "number": f"#{number}",
        "currency": "USD",
        "taxes_included": False,
        "total": Decimal("22.00") * len(skus),
        "lines": lines,
        "customer": Customer(id=f"C{number}", email=f"buyer.{number}@example.com", first_name="Buyer"),
        "email": f"buyer.{number}@example.com",
        "billing": address,
        "shipping": address,
        "placed_at": at,
        "updated_at": at,
    }
    return Order(**{**values, **more})


def test_orders_pass_once() -> None:
    world = World()
    report = world.sync()
    assert (report.seen, report.created, report.totals_checked, report.failed) == (3, 3, 3, 0)
    world.check()
    again = world.sync()
    assert (again.created, again.unchanged) == (0, 3), "the overlap shows them again"
    world.check()


def test_the_intent_is_committed_before_the_create_leaves() -> None:
    world = World(1)
    found: list[State] = []

    def look(real: Callable[[], Any]) -> Any:
        found.extend(row.state for row in world.ledger.rows("orders"))
        return real()

    world.target.faults[("create_order", 1)] = look
    world.sync()
    assert found == [State.SENDING]


@pytest.mark.parametrize("fault", [lost_before, lost_after])
@pytest.mark.parametrize("hook", ["create_order", "create_customer", "update_order", "add_line_item"])
@pytest.mark.parametrize("lag", [0, 30])
def test_a_lost_answer_never_makes_two(hook: str, fault: Any, lag: int) -> None:
    world = World(drafts=hook == "update_order")
    world.target.short = 1 if hook == "add_line_item" else 0
    world.target.lag = timedelta(seconds=lag)
    world.target.facts = world.target.facts.model_copy(update={"index_lag": timedelta(seconds=lag)})
    world.target.faults[(hook, 2)] = fault()
    report = world.sync()
    assert report.created == 3
    assert report.failed == 0
    world.check()


@pytest.mark.parametrize("fault", [dies_before, dies_after])
@pytest.mark.parametrize(
    "hook", ["create_order", "create_customer", "update_order", "add_line_item", "find_order"]
)
def test_a_dead_worker_loses_nothing(hook: str, fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(drafts=hook == "update_order")
    world.target.short = 1 if hook == "add_line_item" else 0
    world.target.faults[(hook, 2)] = fault
    with monkeypatch.context() as dead:
        dead.setattr(Ledger, "release_all", lambda self, owner: None)
        with pytest.raises(Died):
            world.sync()
    world.sync()
    world.check()


def test_absence_is_concluded_from_two_late_looks() -> None:
    world = World(1)
    looks: list[float] = []
    started = world.clock.now()
    world.target.faults[("create_order", 1)] = lost_before()

    def timed(real: Callable[[], Any]) -> Any:
        looks.append((world.clock.now() - started).total_seconds())
        return real()

    for number in range(1, 6):
        world.target.faults[("find_order", number)] = timed
    world.sync()
    before_first_send, *after = looks
    assert before_first_send == 0
    assert len(after) == 2
    assert after[0] >= SETTLE.total_seconds()
    assert after[1] > after[0]
    world.check()


def test_on_a_new_ledger_the_key_is_looked_for_first() -> None:
    world = World()
    world.sync()
    world.ledger = memory(world.clock)
    report = world.sync()
    assert (report.created, report.unchanged) == (0, 3)
    world.check()


def test_an_order_found_in_part_is_completed() -> None:
    world = World(1)
    world.target.short = 1
    world.target.faults[("add_line_item", 1)] = dies_before
    with pytest.raises(Died):
        world.sync()
    world.ledger = memory(world.clock)
    world.sync()
    world.check()


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


def test_cancelled_and_own_orders_are_skipped() -> None:
    world = World(0)
    world.add(order(1, status=OrderStatus.CANCELLED))
    world.add(order(2, key="os-abc"))
    world.add(order(3, test=True))
    report = world.sync()
    assert (report.skipped, report.created) == (3, 0)


def test_two_currencies_need_a_choice() -> None:
    one = order(1)
    lines = tuple(line.model_copy(update={"other_amounts": line.amounts}) for line in one.lines)
    two = one.model_copy(update={"lines": lines, "other": OtherSet(currency="EUR", total=one.total)})
    world = World(0)
    world.add(two)
    assert world.sync().reasons == {"money_set": 1}
    world.policies = {"money": "presentment"}
    assert world.sync().created == 1
    ((draft, _, _),) = world.target_store.placed.values()
    assert draft.currency == "EUR"


def test_two_orders_of_one_new_customer_make_one() -> None:
    world = World(0)
    buyer = Customer(id="C9", email="buyer@example.com")
    world.add(order(1, customer=buyer, email=buyer.email))
    world.add(order(2, customer=buyer, email=buyer.email))
    world.add(order(3, customer=None, email="Buyer@example.com "))
    world.transfer(workers=4).sync()
    assert len(world.target_store.customers) == 1
    assert len(world.target_store.placed) == 3


def test_guests_by_policy() -> None:
    guest = order(1, customer=None)
    for policy, created, customers in (("create", 1, 1), ("without", 1, 0), ("park", 0, 0)):
        world = World(0, guests=policy)
        world.add(guest)
        assert world.sync().created == created
        assert len(world.target_store.customers) == customers


def test_stock_by_policy() -> None:
    for policy, created in (("ignore", 1), ("park", 0)):
        world = World(1, stock=policy)
        world.target_store.stock["A"] = Stock(available=Decimal(1))
        assert world.sync().created == created


def test_an_unknown_sku_can_become_a_custom_line() -> None:
    world = World(0, unknown_sku="custom_line")
    world.add(order(1, skus=("NOPE", None)))
    assert world.sync().created == 1
    ((draft, _, _),) = world.target_store.placed.values()
    assert [line.kind for line in draft.lines] == ["custom", "custom"]


def test_an_extension_settles_a_problem() -> None:
    class Swap:
        @hookimpl
        def settle_problem(self, problem: Problem) -> Decision | None:
            return Decision(action="use_item", sku="A") if problem.code == "unknown_sku" else None

    world = World(0)
    world.extensions = [("swap", Swap())]
    world.add(order(1, skus=("NOPE",)))
    assert world.sync().created == 1
    ((draft, _, _),) = world.target_store.placed.values()
    item = draft.lines[0].item
    assert item == Item(sku="A", product_id="P-A")


def test_listeners_are_told_and_hurt_nobody() -> None:
    world = World(1)
    world.add(order(2, skus=("NOPE",)))
    broken, fine = Listener(broken=True), Listener()
    world.extensions = [("broken", broken), ("fine", fine)]
    report = world.sync()
    assert report.created == 1
    assert fine.heard == ["parked O2: unknown_sku", "created #1 as R1", "finished 1"]
    told = world.ledger.tellings("orders")
    assert [(one.extension, one.hook, one.error) for one in told if one.hook == "on_order_created"] == [
        ("broken", "on_order_created", "RuntimeError"),
        ("fine", "on_order_created", ""),
    ]


def test_access_denied_stops_the_run_and_parks_nothing() -> None:
    world = World()
    world.target.faults[("create_order", 2)] = lost_before(AccessDenied("The token is wrong."))
    with pytest.raises(AccessDenied):
        world.sync()
    assert State.PARKED not in world.states().values()
    world.sync()
    world.check()


@pytest.mark.parametrize(
    "error", [Unreachable("No connection."), TryLater("Busy."), RateLimited("Slow down.")]
)
def test_what_was_not_done_is_done_later(error: TryLater) -> None:
    world = World()
    world.target.faults[("create_order", 2)] = lost_before(error)
    if isinstance(error, Unreachable):
        with pytest.raises(Unreachable):
            world.sync()
        world.sync()
    else:
        assert world.sync().failed == 0
    world.check()


def test_a_connectors_defect_is_in_doubt_and_bounded() -> None:
    world = World(2)

    def broken(real: Callable[[], Any]) -> Any:
        raise KeyError("a defect")

    for number in range(1, 12):
        world.target.faults[("create_order", number)] = broken
    report = world.transfer().sync()
    assert report.created == 0
    assert report.reasons.get("gave_up", 0) == 2
    assert world.target_store.placed == {}


def test_stop_leaves_nothing_half_done() -> None:
    world = World(60)
    stop = threading.Event()

    def after_ten(progress: Progress) -> None:
        if progress.created >= 10:
            stop.set()

    report = world.sync(progress=after_ten, stop=stop)
    assert report.interrupted
    assert 10 <= report.created < 60
    assert set(world.states().values()) <= {State.DONE, State.SEEN}
    assert world.sync().created == 60 - report.created
    world.check()


def test_the_limit_bounds_what_is_sent_and_loses_nothing() -> None:
    world = World(120)
    assert world.sync(limit=1).created == 1
    assert world.sync(limit=50).created == 50
    world.sync()
    world.check()


def test_one_order_by_id() -> None:
    world = World()
    assert world.sync(order="O2").created == 1
    assert world.states() == {"O2": State.DONE}
    assert world.ledger.watermark("orders") is None


def test_the_watermark_follows_what_is_recorded() -> None:
    world = World()
    world.sync()
    assert world.ledger.watermark("orders") == world.source_store.orders["O3"].updated_at
    late = order(2).model_copy(update={"id": "O9", "number": "#9", "updated_at": order(2).updated_at})
    world.add(late)
    world.sync()
    assert "O9" in world.states(), "an order that appears late within the overlap is met"


def test_a_plan_writes_nothing() -> None:
    world = World()
    world.add(order(4, skus=("NOPE",)))
    world.add(order(5, status=OrderStatus.CANCELLED))
    planned = list(world.transfer().plan())
    assert [one.action for one in planned] == ["create", "create", "create", "park", "skip"]
    assert world.target.calls == []
    assert world.states() == {}
    assert world.target_store.customers == {}
    world.sync()
    assert {one.action for one in world.transfer().plan(order="O1")} == {"unchanged"}


def test_batches_are_used_where_offered() -> None:
    class Batching(Target):
        facts: Facts = Facts(batch_sizes={"create_orders": 2}, settle_time=SETTLE)

        @hookimpl
        def create_orders(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
            self.calls.append(f"batch of {len(drafts)}")
            return super(Target, self).create_orders(drafts)

    world = World(5)
    world.target = world._connector(Batching, world.target_store)
    world.sync()
    assert [call for call in world.target.calls if "batch" in call] == ["batch of 2", "batch of 2"]
    assert len(world.target_store.placed) == 5


@pytest.mark.parametrize("workers", [1, 8])
def test_threads_change_nothing(workers: int) -> None:
    world = World(40)
    world.transfer(workers=workers).sync()
    world.check()


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


def takes_over(world: World, *, minutes: int) -> Callable[[Callable[[], Any]], Any]:
    """The worker stands still within a call, and a second one works meanwhile."""

    def fault(real: Callable[[], Any]) -> Any:
        world.clock.sleep(minutes * 60)
        world.target.faults.clear()
        world.transfer().sync()
        return real()

    return fault


def test_a_worker_that_stood_still_writes_no_more() -> None:
    """The one call in which it stood still may make a twin, which is reported; nothing that would come after it does."""
    world = World(3)
    world.target.faults[("create_order", 1)] = takes_over(world, minutes=10)
    world.sync()
    made = [draft.source_id for draft, _, _ in world.target_store.placed.values()]
    assert sorted(made) == ["O1", "O1", "O2", "O3"]
    (row,) = world.ledger.rows("orders", states=[State.PARKED])
    assert (row.source_id, row.problem.code if row.problem else "") == ("O1", "twins")


def test_a_customer_made_twice_is_reported_and_the_first_one_used() -> None:
    world = World(2)
    world.target.faults[("create_customer", 1)] = takes_over(world, minutes=10)
    world.sync()
    twins = world.ledger.twin_customers("erp")
    assert len(twins) == 1, "only the one in whose create it stood still"
    ((used, other),) = twins.values()
    assert len(world.target_store.customers) == 3
    assert {
        draft.customer_ref.id for draft, _, _ in world.target_store.placed.values() if draft.customer_ref
    } == {
        used,
        *(set(world.target_store.customers) - {used, other}),
    }


def test_a_claim_that_runs_out_is_renewed_while_nobody_wants_it() -> None:
    world = World(1)

    def slowly(real: Callable[[], Any]) -> Any:
        world.clock.sleep(600)
        return real()

    world.target.short = 1
    world.target.faults[("create_order", 1)] = slowly
    world.target.faults[("add_line_item", 1)] = slowly
    assert world.sync().created == 1
    world.check()


def test_lines_that_an_earlier_write_may_still_bring_are_not_added_too_soon() -> None:
    world = World(1)
    world.target.short = 1
    late: list[Callable[[], Any]] = []

    def later(real: Callable[[], Any]) -> Any:
        late.append(real)
        raise InDoubt("The answer was lost.")

    world.target.faults[("add_line_item", 1)] = later
    begun = world.clock.now()
    found = world.target.find_order

    assert world.sync().created == 1
    assert world.clock.now() - begun >= SETTLE
    assert found is not None
    assert world.target.calls.count("add_line_item") == 2
