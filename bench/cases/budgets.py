"""How much of what a platform permits is used, and how often it had to say no: each platform's own rule.

The real connectors against their sandboxes, as a bulk run. Time is virtual, but for requests at once, which need real
threads, and for processes, which need a real database.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from bench.cases.rules import AtOnce, Counting, LeakyBucket, Meter, PerMinute, points
from bench.measuring import Case, How, Outcome, Table
from bench.sharing import shared_by
from ordersync.discovery import sandbox_class
from ordersync.host import Host
from ordersync.settings import settings_of
from ordersync.testing.postgresql import DEFAULT
from ordersync.testing.reference import store
from ordersync.testing.trial import reference_orders
from ordersync.web import Access, Clock, SystemClock, VirtualClock, bulk
from ordersync.web import LeakyBucket as Leaky

__all__ = ["BUDGETS"]

ORDERS, QUICK_ORDERS = 1_000, 300
TAKES = 0.02
"""Seconds of the clock that a request takes."""
LONG = 0.1
"""Real seconds that a request takes where requests at once are limited; NetSuite takes longer."""


@dataclass(frozen=True)
class Use:
    """What came of one rule."""

    kind: str
    who: str
    rule: str
    meter: Meter
    permitted: float
    """Units that the rule would have let through in the same time."""
    unit: str = "requests"

    @property
    def share(self) -> float:
        """Of what was permitted, how much was used."""
        return self.meter.spent / self.permitted if self.permitted else 0.0


def cost_points(orders: int) -> Use:
    """Shopify: a bucket of points, the price of each query in its answer."""
    clock = VirtualClock()
    meter = _synced("shopify", orders, clock, TAKES, cost=True)
    size, rate = 2000, 100
    permitted = size + rate * meter.seconds
    return Use("cost points", "shopify", f"{size} points, {rate} per second", meter, permitted, "points")


def per_operation(orders: int) -> Use:
    """Shopify: a development shop takes five new orders a minute."""
    clock = VirtualClock()
    meter = _synced("shopify", min(orders, 60), clock, TAKES, only=b"orderCreate", options={"trial": "true"})
    permitted = 5 * (1 + meter.seconds // 60)
    return Use("per operation", "shopify", "5 orderCreate in 60 s", meter, permitted, "orders")


def quota_window(orders: int) -> Use:
    """BigCommerce: so many requests per window."""
    return _quota("quota window", orders, 150)


def larger_plan(orders: int) -> Use:
    """The same on a larger plan, which the headers name."""
    return _quota("quota window, larger plan", orders, 450)


def _quota(kind: str, orders: int, quota: int) -> Use:
    """A window that is under way counts by how much of it has passed, its quota at most."""
    clock, window = VirtualClock(), 30.0
    meter = _synced("bigcommerce", orders, clock, TAKES, options={"quota": str(quota)})
    whole, part = divmod(meter.seconds, window)
    permitted = quota * whole + min(quota, part / TAKES)
    return Use(kind, "bigcommerce", f"{quota} requests in {window:.0f} s", meter, permitted)


def per_minute(platform: str) -> Use:
    """A host that limits requests per minute, in windows of its own; the connection's settings name the figure."""
    clock, most = VirtualClock(), 60
    with _opened(platform, clock, PerMinute(most, clock), 1, requests_per_minute=most) as (host, counting):
        connection = host.connection("erp")
        with bulk():
            while counting.meter.requests < 8 * most:
                connection.resolve_sku(f"SKU-{counting.meter.requests}")
    meter = counting.meter
    permitted = most * (1 + meter.seconds // 60)
    return Use("per minute", platform, f"{most} requests in 60 s", meter, permitted)


def at_once(platform: str, most: int, requests: int) -> Use:
    """Requests at once; what is used is the time of all requests under way. More threads than slots ask all the time."""
    gate = AtOnce(most, LONG)
    with _opened(platform, SystemClock(), gate, 8) as (host, counting):
        connection = host.connection("erp")
        connection.check_access()
        counting.meter = Meter()

        def ask(number: int) -> None:
            with bulk():
                connection.resolve_sku(f"SKU-{number}")

        with ThreadPoolExecutor(2 * most) as pool:
            list(pool.map(ask, range(requests)))
    meter = counting.meter
    meter.spent = meter.busy
    permitted = most * meter.seconds
    return Use("requests at once", platform, f"{most} requests at once", meter, permitted, "request seconds")


def leaky_bucket(requests: int) -> Use:
    """No bundled connector's platform has one: a client of `ordersync.web` with a budget."""
    clock = VirtualClock()
    size, rate = 40, 2.0
    counting = Counting(LeakyBucket(size, rate, clock), clock, takes=TAKES)
    access = Access(clock=clock, transport=counting)
    with bulk(), access.client("http://bucket.test", budget=access.budget(Leaky(size, rate))) as client:
        for _ in range(requests):
            client.get("orders")
    meter = counting.meter
    return Use(
        "leaky bucket", "ordersync.web", f"{size}, {rate:.0f} per second", meter, size + rate * meter.seconds
    )


def processes(seconds: float) -> Iterator[Use]:
    """Two processes and one leaky bucket: with a common ledger in PostgreSQL, and each by itself."""
    size, rate = 10.0, 20.0
    rule = f"{size:.0f}, {rate:.0f} per second"
    with _schema() as url:
        for kind, ledger in (("two processes", url), ("two processes, not sharing", "")):
            meter = shared_by(2, ledger, size, rate, seconds)
            yield Use(kind, "ordersync.web", rule, meter, size + rate * meter.seconds)


@contextmanager
def _schema() -> Iterator[str]:
    """An empty ledger's URL. Raises OperationalError if there is no PostgreSQL."""
    base = os.environ.get("ORDERSYNC_TEST_POSTGRESQL", DEFAULT)
    schema = f"ordersync_bench_{uuid.uuid4().hex[:8]}"
    engine = sa.create_engine(base, connect_args={"connect_timeout": 3})
    try:
        with engine.begin() as db:
            db.execute(sa.schema.CreateSchema(schema))
        try:
            yield f"{base}?options=-csearch_path%3D{schema}"
        finally:
            with engine.begin() as db:
                db.execute(sa.schema.DropSchema(schema, cascade=True))
    finally:
        engine.dispose()


@contextmanager
def _opened(
    platform: str, clock: Clock, gate: AtOnce | PerMinute, workers: int, **more: object
) -> Iterator[tuple[Host, Counting]]:
    """A connection to a platform's sandbox behind a gate."""
    sandbox = sandbox_class(platform)(clock=clock)
    gate.inner = sandbox.transport()
    counting = Counting(gate, clock, takes=TAKES if isinstance(clock, VirtualClock) else 0.0)
    section = {"connector": platform, **sandbox.settings("http://target.sandbox"), **more}
    settings = settings_of({"ledger": {"url": "sqlite://"}, "connections": {"erp": section}, "routes": {}})
    with Host.open(settings, clock=clock, transports={"erp": counting}, workers=workers) as host:
        yield host, counting


def _synced(
    platform: str,
    orders: int,
    clock: VirtualClock,
    takes: float,
    *,
    cost: bool = False,
    only: bytes = b"",
    options: dict[str, str] | None = None,
) -> Meter:
    """Sync orders of the reference platform to a platform's sandbox; what passed between."""
    name = f"bench-{platform}"
    store(name).orders = {order.id: order for order in reference_orders(orders)}
    sandbox = sandbox_class(platform)(clock=clock, options=options or {})
    before = {one.id for one in sandbox.standing()}
    way = sandbox.transport()
    counting = Counting(way, clock, takes=takes, only=only, **({"cost": points} if cost else {}))
    settings = settings_of(
        {
            "ledger": {"url": "sqlite://"},
            "connections": {
                "shop": {"connector": "reference", "store": name},
                "erp": {"connector": platform, **sandbox.settings("http://target.sandbox")},
            },
            "routes": {"orders": {"source": "shop", "target": "erp"}},
        }
    )
    with Host.open(settings, clock=clock, transports={"erp": counting}, workers=1) as host:
        report = host.sync("orders", everything=True)
    made = len([one for one in sandbox.standing() if one.id not in before])
    if report.created != orders or made != orders:
        raise RuntimeError(
            f"{platform}: {report.created} of {orders} were created, {made} stand ({report.reasons})"
        )
    return counting.meter


def _uses(how: How, orders: int) -> Iterator[Use]:
    for measure in (cost_points, per_operation, quota_window, larger_plan, leaky_bucket):
        yield measure(orders)
    yield from (per_minute(platform) for platform in ("erp-odoo", "woocommerce"))
    asked = 150 if how.quick else 600
    for platform, most in (("erp-netsuite", 3), ("erp-odoo", 2), ("erp-sapb1", 2), ("woocommerce", 2)):
        yield at_once(platform, most, asked)
    try:
        yield from processes(10.0 if how.quick else 30.0)
    except sa.exc.OperationalError as error:
        how.tell(f"budgets: two processes: skipped, no PostgreSQL at hand ({type(error).__name__})")


def used(how: How) -> Outcome:
    """Every kind of rule."""
    orders = how.orders_of(ORDERS, QUICK_ORDERS)
    outcome, rows = Outcome(), []
    for use in _uses(how, orders):
        how.tell(
            f"budgets: {use.kind}, {use.who}: {use.share:.0%} of what is permitted, {use.meter.refused} refused"
        )
        name = "_".join(f"{use.kind} {use.who}".replace(",", "").replace(".", "_").split())
        outcome.ratios |= {
            f"budgets.{name}.used": use.share,
            f"budgets.{name}.refused_per_request": use.meter.refused / use.meter.requests,
        }
        outcome.figures[name] = {
            "requests": use.meter.requests,
            "refused": use.meter.refused,
            "spent": use.meter.spent,
            "permitted": use.permitted,
            "seconds": use.meter.seconds,
        }
        rows.append(
            [
                use.kind,
                use.who,
                use.rule,
                str(use.meter.requests),
                f"{use.meter.spent:.0f} {use.unit}",
                f"{use.meter.seconds:.1f}",
                f"{use.share:.0%}",
                str(use.meter.refused),
            ]
        )
    outcome.tables.append(
        Table(
            f"budgets: {orders} orders, what is permitted is kept and used",
            ["rule", "who", "figures", "requests", "spent", "clock s", "used", "refused (429)"],
            rows,
        )
    )
    return outcome


BUDGETS = Case("budgets", "share of each platform's permitted rate that is used, and refusals", used)
