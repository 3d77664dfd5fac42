"""How an order is read: its totals in three stages, its states, its people.

`total…` is before returns and after edits, `originalTotal…` as created, `current…` after both (SDL Order).
"""

# ruff: noqa: ARG001, ARG005, N803 - resolvers take the vendor's arguments

from __future__ import annotations

from typing import Any

from .charge_view import application_of, firsts, ids, left_of, money, never, nothing, part_of, tax_views
from .goods_view import METAFIELDS, Resolver
from .paging import Slice
from .pricing import financial_status, fulfillment_status, money_in, paid_up
from .records import Bag, Record, View, bag, bags_added, gid, negative
from .visit import Visit, listed

__all__ = ["ORDER_TABLES"]


def _total(name: str, stage: str) -> Resolver:
    def read(view: View, visit: Visit) -> Record:
        return money(view, visit.store.totals(view.order, stage)[name])

    return read


def _in(name: str) -> Resolver:
    def read(view: View, visit: Visit) -> Record:
        return money(view, money_in(view.order)[name])

    return read


def _payment_status(view: View, visit: Visit) -> str:
    return financial_status(view.order, visit.store.totals(view.order, "edited")["total"])


def _outstanding(view: View, visit: Visit) -> Bag:
    return paid_up(view.order, visit.store.totals(view.order, "current")["total"])


def _codes(view: View, visit: Visit) -> list[str]:
    return [one["code"] for one in view["applications"] if one["code"]]


def _applications(view: View, visit: Visit, **page: Any) -> Slice[Any]:
    rows = [application_of(view.order, index) for index in range(len(view["applications"]))]
    found = listed(visit, "DiscountApplication", rows, view.order, **page)
    found.show = lambda row: row
    return found


def _cart_discount(view: View, visit: Visit) -> Record | None:
    parts = [*view.order["lines"], *view.order["shipping"]]
    across = [
        one["amount"]
        for part in parts
        for one in part["discounts"]
        if view.order["applications"][one["application"]]["method"] == "ACROSS"
    ]
    return money(view, bags_added(across)) if across else None


def _shipping_lines(view: View, visit: Visit, includeRemovals: bool = False, **page: Any) -> Slice[Any]:
    rows = [one for one in view["shipping"] if includeRemovals or not one["removed"]]
    return listed(visit, "ShippingLine", rows, view.order, **page)


def _shipping_line(view: View, visit: Visit) -> View | None:
    first = next((one for one in view["shipping"] if not one["removed"]), None)
    return View("ShippingLine", first, view.order) if first else None


def _customer(view: View, visit: Visit) -> View | None:
    if not view.order["customer"]:
        return None
    visit.need("read_customers", what="customer")
    held = visit.store.customers.get(view.order["customer"])
    return View("Customer", held, {}) if held else None


def _buyer(view: View, visit: Visit) -> Any:
    company = view["company"]
    if not company:
        return _customer(view, visit)
    held = {**company, "id": gid("Company", company["id"])}
    place = {**company["location"], "id": gid("CompanyLocation", company["location"]["id"])}
    return {"__typename": "PurchasingCompany", "company": held, "location": place, "contact": None}


def _address(name: str) -> Resolver:
    def read(view: View, visit: Visit) -> View | None:
        return View("MailingAddress", view[name], view.order) if view[name] else None

    return read


def _if_any(view: View, name: str, stage: str, visit: Visit) -> Record | None:
    amount = visit.store.totals(view.order, stage)[name]
    return money(view, amount) if amount != bag() else None


def _plain(address: Record | None) -> Record | None:
    return {name: value for name, value in address.items() if name != "id"} if address else None


ORDER_TABLES: dict[str, dict[str, Resolver]] = {
    "Order": {
        **ids("Order"), **METAFIELDS,
        "currencyCode": lambda view, visit: view["currency"],
        "presentmentCurrencyCode": lambda view, visit: view["presentment"],
        "closed": lambda view, visit: view["closedAt"] is not None,
        "confirmed": lambda view, visit: True,
        "cancellation": lambda view, visit: {"staffNote": view["staffNote"]} if view["cancelledAt"] else None,
        "displayFinancialStatus": _payment_status,
        "displayFulfillmentStatus": lambda view, visit: fulfillment_status(view.order),
        "returnStatus": lambda view, visit: "NO_RETURN",
        "unpaid": lambda view, visit: money_in(view.order)["received"][1] == 0,
        "fullyPaid": lambda view, visit: _outstanding(view, visit)[1] <= 0,
        "canMarkAsPaid": lambda view, visit: _outstanding(view, visit)[1] > 0 and not view["cancelledAt"],
        "canNotifyCustomer": lambda view, visit: bool(view["email"]),
        "capturable": lambda view, visit: money_in(view.order)["held"][1] > 0,
        "refundable": lambda view, visit: money_in(view.order)["received"][1] > money_in(view.order)["refunded"][1],
        "restockable": lambda view, visit: any(left_of(line) for line in view["lines"]),
        "fulfillable": lambda view, visit: any(
            asked["status"] in ("OPEN", "IN_PROGRESS") for asked in view["fulfillmentOrders"]
        ),
        "requiresShipping": lambda view, visit: any(line["requiresShipping"] for line in view["lines"]),
        "merchantEditable": lambda view, visit: view["cancelledAt"] is None,
        "merchantEditableErrors": nothing,
        "dutiesIncluded": never, "estimatedTaxes": never, "taxExempt": never, "productNetwork": never,
        "customerAcceptsMarketing": never,
        "billingAddress": _address("billingAddress"), "shippingAddress": _address("shippingAddress"),
        "billingAddressMatchesShippingAddress": lambda view, visit: _plain(view["billingAddress"])
        == _plain(view["shippingAddress"]),
        "customer": _customer, "purchasingEntity": _buyer,
        "app": lambda view, visit: {"id": gid("OrderApp", 1), "name": "ordersync"}
        if view["sourceName"] == "app" else None,
        "registeredSourceUrl": lambda view, visit: view["sourceUrl"],
        "discountCodes": _codes, "discountCode": lambda view, visit: next(iter(_codes(view, visit)), None),
        "discountApplications": _applications,
        "paymentGatewayNames": lambda view, visit: list(
            dict.fromkeys(one["gateway"] for one in view["transactions"] if one["gateway"])
        ),
        "lineItems": part_of("lines", "LineItem"),
        "fulfillmentOrders": part_of("fulfillmentOrders", "FulfillmentOrder"),
        "shippingLines": _shipping_lines, "shippingLine": _shipping_line,
        "fulfillments": firsts("fulfillments", "Fulfillment"),
        "fulfillmentsCount": lambda view, visit: {"count": len(view["fulfillments"]), "precision": "EXACT"},
        "transactions": firsts("transactions", "OrderTransaction"),
        "transactionsCount": lambda view, visit: {"count": len(view["transactions"]), "precision": "EXACT"},
        "refunds": firsts("refunds", "Refund"), "additionalFees": firsts("fees", "AdditionalFee"),
        "taxLines": lambda view, visit: tax_views(view.order, visit.store.totals(view.order, "edited")["taxLines"]),
        "currentTaxLines": lambda view, visit: tax_views(
            view.order, visit.store.totals(view.order, "current")["taxLines"]
        ),
        "subtotalLineItemsQuantity": lambda view, visit: visit.store.totals(view.order, "edited")["units"],
        "currentSubtotalLineItemsQuantity": lambda view, visit: visit.store.totals(view.order, "current")["units"],
        "currentTotalWeight": lambda view, visit: "0", "totalWeight": lambda view, visit: "0",
        "cartDiscountAmountSet": _cart_discount,
        "currentCartDiscountAmountSet": lambda view, visit: _cart_discount(view, visit) or money(view, bag()),
        "originalTotalPriceSet": _total("total", "first"),
        "subtotalPriceSet": _total("subtotal", "edited"), "currentSubtotalPriceSet": _total("subtotal", "current"),
        "totalDiscountsSet": _total("discounts", "edited"), "currentTotalDiscountsSet": _total("discounts", "current"),
        "totalShippingPriceSet": _total("shipping", "edited"), "currentShippingPriceSet": _total("shipping", "current"),
        "totalTaxSet": _total("tax", "edited"), "currentTotalTaxSet": _total("tax", "current"),
        "totalPriceSet": _total("total", "edited"), "currentTotalPriceSet": _total("total", "current"),
        "totalTipReceivedSet": _total("tip", "edited"),
        "currentTotalDutiesSet": lambda view, visit: _if_any(view, "duties", "current", visit),
        "originalTotalDutiesSet": lambda view, visit: _if_any(view, "duties", "first", visit),
        "currentTotalAdditionalFeesSet": lambda view, visit: _if_any(view, "fees", "current", visit),
        "originalTotalAdditionalFeesSet": lambda view, visit: _if_any(view, "fees", "first", visit),
        "totalReceivedSet": _in("received"), "totalRefundedSet": _in("refunded"), "totalCapturableSet": _in("held"),
        "netPaymentSet": lambda view, visit: money(
            view, bags_added([money_in(view.order)["received"], negative(money_in(view.order)["refunded"])])
        ),
        "totalOutstandingSet": lambda view, visit: money(view, _outstanding(view, visit)),
        "totalRefundedShippingSet": lambda view, visit: money(
            view, bags_added(one["refunded"] for one in view["shipping"])
        ),
        "refundDiscrepancySet": lambda view, visit: money(view, bag()),
        "totalCashRoundingAdjustment": lambda view, visit: {
            "paymentSet": money(view, view["cashRounding"]), "refundSet": money(view, bag()),
        },
    },
}  # fmt: skip
