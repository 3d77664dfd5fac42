"""How the parts of an order are read: lines, taxes, charges, payments, refunds and parcels.

A line's `quantity`, taxes and allocations include removed and refunded units (SDL LineItem).
"""

# ruff: noqa: ARG001, ARG005, N803 - resolvers take the vendor's arguments

from __future__ import annotations

from typing import Any

from ordersync import ZERO, rounded

from .goods_view import Resolver
from .paging import Slice
from .pricing import line_parts, net_of
from .records import Bag, Record, View, bag, bags_added, both, gid, legacy, negative
from .visit import Visit, listed

__all__ = [
    "CHARGE_TABLES", "application_of", "firsts", "ids", "left_of", "money", "never", "nothing", "part_of", "tax_views",
]  # fmt: skip


def nothing(view: View, visit: Visit) -> list[Any]:
    return []


def never(view: View, visit: Visit) -> bool:
    return False


def money(view: View, amount: Bag) -> Record:
    return both(amount, view.order["currency"], view.order["presentment"])


def tax_views(order: Record, taxes: list[Record]) -> list[View]:
    return [View("TaxLine", tax, order) for tax in taxes]


def left_of(line: Record) -> int:
    return int(line["quantity"] - line["removed"] - line["refunded"])


def application_of(order: Record, index: int) -> Record:
    one = order["applications"][index]
    value: Record = {
        "__typename": "MoneyV2",
        "amount": one.get("amount", ZERO),
        "currencyCode": order["presentment"],
    }
    if one.get("percentage") is not None:
        value = {"__typename": "PricingPercentageValue", "percentage": float(one["percentage"])}
    return {
        "__typename": "DiscountCodeApplication" if one["code"] else "ManualDiscountApplication",
        "allocationMethod": one["method"],
        "index": index,
        "targetSelection": one["selection"],
        "targetType": one["target"],
        "value": value,
        "code": one["code"],
        "title": one["title"],
        "description": None,
    }


def _allocations(view: View, visit: Visit) -> list[Record]:
    return [
        {
            "allocatedAmountSet": money(view, one["amount"]),
            "discountApplication": application_of(view.order, one["application"]),
        }
        for one in view["discounts"]
    ]


def part_of(name: str, kind: str) -> Resolver:
    def read(view: View, visit: Visit, query: Any = None, displayable: Any = None, **page: Any) -> Slice[Any]:
        return listed(visit, kind, view[name], view.order, **page)

    return read


def firsts(name: str, kind: str) -> Resolver:
    def read(view: View, visit: Visit, first: int | None = None, **_: Any) -> list[View]:
        return [View(kind, one, view.order) for one in view[name][:first]]

    return read


def _line(view: View, line: int) -> View:
    found = next(one for one in view.order["lines"] if one["id"] == line)
    return View("LineItem", found, view.order)


def _discounted(view: View, visit: Visit, withCodeDiscounts: bool = False) -> Record:
    """Without order-level discounts, and without codes unless asked (SDL LineItem.discountedTotalSet)."""
    off = [one["amount"] for one in _line_level(view) if withCodeDiscounts or not _is_code(view, one)]
    return money(view, bags_added([view["total"], negative(bags_added(off))]))


def _is_code(view: View, discount: Record) -> bool:
    return bool(view.order["applications"][discount["application"]]["code"])


def _line_level(view: View) -> list[Record]:
    return [
        one
        for one in view["discounts"]
        if view.order["applications"][one["application"]]["method"] != "ACROSS"
    ]


def _per_unit(view: View, amount: Bag) -> Record:
    quantity = view["quantity"] or 1
    sides = zip(amount, (view.order["currency"], view.order["presentment"]), strict=True)
    return money(view, [rounded(side / quantity, currency) for side, currency in sides])


def _discounted_unit(view: View, visit: Visit) -> Record:
    off = [one["amount"] for one in _line_level(view) if not _is_code(view, one)]
    return _per_unit(view, bags_added([view["total"], negative(bags_added(off))]))


def _before_tax(view: View, visit: Visit) -> Record:
    """After all discounts, of the units that are left, without taxes."""
    amount, off, taxes = line_parts(view.it, left_of(view.it), view.order)
    inside = bags_added(taxes) if view.order["taxesIncluded"] else bag()
    return money(view, bags_added([amount, negative(off), negative(inside)]))


def _unfulfilled(view: View, visit: Visit) -> int:
    return max(left_of(view.it) - int(view["fulfilled"]), 0)


def _open_part(view: View, visit: Visit, *, discounted: bool) -> Record:
    amount, off, _ = line_parts(view.it, _unfulfilled(view, visit), view.order)
    return money(view, bags_added([amount, negative(off)]) if discounted else amount)


def _line_variant(view: View, visit: Visit) -> View | None:
    held = visit.store.variants.get(view["variant"] or 0)
    return View("ProductVariant", held, {}) if held else None


def _line_product(view: View, visit: Visit) -> View | None:
    held = visit.store.products.get(view["product"] or 0)
    return View("Product", held, {}) if held else None


def _name(view: View, visit: Visit) -> str:
    return f"{view['title']} - {view['variantTitle']}" if view["variantTitle"] else str(view["title"])


def _location(view: View, visit: Visit) -> View | None:
    held = visit.store.locations.get(view["location"] or 0)
    return View("Location", held, {}) if held else None


def _parent(view: View, visit: Visit) -> View | None:
    found = next((one for one in view.order["transactions"] if one["id"] == view["parent"]), None)
    return View("OrderTransaction", found, view.order) if found else None


def _refund_payments(view: View, visit: Visit, **page: Any) -> Slice[Any]:
    rows = [one for one in view.order["transactions"] if one["id"] in view["transactions"]]
    return listed(visit, "OrderTransaction", rows, view.order, **page)


def _assigned(view: View, visit: Visit) -> Record:
    held = visit.store.locations[view["location"]]
    address = held["address"]
    return {**address, "name": held["name"], "location": View("Location", held, {})}


def _order_of(view: View, visit: Visit) -> View:
    return View("Order", view.order, view.order)


def _actions(view: View, visit: Visit) -> list[Record]:
    actions = ("CREATE_FULFILLMENT", "HOLD", "MOVE") if view["status"] in ("OPEN", "IN_PROGRESS") else ()
    return [{"action": action, "externalUrl": None} for action in actions]


def ids(kind: str) -> dict[str, Resolver]:
    return {
        "id": lambda view, visit: gid(kind, view["id"]),
        "legacyResourceId": lambda view, visit: legacy(view.it),
    }


def _stated(name: str) -> Resolver:
    return lambda view, visit: money(view, view[name])


def _of_line(name: str) -> Resolver:
    return lambda view, visit: _line(view, view["line"])[name]


def _tracking(view: View, visit: Visit, first: int | None = None) -> list[Record]:
    return list(view["tracking"][:first])


def _sent_value(view: View) -> Record:
    amount, off, _ = line_parts(_line(view, view["line"]).it, view["quantity"], view.order)
    return money(view, bags_added([amount, negative(off)]))


CHARGE_TABLES: dict[str, dict[str, Resolver]] = {
    "LineItem": {
        **ids("LineItem"),
        "name": _name,
        "currentQuantity": lambda view, visit: left_of(view.it),
        "refundableQuantity": lambda view, visit: left_of(view.it),
        "unfulfilledQuantity": _unfulfilled, "fulfillableQuantity": _unfulfilled,
        "nonFulfillableQuantity": lambda view, visit: view["quantity"] - left_of(view.it),
        "customAttributes": lambda view, visit: view["properties"],
        "discountAllocations": _allocations,
        "taxLines": lambda view, visit, first=None: tax_views(view.order, view["taxes"][:first]),
        "duties": firsts("duties", "Duty"),
        "originalUnitPriceSet": _stated("unit"), "originalTotalSet": _stated("total"),
        "discountedTotalSet": _discounted, "discountedUnitPriceSet": _discounted_unit,
        "discountedUnitPriceAfterAllDiscountsSet": lambda view, visit: _per_unit(view, net_of(view.it)),
        "totalDiscountSet": lambda view, visit: money(view, bags_added(one["amount"] for one in _line_level(view))),
        "priceAfterAllDiscountsBeforeTaxesSet": _before_tax,
        "unfulfilledOriginalTotalSet": lambda view, visit: _open_part(view, visit, discounted=False),
        "unfulfilledDiscountedTotalSet": lambda view, visit: _open_part(view, visit, discounted=True),
        "isGiftCard": lambda view, visit: view["giftCard"],
        "merchantEditable": lambda view, visit: True,
        "restockable": lambda view, visit: left_of(view.it) > 0,
        "variant": _line_variant, "product": _line_product,
    },
    "TaxLine": {
        "priceSet": _stated("amount"),
        "rate": lambda view, visit: None if view["rate"] is None else float(view["rate"]),
        "ratePercentage": lambda view, visit: None if view["rate"] is None else float(view["rate"] * 100),
    },
    "ShippingLine": {
        **ids("ShippingLine"),
        "carrierIdentifier": lambda view, visit: view["carrier"],
        "custom": lambda view, visit: view["source"] is None,
        "isRemoved": lambda view, visit: view["removed"],
        "originalPriceSet": _stated("total"),
        "discountedPriceSet": lambda view, visit: money(view, net_of(view.it)),
        "currentDiscountedPriceSet": lambda view, visit: money(
            view, bag() if view["removed"] else bags_added([net_of(view.it), negative(view["refunded"])])
        ),
        "discountAllocations": _allocations,
        "taxLines": lambda view, visit: tax_views(view.order, view["taxes"]),
    },
    "AdditionalFee": {
        **ids("AdditionalFee"), "price": _stated("price"),
        "taxLines": lambda view, visit: tax_views(view.order, view["taxes"]),
    },
    "Duty": {
        **ids("Duty"), "price": _stated("price"),
        "taxLines": lambda view, visit: tax_views(view.order, view["taxes"]),
    },
    "OrderTransaction": {
        **ids("OrderTransaction"), "amountSet": _stated("amount"), "order": _order_of, "parentTransaction": _parent,
        "fees": nothing, "formattedGateway": lambda view, visit: (view["gateway"] or "").replace("_", " ").capitalize(),
        "manualPaymentGateway": lambda view, visit: view["gateway"] == "manual",
        "manuallyCapturable": lambda view, visit: view["kind"] == "AUTHORIZATION", "multiCapturable": never,
    },
    "Refund": {
        **ids("Refund"), "order": _order_of, "totalRefundedSet": _stated("total"), "transactions": _refund_payments,
        "processedAt": lambda view, visit: view["createdAt"], "updatedAt": lambda view, visit: view["createdAt"],
        "duties": nothing,
        "orderAdjustments": part_of("adjustments", "OrderAdjustment"),
        "refundLineItems": part_of("lines", "RefundLineItem"),
        "refundShippingLines": part_of("shipping", "RefundShippingLine"),
    },
    "RefundLineItem": {
        **ids("RefundLineItem"), "lineItem": lambda view, visit: _line(view, view["line"]),
        "priceSet": _stated("price"), "subtotalSet": _stated("subtotal"), "totalTaxSet": _stated("tax"),
        "restocked": lambda view, visit: view["restockType"] != "NO_RESTOCK",
    },
    "RefundShippingLine": {
        **ids("RefundShippingLine"), "subtotalAmountSet": _stated("subtotal"), "taxAmountSet": _stated("tax"),
        "shippingLine": lambda view, visit: View(
            "ShippingLine", next(one for one in view.order["shipping"] if one["id"] == view["line"]), view.order
        ),
    },
    "OrderAdjustment": {
        **ids("OrderAdjustment"), "amountSet": _stated("amount"), "taxAmountSet": _stated("tax"),
    },
    "Fulfillment": {
        **ids("Fulfillment"), "order": _order_of, "location": _location, "trackingInfo": _tracking,
        "requiresShipping": lambda view, visit: True,
        "totalQuantity": lambda view, visit: sum(one["quantity"] for one in view["lines"]),
        "fulfillmentLineItems": part_of("lines", "FulfillmentLineItem"),
        "fulfillmentOrders": lambda view, visit, **page: listed(
            visit, "FulfillmentOrder",
            [one for one in view.order["fulfillmentOrders"] if one["id"] in view["fulfillmentOrders"]],
            view.order, **page,
        ),
    },
    "FulfillmentLineItem": {
        **ids("FulfillmentLineItem"), "lineItem": lambda view, visit: _line(view, view["line"]),
        "originalTotalSet": lambda view, visit: money(
            view, line_parts(_line(view, view["line"]).it, view["quantity"], view.order)[0]
        ),
        "discountedTotalSet": lambda view, visit: _sent_value(view),
    },
    "FulfillmentOrder": {
        **ids("FulfillmentOrder"), "order": _order_of, "assignedLocation": _assigned, "supportedActions": _actions,
        "orderId": lambda view, visit: gid("Order", view.order["id"]),
        "orderName": lambda view, visit: view.order["name"],
        "orderProcessedAt": lambda view, visit: view.order["processedAt"],
        "requestStatus": lambda view, visit: "UNSUBMITTED",
        "fulfillAt": lambda view, visit: view["createdAt"],
        "lineItems": part_of("lines", "FulfillmentOrderLineItem"),
        "fulfillments": lambda view, visit, **page: listed(
            visit, "Fulfillment",
            [one for one in view.order["fulfillments"] if view["id"] in one["fulfillmentOrders"]], view.order, **page,
        ),
    },
    "FulfillmentOrderLineItem": {
        **ids("FulfillmentOrderLineItem"), "lineItem": lambda view, visit: _line(view, view["line"]),
        "remainingQuantity": lambda view, visit: view["remaining"],
        "totalQuantity": lambda view, visit: view["total"],
        "productTitle": _of_line("title"), "variantTitle": _of_line("variantTitle"), "sku": _of_line("sku"),
        "vendor": _of_line("vendor"), "requiresShipping": _of_line("requiresShipping"),
        "variant": lambda view, visit: _line_variant(_line(view, view["line"]), visit),
        "inventoryItemId": lambda view, visit: gid("InventoryItem", _line(view, view["line"])["variant"])
        if _line(view, view["line"])["variant"] else None,
    },
}  # fmt: skip
