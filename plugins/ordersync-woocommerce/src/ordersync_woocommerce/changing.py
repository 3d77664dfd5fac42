"""One change of an order that stands: what to send so that it is made, and made once. Pure."""

from __future__ import annotations

from typing import Any

from ordersync import (
    Cancel,
    Change,
    Confirm,
    FieldProblem,
    Fulfill,
    MarkPaid,
    NotOffered,
    OrderStatus,
    Refused,
    SetStatus,
)
from ordersync_woocommerce import marks, wire

__all__ = ["asked_change"]

_STATUSES = {
    OrderStatus.OPEN: "processing",
    OrderStatus.HELD: "on-hold",
    OrderStatus.COMPLETED: "completed",
    OrderStatus.CANCELLED: "cancelled",
}


def asked_change(found: wire.Order, change: Change, key: str) -> dict[str, Any] | None:
    """The body of `PUT /orders/ID`; None if the order is so already. It never makes the shop compute anew.

    Raises NotOffered for what WooCommerce cannot do, Refused for what this order cannot.
    """
    match change:
        case Confirm():
            return None
        case Cancel(restock=False):
            raise NotOffered("WooCommerce puts the goods of a cancelled order back into stock, always.")
        case Cancel():
            return _status(found, "cancelled")
        case SetStatus(status=status):
            if status not in _STATUSES:
                raise NotOffered(f"A WooCommerce order cannot be set to {status.value!r}.")
            return _status(found, _STATUSES[status])
        case MarkPaid():
            return _paid(found, change)
        case Fulfill():
            return _fulfilled(found, change, key)


def _status(found: wire.Order, wanted: str) -> dict[str, Any] | None:
    if found.status == wanted or (wanted == "cancelled" and found.status == "trash"):
        return None
    return {"status": wanted}


def _paid(found: wire.Order, change: MarkPaid) -> dict[str, Any] | None:
    if found.date_paid_gmt is not None:
        return None
    if change.amount is not None and change.amount != found.total:
        raise Refused(
            "WooCommerce marks an order as paid in full only",
            fields=(FieldProblem("/amount", f"the order's total is {found.total}", "amount"),),
            remedy="Record the part payment by hand.",
        )
    asked: dict[str, Any] = {"set_paid": True}
    if change.transaction_id and not found.transaction_id:
        asked["transaction_id"] = change.transaction_id
    if change.gateway and not found.payment_method:
        asked |= {"payment_method": change.gateway, "payment_method_title": change.gateway}
    return asked


def _fulfilled(found: wire.Order, change: Fulfill, key: str) -> dict[str, Any] | None:
    """WooCommerce itself knows no shipments: numbers are kept as custom fields, a whole shipment completes the order."""
    if marks.noted(found.meta_data, f"{marks.DONE}{key}") is not None:
        return None
    numbers = [
        " ".join(part for part in (track.carrier, track.number, track.url) if part)
        for track in change.fulfillment.tracking
    ]
    before = marks.noted(found.meta_data, "ordersync_tracking")
    told = "; ".join(part for part in (before, *numbers) if part)
    asked: dict[str, Any] = {
        "meta_data": marks.metas({"ordersync_tracking": told, f"{marks.DONE}{key}": "yes"})
    }
    if not change.fulfillment.lines and found.status != "completed":
        asked["status"] = "completed"
    return asked
