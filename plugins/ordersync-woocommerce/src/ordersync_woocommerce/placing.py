"""Orders as a target: found by their key, created one by one or in batches, changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ordersync import (
    Ambiguous,
    Change,
    Done,
    Draft,
    Failed,
    InDoubt,
    OrderRef,
    OrderSyncError,
    Outcome,
    Placed,
    Refused,
    UnexpectedReply,
    UpdateAsk,
)
from ordersync_woocommerce import marks, wire
from ordersync_woocommerce.account import Knowledge
from ordersync_woocommerce.asking import asked_order
from ordersync_woocommerce.batches import entries, refusal
from ordersync_woocommerce.changing import asked_change
from ordersync_woocommerce.mapping import placed_of
from ordersync_woocommerce.settings import WooCommerceSettings
from ordersync_woocommerce.shop import Shop, read_as

__all__ = ["Desk"]


class Desk:
    """Writes orders into one shop."""

    def __init__(self, shop: Shop, settings: WooCommerceSettings) -> None:
        self._shop = shop
        self._settings = settings

    # -- finding ----------------------------------------------------------------------------------------------

    def find(self, keys: Sequence[str]) -> list[Outcome[Placed | None]]:
        """Each key's order: among those that stand, then in the trash, which no listing shows.

        Raises UnexpectedReply if the shop does not filter: "not among them" would mean nothing.
        """
        wanted = list(dict.fromkeys(keys))
        hits = self._by_key(wanted)
        left = [key for key in wanted if not hits[key]]
        if left:
            hits |= self._by_key(left, status="trash")
        return [_only(key, hits[key]) for key in keys]

    def _by_key(self, keys: Sequence[str], **more: str) -> dict[str, list[wire.Order]]:
        hits: dict[str, list[wire.Order]] = {key: [] for key in keys}
        spelled = {key.lower() for key in keys}
        for order in self._shop.rows(wire.Order, "orders", created_via=",".join(keys), **more):
            if order.created_via.lower() not in spelled:
                raise UnexpectedReply(
                    "The shop does not filter orders by `created_via`: it gives others than were asked for.",
                    remedy="Update WooCommerce to 9.9 or later, and look for a plugin that changes its REST API.",
                )
            if order.created_via in hits:
                hits[order.created_via].append(order)
        return hits

    # -- creating ---------------------------------------------------------------------------------------------

    def create(self, draft: Draft, known: Knowledge) -> Placed:
        """One `POST /orders`, whole."""
        known.require_writable()
        body = asked_order(draft, self._settings, known.rules)
        try:
            data = self._shop.post("orders", body).data
        except Refused:
            self._clear(draft.key)
            raise
        return _created(data, draft)

    def create_many(self, drafts: Sequence[Draft], known: Knowledge) -> list[Outcome[Placed]]:
        """One `POST /orders/batch`. Each entry succeeds or fails by itself; one that is fatal leaves all in doubt."""
        known.require_writable()
        outcomes: dict[int, Outcome[Placed]] = {}
        bodies = []
        for i, draft in enumerate(drafts):
            try:
                bodies.append((i, asked_order(draft, self._settings, known.rules)))
            except Refused as error:
                outcomes[i] = Failed(error)
        if bodies:
            answers = entries(self._shop, "orders", "create", [body for _, body in bodies])
            for (i, _), answer in zip(bodies, answers, strict=True):
                outcomes[i] = self._entry(answer, drafts[i])
        return [outcomes[i] for i in range(len(drafts))]

    def _entry(self, answer: Any, draft: Draft) -> Outcome[Placed]:
        try:
            refused = refusal(answer)
            if refused is not None:
                self._clear(draft.key)
                return Failed(refused)
            return Done(_created(answer, draft))
        except OrderSyncError as error:
            return Failed(error)

    def _clear(self, key: str) -> None:
        """An error that WooCommerce meets late leaves the order as a `checkout-draft` with our key: it is removed.

        What cannot be removed harms nobody: drafts of the checkout are shown nowhere, and the shop clears them.
        """
        try:
            for order in self._by_key([key], status="checkout-draft")[key]:
                self._shop.delete(f"orders/{order.id}", force="true")
        except OrderSyncError:
            return

    # -- changing ---------------------------------------------------------------------------------------------

    def change(self, ref: OrderRef, change: Change, key: str) -> Placed:
        """Look, and change what is not so yet."""
        found = self._shop.one(wire.Order, f"orders/{ref.id}")
        body = asked_change(found, change, key)
        if body is not None:
            found = read_as(wire.Order, self._shop.put(f"orders/{ref.id}", body).data, wrote=True)
        return placed_of(found, marks.key_of(found) or key)

    def change_many(self, asks: Sequence[UpdateAsk]) -> list[Outcome[Placed]]:
        """Look at all, change those that are not so yet in one batch."""
        ids = list(dict.fromkeys(ask.ref.id for ask in asks))
        if len(ids) < len(asks) or not all(order_id.isdecimal() for order_id in ids):
            return [self._changed_alone(ask) for ask in asks]
        there = {
            str(order.id): order for order in self._shop.rows(wire.Order, "orders", include=",".join(ids))
        }
        outcomes: dict[int, Outcome[Placed]] = {}
        bodies = []
        for i, ask in enumerate(asks):
            found = there.get(ask.ref.id)
            if found is None:
                outcomes[i] = self._changed_alone(ask)
                continue
            try:
                body = asked_change(found, ask.change, ask.key)
            except OrderSyncError as error:
                outcomes[i] = Failed(error)
                continue
            if body is None:
                outcomes[i] = Done(placed_of(found, marks.key_of(found) or ask.key))
            else:
                bodies.append((i, {"id": found.id, **body}))
        if bodies:
            answers = entries(self._shop, "orders", "update", [body for _, body in bodies])
            for (i, _), answer in zip(bodies, answers, strict=True):
                outcomes[i] = _updated(answer, asks[i])
        return [outcomes[i] for i in range(len(asks))]

    def _changed_alone(self, ask: UpdateAsk) -> Outcome[Placed]:
        try:
            return Done(self.change(ask.ref, ask.change, ask.key))
        except OrderSyncError as error:
            return Failed(error)


def _only(key: str, hits: Sequence[wire.Order]) -> Outcome[Placed | None]:
    if len(hits) > 1:
        ids = tuple(str(order.id) for order in hits)
        return Failed(Ambiguous(f"Several orders carry {key}.", candidates=ids))
    return Done(placed_of(hits[0], key) if hits else None)


def _created(data: Any, draft: Draft) -> Placed:
    """What was made, if it carries our key: else it could not be found again."""
    found = read_as(wire.Order, data, wrote=True)
    if found.created_via != draft.key or not found.id:
        raise InDoubt(
            f"The shop made order {found.id or '?'} without our key, so it cannot be found again.",
            remedy="Remove it there, and look for a plugin that changes how orders are created.",
        )
    return placed_of(found, draft.key)


def _updated(answer: Any, ask: UpdateAsk) -> Outcome[Placed]:
    try:
        refused = refusal(answer)
        if refused is not None:
            return Failed(refused)
        found = read_as(wire.Order, answer, wrote=True)
    except OrderSyncError as error:
        return Failed(error)
    return Done(placed_of(found, marks.key_of(found) or ask.key))
