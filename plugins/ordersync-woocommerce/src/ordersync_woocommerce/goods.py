"""Products by SKU, and how many of them can be sold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ordersync import Ambiguous, Done, Failed, Item, Outcome, Stock
from ordersync_woocommerce import wire
from ordersync_woocommerce.mapping import item_of, stock_of
from ordersync_woocommerce.shop import Shop

__all__ = ["resolve", "stocks"]

_FIELDS = (
    "id,name,type,status,sku,price,parent_id,virtual,"
    "manage_stock,stock_quantity,stock_status,backorders_allowed"
)
_LONGEST_LIST = 40
_MARKUP = re.compile(r"<[^>]*>")


def resolve(shop: Shop, skus: Sequence[str], currency: str | None) -> list[Outcome[Item | None]]:
    """Each SKU's product or variation: the one that is sold, two of them are ambiguous.

    The shop searches regardless of case and accents; only an equal SKU counts.
    """
    hits: dict[str, dict[int, wire.Product]] = {sku: {} for sku in skus}
    for found in _products(shop, hits):
        if found.sku in hits:
            hits[found.sku][found.id] = found
    return [_the_sold(sku, [item_of(found, currency) for found in hits[sku].values()]) for sku in skus]


def stocks(shop: Shop, items: Sequence[Item]) -> list[Outcome[Stock | None]]:
    """By SKU again: a list of ids gives products only, a list of SKUs gives variations too."""
    wanted = {item.variant_id or item.product_id: item for item in items}
    found = {str(row.id): stock_of(row) for row in _products(shop, [item.sku for item in wanted.values()])}
    return [Done(found.get(item.variant_id or item.product_id)) for item in items]


def _products(shop: Shop, skus: Iterable[str]) -> Iterator[wire.Product]:
    """A SKU with a comma must be asked for alone; a blank beside a comma, or an empty one, gives anything at all."""
    plain: list[str] = []
    alone: list[str] = []
    for sku in dict.fromkeys(skus):
        if not _askable(sku):
            continue
        (alone if "," in sku else plain).append(sku)
    lists = [plain[start : start + _LONGEST_LIST] for start in range(0, len(plain), _LONGEST_LIST)]
    for asked in [*lists, *([sku] for sku in alone)]:
        yield from shop.rows(wire.Product, "products", sku=",".join(asked), _fields=_FIELDS)


def _askable(sku: str) -> bool:
    """SKUs are trimmed and stripped of markup when they are stored: others cannot exist there."""
    return bool(sku) and sku == sku.strip() and not _MARKUP.search(sku)


def _the_sold(sku: str, items: Sequence[Item]) -> Outcome[Item | None]:
    sold = [item for item in items if item.sellable]
    if len(sold) > 1:
        ids = tuple(item.variant_id or item.product_id for item in sold)
        return Failed(Ambiguous(f"Several products have the SKU {sku!r}.", candidates=ids))
    return Done(next(iter(sold or items), None))
