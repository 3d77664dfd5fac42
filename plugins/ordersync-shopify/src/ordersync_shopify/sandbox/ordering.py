"""`orderCreate`: from the vendor's input to an order, or to the user errors that refuse it. Not idempotent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ordersync import ZERO, rounded, shares

from .people import customer_by, customer_for, phone_problem
from .pricing import allocated, net_of, tax_of
from .records import Bag, Record, bags_added, converted, number_of
from .shapes import (
    new_address,
    new_fulfillment_order,
    new_line,
    new_metafield,
    new_order,
    new_shipping,
    new_tax,
    new_transaction,
    tags_of,
)
from .store import Store

__all__ = ["Refusal", "create_order", "send"]

_TRIAL_LIMIT = 5
"""Orders a minute on trial and development shops (mutation text)."""


class Refusal(Exception):
    """The vendor says no, by a user error: where, why, and its code if it has one."""

    def __init__(self, field: list[str] | None, message: str, code: str | None = "INVALID") -> None:
        super().__init__(message)
        self.error = {"field": field, "message": message, "code": code}


def create_order(
    store: Store, given: Mapping[str, Any], options: Mapping[str, Any], *, version: str, trial: bool = False
) -> Record:
    """Make an order of `OrderCreateOrderInput`; raises `Refusal`, and then nothing was made."""
    now = store.clock_now().replace(microsecond=0)
    crowded = len(store.created) == _TRIAL_LIMIT and now - store.created[0] < timedelta(minutes=1)
    if trial and crowded:
        raise Refusal(None, "Too many attempts. Please try again later.", None)
    if not given.get("lineItems"):
        raise Refusal(["order", "lineItems"], "Line items must have at least one line item")
    shop = given.get("currency") or "USD"
    order: Record = new_order(0, now, currency=shop, presentment=given.get("presentmentCurrency") or shop)
    _plain_fields(store, order, given, version, now)
    for place, one in enumerate(given["lineItems"]):
        order["lines"].append(_line(store, order, one, ["order", "lineItems", str(place)]))
    for place, one in enumerate(given.get("shippingLines") or ()):
        order["shipping"].append(_shipping(store, order, one, ["order", "shippingLines", str(place)]))
    _discount(order, given.get("discountCode"))
    _taxes(order, given)
    _payments(store, order, given, now)
    _people(store, order, given, now)
    claims = _claims(store, order, options.get("inventoryBehaviour") or "BYPASS")

    order["id"] = store.new_id("Order")
    store.name_order(order, given.get("name"))
    for item, at, quantity in claims:
        levels = store.variants[item]["levels"][at]
        levels["available"] -= quantity
        levels["committed"] += quantity
    location = min(store.locations)
    order["fulfillmentOrders"].append(new_fulfillment_order(store, order, location, now))
    _sent_already(store, order, given, now)
    store.created.append(now)
    store.put_order(order)
    return order


def _plain_fields(store: Store, order: Record, given: Mapping[str, Any], version: str, now: datetime) -> None:
    for name in ("email", "phone", "note", "poNumber", "sourceIdentifier", "sourceUrl"):
        order[name] = given.get(name) or None
    order["sourceName"] = given.get("sourceName") or "app"
    order["taxesIncluded"] = bool(given.get("taxesIncluded"))
    order["test"] = bool(given.get("test"))
    order["closedAt"] = given.get("closedAt")
    order["tags"] = tags_of(given.get("tags") or ())
    order["customAttributes"] = [dict(one) for one in given.get("customAttributes") or ()]
    order["metafields"] = [new_metafield(store, one, now) for one in given.get("metafields") or ()]
    order["forcedFinancial"] = given.get("financialStatus")
    forced = given.get("fulfillmentStatus")
    order["forcedFulfillment"] = "PARTIALLY_FULFILLED" if forced == "PARTIAL" else forced
    processed = given.get("processedAt")
    if processed is not None and processed > now:
        if version < "2026-07":
            raise Refusal(
                ["order", "processedAt"], "Processed at must not be in the future", "PROCESSED_AT_INVALID"
            )
        processed = now
    order["processedAt"] = (processed or now).replace(microsecond=0)
    for name in ("billingAddress", "shippingAddress"):
        address = given.get(name)
        order[name] = new_address(store, address)
        if address is not None and not (address.get("lastName") or "").strip():
            raise Refusal(["order", name, "lastName"], "Enter a last name")
    if order["phone"] and phone_problem(order["phone"]):
        raise Refusal(["order", "phone"], "Phone is invalid")


def _bag(order: Record, given: Mapping[str, Any], field: list[str]) -> Bag:
    """A money bag as sent: both sides as given; the shop's side stands for a missing presentment side."""
    shop, shown = given["shopMoney"], given.get("presentmentMoney")
    if shop["currencyCode"] != order["currency"]:
        raise Refusal([*field, "shopMoney", "currencyCode"], f"Currency must be {order['currency']}")
    if shown is None:
        if order["presentment"] != order["currency"]:
            raise Refusal(
                [*field, "presentmentMoney"], "Presentment money must be given in the presentment currency"
            )
        return [shop["amount"], shop["amount"]]
    if shown["currencyCode"] != order["presentment"]:
        raise Refusal(
            [*field, "presentmentMoney", "currencyCode"], f"Currency must be {order['presentment']}"
        )
    return [shop["amount"], shown["amount"]]


def _settled(amount: Bag, order: Record) -> Bag:
    return [rounded(amount[0], order["currency"]), rounded(amount[1], order["presentment"])]


def _line(store: Store, order: Record, given: Mapping[str, Any], field: list[str]) -> Record:
    if given["quantity"] < 1:
        raise Refusal([*field, "quantity"], "Quantity must be greater than 0")
    variant = None
    if given.get("variantId"):
        variant = store.variants.get(number_of(given["variantId"], "ProductVariant") or 0)
        if variant is None:
            raise Refusal([*field, "variantId"], "Product variant does not exist")
    product = store.products[variant["product"]] if variant else None
    title = given.get("title") or (product["title"] if product else None)
    if not title:
        raise Refusal([*field, "title"], "Title can't be blank")
    if given.get("priceSet"):
        unit = _settled(_bag(order, given["priceSet"], [*field, "priceSet"]), order)
    elif variant:
        unit = [converted(variant["price"], "USD", order[side]) for side in ("currency", "presentment")]
    else:
        raise Refusal([*field, "priceSet"], "Price can't be blank")
    if unit[0] < 0 or unit[1] < 0:
        raise Refusal([*field, "priceSet"], "Price must be greater than or equal to 0")
    only = variant is None or variant["title"] == "Default Title"
    return new_line(
        store,
        title=title,
        variantTitle=given.get("variantTitle") or (None if only or variant is None else variant["title"]),
        sku=given.get("sku") or (variant["sku"] if variant else None),
        vendor=given.get("vendor") or (product["vendor"] if product else None),
        quantity=given["quantity"],
        unit=unit,
        taxes=_tax_lines(order, given, field),
        variant=variant["id"] if variant else None,
        product=variant["product"] if variant else None,
        requiresShipping=bool(given.get("requiresShipping")),
        taxable=given.get("taxable") is not False,
        giftCard=bool(given.get("giftCard")),
        properties=[{"key": one["name"], "value": one["value"]} for one in given.get("properties") or ()],
    )


def _shipping(store: Store, order: Record, given: Mapping[str, Any], field: list[str]) -> Record:
    price = _settled(_bag(order, given["priceSet"], [*field, "priceSet"]), order)
    if price[0] < 0 or price[1] < 0:
        raise Refusal([*field, "priceSet"], "Price must be greater than or equal to 0")
    return new_shipping(
        store,
        given["title"],
        price,
        code=given.get("code") or given["title"],
        source=given.get("source"),
        taxes=_tax_lines(order, given, field),
    )


def _tax_lines(order: Record, given: Mapping[str, Any], field: list[str]) -> list[Record]:
    """Tax lines as given; one without an amount keeps None until its line's price is known."""
    made = []
    for place, tax in enumerate(given.get("taxLines") or ()):
        where = [*field, "taxLines", str(place)]
        amount = (
            _settled(_bag(order, tax["priceSet"], [*where, "priceSet"]), order)
            if tax.get("priceSet")
            else None
        )
        liable = tax.get("channelLiable")
        made.append({"title": tax["title"], "rate": tax["rate"], "amount": amount, "channelLiable": liable})
    return made


def _discount(order: Record, given: Mapping[str, Any] | None) -> None:
    """The one discount: a fixed amount or a percentage off all lines, or free shipping."""
    if not given:
        return
    field = ["order", "discountCode"]
    chosen = [(kind, one) for kind, one in given.items() if one is not None]
    if len(chosen) != 1:
        raise Refusal(field, "Exactly one kind of discount code must be given")
    kind, one = chosen[0]
    if not one["code"].strip() or len(one["code"]) > 254:
        raise Refusal([*field, kind, "code"], "Discount code is too long (maximum is 254 characters)")
    lines = order["lines"]
    whole = bags_added(line["total"] for line in lines)
    application: Record = {
        "code": one["code"], "title": one["code"], "target": "LINE_ITEM", "selection": "ALL", "method": "ACROSS",
    }  # fmt: skip
    if kind == "itemFixedDiscountCode":
        if not one.get("amountSet"):
            raise Refusal([*field, kind, "amountSet"], "Amount can't be blank")
        amount = _settled(_bag(order, one["amountSet"], [*field, kind, "amountSet"]), order)
        if amount[0] < 0 or amount[1] < 0:
            raise Refusal([*field, kind, "amountSet"], "Amount must be greater than or equal to 0")
        application["amount"] = amount[1]
        allocated(lines, [min(amount[0], whole[0]), min(amount[1], whole[1])], 0, order)
    elif kind == "itemPercentageDiscountCode":
        percentage = Decimal(str(one.get("percentage") or 0))
        if not 0 <= percentage <= 100:
            raise Refusal([*field, kind, "percentage"], "Percentage must be between 0 and 100")
        application["percentage"] = percentage
        allocated(lines, _settled([side * percentage / 100 for side in whole], order), 0, order)
    else:
        application.update(target="SHIPPING_LINE", method="EACH", percentage=Decimal(100))
        for charge in order["shipping"]:
            charge["discounts"].append({"application": 0, "amount": list(charge["total"])})
    order["applications"].append(application)


def _taxes(order: Record, given: Mapping[str, Any]) -> None:
    """Taxes are what was given (the vendor works out none): by line, or for the order and then shared out over its
    taxable lines."""
    parts = [*order["lines"], *order["shipping"]]
    whole = _tax_lines(order, given, ["order"])
    if whole and any(part["taxes"] for part in parts):
        raise Refusal(
            ["order", "taxLines"], "Tax lines can be given on the order or on its lines, but not on both"
        )
    for part in parts:
        for tax in part["taxes"]:
            if tax["amount"] is None:
                tax["amount"] = [
                    tax_of(net, tax["rate"], order["taxesIncluded"], order[side])
                    for net, side in zip(net_of(part), ("currency", "presentment"), strict=True)
                ]
    taxable = [line for line in order["lines"] if line["taxable"]]
    if whole and not taxable:
        raise Refusal(["order", "taxLines"], "There is no taxable line item")
    nets = [net_of(line) for line in taxable]
    for tax in whole:
        amount = tax["amount"]
        if amount is None:
            net = bags_added(nets)
            amount = [
                tax_of(net[side], tax["rate"], order["taxesIncluded"], order[name])
                for side, name in enumerate(("currency", "presentment"))
            ]
        sides = [
            shares(amount[side], [net[side] for net in nets], order[name])
            for side, name in enumerate(("currency", "presentment"))
        ]
        for line, shop, shown in zip(taxable, *sides, strict=True):
            line["taxes"].append(new_tax(tax["title"], tax["rate"], [shop, shown], tax["channelLiable"]))


def _payments(store: Store, order: Record, given: Mapping[str, Any], now: datetime) -> None:
    for place, one in enumerate(given.get("transactions") or ()):
        field = ["order", "transactions", str(place)]
        amount = _bag(order, one["amountSet"], [*field, "amountSet"])
        kind = one.get("kind") or "SALE"
        if kind == "SALE" and amount[1] <= ZERO:
            raise Refusal([*field, "amountSet"], "Amount must be greater than zero for sale transactions")
        parent = next((held["id"] for held in order["transactions"] if held["kind"] == "AUTHORIZATION"), None)
        order["transactions"].append(
            new_transaction(
                store,
                kind,
                _settled(amount, order),
                now,
                status=one.get("status") or "SUCCESS",
                gateway=one.get("gateway") or "manual",
                processedAt=one.get("processedAt") or now,
                parent=parent if kind in ("CAPTURE", "VOID", "REFUND") else None,
                authorizationCode=one.get("authorizationCode"),
                test=bool(one.get("test")),
                receiptJson=one.get("receiptJson"),
            )
        )


def _people(store: Store, order: Record, given: Mapping[str, Any], now: datetime) -> None:
    """Who bought: the customer's record, if one was named. An e-mail or phone of somebody else refuses the order."""
    asked = given.get("customer")
    if asked is not None and given.get("customerId"):
        raise Refusal(
            ["order"], "Cannot specify both customer and customerId on the order", "REDUNDANT_CUSTOMER_FIELDS"
        )
    if given.get("customerId"):
        asked = {"toAssociate": {"id": given["customerId"]}}
    customer, problem = customer_for(store, asked, now) if asked else (None, None)
    if problem:
        raise Refusal(["order", *problem[0]], problem[1])
    for name in ("email", "phone"):
        if customer and order[name]:
            owner = customer_by(store, name, order[name])
            if owner and owner["id"] != customer["id"]:
                raise Refusal(["order", name], f"{name.capitalize()} has already been taken")
    if customer:
        order["email"] = order["email"] or customer["email"]
        if customer["id"] not in store.customers or customer != store.customers[customer["id"]]:
            store.put_customer(customer)
        order["customer"] = customer["id"]


def _claims(store: Store, order: Record, behaviour: str) -> list[tuple[int, str, int]]:
    """What is taken from stock: variant, location, quantity; `available` falls at the first location that has enough
    (recorded)."""
    if behaviour == "BYPASS":
        return []
    claims: list[tuple[int, str, int]] = []
    taken: dict[tuple[int, str], int] = {}
    for place, line in enumerate(order["lines"]):
        variant = store.variants.get(line["variant"] or 0)
        if variant is None or not variant["tracked"]:
            continue
        wanted = line["quantity"]
        where = next(
            (
                at
                for at, level in variant["levels"].items()
                if level["available"] - taken.get((variant["id"], at), 0) >= wanted
            ),
            None,
        )
        if where is None:
            if behaviour == "DECREMENT_OBEYING_POLICY" and variant["inventoryPolicy"] == "DENY":
                field = ["order", "lineItems", str(place), "variantId"]
                raise Refusal(field, "Unable to claim inventory", "INVENTORY_CLAIM_FAILED")
            where = next(iter(variant["levels"]))
        taken[variant["id"], where] = taken.get((variant["id"], where), 0) + wanted
        claims.append((variant["id"], where, wanted))
    return claims


def _sent_already(store: Store, order: Record, given: Mapping[str, Any], now: datetime) -> None:
    """The fulfilment that came with the order covers all of its lines (SDL OrderCreateFulfillmentInput)."""
    sent = given.get("fulfillment")
    if not sent:
        return
    location = number_of(sent["locationId"], "Location")
    if location not in store.locations:
        location = min(store.locations)
    numbers = [sent["trackingNumber"]] if sent.get("trackingNumber") else []
    tracking = [{"company": sent.get("trackingCompany"), "number": number, "url": None} for number in numbers]
    send(store, order, [(order["fulfillmentOrders"][0], None)], tracking, now, location)


def send(
    store: Store,
    order: Record,
    chosen: list[tuple[Record, dict[int, int] | None]],
    tracking: list[Record],
    now: datetime,
    location: int,
) -> Record:
    """Make a fulfilment of fulfilment orders' lines: by their id and quantity, or all that remains."""
    parts: dict[int, int] = {}
    for asked, wanted in chosen:
        for item in asked["lines"]:
            quantity = item["remaining"] if wanted is None else wanted.get(item["id"], 0)
            item["remaining"] -= quantity
            if quantity:
                parts[item["line"]] = parts.get(item["line"], 0) + quantity
        asked["status"] = "IN_PROGRESS" if any(item["remaining"] for item in asked["lines"]) else "CLOSED"
        asked["updatedAt"] = now
    for line in order["lines"]:
        line["fulfilled"] += parts.get(line["id"], 0)
    order["forcedFulfillment"] = None
    made: Record = {
        "id": store.new_id("Fulfillment"),
        "name": f"{order['name']}-F{len(order['fulfillments']) + 1}",
        "status": "SUCCESS",
        "displayStatus": "FULFILLED",
        "createdAt": now,
        "updatedAt": now,
        "location": location,
        "tracking": tracking,
        "fulfillmentOrders": [asked["id"] for asked, _ in chosen],
        "lines": [
            {"id": store.new_id("FulfillmentLineItem"), "line": line, "quantity": quantity}
            for line, quantity in parts.items()
        ],
    }
    order["fulfillments"].append(made)
    return made
