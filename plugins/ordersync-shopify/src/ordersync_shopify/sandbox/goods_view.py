"""How people, products, stock and places are read. One table per GraphQL type: field → function.

A field that no table names is read from the record under its own name.
"""

# ruff: noqa: ARG001, ARG005, N803 - resolvers take the vendor's arguments under the vendor's names

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import GraphQLError

from ordersync import ZERO

from .paging import Slice, sliced
from .pricing import financial_status
from .records import SHOP_CURRENCY, Record, View, gid, legacy, number_of
from .shapes import APP_NAMESPACE
from .visit import Visit, listed

__all__ = ["METAFIELDS", "NOBODY", "TABLES", "Resolver", "seen"]

Resolver = Callable[..., Any]
NOBODY: Record = {}
_LEVELS = (
    "available", "on_hand", "committed", "incoming", "reserved", "damaged", "quality_control", "safety_stock",
)  # fmt: skip


def seen(kind: str, record: Record | None) -> View | None:
    """A record that belongs to no order, as a resolver answers it."""
    return View(kind, record, NOBODY) if record is not None else None


def _metafield(view: View, visit: Visit, key: str, namespace: str | None = None) -> View | None:
    space = namespace or APP_NAMESPACE
    for one in view.it.get("metafields", ()):
        if (one["namespace"], one["key"]) == (space, key):
            return View("Metafield", one, view.order)
    return None


def metafields_of(
    view: View, visit: Visit, namespace: Any = None, keys: Any = None, **page: Any
) -> Slice[Any]:
    rows = [
        one
        for one in view.it.get("metafields", ())
        if (not namespace or one["namespace"] == namespace)
        and (not keys or one["key"] in keys or f"{one['namespace']}.{one['key']}" in keys)
    ]
    return listed(visit, "Metafield", rows, view.order, **page)


METAFIELDS: dict[str, Resolver] = {"metafield": _metafield, "metafields": metafields_of}


def _customer_orders(
    view: View, visit: Visit, query: Any = None, sortKey: str = "ID", **page: Any
) -> Slice[Any]:
    visit.need("read_orders", what="orders")
    rows = [
        one for one in visit.store.orders.values() if one["customer"] == view["id"] and visit.reachable(one)
    ]
    return _orders_page(visit, rows, sortKey, bool(page.pop("reverse", False)), **page)


def _orders_page(visit: Visit, rows: list[Record], sort: str, reverse: bool, **page: Any) -> Slice[Any]:
    """A page of some orders by their own (not the index's) dates."""
    name = {"CREATED_AT": "createdAt", "UPDATED_AT": "updatedAt", "PROCESSED_AT": "processedAt"}.get(
        sort, "id"
    )
    rows.sort(key=lambda one: (one[name], one["id"]), reverse=reverse)
    return sliced(
        rows,
        lambda one: (one[name], one["id"]),
        lambda one: View("Order", one, one),
        visit.cap,
        reverse=reverse,
        **page,
    )


def _bought(view: View, visit: Visit) -> list[Record]:
    return [one for one in visit.store.orders.values() if one["customer"] == view["id"]]


def _spent(view: View, visit: Visit) -> Record:
    store = visit.store
    paid = [
        store.totals(one, "current")["total"][0]
        for one in _bought(view, visit)
        if financial_status(one, store.totals(one, "edited")["total"]) in ("PAID", "PARTIALLY_REFUNDED")
    ]
    return {"amount": sum(paid, ZERO), "currencyCode": SHOP_CURRENCY}


def _last_order(view: View, visit: Visit) -> View | None:
    last = max(_bought(view, visit), key=lambda one: (one["createdAt"], one["id"]), default=None)
    return View("Order", last, last) if last else None


def _name(view: View, visit: Visit) -> str | None:
    return " ".join(part for part in (view["firstName"], view["lastName"]) if part) or None


def _formatted(view: View, visit: Visit, withName: bool = False, withCompany: bool = True) -> list[str]:
    place = " ".join(part for part in (view["city"], view["provinceCode"], view["zip"]) if part)
    name = _name(view, visit) if withName else None
    company = view["company"] if withCompany else None
    return [
        part for part in (name, company, view["address1"], view["address2"], place, view["country"]) if part
    ]


def _plain_id(kind: str) -> dict[str, Resolver]:
    return {
        "id": lambda view, visit: gid(kind, view["id"]),
        "legacyResourceId": lambda view, visit: legacy(view.it),
    }


def _level(view: View, place: str, visit: Visit) -> Record:
    return {"variant": view.it, "place": place, "levels": view["levels"][place]}


def _quantities(view: View, visit: Visit, names: list[str]) -> list[Record]:
    variant, place = view["variant"], view["place"]
    for name in names:
        if name not in _LEVELS:
            raise GraphQLError(f"The quantity name {name} isn't valid.", extensions={"code": "INVALID_NAME"})
    return [
        {
            "id": gid("InventoryQuantity", f"{variant['id']}-{place}?name={name}"),
            "name": name,
            "quantity": view["levels"].get(name, 0),
            "updatedAt": variant["updatedAt"],
        }
        for name in names
    ]


def _stock_at(view: View, visit: Visit, **page: Any) -> Slice[Any]:
    page = {name: page[name] for name in ("first", "last", "after", "before", "reverse") if name in page}
    rows = [_level(view, place, visit) for place in view["levels"]]
    return listed(visit, "InventoryLevel", rows, NOBODY, **page)


def _stock_here(view: View, visit: Visit, **page: Any) -> Slice[Any]:
    page = {name: page[name] for name in ("first", "last", "after", "before", "reverse") if name in page}
    place = str(view["id"])
    rows = [
        {"variant": one, "place": place, "levels": one["levels"][place]}
        for one in visit.store.variants.values()
        if place in one["levels"]
    ]
    return listed(visit, "InventoryLevel", rows, NOBODY, **page)


def _one_level(view: View, visit: Visit, locationId: str, includeInactive: bool = False) -> View | None:
    place = str(number_of(locationId, "Location"))
    return seen("InventoryLevel", _level(view, place, visit)) if place in view["levels"] else None


def _stock(view: View, visit: Visit) -> int:
    return sum(level["available"] for level in view["levels"].values())


def _siblings(view: View, visit: Visit, sortKey: Any = None, **page: Any) -> Slice[Any]:
    rows = [one for one in visit.store.variants.values() if one["product"] == view["id"]]
    return listed(visit, "ProductVariant", rows, NOBODY, **page)


def _items_variants(view: View, visit: Visit, **page: Any) -> Slice[Any]:
    return listed(visit, "ProductVariant", [view.it], NOBODY, **page)


def _twins(view: View, visit: Visit) -> int:
    sku = view["sku"]
    return sum(one["sku"] == sku for one in visit.store.variants.values()) if sku else 0


TABLES: dict[str, dict[str, Resolver]] = {
    "Customer": {
        **_plain_id("Customer"), **METAFIELDS,
        "displayName": lambda view, visit: _name(view, visit) or view["email"] or view["phone"] or "",
        "defaultAddress": lambda view, visit: seen("MailingAddress", next(iter(view["addresses"]), None)),
        "addresses": lambda view, visit, first=None: [seen("MailingAddress", one) for one in view["addresses"][:first]],
        "addressesV2": lambda view, visit, **page: listed(
            visit, "MailingAddress", view["addresses"], NOBODY, **page
        ),
        "defaultEmailAddress": lambda view, visit: (
            {"emailAddress": view["email"], "marketingState": "NOT_SUBSCRIBED"} if view["email"] else None
        ),
        "defaultPhoneNumber": lambda view, visit: (
            {"phoneNumber": view["phone"], "marketingState": "NOT_SUBSCRIBED"} if view["phone"] else None
        ),
        "verifiedEmail": lambda view, visit: bool(view["email"]),
        "numberOfOrders": lambda view, visit: str(len(_bought(view, visit))),
        "amountSpent": _spent, "lastOrder": _last_order, "orders": _customer_orders,
    },
    "MailingAddress": {
        "id": lambda view, visit: f"{gid('MailingAddress', view['id'])}?model_name=Address",
        "countryCodeV2": lambda view, visit: view["countryCode"],
        "name": _name, "formatted": _formatted,
        "formattedArea": lambda view, visit: ", ".join(
            part for part in (view["city"], view["provinceCode"], view["country"]) if part
        ),
        "coordinatesValidated": lambda view, visit: False,
    },
    "Metafield": {"id": lambda view, visit: gid("Metafield", view["id"])},
    "Product": {
        **_plain_id("Product"), **METAFIELDS,
        "variants": _siblings,
        "variantsCount": lambda view, visit: {
            "count": sum(one["product"] == view["id"] for one in visit.store.variants.values()), "precision": "EXACT",
        },
        "totalInventory": lambda view, visit: sum(
            level["available"]
            for one in visit.store.variants.values() if one["product"] == view["id"]
            for level in one["levels"].values()
        ),
        "description": lambda view, visit, truncateAt=None: "",
    },
    "ProductVariant": {
        **_plain_id("ProductVariant"), **METAFIELDS,
        "product": lambda view, visit: seen("Product", visit.store.products[view["product"]]),
        "inventoryItem": lambda view, visit: View("InventoryItem", view.it, NOBODY),
        "inventoryQuantity": _stock, "sellableOnlineQuantity": _stock,
        "availableForSale": lambda view, visit: _stock(view, visit) > 0 or view["inventoryPolicy"] == "CONTINUE",
        "displayName": lambda view, visit: f"{visit.store.products[view['product']]['title']} - {view['title']}",
        "requiresComponents": lambda view, visit: False,
    },
    "InventoryItem": {
        **_plain_id("InventoryItem"),
        "inventoryLevels": _stock_at, "inventoryLevel": _one_level, "duplicateSkuCount": _twins,
        "variant": lambda view, visit: View("ProductVariant", view.it, NOBODY), "variants": _items_variants,
        "locationsCount": lambda view, visit: {"count": len(view["levels"]), "precision": "EXACT"},
        "requiresShipping": lambda view, visit: True,
    },
    "InventoryLevel": {
        "id": lambda view, visit: gid(
            "InventoryLevel", f"{view['place']}?inventory_item_id={view['variant']['id']}"
        ),
        "item": lambda view, visit: View("InventoryItem", view["variant"], NOBODY),
        "location": lambda view, visit: seen("Location", visit.store.locations[int(view["place"])]),
        "quantities": _quantities,
        "isActive": lambda view, visit: True, "canDeactivate": lambda view, visit: True,
        "createdAt": lambda view, visit: view["variant"]["createdAt"],
        "updatedAt": lambda view, visit: view["variant"]["updatedAt"],
    },
    "Location": {
        **_plain_id("Location"),
        "inventoryLevels": _stock_here,
        "inventoryLevel": lambda view, visit, inventoryItemId, includeInactive=False: _one_level(
            View("InventoryItem", visit.store.variants[number_of(inventoryItemId, "InventoryItem") or 0], NOBODY),
            visit, gid("Location", view["id"]),
        ),
        "hasActiveInventory": lambda view, visit: True, "fulfillsOnlineOrders": lambda view, visit: True,
        "isFulfillmentService": lambda view, visit: False, "shipsInventory": lambda view, visit: True,
    },
    "Job": {
        "id": lambda view, visit: gid("Job", view["name"]),
        "done": lambda view, visit: view["due"] <= visit.store.clock_now(),
    },
    "WebhookSubscription": {
        **_plain_id("WebhookSubscription"),
        "callbackUrl": lambda view, visit: view["uri"],
        "apiVersion": lambda view, visit: {
            "handle": view["version"], "displayName": view["version"], "supported": view["version"] in visit.versions,
        },
        "metafields": lambda view, visit: [],
    },
}  # fmt: skip
