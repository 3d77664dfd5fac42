"""From the REST shape of an order to an order that stands here, with the amounts as given there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from .people import customer_by
from .records import SHOP_CURRENCY, Bag, Record, bag, bags_added
from .rest_out import ADDRESS_NAMES
from .seeding import new_product, new_variant
from .shapes import (
    new_address,
    new_customer,
    new_fulfillment_order,
    new_line,
    new_order,
    new_shipping,
    new_transaction,
    tags_of,
)
from .store import Store

__all__ = ["load_order"]


class _Reader:
    def __init__(self, body: Mapping[str, Any]) -> None:
        self.body = body
        self.shop = body.get("currency") or SHOP_CURRENCY
        self.shown = body.get("presentment_currency") or self.shop

    def money(self, holder: Mapping[str, Any], name: str) -> Bag | None:
        """Both sides from `name_set`, else `name` for both; None if neither is given."""
        both = holder.get(f"{name}_set")
        if both:
            return [Decimal(str(both[side]["amount"])) for side in ("shop_money", "presentment_money")]
        plain = holder.get(name)
        return None if plain is None else [Decimal(str(plain)), Decimal(str(plain))]

    def taxes(self, taxes: list[Mapping[str, Any]] | None) -> list[Record]:
        return [
            {
                "title": tax["title"],
                "rate": None if tax.get("rate") is None else Decimal(str(tax["rate"])),
                "amount": self.money(tax, "price") or bag(),
                "channelLiable": tax.get("channel_liable"),
            }
            for tax in taxes or ()
        ]

    def allocations(self, part: Mapping[str, Any]) -> list[Record]:
        return [
            {"application": one["discount_application_index"], "amount": self.money(one, "amount") or bag()}
            for one in part.get("discount_allocations") or ()
        ]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0) if text else None


def _address_in(store: Store, address: Mapping[str, Any] | None) -> Record | None:
    return (
        new_address(store, {ours: address.get(theirs) for theirs, ours in ADDRESS_NAMES.items()})
        if address
        else None
    )


def load_order(store: Store, body: Mapping[str, Any]) -> Record:
    """Make an order of a REST body, with the amounts as given there; its variants, products and customer are made if
    they are missing."""
    read = _Reader(body)
    created = _moment(body.get("created_at")) or store.clock_now().replace(microsecond=0)
    order = new_order(int(body["id"]), created, currency=read.shop, presentment=read.shown)
    store.name_order(order, body.get("name"))
    order["number"] = int(body.get("order_number") or order["number"])
    order.update(
        processedAt=_moment(body.get("processed_at")) or created,
        cancelledAt=_moment(body.get("cancelled_at")),
        cancelReason=(body.get("cancel_reason") or "").upper() or None,
        closedAt=_moment(body.get("closed_at")),
        taxesIncluded=bool(body.get("taxes_included")),
        test=bool(body.get("test")),
        email=body.get("email") or None,
        phone=body.get("phone") or None,
        note=body.get("note"),
        poNumber=body.get("po_number"),
        sourceIdentifier=body.get("source_identifier"),
        sourceName=body.get("source_name") or "web",
        sourceUrl=body.get("source_url"),
        customerLocale=body.get("customer_locale"),
        tags=tags_of((body.get("tags") or "").split(",")),
        customAttributes=[
            {"key": one["name"], "value": str(one["value"])} for one in body.get("note_attributes") or ()
        ],
        billingAddress=_address_in(store, body.get("billing_address")),
        shippingAddress=_address_in(store, body.get("shipping_address")),
        tip=read.money(body, "total_tip_received") or bag(),
        forcedFulfillment={"fulfilled": "FULFILLED", "partial": "PARTIALLY_FULFILLED"}.get(
            body.get("fulfillment_status") or ""
        ),
        forcedFinancial=(body.get("financial_status") or "").upper() or None,
    )
    if body.get("customer"):
        order["customer"] = _customer_in(store, body["customer"], created)
    _applications_in(order, body)
    for one in body.get("line_items") or ():
        order["lines"].append(_line_in(store, read, one))
    for one in body.get("shipping_lines") or ():
        order["shipping"].append(
            new_shipping(
                store,
                one.get("title") or "",
                read.money(one, "price") or bag(),
                code=one.get("code"),
                source=one.get("source"),
                carrier=one.get("carrier_identifier"),
                removed=bool(one.get("is_removed")),
                discounts=read.allocations(one),
                taxes=read.taxes(one.get("tax_lines")),
                **({"id": one["id"]} if one.get("id") else {}),
            )
        )
    _stated(order, read)
    _payments_in(store, order, read)
    _parcels_in(store, order, body)
    if not order["cancelledAt"]:
        location = min(store.locations)
        asked = new_fulfillment_order(store, order, location, created)
        if asked["lines"]:
            order["fulfillmentOrders"].append(asked)
    store.put_order(order, at=_moment(body.get("updated_at")), seen=True)
    return order


def _line_in(store: Store, read: _Reader, one: Mapping[str, Any]) -> Record:
    quantity = int(one["quantity"])
    variant = one.get("variant_id")
    product = one.get("product_id")
    if variant and product and one.get("product_exists") is not False:
        _catalogue_in(store, one)
    return new_line(
        store,
        **({"id": one["id"]} if one.get("id") else {}),
        title=one.get("title") or one.get("name") or "",
        variantTitle=one.get("variant_title") or None,
        sku=one.get("sku") or None,
        vendor=one.get("vendor"),
        quantity=quantity,
        refunded=quantity - int(one["current_quantity"]) if one.get("current_quantity") is not None else 0,
        unit=read.money(one, "price") or bag(),
        discounts=read.allocations(one),
        taxes=read.taxes(one.get("tax_lines")),
        variant=variant,
        product=product,
        requiresShipping=bool(one.get("requires_shipping")),
        taxable=one.get("taxable") is not False,
        giftCard=bool(one.get("gift_card")),
        properties=[
            {"key": held["name"], "value": str(held["value"])} for held in one.get("properties") or ()
        ],
    )


def _catalogue_in(store: Store, one: Mapping[str, Any]) -> None:
    if one["product_id"] not in store.products:
        product = new_product(
            store, one.get("title") or "", number=one["product_id"], vendor=one.get("vendor")
        )
        store.products[product["id"]] = product
    if one["variant_id"] not in store.variants:
        made = new_variant(
            store, one["product_id"], one.get("variant_title"), one.get("sku"), Decimal(str(one["price"])), 0,
            number=one["variant_id"],
        )  # fmt: skip
        store.put_variant(made)


def _customer_in(store: Store, given: Mapping[str, Any], created: datetime) -> int:
    number = int(given["id"])
    known = store.customers.get(number) or customer_by(store, "email", given.get("email"))
    if known:
        return int(known["id"])
    address = _address_in(store, given.get("default_address"))
    made = new_customer(
        store,
        created,
        id=number,
        firstName=given.get("first_name"),
        lastName=given.get("last_name"),
        email=given.get("email"),
        phone=given.get("phone"),
        note=given.get("note"),
        tags=tags_of((given.get("tags") or "").split(",")),
        addresses=[address] if address else [],
    )
    store.put_customer(made, at=_moment(given.get("updated_at")) or created, seen=True)
    return number


def _applications_in(order: Record, body: Mapping[str, Any]) -> None:
    for one in body.get("discount_applications") or ():
        value = Decimal(str(one.get("value") or 0))
        by_percentage = one.get("value_type") == "percentage"
        order["applications"].append(
            {
                "code": one.get("code"),
                "title": one.get("title") or one.get("code") or one.get("description") or "",
                "target": (one.get("target_type") or "line_item").upper(),
                "selection": (one.get("target_selection") or "all").upper(),
                "method": (one.get("allocation_method") or "across").upper(),
                **({"percentage": value} if by_percentage else {"amount": value}),
            }
        )
    if not order["applications"]:
        order["applications"] = [
            {
                "code": one["code"], "title": one["code"], "target": "LINE_ITEM", "selection": "ALL", "method": "ACROSS",
                "amount": Decimal(str(one.get("amount") or 0)),
            }
            for one in body.get("discount_codes") or ()
        ]  # fmt: skip


def _stated(order: Record, read: _Reader) -> None:
    """Totals as the body has them, whatever its parts add up to."""
    body = read.body
    whole: Record = {
        "subtotal": read.money(body, "subtotal_price"),
        "discounts": read.money(body, "total_discounts"),
        "tax": read.money(body, "total_tax"),
        "shipping": read.money(body, "total_shipping_price"),
        "total": read.money(body, "total_price"),
        "taxLines": read.taxes(body.get("tax_lines")) or None,
    }
    current: Record = {
        "subtotal": read.money(body, "current_subtotal_price") or whole["subtotal"],
        "discounts": read.money(body, "current_total_discounts") or whole["discounts"],
        "tax": read.money(body, "current_total_tax") or whole["tax"],
        "total": read.money(body, "current_total_price") or whole["total"],
        "shipping": whole["shipping"],
        "taxLines": whole["taxLines"],
    }
    order["stated"] = {"first": whole, "edited": whole, "current": current}


def _payments_in(store: Store, order: Record, read: _Reader) -> None:
    """Transactions are not part of the body: the payment status tells what must have been."""
    total = order["stated"]["edited"]["total"] or bag()
    status = order["forcedFinancial"]
    kind = {"AUTHORIZED": "AUTHORIZATION", "PENDING": None, "VOIDED": "AUTHORIZATION"}.get(
        status or "PENDING", "SALE"
    )
    gateways = read.body.get("payment_gateway_names") or [read.body.get("gateway") or "manual"]
    if kind and total[1] > 0:
        made = new_transaction(store, kind, list(total), order["processedAt"], gateway=gateways[0])
        order["transactions"].append(made)
    for one in read.body.get("refunds") or ():
        back = [
            new_transaction(
                store, "REFUND", read.money(step, "amount") or bag(), _moment(step.get("created_at")) or order["createdAt"],
                gateway=step.get("gateway") or gateways[0],
            )
            for step in one.get("transactions") or () if step.get("kind") == "refund"
        ]  # fmt: skip
        order["transactions"].extend(back)
        order["refunds"].append(
            {
                "id": one["id"],
                "createdAt": _moment(one.get("created_at")) or order["createdAt"],
                "note": one.get("note"),
                "lines": [
                    {
                        "id": held["id"],
                        "line": held["line_item_id"],
                        "quantity": held["quantity"],
                        "price": read.money(held.get("line_item") or {}, "price") or bag(),
                        "subtotal": read.money(held, "subtotal") or bag(),
                        "tax": read.money(held, "total_tax") or bag(),
                        "restockType": (held.get("restock_type") or "no_restock").upper(),
                    }
                    for held in one.get("refund_line_items") or ()
                ],
                "shipping": [],
                "adjustments": [],
                "transactions": [step["id"] for step in back],
                "total": bags_added(step["amount"] for step in back),
            }
        )


def _parcels_in(store: Store, order: Record, body: Mapping[str, Any]) -> None:
    lines = {line["id"]: line for line in order["lines"]}
    for place, one in enumerate(body.get("fulfillments") or (), start=1):
        status = (one.get("status") or "success").upper()
        numbers = one.get("tracking_numbers") or []
        urls = one.get("tracking_urls") or []
        parts = [held for held in one.get("line_items") or () if held["id"] in lines]
        if status == "SUCCESS":
            for held in parts:
                lines[held["id"]]["fulfilled"] += int(held["quantity"])
        order["fulfillments"].append(
            {
                "id": one["id"],
                "name": one.get("name") or f"{order['name']}-F{place}",
                "status": status,
                "displayStatus": "FULFILLED" if status == "SUCCESS" else "FAILURE",
                "createdAt": _moment(one.get("created_at")) or order["createdAt"],
                "updatedAt": _moment(one.get("updated_at")) or order["updatedAt"],
                "location": one.get("location_id") if one.get("location_id") in store.locations else None,
                "tracking": [
                    {
                        "company": one.get("tracking_company"),
                        "number": number,
                        "url": urls[at] if at < len(urls) else None,
                    }
                    for at, number in enumerate(numbers)
                ],
                "fulfillmentOrders": [],
                "lines": [
                    {
                        "id": store.new_id("FulfillmentLineItem"),
                        "line": held["id"],
                        "quantity": held["quantity"],
                    }
                    for held in parts
                ],
            }
        )
