"""Fulfilling an order on the target: which units, from which fulfilment orders, and what has left already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from ordersync import FieldProblem, Fulfill, Refused
from ordersync_shopify import wire
from ordersync_shopify.marks import gid

__all__ = ["carried", "fulfillment_inputs", "lines_wanted"]

_SHIPPABLE = ("OPEN", "IN_PROGRESS", "SCHEDULED", "INCOMPLETE")
_FAILED = ("CANCELLED", "ERROR", "FAILURE")


def carried(found: wire.Shipments, change: Fulfill) -> list[wire.Fulfillment]:
    """The fulfilments that carry the change's tracking numbers already."""
    numbers = {each.number for each in change.fulfillment.tracking if each.number}
    return [
        fulfillment
        for fulfillment in found.fulfillments
        if fulfillment.status not in _FAILED
        and numbers & {tracking.number for tracking in fulfillment.tracking_info if tracking.number}
    ]


def lines_wanted(change: Fulfill, done: list[wire.Fulfillment]) -> dict[str, int] | None:
    """Line id → units still to ship; None for everything that is open.

    Raises Refused for parts of a unit.
    """
    if not change.fulfillment.lines:
        return None
    wanted = {}
    for line, quantity in change.fulfillment.lines.items():
        if quantity != quantity.to_integral_value():
            raise Refused(
                "Shopify ships whole units",
                fields=(FieldProblem(f"/fulfillment/lines/{line}", "not a whole number", "quantity"),),
            )
        wanted[gid("LineItem", line)] = int(quantity)
    for fulfillment in done:
        for part in fulfillment.fulfillment_line_items.nodes:
            if part.line_item.id in wanted:
                wanted[part.line_item.id] -= part.quantity or 0
    return {line: quantity for line, quantity in wanted.items() if quantity > 0}


def fulfillment_inputs(
    found: wire.Shipments, change: Fulfill, wanted: Mapping[str, int] | None
) -> Iterator[dict[str, Any]]:
    """`FulfillmentInput`s, one per location: one call takes fulfilment orders of one location only.

    Raises Refused if more is asked than is open.
    """
    left = dict(wanted) if wanted is not None else None
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in found.fulfillment_orders.nodes:
        if each.status not in _SHIPPABLE:
            continue
        parts = []
        for line in each.line_items.nodes:
            units = line.remaining_quantity
            if left is not None:
                units = min(units, left.get(line.line_item.id, 0))
                left[line.line_item.id] = left.get(line.line_item.id, 0) - units
            if units:
                parts.append({"id": line.id, "quantity": units})
        if parts:
            location = each.assigned_location.location
            groups[location.id if location else each.id].append(
                {"fulfillmentOrderId": each.id, "fulfillmentOrderLineItems": parts}
            )
    short = [line for line, units in (left or {}).items() if units > 0]
    if short:
        raise Refused(
            "Shopify has fewer open units than are to be shipped",
            fields=tuple(
                FieldProblem(f"/fulfillment/lines/{line}", "not open", "quantity") for line in short
            ),
            remedy="Look at the order's fulfilments: it may have been shipped by hand, or be on hold.",
        )
    tracking = _tracking(change)
    for group in groups.values():
        yield {
            "lineItemsByFulfillmentOrder": group,
            "notifyCustomer": change.notify,
            **({"trackingInfo": tracking} if tracking else {}),
        }


def _tracking(change: Fulfill) -> dict[str, Any]:
    """Carriers must be spelt as in Shopify's list for links of their own; one call takes one carrier."""
    parcels = [each for each in change.fulfillment.tracking if each.number or each.url]
    asked = {
        "company": next((each.carrier for each in parcels if each.carrier), None),
        "numbers": [each.number for each in parcels if each.number],
        "urls": [each.url for each in parcels if each.url],
    }
    return {name: value for name, value in asked.items() if value}
