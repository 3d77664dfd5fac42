"""Windows in flight: they land in order, share nothing that must not be shared, and break no promise under faults."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ordersync.connection import Connection
from ordersync.errors import AccessDenied, BatchRefused, InDoubt, OrderSyncError, TryLater
from ordersync.extensions import Extensions
from ordersync.hookspecs import hookimpl
from ordersync.ledger import Ledger, State
from ordersync.model import (
    CustomerAsk,
    CustomerRef,
    Done,
    Draft,
    Facts,
    Order,
    OrderQuery,
    Outcome,
    Page,
    Placed,
    Policies,
    Route,
)
from ordersync.testing.reference import ReferenceConnector, ReferenceSettings, ReferenceStore
from ordersync.testing.trial import reference_orders
from ordersync.transfer import Transfer
from ordersync.transfer.flow import ahead, fly, stretches
from ordersync.transfer.house import Rules
from ordersync.web import Access, VirtualClock

AT = datetime(2026, 10, 1, tzinfo=UTC)


# -- the parts ----------------------------------------------------------------------------------------------------------


def test_pages_are_joined_and_never_split() -> None:
    orders = list(reference_orders(11))
    sizes = (3, 2, 0, 5, 1)
    pages, start = [], 0
    for i, size in enumerate(sizes):
        pages.append(
            Page(tuple(orders[start : start + size]), AT + timedelta(days=i), unreadable=((f"u{i}", "?"),))
        )
        start += size
    joined = list(stretches(iter(pages), 4))
    assert [len(one.orders) for one in joined] == [5, 5, 1]
    assert [one.safe_through for one in joined] == [AT + timedelta(days=i) for i in (1, 3, 4)]
    assert [name for one in joined for name, _ in one.unreadable] == ["u0", "u1", "u2", "u3", "u4"]
    assert [len(one.orders) for one in stretches(iter(pages), 0)] == list(sizes)


def test_a_page_that_says_nothing_of_safety_hides_nothing_before_it() -> None:
    pages = [Page((), AT), Page((), None)]
    assert [one.safe_through for one in stretches(iter(pages), 10)] == [AT]


def test_reading_runs_ahead_but_not_away() -> None:
    begun: list[int] = []

    def source() -> Iterator[int]:
        for i in range(1, 100):
            begun.append(i)
            yield i

    with ahead(source(), threading.Event()) as read:
        assert next(read) == 1
        until = threading.Event()
        for _ in range(200):
            if len(begun) >= 4:
                break
            until.wait(0.01)
        assert 2 <= len(begun) <= 4
    before = len(begun)
    until.wait(0.05)
    assert len(begun) == before


def test_what_reading_raises_arrives_where_it_would_have() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise AccessDenied("No.")

    with ahead(source(), threading.Event()) as read:
        assert next(read) == 1
        with pytest.raises(AccessDenied):
            next(read)


def test_windows_land_in_order_whatever_is_done_first() -> None:
    gates = [threading.Event() for _ in range(4)]
    landed: list[tuple[int, bool]] = []

    def carry(i: int) -> bool:
        if i < 3:
            assert gates[i + 1].wait(5)
        gates[i].set()
        return i != 2

    fly(
        range(4),
        lambda i: i,
        lambda i: i,
        carry,
        lambda i, whole: landed.append((i, whole)),
        together=4,
        names=lambda i: frozenset(str(i)),
    )
    assert landed == [(0, True), (1, True), (2, False), (3, True)]


def test_windows_that_share_an_order_never_fly_together() -> None:
    flying: Counter[str] = Counter()
    lock = threading.Lock()

    def carry(names: frozenset[str]) -> bool:
        with lock:
            flying.update(names)
            assert max(flying.values()) == 1
        threading.Event().wait(0.002)
        with lock:
            flying.subtract(names)
        return True

    dice = random.Random(4)
    windows = [frozenset(str(dice.randrange(6)) for _ in range(2)) for _ in range(60)]
    fly(
        windows,
        lambda one: one,
        lambda one: one,
        carry,
        lambda one, whole: None,
        together=4,
        names=lambda one: one,
    )


def test_windows_are_prepared_in_order_one_at_a_time_while_others_are_carried() -> None:
    prepared: list[int] = []
    at_it = threading.Lock()
    gates = [threading.Event() for _ in range(6)]

    def prepare(i: int) -> int:
        assert at_it.acquire(blocking=False), "one at a time"
        threading.Event().wait(0.002)
        prepared.append(i)
        gates[i].set()
        at_it.release()
        return i

    def carry(i: int) -> bool:
        return i == 5 or gates[i + 1].wait(5)

    landed: list[bool] = []
    fly(
        range(6),
        lambda i: i,
        prepare,
        carry,
        lambda _, whole: landed.append(whole),
        together=3,
        names=lambda i: frozenset(),
    )
    assert prepared == list(range(6))
    assert landed == [True] * 6, "the next one was prepared while each was carried"


def test_nothing_is_prepared_after_a_window_that_could_not_be() -> None:
    prepared: list[int] = []

    def prepare(i: int) -> int:
        prepared.append(i)
        if i == 1:
            raise AccessDenied("No.")
        return i

    carried: list[int] = []

    def carry(i: int) -> bool:
        carried.append(i)
        return True

    with pytest.raises(AccessDenied):
        fly(
            range(9),
            lambda i: i,
            prepare,
            carry,
            lambda i, whole: None,
            together=3,
            names=lambda i: frozenset(),
        )
    assert prepared == [0, 1]
    assert carried == [0]


def test_the_first_trouble_is_raised_once_everything_is_down() -> None:
    down: list[int] = []

    def carry(i: int) -> bool:
        if i == 1:
            raise AccessDenied("No.")
        threading.Event().wait(0.01)
        down.append(i)
        return True

    with pytest.raises(AccessDenied):
        fly(
            range(9),
            lambda i: i,
            lambda i: i,
            carry,
            lambda i, whole: None,
            together=3,
            names=lambda i: frozenset(),
        )
    assert set(down) >= {0}
    assert 8 not in down


# -- the transfer with windows in flight -------------------------------------------------------------------------------


class Source(ReferenceConnector):
    facts: Facts = Facts(platform="Reference", page_size=7)


class Target(ReferenceConnector):
    """Batches, of which some go wrong in every way, by a seeded dice."""

    facts: Facts = Facts(
        platform="Reference",
        unique_key=False,
        page_size=50,
        concurrency=4,
        batch_sizes={"create_orders": 20},
        settle_time=timedelta(seconds=60),
    )

    def __init__(self, settings: ReferenceSettings, access: Access) -> None:
        super().__init__(settings, access)
        self.dice = random.Random(11)
        self.dice_lock = threading.Lock()
        self.faults = True

    def _roll(self) -> float:
        with self.dice_lock:
            return self.dice.random() if self.faults else 1.0

    @hookimpl
    def create_orders(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        roll = self._roll()
        if roll < 0.1:
            raise InDoubt("The request was lost.")
        if roll < 0.15:
            raise TryLater("Busy.")
        if roll < 0.2:
            raise BatchRefused("No.")
        made = ReferenceConnector.create_orders(self, drafts)
        if roll < 0.4:
            raise InDoubt("The answer was lost.")
        return made

    @hookimpl
    def find_customers(self, asks: Sequence[CustomerAsk]) -> Sequence[Outcome[CustomerRef | None]]:
        return [Done(ReferenceConnector.find_customer(self, ask.customer, ask.key)) for ask in asks]


class Setting:
    """A route of several windows, its ledger in a file."""

    def __init__(self, folder: Path, orders: Sequence[Order]) -> None:
        self.clock = VirtualClock()
        self.ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}", clock=self.clock)
        self.source, self.store = ReferenceStore(account="shop"), ReferenceStore(account="erp")
        self.source.orders = {one.id: one for one in orders}
        self.target = self._made(Target, self.store)
        self.listener = Listener()
        self.reader: Any = self._made(Source, self.source)

    def _made(self, kind: Any, held: ReferenceStore) -> Any:
        connector = kind(ReferenceSettings(any_sku=True), Access(clock=self.clock))
        connector._store = held
        return connector

    def transfer(self, workers: int = 4) -> Transfer:
        route = Route(
            name="orders",
            source="shop",
            target="erp",
            policies=Policies.model_validate({"money": "presentment"}),
        )
        return Transfer(
            route,
            Connection("shop", "reference", self.reader),
            Connection("erp", "reference", self.target),
            self.ledger,
            Extensions([("policies", Rules(route)), ("listener", self.listener)]),
            clock=self.clock,
            workers=workers,
        )

    def check(self) -> None:
        counts = Counter(draft.source_id for draft, _, _ in self.store.placed.values())
        assert counts == dict.fromkeys(self.source.orders, 1)
        assert {row.state for row in self.ledger.rows("orders")} == {State.DONE}
        mails = Counter((known.email or "").lower() for _, known in self.store.customers.values())
        assert max(mails.values()) == 1


class Listener:
    def __init__(self) -> None:
        self.heard: Counter[str] = Counter()
        self.inside = 0

    @hookimpl
    def on_order_created(self, order: Order, placed: Placed) -> None:
        self.inside += 1
        assert self.inside == 1, "listeners are told one by one"
        self.heard[order.id] += 1
        self.inside -= 1


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    made = Setting(tmp_path, list(reference_orders(420)))
    yield made
    made.ledger.close()


def test_nothing_twice_and_nothing_lost_with_windows_in_flight(setting: Setting) -> None:
    for _ in range(30):
        try:
            report = setting.transfer().sync()
        except OrderSyncError:
            report = None
        setting.clock.sleep(600)
        if report and not report.failed and len(setting.store.placed) == 420:
            break
    setting.check()
    assert set(setting.listener.heard) == set(setting.source.orders)
    assert max(setting.listener.heard.values()) == 1
    assert setting.ledger.watermark("orders") == max(one.updated_at for one in setting.source.orders.values())


def test_windows_are_sent_at_the_same_time(setting: Setting) -> None:
    """The second window's creates wait until the third's are there: one after the other they would wait in vain."""
    setting.target.faults = False
    names = [one.id for one in sorted(setting.source.orders.values(), key=lambda one: one.updated_at)]
    of_both = {names[105], names[210]}
    together = threading.Barrier(2)
    whole = Target.create_orders

    def create_orders(self: Target, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        if of_both & {draft.source_id for draft in drafts}:
            together.wait(timeout=30)
        return whole(self, drafts)

    Target.create_orders = hookimpl(create_orders)  # type: ignore[method-assign]
    try:
        report = setting.transfer().sync()
    finally:
        Target.create_orders = whole  # type: ignore[method-assign]
    assert not together.broken
    assert report.created == 420
    setting.check()


def test_the_same_is_counted_as_without_threads(tmp_path: Path) -> None:
    reports = []
    for workers in (1, 4):
        folder = tmp_path / str(workers)
        folder.mkdir()
        setting = Setting(folder, list(reference_orders(150)))
        setting.target.faults = False
        first, second = setting.transfer(workers).sync(), setting.transfer(workers).sync()
        reports.append(
            [
                (one.seen, one.created, one.unchanged, one.parked, one.failed, one.totals_checked)
                for one in (first, second)
            ]
        )
        setting.check()
        setting.ledger.close()
    assert reports[0] == reports[1]
    assert reports[0][0] == (150, 150, 0, 0, 0, 150)


def test_the_watermark_stays_behind_a_window_that_failed(setting: Setting) -> None:
    """The second window is refused access; later ones may stand, the mark must not pass the gap."""
    real = ReferenceConnector.create_orders
    gone = sorted(setting.source.orders.values(), key=lambda one: one.updated_at)[130].id

    def create_orders(drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        if any(draft.source_id == gone for draft in drafts):
            raise AccessDenied("No.")
        return real(setting.target, drafts)

    setting.target.faults = False
    whole = type(setting.target).create_orders
    type(setting.target).create_orders = hookimpl(lambda self, drafts: create_orders(drafts))
    try:
        with pytest.raises(AccessDenied):
            setting.transfer().sync()
    finally:
        type(setting.target).create_orders = whole
    mark = setting.ledger.watermark("orders")
    assert mark is None or mark < setting.source.orders[gone].updated_at
    setting.clock.sleep(600)
    setting.transfer().sync()
    setting.check()


def test_a_stop_lets_what_is_in_flight_land(setting: Setting) -> None:
    setting.target.faults = False
    stop = threading.Event()

    def progress(now: Any) -> None:
        if now.created >= 100:
            stop.set()

    report = setting.transfer().sync(stop=stop, progress=progress)
    assert report.interrupted
    assert 100 <= len(setting.store.placed) < 420
    assert {row.state for row in setting.ledger.rows("orders")} <= {State.DONE, State.SEEN}
    standing = {draft.source_id for draft, _, _ in setting.store.placed.values()}
    left = min(one.updated_at for one in setting.source.orders.values() if one.id not in standing)
    mark = setting.ledger.watermark("orders")
    assert mark is None or mark < left
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ordersync")]
    setting.transfer().sync()
    setting.check()


def test_an_order_that_a_listing_shows_twice_is_worked_on_once(setting: Setting) -> None:
    class Twice(Source):
        @hookimpl
        def list_orders(self, query: OrderQuery) -> Iterator[Page]:
            for page in ReferenceConnector.list_orders(self, query):
                yield page
                yield page

    setting.target.faults = False
    setting.reader = setting._made(Twice, setting.source)
    report = setting.transfer().sync()
    assert (report.created, report.failed) == (420, 0)
    setting.check()


class Busy(ReferenceConnector):
    """Counts how many look at once."""

    facts: Facts = Facts(platform="Reference", concurrency=4)

    def __init__(self, settings: ReferenceSettings, access: Access) -> None:
        super().__init__(settings, access)
        self.lock = threading.Lock()
        self.busy = self.busiest = 0

    @hookimpl
    def get_order(self, order_id: str) -> Order | None:
        with self.lock:
            self.busy += 1
            self.busiest = max(self.busiest, self.busy)
        threading.Event().wait(0.01)
        with self.lock:
            self.busy -= 1
        return None


def test_a_connection_is_asked_no_more_at_once_than_it_likes() -> None:
    connector = Busy(ReferenceSettings(), Access())
    connection = Connection("erp", "reference", connector)
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(connection.get_order, map(str, range(60))))
    assert 2 <= connector.busiest <= 4


class Terse(ReferenceConnector):
    """Tells no totals of what it creates."""

    facts: Facts = Facts(platform="Reference", page_size=50)

    def __init__(self, settings: ReferenceSettings, access: Access) -> None:
        super().__init__(settings, access)
        self.asked: list[str] = []
        self.deaf = self.inside = False

    @hookimpl
    def create_orders(self, drafts: Sequence[Draft]) -> Sequence[Outcome[Placed]]:
        self.inside = True
        made = ReferenceConnector.create_orders(self, drafts)
        self.inside = False
        return [
            Done(one.value.model_copy(update={"totals": None})) if isinstance(one, Done) else one
            for one in made
        ]

    @hookimpl
    def find_orders(self, keys: Sequence[str]) -> Sequence[Outcome[Placed | None]]:
        self.asked.append("find_orders")
        if self.deaf and self._store.placed:
            raise TryLater("Busy.")
        return [Done(ReferenceConnector.find_order(self, key)) for key in keys]

    @hookimpl
    def find_order(self, key: str) -> Placed | None:
        if not self.inside:
            self.asked.append("find_order")
        return ReferenceConnector.find_order(self, key)


@pytest.mark.parametrize("deaf", [False, True])
def test_totals_that_were_not_told_are_read_back_together(tmp_path: Path, deaf: bool) -> None:
    setting = Setting(tmp_path, list(reference_orders(30)))
    setting.target = setting._made(Terse, setting.store)
    setting.target.deaf = deaf
    report = setting.transfer(workers=1).sync()
    setting.check()
    assert (report.created, report.totals_checked) == (30, 30)
    singles = setting.target.asked.count("find_order")
    assert singles >= 30 if deaf else singles == 0
    setting.ledger.close()


class NoCustomers(ReferenceConnector):
    """Orders name their buyers; there are no records of them."""

    facts: Facts = Facts(platform="Reference", page_size=50)
    find_customer: ClassVar[Any] = None
    create_customer: ClassVar[Any] = None


def test_a_target_without_customer_records_takes_orders_all_the_same(tmp_path: Path) -> None:
    setting = Setting(tmp_path, list(reference_orders(3)))
    setting.target = setting._made(NoCustomers, setting.store)
    report = setting.transfer(workers=1).sync()
    assert (report.created, report.parked) == (3, 0)
    drafts = [draft for draft, _, _ in setting.store.placed.values()]
    assert {draft.customer_ref for draft in drafts} == {None}
    assert all(draft.customer and draft.customer.email for draft in drafts)
    setting.ledger.close()


def test_one_that_must_have_a_record_still_parks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NoCustomers, "facts", Facts(platform="Reference", guests=False))
    setting = Setting(tmp_path, list(reference_orders(3)))
    setting.target = setting._made(NoCustomers, setting.store)
    assert setting.transfer(workers=1).sync().parked == 3
    setting.ledger.close()
