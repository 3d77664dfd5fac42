"""Runs of routes, the accounts that they work on, and what listeners were told in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ordersync.errors import LedgerTrouble
from ordersync.ledger import tables as t
from ordersync.ledger.ready import Ready, given
from ordersync.ledger.store import Store

__all__ = ["RunBook", "Telling"]

_TOLD = given(extension=sa.String, hook=sa.String, error=sa.String, source_id=sa.String)
_TELL = Ready(
    t.told.insert().from_select(
        ["route", "run", "extension", "hook", "error", "source_id", "at"],
        sa.select(
            sa.bindparam("of_route", type_=t.told.c.route.type),
            sa.bindparam("of_run", type_=t.told.c.run.type),
            *_TOLD.columns,
            sa.bindparam("now", type_=t.told.c.at.type),
        ).where(_TOLD.c.extension.is_not(None)),
    ),
    _TOLD,
)


@dataclass(frozen=True)
class Telling:
    """That a listener was told, and what came of it."""

    extension: str
    hook: str
    error: str
    source_id: str | None = None


class RunBook:
    """The part of the ledger that knows runs."""

    _store: Store
    _insert: Any

    def bind(self, connection: str, platform: str, account: str) -> None:
        """Tie a connection's name to an account, for good. Raises LedgerTrouble if it is tied to another."""
        with self._store.write() as db:
            self._tie(db, connection, platform, account)

    def _tie(self, db: sa.Connection, connection: str, platform: str, account: str) -> None:
        db.execute(
            self._insert(t.bindings)
            .values(connection=connection, platform=platform, account=account, bound_at=self._store.now(db))
            .on_conflict_do_nothing()
        )
        row = db.execute(sa.select(t.bindings).where(t.bindings.c.connection == connection)).mappings().one()
        if (row["platform"], row["account"]) != (platform, account):
            raise LedgerTrouble(
                f"The connection {connection!r} was {row['platform']} account {row['account']!r} until now, "
                f"and the settings lead to {platform} account {account!r}.",
                remedy="Give the new account a connection (or a ledger) of its own; mixing them would lose orders.",
            )

    def begin_run(
        self, run: str, route: str, kind: str, accounts: Sequence[tuple[str, str, str]] = ()
    ) -> None:
        """Note that a run begins, on these accounts (connection, platform, account id), all in one commit.

        Raises LedgerTrouble, and notes nothing, if a connection is tied to another account.
        """
        with self._store.write() as db:
            for account in accounts:
                self._tie(db, *account)
            db.execute(
                t.runs.insert().values(run=run, route=route, kind=kind, started_at=self._store.now(db))
            )

    def end_run(self, run: str, report: Mapping[str, Any]) -> None:
        with self._store.write() as db:
            db.execute(
                t.runs.update()
                .where(t.runs.c.run == run)
                .values(finished_at=self._store.now(db), report=dict(report))
            )

    def last_run(self, route: str) -> tuple[datetime, dict[str, Any]] | None:
        """When the last finished run ended, and its report."""
        with self._store.read() as db:
            row = db.execute(
                sa.select(t.runs.c.finished_at, t.runs.c.report)
                .where(t.runs.c.route == route, t.runs.c.finished_at.is_not(None))
                .order_by(t.runs.c.finished_at.desc())
                .limit(1)
            ).first()
        return (row[0], row[1]) if row else None

    def told(self, route: str, run: str, tellings: Sequence[Telling]) -> None:
        """Record what listeners did."""
        if not tellings:
            return
        rows = [(one.extension, one.hook, one.error, one.source_id) for one in tellings]
        with self._store.write() as db:
            _TELL.run(db, rows, of_route=route, of_run=run, now=self._store.now(db))

    def tellings(self, route: str) -> list[Telling]:
        """Everything that listeners of this route were told, oldest first."""
        with self._store.read() as db:
            found = db.execute(
                sa.select(t.told).where(t.told.c.route == route).order_by(t.told.c.id)
            ).mappings()
            return [Telling(row["extension"], row["hook"], row["error"], row["source_id"]) for row in found]
