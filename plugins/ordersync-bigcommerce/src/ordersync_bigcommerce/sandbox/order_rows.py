"""Orders as V2 shows them: strings of four decimals, RFC 2822 times, and nothing as an empty text."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

from .store import Row, four, line_ex, line_inc, line_paid, line_tax, sums

__all__ = [
    "ADDRESS",
    "MOST_LINES",
    "STATUSES",
    "consignment_rows",
    "fee_row",
    "line_row",
    "moment",
    "order_row",
    "plain",
    "refund_row",
    "shipment_row",
    "shipping_row",
    "tax_rows",
    "text",
]

STATUSES = {
    0: "Incomplete", 1: "Pending", 2: "Shipped", 3: "Partially Shipped", 4: "Refunded", 5: "Cancelled", 6: "Declined",
    7: "Awaiting Payment", 8: "Awaiting Pickup", 9: "Awaiting Shipment", 10: "Completed", 11: "Awaiting Fulfillment",
    12: "Manual Verification Required", 13: "Disputed", 14: "Partially Refunded",
}  # fmt: skip
MOST_LINES = 50
"""Of a consignment, in an order."""
LEFT_OUT = (
    "Not all line items of this consignment are returned with this response, only 50 are included. Please use the "
    "`/v2/orders/{order_id}/products` endpoint to fetch all line items."
)
ADDRESS = (
    "first_name", "last_name", "company", "street_1", "street_2", "city", "state", "zip", "country", "country_iso2",
    "phone", "email",
)  # fmt: skip


def text(amount: Decimal) -> str:
    """`109.0000`."""
    return str(four(amount))


def plain(amount: Decimal) -> Any:
    """A number as V3 writes it: whole where it is whole."""
    return int(amount) if amount == amount.to_integral_value() else amount.normalize()


def moment(time: datetime | None) -> str:
    """`Thu, 18 Jun 2026 12:05:04 +0000`, or nothing."""
    return format_datetime(time) if time else ""


def address(row: Row) -> dict[str, str]:
    return {name: row.get(name) or "" for name in ADDRESS}


def link(base: str, order: int, what: str) -> dict[str, str]:
    return {"url": f"{base}/v2/orders/{order}/{what}", "resource": f"/orders/{order}/{what}"}


def order_row(order: Row, base: str, *, included: frozenset[str], currency: str) -> Row:
    """An order of `GET /v2/orders`. Its lists are links, consignments and fees only unless they were asked for."""
    number, total = order["id"], sums(order)
    row = {
        "id": number,
        "customer_id": order["customer_id"],
        "date_created": moment(order["created"]),
        "is_tax_inclusive_pricing": order["included"],
        "date_modified": moment(order["modified"]),
        "date_shipped": moment(order["shipped"]),
        "status_id": order["status_id"],
        "status": STATUSES[order["status_id"]],
        "custom_status": STATUSES[order["status_id"]],
        **{name: text(amount) for name, amount in total.items()},
        "items_total": sum(line["quantity"] for line in order["lines"]),
        "items_shipped": sum(line["sent"] for line in order["lines"]),
        "payment_method": order["payment_method"],
        "payment_provider_id": order["payment_provider_id"] or None,
        "payment_status": order["payment_status"],
        "refunded_amount": "0.0000",
        "order_is_digital": False,
        "store_credit_amount": text(order["store_credit"]),
        "gift_certificate_amount": text(order["gift_certificate"]),
        "ip_address": "",
        "ip_address_v6": "",
        "geoip_country": "",
        "geoip_country_iso2": "",
        "currency_id": 1,
        "currency_code": order["display"],
        "currency_exchange_rate": "1.0000000000",
        "default_currency_id": 1,
        "default_currency_code": order["currency"],
        "store_default_currency_code": currency,
        "store_default_to_transactional_exchange_rate": "1.0000000000",
        "staff_notes": order["staff_notes"] or None,
        "customer_message": order["customer_message"] or None,
        "discount_amount": text(order["discount"]),
        "coupon_discount": text(order["coupon_discount"]),
        "shipping_address_count": len(order["addresses"]),
        "is_deleted": order["archived"],
        "ebay_order_id": "0",
        "cart_id": None,
        "billing_address": {**address(order["billing"]), "form_fields": []},
        "is_email_opt_in": False,
        "credit_card_type": None,
        "order_source": order["order_source"],
        "channel_id": order["channel_id"],
        "external_source": order["external_source"] or None,
        "consignments": consignment_rows(order, base, lines="consignments.line_items" in included)
        if included & {"consignments", "consignments.line_items"}
        else link(base, number, "consignments"),
        "products": link(base, number, "products"),
        "shipping_addresses": link(base, number, "shipping_addresses"),
        "coupons": link(base, number, "coupons"),
        "fees": [fee_row(fee) for fee in order["fees"]] if "fees" in included else link(base, number, "fees"),
        "external_id": None,
        "external_merchant_id": order["external_merchant_id"] or None,
        "tax_provider_id": "" if order["order_source"] == "external" else "BasicTaxProvider",
        "customer_locale": "en",
        "external_order_id": order["external_order_id"],
    }
    for name in ("shipping", "handling", "wrapping"):
        ex, inc = order[name]
        row |= {
            f"base_{name}_cost": text(inc if order["included"] else ex),
            f"{name}_cost_ex_tax": text(ex),
            f"{name}_cost_inc_tax": text(inc),
            f"{name}_cost_tax": text(inc - ex),
            f"{name}_cost_tax_class_id": 0,
        }
    return row


def line_row(order: Row, line: Row) -> Row:
    """A line of `GET /v2/orders/{id}/products`: totals before discounts, tax after them."""
    included = order["included"]
    unit = line["inc"] if included else line["ex"]
    zero = "0.0000"
    return {
        "id": line["id"],
        "order_id": order["id"],
        "product_id": line["product_id"],
        "variant_id": line["variant_id"],
        "order_pickup_method_id": 0,
        "order_address_id": order["addresses"][0]["id"] if order["addresses"] else 0,
        "name": line["name"],
        "name_customer": line["name"],
        "name_merchant": line["name"],
        "sku": line["sku"],
        "upc": line["upc"],
        "type": line["type"],
        "base_price": text(unit),
        "price_ex_tax": text(line["ex"]),
        "price_inc_tax": text(line["inc"]),
        "price_tax": text(line["inc"] - line["ex"]),
        "base_total": text(unit * line["quantity"]),
        "total_ex_tax": text(line_ex(line)),
        "total_inc_tax": text(line_inc(line)),
        "total_tax": text(line_tax(line)),
        "weight": zero,
        "width": zero,
        "height": zero,
        "depth": zero,
        "quantity": line["quantity"],
        "base_cost_price": zero,
        "cost_price_inc_tax": zero,
        "cost_price_ex_tax": zero,
        "cost_price_tax": zero,
        "is_refunded": line["refunded"] >= line["quantity"],
        "quantity_refunded": line["refunded"],
        "refund_amount": zero,
        "return_id": 0,
        "wrapping_id": 0,
        "wrapping_name": None,
        "base_wrapping_cost": zero,
        "wrapping_cost_ex_tax": zero,
        "wrapping_cost_inc_tax": zero,
        "wrapping_cost_tax": zero,
        "wrapping_message": "",
        "quantity_shipped": line["sent"],
        "event_name": None,
        "event_date": None,
        "fixed_shipping_cost": zero,
        "ebay_item_id": "",
        "ebay_transaction_id": "",
        "option_set_id": None,
        "parent_order_product_id": None,
        "is_bundled_product": False,
        "bin_picking_number": "",
        "external_id": None,
        "brand": "",
        "gift_certificate_id": None,
        "applied_discounts": [
            {**one, "amount": text(one["amount"]), "target": one["target"]} for one in line["discounts"]
        ],
        "product_options": [
            {
                "id": line["id"] * 10,
                "option_id": 1,
                "order_product_id": line["id"],
                "product_option_id": 1,
                "display_name": "Option",
                "display_value": line["option"],
                "value": line["option"],
                "type": "Multiple choice",
                "name": "Option",
                "display_style": "Rectangle",
            }
        ]
        if line["option"]
        else [],
        "configurable_fields": [],
        "discounted_total_inc_tax": text(line_paid(line, included)),
    }


def shipping_row(order: Row, place: Row, base: str) -> Row:
    """A row of `GET /v2/orders/{id}/shipping_addresses`; the first carries the costs."""
    first = place is order["addresses"][0]
    zero = [Decimal(0), Decimal(0)]
    shipping = order["shipping"] if first else zero
    handling = order["handling"] if first else zero
    quotes = f"shipping_addresses/{place['id']}/shipping_quotes"
    return {
        "id": place["id"],
        "order_id": order["id"],
        **address(place),
        "items_total": sum(line["quantity"] for line in order["lines"]) if first else 0,
        "items_shipped": sum(line["sent"] for line in order["lines"]) if first else 0,
        "shipping_method": place.get("shipping_method") or "None",
        "base_cost": text(shipping[0]),
        "cost_ex_tax": text(shipping[0]),
        "cost_inc_tax": text(shipping[1]),
        "cost_tax": text(shipping[1] - shipping[0]),
        "cost_tax_class_id": 0,
        "base_handling_cost": text(handling[0]),
        "handling_cost_ex_tax": text(handling[0]),
        "handling_cost_inc_tax": text(handling[1]),
        "handling_cost_tax": text(handling[1] - handling[0]),
        "handling_cost_tax_class_id": 0,
        "shipping_zone_id": 0,
        "shipping_zone_name": "",
        "shipping_quotes": link(base, order["id"], quotes),
        "form_fields": [],
    }


def consignment_rows(order: Row, base: str, *, lines: bool) -> Row:
    """The order's lines by the way they take, each as a link unless `lines` were asked for; fifty of each part at most.

    What is shipped goes to the first address. Without an address such a line is in no part (told of a live store: some
    orders have lines, and consignments without any). Amounts of consignments are numbers, amounts of lines strings.
    """
    by_type: dict[str, list[Row]] = {}
    for line in order["lines"]:
        by_type.setdefault(line["type"], []).append(line)

    def held(kinds: tuple[str, ...]) -> Row:
        mine = [line for kind in kinds for line in by_type.get(kind, ())]
        told = [
            line_row(order, line) if lines else link(base, order["id"], f"products/{line['id']}")
            for line in mine[:MOST_LINES]
        ]
        left_out = {"__warning__": {"message": LEFT_OUT}} if lines and len(mine) > MOST_LINES else {}
        return {"line_items": told, **left_out}

    mail = order["billing"].get("email") or ""
    return {
        "pickups": [],
        "shipping": [
            {
                **_consignment_row(order, place, base),
                **held(("physical",) if place is order["addresses"][0] else ()),
            }
            for place in order["addresses"]
        ],
        "downloads": [{"recipient_email": mail, **held(("digital",))}] if by_type.get("digital") else [],
        "email": {
            "gift_certificates": [{"recipient_email": mail, **held(("giftcertificate",))}]
            if by_type.get("giftcertificate")
            else []
        },
    }


def _consignment_row(order: Row, place: Row, base: str) -> Row:
    row = shipping_row(order, place, base)
    costs = {
        name: plain(Decimal(row[name]))
        for name in (
            "base_cost", "cost_ex_tax", "cost_inc_tax", "cost_tax", "base_handling_cost", "handling_cost_ex_tax",
            "handling_cost_inc_tax", "handling_cost_tax",
        )
    }  # fmt: skip
    quotes = link(base, order["id"], f"consignments/shipping/{place['id']}/shipping_quotes")
    del row["order_id"]
    return {**row, **costs, "shipping_quotes": quotes}


def fee_row(fee: Row) -> Row:
    return {
        "id": fee["id"],
        "type": "custom_fee",
        "display_name_customer": fee["customer"],
        "display_name_merchant": fee["merchant"],
        "source": fee["source"],
        "base_cost": text(fee["ex"]),
        "cost_ex_tax": text(fee["ex"]),
        "cost_inc_tax": text(fee["inc"]),
        "cost_tax": text(fee["inc"] - fee["ex"]),
        "tax_class_id": None,
    }


def tax_rows(order: Row, *, details: bool) -> list[Row]:
    """`GET /v2/orders/{id}/taxes`: with details, which line each lies on."""
    rows = []
    for number, tax in enumerate(order["taxes"], start=order["id"] * 100):
        row = {
            "id": number,
            "order_id": order["id"],
            "order_address_id": order["addresses"][0]["id"] if order["addresses"] else 0,
            "tax_rate_id": 1,
            "tax_class_id": 0,
            "name": tax["name"],
            "class": tax["class"],
            "rate": text(tax["rate"]),
            "priority": 0,
            "priority_amount": text(tax["amount"]),
            "line_amount": text(tax["amount"]),
        }
        if details:
            row["line_item_type"] = tax["type"]
            if tax["line"] is not None:
                row["order_product_id"] = str(tax["line"])
        rows.append(row)
    return rows


def shipment_row(order: Row, shipment: Row) -> Row:
    return {
        "id": shipment["id"],
        "order_id": order["id"],
        "customer_id": order["customer_id"],
        "order_address_id": shipment["order_address_id"],
        "date_created": moment(shipment["created"]),
        "tracking_number": shipment["tracking_number"],
        "merchant_shipping_cost": "0.0000",
        "shipping_method": shipment["shipping_method"],
        "shipping_provider": shipment["shipping_provider"],
        "tracking_carrier": shipment["tracking_carrier"],
        "tracking_link": shipment["tracking_link"],
        "comments": shipment["comments"],
        "billing_address": address(order["billing"]),
        "shipping_address": address(
            next(place for place in order["addresses"] if place["id"] == shipment["order_address_id"])
        ),
        "items": [{**item, "product_id": 0} for item in shipment["items"]],
        "shipping_provider_display_name": "",
        "generated_tracking_link": "",
    }


def refund_row(refund: Row) -> Row:
    return {
        "id": refund["id"],
        "order_id": refund["order_id"],
        "user_id": 1,
        "created": refund["created"].isoformat(),
        "reason": refund["reason"],
        "total_amount": plain(refund["amount"]),
        "total_tax": plain(refund["tax"]),
        "uses_merchant_override_values": False,
        "items": [],
        "payments": [
            {
                "id": refund["id"],
                "provider_id": "custom",
                "amount": plain(refund["amount"]),
                "offline": True,
                "is_declined": False,
            }
        ],
    }
