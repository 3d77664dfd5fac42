"""Taking back: cancellation, refunds, and the asynchronous jobs that do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from .pricing import line_parts, net_of, paid_up
from .records import Record, bag, bags_added
from .shapes import new_transaction
from .store import Store

__all__ = ["JOB_SECONDS", "cancel", "refund_order", "run_due"]

JOB_SECONDS = 1
"""How long an asynchronous job takes."""


def cancel(
    store: Store, order: Record, reason: str, *, restock: bool, refund: bool, note: str | None
) -> None:
    """Cancel now: what was paid goes back if `refund`, and then no line is left."""
    now = store.clock_now().replace(microsecond=0)
    paid = paid_up(order, bag())
    order.update(cancelledAt=now, cancelReason=reason, staffNote=note, closedAt=order["closedAt"] or now)
    for asked in order["fulfillmentOrders"]:
        asked["status"] = "CLOSED"
    held = [
        one for one in order["transactions"] if one["kind"] == "AUTHORIZATION" and one["status"] == "SUCCESS"
    ]
    if held and not any(one["kind"] in ("CAPTURE", "VOID") for one in order["transactions"]):
        void = new_transaction(store, "VOID", list(held[0]["amount"]), now, parent=held[0]["id"])
        order["transactions"].append(void)
    if refund and paid[1] < 0:
        refund_order(store, order, {line["id"]: line["quantity"] - line["removed"] for line in order["lines"]},
                     restock="CANCEL" if restock else "NO_RESTOCK", shipping=True, note=note)  # fmt: skip


def refund_order(
    store: Store, order: Record, units: Mapping[int, int], *, restock: str, shipping: bool, note: str | None
) -> Record:
    """Give money back for units of lines (id → units), and for the shipping if asked."""
    now = store.clock_now().replace(microsecond=0)
    lines = []
    for line in order["lines"]:
        count = units.get(line["id"], 0)
        if not count:
            continue
        left = line["quantity"] - line["removed"] - line["refunded"]
        whole, part = line_parts(line, left, order), line_parts(line, left - count, order)
        subtotal = [whole[0][side] - part[0][side] - whole[1][side] + part[1][side] for side in (0, 1)]
        taxes, kept = bags_added(whole[2]), bags_added(part[2])
        lines.append(
            {
                "id": store.new_id("RefundLineItem"),
                "line": line["id"],
                "quantity": count,
                "price": list(line["unit"]),
                "subtotal": subtotal,
                "tax": [taxes[0] - kept[0], taxes[1] - kept[1]],
                "restockType": restock,
            }
        )
        line["refunded"] += count
    charges = []
    for charge in order["shipping"] if shipping else ():
        tax = bags_added(one["amount"] for one in charge["taxes"])
        net = net_of(charge)
        charges.append(
            {"id": store.new_id("RefundShippingLine"), "line": charge["id"], "subtotal": net, "tax": tax}
        )
        charge.update(refunded=net, refundedTax=tax)
    added = [one["subtotal"] for one in (*lines, *charges)]
    if not order["taxesIncluded"]:
        added += [one["tax"] for one in (*lines, *charges)]
    total = bags_added(added)
    payment = next((one for one in order["transactions"] if one["kind"] in ("SALE", "CAPTURE")), None)
    back = []
    if payment and total[1] > 0:
        gateway = payment["gateway"]
        back = [new_transaction(store, "REFUND", list(total), now, parent=payment["id"], gateway=gateway)]
        order["transactions"].extend(back)
    made: Record = {
        "id": store.new_id("Refund"),
        "createdAt": now,
        "note": note,
        "lines": lines,
        "shipping": charges,
        "adjustments": [],
        "transactions": [one["id"] for one in back],
        "total": total if back else bag(),
    }
    order["forcedFinancial"] = None
    order["refunds"].append(made)
    return made


def run_due(store: Store, tell: Callable[[Record, Sequence[str]], None]) -> None:
    """Do what jobs are due."""
    now = store.clock_now()
    for job in store.jobs.values():
        if not job["ran"] and job["due"] <= now:
            job["ran"] = True
            order = store.orders[job["order"]]
            cancel(
                store, order, job["reason"], restock=job["restock"], refund=job["refund"], note=job["note"]
            )
            store.put_order(order)
            tell(order, ["ORDERS_CANCELLED", "ORDERS_UPDATED"])
