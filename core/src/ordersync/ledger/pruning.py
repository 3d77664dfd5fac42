"""What a ledger may forget, and giving the room back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ordersync.ledger import tables as t
from ordersync.ledger.states import State
from ordersync.ledger.store import Store

__all__ = ["PruneBook", "Pruned"]


@dataclass(frozen=True)
class Pruned:
    """How much was forgotten of one route."""

    tellings: int
    """What listeners were told."""
    runs: int
    drafts: int
    """Drafts of parked orders."""
    orders: int
    """Rows of settled orders."""


class PruneBook:
    """The part of the ledger that forgets what is old."""

    _store: Store

    def prune(self, route: str, before: datetime, *, orders_before: datetime | None = None) -> Pruned:
        """Forget what is older than `before`: what listeners were told, runs (never the last that ended), drafts of parked
        orders. With `orders_before` also the rows of orders that are done or skipped and changed last before then.

        A parked order without its draft counts as never sent: a retry looks for its key before anything else. One commit
        each, so that a sync beside it waits for none of them long.
        """
        o, p, r, d = t.orders.c, t.payloads.c, t.runs.c, t.told.c
        last = (
            sa.select(r.run)
            .where(r.route == route, r.finished_at.is_not(None))
            .order_by(r.finished_at.desc())
            .limit(1)
        )
        tellings = self._count(t.told.delete().where(d.route == route, d.at < before))
        runs = self._count(
            t.runs.delete().where(
                r.route == route, r.started_at < before, r.run.not_in(last.scalar_subquery())
            )
        )
        with self._store.write() as db:
            parked = sa.select(o.source_id).where(o.route == route, o.state == State.PARKED)
            old = p.route == route, p.kept_since < before, p.source_id.in_(parked)
            db.execute(
                t.orders.update()
                .where(o.route == route, o.source_id.in_(sa.select(p.source_id).where(*old)))
                .values(sent_at=None)
            )
            drafts = db.execute(t.payloads.delete().where(*old)).rowcount
        orders = 0
        if orders_before is not None:
            orders = self._count(
                t.orders.delete().where(
                    o.route == route,
                    o.state.in_([State.DONE, State.SKIPPED]),
                    o.owner.is_(None),
                    o.source_updated_at < orders_before,
                    o.updated_at < before,
                )
            )
        return Pruned(tellings, runs, drafts, orders)

    def vacuum(self) -> None:
        """Give the room of what was forgotten back to the disk. Takes as long as copying the ledger; others wait."""
        self._store.vacuum(table.name for table in (t.orders, t.payloads, t.told, t.runs, t.problems))

    def _count(self, statement: sa.Delete) -> int:
        with self._store.write() as db:
            found: Any = db.execute(statement)
            return int(found.rowcount)
