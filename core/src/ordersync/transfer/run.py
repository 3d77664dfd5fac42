"""One run of a route: read pages, take windows of orders as far as they go, wait for what is in doubt."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from ordersync.errors import (
    NotOffered,
    OrderSyncError,
)
from ordersync.ledger import Claim, Mark, Met, Outcome, Row, Seen, State, fingerprint
from ordersync.logs import bound
from ordersync.model import (
    CustomerRef,
    Failed,
    Order,
    OrderQuery,
    Page,
    Problem,
    RunReport,
)
from ordersync.transfer.ask import Stopping, ask_each, chunks
from ordersync.transfer.cycles import seldom_collecting
from ordersync.transfer.desk import Desk, Work
from ordersync.transfer.finishing import Finisher
from ordersync.transfer.flow import Stretch, ahead, fly, stretches
from ordersync.transfer.plans import Plan, draft_moved, moved_before, whose
from ordersync.transfer.prepare import Prepared
from ordersync.transfer.recovery import Recovery
from ordersync.transfer.resolve import LOOK_AGAIN
from ordersync.transfer.sending import Sender
from ordersync.web import SystemClock

__all__ = ["Run"]

log = logging.getLogger("ordersync.transfer")
MOST_WINDOWS = 4
"""How many windows are sent at once, if the target likes so many calls."""
MOST_ONE_BY_ONE = 2
"""The same, if it takes one order per call: the one keeps all hands busy while the other begins or ends."""


@dataclass(frozen=True)
class _Window:
    """Orders that are claimed and ready to be sent."""

    works: list[Work]
    whole: bool
    """No order was left aside."""


@dataclass(frozen=True)
class _Taken:
    """Orders that are claimed, and not looked up yet."""

    mine: list[Prepared]
    claims: dict[str, Claim]
    whole: bool
    """No order was left aside."""
    tried: dict[str, int]
    """How often each was tried before in this run."""


class _Moves:
    """The watermark as a run moves it: forward, to what the source says is safe. It is written in the commit that claims
    the next orders, or in the end: late is safe, it only means that more is read again after a crash. Only the thread
    that reads asks for it."""

    def __init__(self, desk: Desk, mark: datetime | None) -> None:
        self._desk = desk
        self._mark = mark
        self._due: Mark | None = None

    def to(self, safe_through: datetime | None) -> None:
        if safe_through and (self._mark is None or safe_through > self._mark):
            self._mark = safe_through
            self._due = Mark(safe_through, self._desk.route.settings_hash)

    def take(self) -> Mark | None:
        """What is to be written, once."""
        due, self._due = self._due, None
        return due

    def settle(self) -> None:
        """Write what is left."""
        due = self.take()
        if due:
            self._desk.ledger.move_watermark(self._desk.route.name, due.to, due.settings_hash)


class Run:
    """One run. Entering it checks both accounts; leaving it records what came of it."""

    def __init__(self, desk: Desk, query: Callable[[datetime | None], OrderQuery]) -> None:
        self._desk = desk
        self._query = query
        finisher = Finisher(desk)
        self._sender = Sender(desk, finisher)
        self._recovery = Recovery(desk, self._sender, finisher)
        self._size = desk.route.policies.window
        self._single = False
        """Only certain orders were asked for; else what waits on the route is reported too, met in this run or not."""
        self._plan: Plan | None = None
        self._moves: _Moves | None = None

    def __enter__(self) -> Run:
        with ExitStack() as entered:
            entered.enter_context(bound(run=self._desk.id, route=self._desk.route.name))
            entered.enter_context(seldom_collecting())
            ledger, accounts = self._desk.ledger, []
            for connection in (self._desk.source, self._desk.target):
                account = connection.check_access(thorough=False)
                accounts.append((connection.name, connection.platform, account.id))
                for line in (*account.problems, *account.warnings):
                    log.warning("%s: %s", connection.name, line)
            self._desk.take_on_hands()
            entered.enter_context(self._desk.hands)
            ledger.begin_run(self._desk.id, self._desk.route.name, self._desk.kind, accounts)
            log.info("%s of route %s begins", self._desk.kind, self._desk.route.name)
            self._entered = entered.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        try:
            if kind is None or issubclass(kind, OrderSyncError):
                report = self.report()
                words = asdict(report)
                words.pop("elapsed")
                self._desk.resolver.remember()
                self._desk.ledger.end_run(self._desk.id, words)
                self._desk.tell("on_sync_finished", None, report=report)
                log.info(
                    "%s ends: %s created, %s parked, %s failed",
                    self._desk.kind,
                    report.created,
                    report.parked,
                    report.failed,
                )
        finally:
            with self._entered:
                self._desk.ledger.release_all(self._desk.id)

    def report(self) -> RunReport:
        tally = self._desk.counts.tallies
        elapsed = self._desk.clock.now() - self._desk.started
        parked, reasons = tally["parked"], dict(Counter(self._desk.counts.reasons.values()))
        if not self._single:
            waiting = self._desk.ledger.causes(self._desk.route.name)
            parked = sum(waiting.values())
            reasons = {
                code: count for code, count in reasons.items() if code in ("in_doubt", "try_later")
            } | waiting
        return RunReport(
            run=self._desk.id,
            route=self._desk.route.name,
            seen=self._desk.counts.seen,
            created=tally["created"],
            unchanged=tally["unchanged"],
            parked=parked,
            skipped=tally["skipped"],
            failed=tally["failed"],
            seconds=round(elapsed.total_seconds(), 3),
            totals_checked=self._desk.counts.totals_checked,
            reasons=reasons,
            interrupted=self._desk.stop.is_set() and self._desk.halted is None,
            halted=self._desk.halted.message if self._desk.halted else "",
            moved=dict(self._desk.moved),
            elapsed=elapsed,
        )

    def read(self, since: datetime | None, limit: int | None) -> None:
        """Go through the source's pages; the watermark follows what is recorded, unless `since` left a gap behind it."""
        mark = self._desk.ledger.watermark(self._desk.route.name)
        closed = since is None or mark is None or since <= mark
        begins = self._desk.ledger.begins(self._desk.route.name)
        if since is not None and (mark is None or begins is not None) and (begins is None or since < begins):
            self._desk.ledger.begin_route(self._desk.route.name, since)
        pages = self._desk.source.list_orders(self._query(since))
        moves = self._moves = _Moves(self._desk, mark) if closed else None
        try:
            self._go_through(pages, limit, moves)
        finally:
            if moves:
                moves.settle()

    def _go_through(self, pages: Iterator[Page], limit: int | None, moves: _Moves | None) -> None:
        if limit is None and self._desk.workers > 1:
            self._stream(stretches(pages, self._size), moves)
            return
        for page in stretches(pages, 0 if limit is not None else self._size):
            left = None if limit is None else max(limit - self._desk.counts.tallies["created"], 0)
            if self._desk.stop.is_set() or left == 0:
                return
            whole = self._window(page.orders, left)
            self._unreadable(page)
            if not whole:
                return
            if moves:
                moves.to(page.safe_through)
                if limit is not None:
                    moves.settle()

    def _stream(self, pages: Iterator[Stretch], moves: _Moves | None) -> None:
        """Read, look up and send at the same time. The watermark moves when a stretch and all before it are done."""
        failed = threading.Event()

        def begin(page: Stretch) -> _Taken | None:
            if self._desk.stop.is_set() or failed.is_set():
                return None
            taken = self._take(page.orders, None)
            self._unreadable(page)
            return taken

        def landed(page: Stretch, whole: bool) -> None:
            if not whole:
                failed.set()
            elif moves and not failed.is_set():
                moves.to(page.safe_through)

        most = MOST_WINDOWS if "create_orders" in self._desk.target.offers else MOST_ONE_BY_ONE
        with ahead(pages, self._desk.stop) as read:
            fly(
                read,
                begin,
                self._look_up,
                self._carry,
                landed,
                together=max(2, min(self._desk.workers, self._desk.target.facts.concurrency, most)),
                names=lambda page: frozenset(order.id for order in page.orders),
            )

    def apply(self, plan: Plan) -> None:
        """The orders that a plan creates, and no other; each only if what it rests on still holds."""
        self._single = True
        self._plan = plan
        self._desk.resolver.ask_anew()
        for part in chunks(plan.to_create(), self._size):
            if self._desk.stop.is_set():
                return
            self._window(self._fetch(part), None)

    def before(self, one: Prepared, stock: Mapping[str, Decimal | None]) -> str:
        """What moved in an order or its items since the plan was made."""
        assert self._plan is not None
        entry = self._plan.entries[one.order.id]
        return moved_before(entry, one, stock)

    def customer(self, one: Prepared, found: CustomerRef | None) -> str:
        """What moved in who the customer is since the plan was made."""
        assert self._plan is not None
        return whose(self._plan.entries[one.order.id], found)

    def _as_planned(self, one: Prepared) -> None:
        if self._plan and one.draft and draft_moved(self._plan.entries[one.order.id], one.draft):
            one.move("something else would be sent than what was planned")

    def one(self, order_id: str) -> None:
        """A single order, by the source's id."""
        self._single = True
        order = self._desk.source.get_order(order_id)
        if order is None:
            raise NotOffered(
                f"The source {self._desk.source.name!r} has no order {order_id!r}.",
                remedy="Give the platform's own id of the order, as `ordersync orders` shows it.",
            )
        self._window([order], None)

    def wake(self) -> None:
        """Free the parked orders whose SKU exists by now or has an alias, and what other settings may judge
        differently."""
        if self._desk.ledger.wake_changed(self._desk.route.name, self._desk.route.settings_hash):
            self.recover()
        waiting = {
            subject.partition(":")[2]: subject
            for subject in self._desk.ledger.subjects(self._desk.route.name, "sku:")
        }
        if not waiting:
            return
        there = {sku: self._desk.route.aliases.get(sku, sku) for sku in waiting}
        self._desk.resolver.look_up_skus(there.values())
        free = [
            subject
            for sku, subject in waiting.items()
            if not isinstance(self._desk.resolver.item(there[sku]), Problem | Exception)
        ]
        if free and self._desk.ledger.mended(self._desk.route.name, free):
            self.recover()

    def recover(self, only: Sequence[str] | None = None) -> None:
        """Go on with what earlier runs left: seen but not sent, being sent when a worker died, in doubt."""
        rows = list(
            self._desk.ledger.rows(
                self._desk.route.name, states=[State.SEEN, State.SENDING, State.IN_DOUBT], source_ids=only
            )
        )
        now = self._desk.clock.now()
        fresh = [row.source_id for row in rows if row.state is State.SEEN and not _too_early(row, now)]
        for part in chunks(fresh, self._size):
            if self._desk.stop.is_set():
                return
            self._window(self._fetch(part), None, counted=False)
        lost = [row for row in rows if row.state is not State.SEEN]
        for part_rows in chunks(lost, self._size):
            if self._desk.stop.is_set():
                return
            self._recovery.look(part_rows)

    def settle(self) -> None:
        """Wait for what can still be decided in this run, as long as patience lasts."""
        until = self._desk.clock.now() + self._desk.patience
        while self._desk.again and not self._desk.stop.is_set():
            when = min(moment for moment, _ in self._desk.again.values())
            if when > until:
                return
            self._pause(when)
            now = self._desk.clock.now()
            due = [source_id for source_id, (moment, _) in self._desk.again.items() if moment <= now]
            tried = {source_id: self._desk.again.pop(source_id)[1] for source_id in due}
            if self._desk.stop.is_set():
                return
            rows = list(self._desk.ledger.rows(self._desk.route.name, source_ids=due))
            for row in rows:
                if row.state is State.DONE:
                    self._desk.counts.set(row.source_id, "unchanged")
            self._recovery.look([row for row in rows if row.state in (State.SENDING, State.IN_DOUBT)], tried)
            fresh = [row.source_id for row in rows if row.state is State.SEEN]
            if fresh:
                self._window(self._fetch(fresh), None, counted=False, tried=tried)

    def _pause(self, until: datetime) -> None:
        while not self._desk.stop.is_set():
            left = (until - self._desk.clock.now()).total_seconds()
            if left <= 0:
                return
            self._desk.clock.sleep(min(left, 0.5) if isinstance(self._desk.clock, SystemClock) else left)

    def _fetch(self, source_ids: Sequence[str]) -> list[Order]:
        outcomes = ask_each(
            self._desk.source,
            list(source_ids),
            batch="get_orders",
            many=self._desk.source.get_orders,
            one=self._desk.source.get_order,
            workers=self._desk.workers,
            hands=self._desk.hands,
            stop=self._desk.stop,
        )
        orders = []
        for source_id, outcome in zip(source_ids, outcomes, strict=True):
            if isinstance(outcome, Failed):
                if not isinstance(outcome.error, Stopping):
                    self._desk.later(source_id, outcome.error)
            elif outcome.value is None:
                problem = Problem(
                    code="source_gone",
                    message="the source has this order no longer",
                    remedy="Nothing was sent; let it be.",
                )
                for claim in self._desk.claim([source_id]):
                    self._desk.record([Outcome(claim, State.PARKED, problem=problem)])
                    self._desk.count_parked(source_id, None, problem)
            else:
                orders.append(outcome.value)
        return orders

    def _unreadable(self, page: Stretch) -> None:
        if not page.unreadable:
            return
        now = self._desk.clock.now()
        seen = [
            Seen(
                source_id,
                source_id,
                self._desk.preparer.key_of(source_id),
                page.safe_through or now,
                fingerprint(why.encode()),
                self._desk.route.settings_hash,
            )
            for source_id, why in page.unreadable
        ]
        self._desk.counts.seen += len(seen)
        met = self._meet(seen, None)
        claims = {claim.source_id: claim for claim in met.claims}
        for source_id, why in page.unreadable:
            problem = Problem(
                code="unreadable",
                message=f"the source's order cannot be read: {why}",
                remedy="Mend the order in the source, then retry it.",
            )
            if source_id in claims:
                self._desk.record([Outcome(claims[source_id], State.PARKED, problem=problem)])
            self._desk.count_parked(source_id, None, problem, known=source_id not in claims)

    def _window(
        self,
        orders: Sequence[Order],
        limit: int | None,
        *,
        counted: bool = True,
        tried: dict[str, int] | None = None,
    ) -> bool:
        """Take some orders as far as they go. False if the limit or a stop left some of them aside."""
        return self._carry(self._look_up(self._take(orders, limit, counted=counted, tried=tried)))

    def _carry(self, window: _Window) -> bool:
        """Send what is ready. May run on a thread of its own."""
        self._sender.send(self._sender.not_there(window.works))
        return window.whole and not self._desk.stop.is_set()

    def _take(
        self,
        orders: Sequence[Order],
        limit: int | None,
        *,
        counted: bool = True,
        tried: dict[str, int] | None = None,
    ) -> _Taken:
        """Claim some orders."""
        if counted:
            self._desk.counts.seen += len(orders)
        prepared = {}
        seen = []
        for order in orders:
            one = self._desk.preparer.shape(order)
            prepared[order.id] = one
            seen.append(self._desk.preparer.seen(order, one.key, one.print))
        now = self._desk.clock.now()
        met = self._meet(seen, now) if limit is None else None
        rows = met.rows if met else self._desk.ledger.see(self._desk.route.name, seen)
        takes = []
        for source_id, row in rows.items():
            one = prepared[source_id]
            match row.state:
                case State.DONE:
                    if self._desk.counts.by_order.get(source_id) != "created":
                        self._desk.counts.set(source_id, "unchanged")
                    if row.changed:
                        log.info("order %s changed in the source after it was sent", row.number)
                case State.SKIPPED:
                    self._desk.counts.set(source_id, "skipped")
                case State.PARKED:
                    self._desk.count_parked(source_id, one.order, row.problem, known=True)
                case State.SEEN if _too_early(row, now):
                    self._desk.counts.set(source_id, "failed", "try_later")
                case State.SEEN:
                    takes.append(source_id)
                case _:
                    if source_id not in self._desk.again:
                        self._desk.counts.set(source_id, "failed", "in_doubt")
        whole = True
        if limit is not None and len(takes) > limit:
            going = [source_id for source_id in takes if prepared[source_id].verdict == "go"]
            if len(going) > limit:
                aside = set(going[limit:])
                takes = [source_id for source_id in takes if source_id not in aside]
                whole = False
        claims = {claim.source_id: claim for claim in (met.claims if met else self._desk.claim(takes))}
        for source_id in takes:
            held = rows[source_id].lease_until
            if source_id not in claims and held is not None:
                self._desk.counts.set(source_id, "failed", "another_worker")
                self._desk.again[source_id] = (held + LOOK_AGAIN, 0)
        mine = [prepared[source_id] for source_id in takes if source_id in claims]
        return _Taken(mine, claims, whole, tried or {})

    def _look_up(self, taken: _Taken) -> _Window:
        """Find out what is to be sent of some orders; what cannot be sent is recorded. Windows are looked up one at a time,
        perhaps on a thread of their own: what the one has found, or created, the next one knows."""
        mine, claims = taken.mine, taken.claims
        if not self._desk.stop.is_set():
            self._desk.preparer.look_up(mine, self if self._plan else None)
        if self._desk.stop.is_set():
            self._desk.ledger.release(self._desk.route.name, list(claims.values()))
            return _Window([], whole=False)
        for one in mine:
            if one.verdict == "go":
                self._desk.preparer.draft(one)
                self._as_planned(one)
        self._decline(mine, claims)
        works = [
            Work(claims[one.order.id], one, one.draft)
            for one in mine
            if one.verdict == "go" and one.draft is not None
        ]
        self._set_aside([one for one in mine if one.verdict == "moved"], claims)
        waiting = [one for one in mine if one.verdict == "wait" and one.wait is not None]
        self._desk.ledger.release(self._desk.route.name, [claims[one.order.id] for one in waiting])
        for one in waiting:
            assert one.wait is not None
            self._desk.later(one.order.id, one.wait.why, taken.tried.get(one.order.id, 0))
        return _Window(works, taken.whole)

    def _meet(self, seen: Sequence[Seen], due: datetime | None) -> Met:
        """See orders and claim, in the same commit, what may be worked on and need not wait beyond `due`; the watermark
        moves there too if windows have landed."""
        desk = self._desk
        mark = self._moves.take() if self._moves else None
        return desk.ledger.meet(
            desk.route.name, seen, owner=desk.id, run=desk.id, lease=desk.lease, due=due, mark=mark
        )

    def _set_aside(self, moved: Sequence[Prepared], claims: dict[str, Claim]) -> None:
        self._desk.ledger.release(self._desk.route.name, [claims[one.order.id] for one in moved])
        for one in moved:
            assert one.problem is not None
            self._desk.counts.set(one.order.id, "skipped", "plan_moved")
            self._desk.moved[one.order.number or one.order.id] = one.problem.message
            log.warning("order %s is left out: %s", one.order.number, one.problem.message)

    def _decline(self, mine: Sequence[Prepared], claims: dict[str, Claim]) -> None:
        outcomes = []
        for one in mine:
            claim = claims[one.order.id]
            if one.verdict == "skip":
                outcomes.append(Outcome(claim, State.SKIPPED, problem=one.problem))
                self._desk.counts.set(one.order.id, "skipped")
            elif one.verdict == "park":
                outcomes.append(Outcome(claim, State.PARKED, problem=one.problem, others=one.others))
        self._desk.record(outcomes)
        for one in mine:
            if one.verdict == "park":
                self._desk.count_parked(one.order.id, one.order, one.problem)

    def finish_parked(self, ids: Sequence[str] | None) -> None:
        """Look again at parked orders that already stand on the target."""
        self._recovery.finish_parked(ids)


def _too_early(row: Row, now: datetime) -> bool:
    """Whether an order that failed before is not to be tried again yet."""
    return row.retry_at is not None and row.retry_at > now
