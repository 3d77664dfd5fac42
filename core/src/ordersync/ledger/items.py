"""The items of a target as they were looked up last: what is young enough need not be asked again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ordersync.ledger import tables as t
from ordersync.ledger.ready import Ready, given
from ordersync.ledger.rows import among, parsed
from ordersync.ledger.store import Store
from ordersync.model import Item

__all__ = ["ItemBook"]

c = t.items.c
_SKUS = given(sku=sa.String)
_THESE = c.connection == sa.bindparam("of_connection"), among(c.sku, _SKUS)
_KNOWN = Ready(
    sa.select(c.sku, c.item).where(
        *_THESE, c.looked_up_at >= sa.bindparam("since", type_=c.looked_up_at.type)
    ),
    _SKUS,
)
_FORGET = Ready(t.items.delete().where(*_THESE), _SKUS)
_FOUND = given(sku=sa.String, item=c.item.type)
_REMEMBER = Ready(
    lambda insert: _replacing(
        insert(t.items).from_select(
            ["connection", "sku", "item", "looked_up_at"],
            sa.select(
                sa.bindparam("of_connection", type_=c.connection.type),
                *_FOUND.columns,
                sa.bindparam("at", type_=c.looked_up_at.type),
            ).where(_FOUND.c.sku.is_not(None)),
        )
    ),
    _FOUND,
)


def _replacing(insert: Any) -> Any:
    return insert.on_conflict_do_update(
        index_elements=["connection", "sku"],
        set_={name: insert.excluded[name] for name in ("item", "looked_up_at")},
    )


class ItemBook:
    """The part of the ledger that knows items."""

    _store: Store

    def known_items(self, connection: str, skus: Sequence[str], since: datetime) -> dict[str, Item]:
        """Those of these items that were looked up at `since` or later, by SKU."""
        with self._store.read() as db:
            found = _KNOWN.ask(db, [(sku,) for sku in skus], of_connection=connection, since=since)
        return {sku: Item.model_validate(parsed(item)) for sku, item in found}

    def remember_items(self, connection: str, items: Mapping[str, Item], at: datetime) -> None:
        """Remember what was looked up, by the SKU that was asked for; one commit."""
        if not items:
            return
        rows = [(sku, item.model_dump(mode="json")) for sku, item in sorted(items.items())]
        with self._store.write() as db:
            _REMEMBER.run(db, rows, of_connection=connection, at=at)

    def forget_items(self, connection: str, skus: Sequence[str]) -> None:
        """Forget what was looked up."""
        if not skus:
            return
        with self._store.write() as db:
            _FORGET.run(db, [(sku,) for sku in sorted(set(skus))], of_connection=connection)
