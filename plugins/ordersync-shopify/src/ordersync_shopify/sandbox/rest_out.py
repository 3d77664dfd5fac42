"""The REST shape of an order, which webhook bodies carry.

Amounts are text ("199.00"), ids are numbers, times carry an offset (vendor-rest: order.json, orders.json).
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from ordersync import ZERO, minor_units

from .pricing import financial_status, fulfillment_status, net_of
from .records import Bag, Record, bag, bags_added, gid
from .store import Store

__all__ = ["ADDRESS_NAMES", "order_body"]

ADDRESS_NAMES = {
    "first_name": "firstName", "last_name": "lastName", "address1": "address1", "address2": "address2", "city": "city",
    "company": "company", "phone": "phone", "zip": "zip", "province": "province", "province_code": "provinceCode",
    "country": "country", "country_code": "countryCode",
}  # fmt: skip
"""Their REST name → its GraphQL name."""


def _amount(value: Decimal, currency: str) -> str:
    return f"{value:.{minor_units(currency)}f}"


class _Writer:
    def __init__(self, order: Record) -> None:
        self.order = order
        self.shop, self.shown = order["currency"], order["presentment"]

    def money(self, name: str, amount: Bag) -> Record:
        """`name` in the shop's currency, and `name_set` with both."""
        return {name: _amount(amount[0], self.shop), f"{name}_set": self.set(amount)}

    def set(self, amount: Bag) -> Record:
        return {
            "shop_money": {"amount": _amount(amount[0], self.shop), "currency_code": self.shop},
            "presentment_money": {"amount": _amount(amount[1], self.shown), "currency_code": self.shown},
        }

    def taxes(self, taxes: list[Record]) -> list[Record]:
        return [
            {
                **self.money("price", tax["amount"]),
                "rate": None if tax["rate"] is None else float(tax["rate"]),
                "title": tax["title"],
                "channel_liable": tax["channelLiable"],
            }
            for tax in taxes
        ]

    def allocations(self, part: Record) -> list[Record]:
        return [
            {**self.money("amount", one["amount"]), "discount_application_index": one["application"]}
            for one in part["discounts"]
        ]

    def line(self, line: Record) -> Record:
        variant = line["variantTitle"]
        left = line["quantity"] - line["removed"] - line["refunded"]
        sent = line["fulfilled"]
        return {
            "id": line["id"],
            "admin_graphql_api_id": gid("LineItem", line["id"]),
            "title": line["title"],
            "name": f"{line['title']} - {variant}" if variant else line["title"],
            "variant_title": variant,
            "sku": line["sku"],
            "vendor": line["vendor"],
            "quantity": line["quantity"],
            "current_quantity": left,
            "fulfillable_quantity": max(left - sent, 0),
            "fulfillment_status": "fulfilled" if sent and sent >= left else ("partial" if sent else None),
            "product_id": line["product"],
            "variant_id": line["variant"],
            "product_exists": line["product"] is not None,
            "requires_shipping": line["requiresShipping"],
            "taxable": line["taxable"],
            "gift_card": line["giftCard"],
            "properties": [{"name": one["key"], "value": one["value"]} for one in line["properties"]],
            **self.money("price", line["unit"]),
            **self.money("total_discount", bag()),
            "discount_allocations": self.allocations(line),
            "tax_lines": self.taxes(line["taxes"]),
        }

    def shipping(self, charge: Record) -> Record:
        return {
            "id": charge["id"],
            "title": charge["title"],
            "code": charge["code"],
            "source": charge["source"],
            "carrier_identifier": charge["carrier"],
            "is_removed": charge["removed"],
            **self.money("price", charge["total"]),
            **self.money("discounted_price", net_of(charge)),
            "discount_allocations": self.allocations(charge),
            "tax_lines": self.taxes(charge["taxes"]),
        }

    def application(self, one: Record) -> Record:
        by_percentage = one.get("percentage") is not None
        return {
            "type": "discount_code" if one["code"] else "manual",
            "code": one["code"],
            "title": one["title"],
            "value": str(one["percentage"] if by_percentage else one.get("amount", ZERO)),
            "value_type": "percentage" if by_percentage else "fixed_amount",
            "allocation_method": one["method"].lower(),
            "target_selection": one["selection"].lower(),
            "target_type": one["target"].lower(),
        }


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _address_out(address: Record | None) -> Record | None:
    if address is None:
        return None
    made = {theirs: address.get(ours) for theirs, ours in ADDRESS_NAMES.items()}
    made["name"] = " ".join(part for part in (made["first_name"], made["last_name"]) if part)
    return made


def _customer_out(customer: Record) -> Record:
    first = next(iter(customer["addresses"]), None)
    return {
        "id": customer["id"],
        "email": customer["email"],
        "phone": customer["phone"],
        "first_name": customer["firstName"],
        "last_name": customer["lastName"],
        "note": customer["note"],
        "state": customer["state"].lower(),
        "tags": ", ".join(customer["tags"]),
        "tax_exempt": customer["taxExempt"],
        "verified_email": bool(customer["email"]),
        "created_at": _time(customer["createdAt"]),
        "updated_at": _time(customer["updatedAt"]),
        "admin_graphql_api_id": gid("Customer", customer["id"]),
        "default_address": _address_out(first),
    }


def order_body(store: Store, order: Record) -> Record:
    """The order in the REST shape."""
    write = _Writer(order)
    edited, current = store.totals(order, "edited"), store.totals(order, "current")
    customer = store.customers.get(order["customer"]) if order["customer"] else None
    sent = {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial"}.get(fulfillment_status(order))
    codes = []
    for index, one in enumerate(order["applications"]):
        if one["code"]:
            parts = [*order["lines"], *order["shipping"]]
            off = [
                held["amount"] for part in parts for held in part["discounts"] if held["application"] == index
            ]
            kind = "shipping" if one["target"] == "SHIPPING_LINE" else "fixed_amount"
            amount = _amount(bags_added(off)[0], write.shop)
            codes.append({"code": one["code"], "amount": amount, "type": kind})
    return {
        "id": order["id"],
        "admin_graphql_api_id": gid("Order", order["id"]),
        "name": order["name"],
        "number": order["number"] - 1000,
        "order_number": order["number"],
        "confirmation_number": order["confirmationNumber"],
        "confirmed": True,
        "test": order["test"],
        "created_at": _time(order["createdAt"]),
        "updated_at": _time(order["updatedAt"]),
        "processed_at": _time(order["processedAt"]),
        "cancelled_at": _time(order["cancelledAt"]),
        "cancel_reason": order["cancelReason"].lower() if order["cancelReason"] else None,
        "closed_at": _time(order["closedAt"]),
        "currency": write.shop,
        "presentment_currency": write.shown,
        "taxes_included": order["taxesIncluded"],
        "email": order["email"],
        "contact_email": order["email"],
        "phone": order["phone"],
        "note": order["note"],
        "note_attributes": [{"name": one["key"], "value": one["value"]} for one in order["customAttributes"]],
        "tags": ", ".join(order["tags"]),
        "po_number": order["poNumber"],
        "source_identifier": order["sourceIdentifier"],
        "source_name": order["sourceName"],
        "source_url": order["sourceUrl"],
        "financial_status": financial_status(order, edited["total"]).lower(),
        "fulfillment_status": sent,
        "payment_gateway_names": list(dict.fromkeys(one["gateway"] for one in order["transactions"])),
        "customer": _customer_out(customer) if customer else None,
        "billing_address": _address_out(order["billingAddress"]),
        "shipping_address": _address_out(order["shippingAddress"]),
        "line_items": [write.line(line) for line in order["lines"]],
        "shipping_lines": [write.shipping(charge) for charge in order["shipping"]],
        "tax_lines": write.taxes(edited["taxLines"]),
        "discount_codes": codes,
        "discount_applications": [write.application(one) for one in order["applications"]],
        **write.money("subtotal_price", edited["subtotal"]),
        **write.money("total_discounts", edited["discounts"]),
        **write.money("total_tax", edited["tax"]),
        **write.money("total_price", edited["total"]),
        **write.money("current_subtotal_price", current["subtotal"]),
        **write.money("current_total_discounts", current["discounts"]),
        **write.money("current_total_tax", current["tax"]),
        **write.money("current_total_price", current["total"]),
        **write.money("total_line_items_price", bags_added(line["total"] for line in order["lines"])),
        "total_shipping_price_set": write.set(edited["shipping"]),
        "total_tip_received": _amount(order["tip"][1], write.shown),
        "fulfillments": [_parcel(order, one) for one in order["fulfillments"]],
        "refunds": [
            {
                "id": one["id"],
                "order_id": order["id"],
                "created_at": _time(one["createdAt"]),
                "note": one["note"],
            }
            for one in order["refunds"]
        ],
    }


def _parcel(order: Record, one: Record) -> Record:
    lines = {line["id"]: line for line in order["lines"]}
    numbers = [held["number"] for held in one["tracking"] if held["number"]]
    return {
        "id": one["id"],
        "order_id": order["id"],
        "name": one["name"],
        "status": one["status"].lower(),
        "created_at": _time(one["createdAt"]),
        "updated_at": _time(one["updatedAt"]),
        "location_id": one["location"],
        "tracking_company": next((held["company"] for held in one["tracking"]), None),
        "tracking_number": next(iter(numbers), None),
        "tracking_numbers": numbers,
        "tracking_urls": [held["url"] for held in one["tracking"] if held["url"]],
        "line_items": [
            {"id": part["line"], "quantity": part["quantity"], "sku": lines[part["line"]]["sku"]}
            for part in one["lines"]
        ],
    }
