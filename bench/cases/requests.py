"""How many requests an order takes on each real platform: the connectors against their sandboxes, in process."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, Literal

import httpx

from bench.measuring import Case, How, Outcome, Table
from bench.running import RunFailed
from ordersync.connection import Connection
from ordersync.discovery import connector_class
from ordersync.testing.platforms import with_sandbox
from ordersync.testing.trial import Trial

__all__ = ["REQUESTS"]

ORDERS, QUICK_ORDERS = 200, 20
_BEGIN = "begin"
_STEPS = {
    "check_access": _BEGIN,
    "list_orders": "read",
    "get_orders": "read",
    "get_order": "read",
    "resolve_skus": "items",
    "resolve_sku": "items",
    "check_stocks": "items",
    "check_stock": "items",
    "find_customers": "customers found",
    "find_customer": "customers found",
    "create_customers": "customers made",
    "create_customer": "customers made",
    "find_orders": "keys looked for",
    "find_order": "keys looked for",
    "create_orders": "created",
    "create_order": "created",
    "add_line_item": "lines added",
    "update_orders": "confirmed",
    "update_order": "confirmed",
}
"""Hook → what it is counted as."""


class _Counted(httpx.BaseTransport):
    def __init__(self, inner: httpx.BaseTransport, count: Counter[str], hooks: list[str]) -> None:
        self._inner, self._count, self._hooks = inner, count, hooks

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._count[_STEPS.get(self._hooks[-1], self._hooks[-1]) if self._hooks else _BEGIN] += 1
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


class _Counting(Trial):
    """A life of a route of which every request is counted by the hook that made it."""

    def __init__(
        self, platform: str, side: Literal["source", "target"], orders: int, settings: Mapping[str, Any]
    ) -> None:
        super().__init__(platform, side=side, orders=orders, settings=settings)
        self.count: Counter[str] = Counter()
        self._hooks: list[str] = []
        plain = self.sandbox.transport
        self.sandbox.transport = lambda: _Counted(plain(), self.count, self._hooks)  # type: ignore[method-assign]

    def connection(self) -> Connection:
        return _Watched.over(super().connection(), self._hooks)


class _Watched(Connection):
    """A connection that says which hook is asked. `list_orders` asks page by page."""

    _hooks: list[str]

    @classmethod
    def over(cls, plain: Connection, hooks: list[str]) -> _Watched:
        watched = cls(plain.name, plain.platform, plain.connector)
        watched._hooks = hooks
        return watched

    def _ask(self, hook: str, **arguments: Any) -> Any:
        with self._within(hook):
            return super()._ask(hook, **arguments)

    def list_orders(self, query: Any) -> Iterator[Any]:
        pages = super().list_orders(query)
        while True:
            with self._within("list_orders"):
                page = next(pages, None)
            if page is None:
                return
            yield page

    @contextmanager
    def _within(self, hook: str) -> Iterator[None]:
        self._hooks.append(hook)
        try:
            yield
        finally:
            self._hooks.pop()


def counted(how: How) -> Outcome:
    """Every installed connector with a sandbox, as a target and as a source."""
    orders = how.orders_of(ORDERS, QUICK_ORDERS)
    outcome = Outcome()
    logging.getLogger("ordersync").setLevel(logging.ERROR)
    for side, hooks, title in (
        ("target", {"create_order", "create_orders"}, "requests per order, as a target"),
        ("source", {"list_orders"}, "requests per order, as a source"),
    ):
        found = {
            label: _trial(name, side, orders, settings)  # type: ignore[arg-type]
            for name in with_sandbox(*hooks)
            for label, settings in _ways(name, side).items()
        }
        steps = [
            step for step in dict.fromkeys(_STEPS.values()) if any(one[step] for one, _ in found.values())
        ]
        rows = []
        for name, (count, again) in found.items():
            total = count.total() / orders
            outcome.ratios[f"requests.{side}.{name}"] = total
            outcome.figures[f"{side}.{name}"] = {"orders": orders, "first": dict(count), "again": dict(again)}
            rows.append(
                [name, *(_shown(count[step] / orders) for step in steps), _shown(total), str(again.total())]
            )
            how.tell(f"requests: {side} {name}: {total:.3f} per order")
        outcome.tables.append(
            Table(
                f"{title}: {orders} orders, an empty ledger",
                ["platform", *steps, "in all", "requests of the next run"],
                rows,
                ["The next run finds nothing new; its requests are counted, not divided."],
            )
        )
    return outcome


def _ways(name: str, side: str) -> dict[str, dict[str, bool]]:
    """Label → settings; a target that writes in batches only if it is told to is shown both ways, as it is by itself first."""
    fields = connector_class(name).settings_model.model_fields
    if side == "source" or "batches" not in fields:
        return {name: {}}
    usual = fields["batches"].default
    return {name: {"batches": usual}, f"{name}, batches = {str(not usual).lower()}": {"batches": not usual}}


def _trial(
    name: str, side: Literal["source", "target"], orders: int, settings: Mapping[str, Any]
) -> tuple[Counter[str], Counter[str]]:
    trial = _Counting(name, side, orders, settings)
    with closing(trial):
        report = trial.sync()
        first = Counter(trial.count)
        if report.failed or report.parked or (side == "target" and report.created != orders):
            raise RunFailed(f"{name} as a {side}: {report}")
        trial.count.clear()
        trial.sync()
        return first, Counter(trial.count)


def _shown(value: float) -> str:
    return f"{value:.3f}" if value else ""


REQUESTS = Case("requests", "requests per order of each real connector, against its sandbox", counted)
