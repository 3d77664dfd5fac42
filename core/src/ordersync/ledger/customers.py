"""The customers of a target: found or created once, by one worker at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ordersync.ledger import tables as t
from ordersync.ledger.ready import Ready, given
from ordersync.ledger.rows import among, parsed
from ordersync.ledger.store import Store
from ordersync.model import CustomerRef

__all__ = ["CustomerBook", "CustomerClaim"]

c = t.customers.c
_KEYS = given(key=sa.String)
_AT = c.connection == sa.bindparam("connection")
_THESE = _AT, among(c.key, _KEYS)
_MINE = *_THESE, c.owner == sa.bindparam("owner")
_NOW = sa.bindparam("now", type_=c.updated_at.type)
_UNTIL = sa.bindparam("until", type_=c.lease_until.type)
_GIVEN_UP = {"owner": sa.null(), "lease_until": sa.null()}

_MAKE = Ready(
    lambda insert: (
        insert(t.customers)
        .from_select(
            ["connection", "key", "looks", "owner", "lease_until", "updated_at"],
            sa.select(
                sa.bindparam("connection", type_=c.connection.type),
                _KEYS.c.key,
                sa.literal_column("0"),
                sa.bindparam("owner", type_=c.owner.type),
                _UNTIL,
                _NOW,
            ).where(_KEYS.c.key.is_not(None)),
        )
        .on_conflict_do_nothing()
    ),
    _KEYS,
)
"""Customers of whom nothing is known, claimed."""
_CLAIM = Ready(
    t.customers.update()
    .where(
        *_THESE,
        c.ref.is_(sa.null()),
        sa.or_(c.owner.is_(None), c.owner == sa.bindparam("owner"), c.lease_until < _NOW),
    )
    .values(owner=sa.bindparam("owner"), lease_until=_UNTIL, updated_at=_NOW),
    _KEYS,
)
_STANDING = Ready(sa.select(c.key, c.ref, c.owner, c.sent_at, c.looks).where(*_THESE), _KEYS)
_LOCK = Ready(sa.select(c.key).where(*_THESE).order_by(c.key).with_for_update(), _KEYS)
_LOST = Ready(
    sa.select(_KEYS.c.key).where(
        _KEYS.c.key.is_not(None),
        ~sa.exists().where(_AT, c.key == _KEYS.c.key, c.owner == sa.bindparam("owner")),
    ),
    _KEYS,
)
_RENEW = Ready(t.customers.update().where(*_MINE).values(lease_until=_UNTIL).returning(c.key), _KEYS)
_KNOWN = Ready(sa.select(c.key, c.ref).where(*_THESE, c.ref.is_not(sa.null())), _KEYS)


def _change(**values: Any) -> Ready:
    """One thing that is recorded about customers who are locked, and this worker's."""
    return Ready(t.customers.update().where(*_THESE).values(**values, updated_at=_NOW), _KEYS)


_REFS = given(key=sa.String, ref=c.ref.type)
_NAMED = Ready(
    t.customers.update()
    .where(_AT, c.key == _REFS.c.key)
    .values(ref=_REFS.c.ref, sent_at=sa.null(), **_GIVEN_UP, updated_at=_NOW),
    _REFS,
)
_LOOKED = _change(looks=c.looks + sa.literal_column("1"), looked_at=_NOW)
_SENT = _change(sent_at=_NOW, looks=sa.literal_column("0"), looked_at=sa.null())
_UNSENT = _change(sent_at=sa.null(), looks=sa.literal_column("0"), **_GIVEN_UP)
_FREE = _change(**_GIVEN_UP)


@dataclass(frozen=True)
class CustomerClaim:
    """What stands about a target's customer: its `ref` if known, else whether this worker may create it."""

    ref: CustomerRef | None
    mine: bool
    sent_at: datetime | None = None
    looks: int = 0


class CustomerBook:
    """The part of the ledger that knows customers."""

    _store: Store

    def claim_customers(
        self, connection: str, keys: Sequence[str], *, owner: str, lease: timedelta
    ) -> dict[str, CustomerClaim]:
        """What is known of customers by key; where nothing is, the right to find or create it, for one worker."""
        rows = [(key,) for key in sorted(set(keys))]
        if not rows:
            return {}
        with self._store.write() as db:
            now = self._store.now(db)
            hold = {"connection": connection, "owner": owner, "until": now + lease, "now": now}
            if _MAKE.run(db, rows, **hold) == len(rows):
                return {key: CustomerClaim(None, mine=True) for (key,) in rows}
            self._lock_customers(db, connection, rows)
            hold |= {"now": (now := self._store.now(db)), "until": now + lease}
            _CLAIM.run(db, rows, **hold)
            return {
                key: CustomerClaim(
                    CustomerRef.model_validate(parsed(ref)) if ref else None,
                    holder == owner,
                    t.moment_of(sent_at),
                    looks,
                )
                for key, ref, holder, sent_at, looks in _STANDING.ask(db, rows, connection=connection)
            }

    def known_customers(self, connection: str, keys: Sequence[str]) -> dict[str, CustomerRef]:
        """The customers that were found or created before, by key."""
        with self._store.read() as db:
            found = _KNOWN.ask(db, [(key,) for key in keys], connection=connection)
            return {key: CustomerRef.model_validate(parsed(ref)) for key, ref in found}

    def _lock_customers(self, db: Connection, connection: str, rows: Sequence[tuple[str]]) -> None:
        """In the order in which everybody locks them."""
        if not self._store.sqlite:
            _LOCK.ask(db, rows, connection=connection)

    def record_customers(
        self,
        connection: str,
        *,
        owner: str,
        refs: Mapping[str, CustomerRef] | None = None,
        sent: Sequence[str] = (),
        looked: Sequence[str] = (),
        unsent: Sequence[str] = (),
        free: Sequence[str] = (),
    ) -> set[str]:
        """Record about claimed customers, by key and in one commit: who they are there (`refs`), that a create is
        about to leave (`sent`), that it was looked for in vain (`looked`), that it surely did not happen (`unsent`),
        that the claim is given up (`free`).

        Answers the keys whose claim was lost: for `sent` this means that it must not be sent.
        """
        named = refs or {}
        rows = [(key,) for key in sorted({*named, *sent, *looked, *unsent, *free})]
        with self._store.write() as db:
            self._lock_customers(db, connection, rows)
            lost = {key for (key,) in _LOST.ask(db, rows, connection=connection, owner=owner)}
            now = self._store.now(db)
            for change, keys in ((_LOOKED, looked), (_SENT, sent), (_UNSENT, unsent), (_FREE, free)):
                change.run(db, [(key,) for key in keys if key not in lost], connection=connection, now=now)
            who = [(key, ref.model_dump()) for key, ref in named.items() if key not in lost]
            _NAMED.run(db, who, connection=connection, now=now)
        return lost

    def renew_customers(
        self, connection: str, keys: Sequence[str], *, owner: str, lease: timedelta
    ) -> set[str]:
        """Hold these claims for `lease` from now. Answers the keys that another worker has taken over."""
        rows = [(key,) for key in sorted(set(keys))]
        with self._store.write() as db:
            self._lock_customers(db, connection, rows)
            until = self._store.now(db) + lease
            held = _RENEW.ask(db, rows, connection=connection, owner=owner, until=until)
            return set(keys) - {key for (key,) in held}

    def report_twin_customer(self, connection: str, key: str, ref: CustomerRef) -> CustomerRef | None:
        """A worker that had lost its claim made `ref` all the same. Answers who the customer is, if another one."""
        with self._store.write() as db:
            known = db.execute(
                sa.select(c.ref).where(c.connection == connection, c.key == key)
            ).scalar_one_or_none()
            if known is None or known["id"] == ref.id:
                return None
            db.execute(
                t.customers.update().where(c.connection == connection, c.key == key).values(twin=ref.id)
            )
            return CustomerRef.model_validate(known)

    def twin_customers(self, connection: str) -> dict[str, tuple[str, str]]:
        """Customers that stand twice on a target: key → the one that is used, the other one."""
        with self._store.read() as db:
            found = db.execute(
                sa.select(c.key, c.ref, c.twin).where(c.connection == connection, c.twin.is_not(None))
            )
            return {key: ((ref or {}).get("id", ""), twin) for key, ref, twin in found}

    def forget_customer(self, connection: str, key: str) -> None:
        """The target's customer is gone: find or create it anew the next time."""
        with self._store.write() as db:
            db.execute(t.customers.delete().where(c.connection == connection, c.key == key))
