"""The customers of a target: found or created once, by one worker at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from ordersync.ledger import tables as t
from ordersync.ledger.bulk import Bulk
from ordersync.ledger.store import Store
from ordersync.model import CustomerRef

__all__ = ["CustomerBook", "CustomerClaim"]

_FIELDS = ("ref", "sent_at", "looks", "looked_at", "owner", "lease_until")
_WRITTEN = (*_FIELDS, "updated_at")
_UPDATE = Bulk(
    t.customers.update()
    .where(
        t.customers.c.connection == sa.bindparam("of_connection"),
        t.customers.c.key == sa.bindparam("of_customer"),
    )
    .values({name: sa.bindparam(f"new_{name}") for name in _WRITTEN}),
    ("of_connection", "of_customer", *(f"new_{name}" for name in _WRITTEN)),
)


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
    _insert: Any

    def claim_customers(
        self, connection: str, keys: Sequence[str], *, owner: str, lease: timedelta
    ) -> dict[str, CustomerClaim]:
        """What is known of customers by key; where nothing is, the right to find or create it, for one worker."""
        if not keys:
            return {}
        c = t.customers.c
        with self._store.write() as db:
            now = self._store.now(db)
            db.execute(
                self._insert(t.customers).on_conflict_do_nothing(),
                [{"connection": connection, "key": key, "looks": 0, "updated_at": now} for key in keys],
            )
            db.execute(
                t.customers.update()
                .where(
                    c.connection == connection,
                    c.key.in_(keys),
                    c.ref.is_(None),
                    sa.or_(c.owner.is_(None), c.owner == owner, c.lease_until < now),
                )
                .values(owner=owner, lease_until=now + lease, updated_at=now)
            )
            rows = db.execute(
                sa.select(t.customers).where(c.connection == connection, c.key.in_(keys))
            ).mappings()
            return {
                row["key"]: CustomerClaim(
                    CustomerRef.model_validate(row["ref"]) if row["ref"] else None,
                    row["owner"] == owner,
                    row["sent_at"],
                    row["looks"],
                )
                for row in rows
            }

    def known_customers(self, connection: str, keys: Sequence[str]) -> dict[str, CustomerRef]:
        """The customers that were found or created before, by key."""
        c = t.customers.c
        with self._store.read() as db:
            found = db.execute(
                sa.select(c.key, c.ref).where(c.connection == connection, c.key.in_(keys), c.ref.is_not(None))
            )
            return {key: CustomerRef.model_validate(ref) for key, ref in found}

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
        given_up = {"owner": None, "lease_until": None}
        changes: dict[str, dict[str, Any]] = {
            **{
                key: {"ref": ref.model_dump(), "sent_at": None, **given_up}
                for key, ref in (refs or {}).items()
            },
            **{key: {"sent_at": ..., "looks": 0, "looked_at": None} for key in sent},
            **{key: {"sent_at": None, "looks": 0, **given_up} for key in unsent},
            **{key: dict(given_up) for key in free},
        }
        c = t.customers.c
        with self._store.write() as db:
            now = self._store.now(db)
            wanted = sorted({*changes, *looked})
            standing = db.execute(
                sa.select(t.customers)
                .where(c.connection == connection, c.key.in_(wanted))
                .order_by(c.key)
                .with_for_update()
            ).mappings()
            rows = []
            for row in standing:
                if row["owner"] != owner:
                    continue
                values = {name: row[name] for name in _FIELDS} | changes.get(row["key"], {})
                if values["sent_at"] is ...:
                    values["sent_at"] = now
                if row["key"] in looked:
                    values |= {"looks": row["looks"] + 1, "looked_at": now}
                rows.append(
                    {
                        "of_connection": connection,
                        "of_customer": row["key"],
                        "new_updated_at": now,
                        **{f"new_{name}": value for name, value in values.items()},
                    }
                )
            _UPDATE.execute(db, rows)
        return set(wanted) - {row["of_customer"] for row in rows}

    def renew_customers(
        self, connection: str, keys: Sequence[str], *, owner: str, lease: timedelta
    ) -> set[str]:
        """Hold these claims for `lease` from now. Answers the keys that another worker has taken over."""
        c = t.customers.c
        with self._store.write() as db:
            now = self._store.now(db)
            held = db.execute(
                t.customers.update()
                .where(c.connection == connection, c.key.in_(keys), c.owner == owner)
                .values(lease_until=now + lease)
                .returning(c.key)
            )
            return set(keys) - set(held.scalars())

    def report_twin_customer(self, connection: str, key: str, ref: CustomerRef) -> CustomerRef | None:
        """A worker that had lost its claim made `ref` all the same. Answers who the customer is, if another one."""
        c = t.customers.c
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
        c = t.customers.c
        with self._store.read() as db:
            found = db.execute(
                sa.select(c.key, c.ref, c.twin).where(c.connection == connection, c.twin.is_not(None))
            )
            return {key: ((ref or {}).get("id", ""), twin) for key, ref, twin in found}

    def forget_customer(self, connection: str, key: str) -> None:
        """The target's customer is gone: find or create it anew the next time."""
        c = t.customers.c
        with self._store.write() as db:
            db.execute(t.customers.delete().where(c.connection == connection, c.key == key))
