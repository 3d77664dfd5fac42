"""How much of what a platform permits is used, and how often it had to say no: one connector per kind of rule.

The real connectors against their sandboxes. Time is virtual, but for the concurrency limit, which needs real threads.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.cases.rules import AtOnce, Counting, LeakyBucket, Meter, points
from bench.measuring import Case, How, Outcome, Table
from ordersync.discovery import sandbox_class
from ordersync.host import Host
from ordersync.settings import settings_of
from ordersync.testing.reference import store
from ordersync.testing.trial import reference_orders
from ordersync.web import Access, Bucket, Clock, SystemClock, VirtualClock

__all__ = ["BUDGETS"]

ORDERS, QUICK_ORDERS = 1_000, 300
TAKES = 0.02
"""Seconds of the clock that a request takes."""


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


def quota_window(orders: int) -> Use:
    """BigCommerce: so many requests per window. A window that is under way counts by how much of it has passed, its
    quota at most."""
    clock = VirtualClock()
    meter = _synced("bigcommerce", orders, clock, TAKES)
    quota, window = 150, 30.0
    whole, part = divmod(meter.seconds, window)
    permitted = quota * whole + min(quota, part / TAKES)
    return Use("quota window", "bigcommerce", f"{quota} requests in {window:.0f} s", meter, permitted)


def at_once(orders: int) -> Use:
    """NetSuite: so many requests at once. What is used is the time of all requests under way."""
    most, takes = 3, 0.02
    meter = _synced("erp-netsuite", orders, SystemClock(), 0.0, most=most, real=takes)
    meter.spent = meter.busy
    return Use(
        "concurrency limit",
        "erp-netsuite",
        f"{most} requests at once",
        meter,
        most * meter.seconds,
        "request seconds",
    )


def leaky_bucket(requests: int) -> Use:
    """No bundled connector's platform has one: a client of `ordersync.web` that takes from a `Bucket` before each
    request."""
    clock = VirtualClock()
    size, rate = 40, 2.0
    counting = Counting(LeakyBucket(size, rate, clock), clock, takes=TAKES)
    bucket = Bucket(size, rate, clock)
    with Access(clock=clock, transport=counting).client("http://bucket.test") as client:
        for _ in range(requests):
            client.get("orders", before=lambda: bucket.take(1))
    meter = counting.meter
    return Use(
        "leaky bucket", "web.Bucket", f"{size}, {rate:.0f} per second", meter, size + rate * meter.seconds
    )


def _synced(
    platform: str,
    orders: int,
    clock: Clock,
    takes: float,
    *,
    cost: bool = False,
    most: int | None = None,
    real: float = 0.0,
) -> Meter:
    """Sync orders of the reference platform to a platform's sandbox; what passed between."""
    name = f"bench-{platform}"
    store(name).orders = {order.id: order for order in reference_orders(orders)}
    sandbox = sandbox_class(platform)(clock=clock)
    before = {one.id for one in sandbox.standing()}
    way = sandbox.transport()
    if most is not None:
        way = AtOnce(way, most, real)
    counting = Counting(way, clock, takes=takes, **({"cost": points} if cost else {}))
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
    workers = 1 if isinstance(clock, VirtualClock) else 8
    with Host.open(settings, clock=clock, transports={"erp": counting}, workers=workers) as host:
        report = host.sync("orders", everything=True)
    made = len([one for one in sandbox.standing() if one.id not in before])
    if report.created != orders or made != orders:
        raise RuntimeError(
            f"{platform}: {report.created} of {orders} were created, {made} stand ({report.reasons})"
        )
    return counting.meter


def used(how: How) -> Outcome:
    """Every kind of rule."""
    orders = how.orders_of(ORDERS, QUICK_ORDERS)
    outcome, rows = Outcome(), []
    for measure in (cost_points, quota_window, at_once, leaky_bucket):
        use = measure(orders if measure is not at_once else min(orders, 300))
        how.tell(f"budgets: {use.who}: {use.share:.0%} of what is permitted, {use.meter.refused} refused")
        name = use.kind.replace(" ", "_")
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
