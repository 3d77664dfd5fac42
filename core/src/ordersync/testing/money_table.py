"""The page of shares to the cent per target: `python -m ordersync.testing.money_table > docs/money.md`.

Every money case goes from the reference platform through the real transfer into each installed target's sandbox, in process,
on a virtual clock.
"""

from __future__ import annotations

import logging
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from werkzeug.wrappers import Request

from ordersync.connection import Connection
from ordersync.discovery import connector_class, sandbox_class
from ordersync.errors import NotOffered
from ordersync.extensions import Extensions
from ordersync.ledger import Ledger, State
from ordersync.model import Order, Route
from ordersync.settings.schema import connector_schema
from ordersync.testing.markdown import table
from ordersync.testing.money import money_cases, order_of_case
from ordersync.testing.platforms import Platform, platforms
from ordersync.testing.reference import ReferenceConnector, ReferenceSettings, ReferenceStore
from ordersync.testing.sandbox import Sandbox
from ordersync.testing.seeds import catalogue
from ordersync.transfer import Transfer
from ordersync.transfer.house import Rules, shapers
from ordersync.web import Access, VirtualClock

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["Fate", "Share", "carried", "case_orders", "page", "share", "targets"]

_KEY = re.compile(rb"os-[a-z2-7]{26}")
_HEAD = """\
# To the cent

{count} orders with exact totals: taxes on top and included, stacked, none, rounded per unit, line and order; discounts by percent
and amount, of lines and of the order; lines below zero, an order of zero, gift cards; currencies of no, two and three digits. Each
goes from the reference platform through the real transfer into the sandbox of every installed target. Sandbox and connection are
as `ordersync sandbox` gives them without options; *with* names what that chooses otherwise than the connector by itself. The route
has the default policies, and an alias for each SKU, so that every line is a product there.

*Equal*: the sandbox holds the source's currency, net, tax and total. Tax that can only be written as a fee counts as tax.
*Parked before sending*: nothing was written that bears the order's key; *for* gives the code that `ordersync parked` shows.
*Refused there*: it was sent, and nothing was made. *Parked after creation*: it stands there, and a person must look.
*Otherwise*: it stands with other amounts or twice, or is lost. The last two are 0, or a test fails.

This page is made by running it: `python -m ordersync.testing.money_table > docs/money.md`
"""
_TAIL = """\
The README of each connector says more, and what other settings come to.
"""
_MEANINGS = {
    "negative_line": "a line is below zero, and the target takes none",
    "refused": "the connector itself finds that the platform cannot hold the order, and says why in the message",
    "target_arithmetic": "the target would come to other totals, and nothing can make up for it",
    "tax_rate_missing": "the target computes taxes from rates, and the order names none",
    "unit_price": "no unit price of the target's digits gives the line's amount",
}


@dataclass(frozen=True)
class Fate:
    """What became of one order."""

    order: Order
    state: State | None
    """In the ledger; None: it is not known there."""
    code: str
    """Of the problem that it parked for; empty if it did not."""
    sent: bool
    """Whether a write that bears its key left."""
    times: int
    """How often it stands on the target."""
    equal: bool
    """Whether it stands there once, with the source's currency, net, tax and total."""

    @property
    def kind(self) -> str:
        """The column that it counts in: `equal`, `unsent`, `refused`, `after` or `otherwise`."""
        if self.state is State.DONE and self.equal:
            return "equal"
        if self.state is not State.PARKED:
            return "otherwise"
        if self.times:
            return "after"
        return "refused" if self.sent else "unsent"


@dataclass(frozen=True)
class Share:
    """How many orders became what on one target."""

    kinds: Mapping[str, int]
    """`Fate.kind` → how many."""
    codes: Mapping[str, int] = field(default_factory=dict)
    """Problem code → how many parked for it before anything was sent."""


class _Watch:
    """Stands before a sandbox and notes which orders' keys it is sent in writes."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.keys: set[str] = set()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        body = request.get_data()
        if self._sandbox.is_write(request):
            self.keys |= {key.decode() for key in _KEY.findall(request.full_path.encode() + b"\n" + body)}
        passed = {name: value for name, value in environ.items() if not name.startswith("werkzeug.")}
        return self._sandbox({**passed, "wsgi.input": BytesIO(body)}, start_response)


def targets() -> tuple[list[Platform], list[Platform]]:
    """The installed targets: those that bring a sandbox, and those that do not."""
    found: tuple[list[Platform], list[Platform]] = ([], [])
    for one in platforms():
        if one.is_target:
            found[0 if _has_sandbox(one.name) else 1].append(one)
    return found


def _has_sandbox(name: str) -> bool:
    try:
        sandbox_class(name)
    except NotOffered:
        return False
    return True


def case_orders() -> list[Order]:
    """The money cases as orders; skips where there are none, as `money_cases` does."""
    return [order_of_case(case) for case in money_cases()]


def carried(platform: str, orders: Sequence[Order]) -> list[Fate]:
    """Sync `orders` into a new sandbox of `platform` and say what became of each.

    Raises NotOffered if the connector brings no sandbox, and what ends a run.
    """
    clock = VirtualClock()
    sandbox = sandbox_class(platform)(clock=clock)
    watch = _Watch(sandbox)
    source = ReferenceConnector(ReferenceSettings(), Access(clock=clock))
    source._store = ReferenceStore(account="money", orders={order.id: order for order in orders})
    kind: Any = connector_class(platform)
    section = {**sandbox.settings(f"http://{platform}.sandbox")}
    section.pop("connector", None)
    access = Access(
        connection="target", clock=clock, transport=httpx.WSGITransport(app=watch, raise_app_exceptions=True)
    )
    target = Connection("target", platform, kind(kind.settings_model.model_validate(section), access))
    route = Route(name="money", source="source", target="target", aliases=_aliases(orders))
    rules = Extensions([*shapers(route), ("policies", Rules(route))])
    with closing(target), closing(Ledger("sqlite://", clock=clock)) as ledger:
        from_reference = Connection("source", "reference", source)
        Transfer(route, from_reference, target, ledger, rules, clock=clock, workers=1).sync()
        rows = {row.source_id: row for row in ledger.rows(route.name)}
    standing = Counter(one.key for one in sandbox.standing())
    amounts = {one.key: (one.currency, one.net, one.tax, one.total) for one in sandbox.standing()}
    fates = []
    for order in orders:
        row = rows.get(order.id)
        key = row.key if row else None
        wanted = (order.currency, order.net + order.rounding, order.tax, order.total)
        fates.append(
            Fate(
                order=order,
                state=row.state if row else None,
                code=row.problem.code if row and row.problem else "",
                sent=key in watch.keys,
                times=standing[key] if key else 0,
                equal=bool(key) and standing[key] == 1 and amounts[key] == wanted,
            )
        )
    return fates


def _aliases(orders: Sequence[Order]) -> dict[str, str]:
    """The orders' SKUs → products that every sandbox is born with."""
    goods = [product.sku for product in catalogue()]
    skus = sorted({line.sku for order in orders for line in order.lines if line.sku})
    return {sku: goods[place % len(goods)] for place, sku in enumerate(skus)}


def share(fates: Iterable[Fate]) -> Share:
    """Count them."""
    fates = list(fates)
    unsent = Counter(fate.code for fate in fates if fate.kind == "unsent")
    return Share(Counter(fate.kind for fate in fates), dict(sorted(unsent.items())))


def _chosen(platform: str) -> str:
    """The settings with a fixed choice of values that the sandbox sets otherwise than they are by default."""
    fields = connector_schema(connector_class(platform).settings_model).get("properties", {})
    section = sandbox_class(platform)(clock=VirtualClock()).settings(f"http://{platform}.sandbox")
    return ", ".join(
        f'`{name} = "{value}"`'
        for name, value in section.items()
        if "enum" in fields.get(name, {}) and value != fields[name].get("default")
    )


def page() -> str:
    """The whole page, made by running every case into every target; skips as `case_orders` does."""
    orders = case_orders()
    tried, untried = targets()
    rows = []
    codes: set[str] = set()
    for one in tried:
        found = share(carried(one.name, orders))
        codes |= set(found.codes)
        reasons = ", ".join(f"`{code}` {count}" for code, count in found.codes.items())
        counts = [
            str(found.kinds.get(kind, 0)) for kind in ("equal", "unsent", "refused", "after", "otherwise")
        ]
        rows.append([one.title, f"`{one.name}`", _chosen(one.name), *counts[:2], reasons, *counts[2:]])
    columns = ["target", "entry name", "with", "equal", "parked before sending", "for", "refused there"]
    parts = [
        _HEAD.format(count=len(orders)),
        table([*columns, "parked after creation", "otherwise"], rows),
        "".join(f"- `{code}`: {_MEANINGS.get(code, 'its message says why')}.\n" for code in sorted(codes)),
        _TAIL,
    ]
    if untried:
        names = ", ".join(f"{one.title} (`{one.name}`)" for one in untried)
        parts.append(f"Targets without a sandbox are not in the table: {names}.\n")
    return "\n".join(parts)


if __name__ == "__main__":
    logging.getLogger("ordersync").addHandler(logging.NullHandler())
    try:
        sys.stdout.write(page())
    except (pytest.skip.Exception, pytest.fail.Exception) as missing:
        sys.stderr.write(f"{missing}\n")
        sys.exit(2)
