"""The questions that a query can begin with: which records they answer, who may ask, and in which order."""

# ruff: noqa: ARG001, N803 - resolvers take the vendor's arguments under the vendor's names

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from graphql import GraphQLError

from .goods_view import NOBODY, Resolver, seen
from .paging import Slice
from .people import customer_by
from .records import SHOP_CURRENCY, SHOP_DOMAIN, Record, View, gid, number_of
from .shapes import APP_NAMESPACE, BORN
from .visit import Visit, listed, searched

__all__ = ["ROOTS", "node_of"]

_ORDER_SORT: dict[str, Callable[[int, Record], Any]] = {
    "CREATED_AT": lambda _, document: document["created_at"],
    "UPDATED_AT": lambda _, document: document["updated_at"],
    "PROCESSED_AT": lambda _, document: document["processed_at"],
    "ORDER_NUMBER": lambda _, document: document["order_number"],
    "TOTAL_PRICE": lambda _, document: document["total_price"],
    "CURRENT_TOTAL_PRICE": lambda _, document: document["current_total_price"],
    "TOTAL_ITEMS_QUANTITY": lambda _, document: document["subtotal_line_items_quantity"],
    "FINANCIAL_STATUS": lambda _, document: document["financial_status"],
    "CUSTOMER_NAME": lambda _, document: document["customer_name"],
    "PO_NUMBER": lambda _, document: document["po_number"] or "",
}
_CUSTOMER_SORT: dict[str, Callable[[int, Record], Any]] = {
    "CREATED_AT": lambda _, document: document["created_at"],
    "UPDATED_AT": lambda _, document: document["updated_at"],
    "NAME": lambda _, document: f"{document['last_name']}, {document['first_name']}",
}
_VARIANT_SORT: dict[str, Callable[[int, Record], Any]] = {
    "SKU": lambda _, document: document["sku"] or "",
    "TITLE": lambda _, document: document["title"],
}


def _id(number: int, _: Record) -> int:
    return number


def shop(_: Any, visit: Visit) -> Record:
    minutes = int((visit.zone.utcoffset(None) or timedelta(0)).total_seconds()) // 60
    hours = minutes // 60
    return {
        "id": gid("Shop", 68_100_000_001),
        "name": "Sandbox Shop",
        "email": "owner@example.com",
        "contactEmail": "owner@example.com",
        "myshopifyDomain": SHOP_DOMAIN,
        "currencyCode": SHOP_CURRENCY,
        "ianaTimezone": f"Etc/GMT{-hours:+d}" if hours else "Etc/UTC",
        "timezoneAbbreviation": f"{hours:+03d}" if hours else "UTC",
        "timezoneOffset": f"{hours:+03d}00",
        "timezoneOffsetMinutes": minutes,
        "plan": {
            "displayName": "Development" if visit.trial else "Advanced",
            "publicDisplayName": "Development" if visit.trial else "Advanced",
            "partnerDevelopment": visit.trial,
            "shopifyPlus": False,
        },
        "taxesIncluded": False,
        "taxShipping": True,
        "enabledPresentmentCurrencies": ["USD", "EUR", "GBP", "JPY", "KWD", "CAD"],
        "createdAt": BORN,
        "updatedAt": BORN,
        "url": f"https://{SHOP_DOMAIN}",
        "unitSystem": "METRIC_SYSTEM",
        "weightUnit": "KILOGRAMS",
    }


def installation(_: Any, visit: Visit) -> Record:
    return {
        "id": gid("AppInstallation", 1),
        "app": {"id": gid("App", 1), "title": "ordersync", "handle": "ordersync"},
        "accessScopes": [{"handle": scope, "description": scope} for scope in sorted(visit.scopes)],
    }


def versions(_: Any, visit: Visit) -> list[Record]:
    return [{"handle": one, "displayName": one, "supported": True} for one in visit.versions]


def orders(
    _: Any,
    visit: Visit,
    sortKey: str = "PROCESSED_AT",
    query: str | None = None,
    savedSearchId: Any = None,
    **page: Any,
) -> Slice[Any]:
    visit.need("read_orders", what="orders")
    held = visit.store.orders
    keep = None
    if "read_all_orders" not in visit.scopes:

        def keep(number: int) -> bool:
            return visit.reachable(held[number]) is not None

    return searched(
        visit, "orders", query, _ORDER_SORT.get(sortKey, _id), sortKey,
        lambda number: View("Order", held[number], held[number]), keep=keep, **page,
    )  # fmt: skip


def orders_count(
    _: Any, visit: Visit, query: str | None = None, limit: int | None = 10_000, savedSearchId: Any = None
) -> Record:
    visit.need("read_orders", what="ordersCount")
    rows = visit.store.index["orders"].find(query, _id, "ID", False, visit.store.clock_now())
    count = sum(visit.reachable(visit.store.orders[number]) is not None for _, number in rows)
    if limit is not None and count > limit:
        return {"count": limit, "precision": "AT_LEAST"}
    return {"count": count, "precision": "EXACT"}


def order(_: Any, visit: Visit, id: str) -> View | None:
    visit.need("read_orders", what="order")
    found = visit.reachable(visit.store.orders.get(number_of(id, "Order") or 0))
    return View("Order", found, found) if found else None


def order_by(parent: Any, visit: Visit, identifier: Record) -> View | None:
    """By id, or by a metafield of type `id` (recorded: null when absent)."""
    visit.need("read_orders", what="orderByIdentifier")
    if identifier.get("id"):
        return order(parent, visit, identifier["id"])
    wanted = identifier["customId"]
    space = wanted.get("namespace") or APP_NAMESPACE
    number = visit.store.marks.get((space, wanted["key"], wanted["value"]))
    found = visit.reachable(visit.store.orders.get(number or 0))
    return View("Order", found, found) if found else None


def customers(_: Any, visit: Visit, sortKey: str = "ID", query: str | None = None, **page: Any) -> Slice[Any]:
    visit.need("read_customers", what="customers")
    held = visit.store.customers
    return searched(
        visit, "customers", query, _CUSTOMER_SORT.get(sortKey, _id), sortKey,
        lambda number: seen("Customer", held[number]), **page,
    )  # fmt: skip


def customer(_: Any, visit: Visit, id: str) -> View | None:
    visit.need("read_customers", what="customer")
    return seen("Customer", visit.store.customers.get(number_of(id, "Customer") or 0))


def customer_by_identifier(_: Any, visit: Visit, identifier: Record) -> View | None:
    """Exact, and without the search's lag."""
    visit.need("read_customers", what="customerByIdentifier")
    for asked, name in (("id", "id"), ("emailAddress", "email"), ("phoneNumber", "phone")):
        if identifier.get(asked):
            return seen("Customer", customer_by(visit.store, name, identifier[asked]))
    wanted = identifier["customId"]
    space = wanted.get("namespace") or APP_NAMESPACE
    for one in visit.store.customers.values():
        for field in one["metafields"]:
            if (field["namespace"], field["key"], field["value"]) == (space, wanted["key"], wanted["value"]):
                return seen("Customer", one)
    return None


def variants(
    _: Any,
    visit: Visit,
    sortKey: str = "ID",
    query: str | None = None,
    savedSearchId: Any = None,
    **page: Any,
) -> Slice[Any]:
    visit.need("read_products", what="productVariants")
    held = visit.store.variants
    return searched(
        visit, "variants", query, _VARIANT_SORT.get(sortKey, _id), sortKey,
        lambda number: seen("ProductVariant", held[number]), **page,
    )  # fmt: skip


def variant(_: Any, visit: Visit, id: str) -> View | None:
    visit.need("read_products", what="productVariant")
    return seen("ProductVariant", visit.store.variants.get(number_of(id, "ProductVariant") or 0))


def product(_: Any, visit: Visit, id: str) -> View | None:
    visit.need("read_products", what="product")
    return seen("Product", visit.store.products.get(number_of(id, "Product") or 0))


def item(_: Any, visit: Visit, id: str) -> View | None:
    """An inventory item: in the sandbox it has its variant's number."""
    visit.need("read_inventory", "read_products", what="inventoryItem")
    return seen("InventoryItem", visit.store.variants.get(number_of(id, "InventoryItem") or 0))


def locations(_: Any, visit: Visit, query: Any = None, sortKey: str = "NAME", includeInactive: bool = False,
              includeLegacy: bool = False, **page: Any) -> Slice[Any]:  # fmt: skip
    visit.need("read_locations", what="locations")
    rows = sorted(
        visit.store.locations.values(), key=lambda one: one["id"] if sortKey == "ID" else one["name"]
    )
    return listed(visit, "Location", rows, NOBODY, **page)


def location(_: Any, visit: Visit, id: str | None = None) -> View | None:
    visit.need("read_locations", what="location")
    number = number_of(id, "Location") if id else min(visit.store.locations)
    return seen("Location", visit.store.locations.get(number or 0))


def fulfillment_order(_: Any, visit: Visit, id: str) -> View | None:
    visit.need("read_merchant_managed_fulfillment_orders", "read_orders", what="fulfillmentOrder")
    number = number_of(id, "FulfillmentOrder")
    for one in visit.store.orders.values():
        for asked in one["fulfillmentOrders"]:
            if asked["id"] == number:
                return View("FulfillmentOrder", asked, one)
    return None


def job(_: Any, visit: Visit, id: str) -> View | None:
    found = next((one for one in visit.store.jobs.values() if gid("Job", one["name"]) == id), None)
    return seen("Job", found)


def subscriptions(
    _: Any, visit: Visit, topics: Any = None, format: Any = None, callbackUrl: Any = None, uri: Any = None,
    query: Any = None, sortKey: Any = None, **page: Any,
) -> Slice[Any]:  # fmt: skip
    rows = [
        one
        for one in visit.store.subscriptions.values()
        if (not topics or one["topic"] in topics)
        and (not format or one["format"] == format)
        and (uri or callbackUrl) in (None, one["uri"])
    ]
    return listed(visit, "WebhookSubscription", rows, NOBODY, **page)


def subscription(_: Any, visit: Visit, id: str) -> View | None:
    found = visit.store.subscriptions.get(number_of(id, "WebhookSubscription") or 0)
    return seen("WebhookSubscription", found)


def discount(_: Any, visit: Visit, code: str) -> Record | None:
    """A discount code of the shop, whatever its case."""
    visit.need("read_discounts", what="codeDiscountNodeByCode")
    for one in visit.store.discounts.values():
        if one["title"].lower() == code.lower():
            gets = {"__typename": "DiscountPercentage", "percentage": float(one["percentage"])}
            basic = {**one, "__typename": "DiscountCodeBasic", "customerGets": {"value": gets}}
            return {
                "__typename": "DiscountCodeNode",
                "id": gid("DiscountCodeNode", one["id"]),
                "codeDiscount": basic,
            }
    return None


_NODES: dict[str, Resolver] = {
    "Order": order, "Customer": customer, "ProductVariant": variant, "Product": product, "InventoryItem": item,
    "Location": location, "FulfillmentOrder": fulfillment_order, "WebhookSubscription": subscription,
}  # fmt: skip


def node_of(parent: Any, visit: Visit, id: str) -> Any:
    """Anything that has an id, by it."""
    parts = id.removeprefix("gid://shopify/").split("/")
    if not id.startswith("gid://shopify/") or len(parts) != 2:
        raise GraphQLError(f"Invalid global id '{id}'", extensions={"code": "argumentLiteralsIncompatible"})
    return _NODES[parts[0]](parent, visit, id=id) if parts[0] in _NODES else None


def nodes_of(parent: Any, visit: Visit, ids: list[str]) -> list[Any]:
    return [node_of(parent, visit, one) for one in ids]


ROOTS: dict[str, Resolver] = {
    "shop": shop, "currentAppInstallation": installation, "publicApiVersions": versions,
    "orders": orders, "ordersCount": orders_count, "order": order, "orderByIdentifier": order_by,
    "customers": customers, "customer": customer, "customerByIdentifier": customer_by_identifier,
    "productVariants": variants, "productVariant": variant, "product": product, "inventoryItem": item,
    "locations": locations, "location": location, "fulfillmentOrder": fulfillment_order, "job": job,
    "webhookSubscriptions": subscriptions, "webhookSubscription": subscription,
    "codeDiscountNodeByCode": discount, "node": node_of, "nodes": nodes_of,
}  # fmt: skip
