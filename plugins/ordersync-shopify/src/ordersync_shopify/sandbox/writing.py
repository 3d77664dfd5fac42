"""The mutations that change what stands: customers, tags, orders, payments, parcels, webhooks, stock."""

# ruff: noqa: ARG001, N803, A006 - resolvers take the vendor's arguments under the vendor's names

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from graphql import GraphQLError

from .goods_view import Resolver
from .ordering import Refusal, create_order, send
from .people import changed_customer, customer_problems, phone_problem
from .pricing import fulfillment_status, paid_up
from .reading import node_of
from .records import Record, View, copied, gid, number_of
from .shapes import new_address, new_customer, new_metafield, new_transaction, tags_of
from .undoing import JOB_SECONDS
from .visit import Visit

__all__ = ["MUTATIONS"]


def _error(field: list[str] | None, message: str, code: str | None = None) -> Record:
    return {"field": field, "message": message, "code": code}


def _order(visit: Visit, id: Any) -> Record | None:
    return visit.reachable(visit.store.orders.get(number_of(id, "Order") or 0))


def _show(order: Record) -> View:
    return View("Order", order, order)


def order_create(_: Any, visit: Visit, order: Record, options: Record | None = None) -> Record:
    visit.need("write_orders", what="orderCreate")
    try:
        made = create_order(visit.store, order, options or {}, version=visit.version, trial=visit.trial)
    except Refusal as refusal:
        return {"order": None, "userErrors": [refusal.error]}
    topics = ["ORDERS_CREATE", "ORDERS_UPDATED"]
    if made["transactions"] and paid_up(made, visit.store.totals(made, "current")["total"])[1] <= 0:
        topics.append("ORDERS_PAID")
    visit.tell(made, topics)
    return {"order": _show(made), "userErrors": []}


def _customer_write(visit: Visit, customer: Record, given: Record) -> Record:
    made = changed_customer(visit.store, customer, given, visit.now)
    problems = customer_problems(visit.store, made)
    if problems:
        errors = [_error(field or None, message) for field, message in problems]
        return {"customer": None, "userErrors": errors}
    visit.store.put_customer(made)
    return {"customer": View("Customer", made, {}), "userErrors": []}


def customer_create(_: Any, visit: Visit, input: Record) -> Record:
    visit.need("write_customers", what="customerCreate")
    if input.get("id"):
        return {"customer": None, "userErrors": [_error(["id"], "Cannot specify ID on creation")]}
    return _customer_write(visit, new_customer(visit.store, visit.now), input)


def customer_update(_: Any, visit: Visit, input: Record) -> Record:
    visit.need("write_customers", what="customerUpdate")
    held = visit.store.customers.get(number_of(input.get("id"), "Customer") or 0)
    if held is None:
        return {"customer": None, "userErrors": [_error(["id"], "Customer does not exist")]}
    return _customer_write(visit, held, input)


def tags_add(parent: Any, visit: Visit, id: str, tags: list[str]) -> Record:
    kind = id.removeprefix("gid://shopify/").split("/")[0]
    scopes = {"Order": "write_orders", "Customer": "write_customers"}
    if kind not in scopes:
        return {"node": None, "userErrors": [_error(["id"], f"{kind} does not exist")]}
    visit.need(scopes[kind], what="tagsAdd")
    found = node_of(parent, visit, id)
    if found is None:
        return {"node": None, "userErrors": [_error(["id"], f"{kind} does not exist")]}
    record = found.it
    loose = [part for tag in tags for part in tag.split(",")]
    known = {tag.lower() for tag in record["tags"]}
    record["tags"] = tags_of([*record["tags"], *(tag for tag in loose if tag.strip().lower() not in known)])
    if kind == "Order":
        visit.store.put_order(record)
        visit.tell(record, ["ORDERS_UPDATED"])
    else:
        visit.store.put_customer(record)
    return {"node": found, "userErrors": []}


def order_update(_: Any, visit: Visit, input: Record) -> Record:
    """Only what the vendor lets change: attributes, contact, note, PO number, shipping address, tags, metafields."""
    visit.need("write_orders", what="orderUpdate")
    held = _order(visit, input["id"])
    if held is None:
        return {"order": None, "userErrors": [_error(["id"], "Order does not exist")]}
    problems = []
    address = input.get("shippingAddress")
    if address is not None:
        if not (address.get("lastName") or "").strip():
            problems.append(_error(["shippingAddress", "lastName"], "Enter a last name"))
        if not (address.get("zip") or "").strip() and address.get("countryCode") in ("US", "DE", "GB", "JP"):
            problems.append(_error(["shippingAddress", "zip"], "Enter a ZIP code"))
    if input.get("phone") and phone_problem(input["phone"]):
        problems.append(_error(["phone"], "Phone is invalid"))
    if problems:
        return {"order": None, "userErrors": problems}
    for name in ("email", "phone", "note", "poNumber"):
        if name in input:
            held[name] = input[name] or None
    if input.get("tags") is not None:
        held["tags"] = tags_of(input["tags"])
    if input.get("customAttributes") is not None:
        held["customAttributes"] = [dict(one) for one in input["customAttributes"]]
    if address is not None:
        held["shippingAddress"] = new_address(visit.store, address)
    for field in input.get("metafields") or ():
        fresh = new_metafield(visit.store, field, visit.now)
        named = (fresh["namespace"], fresh["key"])
        held["metafields"] = [one for one in held["metafields"] if (one["namespace"], one["key"]) != named]
        held["metafields"].append(fresh)
    visit.store.put_order(held)
    visit.tell(held, ["ORDERS_UPDATED"])
    return {"order": _show(held), "userErrors": []}


def order_cancel(
    _: Any, visit: Visit, orderId: str, reason: str, restock: bool, refund: bool | None = None,
    refundMethod: Record | None = None, notifyCustomer: bool = False, staffNote: str | None = None,
) -> Record:  # fmt: skip
    """Asynchronous: answers a job; the order is cancelled when the job is due."""
    visit.need("write_orders", what="orderCancel")

    def refused(field: list[str], message: str, code: str = "INVALID") -> Record:
        error = _error(field, message, code)
        return {"job": None, "orderCancelUserErrors": [error], "userErrors": [error]}

    held = _order(visit, orderId)
    if held is None:
        return refused(["orderId"], "Order does not exist", "NOT_FOUND")
    if held["cancelledAt"] or any(
        job["order"] == held["id"] for job in visit.store.jobs.values() if not job["ran"]
    ):
        return refused(["orderId"], "Order has already been cancelled")
    if any(line["fulfilled"] for line in held["lines"]):
        return refused(["orderId"], "Cannot cancel an order with fulfilled line items")
    if len(staffNote or "") > 255:
        return refused(["staffNote"], "Staff note is too long (maximum is 255 characters)")
    money_back = bool(refund) or bool((refundMethod or {}).get("originalPaymentMethodsRefund"))
    number = visit.store.new_id("Job")
    job = {
        "id": number,
        "name": str(uuid.uuid5(uuid.NAMESPACE_URL, f"job/{number}")),
        "due": visit.store.clock_now() + timedelta(seconds=JOB_SECONDS),
        "order": held["id"],
        "reason": reason,
        "restock": restock,
        "refund": money_back,
        "note": staffNote,
        "ran": False,
    }
    visit.store.jobs[number] = job
    return {"job": View("Job", job, {}), "orderCancelUserErrors": [], "userErrors": []}


def mark_paid(_: Any, visit: Visit, input: Record) -> Record:
    visit.need("write_orders", what="orderMarkAsPaid")
    held = _order(visit, input["id"])
    if held is None:
        return {"order": None, "userErrors": [_error(["id"], "Order does not exist")]}
    owed = paid_up(held, visit.store.totals(held, "current")["total"])
    if owed[1] <= 0 or held["cancelledAt"]:
        return {"order": None, "userErrors": [_error(["id"], "Order cannot be marked as paid.")]}
    held["forcedFinancial"] = None
    held["transactions"].append(new_transaction(visit.store, "SALE", owed, visit.now))
    visit.store.put_order(held)
    visit.tell(held, ["ORDERS_PAID", "ORDERS_UPDATED"])
    return {"order": _show(held), "userErrors": []}


def _opened(_: Any, visit: Visit, input: Record, *, close: bool) -> Record:
    visit.need("write_orders", what="orderClose" if close else "orderOpen")
    held = _order(visit, input["id"])
    if held is None:
        return {"order": None, "userErrors": [_error(["id"], "Order does not exist")]}
    held["closedAt"] = (held["closedAt"] or visit.now) if close else None
    visit.store.put_order(held)
    visit.tell(held, ["ORDERS_UPDATED"])
    return {"order": _show(held), "userErrors": []}


def _tracking(given: Record | None) -> list[Record]:
    given = given or {}
    numbers = given.get("numbers") or ([given["number"]] if given.get("number") else [])
    urls = given.get("urls") or ([given["url"]] if given.get("url") else [])
    count = max(len(numbers), len(urls))
    return [
        {
            "company": given.get("company"),
            "number": numbers[place] if place < len(numbers) else None,
            "url": urls[place] if place < len(urls) else None,
        }
        for place in range(count)
    ]


def fulfillment_create(_: Any, visit: Visit, fulfillment: Record, message: str | None = None) -> Record:
    """All fulfilment orders of one call share order and location; leaving the lines out means all that remains."""
    visit.need("write_merchant_managed_fulfillment_orders", what="fulfillmentCreate")

    def refused(message: str) -> Record:
        return {"fulfillment": None, "userErrors": [_error(["fulfillment"], message)]}

    chosen: list[tuple[Record, dict[int, int] | None]] = []
    owners: list[Record] = []
    for group in fulfillment["lineItemsByFulfillmentOrder"]:
        number = number_of(group["fulfillmentOrderId"], "FulfillmentOrder")
        hits = [
            (order, asked)
            for order in visit.store.orders.values()
            for asked in order["fulfillmentOrders"]
            if asked["id"] == number
        ]
        if not hits:
            return refused("Fulfillment order does not exist.")
        order, asked = hits[0]
        if asked["status"] not in ("OPEN", "IN_PROGRESS"):
            return refused(
                f"Fulfillment order {number} has an unfulfillable status= {asked['status'].lower()}."
            )
        wanted = group.get("fulfillmentOrderLineItems")
        lines = {one["id"]: one for one in asked["lines"]}
        amounts = {
            number_of(one["id"], "FulfillmentOrderLineItem") or 0: one["quantity"] for one in wanted or ()
        }
        for line, quantity in amounts.items():
            if line not in lines or not 0 < quantity <= lines[line]["remaining"]:
                return refused("Invalid fulfillment order line item quantity requested.")
        chosen.append((asked, amounts if wanted else None))
        owners.append(order)
    if not chosen:
        return refused("Fulfillment order does not exist.")
    if any(one is not owners[0] for one in owners) or len({asked["location"] for asked, _ in chosen}) > 1:
        return refused("All fulfillment orders must belong to the same order and location.")
    order = owners[0]
    tracking = _tracking(fulfillment.get("trackingInfo"))
    made = send(visit.store, order, chosen, tracking, visit.now, chosen[0][0]["location"])
    visit.store.put_order(order)
    done = fulfillment_status(order) == "FULFILLED"
    visit.tell(order, ["ORDERS_FULFILLED" if done else "ORDERS_PARTIALLY_FULFILLED", "ORDERS_UPDATED"])
    return {"fulfillment": View("Fulfillment", made, order), "userErrors": []}


def tracking_update(
    _: Any, visit: Visit, fulfillmentId: str, trackingInfoInput: Record, notifyCustomer: bool | None = None
) -> Record:
    visit.need("write_merchant_managed_fulfillment_orders", what="fulfillmentTrackingInfoUpdate")
    number = number_of(fulfillmentId, "Fulfillment")
    for order in visit.store.orders.values():
        for one in order["fulfillments"]:
            if one["id"] == number:
                one.update(tracking=_tracking(trackingInfoInput), updatedAt=visit.now)
                visit.store.put_order(order)
                visit.tell(order, ["ORDERS_UPDATED"])
                return {"fulfillment": View("Fulfillment", one, order), "userErrors": []}
    return {"fulfillment": None, "userErrors": [_error(["fulfillmentId"], "Fulfillment does not exist.")]}


def subscribe(_: Any, visit: Visit, topic: str, webhookSubscription: Record) -> Record:
    uri = webhookSubscription.get("uri") or webhookSubscription.get("callbackUrl")
    where = ["webhookSubscription", "uri" if webhookSubscription.get("uri") else "callbackUrl"]
    message = None
    if not uri:
        message = "Address can't be blank"
    elif not uri.startswith(("https://", "arn:", "pubsub://")):
        message = "Address is not allowed: it must be reachable over HTTPS"
    elif any((one["topic"], one["uri"]) == (topic, uri) for one in visit.store.subscriptions.values()):
        message = "Address for this topic has already been taken"
    if message:
        return {"webhookSubscription": None, "userErrors": [_error(where, message)]}
    number = visit.store.new_id("WebhookSubscription")
    made = {
        "id": number,
        "topic": topic,
        "uri": uri,
        "format": webhookSubscription.get("format") or "JSON",
        "filter": webhookSubscription.get("filter"),
        "includeFields": list(webhookSubscription.get("includeFields") or ()),
        "metafieldNamespaces": list(webhookSubscription.get("metafieldNamespaces") or ()),
        "name": webhookSubscription.get("name"),
        "version": visit.version,
        "createdAt": visit.now,
        "updatedAt": visit.now,
    }
    visit.store.subscriptions[number] = made
    return {"webhookSubscription": View("WebhookSubscription", made, {}), "userErrors": []}


def unsubscribe(_: Any, visit: Visit, id: str) -> Record:
    if visit.store.subscriptions.pop(number_of(id, "WebhookSubscription") or 0, None) is None:
        error = _error(["id"], "Webhook subscription does not exist")
        return {"deletedWebhookSubscriptionId": None, "userErrors": [error]}
    return {"deletedWebhookSubscriptionId": id, "userErrors": []}


def set_quantities(_: Any, visit: Visit, input: Record) -> Record:
    """All or none. `changeFromQuantity` must be given, null for no comparison; `@idempotent` is checked before."""
    visit.need("write_inventory", what="inventorySetQuantities")

    def refused(place: int, field: str, message: str, code: str) -> Record:
        error = _error(["input", "quantities", str(place), field], message, code)
        return {"inventoryAdjustmentGroup": None, "userErrors": [error]}

    name = input["name"]
    if name not in ("available", "on_hand"):
        error = _error(
            ["input", "name"], "The quantity name must be either 'available' or 'on_hand'.", "INVALID_NAME"
        )
        return {"inventoryAdjustmentGroup": None, "userErrors": [error]}
    fresh = copied(visit.store.variants)
    for place, one in enumerate(input["quantities"]):
        if "changeFromQuantity" not in one:
            raise GraphQLError(
                "The changeFromQuantity argument is required.", extensions={"code": "BAD_REQUEST"}
            )
        variant = fresh.get(number_of(one["inventoryItemId"], "InventoryItem") or 0)
        if variant is None:
            return refused(
                place, "inventoryItemId", "The inventory item could not be found.", "INVALID_INVENTORY_ITEM"
            )
        level = variant["levels"].get(str(number_of(one["locationId"], "Location")))
        if level is None:
            return refused(place, "locationId", "The location could not be found.", "INVALID_LOCATION")
        if one["changeFromQuantity"] not in (None, level[name]):
            return refused(
                place,
                "changeFromQuantity",
                "The quantity was changed meanwhile.",
                "CHANGE_FROM_QUANTITY_STALE",
            )
        change = one["quantity"] - level[name]
        level["available"] += change
        level["on_hand"] += change
        variant["updatedAt"] = visit.now
    visit.store.variants = fresh
    group = {
        "id": gid("InventoryAdjustmentGroup", visit.store.new_id("InventoryAdjustmentGroup")),
        "createdAt": visit.now,
        "reason": input["reason"],
        "referenceDocumentUri": input.get("referenceDocumentUri"),
    }
    return {"inventoryAdjustmentGroup": group, "userErrors": []}


MUTATIONS: dict[str, Resolver] = {
    "orderCreate": order_create, "customerCreate": customer_create, "customerUpdate": customer_update,
    "tagsAdd": tags_add, "orderUpdate": order_update, "orderCancel": order_cancel, "orderMarkAsPaid": mark_paid,
    "orderClose": lambda parent, visit, input: _opened(parent, visit, input, close=True),
    "orderOpen": lambda parent, visit, input: _opened(parent, visit, input, close=False),
    "fulfillmentCreate": fulfillment_create, "fulfillmentTrackingInfoUpdate": tracking_update,
    "webhookSubscriptionCreate": subscribe, "webhookSubscriptionDelete": unsubscribe,
    "inventorySetQuantities": set_quantities,
}  # fmt: skip
