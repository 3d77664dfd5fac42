"""Fresh records: an order, its lines, its charges, a customer, an address, with every key that the rest relies on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from .records import SHOP_CURRENCY, Bag, Record, bag
from .store import Store

__all__ = [
    "APP_NAMESPACE",
    "BORN",
    "new_address",
    "new_customer",
    "new_fulfillment_order",
    "new_line",
    "new_metafield",
    "new_order",
    "new_shipping",
    "new_tax",
    "new_transaction",
    "tags_of",
]

BORN = datetime(2024, 1, 8, 15, tzinfo=UTC)
"""When the shop opened."""
APP_NAMESPACE = "app--1"
"""Where metafields without a namespace go: the app's own."""
COUNTRIES = {
    "US": "United States", "DE": "Germany", "GB": "United Kingdom", "JP": "Japan", "KW": "Kuwait", "FR": "France",
    "CA": "Canada", "AT": "Austria", "CH": "Switzerland", "NL": "Netherlands", "IT": "Italy", "ES": "Spain",
}  # fmt: skip
_ADDRESS = ("address1", "address2", "city", "company", "firstName", "lastName", "phone", "zip")


def tags_of(tags: Sequence[str]) -> list[str]:
    """Tags as they are kept: trimmed, each once whatever its case, in alphabetical order."""
    kept = {tag.strip().lower(): tag.strip() for tag in reversed(tags) if tag.strip()}
    return sorted(kept.values())


def new_order(number: int, created: datetime, **given: Any) -> Record:
    """An order without lines; `given` overrides. `number` is its id. It is named by `Store.name_order`."""
    order: Record = {
        "id": number,
        "number": 0,
        "name": "",
        "confirmationNumber": "",
        "createdAt": created,
        "updatedAt": created,
        "processedAt": created,
        "cancelledAt": None,
        "cancelReason": None,
        "closedAt": None,
        "staffNote": None,
        "currency": SHOP_CURRENCY,
        "presentment": SHOP_CURRENCY,
        "taxesIncluded": False,
        "test": False,
        "email": None,
        "phone": None,
        "note": None,
        "poNumber": None,
        "sourceIdentifier": None,
        "sourceName": "web",
        "sourceUrl": None,
        "customerLocale": None,
        "tags": [],
        "customAttributes": [],
        "metafields": [],
        "customer": None,
        "company": None,
        "billingAddress": None,
        "shippingAddress": None,
        "lines": [],
        "shipping": [],
        "fees": [],
        "tip": bag(),
        "cashRounding": bag(),
        "applications": [],
        "transactions": [],
        "refunds": [],
        "fulfillments": [],
        "fulfillmentOrders": [],
        "forcedFinancial": None,
        "forcedFulfillment": None,
        "edited": False,
        "stated": {},
    }
    order.update(given)
    return order


def new_line(store: Store, **given: Any) -> Record:
    """An order line; `unit` and `total` are what stands before discounts."""
    line: Record = {
        "id": store.new_id("LineItem"),
        "title": "",
        "variantTitle": None,
        "sku": None,
        "vendor": None,
        "quantity": 1,
        "removed": 0,
        "refunded": 0,
        "fulfilled": 0,
        "unit": bag(),
        "discounts": [],
        "taxes": [],
        "duties": [],
        "variant": None,
        "product": None,
        "requiresShipping": False,
        "taxable": True,
        "giftCard": False,
        "properties": [],
    }
    line.update(given)
    line.setdefault("total", [line["unit"][0] * line["quantity"], line["unit"][1] * line["quantity"]])
    return line


def new_shipping(store: Store, title: str, total: Bag, **given: Any) -> Record:
    """A shipping line."""
    return {
        "id": store.new_id("ShippingLine"),
        "title": title,
        "code": title,
        "source": "shopify",
        "carrier": None,
        "phone": None,
        "total": total,
        "discounts": [],
        "taxes": [],
        "removed": False,
        "refunded": bag(),
        "refundedTax": bag(),
        **given,
    }


def new_tax(title: str, rate: Any, amount: Bag, liable: bool | None = False) -> Record:
    """A tax line; `rate` is a fraction (Decimal), `amount` the tax of the whole line."""
    return {"title": title, "rate": rate, "amount": amount, "channelLiable": liable}


def new_transaction(store: Store, kind: str, amount: Bag, at: datetime, **given: Any) -> Record:
    """A payment step (SDL OrderTransactionKind)."""
    return {
        "id": store.new_id("OrderTransaction"),
        "kind": kind,
        "status": "SUCCESS",
        "amount": amount,
        "gateway": "manual",
        "createdAt": at,
        "processedAt": at,
        "parent": None,
        "paymentId": None,
        "authorizationCode": None,
        "test": False,
        "receiptJson": None,
        **given,
    }


def new_metafield(store: Store, given: Mapping[str, Any], at: datetime) -> Record:
    """A metafield from the vendor's input shape."""
    return {
        "id": store.new_id("Metafield"),
        "namespace": given.get("namespace") or APP_NAMESPACE,
        "key": given.get("key") or "",
        "value": given.get("value") or "",
        "type": given.get("type") or "single_line_text_field",
        "createdAt": at,
        "updatedAt": at,
    }


def new_address(store: Store, given: Mapping[str, Any] | None) -> Record | None:
    """An address from the vendor's input shape (SDL MailingAddressInput, OrderCreateCustomerAddressInput)."""
    if given is None:
        return None
    made: Record = {name: given.get(name) or None for name in _ADDRESS}
    country, code = given.get("country"), given.get("countryCode")
    if code is None and country:
        code = next(
            (one for one, name in COUNTRIES.items() if country.lower() in (one.lower(), name.lower())), None
        )
    made["countryCode"] = code
    made["country"] = COUNTRIES.get(code, country or code) if code else country
    province, short = given.get("province"), given.get("provinceCode")
    made["provinceCode"] = short or (province if province and len(province) <= 3 else None)
    made["province"] = province or short
    made["id"] = store.new_id("MailingAddress")
    return made


def new_customer(store: Store, at: datetime, **given: Any) -> Record:
    """A customer without addresses."""
    return {
        "id": given.get("id") or store.new_id("Customer"),
        "firstName": None,
        "lastName": None,
        "email": None,
        "phone": None,
        "note": None,
        "locale": "en",
        "state": "DISABLED",
        "tags": [],
        "taxExempt": False,
        "addresses": [],
        "metafields": [],
        "createdAt": at,
        "updatedAt": at,
        **{name: value for name, value in given.items() if name != "id"},
    }


def new_fulfillment_order(store: Store, order: Record, location: int, at: datetime) -> Record:
    """What a location is asked to send: everything of the order that is left."""
    lines = []
    for line in order["lines"]:
        left = line["quantity"] - line["removed"] - line["refunded"] - line["fulfilled"]
        if left > 0:
            number = store.new_id("FulfillmentOrderLineItem")
            lines.append({"id": number, "line": line["id"], "total": left, "remaining": left})
    return {
        "id": store.new_id("FulfillmentOrder"),
        "status": "OPEN",
        "location": location,
        "lines": lines,
        "createdAt": at,
        "updatedAt": at,
    }
