"""Customers, goods, stock, webhooks and coupons as the API shows them."""

from __future__ import annotations

from .order_rows import moment, plain, text
from .store import Row

__all__ = ["coupon_row", "customer_row", "hook_row", "item_row", "product_row", "variant_row"]


def customer_row(customer: Row) -> Row:
    return {
        "id": customer["id"],
        "authentication": {"force_password_reset": False},
        "company": customer["company"],
        "customer_group_id": 0,
        "email": customer["email"],
        "first_name": customer["first_name"],
        "last_name": customer["last_name"],
        "notes": customer["notes"],
        "phone": customer["phone"],
        "registration_ip_address": "",
        "tax_exempt_category": "",
        "date_created": customer["created"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "date_modified": customer["created"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "accepts_product_review_abandoned_cart_emails": False,
        "origin_channel_id": 1,
        "channel_ids": None,
    }


def variant_row(variant: Row) -> Row:
    return {
        "id": variant["id"],
        "product_id": variant["product_id"],
        "sku": variant["sku"],
        "sku_id": variant["id"] if variant["option"] else None,
        "price": None,
        "calculated_price": plain(variant["price"]),
        "sale_price": None,
        "retail_price": None,
        "map_price": None,
        "fixed_cost_shipping_price": None,
        "cost_price": 0,
        "weight": None,
        "width": None,
        "height": None,
        "depth": None,
        "is_free_shipping": False,
        "calculated_weight": 1,
        "purchasing_disabled": variant["disabled"],
        "purchasing_disabled_message": "",
        "image_url": "",
        "upc": variant["upc"],
        "mpn": "",
        "gtin": "",
        "inventory_level": variant["stock"],
        "inventory_warning_level": 0,
        "bin_picking_number": "",
        "option_values": [
            {"id": variant["id"], "label": variant["option"], "option_id": 1, "option_display_name": "Option"}
        ]
        if variant["option"]
        else [],
    }


def product_row(product: Row, fields: set[str]) -> Row:
    """With its id always, and the fields that were asked for."""
    row = {
        "name": product["name"],
        "type": product["type"],
        "sku": product["sku"],
        "price": plain(product["price"]),
        "is_visible": True,
        "availability": product["availability"],
        "inventory_tracking": product["tracking"],
    }
    return {
        "id": product["id"],
        **{name: value for name, value in row.items() if not fields or name in fields},
    }


def item_row(variant: Row) -> Row:
    """A row of `GET /v3/inventory/items`: two thirds at the first location, the rest at the second."""
    second = variant["stock"] // 3

    def place(number: int, count: int) -> Row:
        return {
            "location_id": number,
            "location_code": f"BC-LOCATION-{number}",
            "location_name": ("Default location", "North Annex")[number - 1],
            "available_to_sell": count,
            "total_inventory_onhand": count,
            "location_enabled": True,
            "settings": {
                "safety_stock": 0,
                "is_in_stock": count > 0,
                "warning_level": 0,
                "bin_picking_number": "",
            },
        }

    return {
        "identity": {
            "sku": variant["sku"],
            "variant_id": variant["id"],
            "product_id": variant["product_id"],
            "sku_id": variant["id"],
        },
        "locations": [place(1, variant["stock"] - second), place(2, second)],
    }


def hook_row(hook: Row) -> Row:
    return {name: hook[name] for name in hook if name != "token"}


def coupon_row(coupon: Row) -> Row:
    return {
        "id": coupon["id"],
        "name": coupon["name"],
        "type": "percentage_discount",
        "amount": text(coupon["amount"]),
        "min_purchase": "0.0000",
        "expires": moment(coupon["expires"]),
        "enabled": coupon["enabled"],
        "code": coupon["code"],
        "applies_to": {"entity": "categories", "ids": [0]},
        "num_uses": coupon["uses"],
        "max_uses": coupon["most"],
        "max_uses_per_customer": 0,
        "restricted_to": {},
        "shipping_methods": [],
        "date_created": moment(coupon["created"]),
    }
