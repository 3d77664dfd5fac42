"""The items of a target as they were looked up last: what is young enough need not be asked again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ordersync.ledger import tables as t
from ordersync.ledger.store import Store
from ordersync.model import Item

__all__ = ["ItemBook"]

AT_ONCE = 500


class ItemBook:
    """The part of the ledger that knows items."""

    _store: Store
    _insert: Any

    def known_items(self, connection: str, skus: Sequence[str], since: datetime) -> dict[str, Item]:
        """Those of these items that were looked up at `since` or later, by SKU."""
        c = t.items.c
        found: dict[str, Item] = {}
        with self._store.read() as db:
            for start in range(0, len(skus), AT_ONCE):
                rows = db.execute(
                    sa.select(c.sku, c.item).where(
                        c.connection == connection,
                        c.sku.in_(skus[start : start + AT_ONCE]),
                        c.looked_up_at >= since,
                    )
                )
                found |= {sku: Item.model_validate(item) for sku, item in rows}
        return found

    def remember_items(self, connection: str, items: Mapping[str, Item], at: datetime) -> None:
        """Remember what was looked up, by the SKU that was asked for; one commit."""
        if not items:
            return
        insert = self._insert(t.items)
        with self._store.write() as db:
            db.execute(
                insert.on_conflict_do_update(
                    index_elements=["connection", "sku"],
                    set_={"item": insert.excluded["item"], "looked_up_at": insert.excluded["looked_up_at"]},
                ),
                [
                    {
                        "connection": connection,
                        "sku": sku,
                        "item": item.model_dump(mode="json"),
                        "looked_up_at": at,
                    }
                    for sku, item in items.items()
                ],
            )

    def forget_items(self, connection: str, skus: Sequence[str]) -> None:
        """Forget what was looked up."""
        if not skus:
            return
        c = t.items.c
        with self._store.write() as db:
            db.execute(t.items.delete().where(c.connection == connection, c.sku.in_(list(skus))))
