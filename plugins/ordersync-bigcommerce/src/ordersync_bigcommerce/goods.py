"""Variants by SKU, and how many of them can be sold."""

from __future__ import annotations

from collections.abc import Sequence

from ordersync import Ambiguous, Done, Failed, Item, Outcome, Stock
from ordersync_bigcommerce import wire
from ordersync_bigcommerce.api import Api, read_as
from ordersync_bigcommerce.mapping import item_of, stock_of

__all__ = ["check_many", "resolve_many"]

PRODUCT_FIELDS = "name,type,is_visible,availability,inventory_tracking"


def resolve_many(api: Api, skus: Sequence[str], currency: str | None) -> list[Outcome[Item | None]]:
    """The variant of each SKU, compared exactly.

    Several at once are asked for by `sku:in`, which the reference does not name though it is widely used; so a SKU
    that is not among its rows is asked for by `sku`, which is documented, before it counts as unknown.
    """
    wanted = list(dict.fromkeys(sku for sku in skus if sku))
    found: dict[str, dict[int, wire.Variant]] = {sku: {} for sku in wanted}
    joined = [sku for sku in wanted if "," not in sku]
    if len(joined) > 1:
        _note(found, api.ask("v3/catalog/variants", {"sku:in": ",".join(joined), "limit": "250"}))
    for sku in wanted:
        if not found[sku]:
            _note(found, api.ask("v3/catalog/variants", {"sku": sku, "limit": "250"}))
    products = _products(api, {one.product_id for hits in found.values() for one in hits.values()})
    return [_chosen(sku, list(found.get(sku, {}).values()), products, currency) for sku in skus]


def check_many(api: Api, items: Sequence[Item], location: int | None) -> list[Outcome[Stock | None]]:
    """What can be sold of each; an item whose stock is not tracked is always there."""
    ids = sorted({item.variant_id for item in items if item.variant_id and item.tracks_stock}, key=int)
    found: dict[str, Stock] = {}
    if ids:
        for row in api.data("v3/inventory/items", {"variant_id:in": ",".join(ids)}):
            item = read_as(wire.InventoryItem, row)
            found[str(item.identity.variant_id)] = stock_of(item, location)
    return [
        Done(found.get(item.variant_id or "") if item.tracks_stock else Stock(available=None))
        for item in items
    ]


def _note(found: dict[str, dict[int, wire.Variant]], answer: object) -> None:
    """Keep the rows whose SKU was asked for; others came because the filter was passed over."""
    rows = answer.get("data") if isinstance(answer, dict) else None
    for row in rows or ():
        variant = read_as(wire.Variant, row)
        if variant.sku in found:
            found[variant.sku][variant.id] = variant


def _products(api: Api, ids: set[int]) -> dict[int, wire.Product]:
    if not ids:
        return {}
    asked = {"id:in": ",".join(map(str, sorted(ids))), "include_fields": PRODUCT_FIELDS}
    rows = [read_as(wire.Product, row) for row in api.data("v3/catalog/products", asked)]
    return {one.id: one for one in rows if one.id in ids}


def _chosen(
    sku: str, variants: Sequence[wire.Variant], products: dict[int, wire.Product], currency: str | None
) -> Outcome[Item | None]:
    """The variant that is sold; one that is not only if there is no other."""
    items = [item_of(one, products.get(one.product_id), currency) for one in variants]
    sold = [item for item in items if item.sellable]
    if len(sold) > 1:
        candidates = tuple(item.variant_id or item.product_id for item in sold)
        return Failed(Ambiguous(f"Several variants have the SKU {sku!r}.", candidates=candidates))
    return Done(next(iter(sold or items), None))
