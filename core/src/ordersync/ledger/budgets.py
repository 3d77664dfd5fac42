"""Rate budgets that several processes share: one small row per rule of an account, changed under its lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from ordersync.ledger import tables as t
from ordersync.ledger.ready import insert_of

if TYPE_CHECKING:
    from ordersync.ledger.store import Store

__all__ = ["BudgetBook"]

A = TypeVar("A")


class BudgetBook:
    """The part of the ledger that knows rate budgets."""

    _store: Store

    @property
    def shares_budgets(self) -> bool:
        """Whether several machines may use this ledger at once: PostgreSQL. In SQLite every commit waits for the disk."""
        return not self._store.sqlite

    def exchange(
        self,
        key: str,
        change: Callable[[dict[str, Any] | None, float], tuple[dict[str, Any], A]],
    ) -> A:
        """Read a budget's state, change it and write it as one step; None: it has none yet.

        `change` is given the time that leases go by, in seconds; it asks nobody anything. Nobody waits for the disk: after
        a crash of the database a budget may be some moments old. Raises LedgerTrouble.
        """
        c = t.budgets.c
        with self._store.write() as db:
            if not self._store.sqlite:
                db.exec_driver_sql("SET LOCAL synchronous_commit TO off")
            wanted = sa.select(c.state).where(c.budget == key).with_for_update()
            found = db.execute(wanted).one_or_none()
            if found is None:
                first = {"budget": key, "state": {}, "changed_at": self._store.now(db)}
                insert = insert_of(self._store.engine.dialect)
                db.execute(insert(t.budgets).values(first).on_conflict_do_nothing())
                found = db.execute(wanted).one()
            now = self._store.now(db)
            state, answer = change(found.state or None, now.timestamp())
            db.execute(t.budgets.update().where(c.budget == key).values(state=state, changed_at=now))
        return answer
